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

# An interface that comes after the start counts from a second after it came;
# one that is down and up, or renamed, goes on; the one-rule form ends with 1
# when its interface goes.

. "${0%/*}/lib.sh"
. "${0%/*}/lib_reload.sh"
need_daemon
pair_create IN OUT
pair_destroy "$IN" "$OUT"

conf <<END
user root
rule late {
	interface $IN
	count 1000000 exact
	command "/bin/true"
}
END
start_daemon
sleep 3
pair_restore "$IN" "$OUT"
sleep 1			# what the daemon may take
send_frames "$OUT" 500
next_tick
ask late
same "attached 500" "$ATTACHED $TOTAL" "an interface that came"

if [ "$SYSTEM" = Linux ]; then
	ip -n "$NET" link set "$IN" down
	sleep 1.2
	ip -n "$NET" link set "$IN" up
	sleep 1.2
	send_frames "$OUT" 100
	next_tick
	ask late
	same "attached 600" "$ATTACHED $TOTAL" "down and up"
	ip -n "$NET" link set "$IN" name other0
	sleep 1.2
	send_frames "$OUT" 100
	next_tick
	ask late
	same "attached 700" "$ATTACHED $TOTAL" "renamed"
	ip -n "$NET" link set other0 name "$IN"
	sleep 1.2
fi
same 1 "$(logged ": no such interface")" "lines: no such interface"
same 1 "$(logged ": counting")" "lines: counting"
same 0 "$(logged ": the interface is gone")" "lines: gone"
stop_daemon

start_rule -i "$IN" /bin/true
pair_destroy "$IN" "$OUT"
await_end 3
same 1 "$ENDED" "status of the one-rule form"
grep -q "^bpfstatsd: $IN: .*gone" "$LOG" || fail "it says nothing of it"
