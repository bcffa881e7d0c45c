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

# The library of the tests.  A test t_NAME.sh reads it first:
#
#	. "$(dirname "$0")/lib.sh"
#
# and finds here
#
#	BPFSTATSD	the program
#	CONF		a configuration file, see conf
#	DIR		a directory of its own, for root to write and all to
#			read; everything that a test leaves is in it
#	ENDED		the exit status of the daemon, see await_end
#	LOG		what the daemon logged
#	DAEMON		the process id of the daemon's parent process
#	REGRESS		the directory of the tests
#	SOCKET		the control socket, for -s: without it the daemon is
#			the system's
#	SYSTEM		as uname says
#	TOOLS		the directory of the tests' C programs
#
# A test exits 0 if all is well, 1 by fail, 77 by skip.  Whatever happens, no
# interface, namespace, process or file stays.  Tests run side by side, so that
# what one makes has a name of its own; and the machine may be busy, so that a
# test waits for conditions and tells right from wrong, not fast from slow.  A
# command notes its start when it runs: two are closer by as much as the first
# was late.
#
# BPFSTATSD_COUNTER=socket lets the daemon count with packet sockets on Linux:
# it is started without the right to load the program that counts otherwise.

set -u
LC_ALL=C
export LC_ALL
umask 022

SYSTEM=$(uname)
REGRESS=$(cd "$(dirname "$0")" && pwd) || exit 1
BPFSTATSD=${BPFSTATSD:-${REGRESS%/*}/bpfstatsd}
IN_NET=
UNDER=
NET=
NETS=
PAIRS=
DAEMON=
SENDER=
ENDED=

# Below /tmp's sticky bit and ours to write alone: the daemon trusts it.
DIR=$(mktemp -d "${TMPDIR:-/tmp}/bpfstatsd.XXXXXXXXXX") || exit 1
chmod 711 "$DIR"
CONF=$DIR/bpfstatsd.conf
LOG=$DIR/log
SOCKET=$DIR/sock

clean_up() {
	trap '' HUP INT TERM
	[ -z "$SENDER" ] || kill -KILL "$SENDER" 2>/dev/null
	if [ -n "$DAEMON" ]; then
		kill -TERM "$DAEMON" 2>/dev/null
		wait_until '! running "$DAEMON"' 1 ||
		    kill -KILL "$DAEMON" 2>/dev/null
	fi
	for _if in $PAIRS; do
		ifconfig "$_if" destroy
	done
	for _net in $NET $NETS; do
		for _pid in $(ip netns pids "$_net"); do
			kill -KILL "$_pid" 2>/dev/null
		done
		ip netns delete "$_net"
	done
	rm -rf "$DIR"
}

trap clean_up EXIT
trap 'exit 1' HUP INT TERM

# Not run by regress/run, which does the same for all tests: the program is
# where all users can reach it.
if [ -z "${TOOLS:-}" ]; then
	TOOLS=$DIR/tools
	mkdir "$TOOLS"
	sh "$REGRESS/build" "$TOOLS" || exit 1
	if [ -x "$BPFSTATSD" ]; then
		sh "$REGRESS/place" "$BPFSTATSD" "$TOOLS" || exit 1
		BPFSTATSD=$TOOLS/bpfstatsd
	fi
fi

# fail message: the test has failed.
fail() {
	# ksh does not exit as long as a child is stopped
	[ -z "$DAEMON" ] || kill -CONT "$DAEMON" 2>/dev/null
	echo "FAIL: $*"
	if [ -s "$LOG" ]; then
		echo "The log, at most its last 40 lines:"
		tail -n 40 "$LOG"
	fi
	exit 1
}

# skip reason: the test cannot run here.
skip() {
	echo "skip: $*"
	exit 77
}

# note text: explain a failure that may follow.
note() {
	echo "$*"
}

# same expected is what: compare two strings.
same() {
	[ "$1" = "$2" ] || fail "$3: expected '$1', got '$2'"
}

# within low value high what: compare numbers.
within() {
	[ "$2" -ge "$1" ] && [ "$2" -le "$3" ] ||
	    fail "$4: expected $1 to $3, got $2"
}

# Is the process alive, and not merely unburied?
running() {
	case $(ps -o stat= -p "$1" 2>/dev/null) in
	''|Z*)	return 1 ;;
	esac
}

# wait_until condition seconds: 0 as soon as it holds, 1 if it never does.  A
# busy machine is given ten times as long.  The condition must not use it, too.
wait_until() {
	_tries=$(($2 * 100))
	until eval "$1"; do
		[ $((_tries -= 1)) -ge 0 ] || return 1
		sleep 0.1
	done
}

# Milliseconds of the monotonic clock.
now_ms() {
	"$TOOLS/record" /dev/stdout | awk '{ print $1 }'
}

# The number of lines in a file that need not exist yet.
lines() {
	if [ -f "$1" ]; then
		awk 'END { print NR }' "$1"
	else
		echo 0
	fi
}

# ctl [argument ...]: bpfstatsctl for the test's daemon.
ctl() {
	"${BPFSTATSD%/*}/bpfstatsctl" -s "$SOCKET" "$@"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
}

need_program() {
	[ -x "$BPFSTATSD" ] || skip "no $BPFSTATSD"
}

# What every test of the running daemon needs.
need_daemon() {
	need_program
	need_root
	id _bpfstatsd >/dev/null 2>&1 ||
	    skip "no user _bpfstatsd (sh setup adds it)"
	net_create
}

# Is the program built with a sanitizer?  Then memory and time mean nothing.
sanitized() {
	grep -q __asan_init "$BPFSTATSD"
}

# Without CAP_BPF, and without CAP_SYS_ADMIN, which stands for it.
under_setpriv() {
	command -v setpriv >/dev/null || skip "no setpriv(1)"
	UNDER="setpriv --bounding-set=-bpf,-sys_admin
	    --inh-caps=-bpf,-sys_admin"
	$UNDER true 2>"$DIR/err" || skip "setpriv: $(cat "$DIR/err")"
}

# A network of its own, where the system can give one.
net_create() {
	case $SYSTEM in
	Linux)
		command -v ip >/dev/null || skip "no ip(8)"
		NET=bpfstatsd-${DIR##*.}
		if ! ip netns add "$NET" 2>"$DIR/err"; then
			NET=
			skip "no network namespace: $(cat "$DIR/err")"
		fi
		IN_NET="ip netns exec $NET"
		[ "${BPFSTATSD_COUNTER:-}" != socket ] || under_setpriv
		# No neighbour or router discovery: silence is silence.
		$IN_NET sh -c '
			for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
				[ ! -f "$f" ] || echo 1 >"$f"
			done'
		;;
	esac
}

# in_net command [argument ...]: run it where the interfaces are.
in_net() {
	$IN_NET "$@"
}

# pair_create VAR VAR: make two interfaces; what is sent on either is received
# on the other.  Their names are stored in the variables.
pair_create() {
	case $SYSTEM in
	Linux)
		_n=${_pair:-0}
		;;
	*)
		# Any two numbers that are free, and that other tests do not
		# come across.
		_n=${_pair:-$(($$ % 1000 * 30 + 100))}
		while ifconfig -a | grep -Eq "^(e?pair|l2tp)($_n|$((_n + 1)))[ab:]"
		do
			_n=$((_n + 2))
		done
		;;
	esac
	_pair=$((_n + 2))
	case $SYSTEM in
	Linux)		_a=test$_n _b=test$((_n + 1)) ;;
	OpenBSD)	_a=pair$_n _b=pair$((_n + 1)) ;;
	FreeBSD)	_a=epair${_n}a _b=epair${_n}b ;;
	NetBSD)		_a=l2tp$_n _b=l2tp$((_n + 1)) ;;
	*)		skip "$SYSTEM has no pair of interfaces" ;;
	esac
	pair_restore "$_a" "$_b"
	eval "$1=\$_a $2=\$_b"
}

# pair_destroy name name: remove the two interfaces.
pair_destroy() {
	case $SYSTEM in
	Linux)
		ip -n "$NET" link delete "$1"
		;;
	OpenBSD|NetBSD)
		ifconfig "$1" destroy
		ifconfig "$2" destroy
		;;
	FreeBSD)
		ifconfig "$1" destroy
		;;
	esac
	_left=
	for _if in $PAIRS; do
		[ "$_if" = "$1" ] || [ "$_if" = "$2" ] || _left="$_left $_if"
	done
	PAIRS=$_left
}

# pair_restore name name: make removed ones again, under the same names.
pair_restore() {
	case $SYSTEM in
	Linux)
		ip -n "$NET" link add "$1" type veth peer name "$2" &&
		    ip -n "$NET" link set "$1" addrgenmode none up &&
		    ip -n "$NET" link set "$2" addrgenmode none up ||
		    fail "no veth interfaces"
		pair_carrier "$1" "$2"
		;;
	OpenBSD)
		PAIRS="$PAIRS $1 $2"
		ifconfig "$1" create && ifconfig "$2" create &&
		    ifconfig "$1" patch "$2" up && ifconfig "$2" up ||
		    fail "no pair(4)"
		;;
	FreeBSD)
		# its end a takes b with it
		PAIRS="$PAIRS $1"
		ifconfig "${1%a}" create >/dev/null || fail "no epair(4)"
		for _end in "$1" "$2"; do
			# no neighbour discovery: silence is silence
			ifconfig "$_end" inet6 ifdisabled -auto_linklocal
			ifconfig "$_end" up || fail "no epair(4)"
		done
		;;
	NetBSD)
		# the ends of a tunnel to itself; tap(4) sees what it
		# receives twice, vether(4) receives nothing
		PAIRS="$PAIRS $1 $2"
		for _end in "$1" "$2"; do
			ifconfig "$_end" create &&
			    ifconfig "$_end" tunnel 127.0.0.1 127.0.0.1 ||
			    fail "no l2tp(4)"
		done
		ifconfig "$1" session "${1#l2tp}" "${2#l2tp}" &&
		    ifconfig "$2" session "${2#l2tp}" "${1#l2tp}" &&
		    ifconfig "$1" up && ifconfig "$2" up || fail "no l2tp(4)"
		;;
	esac
}

# pair_carrier name name: wait until what is sent on either is not dropped,
# which Linux does for a moment after an end was set up.
pair_carrier() {
	case $SYSTEM in
	Linux)
		_end1=$1
		_end2=$2
		wait_until 'ip -n "$NET" link show "$_end1" |
		    grep -q "state UP" && ip -n "$NET" link show "$_end2" |
		    grep -q "state UP"' 5 || fail "$1 and $2: no carrier"
		# it is up before it sends; this waits for whoever does that
		ip -n "$NET" link set "$2" up
		;;
	esac
}

# send_frames interface count [burst pause_ms]: send exactly so many.
send_frames() {
	_sent=$(in_net "$TOOLS/send" "$@") || fail "send $*"
	same "$2" "$_sent" "frames sent"
}

# to_port number: the filter for what is sent with SEND_UDP.  NetBSD's l2tp(4)
# replaces the Ethernet header that is written to it by four bytes.
to_port() {
	case $SYSTEM in
	NetBSD)	echo "ether[26:2] = $1" ;;
	*)	echo "udp dst port $1" ;;
	esac
}

# start_sender interface [burst pause_ms]: send until stop_sender.
start_sender() {
	_if=$1
	shift
	$IN_NET "$TOOLS/send" "$_if" 0 "$@" >"$DIR/sent" &
	SENDER=$!
	# before it is send(1) it would not count what TERM ends; NetBSD's ps
	# ends its name with a blank
	wait_until 'ps -o comm= -p "$SENDER" | grep -q "send *$"' 10 ||
	    fail "the sender does not begin"
}

# Frames sent by start_sender in SENT.
stop_sender() {
	kill -TERM "$SENDER"
	wait "$SENDER" || fail "the sender failed"
	SENDER=
	SENT=$(cat "$DIR/sent")
}

# Write the configuration file from the standard input.
conf() {
	cat >"$CONF"
	chmod 600 "$CONF"
}

# The process id of the engine, or 1 if there is none.
engine_pid() {
	ps -A -o pid= -o ppid= -o stat= -o args= | awk -v daemon="$DAEMON" '
		$2 == daemon && $3 !~ /^Z/ && /: engine/ {
			print $1
			found = 1
		}
		END { exit !found }'
}

# Process ids of the daemon's children but the engine, zombies as well.
children() {
	ps -A -o pid= -o ppid= -o args= | awk -v daemon="$DAEMON" '
		$2 == daemon && !/: engine/ { print $1 }'
}

# launch command [argument ...]: run what becomes the daemon where the
# interfaces are; what it writes goes to $LOG.  It counts, or has ended, when
# this returns.
launch() {
	: >"$LOG"
	$IN_NET $UNDER "$TOOLS/unignore" "$@" >>"$LOG" 2>&1 \
	    </dev/null &
	DAEMON=$!
	wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 10
}

# start_daemon [flag ...]: start it in the foreground with $CONF.
start_daemon() {
	launch "$BPFSTATSD" -d -s "$SOCKET" "$@" -f "$CONF"
	alive
	[ "${BPFSTATSD_COUNTER:-}" != socket ] || [ -z "$UNDER" ] ||
	    same "" "$(programs)" "programs that count"
}

# start_rule [flag ...] command [argument ...]: start the one-rule form.
start_rule() {
	launch "$BPFSTATSD" "$@"
	alive
}

# The daemon must be alive, both its processes.
alive() {
	running "$DAEMON" || fail "the daemon is dead"
	# one that has been replaced may not have its successor yet
	wait_until 'engine_pid >/dev/null || ! running "$DAEMON"' 5
	engine_pid >/dev/null || fail "the engine is dead"
}

# Wait for the daemon's end, at most so many seconds; its status in ENDED.
await_end() {
	wait_until '! running "$DAEMON"' "$1" ||
	    fail "the daemon runs after $1 s"
	wait "$DAEMON"
	ENDED=$?
	DAEMON=
}

# The daemon ends at once and in good order.
stop_daemon() {
	alive
	_engine=$(engine_pid)
	kill -TERM "$DAEMON"
	await_end 7
	same 0 "$ENDED" "exit status of the daemon"
	wait_until '! running "$_engine"' 2 || fail "the engine stayed"
}

# wait_lines file number seconds: wait until it has so many lines.
wait_lines() {
	_file=$1
	_lines=$2
	wait_until '[ "$(lines "$_file")" -ge "$_lines" ]' "$3" ||
	    fail "${1##*/} has $(lines "$1") lines after $3 s, not $2"
}

# The number of lines in the log that match.
logged() {
	grep -Ec "$1" "$LOG"
}

# wait_logged pattern number seconds: wait until so many lines match, as
# wait_until does, which may use it in its condition.
wait_logged() {
	_left=$(($3 * 100))
	until [ "$(logged "$1")" -ge "$2" ]; do
		[ $((_left -= 1)) -ge 0 ] ||
		    fail "no $2 lines of '$1' after $3 s"
		sleep 0.1
	done
}

# ask rule: how it stands in IFACE, ATTACHED, TOTAL, TALLY, RUNS, FAILURES and
# LAST, from the log.
ask() {
	_line="^bpfstatsd: rule \"$1\": [^ ]* (attached|waiting), total "
	_before=$(logged "$_line")
	kill -USR1 "$DAEMON"
	wait_logged "$_line" $((_before + 1)) 5
	eval "$(grep -E "$_line" "$LOG" | tail -n 1 |
	    sed 's/^[^:]*: [^:]*: \([^ ]*\) \([^ ]*\), total \([0-9]*\), tally \([0-9]*\), runs \([0-9]*\), failures \([0-9]*\), \(.*\)$/IFACE=\1 ATTACHED=\2 TOTAL=\3 TALLY=\4 RUNS=\5 FAILURES=\6 LAST="\7"/')"
}

# is_attached rule 1: it is attached; 0: it waits.  This writes nothing to the
# log.
is_attached() {
	ctl metrics |
	    grep -q "^bpfstatsd_attached{.*rule=\"$1\".*} $2\$"
}

# await_total rule number: wait until the rule has seen so many packets; it must
# not be more.  For TOTAL and the others see ask.
await_total() {
	_asked=0
	while ask "$1" && [ "$TOTAL" -lt "$2" ] && [ $_asked -lt 150 ]; do
		_asked=$((_asked + 1))
		sleep 0.2
	done
	same "$2" "$TOTAL" "packets seen by $1"
}

# Time for another look at all rules, before something is said not to happen.
# What must happen is waited for: a busy machine may be late.
next_tick() {
	sleep 1.3
}

# Counters: packet sockets in the whole network of the test, programs of the
# daemon.
taps() {
	case $SYSTEM in
	Linux)
		{
			in_net awk 'NR > 1' /proc/net/packet
			programs
		} | wc -l
		;;
	*)	bpf_descriptors "$(engine_pid)" | wc -l ;;
	esac
}

# The BSDs: the lines of fstat(1) for a process's descriptors that count.
bpf_descriptors() {
	fstat -p "$1" | grep -E ' bpf[0-9]*( |$)'
}

# Linux: the ids of the daemon's programs that count, each with as many
# descriptors as it has sides.
programs() {
	cat "/proc/$DAEMON/fdinfo"/* 2>/dev/null |
	    awk '$1 == "prog_id:" { print $2 }' | sort | uniq -c
}

# Descriptors that a process has open.
descriptors() {
	case $SYSTEM in
	Linux)	ls "/proc/$1/fd" | wc -l ;;
	*)	fstat -p "$1" | awk '$4 ~ /^[0-9]/' | wc -l ;;
	esac
}

# Kilobytes of a process that are in memory.
resident() {
	ps -o rss= -p "$1" | tr -d ' '
}

# How often a process has slept and was woken.
wakeups() {
	case $SYSTEM in
	Linux)	awk '$1 == "voluntary_ctxt_switches:" { print $2 }' \
		    "/proc/$1/status" ;;
	*)	ps -o nvcsw= -p "$1" | tr -d ' ' ;;
	esac
}

# as_nobody command: run a line of shell as the user nobody, in a directory
# that it can enter.
as_nobody() {
	case $SYSTEM in
	FreeBSD|NetBSD)
		(cd / && SHELL=/bin/sh su -m nobody -c "$1") ;;
	*)
		(cd / && su -s /bin/sh nobody -c "$1") ;;
	esac
}
