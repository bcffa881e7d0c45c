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

# An interface that comes and goes all the time fills no log: ten changes in a
# minute are logged, and then how many more there were and how it is now.
# Others are logged as ever.
#
# slow: it takes a minute until the rest is logged

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
pair_create IN1 OUT1

# rule name interface [statement]
rule() {
	printf 'rule "%s" {\n\tinterface %s\n\t%s\n' "$1" "$2" "${3:-}"
	printf '\tcommand "/usr/bin/true"\n}\n'
}
{
	echo "user root"
	rule "$IN" "$IN" "direction in"
	rule "$IN1" "$IN1"
} | conf

# flap in out times: gone and back, each of them noticed.
flap() {
	_i=0
	while [ $((_i += 1)) -le "$3" ]; do
		pair_destroy "$1" "$2"
		wait_until "is_attached $1 0" 5 || fail "$1 is not missed"
		pair_restore "$1" "$2"
		wait_until "is_attached $1 1" 5 || fail "$1 is not counted"
	done
}

# said interface: how many of its changes were logged.
said() {
	logged "^bpfstatsd: $1: (counting|the interface is gone)"
}

# more interface: how many lines say that there were more, and how many.
more() {
	awk -v name="$1:" '$2 == name && / more changes in this minute/ {
		n++
		sum += $3
	}
	END { print n + 0, sum + 0 }' "$LOG"
}

# within_minute: since $began less than a minute has passed, so that all changes
# since are in one.
within_minute() {
	[ $(($(now_ms) - began)) -lt 60000 ]
}

start_daemon
began=$(now_ms)
flap "$IN" "$OUT" 6
said=$(said "$IN")
within_minute || skip "12 changes take more than a minute here"
same 10 "$said" "changes that were logged"
flap "$IN1" "$OUT1" 1
same 2 "$(said "$IN1")" "changes of another interface"
wait_until '[ "$(more "$IN")" = "1 2" ]' 65 ||
    fail "more changes: $(more "$IN")"
within_minute && fail "more changes before a minute"
logged "$IN: 2 more changes in this minute, now counting\$" >/dev/null ||
    fail "how it is now"

# The next minute is one of its own, a reload does not begin another, though
# there is one more counter now, and nothing is forgotten at the end.
began=$(now_ms)
flap "$IN" "$OUT" 4
{
	cat "$CONF"
	rule both "$IN"
} >"$DIR/more"
conf_swap "$DIR/more"
reload
kill -KILL "$(engine_pid)"
flap "$IN" "$OUT" 2
pair_destroy "$IN" "$OUT"
wait_until "is_attached $IN 0" 5 || fail "$IN is not missed"
said=$(said "$IN")
stop_daemon
if within_minute; then
	same 20 "$said" "changes that were logged in two minutes"
	same "2 5" "$(more "$IN")" "more changes, at the end"
	logged "$IN: 3 more changes in this minute, now waiting\$" \
	    >/dev/null || fail "how it was at the end"
fi
set -- $(more "$IN")
same 25 $((said + $2)) "changes that were logged, and more"
same "0 0" "$(more "$IN1")" "more changes of another interface"
