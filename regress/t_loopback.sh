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

# On loopback each packet is seen twice, going out and coming in.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
[ "$SYSTEM" = Linux ] || skip "the frames are Ethernet"
in_net ip link set lo up
conf <<END
user root
rule a {
	interface lo
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
send_frames lo 500 100 50
wait_until '[ -s "$DIR/runs" ] &&
    [ "$(awk "END { print \$6 }" "$DIR/runs")" -eq 1000 ]' 4 ||
    fail "not 1000 packets: $(cat "$DIR/runs")"
stop_daemon
