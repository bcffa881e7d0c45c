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

# Three hundred reloads of good and bad files, while commands of rules that come
# and go are running: descriptors and memory of both processes stay the same,
# and no child stays.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

# rule name statements
rule() {
	printf 'rule "%s" {\n\tinterface %s\n' "$1" "$IN"
	shift
	printf '\t%s\n' "$@"
	printf '}\n'
}
brief="command \"$TOOLS/record\" \"$DIR/runs\""
slow="command \"$TOOLS/record\" \"$DIR/runs\" \"300\""
{
	echo "user root"
	rule a "$brief"
	rule slow "$slow"
	rule within "count 3 within 10" "$slow"
} >"$DIR/conf.1"
{
	echo "user root"
	rule a "wait 2" "immediate" "$brief"
	rule idle "$slow" "idle 1 \"/bin/echo\" \"off\""
	rule within "count 2 within 5m" "$brief"
	i=0
	while [ $((i += 1)) -le 50 ]; do
		rule "more$i" "count $((1000000 + i))" "$brief"
	done
} >"$DIR/conf.2"
{
	echo "text = 'off'"
	echo "include \"$DIR/conf.1\""
	rule idle "immediate" "$slow" "idle 2 \"/bin/echo\" \$text"
	rule in "direction in" "$brief"
} >"$DIR/conf.3"
{
	echo "user nobody"
	rule a 'command "/bin/echo" "nobody"'
	rule nowhere 'command "/nowhere"' 
	printf 'rule "waits" {\n\tinterface nowhere0\n\t%s\n}\n' "$brief"
} >"$DIR/conf.4"
echo "include \"$CONF\"" >"$DIR/conf.5"
{
	cat "$DIR/conf.2"
	rule a "$brief"
} >"$DIR/conf.6"
{
	cat "$DIR/conf.1"
	echo "include \"$DIR/nowhere\""
	rule b "command \"unquoted"
	rule b "command" "count 0" "user nobody_at_all"
} >"$DIR/conf.7"
sed 's/user root//' "$DIR/conf.1" >"$DIR/conf.8"
{
	cat "$DIR/conf.2"
	echo "rule \"open\" {"
} >"$DIR/conf.9"

# reloads number: so many, of all files in turn.  Each is waited for: several
# signals in a row would be one.
reloads() {
	_n=0
	_done=$(logged "$RELOADED")
	while :; do
		for _file in 1 5 2 6 3 7 4 8 2 9; do
			conf_swap "$DIR/conf.$_file"
			kill -HUP "$DAEMON" || fail "the daemon is dead"
			_done=$((_done + 1))
			_tries=0
			until [ "$(logged "$RELOADED")" -ge $_done ]; do
				[ $((_tries += 1)) -le 10000 ] ||
				    fail "file $_file was not read"
				sleep 0.01
			done
			[ $((_n += 1)) -lt "$1" ] || return 0
		done
	done
}

# still rule: it runs nothing, and no packet waits for a run.
still() {
	ask "$1"
	case $LAST in
	running*)	return 1 ;;
	esac
	[ "$TALLY" -eq 0 ]
}

# A quiet moment with the same rules: all that came has been counted and run.
quiet() {
	stop_sender
	conf_swap "$DIR/conf.1"
	reload
	next_tick
	# the window of within is empty ten seconds later, or after a run
	wait_until 'still a && still slow && still within &&
	    [ -z "$(children)" ]' 20 ||
	    fail "no quiet: $TALLY, $LAST, children: $(children)"
}

conf <"$DIR/conf.1"
start_daemon
start_sender "$OUT" 1 20
reloads 100
quiet
holdings
before=$(lines "$DIR/runs")
start_sender "$OUT" 1 20
began=$(now_ms)
good=$(logged "configuration reloaded")
bad=$(logged "reload failed")
reloads 300
same "150 150" "$(($(logged "configuration reloaded") - good)) $(($(logged \
    "reload failed") - bad))" "good files and bad ones"
note "300 reloads in $(($(now_ms) - began)) ms," \
    "$(($(lines "$DIR/runs") - before)) runs"
quiet
alive
within 5 $(($(lines "$DIR/runs") - before)) 1000000 "runs meanwhile"
as_before 256
stop_daemon
