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

# Nothing runs at start-up by itself, nor for packets from before the start;
# a silent interface counts nothing; both directions count.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2
conf <<END
user root
rule silent {
	interface $IN2
	command "$TOOLS/record" "$DIR/silent"
}
rule counted {
	interface $IN
	command "$TOOLS/record" "$DIR/counted"
}
END
# While it starts packets come without pause; all from before the descriptor
# was attached do not count, so a rule that had counted them is seen below.
send_frames "$OUT" 1000
start_daemon
sleep 2.2
same 0 "$(lines "$DIR/counted")" "runs for what came before the start"
send_frames "$OUT" 7
wait_lines "$DIR/counted" 1 3
same "counted count 1 7 7" \
    "$(awk '{ print $2, $3, $4, $5, $6 }' "$DIR/counted")" "the first run"
# Out of the interface itself.
send_frames "$IN" 5
wait_lines "$DIR/counted" 2 3
same "2 5 12" "$(awk 'NR == 2 { print $4, $5, $6 }' "$DIR/counted")" \
    "run, packets and total of the second run"
same 0 "$(lines "$DIR/silent")" "runs of a rule with a silent interface"
stop_daemon
same 0 "$(lines "$DIR/silent")" "runs at the end"
