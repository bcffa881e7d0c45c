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
 * Execute a program for which a system call that asks for a filter of system
 * calls fails, or that asks whether a whole process can be killed for what it
 * calls: refuse prctl|seccomp|action errno program [argument ...]
 */

#include <sys/prctl.h>

#include <linux/seccomp.h>

#include <err.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char *argv[])
{
	scmp_filter_ctx	 filter;
	int		 error, operation = SECCOMP_SET_MODE_FILTER;

	if (argc < 4)
		errx(1, "usage: refuse prctl|seccomp|action errno "
		    "program ...");
	if ((filter = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		errx(1, "seccomp_init");
	if (strcmp(argv[1], "action") == 0)
		operation = SECCOMP_GET_ACTION_AVAIL;
	/* as root: no_new_privs would be seen */
	if ((error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0)) == 0) {
		if (strcmp(argv[1], "prctl") == 0)
			error = seccomp_rule_add(filter,
			    SCMP_ACT_ERRNO(atoi(argv[2])), SCMP_SYS(prctl), 1,
			    SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
		else
			error = seccomp_rule_add(filter,
			    SCMP_ACT_ERRNO(atoi(argv[2])), SCMP_SYS(seccomp),
			    1, SCMP_A0(SCMP_CMP_EQ, operation));
	}
	if (error == 0)
		error = seccomp_load(filter);
	if (error != 0)
		errx(1, "seccomp: %s", strerror(-error));
	execv(argv[3], argv + 3);
	err(1, "%s", argv[3]);
}
