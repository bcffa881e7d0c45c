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
 * Run a command to its end and print the microseconds of processor time that
 * it and its children took, and how often they slept.
 */

#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct rusage	 ru;
	pid_t		 pid;
	int		 status;

	if (argc < 2)
		errx(99, "usage: cpu command [argument ...]");
	if ((pid = fork()) == -1)
		err(99, "fork");
	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(99, "%s", argv[1]);
	}
	if (wait4(pid, &status, 0, &ru) == -1)
		err(99, "wait4");
	printf("%ld %ld\n", (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) *
	    1000000L + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec,
	    ru.ru_nvcsw);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}
