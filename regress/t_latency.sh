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

# `immediate': from a packet to the command's first instruction, for single
# packets 50 ms apart (PACKETS of them, 400): median under 2 ms, 99th
# percentile under 10 ms.  Then no system call of either process in silence
# (SILENCE seconds, 10).

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
sanitized && skip "sanitizers take their time"
pair_create IN OUT
packets=${PACKETS:-400}
silence=${SILENCE:-10}

conf <<END
user root
rule one {
	interface $IN
	count 1 exact
	immediate
	command "$TOOLS/stamp" "$DIR/stamps"
}
END
start_daemon
SEND_TIMES=$DIR/times
export SEND_TIMES
send_frames "$OUT" "$packets" 1 50
wait_lines "$DIR/stamps" "$packets" 3
paste "$DIR/times" "$DIR/stamps" | awk '{ print $2 - $1 }' | sort -n \
    >"$DIR/sorted"
median=$(sed -n "$((packets / 2))p" "$DIR/sorted")
high=$(sed -n "$((packets * 99 / 100))p" "$DIR/sorted")
note "$packets packets: median $median us, 99th percentile $high us," \
    "longest $(tail -n 1 "$DIR/sorted") us"
within 0 "$median" 2000 "us, median"
within 0 "$high" 10000 "us, 99th percentile"

stop_daemon

# Few runs, so that no summary of the log falls into the silence; and some
# time for what follows the last of them.
command -v strace >/dev/null || exit 0
unset SEND_TIMES
start_daemon
send_frames "$OUT" 3 1 50
sleep 2
strace -f -o "$DIR/trace" -p "$DAEMON" -p "$(engine_pid)" 2>/dev/null &
tracer=$!
sleep 0.5
sleep "$silence"
kill "$tracer"
wait "$tracer"
# What they sleep in is seen at the beginning, and once more at the end.
calls=$(grep -Ec '^[0-9]+ +[a-z_0-9]+\(' "$DIR/trace")
note "calls in $silence s: $calls: $(cut -c 1-60 "$DIR/trace")"
grep -Ev '(epoll_wait|epoll_pwait|kevent)|attached|detached' "$DIR/trace" &&
    fail "system calls in silence"
within 0 "$calls" 2 "system calls in silence"
stop_daemon
