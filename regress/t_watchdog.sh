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


# The watchdog of a service manager hears twice in its time that the parent and
# its engine work, whatever the rules are; while the engine hangs it does not.
# Nobody who has not asked for it is told.
#
# slow: an engine that hangs is given five seconds, twice

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
[ "$SYSTEM" = Linux ] || skip "only Linux has systemd"
need_daemon
pair_create IN OUT

# rules immediate
rules() {
	cat <<END
user root
rule a {
	interface $IN
	count 1000000
	$1
	command "/usr/bin/true"
}
END
}
rules "" >"$DIR/ticks"
rules immediate >"$DIR/none"
echo "# nothing" >"$DIR/empty"
conf <"$DIR/ticks"

${CC:-cc} -o "$DIR/notified" "$REGRESS/tools/notified.c" || fail "notified.c"
"$DIR/notified" -t "$DIR/notify" >"$DIR/messages" &
SENDER=$!
wait_until '[ -S "$DIR/notify" ]' 5 || fail "no socket"

# told: how often.
told() {
	grep -c '^WATCHDOG=1$' "$DIR/messages"
}
# hears number what: it is told so often from now on.
hears() {
	_told=$(told)
	wait_until '[ "$(told)" -ge '$((_told + $1))' ]' $(($1 * 2)) ||
	    fail "$2: told $(($(told) - _told)) times, not $1"
}
# watched pid: the daemon, with a watchdog of two seconds for this process.
watched() {
	launch sh -c 'export WATCHDOG_PID='"$1"'; exec "$@"' sh \
	    env NOTIFY_SOCKET="$DIR/notify" WATCHDOG_USEC=2000000 \
	    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
	alive
}
# The longest time between two that came after so many lines.
longest() {
	tail -n +"$1" "$DIR/messages" | awk '
		/^[0-9]+$/ { time = $1 }
		$0 == "WATCHDOG=1" {
			if (last && time - last > longest)
				longest = time - last
			last = time
		}
		END { print longest + 0 }'
}
# hangs what: the engine does; until there is another nobody is told.
hangs() {
	hears 1 "$1"
	_from=$(lines "$DIR/messages")
	_dead=$(logged 'no sign of life')
	kill -STOP "$(engine_pid)"
	wait_logged 'no sign of life' $((_dead + 1)) 20
	wait_until 'engine_pid >/dev/null' 10 || fail "$1: no new engine"
	hears 2 "$1, a new engine"
	_longest=$(longest $((_from - 2)))
	[ "$_longest" -ge 1900 ] ||
	    fail "$1: told each $_longest ms though the engine hung"
}

watched '$$'
hears 6 "rules that wait for the tick"
hangs "rules that wait for the tick"
conf_swap "$DIR/none"
reload
hears 8 "immediate rules"
hangs "immediate rules"
conf_swap "$DIR/empty"
reload
hears 8 "no rules"
# a parent that is stopped says nothing
kill -STOP "$DAEMON"
before=$(told)
sleep 3
same "$before" "$(told)" "what a stopped parent says"
kill -CONT "$DAEMON"
hears 2 "after that"
stop_daemon

# Meant for another, or not asked for.
conf_swap "$DIR/ticks"
before=$(told)
ready=$(grep -c '^READY=1$' "$DIR/messages")
watched 1
wait_until '[ "$(grep -c "^READY=1$" "$DIR/messages")" -gt "$ready" ]' 10 ||
    fail "not ready"
sleep 3
same "$before" "$(told)" "what another's watchdog hears"
stop_daemon
