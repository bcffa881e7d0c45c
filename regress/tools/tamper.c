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
 * Do to the shared memory what an engine could do that somebody has taken
 * over: write to it.
 *
 *	tamper pid member value
 *		One number.  Prints what it was.
 *	tamper pid noise seed ms
 *		Nonsense all over the engine's half, for so long or until the
 *		process ends.  Prints how many numbers.
 *
 * The process is an engine.  Members are those of its first counter, slot.
 * means the current one, and of that counter's only window or of the first
 * rule.  Exits with 77 where the memory of a process cannot be written like
 * this, with 2 where its view of that memory is for reading alone.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define ENGINES		" rw-s "
#define PARENTS		" r--s "

/* The order of conf_share(). */
#define COUNT		sizeof(struct pulse)
#define HISTORY		(COUNT + sizeof(struct count))

#define MEMBER(half, at, type, name)					\
	{ half, #type "." #name, at + offsetof(struct type, name),	\
	    sizeof(((struct type *)0)->name) }

static const struct member {
	const char	*half;
	const char	*name;
	size_t		 offset;
	size_t		 size;
} members[] = {
	MEMBER(ENGINES, 0, pulse, ticks),
	MEMBER(ENGINES, COUNT, count, turn),
	MEMBER(ENGINES, COUNT, slot, total),
	MEMBER(ENGINES, COUNT, slot, looked),
	MEMBER(ENGINES, COUNT, slot, number),
	MEMBER(ENGINES, HISTORY, history, oldest),
	MEMBER(ENGINES, HISTORY, history, newest),
	MEMBER(ENGINES, HISTORY, history, before),
	MEMBER(PARENTS, 0, state, mark),
	MEMBER(PARENTS, 0, state, started),
	MEMBER(PARENTS, 0, state, running),
	{ NULL, NULL, 0, 0 }
};

static int		 open_memory(const char *);
static off_t		 find_half(const char *, const char *, size_t *);
static void		 write_member(const char *, const char *, int64_t);
static off_t		 current_slot(int, off_t);
static void		 make_noise(const char *, uint64_t, long);
static uint64_t		 nonsense(uint64_t);
static uint64_t		 dice(void);
static int64_t		 clock_ns(void);

static uint64_t		 state;

int
main(int argc, char *argv[])
{
	if (argc == 5 && strcmp(argv[2], "noise") == 0)
		make_noise(argv[1], strtoull(argv[3], NULL, 10),
		    atol(argv[4]));
	else if (argc == 4)
		write_member(argv[1], argv[2], strtoll(argv[3], NULL, 10));
	else {
		fprintf(stderr, "usage: tamper pid member value\n"
		    "       tamper pid noise seed ms\n");
		return 1;
	}
	return 0;
}

static int
open_memory(const char *pid)
{
	char	 path[64];
	int	 fd;

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	if ((fd = open(path, O_RDWR)) == -1)
		err(errno == EACCES || errno == EPERM ? 77 : 1, "%s", path);
	return fd;
}

/* Where the process has its only memory of this kind that is no file's. */
static off_t
find_half(const char *pid, const char *half, size_t *size)
{
	FILE			*maps;
	char			 path[64], line[512];
	unsigned long long	 begin, end;
	off_t			 found = 0;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	if ((maps = fopen(path, "r")) == NULL)
		err(errno == EACCES || errno == EPERM ? 77 : 1, "%s", path);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (strstr(line, half) == NULL ||
		    strstr(line, "/dev/zero") == NULL)
			continue;
		if (found != 0 || sscanf(line, "%llx-%llx", &begin, &end) != 2)
			errx(1, "%s: not understood", path);
		found = begin;
		*size = end - begin;
	}
	if (found == 0)
		errx(1, "%s: no%smemory", path, half);
	fclose(maps);
	return found;
}

static void
write_member(const char *pid, const char *name, int64_t value)
{
	const struct member	*member;
	int64_t			 old = 0;
	int32_t			 value32 = value, old32;
	size_t			 size;
	off_t			 at;
	int			 fd, small;

	for (member = members; member->name != NULL; member++)
		if (strcmp(member->name, name) == 0)
			break;
	if (member->name == NULL)
		errx(1, "%s: no such member", name);
	fd = open_memory(pid);
	at = find_half(pid, member->half, &size);
	if (strncmp(name, "slot.", 5) == 0)
		at = current_slot(fd, at);
	at += member->offset;
	small = member->size == sizeof(old32);
	if (pread(fd, small ? (void *)&old32 : &old, member->size, at) !=
	    (ssize_t)member->size)
		err(1, "%s", name);
	if (pwrite(fd, small ? (void *)&value32 : &value, member->size, at) !=
	    (ssize_t)member->size)
		err(errno == EIO || errno == EFAULT ? 2 : 1, "%s", name);
	printf("%" PRId64 "\n", small ? old32 : old);
}

/* What to add for a member of the current slot. */
static off_t
current_slot(int fd, off_t half)
{
	uint32_t	 turn;

	if (pread(fd, &turn, sizeof(turn), half + COUNT +
	    offsetof(struct count, turn)) != sizeof(turn))
		err(1, "count.turn");
	return half + offsetof(struct count, slot) +
	    turn % 2 * sizeof(struct slot);
}

static void
make_noise(const char *pid, uint64_t seed, long ms)
{
	uint64_t	 old, value, n = 0;
	size_t		 size, from, len;
	off_t		 half, at;
	int64_t		 until = clock_ns() + ms * 1000000LL;
	int		 fd;

	state = seed;
	fd = open_memory(pid);
	half = find_half(pid, ENGINES, &size);
	while (clock_ns() < until) {
		/* mostly at the beginning, where there is something */
		from = dice() % 2 == 0 ? 128 : size;
		at = half + dice() % (from - sizeof(value)) / 4 * 4;
		len = dice() % 4 == 0 ? 4 : 8;
		if (pread(fd, &old, sizeof(old), at) != sizeof(old))
			break;
		value = nonsense(old);
		if (pwrite(fd, &value, len, at) != (ssize_t)len)
			break;
		n++;
	}
	printf("%" PRIu64 "\n", n);
}

/* What might have an effect. */
static uint64_t
nonsense(uint64_t old)
{
	static const int64_t	 extremes[] = {
		0, 1, -1, 2, INT64_MIN, INT64_MIN + 1, INT64_MAX,
		INT64_MAX - 1, INT32_MAX, INT32_MIN, UINT32_MAX,
		9000000000LL, FRESH, NSEC
	};

	switch (dice() % 6) {
	case 0:
		return dice();
	case 1:
		return extremes[dice() % (sizeof(extremes) /
		    sizeof(extremes[0]))];
	case 2:		/* a time */
		return clock_ns() + (int64_t)(dice() % (20 * NSEC)) -
		    10 * NSEC;
	case 3:		/* an interval */
		return clock_ns() / NSEC + (int64_t)(dice() % 100) - 50;
	case 4:
		return old + dice() % 3 - 1;
	default:
		return dice() % 1000000;
	}
}

/* splitmix64 */
static uint64_t
dice(void)
{
	uint64_t	 x = state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static int64_t
clock_ns(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}
