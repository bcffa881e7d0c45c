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
 * The counters of a configuration: which there are, attached or waiting, and
 * who shares them.  How one counts is up to its kind: see counter.h.
 */

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define MINUTE		(60 * NSEC)
#define MAX_CHANGES	10	/* of an interface logged in a minute */

/* A process that closes descriptors, so that nobody else waits for it. */
struct holder {
	SLIST_ENTRY(holder)	 entry;
	struct child		 child;
};

static SLIST_HEAD(, holder)	 holders = SLIST_HEAD_INITIALIZER(holders);

/* All counters on a counter's interface. */
#define FOREACH_BESIDE(other, conf, counter)				\
	for ((other) = first_of(conf, counter); (other) != NULL;	\
	    (other) = next_of(conf, other))

static void	carry_counters(struct conf *, struct conf *);
static const struct window *nearest_window(const struct counter *,
		    const struct window *);
static void	carry_rules(struct conf *, struct conf *);
static void	carry_count(const struct count *, struct count *);
static int	add_windows(struct conf *, struct rule *);
static struct window *add_window(struct conf *, struct rule *, int);
static int	attach(struct conf *, struct counter *, int *, int);
static int	try_attach(struct counter *, int *, int);
static int	may_change(const struct counter *);
static void	begin_watching(struct counter *);
static int	try_kinds(struct counter *, int *);
static int	is_missing(int);
static void	report_waiting(struct conf *, struct counter *, int);
static void	report_filter(struct conf *, struct counter *);
static int	reported(struct conf *, struct counter *);
static void	report_counting(struct conf *, struct counter *);
static int	may_report(struct conf *, struct counter *);
static void	summarise(struct counter *);
static int	summarise_all(struct conf *, int);
static struct counter *first_of(struct conf *, const struct counter *);
static struct counter *next_of(struct conf *, struct counter *);
static void	mark_interface(struct conf *, const struct counter *);
static int	is_leaving(const struct counter *, int);
static int	start_holder(int *, int);

/*
 * Give each rule of a configuration that has been read a counter and a window
 * if it needs one, those that want the same the same.  Returns 0, or -1 with
 * errno.
 */
int
counter_add_all(struct conf *conf)
{
	struct rule	*rule;
	struct counter	*counter, key;

	TAILQ_FOREACH(rule, &conf->rules, next) {
		memset(&key, 0, sizeof(key));
		memcpy(key.ifname, rule->ifname, sizeof(key.ifname));
		key.direction = rule->direction;
		key.filter = rule->filter;
		key.immediate = rule->terms.immediate ||
		    counter_listens(rule->ifname);
		counter = RB_FIND(counters, &conf->counters, &key);
		if (counter == NULL) {
			if ((counter = conf_alloc(conf, sizeof(*counter))) ==
			    NULL)
				return -1;
			*counter = key;
			counter->tap.fd = -1;
			counter->fresh = NEVER;
			TAILQ_INIT(&counter->rules);
			SLIST_INIT(&counter->windows);
			RB_INSERT(counters, &conf->counters, counter);
			conf->ncounters++;
		}
		TAILQ_INSERT_TAIL(&counter->rules, rule, sibling);
		counter->awaited |= rule->terms.immediate;
		rule->counter = counter;
		if (rule->terms.within != 0 && add_windows(conf, rule) == -1)
			return -1;
	}
	return 0;
}

/* A rule that packets keep on needs another one for that. */
static int
add_windows(struct conf *conf, struct rule *rule)
{
	const struct terms	*terms = &rule->terms;

	if ((rule->window = add_window(conf, rule, terms->below)) == NULL)
		return -1;
	if (terms->idle != 0 && !terms->below &&
	    (rule->keeps = add_window(conf, rule, 1)) == NULL)
		return -1;
	return 0;
}

static struct window *
add_window(struct conf *conf, struct rule *rule, int late)
{
	struct window	*window;

	SLIST_FOREACH(window, &rule->counter->windows, entry)
		if (window->within == rule->terms.within &&
		    window->late == late)
			return window;
	if ((window = conf_alloc(conf, sizeof(*window))) == NULL)
		return NULL;
	window->within = rule->terms.within;
	window->late = late;
	SLIST_INSERT_HEAD(&rule->counter->windows, window, entry);
	return window;
}

/*
 * Hand over to a new configuration: what is attached, and what it has counted,
 * to the counters that count the same, and to the rules the state of those of
 * their names.  A rule whose counter changed starts at 0.  No engine may be
 * running.
 */
void
counter_carry_all(struct conf *from, struct conf *to)
{
	carry_counters(from, to);
	carry_rules(from, to);
}

static void
carry_counters(struct conf *from, struct conf *to)
{
	struct counter		*counter, *old;
	struct window		*window;
	const struct window	*old_window;
	uint64_t		 total;

	RB_FOREACH(counter, counters, &to->counters) {
		if ((old = RB_FIND(counters, &from->counters, counter)) ==
		    NULL)
			continue;
		counter->tap = old->tap;
		counter->error = old->error;
		counter->no_device = old->no_device;
		counter->fresh = old->fresh;
		counter->gone = old->gone;
		carry_count(old->count, counter->count);
		total = count_read(counter->count, NULL);
		SLIST_FOREACH(window, &counter->windows, entry) {
			window_begin(window, total);
			old_window = nearest_window(old, window);
			if (old_window != NULL)
				window_carry(old_window, window,
				    counter->count, now());
		}
		if (old->changes.n != 0)
			first_of(to, counter)->changes = old->changes;
		old->changes.n = 0;
		old->tap.kind = NULL;
	}
}

/*
 * Of the old counter's windows, the one that knows most of what the new one
 * wants to: the shortest that is long enough, else the longest; or NULL.
 */
static const struct window *
nearest_window(const struct counter *old, const struct window *wanted)
{
	const struct window	*window, *best = NULL;

	SLIST_FOREACH(window, &old->windows, entry) {
		if (window->late != wanted->late)
			continue;
		if (best == NULL || (best->within < wanted->within ?
		    window->within > best->within :
		    window->within >= wanted->within &&
		    window->within < best->within))
			best = window;
	}
	return best;
}

static void
carry_rules(struct conf *from, struct conf *to)
{
	struct rule	*rule, *old;
	uint64_t	 total;

	TAILQ_FOREACH(rule, &to->rules, next) {
		total = count_read(rule->counter->count, NULL);
		old = RB_FIND(rule_names, &from->names, rule);
		if (old == NULL ||
		    old->terms.immediate != rule->terms.immediate ||
		    counter_cmp(old->counter, rule->counter) != 0) {
			rule_load(rule->state, total, now());
			continue;
		}
		*rule->state = *old->state;
		rule_reload(&old->terms, &rule->terms, rule->state, total,
		    now());
	}
}

/*
 * What an engine wrote outlives it only if it can be true.  A tick may come
 * some milliseconds early.
 */
static void
carry_count(const struct count *from, struct count *to)
{
	int64_t	 time = now();
	int	 i;

	*to = *from;
	for (i = 0; i < 2; i++)
		if (to->slot[i].looked > time)
			to->slot[i].looked = time;
		else if (to->slot[i].looked < 0)
			to->slot[i].looked = NEVER;
}

/*
 * Have the filters of a configuration compiled.  Returns 1 if they are, 0 if
 * some are still being compiled, or -1 after the errors in them were logged.
 * One that cannot be compiled for the moment is no error: its rule waits.
 */
int
counter_prepare(const struct conf *conf)
{
	const struct rule	*rule;
	int			 dlt, open = 0, bad = 0;

	TAILQ_FOREACH(rule, &conf->rules, next) {
		if (rule->filter == NULL ||
		    (dlt = iface_dlt(rule->ifname)) == -1 ||
		    filter_get(rule->filter, dlt) != NULL)
			continue;
		open |= errno == EINPROGRESS;
		bad |= errno == EINVAL;
	}
	/* all errors are reported at once */
	if (open || !bad)
		return !open;
	TAILQ_FOREACH(rule, &conf->rules, next)
		if (rule->filter != NULL &&
		    (dlt = iface_dlt(rule->ifname)) != -1 &&
		    filter_get(rule->filter, dlt) == NULL && errno == EINVAL)
			log_at(rule->file, rule->filter_line, "filter: %s",
			    filter_error(rule->filter, dlt));
	return -1;
}

/* Have counter_attach_some() try again all counters that wait. */
void
counter_retry(struct conf *conf)
{
	struct counter	*counter;

	RB_FOREACH(counter, counters, &conf->counters)
		counter->tried = 0;
}

/*
 * Attach the counters that wait and have not been tried, until the given
 * time is over.  When all have max descriptors, or a few more, the others
 * wait.  The spare is a descriptor from counter_open(), or -1; it is used up
 * or closed.  Returns a mask:
 *	COUNTER_NEW	some were attached: the engine does not know them
 *	COUNTER_MORE	the time was over: not all have been tried
 *	COUNTER_AGAIN	it should be called again soon: some failed that may be
 *			had then, or there is more to log
 */
int
counter_attach_some(struct conf *conf, int spare, unsigned int max,
    int64_t until)
{
	struct counter	*counter;
	unsigned int	 n = 0;
	int		 blind, result = 0;

	RB_FOREACH(counter, counters, &conf->counters)
		n += counter->tap.kind != NULL ? counter->tap.nfds : 0;
	RB_FOREACH(counter, counters, &conf->counters) {
		if (counter->tap.kind != NULL || counter->tried)
			continue;
		if (now() >= until) {
			result |= COUNTER_MORE;
			break;
		}
		counter->tried = 1;
		blind = counter_blind(counter);
		if (attach(conf, counter, &spare, n >= max) == 0) {
			result |= COUNTER_NEW;
			n += counter->tap.nfds;
		} else if (may_change(counter))
			result |= COUNTER_AGAIN;
		/* the engine must not see silence, or has to from now on */
		if (counter_blind(counter) != blind)
			result |= COUNTER_NEW;
		if (blind && !counter_blind(counter))
			begin_watching(counter);
		report_counting(conf, counter);
	}
	if (spare != -1)
		close(spare);
	if (summarise_all(conf, 0))
		result |= COUNTER_AGAIN;
	return result;
}

/*
 * Full: there is no descriptor left for counters.  Returns 0, or -1 if the
 * counter waits, which is logged once.
 */
static int
attach(struct conf *conf, struct counter *counter, int *spare, int full)
{
	int64_t	 time = now();

	if (try_attach(counter, spare, full) == -1) {
		report_waiting(conf, counter, errno);
		return -1;
	}
	counter->fresh = time;
	if (counter->error == 0)
		log_debug("%s: counting, %s", counter->ifname,
		    counter->tap.kind->name);
	return 0;
}

/* Returns 0, or -1 with errno. */
static int
try_attach(struct counter *counter, int *spare, int full)
{
	counter->hasty = 0;
	if (!counter_listens(counter->ifname)) {
		/* the right to count is asked for without an interface, too */
		if (*spare == -1 && (*spare = counter_open()) == -1) {
			counter->no_device = 1;
			return -1;
		}
		if (if_nametoindex(counter->ifname) == 0) {
			/* as Linux says it, and glibc */
			if (errno == ENODEV)
				errno = ENXIO;
			else if (errno == ENOENT)
				errno = EMFILE;
			counter->no_device = errno != ENXIO;
			return -1;
		}
	}
	if (full) {
		counter->no_device = 1;
		errno = EMFILE;
		return -1;
	}
	if (try_kinds(counter, spare) == 0)
		return 0;
	counter->no_device = 0;
	/* it has just come, or gone */
	counter->hasty = errno == ENXIO;
	return -1;
}

/*
 * May a counter that waits soon be had although nobody says so?  The return of
 * an interface is reported, and so is what becomes of a filter.
 */
static int
may_change(const struct counter *counter)
{
	switch (counter->error) {
	case ENXIO:
		return counter->hasty;
	case EAGAIN:
	case EINPROGRESS:
	case EINVAL:
	case EPFNOSUPPORT:
		return counter->filter == NULL;
	}
	return 1;
}

/* Nobody knows what came before. */
static void
begin_watching(struct counter *counter)
{
	struct rule	*rule;

	TAILQ_FOREACH(rule, &counter->rules, sibling)
		rule_blind(rule->state, now());
}

/* The first kind that can be had.  Returns 0, or -1 with errno. */
static int
try_kinds(struct counter *counter, int *spare)
{
	const struct kind *const	*kind;
	struct tap			*tap = &counter->tap;
	int				 error;

	for (kind = counter_kinds(counter); *kind != NULL; kind++) {
		*tap = (struct tap){ .fd = -1, .nfds = 1 };
		if ((*kind)->wants_spare) {
			tap->fd = *spare;
			*spare = -1;
		}
		if ((*kind)->attach(counter) == 0) {
			tap->kind = *kind;
			return 0;
		}
		error = errno == ENODEV ? ENXIO : errno;
		if (tap->fd != -1)
			close(tap->fd);
		tap->fd = -1;
		errno = error;
		if (!is_missing(error))
			break;
	}
	return -1;
}

/* Does the errno of an attach() say that another kind should be tried? */
static int
is_missing(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
	case ENOSYS:
	case EINVAL:
	case EOPNOTSUPP:
	case E2BIG:
	case ERANGE:
	case ENOMEM:
		return 1;
	}
	return 0;
}

/* Log why a counter waits, once; a fault of the device, once for all. */
static void
report_waiting(struct conf *conf, struct counter *counter, int error)
{
	struct counter	*other;
	const char	*text = strerror(error);
	const char	*remedy = counter_remedy(error);
	int		 device = counter->no_device, seen = 0;

	/* a filter that is being compiled is nothing to report */
	if (error == counter->error || error == EINPROGRESS) {
		counter->error = error;
		return;
	}
	if (device)
		RB_FOREACH(other, counters, &conf->counters)
			seen |= other->error == error && other->no_device;
	counter->error = error;
	if (seen)
		return;
	if (!device && counter->filter != NULL &&
	    (error == EINVAL || error == EAGAIN)) {
		report_filter(conf, counter);
		return;
	}
	if (!device && (reported(conf, counter) || !may_report(conf, counter)))
		return;
	if (error == ENXIO) {
		text = "no such interface";
		remedy = options.onerule ? NULL : "its rules wait for it";
	} else if (error == EPFNOSUPPORT) {
		text = "filters are not supported on this type of interface";
		remedy = "its rules wait";
	}
	log_warnx("%s: %s%s%s", device ? counter_device : counter->ifname,
	    text, remedy != NULL ? ": " : "",
	    remedy != NULL ? remedy : "");
}

/* The same may be wrong with many filters: report it once. */
static void
report_filter(struct conf *conf, struct counter *counter)
{
	int		 dlt = iface_dlt(counter->ifname);
	const char	*text = filter_error(counter->filter, dlt), *same;
	struct counter	*other;

	if (text == NULL)
		text = strerror(counter->error);
	FOREACH_BESIDE(other, conf, counter)
		if (other != counter && other->tap.kind == NULL &&
		    other->error == counter->error && other->filter != NULL &&
		    (same = filter_error(other->filter, dlt)) != NULL &&
		    strcmp(same, text) == 0)
			return;
	if (!may_report(conf, counter))
		return;
	log_warnx("rule \"%s\": filter: %s: %s",
	    TAILQ_FIRST(&counter->rules)->name, text,
	    counter->error == EAGAIN ? "trying again" : "it waits");
}

/* Has the same been logged of another counter on the same interface? */
static int
reported(struct conf *conf, struct counter *counter)
{
	struct counter	*other;

	FOREACH_BESIDE(other, conf, counter)
		if (other != counter && other->tap.kind == NULL &&
		    other->error == counter->error)
			return 1;
	return 0;
}

/*
 * Report that an interface is counted again when all of its counters have been
 * tried, as attaching takes time: whoever reads it may rely on it for all
 * rules.  Until then the error of one that is attached stays.
 */
static void
report_counting(struct conf *conf, struct counter *counter)
{
	struct counter	*other;
	int		 waited = 0, counting = 0;

	FOREACH_BESIDE(other, conf, counter)
		if (other->tap.kind != NULL) {
			waited |= other->error != 0;
			counting |= other->error == 0;
		} else if (!other->tried)
			return;
	if (!waited)
		return;
	FOREACH_BESIDE(other, conf, counter)
		if (other->tap.kind != NULL)
			other->error = 0;
	if (!counting && may_report(conf, counter))
		log_info("%s: counting", counter->ifname);
}

/*
 * An interface that comes and goes all the time must not fill the log: may
 * this change of it be logged?
 */
static int
may_report(struct conf *conf, struct counter *counter)
{
	struct counter	*first = first_of(conf, counter);

	if (options.verbose)
		return 1;
	if (now() - first->changes.began >= MINUTE)
		summarise(first);
	if (first->changes.n == 0)
		first->changes.began = now();
	return first->changes.n++ < MAX_CHANGES;
}

/* Log how many changes of an interface were not, and begin anew. */
static void
summarise(struct counter *first)
{
	struct changes	*changes = &first->changes;

	if (changes->n > MAX_CHANGES)
		log_info("%s: %u more changes in this minute, now %s",
		    first->ifname, changes->n - MAX_CHANGES,
		    first->tap.kind != NULL ? "counting" : "waiting");
	changes->n = 0;
}

/*
 * The same for all whose minute is over, and at the end for all.  Returns
 * whether there is more to log when another minute is over.
 */
static int
summarise_all(struct conf *conf, int end)
{
	struct counter	*counter;
	int64_t		 time = now();
	int		 more = 0;

	RB_FOREACH(counter, counters, &conf->counters)
		if (end || time - counter->changes.began >= MINUTE)
			summarise(counter);
		else if (counter->changes.n > MAX_CHANGES)
			more = 1;
	return more;
}

static struct counter *
first_of(struct conf *conf, const struct counter *counter)
{
	struct counter	 key;

	/* less than all others, see counter_cmp() */
	memset(&key, 0, sizeof(key));
	memcpy(key.ifname, counter->ifname, sizeof(key.ifname));
	return RB_NFIND(counters, &conf->counters, &key);
}

static struct counter *
next_of(struct conf *conf, struct counter *counter)
{
	struct counter	*next = RB_NEXT(counters, &conf->counters, counter);

	return next != NULL && strcmp(next->ifname, counter->ifname) == 0 ?
	    next : NULL;
}

/*
 * Does the counter wait for anything but its interface?  Then nobody can look
 * at it, and silence means nothing.
 */
int
counter_blind(const struct counter *counter)
{
	return counter->tap.kind == NULL && counter->error != ENXIO;
}

/* Is there not one counter, for lack of a right? */
int
counter_denied(struct conf *conf)
{
	struct counter	*counter;

	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->error != EPERM && counter->error != EACCES)
			return 0;
	return !RB_EMPTY(&conf->counters);
}

/*
 * Mark the counters whose interface is gone.  Returns whether there are any;
 * then the caller ends the engine and calls counter_detach_gone().
 */
int
counter_mark_gone(struct conf *conf)
{
	struct counter	*counter;
	int		 gone = 0;

	RB_FOREACH(counter, counters, &conf->counters) {
		if (counter->tap.kind != NULL && !counter->gone &&
		    !counter->tap.kind->attached(counter))
			mark_interface(conf, counter);
		gone |= counter->gone;
	}
	return gone;
}

/* It may have gone after another of its counters was asked. */
static void
mark_interface(struct conf *conf, const struct counter *counter)
{
	struct counter	*other;

	FOREACH_BESIDE(other, conf, counter)
		other->gone = other->tap.kind != NULL;
}

/* Is the interface still there?  For a parent in pledge(2)'s sandbox. */
int
counter_named(const struct counter *counter)
{
	return counter->tap.ifindex == 0 ||
	    if_nametoindex(counter->ifname) == counter->tap.ifindex;
}

/*
 * Detach the counters that are marked, with the last that they have counted:
 * the engine has stored that unless the interface went right after it.  No
 * engine may be running.  Returns how many there were.
 */
int
counter_detach_gone(struct conf *conf)
{
	struct counter	*counter;
	int		 n = 0;

	/* what went before an engine knew it has counted from 0 as well */
	counter_begin(conf);
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->gone) {
			counter->tap.kind->sample(counter, now());
			n++;
		}
	if (n == 0)
		return 0;
	counter_detach_all(conf, 0);
	RB_FOREACH(counter, counters, &conf->counters) {
		if (!counter->gone)
			continue;
		counter->gone = 0;
		counter->error = ENXIO;
		if (!reported(conf, counter) && may_report(conf, counter))
			log_warnx("%s: the interface is gone: its rules wait "
			    "for it", counter->ifname);
	}
	return n;
}

/*
 * The engine begins: what is new to it has counted from 0, since it was
 * attached.  That is the last look then: what came since nobody knows.
 */
void
counter_begin(struct conf *conf)
{
	struct counter	*counter;
	struct slot	*slot;
	int		 i;

	RB_FOREACH(counter, counters, &conf->counters) {
		if (counter->fresh == NEVER)
			continue;
		for (i = 0; i < 2; i++) {
			slot = &counter->count->slot[i];
			slot->number = 0;
			memset(slot->kernel, 0, sizeof(slot->kernel));
			if (slot->looked == NEVER)
				slot->looked = counter->fresh;
		}
		counter->fresh = NEVER;
	}
}

/*
 * Detach all counters, or those that are marked.  Where that takes its time,
 * because the kernel waits until no processor uses a counter any more, a
 * process that has copies of the descriptors closes them last, and nobody
 * waits for it.
 */
void
counter_detach_all(struct conf *conf, int all)
{
	struct counter	*counter;
	int		*fds, n = 0, hold = -1;

	if (all)
		summarise_all(conf, 1);
	if ((fds = calloc(conf->ncounters * MAX_DESCRIPTORS + 1,
	    sizeof(*fds))) != NULL) {
		RB_FOREACH(counter, counters, &conf->counters)
			if (is_leaving(counter, all) &&
			    counter->tap.kind->slow)
				n += counter->tap.kind->slow(counter, fds + n);
		if (n > 0)
			hold = start_holder(fds, n);
		free(fds);
	}
	RB_FOREACH(counter, counters, &conf->counters)
		if (is_leaving(counter, all)) {
			if (counter->tap.kind->detach != NULL)
				counter->tap.kind->detach(counter);
			if (counter->tap.fd != -1)
				close(counter->tap.fd);
			counter->tap = (struct tap){ .fd = -1 };
		}
	if (hold != -1)
		close(hold);
}

static int
is_leaving(const struct counter *counter, int all)
{
	return counter->tap.kind != NULL && (all || counter->gone);
}

/*
 * Start a process that holds the descriptors until that which this returns
 * is closed.  There is room for one more in the array.  Returns -1 if it could
 * not be started.
 */
static int
start_holder(int *fds, int n)
{
	struct holder	*holder;
	int		 hold[2];
	char		 c;

	if ((holder = calloc(1, sizeof(*holder))) == NULL)
		return -1;
	if (pipe2(hold, O_CLOEXEC) == -1) {
		free(holder);
		return -1;
	}
	fds[n++] = hold[0];
	holder->child.name = "holder of counters";
	switch (child_fork(&holder->child, SIG_IGN, fds, n)) {
	case -1:
		close(hold[0]);
		close(hold[1]);
		free(holder);
		return -1;
	case 0:
		setproctitle("engine, closing");
		while (read(hold[0], &c, 1) == -1 && errno == EINTR)
			continue;
		_exit(0);
	}
	SLIST_INSERT_HEAD(&holders, holder, entry);
	close(hold[0]);
	return hold[1];
}

/* After SIGCHLD: forget the processes that have let go of their counters. */
void
counter_reap(void)
{
	struct holder	*holder, *next;
	int		 status;

	SLIST_FOREACH_SAFE(holder, &holders, entry, next)
		if (child_reap(&holder->child, &status)) {
			SLIST_REMOVE(&holders, holder, holder, entry);
			free(holder);
		}
}
