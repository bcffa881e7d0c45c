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
 * Run a command in its own process group for no longer than so many seconds:
 * then its group gets SIGTERM, and SIGKILL ten seconds later.  Exits as the
 * command did, with 124 if it took too long.  Where more is running than there
 * are processors a second is longer by as much.
 */

#include <sys/types.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t	 sig_seen;
static volatile sig_atomic_t	 second;
static pid_t			 pid;

static void
handler(int sig)
{
	if (sig == SIGALRM)
		second = 1;
	else {
		sig_seen = sig;
		kill(-pid, SIGTERM);
	}
}

/* The part of a second that a process had which always wanted to run. */
static double
share(void)
{
	double	 load;
	long	 processors;

	processors = sysconf(_SC_NPROCESSORS_ONLN);
	if (getloadavg(&load, 1) != 1 || load <= processors)
		return 1;
	return processors / load;
}

int
main(int argc, char *argv[])
{
	struct itimerval	 each_second = { { 1, 0 }, { 1, 0 } };
	struct sigaction	 sa;
	sigset_t		 set, old;
	double			 left;
	int			 late = 0, status;

	if (argc < 3) {
		fprintf(stderr,
		    "usage: limit seconds command [argument ...]\n");
		return 1;
	}
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		setpgid(0, 0);
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}
	setpgid(pid, pid);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	left = atoi(argv[1]);
	setitimer(ITIMER_REAL, &each_second, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);

	while (waitpid(pid, &status, 0) == -1) {
		if (errno != EINTR)
			err(1, "waitpid");
		if (!second)
			continue;
		second = 0;
		if ((left -= share()) > 0)
			continue;
		kill(-pid, late ? SIGKILL : SIGTERM);
		late = 1;
		left = 10;
	}
	if (sig_seen)
		return 128 + sig_seen;
	if (late)
		return 124;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status);
}
