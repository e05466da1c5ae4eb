// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that mean something on one link only, and who says which link:
 * RFC 4007, ipv6(7), RFC 3493 6.1
 */
#include "control.h"
#include "tun6.h"

EUDP6_FIXTURE(scope6)

/* Indices of interfaces: what a case says, and what it is in this namespace */
enum { NO_LINK, TUN, OTHER, DEAD, NEGATIVE };

static int link_index(int link)
{
	return link == TUN ? (int)if_nametoindex("tun0") :
		link == OTHER ? (int)if_nametoindex("tun1") :
		link == DEAD ? 9999 : link == NEGATIVE ? -1 : 0;
}

static struct any_addr scoped(const char *ip, int link, int port)
{
	struct any_addr any = any_addr(ip, port);

	any.sin6.sin6_scope_id = link_index(link);
	return any;
}

/* "[fe80::1%T]:9": indices as letters, so that they can be compared with */
static const char *lettered(const char *text)
{
	static char out[4][96];
	static unsigned int turn;
	char *s = out[turn++ % 4];
	const char *scope = strchr(text, '%');
	int index;

	snprintf(s, sizeof(out[0]), "%s", text);
	if (scope) {
		index = atoi(scope + 1);
		sprintf(s + (scope - text), "%%%c%s",
			index == link_index(TUN) ? 'T' :
			index == link_index(OTHER) ? 'O' : '?',
			scope + 1 + strspn(scope + 1, "0123456789"));
	}
	return s;
}

static int bound_to(int fd)
{
	int index = get_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX);

	return !index ? NO_LINK : index == link_index(TUN) ? TUN :
		index == link_index(OTHER) ? OTHER : DEAD;
}

/* Which way out the next datagram took; what it was is in @g */
static int __way(struct __test_metadata *_metadata, int t, int t2,
		 int protocol, struct datagram6 *g)
{
	if (__next_datagram6(_metadata, t, protocol, g) >= 0)
		return TUN;
	return __next_datagram6(_metadata, t2, protocol, g) >= 0 ? OTHER :
		NO_LINK;
}

#define way(g) __way(_metadata, t, t2, variant->door.wire, g)

/* bind(2): a link-local address wants its link, and then has it for good */
TEST_F_TIMEOUT(scope6, bind, 300)
{
	static const struct {
		const char *ip;
		int device, link, err, bound;	/* device: SO_BINDTODEVICE */
		const char *local;
	} rows[] = {
		{ MY_LINK, NO_LINK, NO_LINK, EINVAL },
		{ MY_LINK, NO_LINK, TUN, 0, TUN, "[fe80::1%T]:5000" },
		{ MY_LINK, NO_LINK, OTHER, EADDRNOTAVAIL, OTHER },
		{ MY_LINK, NO_LINK, DEAD, ENODEV, DEAD },
		{ MY_LINK, NO_LINK, NEGATIVE, ENODEV, DEAD },
		{ "fe80::3", NO_LINK, OTHER, 0, OTHER, "[fe80::3%O]:5000" },
		{ "fe80::9", NO_LINK, TUN, EADDRNOTAVAIL, TUN },
		{ MY_LINK, TUN, NO_LINK, 0, TUN, "[fe80::1%T]:5000" },
		{ MY_LINK, TUN, TUN, 0, TUN, "[fe80::1%T]:5000" },
		{ "fe80::3", TUN, OTHER, 0, OTHER, "[fe80::3%O]:5000" },
		{ "fe80::3", TUN, NO_LINK, EADDRNOTAVAIL, TUN },
		{ MY_LINK, OTHER, NO_LINK, EADDRNOTAVAIL, OTHER },
		/* Multicast of a link and of an interface, not of a site */
		{ "ff02::1", NO_LINK, NO_LINK, EINVAL },
		{ "ff02::1", NO_LINK, TUN, 0, TUN, "[ff02::1%T]:5000" },
		{ "ff02::77", NO_LINK, OTHER, 0, OTHER, "[ff02::77%O]:5000" },
		{ "ff02::1", NO_LINK, DEAD, ENODEV, DEAD },
		{ "ff01::1", NO_LINK, NO_LINK, EINVAL },
		{ "ff01::1", NO_LINK, TUN, 0, TUN, "[ff01::1%T]:5000" },
		{ "ff05::1", NO_LINK, NO_LINK, 0, NO_LINK, "[ff05::1]:5000" },
		{ "ff05::1", NO_LINK, DEAD, 0, NO_LINK, "[ff05::1]:5000" },
		{ "ff0e::1", NO_LINK, NO_LINK, 0, NO_LINK, "[ff0e::1]:5000" },
		/* Where a scope means nothing, it is not looked at */
		{ ME6, NO_LINK, TUN, 0, NO_LINK, "[2001:db8::1]:5000" },
		{ ME6, NO_LINK, DEAD, 0, NO_LINK, "[2001:db8::1]:5000" },
		{ ME6, OTHER, NO_LINK, 0, OTHER, "[2001:db8::1]:5000" },
		{ "::", NO_LINK, DEAD, 0, NO_LINK, "[::]:5000" },
		{ "::1", NO_LINK, DEAD, 0, NO_LINK, "[::1]:5000" },
		{ "fec0::1", NO_LINK, NO_LINK, EADDRNOTAVAIL },
	};
	int t = tun6(), fd;
	struct any_addr any;
	unsigned int i;

	ASSERT_LE(0, t);
	ASSERT_LE(0, second_tun6());
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		fd = sock();
		if (c->device)
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
					     link_index(c->device)));
		any = scoped(c->ip, c->link, 5000);
		EXPECT_EQ(c->err, err_of(bind(fd, &any.sa, any.len)))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_STREQ(c->local ?: "[::]:0", lettered(local(fd)))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_EQ(c->bound, bound_to(fd))
			TH_LOG("case %d, %s", i, c->ip);
		close(fd);
	}
}

/* RFC 2133 had no scopes, and its shorter addresses are still taken */
TEST_F(scope6, short_address)
{
	struct any_addr mine, yours;
	int t = tun6(), fd = sock();

	mine = scoped(MY_LINK, TUN, 5000);
	yours = scoped(YOUR_LINK, TUN, 9);
	EXPECT_EQ(EINVAL, err_of(bind(fd, &mine.sa, 24)));
	EXPECT_EQ(EINVAL, err_of(connect(sock(), &yours.sa, 24)));
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(0, bind(fd, &mine.sa, 24));
	EXPECT_EQ(1, sendto(fd, "a", 1, 0, &yours.sa, 24));
	EXPECT_STREQ("a", next_text6());
	EXPECT_EQ(0, connect(fd, &yours.sa, 24));
	EXPECT_EQ(EINVAL, err_of(sendto(fd, "a", 1, 0, &yours.sa, 23)));
	EXPECT_EQ(EINVAL, err_of(connect(fd, &yours.sa, 23)));
	EXPECT_STREQ("[fe80::2%T]:9", lettered(peer(fd)));
}

/* connect(2): it binds the socket to the link */
TEST_F_TIMEOUT(scope6, connect, 300)
{
	static const struct {
		const char *ip;
		int device, mcast, link, err, bound, way;
		const char *peer, *from;
	} rows[] = {
		{ YOUR_LINK, 0, 0, NO_LINK, EINVAL },
		{ YOUR_LINK, 0, 0, TUN, 0, TUN, TUN, "[fe80::2%T]:9", MY_LINK },
		{ YOUR_LINK, 0, 0, OTHER, 0, OTHER, OTHER, "[fe80::2%O]:9",
		  "fe80::3" },
		{ YOUR_LINK, 0, 0, DEAD, ENETUNREACH, DEAD },
		{ YOUR_LINK, TUN, 0, NO_LINK, 0, TUN, TUN, "[fe80::2%T]:9",
		  MY_LINK },
		{ YOUR_LINK, TUN, 0, OTHER, EINVAL, TUN },
		{ YOUR_LINK, TUN, 0, DEAD, EINVAL, TUN },
		/* Multicast may have its link from IPV6_MULTICAST_IF */
		{ "ff02::77", 0, 0, NO_LINK, EINVAL },
		{ "ff02::77", 0, TUN, NO_LINK, 0, TUN, TUN, "[ff02::77%T]:9",
		  MY_LINK },
		{ "ff02::77", 0, TUN, OTHER, 0, OTHER, OTHER, "[ff02::77%O]:9",
		  "fe80::3" },
		{ YOUR_LINK, 0, TUN, NO_LINK, EINVAL },
		{ "ff05::77", 0, TUN, NO_LINK, 0, NO_LINK, TUN,
		  "[ff05::77]:9", ME6 },
		{ YOU6, 0, 0, DEAD, 0, NO_LINK, TUN, "[2001:db8::2]:9", ME6 },
	};
	int t = tun6(), t2, fd;
	static struct datagram6 g;
	struct any_addr any;
	unsigned int i;

	t2 = second_tun6();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		fd = sock();
		if (c->device)
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
					     link_index(c->device)));
		if (c->mcast)
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
					     link_index(c->mcast)));
		any = scoped(c->ip, c->link, 9);
		EXPECT_EQ(c->err, err_of(connect(fd, &any.sa, any.len)))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_EQ(c->bound, bound_to(fd))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_STREQ(c->peer ?: "errno 107", lettered(peer(fd)))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_EQ(c->err ? EDESTADDRREQ : 0, tag(fd, 'x'));
		EXPECT_EQ(c->way, way(&g)) TH_LOG("case %d, %s", i, c->ip);
		if (c->from)
			EXPECT_STREQ(c->from, SRC6(&g))
				TH_LOG("case %d, %s", i, c->ip);
		close(fd);
	}
}

/* A socket stays on its link until it is disconnected */
TEST_F(scope6, reconnect)
{
	struct any_addr over_tun, over_other;
	int t = tun6(), fd = bound("::", 5000);

	ASSERT_LE(0, t);
	ASSERT_LE(0, second_tun6());
	over_tun = scoped(YOUR_LINK, TUN, 9);
	over_other = scoped(YOUR_LINK, OTHER, 9);
	EXPECT_EQ(0, connect(fd, &over_tun.sa, over_tun.len));
	EXPECT_STREQ("[fe80::1%T]:5000", lettered(local(fd)));
	EXPECT_EQ(EINVAL, err_of(connect(fd, &over_other.sa, over_other.len)));
	EXPECT_STREQ("[fe80::2%T]:9", lettered(peer(fd)));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(NO_LINK, bound_to(fd));
	EXPECT_EQ(0, connect(fd, &over_other.sa, over_other.len));
	EXPECT_STREQ("[fe80::2%O]:9", lettered(peer(fd)));
}

/* sendto(2): the scope is that of one datagram */
TEST_F_TIMEOUT(scope6, sendto, 300)
{
	static const struct {
		const char *ip;
		int device, mcast, unicast, link, err, way;
	} rows[] = {
		/* Without one: that of the first route which suits */
		{ YOUR_LINK, 0, 0, 0, NO_LINK, 0, TUN },
		{ YOUR_LINK, 0, 0, 0, TUN, 0, TUN },
		{ YOUR_LINK, 0, 0, 0, OTHER, 0, OTHER },
		{ YOUR_LINK, 0, 0, 0, DEAD, ENETUNREACH },
		{ YOUR_LINK, TUN, 0, 0, NO_LINK, 0, TUN },
		{ YOUR_LINK, TUN, 0, 0, OTHER, 0, OTHER },
		{ YOUR_LINK, 0, 0, TUN, NO_LINK, 0, TUN },
		{ YOUR_LINK, 0, 0, TUN, OTHER, 0, OTHER },
		{ YOUR_LINK, 0, OTHER, 0, NO_LINK, 0, TUN },
		{ "ff02::77", 0, 0, 0, NO_LINK, 0, TUN },
		{ "ff02::77", 0, TUN, 0, NO_LINK, 0, TUN },
		{ "ff02::77", 0, OTHER, 0, NO_LINK, 0, OTHER },
		{ "ff02::77", 0, TUN, 0, OTHER, 0, OTHER },
		{ "ff02::77", 0, 0, OTHER, NO_LINK, 0, TUN },
		{ "ff02::77", OTHER, 0, 0, NO_LINK, 0, OTHER },
		{ YOU6, 0, 0, 0, DEAD, 0, TUN },
	};
	int t = tun6(), t2, fd;
	static struct datagram6 g;
	struct any_addr any;
	unsigned int i;

	t2 = second_tun6();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		fd = sock();
		if (c->mcast)
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
					     link_index(c->mcast)));
		if (c->unicast)
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_IF,
					     htonl(link_index(c->unicast))));
		if (c->device)
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX,
					     link_index(c->device)));
		any = scoped(c->ip, c->link, 9);
		EXPECT_EQ(c->err, err_of(sendto(fd, "x", 1, 0, &any.sa,
						any.len)))
			TH_LOG("case %d, %s", i, c->ip);
		EXPECT_EQ(c->way, way(&g)) TH_LOG("case %d, %s", i, c->ip);
		EXPECT_EQ(c->device, bound_to(fd));
		close(fd);
	}
}

/* recvfrom(2): the scope comes out where there is one, of the link it was */
TEST_F_TIMEOUT(scope6, recvfrom, 300)
{
	static const struct {
		const char *from, *to, *told;
	} rows[] = {
		{ YOUR_LINK, MY_LINK, "[fe80::2%T]:4000" },
		{ YOUR_LINK, ME6, "[fe80::2%T]:4000" },
		{ YOUR_LINK, "ff02::1", "[fe80::2%T]:4000" },
		{ YOU6, MY_LINK, "[2001:db8::2]:4000" },
		{ YOU6, ME6, "[2001:db8::2]:4000" },
		{ "fec0::2", ME6, "[fec0::2]:4000" },
	};
	int t = tun6(), fds[2], own;
	struct any_addr any;
	struct packet6 p;
	unsigned int i;
	struct got g;

	fds[0] = bound("::", 5000);
	fds[1] = sock();
	EXPECT_EQ(0, set_device(fds[1], "tun0"));
	EXPECT_EQ(0, bind_to(fds[1], "::", 5001));
	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		make6(&p, 5000 + i % 2, "x", 1, "");
		p.ip.ip6_src = in6(rows[i / 2].from);
		p.ip.ip6_dst = in6(rows[i / 2].to);
		resum6(&p, variant->door.wire);
		inject6(&p);
		receive(fds[i % 2], &g, 0);
		EXPECT_EQ(1, g.len);
		EXPECT_STREQ(rows[i / 2].told,
			     lettered(show_any(0, &g.from)))
			TH_LOG("%s to %s", rows[i / 2].from, rows[i / 2].to);
		EXPECT_EQ(28, g.msg.msg_namelen);
		EXPECT_EQ(0, g.from.sin6.sin6_flowinfo);
	}
	/* From ourselves, over lo: the link is that of the address */
	own = sock();
	any = scoped(MY_LINK, TUN, 0);
	EXPECT_EQ(0, bind(own, &any.sa, any.len));
	any = scoped(MY_LINK, TUN, 5000);
	EXPECT_EQ(1, sendto(own, "x", 1, 0, &any.sa, any.len));
	receive(fds[0], &g, 0);
	g.from.sin6.sin6_port = 0;
	EXPECT_STREQ("[fe80::1%T]:0", lettered(show_any(0, &g.from)));
}

/* Two links have the same address: each is who has that link */
TEST_F(scope6, same_address_twice)
{
	struct any_addr on_tun, on_other;
	int t = tun6(), fds[2];
	struct packet6 p;

	ASSERT_LE(0, second_tun6());
	address6(MY_LINK "/64", "tun1");
	on_tun = scoped(MY_LINK, TUN, 5000);
	on_other = scoped(MY_LINK, OTHER, 5000);
	fds[0] = sock();
	fds[1] = sock();
	EXPECT_EQ(0, bind(fds[0], &on_other.sa, on_other.len));
	EXPECT_EQ(0, bind(fds[1], &on_tun.sa, on_tun.len));
	make6(&p, 5000, "x", 1, "");
	p.ip.ip6_dst = in6(MY_LINK);
	resum6(&p, variant->door.wire);
	inject6(&p);
	EXPECT_EQ(1, who(fds, 2));
	EXPECT_EQ(1, sendto(sock(), "x", 1, 0, &on_other.sa, on_other.len));
	EXPECT_EQ(0, who(fds, 2));
}

/* IPV6_UNICAST_IF, in network byte order: of several ways, the one there */
TEST_F(scope6, unicast_if)
{
	int t = tun6(), t2, fd = sock(), peer = sock();
	int tun_index = htonl(link_index(TUN));
	static struct datagram6 g;

	t2 = second_tun6();
	run("ip -6 route add default dev tun1 metric 100");
	run("ip -6 route add default dev tun0 metric 200");
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_UNICAST_IF));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_EQ(OTHER, way(&g));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_IF, tun_index));
	EXPECT_EQ(tun_index, get_int(fd, SOL_IPV6, IPV6_UNICAST_IF));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_EQ(TUN, way(&g));
	EXPECT_STREQ(ME6, SRC6(&g));
	EXPECT_EQ(NO_LINK, bound_to(fd));
	/* Not multicast's way */
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
			     link_index(OTHER)));
	EXPECT_EQ(0, tag_to(fd, "ff05::77", 9, 'a'));
	EXPECT_EQ(OTHER, way(&g));
	joined(fd, NOWHERE6, 9);
	EXPECT_EQ(0, tag(fd, 'a'));
	EXPECT_EQ(TUN, way(&g));
	/* For a socket that has a source address it is no more than a wish */
	joined(peer, NOWHERE6, 9);
	EXPECT_EQ(0, set_int(peer, SOL_IPV6, IPV6_UNICAST_IF, tun_index));
	joined(peer, NOWHERE6, 9);
	EXPECT_EQ(0, tag(peer, 'a'));
	EXPECT_EQ(OTHER, way(&g));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_IF, 0));
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_UNICAST_IF));

	EXPECT_EQ(EADDRNOTAVAIL, err_of(set_int(fd, SOL_IPV6, IPV6_UNICAST_IF,
						htonl(9999))));
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_UNICAST_IF,
					    &tun_index, 3)));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IPV6, IPV6_UNICAST_IF,
					 tun_index)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_IF, 0));
}

/* IPV6_MULTICAST_IF: the way out of multicast that has no other */
TEST_F(scope6, multicast_if)
{
	int t = tun6(), t2, fd = sock();
	static struct datagram6 g;

	t2 = second_tun6();
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_MULTICAST_IF));
	EXPECT_EQ(ENODEV, err_of(set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
					 9999)));
	EXPECT_EQ(ENODEV, err_of(set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
					 -1)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
			     link_index(OTHER)));
	EXPECT_EQ(link_index(OTHER), get_int(fd, SOL_IPV6, IPV6_MULTICAST_IF));
	EXPECT_EQ(0, tag_to(fd, "ff05::77", 9, 'a'));
	EXPECT_EQ(OTHER, way(&g));
	EXPECT_STREQ("fe80::3", SRC6(&g));
	EXPECT_EQ(1, g.ip.ip6_hlim);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
			     link_index(TUN)));
	EXPECT_EQ(0, tag_to(fd, "ff05::77", 9, 'a'));
	EXPECT_EQ(TUN, way(&g));
	EXPECT_STREQ(ME6, SRC6(&g));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(TUN, way(&g));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF, 0));
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_MULTICAST_IF));
	/* Of a socket that is bound to a device, only that one */
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
					 link_index(OTHER))));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MULTICAST_IF,
			     link_index(TUN)));
	EXPECT_EQ(0, tag_to(fd, "ff02::77", 9, 'a'));
	EXPECT_EQ(TUN, way(&g));
}

TEST_HARNESS_MAIN
