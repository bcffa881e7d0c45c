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
 * syslog(3) that does not wait, as OpenBSD's sendsyslog(2) does not: of what
 * syslogd has no room for only the number is kept, and sent before the next
 * message that it takes.  openlog(3) begins afresh without the one, and
 * closelog(3) tries to send it.  The lines are those that the C library sends,
 * always with the process id.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static int	reach(void);
static int	reach_by(int);
static int	catch_up(void);
static int	send_line(int, const char *);

static const char	*tag;
static int		 facility;
static int		 fd = -1;
static int		 is_stream;
static unsigned long	 lost;		/* messages */

void
compat_openlog(const char *ident, int options, int new_facility)
{
	tag = ident;
	facility = new_facility;
	lost = 0;
	reach();
}

void
compat_syslog(int priority, const char *fmt, ...)
{
	char	 text[2048];
	va_list	 ap;
	int	 saved = errno;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (catch_up() == -1 || send_line(priority, text) == -1)
		lost++;
	errno = saved;
}

void
compat_closelog(void)
{
	catch_up();
	if (fd != -1)
		close(fd);
	fd = -1;
}

/* Connect to syslogd afresh.  Returns 0 or -1. */
static int
reach(void)
{
	if (fd != -1)
		close(fd);
	fd = -1;
	is_stream = 0;
	if (reach_by(SOCK_DGRAM) == 0)
		return 0;
	if (errno != EPROTOTYPE || reach_by(SOCK_STREAM) == -1)
		return -1;
	is_stream = 1;
	return 0;
}

static int
reach_by(int type)
{
	struct sockaddr_un	 address = {
		.sun_family = AF_UNIX,
		.sun_path = _PATH_LOG
	};

	if ((fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) ==
	    -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	close(fd);
	fd = -1;
	return -1;
}

/* Report what was lost.  Returns -1 if more would be. */
static int
catch_up(void)
{
	char	 text[64];

	if (lost == 0)
		return 0;
	snprintf(text, sizeof(text), "log: %lu lines lost", lost);
	if (send_line(LOG_WARNING, text) == -1)
		return -1;
	lost = 0;
	return 0;
}

/*
 * Send a line, by another connection if there is a new syslogd.  A stream's
 * end with a NUL.  Returns 0, or -1 if it was not taken.
 */
static int
send_line(int priority, const char *text)
{
	struct tm	 tm;
	time_t		 now = time(NULL);
	char		 line[2200], stamp[32] = "";
	int		 len;

	if (localtime_r(&now, &tm) != NULL)
		strftime(stamp, sizeof(stamp), "%b %e %T ", &tm);
	len = snprintf(line, sizeof(line), "<%d>%s%s[%ld]: %s",
	    facility | priority, stamp, tag, (long)getpid(), text);
	if (fd != -1) {
		if (send(fd, line, len + is_stream, MSG_NOSIGNAL) != -1)
			return 0;
		if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
			return -1;
	}
	if (reach() == -1)
		return -1;
	return send(fd, line, len + is_stream, MSG_NOSIGNAL) == -1 ? -1 : 0;
}
