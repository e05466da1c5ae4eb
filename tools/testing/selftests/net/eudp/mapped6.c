// SPDX-License-Identifier: GPL-2.0
/*
 * A socket of IPv6 that speaks IPv4: whose options and messages count there,
 * ipv6(7), RFC 3493 3.7
 */
#include "control.h"
#include "tun6.h"

#define MY_MAPPED	"::ffff:" ME
#define YOUR_MAPPED	"::ffff:" YOU

EUDP6_FIXTURE(mapped6)

/* The two ways to name an address of IPv4, and one that has no name */
static const char * const names_of_you[3] = { YOUR_MAPPED, YOU, NULL };

#define WAYS	3

/* Three sockets, the last of which has a peer */
static void __three(struct __test_metadata *_metadata, const struct door *d,
		    int *fds)
{
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		fds[i] = __sock(_metadata, d->family, d->protocol);
	__joined(_metadata, fds[WAYS - 1], YOUR_MAPPED, 9);
}

#define three(fds) __three(_metadata, &variant->door, fds)

/* Messages: those of ip(7), those of ipv6(7) but for one are not looked at */
TEST_F_TIMEOUT(mapped6, messages, 300)
{
	static const struct {
		int level, type, value, err, ttl, tos;
	} rows[] = {
		{ SOL_IP, IP_TTL, 9, 0, 9, 0 },
		{ SOL_IP, IP_TTL, 255, 0, 255, 0 },
		{ SOL_IP, IP_TTL, 0, EINVAL },
		{ SOL_IP, IP_TTL, -1, EINVAL },
		{ SOL_IP, IP_TTL, 256, EINVAL },
		{ SOL_IP, IP_TOS, 0x28, 0, 64, 0x28 },
		{ SOL_IP, IP_TOS, 256, EINVAL },
		{ SOL_IP, IP_TOS, -1, EINVAL },
		{ SOL_IP, 1000, 1, EINVAL },
		{ SOL_IP, IP_RECVERR, 1, EINVAL },
		{ SOL_IPV6, IPV6_HOPLIMIT, 9, 0, 64, 0 },
		{ SOL_IPV6, IPV6_HOPLIMIT, 300, 0, 64, 0 },
		{ SOL_IPV6, IPV6_TCLASS, 0x28, 0, 64, 0 },
		{ SOL_IPV6, IPV6_TCLASS, 300, 0, 64, 0 },
		{ SOL_IPV6, IPV6_DONTFRAG, 7, 0, 64, 0 },
		{ SOL_IPV6, IPV6_HOPOPTS, 1, 0, 64, 0 },
		{ SOL_IPV6, IPV6_2292PKTINFO, 1, 0, 64, 0 },
		{ SOL_IPV6, 1000, 1, 0, 64, 0 },
		{ SOL_IPV6, IPV6_PKTINFO, 1, EINVAL },	/* too short */
		{ 12345, 1, 1, 0, 64, 0 },
	};
	static struct datagram g;
	int t = tun6(), fds[WAYS];
	int i, k;

	three(fds);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		for (k = 0; k < WAYS; k++) {
			EXPECT_EQ(c->err, send_int(fds[k], names_of_you[k],
						   c->level, c->type,
						   c->value))
				TH_LOG("case %d, %d", i, k);
			EXPECT_EQ(c->err ? -EAGAIN : 1, next_datagram(&g));
			if (c->err)
				continue;
			EXPECT_EQ(c->ttl, g.ip.ttl) TH_LOG("case %d", i);
			EXPECT_EQ(c->tos, g.ip.tos) TH_LOG("case %d", i);
			EXPECT_EQ(inet_addr(ME), g.ip.saddr);
			EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
		}
	}
}

/* The source and the link, by either kind of packet information */
TEST_F_TIMEOUT(mapped6, pktinfo, 300)
{
	static const struct {
		const char *name;
		int index;	/* -1: of tun0 */
		const char *source;
		int err, err4;	/* by IPV6_PKTINFO, by IP_PKTINFO */
		const char *sent_from;
	} rows[] = {
		{ "nothing", 0, "0.0.0.0", 0, 0, ME },
		{ "link", -1, "0.0.0.0", 0, 0, ME },
		{ "source", 0, "192.0.2.77", 0, 0, "192.0.2.77" },
		{ "both", -1, "192.0.2.77", 0, 0, "192.0.2.77" },
		{ "no device", 9999, "0.0.0.0", ENODEV, ENODEV },
		{ "not ours", 0, "198.51.100.9", ENETUNREACH, ENETUNREACH },
		{ "multicast", 0, "224.0.0.1", EINVAL, EINVAL },
	};
	static struct datagram g;
	int t = tun6(), fds[WAYS];
	int i, k;
	char mapped[32];

	add_address("tun0", "192.0.2.77", 24);
	three(fds);
	for (i = 0; i < (int)ARRAY_SIZE(rows) * WAYS * 2; i++) {
		const typeof(rows[0]) *c = &rows[i / 2 / WAYS];
		int index = c->index < 0 ? (int)if_nametoindex("tun0") :
			c->index;
		struct in6_pktinfo info6 = { .ipi6_ifindex = index };
		struct in_pktinfo info4 = { .ipi_ifindex = index,
			.ipi_spec_dst.s_addr = inet_addr(c->source) };

		k = i / 2 % WAYS;
		snprintf(mapped, sizeof(mapped), "::ffff:%s", c->source);
		info6.ipi6_addr = in6(mapped);
		EXPECT_EQ(i % 2 ? c->err4 : c->err, i % 2 ?
			  send_one(fds[k], names_of_you[k], SOL_IP, IP_PKTINFO,
				   &info4, sizeof(info4)) :
			  send_one(fds[k], names_of_you[k], SOL_IPV6,
				   IPV6_PKTINFO, &info6, sizeof(info6)))
			TH_LOG("%s, %d", c->name, i % (2 * WAYS));
		EXPECT_EQ(c->sent_from ? 1 : -EAGAIN, next_datagram(&g));
		if (c->sent_from)
			EXPECT_EQ(inet_addr(c->sent_from), g.ip.saddr)
				TH_LOG("%s, %d", c->name, i % (2 * WAYS));
	}
}

/* IPV6_PKTINFO wants an address of the kind that the datagram has */
TEST_F(mapped6, pktinfo_kinds)
{
	static const struct {
		const char *to, *source;
		int len, err;
	} rows[] = {
		{ YOUR_MAPPED, MY_MAPPED, 20, 0 },
		{ YOUR_MAPPED, MY_MAPPED, 24, 0 },
		{ YOUR_MAPPED, MY_MAPPED, 19, EINVAL },
		{ YOUR_MAPPED, MY_MAPPED, 0, EINVAL },
		{ YOUR_MAPPED, "::", 20, EINVAL },
		{ YOUR_MAPPED, ME6, 20, EINVAL },
		{ YOU6, MY_MAPPED, 20, EINVAL },
		{ YOU6, ME6, 20, 0 },
	};
	unsigned char data[24] = {};
	int t = tun6(), fd = sock();
	struct in6_pktinfo info;
	unsigned int i;

	ASSERT_LE(0, t);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		info = (struct in6_pktinfo){ in6(rows[i].source), 0 };
		memcpy(data, &info, sizeof(info));
		EXPECT_EQ(rows[i].err, send_one(fd, rows[i].to, SOL_IPV6,
						IPV6_PKTINFO, data,
						rows[i].len))
			TH_LOG("case %d", i);
	}
}

/* Options: those of IP for IPv4, those of IPv6 for IPv6, on one socket */
TEST_F(mapped6, options)
{
	static struct datagram6 g6;
	static struct datagram g;
	int t = tun6(), fd = sock();

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TTL, 33));
	EXPECT_EQ(33, get_int(fd, SOL_IP, IP_TTL));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TOS, 0x28));
	EXPECT_EQ(0x28, get_int(fd, SOL_IP, IP_TOS));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_HOPS, 44));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TCLASS, 0x48));
	EXPECT_EQ(0, tag_to(fd, YOUR_MAPPED, 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(33, g.ip.ttl);
	EXPECT_EQ(0x28, g.ip.tos);
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'b'));
	EXPECT_EQ(1, next_datagram6(&g6));
	EXPECT_EQ(44, g6.ip.ip6_hlim);
	EXPECT_EQ(0x48, TCLASS6(&g6));
	joined(fd, YOUR_MAPPED, 9);
	EXPECT_EQ(0, tag(fd, 'c'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(33, g.ip.ttl);
	EXPECT_EQ(0x28, g.ip.tos);
}

/* Options of IP in the header, IP_OPTIONS; extension headers are no matter */
TEST_F(mapped6, ip_options)
{
	static const unsigned char header[8] = { 0, 0, 1, 4 };
	static struct datagram6 g6;
	static struct datagram g;
	int t = tun6(), fd = sock();

	EXPECT_EQ(0, setsockopt(fd, SOL_IP, IP_OPTIONS, "\1\1\1\1", 4));
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, header, 8));
	EXPECT_EQ(0, tag_to(fd, YOUR_MAPPED, 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(4, g.options_len);
	EXPECT_EQ(0, memcmp("\1\1\1\1", g.options, 4));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'b'));
	EXPECT_EQ(1, next_datagram6(&g6));
	EXPECT_STREQ("0:00010400000000", g6.chain);
}

/* Ways out: those of IP are asked, but SO_BINDTODEVICE is for both */
TEST_F(mapped6, device)
{
	struct in6_pktinfo info = { .ipi6_addr = in6(ME6) };
	int t = tun6(), fd = sock(), index = htonl(if_nametoindex("tun0"));
	static struct datagram g;

	EXPECT_EQ(ENETUNREACH, tag_to(fd, "::ffff:" NOWHERE, 9, 'a'));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_IF, index));
	info.ipi6_ifindex = ntohl(index);
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info, 20));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, "::ffff:" NOWHERE, 9, 'a'));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_UNICAST_IF, index));
	EXPECT_EQ(0, tag_to(fd, "::ffff:" NOWHERE, 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_UNICAST_IF, 0));
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(0, tag_to(fd, "::ffff:" NOWHERE, 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(NOWHERE), g.ip.daddr);
}

/* Multicast and broadcast of IPv4 go by its rules */
TEST_F(mapped6, multicast)
{
	struct ip_mreqn req = {};
	int t = tun6(), fd = sock();
	static struct datagram g;

	req.imr_ifindex = if_nametoindex("tun0");
	EXPECT_EQ(EACCES, tag_to(fd, "::ffff:192.0.2.255", 9, 'a'));
	EXPECT_EQ(EACCES, err_of(connect_to(fd, "::ffff:192.0.2.255", 9)));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, connect_to(fd, "::ffff:192.0.2.255", 9));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, tag_to(fd, "::ffff:192.0.2.255", 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
			     req.imr_ifindex));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_HOPS, 7));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, "::ffff:239.1.2.3", 9, 'a'));
	EXPECT_EQ(0, setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &req,
				sizeof(req)));
	EXPECT_EQ(0, tag_to(fd, "::ffff:239.1.2.3", 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(1, g.ip.ttl);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_TTL, 5));
	EXPECT_EQ(0, tag_to(fd, "::ffff:239.1.2.3", 9, 'a'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(5, g.ip.ttl);
}

/* Path MTU discovery is IP's as well */
TEST_F(mapped6, dont_fragment)
{
	int t = tun6(), fd = sock();
	static struct datagram g;
	static char data[1473];

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MTU_DISCOVER,
			     IPV6_PMTUDISC_DO));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_DONTFRAG, 1));
	EXPECT_EQ(1473, send_to(fd, YOUR_MAPPED, 9, data, 1473));
	EXPECT_EQ(1473, next_datagram(&g));
	EXPECT_EQ(2, g.fragments);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(EMSGSIZE, err_of(send_to(fd, YOUR_MAPPED, 9, data, 1473)));
	EXPECT_EQ(1472, send_to(fd, YOUR_MAPPED, 9, data, 1472));
	EXPECT_EQ(1472, next_datagram(&g));
	EXPECT_EQ(IP_DF, ntohs(g.ip.frag_off));
}

/* A datagram of IPv4 to us, good in all */
static void __inject4(struct __test_metadata *_metadata, int t,
		      const struct door *door, int dport, int ttl, int tos)
{
	struct {
		struct iphdr ip;
		struct header h;
		char data[4];
	} p = { .ip = { .version = 4, .ihl = 5, .ttl = ttl, .tos = tos,
			.protocol = door->wire, .saddr = inet_addr(YOU),
			.daddr = inet_addr(ME),
			.tot_len = htons(sizeof(p)) },
		.h = { htons(4000), htons(dport), htons(12) },
		.data = "abc" };

	p.ip.check = ~sum(&p.ip, IP_LEN, 0);
	p.h.check = transport_sum(&p.ip, &p.h, 12) ?: 0xffff;
	ASSERT_EQ(sizeof(p), write(t, &p, sizeof(p)));
}

#define inject4(dport, ttl, tos) \
	__inject4(_metadata, t, &variant->door, dport, ttl, tos)

/* What is told of a datagram of IPv4, by options of both levels */
TEST_F_TIMEOUT(mapped6, received, 300)
{
	static const struct {
		int level, option;
		const char *told;
	} cases[] = {
		{ SOL_IPV6, IPV6_RECVPKTINFO, "pktinfo6 20" },
		{ SOL_IP, IP_PKTINFO, "pktinfo 12" },
		{ SOL_IP, IP_RECVTTL, "ttl 4" },
		{ SOL_IP, IP_RECVTOS, "tos 1" },
		{ SOL_IP, IP_RECVORIGDSTADDR, "origdst 16" },
		/* Of IPv6, which this is not */
		{ SOL_IPV6, IPV6_2292PKTINFO, "" },
		{ SOL_IPV6, IPV6_RECVHOPLIMIT, "" },
		{ SOL_IPV6, IPV6_2292HOPLIMIT, "" },
		{ SOL_IPV6, IPV6_RECVTCLASS, "" },
		{ SOL_IPV6, IPV6_FLOWINFO, "" },
		{ SOL_IPV6, IPV6_RECVORIGDSTADDR, "" },
		{ SOL_IPV6, IPV6_RECVFRAGSIZE, "" },
		{ SOL_SOCKET, SO_RCVMARK, "mark 4" },
	};
	int t = tun6(), fd = bound("::", 5000), k;
	struct got g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		for (k = 1; k >= 0; k--) {
			EXPECT_EQ(0, set_int(fd, c->level, c->option, k));
			EXPECT_EQ(k, get_int(fd, c->level, c->option))
				TH_LOG("%d/%d", c->level, c->option);
			inject4(5000, 64, 0);
			receive(fd, &g, 0);
			EXPECT_EQ(4, g.len);
			EXPECT_STREQ(k ? c->told : "", told(&g))
				TH_LOG("%d/%d", c->level, c->option);
			EXPECT_STREQ("[::ffff:192.0.2.2]:4000",
				     show_any(0, &g.from));
		}
	}
}

/* The values, and the order of those of both levels */
TEST_F(mapped6, received_values)
{
	static const int ip[] = {
		IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR,
	}, ipv6[] = {
		IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS,
		IPV6_RECVORIGDSTADDR,
	};
	int t = tun6(), fd = bound("::", 5000);
	struct in6_pktinfo *info6;
	struct sockaddr_in *sin;
	struct in_pktinfo *info;
	struct packet6 p;
	unsigned int i;
	struct got g;

	for (i = 0; i < ARRAY_SIZE(ip); i++) {
		EXPECT_EQ(0, set_int(fd, SOL_IP, ip[i], 1));
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, ipv6[i], 1));
	}
	inject4(5000, 9, 0x28);
	receive(fd, &g, 0);
	ASSERT_STREQ("pktinfo6 20, pktinfo 12, ttl 4, tos 1, origdst 16",
		     told(&g));
	info6 = find(&g, SOL_IPV6, IPV6_PKTINFO);
	EXPECT_EQ(if_nametoindex("tun0"), info6->ipi6_ifindex);
	EXPECT_STREQ(MY_MAPPED, text6(&info6->ipi6_addr));
	info = find(&g, SOL_IP, IP_PKTINFO);
	EXPECT_EQ(if_nametoindex("tun0"), info->ipi_ifindex);
	EXPECT_EQ(inet_addr(ME), info->ipi_addr.s_addr);
	EXPECT_EQ(inet_addr(ME), info->ipi_spec_dst.s_addr);
	EXPECT_EQ(9, find_int(&g, SOL_IP, IP_TTL));
	EXPECT_EQ(0x28, *(__u8 *)find(&g, SOL_IP, IP_TOS));
	sin = find(&g, SOL_IP, IP_ORIGDSTADDR);
	EXPECT_STREQ("192.0.2.1:5000", show(0, sin));
	/* The same socket, the other version */
	make6(&p, 5000, "x", 1, "");
	inject6(&p);
	receive(fd, &g, 0);
	EXPECT_STREQ("pktinfo6 20, hoplimit 4, tclass 4, origdst6 28",
		     told(&g));
}

/* Asked for too late: the packet no longer knows where it came in */
TEST_F(mapped6, received_late)
{
	int t = tun6(), fd = bound("::", 5000);
	struct in6_pktinfo *info6;
	struct got g;

	inject4(5000, 9, 0);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	receive(fd, &g, 0);
	ASSERT_STREQ("pktinfo6 20, ttl 4", told(&g));
	info6 = find(&g, SOL_IPV6, IPV6_PKTINFO);
	EXPECT_EQ(0, info6->ipi6_ifindex);
	EXPECT_STREQ(MY_MAPPED, text6(&info6->ipi6_addr));
}

TEST_HARNESS_MAIN
