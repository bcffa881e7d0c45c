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

# The arithmetic of rule.c: scenarios in virtual time, and a naive twin.

# For the tests of filters; read it after lib.sh.
#
#	HELPER		the helper that was built

source=${REGRESS%/*}

HELPER=$TOOLS/bpfstatsd-filter
[ -x "$HELPER" ] || skip "no bpfstatsd-filter that was built here"

# answer dlt expression: what the helper answers, as "program N" or in words.
answer() {
	{
		"$HELPER" "$@"
		echo $? >"$DIR/status"
	} | cat >"$DIR/answer"
	[ "$(cat "$DIR/status")" -eq 0 ] || fail "helper: $2"
	set -- $(od -A n -t u4 -N 12 "$DIR/answer")
	# OpenBSD's od writes zeros in front
	if [ "$2" -eq 1 ]; then
		echo "program $(expr "$3" + 0)"
	else
		tail -c +13 "$DIR/answer"
		echo
	fi
}

# stand_in: the script on the standard input is what runs as the helper of
# the programs in DIR.
stand_in() {
	{
		echo "#!/bin/sh"
		cat
	} >"$DIR/new"
	chmod 755 "$DIR/new"
	mv "$DIR/new" "$DIR/bpfstatsd-filter"
}

# From now on the program is one whose helper is in DIR.
program_beside() {
	[ -f "$source/filter.c" ] || skip "no sources"
	(cd "$source" && make -s beside DIR="$DIR") || fail "make beside"
	BPFSTATSD=$DIR/bpfstatsd
}

# Compile t_filter, which looks for the helper in DIR and tries again after two
# seconds, not after a minute.
build_t_filter() {
	[ -f "$source/filter.c" ] || skip "no sources"
	sed 's/^\(#define AGAIN[^(]*\)(60 /\1(2 /' "$source/filter.c" \
	    >"$DIR/filter.c"
	! cmp -s "$source/filter.c" "$DIR/filter.c" || fail "AGAIN"
	case $SYSTEM in
	Linux)
		_flags="$(pkg-config --cflags libbsd-overlay) -D_GNU_SOURCE"
		_flags="$_flags -include $source/compat/compat.h"
		_flags="$_flags $source/compat/setresuid.c"
		_libs="$(pkg-config --libs libbsd-overlay) -levent_core"
		;;
	NetBSD)
		_flags="-D_OPENBSD_SOURCE -include $source/compat/compat.h"
		_libs="-levent"
		;;
	*)
		_flags=-I/usr/local/include
		_libs="-L/usr/local/lib -levent"
		;;
	esac
	${CC:-cc} ${CFLAGS:--O2} -I"$source" $_flags \
	    -DLIBEXECDIR="\"$DIR\"" -o "$DIR/t_filter" \
	    "$REGRESS/tools/t_filter.c" "$DIR/filter.c" \
	    "$source/program.c" "$source/child.c" "$source/clock.c" \
	    ${LDFLAGS:-} $_libs || fail "t_filter"
}
