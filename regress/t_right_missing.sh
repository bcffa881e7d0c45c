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

# A counter that cannot be had for lack of a right leaves its rules waiting,
# reported once, at a reload and at a start alike; only a daemon that can have
# none at all does not start.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
[ "$SYSTEM" = Linux ] || skip "needs capabilities"
command -v setpriv >/dev/null || skip "no setpriv(1)"
need_daemon
pair_create IN OUT
UNDER="$UNDER setpriv --bounding-set -net_admin --inh-caps -net_admin"
$UNDER true 2>"$DIR/err" || skip "setpriv: $(cat "$DIR/err")"

group='rule group {
	interface nflog:7
	command "/usr/bin/true"
}'
cat >"$DIR/one" <<END
user root
rule here {
	interface $IN
	command "$TOOLS/record" "$DIR/runs"
}
END
{
	cat "$DIR/one"
	echo "$group"
} >"$DIR/two"

conf_swap "$DIR/one"
start_daemon
conf_swap "$DIR/two"
said='nflog:7: Operation not permitted'
same 0 "$(in_net $UNDER "$BPFSTATSD" -n -f "$CONF" >/dev/null 2>&1; echo $?)" \
    "status of -n"
reload
wait_logged "$said" 1 3
alive
next_tick
same 1 "$(logged "$said")" "how often it is said after a reload"
send_frames "$OUT" 1
wait_lines "$DIR/runs" 1 3
ask group
same waiting "$ATTACHED" "the rule"
stop_daemon

start_daemon
same 1 "$(logged "$said")" "how often it is said at a start"
send_frames "$OUT" 1
wait_lines "$DIR/runs" 2 3
ask group
same waiting "$ATTACHED" "the rule"
stop_daemon

# And if that is all there is.
{
	echo 'user root'
	echo "$group"
} >"$DIR/three"
conf_swap "$DIR/three"
launch "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
await_end 5
same 1 "$ENDED" "status without any counter"
grep -q "$said.*cap_net_admin" "$LOG" || fail "the log does not say what lacks"
