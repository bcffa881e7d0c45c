/*
 * Copyright (c) 2026 The bpfstatsd developers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Write down all that a command inherits, one `name value` a line, to the
 * file that is the first argument.  Bytes that are no plain characters are
 * written as \ooo, so that every argument and variable stays on its line.
 */

#ifdef __linux__
#define _GNU_SOURCE			/* getresuid */
#endif
#include <sys/types.h>
#ifdef __NetBSD__
#include <sys/param.h>
#include <sys/sysctl.h>
#endif
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE		*out;

extern char		**environ;

static void
show_string(const char *name, const char *s)
{
	const unsigned char	*p = (const unsigned char *)s;

	fprintf(out, "%s ", name);
	for (; *p != '\0'; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '\\')
			putc(*p, out);
		else
			fprintf(out, "\\%03o", *p);
	}
	putc('\n', out);
}

static void
show_ids(void)
{
	gid_t	 groups[64];
	int	 i, n;
#if defined(__linux__) || defined(__OpenBSD__) || defined(__FreeBSD__)
	uid_t	 ruid, euid, suid;
	gid_t	 rgid, egid, sgid;

	getresuid(&ruid, &euid, &suid);
	getresgid(&rgid, &egid, &sgid);
	fprintf(out, "uid %u %u %u\n", ruid, euid, suid);
	fprintf(out, "gid %u %u %u\n", rgid, egid, sgid);
#else
	/* NetBSD: nothing but this tells the saved ones */
	struct kinfo_proc2	 kp;
	size_t			 size = sizeof(kp);
	int			 mib[] = { CTL_KERN, KERN_PROC2, KERN_PROC_PID,
				    getpid(), sizeof(kp), 1 };

	if (sysctl(mib, sizeof(mib) / sizeof(mib[0]), &kp, &size, NULL, 0) ==
	    -1)
		err(1, "sysctl");
	fprintf(out, "uid %u %u %u\n", kp.p_ruid, kp.p_uid, kp.p_svuid);
	fprintf(out, "gid %u %u %u\n", kp.p_rgid, kp.p_gid, kp.p_svgid);
#endif
	if ((n = getgroups(64, groups)) == -1)
		err(1, "getgroups");
	fprintf(out, "groups");
	for (i = 0; i < n; i++)
		fprintf(out, " %u", groups[i]);
	fprintf(out, "\n");
}

static void
show_signals(void)
{
	struct sigaction	 sa;
	sigset_t		 set;
	int			 sig;

	sigprocmask(SIG_BLOCK, NULL, &set);
	fprintf(out, "blocked");
	for (sig = 1; sig < 32; sig++)
		if (sigismember(&set, sig) == 1)
			fprintf(out, " %d", sig);
	fprintf(out, "\nignored");
	for (sig = 1; sig < 32; sig++)
		if (sigaction(sig, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
			fprintf(out, " %d", sig);
	fprintf(out, "\n");
}

static void
show_descriptors(void)
{
	struct stat	 st, null;
	int		 fd;

	fprintf(out, "descriptors");
	for (fd = 0; fd < 4096; fd++)
		if (fd != fileno(out) && fcntl(fd, F_GETFD) != -1)
			fprintf(out, " %d", fd);
	fprintf(out, "\n");
	if (fstat(0, &st) == -1 || stat("/dev/null", &null) == -1)
		err(1, "stat");
	fprintf(out, "stdin %s\n", S_ISCHR(st.st_mode) &&
	    st.st_rdev == null.st_rdev ? "/dev/null" : "other");
}

int
main(int argc, char *argv[])
{
	struct rlimit	 rl;
	char		 path[PATH_MAX], name[32];
	mode_t		 mask;
	int		 i;

	mask = umask(022);
	if (argc < 2 || (out = fopen(argv[1], "a")) == NULL)
		err(1, "fopen");

	for (i = 2; i < argc; i++) {
		snprintf(name, sizeof(name), "arg%d", i);
		show_string(name, argv[i]);
	}
	for (i = 0; environ[i] != NULL; i++)
		show_string("env", environ[i]);
	show_string("directory", getcwd(path, sizeof(path)));
	fprintf(out, "umask %03o\n", mask);
	fprintf(out, "session %s\n", getsid(0) == getpid() ? "own" : "other");
	fprintf(out, "group %s\n", getpgrp() == getpid() ? "own" : "other");
	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		err(1, "getrlimit");
	fprintf(out, "nofile %llu\n", (unsigned long long)rl.rlim_cur);
	show_ids();
	show_signals();
	show_descriptors();
	fprintf(out, "end\n");
	return 0;
}
