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

# The fuzzers: the corpus, then three seconds of each.  What they find is left
# in fuzz/corpus.  Where there is no libFuzzer the corpus alone is played.
#
# slow: it compiles with sanitizers

. "$(dirname "$0")/lib.sh"

here=$REGRESS/fuzz
source=${REGRESS%/*}
dir=$DIR

# Sources of the program, for build.
[ -f "$source/parse.y" ] || skip "no sources"

echo 'int LLVMFuzzerTestOneInput(const char *, long);
int LLVMFuzzerTestOneInput(const char *p, long n) { return p && n ? 0 : 0; }
' >"$DIR/have.c"
if ${CLANG:-clang} -fsanitize=fuzzer,address,undefined -o "$DIR/have" \
    "$DIR/have.c" >/dev/null 2>&1; then
	WORK=$DIR/work sh "$here/run" "${FUZZ_SECONDS:-3}" ||
	    fail "a fuzzer found something, see fuzz/corpus"
	exit 0
fi

note "no libFuzzer: the corpus alone"
. "$here/build.sh"
${CC:-cc} -fsanitize=address,undefined -o "$DIR/have" -x c - \
    >/dev/null 2>&1 <<'END' || FUZZ_FLAGS=-O1
int main(void) { return 0; }
END
build "${CC:-cc}" main.c || fail "the fuzzers do not build"
for name in conf args rule filter; do
	for file in "$here/corpus/$name"/*; do
		"$TOOLS/limit" 10 "$DIR/fuzz_$name" "$file" ||
		    fail "$name: $file"
	done
done
