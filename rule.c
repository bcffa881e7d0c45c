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
 * Both processes ask it, each writing only its own members of the state.
 *
 * Times are nanoseconds of any clock that does not go back and is not
 * negative.  Totals count modulo 2^64.
 */

#include "bpfstatsd.h"

/*
 * At a tick, a wait or silence has passed if it lacks no more than this: a
 * start follows its tick by some milliseconds, and where the clock ticks a
 * hundred times a second not always by the same.  Otherwise "wait 5" would
 * mean six seconds.
 */
#define SLACK	(50 * NSEC / 1000)

/* A window that was not computed within this time says nothing. */
#define FRESH	(3 * NSEC / 2)

static int	has_passed(const struct terms *, int64_t, int64_t, int64_t);

/* Begin a new state, at a counter that has counted total packets so far. */
void
rule_load(struct state *state, uint64_t total)
{
	*state = (struct state){
		.base = total,
		.mark = total,
		.expired = total,
		.started = NEVER,
		.looked = NEVER
	};
}

/* The packets which the rule has seen and which no run has taken. */
uint64_t
rule_tally(const struct terms *terms, const struct state *state,
    uint64_t total)
{
	uint64_t	 tally = total - state->mark;

	if (terms->within != 0 && total - state->expired < tally)
		tally = total - state->expired;
	return tally;
}

/* Immediate rules are looked at again when the time has come, not before. */
static int
has_passed(const struct terms *terms, int64_t since, int64_t period,
    int64_t time)
{
	return time - since >= period - (terms->immediate ? 0 : SLACK);
}

/*
 * Tell what the rule is due for at the given time with the given total.
 * When *next is earlier than NO_TIME, look again then even if no packet
 * comes.  A running rule is never due: look again when its run ends.
 */
enum what
rule_due(const struct terms *terms, const struct state *state,
    uint64_t total, int64_t time, int64_t *next)
{
	*next = NO_TIME;
	if (state->running)
		return NOTHING;
	if (rule_tally(terms, state, total) >= terms->count &&
	    (terms->within == 0 || (state->looked != NEVER &&
	    time - state->looked < FRESH))) {
		if (terms->idle != 0 && state->power == POWER_ON)
			return RENEW;
		if (terms->exact || state->started == NEVER ||
		    has_passed(terms, state->started, terms->wait, time))
			return COUNT;
		*next = state->started + terms->wait;
	}
	if (terms->idle != 0 && state->power != POWER_OFF) {
		if (has_passed(terms, state->silent, terms->idle, time))
			return IDLE;
		if (state->silent + terms->idle < *next)
			*next = state->silent + terms->idle;
	}
	return NOTHING;
}

/*
 * Write down that what the rule was due for starts now.  Returns the packets
 * to tell the command: those that this start takes, or for the idle command
 * those that came since the command last started.
 */
uint64_t
rule_take(const struct terms *terms, struct state *state, enum what what,
    uint64_t total, int64_t time)
{
	uint64_t	 packets = rule_tally(terms, state, total);

	switch (what) {
	case COUNT:
		if (terms->exact) {
			packets = terms->count;
			state->mark += packets;
		} else
			state->mark = total;
		state->began = total;
		state->started = time;
		break;
	case IDLE:
		packets = total - state->began;
		state->power = POWER_OFF;
		state->started = NEVER;	/* on again at once if need be */
		break;
	case RENEW:
		state->mark = total;
		state->silent = time;
		return packets;
	case NOTHING:
		return 0;
	}
	state->runs++;
	state->running = 1;
	return packets;
}

/* Write down that the run which began as what has ended, well or not. */
void
rule_done(const struct terms *terms, struct state *state, enum what what,
    int ok, int64_t time)
{
	state->running = 0;
	if (!ok)
		state->failures++;
	if (what == COUNT && terms->idle != 0) {
		state->power = ok ? POWER_ON : POWER_FAILED;
		state->silent = time;
	}
}

/*
 * Move the rule's window to the given time; for the engine alone.  It
 * reaches back to the beginning of a second, over the time that the rule
 * says and up to a second more: packets no further apart than that are
 * never missed.  The history must have been noted at the same time.
 */
void
rule_window(const struct terms *terms, struct state *state,
    struct history *history, int64_t time)
{
	state->expired = *history_total(history,
	    (time - terms->within) / NSEC);
	state->looked = time;
}

/* Seconds to remember for a window of so many nanoseconds. */
int64_t
history_size(int64_t within)
{
	return within / NSEC + 2;
}

/* Begin a history of so many seconds that was always at this total. */
void
history_init(struct history *history, int64_t size, uint64_t total)
{
	int64_t		 i;

	history->newest = 0;
	history->size = size;
	for (i = 0; i < size; i++)
		history->total[i] = total;
}

/* Where the total at the beginning of one of the last seconds stands. */
uint64_t *
history_total(struct history *history, int64_t second)
{
	int64_t		 i = second % history->size;

	return &history->total[i < 0 ? i + history->size : i];
}

/*
 * Note the total that a counter had just before the packets of the given
 * time are added to it.  Only the first note in a second counts; seconds
 * between two notes had no packets.
 */
void
history_note(struct history *history, uint64_t total, int64_t time)
{
	int64_t		 second = time / NSEC;

	if (history->newest < second - history->size)
		history->newest = second - history->size;
	while (history->newest < second)
		*history_total(history, ++history->newest) = total;
}

/* What the counter has counted; for any process at any time. */
uint64_t
count_total(const struct count *count)
{
	uint32_t	 turn;
	uint64_t	 total;

	do {
		turn = __atomic_load_n(&count->turn, __ATOMIC_ACQUIRE);
		total = count->slot[turn % 2].total;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (turn != __atomic_load_n(&count->turn, __ATOMIC_RELAXED));
	return total;
}

/* Make the slot that is not current the current one, with this total. */
void
count_store(struct count *count, uint64_t total)
{
	uint32_t	 turn = count->turn + 1;

	count->slot[turn % 2].total = total;
	__atomic_store_n(&count->turn, turn, __ATOMIC_RELEASE);
}
