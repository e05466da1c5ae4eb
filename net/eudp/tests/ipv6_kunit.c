// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of ipv6.c and ipv6_headers.c: the score of a socket, and the
 * extension headers of a datagram.
 */
#include <linux/in6.h>
#include <net/ipv6.h>
#include "kunit.h"

#define DEV	7

static const struct in6_addr me = IN6ADDR_LOOPBACK_INIT;
static const struct in6_addr peer = { .s6_addr = { 0x20, 1, [15] = 9 } };
static const struct in6_addr other = { .s6_addr = { 0x20, 1, [15] = 8 } };

/* The socket; the datagram comes from peer:99 to me:42 by device DEV */
struct score_case {
	const char *desc;
	const struct in6_addr *addr;
	u16 port;
	const struct in6_addr *peer;
	u16 peer_port;
	int dev;
	int score;
};

static const struct score_case score_cases[] = {
	{ "bound",			&me, 42, NULL, 0, 0, 0 },
	{ "other address",		&other, 42, NULL, 0, 0, -1 },
	{ "other port",			&me, 43, NULL, 0, 0, -1 },
	{ "any address",		&in6addr_any, 42, NULL, 0, 0, -1 },
	{ "connected",			&me, 42, &peer, 99, 0, 2 },
	{ "connected to any port",	&me, 42, &peer, 0, 0, 1 },
	{ "connected to other",		&me, 42, &other, 99, 0, -1 },
	{ "connected to other port",	&me, 42, &peer, 98, 0, -1 },
	{ "on the device",		&me, 42, NULL, 0, DEV, 1 },
	{ "on another device",		&me, 42, NULL, 0, DEV + 1, -1 },
	{ "connected on the device",	&me, 42, &peer, 99, DEV, 3 },
};

KUNIT_ARRAY_PARAM_DESC(score, score_cases, desc);

static void scores(struct kunit *test)
{
	const struct score_case *c = test->param_value;
	const struct eudp_af_ops *af = eudp6_ops_if_enabled();
	struct eudp_key key = {
		.af = af, .net = &init_net, .saddr6 = peer, .daddr6 = me,
		.sport = htons(99), .dport = htons(42), .dif = DEV,
	};
	struct socket *sock;
	struct sock *sk;

	KUNIT_ASSERT_EQ(test, 0, sock_create_kern(&init_net, PF_EUDP,
						  SOCK_DGRAM, PF_INET6, &sock));
	sk = sock->sk;
	sk->sk_v6_rcv_saddr = *c->addr;
	inet_sk(sk)->inet_num = c->port;
	if (c->peer)
		sk->sk_v6_daddr = *c->peer;
	inet_sk(sk)->inet_dport = htons(c->peer_port);
	sk->sk_bound_dev_if = c->dev;
	sk->sk_incoming_cpu = -1;
	KUNIT_EXPECT_EQ(test, af->score(sk, &key), c->score);
	inet_sk(sk)->inet_num = 0;
	sock_release(sock);
}

/* A socket of IPv4 takes nothing of IPv6. */
static void score_of_ipv4(struct kunit *test)
{
	const struct eudp_af_ops *af = eudp6_ops_if_enabled();
	struct sock *sk = eudp_test_sock(test);
	struct eudp_key key = {
		.af = af, .net = &init_net, .saddr6 = peer, .dport = htons(42),
	};

	inet_sk(sk)->inet_num = 42;
	KUNIT_EXPECT_EQ(test, af->score(sk, &key), -1);
	inet_sk(sk)->inet_num = 0;
}

/* Headers of 8 bytes, and a routing header with two addresses */
static const u8 hop[8] = { 0, 0, 1, 4 };
static const u8 first[8] = { 0, 0, 1, 4, 1 };
static const u8 last[8] = { 0, 0, 1, 4, 2 };

struct route {
	struct rt0_hdr header;
	struct in6_addr addr[2];
};

static void expect_chain(struct kunit *test, const struct eudp6_packet *v6,
			 const u8 *types, int n)
{
	const u8 *at = v6->headers;
	int i;

	KUNIT_EXPECT_EQ(test, v6->first_header, types[0]);
	for (i = 1; i < n; i++) {
		KUNIT_EXPECT_EQ(test, at[0], types[i]);
		at += (at[1] + 1) * 8;
	}
	KUNIT_EXPECT_EQ(test, at - v6->headers, v6->whole_len + v6->part_len);
}

/* All there are, in the order of RFC 8200 4.1 */
static void headers_with_route(struct kunit *test)
{
	static const u8 types[] = {
		NEXTHDR_HOP, NEXTHDR_DEST, NEXTHDR_ROUTING, NEXTHDR_DEST,
		IPPROTO_EUDP,
	};
	struct route route = {
		.header.rt_hdr = { .hdrlen = 4, .segments_left = 2 },
		.addr = { peer, other },
	};
	struct ipv6_txoptions opt = {
		.hopopt = (void *)hop, .dst0opt = (void *)first,
		.srcrt = (void *)&route, .dst1opt = (void *)last,
		.opt_nflen = 8 + 8 + sizeof(route), .opt_flen = 8,
	};
	struct eudp_packet *packet;
	const struct route *made;

	packet = kunit_kzalloc(test, sizeof(*packet), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, packet);
	packet->v6.fl.daddr = me;
	KUNIT_ASSERT_EQ(test, 0, eudp6_write_headers(NULL, packet, &opt));
	KUNIT_EXPECT_EQ(test, packet->v6.whole_len, opt.opt_nflen);
	KUNIT_EXPECT_EQ(test, packet->v6.part_len, 8);
	expect_chain(test, &packet->v6, types, ARRAY_SIZE(types));

	/* to the first one, with the second and the end in the header */
	made = (const void *)(packet->v6.headers + 16);
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&packet->v6.first_hop, &peer));
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&made->addr[0], &other));
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&made->addr[1], &me));
	KUNIT_EXPECT_EQ(test, packet->v6.headers[12], 1);
	eudp6_ops_if_enabled()->release(packet);
	KUNIT_EXPECT_NULL(test, packet->v6.headers);
}

/* Options for the hops of a route go only with one. */
static void headers_without_route(struct kunit *test)
{
	static const u8 types[] = { NEXTHDR_DEST, IPPROTO_EUDP };
	struct ipv6_txoptions opt = {
		.dst0opt = (void *)first, .dst1opt = (void *)last,
		.opt_nflen = 8, .opt_flen = 8,
	};
	struct eudp_packet *packet;

	packet = kunit_kzalloc(test, sizeof(*packet), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, packet);
	packet->v6.fl.daddr = me;
	KUNIT_ASSERT_EQ(test, 0, eudp6_write_headers(NULL, packet, &opt));
	KUNIT_EXPECT_EQ(test, packet->v6.whole_len, 0);
	expect_chain(test, &packet->v6, types, ARRAY_SIZE(types));
	KUNIT_EXPECT_EQ(test, packet->v6.headers[4], 2);
	KUNIT_EXPECT_TRUE(test, ipv6_addr_equal(&packet->v6.first_hop, &me));
	eudp6_ops_if_enabled()->release(packet);
}

static struct kunit_case ipv6_cases[] = {
	KUNIT_CASE_PARAM(scores, score_gen_params),
	KUNIT_CASE(score_of_ipv4),
	KUNIT_CASE(headers_with_route),
	KUNIT_CASE(headers_without_route),
	{}
};

static struct kunit_suite ipv6_suite = {
	.name = "eudp_ipv6",
	.test_cases = ipv6_cases,
};

kunit_test_suite(ipv6_suite);
