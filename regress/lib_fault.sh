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

# For the tests that let one call after the other fail: the daemon says what
# failed and goes on right, or ends with status 1.  It never runs a command as
# the wrong user, loses its configuration or leaves a process.  A test reads
# lib.sh, then this:
#
#	. "$(dirname "$0")/lib_fault.sh"
#
# FAULT_ALL=yes tries every call; else of many calls of one function some are
# left out.  FAULT_ONLY="stage function" tries one function.
#
# fault/fault.c is preloaded into the daemon and all that it starts, and shares
# $file with $ctl: "$ctl $file function n errno" lets the nth call from now on
# fail, in whichever process makes it.
#
# A stage is something that the daemon does meanwhile: start, background,
# reload, run, end, and those of t_fault_*.sh.  "STAGE function n errno" does it once and looks at all that
# comes of it: check_end() if the daemon ended, runs_right() if it goes on.  It
# returns 0 if a call was made to fail, and 1 if there were less than n, so that
# each() can count up.
#
#	what		the try, for messages: stage, function, number
#	settings	lines before its rule
#	tag		the configuration that the file holds now
#	active		the one that the daemon should have
#	sent, seen	packets, and lines of the command in $DIR/runs
#	logged_before	lines of the log before the try

[ "$SYSTEM" = Linux ] || skip "needs LD_PRELOAD as on Linux"
need_daemon
! sanitized || skip "a sanitizer has its own malloc"
pair_create IN OUT

lib=$DIR/fault.so
ctl=$DIR/fault
file=$DIR/fault.shared
${CC:-cc} -O2 -fPIC -shared -o "$lib" "$REGRESS/fault/fault.c" -ldl &&
    ${CC:-cc} -O2 -DCONTROL -o "$ctl" "$REGRESS/fault/fault.c" ||
    fail "fault.c does not compile"
chmod 644 "$lib"

# The command: a line of its tag, what it was told, and who it is.
cat >"$DIR/command" <<'END'
while read -r key rest; do
	case $key in
	Uid:|Gid:|Groups:)	ids="$ids $rest" ;;
	esac
done </proc/self/status
set -- "$1" "$2" $ids
tag=$2
to=$1
shift 2
echo "$tag $BPFSTATSD_TOTAL $*" >>"$to"
END
chmod 644 "$DIR/command"

# soon condition seconds [patience]: as wait_until, but looks more often; a busy
# machine is given ten times as long, or so many times.
soon() {
	_tries=$(($2 * 50 * ${3:-10}))
	until eval "$1"; do
		[ $((_tries -= 1)) -ge 0 ] || return 1
		sleep 0.02
	done
}

# The processes in the test's network; those who look are not in it.
processes() {
	ip netns pids "$NET"
}

dead() {
	read -r _stat 2>/dev/null <"/proc/$DAEMON/stat" || return 0
	case ${_stat##*) } in
	Z*)	return 0 ;;
	esac
	return 1
}

has_engine() {
	_child=
	# there is no newline at its end
	{ read -r _child <"/proc/$DAEMON/task/$DAEMON/children"; } \
	    2>/dev/null
	[ -n "$_child" ]
}

rules() {
	tag=$1
	# exact, so that nothing has to wait a second
	printf '%suser nobody\nrule "r" {\n\tinterface %s\n\timmediate\n' \
	    "$settings" "$IN" >"$CONF.new"
	printf '\tcount 1 exact\n\tcommand "/bin/sh" "%s" "%s" "%s"\n}\n' \
	    "$DIR/command" "$DIR/runs" "$tag" >>"$CONF.new"
	chmod 600 "$CONF.new"
	mv "$CONF.new" "$CONF"
}

# launch [flag ...]: the daemon below the library; its counts begin at 0.
launch() {
	: >"$LOG"
	: >"$DIR/runs"
	chmod 666 "$DIR/runs"
	sent=0
	seen=0
	logged_before=0
	active=$tag
	(exec $IN_NET $UNDER env LD_PRELOAD="$lib" FAULT="$file" "$BPFSTATSD" "$@" \
	    -s "$SOCKET" -f "$CONF") >"$LOG" 2>&1 </dev/null &
	DAEMON=$!
}

# It is gone; nothing may be left and it must have logged_before why.
check_end() {
	wait "$DAEMON"
	ENDED=$?
	DAEMON=
	# the GNU C library's own word and status
	! grep -q '^cannot allocate memory for thread-local data' "$LOG" ||
	    ENDED=1
	same 1 "$ENDED" "$what: exit status"
	[ "$(lines "$LOG")" -gt "$logged_before" ] || fail "$what: it ended in silence"
	soon '[ -z "$(processes)" ]' 3 ||
	    fail "$what: left: $(ps -o args= -p $(processes))"
}

# Sets _engine to the child that runs the program, if there is one.  What is to
# become a command, or writes the state, does so for a moment only: then 1.
only_engine() {
	_engine=
	has_engine
	for _pid in $_child; do
		case $(readlink "/proc/$_pid/exe" 2>/dev/null) in
		*/"${BPFSTATSD##*/}")
			[ -z "$_engine" ] || return 1
			_engine=$_pid
			;;
		esac
	done
}

# The engine is neither root nor without its sandbox.  It may lack its title.
check_engine() {
	_ids=
	_seccomp=
	soon only_engine 3 || fail "$what: children: $_child"
	if [ -z "$_engine" ]; then
		soon dead 2 || fail "$what: there is no engine"
		return 1
	fi
	while read -r _key _rest; do
		case $_key in
		Uid:)		_ids=$_rest ;;
		Seccomp:)	_seccomp=$_rest ;;
		esac
	done <"/proc/$_engine/status"
	case " $_ids " in
	*[!0-9]0[!0-9]*|'  ')	fail "$what: the engine's ids are $_ids" ;;
	esac
	# what fails like this says that there is none, or that it is denied
	case $what in
	*": prctl "* | *": syscall "*)	[ "$_seccomp" = 2 ] || was_hit ;;
	*)		[ "$_seccomp" = 2 ] ;;
	esac || fail "$what: the engine's seccomp mode is $_seccomp"
}

# What was said last of the counter is that it counts, if anything was.
counts() {
	case $(grep -E "^bpfstatsd: ($IN|packet socket): " "$LOG" |
	    tail -n 1) in
	''|*": counting"*)	return 0 ;;
	esac
	return 1
}

# After another packet the command runs, or a failure to run it is logged; in
# the end it runs, as the right user, with the right count.  1: the daemon
# has ended instead.
runs_right() {
	_try=0
	# libseccomp may fall into an endless loop: 10 s until it is killed
	_limit="15 10"
	[ -z "$log_elsewhere" ] || _limit="1 1"
	# A counter that could not be had is tried again in a second.
	soon 'dead || counts' 5 || fail "$what: it does not count again"
	while :; do
		_logged=$(grep -c 'cannot b' "$LOG")
		send_frames "$OUT" 1
		sent=$((sent + 1))
		soon '[ "$(lines "$DIR/runs")" -gt "$seen" ] || dead ||
		    [ "$(grep -c "cannot b" "$LOG")" -gt "$_logged" ]' \
		    $_limit ||
		    [ -n "$log_elsewhere" ] || fail "$what: no run, none refused"
		! dead || return 1
		[ "$(lines "$DIR/runs")" -gt "$seen" ] && break
		[ $((_try += 1)) -lt 3 ] || fail "$what: it never runs"
	done
	# One that was refused is tried again by itself, and may come before it.
	soon '[ "$(tail -n 1 "$DIR/runs")" = "$active $sent $nobody" ] || dead' 5
	! dead || return 1
	seen=$(lines "$DIR/runs")
	same "$active $sent $nobody" "$(sed -n "${seen}p" "$DIR/runs")" \
	    "$what: configuration, packets and ids"
	check_engine
}

# TERM ends it, if it has not ended.  Sets ENDED to its status.
terminate() {
	kill -TERM "$DAEMON" 2>/dev/null
	soon dead 8 || fail "$what: TERM does not end it"
	wait "$DAEMON"
	ENDED=$?
	DAEMON=
}

# TERM ends it; what has not failed by now does not fail any more.
end_daemon() {
	was_hit || "$ctl" "$file" none 0 0
	terminate
	# what failed only now may have ended it
	if [ $ENDED -eq 0 ] || ! was_hit; then
		same 0 $ENDED "$what: status after TERM"
	fi
	soon '[ -z "$(processes)" ]' 3 || fail "$what: left: $(processes)"
}

# each stage function errno: let its first, second, ... call fail.
each() {
	[ -z "${FAULT_ONLY:-}" ] || [ "$FAULT_ONLY" = "$1 $2" ] || return 0
	_n=1
	while what="$1: $2 $_n (errno $3)" && "$1" "$2" "$_n" "$3"; do
		if [ -z "${FAULT_ALL:-}" ] && [ "$_n" -ge 4 ]; then
			_n=$((_n * 3))
		fi
		_n=$((_n + 1))
	done
	[ "$_n" -gt 1 ] || fail "$1: $2 is never called"
	echo "$1: $2: up to call $_n"
}

# Has a call been made to fail?  The process that made it is $victim.
was_hit() {
	set -- $("$ctl" "$file")
	hits=$1 victim=$2
	[ "$hits" -gt 0 ]
}

# The stages.

start() {
	"$ctl" "$file" "$@"
	launch -d
	soon 'has_engine || dead' 10 || fail "$what: it hangs"
	if ! dead && runs_right; then
		was_hit && _hit=0 || _hit=1
		end_daemon
		return $_hit
	fi
	was_hit || fail "$what: it ended without reason"
	check_end
}

# Into the background: the first process tells the truth.  What is said later
# goes to syslogd, and is not heard here.
background() {
	"$ctl" "$file" "$@"
	launch
	soon dead 10 || fail "$what: it hangs"
	if wait "$DAEMON"; then
		DAEMON=
		for pid in $(processes); do
			case $(ps -o args= -p "$pid") in
			*engine*)	;;
			*)	DAEMON=$pid ;;
			esac
		done
		[ -n "$DAEMON" ] || fail "$what: started, and where is it?"
		log_elsewhere=yes
		runs_right && _ended= || _ended=yes
		log_elsewhere=
		was_hit && _hit=0 || _hit=1
		[ -z "$_ended" ] || [ $_hit -eq 0 ] ||
		    fail "$what: it ended without reason"
		[ -n "$_ended" ] || kill -TERM "$DAEMON"
		soon '[ -z "$(processes)" ]' 8 || fail "$what: it stays"
		DAEMON=
		return $_hit
	fi
	was_hit || fail "$what: it ended without reason"
	# its last word, that it is ready, may fail
	[ -s "$LOG" ] || [ "$1" = write ] ||
	    fail "$what: it ended in silence"
	DAEMON=
	soon '[ -z "$(processes)" ]' 3 || fail "$what: left: $(processes)"
}

# A running daemon, below the library.
start_if_down() {
	if [ -n "$DAEMON" ]; then
		# what failed in the try before may show only now
		sleep 0.05
		dead || return 0
		was_hit || fail "$what: it ended without reason"
		logged_before=0
		check_end
	fi
	"$ctl" "$file" none 0 0
	rules "$tag"
	launch -d
	soon 'has_engine || dead' 10 && runs_right || fail "$what: no start"
}

reload() {
	_name=$1
	start_if_down
	logged_before=$(lines "$LOG")
	rules "$((tag + 1))"
	"$ctl" "$file" "$@"
	kill -HUP "$DAEMON"
	# the first write(2) that can fail is that word itself
	soon 'dead || tail -n +$((logged_before + 1)) "$LOG" |
	    grep -qE "configuration reloaded|the old" ||
	    { [ "$_name" = write ] && was_hit && sleep 0.2; }' 12 ||
	    fail "$what: no word of it"
	if dead; then
		was_hit || fail "$what: it ended without reason"
		check_end
		return 0
	fi
	kept=yes
	if ! tail -n +$((logged_before + 1)) "$LOG" | grep -q "the old"; then
		kept=
		active=$tag
	fi
	if ! runs_right; then
		check_end
		return 0
	fi
	if ! was_hit; then
		[ -z "$kept" ] || fail "$what: reload failed"
		end_daemon
		return 1
	fi
	[ -z "$kept" ] || [ "$(lines "$LOG")" -gt $((logged_before + 1)) ] ||
	    fail "$what: it does not say what failed"
}

run() {
	start_if_down
	logged_before=$(lines "$LOG")
	"$ctl" "$file" "$@"
	if ! runs_right; then
		was_hit || fail "$what: it ended without reason"
		check_end
		return 0
	fi
	if ! was_hit; then
		end_daemon
		return 1
	fi
}

end() {
	start_if_down
	"$ctl" "$file" "$@"
	terminate
	soon '[ -z "$(processes)" ]' 3 || fail "$what: left: $(processes)"
	was_hit && return 0
	same 0 $ENDED "$what: status after TERM"
	return 1
}

tag=1
settings=
what=set-up
log_elsewhere=
: >"$DIR/runs"
chmod 666 "$DIR/runs"
as_nobody "BPFSTATSD_TOTAL=0 sh '$DIR/command' '$DIR/runs' 0"
nobody=$(cat "$DIR/runs")
nobody=${nobody#0 0 }
case $nobody in
*[!0-9\ ]*|'')	fail "who is nobody? $nobody" ;;
esac
rules 1
