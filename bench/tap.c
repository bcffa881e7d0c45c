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
 * What bpfstatsd is compared with: packet sockets, so many on each interface.
 * The mode says what becomes of them:
 *
 *	quiet	cut to one byte by a filter, never read: the kernel counts
 *	bare	the same without a filter
 *	read	each packet is read from each socket
 *	tick	as quiet, and each is asked for its number once a second
 *
 * With -k tcx: bare or tick of tcx programs, which count on both sides of the
 * interface in a mapped array.  The program is the shortest that counts what
 * the system says was on the wire: the kernel's limit.
 *
 * Says "ready" when they are open; SIGTERM ends it.
 */

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOSERS	32
#define EVENTS	256

#define TCX_INGRESS_TYPE	46
#define TCX_EGRESS_TYPE		47
#define TCX_GO_ON		(-1)
#define SLOTS			64
#define SLOT_SIZE		64

#define INSN(code, dst, src, off, imm) { (code), (dst), (src), (off), (imm) }

/* A counter by tcx; its links are never closed. */
struct tcx {
	const volatile uint64_t	*slots;
};

static void	 usage(void) __attribute__((__noreturn__));
static void	 allow_many(void);
static int	 tap(const char *, int, int);
static int	 sys_bpf(int, union bpf_attr *);
static int	 load_counter(int);
static void	 tcx(const char *, struct tcx *);
static void	 ask_tcx(const struct tcx *);
static void	 read_all(void);
static void	 ask(int);
static void	 tick(void);
static void	*close_some(void *);
static void	 close_all(void);
static void	 open_taps(const char *, int, const char *, int);
static void	 term_handler(int);

static volatile sig_atomic_t	 ended;
static int			*fds;
static int			 nfds;
static struct tcx		*tcxs;
static int			 ntcxs;
static volatile uint64_t	 sum;

static void
usage(void)
{
	fprintf(stderr, "usage: tap [-k tcx] [-n descriptors] "
	    "quiet|bare|read|tick interface ...\n");
	exit(1);
}

static void
term_handler(int sig)
{
	(void)sig;
	ended = 1;
}

static void
allow_many(void)
{
	struct rlimit	 limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		err(1, "setrlimit");
}

/* The steps of counter_linux.c. */
static int
tap(const char *ifname, int quiet, int bare)
{
	struct sockaddr_ll	 sll = { .sll_family = AF_PACKET };
	struct sock_filter	 one = BPF_STMT(BPF_RET | BPF_K, 1);
	struct sock_fprog	 program = { 1, &one };
	int			 fd, size = 0;

	sll.sll_protocol = htons(ETH_P_ALL);
	if ((sll.sll_ifindex = if_nametoindex(ifname)) == 0)
		err(1, "%s", ifname);
	if ((fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0)) == -1)
		err(1, "socket");
	if ((quiet || bare) && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size,
	    sizeof(size)) == -1)
		err(1, "SO_RCVBUF");
	if (quiet && setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program)) == -1)
		err(1, "SO_ATTACH_FILTER");
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "%s", ifname);
	return fd;
}

static int
sys_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Add the segments of the packet, at least 1, to this processor's slot. */
static int
load_counter(int map)
{
	struct bpf_insn	 insns[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_6, BPF_REG_1,
		    offsetof(struct __sk_buff, gso_segs), 0),
		INSN(BPF_JMP | BPF_JNE | BPF_K, BPF_REG_6, 0, 1, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_6, 0, 0, 1),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0,
		    BPF_FUNC_get_smp_processor_id),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_0, 0, 0, SLOTS - 1),
		INSN(BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_0, 0, 0, SLOT_SIZE),
		INSN(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1,
		    BPF_PSEUDO_MAP_VALUE, 0, map), INSN(0, 0, 0, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_6, 0,
		    BPF_ADD),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, TCX_GO_ON),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
	};
	union bpf_attr	 attr;
	int		 fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = sizeof(insns) / sizeof(insns[0]);
	attr.license = (uintptr_t)"ISC";
	if ((fd = sys_bpf(BPF_PROG_LOAD, &attr)) == -1)
		err(1, "BPF_PROG_LOAD");
	return fd;
}

static void
tcx(const char *ifname, struct tcx *counter)
{
	static const int	 types[] = { TCX_INGRESS_TYPE,
				    TCX_EGRESS_TYPE };
	union bpf_attr		 attr;
	void			*slots;
	int			 map, program, i;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.map_flags = BPF_F_MMAPABLE;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = SLOTS * SLOT_SIZE;
	attr.max_entries = 1;
	if ((map = sys_bpf(BPF_MAP_CREATE, &attr)) == -1)
		err(1, "BPF_MAP_CREATE");
	if ((slots = mmap(NULL, SLOTS * SLOT_SIZE, PROT_READ, MAP_SHARED, map,
	    0)) == MAP_FAILED)
		err(1, "mmap");
	counter->slots = slots;
	program = load_counter(map);
	for (i = 0; i < 2; i++) {
		memset(&attr, 0, sizeof(attr));
		attr.link_create.prog_fd = program;
		attr.link_create.target_ifindex = if_nametoindex(ifname);
		attr.link_create.attach_type = types[i];
		if (sys_bpf(BPF_LINK_CREATE, &attr) == -1)
			err(1, "%s", ifname);
	}
	close(program);
	close(map);
}

static void
ask_tcx(const struct tcx *counter)
{
	uint64_t	 n = 0;
	int		 i;

	for (i = 0; i < SLOTS; i++)
		n += counter->slots[i * SLOT_SIZE / sizeof(n)];
	sum = n;
}

/* As a program with one descriptor for each rule does it. */
static void
read_all(void)
{
	struct epoll_event	 ev, events[EVENTS];
	char			 packet[2048];
	int			 ep, i, n;

	if ((ep = epoll_create1(0)) == -1)
		err(1, "epoll_create1");
	for (i = 0; i < nfds; i++) {
		ev = (struct epoll_event){ .events = EPOLLIN,
		    .data.fd = fds[i] };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, fds[i], &ev) == -1)
			err(1, "epoll_ctl");
	}
	while (!ended) {
		n = epoll_wait(ep, events, EVENTS, -1);
		for (i = 0; i < n; i++)
			if (read(events[i].data.fd, packet,
			    sizeof(packet)) == -1 && errno != EAGAIN)
				err(1, "read");
	}
}

static void
ask(int fd)
{
	struct tpacket_stats	 stats;
	socklen_t		 len = sizeof(stats);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == -1)
		err(1, "PACKET_STATISTICS");
}

/* The least that can be done to ask each counter once a second. */
static void
tick(void)
{
	struct timespec	 ts;
	int		 i;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec = 0;
	while (!ended) {
		ts.tv_sec++;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		for (i = 0; i < nfds; i++)
			ask(fds[i]);
		for (i = 0; i < ntcxs; i++)
			ask_tcx(&tcxs[i]);
	}
}

/* Each close(2) waits some milliseconds: side by side. */
static void *
close_some(void *arg)
{
	int	*first = arg, i;

	for (i = first - fds; i < nfds; i += CLOSERS)
		close(fds[i]);
	return NULL;
}

static void
close_all(void)
{
	pthread_t	 threads[CLOSERS];
	int		 i, n = 0;

	for (i = 0; i < CLOSERS && i < nfds; i++)
		if (pthread_create(&threads[n], NULL, close_some,
		    &fds[i]) == 0)
			n++;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* So many on an interface. */
static void
open_taps(const char *ifname, int n, const char *mode, int by_tcx)
{
	for (; n > 0; n--)
		if (by_tcx)
			tcx(ifname, &tcxs[ntcxs++]);
		else
			fds[nfds++] = tap(ifname, strcmp(mode, "quiet") == 0 ||
			    strcmp(mode, "tick") == 0,
			    strcmp(mode, "bare") == 0);
}

int
main(int argc, char *argv[])
{
	struct sigaction	 sa = { .sa_handler = term_handler };
	const char		*mode;
	int			 by_tcx = 0, ch, n = 1;

	while ((ch = getopt(argc, argv, "+k:n:")) != -1)
		if (ch == 'k' && strcmp(optarg, "tcx") == 0)
			by_tcx = 1;
		else if (ch != 'n' || (n = atoi(optarg)) < 1)
			usage();
	if (argc - optind < 2)
		usage();
	mode = argv[optind++];
	allow_many();
	if ((fds = calloc((size_t)n * (argc - optind), sizeof(*fds))) == NULL ||
	    (tcxs = calloc((size_t)n * (argc - optind), sizeof(*tcxs))) == NULL)
		err(1, NULL);
	for (; optind < argc; optind++)
		open_taps(argv[optind], n, mode, by_tcx);
	if (sigaction(SIGTERM, &sa, NULL) == -1)
		err(1, "sigaction");
	printf("ready\n");
	fflush(stdout);
	if (strcmp(mode, "read") == 0)
		read_all();
	else if (strcmp(mode, "tick") == 0)
		tick();
	else
		while (!ended)
			pause();
	close_all();
	return 0;
}
