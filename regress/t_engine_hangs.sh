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

# slow: an engine that hangs is noticed after some seconds
#
# An engine that does not do its part, because it hangs, is stopped or has
# closed its socket, is noticed and replaced; TERM and HUP are obeyed
# meanwhile.  A parent that was stopped itself does not blame it.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_engine.sh"

# replaced seconds: there is another engine.
replaced() {
	wait_until '_new=$(engine_pid) && [ "$_new" != "$engine" ]' "$1" ||
	    fail "$what: the engine is not replaced"
	! running "$engine" || fail "$what: the old engine is there, too"
}

# It does not do its part.
for what in sleep spin "close and sleep"; do
	rules | conf
	start_inside
	engine=$(engine_pid)
	obey "$what"
	replaced 10
	send_frames "$OUT" 1
	status
	stop_daemon

	# TERM and HUP do not wait for it.
	start_inside
	engine=$(engine_pid)
	obey "$what"
	reload
	replaced 1
	engine=$(engine_pid)
	obey "$what"
	kill -TERM "$DAEMON"
	await_end 7
	same 0 "$ENDED" "$what: status after TERM"
	wait_until '! running "$engine"' 1 || fail "$what: the engine stayed"
done

# A stopped one, too; and where all rules are immediate, who asks learns it.
what=stop
rules | conf
start_daemon
engine=$(engine_pid)
kill -STOP "$engine"
replaced 10
stop_daemon
conf <<END
user root
rule plain {
	interface $IN
	immediate
	command "/bin/sh" "$DIR/alone" "$DIR"
}
END
start_daemon
engine=$(engine_pid)
next_tick
tracer=
if command -v strace >/dev/null; then
	# it answers while the parent has not come back from asking
	strace -qq -o /dev/null -e trace=write \
	    -e inject=write:delay_exit=300000 -p "$DAEMON" &
	tracer=$!
	wait_until 'grep -q "^TracerPid:.*[1-9]" "/proc/$DAEMON/status"' 10 ||
	    fail "strace does not attach"
fi
status
sleep 6				# nothing wakes it, and that is all right
same "$engine" "$(engine_pid)" "the engine of immediate rules"
[ -z "$tracer" ] || { kill "$tracer"; wait "$tracer"; }
kill -STOP "$engine"
status
replaced 10
stop_daemon

# A parent that was stopped itself blames nobody.
rules | conf
start_daemon
engine=$(engine_pid)
kill -STOP "$DAEMON"
kill -STOP "$engine"
sleep 8
kill -CONT "$engine" "$DAEMON"
sleep 2
same "$engine" "$(engine_pid)" "the engine after both were stopped"
same 0 "$(logged 'no sign of life')" "lines about it"
stop_daemon
