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

# Names of interfaces: what can be none is an error that says what is meant
# instead, in a file and with -i; what does not exist now is a warning of -n.

. "$(dirname "$0")/lib.sh"
need_program
cd "$DIR" || exit 1

case $SYSTEM in
Linux)	loopback=lo ;;
*)	loopback=lo0 ;;
esac

# with name [statement]: write a rule on this interface.
with() {
	cat >named.conf <<END
user nobody
rule a {
	interface '$1'
	${2:-}
	command "/usr/bin/true"
}
END
}

# refused name pattern: it is no interface's name, and the message has that.
refused() {
	with "$1"
	"$BPFSTATSD" -n -f named.conf >out 2>&1 && fail "$1: accepted"
	grep -q "^named.conf:3: \".*\": .*$2" out || fail "$1: $(cat out)"
	same 1 "$(lines out)" "messages for $1"
	"$BPFSTATSD" -n -i "$1" /usr/bin/true >out 2>&1 &&
	    fail "-i $1: accepted"
	grep -q "^bpfstatsd: -i .*: .*$2" out || fail "-i $1: $(cat out)"
	same 1 "$(lines out)" "messages for -i $1"
}

# becomes name other: the name is accepted and means the other one.
becomes() {
	with "$1"
	"$BPFSTATSD" -n -v -f named.conf >out 2>err || fail "$1: $(cat err)"
	grep -q "^	interface \"$2\"\$" out || fail "$1: $(cat out)"
	"$BPFSTATSD" -n -v -i "$1" /usr/bin/true >out 2>err ||
	    fail "-i $1: $(cat err)"
	grep -q "^	interface \"$2\"\$" out || fail "-i $1: $(cat out)"
}

for list in eth0,tun0 eth0, ,; do
	refused "$list" 'a list.*a rule for each'
done
refused eth0,tun0,wlan0,wlan1,em0 'a list'
for pattern in 'v*' 'eth?' 'em[01]' '*'; do
	refused "$pattern" 'a pattern.*a rule for each'
done
refused '$if' 'a macro.*quoted'
refused '${if}' 'a macro.*quoted'
refused any 'not an interface'
for name in '' a234567890123456 'em 0' em/0 /dev/em0; do
	refused "$name" 'invalid interface name: 1 to 15'
done
for name in em0 a23456789012345 eth0.100 br-1a2b3c anyway any0 nflogger0 0; do
	becomes "$name" "$name"
done

case $SYSTEM in
Linux)
	for name in nflog nflog: nflog:65536 nflog:ssh nflog:+7 nflog:-1 \
	    nflog:7x 'nflog:0x10' nflog:999999999 NFLOG:8 NFLOG nflog:5:5; do
		refused "$name" 'must be nflog:GROUP.*0 to 65535'
	done
	refused nflog:9999999999 'invalid interface name: 1 to 15'
	for name in 'nflog: 7' 'nflog:7 '; do
		refused "$name" 'invalid interface name'
	done
	becomes nflog:0 nflog:0
	becomes nflog:65535 nflog:65535
	becomes nflog:05 nflog:5
	becomes nflog:000000 nflog:0
	for name in eth0:1 v0:1 eth0.5.7:nn :; do
		refused "$name" 'a.* label.*leave out the colon'
	done
	refused . 'invalid'
	refused .. 'invalid'

	# What the firewall selects cannot be selected once more.
	for statement in 'direction in' 'direction out' 'filter "tcp"'; do
		with nflog:5 "$statement"
		"$BPFSTATSD" -n -f named.conf >out 2>&1 &&
		    fail "$statement with nflog: accepted"
		grep -q "^named.conf:4: ${statement%% *} .*nflog:5.*firewall" \
		    out || fail "$statement with nflog: $(cat out)"
	done
	;;
*)
	refused nflog:5 'Linux only'
	refused eth0:1 'no colon'
	;;
esac

# Interfaces that are not there now: once each, where they are first named.
cat >absent.conf <<END
user nobody
rule a {
	command "/usr/bin/true"
	interface \\
	    absent0
}
rule b {
	interface $loopback
	command "/usr/bin/true"
}
rule c {
	interface absent1
	command "/usr/bin/true"
}
rule d {
	interface absent0
	direction in
	command "/usr/bin/true"
}
END
chmod 644 absent.conf
cat >expected <<'END'
absent.conf:5: absent0: no such interface (yet)
absent.conf:12: absent1: no such interface (yet)
configuration OK
END
"$BPFSTATSD" -n -f absent.conf 2>err || fail "absent interfaces: $(cat err)"
diff expected err || fail "absent interfaces"
"$BPFSTATSD" -n -v -f absent.conf 2>err >out ||
    fail "absent interfaces with -v: $(cat err)"
diff expected err || fail "absent interfaces with -v"
same 4 "$(grep -c '^rule' out)" "rules printed"

# The default is on the line of its rule.
cat >absent.conf <<'END'
user nobody

rule a {
	command "/usr/bin/true"
}
END
"$BPFSTATSD" -n -f absent.conf 2>err || fail "no interface: $(cat err)"
ifconfig pflog0 >/dev/null 2>&1 ||
    grep -q '^absent.conf:3: pflog0: no such interface (yet)$' err ||
    fail "no interface: $(cat err)"

# No warning for a rule that is in error anyway, and none of what is there.
echo nonsense >>absent.conf
"$BPFSTATSD" -n -f absent.conf 2>err && fail "nonsense accepted"
grep -q 'no such interface' err && fail "a warning besides an error"
"$BPFSTATSD" -n -i absent0 /usr/bin/true 2>err || fail "-i absent0"
grep -q '^bpfstatsd: absent0: no such interface (yet)$' err ||
    fail "-i absent0: $(cat err)"
"$BPFSTATSD" -n -i "$loopback" /usr/bin/true 2>err || fail "-i $loopback"
same "configuration OK" "$(cat err)" "-i $loopback"
exit 0
