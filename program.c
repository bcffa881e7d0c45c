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
 * Programs for bpf(4)'s machine.  They come from a helper that somebody may
 * have taken over, so nothing is used that has not been looked at here.
 */

#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpfstatsd.h"

#define MEMORY_WORDS	16

/* The codes, class in the three lowest bits: the same on every system. */
enum {
	LD_IMM = 0x00, LD_W_ABS = 0x20, LD_H_ABS = 0x28, LD_B_ABS = 0x30,
	LD_W_IND = 0x40, LD_H_IND = 0x48, LD_B_IND = 0x50, LD_MEM = 0x60,
	LD_LEN = 0x80,
	LDX_IMM = 0x01, LDX_MEM = 0x61, LDX_LEN = 0x81, LDX_MSH = 0xb1,
	ST = 0x02, STX = 0x03,
	ADD_K = 0x04, SUB_K = 0x14, MUL_K = 0x24, DIV_K = 0x34, OR_K = 0x44,
	AND_K = 0x54, LSH_K = 0x64, RSH_K = 0x74, MOD_K = 0x94, XOR_K = 0xa4,
	ADD_X = 0x0c, SUB_X = 0x1c, MUL_X = 0x2c, DIV_X = 0x3c, OR_X = 0x4c,
	AND_X = 0x5c, LSH_X = 0x6c, RSH_X = 0x7c, MOD_X = 0x9c, XOR_X = 0xac,
	NEG = 0x84,
	JA = 0x05, JEQ_K = 0x15, JGT_K = 0x25, JGE_K = 0x35, JSET_K = 0x45,
	JEQ_X = 0x1d, JGT_X = 0x2d, JGE_X = 0x3d, JSET_X = 0x4d,
	RET_K = 0x06,
	TAX = 0x07, TXA = 0x87
};

static int	insn_is_valid(const struct insn *, unsigned int);
static void	words_copy(char *, size_t, const char *, size_t);

/*
 * Read what the helper has answered.  Returns 0 with the program, which
 * accepts one byte of a packet or none, or an errno:
 *
 * EINVAL	the expression is in error: words, of so many bytes, say why
 * EAGAIN	the helper says in words what else went wrong
 * EBADMSG	it is no answer
 * ENOMEM
 */
int
program_read(const void *buf, size_t len, struct program **program,
    char *words, size_t size)
{
	const char	*rest = (const char *)buf + sizeof(struct answer);
	struct answer	 head;

	if (len < sizeof(head))
		return EBADMSG;
	memcpy(&head, buf, sizeof(head));
	len -= sizeof(head);
	if (head.magic != ANSWER_MAGIC)
		return EBADMSG;
	switch (head.kind) {
	case ANSWER_PROGRAM:
		if (head.len > MAX_INSNS ||
		    len != head.len * sizeof(struct insn))
			return EBADMSG;
		if ((*program = malloc(sizeof(**program) + len)) == NULL)
			return ENOMEM;
		(*program)->n = head.len;
		memcpy((*program)->insn, rest, len);
		if (program_check(*program) == 0)
			return 0;
		free(*program);
		*program = NULL;
		return EBADMSG;
	case ANSWER_ERROR:
	case ANSWER_FAILED:
		if (len != head.len || len == 0)
			return EBADMSG;
		words_copy(words, size, rest, len);
		return head.kind == ANSWER_ERROR ? EINVAL : EAGAIN;
	}
	return EBADMSG;
}

/* Whatever it is, it fits on a line of the log. */
static void
words_copy(char *words, size_t size, const char *s, size_t len)
{
	size_t	 i;

	for (i = 0; i < len && i < size - 1; i++)
		words[i] = s[i] >= ' ' && s[i] <= '~' ? s[i] : '?';
	words[i] = '\0';
}

/*
 * Make every nonzero number of bytes that is accepted 1, and check that the
 * program ends whatever the packet, touches nothing but the packet and its
 * memory, and means to every kernel what libpcap meant.  Returns 0 or -1.
 */
int
program_check(struct program *program)
{
	struct insn	*insn;
	unsigned int	 i;

	if (program->n == 0 || program->n > MAX_INSNS)
		return -1;
	for (i = 0; i < program->n; i++) {
		insn = &program->insn[i];
		if (!insn_is_valid(insn, program->n - i - 1))
			return -1;
		if (insn->code == RET_K && insn->k != 0)
			insn->k = 1;
	}
	return program->insn[program->n - 1].code == RET_K ? 0 : -1;
}

/* Is it valid, with so many instructions left after it? */
static int
insn_is_valid(const struct insn *insn, unsigned int left)
{
	switch (insn->code) {
	case LD_W_ABS: case LD_H_ABS: case LD_B_ABS: case LDX_MSH:
		/* negative: on Linux not the packet, but about the packet */
		return insn->k <= INT32_MAX;
	case LD_MEM: case LDX_MEM: case ST: case STX:
		return insn->k < MEMORY_WORDS;
	case DIV_K: case MOD_K:
		return insn->k != 0;
	case LSH_K: case RSH_K:
		return insn->k < 32;
	case JA:
		return insn->k < left;
	case JEQ_K: case JGT_K: case JGE_K: case JSET_K:
	case JEQ_X: case JGT_X: case JGE_X: case JSET_X:
		return insn->jt < left && insn->jf < left;
	case LD_IMM: case LD_W_IND: case LD_H_IND: case LD_B_IND: case LD_LEN:
	case LDX_IMM: case LDX_LEN:
	case ADD_K: case SUB_K: case MUL_K: case OR_K: case AND_K: case XOR_K:
	case ADD_X: case SUB_X: case MUL_X: case OR_X: case AND_X: case XOR_X:
	case DIV_X: case MOD_X: case LSH_X: case RSH_X: case NEG:
	case RET_K: case TAX: case TXA:
		return 1;
	}
	return 0;
}

/*
 * A program that begins with others' instructions, at most MAX_PREFIX; jumps
 * are relative, so that nothing else changes.  To be freed; or NULL with errno.
 */
struct program *
program_prefix(const struct insn *prefix, unsigned int n,
    const struct program *program)
{
	struct program	*all;

	if ((all = malloc(sizeof(*all) +
	    (n + program->n) * sizeof(*prefix))) == NULL)
		return NULL;
	all->n = n + program->n;
	memcpy(all->insn, prefix, n * sizeof(*prefix));
	memcpy(all->insn + n, program->insn,
	    program->n * sizeof(*program->insn));
	return all;
}
