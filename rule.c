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
 * The arithmetic of a rule: when a command is due and what its start takes.
 * State, totals and times go in, decisions come out.  There is no clock, no
 * descriptor and no event loop in here, so that tests run days in no time.
 * Both processes ask it; only the parent has it write.
 *
 * Times are nanoseconds of any clock that does not go back and is not
 * negative.  Totals count modulo 2^64.
 */

#include "bpfstatsd.h"

/*
 * At a tick, a wait or silence has passed if no more than this is missing.
 * Starts are late by a tick of the system's clock (10 ms at HZ=100), and not
 * always by the same one: without slack "wait 5" would run every 6 seconds.
 */
#define SLACK		(50 * NSEC / 1000)

static uint64_t	 not_owed(const struct terms *, uint64_t);
static int	 has_passed(const struct terms *, int64_t, int64_t);
static int	 is_fresh(const struct sight *, int64_t);
static int	 is_enough(const struct terms *, const struct state *,
		    const struct sight *, int64_t);
static int	 is_renewed(const struct terms *, const struct state *,
		    const struct sight *);

/* Begin a new state, at a counter that has counted total packets so far. */
void
rule_load(struct state *state, uint64_t total, int64_t time)
{
	*state = (struct state){
		.base = total,
		.mark = total,
		.began = total,
		.since = time,
		.started = NEVER,
		.silent = time
	};
}

/* Begin again with tally, total and numbers; what runs or is on stays so. */
void
rule_reset(struct state *state, uint64_t total, int64_t time)
{
	state->base = total;
	state->mark = total;
	state->began = total;
	state->runs = 0;
	state->failures = 0;
	state->since = time;
}

/*
 * What outlives the process: not what was due, nor what a window remembers.
 * A rule whose command may be running is on as far as anybody knows.
 */
void
rule_save(const struct terms *terms, const struct state *state,
    const struct sight *sight, struct saved *saved, int64_t time)
{
	*saved = (struct saved){
		.total = sight->total - state->base,
		.tally = not_owed(terms, sight->total - state->mark),
		.began = sight->total - state->began,
		.runs = state->runs,
		.failures = state->failures,
		.started = NEVER,
		.last_start = state->last_start,
		.on = state->on
	};
	if (state->started != NEVER)
		saved->started = time - state->started;
	if (state->running && terms->idle != 0 && state->on == RULE_OFF)
		saved->on = RULE_FAILED;
}

/*
 * After rule_load(), at the same total and time: the rule was like this when
 * another process ended.  Its terms may be others now.
 */
void
rule_restore(const struct terms *terms, struct state *state,
    const struct saved *saved, uint64_t total, int64_t time)
{
	state->base = total - saved->total;
	state->mark = total - not_owed(terms, saved->tally);
	state->began = total - saved->began;
	state->runs = saved->runs;
	state->failures = saved->failures;
	state->last_start = saved->last_start;
	if (saved->started != NEVER)
		state->started = time - saved->started;
	if (terms->idle != 0)
		state->on = saved->on;
}

/* Of a tally, what no start was due for. */
static uint64_t
not_owed(const struct terms *terms, uint64_t tally)
{
	if (terms->within != 0)
		return 0;
	if (terms->exact)
		return tally % terms->count;
	return tally < terms->count ? tally : 0;
}

/* The rule has other terms from now on; its counter is the same. */
void
rule_reload(const struct terms *old, const struct terms *terms,
    struct state *state, uint64_t total, int64_t time)
{
	if (terms->below != old->below) {
		state->mark = total;	/* the other kind knows none */
		state->since = time;
	} else if (terms->within > old->within)
		state->since = time;
	if (terms->idle == 0)
		state->on = RULE_OFF;
}

/*
 * The rule's counter counts again, after a time in which it did not because
 * it waited for something other than its interface: nobody knows what came.
 */
void
rule_blind(struct state *state, int64_t time)
{
	state->since = time;
	if (state->silent < time)
		state->silent = time;
}

/*
 * The packets which the rule has seen and which no start has taken; of a rule
 * with a window those in it.  The starts of a below rule take none.
 */
uint64_t
rule_tally(const struct terms *terms, const struct state *state,
    const struct sight *sight)
{
	uint64_t	 tally = sight->total - state->mark;

	if (terms->within != 0 && sight->total - sight->expired < tally)
		tally = sight->total - sight->expired;
	return tally;
}

/* Immediate rules are looked at again when the time has come, not before. */
static int
has_passed(const struct terms *terms, int64_t passed, int64_t period)
{
	return passed >= period - (terms->immediate ? 0 : SLACK);
}

static int
is_fresh(const struct sight *sight, int64_t time)
{
	return sight->looked != NEVER && time - sight->looked < FRESH;
}

/* Does what was counted call for the command? */
static int
is_enough(const struct terms *terms, const struct state *state,
    const struct sight *sight, int64_t time)
{
	uint64_t	 tally = rule_tally(terms, state, sight);

	if (terms->within != 0 && !is_fresh(sight, time))
		return 0;
	if (terms->below)
		return tally < terms->count &&
		    sight->looked - state->since >= terms->within;
	return tally >= terms->count;
}

/*
 * Does what was counted keep the rule on?  This and its silence are about the
 * same look, however old that is.  A below rule whose window is not complete
 * yet may still be below: it does not go off either.
 */
static int
is_renewed(const struct terms *terms, const struct state *state,
    const struct sight *sight)
{
	uint64_t	 tally = rule_tally(terms, state, sight);
	struct sight	 late = *sight;

	if (terms->below)	/* once for each look: it takes nothing */
		return tally < terms->count && sight->looked > state->silent;
	late.expired = sight->faded;
	return rule_tally(terms, state, &late) >= terms->renew;
}

/*
 * Tell what the rule is due for at the given time.  If *next is earlier than
 * NO_TIME, look again then even if no packet comes.  A running rule is never
 * due: look again when its run ends.
 */
enum due
rule_due(const struct terms *terms, const struct state *state,
    const struct sight *sight, int64_t time, int64_t *next)
{
	int64_t	 off;

	*next = NO_TIME;
	if (state->running)
		return DUE_NOTHING;
	if (terms->idle != 0 && state->on == RULE_ON) {
		if (is_renewed(terms, state, sight))
			return DUE_RENEW;
	} else if (is_enough(terms, state, sight, time)) {
		if (terms->exact || state->started == NEVER ||
		    has_passed(terms, time - state->started, terms->wait))
			return terms->below ? DUE_BELOW : DUE_COUNT;
		*next = state->started + terms->wait;
	}
	if (terms->idle == 0 || state->on == RULE_OFF)
		return DUE_NOTHING;
	if (sight->looked != NEVER &&
	    has_passed(terms, sight->looked - state->silent, terms->idle))
		return DUE_IDLE;
	off = state->silent + terms->idle;
	if (off <= time)	/* perhaps, but nobody has looked since */
		off = time + NSEC;
	if (off < *next)
		*next = off;
	return DUE_NOTHING;
}

/*
 * The packets to tell a command that starts now: those that its start takes,
 * those in the window of a below rule, or for the idle command those that
 * came since the command last started.
 */
uint64_t
rule_packets(const struct terms *terms, const struct state *state,
    const struct sight *sight, enum due due)
{
	switch (due) {
	case DUE_COUNT:
		if (terms->exact)
			return terms->count;
		/* FALLTHROUGH */
	case DUE_BELOW:
	case DUE_RENEW:
		return rule_tally(terms, state, sight);
	case DUE_IDLE:
		return sight->total - state->began;
	default:
		return 0;
	}
}

/* Of an exact rule: the starts still due after this one. */
uint64_t
rule_owed(const struct terms *terms, const struct state *state,
    const struct sight *sight, enum due due)
{
	uint64_t	 starts;

	if (!terms->exact)
		return 0;
	starts = rule_tally(terms, state, sight) / terms->count;
	return due != DUE_COUNT || starts == 0 ? starts : starts - 1;
}

/* Write down that what the rule was due for starts now. */
void
rule_take(const struct terms *terms, struct state *state,
    const struct sight *sight, enum due due, int64_t time)
{
	switch (due) {
	case DUE_NOTHING:
		return;
	case DUE_RENEW:
		if (!terms->below)
			state->mark = sight->total;
		if (state->silent < sight->looked)
			state->silent = sight->looked;
		return;
	case DUE_COUNT:
		if (terms->exact)
			state->mark += terms->count;
		else
			state->mark = sight->total;
		/* FALLTHROUGH */
	case DUE_BELOW:
		state->began = sight->total;
		state->started = time;
		break;
	case DUE_IDLE:
		state->on = RULE_OFF;
		state->started = NEVER;	/* on again at once if need be */
		break;
	case DUE_MANUAL:
		state->began = sight->total;
		/* FALLTHROUGH */
	case DUE_MANUAL_IDLE:
		state->running = 1;
		return;
	}
	state->runs++;
	state->running = 1;
}

/*
 * It has not started: give back what rule_take() took.  A reload meanwhile may
 * have changed the rest.
 */
void
rule_untake(struct state *state, const struct state *before)
{
	state->mark = before->mark;
	state->began = before->began;
	state->started = before->started;
	state->runs = before->runs;
	state->on = before->on;
}

/*
 * Write down that the run it was due for has ended, well or not.  One that
 * somebody asked for is not counted, and changes something only if it went
 * well.
 */
void
rule_done(const struct terms *terms, struct state *state, enum due due,
    int ok, int64_t time)
{
	state->running = 0;
	if (due == DUE_MANUAL || due == DUE_MANUAL_IDLE) {
		if (!ok || terms->idle == 0)
			return;
		state->on = due == DUE_MANUAL ? RULE_ON : RULE_OFF;
		state->silent = time;
		if (due == DUE_MANUAL_IDLE)
			state->started = NEVER;
		return;
	}
	if (!ok)
		state->failures++;
	if (terms->idle != 0 && (due == DUE_COUNT || due == DUE_BELOW)) {
		state->on = ok ? RULE_ON : RULE_FAILED;
		state->silent = time;
	}
}
