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


# Commands a second when there is always another one to run, beside a program
# that does nothing but run the same command: with fork(2), as we do, and with
# posix_spawn(3), which copies no memory but cannot become another user.

if [ -n "$QUICK" ]; then
	_rounds=1
	_ms=500
else
	_rounds=7
	_ms=2000
fi

# The number of runs so far in RUNS, and the time in ms in TIME.
runs_now() {
	: >"$DIR/log"
	_time=$("$DIR/record" /dev/stdout)
	TIME=${_time%% *}
	kill -USR1 $PIDS
	until grep -q ', runs [0-9]*, failures' "$DIR/log"; do
		sleep 0.01
	done
	RUNS=$(sed -n 's/.*, runs \([0-9]*\), failures.*/\1/p' "$DIR/log")
}

# runs_round row flags: a figure of each.
runs_round() {
	kill -CONT $PIDS
	sleep 0.2
	runs_now
	_runs=$RUNS
	_began=$TIME
	sleep "$(calc "$_ms / 1000")"
	runs_now
	kill -STOP $PIDS
	_rate=$(calc "($RUNS - $_runs) * 1000 / ($TIME - $_began)")
	pair "$1" "$_rate" "$("$DIR/spawn" $2 $_ms /bin/true)"
}

# runs_conf user
runs_conf() {
	cat >"$DIR/conf.runs" <<END
user $1
rule busy {
	interface $THERE
	count 1 exact
	command "/bin/true"
}
END
	chmod 600 "$DIR/conf.runs"
}

heading "Commands a second from an exact backlog; B: a bare loop of the same"
row runs.root "/bin/true as root; B: fork, become root" %.0f
row runs.spawn "/bin/true as root; B: posix_spawn" %.0f
row runs.nobody "/bin/true as nobody; B: fork, become nobody" %.0f

for _user in root nobody; do
	runs_conf $_user
	# not daemon(): it must append to its log
	: >"$DIR/log"
	"$BPFSTATSD" -d -s "$DIR/sock" -f "$DIR/conf.runs" \
	    2>>"$DIR/log" </dev/null &
	PIDS=$!
	daemons_ready
	"$DIR/send" "$HERE" 1000000 >/dev/null || exit 1
	sleep 1.2
	_round=0
	while [ $((_round += 1)) -le $_rounds ]; do
		case $_user in
		root)	runs_round runs.root "-u root"
			runs_round runs.spawn "" ;;
		*)	runs_round runs.nobody "-u nobody" ;;
		esac
	done
	kill -CONT $PIDS
	end_all
done
