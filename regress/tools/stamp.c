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
 * The command of t_latency.sh: append the time to a file, in microseconds of
 * the monotonic clock, before anything else.
 */

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct timespec	 ts;
	char		 line[32];
	int		 fd, len;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (argc != 2)
		errx(99, "usage: stamp file");
	len = snprintf(line, sizeof(line), "%" PRId64 "\n",
	    (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	if ((fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666)) == -1 ||
	    write(fd, line, len) != len)
		err(99, "%s", argv[1]);
	return 0;
}
