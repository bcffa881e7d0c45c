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

# Let one call after the other fail at the start, in the foreground and into
# the background.
#
# slow: very many starts
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.sh"

# ENOMEM 12, EAGAIN 11, EMFILE 24, EPERM 1, EACCES 13, EBUSY 16, EIO 5,
# EINTR 4, ENOENT 2, ENOLCK 37, EADDRINUSE 98.
for f in "malloc 12" "calloc 12" "realloc 12" "fork 11" "socketpair 24" \
    "pipe2 24" "mmap 12" "open 24" "socket 24" "bind 12" "setsockopt 12" \
    "setresuid 11" "setresgid 1" "setgroups 1" "chroot 13" "chdir 13" \
    "dup2 16" "write 5" "epoll_create1 24" "epoll_ctl 12" "prctl 1" \
    "syscall 1" "setrlimit 1" "getpwnam 5" "fstat 5" "stat 5" \
    "seccomp_load 12" "mprotect 12" "lstat 5" "flock 37" "listen 98"; do
	case $f in
	setsockopt*)	[ "${BPFSTATSD_COUNTER:-}" = socket ] || continue ;;
	esac
	each start $f
done
for f in "fork 11" "pipe2 24" "setsid 1" "open 24" "dup2 16" "chdir 13" \
    "write 5"; do
	each background $f
done

# A configuration that takes many pieces of memory, and says so whichever it
# does not get.
awk 'BEGIN {
	print "user root"
	for (i = 0; i < 2000; i++) {
		printf "rule r%d {\n\tinterface x%d\n", i, i
		print "\tcount 5 within 10\n\tcommand \"/usr/bin/true\"\n}"
	}
}' | conf
n=1
while :; do
	"$ctl" "$file" mmap $n 12
	if in_net env LD_PRELOAD="$lib" FAULT="$file" "$BPFSTATSD" -n \
	    -f "$CONF" >"$LOG" 2>&1; then
		break
	fi
	was_hit || fail "many rules: refused without reason"
	grep -q 'Cannot allocate memory' "$LOG" ||
	    fail "many rules: mmap $n: it ended in silence"
	n=$((n + 1))
done
! was_hit || fail "many rules: mmap $n: not noticed"
within 10 $n 100 "calls of mmap that failed and one more"
