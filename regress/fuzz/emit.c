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
 * printf(3) to memory that grows.
 */

#include <stdarg.h>
#include <stdlib.h>

#include "emit.h"

struct text	 printed;

void
emit_char(int c)
{
	if (printed.len == printed.size) {
		printed.size = printed.size == 0 ? 4096 : 2 * printed.size;
		if ((printed.s = realloc(printed.s, printed.size)) == NULL)
			abort();
	}
	printed.s[printed.len++] = c;
}

void
emit(const char *fmt, ...)
{
	char	 buf[512];
	va_list	 ap;
	int	 n, i;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(buf))
		abort();
	for (i = 0; i < n; i++)
		emit_char(buf[i]);
}
