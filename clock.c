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
 * The clock, and timers that follow it.
 */

#include <time.h>

#include "bpfstatsd.h"

/*
 * The clock of everything: nanoseconds that no change of date moves and that
 * stop while the machine is suspended.
 */
int64_t
now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_UPTIME, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/*
 * Set a timer of libevent so many nanoseconds ahead, but counted from the
 * beginning of this turn of its loop: it may come early.  Without memory for
 * it this is the end: all that happens in time depends on it.
 */
void
timer_in(struct event *ev, int64_t ns)
{
	struct timeval	 tv = { 0, 0 };

	if (ns > 0) {
		tv.tv_sec = ns / NSEC;
		tv.tv_usec = ns % NSEC / 1000;
	}
	if (evtimer_add(ev, &tv) == -1)
		fatal("evtimer_add");
}
