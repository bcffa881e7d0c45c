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
 * The parent's handle on the engine, the unprivileged process that counts: its
 * start, its bell, its end.  Nothing here waits for it.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "counter.h"

#define START_TIME	(10 * NSEC)	/* to begin counting before KILL */
#define END_TIME	NSEC		/* to end before KILL */
#define HANG_TIME	(5 * NSEC)	/* without a tick, twice looked at */
#define ALIVE_TIME	(3 * NSEC)	/* that a sign of life counts */

static struct handle {
	struct child		 child;
	int			 fd;		/* -1: not connected */
	struct event		 bell_ev;
	struct event		 hang_ev;
	const struct conf	*conf;
	const struct account	*account;	/* NULL: our own user */
	void			(*rang)(int);
	int			 counting;	/* it has said so */
	int			 ending;	/* it has been asked to */
	int			 nstarts;
	int			 error;		/* errno that was logged */
	uint64_t		 ticks;		/* at the last look */
	int64_t			 looked;	/* when that was */
	uint64_t		 seen;		/* ticks, by engine_works() */
	int64_t			 alive;		/* when that saw others */
} engine = { .child.name = "engine", .fd = -1 };

static int	failed(const char *);
static int	*list_descriptors(struct conf *, int, size_t *);
static void	bell_handler(int, short, void *);
static void	look_later(uint64_t);
static void	hang_handler(int, short, void *);
static int	has_ticks(const struct conf *);

/*
 * To be called once, after event_init().  The account is the engine's, or
 * NULL: our own user.  The callback is for the bell; its argument is 1 for
 * the first ring of an engine, which says that it counts.
 */
void
engine_init(const struct account *account, void (*rang)(int))
{
	engine.account = account;
	engine.rang = rang;
	evtimer_set(&engine.hang_ev, hang_handler, NULL);
}

/*
 * Start an engine for the counters and rules of the configuration; there must
 * be none.  Returns 0, or -1 if there was no process or memory for one, which
 * is logged once.
 */
int
engine_start(struct conf *conf)
{
	size_t	 n;
	int	 sv[2], *keep;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
	    sv) == -1)
		return failed("socketpair");
	if ((keep = list_descriptors(conf, sv[1], &n)) == NULL) {
		close(sv[0]);
		close(sv[1]);
		return failed("calloc");
	}
	counter_begin(conf);
	switch (child_fork(&engine.child, SIG_IGN, keep, n)) {
	case -1:
		free(keep);
		close(sv[0]);
		close(sv[1]);
		return failed("fork");
	case 0:
		poller_main(conf, sv[1], engine.account, engine.nstarts == 0);
	}
	free(keep);
	close(sv[1]);
	engine.nstarts++;
	engine.conf = conf;
	engine.fd = sv[0];
	engine.counting = engine.ending = 0;
	event_set(&engine.bell_ev, engine.fd, EV_READ | EV_PERSIST,
	    bell_handler, NULL);
	child_end_in(&engine.child, START_TIME, 0);
	if (event_add(&engine.bell_ev, NULL) == -1) {
		child_signal(&engine.child, SIGKILL);
		return failed("event_add");
	}
	log_debug("engine: pid %ld", (long)engine.child.pid);
	engine.error = 0;
	return 0;
}

/* There is no engine for lack of something: log it until there is one. */
static int
failed(const char *what)
{
	if (errno != engine.error)
		log_warn("engine: %s", what);
	engine.error = errno;
	return -1;
}

/*
 * The descriptors that the engine is to have: its socket and its counters'.
 * To be freed; NULL with errno.
 */
static int *
list_descriptors(struct conf *conf, int fd, size_t *n)
{
	struct counter	*counter;
	int		*fds;

	if ((fds = calloc(conf->ncounters + 1, sizeof(*fds))) == NULL)
		return NULL;
	*n = 0;
	fds[(*n)++] = fd;
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->tap.kind != NULL && counter->tap.fd != -1)
			fds[(*n)++] = counter->tap.fd;
	return fds;
}

/*
 * Ask the engine to end: at the end of file on its socket it stores what it
 * has counted and exits.  engine_reap() tells when it has.
 */
void
engine_stop(void)
{
	if (engine.child.pid == 0 || engine.ending)
		return;
	engine.ending = 1;
	event_del(&engine.bell_ev);
	evtimer_del(&engine.hang_ev);
	shutdown(engine.fd, SHUT_WR);
	if (engine.child.sent == 0)
		child_end_in(&engine.child, END_TIME, 0);
}

/* Have the engine look at its immediate rules again. */
void
engine_poke(void)
{
	/* a full socket has a byte in it, a dead engine is noticed elsewhere */
	if (engine.fd != -1 && write(engine.fd, "", 1) == -1)
		return;
}

/*
 * Somebody wants to see the counts: where no rule waits for the tick, this is
 * the only way to notice an engine that hangs.
 */
void
engine_ask(void)
{
	if (engine.child.pid == 0 || !engine.counting || engine.ending ||
	    engine.child.sent != 0 || evtimer_pending(&engine.hang_ev, NULL))
		return;
	/* first, since the answer may come at once */
	look_later(engine.conf->pulse->ticks);
	engine_poke();
}

/*
 * For a watchdog, which comes again and again: has there been a sign of life
 * just now, or since it came before?  Where no rule waits for the tick the
 * engine is asked for one.
 */
int
engine_works(void)
{
	int64_t	 time = now();

	engine_ask();
	if (engine.counting && engine.conf->pulse->ticks != engine.seen) {
		engine.seen = engine.conf->pulse->ticks;
		engine.alive = time;
	}
	if (engine.counting && !has_ticks(engine.conf))
		engine_poke();
	return time - engine.alive < ALIVE_TIME;
}

/* Is there a process, whatever it does? */
int
engine_exists(void)
{
	return engine.child.pid != 0;
}

/*
 * After SIGCHLD: has the engine ended?  Then returns 1 with its status as of
 * wait(2), and in *asked whether it was asked to.  Nobody writes to its half
 * of the shared memory any more.
 */
int
engine_reap(int *status, int *asked)
{
	if (!child_reap(&engine.child, status))
		return 0;
	*asked = engine.ending;
	engine.counting = 0;
	event_del(&engine.bell_ev);
	evtimer_del(&engine.hang_ev);
	close(engine.fd);
	engine.fd = -1;
	return 1;
}

/* The bell rings: a rule is due, or the engine has begun. */
static void
bell_handler(int fd, short event, void *arg)
{
	char	 buf[64];
	ssize_t	 n;
	int	 first;

	if ((n = read(fd, buf, sizeof(buf))) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {		/* SIGCHLD tells more, or it hangs */
		event_del(&engine.bell_ev);
		child_signal(&engine.child, SIGKILL);
		return;
	}
	first = !engine.counting;
	if (first) {
		engine.counting = 1;
		engine.alive = now();
		child_unlimited(&engine.child);
		if (has_ticks(engine.conf))
			look_later(engine.conf->pulse->ticks);
	}
	engine.rang(first);
}

static int
has_ticks(const struct conf *conf)
{
	const struct rule	*rule;

	TAILQ_FOREACH(rule, &conf->rules, next)
		if (!rule->terms.immediate)
			return 1;
	return 0;
}

static void
look_later(uint64_t ticks)
{
	engine.ticks = ticks;
	engine.looked = now();
	timer_in(&engine.hang_ev, HANG_TIME);
}

/*
 * No tick and no answer since the last look: the engine hangs or is stopped.
 * But if we were, there is nobody to blame.
 */
static void
hang_handler(int fd, short event, void *arg)
{
	uint64_t	 ticks = engine.conf->pulse->ticks;
	int64_t		 time = now() - engine.looked;

	if (ticks != engine.ticks) {
		if (has_ticks(engine.conf))
			look_later(ticks);
	} else if (time < HANG_TIME || time >= HANG_TIME + NSEC)
		look_later(ticks);
	else {
		log_warnx("engine: no sign of life for %d s: killing it",
		    (int)(HANG_TIME / NSEC));
		child_signal(&engine.child, SIGKILL);
	}
}
