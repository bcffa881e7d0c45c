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

# An interface that does not exist: the one-rule form says so and exits 1, the
# daemon warns once and lets the other rules work.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

in_net "$BPFSTATSD" -i nosuch0 /usr/bin/true >"$DIR/out" 2>"$DIR/err" </dev/null
same 1 $? "status of the one-rule form"
grep -q '^bpfstatsd: nosuch0: ' "$DIR/err" ||
    fail "it says: $(cat "$DIR/err")"
same 1 "$(lines "$DIR/err")" "lines that it says"

conf <<END
user root
rule absent {
	interface nosuch0
	command "$TOOLS/record" "$DIR/absent"
}
rule absent2 {
	interface nosuch0
	immediate
	command "$TOOLS/record" "$DIR/absent"
}
rule present {
	interface $IN
	command "$TOOLS/record" "$DIR/present"
}
END
start_daemon
send_frames "$OUT" 1
wait_lines "$DIR/present" 1 3
# Should it repeat itself it would do so at a tick.
sleep 2.2
same 1 "$(grep -c nosuch0 "$LOG")" "lines about the interface"
same 0 "$(lines "$DIR/absent")" "runs of a rule that counts nothing"
stop_daemon
