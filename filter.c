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
 * Filters: the programs of expressions, and the helpers that make them.
 *
 * An expression is compiled by bpfstatsd-filter, once for each link type.
 * Several helpers run at a time, on the event loop; none of them can hold
 * anything up.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define HELPER		"bpfstatsd-filter"
#define HELPER_PATH	LIBEXECDIR "/" HELPER
#define MAX_HELPERS	4		/* that run at a time */
#define SECONDS		10		/* that each has */
#define TIME		(SECONDS * NSEC)
#define PATIENCE	(TIME + NSEC)	/* without an answer */
#define AGAIN		(60 * NSEC)	/* from a failure to the next try */
#define TICK		(NSEC / 100)
#define MAX_SAID	256		/* bytes of libpcap's errors */
#define MAX_WORDS	(MAX_SAID + sizeof(HELPER_PATH ": "))

/* An expression, compiled for a link type. */
struct filter {
	RB_ENTRY(filter)	 entry;		/* set.all */
	TAILQ_ENTRY(filter)	 next;		/* set.queue */
	char			*text;
	int			 dlt;
	int			 error;		/* why no program, or 0 */
	struct program		*program;
	char			 words[MAX_WORDS]; /* about the error */
	int			 open;		/* queued or being compiled */
	struct helper		*helper;	/* that compiles it, or NULL */
	int			 used;		/* see filter_sweep() */
	struct event		 again;		/* after EAGAIN */
};

struct helper {
	struct child		 child;
	struct filter		*filter;	/* NULL: its answer is known */
	int			 fd;		/* where it answers, or -1 */
	struct event		 answer;
	struct event		 late;		/* not even KILL has ended it */
	int			 killed;	/* at the last look */
	size_t			 len;
	char			 buf[MAX_ANSWER + 1];
};

RB_HEAD(filters, filter);

static void		 mark(const char *);
static struct filter	*find(const char *, int);
static struct filter	*add(const char *, int);
static void		 drop(struct filter *);
static void		 queue(struct filter *);
static void		 finish(struct filter *, int, const char *);
static int		 filter_cmp(struct filter *, struct filter *);
static int		 helper_start(struct helper *, struct filter *);
static void		 helper_run(const struct filter *, int)
			    __attribute__((__noreturn__));
static int		 helper_read(struct helper *);
static void		 helper_judge(struct helper *, const int *);
static const char	*helper_failure(const struct helper *, int);
static void		 helper_close(struct helper *);
static void		 start_handler(int, short, void *);
static void		 answer_handler(int, short, void *);
static void		 late_handler(int, short, void *);
static void		 again_handler(int, short, void *);
static void		 done_handler(int, short, void *);
static void		 tick_handler(int, short, void *);

RB_PROTOTYPE(filters, filter, entry, filter_cmp)

/* There is one set: a program is the same for every configuration. */
static struct {
	struct filters		 all;
	TAILQ_HEAD(, filter)	 queue;		/* to be compiled */
	unsigned int		 open;		/* how many filters are */
	struct helper		 helpers[MAX_HELPERS];
	struct event		 start;		/* helpers for the queue */
	struct event		 done;
	void			(*callback)(void);
	const struct account	*account;	/* the helpers', or NULL */
} set;

/*
 * To be called once, after event_init().  The helpers run as the account, or
 * as the caller if that is NULL.  done, or NULL, is called from the event loop
 * when nothing is in progress any more, and again when more is known of what
 * failed: then what waits for a filter is to be looked at.
 */
void
filter_init(void (*done)(void), const struct account *account)
{
	int	 i;

	RB_INIT(&set.all);
	TAILQ_INIT(&set.queue);
	set.callback = done;
	set.account = account;
	for (i = 0; i < MAX_HELPERS; i++) {
		set.helpers[i].child.name = HELPER;
		set.helpers[i].child.group = 1;
		set.helpers[i].fd = -1;
	}
	evtimer_set(&set.start, start_handler, NULL);
	evtimer_set(&set.done, done_handler, NULL);
}

/*
 * The program of an expression for a link type, a DLT_ number; valid until
 * filter_sweep().  Or NULL with errno:
 *
 * EINPROGRESS	it is being compiled; this ends when no helper has answered for
 *		longer than they may take
 * EINVAL	the expression is in error
 * EAGAIN	the helper failed, or takes its time; tried again each minute
 * ENOMEM
 *
 * Compiles nothing twice.
 */
const struct program *
filter_get(const char *text, int dlt)
{
	struct filter	*filter;

	if ((filter = find(text, dlt)) == NULL) {
		if ((filter = add(text, dlt)) == NULL) {
			errno = ENOMEM;
			return NULL;
		}
		queue(filter);
	}
	if (filter->program == NULL)
		errno = filter->error;
	return filter->program;
}

/* After EINVAL or EAGAIN: what is wrong, or NULL. */
const char *
filter_error(const char *text, int dlt)
{
	struct filter	*filter = find(text, dlt);

	return filter != NULL && filter->words[0] != '\0' ? filter->words :
	    NULL;
}

/*
 * Wait until an expression is compiled, on an event loop that nobody else
 * runs; those that were asked for by filter_get() are compiled meanwhile.
 * Returns 0, or -1 with the error.
 */
int
filter_check(const char *text, int dlt, const char **error)
{
	const struct program	*program;
	struct event		 tick;
	int64_t			 until = now() + 2 * TIME;
	int			 number = 0;

	evtimer_set(&tick, tick_handler, NULL);
	while ((program = filter_get(text, dlt)) == NULL) {
		number = errno;
		if (number != EINPROGRESS || now() >= until)
			break;
		/* nobody says that a helper has ended */
		timer_in(&tick, TICK);
		event_loop(EVLOOP_ONCE);
		filter_reap();
	}
	evtimer_del(&tick);
	if (program != NULL)
		return 0;
	if ((*error = filter_error(text, dlt)) == NULL)
		*error = strerror(number);
	return -1;
}

static void
tick_handler(int fd, short event, void *arg)
{
}

/*
 * Forget what no rule of the configuration uses, and end the helpers that
 * compile it.  With NULL, all of them: then done is not called any more.
 */
void
filter_sweep(const struct conf *conf)
{
	struct filter		*filter, *next;
	const struct rule	*rule;

	RB_FOREACH(filter, filters, &set.all)
		filter->used = 0;
	if (conf == NULL)
		evtimer_del(&set.done);
	else
		TAILQ_FOREACH(rule, &conf->rules, next)
			if (rule->filter != NULL)
				mark(rule->filter);
	RB_FOREACH_SAFE(filter, filters, &set.all, next)
		if (!filter->used)
			drop(filter);
}

/* An expression is used, for whatever link types. */
static void
mark(const char *text)
{
	struct filter	 key = {
		.text = (char *)(uintptr_t)text,
		.dlt = INT_MIN
	};
	struct filter	*filter;

	for (filter = RB_NFIND(filters, &set.all, &key); filter != NULL &&
	    strcmp(filter->text, text) == 0;
	    filter = RB_NEXT(filters, &set.all, filter))
		filter->used = 1;
}

/* After SIGCHLD: what have those that ended answered? */
void
filter_reap(void)
{
	struct helper	*helper;
	int		 i, status;

	for (i = 0; i < MAX_HELPERS; i++) {
		helper = &set.helpers[i];
		if (!child_reap(&helper->child, &status))
			continue;
		if (helper->fd != -1)
			helper_read(helper);
		helper_judge(helper, &status);
		helper_close(helper);
		timer_in(&set.start, 0);
	}
}

/* The filters. */

static struct filter *
find(const char *text, int dlt)
{
	struct filter	 key = { .text = (char *)(uintptr_t)text, .dlt = dlt };

	return RB_FIND(filters, &set.all, &key);
}

static struct filter *
add(const char *text, int dlt)
{
	struct filter	*filter;

	if ((filter = calloc(1, sizeof(*filter))) == NULL)
		return NULL;
	if ((filter->text = strdup(text)) == NULL) {
		free(filter);
		return NULL;
	}
	filter->dlt = dlt;
	filter->error = EINPROGRESS;
	evtimer_set(&filter->again, again_handler, filter);
	RB_INSERT(filters, &set.all, filter);
	return filter;
}

static void
drop(struct filter *filter)
{
	if (filter->helper != NULL) {
		filter->helper->filter = NULL;
		child_signal(&filter->helper->child, SIGKILL);
	} else if (filter->open)
		TAILQ_REMOVE(&set.queue, filter, next);
	/* unless nobody wants to know */
	if (filter->open && --set.open == 0 &&
	    evtimer_pending(&set.done, NULL))
		timer_in(&set.done, 0);
	evtimer_del(&filter->again);
	RB_REMOVE(filters, &set.all, filter);
	free(filter->program);
	free(filter->text);
	free(filter);
}

/*
 * What failed before keeps its error until it is known better, and lets pass
 * what is new.
 */
static void
queue(struct filter *filter)
{
	filter->open = 1;
	set.open++;
	if (filter->error == EINPROGRESS)
		TAILQ_INSERT_HEAD(&set.queue, filter, next);
	else
		TAILQ_INSERT_TAIL(&set.queue, filter, next);
	timer_in(&set.start, 0);
	if (!evtimer_pending(&set.done, NULL))
		timer_in(&set.done, PATIENCE);
}

static void
again_handler(int fd, short event, void *arg)
{
	queue(arg);
}

/* Its program is there, or the words say why not. */
static void
finish(struct filter *filter, int error, const char *words)
{
	strlcpy(filter->words, words, sizeof(filter->words));
	filter->error = error;
	filter->helper = NULL;
	filter->open = 0;
	if (error == EAGAIN)
		timer_in(&filter->again, AGAIN);
	if (--set.open == 0)
		timer_in(&set.done, 0);
}

/* What has no answer yet has had its time: nobody waits for it any longer. */
static void
done_handler(int fd, short event, void *arg)
{
	struct filter	*filter;

	RB_FOREACH(filter, filters, &set.all)
		if (filter->error == EINPROGRESS) {
			filter->error = EAGAIN;
			strlcpy(filter->words, HELPER_PATH ": no answer yet",
			    sizeof(filter->words));
		}
	if (set.callback != NULL)
		set.callback();
}

static int
filter_cmp(struct filter *a, struct filter *b)
{
	int	 order = strcmp(a->text, b->text);

	return order != 0 ? order : a->dlt < b->dlt ? -1 : a->dlt > b->dlt;
}

/* The helpers. */

static void
start_handler(int fd, short event, void *arg)
{
	struct helper	*helper;
	struct filter	*filter;
	int		 i;

	for (i = 0; i < MAX_HELPERS && !TAILQ_EMPTY(&set.queue); i++) {
		helper = &set.helpers[i];
		if (helper->child.pid != 0)
			continue;
		filter = TAILQ_FIRST(&set.queue);
		TAILQ_REMOVE(&set.queue, filter, next);
		if (helper_start(helper, filter) == -1) {
			finish(filter, EAGAIN, strerror(errno));
			timer_in(&set.start, 0);
		}
	}
}

/* Returns 0, or -1 with errno. */
static int
helper_start(struct helper *helper, struct filter *filter)
{
	int	 fds[2], saved;
	pid_t	 pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return -1;
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1)
		goto fail;
	if ((pid = child_fork(&helper->child, SIG_DFL, &fds[1], 1)) == 0)
		helper_run(filter, fds[1]);
	if (pid == -1)
		goto fail;
	close(fds[1]);
	helper->fd = fds[0];
	helper->len = 0;
	helper->filter = filter;
	filter->helper = helper;
	child_end_in(&helper->child, TIME, 0);
	helper->killed = 0;
	evtimer_set(&helper->late, late_handler, helper);
	timer_in(&helper->late, TIME);
	event_set(&helper->answer, fds[0], EV_READ | EV_PERSIST,
	    answer_handler, helper);
	/* should this fail, its answer is read when it has ended */
	event_add(&helper->answer, NULL);
	return 0;

fail:
	saved = errno;
	close(fds[0]);
	close(fds[1]);
	errno = saved;
	return -1;
}

/* In the new process. */
static void
helper_run(const struct filter *filter, int fd)
{
	struct answer	 head = { ANSWER_MAGIC, ANSWER_FAILED, 0 };
	char		 name[] = HELPER, dlt[16];
	char		*argv[] = { name, dlt, filter->text, NULL };
	char		*env[] = { NULL };
	const char	*error;
	int		 null_fd;

	if (set.account == NULL)
		privs_give_up();
	snprintf(dlt, sizeof(dlt), "%d", filter->dlt);
	if ((null_fd = open("/dev/null", O_RDWR)) != -1 &&
	    dup2(null_fd, STDIN_FILENO) != -1 &&
	    dup2(null_fd, STDERR_FILENO) != -1 &&
	    dup2(fd, STDOUT_FILENO) != -1 &&
	    setsid() != -1 && chdir("/") != -1 &&
	    (set.account == NULL || privs_become(set.account) == 0)) {
		closefrom(STDERR_FILENO + 1);
		fd = STDOUT_FILENO;
		/* if nobody is there to end it */
		alarm(SECONDS + 1);
		execve(HELPER_PATH, argv, env);
	}
	error = strerror(errno);
	head.len = strlen(error);
	if (write(fd, &head, sizeof(head)) == -1 ||
	    write(fd, error, head.len) == -1)
		_exit(126);
	_exit(127);
}

static void
answer_handler(int fd, short event, void *arg)
{
	struct helper	*helper = arg;

	if (!helper_read(helper))
		return;
	event_del(&helper->answer);
	close(helper->fd);
	helper->fd = -1;
	helper_judge(helper, NULL);
}

/* Read what there is.  Returns 1 when that is all, or too much. */
static int
helper_read(struct helper *helper)
{
	ssize_t	 n;

	while (helper->len < sizeof(helper->buf)) {
		n = read(helper->fd, helper->buf + helper->len,
		    sizeof(helper->buf) - helper->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return 0;
		if (n <= 0)
			return 1;
		helper->len += n;
	}
	return 1;
}

/*
 * Finish the filter by the answer.  If there is none the status of the helper,
 * as of wait(2), says why; NULL: it has not ended, wait for it.
 */
static void
helper_judge(struct helper *helper, const int *status)
{
	struct filter	*filter = helper->filter;
	char		 said[MAX_SAID] = "", words[MAX_WORDS];
	const char	*why = said;
	int		 error;

	if (filter == NULL)
		return;
	error = program_read(helper->buf, helper->len, &filter->program,
	    said, sizeof(said));
	if (error == EBADMSG && status == NULL)
		return;
	if (error == EBADMSG)
		why = helper_failure(helper, *status);
	else if (error == ENOMEM)
		why = strerror(ENOMEM);
	helper->filter = NULL;
	if (error == 0 || error == EINVAL) {
		timer_in(&set.done, PATIENCE);
		finish(filter, error, said);
	} else {
		snprintf(words, sizeof(words), "%s: %s", HELPER_PATH, why);
		finish(filter, EAGAIN, words);
	}
}

static const char *
helper_failure(const struct helper *helper, int status)
{
	static char	 words[64];

	if (helper->child.sent != 0)
		snprintf(words, sizeof(words), "no answer in %d seconds",
		    SECONDS);
	else if (WIFSIGNALED(status))
		snprintf(words, sizeof(words), "killed by signal %d",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(words, sizeof(words), "exited with status %d",
		    WEXITSTATUS(status));
	else
		snprintf(words, sizeof(words), "invalid answer");
	return words;
}

/*
 * It has half a second from KILL, however late we were to send that.  Nobody
 * can end it then; it keeps its place until it ends.
 */
static void
late_handler(int fd, short event, void *arg)
{
	struct helper	*helper = arg;
	struct filter	*filter = helper->filter;

	if (!helper->killed) {
		helper->killed = helper->child.sent == SIGKILL;
		timer_in(&helper->late, NSEC / 2);
		return;
	}
	helper->filter = NULL;
	if (filter != NULL)
		finish(filter, EAGAIN, HELPER_PATH ": does not end");
}

static void
helper_close(struct helper *helper)
{
	evtimer_del(&helper->late);
	if (helper->fd == -1)
		return;
	event_del(&helper->answer);
	close(helper->fd);
	helper->fd = -1;
}

RB_GENERATE(filters, filter, entry, filter_cmp)
