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

# 1,000 reloads of good and bad files: descriptors and memory stay as they
# are.

. "${0%/*}/lib.sh"
. "${0%/*}/lib_reload.sh"
need_daemon
pair_create IN OUT

good() {
	cat <<END
user root
name = "value"
rule stay {
	interface $IN
	count 100 within 10
	command "$TOOLS/record" "$DIR/runs"
}
rule $1 {
	interface $OUT
	direction in
	immediate
	command "/bin/echo" \$name
	idle 5 "/bin/echo" "$1"
}
END
}
good one >"$DIR/conf.1"
good two >"$DIR/conf.2"
{ good one; printf 'rule "x\nfoo bar\nrule y { command "a" $b }\n'; } \
    >"$DIR/conf.3"
{ good one; printf 'rule a {\n\tcommand "/bin/true"\n'; } >"$DIR/conf.4"

conf_swap "$DIR/conf.1"
start_daemon
# Each reload is waited for: several signals in a row would be one.
turns() {
	_turn=0
	while [ $_turn -lt "$1" ]; do
		for _file in 3 2 4 1; do
			conf_swap "$DIR/conf.$_file"
			kill -HUP "$DAEMON"
			reloads=$((reloads + 1))
			until [ "$(logged "$RELOADED")" -ge $reloads ]; do
				sleep 0.01
			done
		done
		_turn=$((_turn + 1))
	done
}
reloads=0
turns 25
holdings
turns 225
alive
same 500 "$(logged "configuration not reloaded")" "files refused"
same 500 "$(logged "configuration reloaded")" "files accepted"
as_before 128
send_frames "$OUT" 100
wait_lines "$DIR/runs" 1 3
stop_daemon
