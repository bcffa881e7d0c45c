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
 * Included before config.c: what it prints goes to memory, see emit.c.
 */

#ifndef EMIT_H
#define EMIT_H

#include <stddef.h>
#include <stdio.h>

struct text {
	char	*s;		/* for free(3) */
	size_t	 len;
	size_t	 size;
};

extern struct text	 printed;

void	 emit(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));
void	 emit_char(int);

#ifdef EMIT
#define printf(...)	emit(__VA_ARGS__)
#undef putchar
#define putchar(c)	emit_char(c)
#endif

#endif
