// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of af_eudp.c: which sockets socket(2) makes, and with what.
 */
#include <kunit/test.h>
#include <linux/net.h>
#include <net/sock.h>
#include "../eudp.h"

struct protocol_case {
	int protocol;
	int family;
};

static const struct protocol_case protocol_cases[] = {
	{ 0,			PF_INET },
	{ PF_INET,		PF_INET },
	{ IPPROTO_UDP,		PF_INET },
	{ IPPROTO_EUDP,		PF_INET },
	{ PF_INET6,		PF_INET6 },
	{ -1,			-EPROTONOSUPPORT },
	{ IPPROTO_ICMP,		-EPROTONOSUPPORT },
	{ IPPROTO_TCP,		-EPROTONOSUPPORT },
	{ IPPROTO_IPV6,		-EPROTONOSUPPORT },
	{ IPPROTO_UDPLITE,	-EPROTONOSUPPORT },
	{ IPPROTO_EUDP + 1,	-EPROTONOSUPPORT },
	{ IPPROTO_RAW,		-EPROTONOSUPPORT },
	{ INT_MIN,		-EPROTONOSUPPORT },
	{ INT_MAX,		-EPROTONOSUPPORT },
};

static void protocol_desc(const struct protocol_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "protocol %d", c->protocol);
}

KUNIT_ARRAY_PARAM(protocol, protocol_cases, protocol_desc);

static void protocol_chooses_family(struct kunit *test)
{
	const struct protocol_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, eudp_protocol_family(c->protocol), c->family);
}

struct create_case {
	const char *desc;
	int family, type, protocol;
	int err;
};

static const struct create_case create_cases[] = {
	{ "AF_EUDP",	     PF_EUDP, SOCK_DGRAM,	0, 0 },
	{ "AF_EUDP IPv4",    PF_EUDP, SOCK_DGRAM,	PF_INET, 0 },
	{ "AF_INET",	     PF_INET, SOCK_DGRAM,	IPPROTO_EUDP, 0 },
#if IS_ENABLED(CONFIG_IPV6)
	{ "AF_EUDP IPv6",    PF_EUDP, SOCK_DGRAM,	PF_INET6, 0 },
	{ "AF_INET6",	     PF_INET6, SOCK_DGRAM,	IPPROTO_EUDP, 0 },
#else
	{ "AF_EUDP IPv6",    PF_EUDP, SOCK_DGRAM,	PF_INET6, -EAFNOSUPPORT },
#endif
	{ "AF_EUDP TCP",     PF_EUDP, SOCK_DGRAM,	IPPROTO_TCP,
	  -EPROTONOSUPPORT },
	{ "AF_EUDP stream",  PF_EUDP, SOCK_STREAM,	0, -ESOCKTNOSUPPORT },
	{ "AF_EUDP raw",     PF_EUDP, SOCK_RAW,		0, -ESOCKTNOSUPPORT },
	{ "AF_EUDP packet",  PF_EUDP, SOCK_SEQPACKET,	0, -ESOCKTNOSUPPORT },
	{ "AF_INET stream",  PF_INET, SOCK_STREAM,	IPPROTO_EUDP,
	  -EPROTONOSUPPORT },
};

KUNIT_ARRAY_PARAM_DESC(create, create_cases, desc);

static void create_answers(struct kunit *test)
{
	const struct create_case *c = test->param_value;
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, c->family, c->type, c->protocol,
			       &sock);
	KUNIT_EXPECT_EQ(test, err, c->err);
	if (!err)
		sock_release(sock);
}

static void expect_same_ipv6(struct kunit *test, const struct sock *a,
			     const struct sock *b)
{
#if IS_ENABLED(CONFIG_IPV6)
	const struct ipv6_pinfo *of_a = inet6_sk(a), *of_b = inet6_sk(b);

	KUNIT_ASSERT_NOT_NULL(test, of_a);
	KUNIT_EXPECT_EQ(test, of_a->hop_limit, of_b->hop_limit);
	KUNIT_EXPECT_EQ(test, of_a->mcast_hops, of_b->mcast_hops);
	KUNIT_EXPECT_EQ(test, of_a->pmtudisc, of_b->pmtudisc);
	KUNIT_EXPECT_TRUE(test, a->sk_ipv6only == b->sk_ipv6only);
	KUNIT_EXPECT_EQ(test, (const u8 *)of_a - (const u8 *)a,
			(const u8 *)of_b - (const u8 *)b);
#endif
}

struct door_case {
	const char *desc;
	int family;
};

static const struct door_case door_cases[] = {
	{ "AF_INET", PF_INET },
#if IS_ENABLED(CONFIG_IPV6)
	{ "AF_INET6", PF_INET6 },
#endif
};

KUNIT_ARRAY_PARAM_DESC(door, door_cases, desc);

/* Whichever door a socket came through, it is the same kind of socket. */
static void doors_lead_to_one_house(struct kunit *test)
{
	const struct door_case *c = test->param_value;
	struct socket *by_family, *by_protocol;
	struct inet_sock *a, *b;

	KUNIT_ASSERT_EQ(test, 0, sock_create_kern(&init_net, PF_EUDP,
						  SOCK_DGRAM, c->family,
						  &by_family));
	if (sock_create_kern(&init_net, c->family, SOCK_DGRAM, IPPROTO_EUDP,
			     &by_protocol)) {
		KUNIT_FAIL(test, "the other door is closed");
		goto release;
	}

	a = inet_sk(by_family->sk);
	b = inet_sk(by_protocol->sk);
	KUNIT_EXPECT_PTR_EQ(test, by_family->ops, by_protocol->ops);
	KUNIT_EXPECT_PTR_EQ(test, a->sk.sk_prot, b->sk.sk_prot);
	KUNIT_EXPECT_EQ(test, a->sk.sk_family, c->family);
	KUNIT_EXPECT_EQ(test, a->sk.sk_family, b->sk.sk_family);
	KUNIT_EXPECT_EQ(test, a->sk.sk_protocol, IPPROTO_EUDP);
	KUNIT_EXPECT_EQ(test, a->sk.sk_protocol, b->sk.sk_protocol);
	KUNIT_EXPECT_PTR_EQ(test, a->sk.sk_destruct, b->sk.sk_destruct);
	KUNIT_EXPECT_EQ(test, a->sk.sk_txrehash, b->sk.sk_txrehash);
	KUNIT_EXPECT_EQ(test, a->sk.sk_flags, b->sk.sk_flags);
	KUNIT_EXPECT_TRUE(test, a->sk.sk_reuse == b->sk.sk_reuse);
	KUNIT_EXPECT_EQ(test, a->inet_flags, b->inet_flags);
	KUNIT_EXPECT_EQ(test, a->pmtudisc, b->pmtudisc);
	KUNIT_EXPECT_EQ(test, a->uc_ttl, b->uc_ttl);
	KUNIT_EXPECT_EQ(test, a->mc_ttl, b->mc_ttl);
	KUNIT_EXPECT_EQ(test, a->mc_index, b->mc_index);
	KUNIT_EXPECT_EQ(test, a->rcv_tos, b->rcv_tos);
	if (c->family == PF_INET6)
		expect_same_ipv6(test, &a->sk, &b->sk);

	sock_release(by_protocol);
release:
	sock_release(by_family);
}

static struct kunit_case af_eudp_cases[] = {
	KUNIT_CASE_PARAM(protocol_chooses_family, protocol_gen_params),
	KUNIT_CASE_PARAM(create_answers, create_gen_params),
	KUNIT_CASE_PARAM(doors_lead_to_one_house, door_gen_params),
	{}
};

static struct kunit_suite af_eudp_suite = {
	.name = "eudp_af_eudp",
	.test_cases = af_eudp_cases,
};

kunit_test_suite(af_eudp_suite);
