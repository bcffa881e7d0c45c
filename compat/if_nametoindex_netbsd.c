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
 * if_nametoindex(3) for NetBSD, whose own has no other getifaddrs(3) than
 * libc's: an interface would pass for gone while another one comes.
 * SIOCGIFINDEX would need a descriptor.
 */

#include <sys/types.h>
#include <sys/socket.h>
#include <net/if.h>
#include <net/if_dl.h>

#include <errno.h>
#include <ifaddrs.h>
#include <string.h>

unsigned int
if_nametoindex(const char *ifname)
{
	const struct sockaddr_dl	*sdl;
	struct ifaddrs			*all, *ifa;
	unsigned int			 ifindex = 0;

	if (getifaddrs(&all) == -1)
		return 0;
	for (ifa = all; ifa != NULL && ifindex == 0; ifa = ifa->ifa_next) {
		if (strcmp(ifa->ifa_name, ifname) != 0 ||
		    ifa->ifa_addr == NULL ||
		    ifa->ifa_addr->sa_family != AF_LINK)
			continue;
		sdl = (const struct sockaddr_dl *)(const void *)ifa->ifa_addr;
		ifindex = sdl->sdl_index;
	}
	freeifaddrs(all);
	if (ifindex == 0)
		errno = ENXIO;
	return ifindex;
}
