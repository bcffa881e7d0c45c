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

# A counter that waits for its interface sees silence, one that waits for
# anything else sees nothing.  A rule with below is due while its interface is
# absent, no more when that has come but there is no descriptor to count it
# with, and again when it has gone, but not before its time has passed.  What a
# start takes until it counts is no silence either.
#
# slow: it waits for what must not happen

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
. "$REGRESS/lib_filter.sh"
limit=40		# for ten counters, see raise_limit()
if [ "$SYSTEM" = Linux ] && [ -z "$UNDER" ] &&
    in_net "$TOOLS/tcx" show lo >/dev/null 2>&1; then
	limit=80	# with two descriptors each
fi
{
	echo "user root"
	i=0
	all=
	while [ $i -lt 5 ]; do
		pair_create IN OUT
		all="$all $IN $OUT"
		for if in "$IN" "$OUT"; do
			cat <<-END
			rule on.$if {
				interface $if
				command "/usr/bin/true"
			}
			END
		done
		i=$((i + 1))
	done
} >"$DIR/ten"
pair_create LATE OTHER
pair_destroy "$LATE" "$OTHER"
{
	cat "$DIR/ten"
	cat <<-END
	rule "below" {
		interface $LATE
		below 1 within 3
		command "$TOOLS/record" "$DIR/below"
	}
	END
} | conf

launch sh -c 'ulimit -n '$limit' && exec "$@"' sh "$BPFSTATSD" \
    -d -s "$SOCKET" -f "$CONF"
alive
next_tick
same 0 "$(logged "Too many open files")" "lines about an absent interface"
wait_lines "$DIR/below" 2 10

pair_restore "$LATE" "$OTHER"
wait_logged "Too many open files" 1 5
# one may be on its way; it comes or not while the engine is another one
next_tick
next_tick
before=$(lines "$DIR/below")
next_tick
next_tick
next_tick
same "$before" "$(lines "$DIR/below")" "runs while nobody can count"

ms=$(now_ms)
pair_destroy "$LATE" "$OTHER"
wait_lines "$DIR/below" $((before + 1)) 10
within $((ms + 2900)) "$(sed -n "$((before + 1))s/ .*//p" "$DIR/below")" \
    $((ms + 100000)) "time of the first run without the interface"
stop_daemon

# The helper takes longer than the rule's time; packets come all the while.
program_beside
stand_in <<END
sleep 4
exec "$HELPER" "\$@"
END
conf <<END
user root
rule "filter" {
	interface $IN
	filter "udp"
	command "/usr/bin/true"
}
rule "below" {
	interface $IN
	below 10 within 3
	command "$TOOLS/record" "$DIR/start"
}
END
start_sender "$OUT" 1 20
start_daemon
wait_until 'ask below; [ "$TOTAL" -ge 200 ]' 20 || fail "it does not count"
same 0 "$(lines "$DIR/start")" "runs for what nobody counted"
stop_daemon
stop_sender

# The parent is stopped after its first counter has begun, until the rule's time
# is over: before the engine has looked nobody knows of silence.  So many
# counters leave the time for that, at least on Linux, and so many rules let the
# parent look at the last one before the engine.
set -- $all
{
	echo "user root"
	for if in $all; do
		for direction in in out; do
			for when in "" immediate; do
				echo "$if $direction $when"
			done
		done
	done | awk '{
		for (i = 0; i < 200; i++)
			printf "rule \"%d.%d\" {\ninterface %s\n" \
			    "direction %s\n%s\ncount 1000000000\n" \
			    "command \"/usr/bin/true\"\n}\n",
			    NR, i, $1, $2, $3
	}'
	cat <<-END
	rule "below" {
		interface $1
		below 1 within 3
		command "$TOOLS/record" "$DIR/held"
	}
	END
} | conf
start_sender "$2" 1 20
: >"$LOG"
$IN_NET $UNDER "$BPFSTATSD" -dv -s "$SOCKET" -f "$CONF" >>"$LOG" 2>&1 \
    </dev/null &
DAEMON=$!
wait_logged ": counting, " 1 10
kill -STOP "$DAEMON"
note "stopped with $(logged ": counting, ") counters," \
    "$(logged "engine: pid") engines"
sleep 4
kill -CONT "$DAEMON"
wait_until '[ "$(ctl -j show below 2>/dev/null |
    sed -n "s/.*\"total\": \([0-9]*\),.*/\1/p")" -ge 100 ] 2>/dev/null' 20 ||
    fail "it does not count"
same 0 "$(lines "$DIR/held")" "runs before anybody looked"
stop_daemon
stop_sender
