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

# A run ends when its own process ends, not when its output does: what it left
# in the background goes on, is not killed at the time-out, and the rule runs
# again meanwhile.  Waits for longer than the time-out.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
cat >"$DIR/command" <<'END'
echo begun >>"$1/begun"
(until [ -f "$1/go" ] || [ ! -d "$1" ]; do
	sleep 0.1
done
echo ended >>"$1/ended") &
END
conf <<END
user root
rule a {
	interface $IN
	timeout 1
	command "/bin/sh" "$DIR/command" "$DIR"
}
END
start_daemon
send_frames "$OUT" 1
wait_lines "$DIR/begun" 1 3
send_frames "$OUT" 1
wait_lines "$DIR/begun" 2 3
sleep 2.5				# longer than the time-out
touch "$DIR/go"
wait_lines "$DIR/ended" 2 6
alive
grep -qi 'time' "$LOG" && fail "timed out"
stop_daemon
