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
 * A configuration in memory: its arena, and its two halves of shared memory.
 */

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "counter.h"

#define CHUNK_SIZE	65536

/* What any type can be aligned as; max_align_t is of C11. */
union align {
	long long	 number;
	long double	 real;
	void		*pointer;
};

/* Of the whole chunk, this header included. */
struct chunk {
	SLIST_ENTRY(chunk)	 next;
	size_t			 used;
	size_t			 size;
	union align		 data[];	/* aligns the header's end */
};

struct options		 options;
const char *const	 direction_words[] = { "both", "in", "out" };

static int	rule_cmp(struct rule *, struct rule *);
static void	*share(size_t);

RB_GENERATE(rule_names, rule, entry, rule_cmp)
RB_GENERATE(counters, counter, entry, counter_cmp)

static int
rule_cmp(struct rule *a, struct rule *b)
{
	return strcmp(a->name, b->name);
}

/* What one counts the other can go on counting if this is 0. */
int
counter_cmp(struct counter *a, struct counter *b)
{
	int	 cmp;

	if ((cmp = strcmp(a->ifname, b->ifname)) != 0)
		return cmp;
	if ((cmp = a->direction - b->direction) != 0)
		return cmp;
	if ((cmp = a->immediate - b->immediate) != 0)
		return cmp;
	if (a->filter == NULL || b->filter == NULL)
		return (a->filter != NULL) - (b->filter != NULL);
	return strcmp(a->filter, b->filter);
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
	conf->engine_half = conf->parent_half = MAP_FAILED;
	return conf;
}

/*
 * Free the configuration and all that is in it.  Descriptors and jobs are
 * not in it: see counter_carry_all() and run_carry().  NULL is allowed.
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
	if (conf->engine_half != MAP_FAILED)
		munmap(conf->engine_half, conf->engine_size);
	if (conf->parent_half != MAP_FAILED)
		munmap(conf->parent_half, conf->parent_size);
	free(conf);
}

/*
 * Zeroed memory that lives as long as the configuration, or NULL with errno.
 * Nothing is freed alone, so that no error in the grammar can leak.  It is
 * mapped, so that after a reload the old configuration's memory goes back to
 * the system: malloc(3) may keep it.
 */
void *
conf_alloc(struct conf *conf, size_t size)
{
	struct chunk	*chunk = SLIST_FIRST(&conf->chunks);
	char		*p;

	size = (size + sizeof(union align) - 1) & ~(sizeof(union align) - 1);
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

/* The rule of this name, or NULL. */
struct rule *
conf_rule(struct conf *conf, const char *name)
{
	struct rule	 key = { .name = name };

	return RB_FIND(rule_names, &conf->names, &key);
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
	struct window	*window;
	char		*p;

	conf->engine_size = sizeof(*conf->pulse) +
	    conf->ncounters * sizeof(*counter->count);
	RB_FOREACH(counter, counters, &conf->counters)
		SLIST_FOREACH(window, &counter->windows, entry)
			conf->engine_size += history_bytes(window->within);
	conf->parent_size = (conf->nrules + 1) * sizeof(*rule->state);
	conf->engine_half = share(conf->engine_size);
	conf->parent_half = share(conf->parent_size);
	if (conf->engine_half == MAP_FAILED || conf->parent_half == MAP_FAILED)
		return -1;

	conf->pulse = conf->engine_half;
	p = (char *)(conf->pulse + 1);
	RB_FOREACH(counter, counters, &conf->counters) {
		counter->count = (struct count *)p;
		p += sizeof(*counter->count);
		count_store(counter->count, 0, 0, NEVER);
		SLIST_FOREACH(window, &counter->windows, entry) {
			window->history = (struct history *)p;
			p += history_bytes(window->within);
			window_begin(window, 0);
		}
	}
	p = conf->parent_half;
	TAILQ_FOREACH(rule, &conf->rules, next) {
		rule->state = (struct state *)p;
		p += sizeof(*rule->state);
		rule_load(rule->state, 0, now());
	}
	return 0;
}

static void *
share(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_ANON | MAP_SHARED, -1, 0);
}

/*
 * In the engine: its view of the parent's half is for reading, from now on
 * and for ever.  Returns 0, or -1 with errno.
 */
int
conf_protect(struct conf *conf)
{
	if (mprotect(conf->parent_half, conf->parent_size, PROT_READ) == -1)
		return -1;
	return mimmutable(conf->parent_half, conf->parent_size);
}
