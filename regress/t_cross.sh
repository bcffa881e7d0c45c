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

# The builds for OpenBSD, FreeBSD and NetBSD compile without a warning and
# link.
#
# slow: it compiles for three systems

. "$(dirname "$0")/lib.sh"
command -v bison >/dev/null || skip "no bison"
[ -n "${ZIG:-}" ] || python3 -c 'import ensurepip' 2>/dev/null ||
    skip "python3 cannot make a virtual environment"
# "make cross" has all that it knows
status=0
sh "$REGRESS/cross/run" x86_64-openbsd x86_64-freebsd x86_64-netbsd ||
    status=$?
[ $status -ne 77 ] || skip "zig cannot be fetched from PyPI"
same 0 $status "its status"
