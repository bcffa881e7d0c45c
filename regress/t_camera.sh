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

# The camera of the README against a real MQTT broker: the first packet
# switches on, packets keep it on, silence switches off, the next packet on
# again.

. "$(dirname "$0")/lib.sh"
need_daemon
for program in mosquitto mosquitto_sub curl; do
	command -v $program >/dev/null || skip "no $program"
done
curl --version | grep -q mqtt || skip "curl without MQTT"
[ "$SYSTEM" != Linux ] || ip -n "$NET" link set lo up
pair_create IN OUT

cat >"$DIR/mosquitto.conf" <<END
listener 18830 127.0.0.1
allow_anonymous true
END
(exec $IN_NET mosquitto -c "$DIR/mosquitto.conf") >"$DIR/broker" 2>&1 &
broker=$!
wait_until 'in_net mosquitto_pub -p 18830 -t ready -m x 2>/dev/null' 5 ||
    fail "no broker: $(cat "$DIR/broker")"
(exec $IN_NET mosquitto_sub -p 18830 -t plug1/set -F '%U %p') \
    >"$DIR/messages" 2>/dev/null &
subscriber=$!
sleep 0.5

curl=$(command -v curl)
conf <<END
user nobody
curl = "$curl"
plug = "mqtt://127.0.0.1:18830/plug1/set"
rule camera {
	interface $IN
	command \$curl "-s" "-d" '{"state": "ON"}' \$plug
	idle 3 \$curl "-s" "-d" '{"state": "OFF"}' \$plug
}
END
start_daemon
send_frames "$OUT" 60 1 100		# six seconds
wait_lines "$DIR/messages" 2 8
sleep 2.2				# silence changes nothing
send_frames "$OUT" 1
wait_lines "$DIR/messages" 4 8
stop_daemon
kill $subscriber $broker
wait $subscriber $broker 2>/dev/null
same '{"state": "ON"}
{"state": "OFF"}
{"state": "ON"}
{"state": "OFF"}' "$(cut -d ' ' -f 2- "$DIR/messages")" "messages"
gap=$(awk 'NR == 1 { on = $1 } NR == 2 { printf "%d\n", ($1 - on) * 1000 }' \
    "$DIR/messages")
within 8000 "$gap" 12000 "ms from on to off"
