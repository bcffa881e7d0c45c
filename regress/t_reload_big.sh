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

# A reload of 10,000 rules with one changed: under 200 ms from the signal to
# the new engine, and no descriptor of an interface that stays is touched.

. "${0%/*}/lib.sh"
. "${0%/*}/lib_reload.sh"
need_daemon
sanitized && skip "sanitizers take their time"
pair_create IN OUT

big() {
	awk -v "a=$IN" -v "b=$OUT" -v "count=$1" 'BEGIN {
		print "user root"
		for (i = 0; i < 10000; i++)
			printf "rule \"r%d\" {\n\tinterface %s\n\tcount %d " \
			    "exact\n\tcommand \"/bin/true\" \"%d\"\n}\n", i,
			    i % 2 ? a : b, i == 5000 ? count : 1000000, i
	}'
}
big 1000000 >"$DIR/conf.1"
big 2000000 >"$DIR/conf.2"
conf_swap "$DIR/conf.1"
start_daemon

times=
for i in 2 1 2 1 2; do
	conf_swap "$DIR/conf.$i"
	old=$(engine_pid)
	began=$(now_ms)
	kill -HUP "$DAEMON"
	until grep -q "reloaded: 10000" "$LOG"; do :; done
	times="$times $(($(now_ms) - began))"
	[ "$(engine_pid)" != "$old" ] || fail "the engine is the old one"
	: >"$LOG"
done
note "ms from the signal to the new engine:$times"
median=$(printf '%s\n' $times | sort -n | sed -n 3p)
within 0 "$median" 200 "ms from the signal to the new engine"

if command -v strace >/dev/null; then
	conf_swap "$DIR/conf.2"
	fds=$(ls -l "/proc/$DAEMON/fd" | sed -n 's/.*-> socket/socket/p' |
	    sort)
	strace -o "$DIR/trace" -e trace=socket,bind -p "$DAEMON" \
	    2>/dev/null &
	tracer=$!
	sleep 0.5
	kill -HUP "$DAEMON"
	wait_logged "$RELOADED" 1 5
	kill "$tracer"
	wait "$tracer"
	grep -q 'AF_PACKET' "$DIR/trace" &&
	    fail "a counter was opened: $(cat "$DIR/trace")"
	now=$(ls -l "/proc/$DAEMON/fd" | sed -n 's/.*-> socket/socket/p' |
	    sort)
	# all but the engine's socket, and that of passwd look-ups
	stayed=$(printf '%s\n' "$fds" "$now" | sort | uniq -d | wc -l)
	[ "$stayed" -ge 3 ] || fail "sockets: $fds, then $now"
fi
stop_daemon
