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

# For the tests of counting by a tcx program.  Read after lib.sh.

# The daemon must be able to count by a program here.
need_tcx() {
	[ "$SYSTEM" = Linux ] || skip "only Linux has tcx"
	need_daemon
	[ -z "$UNDER" ] || skip "it may not count by a program"
	in_net "$TOOLS/tcx" show lo >/dev/null 2>"$DIR/err" ||
	    skip "no tcx: $(cat "$DIR/err")"
}

# net_more VAR: another network; its name is stored in the variable.
net_more() {
	_net=$NET-$(($(echo $NETS | wc -w) + 1))
	ip netns add "$_net" || fail "no network namespace"
	NETS="$NETS $_net"
	ip netns exec "$_net" sh -c '
		for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do
			[ ! -f "$f" ] || echo 1 >"$f"
		done'
	eval "$1=\$_net"
}

# start_other kind interface: a program of somebody else, until end_other.
start_other() {
	: >"$DIR/other"
	$IN_NET "$TOOLS/tcx" "$@" >"$DIR/other" &
	SENDER=$!
	wait_until 'grep -q ready "$DIR/other"' 5 || fail "tcx $*"
}

end_other() {
	kill -TERM "$SENDER"
	wait "$SENDER" 2>/dev/null
	SENDER=
}

# Programs on the ingress and on the egress of an interface.
attached() {
	in_net "$TOOLS/tcx" show "$1"
}

# left interface programs: those that the daemon leaves; letting go of each of
# its own takes the kernel some milliseconds.
left() {
	_left_if=$1
	_left=$2
	wait_until '[ "$(attached "$_left_if")" = "$_left" ]' 10 ||
	    fail "programs on $1: expected $2, got $(attached "$1")"
}

# start_two: a daemon with two rules, which have a counter each on IN.
start_two() {
	conf <<-END
	user root
	rule tick {
		interface $IN
		direction in
		count 1000000
		command "/usr/bin/true"
	}
	rule now {
		interface $IN
		direction in
		count 1000000
		immediate
		command "/usr/bin/true"
	}
	END
	start_daemon
}

# seen number: both have.
seen() {
	await_total tick "$1"
	await_total now "$1"
}
