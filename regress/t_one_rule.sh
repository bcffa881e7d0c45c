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

# The one-rule form: the command writes to where bpfstatsd was told to, keeps
# its directory, environment and session, reads nothing, is found in PATH;
# HUP, INT and TERM end it, HUP only if it was not ignored.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

start_rule -c 100 -i "$IN" /bin/sh -c 'echo "Hello, World!"; echo so >&2'
send_frames "$OUT" 99
sleep 1.2
same "" "$(cat "$LOG")" "output before the count is reached"
send_frames "$OUT" 1
wait_until 'grep -q so "$LOG"' 3
same "Hello, World!
so" "$(cat "$LOG")" "output"
stop_daemon

# Found in PATH, as it was when the program was started, and once.
mkdir "$DIR/first" "$DIR/second"
echo 'echo found "$@"; echo "exit $VARIABLE"; pwd; cat' >"$DIR/second/try"
chmod 644 "$DIR/second/try"
{
	echo '#!/bin/sh'
	cat "$DIR/second/try"
} >"$DIR/second/try2"
chmod 755 "$DIR/second/try2"
cd "$DIR/first" || exit 1
launch env PATH="$DIR/first:$DIR/second:$PATH" VARIABLE=kept \
    "$BPFSTATSD" -i "$IN" try2 "a b" -x
alive
send_frames "$OUT" 1
wait_until '[ "$(lines "$LOG")" -ge 3 ]' 3
same "found a b -x
exit kept
$DIR/first" "$(cat "$LOG")" "output of a command found in PATH"
stop_daemon
in_net env PATH="$DIR/first:$DIR/second" "$BPFSTATSD" -i "$IN" try \
    >"$DIR/out" 2>&1 </dev/null
same 1 $? "status with a file in PATH that cannot be executed"
grep -q '^bpfstatsd: try: ' "$DIR/out" || fail "no reason: $(cat "$DIR/out")"

# The same session, nothing to read, and the numbers of this start.
start_rule -i "$IN" "$TOOLS/show" "$DIR/seen" "arg"
send_frames "$OUT" 3
wait_until 'grep -q "^end" "$DIR/seen" 2>/dev/null' 3 || fail "not run"
for line in 'session other' 'group other' 'stdin /dev/null' \
    'descriptors 0 1 2' "directory $DIR/first" 'arg2 arg' \
    "env BPFSTATSD_INTERFACE=$IN" 'env BPFSTATSD_EVENT=count' \
    'env BPFSTATSD_PACKETS=3' 'env BPFSTATSD_TOTAL=3' \
    'env BPFSTATSD_RUNS=1' 'blocked' 'ignored'; do
	grep -qx "$line" "$DIR/seen" ||
	    fail "not '$line' but: $(cat "$DIR/seen")"
done
stop_daemon

# -c and -w as in a file.
start_rule -c 2 -w 3 -i "$IN" "$TOOLS/record" "$DIR/runs"
start_sender "$OUT" 1 50
wait_lines "$DIR/runs" 3 12
stop_sender
awk 'NR > 1 && $1 - last < 2500 { exit 1 } { last = $1 }' "$DIR/runs" ||
    fail "two starts less than 3 s apart: $(cat "$DIR/runs")"
stop_daemon

# Signals.
for signal in HUP INT TERM; do
	start_rule -i "$IN" /usr/bin/true
	kill -$signal "$DAEMON"
	await_end 2
	same 0 "$ENDED" "status after SIG$signal"
done
: >"$LOG"
{ trap '' HUP; exec $IN_NET "$BPFSTATSD" -i "$IN" /bin/sh -c 'echo $$'; } \
    >"$LOG" 2>&1 </dev/null &
DAEMON=$!
wait_until 'engine_pid >/dev/null' 5
kill -HUP "$DAEMON"
sleep 1.2
alive
send_frames "$OUT" 1
wait_lines "$LOG" 1 3
stop_daemon
