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

# Ten thousand rules are read and checked in under 100 ms, and a rule costs
# less than 1 KB.

. "$(dirname "$0")/lib.sh"
need_program
sanitized && skip "a sanitizer is slow by nature"

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

# measure number: check so many rules; microseconds and kilobytes.
measure() {
	"$TOOLS/measure" "$BPFSTATSD" -n -f "$CONF.$1" 2>"$DIR/err" ||
	    fail "$(cat "$DIR/err")"
}

rules 10000
rules 20000
for i in 1 2 3 4 5; do
	measure 10000
done | sort -n >"$DIR/small"
time=$(awk 'NR == 3 { print $1 }' "$DIR/small")
small=$(awk 'NR == 3 { print $2 }' "$DIR/small")
large=$(measure 20000 | awk '{ print $2 }')
note "10,000 rules: $time us; 10,000 more: $((large - small)) KB"
within 0 "$time" 99999 "microseconds for 10,000 rules"
within 0 $((large - small)) 9999 "kilobytes for 10,000 rules"
