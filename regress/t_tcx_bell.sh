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

# An immediate rule is woken by packets, but at most once a millisecond however
# fast they come; the others are counted all the same.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule now {
	interface $IN
	direction in
	count 1000000000
	immediate
	command "/usr/bin/true"
}
END
start_daemon
send_frames "$OUT" 1
await_total now 1
engine=$(engine_pid)

began=$(now_ms)
before=$(wakeups "$engine")
send_frames "$OUT" 300000
await_total now 300001
woken=$(($(wakeups "$engine") - before))
ms=$(($(now_ms) - began))
note "$woken times in $ms ms"
# asleep until packets come, and for the millisecond after that
within 1 $woken $((2 * ms + 10)) "wake-ups of the engine in $ms ms"

# Far apart each wakes it.
before=$(wakeups "$engine")
send_frames "$OUT" 50 1 10
await_total now 300051
[ $(($(wakeups "$engine") - before)) -ge 50 ] || fail "packets woke nobody"
stop_daemon
