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

# What the daemon does with filters that are in error, and with helpers that
# hang, die or answer nonsense: each costs its own rule.  A reload that changes
# none compiles none, nor does an interface that comes back.
#
# slow: a helper has ten seconds

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
. "$REGRESS/lib_filter.sh"
pair_create IN OUT
program_beside

# rule name filter [interface]
rule() {
	cat <<END
rule "$1" {
	interface ${3:-$IN}
	filter "$2"
	count 1000000
	command "/usr/bin/true"
}
END
}

# How often a helper was started.
starts() {
	ls "$DIR/starts" | wc -l | tr -d ' '
}
mkdir "$DIR/starts" && chmod 777 "$DIR/starts" || exit 1

# In error: from -n, also as another user, at the start and at a reload.
{
	echo "user root"
	rule good "udp"
	rule bad "tcp port nowhere"
	rule worse "ip and arp" nowhere0
} >"$DIR/bad"
conf_swap "$DIR/bad"
errors="bpfstatsd.conf:10: filter: .*nowhere
bpfstatsd.conf:16: filter: expression rejects all packets"

# told file: both errors, and no other.
told() {
	same 2 "$(grep -c "bpfstatsd.conf:[0-9]*: " "$1")" "errors in $(cat "$1")"
	echo "$errors" | while read -r line; do
		grep -q "$line" "$1" || fail "not told: $line: $(cat "$1")"
	done || exit 1
}
"$BPFSTATSD" -n -f "$CONF" 2>"$DIR/err" && fail "-n takes it"
sed '/no such interface/d' "$DIR/err" >"$DIR/errors"
told "$DIR/errors"
sed '/^user/d' "$CONF" >"$DIR/nobody.conf"
chmod 644 "$DIR/nobody.conf"
as_nobody "$BPFSTATSD -n -f $DIR/nobody.conf" 2>"$DIR/err" &&
    fail "-n takes it as nobody"
grep -q "nobody.conf:15: filter: expression rejects" "$DIR/err" ||
    fail "not told as nobody: $(cat "$DIR/err")"
in_net "$BPFSTATSD" -d -v -s "$SOCKET" -f "$CONF" >"$DIR/err" 2>&1 &&
    fail "it starts"
told "$DIR/err"
grep -q "engine: pid" "$DIR/err" && fail "it has started an engine"

{
	echo "user root"
	rule good "$(to_port 7000)"
	rule same "$(to_port 7000)"
	rule other "$(to_port 7001)"
	rule absent "tcp" absent0
} >"$DIR/good"
stand_in <<END
: >"$DIR/starts/\$\$"
exec "$HELPER" "\$@"
END
conf_swap "$DIR/good"
start_daemon
same 3 "$(starts)" "helpers for three filters"
conf_swap "$DIR/bad"
reload
told "$LOG"
grep -q "reload failed, keeping the old one" "$LOG" || fail "not refused"
same 6 "$(starts)" "helpers for the bad ones"
# What was unknown may be known now: it is asked again.
reload
same 9 "$(starts)" "helpers for the bad ones, again"
(export SEND_UDP=7000; send_frames "$OUT" 77) || exit 1
await_total good 77
await_total same 77
await_total other 0

# None of these changes a filter.
conf_swap "$DIR/good"
reload
sed 's/count 1000000/count 50/' "$DIR/good" >"$DIR/next"
conf_swap "$DIR/next"
reload
pair_destroy "$IN" "$OUT"
wait_logged "$IN: the interface is gone" 1 10
pair_restore "$IN" "$OUT"
wait_until 'ask good; [ "$ATTACHED" = attached ]' 20 || fail "not attached"
same 9 "$(starts)" "helpers after reloads"
stop_daemon

# One hangs, one dies, one answers nonsense, and there is a good one.
{
	cat "$DIR/good"
	rule hangs "$(to_port 1)"
	rule dies "$(to_port 2)"
	rule nonsense "$(to_port 3)"
} >"$DIR/next"
conf_swap "$DIR/next"
stand_in <<END
case \$2 in
*" 1")	exec sleep 1000 ;;
*" 2")	ulimit -c 0
	kill -SEGV \$\$ ;;
*" 3")	exec echo 1234567890123456789012345678901234567890 ;;
*)	exec "$HELPER" "\$@" ;;
esac
END
start_daemon
for line in 'hangs": filter: .*: no answer in 10 seconds' \
    'dies": filter: .*: killed by signal 11' \
    'nonsense": filter: .*: invalid answer'; do
	wait_logged "rule \"$line: trying again" 1 20
done
for name in hangs dies nonsense; do
	ask $name
	same waiting "$ATTACHED" "$name is"
done
ask good
same attached "$ATTACHED" "good is"
(export SEND_UDP=7000; send_frames "$OUT" 55) || exit 1
await_total good 55
await_total other 0

# A reload is not held up either; then they get what they wait for.
{
	cat "$DIR/next"
	rule new "$(to_port 7002)"
} >"$DIR/next.2"
conf_swap "$DIR/next.2"
reload
ask new
same attached "$ATTACHED" "new is"
stand_in <<END
exec "$HELPER" "\$@"
END
wait_until 'ask nonsense; [ "$ATTACHED" = attached ]' 70 || fail "no retry"
stop_daemon
