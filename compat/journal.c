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
 * The journal of systemd(1) as standard error: each line begins with its
 * priority, which the journal takes off again.
 */

#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service.h"

static int	is_journal;

/* The environment says which file the journal is, as device:inode. */
void
journal_open(char **environment)
{
	struct stat	 st;
	char		 name[64];

	if (fstat(STDERR_FILENO, &st) == -1)
		return;
	snprintf(name, sizeof(name), "JOURNAL_STREAM=%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	for (; *environment != NULL; environment++)
		if (strcmp(*environment, name) == 0)
			is_journal = 1;
}

/*
 * Write what a line on standard error begins with.  Returns 0 if that is not
 * the journal: then nothing is written.
 */
int
journal_prefix(char *buf, size_t size, int priority)
{
	if (!is_journal)
		return 0;
	snprintf(buf, size, "<%d>", priority);
	return 1;
}
