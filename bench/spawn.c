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
 * Run a command again and again with posix_spawn(3) for so many milliseconds,
 * and print how many runs a second that was.
 */

#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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
	static char	*environment[] = { NULL };
	int64_t		 began, took, us;
	pid_t		 pid;
	int		 status;
	long		 n = 0;

	if (argc < 3)
		errx(1, "usage: spawn milliseconds command [argument ...]");
	us = atol(argv[1]) * 1000;
	began = now_us();
	do {
		if ((errno = posix_spawn(&pid, argv[2], NULL, NULL, argv + 2,
		    environment)) != 0)
			err(1, "%s", argv[2]);
		if (waitpid(pid, &status, 0) == -1)
			err(1, "waitpid");
		n++;
	} while ((took = now_us() - began) < us);
	printf("%.1f\n", n * 1e6 / took);
	return 0;
}
