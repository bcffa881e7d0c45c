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


# From the sending of a packet to the first instruction of the command that it
# starts: single packets, each long after the one before.

if [ -n "$QUICK" ]; then
	_rounds=1
	_packets=20
	_ticks=2
else
	_rounds=5
	_packets=40
	_ticks=5
fi

# latency packets pause_ms: ms, the median in MS, and in HIGH what 19 of 20 do
# not exceed.
latency() {
	rm -f "$DIR/times" "$DIR/stamps"
	SEND_TIMES=$DIR/times "$DIR/send" "$HERE" "$1" 1 "$2" >/dev/null ||
	    exit 1
	_tries=300
	until [ "$(cat "$DIR/stamps" 2>/dev/null | wc -l)" -eq "$1" ]; do
		[ $((_tries -= 1)) -gt 0 ] || fail "no command for a packet"
		sleep 0.1
	done
	paste "$DIR/times" "$DIR/stamps" |
	    awk '{ print ($2 - $1) / 1000 }' | sort -n >"$DIR/sorted"
	MS=$(awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }' \
	    "$DIR/sorted")
	HIGH=$(awk '{ v[NR] = $1 } END { print v[int(NR * 19 / 20)] }' \
	    "$DIR/sorted")
}

stamp_conf() {
	cat >"$DIR/conf.stamp" <<END
rule stamp {
	user root
	interface $THERE
	command "$DIR/stamp" "$DIR/stamps"
	$1
}
END
	chmod 600 "$DIR/conf.stamp"
	daemon "$DIR/conf.stamp"
	daemons_ready
}

# tcpdump_loop [flag]: what one writes in the shell.
tcpdump_loop() {
	rm -f "$DIR/pipe"
	mkfifo "$DIR/pipe"
	while read -r _line; do
		case $_line in
		*"length 60"*)
			"$DIR/stamp" "$DIR/stamps" ;;
		esac
	done <"$DIR/pipe" &
	: >"$DIR/ready"
	tcpdump -l -n -i "$THERE" "$@" >"$DIR/pipe" 2>"$DIR/ready" &
	PIDS="$PIDS $!"
	until grep -q listening "$DIR/ready"; do
		kill -0 $! || fail "$(cat "$DIR/ready")"
		sleep 0.01
	done
}

latency_round() {
	stamp_conf "count 1 exact
	immediate"
	latency $_packets 50
	_immediate=$MS
	_high=$HIGH
	end_all
	other "$DIR/bare" "$THERE" "$DIR/stamp" "$DIR/stamps"
	latency $_packets 50
	end_all
	pair latency.bare "$_immediate" "$MS"
	pair latency.high "$_high" "$HIGH"
	# never the same time after a tick
	stamp_conf "count 1 exact"
	latency $_ticks 1370
	_tick=$MS
	end_all
	has tcpdump || {
		pair latency.immediate "$_immediate"
		pair latency.tick "$_tick"
		return
	}
	tcpdump_loop --immediate-mode
	latency $_packets 50
	end_all
	pair latency.immediate "$_immediate" "$MS"
	tcpdump_loop
	latency $_packets 50
	end_all
	pair latency.plain "$_immediate" "$MS"
	pair latency.tick "$_tick" "$MS"
}

heading "Packet to first instruction of a command, ms; B: something else"
row latency.bare "immediate; B: a bare loop of recv, fork, exec" %.2f "R<=3"
row latency.high "19 of 20 at most; B: the same of the bare loop" %.2f "R<=3"
row latency.immediate "immediate; B: tcpdump -l --immediate-mode" %.2f
row latency.plain "immediate; B: tcpdump -l" %.2f
row latency.tick "at the tick; B: tcpdump -l" %.2f

_round=0
while [ $((_round += 1)) -le $_rounds ]; do
	latency_round
done
