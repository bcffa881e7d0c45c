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
 * Fuzz the arithmetic of rules.  The twin is that of t_rule.c, which draws
 * lots; here what it picks is in the bytes of the input, which a fuzzer can
 * learn to choose.  The first of them says what is played:
 *
 *	0	a rule and its naive twin
 *	1	a rule with numbers as large as they may be; there is no twin
 *		then, which keeps each packet: only what must always hold is
 *		checked, and that nothing overflows
 *	2	a rule whose engine writes anything at all
 *
 * and the second is the kind of the rule.
 */

#include <stdlib.h>

#define main		t_rule_main
#define exit(status)	abort()
#include "t_rule.c"
#undef main

#include "fuzz.h"

#define CENTURY		(100 * 366 * 86400LL * NSEC)
#define MAX_STEPS	1000
#define FEW_PACKETS	10000	/* the twin looks at each at each step */

/* What is left of the input. */
static const uint8_t	*input;
static const uint8_t	*input_end;

/* The next n bytes as a number; after the end all are 0. */
static uint64_t
number(int n)
{
	uint64_t	 value = 0;

	while (n-- > 0)
		value = value << 8 | (input < input_end ? *input++ : 0);
	return value;
}

static uint64_t
pick_number(uint64_t n)
{
	if (n <= UINT8_MAX + 1)
		return number(1) % n;
	if (n <= UINT16_MAX + 1)
		return number(2) % n;
	return number(n <= UINT32_MAX ? 4 : 8) % n;
}

static void
play_twin(struct pair *pair)
{
	random_begin(pair, pick(KINDS));
	while (input < input_end && pair->step < MAX_STEPS &&
	    pair->time < CENTURY && pair->twin.came < FEW_PACKETS) {
		random_step(pair);
		pair_check(pair);
		pair->step++;
	}
	pair_end(pair);
}

static void
play_hostile(struct pair *pair)
{
	random_begin(pair, pick(KINDS));
	while (input < input_end && pair->step < MAX_STEPS &&
	    pair->time < CENTURY) {
		hostile_step(pair);
		pair->step++;
	}
	pair_end(pair);
}

static void
large_terms(struct terms *terms, int kind)
{
	memset(terms, 0, sizeof(*terms));
	terms->count = number(8) % MAX_COUNT + 1;
	terms->renew = terms->count;
	terms->wait = (number(4) % MAX_TIME + 1) * NSEC;
	terms->exact = kind % 4 == 1;
	if (kind % 4 > 1)
		terms->within = (number(4) % MAX_TIME + 1) * NSEC;
	terms->below = kind % 4 == 3;
	terms->immediate = kind / 4 % 2 && !terms->below;
	if (kind / 8 % 2 && !terms->exact) {
		terms->idle = (number(4) % MAX_TIME + 1) * NSEC;
		if (!terms->below)
			terms->renew = number(8) % terms->count + 1;
	}
}

/* The parent's turn; what it starts ends at once if it is to. */
static void
large_look(struct pair *pair, int op)
{
	const struct terms	*terms = &pair->world.rule.terms;
	struct state		*state = &pair->world.state;
	struct sight		 sight;
	uint64_t		 tally, took, runs = state->runs;
	int64_t			 next;
	enum due		 due;

	count_look(&pair->world.rule, pair->time, &sight);
	tally = rule_tally(terms, state, &sight);
	check(pair, terms->within == 0 ? tally == sight.total - state->mark :
	    tally <= sight.total - state->mark, "tally");
	due = rule_due(terms, state, &sight, pair->time, &next);
	check(pair, !state->running || due == DUE_NOTHING, "running");
	check(pair, due != DUE_COUNT || tally >= terms->count, "count");
	check(pair, due != DUE_BELOW || tally < terms->count, "below");
	check(pair, due != DUE_IDLE || terms->idle != 0, "idle");
	check(pair, due != DUE_RENEW || state->on == RULE_ON, "renew");
	check(pair, due != DUE_NOTHING || next > pair->time, "next");
	took = rule_packets(terms, state, &sight, due);
	check(pair, due != DUE_COUNT || took ==
	    (terms->exact ? terms->count : tally), "took");
	rule_take(terms, state, &sight, due, pair->time);
	check(pair, (due != DUE_COUNT && due != DUE_RENEW) || terms->below ||
	    rule_tally(terms, state, &sight) == tally - took, "tally after");
	check(pair, state->runs == runs +
	    (due != DUE_NOTHING && due != DUE_RENEW), "runs");
	if (due != DUE_NOTHING && due != DUE_RENEW)
		pair->run = due;
	if (state->running && op & 1)
		rule_done(terms, state, pair->run, op & 2, pair->time);
}

/* Times up to a century, totals that wrap. */
static void
play_large(struct pair *pair)
{
	struct world	*world = &pair->world;
	struct terms	 terms;
	uint64_t	 total, op;
	int		 kind = pick(KINDS);

	large_terms(&terms, kind);
	total = number(8);
	pair_begin(pair, &terms, total, number(8) % CENTURY);
	for (; input < input_end && pair->step < MAX_STEPS; pair->step++) {
		op = number(1);
		if (pair->time < CENTURY)
			pair->time += number(op / 4 % 8);
		if (op % 16 == 0) {
			large_terms(&terms, kind);
			world_reload(world, &terms, pair->time);
		} else if (op % 16 == 1)
			rule_blind(&world->state, pair->time);
		if (op % 2 == 0) {
			world->kernel += number(op / 16 % 9);
			world_sample(world, pair->time);
		}
		large_look(pair, op / 64);
	}
	pair_end(pair);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pick = pick_number;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pair	 pair;

	input = data;
	input_end = data + size;
	switch (number(1) % 3) {
	case 0:
		play_twin(&pair);
		break;
	case 1:
		play_large(&pair);
		break;
	case 2:
		play_hostile(&pair);
		break;
	}
	return 0;
}
