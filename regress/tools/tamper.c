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
 * Do to the engine's shared memory what an engine could do that somebody has
 * taken over: write one number in it.
 *
 *	tamper pid within member value
 *
 * The process has a configuration with one rule, whose window is so many
 * seconds long, or 0.  Prints what the member was before; exits with 77 where
 * the memory of a process cannot be written like this.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MEMBER(type, name)						\
	{ #type "." #name, offsetof(struct type, name),			\
	    sizeof(((struct type *)0)->name) }

static const struct member {
	const char	*name;
	off_t		 offset;
	size_t		 size;
} members[] = {
	MEMBER(history, newest),
	MEMBER(history, size),
	MEMBER(state, mark),
	MEMBER(state, running),
	{ NULL, 0, 0 }
};

static off_t	shared_memory(const char *);

int
main(int argc, char *argv[])
{
	const struct member	*member;
	char			 path[64];
	int64_t			 within, value, old = 0;
	int32_t			 value32, old32;
	off_t			 at;
	int			 fd, small;

	if (argc != 5) {
		fprintf(stderr, "usage: tamper pid within member value\n");
		return 1;
	}
	for (member = members; member->name != NULL; member++)
		if (strcmp(member->name, argv[3]) == 0)
			break;
	if (member->name == NULL)
		errx(1, "%s: no such member", argv[3]);
	within = strtoll(argv[2], NULL, 10) * NSEC;
	value = strtoll(argv[4], NULL, 10);
	value32 = value;

	/* the order of conf_share() */
	at = shared_memory(argv[1]) + sizeof(struct count) + member->offset;
	if (strncmp(member->name, "state", 5) == 0 && within != 0)
		at += sizeof(struct history) +
		    sizeof(uint64_t) * history_size(within);

	snprintf(path, sizeof(path), "/proc/%s/mem", argv[1]);
	if ((fd = open(path, O_RDWR)) == -1)
		err(errno == EACCES || errno == EPERM ? 77 : 1, "%s", path);
	small = member->size == sizeof(old32);
	if (pread(fd, small ? (void *)&old32 : &old, member->size, at) !=
	    (ssize_t)member->size ||
	    pwrite(fd, small ? (void *)&value32 : &value, member->size, at) !=
	    (ssize_t)member->size)
		err(1, "%s: %s", path, member->name);
	printf("%" PRId64 "\n", small ? old32 : old);
	return 0;
}

/* Where the process has its only memory that is shared and no file's. */
static off_t
shared_memory(const char *pid)
{
	FILE			*maps;
	char			 path[64], line[512];
	unsigned long long	 begin, found = 0;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	if ((maps = fopen(path, "r")) == NULL)
		err(errno == EACCES || errno == EPERM ? 77 : 1, "%s", path);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, " rw-s ") == NULL ||
		    strstr(line, "/dev/zero") == NULL)
			continue;
		if (found != 0 || sscanf(line, "%llx-", &begin) != 1)
			errx(1, "%s: not understood", path);
		found = begin;
	}
	if (found == 0)
		errx(1, "%s: no shared memory", path);
	fclose(maps);
	return found;
}
