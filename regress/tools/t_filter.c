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
 * filter.c alone on an event loop, with whatever helper is in LIBEXECDIR:
 *
 *	t_filter [-ckn] [-d dlt] [-t seconds] [-u user] expression ...
 *
 * Asks for all of them, and says of each what came of it whenever filter.c
 * says that it is done: until nothing is compiled, or for so many seconds.
 * -c waits by filter_check(), -k forgets them all when the time is over, -n
 * takes a number and makes so many expressions.
 */

#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

struct options	 options;

static char	**texts;
static int	  ntexts, check, forget, dlt = 1, seconds;
static int64_t	  began;

/* In place of log.c. */
void
fatal(const char *format, ...)
{
	abort();
}

void
log_warnx(const char *format, ...)
{
	va_list	 ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
}

/* In place of privs.c. */
void
privs_give_up(void)
{
}

int
privs_become(const struct account *account)
{
	if (setgroups(0, NULL) == -1 ||
	    setresgid(account->gid, account->gid, account->gid) == -1)
		return -1;
	return setresuid(account->uid, account->uid, account->uid);
}

static void
make_texts(int n)
{
	int	 i;

	if ((texts = calloc(n, sizeof(*texts))) == NULL)
		err(1, NULL);
	for (i = 0; i < n; i++)
		if (asprintf(&texts[i], "udp dst port %d and host 10.1.%d.%d",
		    i + 1, i / 256, i % 256) == -1)
			err(1, NULL);
	ntexts = n;
}

static const char *
name_of(int error)
{
	switch (error) {
	case EINPROGRESS:
		return "progress";
	case EINVAL:
		return "error";
	case EAGAIN:
		return "again";
	}
	return strerror(error);
}

/* Returns how many are still being compiled. */
static int
ask_all(int quiet)
{
	const struct program	*program;
	const char		*words;
	int			 i, error, open = 0;

	for (i = 0; i < ntexts; i++) {
		program = filter_get(texts[i], dlt);
		error = errno;
		words = filter_error(texts[i], dlt);
		if (program == NULL && (error == EINPROGRESS ||
		    strstr(words, ": no answer yet") != NULL))
			open++;
		if (quiet)
			continue;
		if (program != NULL)
			printf("%s: program\n", texts[i]);
		else
			printf("%s: %s: %s\n", texts[i], name_of(error),
			    words != NULL ? words : "-");
	}
	return open;
}

static void
done(void)
{
	int	 open = ask_all(0);

	printf("done\n");
	fflush(stdout);
	if (open == 0 && seconds == 0)
		event_loopexit(NULL);
}

static void
check_all(void)
{
	const char	*error;
	int		 i;

	for (i = 0; i < ntexts; i++)
		if (filter_check(texts[i], dlt, &error) == 0)
			printf("%s: program\n", texts[i]);
		else
			printf("%s: %s\n", texts[i], error);
}

static void
child_handler(int sig, short event, void *arg)
{
	filter_reap();
}

static void
run(void)
{
	struct timeval	 tv = { seconds, 0 };
	struct event	 ev;

	signal_set(&ev, SIGCHLD, child_handler, NULL);
	signal_add(&ev, NULL);
	if (seconds != 0)
		event_loopexit(&tv);
	event_dispatch();
	if (forget) {
		filter_sweep(NULL);
		tv.tv_sec = 1;
		event_loopexit(&tv);
		event_dispatch();
	}
	signal_del(&ev);
}

int
main(int argc, char *argv[])
{
	struct account	 account, *as = NULL;
	struct passwd	*pw;
	int		 ch, n = 0;

	while ((ch = getopt(argc, argv, "cd:knt:u:")) != -1)
		switch (ch) {
		case 'c':
			check = 1;
			break;
		case 'd':
			dlt = atoi(optarg);
			break;
		case 'k':
			forget = 1;
			break;
		case 'n':
			n = 1;
			break;
		case 't':
			seconds = atoi(optarg);
			break;
		case 'u':
			if ((pw = getpwnam(optarg)) == NULL)
				errx(1, "%s: no such user", optarg);
			account = (struct account){
				.uid = pw->pw_uid, .gid = pw->pw_gid
			};
			as = &account;
			break;
		default:
			return 1;
		}
	texts = argv + optind;
	ntexts = argc - optind;
	if (n)
		make_texts(atoi(texts[0]));
	event_init();
	filter_init(check ? NULL : done, as);
	began = now();
	ask_all(1);
	if (check)
		check_all();
	else
		run();
	fprintf(stderr, "%.2f seconds\n", (double)(now() - began) / NSEC);
	return 0;
}
