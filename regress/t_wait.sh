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

# `count 1', `wait 5', packets without pause: the first run does not wait, and
# no two starts are less than a wait apart.
#
# slow: four waits are the point of it

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule a {
	interface $IN
	count 1
	wait 5
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
first=$(now_ms)
start_sender "$OUT" 100 1
wait_lines "$DIR/runs" 5 30
stop_sender
alive
# The rest, of one packet at least, is taken when the wait is over, and then
# all was seen.
send_frames "$OUT" 1
SENT=$((SENT + 1))
wait_until '[ "$(awk "END { print \$6 }" "$DIR/runs")" = $SENT ]' 7 ||
    fail "packets seen: $(awk 'END { print $6 }' "$DIR/runs") of $SENT"
within 0 $(($(awk 'NR == 1 { print $1 }' "$DIR/runs") - first)) 4900 \
    "ms to the first run"
# A run may be late, and the next one on time: none is earlier than it may be
# from the beginning.  How late the rest comes is the test's own affair.
awk -v first="$first" '
	$1 - first < (NR - 1) * 5000 - 100 ||
	    (NR > 1 && NR <= 5 && $1 - last > 9900) {
		print "run", NR, "came after", $1 - last, "ms"
		bad = 1
	}
	{
		last = $1
		packets += $5
		if ($4 != NR || packets != $6) {
			print "run", NR ":", $0
			bad = 1
		}
	}
	END { exit bad }' "$DIR/runs" || fail "runs"
stop_daemon
