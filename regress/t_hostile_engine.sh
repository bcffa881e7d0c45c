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

# slow: it has some seconds for its nonsense
#
# An engine that somebody has taken over can lie about packets, and that is
# all: it cannot write to the parent's half of the shared memory, and whatever
# it writes to its own no command runs more often than its wait allows, nor two
# of a rule at once, and the parent lives.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_engine.sh"

# tamper member value: write it as the engine; what it was goes to WAS.
tamper() {
	WAS=$("$TOOLS/tamper" "$(engine_pid)" "$@" 2>"$DIR/err") ||
	    case $? in
	    77)	skip "$(cat "$DIR/err")" ;;
	    *)	fail "tamper $*: $(cat "$DIR/err")" ;;
	    esac
}

rules | conf

# The parent's half.
start_daemon
for member in state.running state.mark state.started; do
	"$TOOLS/tamper" "$(engine_pid)" $member 0 >"$DIR/out" 2>"$DIR/err" &&
	    fail "$member can be written"
	status=$?
	[ $status -ne 77 ] || skip "$(cat "$DIR/err")"
	same 2 $status "tamper $member: $(cat "$DIR/err")"
done

# The engine's own: nonsense all over it, while all goes on and is looked at.
seed=$(now_ms)
note "seed $seed"
began=$(now_ms)
for i in 1 2 3 4; do
	engine=$(engine_pid)
	"$TOOLS/tamper" "$engine" noise $((seed + i)) 3000 >"$DIR/noise" &
	noise=$!
	send_frames "$OUT" 5
	status
	[ $i -ne 2 ] || kill -STOP "$engine"	# it has only nonsense
	sleep 1
	status
	[ $i -ne 3 ] || reload
	wait $noise || fail "no noise"
	note "$(cat "$DIR/noise") numbers written"
	kill -CONT "$engine" 2>/dev/null
	alive
done
took=$(($(now_ms) - began))
same 0 "$(lines "$DIR/two")" "commands that ran beside another of their rule"
within 0 "$(runs plain)" 1 "runs that wait 1h"
within 0 "$(runs onoff)" 1 "runs of a rule that is on for 1h"
within 0 "$(runs below)" 1 "runs of a below rule that wait 1h"
within 0 "$(runs second)" $((took / 950 + 1)) "runs that wait 1s, in $took ms"
stop_daemon

# What an engine wrote is true for the next one only if it can be.
conf <<END
user root
rule plain {
	interface $IN
	count 5 within 2
	command "/bin/sh" "$DIR/alone" "$DIR"
}
END
start_daemon
rm -f "$DIR/runs"
while read -r member value; do
	engine=$(engine_pid)
	kill -STOP "$engine"		# or it would write something else
	tamper "$member" "$value"
	reload
	alive
	[ "$(engine_pid)" != "$engine" ] || fail "the old engine stays"
	for i in 1 2 3; do
		send_frames "$OUT" 1
		next_tick
		next_tick
	done
	same 0 "$(runs plain)" "runs after $member $value, 4 packets too few"
done <<'END'
history.newest 9000000000
history.oldest -1
slot.looked 9223372036854775807
END
send_frames "$OUT" 5
wait_until '[ "$(runs plain)" -ge 1 ]' 3 || fail "5 packets do not run it"
stop_daemon

# It rings without end.
what=ring
rm -f "$DIR/runs"
rules | conf
start_inside
obey ring
send_frames "$OUT" 10
wait_until '[ "$(runs now)" -ge 1 ] && [ "$(runs exact)" -ge 10 ]' 10 ||
    fail "rings hold up other rules"
status
reload
alive
obey ring
kill -TERM "$DAEMON"
await_end 7
same 0 "$ENDED" "$what: status after TERM"

# It writes where it must not, and dies.
for what in "the parent's half" "mprotect of the parent's half"; do
	start_inside
	obey "$what"
	await_end 3
	same 1 "$ENDED" "$what: status"
	wait_logged 'engine ended with (signal (11|31)|status 1)$' 1 1
done
