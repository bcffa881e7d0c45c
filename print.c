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
 * Printing a configuration: bpfstatsd -nv.
 */

#include <inttypes.h>
#include <stdio.h>

#include "bpfstatsd.h"

static void	print_rule(const struct rule *);
static void	print_words(const char *, char **);
static void	print_word(const char *);

/* Print it all so that the grammar reads the same configuration back. */
void
conf_print(const struct conf *conf)
{
	const struct rule	*rule;

	if (conf->state_file != NULL && conf->state_file[0] == '\0')
		printf("state none\n");
	else if (conf->state_file != NULL) {
		printf("state ");
		print_word(conf->state_file);
		printf("\n");
	}
	TAILQ_FOREACH(rule, &conf->rules, next)
		print_rule(rule);
}

static void
print_rule(const struct rule *rule)
{
	const struct terms	*terms = &rule->terms;

	printf("rule \"%s\" {\n\tinterface ", rule->name);
	print_word(rule->ifname);
	printf("\n");
	if (rule->direction != DIRECTION_BOTH)
		printf("\tdirection %s\n", direction_words[rule->direction]);
	if (rule->filter != NULL) {
		printf("\tfilter ");
		print_word(rule->filter);
		printf("\n");
	}
	printf("\t%s %" PRIu64, terms->below ? "below" : "count",
	    terms->count);
	if (terms->exact)
		printf(" exact");
	if (terms->within != 0)
		printf(" within %lld", (long long)(terms->within / NSEC));
	printf("\n");
	if (!terms->exact)
		printf("\twait %lld\n", (long long)(terms->wait / NSEC));
	if (terms->immediate)
		printf("\timmediate\n");
	if (rule->timeout != 0)
		printf("\ttimeout %lld\n", (long long)(rule->timeout / NSEC));
	else
		printf("\ttimeout none\n");
	if (rule->account != NULL) {
		printf("\tuser ");
		print_word(rule->account->name);
		printf("\n");
	}
	print_words("\tcommand", rule->command);
	if (rule->idle != NULL) {
		printf("\tidle %lld", (long long)(terms->idle / NSEC));
		if (terms->renew != terms->count)
			printf(" below %" PRIu64, terms->renew);
		print_words("", rule->idle);
	}
	printf("}\n");
}

static void
print_words(const char *keyword, char **words)
{
	printf("%s", keyword);
	for (; *words != NULL; words++) {
		putchar(' ');
		print_word(*words);
	}
	putchar('\n');
}

static void
print_word(const char *s)
{
	putchar('"');
	for (; *s != '\0'; s++) {
		if (*s == '\n') {
			printf("\\n");
			continue;
		}
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('"');
}
