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
	$IN_NET "$@" "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF" \
	    >"$LOG" 2>&1 </dev/null &
	DAEMON=$!
	wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 10
}

# Each call of the list.
inside() {
	while read -r name; do
		"$tool" "$order" none
		launch env LD_PRELOAD="$lib" SANDBOX="$order"
		alive
		"$tool" "$order" "$name"
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
		case $name in
		"the parent's half")	signal=11 ;;
		*)			signal=31 ;;
		esac
		grep -q "engine ended with signal $signal\$" "$LOG" ||
		    fail "$name: the log does not say how the engine ended"
	done <"$DIR/calls"
}
if ! sanitized; then
	"$tool" -l >"$DIR/calls"
	[ "$(lines "$DIR/calls")" -ge 35 ] || fail "few calls are tried"
	inside
fi

# What it cannot have more of.
launch
alive
for limit in "core file size" processes; do
	same "0 0" "$(sed -n "s/^Max $limit  *\([^ ]*  *[^ ]*\) .*/\1/p" \
	    "/proc/$(engine_pid)/limits" | tr -s ' ')" "the engine's $limit"
done
grep -q '^Max open files  *1  *1 ' "/proc/$(engine_pid)/limits" ||
    fail "the engine can open files"
sanitized || ! grep '^Max data size  *unlimited' \
    "/proc/$(engine_pid)/limits" || fail "the engine's memory has no limit"
stop_daemon

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

grep -q 'no sandbox: Function not implemented' "$LOG" ||
    fail "the log does not say why there is none"

# We may not have it.
for call in prctl seccomp; do
	launch "$refuse" $call 1
	alive
	same 1 "$(grep -c 'no sandbox: Permission denied' "$LOG")" \
	    "how often the log says that it is denied"
	stop_daemon
done

# A kernel that cannot end a process, but a thread.
launch "$refuse" action 95
alive
same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$(engine_pid)/status")" \
    "the engine's seccomp mode"
stop_daemon
