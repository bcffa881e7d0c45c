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

# The program with rights of its own, set-user-ID or by a file's capability,
# started by nobody in a hostile way: either it counts and runs its command as
# nobody without any right, or it says no.
#
# slow: very many starts

. "$(dirname "$0")/lib.sh"

[ "$SYSTEM" = Linux ] || skip "reads Linux's /proc"
need_daemon
! sanitized || skip "a sanitizer reads the environment"
case $(findmnt -n -o OPTIONS -T "$DIR") in
*nosuid*)	skip "$DIR is mounted nosuid" ;;
esac
grep -q '^NoNewPrivs:.0' /proc/self/status || skip "no_new_privs is set"
pair_create IN OUT

hostile=$DIR/hostile
${CC:-cc} -O2 -o "$hostile" "$REGRESS/fault/hostile.c" ||
    fail "hostile.c does not compile"
chmod 755 "$DIR"
nobody=$(id -u nobody)
group=$(id -g nobody)

# The command: who it is, what it can see and what it was told.
cat >"$DIR/who" <<END
{
	echo "packets \$BPFSTATSD_PACKETS"
	echo "rule \$BPFSTATSD_RULE"
	echo "arguments \$#"
	cat /proc/self/status
	ls /proc/self/fd | tr '\n' ' '
	echo end
} >$DIR/status
END
: >"$DIR/status"
: >"$DIR/out"
chmod 666 "$DIR/status" "$DIR/out"

# Processes of the program that runs in the test's network.
processes() {
	for _pid in $(ip netns pids "$NET"); do
		case $(readlink "/proc/$_pid/exe" 2>/dev/null) in
		*"$program")	echo "$_pid" ;;
		esac
	done | sort -n
}

# field file name: a line of a process's status.
field() {
	sed -n "s/^$2:[ 	]*//p" "$1" | tr '\t' ' ' | sed 's/ *$//'
}

# powerless file: nobody's in every way, and no capability.
powerless() {
	same "$nobody $nobody $nobody $nobody" "$(field "$1" Uid)" \
	    "$now: user ids"
	same "$group $group $group $group" "$(field "$1" Gid)" \
	    "$now: group ids"
	same "$(id -G nobody)" "$(field "$1" Groups)" "$now: groups"
	for _set in CapInh CapPrm CapEff CapAmb; do
		same 0000000000000000 "$(field "$1" $_set)" "$now: $_set"
	done
}

# launch words: hostile's options and the program's words, with standard
# output and error on $to.
launch() {
	: >"$DIR/status"
	$IN_NET su -s /bin/sh nobody -c "exec $hostile $*" \
	    >"$to" 2>&1 </dev/null &
	started=$!
}

# works [option ...]: started so, it does what it should.
works() {
	now="$how: hostile $*"
	launch "$* $program -c 3 -i $IN /bin/sh $DIR/who"
	wait_until '[ "$(processes | wc -l)" -eq 2 ] &&
	    [ "$(field "/proc/$(processes | tail -n 1)/status" Seccomp)" = 2 ]
	    ' 5 || fail "$now: it does not start: $(cat "$to")"
	for pid in $(processes); do
		powerless "/proc/$pid/status"
		# nor is what it has open anybody's to take
		as_nobody "ls /proc/$pid/fd" >/dev/null 2>&1 &&
		    fail "$now: nobody can look into process $pid"
	done
	same 1 "$(ls -l "/proc/$pid/fd" | grep -c eventpoll)" \
	    "$now: event queues of the engine"
	send_frames "$OUT" 3
	wait_until 'grep -q "end$" "$DIR/status"' 4 || fail "$now: no command"
	powerless "$DIR/status"
	same 3 "$(sed -n 's/^packets //p' "$DIR/status")" "$now: packets"
	same command "$(sed -n 's/^rule //p' "$DIR/status")" "$now: rule"
	case $* in
	*-a*)	_n=10 ;;
	*)	_n=0 ;;
	esac
	same $_n "$(sed -n 's/^arguments //p' "$DIR/status")" \
	    "$now: arguments"
	same "0 1 2 3 end" "$(tail -n 1 "$DIR/status")" "$now: descriptors"
	kill -TERM "$(processes | head -n 1)"
	wait_until '! running "$started"' 5 || fail "$now: TERM is ignored"
	wait "$started"
	same 0 $? "$now: status"
	wait_until '[ -z "$(processes)" ]' 5 || fail "$now: left: $(processes)"
	[ "$to" != "$DIR/out" ] || same "" "$(cat "$to")" "$now: output"
}

# refuses text words: it ends with status 1 and says that.
refuses() {
	_text=$1
	shift
	now="$how: hostile $*"
	launch "$*"
	wait_until '! running "$started"' 5 || fail "$now: it runs"
	wait "$started"
	same 1 $? "$now: status"
	wait_until '[ -z "$(processes)" ]' 5 || fail "$now: left: $(processes)"
	# (without descriptor 2 it cannot say anything)
	[ -z "$_text" ] || grep -q "$_text" "$DIR/out" ||
	    fail "$now: it says $(cat "$DIR/out")"
	same "" "$(cat "$DIR/status")" "$now: output of a command"
}

mkdir "$DIR/bin"
for how in capability setuid; do
	program=$DIR/bin/$how
	cp "$BPFSTATSD" "$program"
	case $how in
	capability)	chmod 555 "$program"
			setcap cap_net_raw=ep "$program" ||
			    skip "no file capabilities here" ;;
	setuid)		chmod 4555 "$program" ;;
	esac
	to=$DIR/out
	works
	works -a
	works -b
	works -c
	works -e
	works -i
	works -abei
	to=/dev/full
	works
	to=$DIR/out
	# too few descriptors for anything, to begin with the counter
	rule="$program -i $IN /bin/sh $DIR/who"
	# (with less the dynamic linker refuses, below too)
	for n in 4 5 6 7 8 9 10; do
		refuses 'Too many open files' -l $n "$rule"
	done
	# (the C library has opened 0 to 2)
	for n in 4 5 6 7 8 9 10; do
		refuses '' -e -l $n "$rule"
	done
	refuses 'must be started as root' -z "$program"
	refuses 'must be started as root' -a -z "$program"
	refuses 'must be started as root' -i "$program" -d -f /dev/null
	refuses 'must be started as root' -l 64 "$program"
	refuses 'stdout' "$program -nv /usr/bin/true >/dev/full"
	refuses 'stdout' "$program -h >/dev/full"
	as_nobody "$hostile $program -h" >/dev/null || fail "$how: -h"
	as_nobody "$hostile -e $program -n true" || fail "$how: -n"
done
