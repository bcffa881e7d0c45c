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

# The end: no further run starts; commands that run get 5 s, then SIGKILL to
# their groups; exit 0.  A second signal kills at once.  Waits for those 5 s.
#
# slow: the time that commands are given to end

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
cat >"$DIR/hang" <<'END'
sleep 1000 &
echo $! >>"$1"
echo $$ >>"$1"
trap '' TERM
wait
sleep 1000
END
conf <<END
user root
rule short {
	interface $IN
	count 10 exact
	command "/bin/sh" "-c" "echo began >>'$DIR/short'; until [ -f '$DIR/go' ]; do sleep 0.1; done; echo ended >>'$DIR/short'"
}
END

# sooner ms command [argument ...]: the command sets TOOK; one time of three that
# must be less, since a busy machine may be late.
sooner() {
	_ms=$1
	shift
	_tries=3
	until "$@" && [ "$TOOK" -lt "$_ms" ]; do
		[ $((_tries -= 1)) -gt 0 ] || fail "$*: $TOOK ms, not $_ms"
	done
}

# A command that ends in time is waited for; the runs still owed are not
# started.
end_short() {
	rm -f "$DIR/short" "$DIR/go"
	start_daemon
	send_frames "$OUT" 35
	wait_lines "$DIR/short" 1 3
	began=$(now_ms)
	kill -$1 "$DAEMON"
	sleep 1
	running "$DAEMON" || [ $(($(now_ms) - began)) -ge 5000 ] ||
	    fail "SIG$1: the daemon did not wait for the command"
	: >"$DIR/go"
	await_end 7
	TOOK=$(($(now_ms) - began))
	same 0 "$ENDED" "status after SIG$1"
	# what takes longer has perhaps been killed
	[ $TOOK -ge 4500 ] || same "began ended " \
	    "$(tr '\n' ' ' <"$DIR/short")" "what the command did"
}
sooner 4500 end_short TERM
sooner 4500 end_short INT
# Idle: at once.
end_idle() {
	start_daemon
	began=$(now_ms)
	stop_daemon
	TOOK=$(($(now_ms) - began))
}
sooner 4500 end_idle

conf <<END
user root
timeout none
rule hang {
	interface $IN
	command "/bin/sh" "$DIR/hang" "$DIR/pids"
}
END
# left: the command's processes that are there.
left() {
	for pid in $(cat "$DIR/pids"); do
		running "$pid" && echo "$pid"
	done
}
start_daemon
send_frames "$OUT" 1
wait_lines "$DIR/pids" 2 3
began=$(now_ms)
kill -TERM "$DAEMON"
await_end 7
same 0 "$ENDED" "status"
within 4500 $(($(now_ms) - began)) 60000 "ms to the end"
wait_until '[ -z "$(left)" ]' 1 || fail "left: $(left)"

# A second signal, at the latest when the daemon would end anyway.
end_twice() {
	rm "$DIR/pids"
	start_daemon
	send_frames "$OUT" 1
	wait_lines "$DIR/pids" 2 3
	began=$(now_ms)
	kill -TERM "$DAEMON"
	sleep 1
	running "$DAEMON" || [ $(($(now_ms) - began)) -ge 5000 ] ||
	    fail "the daemon did not wait for the command"
	kill -TERM "$DAEMON" 2>/dev/null
	await_end 2
	TOOK=$(($(now_ms) - began))
	same 0 "$ENDED" "status after two signals"
	wait_until '[ -z "$(left)" ]' 1 || fail "left: $(left)"
}
sooner 4500 end_twice

# The parent is killed: the engine ends at once.
conf <<END
user root
rule a {
	interface $IN
	command "/usr/bin/true"
}
END
start_daemon
engine=$(engine_pid)
kill -KILL "$DAEMON"
wait_until '! running "$engine"' 2 || fail "the engine outlives the parent"
await_end 2
same 137 "$ENDED" "status after SIGKILL"
