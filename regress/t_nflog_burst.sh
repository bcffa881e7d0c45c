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

# The end of a burst of nflog counts without another packet coming, whatever
# did not fit in the buffer, with and without immediate; also if the engine was
# stopped meanwhile, or killed between.
#
# slow: bursts, and the pauses between them

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_nflog.sh"

rules() {
	conf <<END
user root
rule group {
	interface nflog:5
	count 1000000000
	$1
	command "/usr/bin/true"
}
rule iface {
	interface $IN
	count 1000000000
	command "/usr/bin/true"
}
END
}

total=0
sent() {
	total=$((total + $1))
	send_frames "$OUT" "$1"
}

for immediate in immediate ""; do
	rules "$immediate"
	start_daemon
	total=0
	for n in 1 100 250 300 500 1000 2000 5000 20000; do
		sent $n
		await_total group $total
	done
	await_total iface $total

	# The kernel goes on alone.
	engine=$(engine_pid)
	kill -STOP "$engine"
	sent 20000
	kill -CONT "$engine"
	await_total group $total
	same "$engine" "$(engine_pid)" "the engine"

	# Its successor continues, wherever it was.
	for n in 1 2 3 4; do
		start_sender "$OUT" 50 1
		sleep 0.1
		kill -KILL "$(engine_pid)"
		sleep 0.1
		stop_sender
		total=$((total + SENT))
		await_total group $total
	done
	await_total iface $total
	start_sender "$OUT" 50 1
	reload
	stop_sender
	total=$((total + SENT))
	await_total group $total
	stop_daemon
done
