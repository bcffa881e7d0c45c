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
 * Telling a service manager how we are: the datagrams that systemd(1) expects
 * from a service of Type=notify.  Without NOTIFY_SOCKET in the environment
 * nothing happens.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

static const char	*value(char **, const char *);
static int64_t		 number(char **, const char *);

static int	manager = -1;
static int64_t	watchdog;		/* ns, or 0 */

/*
 * Connect to the socket that the environment names, if it does.  A name that
 * begins with @ is an abstract one.  Returns 0, also if nobody is there to be
 * told, or -1 with errno.
 */
int
notify_open(char **environment)
{
	struct sockaddr_un	 address;
	const char		*name = value(environment, "NOTIFY_SOCKET");
	socklen_t		 len;

	if (name == NULL || (name[0] != '/' && name[0] != '@'))
		return 0;
	if (strlen(name) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	memcpy(address.sun_path, name, strlen(name));
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	len = offsetof(struct sockaddr_un, sun_path) + strlen(name);
	if ((manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return -1;
	/* now: pledge(2) lets nobody name an address later */
	if (connect(manager, (struct sockaddr *)&address, len) == -1) {
		close(manager);
		manager = -1;
	}
	/* it may be another's, which started us */
	if (value(environment, "WATCHDOG_PID") == NULL ||
	    number(environment, "WATCHDOG_PID") == getpid())
		watchdog = number(environment, "WATCHDOG_USEC") * 1000;
	return 0;
}

/* The value of a variable, or NULL. */
static const char *
value(char **environment, const char *name)
{
	size_t	 len = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, len) == 0 &&
		    (*environment)[len] == '=')
			return *environment + len + 1;
	return NULL;
}

/* The same as a positive number, or 0. */
static int64_t
number(char **environment, const char *name)
{
	const char	*text = value(environment, name), *error;

	return text == NULL ? 0 : strtonum(text, 1, INT64_MAX / 1000, &error);
}

/* Is there a manager that listens? */
int
notify_wanted(void)
{
	return manager != -1;
}

/*
 * How often the manager wants to hear WATCHDOG=1, in nanoseconds: twice in
 * the time after which it takes us for dead.  0: never.
 */
int64_t
notify_watchdog(void)
{
	return manager == -1 ? 0 : watchdog / 2;
}

/* Send one message, lines of NAME=value; one that cannot be sent is lost. */
void
notify(const char *fmt, ...)
{
	char	 message[256];
	va_list	 ap;
	int	 len;

	if (manager == -1)
		return;
	va_start(ap, fmt);
	len = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (len > 0 && (size_t)len < sizeof(message) &&
	    send(manager, message, len, 0) == -1)
		return;
}
