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
 * What bpfstatsd and bpfstatsctl say to each other.
 *
 * A request is one line of words with a blank between them:
 *
 *	show [rule]		a line for each rule, see below
 *	reload
 *	run rule [idle]
 *	reset rule
 *
 * The answer is lines of text, the last of which is CONTROL_DONE or
 * CONTROL_FAILED.
 */

#ifndef CONTROL_H
#define CONTROL_H

#define CONTROL_SOCKET	"/var/run/bpfstatsd.sock"
#define CONTROL_DONE	"done"
#define CONTROL_FAILED	"failed"

/*
 * The fields of a rule's line, with a tab between them and none inside.  A
 * missing value is "-".
 */
enum field {
	FIELD_RULE,
	FIELD_INTERFACE,
	FIELD_COUNTER,		/* its kind, or "-": it is not attached */
	FIELD_DIRECTION,	/* "both", "in" or "out" */
	FIELD_FILTER,
	FIELD_CONDITION,	/* as in the configuration */
	FIELD_TALLY,
	FIELD_TOTAL,
	FIELD_RUNS,
	FIELD_FAILURES,
	FIELD_ON,		/* "on" or "off", if it has an idle command */
	FIELD_PID,		/* of what is running */
	FIELD_LAST,		/* "exit N" or "signal N", how a run ended */
	FIELD_AGO,		/* s since the last run ended, or began */
	FIELD_START,		/* time(3) of the last start */
	FIELD_NEXT,		/* s until its command may run, if it may */
	FIELD_OFF,		/* s until its idle command may run */
	NFIELDS
};

#endif
