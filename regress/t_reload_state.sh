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

# What a rule keeps over a reload: an unchanged file changes nothing; a new
# count looks at the tally that is there; a renamed rule begins at 0; a
# command goes on, alone, and is logged even if its rule is gone; on and off
# still take turns.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

# rules name count: with long times, so that a slow machine reaches none.
rules() {
	cat <<END
user root
rule $1 {
	interface $IN
	count $2
	command "$TOOLS/record" "$DIR/named"
}
rule waits {
	interface $IN
	wait 100d
	command "$TOOLS/record" "$DIR/waits"
}
rule power {
	interface $IN
	command "$TOOLS/record" "$DIR/power"
	idle 100d "$TOOLS/record" "$DIR/power"
}
END
}
slow() {
	cat <<END
rule slow {
	interface $IN
	command "/bin/sh" "-c" "until [ -f $DIR/go ] || [ ! -d $DIR ]; do sleep 0.1; done"
}
END
}
{ rules named 50; slow; } >"$DIR/conf.1"
{ rules named 30; slow; } >"$DIR/conf.2"
rules other 30 >"$DIR/conf.3"

conf_swap "$DIR/conf.1"
start_daemon
send_frames "$OUT" 40
wait_lines "$DIR/waits" 1 3
wait_lines "$DIR/power" 1 3
ask slow
case $LAST in
running*)	;;
*)		fail "slow does not run: $LAST" ;;
esac
pid=$(children)

reload
ask named
same "40 40 0" "$TOTAL $TALLY $RUNS" "tally after an unchanged file"
send_frames "$OUT" 1
await_total named 41
same 1 "$(lines "$DIR/waits")" "starts during the wait"
same 1 "$(lines "$DIR/power")" "starts while it is on"
same "$pid" "$(children)" "the command that runs"

conf_swap "$DIR/conf.2"
reload
wait_lines "$DIR/named" 1 2
same "41" "$(awk '{ print $5 }' "$DIR/named")" "packets of the lower count"

conf_swap "$DIR/conf.3"
reload
ask other
same "0 0 0" "$TOTAL $TALLY $RUNS" "a renamed rule"
same "$pid" "$(children)" "the command of the rule that is gone"
conf_swap "$DIR/conf.2"
reload
same "$pid" "$(children)" "its only command when it is back"
touch "$DIR/go"
wait_logged "\"slow\": run 1: .*exit 0" 1 6

# The times that are wanted now count from where they did.
sed -e 's/wait 100d/wait 6/' -e 's/idle 100d/idle 5/' "$DIR/conf.2" \
    >"$DIR/conf.4"
conf_swap "$DIR/conf.4"
reload
wait_lines "$DIR/waits" 2 7
gap=$(awk '{ t[NR] = $1 } END { print t[2] - t[1] }' "$DIR/waits")
within 5500 "$gap" 60000 "ms between two starts, wait 6"
wait_lines "$DIR/power" 2 7
same "count idle" "$(awk '{ printf "%s%s", s, $3; s = " " }' \
    "$DIR/power")" "on and off"
stop_daemon
