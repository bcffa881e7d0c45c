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

# Let one call after the other fail when a command is run, and at the end.
#
# slow: very many starts
#
# both counters

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.sh"

# The library is in the engine and in what becomes a command, too.
start_if_down
engine=${_child%% *}
if [ "${BPFSTATSD_COUNTER:-}" = socket ]; then
	"$ctl" "$file" getsockopt 1 5
	send_frames "$OUT" 1
	sent=$((sent + 1))
	soon was_hit 5 || fail "no call was made to fail"
	same "$engine" "$victim" "the process that was hit"
fi
same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$engine/status")" \
    "the engine's seccomp mode"
"$ctl" "$file" setresuid 1 11
runs_right && was_hit || fail "no call of a child was made to fail"
[ "$victim" != "$DAEMON" ] && [ "$victim" != "$engine" ] ||
    fail "setresuid was not called in a child"
grep -q 'cannot become the user, trying again: Resource temporarily' "$LOG" ||
    fail "the log does not say why the command was not run"
end_daemon

# ENOMEM 12, EAGAIN 11, EMFILE 24, EPERM 1, EACCES 13, EBUSY 16, EIO 5,
# EINTR 4, ENOENT 2.
for f in "malloc 12" "calloc 12" "fork 11" "pipe2 24" "dup2 16" \
    "setsid 1" "chdir 13" "fcntl 1" "setrlimit 1" "setgroups 1" \
    "setresgid 1" "setresuid 11" "prctl 1" "syscall 1" "execve 2" \
    "write 5" "read 4" "epoll_ctl 12" "fchown 1"; do
	each run $f
done
for f in "calloc 12" "read 5" "epoll_ctl 12" "shutdown 107" "unlink 13"; do
	each end $f
done
