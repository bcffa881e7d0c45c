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


# The recipes around bpfstatsctl: a status line in a terminal, and metrics for
# the textfile collector of node_exporter, as its service and crontab(5) run it.

. "$(dirname "$0")/lib.sh"
need_daemon
examples=$REGRESS/../etc/examples
[ -f "$examples/status.sh" ] || skip "no examples"
pair_create IN OUT
conf <<END
user root
rule camera {
	interface $IN
	command "/usr/bin/true"
	idle 1h "/usr/bin/true"
}
rule other {
	interface $IN
	count 1000
	command "/usr/bin/true"
}
END
start_daemon

# The program by its name, for the daemon of this test.
mkdir "$DIR/bin" "$DIR/collector"
cat >"$DIR/bin/bpfstatsctl" <<END
#!/bin/sh
exec "${BPFSTATSD%/*}/bpfstatsctl" -s "$SOCKET" "\$@"
END
chmod 755 "$DIR/bin/bpfstatsctl"
PATH=$DIR/bin:$PATH
export PATH

# A line that changes in its place.
sh "$examples/status.sh" camera 1 >"$DIR/status" 2>"$DIR/err" &
SENDER=$!
# shown pattern: the last that was written
shown() {
	tr '\r' '\n' <"$DIR/status" | tail -n 1 | grep -q "$1"
}
wait_until 'shown "camera .* 0 *0 *off *- *now"' 10 ||
    fail "off: $(cat "$DIR/status" "$DIR/err")"
send_frames "$OUT" 3
wait_until 'shown "camera .* 3 *1 *0 *on *ok .* off "' 10 ||
    fail "on: $(cat "$DIR/status")"
same 0 "$(tr -cd '\n' <"$DIR/status" | wc -c | tr -d ' ')" "new lines"
kill "$SENDER"
wait "$SENDER" 2>/dev/null
SENDER=

# The metrics, and what is there while they cannot be had.
cd "$DIR/collector" || fail "cd"
service=$(sed -n 's/^ExecStart=\/bin\/sh -c "\(.*\)"$/\1/p' \
    "$examples/bpfstatsd-metrics.service")
[ -n "$service" ] || fail "the service runs nothing"
/bin/sh -c "$service" || fail "the service: $service"
same bpfstatsd.prom "$(ls)" "the collector's directory"
same 3 "$(sed -n 's/^bpfstatsd_packets_total{rule="camera"} //p' \
    bpfstatsd.prom)" "packets in the file"
cron=$(sed -n 's/^#.\* \* \* \* \* cd [^ ]* && //p' \
    "$examples/bpfstatsd-metrics.service")
[ -n "$cron" ] || fail "the line for cron"
/bin/sh -c "$cron" || fail "cron: $cron"
same "b.prom bpfstatsd.prom" "$(ls | tr '\n' ' ' | sed 's/ $//')" \
    "the collector's directory"
cmp -s b.prom bpfstatsd.prom || fail "they differ: $(cat b.prom)"
cd "$DIR" || fail "cd"
stop_daemon
before=$(cat collector/bpfstatsd.prom)
(cd collector && /bin/sh -c "$service") 2>/dev/null &&
    fail "metrics without a daemon"
same "$before" "$(cat collector/bpfstatsd.prom)" "the old metrics"
