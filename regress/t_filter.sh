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

# What filter.c does with helpers that hang, die, answer nonsense or are not
# there: each costs its own filter, and is tried again.
# slow: a helper has ten seconds.

. "$(dirname "$0")/lib.sh"
. "$REGRESS/lib_filter.sh"

build_t_filter

# results argument ...: what t_filter says in the end.
results() {
	"$DIR/t_filter" "$@" >"$DIR/out" 2>"$DIR/time" ||
	    fail "t_filter: $(cat "$DIR/out" "$DIR/time")"
	awk '{ text = text $0 "\n" }
	    $0 == "done" { last = text; text = "" }
	    END { printf "%s", last text }' "$DIR/out" |
	    sed -e '/^done$/d' -e "s,$DIR/bpfstatsd-filter:,HELPER:,"
}

# Those that are as they should be.
cp "$HELPER" "$DIR/bpfstatsd-filter" || exit 1
same "tcp: program
foo(: error: can't parse filter expression: syntax error
udp port 7000: program" "$(results tcp "foo(" "udp port 7000" |
    sed 's/error: .*syntax/error: can'\''t parse filter expression: syntax/')" \
    "good helpers"
same "tcp: program
host no-such-host.example: unknown host 'no-such-host.example'" \
    "$(results -c tcp "host no-such-host.example")" filter_check
same "inbound: program" "$(results -d 117 inbound)" "another link type"

# A thousand, each compiled once, whatever is asked for again.
stand_in <<END
echo >>"$DIR/starts"
exec "$HELPER" "\$@"
END
same 1000 "$(results -n 1000 | grep -c ': program$')" "a thousand"
same 1000 "$(lines "$DIR/starts")" "helpers for a thousand"
note "1,000 expressions: $(cat "$DIR/time")"

# Those that are not.  The first four take all of their time.
mkfifo "$DIR/never" || exit 1
stand_in <<END
case \$2 in
exits)	exit 3 ;;
dies)	ulimit -c 0	# a core on a busy disk takes its time
	kill -SEGV \$\$ ;;
silent)	exit 0 ;;
nonsense)
	echo "1234567890abcdefgh" ;;
part)	"$HELPER" "\$1" tcp | dd bs=1 count=40 ;;
more)	"$HELPER" "\$1" tcp; echo ;;
twice)	"$HELPER" "\$1" tcp; "$HELPER" "\$1" tcp ;;
loops)	printf '\\061\\146\\160\\142\\1\\0\\0\\0\\2\\0\\0\\0'
	printf '\\5\\0\\0\\0\\376\\377\\377\\377\\6\\0\\0\\0\\1\\0\\0\\0' ;;
ends)	printf '\\061\\146\\160\\142\\1\\0\\0\\0\\1\\0\\0\\0'
	printf '\\6\\0\\0\\0\\1\\0\\0\\0' ;;
words)	printf '\\061\\146\\160\\142\\2\\0\\0\\0\\5\\0\\0\\0a\\033\\n\\0b' ;;
endless)
	exec cat /dev/zero ;;
grandchild)
	sleep 1000 &
	echo \$! >"$DIR/grandchild"
	exec "$HELPER" "\$1" tcp ;;
hangs*)
	exec sleep 1000 ;;
late)	: >"$DIR/began"
	exec cat "$DIR/never" ;;	# sleep may exit 0 on SIGALRM
closes)	exec sleep 1000 >&- ;;
lingers)
	"$HELPER" "\$1" tcp; exec sleep 1000 ;;
*)	exec "$HELPER" "\$@" ;;
esac
END
little=$(printf 'a' | od -A n -t u2 -N 2 | tr -d ' ')
[ "$little" -eq 97 ] || note "no test of answers made here on big-endian"
# Of this one the time is over half a second before we come to look.
"$DIR/t_filter" -t 20 late >"$DIR/late" 2>/dev/null &
late=$!
wait_until '[ -f "$DIR/began" ]' 20 || fail "no helper begins"
kill -STOP $late
(sleep 10.7; kill -CONT $late) &
same "hangs: again: HELPER: no answer in 10 seconds
hangs-too: again: HELPER: no answer in 10 seconds
closes: again: HELPER: no answer in 10 seconds
lingers: program
tcp: program
exits: again: HELPER: exited with status 3
dies: again: HELPER: killed by signal 11
silent: again: HELPER: invalid answer
nonsense: again: HELPER: invalid answer
part: again: HELPER: invalid answer
more: again: HELPER: invalid answer
twice: again: HELPER: invalid answer
loops: again: HELPER: invalid answer
ends: program
words: error: a???b
endless: again: HELPER: killed by signal 13
grandchild: program" "$(results hangs hangs-too closes lingers tcp exits \
    dies silent nonsense part more twice loops ends words endless \
    grandchild)" "bad helpers"
wait_until 'grep -Eq "^late: again: .*(no answer in 10|signal 14)" \
    "$DIR/late"' 10 || fail "killed late: $(cat "$DIR/late")"

# Nobody waits for what comes after too many that hang, but it is done then.
rm -f "$DIR/out"
"$DIR/t_filter" -t 100 tcp hangs1 hangs2 hangs3 hangs4 hangs5 hangs6 hangs7 \
    hangs8 >"$DIR/out" 2>/dev/null &
t_filter=$!
wait_until 'grep -q "^done" "$DIR/out"' 20 || fail "everybody waits"
same "tcp: again: $DIR/bpfstatsd-filter: no answer yet" \
    "$(head -n 1 "$DIR/out")" "after eight that hang"
wait_until 'grep -q "^tcp: program" "$DIR/out"' 30 || fail "it never comes"
kill -KILL $t_filter
kill "$(cat "$DIR/grandchild")"

# One that is not there is there later; tried again by itself.
rm -f "$DIR/bpfstatsd-filter" "$DIR/out"
"$DIR/t_filter" -t 60 tcp >"$DIR/out" 2>/dev/null &
t_filter=$!
wait_until '[ -s "$DIR/out" ]' 20 || fail "nothing is said"
same "tcp: again: $DIR/bpfstatsd-filter: No such file or directory" \
    "$(head -n 1 "$DIR/out")" "no helper"
cp "$HELPER" "$DIR/new" && mv "$DIR/new" "$DIR/bpfstatsd-filter" || exit 1
wait_until 'grep -q "^tcp: program" "$DIR/out"' 20 || fail "not tried again"
kill -KILL $t_filter

# How it is started, and that it ends with its parent.
need_root
mkdir "$DIR/pub" && chmod 777 "$DIR/pub" || exit 1
case $SYSTEM in
FreeBSD)	session=sid ;;
*)		session=sess ;;
esac
stand_in <<END
exec >"$DIR/pub/seen"
id -un
pwd
ps -o pgid= -p \$\$ | awk -v pid=\$\$ '{ print (\$1 == pid) }'
for n in 3 4 5 6 7 8 9; do
	[ ! -e /proc/\$\$/fd/\$n ] || echo "descriptor \$n"
done
[ ! -f /proc/\$\$/environ ] || tr '\0' '\n' </proc/\$\$/environ
echo \$\$ >"$DIR/pub/pid"
exec sleep 1000
END
"$DIR/t_filter" -t 60 -u nobody tcp >/dev/null 2>&1 8</dev/null &
t_filter=$!
wait_until '[ -s "$DIR/pub/pid" ]' 20 || fail "not started"
pid=$(cat "$DIR/pub/pid")
same "nobody
/
1" "$(cat "$DIR/pub/seen")" "how it is started"
kill -KILL $t_filter
wait_until '! running "$pid"' 20 || fail "it goes on without its parent"

# What nobody wants any more ends at once.
rm -f "$DIR/pub/pid"
"$DIR/t_filter" -k -t 2 tcp >/dev/null 2>&1
pid=$(cat "$DIR/pub/pid") || fail "not started"
! running "$pid" || fail "it goes on although nobody wants it"
exit 0
