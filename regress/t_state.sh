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


# What outlives a restart: whether a rule is on, its numbers, the remainder of
# its tally, and its wait; over a regular end, a power loss and a reload.  What
# was owed is not made up, what another rule of the name had is not taken.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
mkdir -m 700 "$DIR/state"
STATE=$DIR/state/state

# rules idle: the time of silence.  It is long until silence is wanted, so that
# a slow machine makes none.
rules() {
	cat <<END
user root
state "$STATE"
rule camera {
	interface $IN
	command "/bin/sh" "-c" "echo on >>$DIR/runs"
	idle $1 "/bin/sh" "-c" "echo off \$BPFSTATSD_PACKETS \$(date +%s) >>$DIR/runs"
}
rule each {
	interface $IN
	count 10 exact
	command "/usr/bin/true"
}
rule waits {
	interface $IN
	count 5
	wait 100d
	command "/usr/bin/true"
}
rule few {
	interface $IN
	below 1 within 100d
	command "/usr/bin/true"
}
rule many {
	interface $IN
	count 30 within 100d
	command "/usr/bin/true"
}
rule some {
	interface $IN
	filter "len >= 1 or\\n  ip"
	count 10 exact
	command "/usr/bin/true"
}
END
}
rules 100d >"$DIR/good"
rules 3s >"$DIR/silent"
conf <"$DIR/good"

# numbers rule: total, tally, runs, failures, and whether it is on.
numbers() {
	ctl show "$1" | awk 'NR == 2 {
		n = NF
		while ($n !~ /^(on|off|-)$/ || $(n - 1) !~ /^[0-9]+$/)
			n--
		print $(n - 3), $(n - 4), $(n - 2), $(n - 1), $n
	}'
}
all() {
	for _rule in camera each some waits few many; do
		echo "$_rule $(numbers "$_rule")"
	done
}
# as written rule: the same as it stands in the file
written() {
	awk -v rule="$1" '$1 == rule { print $6, $7, $9, $10, $5 }' "$STATE"
}
# the last run, without the time
last() {
	tail -n 1 "$DIR/runs" | cut -d ' ' -f 1-2
}
crash() {
	kill -KILL "$DAEMON" $(engine_pid)
	wait "$DAEMON"
	DAEMON=
}

start_daemon
[ ! -e "$STATE" ] || fail "a state of nothing"
send_frames "$OUT" 17
await_total each 17
wait_until '[ "$(numbers each)" = "17 7 1 0 -" ]' 10 || fail "$(numbers each)"
wait_until '[ "$(numbers waits)" = "17 0 1 0 -" ]' 10 ||
    fail "$(numbers waits)"
wait_until '[ "$(written camera)" = "17 0 1 0 on" ]' 10 ||
    fail "on: $(cat "$STATE")"
same "-rw-------" "$(ls -l "$STATE" | cut -c 1-10)" "its mode"
send_frames "$OUT" 8
await_total each 25
wait_until '[ "$(numbers some)" = "25 5 2 0 -" ]' 10 || fail "$(numbers some)"
before=$(all)
stop_daemon
same "camera 25 0 1 0 on
each 25 5 2 0 -
some 25 5 2 0 -
waits 25 8 1 0 -
few 25 25 0 0 -
many 25 25 0 0 -" "$before" "before the restart"

# Silence begins with the start, the wait goes on.  Of the tallies there is
# what nothing was due for.
began=$(date +%s)
start_daemon
same "camera 25 0 1 0 on
each 25 5 2 0 -
some 25 5 2 0 -
waits 25 0 1 0 -
few 25 0 0 0 -
many 25 0 0 0 -" "$(all)" "after the restart"
ctl -j show waits | grep -q '"next": 86[0-9]*,' ||
    fail "its wait: $(ctl -j show waits)"
same on "$(cat "$DIR/runs")" "runs until then"
conf_swap "$DIR/silent"
reload
wait_lines "$DIR/runs" 2 10
set -- $(cat "$DIR/runs")
same "on off 8" "$1 $2 $3" "runs after silence"
[ $(($4 - began)) -ge 3 ] || fail "off $(($4 - began)) s after the start"
# off is written, too, and nothing is while nothing changes
wait_until '[ "$(written camera)" = "25 0 2 0 off" ]' 10 ||
    fail "off: $(cat "$STATE")"
inode=$(ls -i "$STATE")
next_tick
same "$inode" "$(ls -i "$STATE")" "the file, while nothing happens"
conf_swap "$DIR/good"
reload
send_frames "$OUT" 5
await_total each 30
wait_until '[ "$(numbers each)" = "30 0 3 0 -" ]' 10 || fail "$(numbers each)"
wait_until '[ "$(written camera)" = "30 0 3 0 on" ]' 10 ||
    fail "on again: $(cat "$STATE")"

# The power goes: what was on is switched off after the next start.
crash
start_daemon
case $(numbers camera) in
"30 0 3 0 on")	;;
*)	fail "camera: $(numbers camera)" ;;
esac
same 3 "$(lines "$DIR/runs")" "runs until then"
conf_swap "$DIR/silent"
reload
wait_lines "$DIR/runs" 4 10
same "off 0" "$(last)" "after a loss of power"
# while its command runs nobody knows: it may be on
sed 's/echo on >>\(.*\)"$/echo on >>\1; exec sleep 100"/' "$DIR/good" >"$CONF.x"
conf_swap "$CONF.x"
reload
wait_until '[ "$(written camera)" = "30 0 4 0 off" ]' 10 ||
    fail "after a reload: $(cat "$STATE")"
send_frames "$OUT" 1
wait_lines "$DIR/runs" 5 10
wait_until '[ "$(written camera)" = "31 0 5 0 failed" ]' 10 ||
    fail "switching on: $(cat "$STATE")"
sleeps=$(children)
crash
kill -KILL "$sleeps"
conf_swap "$DIR/silent"
start_daemon
wait_lines "$DIR/runs" 6 10
same "off 0" "$(last)" "after a command that did not end"

# Other rules of the same names begin at 0; another number, wait, command or
# user is the same rule.  What has no idle command is off.
sed -e '/^rule each/,/^}/s/interface.*/& \
	direction in/' \
    -e '/^rule some/,/^}/s/len >= 1/len > 1/' \
    -e '/^rule waits/,/^}/s/count 5/count 50/' \
    -e '/^rule few/,/^}/s/below 1/below 2/' \
    -e '/^rule many/,/^}/s/count 30 within 100d/count 3/' \
    "$DIR/good" >"$DIR/other"
conf_swap "$DIR/good"
reload
ctl run camera >/dev/null || fail "on"
stop_daemon
conf_swap "$DIR/other"
start_daemon
same "camera 31 0 6 0 on
each 0 0 0 0 -
some 0 0 0 0 -
waits 31 0 1 0 -
few 31 0 0 0 -
many 0 0 0 0 -" "$(all | sed 's/^\(waits [0-9]*\) [0-9]*/\1 0/')" \
    "with other rules"
sed '/idle/d' "$DIR/other" >"$DIR/plain"
conf_swap "$DIR/plain"
stop_daemon
start_daemon
same - "$(numbers camera | awk '{ print $5 }')" "without an idle command"
conf_swap "$DIR/other"
stop_daemon
start_daemon
same off "$(numbers camera | awk '{ print $5 }')" "with one again"

# Another place is for the next start.
sed "s,^state.*,state \"$DIR/state/other\"," "$DIR/good" >"$DIR/moved"
conf_swap "$DIR/moved"
reload
same 1 "$(logged 'state is not changed by a reload')" "warnings"
stop_daemon
[ ! -e "$DIR/state/other" ] || fail "a reload moved it"

# None: no file, and none of the system's for a second daemon.
rm -rf "$DIR/state/other"
sed "s,^state.*,state none," "$DIR/good" >"$CONF"
start_daemon
same "0 0 0 0 off" "$(numbers camera)" "without a state"
send_frames "$OUT" 20
await_total camera 20
stop_daemon
same "state state.lock" "$(ls "$DIR/state" | tr '\n' ' ' | sed 's/ $//')" \
    "files"
sed "/^state/d" "$DIR/good" >"$CONF"
start_daemon
same "0 0 0 0 off" "$(numbers camera)" "by default with -s"
stop_daemon
# -t reads and writes none
conf <"$DIR/good"
inode=$(ls -i "$STATE")
launch "$BPFSTATSD" -t -f "$CONF"
alive
send_frames "$OUT" 1
wait_until 'grep -q "\"camera\": run 1: " "$LOG"' 10 || fail "-t"
stop_daemon
same "$inode" "$(ls -i "$STATE")" "the file after -t"
