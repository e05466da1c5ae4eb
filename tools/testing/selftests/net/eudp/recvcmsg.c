// SPDX-License-Identifier: GPL-2.0
/* What is told with a datagram: the control messages of ip(7) and socket(7) */
#include "control.h"
#include "packet.h"
#include <linux/net_tstamp.h>

EUDP_FIXTURE(recvcmsg)

/* "2 192.0.2.1 192.0.2.255": the interface, the local address, the sent to */
static const char *pktinfo(struct got *g)
{
	static char text[4][64];
	static unsigned int turn;
	struct in_pktinfo *info = find(g, SOL_IP, IP_PKTINFO);
	char *s = text[turn++ % 4];
	int n;

	if (!info)
		return "none";
	n = sprintf(s, "%d %s ", info->ipi_ifindex,
		    inet_ntoa(info->ipi_spec_dst));
	sprintf(s + n, "%s", inet_ntoa(info->ipi_addr));
	return s;
}

/* Each option alone: what it gives, that it can be asked for, and the end */
TEST_F(recvcmsg, each)
{
	static const struct {
		int level, option;
		const char *told;
	} cases[] = {
		{ SOL_IP, IP_PKTINFO, "pktinfo 12" },
		{ SOL_IP, IP_RECVTTL, "ttl 4" },
		{ SOL_IP, IP_RECVTOS, "tos 1" },
		{ SOL_IP, IP_RECVORIGDSTADDR, "origdst 16" },
		/* There are none, or nothing knows of it */
		{ SOL_IP, IP_RECVOPTS, "" },
		{ SOL_IP, IP_RETOPTS, "" },
		{ SOL_IP, IP_RECVFRAGSIZE, "" },
		{ SOL_IP, IP_PASSSEC, "" },
		{ SOL_IP, IP_CHECKSUM, "" },
		{ SOL_SOCKET, SO_RXQ_OVFL, "" },
		{ SOL_SOCKET, SO_WIFI_STATUS, "" },
		{ SOL_SOCKET, SO_RCVMARK, "mark 4" },
		{ SOL_SOCKET, STAMP_OLD, "stamp 16" },
		{ SOL_SOCKET, STAMP_NEW, "stamp new 16" },
		{ SOL_SOCKET, STAMPNS_OLD, "stampns 16" },
		{ SOL_SOCKET, STAMPNS_NEW, "stampns new 16" },
		/* Credentials are a matter of local sockets, unix(7) */
		{ SOL_SOCKET, SO_PASSCRED, "" },
		{ SOL_SOCKET, SO_PASSSEC, "" },
		{ SOL_SOCKET, SO_PASSPIDFD, "" },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	struct got g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(0, err_of(set_int(fd, c->level, c->option, 1)))
			TH_LOG("%d/%d", c->level, c->option);
		EXPECT_EQ(1, get_int(fd, c->level, c->option))
			TH_LOG("%d/%d", c->level, c->option);
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 7));
		receive(fd, &g, 0);
		EXPECT_EQ(1, g.len);
		EXPECT_EQ(7, g.data[0]);
		EXPECT_STREQ(c->told, told(&g))
			TH_LOG("%d/%d", c->level, c->option);
		EXPECT_EQ(0, err_of(set_int(fd, c->level, c->option, 0)));
		EXPECT_EQ(0, get_int(fd, c->level, c->option))
			TH_LOG("%d/%d", c->level, c->option);
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 8));
		receive(fd, &g, 0);
		EXPECT_EQ(8, g.data[0]);
		EXPECT_STREQ("", told(&g));
		EXPECT_EQ(0, g.msg.msg_controllen);
	}
}

/* The TTL and the TOS as they were in the packet */
TEST_F(recvcmsg, ttl_and_tos)
{
	static const int values[] = { 0, 1, 2, 3, 64, 127, 128, 252, 255 };
	int t = tap(), fd = bound(ME, 5000);
	struct packet p;
	struct got g;
	unsigned int i;
	__u8 *tos;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTOS, 1));
	for (i = 0; i < ARRAY_SIZE(values); i++) {
		make(&p, &variant->door, 5000, "x", 1);
		p.ip.ttl = values[i];
		p.ip.tos = values[ARRAY_SIZE(values) - 1 - i];
		inject(t, &p);
		receive(fd, &g, 0);
		EXPECT_STREQ("ttl 4, tos 1", told(&g));
		EXPECT_EQ(p.ip.ttl, find_int(&g, SOL_IP, IP_TTL));
		tos = find(&g, SOL_IP, IP_TOS);
		ASSERT_NE(NULL, tos);
		EXPECT_EQ(p.ip.tos, *tos);
	}
}

/* IP_PKTINFO on lo and on another device: which, our address, sent to */
TEST_F(recvcmsg, pktinfo_over_lo)
{
	static const struct {
		const char *to, *told;
	} cases[] = {
		{ "127.0.0.1", "1 127.0.0.1 127.0.0.1" },
		{ "127.0.0.2", "1 127.0.0.2 127.0.0.2" },
		{ "127.9.9.9", "1 127.9.9.9 127.9.9.9" },
		{ "10.9.9.1", "1 10.9.9.1 10.9.9.1" },
		/* An address of another device is reached over lo too */
		{ ME, "2 192.0.2.1 192.0.2.1" },
		{ "192.0.2.7", "2 192.0.2.7 192.0.2.7" },
	};
	int t = tap(), fd = bound("0.0.0.0", 5000), tx = sock();
	struct got g;
	unsigned int i;

	ASSERT_LE(0, t);
	add_address("lo", "10.9.9.1", 24);
	add_address("tap0", "192.0.2.7", 24);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, tag_to(tx, cases[i].to, 5000, 1));
		receive(fd, &g, 0);
		EXPECT_STREQ(cases[i].told, pktinfo(&g))
			TH_LOG("%s", cases[i].to);
	}
}

/*
 * ... from outside. What was sent to many has for its local address the one
 * that an answer would have.
 */
TEST_F(recvcmsg, pktinfo_from_outside)
{
	static const struct {
		const char *from, *to, *told;
		bool many;	/* the link's address is everybody's */
	} cases[] = {
		{ YOU, ME, "2 192.0.2.1 192.0.2.1", 0 },
		{ YOU, "192.0.2.7", "2 192.0.2.7 192.0.2.7", 0 },
		{ YOU, "10.9.9.1", "2 10.9.9.1 10.9.9.1", 0 },
		{ YOU, ME, "2 192.0.2.1 192.0.2.1", 1 },
		{ YOU, "192.0.2.255", "2 192.0.2.1 192.0.2.255", 1 },
		{ "192.0.2.9", "192.0.2.255", "2 192.0.2.1 192.0.2.255", 1 },
		{ "198.51.100.9", "192.0.2.255", "2 192.0.2.1 192.0.2.255", 1 },
		{ YOU, "255.255.255.255", "2 192.0.2.1 255.255.255.255", 1 },
		{ "0.0.0.0", "255.255.255.255", "2 192.0.2.1 255.255.255.255",
		  1 },
		{ YOU, "239.1.2.3", "2 192.0.2.1 239.1.2.3", 1 },
		{ YOU, "224.0.0.1", "2 192.0.2.1 224.0.0.1", 1 },
	};
	struct ip_mreqn mreq = { .imr_multiaddr.s_addr = inet_addr("239.1.2.3"),
				 .imr_ifindex = 2 };
	int t = tap(), fd = bound("0.0.0.0", 5000);
	struct packet p;
	struct got g;
	unsigned int i;

	add_address("lo", "10.9.9.1", 24);
	add_address("tap0", "192.0.2.7", 24);
	run("ip route add default via " YOU);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	EXPECT_EQ(0, err_of(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &mreq,
				       sizeof(mreq))));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, &variant->door, 5000, "x", 1);
		p.ip.saddr = inet_addr(cases[i].from);
		p.ip.daddr = inet_addr(cases[i].to);
		if (cases[i].many)
			memset(p.eth.ether_dhost, 0xff, ETH_ALEN);
		resum(&p);
		inject(t, &p);
		receive(fd, &g, 0);
		EXPECT_STREQ(cases[i].told, pktinfo(&g))
			TH_LOG("%s to %s", cases[i].from, cases[i].to);
	}
}

/* The way back to the sender may depend on the mark: src_valid_mark of ip-sysctl */
TEST_F(recvcmsg, pktinfo_of_marked)
{
	int t = tap(), fd = bound("0.0.0.0", 5000), i;
	struct packet p;
	struct got g;

	add_address("tap0", "192.0.2.7", 24);
	run("nft add table ip t");
	run("nft 'add chain ip t c { type filter hook prerouting priority 0; }'");
	run("nft add rule ip t c meta mark set 5");
	run("ip rule add fwmark 5 lookup 100");
	run("ip route add 192.0.2.0/24 dev tap0 src 192.0.2.7 table 100");
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/conf/tap0/src_valid_mark",
					i ? "1" : "0"));
		make(&p, &variant->door, 5000, "x", 1);
		p.ip.daddr = inet_addr("192.0.2.255");
		memset(p.eth.ether_dhost, 0xff, ETH_ALEN);
		resum(&p);
		inject(t, &p);
		receive(fd, &g, 0);
		EXPECT_STREQ(i ? "2 192.0.2.7 192.0.2.255" :
				 "2 192.0.2.1 192.0.2.255", pktinfo(&g));
	}
}

/* IP_RECVORIGDSTADDR: where it was sent to, with the port */
TEST_F(recvcmsg, origdst)
{
	static const char * const to[] = { "127.0.0.1", "127.0.0.2", ME };
	int t = tap(), fd = bound("0.0.0.0", 5000), tx = sock();
	struct sockaddr_in want, *sin;
	struct got g;
	unsigned int i;

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVORIGDSTADDR, 1));
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		want = addr(to[i], 5000);
		EXPECT_EQ(0, tag_to(tx, to[i], 5000, 1));
		receive(fd, &g, 0);
		EXPECT_STREQ("origdst 16", told(&g));
		sin = find(&g, SOL_IP, IP_ORIGDSTADDR);
		ASSERT_NE(NULL, sin);
		EXPECT_EQ(0, memcmp(&want, sin, sizeof(want)));
	}
}

/* The first bytes of a control message of ip(7): "940400", "" if none */
static const char *hex(struct got *g, int type, int len)
{
	static char text[4][128];
	static unsigned int turn;
	unsigned char *data = find(g, SOL_IP, type);
	char *s = text[turn++ % 4];
	int i, there;

	s[0] = '\0';
	if (!data)
		return s;
	there = ((struct cmsghdr *)(data - CMSG_LEN(0)))->cmsg_len -
		CMSG_LEN(0);
	for (i = 0; i < len && i < there; i++)
		sprintf(s + 2 * i, "%02x", data[i]);
	return s;
}

/*
 * IP_RECVOPTS gives the options with what this host has filled in, IP_RETOPTS
 * what an answer needs of them, RFC 791: a source route the other way.
 */
TEST_F(recvcmsg, options)
{
	static const struct {
		const char *name;
		int len;
		int known;	/* so many bytes do not change with time */
		const char *options, *told, *recvopts, *retopts;
	} cases[] = {
		{ "none", 0, 0, "", "", "", "" },
		{ "no operation", 4, 4, "\x01\x01\x01\x01",
		  "recvopts 4, retopts 0", "01010101", "" },
		{ "end", 4, 4, "\x00\x00\x00\x00",
		  "recvopts 4, retopts 0", "00000000", "" },
		{ "end, and more", 8, 8, "\x01\x00\x94\x04\x00\x00\x01\x02",
		  "recvopts 8, retopts 0", "0100000000000000", "" },
		{ "record route", 12, 12,
		  "\x07\x0b\x08\x0a\x01\x02\x03\x00\x00\x00\x00\x00",
		  "recvopts 12, retopts 12", "070b0c0a010203c000020100",
		  "070b0c0a010203c000020100" },
		{ "record route, full", 8, 8,
		  "\x07\x07\x08\x0a\x01\x02\x03\x00",
		  "recvopts 8, retopts 8", "0707080a01020300",
		  "0707080a01020300" },
		{ "time stamps", 12, 4,
		  "\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00",
		  "recvopts 12, retopts 12", "440c0900", "440c0900" },
		{ "time stamps, full", 8, 8,
		  "\x44\x08\x09\x00\x01\x02\x03\x04",
		  "recvopts 8, retopts 8", "4408091001020304",
		  "4408091001020304" },
		{ "router alert", 4, 4, "\x94\x04\x00\x00",
		  "recvopts 4, retopts 0", "94040000", "" },
		{ "unknown", 4, 4, "\x99\x04\x12\x34",
		  "recvopts 4, retopts 0", "99041234", "" },
		{ "source route", 12, 12,
		  "\x83\x0b\x0c\x0a\x01\x02\x03\x0a\x04\x05\x06\x00",
		  "recvopts 12, retopts 12", "830b0c0a0102030a04050600",
		  "830b040a0405060a01020300" },
	};
	int t = tap(), fd = bound(ME, 5000);
	struct packet p;
	struct got g;
	unsigned int i;

	run("echo 1 > /proc/sys/net/ipv4/conf/all/accept_source_route");
	run("echo 1 > /proc/sys/net/ipv4/conf/tap0/accept_source_route");
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVOPTS, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RETOPTS, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_with(&p, &variant->door, 5000, "x", 1, cases[i].options,
			  cases[i].len);
		inject(t, &p);
		receive(fd, &g, 0);
		EXPECT_EQ(1, g.len);
		EXPECT_STREQ(cases[i].told, told(&g))
			TH_LOG("%s", cases[i].name);
		EXPECT_STREQ(cases[i].recvopts,
			     hex(&g, IP_RECVOPTS, cases[i].known))
			TH_LOG("%s", cases[i].name);
		EXPECT_STREQ(cases[i].retopts,
			     hex(&g, IP_RETOPTS, cases[i].known))
			TH_LOG("%s", cases[i].name);
	}
}

/* IP_RECVFRAGSIZE: the longest of the packets that it came in, if several */
TEST_F(recvcmsg, fragsize)
{
	static const struct {
		const char *name;
		int flags, cut, size;
	} cases[] = {
		{ "whole", 0, 0, -1 },
		{ "whole, DF", IP_DF, 0, -1 },
		{ "halves", 0, 400, 628 },
		{ "long and short", 0, 800, 820 },
		{ "short and long", 0, 64, 964 },
		{ "DF", IP_DF, 400, 628 },
	};
	int t = tap(), fd = bound(ME, 5000);
	unsigned char data[1000] = {};
	struct packet p;
	struct got g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVFRAGSIZE, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		make(&p, &variant->door, 5000, data, sizeof(data));
		p.ip.id = htons(i + 1);
		if (c->cut) {
			inject_part(t, &p, 0, c->cut, IP_MF | c->flags);
			inject_part(t, &p, c->cut, 1008, c->flags);
		} else {
			p.ip.frag_off = htons(c->flags);
			inject(t, &p);
		}
		receive(fd, &g, MSG_TRUNC);
		EXPECT_EQ(1000, g.len);
		EXPECT_EQ(c->size, find_int(&g, SOL_IP, IP_RECVFRAGSIZE))
			TH_LOG("%s: %s", c->name, told(&g));
	}
}

/*
 * IP_CHECKSUM: the sum of the data that is received. It is there if it has
 * been taken before the copy: that of a short datagram on arrival, that of a
 * longer one by a poll() on a socket that would wait. A look does not keep it.
 */
TEST_F(recvcmsg, checksum)
{
	static const struct {
		int len, nonblock;
		bool look, none;
		const char *told;
	} cases[] = {
		{ 16, 0, 0, 0, "checksum 4" },
		{ 16, O_NONBLOCK, 0, 0, "checksum 4" },
		{ 15, O_NONBLOCK, 1, 0, "checksum 4" },
		{ 68, O_NONBLOCK, 0, 0, "checksum 4" },
		{ 69, O_NONBLOCK, 0, 0, "" },
		{ 69, O_NONBLOCK, 1, 0, "" },
		{ 69, 0, 0, 0, "checksum 4" },
		{ 100, 0, 1, 0, "checksum 4" },
		/* The packet has no checksum, so there was nothing to sum */
		{ 16, 0, 0, 1, "" },
		{ 100, 0, 1, 1, "" },
	};
	int t = tap(), fd = bound(ME, 5000);
	char data[100], byte;
	struct packet p;
	unsigned int i;
	struct got g;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_CHECKSUM, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];
		void *check;

		EXPECT_EQ(0, fcntl(fd, F_SETFL, c->nonblock));
		make(&p, &variant->door, 5000, data, c->len);
		if (c->none)
			head_of(&p)->check = 0;
		inject(t, &p);
		if (c->look)
			EXPECT_EQ(1, recv(fd, &byte, 1, MSG_PEEK));
		receive(fd, &g, 0);
		EXPECT_EQ(c->len, g.len);
		EXPECT_STREQ(c->told, told(&g))
			TH_LOG("case %d", i);
		check = find(&g, SOL_IP, IP_CHECKSUM);
		if (check)
			EXPECT_EQ(sum(data, c->len, 0), sum(check, 4, 0));
	}
}

/* SO_RXQ_OVFL: how many had been lost when it came, if any */
TEST_F(recvcmsg, overflow)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i, n = 0;
	struct got g;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 4000));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, i));
	settle();
	/* Those that came before the loss do not know of it */
	for (receive(fd, &g, 0); g.len == 1; n++) {
		EXPECT_STREQ("", told(&g));
		if (!ready(fd, POLLIN))
			break;
		receive(fd, &g, 0);
	}
	n++;
	EXPECT_LT(n, 50);
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, i));
		receive(fd, &g, 0);
		EXPECT_STREQ("ovfl 4", told(&g));
		EXPECT_EQ(50 - n, find_int(&g, SOL_SOCKET, SO_RXQ_OVFL));
	}
}

/* Seconds and a fraction, as of the last few moments */
static bool recent(const void *stamp, long unit)
{
	struct timespec now;
	long sec, fraction;

	clock_gettime(CLOCK_REALTIME, &now);
	memcpy(&sec, stamp, sizeof(sec));
	memcpy(&fraction, stamp + sizeof(sec), sizeof(fraction));
	return sec <= now.tv_sec && sec >= now.tv_sec - 60 &&
	       fraction >= 0 && fraction < unit;
}

/* Of SO_TIMESTAMP and its like, only the last one that was set is on */
TEST_F(recvcmsg, stamps)
{
	static const struct {
		int option;
		long unit;
		const char *told;
		int read[4];	/* what each of them says then */
	} cases[] = {
		{ STAMP_OLD, 1000000, "stamp 16", { 1, 0, 0, 0 } },
		{ STAMPNS_OLD, 1000000000, "stampns 16", { 0, 1, 0, 0 } },
		{ STAMP_NEW, 1000000, "stamp new 16", { 0, 0, 1, 0 } },
		/* SO_TIMESTAMP_NEW answers for both new ones */
		{ STAMPNS_NEW, 1000000000, "stampns new 16", { 0, 0, 1, 1 } },
		{ STAMP_OLD, 1000000, "stamp 16", { 1, 0, 0, 0 } },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	unsigned int i, k;
	struct got g, again;
	void *stamp;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		EXPECT_EQ(0, set_int(fd, SOL_SOCKET, c->option, 1));
		for (k = 0; k < 4; k++) {
			EXPECT_EQ(c->read[k], get_int(fd, SOL_SOCKET,
						      cases[k].option))
				TH_LOG("case %d, %d", i, k);
		}
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
		/* The stamp is that of the datagram, so it stays the same */
		receive(fd, &again, MSG_PEEK);
		receive(fd, &g, 0);
		EXPECT_STREQ(c->told, told(&g));
		stamp = find(&g, SOL_SOCKET, c->option);
		ASSERT_NE(NULL, stamp);
		EXPECT_TRUE(recent(stamp, c->unit));
		ASSERT_NE(NULL, find(&again, SOL_SOCKET, c->option));
		EXPECT_EQ(0, memcmp(find(&again, SOL_SOCKET, c->option), stamp,
				    16));
	}
	/* Any of them turns all off */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, STAMPNS_NEW, 0));
	for (k = 0; k < 4; k++)
		EXPECT_EQ(0, get_int(fd, SOL_SOCKET, cases[k].option));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ("", told(&g));
}

/*
 * SO_TIMESTAMPING, timestamping.rst: the software stamp of reception is there
 * when it is both taken and asked for. Stamping begins a moment after.
 */
TEST_F(recvcmsg, stamping)
{
	static const struct {
		int flags, err;
		const char *told;
	} cases[] = {
		{ SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, 0,
		  "stamping 48" },
		/* Options for what is sent, or stamped by hardware: no more */
		{ SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		  SOF_TIMESTAMPING_OPT_CMSG, 0, "stamping 48" },
		{ SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		  SOF_TIMESTAMPING_OPT_PKTINFO, 0, "stamping 48" },
		{ SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		  SOF_TIMESTAMPING_OPT_ID, 0, "stamping 48" },
		{ SOF_TIMESTAMPING_RX_SOFTWARE, 0, "" },
		{ SOF_TIMESTAMPING_RX_SOFTWARE |
		  SOF_TIMESTAMPING_RX_HARDWARE, 0, "" },
		{ 0, 0, "" },
		{ 1 << 30, EINVAL, "" },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	int other = sock();
	struct got g;
	unsigned int i;
	long *stamps;

	/* Something else that keeps it going, and the wait for its begin */
	EXPECT_EQ(0, set_int(other, SOL_SOCKET, STAMPING_OLD, cases[0].flags));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, STAMPING_OLD, cases[0].flags));
	do {
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
		receive(fd, &g, 0);
		ASSERT_EQ(1, g.len);
	} while (!find(&g, SOL_SOCKET, STAMPING_OLD));

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int flags = cases[i].flags, err = cases[i].err;

		EXPECT_EQ(err, err_of(set_int(fd, SOL_SOCKET, STAMPING_OLD,
					      flags)));
		EXPECT_EQ(err ? 0 : flags,
			  get_int(fd, SOL_SOCKET, STAMPING_OLD));
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
		receive(fd, &g, 0);
		EXPECT_STREQ(cases[i].told, told(&g))
			TH_LOG("flags %#x", cases[i].flags);
		stamps = find(&g, SOL_SOCKET, STAMPING_OLD);
		if (!stamps)
			continue;
		/* Three stamps: software, a thing of the past, hardware */
		EXPECT_TRUE(recent(stamps, 1000000000));
		EXPECT_EQ(0, stamps[2] | stamps[3] | stamps[4] | stamps[5]);
	}
	/* The other form, and together with SO_TIMESTAMPNS */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, STAMPING_NEW, cases[0].flags));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ("stamping new 48", told(&g));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, STAMPNS_NEW, 1));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ("stampns new 16, stamping new 48", told(&g));
	EXPECT_EQ(0, memcmp(find(&g, SOL_SOCKET, STAMPNS_NEW),
			    find(&g, SOL_SOCKET, STAMPING_NEW), 16));
}

/* SO_RCVMARK: the mark of the packet, here from the sender over lo */
TEST_F(recvcmsg, mark)
{
	static const int marks[] = { 0, 1, 0x12345678, 0x7fffffff };
	int fd = bound("127.0.0.1", 5000);
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct packet p;
	struct got g;
	unsigned int i;

	ASSERT_LE(0, raw);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVMARK, 1));
	make(&p, &variant->door, 5000, "x", 1);
	p.ip.saddr = inet_addr("127.0.0.1");
	p.ip.daddr = inet_addr("127.0.0.1");
	resum(&p);
	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		ASSERT_EQ(0, set_int(raw, SOL_SOCKET, SO_MARK, marks[i]));
		loop_packet(raw, &p);
		receive(fd, &g, 0);
		EXPECT_STREQ("mark 4", told(&g));
		EXPECT_EQ(marks[i], find_int(&g, SOL_SOCKET, SO_MARK));
	}
}

/* All that give something on a plain datagram; in the order of reception */
static void __want_many(struct __test_metadata *_metadata, int fd)
{
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVORIGDSTADDR, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTOS, 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVMARK, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, STAMPNS_OLD, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
}

#define want_many(fd) __want_many(_metadata, fd)

#define MANY "stampns 16, mark 4, pktinfo 12, ttl 4, tos 1, origdst 16"

/* Several at once, in an order that is not that of asking for them */
TEST_F(recvcmsg, many)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	struct got g;

	want_many(fd);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ(MANY, told(&g));
	EXPECT_EQ(CMSG_SPACE(16) * 2 + CMSG_SPACE(4) * 2 + CMSG_SPACE(12) +
		  CMSG_SPACE(1), g.msg.msg_controllen);
	EXPECT_STREQ("1 127.0.0.1 127.0.0.1", pktinfo(&g));
	EXPECT_EQ(64, find_int(&g, SOL_IP, IP_TTL));
	/* Nobody wants them: nothing is wrong with that */
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 2));
	EXPECT_EQ(2, take_tag(fd));
}

/* What does not fit is cut or left out, and MSG_CTRUNC tells */
TEST_F(recvcmsg, room)
{
	static const struct {
		int room, left;
		const char *told;
	} cases[] = {
		{ 0, 0, "flags 0x8" },
		{ 1, 0, "flags 0x8" },
		{ 15, 0, "flags 0x8" },
		{ 16, 16, "pktinfo 0, flags 0x8" },
		{ 17, 17, "pktinfo 1, flags 0x8" },
		{ 27, 27, "pktinfo 11, flags 0x8" },
		{ 28, 28, "pktinfo 12, flags 0x8" },
		{ 31, 31, "pktinfo 12, flags 0x8" },
		{ 32, 32, "pktinfo 12, flags 0x8" },
		{ 47, 32, "pktinfo 12, flags 0x8" },
		{ 48, 48, "pktinfo 12, ttl 0, flags 0x8" },
		{ 51, 51, "pktinfo 12, ttl 3, flags 0x8" },
		{ 52, 52, "pktinfo 12, ttl 4, flags 0x8" },
		{ 56, 56, "pktinfo 12, ttl 4, flags 0x8" },
		{ 72, 72, "pktinfo 12, ttl 4, tos 0, flags 0x8" },
		{ 73, 73, "pktinfo 12, ttl 4, tos 1" },
		{ 80, 80, "pktinfo 12, ttl 4, tos 1" },
		{ 81, 80, "pktinfo 12, ttl 4, tos 1" },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	struct got g;
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTOS, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
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

/* A control buffer that is none does not cost the datagram */
TEST_F(recvcmsg, bad_room)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char data[4];
	struct iovec iov = { data, sizeof(data) };

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	for (i = 0; i < 2; i++) {
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = i ? hole : NULL,
			.msg_controllen = 64 };

		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 3));
		ASSERT_EQ(POLLIN, await(fd, POLLIN));
		EXPECT_EQ(1, recvmsg(fd, &msg, 0));
		EXPECT_EQ(3, data[0]);
		EXPECT_EQ(i ? 0 : MSG_CTRUNC, msg.msg_flags);
		EXPECT_EQ(0, msg.msg_controllen);
	}
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* Looking gives the same as receiving, as often as one looks */
TEST_F(recvcmsg, peek)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;
	struct got first, g;

	want_many(fd);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 2));
	receive(fd, &first, MSG_PEEK);
	EXPECT_STREQ(MANY, told(&first));
	for (i = 0; i < 3; i++) {
		receive(fd, &g, i < 2 ? MSG_PEEK : 0);
		EXPECT_EQ(1, g.data[0]);
		EXPECT_EQ(first.msg.msg_controllen, g.msg.msg_controllen);
		EXPECT_EQ(0, memcmp(first.control, g.control,
				    sizeof(g.control)));
	}
	receive(fd, &g, 0);
	EXPECT_EQ(2, g.data[0]);
	EXPECT_STREQ(MANY, told(&g));
}

/*
 * Asked for when the datagram is already there: the packet knows all but where
 * it came in and what the address for an answer is.
 */
TEST_F(recvcmsg, late)
{
	int t = tap(), fd = bound(ME, 5000), i;
	char data[20] = {};
	struct packet p;
	struct got g;

	make(&p, &variant->door, 5000, data, sizeof(data));
	p.ip.ttl = 9;
	for (i = 0; i < 2; i++) {
		inject_part(t, &p, 0, 16, IP_MF);
		inject_part(t, &p, 16, HDR_LEN + 20, 0);
	}
	want_many(fd);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVFRAGSIZE, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ(MANY ", fragsize 4", told(&g));
	EXPECT_EQ(9, find_int(&g, SOL_IP, IP_TTL));
	EXPECT_STREQ("0 0.0.0.0 192.0.2.1", pktinfo(&g));
	/* No longer wanted: not told, though it was when it came */
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 0));
	receive(fd, &g, 0);
	EXPECT_STREQ("none", pktinfo(&g));
}

/* Each of several messages has its own */
TEST_F(recvcmsg, recvmmsg)
{
	int fd = bound("0.0.0.0", 5000), tx = sock(), i;
	static const char * const to[] = { "127.0.0.1", "127.0.0.2", ME };
	struct mmsghdr m[3] = {};
	struct got g[3];
	char want[32];

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	add_address("lo", ME, 24);
	for (i = 0; i < 3; i++) {
		g[i].iov = (struct iovec){ g[i].data, 1 };
		m[i].msg_hdr.msg_iov = &g[i].iov;
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_control = g[i].control;
		m[i].msg_hdr.msg_controllen = i == 1 ? 0 : 512;
		EXPECT_EQ(0, tag_to(tx, to[i], 5000, i));
	}
	settle();
	EXPECT_EQ(3, recvmmsg(fd, m, 3, MSG_DONTWAIT, NULL));
	for (i = 0; i < 3; i++) {
		g[i].msg = m[i].msg_hdr;
		snprintf(want, sizeof(want), "1 %s %s", to[i], to[i]);
		EXPECT_STREQ(i == 1 ? "none" : want, pktinfo(&g[i]));
		EXPECT_EQ(i == 1 ? MSG_CTRUNC : 0, m[i].msg_hdr.msg_flags);
	}
}

/* What is told goes with the datagram, be it empty or cut */
TEST_F(recvcmsg, empty_and_cut)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char data[200] = {};
	struct got g;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	EXPECT_EQ(0, send_to(tx, "127.0.0.1", 5000, "", 0));
	receive(fd, &g, 0);
	EXPECT_EQ(0, g.len);
	EXPECT_STREQ("ttl 4", told(&g));
	EXPECT_EQ(200, send_to(tx, "127.0.0.1", 5000, data, 200));
	receive(fd, &g, 0);
	EXPECT_EQ(128, g.len);
	EXPECT_STREQ("ttl 4, flags 0x20", told(&g));
	/* The one flag of the call that comes back */
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	receive(fd, &g, MSG_CMSG_CLOEXEC);
	EXPECT_STREQ("ttl 4, flags 0x40000000", told(&g));
}

TEST_HARNESS_MAIN
