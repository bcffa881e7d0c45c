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

# What is logged: a line for each run, the output of commands, and limits to
# both.  Waits for the end of the minute whose excess is summed up.
#
# slow: it waits for the end of a minute

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2

# A rule for each command.
n=0
{
	echo "user root"
	while read -r name command; do
		printf '%s\n' "$command" >"$DIR/$name.sh"
		cat <<END
rule $name {
	interface $IN
	count 1 exact
	command "/bin/sh" "$DIR/$name.sh"
}
END
	done <<'END'
plain echo to stdout; echo to stderr >&2; printf 'no newline'
empty echo; printf '\n\n'
long awk 'BEGIN { for (i = 0; i < 3000; i++) printf "x"; print "" }'
control printf 'a\033[31mb\000c\rd\177e\tf\233g\302\233h\n'
utf8 printf 'Gr\303\274\303\237e\n'
percent echo '%s%n%d %'
forge printf 'x\nbpfstatsd: rule "forged": run 1\n'
many awk 'BEGIN { for (i = 0; i < 150; i++) print "line", i }'
burst awk 'BEGIN { while (length(s) < 635) s = s "x"; for (; i < 100; i++) printf "%04d %s\n", i, s }'
flood awk 'BEGIN { for (i = 0; i < 200000; i++) print "flood", i }'
status exit 7
signal kill -KILL $$
child (sleep 5; echo late) & echo early
END
	cat <<END
rule missing {
	interface $IN
	count 1 exact
	command "$DIR/no-such-command"
}
rule forbidden {
	interface $IN
	count 1 exact
	command "$DIR/plain.sh"
}
rule often {
	interface $IN2
	count 1 exact
	command "/bin/sh" "-c" "[ \$BPFSTATSD_RUNS -lt 20 ]"
}
END
} | conf
start_daemon
send_frames "$OUT" 1

# The end of each run is logged.
for name in plain empty long control utf8 percent forge many burst flood \
    status signal child missing forbidden; do
	_name=$name
	wait_until 'grep -q "rule \"$_name\": run 1: " "$LOG"' 4 ||
	    fail "no line for the run of $name"
done
send_frames "$OUT2" 25
wait_until 'ps -A -o ppid= | awk "\$1 == $DAEMON" | wc -l |
    grep -q "^ *1$"' 5
alive
sleep 1.2

bad=0
wrong() {
	note "$*"
	bad=$((bad + 1))
}
# output rule: what was logged of its output within the first minute, which may
# have ended by now.
output() {
	sed -n -e "/^bpfstatsd: rule \"$1\": output: [0-9]* more lines/q" \
	    -e "s/^bpfstatsd: rule \"$1\": output: //p" "$LOG"
}
# says rule pattern: its run is logged so.
says() {
	grep "^bpfstatsd: rule \"$1\": run 1: " "$LOG" | grep -q -e "$2" ||
	    wrong "$1: no '$2' in: $(grep "rule \"$1\": run" "$LOG")"
}
[ "$(output plain)" = "to stdout
to stderr
no newline" ] || wrong "plain: $(output plain)"
same 3000 "$(output long | tr -d -c x | wc -c | tr -d ' ')" "bytes of long"
output long | awk 'length > 1024 { exit 1 }' || wrong "long: too long a line"
within 3 "$(output long | wc -l)" 4 "lines of long"
same "$(printf 'Gr\303\274\303\237e')" "$(output utf8)" "utf8"
same '%s%n%d %' "$(output percent)" "percent"
grep -q '^bpfstatsd: rule "forged"' "$LOG" && wrong "a line was forged"
same 1 "$(output control | wc -l | tr -d ' ')" "lines of control"
for text in 'a.*\[31mb' 'b.*c' 'c.*d' 'd.*e' 'e.*f' 'f.*g' 'g.*h'; do
	output control | grep -q "$text" || wrong "control: no $text"
done
same 100 "$(output many | wc -l | tr -d ' ')" "lines of many"
same "line 99" "$(output many | tail -n 1)" "the last line of many"
same 100 "$(output burst | wc -l | tr -d ' ')" "lines of burst"
output burst | awk 'length != 640 || $1 + 0 != NR - 1 { exit 1 }' ||
    wrong "burst: not as written"
same 100 "$(output flood | wc -l | tr -d ' ')" "lines of flood"
same early "$(output child)" "output of child at its end"
# Nothing that a terminal obeys: not even as UTF-8.
if tr -d '\n' <"$LOG" | tr -d '\011\040-\176\303\274\237' | grep -q .; then
	wrong "unprintable bytes:"
	grep 'rule "control": output' "$LOG" | od -c | head
fi

says plain 'count, 1 packets.* total 1, pid [0-9][0-9]*, exit 0 after [0-9]*\.[0-9]* s, user root'
says status 'exit 7'
says signal 'signal 9'
says missing 'No such file or directory'
says forbidden 'Permission denied'

# Ten runs are logged, and the first failure.
logged=$(grep -c '^bpfstatsd: rule "often": run ' "$LOG")
same 11 "$logged" "lines about the 25 runs of often"
grep -q '^bpfstatsd: rule "often": run 20: .*exit 1' "$LOG" ||
    wrong "the first failure is not logged"

# When its minute is over the rest is summed up, once, and not a minute later.
wait_until 'grep -q "rule \"many\": .*50 more" "$LOG" &&
    grep -q "rule \"often\": 14 more.* 5 " "$LOG"' 65 ||
    wrong "the excess of a minute is not summed up at its end"
same 1 "$(grep -c 'rule "often": [0-9]* more' "$LOG")" "summaries of often"
# The next minute's, too, when the end comes first.
send_frames "$OUT2" 100
wait_until 'grep -q "rule \"often\": run 26: " "$LOG"' 3 ||
    wrong "no line for a run in the next minute"
wait_until 'kill -USR1 "$DAEMON" && sleep 0.1 &&
    grep -q "\"often\": .* runs 125, .* last exit" "$LOG"' 20 ||
    fail "rule often does not come to its run 125"
[ $bad -eq 0 ] || fail "$bad wrong"
stop_daemon
same 1 "$(grep -c 'rule "often": 90 more.* 90 ' "$LOG")" \
    "summaries of often at the end"
