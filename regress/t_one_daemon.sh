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

# One daemon a control socket: of several started at the same moment exactly
# one stays, and the others say so.  A leftover of one that was killed is
# replaced, anything else is not touched.  No child holds the lock, not even
# one that was forked just before the end.
#
# slow: many starts

. "$(dirname "$0")/lib.sh"
need_daemon
starts=${STARTS:-25}
pair_create IN OUT

conf <<END
user nobody
rule a {
	interface $IN
	command "/bin/sh" "-c" "exec sleep 1000"
}
END

# Processes with the socket's name among their words.
daemons() {
	ps -A -ww -o pid= -o stat= -o args= | awk -v words="-s $SOCKET " '
	    $2 !~ /^Z/ && index($0, words) && !/awk/ { print $1 }'
}

# Twice at the same moment, as daemons are started: in the background, where
# the first process tells how it went.
i=0
while [ $((i += 1)) -le "$starts" ]; do
	rm -f "$DIR/go"
	for n in 1 2; do
		# neither is early
		(until [ -f "$DIR/go" ]; do :; done
		in_net "$BPFSTATSD" -s "$SOCKET" -f "$CONF" >"$DIR/out.$n" 2>&1
		echo $? >"$DIR/status.$n") &
	done
	: >"$DIR/go"
	wait
	same "0 1" "$(sort "$DIR"/status.[12] | tr '\n' ' ' | sed 's/ $//')" \
	    "statuses of start $i: $(cat "$DIR"/out.[12])"
	same "bpfstatsd: already running: -s for a second one on purpose" \
	    "$(cat "$DIR"/out.[12])" "what the second says"
	pid=$(daemons)
	same 1 "$(echo "$pid" | wc -l | tr -d ' ')" "daemons after start $i"
	# half of them leave their socket behind
	if [ $((i % 2)) -eq 0 ]; then
		kill -KILL "$pid"
	else
		kill -TERM "$pid"
	fi
	wait_until '! running "$pid"' 10 || fail "it does not end"
	if [ $((i % 2)) -eq 0 ]; then
		[ -S "$SOCKET" ] || fail "what is left of one that was killed"
	else
		[ ! -e "$SOCKET" ] || fail "the socket stays"
	fi
done

# The name is relative to where it was started, the modes are root's alone.
start_daemon
same "srw-------" "$(ls -l "$SOCKET" | cut -c 1-10)" "mode of the socket"
same "-rw-------" "$(ls -l "$SOCKET.lock" | cut -c 1-10)" "mode of the lock"
(cd "$DIR" && in_net "$BPFSTATSD" -d -s "${SOCKET##*/}" -f "$CONF") \
    >"$DIR/out" 2>&1 && fail "a relative name is another"
grep -q 'already running' "$DIR/out" || fail "relative: $(cat "$DIR/out")"

# What runs on, and an engine that is left alone, hold no lock.
send_frames "$OUT" 1
wait_until '[ -n "$(children)" ]' 10 || fail "no command"
child=$(children)
engine=$(engine_pid)
kill -STOP "$engine"
kill -KILL "$DAEMON"
wait "$DAEMON"
running "$child" || fail "the command does not outlive it"
start_daemon
kill -KILL "$engine" "$child"
stop_daemon

# Another socket, another daemon; none at all with -t and for one rule.
start_daemon
first=$DAEMON
launch "$BPFSTATSD" -d -s "$DIR/other" -f "$CONF"
alive
stop_daemon
launch "$BPFSTATSD" -t -s "$SOCKET" -f "$CONF"
alive
stop_daemon
start_rule -i "$IN" /usr/bin/true
stop_daemon
DAEMON=$first
[ -S "$SOCKET" ] || fail "-t took the socket"
stop_daemon

# Once a daemon has ended another can begin, even if what was forked last of all
# has not come to close anything yet.
latecomers() {
	[ "$SYSTEM" = Linux ] || return
	! sanitized || return
	cat >"$DIR/late.c" <<-'END'
	#define _GNU_SOURCE
	#include <dlfcn.h>
	#include <unistd.h>

	pid_t
	fork(void)
	{
		pid_t	 pid = ((pid_t (*)(void))dlsym(RTLD_NEXT, "fork"))();

		if (pid == 0)
			usleep(500000);
		return pid;
	}
	END
	${CC:-cc} -shared -fPIC -o "$DIR/late.so" "$DIR/late.c" -ldl ||
	    fail "late.c"
	sed "1i state $DIR/state" "$CONF" >"$CONF.new"
	chmod 600 "$CONF.new"
	mv "$CONF.new" "$CONF"
	for n in 1 2 3; do
		launch env LD_PRELOAD="$DIR/late.so" \
		    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
		wait_until '[ -S "$SOCKET" ] && ctl show >"$DIR/out" 2>&1' 10 ||
		    fail "start $n after an end: $(cat "$DIR/out")"
		kill -TERM "$DAEMON"
		wait "$DAEMON"
		same 0 $? "end $n"
	done
	start_daemon
	stop_daemon
}
latecomers

# What is no socket is not ours to remove.
refuses() {
	in_net "$BPFSTATSD" -d -s "$1" -f "$CONF" >"$DIR/out" 2>&1 </dev/null
	same 1 $? "status with $3"
	same "bpfstatsd: $2" "$(cat "$DIR/out")" "what it says of $3"
}
echo precious >"$SOCKET"
refuses "$SOCKET" "$SOCKET: not a socket: remove it" "a file"
same precious "$(cat "$SOCKET")" "the file"
rm "$SOCKET"
mkdir "$DIR/there"
refuses "$DIR/there" "$DIR/there: not a socket: remove it" "a directory"
ln -s "$DIR/nowhere" "$DIR/link"
refuses "$DIR/link" "$DIR/link: not a socket: remove it" "a symbolic link"
mkfifo "$DIR/fifo.lock"
refuses "$DIR/fifo" "$DIR/fifo.lock: not a regular file" "a named pipe"
: >"$DIR/loose.lock"
refuses "$DIR/loose" "$DIR/loose.lock: others can open it: chmod 600" \
    "a lock for all"
: >"$DIR/foreign.lock"
chmod 600 "$DIR/foreign.lock"
chown nobody "$DIR/foreign.lock"
refuses "$DIR/foreign" \
    "$DIR/foreign.lock: owner is neither root nor the current user" \
    "somebody's lock"
refuses "$DIR/absent/socket" \
    "$DIR/absent/socket.lock: No such file or directory" "no directory"
long=$DIR/$(printf %0100d 0)
in_net "$BPFSTATSD" -s "$long" -f "$CONF" >"$DIR/out" 2>&1 &&
    fail "a long name is accepted"
grep -q 'not a path of 1 to' "$DIR/out" || fail "a long name: $(cat "$DIR/out")"
