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
#include <glob.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"

#define MAX_ERRORS	100
#define MAX_QUOTED	40		/* bytes of a word in a message */
#define PATTERN		"*?["		/* what makes a name a pattern */
#define DIGITS		"0123456789"
#define MACRO_CHARS	"abcdefghijklmnopqrstuvwxyz" \
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_"

struct file {
	struct file	*up;		/* the file that includes this one */
	const char	*name;
	char		*text;		/* to free, or NULL */
	const char	*p;		/* the next character */
	const char	*end;
	int		 line;
	int		 depth;		/* 1: no other includes it */
	glob_t		 included;	/* files that it is including */
	size_t		 next;		/* of these */
	int		 include_line;
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
	const char	*form;		/* of the statement */
};
#define NKEYWORDS	19

/* A word or string that has been read. */
struct value {
	char	*text;
	int	 line;
};

/* The words of a command, the last one first. */
struct word {
	struct word	*before;
	char		*text;
	size_t		 number;	/* 1 for the first */
};

/* What a file sets outside rules applies to the rules after it. */
struct defaults {
	int64_t			 wait;
	int64_t			 timeout;
	const struct account	*account;
};

/* The statement being read, for the message about a token in it. */
struct statement {
	int			 last;		/* token, or 0: none yet */
	const struct keyword	*keyword;	/* it begins with, or NULL */
	const char		*form;		/* or NULL: unknown */
	char			 word[48];	/* it begins with, or "" */
	char			 token[48];	/* the last one, as written */
	int			 reported;	/* it is in error */
};

/* All that a parse needs to know; yacc can be passed nothing. */
static struct parser {
	struct conf		*conf;
	struct file		*file;
	int			 errors;
	int			 stopped;	/* no sense in going on */
	struct macros		 definitions;	/* -D: these outlive a parse */
	struct macros		 macros;
	struct defaults		 defaults;
	const char		*state_file;	/* has the state statement */
	int			 state_line;
	int			 glob_error;	/* why a pattern failed */
	struct statement	 statement;
	struct rule		*rule;		/* being read, or NULL */
	int			 rule_errors;	/* errors when it began */
	int			 given[NKEYWORDS]; /* lines of its statements */
	int			 renew_line;	/* of idle's below */
} parser;

typedef struct {
	union {
		struct value	 value;
		struct word	*word;
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
static void		 scan_brace(void);
static void		 out_of_memory(void);
static const char	*quoted(const char *);
static int		 file_push(const char *, const char *, size_t, char *);
static void		 file_pop(void);
static void		 include_push(const struct value *);
static char		*include_path(const char *);
static void		 include_glob(const char *, const struct value *);
static int		 include_failed(const char *, int);
static void		 include_next(void);
static void		 include_file(const char *, int);
static void		 macro_set(const struct value *, const struct value *);
static const char	*macro_get(const struct macros *, const char *);
static void		 rule_begin(int, const struct value *);
static void		 rule_name(struct rule *, const struct value *);
static void		 rule_end(void);
static void		 rule_check(void);
static void		 check_terms(struct terms *);
static void		 check_interface(const struct rule *);
static void		 check_path(const struct value *);
static void		 rule_not_closed(int);
static const struct keyword *keyword_of(int);
static int		 given(int);
static int		 once(int, int);
static struct word	*word_add(struct word *, const struct value *);
static char		**words_array(const struct word *);
static void		 read_number(const char *, const struct value *,
			    uint64_t *);
static void		 read_time(const char *, const struct value *,
			    int64_t *);
static void		 set_interface(int, const struct value *);
static void		 set_direction(int, int);
static void		 set_filter(int, const struct value *);
static void		 set_count(int, const struct value *);
static void		 set_below(int, const struct value *,
			    const struct value *);
static void		 set_idle(const struct value *, const struct value *,
			    const struct word *);
static void		 set_state(int, const struct value *);
static void		 set_wait(int, const struct value *);
static void		 set_timeout(int, const struct value *);
static void		 set_user(int, const struct value *);
%}

%token		K_RULE K_INTERFACE K_DIRECTION K_IN K_OUT K_COUNT K_EXACT
%token		K_WITHIN K_WAIT K_IMMEDIATE K_COMMAND K_IDLE K_TIMEOUT K_NONE
%token		K_USER K_INCLUDE K_FILTER K_BELOW K_STATE ERROR
%token	<v.value>	STRING WORD
%type	<v.value>	value renew
%type	<v.word>	words

%%

grammar		: /* empty */
		| grammar '\n'
		| grammar K_INCLUDE value '\n'	{
			include_push(&$3);
		}
		| grammar macro '\n'
		| grammar state '\n'
		| grammar setting '\n'		{ yyerrok; }
		| grammar rule '\n'
		;

macro		: value '=' value		{
			macro_set(&$1, &$3);
		}
		;

state		: K_STATE value			{
			set_state($<lineno>1, &$2);
		}
		| K_STATE K_NONE		{
			set_state($<lineno>1, NULL);
		}
		;

value		: STRING
		| WORD
		;

rule		: rulehead lines '}'		{ rule_end(); }
		| rulehead lines statement '}'	{
			rule_end();
			yyerrok;
		}
		;

rulehead	: K_RULE value '{'		{
			rule_begin($<lineno>1, &$2);
		}
		| K_RULE error brace		{
			rule_begin($<lineno>1, NULL);
			yyerrok;
		}
		;

brace		: '{'
		| '\n'				{ scan_brace(); }
		;

lines		: /* empty */
		| lines '\n'
		| lines statement '\n'		{ yyerrok; }
		| lines rulehead		/* a } is missing */
		;

statement	: setting
		| K_INTERFACE value		{
			set_interface($<lineno>1, &$2);
		}
		| K_DIRECTION K_IN		{
			set_direction($<lineno>1, DIRECTION_IN);
		}
		| K_DIRECTION K_OUT		{
			set_direction($<lineno>1, DIRECTION_OUT);
		}
		| K_FILTER value		{
			set_filter($<lineno>1, &$2);
		}
		| K_COUNT value			{
			set_count($<lineno>1, &$2);
		}
		| K_COUNT value K_EXACT		{
			set_count($<lineno>1, &$2);
			parser.rule->terms.exact = 1;
		}
		| K_COUNT value K_WITHIN value	{
			set_count($<lineno>1, &$2);
			read_time("within", &$4, &parser.rule->terms.within);
		}
		| K_COUNT value K_EXACT K_WITHIN value {
			error_at($<lineno>4, "exact and within are mutually "
			    "exclusive");
		}
		| K_BELOW value K_WITHIN value	{
			set_below($<lineno>1, &$2, &$4);
		}
		| K_IMMEDIATE			{
			if (once(K_IMMEDIATE, $<lineno>1))
				parser.rule->terms.immediate = 1;
		}
		| K_COMMAND words		{
			if (once(K_COMMAND, $<lineno>1))
				parser.rule->command = words_array($2);
		}
		| K_IDLE value renew words	{
			if (once(K_IDLE, $<lineno>1))
				set_idle(&$2, &$3, $4);
		}
		;

renew		: /* empty */			{ $$.text = NULL; }
		| K_BELOW value			{ $$ = $2; }
		;

/* In a rule and outside.  An error is skipped up to the statement's end. */
setting		: K_WAIT value			{
			set_wait($<lineno>1, &$2);
		}
		| K_TIMEOUT value		{
			set_timeout($<lineno>1, &$2);
		}
		| K_TIMEOUT K_NONE		{
			set_timeout($<lineno>1, NULL);
		}
		| K_USER value			{
			set_user($<lineno>1, &$2);
		}
		| error
		;

words		: value				{
			check_path(&$1);
			$$ = word_add(NULL, &$1);
		}
		| words STRING			{ $$ = word_add($1, &$2); }
		| words WORD			{
			error_at($2.line, "argument %s must be quoted",
			    quoted($2.text));
			$$ = $1;
		}
		;

%%

static const struct keyword keywords[NKEYWORDS] = {
	{ "below",	K_BELOW,	IN_RULE,
	    "below number within time" },
	{ "command",	K_COMMAND,	IN_RULE,
	    "command path [\"argument\" ...]" },
	{ "count",	K_COUNT,	IN_RULE,
	    "count number [exact | within time]" },
	{ "direction",	K_DIRECTION,	IN_RULE,	"direction in | out" },
	{ "exact",	K_EXACT,	0,		NULL },
	{ "filter",	K_FILTER,	IN_RULE,
	    "filter \"expression\"" },
	{ "idle",	K_IDLE,		IN_RULE,
	    "idle time [below number] path [\"argument\" ...]" },
	{ "immediate",	K_IMMEDIATE,	IN_RULE,	"immediate" },
	{ "in",		K_IN,		0,		NULL },
	{ "include",	K_INCLUDE,	IN_FILE,	"include file" },
	{ "interface",	K_INTERFACE,	IN_RULE,	"interface name" },
	{ "none",	K_NONE,		0,		NULL },
	{ "out",	K_OUT,		0,		NULL },
	/* in a rule it says that a } is missing */
	{ "rule",	K_RULE,		IN_FILE | IN_RULE, "rule name {" },
	{ "state",	K_STATE,	IN_FILE,	"state file | none" },
	{ "timeout",	K_TIMEOUT,	IN_FILE | IN_RULE,
	    "timeout time | none" },
	{ "user",	K_USER,		IN_FILE | IN_RULE,	"user name" },
	{ "wait",	K_WAIT,		IN_FILE | IN_RULE,	"wait time" },
	{ "within",	K_WITHIN,	0,		NULL }
};

/*
 * Read a configuration from a buffer into an empty conf.  Messages begin with
 * the name, and included files are looked for beside it.  May be called any
 * number of times.  Returns 0; or -1 after each error was logged as
 * "file:line: message", and then conf is good for conf_free() alone.
 */
int
parse_conf(struct conf *conf, const char *name, const char *text, size_t len)
{
	parser = (struct parser){
		.conf = conf,
		.definitions = parser.definitions,
		.defaults = {
			.wait = DEFAULT_WAIT * NSEC,
			.timeout = DEFAULT_TIMEOUT * NSEC
		}
	};
	if (file_push(name, text, len, NULL) == -1)
		out_of_memory();
	else if (yyparse() != 0 && parser.errors == 0)
		parser.errors++;
	while (parser.file != NULL)
		file_pop();

	return parser.errors == 0 ? 0 : -1;
}

/*
 * Define a macro that overrides any file's, from "name=value".
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
	if (s + strspn(s, MACRO_CHARS) != value)
		return "invalid macro name: letters, digits and _ only";
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
	SLIST_INSERT_HEAD(&parser.definitions, macro, entry);
	return NULL;
}

/*
 * Read the name of an interface, which need not exist, into ifname, which has
 * IF_NAMESIZE bytes.  Returns NULL, or what is wrong with it.
 */
const char *
parse_interface(const char *s, char *ifname)
{
	const char	*p;

	if (strchr(s, ',') != NULL)
		return "a list, not an interface: write a rule for each";
	if (strpbrk(s, PATTERN) != NULL)
		return "a pattern, not an interface: write a rule for each";
	if (strchr(s, '$') != NULL)
		return "a macro must not be quoted";
	if (strcmp(s, "any") == 0)
		return "not an interface: write a rule for each";
	for (p = s; isgraph((unsigned char)*p) && *p != '/'; p++)
		continue;
	if (p == s || *p != '\0' || p - s >= IF_NAMESIZE)
		return "invalid interface name: 1 to 15 printable "
		    "characters, no blank or slash";
	strlcpy(ifname, s, IF_NAMESIZE);
	return counter_name(ifname);
}

/* Read a number from 1 to max.  Returns 0, or -1 if it is none. */
int
parse_number(const char *s, int64_t max, int64_t *number)
{
	const char	*error;

	if (s[strspn(s, DIGITS)] != '\0')
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
	size_t		 len = strspn(s, DIGITS), i;
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

	if (parser.stopped)
		return;
	parser.statement.reported = 1;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	log_at(parser.file->name, line, "%s", message);
	if (++parser.errors == MAX_ERRORS) {
		log_at(parser.file->name, line, "too many errors");
		parser.stopped = 1;
	}
}

static void
out_of_memory(void)
{
	if (parser.file != NULL)
		error_at(parser.file->line, "%s", strerror(ENOMEM));
	else
		log_warnx("configuration: %s", strerror(ENOMEM));
	parser.errors++;
	parser.stopped = 1;
}

/* The beginning of s, printable, with three dots if there is more. */
static void
print_some(char *buf, size_t size, const char *s, size_t len)
{
	log_printable(buf, size, s, len < MAX_QUOTED ? len : MAX_QUOTED);
	if (len > MAX_QUOTED)
		strlcat(buf, "...", size);
}

/* A word for a message; lives as long as the configuration. */
static const char *
quoted(const char *s)
{
	char		 some[MAX_QUOTED + 16], buf[sizeof(some) + 2];
	const char	*copy;

	print_some(some, sizeof(some), s, strlen(s));
	snprintf(buf, sizeof(buf), "\"%s\"", some);
	copy = conf_strdup(parser.conf, buf);
	return copy != NULL ? copy : "\"...\"";
}

/*
 * yacc found a token that does not fit, or has no memory.  Say which token,
 * and what its statement should look like.
 */
int
yyerror(const char *message)
{
	struct statement	*st = &parser.statement;
	int			 line = yylval.lineno, inside;

	if (st->reported)			/* one error is enough */
		return 0;
	inside = parser.rule != NULL;
	if (strcmp(message, "syntax error") != 0)
		error_at(line, "%s", message);
	else if (st->form == NULL && st->keyword == NULL && st->word[0] != '\0')
		error_at(line, "unknown statement %s", st->word);
	else if (st->keyword != NULL && st->keyword->where == 0)
		error_at(line, "%s is not a statement", st->word);
	else if (st->keyword != NULL &&
	    (st->keyword->where & (inside ? IN_RULE : IN_FILE)) == 0)
		error_at(line, "%s is not allowed %s a rule", st->word,
		    inside ? "inside" : "outside");
	else if (st->form != NULL)
		error_at(line, "unexpected %s, expected: %s", st->token,
		    st->form);
	else
		error_at(line, "unexpected %s", st->token);
	return 0;
}

/* Files. */

static int
file_push(const char *name, const char *text, size_t len, char *to_free)
{
	struct file	*file;

	if ((file = calloc(1, sizeof(*file))) == NULL)
		return -1;
	if ((file->name = conf_strdup(parser.conf, name)) == NULL) {
		free(file);
		return -1;
	}
	file->text = to_free;
	file->p = text;
	file->end = text + len;
	file->line = 1;
	file->up = parser.file;
	file->depth = file->up != NULL ? file->up->depth + 1 : 1;
	parser.file = file;
	return 0;
}

static void
file_pop(void)
{
	struct file	*file = parser.file;

	parser.file = file->up;
	globfree(&file->included);
	free(file->text);
	free(file);
}

/* Go on with the file of this name, or with all that match the pattern. */
static void
include_push(const struct value *name)
{
	char	*path;

	if (parser.file->depth >= MAX_INCLUDE)
		error_at(name->line, "include %s: nested more than %d files "
		    "deep", quoted(name->text), MAX_INCLUDE);
	else if ((path = include_path(name->text)) == NULL)
		out_of_memory();
	else if (strpbrk(name->text, PATTERN) == NULL)
		include_file(path, name->line);
	else
		include_glob(path, name);
}

/*
 * A name is relative to the file that includes it.  If it is a pattern the
 * directory of that file must not become one.  NULL: no memory.
 */
static char *
include_path(const char *name)
{
	const char	*p = parser.file->name, *slash = strrchr(p, '/');
	size_t		 size, len = 0;
	char		*path;

	size = 2 * strlen(p) + strlen(name) + 1;
	if ((path = conf_alloc(parser.conf, size)) == NULL)
		return NULL;
	if (slash != NULL && name[0] != '/')
		for (; p <= slash; p++) {
			if (strpbrk(name, PATTERN) != NULL &&
			    strchr(PATTERN "\\", *p) != NULL)
				path[len++] = '\\';
			path[len++] = *p;
		}
	strlcpy(path + len, name, size - len);
	return path;
}

static void
include_glob(const char *path, const struct value *name)
{
	struct file	*file = parser.file;

	parser.glob_error = EIO;
	switch (glob(path, 0, include_failed, &file->included)) {
	case 0:
		file->include_line = name->line;
		file->next = 0;
		include_next();
		break;
	case GLOB_NOMATCH:
		break;
	case GLOB_NOSPACE:
		out_of_memory();
		break;
	default:
		error_at(name->line, "include %s: %s", quoted(name->text),
		    strerror(parser.glob_error));
	}
}

/* A directory cannot be read; that there is none is no error. */
static int
include_failed(const char *path, int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return 0;
	parser.glob_error = error;
	return 1;
}

/* Go on with the next file that matched, if there is one. */
static void
include_next(void)
{
	struct file	*file = parser.file;

	while (file->next < file->included.gl_pathc && !parser.stopped) {
		include_file(file->included.gl_pathv[file->next++],
		    file->include_line);
		if (parser.file != file)
			return;
	}
	globfree(&file->included);
	memset(&file->included, 0, sizeof(file->included));
}

static void
include_file(const char *path, int line)
{
	const char	*error;
	char		*text;
	size_t		 len;

	if ((text = file_read(path, &len, &error)) == NULL)
		error_at(line, "include %s: %s", quoted(path), error);
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
macro_set(const struct value *name, const struct value *value)
{
	struct macro	*macro;
	size_t		 len = strspn(name->text, MACRO_CHARS);

	if (len == 0 || name->text[len] != '\0') {
		error_at(name->line, "%s: invalid macro name: letters, "
		    "digits and _ only", quoted(name->text));
		return;
	}
	if ((macro = conf_alloc(parser.conf, sizeof(*macro))) == NULL) {
		out_of_memory();
		return;
	}
	macro->name = name->text;
	macro->value = value->text;
	SLIST_INSERT_HEAD(&parser.macros, macro, entry);
}

/* Rules. */

/*
 * Begin a rule.  Without a name its first line is in error: it is read for
 * the errors in it and then forgotten.
 */
static void
rule_begin(int line, const struct value *name)
{
	struct rule	*rule;

	if (parser.rule != NULL)
		rule_not_closed(line);
	if ((rule = conf_alloc(parser.conf, sizeof(*rule))) == NULL) {
		out_of_memory();
		return;
	}
	parser.rule = rule;
	parser.rule_errors = parser.errors;
	memset(parser.given, 0, sizeof(parser.given));
	rule->file = parser.file->name;
	rule->line = rule->ifname_line = line;
	memcpy(rule->ifname, DEFAULT_IFACE, sizeof(DEFAULT_IFACE));
	rule->terms.count = DEFAULT_COUNT;
	rule->terms.wait = parser.defaults.wait;
	rule->timeout = parser.defaults.timeout;
	rule->account = parser.defaults.account;
	if (name != NULL)
		rule_name(rule, name);
}

/* Give a rule its name, which no other may have. */
static void
rule_name(struct rule *rule, const struct value *name)
{
	struct rule	*other;
	size_t		 len;

	rule->name = name->text;
	len = strspn(name->text, MACRO_CHARS ".:-");
	if (len == 0 || len > MAX_NAME || name->text[len] != '\0') {
		error_at(name->line, "%s: invalid rule name: 1 to %d letters, "
		    "digits, _ . : -", quoted(name->text), MAX_NAME);
		return;
	}
	other = RB_INSERT(rule_names, &parser.conf->names, rule);
	if (other != NULL)
		error_at(name->line, "rule %s is already defined at %s:%d",
		    quoted(name->text), other->file, other->line);
}

static void
rule_end(void)
{
	struct rule	*rule = parser.rule;

	if (rule != NULL && rule->name != NULL) {
		if (parser.errors == parser.rule_errors)
			rule_check();
		TAILQ_INSERT_TAIL(&parser.conf->rules, rule, next);
		rule->number = parser.conf->nrules++;
	}
	parser.rule = NULL;
}

/* The rule's } is missing, as this line shows. */
static void
rule_not_closed(int line)
{
	if (parser.rule->name != NULL)
		error_at(line, "missing }: rule %s on line %d is not closed",
		    quoted(parser.rule->name), parser.rule->line);
}

/* What only the whole rule shows. */
static void
rule_check(void)
{
	struct rule	*rule = parser.rule;

	if (!given(K_COMMAND))
		error_at(rule->line, "rule %s has no command",
		    quoted(rule->name));
	check_terms(&rule->terms);
	check_interface(rule);
	if (rule->account == NULL && getuid() == 0)
		error_at(rule->line, "rule %s has no user: required when "
		    "started as root", quoted(rule->name));
	else if (rule->account == NULL) {
		rule->account = account_self(parser.conf);
		if (rule->account == NULL)
			out_of_memory();
		parser.defaults.account = rule->account;
	}
}

/* Which statements cannot be used with which. */
static void
check_terms(struct terms *terms)
{
	if (terms->exact && given(K_WAIT))
		error_at(given(K_WAIT), "wait cannot be used with exact");
	if (terms->exact && given(K_IDLE))
		error_at(given(K_IDLE), "idle cannot be used with exact");
	if (terms->below && given(K_COUNT))
		error_at(given(K_COUNT), "count cannot be used with below");
	if (terms->below && given(K_IMMEDIATE))
		error_at(given(K_IMMEDIATE), "immediate cannot be used with "
		    "below");
	if (terms->below && terms->renew != 0)
		error_at(parser.renew_line, "idle below cannot be used with "
		    "below");
	else if (terms->renew > terms->count)
		error_at(parser.renew_line, "idle below %" PRIu64 " is more "
		    "than count %" PRIu64, terms->renew, terms->count);
	else if (terms->renew == 0)
		terms->renew = terms->count;
}

/* What cannot be used on which interface. */
static void
check_interface(const struct rule *rule)
{
	const char	*ifname = rule->ifname;
	int		 direction = given(K_DIRECTION);

	if (direction && strncmp(ifname, "pflog", 5) == 0 &&
	    ifname[5 + strspn(ifname + 5, DIGITS)] == '\0')
		error_at(direction, "direction is not supported on %s: pf "
		    "logs every packet as outgoing", ifname);
	if (strncmp(ifname, "nflog:", 6) != 0)
		return;
	if (direction)
		error_at(direction, "direction is not supported on %s: use "
		    "the firewall's rule", ifname);
	if (rule->filter != NULL)
		error_at(rule->filter_line, "filter is not supported on %s: "
		    "use the firewall's rule", ifname);
}

static void
check_path(const struct value *path)
{
	if (path->text[0] != '/')
		error_at(path->line, "%s: not an absolute path",
		    quoted(path->text));
}

static const struct keyword *
keyword_of(int token)
{
	size_t	 i;

	for (i = 0; i < nitems(keywords); i++)
		if (keywords[i].token == token)
			return &keywords[i];
	return NULL;
}

/* The line on which the rule has the statement, or 0. */
static int
given(int token)
{
	return parser.given[keyword_of(token) - keywords];
}

/* Note a statement of a rule.  Returns 0 if the rule has it already. */
static int
once(int token, int line)
{
	const struct keyword	*keyword = keyword_of(token);
	int			*first = &parser.given[keyword - keywords];

	if (*first != 0) {
		error_at(line, "duplicate %s, first on line %d",
		    keyword->name, *first);
		return 0;
	}
	*first = line;
	return 1;
}

/* Add a word to a command, NULL for a new one. */
static struct word *
word_add(struct word *before, const struct value *value)
{
	struct word	*word;

	if ((word = conf_alloc(parser.conf, sizeof(*word))) == NULL) {
		out_of_memory();
		return before;
	}
	word->before = before;
	word->text = value->text;
	word->number = before != NULL ? before->number + 1 : 1;
	return word;
}

/* A command's words as execve(2) wants them. */
static char **
words_array(const struct word *word)
{
	size_t	 n = word != NULL ? word->number : 0;
	char	**array;

	array = conf_alloc(parser.conf, (n + 1) * sizeof(*array));
	if (array == NULL) {
		out_of_memory();
		return NULL;
	}
	for (; word != NULL; word = word->before)
		array[word->number - 1] = word->text;
	return array;
}

static void
read_number(const char *keyword, const struct value *value, uint64_t *packets)
{
	int64_t		 number;

	if (parse_number(value->text, MAX_COUNT, &number) == -1)
		error_at(value->line, "%s %s: not a number from 1 to %" PRId64,
		    keyword, quoted(value->text), MAX_COUNT);
	else
		*packets = number;
}

static void
read_time(const char *keyword, const struct value *value, int64_t *ns)
{
	if (parse_time(value->text, MAX_TIME, ns) == -1)
		error_at(value->line, "%s %s: not a time from 1s to %ds",
		    keyword, quoted(value->text), MAX_TIME);
}

static void
set_interface(int line, const struct value *name)
{
	struct rule	*rule = parser.rule;
	const char	*wrong;

	if (!once(K_INTERFACE, line))
		return;
	rule->ifname_line = name->line;
	if ((wrong = parse_interface(name->text, rule->ifname)) != NULL)
		error_at(name->line, "%s: %s", quoted(name->text), wrong);
}

static void
set_direction(int line, int direction)
{
	if (once(K_DIRECTION, line))
		parser.rule->direction = direction;
}

static void
set_filter(int line, const struct value *expression)
{
	const char	*text = expression->text;

	if (!once(K_FILTER, line))
		return;
	if (text[strspn(text, " \t\n")] == '\0')
		error_at(expression->line, "empty filter");
	parser.rule->filter = text;
	parser.rule->filter_line = expression->line;
}

static void
set_count(int line, const struct value *packets)
{
	if (once(K_COUNT, line))
		read_number("count", packets, &parser.rule->terms.count);
}

static void
set_below(int line, const struct value *packets, const struct value *within)
{
	struct terms	*terms = &parser.rule->terms;

	if (!once(K_BELOW, line))
		return;
	read_number("below", packets, &terms->count);
	read_time("within", within, &terms->within);
	terms->below = 1;
}

static void
set_idle(const struct value *time, const struct value *renew,
    const struct word *words)
{
	struct rule	*rule = parser.rule;

	read_time("idle", time, &rule->terms.idle);
	if (renew->text != NULL)
		read_number("below", renew, &rule->terms.renew);
	parser.renew_line = renew->line;
	rule->idle = words_array(words);
}

/* The whole configuration's, so that there can be one only.  NULL is none. */
static void
set_state(int line, const struct value *path)
{
	if (parser.state_file != NULL) {
		error_at(line, "duplicate state, first at %s:%d",
		    parser.state_file, parser.state_line);
		return;
	}
	parser.state_file = parser.file->name;
	parser.state_line = line;
	if (path != NULL)
		check_path(path);
	parser.conf->state_file = path != NULL ? path->text : "";
}

static void
set_wait(int line, const struct value *time)
{
	if (parser.rule == NULL)
		read_time("wait", time, &parser.defaults.wait);
	else if (once(K_WAIT, line))
		read_time("wait", time, &parser.rule->terms.wait);
}

/* NULL is none. */
static void
set_timeout(int line, const struct value *time)
{
	struct rule	*rule = parser.rule;
	int64_t		 timeout = 0;

	if (rule != NULL && !once(K_TIMEOUT, line))
		return;
	if (time != NULL)
		read_time("timeout", time, &timeout);
	if (rule != NULL)
		rule->timeout = timeout;
	else
		parser.defaults.timeout = timeout;
}

static void
set_user(int line, const struct value *name)
{
	static const struct account	 nobody = { .name = "", .uid = -1 };
	const struct account		*account, *engine;
	const char			*error;

	if (parser.rule != NULL && !once(K_USER, line))
		return;
	account = account_find(parser.conf, name->text, &error);
	if (account == NULL) {
		error_at(name->line, "user %s: %s", quoted(name->text), error);
		account = &nobody;	/* one error is enough */
	}
	engine = account_find(parser.conf, ENGINE_USER, &error);
	if (strcmp(account->name, ENGINE_USER) == 0 ||
	    (engine != NULL && account->uid == engine->uid))
		error_at(name->line, "user %s: reserved for the engine",
		    quoted(name->text));
	if (parser.rule != NULL)
		parser.rule->account = account;
	else
		parser.defaults.account = account;
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
	const struct file	*file = parser.file;

	return file->p < file->end && (is_word(*file->p) ||
	    (*file->p != '\0' && strchr("\"'$", *file->p) != NULL));
}

/* Is this a backslash at the end of a line? */
static int
is_joint(const struct file *file)
{
	return *file->p == '\\' && file->end - file->p > 1 &&
	    file->p[1] == '\n';
}

/* Leave out the rest of the statement, but not the brace of a rule. */
static void
scan_skip(void)
{
	struct file	*file = parser.file;
	const char	*from = file->p, *p;

	for (; file->p < file->end && *file->p != '\n'; file->p++)
		if (is_joint(file)) {
			file->line++;
			file->p++;
		}
	if (parser.statement.keyword == keyword_of(K_RULE)) {
		for (p = file->p; p > from &&
		    (p[-1] == ' ' || p[-1] == '\t'); p--)
			continue;
		if (p > from && p[-1] == '{')
			file->p = p - 1;
	}
}

/* The { that is missing may be on the next line: be content with one error. */
static void
scan_brace(void)
{
	struct file	*file = parser.file;
	const char	*p = file->p;

	while (p < file->end && (*p == ' ' || *p == '\t'))
		p++;
	if (p < file->end && *p == '{')
		file->p = p + 1;
}

/* Report an error in a token. */
static int
scan_error(const char *fmt, ...)
{
	char	 message[256];
	va_list	 ap;

	if (!parser.statement.reported) {
		va_start(ap, fmt);
		vsnprintf(message, sizeof(message), fmt, ap);
		va_end(ap);
		error_at(parser.file->line, "%s", message);
	}
	scan_skip();
	return ERROR;
}

static int
scan_control(int c)
{
	if (c == '\r')
		return scan_error("control character \\r: lines must end "
		    "with a newline only");
	return scan_error("control character \\%03o", c);
}

/* A token has been read: keep it for messages, as it is written. */
static void
scan_note(const char *from)
{
	print_some(parser.statement.token, sizeof(parser.statement.token),
	    from, parser.file->p - from);
}

/* A word or string is complete: keep it. */
static int
scan_keep(int kind, const char *s, size_t len)
{
	char	*p;

	if (is_glued())
		return scan_error("missing space after %s",
		    parser.statement.token);
	if ((p = conf_alloc(parser.conf, len + 1)) == NULL) {
		out_of_memory();
		return 0;
	}
	memcpy(p, s, len);
	yylval.v.value.text = p;
	yylval.v.value.line = yylval.lineno;
	return kind;
}

/* Text in quotes; a string ends on its line. */
static int
scan_string(void)
{
	struct file	*file = parser.file;
	char		 buf[MAX_WORD];
	const char	*from = file->p;
	size_t		 len = 0;
	char		 quote = *file->p++, c;

	for (;;) {
		if (file->p == file->end || *file->p == '\n')
			return scan_error("unterminated string");
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
			return scan_error("word longer than %d bytes",
			    MAX_WORD);
		buf[len++] = c;
	}
	scan_note(from);
	return scan_keep(STRING, buf, len);
}

/* $name: the macro's value, as if it were written in quotes. */
static int
scan_macro(void)
{
	struct file	*file = parser.file;
	char		 name[MAX_WORD + 1];
	const char	*from = file->p++, *value;
	size_t		 len = 0;

	while (file->p < file->end &&
	    (isalnum((unsigned char)*file->p) || *file->p == '_')) {
		if (len == MAX_WORD)
			return scan_error("word longer than %d bytes",
			    MAX_WORD);
		name[len++] = *file->p++;
	}
	name[len] = '\0';
	scan_note(from);
	if (len == 0)
		return scan_error("missing macro name after $");
	if ((value = macro_get(&parser.definitions, name)) == NULL &&
	    (value = macro_get(&parser.macros, name)) == NULL)
		return scan_error("macro %s is not defined",
		    parser.statement.token);
	return scan_keep(STRING, value, strlen(value));
}

static int
keyword_cmp(const void *word, const void *keyword)
{
	return strcmp(word, ((const struct keyword *)keyword)->name);
}

static int
scan_word(void)
{
	struct file		*file = parser.file;
	const struct keyword	*keyword;
	const char		*from = file->p;
	char			 word[16];
	size_t			 len;

	while (file->p < file->end && is_word(*file->p))
		file->p++;
	scan_note(from);
	if ((len = file->p - from) > MAX_WORD)
		return scan_error("word longer than %d bytes", MAX_WORD);
	if (len < sizeof(word) && !is_glued()) {
		memcpy(word, from, len);
		word[len] = '\0';
		keyword = bsearch(word, keywords, nitems(keywords),
		    sizeof(keywords[0]), keyword_cmp);
		if (keyword != NULL)
			return keyword->token;
	}
	return scan_keep(WORD, from, len);
}

/* Skip blanks, comments and the joints of lines. */
static void
scan_blanks(void)
{
	struct file	*file = parser.file;

	for (; file->p < file->end; file->p++) {
		if (is_joint(file)) {
			file->p++;
			file->line++;
		} else if (*file->p == '#') {
			while (file->end - file->p > 1 && file->p[1] != '\n')
				file->p++;
		} else if (*file->p != ' ' && *file->p != '\t')
			break;
	}
}

/*
 * A file is at its end, which ends an open line and closes an open rule; then
 * the file goes on that includes it.
 */
static int
scan_end(void)
{
	struct statement	*st = &parser.statement;

	if (st->last != 0) {
		strlcpy(st->token, "end of line", sizeof(st->token));
		return '\n';
	}
	strlcpy(st->token, "end of file", sizeof(st->token));
	if (parser.rule != NULL) {
		rule_not_closed(parser.file->line);
		return '}';
	}
	if (parser.file->up == NULL)
		return 0;
	file_pop();
	include_next();
	return -1;
}

/* The next token of a file, or -1 at its end. */
static int
scan(void)
{
	struct file	*file = parser.file;
	char		 one[2];
	int		 c;

	scan_blanks();
	yylval.lineno = file->line;
	if (file->p == file->end)
		return scan_end();
	switch (c = (unsigned char)*file->p) {
	case '"':
	case '\'':
		return scan_string();
	case '$':
		return scan_macro();
	case '\n':
		strlcpy(parser.statement.token, "end of line",
		    sizeof(parser.statement.token));
		file->p++;
		file->line++;
		return c;
	case '{':
	case '}':
	case '=':
		file->p++;
		scan_note(file->p - 1);
		return c;
	case '\\':
		return scan_error("a backslash joins lines only at the end of "
		    "a line");
	}
	if (is_word(c))
		return scan_word();
	if (iscntrl(c))
		return scan_control(c);
	one[0] = c;
	one[1] = '\0';
	return scan_error("%s must be quoted: only letters, digits and _ - . / "
	    ": need no quotes", quoted(one));
}

/* The next token, whatever file it comes from; notes its statement. */
int
yylex(void)
{
	struct statement	*st = &parser.statement;
	int			 token;

	if (st->last == '\n' || st->last == '{')
		*st = (struct statement){ .last = 0 };
	do {
		token = parser.stopped ? 0 : scan();
	} while (token == -1);
	if (token == '\n' || token == '{') {
		;
	} else if (st->last == 0) {
		if ((st->keyword = keyword_of(token)) != NULL)
			st->form = st->keyword->form;
		if (st->keyword != NULL || token == WORD || token == STRING)
			strlcpy(st->word, st->token, sizeof(st->word));
	} else if (st->last == '}') {		/* that ended a rule */
		st->keyword = NULL;
		st->form = NULL;
		st->word[0] = '\0';
	} else if (token == '=' && st->keyword == NULL)
		st->form = "name = \"value\"";
	st->last = token;
	return parser.stopped ? 0 : token;
}
