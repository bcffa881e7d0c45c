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
#define MAX_REAPED	32			/* runs, in one turn */
#define OUTPUT_TIME	(NSEC / 50)		/* for output, in one turn */
#define PIPE_SIZE	65536			/* as much can wait in it */
#define LINE_SIZE	1024			/* bytes of output in a line */
#define NVARIABLES	12

/* One run of a command. */
struct run {
	enum due	 due;
	unsigned int	 who;		/* the caller's number */
	char		*log;		/* the run's line in the log */
	char		*user;
	pid_t		 pid;
	int64_t		 timeout;	/* ns, or 0 */
	int		 stale;		/* of another counter */
	int		 reset;		/* the rule was, meanwhile */
	int		 error_fd;	/* errno of a failed exec */
	int		 output_fd;	/* or -1 */
	char		*line;		/* output, not yet logged */
	size_t		 line_len;
	int		 readable;	/* on that list */
	struct event	 output_ev;
	struct state	 before;	/* the rule's state, if it was none */
	int64_t		 last;		/* job.started, likewise */
};

/* What was logged of a rule in this minute, and what was not. */
struct minute {
	int64_t		 began;
	struct event	 end_ev;
	unsigned int	 runs;
	unsigned int	 more_runs;	/* not logged */
	unsigned int	 more_failed;	/* of these */
	unsigned int	 output;	/* lines of output */
	unsigned int	 more_output;	/* not logged */
	int		 failure;	/* has been logged */
};

/*
 * The running side of a rule, from its first start on.  It outlives its rule
 * while it runs.
 */
struct job {
	TAILQ_ENTRY(job)	 next;		/* all jobs */
	TAILQ_ENTRY(job)	 running;	/* those that run */
	TAILQ_ENTRY(job)	 readable;	/* those with output */
	struct rule		*rule;		/* NULL: gone in a reload */
	char			 name[MAX_NAME + 1];
	char			 title[MAX_NAME + 8];	/* for the log */
	int			 runs;		/* there is a run */
	struct child		 child;
	struct run		 run;
	struct minute		 minute;
	int64_t			 started;	/* the last run */
	int64_t			 ended;
	int			 status;	/* as of wait(2) */
	int			 error;		/* errno of a failed start */
};

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
	char	**all;
	int	 n;			/* of these are ours to free */
	int	 failed;		/* there was no memory for one */
};

static struct job	*job_of(struct rule *);
static void		 job_free(struct job *);
static int		 prepare(struct job *, const struct start *,
			    struct environment *, int *, int *);
static int		 open_pipes(struct job *, int *, int *);
static int		 spawn(struct job *, char **, int, int);
static void		 become_command(const struct rule *, char **, char **,
			    int, int) __attribute__((__noreturn__));
static int		 start_failed(struct job *, const char *);
static void		 forget_run(struct job *);
static char		*describe(const struct rule *, const struct start *,
			    int64_t);
static void		 describe_condition(char *, size_t,
			    const struct terms *, enum due);
static const char	*event_name(enum due);
static int		 is_manual(enum due);
static int		 is_idle(enum due);
static int		 environment_make(struct environment *,
			    const struct rule *, const struct start *);
static void		 environment_add_event(struct environment *,
			    const struct rule *, const struct start *);
static void		 environment_add(struct environment *,
			    const char *, ...)
			    __attribute__((__format__(printf, 2, 3)));
static void		 environment_free(struct environment *);
static void		 finish(struct job *, int);
static const char	*step_name(const struct failure *);
static int		 take_back(struct job *, const struct failure *);
static void		 done(struct job *, int, const char *);
static void		 log_run(struct job *, int, const char *);
static void		 describe_run(char *, size_t, const struct job *,
			    const struct failure *);
static void		 describe_end(char *, size_t, const struct job *,
			    const struct failure *);
static void		 output_handler(int, short, void *);
static void		 not_readable(struct job *);
static void		 readable_handler(int, short, void *);
static void		 log_output(struct job *);
static void		 log_lines(struct job *, int);
static size_t		 log_line(struct job *, const char *, size_t);
static void		 test_handler(int, short, void *);
static void		 minute_begins(struct job *);
static void		 summarise(struct job *);
static void		 summarise_later(struct job *);
static void		 minute_handler(int, short, void *);

/* All that runs, has run, or may. */
static struct {
	TAILQ_HEAD(, job)	 jobs;
	TAILQ_HEAD(, job)	 running;	/* of these */
	TAILQ_HEAD(, job)	 readable;	/* of these, with output */
	struct event		 readable_ev;
	unsigned int		 nrunning;
	uint64_t		 ntotal;	/* starts so far */
	int			 null_fd;
	void			(*ended)(struct rule *, const struct ending *);
} all = {
	.jobs = TAILQ_HEAD_INITIALIZER(all.jobs),
	.running = TAILQ_HEAD_INITIALIZER(all.running),
	.readable = TAILQ_HEAD_INITIALIZER(all.readable),
	.null_fd = -1
};

/*
 * To be called once, after event_init().  Returns 0, or -1 with errno.  The
 * callback is for the end of each run, with its rule, or NULL if that is gone.
 */
int
run_init(void (*callback)(struct rule *, const struct ending *))
{
	all.ended = callback;
	evtimer_set(&all.readable_ev, readable_handler, NULL);
	all.null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return all.null_fd == -1 ? -1 : 0;
}

/* Commands that run now. */
unsigned int
run_running(void)
{
	return all.nrunning;
}

/* Commands started so far. */
uint64_t
run_total(void)
{
	return all.ntotal;
}

/*
 * Start the rule's command, or its idle command, and tell it these numbers;
 * what the start takes is the caller's to write down.  With -t nothing is
 * started; the run ends well in the next turn of the event loop.  Returns 0,
 * or -1 if nothing was started, which has been logged once.
 */
int
run_start(struct rule *rule, const struct start *start)
{
	struct environment	 env = { .all = NULL };
	struct job		*job;
	int			 error_fd = -1, output_fd = -1, result;

	if ((job = job_of(rule)) == NULL) {
		log_warn("rule \"%s\": cannot start a command, trying again",
		    rule->name);
		return -1;
	}
	job->run = (struct run){
		.due = start->due,
		.who = start->who,
		.timeout = rule->timeout,
		.error_fd = -1,
		.output_fd = -1,
		.before = *rule->state,
		.last = job->started
	};
	if ((result = prepare(job, start, &env, &error_fd, &output_fd)) == -1)
		start_failed(job, "cannot start a command");
	else if (!options.test)
		result = spawn(job, env.all, error_fd, output_fd);
	environment_free(&env);
	if (error_fd != -1)
		close(error_fd);
	if (output_fd != -1)
		close(output_fd);
	if (result == -1) {
		forget_run(job);
		return -1;
	}
	job->started = now();
	job->runs = 1;
	TAILQ_INSERT_TAIL(&all.running, job, running);
	all.nrunning++;
	all.ntotal += !is_manual(start->due);
	if (options.test) {
		evtimer_set(&job->child.ev, test_handler, job);
		timer_in(&job->child.ev, 0);
	}
	return 0;
}

/*
 * After SIGCHLD: finish runs whose own process has ended.  Returns 1 if there
 * may be more of them: others must have a turn.
 */
int
run_reap(void)
{
	struct job	*job, *next;
	int		 status, n = 0;

	TAILQ_FOREACH_SAFE(job, &all.running, running, next) {
		if (!child_reap(&job->child, &status))
			continue;
		finish(job, status);
		if (++n == MAX_REAPED)
			return next != NULL;
	}
	return 0;
}

/* Kill all that runs. */
void
run_kill(void)
{
	struct job	*job;

	TAILQ_FOREACH(job, &all.running, running)
		child_signal(&job->child, SIGKILL);
}

/* Before the program ends: log what has not been logged yet. */
void
run_end(void)
{
	struct job	*job;

	TAILQ_FOREACH(job, &all.running, running)
		log_warnx("%s: process %ld does not end, although it was "
		    "killed: leaving it", job->title, (long)job->child.pid);
	TAILQ_FOREACH(job, &all.jobs, next)
		summarise(job);
	child_end_all();
}

/*
 * After counter_carry_all(): each job goes over to the rule of its name.  What
 * runs of a rule that is gone goes on; it does not count for one that begins
 * afresh.
 */
void
run_carry(struct conf *to)
{
	struct job	*job, *next;

	TAILQ_FOREACH_SAFE(job, &all.jobs, next, next) {
		job->rule = conf_rule(to, job->name);
		if (job->rule == NULL) {
			if (!job->runs)
				job_free(job);
			continue;
		}
		job->rule->job = job;
		if (job->runs && !job->rule->state->running) {
			job->run.stale = 1;
			job->rule->state->running = 1;
		}
	}
}

/*
 * Reset the rule at this total of its counter.  A run that has begun does not
 * count any more, and gives nothing back.
 */
void
run_reset(struct rule *rule, uint64_t total, int64_t time)
{
	rule_reset(rule->state, total, time);
	if (!rule->state->running)
		return;
	rule->job->run.reset = 1;
	rule_reset(&rule->job->run.before, total, time);
}

/* What runs, or ran last. */
void
run_last(const struct rule *rule, struct last *last)
{
	const struct job	*job = rule->job;

	*last = (struct last){ .time = NEVER };
	if (job == NULL)
		return;
	last->pid = job->runs ? job->child.pid : 0;
	last->time = job->runs ? job->started : job->ended;
	last->status = job->status;
}

/* Jobs. */

/* The rule's job, made now if it has none; or NULL with errno. */
static struct job *
job_of(struct rule *rule)
{
	struct job	*job;

	if (rule->job != NULL)
		return rule->job;
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return NULL;
	strlcpy(job->name, rule->name, sizeof(job->name));
	snprintf(job->title, sizeof(job->title), "rule \"%s\"", rule->name);
	job->child.name = job->title;
	job->child.group = !options.onerule;	/* there it is the caller's */
	job->rule = rule;
	job->started = job->ended = job->minute.began = NEVER;
	evtimer_set(&job->minute.end_ev, minute_handler, job);
	TAILQ_INSERT_TAIL(&all.jobs, job, next);
	rule->job = job;
	return job;
}

static void
job_free(struct job *job)
{
	summarise(job);
	evtimer_del(&job->minute.end_ev);
	TAILQ_REMOVE(&all.jobs, job, next);
	free(job);
}

/* Starting. */

/*
 * All that a start needs but the process.  The child's ends of the pipes are
 * the caller's to close.  Returns 0, or -1 with errno.
 */
static int
prepare(struct job *job, const struct start *start, struct environment *env,
    int *error_fd, int *output_fd)
{
	const struct rule	*rule = job->rule;
	struct run		*run = &job->run;

	if (environment_make(env, rule, start) == -1 ||
	    (run->log = describe(rule, start, job->started)) == NULL ||
	    (run->user = strdup(rule->account != NULL ?
	    rule->account->name : "")) == NULL)
		return -1;
	return options.test ? 0 : open_pipes(job, error_fd, output_fd);
}

/*
 * The pipes of a run: for the errno of a failed execve(2), and for the output
 * unless that is the caller's.  Returns 0, or -1 with errno.
 */
static int
open_pipes(struct job *job, int *error_fd, int *output_fd)
{
	struct run	*run = &job->run;
	int		 fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	run->error_fd = fds[0];
	*error_fd = fds[1];
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return -1;
	if (options.onerule)
		return 0;
	if ((run->line = malloc(LINE_SIZE)) == NULL ||
	    pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	run->output_fd = fds[0];
	*output_fd = fds[1];
	event_set(&run->output_ev, fds[0], EV_READ | EV_PERSIST,
	    output_handler, job);
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		return -1;
	/*
	 * So that it can open /dev/stderr, where that is not dup(2).  Without
	 * the right to give it away: whoever can reach it may write there.
	 * The pipes of the BSDs have neither owner nor mode.
	 */
	if (fchown(fds[1], job->rule->account->uid,
	    job->rule->account->gid) == -1 &&
	    fchmod(fds[1], S_IRUSR | S_IWUSR | S_IWGRP | S_IWOTH) == -1 &&
	    errno != EINVAL)
		log_debug("fchmod: %s", strerror(errno));
	return event_add(&run->output_ev, NULL);
}

static int
spawn(struct job *job, char **env, int error_fd, int output_fd)
{
	const struct rule	*rule = job->rule;
	int			 keep[3] = { all.null_fd, error_fd, output_fd };

	switch (child_fork(&job->child, SIG_DFL, keep,
	    output_fd == -1 ? 2 : 3)) {
	case -1:
		return start_failed(job, "fork");
	case 0:
		become_command(rule, is_idle(job->run.due) ? rule->idle :
		    rule->command, env, error_fd, output_fd);
	}
	if (rule->timeout != 0)
		child_end_in(&job->child, rule->timeout, GRACE);
	job->run.pid = job->child.pid;
	return 0;
}

/*
 * In the child.  It leaves through execve(2) or _exit(2) alone.  Descriptor 3
 * is for the errno, and closed by execve(2).
 */
static void
become_command(const struct rule *rule, char **argv, char **env, int error_fd,
    int output_fd)
{
	struct failure	 failure = { STEP_SETUP, 0 };

	if (dup2(all.null_fd, STDIN_FILENO) == -1)
		goto fail;
	if (!options.onerule) {
		umask(022);
		if (dup2(output_fd, STDOUT_FILENO) == -1 ||
		    dup2(output_fd, STDERR_FILENO) == -1 ||
		    setsid() == -1 || chdir("/") == -1)
			goto fail;
	}
	if (error_fd != 3 && dup2(error_fd, 3) == -1)
		goto fail;
	error_fd = 3;
	if (fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
		goto fail;
	closefrom(4);
	if (setrlimit(RLIMIT_NOFILE, &options.nofile) == -1)
		goto fail;
	failure.step = STEP_USER;
	if (rule->account != NULL && privs_become(rule->account) == -1)
		goto fail;
	failure.step = STEP_EXEC;
	execve(argv[0], argv, env);
fail:
	failure.error = errno;
	if (write(error_fd, &failure, sizeof(failure)) == -1)
		_exit(126);
	_exit(127);
}

/*
 * A start failed for lack of something: log it once until one succeeds.
 * Returns -1.
 */
static int
start_failed(struct job *job, const char *what)
{
	if (job->error == 0 || job->error != errno)
		log_warn("%s: %s, trying again", job->title, what);
	job->error = errno;
	return -1;
}

static void
forget_run(struct job *job)
{
	struct run	*run = &job->run;

	if (run->error_fd != -1)
		close(run->error_fd);
	if (run->output_fd != -1) {
		event_del(&run->output_ev);
		not_readable(job);
		close(run->output_fd);
	}
	run->error_fd = run->output_fd = -1;
	free(run->line);
	free(run->log);
	free(run->user);
	run->line = run->log = run->user = NULL;
}

/*
 * The beginning of a run's line in the log, which says why it ran: packets,
 * since when, and the condition.  To be freed; NULL with errno.
 */
static char *
describe(const struct rule *rule, const struct start *start, int64_t last)
{
	char	 since[48] = "", condition[80], *line;

	if (is_manual(start->due)) {
		if (asprintf(&line, "rule \"%s\": manual run of the %s, "
		    "total %" PRIu64, rule->name, is_idle(start->due) ?
		    "idle command" : "command", start->total) == -1)
			return NULL;
		return line;
	}
	if (last != NEVER)
		snprintf(since, sizeof(since), " in %.1f s",
		    (double)(now() - last) / NSEC);
	describe_condition(condition, sizeof(condition), &rule->terms,
	    start->due);
	if (asprintf(&line, "rule \"%s\": run %" PRIu64 ": %s, %" PRIu64
	    " packets%s (%s), total %" PRIu64, rule->name,
	    rule->state->runs + 1, event_name(start->due), start->packets,
	    since, condition, start->total) == -1)
		return NULL;
	return line;
}

static void
describe_condition(char *buf, size_t size, const struct terms *terms,
    enum due due)
{
	int64_t	 within = terms->within / NSEC, idle = terms->idle / NSEC;

	if (due == DUE_IDLE && terms->renew != terms->count)
		snprintf(buf, size, "idle %" PRId64 "s below %" PRIu64, idle,
		    terms->renew);
	else if (due == DUE_IDLE)
		snprintf(buf, size, "idle %" PRId64 "s", idle);
	else if (terms->within != 0)
		snprintf(buf, size, "%s %" PRIu64 " within %" PRId64 "s",
		    terms->below ? "below" : "count", terms->count, within);
	else
		snprintf(buf, size, "count %" PRIu64 "%s", terms->count,
		    terms->exact ? " exact" : "");
}

static const char *
event_name(enum due due)
{
	switch (due) {
	case DUE_BELOW:
		return "below";
	case DUE_IDLE:
		return "idle";
	case DUE_MANUAL:
	case DUE_MANUAL_IDLE:
		return "manual";
	default:
		return "count";
	}
}

static int
is_manual(enum due due)
{
	return due == DUE_MANUAL || due == DUE_MANUAL_IDLE;
}

static int
is_idle(enum due due)
{
	return due == DUE_IDLE || due == DUE_MANUAL_IDLE;
}

/* The environment. */

/* Returns 0, or -1 with errno. */
static int
environment_make(struct environment *env, const struct rule *rule,
    const struct start *start)
{
	const struct account	*account = rule->account;
	char			*none = NULL, **inherited = &none, **p;
	size_t			 n = 0;

	if (options.onerule)
		inherited = options.environ;
	for (p = inherited; *p != NULL; p++)
		n++;
	if ((env->all = calloc(NVARIABLES + n + 1, sizeof(*env->all))) == NULL)
		return -1;
	if (!options.onerule) {
		environment_add(env, "PATH=%s", PATH);
		environment_add(env, "HOME=%s", account->home);
		environment_add(env, "LOGNAME=%s", account->name);
		environment_add(env, "USER=%s", account->name);
		environment_add(env, "SHELL=/bin/sh");
	}
	environment_add_event(env, rule, start);
	if (env->failed) {
		errno = ENOMEM;
		return -1;
	}
	n = env->n;
	for (p = inherited; *p != NULL; p++)
		if (strncmp(*p, "BPFSTATSD_", 10) != 0)
			env->all[n++] = *p;
	return 0;
}

static void
environment_add_event(struct environment *env, const struct rule *rule,
    const struct start *start)
{
	environment_add(env, "BPFSTATSD_RULE=%s", rule->name);
	environment_add(env, "BPFSTATSD_INTERFACE=%s", rule->ifname);
	environment_add(env, "BPFSTATSD_EVENT=%s", event_name(start->due));
	environment_add(env, "BPFSTATSD_PACKETS=%" PRIu64, start->packets);
	environment_add(env, "BPFSTATSD_TOTAL=%" PRIu64, start->total);
	environment_add(env, "BPFSTATSD_RUNS=%" PRIu64,
	    rule->state->runs + !is_manual(start->due));
	environment_add(env, "BPFSTATSD_OWED=%" PRIu64, start->owed);
}

static void
environment_add(struct environment *env, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	if (vasprintf(&env->all[env->n], fmt, ap) == -1)
		env->failed = 1;
	else
		env->n++;
	va_end(ap);
}

static void
environment_free(struct environment *env)
{
	int	 saved = errno;

	while (env->n > 0)
		free(env->all[--env->n]);
	free(env->all);
	errno = saved;
}

/* The end of a run. */

static void
finish(struct job *job, int status)
{
	struct run	*run = &job->run;
	struct failure	 failure;
	struct rule	*rule = job->rule;
	struct ending	 ending = { .who = run->who };
	char		 line[512];
	int		 failed;

	TAILQ_REMOVE(&all.running, job, running);
	all.nrunning--;
	job->runs = 0;
	if (run->output_fd != -1) {
		log_output(job);
		log_lines(job, 1);
	}
	failed = run->error_fd != -1 && read(run->error_fd, &failure,
	    sizeof(failure)) == sizeof(failure);
	ending.again = failed && take_back(job, &failure);
	if (!ending.again) {
		ending.ok = !failed && job->child.sent == 0 &&
		    WIFEXITED(status) && WEXITSTATUS(status) == 0;
		job->status = status;
		job->ended = now();
		job->error = 0;
	}
	describe_run(line, sizeof(line), job, failed ? &failure : NULL);
	ending.line = line;
	if (!ending.again)
		done(job, ending.ok, line);
	forget_run(job);
	if (rule == NULL)
		job_free(job);
	all.ended(rule, &ending);
}

/* The run counts, for the log and for its rule. */
static void
done(struct job *job, int ok, const char *line)
{
	struct rule	*rule = job->rule;
	uint64_t	 failures;

	log_run(job, ok, line);
	if (rule == NULL)
		return;
	failures = rule->state->failures;
	if (job->run.stale)
		rule->state->running = 0;
	else
		rule_done(&rule->terms, rule->state, job->run.due, ok,
		    job->ended);
	if (job->run.reset)
		rule->state->failures = failures;
}

static const char *
step_name(const struct failure *failure)
{
	switch (failure->step) {
	case STEP_USER:
		return "cannot become the user";
	case STEP_EXEC:
		return "cannot be executed";
	default:
		return "cannot be set up";
	}
}

/*
 * If the command could not be executed for the moment, the run has not been:
 * its start takes nothing.  Returns 1 if so.
 */
static int
take_back(struct job *job, const struct failure *failure)
{
	struct rule	*rule = job->rule;

	switch (failure->error) {
	case EAGAIN:
	case ENOMEM:
	case ENFILE:
	case EMFILE:
	case ETXTBSY:
		break;
	default:
		return 0;
	}
	if (rule == NULL || job->child.sent != 0)
		return 0;
	errno = failure->error;
	start_failed(job, step_name(failure));
	all.ntotal -= !is_manual(job->run.due);
	job->started = job->run.last;
	if (!job->run.stale)
		rule_untake(rule->state, &job->run.before);
	rule->state->running = 0;
	return 1;
}

/* -t: a run takes no time and succeeds. */
static void
test_handler(int fd, short event, void *arg)
{
	finish(arg, 0);
}

/* Log the run that ends, unless there were many in this minute. */
static void
log_run(struct job *job, int ok, const char *line)
{
	struct minute	*minute = &job->minute;

	minute_begins(job);
	if (minute->runs >= MAX_RUN_LINES && (ok || minute->failure)) {
		minute->more_runs++;
		minute->more_failed += !ok;
		summarise_later(job);
		return;
	}
	minute->runs++;
	minute->failure |= !ok;
	(ok ? log_info : log_warnx)("%s", line);
}

/* The run's line in the log. */
static void
describe_run(char *buf, size_t size, const struct job *job,
    const struct failure *failure)
{
	const char	*user = job->run.user;
	char		 end[256];

	if (options.test) {
		snprintf(buf, size, "%s, not run", job->run.log);
		return;
	}
	describe_end(end, sizeof(end), job, failure);
	snprintf(buf, size, "%s, pid %ld, %s%s%s", job->run.log,
	    (long)job->run.pid, end, user[0] != '\0' ? ", user " : "", user);
}

static void
describe_end(char *buf, size_t size, const struct job *job,
    const struct failure *failure)
{
	int64_t	 took = job->ended - job->started;
	double	 seconds = (double)took / NSEC;
	int	 status = job->status, timed_out;

	timed_out = job->run.timeout != 0 && took >= job->run.timeout;
	if (failure != NULL)
		snprintf(buf, size, "%s: %s", step_name(failure),
		    strerror(failure->error));
	else if (job->child.sent != 0)
		snprintf(buf, size, "%s after %.3f s",
		    timed_out ? "timed out, killed" : "killed", seconds);
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "signal %d after %.3f s",
		    WTERMSIG(status), seconds);
	else
		snprintf(buf, size, "exit %d after %.3f s",
		    WEXITSTATUS(status), seconds);
}

/* Output: one line of it a line of the log. */

/* Its turn comes: many that write without end must not hold up the rest. */
static void
output_handler(int fd, short event, void *arg)
{
	struct job	*job = arg;

	if (job->run.readable)
		return;
	job->run.readable = 1;
	TAILQ_INSERT_TAIL(&all.readable, job, readable);
	if (!evtimer_pending(&all.readable_ev, NULL))
		timer_in(&all.readable_ev, 0);
}

static void
not_readable(struct job *job)
{
	if (job->run.readable)
		TAILQ_REMOVE(&all.readable, job, readable);
	job->run.readable = 0;
}

static void
readable_handler(int fd, short event, void *arg)
{
	struct job	*job;
	int64_t		 until = now() + OUTPUT_TIME;

	while ((job = TAILQ_FIRST(&all.readable)) != NULL) {
		not_readable(job);
		log_output(job);
		if (now() >= until)
			break;
	}
	if (!TAILQ_EMPTY(&all.readable))
		timer_in(&all.readable_ev, 0);
}

/*
 * Log what there is, but not endlessly.  The end of the output is not the
 * run's end.
 */
static void
log_output(struct job *job)
{
	struct run	*run = &job->run;
	ssize_t		 n = 0;
	size_t		 have = 0;

	while (have < PIPE_SIZE && (n = read(run->output_fd,
	    run->line + run->line_len, LINE_SIZE - run->line_len)) > 0) {
		have += n;
		run->line_len += n;
		log_lines(job, 0);
	}
	if (have < PIPE_SIZE && n == 0)
		event_del(&run->output_ev);
}

/* Log the lines in the buffer; one that has no end only if it is the last. */
static void
log_lines(struct job *job, int last)
{
	struct run	*run = &job->run;
	char		*p = run->line, *end = p + run->line_len, *newline;

	minute_begins(job);
	while (p < end) {
		newline = memchr(p, '\n', end - p);
		if (newline == NULL && !last && end - p < LINE_SIZE)
			break;
		p += log_line(job, p, (newline != NULL ? newline : end) - p);
		if (p == newline)
			p++;
	}
	if (job->minute.more_output != 0)
		summarise_later(job);
	run->line_len = end - p;
	memmove(run->line, p, run->line_len);
}

/*
 * Log so many bytes as one line, if it is not one too many.  Of unprintable
 * ones only a part may fit: returns how many did.
 */
static size_t
log_line(struct job *job, const char *line, size_t len)
{
	char	 text[LINE_SIZE + 1];
	size_t	 n;

	if (job->minute.output >= MAX_OUTPUT) {
		job->minute.more_output++;
		return len;
	}
	n = log_printable(text, sizeof(text), line, len);
	job->minute.output++;
	log_info("%s: output: %s", job->title, text);
	return n;
}

/* Bounds of the log. */

static void
minute_begins(struct job *job)
{
	int64_t	 time = now();

	if (job->minute.began != NEVER && time - job->minute.began < MINUTE)
		return;
	summarise(job);
	job->minute.began = time;
	job->minute.runs = job->minute.output = 0;
	job->minute.failure = 0;
}

static void
summarise(struct job *job)
{
	struct minute	*minute = &job->minute;

	if (minute->more_runs != 0)
		log_info("%s: %u more runs in this minute, %u of them failed",
		    job->title, minute->more_runs, minute->more_failed);
	if (minute->more_output != 0)
		log_info("%s: output: %u more lines in this minute",
		    job->title, minute->more_output);
	minute->more_runs = minute->more_failed = minute->more_output = 0;
}

/* Something was not logged: say how much when the minute is over. */
static void
summarise_later(struct job *job)
{
	if (!evtimer_pending(&job->minute.end_ev, NULL))
		timer_in(&job->minute.end_ev, job->minute.began + MINUTE +
		    NSEC - now());
}

static void
minute_handler(int fd, short event, void *arg)
{
	struct job	*job = arg;

	minute_begins(job);
	/* of a minute that had begun when this was still set for the last */
	if (job->minute.more_runs != 0 || job->minute.more_output != 0)
		summarise_later(job);
}
