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
 *	total N			before the rule: its counter stands at N
 *	rule [count N] [exact] [wait T] [within T] [idle T] [immediate]
 *	takes T			from now on a run takes so long; first 0s
 *	hangs			from now on a run goes on until "end"
 *	ok, fails		from now on a run ends so; first ok
 *	late T			from now on ticks come so late; first 0s
 *	packets N		so many arrive now
 *	pass T			time passes, with a tick every second
 *	trickle N every T for T	the same, and packets arrive
 *	sleep T			time passes without a tick
 *	end			the run ends now
 *	expect count N ...	the next that happened was a start of the
 *				command, which took N packets
 *	expect idle N ...	or one of the idle command
 *	expect renew N ...	or a renewal
 *	expect nothing		nothing else has happened until now
 *	expect tally N		packets that no run has taken
 *	expect runs N failures N
 *
 * Behind the first three may stand: times N, that often in a row; run N, the
 * number of the first of them; at T, its time since the rule was loaded;
 * owed N and total N, what the last of them was told.  What happened and was
 * not expected by the end is an error.
 */

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MSEC		(NSEC / 1000)
#define MAX_WORDS	16
#define START		(1000 * NSEC)	/* the clock when a rule is loaded */

/* What happened: one event, or several that took the same in a row. */
struct event_log {
	enum what	 what;
	uint64_t	 packets;
	uint64_t	 run;		/* number of the first */
	int64_t		 at;		/* time of the first */
	uint64_t	 times;
	uint64_t	 owed;		/* of the last */
	uint64_t	 total;		/* of the last */
};

/* A rule and the world around it. */
struct play {
	const char	*file;
	int		 line;
	int		 loaded;
	struct terms	 terms;
	struct state	 state;
	struct history	*history;
	uint64_t	 kernel;	/* packets that came */
	uint64_t	 total;		/* packets that the engine has seen */
	int64_t		 time;
	int64_t		 late;
	int64_t		 takes;		/* or NO_TIME: hangs */
	int		 ok;
	enum what	 what;		/* what runs now */
	int64_t		 ends;		/* the run, or NO_TIME */
	int64_t		 alarm;		/* look again, or NO_TIME */
	struct event_log *events;
	size_t		 nevents;
	size_t		 next;		/* first that was not expected */
	int		 errors;
};

/* The naive twin: every packet that no run has taken, with its second. */
#define MAX_PACKETS	(1 << 20)
struct twin {
	struct terms	 terms;
	int64_t		 second[MAX_PACKETS];
	size_t		 n;
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
	int		 ever_looked;
	int64_t		 looked;	/* the window was moved then */
};

static const char *what_name[] = { "nothing", "count", "idle", "renew" };

static uint64_t		 seed;
static uint64_t		 steps = 100000;

static void		*allocate(void *, size_t);
static void		 complain(struct play *, const char *, ...)
			    __attribute__((__format__(printf, 2, 3)));
static uint64_t		 parse_count(struct play *, const char *);
static int64_t		 parse_period(struct play *, const char *);
static void		 play_load(struct play *, char **);
static void		 play_note(struct play *, enum what, uint64_t);
static void		 play_sample(struct play *);
static void		 play_look(struct play *);
static void		 play_end(struct play *);
static void		 play_until(struct play *, int64_t);
static void		 play_packets(struct play *, uint64_t);
static void		 play_trickle(struct play *, char **);
static void		 play_expect(struct play *, char **);
static void		 play_line(struct play *, char **, int);
static int		 play_file(const char *);
static uint64_t		 pick(uint64_t);
static int		 twin_enough(const struct twin *, int64_t);
static uint64_t		 twin_tally(const struct twin *);
static enum what	 twin_due(const struct twin *, int64_t);
static uint64_t		 twin_take(struct twin *, enum what, int64_t);
static void		 twin_done(struct twin *, enum what, int, int64_t);
static void		 twin_check(int, const char *, uint64_t);
static void		 twin_terms(struct terms *, int);
static void		 twin_rule(int);
static void		 twin_next(struct twin *, struct state *,
			    struct history *, uint64_t, int64_t, int64_t);

static void *
allocate(void *p, size_t size)
{
	if ((p = realloc(p, size)) == NULL)
		err(1, NULL);
	return p;
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

/* The statement `rule'. */
static void
play_load(struct play *play, char **word)
{
	struct terms	*terms = &play->terms;
	int64_t		 size;

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
		else if (strcmp(*word, "wait") == 0)
			terms->wait = parse_period(play, *++word);
		else if (strcmp(*word, "within") == 0)
			terms->within = parse_period(play, *++word);
		else if (strcmp(*word, "idle") == 0)
			terms->idle = parse_period(play, *++word);
		else
			complain(play, "%s?", *word);
	}
	size = history_size(terms->within);
	play->history = allocate(NULL, sizeof(*play->history) +
	    size * sizeof(play->history->total[0]));
	history_init(play->history, size, play->total);
	rule_load(&play->state, play->total);
	play->loaded = 1;
}

/* Write down what happened; the same again becomes one entry. */
static void
play_note(struct play *play, enum what what, uint64_t packets)
{
	struct event_log	*event = NULL;

	if (play->nevents > play->next)
		event = &play->events[play->nevents - 1];
	if (event == NULL || event->what != what ||
	    event->packets != packets) {
		play->events = allocate(play->events,
		    (play->nevents + 1) * sizeof(*event));
		event = &play->events[play->nevents++];
		event->what = what;
		event->packets = packets;
		event->run = play->state.runs;
		event->at = play->time - START;
		event->times = 0;
	}
	event->times++;
	event->owed = !play->terms.exact ? 0 : rule_tally(&play->terms,
	    &play->state, play->total) / play->terms.count;
	event->total = play->total - play->state.base;
}

/* What the engine does at a tick, or when packets ring its bell. */
static void
play_sample(struct play *play)
{
	history_note(play->history, play->total, play->time);
	play->total = play->kernel;
	if (play->terms.within != 0)
		rule_window(&play->terms, &play->state, play->history,
		    play->time);
}

/* What the parent does when it looks at the rule. */
static void
play_look(struct play *play)
{
	enum what	 what;
	uint64_t	 packets;

	for (;;) {
		what = rule_due(&play->terms, &play->state, play->total,
		    play->time, &play->alarm);
		if (what == NOTHING)
			return;
		packets = rule_take(&play->terms, &play->state, what,
		    play->total, play->time);
		play_note(play, what, packets);
		if (what == RENEW)
			continue;
		play->what = what;
		play->ends = NO_TIME;
		if (play->takes > 0) {
			if (play->takes != NO_TIME)
				play->ends = play->time + play->takes;
			return;
		}
		rule_done(&play->terms, &play->state, what, play->ok,
		    play->time);
		/* Others are looked at again at the next tick. */
		if (!play->terms.exact && !play->terms.immediate)
			return;
	}
}

/* The run ends now. */
static void
play_end(struct play *play)
{
	if (!play->state.running) {
		complain(play, "nothing runs");
		return;
	}
	play->ends = NO_TIME;
	rule_done(&play->terms, &play->state, play->what, play->ok,
	    play->time);
	if (play->terms.exact || play->terms.immediate)
		play_look(play);
}

/* Let time pass, with all that is to happen until then. */
static void
play_until(struct play *play, int64_t until)
{
	int64_t	 tick, next;

	for (;;) {
		tick = (play->time - play->late) / NSEC * NSEC + NSEC +
		    play->late;
		next = tick;
		if (play->ends < next)
			next = play->ends;
		if (play->terms.immediate && play->alarm < next)
			next = play->alarm;
		if (next > until)
			break;
		if (next > play->time)	/* else it was asleep then */
			play->time = next;
		if (next == play->ends)
			play_end(play);
		else {
			play_sample(play);
			play_look(play);
		}
	}
	play->time = until;
}

static void
play_packets(struct play *play, uint64_t packets)
{
	play->kernel += packets;
	if (play->terms.immediate) {
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

/* The statement `expect': compare with the oldest event not yet expected. */
static void
play_expect(struct play *play, char **word)
{
	struct event_log	*event = &play->events[play->next];
	enum what		 what;
	uint64_t		 times = 1, n;

	if (strcmp(*word, "tally") == 0) {
		n = rule_tally(&play->terms, &play->state, play->total);
		if (n != parse_count(play, word[1]))
			complain(play, "tally %" PRIu64, n);
		return;
	}
	if (strcmp(*word, "runs") == 0 && word[2] != NULL) {
		if (play->state.runs != parse_count(play, word[1]) ||
		    play->state.failures != parse_count(play, word[3]))
			complain(play, "runs %" PRIu64 " failures %" PRIu64,
			    play->state.runs, play->state.failures);
		return;
	}
	for (what = NOTHING; strcmp(*word, what_name[what]) != 0; what++)
		if (what == RENEW) {
			complain(play, "%s?", *word);
			return;
		}
	if (play->next == play->nevents) {
		if (what != NOTHING)
			complain(play, "nothing happened");
		return;
	}
	if (event->what != what) {
		complain(play, "%s %" PRIu64 " at %.3f s happened",
		    what_name[event->what], event->packets,
		    (double)event->at / NSEC);
		return;
	}
	if (event->packets != parse_count(play, *++word))
		complain(play, "packets %" PRIu64, event->packets);
	for (word++; *word != NULL && word[1] != NULL; word += 2) {
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
	play->next++;
}

static void
play_line(struct play *play, char **word, int nwords)
{
	if (strcmp(*word, "total") == 0 && !play->loaded)
		play->kernel = play->total = parse_count(play, word[1]);
	else if (strcmp(*word, "rule") == 0 && !play->loaded)
		play_load(play, word + 1);
	else if (!play->loaded)
		complain(play, "no rule yet");
	else if (strcmp(*word, "takes") == 0)
		play->takes = parse_period(play, word[1]);
	else if (strcmp(*word, "hangs") == 0)
		play->takes = NO_TIME;
	else if (strcmp(*word, "ok") == 0)
		play->ok = 1;
	else if (strcmp(*word, "fails") == 0)
		play->ok = 0;
	else if (strcmp(*word, "late") == 0)
		play->late = parse_period(play, word[1]);
	else if (strcmp(*word, "packets") == 0)
		play_packets(play, parse_count(play, word[1]));
	else if (strcmp(*word, "pass") == 0)
		play_until(play, play->time + parse_period(play, word[1]));
	else if (strcmp(*word, "trickle") == 0 && nwords == 6)
		play_trickle(play, word);
	else if (strcmp(*word, "sleep") == 0)
		play->time += parse_period(play, word[1]);
	else if (strcmp(*word, "end") == 0)
		play_end(play);
	else if (strcmp(*word, "expect") == 0 && nwords > 1)
		play_expect(play, word + 1);
	else
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
	play.ends = play.alarm = NO_TIME;
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
		    what_name[play.events[play.next].what],
		    play.events[play.next].packets,
		    (double)play.events[play.next].at / NSEC);
	free(play.events);
	free(play.history);
	return play.errors;
}

/* A random number below n. */
static uint64_t
pick(uint64_t n)
{
	static uint64_t	 x;

	if (x == 0)
		x = seed * 2 + 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x * 0x2545f4914f6cdd1dULL >> 11) % n;
}

static uint64_t
twin_tally(const struct twin *twin)
{
	uint64_t	 tally = 0;
	size_t		 i;

	if (twin->terms.within == 0)
		return twin->n;
	if (!twin->ever_looked)
		return twin->n;
	for (i = 0; i < twin->n; i++)
		if (twin->second[i] >=
		    (twin->looked - twin->terms.within) / NSEC)
			tally++;
	return tally;
}

static int
twin_enough(const struct twin *twin, int64_t time)
{
	if (twin->terms.within != 0 && (!twin->ever_looked ||
	    time - twin->looked >= 1500 * MSEC))
		return 0;
	return twin_tally(twin) >= twin->terms.count;
}

static enum what
twin_due(const struct twin *twin, int64_t time)
{
	int64_t	 slack = twin->terms.immediate ? 0 : 50 * MSEC;

	if (twin->running)
		return NOTHING;
	if (twin_enough(twin, time)) {
		if (twin->on)
			return RENEW;
		if (twin->terms.exact)
			return COUNT;
		if (!twin->ever_started)
			return COUNT;
		if (time >= twin->started + twin->terms.wait - slack)
			return COUNT;
	}
	if (twin->armed &&
	    time >= twin->quiet + twin->terms.idle - slack)
		return IDLE;
	return NOTHING;
}

static uint64_t
twin_take(struct twin *twin, enum what what, int64_t time)
{
	uint64_t	 packets = twin_tally(twin);
	size_t		 i;

	switch (what) {
	case COUNT:
		if (twin->terms.exact) {
			packets = twin->terms.count;
			for (i = packets; i < twin->n; i++)
				twin->second[i - packets] = twin->second[i];
			twin->n -= packets;
		} else
			twin->n = 0;
		twin->since = 0;
		twin->ever_started = 1;
		twin->started = time;
		break;
	case IDLE:
		packets = twin->since;
		twin->on = twin->armed = 0;
		twin->ever_started = 0;
		break;
	case RENEW:
		twin->n = 0;
		twin->quiet = time;
		return packets;
	case NOTHING:
		return 0;
	}
	twin->runs++;
	twin->running = 1;
	return packets;
}

static void
twin_done(struct twin *twin, enum what what, int ok, int64_t time)
{
	twin->running = 0;
	if (!ok)
		twin->failures++;
	if (what == COUNT && twin->terms.idle != 0) {
		twin->on = ok;
		twin->armed = 1;
		twin->quiet = time;
	}
}

static void
twin_check(int ok, const char *what, uint64_t step)
{
	if (ok)
		return;
	printf("seed %" PRIu64 " step %" PRIu64 ": %s differs\n", seed, step,
	    what);
	exit(1);
}

/* Terms of one kind of rule. */
static void
twin_terms(struct terms *terms, int kind)
{
	static const uint64_t	 counts[] = { 1, 1, 2, 3, 10, 100 };

	memset(terms, 0, sizeof(*terms));
	terms->count = counts[pick(6)];
	terms->wait = (1 + pick(pick(2) ? 3 : 20)) * NSEC;
	switch (kind) {
	case 0:
		break;
	case 1:
		terms->exact = 1;
		break;
	case 2:
		terms->within = (1 + pick(pick(2) ? 4 : 15)) * NSEC;
		break;
	case 3:
		terms->idle = (1 + pick(10)) * NSEC;
		break;
	case 4:
		terms->within = (1 + pick(5)) * NSEC;
		terms->idle = (1 + pick(10)) * NSEC;
		break;
	}
	terms->immediate = pick(2);
}

/*
 * Nothing is due now.  If the rule said when it will be, it is due then and
 * no earlier; if it did not, it is never due without a packet.
 */
static void
twin_next(struct twin *twin, struct state *state, struct history *history,
    uint64_t total, int64_t time, int64_t next)
{
	struct state	 then = *state;
	struct history	*copy;
	int64_t		 dummy, looked = twin->looked;
	int64_t		 slack = twin->terms.immediate ? 1 : 51 * MSEC;
	size_t		 size;
	int		 ever_looked = twin->ever_looked;

	if (state->running) {
		twin_check(next == NO_TIME, "next of a running rule", 0);
		return;
	}
	if (next == NO_TIME) {
		time += pick(100) * NSEC;
		twin_check(rule_due(&twin->terms, state, total, time,
		    &dummy) == NOTHING, "next, never", 0);
		return;
	}
	twin_check(next > time, "next, past", 0);
	if (next - time > slack)
		twin_check(rule_due(&twin->terms, state, total, next - slack,
		    &dummy) == NOTHING, "next, early", 0);
	if (twin->terms.within != 0) {
		size = sizeof(*history) + history->size *
		    sizeof(history->total[0]);
		copy = memcpy(allocate(NULL, size), history, size);
		history_note(copy, total, next);
		rule_window(&twin->terms, &then, copy, next);
		free(copy);
		twin->looked = next;
		twin->ever_looked = 1;
	}
	twin_check(rule_due(&twin->terms, &then, total, next, &dummy) ==
	    twin_due(twin, next), "next, then", 0);
	if (twin->terms.within == 0)
		twin_check(twin_due(twin, next) != NOTHING, "next, due", 0);
	twin->looked = looked;
	twin->ever_looked = ever_looked;
}

/* One rule of the given kind for some hundreds of steps. */
static void
twin_rule(int kind)
{
	static struct twin	 twin;
	struct state		 state;
	struct history		*history;
	uint64_t		 total, kernel, base, step, packets;
	int64_t			 time, tick, next;
	size_t			 size;
	enum what		 what, run = NOTHING;
	int			 sampled, look, ok;

	twin.n = 0;
	twin.seen = twin.since = twin.runs = twin.failures = 0;
	twin.running = twin.ever_started = twin.on = twin.armed = 0;
	twin.ever_looked = 0;
	twin_terms(&twin.terms, kind);

	switch (pick(4)) {
	case 0:
		base = 0;
		break;
	case 1:
		base = UINT32_MAX - pick(300);
		break;
	case 2:
		base = UINT64_MAX - pick(300);
		break;
	default:
		base = pick(UINT64_MAX);
	}
	total = kernel = base;
	time = pick(1000000) * NSEC + pick(NSEC);
	/* The history may be longer: it is shared with other rules. */
	size = history_size(twin.terms.within) + pick(2) * pick(20);
	history = allocate(NULL, sizeof(*history) +
	    size * sizeof(history->total[0]));
	history_init(history, size, base);
	rule_load(&state, base);

	for (step = 0; step < 250; step++) {
		sampled = 0;
		look = 0;
		switch (pick(20)) {
		case 0:			/* a pause of the whole machine */
			tick = (1 + pick(20)) * NSEC;
			time += tick;
			break;
		case 1: case 2: case 3:	/* some time within the second */
			time += pick(NSEC - time % NSEC);
			break;
		case 4: case 5: case 6: case 7:
			kernel += pick(4) != 0 ? pick(4) :
			    pick(3 * twin.terms.count + 2);
			sampled = look = twin.terms.immediate;
			break;
		case 8:			/* somebody asks */
			look = 1;
			break;
		case 9: case 10:
			if (!twin.running)
				break;
			ok = pick(3) != 0;
			rule_done(&twin.terms, &state, run, ok, time);
			twin_done(&twin, run, ok, time);
			look = 1;
			break;
		default:		/* the next tick, more or less */
			tick = (time / NSEC + 1) * NSEC;
			time = tick + pick(2) * pick(20 * MSEC);
			sampled = look = 1;
			break;
		}
		if (sampled) {
			history_note(history, total, time);
			for (; total != kernel; total++) {
				if (twin.n == MAX_PACKETS)
					errx(1, "too many packets");
				twin.second[twin.n++] = time / NSEC;
				twin.seen++;
				twin.since++;
			}
			if (twin.terms.within != 0) {
				rule_window(&twin.terms, &state, history,
				    time);
				twin.looked = time;
				twin.ever_looked = 1;
			}
		}
		twin_check(rule_tally(&twin.terms, &state, total) ==
		    twin_tally(&twin), "tally", step);
		while (look) {
			look = 0;
			what = rule_due(&twin.terms, &state, total, time,
			    &next);
			twin_check(what == twin_due(&twin, time), "due",
			    step);
			if (what == NOTHING) {
				twin_next(&twin, &state, history, total, time,
				    next);
				break;
			}
			packets = rule_take(&twin.terms, &state, what, total,
			    time);
			twin_check(packets == twin_take(&twin, what, time),
			    "packets", step);
			if (what == RENEW)
				look = 1;
			else if (pick(2) == 0) {
				ok = pick(3) != 0;
				rule_done(&twin.terms, &state, what, ok,
				    time);
				twin_done(&twin, what, ok, time);
				look = 1;
			} else
				run = what;
		}
		twin_check(rule_tally(&twin.terms, &state, total) ==
		    twin_tally(&twin), "tally after", step);
		twin_check(total - state.base == twin.seen, "total", step);
		twin_check(state.runs == twin.runs, "runs", step);
		twin_check(state.failures == twin.failures, "failures",
		    step);
		twin_check(state.running == twin.running, "running", step);
	}
	free(history);
}

int
main(int argc, char *argv[])
{
	uint64_t	 done;
	int		 ch, kind, failed = 0;

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
	printf("seed %" PRIu64 "\n", seed);
	for (kind = 0; kind < 5; kind++)
		for (done = 0; done < steps; done += 250)
			twin_rule(kind);
	return 0;
}
