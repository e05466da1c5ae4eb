// SPDX-License-Identifier: GPL-2.0
/*
 * Over IPv6 a datagram has a checksum, and goes without only if both sides
 * agree: RFC 8200 8.1, RFC 6935, udp(7). And how long it may be.
 */
#include "seen.h"
#include <netinet/udp.h>

#ifndef UDP_NO_CHECK6_TX
#define UDP_NO_CHECK6_TX 101
#define UDP_NO_CHECK6_RX 102
#endif

#define LONGEST		65527	/* 65535 less our header */
#define LONGEST4	65507	/* and that of IPv4 */

EUDP6_FIXTURE(checksum6)

/* Yes or no, on sockets of IPv4 as well, where they do nothing */
TEST_F(checksum6, options)
{
	static const int options[] = { UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX };
	static const int values[][2] = {
		{ 1, 1 }, { 0, 0 }, { 7, 1 }, { -1, 1 }, { 0, 0 },
	};
	int fds[] = { sock(), sock4() };
	unsigned int i, k;

	for (i = 0; i < 4; i++) {
		int fd = fds[i / 2], option = options[i % 2];

		EXPECT_EQ(0, get_int(fd, IPPROTO_UDP, option));
		for (k = 0; k < ARRAY_SIZE(values); k++) {
			EXPECT_EQ(0, set_int(fd, IPPROTO_UDP, option,
					     values[k][0]));
			EXPECT_EQ(values[k][1],
				  get_int(fd, IPPROTO_UDP, option));
		}
		EXPECT_EQ(0, get_int(fd, IPPROTO_UDP, options[!(i % 2)]));
		EXPECT_EQ(EINVAL, err_of(setsockopt(fd, IPPROTO_UDP, option,
						    &i, 3)));
	}
}

/* What comes without a checksum, or with a wrong one */
TEST_F(checksum6, received)
{
	static const struct {
		const char *name;
		bool rx;
		int check, udp_len, dport;
		const char *to, *seen;
	} cases[] = {
		{ "good", false, 0, 18, 5000, ME6, "got 10 InDatagrams" },
		{ "none", false, NONE, 18, 5000, ME6,
		  "InErrors InCsumErrors" },
		{ "none, allowed", true, NONE, 18, 5000, ME6,
		  "got 10 InDatagrams" },
		{ "good, none allowed", true, 0, 18, 5000, ME6,
		  "got 10 InDatagrams" },
		{ "wrong, none allowed", true, WRONG, 18, 5000, ME6,
		  "InErrors InCsumErrors" },
		{ "none, allowed, short", true, NONE, 9, 5000, ME6,
		  "got 1 InDatagrams" },
		{ "none, allowed, no length", true, NONE, 0, 5000, ME6,
		  "got 10 InDatagrams" },
		{ "none, allowed, too long", true, NONE, 19, 5000, ME6,
		  "InErrors" },
		{ "none, not any more", false, NONE, 18, 5000, ME6,
		  "InErrors InCsumErrors" },
		{ "none, to nobody", true, NONE, 18, 5001, ME6,
		  "InErrors InCsumErrors" },
		/* To many: who does not take it has not been there */
		{ "none, to many", false, NONE, 18, 5000, "ff02::1",
		  "IgnoredMulti" },
		{ "none, to many, allowed", true, NONE, 18, 5000, "ff02::1",
		  "got 10 InDatagrams" },
		{ "wrong, to many, allowed", true, WRONG, 18, 5000, "ff02::1",
		  "InErrors InCsumErrors" },
	};
	struct wire w = wire(bound("::", 5000));
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		ASSERT_EQ(0, set_int(w.fd, IPPROTO_UDP, UDP_NO_CHECK6_RX,
				     c->rx));
		make6(&p, w.door, c->dport, "0123456789", 10);
		p.ip6.ip6_dst = addr6(c->to, 0).sin6_addr;
		head_of(&p)->len = htons(c->udp_len);
		head_of(&p)->check = c->check == NONE ? 0 :
			datagram_sum(&p, c->udp_len) ^
			htons(c->check == WRONG);
		inject(w.tap, &p);
		EXPECT_STREQ(c->seen, seen(&w))
			TH_LOG("%s", c->name);
	}
}

/* Of two that hear a group, one allows it to be without */
TEST_F(checksum6, received_by_one_of_two)
{
	int t = tap6(), fds[2], i;
	struct packet p;

	for (i = 0; i < 2; i++)
		fds[i] = shared("::", 5000);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, set_int(fds[i], IPPROTO_UDP, UDP_NO_CHECK6_RX, 1));
		make6(&p, &variant->door, 5000, "7", 1);
		p.ip6.ip6_dst = addr6("ff02::1", 0).sin6_addr;
		head_of(&p)->check = 0;
		inject(t, &p);
		EXPECT_EQ('7', take_tag(fds[i]));
		EXPECT_EQ(EAGAIN, silent(fds[!i]));
		ASSERT_EQ(0, set_int(fds[i], IPPROTO_UDP, UDP_NO_CHECK6_RX, 0));
		/* That of one address goes to who has come last */
		make6(&p, &variant->door, 5000, "8", 1);
		inject(t, &p);
		EXPECT_EQ('8', take_tag(fds[1]));
	}
	EXPECT_EQ(0, counter(&variant->door, "InErrors"));
}

/* A datagram that has been sent, put together if it came in parts */
struct whole {
	int packets, len;	/* len is with our header */
	struct header h;
	unsigned char data[65536];
};

/* The next packet of ours, or that has a part of one */
static bool next_part(int tap, int wire, struct packet *p)
{
	while (read(tap, frame_of(p), FRAME_LEN) > 0)
		if (p->eth.ether_type == htons(ETHERTYPE_IPV6) &&
		    (p->ip6.ip6_nxt == wire ||
		     p->ip6.ip6_nxt == IPPROTO_FRAGMENT))
			return true;
	return false;
}

/* Returns what is the checksum of it: "none", "right", "wrong" */
static const char *__next_whole(struct __test_metadata *_metadata, int tap,
				int wire, struct whole *g)
{
	struct ip6_frag part;
	struct packet p;
	int n, at;
	__u32 s;

	memset(g, 0, sizeof(*g));
	do {
		ASSERT_TRUE(next_part(tap, wire, &p));
		n = ntohs(p.ip6.ip6_plen);
		at = p.ip6.ip6_nxt == wire ? 0 : sizeof(part);
		memset(&part, 0, sizeof(part));
		memcpy(&part, head_of(&p), at);
		ASSERT_EQ(g->len, ntohs(part.ip6f_offlg) & ~7);
		memcpy((char *)&g->h + g->len, (char *)head_of(&p) + at,
		       n - at);
		g->len += n - at;
		g->packets++;
	} while (part.ip6f_offlg & htons(1));
	ASSERT_EQ(g->len, ntohs(g->h.len));
	if (!g->h.check)
		return "none";
	s = sum(&p.ip6.ip6_src, 32, htons(wire) + htons(g->len));
	return sum(&g->h, g->len, s) == 0xffff ? "right" : "wrong";
}

#define next_whole(tap, g) \
	__next_whole(_metadata, tap, variant->door.wire, g)

/* With one or without on the wire, by every way to send */
TEST_F(checksum6, sent)
{
	static const int lengths[] = { 0, 1, 2, 1452, 1453, 2800, LONGEST };
	static struct whole g;
	unsigned char data[LONGEST];
	int t = tap6(), fds[2], how;
	unsigned int i;

	no_queue("tap0");
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	fds[0] = sock();
	fds[1] = joined(sock(), YOU6, 9);
	for (i = 0; i < ARRAY_SIZE(lengths) * 8; i++) {
		int len = lengths[i / 8], fd = fds[i & 1];
		struct any_addr to = any_addr(YOU6, 9);

		how = i % 8;
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 19));
		ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_NO_CHECK6_TX,
				     how & 2));
		ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_CORK, how & 4));
		ASSERT_EQ(len, sendto(fd, data, len, 0, how & 1 ? NULL : &to.sa,
				      to.len));
		if (how & 4)
			ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_CORK, 0));
		EXPECT_STREQ(how & 2 ? "none" : "right", next_whole(t, &g))
			TH_LOG("%d bytes, %d", len, how);
		ASSERT_EQ(HDR_LEN + len, g.len);
		EXPECT_EQ(len <= 1452, g.packets == 1);
		EXPECT_EQ(0, memcmp(data, g.data, len));
	}
}

/* RFC 768: a sum of zero is all ones on the wire */
TEST_F(checksum6, sent_zero)
{
	int t = tap6(), fd = joined(bound(ME6, 5000), YOU6, 9);
	static struct whole g;
	__u16 word = 0;

	no_queue("tap0");
	ASSERT_EQ(2, send(fd, &word, 2, 0));
	EXPECT_STREQ("right", next_whole(t, &g));
	/* This makes it zero */
	word = g.h.check;
	ASSERT_EQ(2, send(fd, &word, 2, 0));
	EXPECT_STREQ("right", next_whole(t, &g));
	EXPECT_EQ(0xffff, g.h.check);
}

/* Each family has its own option, on a socket that speaks both */
TEST_F(checksum6, dual)
{
	static const struct {
		int level, option;
		const char *to;
		bool none;
	} cases[] = {
		{ IPPROTO_UDP, UDP_NO_CHECK6_TX, YOU6, true },
		{ IPPROTO_UDP, UDP_NO_CHECK6_TX, YOU, false },
		{ SOL_SOCKET, SO_NO_CHECK, YOU6, false },
		{ SOL_SOCKET, SO_NO_CHECK, YOU, true },
	};
	int t = tap6(), fd;
	struct packet p;
	unsigned int i;

	no_queue("tap0");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = sock();
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
		EXPECT_EQ(0, tag_to(fd, cases[i].to, 9, 1));
		ASSERT_LT(0, sent(t, variant->door.wire, &p));
		EXPECT_EQ(cases[i].none, !head_of(&p)->check)
			TH_LOG("option %d to %s", cases[i].option, cases[i].to);
		close(fd);
	}
	/* None is no matter of IPv4's datagrams, whoever receives them */
	fd = bound("::", 5000);
	make_with(&p, &variant->door, 5000, "7", 1, "", 0);
	head_of(&p)->check = 0;
	inject(t, &p);
	EXPECT_EQ('7', take_tag(fd));
}

/* Both sides on one host: nobody checks what no device could damage */
TEST_F(checksum6, loopback)
{
	const struct door *d = &variant->door;
	int tx = sock(), fd = bound("::1", 5000), big, i;
	static char data[3000], got[3000];

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_NO_CHECK6_TX, 1));
	for (big = 0; big < 2; big++) {
		int len = big ? sizeof(data) : 10;

		ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 0));
		EXPECT_EQ(len, send_to(tx, "::1", 5000, data, len));
		EXPECT_EQ(EAGAIN, silent(fd));
		EXPECT_EQ(big + 1, counter(d, "InCsumErrors"));
		EXPECT_EQ(big + 1, counter(d, "InErrors"));
		ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX, 1));
		EXPECT_EQ(len, send_to(tx, "::1", 5000, data, len));
		EXPECT_EQ(len, take(fd, got, sizeof(got)));
		EXPECT_EQ(0, memcmp(data, got, len));
	}
	/* Who sent it in vain is not told so */
	EXPECT_EQ(0, get_int(tx, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, counter(d, "NoPorts"));
}

/* The longest that there can be, and one byte more */
TEST_F(checksum6, longest)
{
	static const struct {
		const char *to;
		int len, err;
	} cases[] = {
		{ "::1", LONGEST, 0 },
		{ "::1", LONGEST + 1, EMSGSIZE },
		{ "::1", 1 << 20, EMSGSIZE },
		{ "::1", 0x7ffff000, EMSGSIZE },
		{ "::ffff:127.0.0.1", LONGEST4, 0 },
		{ "::ffff:127.0.0.1", LONGEST4 + 1, EMSGSIZE },
		{ "::ffff:127.0.0.1", LONGEST, EMSGSIZE },
		{ "127.0.0.1", LONGEST4, 0 },
		{ "127.0.0.1", LONGEST4 + 1, EMSGSIZE },
	};
	static unsigned char data[1 << 20], got[65536];
	int fd = bound("::", 5000), tx, how;
	unsigned int i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		const typeof(cases[0]) *c = &cases[i / 4];
		struct any_addr to = any_addr(c->to, 5000);

		how = i % 4;
		tx = sock();
		ASSERT_EQ(0, set_int(tx, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 21));
		if (how & 1)
			joined(tx, c->to, 5000);
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, how & 2));
		EXPECT_EQ(c->err, err_of(sendto(tx, data, c->len, 0,
						how & 1 ? NULL : &to.sa,
						to.len)))
			TH_LOG("%d bytes to %s, %d", c->len, c->to, how);
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
		if (c->err) {
			EXPECT_EQ(EAGAIN, silent(fd));
		} else {
			EXPECT_EQ(c->len, take(fd, got, sizeof(got)));
			EXPECT_EQ(0, memcmp(data, got, c->len));
		}
		close(tx);
	}
}

/* It is the whole that may not be longer, however it is put together */
TEST_F(checksum6, longest_of_pieces)
{
	int tx = joined(sock(), "::1", 5000), fd = bound("::1", 5000);
	static unsigned char data[65536];

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	ASSERT_EQ(0, set_int(tx, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20));
	EXPECT_EQ(60000, send(tx, data, 60000, MSG_MORE));
	EXPECT_EQ(EMSGSIZE, err_of(send(tx, data, 5528, MSG_MORE)));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(60000, send(tx, data, 60000, MSG_MORE));
	EXPECT_EQ(5527, send(tx, data, 5527, 0));
	EXPECT_EQ(LONGEST, take(fd, data, sizeof(data)));
}

TEST_HARNESS_MAIN
