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

# Very many commands that are started in one go, which takes the daemon longer
# than they run: each has its whole timeout.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT
n=600
{
	echo "user root"
	echo "timeout 7"
	i=0
	while [ $((i += 1)) -le $n ]; do
		printf 'rule r%d {\n\tinterface %s\n\twait 60\n' $i "$IN"
		printf '\tcommand "%s" "%s" "4000"\n}\n' "$TOOLS/record" \
		    "$DIR/begun"
	done
} | conf
start_daemon
send_frames "$OUT" 1
# A machine that is slow just then.
wait_until '[ -s "$DIR/begun" ]' 3 || fail "nothing was started"
kill -STOP "$DAEMON"
sleep 4
kill -CONT "$DAEMON"
wait_logged 'run 1: ' $n 30
same 0 "$(logged 'timed out')" "commands that were timed out"
same $n "$(logged 'run 1: .*, exit 0 after')" "commands that ended well"
stop_daemon
