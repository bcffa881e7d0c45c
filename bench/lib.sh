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


# What the subjects of the benchmark share.  A subject adds rows to the table
# and measures pairs of figures, alternately; see table.awk.
#
#	BENCH, BPFSTATSD	the directory of the scripts; the program
#	DIR			a directory of its own
#	QUICK			empty unless -q
#	HERE, THERE		a pair of interfaces
#	MANY			the names of 200 more

ROWS=$DIR/rows
RAW=$DIR/raw
HERE=veth0
THERE=veth1
HERE_IP=192.0.2.2
THERE_IP=192.0.2.1
PIDS=
# what takes the right to count by a program from the daemon
WITHOUT_BPF="setpriv --bounding-set=-bpf,-sys_admin
    --inh-caps=-bpf,-sys_admin"
UNDER=
TAB=$(printf '\t')
read -r _load1 _load5 _load15 _rest </proc/loadavg
LOAD=$_load1
: >"$ROWS"
: >"$RAW"

note() {
	echo "$(date +%T) $*" >&2
}

fail() {
	echo "bench: $*" >&2
	exit 1
}

# heading text
heading() {
	printf -- '-\t%s\n' "$1" >>"$ROWS"
}

# row key text format [target]: a line of the table.  The format of A and B is
# of printf(3); a target is A or R (the ratio A/B), >= or <=, a number.
row() {
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4:-}" >>"$ROWS"
}

# words rules interfaces: a text for a row.
words() {
	echo "$1 rules, $2 interfaces" | sed 's/^1 rules/1 rule/
	    s/ 1 interfaces/ 1 interface/
	    s/^\([0-9]*\)000 /\1,000 /'
}

# pair key A B: two figures that were measured beside each other.
pair() {
	printf '%s\t%s\t%s\n' "$1" "$2" "${3:-}" >>"$RAW"
}

# calc expression: of awk.
calc() {
	awk "BEGIN { printf \"%.6g\n\", $1 }"
}

has() {
	command -v "$1" >/dev/null
}

build() {
	[ -x "$BPFSTATSD" ] || fail "no $BPFSTATSD: make"
	for _name in bare pps tap spawn cpu life; do
		${CC:-cc} ${CFLAGS:--O2} -D_GNU_SOURCE -o "$DIR/$_name" \
		    "$BENCH/$_name.c" -lpthread || exit 1
	done
	for _name in send stamp measure record tcx; do
		${CC:-cc} ${CFLAGS:--O2} -o "$DIR/$_name" \
		    "$BENCH/../regress/tools/$_name.c" || exit 1
	done
	${CC:-cc} ${CFLAGS:--O2} -o "$DIR/pcaploop" "$BENCH/pcaploop.c" \
	    -lpcap 2>"$DIR/err" || note "no libpcap: sh setup -n bench"
	chmod 1777 "$DIR"
}

# Frames to $THERE go out of $HERE, and there is nothing else on the wire.
network() {
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	{
		echo "link set lo up"
		echo "link add $HERE type veth peer name $THERE"
		echo "addr add $HERE_IP/32 dev $HERE"
		echo "addr add $THERE_IP/32 dev $THERE"
		echo "link set $HERE up"
		echo "link set $THERE up"
		_i=0
		while [ $_i -lt 200 ]; do
			echo "link add many$_i type veth peer name" \
			    "many$((_i + 1))"
			echo "link set many$_i up"
			echo "link set many$((_i + 1)) up"
			_i=$((_i + 2))
		done
	} >"$DIR/links"
	ip -batch "$DIR/links" || fail "no interfaces"
	MANY=$(awk 'BEGIN { for (i = 0; i < 200; i++) print "many" i }')
	TCX=$("$DIR/tcx" show lo 2>/dev/null) || note "this kernel has no tcx"
}

# rules number interface ...: a configuration of so many rules on them, that
# are never due, in the file of which the name is printed.
rules() {
	_n=$1
	shift
	_conf=$DIR/conf.$_n.$#.$1
	echo "$*" | awk -v n="$_n" '{
		print "user nobody"
		for (i = 0; i < n; i++) {
			printf "rule rule%d {\n", i
			printf "\tinterface %s\n", $(i % NF + 1)
			printf "\tcount 1000000000000 exact\n"
			printf "%s\n", extra
			printf "\tcommand \"/usr/local/bin/command\""
			printf " \"argument\" \"%d\"\n}\n", i
		}
	}' extra="${EXTRA:-}" >"$_conf"
	chmod 600 "$_conf"
	echo "$_conf"
}

# daemon conf: start one in the background; its process id is added to PIDS.
daemon() {
	SOCKETS=$((${SOCKETS:-0} + 1))
	$UNDER "$BPFSTATSD" -d -s "$DIR/$SOCKETS.sock" -f "$1" 2>"$DIR/log" \
	    </dev/null &
	PIDS="$PIDS $!"
}

# Wait until all of them count.
daemons_ready() {
	for _pid in $PIDS; do
		until pgrep -P "$_pid" >/dev/null; do
			kill -0 "$_pid" || fail "$(cat "$DIR/log")"
			sleep 0.01
		done
	done
	sleep 0.1
}

# other command [argument ...]: start a program that says "ready".
other() {
	: >"$DIR/ready"
	"$@" >"$DIR/ready" 2>&1 </dev/null &
	PIDS="$PIDS $!"
	until grep -q "${READY:-ready}" "$DIR/ready"; do
		kill -0 $! || fail "$* does not start: $(cat "$DIR/ready")"
		sleep 0.01
	done
}

# End all that runs, and wait until the kernel has let go of what counted.
end_all() {
	[ -z "$PIDS" ] || kill -TERM $PIDS
	for _pid in $PIDS; do
		wait "$_pid"
	done 2>/dev/null
	PIDS=
	_tries=200
	until [ -z "$(counters)" ] || [ $((_tries -= 1)) -eq 0 ]; do
		sleep 0.02
	done
}

# Something, if anything counts on the pair.
counters() {
	tail -n +2 /proc/net/packet
	[ -z "$TCX" ] || for _if in "$HERE" "$THERE"; do
		"$DIR/tcx" show "$_if"
	done | grep -v '^0 0$'
}

# Processes in PIDS and their children.
family() {
	for _pid in $PIDS; do
		echo "$_pid"
		pgrep -P "$_pid"
	done
}

# used processes: nanoseconds of processor time, and how often they slept.
used() {
	for _pid; do
		awk '{ print $1, 0 }' "/proc/$_pid/schedstat"
		awk '$1 == "voluntary_ctxt_switches:" { print 0, $2 }' \
		    "/proc/$_pid/status"
	done 2>/dev/null |
	    awk '{ ns += $1; n += $2 } END { printf "%.0f %d\n", ns, n }'
}

# The figures in README.md, between two marks.
page() {
	echo "Measured on $WHERE." >"$DIR/words"
	awk -v words=1 -f "$BENCH/table.awk" "$ROWS" "$RAW" >>"$DIR/words"
	fmt -s -w 78 "$DIR/words" >"$DIR/figures"
	awk -v figures="$DIR/figures" '
		/^<!-- end of figures -->/ { skip = 0 }
		!skip { print }
		/^<!-- figures -->/ {
			skip = 1
			while ((getline line <figures) > 0)
				print line
		}' "$BENCH/README.md" >"$DIR/README.md" &&
	    cp "$DIR/README.md" "$BENCH/README.md"
}

# The cost of a packet, as a picture.
plot() {
	has gnuplot || return 0
	awk -v plot=1 -f "$BENCH/table.awk" "$ROWS" "$RAW" >"$DIR/bars"
	gnuplot <<END
set terminal svg size 900,460 dynamic font "sans-serif,13"
set output "$1"
set title "Nanoseconds that counting adds to a packet, all processes"
set style data histograms
set style histogram clustered gap 1 errorbars linewidth 1
set style fill solid 0.8 border -1
set bars 0.5
set logscale y
set yrange [1:*]
set grid ytics
set key top left
set xtics rotate by -30 nomirror
set bmargin 8
plot "$DIR/bars" using 2:3:4:xtic(1) title "received" linecolor "#4477aa", \
    "" using 5:6:7 title "sent" linecolor "#ccbb44"
END
}
