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

# A wall clock that jumps by days neither fires nor starves a rule; after both
# processes have slept for some seconds, as a suspended machine does, nothing
# is made up for.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
[ "$SYSTEM" = Linux ] || skip "preloads what Linux's libraries call"
sanitized && skip "a sanitizer wants to be the first library"
pair_create IN OUT
${CC:-cc} -shared -fPIC -o "$DIR/clock.so" "$REGRESS/tools/clock.c" ||
    fail "clock.c"
year() {
	LD_PRELOAD=$DIR/clock.so date +%s
}
a=$(year)
sleep 2
within 86000 $(($(year) > a ? $(year) - a : a - $(year))) 180000 \
    "seconds that the clock has jumped"

conf <<END
user root
rule ticks {
	interface $IN
	wait 3
	command "$TOOLS/record" "$DIR/ticks"
}
rule power {
	interface $IN
	immediate
	command "$TOOLS/record" "$DIR/power"
	idle 4 "$TOOLS/record" "$DIR/power"
}
END
LD_PRELOAD=$DIR/clock.so
export LD_PRELOAD
start_daemon
unset LD_PRELOAD
engine=$(engine_pid)
start_sender "$OUT" 1 50
sleep 13
kill -STOP "$engine" "$DAEMON"
sleep 5
kill -CONT "$engine" "$DAEMON"
sleep 7
stop_sender
awk 'NR > 1 { gap = $1 - last; print gap
	if (gap < 2950 || gap > 8200 || (gap > 4100 && ++long > 1)) bad = 1 }
    { last = $1 }
    END { exit bad || NR < 6 || NR > 10 }' "$DIR/ticks" >"$DIR/gaps" ||
    fail "ms between starts, wait 3: $(tr '\n' ' ' <"$DIR/gaps")"
wait_lines "$DIR/power" 2 6
same "count idle" "$(awk '{ printf "%s%s", s, $3; s = " " }' \
    "$DIR/power")" "on and off"
stop_daemon
