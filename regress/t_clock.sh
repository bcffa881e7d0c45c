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

# A wall clock that jumps by hours neither fires a rule too early nor starves
# it; after both processes have slept for some seconds, as a suspended machine
# does, nothing is made up for.
#
# slow: waits and silences of some seconds

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
[ "$SYSTEM" = Linux ] || skip "preloads what Linux's libraries call"
sanitized && skip "a sanitizer wants to be the first library"
pair_create IN OUT
${CC:-cc} -shared -fPIC -o "$DIR/clock.so" "$REGRESS/tools/clock.c" ||
    fail "clock.c"
# jumped: whether a program sees the clock jump.
jumped() {
	_a=$(LD_PRELOAD=$DIR/clock.so date +%s)
	sleep 2
	_b=$(LD_PRELOAD=$DIR/clock.so date +%s)
	[ $((_b - _a)) -gt 3000 ] || [ $((_a - _b)) -gt 3000 ]
}

conf <<END
user root
rule ticks {
	interface $IN
	wait 3
	command "$TOOLS/record" "$DIR/ticks"
}
rule power {
	interface $IN
	immediate
	command "$TOOLS/record" "$DIR/power"
	idle 4 "$TOOLS/record" "$DIR/power"
}
END
# no_wait_shortened: nor begun too early.
no_wait_shortened() {
	awk 'NR > 1 { print $1 - last } { last = $1 }' "$DIR/ticks" \
	    >"$DIR/gaps"
	awk '$1 < 2500 { exit 1 }' "$DIR/gaps" ||
	    fail "ms between starts, wait 3: $(tr '\n' ' ' <"$DIR/gaps")"
}

start() {
	rm -f "$DIR/ticks" "$DIR/power"
	launch env LD_PRELOAD="$DIR/clock.so" "$@" "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
	alive
	start_sender "$OUT" 1 50
}

# finish: silence comes when it is silent, and not before.
finish() {
	stop_sender
	wait_lines "$DIR/power" 2 6
	same "count idle" "$(awk '{ printf "%s%s", s, $3; s = " " }' \
	    "$DIR/power")" "on and off"
	stop_daemon
}

# Forwards, no wait and no silence is over too early.
jumped || fail "the clock does not jump"
start
wait_lines "$DIR/ticks" 3 12
no_wait_shortened
finish

# Backwards, no wait lasts for ever.  Time that the processes sleep through is
# neither silence nor caught up with.
start CLOCK_JUMPS=back
wait_lines "$DIR/ticks" 2 12
engine=$(engine_pid)
kill -STOP "$engine" "$DAEMON"
sleep 5
kill -CONT "$engine" "$DAEMON"
wait_lines "$DIR/ticks" 4 12
no_wait_shortened
finish
