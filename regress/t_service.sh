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

# The service of systemd(1) without systemd: the unit is well formed and says
# little of an exposure; under its capabilities and without new privileges the
# daemon counts, runs commands as their users, reloads and tells the manager;
# and all system calls that this takes are on the unit's list.
#
# slow: ten seconds between two words to the manager

. "$(dirname "$0")/lib.sh"
[ "$SYSTEM" = Linux ] || skip "only Linux has systemd"
command -v setpriv >/dev/null || skip "no setpriv(1)"
need_daemon
unit=$REGRESS/../packaging/systemd/bpfstatsd.service
pair_create IN OUT

# value name: all that the unit gives a name.
value() {
	sed -n "s/^$1=//p" "$unit" | tr '\n' ' '
}

if command -v systemd-analyze >/dev/null; then
	sed "s,/usr/bin/bpf,${BPFSTATSD%/*}/bpf," "$unit" \
	    >"$DIR/bpfstatsd.service"
	systemd-analyze verify --man=no "$DIR/bpfstatsd.service" \
	    >"$DIR/out" 2>&1 || fail "the unit: $(cat "$DIR/out")"
	# tenths
	exposure=$(systemd-analyze security --offline=true \
	    "$DIR/bpfstatsd.service" 2>"$DIR/err" |
	    sed -n 's/.*Overall exposure.*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
	[ -z "$exposure" ] || within 1 "$exposure" 29 "exposure"
	# the example of a drop-in, with all of it allowed
	mkdir "$DIR/bpfstatsd.service.d"
	sed 's/^#\([A-Z]\)/\1/' "${unit%/*}/commands.conf" \
	    >"$DIR/bpfstatsd.service.d/commands.conf"
	systemd-analyze verify --man=no "$DIR/bpfstatsd.service" \
	    >"$DIR/out" 2>&1 || fail "the drop-in: $(cat "$DIR/out")"
fi

conf <<CONF
state "$DIR/state"
rule one {
	interface $IN
	user "nobody"
	command "/bin/sh" "-c" 'env | grep NOTIFY; echo opened >/dev/stderr; \
grep -E "^(Uid|CapBnd|NoNewPrivs)" /proc/self/status'
}
CONF
if [ -f /proc/net/netfilter/nfnetlink_log ]; then
	cat >>"$CONF" <<-CONF
	rule logged {
		interface nflog:77
		user "nobody"
		command "/usr/bin/true"
	}
	CONF
fi
rules=$(grep -c '^rule' "$CONF")
caps=$(value CapabilityBoundingSet | tr A-Z a-z |
    sed -e 's/ *$//' -e 's/cap_/+/g' -e 's/ /,/g')
trace=
if command -v strace >/dev/null && command -v systemd-analyze >/dev/null &&
    ! sanitized; then
	trace="strace -f -qq -o $DIR/trace"
fi
${CC:-cc} -o "$DIR/notified" "$REGRESS/tools/notified.c" || fail "notified.c"
"$DIR/notified" "$DIR/socket" >"$DIR/messages" &
SENDER=$!
wait_until '[ -S "$DIR/socket" ]' 5 || fail "no socket"
: >"$LOG"
(NOTIFY_SOCKET=$DIR/socket exec $IN_NET \
    setpriv --no-new-privs --bounding-set "-all,$caps" $trace \
    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF") >"$LOG" 2>&1 </dev/null &
tracer=$!
DAEMON=$tracer
# strace has other children before, with its own arguments
daemon_of() {
	ps -A -o pid= -o ppid= -o args= | awk -v ppid="$tracer" \
	    -v program="$BPFSTATSD" '$2 == ppid && $3 == program { print $1 }'
}
if [ -n "$trace" ]; then
	wait_until '[ -n "$(daemon_of)" ]' 10 || fail "no daemon"
	DAEMON=$(daemon_of)
fi
wait_until 'grep -q "^READY=1$" "$DIR/messages"' 20 || fail "not ready"
alive
send_frames "$OUT" 3
wait_until 'grep -q "exit 0 .*user nobody" "$LOG"' 10 || fail "no run"
same 1 "$(ctl show one | tail -n 1 | awk '{ print $6 }')" "runs it shows"
ctl reset one || fail "reset"
wait_until '[ -f "$DIR/state" ]' 10 || fail "no state"
# what was too early to be said at once is said later
wait_until 'grep -q "^STATUS=$rules rules, 1 runs" "$DIR/messages"' 20 ||
    fail "the status: $(grep STATUS "$DIR/messages")"
uid=$(id -u nobody)
grep -q "output: Uid:	$uid	$uid	$uid	$uid" "$LOG" ||
    fail "not as nobody"
grep -q 'output: NoNewPrivs:	1' "$LOG" || fail "new privileges"
grep -q 'output: opened' "$LOG" || fail "it cannot open /dev/stderr"
# as the unit reloads it: when that has ended it is done
same "/usr/bin/bpfstatsctl reload " "$(value ExecReload)" "how to reload"
same "configuration reloaded: $rules rules" "$(ctl reload)" "a reload"
send_frames "$OUT" 3
wait_until '[ "$(grep -c "exit 0 .*user nobody" "$LOG")" -eq 2 ]' 10 ||
    fail "no run after the reload"
# the manager is answered as well if the file is bad
cp "$CONF" "$DIR/good"
echo bad >>"$CONF"
ctl reload 2>"$DIR/err" && fail "a bad file is reloaded"
grep -q 'bpfstatsd.conf:[0-9]*: unknown statement bad' "$DIR/err" ||
    fail "why: $(cat "$DIR/err")"
same 1 "$(logged 'keeping the old one')" "complaints"
cp "$DIR/good" "$CONF"
# one that has to be killed, by another user
kill -KILL "$(engine_pid)"
wait_until 'grep -q "starting another" "$LOG"' 10 || fail "no new engine"
wait_until 'engine_pid >/dev/null' 10 || fail "no new engine"
kill -TERM "$DAEMON"
wait_until '! running "$tracer"' 10 || fail "it does not end"
wait "$tracer"
same 0 $? "its status"
DAEMON=
same "STATUS=$rules rules, 0 runs" \
    "$(grep -m 1 STATUS "$DIR/messages")" "the first status"
reload="RELOADING=1 MONOTONIC_USEC=0 READY=1"
same "READY=1 $reload $reload STOPPING=1 " \
    "$(sed -e '/^$/d' -e '/^STATUS=/d' -e 's/\(USEC=\)[0-9][0-9]*$/\10/' \
    "$DIR/messages" | tr '\n' ' ')" "what the manager is told"
grep -q 'output: NOTIFY' "$LOG" && fail "commands know the manager"

[ -n "$trace" ] || exit 0
# The sets that the list names, and what is in them.
systemd-analyze syscall-filter >"$DIR/sets" 2>/dev/null
value SystemCallFilter | tr ' ' '\n' | awk -v sets="$DIR/sets" '
	BEGIN {
		while ((getline line <sets) > 0) {
			sub(/#.*/, "", line)
			if (line ~ /^@/)
				set = line
			else if (split(line, word) == 1)
				members[set] = members[set] " " word[1]
		}
	}
	function expand(name,    n, i, list) {
		if (name !~ /^@/) {
			print name
			return
		}
		n = split(members[name], list)
		for (i = 1; i <= n; i++)
			expand(list[i])
	}
	NF { expand($1) }' | sort -u >"$DIR/allowed"
[ "$(lines "$DIR/allowed")" -gt 100 ] || fail "system calls of the sets"
sed -n 's/^[0-9]* *\([a-z_0-9]*\)(.*/\1/p' "$DIR/trace" | sort -u \
    >"$DIR/used"
[ "$(lines "$DIR/used")" -gt 20 ] || fail "system calls of the daemon"
missing=$(comm -13 "$DIR/allowed" "$DIR/used" | tr '\n' ' ')
same "" "$missing" "system calls that the unit forbids"
