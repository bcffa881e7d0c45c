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
 * The log: standard error, syslog(3), or both while a daemon starts.  It does
 * not wait: what is not taken at once is lost, counted, and reported as one
 * line when lines are taken again.  Nothing in here allocates memory.
 */

#include <sys/time.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "service.h"

static enum log_to	 to = LOG_TO_STDERR;
static int		 threshold = LOG_INFO;

/* Who asked for what is being done now, and hears what is logged of it. */
static void		 (*listener)(unsigned int, const char *);
static unsigned int	 listener_number;

/* Standard error. */
static int		 waits;		/* for its reader */
static int		 cut;		/* its last line has no end */
static unsigned long	 lost;		/* lines */

static void	vlog(int, int, const char *, va_list)
		    __attribute__((__format__(printf, 3, 0)));
static void	put(int, const char *, const char *, ...)
		    __attribute__((__format__(printf, 3, 4)));
static int	catch_up(void);
static int	write_line(int, const char *, const char *);
static int	is_ready(void);
static ssize_t	write_now(const char *, size_t);
static void	on_alarm(int);
static size_t	printable_length(const unsigned char *, size_t);
static int	is_visible(uint32_t);

/* Log messages up to this priority. */
void
log_level(int priority)
{
	threshold = priority;
}

/*
 * Choose where messages go.  The first choice but LOG_TO_STDERR opens the
 * connection to syslogd and reads the time zone, for a process that will
 * have no file system.  LOG_TO_NOBODY closes it.
 */
void
log_open(enum log_to where)
{
	if (to == LOG_TO_STDERR && where != LOG_TO_NOBODY &&
	    where != LOG_TO_STDERR) {
		openlog(getprogname(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
		tzset();
	} else if (to != LOG_TO_STDERR && where == LOG_TO_NOBODY)
		closelog();
	to = where;
}

/*
 * In a child that has something to say: what the parent lost is the parent's
 * to report, and its connection may be closed here.
 */
void
log_child(void)
{
	lost = 0;
	if (to == LOG_TO_BOTH || to == LOG_TO_SYSLOG)
		openlog(getprogname(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

/* Before the end: report what was lost if that is taken now. */
void
log_close(void)
{
	if (to == LOG_TO_STDERR || to == LOG_TO_BOTH)
		catch_up();
	if (to == LOG_TO_BOTH || to == LOG_TO_SYSLOG)
		closelog();
}

/*
 * Wait for the reader of standard error, as a program does whose messages
 * are all that was asked for.
 */
void
log_wait(void)
{
	waits = 1;
}

/*
 * Until this is called with NULL, messages are also given to the callback,
 * with this number for it.  It must not log.
 */
void
log_listen(void (*callback)(unsigned int, const char *), unsigned int number)
{
	listener = callback;
	listener_number = number;
}

/* One line; a message longer than that is cut. */
static void
vlog(int priority, int error, const char *fmt, va_list ap)
{
	char	 message[1536];

	vsnprintf(message, sizeof(message), fmt, ap);
	if (error != 0)
		put(priority, getprogname(), "%s: %s", message,
		    strerror(error));
	else
		put(priority, getprogname(), "%s", message);
}

/* The one place where a line leaves; the tag may be NULL.  Keeps errno. */
static void
put(int priority, const char *tag, const char *fmt, ...)
{
	char	 message[2048];
	va_list	 ap;
	int	 saved = errno;

	if (priority > threshold || to == LOG_TO_NOBODY)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (listener != NULL)
		listener(listener_number, message);
	if (to != LOG_TO_STDERR)
		syslog(priority, "%s", message);
	if (to != LOG_TO_SYSLOG && (catch_up() == -1 ||
	    write_line(priority, tag, message) == -1))
		lost++;
	errno = saved;
}

/* Report the lines that standard error lost.  Returns -1 if it loses more. */
static int
catch_up(void)
{
	char	 message[64];

	if (lost == 0)
		return 0;
	snprintf(message, sizeof(message), "log: %lu lines lost", lost);
	if (write_line(LOG_WARNING, getprogname(), message) == -1)
		return -1;
	lost = 0;
	return 0;
}

/*
 * Write a line to standard error.  Returns -1 if not all of it was taken;
 * the next one then begins with the end of this one.
 */
static int
write_line(int priority, const char *tag, const char *message)
{
	char	 line[2200], prefix[64] = "";
	ssize_t	 n;
	int	 i, len;

	if (!journal_prefix(prefix, sizeof(prefix), priority) && tag != NULL)
		snprintf(prefix, sizeof(prefix), "%s: ", tag);
	len = snprintf(line, sizeof(line), "%s%s%s\n", cut ? "\n" : "",
	    prefix, message);
	for (i = 0; i < len; i += n) {
		/* a pipe that is ready takes so much at once */
		n = len - i > PIPE_BUF ? PIPE_BUF : len - i;
		if (!is_ready() || (n = write_now(line + i, n)) <= 0)
			return -1;
		cut = line[i + n - 1] != '\n';
	}
	return 0;
}

/*
 * Its flags are the caller's, who may want to wait for it.  A process that may
 * have no descriptors cannot ask.
 */
static int
is_ready(void)
{
	struct pollfd	 pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pfd, 1, waits ? -1 : 0) == -1)
		return errno == EINVAL;
	return (pfd.revents & POLLOUT) != 0;
}

/*
 * write(2) that ends after some milliseconds with what it has written: a
 * terminal may be ready for less than a line, and others may write to the
 * same pipe.  Where a signal cannot end it, as on NFS, nothing can.
 */
static ssize_t
write_now(const char *buf, size_t len)
{
	static const struct itimerval	 soon = { { 0, 1000 }, { 0, 1000 } };
	static const struct itimerval	 never;
	struct sigaction		 sa;
	ssize_t				 n;

	if (waits)
		return write(STDERR_FILENO, buf, len);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_alarm;	/* and no SA_RESTART */
	sigemptyset(&sa.sa_mask);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	n = write(STDERR_FILENO, buf, len);
	setitimer(ITIMER_REAL, &never, NULL);
	return n;
}

static void
on_alarm(int sig)
{
}

/*
 * An error in a file; line 0 means the file as a whole.  On standard error
 * it begins with the file's name, for editors to jump there.
 */
void
log_at(const char *file, int line, const char *fmt, ...)
{
	char	 message[1024];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (line != 0)
		put(LOG_ERR, NULL, "%s:%d: %s", file, line, message);
	else
		put(LOG_ERR, NULL, "%s: %s", file, message);
}

/*
 * Copy bytes of unknown origin as text for a terminal or a log: what can be
 * seen, in ASCII and UTF-8, and blanks and tabs as they are; all else as
 * \ooo.  Writes at most size bytes with the terminating NUL.  Returns how
 * many bytes of the source that took.
 */
size_t
log_printable(char *dst, size_t size, const char *src, size_t len)
{
	const unsigned char	*s = (const unsigned char *)src;
	size_t			 i = 0, n;

	while (i < len) {
		if ((n = printable_length(s + i, len - i)) != 0) {
			if (n >= size)
				break;
			memcpy(dst, s + i, n);
			i += n;
		} else {
			if ((n = 4) >= size)
				break;
			snprintf(dst, size, "\\%03o", s[i++]);
		}
		dst += n;
		size -= n;
	}
	*dst = '\0';
	return i;
}

/* Bytes of the printable character at s, or 0 if there is none. */
static size_t
printable_length(const unsigned char *s, size_t len)
{
	uint32_t	 c;
	size_t		 n, i;

	if (s[0] == '\t' || (s[0] >= ' ' && s[0] < 0x7f))
		return 1;
	if (s[0] >= 0xc2 && s[0] < 0xe0) {
		n = 2;
		c = s[0] & 0x1f;
	} else if (s[0] >= 0xe0 && s[0] < 0xf0) {
		n = 3;
		c = s[0] & 0x0f;
	} else if (s[0] >= 0xf0 && s[0] < 0xf5) {
		n = 4;
		c = s[0] & 0x07;
	} else
		return 0;
	if (n > len)
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	/* an overlong form is not UTF-8 */
	if ((n == 3 && c < 0x800) || (n == 4 && c < 0x10000) || !is_visible(c))
		return 0;
	return n;
}

/*
 * Does a reader see that this character is there, and which one?  Not if it is
 * a control, a format character, which hides, joins or reverses what is next
 * to it, a separator, which may be blank or end the line, or one that has no
 * meaning but what a font gives it.
 */
static int
is_visible(uint32_t c)
{
	static const struct {
		uint32_t	 first;
		uint32_t	 last;
	}		 invisible[] = {
		{ 0x80, 0xa0 },			/* controls; no-break space */
		{ 0xad, 0xad },			/* soft hyphen */
		{ 0x34f, 0x34f },		/* grapheme joiner */
		{ 0x600, 0x605 },		/* Arabic number signs */
		{ 0x61c, 0x61c },		/* direction */
		{ 0x6dd, 0x6dd },
		{ 0x70f, 0x70f },
		{ 0x890, 0x891 },
		{ 0x8e2, 0x8e2 },
		{ 0x115f, 0x1160 },		/* Hangul fillers */
		{ 0x1680, 0x1680 },
		{ 0x17b4, 0x17b5 },		/* Khmer inherent vowels */
		{ 0x180b, 0x180f },		/* Mongolian selectors */
		{ 0x2000, 0x200f },		/* spaces, joiners, direction */
		{ 0x2028, 0x202f },		/* separators, direction */
		{ 0x205f, 0x206f },		/* operators, direction */
		{ 0x3000, 0x3000 },
		{ 0x3164, 0x3164 },
		{ 0xd800, 0xf8ff },		/* surrogates, private use */
		{ 0xfdd0, 0xfdef },		/* no characters */
		{ 0xfe00, 0xfe0f },		/* variation selectors */
		{ 0xfeff, 0xfeff },		/* byte order mark */
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },		/* annotation */
		{ 0x110bd, 0x110bd },		/* Kaithi number signs */
		{ 0x110cd, 0x110cd },
		{ 0x13430, 0x1343f },		/* hieroglyphs' layout */
		{ 0x1bca0, 0x1bca3 },		/* shorthand */
		{ 0x1d173, 0x1d17a },		/* musical beams and slurs */
		{ 0x40000, UINT32_MAX }		/* tags, private use, or none */
	};
	size_t		 i;

	for (i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++)
		if (c >= invisible[i].first && c <= invisible[i].last)
			return 0;
	return (c & 0xfffe) != 0xfffe;
}

/* A failure, with the text of errno. */
void
log_warn(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_WARNING, errno, fmt, ap);
	va_end(ap);
}

/* A failure. */
void
log_warnx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_WARNING, 0, fmt, ap);
	va_end(ap);
}

/* What somebody has asked for. */
void
log_notice(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_NOTICE, 0, fmt, ap);
	va_end(ap);
}

/* Runs and changes of state. */
void
log_info(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, 0, fmt, ap);
	va_end(ap);
}

/* What only -v shows. */
void
log_debug(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_DEBUG, 0, fmt, ap);
	va_end(ap);
}

/* Log a failure with the text of errno and exit with 1. */
void
fatal(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, errno, fmt, ap);
	va_end(ap);
	log_close();
	exit(1);
}

/* Log a failure and exit with 1. */
void
fatalx(const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vlog(LOG_CRIT, 0, fmt, ap);
	va_end(ap);
	log_close();
	exit(1);
}
