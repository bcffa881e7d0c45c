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

# A command that takes its time to begin, or that its user stops before it
# does, holds up its own rule and nothing else.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
[ "$SYSTEM" = Linux ] || skip "needs strace(1)"
command -v strace >/dev/null || skip "no strace(1)"
need_daemon
pair_create IN OUT
conf <<END
user nobody
rule slow {
	interface $IN
	immediate
	command "/usr/bin/true"
}
END
start_daemon
strace -f -qq -o /dev/null -e trace=execve \
    -e inject=execve:delay_enter=5000000 -p "$DAEMON" 2>"$DIR/err" &
SENDER=$!
wait_until '! grep -q "^TracerPid:	0" "/proc/$DAEMON/status"' 5 ||
    fail "strace: $(cat "$DIR/err")"
send_frames "$OUT" 1
wait_until '[ -n "$(children)" ]' 2 || fail "no command was started"
kill -USR1 "$DAEMON"
wait_logged 'runs 1, failures 0, running pid' 1 2
wait_logged 'run 1: .* exit 0 after [5-9]' 1 10
kill "$SENDER"
wait "$SENDER"
SENDER=
stop_daemon
