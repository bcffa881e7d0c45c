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
 * Process 1 of a container, to which all that is left behind comes, and which
 * gets no signal that it does not catch.  It is a process of its own: it
 * passes signals on to bpfstatsd, its child, buries what it inherits, and
 * ends when and as bpfstatsd does.
 */

#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "service.h"

static void	serve(pid_t, const sigset_t *)
		    __attribute__((__noreturn__));
static void	bury(pid_t);

/*
 * As process 1, fork: returns 1 in the child, or -1 with errno.  Else does
 * nothing and returns 0.
 */
int
pid1_fork(void)
{
	sigset_t	 all, old;
	pid_t		 pid;

	if (getpid() != 1)
		return 0;
	/* those that are blocked wait, even for process 1 */
	signal(SIGCHLD, SIG_DFL);	/* ignored, it would not come */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if ((pid = fork()) > 0)
		serve(pid, &all);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid == 0 ? 1 : -1;
}

/* Process 1.  It holds nothing open that others wait for the end of. */
static void
serve(pid_t child, const sigset_t *all)
{
	siginfo_t	 info;
	int		 sig;

	closefrom(0);
	for (;;) {
		if ((sig = sigwaitinfo(all, &info)) == SIGCHLD)
			bury(child);
		/* the keys of a terminal signal the child as well */
		else if (sig != -1 &&
		    (info.si_code != SI_KERNEL || sig == SIGHUP))
			kill(child, sig);
	}
}

/* Reap all that have ended, and end with the child. */
static void
bury(pid_t child)
{
	pid_t	 pid;
	int	 status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == child)
			_exit(WIFSIGNALED(status) ?
			    128 + WTERMSIG(status) : WEXITSTATUS(status));
}
