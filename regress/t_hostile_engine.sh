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


# An engine that somebody has taken over writes nonsense into the memory that
# it shares with the parent.  It cannot have two commands of a rule run at the
# same time, nor crash the parent or keep it from its work.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
[ "$SYSTEM" = Linux ] || skip "writes to Linux's /proc"
need_daemon
pair_create IN OUT

# tamper member value: write it as the engine; what it was goes to WAS.
tamper() {
	WAS=$("$TOOLS/tamper" "$(engine_pid)" "$window" "$@" 2>"$DIR/err") ||
	    case $? in
	    77)	skip "$(cat "$DIR/err")" ;;
	    *)	fail "tamper $*: $(cat "$DIR/err")" ;;
	    esac
}

# Nothing runs, it says.
cat >"$DIR/long" <<'END'
echo $$ >>"$1"
exec sleep 1000
END
window=0
conf <<END
user root
timeout none
rule long {
	interface $IN
	command "/bin/sh" "$DIR/long" "$DIR/pids"
}
END
start_daemon
send_frames "$OUT" 1
wait_lines "$DIR/pids" 1 3
first=$(cat "$DIR/pids")
send_frames "$OUT" 5
for i in 1 2; do
	tamper state.running 0
	[ $i -eq 2 ] || same 1 "$WAS" "the rule's running"
	next_tick
	same "$first" "$(children)" "commands of the rule"
done

# Its end is noticed as ever, and what came meanwhile is taken.
woken=$(wakeups "$DAEMON")
kill -KILL "$first"
wait_logged 'rule "long": run 1: .* signal 9' 1 3
wait_lines "$DIR/pids" 2 3
second=$(tail -n 1 "$DIR/pids")
wait_until '[ "$(children)" = "$second" ]' 2 ||
    fail "children: $(children), not $second alone"
next_tick
within 0 $(($(wakeups "$DAEMON") - woken)) 50 "wake-ups of the parent"
ask long
same "6 0 2" "$TOTAL $TALLY $RUNS" "total, tally and runs"
kill -KILL "$second"
wait_logged 'rule "long": run 2: .* signal 9' 1 3
stop_daemon

# Its history is impossible.
window=60
conf <<END
user root
rule history {
	interface $IN
	count 10 within $window
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
while read -r size newest; do
	engine=$(engine_pid)
	kill -STOP "$engine"		# or it would be its first victim
	tamper history.size "$size"
	same $((window + 2)) "$WAS" "seconds in the history"
	tamper history.newest "$newest"
	reload
	alive
	[ "$(engine_pid)" != "$engine" ] || fail "the old engine stays"
done <<'END'
0 0
1000000000000 1000000000
62 9223372036854775807
62 -9223372036854775808
END
same 0 "$(logged "engine was killed|engine ended")" "lines about its end"
send_frames "$OUT" 10
wait_lines "$DIR/runs" 1 3
stop_daemon
