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

# Let one call after the other fail while the state is read, written, and
# written at the end.  The daemon says so and goes on, or ends with status 1;
# the file is the old one or the new one, whole, and what could not be written
# is written with the next change.
#
# slow: very many starts, and a second between two writes
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.sh"

mkdir -m 700 "$DIR/state"
STATE=$DIR/state/state
settings="state \"$STATE\"
"
rules 1

# The packets of the rule in the file, which is whole.
kept() {
	[ ! -e "$STATE.new" ] || fail "$what: half a file is left"
	awk 'NR == 1 && $0 != "bpfstatsd state 1" { exit }
	    NR == 2 && NF == 13 && $1 == "r" { total = $6 }
	    END { if (NR == 2) print total }' "$STATE"
}

# said since: what the log says of the state since so many lines.
said() {
	tail -n +$(($1 + 1)) "$LOG" | grep -E 'state: |damaged: '
}

# The rule has seen what the file has, or the log says why not; later the file
# is the old one or the right one.
restore() {
	printf '%s\n' "bpfstatsd state 1" \
	    "r $IN both exact off 41 0 0 5 0 - - -" >"$STATE"
	chmod 600 "$STATE"
	"$ctl" "$file" "$@"
	launch -d
	soon 'has_engine || dead' 10 || fail "$what: it hangs"
	# this may be what is hit
	soon 'dead || ctl show r >"$DIR/answer" 2>/dev/null' 2 ||
	    fail "$what: it does not answer"
	if ! dead; then
		sent=$(awk 'NR == 2 { print $6 }' "$DIR/answer")
		[ "$sent" = 41 ] || said 0 >/dev/null ||
		    fail "$what: it has not restored 41 but $sent"
	fi
	if dead || ! runs_right; then
		was_hit || fail "$what: it ended without reason"
		check_end
		same 41 "$(kept)" "$what: what the file keeps"
		return 0
	fi
	was_hit && _hit=0 || _hit=1
	end_daemon
	case $(kept) in
	"$sent")	;;
	41)	said 0 >/dev/null || fail "$what: the state is not written" ;;
	*)	fail "$what: the file: $(cat "$STATE")" ;;
	esac
	return $_hit
}

# A running daemon that has kept nothing yet.
start_afresh() {
	[ -n "$DAEMON" ] && ! dead || rm -f "$STATE"
	start_if_down
}

written() {
	[ -f "$STATE" ] && [ "$(ls -i "$STATE")" != "$_inode" ]
}

# A reset is written within a second.
write_state() {
	start_afresh
	[ -f "$STATE" ] || {
		_inode=
		ctl reset r
		sent=0
		soon written 5 || fail "$what: nothing is written"
		# until its directory is safe, too
		sleep 0.1
	}
	_inode=$(ls -i "$STATE")
	logged_before=$(lines "$LOG")
	"$ctl" "$file" "$@"
	ctl reset r 2>/dev/null || ctl reset r
	sent=0
	soon 'dead || written || said "$logged_before" >/dev/null' 5 ||
	    fail "$what: neither written nor said why not"
	sleep 0.1
	was_hit && _hit=0 || _hit=1
	"$ctl" "$file" none 0 0
	if dead; then
		[ $_hit -eq 0 ] || fail "$what: it ended without reason"
		check_end
		case $(kept) in
		*[!0-9]*|'')	fail "$what: the file: $(kept)" ;;
		esac
		return 0
	fi
	same 0 "$(kept)" "$what: what the file keeps"
	if said "$logged_before" >/dev/null; then
		[ $_hit -eq 0 ] || fail "$what: $(said "$logged_before")"
		same 1 "$(said "$logged_before" | wc -l | tr -d ' ')" \
		    "$what: lines about it"
		# long before the minute after which it is tried anyway
		ctl reset r
		soon 'said "$logged_before" | grep -q "written again"' 2 ||
		    fail "$what: it is not written again"
		same 0 "$(kept)" "$what: what the file keeps then"
	fi
	runs_right || fail "$what: it ended without reason"
	[ $_hit -ne 0 ] || return 0
	end_daemon
	same "$sent" "$(kept)" "$what: what the file keeps at the end"
	return 1
}

# At the end it is written once, or that is said.
end_state() {
	rm -f "$STATE"
	start_if_down
	ctl reset r
	sent=0
	_inode=
	soon written 5 || fail "$what: nothing is written"
	runs_right || fail "$what: it ended"
	sleep 0.1
	logged_before=$(lines "$LOG")
	"$ctl" "$file" "$@"
	terminate
	was_hit && _hit=0 || _hit=1
	[ $_hit -eq 0 ] || same 0 $ENDED "$what: status after TERM"
	soon '[ -z "$(processes)" ]' 3 || fail "$what: left: $(processes)"
	case $(kept) in
	"$sent")	;;
	0)	[ $ENDED -ne 0 ] || said "$logged_before" >/dev/null ||
		    fail "$what: the state is not written" ;;
	*)	fail "$what: the file: $(cat "$STATE")" ;;
	esac
	return $_hit
}

# EPERM 1, EIO 5, EAGAIN 11, ENOMEM 12, EACCES 13, EMFILE 24, ENOSPC 28,
# ENOLCK 37.
for f in "stat 5" "open 24" "fstat 5" "read 5" "flock 37" "malloc 12" \
    "realloc 12" "calloc 12"; do
	each restore $f
done
for f in "fork 11" "unlink 13" "open 28" "fdopen 12" "fflush 28" "fsync 5" \
    "rename 13" "malloc 12" "epoll_ctl 12"; do
	each write_state $f
done
for f in "fork 11" "unlink 13" "open 28" "fdopen 12" "fflush 28" "fsync 5" \
    "rename 13" "malloc 12" "calloc 12"; do
	each end_state $f
done
