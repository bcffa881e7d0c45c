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
 * Counting and watching interfaces: what differs from system to system by
 * nature.  counter.c owns the counters; each kind of counter has a file of
 * its own: counter_bpf.c for the BSDs, counter_tcx.c, counter_packet.c and
 * counter_nflog.c for Linux.  iface_route.c and iface_linux.c watch.
 */

#ifndef COUNTER_H
#define COUNTER_H

#include "bpfstatsd.h"

/* A way to count; chosen once, when a counter is attached. */
struct kind {
	const char	*name;		/* for messages */
	int		 wants_spare;	/* attach() takes a counter_open() */

	/*
	 * Attach a counter to its interface, for its direction and filter,
	 * and lock it: it delivers no packet to anybody and counts from now
	 * on, beginning at number 0.  An immediate one's tap.fd becomes
	 * readable when a packet arrives.  That is one of counter_open() if
	 * it wants that, else -1.  Fills in tap but for kind; nfds, if it
	 * takes more than one.  Returns 0, or -1 with errno, and then tap.fd
	 * is the caller's to close; ENXIO or ENODEV: no such interface.
	 */
	int		(*attach)(struct counter *);

	/* Free what attach() made besides tap.fd; NULL: nothing. */
	void		(*detach)(struct counter *);

	/*
	 * Where closing takes milliseconds: list the descriptors that take
	 * them, at most MAX_DESCRIPTORS.  Returns how many; NULL elsewhere.
	 */
	int		(*slow)(const struct counter *, int *);
#define MAX_DESCRIPTORS	2

	/*
	 * Is it still attached to the interface of the counter's name?  Not
	 * if that is gone, or another one has its name now.
	 */
	int		(*attached)(const struct counter *);

	/*
	 * Add what the kernel counted since the last sample to the total, and
	 * note the time of the look, by count_store().  For the engine, in
	 * its sandbox, or for the parent where there is none.  If the system
	 * has forgotten the number with the interface nothing is added.
	 * Killed at any point it neither loses a packet nor counts one twice.
	 */
	void		(*sample)(struct counter *, int64_t);

	/*
	 * Make an immediate counter's tap.fd unreadable until the next packet
	 * arrives.  Called before sample().  Returns 0, or -1 if it is dead
	 * and must not be waited for again.
	 */
	int		(*drain)(struct counter *);

	/*
	 * In the engine, before its sandbox closes: prepare, and limit what
	 * can be done with the descriptors.  Returns 0, or -1 with errno.
	 * NULL: there is nothing to do.
	 */
	int		(*limit)(struct counter *);
};

/* The system's file. */

/*
 * Can an interface have this name?  If there are several ways to write it the
 * name is changed in place to the one that all others know.  Returns NULL, or
 * what is wrong with it.
 */
const char	*counter_name(char *);

/*
 * The kinds to try for a counter, in this order, NULL at the end.  The next
 * one is tried when attach() fails for lack of a right or of something in the
 * kernel.
 */
const struct kind *const *counter_kinds(const struct counter *);

/*
 * Open what some kinds need to attach: close-on-exec, counting nothing yet.
 * This alone may need a privilege.  Returns a descriptor, or -1 with errno.
 */
int		 counter_open(void);

/* Descriptors that the system can stand. */
extern const unsigned int	 counter_max;

/* What counter_open() opens, for messages. */
extern const char	 counter_device[];

/* What to do about an errno of counter_open() or attach(), or NULL. */
const char	*counter_remedy(int);

/*
 * Does a counter on this interface ring on packets even if no rule wants
 * that, so that all of its rules can share one?
 */
int		 counter_listens(const char *);

/* counter.c */
int		 counter_add_all(struct conf *);
void		 counter_carry_all(struct conf *, struct conf *);
int		 counter_prepare(const struct conf *);
void		 counter_retry(struct conf *);
int		 counter_attach_some(struct conf *, int, unsigned int, int64_t);
#define COUNTER_NEW	1
#define COUNTER_MORE	2
#define COUNTER_AGAIN	4
int		 counter_blind(const struct counter *);
int		 counter_denied(struct conf *);
int		 counter_mark_gone(struct conf *);
int		 counter_named(const struct counter *);
int		 counter_detach_gone(struct conf *);
void		 counter_begin(struct conf *);
void		 counter_detach_all(struct conf *, int);
void		 counter_reap(void);

/*
 * iface_route.c, iface_linux.c: a non-blocking, close-on-exec descriptor that
 * is readable when interfaces have come or gone, or -1 with errno.
 */
int		 iface_open(void);

/* Can it lose what it has to tell, without a word? */
int		 iface_loses(int);

/*
 * Read all that the descriptor holds.  Returns 1 if an interface may have
 * come, gone or changed its name, or messages were lost; else 0.
 */
int		 iface_changed(int);

/*
 * iface_route.c, iface_linux.c: the link type, a DLT_ number, of an interface
 * as a filter's program sees its packets; of one that is not there a guess by
 * its name.  Or -1 with EPFNOSUPPORT: filters cannot be used on it.
 */
int		 iface_dlt(const char *);

/* iface_route.c: is it a loopback interface? */
int		 iface_loops(const char *);

#endif
