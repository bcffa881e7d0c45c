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

# A reload of a file with nothing in it at all is refused: somebody is writing
# it.  At the start, and with a comment in it, it is a file without rules.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

conf <<END
user root
rule a {
	interface $IN
	command "$TOOLS/record" "$DIR/seen"
}
END
start_daemon
: >"$CONF"
kill -HUP "$DAEMON"
wait_logged 'bpfstatsd.conf: empty file' 1 5
same 0 "$(logged 'configuration reloaded')" "reloads of an empty file"
send_frames "$OUT" 1
wait_lines "$DIR/seen" 1 5
echo '# nothing' >"$CONF"
kill -HUP "$DAEMON"
wait_logged 'configuration reloaded: 0 rules' 1 5
: >"$CONF"
kill -HUP "$DAEMON"
wait_logged 'bpfstatsd.conf: empty file' 2 5
stop_daemon

start_daemon
same 1 "$(logged 'bpfstatsd.conf: no rules')" "warnings of no rules"
stop_daemon
