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

# Memory, as valgrind sees it: a start, commands of two rules, a good and a bad
# reload, a rule that goes, an engine that is killed, requests of bpfstatsctl,
# the state, and the end.
#
# slow: valgrind

. "$(dirname "$0")/lib.sh"

[ "$SYSTEM" = Linux ] || skip "needs Linux's seccomp"
need_daemon
! sanitized || skip "a sanitizer looks at memory itself"
command -v valgrind >/dev/null || skip "no valgrind"
pair_create IN OUT

# The sandbox would end valgrind, which is in the engine as well.
refuse=$DIR/refuse
${CC:-cc} -O2 -o "$refuse" "$REGRESS/fault/refuse.c" -lseccomp ||
    fail "refuse.c does not compile"

rules() {
	conf <<END
user nobody
state "$DIR/state/state"
name = "value"
$1
rule b {
	interface $IN
	immediate
	command "/bin/sh" "-c" "echo output of b; exit 3"
}
END
}
rule_a="rule a {
	interface $IN
	count 2 within 60
	command \"/bin/echo\" \$name
	idle 1 \"/bin/echo\" \"off\"
}"

# logged text times [seconds]: wait until the log has it so many times.
logged() {
	_text=$1
	_times=$2
	wait_until '[ "$(grep -c "$_text" "$LOG")" -ge "$_times" ]' \
	    "${3:-30}" || fail "not $2 times in the log: $1"
}

mkdir -m 700 "$DIR/state"
rules "$rule_a"
: >"$LOG"
(exec $IN_NET "$refuse" prctl 22 "$(command -v valgrind)" -q \
    --log-file="$DIR/valgrind.%p" --leak-check=full --error-exitcode=99 \
    --errors-for-leak-kinds=definite --show-leak-kinds=definite \
    "$BPFSTATSD" -dv -s "$SOCKET" -f "$CONF") >"$LOG" 2>&1 </dev/null &
DAEMON=$!
DAEMON_PID=$DAEMON
logged ': engine: pid' 1 60
send_frames "$OUT" 2
logged 'rule "a": run .* exit 0' 2
logged 'rule "b": run .* exit 3' 1
logged 'output of b' 1
kill -HUP "$DAEMON"
logged 'configuration reloaded: 2' 1
for request in show "show a" "run a" "run a idle" "reset b" "run nix" reload
do
	ctl $request >>"$DIR/answers" 2>&1
done
"$TOOLS/clients" "$SOCKET" 20 1 >/dev/null
ctl show >/dev/null || fail "no answer"
wait_until '[ -f "$DIR/state/state" ]' 20 || fail "no state"
echo 'rule {' >>"$CONF"
ctl reload >>"$DIR/answers" 2>&1 && fail "a bad file is loaded"
logged 'keeping the old one' 1
kill -KILL "$(sed -n 's/.*: engine: pid //p' "$LOG" | tail -n 1)"
logged 'starting another' 1
logged ': engine: pid' 4
rules ''
kill -HUP "$DAEMON"
logged 'configuration reloaded: 1' 1
_runs=$(grep -c 'rule "b": run' "$LOG")
send_frames "$OUT" 1
logged 'rule "b": run' $((_runs + 1))
kill -USR1 "$DAEMON"
logged 'rule "b": .* attached' 1
kill -TERM "$DAEMON"
await_end 30
same 0 "$ENDED" "exit status of the daemon"
grep -q "^b $IN both count off" "$DIR/state/state" ||
    fail "the state: $(cat "$DIR/state/state")"
# the daemon's, and those of the engines
[ "$(ls "$DIR" | grep -c '^valgrind')" -ge 5 ] || fail "valgrind was not there"
# It knows not all of bpf(2), nor files in the engine's root directory.
known='unhandled eBPF|warning: connection to image|no debug info'
# What only lets go of counters leaves without freeing its copy of memory.
for file in "$DIR"/valgrind.*; do
	case " $DAEMON_PID $(sed -n 's/.*: engine: pid //p' "$LOG" |
	    tr '\n' ' ') " in
	*" ${file##*.} "*)	cat "$file" ;;
	*)			awk -v RS='==[0-9]+== \n' \
				    '!/ definitely lost /' "$file" ;;
	esac
done | grep -Ev "$known|^==[0-9]+== *\$|^ *\$" >"$DIR/out"
same "" "$(head -n 60 "$DIR/out")" "what valgrind found"
