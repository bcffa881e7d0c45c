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
 * pledge(2) for Linux: a list of system calls for the engine, which promises
 * "stdio bpf" and has its socket as descriptor 0.  Other promises have no
 * counterpart here.
 */

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/if_packet.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

static int	allow(scmp_filter_ctx);
static int	allow_some(scmp_filter_ctx);

int
pledge(const char *promises, const char *execpromises)
{
	scmp_filter_ctx	 filter;
	int		 error;

	if (strcmp(promises, "stdio bpf") != 0)
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		return -1;
	/* EFAULT, because there is no filter, unless the kernel has none */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) == -1 &&
	    errno == EINVAL) {
		errno = ENOSYS;
		return -1;
	}
	if ((filter = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* sets no_new_privs; what it returns does not tell what failed */
	if ((error = allow(filter)) == 0 &&
	    (error = allow_some(filter)) == 0 && seccomp_load(filter) != 0)
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
		/* the event loop, 1.4 and 2.1, new and old C libraries */
		SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1),
		SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
		SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
		SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
		SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
		SCMP_SYS(getegid), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
		SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(getpid),
		SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
		SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
		/* counters that are bells; closing all else */
		SCMP_SYS(recvfrom), SCMP_SYS(recv), SCMP_SYS(close),
		/* memory */
		SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(madvise),
		SCMP_SYS(mremap), SCMP_SYS(futex), SCMP_SYS(getrandom),
		/* the end */
		SCMP_SYS(exit_group), SCMP_SYS(exit),
		SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn)
	};
	size_t			 i;
	int			 error;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    calls[i], 0)) != 0)
			return error;
	return 0;
}

/* What is allowed with some arguments only.  Returns the same. */
static int
allow_some(scmp_filter_ctx filter)
{
	static const int	 commands[] = {
		/* none that makes a counter descriptor 0 */
		F_GETFD, F_SETFD, F_GETFL, F_SETFL
	};
	size_t			 i;
	int			 error;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, commands[i],
		    0))) != 0 ||
		    (error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
		    SCMP_SYS(fcntl64), 1, SCMP_A1(SCMP_CMP_EQ, commands[i],
		    0))) != 0)
			return error;
	/* the bell; to write to a counter would be to send a packet */
	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read),
	    1, SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0))) != 0 ||
	    (error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write),
	    1, SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0))) != 0)
		return error;
	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(getsockopt), 2, SCMP_A1(SCMP_CMP_EQ, SOL_PACKET, 0),
	    SCMP_A2(SCMP_CMP_EQ, PACKET_STATISTICS, 0))) != 0)
		return error;
	/* memory, but no file and no code; an old mmap(2) has one argument */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(mmap2) > 0 ? SCMP_SYS(mmap2) : SCMP_SYS(mmap), 2,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
}
