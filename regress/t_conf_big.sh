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

# Ten thousand rules are read and checked, and a rule costs less than 1 KB.  How
# long it takes is in "make bench".

. "$(dirname "$0")/lib.sh"
need_program
sanitized && skip "a sanitizer has memory of its own"

# rules number: write so many rules on two hundred interfaces.
rules() {
	awk -v n="$1" 'BEGIN {
		print "user nobody"
		for (i = 0; i < n; i++) {
			printf "rule rule%d {\n", i
			printf "\tinterface em%d\n", i % 200
			printf "\tcount %d exact\n", i + 1
			printf "\tcommand \"/usr/local/bin/command\""
			printf " \"argument\" \"%d\"\n}\n", i
		}
	}' >"$CONF.$1"
}

# kilobytes number: those that checking so many rules takes.
kilobytes() {
	"$TOOLS/measure" "$BPFSTATSD" -n -f "$CONF.$1" 2>"$DIR/err" >"$DIR/out" ||
	    fail "$(cat "$DIR/err")"
	awk '{ print $2 }' "$DIR/out"
}

rules 10000
rules 20000
small=$(kilobytes 10000)
large=$(kilobytes 20000)
note "10,000 more rules: $((large - small)) KB"
within 1 $((large - small)) 9999 "kilobytes for 10,000 rules"
