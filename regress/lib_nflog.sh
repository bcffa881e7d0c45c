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

# What the tests of nflog:GROUP begin with: read after lib.sh.  All that comes
# in on $IN, the other end of $OUT, is logged to group 5.

[ "$SYSTEM" = Linux ] || skip "nflog is of Linux"
command -v nft >/dev/null || skip "no nft(8)"
need_daemon
pair_create IN OUT
in_net nft -f - <<END || skip "no logging of the netdev family"
table netdev test {
	chain ingress {
		type filter hook ingress device $IN priority 0
		ether type 0x88b5 log group 5
	}
}
END
