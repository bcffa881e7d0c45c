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

# What a command of the daemon gets: a fresh environment, its own session,
# /dev/null to read, three descriptors, default signals, umask 022, directory
# /, its user's ids and groups, the descriptor limit that bpfstatsd had; all
# of it whatever bpfstatsd was started with.

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
mkdir "$DIR/nobody"
chown nobody "$DIR/nobody"
chmod 755 "$DIR/nobody"
cp "$TOOLS/show" "$DIR/show"
conf <<END
rule root.count {
	user root
	interface $IN
	count 5 exact
	command "$TOOLS/show" "$DIR/root"
}
rule nobody.idle {
	user nobody
	interface $IN
	count 3
	command "$DIR/show" "$DIR/nobody/count"
	idle 1 "$DIR/show" "$DIR/nobody/idle" "argument"
}
END

# Hostile: variables, signals, limits, descriptors, umask, directory.
: >"$LOG"
{
	umask 077
	cd "$DIR/nobody" || exit 1
	ulimit -S -n 123
	trap '' PIPE USR2 ALRM
	exec 3</dev/null 7</dev/null 9</dev/null
	FOO=bar IFS=x ENV=/tmp/x LD_LIBRARY_PATH=/tmp EVENT_SHOW_METHOD=1 \
	    BPFSTATSD_RUNS=99 HOME=/tmp exec $IN_NET \
	    "$BPFSTATSD" -dv -s "$SOCKET" -f "$CONF"
} >"$LOG" 2>&1 <"$CONF" &
DAEMON=$!
wait_until 'engine_pid >/dev/null' 5
alive
send_frames "$OUT" 12
for file in root nobody/count nobody/idle; do
	wait_until 'grep -q "^end" "$DIR/$file" 2>/dev/null' 5 ||
	    fail "no $file"
done
stop_daemon
same 0 "$(logged "fch(own|mod)")" "complaints of a pipe without an owner"

# expect user: the lines that are always there.
home() {
	awk -F: -v user="$1" '$1 == user { print $6 }' /etc/passwd
}
groups() {
	id -G "$1" | tr ' ' '\n' | sort -nu | tr '\n' ' '
}
expect() {
	u=$(id -u "$1")
	g=$(id -g "$1")
	cat <<END
env HOME=$(home "$1")
env LOGNAME=$1
env USER=$1
env SHELL=/bin/sh
env BPFSTATSD_INTERFACE=$IN
directory /
umask 022
session own
group own
nofile 123
uid $u $u $u
gid $g $g $g
blocked
ignored
descriptors 0 1 2
stdin /dev/null
end
END
}
# compare file: the expected lines are on stdin; PATH and groups apart.
compare() {
	sort >"$DIR/expected"
	grep -v -e '^env PATH=' -e '^groups' "$DIR/$1" |
	    sort >"$DIR/seen"
	diff "$DIR/expected" "$DIR/seen" || fail "$1 is not as expected"
	grep -q '^env PATH=.*/usr/bin.*/sbin' "$DIR/$1" || fail "$1: PATH"
}
{
	expect root
	cat <<END
env BPFSTATSD_RULE=root.count
env BPFSTATSD_EVENT=count
env BPFSTATSD_PACKETS=5
env BPFSTATSD_TOTAL=12
env BPFSTATSD_RUNS=1
env BPFSTATSD_OWED=1
END
} >"$DIR/first"
sed '/^end/q' "$DIR/root" >"$DIR/root.first"
compare root.first <"$DIR/first"
{
	expect nobody
	cat <<END
env BPFSTATSD_RULE=nobody.idle
env BPFSTATSD_EVENT=count
env BPFSTATSD_PACKETS=12
env BPFSTATSD_TOTAL=12
env BPFSTATSD_RUNS=1
env BPFSTATSD_OWED=0
END
} | compare nobody/count
{
	expect nobody
	cat <<END
arg2 argument
env BPFSTATSD_RULE=nobody.idle
env BPFSTATSD_EVENT=idle
env BPFSTATSD_PACKETS=0
env BPFSTATSD_TOTAL=12
env BPFSTATSD_RUNS=2
env BPFSTATSD_OWED=0
END
} | compare nobody/idle
# A group may be there twice, as with login(1): getgrouplist(3) of FreeBSD.
for user in root nobody; do
	case $user in
	root)	file=root.first ;;
	*)	file=nobody/count ;;
	esac
	seen=$(sed -n 's/^groups *//p' "$DIR/$file" | tr ' ' '\n' |
	    sort -nu | tr '\n' ' ')
	same "$(groups $user)" "$seen" "groups of $user"
done
