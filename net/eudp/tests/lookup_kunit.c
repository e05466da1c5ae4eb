// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of lookup.c: the score of a socket, and who is found.
 */
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include "kunit.h"

#define ME	IP(127, 0, 0, 1)
#define PEER	IP(127, 0, 0, 9)
#define OTHER	IP(127, 0, 0, 8)
#define DEV	7

/* The socket; the datagram comes from PEER:99 to ME:42 by device DEV */
struct score_case {
	const char *desc;
	u32 addr;
	u16 port;
	u32 peer;
	u16 peer_port;
	int dev;
	int score;
};

static const struct score_case score_cases[] = {
	{ "bound",			ME, 42, 0, 0, 0, 2 },
	{ "other address",		OTHER, 42, 0, 0, 0, -1 },
	{ "other port",			ME, 43, 0, 0, 0, -1 },
	{ "any address",		0, 42, 0, 0, 0, -1 },
	{ "connected",			ME, 42, PEER, 99, 0, 10 },
	{ "connected to any port",	ME, 42, PEER, 0, 0, 6 },
	{ "connected to other",		ME, 42, OTHER, 99, 0, -1 },
	{ "connected to other port",	ME, 42, PEER, 98, 0, -1 },
	{ "on the device",		ME, 42, 0, 0, DEV, 6 },
	{ "on another device",		ME, 42, 0, 0, DEV + 1, -1 },
	{ "connected on the device",	ME, 42, PEER, 99, DEV, 14 },
	{ "any port on the device",	ME, 42, PEER, 0, DEV, 10 },
};

KUNIT_ARRAY_PARAM_DESC(score, score_cases, desc);

static struct eudp_key test_key(void)
{
	return (struct eudp_key) {
		.af	= &eudp4_ops,
		.net	= &init_net,
		.saddr	= htonl(PEER),
		.daddr	= htonl(ME),
		.sport	= htons(99),
		.dport	= htons(42),
		.dif	= DEV,
	};
}

static void scores(struct kunit *test)
{
	const struct score_case *c = test->param_value;
	struct sock *sk = eudp_test_sock(test);
	struct inet_sock *inet = inet_sk(sk);
	struct eudp_key key = test_key();

	inet->inet_rcv_saddr = htonl(c->addr);
	inet->inet_num = c->port;
	inet->inet_daddr = htonl(c->peer);
	inet->inet_dport = htons(c->peer_port);
	sk->sk_bound_dev_if = c->dev;
	sk->sk_incoming_cpu = -1;

	KUNIT_EXPECT_EQ(test, eudp4_ops.score(sk, &key), c->score);
	inet->inet_num = 0;
}

/* SO_INCOMING_CPU of the CPU that the lookup runs on is a little better. */
static void score_of_this_cpu(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct eudp_key key = test_key();
	int on, off;

	inet_sk(sk)->inet_rcv_saddr = key.daddr;
	inet_sk(sk)->inet_num = ntohs(key.dport);

	preempt_disable();
	sk->sk_incoming_cpu = raw_smp_processor_id();
	on = eudp4_ops.score(sk, &key);
	sk->sk_incoming_cpu = -1;
	off = eudp4_ops.score(sk, &key);
	preempt_enable();

	KUNIT_EXPECT_EQ(test, on, off + 1);
	inet_sk(sk)->inet_num = 0;
}

static struct sock *find(struct eudp_key *key)
{
	struct sock *sk;

	key->addr_hash = eudp_addr_hash(key->net, key->daddr);
	rcu_read_lock();
	sk = eudp_lookup(key);
	rcu_read_unlock();
	return sk;
}

static unsigned int connected_on(__be16 port)
{
	return *eudp_by_peer(&eudp_net(&init_net)->table, ntohs(port));
}

static int test_connect(struct sock *sk, u32 addr, u16 port)
{
	struct sockaddr_in name = {
		.sin_family	 = addr ? AF_INET : AF_UNSPEC,
		.sin_port	 = htons(port),
		.sin_addr.s_addr = htonl(addr),
	};

	return kernel_connect(sk->sk_socket, (struct sockaddr *)&name,
			      sizeof(name), 0);
}

/* Connected beats bound to the address beats bound to none. */
static void who_is_found(struct kunit *test)
{
	struct eudp_key key = test_key();
	struct sock *any, *bound, *peer;

	any = eudp_test_sock(test);
	bound = eudp_test_sock(test);
	peer = eudp_test_sock(test);
	any->sk_reuse = 1;
	bound->sk_reuse = 1;
	peer->sk_reuse = 1;
	key.dport = htons(41042);

	KUNIT_EXPECT_PTR_EQ(test, find(&key), NULL);
	KUNIT_ASSERT_EQ(test, eudp_test_bind(any, 0, 41042), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), any);
	KUNIT_ASSERT_EQ(test, eudp_test_bind(bound, ME, 41042), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), bound);
	KUNIT_ASSERT_EQ(test, eudp_test_bind(peer, ME, 41042), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), peer);
	KUNIT_ASSERT_EQ(test, test_connect(peer, PEER, 99), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), peer);

	key.sport = htons(98);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), bound);
	/* port 0 is every port of the peer */
	KUNIT_ASSERT_EQ(test, test_connect(peer, PEER, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), peer);
	KUNIT_EXPECT_EQ(test, eudp_net(&init_net)->table.rivals, 1);
	KUNIT_ASSERT_EQ(test, test_connect(peer, 0, 0), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), peer);
	KUNIT_EXPECT_EQ(test, eudp_net(&init_net)->table.rivals, 0);
	KUNIT_EXPECT_EQ(test, connected_on(key.dport), 0);

	key.daddr = htonl(OTHER);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), any);
	key.dport = htons(41043);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), NULL);
}

/* A socket that is connected stays so when SO_BINDTODEVICE comes later. */
static void device_of_a_connected(struct kunit *test)
{
	struct eudp_key key = test_key();
	struct sock *sk[2];
	int i;

	key.dport = htons(41045);
	for (i = 0; i < ARRAY_SIZE(sk); i++) {
		sk[i] = eudp_test_sock(test);
		sk[i]->sk_reuse = 1;
		KUNIT_ASSERT_EQ(test, eudp_test_bind(sk[i], ME, 41045), 0);
		KUNIT_ASSERT_EQ(test, test_connect(sk[i], PEER, 99), 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, find(&key), sk[1]);

	lock_sock(sk[0]);
	sk[0]->sk_bound_dev_if = DEV;
	sk[0]->sk_prot->rehash(sk[0]);
	release_sock(sk[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), sk[0]);
	KUNIT_EXPECT_EQ(test, connected_on(key.dport), 2);
	key.dif++;
	KUNIT_EXPECT_PTR_EQ(test, find(&key), sk[1]);

	/* and gets no younger by that */
	key.dif--;
	lock_sock(sk[0]);
	sk[0]->sk_bound_dev_if = 0;
	sk[0]->sk_prot->rehash(sk[0]);
	release_sock(sk[0]);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), sk[1]);
}

/*
 * IP sets the local address and calls rehash later (connect), or we reset it
 * and do so later (disconnect): a datagram between the two is not lost. But
 * what is not where it should be is looked for only then.
 */
static void found_before_rehash(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct eudp_key key = test_key();
	int i;

	key.dport = htons(41046);
	KUNIT_ASSERT_EQ(test, eudp_test_bind(sk, 0, 41046), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), sk);

	for (i = 0; i < 2; i++) {
		lock_sock(sk);
		eudp_begin_move(sk);
		inet_sk(sk)->inet_rcv_saddr = i ? 0 : key.daddr;
		KUNIT_EXPECT_PTR_EQ(test, find(&key), sk);
		eudp_rehash(sk);
		KUNIT_EXPECT_PTR_EQ(test, find(&key), sk);
		eudp_end_move(sk, false);
		release_sock(sk);
		KUNIT_EXPECT_PTR_EQ(test, find(&key), sk);
	}

	inet_sk(sk)->inet_rcv_saddr = key.daddr;
	KUNIT_EXPECT_NULL(test, find(&key));
	inet_sk(sk)->inet_rcv_saddr = 0;
}

/* Each of many sockets that share address and port is found by its peer. */
static void each_by_its_peer(struct kunit *test)
{
	struct eudp_key key = test_key();
	struct sock *sk[50];
	int i;

	key.dport = htons(41044);
	for (i = 0; i < ARRAY_SIZE(sk); i++) {
		sk[i] = eudp_test_sock(test);
		sk[i]->sk_reuse = 1;
		KUNIT_ASSERT_EQ(test, eudp_test_bind(sk[i], ME, 41044), 0);
		KUNIT_ASSERT_EQ(test, test_connect(sk[i], PEER, 1000 + i), 0);
	}
	KUNIT_EXPECT_EQ(test, connected_on(key.dport), ARRAY_SIZE(sk));
	for (i = 0; i < ARRAY_SIZE(sk); i++) {
		key.sport = htons(1000 + i);
		KUNIT_EXPECT_PTR_EQ(test, find(&key), sk[i]);
	}
	key.sport = htons(999);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), NULL);
}

static struct kunit_case lookup_cases[] = {
	KUNIT_CASE_PARAM(scores, score_gen_params),
	KUNIT_CASE(score_of_this_cpu),
	KUNIT_CASE(who_is_found),
	KUNIT_CASE(device_of_a_connected),
	KUNIT_CASE(found_before_rehash),
	KUNIT_CASE(each_by_its_peer),
	{}
};

static int bring_lo_up(struct kunit_suite *suite)
{
	int err;

	rtnl_lock();
	err = dev_change_flags(init_net.loopback_dev,
			       init_net.loopback_dev->flags | IFF_UP, NULL);
	rtnl_unlock();
	return err;
}

static struct kunit_suite lookup_suite = {
	.name = "eudp_lookup",
	.suite_init = bring_lo_up,
	.test_cases = lookup_cases,
};

kunit_test_suite(lookup_suite);
