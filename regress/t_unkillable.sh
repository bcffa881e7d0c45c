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

# slow: such a process is reported ten seconds after KILL
#
# A command that not even KILL ends, because it waits for a disk that does not
# answer: it is logged ten seconds after it was killed, holds up its own rule
# and nothing else, and at the end is left with another line.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
[ "$SYSTEM" = Linux ] || skip "needs fsfreeze(8)"
for program in mkfs.ext4 fsfreeze losetup; do
	command -v $program >/dev/null || skip "no $program(8)"
done
need_daemon
pair_create IN OUT
pair_create IN2 OUT2

# The file system, whatever becomes of the test.
disk=$DIR/disk
mkdir "$disk"
thaw() {
	[ -z "${frozen:-}" ] || fsfreeze -u "$disk"
	[ -z "${mounted:-}" ] || umount "$disk"
	frozen=
	mounted=
}
trap 'thaw; clean_up' EXIT
dd if=/dev/zero of="$DIR/image" bs=1024 count=16384 2>/dev/null &&
    mkfs.ext4 -q "$DIR/image" || skip "no file system"
mount -o loop "$DIR/image" "$disk" 2>"$DIR/err" ||
    skip "mount: $(cat "$DIR/err")"
mounted=yes
chmod 777 "$disk"
fsfreeze -f "$disk" 2>"$DIR/err" || skip "fsfreeze: $(cat "$DIR/err")"
frozen=yes

conf <<END
user root
rule stuck {
	interface $IN
	timeout 1
	command "/usr/bin/touch" "$disk/file"
}
rule other {
	interface $IN2
	count 1 exact
	command "$TOOLS/record" "$DIR/runs"
}
END
start_daemon
began=$(now_ms)
send_frames "$OUT" 1
wait_until '[ -n "$(children)" ]' 5 || fail "no command was started"
stuck=$(children)
wait_logged "\"stuck\": process $stuck does not end, although it was killed" \
    1 20
within 13000 $(($(now_ms) - began)) 200000 "ms until it is reported"

# All else goes on, and its rule does not start another.
send_frames "$OUT2" 1
wait_lines "$DIR/runs" 1 3
send_frames "$OUT" 5
reload
next_tick
same "$stuck" "$(children)" "processes of commands"
ask stuck
same "6 5 1" "$TOTAL $TALLY $RUNS" "total, tally and runs"
case $LAST in
"running pid $stuck "*)	;;
*)	fail "the status says: $LAST" ;;
esac

# It does not wait for it.
kill -TERM "$DAEMON"
await_end 8
same 0 "$ENDED" "exit status"
same 1 "$(logged "process $stuck does not end, .*: leaving it")" \
    "lines about it at the end"

# One that ends after all is reaped, and its rule is free.
: >"$LOG"
start_daemon
send_frames "$OUT" 1
wait_until '[ -n "$(children)" ]' 5 || fail "no command was started"
second=$(children)
wait_logged "\"stuck\": process $second does not end" 1 20
thaw
wait_logged '"stuck": run 1: .* timed out' 1 5
wait_until '[ -z "$(children)" ]' 3 || fail "children: $(children)"
stop_daemon
