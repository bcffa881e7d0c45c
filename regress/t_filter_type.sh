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

# A filter is checked for the link type of its interface: on a tunnel, whose
# packets are IP and have no other header, no packet is of ARP.

. "$(dirname "$0")/lib.sh"
need_daemon
. "$REGRESS/lib_filter.sh"
case $SYSTEM in
Linux)
	tun=type0
	in_net ip tuntap add dev $tun mode tun 2>"$DIR/err" ||
	    skip "no tun: $(cat "$DIR/err")"
	;;
FreeBSD)
	# a number that is free
	tun=$(ifconfig tun create) || fail "no tun(4)"
	PAIRS=$tun
	;;
OpenBSD)
	tun=tun$(($$ % 1000 + 100))
	ifconfig $tun create || fail "no tun(4)"
	PAIRS=$tun
	;;
*)	skip "knows no tunnel of $SYSTEM" ;;
esac

# check filter: what the test mode says of the filter.
check() {
	conf <<END
user root
rule filtered {
	interface $tun
	filter "$1"
	command "/usr/bin/true"
}
END
	in_net "$BPFSTATSD" -n -f "$CONF" 2>&1
}

same "configuration OK" "$(check icmp)" "a filter for a tunnel"
case $(check arp) in
*"expression rejects all packets"*)	;;
*)	fail "ARP on a tunnel: $(check arp)" ;;
esac
