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
 * The command of the soak test's rules: misbehave directory modes [number]
 *
 * Takes the rule's lock and reports in DIRECTORY/two if another command of the
 * rule has it, notes the run in DIRECTORY/runs.RULE, one line as record.c
 * writes it, and does what one of the letters of modes says, which the run's
 * own number and the given one choose:
 *
 *	q	nothing
 *	f	fail
 *	s	die of a signal
 *	w	wait for up to half a second
 *	h	hang
 *	i	ignore SIGTERM, and hang
 *	k	leave a child in the group that ignores SIGTERM and has the output
 *	d	leave a child in a session of its own, without the output
 *	o	write much, printable and not
 */

#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHILD_MS	3000	/* that a child which is left lives */
#define MAX_WAIT	500	/* ms */
#define MUCH		200000	/* bytes of output */

static void		 alone(const char *, const char *);
static void		 append(const char *, const char *, const char *);
static void		 note(const char *, const char *);
static const char	*variable(const char *);
static uint64_t		 lot(const char *, uint64_t);
static void		 leave_child(int);
static void		 write_much(void);

static int		 lock = -1;

int
main(int argc, char *argv[])
{
	struct rlimit	 none = { 0, 0 };
	const char	*rule = variable("BPFSTATSD_RULE");
	uint64_t	 chance;

	if (argc < 3 || argc > 4)
		errx(99, "usage: misbehave directory modes [number]");
	umask(0);		/* the next one may be another user's */
	alone(argv[1], rule);
	note(argv[1], rule);
	chance = lot(rule, argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
	setrlimit(RLIMIT_CORE, &none);
	switch (argv[2][chance % strlen(argv[2])]) {
	case 'f':
		return 1;
	case 's':
		signal(SIGABRT, SIG_DFL);
		abort();
	case 'w':
		poll(NULL, 0, chance / 16 % MAX_WAIT);
		break;
	case 'i':
		signal(SIGTERM, SIG_IGN);
		/* FALLTHROUGH */
	case 'h':
		for (;;)
			pause();
	case 'k':
		leave_child(0);
		break;
	case 'd':
		leave_child(1);
		break;
	case 'o':
		write_much();
		break;
	}
	return 0;
}

/* The lock is the process's: however it ends, it is free then. */
static void
alone(const char *directory, const char *rule)
{
	char	 path[512];

	snprintf(path, sizeof(path), "%s/lock.%s", directory, rule);
	if ((lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) == -1)
		err(99, "%s", path);
	if (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		snprintf(path, sizeof(path), "%s: run %s: %s\n", rule,
		    variable("BPFSTATSD_RUNS"), strerror(errno));
		append(directory, "two", path);
	}
}

static void
append(const char *directory, const char *name, const char *line)
{
	char	 path[512];
	int	 fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	/* one write: lines of commands that run at once do not mix */
	if ((fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	    0666)) == -1 || write(fd, line, strlen(line)) == -1)
		err(99, "%s", path);
	close(fd);
}

static void
note(const char *directory, const char *rule)
{
	struct timespec	 ts;
	char		 line[512], name[128];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(line, sizeof(line), "%" PRId64 " %s %s %s %s %s %s\n",
	    (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, rule,
	    variable("BPFSTATSD_EVENT"), variable("BPFSTATSD_RUNS"),
	    variable("BPFSTATSD_PACKETS"), variable("BPFSTATSD_TOTAL"),
	    variable("BPFSTATSD_OWED"));
	snprintf(name, sizeof(name), "runs.%s", rule);
	append(directory, name, line);
}

static const char *
variable(const char *name)
{
	const char	*value = getenv(name);

	return value == NULL || *value == '\0' ? "-" : value;
}

/* The same for the same rule, run and number. */
static uint64_t
lot(const char *rule, uint64_t number)
{
	uint64_t	 x = number;

	for (; *rule != '\0'; rule++)
		x = x * 31 + (unsigned char)*rule;
	x += strtoull(variable("BPFSTATSD_RUNS"), NULL, 10) *
	    0x9e3779b97f4a7c15ULL;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void
leave_child(int apart)
{
	int	 i;

	close(lock);		/* or the child has it for a moment */
	switch (fork()) {
	case -1:
		err(99, "fork");
	case 0:
		signal(SIGTERM, SIG_IGN);
		if (apart) {
			setsid();
			for (i = 0; i < 3; i++)
				close(i);
		}
		poll(NULL, 0, CHILD_MS);
		_exit(0);
	}
}

static void
write_much(void)
{
	char	 line[61];
	int	 i, n;

	for (n = 0; n < MUCH; n += sizeof(line)) {
		for (i = 0; i < (int)sizeof(line) - 1; i++)
			line[i] = n / 61 % 32 == 0 ? (char)(n + i * 7) : 'x';
		line[sizeof(line) - 1] = n / 61 % 5 == 0 ? '\0' : '\n';
		if (write(STDOUT_FILENO, line, sizeof(line)) == -1)
			return;
	}
}
