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
 * Reading a file that commands are taken from: only one that nobody else can
 * write.
 */

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MAX_FILE	(64L * 1024 * 1024)

static const char	*file_check(const struct stat *);
static char		*file_slurp(int, size_t *);

/*
 * Read a whole regular file that is owned by root or by the user and that
 * nobody else can write.  What is checked is the file that was opened,
 * whatever its name leads to later.  Returns its text for free(3) and sets
 * *len, or returns NULL and points *error at the reason.
 */
char *
file_read(const char *path, size_t *len, const char **error)
{
	struct stat	 st;
	char		*text = NULL;
	int		 fd;

	/* O_NONBLOCK: somebody may have put a named pipe there */
	if ((fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) ==
	    -1 || fstat(fd, &st) == -1)
		*error = strerror(errno);
	else if ((*error = file_check(&st)) == NULL) {
		*len = st.st_size;
		if ((text = file_slurp(fd, len)) == NULL)
			*error = strerror(errno);
	}
	if (fd != -1)
		close(fd);
	return text;
}

static const char *
file_check(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid != 0 && st->st_uid != getuid())
		return "must be owned by root or by the user who starts "
		    "bpfstatsd";
	if (st->st_mode & S_IWGRP)
		return "group writable: chmod g-w";
	if (st->st_mode & S_IWOTH)
		return "world writable: chmod o-w";
	if (st->st_size > MAX_FILE)
		return "larger than 64 megabytes";
	return NULL;
}

/* Read up to *len bytes, less if the file has become shorter. */
static char *
file_slurp(int fd, size_t *len)
{
	char	*text;
	size_t	 have = 0;
	ssize_t	 n;

	if ((text = malloc(*len + 1)) == NULL)
		return NULL;
	while (have < *len) {
		if ((n = read(fd, text + have, *len - have)) == -1) {
			if (errno == EINTR)
				continue;
			free(text);
			return NULL;
		}
		if (n == 0)
			break;
		have += n;
	}
	*len = have;
	return text;
}
