// SPDX-License-Identifier: GPL-2.0
/* One call that sends many datagrams: UDP_SEGMENT of udp(7) */
#include "tun.h"
#include "train.h"
#include <linux/errqueue.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/mroute.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/ip6.h>
#include <pthread.h>
#include <sys/mman.h>

#ifndef SO_NO_CHECK
#define SO_NO_CHECK	11
#endif

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

/* Or devices would say of themselves that they are there */
#define NO_IPV6	"/proc/sys/net/ipv6/conf/default/disable_ipv6"

/* Over lo, by either version of IP, and what is seen elsewhere, by IPv4 */
EUDP_BOTH_FIXTURE(gso)
EUDP_FIXTURE(gso_wire)
EUDP6_FIXTURE(gso6_wire)

/* The most that one datagram, or a train, can carry */
static int most(const struct door *door)
{
	return door->version == AF_INET6 ? 65527 : MAX_PAYLOAD;
}

static int no_checksum(int fd, const struct door *door)
{
	return door->version == AF_INET6 ?
	       err_of(set_int(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, 1)) :
	       err_of(set_int(fd, SOL_SOCKET, SO_NO_CHECK, 1));
}

/* A receiver at port 7 of lo, and a sender to it */
static void __pair(struct __test_metadata *_metadata, const struct door *door,
		   int *rx, int *tx)
{
	*rx = __bound(_metadata, __sock(_metadata, door->family,
					door->protocol), door->lo, 7);
	*tx = __joined(_metadata, __sock(_metadata, door->family,
					 door->protocol), door->lo, 7);
}

#define pair(rx, tx) __pair(_metadata, &variant->door, rx, tx)

static int segment(int fd, int value)
{
	return err_of(set_int(fd, IPPROTO_UDP, UDP_SEGMENT, value));
}

/* The option, as any of an int, but for its range */
TEST_F(gso, option)
{
	static const struct {
		int value, len, err, got;
	} cases[] = {
		{ 1, 4, 0, 1 }, { 0, 4, 0, 0 }, { 1400, 4, 0, 1400 },
		{ 65535, 4, 0, 65535 }, { 65536, 4, EINVAL, 65535 },
		{ -1, 4, EINVAL, 65535 }, { INT_MAX, 4, EINVAL, 65535 },
		{ INT_MIN, 4, EINVAL, 65535 }, { 9, 3, EINVAL, 65535 },
		{ 9, 2, EINVAL, 65535 }, { 9, 0, EINVAL, 65535 },
		{ 9, -1, EINVAL, 65535 }, { 9, 8, 0, 9 },
	};
	int fd = sock(), value[2] = {};
	socklen_t len = 2;
	unsigned int i;

	EXPECT_EQ(0, get_int(fd, IPPROTO_UDP, UDP_SEGMENT));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		value[0] = cases[i].value;
		EXPECT_EQ(cases[i].err,
			  err_of(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT,
					    value, cases[i].len)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].got, get_int(fd, IPPROTO_UDP, UDP_SEGMENT))
			TH_LOG("case %d", i);
	}
	EXPECT_EQ(0, segment(fd, 0x1234));
	value[0] = -1;
	EXPECT_EQ(0, getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, value, &len));
	EXPECT_EQ(2, len);
	EXPECT_EQ(0xffff1234, value[0]);
}

/* How long the control message may be, and what else there is of its level */
TEST_F(gso, control)
{
	static const struct {
		int type, len, err;
	} cases[] = {
		{ UDP_SEGMENT, 2, 0 },
		{ UDP_SEGMENT, 0, EINVAL }, { UDP_SEGMENT, 1, EINVAL },
		{ UDP_SEGMENT, 3, EINVAL }, { UDP_SEGMENT, 4, EINVAL },
		{ UDP_GRO, 2, EINVAL }, { UDP_CORK, 2, EINVAL },
	};
	struct iovec iov = { (void *)pattern(), 1000 };
	char control[CMSG_SPACE(8)];
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	__u16 value = 300;
	unsigned int i;
	int rx, tx;

	pair(&rx, &tx);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(control, 0, sizeof(control));
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = cases[i].type;
		c->cmsg_len = CMSG_LEN(cases[i].len);
		memcpy(CMSG_DATA(c), &value, sizeof(value));
		EXPECT_EQ(cases[i].err, err_of(sendmsg(tx, &msg, 0)))
			TH_LOG("case %d", i);
		if (!cases[i].err)
			expect_parts(rx, 1000, 300);
	}
	EXPECT_EQ(EAGAIN, silent(rx));
}

/* A control message counts for its datagram, the option for the others. */
TEST_F(gso, control_before_option)
{
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, segment(tx, 400));
	EXPECT_EQ(0, send_train(tx, 1000, 300));
	expect_parts(rx, 1000, 300);
	EXPECT_EQ(0, send_train(tx, 1000, -1));
	expect_parts(rx, 1000, 400);
	EXPECT_EQ(0, send_train(tx, 1000, 0));
	expect_parts(rx, 1000, 1000);
	ASSERT_EQ(0, segment(tx, 0));
	EXPECT_EQ(0, send_train(tx, 1000, -1));
	expect_parts(rx, 1000, 1000);
	if (variant->door.wire == IPPROTO_EUDP) {
		/* all of UDP's options are at our own level too */
		EXPECT_EQ(0, __send_train(tx, NULL, 1000, 300, 0, SOL_EUDP));
		expect_parts(rx, 1000, 300);
		EXPECT_EQ(0, set_int(tx, SOL_EUDP, UDP_SEGMENT, 500));
		EXPECT_EQ(500, get_int(tx, SOL_EUDP, UDP_SEGMENT));
	}
}

/* What has lengths that go into segments in all ways */
static const struct {
	int len, segment;
} lengths[] = {
	{ 2, 1 }, { 100, 99 }, { 100, 100 }, { 100, 101 }, { 0, 100 },
	{ 128, 1 }, { 2800, 1400 }, { 2801, 1400 }, { 2799, 1400 },
	{ 2944, 1472 }, { 4096, 512 }, { 4001, 1000 }, { 8193, 1023 },
	{ 47104, 1472 }, { 65507, 1472 }, { 65507, 512 }, { 65507, 1001 },
};

TEST_F_TIMEOUT(gso, lengths, 300)
{
	struct part p;
	unsigned int i;
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(0, send_train(tx, lengths[i].len,
					lengths[i].segment));
		if (!lengths[i].len)
			EXPECT_EQ(0, take_part(rx, &p));
		expect_parts(rx, lengths[i].len, lengths[i].segment);
	}
}

struct wire {
	int len, segment;
	int mtu_discover;	/* or -1 for the default */
	int connected;
	int tos, ttl;		/* or 0 for the default */
};

static void __expect_wire(struct __test_metadata *_metadata, int t, int wire,
			  const struct wire *w)
{
	static struct datagram g;
	int at, want, id = 0;
	bool df;

	df = w->mtu_discover == IP_PMTUDISC_DO;
	for (at = 0; at < w->len; at += want) {
		want = w->len - at;
		if (want > w->segment)
			want = w->segment;
		ASSERT_EQ(want, __next_datagram(_metadata, t, wire, &g));
		ASSERT_EQ(1, g.fragments);
		ASSERT_NE(0, g.h.check);
		ASSERT_EQ(htons(9), g.h.dest);
		ASSERT_TRUE(is_pattern(g.data, at, want));
		ASSERT_EQ(w->tos, g.ip.tos);
		ASSERT_EQ(w->ttl ?: 64, g.ip.ttl);
		ASSERT_EQ(df, !!(ntohs(g.ip.frag_off) & IP_DF));
		if (at)
			ASSERT_EQ((__u16)(id + 1), ntohs(g.ip.id));
		id = ntohs(g.ip.id);
	}
	ASSERT_EQ(-EAGAIN, __next_datagram(_metadata, t, wire, &g));
}

#define expect_wire(t, w) \
	__expect_wire(_metadata, t, variant->door.wire, w)

/* On the wire each is a datagram of its own, good in all. */
TEST_F_TIMEOUT(gso_wire, wire, 300)
{
	static const struct wire cases[] = {
		{ 2944, 1472, -1, 1, 0, 0 },
		{ 2944, 1472, -1, 0, 0, 0 },
		{ 2001, 1000, -1, 1, 0x10, 3 },
		{ 10001, 1000, IP_PMTUDISC_DO, 1, 0xb8, 255 },
		{ 10001, 1000, IP_PMTUDISC_DO, 0, 0, 0 },
		{ 10001, 999, IP_PMTUDISC_DONT, 1, 0, 1 },
		{ 65507, 1001, IP_PMTUDISC_INTERFACE, 0, 0, 0 },
		{ 188416, 1472, -1, 1, 0, 0 },
	};
	struct any_addr to = any_addr(YOU, 9);
	unsigned int i;
	int t = tun(), fd;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct wire *w = &cases[i];

		if (w->len > MAX_PAYLOAD)
			continue;
		fd = sock();
		if (w->connected)
			joined(fd, YOU, 9);
		if (w->mtu_discover >= 0)
			ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER,
					     w->mtu_discover));
		if (w->tos)
			ASSERT_EQ(0, set_int(fd, SOL_IP, IP_TOS, w->tos));
		if (w->ttl)
			ASSERT_EQ(0, set_int(fd, SOL_IP, IP_TTL, w->ttl));
		ASSERT_EQ(0, __send_train(fd, w->connected ? NULL : &to,
					  w->len, w->segment, 0, IPPROTO_UDP));
		expect_wire(t, w);
		close(fd);
	}
}

/* The checksum of RFC 8200 8.1 of @len bytes behind all headers of IPv6 */
static __u16 sum6(const struct ip6_hdr *ip, int protocol, const void *h,
		  int len)
{
	struct {
		struct in6_addr saddr, daddr;
		__u32 len, next;
	} pseudo = { ip->ip6_src, ip->ip6_dst, htonl(len), htonl(protocol) };

	return ~sum(h, len, sum(&pseudo, sizeof(pseudo), 0));
}

/* The same over IPv6, with an extension header: each datagram has it. */
TEST_F(gso6_wire, wire)
{
	/* of 8 bytes, which say PadN */
	static const unsigned char options[] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	struct packet p;
	struct ip6_hdr *ip = (void *)p.bytes;
	struct header h;
	int t = tun(), fd = sock(), at, want, headers, with;

	run("sysctl -qw net.ipv6.conf.tun0.disable_ipv6=0");
	add_address("tun0", "2001:db8::1", 64);
	joined(fd, "2001:db8::2", 9);
	for (with = 0; with < 2; with++) {
		if (with)
			ASSERT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_DSTOPTS,
						options, sizeof(options)));
		headers = sizeof(*ip) + with * sizeof(options);
		EXPECT_EQ(EMSGSIZE, send_train(fd, 3000, 1500 - headers - 7));
		ASSERT_EQ(0, send_train(fd, 10000, 1500 - headers - 8));
		for (at = 0; at < 10000; at += want) {
			want = 1500 - headers - HDR_LEN;
			if (want > 10000 - at)
				want = 10000 - at;
			/* others are of IPv6's own */
			do {
				p.len = read(t, p.bytes, sizeof(p.bytes));
				ASSERT_LT(0, p.len);
			} while (ip->ip6_nxt == IPPROTO_ICMPV6 ||
				 ip->ip6_nxt == IPPROTO_HOPOPTS);
			ASSERT_EQ(headers + HDR_LEN + want, p.len);
			EXPECT_EQ(p.len - sizeof(*ip), ntohs(ip->ip6_plen));
			EXPECT_EQ(with ? IPPROTO_DSTOPTS : variant->door.wire,
				  ip->ip6_nxt);
			memcpy(&h, p.bytes + headers, sizeof(h));
			EXPECT_EQ(HDR_LEN + want, ntohs(h.len));
			EXPECT_NE(0, h.check);
			EXPECT_EQ(0, sum6(ip, variant->door.wire,
					  p.bytes + headers, HDR_LEN + want));
			EXPECT_TRUE(is_pattern(p.bytes + headers + HDR_LEN, at,
					       want));
		}
	}
}

/* What is refused, and which of two reasons is given */
TEST_F(gso_wire, errors)
{
	static const struct {
		int len, segment, no_check, err;
	} cases[] = {
		{ 1472, 1472, 0, 0 },		/* no train, but just fits */
		{ 1473, 1473, 0, EMSGSIZE },
		{ 1473, 2000, 0, EMSGSIZE },
		{ 1472, 2000, 0, 0 },
		{ 1473, 1472, 0, 0 },
		{ 3000, 1473, 0, EMSGSIZE },
		{ 3000, 1500, 0, EMSGSIZE },
		{ 65507, 65535, 0, EMSGSIZE },
		{ 65508, 1000, 0, EMSGSIZE },
		{ 128, 1, 0, 0 },
		{ 129, 1, 0, EINVAL },
		{ 12800, 100, 0, 0 },
		{ 12801, 100, 0, EINVAL },
		{ 65507, 511, 0, EINVAL },
		{ 65507, 512, 0, 0 },
		/* without checksum there are none, even of one datagram */
		{ 100, 50, 1, EINVAL },
		{ 100, 100, 1, EINVAL },
		{ 10, 100, 1, EINVAL },
		{ 100, 0, 1, 0 },
		{ 3000, 1473, 1, EMSGSIZE },
		{ 65508, 1000, 1, EMSGSIZE },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK,
				     cases[i].no_check));
		EXPECT_EQ(cases[i].err, send_train(fd, cases[i].len,
						   cases[i].segment))
			TH_LOG("case %d", i);
		EXPECT_EQ(!cases[i].err,
			  next_packet(t, variant->door.wire, &p) > 0)
			TH_LOG("case %d", i);
		while (next_packet(t, variant->door.wire, &p))
			;
	}
}

/* Whether the error queue has an entry, and the path MTU that it tells */
static int mtu_of_error(int fd)
{
	char control[512];
	struct msghdr msg = { .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct sock_extended_err *ee;
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	ee = (void *)CMSG_DATA(c);
	return ee->ee_errno == EMSGSIZE ? ee->ee_info : -1;
}

/* The error queue hears only of what is too long for IP. */
TEST_F(gso_wire, error_queue)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	ASSERT_LE(0, t);
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, send_train(fd, 3000, 1473));
	EXPECT_EQ(-EAGAIN, mtu_of_error(fd));
	EXPECT_EQ(EINVAL, send_train(fd, 300, 1));
	EXPECT_EQ(-EAGAIN, mtu_of_error(fd));
	EXPECT_EQ(EMSGSIZE, send_train(fd, 65508, 1472));
	EXPECT_EQ(65535, mtu_of_error(fd));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(EMSGSIZE, send_train(fd, 65508, 1472));
	EXPECT_EQ(65535, mtu_of_error(fd));
	EXPECT_EQ(EMSGSIZE, send_train(fd, 2000, 0));
	EXPECT_EQ(1500, mtu_of_error(fd));
}

/* What cannot be read is not sent, and a rule that comes later does not count */
TEST_F(gso, fault)
{
	void *hole = mmap(NULL, 1 << 17, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int rx, tx;

	ASSERT_NE(MAP_FAILED, hole);
	pair(&rx, &tx);
	ASSERT_EQ(0, segment(tx, 1000));
	EXPECT_EQ(EFAULT, err_of(send(tx, hole, 5000, 0)));
	EXPECT_EQ(EFAULT, err_of(send(tx, hole, 60000, 0)));
	ASSERT_EQ(0, segment(tx, 1));
	EXPECT_EQ(EFAULT, err_of(send(tx, hole, 5000, 0)));
	EXPECT_EQ(EMSGSIZE, err_of(send(tx, hole, most(&variant->door) + 1,
					0)));
	EXPECT_EQ(EAGAIN, silent(rx));
	EXPECT_EQ(0, segment(tx, 0));
}

/* MSG_PROBE asks only for the route. */
TEST_F(gso, probe)
{
	int rx, tx;

	pair(&rx, &tx);
	EXPECT_EQ(0, __send_train(tx, NULL, 5000, 1, MSG_PROBE, IPPROTO_UDP));
	EXPECT_EQ(EAGAIN, silent(rx));
}

/* The length of the segments is the one of the first part. */
TEST_F(gso, corked)
{
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, segment(tx, 700));
	EXPECT_EQ(700, send(tx, pattern(), 700, MSG_MORE));
	ASSERT_EQ(0, segment(tx, 100));
	EXPECT_EQ(1300, send(tx, pattern() + 700, 1300, MSG_MORE));
	EXPECT_EQ(8000, send(tx, pattern() + 2000, 8000, 0));
	expect_parts(rx, 10000, 700);

	/* and what a later part says of it is not read */
	EXPECT_EQ(0, __send_train(tx, NULL, 1000, 300, MSG_MORE, IPPROTO_UDP));
	EXPECT_EQ(0, __send_train(tx, NULL, 0, 20, 0, IPPROTO_UDP));
	expect_parts(rx, 1000, 300);

	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
	EXPECT_EQ(60, send(tx, pattern(), 60, 0));
	EXPECT_EQ(60, send(tx, pattern() + 60, 60, 0));
	EXPECT_EQ(EAGAIN, silent(rx));
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
	expect_parts(rx, 120, 100);
}

/* The rules are applied when it is complete; what does not meet them is gone */
TEST_F(gso, corked_errors)
{
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, segment(tx, 1));
	EXPECT_EQ(100, send(tx, pattern(), 100, MSG_MORE));
	EXPECT_EQ(EINVAL, err_of(send(tx, pattern(), 100, 0)));
	EXPECT_EQ(100, send(tx, pattern(), 100, MSG_MORE));
	EXPECT_EQ(28, send(tx, pattern() + 100, 28, 0));
	expect_parts(rx, 128, 1);

	/* nobody is told if that is by the option */
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
	EXPECT_EQ(100, send(tx, pattern(), 100, 0));
	EXPECT_EQ(100, send(tx, pattern(), 100, 0));
	EXPECT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
	EXPECT_EQ(EAGAIN, silent(rx));

	ASSERT_EQ(0, segment(tx, 1000));
	EXPECT_EQ(65000, send(tx, pattern(), 65000, MSG_MORE));
	EXPECT_EQ(EMSGSIZE, err_of(send(tx, pattern(),
					most(&variant->door) - 64999,
					MSG_MORE)));
	EXPECT_EQ(10, send(tx, pattern(), 10, 0));
	expect_parts(rx, 10, 10);

	/* SO_NO_CHECK counts when it leaves */
	EXPECT_EQ(10, send(tx, pattern(), 10, MSG_MORE));
	ASSERT_EQ(0, no_checksum(tx, &variant->door));
	EXPECT_EQ(EINVAL, err_of(send(tx, pattern(), 10, 0)));
}

/* What does not meet them has been given a number, as IP has it for others. */
TEST_F(gso_wire, refused_late)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i, id = 0;
	static struct datagram g;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(1, send(fd, "x", 1, 0));
		EXPECT_EQ(1, next_datagram(&g));
		if (i)
			EXPECT_EQ((id + 2) & 0xffff, ntohs(g.ip.id));
		id = ntohs(g.ip.id);
		ASSERT_EQ(0, segment(fd, 1473));
		EXPECT_EQ(EMSGSIZE, err_of(send(fd, pattern(), 2000, 0)));
		ASSERT_EQ(0, segment(fd, 0));
	}
}

/* and of IPv6 it was counted, where others are. */
TEST_F(gso, refused_late)
{
	const struct door ip6 = { .snmp = "/proc/net/snmp6", .mib = "Ip6" };
	long before = counter6(&ip6, "OutRequests");
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, segment(tx, 1));
	EXPECT_EQ(EINVAL, err_of(send(tx, pattern(), 129, 0)));
	EXPECT_EQ(before + (variant->door.version == AF_INET6),
		  counter6(&ip6, "OutRequests"));
}

/* Parts that make a train on a wire, or one datagram after all */
TEST_F(gso_wire, corked_wire)
{
	static const struct wire train = { 7777, 1000, -1, 1, 0, 0 },
		alone = { 777, 1000, -1, 1, 0, 0 };
	int t = tun(), fd = joined(sock(), YOU, 9), at;

	ASSERT_EQ(0, segment(fd, 1000));
	for (at = 0; at < 7777; at += 1111)
		EXPECT_EQ(1111, send(fd, pattern() + at, 1111,
				     at < 6666 ? MSG_MORE : 0));
	expect_wire(t, &train);
	for (at = 0; at < 777; at += 111)
		EXPECT_EQ(111, send(fd, pattern() + at, 111,
				    at < 666 ? MSG_MORE : 0));
	/* alone, it may not be fragmented */
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT));
	expect_wire(t, &((struct wire) { alone.len, alone.segment,
					 IP_PMTUDISC_DO, 1, 0, 0 }));
}

/* A time stamp is asked for once, and comes for the first that has left. */
TEST_F(gso_wire, time_stamp)
{
	static const struct wire w = { 5000, 1000, -1, 1, 0, 0 };
	int t = tun(), fd = joined(sock(), YOU, 9), stamps = 0;
	char control[512], data[2048];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err *ee;
	struct cmsghdr *c;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING,
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     SOF_TIMESTAMPING_SOFTWARE |
			     SOF_TIMESTAMPING_OPT_ID |
			     SOF_TIMESTAMPING_OPT_TSONLY));
	ASSERT_EQ(0, send_train(fd, w.len, w.segment));
	/* what is refused when it is complete has had its number */
	ASSERT_EQ(EINVAL, send_train(fd, 130 * 7, 7));
	ASSERT_EQ(0, send_train(fd, w.len, w.segment));
	ASSERT_TRUE(await(fd, POLLERR) & POLLERR);
	while (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0) {
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			if (c->cmsg_level != SOL_IP ||
			    c->cmsg_type != IP_RECVERR)
				continue;
			ee = (void *)CMSG_DATA(c);
			EXPECT_EQ(SO_EE_ORIGIN_TIMESTAMPING, ee->ee_origin);
			EXPECT_EQ(2 * stamps, ee->ee_data);
			stamps++;
		}
		msg.msg_controllen = sizeof(control);
	}
	EXPECT_EQ(2, stamps);
	ASSERT_LE(0, t);
}

/* What was sent counts as the sender's until all of it has left. */
TEST_F(gso_wire, send_buffer)
{
	int t = tun(), fd = joined(sock(), YOU, 9), n;

	run(HOLD "1000000");
	ASSERT_EQ(0, send_train(fd, 20000, 1000));
	ASSERT_EQ(0, ioctl(fd, SIOCOUTQ, &n));
	EXPECT_LE(18000, n);
	run(RELEASE);
	ASSERT_EQ(0, ioctl(fd, SIOCOUTQ, &n));
	EXPECT_EQ(0, n);
	ASSERT_LE(0, t);
}

/* A train counts once when it is sent, and each datagram when it is received */
TEST_F(gso, counters)
{
	const struct door *door = &variant->door;
	long out, in;
	int rx, tx;

	pair(&rx, &tx);
	out = counter(door, "OutDatagrams");
	in = counter(door, "InDatagrams");
	ASSERT_EQ(0, send_train(tx, 1000, 100));
	expect_parts(rx, 1000, 100);
	EXPECT_EQ(out + 1, counter(door, "OutDatagrams"));
	EXPECT_EQ(in + 10, counter(door, "InDatagrams"));
}

/* Reads in the middle of a train */
TEST_F(gso, read)
{
	static struct part p;
	int rx, tx, n, i;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 1050, 100));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(await(rx, POLLIN));
		ASSERT_EQ(0, ioctl(rx, FIONREAD, &n));
		ASSERT_EQ(100, n);
		/* two peeks see the same */
		ASSERT_EQ(100, take_part_with(rx, &p, 200, MSG_PEEK));
		ASSERT_TRUE(is_pattern(p.data, i * 100, 100));
		ASSERT_EQ(7, take_part_with(rx, &p, 7, MSG_PEEK));
		ASSERT_TRUE(p.flags & MSG_TRUNC);
		ASSERT_EQ(100, take_part_with(rx, &p, 7, MSG_PEEK | MSG_TRUNC));
		if (i & 1) {
			/* what is not read of one is gone */
			ASSERT_EQ(9, take_part_with(rx, &p, 9, 0));
			ASSERT_TRUE(p.flags & MSG_TRUNC);
		} else {
			ASSERT_EQ(100, take_part_with(rx, &p, 9, MSG_TRUNC));
			ASSERT_TRUE(p.flags & MSG_TRUNC);
		}
		ASSERT_TRUE(is_pattern(p.data, i * 100, 9));
	}
	ASSERT_EQ(0, ioctl(rx, FIONREAD, &n));
	ASSERT_EQ(50, n);
	ASSERT_EQ(50, take_part_with(rx, &p, 50, 0));
	ASSERT_EQ(0, p.flags & MSG_TRUNC);
	ASSERT_EQ(0, ioctl(rx, FIONREAD, &n));
	ASSERT_EQ(0, n);
}

/* What the reader cannot be given is lost: one datagram, not the train. */
TEST_F(gso, read_fault)
{
	const struct door *door = &variant->door;
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	static struct part p;
	long errors;
	int rx, tx;

	ASSERT_NE(MAP_FAILED, hole);
	pair(&rx, &tx);
	errors = counter(door, "InErrors");
	ASSERT_EQ(0, send_train(tx, 300, 100));
	ASSERT_TRUE(await(rx, POLLIN));
	EXPECT_EQ(EFAULT, err_of(recv(rx, hole, 100, MSG_PEEK)));
	EXPECT_EQ(EFAULT, err_of(recv(rx, hole, 100, 0)));
	EXPECT_EQ(errors + 1, counter(door, "InErrors"));
	EXPECT_EQ(1, meminfo(rx, SK_MEMINFO_DROPS));
	EXPECT_EQ(100, take_part(rx, &p));
	EXPECT_TRUE(is_pattern(p.data, 100, 100));
	EXPECT_EQ(100, take_part(rx, &p));
	EXPECT_EQ(-EAGAIN, take_part_with(rx, &p, 1, 0));
}

/* SO_PEEK_OFF goes over the datagrams of a train, and of what is around it. */
TEST_F(gso, peek_offset)
{
	static const struct {
		int offset, len, from, truncated;
	} cases[] = {
		{ 0, 10, 0, 0 }, { 3, 7, 3, 0 }, { 9, 1, 9, 0 },
		{ 10, 100, 0, 0 }, { 60, 50, 50, 0 }, { 110, 100, 100, 0 },
		{ 209, 1, 199, 0 }, { 210, 50, 200, 0 }, { 230, 30, 220, 0 },
		{ 260, 20, 0, 0 }, { 279, 1, 19, 0 }, { 280, -EAGAIN, 0, 0 },
	};
	static struct part p;
	unsigned int i;
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 10, -1));
	ASSERT_EQ(0, send_train(tx, 250, 100));
	ASSERT_EQ(0, send_train(tx, 20, -1));
	settle();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_PEEK_OFF,
				     cases[i].offset));
		EXPECT_EQ(cases[i].len,
			  take_part_with(rx, &p, 1000, MSG_PEEK))
			TH_LOG("case %d", i);
		if (cases[i].len > 0) {
			EXPECT_TRUE(is_pattern(p.data, cases[i].from,
					       cases[i].len))
				TH_LOG("case %d", i);
			EXPECT_EQ(cases[i].offset + cases[i].len,
				  get_int(rx, SOL_SOCKET, SO_PEEK_OFF));
		}
	}
	/* what is read goes off from the offset */
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_PEEK_OFF, 150));
	EXPECT_EQ(10, take_part(rx, &p));
	EXPECT_EQ(140, get_int(rx, SOL_SOCKET, SO_PEEK_OFF));
	EXPECT_EQ(100, take_part(rx, &p));
	EXPECT_EQ(40, get_int(rx, SOL_SOCKET, SO_PEEK_OFF));
	EXPECT_EQ(60, take_part_with(rx, &p, 1000, MSG_PEEK));
	EXPECT_TRUE(is_pattern(p.data, 140, 60));
}

/* A receive buffer that is full takes none of a train, and each counts. */
TEST_F(gso, full)
{
	const struct door *door = &variant->door;
	long errors, full;
	int rx, tx, i;

	pair(&rx, &tx);
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_RCVBUF, 1));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, send_train(tx, 1000, -1));
	settle();
	errors = counter(door, "InErrors");
	full = counter(door, "RcvbufErrors");
	i = meminfo(rx, SK_MEMINFO_DROPS);
	ASSERT_LE(1, i);
	ASSERT_EQ(0, send_train(tx, 4550, 100));
	settle();
	EXPECT_EQ(errors + 46, counter(door, "InErrors"));
	EXPECT_EQ(full + 46, counter(door, "RcvbufErrors"));
	EXPECT_EQ(i + 46, meminfo(rx, SK_MEMINFO_DROPS));
}

/* Nothing is left of what was charged, whatever way a train has gone. */
TEST_F(gso, charge)
{
	static struct part p;
	int rx, tx, i;

	pair(&rx, &tx);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, send_train(tx, 5000, 500));
	settle();
	EXPECT_LT(15000, meminfo(rx, SK_MEMINFO_RMEM_ALLOC));
	for (i = 0; i < 30; i++)
		ASSERT_EQ(500, take_part(rx, &p));
	EXPECT_EQ(0, meminfo(rx, SK_MEMINFO_RMEM_ALLOC));
	/* some are left when it is closed */
	ASSERT_EQ(0, send_train(tx, 5000, 500));
	ASSERT_EQ(500, take_part(rx, &p));
	close(rx);
	EXPECT_EQ(0, send_train(tx, 5000, 500));
}

/* A filter sees each datagram alone: its length, its header, its data. */
TEST_F(gso, filter)
{
	static struct sock_filter code[] = {
		/* the length that the header tells, and the real one */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 3),
		/* the second datagram, by its first byte */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 8 + 60),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	const struct door *door = &variant->door;
	static struct part p;
	long errors;
	int rx, tx;

	code[5].k = byte_at(100);
	pair(&rx, &tx);
	ASSERT_EQ(0, setsockopt(rx, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	errors = counter(door, "InErrors");
	ASSERT_EQ(0, send_train(tx, 350, 100));
	EXPECT_EQ(60, take_part(rx, &p));
	EXPECT_TRUE(is_pattern(p.data, 0, 60));
	EXPECT_EQ(60, take_part(rx, &p));
	EXPECT_TRUE(is_pattern(p.data, 200, 60));
	EXPECT_EQ(50, take_part(rx, &p));
	EXPECT_TRUE(is_pattern(p.data, 300, 50));
	EXPECT_EQ(EAGAIN, silent(rx));
	EXPECT_EQ(errors + 1, counter(door, "InErrors"));
	EXPECT_EQ(1, meminfo(rx, SK_MEMINFO_DROPS));
}

/* All that are told of where it came from and how, of each datagram */
TEST_F(gso_wire, told)
{
	char control[512], data[200];
	struct iovec iov = { data, sizeof(data) };
	struct any_addr from;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c;
	int rx, tx, i, told, ttl;

	pair(&rx, &tx);
	ASSERT_EQ(0, set_int(rx, SOL_IP, IP_RECVTTL, 1));
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_TIMESTAMP, 1));
	ASSERT_EQ(0, set_int(tx, SOL_IP, IP_TTL, 33));
	ASSERT_EQ(0, send_train(tx, 250, 100));
	for (i = 0; i < 3; i++) {
		msg.msg_name = &from;
		msg.msg_namelen = sizeof(from);
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		told = 0;
		ASSERT_TRUE(await(rx, POLLIN));
		ASSERT_EQ(i < 2 ? 100 : 50, recvmsg(rx, &msg, 0));
		EXPECT_EQ(htons(port_of(tx)), from.sin.sin_port);
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			told++;
			if (c->cmsg_level != SOL_IP)
				continue;
			memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
			EXPECT_EQ(33, ttl);
		}
		EXPECT_EQ(2, told);
	}
}

/* Of a group, one socket gets all of a train. */
TEST_F(gso, group)
{
	static struct part p;
	int rx[3], tx, i, got = 0;

	for (i = 0; i < 3; i++)
		rx[i] = group_member(variant->door.lo, 7);
	tx = joined(sock(), variant->door.lo, 7);
	ASSERT_EQ(0, send_train(tx, 1000, 100));
	settle();
	for (i = 0; i < 3; i++) {
		if (!ready(rx[i], POLLIN))
			continue;
		expect_parts(rx[i], 1000, 100);
		got++;
	}
	EXPECT_EQ(1, got);
	EXPECT_EQ(-EAGAIN, take_part_with(rx[0], &p, 1, 0));
}

/* Nobody listens: one error for all of it */
TEST_F(gso, refused)
{
	const struct door *door = &variant->door;
	int tx = joined(sock(), door->lo, 7);
	long ports = counter(door, "NoPorts");

	ASSERT_EQ(0, send_train(tx, 1000, 100));
	settle();
	EXPECT_EQ(ports + 1, counter(door, "NoPorts"));
	EXPECT_EQ(ECONNREFUSED, send_train(tx, 1000, 100));
}

/* Two that read one socket get each datagram once. */
struct reader {
	int fd, count;
	unsigned char seen[SEGMENTS_MAX];
};

static void *reader(void *arg)
{
	struct reader *r = arg;
	unsigned char data[16];

	while (recv(r->fd, data, sizeof(data), 0) == 3) {
		if (data[0] == 0xff)
			break;
		r->seen[data[0]]++;
		r->count++;
	}
	return NULL;
}

TEST_F_TIMEOUT(gso, readers, 300)
{
	struct reader r[2] = {};
	unsigned char data[100 * 3] = {};
	int rx, tx, i, round, wrong = 0;
	pthread_t thread[2];

	pair(&rx, &tx);
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24));
	for (i = 0; i < 100; i++)
		data[i * 3] = i;
	ASSERT_EQ(0, segment(tx, 3));
	for (i = 0; i < 2; i++) {
		r[i].fd = rx;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, reader, &r[i]));
	}
	for (round = 0; round < 50; round++)
		ASSERT_EQ(sizeof(data), send(tx, data, sizeof(data), 0));
	data[0] = 0xff;
	for (i = 0; i < 2; i++)
		ASSERT_EQ(3, send(tx, data, 3, 0));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
	for (i = 0; i < 100; i++)
		wrong += (unsigned char)(r[0].seen[i] + r[1].seen[i]) != 50;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(5000, r[0].count + r[1].count);
}

static void *read_once(void *arg)
{
	struct reader *r = arg;
	unsigned char data[16];

	r->count = recv(r->fd, data, sizeof(data), 0);
	return NULL;
}

/* Each datagram of a train wakes one of those that wait. */
TEST_F(gso, waiting)
{
	struct timeval soon = { .tv_sec = SOON_MS / 1000 };
	struct reader r[3] = {};
	pthread_t thread[3];
	int rx, tx, i;
	long long sent;

	pair(&rx, &tx);
	ASSERT_EQ(0, setsockopt(rx, SOL_SOCKET, SO_RCVTIMEO, &soon,
				sizeof(soon)));
	for (i = 0; i < 3; i++) {
		r[i].fd = rx;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, read_once, &r[i]));
	}
	/* until they wait; who comes later finds one without that */
	usleep(300000);
	sent = now_ms();
	ASSERT_EQ(0, send_train(tx, 300, 100));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(16, r[i].count);
	}
	EXPECT_GT(SOON_MS / 2, now_ms() - sent);
}

/* and is a signal of its own. */
TEST_F(gso, signals)
{
	struct timespec now = {};
	int rx, tx, i;
	sigset_t set;

	pair(&rx, &tx);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(rx, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(rx, F_SETSIG, SIGRTMIN));
	ASSERT_EQ(0, fcntl(rx, F_SETFL, O_ASYNC));
	ASSERT_EQ(0, send_train(tx, 500, 100));
	settle();
	for (i = 0; i < 5; i++)
		EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &now));
	EXPECT_EQ(EAGAIN, err_of(sigtimedwait(&set, NULL, &now)));
}

/* The stamp of the next datagram, in ns */
static long long read_stamp(int fd, int flags)
{
	char control[256], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct timespec ts;

	if (recvmsg(fd, &msg, flags | MSG_DONTWAIT) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SO_TIMESTAMPNS)
		return 0;
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/*
 * What came before stamps were wanted has that of when it is read, each for
 * itself. Others who want them, or have just done so, make it have one before.
 */
TEST_F(gso, stamped_when_read)
{
	long long first, second, apart = 0;
	int rx, tx, i;

	pair(&rx, &tx);
	for (i = 0; i < 20 && apart < 30000000; i++) {
		ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_TIMESTAMPNS, 0));
		usleep(100000);
		ASSERT_EQ(0, send_train(tx, 200, 100));
		settle();
		ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_TIMESTAMPNS, 1));
		first = read_stamp(rx, 0);
		ASSERT_LT(0, first);
		usleep(30000);
		second = read_stamp(rx, MSG_PEEK);
		ASSERT_LT(0, second);
		apart = second - first;
		/* one that was looked at keeps it */
		EXPECT_EQ(second, read_stamp(rx, 0));
	}
	EXPECT_LE(30000000, apart);
}

/* What a group hears, by a copy for this host: each of its members all of it */
TEST_F(gso_wire, multicast)
{
	struct any_addr to = any_addr("239.1.1.1", 7);
	struct ip_mreqn group = {};
	int t = tun(), rx[2], tx = sock(), i;
	static const struct wire w = { 950, 100, -1, 0, 0, 1 };
	struct packet p;

	run("ip link set tun0 multicast on");
	run("ip route add 239.0.0.0/8 dev tun0");
	group.imr_multiaddr = to.sin.sin_addr;
	group.imr_ifindex = if_nametoindex("tun0");
	for (i = 0; i < 2; i++) {
		rx[i] = shared("0.0.0.0", 7);
		ASSERT_EQ(0, setsockopt(rx[i], SOL_IP, IP_ADD_MEMBERSHIP,
					&group, sizeof(group)));
	}
	ASSERT_EQ(0, __send_train(tx, &to, w.len, w.segment, 0, IPPROTO_UDP));
	for (i = 0; i < 2; i++)
		expect_parts(rx[i], w.len, w.segment);
	for (i = 0; i < 10; i++) {
		ASSERT_LT(0, next_packet(t, variant->door.wire, &p));
		EXPECT_EQ(i < 9 ? 128 : 78, p.len);
	}
	EXPECT_EQ(0, next_packet(t, variant->door.wire, &p));
}

/* A device that makes segments itself, or rather, shows what it is given */
static int __segmenting(struct __test_metadata *_metadata, const char *name,
			int flags)
{
	struct ifreq ifr = { .ifr_flags = flags | IFF_NO_PI | IFF_VNET_HDR };
	char noqueue[64];
	int t;

	if (access("/dev/net/tun", F_OK))
		run("modprobe tun");
	t = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, t);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ASSERT_EQ(0, ioctl(t, TUNSETIFF, &ifr));
	ASSERT_EQ(0, ioctl(t, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 |
			   TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6));
	sprintf(noqueue, "tc qdisc add dev %s root noqueue", name);
	run(noqueue);
	return t;
}

/* What a virtio_net device would be given: a header, and then a packet */
struct given {
	struct virtio_net_hdr h;
	struct packet p;
	struct iphdr *ip;
};

/* The next one of @protocol that came to it; its length, or 0 */
static int next_given(int t, int protocol, struct given *g)
{
	struct iovec iov[] = { { &g->h, sizeof(g->h) },
			       { g->p.bytes, sizeof(g->p.bytes) } };
	static const int headers[] = { 0, ETH_HLEN, ETH_HLEN + 4 };
	unsigned int i;
	int n;

	while ((n = readv(t, iov, 2)) > 0) {
		n -= sizeof(g->h);
		for (i = 0; i < ARRAY_SIZE(headers); i++) {
			g->ip = (void *)g->p.bytes + headers[i];
			if (g->ip->version == 4 && g->ip->ihl == 5 &&
			    g->ip->protocol == protocol)
				return n - headers[i];
		}
	}
	return 0;
}

/*
 * 3500 bytes in a train come to it: those of UDP whole, which it has to take
 * apart. With another protocol it would do it wrong, so it must not be asked.
 */
static void __expect_given(struct __test_metadata *_metadata, int t, int wire,
			   const char *name)
{
	bool whole = wire == IPPROTO_UDP;
	static struct given g;
	int at, want;

	for (at = 0; at < 3500; at += want) {
		want = whole ? 3500 : at < 3000 ? 1000 : 500;
		ASSERT_EQ(IP_LEN + HDR_LEN + want, next_given(t, wire, &g))
			TH_LOG("%s, byte %d", name, at);
		EXPECT_EQ(whole ? VIRTIO_NET_HDR_GSO_UDP_L4 :
			  VIRTIO_NET_HDR_GSO_NONE, g.h.gso_type)
			TH_LOG("%s", name);
		EXPECT_EQ(whole ? VIRTIO_NET_HDR_F_NEEDS_CSUM : 0, g.h.flags);
		EXPECT_TRUE(is_pattern((void *)g.ip + IP_LEN + HDR_LEN, at,
				       want));
		if (!whole)
			EXPECT_EQ(0, transport_sum(g.ip, (void *)g.ip + IP_LEN,
						   HDR_LEN + want));
	}
	EXPECT_EQ(0, next_given(t, wire, &g));
}

#define segmenting(name, flags)	__segmenting(_metadata, name, flags)

/* The device is up, has an address, and knows where YOU are. */
static void __neighbour(struct __test_metadata *_metadata, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "ip link set %s up", name);
	run(text);
	snprintf(text, sizeof(text), "ip addr add " ME "/24 dev %s", name);
	run(text);
	snprintf(text, sizeof(text),
		 "ip neigh add " YOU " dev %s lladdr 02:00:00:00:00:02", name);
	run(text);
}

/* The device itself, and others above it, which say that they can, too */
TEST_F(gso_wire, device_that_segments)
{
	static const struct {
		const char *name, *setup[2];
	} above[] = {
		{ "tap0", { "ip link set tap0 up" } },
		{ "br0", { "ip link add br0 type bridge",
			   "ip link set tap0 master br0 up" } },
		{ "vlan0", { "ip link set tap0 up",
			     "ip link add link tap0 name vlan0 type vlan id 5" } },
		{ "macvlan0", { "ip link set tap0 up",
				"ip link add link tap0 name macvlan0 type macvlan" } },
		{ "bond0", { "ip link add bond0 type bond mode active-backup miimon 1",
			     "ip link set tap0 master bond0" } },
	};
	unsigned int i, j;
	char text[256];
	int fd, t;

	for (i = 0; i < ARRAY_SIZE(above); i++) {
		ASSERT_EQ(0, unshare(CLONE_NEWNET));
		ASSERT_EQ(0, write_file(NO_IPV6, "1"));
		t = segmenting("tap0", IFF_TAP);
		for (j = 0; j < 2 && above[i].setup[j]; j++)
			run(above[i].setup[j]);
		__neighbour(_metadata, above[i].name);
		fd = joined(sock(), YOU, 9);
		/* a bond takes a moment to see that its link is up */
		ASSERT_EQ(0, send_train(fd, 10, 0));
		usleep(100000);
		while (read(t, text, sizeof(text)) > 0)
			;
		ASSERT_EQ(0, send_train(fd, 3500, 1000));
		__expect_given(_metadata, t, variant->door.wire,
			       above[i].name);
		close(fd);
		close(t);
	}
}

/* A copy of what was sent to a group comes back and is routed to there. */
TEST_F(gso_wire, multicast_router)
{
	struct vifctl vif = { .vifc_threshold = 1,
			      .vifc_flags = VIFF_USE_IFINDEX };
	struct any_addr to = any_addr("239.1.1.1", 9);
	struct mfcctl route = { .mfcc_parent = 0 };
	int router, fd, t, one = 1;
	static struct given g;

	ASSERT_EQ(0, write_file(NO_IPV6, "1"));
	run("ip link add d0 type dummy && ip link set d0 multicast on up");
	run("ip addr add " ME "/24 dev d0 && ip route add 239.0.0.0/8 dev d0");
	t = segmenting("tun0", IFF_TUN);
	run("ip link set tun0 multicast on up");
	router = socket(AF_INET, SOCK_RAW, IPPROTO_IGMP);
	ASSERT_LE(0, router);
	ASSERT_EQ(0, setsockopt(router, SOL_IP, MRT_INIT, &one, sizeof(one)));
	vif.vifc_vifi = 0;
	vif.vifc_lcl_ifindex = if_nametoindex("d0");
	ASSERT_EQ(0, setsockopt(router, SOL_IP, MRT_ADD_VIF, &vif,
				sizeof(vif)));
	vif.vifc_vifi = 1;
	vif.vifc_lcl_ifindex = if_nametoindex("tun0");
	ASSERT_EQ(0, setsockopt(router, SOL_IP, MRT_ADD_VIF, &vif,
				sizeof(vif)));
	route.mfcc_origin.s_addr = inet_addr(ME);
	route.mfcc_mcastgrp = to.sin.sin_addr;
	route.mfcc_ttls[1] = 1;
	ASSERT_EQ(0, setsockopt(router, SOL_IP, MRT_ADD_MFC, &route,
				sizeof(route)));

	fd = sock();
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_TTL, 5));
	ASSERT_EQ(0, __send_train(fd, &to, 3500, 1000, 0, IPPROTO_UDP));
	settle();
	if (variant->door.wire == IPPROTO_EUDP)
		__expect_given(_metadata, t, IPPROTO_EUDP, "tun0");
	else
		EXPECT_LT(0, next_given(t, IPPROTO_UDP, &g));
}

static void __feature(struct __test_metadata *_metadata, const char *name,
		      int command, int on)
{
	struct ethtool_value value = { .cmd = command, .data = on };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ASSERT_EQ(0, ioctl(fd, SIOCETHTOOL, &ifr))
		TH_LOG("%s, ethtool %#x: %s", name, command, strerror(errno));
	close(fd);
}

/* The next frame of IPv4 that comes out of a device, without its header */
static int next_frame(int fd, int protocol, struct packet *p)
{
	do {
		if (!await(fd, POLLIN))
			return 0;
		p->len = recv(fd, p->bytes, sizeof(p->bytes), MSG_DONTWAIT);
	} while (p->len > 0 && p->ip.protocol != protocol);
	return p->len;
}

/* Devices by which it goes to the other end of a pair, veth0 and veth1 */
static const struct {
	const char *name, *setup[2];
} devices[] = {
	{ "veth0" },
	{ "br0", { "ip link add br0 type bridge",
		   "ip link set veth0 master br0 up" } },
	{ "vlan0", { "ip link set veth0 up",
		     "ip link add link veth0 name vlan0 type vlan id 5" } },
	{ "macvlan0", { "ip link set veth0 up",
			"ip link add link veth0 name macvlan0 type macvlan" } },
	/* queues that look into what they get */
	{ "veth0", { "tc qdisc add dev veth0 root netem corrupt 0.0000001%" } },
	{ "veth0", { "tc qdisc add dev veth0 root tbf rate 1gbit burst 2000 limit 1000000" } },
};

/*
 * No device gets a train. (In-kernel UDP does not give them one either, if they
 * can do nothing.)
 */
static void __over(struct __test_metadata *_metadata, const struct door *door,
		   int device, int features)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	const char *name = devices[device].name;
	int fd, tap, at, want, i;
	struct packet p;

	run("ip link add veth0 type veth peer name veth1");
	if (!features) {
		__feature(_metadata, "veth0", ETHTOOL_SGSO, 0);
		__feature(_metadata, "veth0", ETHTOOL_STXCSUM, 0);
	}
	for (i = 0; i < 2 && devices[device].setup[i]; i++)
		run(devices[device].setup[i]);
	link_up("veth1");
	__neighbour(_metadata, name);
	tap = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));
	ASSERT_LE(0, tap);
	ll.sll_ifindex = if_nametoindex("veth1");
	ASSERT_EQ(0, bind(tap, (void *)&ll, sizeof(ll)));
	fd = __joined(_metadata, __sock(_metadata, door->family,
					door->protocol), YOU, 9);
	ASSERT_EQ(0, send_train(fd, 14500, 1400));
	for (at = 0; at < 14500; at += want) {
		want = at < 14000 ? 1400 : 500;
		ASSERT_EQ(IP_LEN + HDR_LEN + want,
			  next_frame(tap, door->wire, &p))
			TH_LOG("%s, features %d, byte %d", name, features, at);
		EXPECT_EQ(p.len, ntohs(p.ip.tot_len));
		EXPECT_EQ(0xffff, sum(&p.ip, IP_LEN, 0));
		EXPECT_EQ(0, transport_sum(&p.ip, p.bytes + IP_LEN,
					   HDR_LEN + want))
			TH_LOG("%s, features %d, byte %d", name, features, at);
		EXPECT_TRUE(is_pattern(p.bytes + IP_LEN + HDR_LEN, at, want));
	}
	close(tap);
	close(fd);
}

TEST_F_TIMEOUT(gso_wire, devices, 600)
{
	unsigned int i;
	int features;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		features = variant->door.wire == IPPROTO_EUDP;
		for (; features >= 0; features--) {
			ASSERT_EQ(0, unshare(CLONE_NEWNET));
			ASSERT_EQ(0, write_file(NO_IPV6, "1"));
			__over(_metadata, &variant->door, i, features);
		}
	}
}

/* lo with a queue that lets no train through */
TEST_F(gso, queue_of_lo)
{
	int rx, tx;

	run("tc qdisc add dev lo root tbf rate 1gbit burst 2000 limit 1000000");
	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 14500, 1400));
	expect_parts(rx, 14500, 1400);
}

TEST_HARNESS_MAIN
