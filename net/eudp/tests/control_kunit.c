// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of ipv4_options.c: control messages, right and wrong ones, and
 * what the IP header gets of options.
 */
#include <linux/ip.h>
#include <linux/socket.h>
#include <net/ip.h>
#include "kunit.h"

struct control_case {
	const char *desc;
	int level;
	int type;
	size_t len;		/* of the value */
	int value;
	int err;
	int ttl;		/* what came of it */
	int tos;
};

static const struct control_case control_cases[] = {
	{ "TTL, least",	   SOL_IP, IP_TTL, 4, 1, 0, 1, -1 },
	{ "TTL, most",	   SOL_IP, IP_TTL, 4, 255, 0, 255, -1 },
	{ "TTL 0",	   SOL_IP, IP_TTL, 4, 0, -EINVAL, 0, -1 },
	{ "TTL 256",	   SOL_IP, IP_TTL, 4, 256, -EINVAL, 0, -1 },
	{ "TTL below 0",   SOL_IP, IP_TTL, 4, -1, -EINVAL, 0, -1 },
	{ "TTL, a byte",   SOL_IP, IP_TTL, 1, 1, -EINVAL, 0, -1 },
	{ "TTL, too long", SOL_IP, IP_TTL, 8, 1, -EINVAL, 0, -1 },
	{ "TTL, nothing",  SOL_IP, IP_TTL, 0, 1, -EINVAL, 0, -1 },
	{ "TOS",	   SOL_IP, IP_TOS, 4, 0x10, 0, 0, 0x10 },
	{ "TOS, a byte",   SOL_IP, IP_TOS, 1, 0xff, 0, 0, 0xff },
	{ "TOS 0",	   SOL_IP, IP_TOS, 4, 0, 0, 0, 0 },
	{ "TOS 256",	   SOL_IP, IP_TOS, 4, 256, -EINVAL, 0, -1 },
	{ "TOS below 0",   SOL_IP, IP_TOS, 4, -1, -EINVAL, 0, -1 },
	{ "TOS, short",	   SOL_IP, IP_TOS, 2, 1, -EINVAL, 0, -1 },
	{ "protocol",	   SOL_IP, IP_PROTOCOL, 4, 17, 0, 0, -1 },
	{ "protocol 0",	   SOL_IP, IP_PROTOCOL, 4, 0, -EINVAL, 0, -1 },
	{ "protocol 256",  SOL_IP, IP_PROTOCOL, 4, 256, -EINVAL, 0, -1 },
	{ "packet info, short", SOL_IP, IP_PKTINFO, 8, 0, -EINVAL, 0, -1 },
	{ "unknown",	   SOL_IP, 99, 4, 0, -EINVAL, 0, -1 },
	{ "another level", SOL_TCP, IP_TTL, 4, 0, 0, 0, -1 },
};

KUNIT_ARRAY_PARAM_DESC(control, control_cases, desc);

/* A control message with a value of @len bytes */
static struct cmsghdr *message(struct kunit *test, int level, int type,
			       const void *value, size_t len)
{
	struct cmsghdr *cmsg = kunit_kzalloc(test, CMSG_SPACE(len) + 8,
					     GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cmsg);
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), value, len);
	return cmsg;
}

static void controls(struct kunit *test)
{
	const struct control_case *c = test->param_value;
	struct eudp_packet packet = { .tos = -1 };
	struct sock *sk = eudp_test_sock(test);
	__le32 value[2] = { cpu_to_le32(c->value) };
	int number[2] = { c->value };
	struct cmsghdr *cmsg;

	/* a byte is the lowest one, whatever the order of bytes */
	cmsg = message(test, c->level, c->type,
		       c->len == 1 ? (void *)value : (void *)number, c->len);
	KUNIT_EXPECT_EQ(test, eudp4_control(sk, &packet, cmsg), c->err);
	KUNIT_EXPECT_EQ(test, packet.ttl, c->ttl);
	KUNIT_EXPECT_EQ(test, packet.tos, c->tos);
}

static void packet_info(struct kunit *test)
{
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(0x0a010203) };
	struct eudp_packet packet = { .oif = 7, .saddr = htonl(1) };
	struct sock *sk = eudp_test_sock(test);
	struct cmsghdr *cmsg = message(test, SOL_IP, IP_PKTINFO, &info,
				       sizeof(info));

	/* no device: that of the socket stays */
	KUNIT_EXPECT_EQ(test, eudp4_control(sk, &packet, cmsg), 0);
	KUNIT_EXPECT_EQ(test, packet.oif, 7);
	KUNIT_EXPECT_EQ(test, ntohl(packet.saddr), 0x0a010203);

	/* no address: any */
	info = (struct in_pktinfo) { .ipi_ifindex = 3 };
	cmsg = message(test, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	KUNIT_EXPECT_EQ(test, eudp4_control(sk, &packet, cmsg), 0);
	KUNIT_EXPECT_EQ(test, packet.oif, 3);
	KUNIT_EXPECT_EQ(test, ntohl(packet.saddr), 0);
}

struct options_case {
	const char *desc;
	u8 given[8];
	size_t len;
	int err;
	u8 written[8];		/* behind the header, from 10.1.2.3 */
	size_t optlen;
};

static const struct options_case options_cases[] = {
	{ "none", {}, 0, 0, {}, 0 },
	{ "no operation", { 1 }, 1, 0, { 1, 0, 0, 0 }, 4 },
	{ "record route", { 7, 7, 4 }, 7, 0, { 7, 7, 8, 10, 1, 2, 3, 0 }, 8 },
	{ "record route, full", { 7, 3, 4 }, 3, 0, { 7, 3, 4, 0 }, 4 },
	{ "record route, bad pointer", { 7, 7, 3 }, 7, -EINVAL },
	{ "too short", { 7, 1 }, 2, -EINVAL },
	{ "longer than it is", { 7, 11, 4 }, 7, -EINVAL },
	{ "loose source route", { 131, 7, 4, 192, 0, 2, 1 }, 7, 0,
	  { 131, 7, 4, 192, 0, 2, 9, 0 }, 8 },
};

KUNIT_ARRAY_PARAM_DESC(options, options_cases, desc);

static void options(struct kunit *test)
{
	const struct options_case *c = test->param_value;
	struct eudp_packet packet = {
		.saddr = htonl(IP(10, 1, 2, 3)),
		.daddr_last = htonl(IP(192, 0, 2, 9)),
	};
	struct sock *sk = eudp_test_sock(test);
	struct cmsghdr *cmsg = message(test, SOL_IP, IP_RETOPTS, c->given,
				       c->len);
	struct sk_buff *skb;

	KUNIT_ASSERT_EQ(test, eudp4_control(sk, &packet, cmsg), c->err);
	if (c->err)
		return;

	skb = alloc_skb(64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	skb_put_zero(skb, 64);
	eudp4_write_options(skb, &packet);
	KUNIT_EXPECT_TRUE(test, packet.has_options);
	KUNIT_EXPECT_EQ(test, packet.options.opt.opt.optlen, c->optlen);
	KUNIT_EXPECT_EQ(test, 0, memcmp(skb->data + sizeof(struct iphdr),
					c->written, sizeof(c->written)));
	kfree_skb(skb);
}

static struct kunit_case control_test_cases[] = {
	KUNIT_CASE_PARAM(controls, control_gen_params),
	KUNIT_CASE(packet_info),
	KUNIT_CASE_PARAM(options, options_gen_params),
	{}
};

static struct kunit_suite control_suite = {
	.name = "eudp_control",
	.test_cases = control_test_cases,
};

kunit_test_suite(control_suite);
