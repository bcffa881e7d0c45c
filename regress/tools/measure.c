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
 * Run a command and print the microseconds that it took and the kilobytes
 * that it had in memory at most.  Exits as the command did.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
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
	struct rusage	 ru;
	int64_t		 began;
	pid_t		 pid;
	int		 status;

	if (argc < 2) {
		fprintf(stderr, "usage: measure command [argument ...]\n");
		return 99;
	}
	began = now_us();
	if ((pid = fork()) == -1)
		err(99, "fork");
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(99, "%s", argv[1]);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(99, "waitpid");
	began = now_us() - began;
	if (getrusage(RUSAGE_CHILDREN, &ru) == -1)
		err(99, "getrusage");
	printf("%" PRId64 " %ld\n", began, ru.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
