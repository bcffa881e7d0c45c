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
 * bpfstatsd(8): runs a command for every N packets seen on a network
 * interface.  This is the parent process: the start, signals, what
 * bpfstatsctl(8) asks for, reload, interfaces that come and go.
 *
 * No handler of an event does the work itself: it notes what there is to do,
 * and work_handler(), which comes once in each turn of the event loop, does a
 * bounded part of it.  So nothing that comes without end holds up the rest.
 */

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "counter.h"
#include "service.h"

#define GRACE		(5 * NSEC)	/* that commands get at the end */
#define NOTIFY		(10 * NSEC)	/* between two status messages */
#define RETRY		NSEC		/* until what failed is tried again */
#define COMPARE		(10 * NSEC)	/* interfaces, where news can be lost */
#define ATTACH_TIME	(NSEC / 10)	/* spent attaching in one turn */
#define START_TIME	(NSEC / 50)	/* spent starting commands, likewise */
#define MAX_DEATHS	5		/* of engines, a minute */
#define RESERVED	64		/* descriptors for all but counters */

#define MAX_SIGNALS	7
#define MAX_ARGUMENTS	2	/* of a request */

/*
 * What clients wait for: a configuration that is to be read, is being read,
 * was read, or counts already, and above that a run.
 */
enum waiting {
	FOR_RELOAD = 1,
	FOR_READING,
	FOR_NEXT,
	FOR_ADOPTED,
	FOR_RUN
};

/* The parent. */
static struct parent {
	struct conf	*conf;
	struct conf	*next;		/* read, to take its place */
	int		 prepared;	/* its filters are compiled */
	struct conf	*accounts;	/* the engine's */
	char		*path;		/* of the configuration, absolute */
	char		*socket;	/* the control socket, likewise */
	const char	*state_file;	/* if the configuration names none */
	int		 ready_fd;	/* to say that we are, or -1 */
	int		 spare;		/* an opened device, or -1 */
	unsigned int	 max_descriptors;	/* for counters */
	/* what there is to do */
	int		 reap;		/* SIGCHLD came */
	int		 status;	/* SIGUSR1 came */
	int		 reload;	/* SIGHUP came */
	int		 prepare;	/* filters may be there */
	int		 look;		/* the bell rang: look at all rules */
	int		 attach;	/* some counters have not been tried */
	int		 attached;	/* some are new to the engine */
	TAILQ_HEAD(, rule) due;		/* rules to start, in turn */
	/* its state */
	int		 counting;	/* an engine has counted */
	int		 reloading;	/* to be reported when it is done */
	int		 stopping;
	int		 exit_status;
	int		 grace_over;
	int64_t		 checked;	/* interfaces, the last time */
	int64_t		 notified;	/* the service manager, likewise */
	int64_t		 deaths[MAX_DEATHS];	/* of engines */
	unsigned int	 ndeaths;
	unsigned int	 nmanual;	/* runs that clients asked for */
	/* events */
	struct event	 signal_evs[MAX_SIGNALS];
	struct event	 interfaces_ev;
	struct event	 work_ev;
	struct event	 check_ev;
	struct event	 compare_ev;
	struct event	 retry_ev;
	struct event	 grace_ev;
	struct event	 watchdog_ev;
	struct event	 status_ev;
} parent = {
	.ready_fd = -1,
	.spare = -1,
	.prepare = 1,
	.checked = NEVER,
	.notified = NEVER
};

static void		 clean_end(void);
static void		 clean_start(void);
static void		 move_spare(void);
static void		 open_standard(void);
static struct conf	*load(const char *);
static int		 check_users(const struct conf *);
static void		 find_paths(const struct arguments *);
static const char	*state_path(const char *);
static void		 raise_limit(void);
static const struct account *find_engine_user(void);
static int		 background(void);
static void		 set_up_events(void);
static void		 add_signals(void);
static void		 libevent_handler(int, const char *);
static void		 restrict_files(void);
static void		 attach_only_one(void);
static void		 begin_counting(void);
static void		 ready(int);

static void		 wake(void);
static void		 work_handler(int, short, void *);
static void		 signal_handler(int, short, void *);
static void		 rang(int);
static void		 reap(void);
static void		 engine_ended(int);
static void		 try_later(void);
static void		 retry_handler(int, short, void *);
static void		 filters_done(void);
static void		 prepare(void);
static void		 read_configuration(void);
static int		 load_next(void);
static int		 same_path(const char *, const char *);
static void		 refuse_reload(unsigned int);
static void		 tell(unsigned int, const char *);
static void		 attach_counters(void);
static void		 run_engine(void);
static void		 adopt(void);
static void		 reload_done(void);
static void		 look_all(void);
static void		 look(struct rule *);
static enum due		 due_now(const struct rule *, struct sight *);
static void		 start_due(void);
static int		 start(struct rule *, enum due, const struct sight *,
			    unsigned int);
static void		 went_on_or_off(const struct rule *);
static void		 run_ended(struct rule *, const struct ending *);
static void		 notify_status(void);
static void		 status_handler(int, short, void *);
static void		 watchdog_handler(int, short, void *);
static void		 request_handler(struct client *, char *);
static void		 request_show(struct client *, struct rule *, char *);
static void		 request_reload(struct client *, struct rule *,
			    char *);
static void		 request_run(struct client *, struct rule *, char *);
static void		 request_reset(struct client *, struct rule *,
			    char *);
static void		 refuse(struct client *, const char *, const char *);
static void		 interfaces_handler(int, short, void *);
static void		 check_later(void);
static void		 check_handler(int, short, void *);
static void		 compare_handler(int, short, void *);
static void		 check_only_one(void);
static void		 stop(int);
static void		 refuse_clients(void);
static void		 end_if_idle(void);
static void		 grace_handler(int, short, void *);

extern char		**environ;

int
main(int argc, char **argv)
{
	struct arguments		 args;
	const struct account		*engine_user;
	struct conf			*conf;
	const char			*state_file;
	int				 setugid, contained, in_front;

	/* whoever started us set-user-ID may get a counter, nothing else */
	setugid = issetugid() && getuid() != 0;
	if (setugid) {
		parent.spare = counter_open();
		privs_give_up();
	}
	if ((contained = pid1_fork()) == -1)
		fatal("fork");
	clean_start();
	args_parse(argc, argv, &args);
	if (args.check)
		log_wait();
	else if (setugid && !options.onerule)
		fatalx("must be started as root");
	conf = options.onerule ? args_conf(&args) : load(args.file);
	if (conf != NULL && args.check)
		args_check(conf);
	if (conf == NULL || !check_users(conf))
		exit(1);
	parent.conf = conf;
	find_paths(&args);

	/* a container ends with its first process */
	in_front = options.onerule || options.test || args.debug || contained;
	log_open(in_front ? LOG_TO_STDERR : LOG_TO_BOTH);
	raise_limit();
	engine_user = find_engine_user();
	if (conf_share(conf) == -1)
		fatal("mmap");
	if (parent.socket != NULL)
		control_open(parent.socket);
	if ((state_file = state_path(conf->state_file)) != NULL)
		state_open(conf, state_file);
	if (!in_front)
		parent.ready_fd = background();
	if (!options.onerule && chdir("/") == -1)
		fatal("chdir /");
	set_up_events();
	engine_init(engine_user, rang);
	filter_init(filters_done, engine_user);
	state_start(wake);
	if (options.onerule)
		attach_only_one();
	restrict_files();
	wake();
	if (event_dispatch() == -1)
		fatal("event_dispatch");
	clean_end();
	return parent.exit_status;
}

static void
clean_end(void)
{
	filter_sweep(NULL);
	run_end();
	counter_detach_all(parent.conf, 1);
	state_close();
	control_close();
	conf_free(parent.conf);
	conf_free(parent.accounts);
	free(parent.socket);
	log_close();
}

/* Starting. */

/*
 * Descriptors 0 to 2 exist, there are no others but the spare, no signal is
 * blocked or has a strange disposition, and the environment is empty: that of
 * the caller is for the command alone, not for the libraries.
 */
static void
clean_start(void)
{
	static char	*empty[] = { NULL };
	struct sigaction sa;
	sigset_t	 none;
	int		 sig;

	move_spare();
	closefrom(parent.spare == -1 ? 3 : 4);
	open_standard();

	if (getrlimit(RLIMIT_NOFILE, &options.nofile) == -1)
		fatal("getrlimit");
	if (sigaction(SIGHUP, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN)
		options.hup_ignored = 1;
	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGHUP || !options.hup_ignored)
			signal(sig, SIG_DFL);
	/* a log that is full or has no reader is an error of write(2) */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	options.environ = environ;
	journal_open(environ);
	if (notify_open(environ) == -1)
		log_warn("NOTIFY_SOCKET");
	tzset();
	environ = empty;
}

static void
move_spare(void)
{
	if (parent.spare == -1 || parent.spare == 3)
		return;
	if (dup2(parent.spare, 3) == -1 || fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
		fatal("dup2");
	close(parent.spare);
	parent.spare = 3;
}

static void
open_standard(void)
{
	int	 fd;

	do {
		if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 &&
		    errno != EMFILE)
			fatal("/dev/null");
	} while (fd != -1 && fd <= STDERR_FILENO &&
	    fcntl(fd, F_SETFD, 0) == 0);
	if (fd != -1)
		close(fd);
	else if (fcntl(STDERR_FILENO, F_GETFD) == -1)
		exit(1);	/* a counter there would get our messages */
}

/* Read a configuration.  Returns NULL after all errors were logged. */
static struct conf *
load(const char *path)
{
	struct conf	*conf = NULL;
	const char	*error;
	char		*text;
	size_t		 len;
	int		 bad = 0;

	if ((text = file_read(path, &len, &error)) == NULL)
		log_at(path, 0, "%s", error);
	else if (parent.conf != NULL && len == 0)
		log_at(path, 0, "empty file, is it being written?");
	else if ((conf = conf_new()) == NULL)
		log_warn("calloc");
	else if (parse_conf(conf, path, text, len) == -1)
		bad = 1;
	else if (counter_add_all(conf) == -1) {
		log_warn("conf_alloc");
		bad = 1;
	} else if (conf->nrules == 0)
		log_at(path, 0, "no rules");
	if (bad) {
		conf_free(conf);
		conf = NULL;
	}
	free(text);
	return conf;
}

/* Nobody but root can run commands as somebody else. */
static int
check_users(const struct conf *conf)
{
	const struct rule	*rule;
	int			 good = 1;

	TAILQ_FOREACH(rule, &conf->rules, next)
		if (rule->account != NULL && getuid() != 0 &&
		    rule->account->uid != getuid()) {
			log_at(rule->file, rule->line, "rule \"%s\": only "
			    "root can run commands as user %s", rule->name,
			    rule->account->name);
			good = 0;
		}
	return good;
}

/*
 * Where things are for the daemon, wherever it goes.  The system's socket and
 * state are for root's only daemon that is not called a second one; what only
 * tries something disturbs nobody.
 */
static void
find_paths(const struct arguments *args)
{
	if (options.onerule)
		return;
	parent.path = args_path(args->file);
	if (options.test)
		return;
	if (args->socket != NULL)
		parent.socket = args_path(args->socket);
	else if (getuid() == 0) {
		parent.socket = args_path(CONTROL_SOCKET);
		parent.state_file = STATE_FILE;
	}
}

/* The file that keeps the rules' state, given what is configured; or NULL. */
static const char *
state_path(const char *configured)
{
	if (options.onerule || options.test)
		return NULL;
	if (configured == NULL)
		return parent.state_file;
	return configured[0] != '\0' ? configured : NULL;
}

/*
 * Some descriptors for each counter and two for each command that runs:
 * counters must leave some.
 */
static void
raise_limit(void)
{
	struct rlimit	 limit = options.nofile;
	rlim_t		 max;

	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warn("setrlimit");
	/* the kernel may have cut it */
	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit");
	max = limit.rlim_cur > UINT_MAX ? UINT_MAX : limit.rlim_cur;
	if (max - max / 4 > RESERVED)
		max -= RESERVED;
	else
		max /= 4;
	if (max > counter_max)
		max = counter_max;
	parent.max_descriptors = max;
	/* a command gets back what we can give */
	if (options.nofile.rlim_max > limit.rlim_max)
		options.nofile.rlim_max = limit.rlim_max;
	if (options.nofile.rlim_cur > limit.rlim_max)
		options.nofile.rlim_cur = limit.rlim_max;
}

/* Root's engine is another user's. */
static const struct account *
find_engine_user(void)
{
	const struct account	*account;
	const char		*error;

	if (getuid() != 0)
		return NULL;
	if ((parent.accounts = conf_new()) == NULL)
		fatal("calloc");
	account = account_find(parent.accounts, ENGINE_USER, &error);
	if (account == NULL)
		fatalx("user %s: %s: add it, on most systems with: useradd "
		    "-d %s -s /sbin/nologin %s", ENGINE_USER, error,
		    ENGINE_DIR, ENGINE_USER);
	return account;
}

/*
 * Go to the background; the first process stays until ready() is called for
 * the descriptor that this returns, or fails with this one.
 */
static int
background(void)
{
	int	 fds[2];
	char	 c;

	if (pipe2(fds, O_CLOEXEC) == -1)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		close(fds[0]);
		if (setsid() == -1)
			fatal("setsid");
		return fds[1];
	}
	close(fds[1]);
	_exit(read(fds[0], &c, 1) == 1 ? 0 : 1);
}

static void
set_up_events(void)
{
	int	 fd;

	event_set_log_callback(libevent_handler);
	if (event_init() == NULL)
		fatalx("event_init");
	if (run_init(run_ended) == -1)
		fatal("/dev/null");
	TAILQ_INIT(&parent.due);
	add_signals();
	if ((fd = iface_open()) == -1)
		fatal("routing socket");
	event_set(&parent.interfaces_ev, fd, EV_READ | EV_PERSIST,
	    interfaces_handler, NULL);
	if (event_add(&parent.interfaces_ev, NULL) == -1)
		fatal("event_add");
	evtimer_set(&parent.work_ev, work_handler, NULL);
	evtimer_set(&parent.check_ev, check_handler, NULL);
	evtimer_set(&parent.compare_ev, compare_handler, NULL);
	if (iface_loses(fd))
		timer_in(&parent.compare_ev, COMPARE);
	evtimer_set(&parent.retry_ev, retry_handler, NULL);
	evtimer_set(&parent.grace_ev, grace_handler, NULL);
	evtimer_set(&parent.watchdog_ev, watchdog_handler, NULL);
	evtimer_set(&parent.status_ev, status_handler, NULL);
}

static void
add_signals(void)
{
	static const int	 signals[] = { CAUGHT_SIGNALS };
	size_t			 i;

	for (i = 0; i < nitems(signals); i++) {
		if (options.onerule && options.hup_ignored &&
		    signals[i] == SIGHUP)
			continue;
		signal_set(&parent.signal_evs[i], signals[i], signal_handler,
		    NULL);
		if (signal_add(&parent.signal_evs[i], NULL) == -1)
			fatal("signal_add");
	}
}

/* What libevent has to say belongs in the log. */
static void
libevent_handler(int severity, const char *message)
{
	if (severity >= _EVENT_LOG_WARN)
		log_warnx("%s", message);
}

/*
 * The daemon opens devices and reads what the configuration includes, but
 * writes nothing but its state; at the end it removes its socket.  The
 * one-rule form needs its command alone, which pledge(2) follows.
 */
static void
restrict_files(void)
{
	const char	*dir = state_dir();

	if (options.onerule)
		return;
	if (parent.socket != NULL && unveil(parent.socket, "c") == -1)
		fatal("unveil %s", parent.socket);
	if (dir != NULL && unveil(dir, "rwc") == -1)
		fatal("unveil %s", dir);
	if (unveil("/", "rx") == -1 || unveil("/dev/null", "rw") == -1 ||
	    unveil(NULL, NULL) == -1)
		fatal("unveil");
}

/* The one-rule form, which has no right to anything afterwards. */
static void
attach_only_one(void)
{
	counter_attach_some(parent.conf, parent.spare, UINT_MAX, NO_TIME);
	if (TAILQ_FIRST(&parent.conf->rules)->counter->tap.kind == NULL)
		exit(1);
	privs_give_up();
}

/* The first engine counts: the start has succeeded. */
static void
begin_counting(void)
{
	parent.counting = 1;
	if (options.onerule && (unveil(TAILQ_FIRST(
	    &parent.conf->rules)->command[0], "x") == -1 ||
	    pledge("stdio proc exec", NULL) == -1))
		fatal("pledge");
	if (parent.ready_fd != -1)
		ready(parent.ready_fd);
	parent.ready_fd = -1;
	notify("READY=1");
	notify_status();
	control_start(request_handler);
	if (notify_watchdog() != 0)
		watchdog_handler(-1, 0, NULL);
	check_later();		/* what came or went before the socket */
}

static void
ready(int fd)
{
	int	 null;

	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1)
		fatal("/dev/null");
	close(null);
	log_open(LOG_TO_SYSLOG);
	if (write(fd, "", 1) != 1)
		fatal("write");
	close(fd);
}

/* Working. */

/* There is something to do: in the next turn of the event loop. */
static void
wake(void)
{
	if (!evtimer_pending(&parent.work_ev, NULL))
		timer_in(&parent.work_ev, 0);
}

/* What there is to do, the short and urgent before the long. */
static void
work_handler(int fd, short event, void *arg)
{
	if (parent.reap)
		reap();
	if (parent.status) {
		parent.status = 0;
		engine_ask();
		show_log(parent.conf);
	}
	if (parent.stopping) {
		end_if_idle();
		return;
	}
	if (parent.reload && parent.prepared)
		read_configuration();
	if (parent.prepare)
		prepare();
	if (parent.stopping || (!parent.prepared && !parent.counting))
		return;
	if (parent.attach && engine_exists())
		attach_counters();
	if (!engine_exists())
		run_engine();
	if (parent.look) {
		parent.look = 0;
		look_all();
	}
	start_due();
}

/* libevent calls this once for each signal: the work is done elsewhere. */
static void
signal_handler(int sig, short event, void *arg)
{
	switch (sig) {
	case SIGHUP:
		if (options.onerule)
			stop(0);
		else
			parent.reload = 1;
		break;
	case SIGINT:
	case SIGTERM:
		stop(0);
		break;
	case SIGCHLD:
		parent.reap = 1;
		break;
	default:
		parent.status = 1;
	}
	wake();
}

/* From the engine: a rule is due; the first time, that it counts. */
static void
rang(int first)
{
	if (first && !parent.stopping) {
		if (!parent.counting)
			begin_counting();
		if (parent.reloading && !parent.attach)
			reload_done();
	}
	parent.look = 1;
	wake();
}

static void
reap(void)
{
	int	 status, asked;

	parent.reap = 0;
	if (engine_reap(&status, &asked) && !asked && !parent.stopping)
		engine_ended(status);
	counter_reap();
	filter_reap();
	state_reap();
	if (run_reap()) {
		parent.reap = 1;
		wake();
	}
	if (parent.stopping)
		end_if_idle();
}

/*
 * An engine that somebody killed is replaced; it has lost nothing.  One that
 * ended by itself has something wrong with it.
 */
static void
engine_ended(int status)
{
	int64_t	 time = now(), *death;

	if (options.onerule || !parent.counting || !WIFSIGNALED(status) ||
	    (WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM)) {
		if (WIFSIGNALED(status))
			log_warnx("engine ended with signal %d",
			    WTERMSIG(status));
		else
			log_warnx("engine ended with status %d",
			    WEXITSTATUS(status));
		stop(1);
		return;
	}
	death = &parent.deaths[parent.ndeaths % MAX_DEATHS];
	if (parent.ndeaths >= MAX_DEATHS && time - *death < 60 * NSEC) {
		log_warnx("engine was killed %d times in a minute",
		    MAX_DEATHS + 1);
		stop(1);
		return;
	}
	*death = time;
	parent.ndeaths++;
	log_warnx("engine was killed: starting another");
}

/* Something could not be had. */
static void
try_later(void)
{
	if (!evtimer_pending(&parent.retry_ev, NULL))
		timer_in(&parent.retry_ev, RETRY);
}

static void
retry_handler(int fd, short event, void *arg)
{
	parent.look = 1;
	wake();
}

/* The engine, and what it is to count. */

/* From filter.c: all filters that were asked for are there, or in error. */
static void
filters_done(void)
{
	if (parent.prepared) {
		counter_retry(parent.conf);
		parent.attach = 1;
	} else
		parent.prepare = 1;
	wake();
}

/* The first configuration, or the next: as soon as its filters are there. */
static void
prepare(void)
{
	int	 result;

	parent.prepare = 0;
	log_listen(tell, FOR_NEXT);
	result = counter_prepare(parent.next != NULL ? parent.next :
	    parent.conf);
	log_listen(NULL, 0);
	if (result == 0)
		return;
	parent.prepared = 1;
	wake();		/* for a reload that was asked for meanwhile */
	if (result == 1) {
		if (parent.next != NULL)
			engine_stop();
		else
			parent.attach = 1;
	} else if (parent.next == NULL)
		stop(1);
	else {
		conf_free(parent.next);
		parent.next = NULL;
		/* what was wrong with it may be right the next time */
		filter_sweep(parent.conf);
		/* nor did filters_done() look at what else was compiled */
		counter_retry(parent.conf);
		parent.attach = 1;
		refuse_reload(FOR_NEXT);
	}
}

/* Read the configuration again: all of it, or nothing. */
static void
read_configuration(void)
{
	int	 result;

	if (!parent.counting)
		return;		/* the start comes first */
	parent.reload = 0;
	notify("RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)(now() / 1000));
	control_move(FOR_RELOAD, FOR_READING);
	log_listen(tell, FOR_READING);
	result = load_next();
	log_listen(NULL, 0);
	if (result == -1)
		refuse_reload(FOR_READING);
	else
		control_move(FOR_READING, FOR_NEXT);
}

/* Returns 0, or -1 after all errors were logged. */
static int
load_next(void)
{
	struct conf	*conf;

	if ((conf = load(parent.path)) == NULL || !check_users(conf)) {
		conf_free(conf);
		return -1;
	}
	if (conf_share(conf) == -1) {
		log_warn("mmap");
		conf_free(conf);
		return -1;
	}
	if (!same_path(state_path(conf->state_file),
	    state_path(parent.conf->state_file)))
		log_at(parent.path, 0, "state is not changed by a reload: "
		    "restart");
	conf_free(parent.next);
	parent.next = conf;
	parent.prepared = 0;
	parent.prepare = 1;
	return 0;
}

static int
same_path(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
refuse_reload(unsigned int who)
{
	log_warnx("configuration reload failed, keeping the old one");
	control_tell_end(who, 0);
	/* the service manager waits for it, whatever became of the reload */
	notify("READY=1");
	notify_status();
}

/* From log.c: what is logged concerns them. */
static void
tell(unsigned int who, const char *line)
{
	control_tell(who, "%s", line);
}

/*
 * Attach counters that wait, while the engine goes on with the others; then
 * it has to know them.
 */
static void
attach_counters(void)
{
	int	 result;

	result = counter_attach_some(parent.conf, -1, parent.max_descriptors,
	    now() + ATTACH_TIME);
	if (result & COUNTER_NEW)
		parent.attached = 1;
	if (result & COUNTER_AGAIN)
		check_later();
	parent.attach = (result & COUNTER_MORE) != 0;
	if (parent.attach)
		wake();
	else if (parent.attached)
		engine_stop();
	else if (parent.reloading && engine_exists())
		reload_done();
}

/* There is no engine: change what it must not see change, and start one. */
static void
run_engine(void)
{
	if (parent.next != NULL && parent.prepared)
		adopt();
	if (counter_detach_gone(parent.conf) != 0)
		parent.attach = 1;	/* it may be back already */
	if (parent.attach)
		attach_counters();
	/* the first engine begins with all of them */
	if (!parent.counting && parent.attach)
		return;
	parent.attached = 0;
	if (!parent.counting && counter_denied(parent.conf)) {
		stop(1);
		return;
	}
	if (engine_start(parent.conf) == -1) {
		if (!parent.counting)
			stop(1);
		else
			try_later();
	}
}

/* The new configuration takes the place of the old one. */
static void
adopt(void)
{
	struct conf	*old = parent.conf;

	TAILQ_INIT(&parent.due);
	counter_carry_all(old, parent.next);
	run_carry(parent.next);
	counter_detach_all(old, 1);
	conf_free(old);
	parent.conf = parent.next;
	parent.next = NULL;
	filter_sweep(parent.conf);
	parent.attach = parent.reloading = 1;
	control_move(FOR_NEXT, FOR_ADOPTED);
	state_changed(parent.conf);
}

static void
reload_done(void)
{
	parent.reloading = 0;
	log_info("configuration reloaded: %u rules", parent.conf->nrules);
	control_tell(FOR_ADOPTED, "configuration reloaded: %u rules",
	    parent.conf->nrules);
	control_tell_end(FOR_ADOPTED, 1);
	notify("READY=1");
	notify_status();
}

/* Rules. */

static void
look_all(void)
{
	struct rule	*rule;

	TAILQ_FOREACH(rule, &parent.conf->rules, next)
		look(rule);
}

/*
 * Is the rule due?  Its turn comes after those that are, too.  Nothing is
 * written to one that is not: the engine shares its memory.
 */
static void
look(struct rule *rule)
{
	struct sight	 sight;

	if (rule->queued || due_now(rule, &sight) == DUE_NOTHING)
		return;
	rule->queued = 1;
	TAILQ_INSERT_TAIL(&parent.due, rule, due);
	wake();
}

static enum due
due_now(const struct rule *rule, struct sight *sight)
{
	int64_t	 time = now(), next;

	count_look(rule, time, sight);
	return rule_due(&rule->terms, rule->state, sight, time, &next);
}

/* Start the commands of rules that are due, as long as their time lasts. */
static void
start_due(void)
{
	struct rule	*rule;
	struct sight	 sight;
	int64_t		 until = now() + START_TIME;
	enum due	 due;

	while ((rule = TAILQ_FIRST(&parent.due)) != NULL) {
		if (now() >= until) {
			wake();
			return;
		}
		TAILQ_REMOVE(&parent.due, rule, due);
		rule->queued = 0;
		due = due_now(rule, &sight);
		if (due == DUE_RENEW)
			rule_take(&rule->terms, rule->state, &sight, due,
			    now());
		else if (due != DUE_NOTHING &&
		    start(rule, due, &sight, 0) == -1)
			try_later();
	}
}

/* Start a command, and write down in the rule's state what it takes. */
static int
start(struct rule *rule, enum due due, const struct sight *sight,
    unsigned int who)
{
	const struct terms	*terms = &rule->terms;
	struct state		*state = rule->state;
	struct start		 start = {
		.due = due,
		.packets = rule_packets(terms, state, sight, due),
		.total = sight->total - state->base,
		.owed = rule_owed(terms, state, sight, due),
		.who = who
	};

	if (run_start(rule, &start) == -1)
		return -1;
	/* wait counts from when the command really began */
	rule_take(terms, state, sight, due, now());
	state->last_start = time(NULL);
	went_on_or_off(rule);
	return 0;
}

/* A command that runs may have switched something already. */
static void
went_on_or_off(const struct rule *rule)
{
	if (rule->terms.idle != 0)
		state_changed(parent.conf);
}

/* From run.c: a run has ended, or could not begin for the moment. */
static void
run_ended(struct rule *rule, const struct ending *ending)
{
	notify_status();
	if (ending->who != 0) {
		control_tell(ending->who, "%s", ending->line);
		control_tell_end(ending->who, ending->ok);
	}
	if (parent.stopping || rule == NULL)
		return;
	went_on_or_off(rule);
	if (ending->again)
		try_later();
	else if (rule->terms.exact)
		look(rule);
	else if (rule->terms.immediate)
		engine_poke();
}

/* For systemctl(1) status; runs may come fast. */
static void
notify_status(void)
{
	int64_t	 time = now();

	if (!notify_wanted())
		return;
	if (parent.notified != NEVER && time - parent.notified < NOTIFY) {
		if (!evtimer_pending(&parent.status_ev, NULL))
			timer_in(&parent.status_ev, parent.notified + NOTIFY -
			    time);
		return;
	}
	parent.notified = time;
	notify("STATUS=%u rules, %" PRIu64 " runs", parent.conf->nrules,
	    run_total());
}

static void
status_handler(int fd, short event, void *arg)
{
	notify_status();
}

/*
 * The service manager restarts us if it does not hear in time that both of us
 * work.  What works again is reported at once.
 */
static void
watchdog_handler(int fd, short event, void *arg)
{
	int64_t	 next = notify_watchdog();

	if (parent.stopping || engine_works())
		notify("WATCHDOG=1");
	else if (next > RETRY)
		next = RETRY;
	timer_in(&parent.watchdog_ev, next);
}

/* What clients ask for. */

/* From control.c: one line, see control.h. */
static void
request_handler(struct client *client, char *line)
{
	static const struct {
		const char	*name;
		int		 min, max;	/* arguments */
		void		(*handle)(struct client *, struct rule *,
				    char *);
	}		 requests[] = {
		{ "show", 0, 1, request_show },
		{ "reload", 0, 0, request_reload },
		{ "run", 1, 2, request_run },
		{ "reset", 1, 1, request_reset }
	};
	struct rule	*rule = NULL;
	char		*name, *args[MAX_ARGUMENTS + 1] = { NULL };
	size_t		 i;
	int		 n = 0;

	name = strsep(&line, " ");
	while (n <= MAX_ARGUMENTS && line != NULL)
		args[n++] = strsep(&line, " ");
	for (i = 0; i < nitems(requests); i++)
		if (strcmp(name, requests[i].name) == 0 &&
		    n >= requests[i].min && n <= requests[i].max)
			break;
	if (i == nitems(requests)) {
		refuse(client, "unknown request", name);
		return;
	}
	if (n > 0) {
		rule = conf_rule(parent.conf, args[0]);
		if (rule == NULL) {
			refuse(client, "no such rule", args[0]);
			return;
		}
	}
	requests[i].handle(client, rule, args[1]);
}

static void
request_show(struct client *client, struct rule *rule, char *more)
{
	engine_ask();
	if (rule != NULL)
		show_rule(client, rule);
	else
		TAILQ_FOREACH(rule, &parent.conf->rules, next)
			show_rule(client, rule);
	control_end(client, 1);
}

static void
request_reload(struct client *client, struct rule *rule, char *more)
{
	if (parent.stopping) {
		control_say(client, "stopping");
		control_end(client, 0);
		return;
	}
	if (!control_wait(client, FOR_RELOAD))
		return;
	parent.reload = 1;
	wake();
}

static void
request_run(struct client *client, struct rule *rule, char *more)
{
	struct sight	 sight;
	unsigned int	 who = FOR_RUN + parent.nmanual;
	int		 idle = more != NULL && strcmp(more, "idle") == 0;

	if (more != NULL && !idle)
		refuse(client, "expected idle", more);
	else if (idle && rule->idle == NULL)
		refuse(client, "has no idle command", rule->name);
	else if (rule->state->running)
		refuse(client, "is running", rule->name);
	else if (parent.stopping)
		refuse(client, "stopping", rule->name);
	else if (control_wait(client, who)) {
		parent.nmanual = (parent.nmanual + 1) % (UINT_MAX - FOR_RUN);
		count_look(rule, now(), &sight);
		if (start(rule, idle ? DUE_MANUAL_IDLE : DUE_MANUAL, &sight,
		    who) == -1)
			refuse(client, "cannot start a command", rule->name);
	}
}

static void
request_reset(struct client *client, struct rule *rule, char *more)
{
	uint64_t	 total = count_read(rule->counter->count, NULL);

	run_reset(rule, total, now());
	state_changed(parent.conf);
	if (rule->terms.immediate)
		engine_poke();
	control_end(client, 1);
}

/* What the client says may be anything. */
static void
refuse(struct client *client, const char *why, const char *what)
{
	char	 text[128];

	log_printable(text, sizeof(text), what, strlen(what));
	control_say(client, "%s: %s", text, why);
	control_end(client, 0);
}

/* Interfaces. */

static void
interfaces_handler(int fd, short event, void *arg)
{
	if (iface_changed(fd))
		check_later();
}

/*
 * Compare counters and interfaces, but not all the time: often enough that an
 * interface counts within a second of its return.
 */
static void
check_later(void)
{
	if (!evtimer_pending(&parent.check_ev, NULL))
		timer_in(&parent.check_ev, parent.checked == NEVER ? 0 :
		    parent.checked + NSEC / 2 - now());
}

static void
check_handler(int fd, short event, void *arg)
{
	if (parent.stopping || !parent.counting)
		return;
	parent.checked = now();
	if (options.onerule) {
		check_only_one();
		return;
	}
	if (counter_mark_gone(parent.conf))
		engine_stop();
	counter_retry(parent.conf);
	parent.attach = 1;
	wake();
}

/* What came or went may have been lost. */
static void
compare_handler(int fd, short event, void *arg)
{
	check_later();
	timer_in(&parent.compare_ev, COMPARE);
}

/* The one-rule form ends with its interface; pledge(2) allows this much. */
static void
check_only_one(void)
{
	struct counter	*counter = RB_MIN(counters, &parent.conf->counters);

	if (counter_named(counter))
		return;
	log_warnx("%s: the interface is gone", counter->ifname);
	stop(1);
}

/* The end. */

/*
 * Start nothing any more and end with the given status as soon as no command
 * runs; commands get some seconds for that.  The second time kills them.
 */
static void
stop(int status)
{
	wake();
	if (parent.stopping) {
		run_kill();
		return;
	}
	parent.stopping = 1;
	parent.exit_status = status;
	notify("STOPPING=1");
	refuse_clients();
	engine_stop();
	timer_in(&parent.grace_ev, GRACE);
}

/* Nothing is reloaded any more. */
static void
refuse_clients(void)
{
	unsigned int	 who;

	for (who = FOR_RELOAD; who < FOR_RUN; who++) {
		control_tell(who, "stopping");
		control_tell_end(who, 0);
	}
}

/* The state is written last of all: nothing changes it any more. */
static void
end_if_idle(void)
{
	if (((run_running() == 0 && !engine_exists()) ||
	    parent.grace_over > 1) &&
	    (!parent.counting || state_end(parent.conf)))
		event_loopexit(NULL);
}

/* A process that even KILL does not end now is not waited for. */
static void
grace_handler(int fd, short event, void *arg)
{
	if (parent.grace_over++)
		end_if_idle();
	else {
		run_kill();
		timer_in(&parent.grace_ev, NSEC);
	}
}
