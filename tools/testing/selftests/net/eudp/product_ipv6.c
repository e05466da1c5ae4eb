// SPDX-License-Identifier: GPL-2.0
/* What the product test asks of IPv6 */
#define _GNU_SOURCE
#include <linux/eudp.h>
#include <netinet/in.h>

#include "product.h"

static const struct state states[] = {
	{ .name = "fresh" },
	STATE("v6only", set(OPT_V6ONLY, 1)),
	STATE("bound_auto", bind_to(ANY, ZERO)),
	STATE("bound_any", bind_to(ANY, SELF)),
	STATE("bound_any_v6only", set(OPT_V6ONLY, 1), bind_to(ANY, SELF)),
	STATE("bound_own", bind_to(OWN, SELF)),
	STATE("bound_other", bind_to(OTHER, SELF)),
	STATE("bound_link", bind_to(LINK, SELF)),
	STATE("bound_group", bind_to(GROUP, SELF)),
	STATE("bound_group_link", bind_to(GROUP_LINK, SELF)),
	STATE("bound_mapped", bind_to(MAPPED_OWN, SELF)),
	STATE("bound_mapped_any", bind_to(MAPPED_ANY, SELF)),

	STATE("connected", connect_to(OWN, TAKEN)),
	STATE("connected_any", connect_to(ANY, TAKEN)),
	STATE("connected_remote", connect_to(REMOTE, FREE)),
	STATE("connected_link", connect_to(LINK, TAKEN)),
	STATE("connected_link_remote", connect_to(LINK_REMOTE, FREE)),
	STATE("connected_group", connect_to(GROUP, TAKEN)),
	STATE("connected_port_0", bind_to(OWN, SELF), connect_to(OWN, ZERO)),
	STATE("connected_twice", connect_to(OTHER, FREE),
	      connect_to(OWN, TAKEN)),
	STATE("connected_flow", set(OPT_FLOWINFO_SEND, 1),
	      connect_to(FLOW, TAKEN)),
	STATE("connected_mapped", connect_to(MAPPED_OWN, TAKEN)),
	STATE("connected_mapped_any", connect_to(MAPPED_ANY, TAKEN)),
	STATE("connected_mapped_remote", connect_to(MAPPED_REMOTE, FREE)),
	STATE("connected_mapped_then_own", connect_to(MAPPED_OWN, TAKEN),
	      connect_to(OWN, TAKEN)),
	STATE("connected_own_then_mapped", connect_to(OWN, TAKEN),
	      connect_to(MAPPED_OWN, TAKEN)),
	STATE("connected_inet", connect_to(INET_OWN, TAKEN)),
	STATE("bound_any_connected", bind_to(ANY, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_any_connected_mapped", bind_to(ANY, SELF),
	      connect_to(MAPPED_OWN, TAKEN)),
	STATE("bound_own_connected", bind_to(OWN, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_link_connected", bind_to(LINK, SELF),
	      connect_to(LINK, TAKEN)),
	STATE("bound_mapped_connected", bind_to(MAPPED_OWN, SELF),
	      connect_to(MAPPED_OWN, TAKEN)),

	STATE("disconnected", connect_to(OWN, TAKEN), disconnect),
	STATE("disconnected_any", bind_to(ANY, SELF), connect_to(OWN, TAKEN),
	      disconnect),
	STATE("disconnected_own", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      disconnect),
	STATE("disconnected_link", bind_to(LINK, SELF),
	      connect_to(LINK_REMOTE, FREE), disconnect),
	STATE("disconnected_mapped", connect_to(MAPPED_OWN, TAKEN),
	      disconnect),
	STATE("not_connected", bind_to(OWN, SELF), connect_to(NO_ROUTE, FREE)),

	STATE("shut_rd", bind_to(OWN, SELF), connect_to(OWN, TAKEN), shut(0)),
	STATE("shut_wr_mapped", bind_to(MAPPED_OWN, SELF),
	      connect_to(MAPPED_OWN, TAKEN), shut(1)),
	STATE("shut_rdwr_unconnected", bind_to(OWN, SELF), shut(2)),
	STATE("shut_with_data", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      get_sent(5), shut(2)),

	STATE("refused", bind_to(OWN, SELF), connect_to(OWN, FREE),
	      send_it(3)),
	STATE("refused_mapped", bind_to(ANY, SELF),
	      connect_to(MAPPED_OWN, FREE), send_it(3)),
	STATE("refused_with_data", bind_to(OWN, SELF), get_sent(5),
	      connect_to(OWN, FREE), send_it(3)),
	STATE("refused_disconnected", bind_to(OWN, SELF),
	      connect_to(OWN, FREE), send_it(3), disconnect),

	STATE("errors", set(OPT_RECVERR6, 1)),
	STATE("error_queued", set(OPT_RECVERR6, 1), bind_to(OWN, SELF),
	      connect_to(OWN, FREE), send_it(3)),
	STATE("error_queued_mapped", set(OPT_RECVERR, 1), bind_to(ANY, SELF),
	      send_to(MAPPED_OWN, FREE, 3)),
	STATE("errors_queued", set(OPT_RECVERR6, 1), set(OPT_RECVERR, 1),
	      bind_to(ANY, SELF), send_to(OTHER, FREE, 3), get(OPT_ERROR),
	      send_to(MAPPED_OWN, FREE, 7), get_sent(5)),

	STATE("data", bind_to(OWN, SELF), get_sent(5)),
	STATE("data_mapped", bind_to(ANY, SELF), partner_sends(MAPPED_OWN, 5)),
	STATE("data_several", bind_to(ANY, SELF), get_sent(5), get_sent(0),
	      partner_sends(MAPPED_OWN, 1472), partner_sends(LINK, 6)),
	STATE("data_then_connected", bind_to(OWN, SELF), get_sent(5),
	      connect_to(OWN, FREE)),
	STATE("data_options", set(OPT_RECVHOPLIMIT, 1),
	      set(OPT_RECVTCLASS, 1), set(OPT_RECVPKTINFO, 1),
	      set(OPT_RECVORIGDSTADDR, 1), bind_to(ANY, SELF), get_sent(5),
	      partner_sends(MAPPED_OWN, 6)),

	STATE("corked", bind_to(OWN, SELF), cork(OWN, TAKEN, 3)),
	STATE("corked_connected", bind_to(ANY, SELF), connect_to(OWN, TAKEN),
	      cork(NONE, ZERO, 3)),
	STATE("corked_mapped", bind_to(ANY, SELF), cork(MAPPED_OWN, TAKEN, 3)),
	STATE("corked_shut", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      cork(NONE, ZERO, 3), shut(1)),

	STATE("reuse_partner", set(OPT_REUSEADDR, 1),
	      partner_set(OPT_REUSEADDR, 1)),
	STATE("reuse_bound_mapped", set(OPT_REUSEADDR, 1),
	      partner_set(OPT_REUSEADDR, 1), bind_to(MAPPED_OWN, TAKEN)),
	STATE("reuseport_partner", set(OPT_REUSEPORT, 1),
	      partner_set(OPT_REUSEPORT, 1)),
	STATE("reuseport_group", set(OPT_REUSEPORT, 1),
	      partner_set(OPT_REUSEPORT, 1), bind_to(ANY, TAKEN),
	      steer(SUBJECT)),
	STATE("reuseport_connected", set(OPT_REUSEPORT, 1),
	      partner_set(OPT_REUSEPORT, 1), bind_to(ANY, TAKEN),
	      connect_to(OTHER, FREE)),

	STATE("member", join(GROUP, DEV_DUMMY), bind_to(ANY, SELF)),
	STATE("member_data", join(GROUP, DEV_DUMMY), bind_to(ANY, SELF),
	      partner_sends(GROUP, 5)),
	STATE("member_connected", join(GROUP, DEV_DUMMY), bind_to(ANY, SELF),
	      connect_to(OTHER, TAKEN)),
	STATE("member_of_source", join_source(GROUP, OTHER),
	      bind_to(ANY, SELF)),
	STATE("member_of_another_source", join_source(GROUP, REMOTE),
	      bind_to(ANY, SELF)),
	STATE("member_blocking", join(GROUP, DEV_DUMMY), block(GROUP, OTHER),
	      bind_to(ANY, SELF)),
	STATE("member_inet", join(INET_GROUP, DEV_DUMMY), bind_to(ANY, SELF)),
	STATE("partner_member_not_all", partner_joins(GROUP),
	      set(OPT_MULTICAST_ALL6, 0), bind_to(ANY, SELF)),
	STATE("both_members", set(OPT_REUSEADDR, 1),
	      partner_set(OPT_REUSEADDR, 1), join(GROUP, DEV_DUMMY),
	      partner_joins(GROUP), bind_to(ANY, TAKEN)),

	STATE("device_lo", set(OPT_BINDTODEVICE, DEV_LO), bind_to(ANY, SELF)),
	STATE("device_dummy", set(OPT_BINDTODEVICE, DEV_DUMMY)),
	STATE("dont_fragment", set(OPT_DONTFRAG, 1)),
	STATE("path_mtu_errors", set(OPT_MTU_DISCOVER6, IPV6_PMTUDISC_DO),
	      set(OPT_RECVERR6, 1), set(OPT_RECVPATHMTU, 1),
	      bind_to(ANY, SELF)),
	STATE("freebind", set(OPT_FREEBIND6, 1)),
	STATE("unprivileged", { .op = SETEUID, .value = 65534 }),
};

/* As for IPv4, but the partner sends by it as well */
static const struct step afterwards[] = {
	{ .op = GETSOCKNAME, .alen = FULL },
	{ .op = GETPEERNAME, .alen = FULL },
	{ .op = POLL },
	{ .op = IOCTL, .opt = IO_INQ },
	{ .op = IOCTL, .opt = IO_OUTQ },
	get(OPT_ERROR),
	receive(100, MSG_ERRQUEUE),
	receive(100, MSG_ERRQUEUE),
	partner_receives,
	partner_receives,
	get_sent(9),
	partner_sends(MAPPED_OWN, 8),
	receive(2000, 0),
	receive(2000, 0),
	receive(2000, 0),
	receive(2000, 0),
};

static const int lengths[] = {
	0, 1, 2, 8, 16, 23, 24, 27, 29, 128, 129, 65536, -1
};

static const int sizes[] = { 0, 1, 1452, 1453, 65507, 65527, 65528, 65536 };
static const int controls[] = {
	IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_DONTFRAG, IPV6_PKTINFO, IPV6_RECVERR
};

static const int set[] = {
	OPT_V6ONLY, OPT_REUSEADDR, OPT_REUSEPORT, OPT_DONTROUTE, OPT_NO_CHECK,
	OPT_PEEK_OFF, OPT_BINDTODEVICE, OPT_RECVERR, OPT_RECVERR6,
	OPT_FREEBIND, OPT_FREEBIND6, OPT_TRANSPARENT6, OPT_MTU_DISCOVER,
	OPT_MTU_DISCOVER6, OPT_HOPS, OPT_RECVHOPLIMIT, OPT_RECVTCLASS,
	OPT_RECVTTL, OPT_PKTINFO, OPT_RECVPKTINFO, OPT_DONTFRAG, OPT_TCLASS,
	OPT_FLOWINFO, OPT_FLOWINFO_SEND, OPT_RECVPATHMTU, OPT_RECVORIGDSTADDR,
	OPT_NO_PORT, OPT_MULTICAST_ALL6, OPT_MULTICAST_LOOP6,
	OPT_MULTICAST_HOPS,
};

/* Those whose answer is another one in another state */
static const int get[] = {
	OPT_ERROR, OPT_PROTOCOL, OPT_DOMAIN, OPT_V6ONLY, OPT_MTU, OPT_MTU6,
	OPT_HOPS, OPT_MULTICAST_HOPS,
};

static const struct step extra[] = {
	set(OPT_MTU_DISCOVER6, 2), set(OPT_MTU_DISCOVER6, 3),
	set(OPT_BINDTODEVICE, DEV_DUMMY), set(OPT_BINDTODEVICE, DEV_MISSING),
	join(GROUP, DEV_DUMMY), join(GROUP, DEV_LO), join(GROUP, DEV_NONE),
	join(GROUP, DEV_MISSING), join(GROUP_LINK, DEV_NONE),
	join(OTHER, DEV_DUMMY), join(MAPPED_GROUP, DEV_DUMMY),
	join(INET_GROUP, DEV_DUMMY), join(UNSPEC, DEV_LO),
	leave(GROUP, DEV_DUMMY), leave(GROUP, DEV_NONE),
	leave(INET_GROUP, DEV_DUMMY),
	join_source(GROUP, OTHER), join_source(GROUP, REMOTE),
	join_source(INET_GROUP, INET_REMOTE),
	leave_source(GROUP, OTHER), block(GROUP, OTHER), unblock(GROUP, OTHER),
	partner_sends(OWN, 4), partner_sends(LINK, 4), partner_sends(GROUP, 4),
	partner_sends(GROUP2, 4), partner_sends(MAPPED_OWN, 4),
	partner_sends(MAPPED_GROUP, 4),
};

static const struct step core[] = {
	bind_to(ANY, ZERO), bind_to(OWN, SELF), bind_to(LINK, FREE),
	bind_to(MAPPED_OWN, FREE),
	connect_to(OWN, TAKEN), connect_to(OWN, FREE),
	connect_to(MAPPED_OWN, TAKEN), connect_to(LINK, TAKEN),
	connect_to(NO_ROUTE, FREE), disconnect,
	send_to(NONE, ZERO, 1), send_to(OWN, FREE, 1),
	send_to(MAPPED_OWN, FREE, 1),
	shut(1), get(OPT_ERROR), set(OPT_V6ONLY, 1), set(OPT_RECVERR6, 1),
	set(OPT_BINDTODEVICE, DEV_DUMMY), join(GROUP, DEV_DUMMY),
	partner_sends(GROUP, 4),
	{ .op = RECVFROM, .alen = FULL, .len = 2000 },
	receive(2000, MSG_ERRQUEUE),
};

/*
 * Of the addresses only those of lo and dummy0 are local. The kernel makes up
 * no flow labels, and the groups are routed to dummy0.
 */
struct version ipv6 = {
	.number = 6,
	.prefix = "ipv6.",
	.family = AF_INET6,
	.udp = { .name = "udp", .family = AF_INET6 },
	.eudp = { .name = "eudp", .family = AF_EUDP, .protocol = PF_INET6 },
	.broken = { .name = "broken", .family = AF_INET6,
		    .level = IPPROTO_IPV6, .option = IPV6_DONTFRAG },
	.broken_case = "ipv6.fresh/sendto:own:taken:65527",
	.harmless_case = "ipv6.fresh/bind:own:self",
	.good = "65527",
	.bad = "EMSGSIZE",
	.len = sizeof(struct sockaddr_in6),
	.level = IPPROTO_IPV6,
	.level_name = "IPPROTO_IPV6",
	.network = IPV4_NETWORK "; "
		"sysctl -qw net.ipv6.icmp.ratemask=; "
		"sysctl -qw net.ipv6.auto_flowlabels=0; "
		"ip link set dummy0 addrgenmode none; "
		"ip -6 route flush dev dummy0; "
		"ip addr add fe80::1/64 dev dummy0 nodad; "
		"ip addr add 2001:db8::1/64 dev dummy0 nodad; "
		"ip addr add 2001:db8:1::1/128 dev lo nodad; "
		"ip -6 route add multicast ff00::/8 dev dummy0 table local; "
		"ip -6 route add prohibit 2001:db8:2::/48; "
		"ip -6 route add blackhole 2001:db8:3::/48; "
		"ip -6 route add unreachable 2001:db8:4::/48",
	.hosts = {
		[ANY] = { "::" },
		[OWN] = { "::1" },
		[SECOND] = { "2001:db8:1::1" },
		[OTHER] = { "2001:db8::1" },
		[REMOTE] = { "2001:db8::77" },
		[NO_ROUTE] = { "2001:db8:f::1" },
		[PROHIBIT] = { "2001:db8:2::1" },
		[BLACKHOLE] = { "2001:db8:3::1" },
		[UNREACHABLE] = { "2001:db8:4::1" },
		[GROUP] = { "ff0e::1:1" },
		[GROUP2] = { "ff0e::1:2" },
		[GROUP_LINK] = { "ff02::1:1", DUMMY_NUMBER },
		[GROUP_NO_SCOPE] = { "ff02::1:1" },
		[LINK] = { "fe80::1", DUMMY_NUMBER },
		[LINK_REMOTE] = { "fe80::77", DUMMY_NUMBER },
		[LINK_NO_SCOPE] = { "fe80::1" },
		[LINK_ELSEWHERE] = { "fe80::1", 1 },
		[LINK_NOWHERE] = { "fe80::1", 99 },
		[OWN_SCOPE] = { "::1", DUMMY_NUMBER },
		[FLOW] = { "::1", 0, 0x12345 },
		[MAPPED_ANY] = { "::ffff:0.0.0.0" },
		[MAPPED_OWN] = { "::ffff:127.0.0.1" },
		[MAPPED_OTHER] = { "::ffff:10.0.0.1" },
		[MAPPED_REMOTE] = { "::ffff:10.0.0.77" },
		[MAPPED_NO_ROUTE] = { "::ffff:10.1.0.1" },
		[MAPPED_UNREACHABLE] = { "::ffff:10.4.0.1" },
		[MAPPED_LIMITED] = { "::ffff:255.255.255.255" },
		[MAPPED_GROUP] = { "::ffff:239.1.1.1" },
		[INET_ANY] = { "0.0.0.0" },
		[INET_OWN] = { "127.0.0.1" },
		[INET_REMOTE] = { "10.0.0.77" },
		[INET_GROUP] = { "239.1.1.1" },
	},
	TABLE(states),
	TABLE(afterwards),
	TABLE(lengths),
	TABLE(sizes),
	TABLE(controls),
	TABLE(set),
	TABLE(get),
	TABLE(extra),
	TABLE(core),
};
