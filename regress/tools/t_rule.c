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
 * The arithmetic of rule.c in virtual time.
 *
 *	t_rule file ...			play scenarios
 *	t_rule [-n steps] [-s seed]	compare with a naive twin
 *
 * A scenario is one rule and what happens to it, one statement a line; `#'
 * starts a comment.  T is a time: a number with ms, s, m, h or d.
 *
 *	total N			before the rule: its counter has counted N
 *	rule [count N] [exact] [below N] [wait T] [within T] [immediate]
 *	    [idle T [below M]]
 *	takes T			from now on a run takes so long; first 0s
 *	hangs			from now on a run goes on until "end"
 *	ok, fails		from now on a run ends so; first ok
 *	late T			from now on ticks come so late; first 0s
 *	rings T			from now on another rule makes the parent look
 *				so often; 0s: no more
 *	packets N		so many arrive now
 *	pass T			time passes, with a tick every second
 *	trickle N every T for T	the same, and packets arrive
 *	sleep T			time passes without a tick
 *	suspend			the machine sleeps, and the clock with it:
 *				then all look early
 *	stops			from now on there is no engine, the system
 *				counts on, and the parent looks at each tick
 *	starts			there is a new engine
 *	absent			from now on there is no such interface
 *	blind			from now on the counter cannot be had
 *	attached		it is as it should be again
 *	end			the run ends now
 *	reload ...		the rule has other terms, as after `rule'
 *	reset			the rule begins again
 *	manual [idle]		somebody asks for a run
 *	restart [T ...]		the daemon does, after so long, with such a rule
 *	expect count N ...	the next that happened was a start of the
 *				command, which took N packets
 *	expect below N ...	or one with N packets in the window
 *	expect idle N ...	or one of the idle command
 *	expect renew N ...	or a renewal
 *	expect nothing		nothing else has happened until now
 *	expect tally N		packets that no run has taken, or that are in
 *				the window
 *	expect runs N failures N
 *	expect on, expect off
 *
 * The first four may be followed by: times N, that often in a row; run N, the
 * number of the first of them; at T, its time since the rule was loaded;
 * owed N and total N, what the last of them was told.  What happened and was
 * not expected by the end is an error.
 *
 * The twin lives through random steps of each kind of rule.  What differs is
 * reported with the seed that repeats it.
 */

#include <sys/types.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MSEC		(NSEC / 1000)
#define MAX_WORDS	20
#define START		(1000 * NSEC)	/* the clock when a rule is loaded */

/* A rule and what it depends on, as the program makes them. */
struct world {
	struct rule	 rule;
	struct counter	 counter;
	struct count	 count;
	struct window	 window;
	struct state	 state;
	uint64_t	 kernel;	/* packets that the system counted */
	int		 restarted;	/* this engine has not looked yet */
};

/* What happened: one event, or several that took the same in a row. */
struct event_log {
	enum due	 due;
	uint64_t	 packets;
	uint64_t	 run;		/* number of the first */
	int64_t		 at;		/* time of the first */
	uint64_t	 times;
	uint64_t	 owed;		/* of the last */
	uint64_t	 total;		/* of the last */
};

/* A scenario. */
struct play {
	const char	*file;
	int		 line;
	int		 loaded;
	struct world	 world;
	int64_t		 time;
	int64_t		 late;
	int64_t		 rings;		/* or 0 */
	int64_t		 ring;		/* the next, or NO_TIME */
	int64_t		 takes;		/* or NO_TIME: hangs */
	int		 ok;
	int		 stopped;
	int		 absent;
	int		 blind;
	enum due	 due;		/* what runs now */
	int64_t		 ends;		/* the run, or NO_TIME */
	int64_t		 alarm;		/* look again, or NO_TIME */
	struct event_log *events;
	size_t		 nevents;
	size_t		 next;		/* first that was not expected */
	int		 errors;
};

static const char *due_name[] = {
	"nothing", "count", "below", "idle", "renew"
};

static uint64_t		 seed;
static uint64_t		 steps = 100000;

static void		*allocate(void *, size_t);
static void		 world_window(struct world *);
static void		 world_load(struct world *, uint64_t, int64_t);
static void		 world_copy(const struct world *, struct world *);
static void		 world_sample(struct world *, int64_t);
static void		 world_reload(struct world *, const struct terms *,
			    int64_t);
static void		 complain(struct play *, const char *, ...)
			    __attribute__((__format__(printf, 2, 3)));
static uint64_t		 parse_count(struct play *, const char *);
static int64_t		 parse_period(struct play *, const char *);
static void		 parse_terms(struct play *, char **, struct terms *);
static void		 play_note(struct play *, const struct sight *,
			    enum due);
static void		 play_sample(struct play *);
static void		 play_look(struct play *);
static void		 play_end(struct play *);
static void		 play_until(struct play *, int64_t);
static void		 play_packets(struct play *, uint64_t);
static void		 play_trickle(struct play *, char **);
static void		 play_reload(struct play *, char **);
static void		 play_restart(struct play *, char **);
static void		 play_manual(struct play *, int);
static void		 play_attached(struct play *);
static int		 play_expect_state(struct play *, char **);
static void		 play_expect(struct play *, char **);
static void		 play_expect_more(struct play *,
			    const struct event_log *, char **);
static int		 play_world(struct play *, char **);
static int		 play_time(struct play *, char **, int);
static void		 play_line(struct play *, char **, int);
static int		 play_file(const char *);

static void *
allocate(void *p, size_t size)
{
	if ((p = realloc(p, size)) == NULL)
		err(1, NULL);
	return p;
}

/* What nobody writes is neither 0 nor a likely total. */
static void
world_window(struct world *world)
{
	const struct terms	*terms = &world->rule.terms;
	size_t			 size = history_bytes(terms->within);

	world->window.within = terms->within;
	world->window.late = terms->below;
	world->window.history = allocate(NULL, size);
	memset(world->window.history, 0xa5, size);
	world->rule.window = terms->within != 0 ? &world->window : NULL;
}

/* The rule's terms are there already. */
static void
world_load(struct world *world, uint64_t total, int64_t time)
{
	struct rule	*rule = &world->rule;

	rule->counter = &world->counter;
	rule->state = &world->state;
	world->counter.count = &world->count;
	world->counter.immediate = rule->terms.immediate;
	memset(&world->count, 0, sizeof(world->count));
	world->count.slot[0].kernel[0] = 0x5a5a5a5a;
	world->count.slot[1].kernel[1] = 0xa5a5a5a5;
	count_store(&world->count, total, 0, NEVER);
	world->kernel = total;
	world->restarted = 1;
	world_window(world);
	window_begin(&world->window, total);
	rule_load(&world->state, total, time);
}

/* The copy has a history of its own, to be freed. */
static void
world_copy(const struct world *from, struct world *to)
{
	size_t	 size = history_bytes(from->rule.terms.within);

	*to = *from;
	to->rule.counter = &to->counter;
	to->rule.state = &to->state;
	to->counter.count = &to->count;
	if (from->rule.window != NULL)
		to->rule.window = &to->window;
	to->window.history = memcpy(allocate(NULL, size),
	    from->window.history, size);
}

/* What the engine does at a tick, or when packets ring its bell. */
static void
world_sample(struct world *world, int64_t time)
{
	struct count	*count = &world->count;
	struct slot	 slot = count->slot[(count->turn + 1) % 2];
	uint64_t	 before;
	int64_t		 last;

	before = count_read(count, &last);
	count_store(count, world->kernel, 0, time);
	if (memcmp(slot.kernel, count->slot[count->turn % 2].kernel,
	    sizeof(slot.kernel)) != 0)
		errx(1, "count_store wrote to the kernel's numbers");
	if (world->counter.immediate && !world->restarted)
		last = time;	/* it was waiting for them */
	if (world->rule.window != NULL)
		window_note(&world->window, before, world->kernel, last,
		    time);
	world->restarted = 0;
}

static void
world_reload(struct world *world, const struct terms *terms, int64_t time)
{
	struct window	 window = world->window;
	struct terms	 old = world->rule.terms;
	uint64_t	 total;

	total = count_read(&world->count, NULL);
	world->rule.terms = *terms;
	world_window(world);
	if (old.within != 0 && terms->within != 0)
		window_carry(&window, &world->window, &world->count, time);
	else
		window_begin(&world->window, total);
	free(window.history);
	rule_reload(&old, terms, &world->state, total, time);
	world->restarted = 1;
}

static void
complain(struct play *play, const char *fmt, ...)
{
	va_list	 ap;

	printf("%s:%d: ", play->file, play->line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	play->errors++;
}

static uint64_t
parse_count(struct play *play, const char *s)
{
	uint64_t	 n;
	char		*end;

	if (s == NULL || !isdigit((unsigned char)*s)) {
		complain(play, "number missing");
		return 0;
	}
	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end != '\0' || errno != 0)
		complain(play, "not a number: %s", s);
	return n;
}

static int64_t
parse_period(struct play *play, const char *s)
{
	static const struct {
		const char	*name;
		int64_t		 ns;
	} units[] = {
		{ "ms", MSEC },
		{ "s", NSEC },
		{ "m", 60 * NSEC },
		{ "h", 3600 * NSEC },
		{ "d", 86400 * NSEC }
	};
	int64_t	 n;
	size_t	 i;
	char	*end;

	if (s != NULL && isdigit((unsigned char)*s)) {
		n = strtoll(s, &end, 10);
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (strcmp(end, units[i].name) == 0)
				return n * units[i].ns;
	}
	complain(play, "not a time: %s", s == NULL ? "" : s);
	return NSEC;
}

/* What follows `rule' or `reload'. */
static void
parse_terms(struct play *play, char **word, struct terms *terms)
{
	memset(terms, 0, sizeof(*terms));
	terms->count = DEFAULT_COUNT;
	terms->wait = DEFAULT_WAIT * NSEC;
	for (; *word != NULL; word++) {
		if (strcmp(*word, "exact") == 0)
			terms->exact = 1;
		else if (strcmp(*word, "immediate") == 0)
			terms->immediate = 1;
		else if (word[1] == NULL)
			complain(play, "%s?", *word);
		else if (strcmp(*word, "count") == 0)
			terms->count = parse_count(play, *++word);
		else if (strcmp(*word, "below") == 0) {
			terms->below = 1;
			terms->count = parse_count(play, *++word);
		} else if (strcmp(*word, "wait") == 0)
			terms->wait = parse_period(play, *++word);
		else if (strcmp(*word, "within") == 0)
			terms->within = parse_period(play, *++word);
		else if (strcmp(*word, "idle") == 0) {
			terms->idle = parse_period(play, *++word);
			if (word[1] == NULL || strcmp(word[1], "below") != 0)
				continue;
			terms->renew = parse_count(play, word[2]);
			word += 2;
		} else
			complain(play, "%s?", *word);
	}
	if (terms->renew == 0)
		terms->renew = terms->count;
}

/* Write down what is due; the same again becomes one entry. */
static void
play_note(struct play *play, const struct sight *sight, enum due due)
{
	const struct terms	*terms = &play->world.rule.terms;
	const struct state	*state = &play->world.state;
	struct event_log	*event = NULL;
	uint64_t		 packets;

	packets = rule_packets(terms, state, sight, due);
	if (play->nevents > play->next)
		event = &play->events[play->nevents - 1];
	if (event == NULL || event->due != due ||
	    event->packets != packets) {
		play->events = allocate(play->events,
		    (play->nevents + 1) * sizeof(*event));
		event = &play->events[play->nevents++];
		event->due = due;
		event->packets = packets;
		event->run = state->runs + (due != DUE_RENEW);
		event->at = play->time - START;
		event->times = 0;
	}
	event->times++;
	event->owed = rule_owed(terms, state, sight, due);
	event->total = sight->total - state->base;
}

static void
play_sample(struct play *play)
{
	if (!play->stopped && !play->blind)
		world_sample(&play->world, play->time);
}

/* What the parent does when it looks at the rule. */
static void
play_look(struct play *play)
{
	const struct terms	*terms = &play->world.rule.terms;
	struct state		*state = &play->world.state;
	struct sight		 sight;
	enum due		 due;

	for (;;) {
		count_look(&play->world.rule, play->time, &sight);
		due = rule_due(terms, state, &sight, play->time,
		    &play->alarm);
		if (due == DUE_NOTHING)
			return;
		play_note(play, &sight, due);
		rule_take(terms, state, &sight, due, play->time);
		if (due == DUE_RENEW)
			continue;
		play->due = due;
		play->ends = NO_TIME;
		if (play->takes > 0) {
			if (play->takes != NO_TIME)
				play->ends = play->time + play->takes;
			return;
		}
		rule_done(terms, state, due, play->ok, play->time);
		/* Others are looked at again at the next tick. */
		if (!terms->exact && !terms->immediate)
			return;
	}
}

/* The run ends now. */
static void
play_end(struct play *play)
{
	const struct terms	*terms = &play->world.rule.terms;

	if (!play->world.state.running) {
		complain(play, "nothing runs");
		return;
	}
	play->ends = NO_TIME;
	rule_done(terms, &play->world.state, play->due, play->ok, play->time);
	if (terms->exact || terms->immediate)
		play_look(play);
}

/* Let time pass, with all that is to happen until then. */
static void
play_until(struct play *play, int64_t until)
{
	int64_t	 next, tick;

	for (;;) {
		tick = (play->time - play->late) / NSEC * NSEC + NSEC +
		    play->late;
		next = tick;
		if (play->ends < next)
			next = play->ends;
		if (play->ring < next)
			next = play->ring;
		if (play->world.rule.terms.immediate && play->alarm < next)
			next = play->alarm;
		if (next > until)
			break;
		if (next > play->time)	/* else it was asleep then */
			play->time = next;
		if (next == play->ends) {
			play_end(play);
			continue;
		}
		if (next != play->ring || next == tick)
			play_sample(play);
		if (next == play->ring)
			play->ring = play->time + play->rings;
		play_look(play);
	}
	play->time = until;
}

static void
play_packets(struct play *play, uint64_t packets)
{
	if (play->blind || play->absent)
		return;
	play->world.kernel += packets;
	if (play->world.rule.terms.immediate) {
		play_sample(play);
		play_look(play);
	}
}

/* trickle N every T for T */
static void
play_trickle(struct play *play, char **word)
{
	uint64_t	 packets;
	int64_t		 every, until;

	packets = parse_count(play, word[1]);
	every = parse_period(play, word[3]);
	until = play->time + parse_period(play, word[5]);
	while (play->time + every <= until) {
		play_packets(play, packets);
		play_until(play, play->time + every);
	}
	play_until(play, until);
}

/* The old engine looks once more at its end, the new one at its start. */
static void
play_reload(struct play *play, char **word)
{
	struct terms	 terms;

	parse_terms(play, word, &terms);
	if (terms.immediate != play->world.rule.terms.immediate)
		complain(play, "that is another counter");
	play_sample(play);
	world_reload(&play->world, &terms, play->time);
	play_sample(play);
	play_look(play);
}

/* What runs ends with the daemon, and nobody knows how. */
static void
play_restart(struct play *play, char **word)
{
	struct world	*world = &play->world;
	struct terms	*terms = &world->rule.terms;
	struct saved	 saved;
	struct sight	 sight;

	play_sample(play);
	count_look(&world->rule, play->time, &sight);
	rule_save(terms, &world->state, &sight, &saved, play->time);
	if (*word != NULL && saved.started != NEVER)
		saved.started += parse_period(play, *word);
	if (*word != NULL && word[1] != NULL)
		parse_terms(play, word + 1, terms);
	free(world->window.history);
	world_load(world, world->kernel, play->time);
	rule_restore(terms, &world->state, &saved, world->kernel, play->time);
	play->ends = NO_TIME;
}

/* A run that nothing called for. */
static void
play_manual(struct play *play, int idle)
{
	const struct terms	*terms = &play->world.rule.terms;
	struct state		*state = &play->world.state;
	struct sight		 sight;

	if (state->running)
		complain(play, "it is running");
	count_look(&play->world.rule, play->time, &sight);
	play->due = idle ? DUE_MANUAL_IDLE : DUE_MANUAL;
	if (rule_packets(terms, state, &sight, play->due) != 0)
		complain(play, "a manual run has packets");
	rule_take(terms, state, &sight, play->due, play->time);
	play->ends = NO_TIME;
	if (play->takes == 0)
		rule_done(terms, state, play->due, play->ok, play->time);
	else if (play->takes != NO_TIME)
		play->ends = play->time + play->takes;
}

static void
play_attached(struct play *play)
{
	if (play->blind)
		rule_blind(&play->world.state, play->time);
	play->blind = play->absent = 0;
	play->world.restarted = 1;
	play_sample(play);
	play_look(play);
}

/* The statements `expect' that are not about an event: was it one? */
static int
play_expect_state(struct play *play, char **word)
{
	const struct state	*state = &play->world.state;
	struct sight		 sight;
	uint64_t		 n;

	if (strcmp(*word, "tally") == 0) {
		count_look(&play->world.rule, play->time, &sight);
		n = rule_tally(&play->world.rule.terms, state, &sight);
		if (n != parse_count(play, word[1]))
			complain(play, "tally %" PRIu64, n);
	} else if (strcmp(*word, "runs") == 0 && word[2] != NULL) {
		if (state->runs != parse_count(play, word[1]) ||
		    state->failures != parse_count(play, word[3]))
			complain(play, "runs %" PRIu64 " failures %" PRIu64,
			    state->runs, state->failures);
	} else if (strcmp(*word, "on") == 0) {
		if (state->on != RULE_ON)
			complain(play, "off");
	} else if (strcmp(*word, "off") == 0) {
		if (state->on == RULE_ON)
			complain(play, "on");
	} else
		return 0;
	return 1;
}

/* The statement `expect': compare with the oldest event not yet expected. */
static void
play_expect(struct play *play, char **word)
{
	struct event_log	*event;
	enum due		 due;

	if (play_expect_state(play, word))
		return;
	for (due = DUE_NOTHING; strcmp(*word, due_name[due]) != 0; due++)
		if (due == DUE_RENEW) {
			complain(play, "%s?", *word);
			return;
		}
	if (play->next == play->nevents) {
		if (due != DUE_NOTHING)
			complain(play, "nothing happened");
		return;
	}
	event = &play->events[play->next];
	if (event->due != due) {
		complain(play, "%s %" PRIu64 " at %.3f s happened",
		    due_name[event->due], event->packets,
		    (double)event->at / NSEC);
		return;
	}
	if (event->packets != parse_count(play, word[1]))
		complain(play, "packets %" PRIu64, event->packets);
	play_expect_more(play, event, word[1] != NULL ? word + 2 : word + 1);
	play->next++;
}

static void
play_expect_more(struct play *play, const struct event_log *event,
    char **word)
{
	uint64_t	 times = 1;

	for (; *word != NULL && word[1] != NULL; word += 2) {
		if (strcmp(*word, "times") == 0)
			times = parse_count(play, word[1]);
		else if (strcmp(*word, "at") == 0) {
			if (event->at != parse_period(play, word[1]))
				complain(play, "at %.3f s",
				    (double)event->at / NSEC);
		} else if (strcmp(*word, "run") == 0) {
			if (event->run != parse_count(play, word[1]))
				complain(play, "run %" PRIu64, event->run);
		} else if (strcmp(*word, "owed") == 0) {
			if (event->owed != parse_count(play, word[1]))
				complain(play, "owed %" PRIu64, event->owed);
		} else if (strcmp(*word, "total") == 0) {
			if (event->total != parse_count(play, word[1]))
				complain(play, "total %" PRIu64,
				    event->total);
		} else
			complain(play, "%s?", *word);
	}
	if (*word != NULL)
		complain(play, "%s?", *word);
	if (event->times != times)
		complain(play, "times %" PRIu64, event->times);
}

/* The statements about the engine and the counter: was it one? */
static int
play_world(struct play *play, char **word)
{
	if (strcmp(*word, "suspend") == 0) {
		play_sample(play);
		play_look(play);
	} else if (strcmp(*word, "stops") == 0)
		play->stopped = 1;
	else if (strcmp(*word, "starts") == 0) {
		play->stopped = 0;
		play->world.restarted = 1;
		play_sample(play);
		play_look(play);
	} else if (strcmp(*word, "absent") == 0)
		play->absent = 1;
	else if (strcmp(*word, "blind") == 0)
		play->blind = 1;
	else if (strcmp(*word, "attached") == 0)
		play_attached(play);
	else if (strcmp(*word, "reload") == 0)
		play_reload(play, word + 1);
	else if (strcmp(*word, "reset") == 0)
		rule_reset(&play->world.state, play->world.kernel,
		    play->time);
	else if (strcmp(*word, "manual") == 0)
		play_manual(play, word[1] != NULL);
	else if (strcmp(*word, "restart") == 0)
		play_restart(play, word + 1);
	else
		return 0;
	return 1;
}

/* The statements about time and what passes with it: was it one? */
static int
play_time(struct play *play, char **word, int nwords)
{
	if (strcmp(*word, "takes") == 0)
		play->takes = parse_period(play, word[1]);
	else if (strcmp(*word, "hangs") == 0)
		play->takes = NO_TIME;
	else if (strcmp(*word, "late") == 0)
		play->late = parse_period(play, word[1]);
	else if (strcmp(*word, "rings") == 0) {
		play->rings = parse_period(play, word[1]);
		play->ring = play->rings == 0 ? NO_TIME :
		    play->time + play->rings;
	} else if (strcmp(*word, "packets") == 0)
		play_packets(play, parse_count(play, word[1]));
	else if (strcmp(*word, "pass") == 0)
		play_until(play, play->time + parse_period(play, word[1]));
	else if (strcmp(*word, "trickle") == 0 && nwords == 6)
		play_trickle(play, word);
	else if (strcmp(*word, "sleep") == 0)
		play->time += parse_period(play, word[1]);
	else
		return 0;
	return 1;
}

static void
play_line(struct play *play, char **word, int nwords)
{
	struct world	*world = &play->world;

	if (strcmp(*word, "total") == 0 && !play->loaded)
		world->kernel = parse_count(play, word[1]);
	else if (strcmp(*word, "rule") == 0 && !play->loaded) {
		parse_terms(play, word + 1, &world->rule.terms);
		world_load(world, world->kernel, play->time);
		play->loaded = 1;
	} else if (!play->loaded)
		complain(play, "no rule yet");
	else if (strcmp(*word, "ok") == 0)
		play->ok = 1;
	else if (strcmp(*word, "fails") == 0)
		play->ok = 0;
	else if (strcmp(*word, "end") == 0)
		play_end(play);
	else if (strcmp(*word, "expect") == 0 && nwords > 1)
		play_expect(play, word + 1);
	else if (!play_world(play, word) && !play_time(play, word, nwords))
		complain(play, "%s?", *word);
}

/* Play one file; 0 if all was as expected. */
static int
play_file(const char *file)
{
	struct play	 play;
	FILE		*fp;
	char		 line[256], *word[MAX_WORDS + 1], *p;
	int		 n;

	memset(&play, 0, sizeof(play));
	play.file = file;
	play.time = START;
	play.ok = 1;
	play.ends = play.alarm = play.ring = NO_TIME;
	if ((fp = fopen(file, "r")) == NULL)
		err(1, "%s", file);
	while (fgets(line, sizeof(line), fp) != NULL) {
		play.line++;
		line[strcspn(line, "#")] = '\0';
		memset(word, 0, sizeof(word));
		n = 0;
		for (p = strtok(line, " \t\n"); p != NULL && n < MAX_WORDS;
		    p = strtok(NULL, " \t\n"))
			word[n++] = p;
		if (n > 0)
			play_line(&play, word, n);
	}
	fclose(fp);
	if (!play.loaded)
		complain(&play, "no rule");
	for (; play.next < play.nevents; play.next++)
		complain(&play, "%s %" PRIu64 " at %.3f s was not expected",
		    due_name[play.events[play.next].due],
		    play.events[play.next].packets,
		    (double)play.events[play.next].at / NSEC);
	free(play.events);
	free(play.world.window.history);
	return play.errors;
}

/*
 * The naive twin: it keeps every packet and the time of each.  What it knows
 * of rule.c is the width of an interval and what is to count when nobody
 * knows when a packet came.
 */

#define KINDS		16		/* see random_terms() */
#define MAX_PACKETS	(1 << 20)
#define LONGEST_TICK	(3 * NSEC / 2)	/* more is a gap */

struct packet {
	int64_t		 when;		/* it counts as come then, or NEVER */
	int64_t		 arrived;	/* it came then */
	int		 taken;
};

struct twin {
	struct terms	 terms;
	struct packet	 packet[MAX_PACKETS];
	size_t		 n;		/* packets that were seen */
	size_t		 came;		/* and those that were not yet */
	uint64_t	 seen;		/* since the rule was loaded */
	uint64_t	 since;		/* since the command last started */
	uint64_t	 runs;
	uint64_t	 failures;
	int		 running;
	int		 ever_started;
	int64_t		 started;
	int		 on;
	int		 armed;
	int64_t		 quiet;		/* nothing since then */
	int64_t		 loaded;
	int64_t		 watched;	/* the window is known since then */
	int		 ever_looked;
	int64_t		 look;		/* the last one */
	int64_t		 looked;	/* the same, if that is not to come */
	int64_t		 noted;		/* its last interval, or NEVER */
	int64_t		 spread;	/* packets may count so much too long */
	int64_t		 disturbed;	/* or too short, up to here */
};

/* Both, and the time. */
struct pair {
	struct twin	 twin;
	struct world	 world;
	int64_t		 time;
	int64_t		 unit;		/* what a pause is measured in */
	enum due	 run;		/* what runs */
	uint64_t	 step;
};

/*
 * A number below n that decides what happens; the fuzzer has its own.  Never
 * two in an expression of which C leaves the order open: a seed means the
 * same with every compiler.
 */
static uint64_t		 (*pick)(uint64_t);

static uint64_t		 pick_random(uint64_t);
static uint64_t		 pick_half(uint64_t);
static void		 check(const struct pair *, int, const char *);
static int64_t		 twin_interval(const struct twin *, int64_t);
static int		 twin_inside(const struct twin *,
			    const struct packet *);
static uint64_t		 twin_tally(const struct twin *);
static int		 twin_enough(const struct twin *, int64_t);
static int		 twin_stays(const struct twin *);
static enum due		 twin_due(const struct twin *, int64_t);
static uint64_t		 twin_packets(const struct twin *, enum due);
static void		 twin_take(struct twin *, enum due, int64_t);
static void		 twin_done(struct twin *, enum due, int, int64_t);
static void		 twin_see(struct twin *, int64_t, int);
static void		 twin_now(struct twin *, int64_t);
static int64_t		 twin_renote(const struct twin *, int64_t, int64_t);
static void		 twin_carry(struct twin *, int64_t, int);
static void		 twin_reload(struct twin *, const struct terms *,
			    int64_t);
static void		 twin_reset(struct twin *, int64_t);
static void		 pair_window(const struct pair *);
static void		 pair_next(struct pair *, int64_t);
static int		 pair_look(struct pair *, int);
static void		 pair_sample(struct pair *, int64_t);
static void		 pair_packets(struct pair *, uint64_t);
static void		 pair_done(struct pair *, int);
static void		 pair_ticks(struct pair *, uint64_t);
static void		 pair_early(struct pair *);
static void		 pair_blind(struct pair *);
static void		 pair_later(struct pair *);
static void		 pair_reload(struct pair *, const struct terms *);
static void		 pair_reset(struct pair *);
static void		 pair_check(struct pair *);
static void		 pair_begin(struct pair *, const struct terms *,
			    uint64_t, int64_t);
static void		 pair_share(struct pair *, uint64_t);
static void		 pair_end(struct pair *);
static void		 random_terms(struct terms *, int);
static int64_t		 random_within(int);
static void		 random_change(struct pair *);
static void		 random_step(struct pair *);
static void		 random_begin(struct pair *, int);
static void		 hostile_fill(void *, size_t);
static void		 hostile_guess(struct pair *);
static void		 hostile_look(struct pair *);
static void		 hostile_step(struct pair *);
static void		 race_write(struct count *, struct window *)
			    __attribute__((__noreturn__));
static void		 race(struct pair *);
static void		 frugal(struct pair *);
static int		 twin_main(void);

/* A random number below n. */
static uint64_t
pick_random(uint64_t n)
{
	static uint64_t	 x;

	if (x == 0)
		x = seed * 2 + 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x * 0x2545f4914f6cdd1dULL >> 11) % n;
}

/* One half of the time 0. */
static uint64_t
pick_half(uint64_t n)
{
	uint64_t	 half = pick(2);

	return half * pick(n);
}

static void
check(const struct pair *pair, int ok, const char *what)
{
	if (ok)
		return;
	printf("seed %" PRIu64 " step %" PRIu64 ": %s differs\n", seed,
	    pair->step, what);
	exit(1);
}

/* A second, or a 600th of the window if that is longer. */
static int64_t
twin_interval(const struct twin *twin, int64_t time)
{
	int64_t	 width = twin->terms.within / 600;

	if (twin->terms.within % 600 != 0)
		width++;
	if (width < NSEC)
		width = NSEC;
	return time / width;
}

/* Does the packet count in the window? */
static int
twin_inside(const struct twin *twin, const struct packet *packet)
{
	if (!twin->ever_looked || packet->when == NEVER)
		return 0;
	if (twin->looked < twin->terms.within)
		return 1;
	return twin_interval(twin, packet->when) >=
	    twin_interval(twin, twin->looked - twin->terms.within);
}

static uint64_t
twin_tally(const struct twin *twin)
{
	uint64_t	 tally = 0;
	size_t		 i;

	for (i = 0; i < twin->n; i++) {
		if (!twin->terms.below && twin->packet[i].taken)
			continue;
		if (twin->terms.within != 0 &&
		    !twin_inside(twin, &twin->packet[i]))
			continue;
		tally++;
	}
	return tally;
}

static int
twin_enough(const struct twin *twin, int64_t time)
{
	if (twin->terms.within != 0) {
		if (!twin->ever_looked || time - twin->looked >= LONGEST_TICK)
			return 0;
		if (twin->terms.below)
			return twin->looked >=
			    twin->watched + twin->terms.within &&
			    twin_tally(twin) < twin->terms.count;
	}
	return twin_tally(twin) >= twin->terms.count;
}

/* It is on: does it stay so? */
static int
twin_stays(const struct twin *twin)
{
	if (twin->terms.below)
		return twin->ever_looked && twin->looked > twin->quiet &&
		    twin_tally(twin) < twin->terms.count;
	return twin_tally(twin) >= twin->terms.renew;
}

static enum due
twin_due(const struct twin *twin, int64_t time)
{
	int64_t	 slack = twin->terms.immediate ? 0 : 50 * MSEC;

	if (twin->running)
		return DUE_NOTHING;
	if (twin->on) {
		if (twin_stays(twin))
			return DUE_RENEW;
	} else if (twin_enough(twin, time) && (twin->terms.exact ||
	    !twin->ever_started ||
	    time >= twin->started + twin->terms.wait - slack))
		return twin->terms.below ? DUE_BELOW : DUE_COUNT;
	if (twin->armed && twin->ever_looked &&
	    twin->looked >= twin->quiet + twin->terms.idle - slack)
		return DUE_IDLE;
	return DUE_NOTHING;
}

static uint64_t
twin_packets(const struct twin *twin, enum due due)
{
	if (due == DUE_IDLE)
		return twin->since;
	if (due == DUE_COUNT && twin->terms.exact)
		return twin->terms.count;
	return twin_tally(twin);
}

static void
twin_take(struct twin *twin, enum due due, int64_t time)
{
	uint64_t	 left = UINT64_MAX;
	size_t		 i;

	if (due == DUE_COUNT && twin->terms.exact)
		left = twin->terms.count;
	if (due == DUE_COUNT || (due == DUE_RENEW && !twin->terms.below))
		for (i = 0; i < twin->n && left > 0; i++)
			if (!twin->packet[i].taken) {
				twin->packet[i].taken = 1;
				left--;
			}
	if (due == DUE_RENEW) {
		if (twin->ever_looked && twin->looked > twin->quiet)
			twin->quiet = twin->looked;
		return;
	}
	if (due == DUE_IDLE)
		twin->on = twin->armed = twin->ever_started = 0;
	else {
		twin->since = 0;
		twin->ever_started = 1;
		twin->started = time;
	}
	twin->runs++;
	twin->running = 1;
}

static void
twin_done(struct twin *twin, enum due due, int ok, int64_t time)
{
	twin->running = 0;
	if (!ok)
		twin->failures++;
	if (due != DUE_IDLE && twin->terms.idle != 0) {
		twin->on = ok;
		twin->armed = 1;
		twin->quiet = time;
	}
}

/* A look; blindly means that an immediate counter was not waited for. */
static void
twin_see(struct twin *twin, int64_t time, int blindly)
{
	int64_t	 when = time;
	size_t	 i;

	if (twin->ever_looked && time - twin->look > LONGEST_TICK &&
	    (!twin->terms.immediate || blindly)) {
		if (!twin->terms.below)
			when = twin->look;
		twin->disturbed = time;
	} else if (!twin->ever_looked)
		twin->spread += time - twin->loaded;
	if (when < twin->noted)		/* the tick was early */
		when = twin->noted;
	for (i = twin->n; i < twin->came; i++) {
		twin->packet[i].when = when;
		twin->seen++;
		twin->since++;
	}
	twin->n = twin->came;
	twin->ever_looked = 1;
	twin->look = twin->looked = time;
	if (twin->noted < time)
		twin->noted = time;
}

/* The time now, which a look is not after. */
static void
twin_now(struct twin *twin, int64_t time)
{
	twin->looked = twin->look < time ? twin->look : time;
}

/*
 * The intervals have another width: what came in an old one came at its end,
 * or, where it is the wider one and too many would be wrong, at its beginning.
 */
static int64_t
twin_renote(const struct twin *twin, int64_t when, int64_t within)
{
	int64_t	 old = (twin->terms.within + 599) / 600;
	int64_t	 new = (within + 599) / 600;
	int64_t	 end, last = twin->looked;

	if (old < NSEC)
		old = NSEC;
	if (new < NSEC)
		new = NSEC;
	if (last < twin->noted / old * old)
		last = twin->noted / old * old;
	if (!twin->terms.below && new < old)
		return when / old * old;
	end = when / old * old + old - 1;
	return end < last ? end : last;
}

/* The rule's window becomes another. */
static void
twin_carry(struct twin *twin, int64_t within, int below)
{
	int64_t	 oldest = NEVER, size, width;
	size_t	 i;

	if (twin->terms.within != 0 && twin->noted != NEVER) {
		width = (twin->terms.within + 599) / 600;
		if (width < NSEC)
			width = NSEC;
		size = twin->terms.within / width + 2;
		oldest = twin_interval(twin, twin->noted) - size;
	}
	for (i = 0; i < twin->n; i++) {
		int64_t	*when = &twin->packet[i].when;

		if (twin->terms.within == 0 || twin->terms.below != below ||
		    *when == NEVER || twin_interval(twin, *when) < oldest)
			*when = NEVER;
		else if (within != 0)
			*when = twin_renote(twin, *when, within);
	}
	if (twin->terms.within == 0 || within == 0 ||
	    twin->terms.below != below)
		twin->noted = NEVER;
	else if (twin->noted != NEVER)
		twin->noted = twin_renote(twin, twin->noted, within);
}

static void
twin_reload(struct twin *twin, const struct terms *terms, int64_t time)
{
	size_t	 i;

	twin_carry(twin, terms->within, terms->below);
	if (terms->below != twin->terms.below)
		for (i = 0; i < twin->n; i++)
			twin->packet[i].taken = 1;
	if (terms->below != twin->terms.below ||
	    terms->within > twin->terms.within)
		twin->watched = time;
	if (terms->idle == 0)
		twin->on = twin->armed = 0;
	twin->spread += twin->terms.within / 600 + NSEC;
	twin->disturbed = time;
	twin->terms = *terms;
}

static void
twin_reset(struct twin *twin, int64_t time)
{
	memmove(twin->packet, twin->packet + twin->n,
	    (twin->came - twin->n) * sizeof(twin->packet[0]));
	twin->came -= twin->n;
	twin->n = 0;
	twin->seen = twin->since = twin->runs = twin->failures = 0;
	twin->watched = time;
}

/*
 * What the specification promises of a window, by when packets really came:
 * a start is never for packets from too long ago, packets are never missed
 * unless nobody looked, and below is never due with too many.
 */
static void
pair_window(const struct pair *pair)
{
	const struct twin	*twin = &pair->twin;
	int64_t			 begin, early, width = twin->terms.within / 600;
	uint64_t		 n = 0, most = 0;
	size_t			 i;

	if (twin->terms.within == 0 || !twin->ever_looked)
		return;
	if (width < NSEC)
		width = NSEC;
	begin = twin->looked - twin->terms.within;
	early = begin - width - LONGEST_TICK - twin->spread;
	for (i = 0; i < twin->n; i++) {
		if (!twin->terms.below && twin->packet[i].taken)
			continue;
		if (twin->packet[i].arrived > begin)
			n++;
		if (twin->packet[i].arrived > early)
			most++;
	}
	if (twin->terms.below) {
		if (twin->watched <= begin)
			check(pair, twin_tally(twin) >= n, "below, missed");
	} else {
		check(pair, twin_tally(twin) <= most, "within, too many");
		if (twin->disturbed < begin - width)
			check(pair, twin_tally(twin) >= n, "within, missed");
	}
}

/*
 * Nothing is due now.  If the rule said when it will be, it is due then and
 * no earlier; if it did not, it is never due without a packet.  Windows are
 * only compared: packets leave them.
 */
static void
pair_next(struct pair *pair, int64_t next)
{
	struct twin		*twin = &pair->twin;
	struct world		 then;
	const struct terms	*terms = &twin->terms;
	struct sight		 sight;
	int64_t			 dummy, looked = twin->looked, time = next;
	int64_t			 slack = terms->immediate ? 1 : 51 * MSEC;
	int			 ever_looked = twin->ever_looked;

	if (twin->running) {
		check(pair, next == NO_TIME, "next of a running rule");
		return;
	}
	check(pair, next > pair->time, "next, past");
	if (next == NO_TIME)
		time = pair->time + pick(100) * NSEC;
	world_copy(&pair->world, &then);
	then.kernel -= twin->came - twin->n;
	if (twin->ever_looked && looked == pair->time && next != NO_TIME &&
	    next - slack > pair->time && terms->within == 0) {
		count_look(&then.rule, next - slack, &sight);
		sight.looked = next - slack;
		check(pair, rule_due(terms, &then.state, &sight, next - slack,
		    &dummy) == DUE_NOTHING, "next, early");
	}
	world_sample(&then, time);
	count_look(&then.rule, time, &sight);
	twin->looked = time;
	twin->ever_looked = 1;
	check(pair, rule_due(terms, &then.state, &sight, time, &dummy) ==
	    twin_due(twin, time), "next, then");
	if (terms->within == 0)
		check(pair, (twin_due(twin, time) != DUE_NOTHING) ==
		    (next != NO_TIME), "next, due");
	twin->looked = looked;
	twin->ever_looked = ever_looked;
	free(then.window.history);
}

/*
 * The parent's turn.  Of what it starts, some ends at once, well or not, as
 * the bits of lots say.  Returns what runs now.
 */
static int
pair_look(struct pair *pair, int lots)
{
	struct twin		*twin = &pair->twin;
	struct state		*state = &pair->world.state;
	const struct terms	*terms = &twin->terms;
	struct sight		 sight;
	enum due		 due;
	int64_t			 next;
	uint64_t		 owed;

	twin_now(twin, pair->time);
	for (;; lots >>= 2) {
		count_look(&pair->world.rule, pair->time, &sight);
		due = rule_due(terms, state, &sight, pair->time, &next);
		check(pair, due == twin_due(twin, pair->time), "due");
		if (due == DUE_NOTHING) {
			pair_next(pair, next);
			return 0;
		}
		check(pair, rule_packets(terms, state, &sight, due) ==
		    twin_packets(twin, due), "packets");
		owed = rule_owed(terms, state, &sight, due);
		rule_take(terms, state, &sight, due, pair->time);
		twin_take(twin, due, pair->time);
		check(pair, owed == (terms->exact ?
		    twin_tally(twin) / terms->count : 0), "owed");
		if (due == DUE_RENEW)
			continue;
		pair->run = due;
		if ((lots & 1) == 0)
			return 1;
		pair_done(pair, (lots & 2) != 0);
	}
}

/*
 * The engine's turn.  Whoever looks before it has noted what it counted sees
 * no more packets in a window than there are, or no fewer if below.
 */
static void
pair_sample(struct pair *pair, int64_t time)
{
	const struct terms	*terms = &pair->twin.terms;
	struct world		 then;
	struct sight		 sight;
	uint64_t		 tally;

	world_copy(&pair->world, &then);
	count_store(&then.count, then.kernel, 0, time);
	count_look(&then.rule, time, &sight);
	tally = rule_tally(terms, &then.state, &sight);
	free(then.window.history);
	twin_see(&pair->twin, time, pair->world.restarted);
	world_sample(&pair->world, time);
	count_look(&pair->world.rule, time, &sight);
	if (terms->below)
		check(pair, tally >= rule_tally(terms, &pair->world.state,
		    &sight), "too few");
	else if (terms->within != 0)
		check(pair, tally <= rule_tally(terms, &pair->world.state,
		    &sight), "too many");
}

static void
pair_packets(struct pair *pair, uint64_t n)
{
	struct twin	*twin = &pair->twin;

	pair->world.kernel += n;
	for (; n > 0; n--) {
		if (twin->came == MAX_PACKETS)
			errx(1, "too many packets");
		twin->packet[twin->came++] = (struct packet){
			.arrived = pair->time
		};
	}
}

static void
pair_done(struct pair *pair, int ok)
{
	struct twin	*twin = &pair->twin;

	rule_done(&twin->terms, &pair->world.state, pair->run, ok, pair->time);
	twin_done(twin, pair->run, ok, pair->time);
}

/* So many ticks, now and then with a packet. */
static void
pair_ticks(struct pair *pair, uint64_t n)
{
	for (; n > 0 && !pair->twin.running; n--) {
		pair->time = (pair->time / NSEC + 1) * NSEC;
		if (pick(16) == 0)
			pair_packets(pair, 1 + pick(2));
		pair_sample(pair, pair->time);
		pair_look(pair, pick(4));
	}
}

/* The next tick but one comes some milliseconds early. */
static void
pair_early(struct pair *pair)
{
	int64_t	 tick = (pair->time / NSEC + 2) * NSEC;

	pair_sample(pair, tick);
	pair->time = tick - 1 - pick(20 * MSEC);
	pair_look(pair, pick(256));
}

/* The counter cannot be had for some time, nor counts what comes. */
static void
pair_blind(struct pair *pair)
{
	struct twin	*twin = &pair->twin;

	if (twin->came != twin->n)
		pair_sample(pair, pair->time);
	pair_look(pair, pick(4));
	pair->time += pick(20) * pair->unit;
	pair->time += pick(NSEC);
	pair_look(pair, pick(4));
	rule_blind(&pair->world.state, pair->time);
	twin->watched = pair->time;
	if (twin->quiet < pair->time)
		twin->quiet = pair->time;
	pair->world.restarted = 1;
	pair_sample(pair, pair->time);
	pair_look(pair, pick(4));
}

/* What counts in the window at some time if no more packets come? */
static void
pair_later(struct pair *pair)
{
	struct twin	*twin = &pair->twin;
	int64_t		 looked = twin->looked;
	struct world	 then;
	struct sight	 sight;

	world_copy(&pair->world, &then);
	then.kernel -= twin->came - twin->n;
	twin->looked = pair->time + pick(twin->terms.within + 2 * NSEC);
	world_sample(&then, twin->looked);
	count_look(&then.rule, twin->looked, &sight);
	check(pair, rule_tally(&twin->terms, &then.state, &sight) ==
	    twin_tally(twin), "later tally");
	twin->looked = looked;
	free(then.window.history);
}

static void
pair_reload(struct pair *pair, const struct terms *terms)
{
	int	 i;

	twin_now(&pair->twin, pair->time);
	world_reload(&pair->world, terms, pair->time);
	twin_reload(&pair->twin, terms, pair->time);
	for (i = 0; i < 16 && pair->twin.ever_looked; i++)
		pair_later(pair);
}

static void
pair_reset(struct pair *pair)
{
	struct twin	*twin = &pair->twin;
	uint64_t	 total = pair->world.kernel - (twin->came - twin->n);

	rule_reset(&pair->world.state, total, pair->time);
	twin_reset(twin, pair->time);
}

static void
pair_check(struct pair *pair)
{
	struct twin		*twin = &pair->twin;
	const struct state	*state = &pair->world.state;
	struct sight		 sight;

	twin_now(twin, pair->time);
	count_look(&pair->world.rule, pair->time, &sight);
	check(pair, rule_tally(&twin->terms, state, &sight) ==
	    twin_tally(twin), "tally");
	check(pair, sight.total - state->base == twin->seen, "total");
	check(pair, state->runs == twin->runs, "runs");
	check(pair, state->failures == twin->failures, "failures");
	check(pair, state->running == twin->running, "running");
	check(pair, (state->on == RULE_ON) == twin->on, "on");
	pair_window(pair);
}

/* The rule may share a counter that others have had for some time. */
static void
pair_begin(struct pair *pair, const struct terms *terms, uint64_t total,
    int64_t time)
{
	struct twin	*twin = &pair->twin;
	struct world	*world = &pair->world;

	/* the array of packets stays as it is: none counts */
	memset(twin, 0, offsetof(struct twin, packet));
	memset((char *)twin + offsetof(struct twin, n), 0,
	    sizeof(*twin) - offsetof(struct twin, n));
	memset(world, 0, sizeof(*world));
	twin->terms = world->rule.terms = *terms;
	twin->noted = NEVER;
	world_load(world, total, time);
	pair->time = time;
	pair->step = 0;
	pair->unit = NSEC;
	if (terms->within > 120 * NSEC)
		pair->unit = terms->within / 120;
}

static void
pair_share(struct pair *pair, uint64_t n)
{
	struct twin	*twin = &pair->twin;

	for (; n > 0; n--) {
		pair->time += NSEC;
		pair->world.kernel += n % 3;
		pair_sample(pair, pair->time);
	}
	rule_load(&pair->world.state, pair->world.kernel, pair->time);
	twin->loaded = twin->watched = twin->quiet = pair->time;
}

static void
pair_end(struct pair *pair)
{
	free(pair->world.window.history);
}

/* The kinds of rules. */
static void
random_terms(struct terms *terms, int kind)
{
	static const uint64_t	 counts[] = { 1, 1, 2, 3, 10, 100 };

	memset(terms, 0, sizeof(*terms));
	terms->count = counts[pick(6)];
	terms->wait = (1 + pick(pick(2) ? 3 : 20)) * NSEC;
	terms->immediate = pick(2);
	switch (kind % 4) {
	case 0:
		terms->exact = kind / 4 == 0;
		break;
	case 1:
		break;
	case 2:
		terms->within = random_within(kind);
		break;
	case 3:
		terms->within = random_within(kind);
		terms->below = 1;
		terms->immediate = 0;
		break;
	}
	terms->renew = terms->count;
	if (kind / 4 == 1 || (kind / 4 == 3 && pick(2)))
		terms->idle = (1 + pick(10)) * NSEC;
	if (terms->idle != 0 && !terms->below && pick(2))
		terms->renew = 1 + pick(terms->count);
}

/* Up to some seconds, or longer than its intervals are a second. */
static int64_t
random_within(int kind)
{
	static const int64_t	 longer[] = { 600, 601, 660, 1800, 7200 };

	if (kind / 4 < 2)
		return (1 + pick(pick(2) ? 4 : 15)) * NSEC;
	if (pick(8) == 0)
		return (1 + pick(MAX_TIME)) * NSEC;
	return longer[pick(5)] * NSEC;
}

/* A reload: another T, more or less of idle, another kind. */
static void
random_change(struct pair *pair)
{
	struct terms	 terms = pair->twin.terms, new;

	random_terms(&new, pick(16));
	switch (pick(8)) {
	case 0:
		if (!new.below || !terms.immediate) {
			new.immediate = terms.immediate;
			terms = new;
		}
		break;
	case 1:
		if (!terms.exact)
			terms.idle = pick(2) * new.idle;
		break;
	case 2: case 3: case 4:
		if (terms.within != 0)
			terms.within = random_within(pick(16));
		break;
	case 5:
		if (terms.within > 2 * NSEC)
			terms.within -= NSEC;
		break;
	case 6:
		if (terms.within != 0)
			terms.within *= 2;
		break;
	}
	if (terms.within > MAX_TIME * NSEC)
		terms.within = MAX_TIME * NSEC;
	pair_reload(pair, &terms);
	if (pair->unit < terms.within / 120)
		pair->unit = terms.within / 120;
}

static void
random_step(struct pair *pair)
{
	struct twin	*twin = &pair->twin;

	switch (pick(44)) {
	case 0:			/* a pause of the whole machine */
		pair->time += (1 + pick(20)) * pair->unit;
		break;
	case 1: case 2: case 3: case 4: case 5:
		pair->time += pick(NSEC - pair->time % NSEC);
		break;
	case 6: case 7: case 8: case 9: case 10: case 11: case 12: case 13:
		pair_packets(pair, pick(4) != 0 ? pick(4) :
		    pick(3 * twin->terms.count + 2));
		if (!twin->terms.immediate)
			break;
		pair_sample(pair, pair->time);
		pair_look(pair, pick(256));
		break;
	case 14: case 15:	/* another rule rings */
		pair_look(pair, pick(256));
		break;
	case 16: case 17: case 18: case 19:
		if (!twin->running)
			break;
		pair_done(pair, pick(3) != 0);
		pair_look(pair, pick(256));
		break;
	case 20:		/* another engine */
		pair->time += pick(5) * NSEC;
		pair->world.restarted = 1;
		pair_sample(pair, pair->time);
		pair_look(pair, pick(256));
		break;
	case 21:
		pair_blind(pair);
		break;
	case 22:
		random_change(pair);
		break;
	case 23:
		if (pick(8) == 0)
			pair_reset(pair);
		break;
	case 24:
		pair_ticks(pair, pick(2 + pick(600)));
		break;
	case 25: case 26:	/* a tick, and the parent is held up */
		pair->time = (pair->time / NSEC + 1) * NSEC;
		pair_sample(pair, pair->time);
		break;
	case 27: case 28:
		pair_early(pair);
		break;
	default:		/* the next tick, more or less */
		pair->time = (pair->time / NSEC + 1) * NSEC +
		    pick_half(20 * MSEC);
		pair_sample(pair, pair->time);
		pair_look(pair, pick(256));
		break;
	}
}

/* One rule of the given kind. */
static void
random_begin(struct pair *pair, int kind)
{
	struct terms	 terms;
	uint64_t	 total;
	int64_t		 time;

	random_terms(&terms, kind);
	switch (pick(4)) {
	case 0:
		total = 0;
		break;
	case 1:
		total = UINT32_MAX - pick(300);
		break;
	case 2:
		total = UINT64_MAX - pick(300);
		break;
	default:
		total = pick(UINT64_MAX);
	}
	time = pick(pick(4) != 0 ? 1000000 : 3) * NSEC;
	time += pick(NSEC);
	pair_begin(pair, &terms, total, time);
	pair_share(pair, pick_half(20));
}

/* What an engine may write that somebody has taken over. */
static void
hostile_fill(void *p, size_t size)
{
	static const uint64_t	 edges[] = {
		0, 1, UINT64_MAX, INT64_MAX, INT64_MAX - 1,
		(uint64_t)INT64_MAX + 1, (uint64_t)INT64_MAX + 2, NSEC,
		1000 * NSEC, 9000000000
	};
	char			*to = p;
	uint64_t		 n;

	for (; size >= sizeof(n); size -= sizeof(n), to += sizeof(n)) {
		if (pick(2))
			n = edges[pick(10)];
		else {
			n = pick(UINT64_MAX);
			n <<= pick(56);
		}
		memcpy(to, &n, sizeof(n));
	}
}

/* What the last look may have left, but for the totals. */
static void
hostile_guess(struct pair *pair)
{
	struct world	*world = &pair->world;
	struct history	*history = world->window.history;
	int64_t		 looked = pick(2) ? INT64_MAX : pair->time;

	count_store(&world->count, pick(UINT64_MAX), 0, looked);
	history->newest = looked / (pair->twin.terms.within > 600 * NSEC ?
	    (pair->twin.terms.within + 599) / 600 : NSEC) + pick(3) - 1;
	history->oldest = history->newest - pick(pick(2) ? 4 : 604);
}

/* Whatever stands in the engine's half, what is made of it can be. */
static void
hostile_look(struct pair *pair)
{
	const struct terms	*terms = &pair->twin.terms;
	struct state		*state = &pair->world.state;
	struct sight		 sight;
	enum due		 due;
	int64_t			 next, started = state->started;

	count_look(&pair->world.rule, pair->time, &sight);
	check(pair, sight.looked == NEVER ||
	    (sight.looked >= 0 && sight.looked <= pair->time), "looked");
	check(pair, sight.total - sight.expired <= INT64_MAX, "expired");
	due = rule_due(terms, state, &sight, pair->time, &next);
	check(pair, next > pair->time, "next");
	rule_packets(terms, state, &sight, due);
	rule_owed(terms, state, &sight, due);
	rule_take(terms, state, &sight, due, pair->time);
	if (due == DUE_NOTHING || due == DUE_RENEW)
		return;
	check(pair, due == DUE_IDLE || terms->exact || started == NEVER ||
	    pair->time - started >= terms->wait - 50 * MSEC, "wait");
	rule_done(terms, state, due, pick(2), pair->time);
}

/* It writes, all look, and a new engine goes on from there. */
static void
hostile_step(struct pair *pair)
{
	struct world	*world = &pair->world;
	struct history	*history = world->window.history;
	struct terms	 terms = world->rule.terms, other;
	uint64_t	 turn;
	int64_t		 current;

	/* one by one: how they are aligned differs */
	hostile_fill(&turn, sizeof(turn));
	world->count.turn = turn;
	hostile_fill(world->count.slot, sizeof(world->count.slot));
	hostile_fill(history, pick(2) ? history_bytes(terms.within) :
	    sizeof(*history));
	if (pick(2))
		hostile_guess(pair);
	hostile_look(pair);
	if (pick(8) == 0) {
		random_terms(&other, 2);
		terms.within = other.within;
		world_reload(world, &terms, pair->time);
		pair->twin.terms = terms;
		hostile_look(pair);
		history = world->window.history;
	}
	world->kernel = pick(UINT64_MAX);
	world_sample(world, pair->time);
	hostile_look(pair);
	current = twin_interval(&pair->twin, pair->time);
	check(pair, terms.within == 0 || (history->oldest >= 0 &&
	    history->newest - history->oldest < 602 &&
	    history->newest >= current && history->newest <= current + 1),
	    "history");
	pair->time += pick(pick(2) ? 2 * NSEC : 100 * pair->unit);
}

/*
 * The engine of race(): a packet is seen with every second, so that the total
 * is the time.
 */
static void
race_write(struct count *count, struct window *window)
{
	uint64_t	 n;

	for (n = 1;; n++) {
		count_store(count, n, 0, n * NSEC);
		window_note(window, n - 1, n, (n - 1) * NSEC, n * NSEC);
		if (n % 8 == 0)
			usleep(1);
	}
}

/* What is seen while another process writes it belongs together. */
static void
race(struct pair *pair)
{
	struct world	*world = &pair->world;
	struct terms	 terms = { .count = 1, .within = 5 * NSEC };
	struct sight	 sight;
	char		*shared;
	pid_t		 pid;
	int		 good;

	pair_begin(pair, &terms, 0, 0);
	pair_end(pair);
	if ((shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0)) == MAP_FAILED)
		err(1, "mmap");
	world->counter.count = (void *)shared;
	world->window.history = (void *)(shared + 1024);
	window_begin(&world->window, 0);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0)
		race_write(world->counter.count, &world->window);
	do {
		count_look(&world->rule, INT64_MAX, &sight);
		pair->step = sight.total;
		good = sight.total <= 6 || (sight.total - sight.expired == 6 &&
		    sight.looked == (int64_t)sight.total * NSEC);
	} while (good && sight.total < 20000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	check(pair, good, "race: total, time or window");
	munmap(shared, 4096);
}

/* What has not been counted yet takes no memory. */
static void
frugal(struct pair *pair)
{
	struct world	*world = &pair->world;
	struct terms	 terms = { .count = 1, .within = 3600 * NSEC };
	size_t		 size = history_bytes(terms.within), used, i;
	unsigned char	*byte;

	pair_begin(pair, &terms, 1, 86400 * NSEC);
	byte = (unsigned char *)world->window.history;
	for (; pair->step < 60; pair->step++) {
		world->kernel++;
		pair->time += NSEC;
		world_sample(world, pair->time);
		for (used = i = 0; i < size; i++)
			used += byte[i] != 0xa5;
		check(pair, used <= sizeof(struct history) +
		    (2 + pair->step / 6) * sizeof(uint64_t), "memory");
	}
	pair_end(pair);
}

static int
twin_main(void)
{
	static struct pair	 pair;
	uint64_t		 done;
	int			 kind;

	printf("seed %" PRIu64 "\n", seed);
	pick = pick_random;
	race(&pair);
	frugal(&pair);
	for (kind = 0; kind < KINDS; kind++)
		for (done = 0; done < steps; done += 250) {
			random_begin(&pair, kind);
			for (; pair.step < 250; pair.step++) {
				random_step(&pair);
				pair_check(&pair);
			}
			pair_end(&pair);
			random_begin(&pair, kind);
			for (; pair.step < 250; pair.step++)
				hostile_step(&pair);
			pair_end(&pair);
		}
	return 0;
}
int
main(int argc, char *argv[])
{
	int	 ch, failed = 0;

	seed = (uint64_t)time(NULL) * 1000 + getpid() % 1000;
	while ((ch = getopt(argc, argv, "n:s:")) != -1) {
		switch (ch) {
		case 'n':
			steps = strtoull(optarg, NULL, 10);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		default:
			fprintf(stderr, "usage: t_rule file ...\n"
			    "       t_rule [-n steps] [-s seed]\n");
			return 1;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc > 0) {
		for (; *argv != NULL; argv++)
			if (play_file(*argv) != 0)
				failed++;
		printf("%d scenarios, %d failed\n", argc, failed);
		return failed != 0;
	}
	return twin_main();
}
