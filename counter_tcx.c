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
 * Counting on Linux 6.6 and newer: a program of about twenty instructions on
 * the ingress and the egress of the interface.  It adds what was on the wire
 * to the slot of its processor, in an array that is mapped into bpfstatsd, and
 * lets the packet go on as if there were no program.  See bpf(2).
 *
 * attach() needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN.  Its errors:
 *
 *	ENXIO, ENODEV	there is no such interface (any more)
 *	EMFILE, ENFILE	no descriptor: it takes one a side, one more if
 *			immediate, and two for the moment
 *
 * With any other the packet socket may do: EPERM and EACCES, the right is
 * missing or something forbids bpf(2); ENOSYS, EINVAL, EOPNOTSUPP and E2BIG,
 * the kernel is too old or lacks it; ERANGE, there are 63 programs already;
 * ENOMEM.
 *
 * The descriptors of the links are what keeps the program there, so it is gone
 * with the parent, whatever ends that.  The engine needs none of them, only
 * the mappings, which it inherits, and tap.fd.
 */

#include <sys/mman.h>
#include <sys/syscall.h>

#include <linux/bpf.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter_linux.h"

/* What <linux/bpf.h> lacks where it is older than the kernel. */
#define TCX_INGRESS_TYPE	46
#define TCX_EGRESS_TYPE		47
#define TCX_GO_ON		(-1)
#ifndef BPF_F_BEFORE
#define BPF_F_BEFORE		(1U << 3)
#endif

#define SIDES		2
#define SLOTS		64	/* processors beyond that share them */
#define SLOT_SHIFT	6	/* a cache line each */
#define COUNTS_SIZE	(SLOTS << SLOT_SHIFT)
#define HEADERS		66	/* of a segment of TCP with time stamps */
#define MAX_PROGRAMS	64	/* on a side; the kernel takes 63 */
#define MAX_CODE	48
#define LOAD_TRIES	5

/* Half of a number of 64 bits, the upper one. */
#define UPPER		(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/* Instructions; r0 to r5 are lost in a call, r10 is the end of the stack. */
#define INSN(code, dst, src, off, imm) { (code), (dst), (src), (off), (imm) }
#define MOVE(dst, src) \
	INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, imm) \
	INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define ADD(dst, src) \
	INSN(BPF_ALU64 | BPF_ADD | BPF_X, dst, src, 0, 0)
#define ADD_K(dst, imm) \
	INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define ALU(op, dst, imm) \
	INSN(BPF_ALU | (op) | BPF_K, dst, 0, 0, imm)
#define ALU_X(op, dst, src) \
	INSN(BPF_ALU | (op) | BPF_X, dst, src, 0, 0)
#define LOAD(dst, src, off) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, src, off, 0)
#define STORE(size, dst, off, imm) \
	INSN(BPF_ST | BPF_MEM | (size), dst, 0, off, imm)
#define ATOMIC(size, op, dst, src) \
	INSN(BPF_STX | BPF_ATOMIC | (size), dst, src, 0, op)
#define JUMP(op, dst, imm, off) \
	INSN(BPF_JMP32 | (op) | BPF_K, dst, 0, off, imm)
#define CALL(function) \
	INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define MAP(dst, what, fd) \
	INSN(BPF_LD | BPF_IMM | BPF_DW, dst, what, 0, fd), INSN(0, 0, 0, 0, 0)
#define FIELD(dst, src, field) \
	LOAD(dst, src, offsetof(struct __sk_buff, field))

/* A counter's own: what tap.own points to. */
struct tcx {
	int		 link[SIDES];	/* ingress and egress, or -1 */
	const uint32_t	*counts;
	uint32_t	*armed;		/* the rest: NULL unless immediate */
	uint32_t	*consumed;	/* the ring is read up to here */
	const uint32_t	*produced;	/* and written up to here */
};

/* Descriptors that are needed until it is attached. */
struct parts {
	int		 counts;
	int		 armed;
	int		 ring;
	int		 program;
};

static int	 tcx_attach(struct counter *);
static void	 tcx_detach(struct counter *);
static int	 tcx_slow(const struct counter *, int *);
static int	 tcx_attached(const struct counter *);
static void	 tcx_sample(struct counter *, int64_t);
static int	 tcx_drain(struct counter *);
static int	 tcx_limit(struct counter *);

const struct kind kind_tcx = {
	.name = "tcx",
	.attach = tcx_attach,
	.detach = tcx_detach,
	.slow = tcx_slow,
	.attached = tcx_attached,
	.sample = tcx_sample,
	.drain = tcx_drain,
	.limit = tcx_limit
};

static const int	side_type[SIDES] = {
	TCX_INGRESS_TYPE, TCX_EGRESS_TYPE
};

static void	 tcx_free(struct tcx *);
static int	 make_counts(struct tcx *, struct parts *);
static int	 make_bell(struct tcx *, struct parts *);
static int	 make_map(uint32_t, uint32_t, uint32_t);
static void	*map_pages(int, int, size_t, size_t);
static void	 unmap_pages(const void *, size_t);
static int	 load_program(const struct parts *);
static size_t	 append_bell(struct bpf_insn *, size_t, const struct parts *);
static size_t	 append(struct bpf_insn *, size_t, const struct bpf_insn *,
		    size_t);
static int	 load_insns(const struct bpf_insn *, size_t);
static int	 link_side(int, unsigned int, int);
static int	 side_attached(int, unsigned int, int);
static int	 has_program(unsigned int, int, uint32_t);
static void	 close_parts(const struct parts *);
static void	 close_fd(int);
static size_t	 page_size(void);
static void	 arm(const struct tcx *);
static uint64_t	 load64(const uint32_t *);
static int	 sys_bpf(int, union bpf_attr *);

static int
tcx_attach(struct counter *counter)
{
	struct parts	 parts = { -1, -1, -1, -1 };
	struct tap	*tap = &counter->tap;
	struct tcx	*tcx;
	unsigned int	 ifindex;
	int		 error, i;

	if ((ifindex = if_nametoindex(counter->ifname)) == 0 ||
	    (tcx = calloc(1, sizeof(*tcx))) == NULL)
		return -1;
	for (i = 0; i < SIDES; i++)
		tcx->link[i] = -1;
	if (make_counts(tcx, &parts) == -1 ||
	    (counter->immediate && make_bell(tcx, &parts) == -1) ||
	    (parts.program = load_program(&parts)) == -1)
		goto fail;
	for (i = 0; i < SIDES; i++)
		if (counter->direction == DIRECTION_BOTH ||
		    counter->direction == DIRECTION_IN + i)
			if ((tcx->link[i] = link_side(parts.program,
			    ifindex, side_type[i])) == -1)
				goto fail;
	tap->ifindex = ifindex;
	tap->fd = parts.ring;
	tap->nfds = (tcx->link[0] != -1) + (tcx->link[1] != -1) +
	    (parts.ring != -1);
	tap->own = tcx;
	parts.ring = -1;
	close_parts(&parts);
	return 0;

fail:
	error = errno;
	tcx_free(tcx);
	close_parts(&parts);
	errno = error;
	return -1;
}

/* Everything else that there is of it goes with the last descriptor. */
static void
tcx_free(struct tcx *tcx)
{
	int	 i;

	for (i = 0; i < SIDES; i++)
		close_fd(tcx->link[i]);
	unmap_pages(tcx->counts, COUNTS_SIZE);
	unmap_pages(tcx->armed, sizeof(*tcx->armed));
	unmap_pages(tcx->consumed, page_size());
	unmap_pages(tcx->produced, page_size());
	free(tcx);
}

/*
 * The array of the counts.  No process can write to it, not even one that has
 * taken over the engine.
 */
static int
make_counts(struct tcx *tcx, struct parts *parts)
{
	union bpf_attr	 attr;

	if ((parts->counts = make_map(BPF_MAP_TYPE_ARRAY, COUNTS_SIZE,
	    BPF_F_MMAPABLE)) == -1)
		return -1;
	/* not BPF_F_RDONLY: with that it cannot be mapped */
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = parts->counts;
	if (sys_bpf(BPF_MAP_FREEZE, &attr) == -1)
		return -1;
	tcx->counts = map_pages(parts->counts, PROT_READ, COUNTS_SIZE, 0);
	return tcx->counts == NULL ? -1 : 0;
}

/*
 * What an immediate counter has besides: a ring buffer, whose descriptor is
 * readable when the program has written to it, and a word that says whether
 * it is to write.  It is armed from the beginning.
 */
static int
make_bell(struct tcx *tcx, struct parts *parts)
{
	size_t	 page = page_size();

	if ((parts->armed = make_map(BPF_MAP_TYPE_ARRAY, sizeof(*tcx->armed),
	    BPF_F_MMAPABLE)) == -1 ||
	    (parts->ring = make_map(BPF_MAP_TYPE_RINGBUF, page, 0)) == -1 ||
	    (tcx->armed = map_pages(parts->armed, PROT_READ | PROT_WRITE,
	    sizeof(*tcx->armed), 0)) == NULL ||
	    (tcx->consumed = map_pages(parts->ring, PROT_READ | PROT_WRITE,
	    page, 0)) == NULL ||
	    (tcx->produced = map_pages(parts->ring, PROT_READ,
	    page, page)) == NULL)
		return -1;
	arm(tcx);
	return 0;
}

/* A map of one value, or a ring of that size. */
static int
make_map(uint32_t type, uint32_t size, uint32_t flags)
{
	union bpf_attr	 attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.map_flags = flags;
	if (type == BPF_MAP_TYPE_RINGBUF)
		attr.max_entries = size;
	else {
		attr.key_size = sizeof(uint32_t);
		attr.value_size = size;
		attr.max_entries = 1;
	}
	strlcpy(attr.map_name, "bpfstatsd", sizeof(attr.map_name));
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

static void *
map_pages(int fd, int prot, size_t size, size_t offset)
{
	void	*p = mmap(NULL, size, prot, MAP_SHARED, fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

static void
unmap_pages(const void *p, size_t size)
{
	if (p != NULL)
		munmap((void *)(uintptr_t)p, size);
}

/*
 * The program.  A packet that the system has merged, or not yet cut into
 * segments, counts as so many.  One that came with a virtio header does not
 * say how many: that follows from its size, the last may be shorter.
 */
static int
load_program(const struct parts *parts)
{
	const struct bpf_insn	 count[] = {
		FIELD(BPF_REG_6, BPF_REG_1, gso_segs),
		JUMP(BPF_JNE, BPF_REG_6, 0, 9),
		SET(BPF_REG_6, 1),
		FIELD(BPF_REG_2, BPF_REG_1, gso_size),
		JUMP(BPF_JEQ, BPF_REG_2, 0, 6),
		FIELD(BPF_REG_3, BPF_REG_1, len),
		JUMP(BPF_JLE, BPF_REG_3, HEADERS, 4),
		ALU(BPF_ADD, BPF_REG_3, -(HEADERS + 1)),
		ALU_X(BPF_ADD, BPF_REG_3, BPF_REG_2),
		ALU_X(BPF_DIV, BPF_REG_3, BPF_REG_2),
		MOVE(BPF_REG_6, BPF_REG_3),
		CALL(BPF_FUNC_get_smp_processor_id),
		ALU(BPF_AND, BPF_REG_0, SLOTS - 1),
		ALU(BPF_LSH, BPF_REG_0, SLOT_SHIFT),
		MAP(BPF_REG_1, BPF_PSEUDO_MAP_VALUE, parts->counts),
		ADD(BPF_REG_1, BPF_REG_0),
		ATOMIC(BPF_DW, parts->ring == -1 ? BPF_ADD :
		    BPF_ADD | BPF_FETCH, BPF_REG_1, BPF_REG_6)
	};
	const struct bpf_insn	 end[] = {
		SET(BPF_REG_0, TCX_GO_ON),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
	};
	struct bpf_insn		 program[MAX_CODE];
	size_t			 n = 0;

	n = append(program, n, count, nitems(count));
	if (parts->ring != -1)
		n = append_bell(program, n, parts);
	n = append(program, n, end, nitems(end));
	return load_insns(program, n);
}

/*
 * The bell: if it is armed, which one processor takes from it, write to the
 * ring.  The add before this returns a value and is a barrier therefore:
 * whoever arms the bell and then reads the counts misses nothing.  Should the
 * ring not take it, the next packet tries again.
 */
static size_t
append_bell(struct bpf_insn *program, size_t n, const struct parts *parts)
{
	const struct bpf_insn	 bell[] = {
		MAP(BPF_REG_6, BPF_PSEUDO_MAP_VALUE, parts->armed),
		LOAD(BPF_REG_1, BPF_REG_6, 0),
		JUMP(BPF_JEQ, BPF_REG_1, 0, 13),
		SET(BPF_REG_1, 0),
		ATOMIC(BPF_W, BPF_XCHG, BPF_REG_6, BPF_REG_1),
		JUMP(BPF_JEQ, BPF_REG_1, 0, 10),
		STORE(BPF_DW, BPF_REG_10, -8, 0),
		MAP(BPF_REG_1, BPF_PSEUDO_MAP_FD, parts->ring),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD_K(BPF_REG_2, -8),
		SET(BPF_REG_3, 8),
		SET(BPF_REG_4, BPF_RB_FORCE_WAKEUP),
		CALL(BPF_FUNC_ringbuf_output),
		JUMP(BPF_JEQ, BPF_REG_0, 0, 1),
		STORE(BPF_W, BPF_REG_6, 0, 1)
	};

	return append(program, n, bell, nitems(bell));
}

static size_t
append(struct bpf_insn *program, size_t n, const struct bpf_insn *insns,
    size_t ninsns)
{
	memcpy(program + n, insns, ninsns * sizeof(*insns));
	return n + ninsns;
}

/* A signal that is pending makes the kernel give up with EAGAIN. */
static int
load_insns(const struct bpf_insn *insns, size_t ninsns)
{
	union bpf_attr	 attr;
	int		 fd, tries = LOAD_TRIES;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = ninsns;
	attr.license = (uintptr_t)"ISC";
	strlcpy(attr.prog_name, "bpfstatsd", sizeof(attr.prog_name));
	do
		fd = sys_bpf(BPF_PROG_LOAD, &attr);
	while (fd == -1 && errno == EAGAIN && --tries > 0);
	return fd;
}

/*
 * Attach the program to one side, before all that are there: one that drops a
 * packet, or ends the way of it through the others, would hide it.
 */
static int
link_side(int program, unsigned int ifindex, int type)
{
	union bpf_attr	 attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = program;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = type;
	attr.link_create.flags = BPF_F_BEFORE;
	return sys_bpf(BPF_LINK_CREATE, &attr);
}

/* What makes the kernel wait is to close the last copy of a link. */
static int
tcx_slow(const struct counter *counter, int *fds)
{
	const struct tcx	*tcx = counter->tap.own;
	int			 side, n = 0;

	for (side = 0; side < SIDES; side++)
		if (tcx->link[side] != -1)
			fds[n++] = tcx->link[side];
	return n;
}

/* What came after the last sample() is forgotten: call that before. */
static void
tcx_detach(struct counter *counter)
{
	tcx_free(counter->tap.own);
}

/*
 * The links follow an interface that is renamed.  They stay with it until
 * another one has the name.
 */
static int
tcx_attached(const struct counter *counter)
{
	const struct tcx	*tcx = counter->tap.own;
	unsigned int		 ours = counter->tap.ifindex, ifindex;
	int			 i;

	ifindex = if_nametoindex(counter->ifname);
	if (ifindex != 0 && ifindex != ours)
		return 0;
	for (i = 0; i < SIDES; i++)
		if (tcx->link[i] != -1 &&
		    !side_attached(tcx->link[i], ours, side_type[i]))
			return 0;
	return 1;
}

/*
 * A link to an interface that is gone has index 0.  It also follows an
 * interface to another namespace, with the same index perhaps; then the
 * program is not to be found under that index here.
 */
static int
side_attached(int link, unsigned int ifindex, int type)
{
	struct bpf_link_info	 info;
	union bpf_attr		 attr;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = link;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == -1)
		return 1;
	/* this has the place of tcx.ifindex, which is too new */
	return info.xdp.ifindex == ifindex &&
	    has_program(ifindex, type, info.prog_id);
}

/* Is the program on that side of the interface?  Without an answer it is. */
static int
has_program(unsigned int ifindex, int type, uint32_t id)
{
	union bpf_attr	 attr;
	uint32_t	 ids[MAX_PROGRAMS], i;

	memset(ids, 0, sizeof(ids));
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = ifindex;
	attr.query.attach_type = type;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	if (sys_bpf(BPF_PROG_QUERY, &attr) == -1)
		return errno != ENODEV && errno != ENOENT;
	for (i = 0; i < attr.query.prog_cnt && i < MAX_PROGRAMS; i++)
		if (ids[i] == id)
			return 1;
	return 0;
}

static void
tcx_sample(struct counter *counter, int64_t time)
{
	const struct tcx	*tcx = counter->tap.own;
	struct count		*count = counter->count;
	const struct slot	*slot = &count->slot[count->turn % 2];
	uint64_t		 number = 0;
	int			 i;

	for (i = 0; i < SLOTS; i++)
		number += load64(tcx->counts +
		    (i << SLOT_SHIFT) / sizeof(*tcx->counts));
	/* a kernel of 32 bits writes halves: never back, then */
	if ((int64_t)(number - slot->number) < 0)
		number = slot->number;
	count_store(count, slot->total + (number - slot->number), number,
	    time);
}

/*
 * First take what is in the ring, then arm the bell: what is written later
 * rings.  The records themselves say nothing.
 */
static int
tcx_drain(struct counter *counter)
{
	const struct tcx	*tcx = counter->tap.own;
	uint64_t		 produced = load64(tcx->produced);

	/* while it is not armed nobody looks at half of this */
	__atomic_store_n(&tcx->consumed[UPPER], produced >> 32,
	    __ATOMIC_RELEASE);
	__atomic_store_n(&tcx->consumed[!UPPER], produced, __ATOMIC_RELEASE);
	arm(tcx);
	return 0;
}

/* The counts that are read after this have what came before it. */
static void
arm(const struct tcx *tcx)
{
	__atomic_store_n(tcx->armed, 1, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * The engine needs no system call for its counters.  Its predecessor may have
 * been killed before it armed the bell.
 */
static int
tcx_limit(struct counter *counter)
{
	const struct tcx	*tcx = counter->tap.own;

	if (tcx->armed != NULL)
		arm(tcx);
	return 0;
}

/*
 * A number of 64 bits that the kernel changes.  Where the processor has 32 it
 * is read in halves, of which the upper one must not change meanwhile.
 */
static uint64_t
load64(const uint32_t *half)
{
	uint32_t	 upper, lower;

	do {
		upper = __atomic_load_n(&half[UPPER], __ATOMIC_ACQUIRE);
		lower = __atomic_load_n(&half[!UPPER], __ATOMIC_ACQUIRE);
	} while (upper != __atomic_load_n(&half[UPPER], __ATOMIC_ACQUIRE));
	return (uint64_t)upper << 32 | lower;
}

static void
close_parts(const struct parts *parts)
{
	close_fd(parts->counts);
	close_fd(parts->armed);
	close_fd(parts->ring);
	close_fd(parts->program);
}

static void
close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

static size_t
page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static int
sys_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}
