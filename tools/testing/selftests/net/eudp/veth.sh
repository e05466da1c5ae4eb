#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two namespaces joined by a link of 1500 bytes: datagrams cross it whole and
# in fragments, ports belong to a namespace, and a namespace may go while it
# has sockets with datagrams in them. Then the module is unloaded and loaded
# while there is traffic. The first part asks in-kernel UDP the same.

# shellcheck source=tools/testing/selftests/net/eudp/netns.sh
. "$(dirname "$0")/netns.sh"

# counter NAMESPACE NAME: of the Ip: lines of /proc/net/snmp
counter()
{
	# shellcheck disable=SC2016 # of awk
	ip netns exec "$1" awk -v name="$2" '
		/^Ip: [A-Z]/ {
			for (i = 2; i <= NF; i++) if ($i == name) n = i }
		/^Ip: [0-9]/ { print $n }' /proc/net/snmp
}

crosses_whole()
{
	local before after

	before=$(counter "$client" FragCreates)
	ask "$1" 700 0 1 2 100 1471 1472 || return 1
	after=$(counter "$client" FragCreates)
	[ "$after" = "$before" ]
}

# 1480 bytes of the 8 + 65507 go into each fragment: 45 of them
crosses_in_fragments()
{
	local created reassembled

	created=$(counter "$client" FragCreates)
	reassembled=$(counter "$client" ReasmOKs)
	ask "$1" 700 1473 8000 65507 || return 1
	[ $(($(counter "$client" FragCreates) - created)) = $((2 + 6 + 45)) ] &&
		[ $(($(counter "$client" ReasmOKs) - reassembled)) = 3 ]
}

# Fragments on the wire, none larger than the link, DF on none; whole: DF
fragments_on_the_wire()
{
	local dump

	in_background "$client" tcpdump -Z root -U --immediate-mode -ni eudp0 \
		-w "$work/pcap" "src 10.0.0.2 and ip proto $1" 2>/dev/null
	in_time test -s "$work/pcap" || return 1
	ask "$1" 700 4000 100 || return 1
	in_time captured 4
	dump=$(tcpdump -nvr "$work/pcap" 2>/dev/null)
	rm "$work/pcap"
	[ "$(grep -c "flags \[+\]" <<<"$dump")" = 2 ] &&
		[ "$(grep -c "flags \[none\]" <<<"$dump")" = 1 ] &&
		[ "$(grep -c "flags \[DF\]" <<<"$dump")" = 1 ] &&
		[ "$(grep -oE "length [0-9]+\)" <<<"$dump" | tr -dc '0-9\n' |
			sort -n | tail -n 1)" = 1500 ]
}

captured()
{
	[ "$(tcpdump -nr "$work/pcap" 2>/dev/null | wc -l)" -ge "$1" ]
}

port_is_of_a_namespace()
{
	serve "$client" "$1" 10.0.0.2 && ask "$1" 700 10
}

refused()
{
	ask "$1" 701 10 2>&1 | grep -q ConnectionRefusedError
}

memory()
{
	awk '/^EUDP:/ { print $NF }' /proc/net/eudp_sockstat
}

nobody_uses_eudp()
{
	[ "$(</sys/module/eudp/refcnt)" = 0 ]
}

# What two readings of it may differ by: each processor keeps some pages for
# itself, more or less of them (net.core.mem_pcpu_rsv).
kept=$((2 * 256 * $(nproc)))
# so many have five times as much in them
sockets=$((100 * $(nproc)))

memory_is_back()
{
	[ "$(memory)" -le $(($1 + kept)) ]
}

# The sockets keep the namespace until their program ends, then all goes.
namespace_dies()
{
	local before

	in_time nobody_uses_eudp || return 1
	before=$(memory)
	ip netns add "$server-2" &&
		ip -n "$server-2" link set lo up || return 1
	in_background "$server-2" ./dgram.py hold 253 127.0.0.1 700 $sockets \
		>"$work/held"
	in_time grep -q held "$work/held"
	# 5 times 20000 bytes are in each
	[ "$(memory)" -ge $((before + sockets * 100000 / 4096 - kept)) ] ||
		return 1
	ip netns del "$server-2"
	kill -0 "${background[@]}" || return 1
	end_background
	in_time nobody_uses_eudp && in_time memory_is_back "$before"
}

unload_in_use()
{
	serve "$server" 253 10.0.0.1 || return 1
	in_background "$client" ./dgram.py pour 253 10.0.0.1 700
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		LC_ALL=C rmmod eudp 2>&1 | grep -q "in use" || return 1
	done
	end_background
	with_server 253 crosses_whole
}

load()
{
	insmod "$EUDP_MODULE"
}

# Datagrams come in all the time, though no socket can be there for them.
unload_under_traffic()
{
	in_time nobody_uses_eudp || return 1
	in_background "$client" ./dgram.py raw 10.0.0.1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod eudp && load || return 1
	done
	kill -0 "${background[@]}"
}

ktap_print_header
ktap_set_plan $((4 + 5 * ${#protocols[@]}))
set_up || exit 1

for protocol in "${protocols[@]}"; do
	try "$protocol: crosses whole" with_server "$protocol" crosses_whole
	try "$protocol: crosses in fragments" \
		with_server "$protocol" crosses_in_fragments
	try "$protocol: fragments on the wire" \
		with_server "$protocol" fragments_on_the_wire
	try "$protocol: a port is of a namespace" \
		with_server "$protocol" port_is_of_a_namespace
	try "$protocol: refused where nobody listens" refused "$protocol"
done
try "a namespace dies with datagrams in its sockets" namespace_dies
try "no unloading while it is in use" unload_in_use
try "unloading and loading under traffic" unload_under_traffic
try "and it still works" with_server 253 crosses_whole

ktap_finished
