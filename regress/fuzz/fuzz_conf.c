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
 * Fuzz the grammar, the printing and the reload of configurations.
 *
 * An input is a configuration; after it, each after a byte of FILE_END, come
 * the files that it may include.  What is before a byte of RUNNING_END, if
 * there is one, is the running configuration in the same form, which the one
 * after it replaces.  One that begins with "#root\n" is read as root.
 *
 * Whatever is read without an error must print so that it is read back as the
 * same, and survive a reload from itself and from the running one.  Messages
 * must be printable and name a line that exists.
 */

#include <sys/mman.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"
#include "emit.h"
#include "fuzz.h"

#define RUNNING_END	0xfe

#define check(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: wrong: %s\n", __FILE__,		\
		    __LINE__, #condition);				\
		abort();						\
	}								\
} while (0)

void	 __wrap_log_at(const char *, int, const char *, ...)
	    __attribute__((__format__(printf, 3, 4)));

static unsigned int	 messages;
static int		 max_line;
static const struct kind kind;		/* that of what is attached */

/* The linker leads the grammar's messages here: see run. */
void
__wrap_log_at(const char *file, int line, const char *fmt, ...)
{
	char	 buf[1024], *p;
	va_list	 ap;
	int	 n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	check(n > 0 && (size_t)n < sizeof(buf));
	check(file != NULL && line >= 1 && line <= max_line);
	for (p = buf; *p != '\0'; p++)
		check(!iscntrl((unsigned char)*p) || *p == '\t');
	messages++;
}

static int
same_counter(const struct rule *a, const struct rule *b)
{
	return strcmp(a->ifname, b->ifname) == 0 &&
	    a->direction == b->direction &&
	    a->terms.immediate == b->terms.immediate &&
	    (a->filter == NULL) == (b->filter == NULL) &&
	    (a->filter == NULL || strcmp(a->filter, b->filter) == 0);
}

static void
same_words(char **a, char **b)
{
	check((a == NULL) == (b == NULL));
	for (; a != NULL && *a != NULL; a++, b++) {
		check(*b != NULL);
		check(strcmp(*a, *b) == 0);
	}
	check(a == NULL || *b == NULL);
}

static void
same_conf(const struct conf *a, const struct conf *b)
{
	const struct rule	*r, *q = TAILQ_FIRST(&b->rules);

	check((a->state_file == NULL) == (b->state_file == NULL));
	check(a->state_file == NULL ||
	    strcmp(a->state_file, b->state_file) == 0);
	check(a->nrules == b->nrules);
	check(a->ncounters == b->ncounters);
	TAILQ_FOREACH(r, &a->rules, next) {
		check(q != NULL);
		check(strcmp(r->name, q->name) == 0);
		check(strcmp(r->ifname, q->ifname) == 0);
		check(r->direction == q->direction);
		check((r->filter == NULL) == (q->filter == NULL));
		check(r->filter == NULL || strcmp(r->filter, q->filter) == 0);
		check(r->terms.count == q->terms.count);
		check(r->terms.renew == q->terms.renew);
		check(r->terms.below == q->terms.below);
		check(r->terms.exact == q->terms.exact);
		check(r->terms.within == q->terms.within);
		check(r->terms.idle == q->terms.idle);
		check(r->terms.immediate == q->terms.immediate);
		/* an exact rule has a wait that nobody can see */
		check(r->terms.exact || r->terms.wait == q->terms.wait);
		check(r->timeout == q->timeout);
		check(strcmp(r->account->name, q->account->name) == 0);
		check(r->account->uid == q->account->uid);
		same_words(r->command, q->command);
		same_words(r->idle, q->idle);
		q = TAILQ_NEXT(q, next);
	}
	check(q == NULL);
}

/* What the grammar promises of a rule. */
static void
check_rules(struct conf *conf)
{
	struct rule	*rule;
	char		 ifname[IF_NAMESIZE];
	size_t		 len;

	check(conf->state_file == NULL || conf->state_file[0] == '/' ||
	    conf->state_file[0] == '\0');
	TAILQ_FOREACH(rule, &conf->rules, next) {
		len = strlen(rule->name);
		check(len >= 1 && len <= MAX_NAME);
		len = strlen(rule->ifname);
		check(len >= 1 && len < IF_NAMESIZE);
		check(parse_interface(rule->ifname, ifname) == NULL);
		check(strcmp(ifname, rule->ifname) == 0);
		check(rule->terms.count >= 1 &&
		    rule->terms.count <= MAX_COUNT);
		check(rule->terms.wait >= NSEC &&
		    rule->terms.wait <= MAX_TIME * NSEC);
		check(rule->terms.within >= 0 &&
		    rule->terms.within <= MAX_TIME * NSEC);
		check(rule->terms.renew >= 1 &&
		    rule->terms.renew <= rule->terms.count);
		check(rule->timeout >= 0 && rule->timeout <= MAX_TIME * NSEC);
		check((rule->idle != NULL) == (rule->terms.idle != 0));
		check(!rule->terms.exact || (rule->terms.within == 0 &&
		    rule->terms.idle == 0));
		check(!rule->terms.below || (rule->terms.within != 0 &&
		    !rule->terms.exact && !rule->terms.immediate &&
		    rule->terms.renew == rule->terms.count));
		check(rule->filter == NULL || (rule->filter_line >= 1 &&
		    rule->filter[0] != '\0'));
		check(rule->command != NULL && rule->command[0][0] == '/');
		check(rule->idle == NULL || rule->idle[0][0] == '/');
		check(rule->account != NULL);
		check(strcmp(rule->account->name, ENGINE_USER) != 0);
		check(rule->counter != NULL);
		check(RB_FIND(rule_names, &conf->names, rule) == rule);
	}
}

static struct conf *
parse(const char *text, size_t len)
{
	struct conf	*conf;

	if ((conf = conf_new()) == NULL)
		abort();
	messages = 0;
	if (parse_conf(conf, "etc/fuzz.conf", text, len) == -1) {
		check(messages > 0);
		conf_free(conf);
		return NULL;
	}
	check(messages == 0);
	check(counter_add_all(conf) == 0);
	check_rules(conf);
	return conf;
}

/* Make the counters and rules look as if they had been at work. */
static void
run(struct conf *conf)
{
	struct counter	*counter;
	struct window	*window;
	struct rule	*rule;
	uint64_t	 n = 0, total;

	check(conf_share(conf) == 0);
	RB_FOREACH(counter, counters, &conf->counters) {
		n++;
		counter->tap.kind = n % 4 != 0 ? &kind : NULL;
		counter->tap.fd = n;
		counter->tap.ifindex = n;
		total = UINT64_MAX - 5 + n;
		count_store(counter->count, total, n, n * NSEC);
		SLIST_FOREACH(window, &counter->windows, entry)
			window_note(window, 0, total, NEVER, n * NSEC);
	}
	TAILQ_FOREACH(rule, &conf->rules, next) {
		n++;
		rule->state->mark = n;
		rule->state->runs = n;
		rule->state->running = n % 3 == 0;
	}
}

/* Carry over, check what became of it, and free the old one. */
static void
reload(struct conf *from, struct conf *to)
{
	struct counter	*counter, *old_counter;
	struct rule	*rule, *old;
	struct sight	 sight;

	check(conf_share(to) == 0);
	run(from);
	counter_carry_all(from, to);
	RB_FOREACH(counter, counters, &to->counters) {
		old_counter = RB_FIND(counters, &from->counters, counter);
		if (old_counter == NULL) {
			check(counter->tap.kind == NULL);
			check(count_read(counter->count, NULL) == 0);
			continue;
		}
		check(old_counter->tap.kind == NULL);
		check(counter->tap.fd == old_counter->tap.fd);
		check(counter->tap.ifindex == old_counter->tap.ifindex);
		check((counter->tap.kind == &kind) ==
		    (counter->tap.ifindex % 4 != 0));
		check(count_read(counter->count, NULL) ==
		    count_read(old_counter->count, NULL));
	}
	TAILQ_FOREACH(rule, &to->rules, next) {
		old = RB_FIND(rule_names, &from->names, rule);
		if (old != NULL && same_counter(old, rule)) {
			check(rule->state->runs == old->state->runs);
			check(rule->state->running == old->state->running);
			continue;
		}
		count_look(rule, 1000 * NSEC, &sight);
		check(rule->state->runs == 0);
		check(rule_tally(&rule->terms, rule->state, &sight) == 0);
		check(!rule->state->running);
	}
	conf_free(from);
}

/* Make it look as if it had just been read. */
static void
forget(struct conf *conf)
{
	struct counter	*counter;
	struct window	*window;

	munmap(conf->engine_half, conf->engine_size);
	munmap(conf->parent_half, conf->parent_size);
	conf->engine_half = conf->parent_half = MAP_FAILED;
	RB_FOREACH(counter, counters, &conf->counters) {
		memset(&counter->tap, 0, sizeof(counter->tap));
		counter->error = counter->fresh = 0;
		counter->count = NULL;
		SLIST_FOREACH(window, &counter->windows, entry)
			window->history = NULL;
	}
}

/* Read, print, read that, reload: the result, or NULL. */
static struct conf *
round_trip(const uint8_t *data, size_t len)
{
	static const char	 root[] = "#root\n";
	const uint8_t		*end;
	struct conf		*conf, *again;
	struct text		 first;
	char			*text;
	size_t			 text_len = len, i;

	stub_uid = len >= sizeof(root) - 1 &&
	    memcmp(data, root, sizeof(root) - 1) == 0 ? 0 : 1000;
	stub_files(data, 0);
	if (len > 0 && (end = memchr(data, FILE_END, len)) != NULL) {
		text_len = end - data;
		stub_files(end + 1, len - text_len - 1);
	}
	max_line = 1;
	for (i = 0; i < len; i++)
		max_line += data[i] == '\n';

	/* of its own size, so that reading past it is noticed */
	if ((text = malloc(text_len != 0 ? text_len : 1)) == NULL)
		abort();
	if (text_len != 0)
		memcpy(text, data, text_len);
	conf = parse(text, text_len);
	free(text);
	if (conf == NULL)
		return NULL;

	printed = (struct text){ NULL, 0, 0 };
	conf_print(conf);
	first = printed;
	stub_files(data, 0);
	if ((again = parse(first.len != 0 ? first.s : "", first.len)) ==
	    NULL) {
		fprintf(stderr, "not read back:\n%.*s", (int)first.len,
		    first.s);
		abort();
	}
	printed = (struct text){ NULL, 0, 0 };
	conf_print(again);
	same_conf(conf, again);
	check(first.len == printed.len && (first.len == 0 ||
	    memcmp(first.s, printed.s, first.len) == 0));
	free(first.s);
	free(printed.s);

	reload(conf, again);
	forget(again);
	return again;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	check(parse_define("defined=/bin/defined") == NULL);
	check(parse_define("seven=7") == NULL);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*end = NULL;
	struct conf	*running = NULL, *conf;
	size_t		 len = 0;

	if (size > 0)
		end = memchr(data, RUNNING_END, size);
	if (end != NULL) {
		len = end - data;
		running = round_trip(data, len);
		len++;
	}
	conf = round_trip(data + len, size - len);
	if (running != NULL && conf != NULL)
		reload(running, conf);
	else
		conf_free(running);
	conf_free(conf);
	return 0;
}
