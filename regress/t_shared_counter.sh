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

# Fifty rules on one interface: one descriptor counts for all of them, one
# wake-up of the engine a second, none of the parent while nothing is due.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
{
	echo "user root"
	i=1
	while [ $i -le 50 ]; do
		cat <<END
rule r$i {
	interface $IN
	count 20000
	command "$TOOLS/record" "$DIR/runs"
}
END
		i=$((i + 1))
	done
} | conf
start_daemon
same 1 "$(($(taps)))" "descriptors that count"
engine=$(engine_pid)

# Five seconds and more with packets that make nothing due.
start_sender "$OUT" 1 10
sleep 1
began=$(now_ms)
e=$(wakeups "$engine")
p=$(wakeups "$DAEMON")
sleep 5
e=$(($(wakeups "$engine") - e))
p=$(($(wakeups "$DAEMON") - p))
seconds=$((($(now_ms) - began) / 1000))
stop_sender
alive
# The kernel adds one of its own now and then; fifty timers would be 250.
within 1 $e $((seconds * 2 + 4)) "wake-ups of the engine in $seconds s"
# It looks every five seconds whether the engine ticks.
within 0 $p $((seconds / 5 + 2)) "wake-ups of the parent"
same 0 "$(lines "$DIR/runs")" "runs before the count was reached"

# All of them see the same packets and act.
send_frames "$OUT" $((20000 - SENT))
wait_lines "$DIR/runs" 50 5
sleep 1.2
same 50 "$(lines "$DIR/runs")" "runs"
same "20000 20000 50" "$(awk '
	{ rule[$2]; packets = $5; total = $6 }
	END { for (r in rule) n++; print packets, total, n }' "$DIR/runs")" \
    "packets, total and rules that ran"
stop_daemon
