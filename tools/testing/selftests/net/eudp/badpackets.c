// SPDX-License-Identifier: GPL-2.0
/*
 * What the wire may carry and no sender should have sent: RFC 768, RFC 791,
 * RFC 1122. Each packet either is received or not, moves just these counters,
 * and has just this answer.
 */
#include "seen.h"

#define DATA "0123456789"
#define LEN 10

EUDP_FIXTURE(badpackets)

/* How a packet is to be bad; what is zero is as it should be */
struct bad {
	const char *name;
	int tot_len;		/* of the IP header, */
	int wire_len;		/* and how much there is of the packet */
	int udp_len;		/* NONE is zero */
	int sport, dport;	/* NONE is zero */
	int check;		/* NONE is zero, WRONG is wrong */
	const char *seen;
};

static void __inject_bad(struct __test_metadata *_metadata, struct wire *w,
			 const struct bad *bad)
{
	struct packet p;
	struct header *h = head_of(&p);
	int good = IP_LEN + HDR_LEN + LEN;

	make(&p, w->door, 5000, DATA, LEN);
	h = head_of(&p);
	h->source = htons(value(bad->sport, 4000));
	h->dest = htons(value(bad->dport, 5000));
	h->len = htons(value(bad->udp_len, HDR_LEN + LEN));
	h->check = datagram_sum(&p, ntohs(h->len) < 1000 ? ntohs(h->len) : 18);
	if (bad->check == WRONG)
		h->check ^= htons(0x0101);
	else
		h->check = htons(value(bad->check, ntohs(h->check)));
	p.ip.tot_len = htons(value(bad->tot_len, good));
	sum_ip(&p);
	__inject_bytes(_metadata, w->tap, &p,
		       bad->wire_len ?: ntohs(p.ip.tot_len));
}

/* Lengths that do not agree, checksums, ports */
TEST_F(badpackets, datagram)
{
	static const struct bad cases[] = {
		{ .name = "good", .seen = "got 10 InDatagrams" },
		{ .name = "no header of it", .tot_len = 20, .seen = "InErrors" },
		{ .name = "1 byte of it", .tot_len = 21, .seen = "InErrors" },
		{ .name = "the ports", .tot_len = 24, .seen = "InErrors" },
		{ .name = "7 bytes", .tot_len = 27, .seen = "InErrors" },
		{ .name = "length 0", .udp_len = NONE, .seen = "InErrors" },
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
		{ .name = "bytes behind it", .tot_len = 1000,
		  .seen = "got 10 InDatagrams" },
		{ .name = "bytes behind an empty one", .tot_len = 1000,
		  .udp_len = 8, .seen = "got 0 InDatagrams" },
		{ .name = "bytes behind it, bad sum", .tot_len = 1000,
		  .check = WRONG, .seen = "InErrors InCsumErrors" },
		/* The link may fill up a frame, and must not cut one */
		{ .name = "bytes behind the packet", .wire_len = 60,
		  .seen = "got 10 InDatagrams" },
		{ .name = "packet cut", .wire_len = 37,
		  .seen = "IpExt:InTruncatedPkts" },
		{ .name = "packet cut in the header", .wire_len = 24,
		  .seen = "IpExt:InTruncatedPkts" },
		{ .name = "no checksum", .check = NONE,
		  .seen = "got 10 InDatagrams" },
		{ .name = "checksum wrong", .check = WRONG,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "checksum of ones", .check = 0xffff,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "no checksum, too long", .check = NONE,
		  .udp_len = 19, .seen = "InErrors" },
		{ .name = "no checksum, length 0", .check = NONE,
		  .udp_len = NONE, .seen = "InErrors" },
		{ .name = "source port 0", .sport = NONE,
		  .seen = "got 10 InDatagrams" },
		{ .name = "port 0", .dport = NONE,
		  .seen = "NoPorts icmp 3/3" },
		{ .name = "both ports 0", .sport = NONE, .dport = NONE,
		  .seen = "NoPorts icmp 3/3" },
		{ .name = "to nobody", .dport = 5001,
		  .seen = "NoPorts icmp 3/3" },
		{ .name = "to nobody, no checksum", .dport = 5001,
		  .check = NONE, .seen = "NoPorts icmp 3/3" },
		/* A damaged one has no sender who could be told */
		{ .name = "to nobody, checksum wrong", .dport = 5001,
		  .check = WRONG, .seen = "InErrors InCsumErrors" },
		{ .name = "to nobody, too long", .dport = 5001,
		  .udp_len = 19, .seen = "InErrors" },
		{ .name = "to nobody, short header", .dport = 5001,
		  .tot_len = 27, .seen = "InErrors" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		__inject_bad(_metadata, &w, &cases[i]);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Bytes of the IP header that are wrong; all else is right */
TEST_F(badpackets, ip_header)
{
	static const struct {
		const char *name;
		int at, byte;
		bool summed;	/* the header's checksum fits */
		const char *seen;
	} cases[] = {
		{ "version 0", 0, 0x05, true, "Ip:InHdrErrors" },
		{ "version 5", 0, 0x55, true, "Ip:InHdrErrors" },
		{ "version 6", 0, 0x65, true, "Ip:InHdrErrors" },
		{ "header of 0", 0, 0x40, true, "Ip:InHdrErrors" },
		{ "header of 16", 0, 0x44, true, "Ip:InHdrErrors" },
		{ "header longer than the packet", 0, 0x4f, true,
		  "Ip:InHdrErrors" },
		{ "length 0", 3, 0, true, "Ip:InHdrErrors" },
		{ "length 19", 3, 19, true, "Ip:InHdrErrors" },
		{ "checksum", 10, 0x12, false,
		  "Ip:InHdrErrors IpExt:InCsumErrors" },
		{ "ttl 0", 8, 0, true, "got 10 InDatagrams" },
		{ "ttl 1", 8, 1, true, "got 10 InDatagrams" },
		{ "tos", 1, 0xff, true, "got 10 InDatagrams" },
		{ "identification", 5, 0xff, true, "got 10 InDatagrams" },
		{ "bit that is reserved", 6, 0x80, true, "got 10 InDatagrams" },
		{ "do not fragment", 6, 0x40, true, "got 10 InDatagrams" },
		{ "protocol of nobody", 9, 254, true,
		  "Ip:InUnknownProtos icmp 3/2" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	/* The raw socket of settle() would be somebody */
	close(settle_fd);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, 5000, DATA, LEN);
		((unsigned char *)&p.ip)[cases[i].at] = cases[i].byte;
		if (cases[i].summed) {
			p.ip.check = 0;
			p.ip.check = ~sum(&p.ip, p.ip.ihl * 4 ?: 20, 0);
		}
		inject_bytes(w.tap, &p, IP_LEN + HDR_LEN + LEN);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Frames of the link: too short for a header, for others, of other kinds */
TEST_F(badpackets, frame)
{
	static const struct {
		const char *name;
		int len, dhost, type;
		const char *seen;
	} cases[] = {
		{ "no packet", 0, 2, ETHERTYPE_IP, "Ip:InHdrErrors" },
		{ "1 byte", 1, 2, ETHERTYPE_IP, "Ip:InHdrErrors" },
		{ "19 bytes", 19, 2, ETHERTYPE_IP, "Ip:InHdrErrors" },
		{ "to another station", 38, 4, ETHERTYPE_IP, "nothing" },
		{ "to all stations", 38, 0xff, ETHERTYPE_IP,
		  "got 10 InDatagrams" },
		{ "to a group of stations", 38, 3, ETHERTYPE_IP,
		  "got 10 InDatagrams" },
		{ "IPv6", 38, 2, ETHERTYPE_IPV6, "nothing" },
		{ "ARP", 38, 2, ETHERTYPE_ARP, "nothing" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, 5000, DATA, LEN);
		sum_ip(&p);
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

/* Where no datagram should come from, and where it should not go */
TEST_F(badpackets, addresses)
{
	static const struct {
		const char *from, *to;
		int port;
		const char *seen;
	} cases[] = {
		{ YOU, ME, 5000, "got 10 InDatagrams" },
		/* RFC 1122 3.2.1.3: what a source must not be is no error */
		{ "255.255.255.255", ME, 5000, "nothing" },
		{ "224.0.0.1", ME, 5000, "nothing" },
		{ "239.1.2.3", ME, 5000, "nothing" },
		{ "240.0.0.1", ME, 5000, "got 10 InDatagrams" },
		{ "127.0.0.1", ME, 5000, "nothing" },
		{ "0.0.0.0", ME, 5000, "nothing" },
		{ ME, ME, 5000, "nothing" },
		/* Nor must these be, but they pass */
		{ "0.1.2.3", ME, 5000, "got 10 InDatagrams" },
		{ "192.0.2.255", ME, 5000, "got 10 InDatagrams" },
		{ "192.0.2.255", ME, 5001, "NoPorts icmp 3/3" },
		/* No route back: no matter without an answer */
		{ "198.51.100.1", ME, 5000, "got 10 InDatagrams" },
		{ "198.51.100.1", ME, 5001, "NoPorts" },
		/* RFC 1122 4.1.3.6, and no answer to any of them */
		{ "255.255.255.255", ME, 5001, "nothing" },
		{ "224.0.0.1", ME, 5001, "nothing" },
		{ "127.0.0.1", ME, 5001, "nothing" },
		/* Destinations */
		{ YOU, "127.0.0.1", 5000, "nothing" },
		{ YOU, "192.0.2.3", 5000, "Ip:InAddrErrors" },
		{ YOU, "0.0.0.0", 5000, "nothing" },
		{ YOU, "240.0.0.1", 5000, "Ip:InAddrErrors" },
		{ YOU, NOWHERE, 5000, "Ip:InAddrErrors" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, cases[i].port, DATA, LEN);
		p.ip.saddr = inet_addr(cases[i].from);
		p.ip.daddr = inet_addr(cases[i].to);
		resum(&p);
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s to %s", cases[i].from, cases[i].to);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* To many: no error is answered, RFC 1122 3.2.2, whatever is wrong */
TEST_F(badpackets, to_many)
{
	static const struct {
		const char *to;
		int port, check, len, udp_len;
		const char *seen;
	} cases[] = {
		{ "192.0.2.255", 5000, 0, 10, 0, "got 10 InDatagrams" },
		{ "224.0.0.1", 5000, 0, 10, 0, "got 10 InDatagrams" },
		{ "192.0.2.255", 5001, 0, 10, 0, "IgnoredMulti" },
		{ "255.255.255.255", 5001, 0, 10, 0, "IgnoredMulti" },
		{ "224.0.0.1", 5001, 0, 10, 0, "IgnoredMulti" },
		{ "192.0.2.255", 5000, WRONG, 10, 0,
		  "InErrors InCsumErrors" },
		{ "192.0.2.255", 5001, WRONG, 10, 0,
		  "InErrors InCsumErrors" },
		{ "224.0.0.1", 5001, WRONG, 10, 0,
		  "InErrors InCsumErrors" },
		/* The checksum of a long one is that of who receives it */
		{ "192.0.2.255", 5001, WRONG, 100, 0, "IgnoredMulti" },
		{ "192.0.2.255", 5000, WRONG, 100, 0,
		  "InErrors InCsumErrors" },
		{ "192.0.2.255", 5000, 0, 10, 7, "InErrors" },
		{ "192.0.2.255", 5000, 0, 10, 19, "InErrors" },
		{ "192.0.2.255", 0, 0, 10, 0, "IgnoredMulti" },
		/* A group that nobody has joined is not ours */
		{ "239.1.2.3", 5000, 0, 10, 0, "nothing" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	static const char data[100];
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, cases[i].port, data, cases[i].len);
		memset(p.eth.ether_dhost, 0xff, ETH_ALEN);
		p.ip.daddr = inet_addr(cases[i].to);
		resum(&p);
		if (cases[i].udp_len)
			head_of(&p)->len = htons(cases[i].udp_len);
		if (cases[i].check == WRONG)
			head_of(&p)->check ^= htons(0x0101);
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s, port %d", cases[i].to, cases[i].port);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Options of IP that are wrong have an answer that says where: RFC 792 */
TEST_F(badpackets, options)
{
	static const struct {
		const char *name;
		int len;
		const char *options, *seen;
	} cases[] = {
		{ "none wrong", 4, "\x01\x01\x01\x00", "got 10 InDatagrams" },
		{ "length 0", 4, "\x07\x00\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "length 1", 4, "\x07\x01\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "longer than the header", 4, "\x07\x07\x04\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "no length", 4, "\x01\x01\x01\x07",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "record route, too short", 4, "\x07\x02\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "record route, pointer", 8,
		  "\x07\x07\x03\x00\x00\x00\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "record route, half an address", 8,
		  "\x07\x06\x04\x00\x00\x00\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "record route twice", 16,
		  "\x07\x07\x04\x00\x00\x00\x00\x07\x07\x04\x00\x00\x00\x00\x01\x01",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "time stamp, pointer", 8, "\x44\x08\x04\x00\x00\x00\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "time stamp, overflow", 8,
		  "\x44\x08\x09\xf0\x00\x00\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		/* Refused by default, and no error */
		{ "source route that ends here", 8,
		  "\x83\x07\x08\x0a\x01\x02\x03\x00", "nothing" },
		{ "source route that goes on", 8,
		  "\x83\x07\x04\x0a\x01\x02\x03\x00", "nothing" },
		{ "two source routes", 16,
		  "\x83\x07\x08\x0a\x01\x02\x03\x89\x07\x08\x0a\x01\x02\x03\x00\x00",
		  "Ip:InHdrErrors" },
		{ "router alert, too short", 4, "\x94\x03\x00\x00",
		  "Ip:InHdrErrors icmp 12/0" },
		{ "unknown", 4, "\x99\x04\x12\x34", "got 10 InDatagrams" },
		{ "unknown, length 0", 4, "\x99\x00\x12\x34",
		  "Ip:InHdrErrors icmp 12/0" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int log = log_begin();
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_with(&p, w.door, 5000, DATA, LEN, cases[i].options,
			  cases[i].len);
		inject(w.tap, &p);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* Options do not move what is behind them, and are quoted in an answer */
TEST_F(badpackets, options_and_datagram)
{
	struct wire w = wire(bound("0.0.0.0", 5000));
	struct packet p, icmp;
	char nops[40];
	int len;

	memset(nops, 1, sizeof(nops));
	for (len = 4; len <= 40; len += 4) {
		make_with(&p, w.door, 5000, DATA, LEN, nops, len);
		inject(w.tap, &p);
		EXPECT_STREQ("got 10 InDatagrams", seen(&w));
		data_of(&p)[0] ^= 1;
		inject(w.tap, &p);
		EXPECT_STREQ("InErrors InCsumErrors", seen(&w));
		make_with(&p, w.door, 5001, DATA, LEN, nops, len);
		inject(w.tap, &p);
		ASSERT_LT(IP_LEN + 8 + IP_LEN + len + HDR_LEN,
			  sent(w.tap, IPPROTO_ICMP, &icmp));
		EXPECT_EQ(0, memcmp(icmp.rest + 8, frame_of(&p) + ETH_HLEN,
				    IP_LEN + len + HDR_LEN + LEN));
		EXPECT_STREQ("NoPorts", seen(&w));
	}
}

/* Fragments, which are at offsets of 8 bytes; 1008 are a whole datagram */
struct part {
	int from, to;
	bool last;
};

TEST_F(badpackets, fragments)
{
	static const struct {
		const char *name;
		struct part parts[4];
		const char *seen;
	} cases[] = {
		{ "in order", { { 0, 400 }, { 400, 800 }, { 800, 1008, true } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "reverse", { { 800, 1008, true }, { 400, 800 }, { 0, 400 } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "first last", { { 400, 800 }, { 800, 1008, true },
				  { 0, 400 } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "header alone", { { 0, 8 }, { 8, 1008, true } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "no first", { { 400, 800 }, { 800, 1008, true } },
		  "nothing" },
		{ "no middle", { { 0, 400 }, { 800, 1008, true } },
		  "nothing" },
		{ "no last", { { 0, 400 }, { 400, 800 } }, "nothing" },
		{ "one twice", { { 0, 400 }, { 0, 400 }, { 400, 1008, true } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "the last twice", { { 400, 1008, true }, { 400, 1008, true },
				      { 0, 400 } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		/* RFC 5722 for IPv6, and Linux for IPv4: all are dropped */
		{ "overlap", { { 0, 408 }, { 400, 1008, true } },
		  "Ip:ReasmFails" },
		{ "overlap in front", { { 400, 1008, true }, { 0, 408 } },
		  "Ip:ReasmFails" },
		{ "one around another", { { 400, 408 }, { 392, 1008, true } },
		  "Ip:ReasmFails" },
		{ "two ends", { { 400, 800, true }, { 800, 1008, true } },
		  "Ip:ReasmFails" },
		{ "end before the end", { { 400, 1008 }, { 200, 400, true } },
		  "Ip:ReasmFails" },
		{ "empty", { { 400, 400 } }, "Ip:ReasmFails" },
		{ "not by 8", { { 0, 401 }, { 400, 1008, true } },
		  "got 1000 InDatagrams Ip:ReasmOKs" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	unsigned char data[1000];
	int log = log_begin();
	struct packet p;
	unsigned int i, k;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, 5000, data, sizeof(data));
		p.ip.id = htons(i + 1);
		for (k = 0; k < 4 && cases[i].parts[k].to; k++) {
			const struct part *part = &cases[i].parts[k];

			inject_part(w.tap, &p, part->from, part->to,
				    part->last ? 0 : IP_MF);
		}
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, log_errors(log));
}

/* A datagram put together is held to the same rules */
TEST_F(badpackets, fragments_of_bad)
{
	static const struct {
		const char *name;
		int dport, len, check;
		const char *seen;
	} cases[] = {
		{ "good", 5000, 1008, 0, "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "no checksum", 5000, 1008, NONE,
		  "got 1000 InDatagrams Ip:ReasmOKs" },
		{ "wrong", 5000, 1008, WRONG,
		  "InErrors InCsumErrors Ip:ReasmOKs" },
		{ "too long", 5000, 1009, 0, "InErrors Ip:ReasmOKs" },
		{ "too short", 5000, 7, 0, "InErrors Ip:ReasmOKs" },
		{ "the first would do", 5000, 400, NONE,
		  "got 392 InDatagrams Ip:ReasmOKs" },
		{ "to nobody", 5001, 1008, 0,
		  "NoPorts Ip:ReasmOKs icmp 3/3" },
		{ "to nobody, wrong", 5001, 1008, WRONG,
		  "InErrors InCsumErrors Ip:ReasmOKs" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	unsigned char data[1000] = {};
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&p, w.door, cases[i].dport, data, sizeof(data));
		head_of(&p)->len = htons(cases[i].len);
		if (cases[i].check == NONE)
			head_of(&p)->check = 0;
		if (cases[i].check == WRONG)
			head_of(&p)->check ^= htons(1);
		p.ip.id = htons(i + 1);
		inject_part(w.tap, &p, 400, 1008, 0);
		inject_part(w.tap, &p, 0, 400, IP_MF);
		EXPECT_STREQ(cases[i].seen, seen(&w))
			TH_LOG("%s", cases[i].name);
	}
}

/* Longer than any packet once put together: "ping of death" */
TEST_F(badpackets, fragments_too_far)
{
	struct wire w = wire(bound("0.0.0.0", 5000));
	unsigned char data[1000] = {};
	struct packet p, part;
	int from;

	make(&p, w.door, 5000, data, sizeof(data));
	p.ip.id = htons(1);
	inject_part(w.tap, &p, 0, 1008, IP_MF);
	for (from = 1008; from <= 64512; from += 1008) {
		part = p;
		part.ip.frag_off = htons(from / 8 | IP_MF);
		inject(w.tap, &part);
	}
	EXPECT_STREQ("nothing", seen(&w));
	part.ip.frag_off = htons(from / 8);
	inject(w.tap, &part);
	EXPECT_STREQ("Ip:ReasmFails", seen(&w));
}

/* Over lo by a raw socket, as any user with the right may send */
TEST_F(badpackets, raw_over_lo)
{
	static const struct bad cases[] = {
		{ .name = "good", .seen = "got 10 InDatagrams" },
		{ .name = "no header of it", .tot_len = 20, .seen = "InErrors" },
		{ .name = "7 bytes", .tot_len = 27, .seen = "InErrors" },
		{ .name = "length 0", .udp_len = NONE, .seen = "InErrors" },
		{ .name = "length 19", .udp_len = 19, .seen = "InErrors" },
		{ .name = "length 9", .udp_len = 9,
		  .seen = "got 1 InDatagrams" },
		/* No device has vouched for it */
		{ .name = "wrong", .check = WRONG,
		  .seen = "InErrors InCsumErrors" },
		{ .name = "no checksum", .check = NONE,
		  .seen = "got 10 InDatagrams" },
	};
	struct wire w = wire(bound("0.0.0.0", 5000));
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct packet p;
	unsigned int i;

	ASSERT_LE(0, raw);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bad *bad = &cases[i];

		make(&p, w.door, 5000, DATA, LEN);
		p.ip.saddr = inet_addr("127.0.0.1");
		p.ip.daddr = inet_addr("127.0.0.1");
		head_of(&p)->len = htons(value(bad->udp_len, HDR_LEN + LEN));
		resum(&p);
		if (bad->check == WRONG)
			head_of(&p)->check ^= htons(0x0101);
		if (bad->check == NONE)
			head_of(&p)->check = 0;
		p.ip.tot_len = htons(value(bad->tot_len, 38));
		loop_packet(raw, &p);
		EXPECT_STREQ(bad->seen, seen(&w))
			TH_LOG("%s", bad->name);
	}
}

TEST_HARNESS_MAIN
