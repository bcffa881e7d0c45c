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

# An interface goes while the configuration is reloaded: the new one hears of
# it, too.  An engine that does not end at once holds both up.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

conf <<END_OF_CONF
user root
rule there {
	interface $IN
	count 1000000000
	command "/usr/bin/true"
}
END_OF_CONF
start_daemon
kill -STOP "$(engine_pid)"
pair_destroy "$IN" "$OUT"
reload
wait_logged "$IN: the interface is gone" 1 10
alive
pair_restore "$IN" "$OUT"
wait_logged "$IN: counting" 1 10
stop_daemon
