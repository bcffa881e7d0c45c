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
 * The other end of NOTIFY_SOCKET: print what is sent to the socket of this
 * name, a blank line after each message, until SIGTERM.
 *
 *	notified [-t] socket
 *
 * With -t each message begins with a line that has the time, in milliseconds.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	struct sockaddr_un	 address = { .sun_family = AF_UNIX };
	char			 message[1024];
	ssize_t			 n;
	struct timespec		 ts;
	int			 fd, times = argc == 3;

	if (argc - times != 2 || (times && strcmp(argv[1], "-t") != 0) ||
	    strlen(argv[argc - 1]) >= sizeof(address.sun_path))
		errx(1, "usage: notified [-t] socket");
	strcpy(address.sun_path, argv[argc - 1]);
	if ((fd = socket(AF_UNIX, SOCK_DGRAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1)
		err(1, "%s", argv[argc - 1]);
	while ((n = recv(fd, message, sizeof(message), 0)) != -1) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		if (times)
			printf("%lld\n", (long long)ts.tv_sec * 1000 +
			    ts.tv_nsec / 1000000);
		printf("%.*s\n\n", (int)n, message);
		if (fflush(stdout) == EOF)
			err(1, "stdout");
	}
	err(1, "recv");
}
