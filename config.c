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
 * A configuration in memory: its arena, its shared memory, and what is carried
 * over from one to the next.
 */

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "counter.h"

#define CHUNK_SIZE	65536

/* Of the whole chunk, this header included. */
struct chunk {
	SLIST_ENTRY(chunk)	 next;
	size_t			 used;
	size_t			 size;
	max_align_t		 data[];	/* aligns the header's end */
};

static int	rule_cmp(struct rule *, struct rule *);
static int	counter_cmp(struct counter *, struct counter *);
static void	carry_history(struct counter *, struct history *);

RB_GENERATE(rule_names, rule, entry, rule_cmp)
RB_GENERATE(counters, counter, entry, counter_cmp)

static int
rule_cmp(struct rule *a, struct rule *b)
{
	return strcmp(a->name, b->name);
}

static int
counter_cmp(struct counter *a, struct counter *b)
{
	int	 cmp;

	if ((cmp = strcmp(a->ifname, b->ifname)) != 0)
		return cmp;
	if ((cmp = a->direction - b->direction) != 0)
		return cmp;
	return a->immediate - b->immediate;
}

/* An empty configuration for conf_free(), or NULL with errno. */
struct conf *
conf_new(void)
{
	struct conf	*conf;

	if ((conf = calloc(1, sizeof(*conf))) == NULL)
		return NULL;
	SLIST_INIT(&conf->chunks);
	TAILQ_INIT(&conf->rules);
	RB_INIT(&conf->names);
	RB_INIT(&conf->counters);
	SLIST_INIT(&conf->accounts);
	conf->shared = MAP_FAILED;
	return conf;
}

/*
 * Free the configuration and all that is in it.  Descriptors and jobs are
 * not in it: see conf_carry().  NULL is allowed.
 */
void
conf_free(struct conf *conf)
{
	struct chunk	*chunk;

	if (conf == NULL)
		return;
	while ((chunk = SLIST_FIRST(&conf->chunks)) != NULL) {
		SLIST_REMOVE_HEAD(&conf->chunks, next);
		munmap(chunk, chunk->size);
	}
	if (conf->shared != MAP_FAILED)
		munmap(conf->shared, conf->shared_size);
	free(conf);
}

/*
 * Zeroed memory that lives as long as the configuration, or NULL with errno.
 * Nothing is freed alone, so that no error in the grammar can leak.  It is
 * not from malloc(3), which would keep what the configuration before a reload
 * had: that lies below the new one.
 */
void *
conf_alloc(struct conf *conf, size_t size)
{
	struct chunk	*chunk = SLIST_FIRST(&conf->chunks);
	char		*p;

	size = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
	if (chunk == NULL || size > chunk->size - chunk->used) {
		size_t	 room = sizeof(*chunk) + size;

		if (room < CHUNK_SIZE)
			room = CHUNK_SIZE;
		chunk = mmap(NULL, room, PROT_READ | PROT_WRITE,
		    MAP_ANON | MAP_PRIVATE, -1, 0);
		if (chunk == MAP_FAILED)
			return NULL;
		chunk->size = room;
		chunk->used = sizeof(*chunk);
		SLIST_INSERT_HEAD(&conf->chunks, chunk, next);
	}
	p = (char *)chunk + chunk->used;
	chunk->used += size;
	return p;
}

char *
conf_strdup(struct conf *conf, const char *s)
{
	size_t	 size = strlen(s) + 1;
	char	*p;

	if ((p = conf_alloc(conf, size)) != NULL)
		memcpy(p, s, size);
	return p;
}

/*
 * Give each rule a counter, those that want the same the same one.
 * Returns 0, or -1 with errno.
 */
int
conf_add_counters(struct conf *conf)
{
	struct rule	*rule;
	struct counter	*counter, key;

	TAILQ_FOREACH(rule, &conf->rules, next) {
		memset(&key, 0, sizeof(key));
		memcpy(key.ifname, rule->ifname, sizeof(key.ifname));
		key.direction = rule->direction;
		key.immediate = rule->terms.immediate ||
		    counter_listens(rule->ifname);
		counter = RB_FIND(counters, &conf->counters, &key);
		if (counter == NULL) {
			if ((counter = conf_alloc(conf, sizeof(*counter))) ==
			    NULL)
				return -1;
			*counter = key;
			counter->fd = -1;
			TAILQ_INIT(&counter->rules);
			RB_INSERT(counters, &conf->counters, counter);
			conf->ncounters++;
		}
		TAILQ_INSERT_TAIL(&counter->rules, rule, sibling);
		rule->counter = counter;
		if (rule->terms.within > counter->within)
			counter->within = rule->terms.within;
	}
	return 0;
}

/*
 * Map the memory that the engine and the parent share, and begin all counts
 * at 0.  Returns 0, or -1 with errno.
 */
int
conf_share(struct conf *conf)
{
	struct rule	*rule;
	struct counter	*counter;
	char		*p;
	size_t		 size;

	size = conf->ncounters * sizeof(struct count) +
	    conf->nrules * sizeof(struct state);
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->within != 0)
			size += sizeof(struct history) + sizeof(uint64_t) *
			    history_size(counter->within);
	conf->shared_size = size != 0 ? size : 1;
	conf->shared = mmap(NULL, conf->shared_size, PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
	if (conf->shared == MAP_FAILED)
		return -1;

	p = conf->shared;
	RB_FOREACH(counter, counters, &conf->counters) {
		counter->count = (struct count *)p;
		p += sizeof(struct count);
		if (counter->within != 0) {
			counter->history = (struct history *)p;
			p += sizeof(struct history) + sizeof(uint64_t) *
			    history_size(counter->within);
			history_init(counter->history,
			    history_size(counter->within), 0);
		}
	}
	TAILQ_FOREACH(rule, &conf->rules, next) {
		rule->state = (struct state *)p;
		p += sizeof(struct state);
		rule_load(rule->state, 0);
	}
	return 0;
}

/*
 * Hand over from one configuration to the next: the descriptors and counts
 * of the counters that both have, and by the rules' names how they stand and
 * what they run.  A rule whose counter changed starts at 0.  No engine may
 * be running.  Descriptors that stay in the old configuration are left for
 * the caller to close; jobs of rules that are gone are cut loose.
 */
void
conf_carry(struct conf *from, struct conf *to)
{
	struct counter	*counter, *old_counter;
	struct rule	*rule, *old;

	RB_FOREACH(counter, counters, &to->counters) {
		old_counter = RB_FIND(counters, &from->counters, counter);
		if (old_counter == NULL)
			continue;
		counter->fd = old_counter->fd;
		counter->ifindex = old_counter->ifindex;
		counter->error = old_counter->error;
		*counter->count = *old_counter->count;
		if (counter->history != NULL)
			carry_history(old_counter, counter->history);
		old_counter->fd = -1;
	}
	TAILQ_FOREACH(rule, &to->rules, next) {
		uint64_t	 total = count_total(rule->counter->count);

		if ((old = RB_FIND(rule_names, &from->names, rule)) != NULL) {
			rule->job = old->job;
			old->job = NULL;
		} else
			rule->job = run_orphaned(rule->name);
		if (rule->job != NULL)
			rule->job->rule = rule;
		if (old != NULL &&
		    old->terms.immediate == rule->terms.immediate &&
		    counter_cmp(old->counter, rule->counter) == 0) {
			*rule->state = *old->state;
			if (rule->terms.idle == 0)
				rule->state->power = POWER_OFF;
			continue;
		}
		rule_load(rule->state, total);
		if (rule->job != NULL && rule->job->pid != 0) {
			rule->job->stale = 1;
			rule->state->running = 1;
		}
	}
	TAILQ_FOREACH(old, &from->rules, next)
		if (old->job != NULL)
			run_orphan(old->job);
}

/*
 * Take over what the old history remembers; of what it does not, packets of
 * unknown age count as expired.  The engine may have written anything there.
 */
static void
carry_history(struct counter *old, struct history *to)
{
	struct history	*from = old->history;
	int64_t		 second;

	if (from == NULL || from->newest < 0 ||
	    from->newest > INT64_MAX / NSEC)
		return;
	from->size = history_size(old->within);
	to->newest = from->newest;
	for (second = to->newest - to->size + 1; second <= to->newest;
	    second++)
		*history_total(to, second) = *history_total(from,
		    second > from->newest - from->size ? second :
		    from->newest - from->size + 1);
}
