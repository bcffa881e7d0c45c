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

# slow: half a minute of packets that come just in time
#
# Silence is known only up to the last look at the counter: a rule that gets
# packets in time does not go off, whoever makes the daemon look at it when,
# how far the engine is behind, or if there is no engine for a while.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2

# rules seconds
rules() {
	conf <<END
user root
rule cam {
	interface $IN
	command "/usr/bin/true"
	idle $1 "/usr/bin/true"
}
rule now {
	interface $IN
	immediate
	command "/usr/bin/true"
	idle $1 "/usr/bin/true"
}
rule window {
	interface $IN
	count 1 within 10
	command "/usr/bin/true"
	idle $1 "/usr/bin/true"
}
rule other {
	interface $IN2
	immediate
	count 1 exact
	command "/usr/bin/true"
}
END
}

idles() {
	logged '"(cam|now|window)": run [0-9]+: idle'
}

# none what: no idle command has run.
none() {
	what=$1
	[ "$(idles)" -eq 0 ]
}

just_in_time() {
	# Each look of another rule makes the daemon look at all of them.
	while [ $(($(now_ms) - began)) -lt 18000 ]; do
		sleep 1
		none "with a packet every 2.6 s" || return
	done

	# An engine that stands still for longer than that, or is replaced: the
	# look after it comes before any decision.
	kill -STOP "$(engine_pid)"
	sleep 3.5
	none "while the engine was stopped" || return
	kill -CONT "$(engine_pid)"
	next_tick
	kill -STOP "$(engine_pid)"
	sleep 2
	kill -KILL "$(engine_pid)"
	next_tick
	none "when the engine was replaced" || return

	# So does a parent that was stopped.
	kill -STOP "$DAEMON"
	sleep 3.5
	kill -CONT "$DAEMON"
	next_tick
	none "after the parent was stopped"
}

# The sender, too, may be held up on a busy machine: then it was silent.
was_late() {
	awk 'NR > 1 && $1 - last > 2900000 { late = 1 }
	    { last = $1 }
	    END { exit !late }' "$DIR/times"
}

for try in 1 2 3; do
	rules 3
	start_daemon
	start_sender "$OUT2" 1 10
	other=$SENDER
	began=$(now_ms)
	SENDER=
	export SEND_TIMES="$DIR/times"
	start_sender "$OUT" 1 2600
	unset SEND_TIMES
	wait_logged '"(cam|now|window)": run 1: count' 3 5
	good=yes
	just_in_time || good=
	[ -n "$good" ] || sleep 3	# for the next packet, if it is late
	stop_sender
	kill -TERM "$other"
	wait "$other"
	[ -z "$good" ] || break
	was_late || fail "idle commands $what"
	note "the sender was late"
	kill -CONT "$(engine_pid)"
	stop_daemon
done
[ -n "$good" ] || fail "the sender was late each time"

# Silence is silence.
wait_logged '"(cam|now|window)": run 2: idle' 3 10
stop_daemon

# A second of silence among a hundred packets a second there is not.
rules 1
start_daemon
start_sender "$OUT" 1 10
wait_logged '"(cam|now|window)": run 1: count' 3 5
sleep 6
same 0 "$(idles)" "idle commands with packets all the time"
stop_sender
wait_logged '"(cam|now|window)": run 2: idle' 3 10
stop_daemon
