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
 * The engine: the unprivileged process that samples the counters, and the
 * parent's end of it.  One poller for each rule runs on its event loop; what
 * they count goes to shared memory; when a rule is due the engine rings the
 * bell, a socket whose bytes mean nothing.  The parent rings back when the
 * pollers of immediate rules shall look again.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define TICK_JITTER	(20 * NSEC / 1000)	/* a tick on time */
#define MUTE		(NSEC / 1000)		/* between two looks */
#define END_MS		1000			/* to end before KILL */
#define START_MS	10000			/* to begin before KILL */

/* In the engine: a rule's place on the event loop. */
struct poller {
	struct event	 ev;
	struct rule	*rule;
};

/* In the engine: a counter that says itself when packets arrive. */
struct listener {
	struct event	 arrival;
	struct event	 unmute;
	struct counter	*counter;
};

static void	engine(struct conf *, int, const struct account *)
		    __attribute__((__noreturn__));
static void	confine(struct conf *, int, const struct account *);
static void	enter_directory(const struct account *);
static char	*list_kept(struct conf *, int, int *);
static void	start_pollers(struct conf *);
static void	tick_handler(int, short, void *);
static void	arrival_handler(int, short, void *);
static void	unmute_handler(int, short, void *);
static void	again_handler(int, short, void *);
static void	socket_handler(int, short, void *);
static void	ring_handler(int, short, void *);
static void	mute_handler(int, const char *);
static int	sample(struct counter *, int64_t);
static void	look(struct poller *, int64_t);
static void	look_immediate(struct counter *, int64_t);
static void	look_again(struct poller *, int64_t);
static void	begin_tick(void);

static int	refuse(const char *);
static void	bell_handler(int, short, void *);
static int	wait_for(int, int, int);
static void	reset_signals(void);

/* The parent's view. */
static pid_t		 pid;			/* 0: there is no engine */
static int		 bell = -1;
static struct event	 bell_ev;
static unsigned int	 nstarts;		/* of engines */
static int		 refused;		/* errno that was logged */

/* The engine's view. */
static struct conf	*conf;
static struct poller	*pollers;		/* by rule.number */
static struct listener	*listeners;
static unsigned int	 nlisteners;
static struct event	 socket_ev;
static struct event	 ring_ev;
static int64_t		 turn;			/* seconds, of this tick */
static int64_t		 tick_time;
static int64_t		 tick_began;
static int64_t		 tick_left;		/* until the next, then */

/*
 * Start an engine for the counters and rules of the configuration, with the
 * given account, or as who we are if that is NULL.  The parent's event loop
 * must exist.  Returns 0 when the engine is confined and counting; -1 if there
 * was no process or memory for one, which is logged once; or 1 if it ended
 * before it counted, with its status as of wait(2).
 */
int
engine_start(struct conf *new_conf, const struct account *account,
    int *status)
{
	sigset_t	 all, old;
	int		 sv[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		return refuse("socketpair");
	nstarts++;
	/* no signal may reach libevent's handlers in the engine */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	switch (pid = fork()) {
	case -1:
		refuse("fork");
		sigprocmask(SIG_SETMASK, &old, NULL);
		close(sv[0]);
		close(sv[1]);
		pid = 0;
		return -1;
	case 0:
		reset_signals();
		sigemptyset(&old);
		sigprocmask(SIG_SETMASK, &old, NULL);
		close(sv[0]);
		engine(new_conf, sv[1], account);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(sv[1]);
	bell = sv[0];
	event_set(&bell_ev, bell, EV_READ | EV_PERSIST, bell_handler, NULL);
	if (wait_for(bell, START_MS, 0) != 1) {
		*status = engine_stop();
		return 1;
	}
	if (event_add(&bell_ev, NULL) == -1) {
		refuse("event_add");
		engine_stop();
		return -1;
	}
	log_debug("engine: pid %ld", (long)pid);
	refused = 0;
	return 0;
}

/* There is no engine for want of something: say so until there is one. */
static int
refuse(const char *what)
{
	if (errno != refused)
		log_warn("engine: %s", what);
	refused = errno;
	return -1;
}

/*
 * End the engine: at the end of file on its socket it stores what it has
 * counted and exits.  Afterwards nobody writes to its part of the shared
 * memory.  Returns its status as of wait(2).
 */
int
engine_stop(void)
{
	int	 status = 0;

	if (bell != -1) {
		event_del(&bell_ev);
		shutdown(bell, SHUT_WR);
		if (pid != 0 && wait_for(bell, END_MS, 1) == -1)
			kill(pid, SIGKILL);
		close(bell);
		bell = -1;
	}
	if (pid != 0)
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			continue;
	pid = 0;
	return status;
}

/* Have the engine look at its immediate rules again. */
void
engine_poke(void)
{
	/* a full socket has a byte in it, a dead engine is noticed elsewhere */
	if (bell != -1 && write(bell, "", 1) == -1)
		return;
}

int
engine_runs(void)
{
	return pid != 0;
}

/*
 * After SIGCHLD: has the engine ended by itself?  Then returns 1 with its
 * status as of wait(2).
 */
int
engine_died(int *status)
{
	if (pid == 0 || waitpid(pid, status, WNOHANG) != pid)
		return 0;
	pid = 0;
	event_del(&bell_ev);
	close(bell);
	bell = -1;
	return 1;
}

/* The bell rings: a rule is due. */
static void
bell_handler(int fd, short event, void *arg)
{
	char	 buf[64];

	(void)event;
	(void)arg;
	if (read(fd, buf, sizeof(buf)) == 0)
		event_del(&bell_ev);	/* SIGCHLD tells more */
	else
		look_all();
}

/*
 * Wait for a byte from the engine, or read on until its end.  Returns 1 for a
 * byte, 0 for the end, -1 if it took too long.
 */
static int
wait_for(int fd, int ms, int end)
{
	struct pollfd	 pfd = { .fd = fd, .events = POLLIN };
	int64_t		 until = now() + ms * (NSEC / 1000), left;
	char		 c;

	while ((left = until - now()) > 0) {
		if (poll(&pfd, 1, left / (NSEC / 1000) + 1) == -1 &&
		    errno != EINTR)
			return -1;
		switch (read(fd, &c, 1)) {
		case 0:
			return 0;
		case 1:
			if (!end)
				return 1;
			break;
		case -1:
			if (errno != EAGAIN && errno != EINTR)
				return 0;
		}
	}
	return -1;
}

/* From here on: the engine. */

/*
 * Signals go to the parent.  TERM, too: on a machine that shuts down the
 * parent ends the engine, after its last sample.
 */
static void
reset_signals(void)
{
	static const int	 ignored[] = { CAUGHT_SIGNALS, SIGPIPE };
	size_t			 i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

static void
engine(struct conf *new_conf, int fd, const struct account *account)
{
	struct counter	*counter;

	conf = new_conf;
	setproctitle("engine");	/* first: rc.d finds the parent by its own */
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->fd != -1 && counter->immediate)
			nlisteners++;
	pollers = calloc(conf->nrules + 1, sizeof(*pollers));
	listeners = calloc(nlisteners + 1, sizeof(*listeners));
	if (pollers == NULL || listeners == NULL)
		fatal("engine");
	confine(conf, fd, account);
	fd = STDIN_FILENO;
	event_set_log_callback(mute_handler);

	/* the parent's event base is of no use here, nor is it to be freed */
	if (event_init() == NULL)
		_exit(1);
	event_set(&socket_ev, fd, EV_READ | EV_PERSIST, socket_handler, NULL);
	evtimer_set(&ring_ev, ring_handler, NULL);
	if (event_add(&socket_ev, NULL) == -1)
		_exit(1);
	start_pollers(conf);
	if (write(fd, "", 1) == 1)
		event_dispatch();
	_exit(1);
}

/*
 * Give up all but the counters and the socket, which becomes descriptor 0:
 * the sandbox lets the engine write there alone.  What fails is fatal.
 */
static void
confine(struct conf *c, int fd, const struct account *account)
{
	struct counter	*counter;
	char		*keep;
	int		 i, top;

	if ((keep = list_kept(c, fd, &top)) == NULL)
		fatal("engine");
	/* now, because closefrom(3) may need /proc on Linux */
	closefrom(top + 1);
	if (account != NULL) {
		enter_directory(account);
		if (privs_become(account) == -1)
			fatal("engine: cannot become user %s", account->name);
	} else
		privs_give_up();
	RB_FOREACH(counter, counters, &c->counters)
		if (counter->fd != -1 && counter_limit(counter) == -1)
			fatal("engine: cannot limit a descriptor");
	if (dup2(fd, STDIN_FILENO) == -1)
		fatal("engine: descriptors");
	if (pledge("stdio bpf", NULL) == -1) {
		if (errno != ENOSYS)
			fatal("engine: sandbox");
		if (nstarts == 1)
			log_warnx("engine: this system has no sandbox for it");
	}
	/* last, because some of them lead to the log */
	for (i = STDIN_FILENO + 1; i <= top; i++)
		if (!keep[i])
			close(i);
	free(keep);
}

/*
 * Returns an array, to be freed, that says of each descriptor up to *top,
 * which is one that the log can use, whether it is a counter; or NULL.
 */
static char *
list_kept(struct conf *c, int fd, int *top)
{
	struct counter	*counter;
	char		*keep;

	*top = fd;
	RB_FOREACH(counter, counters, &c->counters)
		if (counter->fd > *top)
			*top = counter->fd;
	if ((keep = calloc(*top + 1, 1)) == NULL)
		return NULL;
	RB_FOREACH(counter, counters, &c->counters)
		if (counter->fd != -1)
			keep[counter->fd] = 1;
	return keep;
}

/* The account's home is the root directory: it must be nobody's to fill. */
static void
enter_directory(const struct account *account)
{
	struct stat	 st;

	if (stat(account->home, &st) == -1)
		fatal("%s, home of user %s", account->home, account->name);
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		fatalx("%s, home of user %s: must be a directory that belongs "
		    "to root and that nobody else can write", account->home,
		    account->name);
	/* in this order: behind chroot(2), unveil(2) knows no path */
	if (chdir(account->home) == -1 || chroot(".") == -1)
		fatal("chroot %s", account->home);
}

/*
 * All pollers look for the first time in one turn of the loop, which makes
 * their timers fall due together ever after.
 *
 * Nothing is written into the rules: their memory is the parent's, and stays
 * one for both processes as long as neither does.
 */
static void
start_pollers(struct conf *c)
{
	struct poller	*poller = pollers;
	struct listener	*listener = listeners;
	struct counter	*counter;
	struct rule	*rule;

	RB_FOREACH(counter, counters, &c->counters) {
		counter->sampled = NEVER;
		if (counter->fd == -1 || !counter->immediate)
			continue;
		listener->counter = counter;
		event_set(&listener->arrival, counter->fd, EV_READ,
		    arrival_handler, listener);
		evtimer_set(&listener->unmute, unmute_handler, listener);
		if (event_add(&listener->arrival, NULL) == -1)
			_exit(1);
		listener++;
	}
	TAILQ_FOREACH(rule, &c->rules, next) {
		poller->rule = rule;
		evtimer_set(&poller->ev, rule->terms.immediate ?
		    again_handler : tick_handler, poller);
		event_active(&poller->ev, EV_TIMEOUT, 1);
		poller++;
	}
}

/*
 * Ticks are full seconds of the clock, missed ones are left out.  libevent's
 * clock may be some milliseconds slow, hence the jitter.
 */
static void
begin_tick(void)
{
	int64_t	 time = now(), second = (time + TICK_JITTER) / NSEC;

	/* in this turn of the loop: all pollers wait for the same */
	if (second == turn && time - tick_began < NSEC / 2)
		return;
	tick_began = time;
	tick_left = (second + 1) * NSEC - time;
	if (second == turn)
		return;		/* too early: once more, then */
	turn = second;
	tick_time = turn * NSEC;
	if (time - tick_time > TICK_JITTER)
		tick_time = time;
}

/* A rule that waits for the tick. */
static void
tick_handler(int fd, short event, void *arg)
{
	struct poller	*poller = arg;
	struct counter	*counter = poller->rule->counter;
	int64_t		 time;

	(void)fd;
	(void)event;
	begin_tick();
	if (timer_in(&poller->ev, tick_left) == -1)
		_exit(1);
	/* what is read here makes a shared counter ring no more */
	if (sample(counter, tick_time) && counter->immediate)
		look_immediate(counter, now());
	/* a wait or silence that began as late as this has passed */
	time = now();
	look(poller, time > tick_time ? time : tick_time);
}

/* Packets have arrived for immediate rules: not again in this millisecond. */
static void
arrival_handler(int fd, short event, void *arg)
{
	struct listener	*listener = arg;
	int64_t		 time = now();

	(void)fd;
	(void)event;
	if (counter_drain(listener->counter) == 0 &&
	    timer_in(&listener->unmute, MUTE) == -1)
		_exit(1);
	sample(listener->counter, time);
	look_immediate(listener->counter, time);
}

static void
unmute_handler(int fd, short event, void *arg)
{
	struct listener	*listener = arg;

	(void)fd;
	(void)event;
	if (event_add(&listener->arrival, NULL) == -1)
		_exit(1);
}

/* An immediate rule's wait or silence may be over. */
static void
again_handler(int fd, short event, void *arg)
{
	struct poller	*poller = arg;
	int64_t		 time = now();

	(void)fd;
	(void)event;
	sample(poller->rule->counter, time);
	look_again(poller, time);
}

/* The parent has started or ended something, or is gone. */
static void
socket_handler(int fd, short event, void *arg)
{
	struct counter	*counter;
	struct rule	*rule;
	char		 buf[64];
	int64_t		 time = now();
	ssize_t		 n;

	(void)event;
	(void)arg;
	if ((n = read(fd, buf, sizeof(buf))) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		RB_FOREACH(counter, counters, &conf->counters)
			sample(counter, time);
		_exit(0);
	}
	TAILQ_FOREACH(rule, &conf->rules, next)
		if (rule->terms.immediate) {
			sample(rule->counter, time);
			look_again(&pollers[rule->number], time);
		}
}

/*
 * One reading serves all rules of a counter that look at the same time.
 * Returns 1 if this was the one.
 */
static int
sample(struct counter *counter, int64_t time)
{
	if (counter->sampled == time)
		return 0;
	counter->sampled = time;
	if (counter->history != NULL)
		history_note(counter->history, count_total(counter->count),
		    time);
	counter_sample(counter);
	return 1;
}

/* Ring the bell if the rule is due, at the end of this turn of the loop. */
static void
look(struct poller *poller, int64_t time)
{
	struct rule	*rule = poller->rule;
	enum what	 what;
	int64_t		 next;

	if (rule->terms.within != 0)
		rule_window(&rule->terms, rule->state, rule->counter->history,
		    rule->counter->sampled);
	what = rule_due(&rule->terms, rule->state,
	    count_total(rule->counter->count), time, &next);
	if (what != NOTHING) {
		event_active(&ring_ev, EV_TIMEOUT, 1);
		/* the parent may be late: then it is due no more */
		next = time + NSEC;
	}
	if (rule->terms.immediate && next != NO_TIME &&
	    timer_in(&poller->ev, next - time) == -1)
		_exit(1);
}

/* Look at the immediate rules of a counter. */
static void
look_immediate(struct counter *counter, int64_t time)
{
	struct rule	*rule;

	TAILQ_FOREACH(rule, &counter->rules, sibling)
		if (rule->terms.immediate)
			look_again(&pollers[rule->number], time);
}

static void
look_again(struct poller *poller, int64_t time)
{
	evtimer_del(&poller->ev);
	look(poller, time);
}

static void
ring_handler(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	/* a full socket rings already */
	if (write(STDIN_FILENO, "", 1) == -1 && errno != EAGAIN &&
	    errno != EINTR)
		_exit(0);
}

/* libevent's messages: here they would be written where nothing may be. */
static void
mute_handler(int severity, const char *message)
{
	(void)severity;
	(void)message;
}
