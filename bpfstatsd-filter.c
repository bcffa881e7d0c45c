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
 * bpfstatsd-filter: compile one expression of pcap-filter for a link type,
 *
 *	bpfstatsd-filter dlt expression
 *
 * and write what filter.h says.  It is a program of its own because libpcap is
 * large, and its compiler keeps state from one expression to the next.
 */

#include <sys/types.h>
#include <sys/resource.h>

#include <err.h>
#include <errno.h>
#include <pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter.h"

#define MAX_MEMORY	((rlim_t)256 * 1024 * 1024)	/* bytes */
#define MAX_CPU		4			/* seconds */
#define MAX_FILES	16

#ifndef PCAP_NETMASK_UNKNOWN
#define PCAP_NETMASK_UNKNOWN	0xffffffff
#endif

/* Letters of a word, and of its inside, as libpcap's scanner has them. */
#define LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
		"0123456789."
#define INSIDE	LETTERS "-_"

static void		 limit(void);
static void		 cpu_handler(int);
static int		 compile(int, char *);
static const char	*word_error(const char *, int);
static const char	*next_word(const char *, size_t *);
static int		 is_word(const char *, size_t, const char *);
static const char	*program_error(const struct bpf_program *);
static int		 answer_program(const struct bpf_program *);
static int		 answer_text(unsigned int, const char *);
static int		 answer(const struct answer *, const void *, size_t);

int
main(int argc, char *argv[])
{
	const char	*error;
	int		 dlt;

	if (argc != 3) {
		fprintf(stderr, "usage: bpfstatsd-filter dlt expression\n");
		return 1;
	}
	dlt = (int)strtonum(argv[1], 0, INT32_MAX, &error);
	if (error != NULL)
		errx(1, "dlt is %s: %s", error, argv[1]);
	limit();
	/* a kernel without a sandbox: the limits must do */
	if ((unveil("/etc", "r") == -1 ||
	    pledge("error stdio rpath", NULL) == -1) && errno != ENOSYS)
		return answer_text(ANSWER_FAILED, strerror(errno));
	return compile(dlt, argv[2]);
}

/* No expression needs more: no process, no file to write, no core. */
static void
limit(void)
{
	static const struct {
		int		 resource;
		struct rlimit	 max;
	}			 limits[] = {
		/* NetBSD looks once a second */
		{ RLIMIT_CPU, { MAX_CPU, MAX_CPU + 2 } },
		{ RLIMIT_DATA, { MAX_MEMORY, MAX_MEMORY } },
		{ RLIMIT_NOFILE, { MAX_FILES, MAX_FILES } },
		{ RLIMIT_NPROC, { 0, 0 } },
		{ RLIMIT_FSIZE, { 0, 0 } },
		{ RLIMIT_CORE, { 0, 0 } }
	};
	struct rlimit		 rl;
	size_t			 i;

	signal(SIGXCPU, cpu_handler);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (getrlimit(limits[i].resource, &rl) == -1)
			continue;
		if (rl.rlim_max > limits[i].max.rlim_max)
			rl.rlim_max = limits[i].max.rlim_max;
		if (rl.rlim_cur > limits[i].max.rlim_cur)
			rl.rlim_cur = limits[i].max.rlim_cur;
		setrlimit(limits[i].resource, &rl);
	}
}

/* libpcap's optimizer may need hours: an error that does not go away. */
static void
cpu_handler(int sig)
{
#define TOO_COMPLEX	"too complex: use several rules"
	static const struct {
		struct answer	 head;
		char		 text[sizeof(TOO_COMPLEX)];
	}			 all = {
		{ ANSWER_MAGIC, ANSWER_ERROR, sizeof(TOO_COMPLEX) - 1 },
		TOO_COMPLEX
	};

	_exit(write(STDOUT_FILENO, &all,
	    sizeof(all.head) + all.head.len) == -1);
}

/* Returns the exit status, as all that answer do. */
static int
compile(int dlt, char *text)
{
	struct bpf_program	 program;
	pcap_t			*pcap;
	const char		*error;

	if ((error = word_error(text, dlt)) != NULL)
		return answer_text(ANSWER_ERROR, error);
	if ((pcap = pcap_open_dead(dlt, 1)) == NULL)
		return answer_text(ANSWER_FAILED, "pcap_open_dead");
	if (pcap_compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) == -1)
		return answer_text(ANSWER_ERROR, pcap_geterr(pcap));
	if ((error = program_error(&program)) != NULL)
		return answer_text(ANSWER_ERROR, error);
	return answer_program(&program);
}

/*
 * Words that libpcap compiles for any interface although they find nothing,
 * or something else, on this one.
 */
static const char *
word_error(const char *text, int dlt)
{
	const char	*word, *before = "";
	size_t		 len, before_len = 0;

	for (word = next_word(text, &len); word != NULL;
	    word = next_word(word + len, &len)) {
#ifdef SO_ATTACH_FILTER
		if (is_word(word, len, "vlan"))
			return "vlan matches nothing, as the kernel has taken "
			    "the tag off: name the vlan interface";
#endif
		if (dlt != DLT_PFLOG && is_word(word, len, "inbound"))
			return "inbound is for pflog: use \"direction in\"";
		if (dlt != DLT_PFLOG && is_word(word, len, "outbound"))
			return "outbound is for pflog: use \"direction out\"";
		if (is_word(word, len, "broadcast") &&
		    is_word(before, before_len, "ip") &&
		    before + before_len + strspn(before + before_len,
		    " \t\n") == word)
			return "ip broadcast needs a netmask: use \"dst host\" "
			    "and the address";
		before = word;
		before_len = len;
	}
	return NULL;
}

/* The next word and its length, or NULL.  After a backslash it is none. */
static const char *
next_word(const char *s, size_t *len)
{
	while (*s != '\0') {
		if (*s == '\\')
			s += strcspn(s, " !()\n\t");
		else if (strchr(LETTERS, *s) != NULL) {
			*len = strspn(s, INSIDE);
			return s;
		} else
			s++;
	}
	return NULL;
}

static int
is_word(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(s, word, len) == 0;
}

/* Why the kernel would not take the program, or it would be of no use. */
static const char *
program_error(const struct bpf_program *program)
{
	static char		 buf[80];
	const struct bpf_insn	*insn;
	unsigned int		 i;
	int			 accepts = 0;

	if (program->bf_len > MAX_INSNS) {
		snprintf(buf, sizeof(buf), "too complex: %u instructions, "
		    "the kernel takes %d", (unsigned int)program->bf_len,
		    MAX_INSNS);
		return buf;
	}
	for (i = 0; i < program->bf_len; i++) {
		insn = &program->bf_insns[i];
		if (insn->code == (BPF_JMP | BPF_JA) &&
		    insn->k >= program->bf_len)
			return "protochain is a loop, which the kernel does "
			    "not run";
		/* what is before the packet are the kernel's own data */
		if (BPF_CLASS(insn->code) == BPF_LD &&
		    BPF_MODE(insn->code) == BPF_ABS && insn->k > INT32_MAX)
			return "asks for more than the packet";
		if (BPF_CLASS(insn->code) == BPF_RET && insn->k != 0)
			accepts = 1;
	}
	return accepts ? NULL : "expression rejects all packets";
}

static int
answer_program(const struct bpf_program *program)
{
	static struct insn	 all[MAX_INSNS];
	struct answer		 head = {
		ANSWER_MAGIC, ANSWER_PROGRAM, program->bf_len
	};
	unsigned int		 i;

	for (i = 0; i < program->bf_len; i++) {
		all[i].code = program->bf_insns[i].code;
		all[i].jt = program->bf_insns[i].jt;
		all[i].jf = program->bf_insns[i].jf;
		all[i].k = program->bf_insns[i].k;
	}
	return answer(&head, all, program->bf_len * sizeof(all[0]));
}

static int
answer_text(unsigned int kind, const char *text)
{
	struct answer	 head = { ANSWER_MAGIC, kind, strlen(text) };

	return answer(&head, text, head.len);
}

static int
answer(const struct answer *head, const void *rest, size_t len)
{
	if (fwrite(head, sizeof(*head), 1, stdout) != 1 ||
	    fwrite(rest, 1, len, stdout) != len || fflush(stdout) != 0)
		return 1;
	return 0;
}
