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
# etc, etc/examples and packaging as they are shipped, and what bpfstatsd.conf.5
# and README.md show, but for users that do not exist here.

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

# block file number: an example of the manual; of commands alone, a rule.
block() {
	awk -v n="$2" '
	/^\.Bd -literal/ { text = ""; on = 1; next }
	/^\.Ed/ && on {
		on = 0
		if (text !~ /^(user|rule|command) /)
			next
		if (++seen != n)
			next
		if (text ~ /^command /)
			text = "rule a {\n" text "}\n"
		printf "%s", text
	}
	on {
		gsub(/\\e/, "\\")
		gsub(/\\\(dq/, "\"")
		text = text $0 "\n"
	}' "$1"
}
n=1
while block "$top/bpfstatsd.conf.5" $n >"$DIR/block" && [ -s "$DIR/block" ]; do
	{
		echo 'user "nobody"'
		sed 's/^\(	*user\) "_[a-z]*"/\1 "nobody"/' "$DIR/block"
	} | conf
	"$BPFSTATSD" -n -f "$CONF" >"$DIR/out" 2>&1 ||
	    fail "$(cat "$DIR/block"): $(cat "$DIR/out")"
	n=$((n + 1))
done
[ $n -gt 4 ] || fail "only $((n - 1)) examples in the manual"
sed -n '/^Write `.etc.bpfstatsd.conf`/,/^Check/s/^    //p' "$top/README.md" |
    sed 's/"_camera"/"nobody"/' | conf
"$BPFSTATSD" -n -f "$CONF" >"$DIR/out" 2>&1 || fail "README: $(cat "$DIR/out")"
grep -q '^rule' "$CONF" || fail "no example in the README"
for file in "$top"/etc/examples/*; do
	grep -q "^| .${file##*/}. |" "$top/README.md" ||
	    fail "${file##*/} is not in the README"
done

for file in "$top"/etc/examples/*.sh; do
	sh -n "$file" || fail "$file"
done
