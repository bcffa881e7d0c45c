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
 * Fuzz the command line: the arguments of an input end with a NUL each.
 *
 * What is accepted must be within its limits.  One rule that is only checked
 * must print so that the grammar reads it back, if it can.
 */

#include <sys/stat.h>

#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counter.h"
#include "emit.h"
#include "fuzz.h"

static int	 no_access(const char *);

/* args.c as it is, but silent and looking at no file. */
#define fprintf(to, ...)	((void)(to))
#define printf(...)		((void)0)
#define log_level(priority)	((void)(priority))
#define access(path, mode)	no_access(path)
#define stat(path, st)		((st)->st_mode = S_IFREG, no_access(path))
#include "args.c"
#undef fprintf
#undef stat

#define MAX_ARGS	64

#define check(condition) do {						\
	if (!(condition)) {						\
		fprintf(stderr, "%s:%d: wrong: %s\n", __FILE__,		\
		    __LINE__, #condition);				\
		abort();						\
	}								\
} while (0)


static jmp_buf	 ended;

/* In place of run.c: there is no reload here. */
void
run_orphan(struct job *job)
{
	abort();
}

struct job *
run_orphaned(const char *name)
{
	abort();
}

/* All that is executable is in /bin. */
static int
no_access(const char *path)
{
	if (strncmp(path, "/bin/", 5) == 0)
		return 0;
	errno = ENOENT;
	return -1;
}

/* exit(3), as run compiles it. */
void
exit(int status)
{
	longjmp(ended, status + 1);
}

/* Can a configuration file have this word? */
static int
can_be_written(const char *s)
{
	if (strlen(s) > MAX_WORD)
		return 0;
	for (; *s != '\0'; s++)
		if (iscntrl((unsigned char)*s) && *s != '\t' && *s != '\n')
			return 0;
	return 1;
}

/* -nv */
static void
print_and_parse(const struct conf *one)
{
	const struct rule	*rule = TAILQ_FIRST(&one->rules);
	struct conf		*again;
	struct text		 first;
	char			**p;

	if (rule->command[0][0] != '/')
		return;
	for (p = rule->command; *p != NULL; p++)
		if (!can_be_written(*p))
			return;
	printed = (struct text){ NULL, 0, 0 };
	conf_print(one);
	first = printed;
	if ((again = conf_new()) == NULL)
		abort();
	if (parse_conf(again, "again", first.s, first.len) == -1) {
		fprintf(stderr, "not read back:\n%.*s", (int)first.len,
		    first.s);
		abort();
	}
	printed = (struct text){ NULL, 0, 0 };
	conf_print(again);
	check(first.len == printed.len &&
	    memcmp(first.s, printed.s, first.len) == 0);
	free(first.s);
	free(printed.s);
	conf_free(again);
}

static void
try(int argc, char **argv)
{
	static const char	 uses[] = "user user\nrule \"r\" {\n"
	    "command \"/bin/r\" $a $b1\n}\n";
	static char		*variables[] = { "PATH=/usr/bin::/bin", NULL };
	struct arguments	 args;
	struct conf		*one;
	struct rule		*rule;
	int			 i;

	optind = 0;
	options = (struct options){ .environ = variables };
	args_parse(argc, argv, &args);
	check(args.count >= 1 && args.count <= MAX_COUNT);
	check(args.wait >= NSEC && args.wait <= MAX_TIME * NSEC);
	check(args.ifname[0] != '\0' && strlen(args.ifname) < IF_NAMESIZE);
	check(args.socket == NULL || (!options.onerule &&
	    args.socket[0] != '\0' &&
	    strlen(args.socket) < sizeof(((struct sockaddr_un *)0)->sun_path)));
	if (!options.onerule) {
		/* what -D defined is there, or an error */
		if ((one = conf_new()) == NULL)
			abort();
		if (parse_conf(one, "uses", uses, sizeof(uses) - 1) == 0)
			check(one->nrules == 1);
		conf_free(one);
		return;
	}
	one = args_conf(&args);
	rule = TAILQ_FIRST(&one->rules);
	check(one->nrules == 1 && rule->counter != NULL);
	check(rule->terms.count == args.count);
	for (i = 1; args.command[i] != NULL; i++)
		check(strcmp(rule->command[i], args.command[i]) == 0);
	check(rule->command[i] == NULL);
	if (args.check)
		print_and_parse(one);
	conf_free(one);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(log_level)(-1);
	opterr = 0;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*text, *p, *argv[MAX_ARGS + 2];
	int	 argc = 0, status;

	if ((text = malloc(size + 1)) == NULL)
		abort();
	if (size != 0)
		memcpy(text, data, size);
	text[size] = '\0';
	argv[argc++] = "bpfstatsd";
	for (p = text; p < text + size && argc <= MAX_ARGS;
	    p += strlen(p) + 1)
		argv[argc++] = p;
	argv[argc] = NULL;

	stub_uid = 1000;
	stub_files(data, 0);
	if ((status = setjmp(ended)) == 0)
		try(argc, argv);
	else
		check(status == 1 || status == 2);
	parse_forget();
	free(text);
	return 0;
}
