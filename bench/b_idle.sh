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


# What a daemon costs while nothing happens: processor time and wake-ups of both
# processes together, and in a second pass their system calls.  It is compared
# with the least that one program could do: to ask a packet socket on each
# interface once a second.  One rule is compared with a loop of the shell, too.

if [ -n "$QUICK" ]; then
	_rounds=1
	_seconds=1
	_cases="1:1 1000:200"
else
	_rounds=3
	_seconds=4
	_cases="1:1 1000:1 10000:1 1000:200 10000:200"
fi

# Until half a second after a tick, if the machine never slept.
half_second() {
	[ -z "$QUICK" ] || return
	sleep "$(awk '{ printf "%.2f", 1.5 - $1 % 1 }' /proc/uptime)"
}

# watch: in CPU the share of a processor that PIDS and their children use, in
# per cent; in WAKES how often they are woken a second.
watch() {
	_family=$(family)
	half_second
	_before=$(used $_family)
	sleep $_seconds
	_after=$(used $_family)
	CPU=$(calc "(${_after% *} - ${_before% *}) / $_seconds / 1e7")
	WAKES=$(calc "(${_after#* } - ${_before#* }) / $_seconds")
}

# calls: in CALLS system calls a second of PIDS and their children.
calls() {
	half_second
	strace -c -f -o "$DIR/calls" $(family | sed 's/^/-p /') 2>"$DIR/err" &
	_tracer=$!
	# until then it ignores INT, as all that a script has in the background
	_tries=600
	until grep -q attached "$DIR/err" || [ $((_tries -= 1)) -eq 0 ]; do
		sleep 0.1
	done
	sleep $_seconds
	kill -INT $_tracer
	wait $_tracer
	CALLS=$(awk -v s=$_seconds '$NF == "total" {
		print (NF > 4 ? $(NF > 5 ? NF - 2 : NF - 1) : 0) / s }' \
		"$DIR/calls")
}

# idle_case rules interfaces round: system calls in the first round only.
idle_case() {
	_ifs=$THERE
	[ "$2" -eq 1 ] || _ifs=$MANY
	_key=$1.$2

	daemon "$(rules "$1" $_ifs)"
	daemons_ready
	watch
	_cpu=$CPU
	_wakes=$WAKES
	if [ "$3" -eq 1 ] && has strace; then
		calls
		_calls=$CALLS
	fi
	end_all
	other "$DIR/tap" tick $_ifs
	watch
	pair "idle.cpu.$_key" "$_cpu" "$CPU"
	pair "idle.wakes.$_key" "$_wakes" "$WAKES"
	if [ "$3" -eq 1 ] && has strace; then
		calls
		pair "idle.calls.$_key" "$_calls" "$CALLS"
	fi
	end_all
	[ "$_key" != 1.1 ] || shell_loop
}

# Processor time of a loop of the shell that looks once a second.
shell_loop() {
	_us=$("$DIR/cpu" sh -c 'i=0
		while [ $((i += 1)) -le '$_seconds' ]; do
			read -r n <"$1"
			sleep 1
		done' sh "/sys/class/net/$THERE/statistics/rx_packets")
	pair idle.shell "$_cpu" "$(calc "${_us% *} / $_seconds / 1e4")"
}

idle_rows() {
	for _case in $_cases; do
		_key=${_case%:*}.${_case#*:}
		_target=
		[ $_key != 10000.200 ] || _target=$3
		row "idle.$1.$_key" "$(words "${_case%:*}" "${_case#*:}")" \
		    "$2" "$_target"
	done
}

heading "Idle: per cent of a processor; B: a bare loop that asks each counter"
idle_rows cpu %.4f "A<=0.5"
row idle.shell "1 rule; B: a shell loop, one interface" %.4f
heading "Idle: wake-ups a second; B: the bare loop"
idle_rows wakes %.1f "A<=2"
heading "Idle: system calls a second; B: the bare loop"
idle_rows calls %.1f "R<=1.1"

_round=0
while [ $((_round += 1)) -le $_rounds ]; do
	for _case in $_cases; do
		idle_case "${_case%:*}" "${_case#*:}" $_round
	done
done
