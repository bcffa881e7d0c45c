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
 * Something to link bpfstatsd with where there is no libevent.
 */

#include <event.h>
#include <stddef.h>

struct event_base *
event_init(void)
{
	return NULL;
}

void
event_set_log_callback(void (*cb)(int, const char *))
{
}

int
event_add(struct event *event, const struct timeval *time)
{
	return -1;
}

int
event_del(struct event *event)
{
	return -1;
}

int
event_dispatch(void)
{
	return -1;
}

int
event_loop(int flags)
{
	(void)flags;
	return -1;
}

int
event_loopexit(const struct timeval *time)
{
	return -1;
}

int
event_pending(struct event *event, short what, struct timeval *time)
{
	return 0;
}

void
event_active(struct event *event, int what, short calls)
{
}

void
event_set(struct event *event, int fd, short what,
    void (*callback)(int, short, void *), void *arg)
{
}

struct evbuffer *
evbuffer_new(void)
{
	return NULL;
}

void
evbuffer_free(struct evbuffer *buffer)
{
}

int
evbuffer_add(struct evbuffer *buffer, const void *data, size_t len)
{
	return -1;
}

int
evbuffer_add_vprintf(struct evbuffer *buffer, const char *fmt, va_list ap)
{
	return -1;
}

int
evbuffer_write(struct evbuffer *buffer, int fd)
{
	return -1;
}
