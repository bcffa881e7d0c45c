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

# bpfstatsd-filter: what is an error, and in which words.  Names are looked up
# in /etc alone.

. "$(dirname "$0")/lib.sh"
. "$REGRESS/lib_filter.sh"

ETHERNET=1
PFLOG=117

# is dlt expression answer
is() {
	same "$3" "$(answer "$1" "$2")" "$2"
}

# compiles dlt expression
compiles() {
	case $(answer "$1" "$2") in
	"program "[1-9]*)	;;
	*)	fail "$2: $(answer "$1" "$2")" ;;
	esac
}

for e in tcp "udp dst port 7000" "host 10.0.0.1" "tcp port ssh" \
    "udp port ntp" "proto \\udp" "ip && broadcast" "ip6 net 2001:db8::/32" \
    "len > 100" "tcp[tcpflags] & tcp-syn != 0" "host localhost"; do
	compiles $ETHERNET "$e"
done
compiles $PFLOG inbound
compiles $PFLOG "action block and dst port 22"

is $ETHERNET "host no-such-host.example" \
    "unknown host 'no-such-host.example'"
is $ETHERNET "ip and arp" "expression rejects all packets"
is $ETHERNET "not (not (ip6 src host ff02::1) or (137 > (65 >> 29)))" \
    "expression rejects all packets"
is $ETHERNET "ip protochain 6" \
    "protochain is a loop, which the kernel does not run"
is $ETHERNET inbound 'inbound is for pflog: use "direction in"'
is $ETHERNET "tcp and(outbound)" 'outbound is for pflog: use "direction out"'
is $ETHERNET "tcp or ip  broadcast" \
    'ip broadcast needs a netmask: use "dst host" and the address'
case $(answer $ETHERNET "foo(") in
*"syntax error"*) ;;
*)	fail "no syntax error" ;;
esac
case $(answer $ETHERNET "action block") in
*PF*|*"not supported on linktype"*) ;;
*)	fail "action without pflog: $(answer $ETHERNET "action block")" ;;
esac

if [ "$SYSTEM" = Linux ]; then
	vlan="vlan matches nothing, as the kernel has taken the tag off: name \
the vlan interface"
	for e in vlan "vlan 3" "not vlan" "(vlan)and tcp" "tcp or vlan"; do
		is $ETHERNET "$e" "$vlan"
	done
	is $ETHERNET "ifindex 1" "asks for more than the packet"
	# no word of its own
	is $ETHERNET "host \\vlan" "unknown host 'vlan'"
	is $ETHERNET "host vlan-3" "unknown host 'vlan-3'"
	is $ETHERNET "host vlan.no-such-host.example" \
	    "unknown host 'vlan.no-such-host.example'"
fi

# Larger than the kernel takes, if the machine can tell in time, and more than
# libpcap's optimizer can do.
awk 'BEGIN {
	for (i = 0; i < 2000; i++)
		printf "%sip[%d]=%d", i ? " or " : "", i, i % 256
}' >"$DIR/large"
case $(answer $ETHERNET "$(cat "$DIR/large")") in
"too complex: "*" instructions, the kernel takes "*)	;;
"too complex: use several rules")	;;
*)	fail "large: $(answer $ETHERNET "$(cat "$DIR/large")")" ;;
esac
awk 'BEGIN {
	for (i = 0; i < 570; i++)
		printf "%sport %d", i ? " or " : "", i
}' >"$DIR/slow"
same "too complex: use several rules" \
    "$(ulimit -S -t 1; answer $ETHERNET "$(cat "$DIR/slow")")" slow

# Nobody is asked.
if [ "$SYSTEM" = Linux ] && command -v strace >/dev/null; then
	strace -f -o "$DIR/calls" "$HELPER" $ETHERNET \
	    "host no-such-host.example" >/dev/null
	grep -q /etc/hosts "$DIR/calls" || fail "/etc/hosts was not read"
	! grep -E '^[0-9 ]*(connect|sendto|sendmsg|sendmmsg)\(' \
	    "$DIR/calls" || fail "somebody was asked"
	! grep -E '^[0-9 ]*socket\(.*\) = [0-9]' "$DIR/calls" ||
	    fail "there is a socket"
fi

# Usage.
"$HELPER" >/dev/null 2>&1 && fail "no arguments"
"$HELPER" x tcp >/dev/null 2>&1 && fail "no link type"
exit 0
