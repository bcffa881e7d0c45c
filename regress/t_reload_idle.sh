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

# A rule that is on loses idle in a reload and gets it again in another one:
# it does not take the time between for silence, in the middle of traffic.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

rule() {
	cat <<END
user root
rule power {
	interface $IN
	command "$TOOLS/record" "$DIR/power"
	$1
}
END
}
rule "" >"$DIR/without"
rule "idle 3 \"$TOOLS/record\" \"$DIR/power\"" >"$DIR/with"

conf_swap "$DIR/with"
start_daemon
send_frames "$OUT" 1
wait_lines "$DIR/power" 1 3
conf_swap "$DIR/without"
reload
for n in 2 3 4 5; do
	send_frames "$OUT" 1
	wait_lines "$DIR/power" $n 3
done
# The last packet has been taken right now.
conf_swap "$DIR/with"
reload
sleep 1.5
same "" "$(awk '$3 == "idle"' "$DIR/power")" "idle commands in traffic"

# It begins afresh: on by the next packet, off after it.
send_frames "$OUT" 1
wait_lines "$DIR/power" 7 7
same "count idle" "$(awk 'NR > 5 { printf "%s%s", s, $3; s = " " }' \
    "$DIR/power")" "on and off"
gap=$(awk 'NR > 5 { t[NR] = $1 } END { print t[7] - t[6] }' "$DIR/power")
within 2500 "$gap" 60000 "ms from on to off"
stop_daemon
