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

# 100 times: an interface is deleted and created again under load.  Every packet
# sent from when it counts again until its end is counted, if OpenBSD had a
# second for it; nothing is held for longer; the log has a line per change
# and no more.  Four interfaces come and go, each 25 times and at its own pace,
# so that the seconds of waiting pass side by side.
#
# slow: it takes a second until an interface is counted again
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon

times=25
frames=5000
n=0
while [ $n -lt 4 ]; do
	pair_create in out
	eval "in$n=\$in out$n=\$out"
	n=$((n + 1))
done
{
	echo "user root"
	for n in 0 1 2 3; do
		eval "in=\$in$n"
		for when in tick now; do
			cat <<END
rule "$when$n" {
	interface $in
	direction in
	count 1000000000
	$([ $when = tick ] || echo immediate)
	command "/usr/bin/true"
}
END
		done
	done
} | conf
start_daemon -v

# changes: lines of the log; -v has them all, and each new engine besides.
changes() {
	grep -Evc ': engine: pid [0-9]+$' "$LOG"
}

# load in: packets in the other direction for as long as the interface exists,
# or until just before.
load() {
	$IN_NET "$TOOLS/send" "$1" 0 >/dev/null 2>&1 &
}

# has_seen rule number: not in the log, which is compared.
has_seen() {
	[ "$(ctl metrics |
	    sed -n "s/^bpfstatsd_packets_total{.*rule=\"$1\".*} //p")" -ge "$2" ]
}

# come_and_go number in out: under load all the time.  The packets of the last
# second are lost with the interface on OpenBSD.
come_and_go() {
	_n=$1
	_in=$2
	_out=$3
	load "$_in"
	_i=0
	while [ $_i -lt $times ]; do
		# FreeBSD 13 panics when bpf(4) writes to what goes away
		[ "$SYSTEM" != FreeBSD ] || { kill -TERM $!; wait $!; }
		pair_destroy "$_in" "$_out"
		pair_restore "$_in" "$_out"
		load "$_in"
		# once before
		wait_logged ": $_in: counting\$" $((_i + 2)) 30
		send_frames "$_out" $frames
		_i=$((_i + 1))
		[ "$SYSTEM" = Linux ] ||
		    wait_until 'has_seen "tick$_n" $((_i * frames)) &&
		    has_seen "now$_n" $((_i * frames))' 5 ||
		    fail "$_in: packets are lost"
	done
	kill -TERM $!
	wait $! || :			# it may have lost its interface
}

# All have gone once before anything is compared: memory is that of all code.
for n in 0 1 2 3; do
	eval "pair_destroy \$in$n \$out$n"
	eval "pair_restore \$in$n \$out$n"
done
wait_logged ": counting" 4 5
has_seen tick0 0 || fail "no metrics"
await_total tick0 0
next_tick
holdings
taps=$(taps)
before=$(changes)

began=$(now_ms)
for n in 0 1 2 3; do
	eval "come_and_go $n \$in$n \$out$n" >"$DIR/err.$n" 2>&1 &
	eval "job$n=\$!"
	sleep 0.3
done
for n in 0 1 2 3; do
	eval "wait \$job$n" || fail "$(cat "$DIR/err.$n")"
done
note "$((4 * times)) times in $(($(now_ms) - began)) ms"
next_tick
alive
log_lines=$(($(changes) - before))
for n in 0 1 2 3; do
	for when in tick now; do
		await_total $when$n $((times * frames))
	done
done
grep -Ev ": (the interface is gone|counting|engine: pid)|, tally " "$LOG" &&
    fail "unexpected lines in the log"
same $((8 * times)) $log_lines "lines of the log"
for n in 0 1 2 3; do
	eval "in=\$in$n"
	same $((times + 1)) "$(logged ": $in: the interface is gone")" "ends of $in"
	same $((times + 1)) "$(logged ": $in: counting\$")" "returns of $in"
done
# one more for a moment, while the daemon looks whether it may count
wait_until '[ "$(taps)" = "$taps" ]' 5 ||
    fail "descriptors that count: $taps, now $(taps)"
as_before 256
stop_daemon
