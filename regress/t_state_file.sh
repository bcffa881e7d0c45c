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


# The file of the state: damaged, foreign, missing, locked, where it cannot be
# written, on a disk that is full or does not answer.  It costs no more than
# what was lost with it, is said, and holds up nobody.
#
# slow: a disk that does not answer has ten seconds

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
mkdir -m 700 "$DIR/state"
STATE=$DIR/state/state

conf <<END
user root
state "$STATE"
rule a {
	interface $IN
	command "/bin/sh" "-c" "echo a >>$DIR/runs"
	idle 1h "/usr/bin/true"
}
rule b {
	interface $IN
	count 10
	wait 60
	command "/bin/sh" "-c" "echo b >>$DIR/runs"
}
END
cp "$CONF" "$DIR/good"

# how: both rules, total, tally, runs, and whether on
how() {
	ctl -j show | sed -n 's/.*"rule": "\([^"]*\)".*"tally": \([0-9]*\), "total": \([0-9]*\), "runs": \([0-9]*\),.*"on": \([a-z]*\),.*/\1 \3 \2 \4 \5/p' |
	    tr '\n' ' '
}
# restored expected pattern what: how they stand and what the log says.
restored() {
	start_daemon
	same "$1" "$(how)" "$3"
	if [ -n "$2" ]; then
		same 1 "$(logged "$2")" "lines about $3"
	else
		same "" "$(cat "$LOG")" "what is said of $3"
	fi
	kill -KILL "$DAEMON" $(engine_pid)
	wait "$DAEMON" 2>/dev/null
	DAEMON=
}
now=$(date +%s)
a="a $IN both count on 7 0 3 1 0 - $now -"
b="b $IN both count off 7 4 2 1 1 $now $now -"
state() {
	printf '%s\n' "$@" >"$STATE"
	chmod 600 "$STATE"
}
both="a 7 0 1 true b 7 4 1 null "

restored "a 0 0 0 false b 0 0 0 null " "" "no file"
state "bpfstatsd state 1" "$a" "$b"
restored "$both" "" "a good one"

# Lines: each costs itself.
i=0
for bad in "a $IN both count" "" "a $IN both count on 7 0 3 1 0 -" \
    "${a% *}" "$a x" "nonsense" \
    "a $IN both count yes 7 0 3 1 0 - $now -" \
    "a $IN both count on -7 0 3 1 0 - $now -" \
    "a $IN both count on 99999999999999999999 0 3 1 0 - $now -" \
    "a $IN both count on 7 8 3 1 0 - $now -" \
    "a $IN both count on 7 0 8 1 0 - $now -" \
    "a $IN both count on 7 0 3 1.5 0 - $now -" \
    "a $IN both count on 7 0 3 1 0 0x9 $now -" \
    "a $IN both count on 7 0 3 1 0 - 99999999999999999999 -" \
    "a $IN  both count on 7 0 3 1 0 - $now -" \
    "$(printf 'a\tb')" "$(printf '\377\001\033[2J')"; do
	state "bpfstatsd state 1" "$bad" "$b"
	case $bad in
	*" x")	pattern= ;;		# another filter: another rule
	*)	pattern="^$STATE:2: damaged: ignored\$" ;;
	esac
	restored "a 0 0 0 false b 7 4 1 null " "$pattern" "'$bad'"
done
# The end, the head, all of it, and too much.
printf 'bpfstatsd state 1\n%s\n%s' "$a" "${b%??????????????}" >"$STATE"
restored "a 7 0 1 true b 0 0 0 null " "^$STATE:3: damaged" "half a line"
printf '\000%s\n%s\n%s\n' "bpfstatsd state 1" "$a" "$b" >"$STATE"
restored "$both" "^$STATE:1: damaged: ignored" "a head with a NUL"
: >"$STATE"
restored "a 0 0 0 false b 0 0 0 null " "^$STATE: empty: nothing is restored" \
    "an empty file"
awk 'BEGIN { for (i = 0; i < 5000; i++) print "rubbish", i }' >"$STATE"
restored "a 0 0 0 false b 0 0 0 null " \
    "^$STATE: 4990 more damaged lines: ignored" "rubbish"
same 10 "$(logged ':[0-9]*: damaged')" "lines about rubbish"

# Times: one of the future counts as now, one of long ago is over.
state "bpfstatsd state 1" "$a" \
    "b $IN both count off 7 4 2 1 1 9000000000 $now -"
start_daemon
ctl -j show b | grep -Eq '"next": (60|5[0-9]),' ||
    fail "a future start: $(ctl -j show b)"
send_frames "$OUT" 20
await_total b 27
next_tick
same 0 "$(lines "$DIR/runs")" "runs within its wait"
stop_daemon
state "bpfstatsd state 1" "$a" "b $IN both count off 7 4 2 1 1 1 1 -"
start_daemon
ctl -j show b | grep -q '"next": 0,' || fail "an old one: $(ctl -j show b)"
# the largest numbers that there are
state "bpfstatsd state 1" "$a" "b $IN both count off 18446744073709551615 \
18446744073709551615 18446744073709551615 18446744073709551615 \
18446744073709551615 9223372036 9223372036854775807 -"
stop_daemon
state "bpfstatsd state 1" "$a" "b $IN both count off 18446744073709551615 \
18446744073709551615 18446744073709551615 18446744073709551615 \
18446744073709551615 9223372036 9223372036854775807 -"
start_daemon
same "b 18446744073709551615 0 18446744073709551615 null" \
    "$(how | sed -e 's/.* b/b/' -e 's/ $//')" "the largest numbers"
stop_daemon

# Whose it is.
state "bpfstatsd state 1" "$a" "$b"
chown nobody "$STATE"
restored "a 0 0 0 false b 0 0 0 null " \
    "state: $STATE: owner is neither root .*: nothing is restored" "a foreign file"
state "bpfstatsd state 1" "$a" "$b"
chown root "$STATE"
chmod 666 "$STATE"
restored "a 0 0 0 false b 0 0 0 null " "state: $STATE: .* writable: .*" \
    "one for all"
chmod 600 "$STATE"
rm "$STATE"
mkdir "$STATE"
restored "a 0 0 0 false b 0 0 0 null " \
    "state: $STATE: not a regular file: nothing is kept" "a directory"
rmdir "$STATE"
ln -s "$STATE" "$STATE"
restored "a 0 0 0 false b 0 0 0 null " "state: $STATE: .*: nothing is kept" \
    "a link to itself"
[ -h "$STATE" ] || fail "something is kept there"
rm "$STATE"
mkfifo "$STATE"
restored "a 0 0 0 false b 0 0 0 null " "state: $STATE: not a regular file" \
    "a named pipe"
rm "$STATE"

# writes what: it is written again.
writes() {
	[ ! -e "$STATE" ] || mv "$STATE" "$STATE.old"
	ctl reset a >/dev/null || fail "reset"
	wait_until '[ -f "$STATE" ]' 10 || fail "$1: nothing is written"
}
# What is there in place of the new file is ours to remove; nothing else is
# touched, and nobody's link is followed.
start_daemon
echo precious >"$DIR/precious"
ln -s "$DIR/precious" "$STATE.new"
writes "a link"
same precious "$(cat "$DIR/precious")" "another file"
mkdir "$STATE.new"
ctl reset a
wait_logged "state: cannot write $STATE.new: " 1 10
rmdir "$STATE.new"
stop_daemon
[ -f "$STATE" ] || fail "nothing is written at the end"

# Two daemons do not share one.
start_daemon
first=$DAEMON
(exec $IN_NET "$BPFSTATSD" -d -s "$DIR/other" -f "$CONF") >"$DIR/out" 2>&1 &&
    fail "two daemons with one file"
same "bpfstatsd: $STATE: another daemon keeps its state there: name another \
file with state" "$(cat "$DIR/out")" "what the second says"
DAEMON=$first
stop_daemon

# Without a directory nothing is kept, which is said; nothing else changes.
mv "$DIR/state" "$DIR/away"
start_daemon
same 1 "$(logged "state: $STATE.lock: No such file .*: nothing is kept")" \
    "lines about no directory"
send_frames "$OUT" 1
await_total a 1
stop_daemon
[ ! -e "$DIR/state" ] || fail "it made a directory"
mv "$DIR/away" "$DIR/state"

# A disk that does not answer: the daemon goes on, and ends in time.
cat >"$DIR/slow.c" <<'END'
#include <unistd.h>
#include <stdlib.h>

int
fsync(int fd)
{
	while (access(getenv("SLOW"), F_OK) == 0)
		usleep(50000);
	return 0;
}
END
if [ "$SYSTEM" = Linux ] && ! sanitized &&
    ${CC:-cc} -shared -fPIC -o "$DIR/slow.so" "$DIR/slow.c" 2>/dev/null; then
	# the environment is the library's alone: the program clears it
	sed -i "s,getenv(\"SLOW\"),\"$DIR/slow\"," "$DIR/slow.c"
	${CC:-cc} -shared -fPIC -o "$DIR/slow.so" "$DIR/slow.c" ||
	    fail "slow.c"
	launch env LD_PRELOAD="$DIR/slow.so" \
	    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
	alive
	touch "$DIR/slow"
	ctl reset a
	wait_until '[ -n "$(children)" ]' 10 || fail "it does not write"
	rm -f "$DIR/runs"
	ctl run b >/dev/null || fail "it is held up"
	wait_lines "$DIR/runs" 1 5
	wait_until '[ -z "$(children)" ]' 15 || fail "it is not given up"
	same 1 "$(logged 'state: cannot write .*took too long')" "lines"
	began=$(now_ms)
	kill -TERM "$DAEMON"
	await_end 5
	same 0 "$ENDED" "its status"
	same 1 "$(logged "state: $STATE takes too long")" "lines at the end"
	rm "$DIR/slow"
fi

# A full disk: the old file stays, and a new one comes when there is room.
unshare -m true 2>"$DIR/err" || exit 0
command -v mount >/dev/null || exit 0
[ "$SYSTEM" = Linux ] || exit 0
: >"$LOG"
(exec $IN_NET unshare -m --propagation private sh -c '
	mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" &&
	    : >"$1/state.lock" && chmod 600 "$1/state.lock" &&
	    exec "$2" -d -s "$3" -f "$4"
    ' sh "$DIR/state" "$BPFSTATSD" "$SOCKET" "$CONF") >"$LOG" 2>&1 </dev/null &
DAEMON=$!
wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 20
alive
disk=/proc/$DAEMON/root$DIR/state
ctl run a >/dev/null || fail "run"
wait_until 'grep -q "^a .* on " "$disk/state"' 10 || fail "not written"
dd if=/dev/zero of="$disk/ballast" bs=4096 2>/dev/null
inode=$(ls -i "$disk/state")
ctl run a idle >/dev/null || fail "run idle"
wait_logged "state: cannot write $STATE.new: No space left on device" 1 10
same "$inode" "$(ls -i "$disk/state")" "the old file"
[ ! -e "$disk/state.new" ] || fail "half a file stays"
rm "$disk/ballast"
ctl reset b
wait_until 'grep -q "^a .* off " "$disk/state"' 10 || fail "not written again"
same 1 "$(logged 'state: written again')" "lines about that"
# one that nobody can write to
nsenter -t "$DAEMON" -m mount -o remount,ro "$DIR/state" 2>/dev/null || {
	stop_daemon
	exit 0
}
ctl run a >/dev/null || fail "run"
wait_logged "state: cannot write $STATE.new: Read-only" 1 10
stop_daemon
