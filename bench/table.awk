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


# awk -f table.awk rows raw: the table of what was measured.
#
# Of each pair the ratio A/B is taken; a row shows the medians of A, B and the
# ratio, the ratio's quartiles, the target, and whether the medians reach it.
# A pair without B has no ratio; its quartiles are those of A.
#
# With -v words=1: what it means, for the page of users.
#
# With -v plot=1: the data of the plot.  For each thing that is measured as
# rx.NAME and tx.NAME, the text, and median and quartiles of A of both.

BEGIN {
	FS = "\t"
}

FNR == NR {
	keys[++nrows] = $1
	text[nrows] = $2
	format[nrows] = $3
	target[nrows] = $4
	next
}

{
	n[$1]++
	a[$1, n[$1]] = $2
	b[$1, n[$1]] = $3
}

# The values in v[1..m], sorted; the quantile q of them.
function sort(m,	i, j, t) {
	for (i = 2; i <= m; i++) {
		t = v[i]
		for (j = i - 1; j >= 1 && v[j] > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
}

function quantile(m, q,		i, part) {
	i = int(1 + (m - 1) * q)
	part = 1 + (m - 1) * q - i
	return i < m ? v[i] + part * (v[i + 1] - v[i]) : v[m]
}

function load_a(key,	i) {
	for (i = 1; i <= n[key]; i++)
		v[i] = a[key, i] + 0
	sort(n[key])
}

function load_b(key,	i) {
	for (i = 1; i <= n[key]; i++)
		v[i] = b[key, i] + 0
	sort(n[key])
}

function load_ratio(key,	i) {
	for (i = 1; i <= n[key]; i++)
		v[i] = b[key, i] + 0 != 0 ? a[key, i] / b[key, i] : 0
	sort(n[key])
}

function three(key) {
	load_a(key)
	return sprintf("%g %g %g", quantile(n[key], 0.5),
	    quantile(n[key], 0.25), quantile(n[key], 0.75))
}

function bars(i,	name) {
	if (substr(keys[i], 1, 3) != "rx." || !n[keys[i]])
		return
	name = substr(keys[i], 4)
	if (n["tx." name] && text[i] !~ / \/ /)
		printf "\"%s\" %s %s\n", text[i], three(keys[i]),
		    three("tx." name)
}

function a_of(key) {
	load_a(key)
	return quantile(n[key], 0.5)
}

function b_of(key) {
	load_b(key)
	return quantile(n[key], 0.5)
}

function ratio_of(key) {
	load_ratio(key)
	return quantile(n[key], 0.5)
}

# 1234567 with commas.
function commas(x,	s, t) {
	s = sprintf("%.0f", x)
	while (length(s) > 3) {
		t = "," substr(s, length(s) - 2) t
		s = substr(s, 1, length(s) - 3)
	}
	return s t
}

function forwards(key, text) {
	if (n[key])
		printf "- %s: %.1f %%\n", text, 100 * ratio_of(key)
}

# Per cent of a processor, in seconds a day.
function idles(key) {
	return sprintf("%.4f %% of one processor, which is %.1f seconds a day",
	    a_of(key), a_of(key) * 864)
}

function in_words() {
	printf "One processor forwards %s packets a second without a " \
	    "counter. What is left of that:\n\n", commas(b_of("fw.rules1"))
	forwards("fw.rules1", "with bpfstatsd and one rule")
	forwards("fw.rules1000", "with bpfstatsd and 1,000 rules")
	forwards("fw.pcap", "with a loop of libpcap that counts")
	forwards("fw.tcpdump", "with `tcpdump -w /dev/null`")
	forwards("fw.read1", "with a program that reads each packet")
	printf "\nThat one spends a second processor on reading. For a " \
	    "packet that is received bpfstatsd adds %.0f ns, for one that " \
	    "is sent %.0f ns, with 1,000 rules %.0f and %.0f ns.\n\n",
	    a_of("rx.rules1"), a_of("tx.rules1"), a_of("rx.rules1000"),
	    a_of("tx.rules1000")
	printf "While nothing happens, a daemon with one rule is woken %.1f " \
	    "times a second and uses %s. A loop of the shell that looks " \
	    "once a second uses %.0f times as much. 10,000 rules on 200 " \
	    "interfaces use %s, woken %.1f times a second.\n\n",
	    a_of("idle.wakes.1.1"), idles("idle.cpu.1.1"),
	    1 / ratio_of("idle.shell"), idles("idle.cpu.10000.200"),
	    a_of("idle.wakes.10000.200")
	printf "An `immediate` rule has its command running %.1f ms after " \
	    "the packet; others wait for the next full second. From a " \
	    "backlog, %s commands a second are run, %.0f %% of what a " \
	    "program can do that does nothing else.\n\n",
	    a_of("latency.immediate"), commas(a_of("runs.nobody")),
	    100 * ratio_of("runs.nobody")
	printf "Both processes together take %.1f MB of memory with one rule " \
	    "and %.1f MB with 10,000.\n", b_of("pss.10000.200") / 1024,
	    a_of("pss.10000.200") / 1024
}

# Does the value of the target's statistic reach it?
function reached(t, ma, mr,		value, op, limit) {
	value = t ~ /^A/ ? ma : mr
	op = substr(t, 2, 2)
	limit = substr(t, 4) + 0
	if (op == "<=" ? value <= limit : value >= limit)
		return "yes"
	missed++
	return "NO"
}

function line(i,	k, m, ma, mb, mr, spread) {
	k = keys[i]
	m = n[k]
	load_a(k)
	ma = quantile(m, 0.5)
	spread = sprintf(format[i] "-" format[i], quantile(m, 0.25),
	    quantile(m, 0.75))
	if (b[k, 1] == "") {
		printf "  %-46s %9s %9s %7s  %-15s", text[i],
		    sprintf(format[i], ma), "", "", spread
	} else {
		load_b(k)
		mb = quantile(m, 0.5)
		load_ratio(k)
		mr = quantile(m, 0.5)
		spread = sprintf("%.3g-%.3g", quantile(m, 0.25),
		    quantile(m, 0.75))
		printf "  %-46s %9s %9s %7s  %-15s", text[i],
		    sprintf(format[i], ma), sprintf(format[i], mb),
		    sprintf("%.3g", mr), spread
	}
	if (target[i] != "")
		printf " %-8s %s", target[i], reached(target[i], ma, mr)
	printf "\n"
	ntargets += target[i] != ""
}

END {
	for (i = 1; i <= nrows && plot; i++)
		bars(i)
	if (words)
		in_words()
	if (plot || words)
		exit
	printf "  %-46s %9s %9s %7s  %-15s %-8s %s\n", "", "A", "B", "A/B",
	    "quartiles", "target", "reached"
	for (i = 1; i <= nrows; i++)
		if (keys[i] == "-")
			printf "\n%s\n", text[i]
		else if (n[keys[i]])
			line(i)
	printf "\nA, B and A/B are medians of figures measured alternately.  " \
	    "Targets: A, the\nratio R = A/B.  "
	printf "%d of %d targets reached.\n", ntargets - missed, ntargets
}
