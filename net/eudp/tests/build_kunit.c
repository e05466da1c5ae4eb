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
	unsigned int mtu;	/* 65536 if not given */
	size_t part;		/* bytes at a time, if it comes in parts */
	unsigned int more;	/* bytes of header that only fragments have */
	unsigned int once;	/* and that only the first one has */
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
	{ "as much as fits",		1472, .mtu = 1500 },
	{ "one byte more",		1473, .mtu = 1500 },
	{ "in fragments",		8192, .mtu = 1500 },
	{ "in many fragments",		65507, .mtu = 576 },
	{ "in fragments in pages",	65507, .mtu = 9000 },
	{ "in fragments, no checksum",	8192, .mtu = 1500, .no_check = true },
	{ "odd parts",			4000, .part = 7 },
	{ "great parts",		65507, .part = 9999 },
	{ "bytes",			3000, .part = 1 },
	{ "parts of fragments",		6001, .mtu = 1499, .part = 333 },
	{ "bytes of fragments",		6001, .mtu = 1499, .part = 1 },
	{ "parts of fragments in pages", 65507, .mtu = 9001, .part = 1000 },
	{ "parts by the device",	5000, true, .part = 100 },
	{ "parts, no checksum",		5000, .no_check = true, .part = 101 },
	/* as IPv6 has it */
	{ "as much as fits, more",	1472, .mtu = 1500, .more = 8 },
	{ "one byte more, more",	1473, .mtu = 1500, .more = 8 },
	{ "in fragments, more",		8192, .mtu = 1500, .more = 8 },
	{ "odd MTU, more",		8192, .mtu = 1503, .more = 8 },
	{ "in fragments, once",		8192, .mtu = 1501, .more = 8,
	  .once = 24 },
	{ "parts of fragments, more",	6001, .mtu = 1499, .part = 333,
	  .more = 8 },
	{ "bytes of fragments, once",	6001, .mtu = 1500, .part = 1,
	  .more = 8, .once = 1400 },
	{ "parts of fragments in pages, once", 65000, .mtu = 9003,
	  .part = 1000, .more = 8, .once = 16 },
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

/* What eudp_sendmsg() and eudp4_route() fill in */
static struct eudp_packet test_packet(struct msghdr *msg, size_t len,
				      struct dst_entry *dst)
{
	return (struct eudp_packet) {
		.af = &eudp4_ops, .msg = msg, .len = len, .dst = dst,
		.saddr = htonl(FROM), .daddr = htonl(TO),
		.sport = htons(1234), .dport = htons(4321),
		.header_len = sizeof(struct iphdr),
		.whole_len = sizeof(struct iphdr),
		.fragment_len = sizeof(struct iphdr), .mtu = 65536,
	};
}

/* Builds it from parts, or at once if there is no @part */
static int build(struct sock *sk, struct eudp_packet *packet, size_t part)
{
	size_t left = packet->len;
	int err;

	packet->corked = part;
	packet->len = part ?: left;
	err = eudp_begin(sk, packet);
	if (err)
		return err;
	do {
		packet->len = min(packet->len, left);
		left -= packet->len;
		err = eudp_append(sk, packet);
	} while (!err && left);

	if (err)
		kfree_skb(packet->skb);
	else
		eudp_finish(sk, packet);
	return err;
}

/* Each fragment is as IP wants it, so that it need not copy */
static void expect_fragments(struct kunit *test, const struct sk_buff *skb,
			     unsigned int mtu, unsigned int header)
{
	struct sk_buff *frag;

	if (skb->len <= mtu && !skb_has_frag_list(skb))
		return;
	KUNIT_EXPECT_TRUE(test, skb_has_frag_list(skb));
	KUNIT_EXPECT_LE(test, skb_pagelen(skb) - 20, mtu - header);
	KUNIT_EXPECT_EQ(test, (skb_pagelen(skb) - 20) % 8, 0);
	KUNIT_EXPECT_GE(test, skb_headroom(skb), 14 + header - 20);
	skb_walk_frags(skb, frag) {
		KUNIT_EXPECT_LE(test, frag->len, mtu - header);
		KUNIT_EXPECT_GE(test, skb_headroom(frag), 14 + header);
		if (frag->next)
			KUNIT_EXPECT_EQ(test, frag->len % 8, 0);
	}
}

static void expect_checksum(struct kunit *test, const struct build_case *c,
			    struct sk_buff *skb)
{
	if (c->no_check) {
		KUNIT_EXPECT_EQ(test, (__force u16)udp_hdr(skb)->check, 0);
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_NONE);
		return;
	}
	if (c->loopback) {
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, 0, skb_checksum_help(skb));
	} else {
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_NONE);
	}
	KUNIT_EXPECT_EQ(test, wire_sum(skb), 0);
}

static void builds(struct kunit *test)
{
	const struct build_case *c = test->param_value;
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = test_packet(&msg, c->len, &dst);
	struct sk_buff *skb;
	struct udphdr *uh;
	struct kvec vec;
	u8 *data, *copy;
	size_t i;

	dst.dev->flags = c->loopback ? IFF_LOOPBACK : 0;
	packet.no_check = c->no_check;
	packet.header_len += c->once;
	packet.fragment_len += c->more;
	if (c->mtu)
		packet.mtu = c->mtu;
	data = kunit_kmalloc(test, c->len + 1, GFP_KERNEL);
	copy = kunit_kmalloc(test, c->len + 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	for (i = 0; i < c->len; i++)
		data[i] = pattern(i);
	vec = (struct kvec) { .iov_base = data, .iov_len = c->len };
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, c->len);

	KUNIT_ASSERT_EQ(test, 0, build(sk, &packet, c->part));
	skb = packet.skb;
	uh = udp_hdr(skb);
	KUNIT_EXPECT_EQ(test, skb->len, 20 + c->once + 8 + c->len);
	KUNIT_EXPECT_EQ(test, skb_network_offset(skb), 0);
	KUNIT_EXPECT_EQ(test, skb_transport_offset(skb), 20 + c->once);
	KUNIT_EXPECT_GE(test, skb_headroom(skb), 14);
	KUNIT_EXPECT_EQ(test, ntohs(uh->source), 1234);
	KUNIT_EXPECT_EQ(test, ntohs(uh->dest), 4321);
	KUNIT_EXPECT_EQ(test, ntohs(uh->len), 8 + c->len);
	KUNIT_EXPECT_EQ(test, 0, skb_copy_bits(skb, 28 + c->once, copy,
					       c->len));
	KUNIT_EXPECT_EQ(test, 0, memcmp(data, copy, c->len));
	KUNIT_EXPECT_EQ(test, sk_wmem_alloc_get(sk), skb->truesize);
	expect_fragments(test, skb, packet.mtu, packet.fragment_len);
	expect_checksum(test, c, skb);
	kfree_skb(skb);
	KUNIT_EXPECT_EQ(test, sk_wmem_alloc_get(sk), 0);
}

/* RFC 768: a checksum that is 0 is sent as all ones, 0 stands for none. */
static void zero_is_all_ones(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	__sum16 data = 0;
	struct kvec vec = { .iov_base = &data, .iov_len = sizeof(data) };
	struct eudp_packet packet;
	int round;

	/* The checksum of a datagram of two zeros, as payload, makes it 0 */
	for (round = 0; round < 2; round++) {
		iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1,
			      sizeof(data));
		packet = test_packet(&msg, sizeof(data), &dst);
		KUNIT_ASSERT_EQ(test, 0, build(sk, &packet, 0));
		if (round)
			KUNIT_EXPECT_EQ(test, 0xffff,
					(__force u16)udp_hdr(packet.skb)->check);
		data = udp_hdr(packet.skb)->check;
		kfree_skb(packet.skb);
	}
}

/* A fault in the payload: nothing is left behind, of the buffer neither. */
static void faulty_payload(struct kunit *test)
{
	struct sock *sk = eudp_test_sock(test);
	struct dst_entry dst = { .dev = test_device(test) };
	struct msghdr msg = {};
	struct eudp_packet packet = test_packet(&msg, 100, &dst);
	struct kvec vec = { .iov_base = &dst, .iov_len = 10 };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, 10);
	KUNIT_EXPECT_EQ(test, build(sk, &packet, 0), -EFAULT);
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
	struct eudp_packet packet = test_packet(&msg, len, &dst);
	u8 *data = kunit_kzalloc(test, len, GFP_KERNEL);
	struct kvec vec = { .iov_base = data, .iov_len = len };
	struct sk_buff *skb;

	KUNIT_ASSERT_NOT_NULL(test, data);
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, len);
	KUNIT_ASSERT_EQ(test, 0, build(eudp_test_sock(test), &packet, 0));
	skb = packet.skb;
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
