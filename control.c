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
 * The control socket: the lock beside it that makes a daemon the only one,
 * clients, their requests and the answers.
 *
 * A request is a line.  The answer is lines, too; the last one tells whether
 * it went well, so that half an answer is known to be one.  No client can hold
 * anything up or take much: what it says and what it is told has its time and
 * its size.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"
#include "control.h"

#define BACKLOG		16
#define MAX_CLIENTS	8		/* that ask or are answered */
#define MAX_WAITING	32		/* for something to happen */
#define MAX_REQUEST	4096		/* bytes, with the newline */
#define PATIENCE	(5 * NSEC)	/* for a request, for an answer */
#define RETRY		NSEC		/* after accept(2) failed */

struct client {
	TAILQ_ENTRY(client)	 entry;
	int			 fd;
	unsigned int		 what;		/* it waits for, or 0 */
	int			 answered;	/* completely */
	int			 broken;	/* no memory for its answer */
	struct event		 ev;
	struct event		 timer;
	struct evbuffer		*answer;
	size_t			 len;
	char			 request[MAX_REQUEST];
};

static struct server {
	const char	*path;		/* NULL: there is none */
	int		 lock;
	int		 fd;
	struct event	 ev;
	struct event	 retry;
	void		(*request)(struct client *, char *);
	TAILQ_HEAD(, client) clients;	/* the longest silent one first */
} server = {
	.fd = -1,
	.clients = TAILQ_HEAD_INITIALIZER(server.clients)
};

static void	take_lock(const char *);
static void	remove_leftover(const char *);
static void	listen_at(const struct sockaddr_un *);
static void	accept_handler(int, short, void *);
static void	retry_handler(int, short, void *);
static void	client_add(int);
static struct client *client_silent(void);
static void	client_drop(struct client *);
static void	client_heard(struct client *);
static void	request_handler(int, short, void *);
static void	answer_handler(int, short, void *);
static void	silence_handler(int, short, void *);
static void	vsay(struct client *, const char *, va_list)
		    __attribute__((__format__(printf, 2, 0)));

/* The socket. */

/*
 * Be the only daemon with the socket of this absolute path, which must stay
 * valid, until this process ends; and listen there.  Exits if that cannot be.
 * To be called before the daemon goes to the background: children inherit the
 * lock.
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

static void
take_lock(const char *path)
{
	char		 lock[sizeof(struct sockaddr_un) + 8];
	const char	*error;

	snprintf(lock, sizeof(lock), "%s.lock", path);
	if ((server.lock = file_lock(lock, &error)) != -1)
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

/*
 * Serve clients from now on, after event_init(); nothing happens if there is
 * no socket.  The callback gets each request, a line without its newline, and
 * calls control_end() or control_wait() for it.
 */
void
control_start(void (*request)(struct client *, char *))
{
	if (server.fd == -1)
		return;
	server.request = request;
	evtimer_set(&server.retry, retry_handler, NULL);
	event_set(&server.ev, server.fd, EV_READ | EV_PERSIST, accept_handler,
	    NULL);
	if (event_add(&server.ev, NULL) == -1)
		fatal("event_add");
}

/*
 * At the end, when another daemon may begin.  What has been answered and fits
 * into its socket is still delivered.
 */
void
control_close(void)
{
	struct client	*client, *next;

	if (server.fd == -1)
		return;
	if (unlink(server.path) == -1)
		log_warn("unlink %s", server.path);
	if (server.request != NULL) {
		event_del(&server.ev);
		evtimer_del(&server.retry);
	}
	close(server.fd);
	server.fd = -1;
	TAILQ_FOREACH_SAFE(client, &server.clients, entry, next) {
		if (client->answered && !client->broken)
			evbuffer_write(client->answer, client->fd);
		client_drop(client);
	}
	file_unlock(server.lock);
}

/* Clients. */

/*
 * One in each turn of the loop: clients that have asked already are heard
 * before others can take their places.
 */
static void
accept_handler(int fd, short event, void *arg)
{
	int	 conn;

	if ((conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) !=
	    -1) {
		client_add(conn);
		return;
	}
	switch (errno) {
	case EAGAIN:
	case EINTR:
	case ECONNABORTED:
		return;
	}
	/* no descriptor or no memory: it would be ready all the time */
	event_del(&server.ev);
	timer_in(&server.retry, RETRY);
}

static void
retry_handler(int fd, short event, void *arg)
{
	if (event_add(&server.ev, NULL) == -1)
		timer_in(&server.retry, RETRY);
}

/* A new one takes the place of the one that has been silent longest. */
static void
client_add(int fd)
{
	struct client	*client;

	if ((client = client_silent()) != NULL)
		client_drop(client);
	if ((client = calloc(1, sizeof(*client))) == NULL ||
	    (client->answer = evbuffer_new()) == NULL) {
		free(client);
		close(fd);
		return;
	}
	client->fd = fd;
	TAILQ_INSERT_TAIL(&server.clients, client, entry);
	evtimer_set(&client->timer, silence_handler, client);
	event_set(&client->ev, fd, EV_READ | EV_PERSIST, request_handler,
	    client);
	timer_in(&client->timer, PATIENCE);
	if (event_add(&client->ev, NULL) == -1)
		client_drop(client);
	else
		request_handler(fd, EV_READ, client);
}

/* The one that has been silent longest, if there is no place for another. */
static struct client *
client_silent(void)
{
	struct client	*client, *silent = NULL;
	unsigned int	 n = 0;

	TAILQ_FOREACH(client, &server.clients, entry)
		if (client->what == 0 && n++ == 0)
			silent = client;
	return n >= MAX_CLIENTS ? silent : NULL;
}

static void
client_drop(struct client *client)
{
	event_del(&client->ev);
	evtimer_del(&client->timer);
	close(client->fd);
	evbuffer_free(client->answer);
	TAILQ_REMOVE(&server.clients, client, entry);
	free(client);
}

/* It has said or taken something. */
static void
client_heard(struct client *client)
{
	TAILQ_REMOVE(&server.clients, client, entry);
	TAILQ_INSERT_TAIL(&server.clients, client, entry);
}

/* The time for its request is counted from its beginning. */
static void
silence_handler(int fd, short event, void *arg)
{
	client_drop(arg);
}

static void
request_handler(int fd, short event, void *arg)
{
	struct client	*client = arg;
	char		*from = client->request + client->len, *newline;
	ssize_t		 n;

	if ((n = read(fd, from, MAX_REQUEST - client->len)) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_drop(client);
		return;
	}
	client->len += n;
	client_heard(client);
	if ((newline = memchr(from, '\n', n)) == NULL) {
		if (client->len < MAX_REQUEST)
			return;
		control_say(client, "request too long");
		control_end(client, 0);
	} else {
		*newline = '\0';
		server.request(client, client->request);
	}
	if (client->broken)
		client_drop(client);
	else if (client->answered)
		answer_handler(fd, EV_WRITE, client);
}

static void
answer_handler(int fd, short event, void *arg)
{
	struct client	*client = arg;
	int		 n;

	if ((n = evbuffer_write(client->answer, fd)) == -1 &&
	    (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || EVBUFFER_LENGTH(client->answer) == 0) {
		client_drop(client);
		return;
	}
	client_heard(client);
	timer_in(&client->timer, PATIENCE);
}

/* Answers. */

/* Add a line to a client's answer. */
void
control_say(struct client *client, const char *fmt, ...)
{
	va_list	 ap;

	va_start(ap, fmt);
	vsay(client, fmt, ap);
	va_end(ap);
}

static void
vsay(struct client *client, const char *fmt, va_list ap)
{
	if (evbuffer_add_vprintf(client->answer, fmt, ap) == -1 ||
	    evbuffer_add(client->answer, "\n", 1) == -1)
		client->broken = 1;
}

/* The client's answer is complete: what it asked for went well, or not. */
void
control_end(struct client *client, int ok)
{
	client->what = 0;
	client_heard(client);
	control_say(client, "%s", ok ? CONTROL_DONE : CONTROL_FAILED);
	client->answered = 1;
	event_del(&client->ev);
	event_set(&client->ev, client->fd, EV_WRITE | EV_PERSIST,
	    answer_handler, client);
	timer_in(&client->timer, PATIENCE);
	if (event_add(&client->ev, NULL) == -1)
		client->broken = 1;
}

/*
 * The client waits for something to happen, which the caller has given a
 * number that is not 0: then see control_tell() and control_tell_end().
 * Meanwhile it has no time limit.  Returns 0 if it cannot: it has
 * been told, and what it asked for is not to begin.
 */
int
control_wait(struct client *client, unsigned int what)
{
	struct client	*other;
	unsigned int	 waiting = 0;

	TAILQ_FOREACH(other, &server.clients, entry)
		waiting += other->what != 0;
	if (waiting >= MAX_WAITING) {
		control_say(client, "too many clients wait");
		control_end(client, 0);
		return 0;
	}
	event_del(&client->ev);
	evtimer_del(&client->timer);
	client->what = what;
	return 1;
}

/* Those who wait for one thing wait for another now. */
void
control_move(unsigned int from, unsigned int to)
{
	struct client	*client;

	TAILQ_FOREACH(client, &server.clients, entry)
		if (client->what == from)
			client->what = to;
}

/* Add a line to the answer of those who wait for this. */
void
control_tell(unsigned int what, const char *fmt, ...)
{
	struct client	*client;
	va_list		 ap;

	TAILQ_FOREACH(client, &server.clients, entry)
		if (client->what == what) {
			va_start(ap, fmt);
			vsay(client, fmt, ap);
			va_end(ap);
		}
}

/* It has happened: the answers of those who wait for it are complete. */
void
control_tell_end(unsigned int what, int ok)
{
	struct client	*client, *next;

	TAILQ_FOREACH_SAFE(client, &server.clients, entry, next) {
		if (client->what != what)
			continue;
		control_end(client, ok);
		/* now, before others take its place */
		if (client->broken)
			client_drop(client);
		else
			answer_handler(client->fd, EV_WRITE, client);
	}
}
