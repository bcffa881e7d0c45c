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
 * The life of a daemon: run "bpfstatsd -dv ..." and print, in one line,
 *
 *	the microseconds from its start until its engine counts,
 *	the kilobytes (PSS) of both processes,
 *	the microseconds from SIGHUP until the new engine counts,
 *	the kilobytes after that,
 *	the microseconds from SIGTERM until it has ended.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <err.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_MS	1100	/* a tick comes within */

static int64_t	 now_us(void);
static FILE	*start(char **);
static int64_t	 wait_for(FILE *, const char *, int64_t);
static long	 pss(pid_t);

static pid_t	 daemon_pid;
static pid_t	 engine_pid;

static int64_t
now_us(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Returns what the daemon logs. */
static FILE *
start(char **argv)
{
	FILE	*log;
	int	 fds[2];

	if (pipe(fds) == -1)
		err(1, "pipe");
	if ((daemon_pid = fork()) == -1)
		err(1, "fork");
	if (daemon_pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		execv(argv[0], argv);
		_exit(127);
	}
	close(fds[1]);
	if ((log = fdopen(fds[0], "r")) == NULL)
		err(1, "fdopen");
	return log;
}

/* Read the log up to a line with the text in it; us since the given time. */
static int64_t
wait_for(FILE *log, const char *text, int64_t since)
{
	char		 line[4096];
	const char	*p;

	while (fgets(line, sizeof(line), log) != NULL) {
		if ((p = strstr(line, "engine: pid ")) != NULL)
			engine_pid = atol(p + strlen("engine: pid "));
		if (strstr(line, text) != NULL)
			return now_us() - since;
	}
	errx(1, "the daemon ended before it said: %s", text);
}

static long
pss(pid_t pid)
{
	char	 line[256];
	FILE	*f;
	long	 kb = -1;

	snprintf(line, sizeof(line), "/proc/%ld/smaps_rollup", (long)pid);
	if ((f = fopen(line, "r")) == NULL)
		err(1, "%s", line);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Pss: %ld", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

int
main(int argc, char *argv[])
{
	FILE	*log;
	int64_t	 began;
	int	 status;

	if (argc < 2)
		errx(1, "usage: life program [argument ...]");
	began = now_us();
	log = start(argv + 1);
	printf("%" PRId64, wait_for(log, "engine: pid ", began));
	poll(NULL, 0, SETTLE_MS);
	printf(" %ld", pss(daemon_pid) + pss(engine_pid));

	began = now_us();
	kill(daemon_pid, SIGHUP);
	printf(" %" PRId64, wait_for(log, "configuration reloaded", began));
	poll(NULL, 0, SETTLE_MS);
	printf(" %ld", pss(daemon_pid) + pss(engine_pid));

	began = now_us();
	kill(daemon_pid, SIGTERM);
	if (waitpid(daemon_pid, &status, 0) == -1 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 0)
		errx(1, "the daemon ended badly");
	printf(" %" PRId64 "\n", now_us() - began);
	return 0;
}
