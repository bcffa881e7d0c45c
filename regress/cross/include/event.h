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
 * What bpfstatsd uses of libevent 1.4, declared for compiling where there is
 * no libevent.  Only its names and types are right: nothing here works.
 */

#ifndef CROSS_EVENT_H
#define CROSS_EVENT_H

#include <sys/types.h>
#include <sys/time.h>

#include <stdarg.h>
#include <stddef.h>

#define EV_TIMEOUT	0x01
#define EV_READ		0x02
#define EV_WRITE	0x04
#define EV_SIGNAL	0x08
#define EV_PERSIST	0x10

struct event_base;

struct event {
	int	 ev_fd;
	void	*opaque[32];
};

#define EVLOOP_ONCE	0x01

#define EVENT_FD(ev)	((ev)->ev_fd)

#define _EVENT_LOG_WARN	2

struct event_base	*event_init(void);
void			 event_set_log_callback(void (*)(int, const char *));
int			 event_add(struct event *, const struct timeval *);
int			 event_del(struct event *);
int			 event_dispatch(void);
int			 event_loop(int);
int			 event_loopexit(const struct timeval *);
int			 event_pending(struct event *, short, struct timeval *);
void			 event_active(struct event *, int, short);
void			 event_set(struct event *, int, short,
			    void (*)(int, short, void *), void *);

/* evbuffers */
struct evbuffer {
	size_t	 off;
};

#define EVBUFFER_LENGTH(buffer)	((buffer)->off)

struct evbuffer		*evbuffer_new(void);
void			 evbuffer_free(struct evbuffer *);
int			 evbuffer_add(struct evbuffer *, const void *, size_t);
int			 evbuffer_add_vprintf(struct evbuffer *, const char *,
			    va_list);
int			 evbuffer_write(struct evbuffer *, int);

#define evtimer_set(ev, cb, arg)	event_set(ev, -1, 0, cb, arg)
#define evtimer_add(ev, tv)		event_add(ev, tv)
#define evtimer_del(ev)			event_del(ev)
#define evtimer_pending(ev, tv)		event_pending(ev, EV_TIMEOUT, tv)

#define signal_set(ev, sig, cb, arg)	\
	event_set(ev, sig, EV_SIGNAL | EV_PERSIST, cb, arg)
#define signal_add(ev, tv)		event_add(ev, tv)
#define signal_del(ev)			event_del(ev)

#endif
