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

# below: silence from the start acts after T and again every wait; traffic keeps
# it quiet, over reloads, kills of the engine and a machine that is suspended
# (both processes are stopped); with idle it says when packets are back.  An
# interface that is absent is silent, a rule that waits for a right is not.
#
# slow: silences that must last

. "$(dirname "$0")/lib.sh"
. "$REGRESS/lib_reload.sh"
need_daemon
# on Linux a rule lacks a right
blind=
if [ "$SYSTEM" = Linux ]; then
	command -v setpriv >/dev/null || skip "no setpriv(1)"
	UNDER="$UNDER setpriv --bounding-set=-net_admin --inh-caps=-net_admin"
	blind="rule blind {
	interface nflog:7
	below 1 within 2
	command \"$TOOLS/record\" \"$DIR/blind\"
}"
fi
pair_create IN OUT
conf <<END
user root
rule tunnel {
	interface $IN
	direction in
	below 1 within 4
	wait 3
	command "$TOOLS/record" "$DIR/tunnel"
}
rule back {
	interface $IN
	below 1 within 4
	command "$TOOLS/record" "$DIR/back"
	idle 2 "$TOOLS/record" "$DIR/back"
}
rule absent {
	interface nowhere0
	below 1 within 4
	wait 1h
	command "$TOOLS/record" "$DIR/absent"
}
$blind
END
start_sender "$OUT" 1 100
began=$(now_ms)
start_daemon
wait_lines "$DIR/absent" 1 8
[ $(($(now_ms) - began)) -ge 4000 ] || fail "absent did not wait for T"
same "absent below 1 0 0 0" "$(cut -d' ' -f2-7 "$DIR/absent")" "what it is told"

# Nothing of all this is silence.
reload
sleep 2
kill -KILL "$(engine_pid)"
sleep 2
kill -STOP "$DAEMON" "$(engine_pid)"
sleep 6
kill -CONT "$(engine_pid)" "$DAEMON"
sleep 5
alive
same "0 0" "$(lines "$DIR/tunnel") $(lines "$DIR/back")" "runs during traffic"

# Silence.
stop_sender
stopped=$(now_ms)
wait_lines "$DIR/tunnel" 3 16
wait_lines "$DIR/back" 1 1
awk -v stopped="$stopped" '
	NR == 1 && $1 - stopped < 3500 { print "too early:", $1 - stopped }
	NR > 1 && $1 - last < 2500 { print "too soon:", $1 - last }
	$3 != "below" || $5 != 0 { print "not", $0 }
	{ last = $1 }' "$DIR/tunnel" >"$DIR/out"
same "" "$(cat "$DIR/out")" "runs in silence"
same "1 back below" "$(lines "$DIR/back") $(cut -d' ' -f2-3 "$DIR/back")" \
    "what is on"

# They are back.
start_sender "$OUT" 1 100
wait_lines "$DIR/back" 2 8
same "back idle" "$(awk 'NR == 2 { print $2, $3 }' "$DIR/back")" "what is off"
runs=$(lines "$DIR/tunnel")
sleep 4
stop_sender
same "$runs 2 1" "$(lines "$DIR/tunnel") $(lines "$DIR/back") $(lines \
    "$DIR/absent")" "runs after that"
same 0 "$(lines "$DIR/blind")" "runs of a rule that cannot count"
[ -z "$blind" ] || ask blind
stop_daemon
