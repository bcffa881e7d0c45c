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

# Ten thousand runs of a command: none is lost, no zombie, the same number of
# open descriptors, memory flat in both processes.
#
# slow: ten thousand commands

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule a {
	interface $IN
	count 1 exact
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
engine=$(engine_pid)

# What must not grow; quiet, so that it is read between two runs.
figures() {
	sleep 1
	fd_p=$(descriptors "$DAEMON")
	fd_e=$(descriptors "$engine")
	rss_p=$(resident "$DAEMON")
	rss_e=$(resident "$engine")
}

send_frames "$OUT" 500
wait_lines "$DIR/runs" 500 20
figures
was="$((fd_p)) $((fd_e))"
was_p=$rss_p
was_e=$rss_e
began=$(now_ms)
send_frames "$OUT" 10000
wait_lines "$DIR/runs" 10500 100
note "10,000 runs in $(($(now_ms) - began)) ms"
figures
same 10500 "$(lines "$DIR/runs")" "runs"
awk '$4 != NR || $5 != 1 || $7 != $6 - NR { print; bad = 1 }
    END { exit bad }' "$DIR/runs" || fail "wrong runs"
same "" "$(children)" "children that stayed"
same "$was" "$((fd_p)) $((fd_e))" "open descriptors"
if ! sanitized; then
	within 0 $((rss_p > was_p ? rss_p - was_p : 0)) 128 \
	    "KB that the parent has grown"
	within 0 $((rss_e > was_e ? rss_e - was_e : 0)) 128 \
	    "KB that the engine has grown"
fi
same "$engine" "$(engine_pid)" "the engine"
stop_daemon
