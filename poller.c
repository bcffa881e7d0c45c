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
 * The engine's process: unprivileged, in a sandbox, it samples the counters.
 * One poller for each rule runs on its event loop; what they count goes to
 * the engine's half of the shared memory; when a rule is due it rings the
 * bell, a socket whose bytes mean nothing.  The parent rings back when the
 * pollers of immediate rules must look again.
 */

#include <sys/types.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define TICK_JITTER	(20 * NSEC / 1000)	/* a tick on time */
#define MUTE		(NSEC / 1000)		/* between two looks */
#ifndef MAX_DATA	/* sanitizers take more */
#define MAX_DATA	(1024UL * 1024 * 1024)	/* bytes, for 100,000 rules */
#endif

/* A rule's place on the event loop. */
struct poller {
	struct event	 ev;
	struct rule	*rule;
};

/* A counter that rings when packets arrive. */
struct listener {
	struct event	 arrival;
	struct event	 unmute;
	struct counter	*counter;
};

/*
 * Nothing is written into the configuration: its memory is the parent's, and
 * stays one for both processes as long as neither does.
 */
static struct engine {
	struct conf	*conf;
	struct poller	*pollers;		/* by rule.number */
	struct listener	*listeners;
	unsigned int	 nlisteners;
	struct event	 socket_ev;
	struct event	 ring_ev;
	int64_t		 began;			/* to wait for packets */
	int64_t		 second;		/* of this tick */
	int64_t		 tick_time;
	int64_t		 tick_began;
	int64_t		 tick_left;		/* until the next, then */
} engine;

static void	allocate(struct conf *);
static void	confine(struct conf *, int, const struct account *, int);
static void	set_limits(void);
static void	limit(int, rlim_t);
static void	enter_directory(const struct account *);
static void	start_listeners(struct conf *);
static void	start_pollers(struct conf *);
static void	tick_handler(int, short, void *);
static void	begin_tick(void);
static void	arrival_handler(int, short, void *);
static void	unmute_handler(int, short, void *);
static void	timer_handler(int, short, void *);
static void	socket_handler(int, short, void *);
static void	ring_handler(int, short, void *);
static void	mute_handler(int, const char *);
static int	sample(struct counter *, int64_t);
static void	look(struct poller *, int64_t);
static void	look_immediate(struct counter *, int64_t);
static void	look_again(struct poller *, int64_t);

/*
 * Be the engine, after child_fork(), for the counters and rules of the
 * configuration, with the given account, or as our own user if that is NULL.
 * The socket is the parent's; a byte on it says that counting has begun.
 * Verbose: log that there is no sandbox, if so.  Does not return.
 */
void
poller_main(struct conf *conf, int fd, const struct account *account,
    int verbose)
{
	setproctitle("engine");	/* first: rc.d finds the parent by its own */
	log_child();
	allocate(conf);
	confine(conf, fd, account, verbose);
	event_set(&engine.socket_ev, STDIN_FILENO, EV_READ | EV_PERSIST,
	    socket_handler, NULL);
	evtimer_set(&engine.ring_ev, ring_handler, NULL);
	if (event_add(&engine.socket_ev, NULL) == -1)
		_exit(1);
	start_listeners(conf);
	start_pollers(conf);
	if (write(STDIN_FILENO, "", 1) == 1)
		event_dispatch();
	_exit(1);
}

/* While descriptors and memory can be had. */
static void
allocate(struct conf *conf)
{
	struct counter	*counter;

	engine.conf = conf;
	engine.began = now();
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->tap.kind != NULL && counter->awaited)
			engine.nlisteners++;
	engine.pollers = calloc(conf->nrules + 1, sizeof(*engine.pollers));
	engine.listeners = calloc(engine.nlisteners + 1,
	    sizeof(*engine.listeners));
	if (engine.pollers == NULL || engine.listeners == NULL)
		fatal("engine: calloc");
	/* the parent's event base is of no use here, nor is it to be freed */
	if (event_init() == NULL)
		fatalx("engine: event_init");
}

/*
 * Give up all but the counters and the socket, which becomes descriptor 0:
 * the sandbox lets the engine write there alone.  What fails is fatal.
 */
static void
confine(struct conf *conf, int fd, const struct account *account, int verbose)
{
	struct counter	*counter;

	if (account != NULL) {
		enter_directory(account);
		if (privs_become(account) == -1)
			fatal("engine: cannot become user %s", account->name);
	} else
		privs_give_up();
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->tap.kind != NULL &&
		    counter->tap.kind->limit != NULL &&
		    counter->tap.kind->limit(counter) == -1)
			fatal("engine: cannot limit a descriptor");
	if (conf_protect(conf) == -1)
		fatal("engine: mprotect");
	if (dup2(fd, STDIN_FILENO) == -1)
		fatal("engine: dup2");
	close(fd);
	set_limits();
	if (pledge("stdio bpf", NULL) == -1) {
		if (errno != ENOSYS && errno != EACCES)
			fatal("engine: pledge");
		/* one rule may be started at each prompt */
		if (options.onerule)
			log_debug("engine: no sandbox: %s", strerror(errno));
		else if (verbose)
			log_warn("engine: no sandbox");
	}
	event_set_log_callback(mute_handler);
	/* last, because they lead to the log */
	log_open(LOG_TO_NOBODY);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}

/* Whatever becomes of it, it cannot grow, open files or make processes. */
static void
set_limits(void)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_NOFILE, 1);	/* there is one; the log polls it */
	limit(RLIMIT_DATA, MAX_DATA);
}

static void
limit(int resource, rlim_t max)
{
	struct rlimit	 limit;

	if (getrlimit(resource, &limit) == -1)
		fatal("engine: getrlimit");
	if (limit.rlim_max > max)
		limit.rlim_max = max;
	limit.rlim_cur = limit.rlim_max;
	/* an emulator may refuse this: there is the sandbox all the same */
	if (setrlimit(resource, &limit) == -1)
		log_debug("engine: setrlimit: %s", strerror(errno));
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
	/* in this order: after chroot(2), unveil(2) knows no path */
	if (chdir(account->home) == -1 || chroot(".") == -1)
		fatal("chroot %s", account->home);
}

static void
start_listeners(struct conf *conf)
{
	struct listener	*listener = engine.listeners;
	struct counter	*counter;

	RB_FOREACH(counter, counters, &conf->counters) {
		if (counter->tap.kind == NULL || !counter->awaited)
			continue;
		listener->counter = counter;
		event_set(&listener->arrival, counter->tap.fd, EV_READ,
		    arrival_handler, listener);
		evtimer_set(&listener->unmute, unmute_handler, listener);
		/* drains, and with that arms, what cannot ring before */
		event_active(&listener->arrival, EV_READ, 1);
		listener++;
	}
}

/*
 * All pollers look for the first time in one turn of the loop, which makes
 * their timers fall due together ever after.
 */
static void
start_pollers(struct conf *conf)
{
	struct poller	*poller = engine.pollers;
	struct rule	*rule;

	TAILQ_FOREACH(rule, &conf->rules, next) {
		poller->rule = rule;
		evtimer_set(&poller->ev, rule->terms.immediate ?
		    timer_handler : tick_handler, poller);
		event_active(&poller->ev, EV_TIMEOUT, 1);
		poller++;
	}
}

/* A rule that waits for the tick. */
static void
tick_handler(int fd, short event, void *arg)
{
	struct poller	*poller = arg;
	struct counter	*counter = poller->rule->counter;
	int64_t		 time;

	begin_tick();
	timer_in(&poller->ev, engine.tick_left);
	/* for immediate rules too: what was read here does not ring again */
	if (sample(counter, engine.tick_time) && counter->awaited)
		look_immediate(counter, now());
	/* among many rules its turn is late, as that of its last start was */
	time = now();
	look(poller, time > engine.tick_time ? time : engine.tick_time);
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
	if (second == engine.second && time - engine.tick_began < NSEC / 2)
		return;
	engine.tick_began = time;
	engine.tick_left = (second + 1) * NSEC - time;
	engine.conf->pulse->ticks++;
	if (second == engine.second)
		return;		/* the timer was early: it comes again */
	engine.second = second;
	engine.tick_time = second * NSEC;
	if (time - engine.tick_time > TICK_JITTER)
		engine.tick_time = time;
}

/* Packets have arrived for immediate rules: not again in this millisecond. */
static void
arrival_handler(int fd, short event, void *arg)
{
	struct listener	*listener = arg;
	int64_t		 time = now();

	if (listener->counter->tap.kind->drain(listener->counter) == 0)
		timer_in(&listener->unmute, MUTE);
	sample(listener->counter, time);
	look_immediate(listener->counter, time);
}

static void
unmute_handler(int fd, short event, void *arg)
{
	struct listener	*listener = arg;

	if (event_add(&listener->arrival, NULL) == -1)
		_exit(1);
}

/* An immediate rule's wait or silence may be over. */
static void
timer_handler(int fd, short event, void *arg)
{
	struct poller	*poller = arg;
	int64_t		 time = now();

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

	if ((n = read(fd, buf, sizeof(buf))) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		RB_FOREACH(counter, counters, &engine.conf->counters)
			sample(counter, time);
		_exit(0);
	}
	engine.conf->pulse->ticks++;
	TAILQ_FOREACH(rule, &engine.conf->rules, next)
		if (rule->terms.immediate) {
			sample(rule->counter, time);
			look_again(&engine.pollers[rule->number], time);
		}
}

/*
 * One reading serves all rules of a counter that look at the same time.
 * Without an interface there is nothing to read, and no packet came.  Returns
 * 1 if this was the one.
 */
static int
sample(struct counter *counter, int64_t time)
{
	struct window	*window;
	uint64_t	 before, total;
	int64_t		 last;

	before = count_read(counter->count, &last);
	if (last == time)
		return 0;
	if (counter->tap.kind != NULL)
		counter->tap.kind->sample(counter, time);
	else if (!counter_blind(counter))
		count_store(counter->count, before,
		    counter->count->slot[counter->count->turn % 2].number,
		    time);
	else
		return 0;
	total = count_read(counter->count, NULL);
	/* packets ring as soon as they come, if somebody waits for them */
	if (counter->awaited && last >= engine.began)
		last = time;
	SLIST_FOREACH(window, &counter->windows, entry)
		window_note(window, before, total, last, time);
	return 1;
}

/* Ring the bell if the rule is due, at the end of this turn of the loop. */
static void
look(struct poller *poller, int64_t time)
{
	struct rule	*rule = poller->rule;
	struct sight	 sight;
	int64_t		 next;

	count_look(rule, time, &sight);
	if (rule_due(&rule->terms, rule->state, &sight, time, &next) !=
	    DUE_NOTHING) {
		event_active(&engine.ring_ev, EV_TIMEOUT, 1);
		/* the parent may be late: then it is due no more */
		next = time + NSEC;
	}
	if (rule->terms.immediate && next != NO_TIME)
		timer_in(&poller->ev, next - time);
}

/* Look at the immediate rules of a counter. */
static void
look_immediate(struct counter *counter, int64_t time)
{
	struct rule	*rule;

	TAILQ_FOREACH(rule, &counter->rules, sibling)
		if (rule->terms.immediate)
			look_again(&engine.pollers[rule->number], time);
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
	/* a full socket rings already */
	if (write(STDIN_FILENO, "", 1) == -1 && errno != EAGAIN &&
	    errno != EINTR)
		_exit(0);
}

/* libevent's messages: here they would be written where nothing may be. */
static void
mute_handler(int severity, const char *message)
{
}
