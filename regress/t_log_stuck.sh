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

# A log that is not read holds nothing up, at the start, while commands run, or
# at the end: what it does not take is counted, and reported when it takes
# lines again.  syslogd is a process that is stopped, and so is the reader of
# standard error, which is a pipe, and then a terminal.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
absent=30

# Many lines in the log at the start, and at each USR1.
{
	echo "user root"
	i=0
	while [ $((i += 1)) -le $absent ]; do
		cat <<END
rule absent.$i {
	interface absent$i
	command "/usr/bin/true"
}
END
	done
	cat <<END
rule runs {
	interface $IN
	immediate
	count 1 exact
	command "/bin/sh" "-c" "echo output; exec $TOOLS/record $DIR/runs"
}
END
} | conf
: >"$DIR/runs"

# runs number: the commands of so many more packets run.
runs() {
	_runs=$(($(lines "$DIR/runs") + $1))
	send_frames "$OUT" "$1"
	wait_lines "$DIR/runs" $_runs 30
	alive
}

# ends: it obeys TERM, and leaves nothing behind.
ends() {
	kill -TERM "$DAEMON"
	wait_until '! running "$DAEMON"' 20 || fail "TERM does not end it"
	DAEMON=
}

# freeze: SENDER, which reads, stops until it is told to go on.  NetBSD loses a
# STOP that comes as soon as its sh has begun the process, with vfork(2).
freeze() {
	wait_until 'kill -STOP "$SENDER"
	    case $(ps -o stat= -p "$SENDER") in T*) ;; *) false ;; esac' 20 ||
	    fail "the reader does not stop"
}

# lost file: how many lines were lost, from all that the file says of it.
lost() {
	sed -n 's/.*log: \([0-9]*\) lines lost$/\1/p' "$1" |
	    awk '{ n += $1 } END { print n + 0 }'
}

# told file: while lines come, the file is told that some were lost.
told() {
	_told=$1
	wait_until 'kill -USR1 "$DAEMON" && grep -q "lines lost" "$_told"' 20 ||
	    fail "${1##*/} is not told that lines were lost"
}

# whole file: each line of the file is one that was logged.
whole() {
	! grep -v '^bpfstatsd: ' "$1" && ! grep '.bpfstatsd: ' "$1"
}

# Only -n waits: nothing is missing for a reader that begins a second late.

awk 'BEGIN {
	print "user nobody"
	while (i++ < 3000) {
		printf "rule r%d {\n\tinterface nowhere%d\n", i, i
		print "\tcommand \"/usr/bin/true\"\n}"
	}
}' >"$DIR/absent"
same 3000 "$("$BPFSTATSD" -n -f "$DIR/absent" 2>&1 |
    { sleep 1; grep -c no.such; })" "warnings of a file"

# Standard error: a pipe.

mkfifo "$DIR/pipe"
exec 3<>"$DIR/pipe"
cat <"$DIR/pipe" >"$DIR/read" 3>&- &
SENDER=$!
freeze

# It is filled by a first daemon: a pipe holds at most 64 KB.
launch() {
	$IN_NET "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF" 2>"$DIR/pipe" 3>&- \
	    </dev/null &
	DAEMON=$!
	wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 20
	alive
}
launch
i=0
while [ $((i += 1)) -le 25 ]; do
	kill -USR1 "$DAEMON"
	runs 1
done
ends
# The second finds it full.
launch
runs 20
kill -USR1 "$DAEMON"
runs 1
kill -CONT "$SENDER"
told "$DIR/read"
# The start and a status at least.
[ "$(lost "$DIR/read")" -ge $((2 * absent)) ] ||
    fail "only $(lost "$DIR/read") lines were lost"
whole "$DIR/read" || fail "lines of the pipe are mixed"
# Without a reader it goes on as well, and the next one is told.
kill -KILL "$SENDER"
wait "$SENDER" 2>/dev/null
exec 3>&-
runs 3
exec 3<>"$DIR/pipe"
cat <"$DIR/pipe" >"$DIR/read" 3>&- &
SENDER=$!
ends
exec 3>&-
wait_until 'grep -q "lines lost" "$DIR/read"' 20 ||
    fail "it does not say at its end that lines were lost"
kill -TERM "$SENDER" 2>/dev/null
SENDER=

[ "$SYSTEM" = Linux ] || exit 0

# Standard error: a terminal.

if command -v script >/dev/null; then
	(exec $IN_NET script -q -f -c "exec $BPFSTATSD -d -s $SOCKET -f $CONF" \
	    "$DIR/typescript") >/dev/null 2>&1 </dev/null &
	SENDER=$!
	find_daemon='DAEMON=$(ps -A -ww -o pid= -o ppid= -o args= | awk \
	    -v ppid="$SENDER" -v args=" -d -s $SOCKET -f $CONF" \
	    "\$2 == ppid && index(\$0, args) { print \$1 }") &&
	    [ -n "$DAEMON" ]'
	wait_until "$find_daemon" 20 || fail "no daemon in a terminal"
	wait_until 'engine_pid >/dev/null' 20 || fail "no engine"
	freeze
	i=0
	while [ $((i += 1)) -le 25 ]; do
		kill -USR1 "$DAEMON"
		runs 1
	done
	kill -CONT "$SENDER"
	told "$DIR/typescript"
	ends
	wait_until '! running "$SENDER"' 20
	SENDER=
	tr -d '\r' <"$DIR/typescript" | grep -v -e '^Script ' -e '^$' >"$DIR/read"
	whole "$DIR/read" || fail "lines of the terminal are mixed"
fi

# syslogd.

dev='mount -t tmpfs -o mode=755 tmpfs "$1" &&
    mknod -m 666 "$1/null" c 1 3 && ln -s "$1.log" "$1/log" &&
    mount --move "$1" /dev && shift && exec "$@"'
mkdir "$DIR/dev"
unshare -m --propagation private sh -c "$dev" sh "$DIR/dev" /usr/bin/true \
    2>"$DIR/err" || skip "no /dev of our own: $(cat "$DIR/err")"

${CC:-cc} -o "$DIR/notified" "$REGRESS/tools/notified.c" || fail "notified.c"
# syslogd file: what is logged goes to the file.
syslogd() {
	rm -f "$DIR/dev.log"
	$IN_NET "$DIR/notified" "$DIR/dev.log" >"$1" &
	SENDER=$!
	wait_until '[ -S "$DIR/dev.log" ]' 20 || fail "no syslogd"
}
# received file: lines that syslogd got from the daemon.
received() {
	grep -c '^<[0-9]*>.* bpfstatsd\[[0-9]*\]: ' "$1"
}

syslogd "$DIR/messages"
freeze
# The warnings of the start are more than the socket holds.
$IN_NET unshare -m --propagation private sh -c "$dev" sh "$DIR/dev" \
    "$TOOLS/limit" 30 "$BPFSTATSD" -s "$SOCKET" -f "$CONF" >"$DIR/out" 2>&1 </dev/null
same 0 $? "status of the start"
started=$(lines "$DIR/out")
within $absent "$started" $((absent + 10)) "lines on standard error"
DAEMON=$(ps -A -ww -o pid= -o args= | awk -v args=" -f $CONF" '
    index($0, args) && !/awk/ { print $1 }')
[ -n "$DAEMON" ] || fail "no daemon"
runs 5
kill -USR1 "$DAEMON"
# A run has a line and one of output; and each is received or counted.
total=$((started + 2 * 5 + absent + 1))
wait_until 'running "$DAEMON" && [ -z "$(children)" ]' 20
kill -CONT "$SENDER"
wait_until '[ "$(received "$DIR/messages")" -ge 5 ]' 20 ||
    fail "syslogd got nothing"
runs 1
total=$((total + 2))
wait_until 'grep -q "lines lost" "$DIR/messages"' 20 ||
    fail "syslogd is not told that lines were lost"
wait_until '[ $(($(received "$DIR/messages") - 1 + \
    $(lost "$DIR/messages"))) -eq $total ]' 20 ||
    fail "$(received "$DIR/messages") received with that line, $(lost \
    "$DIR/messages") lost, of $total"
same 1 "$(grep -c 'lines lost' "$DIR/messages")" "lines about lost ones"
grep -q "^<30>[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]\{8\} bpfstatsd\[$DAEMON\]: \
rule \"runs\": output: output$" "$DIR/messages" ||
    fail "not as syslog(3) writes it: $(tail -n 1 "$DIR/messages")"

# Another syslogd in its place gets what comes, and meanwhile it is counted.
kill -KILL "$SENDER"
wait "$SENDER" 2>/dev/null
runs 1
wait_until '[ -z "$(children)" ]' 20
syslogd "$DIR/messages2"
runs 1
wait_until 'grep -q "output: output" "$DIR/messages2"' 20 ||
    fail "a new syslogd gets nothing"
wait_until '[ $(($(received "$DIR/messages2") - 1 + \
    $(lost "$DIR/messages2"))) -eq 4 ]' 20 ||
    fail "of 4 lines: $(cat "$DIR/messages2")"

# TERM while it is stuck; what was lost is said even then.
freeze
kill -USR1 "$DAEMON"
runs 1
ends
kill -CONT "$SENDER"
wait_until '[ "$(received "$DIR/messages2")" -ge 5 ]' 20
kill -KILL "$SENDER"
wait "$SENDER" 2>/dev/null
SENDER=
exit 0
