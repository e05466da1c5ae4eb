# SPDX-License-Identifier: GPL-2.0
#
# To be sourced by the tests in bash: two network namespaces, $server and $client,
# joined by a link of 1500 bytes, and programs that run in them.

# shellcheck shell=bash disable=SC2034,SC2154 # those who source it use them
set -u

cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ../../kselftest/ktap_helpers.sh

server=eudp-s-$$
client=eudp-c-$$
background=()
work=$(mktemp -d)
mkfifo "$work/up"
exec {up}<>"$work/up"

set_up()
{
	ip netns add "$server" &&
		ip netns add "$client" &&
		ip -n "$server" link set lo up &&
		ip -n "$client" link set lo up &&
		ip link add eudp0 mtu 1500 netns "$server" type veth \
			peer name eudp0 mtu 1500 netns "$client" &&
		ip -n "$server" address add 10.0.0.1/24 dev eudp0 &&
		ip -n "$client" address add 10.0.0.2/24 dev eudp0 &&
		ip -n "$server" link set eudp0 up &&
		ip -n "$client" link set eudp0 up
}

# in_background NAMESPACE COMMAND...
in_background()
{
	local namespace=$1

	shift
	ip netns exec "$namespace" "$@" &
	background+=($!)
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

# serve NAMESPACE PROTOCOL ADDRESS: an echo server, which is there when it returns
serve()
{
	in_background "$1" ./dgram.py echo "$2" "$3" 700 >&"$up"
	read -r -t 60 -u "$up"
}

# ask PROTOCOL PORT LENGTH...: the server at 10.0.0.1
ask()
{
	ip netns exec "$client" ./dgram.py ask "$1" 10.0.0.1 "$2" "${@:3}"
}

# with_server PROTOCOL COMMAND...: which gets the protocol, too
with_server()
{
	serve "$server" "$1" 10.0.0.1 && "${@:2}" "$1"
}

# try NAME COMMAND...: a test, after which nothing runs in the background
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

# in-kernel UDP, which without-oracle leaves out, and eudp
read -ra protocols <<<"${EUDP_PROTOCOLS:-17 253}"
