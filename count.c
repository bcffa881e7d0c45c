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
 * The engine's half of the shared memory: what counters have counted, and
 * when.  The engine writes it while the parent reads it.
 *
 * Whatever the engine has written there, everything here is defined and comes
 * to an end: it is read once, and no index, size or time is taken from it
 * without a check.
 */

#include "bpfstatsd.h"

#define MAX_INTERVALS	600	/* that a window is divided into */
#define MAX_TRIES	100	/* to read a count while it is written */

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
static uint64_t	 window_expired(const struct window *, uint64_t, int64_t);

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
 * kernel's number, and the time of the look.  kernel[] is not touched.
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

/*
 * Fill in what the last look at the rule's counter says, at the given time.
 * A look in the future counts as one now.
 */
void
count_look(const struct rule *rule, int64_t time, struct sight *sight)
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
		sight->faded = sight->expired;
		if (rule->keeps != NULL)
			sight->faded = window_expired(rule->keeps,
			    sight->total, sight->looked);
		if (!slot_changed(count, turn))
			break;
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
 * no rule is due wrongly, packets count as if they came at the end of that
 * time, late, where too few of them make a rule due or let it go off, else at
 * its beginning.  A look because packets have arrived, for immediate rules, may
 * follow a long silence: there last is the time itself, but not at the first
 * look of an engine.
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
	if (!window->late && last >= 0 && time - last > FRESH)
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
static uint64_t
window_expired(const struct window *window, uint64_t total, int64_t looked)
{
	int64_t		 newest = read_time(&window->history->newest);
	int64_t		 i;
	uint64_t	 expired;

	if (looked < 0)
		return total;
	i = interval(looked - window->within, window_width(window->within));
	if (i > newest) {	/* the look is being noted just now */
		if (!window->late)
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
 * when they came: they count as if at its end, but at its beginning where the
 * new intervals are narrower and too many packets make a rule due.
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
	if (from->late != to->late || !window_sane(from, looked))
		return;
	oldest = read_time(&from->history->oldest);
	newest = read_time(&from->history->newest);

	if (looked < newest * old)
		looked = newest * old;

	/* from old intervals that begin no later, or no earlier, to new ones */
	shift = to->late || new >= old ? 0 : old - 1;
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
