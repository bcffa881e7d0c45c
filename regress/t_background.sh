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

# Without -d the daemon goes to the background when it has started, and not
# before all that can fail has not; what fails is said where it was started.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
# From its own directory with a relative name; the directory in -D tells this
# daemon from others.
cd "$DIR" || exit 1
mkdir bin
cp "$BPFSTATSD" bin/bpfstatsd
conf <<END
user root
rule a {
	interface $IN
	command "$TOOLS/record" "$DIR/runs"
}
END
in_net "$TOOLS/limit" 10 bin/bpfstatsd -s sock -D "dir=$DIR" -f bpfstatsd.conf \
    >out 2>&1 </dev/null
same 0 $? "status of the first process"
same "" "$(cat out)" "what it says"
DAEMON=$(ps -A -ww -o pid= -o ppid= -o args= | awk -v dir="dir=$DIR" '
    index($0, dir) && !/awk/ { print $1 }')
[ -n "$DAEMON" ] || fail "no daemon"
same 1 "$(echo "$DAEMON" | wc -l | tr -d ' ')" "processes of its name"
# It counts when the first process has ended.
send_frames "$OUT" 3
alive
wait_lines runs 1 3
same 3 "$(awk '{ print $5 }' runs)" "packets"
# Nothing ties it to where it was started.
if [ "$SYSTEM" = Linux ]; then
	same "$(readlink "/proc/$DAEMON/root")" \
	    "$(readlink "/proc/$DAEMON/cwd")" "its directory"
	for fd in 0 1 2; do
		case $(readlink "/proc/$DAEMON/fd/$fd") in
		*/dev/null)	;;
		*)		fail "its descriptor $fd is not /dev/null" ;;
		esac
	done
fi
same "$DAEMON" "$(ps -o pgid= -p "$DAEMON" | tr -d ' ')" "its process group"
engine=$(engine_pid)
kill -TERM "$DAEMON"
wait_until '! running "$DAEMON"' 3 || fail "it does not end"
wait_until '! running "$engine"' 1 || fail "its engine does not end"
DAEMON=

# What fails is known to the starter.
echo nonsense >bad.conf
chmod 600 bad.conf
in_net "$TOOLS/limit" 10 bin/bpfstatsd -s sock -f bad.conf >out 2>&1 </dev/null
same 1 $? "status with a bad file"
grep -q '^bad.conf:1: ' out || fail "it says: $(cat out)"
# Without the right to count: that it says so is the last that can fail.
chmod 755 bin/bpfstatsd
as_nobody "'$DIR/bin/bpfstatsd' -i lo /usr/bin/true" >out 2>&1 </dev/null
same 1 $? "status without the right to count"
grep -qiE 'not permitted.*CAP_NET_RAW|denied.*bpf' out ||
    fail "it names no remedy: $(cat out)"
