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
 * The bare loop that the time from a packet to its command is compared with:
 * wait for a frame of send(1) on a packet socket, fork and execute the command.
 *
 *	bare interface command [argument ...]
 *
 * Says "ready"; SIGTERM ends it.
 */

#include <sys/socket.h>
#include <sys/wait.h>
#include <net/if.h>

#include <arpa/inet.h>
#include <linux/if_packet.h>

#include <err.h>
#include <stdio.h>
#include <unistd.h>

#define FRAME_TYPE	0x88b5

int
main(int argc, char *argv[])
{
	struct sockaddr_ll	 sll = { .sll_family = AF_PACKET };
	char			 frame[64];
	pid_t			 pid;
	int			 fd;

	if (argc < 3)
		errx(1, "usage: bare interface command [argument ...]");
	sll.sll_protocol = htons(FRAME_TYPE);
	if ((sll.sll_ifindex = if_nametoindex(argv[1])) == 0)
		err(1, "%s", argv[1]);
	if ((fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) == -1)
		err(1, "%s", argv[1]);
	puts("ready");
	fflush(stdout);
	while (recv(fd, frame, sizeof(frame), 0) != -1) {
		if ((pid = fork()) == -1)
			err(1, "fork");
		if (pid == 0) {
			execv(argv[2], argv + 2);
			err(127, "%s", argv[2]);
		}
		waitpid(pid, NULL, 0);
	}
	err(1, "recv");
}
