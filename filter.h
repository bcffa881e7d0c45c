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
 * What filter.c and bpfstatsd-filter have in common: they are built together
 * and understand nobody else.
 */

#ifndef FILTER_H
#define FILTER_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stdint.h>

/* An instruction of bpf(4)'s machine, laid out as every kernel has it. */
struct insn {
	uint16_t	 code;
	uint8_t		 jt;
	uint8_t		 jf;
	uint32_t	 k;
};

/*
 * The kernel takes BPF_MAXINSNS of them.  A socket's are preceded by some
 * that look at the direction.
 */
#ifdef SO_ATTACH_FILTER
#define MAX_PREFIX	4
#define MAX_INSNS	(4096 - MAX_PREFIX)
#else
#define MAX_INSNS	512
#endif

/*
 * What the helper writes to its standard output: this, and then instructions
 * or text without a NUL.  It exits 0 if it could tell.
 */
struct answer {
	uint32_t	 magic;
#define ANSWER_MAGIC	0x62706631
	uint32_t	 kind;
#define ANSWER_PROGRAM	1		/* instructions */
#define ANSWER_ERROR	2		/* what is wrong with the expression */
#define ANSWER_FAILED	3		/* what else went wrong */
	uint32_t	 len;		/* instructions, or bytes of text */
};

/* As the kernel takes it; freed by free(3). */
struct program {
	unsigned int	 n;
	struct insn	 insn[];
};

#define MAX_ANSWER	(sizeof(struct answer) + \
			    MAX_INSNS * sizeof(struct insn))

#endif
