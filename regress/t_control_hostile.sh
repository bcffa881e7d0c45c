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

# Hostile clients of the control socket: a hundred that say nothing, too much,
# too little, take no answer, or hang up, while packets come and commands run.
# Every packet counts, nothing grows, and who asks properly is answered.
#
# slow: clients have five seconds

. "$(dirname "$0")/lib.sh"
need_daemon
seconds=${SECONDS_OF_CLIENTS:-8}
pair_create IN OUT

# enough rules for an answer that does not fit into a socket
{
	echo 'user root'
	cat <<-END
	rule each {
		interface $IN
		count 50 exact
		command "/usr/bin/true"
	}
	rule now {
		interface $IN
		immediate
		count 1000
		command "/usr/bin/true"
	}
	END
	awk -v interface="$IN" 'BEGIN {
		for (i = 0; i < 5000; i++)
			printf("rule rule%d {\n\tinterface %s\n" \
			    "\tcount 1000000000\n\tcommand \"/bin/true\"\n}\n",
			    i, interface)
	}'
} | conf
start_daemon

# asks: an answer; who says nothing for long enough has no place to defend, but
# among so many an honest client may lose its own.
asks() {
	ctl show each >"$DIR/out" 2>"$DIR/err"
}
wait_until asks 10 || fail "no answer: $(cat "$DIR/err")"

# Before anything is measured, as many whole answers as there can be at a time,
# and rounds of all: memory that was used may be kept, so what counts is the
# most that it took.
"$TOOLS/clients" "$SOCKET" 8 3 greedy >"$DIR/clients"
[ "$(cat "$DIR/clients")" -ge 8 ] || fail "eight are not let in"
most=$(resident "$DAEMON")
for round in 1 2 3; do
	"$TOOLS/clients" "$SOCKET" 100 2 >"$DIR/clients"
	memory=$(resident "$DAEMON")
	[ "$memory" -le "$most" ] || most=$memory
	wait_until asks 10 || fail "no answer: $(cat "$DIR/err")"
done
sleep 6					# for the last of them
open=$(descriptors "$DAEMON")

start_sender "$OUT" 20 10
"$TOOLS/clients" "$SOCKET" 100 "$seconds" >"$DIR/clients" &
clients=$!
answers=0
while running $clients; do
	asks && answers=$((answers + 1))
	within 0 "$(descriptors "$DAEMON")" $((open + 20)) "descriptors"
	sleep 0.2
done
wait $clients || fail "the clients"
stop_sender
note "$(cat "$DIR/clients") connections, $answers answers"
# more than are served at a time, so that places were taken
[ "$(cat "$DIR/clients")" -gt 16 ] || fail "few were let in"
[ "$answers" -gt 0 ] || fail "nobody was answered"
wait_until asks 10 || fail "no answer afterwards: $(cat "$DIR/err")"

# all packets, and what runs took
await_total each "$SENT"
wait_until 'ask each && [ "$TALLY" -lt 50 ]' 20 || fail "a backlog: $TALLY"
same "$SENT" $((RUNS * 50 + TALLY)) "packets of each"
same 0 "$FAILURES" "failures"
await_total now "$SENT"

# none is left after its time
wait_until '[ "$(descriptors "$DAEMON")" -le "$open" ]' 10 ||
    fail "descriptors: $open, now $(descriptors "$DAEMON")"
memory=$(resident "$DAEMON")
note "kilobytes: $most before, then $memory"
sanitized || within 0 "$memory" $((most + 1024)) "kilobytes"
alive
stop_daemon
