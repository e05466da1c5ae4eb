// SPDX-License-Identifier: GPL-2.0
/*
 * As badpackets, of IPv6: RFC 768, RFC 8200, RFC 4443, RFC 5722. Each packet
 * either is received or not, moves just these counters, and has just this
 * answer.
 */
#include "seen.h"

#define DATA "0123456789"
#define LEN 10

EUDP6_FIXTURE(badpackets6)

/* How a packet is to be bad; what is zero is as it should be, NONE is zero */
struct bad {
	const char *name;
	int ip_len;		/* what IPv6 says of its length, */
	int wire_len;		/* and how much there is of the packet */
	int udp_len;
	int sport, dport;
	int check;		/* WRONG is wrong */
	const char *seen;
};

static void make_bad(struct packet *p, const struct door *door,
		     const char *to, const struct bad *bad)
{
	int len = value(bad->udp_len, HDR_LEN + LEN);
	int size = value(bad->ip_len, HDR_LEN + LEN);
	struct header *h;

	make6(p, door, 5000, DATA, LEN);
	p->ip6.ip6_dst = addr6(to, 0).sin6_addr;
	h = head_of(p);
	h->source = htons(value(bad->sport, 4000));
	h->dest = htons(value(bad->dport, 5000));
	h->len = htons(len);
	/* None is all that there is */
	if (!len || len > 1000)
		h->check = datagram_sum(p, len ? HDR_LEN + LEN : size);
	else
		h->check = datagram_sum(p, len);
	if (bad->check == WRONG)
		h->check ^= htons(0x0101);
	else
		h->check = htons(value(bad->check, ntohs(h->check)));
	p->ip6.ip6_plen = htons(size);
}

static void __run_cases(struct __test_metadata *_metadata, struct wire *w,
			const struct bad *cases, int n)
{
	int i, log = log_begin();
	struct packet p;

	for (i = 0; i < n; i++) {
		const struct bad *bad = &cases[i];

		make_bad(&p, w->door, ME6, bad);
		__inject_bytes(_metadata, w->tap, &p,
			       bad->wire_len ?: len_of(&p));
		EXPECT_STREQ(bad->seen, seen(w))
			TH_LOG("%s", bad->name);
	}
	EXPECT_EQ(0, log_errors(log));
	close(log);
}

#define run_cases(w, cases) \
	__run_cases(_metadata, w, cases, ARRAY_SIZE(cases))

/* Lengths that do not agree, checksums, ports */
TEST_F(badpackets6, datagram)
{
	static const struct bad cases[] = {
		{ .name = "good", .seen = "got 10 InDatagrams" },
		{ .name = "no header of it", .ip_len = NONE,
		  .seen = "InErrors" },
		{ .name = "1 byte of it", .ip_len = 1, .seen = "InErrors" },
		{ .name = "the ports", .ip_len = 4, .seen = "InErrors" },
		{ .name = "7 bytes", .ip_len = 7, .seen = "InErrors" },
		/* RFC 2675 4: none is as much as there is, jumbo or not */
		{ .name = "length 0", .udp_len = NONE,
		  .seen = "got 10 InDatagrams" },
		{ .name = "length 0 of a header", .udp_len = NONE, .ip_len = 8,
		  .seen = "got 0 InDatagrams" },
		{ .name = "length 0 of less", .udp_len = NONE, .ip_len = 7,
		  .seen = "InErrors" },
		{ .name = "length 0 and more behind it", .udp_len = NONE,
		  .ip_len = 1000, .seen = "got 992 InDatagrams" },
		{ .name = "length 1", .udp_len = 1, .seen = "InErrors" },
		{ .name = "length 4", .udp_len = 4, .seen = "InErrors" },
		{ .name = "length 7", .udp_len = 7, .seen = "InErrors" },
		{ .name = "length 8", .udp_len = 8,
		  .seen = "got 0 InDatagrams" },
		{ .name = "length 9", .udp_len = 9,
		  .seen = "got 1 InDatagrams" },
		{ .name = "length 17", .udp_len = 17,
		  .seen = "got 9 InDatagrams" },
		{ .name = "length 19", .udp_len = 19, .seen = "InErrors" },
		{ .name = "length 0x7fff", .udp_len = 0x7fff,
		  .seen = "InErrors" },
		{ .name = "length 0xffff", .udp_len = 0xffff,
		  .seen = "InErrors" },
		{ .name = "bytes behind it", .ip_len = 1000,
		  .seen = "got 10 InDatagrams" },
		{ .name = "bytes behind an empty one", .ip_len = 1000,
		  .udp_len = 8, .seen = "got 0 InDatagrams" },
		{ .name = "bytes behind it, bad sum", .ip_len = 1000,
		  .check = WRONG, .seen = "InErrors InCsumErrors" },
		/* The link may fill up a frame, and must not cut one */
		{ .name = "bytes behind the packet", .wire_len = 100,
		  .seen = "got 10 InDatagrams" },
		{ .name = "packet cut", .wire_len = 57,
		  .seen = "Ip6InTruncatedPkts" },
		{ .name = "packet cut in the header", .wire_len = 44,
		  .seen = "Ip6InTruncatedPkts" },
		{ .name = "packet cut before it", .wire_len = 40,
		  .seen = "Ip6InTruncatedPkts" },
		{ .name = "source port 0", .sport = NONE,
		  .seen = "got 10 InDatagrams" },
		{ .name = "port 0", .dport = NONE, .seen = "NoPorts icmp 1/4" },
		{ .name = "both ports 0", .sport = NONE, .dport = NONE,
		  .seen = "NoPorts icmp 1/4" },
		{ .name = "to nobody", .dport = 5001,
		  .seen = "NoPorts icmp 1/4" },
		/* A damaged one has no sender who could be told */
		{ .name = "to nobody, checksum wrong", .dport = 5001,
		  .check = WRONG, .seen = "InErrors InCsumErrors" },
		{ .name = "to nobody, too long", .dport = 5001,
		  .udp_len = 19, .seen = "InErrors" },
		{ .name = "to nobody, short header", .dport = 5001,
		  .ip_len = 7, .seen = "InErrors" },
	};
	struct wire w = wire(bound("::", 5000));

	run_cases(&w, cases);
}

/* RFC 8200 8.1: there has to be a checksum */
TEST_F(badpackets6, checksum)
{
	static const struct bad cases[] = {
		{ .name = "none", .check = NONE,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "none, empty", .check = NONE, .udp_len = 8,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "none, length 0", .check = NONE, .udp_len = NONE,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "none, too long", .check = NONE, .udp_len = 19,
		  .seen = "InErrors" },
		{ .name = "none, bytes behind it", .check = NONE,
		  .ip_len = 1000, .seen = "InErrors InCsumErrors" },
		{ .name = "wrong", .check = WRONG,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "of ones", .check = 0xffff,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "none, to nobody", .check = NONE, .dport = 5001,
		  .seen = "InErrors InCsumErrors" },
	};
	struct wire w = wire(bound("::", 5000));

	run_cases(&w, cases);
}

/* Bytes of the IP header that are wrong; all else is right */
TEST_F(badpackets6, ip_header)
{
	static const struct {
		const char *name;
		int at, byte;
		const char *seen;
	} cases[] = {
		{ "version 0", 0, 0x00, "Ip6InHdrErrors" },
		{ "version 4", 0, 0x40, "Ip6InHdrErrors" },
		{ "version 5", 0, 0x50, "Ip6InHdrErrors" },
		{ "version 7", 0, 0x70, "Ip6InHdrErrors" },
		{ "traffic class", 0, 0x6f, "got 10 InDatagrams" },
		{ "flow label", 3, 0xff, "got 10 InDatagrams" },
		{ "hop limit 0", 7, 0, "got 10 InDatagrams" },
		{ "hop limit 1", 7, 1, "got 10 InDatagrams" },
		{ "no next header", 6, IPPROTO_NONE, "nothing" },
		{ "protocol of nobody", 6, 254,
		  "Ip6InUnknownProtos icmp 4/1 at 6" },
	};
	struct wire w = wire(bound("::", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, w.door, 5000, DATA, LEN);
		((unsigned char *)&p.ip6)[cases[i].at] = cases[i].byte;
		inject_bytes(w.tap, &p, IP6_LEN + HDR_LEN + LEN);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Frames of the link: too short for a header, for others, of other kinds */
TEST_F(badpackets6, frame)
{
	static const struct {
		const char *name;
		int len, dhost, type;
		const char *seen;
	} cases[] = {
		{ "no packet", 0, 2, ETHERTYPE_IPV6, "Ip6InHdrErrors" },
		{ "1 byte", 1, 2, ETHERTYPE_IPV6, "Ip6InHdrErrors" },
		{ "39 bytes", 39, 2, ETHERTYPE_IPV6, "Ip6InHdrErrors" },
		{ "to another station", 58, 4, ETHERTYPE_IPV6, "nothing" },
		{ "to all stations", 58, 0xff, ETHERTYPE_IPV6,
		  "got 10 InDatagrams" },
		{ "to a group of stations", 58, 3, ETHERTYPE_IPV6,
		  "got 10 InDatagrams" },
		{ "IPv4", 58, 2, ETHERTYPE_IP, "nothing" },
	};
	struct wire w = wire(bound("::", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, w.door, 5000, DATA, LEN);
		if (cases[i].dhost == 0xff)
			memset(p.eth.ether_dhost, 0xff, ETH_ALEN);
		else
			p.eth.ether_dhost[0] = cases[i].dhost;
		p.eth.ether_type = htons(cases[i].type);
		inject_bytes(w.tap, &p, cases[i].len);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Where no datagram should come from, and where it should not go: RFC 4291 */
TEST_F(badpackets6, addresses)
{
	static const struct {
		const char *from, *to;
		int port;
		const char *seen;
	} cases[] = {
		{ YOU6, ME6, 5000, "got 10 InDatagrams" },
		{ YOU6, ME6, 5001, "NoPorts icmp 1/4" },
		/* What a source must not be */
		{ "ff02::1", ME6, 5000, "Ip6InHdrErrors" },
		{ "ff0e::1", ME6, 5000, "Ip6InHdrErrors" },
		{ "ff02::1", ME6, 5001, "Ip6InHdrErrors" },
		{ "::1", ME6, 5000, "Ip6InHdrErrors" },
		{ "::", ME6, 5000, "got 10 InDatagrams" },
		{ ME6, ME6, 5000, "got 10 InDatagrams" },
		{ "::ffff:192.0.2.2", ME6, 5000, "got 10 InDatagrams" },
		{ "::192.0.2.2", ME6, 5000, "got 10 InDatagrams" },
		{ "fe80::2", ME6, 5000, "got 10 InDatagrams" },
		/* RFC 4443 2.4 e.6: no answer to who is not one */
		{ "::", ME6, 5001, "NoPorts" },
		/* No route back: no matter without an answer */
		{ NOWHERE6, ME6, 5000, "got 10 InDatagrams" },
		{ NOWHERE6, ME6, 5001, "NoPorts" },
		/* Destinations */
		{ YOU6, "::1", 5000, "Ip6InHdrErrors" },
		{ YOU6, "::", 5000, "Ip6InAddrErrors icmp 1/0" },
		{ YOU6, "2001:db8::3", 5000, "Ip6InAddrErrors" },
		{ YOU6, NOWHERE6, 5000, "Ip6InNoRoutes icmp 1/0" },
		{ YOU6, "::ffff:192.0.2.1", 5000, "Ip6InNoRoutes icmp 1/0" },
		{ YOU6, "fe80::77", 5000, "Ip6InAddrErrors" },
		/* The address of any router, RFC 4291 2.6.1; this is none */
		{ YOU6, "2001:db8::", 5000, "Ip6InAddrErrors" },
	};
	struct wire w = wire(bound("::", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, w.door, cases[i].port, DATA, LEN);
		p.ip6.ip6_src = addr6(cases[i].from, 0).sin6_addr;
		p.ip6.ip6_dst = addr6(cases[i].to, 0).sin6_addr;
		resum(&p);
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s to %s, %d", cases[i].from, cases[i].to,
			       cases[i].port);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* To many: no error is answered, RFC 4443 2.4 e.3, whatever is wrong */
TEST_F(badpackets6, to_many)
{
	static const struct {
		const char *to;
		int port, check, len, udp_len;
		const char *seen;
	} cases[] = {
		{ "ff02::1", 5000, 0, 10, 0, "got 10 InDatagrams" },
		{ "ff02::1", 5001, 0, 10, 0, "IgnoredMulti" },
		{ "ff02::1", 0, 0, 10, 0, "IgnoredMulti" },
		{ "ff02::1", 5000, WRONG, 10, 0, "InErrors InCsumErrors" },
		{ "ff02::1", 5001, WRONG, 10, 0, "InErrors InCsumErrors" },
		/* The checksum of a long one is that of who receives it */
		{ "ff02::1", 5001, WRONG, 100, 0, "IgnoredMulti" },
		{ "ff02::1", 5000, WRONG, 100, 0, "InErrors InCsumErrors" },
		/* And who does not take one without has not been there */
		{ "ff02::1", 5000, NONE, 10, 0, "IgnoredMulti" },
		{ "ff02::1", 5001, NONE, 10, 0, "IgnoredMulti" },
		{ "ff02::1", 5000, 0, 10, 7, "InErrors" },
		{ "ff02::1", 5000, 0, 10, 19, "InErrors" },
		/* RFC 4291 2.7, reserved, and of one node: not from a wire */
		{ "ff00::1", 5000, 0, 10, 0, "Ip6InHdrErrors" },
		{ "ff01::1", 5000, 0, 10, 0, "Ip6InHdrErrors" },
		/* A group that nobody has joined is not ours */
		{ "ff02::77", 5000, 0, 10, 0, "nothing" },
		{ "ff0e::77", 5000, 0, 10, 0, "nothing" },
	};
	struct wire w = wire(bound("::", 5000));
	int log = log_begin();
	static const char data[100];
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, w.door, cases[i].port, data, cases[i].len);
		memset(p.eth.ether_dhost, 0x33, 2);
		p.ip6.ip6_dst = addr6(cases[i].to, 0).sin6_addr;
		resum(&p);
		if (cases[i].udp_len)
			head_of(&p)->len = htons(cases[i].udp_len);
		if (cases[i].check == WRONG)
			head_of(&p)->check ^= htons(0x0101);
		if (cases[i].check == NONE)
			head_of(&p)->check = 0;
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s, port %d", cases[i].to, cases[i].port);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Headers between that of IPv6 and ours: RFC 8200 4 */
struct chain {
	const char *name;
	int first, len;		/* what the first one is, bytes of all */
	const char *bytes;
	int last;		/* which of them tells that ours follows */
	const char *seen;
};

#define HOP	0
#define ROUTE	43
#define PART	44
#define DEST	60

static void make_chain(struct packet *p, const struct door *door,
		       const char *to, int port, const struct chain *c)
{
	make6(p, door, port, DATA, LEN);
	p->ip6.ip6_dst = addr6(to, 0).sin6_addr;
	resum(p);
	memmove((char *)head_of(p) + c->len, head_of(p), HDR_LEN + LEN);
	memcpy(head_of(p), c->bytes, c->len);
	if (c->last >= 0)
		((unsigned char *)head_of(p))[c->last] = door->wire;
	p->ip6.ip6_nxt = c->first;
	p->ip6.ip6_plen = htons(c->len + HDR_LEN + LEN);
}

static void __run_chains(struct __test_metadata *_metadata, struct wire *w,
			 const struct chain *cases, int n)
{
	int log = log_begin(), i;
	struct packet p;

	for (i = 0; i < n; i++) {
		make_chain(&p, w->door, ME6, 5000, &cases[i]);
		__inject(_metadata, w->tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
	close(log);
}

#define run_chains(w, cases) \
	__run_chains(_metadata, w, cases, ARRAY_SIZE(cases))

TEST_F(badpackets6, hop_by_hop)
{
	static const struct chain cases[] = {
		{ "padding", HOP, 8, "\0\0\1\4\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "padding byte by byte", HOP, 8, "\0\0\0\0\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "padding that says something", HOP, 8,
		  "\0\0\1\4\0\0\0\1", 0, "Ip6InHdrErrors" },
		{ "padding of 14", HOP, 16,
		  "\0\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0", 0,
		  "Ip6InHdrErrors" },
		{ "padding of 14 bytes one by one", HOP, 16,
		  "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0,
		  "Ip6InHdrErrors" },
		{ "padding longer than the header", HOP, 8,
		  "\0\0\1\5\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "option without length", HOP, 8,
		  "\0\0\1\3\0\0\0\x1e", 0, "Ip6InHdrErrors" },
		{ "option longer than the header", HOP, 8,
		  "\0\0\x1e\5\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "header longer than the packet", HOP, 8,
		  "\0\xff\1\4\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "header that takes the datagram", HOP, 8,
		  "\0\1\1\4\0\0\0\0", 0, "Ip6InHdrErrors" },
		/* RFC 8200 4.2: the first two bits of an unknown one */
		{ "unknown, pass over", HOP, 8, "\0\0\x1e\4\1\2\3\4", 0,
		  "got 10 InDatagrams" },
		{ "unknown, drop", HOP, 8, "\0\0\x5e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors" },
		{ "unknown, say so", HOP, 8, "\0\0\x9e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 42" },
		{ "unknown, say so to one", HOP, 8,
		  "\0\0\xde\4\1\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 42" },
		{ "the second is unknown", HOP, 8,
		  "\0\0\1\0\xde\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 44" },
		{ "nine of them", HOP, 24,
		  "\0\2\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\1\2\0\0",
		  0, "Ip6InHdrErrors" },
		{ "router alert", HOP, 8, "\0\0\5\2\0\0\1\0", 0,
		  "got 10 InDatagrams" },
		{ "router alert, too long", HOP, 8, "\0\0\5\4\0\0\0\0", 0,
		  "Ip6InHdrErrors" },
		/* RFC 2675 3 */
		{ "jumbo of no jumbo", HOP, 8, "\0\0\xc2\4\0\0\0\x1a", 0,
		  "Ip6InHdrErrors icmp 4/0 at 44" },
		{ "jumbo with a length", HOP, 8, "\0\0\xc2\4\0\1\0\0", 0,
		  "Ip6InHdrErrors icmp 4/0 at 42" },
		{ "jumbo, too long", HOP, 8, "\0\0\xc2\5\0\1\0\0", 0,
		  "Ip6InHdrErrors" },
		/* RFC 8200 4.1: it is the first one or none at all */
		{ "not the first", DEST, 16,
		  "\0\0\1\4\0\0\0\0\0\0\1\4\0\0\0\0", 8,
		  "Ip6InUnknownProtos icmp 4/1 at 40" },
		{ "twice", HOP, 16,
		  "\0\0\1\4\0\0\0\0\0\0\1\4\0\0\0\0", 8,
		  "Ip6InUnknownProtos icmp 4/1 at 40" },
	};
	struct wire w = wire(bound("::", 5000));

	/* The raw socket of settle() would be somebody */
	close(settle_fd);
	run_chains(&w, cases);
}

TEST_F(badpackets6, destination_options)
{
	static const struct chain cases[] = {
		{ "padding", DEST, 8, "\0\0\1\4\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "padding byte by byte", DEST, 8, "\0\0\0\0\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "padding that says something", DEST, 8,
		  "\0\0\1\4\0\0\0\1", 0, "Ip6InHdrErrors" },
		{ "option without length", DEST, 8,
		  "\0\0\1\3\0\0\0\x1e", 0, "Ip6InHdrErrors" },
		{ "option longer than the header", DEST, 8,
		  "\0\0\x1e\5\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "header longer than the packet", DEST, 8,
		  "\0\xff\1\4\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "header that takes the datagram's", DEST, 8,
		  "\0\1\1\4\0\0\0\0", 0, "Ip6InHdrErrors" },
		{ "unknown, pass over", DEST, 8, "\0\0\x1e\4\1\2\3\4", 0,
		  "got 10 InDatagrams" },
		{ "unknown, drop", DEST, 8, "\0\0\x5e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors" },
		{ "unknown, say so", DEST, 8, "\0\0\x9e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 42" },
		{ "unknown, say so to one", DEST, 8,
		  "\0\0\xde\4\1\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 42" },
		{ "nine of them", DEST, 24,
		  "\0\2\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\x1e\0\1\2\0\0",
		  0, "Ip6InHdrErrors" },
		{ "three headers of them", DEST, 24,
		  "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0\0\0\1\4\0\0\0\0",
		  16, "got 10 InDatagrams" },
		{ "nothing behind it", DEST, 8, "\x3b\0\1\4\0\0\0\0", -1,
		  "nothing" },
		{ "nobody's behind it", DEST, 8, "\xfe\0\1\4\0\0\0\0", -1,
		  "Ip6InUnknownProtos icmp 4/1 at 40" },
	};
	struct wire w = wire(bound("::", 5000));

	close(settle_fd);
	run_chains(&w, cases);
}

TEST_F(badpackets6, routing)
{
	static const struct chain cases[] = {
		/* RFC 5095: nothing is left to do, so it does not matter */
		{ "type 0, none left", ROUTE, 8, "\0\0\0\0\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "type 77, none left", ROUTE, 8, "\0\0\x4d\0\0\0\0\0", 0,
		  "got 10 InDatagrams" },
		{ "type 0, one left", ROUTE, 24,
		  "\0\2\0\1\0\0\0\0\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
		  0, "Ip6InHdrErrors icmp 4/0 at 42" },
		{ "type 77, one left", ROUTE, 8, "\0\0\x4d\1\0\0\0\0", 0,
		  "Ip6InHdrErrors icmp 4/0 at 42" },
		{ "type 2, for the mobile", ROUTE, 24,
		  "\0\2\2\1\0\0\0\0\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1",
		  0, "Ip6InAddrErrors" },
		{ "longer than the packet", ROUTE, 8,
		  "\0\xff\0\0\0\0\0\0", 0, "Ip6InHdrErrors" },
	};
	struct wire w = wire(bound("::", 5000));

	run_chains(&w, cases);
}

/* A fragment that is all there is, and more than one kind of header */
TEST_F(badpackets6, chains)
{
	static const struct chain cases[] = {
		{ "one fragment", PART, 8, "\0\0\0\0\0\0\0\1", 0,
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "one fragment, reserved bits", PART, 8,
		  "\0\xff\0\6\0\0\0\1", 0,
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "one fragment twice", PART, 16,
		  "\x2c\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 8,
		  "Ip6InHdrErrors Ip6ReasmOKs icmp 4/0 at 48" },
		{ "all in their order", HOP, 40,
		  "\x3c\0\1\4\0\0\0\0\x2b\0\1\4\0\0\0\0"
		  "\x2c\0\0\0\0\0\0\0\x3c\0\0\0\0\0\0\1"
		  "\0\0\1\4\0\0\0\0", 32,
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "all in another", HOP, 40,
		  "\x2c\0\1\4\0\0\0\0\x3c\0\0\0\0\0\0\1"
		  "\x2b\0\1\4\0\0\0\0\x3c\0\0\0\0\0\0\0"
		  "\0\0\1\4\0\0\0\0", 32,
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "the last one unknown", HOP, 24,
		  "\x3c\0\1\4\0\0\0\0\x3c\0\1\4\0\0\0\0"
		  "\0\0\x9e\4\0\0\0\0", 16,
		  "Ip6InHdrErrors icmp 4/2 at 58" },
	};
	struct wire w = wire(bound("::", 5000));

	run_chains(&w, cases);
}

/* To many: only what is unknown may be said, RFC 4443 2.4 e.3 */
TEST_F(badpackets6, options_to_many)
{
	static const struct chain cases[] = {
		{ "pass over", DEST, 8, "\0\0\x1e\4\1\2\3\4", 0,
		  "got 10 InDatagrams" },
		{ "drop", DEST, 8, "\0\0\x5e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors" },
		{ "say so", DEST, 8, "\0\0\x9e\4\1\2\3\4", 0,
		  "Ip6InHdrErrors icmp 4/2 at 42" },
		{ "say so to one", DEST, 8, "\0\0\xde\4\1\2\3\4", 0,
		  "Ip6InHdrErrors" },
		{ "routing", ROUTE, 8, "\0\0\0\0\0\0\0\0", 0,
		  "Ip6InAddrErrors" },
	};
	struct wire w = wire(bound("::", 5000));
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_chain(&p, w.door, "ff02::1", 5000, &cases[i]);
		memset(p.eth.ether_dhost, 0x33, 2);
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

/* Headers do not move what is behind them, and are quoted in an answer */
TEST_F(badpackets6, chain_and_datagram)
{
	static const struct chain chain = {
		"", HOP, 32, "\x3c\0\1\4\0\0\0\0\x2b\0\1\4\0\0\0\0"
		"\x3c\0\0\0\0\0\0\0\0\0\1\4\0\0\0\0", 24,
	};
	struct wire w = wire(bound("::", 5000));
	int len = IP6_LEN + chain.len + HDR_LEN + LEN;
	struct packet p, icmp;

	make_chain(&p, w.door, ME6, 5000, &chain);
	inject(w.tap, &p);
	EXPECT_STREQ("got 10 InDatagrams", seen(&w));
	((unsigned char *)&p.ip6)[len - 1] ^= 1;
	inject(w.tap, &p);
	EXPECT_STREQ("InErrors InCsumErrors", seen(&w));
	make_chain(&p, w.door, ME6, 5001, &chain);
	inject(w.tap, &p);
	do {
		ASSERT_LT(0, sent(w.tap, IPPROTO_ICMPV6, &icmp));
	} while (*(unsigned char *)head_of(&icmp) != ICMP6_DST_UNREACH);
	ASSERT_EQ(IP6_LEN + 8 + len, len_of(&icmp));
	EXPECT_EQ(0, memcmp(data_of(&icmp), &p.ip6, len));
	EXPECT_STREQ("NoPorts", seen(&w));
}

/* Fragments, which are at offsets of 8 bytes; 1008 are a whole datagram */
struct part {
	int from, to;
	bool last;
};

static void __inject_parts(struct __test_metadata *_metadata, struct wire *w,
			   struct packet *p, const struct part *parts)
{
	static int id;
	int i;

	/* Its flow label becomes what their identification is */
	p->ip6.ip6_flow = htonl(6 << 28 | ++id);
	for (i = 0; i < 4 && parts[i].to; i++)
		__inject_part(_metadata, w->tap, p, parts[i].from, parts[i].to,
			      parts[i].last ? 0 : IP_MF);
}

#define inject_parts(w, p, parts) __inject_parts(_metadata, w, p, parts)

TEST_F(badpackets6, fragments)
{
	static const struct {
		const char *name;
		struct part parts[4];
		const char *seen;
	} cases[] = {
		{ "in order", { { 0, 400 }, { 400, 800 }, { 800, 1008, true } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "reverse", { { 800, 1008, true }, { 400, 800 }, { 0, 400 } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "first last", { { 400, 800 }, { 800, 1008, true },
				  { 0, 400 } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "header alone", { { 0, 8 }, { 8, 1008, true } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "tiny last", { { 0, 1000 }, { 1000, 1008, true } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "tiny all", { { 0, 8 }, { 8, 16 }, { 16, 1008, true } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "no first", { { 400, 800 }, { 800, 1008, true } },
		  "nothing" },
		{ "no middle", { { 0, 400 }, { 800, 1008, true } },
		  "nothing" },
		{ "no last", { { 0, 400 }, { 400, 800 } }, "nothing" },
		{ "one twice", { { 0, 400 }, { 0, 400 }, { 400, 1008, true } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "the last twice", { { 400, 1008, true }, { 400, 1008, true },
				      { 0, 400 } },
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		/* RFC 5722: all are dropped */
		{ "overlap", { { 0, 408 }, { 400, 1008, true } },
		  "Ip6ReasmFails" },
		{ "overlap in front", { { 400, 1008, true }, { 0, 408 } },
		  "Ip6ReasmFails" },
		{ "one around another", { { 400, 408 }, { 392, 1008, true } },
		  "Ip6ReasmFails" },
		{ "what comes after an overlap",
		  { { 0, 408 }, { 400, 800 }, { 800, 1008, true } },
		  "Ip6ReasmFails" },
		{ "two ends", { { 400, 800, true }, { 800, 1008, true } },
		  "Ip6ReasmFails" },
		{ "end before the end", { { 400, 1008 }, { 200, 400, true } },
		  "Ip6ReasmFails" },
		{ "empty", { { 400, 400 } }, "Ip6ReasmFails" },
		/* RFC 8200 4.5, at the length */
		{ "not by 8", { { 0, 401 } },
		  "Ip6InHdrErrors icmp 4/0 at 4" },
	};
	struct wire w = wire(bound("::", 5000));
	unsigned char data[1000];
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make6(&p, w.door, 5000, data, sizeof(data));
		inject_parts(&w, &p, cases[i].parts);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* A datagram put together is held to the same rules */
TEST_F(badpackets6, fragments_of_bad)
{
	static const struct part parts[4] = {
		{ 400, 1008, true }, { 0, 400 },
	};
	static const struct {
		const char *name;
		int dport, len, check;
		const char *seen;
	} cases[] = {
		{ "good", 5000, 1008, 0, "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "no checksum", 5000, 1008, NONE,
		  "InErrors InCsumErrors Ip6ReasmOKs" },
		{ "wrong", 5000, 1008, WRONG,
		  "InErrors InCsumErrors Ip6ReasmOKs" },
		{ "no length", 5000, NONE, 0,
		  "got 1000 InDatagrams Ip6ReasmOKs" },
		{ "too long", 5000, 1009, 0, "InErrors Ip6ReasmOKs" },
		{ "too short", 5000, 7, 0, "InErrors Ip6ReasmOKs" },
		{ "the first would do", 5000, 400, 0,
		  "got 392 InDatagrams Ip6ReasmOKs" },
		{ "to nobody", 5001, 1008, 0, "NoPorts Ip6ReasmOKs icmp 1/4" },
		{ "to nobody, wrong", 5001, 1008, WRONG,
		  "InErrors InCsumErrors Ip6ReasmOKs" },
		{ "to nobody, no checksum", 5001, 1008, NONE,
		  "InErrors InCsumErrors Ip6ReasmOKs" },
	};
	struct wire w = wire(bound("::", 5000));
	unsigned char data[1000] = {};
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int len = cases[i].len;

		make6(&p, w.door, cases[i].dport, data, sizeof(data));
		head_of(&p)->len = htons(len == NONE ? 0 : len);
		head_of(&p)->check = datagram_sum(&p, len == 400 ? 400 : 1008);
		if (cases[i].check == NONE)
			head_of(&p)->check = 0;
		if (cases[i].check == WRONG)
			head_of(&p)->check ^= htons(1);
		inject_parts(&w, &p, parts);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

/* RFC 7112: the first one has to have all headers, up to ours */
TEST_F(badpackets6, fragments_of_chains)
{
	static const struct chain chain = {
		"", DEST, 16, "\x3c\0\1\4\0\0\0\0\0\0\1\4\0\0\0\0", 8,
	};
	static const struct {
		const char *name;
		struct part parts[4];
		const char *seen;
	} cases[] = {
		{ "ours is in the first", { { 0, 24 }, { 24, 34, true } },
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "ours is in the second", { { 0, 16 }, { 16, 34, true } },
		  "Ip6InHdrErrors icmp 4/3 at 0" },
		/* Where they end is not known */
		{ "half of the options", { { 0, 8 }, { 8, 34, true } },
		  "got 10 InDatagrams Ip6ReasmOKs" },
		{ "the last of them goes first",
		  { { 24, 34, true }, { 0, 24 } },
		  "got 10 InDatagrams Ip6ReasmOKs" },
	};
	struct wire w = wire(bound("::", 5000));
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_chain(&p, w.door, ME6, 5000, &chain);
		inject_parts(&w, &p, cases[i].parts);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

/* Longer than any packet once put together */
TEST_F(badpackets6, fragments_too_far)
{
	struct wire w = wire(bound("::", 5000));
	unsigned char data[1000] = {};
	struct packet p, part;
	struct ip6_frag *h;
	int from;

	make6(&p, w.door, 5000, data, sizeof(data));
	inject_part(w.tap, &p, 0, 1008, IP_MF);
	part = p;
	h = (void *)head_of(&part);
	h->ip6f_nxt = p.ip6.ip6_nxt;
	h->ip6f_ident = p.ip6.ip6_flow;
	part.ip6.ip6_nxt = PART;
	for (from = 1008; from <= 64512; from += 1000) {
		h->ip6f_offlg = htons(from | 1);
		inject(w.tap, &part);
	}
	EXPECT_STREQ("nothing", seen(&w));
	h->ip6f_offlg = htons(65008);
	inject(w.tap, &part);
	EXPECT_STREQ("Ip6InHdrErrors icmp 4/0 at 42", seen(&w));
}

/* RFC 2675: a packet longer than its length can say, and a datagram, too */
TEST_F(badpackets6, jumbo)
{
	static const char option[] = { 0, 0, 0xc2, 4, 0, 1, 0x11, 0x70 };
	static struct {
		struct packet p;
		char room[80000];
	} big;
	static const struct {
		const char *name;
		int len, check;
		const char *seen;
	} cases[] = {
		{ "no length", 0, 0, "got 69984 InDatagrams" },
		{ "no length, wrong", 0, WRONG, "InErrors InCsumErrors" },
		{ "no length, no checksum", 0, NONE, "InErrors InCsumErrors" },
		/* What follows one that has a length is not of it */
		{ "a length", 1008, 0, "got 1000 InDatagrams" },
		{ "a length that is too short", 7, 0, "InErrors" },
	};
	const int size = 70000 - sizeof(option);
	struct wire w = wire(bound("::", 5000));
	unsigned int i, frame = ETH_HLEN + IP6_LEN + 70000;
	struct header *h;
	__u32 s;

	ASSERT_EQ(0, set_int(w.fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	make6(&big.p, w.door, 5000, "", 0);
	memcpy(head_of(&big.p), option, sizeof(option));
	*(unsigned char *)head_of(&big.p) = w.door->wire;
	big.p.ip6.ip6_nxt = HOP;
	big.p.ip6.ip6_plen = 0;
	h = head_of(&big.p) + 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int len = cases[i].len ?: size;

		memset(h, 0, HDR_LEN);
		h->source = htons(4000);
		h->dest = htons(5000);
		h->len = htons(cases[i].len);
		s = sum(&big.p.ip6.ip6_src, 32, htons(w.door->wire) +
			htons(len >> 16) + htons(len & 0xffff));
		h->check = ~sum(h, len, s);
		if (cases[i].check == WRONG)
			h->check ^= htons(1);
		if (cases[i].check == NONE)
			h->check = 0;
		ASSERT_EQ(frame, write(w.tap, frame_of(&big.p), frame));
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

/* Over lo by a raw socket, as any user with the right may send */
TEST_F(badpackets6, raw_over_lo)
{
	static const struct bad cases[] = {
		{ .name = "good", .seen = "got 10 InDatagrams" },
		{ .name = "no header of it", .ip_len = NONE,
		  .seen = "InErrors" },
		{ .name = "7 bytes", .ip_len = 7, .seen = "InErrors" },
		{ .name = "length 0", .udp_len = NONE,
		  .seen = "got 10 InDatagrams" },
		{ .name = "length 7", .udp_len = 7, .seen = "InErrors" },
		{ .name = "length 19", .udp_len = 19, .seen = "InErrors" },
		{ .name = "length 9", .udp_len = 9,
		  .seen = "got 1 InDatagrams" },
		/* No device has vouched for it */
		{ .name = "wrong", .check = WRONG,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "no checksum", .check = NONE,
		  .seen = "InErrors InCsumErrors" },
	};
	struct sockaddr_in6 lo = addr6("::1", 0);
	struct wire w = wire(bound("::", 5000));
	int raw = socket(AF_INET6, SOCK_RAW, IPPROTO_RAW), len;
	struct packet p;
	unsigned int i;

	ASSERT_LE(0, raw);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_bad(&p, w.door, "::1", &cases[i]);
		len = len_of(&p);
		ASSERT_EQ(len, sendto(raw, &p.ip6, len, 0, sa6(&lo),
				      sizeof(lo)));
		settle();
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

TEST_HARNESS_MAIN
