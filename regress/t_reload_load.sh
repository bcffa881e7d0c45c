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

# A sender at full speed and a SIGHUP every 50 ms, with files that add, remove,
# change and break rules, until 120 files were good and 40 bad: for the rules
# that stay, runs x N and the tally are the packets sent, to the packet.
# t_reload_kill.sh runs this as well, with the engine killed now and then.
#
# slow: many reloads are the point of it
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

kill_every=${kill_every:-0}	# so many reloads

# Rules that stay; every one of them sees each packet once.
stay() {
	cat <<END
user root
rule "stay" {
	interface $IN
	count 500000 exact
	command "$TOOLS/record" "$DIR/runs"
}
rule "now" {
	interface $IN
	count 700000 exact
	immediate
	command "$TOOLS/record" "$DIR/runs"
}
rule "in" {
	interface $IN
	direction in
	count 900000 exact
	command "$TOOLS/record" "$DIR/runs"
}
rule "out" {
	interface $OUT
	direction out
	count 1100000 exact
	command "$TOOLS/record" "$DIR/runs"
}
END
}

# change exact wait: rules whose numbers change but which see all packets.
change() {
	cat <<END
rule "exact" {
	interface $IN
	count $1 exact
	command "$TOOLS/record" "$DIR/runs"
}
rule "wait" {
	interface $IN
	count 1000
	wait $2
	command "$TOOLS/record" "$DIR/runs"
}
END
}

# other name statements: a rule that comes, changes or goes.
other() {
	printf 'rule "%s" {\n\tcount 400000\n%s\n\tcommand "/usr/bin/true"\n}\n' \
	    "$1" "$2"
}

{
	stay
	change 300000 5
	other a "interface $IN"
	other b "interface $OUT"
} >"$DIR/conf.1"
{	# Removed, added, changed, in another order.
	echo "wait 7"
	echo "timeout 300"
	stay
	other c "interface $OUT"
	change 300001 2
	other a "wait 9; interface $IN" | tr ';' '\n'
} >"$DIR/conf.2"
{	# Broken at the end.
	stay
	change 10 1
	echo "rule stay { command true }"
} >"$DIR/conf.3"
{	# Another interface, one that does not exist, another direction.
	stay
	other a "interface $OUT"
	other b "interface nowhere0"
	change 600000 1
	other c "interface $IN; direction out" | tr ';' '\n'
} >"$DIR/conf.4"
{	# Windows and idle commands.
	stay
	change 299999 5
	other a "immediate; interface $IN; idle 3 /usr/bin/true" | tr ';' '\n'
	printf 'rule "within" {\n\tinterface %s\n' "$IN"
	printf '\tcount 1000000 within 20\n\tcommand "/usr/bin/true"\n}\n'
} >"$DIR/conf.5"
{
	echo "rule x {"
	stay
} >"$DIR/conf.6"
{
	stay
	change 2000000 3
} >"$DIR/conf.7"
sed 's/wait 9; //' "$DIR/conf.2" >"$DIR/conf.8"

for i in 1 2 3 4 5 6 7 8; do
	conf_swap "$DIR/conf.$i"
	"$BPFSTATSD" -n -f "$CONF" 2>"$DIR/err"
	case $i in
	3|6)	same 1 $? "file $i, which is broken" ;;
	*)	same 0 $? "file $i: $(cat "$DIR/err")" ;;
	esac
done
conf_swap "$DIR/conf.1"
start_daemon

kills=0
kill_engine() {
	# A reload may replace the engine in the moment that it is killed;
	# then the log does not tell.
	_killed=$(logged "engine was killed")
	until [ "$(logged "engine was killed")" -gt "$_killed" ]; do
		_engine=$(engine_pid) && kill -KILL "$_engine" 2>/dev/null
		sleep 0.04	# and some for the rest of the turn
	done
	kills=$((kills + 1))
}

start_sender "$OUT"
began=$(now_ms)
signals=0
while good=$(logged "configuration reloaded") &&
    [ "$good" -lt 120 ] || [ "$(logged "reload failed")" -lt 40 ]; do
	for i in 1 2 3 4 5 6 7 8; do
		conf_swap "$DIR/conf.$i"
		kill -HUP "$DAEMON" || fail "the daemon is dead"
		signals=$((signals + 1))
		sleep 0.04	# and some for the rest of the turn
	done
	if [ $kill_every -gt 0 ] && [ "$good" -ge $(((kills + 1) * kill_every)) ]
	then
		kill_engine
	fi
done
stop_sender
note "$(($(now_ms) - began)) ms"

conf_swap "$DIR/conf.1"
reload
alive
note "$SENT packets, $signals signals," \
    "$(logged "configuration reloaded") reloads," \
    "$(logged "reload failed") refused, $kills engines killed"
[ $kill_every -eq 0 ] || within 2 $kills 10 "engines killed"

# recorded rule N: the good runs among those that were recorded.
recorded() {
	awk -v rule="$1" -v n="$2" '
		$2 == rule && $4 == ++runs && $5 == n { good++ }
		END { print good + 0 }' "$DIR/runs"
}

# exactly rule N: all is counted, and all that was due has run.
exactly() {
	await_total "$1" "$SENT"
	_asked=0
	while [ "$TALLY" -ge "$2" ] && [ $((_asked += 1)) -le 100 ]; do
		sleep 0.2
		ask "$1"
	done
	note "$1: $RUNS runs of $2, tally $TALLY"
	same "$SENT" $((RUNS * $2 + TALLY)) "runs of $1 x $2 + tally"
	within 0 "$TALLY" $(($2 - 1)) "tally of $1"
	_rule=$1
	_n=$2
	wait_until '[ "$(recorded $_rule $_n)" -ge "$RUNS" ]' 3
	same "$RUNS" "$(recorded $1 $2)" "recorded runs of $1"
}
exactly stay 500000
exactly now 700000
exactly in 900000
exactly out 1100000
# all_taken rule: what its runs took and its tally are all packets, as soon as
# no run comes in between.
all_taken() {
	_asked=0
	await_total "$1" "$SENT"
	while _taken=$(taken "$DIR/runs" "$1") &&
	    [ $((_taken + TALLY)) -ne "$SENT" ] && [ $((_asked += 1)) -le 50 ]
	do
		sleep 0.2
		ask "$1"
	done
	same "$SENT" $((_taken + TALLY)) "packets taken by runs of $1 + tally"
}
all_taken exact
all_taken wait
stop_daemon
