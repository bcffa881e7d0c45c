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
 * How rules stand: for the log, and as lines of the control socket.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "counter.h"

#define NUMBER_SIZE	24	/* bytes of a number, with its NUL */
#define FILTER_SIZE	512

static void	 copy_filter(char *, size_t, const char *);
static void	 copy_condition(char *, size_t, const struct terms *);
static void	 copy_time(char *, size_t, int64_t);
static void	 copy_run(char *, size_t, const struct last *);
static void	 copy_last(char *, size_t, int);
static const char *number(char *, int64_t);
static int64_t	 until_next(const struct rule *, int64_t);
static int64_t	 until_off(const struct rule *, int64_t);
static const char *on_or_off(const struct rule *);

/* For the log, which somebody has asked by a signal. */
void
show_log(const struct conf *conf)
{
	const struct rule	*rule;
	const struct kind	*kind;
	const struct state	*state;
	struct last		 last;
	struct sight		 sight;
	char			 run[96];

	TAILQ_FOREACH(rule, &conf->rules, next) {
		state = rule->state;
		kind = rule->counter->tap.kind;
		count_look(rule, now(), &sight);
		run_last(rule, &last);
		copy_run(run, sizeof(run), &last);
		log_notice("rule \"%s\": %s %s, total %" PRIu64 ", tally %"
		    PRIu64 ", runs %" PRIu64 ", failures %" PRIu64 ", %s%s%s"
		    "%s%s", rule->name, rule->ifname,
		    kind != NULL ? "attached" : "waiting",
		    sight.total - state->base,
		    rule_tally(&rule->terms, state, &sight), state->runs,
		    state->failures, run,
		    kind != NULL ? ", " : "", kind != NULL ? kind->name : "",
		    rule->terms.idle != 0 ? ", " : "",
		    rule->terms.idle != 0 ? on_or_off(rule) : "");
	}
}

/* Add the rule's line to the client's answer: see control.h. */
void
show_rule(struct client *client, const struct rule *rule)
{
	const struct kind	*kind = rule->counter->tap.kind;
	const struct state	*state = rule->state;
	struct last		 last;
	struct sight		 sight;
	char			 filter[FILTER_SIZE], condition[64], how[24];
	char			 pid[NUMBER_SIZE], ago[NUMBER_SIZE];
	char			 start[NUMBER_SIZE], next[NUMBER_SIZE];
	char			 off[NUMBER_SIZE];
	int64_t			 time = now();

	count_look(rule, time, &sight);
	run_last(rule, &last);
	copy_filter(filter, sizeof(filter), rule->filter);
	copy_condition(condition, sizeof(condition), &rule->terms);
	copy_last(how, sizeof(how), last.pid == 0 && last.time != NEVER ?
	    last.status : -1);
	control_say(client, "%s\t%s\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64
	    "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\t%s\t%s",
	    rule->name, rule->ifname, kind != NULL ? kind->name : "-",
	    direction_words[rule->direction], filter, condition,
	    rule_tally(&rule->terms, state, &sight),
	    sight.total - state->base, state->runs, state->failures,
	    on_or_off(rule), number(pid, last.pid == 0 ? -1 : last.pid), how,
	    number(ago, last.time == NEVER ? -1 : (time - last.time) / NSEC),
	    number(start, state->last_start == 0 ? -1 : state->last_start),
	    number(next, until_next(rule, time)),
	    number(off, until_off(rule, time)));
}

/* A filter on one line, perhaps not all of it. */
static void
copy_filter(char *buf, size_t size, const char *filter)
{
	char	*p;

	if (filter == NULL) {
		strlcpy(buf, "-", size);
		return;
	}
	log_printable(buf, size, filter, strlen(filter));
	for (p = buf; (p = strchr(p, '\t')) != NULL; )
		*p = ' ';
}

static void
copy_condition(char *buf, size_t size, const struct terms *terms)
{
	char	 within[NUMBER_SIZE];

	copy_time(within, sizeof(within), terms->within / NSEC);
	snprintf(buf, size, "%s %" PRIu64 "%s%s%s",
	    terms->below ? "below" : "count", terms->count,
	    terms->exact ? " exact" : "",
	    terms->within != 0 ? " within " : "",
	    terms->within != 0 ? within : "");
}

/* A number of seconds in the largest unit that needs no fraction. */
static void
copy_time(char *buf, size_t size, int64_t seconds)
{
	static const struct {
		int	 seconds;
		char	 letter;
	}		 units[] = {
		{ 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' }
	};
	size_t		 i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	snprintf(buf, size, "%" PRId64 "%c", seconds / units[i].seconds,
	    units[i].letter);
}

/* What runs, or how the last run ended, and for how long that is so. */
static void
copy_run(char *buf, size_t size, const struct last *last)
{
	char	 how[24];
	double	 seconds;

	if (last->time == NEVER) {
		strlcpy(buf, "never ran", size);
		return;
	}
	seconds = (double)(now() - last->time) / NSEC;
	copy_last(how, sizeof(how), last->status);
	if (last->pid != 0)
		snprintf(buf, size, "running pid %ld for %.0f s",
		    (long)last->pid, seconds);
	else
		snprintf(buf, size, "last %s %.0f s ago", how, seconds);
}

/* A status as of wait(2), or -1. */
static void
copy_last(char *buf, size_t size, int status)
{
	if (status == -1)
		strlcpy(buf, "-", size);
	else if (WIFSIGNALED(status))
		snprintf(buf, size, "signal %d", WTERMSIG(status));
	else
		snprintf(buf, size, "exit %d", WEXITSTATUS(status));
}

/* As text, in the buffer of NUMBER_SIZE; a negative one is none. */
static const char *
number(char *buf, int64_t n)
{
	if (n < 0)
		return "-";
	snprintf(buf, NUMBER_SIZE, "%" PRId64, n);
	return buf;
}

/* Seconds until the rule's command may run, or -1: not before something. */
static int64_t
until_next(const struct rule *rule, int64_t time)
{
	const struct state	*state = rule->state;
	int64_t			 left;

	if (state->running || state->on == RULE_ON)
		return -1;
	if (rule->terms.exact || state->started == NEVER)
		return 0;
	left = state->started + rule->terms.wait - time;
	return left > 0 ? (left + NSEC - 1) / NSEC : 0;
}

/* Seconds until it goes off if no packet comes, or -1. */
static int64_t
until_off(const struct rule *rule, int64_t time)
{
	const struct state	*state = rule->state;
	int64_t			 left;

	if (state->running || rule->terms.idle == 0 ||
	    state->on == RULE_OFF)
		return -1;
	left = state->silent + rule->terms.idle - time;
	return left > 0 ? (left + NSEC - 1) / NSEC : 0;
}

/* A rule that failed to switch on may be on. */
static const char *
on_or_off(const struct rule *rule)
{
	if (rule->terms.idle == 0)
		return "-";
	return rule->state->on == RULE_OFF ? "off" : "on";
}
