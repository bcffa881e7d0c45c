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
 * Counting on Linux with a packet(7) socket that nobody reads.  Its smallest
 * receive buffer fills with a few packets; from then on the kernel only
 * counts.  PACKET_STATISTICS includes what did not fit, and is cleared by
 * each reading.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter_linux.h"

#define MAX_READS	64

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

static int	packet_attach(struct counter *);
static int	packet_attached(const struct counter *);
static int	packet_slow(const struct counter *, int *);
static void	packet_sample(struct counter *, int64_t);
static int	packet_drain(struct counter *);
static int	set_option(int, int, int, int);
static int	set_filter(const struct counter *);
static int	set_program(int, const struct insn *, unsigned int);

const struct kind	 kind_packet = {
	.name = "packet socket",
	.wants_spare = 1,
	.attach = packet_attach,
	.slow = packet_slow,
	.attached = packet_attached,
	.sample = packet_sample,
	.drain = packet_drain
};

static int
packet_attach(struct counter *counter)
{
	struct sockaddr_ll	 sll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL)
	};
	struct ifreq		 ifr = { .ifr_name = "" };
	int			 fd = counter->tap.fd;

	memcpy(ifr.ifr_name, counter->ifname, sizeof(ifr.ifr_name));
	if (ioctl(fd, SIOCGIFINDEX, &ifr) == -1)
		return -1;
	sll.sll_ifindex = ifr.ifr_ifindex;
	counter->tap.ifindex = ifr.ifr_ifindex;
	if (set_option(fd, SOL_SOCKET, SO_RCVBUF, 0) == -1 ||
	    set_filter(counter) == -1 ||
	    (counter->direction == DIRECTION_IN &&
	    set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) == -1) ||
	    set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1) == -1)
		return -1;
	return bind(fd, (struct sockaddr *)&sll, sizeof(sll));
}

static int
set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * No program where none is needed: it costs a third of the tap.  What rings
 * gets one byte of a packet, so that no more can be read.
 */
static int
set_filter(const struct counter *counter)
{
	static const struct insn	 out[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1)
	};
	const struct program		*filter = NULL;
	struct program			*both;
	int				 fd = counter->tap.fd;
	int				 is_out, dlt, result;

	is_out = counter->direction == DIRECTION_OUT;
	if (counter->filter == NULL) {
		if (is_out)
			return set_program(fd, out, 4);
		return counter->immediate ? set_program(fd, out + 3, 1) : 0;
	}
	if ((dlt = iface_dlt(counter->ifname)) == -1 ||
	    (filter = filter_get(counter->filter, dlt)) == NULL)
		return -1;
	if (!is_out)
		return set_program(fd, filter->insn, filter->n);
	if ((both = program_prefix(out, 3, filter)) == NULL)
		return -1;
	result = set_program(fd, both->insn, both->n);
	free(both);
	return result;
}

static int
set_program(int fd, const struct insn *insns, unsigned int n)
{
	struct sock_filter	 code[MAX_PREFIX + MAX_INSNS];
	struct sock_fprog	 program = { n, code };

	_Static_assert(sizeof(code[0]) == sizeof(insns[0]),
	    "struct insn is laid out as struct sock_filter");

	memcpy(code, insns, n * sizeof(*insns));
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program));
}

/* close(2) waits until no processor can be using the socket any more. */
static int
packet_slow(const struct counter *counter, int *fds)
{
	*fds = counter->tap.fd;
	return 1;
}

/*
 * The socket follows an interface that is renamed.  It stays with it until
 * another one has the name.
 */
static int
packet_attached(const struct counter *counter)
{
	struct sockaddr_ll	 sll = { 0 };
	socklen_t		 len = sizeof(sll);
	unsigned int		 ifindex;

	if (getsockname(counter->tap.fd, (struct sockaddr *)&sll, &len) ==
	    -1 || sll.sll_ifindex != (int)counter->tap.ifindex)
		return 0;
	ifindex = if_nametoindex(counter->ifname);
	return ifindex == 0 || ifindex == counter->tap.ifindex;
}

/*
 * The kernel clears its number when it is read, so it is read right into the
 * slot that comes next.  kernel[0] of that slot is 0 until then, and an
 * engine that was killed in between leaves it for its successor to add.
 */
static void
packet_sample(struct counter *counter, int64_t time)
{
	struct count		*count = counter->count;
	struct slot		*next = &count->slot[(count->turn + 1) % 2];
	struct slot		*slot = &count->slot[count->turn % 2];
	socklen_t		 len = sizeof(struct tpacket_stats);

	_Static_assert(sizeof(struct tpacket_stats) == sizeof(next->kernel),
	    "kernel[] holds a struct tpacket_stats, tp_packets first");

	if (next->kernel[0] == 0) {
		/*
		 * Have the page there and writable: were the kernel to fault
		 * on it when it has cleared its number, a KILL could end the
		 * fault and lose the number.
		 */
		*(volatile uint32_t *)next->kernel = 0;
		/*
		 * Not getsockopt(3): on 32-bit systems that may be
		 * socketcall(2), whose arguments the sandbox cannot see.
		 */
		if (syscall(SYS_getsockopt, counter->tap.fd, SOL_PACKET,
		    PACKET_STATISTICS, next->kernel, &len) == -1)
			next->kernel[0] = 0;
	}
	slot->kernel[0] = 0;
	count_store(count, slot->total + next->kernel[0], 0, time);
}

/* ENETDOWN comes once when the interface goes down, which it may survive. */
static int
packet_drain(struct counter *counter)
{
	char	 c;
	int	 i;

	/* under a flood there is always more: it rings again then */
	for (i = 0; i < MAX_READS; i++)
		if (recv(counter->tap.fd, &c, sizeof(c), 0) == -1 &&
		    errno != ENETDOWN && errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
	return 0;
}
