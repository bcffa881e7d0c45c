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

# On loopback each packet is seen twice on Linux, going out and coming in.  On
# the others it is seen once, and the direction that sees nothing is warned of.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
case $SYSTEM in
Linux)		both=1000 in=500 out=500 unseen= ;;
FreeBSD)	both=500 in=500 out=0 unseen=out ;;
*)		both=500 in=0 out=500 unseen=in ;;
esac
case $SYSTEM in
Linux)
	lo=lo
	in_net ip link set lo up
	;;
FreeBSD)
	# the only one: those sent on another are seen here, too
	lo=lo0
	;;
*)	# one that nobody else sends on
	lo=lo7
	ifconfig "$lo" create || fail "no lo(4)"
	PAIRS=$lo
	ifconfig "$lo" up
	;;
esac
{
	echo "user root"
	for name in both in out; do
		direction="direction $name"
		[ $name != both ] || direction=
		cat <<END
rule "$name" {
	interface $lo
	$direction
	command "$TOOLS/record" "$DIR/$name"
}
END
	done
} | conf
start_daemon
send_frames $lo 500 100 50
for count in both:$both in:$in out:$out; do
	await_total "${count%:*}" "${count#*:}"
done
warned=$(sed -n 's/^.*: direction \([a-z]*\) sees nothing: .*/\1/p' "$LOG")
same "$unseen" "$warned" "the direction that is warned of"
stop_daemon
