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
 *
 * Programs are on both sides.  All but show say "ready" and stay until SIGTERM
 * ends them, and the programs with them.
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
static int	 count(unsigned int, int);
static int	 attach(unsigned int, int, int);
static int	 fill(unsigned int, int);

static void
usage(void)
{
	fprintf(stderr, "usage: tcx show|pass|drop|fill interface\n");
	_exit(1);
}

static int
sys_bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int
count(unsigned int ifindex, int type)
{
	uint32_t	 ids[MAX_PROGRAMS];
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
	unsigned int	 ifindex;
	int		 verdict;

	if (argc != 3)
		usage();
	if ((ifindex = if_nametoindex(argv[2])) == 0)
		err(1, "%s", argv[2]);
	if (strcmp(argv[1], "show") == 0) {
		printf("%d %d\n", count(ifindex, TCX_INGRESS_TYPE),
		    count(ifindex, TCX_EGRESS_TYPE));
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
