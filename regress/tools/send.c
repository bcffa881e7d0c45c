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
 * Send an exact number of frames out of an interface: 60 bytes, broadcast,
 * of an Ethernet type that is free for experiments, so that no stack answers.
 * Prints how many it sent, also when SIGTERM ends it early.  SEND_TIMES names a
 * file for the time of each, in microseconds of the monotonic clock.  With
 * SEND_UDP, a port, they are UDP packets to it, between addresses that nobody
 * has.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <net/if.h>
#include <arpa/inet.h>

#ifdef __linux__
#include <linux/if_packet.h>
#else
#include <sys/time.h>
#include <net/bpf.h>
#include <fcntl.h>
#endif

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FRAME_LEN	60

static int			 device_open(const char *);
static ssize_t			 device_send(int, const void *, size_t);
static uint64_t			 number(const char *, const char *);
static void			 make_udp(unsigned char *, unsigned int);
static void			 term_handler(int);

static volatile sig_atomic_t	 stop;

#ifdef __linux__
static struct sockaddr_ll	 to;

static int
device_open(const char *ifname)
{
	int	 fd;

	to.sll_family = AF_PACKET;
	if ((to.sll_ifindex = if_nametoindex(ifname)) == 0)
		err(1, "%s", ifname);
	/* Protocol 0: receive nothing. */
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) == -1)
		err(1, "socket");
	return fd;
}

static ssize_t
device_send(int fd, const void *frame, size_t len)
{
	return sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to));
}
#else
static uint32_t			 family;	/* in front, on loopback */

static int
device_open(const char *ifname)
{
	struct ifreq	 ifr;
	u_int		 dlt, one = 1;
	int		 fd;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	if ((fd = open("/dev/bpf", O_RDWR)) == -1)
		err(1, "/dev/bpf");
	if (ioctl(fd, BIOCSETIF, &ifr) == -1)
		err(1, "%s", ifname);
	if (ioctl(fd, BIOCSHDRCMPLT, &one) == -1)
		err(1, "BIOCSHDRCMPLT");
	if (ioctl(fd, BIOCGDLT, &dlt) == -1)
		err(1, "BIOCGDLT");
	family = dlt == DLT_NULL ? AF_INET : dlt == DLT_LOOP ? htonl(AF_INET) :
	    0;
	return fd;
}

/* What comes after a family is no packet of it, and is dropped silently. */
static ssize_t
device_send(int fd, const void *frame, size_t len)
{
	unsigned char	 loop[FRAME_LEN] = { 0 };

	if (family == 0)
		return write(fd, frame, len);
	memcpy(loop, &family, sizeof(family));
	return write(fd, loop, len);
}
#endif

static uint64_t
number(const char *what, const char *s)
{
	uint64_t	 n;
	char		*end;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (*s < '0' || *s > '9' || *end != '\0' || errno != 0)
		errx(1, "%s is not a number: %s", what, s);
	return n;
}

/* An IPv4 header without options, and a UDP header. */
static void
make_udp(unsigned char *frame, unsigned int port)
{
	static const unsigned char	 ip[] = {
		0x45, 0, 0, FRAME_LEN - 14, 0, 0, 0, 0, 64, 17, 0, 0,
		192, 0, 2, 1, 192, 0, 2, 2
	};
	static const unsigned char	 udp[] = {
		0x80, 0, 0, 0, 0, FRAME_LEN - 34, 0, 0
	};

	frame[12] = 0x08;
	frame[13] = 0x00;
	memcpy(frame + 14, ip, sizeof(ip));
	memcpy(frame + 34, udp, sizeof(udp));
	frame[36] = port >> 8;
	frame[37] = port;
}

static void
term_handler(int sig)
{
	stop = 1;
}

int
main(int argc, char *argv[])
{
	struct timespec	 ts;
	FILE		*times;
	struct sigaction	 sa;
	unsigned char		 frame[FRAME_LEN];
	uint64_t		 count, burst, pause_ms, sent = 0;
	int			 fd;

	if (argc != 3 && argc != 5) {
		fprintf(stderr,
		    "usage: send interface count [burst pause_ms]\n");
		return 1;
	}
	count = number("count", argv[2]);
	burst = argc == 5 ? number("burst", argv[3]) : 0;
	pause_ms = argc == 5 ? number("pause_ms", argv[4]) : 0;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = term_handler;
	if (sigaction(SIGTERM, &sa, NULL) == -1)
		err(1, "sigaction");

	memset(frame, 0, sizeof(frame));
	memset(frame, 0xff, 6);		/* to all */
	frame[6] = 0x02;		/* from a local address */
	frame[12] = 0x88;		/* type 0x88b5 */
	frame[13] = 0xb5;
	if (getenv("SEND_UDP") != NULL)
		make_udp(frame, number("SEND_UDP", getenv("SEND_UDP")));

	times = getenv("SEND_TIMES") != NULL ?
	    fopen(getenv("SEND_TIMES"), "w") : NULL;
	fd = device_open(argv[1]);
	/* No look of the daemon should come in the middle of some frames. */
	if (burst == 0 && count != 0 && count <= 1000)
		(void)setpriority(PRIO_PROCESS, 0, -20);
	while (!stop && (count == 0 || sent < count)) {
		if (times != NULL) {
			clock_gettime(CLOCK_MONOTONIC, &ts);
			fprintf(times, "%" PRId64 "\n", (int64_t)ts.tv_sec *
			    1000000 + ts.tv_nsec / 1000);
		}
		if (device_send(fd, frame, sizeof(frame)) == -1) {
			if (errno == EINTR)
				continue;
			if (errno != ENOBUFS)
				err(1, "%s: after %" PRIu64 " frames", argv[1],
				    sent);
			/* The frame was dropped: the queue must drain. */
			poll(NULL, 0, 1);
			continue;
		}
		sent++;
		if (burst != 0 && sent % burst == 0 && sent != count)
			poll(NULL, 0, pause_ms);
	}
	printf("%" PRIu64 "\n", sent);
	return 0;
}
