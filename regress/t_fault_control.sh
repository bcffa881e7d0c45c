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

# Let one call after the other fail while the daemon is asked by its control
# socket.  It answers completely, or bpfstatsctl says that it has not; whoever
# asks again is answered, and what was asked for was done or was not.
#
# slow: very many requests
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.sh"

# below argument ...: bpfstatsctl below the library, too.
below() {
	(export LD_PRELOAD="$lib" FAULT="$file"
	ctl "$@")
}

# asks request ...: once, with the call that is to fail, in the daemon or in
# bpfstatsctl; then no call fails any more.  Sets answered and hit; if it was
# not answered it was told why.
asks() {
	start_if_down
	logged_before=$(lines "$LOG")
	"$ctl" "$file" "$_function" "$_number" "$_errno"
	if below "$@" >"$DIR/answer" 2>"$DIR/err"; then
		answered=yes
	else
		answered=
		[ -s "$DIR/err" ] || fail "$what: it fails in silence"
	fi
	# what is done after the answer
	sleep 0.05
	hit=
	! was_hit || hit=yes
	if dead; then
		[ -n "$hit" ] || fail "$what: it ended without reason"
		check_end
		return 1
	fi
	"$ctl" "$file" none 0 0
	[ -n "$answered" ] || [ -n "$hit" ] ||
	    fail "$what: $(cat "$DIR/err")"
}

# again request ...: now it is answered, as soon as a command that is running
# has ended.  1: the daemon has ended instead, which takes its time on a busy
# machine.
again() {
	_again=250
	until ctl "$@" >"$DIR/answer" 2>"$DIR/err"; do
		if grep -q "is running" "$DIR/err"; then
			[ $((_again -= 1)) -gt 0 ] ||
			    fail "$what: it runs for ever"
			sleep 0.02
			continue
		fi
		[ -n "$hit" ] && soon dead 5 ||
		    fail "$what: asked again: $(cat "$DIR/err")"
		check_end
		return 1
	done
}

# ends: the try is over.
ends() {
	if ! runs_right; then
		[ -n "$hit" ] || fail "$what: it ended without reason"
		check_end
		return 0
	fi
	[ -z "$hit" ] || return 0
	end_daemon
	return 1
}

# The table and the objects have all that they must have.
is_shown() {
	same "r $sent" "$(awk 'NR == 2 { print $1, $6 }' "$DIR/answer")" \
	    "$what: the table"
	same 2 "$(lines "$DIR/answer")" "$what: its lines"
}

is_json() {
	same 3 "$(lines "$DIR/answer")" "$what: its lines"
	grep -q "\"total\": $sent,.*}\$" "$DIR/answer" ||
	    fail "$what: $(cat "$DIR/answer")"
}

are_metrics() {
	grep -q "^bpfstatsd_packets_total{rule=\"r\"} $sent\$" \
	    "$DIR/answer" || fail "$what: $(cat "$DIR/answer")"
	same 'bpfstatsd_tally{rule="r"} 0' "$(tail -n 1 "$DIR/answer")" \
	    "$what: the last of the metrics"
}

show() {
	_function=$1 _number=$2 _errno=$3
	asks show || return 0
	[ -z "$answered" ] || is_shown
	again show r || return 0
	is_shown
	ends
}

json() {
	_function=$1 _number=$2 _errno=$3
	asks -j show || return 0
	[ -z "$answered" ] || is_json
	again -j show || return 0
	is_json
	ends
}

metrics() {
	_function=$1 _number=$2 _errno=$3
	asks metrics || return 0
	[ -z "$answered" ] || are_metrics
	again metrics || return 0
	are_metrics
	ends
}

# Whoever was not answered does not know whether it is being reloaded.
reload_asked() {
	_function=$1 _number=$2 _errno=$3
	start_if_down
	rules "$((tag + 1))"
	asks reload || return 0
	[ -n "$answered" ] || again reload || return 0
	same "configuration reloaded: 1 rules" "$(cat "$DIR/answer")" \
	    "$what: the answer"
	active=$tag
	ends
}

run_asked() {
	_function=$1 _number=$2 _errno=$3
	start_if_down
	_before=$(lines "$DIR/runs")
	asks run r || return 0
	if [ -n "$answered" ]; then
		same $((_before + 1)) "$(lines "$DIR/runs")" "$what: runs"
	else
		again run r || return 0
	fi
	grep -q 'manual.*exit 0 ' "$DIR/answer" ||
	    fail "$what: $(cat "$DIR/answer")"
	same "$active $sent $nobody" "$(tail -n 1 "$DIR/runs")" \
	    "$what: configuration, packets and ids"
	seen=$(lines "$DIR/runs")
	ends
}

reset() {
	_function=$1 _number=$2 _errno=$3
	asks reset r || return 0
	if [ -n "$answered" ]; then
		same "" "$(cat "$DIR/answer")" "$what: the answer"
	else
		again reset r || return 0
	fi
	sent=0
	again show || return 0
	is_shown
	ends
}

# EINTR 4, EIO 5, EAGAIN 11, ENOMEM 12, EMFILE 24, ENOSPC 28, EPIPE 32,
# ECONNABORTED 103, ECONNREFUSED 111.
# The same call with another error is for FAULT_ALL.
others() {
	[ -n "${FAULT_ALL:-}" ] || return 0
	for stage in show run_asked reload_asked reset; do
		each $stage accept4 12
		each $stage accept4 103
		each $stage read 4
		each $stage writev 4
	done
}

for f in "accept4 24" "accept4 4" "calloc 12" "malloc 12" "epoll_ctl 12" \
    "read 5" "writev 32" "writev 11"; do
	for stage in show run_asked reload_asked reset; do
		each $stage $f
	done
done
others
for f in "socket 24" "connect 111" "calloc 12" "malloc 12" "realloc 12" \
    "write 32" "read 5" "fflush 28"; do
	each json $f
	each metrics $f
done
for f in "fork 11" "pipe2 24" "fcntl 1" "fchown 1" "setresuid 11" \
    "execve 2"; do
	each run_asked $f
done
for f in "fork 11" "realloc 12" "socketpair 24" "open 24" "fstat 5" \
    "mmap 12" "getpwnam 5" "shutdown 107"; do
	each reload_asked $f
done
