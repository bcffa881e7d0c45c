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

# A rule with a window that is on does not go off for a time in which nobody
# looked: what came meanwhile keeps it on, whenever it was.  The engine is
# stopped until the daemon replaces it, which takes longer than the silence.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
{
	echo "user root"
	for name in tick now; do
		cat <<END
rule $name {
	interface $IN
	$([ $name = tick ] || echo immediate)
	count 5 within 4
	command "/usr/bin/true"
	idle 4 below 2 "/usr/bin/true"
}
END
	done
} | conf
start_daemon
start_sender "$OUT" 1 20
wait_logged 'run 1: count' 2 10
kill -STOP "$(engine_pid)"
wait_logged 'engine was killed: starting another' 1 30
ask tick
before=$TOTAL
wait_until 'ask tick; [ "$TOTAL" -gt "$before" ]' 10 || fail "nobody looks"
next_tick
next_tick
same 0 "$(logged 'run [0-9]*: idle')" "runs while packets came"
stop_sender
# That there is silence now is still known.
wait_logged 'run 2: idle' 2 20
stop_daemon
