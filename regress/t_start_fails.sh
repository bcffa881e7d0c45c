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

# A command that cannot be started for the moment takes no packet; the rule
# says so once and tries again.  Here its user has as many processes as may be,
# so that execve(2) fails; and the program is being written.

. "$(dirname "$0")/lib.sh"
[ "$SYSTEM" = Linux ] || skip "needs prlimit(1) and setpriv(1)"
command -v prlimit >/dev/null || skip "no prlimit(1)"
command -v setpriv >/dev/null || skip "no setpriv(1)"
need_daemon
pair_create IN OUT

# An id that nobody else has: its processes are counted on the whole system.
user=games
[ "$(id -u "$user" 2>/dev/null)" ] || skip "no user $user"
[ -z "$(ps -o pid= -u "$user")" ] || skip "user $user has processes"
conf <<END
user $user
rule "every" {
	interface $IN
	count 2 exact
	command "$TOOLS/record" "$DIR/every"
}
rule plain {
	interface $IN
	wait 2
	command "$TOOLS/record" "$DIR/plain"
}
END
for file in every plain; do
	: >"$DIR/$file"
	chmod 666 "$DIR/$file"
done

under=$UNDER
UNDER="$UNDER prlimit --nproc=1"
$IN_NET setpriv --reuid=$user --clear-groups --regid=$user sleep 1000 &
one=$!
$IN_NET setpriv --reuid=$user --clear-groups --regid=$user sleep 1000 &
SENDER=$!
wait_until '[ "$(ps -o pid= -u $user | wc -l)" -eq 2 ]' 5 || fail "no processes"
start_daemon
send_frames "$OUT" 7
said='cannot be executed, trying again: Resource temporarily'
wait_logged "\"every\": $said" 1 5
wait_logged "\"plain\": $said" 1 5
next_tick
next_tick
same "1 1" "$(logged "\"every\": $said") $(logged "\"plain\": $said")" \
    "how often each rule says so"
# between two tries: during one, it has taken its packets
for rule in every plain; do
	wait_until 'ask $rule
	    [ "$TOTAL $TALLY $RUNS $FAILURES" = "7 7 0 0" ]' 5 ||
	    fail "total, tally, runs and failures of $rule:" \
		"$TOTAL $TALLY $RUNS $FAILURES"
done
kill "$one" "$SENDER"
wait "$one" "$SENDER"
SENDER=
wait_lines "$DIR/every" 3 5
wait_lines "$DIR/plain" 1 5
ask every
same "7 1 3 0" "$TOTAL $TALLY $RUNS $FAILURES" \
    "total, tally, runs and failures of every at the end"
same "1 7" "$(awk '{ print $4, $5 }' "$DIR/plain")" \
    "number and packets of the run of plain"
stop_daemon

# Text file busy.
UNDER=$under
cp "$TOOLS/record" "$DIR/busy"
conf <<END
user root
rule "busy" {
	interface $IN
	count 2 exact
	command "$DIR/busy" "$DIR/busy.runs"
}
END
start_daemon
exec 9>>"$DIR/busy"
send_frames "$OUT" 5
wait_logged '"busy": cannot be executed, trying again: Text file busy' 1 5
ask busy
same "5 0 0" "$TALLY $RUNS $FAILURES" "tally, runs and failures of busy"
exec 9>&-
wait_lines "$DIR/busy.runs" 2 5
ask busy
same "1 2 0" "$TALLY $RUNS $FAILURES" "tally, runs and failures at the end"
stop_daemon
