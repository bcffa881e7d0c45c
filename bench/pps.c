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
 * Send UDP packets out of an interface as fast as one processor can, and
 * print the nanoseconds that one took.  What veth(4) sends is received by the
 * peer before sendto(2) returns, so that this is the cost of sending and of
 * receiving.
 *
 * It is the mean over the middle half of slices of 100 packets: the others
 * met with an interrupt or another process.
 */

#include <sys/socket.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>

#include <err.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLICE		100
#define FRAME_LEN	60
#define PORT		7000	/* the first that knockd waits for */

static unsigned char	 frame[FRAME_LEN] = {
	0x02, 0, 0, 0, 0, 0xff, 0x02, 0, 0, 0, 0, 0xfe, 0x08, 0x00,
	0x45, 0, 0, FRAME_LEN - 14, 0, 0, 0x40, 0, 64, 17, 0, 0,
	192, 0, 2, 200, 0, 0, 0, 0,
	0x04, 0x00, PORT >> 8, PORT & 0xff, 0, FRAME_LEN - 34, 0, 0
};

static void	 usage(void) __attribute__((__noreturn__));
static void	 set_mac(const char *);
static void	 set_address(const char *);
static void	 stay(void);
static int64_t	 now(void);
static int64_t	 send_slice(int, const struct sockaddr_ll *);
static int	 compare(const void *, const void *);

static void
usage(void)
{
	fprintf(stderr,
	    "usage: pps [-d address] [-m mac] interface packets\n");
	exit(1);
}

static void
set_mac(const char *s)
{
	unsigned int	 b[6];
	int		 i;

	if (sscanf(s, "%x:%x:%x:%x:%x:%x", &b[0], &b[1], &b[2], &b[3], &b[4],
	    &b[5]) != 6)
		errx(1, "no MAC address: %s", s);
	for (i = 0; i < 6; i++)
		frame[i] = b[i];
}

/* The destination, and the header's checksum. */
static void
set_address(const char *s)
{
	uint32_t	 sum = 0;
	int		 i;

	if (inet_pton(AF_INET, s, frame + 30) != 1)
		errx(1, "no address: %s", s);
	frame[24] = frame[25] = 0;
	for (i = 14; i < 34; i += 2)
		sum += frame[i] << 8 | frame[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	frame[24] = sum >> 8;
	frame[25] = sum;
}

/* On the last processor, so that there is one for who reads the packets. */
static void
stay(void)
{
	cpu_set_t	 may, one;
	int		 cpu;

	if (sched_getaffinity(0, sizeof(may), &may) == -1)
		err(1, "sched_getaffinity");
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &may); cpu--)
		continue;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) == -1)
		err(1, "sched_setaffinity");
}

static int64_t
now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int64_t
send_slice(int fd, const struct sockaddr_ll *to)
{
	int64_t	 began = now();
	int	 i;

	for (i = 0; i < SLICE; i++)
		if (sendto(fd, frame, sizeof(frame), 0,
		    (const struct sockaddr *)to, sizeof(*to)) == -1)
			err(1, "sendto");
	return now() - began;
}

static int
compare(const void *a, const void *b)
{
	int64_t	 x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_ll	 to = { .sll_family = AF_PACKET };
	int64_t			*slices, sum = 0;
	long			 i, n;
	int			 ch, fd;

	set_address("192.0.2.1");
	while ((ch = getopt(argc, argv, "d:m:")) != -1)
		switch (ch) {
		case 'd':
			set_address(optarg);
			break;
		case 'm':
			set_mac(optarg);
			break;
		default:
			usage();
		}
	if (argc - optind != 2 || (n = atol(argv[optind + 1]) / SLICE) < 4)
		usage();
	if ((to.sll_ifindex = if_nametoindex(argv[optind])) == 0)
		err(1, "%s", argv[optind]);
	/* protocol 0: it receives nothing */
	if ((fd = socket(AF_PACKET, SOCK_RAW, 0)) == -1)
		err(1, "socket");
	if ((slices = calloc(n, sizeof(*slices))) == NULL)
		err(1, NULL);
	stay();
	for (i = 0; i < n; i++)
		slices[i] = send_slice(fd, &to);
	qsort(slices, n, sizeof(*slices), compare);
	for (i = n / 4; i < n - n / 4; i++)
		sum += slices[i];
	printf("%.1f\n", (double)sum / (n - n / 4 * 2) / SLICE);
	return 0;
}
