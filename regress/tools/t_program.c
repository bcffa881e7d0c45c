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
 * Unit tests of program.c: what the helper answers is looked at before it is
 * used, and a program that was accepted is one that every kernel takes.
 *
 *	t_program [-n programs] [-s seed]
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define LENGTH(a)	(sizeof(a) / sizeof((a)[0]))

/* Programs, and whether they are to be accepted. */
static const struct {
	const char	*what;
	int		 good;
	unsigned int	 n;
	struct insn	 insn[5];
}		 programs[] = {
	{ "ret #1", 1, 1, { { 0x06, 0, 0, 1 } } },
	{ "ret #0", 1, 1, { { 0x06, 0, 0, 0 } } },
	{ "ret #big", 1, 1, { { 0x06, 0, 0, 0xffffffff } } },
	{ "ret a", 0, 1, { { 0x16, 0, 0, 0 } } },
	{ "ret x", 0, 1, { { 0x0e, 0, 0, 0 } } },
	{ "nothing", 0, 0, { { 0 } } },
	{ "no end", 0, 1, { { 0x00, 0, 0, 1 } } },
	{ "ends in ja", 0, 2, { { 0x06, 0, 0, 1 }, { 0x05, 0, 0, 0 } } },
	{ "ja 0", 1, 2, { { 0x05, 0, 0, 0 }, { 0x06, 0, 0, 1 } } },
	{ "ja beyond", 0, 2, { { 0x05, 0, 0, 1 }, { 0x06, 0, 0, 1 } } },
	{ "ja back", 0, 2, { { 0x05, 0, 0, 0xffffffff }, { 0x06, 0, 0, 1 } } },
	{ "ja around", 0, 2, { { 0x05, 0, 0, 0xfffffffe },
	    { 0x06, 0, 0, 1 } } },
	{ "jeq", 1, 3, { { 0x15, 0, 1, 7 }, { 0x06, 0, 0, 1 },
	    { 0x06, 0, 0, 0 } } },
	{ "jt beyond", 0, 3, { { 0x15, 2, 0, 7 }, { 0x06, 0, 0, 1 },
	    { 0x06, 0, 0, 0 } } },
	{ "jf beyond", 0, 3, { { 0x15, 0, 2, 7 }, { 0x06, 0, 0, 1 },
	    { 0x06, 0, 0, 0 } } },
	{ "jset x", 1, 3, { { 0x4d, 0, 1, 0 }, { 0x06, 0, 0, 1 },
	    { 0x06, 0, 0, 0 } } },
	{ "jmp of no kind", 0, 3, { { 0x55, 0, 0, 0 }, { 0x06, 0, 0, 1 },
	    { 0x06, 0, 0, 0 } } },
	{ "ld far", 1, 2, { { 0x20, 0, 0, 0x7fffffff }, { 0x06, 0, 0, 1 } } },
	{ "ld [type]", 0, 2, { { 0x28, 0, 0, 0xfffff004 },
	    { 0x06, 0, 0, 1 } } },
	{ "ldb [ifidx]", 0, 2, { { 0x30, 0, 0, 0xfffff008 },
	    { 0x06, 0, 0, 1 } } },
	{ "ld [net]", 0, 2, { { 0x20, 0, 0, 0xfff00000 },
	    { 0x06, 0, 0, 1 } } },
	{ "ldxb msh", 1, 2, { { 0xb1, 0, 0, 14 }, { 0x06, 0, 0, 1 } } },
	{ "ldxb msh back", 0, 2, { { 0xb1, 0, 0, 0x80000000 },
	    { 0x06, 0, 0, 1 } } },
	{ "ldx h", 0, 2, { { 0xa9, 0, 0, 0 }, { 0x06, 0, 0, 1 } } },
	{ "ldx ind", 0, 2, { { 0x41, 0, 0, 0 }, { 0x06, 0, 0, 1 } } },
	{ "st M[15]", 1, 2, { { 0x02, 0, 0, 15 }, { 0x06, 0, 0, 1 } } },
	{ "st M[16]", 0, 2, { { 0x02, 0, 0, 16 }, { 0x06, 0, 0, 1 } } },
	{ "stx M[-1]", 0, 2, { { 0x03, 0, 0, 0xffffffff },
	    { 0x06, 0, 0, 1 } } },
	{ "ld M[16]", 0, 2, { { 0x60, 0, 0, 16 }, { 0x06, 0, 0, 1 } } },
	{ "ldx M[16]", 0, 2, { { 0x61, 0, 0, 16 }, { 0x06, 0, 0, 1 } } },
	{ "div #0", 0, 2, { { 0x34, 0, 0, 0 }, { 0x06, 0, 0, 1 } } },
	{ "mod #0", 0, 2, { { 0x94, 0, 0, 0 }, { 0x06, 0, 0, 1 } } },
	{ "div #1", 1, 2, { { 0x34, 0, 0, 1 }, { 0x06, 0, 0, 1 } } },
	{ "lsh #31", 1, 2, { { 0x64, 0, 0, 31 }, { 0x06, 0, 0, 1 } } },
	{ "lsh #32", 0, 2, { { 0x64, 0, 0, 32 }, { 0x06, 0, 0, 1 } } },
	{ "alu of no kind", 0, 2, { { 0xb4, 0, 0, 1 }, { 0x06, 0, 0, 1 } } },
	{ "no code", 0, 2, { { 0xffff, 0, 0, 1 }, { 0x06, 0, 0, 1 } } },
	{ "code and more", 0, 2, { { 0x0120, 0, 0, 1 }, { 0x06, 0, 0, 1 } } }
};

/* Where random programs come from. */
static const uint16_t	 codes[] = {
	0x00, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x80, 0x01, 0x61,
	0x81, 0xb1, 0x02, 0x03, 0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64,
	0x74, 0x94, 0xa4, 0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c,
	0x9c, 0xac, 0x84, 0x05, 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d,
	0x4d, 0x06, 0x07, 0x87
};

static int	 failed;

static void
check(int ok, const char *what)
{
	if (ok)
		return;
	printf("%s\n", what);
	failed = 1;
}

/* An answer that program_read() sees alone, as reading beyond it shows. */
static int
answer_with(uint32_t magic, uint32_t kind, uint32_t len, const void *rest,
    size_t size, struct program **program, char *words)
{
	struct answer	 head = { magic, kind, len };
	char		*buf;
	int		 error;

	if ((buf = malloc(sizeof(head) + size)) == NULL)
		err(1, NULL);
	memcpy(buf, &head, sizeof(head));
	if (size != 0)
		memcpy(buf + sizeof(head), rest, size);
	*program = NULL;
	words[0] = '\0';
	error = program_read(buf, sizeof(head) + size, program, words, 16);
	free(buf);
	return error;
}

static void
check_programs(void)
{
	struct program	*program;
	char		 words[16];
	unsigned int	 i, j;
	int		 error;

	for (i = 0; i < LENGTH(programs); i++) {
		error = answer_with(ANSWER_MAGIC, ANSWER_PROGRAM,
		    programs[i].n, programs[i].insn,
		    programs[i].n * sizeof(struct insn), &program, words);
		check(error == (programs[i].good ? 0 : EBADMSG),
		    programs[i].what);
		check((program != NULL) == programs[i].good,
		    programs[i].what);
		if (program == NULL)
			continue;
		for (j = 0; j < program->n; j++)
			if (program->insn[j].code == 0x06)
				check(program->insn[j].k ==
				    (programs[i].insn[j].k != 0),
				    programs[i].what);
		free(program);
	}
}

static void
check_answers(void)
{
	static struct insn	 many[MAX_INSNS + 1];
	struct program		*program;
	char			 words[16];
	int			 i;

	for (i = 0; i < MAX_INSNS + 1; i++)
		many[i] = (struct insn){ 0x06, 0, 0, 1 };
#define ANSWER(magic, kind, len, rest, size)				\
	answer_with(magic, kind, len, rest, size, &program, words)
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, MAX_INSNS, many,
	    MAX_INSNS * sizeof(many[0])) == 0, "the largest");
	free(program);
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, MAX_INSNS + 1, many,
	    sizeof(many)) == EBADMSG, "too large");
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, 2, many,
	    sizeof(many[0])) == EBADMSG, "fewer than it says");
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, 1, many,
	    2 * sizeof(many[0])) == EBADMSG, "more than it says");
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, 0x20000001, many,
	    sizeof(many[0])) == EBADMSG, "wraps around");
	check(ANSWER(ANSWER_MAGIC, ANSWER_PROGRAM, 1, many,
	    sizeof(many[0]) - 1) == EBADMSG, "a part of one");
	check(ANSWER(ANSWER_MAGIC + 1, ANSWER_PROGRAM, 1, many,
	    sizeof(many[0])) == EBADMSG, "another magic");
	check(ANSWER(ANSWER_MAGIC, 0, 1, many, sizeof(many[0])) == EBADMSG,
	    "of no kind");
	check(ANSWER(ANSWER_MAGIC, ANSWER_ERROR, 3, "abc", 3) == EINVAL &&
	    strcmp(words, "abc") == 0, "an error");
	check(ANSWER(ANSWER_MAGIC, ANSWER_FAILED, 3, "abc", 3) == EAGAIN &&
	    strcmp(words, "abc") == 0, "a failure");
	check(ANSWER(ANSWER_MAGIC, ANSWER_ERROR, 5, "a\n\0\033b", 5) ==
	    EINVAL && strcmp(words, "a???b") == 0, "not printable");
	check(ANSWER(ANSWER_MAGIC, ANSWER_ERROR, 20, "0123456789abcdefghij",
	    20) == EINVAL && strcmp(words, "0123456789abcde") == 0, "long");
	check(ANSWER(ANSWER_MAGIC, ANSWER_ERROR, 0, "", 0) == EBADMSG,
	    "no words");
	check(ANSWER(ANSWER_MAGIC, ANSWER_ERROR, 4, "abc", 3) == EBADMSG,
	    "fewer words than it says");
	check(program_read("", 0, &program, words, 16) == EBADMSG, "nothing");
	check(program_read(many, sizeof(struct answer) - 1, &program, words,
	    16) == EBADMSG, "less than a head");
}

static void
check_prefix(void)
{
	static const struct insn	 ld = { 0x00, 0, 0, 0 };
	struct program			*program, *all;
	char				 words[16];

	answer_with(ANSWER_MAGIC, ANSWER_PROGRAM, programs[12].n,
	    programs[12].insn, programs[12].n * sizeof(ld), &program, words);
	if ((all = program_prefix(&ld, 1, program)) == NULL)
		err(1, NULL);
	check(all->n == 4 && all->insn[0].code == 0x00 &&
	    all->insn[1].code == 0x15 && all->insn[3].code == 0x06, "prefix");
	free(all);
	free(program);
}

/* Does it load only memory that was stored before, whatever it jumps? */
static int
memory_is_set(const struct program *program)
{
	unsigned int	 i;

	for (i = 0; i < program->n; i++)
		if (program->insn[i].code == 0x60 ||
		    program->insn[i].code == 0x61)
			return 0;
	return 1;
}

/* What is accepted here the kernel accepts, too; it wants memory set first. */
static void
check_kernel(unsigned int n)
{
#ifdef SO_ATTACH_FILTER
	struct {
		unsigned short	 n;
		struct insn	*insn;
	}		 all;
	struct program	*program;
	unsigned int	 i, tries, accepted = 0;
	int		 s;

	if ((s = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1)
		err(1, "socket");
	if ((program = malloc(sizeof(*program) +
	    8 * sizeof(program->insn[0]))) == NULL)
		err(1, NULL);
	for (tries = 0; tries < n; tries++) {
		program->n = 1 + random() % 8;
		for (i = 0; i < program->n; i++) {
			program->insn[i].code = random() % 20 != 0 ?
			    codes[random() % LENGTH(codes)] : random();
			program->insn[i].jt = random() % 4;
			program->insn[i].jf = random() % 4;
			program->insn[i].k = random() % 4 != 0 ?
			    random() % 34 : random() << 1;
		}
		if (random() % 8 != 0)
			program->insn[program->n - 1].code = 0x06;
		if (program_check(program) == -1 || !memory_is_set(program))
			continue;
		accepted++;
		all.n = program->n;
		all.insn = program->insn;
		if (setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &all,
		    sizeof(all)) == -1)
			errx(1, "program %u: accepted, but not by the kernel",
			    tries);
	}
	printf("%u random programs, %u accepted, by the kernel, too\n", n,
	    accepted);
	free(program);
	close(s);
#endif
}

int
main(int argc, char *argv[])
{
	unsigned int	 n = 100000, seed = 1;
	int		 ch;

	while ((ch = getopt(argc, argv, "n:s:")) != -1)
		switch (ch) {
		case 'n':
			n = atoi(optarg);
			break;
		case 's':
			seed = atoi(optarg);
			break;
		default:
			return 1;
		}
	srandom(seed);
	check_programs();
	check_answers();
	check_prefix();
	check_kernel(n);
	return failed;
}
