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
 * Watching interfaces on Linux: rtnetlink(7).
 */

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

/* Link types, by libpcap's numbers. */
#define DLT_EN10MB	1
#define DLT_RAW		12
#define DLT_PFLOG	117

static int	dlt_of_type(unsigned int);

int
iface_open(void)
{
	struct sockaddr_nl	 snl = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK
	};
	int			 fd;

	if ((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_ROUTE)) == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)&snl, sizeof(snl)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* read(2) says ENOBUFS. */
int
iface_loses(int fd)
{
	return 0;
}

/*
 * What the messages say is not looked at: the caller compares names and
 * numbers of interfaces itself.  ENOBUFS says that some were lost.
 */
int
iface_changed(int fd)
{
	char	 buf[8192];
	ssize_t	 n;
	int	 changed = 0;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0 ||
	    (n == -1 && (errno == ENOBUFS || errno == EINTR)))
		changed = 1;
	return changed;
}

int
iface_dlt(const char *ifname)
{
	struct ifreq	 ifr;
	int		 fd, result = -1;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	/* any socket will do */
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) != -1) {
		result = ioctl(fd, SIOCGIFHWADDR, &ifr);
		close(fd);
	}
	if (result != -1)
		return dlt_of_type(ifr.ifr_hwaddr.sa_family);
	return strncmp(ifname, "pflog", 5) == 0 ? DLT_PFLOG : DLT_EN10MB;
}

/*
 * The link type of what a packet socket gets of an interface of this type,
 * one of ARPHRD_; or -1 with EPFNOSUPPORT.  Loopback has an Ethernet header,
 * all zero; the others have none: their packets begin with IP's.
 */
static int
dlt_of_type(unsigned int arphrd)
{
	switch (arphrd) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return DLT_EN10MB;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
		return DLT_RAW;
	}
	errno = EPFNOSUPPORT;
	return -1;
}
