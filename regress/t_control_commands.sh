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

# bpfstatsctl: a reload that answers, runs that somebody asks for, and numbers
# that begin again.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

# ctl_says status output argument ...: what it says on either.
ctl_says() {
	_status=$1
	_output=$2
	shift 2
	ctl "$@" >"$DIR/out" 2>&1
	same "$_status" $? "status of $*: $(cat "$DIR/out")"
	[ "$_output" = - ] || same "$_output" "$(cat "$DIR/out")" "$*"
}

cat >"$DIR/command" <<'END'
echo "$1 $BPFSTATSD_EVENT $BPFSTATSD_PACKETS $BPFSTATSD_RUNS \
$BPFSTATSD_OWED" >>"$2/runs"
until [ -f "$2/go" ]; do sleep "${3:-0.1}"; done
[ ! -f "$2/fail" ]
END
rules() {
	cat <<END
user root
timeout none
rule plain {
	interface $IN
	count 10
	wait 100d
	command "/bin/sh" "$DIR/command" "plain" "$DIR"
}
rule each {
	interface $IN
	count 4 exact
	command "/bin/sh" "$DIR/command" "each" "$DIR"
}
rule camera {
	interface $IN
	count 100
	wait 100d
	command "/bin/sh" "$DIR/command" "on" "$DIR"
	idle $1 "/bin/sh" "$DIR/command" "off" "$DIR"
}
END
}
rules 1h >"$DIR/good"
rules 2h >"$DIR/other"
touch "$DIR/go"
conf <"$DIR/good"
start_daemon

# on rule: whether it is on.
on() {
	ctl show "$1" | awk 'NR == 2 { print $8 }'
}
runs() {
	cat "$DIR/runs" 2>/dev/null
	rm -f "$DIR/runs"
}

# A run takes nothing and counts nowhere.
send_frames "$OUT" 3
await_total plain 3
ctl_says 0 - run plain
grep -q "^rule \"plain\": manual run of the command, total 3, pid [0-9]*, exit 0\
 after [0-9.]* s, user root$" "$DIR/out" || fail "run: $(cat "$DIR/out")"
grep -qF "$(cat "$DIR/out")" "$LOG" || fail "it is not in the log"
same "plain manual 0 0 0" "$(runs)" "what it is told"
ask plain
same "3 3 0 0" "$TOTAL $TALLY $RUNS $FAILURES" "numbers of plain"
# nor does it begin a wait
send_frames "$OUT" 7
wait_lines "$DIR/runs" 3 10
wait_until '[ "$(lines "$DIR/runs")" -ge 3 ]' 10
grep -q '^plain count 10 1 0$' "$DIR/runs" || fail "plain: $(cat "$DIR/runs")"
rm -f "$DIR/runs"
# with a wait of its own it still runs
ctl_says 0 - run plain
same "plain manual 0 1 0" "$(runs)" "within its wait"
ctl_says 1 "bpfstatsctl: plain: has no idle command" run plain idle
ctl_says 1 "bpfstatsctl: Idle: expected idle" run plain Idle
ctl_says 1 "bpfstatsctl: nix: no such rule" run nix

# One at a time, and what is owed meanwhile comes after it.
rm "$DIR/go"
ctl run each >"$DIR/first" 2>&1 &
first=$!
wait_lines "$DIR/runs" 1 10
ctl_says 1 "bpfstatsctl: each: is running" run each
send_frames "$OUT" 8
await_total each 18
same 1 "$(lines "$DIR/runs")" "runs at a time"
touch "$DIR/go"
wait $first || fail "run each: $(cat "$DIR/first")"
wait_lines "$DIR/runs" 3 10
ask each
same "18 2 4 0" "$TOTAL $TALLY $RUNS $FAILURES" "numbers of exact"
rm "$DIR/runs"
# starts that are owed are not this one's
rm "$DIR/go"
ctl run each >"$DIR/first" 2>&1 &
first=$!
wait_lines "$DIR/runs" 1 10
send_frames "$OUT" 8
await_total each 26
touch "$DIR/go"
wait_lines "$DIR/runs" 3 10
same "each manual 0 4 0 each count 4 5 1 each count 4 6 0 " \
    "$(grep each "$DIR/runs" | tr '\n' ' ')" "what is owed"
wait $first || fail "run each: $(cat "$DIR/first")"

# A failure is one for who asked, and for nobody else.
touch "$DIR/fail"
rm -f "$DIR/runs"
ctl_says 1 - run camera
grep -q '^bpfstatsctl: rule "camera": manual run .* exit 1 ' "$DIR/out" ||
    fail "a failure: $(cat "$DIR/out")"
same off "$(on camera)" "camera after a failure"
ask camera
same "0 0" "$RUNS $FAILURES" "runs and failures"
rm "$DIR/fail"

# On and off by hand.
ctl_says 0 - run camera
same on "$(on camera)" "camera after its command"
ctl_says 0 - run camera idle
grep -q 'manual run of the idle command, total' "$DIR/out" ||
    fail "idle: $(cat "$DIR/out")"
same off "$(on camera)" "camera after its idle command"
same "on manual 0 0 0 on manual 0 0 0 off manual 0 0 0 " \
    "$(runs | tr '\n' ' ')" "what they are told"

# One that is killed by its timeout or by the daemon's end is told.
rm "$DIR/go"
ctl run plain >"$DIR/first" 2>&1 &
first=$!
wait_lines "$DIR/runs" 1 10
pkill -KILL -P "$(children)" 2>/dev/null
kill -KILL "$(children)"
wait $first && fail "killed is fine: $(cat "$DIR/first")"
grep -q 'signal 9' "$DIR/first" || fail "killed: $(cat "$DIR/first")"
touch "$DIR/go"

# Reset: the tally and the numbers, but not whether it is on.
ctl_says 0 - run camera
await_total camera 26
ctl_says 0 "" reset camera
ask camera
same "0 0 0 0" "$TOTAL $TALLY $RUNS $FAILURES" "numbers after a reset"
same on "$(on camera)" "camera after a reset"
ask each
same 26 "$TOTAL" "another rule"
send_frames "$OUT" 5
await_total camera 5
# while it runs: its end gives nothing back and does not count
rm -f "$DIR/go" "$DIR/runs"
touch "$DIR/fail"
wait_until 'ask each && [ "$RUNS" -eq 7 ]' 10 || fail "exact does not run"
ctl_says 0 "" reset each
touch "$DIR/go"
wait_until '[ -z "$(children)" ]' 10 || fail "exact does not end"
ask each
same "0 0 0 0" "$TOTAL $TALLY $RUNS $FAILURES" "exact after a reset"
rm "$DIR/fail"

# A reload answers, with what is wrong or when the new rules count.
conf_swap "$DIR/other"
ctl_says 0 "configuration reloaded: 3 rules" reload
ctl -j show camera | grep -q '"off": 7[12]' ||
    fail "off: $(ctl -j show camera)"
{
	rules 3h
	echo "rule plain {"
	echo "}"
	echo "nonsense"
} >"$CONF"
n=$(grep -c "" "$CONF")
ctl_says 1 - reload
grep -q "^$CONF:$((n - 2)): .*plain" "$DIR/out" &&
    grep -q "^$CONF:$n: .*nonsense" "$DIR/out" ||
    fail "errors: $(cat "$DIR/out")"
same 0 "$(grep -vc "^$CONF:[0-9]*: " "$DIR/out")" "lines that are no error"
ctl -j show camera | grep -q '"off": 7[12]' || fail "the old one is lost"
# what is wrong with a filter is known later
{
	rules 3h
	echo "rule wrong {"
	echo "	filter \"nonsense and so on\""
	echo "	command \"/usr/bin/true\""
	echo "}"
} >"$CONF"
ctl_says 1 - reload
grep -q "^$CONF:$(($(grep -c "" "$CONF") - 2)): filter: " "$DIR/out" &&
    same 1 "$(lines "$DIR/out")" "lines about a filter" ||
    fail "a filter: $(cat "$DIR/out")"
: >"$CONF"
ctl_says 1 "$CONF: empty file, is it being written?" reload
rm "$CONF"
ctl_says 1 "$CONF: No such file or directory" reload
# many who ask at once get an answer each
cp "$DIR/good" "$CONF"
chmod 600 "$CONF"
i=0
asked=
while [ $((i += 1)) -le 8 ]; do
	ctl reload >"$DIR/answer.$i" 2>&1 &
	asked="$asked $!"
done
for pid in $asked; do
	wait "$pid" || fail "one of many: $(cat "$DIR"/answer.*)"
done
same 8 "$(cat "$DIR"/answer.* | grep -cx 'configuration reloaded: 3 rules')" \
    "answers"

# Who is refused because too many wait has begun nothing.  So many commands do
# not look as often for their end, or others do not come to begin.
{
	rules 1h
	awk -v interface="$IN" -v dir="$DIR" 'BEGIN {
		for (i = 0; i < 40; i++)
			printf("rule m%d {\n\tinterface %s\n\tcommand " \
			    "\"/bin/sh\" \"%s/command\" \"m%d\" \"%s\" " \
			    "\"2\"\n}\n",
			    i, interface, dir, i, dir)
	}'
} >"$CONF"
ctl_says 0 "configuration reloaded: 43 rules" reload
rm -f "$DIR/go" "$DIR/runs"
# each has begun or was refused
begun() {
	lines "$DIR/runs"
}
refused() {
	cat "$DIR"/answer.* | grep -cx 'bpfstatsctl: too many clients wait'
}
# eight may ask at a time, and a machine may be slow to let them
i=0
asked=
while [ $i -lt 40 ]; do
	ctl run m$i >"$DIR/answer.$i" 2>&1 &
	asked="$asked $!"
	i=$((i + 1))
	[ $((i % 4)) -eq 0 ] || continue
	wait_until '[ $(($(begun) + $(refused))) -ge $i ]' 10 ||
	    fail "$(begun) begun, $(refused) refused: $(cat "$DIR"/answer.*)"
done
[ "$(refused)" -gt 0 ] || fail "nobody was refused"
next_tick
same 40 $(($(begun) + $(refused))) "begun and refused"
touch "$DIR/go"
failures=0
for pid in $asked; do
	wait "$pid" || failures=$((failures + 1))
done
same "$(refused)" "$failures" "failures of those who asked"
rm -f "$DIR"/answer.*
cp "$DIR/good" "$CONF"
ctl_says 0 "configuration reloaded: 3 rules" reload

# Who waits when it ends is told.
rm -f "$DIR/go" "$DIR/runs"
ctl run plain >"$DIR/first" 2>&1 &
first=$!
wait_lines "$DIR/runs" 1 10
kill -TERM "$DAEMON"
kill -TERM "$DAEMON"
await_end 7
wait $first && fail "ended is fine: $(cat "$DIR/first")"
grep -q 'killed after' "$DIR/first" || fail "at the end: $(cat "$DIR/first")"
same 0 "$ENDED" "exit status of the daemon"
