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

#ifndef FUZZ_H
#define FUZZ_H

#include <sys/types.h>

#include <glob.h>
#include <stddef.h>
#include <stdint.h>

/* What libFuzzer calls, or main.c for AFL++ and for playing single files. */
int	 LLVMFuzzerInitialize(int *, char ***);
int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* grammar.c: drop all that parse_define() keeps. */
void	 parse_forget(void);

/* stub.c: who asks, and the files that exist. */
extern uid_t	 stub_uid;
void		 stub_files(const uint8_t *, size_t);
int		 stub_glob(const char *, int, int (*)(const char *, int),
		    glob_t *);
void		 stub_globfree(glob_t *);

#define FILE_END	0xff	/* between the files of an input */

#endif
