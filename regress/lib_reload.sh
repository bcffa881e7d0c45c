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

# More of the library, for the tests of reloads, interfaces and engines that
# come and go, and of what happens at once.  A test reads it after lib.sh.

# Replace the configuration file by another in one step, so that no reload
# can see a half of it.
conf_swap() {
	cp "$1" "$CONF.new" && chmod 600 "$CONF.new" &&
	    mv "$CONF.new" "$CONF" || fail "cannot replace $CONF"
}

RELOADED="configuration reload(ed|.failed)"

# Have the file read again, and wait until it was used or refused.
reload() {
	_done=$(logged "$RELOADED")
	kill -HUP "$DAEMON"
	wait_logged "$RELOADED" $((_done + 1)) 10
}

# taken file rule: packets that the rule's recorded runs took.
taken() {
	awk -v rule="$2" '$2 == rule { n += $5 } END { printf "%d\n", n }' \
	    "$1"
}

# What the daemon holds: descriptors in FDS, kilobytes in RSS_P and RSS_E.
holdings() {
	_engine=$(engine_pid) || fail "the engine is dead"
	FDS="$(($(descriptors "$DAEMON"))) $(($(descriptors "$_engine")))"
	RSS_P=$(resident "$DAEMON")
	RSS_E=$(resident "$_engine")
}

# as_before kilobytes: the holdings are those of the last call of holdings,
# and memory has grown by no more than this.
as_before() {
	_fds=$FDS
	_rss_p=$RSS_P
	_rss_e=$RSS_E
	# a command may be running just now
	wait_until 'holdings; [ "$FDS" = "$_fds" ]' 10 || :
	note "descriptors of both processes: $_fds, then $FDS;" \
	    "kilobytes: $_rss_p $_rss_e, then $RSS_P $RSS_E"
	same "$_fds" "$FDS" "open descriptors of both processes"
	sanitized && return
	within 0 $((RSS_P > _rss_p ? RSS_P - _rss_p : 0)) "$1" \
	    "KB that the parent has grown"
	within 0 $((RSS_E > _rss_e ? RSS_E - _rss_e : 0)) "$1" \
	    "KB that the engine has grown"
}
