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

# An ordinary user who counts with an ambient capability keeps it from the
# engine, from what compiles filters and from commands, in both forms.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_filter.sh"
[ "$SYSTEM" = Linux ] || skip "only Linux has ambient capabilities"
command -v setpriv >/dev/null || skip "no setpriv(1)"
need_daemon
pair_create IN OUT
IN_NET="$IN_NET setpriv --reuid=nobody --regid=nogroup --clear-groups
    --inh-caps=+net_raw,+net_admin --ambient-caps=+net_raw,+net_admin"
$IN_NET true 2>"$DIR/err" || skip "setpriv: $(cat "$DIR/err")"
send_frames() {
	ip netns exec "$NET" "$TOOLS/send" "$@" >/dev/null || fail "send $*"
}

# powerless what: the lines that its command wrote are all of none.
powerless() {
	wait_until 'grep -q CapEff "$LOG"' 5 || fail "no run of $1"
	same 0 "$(grep -c 'Cap[A-Z][a-z]*:	.*[1-9a-f]' "$LOG")" \
	    "capabilities of the command of $1"
	same 0000000000000000 \
	    "$(awk '/^CapPrm/ { print $2 }' "/proc/$(engine_pid)/status")" \
	    "capabilities of the engine of $1"
}

show='grep -E "^Cap(Prm|Eff|Amb)" /proc/self/status'
chmod 711 "$DIR"
program_beside
mkdir -m 777 "$DIR/out"
stand_in <<END
$show >"$DIR/out/helper"
exec "$HELPER" "\$@"
END
conf <<CONF
rule one {
	interface $IN
	command "/bin/sh" "-c" '$show'
}
rule late {
	interface late
	command "/usr/bin/true"
}
rule filtered {
	interface $IN
	filter "tcp"
	command "/usr/bin/true"
}
CONF
chown nobody "$CONF"
launch "$BPFSTATSD" -d -f "$CONF"	# without a control socket
alive
send_frames "$OUT" 1
powerless "the daemon"
same 3 "$(grep -c 'Cap[A-Z][a-z]*:	0*$' "$DIR/out/helper")" \
    "capabilities of the helper that are none"
# the parent still can count on what comes later
ip -n "$NET" link add late type veth peer name late1
wait_until 'grep -q "late: counting" "$LOG"' 5 || fail "late is not counted"
stop_daemon

start_rule -i "$IN" /bin/sh -c "$show"
send_frames "$OUT" 1
powerless "the second form"
same 0000000000000000 \
    "$(awk '/^CapPrm/ { print $2 }' "/proc/$DAEMON/status")" \
    "capabilities of the parent of the second form"
stop_daemon
