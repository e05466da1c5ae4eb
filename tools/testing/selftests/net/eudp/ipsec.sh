#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPsec (RFC 4301) for a protocol between two namespaces: ESP in transport
# mode, chosen by the number of the protocol alone. It takes from the MTU of the
# path, a policy that blocks is EPERM, and nothing leaves in clear while the
# policy changes. Then what netfilter sees of it all, and what it refuses.

# shellcheck source=tools/testing/selftests/net/eudp/netns.sh
. "$(dirname "$0")/netns.sh"

# 1500 less 20 of IP, 8 of ESP, 8 of its IV and 16 of its check value are 1448,
# which are whole words; less 2 of its trailer, and with 20 of IP
path_mtu=1466

# both COMMAND...: ip(8) in each namespace
both()
{
	ip -n "$server" "$@" && ip -n "$client" "$@"
}

# The key of each direction
states()
{
	local key=0x0102030405060708090a0b0c0d0e0f1011121314

	both xfrm state add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x100 \
		mode transport aead 'rfc4106(gcm(aes))' $key 128 &&
		both xfrm state add src 10.0.0.1 dst 10.0.0.2 proto esp \
			spi 0x200 mode transport \
			aead 'rfc4106(gcm(aes))' $key 128
}

# policy NAMESPACE VERB out|in SOURCE DESTINATION PROTOCOL [TEMPLATE]...
policy()
{
	ip -n "$1" xfrm policy "$2" dir "$3" src "$4" dst "$5" proto "$6" \
		"${@:7}"
}

# policies PROTOCOL: what leaves and what comes is to be ESP, on both sides
policies()
{
	local esp=(tmpl proto esp mode transport)

	policy "$client" add out 10.0.0.2 10.0.0.1 "$1" "${esp[@]}" &&
		policy "$client" add in 10.0.0.1 10.0.0.2 "$1" "${esp[@]}" &&
		policy "$server" add out 10.0.0.1 10.0.0.2 "$1" "${esp[@]}" &&
		policy "$server" add in 10.0.0.2 10.0.0.1 "$1" "${esp[@]}"
}

no_ipsec()
{
	both xfrm policy flush && both xfrm state flush
}

# try_send PROTOCOL MTU_DISCOVER LENGTH...: what each send of a connected socket
# gives, the length or the name of the error, and IP_MTU after them
try_send()
{
	ip netns exec "$client" ./dgram.py send "$1" 10.0.0.1 700 "${@:2}"
}

# rule HOOK PROTOCOL VERDICT...: what the client does with what leaves
rule()
{
	ip netns exec "$client" nft -f - <<-END
		table ip $1 {
			counter seen { }
			chain c {
				type filter hook $1 priority 0;
				ip protocol $2 ${*:3}
			}
		}
	END
}

# seen HOOK: packets that a rule "counter name seen" has seen
seen()
{
	ip netns exec "$client" nft list counter ip "$1" seen |
		awk '/packets/ { print $2 }'
}

no_rules()
{
	ip netns exec "$server" nft flush ruleset
	ip netns exec "$client" nft flush ruleset
}

# The server counts what has come in clear, and as ESP; what was ESP passes the
# same hook again, with a path of its own
count_arrivals()
{
	ip netns exec "$server" nft -f - <<-END
		table ip arrivals {
			counter clear { }
			counter sealed { }
			chain c {
				type filter hook prerouting priority 0;
				ip protocol $1 meta secpath missing \
					counter name clear
				ip protocol 50 counter name sealed
			}
		}
	END
}

# arrived clear|sealed
arrived()
{
	ip netns exec "$server" nft list counter ip arrivals "$1" |
		awk '/packets/ { print $2 }'
}

# Whole and in fragments, and none of it in clear
goes_as_esp()
{
	count_arrivals "$1" || return 1
	ask "$1" 700 0 1 100 1400 1472 4000 || return 1
	[ "$(arrived clear)" = 0 ] && [ "$(arrived sealed)" -ge 6 ]
}

# 2 is IP_PMTUDISC_DO: 28 of the headers are of the datagram
path_is_narrower()
{
	local limit=$((path_mtu - 28))

	[ "$(try_send "$1" 2 1472 $limit $((limit + 1)))" = \
		"EMSGSIZE $limit EMSGSIZE mtu $path_mtu" ]
}

# Others, and the same protocol where there is no policy, are as ever
others_are_not()
{
	local other=$((17 + 253 - $1))

	[ "$(try_send $other 2 1472)" = "1472 mtu 1500" ]
}

block_is_eperm()
{
	policy "$client" add out 10.0.0.2 10.0.0.1 "$1" action block ||
		return 1
	[ "$(try_send "$1" 0 1 1)" = "connect EPERM EPERM EPERM" ] ||
		return 1
	policy "$client" delete out 10.0.0.2 10.0.0.1 "$1" &&
		[ "$(try_send "$1" 0 1)" = "1 mtu 1500" ]
}

# A socket that is connected has a route by heart, without IPsec: it must not
# be used any more once there is a policy
policy_under_traffic()
{
	local clear

	count_arrivals "$1" || return 1
	in_background "$client" ./dgram.py pour "$1" 10.0.0.1 700
	in_time some_have_arrived clear || return 1
	policies "$1" || return 1
	# what was on its way when it came
	in_time some_have_arrived sealed || return 1
	clear=$(arrived clear)
	for _ in 1 2 3 4 5; do
		policy "$client" update out 10.0.0.2 10.0.0.1 "$1" \
			tmpl proto esp mode transport || return 1
		policy "$client" update out 10.0.0.2 10.0.0.1 "$1" \
			action block || return 1
	done
	policy "$client" update out 10.0.0.2 10.0.0.1 "$1" \
		tmpl proto esp mode transport || return 1
	in_time more_sealed_than "$(arrived sealed)" || return 1
	end_background
	[ "$(arrived clear)" = "$clear" ]
}

some_have_arrived()
{
	[ "$(arrived "$1")" -ge 10 ]
}

# more_sealed_than PACKETS: by ten
more_sealed_than()
{
	[ "$(arrived sealed)" -gt $(($1 + 10)) ]
}

# The hooks that a datagram passes on its way out, once each
hooks_see_it()
{
	rule output "$1" counter name seen &&
		rule postrouting "$1" counter name seen || return 1
	try_send "$1" 0 1 100 1400 >"$work/sent" || return 1
	[ "$(seen output)" = 3 ] && [ "$(seen postrouting)" = 3 ]
}

# Before it is ESP as if there were none, and then as ESP
hooks_see_esp()
{
	hooks_see_it "$1" || return 1
	no_rules
	rule output 50 counter name seen || return 1
	try_send "$1" 0 1 100 1400 >"$work/sent" || return 1
	[ "$(seen output)" = 3 ]
}

# refused PROTOCOL HOOK: a drop there is told to the sender
refused()
{
	rule "$2" "$1" drop || return 1
	[ "$(try_send "$1" 0 1 1400)" = "EPERM EPERM mtu 1500" ] || return 1
	no_rules
	[ "$(try_send "$1" 0 1)" = "1 mtu 1500" ]
}

# try_clean NAME COMMAND...: a test that leaves neither policies nor rules
try_clean()
{
	try "$@"
	no_ipsec
	no_rules
}

# with_ipsec PROTOCOL COMMAND...
with_ipsec()
{
	states && policies "$1" && with_server "$@"
}

# with_states PROTOCOL COMMAND...: there are keys, but no policy
with_states()
{
	states && with_server "$@"
}

ktap_print_header
ktap_set_plan $((9 * ${#protocols[@]}))
set_up || exit 1

for protocol in "${protocols[@]}"; do
	try_clean "$protocol: goes as ESP" with_ipsec "$protocol" goes_as_esp
	try_clean "$protocol: its path is narrower" \
		with_ipsec "$protocol" path_is_narrower
	try_clean "$protocol: others are not" with_ipsec "$protocol" others_are_not
	try_clean "$protocol: a policy that blocks is EPERM" \
		with_server "$protocol" block_is_eperm
	try_clean "$protocol: a policy comes under traffic" \
		with_states "$protocol" policy_under_traffic
	try_clean "$protocol: hooks see it" with_server "$protocol" hooks_see_it
	try_clean "$protocol: hooks see it, and ESP" \
		with_ipsec "$protocol" hooks_see_esp
	try_clean "$protocol: a drop on the way out is EPERM" \
		refused "$protocol" output
	try_clean "$protocol: a drop after routing is EPERM" \
		refused "$protocol" postrouting
done

ktap_finished
