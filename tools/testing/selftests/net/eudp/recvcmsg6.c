// SPDX-License-Identifier: GPL-2.0
/* What is told with a datagram of IPv6: the messages of ipv6(7), RFC 3542 */
#include "control.h"
#include "tun6.h"

EUDP6_FIXTURE(recvcmsg6)

/* "2 2001:db8::1": the interface, and where it was sent to */
static const char *pktinfo(struct got *g, int type)
{
	static char text[4][64];
	static unsigned int turn;
	struct in6_pktinfo *info = find(g, SOL_IPV6, type);
	char *s = text[turn++ % 4];

	if (!info)
		return "none";
	sprintf(s, "%d %s", info->ipi6_ifindex, text6(&info->ipi6_addr));
	return s;
}

static const char *origdst(struct got *g)
{
	struct sockaddr_in6 *sin6 = find(g, SOL_IPV6, IPV6_ORIGDSTADDR);
	struct any_addr any = {};

	if (!sin6)
		return "none";
	any.sin6 = *sin6;
	return show_any(0, &any);
}

/* Each option alone: what it gives, that it can be asked for, and the end */
TEST_F_TIMEOUT(recvcmsg6, each, 300)
{
	static const struct {
		int level, option;
		const char *told;
	} cases[] = {
		{ SOL_IPV6, IPV6_RECVPKTINFO, "pktinfo6 20" },
		{ SOL_IPV6, IPV6_2292PKTINFO, "old pktinfo6 20" },
		{ SOL_IPV6, IPV6_RECVHOPLIMIT, "hoplimit 4" },
		{ SOL_IPV6, IPV6_2292HOPLIMIT, "old hoplimit 4" },
		{ SOL_IPV6, IPV6_RECVTCLASS, "tclass 4" },
		{ SOL_IPV6, IPV6_RECVORIGDSTADDR, "origdst6 28" },
		/* There are none, or nothing knows of it */
		{ SOL_IPV6, IPV6_RECVHOPOPTS, "" },
		{ SOL_IPV6, IPV6_RECVDSTOPTS, "" },
		{ SOL_IPV6, IPV6_RECVRTHDR, "" },
		{ SOL_IPV6, IPV6_2292HOPOPTS, "" },
		{ SOL_IPV6, IPV6_2292DSTOPTS, "" },
		{ SOL_IPV6, IPV6_2292RTHDR, "" },
		{ SOL_IPV6, IPV6_RECVFRAGSIZE, "" },
		{ SOL_IPV6, IPV6_RECVPATHMTU, "" },
		/* Of IPv4, which this is not */
		{ SOL_IP, IP_PKTINFO, "" },
		{ SOL_IP, IP_RECVTTL, "" },
		{ SOL_IP, IP_RECVTOS, "" },
		{ SOL_IP, IP_RECVORIGDSTADDR, "" },
		{ SOL_SOCKET, SO_RXQ_OVFL, "" },
		{ SOL_SOCKET, SO_RCVMARK, "mark 4" },
		{ SOL_SOCKET, STAMP_OLD, "stamp 16" },
		{ SOL_SOCKET, STAMPNS_NEW, "stampns new 16" },
	};
	int t = tun6(), fd = bound("::", 5000), k;
	struct packet6 p;
	struct got g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(0, get_int(fd, c->level, c->option));
		for (k = 1; k >= 0; k--) {
			EXPECT_EQ(0, err_of(set_int(fd, c->level, c->option,
						    k)));
			EXPECT_EQ(k, get_int(fd, c->level, c->option))
				TH_LOG("%d/%d", c->level, c->option);
			make6(&p, 5000, "x", 1, "");
			inject6(&p);
			receive(fd, &g, 0);
			EXPECT_EQ(1, g.len);
			EXPECT_STREQ(k ? c->told : "", told(&g))
				TH_LOG("%d/%d", c->level, c->option);
		}
		EXPECT_EQ(0, g.msg.msg_controllen);
	}
}

/* Wrong lengths of the options that ask for messages: all want an int */
TEST_F(recvcmsg6, option_lengths)
{
	static const int options[] = {
		IPV6_RECVPKTINFO, IPV6_2292PKTINFO, IPV6_RECVHOPLIMIT,
		IPV6_2292HOPLIMIT, IPV6_RECVTCLASS, IPV6_RECVORIGDSTADDR,
		IPV6_RECVHOPOPTS, IPV6_RECVDSTOPTS, IPV6_RECVRTHDR,
		IPV6_2292HOPOPTS, IPV6_2292DSTOPTS, IPV6_2292RTHDR,
		IPV6_RECVPATHMTU, IPV6_FLOWINFO,
	};
	int fd = sock(), len;
	int value[2] = { 7, 7 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		for (len = 0; len <= 8; len++) {
			EXPECT_EQ(len < 4 ? EINVAL : 0,
				  err_of(setsockopt(fd, SOL_IPV6, options[i],
						    value, len)))
				TH_LOG("option %d, %d bytes", options[i], len);
		}
		EXPECT_EQ(1, get_int(fd, SOL_IPV6, options[i]));
	}
	/* But for this one, for which less is 0 */
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_RECVFRAGSIZE, value, 4));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_RECVFRAGSIZE));
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_RECVFRAGSIZE, value, 3));
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_RECVFRAGSIZE));
}

/* The hop limit and the traffic class as they were in the packet */
TEST_F(recvcmsg6, hop_limit_and_class)
{
	static const int values[] = { 0, 1, 2, 3, 64, 127, 128, 252, 255 };
	int t = tun6(), fd = bound(ME6, 5000);
	struct packet6 p;
	struct got g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_2292HOPLIMIT, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVTCLASS, 1));
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		int class = values[ARRAY_SIZE(values) - 1 - i];

		make6(&p, 5000, "x", 1, "");
		p.ip.ip6_hlim = values[i];
		p.ip.ip6_flow = htonl(6 << 28 | class << 20 | 0xfffff);
		inject6(&p);
		receive(fd, &g, 0);
		EXPECT_STREQ("hoplimit 4, tclass 4, old hoplimit 4", told(&g));
		EXPECT_EQ(values[i], find_int(&g, SOL_IPV6, IPV6_HOPLIMIT));
		EXPECT_EQ(values[i], find_int(&g, SOL_IPV6, IPV6_2292HOPLIMIT));
		EXPECT_EQ(class, find_int(&g, SOL_IPV6, IPV6_TCLASS));
	}
}

/* IPV6_PKTINFO and IPV6_ORIGDSTADDR from outside */
TEST_F(recvcmsg6, destination)
{
	static const struct {
		const char *from, *to, *told, *origdst;
	} cases[] = {
		{ YOU6, ME6, "2 2001:db8::1", "[2001:db8::1]:5000" },
		{ YOU6, "2001:db8::7", "2 2001:db8::7", "[2001:db8::7]:5000" },
		/* Of another device: where it came in */
		{ YOU6, "2001:db8:9::1", "2 2001:db8:9::1",
		  "[2001:db8:9::1]:5000" },
		{ YOUR_LINK, MY_LINK, "2 fe80::1", "[fe80::1%2]:5000" },
		{ YOUR_LINK, ME6, "2 2001:db8::1", "[2001:db8::1]:5000" },
		{ YOUR_LINK, "ff02::1", "2 ff02::1", "[ff02::1%2]:5000" },
		{ YOU6, "ff05::77", "2 ff05::77", "[ff05::77]:5000" },
	};
	struct ipv6_mreq mreq = { .ipv6mr_multiaddr = in6("ff05::77") };
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	struct got g;
	unsigned int i;

	address6("2001:db8:9::1/64", "lo");
	address6("2001:db8::7/64", "tun0");
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_2292PKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVORIGDSTADDR, 1));
	mreq.ipv6mr_interface = if_nametoindex("tun0");
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_ADD_MEMBERSHIP, &mreq,
				sizeof(mreq)));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, 5000, "x", 1, "");
		p.ip.ip6_src = in6(cases[i].from);
		p.ip.ip6_dst = in6(cases[i].to);
		resum6(&p, variant->door.wire);
		inject6(&p);
		receive(fd, &g, 0);
		EXPECT_STREQ("pktinfo6 20, old pktinfo6 20, origdst6 28",
			     told(&g)) TH_LOG("%s", cases[i].to);
		EXPECT_STREQ(cases[i].told, pktinfo(&g, IPV6_PKTINFO))
			TH_LOG("%s to %s", cases[i].from, cases[i].to);
		EXPECT_STREQ(cases[i].told, pktinfo(&g, IPV6_2292PKTINFO));
		EXPECT_STREQ(cases[i].origdst, origdst(&g))
			TH_LOG("%s to %s", cases[i].from, cases[i].to);
	}
}

/* ... and over lo: the device is that of the address */
TEST_F(recvcmsg6, destination_over_lo)
{
	static const struct {
		const char *to, *told;
	} cases[] = {
		{ "::1", "1 ::1" },
		{ "2001:db8:9::1", "1 2001:db8:9::1" },
		{ ME6, "2 2001:db8::1" },
		{ "fe80::1%tun0", "2 fe80::1" },
	};
	int t = tun6(), fd = bound("::", 5000), tx = sock();
	struct got g;
	unsigned int i;

	ASSERT_LE(0, t);
	address6("2001:db8:9::1/64", "lo");
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, tag_to(tx, cases[i].to, 5000, 1));
		receive(fd, &g, 0);
		EXPECT_STREQ(cases[i].told, pktinfo(&g, IPV6_PKTINFO))
			TH_LOG("%s", cases[i].to);
	}
}

/* What was received answers: the message goes back as it came */
TEST_F(recvcmsg6, answer)
{
	int t = tun6(), fd = bound("::", 5000);
	static struct datagram6 d;
	struct packet6 p;
	struct got g;

	address6("2001:db8::7/128", "tun0");
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVTCLASS, 1));
	make6(&p, 5000, "x", 1, "");
	p.ip.ip6_dst = in6("2001:db8::7");
	p.ip.ip6_flow = htonl(6 << 28 | 0x28 << 20);
	resum6(&p, variant->door.wire);
	inject6(&p);
	receive(fd, &g, 0);
	g.iov.iov_len = g.len;
	EXPECT_EQ(1, sendmsg(fd, &g.msg, 0));
	EXPECT_EQ(1, next_datagram6(&d));
	EXPECT_STREQ("2001:db8::7", SRC6(&d));
	EXPECT_STREQ(YOU6, DST6(&d));
	EXPECT_EQ(0x28, TCLASS6(&d));
	EXPECT_EQ(4000, ntohs(d.h.dest));
}

/* IP_CHECKSUM can be set, but what comes is not of IPv4 */
TEST_F(recvcmsg6, checksum)
{
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	struct got g;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_CHECKSUM, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_CHECKSUM));
	make6(&p, 5000, "sixteen bytes it", 16, "");
	inject6(&p);
	receive(fd, &g, 0);
	EXPECT_EQ(16, g.len);
	EXPECT_STREQ("", told(&g));
}

/* IPV6_RECVFRAGSIZE: the longest of the fragments, of which one may be all */
TEST_F(recvcmsg6, fragsize)
{
	static const struct {
		const char *name;
		int cut, size;	/* cut 0: whole; -1: an atomic fragment */
	} cases[] = {
		{ "whole", 0, -1 },
		{ "atomic", -1, 1056 },
		{ "halves", 400, 656 },
		{ "long and short", 800, 848 },
		{ "short and long", 64, 992 },
	};
	int t = tun6(), fd = bound(ME6, 5000);
	unsigned char data[1000] = {};
	struct packet6 whole;
	struct got g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVFRAGSIZE, 1));
	make6(&whole, 5000, data, sizeof(data), "");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		if (c->cut < 0)
			inject_part6(&whole, 0, 0, 1008, 0, i);
		if (!c->cut)
			inject6(&whole);
		if (c->cut > 0) {
			inject_part6(&whole, 0, 0, c->cut, IP6F_MORE_FRAG, i);
			inject_part6(&whole, 0, c->cut, 1008, 0, i);
		}
		receive(fd, &g, MSG_TRUNC);
		EXPECT_EQ(1000, g.len) TH_LOG("%s", c->name);
		EXPECT_EQ(c->size, find_int(&g, SOL_IPV6, IPV6_RECVFRAGSIZE))
			TH_LOG("%s: %s", c->name, told(&g));
	}
}

/* All that give something on a plain datagram; in the order of reception */
static void __want_many(struct __test_metadata *_metadata, int fd)
{
	static const int options[] = {
		IPV6_RECVORIGDSTADDR, IPV6_2292HOPLIMIT, IPV6_RECVTCLASS,
		IPV6_RECVFRAGSIZE, IPV6_FLOWINFO, IPV6_2292PKTINFO,
		IPV6_RECVHOPLIMIT, IPV6_RECVPKTINFO,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, options[i], 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVMARK, 1));
}

#define want_many(fd) __want_many(_metadata, fd)

#define MANY "mark 4, pktinfo6 20, hoplimit 4, tclass 4, flowinfo 4, " \
	"old pktinfo6 20, old hoplimit 4, origdst6 28"

/* Several at once, in an order that is not that of asking for them */
TEST_F(recvcmsg6, many)
{
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	struct got g;

	want_many(fd);
	make6(&p, 5000, "x", 1, "");
	p.ip.ip6_flow = htonl(6 << 28 | 0x28 << 20 | 0x12345);
	inject6(&p);
	receive(fd, &g, 0);
	EXPECT_STREQ(MANY, told(&g));
	EXPECT_EQ(CMSG_SPACE(4) * 5 + CMSG_SPACE(20) * 2 + CMSG_SPACE(28),
		  g.msg.msg_controllen);
	EXPECT_EQ(64, find_int(&g, SOL_IPV6, IPV6_HOPLIMIT));
	EXPECT_EQ(0x28, find_int(&g, SOL_IPV6, IPV6_TCLASS));
	/* Nobody wants them: nothing is wrong with that */
	inject6(&p);
	EXPECT_EQ('x', take_tag(fd));
}

/* What does not fit is cut or left out, and MSG_CTRUNC tells */
TEST_F(recvcmsg6, room)
{
	static const struct {
		int room, left;
		const char *told;
	} cases[] = {
		{ 0, 0, "flags 0x8" },
		{ 15, 0, "flags 0x8" },
		{ 16, 16, "pktinfo6 0, flags 0x8" },
		{ 35, 35, "pktinfo6 19, flags 0x8" },
		{ 36, 36, "pktinfo6 20, flags 0x8" },
		{ 40, 40, "pktinfo6 20, flags 0x8" },
		{ 55, 40, "pktinfo6 20, flags 0x8" },
		{ 56, 56, "pktinfo6 20, hoplimit 0, flags 0x8" },
		{ 60, 60, "pktinfo6 20, hoplimit 4, flags 0x8" },
		{ 84, 84, "pktinfo6 20, hoplimit 4, tclass 4" },
		{ 88, 88, "pktinfo6 20, hoplimit 4, tclass 4" },
		{ 89, 88, "pktinfo6 20, hoplimit 4, tclass 4" },
	};
	int fd = bound("::1", 5000), tx = sock();
	struct got g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVTCLASS, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, tag_to(tx, "::1", 5000, 1));
		receive_with(fd, &g, 0, cases[i].room);
		EXPECT_EQ(1, g.len);
		EXPECT_STREQ(cases[i].told, told(&g))
			TH_LOG("room %d", cases[i].room);
		EXPECT_EQ(cases[i].left, g.msg.msg_controllen)
			TH_LOG("room %d", cases[i].room);
		/* Not a byte behind it */
		EXPECT_EQ(0x5a, g.control[cases[i].room]);
	}
}

/* Looking gives the same as receiving, as often as one looks */
TEST_F(recvcmsg6, peek)
{
	int t = tun6(), fd = bound("::", 5000), i;
	struct got first, g;
	struct packet6 p;

	want_many(fd);
	make6(&p, 5000, "x", 1, "");
	p.ip.ip6_flow = htonl(6 << 28 | 0x12345);
	inject6(&p);
	receive(fd, &first, MSG_PEEK);
	EXPECT_STREQ(MANY, told(&first));
	for (i = 0; i < 3; i++) {
		receive(fd, &g, i < 2 ? MSG_PEEK : 0);
		EXPECT_EQ(1, g.len);
		EXPECT_EQ(first.msg.msg_controllen, g.msg.msg_controllen);
		EXPECT_EQ(0, memcmp(first.control, g.control,
				    sizeof(g.control)));
	}
}

/* Asked for when the datagram is already there: the packet knows all of it */
TEST_F(recvcmsg6, late)
{
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	struct got g;

	make6(&p, 5000, "x", 1, "0:00010400000000 60:00010400000000");
	p.ip.ip6_hlim = 9;
	inject6(&p);
	inject6(&p);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPOPTS, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVDSTOPTS, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ("pktinfo6 20, hoplimit 4, hopopts 8, dstopts 8", told(&g));
	EXPECT_STREQ("2 2001:db8::1", pktinfo(&g, IPV6_PKTINFO));
	EXPECT_EQ(9, find_int(&g, SOL_IPV6, IPV6_HOPLIMIT));
	/* No longer wanted: not told */
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 0));
	receive(fd, &g, 0);
	EXPECT_STREQ("hoplimit 4, hopopts 8, dstopts 8", told(&g));
}

/* Each of several messages has its own */
TEST_F(recvcmsg6, recvmmsg)
{
	static const char * const to[] = { "::1", "2001:db8:9::1", "::1" };
	int fd = bound("::", 5000), tx = sock(), i;
	struct mmsghdr m[3] = {};
	static struct got g[3];
	char want[32];

	address6("2001:db8:9::1/64", "lo");
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	for (i = 0; i < 3; i++) {
		g[i].iov = (struct iovec){ g[i].data, 1 };
		m[i].msg_hdr.msg_iov = &g[i].iov;
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_control = g[i].control;
		m[i].msg_hdr.msg_controllen = i == 2 ? 0 : 512;
		EXPECT_EQ(0, tag_to(tx, to[i], 5000, i));
	}
	settle();
	EXPECT_EQ(3, recvmmsg(fd, m, 3, MSG_DONTWAIT, NULL));
	for (i = 0; i < 3; i++) {
		g[i].msg = m[i].msg_hdr;
		snprintf(want, sizeof(want), "1 %s", to[i]);
		EXPECT_STREQ(i == 2 ? "none" : want,
			     pktinfo(&g[i], IPV6_PKTINFO));
		EXPECT_EQ(i == 2 ? MSG_CTRUNC : 0, m[i].msg_hdr.msg_flags);
	}
}

/* What is told goes with the datagram, be it empty or cut */
TEST_F(recvcmsg6, empty_and_cut)
{
	int fd = bound("::1", 5000), tx = sock();
	char data[200] = {};
	struct got g;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
	EXPECT_EQ(0, send_to(tx, "::1", 5000, "", 0));
	receive(fd, &g, 0);
	EXPECT_EQ(0, g.len);
	EXPECT_STREQ("hoplimit 4", told(&g));
	EXPECT_EQ(200, send_to(tx, "::1", 5000, data, 200));
	receive(fd, &g, 0);
	EXPECT_EQ(128, g.len);
	EXPECT_STREQ("hoplimit 4, flags 0x20", told(&g));
}

TEST_HARNESS_MAIN
