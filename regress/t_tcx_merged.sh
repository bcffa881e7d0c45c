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

# Packets are counted as they are on the wire, although the system merges and
# cuts them: what is received, sent and forwarded.
#
#	A --- test1 test0 --- daemon --- test2 test3 --- B

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tcx.sh"
need_tcx
net_more A
net_more B
pair_create AIN AOUT
pair_create BIN BOUT

# at network interface address: give it the other end of a pair.
at() {
	[ "$1" = "$NET" ] || ip -n "$NET" link set "$2" netns "$1"
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$1" link set "$2" up
}
at "$A" "$AOUT" 192.0.2.1/30
at "$NET" "$AIN" 192.0.2.2/30
at "$NET" "$BIN" 192.0.2.5/30
at "$B" "$BOUT" 192.0.2.6/30
ip -n "$A" route add default via 192.0.2.2
ip -n "$B" route add default via 192.0.2.5
in_net sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
wait_until 'ip netns exec "$A" ping -q -c 1 -W 1 192.0.2.6 >/dev/null' 10 ||
    fail "no way from A to B"

in_net ip tuntap add tap0 mode tap vnet_hdr 2>"$DIR/err" || : >"$DIR/no_tap"
for which in "a in $AIN" "a out $AIN" "b in $BIN" "b out $BIN" "tap in tap0"; do
	set -- $which
	cat <<END
rule $1.$2 {
	interface $3
	direction $2
	count 1000000000
	command "/usr/bin/true"
}
END
done | { echo "user root"; cat; } | conf
start_daemon

# grew rule number percent: by so much since begin.
grew() {
	eval "_was=\$was_$(echo "$1" | tr . _)"
	_low=$(($2 - $2 * $3 / 100))
	_asked=0
	while ask "$1" && [ $((TOTAL - _was)) -lt $_low ] &&
	    [ $_asked -lt 50 ]; do
		_asked=$((_asked + 1))
		sleep 0.2
	done
	# some of address resolution
	within "$_low" $((TOTAL - _was)) $(($2 + $2 * $3 / 100 + 10)) \
	    "packets that $1 counted of $2"
}

# All that is under way has arrived.
begin() {
	next_tick
	for _rule in a.in a.out b.in b.out; do
		ask $_rule
		eval "was_$(echo $_rule | tr . _)=\$TOTAL"
	done
}

# tcp network network address: a transfer of 20 MB from one to the other;
# segments of the sender in THERE, of the receiver in BACK.
tcp() {
	: >"$DIR/listen"
	ip netns exec "$2" "$TOOLS/bulk" listen "$3" >"$DIR/listen" &
	SENDER=$!
	wait_until 'grep -q ready "$DIR/listen"' 5 || fail "listen"
	set -- $(ip netns exec "$1" "$TOOLS/bulk" tcp "$3" 20000000) ||
	    fail "tcp"
	wait $SENDER || fail "listen"
	SENDER=
	THERE=$1
	BACK=$2
	note "$THERE segments there, $BACK back"
}

begin
tcp "$A" "$B" 192.0.2.6
grew a.in "$THERE" 1
grew b.out "$THERE" 1
grew b.in "$BACK" 1
grew a.out "$BACK" 1

begin
tcp "$NET" "$A" 192.0.2.1
grew a.out "$THERE" 1
grew a.in "$BACK" 1

begin
tcp "$B" "$NET" 192.0.2.5
grew b.in "$THERE" 1
grew b.out "$BACK" 1

# Exactly, but for address resolution; nobody listens there.
begin
ip netns exec "$A" "$TOOLS/bulk" udp 192.0.2.6 2000 || fail "udp"
grew a.in 2000 0
grew b.out 2000 0

# What comes with a header of virtio does not say how many segments it has.
if [ -f "$DIR/no_tap" ]; then
	note "no tap(4): $(cat "$DIR/err")"
else
	in_net ip link set tap0 up
	wait_until '[ "$(attached tap0)" = "1 0" ]' 5 || fail "tap0"
	ask tap.in
	in_net "$TOOLS/bulk" tap tap0 10 || fail "bulk tap"
	await_total tap.in $((TOTAL + 100))
fi
stop_daemon
