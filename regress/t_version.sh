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

# The file VERSION, CHANGES and the packages have the same version, and the
# licence is the one at the top of the files.

. "$(dirname "$0")/lib.sh"
top=${REGRESS%/*}
version=$(cat "$top/VERSION")
same "$version" "$(sed -n '/^[0-9]/{p;q;}' "$top/CHANGES")" "CHANGES"
same "bpfstatsd ($version-1) " \
    "$(sed -n '1s/[a-z]*;.*//p' "$top/debian/changelog")" "debian/changelog"
spec=$top/packaging/rpm/bpfstatsd.spec
same "$version" "$(sed -n 's/^Version:	*//p' "$spec")" "the RPM"
same "$version-1" "$(sed -n '/^%changelog/{n;s/.* //p;}' "$spec")" \
    "changes of the RPM"
same "bpfstatsd-$version" "$(sed -n 's/^DISTNAME =	*//p' \
    "$top/packaging/openbsd/net/bpfstatsd/Makefile")" "the port"
grep -n 'bpfstatsd-[0-9]' "$top/README.md" "$top/packaging/README.md" "$spec" &&
    fail "a version that has to be changed by hand"

for file in "$top"/*.[chy] "$top"/*.[578]; do
	# what yacc makes
	case $file in
	*/parse.c|*/y.tab.*)
		continue ;;
	esac
	sed -n -e 's/^ \* \{0,1\}//' -e 's/^\.\\" \{0,1\}//' \
	    -e '/^Copyright/,/SOFTWARE\.$/p' "$file" >"$DIR/licence"
	cmp -s "$DIR/licence" "$top/LICENSE" || fail "licence of $file"
done
