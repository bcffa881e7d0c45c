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
 * A main for the fuzzers without libFuzzer: plays the files that are named,
 * or the standard input, which is what AFL++ wants.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_INPUT	(1024 * 1024)

static void
play(const char *name, FILE *fp)
{
	static uint8_t	 all[MAX_INPUT];
	uint8_t		*data;
	size_t		 len;

	len = fread(all, 1, sizeof(all), fp);
	if (ferror(fp))
		err(1, "%s", name);
	/* of its own size, so that reading past it is noticed */
	if ((data = malloc(len != 0 ? len : 1)) == NULL)
		err(1, NULL);
	memcpy(data, all, len);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
}

int
main(int argc, char *argv[])
{
	FILE	*fp;
	int	 i;

	LLVMFuzzerInitialize(&argc, &argv);
	if (argc == 1)
		play("stdin", stdin);
	for (i = 1; i < argc; i++) {
		if ((fp = fopen(argv[i], "r")) == NULL)
			err(1, "%s", argv[i]);
		play(argv[i], fp);
		fclose(fp);
	}
	return 0;
}
