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
 * Fuzz what the helper of a filter answers: an input is an answer.
 *
 * A program that is accepted must end, whatever the packet, and touch nothing
 * but the packet and its memory; words must be printable.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfstatsd.h"
#include "fuzz.h"

#define check(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: wrong: %s\n", __FILE__,		\
		    __LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

static const uint8_t	 packet[64] = { 1, 2, 3, 0xff, 0xff, 0xff, 0xff, 0 };
static uint32_t		 a, x, memory[16];

/* A load beyond the packet accepts nothing. */
static int
load(uint32_t at, uint32_t size, uint32_t *to)
{
	uint32_t	 i;

	if (at > sizeof(packet) || size > sizeof(packet) - at)
		return 0;
	for (*to = 0, i = 0; i < size; i++)
		*to = *to << 8 | packet[at + i];
	return 1;
}

static int
compute(uint32_t code, uint32_t operand)
{
	switch (code & 0xf0) {
	case 0x00: a += operand; return 1;
	case 0x10: a -= operand; return 1;
	case 0x20: a *= operand; return 1;
	case 0x30: a = operand != 0 ? a / operand : 0; return operand != 0;
	case 0x40: a |= operand; return 1;
	case 0x50: a &= operand; return 1;
	case 0x60: a = operand < 32 ? a << operand : 0; return 1;
	case 0x70: a = operand < 32 ? a >> operand : 0; return 1;
	case 0x80: a = -a; return 1;
	case 0x90: a = operand != 0 ? a % operand : 0; return operand != 0;
	case 0xa0: a ^= operand; return 1;
	}
	check(!"a known operation");
	return 0;
}

static int
compare(uint32_t code, uint32_t operand)
{
	switch (code & 0xf0) {
	case 0x10: return a == operand;
	case 0x20: return a > operand;
	case 0x30: return a >= operand;
	case 0x40: return (a & operand) != 0;
	}
	check(!"a known comparison");
	return 0;
}

static int
load_a(const struct insn *insn)
{
	uint32_t	 size = insn->code & 0x10 ? 1 : insn->code & 0x08 ?
			    2 : 4;

	switch (insn->code & 0xe0) {
	case 0x00: a = insn->k; return 1;
	case 0x20: return load(insn->k, size, &a);
	case 0x40: return load(insn->k + x, size, &a);
	case 0x60: a = memory[insn->k]; return 1;
	case 0x80: a = sizeof(packet); return 1;
	}
	check(!"a known load");
	return 0;
}

static int
load_x(const struct insn *insn)
{
	switch (insn->code & 0xe0) {
	case 0x00: x = insn->k; return 1;
	case 0x60: x = memory[insn->k]; return 1;
	case 0x80: x = sizeof(packet); return 1;
	case 0xa0:
		if (!load(insn->k, 1, &x))
			return 0;
		x = 4 * (x & 0x0f);
		return 1;
	}
	check(!"a known load");
	return 0;
}

/* Returns what the program does, slowly and with care. */
static uint32_t
run(const struct program *program)
{
	const struct insn	*insn;
	uint32_t		 pc = 0, operand;
	int			 ok = 1;

	a = x = 0;
	memset(memory, 0, sizeof(memory));
	while (ok) {
		check(pc < program->n);
		insn = &program->insn[pc++];
		operand = insn->code & 0x08 ? x : insn->k;
		switch (insn->code & 0x07) {
		case 0: ok = load_a(insn); break;
		case 1: ok = load_x(insn); break;
		case 2: memory[insn->k] = a; break;
		case 3: memory[insn->k] = x; break;
		case 4: ok = compute(insn->code, operand); break;
		case 5:
			check(insn->code != 0x05 || insn->k < program->n);
			pc += insn->code == 0x05 ? insn->k :
			    compare(insn->code, operand) ? insn->jt :
			    insn->jf;
			break;
		case 6: return insn->k;
		case 7:
			if (insn->code == 0x07)
				x = a;
			else
				a = x;
			break;
		}
	}
	return 0;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct insn	 ld = { 0x00, 0, 0, 0 };
	struct program			*program = NULL, *all;
	char				 words[64] = "";
	size_t				 i;
	int				 error;

	error = program_read(data, size, &program, words, sizeof(words));
	check((error == 0) == (program != NULL));
	check(memchr(words, '\0', sizeof(words)) != NULL);
	for (i = 0; words[i] != '\0'; i++)
		check(words[i] >= ' ' && words[i] <= '~');
	if (error != 0)
		return 0;
	check(run(program) <= 1);
	if ((all = program_prefix(&ld, 1, program)) == NULL)
		abort();
	check(all->n == program->n + 1 && run(all) == run(program));
	free(all);
	free(program);
	return 0;
}
