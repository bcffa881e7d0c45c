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

# The command line: every flag, every usage error, exit status 0 or 1.

. "$(dirname "$0")/lib.sh"
need_program
cd "$DIR" || exit 1

bad=0
wrong() {
	note "$*"
	bad=$((bad + 1))
}

# run argument ...: its output in out and err, its status in status.
run() {
	args="$*"
	"$BPFSTATSD" "$@" >out 2>err </dev/null
	status=$?
}

# refused pattern argument ...: it ends with 1 and says something like that,
# on stderr alone.
refused() {
	pattern=$1
	shift
	run "$@"
	[ $status -eq 1 ] || wrong "bpfstatsd $args: status $status, not 1"
	[ ! -s out ] || wrong "bpfstatsd $args: writes to stdout"
	grep -q -e "$pattern" err ||
	    wrong "bpfstatsd $args: says '$(cat err)', not $pattern"
}

# accepted argument ...: -n finds nothing wrong with it.
accepted() {
	run "$@"
	[ $status -eq 0 ] || wrong "bpfstatsd $args: status $status, not 0"
	same "configuration OK" "$(grep -v '(yet)$' err)" "bpfstatsd $args"
}

conf <<END
user nobody
rule a {
	command "/usr/bin/true"
}
END

# Usage errors show the usage.
refused '^usage: bpfstatsd \[-dhntv\]' -x
refused '^usage: ' -c
refused '^usage: ' -D
refused '^usage: ' -f
refused '^usage: ' -i
refused '^usage: ' -s
refused '^usage: ' -w
refused '^ *bpfstatsd \[-hntv\] .*command' -c 5
for flag in '-c 5' '-i em0' '-w 5'; do
	refused '^usage: ' $flag
	refused "${flag%% *}" $flag -f "$CONF"
done
for flag in -d '-D a=b' "-f $CONF" '-s x.sock'; do
	refused '^usage: ' $flag /usr/bin/true
	refused "${flag%% *}" $flag -n /usr/bin/true
done

# Numbers name the flag and the range.
for number in 0 -1 5x x 9223372036854775808 99999999999999999999 '' ' 5' \
    '5 ' +5 0x5 1e3 5.0; do
	refused '-c.*1 to 9223372036854775807' -c "$number" /usr/bin/true
done
for number in 0 0s -1 5x x 2147483648 24856d 99999999999999999999 '' ' 5' \
    '5 ' +5 5ms 5M 1.5; do
	refused '-w.*1.* to 2147483647' -w "$number" /usr/bin/true
done
for define in a '' =a a-b=c; do
	refused '-D' -n -D "$define" -f "$CONF"
done
for name in '' a234567890123456 'a b'; do
	refused '-i' -n -i "$name" /usr/bin/true
done

for path in '' "$(awk 'BEGIN { while (i++ < 108) printf "s" }')"; do
	refused '-s.*not a path of 1 to 10[37] bytes' -n -s "$path" -f "$CONF"
done

# -n needs nothing that does not exist yet.
accepted -n -f "$CONF"
accepted -n -d -v -D a=b -D c= -s /no/such/socket -f "$CONF" </dev/null
accepted -n -c 9223372036854775807 -w 2147483647 -i a23456789012345 /usr/bin/true
accepted -n -w 1 -c 1 no-such-command
accepted -n -w 5m -i no-such0 /no/such/command

# Options end at the first operand.
accepted -n /bin/echo -c 0 -x
accepted -n -- /bin/echo -x

# -h says it all, on stdout.
run -h
same 0 "$status" "status of -h"
[ ! -s err ] || wrong "-h writes to stderr"
for flag in c D d f h i n s t v w; do
	grep -q "^ *-$flag " out || wrong "-h does not say what -$flag is"
done
for default in pflog0 /etc/bpfstatsd.conf /var/run/bpfstatsd.sock; do
	grep -q "$default" out || wrong "-h does not name $default"
done
run -h /usr/bin/true
same 0 "$status" "status of -h with a command"

# -n -v prints what was understood, and that is accepted again.
run -n -v -c 7 -w 5m -i em0 /bin/echo "a b" '' 'c"d'
grep -v '^	user ' out >printed
cat >expected <<'END'
rule "command" {
	interface "em0"
	count 7
	wait 300
	timeout none
	command "/bin/echo" "a b" "" "c\"d"
}
END
diff expected printed || wrong "-nv of one rule"
mv out again.conf
run -n -v -f again.conf
diff again.conf out || wrong "-nv of one rule is not accepted again"

# Files.
refused '^no-such-file: ' -n -f no-such-file
echo nonsense >bad.conf
refused '^bad.conf:1: ' -n -f bad.conf
refused '^bad.conf:1: ' -d -f bad.conf
refused '^bad.conf:1: ' -f bad.conf
if [ ! -e /etc/bpfstatsd.conf ]; then
	refused '^/etc/bpfstatsd.conf: ' -n
fi

# The last of a flag counts.
run -n -v -c 1 -c 2 /usr/bin/true
grep -q '^	count 2$' out || wrong "-c 1 -c 2: not the last"

# The command is looked up at the start.
refused 'no-such-command: ' -i lo no-such-command
refused 'no-such0: ' -i no-such0 /usr/bin/true

[ $bad -eq 0 ] || fail "$bad wrong"
