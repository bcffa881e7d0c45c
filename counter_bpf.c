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
 * Counting with bpf(4) on OpenBSD, FreeBSD and NetBSD.
 *
 * What counts is bs_recv: the tap increments it before it asks the filter,
 * so that a filter which takes no packet leaves a counter and nothing else.
 * FreeBSD and NetBSD look at the direction before that, OpenBSD after it.
 * There a counter of one direction has a filter that takes one byte of each
 * packet, and buffers of the smallest size.  Nobody reads what they hold: the
 * packets of that direction are those dropped and the few that are held.
 */

#include <sys/param.h>
#include <sys/ioctl.h>
#ifdef __FreeBSD__
#include <sys/capsicum.h>
#endif
#include <sys/uio.h>

#include <net/bpf.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

/*
 * The size of a buffer, and with it of each read(2).  A record is a header,
 * which the kernel pads by less than a word, and one byte.  It must fit, but
 * where drops are counted it must not fit twice: a read takes one record, see
 * take_record().
 */
#if defined(BIOCSDIRFILT)
#define BUFFER_SIZE	32
#elif defined(__FreeBSD__)
#define BUFFER_SIZE	40
#else
#define BUFFER_SIZE	64
#endif

/* The room that a record takes in a buffer. */
#define RECORD_SIZE	BPF_WORDALIGN(sizeof(struct bpf_hdr) + 1)

/* Under a flood there is always more to read: the bell rings again then. */
#define MAX_READS	8

/* The direction that no packet on loopback has, where each is seen once. */
#if defined(__FreeBSD__)
#define UNSEEN	DIRECTION_OUT
#elif defined(__NetBSD__) || OpenBSD >= 202310
#define UNSEEN	DIRECTION_IN
#else
#define UNSEEN	(-1)
#endif

static int	bpf_attach(struct counter *);
static void	check_direction(const struct counter *);
static int	bpf_attached(const struct counter *);
static void	bpf_sample(struct counter *, int64_t);
static int	bpf_drain(struct counter *);
static int	bpf_limit(struct counter *);
static int	counts_drops(const struct counter *);
static int	set_filter(const struct counter *);
static int	set_program(const struct counter *);
static int	set_direction(const struct counter *);
static int	get_number(const struct counter *, uint32_t *);
static ssize_t	take_record(struct counter *);
static void	settle(struct count *);

const char		counter_device[] = "/dev/bpf";

/*
 * NetBSD gives each descriptor a soft interrupt.  When there are no more,
 * open(2) does not fail, but close(2) panics.
 */
#ifdef __NetBSD__
const unsigned int	counter_max = 256;
#else
const unsigned int	counter_max = UINT_MAX;
#endif

static const struct kind	 kind_bpf = {
	.name = "bpf",
	.wants_spare = 1,
	.attach = bpf_attach,
	.attached = bpf_attached,
	.sample = bpf_sample,
	.drain = bpf_drain,
	.limit = bpf_limit
};

const char *
counter_name(char *ifname)
{
	if (strncmp(ifname, "nflog:", 6) == 0)
		return "nflog exists on Linux only";
	return strchr(ifname, ':') != NULL ?
	    "invalid interface name: no colon" : NULL;
}

const struct kind *const *
counter_kinds(const struct counter *counter)
{
	static const struct kind *const	 kinds[] = { &kind_bpf, NULL };

	return kinds;
}

int
counter_open(void)
{
	return open(counter_device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

int
counter_listens(const char *ifname)
{
	return 0;
}

const char *
counter_remedy(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "start as root, install bpfstatsd with mode 4555 or "
		    "get read access";
	case ENOENT:
		return "make it with MAKEDEV(8), or let the jail see it";
	case EBUSY:
		return "all bpf devices of the system are in use";
	case EMFILE:
		return counter_max == UINT_MAX ?
		    "raise the limit of open files in login.conf(5)" :
		    "raise the limit of open files in login.conf(5); 256 "
		    "counters are the most";
	case ENFILE:
		return "raise kern.maxfiles with sysctl(8)";
	default:
		return NULL;
	}
}

static int
bpf_attach(struct counter *counter)
{
	struct ifreq	 ifr;
	unsigned int	 size = BUFFER_SIZE, on = 1;
	int		 fd = counter->tap.fd;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, counter->ifname, sizeof(ifr.ifr_name));
	if (ioctl(fd, BIOCSBLEN, &size) == -1 ||
	    set_filter(counter) == -1 || set_direction(counter) == -1 ||
	    ioctl(fd, BIOCSETIF, &ifr) == -1 ||
	    (counter->filter != NULL && set_program(counter) == -1) ||
	    (counter->immediate && ioctl(fd, BIOCIMMEDIATE, &on) == -1))
		return -1;
#ifdef __FreeBSD__
	/*
	 * With net.bpf.optimize_writers=1 a descriptor that gets no two
	 * filters once it is attached passes for a sender and counts nothing.
	 */
	if (counter->filter != NULL ? set_program(counter) == -1 :
	    set_filter(counter) == -1 || set_filter(counter) == -1)
		return -1;
#endif
#ifdef BIOCLOCK
	if (ioctl(fd, BIOCLOCK) == -1)
		return -1;
#endif
	if ((counter->tap.ifindex = if_nametoindex(counter->ifname)) == 0) {
		errno = ENXIO;
		return -1;
	}
	check_direction(counter);
	return 0;
}

static void
check_direction(const struct counter *counter)
{
	int	 is_in = counter->direction == DIRECTION_IN;

	if (counter->direction == UNSEEN && iface_loops(counter->ifname))
		log_warnx("%s: direction %s sees nothing: on loopback all "
		    "packets are %s", counter->ifname, is_in ? "in" : "out",
		    is_in ? "outgoing" : "incoming");
}

/*
 * Is the number made of dropped and held packets?  Of a filter NetBSD tells
 * itself how many it took.
 */
static int
counts_drops(const struct counter *counter)
{
#if defined(BIOCSDIRFILT)
	return counter->direction != DIRECTION_BOTH ||
	    counter->filter != NULL;
#elif defined(__FreeBSD__)
	return counter->filter != NULL;
#else
	return 0;
#endif
}

/*
 * Take one byte of each packet where copies count or ring; else nothing.  The
 * program of an expression follows when the link type is known.
 */
static int
set_filter(const struct counter *counter)
{
	struct bpf_insn		 insn = BPF_STMT(BPF_RET | BPF_K, 0);
	struct bpf_program	 program = { 1, &insn };

	if (counter->filter == NULL &&
	    (counter->immediate || counts_drops(counter)))
		insn.k = 1;
	return ioctl(counter->tap.fd, BIOCSETF, &program);
}

/* The descriptor is attached.  This zeroes its numbers. */
static int
set_program(const struct counter *counter)
{
	const struct program	*filter;
	struct bpf_insn		 insns[MAX_INSNS];
	struct bpf_program	 program = { 0, insns };
	unsigned int		 dlt;

	_Static_assert(sizeof(insns[0]) == sizeof(filter->insn[0]),
	    "struct insn is laid out as struct bpf_insn");

	if (ioctl(counter->tap.fd, BIOCGDLT, &dlt) == -1 ||
	    (filter = filter_get(counter->filter, dlt)) == NULL)
		return -1;
	program.bf_len = filter->n;
	memcpy(insns, filter->insn, filter->n * sizeof(insns[0]));
	return ioctl(counter->tap.fd, BIOCSETF, &program);
}

static int
set_direction(const struct counter *counter)
{
	unsigned int	 value;

	if (counter->direction == DIRECTION_BOTH)
		return 0;
#ifdef BIOCSDIRFILT
	/* these are the packets to leave out */
	value = counter->direction == DIRECTION_IN ? BPF_DIRECTION_OUT :
	    BPF_DIRECTION_IN;
	return ioctl(counter->tap.fd, BIOCSDIRFILT, &value);
#else
	value = counter->direction == DIRECTION_IN ? BPF_D_IN : BPF_D_OUT;
	return ioctl(counter->tap.fd, BIOCSDIRECTION, &value);
#endif
}

/*
 * OpenBSD revokes the descriptor with its interface, whatever comes after it
 * under the same name; the others detach it.  A renamed interface keeps its
 * descriptors, but is not the rule's any more.
 */
static int
bpf_attached(const struct counter *counter)
{
	struct ifreq	 ifr;

	return ioctl(counter->tap.fd, BIOCGETIF, &ifr) == 0 &&
	    strncmp(ifr.ifr_name, counter->ifname,
	    sizeof(ifr.ifr_name)) == 0 &&
	    if_nametoindex(counter->ifname) == counter->tap.ifindex;
}

static void
bpf_sample(struct counter *counter, int64_t time)
{
	struct count	*count = counter->count;
	struct slot	*slot;
	uint32_t	 number;

	settle(count);
	if (get_number(counter, &number) == -1)
		return;
	slot = &count->slot[count->turn % 2];
	slot->kernel[0] = 0;
	count_store(count, slot->total + (uint32_t)(number -
	    (uint32_t)slot->number), number, time);
}

/*
 * The packets since the descriptor was attached, modulo 2^32, less those
 * that take_record() took.  Drops come first: a packet that arrives between
 * the two ioctls may be missed until the next time, but not counted twice.
 */
static int
get_number(const struct counter *counter, uint32_t *number)
{
	struct bpf_stat	 stat;
	int		 held;

	if (ioctl(counter->tap.fd, BIOCGSTATS, &stat) == -1)
		return -1;
	*number = (uint32_t)stat.bs_recv;
#ifdef __NetBSD__
	if (counter->filter != NULL)
		*number = (uint32_t)stat.bs_capt;
#endif
	if (counts_drops(counter)) {
		if (ioctl(counter->tap.fd, FIONREAD, &held) == -1)
			return -1;
		*number = (uint32_t)stat.bs_drop +
		    (held + RECORD_SIZE - 1) / RECORD_SIZE;
	}
	return 0;
}

static int
bpf_drain(struct counter *counter)
{
	char	 buf[BUFFER_SIZE];
	ssize_t	 n;
	int	 i;

	settle(counter->count);
	for (i = 0; i < MAX_READS; i++) {
		if (counts_drops(counter)) {
			n = take_record(counter);
			settle(counter->count);
		} else
			n = read(counter->tap.fd, buf, sizeof(buf));
		if (n == 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return errno == EAGAIN ? 0 : -1;
	}
	return 0;
}

/*
 * Read the record of one packet that the number counts as held.  An engine
 * may be killed before it writes down that it has read, so the kernel does
 * that with the record itself: the header's own length, which is never 0,
 * goes to kernel[0] of the slot that is not current, which is 0 before.
 */
static ssize_t
take_record(struct counter *counter)
{
	struct count	*count = counter->count;
	struct slot	*next = &count->slot[(count->turn + 1) % 2];
	char		 buf[BUFFER_SIZE];
	struct iovec	 iov[3];

	iov[0].iov_base = buf;
	iov[0].iov_len = offsetof(struct bpf_hdr, bh_hdrlen);
	iov[1].iov_base = &next->kernel[0];
	iov[1].iov_len = sizeof(next->kernel[0]);
	iov[2].iov_base = buf;
	iov[2].iov_len = sizeof(buf) - iov[0].iov_len - iov[1].iov_len;
	return readv(counter->tap.fd, iov, 3);
}

/*
 * If a record has been read, expect one packet less to be held.  The packet
 * itself is added to the total by the next sample.
 */
static void
settle(struct count *count)
{
	struct slot	*slot = &count->slot[count->turn % 2];
	struct slot	*next = &count->slot[(count->turn + 1) % 2];

	if (next->kernel[0] == 0)
		return;
	slot->kernel[0] = 0;
	count_store(count, slot->total, (uint32_t)slot->number - 1,
	    slot->looked);
}

/* Capsicum limits a descriptor; pledge(2) limits the engine all at once. */
static int
bpf_limit(struct counter *counter)
{
#ifdef __FreeBSD__
	const cap_ioctl_t	 commands[] = { BIOCGSTATS, FIONREAD };
	cap_rights_t		 rights;

	cap_rights_init(&rights, CAP_IOCTL);
	if (counter->immediate)
		cap_rights_set(&rights, CAP_READ, CAP_EVENT);
	if (cap_rights_limit(counter->tap.fd, &rights) == -1 ||
	    cap_ioctls_limit(counter->tap.fd, commands,
	    counts_drops(counter) ? 2 : 1) == -1)
		return errno == ENOSYS ? 0 : -1;
#endif
	return 0;
}
