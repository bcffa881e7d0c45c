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


# For the tests of an engine that somebody has taken over.  A test reads lib.sh
# and lib_reload.sh, then this.

[ "$SYSTEM" = Linux ] || skip "needs LD_PRELOAD and /proc as on Linux"
need_daemon
[ -f "${REGRESS%/*}/compat/pledge.c" ] || skip "no sources"
pair_create IN OUT

# For what only the engine itself can do.
lib=$DIR/sandbox.so
order=$DIR/order
tool=$DIR/sandbox
cc="${CC:-cc} -O2 -D_GNU_SOURCE"
$cc -DINSIDE -fPIC -shared -o "$lib" "$REGRESS/fault/sandbox.c" &&
    $cc -o "$tool" "$REGRESS/fault/sandbox.c" \
    "${REGRESS%/*}/compat/pledge.c" -lseccomp ||
    fail "sandbox.c does not compile"

# One command at a time: another one says so.
cat >"$DIR/alone" <<'END'
mkdir "$1/lock.$BPFSTATSD_RULE" || echo two >>"$1/two"
echo "$BPFSTATSD_RULE $BPFSTATSD_EVENT" >>"$1/runs"
sleep 0.1
rmdir "$1/lock.$BPFSTATSD_RULE"
END

# runs rule: how often its commands have run.
runs() {
	[ -f "$DIR/runs" ] || : >"$DIR/runs"
	grep -c "^$1 " "$DIR/runs"
}

# obey order: have the engine do it, now.
obey() {
	"$tool" "$order" "$1"
	send_frames "$OUT" 1
	wait_until '[ "$("$tool" "$order")" != "not yet" ]' 5 ||
	    fail "the engine does not $1"
}

start_inside() {
	"$tool" "$order" none
	launch env LD_PRELOAD="$lib" SANDBOX="$order" \
	    ASAN_OPTIONS=verify_asan_link_order=0 \
	    "$BPFSTATSD" -d -s "$SOCKET" -f "$CONF"
	alive
}

# status: the parent answers.
status() {
	_before=$(logged '^bpfstatsd: rule "plain": .*, total ')
	kill -USR1 "$DAEMON"
	wait_logged '^bpfstatsd: rule "plain": .*, total ' $((_before + 1)) 5
}

rules() {
	cat <<END
user root
rule plain {
	interface $IN
	wait 1h
	count 1000000
	command "/bin/sh" "$DIR/alone" "$DIR"
}
rule onoff {
	interface $IN
	idle 1h "/bin/sh" "$DIR/alone" "$DIR"
	command "/bin/sh" "$DIR/alone" "$DIR"
}
rule "below" {
	interface $IN
	below 1 within 2
	wait 1h
	command "/bin/sh" "$DIR/alone" "$DIR"
}
rule second {
	interface $IN
	count 1 within 60
	command "/bin/sh" "$DIR/alone" "$DIR"
}
rule "exact" {
	interface $IN
	count 1 exact
	command "/bin/sh" "$DIR/alone" "$DIR"
}
rule now {
	interface $IN
	immediate
	count 10 within 700
	command "/bin/sh" "$DIR/alone" "$DIR"
}
END
}
