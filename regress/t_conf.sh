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

# Each file of the corpus conf/*.in is checked and printed; NAME.ok says what
# is written to stdout, what to stderr, and the exit status.  NAME.flags holds
# further flags.  NAME.nobody.ok replaces NAME.ok for users other than root.
# What was printed must be accepted and print itself.
#
# RECORD=directory writes what was seen there instead of comparing it.

. "$(dirname "$0")/lib.sh"
need_program

cp -R "$REGRESS/conf" "$DIR/conf"
chmod -R u+rw,go-w,a+rX "$DIR/conf"
# Where everyone can start it, without capabilities.
cp "$BPFSTATSD" "$DIR/bpfstatsd"
chmod 755 "$DIR/bpfstatsd"

cat >"$DIR/each" <<'END'
# each directory: write NAME.seen and NAME.again for each file there.
cd "$2" || exit 1
for in in *.in; do
	name=${in%.in}
	flags=
	[ ! -f "$name.flags" ] || flags=$(cat "$name.flags")
	eval "\"$1\" -n -v $flags -f $in" >"$3/$name.out" 2>"$3/$name.err"
	status=$?
	{
		cat "$3/$name.out"
		# which interfaces there are differs from system to system
		grep -v ': no such interface (yet)$' "$3/$name.err"
	} >"$3/$name.seen"
	echo "exit $status" >>"$3/$name.seen"
	[ $status -eq 0 ] || continue
	"$1" -n -v -f "$3/$name.out" >"$3/$name.again" 2>"$3/$name.err"
	status=$?
	if [ $status -ne 0 ]; then
		cat "$3/$name.err"
		echo "exit $status"
	fi >>"$3/$name.again"
done
END

# compare suffix: compare all with NAME.suffix, or NAME.ok.
compare() {
	for in in "$REGRESS"/conf/*.in; do
		name=${in##*/}
		name=${name%.in}
		ok=${in%.in}.$1
		[ -f "$ok" ] || ok=${in%.in}.ok
		if [ -n "${RECORD:-}" ]; then
			cp "$DIR/out/$name.seen" "$RECORD/$name.$1"
		elif ! diff -u "$ok" "$DIR/out/$name.seen"; then
			note "conf/$name.in differs from ${ok##*/}"
			bad=$((bad + 1))
		fi
		[ -f "$DIR/out/$name.again" ] || continue
		if ! diff -u "$DIR/out/$name.out" "$DIR/out/$name.again"; then
			note "conf/$name.in does not print itself"
			bad=$((bad + 1))
		fi
	done
}

bad=0
mkdir "$DIR/out"
if [ "$(id -u)" -eq 0 ]; then
	sh "$DIR/each" "$DIR/bpfstatsd" "$DIR/conf" "$DIR/out"
	compare ok
	rm -r "$DIR/out"
	mkdir "$DIR/out"
	chown nobody "$DIR/out"
	chmod a+r "$DIR/each"
	as_nobody "sh '$DIR/each' '$DIR/bpfstatsd' '$DIR/conf' '$DIR/out'"
else
	sh "$DIR/each" "$DIR/bpfstatsd" "$DIR/conf" "$DIR/out"
fi
compare nobody.ok
[ $bad -eq 0 ] || fail "$bad differ"
