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

# Many commands that write without end hold up neither requests nor the
# commands of others, nor the output of one that writes more than a pipe
# holds.  What counts is the time of the processor that the daemon spends
# until it answers, with all pipes full: how busy the machine is does not
# matter.
#
# alone: it makes the machine busy for all others

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
pair_create IN2 OUT2
# So many that to read them all takes far longer than output may have of a
# turn.  Where they share one processor with the daemon fewer must do: that it
# gets a turn at all takes most of the time.
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null ||
    getconf NPROCESSORS_ONLN 2>/dev/null || sysctl -n hw.ncpu)
floods=600
[ "$processors" -gt 1 ] || floods=20
{
	echo "user nobody"
	i=0
	while [ $((i += 1)) -le $floods ]; do
		cat <<END
rule flood.$i {
	interface $IN
	wait 1h
	timeout none
	command "/usr/bin/nice" "-n" "15" "/usr/bin/yes" ""
}
END
	done
	cat <<END
rule other {
	interface $IN2
	count 1 exact
	immediate
	command "/bin/sh" "-c" "yes 0123456789 | head -n 50000; exit 7"
}
END
} | conf

# Seconds of the processor that the daemon has spent.
spent() {
	ps -o time= -p "$DAEMON" | awk '{
		n = split($1, t, ":")
		for (i = 1; i <= n; i++)
			s = s * 60 + t[i]
		print int(s)
	}'
}

# Does a command still fill its pipe?
filling() {
	ps -A -o ppid= -o stat= -o args= | awk -v daemon="$DAEMON" '
		$1 == daemon && $2 ~ /^[RO]/ && !/: engine/ { n++ }
		END { exit n == 0 }'
}

start_daemon
send_frames "$OUT" 1
wait_until '[ "$(children | wc -l)" -ge $floods ]' 30 ||
    fail "$(children | wc -l) of $floods commands run"
before=$(spent)
i=0
while [ $((i += 1)) -le 20 ]; do
	kill -STOP "$DAEMON"
	wait_until '! filling' 30 || fail "the pipes are never full"
	ctl show other >"$DIR/out" &
	asks=$!
	kill -CONT "$DAEMON"
	wait $asks || fail "no answer"
done
within 0 $(($(spent) - before)) 3 "seconds of the processor for 20 answers"
send_frames "$OUT2" 1
wait_logged 'rule "other": run 1: .* exit 7 ' 1 30
same 100 "$(logged 'rule "other": output: 0123456789$')" "lines of other"
alive
kill -TERM "$DAEMON"
wait_until '! running "$DAEMON"' 20 || fail "TERM does not end it"
wait "$DAEMON"
same 0 $? "its status"
DAEMON=
