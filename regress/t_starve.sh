# Copyright (c) 2026 The bpfstatsd developers
#
# Permission to use, copy, modify, and distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.

# slow: four backlogs
#
# Rules that owe thousands of runs hold up nothing else: before they have
# worked off what they owe the daemon answers SIGUSR1, starts and times out the
# commands of other rules, reloads and obeys TERM.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2

# rules user [immediate]: sixty that have a backlog, and two that have none.
rules() {
	awk -v user="$1" -v immediate="${2:-}" -v in1="$IN" -v in2="$IN2" \
	    -v dir="$DIR" -v tools="$TOOLS" 'BEGIN {
		printf "user %s\n", user
		for (i = 0; i < 60; i++) {
			printf "rule \"x%d\" {\n\tinterface %s\n", i, in1
			printf "\t%s\n\tcount 1 exact\n", immediate
			printf "\tcommand \"/usr/bin/true\"\n}\n"
		}
		printf "rule \"other\" {\n\tinterface %s\n", in2
		printf "\t%s\n\tcommand \"%s/record\" \"%s/runs\"\n}\n",
		    immediate, tools, dir
		printf "rule \"slow\" {\n\tinterface %s\n\ttimeout 1\n", in2
		printf "\twait 1h\n\tcommand \"/bin/sleep\" \"1000\"\n}\n"
	}' | conf
}

# owed: runs that one of the sixty has still to do; the others have as many,
# more or less, because they take turns.
owed() {
	ask x0
	[ "$TALLY" -gt 0 ] || fail "the backlog was worked off before $1"
	note "$1: x0 owes $TALLY of $TOTAL runs"
}

: >"$DIR/runs"
chmod 666 "$DIR/runs"
for user in root nobody; do
	for immediate in "" immediate; do
		rules $user $immediate
		start_daemon
		: >"$DIR/runs"
		send_frames "$OUT" 10000
		wait_until 'grep -q "\"x0\": run 2:" "$LOG"' 5 ||
		    fail "no run of x0"
		owed "the first answer"
		[ "$TOTAL" -eq 10000 ] || await_total x0 10000

		send_frames "$OUT2" 1
		wait_lines "$DIR/runs" 1 5
		owed "another rule's run"
		wait_logged '"slow": run 1: .* timed out' 1 5
		owed "its end by timeout"
		for i in 0 17 59; do
			ask x$i
			[ "$RUNS" -gt 0 ] || fail "x$i has not had a turn"
		done
		reload
		owed "a reload"

		alive
		kill -TERM "$DAEMON"
		await_end 7
		same 0 "$ENDED" "status after TERM"
	done
done
