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
 * Who bpfstatsd and its commands run as.
 */

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define MAX_GROUPS	65536		/* more than any system has */

static struct account	*account_new(struct conf *, const struct passwd *);

/*
 * Give up for good what a set-user-ID or set-group-ID bit or a file's
 * capabilities gave: from here on there is only the real user.
 */
void
privs_give_up(void)
{
	uid_t	 uid = getuid();
	gid_t	 gid = getgid();

	if (setresgid(gid, gid, gid) == -1)
		fatal("setresgid");
	if (setresuid(uid, uid, uid) == -1)
		fatal("setresuid");
	if (geteuid() != uid || getegid() != gid ||
	    (uid != 0 && setuid(0) != -1))
		fatalx("privileges were not dropped for good");
}

/*
 * Become the account with its groups, for good.  Any user but root is that
 * account already, but may have ambient capabilities, which this drops.
 * Called between fork(2) and execve(2): it allocates and logs nothing.
 * Returns 0, or -1 with errno.
 */
int
privs_become(const struct account *account)
{
	if (getuid() == 0 &&
	    (setgroups(account->ngroups, account->groups) == -1 ||
	    setresgid(account->gid, account->gid, account->gid) == -1))
		return -1;
	return setresuid(account->uid, account->uid, account->uid);
}

/*
 * Look up an account by name.  Returns it, allocated in the configuration,
 * or NULL with the reason in *error.
 */
struct account *
account_find(struct conf *conf, const char *name, const char **error)
{
	struct account	*account;
	struct passwd	*pw;

	SLIST_FOREACH(account, &conf->accounts, entry)
		if (strcmp(account->name, name) == 0)
			return account;
	errno = 0;
	if ((pw = getpwnam(name)) == NULL) {
		*error = errno == 0 || errno == ENOENT || errno == ESRCH ?
		    "no such user" : strerror(errno);
		return NULL;
	}
	if ((account = account_new(conf, pw)) == NULL)
		*error = strerror(errno);
	return account;
}

/* The real user's account, even without a name; or NULL with errno. */
struct account *
account_self(struct conf *conf)
{
	struct passwd	*pw, nobody;
	char		 name[32], home[] = "/";

	if ((pw = getpwuid(getuid())) == NULL) {
		snprintf(name, sizeof(name), "%lu", (unsigned long)getuid());
		nobody = (struct passwd){
			.pw_name = name,
			.pw_dir = home,
			.pw_uid = getuid(),
			.pw_gid = getgid()
		};
		pw = &nobody;
	}
	return account_new(conf, pw);
}

static struct account *
account_new(struct conf *conf, const struct passwd *pw)
{
	struct account	*account;
	int		 n;

	if ((account = conf_alloc(conf, sizeof(*account))) == NULL ||
	    (account->name = conf_strdup(conf, pw->pw_name)) == NULL ||
	    (account->home = conf_strdup(conf, pw->pw_dir)) == NULL)
		return NULL;
	account->uid = pw->pw_uid;
	account->gid = pw->pw_gid;
	for (n = 32; ; n *= 2) {
		account->ngroups = n;
		if ((account->groups = conf_alloc(conf,
		    n * sizeof(*account->groups))) == NULL)
			return NULL;
		if (getgrouplist(account->name, pw->pw_gid, account->groups,
		    &account->ngroups) != -1)
			break;
		/* what is in there now is not the user's groups */
		if (n >= MAX_GROUPS) {
			errno = ENOMEM;
			return NULL;
		}
	}
	/* if there are more, the first ones, as login does */
	if (account->ngroups > NGROUPS_MAX)
		account->ngroups = NGROUPS_MAX;
	SLIST_INSERT_HEAD(&conf->accounts, account, entry);
	return account;
}
