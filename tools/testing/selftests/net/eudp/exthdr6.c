// SPDX-License-Identifier: GPL-2.0
/*
 * Extension headers, RFC 8200 4: those that are sent, by option and by message,
 * and those that are received, RFC 3542. They are written in hex here: a header
 * of options begins with the number of the next header, which the kernel knows
 * better, and the number of 8-byte units that it has besides the first.
 */
#include "control.h"
#include "tun6.h"

#define PAD	"0000010400000000"		/* nothing but padding */
#define PAD16	"0001010c000000000000000000000000"
#define ALERT	"0000050200000100"		/* router alert and padding */
#define UNKNOWN	"00001e0400000000"		/* an option of no known kind */

/* Routing headers: by way of 2001:db8::55, of 1 segment; with 2 segments */
#define VIA	"20010db8000000000000000000000055"
#define TO_YOU	"20010db8000000000000000000000002"
#define ZERO	"00000000000000000000000000000000"
#define TYPE2	"0002020100000000" VIA
#define TYPE4	"0004040101000000" ZERO VIA

/* On the wire to YOU6, as chains are written in tun6.h */
#define ALERT_SENT "0:00050200000100"
#define TYPE4_SENT "43:04040101000000" TO_YOU VIA

EUDP6_FIXTURE(exthdr6)

static void unprivileged(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

static int set_header(int fd, int option, const char *hex)
{
	unsigned char data[2 * MAX_CHAIN];
	int len = from_hex(hex, data);

	return err_of(setsockopt(fd, SOL_IPV6, option, data, len));
}

/* What the socket says that it has */
static const char *get_header(int fd, int option)
{
	unsigned char data[64];
	socklen_t len = sizeof(data);

	if (getsockopt(fd, SOL_IPV6, option, data, &len))
		return strerror(errno);
	return to_hex(data, len);
}

static void add_header(struct control *c, int type, const char *hex)
{
	unsigned char data[2 * MAX_CHAIN];

	add(c, SOL_IPV6, type, data, from_hex(hex, data));
}

static int send_header(int fd, const char *ip, int type, const char *hex)
{
	struct control c = {};

	add_header(&c, type, hex);
	return send_with(fd, ip, &c);
}

/* A routing header of type 2 is for Mobile IPv6, which not all kernels have */
static bool __has_mobility(struct __test_metadata *_metadata)
{
	int fd = socket(AF_INET6, SOCK_RAW, 254), err;

	ASSERT_LE(0, fd);
	err = set_header(fd, IPV6_RTHDR, TYPE2);
	close(fd);
	return !err;
}

#define has_mobility() __has_mobility(_metadata)

/* Each header alone, as an option: what it is, and what is sent */
TEST_F(exthdr6, sticky)
{
	static const struct {
		int option;
		const char *set;
		const char *chain;	/* sent */
		const char *to;		/* NULL: to whom it is */
	} rows[] = {
		{ IPV6_HOPOPTS, PAD, "0:00010400000000" },
		{ IPV6_HOPOPTS, ALERT, "0:00050200000100" },
		{ IPV6_HOPOPTS, PAD16, "0:01010c000000000000000000000000" },
		{ IPV6_HOPOPTS, UNKNOWN, "0:001e0400000000" },
		{ IPV6_DSTOPTS, PAD, "60:00010400000000" },
		{ IPV6_DSTOPTS, UNKNOWN, "60:001e0400000000" },
		/* Those before a routing header, which there is not */
		{ IPV6_RTHDRDSTOPTS, PAD, "" },
		{ IPV6_RTHDR, TYPE4, TYPE4_SENT, "2001:db8::55" },
		/* The number of the next header is not the caller's to say */
		{ IPV6_HOPOPTS, "ff00010400000000", "0:00010400000000" },
		{ IPV6_DSTOPTS, "3c00010400000000", "60:00010400000000" },
	};
	int t = tun6(), fds[2], k;
	static struct datagram6 g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		fds[0] = sock();
		fds[1] = sock();
		for (k = 0; k < 2; k++) {
			EXPECT_STREQ("", get_header(fds[k], c->option));
			EXPECT_EQ(0, set_header(fds[k], c->option, c->set))
				TH_LOG("case %d", i);
			EXPECT_STREQ(c->set, get_header(fds[k], c->option))
				TH_LOG("case %d", i);
			if (k)
				joined(fds[k], YOU6, 9);
			EXPECT_EQ(0, k ? tag(fds[k], 'a') :
				  tag_to(fds[k], YOU6, 9, 'a'));
			EXPECT_EQ(1, next_datagram6(&g));
			EXPECT_STREQ(c->chain, g.chain) TH_LOG("case %d", i);
			EXPECT_STREQ(c->to ?: YOU6, DST6(&g));
			EXPECT_STREQ(YOU6, text6(&g.final));
			/* Taken back */
			EXPECT_EQ(0, set_header(fds[k], c->option, ""));
			EXPECT_STREQ("", get_header(fds[k], c->option));
			EXPECT_EQ(0, k ? tag(fds[k], 'a') :
				  tag_to(fds[k], YOU6, 9, 'a'));
			EXPECT_EQ(1, next_datagram6(&g));
			EXPECT_STREQ("", g.chain);
			EXPECT_STREQ(YOU6, DST6(&g));
			close(fds[k]);
		}
	}
}

/* All of them, in the order of RFC 8200 4.1, whatever that of the calls */
TEST_F(exthdr6, sticky_together)
{
	int t = tun6(), fd = sock();
	static struct datagram6 g;

	EXPECT_EQ(0, set_header(fd, IPV6_DSTOPTS, PAD));
	EXPECT_EQ(0, set_header(fd, IPV6_RTHDR, TYPE4));
	EXPECT_EQ(0, set_header(fd, IPV6_RTHDRDSTOPTS, UNKNOWN));
	EXPECT_EQ(0, set_header(fd, IPV6_HOPOPTS, ALERT));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(ALERT_SENT " 60:001e0400000000 " TYPE4_SENT
		     " 60:00010400000000", g.chain);
	/* In place of another, and one less */
	EXPECT_EQ(0, set_header(fd, IPV6_HOPOPTS, PAD16));
	EXPECT_EQ(0, set_header(fd, IPV6_RTHDR, ""));
	EXPECT_STREQ(UNKNOWN, get_header(fd, IPV6_RTHDRDSTOPTS));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:01010c000000000000000000000000 60:00010400000000",
		     g.chain);
	EXPECT_STREQ(YOU6, DST6(&g));
}

/* What is not a header, or not one that may be sent */
TEST_F(exthdr6, sticky_wrong)
{
	static const struct {
		int option;
		const char *hex;
		int err;
		const char *got;
	} rows[] = {
		{ IPV6_HOPOPTS, "00", EINVAL, "" },
		{ IPV6_HOPOPTS, "00000100", EINVAL, "" },
		{ IPV6_HOPOPTS, "00000103000000", EINVAL, "" },
		{ IPV6_HOPOPTS, PAD "00", EINVAL, "" },
		{ IPV6_HOPOPTS, "0001010400000000", EINVAL, "" },
		{ IPV6_DSTOPTS, "0001010400000000", EINVAL, "" },
		/* Shorter than what was handed over: that much of it */
		{ IPV6_HOPOPTS, PAD PAD, 0, PAD },
		{ IPV6_RTHDR, "0000000000000000", EINVAL, "" },
		{ IPV6_RTHDR, "0002000100000000" VIA, EINVAL, "" },
		{ IPV6_RTHDR, "0003000000000000", EINVAL, "" },
		{ IPV6_RTHDR, "00fd000000000000", EINVAL, "" },
		/* More segments left than there are, or a length in pieces */
		{ IPV6_RTHDR, "0004040201000000" ZERO VIA, EINVAL, "" },
		{ IPV6_RTHDR, "0004040102000000" ZERO VIA, EINVAL, "" },
		{ IPV6_RTHDR, "0003040000000000" VIA, EINVAL, "" },
		{ IPV6_RTHDR, "0002040000000000" VIA "0000000000000000",
		  EINVAL, "" },
		{ IPV6_RTHDR, "0002040000000000" VIA, 0,
		  "0002040000000000" VIA },
	};
	unsigned char data[2048] = { 0, 255 };
	socklen_t len = 4;
	int t = tun6(), fd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = sock();
		EXPECT_EQ(rows[i].err, set_header(fd, rows[i].option,
						  rows[i].hex))
			TH_LOG("case %d", i);
		EXPECT_STREQ(rows[i].got, get_header(fd, rows[i].option))
			TH_LOG("case %d", i);
		close(fd);
	}
	fd = sock();
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, data,
					    2048)));
	data[1] = 254;
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, data, 2040));
	EXPECT_EQ(EFAULT, err_of(setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS,
					    (void *)1, 8)));
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, NULL,
					    8)));
	/* A wrong one leaves the right one; a short question cuts it */
	EXPECT_EQ(0, getsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, data, &len));
	EXPECT_EQ(4, len);
	/* Such a header leaves no room for a datagram */
	EXPECT_EQ(EMSGSIZE, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_STREQ("(none)", next_text6());
}

/* By message: each alone, and the older numbers of RFC 2292 */
TEST_F(exthdr6, message)
{
	static const struct {
		int type;
		const char *hex, *chain;
		int err;
	} rows[] = {
		{ IPV6_HOPOPTS, PAD, "0:00010400000000" },
		{ IPV6_2292HOPOPTS, ALERT, "0:00050200000100" },
		{ IPV6_DSTOPTS, PAD, "60:00010400000000" },
		{ IPV6_2292DSTOPTS, UNKNOWN, "60:001e0400000000" },
		{ IPV6_RTHDRDSTOPTS, PAD, "" },
		{ IPV6_HOPOPTS, PAD PAD, "0:00010400000000" },
		{ IPV6_HOPOPTS, "0001010400000000", NULL, EINVAL },
		{ IPV6_DSTOPTS, "0001010400000000", NULL, EINVAL },
		{ IPV6_HOPOPTS, "00", NULL, EINVAL },
		/* Segment routing is only for the option */
		{ IPV6_RTHDR, TYPE4, NULL, EINVAL },
		{ IPV6_2292RTHDR, TYPE4, NULL, EINVAL },
		{ IPV6_RTHDR, "0000000000000000", NULL, EINVAL },
		{ IPV6_RTHDR, "0002020200000000" VIA, NULL, EINVAL },
		{ IPV6_RTHDR, "0002040100000000" VIA VIA, NULL, EINVAL },
		{ IPV6_RTHDR, "0002020100000000", NULL, EINVAL },
		{ IPV6_RTHDR, "00", NULL, EINVAL },
	};
	int t = tun6(), fds[2];
	static struct datagram6 g;
	unsigned int i;

	fds[0] = sock();
	fds[1] = joined(sock(), YOU6, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		const typeof(rows[0]) *c = &rows[i / 2];

		EXPECT_EQ(c->err, send_header(fds[i % 2], i % 2 ? NULL : YOU6,
					      c->type, c->hex))
			TH_LOG("case %d, %d", i / 2, i % 2);
		EXPECT_EQ(c->err ? -EAGAIN : 1, next_datagram6(&g));
		if (!c->err)
			EXPECT_STREQ(c->chain, g.chain)
				TH_LOG("case %d, %d", i / 2, i % 2);
	}
	/* Of the next datagram nothing is left */
	EXPECT_EQ(0, tag(fds[1], 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("", g.chain);
}

/* Two messages of one kind: which counts, and what is too much */
TEST_F(exthdr6, message_twice)
{
	static const struct {
		int types[2];
		const char *chain;
		int err;
	} rows[] = {
		{ { IPV6_HOPOPTS, IPV6_HOPOPTS }, NULL, EINVAL },
		{ { IPV6_HOPOPTS, IPV6_2292HOPOPTS }, NULL, EINVAL },
		{ { IPV6_DSTOPTS, IPV6_DSTOPTS }, "60:001e0400000000" },
		{ { IPV6_2292DSTOPTS, IPV6_DSTOPTS }, "60:001e0400000000" },
		{ { IPV6_DSTOPTS, IPV6_2292DSTOPTS }, NULL, EINVAL },
		{ { IPV6_RTHDRDSTOPTS, IPV6_DSTOPTS }, "60:001e0400000000" },
		{ { IPV6_DSTOPTS, IPV6_HOPOPTS },
		  "0:001e0400000000 60:00010400000000" },
	};
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	static struct datagram6 g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct control c = {};

		add_header(&c, rows[i].types[0], PAD);
		add_header(&c, rows[i].types[1], UNKNOWN);
		EXPECT_EQ(rows[i].err, send_with(fd, NULL, &c))
			TH_LOG("case %d", i);
		EXPECT_EQ(rows[i].err ? -EAGAIN : 1, next_datagram6(&g));
		if (!rows[i].err)
			EXPECT_STREQ(rows[i].chain, g.chain)
				TH_LOG("case %d", i);
	}
}

/* A header in a message makes the datagram do without those of the socket */
TEST_F(exthdr6, message_over_sticky)
{
	int t = tun6(), fd = sock();
	static struct datagram6 g;
	struct control c = {};

	EXPECT_EQ(0, set_header(fd, IPV6_HOPOPTS, PAD));
	EXPECT_EQ(0, set_header(fd, IPV6_RTHDR, TYPE4));
	EXPECT_EQ(0, send_header(fd, YOU6, IPV6_DSTOPTS, UNKNOWN));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("60:001e0400000000", g.chain);
	EXPECT_STREQ(YOU6, DST6(&g));
	/* One that is none leaves them */
	add_int(&c, SOL_IPV6, IPV6_HOPLIMIT, 9);
	EXPECT_EQ(0, send_with(fd, YOU6, &c));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(9, g.ip.ip6_hlim);
	EXPECT_EQ(0, strncmp("0:00010400000000 43:04040101", g.chain, 28));
	EXPECT_STREQ("2001:db8::55", DST6(&g));
}

/* Mobile IPv6's routing header, where the kernel has that; else there is none */
TEST_F(exthdr6, type_2)
{
	static const char rthdr[] = "43:02020100000000" TO_YOU;
	bool has = has_mobility();
	int t = tun6(), fd = sock(), peer;
	static struct datagram6 g;
	struct control c = {};
	char chain[256];

	EXPECT_EQ(has ? 0 : EINVAL, send_header(fd, YOU6, IPV6_RTHDR, TYPE2));
	EXPECT_EQ(has ? 1 : -EAGAIN, next_datagram6(&g));
	EXPECT_STREQ(has ? rthdr : "", g.chain);
	EXPECT_STREQ(has ? "2001:db8::55" : "::", DST6(&g));
	/* RFC 2292: destination options in front are for before it */
	add_header(&c, IPV6_2292DSTOPTS, PAD);
	add_header(&c, IPV6_2292RTHDR, TYPE2);
	EXPECT_EQ(has ? 0 : EINVAL, send_with(fd, YOU6, &c));
	EXPECT_EQ(has ? 1 : -EAGAIN, next_datagram6(&g));
	sprintf(chain, "60:00010400000000 %s", rthdr);
	EXPECT_STREQ(has ? chain : "", g.chain);
	EXPECT_EQ(has ? 0 : EINVAL, set_header(fd, IPV6_RTHDR, TYPE2));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(has ? rthdr : "", g.chain);
	peer = sock();
	EXPECT_EQ(has ? 0 : EINVAL, set_header(peer, IPV6_RTHDR, TYPE2));
	joined(peer, YOU6, 9);
	EXPECT_EQ(0, tag(peer, 'b'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(has ? rthdr : "", g.chain);
}

/* The way is that to the first hop; without one there is none */
TEST_F(exthdr6, way_of_a_routing_header)
{
	int t = tun6(), fd = sock();
	static struct datagram6 g;

	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_EQ(0, set_header(fd, IPV6_RTHDR, TYPE4));
	EXPECT_EQ(0, tag_to(fd, NOWHERE6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("2001:db8::55", DST6(&g));
	EXPECT_STREQ(NOWHERE6, text6(&g.final));
	joined(fd, NOWHERE6, 9);
	EXPECT_EQ(0, tag(fd, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ(NOWHERE6, text6(&g.final));
	run("ip -6 route add unreachable 2001:db8::55");
	EXPECT_EQ(EHOSTUNREACH, tag_to(fd, YOU6, 9, 'a'));
}

/* RFC 3542 6: which of it wants privileges; CAP_NET_RAW it is */
TEST_F(exthdr6, privileges)
{
	static const struct {
		int option;
		const char *hex;
		int err;
	} options[] = {
		{ IPV6_HOPOPTS, PAD, EPERM },
		{ IPV6_HOPOPTS, "", EPERM },
		{ IPV6_HOPOPTS, "00", EPERM },
		{ IPV6_DSTOPTS, PAD, EPERM },
		{ IPV6_RTHDRDSTOPTS, PAD, EPERM },
		{ IPV6_RTHDR, TYPE4, 0 },
		{ IPV6_RTHDR, "0000000000000000", EINVAL },
	}, messages[] = {
		{ IPV6_HOPOPTS, PAD, EPERM },
		{ IPV6_2292HOPOPTS, PAD, EPERM },
		{ IPV6_DSTOPTS, PAD, EPERM },
		{ IPV6_2292DSTOPTS, PAD, EPERM },
		{ IPV6_RTHDRDSTOPTS, PAD, EPERM },
		/* A length that is wrong is seen before */
		{ IPV6_HOPOPTS, "00", EINVAL },
		{ IPV6_DSTOPTS, "0001010400000000", EINVAL },
		{ IPV6_RTHDR, TYPE4, EINVAL },
	};
	int t = tun6(), fd = sock(), old = sock();
	static struct datagram6 g;
	unsigned int i;

	EXPECT_EQ(0, set_header(old, IPV6_HOPOPTS, PAD));
	unprivileged(_metadata);
	for (i = 0; i < ARRAY_SIZE(options); i++) {
		EXPECT_EQ(options[i].err, set_header(fd, options[i].option,
						     options[i].hex))
			TH_LOG("option %d", i);
	}
	for (i = 0; i < ARRAY_SIZE(messages); i++) {
		EXPECT_EQ(messages[i].err, send_header(fd, YOU6,
						       messages[i].option,
						       messages[i].hex))
			TH_LOG("message %d", i);
	}
	EXPECT_EQ(-EAGAIN, next_datagram6(&g));
	/* What there is may be used, but not taken away */
	EXPECT_EQ(0, tag_to(old, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000", g.chain);
	EXPECT_EQ(EPERM, set_header(old, IPV6_HOPOPTS, ""));
}

/* IPV6_2292PKTOPTIONS: all at once, as control messages */
TEST_F(exthdr6, packet_options)
{
	int t = tun6(), fd = sock();
	static struct datagram6 g;
	struct control c = {};
	socklen_t len = sizeof(c.buf);

	EXPECT_EQ(0, set_header(fd, IPV6_RTHDRDSTOPTS, PAD));
	add_header(&c, IPV6_HOPOPTS, ALERT);
	add_header(&c, IPV6_DSTOPTS, UNKNOWN);
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_2292PKTOPTIONS, c.buf,
				c.len));
	EXPECT_STREQ(ALERT, get_header(fd, IPV6_HOPOPTS));
	EXPECT_STREQ("", get_header(fd, IPV6_RTHDRDSTOPTS));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00050200000100 60:001e0400000000", g.chain);
	c.first.cmsg_len = 15;
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_2292PKTOPTIONS,
					    c.buf, c.len)));
	EXPECT_STREQ(ALERT, get_header(fd, IPV6_HOPOPTS));
	EXPECT_EQ(ENOPROTOOPT, err_of(getsockopt(fd, SOL_IPV6,
						 IPV6_2292PKTOPTIONS, c.buf,
						 &len)));
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_2292PKTOPTIONS, NULL, 0));
	EXPECT_STREQ("", get_header(fd, IPV6_HOPOPTS));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("", g.chain);
}

/*
 * Headers take room. Those for the destination, which are behind the fragment
 * header, are counted twice where a datagram may not be too long.
 */
TEST_F(exthdr6, sizes)
{
	static const struct {
		int option;
		const char *hex;
		int whole;	/* the longest datagram in one packet */
		int allowed;	/* ... of who does not want fragments */
		int most;	/* the longest datagram */
	} rows[] = {
		{ IPV6_HOPOPTS, PAD, 1444, 1444, 65519 },
		{ IPV6_HOPOPTS, PAD16, 1436, 1436, 65511 },
		{ IPV6_DSTOPTS, PAD, 1444, 1436, 65511 },
		{ IPV6_DSTOPTS, PAD16, 1436, 1420, 65495 },
		{ IPV6_RTHDR, TYPE4, 1412, 1412, 65487 },
	};
	static const int knobs[][3] = {
		{ IPV6_DONTFRAG, 1, 0 },
		{ IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO, IPV6_PMTUDISC_WANT },
	};
	int t = tun6(), fd, len, k;
	static struct datagram6 g;
	static char data[65536];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = joined(sock(), YOU6, 9);
		EXPECT_EQ(0, set_header(fd, rows[i].option, rows[i].hex));
		for (k = 0; k < 2; k++) {
			len = rows[i].allowed;
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, knobs[k][0],
					     knobs[k][1]));
			EXPECT_EQ(len, send(fd, data, len, 0));
			EXPECT_EQ(len, next_datagram6(&g));
			EXPECT_EQ(1, g.fragments);
			EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, len + 1, 0)))
				TH_LOG("case %d, %d", i, k);
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, knobs[k][0],
					     knobs[k][2]));
		}
		len = rows[i].whole;
		EXPECT_EQ(len, send(fd, data, len, 0));
		EXPECT_EQ(len, next_datagram6(&g));
		EXPECT_EQ(1, g.fragments);
		EXPECT_EQ(MTU, g.longest);
		EXPECT_EQ(len + 1, send(fd, data, len + 1, 0));
		EXPECT_EQ(len + 1, next_datagram6(&g));
		EXPECT_EQ(2, g.fragments);
		len = rows[i].most;
		EXPECT_EQ(len, send(fd, data, len, 0)) TH_LOG("case %d", i);
		EXPECT_EQ(len, next_datagram6(&g));
		EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, len + 1, 0)))
			TH_LOG("case %d", i);
		close(fd);
	}
}

/* What is corked has the headers of its first piece */
TEST_F(exthdr6, corked)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9);
	struct iovec iov = { "a", 1 };
	struct control c = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c.buf };
	static struct datagram6 g;

	add_header(&c, IPV6_HOPOPTS, PAD);
	add_header(&c, IPV6_DSTOPTS, UNKNOWN);
	msg.msg_controllen = c.len;
	EXPECT_EQ(1, sendmsg(fd, &msg, MSG_MORE));
	EXPECT_EQ(0, send_header(fd, NULL, IPV6_DSTOPTS, PAD16));
	EXPECT_EQ(2, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000 60:001e0400000000", g.chain);
	EXPECT_EQ(0, memcmp("ax", g.data, 2));
	/* Sticky ones that change meanwhile */
	EXPECT_EQ(0, set_header(fd, IPV6_HOPOPTS, PAD));
	EXPECT_EQ(1, send(fd, "a", 1, MSG_MORE));
	EXPECT_EQ(0, set_header(fd, IPV6_HOPOPTS, ""));
	EXPECT_EQ(1, send(fd, "b", 1, 0));
	EXPECT_EQ(2, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000", g.chain);
}

/*
 * ... which may leave fragments with room for 8 bytes each, or for none yet. The
 * last one may be longer. In-kernel UDP knows of no way to copy them.
 */
TEST_F(exthdr6, corked_little_room)
{
	int t = tun6(), fd = joined(sock(), YOU6, 9), p[2];
	static const char options[1440] = { 0, sizeof(options) / 8 - 1 };
	static const char data[148] = "where this begins";
	static struct datagram6 g;

	ASSERT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_HOPOPTS, options,
				sizeof(options)));
	ASSERT_EQ(0, pipe(p));
	/* the longest that would be no fragment, then what makes it many */
	EXPECT_EQ(12, send(fd, data, 12, MSG_MORE));
	ASSERT_EQ(136, write(p[1], data + 12, 136));
	EXPECT_EQ(136, splice(p[0], NULL, fd, NULL, 136, 0));
	EXPECT_EQ(148, next_datagram6(&g));
	EXPECT_EQ(19, g.fragments);
	EXPECT_EQ(0, memcmp(data, g.data, 148));

	EXPECT_EQ(12, send(fd, data, 12, MSG_MORE));
	if (variant->door.wire == IPPROTO_UDP) {
		EXPECT_EQ(EINVAL, err_of(send(fd, data + 12, 136, 0)));
		return;
	}
	EXPECT_EQ(136, send(fd, data + 12, 136, 0));
	EXPECT_EQ(148, next_datagram6(&g));
	EXPECT_EQ(19, g.fragments);
	EXPECT_EQ(0, memcmp(data, g.data, 148));
}

static const struct {
	int kind, option, old_option, type, old_type;
} kinds[] = {
	{ IPPROTO_HOPOPTS, IPV6_RECVHOPOPTS, IPV6_2292HOPOPTS, IPV6_HOPOPTS,
	  IPV6_2292HOPOPTS },
	{ IPPROTO_DSTOPTS, IPV6_RECVDSTOPTS, IPV6_2292DSTOPTS, IPV6_DSTOPTS,
	  IPV6_2292DSTOPTS },
	{ IPPROTO_ROUTING, IPV6_RECVRTHDR, IPV6_2292RTHDR, IPV6_RTHDR,
	  IPV6_2292RTHDR },
};

/* The headers that were told of, in order, as a chain is written */
static const char *received(struct got *g, bool old)
{
	static char text[4096];
	struct cmsghdr *c;
	unsigned int k;
	int n = 0, i;

	text[0] = '\0';
	for (c = CMSG_FIRSTHDR(&g->msg); c; c = CMSG_NXTHDR(&g->msg, c)) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++)
			if (c->cmsg_level == SOL_IPV6 && c->cmsg_type ==
			    (old ? kinds[k].old_type : kinds[k].type))
				break;
		if (k == ARRAY_SIZE(kinds))
			return name_of(c);
		n += sprintf(text + n, "%s%d:", n ? " " : "", kinds[k].kind);
		for (i = 1; i < (int)(c->cmsg_len - CMSG_LEN(0)); i++)
			n += sprintf(text + n, "%02x", CMSG_DATA(c)[i]);
	}
	return text;
}

#define HOP	"0:00010400000000"
#define DST	"60:00010400000000"
#define DST2	"60:001e0400000000"
#define ROUTE	"43:00fd0000000000"	/* nothing left of it */

/* Chains as they come, and what each way to ask for them tells */
TEST_F(exthdr6, received)
{
	static const struct {
		const char *chain;
		const char *told, *old;	/* NULL: all of it */
	} rows[] = {
		{ "" },
		{ HOP },
		{ "0:00050200000100" },
		{ "0:010104000000001e06000000000000" },
		{ DST },
		{ DST2 },
		{ ROUTE },
		{ HOP " " DST },
		{ HOP " " ROUTE },
		{ HOP " " DST " " ROUTE },
		{ HOP " " DST " " ROUTE " " DST2 },
		{ DST " " ROUTE " " DST2 },
		/* Of two such, the older way knows but one */
		{ DST " " DST2, NULL, DST2 },
		{ ROUTE " " DST " " DST2, NULL, ROUTE " " DST2 },
		{ "43:02fd0000000000" VIA },
		/* An atomic fragment header is no header to tell of */
		{ HOP " 44:00000000000007 " DST, HOP " " DST, HOP " " DST },
	};
	int t = tun6(), fds[3], k;
	struct packet6 p;
	unsigned int i;
	struct got g;

	for (k = 0; k < 3; k++) {
		fds[k] = bound("::", 5000 + k);
		for (i = 0; i < ARRAY_SIZE(kinds) && k < 2; i++)
			EXPECT_EQ(0, set_int(fds[k], SOL_IPV6, k ?
					     kinds[i].old_option :
					     kinds[i].option, 1));
	}
	for (i = 0; i < ARRAY_SIZE(rows) * 3; i++) {
		const typeof(rows[0]) *c = &rows[i / 3];
		const char *want = i % 3 == 2 ? "" : i % 3 ? c->old : c->told;

		make6(&p, 5000 + i % 3, "x", 1, c->chain);
		inject6(&p);
		receive(fds[i % 3], &g, 0);
		EXPECT_EQ(1, g.len) TH_LOG("%s", c->chain);
		EXPECT_EQ('x', g.data[0]);
		EXPECT_STREQ(want ?: c->chain, received(&g, i % 3 == 1))
			TH_LOG("%s, %d", c->chain, i % 3);
	}
}

/* One kind at a time, and that it can be asked whether it is asked for */
TEST_F(exthdr6, received_each)
{
	static const char * const chains[] = {
		HOP, DST " " DST2, ROUTE,
	};
	int t = tun6(), fd = bound("::", 5000), option;
	struct packet6 p;
	unsigned int i;
	struct got g;

	for (i = 0; i < ARRAY_SIZE(kinds) * 2; i++) {
		option = i % 2 ? kinds[i / 2].old_option : kinds[i / 2].option;
		EXPECT_EQ(0, get_int(fd, SOL_IPV6, option));
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, option, 1));
		EXPECT_EQ(1, get_int(fd, SOL_IPV6, option));
		make6(&p, 5000, "x", 1, HOP " " DST " " ROUTE " " DST2);
		inject6(&p);
		receive(fd, &g, 0);
		EXPECT_STREQ(chains[i / 2], received(&g, i % 2))
			TH_LOG("case %d", i);
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, option, 0));
		inject6(&p);
		receive(fd, &g, 0);
		EXPECT_STREQ("", told(&g));
	}
}

/* Headers of datagrams in fragments: those in front, and those inside */
TEST_F(exthdr6, received_in_fragments)
{
	int t = tun6(), fd = bound("::", 5000);
	unsigned char data[1000] = {};
	struct packet6 whole;
	unsigned int i;
	struct got g;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, kinds[i].option, 1));
	make6(&whole, 5000, data, sizeof(data), HOP " " DST);
	inject_part6(&whole, 8, 0, 504, IP6F_MORE_FRAG, 77);
	inject_part6(&whole, 8, 504, 1016, 0, 77);
	receive(fd, &g, MSG_TRUNC);
	EXPECT_EQ(1000, g.len);
	EXPECT_STREQ(HOP " " DST, received(&g, false));
}

/* Too little room cuts them, as it does other messages */
TEST_F(exthdr6, received_room)
{
	static const struct {
		int room, left;
		const char *told;
	} rows[] = {
		{ 0, 0, "flags 0x8" },
		{ 16, 16, "hopopts 0, flags 0x8" },
		{ 23, 23, "hopopts 7, flags 0x8" },
		{ 24, 24, "hopopts 8, flags 0x8" },
		{ 40, 40, "hopopts 8, dstopts 0, flags 0x8" },
		{ 48, 48, "hopopts 8, dstopts 8" },
	};
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	unsigned int i;
	struct got g;

	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPOPTS, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVDSTOPTS, 1));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		make6(&p, 5000, "x", 1, HOP " " DST);
		inject6(&p);
		receive_with(fd, &g, 0, rows[i].room);
		EXPECT_EQ(1, g.len);
		EXPECT_STREQ(rows[i].told, told(&g));
		EXPECT_EQ(rows[i].left, g.msg.msg_controllen);
		EXPECT_EQ(0x5a, g.control[rows[i].room]);
	}
}

/* What is sent is received: both ways at once, over lo */
TEST_F(exthdr6, over_lo)
{
	int fd = bound("::1", 5000), tx = sock();
	unsigned int i;
	struct got g;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, kinds[i].option, 1));
	EXPECT_EQ(0, set_header(tx, IPV6_HOPOPTS, PAD));
	EXPECT_EQ(0, set_header(tx, IPV6_DSTOPTS, UNKNOWN));
	EXPECT_EQ(0, tag_to(tx, "::1", 5000, 1));
	receive(fd, &g, 0);
	EXPECT_STREQ(HOP " " DST2, received(&g, false));
	EXPECT_EQ(1, g.data[0]);
}

TEST_HARNESS_MAIN
