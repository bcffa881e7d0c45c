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

# bpfstatsctl: how rules stand, as a table that fits a terminal, as JSON and as
# metrics; and what it says when nobody answers.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

long=a.name.as.long.as.names.of.rules.may.be:63.bytes.-.no.byte.more
conf <<END
user root
rule ran {
	interface $IN
	count 10 exact
	command "/bin/sh" "-c" "exit 3"
}
rule runs {
	interface $IN
	timeout none
	command "/bin/sleep" "1000"
}
rule quiet {
	interface $IN
	count 100 within 5m
	command "/usr/bin/true"
}
rule camera {
	interface $IN
	wait 10
	command "/usr/bin/true"
	idle 1h "/usr/bin/true"
}
rule off {
	interface nosuch0
	below 9223372036854775807 within 24855d
	wait 100
	command "/usr/bin/true"
	idle 1h "/usr/bin/true"
}
rule $long {
	interface "nosuch\"\\1'{}=8"
	command "/usr/bin/true"
}
END

ctl show >"$DIR/out" 2>"$DIR/err" && fail "an answer without a daemon"
same "bpfstatsctl: $SOCKET: No such file or directory" "$(cat "$DIR/err")" \
    "what it says without a daemon"
before=$(date +%s)
start_daemon
send_frames "$OUT" 25
wait_until 'grep -q "\"ran\": run 2: " "$LOG" &&
    grep -q "\"camera\": run 1: " "$LOG"' 10 || fail "no runs"
await_total quiet 25

# The table: what it says, without the times.
ctl show >"$DIR/table" || fail "show"
row() {
	awk -v rule="$1" '$1 == rule {
		$1 = ""
		sub(/^ /, "")
		print
	}' "$DIR/table"
}
same "RULE INTERFACE COUNT TALLY TOTAL RUNS FAIL ON LAST NEXT" \
    "$(sed 1q "$DIR/table" | tr -s ' ')" "the head"
same "ran runs quiet camera off ${long%"${long#??????}"}" \
    "$(sed 1d "$DIR/table" | awk '{ print substr($1, 1, 6) }' | tr '\n' ' ' |
    sed 's/ $//')" "rules, in this order"
case $(row ran) in
"$IN 10 exact 5 25 2 2 - exit 3 "[0-9]*[sm]" now")	;;
*)	fail "ran: $(row ran)" ;;
esac
case $(row runs) in
"$IN 1 0 25 1 0 - runs "[0-9]*[sm]" -")	;;
*)	fail "runs: $(row runs)" ;;
esac
case $(row quiet) in
"$IN 100 with"*" 25 25 0 0 - - now")	;;
*)	fail "quiet: $(row quiet)" ;;
esac
case $(row camera) in
"$IN 1 0 25 1 0 on ok "[0-9]*[sm]" off "[56][0-9]m)	;;
*)	fail "camera: $(row camera)" ;;
esac
case $(row off) in
"nosu"*" below"*"+ 0 0 0 0 off - now")	;;
*)	fail "off: $(row off)" ;;
esac
awk 'length($0) > 80 { exit 1 }' "$DIR/table" ||
    fail "wider than a terminal: $(cat "$DIR/table")"
ctl show camera >"$DIR/one" || fail "show camera"
same 2 "$(lines "$DIR/one")" "lines for one rule"
case $(tail -n 1 "$DIR/one") in
camera*) ;;
*)	fail "one rule: $(cat "$DIR/one")" ;;
esac
# short ones need no cutting
grep -q '+' "$DIR/one" && fail "cut: $(cat "$DIR/one")"

# JSON, the values of which are exact.
ctl -j show >"$DIR/json" || fail "-j show"
if command -v jq >/dev/null; then
	# value rule key
	value() {
		jq -r ".[] | select(.rule == \"$1\") | .$2" "$DIR/json" ||
		    fail "no JSON: $(cat "$DIR/json")"
	}
	same 6 "$(jq length "$DIR/json")" "objects"
	same "ran $IN true 10 exact 5 25 2 2 null null exit 3 0 null" \
	    "$(for key in rule interface attached condition tally total runs \
		failures on pid last next off; do value ran $key; done |
		tr '\n' ' ' | sed -e 's/count //' -e 's/ $//')" "ran"
	same "$(children)" "$(value runs pid)" "what runs"
	same "true 0 null" "$(value camera on) $(value camera failures) \
$(value camera next)" "camera"
	within 3000 "$(value camera off)" 3600 "seconds until it goes off"
	within "$before" "$(value camera start)" "$(date +%s)" \
	    "its last start"
	same "false null false null null" "$(value off attached) \
$(value off counter) $(value off on) $(value off start) $(value off ago)" "off"
	same "below 9223372036854775807 within 24855d" \
	    "$(value off condition)" "the condition"
	same "nosuch\"\\1'{}=8" "$(value "$long" interface)" "a strange name"
	ctl -j show quiet >"$DIR/json"
	same "quiet 25" "$(jq -r '.[] | "\(.rule) \(.tally)"' "$DIR/json")" \
	    "one rule"
fi

# Metrics: each name has its help and type before its values, which stand
# together; no value twice; labels and numbers are as they must be.
check_metrics() {
	awk '
	function bad(why) {
		print NR ": " why ": " $0
		failed = 1
	}
	/^# (HELP|TYPE) / {
		if ($3 !~ /^[a-zA-Z_:][a-zA-Z0-9_:]*$/)
			bad("name")
		if (($2, $3) in seen || $3 in ended)
			bad("twice")
		seen[$2, $3] = 1
		if ($2 == "TYPE" && $4 !~ /^(counter|gauge)$/)
			bad("type")
		if ($2 == "TYPE" && ($4 == "counter") != ($3 ~ /_total$/))
			bad("a counter ends in _total")
		if ($2 == "HELP" && NF < 4)
			bad("no help")
		if (last != "" && last != $3)
			ended[last] = 1
		last = $3
		next
	}
	{
		if (!match($0, /^[a-zA-Z_:][a-zA-Z0-9_:]*\{rule="([^"\\]|\\[\\"n])*"\} [0-9]+$/))
			bad("no value")
		name = $0
		sub(/\{.*/, "", name)
		series = $0
		sub(/ [0-9]*$/, "", series)
		if (name != last || !(("HELP", name) in seen) ||
		    !(("TYPE", name) in seen))
			bad("before its help and type")
		if (series in had)
			bad("twice")
		had[series] = 1
	}
	END { exit failed || NR == 0 }' "$1"
}
ctl metrics >"$DIR/metrics" || fail "metrics"
check_metrics "$DIR/metrics" >"$DIR/out" ||
    fail "metrics: $(cat "$DIR/out" "$DIR/metrics")"
if command -v promtool >/dev/null; then
	promtool check metrics <"$DIR/metrics" >"$DIR/out" 2>&1 ||
	    fail "promtool: $(cat "$DIR/out")"
fi
# metric name rule
metric() {
	sed -n "s/^bpfstatsd_$1{rule=\"$2\"} //p" "$DIR/metrics"
}
same "1 2 25 0 2 5" "$(for name in attached failures_total packets_total \
    running runs_total tally; do metric $name ran; done | tr '\n' ' ' |
    sed 's/ $//')" "metrics of ran"
same "1 1 0 0 " "$(metric on camera) $(metric running runs) \
$(metric attached off) $(metric on off) $(metric on ran)" "metrics of others"
within "$before" "$(metric last_start_timestamp_seconds runs)" \
    "$(date +%s)" "the last start of runs"
same "" "$(metric last_start_timestamp_seconds quiet)" "it never ran"

# What cannot be.
# refused text argument ...
refused() {
	_text=$1
	shift
	ctl "$@" >"$DIR/out" 2>"$DIR/err"
	same 1 $? "status of $*"
	same "" "$(cat "$DIR/out")" "output of $*"
	grep -q -- "$_text" "$DIR/err" || fail "$*: $(cat "$DIR/err")"
}
refused 'no such rule' show nix
refused 'invalid rule name' show 'a b'
refused 'invalid rule name' show ''
refused 'usage' shows
refused 'usage' show a b
refused 'usage' reset
refused 'usage' run
refused 'usage' metrics ran
refused 'usage' reload now
refused 'usage'
refused 'usage' -x show
# options end at the first operand
refused 'no such rule' show -j
refused '-j requires show' -j metrics
[ ! -e /dev/full ] || {
	ctl show 2>"$DIR/err" >/dev/full && fail "a full disk is no error"
	grep -q stdout "$DIR/err" || fail "a full disk: $(cat "$DIR/err")"
}
# root's alone
as_nobody "${BPFSTATSD%/*}/bpfstatsctl -s $SOCKET show" >"$DIR/out" 2>&1 &&
    fail "nobody may look"
grep -q 'Permission denied' "$DIR/out" || fail "nobody: $(cat "$DIR/out")"
# one that is stopped
kill -STOP "$DAEMON"
refused "$SOCKET: no answer" show
kill -CONT "$DAEMON"
ctl show ran >/dev/null || fail "no answer afterwards"

# No rule at all.
echo "# nothing" >"$CONF"
ctl reload >"$DIR/out" || fail "reload"
same "$(sed 1q "$DIR/table" | tr -s ' ')" "$(ctl show | tr -s ' ')" "no rules"
same "[]" "$(ctl -j show)" "no rules in JSON"
same "" "$(ctl metrics)" "no rules for metrics"
stop_daemon
