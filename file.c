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
 * Files that nobody else may have a hand in: one that commands are taken from
 * is read if nobody else can write it, a lock is taken if nobody else can
 * take it.
 */

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MAX_FILE	(64L * 1024 * 1024)
#define TOO_LARGE	"larger than 64 megabytes"

static const char	*file_check(const struct stat *);
static const char	*lock_check(const struct stat *);
static char		*file_slurp(int, size_t, size_t *);

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
	else if ((*error = file_check(&st)) == NULL &&
	    (text = file_slurp(fd, st.st_size, len)) == NULL)
		*error = errno == EFBIG ? TOO_LARGE : strerror(errno);
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
		return "owner is neither root nor the current user: "
		    "chown root";
	if (st->st_mode & S_IWGRP)
		return "group writable: chmod g-w";
	if (st->st_mode & S_IWOTH)
		return "world writable: chmod o-w";
	if (st->st_size > MAX_FILE)
		return TOO_LARGE;
	return NULL;
}

/*
 * Read to the end, which is not where the file's size says if it grows, or if
 * the kernel makes it up.  Returns the text, or NULL with errno.
 */
static char *
file_slurp(int fd, size_t expected, size_t *len)
{
	char	*text = NULL, *larger;
	size_t	 have = 0, size = 0;
	ssize_t	 n;

	do {
		if (have > MAX_FILE) {
			free(text);
			errno = EFBIG;
			return NULL;
		}
		if (have == size) {
			/* one byte more, to find the end there */
			size = size == 0 ? expected + 1 : size * 2;
			if ((larger = realloc(text, size)) == NULL) {
				free(text);
				return NULL;
			}
			text = larger;
		}
		if ((n = read(fd, text + have, size - have)) > 0)
			have += n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1) {
		free(text);
		return NULL;
	}
	*len = have;
	return text;
}

/*
 * Lock a file, which is made if there is none and never removed: its name is
 * the lock's.  Returns a descriptor that holds the lock until file_unlock(), or
 * until its last copy is closed; or -1, with *error pointing at the reason, or
 * NULL if another process has the lock.
 */
int
file_lock(const char *path, const char **error)
{
	struct stat	 st;
	mode_t		 old;
	int		 fd;

	old = umask(0177);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC | O_NOCTTY, 0600);
	umask(old);
	if (fd == -1 || fstat(fd, &st) == -1)
		*error = strerror(errno);
	else if ((*error = lock_check(&st)) == NULL) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK)
			*error = strerror(errno);
	}
	if (fd != -1)
		close(fd);
	return -1;
}

/*
 * At the end: a child that was just forked may have a copy of the descriptor,
 * and close it too late for whoever takes our place at once.
 */
void
file_unlock(int fd)
{
	flock(fd, LOCK_UN);
	close(fd);
}

/* Whoever can open it can keep us from it. */
static const char *
lock_check(const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "not a regular file";
	if (st->st_uid != 0 && st->st_uid != getuid())
		return "owner is neither root nor the current user";
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return "others can open it: chmod 600";
	return NULL;
}
