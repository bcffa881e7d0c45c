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
 * Send a signal to a process and print the microseconds until the file to
 * which it logs has grown by a line that contains the text.
 */

#include <sys/types.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE	30000000	/* us */

static int64_t
now_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int
main(int argc, char *argv[])
{
	struct timespec	 pause = { 0, 200000 };
	static char	 log[1000000];
	size_t		 len = 0;
	int64_t		 began;
	ssize_t		 n;
	int		 fd;

	if (argc != 5) {
		fprintf(stderr, "usage: await pid signal file text\n");
		return 1;
	}
	if ((fd = open(argv[3], O_RDONLY)) == -1 ||
	    lseek(fd, 0, SEEK_END) == -1)
		err(1, "%s", argv[3]);
	began = now_us();
	if (kill(atoi(argv[1]), atoi(argv[2])) == -1)
		err(1, "kill %s", argv[1]);
	do {
		if ((n = read(fd, log + len, sizeof(log) - 1 - len)) == -1)
			err(1, "%s", argv[3]);
		len += n;
		if (n > 0 && strstr(log, argv[4]) != NULL) {
			printf("%" PRId64 "\n", now_us() - began);
			return 0;
		}
		nanosleep(&pause, NULL);
	} while (now_us() - began < PATIENCE);
	errx(1, "\"%s\" did not appear", argv[4]);
}
