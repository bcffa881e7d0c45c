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

# A log in a file that cannot grow, because the disk is full or by a limit of
# the file's size: commands run all the same, no signal ends the daemon, and
# no line runs into another.  When there is room the log says how many lines
# it lost.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule runs {
	interface $IN
	immediate
	count 1 exact
	command "/bin/sh" "-c" "exec $TOOLS/record $DIR/runs"
}
END
: >"$DIR/runs"

# runs number: the commands of so many more packets run.
runs() {
	_runs=$(($(lines "$DIR/runs") + $1))
	send_frames "$OUT" "$1"
	wait_lines "$DIR/runs" $_runs 30
	alive
}

# statuses number: ask for the status so often; each is a line.
statuses() {
	_n=$1
	while [ $((_n -= 1)) -ge 0 ]; do
		kill -USR1 "$DAEMON"
		runs 1
	done
}

# full file: it did not grow, is still as it was at the end, and says so when
# there is room, which the second argument makes.
full() {
	_log=$1
	cp "$_log" "$DIR/before"
	statuses 3
	cmp -s "$_log" "$DIR/before" || fail "there was room in the log"
	eval "$2"
	statuses 1
	wait_until 'grep -q "log: [0-9]* lines lost" "$_log"' 20 ||
	    fail "the log does not say that lines were lost"
	# where it was full a line may have been cut, even in its first word
	awk '$0 != "" && index($0, "bpfstatsd: ") != 1 &&
	    index("bpfstatsd: ", $0) != 1 { print; bad = 1 }
	    END { exit bad }' "$_log" && ! grep '.bpfstatsd: ' "$_log" ||
	    fail "lines are mixed"
	grep -A 1 'lines lost' "$_log" | grep -q 'rule "runs": ' ||
	    fail "nothing is logged after that"
	within 3 "$(sed -n 's/.*log: \([0-9]*\) lines lost$/\1/p' "$_log")" 30 \
	    "lines lost"
}

# The size of a file, which commands inherit with its signal: 4 or 8 KB.
{
	ulimit -f 8
	exec $IN_NET "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
} >>"$LOG" 2>&1 </dev/null &
DAEMON=$!
wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 20
alive
i=0
size=
# NetBSD takes a line or nothing, and then a shorter one: that some were lost;
# what was asked for first is answered before the third command runs
while [ "$(wc -c <"$LOG")" != "$size" ]; do
	size=$(wc -c <"$LOG")
	statuses 3
	[ $((i += 1)) -lt 200 ] || fail "the log has no limit"
done
full "$LOG" ': >"$LOG"'
stop_daemon

[ "$SYSTEM" = Linux ] || exit 0

# Commands have the signal as it should be.
conf <<END
user root
rule runs {
	interface $IN
	immediate
	command "/bin/sh" "-c" "grep ^SigIgn /proc/self/status"
}
END
start_daemon
send_frames "$OUT" 1
# (signals 32 and 33, which are the C library's, are as make(1) left them)
wait_until 'grep -q "output: SigIgn:.*[08]0000000$" "$LOG"' 5 ||
    fail "a command does not have all signals"
stop_daemon

# A disk of 64 KB, which is the daemon's alone.
conf <<END
user root
rule runs {
	interface $IN
	immediate
	count 1 exact
	command "/bin/sh" "-c" "exec $TOOLS/record $DIR/runs"
}
END
mkdir "$DIR/disk"
unshare -m true 2>"$DIR/err" || skip "no disk of our own: $(cat "$DIR/err")"
: >"$LOG"
(exec $IN_NET unshare -m --propagation private sh -c '
	mount -t tmpfs -o size=64k tmpfs "$1" &&
	    dd if=/dev/zero of="$1/ballast" bs=4096 count=14 2>/dev/null &&
	    exec "$2" -d -s "$3" -f "$4" >>"$1/log" 2>&1
    ' sh "$DIR/disk" "$BPFSTATSD" "$SOCKET" "$CONF") >"$LOG" 2>&1 </dev/null &
DAEMON=$!
wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 20
alive
disk=/proc/$DAEMON/root$DIR/disk
i=0
size=
while [ "$(wc -c <"$disk/log")" != "$size" ]; do
	size=$(wc -c <"$disk/log")
	statuses 3
	[ $((i += 1)) -lt 200 ] || fail "the disk is never full"
done
within 4096 "$size" 12288 "bytes of the log on a full disk"
full "$disk/log" 'rm "$disk/ballast"'
stop_daemon
