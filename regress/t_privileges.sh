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

# What the engine may do, as /proc tells; who a command is; whose files are
# read; and what is said without the right to count.  The program with rights
# of its own is in t_hostile_user.sh.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
[ "$SYSTEM" = Linux ] || skip "reads Linux's /proc"
pair_create IN OUT
ip -n "$NET" link set lo up

# field pid name: a line of the process's status.
field() {
	sed -n "s/^$2:[ 	]*//p" "/proc/$1/status" | tr '\t' ' '
}
# powerless pid: not root, and no capability.
powerless() {
	case " $(field "$1" Uid) " in
	*" 0 "*)	fail "a process of root: $(field "$1" Uid)" ;;
	esac
	for _set in CapInh CapPrm CapEff CapAmb; do
		same 0000000000000000 "$(field "$1" $_set)" "$_set"
	done
}

touch "$DIR/status" "$DIR/fds"
chmod 666 "$DIR/status" "$DIR/fds"
cat >"$DIR/who" <<END
#!/bin/sh
cat /proc/self/status >$DIR/status
ls /proc/self/fd >$DIR/fds
END
chmod 755 "$DIR/who"
conf <<END
user nobody
rule who {
	interface $IN
	command "$DIR/who"
}
END
start_daemon
engine=$(engine_pid)
powerless "$engine"
same 2 "$(field "$engine" Seccomp)" "seccomp mode"
same 1 "$(field "$engine" NoNewPrivs)" "no_new_privs"
same "$(id -G _bpfstatsd)" "$(field "$engine" Groups | tr -d '\n' |
    sed 's/ $//')" "groups of the engine"
same 0 "$(ls -A "/proc/$engine/root/" | wc -l)" \
    "files in the engine's root directory"
# its socket, one counter, the event queue with its own pipe
others=$(ls -l "/proc/$engine/fd" | sed -n 's/.* -> //p' |
    grep -Ev '^(socket|pipe|anon_inode):')
same "" "$others" "open files of the engine"
sockets=$(in_net awk 'NR > 1' /proc/net/packet | wc -l)
same $((1 + sockets)) "$(ls -l "/proc/$engine/fd" | grep -c socket:)" \
    "sockets of the engine"

send_frames "$OUT" 1
wait_until '[ -s "$DIR/fds" ]' 4 || fail "no command"
nobody=$(id -u nobody)
same "0 1 2 3" "$(tr '\n' ' ' <"$DIR/fds" | sed 's/ $//')" \
    "descriptors of the command, 3 being that of ls itself"
same "$nobody $nobody $nobody $nobody" \
    "$(sed -n 's/^Uid:[ 	]*//p' "$DIR/status" | tr '\t' ' ')" "user ids"
group=$(id -g nobody)
same "$group $group $group $group" \
    "$(sed -n 's/^Gid:[ 	]*//p' "$DIR/status" | tr '\t' ' ')" "group ids"
same "$(id -G nobody)" "$(sed -n 's/^Groups:[ 	]*//p' "$DIR/status" |
    sed 's/ *$//')" "groups"
stop_daemon

# Files that somebody else can have written.
refused() {
	_text=$1
	"$BPFSTATSD" -n -f "$2" >/dev/null 2>"$DIR/err" && fail "$2: accepted"
	grep -q "$_text" "$DIR/err" || fail "$2: $(cat "$DIR/err")"
}
cp "$CONF" "$DIR/bad"
chmod 620 "$DIR/bad" && refused "group writable" "$DIR/bad"
chmod 602 "$DIR/bad" && refused "world writable" "$DIR/bad"
chmod 600 "$DIR/bad" && chown nobody "$DIR/bad" &&
    refused "owner is neither root" "$DIR/bad"
mkfifo "$DIR/fifo" && refused "not a regular file" "$DIR/fifo"
refused "not a regular file" "$DIR"
refused "not a regular file" /dev/zero

# Without rights: which one is missing, and the remedy.
as_nobody "$BPFSTATSD -i lo true" 2>"$DIR/err" && fail "nobody can count"
grep -q 'cap_net_raw' "$DIR/err" || fail "no remedy: $(cat "$DIR/err")"
