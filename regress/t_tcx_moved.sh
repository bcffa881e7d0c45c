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

# An interface that is moved to another namespace is gone, although a program
# would go on counting there.  It may come back, or another one of the same
# name, even with the same index.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tcx.sh"
need_tcx
net_more AWAY
pair_create IN OUT
start_two

send_frames "$OUT" 100
seen 100

ip -n "$NET" link set "$IN" netns "$AWAY"
wait_logged "$IN: the interface is gone" 1 5
ask tick
same waiting "$ATTACHED" "status of one that was moved"
ip -n "$AWAY" link set "$IN" up
wait_until 'ip -n "$AWAY" link show "$IN" | grep -q LOWER_UP' 5
wait_until '[ "$(ip netns exec "$AWAY" "$TOOLS/tcx" show "$IN")" = "0 0" ]' \
    5 || fail "programs stay on one that was moved"
send_frames "$OUT" 50
next_tick
seen 100

ip -n "$AWAY" link set "$IN" netns "$NET"
ip -n "$NET" link set "$IN" up
pair_carrier "$IN" "$OUT"
wait_logged "$IN: counting" 1 5
send_frames "$OUT" 100
seen 200

# The same index again.
index=$(ip -n "$NET" -o link show "$IN" | cut -d : -f 1)
pair_destroy "$IN" "$OUT"
ip -n "$NET" link add "$IN" index "$index" type veth peer name "$OUT" ||
    fail "no veth interfaces"
for name in "$IN" "$OUT"; do
	ip -n "$NET" link set "$name" addrgenmode none up
done
pair_carrier "$IN" "$OUT"
wait_logged "$IN: counting" 2 5
send_frames "$OUT" 100
seen 300
same "2 0" "$(attached "$IN")" "programs"
stop_daemon
left "$IN" "0 0"
