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
 * Random expressions and packets: what the kernel counts on a packet socket
 * with the helper's program is what libpcap's own bpf_filter() accepts.
 *
 *	filter [-v] [-n expressions] [-s seed] helper from to
 *
 * The two interfaces are a veth pair that nothing else uses.  Packets go in
 * both directions; on one interface the direction out is prefixed, as the
 * daemon does it.
 */

#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpfstatsd.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))
#define PICK(a)		((a)[random() % LENGTH(a)])
#define PACKETS		24		/* for each expression, a direction */
#define MAX_TEXT	4096
#define WAIT_MS		10000

struct packet {
	size_t		 len;
	unsigned char	 data[256];
};

/* Few values, so that packets and expressions meet. */
static const char	*const hosts[] = {
	"10.0.0.1", "10.0.0.2", "192.168.7.9", "224.0.0.251"
};
static const char	*const hosts6[] = {
	"fe80::1", "2001:db8::7", "ff02::1"
};
static const char	*const ethers[] = {
	"2:0:0:0:0:1", "2:0:0:0:0:2", "ff:ff:ff:ff:ff:ff", "1:0:5e:0:0:fb"
};
static const unsigned char	 macs[][6] = {
	{ 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 },
	{ 255, 255, 255, 255, 255, 255 }, { 1, 0, 0x5e, 0, 0, 0xfb }
};
static const uint16_t	 ports[] = { 22, 53, 80, 7000, 65535 };
static const uint8_t	 protos[] = {
	1, 2, 6, 6, 6, 17, 17, 17, 47, 50, 51, 58, 103, 112, 132, 44, 0
};
static const uint16_t	 types[] = {
	0x0800, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x86dd, 0x0806,
	0x8035, 0x8864, 0x8863, 0x8847, 0x0042, 0x0100, 0x809b, 0x88cc
};

static int	 verbose;

/* Expressions. */

struct text {
	char	 s[MAX_TEXT];
	size_t	 len;
};

static void	expression(struct text *, int);

static void	add(struct text *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
	va_list	 ap;
	size_t	 left = sizeof(text->s) - text->len;
	int	 n;

	va_start(ap, format);
	n = vsnprintf(text->s + text->len, left, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= left)
		errx(1, "expression too long");
	text->len += n;
}

/* A number computed from the packet; indices are small. */
static void
arithmetic(struct text *text, int depth)
{
	static const char	*const bases[] = {
		"ether", "ip", "ip6", "tcp", "udp", "icmp", "arp", "icmp6"
	};
	static const char	*const operators[] = {
		"+", "-", "*", "/", "%", "&", "|", "^"
	};

	switch (random() % (depth > 0 ? 6 : 3)) {
	case 0:
		add(text, "%ld", random() % 300);
		break;
	case 1:
		add(text, "%s[%ld:%d]", PICK(bases), random() % 24,
		    1 << random() % 3);
		break;
	case 2:
		add(text, "len");
		break;
	case 3:
		add(text, "(");
		arithmetic(text, depth - 1);
		add(text, " %s ", PICK(operators));
		arithmetic(text, depth - 1);
		add(text, ")");
		break;
	case 4:
		add(text, "(");
		arithmetic(text, depth - 1);
		add(text, " %s %ld)", random() % 2 ? "<<" : ">>",
		    random() % 32);
		break;
	case 5:
		add(text, "%s[%s[%ld] & 0x%lx]", PICK(bases), PICK(bases),
		    random() % 24, random() % 64);
		break;
	}
}

static void
relation(struct text *text)
{
	static const char	*const relations[] = {
		"=", "!=", "<", ">", "<=", ">="
	};

	arithmetic(text, 2);
	add(text, " %s ", PICK(relations));
	arithmetic(text, random() % 3 == 0 ? 2 : 0);
}

static void
address(struct text *text)
{
	static const char	*const directions[] = {
		"", "", "src ", "dst ", "src or dst ", "src and dst "
	};
	static const char	*const before[] = { "", "", "ip ", "arp " };
	static const char	*const transports[] = {
		"", "", "tcp ", "udp ", "sctp ", "ip6 ", "ip "
	};
	const char		*direction = PICK(directions);

	switch (random() % 7) {
	case 0:
		add(text, "%s%shost %s", PICK(before), direction, PICK(hosts));
		break;
	case 1:
		add(text, "ip6 %shost %s", direction, PICK(hosts6));
		break;
	case 2:
		add(text, "%snet 10.0.0.0/%ld", direction, 8 + random() % 24);
		break;
	case 3:
		add(text, "ip6 %snet 2001:db8::/%d", direction, 32);
		break;
	case 4:
		add(text, "ether %shost %s", direction, PICK(ethers));
		break;
	case 5:
		add(text, "%s%sport %d", PICK(transports), direction,
		    PICK(ports));
		break;
	case 6:
		add(text, "%s%sportrange %ld-%ld", PICK(transports),
		    direction, random() % 80, 80 + random() % 8000);
		break;
	}
}

static void
kind(struct text *text)
{
	static const char	*const kinds[] = {
		"ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6",
		"igmp", "sctp", "ah", "esp", "vrrp", "pim", "ip multicast",
		"ip6 multicast", "ether multicast", "broadcast", "multicast",
		"llc", "stp", "ipx", "atalk", "iso", "netbeui", "lat",
		"tcp[tcpflags] & tcp-syn != 0",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
		"icmp[icmptype] == icmp-echo", "mpls", "pppoed", "pppoes"
	};

	switch (random() % 6) {
	case 0:
		add(text, "%s proto %d", random() % 2 ? "ip" : "ip6",
		    PICK(protos));
		break;
	case 1:
		add(text, "ether proto 0x%x", PICK(types));
		break;
	case 2:
		add(text, "%s %ld", random() % 2 ? "less" : "greater",
		    15 + random() % 100);
		break;
	default:
		add(text, "%s", PICK(kinds));
	}
}

static void
primitive(struct text *text)
{
	switch (random() % 5) {
	case 0:
		relation(text);
		break;
	case 1:
	case 2:
		address(text);
		break;
	default:
		kind(text);
	}
}

static void
expression(struct text *text, int depth)
{
	if (random() % 4 == 0)
		add(text, "not ");
	if (depth == 0 || random() % 4 == 0) {
		add(text, "(");
		primitive(text);
		add(text, ")");
		return;
	}
	add(text, "(");
	expression(text, depth - 1);
	add(text, " %s ", random() % 5 < 2 ? "and" : "or");
	expression(text, depth - 1);
	add(text, ")");
}

/* Packets. */

static void
put16(unsigned char *p, unsigned int n)
{
	p[0] = n >> 8;
	p[1] = n;
}

static void
make_ports(unsigned char *p)
{
	put16(p, PICK(ports));
	put16(p + 2, PICK(ports));
	if (random() % 2)
		p[13] = random() % 2 ? 0x02 : 0x12;
}

static void
make_ip(unsigned char *p)
{
	unsigned int	 hlen = 4 * (5 + random() % 3);

	p[0] = 0x40 | hlen / 4;
	put16(p + 6, random() % 6 != 0 ? 0 : random() % 2 ? 0x2000 : 0x0100);
	p[9] = PICK(protos);
	inet_pton(AF_INET, PICK(hosts), p + 12);
	inet_pton(AF_INET, PICK(hosts), p + 16);
	make_ports(p + hlen);
	if (p[9] == 1)
		p[hlen] = random() % 9;
}

static void
make_ip6(unsigned char *p)
{
	p[0] = 0x60;
	p[6] = PICK(protos);
	inet_pton(AF_INET6, PICK(hosts6), p + 8);
	inet_pton(AF_INET6, PICK(hosts6), p + 24);
	if (p[6] == 44) {
		p[40] = PICK(protos);
		make_ports(p + 48);
	} else
		make_ports(p + 40);
}

static void
make_arp(unsigned char *p)
{
	put16(p, 1);
	put16(p + 2, ETH_P_IP);
	p[4] = 6;
	p[5] = 4;
	p[7] = 1 + random() % 2;
	inet_pton(AF_INET, PICK(hosts), p + 14);
	inet_pton(AF_INET, PICK(hosts), p + 24);
}

static void
make_packet(struct packet *packet)
{
	unsigned int	 type = PICK(types);
	size_t		 i;

	packet->len = random() % 3 != 0 ? 60 + random() % 60 :
	    15 + random() % 80;
	for (i = 0; i < sizeof(packet->data); i++)
		packet->data[i] = random() % 3 != 0 ? 0 : random();
	memcpy(packet->data, PICK(macs), 6);
	memcpy(packet->data + 6, PICK(macs), 6);
	put16(packet->data + 12, type);
	switch (type) {
	case ETH_P_IP:
		make_ip(packet->data + 14);
		break;
	case ETH_P_IPV6:
		make_ip6(packet->data + 14);
		break;
	case ETH_P_ARP:
	case ETH_P_RARP:
		make_arp(packet->data + 14);
		break;
	case ETH_P_PPP_SES:
		put16(packet->data + 20, random() % 2 ? 0x21 : 0x57);
		make_ip(packet->data + 22);
		break;
	case ETH_P_MPLS_UC:
		packet->data[16] |= 1;
		make_ip(packet->data + 18);
		break;
	}
	/* what is wrong with it is right here; but no tag of a vlan */
	if (random() % 4 == 0)
		packet->data[14 + random() % (packet->len - 14)] = random();
}

/* The helper. */

/* What it answers, or NULL with its words. */
static struct program *
ask(const char *helper, const char *text, char *words, size_t size)
{
	static char	 buf[MAX_ANSWER + 1];
	struct program	*program = NULL;
	size_t		 len = 0;
	ssize_t		 n;
	pid_t		 pid;
	int		 fds[2], status, error;

	if (pipe(fds) == -1 || (pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) == -1)
			_exit(1);
		close(fds[0]);
		close(fds[1]);
		execl(helper, helper, "1", text, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf + len, sizeof(buf) - len)) > 0)
		len += n;
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "%s: status %d: %s", helper, status, text);
	error = program_read(buf, len, &program, words, size);
	if (error != 0 && error != EINVAL)
		errx(1, "%s: %s: %s", helper, strerror(error), text);
	return program;
}

/* Sockets. */

static int
open_socket(const char *ifname)
{
	struct sockaddr_ll	 sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(ifname)
	};
	int			 s, size = 1;

	if (sll.sll_ifindex == 0)
		err(1, "%s", ifname);
	if ((s = socket(AF_PACKET, SOCK_RAW, 0)) == -1 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == -1 ||
	    bind(s, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "%s: packet socket", ifname);
	return s;
}

static void
ignore_outgoing(int s)
{
	int	 one = 1;

	if (setsockopt(s, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one,
	    sizeof(one)) == -1)
		err(1, "PACKET_IGNORE_OUTGOING");
}

static unsigned int
take_number(int s)
{
	struct tpacket_stats	 stats;
	socklen_t		 len = sizeof(stats);

	if (getsockopt(s, SOL_PACKET, PACKET_STATISTICS, &stats, &len) == -1)
		err(1, "PACKET_STATISTICS");
	return stats.tp_packets;
}

static void
attach(int s, const struct program *program, const char *text)
{
	struct sock_fprog	 all;

	all.len = program->n;
	all.filter = (struct sock_filter *)(uintptr_t)program->insn;
	if (setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &all,
	    sizeof(all)) == -1)
		err(1, "SO_ATTACH_FILTER: %u instructions: %s", program->n,
		    text);
	take_number(s);
}

/* As counter_packet.c counts one direction. */
static struct program *
prefix_out(const struct program *program)
{
	static const struct insn	 out[] = {
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0,
		    (uint32_t)SKF_AD_OFF + SKF_AD_PKTTYPE },
		{ BPF_JMP | BPF_JEQ | BPF_K, 1, 0, PACKET_OUTGOING },
		{ BPF_RET | BPF_K, 0, 0, 0 },
		{ BPF_LD | BPF_IMM, 0, 0, 0 }
	};
	struct program			*all;

	if ((all = program_prefix(out, LENGTH(out), program)) == NULL)
		err(1, NULL);
	return all;
}

/* Until so many packets have arrived. */
static void
await(int s, unsigned int n)
{
	struct timespec	 ms = { 0, 1000000 };
	int		 i;

	for (i = 0; i < WAIT_MS && n > 0; i++) {
		n -= take_number(s);
		if (n > 0)
			nanosleep(&ms, NULL);
	}
	if (n != 0)
		errx(1, "%u packets did not arrive", n);
}

/* All that one expression needs. */
struct sockets {
	int	 from;			/* sends; takes nothing */
	int	 to;
	int	 in;			/* at "to": the program, incoming */
	int	 out;			/* at "from": the program, outgoing */
	int	 from_all;		/* what arrives, without a program */
	int	 to_all;
};

static void
send_packet(int s, const struct packet *packet)
{
	while (send(s, packet->data, packet->len, 0) == -1)
		if (errno != ENOBUFS && errno != EINTR)
			err(1, "send");
}

/* Send to both sides; returns how many of those to "to" are to be counted. */
static unsigned int
send_packets(const struct sockets *s, const struct bpf_program *program)
{
	struct packet	 packet;
	unsigned int	 i, wanted = 0;

	for (i = 0; i < PACKETS; i++) {
		make_packet(&packet);
		send_packet(s->from, &packet);
		if (bpf_filter(program->bf_insns, packet.data, packet.len,
		    packet.len) != 0)
			wanted++;
		make_packet(&packet);
		send_packet(s->to, &packet);
	}
	await(s->to_all, PACKETS);
	await(s->from_all, PACKETS);
	return wanted;
}

/*
 * Returns how many packets were to be counted and were counted, or -1 if the
 * expression is one that cannot be had.
 */
static int
try(const char *helper, const struct sockets *s, pcap_t *pcap,
    const char *text)
{
	struct bpf_program	 own;
	struct program		*program, *out;
	char			 words[256];
	unsigned int		 wanted, in_n, out_n;
	int			 failed;

	failed = pcap_compile(pcap, &own, text, 1,
	    PCAP_NETMASK_UNKNOWN) == -1;
	if ((program = ask(helper, text, words, sizeof(words))) == NULL) {
		/* which libpcap does not always notice */
		if (!failed && strcmp(words,
		    "expression rejects all packets") == 0)
			return -1;
		if (!failed || strcmp(words, pcap_geterr(pcap)) != 0)
			errx(1, "%s: helper says: %s, libpcap: %s", text,
			    words, failed ? pcap_geterr(pcap) : "fine");
		return -1;
	}
	if (failed)
		errx(1, "%s: libpcap says: %s", text, pcap_geterr(pcap));
	out = prefix_out(program);
	attach(s->in, program, text);
	attach(s->out, out, text);
	wanted = send_packets(s, &own);
	in_n = take_number(s->in);
	out_n = take_number(s->out);
	if (verbose)
		printf("%u %u instructions %s\n", wanted, program->n, text);
	if (in_n != wanted || out_n != wanted)
		errx(1, "%s: counted in %u, out %u, not %u", text, in_n,
		    out_n, wanted);
	pcap_freecode(&own);
	free(program);
	free(out);
	return wanted;
}

int
main(int argc, char *argv[])
{
	struct sockets	 s;
	struct text	 text;
	pcap_t		*pcap;
	unsigned long	 n = 1000, seed = 1, i, sum = 0, errors = 0, some = 0;
	int		 ch, wanted;

	while ((ch = getopt(argc, argv, "n:s:v")) != -1)
		switch (ch) {
		case 'n':
			n = strtoul(optarg, NULL, 10);
			break;
		case 's':
			seed = strtoul(optarg, NULL, 10);
			break;
		case 'v':
			verbose = 1;
			break;
		default:
			return 1;
		}
	if (argc - optind != 3)
		errx(1, "helper and two interfaces");
	s.from = open_socket(argv[optind + 1]);
	s.from_all = open_socket(argv[optind + 1]);
	s.out = open_socket(argv[optind + 1]);
	s.to = open_socket(argv[optind + 2]);
	s.to_all = open_socket(argv[optind + 2]);
	s.in = open_socket(argv[optind + 2]);
	ignore_outgoing(s.from_all);
	ignore_outgoing(s.to_all);
	ignore_outgoing(s.in);
	take_number(s.from_all);
	take_number(s.to_all);
	if ((pcap = pcap_open_dead(DLT_EN10MB, 65535)) == NULL)
		errx(1, "pcap_open_dead");
	srandom(seed);
	for (i = 0; i < n; ) {
		text.len = 0;
		expression(&text, random() % 4);
		wanted = try(argv[optind], &s, pcap, text.s);
		if (wanted == -1) {
			errors++;
			continue;
		}
		i++;
		sum += wanted;
		some += wanted != 0 && wanted != PACKETS;
	}
	printf("%lu expressions, %lu of %lu packets counted on each side; "
	    "%lu told packets apart, %lu more were errors\n", n, sum,
	    n * PACKETS, some, errors);
	return 0;
}
