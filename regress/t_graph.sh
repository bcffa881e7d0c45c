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

# Calls go down only, from the file that is above to the one that is below; a
# new one up is found.
#
# slow: it compiles everything

. "$(dirname "$0")/lib.sh"
source=${REGRESS%/*}
[ -f "$source/parse.y" ] || skip "no sources"

sh "$REGRESS/graph" >"$DIR/graph" 2>"$DIR/up" ||
    fail "see regress/graph: $(cat "$DIR/up")"
tail -n 1 "$DIR/graph"

# The engine may ask rule.c, which may not ring the bell.
grep -q '^poller -> rule: .*rule_due' "$DIR/graph" ||
    fail "a call down is not seen"
mkdir "$DIR/copy" "$DIR/copy/regress"
cp -R "$source"/*.[chy] "$source"/*akefile "$source/compat" "$DIR/copy"
cp "$REGRESS/graph" "$DIR/copy/regress"
cat >>"$DIR/copy/rule.c" <<'END_OF_CODE'

void rule_upcall(void);

void
rule_upcall(void)
{
	engine_poke();
	options.verbose = 1;
}
END_OF_CODE
! sh "$DIR/copy/regress/graph" >"$DIR/graph" 2>"$DIR/up" ||
    fail "a call up is not found"
same "up: rule -> config: options
up: rule -> engine: engine_poke" "$(sort "$DIR/up")" "what is said of calls up"
