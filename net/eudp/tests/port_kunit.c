// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of port.c: who may share a port, and which one is chosen.
 */
#include <net/ip.h>
#include "kunit.h"

struct holder {
	u32 addr;
	int dev;
	bool reuse;
};

struct conflict_case {
	const char *desc;
	struct holder a, b;
	bool conflict;
};

#define ANY	0
#define ONE	IP(127, 0, 0, 1)
#define TWO	IP(127, 0, 0, 2)

static const struct conflict_case conflict_cases[] = {
	{ "any, any",			 { ANY }, { ANY }, true },
	{ "any, address",		 { ANY }, { ONE }, true },
	{ "address, same",		 { ONE }, { ONE }, true },
	{ "address, other",		 { ONE }, { TWO }, false },
	{ "device, same",		 { ANY, 2 }, { ANY, 2 }, true },
	{ "device, other",		 { ANY, 2 }, { ANY, 3 }, false },
	{ "device, none",		 { ANY, 2 }, { ANY }, true },
	{ "device and address, none",	 { ONE, 2 }, { ANY }, true },
	{ "same address, other device",	 { ONE, 2 }, { ONE, 3 }, false },
	{ "same device, other address",	 { ONE, 2 }, { TWO, 2 }, false },
	{ "any, any, one reuses",	 { ANY, 0, true }, { ANY }, true },
	{ "any, any, both reuse",	 { ANY, 0, true }, { ANY, 0, true },
	  false },
	{ "same address, both reuse",	 { ONE, 0, true }, { ONE, 0, true },
	  false },
	{ "same device, both reuse",	 { ONE, 2, true }, { ONE, 2, true },
	  false },
	{ "address, any, one reuses",	 { ONE, 0, true }, { ANY }, true },
};

KUNIT_ARRAY_PARAM_DESC(conflict, conflict_cases, desc);

static struct sock *holder_sock(struct kunit *test, const struct holder *holder)
{
	struct sock *sk = eudp_test_sock(test);

	inet_sk(sk)->inet_rcv_saddr = htonl(holder->addr);
	sk->sk_bound_dev_if = holder->dev;
	sk->sk_reuse = holder->reuse;
	return sk;
}

static void conflicts(struct kunit *test)
{
	const struct conflict_case *c = test->param_value;
	struct sock *a = holder_sock(test, &c->a);
	struct sock *b = holder_sock(test, &c->b);

	KUNIT_EXPECT_EQ(test, eudp_port_conflict(a, b), c->conflict);
	KUNIT_EXPECT_EQ(test, eudp_port_conflict(b, a), c->conflict);
	KUNIT_EXPECT_FALSE(test, eudp_port_conflict(a, a));
}

/* Limits the ports that IP_LOCAL_PORT_RANGE lets a socket have. */
static void set_range(struct sock *sk, u16 low, u16 high)
{
	WRITE_ONCE(inet_sk(sk)->local_port_range, (u32)high << 16 | low);
}

/* Each port of a range is given once, whatever the order; then none. */
static void every_port_once(struct kunit *test)
{
	static const u16 low = 40000, high = 40019;
	unsigned long seen = 0;
	struct sock *sk;
	int i, port;

	for (i = low; i <= high; i++) {
		sk = eudp_test_sock(test);
		set_range(sk, low, high);
		KUNIT_ASSERT_EQ(test, eudp_test_bind(sk, ONE, 0), 0);
		port = inet_sk(sk)->inet_num;
		KUNIT_EXPECT_GE(test, port, low);
		KUNIT_EXPECT_LE(test, port, high);
		KUNIT_EXPECT_FALSE(test, seen & BIT(port - low));
		seen |= BIT(port - low);
	}
	sk = eudp_test_sock(test);
	set_range(sk, low, high);
	KUNIT_EXPECT_EQ(test, eudp_test_bind(sk, ONE, 0), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, eudp_test_bind(sk, ANY, 0), -EADDRINUSE);
	/* at another address all are free */
	KUNIT_EXPECT_EQ(test, eudp_test_bind(sk, TWO, 0), 0);
}

/* RFC 6056: which port comes next must not be guessed. */
static void choice_is_random(struct kunit *test)
{
	int i, same = 0, port, last = 0;
	struct sock *sk;

	for (i = 0; i < 32; i++) {
		sk = eudp_test_sock(test);
		set_range(sk, 33000, 59999);
		KUNIT_ASSERT_EQ(test, eudp_test_bind(sk, ONE, 0), 0);
		port = inet_sk(sk)->inet_num;
		same += abs(port - last) < 100;
		last = port;
	}
	/* by chance, about once in four runs one; six never */
	KUNIT_EXPECT_LT(test, same, 6);
}

static void port_is_free_again(struct kunit *test)
{
	struct sock *a = eudp_test_sock(test), *b = eudp_test_sock(test);

	KUNIT_ASSERT_EQ(test, eudp_test_bind(a, ANY, 41000), 0);
	KUNIT_EXPECT_EQ(test, eudp_test_bind(b, ONE, 41000), -EADDRINUSE);
	KUNIT_EXPECT_TRUE(test, sk_hashed(a));

	lock_sock(a);
	eudp_unhash(a);
	eudp_unhash(a);
	release_sock(a);
	KUNIT_EXPECT_FALSE(test, sk_hashed(a));
	KUNIT_EXPECT_EQ(test, inet_sk(a)->inet_num, 0);
	KUNIT_EXPECT_EQ(test, eudp_test_bind(b, ONE, 41000), 0);
}

static struct kunit_case port_cases[] = {
	KUNIT_CASE_PARAM(conflicts, conflict_gen_params),
	KUNIT_CASE(every_port_once),
	KUNIT_CASE(choice_is_random),
	KUNIT_CASE(port_is_free_again),
	{}
};

static struct kunit_suite port_suite = {
	.name = "eudp_port",
	.test_cases = port_cases,
};

kunit_test_suite(port_suite);
