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
#include <sys/syscall.h>

#include <linux/if_packet.h>
#include <linux/seccomp.h>

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#define MAX_RECEIVERS	64

static uint32_t	deadly_action(void);
static int	allow(scmp_filter_ctx);
static int	allow_some(scmp_filter_ctx);
static int	allow_receiving(scmp_filter_ctx);
static int	allow_receive(scmp_filter_ctx, struct scmp_arg_cmp,
		    scmp_datum_t);
static int	refuse(scmp_filter_ctx);
static int	is_denied(int);

static int	receivers[MAX_RECEIVERS];
static int	nreceivers;

/*
 * Fails with ENOSYS if the kernel has no sandbox, and with EACCES if we may
 * not have it, as in some containers.
 */
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
	    (errno == EINVAL || is_denied(errno))) {
		errno = errno == EINVAL ? ENOSYS : EACCES;
		return -1;
	}
	if ((filter = seccomp_init(deadly_action())) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* sets no_new_privs; what it returns does not tell what failed */
	if ((error = allow(filter)) == 0 &&
	    (error = allow_some(filter)) == 0 &&
	    (error = allow_receiving(filter)) == 0 &&
	    (error = refuse(filter)) == 0 && seccomp_load(filter) != 0)
		error = is_denied(errno) ? -EACCES : -errno;
	seccomp_release(filter);
	if (error != 0) {
		errno = -error;
		return -1;
	}
	return 0;
}

/*
 * To be called before: whole messages come from this descriptor, and the
 * engine receives more than a byte.
 */
void
pledge_receive(int fd)
{
	if (nreceivers < MAX_RECEIVERS)
		receivers[nreceivers] = fd;
	nreceivers++;
}

/* Before Linux 4.14 a thread, of which the engine has one. */
static uint32_t
deadly_action(void)
{
	uint32_t	 action = SECCOMP_RET_KILL_PROCESS;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == -1)
		return SCMP_ACT_KILL_THREAD;
	return SCMP_ACT_KILL_PROCESS;
}

static int
is_denied(int error)
{
	return error == EPERM || error == EACCES;
}

/* Returns 0, or a negative errno. */
static int
allow(scmp_filter_ctx filter)
{
	static const int	 calls[] = {
		/* the event loop, of new and old C libraries */
		SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
		SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
		SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
		SCMP_SYS(gettimeofday), SCMP_SYS(restart_syscall),
		/* memory */
		SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(futex),
		SCMP_SYS(getrandom),
		/* the end */
		SCMP_SYS(close), SCMP_SYS(exit_group), SCMP_SYS(exit),
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
	int	 error;

	/* the bell; to write to a counter would be to send a packet */
	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read),
	    1, SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0))) != 0 ||
	    (error = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write),
	    1, SCMP_A0(SCMP_CMP_EQ, STDIN_FILENO, 0))) != 0)
		return error;
	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(getsockopt), 2, SCMP_A1(SCMP_CMP_EQ, SOL_PACKET, 0),
	    SCMP_A2(SCMP_CMP_EQ, PACKET_STATISTICS, 0))) != 0 ||
	    (error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(getsockopt), 2, SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET, 0),
	    SCMP_A2(SCMP_CMP_EQ, SO_MEMINFO, 0))) != 0)
		return error;
	/* own memory, but no code; an old mmap(2) has one argument */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(mmap2) > 0 ? SCMP_SYS(mmap2) : SCMP_SYS(mmap), 2,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)(PROT_READ |
	    PROT_WRITE), 0),
	    SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED | MAP_PRIVATE |
	    MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS));
}

/*
 * A byte of a packet, from a counter that is a bell, is all of it that the
 * engine can see, even of a counter that has no filter.  Returns the same.
 */
static int
allow_receiving(scmp_filter_ctx filter)
{
	int	 i, error;

	if (nreceivers > MAX_RECEIVERS)
		return allow_receive(filter, SCMP_A2(SCMP_CMP_GE, 0, 0),
		    MSG_PEEK);
	if ((error = allow_receive(filter, SCMP_A2(SCMP_CMP_LE, 1, 0), 0)) !=
	    0)
		return error;
	for (i = 0; i < nreceivers; i++)
		if ((error = allow_receive(filter, SCMP_A0(SCMP_CMP_EQ,
		    receivers[i], 0), MSG_PEEK)) != 0)
			return error;
	return 0;
}

/* No flags but these, and no sender's address. */
static int
allow_receive(scmp_filter_ctx filter, struct scmp_arg_cmp which,
    scmp_datum_t flags)
{
	int	 error;

	if ((error = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
	    SCMP_SYS(recvfrom), 4, which,
	    SCMP_A3(SCMP_CMP_MASKED_EQ, ~flags, 0),
	    SCMP_A4(SCMP_CMP_EQ, 0, 0), SCMP_A5(SCMP_CMP_EQ, 0, 0))) != 0)
		return error;
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recv), 2,
	    which, SCMP_A3(SCMP_CMP_MASKED_EQ, ~flags, 0));
}

/*
 * What realloc(3) and free(3) try for large blocks, and can do without.
 * Either could change the parent's half of the shared memory.
 */
static int
refuse(scmp_filter_ctx filter)
{
	int	 error;

	if ((error = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOMEM),
	    SCMP_SYS(mremap), 0)) != 0)
		return error;
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL),
	    SCMP_SYS(madvise), 0);
}
