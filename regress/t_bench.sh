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

#
# slow: it measures, if only for seconds

# The benchmark works: a quick look prints its table, with each subject and a
# figure in each row, and leaves no process, network or file behind, also when
# it is ended in its midst.  What the figures are is not this test's affair.

. "$(dirname "$0")/lib.sh"
[ "$SYSTEM" = Linux ] || skip "for Linux only"
need_program
need_root
id _bpfstatsd >/dev/null 2>&1 || skip "no user _bpfstatsd (sh setup adds it)"
sanitized && skip "sanitizers take their time"
unshare --net --pid --fork --mount-proc true 2>"$DIR/err" ||
    skip "no namespaces: $(cat "$DIR/err")"

BENCH=${REGRESS%/*}/bench
TMPDIR=$DIR/tmp
export TMPDIR
mkdir "$TMPDIR"
chmod 711 "$TMPDIR"

# What a benchmark may leave.
left() {
	ls "$TMPDIR"
	ls "$BENCH" | cksum
	ps -A -o pid= -o args= | grep -F "$TMPDIR" | grep -Fv grep
}

was=$(left)
sh "$BENCH/run" -q >"$DIR/table" 2>"$DIR/err" ||
    fail "status $?: $(cat "$DIR/err")"
same "$was" "$(left)" "what is left"
note "$(cat "$DIR/table")"
for what in "packet received" "packet sent" Forwarded "Idle: wake-ups" \
    "first instruction of" "Commands a second" Check Start Reload Stop \
    Memory; do
	awk -v what="$what" '
		found && NF == 0 { exit }
		found { rows++ }
		index($0, what) && !/^ / { found = 1 }
		END { exit !rows }' "$DIR/table" ||
		    fail "no figure of: $what"
done
grep -q "^A, B and A/B .* medians" "$DIR/table" || fail "no end of the table"
grep -Eq "targets reached" "$DIR/table" || fail "no word about targets"

sh "$BENCH/run" -q packets >"$DIR/table" 2>&1 &
SENDER=$!
wait_until 'grep -q " packets" "$DIR/table"' 60 || fail "it does not begin"
sleep 1
kill -TERM $SENDER
wait $SENDER
SENDER=
wait_until '[ "$was" = "$(left)" ]' 5 || fail "it left: $(left)"
