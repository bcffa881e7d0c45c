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


# What counting adds to a packet: to the receiving of one (the counters are on
# $THERE) and to the sending ($HERE).  Before and after each measurement there
# is one without any counter.  What the counter's processes use of a processor
# is added.
#
# What costs little is started 16 times over, and the cost divided by 16.

COPIES=16
if [ -n "$QUICK" ]; then
	_rounds=1
	_full=1
	_slow=0
	_packets=10000
	COPIES=4
else
	_rounds=13
	_full=5
	_slow=2
	_packets=100000
fi

_cheap="limit bare quiet in socket immediate rules1 rules10 rules100 rules1000"
_all="$_cheap nothing read1 read10 read100 read1000 pcap tcpdump knockd"

# A row: direction name text [target]
packet_row() {
	row "$1.$2" "$3" %.0f "${4:-}"
}

packet_rows() {
	packet_row "$1" nothing "nothing"
	packet_row "$1" limit "kernel's limit: bare tcx counter"
	packet_row "$1" bare "cheapest packet socket, no filter"
	packet_row "$1" quiet "cheapest packet socket, one byte"
	packet_row "$1" rules1 "bpfstatsd, 1 rule"
	packet_row "$1" rules10 "bpfstatsd, 10 rules"
	packet_row "$1" rules100 "bpfstatsd, 100 rules"
	packet_row "$1" rules1000 "bpfstatsd, 1,000 rules"
	packet_row "$1" in "bpfstatsd, 1 rule, direction in"
	packet_row "$1" immediate "bpfstatsd, 1 rule, immediate"
	packet_row "$1" socket "bpfstatsd, 1 rule, by packet socket"
	packet_row "$1" read1 "a read per packet, 1 descriptor"
	packet_row "$1" read10 "a read per packet, 10 descriptors"
	packet_row "$1" read100 "a read per packet, 100 descriptors"
	packet_row "$1" read1000 "a read per packet, 1,000 descriptors"
	packet_row "$1" pcap "libpcap loop"
	packet_row "$1" tcpdump "tcpdump -w /dev/null"
	packet_row "$1" knockd "knockd"
}

ratio_rows() {
	row "$1.r1" "$2 1 rule / bare tcx counter" %.0f "R<=1.20"
	row "$1.r1000" "$2 1,000 rules / bare tcx counter" %.0f "R<=1.20"
	row "$1.now" "$2 immediate / bare tcx counter" %.0f "R<=1.50"
	row "$1.tap" "$2 1 rule / cheapest packet socket" %.0f "R<=0.60"
	row "$1.socket.r" "$2 by packet socket / cheapest" %.0f "R<=1.10"
	row "$1.same" "$2 1,000 rules / 1 rule" %.0f "R<=1.10"
	row "$1.third" "$2 1 rule / libpcap loop" %.0f "R<=0.333"
}

knockd_conf() {
	cat >"$DIR/knockd.conf" <<END
[options]
	logfile = /dev/null
[door]
	sequence = 7000:udp,7001:udp
	seq_timeout = 5
	command = /bin/true
END
}

# What is there to measure?  Many descriptors take seconds: not in each round.
# What has a target, a difference of nanoseconds, is measured more often.
packet_subjects() {
	for _x in $_all; do
		case $_x in
		limit|bare|socket|immediate|rules1|rules1000)
			;;
		*)
			[ $_round -le $_full ] || continue ;;
		esac
		case $_x in
		limit)	[ -n "$TCX" ] || continue ;;
		pcap)	[ -x "$DIR/pcaploop" ] || continue ;;
		tcpdump|knockd)
			has $_x || continue ;;
		read100|read1000)
			[ $_round -le $_slow ] || continue ;;
		in|rules10|rules100)
			[ -z "$QUICK" ] || continue ;;
		esac
		echo "$_x"
	done
}

# start_daemons conf: as often as it is to be there.
start_daemons() {
	_i=0
	while [ $((_i += 1)) -le $COPIED ]; do
		daemon "$1"
	done
	daemons_ready
}

# start_counter name interface: start it, with COPIED as often as it is there.
start_counter() {
	COPIED=1
	case " $_cheap " in
	*" $1 "*)
		COPIED=$COPIES ;;
	esac
	case $1 in
	nothing)
		;;
	limit)
		other "$DIR/tap" -k tcx -n "$COPIED" bare "$2" ;;
	bare|quiet)
		other "$DIR/tap" -n "$COPIED" "$1" "$2" ;;
	socket)
		UNDER=$WITHOUT_BPF
		start_daemons "$(rules 1 "$2")"
		UNDER=
		;;
	rules*)
		start_daemons "$(rules "${1#rules}" "$2")" ;;
	in)
		start_daemons "$(EXTRA="${TAB}direction in" rules 1 "$2")" ;;
	immediate)
		start_daemons "$(EXTRA="${TAB}immediate" rules 1 "$2")" ;;
	read*)
		other "$DIR/tap" -n "${1#read}" read "$2" ;;
	pcap)
		other "$DIR/pcaploop" "$2" ;;
	tcpdump)
		READY=listening other tcpdump -n -i "$2" -w /dev/null ;;
	knockd)
		other_knockd "$2" ;;
	esac
}

# It says nothing: a moment for it.
other_knockd() {
	knockd -i "$1" -c "$DIR/knockd.conf" >"$DIR/ready" 2>&1 &
	PIDS="$PIDS $!"
	sleep 0.3
}

# What was queued is read some time later.
settle() {
	_was=
	_is=$(used $(family))
	_tries=40
	while [ "$_is" != "$_was" ] && [ $((_tries -= 1)) -gt 0 ]; do
		sleep 0.05
		_was=$_is
		_is=$(used $(family))
	done
}

# send_packets name: nanoseconds for one, and the counter's own in OWN.
send_packets() {
	_n=$_packets
	case $1 in
	read100)	_n=$((_packets / 10)) ;;
	read1000)	_n=$((_packets / 50)) ;;
	esac
	_family=$(family)
	_before=$(used $_family)
	NS=$("$DIR/pps" -d "$_ip" "$HERE" $_n) || exit 1
	[ "$1" = nothing ] || case $1 in
	read*|pcap|tcpdump|knockd)
		settle ;;
	esac
	_after=$(used $_family)
	OWN=$(calc "(${_after% *} - ${_before% *}) / $_n")
}

# One round: each counter once, in any order.
packet_round() {
	_dir=$1
	_if=$2
	_ip=$3
	send_packets nothing
	_plain=$NS
	for _x in $(packet_subjects | shuf); do
		start_counter "$_x" "$_if"
		send_packets "$_x"
		_with=$(calc "$NS + $OWN")
		end_all
		send_packets nothing
		_mean=$(calc "($_plain + $NS) / 2")
		_plain=$NS
		_added=$(calc "($_with - $_mean) / $COPIED")
		pair "$_dir.$_x" "$_added" "$_mean"
		eval "_added_$_x=\$_added"
	done
	if [ -n "$TCX" ]; then
		pair "$_dir.r1" "$_added_rules1" "$_added_limit"
		pair "$_dir.r1000" "$_added_rules1000" "$_added_limit"
		pair "$_dir.now" "$_added_immediate" "$_added_limit"
		pair "$_dir.tap" "$_added_rules1" "$_added_bare"
	fi
	pair "$_dir.socket.r" "$_added_socket" "$_added_bare"
	pair "$_dir.same" "$_added_rules1000" "$_added_rules1"
	[ -z "${_added_pcap:-}" ] || [ $_round -gt $_full ] ||
	    pair "$_dir.third" "$_added_rules1" "$_added_pcap"
}

heading "Added to a packet received, ns; B: the packet without a counter"
packet_rows rx
heading "Added to a packet sent, ns; B: the packet without a counter"
packet_rows tx
heading "Added by bpfstatsd, ns; B: added by what it is compared with"
ratio_rows rx received,
ratio_rows tx sent,

knockd_conf
"$DIR/pps" "$HERE" "$_packets" >/dev/null
_round=0
while [ $((_round += 1)) -le $_rounds ]; do
	packet_round rx "$THERE" "$THERE_IP"
	packet_round tx "$HERE" "$HERE_IP"
done
