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

# Somebody takes away the program of one of two rules: both are attached anew,
# and the log says so as of an interface that was gone.  So it is when an
# interface goes just after one of its counters was asked whether it is there.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_tcx.sh"
need_tcx
pair_create IN OUT
start_two
send_frames "$OUT" 100
seen 100

for n in 1 2 3; do
	in_net "$TOOLS/tcx" detach "$IN"
	same "1 0" "$(attached "$IN")" "programs after one was detached"
	# it looks when an interface comes
	pair_create OTHER PEER
	wait_logged "$IN: the interface is gone" "$n" 5
	wait_logged "$IN: counting" "$n" 5
	send_frames "$OUT" 100
	seen $((100 + 100 * n))
	same "2 0" "$(attached "$IN")" "programs"
done
stop_daemon
left "$IN" "0 0"
