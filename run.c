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
 * Running commands: start, output, timeout, end, and what the log says of it.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define PATH		"/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:" \
			"/usr/local/sbin"
#define GRACE		(5 * NSEC)		/* from TERM to KILL */
#define MINUTE		(60 * NSEC)
#define MAX_RUN_LINES	10			/* a minute and rule */
#define MAX_OUTPUT	100			/* lines, likewise */
#define PIPE_SIZE	65536			/* as much can wait in it */
#define LINE_SIZE	1024			/* bytes of output in a line */
#define NVARIABLES	12

/* What a child reports when it cannot become the command. */
struct failure {
	int	 step;
#define STEP_SETUP	0
#define STEP_USER	1
#define STEP_EXEC	2
	int	 error;
};

/* The environment of one start. */
struct environment {
	char	*variables[NVARIABLES];
	int	 n;
	char	**all;
};

static struct job	*job_new(struct rule *);
static void		 job_free(struct job *);
static int		 job_open(struct job *, int *, int *);
static void		 job_close(struct job *);
static char		*describe(const struct rule *, enum what, uint64_t,
			    uint64_t, uint64_t, int64_t);
static int		 environment_make(struct environment *,
			    const struct rule *, enum what, uint64_t,
			    uint64_t, uint64_t);
static int		 environment_add(struct environment *,
			    const char *, ...)
			    __attribute__((__format__(printf, 2, 3)));
static void		 environment_free(struct environment *);
static pid_t		 spawn(const struct rule *, char **, char **, int,
			    int);
static void		 child(const struct rule *, char **, char **, int, int)
			    __attribute__((__noreturn__));
static void		 refuse(struct job *, const char *);
static void		 finish(struct job *, int);
static int		 read_failure(struct job *, struct failure *);
static void		 log_run(struct job *, int, const struct failure *);
static void		 log_output(struct job *);
static void		 flush_line(struct job *, size_t);
static void		 minute_begins(struct job *);
static void		 summarise(struct job *);
static void		 summary_later(const struct job *);
static void		 output_handler(int, short, void *);
static void		 timeout_handler(int, short, void *);
static void		 send_signal(struct job *, int);
static void		 summary_handler(int, short, void *);

static TAILQ_HEAD(, job) jobs = TAILQ_HEAD_INITIALIZER(jobs);
static TAILQ_HEAD(, job) running = TAILQ_HEAD_INITIALIZER(running);
static TAILQ_HEAD(, job) orphans = TAILQ_HEAD_INITIALIZER(orphans);
static unsigned int	 nrunning;
static uint64_t		 ntotal;
static int		 null_fd = -1;
static struct event	 summary_ev;
static int64_t		 summary;	/* the minute that it ends */

/* To be called once, after event_init().  Returns 0, or -1 with errno. */
int
run_init(void)
{
	evtimer_set(&summary_ev, summary_handler, NULL);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return null_fd == -1 ? -1 : 0;
}

/* Commands that run now. */
unsigned int
run_running(void)
{
	return nrunning;
}

/* Commands started so far. */
uint64_t
run_total(void)
{
	return ntotal;
}

/*
 * Start the command that the rule is due for; packets, total and owed are
 * what it is told.  The rule's state is the caller's affair, before and after.
 * Returns 0, or -1 if nothing was started, which has been logged once.
 */
int
run_start(struct rule *rule, enum what what, uint64_t packets,
    uint64_t total, uint64_t owed)
{
	struct environment	 env = { .n = 0 };
	struct job		*job;
	int			 error_fd = -1, output_fd = -1;

	if ((job = job_new(rule)) == NULL) {
		log_warn("rule \"%s\": cannot start a command, trying again",
		    rule->name);
		start_refused();
		return -1;
	}
	job->what = what;
	if (environment_make(&env, rule, what, packets, total, owed) == -1 ||
	    (job->log = describe(rule, what, packets, total,
	    rule->state->runs + 1, job->started)) == NULL ||
	    (job->user = strdup(rule->account != NULL ? rule->account->name :
	    "")) == NULL || job_open(job, &error_fd, &output_fd) == -1) {
		refuse(job, "cannot start a command");
		environment_free(&env);
		goto fail;
	}
	job->pid = spawn(rule, what == IDLE ? rule->idle : rule->command,
	    env.all, error_fd, output_fd);
	environment_free(&env);
	if (job->pid == -1) {
		job->pid = 0;
		refuse(job, "fork");
		goto fail;
	}
	close(error_fd);
	if (output_fd != -1)
		close(output_fd);
	job->refused = 0;
	job->signalled = 0;
	job->stale = 0;
	job->started = now();
	if ((job->timeout = rule->timeout) != 0)
		timer_in(&job->timeout_ev, job->timeout);
	TAILQ_INSERT_TAIL(&running, job, running);
	nrunning++;
	ntotal++;
	return 0;

fail:
	if (error_fd != -1)
		close(error_fd);
	if (output_fd != -1)
		close(output_fd);
	job_close(job);
	return -1;
}

/* -t: log a start that does not happen; it has ended well already. */
void
run_test(struct rule *rule, enum what what, uint64_t packets, uint64_t total)
{
	struct job	*job;

	if ((job = job_new(rule)) == NULL ||
	    (job->log = describe(rule, what, packets, total,
	    rule->state->runs + 1, job->started)) == NULL) {
		log_warn("rule \"%s\"", rule->name);
		return;
	}
	job->what = what;
	job->started = now();
	log_run(job, 1, NULL);
	job_close(job);
}

/* After SIGCHLD: finish the runs whose own process has ended. */
void
run_reap(void)
{
	struct job	*job, *next;
	int		 status;

	for (job = TAILQ_FIRST(&running); job != NULL; job = next) {
		next = TAILQ_NEXT(job, running);
		/*
		 * Not before KILL went to the group: while its leader is a
		 * zombie nobody else can get the group's number.
		 */
		if (job->signalled == SIGTERM)
			continue;
		if (waitpid(job->pid, &status, WNOHANG) == job->pid)
			finish(job, status);
	}
}

/* Kill all that runs. */
void
run_kill(void)
{
	struct job	*job;

	TAILQ_FOREACH(job, &running, running) {
		send_signal(job, SIGKILL);
	}
	run_reap();
}

/* Before the program ends: log what has not been logged yet. */
void
run_end(void)
{
	struct job	*job;

	TAILQ_FOREACH(job, &jobs, next)
		summarise(job);
}

/* The job's rule is gone; what it runs goes on. */
void
run_orphan(struct job *job)
{
	job->rule = NULL;
	if (job->pid == 0)
		job_free(job);
	else
		TAILQ_INSERT_TAIL(&orphans, job, orphan);
}

/* What still runs of a rule of this name that was gone; or NULL. */
struct job *
run_orphaned(const char *name)
{
	struct job	*job;

	TAILQ_FOREACH(job, &orphans, orphan)
		if (strcmp(job->name, name) == 0) {
			TAILQ_REMOVE(&orphans, job, orphan);
			return job;
		}
	return NULL;
}

/* The state of the last run, for a status line; static. */
const char *
run_status(const struct job *job)
{
	static char	 buf[96];
	double		 seconds;
	int		 status;

	if (job == NULL || (job->pid == 0 && job->ended == 0))
		return "never ran";
	seconds = (double)(now() - (job->pid != 0 ? job->started :
	    job->ended)) / NSEC;
	status = job->status;
	if (job->pid != 0)
		snprintf(buf, sizeof(buf), "running pid %ld for %.0f s",
		    (long)job->pid, seconds);
	else if (WIFSIGNALED(status))
		snprintf(buf, sizeof(buf), "last signal %d %.0f s ago",
		    WTERMSIG(status), seconds);
	else
		snprintf(buf, sizeof(buf), "last exit %d %.0f s ago",
		    WEXITSTATUS(status), seconds);
	return buf;
}

static struct job *
job_new(struct rule *rule)
{
	struct job	*job;

	if (rule->job != NULL)
		return rule->job;
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return NULL;
	strlcpy(job->name, rule->name, sizeof(job->name));
	job->rule = rule;
	job->started = job->minute = NEVER;
	job->error_fd = job->output_fd = -1;
	evtimer_set(&job->timeout_ev, timeout_handler, job);
	TAILQ_INSERT_TAIL(&jobs, job, next);
	rule->job = job;
	return job;
}

static void
job_free(struct job *job)
{
	summarise(job);
	TAILQ_REMOVE(&jobs, job, next);
	free(job);
}

/*
 * Make the pipes of a run: for the errno of a failed execve(2), and for the
 * output unless that is the caller's.  Returns 0, or -1 with errno; the
 * child's ends are the caller's to close.
 */
static int
job_open(struct job *job, int *error_fd, int *output_fd)
{
	int	 fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	job->error_fd = fds[0];
	*error_fd = fds[1];
	if (options.onerule)
		return 0;
	if ((job->line = malloc(LINE_SIZE)) == NULL ||
	    pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	job->line_len = 0;
	job->output_fd = fds[0];
	*output_fd = fds[1];
	event_set(&job->output_ev, fds[0], EV_READ | EV_PERSIST,
	    output_handler, job);
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return -1;
	return event_add(&job->output_ev, NULL);
}

static void
job_close(struct job *job)
{
	if (job->error_fd != -1)
		close(job->error_fd);
	if (job->output_fd != -1) {
		event_del(&job->output_ev);
		close(job->output_fd);
	}
	job->error_fd = job->output_fd = -1;
	free(job->line);
	free(job->log);
	free(job->user);
	job->line = job->log = job->user = NULL;
}

/* A start failed for want of something: say so once until one succeeds. */
static void
refuse(struct job *job, const char *what)
{
	if (job->refused == 0 || job->refused != errno)
		log_warn("rule \"%s\": %s, trying again", job->name, what);
	job->refused = errno;
	start_refused();
}

/*
 * The beginning of a run's line in the log, which says why it ran: packets,
 * since when, and the condition.  To be freed; NULL with errno.
 */
static char *
describe(const struct rule *rule, enum what what, uint64_t packets,
    uint64_t total, uint64_t number, int64_t last)
{
	const struct terms	*terms = &rule->terms;
	char			 since[48] = "", condition[64], *line;

	if (last != NEVER)
		snprintf(since, sizeof(since), " in %.1f s",
		    (double)(now() - last) / NSEC);
	if (what == IDLE)
		snprintf(condition, sizeof(condition), "idle %" PRId64 "s",
		    (int64_t)(terms->idle / NSEC));
	else if (terms->within != 0)
		snprintf(condition, sizeof(condition),
		    "count %" PRIu64 " within %" PRId64 "s", terms->count,
		    (int64_t)(terms->within / NSEC));
	else
		snprintf(condition, sizeof(condition), "count %" PRIu64 "%s",
		    terms->count, terms->exact ? " exact" : "");
	if (asprintf(&line, "rule \"%s\": run %" PRIu64 ": %s, %" PRIu64
	    " packets%s (%s), total %" PRIu64, rule->name, number,
	    what == IDLE ? "idle" : "count", packets, since, condition,
	    total) == -1)
		return NULL;
	return line;
}

/* The environment. */

static int
environment_make(struct environment *env, const struct rule *rule,
    enum what what, uint64_t packets, uint64_t total, uint64_t owed)
{
	const struct account	*account = rule->account;
	char			**p, **inherited = NULL;
	size_t			 n = 0;

	if (options.onerule)
		inherited = options.environ;
	else if (environment_add(env, "PATH=%s", PATH) == -1 ||
	    environment_add(env, "HOME=%s", account->home) == -1 ||
	    environment_add(env, "LOGNAME=%s", account->name) == -1 ||
	    environment_add(env, "USER=%s", account->name) == -1 ||
	    environment_add(env, "SHELL=/bin/sh") == -1)
		return -1;
	if (environment_add(env, "BPFSTATSD_RULE=%s", rule->name) == -1 ||
	    environment_add(env, "BPFSTATSD_INTERFACE=%s",
	    rule->ifname) == -1 ||
	    environment_add(env, "BPFSTATSD_EVENT=%s",
	    what == IDLE ? "idle" : "count") == -1 ||
	    environment_add(env, "BPFSTATSD_PACKETS=%" PRIu64,
	    packets) == -1 ||
	    environment_add(env, "BPFSTATSD_TOTAL=%" PRIu64, total) == -1 ||
	    environment_add(env, "BPFSTATSD_RUNS=%" PRIu64,
	    rule->state->runs + 1) == -1 ||
	    environment_add(env, "BPFSTATSD_OWED=%" PRIu64, owed) == -1)
		return -1;

	for (p = inherited; p != NULL && *p != NULL; p++)
		n++;
	if ((env->all = calloc(n + env->n + 1, sizeof(*env->all))) == NULL)
		return -1;
	memcpy(env->all, env->variables, env->n * sizeof(*env->all));
	n = env->n;
	for (p = inherited; p != NULL && *p != NULL; p++)
		if (strncmp(*p, "BPFSTATSD_", 10) != 0)
			env->all[n++] = *p;
	return 0;
}

static int
environment_add(struct environment *env, const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vasprintf(&env->variables[env->n], fmt, ap);
	va_end(ap);
	if (n == -1)
		return -1;
	env->n++;
	return 0;
}

static void
environment_free(struct environment *env)
{
	int	 saved = errno;

	while (env->n > 0)
		free(env->variables[--env->n]);
	free(env->all);
	errno = saved;
}

/*
 * Fork and execute.  With vfork(2) where the user stays the same, because
 * copying the page tables of a parent with many rules costs as much as all
 * else; so the child works on the parent's memory, and changes nothing in it
 * but its own frame and errno.  It also holds the parent up: another user
 * could stop it before it executes, and has files that may be slow to open.
 */
static pid_t
spawn(const struct rule *rule, char **argv, char **env, int error_fd,
    int output_fd)
{
	sigset_t	 all, old;
	pid_t		 pid;
	int		 saved;

	/* a signal for the child must not reach our handlers in it */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if (rule->account != NULL && rule->account->uid != getuid())
		pid = fork();
	else
		pid = vfork();
	if (pid == 0)
		child(rule, argv, env, error_fd, output_fd);
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return pid;
}

/*
 * The child, with all signals blocked.  It leaves through execve(2) or
 * _exit(2) alone.
 */
static void
child(const struct rule *rule, char **argv, char **env, int error_fd,
    int output_fd)
{
	/* all others are at their default since the start */
	static const int	 signals[] = {
		CAUGHT_SIGNALS, SIGPIPE, SIGXFSZ
	};
	struct failure		 failure = { STEP_SETUP, 0 };
	sigset_t		 none;
	size_t			 i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signals[i] != SIGHUP || !options.onerule ||
		    !options.hup_ignored)
			signal(signals[i], SIG_DFL);
	if (dup2(null_fd, STDIN_FILENO) == -1)
		goto fail;
	if (!options.onerule) {
		umask(022);
		if (dup2(output_fd, STDOUT_FILENO) == -1 ||
		    dup2(output_fd, STDERR_FILENO) == -1 ||
		    setsid() == -1 || chdir("/") == -1)
			goto fail;
	}
	if (dup2(error_fd, 3) == -1 || fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
		goto fail;
	error_fd = 3;
	closefrom(4);
	if (setrlimit(RLIMIT_NOFILE, &options.nofile) == -1)
		goto fail;
	failure.step = STEP_USER;
	if (rule->account != NULL && privs_become(rule->account) == -1)
		goto fail;
	failure.step = STEP_EXEC;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(argv[0], argv, env);
fail:
	failure.error = errno;
	if (write(error_fd, &failure, sizeof(failure)) == -1)
		_exit(126);
	_exit(127);
}

/* The end of a run. */

static void
finish(struct job *job, int status)
{
	struct failure	 failure;
	int		 failed, ok;

	TAILQ_REMOVE(&running, job, running);
	nrunning--;
	evtimer_del(&job->timeout_ev);
	if (job->output_fd != -1) {
		log_output(job);
		while (job->line_len > 0)
			flush_line(job, job->line_len);
	}
	failed = read_failure(job, &failure);
	ok = !failed && job->signalled == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0;
	job->status = status;
	job->ended = now();
	log_run(job, ok, failed ? &failure : NULL);
	job->pid = 0;
	job_close(job);
	run_ended(job, ok);
	if (job->rule == NULL) {
		TAILQ_REMOVE(&orphans, job, orphan);
		job_free(job);
	}
}

static int
read_failure(struct job *job, struct failure *failure)
{
	return read(job->error_fd, failure, sizeof(*failure)) ==
	    sizeof(*failure);
}

/* Log the run that ends, unless there were many in this minute. */
static void
log_run(struct job *job, int ok, const struct failure *failure)
{
	static const char	*steps[] = {
		"cannot be set up", "cannot become the user",
		"cannot be executed"
	};
	char			 end[256];
	double			 seconds;
	int			 status = job->status;

	seconds = (double)(now() - job->started) / NSEC;
	minute_begins(job);
	if (job->lines >= MAX_RUN_LINES && (ok || job->failure)) {
		job->more++;
		job->failed += !ok;
		summary_later(job);
		return;
	}
	job->lines++;
	job->failure |= !ok;

	if (options.test) {
		log_info("%s, not run", job->log);
		return;
	}
	if (failure != NULL)
		snprintf(end, sizeof(end), "%s: %s", steps[failure->step],
		    strerror(failure->error));
	else if (job->signalled != 0)
		snprintf(end, sizeof(end), "%s after %.3f s",
		    job->timeout != 0 && seconds * NSEC >= job->timeout ?
		    "timed out, killed" : "killed", seconds);
	else if (WIFSIGNALED(status))
		snprintf(end, sizeof(end), "signal %d after %.3f s",
		    WTERMSIG(status), seconds);
	else
		snprintf(end, sizeof(end), "exit %d after %.3f s",
		    WEXITSTATUS(status), seconds);
	(ok ? log_info : log_warnx)("%s, pid %ld, %s%s%s", job->log,
	    (long)job->pid, end, job->user[0] != '\0' ? ", user " : "",
	    job->user);
}

/* Output: one line of it a line of the log. */

static void
output_handler(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	log_output(arg);
}

/*
 * Log what there is, but not endlessly: others want a turn.  The end of the
 * output is not the run's end.
 */
static void
log_output(struct job *job)
{
	char	*newline;
	ssize_t	 n = 0;
	size_t	 have = 0;

	while (have < PIPE_SIZE && (n = read(job->output_fd,
	    job->line + job->line_len, LINE_SIZE - job->line_len)) > 0) {
		have += n;
		job->line_len += n;
		while ((newline = memchr(job->line, '\n', job->line_len)) !=
		    NULL)
			flush_line(job, newline - job->line);
		if (job->line_len == LINE_SIZE)
			flush_line(job, LINE_SIZE);
	}
	if (have < PIPE_SIZE && n == 0)
		event_del(&job->output_ev);
}

/*
 * Log the first len bytes of the buffer as one line and remove them, with the
 * newline behind them.  Of unprintable ones only a part may fit.
 */
static void
flush_line(struct job *job, size_t len)
{
	char	 text[LINE_SIZE + 1];
	size_t	 n = len;

	minute_begins(job);
	if (job->output >= MAX_OUTPUT) {
		job->unprinted++;
		summary_later(job);
	} else {
		n = log_printable(text, sizeof(text), job->line, len);
		job->output++;
		log_info("rule \"%s\": output: %s", job->name, text);
	}
	if (n < job->line_len && job->line[n] == '\n')
		n++;
	job->line_len -= n;
	memmove(job->line, job->line + n, job->line_len);
}

/* Bounds of the log. */

static void
minute_begins(struct job *job)
{
	int64_t	 time = now();

	if (job->minute != NEVER && time - job->minute < MINUTE)
		return;
	summarise(job);
	job->minute = time;
	job->lines = job->output = 0;
	job->failure = 0;
}

static void
summarise(struct job *job)
{
	if (job->more != 0)
		log_info("rule \"%s\": %u more runs in this minute, %u of "
		    "them failed", job->name, job->more, job->failed);
	if (job->unprinted != 0)
		log_info("rule \"%s\": output: %u more lines in this minute",
		    job->name, job->unprinted);
	job->more = job->failed = job->unprinted = 0;
}

/* At the end of the job's minute, unless another one's ends before. */
static void
summary_later(const struct job *job)
{
	if (!evtimer_pending(&summary_ev, NULL) || job->minute < summary) {
		summary = job->minute;
		timer_in(&summary_ev, job->minute + MINUTE + NSEC - now());
	}
}

static void
summary_handler(int fd, short event, void *arg)
{
	struct job	*job;
	int64_t		 time = now();

	(void)fd;
	(void)event;
	(void)arg;
	TAILQ_FOREACH(job, &jobs, next)
		if ((job->more != 0 || job->unprinted != 0) &&
		    time - job->minute >= MINUTE)
			summarise(job);
	TAILQ_FOREACH(job, &jobs, next)
		if (job->more != 0 || job->unprinted != 0)
			summary_later(job);
}

/*
 * Too long: ask the whole group to end, then make it.  But the command may
 * have ended right now, or had less time than it may have.
 */
static void
timeout_handler(int fd, short event, void *arg)
{
	struct job	*job = arg;
	int64_t		 left = job->started + job->timeout - now();
	int		 status;

	(void)fd;
	(void)event;
	if (job->signalled != 0) {
		send_signal(job, SIGKILL);
		run_reap();
	} else if (waitpid(job->pid, &status, WNOHANG) == job->pid)
		finish(job, status);
	else if (left > 0)
		timer_in(&job->timeout_ev, left);
	else {
		send_signal(job, SIGTERM);
		timer_in(&job->timeout_ev, GRACE);
	}
}

/*
 * To the command's group; in the one-rule form, where that is the caller's,
 * and before the child has made its group, to the command alone.
 */
static void
send_signal(struct job *job, int sig)
{
	job->signalled = sig;
	if (options.onerule || kill(-job->pid, sig) == -1)
		kill(job->pid, sig);
}
