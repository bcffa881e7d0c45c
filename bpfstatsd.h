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
 * and makes a struct job run a command.
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

#include "log.h"
#include "service.h"

#define CONF_FILE	"/etc/bpfstatsd.conf"
#define ENGINE_USER	"_bpfstatsd"
#define ENGINE_DIR	"/var/empty"

#define NSEC		1000000000LL	/* nanoseconds in a second */
#define NEVER		INT64_MIN	/* a time that has not been */
#define NO_TIME		INT64_MAX	/* a time that will not come */

#define DEFAULT_IFACE	"pflog0"
#define DEFAULT_COUNT	1
#define DEFAULT_WAIT	1		/* seconds */
#define DEFAULT_TIMEOUT	60		/* seconds */
#define MAX_COUNT	INT64_MAX
#define MAX_TIME	INT32_MAX	/* seconds */
#define MAX_WITHIN	600		/* seconds */
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
enum what {
	NOTHING,
	COUNT,				/* its command */
	IDLE,				/* its idle command */
	RENEW				/* to stay on: take the tally */
};

/*
 * Shared memory, written by the engine: what a counter has counted.  The
 * next sample is written into the slot that is not current and becomes
 * current by one store, so that a reader, and the successor of an engine
 * that was killed, finds either the old sample or the new one.
 */
struct count {
	uint32_t	 turn;		/* slot[turn % 2] is current */
	struct slot {
		uint64_t	 total;	/* packets since first attached */
		uint32_t	 raw[2];/* the kernel's numbers behind it */
	}		 slot[2];
};

/*
 * Shared memory, written by the engine: a counter's total at the beginning
 * of each of the last seconds.  Exists where a rule says "within".
 */
struct history {
	int64_t		 newest;	/* the last second noted */
	int64_t		 size;		/* entries in total[] */
	uint64_t	 total[];	/* that of second s at s % size */
};

/* A rule's numbers, all that the arithmetic of rule.c needs of it. */
struct terms {
	uint64_t	 count;		/* packets needed */
	int64_t		 wait;		/* ns between two starts */
	int64_t		 within;	/* ns, or 0: no window */
	int64_t		 idle;		/* ns, or 0: no idle command */
	int		 exact;
	int		 immediate;
};

/*
 * Shared memory: how a rule stands.  The last two members are written by the
 * engine, the others by the parent.  Totals are those of the rule's counter,
 * times are nanoseconds of the monotonic clock.
 */
struct state {
	uint64_t	 base;		/* total when the rule was loaded */
	uint64_t	 mark;		/* packets are taken up to here */
	uint64_t	 began;		/* total when command last started */
	uint64_t	 runs;		/* starts since it was loaded */
	uint64_t	 failures;
	int64_t		 started;	/* wait counts from here */
	int64_t		 silent;	/* idle counts from here */
	int32_t		 running;
	int32_t		 power;
#define POWER_OFF	0
#define POWER_ON	1		/* the command succeeded */
#define POWER_FAILED	2		/* it may be half on: try again */
	uint64_t	 expired;	/* the window begins at this total */
	int64_t		 looked;	/* when it did */
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

/* A descriptor that counts, shared by all rules that want the same. */
struct counter {
	RB_ENTRY(counter)	 entry;		/* conf.counters */
	TAILQ_HEAD(, rule)	 rules;
	char			 ifname[IF_NAMESIZE];
	int			 direction;
#define DIRECTION_BOTH	0
#define DIRECTION_IN	1
#define DIRECTION_OUT	2
	int			 immediate;	/* fd is readable on packets */
	int			 fd;		/* -1: waits for interface */
	unsigned int		 ifindex;	/* fd is attached to this */
	int			 error;		/* errno that was logged */
	int			 gone;		/* fd is to be closed */
	int64_t			 within;	/* longest window, ns, or 0 */
	int64_t			 sampled;	/* the engine's: time of that */
	struct count		*count;		/* shared memory */
	struct history		*history;	/* shared memory or NULL */
};

struct rule {
	RB_ENTRY(rule)		 entry;		/* conf.names */
	TAILQ_ENTRY(rule)	 next;		/* conf.rules, as written */
	TAILQ_ENTRY(rule)	 sibling;	/* counter.rules */
	const char		*name;
	const char		*file;		/* where it is defined */
	int			 line;
	char			 ifname[IF_NAMESIZE];
	int			 direction;
	struct terms		 terms;
	int64_t			 timeout;	/* ns, or 0: none */
	char			**command;	/* for execve(2) */
	char			**idle;		/* or NULL */
	const struct account	*account;	/* or NULL: as the caller */
	struct counter		*counter;
	struct state		*state;		/* shared memory */
	struct job		*job;		/* or NULL: has never run */
	unsigned int		 number;	/* its place in conf.rules */
};

/*
 * The running side of a rule, from its first start on: the command that runs
 * now, and how much has been logged.  It outlives its rule while it runs.
 */
struct job {
	TAILQ_ENTRY(job)	 next;		/* all jobs */
	TAILQ_ENTRY(job)	 running;	/* those that run */
	TAILQ_ENTRY(job)	 orphan;	/* those without a rule */
	struct rule		*rule;		/* NULL: gone in a reload */
	char			 name[MAX_NAME + 1];
	int			 stale;		/* of another counter */
	/* the run */
	char			*log;		/* the run's line in the log */
	enum what		 what;
	char			*user;
	int64_t			 timeout;	/* ns, or 0 */
	int64_t			 started;
	pid_t			 pid;		/* 0: nothing runs */
	int			 signalled;	/* TERM has been sent */
	int			 error_fd;	/* errno of a failed exec */
	int			 output_fd;	/* or -1 */
	char			*line;		/* output, not yet logged */
	size_t			 line_len;
	struct event		 output_ev;
	struct event		 timeout_ev;
	/* the last run */
	int			 status;	/* as of wait(2) */
	int64_t			 ended;
	/* what was logged in this minute */
	int64_t			 minute;	/* its beginning */
	unsigned int		 lines;		/* of runs */
	unsigned int		 more;		/* runs not logged */
	unsigned int		 failed;	/* of these */
	unsigned int		 output;	/* lines of output */
	unsigned int		 unprinted;	/* lines of output not logged */
	int			 failure;	/* has been logged */
	int			 refused;	/* errno of a failed start */
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
	void			*shared;	/* memory of both processes */
	size_t			 shared_size;
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
extern struct options	 options;

/* What the command line says, but for struct options. */
struct arguments {
	const char	*file;
	int		 debug;
	int		 check;
	uint64_t	 count;
	const char	*ifname;
	int64_t		 wait;		/* ns */
	char		**command;
};

/* bpfstatsd.c */
int64_t		 now(void);
int		 timer_in(struct event *, int64_t);
void		 look_all(void);
void		 run_ended(struct job *, int);
void		 start_refused(void);
void		 stop(int);

/* args.c */
void		 args_parse(int, char **, struct arguments *);
struct conf	*args_conf(const struct arguments *);
void		 args_check(struct conf *) __attribute__((__noreturn__));
char		*args_path(const char *);

/* parse.y */
int		 parse_conf(struct conf *, const char *, const char *, size_t);
const char	*parse_define(const char *);
int		 parse_interface(const char *);
int		 parse_number(const char *, int64_t, int64_t *);
int		 parse_time(const char *, int64_t, int64_t *);

/* config.c */
struct conf	*conf_new(void);
void		 conf_free(struct conf *);
void		*conf_alloc(struct conf *, size_t);
char		*conf_strdup(struct conf *, const char *);
int		 conf_add_counters(struct conf *);
int		 conf_share(struct conf *);
void		 conf_carry(struct conf *, struct conf *);
RB_PROTOTYPE(rule_names, rule, entry, rule_cmp)
RB_PROTOTYPE(counters, counter, entry, counter_cmp)

/* print.c */
void		 conf_print(const struct conf *);

/* file.c */
char		*file_read(const char *, size_t *, const char **);

/* privs.c */
void		 privs_give_up(void);
int		 privs_become(const struct account *);
struct account	*account_find(struct conf *, const char *, const char **);
struct account	*account_self(struct conf *);

/* rule.c */
void		 rule_load(struct state *, uint64_t);
uint64_t	 rule_tally(const struct terms *, const struct state *,
		    uint64_t);
enum what	 rule_due(const struct terms *, const struct state *, uint64_t,
		    int64_t, int64_t *);
uint64_t	 rule_take(const struct terms *, struct state *, enum what,
		    uint64_t, int64_t);
void		 rule_done(const struct terms *, struct state *, enum what,
		    int, int64_t);
void		 rule_window(const struct terms *, struct state *,
		    struct history *, int64_t);
int64_t		 history_size(int64_t);
void		 history_init(struct history *, int64_t, uint64_t);
uint64_t	*history_total(struct history *, int64_t);
void		 history_note(struct history *, uint64_t, int64_t);
uint64_t	 count_total(const struct count *);
void		 count_store(struct count *, uint64_t);

/* engine.c */
int		 engine_start(struct conf *, const struct account *, int *);
int		 engine_stop(void);
void		 engine_poke(void);
int		 engine_died(int *);
int		 engine_runs(void);

/* run.c */
int		 run_init(void);
int		 run_start(struct rule *, enum what, uint64_t, uint64_t,
		    uint64_t);
void		 run_test(struct rule *, enum what, uint64_t, uint64_t);
void		 run_reap(void);
void		 run_kill(void);
void		 run_end(void);
void		 run_orphan(struct job *);
struct job	*run_orphaned(const char *);
unsigned int	 run_running(void);
uint64_t	 run_total(void);
const char	*run_status(const struct job *);

#endif
