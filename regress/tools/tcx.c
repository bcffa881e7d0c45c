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
 * Programs of others on an interface, by tcx:
 *
 *	tcx show interface	how many are there: ingress, egress
 *	tcx pass interface	one that ends a packet's way through the others
 *	tcx drop interface	one that drops all packets
 *	tcx fill interface	as many as the kernel takes; prints how many
 *	tcx detach interface	take away the first on the ingress
 *
 * Programs are on both sides.  Pass, drop and fill say "ready" and stay until
 * SIGTERM ends them, and the programs with them.
 */

#include <sys/syscall.h>
#include <net/if.h>

#include <linux/bpf.h>

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TCX_INGRESS_TYPE	46
#define TCX_EGRESS_TYPE		47
#define MAX_PROGRAMS		64
#define GO_ON			(-1)
#define PASS			0
#define DROP			2

static void	 usage(void) __attribute__((__noreturn__));
static int	 sys_bpf(int, union bpf_attr *);
static int	 query(unsigned int, int, uint32_t *);
static void	 detach(unsigned int);
static int	 attach(unsigned int, int, int);
static int	 fill(unsigned int, int);

static void
usage(void)
{
	fprintf(stderr, "usage: tcx show|pass|drop|fill|detach interface\n");
	_exit(1);
}

static int
sys_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The programs on a side.  Returns how many there are. */
static int
query(unsigned int ifindex, int type, uint32_t *ids)
{
	union bpf_attr	 attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = ifindex;
	attr.query.attach_type = type;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	if (sys_bpf(BPF_PROG_QUERY, &attr) == -1) {
		if (errno == ENOENT)
			return 0;
		err(1, "BPF_PROG_QUERY");
	}
	return attr.query.prog_cnt;
}

/* Whoever holds the link keeps it, but it is attached to nothing. */
static void
detach(unsigned int ifindex)
{
	uint32_t		 ids[MAX_PROGRAMS];
	struct bpf_link_info	 info;
	union bpf_attr		 attr;
	uint32_t		 id = 0;
	int			 fd;

	if (query(ifindex, TCX_INGRESS_TYPE, ids) == 0)
		errx(1, "no program");
	for (;;) {
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (sys_bpf(BPF_LINK_GET_NEXT_ID, &attr) == -1)
			err(1, "BPF_LINK_GET_NEXT_ID");
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.link_id = id;
		if ((fd = sys_bpf(BPF_LINK_GET_FD_BY_ID, &attr)) == -1)
			continue;
		memset(&info, 0, sizeof(info));
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 &&
		    info.prog_id == ids[0])
			break;
		close(fd);
	}
	memset(&attr, 0, sizeof(attr));
	attr.link_detach.link_fd = fd;
	if (sys_bpf(BPF_LINK_DETACH, &attr) == -1)
		err(1, "BPF_LINK_DETACH");
}

/* After those that are there. */
static int
attach(unsigned int ifindex, int type, int verdict)
{
	struct bpf_insn	 insns[] = {
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, verdict },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 }
	};
	union bpf_attr	 attr;
	int		 fd, link;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t)"ISC";
	if ((fd = sys_bpf(BPF_PROG_LOAD, &attr)) == -1)
		err(1, "BPF_PROG_LOAD");
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = fd;
	attr.link_create.target_ifindex = ifindex;
	attr.link_create.attach_type = type;
	link = sys_bpf(BPF_LINK_CREATE, &attr);
	close(fd);
	return link;
}

static int
fill(unsigned int ifindex, int type)
{
	int	 n = 0;

	while (attach(ifindex, type, GO_ON) != -1)
		n++;
	if (errno != ERANGE)
		err(1, "BPF_LINK_CREATE");
	return n;
}

int
main(int argc, char *argv[])
{
	uint32_t	 ids[MAX_PROGRAMS];
	unsigned int	 ifindex;
	int		 verdict;

	if (argc != 3)
		usage();
	if ((ifindex = if_nametoindex(argv[2])) == 0)
		err(1, "%s", argv[2]);
	if (strcmp(argv[1], "show") == 0) {
		printf("%d %d\n", query(ifindex, TCX_INGRESS_TYPE, ids),
		    query(ifindex, TCX_EGRESS_TYPE, ids));
		return 0;
	}
	if (strcmp(argv[1], "detach") == 0) {
		detach(ifindex);
		return 0;
	}
	if (strcmp(argv[1], "fill") == 0)
		printf("%d %d\n", fill(ifindex, TCX_INGRESS_TYPE),
		    fill(ifindex, TCX_EGRESS_TYPE));
	else {
		if (strcmp(argv[1], "pass") == 0)
			verdict = PASS;
		else if (strcmp(argv[1], "drop") == 0)
			verdict = DROP;
		else
			usage();
		if (attach(ifindex, TCX_INGRESS_TYPE, verdict) == -1 ||
		    attach(ifindex, TCX_EGRESS_TYPE, verdict) == -1)
			err(1, "BPF_LINK_CREATE");
	}
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
