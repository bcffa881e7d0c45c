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
 * Counting on Linux: a packet(7) socket that nobody reads.  Its smallest
 * receive buffer fills with a few packets cut to one byte; from then on the
 * kernel only counts.  PACKET_STATISTICS includes what did not fit, and is
 * cleared by each reading.
 */

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "counter_nflog.h"

#define CLOSERS		32
#define MAX_READS	64

/* Counters that are being closed by several threads. */
struct closing {
	pthread_mutex_t	 lock;
	struct counter	*next;
	int		 all;
};

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING	23
#endif

const char	counter_device[] = "packet socket";

static int	wants_each(const struct counter *);
static int	set_option(int, int, int, int);
static int	set_filter(int, int);
static int	is_closing(const struct closing *, const struct counter *);
static void	*close_some(void *);

/* Protocol 0: what arrives before the socket is bound is not for it. */
int
counter_open(const char *ifname)
{
	if (ifname != NULL && nflog_group(ifname) != -1)
		return nflog_open();
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* An nflog group is always there; its number is no interface's. */
unsigned int
counter_index(const char *ifname)
{
	int	 group = nflog_group(ifname);

	return group != -1 ? UINT_MAX - group : if_nametoindex(ifname);
}

int
counter_listens(const char *ifname)
{
	return nflog_group(ifname) != -1;
}

const char *
counter_remedy(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "start as root or with the capability cap_net_raw "
		    "(nflog: cap_net_admin)";
	case EBUSY:
		return "another program has this group";
	case EMFILE:
		return "raise the limit of open descriptors";
	case EAFNOSUPPORT:
		return "the kernel lacks CONFIG_PACKET";
	}
	return NULL;
}

int
counter_attach(struct counter *counter, int fd)
{
	struct sockaddr_ll	 sll;
	struct ifreq		 ifr;
	int			 group = nflog_group(counter->ifname);

	if (group != -1) {
		if (nflog_attach(fd, group) == -1 ||
		    nflog_tune(fd, group, wants_each(counter)) == -1)
			return -1;
		counter->count->slot[counter->count->turn % 2].raw[0] = 0;
		counter->fd = fd;
		counter->ifindex = counter_index(counter->ifname);
		return 0;
	}
	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_ALL);
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, counter->ifname, sizeof(ifr.ifr_name));
	if (ioctl(fd, SIOCGIFINDEX, &ifr) == -1) {
		if (errno == ENODEV)
			errno = ENXIO;
		return -1;
	}
	sll.sll_ifindex = ifr.ifr_ifindex;
	if (set_option(fd, SOL_SOCKET, SO_RCVBUF, 0) == -1 ||
	    set_filter(fd, counter->direction) == -1 ||
	    (counter->direction == DIRECTION_IN &&
	    set_option(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) == -1) ||
	    set_option(fd, SOL_SOCKET, SO_LOCK_FILTER, 1) == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1) {
		if (errno == ENODEV)
			errno = ENXIO;
		return -1;
	}
	counter->fd = fd;
	counter->ifindex = sll.sll_ifindex;
	return 0;
}

/* Does a rule act when a packet arrives? */
static int
wants_each(const struct counter *counter)
{
	const struct rule	*rule;

	TAILQ_FOREACH(rule, &counter->rules, sibling)
		if (rule->terms.immediate)
			return 1;
	return 0;
}

static int
set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * Accept one byte of a packet, so that it is counted; only packets that go
 * out if that is the direction.
 */
static int
set_filter(int fd, int direction)
{
	static struct sock_filter	 all[] = {
		BPF_STMT(BPF_RET | BPF_K, 1)
	};
	static struct sock_filter	 out[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0)
	};
	struct sock_fprog		 program = { 1, all };

	if (direction == DIRECTION_OUT)
		program = (struct sock_fprog){ 4, out };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
	    sizeof(program));
}

/*
 * The socket follows an interface that is renamed.  It stays with it until
 * another one has the name.
 */
int
counter_attached(const struct counter *counter)
{
	struct sockaddr_ll	 sll = { 0 };
	socklen_t		 len = sizeof(sll);
	unsigned int		 ifindex;

	if (nflog_group(counter->ifname) != -1)
		return 1;
	if (getsockname(counter->fd, (struct sockaddr *)&sll, &len) == -1 ||
	    sll.sll_ifindex != (int)counter->ifindex)
		return 0;
	ifindex = if_nametoindex(counter->ifname);
	return ifindex == 0 || ifindex == counter->ifindex;
}

/*
 * The kernel clears its number when it is read, so it is read right into the
 * slot that comes next.  raw[0] of that slot is 0 until then, and an engine
 * that was killed in between leaves it for its successor to add.
 */
void
counter_sample(struct counter *counter)
{
	struct count		*count = counter->count;
	struct slot		*next = &count->slot[(count->turn + 1) % 2];
	struct slot		*slot = &count->slot[count->turn % 2];
	socklen_t		 len = sizeof(struct tpacket_stats);

	_Static_assert(sizeof(struct tpacket_stats) == sizeof(next->raw),
	    "raw[] holds a struct tpacket_stats, tp_packets first");

	if (nflog_group(counter->ifname) != -1) {
		if (counter->fd != -1)
			nflog_sample(counter);
		return;
	}
	if (next->raw[0] == 0 && counter->fd != -1) {
		/*
		 * Have the page there and writable: were the kernel to fault
		 * on it when it has cleared its number, a KILL could end the
		 * fault and lose the number.
		 */
		*(volatile uint32_t *)next->raw = 0;
		/*
		 * Not getsockopt(3): on 32-bit systems that may be
		 * socketcall(2), whose arguments the sandbox cannot see.
		 */
		if (syscall(SYS_getsockopt, counter->fd, SOL_PACKET,
		    PACKET_STATISTICS, next->raw, &len) == -1)
			next->raw[0] = 0;
	}
	if (next->raw[0] == 0)
		return;
	slot->raw[0] = 0;
	count_store(count, slot->total + next->raw[0]);
}

/* ENETDOWN comes once when the interface goes down, which it may survive. */
int
counter_drain(struct counter *counter)
{
	char	 c;
	int	 i;

	if (nflog_group(counter->ifname) != -1)
		return 0;		/* sampling reads it all */
	/* under a flood there is always more: the bell rings again then */
	for (i = 0; i < MAX_READS; i++)
		if (recv(counter->fd, &c, sizeof(c), 0) == -1 &&
		    errno != ENETDOWN && errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
	return 0;
}

/*
 * close(2) of a packet socket waits some milliseconds until no processor can
 * be using it any more.  Those waits are had side by side.
 */
void
counter_close(struct conf *conf, int all)
{
	pthread_t	 threads[CLOSERS];
	struct closing	 closing = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.all = all
	};
	struct counter	*counter;
	int		 i, n = 0, left = -1;

	RB_FOREACH(counter, counters, &conf->counters)
		if (is_closing(&closing, counter))
			left++;
	closing.next = RB_MIN(counters, &conf->counters);
	while (n < CLOSERS && n < left &&
	    pthread_create(&threads[n], NULL, close_some, &closing) == 0)
		n++;
	close_some(&closing);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static int
is_closing(const struct closing *closing, const struct counter *counter)
{
	return counter->fd != -1 && (closing->all || counter->gone);
}

static void *
close_some(void *arg)
{
	struct closing	*closing = arg;
	struct counter	*counter;

	for (;;) {
		pthread_mutex_lock(&closing->lock);
		if ((counter = closing->next) != NULL)
			closing->next = RB_NEXT(counters, NULL, counter);
		pthread_mutex_unlock(&closing->lock);
		if (counter == NULL)
			return NULL;
		if (is_closing(closing, counter)) {
			close(counter->fd);
			counter->fd = -1;
		}
	}
}

/* An nflog group has one counter, whatever its rules want. */
void
counter_tune(const struct counter *counter)
{
	int	 group = nflog_group(counter->ifname);

	if (group != -1 && counter->fd != -1 &&
	    nflog_tune(counter->fd, group, wants_each(counter)) == -1)
		log_warn("%s", counter->ifname);
}

/* The sandbox lets the engine ask for PACKET_STATISTICS and nothing else. */
int
counter_limit(const struct counter *counter)
{
	(void)counter;
	return 0;
}
