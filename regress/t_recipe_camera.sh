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

# etc/examples/camera.conf with a real MQTT broker: the first packet switches
# on, traffic keeps it on, silence switches off, the next packet on again.
#
# slow: silences of the recipe

. "$(dirname "$0")/lib.sh"
command -v mosquitto >/dev/null || skip "no mosquitto"
command -v mosquitto_sub >/dev/null || skip "no mosquitto_sub"
curl=$(command -v curl) || skip "no curl"
curl --version | grep -q '^Protocols:.* mqtt' || skip "curl without mqtt"
need_daemon
pair_create IN OUT
user=nobody

# The recipe with ten minutes made three seconds.
sed -e "s/\"_camera\"/\"$user\"/" -e "s/\"pflog1\"/\"$IN\"/" \
    -e "s,\"/usr/local/bin/curl\",\"$curl\"," -e 's/idle 10m/idle 3/' \
    "$REGRESS/../etc/examples/camera.conf" | conf

case $SYSTEM in
Linux)	in_net ip link set lo up ;;
esac
port=1883
echo "listener $port 127.0.0.1
allow_anonymous true" >"$DIR/mosquitto.conf"
$IN_NET mosquitto -c "$DIR/mosquitto.conf" >"$DIR/broker" 2>&1 &
broker=$!
subscriber=
# end what was started here, then what the library did
end_broker() {
	[ -z "$subscriber" ] || kill "$subscriber"
	kill "$broker"
	clean_up
}
trap end_broker EXIT
wait_until 'in_net mosquitto_pub -h 127.0.0.1 -t t -m x 2>/dev/null' 10 ||
    fail "no broker: $(cat "$DIR/broker")"
$IN_NET mosquitto_sub -h 127.0.0.1 -t "zigbee2mqtt/#" \
    >"$DIR/messages" 2>&1 &
subscriber=$!
# it has subscribed when it gets what is sent
wait_until 'in_net mosquitto_pub -h 127.0.0.1 -t zigbee2mqtt/test -m ready &&
    [ -s "$DIR/messages" ]' 10 || fail "no subscriber"
sleep 0.5
: >"$DIR/messages.expected"

start_daemon
got() {
	grep state "$DIR/messages" | tr -d '"{}: ' | sed 's/state//' |
	    tr '\n' ' '
}
send_frames "$OUT" 1
wait_until '[ "$(got)" = "ON " ]' 5 || fail "first packet: $(got)"
# Six seconds of traffic, twice the silence that switches off.
send_frames "$OUT" 30 1 200
same "ON " "$(got)" "messages while packets come"
wait_until '[ "$(got)" = "ON OFF " ]' 8 || fail "silence: $(got)"
# Nothing in silence, nor again.
sleep 4
same "ON OFF " "$(got)" "messages in silence"
send_frames "$OUT" 1
wait_until '[ "$(got)" = "ON OFF ON " ]' 5 || fail "next packet: $(got)"
wait_until '[ "$(got)" = "ON OFF ON OFF " ]' 8 || fail "the end: $(got)"
! grep -q 'exit [^0]' "$LOG" || fail "a command failed"
stop_daemon
