// SPDX-License-Identifier: GPL-2.0
/* What a send over IPv6 can be told: ipv6(7), RFC 3542, RFC 5014 */
#include "control.h"
#include "tun6.h"

EUDP6_FIXTURE(sendopt6)

#define OTHER6	"2001:db8:6::77"	/* ours as well */

static void unprivileged(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

#define tun_index() ((int)if_nametoindex("tun0"))

/* What IPV6_PKTINFO says in a case */
struct info {
	const char *name;
	int index;		/* -1: of tun0, -2: of tun1 */
	const char *source;
};

static struct in6_pktinfo pktinfo_of(const struct info *info)
{
	struct in6_pktinfo i = { .ipi6_addr = in6(info->source),
				 .ipi6_ifindex = info->index };

	if (info->index == -1)
		i.ipi6_ifindex = tun_index();
	if (info->index == -2)
		i.ipi6_ifindex = if_nametoindex("tun1");
	return i;
}

/* IPV6_PKTINFO, also by its older number: link and source of one datagram */
TEST_F_TIMEOUT(sendopt6, pktinfo, 300)
{
	static const struct {
		struct info info;
		int err;
		const char *sent_from;
	} rows[] = {
		{ { "nothing", 0, "::" }, 0, ME6 },
		{ { "link", -1, "::" }, 0, ME6 },
		{ { "source", 0, OTHER6 }, 0, OTHER6 },
		{ { "both", -1, OTHER6 }, 0, OTHER6 },
		{ { "link-local, link", -1, MY_LINK }, 0, MY_LINK },
		{ { "link-local, no link", 0, MY_LINK }, EINVAL },
		{ { "link-local of another", -2, MY_LINK }, EINVAL },
		{ { "source of another", -1, "2001:db8:5::3" }, 0,
		  "2001:db8:5::3" },
		{ { "no device", 9999, "::" }, ENODEV },
		{ { "negative", -3, "::" }, ENODEV },
		{ { "not ours", 0, NOWHERE6 }, EINVAL },
		{ { "theirs", -1, YOU6 }, EINVAL },
		{ { "lo's", 0, "::1" }, 0, "::1" },
		{ { "multicast", -1, "ff02::1" }, EINVAL },
		{ { "mapped", 0, "::ffff:192.0.2.1" }, EINVAL },
		{ { "no way", -2, "::" }, ENETUNREACH },
		/* If there is a source, the link is no more than a wish */
		{ { "no way, source", -2, ME6 }, 0, ME6 },
	};
	static const int types[] = { IPV6_PKTINFO, IPV6_2292PKTINFO };
	int t = tun6(), fds[2];
	static struct datagram6 g;
	struct in6_pktinfo info;
	unsigned int i;

	ASSERT_LE(0, second_tun6());
	address6(OTHER6 "/64", "tun0");
	address6("2001:db8:5::3/64", "tun1");
	fds[0] = sock();
	fds[1] = joined(sock(), YOU6, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		const typeof(rows[0]) *c = &rows[i / 4];

		info = pktinfo_of(&c->info);
		/* A peer has a source */
		EXPECT_EQ(i % 2 && c->err == ENETUNREACH ? 0 : c->err,
			  send_one(fds[i % 2], i % 2 ? NULL : YOU6, SOL_IPV6,
				   types[i / 2 % 2], &info, sizeof(info)))
			TH_LOG("%s, %d", c->info.name, i % 4);
		if (i % 2 && c->err == ENETUNREACH)
			EXPECT_STREQ("x", next_text6());
		EXPECT_EQ(c->sent_from ? 1 : -EAGAIN, next_datagram6(&g))
			TH_LOG("%s, %d", c->info.name, i % 4);
		if (c->sent_from)
			EXPECT_STREQ(c->sent_from, SRC6(&g))
				TH_LOG("%s, %d", c->info.name, i % 4);
	}
	/* Of the next datagram nothing is left */
	EXPECT_EQ(0, tag(fds[1], 1));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(ME6, SRC6(&g));
}

/* The link of a message against that of an address, and of the socket */
TEST_F(sendopt6, pktinfo_and_scope)
{
	struct info over_tun = { "", -1, "::" }, over_other = { "", -2, "::" };
	int t = tun6(), fd = sock();
	struct in6_pktinfo info;

	ASSERT_LE(0, second_tun6());
	info = pktinfo_of(&over_tun);
	EXPECT_EQ(0, send_one(fd, "fe80::2%tun0", SOL_IPV6, IPV6_PKTINFO,
			      &info, sizeof(info)));
	EXPECT_STREQ("x", next_text6());
	EXPECT_EQ(0, send_one(fd, YOUR_LINK, SOL_IPV6, IPV6_PKTINFO, &info,
			      sizeof(info)));
	EXPECT_STREQ("x", next_text6());
	info = pktinfo_of(&over_other);
	EXPECT_EQ(EINVAL, send_one(fd, "fe80::2%tun0", SOL_IPV6, IPV6_PKTINFO,
				   &info, sizeof(info)));
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(EINVAL, send_one(fd, YOU6, SOL_IPV6, IPV6_PKTINFO, &info,
				   sizeof(info)));
	info = pktinfo_of(&over_tun);
	EXPECT_EQ(0, send_one(fd, YOU6, SOL_IPV6, IPV6_PKTINFO, &info,
			      sizeof(info)));
	EXPECT_STREQ("x", next_text6());
	EXPECT_STREQ("(none)", next_text6());
}

/* IPV6_PKTINFO as an option: of all datagrams that say nothing else */
TEST_F(sendopt6, sticky_pktinfo)
{
	struct info over_tun = { "", -1, "::" }, over_other = { "", -2, "::" };
	struct info source = { "", -1, OTHER6 };
	struct in6_pktinfo info, none = {};
	int t = tun6(), fd = sock(), peer = sock();
	static struct datagram6 g;

	ASSERT_LE(0, second_tun6());
	address6(OTHER6 "/64", "tun0");
	run("ip -6 route add default dev tun1 metric 100");
	run("ip -6 route add default dev tun0 metric 200");
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_STREQ("(none)", next_text6());
	info = pktinfo_of(&over_tun);
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info,
					    19)));
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info,
					    0)));
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info, 20));
	EXPECT_EQ(ENOPROTOOPT, -get_int(fd, SOL_IPV6, IPV6_PKTINFO));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_STREQ("a", next_text6());
	/* A scope, and a message, say something else */
	EXPECT_EQ(0, tag_to(fd, "fe80::2%tun1", 9, 'b'));
	EXPECT_STREQ("(none)", next_text6());
	EXPECT_EQ(0, tag_to(fd, YOUR_LINK, 9, 'b'));
	EXPECT_STREQ("b", next_text6());
	info = pktinfo_of(&over_other);
	EXPECT_EQ(EINVAL, send_one(fd, NOWHERE6, SOL_IPV6, IPV6_PKTINFO, &info,
				   sizeof(info)));
	/* The source is not taken from there */
	info = pktinfo_of(&source);
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info, 20));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'c'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(ME6, SRC6(&g));
	/* A peer, which is found by it */
	EXPECT_EQ(0, setsockopt(peer, SOL_IPV6, IPV6_PKTINFO, &info, 20));
	joined(peer, NOWHERE6, 9);
	EXPECT_EQ(0, tag(peer, 'd'));
	EXPECT_STREQ("d", next_text6());
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &none, 20));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'e'));
	EXPECT_STREQ("(none)", next_text6());
	/* Not another link than the socket's */
	EXPECT_EQ(0, set_device(fd, "tun0"));
	info = pktinfo_of(&over_other);
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_PKTINFO, &info,
					    20)));
}

/* The field hop limit: of the message, of the socket, of the device */
TEST_F_TIMEOUT(sendopt6, hop_limit, 300)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9), other = sock(), i;
	static struct datagram6 g;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_HOPS, 77));
	EXPECT_EQ(64, get_int(other, SOL_IPV6, IPV6_UNICAST_HOPS));
	for (i = -2; i <= 257; i++) {
		bool good = i >= -1 && i <= 255;

		EXPECT_EQ(good ? 0 : EINVAL,
			  send_int(fd, NULL, SOL_IPV6, i % 2 ? IPV6_HOPLIMIT :
				   IPV6_2292HOPLIMIT, i));
		EXPECT_EQ(good ? 1 : -EAGAIN, next_datagram6(&g));
		if (good)
			EXPECT_EQ(i == -1 ? 77 : i, g.ip.ip6_hlim);
		EXPECT_EQ(good ? 0 : EINVAL,
			  err_of(set_int(other, SOL_IPV6, IPV6_UNICAST_HOPS,
					 i)));
		if (i < 0)
			continue;
		EXPECT_EQ(i > 255 ? 255 : i,
			  get_int(other, SOL_IPV6, IPV6_UNICAST_HOPS));
		EXPECT_EQ(0, tag_to(other, YOU6, 9, 1));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(i > 255 ? 255 : i, g.ip.ip6_hlim);
	}
	EXPECT_EQ(0, set_int(other, SOL_IPV6, IPV6_UNICAST_HOPS, -1));
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/conf/tun0/hop_limit",
				"43"));
	EXPECT_EQ(64, get_int(other, SOL_IPV6, IPV6_UNICAST_HOPS));
	EXPECT_EQ(0, tag_to(other, YOU6, 9, 1));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(43, g.ip.ip6_hlim);
	joined(other, YOU6, 9);
	EXPECT_EQ(43, get_int(other, SOL_IPV6, IPV6_UNICAST_HOPS));
	/* Of the route, which knows better */
	run("ip -6 route add 2001:db8:9::/64 dev tun0 hoplimit 21");
	EXPECT_EQ(0, tag_to(other, "2001:db8:9::9", 9, 1));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(21, g.ip.ip6_hlim);
}

/* Multicast has a hop limit of its own */
TEST_F(sendopt6, multicast_hops)
{
	static const struct {
		int value, err, hops;
	} rows[] = {
		{ 0, 0, 0 }, { 1, 0, 1 }, { 5, 0, 5 }, { 255, 0, 255 },
		{ -1, 0, 1 }, { 256, EINVAL }, { -2, EINVAL },
	};
	int t = tun6(), fd = sock();
	static struct datagram6 g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_HOPS, 33));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_MULTICAST_HOPS));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, err_of(set_int(fd, SOL_IPV6,
						      IPV6_MULTICAST_HOPS,
						      rows[i].value)));
		if (rows[i].err)
			continue;
		EXPECT_EQ(rows[i].hops,
			  get_int(fd, SOL_IPV6, IPV6_MULTICAST_HOPS));
		EXPECT_EQ(0, tag_to(fd, "ff05::77", 9, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(rows[i].hops, g.ip.ip6_hlim);
		EXPECT_EQ(0, send_int(fd, "ff05::77", SOL_IPV6, IPV6_HOPLIMIT,
				      9));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(9, g.ip.ip6_hlim);
		EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(33, g.ip.ip6_hlim);
	}
}

/* The traffic class: a message wins over the socket */
TEST_F_TIMEOUT(sendopt6, traffic_class, 300)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9), other = sock(), i;
	static struct datagram6 g;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TCLASS, 0x28));
	for (i = -2; i <= 257; i++) {
		bool good = i >= -1 && i <= 255;

		EXPECT_EQ(good ? 0 : EINVAL,
			  send_int(fd, NULL, SOL_IPV6, IPV6_TCLASS, i));
		EXPECT_EQ(good ? 1 : -EAGAIN, next_datagram6(&g));
		if (good)
			EXPECT_EQ(i & 0xff, TCLASS6(&g));
		EXPECT_EQ(good ? 0 : EINVAL,
			  err_of(set_int(other, SOL_IPV6, IPV6_TCLASS, i)));
		if (!good)
			continue;
		/* -1 is the default, which is 0: RFC 3542 6.5 */
		EXPECT_EQ(i < 0 ? 0 : i, get_int(other, SOL_IPV6, IPV6_TCLASS));
		EXPECT_EQ(0, tag_to(other, YOU6, 9, 1));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(i < 0 ? 0 : i, TCLASS6(&g));
	}
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(0x28, TCLASS6(&g));
}

/* IPV6_DONTFRAG by option and by message: EMSGSIZE, or in fragments */
TEST_F(sendopt6, dontfrag)
{
	static const struct {
		int option, message, err;	/* message -9: none */
	} rows[] = {
		{ 0, -9, 0 }, { 1, -9, EMSGSIZE }, { 0, 1, EMSGSIZE },
		{ 1, 1, EMSGSIZE }, { 1, 0, 0 }, { 0, 0, 0 },
		{ 0, 2, EINVAL }, { 0, -1, EINVAL }, { 1, 256, EINVAL },
	};
	int t = tun6(), fds[2];
	static struct datagram6 g;
	static char data[1453];
	unsigned int i;

	fds[0] = sock();
	fds[1] = joined(sock(), YOU6, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		int len = sizeof(data) - i / 2 % 2, fd = fds[i % 2], err;
		struct any_addr to = any_addr(YOU6, 9);
		const typeof(rows[0]) *r = &rows[i / 4];
		struct iovec iov = { data, len };
		struct control c = {};
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = r->message == -9 ? NULL : c.buf,
			.msg_name = i % 2 ? NULL : &to.sa,
			.msg_namelen = i % 2 ? 0 : to.len };

		add_int(&c, SOL_IPV6, IPV6_DONTFRAG, r->message);
		if (msg.msg_control)
			msg.msg_controllen = c.len;
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_DONTFRAG, r->option));
		EXPECT_EQ(r->option, get_int(fd, SOL_IPV6, IPV6_DONTFRAG));
		err = r->err == EMSGSIZE && len == 1452 ? 0 : r->err;
		EXPECT_EQ(err, err_of(sendmsg(fd, &msg, 0)))
			TH_LOG("case %d, %d bytes", i / 4, len);
		EXPECT_EQ(err ? -EAGAIN : len, next_datagram6(&g));
		EXPECT_EQ(err ? 0 : len - 1451, g.fragments);
	}
}

/* Every kind of control message with every length, of which few are right */
TEST_F_TIMEOUT(sendopt6, control_lengths, 300)
{
	static const struct {
		const char *name;
		int level, type, least, most;
	} rows[] = {
		{ "pktinfo", SOL_IPV6, IPV6_PKTINFO, 20, 64 },
		{ "old pktinfo", SOL_IPV6, IPV6_2292PKTINFO, 20, 64 },
		{ "flowinfo", SOL_IPV6, IPV6_FLOWINFO, 4, 64 },
		{ "hoplimit", SOL_IPV6, IPV6_HOPLIMIT, 4, 4 },
		{ "old hoplimit", SOL_IPV6, IPV6_2292HOPLIMIT, 4, 4 },
		{ "tclass", SOL_IPV6, IPV6_TCLASS, 4, 4 },
		{ "dontfrag", SOL_IPV6, IPV6_DONTFRAG, 4, 4 },
		{ "hopopts", SOL_IPV6, IPV6_HOPOPTS, 8, 64 },
		{ "old hopopts", SOL_IPV6, IPV6_2292HOPOPTS, 8, 64 },
		{ "dstopts", SOL_IPV6, IPV6_DSTOPTS, 8, 64 },
		{ "old dstopts", SOL_IPV6, IPV6_2292DSTOPTS, 8, 64 },
		{ "rthdrdstopts", SOL_IPV6, IPV6_RTHDRDSTOPTS, 8, 64 },
		{ "mark", SOL_SOCKET, SO_MARK, 4, 4 },
	};
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	unsigned char data[64] = {};
	unsigned int i, len;
	bool right;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (len = 0; len <= sizeof(data); len++) {
			right = len >= rows[i].least && len <= rows[i].most;
			EXPECT_EQ(right ? 0 : EINVAL,
				  send_one(fd, NULL, rows[i].level,
					   rows[i].type, data, len))
				TH_LOG("%s of %d", rows[i].name, len);
			EXPECT_STREQ(right ? "x" : "(none)", next_text6());
		}
	}
}

/* Kinds that there are not, levels that are not ours */
TEST_F(sendopt6, control_kinds)
{
	static const struct {
		int level, type, err;
	} rows[] = {
		{ SOL_IPV6, 0, EINVAL },
		{ SOL_IPV6, IPV6_UNICAST_HOPS, EINVAL },
		{ SOL_IPV6, IPV6_RECVPKTINFO, EINVAL },
		{ SOL_IPV6, IPV6_RECVERR, EINVAL },
		{ SOL_IPV6, IPV6_NEXTHOP, EINVAL },
		{ SOL_IPV6, IPV6_PATHMTU, EINVAL },
		{ SOL_IPV6, IPV6_ORIGDSTADDR, EINVAL },
		{ SOL_IPV6, 1000, EINVAL },
		{ SOL_IPV6, -1, EINVAL },
		{ SOL_SOCKET, 0, EINVAL },
		{ SOL_SOCKET, SCM_RIGHTS, 0 },
		{ SOL_SOCKET, SO_PRIORITY, EINVAL },
		{ IPPROTO_UDP, 0, EINVAL },
		/* Of IPv4: nothing here looks at them */
		{ SOL_IP, IP_TTL, 0 },
		{ SOL_IP, IP_PKTINFO, 0 },
		{ SOL_IP, 1000, 0 },
		{ SOL_RAW, 1, 0 },
		{ IPPROTO_ICMPV6, 1, 0 },
		{ 12345, 1, 0 },
	};
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	static struct datagram6 g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, send_int(fd, NULL, rows[i].level,
						rows[i].type, 1))
			TH_LOG("level %d, type %d", rows[i].level,
			       rows[i].type);
		EXPECT_EQ(rows[i].err ? -EAGAIN : 1, next_datagram6(&g));
		if (!rows[i].err)
			EXPECT_EQ(64, g.ip.ip6_hlim);
	}
}

/* Of several the last wins, and one that is wrong makes all wrong */
TEST_F(sendopt6, control_several)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	struct control c = {}, wrong = {};
	static struct datagram6 g;

	add_int(&c, SOL_IPV6, IPV6_HOPLIMIT, 5);
	add_int(&c, SOL_IPV6, IPV6_TCLASS, 0x20);
	add_int(&c, SOL_SOCKET, SO_MARK, 1);
	add_int(&c, 12345, 1, 1);
	add_int(&c, SOL_IPV6, IPV6_HOPLIMIT, 6);
	add_int(&c, SOL_IPV6, IPV6_TCLASS, 0x30);
	EXPECT_EQ(0, send_with(fd, NULL, &c));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(6, g.ip.ip6_hlim);
	EXPECT_EQ(0x30, TCLASS6(&g));
	add_int(&wrong, SOL_IPV6, IPV6_HOPLIMIT, 256);
	add_int(&wrong, SOL_IPV6, IPV6_HOPLIMIT, 6);
	EXPECT_EQ(EINVAL, send_with(fd, NULL, &wrong));
	EXPECT_EQ(-EAGAIN, next_datagram6(&g));
	/* The next datagram is as if there had been none */
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(64, g.ip.ip6_hlim);
	EXPECT_EQ(0, TCLASS6(&g));
}

/* What is corked goes by the messages of its first piece */
TEST_F(sendopt6, control_corked)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	struct iovec iov = { "a", 1 };
	struct control first = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = first.buf };
	static struct datagram6 g;

	add_int(&first, SOL_IPV6, IPV6_HOPLIMIT, 7);
	add_int(&first, SOL_IPV6, IPV6_TCLASS, 0x44);
	msg.msg_controllen = first.len;
	EXPECT_EQ(1, sendmsg(fd, &msg, MSG_MORE));
	EXPECT_EQ(0, send_int(fd, NULL, SOL_IPV6, IPV6_HOPLIMIT, 8));
	EXPECT_EQ(2, next_datagram6(&g));
	EXPECT_EQ(7, g.ip.ip6_hlim);
	EXPECT_EQ(0x44, TCLASS6(&g));
}

/* IPV6_ADDR_PREFERENCES: what may be asked for, RFC 5014 */
TEST_F(sendopt6, address_preferences)
{
	static const struct {
		int set, err, get;
	} rows[] = {
		{ 0, 0, IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_TMP, 0,
		  IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_PUBLIC, 0,
		  IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_COA, 0,
		  IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_COA },
		{ IPV6_PREFER_SRC_PUBTMP_DEFAULT, 0,
		  IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_HOME, 0,
		  IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_CGA, 0,
		  IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_HOME },
		{ IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBLIC, EINVAL },
		{ IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBTMP_DEFAULT,
		  EINVAL },
		{ IPV6_PREFER_SRC_HOME | IPV6_PREFER_SRC_COA, EINVAL },
		{ IPV6_PREFER_SRC_CGA | IPV6_PREFER_SRC_NONCGA, EINVAL },
		{ 0x8000, 0,
		  IPV6_PREFER_SRC_PUBTMP_DEFAULT | IPV6_PREFER_SRC_HOME },
	};
	int fd = sock();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, err_of(set_int(fd, SOL_IPV6,
						      IPV6_ADDR_PREFERENCES,
						      rows[i].set)))
			TH_LOG("case %d", i);
		if (!rows[i].err)
			EXPECT_EQ(rows[i].get,
				  get_int(fd, SOL_IPV6, IPV6_ADDR_PREFERENCES))
				TH_LOG("case %d", i);
	}
}

/* Whether tun0 has a temporary address that can be used */
static bool has_temporary(void)
{
	return !system("ip -6 addr show temporary -tentative | grep -q inet6");
}

/* Where there are a public and a temporary address, which is the source */
TEST_F(sendopt6, address_chosen)
{
	static const struct {
		int prefer;
		bool temporary;
	} rows[] = {
		{ IPV6_PREFER_SRC_PUBTMP_DEFAULT, false },
		{ IPV6_PREFER_SRC_TMP, true },
		{ IPV6_PREFER_SRC_PUBLIC, false },
	};
	static const char stable[] = "2001:db8:7::1";
	long long end = now_ms() + SOON_MS;
	int t = tun6(), fds[2];
	static struct datagram6 g;
	unsigned int i;

	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/conf/tun0/use_tempaddr",
				"1"));
	run("ip addr add 2001:db8:7::1/64 dev tun0 nodad mngtmpaddr");
	while (!has_temporary() && now_ms() < end)
		poll(NULL, 0, 10);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fds[0] = sock();
		fds[1] = sock();
		EXPECT_EQ(0, set_int(fds[0], SOL_IPV6, IPV6_ADDR_PREFERENCES,
				     rows[i].prefer));
		EXPECT_EQ(0, set_int(fds[1], SOL_IPV6, IPV6_ADDR_PREFERENCES,
				     rows[i].prefer));
		EXPECT_EQ(0, tag_to(fds[0], "2001:db8:7::2", 9, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(rows[i].temporary, !!strcmp(stable, SRC6(&g)))
			TH_LOG("case %d: %s", i, SRC6(&g));
		EXPECT_EQ(0, strncmp("2001:db8:7:", SRC6(&g), 11));
		joined(fds[1], "2001:db8:7::2", 9);
		EXPECT_EQ(rows[i].temporary, !strstr(local(fds[1]), stable));
	}
}

/* Addresses that are not ours: who may bind, and who may send from them */
TEST_F(sendopt6, not_ours)
{
	struct info not_ours = { "", 0, NOWHERE6 };
	struct in6_pktinfo info = pktinfo_of(&not_ours);
	int t = tun6(), fd = sock();
	static struct datagram6 g;

	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(fd, NOWHERE6, 5000)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FREEBIND, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_FREEBIND));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_FREEBIND));
	EXPECT_EQ(0, bind_to(fd, NOWHERE6, 5000));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(NOWHERE6, SRC6(&g));
	EXPECT_EQ(5000, ntohs(g.h.source));

	fd = sock();
	EXPECT_EQ(EINVAL, send_one(fd, YOU6, SOL_IPV6, IPV6_PKTINFO, &info,
				   sizeof(info)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_TRANSPARENT));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_TRANSPARENT));
	EXPECT_EQ(0, send_one(fd, YOU6, SOL_IPV6, IPV6_PKTINFO, &info,
			      sizeof(info)));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(NOWHERE6, SRC6(&g));
	fd = sock();
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 1));
	EXPECT_EQ(0, bind_to(fd, NOWHERE6, 5001));
	joined(fd, YOU6, 9);
	EXPECT_EQ(0, tag(fd, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(NOWHERE6, SRC6(&g));

	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/ip_nonlocal_bind", "1"));
	EXPECT_EQ(0, bind_to(sock(), NOWHERE6, 5002));
	fd = sock();
	unprivileged(_metadata);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FREEBIND, 1));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 1)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TRANSPARENT, 0));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_IP, IP_TRANSPARENT, 1)));
}

/* The mark chooses the route: of the socket, of one datagram */
TEST_F(sendopt6, mark)
{
	int t = tun6(), fd = sock(), peer = sock();

	run("ip -6 rule add fwmark 7 lookup 100");
	run("ip -6 route add default dev tun0 table 100");
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE6, 9, 'x'));
	EXPECT_EQ(ENETUNREACH, send_int(fd, NOWHERE6, SOL_SOCKET, SO_MARK, 8));
	EXPECT_EQ(0, send_int(fd, NOWHERE6, SOL_SOCKET, SO_MARK, 7));
	EXPECT_STREQ("x", next_text6());
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 7));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'y'));
	EXPECT_STREQ("y", next_text6());
	EXPECT_EQ(ENETUNREACH, send_int(fd, NOWHERE6, SOL_SOCKET, SO_MARK, 0));
	EXPECT_EQ(0, set_int(peer, SOL_SOCKET, SO_MARK, 7));
	joined(peer, NOWHERE6, 9);
	EXPECT_EQ(0, tag(peer, 'a'));
	EXPECT_STREQ("a", next_text6());
	EXPECT_EQ(0, set_int(peer, SOL_SOCKET, SO_MARK, 0));
	EXPECT_EQ(ENETUNREACH, tag(peer, 'b'));
	EXPECT_EQ(0, send_int(peer, NULL, SOL_SOCKET, SO_MARK, 7));
	EXPECT_STREQ("x", next_text6());
	unprivileged(_metadata);
	EXPECT_EQ(EPERM, send_int(fd, NOWHERE6, SOL_SOCKET, SO_MARK, 7));
	EXPECT_STREQ("(none)", next_text6());
}

/* Rules that look at the protocol, its ports, the user, the flow */
TEST_F(sendopt6, rules)
{
	int t = tun6(), fd = bound("::", 5000), other = sock();
	char rule[96];

	snprintf(rule, sizeof(rule),
		 "ip -6 rule add ipproto %d sport 5000 dport 9 lookup 100",
		 variant->door.wire);
	run(rule);
	run("ip -6 route add default dev tun0 table 100");
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_STREQ("a", next_text6());
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE6, 10, 'a'));
	EXPECT_EQ(ENETUNREACH, tag_to(other, NOWHERE6, 9, 'a'));
	joined(fd, NOWHERE6, 9);
	EXPECT_EQ(0, tag(fd, 'b'));
	EXPECT_STREQ("b", next_text6());
	run("ip -6 rule add uidrange 0-0 dport 11 lookup 100");
	EXPECT_EQ(0, tag_to(other, NOWHERE6, 11, 'c'));
	EXPECT_STREQ("c", next_text6());
	run("ip -6 rule add dsfield 0x20 lookup 100");
	EXPECT_EQ(0, send_int(other, NOWHERE6, SOL_IPV6, IPV6_TCLASS, 0x20));
	EXPECT_STREQ("x", next_text6());
	EXPECT_EQ(0, set_int(other, SOL_IPV6, IPV6_TCLASS, 0x20));
	EXPECT_EQ(0, tag_to(other, NOWHERE6, 9, 'd'));
	EXPECT_STREQ("d", next_text6());
}

/* What routes say that are no ways */
TEST_F(sendopt6, routes_that_refuse)
{
	static const struct {
		const char *add, *to;
		int err;
	} rows[] = {
		{ "ip -6 route add unreachable 2001:db8:1::1", "2001:db8:1::1",
		  EHOSTUNREACH },
		{ "ip -6 route add prohibit 2001:db8:1::2", "2001:db8:1::2",
		  EACCES },
		{ "ip -6 route add blackhole 2001:db8:1::3", "2001:db8:1::3",
		  EINVAL },
		{ "ip -6 route add throw 2001:db8:1::4", "2001:db8:1::4",
		  ENETUNREACH },
	};
	int t = tun6(), fd = sock();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		run(rows[i].add);
		EXPECT_EQ(rows[i].err, tag_to(fd, rows[i].to, 9, 'a'))
			TH_LOG("%s", rows[i].add);
		EXPECT_EQ(rows[i].err, err_of(connect_to(fd, rows[i].to, 9)))
			TH_LOG("%s", rows[i].add);
	}
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
	EXPECT_STREQ("(none)", next_text6());
}

/* MSG_DONTROUTE and SO_DONTROUTE mean nothing here */
TEST_F(sendopt6, dontroute)
{
	struct any_addr to = any_addr(NOWHERE6, 9);
	int t = tun6(), fd = sock();

	run("ip -6 route add default via " YOU6);
	EXPECT_EQ(1, sendto(fd, "a", 1, MSG_DONTROUTE, &to.sa, to.len));
	EXPECT_STREQ("a", next_text6());
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_DONTROUTE, 1));
	EXPECT_EQ(1, sendto(fd, "b", 1, 0, &to.sa, to.len));
	EXPECT_STREQ("b", next_text6());
}

/* netfilter sees priority and mark; what it drops is EPERM */
TEST_F(sendopt6, priority)
{
	static const struct {
		int socket, option, message, err;	/* -1: not set */
	} rows[] = {
		{ -1, -1, -1, 0 },
		{ 6, -1, -1, EPERM },
		{ 5, -1, -1, 0 },
		/* Unlike the TOS, the traffic class makes no priority */
		{ -1, 0x10, -1, 0 },
		{ -1, -1, 0x10, 0 },
		{ 6, -1, 0x08, EPERM },
		{ 6, 0, -1, EPERM },
	};
	int t = tun6(), fd;
	unsigned int i;

	run("nft add table ip6 t");
	run("nft add chain ip6 t c '{ type filter hook output priority 0; }'");
	run("nft add rule ip6 t c meta priority 0:6 drop");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = joined(sock(), YOU6, 9);
		if (rows[i].option >= 0)
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TCLASS,
					     rows[i].option));
		if (rows[i].socket >= 0)
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PRIORITY,
					     rows[i].socket));
		EXPECT_EQ(rows[i].err, rows[i].message >= 0 ?
			  send_int(fd, NULL, SOL_IPV6, IPV6_TCLASS,
				   rows[i].message) :
			  err_of(send(fd, "x", 1, 0)))
			TH_LOG("case %d", i);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text6());
		close(fd);
	}
	run("nft flush chain ip6 t c");
	run("nft add rule ip6 t c meta mark 9 drop");
	fd = joined(sock(), YOU6, 9);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(EPERM, send_int(fd, NULL, SOL_SOCKET, SO_MARK, 9));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 9));
	EXPECT_EQ(EPERM, tag(fd, 1));
}

TEST_HARNESS_MAIN
