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
 * Processes of ours, whatever they do: how they begin, and how they end in
 * time.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfstatsd.h"

#define STUCK	(10 * NSEC)	/* after KILL, until it is logged */

struct grave {
	TAILQ_ENTRY(grave)	 entry;
	pid_t			 pid;
	struct event		 ev;
};

static void	reset_signals(void (*)(int));
static void	close_others(int *, size_t);
static int	fd_cmp(const void *, const void *);
static int	has_ended(const struct child *, int *);
static void	time_handler(int, short, void *);
static void	leave_grace(struct child *);
static void	grave_handler(int, short, void *);

/* Processes that have ended, unburied until their group's grace is over. */
static TAILQ_HEAD(, grave) graves = TAILQ_HEAD_INITIALIZER(graves);

/*
 * Fork.  The new process has no descriptor but 0 to 2 and those to keep,
 * which this sorts; all signals that we catch or ignore have the given
 * disposition, SIG_DFL or SIG_IGN, and none is blocked.  Sets child->pid in
 * the parent.  Returns as fork(2) does.  The event loop must exist.
 */
pid_t
child_fork(struct child *child, void (*disposition)(int), int *keep,
    size_t nkeep)
{
	sigset_t	 all, old;
	pid_t		 pid;
	int		 saved;

	/* a signal for the child must not reach our handlers in it */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	if ((pid = fork()) == 0) {
		close_others(keep, nkeep);
		reset_signals(disposition);
		sigemptyset(&old);
		sigprocmask(SIG_SETMASK, &old, NULL);
		return 0;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	if (pid != -1) {
		child->pid = pid;
		child->sent = 0;
		evtimer_set(&child->ev, time_handler, child);
	}
	return pid;
}

/* All others are at their default since the start. */
static void
reset_signals(void (*disposition)(int))
{
	static const int	 signals[] = {
		CAUGHT_SIGNALS, SIGPIPE, SIGXFSZ
	};
	struct sigaction	 sa;
	size_t			 i;

	for (i = 0; i < nitems(signals); i++) {
		/* nohup(1) is to last */
		if (signals[i] == SIGHUP &&
		    sigaction(SIGHUP, NULL, &sa) == 0 &&
		    sa.sa_handler == SIG_IGN)
			continue;
		signal(signals[i], disposition);
	}
}

static void
close_others(int *keep, size_t nkeep)
{
	size_t	 i;
	int	 fd = STDERR_FILENO + 1;

	qsort(keep, nkeep, sizeof(*keep), fd_cmp);
	for (i = 0; i < nkeep; i++)
		if (keep[i] >= fd) {
			while (fd < keep[i])
				close(fd++);
			fd++;
		}
	closefrom(fd);
}

static int
fd_cmp(const void *a, const void *b)
{
	int	 x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

/*
 * The child gets TERM in so many nanoseconds, unless it has ended, and KILL
 * when the grace is over after that; with a grace of 0 KILL at once.
 */
void
child_end_in(struct child *child, int64_t ns, int64_t grace)
{
	child->grace = grace;
	child->until = now() + ns;
	timer_in(&child->ev, ns);
}

/* It may go on for any time. */
void
child_unlimited(struct child *child)
{
	evtimer_del(&child->ev);
}

/*
 * Send TERM or KILL, to the child's group if it leads one.  The rest follows
 * in time.
 */
void
child_signal(struct child *child, int sig)
{
	if (child->pid == 0)
		return;
	child->sent = sig;
	/* before it has made its group there is only the process */
	if (!child->group || kill(-child->pid, sig) == -1)
		kill(child->pid, sig);
	child->until = now() + (sig == SIGKILL ? STUCK : child->grace);
	timer_in(&child->ev, child->until - now());
}

static void
time_handler(int fd, short event, void *arg)
{
	struct child	*child = arg;
	int64_t		 left = child->until - now();

	if (left > 0)
		timer_in(&child->ev, left);
	else if (child->sent == SIGKILL)
		log_warnx("%s: process %ld does not end, although it was "
		    "killed", child->name, (long)child->pid);
	else if (!has_ended(child, NULL))	/* or SIGCHLD is on its way */
		child_signal(child, child->sent == 0 && child->grace != 0 ?
		    SIGTERM : SIGKILL);
}

/*
 * Has the child ended?  Then returns 1 with its status as of wait(2), and
 * there is none any more; else 0.
 */
int
child_reap(struct child *child, int *status)
{
	if (child->pid == 0)
		return 0;
	if (child->sent != 0 && child->group) {
		if (!has_ended(child, status))
			return 0;
		leave_grace(child);
	} else if (waitpid(child->pid, status, WNOHANG) != child->pid)
		return 0;
	evtimer_del(&child->ev);
	child->pid = 0;
	return 1;
}

/* Sets the status as of wait(2), unless that is NULL, but buries nobody. */
static int
has_ended(const struct child *child, int *status)
{
	siginfo_t	 info;

	memset(&info, 0, sizeof(info));
	if (waitid(P_PID, child->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    -1 || info.si_pid != child->pid)
		return 0;
	if (status != NULL)
		*status = info.si_code == CLD_EXITED ? info.si_status << 8 :
		    info.si_status;
	return 1;
}

/*
 * The leader of a group that got TERM has ended.  The rest of the group has
 * its grace all the same, and then KILL: while its leader is a zombie nobody
 * else can get the group's number.
 */
static void
leave_grace(struct child *child)
{
	struct grave	*grave;

	if (child->sent == SIGTERM &&
	    (grave = calloc(1, sizeof(*grave))) != NULL) {
		grave->pid = child->pid;
		evtimer_set(&grave->ev, grave_handler, grave);
		TAILQ_INSERT_TAIL(&graves, grave, entry);
		timer_in(&grave->ev, child->until - now());
		return;
	}
	kill(-child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
}

static void
grave_handler(int fd, short event, void *arg)
{
	struct grave	*grave = arg;

	kill(-grave->pid, SIGKILL);
	waitpid(grave->pid, NULL, 0);
	TAILQ_REMOVE(&graves, grave, entry);
	free(grave);
}

/* Before the program ends: no grace any more. */
void
child_end_all(void)
{
	struct grave	*grave, *next;

	TAILQ_FOREACH_SAFE(grave, &graves, entry, next) {
		evtimer_del(&grave->ev);
		grave_handler(-1, 0, grave);
	}
}
