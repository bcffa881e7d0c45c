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
 * Watching interfaces come and go on OpenBSD, FreeBSD and NetBSD: route(4).
 */

#include "counter.h"

#include <net/bpf.h>
#include <net/if_dl.h>
#include <net/if_types.h>
#include <net/route.h>

#include <errno.h>
#include <ifaddrs.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* What a packet without a link header gets: its address family. */
#ifdef __OpenBSD__
#define DLT_FAMILY	DLT_LOOP
#else
#define DLT_FAMILY	DLT_NULL
#endif

static void	set_options(int);
static int	type_of(const char *);
static int	dlt_of_type(int);

int
iface_open(void)
{
	int	 fd;

	if ((fd = socket(AF_ROUTE, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    AF_UNSPEC)) != -1)
		set_options(fd);
	return fd;
}

/* Fewer messages for us; what comes nevertheless does no harm. */
static void
set_options(int fd)
{
#if defined(ROUTE_MSGFILTER)
	unsigned int	 filter = ROUTE_FILTER(RTM_IFANNOUNCE) |
			    ROUTE_FILTER(RTM_DESYNC);

	setsockopt(fd, AF_ROUTE, ROUTE_MSGFILTER, &filter, sizeof(filter));
#elif defined(RO_MSGFILTER)
	unsigned char	 type = RTM_IFANNOUNCE;

	setsockopt(fd, AF_ROUTE, RO_MSGFILTER, &type, sizeof(type));
#endif
#ifdef SO_RERROR
	/* without it FreeBSD and NetBSD say nothing of lost messages */
	setsockopt(fd, SOL_SOCKET, SO_RERROR, &(int){ 1 }, sizeof(int));
#endif
}

/* FreeBSD before 14 has neither of these. */
int
iface_loses(int fd)
{
#if defined(RTM_DESYNC)
	return 0;
#elif defined(SO_RERROR)
	socklen_t	 len = sizeof(int);
	int		 on = 0;

	return getsockopt(fd, SOL_SOCKET, SO_RERROR, &on, &len) == -1 || !on;
#else
	return 1;
#endif
}

int
iface_changed(int fd)
{
	struct if_announcemsghdr	 msg;
	ssize_t				 n;
	int				 changed = 0;

	for (;;) {
		/* a longer message is cut: its head says what it is */
		if ((n = read(fd, &msg, sizeof(msg))) == -1) {
			if (errno == ENOBUFS)
				changed = 1;
			else if (errno != EINTR)
				return changed;
			continue;
		}
		if (n == 0)
			return changed;
		if ((size_t)n <= offsetof(struct if_announcemsghdr,
		    ifan_type) || msg.ifan_version != RTM_VERSION)
			continue;
		if (msg.ifan_type == RTM_IFANNOUNCE)
			changed = 1;
#ifdef RTM_DESYNC
		if (msg.ifan_type == RTM_DESYNC)
			changed = 1;
#endif
	}
}

/* A counter asks its descriptor; without one the type must do. */
int
iface_dlt(const char *ifname)
{
	int	 type = type_of(ifname);

	if (type != -1)
		return dlt_of_type(type);
	return strncmp(ifname, "pflog", 5) == 0 ? DLT_PFLOG : DLT_EN10MB;
}

int
iface_loops(const char *ifname)
{
	return type_of(ifname) == IFT_LOOP;
}

/* One of IFT_, or -1 if there is no such interface. */
static int
type_of(const char *ifname)
{
	const struct sockaddr_dl	*sdl;
	struct ifaddrs			*all, *ifa;
	int				 type = -1;

	if (getifaddrs(&all) == -1)
		return -1;
	for (ifa = all; ifa != NULL && type == -1; ifa = ifa->ifa_next) {
		if (strcmp(ifa->ifa_name, ifname) != 0 ||
		    ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_LINK)
			continue;
		sdl = (const struct sockaddr_dl *)(const void *)ifa->ifa_addr;
		type = sdl->sdl_type;
	}
	freeifaddrs(all);
	return type;
}

static int
dlt_of_type(int type)
{
	switch (type) {
	case IFT_LOOP:
	case IFT_TUNNEL:
	case IFT_GIF:
#ifdef IFT_WIREGUARD
	case IFT_WIREGUARD:
#endif
#ifdef __FreeBSD__
	case IFT_PPP:			/* tun(4) */
	case IFT_PROPVIRTUAL:		/* ng_iface(4) */
#endif
		return DLT_FAMILY;
#ifndef __FreeBSD__
	case IFT_PPP:
		return DLT_PPP;
#endif
	case IFT_PFLOG:
		return DLT_PFLOG;
#ifdef IFT_ENC
	case IFT_ENC:
		return DLT_ENC;
#endif
	}
	return DLT_EN10MB;
}
