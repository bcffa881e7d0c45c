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

# A reload adds an nflog group that another program has: the daemon says so,
# and counts soon after the group is free, without being told.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_nflog.sh"
cat >"$DIR/group" <<END
user root
rule group {
	interface nflog:5
	count 10 exact
	command "$TOOLS/record" "$DIR/runs"
}
END
cat >"$DIR/other" <<END
user root
rule other {
	interface $IN
	command "/usr/bin/true"
}
END
chmod 600 "$DIR/group"

# Another daemon is the other program.
occupy() {
	$IN_NET "$BPFSTATSD" -dv -s "$DIR/holder.sock" -f "$DIR/group" \
	    >"$DIR/holder.log" 2>&1 </dev/null &
	HOLDER=$!
	wait_until 'grep -q "nflog:5: counting" "$DIR/holder.log"' 5 ||
	    fail "no other program: $(cat "$DIR/holder.log")"
}

conf_swap "$DIR/other"
occupy
start_daemon
conf_swap "$DIR/group"
reload
ask group
same waiting "$ATTACHED" "a rule on a busy group"
next_tick
next_tick
same 1 "$(logged 'nflog:5: ')" "lines about the group"
same 1 "$(logged 'nflog:5: .*another program has')" "lines that say who has it"

kill -TERM "$HOLDER"
wait "$HOLDER"
wait_logged 'nflog:5: counting' 1 4
ask group
same attached "$ATTACHED" "a rule on a free group"
send_frames "$OUT" 20
wait_lines "$DIR/runs" 2 4
stop_daemon
