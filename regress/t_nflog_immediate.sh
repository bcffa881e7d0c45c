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

# An immediate rule on an nflog group that also has a rule without immediate:
# what the look of the other one finds is not kept from it.  And immediate is
# what a reload can give to a rule.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_nflog.sh"

conf <<END
user root
rule now {
	interface nflog:5
	immediate
	count 20 exact
	command "/usr/bin/true"
}
rule tick {
	interface nflog:5
	count 1000000
	command "/usr/bin/true"
}
END
start_daemon
engine=$(engine_pid)
try=0
while [ $((try += 1)) -le 4 ]; do
	# The engine is stopped when it has just seen a packet, which keeps it
	# from looking for others at once, and goes on when a tick is due too.
	woken=$(wakeups "$engine")
	start_sender "$OUT" 2 1
	wait_until '[ "$(wakeups "$engine")" -gt $((woken + 50)) ]' 5 ||
	    fail "try $try: the engine sleeps"
	wait_until '[ $(($(now_ms) % 1000 / 300)) -eq 1 ]' 3
	kill -STOP "$engine"
	stop_sender
	send_frames "$OUT" 20
	wait_until '[ $(($(now_ms) % 1000)) -lt 300 ]' 3
	kill -CONT "$engine"
	looks=0
	while ask now && [ "$TALLY" -ge 20 ]; do
		[ $((looks += 1)) -lt 10 ] ||
		    fail "try $try: a tally of $TALLY and no run"
		sleep 0.2
	done
	note "try $try: total $TOTAL, tally $TALLY, runs $RUNS"
done
within 80 "$TOTAL" 1000000 "packets seen"
stop_daemon

rule() {
	conf <<END
user root
rule r {
	interface nflog:5
	count $1
	command "$TOOLS/record" "$DIR/runs"
}
END
}
rule "10 exact"
start_daemon
send_frames "$OUT" 3
await_total r 3
same 3 "$TALLY" "tally before the reload"
rule "1 exact
	immediate"
reload
ask r
same "0 0 0" "$TOTAL $TALLY $RUNS" "total, tally and runs after it"
# In batches each packet would take 200 ms; a busy machine may be late, but not
# each time.
i=0
late=200
while [ "$late" -ge 150 ]; do
	[ $((i += 1)) -le 50 ] || fail "no packet of 50 had its run at once"
	sent=$(now_ms)
	send_frames "$OUT" 1
	wait_lines "$DIR/runs" $i 3
	late=$(($(awk 'END { print $1 }' "$DIR/runs") - sent))
	note "$late ms from a packet to its run"
done
ask r
same "$i 0 $i" "$TOTAL $TALLY $RUNS" "total, tally and runs at the end"
stop_daemon
