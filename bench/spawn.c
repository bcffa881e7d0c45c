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
 * Run a command again and again for so many milliseconds, and print how many
 * runs a second that was: with posix_spawn(3), or if a user is given with
 * fork(2), because posix_spawn(3) can become nobody else.
 */

#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
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

static pid_t
start(char **argv, const struct passwd *pw)
{
	static char	*environment[] = { NULL };
	pid_t		 pid;

	if (pw == NULL) {
		if ((errno = posix_spawn(&pid, argv[0], NULL, NULL, argv,
		    environment)) != 0)
			err(1, "%s", argv[0]);
		return pid;
	}
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0)
		return pid;
	if (setgroups(1, &pw->pw_gid) == -1 || setgid(pw->pw_gid) == -1 ||
	    setuid(pw->pw_uid) == -1)
		_exit(127);
	execve(argv[0], argv, environment);
	_exit(127);
}

int
main(int argc, char *argv[])
{
	struct passwd	*pw = NULL;
	int64_t		 began, took, us;
	int		 status;
	long		 n = 0;

	if (argc > 2 && argv[1][0] == '-' && argv[1][1] == 'u') {
		if ((pw = getpwnam(argv[2])) == NULL)
			errx(1, "%s: no such user", argv[2]);
		argc -= 2;
		argv += 2;
	}
	if (argc < 3)
		errx(1, "usage: spawn [-u user] milliseconds command "
		    "[argument ...]");
	us = atol(argv[1]) * 1000;
	began = now_us();
	do {
		if (waitpid(start(argv + 2, pw), &status, 0) == -1)
			err(1, "waitpid");
		if (status != 0)
			errx(1, "%s: status %d", argv[2], status);
		n++;
	} while ((took = now_us() - began) < us);
	printf("%.1f\n", n * 1e6 / took);
	return 0;
}
