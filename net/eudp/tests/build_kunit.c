// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of build.c and input.c: the header and the checksum of a
 * datagram, made and checked.
 */
#include <linux/netdevice.h>
#include <linux/udp.h>
#include <linux/uio.h>
#include <net/checksum.h>
#include <net/dst.h>
#include "kunit.h"

#define FROM	IP(10, 1, 2, 3)
#define TO	IP(10, 4, 5, 6)

struct build_case {
	const char *desc;
	size_t len;
	bool loopback;
	bool no_check;
};

static const struct build_case build_cases[] = {
	{ "empty",			0 },
	{ "one byte",			1 },
	{ "odd",			1399 },
	{ "even",			1400 },
	{ "last in one piece",		3000 },
	{ "in pages",			5000 },
	{ "odd in pages",		8191 },
	{ "in many pages",		40001 },
	{ "greatest",			65507 },
	{ "by the device",		1400, true },
	{ "in pages by the device",	50000, true },
	{ "no checksum",		1400, false, true },
	{ "no checksum on loopback",	1400, true, true },
};

KUNIT_ARRAY_PARAM_DESC(build, build_cases, desc);

/* Never registered: only what an skb for it must be like counts */
static struct net_device *test_device(struct kunit *test)
{
	struct net_device *dev = kunit_kzalloc(test, sizeof(*dev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, dev);
	dev->hard_header_len = 14;
	return dev;
}

/* The sum over pseudo header and datagram; 0 if the checksum is right */
static u16 wire_sum(const struct sk_buff *skb)
{
	int at = skb_transport_offset(skb);
	int len = skb->len - at;

	return (__force u16)csum_tcpudp_magic(htonl(FROM), htonl(TO), len,
					      IPPROTO_EUDP,
					      skb_checksum(skb, at, len, 0));
}

static u8 pattern(size_t i)
{
	return i * 7 + i / 251;
}

static void builds(struct kunit *test)
{
	const struct build_case *c = test->param_value;
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = {
		.msg = &msg, .len = c->len, .dst = &dst,
		.saddr = htonl(FROM), .daddr = htonl(TO),
		.sport = htons(1234), .dport = htons(4321),
	};
	struct sk_buff *skb;
	struct udphdr *uh;
	struct kvec vec;
	u8 *data, *copy;
	size_t i;

	dst.dev->flags = c->loopback ? IFF_LOOPBACK : 0;
	sk->sk_no_check_tx = c->no_check;
	data = kunit_kmalloc(test, c->len + 1, GFP_KERNEL);
	copy = kunit_kmalloc(test, c->len + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i < c->len; i++)
		data[i] = pattern(i);
	vec = (struct kvec) { .iov_base = data, .iov_len = c->len };
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, c->len);

	skb = eudp_build(sk, &packet, &eudp4_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
	uh = udp_hdr(skb);
	KUNIT_EXPECT_EQ(test, skb->len, 20 + 8 + c->len);
	KUNIT_EXPECT_EQ(test, skb_network_offset(skb), 0);
	KUNIT_EXPECT_EQ(test, skb_transport_offset(skb), 20);
	KUNIT_EXPECT_GE(test, skb_headroom(skb), 14);
	KUNIT_EXPECT_EQ(test, ntohs(uh->source), 1234);
	KUNIT_EXPECT_EQ(test, ntohs(uh->dest), 4321);
	KUNIT_EXPECT_EQ(test, ntohs(uh->len), 8 + c->len);
	KUNIT_EXPECT_EQ(test, 0, skb_copy_bits(skb, 28, copy, c->len));
	KUNIT_EXPECT_EQ(test, 0, memcmp(data, copy, c->len));

	if (c->no_check) {
		KUNIT_EXPECT_EQ(test, (__force u16)uh->check, 0);
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_NONE);
	} else if (c->loopback) {
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, 0, skb_checksum_help(skb));
		KUNIT_EXPECT_EQ(test, wire_sum(skb), 0);
	} else {
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_NONE);
		KUNIT_EXPECT_EQ(test, wire_sum(skb), 0);
	}
	kfree_skb(skb);
}

/* RFC 768: a checksum that is 0 is sent as all ones, 0 stands for none. */
static void zero_is_all_ones(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = {
		.msg = &msg, .len = 2, .dst = &dst,
	};
	__sum16 data = 0;
	struct kvec vec = { .iov_base = &data, .iov_len = sizeof(data) };
	struct sk_buff *skb;
	int round;

	/* The checksum of a datagram of two zeros, as payload, makes it 0 */
	for (round = 0; round < 2; round++) {
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1,
			      sizeof(data));
		skb = eudp_build(sk, &packet, &eudp4_ops);
		KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
		if (!round)
			data = udp_hdr(skb)->check;
		else
			KUNIT_EXPECT_EQ(test,
					(__force u16)udp_hdr(skb)->check,
					0xffff);
		kfree_skb(skb);
	}
}

/* A fault in the payload: nothing is left behind, of the buffer neither. */
static void faulty_payload(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = { .msg = &msg, .len = 100, .dst = &dst };
	struct kvec vec = { .iov_base = &dst, .iov_len = 10 };
	struct sk_buff *skb;

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, 10);
	skb = eudp_build(sk, &packet, &eudp4_ops);
	KUNIT_EXPECT_EQ(test, PTR_ERR(skb), -EFAULT);
	KUNIT_EXPECT_EQ(test, sk_wmem_alloc_get(sk), 0);
}

struct check_case {
	const char *desc;
	size_t len;
	u8 summed;
	bool broken;		/* the payload */
	bool device_wrong;	/* the sum that the device made */
	bool dropped;		/* at once */
	bool found;		/* or when it is received */
};

static const struct check_case check_cases[] = {
	{ "right", 500, CHECKSUM_NONE },
	{ "right, short", 10, CHECKSUM_NONE },
	{ "wrong", 500, CHECKSUM_NONE, .broken = true, .found = true },
	{ "wrong, short", 10, CHECKSUM_NONE, .broken = true, .dropped = true },
	{ "verified by the device", 500, CHECKSUM_UNNECESSARY, .broken = true },
	{ "from this host", 500, CHECKSUM_PARTIAL, .broken = true },
	{ "summed by the device", 500, CHECKSUM_COMPLETE },
	{ "summed by the device, wrong", 500, CHECKSUM_COMPLETE,
	  .broken = true, .found = true },
	{ "summed wrongly by the device", 500, CHECKSUM_COMPLETE,
	  .device_wrong = true },
};

KUNIT_ARRAY_PARAM_DESC(check, check_cases, desc);

/* A right datagram as IP hands it over, its data at the UDP header */
static struct sk_buff *incoming(struct kunit *test, size_t len)
{
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = {
		.msg = &msg, .len = len, .dst = &dst,
		.saddr = htonl(FROM), .daddr = htonl(TO),
	};
	u8 *data = kunit_kzalloc(test, len, GFP_KERNEL);
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(test, data);
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	skb = eudp_build(eudp_test_sock(test), &packet, &eudp4_ops);
	KUNIT_ASSERT_FALSE(test, IS_ERR(skb));
	skb_orphan(skb);
	ip_hdr(skb)->saddr = packet.saddr;
	ip_hdr(skb)->daddr = packet.daddr;
	skb_pull(skb, sizeof(struct iphdr));
	return skb;
}

static void checks(struct kunit *test)
{
	const struct check_case *c = test->param_value;
	struct sk_buff *skb = incoming(test, c->len);

	skb->data[sizeof(struct udphdr)] ^= c->broken;
	skb->ip_summed = c->summed;
	if (c->summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(skb_checksum(skb, 0, skb->len, 0),
				     (__force __wsum)c->device_wrong);
	if (c->summed == CHECKSUM_PARTIAL)
		skb->csum_start = skb_transport_header(skb) - skb->head;

	KUNIT_EXPECT_EQ(test, eudp4_ops.check(skb) != 0, c->dropped);
	if (!c->dropped)
		KUNIT_EXPECT_EQ(test, eudp_checksum_wrong(skb), c->found);
	kfree_skb(skb);
}

static struct kunit_case build_test_cases[] = {
	KUNIT_CASE_PARAM(builds, build_gen_params),
	KUNIT_CASE(zero_is_all_ones),
	KUNIT_CASE(faulty_payload),
	KUNIT_CASE_PARAM(checks, check_gen_params),
	{}
};

static struct kunit_suite build_suite = {
	.name = "eudp_build",
	.test_cases = build_test_cases,
};

kunit_test_suite(build_suite);
