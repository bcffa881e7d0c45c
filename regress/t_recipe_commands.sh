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

# The other recipes of etc/examples, each with the packets that it is for: the
# alarm on a flood, waking on demand, a mail for so many packets, who it was,
# and one rule from the shell.  What they run is replaced by something that
# writes down how it was called, unless it is here.
#
# slow: silences and waits of the recipes

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
examples=$REGRESS/../etc/examples

# called: a program that notes its arguments and its standard input.
cat >"$DIR/called" <<'CALLED'
#!/bin/sh
line=${0##*/}
for a; do
	line="$line|$a"
done
[ -t 0 ] || line="$line<$(cat)"
printf '%s\n' "$line" >>"${0%/*}/calls"
CALLED
chmod 755 "$DIR/called"
calls=$DIR/calls

# recipe file [sed-expression ...]: its configuration, on $IN.
recipe() {
	_file=$1
	shift
	sed -e 's/user "_[a-z]*"/user "nobody"/' \
	    -e "s/\"pflog[0-9]\"/\"$IN\"/" -e "s/pppoe0/$IN/" \
	    -e "s/interface pflog[0-9]/interface $IN/" "$@" \
	    "$examples/$_file" | conf
	: >"$calls"
	chmod 666 "$calls"
	start_daemon
}

# A flood: 4,999 packets are none, 5,000 are, and there is no second alarm as
# long as it goes on.  A busy machine may take its time to send them.
for name in logger arp mail; do
	ln -s called "$DIR/$name"
done
recipe flood.conf -e "s,/usr/bin/logger,$DIR/logger," -e 's/10s/10m/' \
    -e 's/idle 1m/idle 1h/'
send_frames "$OUT" 4999
sleep 2.2
same 0 "$(lines "$calls")" "alarms after 4,999 packets"
send_frames "$OUT" 1
wait_lines "$calls" 1 3
same "logger|-p|daemon.alert|-t|flood|flood<" "$(cat "$calls")" "the alarm"
send_frames "$OUT" 15000 5000 1000
next_tick
same 1 "$(lines "$calls")" "alarms during the flood"
stop_daemon

# Then silence for three seconds in place of a minute.
recipe flood.conf -e "s,/usr/bin/logger,$DIR/logger," -e 's/10s/10m/' \
    -e 's/idle 1m/idle 3/'
send_frames "$OUT" 5000
wait_lines "$calls" 2 16
same "logger|-p|daemon.notice|-t|flood|calm<" "$(sed -n 2p "$calls")" \
    "the all-clear"
stop_daemon

# Waking: one packet, and two a long time apart, wake nobody; three do, at
# once, and only once in five minutes.
recipe wake.conf -e "s,/usr/sbin/arp,$DIR/arp,"
send_frames "$OUT" 2
sleep 12
send_frames "$OUT" 2
sleep 1
same 0 "$(lines "$calls")" "frames after stray packets"
send_frames "$OUT" 1
wait_lines "$calls" 1 1
same "arp|-W|00:00:5e:00:53:30|em1<" "$(cat "$calls")" "the frame"
send_frames "$OUT" 30 1 100
same 1 "$(lines "$calls")" "frames within five minutes"
stop_daemon

# A mail for every 10,000.
recipe metered.conf -e "s,| mail,| $DIR/mail,"
send_frames "$OUT" 29999
wait_lines "$calls" 2 5
sleep 1.2
same 2 "$(lines "$calls")" "mails for 29,999 packets"
send_frames "$OUT" 1
wait_lines "$calls" 3 3
same "mail|-s|10,000 packets on the metered link|root<0 more are due." \
    "$(sed -n 3p "$calls")" "the last mail"
stop_daemon

# Who it was.
unseen=
if [ "$SYSTEM" != Linux ]; then
	unseen="who.conf: needs tcpdump(8) as on Linux"
elif ! command -v tcpdump >/dev/null; then
	unseen="who.conf: no tcpdump(8)"
else
	recipe who.conf -e "s,/var/log/pflog,$DIR/pcap,"
	$IN_NET tcpdump -Z root -U -i "$IN" -w "$DIR/pcap" \
	    >"$DIR/out" 2>&1 &
	SENDER=$!
	wait_until 'grep -q "listening on" "$DIR/out"' 10 || fail "tcpdump"
	send_frames "$OUT" 3
	wait_until 'grep -qE "output: .*(ethertype|Broadcast)" \
	    "$LOG"' 8 || fail "no packet in the log"
	kill "$SENDER"
	SENDER=
	wait_until '[ "$(grep -c "output: [0-9][0-9]:" "$LOG")" -eq 3 ]' 2 ||
	    fail "not three packets in the log"
	stop_daemon
fi

# One rule from the shell.
mkdir "$DIR/bin"
ln -s "$BPFSTATSD" "$DIR/bin/bpfstatsd"
{ PATH=$DIR/bin:$PATH exec $IN_NET sh "$examples/one-rule.sh" "$IN" 5; } \
    >"$DIR/out" 2>&1 </dev/null &
DAEMON=$!
wait_until 'engine_pid >/dev/null' 10 || fail "one-rule.sh: $(cat "$DIR/out")"
send_frames "$OUT" 7
wait_lines "$DIR/out" 1 4
grep -q "$IN: 7 packets, 7 in all\$" "$DIR/out" ||
    fail "one-rule.sh: $(cat "$DIR/out")"
stop_daemon
[ -z "$unseen" ] || skip "$unseen"
