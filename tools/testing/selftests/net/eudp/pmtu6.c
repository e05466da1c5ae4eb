// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU discovery and fragments of IPv6: ipv6(7) IPV6_MTU_DISCOVER, IPV6_MTU
 * and IPV6_RECVERR; RFC 8200 5, RFC 8201. The wire is a tun device of MTU
 * bytes, or there is a router in a namespace of its own.
 */
#include "pmtu6.h"

EUDP6_FIXTURE(pmtu6)

static const int modes[] = {
	IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_WANT, IPV6_PMTUDISC_DO,
	IPV6_PMTUDISC_PROBE, IPV6_PMTUDISC_INTERFACE, IPV6_PMTUDISC_OMIT,
};

/* RFC 3542 11.4: the same by another option, which has no more to tell */
static const char *path_mtu_of(int fd)
{
	static const struct sockaddr_in6 none;
	static char text[16];
	struct ip6_mtuinfo info;
	socklen_t len = sizeof(info) + 1;

	memset(&info, 0xaa, sizeof(info));
	if (getsockopt(fd, SOL_IPV6, IPV6_PATHMTU, &info, &len))
		return strerrorname_np(errno);
	if (len != sizeof(info) || memcmp(&info.ip6m_addr, &none, sizeof(none)))
		return "more";
	snprintf(text, sizeof(text), "%u", info.ip6m_mtu);
	return text;
}

/* The values that there are, and what a socket begins with */
TEST_F(pmtu6, options)
{
	static const struct {
		int option, first, value, err, then;
	} cases[] = {
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, -1, EINVAL, 1 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 6, EINVAL, 1 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 0, 0, 0 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 2, 0, 2 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 3, 0, 3 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 4, 0, 4 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 5, 0, 5 },
		{ IPV6_DONTFRAG, 0, 1, 0, 1 },
		{ IPV6_DONTFRAG, 0, -5, 0, 1 },
		{ IPV6_RECVPATHMTU, 0, 1, 0, 1 },
		{ IPV6_RECVPATHMTU, 0, -5, 0, 1 },
		/* What is set is a limit, and what is got is the path's */
		{ IPV6_MTU, -ENOTCONN, -1, EINVAL, -ENOTCONN },
		{ IPV6_MTU, -ENOTCONN, 1, EINVAL, -ENOTCONN },
		{ IPV6_MTU, -ENOTCONN, 1279, EINVAL, -ENOTCONN },
		{ IPV6_MTU, -ENOTCONN, 1280, 0, -ENOTCONN },
		{ IPV6_MTU, -ENOTCONN, 1 << 30, 0, -ENOTCONN },
		{ IPV6_MTU, -ENOTCONN, 0, 0, -ENOTCONN },
	};
	struct ip6_mtuinfo info = { .ip6m_mtu = 1280 };
	socklen_t len = sizeof(info) - 1;
	unsigned int i;
	int fd;

	/* It is of IPv4 */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc", "1"));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = sock();
		EXPECT_EQ(c->first, get_int(fd, SOL_IPV6, c->option))
			TH_LOG("case %d", i);
		EXPECT_EQ(c->err, err_of(set_int(fd, SOL_IPV6, c->option,
						 c->value)))
			TH_LOG("case %d", i);
		EXPECT_EQ(c->then, get_int(fd, SOL_IPV6, c->option))
			TH_LOG("case %d", i);
		close(fd);
	}
	fd = sock();
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_MTU_DISCOVER,
					    "\1\0\0", 3)));
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_MTU, "\0\5\0",
					    3)));
	EXPECT_EQ(EINVAL, err_of(getsockopt(fd, SOL_IPV6, IPV6_PATHMTU, &info,
					    &len)));
	EXPECT_EQ(ENOPROTOOPT, err_of(setsockopt(fd, SOL_IPV6, IPV6_PATHMTU,
						 &info, sizeof(info))));
}

/* IPV6_MTU and IPV6_PATHMTU are of the path to the peer, and need one */
TEST_F(pmtu6, path_mtu)
{
	static const struct {
		const char *ip, *mtu;
	} cases[] = {
		{ YOU6, "1500" }, { FAR6, "1280" }, { OTHER6, "1500" },
		{ "::1", "65536" },
	};
	int fd = sock();
	unsigned int i;

	tun_and_far();
	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	EXPECT_STREQ("ENOTCONN", path_mtu_of(fd));
	EXPECT_EQ(0, tag_to(fd, FAR6, 9, 1));
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, disconnect(fd));
		joined(fd, cases[i].ip, 9);
		EXPECT_STREQ(cases[i].mtu, mtu_of(fd))
			TH_LOG("%s", cases[i].ip);
		EXPECT_STREQ(cases[i].mtu, path_mtu_of(fd))
			TH_LOG("%s", cases[i].ip);
	}
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	EXPECT_STREQ("ENOTCONN", path_mtu_of(fd));
}

struct size_case {
	int mode;
	const char *sent[4];
};

/* Around what a path of 1280 takes, and a device of 1500 */
static const int sizes[] = { 1232, 1233, 1452, 1453 };

static const struct size_case sizes_1280[] = {
	{ IPV6_PMTUDISC_DONT,
	  { "1 of 1280", "2 of 1280", "2 of 1280", "2 of 1280" } },
	{ IPV6_PMTUDISC_WANT,
	  { "1 of 1280", "2 of 1280", "2 of 1280", "2 of 1280" } },
	{ IPV6_PMTUDISC_DO,
	  { "1 of 1280", "EMSGSIZE", "EMSGSIZE", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_PROBE,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_INTERFACE,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_OMIT,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "2 of 1496" } },
};

static const struct size_case sizes_1500[] = {
	{ IPV6_PMTUDISC_DONT,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "2 of 1496" } },
	{ IPV6_PMTUDISC_WANT,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "2 of 1496" } },
	{ IPV6_PMTUDISC_DO,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_PROBE,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_INTERFACE,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "EMSGSIZE" } },
	{ IPV6_PMTUDISC_OMIT,
	  { "1 of 1280", "1 of 1281", "1 of 1500", "2 of 1496" } },
};

/* All modes and sizes, to FAR6: by a connected socket and by one that is not */
static void __check_sizes(struct __test_metadata *_metadata, int tun,
			  const struct door *d, const struct size_case *cases)
{
	unsigned int m, s;
	int fd, to;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		to = with_mode(__sock(_metadata, d->family, d->protocol),
			       cases[m].mode);
		fd = with_mode(__sock(_metadata, d->family, d->protocol),
			       cases[m].mode);
		joined(fd, FAR6, 9);
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			EXPECT_STREQ(cases[m].sent[s],
				     outcome(tun, d, to, FAR6, sizes[s]))
				TH_LOG("mode %d, %d", cases[m].mode, sizes[s]);
			EXPECT_STREQ(cases[m].sent[s],
				     outcome(tun, d, fd, NULL, sizes[s]))
				TH_LOG("mode %d, %d", cases[m].mode, sizes[s]);
		}
		/* That it was too long was told by the call, and only there */
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
		EXPECT_STREQ("nothing", on_wire(tun, d, 0));
		close(fd);
		close(to);
	}
}

#define check_sizes(tun, cases) \
	__check_sizes(_metadata, tun, &variant->door, cases)

/* The MTU of the device */
TEST_F(pmtu6, modes_device)
{
	check_sizes(tun_and_far(), sizes_1500);
}

/* ip-route(8): mtu, of which lock says nothing to IPv6 */
TEST_F(pmtu6, modes_route)
{
	int t = tun_and_far();

	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	check_sizes(t, sizes_1280);
	run("ip route replace " FAR6 " via " YOU6 " mtu lock 1280");
	check_sizes(t, sizes_1280);
}

/* RFC 8201: what a router said, of a packet of a socket or of nobody's */
TEST_F(pmtu6, modes_learned)
{
	int t = tun_and_far();

	joined(bound(ME6, 5000), FAR6, 9);
	too_big(t, FAR6, 5000, 1280);
	check_sizes(t, sizes_1280);
}

TEST_F(pmtu6, modes_learned_unheard)
{
	int t = tun_and_far();

	too_big(t, FAR6, 5000, 1280);
	check_sizes(t, sizes_1280);
}

/* What one mode learns, or does not want to, is there for all */
TEST_F(pmtu6, learned_by)
{
	static const struct {
		int mode;
		const char *mtu, *err;
	} cases[] = {
		{ IPV6_PMTUDISC_DONT, "1300", "none" },
		{ IPV6_PMTUDISC_WANT, "1300", "EMSGSIZE" },
		{ IPV6_PMTUDISC_DO, "1300", "EMSGSIZE" },
		{ IPV6_PMTUDISC_PROBE, "1300", "EMSGSIZE" },
		/* These two find out when they send */
		{ IPV6_PMTUDISC_INTERFACE, "1500", "none" },
		{ IPV6_PMTUDISC_OMIT, "1500", "none" },
	};
	int t = tun_and_far(), fd, other;
	unsigned int i;
	char ip[32];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(ip, sizeof(ip), "2001:db8:2::10%d", i);
		fd = with_mode(bound(ME6, 5000), cases[i].mode);
		joined(fd, ip, 9);
		other = sock();
		too_big(t, ip, 5000, 1300);
		EXPECT_STREQ(cases[i].mtu, mtu_of(fd))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ(cases[i].err, pending(fd))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_STREQ("1300", mtu_of(fd))
			TH_LOG("mode %d", cases[i].mode);
		joined(other, ip, 9);
		EXPECT_STREQ("1300", mtu_of(other));
		joined(other, YOU6, 9);
		EXPECT_STREQ("1500", mtu_of(other));
		close(other);
		close(fd);
	}
}

/* Who is told: connected, or not but with IPV6_RECVERR; nobody else's are */
TEST_F(pmtu6, learned_unconnected)
{
	int t = tun_and_far(), fd = bound(ME6, 5000);
	int asks = recverr6(bound(ME6, 5001)), other = bound(ME6, 5002);
	const struct door *d = &variant->door;

	recverr6(other);
	EXPECT_STREQ("1 of 1500", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("1 of 1500", outcome(t, d, asks, FAR6, 1452));
	too_big(t, FAR6, 5000, 1400);
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("2 of 1400", outcome(t, d, fd, FAR6, 1452));
	too_big(t, FAR6, 5001, 1300);
	EXPECT_STREQ("EMSGSIZE", pending(asks));
	EXPECT_STREQ("2.0 of " YOU6 ": EMSGSIZE 1300 0, [" FAR6 "]:9 100",
		     next_error6(asks));
	EXPECT_STREQ("2 of 1296", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("2 of 1296", outcome(t, d, asks, FAR6, 1452));
	EXPECT_STREQ("1 of 1500", outcome(t, d, asks, OTHER6, 1452));
	EXPECT_STREQ("none", pending(other));
	EXPECT_STREQ("EAGAIN", next_error6(other));
}

/* RFC 8201 4: values that make sense, and those that do not */
TEST_F(pmtu6, learned_values)
{
	static const struct {
		__u32 mtu;
		const char *after, *sent;
	} cases[] = {
		{ 1499, "1499", "2 of 1496" },
		{ 1500, "1500", "1 of 1500" },
		{ 1501, "1500", "1 of 1500" },
		{ 65536, "1500", "1 of 1500" },
		{ 0xffffffff, "1500", "1 of 1500" },
		{ 1281, "1281", "2 of 1280" },
		{ 1280, "1280", "2 of 1280" },
		/* Told, and nothing is changed; RFC 6946: no atomic fragment */
		{ 1279, "1500", "1 of 1500" },
		{ 68, "1500", "1 of 1500" },
		{ 0, "1500", "1 of 1500" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd;
	char ip[32], want[96];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(ip, sizeof(ip), "2001:db8:2::10%d", i);
		fd = recverr6(joined(bound(ME6, 5000), ip, 9));
		too_big(t, ip, 5000, cases[i].mtu);
		EXPECT_STREQ("EMSGSIZE", pending(fd));
		snprintf(want, sizeof(want), "2.0 of " YOU6
			 ": EMSGSIZE %u 0, [%s]:9 100", cases[i].mtu, ip);
		EXPECT_STREQ(want, next_error6(fd));
		EXPECT_STREQ(cases[i].after, mtu_of(fd))
			TH_LOG("%u", cases[i].mtu);
		EXPECT_STREQ("1 of 1280", outcome(t, d, fd, NULL, 1232))
			TH_LOG("%u", cases[i].mtu);
		EXPECT_STREQ(cases[i].sent, outcome(t, d, fd, NULL, 1452))
			TH_LOG("%u", cases[i].mtu);
		close(fd);
	}
}

/* The path MTU gets lower and lower, by ICMPv6 never higher */
TEST_F(pmtu6, learned_again)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(bound(ME6, 5000), FAR6, 9);

	too_big(t, FAR6, 5000, 1400);
	EXPECT_STREQ("1400", mtu_of(fd));
	too_big(t, FAR6, 5000, 1300);
	EXPECT_STREQ("1300", mtu_of(fd));
	too_big(t, FAR6, 5000, 1350);
	EXPECT_STREQ("1300", mtu_of(fd));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ("1 of 1300", outcome(t, d, fd, NULL, 1252));
	EXPECT_STREQ("2 of 1296", outcome(t, d, fd, NULL, 1253));
}

/* Only what quotes a packet that might be ours */
TEST_F(pmtu6, not_learned)
{
	int t = tun_and_far(), fd = joined(bound(ME6, 5000), FAR6, 9), k;
	const struct door *d = &variant->door;
	struct packet6 p, q;

	for (k = 0; k < 4; k++) {
		make_own6(&q, d, 5000, k == 0 ? OTHER6 : FAR6, data, 100);
		if (k == 1)	/* a later fragment */
			extend(&q, IPPROTO_FRAGMENT, "\0\0\0\x8\0\0\0\1", 8);
		make_icmp6(&p, YOU6, ICMP6_PACKET_TOO_BIG, 0, 1300, &q,
			   k == 2 ? IP6_LEN + 7 : 148);
		if (k == 3)
			icmp6_of(&p)->icmp6_cksum ^= 1;
		inject6(t, &p);
		EXPECT_STREQ("none", pending(fd))
			TH_LOG("%d", k);
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_STREQ("1500", mtu_of(fd))
			TH_LOG("%d", k);
	}
	too_big(t, FAR6, 5000, 1300);
	EXPECT_STREQ("1300", mtu_of(fd));
}

/* route/mtu_expires: then the path may have become better, a send finds out */
TEST_F(pmtu6, expires)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	int t = tun_and_far(), fd = joined(bound(ME6, 5000), FAR6, 9);
	long long end = now_ms() + SOON_MS;
	struct packet6 p;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/route/mtu_expires", "1"));
	too_big(t, FAR6, 5000, 1300);
	EXPECT_STREQ("1300", mtu_of(fd));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	while (strcmp("1500", mtu_of(fd)) && now_ms() < end) {
		nanosleep(&moment, NULL);
		EXPECT_EQ(0, tag(fd, 1));
	}
	EXPECT_STREQ("1500", mtu_of(fd));
	while (sent6(t, variant->door.wire, &p))
		;
	EXPECT_STREQ("1 of 1500",
		     outcome(t, &variant->door, fd, NULL, 1452));
}

/* The MTU of the device changes under a socket that is connected, or not */
TEST_F(pmtu6, device_changes)
{
	static const struct {
		int mode;
		const char *sent;	/* when it is 1300 */
	} cases[] = {
		{ IPV6_PMTUDISC_DONT, "2 of 1296" },
		{ IPV6_PMTUDISC_WANT, "2 of 1296" },
		{ IPV6_PMTUDISC_DO, "EMSGSIZE" },
		{ IPV6_PMTUDISC_PROBE, "EMSGSIZE" },
		{ IPV6_PMTUDISC_INTERFACE, "EMSGSIZE" },
		{ IPV6_PMTUDISC_OMIT, "2 of 1296" },
	};
	static const int mtus[] = { 1500, 1300, 1400 };
	const struct door *d = &variant->door;
	int fd[ARRAY_SIZE(cases)], to[ARRAY_SIZE(cases)], t = tun_and_far();
	unsigned int i, k;
	char mtu[16];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		to[i] = with_mode(sock(), cases[i].mode);
		fd[i] = with_mode(sock(), cases[i].mode);
		joined(fd[i], FAR6, 9);
	}
	for (k = 0; k < ARRAY_SIZE(mtus); k++) {
		set_mtu(mtus[k]);
		snprintf(mtu, sizeof(mtu), "%d", mtus[k]);
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			const char *want = "1 of 1400";

			if (mtus[k] == 1300)
				want = cases[i].sent;
			EXPECT_STREQ(want, outcome(t, d, fd[i], NULL, 1352))
				TH_LOG("mode %d", cases[i].mode);
			EXPECT_STREQ(want, outcome(t, d, to[i], FAR6, 1352))
				TH_LOG("mode %d", cases[i].mode);
			EXPECT_STREQ(mtu, mtu_of(fd[i]));
		}
	}
}

/* A route that is changed is the route, also for those who are connected */
TEST_F(pmtu6, route_changes)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(sock(), FAR6, 9);

	EXPECT_STREQ("1 of 1500", outcome(t, d, fd, NULL, 1452));
	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	EXPECT_STREQ("2 of 1280", outcome(t, d, fd, NULL, 1452));
	EXPECT_STREQ("1280", mtu_of(fd));
	run("ip route del " FAR6);
	EXPECT_STREQ("1 of 1500", outcome(t, d, fd, NULL, 1452));
	EXPECT_STREQ("1500", mtu_of(fd));
}

/* IPV6_MTU is a limit of the socket's, of packets and of their fragments */
TEST_F(pmtu6, own_limit)
{
	static const struct {
		int mtu, mode, len;
		const char *sent;
	} cases[] = {
		{ 1280, IPV6_PMTUDISC_WANT, 1232, "1 of 1280" },
		/* What the path takes is not fragmented all the same */
		{ 1280, IPV6_PMTUDISC_WANT, 1233, "1 of 1281" },
		{ 1280, IPV6_PMTUDISC_DONT, 1452, "1 of 1500" },
		{ 1280, IPV6_PMTUDISC_OMIT, 1452, "1 of 1500" },
		{ 1280, IPV6_PMTUDISC_WANT, 1453, "2 of 1280" },
		{ 1280, IPV6_PMTUDISC_OMIT, 1453, "2 of 1280" },
		{ 1280, IPV6_PMTUDISC_WANT, 4000, "4 of 1280" },
		{ 1280, IPV6_PMTUDISC_DO, 1232, "1 of 1280" },
		{ 1280, IPV6_PMTUDISC_DO, 1233, "EMSGSIZE" },
		{ 1280, IPV6_PMTUDISC_PROBE, 1233, "EMSGSIZE" },
		{ 1280, IPV6_PMTUDISC_INTERFACE, 1233, "EMSGSIZE" },
		{ 1400, IPV6_PMTUDISC_DO, 1352, "1 of 1400" },
		{ 1400, IPV6_PMTUDISC_DO, 1353, "EMSGSIZE" },
		{ 1400, IPV6_PMTUDISC_WANT, 1353, "1 of 1401" },
		{ 1400, IPV6_PMTUDISC_WANT, 1453, "2 of 1400" },
		/* More than that of the path is as if there was none */
		{ 1501, IPV6_PMTUDISC_DO, 1452, "1 of 1500" },
		{ 1501, IPV6_PMTUDISC_DO, 1453, "EMSGSIZE" },
		{ 0, IPV6_PMTUDISC_DO, 1452, "1 of 1500" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(sock(), FAR6, 9);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		with(with_mode(fd, cases[i].mode), IPV6_MTU, cases[i].mtu);
		EXPECT_STREQ("1500", mtu_of(fd));
		EXPECT_STREQ(cases[i].sent,
			     outcome(t, d, fd, NULL, cases[i].len))
			TH_LOG("case %d", i);
	}
	/* The entry of one that is too long says so too */
	recverr6(with(with_mode(fd, IPV6_PMTUDISC_DO), IPV6_MTU, 1400));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, NULL, 1452));
	EXPECT_STREQ("local: EMSGSIZE 1400 0, [" FAR6 "]:9 0", next_error6(fd));
}

/*
 * ipv6(7): with IPV6_RECVERR a datagram that is too long leaves an entry in the
 * error queue with the MTU, also one that no path takes.
 */
TEST_F(pmtu6, local_error)
{
	static const struct {
		int mode, len;
		const char *mtu;
	} cases[] = {
		{ IPV6_PMTUDISC_DONT, 65528, "1280" },
		{ IPV6_PMTUDISC_DONT, 65536, "1280" },
		{ IPV6_PMTUDISC_WANT, 65528, "1280" },
		{ IPV6_PMTUDISC_WANT, 65536, "1280" },
		{ IPV6_PMTUDISC_DO, 1233, "1280" },
		{ IPV6_PMTUDISC_DO, 65527, "1280" },
		{ IPV6_PMTUDISC_DO, 65536, "1280" },
		{ IPV6_PMTUDISC_PROBE, 1453, "1500" },
		{ IPV6_PMTUDISC_INTERFACE, 1453, "1500" },
		{ IPV6_PMTUDISC_INTERFACE, 65536, "1500" },
		{ IPV6_PMTUDISC_OMIT, 65528, "1500" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd;
	char want[64], byte;
	unsigned int i;

	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		const char *to = i % 2 ? NULL : FAR6;

		fd = recverr6(with_mode(sock(), c->mode));
		if (!to)
			joined(fd, FAR6, 9);
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, c->len));
		EXPECT_EQ(POLLERR | POLLOUT,
			  ready(fd, POLLIN | POLLOUT | POLLPRI))
			TH_LOG("mode %d, %d", c->mode, c->len);
		/* It is no pending error: nobody else fails of it */
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("1 of 58", outcome(t, d, fd, to, 10));
		snprintf(want, sizeof(want), "local: EMSGSIZE %s 0, [" FAR6
			 "]:9 0", c->mtu);
		EXPECT_STREQ(want, next_error6(fd))
			TH_LOG("mode %d, %d", c->mode, c->len);
		EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
		close(fd);
	}
}

/* Each call has an entry, in the order of the calls, with its destination */
TEST_F(pmtu6, local_errors)
{
	int t = tun_and_far(), fd = with_mode(sock(), IPV6_PMTUDISC_DO);
	const struct door *d = &variant->door;

	recverr6(fd);
	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, OTHER6, 1453));
	EXPECT_STREQ("1 of 1500", outcome(t, d, fd, OTHER6, 1452));
	joined(fd, OTHER6, 10);
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, NULL, 1453));
	EXPECT_STREQ("local: EMSGSIZE 1280 0, [" FAR6 "]:9 0", next_error6(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, [" OTHER6 "]:9 0",
		     next_error6(fd));
	EXPECT_STREQ("local: EMSGSIZE 1280 0, [" FAR6 "]:9 0", next_error6(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, [" OTHER6 "]:10 0",
		     next_error6(fd));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	/* No datagram went out, and none was lost */
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
}

/* A peer of IPv4 has the modes of IPv4, whatever those of IPv6 are */
TEST_F(pmtu6, mapped)
{
	static const struct {
		int mode, mode6, err;
	} cases[] = {
		{ IP_PMTUDISC_WANT, IPV6_PMTUDISC_WANT, 0 },
		{ IP_PMTUDISC_WANT, IPV6_PMTUDISC_DO, 0 },
		{ IP_PMTUDISC_DO, IPV6_PMTUDISC_WANT, EMSGSIZE },
	};
	int t = tun_and_far(), fd = bound("::", 5000);
	const struct door *d = &variant->door;
	struct packet p;
	unsigned int i;

	run("ip route add 198.51.100.1 via " YOU " mtu 1300");
	joined(fd, "::ffff:198.51.100.1", 9);
	with(with(fd, IPV6_DONTFRAG, 1), IPV6_MTU, 1280);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		with_mode(fd, cases[i].mode6);
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER,
				     cases[i].mode));
		EXPECT_EQ(cases[i].err, err_of(send(fd, data, 1273, 0)))
			TH_LOG("case %d", i);
		/* The first fragment, whose length is a multiple of 8 */
		if (!cases[i].err)
			EXPECT_EQ(1300, sent(t, d->wire, &p));
		while (sent(t, d->wire, &p))
			;
	}
	EXPECT_STREQ("1300", mtu_of(fd));
	EXPECT_EQ(1300, get_int(fd, SOL_IP, IP_MTU));
	with_mode(fd, IPV6_PMTUDISC_OMIT);
	make_own(&p, d, 5000, "198.51.100.1", data, 100);
	tell(t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, &p);
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ("1000", mtu_of(fd));
}

/* RFC 8201 as it is meant, the router being that of the kernel */
TEST_F_TIMEOUT(pmtu6, router, 120)
{
	static const struct {
		int mode;
		bool told;
		int err;	/* of the second of 1500 bytes */
		bool second;	/* gets through; the first never does */
	} cases[] = {
		{ IPV6_PMTUDISC_DONT, true, 0, true },
		{ IPV6_PMTUDISC_WANT, true, 0, true },
		{ IPV6_PMTUDISC_DO, true, EMSGSIZE, false },
		/* These go to the router again, and are told or not */
		{ IPV6_PMTUDISC_PROBE, true, 0, false },
		{ IPV6_PMTUDISC_INTERFACE, false, 0, false },
		{ IPV6_PMTUDISC_OMIT, false, 0, false },
	};
	struct network n;
	unsigned int i;
	char ip[32], want[96];
	int fd;

	make_network(&n);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		snprintf(ip, sizeof(ip), "fd03::%d", i + 1);
		fd = recverr6(with_mode(sock(), c->mode));
		joined(fd, ip, 9);
		EXPECT_STREQ("1500", mtu_of(fd));
		EXPECT_EQ(1452, send(fd, data, 1452, 0));
		EXPECT_TRUE(learned(sock(), ip))
			TH_LOG("mode %d", c->mode);
		/* 1280 bytes of message are enough, with all headers */
		snprintf(want, sizeof(want),
			 "2.0 of fd01::2: EMSGSIZE 1400 0, [%s]:9 1184", ip);
		EXPECT_STREQ(c->told ? "EMSGSIZE" : "none", pending(fd))
			TH_LOG("mode %d", c->mode);
		EXPECT_STREQ(c->told ? want : "EAGAIN", next_error6(fd))
			TH_LOG("mode %d", c->mode);
		EXPECT_EQ(c->err, err_of(send(fd, data, 1452, 0)))
			TH_LOG("mode %d", c->mode);
		EXPECT_STREQ("1400", mtu_of(fd));
		if (c->second)
			EXPECT_TRUE(arrived(n.in, 1452));
		if (c->told && !c->second && !c->err) {
			EXPECT_EQ(POLLERR, await(fd, POLLIN));
			EXPECT_STREQ("EMSGSIZE", pending(fd));
		}
		EXPECT_EQ(1352, send(fd, data, 1352, 0));
		EXPECT_TRUE(arrived(n.in, 1352))
			TH_LOG("mode %d", c->mode);
		close(fd);
	}
}

TEST_HARNESS_MAIN
