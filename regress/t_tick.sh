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
# started: a packet right after a reload has its run within that second, and
# 100 ms for the run.

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
for i in 1 2 3 4 5 6 7; do
	sleep 0.$i			# for another part of the second
	reload
	sent=$(now_ms)
	send_frames "$OUT" 1
	wait_lines "$DIR/runs" $i 3
	late=$(($(awk 'END { print $1 }' "$DIR/runs") - sent))
	within 0 $late 1100 "ms from packet $i to its run"
done
stop_daemon
