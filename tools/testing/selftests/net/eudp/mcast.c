// SPDX-License-Identifier: GPL-2.0
/* Datagrams for many: multicast and broadcast, ip(7) and RFC 3678 */
#include "mcast.h"
#include <linux/filter.h>

#define SUBNET	"192.0.2.255"
#define ALL	"255.255.255.255"
#define NODES	"ff02::1"

EUDP_FIXTURE(mcast)
/* What is the same for groups of IPv6 */
EUDP_BOTH_FIXTURE(many)

static const int ip_options[] = {
	IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP,
	IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP,
	IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE
};

static int ip_option(int fd, int option, const void *value, socklen_t len)
{
	return err_of(setsockopt(fd, SOL_IP, option, value, len));
}

/* By the address of tap0 */
static int change_ip(int fd, int what, const char *group, const char *source)
{
	struct ip_mreq_source of = { .imr_multiaddr.s_addr = inet_addr(group),
				     .imr_interface.s_addr = inet_addr(ME) };
	struct ip_mreq mreq = { of.imr_multiaddr, of.imr_interface };
	int option = ip_options[what];

	if (what == JOIN || what == LEAVE)
		return ip_option(fd, option, &mreq, sizeof(mreq));
	of.imr_sourceaddr.s_addr = inet_addr(source);
	return ip_option(fd, option, &of, sizeof(of));
}

/* struct ip_mreq and ip_mreqn: what they accept, that it helps, and the end */
TEST_F(mcast, membership)
{
	static const struct {
		const char *name, *group, *address;
		int index, len, add, drop;
	} cases[] = {
		{ "address", GROUP, ME, 0, 8, 0, 0 },
		{ "mreqn by address", GROUP, ME, 0, 12, 0, 0 },
		{ "mreqn by index", GROUP, "0.0.0.0", 2, 12, 0, 0 },
		{ "index before address", GROUP, NOWHERE, 2, 12, 0, 0 },
		{ "by route", GROUP, "0.0.0.0", 0, 8, 0, 0 },
		{ "by route, mreqn", GROUP, "0.0.0.0", 0, 12, 0, 0 },
		{ "no such address", GROUP, NOWHERE, 0, 8, ENODEV,
		  EADDRNOTAVAIL },
		{ "no such device", GROUP, "0.0.0.0", GONE, 12, ENODEV,
		  EADDRNOTAVAIL },
		{ "unicast", YOU, ME, 0, 8, EINVAL, EADDRNOTAVAIL },
		{ "broadcast", ALL, ME, 0, 8, EINVAL, EADDRNOTAVAIL },
		{ "any", "0.0.0.0", ME, 0, 8, EINVAL, EADDRNOTAVAIL },
		{ "short", GROUP, ME, 0, 7, EINVAL, EINVAL },
	};
	int t = tap_for_many(), fd = bound("0.0.0.0", 5000);
	struct ip_mreqn m = {};
	unsigned int i;

	ASSERT_EQ(2, if_nametoindex("tap0"));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		m.imr_multiaddr.s_addr = inet_addr(c->group);
		m.imr_address.s_addr = inet_addr(c->address);
		m.imr_ifindex = c->index;
		EXPECT_EQ(c->add, ip_option(fd, IP_ADD_MEMBERSHIP, &m, c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->add ?: EADDRINUSE,
			  ip_option(fd, IP_ADD_MEMBERSHIP, &m, c->len))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->add ? "" : "abc", allowed(fd))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->drop,
			  ip_option(fd, IP_DROP_MEMBERSHIP, &m, c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->drop ?: EADDRNOTAVAIL,
			  ip_option(fd, IP_DROP_MEMBERSHIP, &m, c->len))
			TH_LOG("%s", c->name);
		EXPECT_STREQ("", allowed(fd))
			TH_LOG("%s", c->name);
	}
}

/* Without a route there is no device to choose */
TEST_F(mcast, membership_without_route)
{
	int fd = sock();
	struct ip_mreq m = { .imr_multiaddr.s_addr = inet_addr(GROUP) };

	EXPECT_EQ(ENODEV, ip_option(fd, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	EXPECT_EQ(ENODEV, ip_option(fd, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
}

/* IP_ADD_SOURCE_MEMBERSHIP and so on */
TEST_F(mcast, sources)
{
	int t = tap_for_many(), fd = bound("0.0.0.0", 5000), k = keeper();

	ASSERT_LE(0, k);
	__live(_metadata, &variant->door, t, fd, change_ip);
}

/* MCAST_JOIN_GROUP and so on */
TEST_F(many, group_sources)
{
	int t = tap_for_many(), fd = bound(ANY, 5000), k = keeper();

	ASSERT_LE(0, k);
	__live(_metadata, &variant->door, t, fd, change_mcast);
}

/* Each option of sources refuses what is no group, and what is no device */
TEST_F(mcast, bad_requests)
{
	struct ip_mreq_source no_device = {
		.imr_multiaddr.s_addr = inet_addr(GROUP),
		.imr_interface.s_addr = inet_addr(NOWHERE),
		.imr_sourceaddr.s_addr = inet_addr(YOU),
	};
	int t = tap_for_many(), fd = sock(), what;

	ASSERT_LE(0, t);
	for (what = JOIN; what <= UNBLOCK; what++) {
		int err = what == LEAVE ? EADDRNOTAVAIL : EINVAL;

		EXPECT_EQ(err, change_ip(fd, what, ME, YOU))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(err, change_mcast(fd, what, ME, YOU))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(EINVAL,
			  ip_option(fd, mcast_options[what], &no_device, 4))
			TH_LOG("%s", names[what]);
		if (what == JOIN || what == LEAVE)
			continue;
		EXPECT_EQ(ENODEV, ip_option(fd, ip_options[what], &no_device,
					    sizeof(no_device)))
			TH_LOG("%s", names[what]);
		EXPECT_EQ(EINVAL,
			  ip_option(fd, ip_options[what], &no_device, 8))
			TH_LOG("%s", names[what]);
	}
}

/* There is a most of memberships, and of sources of each */
TEST_F(mcast, limits)
{
	struct in_addr me = { inet_addr(ME) }, group = { inet_addr(GROUP) };
	struct in_addr set[3] = { { 1 }, { 2 }, { 3 } };
	int t = tap_for_many(), fd = sock();

	ASSERT_LE(0, t);
	run("echo 2 > /proc/sys/net/ipv4/igmp_max_memberships");
	run("echo 2 > /proc/sys/net/ipv4/igmp_max_msf");
	EXPECT_EQ(0, change_ip(fd, JOIN, GROUP, NULL));
	EXPECT_EQ(0, change_ip(fd, JOIN, OTHER, NULL));
	EXPECT_EQ(ENOBUFS, change_ip(fd, JOIN, "239.7.7.7", NULL));
	EXPECT_EQ(0, change_ip(fd, LEAVE, OTHER, NULL));
	EXPECT_EQ(0, change_ip(fd, JOIN, "239.7.7.7", NULL));
	EXPECT_EQ(ENOBUFS, change_mcast(fd, JOIN_SOURCE, OTHER, YOU));

	EXPECT_EQ(0, change_ip(fd, BLOCK, GROUP, YOU));
	EXPECT_EQ(0, change_mcast(fd, BLOCK, GROUP, "192.0.2.3"));
	EXPECT_EQ(ENOBUFS, change_ip(fd, BLOCK, GROUP, "192.0.2.4"));
	EXPECT_EQ(0, change_ip(fd, UNBLOCK, GROUP, YOU));
	EXPECT_EQ(0, change_ip(fd, BLOCK, GROUP, "192.0.2.4"));
	EXPECT_EQ(ENOBUFS, err_of(setipv4sourcefilter(fd, me, group,
						      MCAST_INCLUDE, 3, set)));
	EXPECT_EQ(0, err_of(setipv4sourcefilter(fd, me, group, MCAST_INCLUDE,
						2, set)));
}

/* Whole filters at once, and what is told of them */
static const struct {
	unsigned int mode;
	const char *sources;
	const char *heard;
} filters[] = {
	{ MCAST_INCLUDE, "a", "a" },
	{ MCAST_INCLUDE, "cb", "bc" },
	{ MCAST_EXCLUDE, "ca", "b" },
	{ MCAST_EXCLUDE, "abc", "" },
	{ MCAST_EXCLUDE, "d", "abc" },
	{ MCAST_EXCLUDE, "", "abc" },
	{ MCAST_INCLUDE, "abc", "abc" },
};

/* IP_MSFILTER */
TEST_F(mcast, filter)
{
	struct in_addr me = { inet_addr(ME) }, group = { inet_addr(GROUP) };
	int t = tap_for_many(), fd = bound("0.0.0.0", 5000), k = keeper();
	unsigned int i, n, mode, count;
	struct in_addr set[3], got[3];

	ASSERT_LE(0, k);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_ALL, 0));
	EXPECT_EQ(EINVAL, err_of(setipv4sourcefilter(fd, me, group,
						     MCAST_EXCLUDE, 0, NULL)));
	member(fd, GROUP, "tap0");
	for (i = 0; i < ARRAY_SIZE(filters); i++) {
		const typeof(filters[0]) *f = &filters[i];

		count = strlen(f->sources);
		for (n = 0; n < count; n++)
			set[n].s_addr = inet_addr(SENDER(f->sources[n]));
		EXPECT_EQ(0, err_of(setipv4sourcefilter(fd, me, group, f->mode,
							count, set)))
			TH_LOG("filter %d", i);
		EXPECT_STREQ(f->heard, allowed(fd))
			TH_LOG("filter %d", i);
		n = ARRAY_SIZE(got);
		EXPECT_EQ(0, err_of(getipv4sourcefilter(fd, me, group, &mode,
							&n, got)));
		EXPECT_EQ(f->mode, mode);
		ASSERT_EQ(count, n);
		EXPECT_EQ(0, memcmp(set, got, n * sizeof(set[0])));
	}
	EXPECT_EQ(EINVAL, err_of(setipv4sourcefilter(fd, me, group, 7, 0,
						     set)));
	EXPECT_STREQ("abc", allowed(fd));
	/* To include none is to leave */
	EXPECT_EQ(0, err_of(setipv4sourcefilter(fd, me, group, MCAST_INCLUDE,
						0, NULL)));
	EXPECT_STREQ("", allowed(fd));
	EXPECT_EQ(EADDRNOTAVAIL, change_ip(fd, LEAVE, GROUP, NULL));
}

/* MCAST_MSFILTER */
TEST_F(many, group_filter)
{
	struct any_addr group = any_addr(AT.group, 0), source;
	int t = tap_for_many(), fd = bound(ANY, 5000), k = keeper();
	struct sockaddr_storage set[3] = {}, got[3];
	unsigned int i, n, mode, count;

	ASSERT_LE(0, k);
	EXPECT_EQ(0, set_int(fd, AT.level, AT.listen_to_all, 0));
	EXPECT_EQ(EINVAL, err_of(setsourcefilter(fd, 2, &group.sa, group.len,
						 MCAST_EXCLUDE, 0, NULL)));
	member(fd, AT.group, "tap0");
	for (i = 0; i < ARRAY_SIZE(filters); i++) {
		const typeof(filters[0]) *f = &filters[i];

		count = strlen(f->sources);
		for (n = 0; n < count; n++) {
			source = any_addr(SENDER(f->sources[n]), 0);
			memcpy(&set[n], &source.sa, source.len);
		}
		EXPECT_EQ(0, err_of(setsourcefilter(fd, 2, &group.sa, group.len,
						    f->mode, count, set)))
			TH_LOG("filter %d", i);
		EXPECT_STREQ(f->heard, allowed(fd))
			TH_LOG("filter %d", i);
		n = ARRAY_SIZE(got);
		EXPECT_EQ(0, err_of(getsourcefilter(fd, 2, &group.sa, group.len,
						    &mode, &n, got)));
		EXPECT_EQ(f->mode, mode);
		ASSERT_EQ(count, n);
		while (n-- > 0)
			EXPECT_EQ(0, memcmp(&set[n], &got[n], group.len));
	}
	EXPECT_EQ(EINVAL, err_of(setsourcefilter(fd, 2, &group.sa, group.len, 7,
						 0, NULL)));
	EXPECT_STREQ("abc", allowed(fd));
	/* To include none is to leave */
	EXPECT_EQ(0, err_of(setsourcefilter(fd, 2, &group.sa, group.len,
					    MCAST_INCLUDE, 0, NULL)));
	EXPECT_STREQ("", allowed(fd));
	EXPECT_EQ(EADDRNOTAVAIL, change_mcast(fd, LEAVE, AT.group, NULL));
}

/* IP_MULTICAST_ALL: who has not joined hears what others of this host have */
TEST_F(many, all)
{
	int t = tap_for_many(), fd = shared(ANY, 5000);
	int deaf = shared(ANY, 5000), m = shared(ANY, 5000);
	int level = AT.level, all = AT.listen_to_all;

	EXPECT_EQ(1, get_int(deaf, level, all));
	EXPECT_EQ(0, set_int(deaf, level, all, 0));
	EXPECT_EQ(0, get_int(deaf, level, all));
	/* Nobody has joined, so it does not come in */
	arrive(SENDER('a'), AT.group, 'a');
	EXPECT_STREQ("", heard(fd));
	member(m, AT.group, "tap0");
	EXPECT_EQ(0, set_int(m, level, all, 0));
	arrive(SENDER('a'), AT.group, 'b');
	EXPECT_STREQ("b", heard(m));
	EXPECT_STREQ("b", heard(fd));
	EXPECT_STREQ("", heard(deaf));
	/* A member of another group is none of this */
	member(deaf, AT.other, "tap0");
	arrive(SENDER('a'), AT.group, 'c');
	EXPECT_STREQ("", heard(deaf));
	EXPECT_EQ(0, set_int(deaf, level, all, 1));
	arrive(SENDER('a'), AT.group, 'd');
	EXPECT_STREQ("d", heard(deaf));
	EXPECT_STREQ("cd", heard(m));
	EXPECT_STREQ("cd", heard(fd));
}

/* It is of groups alone */
TEST_F(mcast, all_but_broadcast)
{
	int t = tap_for_many(), deaf = bound("0.0.0.0", 5000);

	EXPECT_EQ(0, set_int(deaf, SOL_IP, IP_MULTICAST_ALL, 0));
	arrive(YOU, SUBNET, 'a');
	arrive(YOU, ALL, 'b');
	arrive(YOU, ME, 'c');
	EXPECT_STREQ("abc", heard(deaf));
}

/* A membership is of one device */
TEST_F(mcast, member_on_another_device)
{
	int t = tap_for_many(), fd = bound("0.0.0.0", 5000), k = keeper();

	ASSERT_LE(0, k);
	run("ip link add d1 type dummy && ip link set d1 up");
	member(fd, GROUP, "d1");
	arrive(YOU, GROUP, 'a');
	EXPECT_STREQ("a", heard(fd));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_ALL, 0));
	arrive(YOU, GROUP, 'b');
	EXPECT_STREQ("", heard(fd));
	member(fd, GROUP, "tap0");
	arrive(YOU, GROUP, 'c');
	EXPECT_STREQ("c", heard(fd));
	EXPECT_EQ(0, change_on(fd, LEAVE, GROUP, NULL, "d1"));
	arrive(YOU, GROUP, 'd');
	EXPECT_STREQ("d", heard(fd));
}

/* In a VRF it comes in by two devices, and either may be the one */
TEST_F(mcast, vrf)
{
	static const struct {
		const char *device;	/* it is bound to this one */
		const char *joined;
		const char *heard;
	} cases[] = {
		{ "v1", "tap0", "b" }, { "v1", "v1", "b" }, { "v1", "d1", "" },
		{ "tap0", "tap0", "b" }, { "tap0", "v1", "b" },
		{ "d1", "tap0", "" }, { "lo", "tap0", "" },
	};
	int t = tap_for_many(), k, fd, i;

	run("ip link add d1 type dummy && ip link set d1 up");
	run("ip link add v1 type vrf table 10 && ip link set v1 up");
	run("ip link set tap0 master v1");
	k = keeper();
	ASSERT_LE(0, k);
	for (i = 0; i < (int)ARRAY_SIZE(cases); i++) {
		fd = sock();
		ASSERT_EQ(0, set_device(fd, cases[i].device));
		__bound(_metadata, fd, "0.0.0.0", 5000);
		EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_ALL, 0));
		arrive(YOU, GROUP, 'a');
		member(fd, GROUP, cases[i].joined);
		arrive(YOU, GROUP, 'b');
		EXPECT_STREQ(cases[i].heard, heard(fd))
			TH_LOG("bound to %s, joined on %s", cases[i].device,
			       cases[i].joined);
		close(fd);
	}
	/* One without a device has no part in it */
	fd = member(bound("0.0.0.0", 5000), GROUP, "tap0");
	arrive(YOU, GROUP, 'a');
	EXPECT_STREQ("", heard(fd));
}

/*
 * Who hears a datagram from port 4000 of the first sender to port 5000 of: a
 * group (g); the subnet (s), all (a), of IPv4; all nodes of the link, of IPv6
 * (n)
 */
static const struct listener {
	const char *name, *ip, *peer;
	int peer_port;
	const char *device;
	const char *heard;
} listeners[] = {
	{ "any", "0.0.0.0", NULL, 0, NULL, "gsa" },
	{ "the group", GROUP, NULL, 0, NULL, "g" },
	{ "the group again", GROUP, NULL, 0, NULL, "g" },
	{ "another group", OTHER, NULL, 0, NULL, "" },
	{ "the subnet", SUBNET, NULL, 0, NULL, "s" },
	{ "all", ALL, NULL, 0, NULL, "a" },
	{ "us", ME, NULL, 0, NULL, "" },
	{ "localhost", "127.0.0.1", NULL, 0, NULL, "" },
	{ "the group, from there", GROUP, YOU, 4000, NULL, "g" },
	{ "the group, another port", GROUP, YOU, 4001, NULL, "" },
	{ "the group, another host", GROUP, "192.0.2.3", 4000, NULL, "" },
	{ "the subnet, from there", SUBNET, YOU, 4000, NULL, "s" },
	{ "all, another port", ALL, YOU, 4001, NULL, "" },
	/* connect() has given it the address ME */
	{ "any, from there", "0.0.0.0", YOU, 4000, NULL, "" },
	{ "tap0", "0.0.0.0", NULL, 0, "tap0", "gsa" },
	{ "tap0, from there", GROUP, YOU, 4000, "tap0", "g" },
	{ "lo", "0.0.0.0", NULL, 0, "lo", "" },
	{ "lo, the group", GROUP, NULL, 0, "lo", "" },
	{}
}, listeners6[] = {
	{ "any", "::", NULL, 0, NULL, "gn" },
	{ "the group", GROUP6, NULL, 0, NULL, "g" },
	{ "the group again", GROUP6, NULL, 0, NULL, "g" },
	{ "another group", OTHER6, NULL, 0, NULL, "" },
	/* A scope is a device */
	{ "all nodes", NODES "%tap0", NULL, 0, NULL, "n" },
	{ "all nodes of lo", NODES "%lo", NULL, 0, NULL, "" },
	{ "us", ME6, NULL, 0, NULL, "" },
	{ "localhost", "::1", NULL, 0, NULL, "" },
	{ "us, mapped", "::ffff:" ME, NULL, 0, NULL, "" },
	{ "any of IPv4", "::ffff:0.0.0.0", NULL, 0, NULL, "" },
	{ "the group, from there", GROUP6, YOU6, 4000, NULL, "g" },
	{ "the group, another port", GROUP6, YOU6, 4001, NULL, "" },
	{ "the group, another host", GROUP6, "2001:db8::3", 4000, NULL, "" },
	{ "all nodes, from there", NODES "%tap0", YOU6, 4000, NULL, "n" },
	{ "all nodes, another port", NODES "%tap0", YOU6, 4001, NULL, "" },
	/* connect() has given it the address ME6 */
	{ "any, from there", "::", YOU6, 4000, NULL, "" },
	{ "tap0", "::", NULL, 0, "tap0", "gn" },
	{ "tap0, from there", GROUP6, YOU6, 4000, "tap0", "g" },
	{ "lo", "::", NULL, 0, "lo", "" },
	{ "lo, the group", GROUP6, NULL, 0, "lo", "" },
	{}
};

#define LISTENERS ARRAY_SIZE(listeners6)

static const struct listener *listeners_of(const struct door *door)
{
	return door->version == AF_INET6 ? listeners6 : listeners;
}

static int __listener(struct __test_metadata *_metadata,
		      const struct door *door, const struct listener *l)
{
	int fd = __reuse(_metadata,
			 __sock(_metadata, door->family, door->protocol));

	if (l->device)
		ASSERT_EQ(0, set_device(fd, l->device));
	__bound(_metadata, fd, l->ip, 5000);
	if (l->peer)
		__joined(_metadata, fd, l->peer, l->peer_port);
	return fd;
}

/* One datagram of each kind */
static void __arrive_all(struct __test_metadata *_metadata,
			 const struct door *door, int tap)
{
	bool ip6 = door->version == AF_INET6;
	const struct places *at = places_of(door->version);

	__arrive(_metadata, door, tap, at->senders[0], at->group, 'g');
	if (ip6) {
		__arrive(_metadata, door, tap, YOU6, NODES, 'n');
	} else {
		__arrive(_metadata, door, tap, YOU, SUBNET, 's');
		__arrive(_metadata, door, tap, YOU, ALL, 'a');
	}
}

#define listener(l)	__listener(_metadata, &variant->door, l)
#define arrive_all()	__arrive_all(_metadata, &variant->door, t)

/* One of them at a time */
TEST_F(many, one_listener)
{
	const struct listener *l = listeners_of(&variant->door);
	int t = tap_for_many(), k = keeper(), fd;

	ASSERT_LE(0, k);
	for (; l->name; l++) {
		fd = listener(l);
		arrive_all();
		EXPECT_STREQ(l->heard, heard(fd))
			TH_LOG("%s", l->name);
		close(fd);
	}
}

/* All of them: each hears once what it would hear alone */
TEST_F(many, many_listeners)
{
	const struct listener *l = listeners_of(&variant->door);
	int t = tap_for_many(), k = keeper(), fds[LISTENERS];
	unsigned int i, hits = 0;

	ASSERT_LE(0, k);
	for (i = 0; l[i].name; i++) {
		fds[i] = listener(&l[i]);
		hits += strlen(l[i].heard);
	}
	arrive_all();
	for (i = 0; l[i].name; i++)
		EXPECT_STREQ(l[i].heard, heard(fds[i]))
			TH_LOG("%s", l[i].name);
	EXPECT_EQ(hits, count("InDatagrams"));
	EXPECT_EQ(0, count("IgnoredMulti"));
}

/* SO_REUSEPORT shares what is for one, not what is for many */
TEST_F(many, reuseport)
{
	int t = tap_for_many(), fds[3], i;

	for (i = 0; i < 3; i++)
		fds[i] = member(group_member(ANY, 5000), AT.group, "tap0");
	arrive_all();
	for (i = 0; i < 3; i++)
		EXPECT_EQ(variant->door.version == AF_INET6 ? 2 : 3,
			  strlen(heard(fds[i])));
}

/* A full receive buffer is a loss for that socket alone */
TEST_F(many, full_buffer)
{
	int t = tap_for_many(), i, fds[3], n;
	const char *full;

	for (i = 0; i < 3; i++)
		fds[i] = member(shared(ANY, 5000), AT.group, "tap0");
	/* Whatever its place among them */
	for (i = 0; i < 3; i++) {
		int before = count("RcvbufErrors");

		EXPECT_EQ(0, set_int(fds[i], SOL_SOCKET, SO_RCVBUF, 1));
		for (n = 0; n < 20; n++)
			arrive(SENDER('a'), AT.group, 'a' + n);
		full = heard(fds[i]);
		EXPECT_EQ(0, strncmp("abcdefghijklmnopqrst", full,
				     strlen(full)));
		EXPECT_LT(0, strlen(full));
		EXPECT_GT(20, strlen(full));
		EXPECT_EQ(20 - strlen(full), count("RcvbufErrors") - before);
		for (n = 0; n < 3; n++)
			if (n != i)
				EXPECT_STREQ("abcdefghijklmnopqrst",
					     heard(fds[n]));
		arrive(SENDER('a'), AT.group, 'z');
		for (n = 0; n < 3; n++)
			EXPECT_STREQ("z", heard(fds[n]));
		EXPECT_EQ(0, set_int(fds[i], SOL_SOCKET, SO_RCVBUF, 65536));
	}
}

/* A filter leaves one socket @keep bytes of the datagram, header and all */
static int keep(int fd, int bytes)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, bytes) };
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	return err_of(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				 sizeof(prog)));
}

/* What one socket's filter cuts off, or drops, the others have */
TEST_F(many, filter_of_one)
{
	static const struct {
		int keep, len;
	} cases[] = {
		{ HDR_LEN + 4, 4 }, { HDR_LEN, 0 }, { 0, -EAGAIN },
		{ 2000, 500 },
	};
	int t = tap_for_many(), fds[3], i, n, k;
	unsigned char data[500], got[600];
	struct packet p;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	make_for(&p, &variant->door, SENDER('a'), AT.group, data,
		 sizeof(data));
	for (i = 0; i < 3; i++)
		fds[i] = member(shared(ANY, 5000), AT.group, "tap0");
	for (i = 0; i < 3 * ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i / 3];

		k = i % 3;
		EXPECT_EQ(0, keep(fds[k], c->keep));
		inject(t, &p);
		for (n = 0; n < 3; n++) {
			int want = n == k ? c->len : sizeof(data);
			int len = recv(fds[n], got, sizeof(got), MSG_DONTWAIT);

			EXPECT_EQ(want, len < 0 ? -errno : len)
				TH_LOG("keep %d, socket %d", c->keep, n);
			if (want > 0)
				EXPECT_EQ(0, memcmp(data, got, want));
		}
		EXPECT_EQ(0, set_int(fds[k], SOL_SOCKET, SO_DETACH_FILTER, 0));
	}
}

/* Nobody is told of what nobody wanted, but it is counted */
TEST_F(mcast, unwanted)
{
	static const struct {
		const char *to;
		bool wrong;	/* the checksum */
		int len, ignored, errors;
	} cases[] = {
		{ GROUP, 0, 1, 1, 0 },
		{ "224.0.0.1", 0, 1, 1, 0 },
		{ SUBNET, 0, 1, 1, 0 },
		{ ALL, 0, 1, 1, 0 },
		{ GROUP, 0, 1000, 1, 0 },
		/* Not a member, so it is nothing to this host */
		{ OTHER, 0, 1, 0, 0 },
		/* The sum of a long one is for the socket to look at */
		{ GROUP, 1, 1, 0, 1 },
		{ GROUP, 1, 1000, 1, 0 },
	};
	int t = tap_for_many(), k = keeper(), us = shared(ME, 5000);
	char data[1000] = {};
	struct packet p;
	unsigned int i;

	ASSERT_LE(0, k);
	run("echo 0 > /proc/sys/net/ipv4/icmp_ratemask");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ignored = count("IgnoredMulti");
		int errors = count("InErrors");

		make_for(&p, &variant->door, YOU, cases[i].to, data,
			 cases[i].len);
		if (cases[i].wrong)
			head_of(&p)->check ^= htons(0x0101);
		inject(t, &p);
		EXPECT_EQ(cases[i].ignored, count("IgnoredMulti") - ignored)
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].errors, count("InErrors") - errors)
			TH_LOG("case %d", i);
		EXPECT_EQ(0, sent(t, IPPROTO_ICMP, &p));
		EXPECT_STREQ("", heard(us));
	}
	EXPECT_EQ(0, count("NoPorts"));
	EXPECT_EQ(0, count("InDatagrams"));
	/* One for one is told */
	arrive(YOU, ME, 'x');
	EXPECT_STREQ("x", heard(us));
	close(us);
	arrive(YOU, ME, 'y');
	EXPECT_EQ(1, count("NoPorts"));
	EXPECT_LT(0, sent(t, IPPROTO_ICMP, &p));
}

/* A long one with a wrong checksum is an error of each that would have it */
TEST_F(mcast, wrong_checksum)
{
	int t = tap_for_many(), a, b;
	char data[1000] = {};
	struct packet p;

	a = member(shared("0.0.0.0", 5000), GROUP, "tap0");
	b = member(shared("0.0.0.0", 5000), GROUP, "tap0");
	make_for(&p, &variant->door, YOU, GROUP, data, sizeof(data));
	head_of(&p)->check ^= htons(0x0101);
	inject(t, &p);
	EXPECT_STREQ("", heard(a));
	EXPECT_EQ(1, count("InCsumErrors"));
	EXPECT_STREQ("", heard(b));
	EXPECT_EQ(2, count("InCsumErrors"));
	EXPECT_EQ(2, count("InErrors"));
	EXPECT_EQ(0, count("IgnoredMulti"));
	/* ... but for one that wants none */
	head_of(&p)->check = 0;
	data_of(&p)[0] = 'x';
	inject(t, &p);
	EXPECT_STREQ("x", heard(a));
	EXPECT_STREQ("x", heard(b));
}

/* In fragments from outside: put together once, and for all */
TEST_F(many, fragments)
{
	static const char * const to[] = { GROUP, SUBNET, ALL };
	static const char * const to6[] = { GROUP6, NODES, GROUP6 };
	bool ip6 = variant->door.version == AF_INET6;
	int t = tap_for_many(), a, b, i, k;
	unsigned char data[1000], got[1001];
	struct packet p;

	a = member(shared(ANY, 5000), AT.group, "tap0");
	b = member(shared(ANY, 5000), AT.group, "tap0");
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		make_for(&p, &variant->door, SENDER('a'), ip6 ? to6[i] : to[i],
			 data, sizeof(data));
		if (!ip6)
			p.ip.id = htons(i + 1);
		inject_part(t, &p, 400, 1008, 0);
		inject_part(t, &p, 0, 400, IP_MF);
		for (k = 0; k < 2; k++) {
			memset(got, 0, sizeof(got));
			EXPECT_EQ(1000, recv(k ? b : a, got, sizeof(got),
					     MSG_DONTWAIT));
			EXPECT_EQ(0, memcmp(data, got, sizeof(data)));
		}
	}
	EXPECT_STREQ("", heard(a));
	EXPECT_STREQ("", heard(b));
}

/* The longest of all, from here */
TEST_F(many, large)
{
	static unsigned char data[65528], got[65528];
	bool ip6 = variant->door.version == AF_INET6;
	/* The length of a packet counts the header of IPv4 and not that of 6 */
	int longest = 65535 - HDR_LEN - (ip6 ? 0 : IP_LEN);
	int whole = MTU - HDR_LEN - (ip6 ? IP6_LEN : IP_LEN);
	const int lens[] = { 0, whole, whole + 1, 60000, longest };
	int tx = sock(), fds[3], i, k, len;

	two_devices();
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
	for (k = 0; k < 3; k++)
		fds[k] = member(shared(ANY, 5000), AT.group, "d1");
	for (i = 0; i < 3 * ARRAY_SIZE(lens); i++) {
		len = lens[i / 3];
		if (!(i % 3))
			ASSERT_EQ(len, send_to(tx, AT.group, 5000, data, len));
		memset(got, 0, sizeof(got));
		EXPECT_EQ(len, take(fds[i % 3], got, sizeof(got)));
		EXPECT_EQ(0, memcmp(data, got, len));
	}
	EXPECT_EQ(EMSGSIZE,
		  err_of(send_to(tx, AT.group, 5000, got, longest + 1)));
	for (k = 0; k < 3; k++)
		EXPECT_EQ(EAGAIN, silent(fds[k]));
}

/* IP_MULTICAST_LOOP is the sender's, and of no matter to the wire */
TEST_F(mcast, loop)
{
	int t = tap_for_many(), tx = sock(), i;
	int fd = member(bound("0.0.0.0", 5000), GROUP, "tap0");
	unsigned char byte;
	struct packet p;

	EXPECT_EQ(1, get_int(tx, SOL_IP, IP_MULTICAST_LOOP));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_LOOP, 0));
	for (i = 0; i < 4; i++) {
		byte = i & 1;
		/* As an int, and as a byte */
		EXPECT_EQ(0, i < 2 ?
			  set_int(tx, SOL_IP, IP_MULTICAST_LOOP, byte) :
			  setsockopt(tx, SOL_IP, IP_MULTICAST_LOOP, &byte, 1));
		EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'a' + i));
		settle();
		EXPECT_STREQ(i == 1 ? "b" : i == 3 ? "d" : "", heard(fd));
		EXPECT_EQ(IP_LEN + HDR_LEN + 1,
			  sent(t, variant->door.wire, &p));
		EXPECT_EQ('a' + i, data_of(&p)[0]);
		EXPECT_EQ(0, sent(t, variant->door.wire, &p));
	}
	/* Nobody here has joined this one, so it only goes out */
	EXPECT_EQ(0, tag_to(tx, OTHER, 5000, 'x'));
	settle();
	EXPECT_STREQ("", heard(fd));
	EXPECT_LT(0, sent(t, variant->door.wire, &p));
}

/* IP_MULTICAST_TTL; 0 is for this host alone */
TEST_F(mcast, ttl)
{
	static const struct {
		int set, err, wire;	/* -1: not on the wire */
	} cases[] = {
		{ 0, 0, -1 }, { 1, 0, 1 }, { 2, 0, 2 }, { 255, 0, 255 },
		{ 256, EINVAL, 255 }, { -2, EINVAL, 255 }, { -1, 0, 1 },
	};
	int t = tap_for_many(), tx = sock(), i;
	int fd = member(bound("0.0.0.0", 5000), GROUP, "tap0");
	static const unsigned char mac[] = { 1, 0, 0x5e, 1, 2, 3 };
	struct packet p;

	EXPECT_EQ(1, get_int(tx, SOL_IP, IP_MULTICAST_TTL));
	/* This one is not of groups */
	EXPECT_EQ(0, set_int(tx, SOL_IP, IP_TTL, 9));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, err_of(set_int(tx, SOL_IP,
						       IP_MULTICAST_TTL,
						       cases[i].set)));
		EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'a'));
		settle();
		EXPECT_STREQ("a", heard(fd));
		if (cases[i].wire < 0) {
			EXPECT_EQ(0, sent(t, variant->door.wire, &p));
			continue;
		}
		ASSERT_LT(0, sent(t, variant->door.wire, &p));
		EXPECT_EQ(cases[i].wire, p.ip.ttl);
		EXPECT_EQ(0, memcmp(mac, p.eth.ether_dhost, ETH_ALEN));
		EXPECT_EQ(inet_addr(GROUP), p.ip.daddr);
		EXPECT_EQ(inet_addr(ME), p.ip.saddr);
	}
}

/* IP_MULTICAST_IF: device and source, until it is taken back */
TEST_F(mcast, interface)
{
	static const struct {
		const char *name, *address;
		int index, len, err;
		const char *d1, *d2;
	} cases[] = {
		{ "none", "0.0.0.0", 0, 4, 0, "10.0.1.1", NULL },
		{ "address", "10.0.2.1", 0, 4, 0, NULL, "10.0.2.1" },
		{ "no such address", NOWHERE, 0, 4, EADDRNOTAVAIL,
		  NULL, "10.0.2.1" },
		{ "back", "0.0.0.0", 0, 4, 0, "10.0.1.1", NULL },
		{ "mreq", "10.0.2.1", 0, 8, 0, NULL, "10.0.2.1" },
		{ "mreq, back", "0.0.0.0", 0, 8, 0, "10.0.1.1", NULL },
		{ "mreqn by address", "10.0.2.1", 0, 12, 0, NULL, "10.0.2.1" },
		{ "mreqn, back", "0.0.0.0", 0, 12, 0, "10.0.1.1", NULL },
		{ "mreqn by index", "0.0.0.0", 3, 12, 0, NULL, "10.0.2.1" },
		{ "no such index", "0.0.0.0", GONE, 12, EADDRNOTAVAIL,
		  NULL, "10.0.2.1" },
		{ "both", "10.0.1.1", 3, 12, 0, NULL, "10.0.1.1" },
		{ "short", "10.0.1.1", 0, 3, EINVAL, NULL, "10.0.1.1" },
	};
	int tx = sock(), d1 = reuse(sock()), d2 = reuse(sock());
	struct ip_mreqn m = {};
	unsigned int i;

	two_devices();
	ASSERT_EQ(3, if_nametoindex("d2"));
	ASSERT_EQ(0, set_device(d1, "d1"));
	ASSERT_EQ(0, set_device(d2, "d2"));
	member(__bound(_metadata, d1, "0.0.0.0", 5000), GROUP, "d1");
	member(__bound(_metadata, d2, "0.0.0.0", 5000), GROUP, "d2");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		m.imr_address.s_addr = inet_addr(c->address);
		m.imr_ifindex = c->index;
		EXPECT_EQ(c->err, ip_option(tx, IP_MULTICAST_IF, c->len < 8 ?
					    (void *)&m.imr_address : &m,
					    c->len))
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'a'));
		settle();
		EXPECT_STREQ(c->d1 ?: "nobody", source(d1))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->d2 ?: "nobody", source(d2))
			TH_LOG("%s", c->name);
	}
}

/* ... and what else says where it goes, or where from */
TEST_F(mcast, interface_of_the_bound)
{
	struct ip_mreqn on_d2 = { .imr_address.s_addr = inet_addr("10.0.2.1") };
	int tx, d1 = reuse(sock()), d2 = reuse(sock());

	two_devices();
	ASSERT_EQ(0, set_device(d1, "d1"));
	ASSERT_EQ(0, set_device(d2, "d2"));
	member(__bound(_metadata, d1, "0.0.0.0", 5000), GROUP, "d1");
	member(__bound(_metadata, d2, "0.0.0.0", 5000), GROUP, "d2");
	/* By its address it is on d2, whatever the route says */
	tx = bound("10.0.2.1", 4000);
	EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("10.0.2.1", source(d2));
	/* An address of its own is before that of the interface */
	tx = bound("10.0.1.1", 4000);
	EXPECT_EQ(0, setsockopt(tx, SOL_IP, IP_MULTICAST_IF, &on_d2,
				sizeof(on_d2)));
	EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("10.0.1.1", source(d2));
	/* A socket of another device cannot have this one */
	tx = sock();
	ASSERT_EQ(0, set_device(tx, "d1"));
	EXPECT_EQ(EINVAL,
		  ip_option(tx, IP_MULTICAST_IF, &on_d2, sizeof(on_d2)));
	/* A connected one has it from when it was connected */
	tx = sock();
	EXPECT_EQ(0, setsockopt(tx, SOL_IP, IP_MULTICAST_IF, &on_d2,
				sizeof(on_d2)));
	joined(tx, GROUP, 5000);
	EXPECT_EQ(0, tag(tx, 'a'));
	settle();
	EXPECT_STREQ("nobody", source(d1));
	EXPECT_STREQ("10.0.2.1", source(d2));
}

/* Broadcast takes SO_BROADCAST; it goes out, and to those here who listen */
TEST_F(mcast, broadcast)
{
	static const struct {
		const char *to, *any, *subnet, *all;
	} cases[] = {
		{ SUBNET, "a", "a", "" },
		{ ALL, "a", "", "a" },
	};
	int t = tap_for_many(), tx = bound(ME, 4000), us = shared(ME, 5000);
	int any = shared("0.0.0.0", 5000), subnet = shared(SUBNET, 5000);
	int all = shared(ALL, 5000), i;
	struct packet p;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, set_int(tx, SOL_SOCKET, SO_BROADCAST, 0));
		EXPECT_EQ(EACCES, tag_to(tx, cases[i].to, 5000, 'x'));
		EXPECT_EQ(0, set_int(tx, SOL_SOCKET, SO_BROADCAST, 1));
		EXPECT_EQ(0, tag_to(tx, cases[i].to, 5000, 'a'));
		settle();
		EXPECT_STREQ(cases[i].any, heard(any));
		EXPECT_STREQ(cases[i].subnet, heard(subnet));
		EXPECT_STREQ(cases[i].all, heard(all));
		EXPECT_STREQ("", heard(us));
		ASSERT_LT(0, sent(t, variant->door.wire, &p));
		EXPECT_EQ(inet_addr(cases[i].to), p.ip.daddr);
		EXPECT_EQ(inet_addr(ME), p.ip.saddr);
		EXPECT_EQ(0, memcmp("\xff\xff\xff\xff\xff\xff",
				    p.eth.ether_dhost, ETH_ALEN));
		EXPECT_EQ(0, sent(t, variant->door.wire, &p));
	}
	/* A group is no broadcast */
	EXPECT_EQ(0, set_int(tx, SOL_SOCKET, SO_BROADCAST, 0));
	EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 'g'));
}

/* The membership is the socket's, not the descriptor's, and ends with it */
TEST_F(many, close)
{
	int t = tap_for_many(), fd = shared(ANY, 5000), copy;
	int m = member(shared(ANY, 5000), AT.group, "tap0");

	copy = dup(m);
	ASSERT_LE(0, copy);
	close(m);
	arrive(SENDER('a'), AT.group, 'a');
	EXPECT_STREQ("a", heard(fd));
	close(copy);
	arrive(SENDER('a'), AT.group, 'b');
	EXPECT_STREQ("", heard(fd));
	/* The port does not matter, nor that there is none */
	m = member(sock(), AT.group, "tap0");
	arrive(SENDER('a'), AT.group, 'c');
	EXPECT_STREQ("c", heard(fd));
	close(m);
	arrive(SENDER('a'), AT.group, 'd');
	EXPECT_STREQ("", heard(fd));
}

/* connect() and its end change who is heard, and not the membership */
TEST_F(many, disconnected)
{
	int t = tap_for_many();
	int fd = member(bound(AT.group, 5000), AT.group, "tap0");
	/* The peer's address is forgotten in IPv4 only, its port in both */
	bool ip6 = variant->door.version == AF_INET6;
	const char *name = local(fd), *then = ip6 ? "a" : "abc";

	EXPECT_STREQ("abc", allowed(fd));
	joined(fd, SENDER('a'), 4000);
	EXPECT_STREQ("a", allowed(fd));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ(then, allowed(fd));
	EXPECT_STREQ(name, local(fd));
	close(fd);
	/* Connected, it has an address, at which nothing for many comes */
	fd = member(bound(ANY, 5000), AT.group, "tap0");
	EXPECT_STREQ("abc", allowed(fd));
	joined(fd, SENDER('a'), 4000);
	EXPECT_STREQ("", allowed(fd));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ(then, allowed(fd));
	EXPECT_EQ(EADDRINUSE, change_mcast(fd, JOIN, AT.group, NULL));
	EXPECT_EQ(0, change_mcast(fd, LEAVE, AT.group, NULL));
	EXPECT_STREQ("", allowed(fd));
}

/* A device goes, with members on it: they can leave, or be closed */
TEST_F(mcast, device_deleted)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = inet_addr(GROUP) };
	int fd, other, tx = sock();

	two_devices();
	m.imr_ifindex = if_nametoindex("d1");
	fd = member(bound("0.0.0.0", 5000), GROUP, "d1");
	other = member(bound("0.0.0.0", 5001), GROUP, "d1");
	member(fd, GROUP, "d2");
	EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	run("ip link del d1");
	EXPECT_EQ(ENETUNREACH, tag_to(tx, GROUP, 5000, 2));
	run("ip route add 224.0.0.0/4 dev d2");
	EXPECT_EQ(0, tag_to(tx, GROUP, 5000, 3));
	EXPECT_EQ(3, take_tag(fd));
	EXPECT_EQ(0, ip_option(fd, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	EXPECT_EQ(EADDRNOTAVAIL,
		  ip_option(fd, IP_DROP_MEMBERSHIP, &m, sizeof(m)));
	EXPECT_EQ(ENODEV, ip_option(fd, IP_ADD_MEMBERSHIP, &m, sizeof(m)));
	close(other);
	EXPECT_EQ(0, tag_to(tx, "10.0.2.1", 5000, 4));
	EXPECT_EQ(4, take_tag(fd));
}

/* A namespace lives as long as its sockets, and ends with the last member */
TEST_F(many, namespace_ends)
{
	int home = open("/proc/self/ns/net", O_RDONLY);
	int there = another_namespace(), fd, tx = sock();
	long long end;

	addresses_at_once();
	inside(there);
	addresses_at_once();
	inside(home);
	cable("c0", there);
	run("ip addr add " ME "/24 dev c0 && ip link set c0 up");
	run("ip route add 224.0.0.0/4 dev c0");
	inside(there);
	run("ip addr add " YOU "/24 dev c0 && ip link set c0 up");
	ready_for_groups("c0");
	fd = member(bound(ANY, 5000), AT.group, "c0");
	inside(home);
	ready_for_groups("c0");
	close(there);
	EXPECT_EQ(0, tag_to(tx, AT.group, 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_NE(0, if_nametoindex("c0"));
	close(fd);
	/* With it goes the other end of the cable, and so this one */
	for (end = now_ms() + 6 * SOON_MS; now_ms() < end; poll(NULL, 0, 10))
		if (!if_nametoindex("c0"))
			break;
	EXPECT_EQ(0, if_nametoindex("c0"));
}

TEST_HARNESS_MAIN
