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

# Which files are trusted: regular ones owned by root or the invoker that
# nobody else can write.

. "$(dirname "$0")/lib.sh"
need_program
need_root

cp "$BPFSTATSD" "$DIR/bpfstatsd"
chmod 755 "$DIR/bpfstatsd"
cd "$DIR" || exit 1

good() {
	out=$("$DIR/bpfstatsd" -n -f "$1" 2>&1) || fail "$2: refused: $out"
	same "configuration OK" "$out" "$2"
}

# bad file what: refused with one line that names the file.
bad() {
	if out=$("$DIR/bpfstatsd" -n -f "$1" 2>&1); then
		fail "$2: accepted"
	fi
	case $out in
	*"
"*)	fail "$2: more than a line: $out" ;;
	*"$1: "?*) ;;
	*)	fail "$2: $out" ;;
	esac
}

case $SYSTEM in
Linux)	LOOPBACK=lo ;;
*)	LOOPBACK=lo0 ;;
esac
cat >good <<END
user nobody
rule a {
	interface $LOOPBACK
	command "/usr/bin/true"
}
END
for mode in 400 600 644 755; do
	chmod $mode good
	good good "mode $mode"
done
for mode in 620 602 666 777; do
	cp good file
	chmod $mode file
	bad file "mode $mode"
	case $mode in
	602)	same "file: world writable: chmod o-w" "$out" \
		    "mode $mode" ;;
	*)	same "file: group writable: chmod g-w" "$out" \
		    "mode $mode" ;;
	esac
done
rm file

ln -s good link
good link "a symbolic link to a good file"
cp good file
chmod 666 file
ln -s file link2
bad link2 "a symbolic link to a bad file"

cp good other
chown nobody other
bad other "a file of another user"

mkdir directory
bad directory "a directory"
bad /dev/null "a device"
bad missing "no file"
mkfifo -m 600 fifo
"$TOOLS/limit" 5 "$DIR/bpfstatsd" -n -f fifo >out 2>&1
same 1 $? "status with a fifo"

echo 'include "file"' >outer
out=$("$DIR/bpfstatsd" -n -f outer 2>&1) && fail "bad file included"
case $out in
outer:1:*file*) ;;
*)	fail "bad file included: $out" ;;
esac

# A pattern is no way around that, and it is one only as far as it is written:
# the directory of the file that includes may look like one.
mkdir '[ab]*.d' b.d
cp good '[ab]*.d/1.conf'
echo nonsense >b.d/2.conf
echo 'include "*.conf"' >'[ab]*.d/all'
good '[ab]*.d/all' "a pattern beside a strange directory"
cp good '[ab]*.d/3.conf'
chmod 666 '[ab]*.d/3.conf'
out=$("$DIR/bpfstatsd" -n -f '[ab]*.d/all' 2>&1) && fail "bad match included"
case $out in
*"
"*)	fail "bad match included: $out" ;;
*all:1:*3.conf*group\ writable*) ;;
*)	fail "bad match included: $out" ;;
esac
rm '[ab]*.d/3.conf'

# As another user: root's files and the own ones, if they can be read.
cp good own
chown nobody own
chmod 600 own
chmod 644 good
for file in good own; do
	out=$(as_nobody "'$DIR/bpfstatsd' -n -f '$DIR/$file' 2>&1") ||
	    fail "refused by nobody: $file: $out"
done

# Comments of 8 KB, up to 64 MB and beyond.
comments() {
	awk -v n="$1" 'BEGIN {
		for (s = "#"; length(s) < 8191; )
			s = s "x"
		while (i++ < n)
			print s
	}'
}
cp good large
comments 8191 >>large
good large "nearly 64 megabytes"
comments 1 >>large
bad large "more than 64 megabytes"
same "large: larger than 64 megabytes" "$out" "more than 64 megabytes"

# The kernel says that its files are empty.
if [ "$SYSTEM" = Linux ] && unshare -u true 2>/dev/null; then
	cat >includes <<-'END'
	include "/proc/sys/kernel/hostname"
	user nobody
	rule a {
		interface lo
		command $true
	}
	END
	unshare -u sh -c 'echo "true = \"/usr/bin/true\"" >"$0" &&
	    exec "$1/bpfstatsd" -n -f includes' /proc/sys/kernel/hostname \
	    "$DIR" >out 2>&1
	same "configuration OK" "$(cat out)" "a file of the kernel"
fi

chmod 600 good
as_nobody "'$DIR/bpfstatsd' -n -f '$DIR/good' 2>&1" >out &&
    fail "what cannot be read was accepted"
grep -q 'Permission denied' out || fail "no reason: $(cat out)"
mkdir -m 700 closed
echo 'include "closed/*"' >outer
as_nobody "cd '$DIR' && ./bpfstatsd -n -f outer 2>&1" >out &&
    fail "a directory that cannot be read was left out"
grep -q '^outer:1: .*Permission denied' out || fail "no reason: $(cat out)"
echo 'include "no-such/*"' >outer
as_nobody "cd '$DIR' && ./bpfstatsd -n -f outer 2>&1" >out ||
    fail "no directory: $(cat out)"
chown 12345 good
chmod 644 good
as_nobody "'$DIR/bpfstatsd' -n -f '$DIR/good'" >out 2>&1 &&
    fail "a third user's file was accepted"
exit 0
