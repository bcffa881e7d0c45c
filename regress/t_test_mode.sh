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

# -t stays in the foreground, counts, logs each run that would start, and runs
# nothing; such a run takes no time and succeeds.
#
# both counters

. "$(dirname "$0")/lib.sh"
need_daemon
pair_create IN OUT
conf <<END
user root
rule "exact" {
	interface $IN
	count 10 exact
	command "$TOOLS/record" "$DIR/runs"
}
rule "idle" {
	interface $IN
	count 1
	idle 1 "$TOOLS/record" "$DIR/runs"
	command "$TOOLS/record" "$DIR/runs"
}
END
launch "$BPFSTATSD" -t -f "$CONF"
alive
send_frames "$OUT" 35
wait_until 'grep -q "\"idle\": run 2: idle" "$LOG"' 5 ||
    fail "no idle command would have been run"
same 3 "$(grep -c '"exact": run [123]: count, 10 packets.*not run' "$LOG")" \
    "runs of exact that would have been"
same 1 "$(grep -c '"idle": run 1: count, 35 packets.*not run' "$LOG")" \
    "runs of idle's command that would have been"
same 0 "$(lines "$DIR/runs")" "commands that were run"
stop_daemon

start_rule -t -c 5 -i "$IN" "$TOOLS/record" "$DIR/runs"
send_frames "$OUT" 5
wait_until 'grep -q "run 1: count, 5 packets.*not run" "$LOG"' 3 ||
    fail "one-rule form: nothing logged"
same 0 "$(lines "$DIR/runs")" "commands that were run by the one-rule form"
stop_daemon

# Runs that take no time can be due without end; TERM ends them.
[ "$SYSTEM" = Linux ] || exit 0
conf <<END
user root
rule endless {
	interface $IN
	count 1 exact
	command "/usr/bin/true"
}
END
start_daemon -t
"$TOOLS/tamper" "$(engine_pid)" slot.total 1000000000000 >"$DIR/was" ||
    case $? in
    77)	exit 0 ;;	# no backlog can be made up here
    *)	fail "no backlog" ;;
    esac
wait_until 'grep -q "\"endless\": run 10:" "$LOG"' 3 ||
    fail "no runs that would have been"
kill -TERM "$DAEMON"
await_end 3
same 0 "$ENDED" "status with runs due"
