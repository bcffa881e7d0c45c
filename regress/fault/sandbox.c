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
 * What the engine's sandbox lets through on Linux.
 *
 *	sandbox interface
 *		Try each call in a child that has the engine's descriptors
 *		(its socket as 0 and a counter) and has called pledge().  What
 *		the engine must not do has to be refused or end the child;
 *		what it needs has to work.
 *	sandbox -l
 *		List what the engine must not do.
 *	sandbox file name
 *		Have the engine of a daemon below the library try this one, or
 *		do what it can do, but should not: see below.
 *	sandbox file
 *		Say what came of it.
 *
 * Compiled with -DINSIDE this is a library for LD_PRELOAD, which finds the
 * file by the variable SANDBOX.  It makes the call in the engine, when its
 * event loop goes to sleep.
 */

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int	 pledge(const char *, const char *);
void	 pledge_receive(int);

/* In the file: which call to make, counted from 1, and how it went. */
struct order {
	int	 call;
	int	 result;
#define NOT_YET	0
#define BEGUN	1
#define REFUSED	2
#define MADE	3
};

static int			 counter;
static int			 messages;	/* named by pledge_receive() */
static int			 file;
static int			 epoll_fd;
static char			*parents;	/* half of the shared memory */
static struct sockaddr_ll	 sll;
static char			 frame[60] = { 0x33, 0x33, 0, 0, 0, 1 };
static int			 one = 1;

/* What is forbidden.  Each returns -1 if it was refused. */

static long
try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long
try_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static long
try_connect(void)
{
	struct sockaddr_un	 sun = { .sun_family = AF_UNIX };

	return connect(0, (struct sockaddr *)&sun, sizeof(sun));
}

static long
try_execve(void)
{
	char	*argv[] = { "true", NULL };

	return execve("/bin/true", argv, argv + 1);
}

static long
try_fork(void)
{
	pid_t	 pid;

	if ((pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) == 0)
		_exit(0);
	return pid;
}

static long
try_sendto(void)
{
	return sendto(counter, frame, sizeof(frame), 0,
	    (struct sockaddr *)&sll, sizeof(sll));
}

static long
try_sendmsg(void)
{
	struct iovec	 iov = { frame, sizeof(frame) };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(counter, &msg, 0);
}

/* That is sending as well. */
static long
try_write(void)
{
	return write(counter, frame, sizeof(frame));
}

static long
try_writev(void)
{
	struct iovec	 iov = { frame, sizeof(frame) };

	return syscall(SYS_writev, counter, &iov, 1);
}

/* A counter in the place of the bell would be writable like that. */
static long
try_dup(void)
{
	return fcntl(counter, F_DUPFD, 0);
}

static long
try_dup2(void)
{
	return syscall(SYS_dup3, counter, 0, 0);
}

/* The flags are the parent's as well: a successor might block. */
static long
try_flags(void)
{
	return fcntl(counter, F_SETFL, 0);
}

static long
try_epoll_create(void)
{
	return epoll_create1(0);
}

static long
try_pipe(void)
{
	int	 fds[2];

	return pipe(fds);
}

/* Who sent a packet is not to be known; that there is none is no answer. */
static long
try_sender(void)
{
	struct sockaddr_ll	 from;
	socklen_t		 len = sizeof(from);
	char			 c;

	return recvfrom(counter, &c, 1, 0, (struct sockaddr *)&from, &len) ==
	    -1 && errno != EAGAIN ? -1 : 0;
}

static long
try_recvmsg(void)
{
	char		 c;
	struct iovec	 iov = { &c, 1 };
	struct msghdr	 msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return recvmsg(counter, &msg, 0) == -1 && errno != EAGAIN ? -1 : 0;
}

static long
try_getsockname(void)
{
	struct sockaddr_ll	 name;
	socklen_t		 len = sizeof(name);

	return getsockname(counter, (struct sockaddr *)&name, &len);
}

static long
try_bind(void)
{
	return bind(counter, (struct sockaddr *)&sll, sizeof(sll));
}

static long
try_setsockopt(void)
{
	return setsockopt(counter, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one));
}

static long
try_getsockopt(void)
{
	socklen_t	 len = sizeof(one);

	return syscall(SYS_getsockopt, counter, SOL_SOCKET, SO_RCVBUF, &one,
	    &len);
}

static long
try_ioctl(void)
{
	struct ifreq	 ifr = { .ifr_name = "lo" };

	return ioctl(counter, SIOCGIFFLAGS, &ifr);
}

static long
try_kill(void)
{
	return kill(getpid(), 0);
}

static long
try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

/* What is in it is nobody's business. */
static long
try_packet(void)
{
	char	 packet[60];

	return recv(counter, packet, sizeof(packet), 0) == -1 &&
	    errno != EAGAIN ? -1 : 0;
}

static long
try_peek(void)
{
	char	 c;

	return recv(counter, &c, 1, MSG_PEEK) == -1 && errno != EAGAIN ? -1 :
	    0;
}

static long
try_mmap_shared(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1,
	    0) == MAP_FAILED ? -1 : 0;
}

static long
try_mmap_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static long
try_mmap_file(void)
{
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0) ==
	    MAP_FAILED ? -1 : 0;
}

static long
try_mprotect(void)
{
	return syscall(SYS_mprotect, (long)frame & ~4095L, 4096L,
	    PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* The parent's half is for reading alone. */
static long
try_half(void)
{
	*(volatile char *)parents = 1;
	return 0;
}

static long
try_half_mprotect(void)
{
	return syscall(SYS_mprotect, parents, 4096L, PROT_READ | PROT_WRITE);
}

static long
try_half_pkey(void)
{
	return syscall(SYS_pkey_mprotect, parents, 4096L,
	    PROT_READ | PROT_WRITE, -1);
}

static long
try_half_mremap(void)
{
	return mremap(parents, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED ?
	    -1 : 0;
}

/* This empties it for the parent, too. */
static long
try_half_madvise(void)
{
	return madvise(parents, 4096, MADV_REMOVE);
}

static long
try_memfd(void)
{
	return syscall(SYS_memfd_create, "", 0);
}

static long
try_prlimit(void)
{
	return syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, frame);
}

static long
try_setuid(void)
{
	return syscall(SYS_setuid, 0);
}

static long
try_chroot(void)
{
	return chroot("/");
}

static long
try_unlink(void)
{
	return unlink("/nonexistent") == 0 || errno == ENOENT ? 0 : -1;
}

static long
try_prctl(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static long
try_io_uring(void)
{
	char	 params[256] = "";

	return syscall(425 /* io_uring_setup */, 4, params);
}

static long
try_process_vm(void)
{
	struct iovec	 iov = { frame, 1 };

	return syscall(SYS_process_vm_readv, getpid(), &iov, 1, &iov, 1, 0);
}

static long
try_process_vm_write(void)
{
	struct iovec	 iov = { frame, 1 };

	return syscall(SYS_process_vm_writev, getpid(), &iov, 1, &iov, 1, 0);
}

/* What is needed. */

static long
need_statistics(void)
{
	struct tpacket_stats	 st;
	socklen_t		 len = sizeof(st);

	return syscall(SYS_getsockopt, counter, SOL_PACKET, PACKET_STATISTICS,
	    &st, &len);
}

static long
need_bell(void)
{
	char	 c;

	return write(0, "", 1) == 1 && read(0, &c, 1) == -1 &&
	    errno == EAGAIN ? 0 : -1;
}

static long
need_bell_of_packets(void)
{
	char	 c;

	return recv(counter, &c, 1, 0) == -1 && errno != EAGAIN ? -1 : 0;
}

static long
need_messages(void)
{
	char	 message[60];

	return recv(messages, message, sizeof(message), 0) == -1 &&
	    errno != EAGAIN ? -1 : 0;
}

static long
need_memory(void)
{
	size_t	 size = 1024 * 1024;
	char	*p;

	if ((p = malloc(size)) == NULL)
		return -1;
	memset(p, 1, size);
	free(p);
	return 0;
}

static long
need_events(void)
{
	struct epoll_event	 event = { .events = EPOLLIN };

	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event) == -1 ||
	    epoll_wait(epoll_fd, &event, 1, 0) != 0 ? -1 : 0;
}

/* What nobody can forbid, and none of this comes back. */

static long
do_sleep(void)
{
	struct epoll_event	 event;

	for (;;)
		epoll_pwait(epoll_fd, &event, 1, 1000, NULL);
	return 0;
}

static long
do_close(void)
{
	close(0);
	return do_sleep();
}

static long
do_spin(void)
{
	for (;;)
		epoll_pwait(epoll_fd, (struct epoll_event *)frame, 1, 0, NULL);
	return 0;
}

static int			 ringing;

/* This does. */
static long
do_ring(void)
{
	ringing = 1;
	return 0;
}

static const struct {
	const char	*name;
	long		 (*call)(void);
	int		 kind;
#define FORBIDDEN	0
#define NEEDED		1
#define HOSTILE		2
} calls[] = {
	{ "open",		try_open,		FORBIDDEN },
	{ "socket",		try_socket,		FORBIDDEN },
	{ "connect",		try_connect,		FORBIDDEN },
	{ "execve",		try_execve,		FORBIDDEN },
	{ "fork",		try_fork,		FORBIDDEN },
	{ "sendto on a counter", try_sendto,		FORBIDDEN },
	{ "sendmsg on a counter", try_sendmsg,		FORBIDDEN },
	{ "write on a counter",	try_write,		FORBIDDEN },
	{ "writev on a counter", try_writev,		FORBIDDEN },
	{ "a counter as the bell", try_dup,		FORBIDDEN },
	{ "a duplicate as the bell", try_dup2,		FORBIDDEN },
	{ "a counter's flags",	try_flags,		FORBIDDEN },
	{ "epoll_create1",	try_epoll_create,	FORBIDDEN },
	{ "pipe",		try_pipe,		FORBIDDEN },
	{ "the sender",		try_sender,		FORBIDDEN },
	{ "a packet",		try_packet,		FORBIDDEN },
	{ "a flag of recv",	try_peek,		FORBIDDEN },
	{ "recvmsg",		try_recvmsg,		FORBIDDEN },
	{ "getsockname",	try_getsockname,	FORBIDDEN },
	{ "bind",		try_bind,		FORBIDDEN },
	{ "setsockopt",		try_setsockopt,		FORBIDDEN },
	{ "getsockopt",		try_getsockopt,		FORBIDDEN },
	{ "ioctl",		try_ioctl,		FORBIDDEN },
	{ "kill",		try_kill,		FORBIDDEN },
	{ "ptrace",		try_ptrace,		FORBIDDEN },
	{ "mmap of code",	try_mmap_code,		FORBIDDEN },
	{ "mmap of shared memory", try_mmap_shared,	FORBIDDEN },
	{ "mmap of a file",	try_mmap_file,		FORBIDDEN },
	{ "mprotect",		try_mprotect,		FORBIDDEN },
	{ "the parent's half",	try_half,		FORBIDDEN },
	{ "mprotect of the parent's half", try_half_mprotect, FORBIDDEN },
	{ "pkey_mprotect of the parent's half", try_half_pkey, FORBIDDEN },
	{ "mremap of the parent's half", try_half_mremap, FORBIDDEN },
	{ "madvise of the parent's half", try_half_madvise, FORBIDDEN },
	{ "memfd_create",	try_memfd,		FORBIDDEN },
	{ "prlimit",		try_prlimit,		FORBIDDEN },
	{ "setuid",		try_setuid,		FORBIDDEN },
	{ "chroot",		try_chroot,		FORBIDDEN },
	{ "unlink",		try_unlink,		FORBIDDEN },
	{ "prctl",		try_prctl,		FORBIDDEN },
	{ "io_uring",		try_io_uring,		FORBIDDEN },
	{ "process_vm_readv",	try_process_vm,		FORBIDDEN },
	{ "process_vm_writev",	try_process_vm_write,	FORBIDDEN },
	{ "statistics",		need_statistics,	NEEDED },
	{ "the bell",		need_bell,		NEEDED },
	{ "a bell of packets",	need_bell_of_packets,	NEEDED },
	{ "whole messages",	need_messages,		NEEDED },
	{ "memory",		need_memory,		NEEDED },
	{ "events",		need_events,		NEEDED },
	{ "sleep",		do_sleep,		HOSTILE },
	{ "close and sleep",	do_close,		HOSTILE },
	{ "spin",		do_spin,		HOSTILE },
	{ "ring",		do_ring,		HOSTILE }
};

#define NCALLS	(sizeof(calls) / sizeof(calls[0]))

static struct order *
map_order(const char *name, int flags)
{
	void	*order;
	int	 fd;

	if ((fd = open(name, flags, 0600)) == -1 ||
	    ftruncate(fd, sizeof(struct order)) == -1)
		err(1, "%s", name);
	order = mmap(NULL, sizeof(struct order), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (order == MAP_FAILED)
		err(1, "mmap");
	close(fd);
	return order;
}

#ifdef INSIDE

static struct order	*order;
static int		 inside;	/* this is the engine */

/*
 * The parent maps the engine's half first and its own after that.  Of an
 * engine the last one is the right one.
 */
void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	long	 p;

	p = syscall(SYS_mmap, addr, len, prot, flags, fd, offset);
	if ((flags & MAP_SHARED) != 0 && fd == -1)
		parents = (char *)p;
	return (void *)p;
}

/* Only the engine protects anything. */
int
mprotect(void *addr, size_t len, int prot)
{
	inside |= addr == parents;
	return syscall(SYS_mprotect, addr, len, prot);
}

__attribute__((__constructor__))
static void
set_up(void)
{
	const char	*name = getenv("SANDBOX");

	if (name != NULL)
		order = map_order(name, O_RDWR | O_CLOEXEC);
}

static void
obey(void)
{
	struct tpacket_stats	 st;
	socklen_t		 len;
	long			 result;
	int			 call;

	for (counter = 1; counter < 1024; counter++) {
		len = sizeof(st);
		if (syscall(SYS_getsockopt, counter, SOL_PACKET,
		    PACKET_STATISTICS, &st, &len) == 0)
			break;
	}
	call = order->call;
	order->call = 0;
	order->result = BEGUN;
	result = calls[call - 1].call();
	order->result = result == -1 ? REFUSED : MADE;
}

static void
ring(void)
{
	while (write(0, "", 1) == 1)
		continue;
}

/* What libevent sleeps in. */
int
epoll_wait(int fd, struct epoll_event *events, int n, int ms)
{
	epoll_fd = fd;
	if (order != NULL && order->call != 0 && inside)
		obey();
	if (ringing) {
		ring();
		if (ms == -1 || ms > 1)
			ms = 1;
	}
	return epoll_pwait(fd, events, n, ms, NULL);
}

#else

/* Returns 1 if the call went through. */
static int
went_through(long (*call)(void), int confined)
{
	int	 status;
	pid_t	 pid;

	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		alarm(5);
		pledge_receive(messages);
		if (confined && pledge("stdio bpf", NULL) == -1)
			_exit(2);
		_exit(call() == -1 ? 1 : 0);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		errx(1, "no sandbox");
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Returns 1 if any call was not as it has to be. */
static int
try_all(const char *interface)
{
	size_t	 i;
	int	 sv[2], bad = 0;

	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_ALL);
	if ((sll.sll_ifindex = if_nametoindex(interface)) == 0 ||
	    (file = open("/bin/true", O_RDONLY)) == -1 ||
	    (epoll_fd = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    (counter = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0)) == -1 ||
	    bind(counter, (struct sockaddr *)&sll, sizeof(sll)) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv) == -1 ||
	    dup2(sv[0], 0) == -1)
		err(1, "set-up");
	messages = sv[1];
	parents = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (parents == MAP_FAILED || mprotect(parents, 4096, PROT_READ) == -1)
		err(1, "mmap");
	for (i = 0; i < NCALLS; i++) {
		if (calls[i].kind == HOSTILE ||
		    went_through(calls[i].call, 1) == calls[i].kind)
			continue;
		printf("%s: %s\n", calls[i].name, calls[i].kind == NEEDED ?
		    "does not work" : "goes through");
		bad = 1;
	}
	return bad;
}

int
main(int argc, char *argv[])
{
	static const char	*results[] = {
		"not yet", "ended", "refused", "made"
	};
	struct order		*order;
	size_t			 i;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (i = 0; i < NCALLS; i++)
			if (calls[i].kind == FORBIDDEN)
				puts(calls[i].name);
		return 0;
	}
	if (argc == 2 && strchr(argv[1], '/') == NULL)
		return try_all(argv[1]);
	if (argc < 2 || argc > 3)
		errx(1, "usage: sandbox interface | -l | file [name]");
	order = map_order(argv[1], O_RDWR | O_CREAT);
	if (argc == 2)
		puts(results[order->result]);
	else {
		for (i = 0; i < NCALLS; i++)
			if (strcmp(calls[i].name, argv[2]) == 0)
				break;
		order->result = NOT_YET;
		order->call = i < NCALLS ? i + 1 : 0;
	}
	return 0;
}

#endif
