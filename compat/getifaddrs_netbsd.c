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
 * getifaddrs(3) for NetBSD, whose own first asks how much room all interfaces
 * take, and fails with ENOMEM when one has come in between.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <errno.h>
#include <ifaddrs.h>

#undef getifaddrs

#define TRIES	100	/* interfaces do not come that fast */

int	 getifaddrs(struct ifaddrs **);

int
compat_getifaddrs(struct ifaddrs **all)
{
	int	 i;

	for (i = 1; getifaddrs(all) == -1; i++)
		if (errno != ENOMEM || i == TRIES)
			return -1;
	return 0;
}
