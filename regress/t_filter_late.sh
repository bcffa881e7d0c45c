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

# A filter is compiled for an interface that has come with another link type
# while a reload is being prepared, which then fails: its rule does not wait
# for the next interface.
#
# slow: the helpers take their time

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
. "$REGRESS/lib_filter.sh"
[ "$SYSTEM" = Linux ] || skip "needs tun as on Linux"
in_net ip tuntap add dev late0 mode tun 2>"$DIR/err" ||
    skip "no tun: $(cat "$DIR/err")"
in_net ip tuntap del dev late0 mode tun
program_beside
stand_in <<END
sleep 2
exec "$HELPER" "\$@"
END
cat >"$DIR/good" <<END
user root
rule late {
	interface late0
	filter "udp"
	command "/usr/bin/true"
}
END
{
	cat "$DIR/good"
	cat <<-END
	rule bad {
		interface lo
		filter "tcp port nowhere"
		command "/usr/bin/true"
	}
	END
} >"$DIR/bad"
conf_swap "$DIR/good"
start_daemon
ask late
same waiting "$ATTACHED" "the rule before its interface"

conf_swap "$DIR/bad"
kill -HUP "$DAEMON"
wait_until 'children | grep -q .' 5 || fail "no helper"
in_net ip tuntap add dev late0 mode tun
wait_logged "$RELOADED" 1 10
same 1 "$(logged "configuration reload failed")" "refused reloads"
wait_until 'is_attached late 1' 3 || fail "it waits"
stop_daemon
