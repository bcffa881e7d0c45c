#!/bin/sh

# The status of a rule in a line of a terminal, until ^C.  See bpfstatsctl(8).
#
#	sh status.sh rule [seconds]
#
# In tmux(1) the same is:
#	set -g status-right '#(bpfstatsctl show camera | tail -n 1)'
#	set -g status-right-length 80

while table=$(bpfstatsctl show "$1"); do
	printf '\r\033[K%s' "$(printf '%s\n' "$table" | tail -n 1)"
	sleep "${2:-1}"
done
