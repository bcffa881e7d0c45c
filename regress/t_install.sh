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

# "make install" into an empty directory, and "make uninstall" takes away all
# that it brought; and the port for OpenBSD lists what is installed there.

. "$(dirname "$0")/lib.sh"
top=${REGRESS%/*}
make=make
[ "$SYSTEM" != Linux ] || make="make -f GNUmakefile SETCAP=no"
files() {
	(cd "$DIR/root" && find . ! -type d | sort)
}

# other tests use the program: nothing is built where it is
mkdir "$DIR/src"
cp -Rp "$top"/* "$DIR/src"
[ ! -f "$top/.flags" ] || cp -p "$top/.flags" "$DIR/src"
cd "$DIR/src" || exit 1
$make DESTDIR="$DIR/root" install >"$DIR/out" 2>&1 ||
    fail "$(cat "$DIR/out")"
for file in bin/bpfstatsd bpfstatsd.8 bpfstatsd.conf.5; do
	files | grep -q "/$file\$" || fail "no $file"
done
for file in $(sed -n 's/^MAN =//p' GNUmakefile); do
	[ "$SYSTEM" != Linux ] || files | grep -q "/$file\$" || fail "no $file"
done
$make DESTDIR="$DIR/root" uninstall >"$DIR/out" 2>&1 ||
    fail "$(cat "$DIR/out")"
same "" "$(files)" "what stays"

# A port that lists less leaves files behind, one that lists more is not built.
port=$top/packaging/openbsd/net/bpfstatsd/pkg/PLIST
same "$(cd "$top/etc" && ls *.conf examples/*.conf examples/*.sh |
    sed 's,.*/,,' | sort)" \
    "$(sed -n 's,^share/examples/bpfstatsd/\(.\),\1,p' "$port" | sort)" \
    "examples of the port"
same "$(sed -n 's/^MAN+*=	*//p' "$top/Makefile" | tr ' ' '\n' | sort)" \
    "$(sed -n 's,^@man .*/,,p' "$port" | sort)" "manuals of the port"
same "$(sed -n -e 's/^PROG=	*//p' -e 's/^FILTER=	*//p' -e 's/^CTL=	*//p' \
    "$top/Makefile" | sort)" \
    "$(sed -n 's,^@bin .*/,,p' "$port" | sort)" "programs of the port"
