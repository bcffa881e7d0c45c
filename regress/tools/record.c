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
 * The command of the tests' rules: append one line to a file that says when
 * it was run (milliseconds of the monotonic clock) and what bpfstatsd told
 * it, then sleep and exit as asked.
 */

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static const char *
variable(const char *name)
{
	const char	*value = getenv(name);

	return value == NULL || *value == '\0' ? "-" : value;
}

int
main(int argc, char *argv[])
{
	struct timespec	 ts;
	char		 line[512];
	int		 fd, len;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: record file [milliseconds [status]]\n");
		return 99;
	}
	clock_gettime(CLOCK_MONOTONIC, &ts);
	len = snprintf(line, sizeof(line), "%" PRId64 " %s %s %s %s %s %s\n",
	    (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000,
	    variable("BPFSTATSD_RULE"), variable("BPFSTATSD_EVENT"),
	    variable("BPFSTATSD_RUNS"), variable("BPFSTATSD_PACKETS"),
	    variable("BPFSTATSD_TOTAL"), variable("BPFSTATSD_OWED"));
	/* One write: lines of commands that run at once do not mix. */
	if ((fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0666)) == -1)
		err(99, "%s", argv[1]);
	if (write(fd, line, len) != len)
		err(99, "%s", argv[1]);
	if (argc > 2)
		poll(NULL, 0, atoi(argv[2]));
	return argc > 3 ? atoi(argv[3]) : 0;
}
