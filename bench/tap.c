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
 * Says "ready" when they are open; SIGTERM ends it.
 */

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLOSERS	32
#define EVENTS	256

static void	 usage(void) __attribute__((__noreturn__));
static void	 allow_many(void);
static int	 tap(const char *, int, int);
static void	 read_all(void);
static void	 tick(void);
static void	*close_some(void *);
static void	 close_all(void);
static void	 term_handler(int);

static volatile sig_atomic_t	 ended;
static int			*fds;
static int			 nfds;

static void
usage(void)
{
	fprintf(stderr, "usage: tap [-n descriptors] "
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

/* The least that can be done to ask each counter once a second. */
static void
tick(void)
{
	struct tpacket_stats	 stats;
	struct timespec		 ts;
	socklen_t		 len;
	int			 i;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec = 0;
	while (!ended) {
		ts.tv_sec++;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		for (i = 0; i < nfds; i++) {
			len = sizeof(stats);
			if (getsockopt(fds[i], SOL_PACKET, PACKET_STATISTICS,
			    &stats, &len) == -1)
				err(1, "PACKET_STATISTICS");
		}
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

int
main(int argc, char *argv[])
{
	struct sigaction	 sa = { .sa_handler = term_handler };
	const char		*mode;
	int			 ch, i, n = 1;

	while ((ch = getopt(argc, argv, "+n:")) != -1)
		if (ch != 'n' || (n = atoi(optarg)) < 1)
			usage();
	if (argc - optind < 2)
		usage();
	mode = argv[optind++];
	allow_many();
	if ((fds = calloc((size_t)n * (argc - optind), sizeof(*fds))) == NULL)
		err(1, NULL);
	for (; optind < argc; optind++)
		for (i = 0; i < n; i++)
			fds[nfds++] = tap(argv[optind],
			    strcmp(mode, "quiet") == 0 ||
			    strcmp(mode, "tick") == 0,
			    strcmp(mode, "bare") == 0);
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
