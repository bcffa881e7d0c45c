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

# The arithmetic of rule.c and count.c in a 32-bit program: the same scenarios.

. "$(dirname "$0")/lib.sh"

[ "$SYSTEM" = Linux ] || skip "only where a compiler can make both"
source=${REGRESS%/*}
[ -f "$source/rule.c" ] || skip "no sources"
cc="${CC:-cc} -m32 -O2"

echo 'int main(void) { return sizeof(long) != 4; }' >"$DIR/have.c"
$cc -o "$DIR/have" "$DIR/have.c" 2>/dev/null ||
    skip "no 32-bit libc here (gcc-multilib)"
"$DIR/have" || skip "the kernel runs no 32-bit program"

# libbsd is there as a 64-bit library alone; getopt(3) is libc's, too.
$cc $(pkg-config --cflags libbsd-overlay) -Dbsd_getopt=getopt \
    -I"$source" -o "$DIR/t_rule" "$REGRESS/tools/t_rule.c" \
    "$source/rule.c" "$source/count.c" ||
    fail "t_rule.c does not compile"
"$DIR/t_rule" "$REGRESS"/rule/*.in || fail "scenarios"
"$DIR/t_rule" -n 100000 || fail "the twin; t_rule -s repeats it"
