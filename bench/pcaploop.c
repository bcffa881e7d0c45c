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
 * The packet counter that one writes with libpcap: pcap_loop(3) and a
 * callback that adds one.  Says "ready" when it is open; SIGTERM ends it.
 */

#include <err.h>
#include <pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

static void	 count(u_char *, const struct pcap_pkthdr *, const u_char *);
static void	 term_handler(int);

static pcap_t	*handle;

static void
count(u_char *arg, const struct pcap_pkthdr *header, const u_char *packet)
{
	uint64_t	*n = (uint64_t *)(void *)arg;

	(void)header;
	(void)packet;
	++*n;
}

static void
term_handler(int sig)
{
	(void)sig;
	pcap_breakloop(handle);
}

int
main(int argc, char *argv[])
{
	char		 error[PCAP_ERRBUF_SIZE];
	uint64_t	 n = 0;

	if (argc != 2)
		errx(1, "usage: pcaploop interface");
	handle = pcap_open_live(argv[1], 65535, 0, 1000, error);
	if (handle == NULL)
		errx(1, "%s", error);
	signal(SIGTERM, term_handler);
	printf("ready\n");
	fflush(stdout);
	pcap_loop(handle, -1, count, (u_char *)&n);
	pcap_close(handle);
	return 0;
}
