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
 * Packets that the system merges, or cuts into segments later than a counter
 * sees them:
 *
 *	bulk listen address		take a connection of TCP and all that
 *					comes; says "ready" first
 *	bulk tcp address bytes		send so much on one
 *	bulk udp address segments	datagrams of 1,000 bytes, 40 at a time
 *	bulk tap interface frames	frames of ten segments each, from the
 *					other end of a tap with a virtio header
 *
 * listen and tcp print what TCP says of the wire: segments sent, received.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/if_tun.h>
#include <linux/tcp.h>
#include <linux/virtio_net.h>

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PORT		7010
#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif
#define SEGMENT		1000
#define AT_A_TIME	40
#define TAP_SEGMENTS	10
#define HEADERS		66	/* Ethernet, IP, TCP with time stamps */

static void	 usage(void) __attribute__((__noreturn__));
static void	 address(struct sockaddr_in *, const char *);
static void	 print_segments(int);
static void	 take(const char *);
static void	 send_tcp(const char *, long);
static void	 send_udp(const char *, long);
static void	 send_tap(const char *, long);
static uint16_t	 checksum(const unsigned char *, size_t);

static unsigned char	 data[HEADERS + TAP_SEGMENTS * SEGMENT + 65536];

static void
usage(void)
{
	fprintf(stderr, "usage: bulk listen address\n"
	    "       bulk tcp|udp|tap address|interface number\n");
	exit(1);
}

static void
address(struct sockaddr_in *sin, const char *s)
{
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	sin->sin_port = htons(PORT);
	if (inet_pton(AF_INET, s, &sin->sin_addr) != 1)
		errx(1, "no address: %s", s);
}

static void
print_segments(int fd)
{
	struct tcp_info	 info;
	socklen_t	 len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		err(1, "TCP_INFO");
	printf("%u %u\n", info.tcpi_segs_out, info.tcpi_segs_in);
}

static void
take(const char *s)
{
	struct sockaddr_in	 sin;
	int			 fd, one = 1, s1;

	address(&sin, s);
	if ((s1 = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    setsockopt(s1, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == -1 ||
	    bind(s1, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(s1, 1) == -1)
		err(1, "%s", s);
	printf("ready\n");
	fflush(stdout);
	if ((fd = accept(s1, NULL, NULL)) == -1)
		err(1, "accept");
	while (read(fd, data, sizeof(data)) > 0)
		continue;
	print_segments(fd);
}

/* The other side closes when it has all. */
static void
send_tcp(const char *s, long bytes)
{
	struct sockaddr_in	 sin;
	ssize_t			 n;
	int			 fd;

	address(&sin, s);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "%s", s);
	while (bytes > 0) {
		if ((n = write(fd, data, bytes < (long)sizeof(data) ?
		    (size_t)bytes : sizeof(data))) == -1)
			err(1, "write");
		bytes -= n;
	}
	shutdown(fd, SHUT_WR);
	while (read(fd, data, sizeof(data)) > 0)
		continue;
	print_segments(fd);
}

static void
send_udp(const char *s, long segments)
{
	struct sockaddr_in	 sin;
	long			 n;
	int			 fd, size = SEGMENT;

	address(&sin, s);
	/* not connected: that nobody listens there is no error then */
	if ((fd = socket(AF_INET, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) == -1)
		err(1, "UDP_SEGMENT");
	for (; segments > 0; segments -= n) {
		n = segments < AT_A_TIME ? segments : AT_A_TIME;
		if (sendto(fd, data, n * SEGMENT, 0, (struct sockaddr *)&sin,
		    sizeof(sin)) == -1)
			err(1, "sendto");
	}
}

static uint16_t
checksum(const unsigned char *p, size_t len)
{
	uint32_t	 sum = 0;
	size_t		 i;

	for (i = 0; i < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static void
send_tap(const char *ifname, long frames)
{
	static const unsigned char	 headers[HEADERS] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 8, 0,
		0x45, 0, (HEADERS - 14 + TAP_SEGMENTS * SEGMENT) >> 8,
		(HEADERS - 14 + TAP_SEGMENTS * SEGMENT) & 0xff,
		0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
		27, 98, 27, 98, 0, 0, 0, 1, 0, 0, 0, 1, 0x80, 0x10, 1, 0,
		0, 0, 0, 0, 1, 1, 8, 10
	};
	struct {
		struct virtio_net_hdr	 net;
		unsigned char		 frame[HEADERS +
					    TAP_SEGMENTS * SEGMENT];
	} __attribute__((__packed__))	 packet;
	struct ifreq	 ifr;
	uint16_t	 sum;
	int		 fd;

	memset(&ifr, 0, sizeof(ifr));
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if ((fd = open("/dev/net/tun", O_RDWR)) == -1)
		err(1, "/dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &ifr) == -1)
		err(1, "%s", ifname);
	memset(&packet, 0, sizeof(packet));
	packet.net.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	packet.net.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	packet.net.hdr_len = HEADERS;
	packet.net.gso_size = SEGMENT;
	packet.net.csum_start = 34;
	packet.net.csum_offset = 16;
	memcpy(packet.frame, headers, sizeof(headers));
	sum = checksum(packet.frame + 14, 20);
	memcpy(packet.frame + 24, &sum, sizeof(sum));
	for (; frames > 0; frames--)
		if (write(fd, &packet, sizeof(packet)) == -1)
			err(1, "write");
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "listen") == 0)
		take(argv[2]);
	else if (argc != 4)
		usage();
	else if (strcmp(argv[1], "tcp") == 0)
		send_tcp(argv[2], atol(argv[3]));
	else if (strcmp(argv[1], "udp") == 0)
		send_udp(argv[2], atol(argv[3]));
	else if (strcmp(argv[1], "tap") == 0)
		send_tap(argv[2], atol(argv[3]));
	else
		usage();
	return 0;
}
