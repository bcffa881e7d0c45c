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

# Programs of others on the interface.  One that was there before, and passes or
# drops all packets, hides none; with as many as the kernel takes the daemon
# counts with a packet socket.  Whatever ends the daemon leaves no program.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tcx.sh"
need_tcx
pair_create IN OUT
conf <<END
user root
rule both {
	interface $IN
	count 1000000
	command "/usr/bin/true"
}
rule now {
	interface $IN
	count 1000000
	immediate
	command "/usr/bin/true"
}
END

start_other pass "$IN"
start_daemon
same "3 3" "$(attached "$IN")" "programs"
send_frames "$IN" 100
send_frames "$OUT" 70
for rule in both now; do
	await_total $rule 170
	same "tcx" "${LAST##* }" "the kind of counter"
done
stop_daemon
left "$IN" "1 1"
end_other

# A dropped packet is sent again, until it is not: received ones, then.
start_other drop "$IN"
start_daemon
send_frames "$OUT" 100
for rule in both now; do
	await_total $rule 100
done

kill -KILL "$DAEMON"
await_end 5
left "$IN" "1 1"
end_other

start_other fill "$IN"
start_daemon -v
same 2 "$(logged "$IN: counting, packet socket")" "packet sockets"
send_frames "$IN" 100
send_frames "$OUT" 70
for rule in both now; do
	await_total $rule 170
done
end_other
stop_daemon
left "$IN" "0 0"
