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
 * getaddrinfo(3) for bpfstatsd-filter on FreeBSD and NetBSD, whose libpcap
 * calls it with a service alone.  For that libc's opens a socket first, to see
 * which families the kernel has, and pledge() leaves none; with an address it
 * does not.  A service unknown in one protocol may be known in the other:
 * libpcap goes on after EAI_NONAME only.
 */

#include <sys/types.h>
#include <sys/socket.h>

#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

int
getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **result)
{
	int		(*libc)(const char *, const char *,
			    const struct addrinfo *, struct addrinfo **);
	struct addrinfo	  numeric;
	int		  error;

	libc = (int (*)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **))dlsym(RTLD_NEXT, "getaddrinfo");
	if (libc == NULL)
		return EAI_FAIL;
	if (name != NULL || hints == NULL)
		return libc(name, service, hints, result);
	numeric = *hints;
	numeric.ai_family = AF_INET;
	numeric.ai_flags |= AI_NUMERICHOST;
	error = libc("127.0.0.1", service, &numeric, result);
	return error == EAI_SERVICE ? EAI_NONAME : error;
}
