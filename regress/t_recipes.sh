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

# Every example of a configuration is one: "bpfstatsd -n" accepts the files in
# etc, etc/examples and packaging as they are shipped, but for users that do
# not exist here.

. "$(dirname "$0")/lib.sh"
need_program
top=${REGRESS%/*}
n=0
for file in "$top"/etc/*.conf "$top"/etc/examples/*.conf \
    "$top"/packaging/systemd/bpfstatsd.conf; do
	sed 's/^\(	*user\) "_[a-z]*"/\1 "nobody"/' "$file" | conf
	"$BPFSTATSD" -n -f "$CONF" >"$DIR/out" 2>&1 ||
	    fail "$file: $(cat "$DIR/out")"
	# What is commented out in it is accepted, too.
	sed -e 's/^#*\(	*user\) "_*[a-z]*"/\1 "nobody"/' \
	    -e '/^#rule/,/^#}/s/^#//' -e 's/^#\([a-z]*\) =/\1 =/' \
	    "$file" | conf
	"$BPFSTATSD" -n -f "$CONF" >"$DIR/out" 2>&1 ||
	    fail "$file with its comments: $(cat "$DIR/out")"
	n=$((n + 1))
done
[ $n -ge 7 ] || fail "only $n examples"
for file in "$top"/etc/examples/*.sh; do
	sh -n "$file" || fail "$file"
done
