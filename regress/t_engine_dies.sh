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

# An engine that is killed is replaced at once and nothing is lost, five times
# in a minute; one that crashes, or cannot start, ends the daemon
# with 1; when the parent is killed the engine ends at once.
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule all {
	interface $IN
	count 1000000 exact
	command "/usr/bin/true"
}
END

# kill_engine signal
kill_engine() {
	_old=$(engine_pid) || fail "no engine"
	kill "-$1" "$_old"
}

start_daemon
for i in 1 2 3 4 5; do
	send_frames "$OUT" 1000
	# TERM is ignored, and ends the daemon in no way
	kill_engine TERM
	kill_engine KILL
	wait_until '_new=$(engine_pid) && [ "$_new" != "$_old" ]' 1 ||
	    fail "no new engine"
	send_frames "$OUT" 1000
done
await_total all 10000
same 5 "$(logged "engine was killed: starting another")" "lines"
kill_engine KILL
await_end 3
same 1 "$ENDED" "status after the sixth"

# A sanitizer would handle the signal with calls that the sandbox refuses.
export ASAN_OPTIONS=handle_segv=0
start_daemon
kill_engine SEGV
await_end 3
same 1 "$ENDED" "status after a crash"
same 1 "$(logged "engine ended with signal 11")" "lines about the crash"

start_daemon
engine=$(engine_pid)
kill -KILL "$DAEMON"
wait_until '! running "$engine"' 1 || fail "the engine outlives the parent"
wait "$DAEMON" 2>/dev/null
DAEMON=

# It does not start where others can write its root directory.  On Linux
# ip(8) gives the daemon a view of the file systems that is its own, unless the
# right to mount was taken away.
[ "$SYSTEM" = Linux ] && [ -z "$UNDER" ] || exit 0
home=$(eval echo ~_bpfstatsd)
launch sh -c 'mount -t tmpfs -o mode=755 none "$1" && exec "$2" -d -s "$3" -f "$4"' \
    sh "$home" "$BPFSTATSD" "$SOCKET" "$CONF"
alive
chmod 777 "/proc/$DAEMON/root$home"
kill -HUP "$DAEMON"
await_end 5
same 1 "$ENDED" "status when no engine can start"
within 1 "$(logged "$home, home of user _bpfstatsd: must be")" 2 "reasons"
