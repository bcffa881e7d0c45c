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
 * nature.  counter_bpf.c and iface_route.c serve the BSDs, counter_linux.c
 * and iface_linux.c serve Linux.
 */

#ifndef COUNTER_H
#define COUNTER_H

#include "bpfstatsd.h"

/*
 * Open a descriptor that can be attached to the interface, or if that is
 * NULL to any that is a real one; it is read-only where the system knows
 * that, close-on-exec and counts nothing yet.  This alone may need a
 * privilege.  Returns the descriptor, or -1 with errno.
 */
int	 counter_open(const char *);

/* The number of an interface that can be counted on, or 0: there is none. */
unsigned int counter_index(const char *);

/*
 * Is a counter on this interface readable on packets even if no rule wants
 * that, so that all of its rules can share one?
 */
int	 counter_listens(const char *);

/* What counter_open() opens, for messages. */
extern const char	 counter_device[];

/* What to do about an errno of counter_open(), or NULL. */
const char *counter_remedy(int);

/*
 * Attach a descriptor of counter_open() to the counter's interface, for its
 * direction, and lock it: it delivers no packet to anybody and counts from
 * now on, beginning at 0.  An immediate one becomes readable when a packet
 * arrives.  Fills in fd, ifindex and count's base line, which no engine may
 * be writing.  Returns 0, or -1 with errno, the descriptor still open;
 * ENXIO says that there is no such interface.
 */
int	 counter_attach(struct counter *, int);

/*
 * Close the counters of a configuration that are gone, or all that are open;
 * where closing one takes its time, several at once.
 */
void	 counter_close(struct conf *, int);

/*
 * Is the descriptor still attached to the interface of the counter's name?
 * Not if the interface is gone, or another one has its name now.
 */
int	 counter_attached(const struct counter *);

/*
 * Add what the kernel counted since the last sample to the counter's total.
 * For the engine, in its sandbox, or where there is none for the parent.  If
 * the system has forgotten the number with the interface nothing is added.
 * Killed at any point it neither loses a packet nor counts one twice.
 */
void	 counter_sample(struct counter *);

/*
 * Make an immediate counter unreadable until the next packet arrives.  To be
 * called before counter_sample().  Returns 0, or -1 if the descriptor is
 * dead and must not be waited for again.
 */
int	 counter_drain(struct counter *);

/*
 * Before the engine's sandbox closes: limit what can be done with the
 * counter's descriptor, where the system can.  Returns 0, or -1 with errno.
 */
int	 counter_limit(const struct counter *);

/*
 * After a reload: make a counter that was carried over, if it is open, what
 * its new rules want.
 */
void	 counter_tune(const struct counter *);

/*
 * A non-blocking, close-on-exec descriptor that is readable when interfaces
 * have come or gone, or -1 with errno.
 */
int	 iface_open(void);

/*
 * Read all that the descriptor holds.  Returns 1 if an interface may have
 * come, gone or changed its name, or messages were lost; else 0.
 */
int	 iface_changed(int);

#endif
