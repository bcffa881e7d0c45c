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
 * In place of file.c and privs.c: files and users that exist in the input
 * alone.
 */

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"
#include "fuzz.h"

#define MAX_READS	64	/* files read in one parse */

uid_t	 stub_uid;

static const uint8_t	*files = (const uint8_t *)"";
static size_t		 files_len;
static int		 reads;

static int		 nfiles(void);
static struct account	*account_new(struct conf *, const char *, uid_t);

/* The user is who the input says. */
uid_t
getuid(void)
{
	return stub_uid;
}

/* From now on there are these files, called "1", "2" and so on. */
void
stub_files(const uint8_t *data, size_t len)
{
	files = data;
	files_len = len;
	reads = 0;
}

char *
file_read(const char *path, size_t *len, const char **error)
{
	const uint8_t	*from = files, *end = files + files_len, *next;
	const char	*name;
	char		*text;
	int		 n;

	name = strrchr(path, '/');
	name = name != NULL ? name + 1 : path;
	*error = "no such file";
	if (name[0] < '1' || name[0] > '9' || name[1] != '\0' ||
	    ++reads > MAX_READS)
		return NULL;
	for (n = name[0] - '0'; from != NULL && n > 0; n--) {
		next = memchr(from, FILE_END, end - from);
		if (n == 1) {
			*len = (next != NULL ? next : end) - from;
			if ((text = malloc(*len + 1)) == NULL)
				abort();
			memcpy(text, from, *len);
			return text;
		}
		from = next != NULL ? next + 1 : NULL;
	}
	return NULL;
}

static int
nfiles(void)
{
	const uint8_t	*from = files, *end = files + files_len;
	int		 n = 1;

	while (n < 9 && (from = memchr(from, FILE_END, end - from)) != NULL) {
		from++;
		n++;
	}
	return n;
}

/* In place of glob(3): they are all in every directory. */
int
stub_glob(const char *pattern, int flags, int (*failed)(const char *, int),
    glob_t *matches)
{
	const char	*slash = strrchr(pattern, '/');
	char		 name[2] = "1";
	int		 n = nfiles();

	if (flags != 0 || failed == NULL)
		abort();
	if (strchr(pattern, '!') != NULL && failed(pattern, EACCES))
		return GLOB_ABORTED;
	memset(matches, 0, sizeof(*matches));
	matches->gl_pathv = calloc(n + 1, sizeof(*matches->gl_pathv));
	if (matches->gl_pathv == NULL)
		abort();
	for (; name[0] - '0' <= n; name[0]++) {
		if (fnmatch(slash != NULL ? slash + 1 : pattern, name, 0) != 0)
			continue;
		if (asprintf(&matches->gl_pathv[matches->gl_pathc++], "%.*s%s",
		    slash != NULL ? (int)(slash + 1 - pattern) : 0, pattern,
		    name) == -1)
			abort();
	}
	if (matches->gl_pathc != 0)
		return 0;
	stub_globfree(matches);
	return GLOB_NOMATCH;
}

void
stub_globfree(glob_t *matches)
{
	while (matches->gl_pathc > 0)
		free(matches->gl_pathv[--matches->gl_pathc]);
	free(matches->gl_pathv);
	memset(matches, 0, sizeof(*matches));
}

static struct account *
account_new(struct conf *conf, const char *name, uid_t uid)
{
	struct account	*account;

	if ((account = conf_alloc(conf, sizeof(*account))) == NULL ||
	    (account->name = conf_strdup(conf, name)) == NULL ||
	    (account->home = conf_strdup(conf, "/")) == NULL)
		abort();
	account->uid = account->gid = uid;
	SLIST_INSERT_HEAD(&conf->accounts, account, entry);
	return account;
}

struct account *
account_find(struct conf *conf, const char *name, const char **error)
{
	static const struct {
		const char	*name;
		uid_t		 uid;
	}		 users[] = {
		{ "root", 0 }, { "user", 1000 }, { "nobody", 65534 },
		{ ENGINE_USER, 999 }, { "alias", 999 }, { "a \"b\\", 7 }
	};
	struct account	*account;
	size_t		 i;

	SLIST_FOREACH(account, &conf->accounts, entry)
		if (strcmp(account->name, name) == 0)
			return account;
	for (i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (strcmp(users[i].name, name) == 0)
			return account_new(conf, name, users[i].uid);
	*error = "no such user";
	return NULL;
}

struct account *
account_self(struct conf *conf)
{
	return account_new(conf, stub_uid == 0 ? "root" : "user", stub_uid);
}

void
privs_give_up(void)
{
	abort();
}

int
privs_become(const struct account *account)
{
	abort();
}
