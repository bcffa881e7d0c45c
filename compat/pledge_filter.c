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
 * pledge(2) for bpfstatsd-filter on Linux, whatever it promises: "error stdio
 * rpath".  What is not on the list fails with ENOSYS, as on OpenBSD.  So there
 * are no sockets and a host's name is looked for in /etc/hosts alone, and no
 * code is loaded, which keeps the C library from other places to look.
 */

#include <sys/mman.h>
#include <sys/prctl.h>

#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

static int	allow(scmp_filter_ctx);
static int	allow_some(scmp_filter_ctx);
static int	allow_open(scmp_filter_ctx);

int
pledge(const char *promises, const char *execpromises)
{
	scmp_filter_ctx	 filter;
	int		 error;

	/* EFAULT, because there is no filter, unless the kernel has none */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
	    errno == EINVAL) {
		errno = ENOSYS;
		return -1;
	}
	if ((filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS))) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* sets no_new_privs; what it returns does not tell what failed */
	if ((error = allow(filter)) == 0 &&
	    (error = allow_some(filter)) == 0 &&
	    (error = allow_open(filter)) == 0 && seccomp_load(filter) != 0)
		error = -errno;
	seccomp_release(filter);
	if (error != 0) {
		errno = -error;
		return -1;
	}
	return 0;
}

/* Returns 0, or a negative errno. */
static int
allow(scmp_filter_ctx filter)
{
	static const int	 calls[] = {
		SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(close),
		SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(newfstatat),
		SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(lseek),
		SCMP_SYS(_llseek),
		SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
		SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
		SCMP_SYS(gettimeofday), SCMP_SYS(getpid),
		SCMP_SYS(exit_group), SCMP_SYS(exit), SCMP_SYS(sigreturn),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask)
	};
	size_t			 i;
	int			 error;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    calls[i], 0)) != 0)
			return error;
	return 0;
}

/* The answer, and memory that is not to be executed.  Returns the same. */
static int
allow_some(scmp_filter_ctx filter)
{
	static const int	 writes[] = {
		SCMP_SYS(write), SCMP_SYS(writev)
	};
	size_t			 i;
	int			 error;

	for (i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    writes[i], 1, SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO,
		    0))) != 0)
			return error;
	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC,
	    0))) != 0)
		return error;
	/* an old mmap(2) has one argument */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(mmap2) > 0 ? SCMP_SYS(mmap2) : SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* Files, to read them.  Returns the same. */
static int
allow_open(scmp_filter_ctx filter)
{
	const scmp_datum_t	 mask = O_ACCMODE | O_CREAT | O_TRUNC;
	int			 error;

	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open),
	    1, SCMP_A1(SCMP_CMP_MASKED_EQ, mask, O_RDONLY))) != 0)
		return error;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, mask, O_RDONLY));
}
