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

# `idle' and `within': ten seconds of packets with `count 1', `idle 3' are
# exactly one count and one idle; a stray packet now and then does not make
# three within two seconds.
#
# slow: ten seconds of traffic, and silences

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule onoff {
	interface $IN
	count 1
	idle 3 "$TOOLS/record" "$DIR/onoff"
	command "$TOOLS/record" "$DIR/onoff"
}
rule "within" {
	interface $IN
	count 60 within 2
	command "$TOOLS/record" "$DIR/within"
}
END
start_daemon
start_sender "$OUT" 1 100
sleep 10
stop_sender
wait_lines "$DIR/onoff" 2 6
same "onoff count
onoff idle" "$(awk '{ print $2, $3 }' "$DIR/onoff")" "commands"
gap=$(awk 'NR == 1 { first = $1 } END { print $1 - first }' "$DIR/onoff")
within 11000 "$gap" 60000 "ms from on to off"
same "$SENT" "$(awk 'END { print $6 }' "$DIR/onoff")" "total of the second"
same 0 "$(lines "$DIR/within")" "runs for ten a second"
sleep 1.2
same 2 "$(lines "$DIR/onoff")" "commands in silence"
# On again, and what is within now.
send_frames "$OUT" 60
wait_lines "$DIR/onoff" 3 3
wait_lines "$DIR/within" 1 3
same "count 60" "$(awk '{ print $3, $5 }' "$DIR/within")" "the run of within"
wait_lines "$DIR/onoff" 4 6
same "idle 4 0" "$(awk 'NR == 4 { print $3, $4, $5 }' "$DIR/onoff")" \
    "the last command"
stop_daemon
