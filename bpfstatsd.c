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
 * interface.  This is the parent process: the start, signals, reload,
 * interfaces that come and go.
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

#include "counter.h"

#define GRACE		(5 * NSEC)	/* that commands get at the end */
#define NOTIFY		(10 * NSEC)	/* between two status messages */
#define RETRY		NSEC	/* until what failed is tried again */
#define MAX_DEATHS	5	/* of engines, a minute */
#define RESERVED	64	/* descriptors for all but counters */
#define MAX_TURNS	1000	/* runs in a row with -t */

static void		 clean_start(void);
static struct conf	*load(const char *);
static int		 check_users(const struct conf *);
static void		 raise_limit(void);
static void		 find_engine_user(void);
static void		 open_all(void);
static int		 open_waiting(void);
static int		 open_counter(struct counter *);
static int		 said(struct counter *);
static void		 complain(struct counter *, const char *, int);
static int		 background(void);
static void		 ready(int);
static void		 set_up_events(void);
static void		 libevent_handler(int, const char *);
static void		 restrict_files(void);

static void		 look(struct rule *);
static void		 signal_handler(int, short, void *);
static void		 interfaces_handler(int, short, void *);
static void		 check_later(void);
static void		 check_handler(int, short, void *);
static int		 check_gone(void);
static void		 check_only_one(void);
static void		 retry_handler(int, short, void *);
static void		 reload_handler(int, short, void *);
static void		 reload(void);
static void		 grace_handler(int, short, void *);
static void		 start_engine(void);
static int		 engine_ended(int);
static void		 log_status(void);
static void		 notify_status(void);
static void		 end_if_idle(void);

extern char		**environ;

struct options		 options;

static struct conf	*conf;
static char		*conf_path;		/* absolute */
static int		 device = -1;		/* opened, not yet attached */
static int		 device_fails;		/* one could not be opened */
static int		 again;			/* a counter, to be opened */
static int		 device_error;		/* errno that was logged */
static unsigned int	 max_counters;
static struct conf	*accounts;		/* the engine's */
static const struct account *engine_user;	/* NULL: whoever we are */
static int		 stopping;
static int		 exit_status;
static int		 grace_over;
static struct event	 signal_events[7];
static struct event	 interfaces_ev;
static struct event	 check_ev;
static int64_t		 checked = NEVER;
static struct event	 retry_ev;
static struct event	 reload_ev;
static struct event	 grace_ev;

int
main(int argc, char **argv)
{
	struct arguments	 args;
	int			 setugid, ready_fd = -1, in_front;

	/* whoever started us set-user-ID may get a counter, nothing else */
	setugid = issetugid() && getuid() != 0;
	if (setugid) {
		device = counter_open(NULL);
		privs_give_up();
	}
	clean_start();
	args_parse(argc, argv, &args);
	if (args.check)
		log_wait();
	if (setugid && !options.onerule && !args.check)
		fatalx("start as root");

	conf = options.onerule ? args_conf(&args) : load(args.file);
	if (conf == NULL)
		exit(1);
	if (args.check)
		args_check(conf);
	if (!check_users(conf))
		exit(1);
	if (!options.onerule)
		conf_path = args_path(args.file);

	in_front = options.onerule || options.test || args.debug;
	log_open(in_front ? LOG_TO_STDERR : LOG_TO_BOTH);
	raise_limit();
	find_engine_user();
	if (conf_share(conf) == -1)
		fatal("shared memory");
	open_all();
	if (options.onerule)
		privs_give_up();	/* nothing will be opened again */
	if (!in_front)
		ready_fd = background();
	if (!options.onerule && chdir("/") == -1)
		fatal("/");
	set_up_events();
	restrict_files();
	start_engine();
	if (!engine_runs())
		exit(1);
	if (options.onerule) {
		if (unveil(TAILQ_FIRST(&conf->rules)->command[0], "x") == -1 ||
		    pledge("stdio proc exec", NULL) == -1)
			fatal("sandbox");
	}
	if (ready_fd != -1)
		ready(ready_fd);
	notify("READY=1");
	notify_status();
	if (event_dispatch() == -1)
		fatal("event_dispatch");
	run_end();
	engine_stop();
	counter_close(conf, 1);
	conf_free(conf);
	conf_free(accounts);
	log_close();
	return exit_status;
}

/* The clock of everything: nanoseconds that no change of date moves. */
int64_t
now(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

/*
 * Set a timer of libevent so many nanoseconds ahead, but counted from the
 * beginning of this turn of its loop: it may come early.  Returns 0 or -1.
 */
int
timer_in(struct event *ev, int64_t ns)
{
	struct timeval	 tv = { 0, 0 };

	if (ns > 0) {
		tv.tv_sec = ns / NSEC;
		tv.tv_usec = ns % NSEC / 1000;
	}
	return evtimer_add(ev, &tv);
}

/*
 * Descriptors 0 to 2 exist, there are no others but the device, no signal is
 * blocked or has a strange disposition, and the environment is empty: that of
 * the caller is for the command alone, not for the libraries.
 */
static void
clean_start(void)
{
	static char	*empty[] = { NULL };
	struct sigaction sa;
	sigset_t	 none;
	int		 fd, sig;

	if (device != -1 && device != 3) {
		if (dup2(device, 3) == -1 ||
		    fcntl(3, F_SETFD, FD_CLOEXEC) == -1)
			fatal("descriptors");
		close(device);
		device = 3;
	}
	closefrom(device == -1 ? 3 : 4);
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
	notify_open(environ);
	tzset();
	environ = empty;
}

/* Read a configuration.  Returns NULL after all errors were logged. */
static struct conf *
load(const char *path)
{
	struct conf	*new = NULL;
	const char	*error;
	char		*text;
	size_t		 len;

	if ((text = file_read(path, &len, &error)) == NULL)
		log_at(path, 0, "%s", error);
	else if ((new = conf_new()) == NULL)
		log_warn("configuration");
	else if (parse_conf(new, path, text, len) == -1) {
		conf_free(new);
		new = NULL;
	} else if (new->nrules == 0)
		log_at(path, 0, "no rules");
	free(text);
	return new;
}

/* Nobody but root can run commands as somebody else. */
static int
check_users(const struct conf *new)
{
	const struct rule	*rule;
	int			 good = 1;

	TAILQ_FOREACH(rule, &new->rules, next)
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
 * A descriptor for each counter and two for each command that runs: counters
 * must leave some.
 */
static void
raise_limit(void)
{
	struct rlimit	 limit = options.nofile;

	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
		log_warn("limit of descriptors");
		limit = options.nofile;
	}
	max_counters = limit.rlim_cur > UINT_MAX ? UINT_MAX : limit.rlim_cur;
	if (max_counters - max_counters / 4 > RESERVED)
		max_counters -= RESERVED;
	else
		max_counters /= 4;
}

/* Root's engine is another user's. */
static void
find_engine_user(void)
{
	const char	*error;

	if (getuid() != 0)
		return;
	if ((accounts = conf_new()) == NULL)
		fatal("configuration");
	engine_user = account_find(accounts, ENGINE_USER, &error);
	if (engine_user == NULL)
		fatalx("user %s: %s: add it, on most systems with: useradd "
		    "-d %s -s /sbin/nologin %s", ENGINE_USER, error,
		    ENGINE_DIR, ENGINE_USER);
}

/* Counters. */

/* Without the right to count there is no sense in starting. */
static void
open_all(void)
{
	struct counter	*counter;

	open_waiting();
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->fd == -1 && (options.onerule ||
		    counter->error == EPERM || counter->error == EACCES))
			exit(1);
}

/*
 * Open and attach the counters that wait, as long as there are descriptors.
 * Those that fail though their interface is there shall be tried again.
 * Returns 1 if there are new ones.
 */
static int
open_waiting(void)
{
	struct counter	*counter;
	unsigned int	 before, n = 0;

	RB_FOREACH(counter, counters, &conf->counters)
		n += counter->fd != -1;
	before = n;
	again = device_fails = 0;
	RB_FOREACH(counter, counters, &conf->counters) {
		if (counter->fd != -1)
			continue;
		if (n >= max_counters) {
			complain(counter, counter_device, EMFILE);
			again = 1;
		} else if (open_counter(counter) == 0)
			n++;
	}
	if (!device_fails)
		device_error = 0;
	if (device != -1)
		close(device);
	device = -1;
	return n > before;
}

/* Open and attach a counter.  Returns 0, or -1 if it waits, which is logged. */
static int
open_counter(struct counter *counter)
{
	int	 fd = -1;

	/* one descriptor goes from counter to counter until it is attached */
	if (!counter_listens(counter->ifname)) {
		fd = device;
		device = -1;
	}
	if (fd == -1 && (fd = counter_open(counter->ifname)) == -1) {
		complain(counter, counter_device, errno);
		again = 1;
		return -1;
	}
	if (counter_index(counter->ifname) == 0) {
		device = fd;
		complain(counter, counter->ifname, ENXIO);
		return -1;
	}
	if (counter_attach(counter, fd) == -1) {
		complain(counter, counter->ifname, errno);
		close(fd);
		again = 1;	/* even with ENXIO: it has just come */
		return -1;
	}
	if (counter->error == 0)
		log_debug("%s: counting", counter->ifname);
	else if (!said(counter))
		log_info("%s: counting", counter->ifname);
	counter->error = 0;
	return 0;
}

/* Has the same been said of another counter on the same interface? */
static int
said(struct counter *counter)
{
	struct counter	*other = counter, *prev;

	while ((prev = RB_PREV(counters, &conf->counters, other)) != NULL &&
	    strcmp(prev->ifname, counter->ifname) == 0)
		other = prev;
	for (; other != NULL && strcmp(other->ifname, counter->ifname) == 0;
	    other = RB_NEXT(counters, &conf->counters, other))
		if (other != counter &&
		    (other->fd == -1) == (counter->fd == -1) &&
		    other->error == (counter->fd == -1 ? counter->error : 0))
			return 1;
	return 0;
}

/* Say why a counter waits, once; what all devices lack, once for all. */
static void
complain(struct counter *counter, const char *what, int error)
{
	const char	*text = strerror(error);
	const char	*remedy = counter_remedy(error);
	int		 old = counter->error, all = what == counter_device;

	device_fails |= all;
	counter->error = error;
	if (error == old || (all && error == device_error) ||
	    (!all && said(counter)))
		return;
	if (all)
		device_error = error;
	if (error == ENXIO)
		text = "no such interface";
	if (!options.onerule && error == ENXIO)
		remedy = "its rules wait for it";
	log_warnx("%s: %s%s%s", what, text, remedy != NULL ? ": " : "",
	    remedy != NULL ? remedy : "");
}

/* Starting. */

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
		fatal("ready");
	close(fd);
}

static void
set_up_events(void)
{
	static const int	 signals[] = { CAUGHT_SIGNALS };
	size_t			 i;
	int			 fd;

	event_set_log_callback(libevent_handler);
	if (event_init() == NULL)
		fatalx("event_init");
	if (run_init() == -1)
		fatal("/dev/null");
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (options.onerule && options.hup_ignored &&
		    signals[i] == SIGHUP)
			continue;
		signal_set(&signal_events[i], signals[i], signal_handler,
		    NULL);
		if (signal_add(&signal_events[i], NULL) == -1)
			fatal("signal_add");
	}
	if ((fd = iface_open()) == -1)
		fatal("routing socket");
	event_set(&interfaces_ev, fd, EV_READ | EV_PERSIST,
	    interfaces_handler, NULL);
	if (event_add(&interfaces_ev, NULL) == -1)
		fatal("event_add");
	evtimer_set(&check_ev, check_handler, NULL);
	evtimer_set(&retry_ev, retry_handler, NULL);
	evtimer_set(&reload_ev, reload_handler, NULL);
	evtimer_set(&grace_ev, grace_handler, NULL);
	check_later();		/* what came or went before the socket */
}

/* What libevent has to say belongs into the log. */
static void
libevent_handler(int severity, const char *message)
{
	if (severity >= _EVENT_LOG_WARN)
		log_warnx("%s", message);
}

/*
 * The daemon opens devices and reads what the configuration includes, but
 * writes nothing.  The one-rule form needs its command alone, which
 * pledge(2) follows.
 */
static void
restrict_files(void)
{
	if (options.onerule)
		return;
	if (unveil("/", "rx") == -1 || unveil("/dev/null", "rw") == -1 ||
	    unveil(NULL, NULL) == -1)
		fatal("unveil");
}

/* Rules. */

void
look_all(void)
{
	struct rule	*rule;

	TAILQ_FOREACH(rule, &conf->rules, next)
		look(rule);
}

/*
 * Start what the rule is due for.  What a start takes is written down only
 * when it has succeeded.
 */
static void
look(struct rule *rule)
{
	const struct terms	*terms = &rule->terms;
	struct state		 after;
	enum what		 what;
	uint64_t		 total, packets, owed;
	int64_t			 time, next;
	int			 turns;

	/* the engine, which can write to the state, is not asked about this */
	if (rule->job != NULL && rule->job->pid != 0)
		return;
	for (turns = 0; turns < MAX_TURNS && !stopping; turns++) {
		time = now();
		total = count_total(rule->counter->count);
		what = rule_due(terms, rule->state, total, time, &next);
		if (what == NOTHING)
			break;
		if (what == RENEW) {
			rule_take(terms, rule->state, what, total, time);
			break;
		}
		after = *rule->state;
		packets = rule_take(terms, &after, what, total, time);
		owed = !terms->exact ? 0 :
		    rule_tally(terms, &after, total) / terms->count;
		if (options.test)
			run_test(rule, what, packets, total -
			    rule->state->base);
		else if (run_start(rule, what, packets, total -
		    rule->state->base, owed) == -1)
			return;
		/* wait counts from when the command really began */
		time = now();
		rule_take(terms, rule->state, what, total, time);
		if (!options.test)
			return;
		rule_done(terms, rule->state, what, 1, time);
	}
	/* with -t, runs have ended: wait and silence begin */
	if (turns > 0 && terms->immediate)
		engine_poke();
}

/* From run.c: a run has ended, well or not. */
void
run_ended(struct job *job, int ok)
{
	struct rule	*rule = job->rule;

	if (stopping)
		end_if_idle();
	notify_status();
	if (rule == NULL)
		return;
	if (job->stale)
		rule->state->running = 0;
	else
		rule_done(&rule->terms, rule->state, job->what, ok, now());
	if (rule->terms.exact)
		look(rule);
	if (rule->terms.immediate)
		engine_poke();
}

/* From run.c: something that a start needs could not be had. */
void
start_refused(void)
{
	if (!evtimer_pending(&retry_ev, NULL))
		timer_in(&retry_ev, RETRY);
}

static void
retry_handler(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	if (stopping)
		return;
	if (!engine_runs())
		start_engine();
	look_all();
}

/* Signals. */

static void
signal_handler(int sig, short event, void *arg)
{
	int	 status;

	(void)event;
	(void)arg;
	switch (sig) {
	case SIGHUP:
		if (options.onerule)
			stop(0);
		else if (!evtimer_pending(&reload_ev, NULL))
			timer_in(&reload_ev, 0);
		break;
	case SIGINT:
	case SIGTERM:
		stop(0);
		break;
	case SIGCHLD:
		if (engine_died(&status) && !stopping && engine_ended(status))
			start_engine();
		run_reap();
		break;
	default:
		log_status();
	}
}

/* Afterwards there is an engine, or another try to come, or an end. */
static void
start_engine(void)
{
	int	 result, status;

	do {
		result = engine_start(conf, engine_user, &status);
	} while (result == 1 && engine_ended(status));
	if (result == -1)
		start_refused();
}

/*
 * An engine that somebody killed is replaced; it has lost nothing.  One that
 * ended by itself has something wrong with it.  Returns 1 if there is to be
 * another.
 */
static int
engine_ended(int status)
{
	static int64_t		 deaths[MAX_DEATHS];
	static unsigned int	 n;
	int64_t			 time = now();

	if (options.onerule || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGKILL) {
		if (WIFSIGNALED(status))
			log_warnx("engine ended with signal %d",
			    WTERMSIG(status));
		else
			log_warnx("engine ended with status %d",
			    WEXITSTATUS(status));
		stop(1);
		return 0;
	}
	if (n >= MAX_DEATHS && time - deaths[n % MAX_DEATHS] < 60 * NSEC) {
		log_warnx("engine was killed %d times in a minute",
		    MAX_DEATHS + 1);
		stop(1);
		return 0;
	}
	deaths[n++ % MAX_DEATHS] = time;
	log_warnx("engine was killed: starting another");
	return 1;
}

static void
log_status(void)
{
	const struct rule	*rule;

	TAILQ_FOREACH(rule, &conf->rules, next) {
		const struct state	*state = rule->state;
		uint64_t		 total;

		total = count_total(rule->counter->count);
		log_notice("rule \"%s\": %s %s, total %" PRIu64 ", tally %"
		    PRIu64 ", runs %" PRIu64 ", failures %" PRIu64 ", %s",
		    rule->name, rule->ifname,
		    rule->counter->fd != -1 ? "attached" : "waiting",
		    total - state->base,
		    rule_tally(&rule->terms, state, total), state->runs,
		    state->failures, run_status(rule->job));
	}
}

/* For systemctl(1) status; runs may come fast. */
static void
notify_status(void)
{
	static int64_t	 notified = NEVER;
	int64_t		 time = now();

	if (notified != NEVER && time - notified < NOTIFY)
		return;
	notified = time;
	notify("STATUS=%u rules, %" PRIu64 " runs", conf->nrules,
	    run_total());
}

/* Reload. */

/* SIGHUP. */
static void
reload_handler(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	if (stopping)
		return;
	notify("RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)(now() / 1000));
	reload();
	/* the service manager waits for it, whatever became of the reload */
	notify("READY=1");
	notify_status();
}

/* All of the new configuration, or nothing of it. */
static void
reload(void)
{
	struct conf	*new;
	struct counter	*counter;

	if ((new = load(conf_path)) == NULL || !check_users(new)) {
		log_warnx("configuration not reloaded: the old one stays");
		conf_free(new);
		return;
	}
	if (conf_share(new) == -1) {
		log_warn("shared memory: the old configuration stays");
		conf_free(new);
		return;
	}
	engine_stop();
	conf_carry(conf, new);
	counter_close(conf, 1);
	conf_free(conf);
	conf = new;
	open_waiting();
	if (again)
		check_later();
	RB_FOREACH(counter, counters, &conf->counters)
		counter_tune(counter);
	start_engine();
	if (stopping)
		return;
	log_info("configuration reloaded: %u rules", conf->nrules);
}

/* Interfaces. */

static void
interfaces_handler(int fd, short event, void *arg)
{
	(void)event;
	(void)arg;
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
	if (!evtimer_pending(&check_ev, NULL))
		timer_in(&check_ev, checked == NEVER ? 0 :
		    checked + NSEC / 2 - now());
}

static void
check_handler(int fd, short event, void *arg)
{
	int	 changed;

	(void)fd;
	(void)event;
	(void)arg;
	if (stopping)
		return;
	checked = now();
	if (options.onerule) {
		check_only_one();
		return;
	}
	changed = check_gone();
	changed |= open_waiting();
	if (again)
		check_later();
	if (changed) {
		engine_stop();
		start_engine();
	}
}

/*
 * Close the counters whose interface is gone, with the last that they have
 * counted: the engine has stored that unless the interface went behind it.
 * Returns 1 if there were any: then there is no engine.
 */
static int
check_gone(void)
{
	struct counter	*counter;
	int		 gone = 0;

	RB_FOREACH(counter, counters, &conf->counters) {
		counter->gone = counter->fd != -1 &&
		    !counter_attached(counter);
		gone |= counter->gone;
	}
	if (!gone)
		return 0;
	engine_stop();
	RB_FOREACH(counter, counters, &conf->counters)
		if (counter->gone)
			counter_sample(counter);
	counter_close(conf, 0);
	RB_FOREACH(counter, counters, &conf->counters) {
		if (!counter->gone)
			continue;
		counter->error = ENXIO;
		if (!said(counter))
			log_warnx("%s: the interface is gone: its rules wait "
			    "for it", counter->ifname);
	}
	return 1;
}

/* The one-rule form ends with its interface; pledge(2) allows this much. */
static void
check_only_one(void)
{
	struct counter	*counter = RB_MIN(counters, &conf->counters);

	if (counter_index(counter->ifname) == counter->ifindex)
		return;
	log_warnx("%s: the interface is gone", counter->ifname);
	stop(1);
}

/* The end. */

/*
 * Start nothing any more and end with the given status as soon as no command
 * runs; commands get some seconds for that.  The second time kills them.
 */
void
stop(int status)
{
	if (stopping) {
		run_kill();
		return;
	}
	stopping = 1;
	exit_status = status;
	notify("STOPPING=1");
	engine_stop();
	timer_in(&grace_ev, GRACE);
	end_if_idle();
}

static void
end_if_idle(void)
{
	if (run_running() == 0)
		event_loopexit(NULL);
}

/* A process that even KILL does not end now is not waited for. */
static void
grace_handler(int fd, short event, void *arg)
{
	(void)fd;
	(void)event;
	(void)arg;
	if (grace_over++)
		event_loopexit(NULL);
	else {
		run_kill();
		timer_in(&grace_ev, NSEC);
	}
}
