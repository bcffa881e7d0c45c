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
 * Which kinds of counters Linux has.
 */

#include <sys/socket.h>

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "counter_linux.h"

const char		counter_device[] = "packet socket";
const unsigned int	counter_max = UINT_MAX;

/* To the kernel what ends in a colon and a label is the interface itself. */
const char *
counter_name(char *ifname)
{
	if (nflog_means(ifname))
		return nflog_name(ifname);
	if (strchr(ifname, ':') != NULL)
		return "an address label, not an interface: leave out the "
		    "colon and what follows";
	if (strcmp(ifname, ".") == 0 || strcmp(ifname, "..") == 0)
		return "invalid interface name";
	return NULL;
}

/* nflog counts what the firewall logs; the others are for interfaces. */
const struct kind *const *
counter_kinds(const struct counter *counter)
{
	static const struct kind *const	 nflog[] = { &kind_nflog, NULL };
	static const struct kind *const	 filtered[] = { &kind_packet, NULL };
	static const struct kind *const	 any[] = {
		&kind_tcx, &kind_packet, NULL
	};

	if (counter_listens(counter->ifname))
		return nflog;
	return counter->filter != NULL ? filtered : any;
}

/* Protocol 0: what arrives before the socket is bound is not for it. */
int
counter_open(void)
{
	return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int
counter_listens(const char *ifname)
{
	return nflog_group(ifname) != -1;
}

const char *
counter_remedy(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "start as root or with the capability cap_net_raw "
		    "(nflog: cap_net_admin)";
	case EBUSY:
		return "another program has this group";
	case EMFILE:
		return "raise the limit of open descriptors";
	case EAFNOSUPPORT:
		return "the kernel lacks CONFIG_PACKET";
	}
	return NULL;
}
