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
 * Start a program as a hostile user would:
 *
 *	hostile [-abceiz] [-l limit] program [argument ...]
 *
 *	-a	with a megabyte of further arguments
 *	-b	with all signals blocked
 *	-c	without descriptors 0 and 1
 *	-e	without descriptor 2 as well
 *	-i	with SIGCHLD and SIGTERM ignored
 *	-l	with a limit, soft and hard, of so many descriptors
 *	-z	without any argument, not even its name
 *
 * The environment asks libraries for all sorts of things.
 */

#include <sys/resource.h>

#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BIG	100000		/* bytes in an argument */
#define NBIG	10

int
main(int argc, char *argv[])
{
	static char	 big[BIG + 1];
	static char	*environment[] = {
		"LD_PRELOAD=/tmp/nonexistent.so", "LD_LIBRARY_PATH=/tmp",
		"LD_AUDIT=/tmp/nonexistent.so", "LD_BIND_NOW=", "LD_DEBUG=all",
		"LD_DEBUG_OUTPUT=/tmp/nonexistent/x", "GCONV_PATH=/tmp",
		"MALLOC_CHECK_=3", "MALLOC_OPTIONS=CFGJRSU",
		"MALLOC_PERTURB_=7",
		"GLIBC_TUNABLES=glibc.malloc.check=3", "EVENT_NOEPOLL=1",
		"EVENT_NOPOLL=1", "EVENT_NOSELECT=1", "EVENT_NOKQUEUE=1",
		"EVENT_SHOW_METHOD=1", "EVENT_EPOLL_USE_CHANGELIST=1",
		"EVENT_PRECISE_TIMER=1", "TZ=:/etc/shadow", "TZDIR=/tmp",
		"LOCPATH=/tmp", "LANG=xx_XX", "LC_ALL=xx_XX",
		"NLSPATH=/tmp/%N", "TMPDIR=/nonexistent", "POSIXLY_CORRECT=1",
		"NOTIFY_SOCKET=/tmp/nonexistent", "IFS=/", "PATH=:/bin:", "=",
		"nonsense", "BPFSTATSD_RULE=wrong", NULL
	};
	struct rlimit	 limit;
	sigset_t	 all;
	char		**args;
	int		 ch, i, n, a = 0, z = 0, last = -1;

	limit.rlim_cur = 0;
	while ((ch = getopt(argc, argv, "+abceil:z")) != -1) {
		switch (ch) {
		case 'a':
			a = 1;
			break;
		case 'b':
			sigfillset(&all);
			sigprocmask(SIG_BLOCK, &all, NULL);
			break;
		case 'c':
			last = 1;
			break;
		case 'e':
			last = 2;
			break;
		case 'i':
			signal(SIGCHLD, SIG_IGN);
			signal(SIGTERM, SIG_IGN);
			break;
		case 'l':
			limit.rlim_cur = limit.rlim_max = atoi(optarg);
			break;
		case 'z':
			z = 1;
			break;
		default:
			return 99;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc < 1)
		return 99;
	if ((args = calloc(argc + NBIG + 1, sizeof(*args))) == NULL)
		err(99, NULL);
	for (n = 0; n < argc; n++)
		args[n] = argv[n];
	memset(big, 'x', BIG);
	for (i = 0; a && i < NBIG; i++)
		args[n++] = big;
	for (i = 0; i <= last; i++)
		close(i);
	/* an open descriptor that it has not asked for, above the limit */
	dup2(STDERR_FILENO, 20);
	if (limit.rlim_cur != 0 && setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(99, "setrlimit");
	execve(argv[0], z ? args + argc + (a ? NBIG : 0) : args, environment);
	err(99, "%s", argv[0]);
}
