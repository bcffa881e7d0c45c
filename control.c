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
 * The control socket, and the lock beside it that makes a daemon the only one.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define BACKLOG		16

static struct server {
	const char	*path;		/* NULL: there is none */
	int		 fd;
} server = { .fd = -1 };

static void	take_lock(const char *);
static void	remove_leftover(const char *);
static void	listen_at(const struct sockaddr_un *);

/*
 * Be the only daemon with the socket of this absolute path, which must stay
 * valid, until this process ends; and listen there.  Exits if that cannot be.
 * To be called before the daemon goes to the background: the lock goes on to
 * who is forked.
 */
void
control_open(const char *path)
{
	struct sockaddr_un	 address = { .sun_family = AF_UNIX };

	if (strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path))
		fatalx("%s: longer than %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	take_lock(path);
	remove_leftover(path);
	listen_at(&address);
	server.path = path;
}

/* The lock is let go of by the end of the process, and by nothing else. */
static void
take_lock(const char *path)
{
	char		 lock[sizeof(struct sockaddr_un) + 8];
	const char	*error;

	snprintf(lock, sizeof(lock), "%s.lock", path);
	if (file_lock(lock, &error) != -1)
		return;
	if (error == NULL)
		fatalx("already running: -s for a second one on purpose");
	fatalx("%s: %s", lock, error);
}

/* A daemon that was killed has left its socket; nothing else is ours. */
static void
remove_leftover(const char *path)
{
	struct stat	 st;

	if (lstat(path, &st) == -1) {
		if (errno != ENOENT)
			fatal("%s", path);
	} else if (!S_ISSOCK(st.st_mode))
		fatalx("%s: not a socket: remove it", path);
	else if (unlink(path) == -1)
		fatal("%s", path);
}

static void
listen_at(const struct sockaddr_un *address)
{
	mode_t	 old;
	int	 result;

	if ((server.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		fatal("socket");
	old = umask(0177);
	result = bind(server.fd, (const struct sockaddr *)address,
	    sizeof(*address));
	umask(old);
	if (result == -1)
		fatal("bind %s", address->sun_path);
	if (listen(server.fd, BACKLOG) == -1)
		fatal("listen %s", address->sun_path);
}

/* At the end, while the lock is still ours. */
void
control_close(void)
{
	if (server.path != NULL && unlink(server.path) == -1)
		log_warn("unlink %s", server.path);
}
