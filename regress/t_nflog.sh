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

# nflog:GROUP counts exactly what a firewall rule logs to the group, also when
# the kernel could not deliver all of it, and wakes nobody for each packet.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nflog.sh"

conf <<END
user root
rule thousand {
	interface nflog:5
	count 1000 exact
	command "$TOOLS/record" "$DIR/thousand"
}
END
start_daemon
ENGINE=$(engine_pid)

send_frames "$OUT" 25
await_total thousand 25

before=$(wakeups "$ENGINE")
send_frames "$OUT" 100000
await_total thousand 100025
woken=$(($(wakeups "$ENGINE") - before))
within 1 "$woken" 5000 "wake-ups of the engine for 100000 packets"

# An engine that sleeps while the socket's buffer overflows.
kill -STOP "$ENGINE"
send_frames "$OUT" 300000
sleep 0.5
kill -CONT "$ENGINE"
next_tick
send_frames "$OUT" 1
await_total thousand 400026

# A reload keeps the group's numbers.
kill -HUP "$DAEMON"
send_frames "$OUT" 974
wait_until '[ "$(lines "$DIR/thousand")" -ge 401 ]' 10 ||
    fail "$(lines "$DIR/thousand") runs, not 401"
await_total thousand 401000

# Another program cannot have the group meanwhile; a daemon waits for it.
message() {
	in_net "$@" "$BPFSTATSD" -i nflog:5 true 2>&1 | sed 's/.*: //'
}
same "another program has this group" "$(message env)" "a second program"
if command -v setpriv >/dev/null; then
	message setpriv --bounding-set=-net_admin |
	    grep -q 'cap_net_admin' || fail "without the capability"
fi
$IN_NET "$BPFSTATSD" -d -s "$DIR/other.sock" -f "$CONF" >"$DIR/second" 2>&1 </dev/null &
SENDER=$!
wait_until 'grep -q "another program" "$DIR/second"' 5 ||
    fail "a second daemon: $(cat "$DIR/second")"
stop_daemon
wait_until 'grep -q "nflog:5: counting" "$DIR/second"' 5 ||
    fail "a second daemon does not get the group: $(cat "$DIR/second")"
kill "$SENDER"
wait "$SENDER" || fail "a second daemon: $(cat "$DIR/second")"
SENDER=
