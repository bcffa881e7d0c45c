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

# A reload that is asked for while the filters of a bad file are still being
# compiled comes after that one was refused, even if nothing else happens.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
. "$REGRESS/lib_filter.sh"
pair_create IN OUT
program_beside
stand_in <<END
sleep 2
exec "$HELPER" "\$@"
END
rule() {
	cat <<END
rule "$1" {
	interface $IN
	count 1000000
	${2:-}
	command "/usr/bin/true"
}
END
}
{
	echo "user root"
	rule one
} >"$DIR/good"
{
	cat "$DIR/good"
	rule bad 'filter "tcp port nowhere"'
} >"$DIR/bad"
conf_swap "$DIR/good"
start_daemon
for n in 1 2 3; do
	conf_swap "$DIR/bad"
	kill -HUP "$DAEMON"
	wait_until 'children | grep -q .' 5 || fail "nothing is compiled"
	conf_swap "$DIR/good"
	kill -HUP "$DAEMON"
	sleep 0.3
	# the answer and the end of the helper are found together
	kill -STOP "$DAEMON"
	wait_until 'ps -A -o ppid= -o stat= | grep -Eq "^ *$DAEMON Z" ||
	    [ "$(logged "configuration reload failed")" -ge $n ]' 5 ||
	    fail "the helper does not end"
	kill -CONT "$DAEMON"
	wait_logged "$RELOADED" $((2 * n)) 3
	same "$n $n" "$(logged "configuration reload failed") $(logged \
	    "configuration reloaded")" "refused reloads and others"
done
stop_daemon
