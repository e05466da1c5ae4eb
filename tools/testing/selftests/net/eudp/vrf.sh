#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who takes datagrams that come in through a VRF: sockets bound to it or to
# the device in it, and those bound to no device if l3mdev_accept says so, see
# Documentation/networking/vrf.rst. In-kernel UDP is asked the same.

# shellcheck disable=SC2154 # KSFT_* are of the harness
set -u

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ../../kselftest/ktap_helpers.sh

server=eudp-s-$$
client=eudp-c-$$
background=()
work=$(mktemp -d)

# eudp0 is in the VRF red, eudp1 is not; blue is a VRF with nothing in it.
# Each refusal is told: by default IPv6 soon says nothing for a second.
set_up()
{
	ip netns add "$server" &&
		ip netns add "$client" &&
		ip netns exec "$server" sysctl -qw net.ipv6.icmp.ratelimit=0 &&
		ip -n "$server" link add red type vrf table 100 &&
		ip -n "$server" link add blue type vrf table 101 &&
		ip -n "$server" link set red up &&
		ip -n "$server" link set blue up &&
		link eudp0 0 red &&
		link eudp1 1
}

# link DEVICE NUMBER [VRF]: addresses come last, who enters a VRF loses those
# of IPv6
link()
{
	ip link add "$1" netns "$server" type veth \
		peer name "$1" netns "$client" &&
		ip -n "$server" link set "$1" ${3:+master "$3"} up &&
		ip -n "$client" link set "$1" up &&
		addresses "$server" "$1" "$2" 1 &&
		addresses "$client" "$1" "$2" 2
}

# addresses NAMESPACE DEVICE NUMBER HOST
addresses()
{
	ip -n "$1" address add "10.0.$3.$4/24" dev "$2" &&
		ip -n "$1" address add "fd00:$3::$4/64" dev "$2" nodad
}

end_background()
{
	local process

	for process in "${background[@]}"; do
		kill "$process"
		wait "$process"
	done 2>/dev/null
	background=()
}

tear_down()
{
	end_background
	ip netns del "$server" 2>/dev/null
	ip netns del "$client" 2>/dev/null
	rm -rf "$work"
}
trap tear_down EXIT

# in_time COMMAND...: waits until it succeeds
in_time()
{
	local end=$((SECONDS + 60))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# bound PROTOCOL: somebody has port 700
bound()
{
	local file=eudp

	[ "$1" = 17 ] && file=udp
	[ "$any" = :: ] && file+=6
	ip netns exec "$server" grep -q ":02BC 00000000" "/proc/net/$file"
}

# knobs UDP [EUDP]: sets both, or that of UDP
knobs()
{
	ip netns exec "$server" sysctl -qw "net.ipv4.udp_l3mdev_accept=$1" \
		${2:+"net.eudp.l3mdev_accept=$2"}
}

# accept PROTOCOL VALUE
accept()
{
	if [ "$1" = 17 ]; then
		knobs "$2"
	else
		knobs 0 "$2"
	fi
}

# hear PROTOCOL [DEVICE]
hear()
{
	ip netns exec "$server" ./dgram.py hear "$1" "$any" 700 \
		"${@:2}" >"$work/heard" &
	background+=($!)
	in_time bound "$1"
}

# takes PROTOCOL ADDRESS LENGTH
takes()
{
	ip netns exec "$client" ./dgram.py send "$1" "$2" 700 0 "$3" \
		>/dev/null && in_time grep -qx "$3" "$work/heard"
}

# refuses PROTOCOL ADDRESS
refuses()
{
	ip netns exec "$client" ./dgram.py ask "$1" "$2" 700 10 2>&1 |
		grep -q ConnectionRefusedError
}

unbound_refuses()
{
	accept "$1" 0 && hear "$1" && refuses "$1" "$inside" &&
		takes "$1" "$outside" 20
}

unbound_accepts()
{
	accept "$1" 1 && hear "$1" && takes "$1" "$inside" 30 &&
		takes "$1" "$outside" 20
}

# Who has set the knob of UDP for his program need not set another one.
knob_of_udp_accepts()
{
	knobs 1 0 && hear 253 && takes 253 "$inside" 30
}

# What changes while a socket is there counts from then on
accept_changes()
{
	accept "$1" 0 && hear "$1" && refuses "$1" "$inside" &&
		accept "$1" 1 && takes "$1" "$inside" 30 &&
		accept "$1" 0 && refuses "$1" "$inside"
}

# bound_takes PROTOCOL DEVICE: whatever l3mdev_accept is
bound_takes()
{
	accept "$1" "$3" && hear "$1" "$2" && takes "$1" "$inside" 30 &&
		refuses "$1" "$outside"
}

# bound_refuses PROTOCOL DEVICE: one that is bound to another device
bound_refuses()
{
	accept "$1" "$3" && hear "$1" "$2" && refuses "$1" "$inside"
}

try()
{
	local name=$1

	shift
	if "$@"; then
		ktap_test_pass "$name"
	else
		ktap_test_fail "$name"
	fi
	end_background
}

# version ANY INSIDE OUTSIDE: of IP, by the addresses in the VRF and not in it
version()
{
	any=$1
	inside=$2
	outside=$3
}

# in-kernel UDP, which without-oracle leaves out, and eudp
read -ra protocols <<<"${EUDP_PROTOCOLS:-17 253}"

ktap_print_header
ktap_set_plan $((2 + 13 * ${#protocols[@]}))
set_up || exit 1

version 0.0.0.0 10.0.0.1 10.0.1.1
for protocol in "${protocols[@]}"; do
	try "$protocol: unbound refuses" unbound_refuses "$protocol"
	try "$protocol: unbound accepts" unbound_accepts "$protocol"
	try "$protocol: accept changes" accept_changes "$protocol"
	for value in 0 1; do
		for device in red eudp0; do
			try "$protocol: bound to $device takes, accept $value" \
				bound_takes "$protocol" $device $value
		done
		for device in blue eudp1; do
			try "$protocol: bound to $device refuses, $value" \
				bound_refuses "$protocol" $device $value
		done
	done
done
try "253: unbound accepts, as UDP is told to" knob_of_udp_accepts

version :: fd00:0::1 fd00:1::1
for protocol in "${protocols[@]}"; do
	try "$protocol, IPv6: accept changes" accept_changes "$protocol"
	try "$protocol, IPv6: bound to red takes" bound_takes "$protocol" red 0
done
try "253, IPv6: unbound accepts, as UDP is told to" knob_of_udp_accepts

ktap_finished
