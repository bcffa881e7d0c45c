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

# A command that does not end is killed with all the children it started,
# while the other rules go on.  Waits for the 5 s of the time-out, in
# which they must have started, and the 5 s between SIGTERM and SIGKILL.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2
# Each writes down the processes that it consists of.
cat >"$DIR/hang" <<'END'
sleep 1000 &
echo $! >>"$1"
sh -c 'sleep 1001 & echo $! >>"$1"; wait' sh "$1" &
echo $! >>"$1"
echo $$ >>"$1"
wait
END
cat >"$DIR/stubborn" <<'END'
trap '' TERM
echo $$ >>"$1"
sleep 1002 &
echo $! >>"$1"
wait
while :; do sleep 1; done
END
cat >"$DIR/orphan" <<'END'
sh -c 'trap "" TERM; sleep 1003 & echo $! >>"$1"; wait; sleep 1003' sh "$1" &
echo $! >>"$1"
echo $$ >>"$1"
wait
END
conf <<END
user root
timeout 5
rule hang {
	interface $IN
	count 10 exact
	command "/bin/sh" "$DIR/hang" "$DIR/hang.pids"
}
rule stubborn {
	interface $IN
	count 10 exact
	command "/bin/sh" "$DIR/stubborn" "$DIR/stubborn.pids"
}
rule orphan {
	interface $IN
	count 10 exact
	command "/bin/sh" "$DIR/orphan" "$DIR/orphan.pids"
}
rule unlimited {
	interface $IN
	timeout none
	count 10 exact
	command "/bin/sh" "$DIR/hang" "$DIR/unlimited.pids"
}
rule other {
	interface $IN2
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon

# The processes of a rule that are still there.
left() {
	for pid in $(cat "$DIR/$1.pids"); do
		running "$pid" && echo "$pid"
	done
}

began=$(now_ms)
send_frames "$OUT" 10
wait_lines "$DIR/hang.pids" 4 3
wait_lines "$DIR/stubborn.pids" 2 3
wait_lines "$DIR/orphan.pids" 3 3
wait_lines "$DIR/unlimited.pids" 4 3
start_sender "$OUT2" 1 200
before=$(lines "$DIR/runs")
# gone rule ms: it ends, but not before that.
gone() {
	_rule=$1
	wait_until '[ -z "$(left "$_rule")" ]' 8 ||
	    fail "$1 lives: $(left "$1")"
	within "$2" $(($(now_ms) - began)) 600000 "ms that $1 lived"
}
gone hang 4900
gone orphan 9900
gone stubborn 9900
stop_sender
alive
within 3 $(($(lines "$DIR/runs") - before)) 100 \
    "runs of the other rule meanwhile"
[ -n "$(left unlimited)" ] || fail "what has no time-out was killed"
for rule in hang stubborn orphan; do
	grep -q "$rule.*[Tt]ime" "$LOG" ||
	    fail "the log does not say that $rule timed out"
done
kill -KILL $(cat "$DIR/unlimited.pids")

# It is run again when it is due.
n=$(lines "$DIR/hang.pids")
send_frames "$OUT" 10
wait_until '[ "$(lines "$DIR/hang.pids")" -gt "$n" ]' 3 ||
    fail "hang is not run again"
kill -KILL $(cat "$DIR"/*.pids) 2>/dev/null
stop_daemon
