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

# Completion for bash: commands, and names of rules as bpfstatsctl(8) shows
# them in JSON.

. "$(dirname "$0")/lib.sh"
command -v bash >/dev/null || skip "no bash"
mkdir "$DIR/bin"
cat >"$DIR/bin/bpfstatsctl" <<'CTL'
#!/bin/sh
case $* in
"-j show")
	echo '[{"rule":"camera","interface":"lo"}, { "rule": "a:b", "on": 1 }]' ;;
"-s /other -j show")
	echo '[{"rule": "other"}]' ;;
esac
CTL
chmod 755 "$DIR/bin/bpfstatsctl"
# complete line: what it can become
complete() {
	PATH=$DIR/bin:$PATH bash -c '
		. "$1"
		COMP_LINE=$2
		COMP_POINT=${#2}
		_bpfstatsctl
		echo "${COMPREPLY[*]}"' bash \
	    "${REGRESS%/*}/packaging/completion/bpfstatsctl" "$1"
}
same "metrics reload reset run show" "$(complete "bpfstatsctl ")" "commands"
same "-j -s" "$(complete "bpfstatsctl -")" "options"
same "camera a:b" "$(complete "bpfstatsctl show ")" "rules"
same "b" "$(complete "bpfstatsctl run a:")" "a rule with a colon"
same "other" "$(complete "bpfstatsctl -s /other reset ")" "another socket"
same "idle" "$(complete "bpfstatsctl run camera ")" "run"
same "" "$(complete "bpfstatsctl reload ")" "nothing more"
