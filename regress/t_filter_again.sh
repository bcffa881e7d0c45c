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

# A rule with a filter whose counter cannot be had for the moment does not wait
# for the next interface: it is tried again like any other.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.sh"
. "$(dirname "$0")/lib_reload.sh"
. "$(dirname "$0")/lib_filter.sh"

conf <<END
user root
rule other {
	interface $OUT
	command "/usr/bin/true"
}
END
cp "$CONF" "$DIR/few"
{
	cat "$CONF"
	cat <<END
rule filtered {
	interface $IN
	filter "udp"
	command "/usr/bin/true"
}
END
} >"$DIR/all"
program_beside
stand_in <<END
exec "$HELPER" "\$@"
END
"$ctl" "$file" none 0 0
launch -d
soon 'has_engine || dead' 10 || fail "no start"
alive

# ENFILE 23: the system has no descriptor, once, wherever one is asked for.
n=1
while :; do
	"$ctl" "$file" socket $n 23
	conf_swap "$DIR/all"
	reload
	wait_until 'is_attached filtered 1' 3 ||
	    fail "it waits, as call $n of socket failed"
	was_hit || break
	conf_swap "$DIR/few"
	reload
	n=$((n + 1))
done
within 2 $n 100 "calls of socket that failed and one more"
stop_daemon
