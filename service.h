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
 * Who may have started us and expects more than an exit status: a service
 * manager or a container.  Where there is nothing like that, compat.h does
 * not define HAVE_SERVICE, and all of this is empty.
 */

#ifndef SERVICE_H
#define SERVICE_H

#ifdef HAVE_SERVICE
#include <stddef.h>
#include <stdint.h>

/* compat/notify.c: systemd(1) */
int	 notify_open(char **);
void	 notify(const char *, ...)
	    __attribute__((__format__(printf, 1, 2)));
int	 notify_wanted(void);
int64_t	 notify_watchdog(void);

/* compat/journal.c: its journal as standard error */
void	 journal_open(char **);
int	 journal_prefix(char *, size_t, int);

/* compat/pid1.c: a container */
int	 pid1_fork(void);
#else
#define notify_open(environment)		0
#define notify(...)				((void)0)
#define notify_wanted()				0
#define notify_watchdog()			0
#define journal_open(environment)		((void)0)
#define journal_prefix(buf, size, priority)	0
#define pid1_fork()				0
#endif

#endif
