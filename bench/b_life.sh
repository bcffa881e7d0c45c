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


# Check, start, reload and stop, and the memory of both processes.  All is
# compared with one rule on one interface.

if [ -n "$QUICK" ]; then
	_rounds=1
	_cases="1000:200"
else
	_rounds=5
	_cases="1000:1 10000:1 1000:200 10000:200"
fi

# life conf: "check start pss reload pss stop", milliseconds and kilobytes.
life() {
	_check=$("$DIR/measure" "$BPFSTATSD" -n -f "$1" 2>/dev/null) ||
	    fail "$1 is wrong"
	_life=$("$DIR/life" "$BPFSTATSD" -dv -s "$DIR/sock" -f "$1") || exit 1
	echo "${_check% *} $_life" |
	    awk '{ print $1 / 1e3, $2 / 1e3, $3, $4 / 1e3, $5, $6 / 1e3 }'
}

life_pairs() {
	pair "check.$_key" "$1" "$7"
	pair "start.$_key" "$2" "$8"
	pair "pss.$_key" "$3" "$9"
	shift 3
	pair "reload.$_key" "$1" "$7"
	pair "again.$_key" "$2" "$8"
	pair "stop.$_key" "$3" "$9"
}

life_case() {
	_ifs=$THERE
	[ "$2" -eq 1 ] || _ifs=$MANY
	_key=$1.$2
	life_pairs $(life "$(rules "$1" $_ifs)") $(life "$(rules 1 "$THERE")")
}

# per key case case number: the memory between two cases by so many.
per() {
	awk -F "$TAB" -v key="$1" -v n="$4" -v "more=pss.$2" -v "less=pss.$3" '
		$1 == more { a[++i] = $2; first[i] = $3 }
		$1 == less { b[++j] = $2 }
		END {
			for (k = 1; k <= i; k++) {
				if (less == "pss.1.1")
					b[k] = first[k]
				printf "%s\t%.1f\t\n", key,
				    (a[k] - b[k]) * 1024 / n
			}
		}' "$RAW" >"$DIR/per"
	cat "$DIR/per" >>"$RAW"
}

life_rows() {
	for _case in $_cases; do
		_key=${_case%:*}.${_case#*:}
		_target=
		[ $_key != 10000.200 ] || _target=$3
		row "$1.$_key" "$(words "${_case%:*}" "${_case#*:}")" \
		    "$2" "$_target"
	done
}

heading "Check (-n), ms; B: 1 rule"
life_rows check %.1f "A<=100"
heading "Start until it counts, ms; B: 1 rule"
life_rows start %.1f ""
heading "Reload until it counts with the new rules, ms; B: 1 rule"
life_rows reload %.1f "A<=200"
heading "Stop, ms; B: 1 rule"
life_rows stop %.1f "A<=1000"
heading "Memory of both processes (PSS), KB; B: 1 rule"
life_rows pss %.0f "A<=16384"
heading "Memory after a reload, KB; B: 1 rule"
life_rows again %.0f "A<=16384"
heading "Memory, bytes"
row per.rule "a rule" %.0f
row per.interface "an interface" %.0f

_round=0
while [ $((_round += 1)) -le $_rounds ]; do
	for _case in $_cases; do
		life_case "${_case%:*}" "${_case#*:}"
	done
done
per per.rule 10000.1 1.1 9999
per per.interface 10000.200 10000.1 199
