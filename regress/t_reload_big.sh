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

# A reload of 10,000 rules with one changed gives a new engine, and no
# descriptor of an interface that stays is touched.  How long it takes is in
# "make bench".
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
pair_create IN OUT

big() {
	awk -v "a=$IN" -v "b=$OUT" -v "count=$1" 'BEGIN {
		print "user root"
		for (i = 0; i < 10000; i++)
			printf "rule \"r%d\" {\n\tinterface %s\n\tcount %d " \
			    "exact\n\tcommand \"/usr/bin/true\" \"%d\"\n}\n", i,
			    (i % 2) ? a : b, (i == 5000) ? count : 1000000, i
	}'
}
big 1000000 >"$DIR/conf.1"
big 2000000 >"$DIR/conf.2"
# Which descriptors of the parent count, and on which sockets or by which
# programs.
counters() {
	case $SYSTEM in
	Linux)
		programs
		for _fd in "/proc/$DAEMON/fd"/*; do
			_to=$(readlink "$_fd")
			_socket=${_to#socket:?}
			in_net awk -v fd="${_fd##*/}" -v i="${_socket%]}" \
			    '$NF == i { print fd, i }' /proc/net/packet
		done
		;;
	*)
		bpf_descriptors "$DAEMON"
		;;
	esac
}

conf_swap "$DIR/conf.1"
start_daemon
were=$(counters)
[ -n "$were" ] || fail "no descriptor counts"

for i in 2 1; do
	conf_swap "$DIR/conf.$i"
	old=$(engine_pid)
	reload
	[ "$(engine_pid)" != "$old" ] || fail "the engine is the old one"
done
same 2 "$(logged "reloaded: 10000")" "reloads"

# None of the counters was closed or opened again: closing one costs 10 ms.
same "$were" "$(counters)" "descriptors that count, and their sockets"
stop_daemon
