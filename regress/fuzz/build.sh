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

# The fuzzers are built here, for run and ../t_fuzz.sh:
#
#	build compiler main flags
#
# compiles all of them into $dir.  main is main.c, or empty where the compiler
# brings its own; flags are more flags, for all files.  The caller sets dir,
# here (this directory) and source (the program's).

build() {
	case $(uname) in
	Linux)	bsd="$(pkg-config --cflags libbsd-overlay) -D_GNU_SOURCE"
		bsd="$bsd -include $source/compat/compat.h"
		libs="$(pkg-config --libs libbsd-overlay) -levent_core"
		libs="$libs -lseccomp"
		makefile=$source/GNUmakefile
		yacc=${YACC:-byacc} ;;
	*)	bsd="-I/usr/local/include"
		libs="-L/usr/local/lib -levent"
		makefile=$source/Makefile
		yacc=${YACC:-yacc} ;;
	esac
	case $(uname) in
	FreeBSD|NetBSD)
		bsd="$bsd -D_OPENBSD_SOURCE -include $source/compat/compat.h" ;;
	esac
	to=$dir/objects
	mkdir -p "$to"
	$yacc -o "$to/parse.c" "$source/parse.y" || return 1
	cflags="-O1 -g -fno-omit-frame-pointer ${3:-} $bsd -I$source -I$here"
	cflags="$cflags -DLIBEXECDIR=\"\" -I$to ${FUZZ_FLAGS:--fsanitize=address,undefined
	    -fno-sanitize-recover=all}"

	objects=
	main=
	[ -z "$2" ] || compile "$1" main "$here/$2"
	main=$objects
	objects=
	compile "$1" rule "$source/rule.c"
	compile "$1" count "$source/count.c"
	rule=$objects
	compile "$1" grammar "$here/grammar.c"
	compile "$1" stub "$here/stub.c"
	compile "$1" emit "$here/emit.c"
	compile "$1" config "$source/config.c"
	compile "$1" print "$source/print.c" -DEMIT -include "$here/emit.h"
	for file in $(sources "$makefile"); do
		compile "$1" "$(basename "$file" .c)" "$source/$file"
	done
	common=$objects

	compile "$1" log "$source/log.c"
	compile "$1" fuzz_conf "$here/fuzz_conf.c"
	$1 $cflags -Wl,--wrap=log_at -o "$dir/fuzz_conf" $main $objects \
	    $libs || return 1

	objects=$rule
	compile "$1" fuzz_rule "$here/fuzz_rule.c" -I"$source/regress/tools"
	$1 $cflags -o "$dir/fuzz_rule" $main $objects $libs || return 1

	objects=$main
	compile "$1" program "$source/program.c"
	compile "$1" fuzz_filter "$here/fuzz_filter.c"
	$1 $cflags -o "$dir/fuzz_filter" $objects $libs || return 1

	objects=$common
	compile "$1" log_args "$source/log.c" -Dexit=fuzz_exit
	compile "$1" fuzz_args "$here/fuzz_args.c" -Dexit=fuzz_exit
	$1 $cflags -o "$dir/fuzz_args" $main $objects $libs
}

# The program's files for this system; bsd.prog.mk finds those of compat itself.
sources() {
	list=$(sed -e :a -e '/\\$/N; s/\\\n//; ta' "$1")
	printf '%s\n' "$list" | sed -n 's/^SRCS[ 	]*=//p' | tr -s ' \t' '\n\n' |
	    grep -E '^(child|clock|counter|filter|iface|program|compat/)' |
	    grep -v compat/pid1
	printf '%s\n' "$list" | sed -n "s/^SRCS_$(uname)[ 	]*=//p" |
	    tr -s ' \t' '\n\n' | sed -n 's,^.,compat/&,p'
}

# compile compiler name file flags: add the object to $objects.
compile() {
	_cc=$1 _name=$2 _file=$3
	shift 3
	$_cc $cflags "$@" -c -o "$to/$_name.o" "$_file" || exit 1
	objects="$objects $to/$_name.o"
}
