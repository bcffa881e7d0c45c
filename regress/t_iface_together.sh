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

# Two interfaces go, one right after the other and under load: the end of the
# first costs the second no packet, although the engine that stores what it
# has counted may be gone by then.
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
[ "$SYSTEM" != OpenBSD ] ||
    skip "the last second of an interface is lost on OpenBSD"
pair_create IN0 OUT0
pair_create IN1 OUT1
{
	echo "user root"
	# Six counters, so that the end of the first takes its time.
	n=0
	for when in '' immediate; do
		for direction in '' 'direction in' 'direction out'; do
			n=$((n + 1))
			cat <<END
rule "first$n" {
	interface $IN0
	$direction
	$when
	command "/usr/bin/true"
}
END
		done
	done
	cat <<END
rule "second" {
	interface $OUT1
	count 1000000000
	command "/usr/bin/true"
}
END
} | conf
start_daemon
sent=0
for i in 1 2 3 4 5; do
	$IN_NET "$TOOLS/send" "$OUT1" 0 >"$DIR/sent" 2>"$DIR/err" &
	sender=$!
	sleep 0.1
	pair_destroy "$IN0" "$OUT0"
	tries=0
	until [ "$(logged ": $IN0: the interface is gone")" -ge $i ]; do
		[ $((tries += 1)) -le 3000 ] || fail "it is not missed"
		sleep 0.01
	done
	# FreeBSD 13 panics when bpf(4) writes to what goes away
	[ "$SYSTEM" != FreeBSD ] || { kill -TERM $sender; wait $sender; }
	pair_destroy "$IN1" "$OUT1"
	wait $sender
	n=$(sed -n 's/.*after \([0-9]*\) frames.*/\1/p' "$DIR/err")
	n=${n:-$(cat "$DIR/sent")}
	[ "${n:-0}" -gt 0 ] || fail "the sender: $(cat "$DIR/err")"
	sent=$((sent + n))
	pair_restore "$IN0" "$OUT0"
	pair_restore "$IN1" "$OUT1"
	wait_logged ": $IN0: counting" $i 5
	wait_logged ": $OUT1: counting" $i 5
done
next_tick
ask second
# Each time, the last frame may have been seen although sending it failed.
note "$sent packets sent, $TOTAL seen"
within $sent "$TOTAL" $((sent + 5)) "packets seen"
stop_daemon
