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
 * What OpenBSD's libc has and another system's lacks.  Included before all
 * else in each file, on the systems named below.
 */

#ifndef COMPAT_H
#define COMPAT_H

#include <sys/types.h>

/*
 * All files stay visible.  The engine has an empty root directory, the parent
 * must see whatever a reload may name.
 */
#define unveil(path, permissions)	0

/*
 * For what can only be read.  On Linux pledge(2)'s counterpart forbids what
 * this forbids; NetBSD has nothing of the kind.
 */
#ifdef __FreeBSD__
#include <sys/mman.h>
#endif
#ifdef PROT_MAX
#define mimmutable(address, len) \
	mprotect(address, len, PROT_READ | PROT_MAX(PROT_READ))
#else
#define mimmutable(address, len)	0
#endif

#ifdef __linux__
#include <sys/auxv.h>
#include <unistd.h>

/* see service.h */
#define HAVE_SERVICE

#define issetugid()	(getauxval(AT_SECURE) != 0)

/* before pledge(): what the engine may receive more than a byte from */
void	 pledge_receive(int);
void	 compat_setproctitle(const char *, ...)
	    __attribute__((__format__(printf, 1, 2)));
int	 compat_setresuid(uid_t, uid_t, uid_t);
int	 pledge(const char *, const char *);

/* does nothing before it is called */
#define setproctitle	compat_setproctitle
/* gives up capabilities as well */
#define setresuid	compat_setresuid
#endif

#include <syslog.h>
#include <time.h>

/* the clock that stops while the machine sleeps */
#ifndef CLOCK_UPTIME
#define CLOCK_UPTIME	CLOCK_MONOTONIC
#endif

void	 compat_openlog(const char *, int, int);
void	 compat_syslog(int, const char *, ...)
	    __attribute__((__format__(printf, 2, 3)));
void	 compat_closelog(void);

/* these never wait; fortified, the others are macros */
#undef openlog
#undef syslog
#undef closelog
#define openlog		compat_openlog
#define syslog		compat_syslog
#define closelog	compat_closelog

#if defined(__FreeBSD__) || defined(__NetBSD__)
int	 pledge(const char *, const char *);
#endif

#ifdef __NetBSD__
#define getifaddrs	compat_getifaddrs	/* ifaddrs.h declares it */

/* ours are always three times the same, which is what these set there */
#define setresgid(rgid, egid, sgid)	setgid(rgid)
#define setresuid(ruid, euid, suid)	setuid(ruid)
#endif

#endif
