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
 * Drive a kind of counter through its table, as counter.c and the engine do:
 * kind name interface [in|out|both [immediate]].  Reads commands, a line each,
 * and prints an answer to each:
 *
 *	attach		0 or what errno says
 *	attached	1 or 0
 *	count		the total
 *	reach N		the total, as soon as it is N, or after 20 s
 *	listen MS N	as the engine does for an immediate counter, until the
 *			total is N or for so long: the total, how often it
 *			woke, and the milliseconds that took
 *	limit		as a new engine begins
 *	rename NAME	look for another name from now on
 *	detach		"detached"
 */

#include <sys/epoll.h>
#include <sys/resource.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../counter.h"

#define REACH_MS	20000

extern const struct kind	 kind_tcx;

static const struct kind	*kinds[] = { &kind_tcx, NULL };

static void	 usage(void) __attribute__((__noreturn__));
static void	 obey(struct counter *, const struct kind *, const char *);
static uint64_t	 total(struct counter *);
static void	 reach(struct counter *, uint64_t);
static void	 listen_for(struct counter *, int64_t, uint64_t);
static int64_t	 now_ms(void);

#ifdef OWN_COUNT_STORE
void
count_store(struct count *count, uint64_t packets, uint64_t number,
    int64_t looked)
{
	struct slot	*next = &count->slot[(count->turn + 1) % 2];

	next->total = packets;
	next->number = number;
	next->looked = looked;
	count->turn++;
}
#endif

static void
usage(void)
{
	fprintf(stderr,
	    "usage: kind name interface [in|out|both [immediate]]\n");
	exit(1);
}

static int64_t
now_ms(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static uint64_t
total(struct counter *counter)
{
	if (counter->tap.kind != NULL)
		counter->tap.kind->sample(counter, now_ms());
	return counter->count->slot[counter->count->turn % 2].total;
}

static void
reach(struct counter *counter, uint64_t n)
{
	int64_t	 until = now_ms() + REACH_MS;

	while (total(counter) < n && now_ms() < until)
		poll(NULL, 0, 5);
	printf("%" PRIu64 "\n", total(counter));
}

/* Wait for the descriptor, not again within a millisecond. */
static void
listen_for(struct counter *counter, int64_t ms, uint64_t n)
{
	struct epoll_event	 ev = { .events = EPOLLIN };
	struct timespec		 mute = { 0, 1000000 };
	int64_t			 began = now_ms(), left;
	unsigned int		 wakes = 0;
	int			 ep;

	if ((ep = epoll_create1(0)) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, counter->tap.fd, &ev) == -1)
		err(1, "epoll");
	while (total(counter) < n && (left = began + ms - now_ms()) > 0) {
		switch (epoll_wait(ep, &ev, 1, left)) {
		case -1:
			err(1, "epoll_wait");
		case 1:
			wakes++;
			if (counter->tap.kind->drain(counter) == -1)
				errx(1, "drain");
			total(counter);
			nanosleep(&mute, NULL);
		}
	}
	close(ep);
	printf("%" PRIu64 " %u %" PRId64 "\n", total(counter), wakes,
	    now_ms() - began);
}

static void
obey(struct counter *counter, const struct kind *kind, const char *command)
{
	struct tap	*tap = &counter->tap;
	long		 ms;
	uint64_t	 n;

	if (strcmp(command, "attach") == 0) {
		if (kind->attach(counter, -1) == -1)
			printf("%s\n", strerror(errno));
		else {
			tap->kind = kind;
			counter->count->slot[counter->count->turn % 2].number =
			    0;
			printf("0\n");
		}
	} else if (strcmp(command, "attached") == 0)
		printf("%d\n", tap->kind != NULL && kind->attached(counter));
	else if (strcmp(command, "count") == 0)
		printf("%" PRIu64 "\n", total(counter));
	else if (sscanf(command, "reach %" SCNu64, &n) == 1)
		reach(counter, n);
	else if (sscanf(command, "listen %ld %" SCNu64, &ms, &n) == 2)
		listen_for(counter, ms, n);
	else if (strcmp(command, "limit") == 0)
		printf("%d\n", kind->limit(counter));
	else if (sscanf(command, "rename %15s", counter->ifname) == 1)
		printf("%s\n", counter->ifname);
	else if (strcmp(command, "detach") == 0) {
		total(counter);
		kind->detach(counter);
		printf("detached\n");
	} else
		errx(1, "what is %s", command);
	fflush(stdout);
}

int
main(int argc, char *argv[])
{
	struct counter	 counter;
	struct count	 count;
	char		 line[64];
	int		 i;

	if (argc < 3 || argc > 5)
		usage();
	for (i = 0; kinds[i] != NULL && strcmp(kinds[i]->name, argv[1]); i++)
		continue;
	if (kinds[i] == NULL)
		errx(1, "no kind %s", argv[1]);
	memset(&count, 0, sizeof(count));
	memset(&counter, 0, sizeof(counter));
	TAILQ_INIT(&counter.rules);
	counter.count = &count;
	counter.tap.fd = -1;
	snprintf(counter.ifname, sizeof(counter.ifname), "%s", argv[2]);
	if (argc > 3)
		counter.direction = strcmp(argv[3], "in") == 0 ? DIRECTION_IN :
		    strcmp(argv[3], "out") == 0 ? DIRECTION_OUT :
		    DIRECTION_BOTH;
	counter.immediate = argc > 4;
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		obey(&counter, kinds[i], line);
	}
	return 0;
}
