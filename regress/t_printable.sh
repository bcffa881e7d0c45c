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

# Characters of a command's output that a reader would not see, or that change
# how others are shown, are escaped in the log; those next to them in Unicode
# stay as they are.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT

# The first and the last of each range.
hidden="80 9f a0 ad 34f 600 605 61c 6dd 70f 890 891 8e2 115f 1160 1680 17b4
    17b5 180b 180e 180f 2000 200b 200d 200e 200f 2028 2029 202a 202e 202f 205f
    2060 2064 2066 2069 206f 3000 3164 e000 f8ff fdd0 fdef fe00 fe0f feff ffa0
    fff0 fff9 fffb fffe ffff 110bd 110cd 13430 1343f 1bca0 1bca3 1d173 1d17a
    1fffe 3ffff 40000 e0001 e0020 e007f f0000 10fffd 10ffff"
seen="a1 ac ae fc 34e 350 606 61b 61e 2010 2026 2027 2030 205e 20ac 3001 3042
    d7ff f900 fdf0 fe10 fefe fffc fffd 10000 1f4f7 20000"

# Code points to lines for printf(1): each character with its number.
cat >"$DIR/utf8.awk" <<'END'
function hex(s,    i, n) {
	for (i = 1; i <= length(s); i++)
		n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
	return n
}
function utf8(n) {
	if (n < 2048)
		return byte(192 + int(n / 64)) byte(128 + n % 64)
	if (n < 65536)
		return byte(224 + int(n / 4096)) \
		    byte(128 + int(n / 64) % 64) byte(128 + n % 64)
	return byte(240 + int(n / 262144)) \
	    byte(128 + int(n / 4096) % 64) byte(128 + int(n / 64) % 64) \
	    byte(128 + n % 64)
}
function byte(n) {
	return backslash sprintf("%03o", n)
}
{
	for (i = 1; i <= NF; i++)
		print $i, utf8(hex($i)) "."
}
END
# printed backslash code point ...: where a backslash is two, it is seen.
printed() {
	_backslash=$1
	shift
	echo "$@" | awk -v backslash="$_backslash" -f "$DIR/utf8.awk" |
	while read -r line; do
		printf "$line\n"
	done
}
printed '\\' $hidden $seen >"$DIR/output"
{
	printed '\\\\' $hidden
	printed '\\' $seen
} >"$DIR/expected"
within 50 "$(lines "$DIR/output")" 99 "characters"

conf <<END
user root
rule r {
	interface $IN
	command "/bin/cat" "$DIR/output"
}
END
start_daemon
send_frames "$OUT" 1
wait_until 'grep -q "rule \"r\": run 1: " "$LOG"' 20 || fail "no run"
sed -n 's/^bpfstatsd: rule "r": output: //p' "$LOG" >"$DIR/got"
diff "$DIR/expected" "$DIR/got" >"$DIR/diff" ||
    fail "not as expected: $(od -c "$DIR/diff" | head -n 40)"
stop_daemon
