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

# A million packets, `count 1000 exact' and `immediate': 1,000 runs of 1,000
# packets, numbered, the last owing 0; the engine does not wake for each packet,
# but at most once per clock tick of a millisecond, and when a run ends.
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule flood {
	interface $IN
	count 1000 exact
	immediate
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
engine=$(engine_pid)
woken=$(wakeups "$engine")
began=$(now_ms)
send_frames "$OUT" 1000000
wait_lines "$DIR/runs" 1000 30
took=$(($(now_ms) - began))
woken=$(($(wakeups "$engine") - woken))
note "$took ms, $woken wake-ups of the engine"
within 1 "$woken" $((2 * took + 4 * 1000)) "wake-ups in $took ms"
sleep 1.2
same 1000 "$(lines "$DIR/runs")" "runs"
awk '$4 != NR || $5 != 1000 { exit 1 }' "$DIR/runs" || fail "a run is wrong"
same "1000 1000000 0" "$(awk 'END { print $4, $6, $7 }' "$DIR/runs")" \
    "the last run"
stop_daemon
