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

# SIGUSR1, and SIGINFO where it exists, log one line per rule.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule ran {
	interface $IN
	count 10 exact
	command "/bin/sh" "-c" "exit 3"
}
rule runs {
	interface $IN
	command "/bin/sleep" "30"
}
rule quiet {
	interface $IN
	count 100
	command "/usr/bin/true"
}
rule waits {
	interface nosuch0
	command "/usr/bin/true"
}
END
start_daemon
send_frames "$OUT" 25
wait_until 'grep -q "\"ran\": run 2: " "$LOG"' 4 || fail "not run twice"

# line rule: its status.
line() {
	sed -n "s/^bpfstatsd: rule \"$1\": //p" "$LOG" | grep tally
}
check() {
	wait_until '[ "$(grep -c " tally " "$LOG")" -ge 4 ]' 2
	same 4 "$(grep -c ' tally ' "$LOG")" "lines for four rules"
	for text in "$IN attached, total 25, tally 5, runs 2, failures 2," \
	    "last exit 3"; do
		line ran | grep -q "$text" || fail "ran: $(line ran)"
	done
	for text in "attached, total 25, tally 0, runs 1, failures 0," \
	    "running pid [1-9]"; do
		line runs | grep -q "$text" || fail "runs: $(line runs)"
	done
	line quiet | grep -q 'total 25, tally 25, runs 0, .*never' ||
	    fail "quiet: $(line quiet)"
	line waits | grep -q 'nosuch0 waiting, total 0, tally 0' ||
	    fail "waits: $(line waits)"
}
kill -USR1 "$DAEMON"
check
case $SYSTEM in
Linux)	;;
*)
	: >"$LOG"
	kill -INFO "$DAEMON"
	check
	;;
esac
alive
# The second signal does not wait for the command that sleeps.
kill -TERM "$DAEMON"
kill -INT "$DAEMON"
await_end 3
