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

# A filter counts exactly what it is to count among a million others, in every
# kind of rule and in both directions: over reloads, kills of the engine and an
# interface that is gone and comes back.
#
# slow: a million others

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

# rule name statement ...
rule() {
	printf 'rule "%s" {\n\tinterface %s\n' "$1" "$IN"
	printf '\tcommand "%s/record" "%s/runs"\n' "$TOOLS" "$DIR"
	shift
	printf '\t%s\n' "$@"
	echo "}"
}

udp="filter \"$(to_port 7000)\""
{
	echo "user root"
	rule all "count 1000000000"
	rule count "count 1000000000" "$udp"
	rule exact "count 1000 exact" "$udp"
	rule immediate immediate "count 700 exact" "$udp"
	rule within "count 5 within 1h" "$udp"
	rule in "direction in" "count 300 exact" "$udp"
	rule out "direction out" "count 100 exact" "$udp"
	rule out-now "direction out" immediate "count 70 exact" "$udp"
	rule other "count 1000000000" "filter \"$(to_port 7001)\""
	rule neither "count 1000000000" 'filter "tcp or ip6"'
} >"$DIR/conf.1"
# A rule more, and one whose filter is another.
{
	sed '/rule "neither"/,/^}/s/tcp or ip6/tcp/' "$DIR/conf.1"
	rule more "count 1000000000" 'filter "udp and not dst port 7001"'
} >"$DIR/conf.2"
conf_swap "$DIR/conf.1"
start_daemon

# send_udp interface port number
send_udp() {
	(export "SEND_UDP=$2"; send_frames "$1" "$3") || exit 1
}

# Others in both directions all the time, and what counts in pieces.
$IN_NET "$TOOLS/send" "$OUT" 700000 >"$DIR/others.out" &
others_out=$!
$IN_NET "$TOOLS/send" "$IN" 300000 >"$DIR/others.in" &
others_in=$!
for i in 1 2 3 4 5 6; do
	send_udp "$OUT" 7000 2001
	send_udp "$IN" 7000 501
	conf_swap "$DIR/conf.$((i % 2 + 1))"
	reload
	send_udp "$OUT" 7001 1000
	send_udp "$OUT" 7000 101
	# more than five in a minute end the daemon
	[ $i -gt 4 ] || kill -KILL "$(engine_pid)"
done
wait $others_out || fail "send"
wait $others_in || fail "send"
send_udp "$IN" 7000 6

totals() {
	await_total all "$1"
	for rule in count exact immediate within; do
		await_total $rule "$2"
	done
	await_total in "$3"
	await_total out "$4"
	await_total out-now "$4"
	await_total other "$5"
	await_total neither 0
}
in=$((6 * (2001 + 101)))
out=$((6 * 501 + 6))
totals $((1000000 + in + out + 6000)) $((in + out)) $in $out 6000

# runs rule number: it has run so often, and no more.
runs() {
	_rule=$1
	wait_until '[ "$(awk -v r="$_rule" "\$2 == r" "$DIR/runs" |
	    wc -l)" -ge '"$2"' ]' 20
	same "$2" "$(awk -v r="$1" '$2 == r' "$DIR/runs" | wc -l | tr -d ' ')" \
	    "runs of $1"
}
runs exact $(((in + out) / 1000))
runs immediate $(((in + out) / 700))
runs in $((in / 300))
runs out $((out / 100))
runs out-now $((out / 70))
[ "$(taken "$DIR/runs" within)" -ge 5 ] || fail "within has not run"

# The interface is gone, and another one of its name comes.
pair_destroy "$IN" "$OUT"
wait_logged "$IN: the interface is gone" 1 10
pair_restore "$IN" "$OUT"
wait_until 'ask count; [ "$ATTACHED" = attached ]' 20 || fail "not attached"
wait_until 'ask out-now; [ "$ATTACHED" = attached ]' 20 || fail "not attached"
send_udp "$OUT" 7000 1234
send_udp "$IN" 7000 234
in=$((in + 1234))
out=$((out + 234))
for rule in count exact immediate within; do
	await_total $rule $((in + out))
done
await_total in $in
await_total out $out
await_total out-now $out
await_total other 6000
stop_daemon
