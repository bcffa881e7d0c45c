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
 * What outlives a restart and a reboot: a file of text, one line a rule.  It
 * is read once, at the start.  A child writes it, since a disk may take its
 * time; nobody waits for that but, for a moment, the end.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define HEADER		"bpfstatsd state 1"
#define PAUSE		NSEC		/* between two writes, at least */
#define SETTLE		(NSEC / 5)	/* a run may end at once */
#define WRITE_TIME	(10 * NSEC)	/* that a child has */
#define END_TIME	(2 * NSEC)	/* that the last one has */
#define AGAIN		(60 * NSEC)	/* until what failed is tried again */
#define MAX_DAMAGED	10		/* lines to be logged */
#define ESCAPED_SIZE	5		/* of a byte, with its NUL */

/* The words of a line; the filter, which may have blanks, is its rest. */
enum word {
	WORD_RULE,
	WORD_INTERFACE,
	WORD_DIRECTION,
	WORD_KIND,
	WORD_ON,
	WORD_TOTAL,
	WORD_TALLY,
	WORD_BEGAN,
	WORD_RUNS,
	WORD_FAILURES,
	WORD_STARTED,		/* time(3), wait counts from here, or "-" */
	WORD_LAST_START,	/* time(3), or "-" */
	WORD_FILTER,		/* or "-" */
	NWORDS
};

static const char *const on_words[] = { "off", "on", "failed" }; /* RULE_ */

static struct {
	int			 lock;		/* or -1 */
	char			*path;		/* NULL: nothing is kept */
	char			*dir;
	char			*new;		/* becomes path */
	const struct conf	*conf;
	struct child		 child;
	struct event		 timer;
	void			(*wake)(void);
	int			 changed;
	int64_t			 written;	/* began then, or NEVER */
	int			 failed;	/* which was logged */
	int			 again;		/* the timer is AGAIN's */
	int64_t			 deadline;	/* at the end, else NO_TIME */
} state = {
	.lock = -1,
	.child.name = "state",
	.written = NEVER,
	.deadline = NO_TIME
};

static int	 take_lock(const char *);
static int	 restore_file(struct conf *, const char *);
static void	 restore_all(struct conf *, const char *, char *, size_t);
static int	 restore(struct conf *, char *);
static int	 is_same(const struct rule *, char **);
static const char *kind_word(const struct terms *);
static int	 is_same_filter(const char *, const char *);
static char	*escape(char [ESCAPED_SIZE], unsigned char);
static int	 read_on(const char *);
static int	 read_number(const char *, uint64_t, uint64_t *);
static int	 read_ago(const char *, int64_t *);
static int64_t	 wall_clock(void);
static void	 write_later(void);
static void	 write_again(void);
static void	 write_now(void);
static void	 write_file(const struct conf *)
		    __attribute__((__noreturn__));
static int	 put_file(const struct conf *, int);
static void	 put_rule(FILE *, const struct rule *);
static int64_t	 wall_time(int64_t);
static void	 put_time(FILE *, int64_t);
static void	 put_filter(FILE *, const char *);
static int	 sync_directory(void);
static void	 timer_handler(int, short, void *);

/*
 * Restore the rules of a configuration, which nobody counts for yet, from the
 * file of this absolute path, and keep them there from now on.  Exits if
 * another process has the file; what else is wrong is logged.  Children
 * inherit the lock.
 */
void
state_open(struct conf *conf, const char *path)
{
	char	*slash;
	int	 keep;

	keep = take_lock(path);
	if (!restore_file(conf, path) || !keep)
		return;
	if ((state.path = strdup(path)) == NULL ||
	    (state.dir = strdup(path)) == NULL ||
	    asprintf(&state.new, "%s.new", path) == -1)
		fatal("strdup");
	slash = strrchr(state.dir, '/');
	slash[slash == state.dir] = '\0';	/* "/" keeps it */
}

/* Returns 0 if there can be no lock, and so no writing. */
static int
take_lock(const char *path)
{
	const char	*error;
	char		*lock;
	int		 result = 1;

	if (asprintf(&lock, "%s.lock", path) == -1)
		fatal("asprintf");
	if ((state.lock = file_lock(lock, &error)) == -1) {
		if (error == NULL)
			fatalx("%s: another daemon keeps its state there: "
			    "name another file with state", path);
		log_warnx("state: %s: %s: nothing is kept", lock, error);
		result = 0;
	}
	free(lock);
	return result;
}

/* The directory in which files come and go, or NULL. */
const char *
state_dir(void)
{
	return state.dir;
}

/*
 * To be called after event_init(), before the state changes.  The callback is
 * for the end: call state_end() again.
 */
void
state_start(void (*wake)(void))
{
	state.wake = wake;
	evtimer_set(&state.timer, timer_handler, NULL);
}

/* Reading.  Nothing in the file is believed. */

/* Returns 0 if there is something that will never be a file of ours. */
static int
restore_file(struct conf *conf, const char *path)
{
	struct stat	 st;
	const char	*error;
	char		*text;
	size_t		 len;
	int		 keep;

	if (stat(path, &st) == -1) {
		if (errno == ENOENT)
			return 1;	/* the first time */
		st.st_mode = 0;
	}
	if ((text = file_read(path, &len, &error)) == NULL) {
		keep = S_ISREG(st.st_mode);
		log_warnx("state: %s: %s: nothing is %s", path, error,
		    keep ? "restored" : "kept");
		return keep;
	}
	restore_all(conf, path, text, len);
	free(text);
	return 1;
}

static void
restore_all(struct conf *conf, const char *path, char *text, size_t len)
{
	char	*end = text + len, *line = text, *newline;
	int	 n, damaged = 0;

	for (n = 1; line < end; n++, line = newline + 1) {
		newline = memchr(line, '\n', end - line);
		if (newline != NULL)
			*newline = '\0';
		if (n == 1 && newline != NULL && strcmp(line, HEADER) == 0)
			continue;
		if ((newline == NULL || restore(conf, line) == -1) &&
		    ++damaged <= MAX_DAMAGED)
			log_at(path, n, "damaged: ignored");
		if (newline == NULL)
			break;
	}
	if (damaged > MAX_DAMAGED)
		log_at(path, 0, "%d more damaged lines: ignored",
		    damaged - MAX_DAMAGED);
	else if (len == 0)
		log_at(path, 0, "empty: nothing is restored");
}

/* One line.  Returns 0, or -1 if it is damaged. */
static int
restore(struct conf *conf, char *line)
{
	struct saved	 saved;
	struct rule	*rule;
	char		*words[NWORDS];
	uint64_t	 last_start = 0;
	int		 i;

	for (i = 0; i < NWORDS; i++)
		words[i] = i < WORD_FILTER ? strsep(&line, " ") : line;
	if (words[WORD_FILTER] == NULL ||
	    (saved.on = read_on(words[WORD_ON])) == -1 ||
	    !read_number(words[WORD_TOTAL], UINT64_MAX, &saved.total) ||
	    !read_number(words[WORD_TALLY], saved.total, &saved.tally) ||
	    !read_number(words[WORD_BEGAN], saved.total, &saved.began) ||
	    !read_number(words[WORD_RUNS], UINT64_MAX, &saved.runs) ||
	    !read_number(words[WORD_FAILURES], UINT64_MAX, &saved.failures) ||
	    !read_ago(words[WORD_STARTED], &saved.started) ||
	    (strcmp(words[WORD_LAST_START], "-") != 0 &&
	    !read_number(words[WORD_LAST_START], INT64_MAX, &last_start)))
		return -1;
	saved.last_start = last_start;
	rule = conf_rule(conf, words[WORD_RULE]);
	if (rule != NULL && is_same(rule, words))
		rule_restore(&rule->terms, rule->state, &saved,
		    count_read(rule->counter->count, NULL), now());
	return 0;
}

/* Is it about the same packets, and are they counted for the same? */
static int
is_same(const struct rule *rule, char **words)
{
	return strcmp(words[WORD_INTERFACE], rule->ifname) == 0 &&
	    strcmp(words[WORD_DIRECTION],
	    direction_words[rule->direction]) == 0 &&
	    strcmp(words[WORD_KIND], kind_word(&rule->terms)) == 0 &&
	    is_same_filter(rule->filter, words[WORD_FILTER]);
}

static const char *
kind_word(const struct terms *terms)
{
	return terms->below ? "below" : terms->within != 0 ? "within" :
	    terms->exact ? "exact" : "count";
}

static int
is_same_filter(const char *filter, const char *text)
{
	char	 escaped[ESCAPED_SIZE];
	size_t	 len;

	if (filter == NULL)
		return strcmp(text, "-") == 0;
	for (; *filter != '\0'; filter++) {
		len = strlen(escape(escaped, *filter));
		if (strncmp(escaped, text, len) != 0)
			return 0;
		text += len;
	}
	return *text == '\0';
}

/* A byte of a filter as the file has it. */
static char *
escape(char buf[ESCAPED_SIZE], unsigned char c)
{
	if (c >= ' ' && c < 0x7f && c != '\\')
		snprintf(buf, ESCAPED_SIZE, "%c", c);
	else
		snprintf(buf, ESCAPED_SIZE, "\\%03o", c);
	return buf;
}

/* One of RULE_, or -1. */
static int
read_on(const char *word)
{
	int	 on = nitems(on_words);

	while (--on >= 0 && strcmp(word, on_words[on]) != 0)
		continue;
	return on;
}

/* A number from 0 to max.  Returns 0 if it is none. */
static int
read_number(const char *word, uint64_t max, uint64_t *number)
{
	if (word[0] == '\0' || word[strspn(word, "0123456789")] != '\0')
		return 0;
	errno = 0;
	*number = strtoull(word, NULL, 10);
	return errno == 0 && *number <= max;
}

/*
 * How long ago a time of the wall clock was, which may have been set since: one
 * in the future counts as now.  Returns 0 if it is none.
 */
static int
read_ago(const char *word, int64_t *ago)
{
	uint64_t	 seconds;

	*ago = NEVER;
	if (strcmp(word, "-") == 0)
		return 1;
	if (!read_number(word, INT64_MAX / NSEC, &seconds))
		return 0;
	*ago = wall_clock() - (int64_t)seconds * NSEC;
	if (*ago < 0)
		*ago = 0;
	if (*ago > MAX_TIME * NSEC)
		*ago = MAX_TIME * NSEC;	/* no wait is longer */
	return 1;
}

static int64_t
wall_clock(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/* Writing. */

/*
 * Rules of the configuration went on or off, or it is a new one: within a
 * second that is written.  The configuration must stay until there is another.
 */
void
state_changed(const struct conf *conf)
{
	if (state.path == NULL)
		return;
	state.conf = conf;
	state.changed = 1;
	if (state.child.pid == 0 &&
	    (state.again || !evtimer_pending(&state.timer, NULL)))
		write_later();
}

static void
write_later(void)
{
	int64_t	 left = SETTLE;

	state.again = 0;
	if (state.written != NEVER &&
	    state.written + PAUSE - now() > left)
		left = state.written + PAUSE - now();
	timer_in(&state.timer, left);
}

/* It has failed: with the next change, or after a while. */
static void
write_again(void)
{
	state.failed = 1;
	if (state.deadline == NO_TIME) {
		state.again = 1;
		timer_in(&state.timer, AGAIN);
	}
}

static void
timer_handler(int fd, short event, void *arg)
{
	if (state.deadline != NO_TIME)
		state.wake();
	else if (state.changed && state.child.pid == 0)
		write_now();
}

/* Start a child that writes the file. */
static void
write_now(void)
{
	int	 none[1];

	state.written = now();
	state.again = 0;
	switch (child_fork(&state.child, SIG_IGN, none, 0)) {
	case -1:
		if (!state.failed)
			log_warn("state: fork");
		write_again();
		return;
	case 0:
		write_file(state.conf);
	}
	state.changed = 0;
	child_end_in(&state.child, WRITE_TIME, 0);
}

/* After SIGCHLD: has it been written? */
void
state_reap(void)
{
	int	 status;

	if (!child_reap(&state.child, &status))
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		if (state.failed)
			log_info("state: written again");
		state.failed = 0;
		if (state.changed)
			state_changed(state.conf);
		return;
	}
	if (!state.failed)
		log_warnx("state: cannot write %s: %s", state.new,
		    WIFEXITED(status) ? strerror(WEXITSTATUS(status)) :
		    "killed, took too long");
	state.changed = 1;
	write_again();
}

/*
 * At the end, when nothing changes any more: write once again.  Returns 1 when
 * that is over, well or not, within two seconds; until then 0: call it again
 * after state_reap(), and when the callback asks for it.
 */
int
state_end(const struct conf *conf)
{
	if (state.path == NULL)
		return 1;
	if (state.deadline == NO_TIME) {
		state.deadline = now() + END_TIME;
		state.conf = conf;
		state.changed = 1;
		state.failed = 0;	/* to be reported once more */
		timer_in(&state.timer, END_TIME);
	}
	if (state.child.pid == 0 && state.changed && !state.failed)
		write_now();
	if (state.child.pid == 0)
		return 1;
	if (now() < state.deadline)
		return 0;
	log_warnx("state: %s takes too long: not written at the end",
	    state.path);
	child_signal(&state.child, SIGKILL);
	return 1;
}

/* After that: another daemon may have the file. */
void
state_close(void)
{
	if (state.lock != -1)
		file_unlock(state.lock);
}

/* In the child: the file is the old one or the new one at any time. */
static void
write_file(const struct conf *conf)
{
	int	 fd, error = 0;

	setproctitle("state");	/* rc.d finds the parent by its own */
	umask(077);
	if (pledge("stdio rpath wpath cpath", NULL) == -1)
		_exit(errno);
	/* of one that was killed */
	if (unlink(state.new) == -1 && errno != ENOENT)
		_exit(errno);
	if ((fd = open(state.new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
	    0600)) == -1)
		_exit(errno);
	if (put_file(conf, fd) == -1 || rename(state.new, state.path) == -1) {
		error = errno;
		unlink(state.new);	/* the disk may be full */
	} else if (sync_directory() == -1)
		error = errno;
	_exit(error);
}

/* Returns 0, or -1 with errno. */
static int
put_file(const struct conf *conf, int fd)
{
	const struct rule	*rule;
	FILE			*file;

	if ((file = fdopen(fd, "w")) == NULL)
		return -1;
	fprintf(file, "%s\n", HEADER);
	TAILQ_FOREACH(rule, &conf->rules, next)
		put_rule(file, rule);
	if (fflush(file) == EOF || ferror(file) || fsync(fd) == -1)
		return -1;
	return fclose(file) == EOF ? -1 : 0;
}

static void
put_rule(FILE *file, const struct rule *rule)
{
	struct state	 taken = *rule->state;
	struct saved	 saved;
	struct sight	 sight;
	int64_t		 time = now();

	/* the parent goes on: what it takes now must not exceed the total */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	count_look(rule, time, &sight);
	rule_save(&rule->terms, &taken, &sight, &saved, time);
	fprintf(file, "%s %s %s %s %s %" PRIu64 " %" PRIu64 " %" PRIu64
	    " %" PRIu64 " %" PRIu64, rule->name, rule->ifname,
	    direction_words[rule->direction], kind_word(&rule->terms),
	    on_words[saved.on], saved.total, saved.tally, saved.began,
	    saved.runs, saved.failures);
	put_time(file, saved.started == NEVER ? 0 :
	    wall_time(saved.started));
	put_time(file, saved.last_start);
	putc(' ', file);
	put_filter(file, rule->filter);
	putc('\n', file);
}

/* time(3) so long ago, up to the next second: a wait must not be shorter. */
static int64_t
wall_time(int64_t ago)
{
	int64_t	 time = (wall_clock() - ago + NSEC - 1) / NSEC;

	return time > 0 ? time : 1;
}

static void
put_time(FILE *file, int64_t time)
{
	if (time <= 0)
		fprintf(file, " -");
	else
		fprintf(file, " %" PRId64, time);
}

static void
put_filter(FILE *file, const char *filter)
{
	char	 escaped[ESCAPED_SIZE];

	if (filter == NULL)
		putc('-', file);
	else
		while (*filter != '\0')
			fputs(escape(escaped, *filter++), file);
}

/*
 * So that the new name outlives a loss of power.  Returns 0, or -1 with errno.
 */
static int
sync_directory(void)
{
	int	 fd, result;

	if ((fd = open(state.dir, O_RDONLY | O_DIRECTORY)) == -1)
		return -1;
	result = fsync(fd);
	close(fd);
	return result;
}
