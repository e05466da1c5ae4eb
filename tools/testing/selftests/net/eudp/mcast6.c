// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of IPv6 where they are not as those of IPv4, which mcast asks for,
 * and anycast: ipv6(7), RFC 3493, RFC 4291
 */
#include "mcast.h"
#include <linux/in6.h>
#include <linux/udp.h>
#include <netinet/icmp6.h>

#define NODES	"ff02::1"
#define ANYCAST	"2001:db8::77"
#define MAPPED	"::ffff:" GROUP
#define NOBODY	65534

EUDP6_FIXTURE(mcast6)

static int ip6_option(int fd, int option, const void *value, socklen_t len)
{
	return err_of(setsockopt(fd, SOL_IPV6, option, value, len));
}

/* IPV6_JOIN_GROUP, IPV6_JOIN_ANYCAST and their ends */
static int change6(int fd, int option, const char *ip, int index, int len)
{
	struct ipv6_mreq mreq = { .ipv6mr_multiaddr = addr6(ip, 0).sin6_addr,
				  .ipv6mr_interface = index };

	return ip6_option(fd, option, &mreq, len);
}

static struct door of_ip4(const struct door *door)
{
	struct door d = *door;

	d.version = AF_INET;
	return d;
}

/* struct ipv6_mreq: what it accepts, that it helps, and the end */
TEST_F(mcast6, membership)
{
	static const struct {
		const char *name, *group;
		int index, len, join, leave;
	} cases[] = {
		{ "by index", GROUP6, 2, 20, 0, 0 },
		{ "by route", GROUP6, 0, 20, 0, 0 },
		{ "longer", GROUP6, 2, 24, 0, 0 },
		{ "short", GROUP6, 2, 19, EINVAL, EINVAL },
		{ "no such device", GROUP6, GONE, 20, ENODEV, EADDRNOTAVAIL },
		{ "unicast", YOU6, 2, 20, EINVAL, EINVAL },
		{ "any", "::", 2, 20, EINVAL, EINVAL },
		{ "IPv4", MAPPED, 2, 20, EINVAL, EINVAL },
	};
	int t = tap_for_many(), fd = bound("::", 5000);
	unsigned int i;

	ASSERT_EQ(2, if_nametoindex("tap0"));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(c->join, change6(fd, IPV6_JOIN_GROUP, c->group,
					   c->index, c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->join ?: EADDRINUSE,
			  change6(fd, IPV6_JOIN_GROUP, c->group, c->index,
				  c->len))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->join ? "" : "abc", allowed(fd))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->leave, change6(fd, IPV6_LEAVE_GROUP, c->group,
					    c->index, c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->leave ?: EADDRNOTAVAIL,
			  change6(fd, IPV6_LEAVE_GROUP, c->group, c->index,
				  c->len))
			TH_LOG("%s", c->name);
		EXPECT_STREQ("", allowed(fd))
			TH_LOG("%s", c->name);
	}
}

/* No device but lo: none has a route for groups, and lo must be named */
TEST_F(mcast6, membership_without_route)
{
	int fd = sock();

	EXPECT_EQ(ENODEV, change6(fd, IPV6_JOIN_GROUP, GROUP6, 0, 20));
	EXPECT_EQ(0, change6(fd, IPV6_JOIN_GROUP, GROUP6, 1, 20));
	EXPECT_EQ(EADDRINUSE, change6(fd, IPV6_JOIN_GROUP, GROUP6, 0, 20));
	EXPECT_EQ(0, change6(fd, IPV6_LEAVE_GROUP, GROUP6, 0, 20));
}

/* Each option of RFC 3678 refuses what is no group, and what is no device */
TEST_F(mcast6, bad_requests)
{
	struct group_source_req ip4 = { .gsr_interface = 2 };
	int t = tap_for_many(), fd = sock(), what;
	struct sockaddr_in sin = addr(GROUP, 0);

	ASSERT_LE(0, t);
	memcpy(&ip4.gsr_group, &sin, sizeof(sin));
	memcpy(&ip4.gsr_source, &sin, sizeof(sin));
	for (what = JOIN; what <= UNBLOCK; what++) {
		int option = mcast_options[what];

		EXPECT_EQ(EINVAL, change_mcast(fd, what, ME6, YOU6))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(what == LEAVE ? EADDRNOTAVAIL : ENODEV,
			  change_index(fd, what, GROUP6, YOU6, GONE))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(EINVAL, ip6_option(fd, option, &ip4, 4))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(EADDRNOTAVAIL,
			  ip6_option(fd, option, &ip4, sizeof(ip4)))
			TH_LOG("%s", names[what]);
	}
}

/* There is a most of sources, that of net.ipv6.mld_max_msf: 64 */
TEST_F(mcast6, limit_of_sources)
{
	struct any_addr group = any_addr(GROUP6, 0);
	int t = tap_for_many(), fd = sock(), i;
	struct sockaddr_storage set[65] = {};
	char source[32];

	ASSERT_LE(0, t);
	member(fd, GROUP6, "tap0");
	for (i = 0; i < 65; i++) {
		snprintf(source, sizeof(source), "2001:db8::1:%x", i);
		EXPECT_EQ(i < 64 ? 0 : ENOBUFS,
			  change_mcast(fd, BLOCK, GROUP6, source));
		*(struct sockaddr_in6 *)&set[i] = addr6(source, 0);
	}
	EXPECT_EQ(ENOBUFS, err_of(setsourcefilter(fd, 2, &group.sa, group.len,
						  MCAST_INCLUDE, 65, set)));
	EXPECT_EQ(0, err_of(setsourcefilter(fd, 2, &group.sa, group.len,
					    MCAST_INCLUDE, 64, set)));
}

/*
 * Unlike in IPv4 the device that a datagram came in by is of no matter: of the
 * memberships of a group the youngest one decides
 */
TEST_F(mcast6, member_on_another_device)
{
	int t = tap_for_many(), fd = bound("::", 5000), k = keeper();

	ASSERT_LE(0, k);
	add_device("d1", "dummy");
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_ALL, 0));
	EXPECT_STREQ("", allowed(fd));
	member(fd, GROUP6, "d1");
	EXPECT_STREQ("abc", allowed(fd));
	EXPECT_EQ(0, change_on(fd, BLOCK, GROUP6, YOU6, "d1"));
	EXPECT_STREQ("bc", allowed(fd));
	member(fd, GROUP6, "tap0");
	EXPECT_STREQ("abc", allowed(fd));
	EXPECT_EQ(0, change_mcast(fd, LEAVE, GROUP6, NULL));
	EXPECT_STREQ("bc", allowed(fd));
	EXPECT_EQ(0, change_mcast(fd, JOIN_SOURCE, GROUP6, "2001:db8::4"));
	EXPECT_STREQ("c", allowed(fd));
}

/* IPV6_MULTICAST_ALL is on for any value but 0, that of IPv4 for 1 */
TEST_F(mcast6, values_of_all)
{
	static const int values[] = { 2, 0, -1, 1 };
	int fd = sock(), i;

	for (i = 0; i < (int)ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_ALL,
				     values[i]));
		EXPECT_EQ(!!values[i],
			  get_int(fd, SOL_IPV6, IPV6_MULTICAST_ALL));
	}
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IP, IP_MULTICAST_ALL, 2)));
	EXPECT_EQ(EINVAL, ip6_option(fd, IPV6_MULTICAST_ALL, values, 3));
}

/* In a VRF it comes in by two devices, and a socket is of either */
TEST_F(mcast6, vrf)
{
	static const struct {
		const char *device;	/* it is bound to this one */
		const char *heard;
	} cases[] = {
		{ "v1", "a" }, { "tap0", "a" }, { "d1", "" }, { "lo", "" },
		{ "", "" },
	};
	int t = tap_for_many(), k, fd, i;

	add_device("d1", "dummy");
	run("ip link add v1 up type vrf table 10");
	run("ip link set tap0 master v1");
	ready_for_groups("tap0");
	k = keeper();
	ASSERT_LE(0, k);
	for (i = 0; i < (int)ARRAY_SIZE(cases); i++) {
		fd = sock();
		ASSERT_EQ(0, set_device(fd, cases[i].device));
		member(__bound(_metadata, fd, "::", 5000), GROUP6, "tap0");
		arrive(YOU6, GROUP6, 'a');
		EXPECT_STREQ(cases[i].heard, heard(fd))
			TH_LOG("bound to %s", cases[i].device);
		close(fd);
	}
}

/* The next error of ICMPv6 that has been sent: its type, 0 if none */
static int told(int tap)
{
	struct packet p;
	int type;

	while (sent(tap, IPPROTO_ICMPV6, &p)) {
		type = *((unsigned char *)&p.ip6 + IP6_LEN);
		if (type < ICMP6_INFOMSG_MASK)
			return type;
	}
	return 0;
}

/* Nobody is told of what nobody wanted, but it is counted */
TEST_F(mcast6, unwanted)
{
	enum { GOOD, WRONG, ZERO };
	static const struct {
		const char *to;
		int sum, len, ignored, errors;
	} cases[] = {
		{ GROUP6, GOOD, 1, 1, 0 },
		{ NODES, GOOD, 1, 1, 0 },
		{ GROUP6, GOOD, 1000, 1, 0 },
		/* Not a member, so it is nothing to this host */
		{ OTHER6, GOOD, 1, 0, 0 },
		/* The sum of a long one is for the socket to look at */
		{ GROUP6, WRONG, 1, 0, 1 },
		{ GROUP6, WRONG, 1000, 1, 0 },
		/* Few sockets take this, and that is no error of the sum */
		{ GROUP6, ZERO, 1, 1, 0 },
		{ GROUP6, ZERO, 1000, 1, 0 },
	};
	int t = tap_for_many(), k = keeper(), us = shared(ME6, 5000);
	char data[1000] = {};
	struct packet p;
	unsigned int i;

	ASSERT_LE(0, k);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ignored = count("IgnoredMulti");
		int errors = count("InErrors");

		make_for(&p, &variant->door, YOU6, cases[i].to, data,
			 cases[i].len);
		if (cases[i].sum == WRONG)
			head_of(&p)->check ^= htons(0x0101);
		if (cases[i].sum == ZERO)
			head_of(&p)->check = 0;
		inject(t, &p);
		EXPECT_EQ(cases[i].ignored, count("IgnoredMulti") - ignored)
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].errors, count("InErrors") - errors)
			TH_LOG("case %d", i);
		EXPECT_EQ(0, told(t));
		EXPECT_STREQ("", heard(us));
	}
	EXPECT_EQ(0, count("NoPorts"));
	EXPECT_EQ(0, count("InDatagrams"));
	/* One for one is told */
	arrive(YOU6, ME6, 'x');
	EXPECT_STREQ("x", heard(us));
	close(us);
	arrive(YOU6, ME6, 'y');
	EXPECT_EQ(1, count("NoPorts"));
	EXPECT_EQ(ICMP6_DST_UNREACH, told(t));
}

/* A long one with a wrong checksum is an error of each that would have it */
TEST_F(mcast6, wrong_checksum)
{
	int t = tap_for_many(), a, b;
	char data[1000] = {};
	struct packet p;

	a = member(shared("::", 5000), GROUP6, "tap0");
	b = member(shared("::", 5000), GROUP6, "tap0");
	make_for(&p, &variant->door, YOU6, GROUP6, data, sizeof(data));
	head_of(&p)->check ^= htons(0x0101);
	inject(t, &p);
	EXPECT_STREQ("", heard(a));
	EXPECT_EQ(1, count("InCsumErrors"));
	EXPECT_STREQ("", heard(b));
	EXPECT_EQ(2, count("InCsumErrors"));
	EXPECT_EQ(2, count("InErrors"));
	EXPECT_EQ(0, count("IgnoredMulti"));
}

/* RFC 6935: without a checksum only for those who said so, wherever it is from */
TEST_F(mcast6, zero_checksum)
{
	int t = tap_for_many(), tx = sock(), fds[3], i;
	struct packet p;

	for (i = 0; i < 3; i++) {
		fds[i] = member(shared("::", 5000), GROUP6, "tap0");
		ASSERT_EQ(0, set_int(fds[i], IPPROTO_UDP, UDP_NO_CHECK6_RX, i > 0));
	}
	make_for(&p, &variant->door, YOU6, GROUP6, "a", 1);
	head_of(&p)->check = 0;
	inject(t, &p);
	arrive(YOU6, GROUP6, 'b');
	ASSERT_EQ(0, set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 2));
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_NO_CHECK6_TX, 1));
	EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'c'));
	settle();
	ASSERT_LT(0, sent(t, variant->door.wire, &p));
	EXPECT_EQ(0, head_of(&p)->check);
	EXPECT_STREQ("b", heard(fds[0]));
	EXPECT_STREQ("abc", heard(fds[1]));
	EXPECT_STREQ("abc", heard(fds[2]));
	EXPECT_EQ(0, count("IgnoredMulti"));
	EXPECT_EQ(0, count("InErrors"));
}

/* IPV6_MULTICAST_LOOP is the sender's, and of no matter to the wire */
TEST_F(mcast6, loop)
{
	static const struct {
		int value, len, err;
		const char *heard;
	} cases[] = {
		{ 1, 4, 0, "x" }, { 0, 4, 0, "" }, { 2, 4, EINVAL, "" },
		{ -1, 4, EINVAL, "" }, { 1, 3, EINVAL, "" },
		{ 1, 4, 0, "x" }, { 0, 3, EINVAL, "x" }, { 0, 8, 0, "" },
	};
	int t = tap_for_many(), tx = sock(), value[2] = {};
	int fd = member(bound("::", 5000), GROUP6, "tap0");
	struct packet p;
	unsigned int i;

	EXPECT_EQ(1, get_int(tx, SOL_IPV6, IPV6_MULTICAST_LOOP));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_LOOP, 0));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		value[0] = cases[i].value;
		EXPECT_EQ(cases[i].err, ip6_option(tx, IPV6_MULTICAST_LOOP,
						   value, cases[i].len))
			TH_LOG("case %d", i);
		EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'x'));
		settle();
		EXPECT_STREQ(cases[i].heard, heard(fd))
			TH_LOG("case %d", i);
		EXPECT_EQ(IP6_LEN + HDR_LEN + 1,
			  sent(t, variant->door.wire, &p));
		EXPECT_EQ(0, sent(t, variant->door.wire, &p));
	}
	/* Nobody here has joined this one, so it only goes out */
	EXPECT_EQ(0, tag_to(tx, OTHER6, 5000, 'x'));
	settle();
	EXPECT_STREQ("", heard(fd));
	EXPECT_LT(0, sent(t, variant->door.wire, &p));
}

/* IPV6_MULTICAST_HOPS; 0 is for this host alone */
TEST_F(mcast6, hops)
{
	static const struct {
		int set, err, wire;	/* -1: not on the wire */
	} cases[] = {
		{ 0, 0, -1 }, { 1, 0, 1 }, { 2, 0, 2 }, { 255, 0, 255 },
		{ 256, EINVAL, 255 }, { -2, EINVAL, 255 }, { -1, 0, 1 },
	};
	static const unsigned char mac[] = { 0x33, 0x33, 0, 2, 0, 3 };
	int t = tap_for_many(), tx = sock(), i;
	int fd = member(bound("::", 5000), GROUP6, "tap0");
	struct packet p;

	EXPECT_EQ(1, get_int(tx, SOL_IPV6, IPV6_MULTICAST_HOPS));
	/* This one is not of groups */
	EXPECT_EQ(0, set_int(tx, SOL_IPV6, IPV6_UNICAST_HOPS, 9));
	for (i = 0; i < (int)ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err,
			  err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_HOPS,
					 cases[i].set)));
		EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'a'));
		settle();
		EXPECT_STREQ("a", heard(fd));
		if (cases[i].wire < 0) {
			EXPECT_EQ(0, sent(t, variant->door.wire, &p));
			continue;
		}
		ASSERT_LT(0, sent(t, variant->door.wire, &p));
		EXPECT_EQ(cases[i].wire, p.ip6.ip6_hlim);
		EXPECT_EQ(0, memcmp(mac, p.eth.ether_dhost, ETH_ALEN));
		EXPECT_EQ(head_of(&p)->check,
			  datagram_sum(&p, ntohs(head_of(&p)->len)));
	}
}

/* A member for what goes out by @device, which hears nothing else */
static int __hearer(struct __test_metadata *_metadata, const struct door *door,
		    const char *group, const char *device)
{
	int fd = __reuse(_metadata,
			 __sock(_metadata, door->family, door->protocol));

	ASSERT_EQ(0, set_device(fd, device));
	return __member(_metadata, __bound(_metadata, fd, "::", 5000), group,
			device);
}

#define hearer(group, device) \
	__hearer(_metadata, &variant->door, group, device)

/* IPV6_MULTICAST_IF: the device, until it is taken back */
TEST_F(mcast6, interface)
{
	static const struct {
		const char *name;
		int index, len, err, then;
		const char *d1, *d2;
	} cases[] = {
		{ "d1", 2, 4, 0, 2, "fd00:1::1", "nobody" },
		{ "d2", 3, 4, 0, 3, "nobody", "fd00:2::1" },
		{ "no such", GONE, 4, ENODEV, 3, "nobody", "fd00:2::1" },
		{ "negative", -1, 4, ENODEV, 3, "nobody", "fd00:2::1" },
		{ "short", 2, 3, EINVAL, 3, "nobody", "fd00:2::1" },
		{ "back", 0, 4, 0, 0, "fd00:1::1", "nobody" },
	};
	int tx = sock(), d1, d2;
	unsigned int i;

	two_devices();
	run("ip -6 route add multicast ff0e::/16 dev d1 table local");
	d1 = hearer(GROUP6, "d1");
	d2 = hearer(GROUP6, "d2");
	EXPECT_EQ(0, get_int(tx, SOL_IPV6, IPV6_MULTICAST_IF));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(c->err, ip6_option(tx, IPV6_MULTICAST_IF, &c->index,
					     c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->then, get_int(tx, SOL_IPV6, IPV6_MULTICAST_IF))
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'a'));
		settle();
		EXPECT_STREQ(c->d1, source(d1))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->d2, source(d2))
			TH_LOG("%s", c->name);
	}
}

/* ... and what else says where it goes, or where from */
TEST_F(mcast6, interface_of_the_bound)
{
	int tx, d1, d2;

	two_devices();
	run("ip -6 route add multicast ff0e::/16 dev d1 table local");
	d1 = hearer(GROUP6, "d1");
	d2 = hearer(GROUP6, "d2");
	/* An address is no device */
	tx = bound("fd00:2::1", 4000);
	EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'a'));
	settle();
	EXPECT_STREQ("fd00:2::1", source(d1));
	EXPECT_STREQ("nobody", source(d2));
	close(tx);
	/* A socket of one device cannot have another one, */
	tx = sock();
	ASSERT_EQ(0, set_device(tx, "d2"));
	EXPECT_EQ(EINVAL, err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 2)));
	EXPECT_EQ(0, err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 3)));
	EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("fd00:2::1", source(d2));
	/* but it may have had it before, and that is of no use */
	tx = sock();
	EXPECT_EQ(0, err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 2)));
	ASSERT_EQ(0, set_device(tx, "d2"));
	EXPECT_EQ(0, tag_to(tx, GROUP6, 5000, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("fd00:2::1", source(d2));
	/* A connected one has it from when it was connected */
	tx = sock();
	EXPECT_EQ(0, err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 3)));
	joined(tx, GROUP6, 5000);
	EXPECT_EQ(0, tag(tx, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("fd00:2::1", source(d2));
}

/* A group of the link has a scope, which is a device and before the others */
TEST_F(mcast6, scope_id)
{
	int tx = sock(), d1, d2;

	two_devices();
	d1 = hearer("ff02::1:2:3", "d1");
	d2 = hearer("ff02::1:2:3", "d2");
	EXPECT_EQ(0, err_of(set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 2)));
	EXPECT_EQ(0, tag_to(tx, "ff02::1:2:3%d2", 5000, 'a'));
	EXPECT_EQ(0, tag_to(tx, "ff02::1:2:3", 5000, 'b'));
	/* A wider one has none */
	EXPECT_EQ(0, tag_to(tx, "ff05::1:2:3%d2", 5000, 'c'));
	settle();
	EXPECT_STREQ("b", heard(d1));
	EXPECT_STREQ("a", heard(d2));
	EXPECT_EQ(EINVAL, err_of(bind_to(sock(), "ff02::1:2:3", 5000)));
	EXPECT_EQ(EINVAL, err_of(connect_to(sock(), "ff02::1:2:3", 5000)));
	/* connect() with a scope binds to the device, as far as that goes */
	tx = joined(sock(), "ff02::1:2:3%d2", 5000);
	EXPECT_EQ(3, get_int(tx, SOL_SOCKET, SO_BINDTOIFINDEX));
	EXPECT_EQ(0, tag(tx, 'd'));
	EXPECT_EQ(0, tag_to(tx, "ff02::1:2:3%d1", 5000, 'e'));
	settle();
	EXPECT_STREQ("e", heard(d1));
	EXPECT_STREQ("d", heard(d2));
}

/* RFC 4291 2.7: what is of an interface is on no wire, scope 0 is nowhere */
TEST_F(mcast6, scopes)
{
	static const struct {
		const char *group;
		bool wire;
		const char *looped;
	} cases[] = {
		{ "ff00::1:2:3", false, "" }, { "ff01::1:2:3", false, "b" },
		{ "ff02::1:2:3", true, "b" }, { "ff05::1:2:3", true, "b" },
		{ "ff08::1:2:3", true, "b" }, { "ff0e::1:2:3", true, "b" },
		{ "ff0f::1:2:3", true, "b" }, { "ff11::1:2:3", false, "b" },
		{ "ff12::1:2:3", true, "b" }, { "ff3e::1:2:3", true, "b" },
	};
	int t = tap_for_many(), tx = sock(), fd = bound("::", 5000);
	struct packet p;
	unsigned int i;

	ASSERT_EQ(0, set_int(tx, SOL_IPV6, IPV6_MULTICAST_IF, 2));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(0, change_mcast(fd, JOIN, c->group, NULL));
		arrive(YOU6, c->group, 'a');
		EXPECT_STREQ(c->wire ? "a" : "", heard(fd))
			TH_LOG("%s", c->group);
		EXPECT_EQ(0, tag_to(tx, c->group, 5000, 'b'));
		settle();
		EXPECT_STREQ(c->looped, heard(fd))
			TH_LOG("%s", c->group);
		EXPECT_EQ(c->wire, sent(t, variant->door.wire, &p) > 0)
			TH_LOG("%s", c->group);
		EXPECT_EQ(0, change_mcast(fd, LEAVE, c->group, NULL));
		arrive(YOU6, c->group, 'c');
		EXPECT_STREQ("", heard(fd))
			TH_LOG("%s", c->group);
	}
}

/* All of one port: some are for IPv4 too, and are members there if they like */
TEST_F(mcast6, dual_stack_listeners)
{
	/* g: a group of IPv4, s: the subnet, 6: a group of IPv6 */
	static const struct {
		const char *ip;
		bool only;
		const char *peer;
		int port;
		const char *heard;
	} cases[] = {
		{ "::", false, NULL, 0, "gs6" },
		{ "::", true, NULL, 0, "6" },
		{ "::ffff:0.0.0.0", false, NULL, 0, "gs" },
		{ MAPPED, false, NULL, 0, "g" },
		{ "::ffff:192.0.2.255", false, NULL, 0, "s" },
		{ "::ffff:" OTHER, false, NULL, 0, "" },
		{ "::ffff:" ME, false, NULL, 0, "" },
		{ GROUP6, false, NULL, 0, "6" },
		{ "::", false, "::ffff:" YOU, 4000, "" },
		{ "::", false, YOU6, 4000, "" },
	};
	int t = tap_for_many(), k = keeper(), fds[ARRAY_SIZE(cases)], all;
	unsigned int i;

	member(k, GROUP, "tap0");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fds[i] = reuse(sock());
		ASSERT_EQ(0, set_int(fds[i], SOL_IPV6, IPV6_V6ONLY,
				     cases[i].only));
		__bound(_metadata, fds[i], cases[i].ip, 5000);
		if (cases[i].peer)
			joined(fds[i], cases[i].peer, cases[i].port);
		/* That of IPv6 is on, as both are on a socket of IPv4 */
		EXPECT_EQ(0, get_int(fds[i], SOL_IP, IP_MULTICAST_ALL));
		EXPECT_EQ(1, get_int(fds[i], SOL_IPV6, IPV6_MULTICAST_ALL));
	}
	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i % ARRAY_SIZE(cases)];

		all = i >= ARRAY_SIZE(cases);
		if (c == cases) {
			arrive(YOU, GROUP, 'g');
			arrive(YOU, "192.0.2.255", 's');
			arrive(YOU6, GROUP6, '6');
		}
		EXPECT_STREQ(c->heard + (*c->heard == 'g' && !all),
			     heard(fds[c - cases]))
			TH_LOG("case %d", i);
		ASSERT_EQ(0, set_int(fds[c - cases], SOL_IP, IP_MULTICAST_ALL,
				     1));
	}
}

/* Bound to a group of IPv4 it has that as its source, and so cannot send */
TEST_F(mcast6, dual_stack_bound_to_group)
{
	int t = tap_for_many(), fd = bound(MAPPED, 5000);

	member(fd, GROUP, "tap0");
	EXPECT_EQ(EINVAL, err_of(connect_to(fd, "::ffff:" YOU, 4000)));
	EXPECT_EQ(EINVAL, tag_to(fd, "::ffff:" YOU, 4000, 'x'));
	EXPECT_EQ(EINVAL, tag_to(fd, MAPPED, 4000, 'x'));
	arrive(YOU, GROUP, 'a');
	EXPECT_STREQ("a", heard(fd));
}

/* The life of a membership in IPv4 is the same for a socket of IPv6 */
TEST_F(mcast6, dual_stack_sources)
{
	int t = tap_for_many(), fd = bound("::", 5000), k = sock();
	const struct door ip4 = of_ip4(&variant->door);

	member(k, GROUP, "tap0");
	__live(_metadata, &ip4, t, fd, change_mcast);
	/* What it has joined in IPv6 is something else */
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_ALL, 0));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_ALL, 0));
	member(fd, GROUP6, "tap0");
	EXPECT_STREQ("", __allowed(_metadata, &ip4, t, fd));
	EXPECT_STREQ("abc", allowed(fd));
}

/* A datagram for IPv4 has options of both: loop is that of IPv6 */
TEST_F(mcast6, dual_stack_sender)
{
	static const struct {
		int level, option, value;
		const char *heard;
		int ttl;
	} cases[] = {
		{ SOL_IP, IP_MULTICAST_TTL, 7, "x", 7 },
		{ SOL_IPV6, IPV6_MULTICAST_HOPS, 9, "x", 7 },
		{ SOL_IP, IP_MULTICAST_LOOP, 0, "x", 7 },
		{ SOL_IPV6, IPV6_MULTICAST_LOOP, 0, "", 7 },
		{ SOL_IP, IP_MULTICAST_LOOP, 1, "", 7 },
		{ SOL_IPV6, IPV6_MULTICAST_LOOP, 1, "x", 7 },
	};
	int t = tap_for_many(), tx = sock();
	int fd = member(bound("::", 5000), GROUP, "tap0");
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, set_int(tx, cases[i].level, cases[i].option,
				     cases[i].value));
		EXPECT_EQ(0, tag_to(tx, MAPPED, 5000, 'x'));
		settle();
		EXPECT_STREQ(cases[i].heard, heard(fd))
			TH_LOG("case %d", i);
		ASSERT_LT(0, sent(t, variant->door.wire, &p));
		ASSERT_FALSE(is_ip6(&p));
		EXPECT_EQ(cases[i].ttl, p.ip.ttl)
			TH_LOG("case %d", i);
	}
}

/* IPV6_JOIN_ANYCAST: who may, and where; what has been joined can be left */
TEST_F(mcast6, anycast)
{
	static const struct {
		const char *name, *ip;
		int index, len, join, leave;
	} cases[] = {
		{ "by index", ANYCAST, 2, 20, 0, 0 },
		{ "by route", ANYCAST, 0, 20, 0, 0 },
		{ "short", ANYCAST, 2, 19, EINVAL, EINVAL },
		{ "no such device", ANYCAST, GONE, 20, ENODEV, ENOENT },
		{ "not of this link", NOWHERE6, 2, 20, EADDRNOTAVAIL, ENOENT },
		{ "our own", ME6, 2, 20, EINVAL, ENOENT },
		{ "a group", GROUP6, 2, 20, EINVAL, ENOENT },
	};
	int t = tap_for_many(), fd = bound("::", 5000), i;

	for (i = 0; i < (int)ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(c->join, change6(fd, IPV6_JOIN_ANYCAST, c->ip,
					   c->index, c->len))
			TH_LOG("%s", c->name);
		arrive(YOU6, ANYCAST, 'a');
		EXPECT_STREQ(c->join ? "" : "a", heard(fd))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->leave, change6(fd, IPV6_LEAVE_ANYCAST, c->ip,
					    c->index, c->len))
			TH_LOG("%s", c->name);
		arrive(YOU6, ANYCAST, 'b');
		EXPECT_STREQ("", heard(fd))
			TH_LOG("%s", c->name);
	}
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(EPERM, change6(fd, IPV6_JOIN_ANYCAST, ANYCAST, 2, 20));
	ASSERT_EQ(0, seteuid(0));
}

/* It is for one of the sockets, joined or not, and ends with the last joiner */
TEST_F(mcast6, anycast_delivery)
{
	int t = tap_for_many(), fd = shared("::", 5000), a = sock(), b = sock();

	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(a, ANYCAST, 5000)));
	EXPECT_EQ(0, change6(a, IPV6_JOIN_ANYCAST, ANYCAST, 2, 20));
	/* As often as it likes */
	EXPECT_EQ(0, change6(a, IPV6_JOIN_ANYCAST, ANYCAST, 2, 20));
	EXPECT_EQ(0, change6(b, IPV6_JOIN_ANYCAST, ANYCAST, 2, 20));
	/* The address is not ours for all that */
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(b, ANYCAST, 5000)));
	arrive(YOU6, ANYCAST, 'a');
	EXPECT_STREQ("a", heard(fd));
	EXPECT_EQ(0, change6(a, IPV6_LEAVE_ANYCAST, ANYCAST, 2, 20));
	EXPECT_EQ(0, change6(b, IPV6_LEAVE_ANYCAST, ANYCAST, 2, 20));
	EXPECT_EQ(ENOENT, change6(b, IPV6_LEAVE_ANYCAST, ANYCAST, 2, 20));
	arrive(YOU6, ANYCAST, 'b');
	EXPECT_STREQ("b", heard(fd));
	/* Whoever is bound to it has it before the others */
	run("echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind");
	b = shared(ANYCAST, 5000);
	arrive(YOU6, ANYCAST, 'c');
	EXPECT_STREQ("", heard(fd));
	EXPECT_STREQ("c", heard(b));
	close(a);
	arrive(YOU6, ANYCAST, 'd');
	EXPECT_STREQ("", heard(b));
	EXPECT_STREQ("", heard(fd));
	EXPECT_NE(0, system("grep -q '[^ ]' /proc/net/anycast6"));
}

TEST_HARNESS_MAIN
