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
 * Fuzz the arithmetic of rules: the bytes of an input are the terms of a rule
 * and what happens to it.  The naive twin is that of t_rule.c, which draws
 * lots; here each step is a byte that a fuzzer can learn to choose.
 *
 * An input whose first byte is odd uses numbers as large as they may be.
 * Then there is no twin, which keeps each packet: only what must always hold
 * is checked, and that nothing overflows.
 */

#include <stdlib.h>

#define main		t_rule_main
#define exit(status)	abort()
#include "t_rule.c"
#undef main

#include "fuzz.h"

#define CENTURY	(100 * 366 * 86400LL * NSEC)

#define check(condition)	twin_check(condition, #condition, step)

struct input {
	const uint8_t	*p;
	const uint8_t	*end;
};

/* The next n bytes as a number; behind the end all are 0. */
static uint64_t
number(struct input *in, int n)
{
	uint64_t	 value = 0;

	while (n-- > 0)
		value = value << 8 | (in->p < in->end ? *in->p++ : 0);
	return value;
}

static struct history *
history_new(const struct terms *terms, int64_t more, uint64_t total)
{
	struct history	*history;
	int64_t		 size = history_size(terms->within) + more;

	history = allocate(NULL, sizeof(*history) +
	    size * sizeof(history->total[0]));
	history_init(history, size, total);
	return history;
}

static void
small_terms(struct terms *terms, struct input *in)
{
	uint64_t	 kind = number(in, 1);

	memset(terms, 0, sizeof(*terms));
	terms->count = 1 + number(in, 1) % 16;
	terms->wait = (1 + number(in, 1) % 20) * NSEC;
	terms->immediate = kind >> 7;
	switch (kind % 5) {
	case 1:
		terms->exact = 1;
		break;
	case 2:
		terms->within = (1 + number(in, 1) % 20) * NSEC;
		break;
	case 3:
		terms->idle = (1 + number(in, 1) % 20) * NSEC;
		break;
	case 4:
		terms->within = (1 + number(in, 1) % 20) * NSEC;
		terms->idle = (1 + number(in, 1) % 20) * NSEC;
		break;
	}
}

/* The engine's turn: the packets up to kernel are seen now. */
static void
see(struct twin *twin, struct state *state, struct history *history,
    uint64_t *total, uint64_t kernel, int64_t time)
{
	history_note(history, *total, time);
	for (; *total != kernel; ++*total) {
		twin->second[twin->n++] = time / NSEC;
		twin->seen++;
		twin->since++;
	}
	if (twin->terms.within != 0) {
		rule_window(&twin->terms, state, history, time);
		twin->looked = time;
		twin->ever_looked = 1;
	}
}

/* The parent's turn: returns what runs now. */
static enum what
look(struct twin *twin, struct state *state, struct history *history,
    uint64_t total, int64_t time, uint64_t step)
{
	enum what	 what;
	uint64_t	 packets;
	int64_t		 next;

	for (;;) {
		what = rule_due(&twin->terms, state, total, time, &next);
		check(what == twin_due(twin, time));
		if (what == NOTHING) {
			twin_next(twin, state, history, total, time, next);
			return NOTHING;
		}
		packets = rule_take(&twin->terms, state, what, total, time);
		check(packets == twin_take(twin, what, time));
		if (what != RENEW)
			return what;
	}
}

static void
play_small(struct input *in)
{
	static struct twin	 twin;
	struct state		 state;
	struct history		*history;
	uint64_t		 total, kernel, op, step;
	int64_t			 time;
	enum what		 what = NOTHING, started;
	int			 ok;

	/* the twin's list of packets stays as it is: none counts */
	twin.n = 0;
	twin.seen = twin.since = twin.runs = twin.failures = 0;
	twin.running = twin.ever_started = twin.on = twin.armed = 0;
	twin.ever_looked = 0;
	small_terms(&twin.terms, in);
	total = kernel = number(in, 1) % 2 ? UINT64_MAX - 50 : 0;
	time = 1000 * NSEC + number(in, 1) * (NSEC / 256);
	history = history_new(&twin.terms, number(in, 1) % 8, total);
	rule_load(&state, total);

	for (step = 0; in->p < in->end && step < 4096; step++) {
		op = number(in, 1);
		started = NOTHING;
		switch (op % 8) {
		case 0:			/* packets */
		case 1:
			kernel += op / 8;
			if (twin.terms.immediate)
				see(&twin, &state, history, &total, kernel,
				    time);
			break;
		case 2:			/* a part of a second */
			time += op / 8 * (NSEC / 64);
			break;
		case 3:			/* sleep */
			time += op / 8 * NSEC;
			break;
		case 4:			/* the run ends */
			if (!twin.running)
				break;
			ok = op / 8 % 4 != 0;
			rule_done(&twin.terms, &state, what, ok, time);
			twin_done(&twin, what, ok, time);
			break;
		case 5:			/* somebody looks */
			started = look(&twin, &state, history, total, time,
			    step);
			break;
		default:		/* a tick, so late */
			time = (time / NSEC + 1) * NSEC +
			    op / 8 * (NSEC / 1000);
			see(&twin, &state, history, &total, kernel, time);
			started = look(&twin, &state, history, total, time,
			    step);
		}
		if (started != NOTHING)
			what = started;
		check(rule_tally(&twin.terms, &state, total) ==
		    twin_tally(&twin));
		check(total - state.base == twin.seen);
		check(state.runs == twin.runs);
		check(state.failures == twin.failures);
		check(state.running == twin.running);
	}
	free(history);
}

static void
large_terms(struct terms *terms, struct input *in)
{
	uint64_t	 kind = number(in, 1);

	memset(terms, 0, sizeof(*terms));
	terms->count = number(in, 8) % MAX_COUNT + 1;
	terms->wait = (number(in, 4) % MAX_TIME + 1) * NSEC;
	terms->immediate = kind >> 7;
	terms->exact = kind % 5 == 1;
	if (kind % 5 == 2 || kind % 5 == 4)
		terms->within = (number(in, 2) % MAX_WITHIN + 1) * NSEC;
	if (kind % 5 == 3 || kind % 5 == 4)
		terms->idle = (number(in, 4) % MAX_TIME + 1) * NSEC;
}

/* Times up to a century, totals that wrap. */
static void
play_large(struct input *in)
{
	struct terms	 terms;
	struct state	 state;
	struct history	*history;
	uint64_t	 total, op, step, tally, took, runs;
	int64_t		 time, next;
	enum what	 what = NOTHING, due;

	large_terms(&terms, in);
	total = number(in, 8);
	time = number(in, 8) % CENTURY;
	history = history_new(&terms, number(in, 1), total);
	rule_load(&state, total);

	for (step = 0; in->p < in->end && step < 1024; step++) {
		op = number(in, 1);
		if (time < CENTURY)
			time += number(in, op / 2 % 8);
		if (op % 2 == 0) {
			history_note(history, total, time);
			total += number(in, op / 16 % 9);
			if (terms.within != 0)
				rule_window(&terms, &state, history, time);
		}
		tally = rule_tally(&terms, &state, total);
		check(terms.within == 0 ? tally == total - state.mark :
		    tally <= total - state.mark);
		due = rule_due(&terms, &state, total, time, &next);
		check(!state.running || due == NOTHING);
		check(due != COUNT || tally >= terms.count);
		check(due != IDLE || terms.idle != 0);
		check(due != RENEW || state.power == POWER_ON);
		if (due != NOTHING) {
			runs = state.runs;
			took = rule_take(&terms, &state, due, total, time);
			check(due != COUNT || took ==
			    (terms.exact ? terms.count : tally));
			check(due == IDLE || rule_tally(&terms, &state,
			    total) == tally - took);
			check(state.runs == runs + (due != RENEW));
			if (due != RENEW)
				what = due;
		} else {
			check(next > time);
			if (state.running && op / 128)
				rule_done(&terms, &state, what,
				    op / 64 % 2, time);
		}
	}
	free(history);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	seed = 1;		/* of twin_next() */
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input	 in = { data, data + size };

	if (size == 0)
		return 0;
	if (number(&in, 1) % 2 == 0)
		play_small(&in);
	else
		play_large(&in);
	return 0;
}
