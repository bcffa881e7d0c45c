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

# idle T below M: on at N packets, and on as long as M come; fewer are silence,
# although packets flow.
#
# slow: a silence that must last

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule hysteresis {
	interface $IN
	count 50 within 2
	idle 4 below 10 "$TOOLS/record" "$DIR/runs"
	command "$TOOLS/record" "$DIR/runs"
}
rule plain {
	interface $IN
	count 50 within 2
	idle 4 "$TOOLS/record" "$DIR/plain"
	command "$TOOLS/record" "$DIR/plain"
}
END
start_daemon
# Too few to be on.
start_sender "$OUT" 1 100
sleep 4
stop_sender
same "0 0" "$(lines "$DIR/runs") $(lines "$DIR/plain")" "runs for ten a second"
# On, and with some twelve a second it stays so; that of one number does not:
# a window may reach back for a second more, to 36 packets.
send_frames "$OUT" 200
wait_lines "$DIR/runs" 1 3
start_sender "$OUT" 1 80
wait_lines "$DIR/plain" 2 12
sleep 3
same "1 2" "$(lines "$DIR/runs") $(lines "$DIR/plain")" "at twelve a second"
stop_sender
# One or two a second are below ten within two.
start_sender "$OUT" 1 700
wait_lines "$DIR/runs" 2 12
same "count
idle" "$(cut -d' ' -f3 "$DIR/runs")" "events"
sleep 3
stop_sender
same 2 "$(lines "$DIR/runs")" "runs while it is off"
stop_daemon
