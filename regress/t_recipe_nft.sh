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

# etc/examples/count.nft: packets that nftables selects are duplicated to an
# interface that a rule counts.  All that match count once, others do not.
#
# slow: it looks several times whether more is counted

. "$(dirname "$0")/lib.sh"
[ "$SYSTEM" = Linux ] || skip "only Linux has nftables"
command -v nft >/dev/null || skip "no nft(8)"
command -v tc >/dev/null || skip "no tc(8)"
need_daemon
recipe=$REGRESS/../etc/examples/count.nft
pair_create IN OUT

# One namespace is enough: IN has no address, so that what is sent to its
# neighbours goes out of OUT, arrives at IN and ends there.
mac=$(in_net cat "/sys/class/net/$IN/address")
in_net ip address add 192.0.2.1/24 dev "$OUT"
for n in 20 21 30; do
	in_net ip neighbour add 192.0.2.$n lladdr "$mac" dev "$OUT"
done

# What the other examples write into a chain, nft accepts.
{
	echo 'table inet test {'
	echo 'chain forward {'
	sed -n 's/^#	\(.* log group [0-9]*\)$/\1/p' \
	    "$REGRESS"/../etc/examples/*
	echo '}'
	echo '}'
} >"$DIR/nft"
[ "$(grep -c 'log group' "$DIR/nft")" -ge 4 ] || fail "lines of the examples"
in_net nft -c -f "$DIR/nft" 2>"$DIR/err" ||
    fail "nft: $(head -n 1 "$DIR/err")"

# udp address port count: so many datagrams.
udp() {
	awk -v n="$3" 'BEGIN { while (n-- > 0) print n }' >"$DIR/lines"
	in_net logger -d -n "$1" -P "$2" -f "$DIR/lines" ||
	    fail "logger to $1 port $2"
}

# The counting interface, as the recipe makes it.
make_count() {
	in_net ip link add count0 type "$@" || return 1
	in_net ip link set count0 addrgenmode none up
	[ $# -eq 1 ] || in_net ip link set count1 addrgenmode none up
}

conf <<CONF
user root
rule selected {
	interface count0
	command "$TOOLS/record" "$DIR/runs"
}
rule outgoing {
	interface count0
	direction out
	command "$TOOLS/record" "$DIR/runs-out"
}
CONF

# total file: packets counted in it.
total() {
	awk '{ n += $5 } END { print n + 0 }' "$DIR/$1"
}

# counted file number what: so many packets in all, and no more in two ticks.
counted() {
	_runs=$1
	_all=$2
	wait_until '[ "$(total "$_runs")" -ge "$_all" ]' 5
	sleep 2.2
	same "$2" "$(total "$1")" "packets counted by $1, $3"
}

# The example with datagrams in place of connections.
example() {
	sed -e "s/\"eth0\"/\"$IN\"/" -e 's/tcp dport/udp dport/' "$@" "$recipe"
}

# try what: 1,000 packets match, as many as one second and a tick bring; an
# address, a port and a frame do not.
try() {
	: >"$DIR/runs"
	: >"$DIR/runs-out"
	chmod 666 "$DIR"/runs*
	start_daemon
	udp 192.0.2.21 554 200
	udp 192.0.2.20 555 300
	send_frames "$OUT" 400
	counted runs 0 "$1"
	udp 192.0.2.20 554 1000
	udp 192.0.2.20 555 300
	udp 192.0.2.20 554 1
	counted runs 1001 "$1"
	same 1001 "$(total runs-out)" "packets counted going out, $1"
	echo "$1: 1001 of 1001 counted, none of 1200 others"
	stop_daemon
}

for kind in "veth peer name count1" dummy ifb; do
	if ! make_count $kind 2>"$DIR/err"; then
		echo "${kind%% *}: $(cat "$DIR/err")"
		[ "${kind%% *}" != veth ] || fail "no veth interfaces"
		continue
	fi
	example >"$DIR/nft"
	in_net nft -f "$DIR/nft" 2>"$DIR/err" ||
	    skip "nft: $(head -n 1 "$DIR/err")"
	# and again: it replaces itself
	in_net nft -f "$DIR/nft" || fail "the rules cannot be loaded again"
	try "${kind%% *}, ingress"
	in_net nft delete table netdev bpfstatsd
	in_net ip link delete count0
done

# What leaves: its comment signs taken away.
make_count veth peer name count1 || fail "no veth interfaces"
example -e '/#chain out/,/#}/s/#//' -e '/chain in/,/^	}/d' \
    -e "s/\"$IN\"/\"$OUT\"/" -e 's/192.0.2.30/192.0.2.20 udp dport 554/' \
    >"$DIR/nft"
if in_net nft -f "$DIR/nft" 2>"$DIR/err"; then
	try "veth, egress"
	in_net nft delete table netdev bpfstatsd
else
	echo "egress: $(head -n 1 "$DIR/err")"
fi

# The family ip.  Nothing is forwarded here, so it is another hook.
in_net ip address add 198.51.100.1/30 dev count0
in_net ip neighbour add 198.51.100.2 lladdr 02:00:00:00:00:02 dev count0
example -e '/^table netdev bpfstatsd {/,/^}/d' \
    -e '/^#table ip /,/^#}/s/^#//' \
    -e "s/hook forward priority 10/hook prerouting priority -300/" \
    -e "s/ct state new/iif \"$IN\" udp dport 554/" >"$DIR/nft"
if in_net nft -f "$DIR/nft" 2>"$DIR/err"; then
	try "veth, family ip"
	in_net nft delete table ip bpfstatsd
else
	echo "family ip: $(head -n 1 "$DIR/err")"
fi
in_net ip address flush dev count0

# tc(8): the commands of the last comment.
sed -n '/^#	tc qdisc/,$s/^#//p' "$recipe" |
    sed -e "s/eth0/$IN/" -e 's/protocol 6 /protocol 17 /' >"$DIR/tc"
if in_net sh -e "$DIR/tc" 2>"$DIR/err"; then
	try "veth, tc"
else
	echo "tc: $(head -n 1 "$DIR/err")"
fi
