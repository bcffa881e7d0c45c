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
 * Clients of the control socket that nobody wants: so many of each kind, each
 * of which begins again when it is thrown out.
 *
 *	clients socket number seconds [greedy]
 *
 * silent	connect and say nothing
 * large	say a megabyte without an end
 * slow		say a byte at a time
 * greedy	ask for all rules and take nothing
 * rude		ask, and hang up in the middle of the answer
 *
 * With greedy all are that.  Prints how often all of them were let in.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LARGE	(1024 * 1024)

enum kind { SILENT, LARGE_ONE, SLOW, GREEDY, RUDE, NKINDS };

struct client {
	enum kind	 kind;
	int		 fd;
	size_t		 said;
};

static struct sockaddr_un	 address = { .sun_family = AF_UNIX };
static unsigned long		 connected;

static void
start(struct client *client)
{
	client->said = 0;
	if ((client->fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	fcntl(client->fd, F_SETFL, O_NONBLOCK);
	if (connect(client->fd, (struct sockaddr *)&address,
	    sizeof(address)) == -1) {
		close(client->fd);	/* too many at the door */
		client->fd = -1;
		return;
	}
	connected++;
}

static void
stop(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

/* Say something.  Returns 0 if there is nobody any more. */
static int
say(struct client *client)
{
	static char	 text[65536];
	ssize_t		 n = 0;

	if (text[0] == '\0')
		memset(text, 'x', sizeof(text));
	switch (client->kind) {
	case LARGE_ONE:
		if (client->said < LARGE)
			n = write(client->fd, text, sizeof(text));
		break;
	case SLOW:
		n = write(client->fd, "s", 1);
		break;
	case GREEDY:
	case RUDE:
		if (client->said == 0)
			n = write(client->fd, "show\n", 5);
		break;
	default:
		break;
	}
	if (n > 0)
		client->said += n;
	return n != -1;
}

static void
act(struct client *client, int readable)
{
	char	 c;

	if (client->fd == -1) {
		start(client);
		return;
	}
	if (client->kind == RUDE && client->said > 0 && readable &&
	    read(client->fd, &c, 1) == 1)
		stop(client);
	else if (client->kind != GREEDY && readable &&
	    read(client->fd, &c, 1) <= 0)
		stop(client);
	else if (!say(client))
		stop(client);
}

int
main(int argc, char *argv[])
{
	struct client	*clients;
	struct pollfd	*fds;
	time_t		 end;
	int		 n, i;

	if (argc < 4 || argc > 5 || strlen(argv[1]) >= sizeof(address.sun_path))
		errx(1, "usage: clients socket number seconds "
		    "[greedy]");
	strcpy(address.sun_path, argv[1]);
	n = atoi(argv[2]);
	end = time(NULL) + atoi(argv[3]);
	signal(SIGPIPE, SIG_IGN);
	if ((clients = calloc(n, sizeof(*clients))) == NULL ||
	    (fds = calloc(n, sizeof(*fds))) == NULL)
		err(1, "calloc");
	for (i = 0; i < n; i++) {
		clients[i].kind = argc == 5 ? GREEDY : i % NKINDS;
		clients[i].fd = -1;
	}
	while (time(NULL) < end) {
		for (i = 0; i < n; i++) {
			fds[i].fd = clients[i].fd;
			fds[i].events = POLLIN;
			fds[i].revents = 0;
		}
		if (poll(fds, n, 2) == -1)
			err(1, "poll");
		for (i = 0; i < n; i++)
			act(&clients[i], fds[i].fd != -1 &&
			    (fds[i].revents & (POLLIN | POLLHUP)) != 0);
	}
	printf("%lu\n", connected);
	return 0;
}
