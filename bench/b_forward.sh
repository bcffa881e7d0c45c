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


# How many packets a second one processor forwards, from one pair of
# interfaces to another, with a counter on the interface where they come in.
# The same processor sends them, so that an idle one would do some more.

if [ -n "$QUICK" ]; then
	_rounds=1
	_packets=20000
else
	_rounds=9
	_packets=100000
fi

# start_forward name: a counter, on $THERE.
start_forward() {
	case $1 in
	rules*)
		daemon "$(rules "${1#rules}" "$THERE")"
		daemons_ready
		;;
	read1)
		other "$DIR/tap" read "$THERE" ;;
	pcap)
		other "$DIR/pcaploop" "$THERE" ;;
	tcpdump)
		READY=listening other tcpdump -n -i "$THERE" -w /dev/null ;;
	esac
}

# Packets a second in RATE.
forward() {
	_ns=$("$DIR/pps" -d 198.51.100.2 -m "$_mac" "$HERE" $_packets) ||
	    exit 1
	RATE=$(calc "1e9 / $_ns")
}

forward_round() {
	forward
	_plain=$RATE
	for _x in rules1 rules1000 read1 pcap tcpdump; do
		case $_x in
		pcap)	[ -x "$DIR/pcaploop" ] || continue ;;
		tcpdump)
			has tcpdump || continue ;;
		esac
		start_forward $_x
		forward
		_with=$RATE
		end_all
		forward
		pair "fw.$_x" "$_with" "$(calc "($_plain + $RATE) / 2")"
		_plain=$RATE
	done
}

heading "Forwarded by one processor, packets/s; B: without a counter"
row fw.rules1 "bpfstatsd, 1 rule" %.0f
row fw.rules1000 "bpfstatsd, 1,000 rules" %.0f
row fw.read1 "a read per packet, 1 descriptor" %.0f
row fw.pcap "libpcap loop" %.0f
row fw.tcpdump "tcpdump -w /dev/null" %.0f

ip -batch - <<END || fail "no way to forward on"
link add forward0 type veth peer name forward1
addr add 198.51.100.1/24 dev forward0
link set forward0 up
link set forward1 up
neigh add 198.51.100.2 lladdr 02:00:00:00:00:fd dev forward0
END
echo 1 >/proc/sys/net/ipv4/ip_forward
_mac=$(cat "/sys/class/net/$THERE/address") || _mac=
[ -n "$_mac" ] || fail "no MAC address of $THERE"
# Linux drops what goes out before it has noticed that the other end is up, and
# a busy machine may drop more: then the figures say nothing.  A quick look goes
# on.
_least=$_packets
[ -z "$QUICK" ] || _least=1
_tries=20
while forward; do
	_arrived=$(ip -s link show dev forward1 |
	    awk '/RX:/ { getline; print $2 }')
	[ "$_arrived" -lt $_least ] || break
	[ $((_tries -= 1)) -gt 0 ] ||
	    fail "only $_arrived packets forwarded"
	sleep 0.2
done
_round=0
while [ $((_round += 1)) -le $_rounds ]; do
	forward_round
done
ip link delete forward0
