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

# As process 1 of a container: what commands leave behind is buried, signals
# arrive, those that a command sends as well, and the container ends with
# bpfstatsd, by its status, in each of its forms.

. "$(dirname "$0")/lib.sh"
[ "$SYSTEM" = Linux ] || skip "only Linux has these containers"
need_daemon
$IN_NET unshare -p -f --mount-proc true 2>"$DIR/err" ||
    skip "no process namespace: $(cat "$DIR/err")"
pair_create IN OUT
conf <<END
user root
rule orphans {
	interface $IN
	immediate
	count 1 exact
	command "/bin/sh" "-c" "(sleep 0.1; echo >>$DIR/orphans) & \
echo >>$DIR/runs"
}
rule signals {
	interface $IN
	count 100
	command "/bin/sh" "-c" "kill -USR1 1"
}
END

child_of() {
	ps -A -o pid= -o ppid= -o args= | awk -v ppid="$1" '
		$2 == ppid && !/: engine/ {
			print $1
			found = 1
		}
		END { exit !found }'
}

# contain argument ...: bpfstatsd as process 1; its number here is FIRST.
contain() {
	: >"$LOG"
	$IN_NET unshare -p -f --mount-proc "$TOOLS/unignore" "$BPFSTATSD" \
	    "$@" >"$LOG" 2>&1 </dev/null &
	SENDER=$!
}
# it_counts: both its processes run.
it_counts() {
	wait_until 'FIRST=$(child_of "$SENDER") &&
	    DAEMON=$(child_of "$FIRST") && engine_pid >/dev/null' 20 ||
	    fail "it does not start in a container"
}
# ends status what
ends() {
	DAEMON=
	wait_until '! running "$SENDER"' 20 || fail "$2: it does not end"
	wait "$SENDER"
	same "$1" $? "$2: status of the container"
	SENDER=
}

contain -d -s "$SOCKET" -f "$CONF"
it_counts
send_frames "$OUT" 5
wait_lines "$DIR/orphans" 5 20
wait_until '! ps -A -o ppid= -o stat= | grep "^ *$FIRST  *Z"' 20 ||
    fail "zombies: $(ps -A -o pid= -o ppid= -o stat= -o args= |
	awk -v ppid="$FIRST" '$2 == ppid')"
kill -HUP "$FIRST"
wait_until 'grep -q "configuration reloaded" "$LOG"' 20 || fail "no reload"
send_frames "$OUT" 100
wait_until 'grep -q "\"signals\": .* attached, " "$LOG"' 20 ||
    fail "a command cannot signal process 1"
kill -TERM "$FIRST"
ends 0 "after TERM"

contain -d -s "$SOCKET" -f "$CONF"
it_counts
kill -KILL "$DAEMON"
ends 137 "after KILL"

# There is nobody to whom a container could return.
contain -s "$SOCKET" -f "$CONF"
it_counts
kill -USR1 "$FIRST"
wait_until 'grep -q "\"orphans\": .* attached, " "$LOG"' 20 ||
    fail "it does not log to standard error"
kill -INT "$FIRST"
ends 0 "without -d"

contain -i "$IN" -c 3 "$TOOLS/record" "$DIR/record"
it_counts
send_frames "$OUT" 3
wait_lines "$DIR/record" 1 20
kill -HUP "$FIRST"
ends 0 "the one-rule form"

contain -t -f "$CONF"
it_counts
kill -TERM "$FIRST"
ends 0 "-t"

contain -n -f "$CONF"
ends 0 "-n"
echo nonsense >"$CONF"
contain -s "$SOCKET" -f "$CONF"
ends 1 "with a bad file"
