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
 * The command line: options, help, the configuration of the one-rule form,
 * and -n.
 */

#include <sys/types.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "control.h"
#include "counter.h"

static void		 print_usage(FILE *);
static void		 usage(void) __attribute__((__noreturn__));
static void		 help(void) __attribute__((__noreturn__));
static void		 parse_option(int, struct arguments *);
static const char	*parse_socket(const char *);
static const char	*find_command(const char *);
static void		 check_words(struct conf *, struct rule *);
static void		 check_filters(struct conf *);
static void		 check_interfaces(struct conf *);

static void
print_usage(FILE *to)
{
	fprintf(to,
	    "usage: bpfstatsd [-dhntv] [-D macro=value] [-f file] "
	    "[-s socket]\n"
	    "       bpfstatsd [-hntv] [-c count] [-i interface] [-w wait] "
	    "command [argument ...]\n");
}

static void
usage(void)
{
	print_usage(stderr);
	exit(1);
}

static void
help(void)
{
	print_usage(stdout);
	printf("\n"
	    "Run a command for every count packets seen on an interface.\n"
	    "\n"
	    "  -c count        packets needed to run the command "
	    "(default %d)\n"
	    "  -D macro=value  define a macro, overrides the file's "
	    "(default none)\n"
	    "  -d              stay in the foreground and log to stderr "
	    "(default off)\n"
	    "  -f file         configuration file (default %s)\n"
	    "  -h              print this and exit\n"
	    "  -i interface    interface to count on (default %s)\n"
	    "  -n              check the configuration and exit "
	    "(default off)\n"
	    "  -s socket       control socket (default %s)\n"
	    "  -t              stay in the foreground, count, and log what "
	    "would run (default off)\n"
	    "  -v              log more; with -n print the configuration "
	    "(default off)\n"
	    "  -w wait         shortest time between two starts, a number of "
	    "seconds or\n"
	    "                  a number with s, m, h or d (default and "
	    "minimum %ds)\n",
	    DEFAULT_COUNT, CONF_FILE, DEFAULT_IFACE, CONTROL_SOCKET,
	    DEFAULT_WAIT);
	if (fflush(stdout) == EOF)
		fatal("stdout");
	exit(0);
}

/*
 * Read the command line into args, which keeps pointers to it, and options.
 * Exits if anything is wrong with it, and for -h.
 */
void
args_parse(int argc, char **argv, struct arguments *args)
{
	static const char	 of_rule[] = "ciw", of_daemon[] = "Ddfs";
	const char		*wrong;
	char			 used[128] = "";
	int			 ch;

	*args = (struct arguments){
		.file = CONF_FILE,
		.count = DEFAULT_COUNT,
		.ifname = DEFAULT_IFACE,
		.wait = DEFAULT_WAIT * NSEC
	};
	/* "+": operands end the options with any C library */
	while ((ch = getopt(argc, argv, "+c:D:df:hi:ns:tvw:")) != -1) {
		if (strchr(used, ch) == NULL)
			used[strlen(used)] = ch;
		parse_option(ch, args);
	}
	args->command = argv + optind;
	options.onerule = optind < argc;
	if ((wrong = strpbrk(used, options.onerule ? of_daemon : of_rule)) !=
	    NULL) {
		log_warnx(options.onerule ? "-%c cannot be used with a "
		    "command" : "-%c requires a command", *wrong);
		usage();
	}
	if (options.verbose)
		log_level(LOG_DEBUG);
	else if (options.onerule && !options.test)
		log_level(LOG_NOTICE);
}

static void
parse_option(int ch, struct arguments *args)
{
	const char	*wrong;
	int64_t		 count;

	switch (ch) {
	case 'c':
		if (parse_number(optarg, MAX_COUNT, &count) == -1)
			fatalx("-c %s: not a number from 1 to %" PRId64,
			    optarg, MAX_COUNT);
		args->count = count;
		break;
	case 'D':
		if ((wrong = parse_define(optarg)) != NULL)
			fatalx("-D %s: %s", optarg, wrong);
		break;
	case 'd':
		args->debug = 1;
		break;
	case 'f':
		args->file = optarg;
		break;
	case 'h':
		help();
	case 'i':
		if ((wrong = parse_interface(optarg, args->ifname)) != NULL)
			fatalx("-i %s: %s", optarg, wrong);
		break;
	case 'n':
		args->check = 1;
		break;
	case 's':
		args->socket = parse_socket(optarg);
		break;
	case 't':
		options.test = 1;
		break;
	case 'v':
		options.verbose = 1;
		break;
	case 'w':
		if (parse_time(optarg, MAX_TIME, &args->wait) == -1)
			fatalx("-w %s: not a time from 1s to %ds", optarg,
			    MAX_TIME);
		break;
	default:
		usage();
	}
}

/* A path that fits into the address of a socket. */
static const char *
parse_socket(const char *path)
{
	struct sockaddr_un	 address;

	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path))
		fatalx("-s %s: not a path of 1 to %zu bytes", path,
		    sizeof(address.sun_path) - 1);
	return path;
}

/*
 * The configuration of a command line: one rule.  Exits if its command is not
 * found, unless that is not to be run.
 */
struct conf *
args_conf(const struct arguments *args)
{
	struct conf	*one;
	struct rule	*rule;
	const char	*path;
	int		 n;

	if ((path = find_command(args->command[0])) == NULL) {
		if (!args->check)
			fatal("%s", args->command[0]);
		path = args->command[0];
	}
	for (n = 0; args->command[n] != NULL; n++)
		continue;
	if ((one = conf_new()) == NULL ||
	    (rule = conf_alloc(one, sizeof(*rule))) == NULL ||
	    (rule->command = conf_alloc(one, (n + 1) *
	    sizeof(*rule->command))) == NULL ||
	    (rule->command[0] = conf_strdup(one, path)) == NULL)
		fatal("conf_alloc");
	memcpy(rule->command + 1, args->command + 1,
	    (n - 1) * sizeof(*rule->command));
	rule->name = "command";
	strlcpy(rule->ifname, args->ifname, sizeof(rule->ifname));
	rule->terms.count = args->count;
	rule->terms.renew = args->count;
	rule->terms.wait = args->wait;
	if (args->check && (rule->account = account_self(one)) == NULL)
		fatal("conf_alloc");
	TAILQ_INSERT_TAIL(&one->rules, rule, next);
	one->nrules = 1;
	if (counter_add_all(one) == -1)
		fatal("conf_alloc");
	return one;
}

/*
 * Find a command as execvp(3) would.  Returns its path, which is static, or
 * NULL with errno.
 */
static const char *
find_command(const char *name)
{
	static char	 path[PATH_MAX];
	const char	*dir = _PATH_DEFPATH, *end;
	char		**p;
	struct stat	 st;
	int		 error = ENOENT, n;

	if (name[0] == '\0') {
		errno = ENOENT;
		return NULL;
	}
	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0 ? name : NULL;
	for (p = options.environ; *p != NULL; p++)
		if (strncmp(*p, "PATH=", 5) == 0) {
			dir = *p + 5;
			break;
		}
	for (;; dir = end + 1) {
		end = dir + strcspn(dir, ":");
		n = snprintf(path, sizeof(path), "%.*s%s%s",
		    (int)(end - dir), dir, end > dir ? "/" : "./", name);
		if (n > 0 && (size_t)n < sizeof(path) &&
		    stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			if (access(path, X_OK) == 0)
				return path;
			error = errno;
		}
		if (*end == '\0')
			break;
	}
	errno = error;
	return NULL;
}

/*
 * -n: compile the filters, warn of interfaces that do not exist, print the
 * configuration if -v asks for that, and exit.
 */
void
args_check(struct conf *conf)
{
	check_filters(conf);
	check_interfaces(conf);
	if (options.verbose) {
		if (options.onerule)
			check_words(conf, TAILQ_FIRST(&conf->rules));
		conf_print(conf);
	}
	if (fflush(stdout) == EOF || ferror(stdout))
		fatal("stdout");
	fprintf(stderr, "configuration OK\n");
	exit(0);
}

/* Exit if a filter is in error. */
static void
check_filters(struct conf *conf)
{
	const struct rule	*rule;
	const char		*error;
	int			 dlt, filters = 0, good = 1;

	TAILQ_FOREACH(rule, &conf->rules, next)
		filters |= rule->filter != NULL;
	if (!filters)
		return;
	if (event_init() == NULL)
		fatalx("event_init");
	filter_init(NULL, NULL);
	/* ask for all before waiting for one */
	counter_prepare(conf);
	TAILQ_FOREACH(rule, &conf->rules, next)
		if (rule->filter != NULL &&
		    (dlt = iface_dlt(rule->ifname)) != -1 &&
		    filter_check(rule->filter, dlt, &error) == -1) {
			log_at(rule->file, rule->filter_line, "filter: %s",
			    error);
			good = 0;
		}
	if (!good)
		exit(1);
}

/* Warn of each interface that does not exist, where it is first used. */
static void
check_interfaces(struct conf *conf)
{
	struct rule	*rule;
	const char	**names;
	size_t		 n = 0, i;

	names = conf_alloc(conf, conf->nrules * sizeof(*names));
	if (names == NULL)
		fatal("conf_alloc");
	TAILQ_FOREACH(rule, &conf->rules, next) {
		for (i = 0; i < n; i++)
			if (strcmp(names[i], rule->ifname) == 0)
				break;
		if (i < n)
			continue;
		names[n++] = rule->ifname;
		if (counter_listens(rule->ifname) ||
		    if_nametoindex(rule->ifname) != 0)
			continue;
		if (rule->file != NULL)
			log_at(rule->file, rule->ifname_line, "%s: no such "
			    "interface (yet)", rule->ifname);
		else
			log_warnx("%s: no such interface (yet)",
			    rule->ifname);
	}
}

/* Exit if the rule cannot be written to a file. */
static void
check_words(struct conf *conf, struct rule *rule)
{
	const char	*p;
	char		*path;
	int		 i;

	path = args_path(rule->command[0]);
	if ((rule->command[0] = conf_strdup(conf, path)) == NULL)
		fatal("conf_alloc");
	free(path);
	for (i = 0; rule->command[i] != NULL; i++) {
		for (p = rule->command[i]; *p != '\0'; p++)
			if (iscntrl((unsigned char)*p) && *p != '\t' &&
			    *p != '\n')
				fatalx("-v: word %d of the command has a "
				    "control character, not allowed in a "
				    "configuration file", i + 1);
		if (p - rule->command[i] > MAX_WORD)
			fatalx("-v: word %d of the command is too long for a "
			    "configuration file", i + 1);
	}
}

/*
 * The absolute path of a file: the daemon changes its directory, and a reload
 * must find the same one.  To be freed; exits if there is no memory.
 */
char *
args_path(const char *path)
{
	char	 dir[PATH_MAX], *result;

	if (path[0] == '/')
		result = strdup(path);
	else if (getcwd(dir, sizeof(dir)) == NULL ||
	    asprintf(&result, "%s/%s", dir, path) == -1)
		result = NULL;
	if (result == NULL)
		fatal("%s", path);
	return result;
}
