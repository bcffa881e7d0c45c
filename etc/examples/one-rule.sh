#!/bin/sh

# One rule from the shell: say what crosses an interface, at most every ten
# seconds, until ^C.  See bpfstatsd(8).
#
#	sh one-rule.sh [interface [packets]]
#
# It needs the program installed with mode 4555 (the BSDs) or with the
# capability cap_net_raw (Linux), or root.

exec bpfstatsd -i "${1:-pflog0}" -c "${2:-1}" -w 10 /bin/sh -c '
	echo "$(date +%T) $BPFSTATSD_INTERFACE: $BPFSTATSD_PACKETS packets," \
	    "$BPFSTATSD_TOTAL in all"'
