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

# A thousand packets in bursts of 70, `count 100 exact': exactly ten runs of
# 100 packets each, numbered, whatever the timing.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule fast {
	interface $IN
	count 100 exact
	command "$TOOLS/record" "$DIR/fast"
}
rule slow {
	interface $IN
	count 100 exact
	command "$TOOLS/record" "$DIR/slow" "70"
}
END
start_daemon

# check rule runs: so many now, all of them right; no more may come, so wait
# for longer than a tick.
check() {
	wait_lines "$DIR/$1" "$2" 10
	sleep 1.2
	same "$2" "$(lines "$DIR/$1")" "runs of $1"
	awk -v rule="$1" '
		$2 != rule || $3 != "count" || $4 != NR || $5 != 100 ||
		    $6 < NR * 100 || $7 != int(($6 - NR * 100) / 100) {
			print "run", NR ":", $0
			bad = 1
		}
		END { exit bad }' "$DIR/$1" || fail "a run of $1 is wrong"
	same "$2 $3 0" "$(awk 'END { print $4, $6, $7 }' "$DIR/$1")" \
	    "the last run of $1"
}

send_frames "$OUT" 1000 70 30
check fast 10 1000
check slow 10 1000
send_frames "$OUT" 1000 70 170
check fast 20 2000
check slow 20 2000
send_frames "$OUT" 999
check fast 29 2999
check slow 29 2999
send_frames "$OUT" 1
check fast 30 3000
check slow 30 3000
stop_daemon
