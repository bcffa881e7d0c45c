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

# If all rules are immediate nothing wakes up while nothing arrives; neither
# process makes a system call, for SILENCE seconds (5).
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
silence=${SILENCE:-5}

conf <<END
user root
rule one {
	interface $IN
	count 1 exact
	immediate
	command "/usr/bin/true"
}
END
start_daemon
send_frames "$OUT" 3 1 50
wait_logged 'run 3: .*exit 0' 1 5
sleep 2					# what follows a run
engine=$(engine_pid)

# Nothing wakes them for so many seconds.
silent() {
	e=$(wakeups "$engine")
	p=$(wakeups "$DAEMON")
	sleep "$silence"
	e=$(($(wakeups "$engine") - e))
	p=$(($(wakeups "$DAEMON") - p))
	# On FreeBSD some of what is said of interfaces may be lost: the parent
	# compares every ten seconds.
	[ "$SYSTEM" != FreeBSD ] || p=0
	# The kernel adds one of its own now and then.
	[ $e -le 2 ] && [ $p -eq 0 ]
}

# Elsewhere than on Linux it hears of the interfaces of other tests.
tries=6
[ "$SYSTEM" != Linux ] || tries=1
until silent; do
	[ $((tries -= 1)) -gt 0 ] ||
	    fail "wake-ups in silence: the parent $p, the engine $e"
done

command -v strace >/dev/null && ! sanitized || exit 0
strace -f -o "$DIR/trace" -p "$DAEMON" -p "$engine" 2>"$DIR/err" &
SENDER=$!
wait_until '[ "$(grep -c attached "$DIR/err")" -eq 2 ]' 5 ||
    fail "strace: $(cat "$DIR/err")"
sleep "$silence"
kill "$SENDER"
wait "$SENDER"
SENDER=
# What they sleep in is seen at the beginning, and once more at the end.
calls=$(grep -Ec '^[0-9]+ +[a-z_0-9]+\(' "$DIR/trace")
note "calls: $calls: $(cut -c 1-60 "$DIR/trace")"
grep -Ev '(epoll_wait|epoll_pwait|kevent)|attached|detached' "$DIR/trace" &&
    fail "system calls in silence"
within 0 "$calls" 2 "system calls in silence"
stop_daemon
