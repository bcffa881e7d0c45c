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

# A rule is looked at within a second, at whatever moment the engine was
# started: a packet right after a reload has its run within that second.  A busy
# machine may be late, but not each time.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule "one" {
	interface $IN
	count 1 exact
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
runs=0
# late part: ms from a packet to its run, in LATE.
late() {
	sleep 0.$1			# for another part of the second
	reload
	_at=$(now_ms)
	send_frames "$OUT" 1
	runs=$((runs + 1))
	wait_lines "$DIR/runs" $runs 3
	LATE=$(($(awk 'END { print $1 }' "$DIR/runs") - _at))
	note "part $1: $LATE ms"
}
for i in 1 2 3 4 5 6 7; do
	tries=0
	while late $i && [ $LATE -gt 1100 ]; do
		[ $((tries += 1)) -lt 10 ] || fail "too late ten times"
	done
done
stop_daemon
