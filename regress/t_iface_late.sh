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

# Started before its interface exists, which appears some seconds later:
# packets count from then on.  Going down and up and, on Linux, a
# new name are survived.  The one-rule form ends with 1 when its interface
# goes.
#
# slow: it waits for what must not happen
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
pair_destroy "$IN" "$OUT"
conf <<END
user root
rule "tick" {
	interface $IN
	count 1000 exact
	command "$TOOLS/record" "$DIR/runs"
}
rule "now" {
	interface $IN
	immediate
	count 1000 exact
	command "$TOOLS/record" "$DIR/runs"
}
END

# updown up|down: $IN, the other end is up.
updown() {
	case $SYSTEM in
	Linux)	ip -n "$NET" link set "$IN" "$1" ;;
	*)	ifconfig "$IN" "$1" ;;
	esac
	[ "$1" = down ] || pair_carrier "$IN" "$OUT"
}

# seen packets: what both rules have seen.
seen() {
	next_tick
	for rule in tick now; do
		await_total $rule "$1"
		same $(($1 / 1000)) "$RUNS" "runs of $rule"
		same $(($1 % 1000)) "$TALLY" "tally of $rule"
	done
}

start_daemon
same 1 "$(logged ": $IN: no such interface")" "lines about its absence"
ask tick
same "$IN waiting 0" "$IFACE $ATTACHED $TOTAL" "status without it"
sleep 3				# nothing may happen meanwhile
same 3 "$(lines "$LOG")" "lines of the log before it appears"

pair_restore "$IN" "$OUT"
wait_logged ": $IN: counting" 1 5
send_frames "$OUT" 1500
seen 1500
same 1 "$(logged ": $IN: counting")" "lines about its arrival"
same "attached" "$ATTACHED" "status with it"

# Down and up, for longer than a tick and for no time.
before=$(lines "$LOG")
pid=$(engine_pid)
updown down
sleep 1.5
updown up
send_frames "$OUT" 200
updown down
updown up
send_frames "$OUT" 299
sleep 1.5
same "$before" "$(lines "$LOG")" "lines of the log after down and up"
same "$pid" "$(engine_pid)" "the engine after down and up"
seen 1999

if [ "$SYSTEM" = Linux ]; then
	# It is still that of the rules under another name,
	ip -n "$NET" link set "$IN" down
	ip -n "$NET" link set "$IN" name other0
	ip -n "$NET" link set other0 up
	pair_carrier other0 "$OUT"
	send_frames "$OUT" 300
	seen 2299
	same 0 "$(logged ": $IN: the interface is gone")" "ends by a new name"
	reload
	send_frames "$OUT" 100
	seen 2399
	# until another one has the old name.
	pair_restore "$IN" new1
	wait_logged ": $IN: counting" 2 5
	send_frames new1 100
	send_frames "$OUT" 50000
	seen 2499
	same 1 "$(logged ": $IN: the interface is gone")" "ends"
	same 2 "$(logged ": $IN: counting")" "arrivals"
	pair_destroy other0 "$OUT"
	OUT=new1
fi
stop_daemon

# The one-rule form.
start_rule -i "$IN" -c 100 "$TOOLS/record" "$DIR/one"
send_frames "$OUT" 100
wait_lines "$DIR/one" 1 3
updown down
updown up
send_frames "$OUT" 100
wait_lines "$DIR/one" 2 3
alive
pair_destroy "$IN" "$OUT"
await_end 3
same 1 "$ENDED" "exit status without the interface"
same 1 "$(logged "^bpfstatsd: $IN: the interface is gone\$")" "its last words"
same 1 "$(lines "$LOG")" "lines of the log"
