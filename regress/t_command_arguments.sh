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

# Arguments with blanks, quotes, dollars, stars, backslashes, newlines and
# UTF-8 reach the command unchanged, in both forms.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

long=$(awk 'BEGIN { for (i = 0; i < 8191; i++) printf "x" }')
# The configuration file's words, and the same in the shell's.
conf <<END
user root
eight = "$long"
rule a {
	interface $IN
	command "$TOOLS/show" "$DIR/seen" \\
	    "two words" " blanks " "tab	tab" \\
	    "it's" 'say "hi"' "say \\"hi\\"" '"' "'" \\
	    "\$HOME" '\$(echo x)' "\`echo x\`" "*" "?" "~" "a;b" "a|b" "&" \\
	    "back\\\\slash" 'back\\slash' "\\x" "\\\\" '\\' \\
	    "two\\nlines" "\\n" "Grüß Gott 你好" "" "-c" "--" "-" "#" "{" \\
	    "%s %n" \$eight ""
}
END
set -- \
    "two words" " blanks " "tab	tab" \
    "it's" 'say "hi"' "say \"hi\"" '"' "'" \
    '$HOME' '$(echo x)' '`echo x`' "*" "?" "~" "a;b" "a|b" "&" \
    'back\slash' 'back\slash' '\x' '\' '\' \
    "two
lines" "
" "Grüß Gott 你好" "" "-c" "--" "-" "#" "{" \
    "%s %n" "$long" ""
"$TOOLS/show" "$DIR/expected" "$@"

check() {
	wait_until 'grep -q "^end" "$DIR/seen" 2>/dev/null' 3 ||
	    fail "$1: the command was not run"
	for file in expected seen; do
		grep '^arg' "$DIR/$file" >"$DIR/$file.args"
	done
	diff "$DIR/expected.args" "$DIR/seen.args" || fail "$1"
	rm "$DIR/seen"
}

start_daemon
send_frames "$OUT" 1
check "configuration file"
stop_daemon

start_rule -i "$IN" "$TOOLS/show" "$DIR/seen" "$@"
send_frames "$OUT" 1
check "one rule"
stop_daemon
