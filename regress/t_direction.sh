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

# `direction in', `direction out' and none on one interface, with packets in
# both directions at full speed: each counts exactly its own.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
{
	echo "user root"
	for immediate in '' immediate; do
		for direction in '' 'direction in' 'direction out'; do
			name=${direction#direction }
			cat <<END
rule "${name:-both}${immediate:+.i}" {
	interface $IN
	$direction
	$immediate
	count 10 exact
	command "/usr/bin/true"
}
END
		done
	done
} | conf
# -t runs nothing: the totals are what is looked at.
launch "$BPFSTATSD" -t -f "$CONF"
alive
$IN_NET "$TOOLS/send" "$IN" 70003 >"$DIR/sent" &
other=$!
send_frames "$OUT" 50001
wait $other || fail "send"
for line in both:120004 in:50001 out:70003; do
	for rule in "${line%:*}" "${line%:*}.i"; do
		await_total "$rule" "${line#*:}"
	done
done
stop_daemon
