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

# `immediate': a rule acts when its count is reached, not at the next tick;
# with `exact' once per N packets under full speed.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2
conf <<END
user root
rule single {
	interface $IN
	count 1 exact
	immediate
	command "$TOOLS/record" "$DIR/single"
}
rule tick {
	interface $IN
	command "$TOOLS/record" "$DIR/tick"
}
rule flood {
	interface $IN2
	count 1000 exact
	immediate
	command "$TOOLS/record" "$DIR/flood"
}
rule waits {
	interface $IN2
	wait 2
	immediate
	command "$TOOLS/record" "$DIR/waits"
}
END
start_daemon
engine=$(engine_pid)

# Thirty packets, each sent when the one before has had its run.  At the tick
# none would be faster than the rule that knows only ticks, which sees a packet
# at each of them.
i=0
while [ $((i += 1)) -le 30 ]; do
	send_frames "$OUT" 1
	wait_lines "$DIR/single" $i 3
done
next_tick
same 30 "$(awk '$5 == 1 && $4 == NR && $7 == 0' "$DIR/single" |
    wc -l | tr -d ' ')" "runs of one packet that owed nothing"
within 1 "$(lines "$DIR/tick")" 20 "ticks for 30 packets"

# A flood.
began=$(now_ms)
send_frames "$OUT2" 300000
wait_lines "$DIR/flood" 300 10
sleep 0.3
same 300 "$(lines "$DIR/flood")" "runs for 300 x 1000 packets"
same "300 1000 300000 0" "$(awk 'END { print $4, $5, $6, $7 }' \
    "$DIR/flood")" "the last run of the flood"
wait_until '[ "$(awk "END { print \$6 }" "$DIR/waits")" -eq 300000 ]' 4 ||
    fail "the wait ended without a look: $(cat "$DIR/waits")"
# a run may be late, and the next one on time: counted from the beginning
awk -v began="$began" '$1 - began < (NR - 1) * 2000 - 100 { exit 1 }' \
    "$DIR/waits" || fail "wait 2, from $began: $(cat "$DIR/waits")"

stop_daemon

# A parent that was stopped finds the packets too late to say whether they
# came within the time: the engine is to look again.
conf <<END
user root
rule "within" {
	interface $IN
	count 3 within 60
	immediate
	command "$TOOLS/record" "$DIR/within"
}
END
start_daemon
kill -STOP "$DAEMON"
send_frames "$OUT" 5
sleep 3
kill -CONT "$DAEMON"
wait_lines "$DIR/within" 1 4
same "count 1 5" "$(awk '{ print $3, $4, $5 }' "$DIR/within")" \
    "the run after a stop"
stop_daemon
