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

#
# both counters

# A limit of open descriptors that is too low for all counters: the daemon
# says so once, counts where it can, runs commands, and needs no restart when
# the configuration is cut down.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_reload.sh"
need_daemon
n=25
ends=
i=0
while [ $i -lt $n ]; do
	pair_create IN OUT
	ends="$ends $IN"
	eval "out_$IN=\$OUT"
	# rules for both ends: more counters than descriptors
	ends="$ends $OUT"
	eval "out_$OUT=\$IN"
	i=$((i + 1))
done
limit=52

# rules interface ...: with the statement and command in variables.
rules() {
	echo "user root"
	for _if; do
		cat <<END
rule on.$_if {
	interface $_if
	$statement
	command $command
}
END
	done
}
statement="count 1 exact"
command="\"$TOOLS/record\" \"$DIR/runs\""
rules $ends >"$DIR/all"
# the last of all, which have the least chance to be counted
rules $(echo $ends | awk '{ print $(NF - 2), $(NF - 1), $NF }') >"$DIR/few"

# limited: start_daemon with the limit.
limited() {
	launch sh -c 'ulimit -n '$limit' && exec "$@"' sh \
	    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
	alive
}

# statuses: a line for each rule, its interface and "attached" or "waiting".
statuses() {
	_lines=$(logged ', total [0-9]*, tally ')
	kill -USR1 "$DAEMON"
	wait_logged ', total [0-9]*, tally ' $((_lines + $1)) 5
	grep ', total [0-9]*, tally ' "$LOG" | tail -n "$1" |
	    sed 's/^.*": \([^ ]*\) \([a-z]*\), .*/\1 \2/' >"$DIR/statuses"
}

# all_attached number what: so many rules, and each of them counts.
all_attached() {
	_tries=0
	while statuses "$1" &&
	    [ "$(grep -c ' attached' "$DIR/statuses")" -lt "$1" ]; do
		[ $((_tries += 1)) -le 50 ] || fail "not all count $2"
		sleep 0.2
	done
}

# partly: some rules count and their commands run, the others wait; one line
# says why.
partly() {
	statuses $((2 * n))
	attached=$(grep -c ' attached' "$DIR/statuses")
	note "attached: $attached of $((2 * n))"
	within 1 "$attached" $((2 * n - 1)) "counters attached"
	rm -f "$DIR/runs"
	# the two that are the first and the last to count
	for _if in $(awk '$2 == "attached" { print $1 }' "$DIR/statuses" |
	    sed -n '1p;$p'); do
		eval "send_frames \"\$out_$_if\" 3"
	done
	wait_lines "$DIR/runs" 3 5
	# time to repeat itself
	next_tick
	next_tick
	same 1 "$(logged 'Too many open files')" "lines about it"
	same 1 "$(logged 'raise the limit of open (descriptors|files)')" \
	    "remedies"
	same 0 "$(logged 'trying again|cannot start|fork')" "refused starts"
	alive
}

conf_swap "$DIR/all"
limited
partly
conf_swap "$DIR/few"
reload
all_attached 3 "after a reload"
rm -f "$DIR/runs"
for if in $(awk '{ print $1 }' "$DIR/statuses"); do
	eval "send_frames \"\$out_$if\" 1"
done
wait_until '[ "$(sort -u -k 2,2 "$DIR/runs" | wc -l)" -eq 3 ]' 5 ||
    fail "not all three rules run: $(cat "$DIR/runs")"
stop_daemon

# The same by a reload.
conf_swap "$DIR/few"
limited
conf_swap "$DIR/all"
reload
partly
conf_swap "$DIR/few"
reload
all_attached 3 "after two reloads"
stop_daemon

# Counters that need several descriptors each leave enough for the commands of
# some rules.
statement=immediate
command='"/bin/sleep" "2"'
rules $ends >"$DIR/all"
conf_swap "$DIR/all"
limit=80
limited
statuses $((2 * n))
some=$(awk '$2 == "attached" { print $1 }' "$DIR/statuses" | head -n 7)
for if in $some; do
	eval "send_frames \"\$out_$if\" 1"
done
wait_logged 'exit 0 after' 7 10
same 0 "$(logged 'trying again|cannot start|fork')" "refused starts"
same 1 "$(logged 'Too many open files')" "lines about it"
stop_daemon
