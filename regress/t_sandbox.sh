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

# The engine's sandbox: what it refuses and what it lets through, call by
# call; the same in the engine of a daemon that runs; and what is said where
# the kernel has none or does not give it.
#
# slow: very many starts

. "$(dirname "$0")/lib.sh"

[ "$SYSTEM" = Linux ] || skip "needs LD_PRELOAD and seccomp as on Linux"
need_daemon
source=${REGRESS%/*}
[ -f "$source/compat/pledge.c" ] || skip "no sources"
pair_create IN OUT

tool=$DIR/sandbox
lib=$DIR/sandbox.so
refuse=$DIR/refuse
order=$DIR/order
cc="${CC:-cc} -O2 -D_GNU_SOURCE"
$cc -o "$tool" "$REGRESS/fault/sandbox.c" "$source/compat/pledge.c" \
    -lseccomp || fail "sandbox.c does not compile"
$cc -DINSIDE -fPIC -shared -o "$lib" "$REGRESS/fault/sandbox.c" ||
    fail "sandbox.c does not compile as a library"
$cc -o "$refuse" "$REGRESS/fault/refuse.c" -lseccomp ||
    fail "refuse.c does not compile"

in_net "$tool" "$IN" >"$DIR/out" || fail "the sandbox: $(cat "$DIR/out")"

# An immediate rule, so that a packet wakes the engine at once.
conf <<END
user nobody
rule r {
	interface $IN
	immediate
	count 1000000
	command "/usr/bin/true"
}
END

# launch command [argument ...]: the daemon, started by that.
launch() {
	: >"$LOG"
	(exec $IN_NET "$@" "$BPFSTATSD" -d -f "$CONF") \
	    >"$LOG" 2>&1 </dev/null &
	DAEMON=$!
	wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 10
}

# Each call of a list that must have the one that the issue is about.
inside() {
	while read -r number name; do
		"$tool" "$order" 0
		launch env LD_PRELOAD="$lib" SANDBOX="$order"
		alive
		"$tool" "$order" "$number"
		send_frames "$OUT" 1
		wait_until '[ "$("$tool" "$order")" != "not yet" ]' 5 ||
		    fail "$name: the engine does not try it"
		if wait_until '[ "$("$tool" "$order")" = refused ]' 0; then
			stop_daemon
			continue
		fi
		same ended "$("$tool" "$order")" "$name"
		await_end 5
		same 1 "$ENDED" "$name: exit status"
		grep -q 'engine ended with signal 31$' "$LOG" ||
		    fail "$name: the log does not say how the engine ended"
	done <"$DIR/calls"
}
if ! sanitized; then
	"$tool" -l >"$DIR/calls"
	[ "$(lines "$DIR/calls")" -ge 20 ] || fail "few calls are tried"
	inside
fi

# A kernel without: said once, and everything else goes on.
launch "$refuse" prctl 22
alive
kill -KILL "$(engine_pid)"
wait_until 'grep -q "starting another" "$LOG" && engine_pid >/dev/null' 5
alive
kill -HUP "$DAEMON"
wait_until 'grep -q "configuration reloaded" "$LOG"' 5 || fail "no reload"
alive
same 1 "$(grep -c 'no sandbox' "$LOG")" "how often the log says it"
stop_daemon

# One that does not give it: no start.
launch "$refuse" seccomp 1
await_end 5
same 1 "$ENDED" "exit status without a sandbox"
grep -q 'sandbox: Operation not permitted' "$LOG" ||
    fail "the log does not say why it does not start"
