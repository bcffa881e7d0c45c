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
 * All data that bpfstatsd's files share.  A packet count comes from the
 * kernel into struct count, is looked at with struct terms and struct state,
 * and starts a command.
 */

#ifndef BPFSTATSD_H
#define BPFSTATSD_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/tree.h>

#include <sys/socket.h>
#include <net/if.h>

#include <event.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "log.h"
#include "service.h"

#define CONF_FILE	"/etc/bpfstatsd.conf"
#define STATE_FILE	STATEDIR "/state"
#define ENGINE_USER	"_bpfstatsd"
#define ENGINE_DIR	"/var/empty"

#ifndef nitems
#define nitems(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define NSEC		1000000000LL	/* nanoseconds in a second */
#define NEVER		INT64_MIN	/* a time that has not been */
#define NO_TIME		INT64_MAX	/* a time that will not come */

/*
 * A sample, a window or a tick that is older than this says nothing of now:
 * whoever looks was held up.
 */
#define FRESH		(3 * NSEC / 2)

#define DEFAULT_IFACE	"pflog0"
#define DEFAULT_COUNT	1
#define DEFAULT_WAIT	1		/* seconds */
#define DEFAULT_TIMEOUT	60		/* seconds */
#define MAX_COUNT	INT64_MAX
#define MAX_TIME	INT32_MAX	/* seconds */
#define MAX_NAME	63		/* bytes in a rule's name */
#define MAX_WORD	8191		/* bytes in a word */
#define MAX_INCLUDE	16		/* files inside each other */

/* The signals that the parent catches. */
#ifdef SIGINFO
#define CAUGHT_SIGNALS	SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGINFO
#else
#define CAUGHT_SIGNALS	SIGHUP, SIGINT, SIGTERM, SIGCHLD, SIGUSR1
#endif

/* What a rule is due for. */
enum due {
	DUE_NOTHING,
	DUE_COUNT,			/* its command: enough packets came */
	DUE_BELOW,			/* its command: too few came */
	DUE_IDLE,			/* its idle command */
	DUE_RENEW,			/* to stay on: take the tally */
	DUE_MANUAL,			/* its command: somebody asked */
	DUE_MANUAL_IDLE			/* its idle command: the same */
};

/*
 * Shared memory has two halves, in two mappings.  The engine writes one: what
 * it has counted.  The parent writes the other, which the engine can only
 * read: what runs have taken.  The parent writes to the engine's half only
 * while there is no engine, and believes nothing it reads there.
 */

/*
 * The engine's: what a counter has counted.  The next sample is written into
 * the slot that is not current and becomes current by one store, so that a
 * reader, and the successor of an engine that was killed, finds either the
 * old sample or the new one.
 */
struct count {
	uint32_t	 turn;		/* slot[turn % 2] is current */
	struct slot {
		uint64_t	 total;	/* packets since first attached */
		int64_t		 looked;/* when that was, ns, or NEVER */
		uint64_t	 number;/* the kernel's number then */
		uint32_t	 kernel[2]; /* for the kind to use */
	}		 slot[2];
};

/*
 * The engine's: the totals of a counter at the beginning of each of the last
 * intervals, for one window.  What is older than the oldest was at the total
 * before.
 */
struct history {
	int64_t		 oldest;	/* the first interval noted */
	int64_t		 newest;	/* the last one */
	uint64_t	 before;
	uint64_t	 total[];	/* that of interval i at i % size */
};

/* The engine's: that it is alive. */
struct pulse {
	uint64_t	 ticks;		/* so far, and answers to the parent */
};

/*
 * The parent's: the state of a rule.  Totals are those of the rule's counter,
 * times are nanoseconds of the monotonic clock.
 */
struct state {
	uint64_t	 base;		/* total when the rule was loaded */
	uint64_t	 mark;		/* packets are taken up to here */
	uint64_t	 began;		/* total when command last started */
	uint64_t	 runs;		/* starts since it was loaded */
	uint64_t	 failures;
	int64_t		 since;		/* its window is watched from here */
	int64_t		 started;	/* wait counts from here, or NEVER */
	int64_t		 silent;	/* idle counts from here */
	int64_t		 last_start;	/* of anything: time(3), or 0 */
	int32_t		 running;
	int32_t		 on;
#define RULE_OFF	0
#define RULE_ON		1		/* the command succeeded */
#define RULE_FAILED	2		/* it may be half on: try again */
};

/* What outlives a restart of a rule's state.  All numbers may be anything. */
struct saved {
	uint64_t	 total;		/* packets since it was loaded */
	uint64_t	 tally;		/* of these, for the next start */
	uint64_t	 began;		/* and since command last started */
	uint64_t	 runs;
	uint64_t	 failures;
	int64_t		 started;	/* ns since wait counts, or NEVER */
	int64_t		 last_start;	/* see struct state */
	int		 on;
};

/* A rule's numbers, all that the arithmetic of rule.c needs of it. */
struct terms {
	uint64_t	 count;		/* packets needed */
	uint64_t	 renew;		/* packets that keep it on, 1 or more */
	int64_t		 wait;		/* ns between two starts */
	int64_t		 within;	/* ns, or 0: no window */
	int64_t		 idle;		/* ns, or 0: no idle command */
	int		 exact;
	int		 below;		/* due with fewer than count */
	int		 immediate;
};

/* What the last look at its counter says to a rule; see count_look(). */
struct sight {
	uint64_t	 total;		/* of the counter */
	uint64_t	 expired;	/* the window begins at this total */
	uint64_t	 faded;		/* the same for rule.keeps */
	int64_t		 looked;	/* ns, never in the future, or NEVER */
};

/* A window over the packets of a counter, shared by rules that want it. */
struct window {
	SLIST_ENTRY(window)	 entry;		/* counter.windows */
	int64_t			 within;	/* ns */
	int			 late;		/* see window_note() */
	struct history		*history;	/* the engine's half */
};

/* Whom a command runs as; looked up when the configuration is read. */
struct account {
	SLIST_ENTRY(account)	 entry;
	const char		*name;
	const char		*home;
	uid_t			 uid;
	gid_t			 gid;
	gid_t			*groups;
	int			 ngroups;
};

/* How a counter is attached to its interface; counter.h has the kinds. */
struct tap {
	const struct kind	*kind;		/* NULL: it waits */
	unsigned int		 ifindex;
	int			 fd;		/* the engine reads it; or -1 */
	unsigned int		 nfds;		/* descriptors, all in all */
	void			*own;		/* the kind's, or NULL */
};

/* What counts, shared by all rules that want the same; owned by counter.c. */
struct counter {
	RB_ENTRY(counter)	 entry;		/* conf.counters */
	TAILQ_HEAD(, rule)	 rules;
	SLIST_HEAD(, window)	 windows;
	char			 ifname[IF_NAMESIZE];
	int			 direction;
#define DIRECTION_BOTH	0
#define DIRECTION_IN	1
#define DIRECTION_OUT	2
	int			 immediate;	/* tap.fd rings on packets */
	int			 awaited;	/* and a rule waits for that */
	const char		*filter;	/* expression, or NULL */
	struct tap		 tap;
	int			 error;		/* errno that was reported */
	int			 no_device;	/* it is the device's */
	int			 tried;		/* in this round */
	int			 hasty;		/* its interface came or went */
	int64_t			 fresh;		/* the engine lacks it since */
	int			 gone;		/* to be detached */
	struct changes {			/* of its interface */
		int64_t		 began;		/* ns, of the minute */
		unsigned int	 n;		/* in it, logged or not */
	}			 changes;	/* if first on the interface */
	struct count		*count;		/* the engine's half */
};

struct rule {
	RB_ENTRY(rule)		 entry;		/* conf.names */
	TAILQ_ENTRY(rule)	 next;		/* conf.rules, as written */
	TAILQ_ENTRY(rule)	 sibling;	/* counter.rules */
	TAILQ_ENTRY(rule)	 due;		/* those to be started */
	int			 queued;	/* it is one of them */
	const char		*name;
	const char		*file;		/* where it is defined */
	int			 line;
	char			 ifname[IF_NAMESIZE];
	int			 ifname_line;
	int			 direction;
	const char		*filter;	/* or NULL */
	int			 filter_line;
	struct terms		 terms;
	int64_t			 timeout;	/* ns, or 0: none */
	char			**command;	/* for execve(2) */
	char			**idle;		/* or NULL */
	const struct account	*account;	/* or NULL: as the caller */
	struct counter		*counter;
	struct window		*window;	/* or NULL */
	struct window		*keeps;		/* it on; or NULL: window */
	struct state		*state;		/* the parent's half */
	struct job		*job;		/* or NULL: has never run */
	unsigned int		 number;	/* its place in conf.rules */
};

RB_HEAD(rule_names, rule);
RB_HEAD(counters, counter);

/* One configuration; everything in it comes from conf_alloc(). */
struct conf {
	SLIST_HEAD(, chunk)	 chunks;
	TAILQ_HEAD(, rule)	 rules;
	struct rule_names	 names;
	struct counters		 counters;
	SLIST_HEAD(, account)	 accounts;
	unsigned int		 nrules;
	unsigned int		 ncounters;
	const char		*state_file;	/* NULL: default; "": none */
	void			*engine_half;
	size_t			 engine_size;
	struct pulse		*pulse;		/* in the engine's half */
	void			*parent_half;
	size_t			 parent_size;
};

/* A process of ours; owned by whoever starts it, filled in by child.c. */
struct child {
	const char	*name;		/* for the log */
	pid_t		 pid;		/* 0: there is none */
	int		 group;		/* signals go to its group */
	int		 sent;		/* the last signal, or 0 */
	int64_t		 grace;		/* ns from TERM to KILL */
	int64_t		 until;		/* then it gets the next signal */
	struct event	 ev;
};

/* Who is at the other end of the control socket; control.c's own. */
struct client;

/* What starts a command, and the numbers that it is told. */
struct start {
	enum due	 due;
	uint64_t	 packets;
	uint64_t	 total;		/* since the rule was loaded */
	uint64_t	 owed;
	unsigned int	 who;		/* a number for the callback */
};

/* How a run has ended, for whoever is told of it. */
struct ending {
	unsigned int	 who;		/* the number given to run_start() */
	int		 ok;
	int		 again;		/* it has not been: try again later */
	const char	*line;		/* what the log says of it */
};

/* What runs, or what ran last. */
struct last {
	pid_t		 pid;		/* 0: nothing runs */
	int64_t		 time;		/* ns, it began or ended, or NEVER */
	int		 status;	/* as of wait(2), if it ended */
};

/* How this bpfstatsd was started. */
struct options {
	int		  verbose;		/* -v */
	int		  test;			/* -t */
	int		  onerule;		/* a command was given */
	int		  hup_ignored;		/* SIGHUP was, at the start */
	char		**environ;		/* the caller's */
	struct rlimit	  nofile;		/* the caller's */
};
/* In config.c. */
extern struct options		 options;
extern const char *const	 direction_words[];	/* of DIRECTION_ */

/* What the command line says, but for struct options. */
struct arguments {
	const char	*file;
	const char	*socket;		/* -s, or NULL */
	int		 debug;
	int		 check;
	uint64_t	 count;
	char		 ifname[IF_NAMESIZE];
	int64_t		 wait;		/* ns */
	char		**command;
};

/* args.c */
void		 args_parse(int, char **, struct arguments *);
struct conf	*args_conf(const struct arguments *);
void		 args_check(struct conf *) __attribute__((__noreturn__));
char		*args_path(const char *);

/* show.c */
void		 show_log(const struct conf *);
void		 show_rule(struct client *, const struct rule *);

/* control.c */
void		 control_open(const char *);
void		 control_start(void (*)(struct client *, char *));
void		 control_close(void);
void		 control_say(struct client *, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
void		 control_end(struct client *, int);
int		 control_wait(struct client *, unsigned int);
void		 control_move(unsigned int, unsigned int);
void		 control_tell(unsigned int, const char *, ...)
		    __attribute__((__format__(printf, 2, 3)));
void		 control_tell_end(unsigned int, int);

/* state.c */
void		 state_open(struct conf *, const char *);
void		 state_start(void (*)(void));
const char	*state_dir(void);
void		 state_changed(const struct conf *);
void		 state_reap(void);
int		 state_end(const struct conf *);
void		 state_close(void);

/* engine.c: the parent's handle on the engine */
void		 engine_init(const struct account *, void (*)(int));
int		 engine_start(struct conf *);
void		 engine_stop(void);
void		 engine_poke(void);
void		 engine_ask(void);
int		 engine_exists(void);
int		 engine_works(void);
int		 engine_reap(int *, int *);

/* poller.c: the engine's process */
void		 poller_main(struct conf *, int, const struct account *, int)
		    __attribute__((__noreturn__));

/* run.c */
int		 run_init(void (*)(struct rule *, const struct ending *));
int		 run_start(struct rule *, const struct start *);
void		 run_reset(struct rule *, uint64_t, int64_t);
void		 run_last(const struct rule *, struct last *);
int		 run_reap(void);
void		 run_kill(void);
void		 run_end(void);
void		 run_carry(struct conf *);
unsigned int	 run_running(void);
uint64_t	 run_total(void);

/* parse.y */
int		 parse_conf(struct conf *, const char *, const char *, size_t);
const char	*parse_define(const char *);
const char	*parse_interface(const char *, char *);
int		 parse_number(const char *, int64_t, int64_t *);
int		 parse_time(const char *, int64_t, int64_t *);

/* config.c */
struct conf	*conf_new(void);
void		 conf_free(struct conf *);
void		*conf_alloc(struct conf *, size_t);
char		*conf_strdup(struct conf *, const char *);
struct rule	*conf_rule(struct conf *, const char *);
int		 conf_share(struct conf *);
int		 conf_protect(struct conf *);
int		 counter_cmp(struct counter *, struct counter *);
RB_PROTOTYPE(rule_names, rule, entry, rule_cmp)
RB_PROTOTYPE(counters, counter, entry, counter_cmp)

/* rule.c: see there for what each promises */
void		 rule_load(struct state *, uint64_t, int64_t);
void		 rule_reset(struct state *, uint64_t, int64_t);
void		 rule_reload(const struct terms *, const struct terms *,
		    struct state *, uint64_t, int64_t);
void		 rule_blind(struct state *, int64_t);
void		 rule_save(const struct terms *, const struct state *,
		    const struct sight *, struct saved *, int64_t);
void		 rule_restore(const struct terms *, struct state *,
		    const struct saved *, uint64_t, int64_t);
uint64_t	 rule_tally(const struct terms *, const struct state *,
		    const struct sight *);
enum due	 rule_due(const struct terms *, const struct state *,
		    const struct sight *, int64_t, int64_t *);
uint64_t	 rule_packets(const struct terms *, const struct state *,
		    const struct sight *, enum due);
uint64_t	 rule_owed(const struct terms *, const struct state *,
		    const struct sight *, enum due);
void		 rule_take(const struct terms *, struct state *,
		    const struct sight *, enum due, int64_t);
void		 rule_untake(struct state *, const struct state *);
void		 rule_done(const struct terms *, struct state *, enum due,
		    int, int64_t);

/* count.c: the engine's half */
uint64_t	 count_read(const struct count *, int64_t *);
void		 count_store(struct count *, uint64_t, uint64_t, int64_t);
void		 count_look(const struct rule *, int64_t, struct sight *);
size_t		 history_bytes(int64_t);
void		 window_begin(struct window *, uint64_t);
void		 window_note(struct window *, uint64_t, uint64_t, int64_t,
		    int64_t);
void		 window_carry(const struct window *, struct window *,
		    const struct count *, int64_t);

/* filter.c */
void		 filter_init(void (*)(void), const struct account *);
const struct program *filter_get(const char *, int);
const char	*filter_error(const char *, int);
int		 filter_check(const char *, int, const char **);
void		 filter_sweep(const struct conf *);
void		 filter_reap(void);

/* program.c */
int		 program_read(const void *, size_t, struct program **, char *,
		    size_t);
int		 program_check(struct program *);
struct program	*program_prefix(const struct insn *, unsigned int,
		    const struct program *);

/* child.c */
pid_t		 child_fork(struct child *, void (*)(int), int *, size_t);
void		 child_end_in(struct child *, int64_t, int64_t);
void		 child_unlimited(struct child *);
void		 child_signal(struct child *, int);
int		 child_reap(struct child *, int *);
void		 child_end_all(void);

/* print.c */
void		 conf_print(const struct conf *);

/* file.c */
char		*file_read(const char *, size_t *, const char **);
int		 file_lock(const char *, const char **);
void		 file_unlock(int);

/* privs.c */
void		 privs_give_up(void);
int		 privs_become(const struct account *);
struct account	*account_find(struct conf *, const char *, const char **);
struct account	*account_self(struct conf *);

/* clock.c */
int64_t		 now(void);
void		 timer_in(struct event *, int64_t);

#endif
