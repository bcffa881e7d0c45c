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
 * setproctitle(3) for Linux.  libbsd's needs to be told where the arguments
 * and the environment lie, on which it writes the title.  It does so itself
 * when it is linked with its constructor, but then it copies the environment
 * first of all, before a set-user-ID program has given up its privileges, and
 * gives up on a strange one.  This waits until a title is wanted; by then
 * there is another environment, and nothing to copy.
 */

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#undef setproctitle

static int	  nargs;
static char	**args;
static char	**variables;

static void	  note(int, char **, char **)
		    __attribute__((__constructor__));

static void
note(int argc, char **argv, char **envp)
{
	nargs = argc;
	args = argv;
	variables = envp;
}

void
compat_setproctitle(const char *fmt, ...)
{
	char	 title[64];
	va_list	 ap;

	va_start(ap, fmt);
	vsnprintf(title, sizeof(title), fmt, ap);
	va_end(ap);
	setproctitle_init(nargs, args, variables);
	setproctitle("%s", title);
}
