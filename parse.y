%{
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
 * The configuration language: bpfstatsd.conf(5).  A buffer goes in; a
 * configuration comes out, or one line for each error.
 */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define MAX_ERRORS	100

struct file {
	struct file	*up;		/* the file that includes this one */
	const char	*name;
	char		*text;		/* to free, or NULL */
	const char	*p;		/* the next character */
	const char	*end;
	int		 line;
	int		 unclosed;	/* ends inside a rule */
};

struct macro {
	SLIST_ENTRY(macro)	 entry;
	const char		*name;
	const char		*value;
};
SLIST_HEAD(macros, macro);

struct keyword {
	const char	*name;
	int		 token;
	int		 where;		/* may begin a statement there */
#define IN_FILE		1
#define IN_RULE		2
	const char	*usage;
};

/* What stands before a rule holds for it. */
struct defaults {
	int64_t			 wait;
	int64_t			 timeout;
	const struct account	*account;
};

/* All that a parse needs to know; reset by each. */
static struct conf	*conf;
static struct file	*file;
static int		 depth;		/* files open */
static int		 errors;
static struct macros	 macros;
static struct defaults	 defaults;
static struct rule	*rule;		/* the one being read, or NULL */
static int		 rule_errors;	/* errors when it began */
static int		 given[9];	/* lines of its statements, or 0 */
#define GIVEN_INTERFACE	0
#define GIVEN_DIRECTION	1
#define GIVEN_COUNT	2
#define GIVEN_WAIT	3
#define GIVEN_IMMEDIATE	4
#define GIVEN_COMMAND	5
#define GIVEN_IDLE	6
#define GIVEN_TIMEOUT	7
#define GIVEN_USER	8
static char		**words;	/* the arguments being read */
static size_t		 nwords, words_size;
static const char	*included;	/* by the statement being read */
static int		 included_line;

/* For the message about a token that does not fit. */
static int		 statement_begins;
static int		 closed;	/* the last token was } */
static const char	*statement_usage;
static const struct keyword *statement;
static char		 statement_word[48];
static char		 token[48];	/* printable, as written */
static int		 reported;	/* the scanner has reported it */
static int		 stopped;	/* no sense in going on */

/* Of -D, for as long as the program runs. */
static struct macros	 definitions = SLIST_HEAD_INITIALIZER(definitions);

typedef struct {
	union {
		char	*string;
	}	 v;
	int	 lineno;
} YYSTYPE;

int			 yyparse(void);
int			 yylex(void);
int			 yyerror(const char *);

static void		 error_at(int, const char *, ...)
			    __attribute__((__format__(printf, 2, 3)));
static int		 scan_error(const char *, ...)
			    __attribute__((__format__(printf, 1, 2)));
static void		 out_of_memory(void);
static char		*show(const char *);
static int		 file_push(const char *, const char *, size_t, char *);
static void		 file_pop(void);
static void		 include_push(void);
static void		 macro_set(const char *, int, const char *);
static const char	*macro_get(const struct macros *, const char *);
static void		 rule_begin(const char *, int, int);
static void		 rule_end(void);
static void		 rule_check(void);
static int		 once(int, int);
static void		 word_add(char *);
static char		**words_copy(void);
static void		 set_interface(const char *, int, int);
static void		 set_direction(int, int);
static void		 set_count(const char *, int, int);
static void		 set_within(const char *, int);
static void		 set_wait(const char *, int, int);
static void		 set_timeout(const char *, int, int);
static void		 set_user(const char *, int, int);
static void		 set_command(int);
static void		 set_idle(const char *, int, int);
%}

%token		K_RULE K_INTERFACE K_DIRECTION K_IN K_OUT K_COUNT K_EXACT
%token		K_WITHIN K_WAIT K_IMMEDIATE K_COMMAND K_IDLE K_TIMEOUT K_NONE
%token		K_USER K_INCLUDE ERROR
%token	<v.string>	STRING WORD
%type	<v.string>	value

%%

grammar		: /* empty */
		| grammar '\n'
		| grammar include '\n'		{ include_push(); }
		| grammar macro '\n'
		| grammar setting '\n'
		| grammar rule '\n'
		| grammar error '\n'		{
			rule = NULL;
			yyerrok;
		}
		;

include		: K_INCLUDE value		{
			included = $2;
			included_line = $<lineno>2;
		}
		;

macro		: value '=' value		{
			macro_set($1, $<lineno>1, $3);
		}
		;

value		: STRING
		| WORD
		;

/* Behind "lines error" there is no choice but to skip to one of the two. */
rule		: rulehead lines '}'		{ rule_end(); }
		| rulehead lines statement '}'	{ rule_end(); }
		| rulehead lines error '}'	{
			rule_end();
			yyerrok;
		}
		;

rulehead	: K_RULE value '{'		{
			rule_begin($2, $<lineno>1, $<lineno>2);
		}
		| badhead			{
			rule_begin(NULL, $<lineno>1, $<lineno>1);
			yyerrok;
		}
		;

badhead		: errorhead '{'
		| errorhead '\n'		/* the { is missing */
		| errorhead '\n' '{'
		;

errorhead	: K_RULE error
		| K_RULE value error
		;

lines		: /* empty */
		| lines '\n'
		| lines statement '\n'
		| lines error '\n'		{ yyerrok; }
		| lines rulehead		/* a } is missing */
		;

statement	: setting
		| K_INTERFACE value		{
			set_interface($2, $<lineno>1, $<lineno>2);
		}
		| K_DIRECTION K_IN		{
			set_direction(DIRECTION_IN, $<lineno>1);
		}
		| K_DIRECTION K_OUT		{
			set_direction(DIRECTION_OUT, $<lineno>1);
		}
		| count
		| count K_EXACT			{ rule->terms.exact = 1; }
		| count K_WITHIN value		{
			set_within($3, $<lineno>3);
		}
		| count K_EXACT K_WITHIN value	{
			error_at($<lineno>3, "exact and within exclude each "
			    "other");
		}
		| K_IMMEDIATE			{
			if (once(GIVEN_IMMEDIATE, $<lineno>1))
				rule->terms.immediate = 1;
		}
		| K_COMMAND path arguments	{
			set_command($<lineno>1);
		}
		| K_IDLE value path arguments	{
			set_idle($2, $<lineno>1, $<lineno>2);
		}
		;

setting		: K_WAIT value			{
			set_wait($2, $<lineno>1, $<lineno>2);
		}
		| K_TIMEOUT value		{
			set_timeout($2, $<lineno>1, $<lineno>2);
		}
		| K_TIMEOUT K_NONE		{
			set_timeout(NULL, $<lineno>1, $<lineno>2);
		}
		| K_USER value			{
			set_user($2, $<lineno>1, $<lineno>2);
		}
		;

count		: K_COUNT value			{
			set_count($2, $<lineno>1, $<lineno>2);
		}
		;

path		: value				{
			nwords = 0;
			if ($1[0] != '/')
				error_at($<lineno>1, "%s: not an absolute "
				    "path", show($1));
			word_add($1);
		}
		;

arguments	: /* empty */
		| arguments STRING		{ word_add($2); }
		| arguments WORD		{
			error_at($<lineno>2, "argument %s must stand in "
			    "quotes", show($2));
		}
		;

%%

static const struct keyword keywords[] = {
	{ "command",	K_COMMAND,	IN_RULE,
	    "command path [\"argument\" ...]" },
	{ "count",	K_COUNT,	IN_RULE,
	    "count number [exact | within time]" },
	{ "direction",	K_DIRECTION,	IN_RULE,	"direction in | out" },
	{ "exact",	K_EXACT,	0,		NULL },
	{ "idle",	K_IDLE,		IN_RULE,
	    "idle time path [\"argument\" ...]" },
	{ "immediate",	K_IMMEDIATE,	IN_RULE,	"immediate" },
	{ "in",		K_IN,		0,		NULL },
	{ "include",	K_INCLUDE,	IN_FILE,	"include file" },
	{ "interface",	K_INTERFACE,	IN_RULE,	"interface name" },
	{ "none",	K_NONE,		0,		NULL },
	{ "out",	K_OUT,		0,		NULL },
	{ "rule",	K_RULE,		IN_FILE,	"rule name {" },
	{ "timeout",	K_TIMEOUT,	IN_FILE | IN_RULE,
	    "timeout time | none" },
	{ "user",	K_USER,		IN_FILE | IN_RULE,	"user name" },
	{ "wait",	K_WAIT,		IN_FILE | IN_RULE,	"wait time" },
	{ "within",	K_WITHIN,	0,		NULL }
};

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * Read a configuration from a buffer into an empty conf.  The name stands in
 * messages, and included files are looked for beside it.  May be called any
 * number of times.  Returns 0; or -1 after each error was logged as
 * "file:line: message", and then conf is good for conf_free() alone.
 */
int
parse_conf(struct conf *to, const char *name, const char *text, size_t len)
{
	conf = to;
	file = NULL;
	depth = errors = stopped = reported = 0;
	SLIST_INIT(&macros);
	defaults = (struct defaults){
		.wait = DEFAULT_WAIT * NSEC,
		.timeout = DEFAULT_TIMEOUT * NSEC
	};
	rule = NULL;
	statement_begins = 1;

	if (file_push(name, text, len, NULL) == -1)
		out_of_memory();
	else if (yyparse() != 0 && errors == 0)
		errors++;
	while (file != NULL)
		file_pop();
	free(words);
	words = NULL;
	nwords = words_size = 0;

	if (errors == 0 && conf_add_counters(conf) == -1)
		out_of_memory();
	return errors == 0 ? 0 : -1;
}

/*
 * Define a macro that is stronger than any file's, from "name=value".
 * Returns NULL, or what is wrong with it.
 */
const char *
parse_define(const char *s)
{
	struct macro	*macro;
	const char	*value, *p;
	char		*name;

	if ((value = strchr(s, '=')) == NULL || value == s)
		return "not of the form macro=value";
	for (p = s; p < value; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return "a macro's name has letters, digits and _ only";
	if (strlen(++value) > MAX_WORD)
		return "value too long";
	for (p = value; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p) && *p != '\t')
			return "control character in the value";
	if ((macro = malloc(sizeof(*macro))) == NULL ||
	    (name = strndup(s, value - 1 - s)) == NULL) {
		free(macro);
		return strerror(errno);
	}
	macro->name = name;
	macro->value = value;
	SLIST_INSERT_HEAD(&definitions, macro, entry);
	return NULL;
}

/* Can this be the name of an interface?  Returns 0, or -1 if it cannot. */
int
parse_interface(const char *s)
{
	const char	*p;

	for (p = s; isgraph((unsigned char)*p) && *p != '/'; p++)
		continue;
	return p > s && p - s < IF_NAMESIZE && *p == '\0' ? 0 : -1;
}

/* Read a number from 1 to max.  Returns 0, or -1 if it is none. */
int
parse_number(const char *s, int64_t max, int64_t *number)
{
	const char	*error;

	if (s[strspn(s, "0123456789")] != '\0')
		return -1;
	*number = strtonum(s, 1, max, &error);
	return error == NULL ? 0 : -1;
}

/*
 * Read a time from 1 second to max seconds: a number, alone or with one of
 * the letters s, m, h, d.  Sets *ns and returns 0, or returns -1.
 */
int
parse_time(const char *s, int64_t max, int64_t *ns)
{
	static const struct {
		char	 letter;
		int	 seconds;
	}		 units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }
	};
	char		 digits[32];
	size_t		 len = strspn(s, "0123456789"), i;
	int64_t		 number, seconds = 1;

	if (s[len] != '\0') {
		for (i = 0; i < nitems(units); i++)
			if (s[len] == units[i].letter)
				break;
		if (i == nitems(units) || s[len + 1] != '\0')
			return -1;
		seconds = units[i].seconds;
	}
	if (len >= sizeof(digits))
		return -1;
	memcpy(digits, s, len);
	digits[len] = '\0';
	if (parse_number(digits, max / seconds, &number) == -1)
		return -1;
	*ns = number * seconds * NSEC;
	return 0;
}

/* Messages. */

static void
error_at(int line, const char *fmt, ...)
{
	char	 message[512];
	va_list	 ap;

	if (stopped)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	log_at(file->name, line, "%s", message);
	if (++errors == MAX_ERRORS) {
		log_at(file->name, line, "too many errors");
		stopped = 1;
	}
}

static void
out_of_memory(void)
{
	if (file != NULL)
		error_at(file->line, "%s", strerror(ENOMEM));
	else
		log_warnx("configuration: %s", strerror(ENOMEM));
	errors++;
	stopped = 1;
}

/* A word for a message: in quotes, printable, not too long. */
static char *
show(const char *s)
{
	static char	 buf[64];
	char		 word[56];
	size_t		 len = strlen(s);

	log_printable(word, sizeof(word), s, len < 40 ? len : 40);
	snprintf(buf, sizeof(buf), "\"%s%s\"", word, len > 40 ? "..." : "");
	return buf;
}

/*
 * yacc found a token that does not fit, or has no memory.  Say which token,
 * and what the statement looks like that it stands in.
 */
int
yyerror(const char *message)
{
	int	 line = yylval.lineno;

	if (reported) {				/* by the scanner */
		reported = 0;
		return 0;
	}
	if (strcmp(message, "syntax error") != 0)
		error_at(line, "%s", message);
	else if (statement == NULL && statement_usage == NULL &&
	    statement_word[0] != '\0')
		error_at(line, "unknown statement %s", statement_word);
	else if (statement != NULL && statement->where == 0)
		error_at(line, "no statement begins with %s", statement_word);
	else if (statement != NULL &&
	    (statement->where & (rule != NULL ? IN_RULE : IN_FILE)) == 0)
		error_at(line, "%s does not belong %s a rule",
		    statement_word, rule != NULL ? "inside" : "outside");
	else if (statement_usage != NULL)
		error_at(line, "unexpected %s: the form is: %s", token,
		    statement_usage);
	else
		error_at(line, "unexpected %s", token);
	return 0;
}

/* Files. */

static int
file_push(const char *name, const char *text, size_t len, char *to_free)
{
	struct file	*up = file;

	if ((file = calloc(1, sizeof(*file))) == NULL) {
		file = up;
		return -1;
	}
	if ((file->name = conf_strdup(conf, name)) == NULL) {
		free(file);
		file = up;
		return -1;
	}
	file->up = up;
	file->text = to_free;
	file->p = text;
	file->end = text + len;
	file->line = 1;
	depth++;
	return 0;
}

static void
file_pop(void)
{
	struct file	*up = file->up;

	free(file->text);
	free(file);
	file = up;
	depth--;
}

/* Go on with the file that was included, beside the one that includes it. */
static void
include_push(void)
{
	char		 path[MAX_WORD + 2048], *text;
	const char	*slash, *error;
	size_t		 len;
	int		 n;

	slash = included[0] == '/' ? NULL : strrchr(file->name, '/');
	n = snprintf(path, sizeof(path), "%.*s%s",
	    slash == NULL ? 0 : (int)(slash + 1 - file->name), file->name,
	    included);
	if (n < 0 || (size_t)n >= sizeof(path))
		error_at(included_line, "include: %s", strerror(ENAMETOOLONG));
	else if (depth >= MAX_INCLUDE)
		error_at(included_line, "include %s: more than %d files "
		    "inside each other", show(included), MAX_INCLUDE);
	else if ((text = file_read(path, &len, &error)) == NULL)
		error_at(included_line, "include %s: %s", show(path), error);
	else if (file_push(path, text, len, text) == -1) {
		free(text);
		out_of_memory();
	}
}

/* Macros. */

static const char *
macro_get(const struct macros *list, const char *name)
{
	const struct macro	*macro;

	SLIST_FOREACH(macro, list, entry)
		if (strcmp(macro->name, name) == 0)
			return macro->value;
	return NULL;
}

static void
macro_set(const char *name, int line, const char *value)
{
	struct macro	*macro;
	const char	*p;

	for (p = name; isalnum((unsigned char)*p) || *p == '_'; p++)
		continue;
	if (*p != '\0' || p == name) {
		error_at(line, "%s: a macro's name has letters, digits and _ "
		    "only", show(name));
		return;
	}
	if ((macro = conf_alloc(conf, sizeof(*macro))) == NULL) {
		out_of_memory();
		return;
	}
	macro->name = name;
	macro->value = value;
	SLIST_INSERT_HEAD(&macros, macro, entry);
}

/* Rules. */

/* A rule without a name is one whose first line is in error. */
static void
rule_begin(const char *name, int line, int name_line)
{
	struct rule	*other;

	if (rule != NULL && rule->name[0] != '\0')
		error_at(line, "} is missing: rule %s of line %d is not "
		    "closed", show(rule->name), rule->line);
	if ((rule = conf_alloc(conf, sizeof(*rule))) == NULL) {
		out_of_memory();
		return;
	}
	rule_errors = errors;
	memset(given, 0, sizeof(given));
	rule->name = name != NULL ? name : "";
	rule->file = file->name;
	rule->line = line;
	memcpy(rule->ifname, DEFAULT_IFACE, sizeof(DEFAULT_IFACE));
	rule->terms.count = DEFAULT_COUNT;
	rule->terms.wait = defaults.wait;
	rule->timeout = defaults.timeout;
	rule->account = defaults.account;

	if (name == NULL)
		rule_errors = -1;
	else if (name[0] == '\0' || strlen(name) > MAX_NAME ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-")] != '\0')
		error_at(name_line, "rule %s: a name has 1 to %d letters, "
		    "digits, _ . : -", show(name), MAX_NAME);
	else if ((other = RB_INSERT(rule_names, &conf->names, rule)) != NULL)
		error_at(name_line, "rule %s is already defined at %s:%d",
		    show(name), other->file, other->line);
}

static void
rule_end(void)
{
	if (rule == NULL)
		return;
	if (errors == rule_errors)
		rule_check();
	TAILQ_INSERT_TAIL(&conf->rules, rule, next);
	rule->number = conf->nrules++;
	rule = NULL;
}

/* What can only be said of a whole rule. */
static void
rule_check(void)
{
	struct terms	*terms = &rule->terms;

	if (!given[GIVEN_COMMAND])
		error_at(rule->line, "rule %s has no command",
		    show(rule->name));
	if (given[GIVEN_WAIT] && terms->exact)
		error_at(given[GIVEN_WAIT], "wait does not go with exact");
	if (given[GIVEN_IDLE] && terms->exact)
		error_at(given[GIVEN_IDLE], "idle does not go with exact");
	if (given[GIVEN_DIRECTION] && strncmp(rule->ifname, "pflog", 5) == 0 &&
	    rule->ifname[5 + strspn(rule->ifname + 5, "0123456789")] == '\0')
		error_at(given[GIVEN_DIRECTION], "direction does not go with "
		    "%s: pf tags all that it logs as out", rule->ifname);
	else if (given[GIVEN_DIRECTION] && counter_listens(rule->ifname))
		error_at(given[GIVEN_DIRECTION], "direction does not go with "
		    "%s: say it in the firewall's rule", rule->ifname);
	if (rule->account == NULL && getuid() == 0)
		error_at(rule->line, "rule %s has no user: required when "
		    "started as root", show(rule->name));
	if (rule->account == NULL && getuid() != 0) {
		if ((defaults.account = account_self(conf)) == NULL)
			out_of_memory();
		rule->account = defaults.account;
	}
}

/* Note a statement of a rule.  Returns 0 if the rule has it already. */
static int
once(int which, int line)
{
	static const char	*names[] = {
		"interface", "direction", "count", "wait", "immediate",
		"command", "idle", "timeout", "user"
	};

	if (given[which]) {
		error_at(line, "%s is given twice: first in line %d",
		    names[which], given[which]);
		return 0;
	}
	given[which] = line;
	return 1;
}

static void
word_add(char *word)
{
	char	**p;

	if (nwords + 1 >= words_size) {
		size_t	 size = words_size == 0 ? 16 : 2 * words_size;

		if ((p = reallocarray(words, size, sizeof(*p))) == NULL) {
			out_of_memory();
			return;
		}
		words = p;
		words_size = size;
	}
	words[nwords++] = word;
	words[nwords] = NULL;
}

/* The words that were added, as execve(2) wants them. */
static char **
words_copy(void)
{
	char	**copy;

	if ((copy = conf_alloc(conf, (nwords + 1) * sizeof(*copy))) == NULL)
		out_of_memory();
	else
		memcpy(copy, words, nwords * sizeof(*copy));
	return copy;
}

static void
set_interface(const char *name, int line, int name_line)
{
	if (!once(GIVEN_INTERFACE, line))
		return;
	if (parse_interface(name) == -1)
		error_at(name_line, "%s: a name of an interface has 1 to %d "
		    "letters, digits or signs, no / and no blank", show(name),
		    IF_NAMESIZE - 1);
	else
		strlcpy(rule->ifname, name, sizeof(rule->ifname));
}

static void
set_direction(int direction, int line)
{
	if (once(GIVEN_DIRECTION, line))
		rule->direction = direction;
}

static void
set_count(const char *s, int line, int number_line)
{
	int64_t		 count;

	if (!once(GIVEN_COUNT, line))
		return;
	if (parse_number(s, MAX_COUNT, &count) == -1)
		error_at(number_line, "count %s: not a number from 1 to %"
		    PRId64, show(s), MAX_COUNT);
	else
		rule->terms.count = count;
}

static void
set_within(const char *s, int line)
{
	if (parse_time(s, MAX_WITHIN, &rule->terms.within) == -1)
		error_at(line, "within %s: not a time from 1s to %dm",
		    show(s), MAX_WITHIN / 60);
}

static void
set_wait(const char *s, int line, int time_line)
{
	if (rule != NULL && !once(GIVEN_WAIT, line))
		return;
	if (parse_time(s, MAX_TIME,
	    rule != NULL ? &rule->terms.wait : &defaults.wait) == -1)
		error_at(time_line, "wait %s: not a time from 1s to %ds",
		    show(s), MAX_TIME);
}

/* NULL is none. */
static void
set_timeout(const char *s, int line, int time_line)
{
	int64_t		 timeout = 0;

	if (rule != NULL && !once(GIVEN_TIMEOUT, line))
		return;
	if (s != NULL && parse_time(s, MAX_TIME, &timeout) == -1)
		error_at(time_line, "timeout %s: not a time from 1s to %ds",
		    show(s), MAX_TIME);
	else if (rule != NULL)
		rule->timeout = timeout;
	else
		defaults.timeout = timeout;
}

static void
set_user(const char *name, int line, int name_line)
{
	static struct account	 nobody = { .name = "", .uid = (uid_t)-1 };
	struct account	*account, *engine;
	const char	*error;

	if (rule != NULL && !once(GIVEN_USER, line))
		return;
	if ((account = account_find(conf, name, &error)) == NULL) {
		error_at(name_line, "user %s: %s", show(name), error);
		account = &nobody;	/* one error is enough */
	}
	engine = account_find(conf, ENGINE_USER, &error);
	if (strcmp(account->name, ENGINE_USER) == 0 ||
	    (engine != NULL && account->uid == engine->uid))
		error_at(name_line, "user %s: that is the engine's own user",
		    show(name));
	if (rule != NULL)
		rule->account = account;
	else
		defaults.account = account;
}

static void
set_command(int line)
{
	if (once(GIVEN_COMMAND, line))
		rule->command = words_copy();
}

static void
set_idle(const char *s, int line, int time_line)
{
	if (!once(GIVEN_IDLE, line))
		return;
	if (parse_time(s, MAX_TIME, &rule->terms.idle) == -1)
		error_at(time_line, "idle %s: not a time from 1s to %ds",
		    show(s), MAX_TIME);
	rule->idle = words_copy();
}

/* The scanner. */

static int
is_word(int c)
{
	return isalnum((unsigned char)c) || (c != '\0' &&
	    strchr("_-./:", c) != NULL);
}

/* Does another word or string begin right here, without a blank? */
static int
is_glued(void)
{
	return file->p < file->end && (is_word(*file->p) ||
	    (*file->p != '\0' && strchr("\"'$", *file->p) != NULL));
}

/* Report an error in a token and leave out the rest of the statement. */
static int
scan_error(const char *fmt, ...)
{
	const char	*from = file->p, *p;
	char		 message[256];
	va_list		 ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	error_at(file->line, "%s", message);
	reported = 1;
	while (file->p < file->end && *file->p != '\n') {
		if (*file->p == '\\' && file->end - file->p > 1 &&
		    file->p[1] == '\n') {
			file->line++;
			file->p++;
		}
		file->p++;
	}
	/* but not the brace that begins a rule */
	if (statement != NULL && statement->token == K_RULE) {
		for (p = file->p; p > from &&
		    (p[-1] == ' ' || p[-1] == '\t'); p--)
			continue;
		if (p > from && p[-1] == '{')
			file->p = p - 1;
	}
	return ERROR;
}

static int
scan_control(int c)
{
	if (c == '\r')
		return scan_error("control character \\r: lines must end "
		    "with a newline alone");
	return scan_error("control character \\%03o", c);
}

/* A word or string is complete: keep it. */
static int
scan_keep(int kind, const char *s, size_t len)
{
	char	*p;

	if (is_glued())
		return scan_error("a blank is missing behind %s", token);
	if ((p = conf_alloc(conf, len + 1)) == NULL) {
		out_of_memory();
		return 0;
	}
	memcpy(p, s, len);
	yylval.v.string = p;
	return kind;
}

static void
scan_show(const char *from)
{
	size_t	 len = file->p - from;

	log_printable(token, sizeof(token), from, len < 40 ? len : 40);
	if (len > 40)
		strlcat(token, "...", sizeof(token));
}

/* Text in quotes; a string ends on its line. */
static int
scan_string(void)
{
	char		 buf[MAX_WORD];
	const char	*from = file->p;
	size_t		 len = 0;
	char		 quote = *file->p++, c;

	for (;;) {
		if (file->p == file->end || *file->p == '\n')
			return scan_error("the closing %c is missing", quote);
		c = *file->p++;
		if (c == quote)
			break;
		if (iscntrl((unsigned char)c) && c != '\t')
			return scan_control((unsigned char)c);
		if (quote == '"' && c == '\\' && file->p < file->end &&
		    strchr("\"\\n", *file->p) != NULL && *file->p != '\0') {
			c = *file->p++;
			if (c == 'n')
				c = '\n';
		}
		if (len == sizeof(buf))
			return scan_error("a word has at most %d bytes",
			    MAX_WORD);
		buf[len++] = c;
	}
	scan_show(from);
	return scan_keep(STRING, buf, len);
}

/* $name: the macro's value, as if it stood in quotes. */
static int
scan_macro(void)
{
	char		 name[MAX_WORD + 1];
	const char	*from = file->p++, *value;
	size_t		 len = 0;

	while (file->p < file->end &&
	    (isalnum((unsigned char)*file->p) || *file->p == '_')) {
		if (len == MAX_WORD)
			return scan_error("a word has at most %d bytes",
			    MAX_WORD);
		name[len++] = *file->p++;
	}
	name[len] = '\0';
	scan_show(from);
	if (len == 0)
		return scan_error("a macro's name is missing behind $");
	if ((value = macro_get(&definitions, name)) == NULL &&
	    (value = macro_get(&macros, name)) == NULL)
		return scan_error("macro %s is not defined", token);
	return scan_keep(STRING, value, strlen(value));
}

static int
keyword_cmp(const void *word, const void *keyword)
{
	return strcmp(word, ((const struct keyword *)keyword)->name);
}

static int
scan_word(const struct keyword **keyword)
{
	char		 word[16];
	const char	*from = file->p;
	size_t		 len;

	while (file->p < file->end && is_word(*file->p))
		file->p++;
	scan_show(from);
	if ((len = file->p - from) > MAX_WORD)
		return scan_error("a word has at most %d bytes", MAX_WORD);
	if (len < sizeof(word)) {
		memcpy(word, from, len);
		word[len] = '\0';
		*keyword = bsearch(word, keywords, nitems(keywords),
		    sizeof(keywords[0]), keyword_cmp);
		if (*keyword != NULL && !is_glued())
			return (*keyword)->token;
	}
	return scan_keep(WORD, from, len);
}

/* The next token, whatever file it comes from. */
static int
scan(const struct keyword **keyword)
{
	int	 c;

	for (;;) {
		yylval.lineno = file->line;
		if (file->p == file->end) {
			if (!statement_begins) {
				strlcpy(token, "end of line", sizeof(token));
				return '\n';
			}
			if (rule != NULL && !file->unclosed) {
				file->unclosed = 1;
				if (rule->name[0] != '\0')
					error_at(file->line, "} is missing: "
					    "rule %s of line %d is not closed",
					    show(rule->name), rule->line);
				return '}';	/* as if it stood there */
			}
			if (file->up == NULL) {
				strlcpy(token, "end of file", sizeof(token));
				return 0;
			}
			file_pop();
			continue;
		}
		c = (unsigned char)*file->p;
		if (c == ' ' || c == '\t')
			file->p++;
		else if (c == '#')
			while (file->p < file->end && *file->p != '\n')
				file->p++;
		else if (c == '\\' && file->end - file->p > 1 &&
		    file->p[1] == '\n') {
			file->p += 2;
			file->line++;
		} else
			break;
	}
	switch (c) {
	case '"':
	case '\'':
		return scan_string();
	case '$':
		return scan_macro();
	case '\n':
		strlcpy(token, "end of line", sizeof(token));
		file->p++;
		file->line++;
		return '\n';
	case '{':
	case '}':
	case '=':
		token[0] = *file->p++;
		token[1] = '\0';
		return c;
	case '\\':
		return scan_error("a backslash joins lines only at the very "
		    "end of a line");
	}
	if (is_word(c))
		return scan_word(keyword);
	if (iscntrl(c))
		return scan_control(c);
	return scan_error("%s: only letters, digits and _ - . / : need no "
	    "quotes", show((char []){ c, '\0' }));
}

/* The next token, keeping track of the statement that it belongs to. */
int
yylex(void)
{
	const struct keyword	*keyword = NULL;
	int			 kind;

	if (stopped)
		return 0;
	kind = scan(&keyword);
	if (kind == '\n' || kind == '{') {
		statement_begins = 1;
		closed = 0;
		return kind;
	}
	if (statement_begins) {
		statement = keyword;
		statement_usage = keyword != NULL ? keyword->usage : NULL;
		statement_word[0] = '\0';
		if (keyword != NULL || kind == WORD || kind == STRING)
			strlcpy(statement_word, token, sizeof(statement_word));
		statement_begins = 0;
	} else if (closed) {
		statement = NULL;
		statement_usage = NULL;
		statement_word[0] = '\0';
	} else if (kind == '=' && statement == NULL)
		statement_usage = "name = \"value\"";
	closed = kind == '}';
	return stopped ? 0 : kind;
}
