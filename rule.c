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
 * Both processes ask it; each writes only its own half of the shared memory.
 *
 * Times are nanoseconds of any clock that does not go back and is not
 * negative.  Totals count modulo 2^64.
 *
 * Whatever the engine has written to its half, everything here is defined and
 * comes to an end: it is read once, and no index, size or time is taken from
 * it without a check.
 */

#include "bpfstatsd.h"

/*
 * At a tick, a wait or silence has passed if it lacks no more than this: a
 * start follows its tick by some milliseconds, and where the clock ticks a
 * hundred times a second not always by the same.  Otherwise "wait 5" would
 * mean six seconds.
 */
#define SLACK		(50 * NSEC / 1000)

#define MAX_INTERVALS	600	/* that a window is divided into */
#define MAX_TRIES	100	/* to read a count while it is written */

static int	 has_passed(const struct terms *, int64_t, int64_t);
static int	 is_fresh(const struct sight *, int64_t);
static int	 is_enough(const struct terms *, const struct state *,
		    const struct sight *, int64_t);
static int	 is_renewed(const struct terms *, const struct state *,
		    const struct sight *);
static int64_t	 read_time(const int64_t *);
static uint64_t	 read_total(const uint64_t *);
static uint32_t	 slot_read(const struct count *, uint64_t *, int64_t *);
static int	 slot_changed(const struct count *, uint32_t);
static int64_t	 window_width(int64_t);
static int64_t	 window_size(int64_t);
static int64_t	 interval(int64_t, int64_t);
static int	 window_sane(const struct window *, int64_t);
static uint64_t	*window_slot(const struct window *, int64_t);
static uint64_t	 window_total(const struct window *, int64_t);
static void	 window_add(struct window *, int64_t, uint64_t);
static void	 window_skip(struct window *, int64_t, uint64_t);

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
 * Fill in what the last look at the rule's counter says, at the given time.
 * A look in the future counts as one now.
 */
void
rule_look(const struct rule *rule, int64_t time, struct sight *sight)
{
	const struct count	*count = rule->counter->count;
	uint32_t		 turn;
	int			 tries;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		turn = slot_read(count, &sight->total, &sight->looked);
		if (sight->looked > time)
			sight->looked = time;
		sight->expired = sight->total;
		if (rule->window != NULL)
			sight->expired = window_expired(rule->window,
			    sight->total, sight->looked);
		if (!slot_changed(count, turn))
			break;
	}
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

	if (terms->below)	/* once for each look: it takes nothing */
		return tally < terms->count && sight->looked > state->silent;
	return tally >= terms->renew;
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
	case DUE_NOTHING:
	case DUE_MANUAL:
	case DUE_MANUAL_IDLE:
		break;
	}
	return 0;
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

/*
 * A window is divided into intervals of at least a second.  Their width and
 * number follow from the time that the rule says, which both processes have
 * in memory of their own.
 */
static int64_t
window_width(int64_t within)
{
	int64_t	 width = (within + MAX_INTERVALS - 1) / MAX_INTERVALS;

	return width < NSEC ? NSEC : width;
}

/* So many that both the first and the last may be covered in part. */
static int64_t
window_size(int64_t within)
{
	return within / window_width(within) + 2;
}

/* The interval in which a time lies; it may be before the clock began. */
static int64_t
interval(int64_t time, int64_t width)
{
	int64_t	 i = time / width;

	return time % width < 0 ? i - 1 : i;
}

/* The memory that the history of such a window takes. */
size_t
history_bytes(int64_t within)
{
	return sizeof(struct history) +
	    window_size(within) * sizeof(uint64_t);
}

/* Begin a window at a counter that was always at this total. */
void
window_begin(struct window *window, uint64_t total)
{
	window->history->oldest = 0;
	window->history->newest = -1;
	window->history->before = total;
}

/*
 * Can this have been noted by the given time?  A tick may come some
 * milliseconds early, and what is noted then may begin the next interval.
 */
static int
window_sane(const struct window *window, int64_t time)
{
	int64_t	 oldest = read_time(&window->history->oldest);
	int64_t	 newest = read_time(&window->history->newest);

	return oldest >= 0 && newest >= oldest - 1 &&
	    newest - oldest < window_size(window->within) &&
	    newest - 1 <= time / window_width(window->within);
}

static uint64_t *
window_slot(const struct window *window, int64_t i)
{
	int64_t	 size = window_size(window->within);

	i %= size;
	return &window->history->total[i < 0 ? i + size : i];
}

/* The total at the beginning of an interval that is not after the newest. */
static uint64_t
window_total(const struct window *window, int64_t i)
{
	if (i < read_time(&window->history->oldest))
		return read_total(&window->history->before);
	return read_total(window_slot(window, i));
}

/* Note the total at the beginning of the interval after the newest. */
static void
window_add(struct window *window, int64_t i, uint64_t total)
{
	struct history	*history = window->history;

	if (history->newest < history->oldest)
		history->oldest = i;
	else if (i - history->oldest >= window_size(window->within)) {
		history->before = window_total(window, history->oldest);
		history->oldest++;
	}
	*window_slot(window, i) = total;
	history->newest = i;
}

/* Forget all intervals: the next one is i, before which the total was this. */
static void
window_skip(struct window *window, int64_t i, uint64_t before)
{
	window->history->before = before;
	window->history->oldest = i;
	window->history->newest = i - 1;
}

/*
 * Note a look: the total was before at the last one (at the time last, or
 * NEVER) and is after now.  For the engine, right after it has stored the
 * count.  A packet counts in the interval in which it was seen, so that a
 * window reaches back no less than its rule says.
 *
 * If the two looks are far apart nobody knows when the packets came.  So that
 * no rule is due wrongly, packets count as come at the end of that time where
 * too few of them make a rule due, else at its beginning.  A look because
 * packets have arrived, for immediate rules, may follow a long silence: there
 * last is the time itself, but not at the first look of an engine.
 */
void
window_note(struct window *window, uint64_t before, uint64_t after,
    int64_t last, int64_t time)
{
	int64_t	 width = window_width(window->within);
	int64_t	 size = window_size(window->within);
	int64_t	 i, first, end = interval(time, width);
	int64_t	 early = INT64_MAX;	/* from here on it was after */

	/* those who read must not see this before they see the new count */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (!window_sane(window, time))
		window_begin(window, before);
	if (!window->below && last >= 0 && time - last > FRESH)
		early = interval(last, width) + 1;
	if (window->history->newest >= window->history->oldest)
		first = window->history->newest + 1;
	else
		first = early < end ? early : end;
	if (first <= end - size) {
		first = end - size + 1;
		window_skip(window, first, first > early ? after : before);
	}
	for (i = first; i <= end; i++)
		window_add(window, i, i >= early ? after : before);
}

/*
 * The total at which a window begins that ends with the look at which the
 * total was this.  It is not after that: if the engine wrote so, there was no
 * packet in the window.
 */
uint64_t
window_expired(const struct window *window, uint64_t total, int64_t looked)
{
	int64_t		 newest = read_time(&window->history->newest);
	int64_t		 i;
	uint64_t	 expired;

	if (looked < 0)
		return total;
	i = interval(looked - window->within, window_width(window->within));
	if (i > newest) {	/* the look is being noted just now */
		if (!window->below)
			return total;
		i = newest;
	}
	expired = window_total(window, i);
	return total - expired > INT64_MAX ? total : expired;
}

/*
 * Begin a window with what an old one of the same counter remembers; its
 * intervals may differ.  There is no engine at that time, but one has written
 * the old window and the count.  Of packets in an old interval nobody knows
 * when they came: they count as come at its end, but at its beginning where
 * the new intervals are narrower and too many packets make a rule due.
 */
void
window_carry(const struct window *from, struct window *to,
    const struct count *count, int64_t time)
{
	int64_t		 old = window_width(from->within);
	int64_t		 new = window_width(to->within);
	int64_t		 oldest, newest, looked, i, first, last, shift;
	uint64_t	 total, then;

	total = count_read(count, &looked);
	window_begin(to, total);
	if (looked > time)
		looked = time;
	if (from->below != to->below || !window_sane(from, looked))
		return;
	oldest = read_time(&from->history->oldest);
	newest = read_time(&from->history->newest);

	if (looked < newest * old)
		looked = newest * old;

	/* from old intervals that begin no later, or no earlier, to new ones */
	shift = to->below || new >= old ? 0 : old - 1;
	first = oldest * old > shift ? (oldest * old - shift) / new : 0;
	last = interval((newest + 1) * old - 1 - shift, new);
	if (last > looked / new)
		last = looked / new;
	if (first <= last - window_size(to->within))
		first = last - window_size(to->within) + 1;
	for (i = first - 1; i <= last; i++) {
		then = window_total(from, interval(i * new + shift, old));
		if (i < first)
			window_skip(to, first, then);
		else
			window_add(to, i, then);
	}
}

/* What another process may be writing is read once. */
static int64_t
read_time(const int64_t *p)
{
	return *(const volatile int64_t *)p;
}

static uint64_t
read_total(const uint64_t *p)
{
	return *(const volatile uint64_t *)p;
}

/* Read the current slot.  A time that cannot be is none. */
static uint32_t
slot_read(const struct count *count, uint64_t *total, int64_t *looked)
{
	uint32_t	 turn = __atomic_load_n(&count->turn, __ATOMIC_ACQUIRE);

	*total = read_total(&count->slot[turn % 2].total);
	*looked = read_time(&count->slot[turn % 2].looked);
	if (*looked < 0)
		*looked = NEVER;
	return turn;
}

/* Was something written since? */
static int
slot_changed(const struct count *count, uint32_t turn)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return turn != __atomic_load_n(&count->turn, __ATOMIC_RELAXED);
}

/*
 * What the counter has counted.  Unless looked is NULL, it is set to the time
 * of the look, or NEVER.
 */
uint64_t
count_read(const struct count *count, int64_t *looked)
{
	uint64_t	 total;
	int64_t		 time;
	uint32_t	 turn;
	int		 tries = 0;

	do {
		turn = slot_read(count, &total, &time);
	} while (slot_changed(count, turn) && ++tries < MAX_TRIES);
	if (looked != NULL)
		*looked = time;
	return total;
}

/*
 * Make the slot that is not current the current one, with this total, the
 * kernel's number behind it, and the time of the look.  What the kernel
 * itself writes there is not touched.
 */
void
count_store(struct count *count, uint64_t total, uint64_t number,
    int64_t looked)
{
	uint32_t	 turn = count->turn + 1;
	struct slot	*slot = &count->slot[turn % 2];

	/* nobody may see this before the store that made it not current */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	slot->total = total;
	slot->number = number;
	slot->looked = looked;
	__atomic_store_n(&count->turn, turn, __ATOMIC_RELEASE);
}
