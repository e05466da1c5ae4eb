// SPDX-License-Identifier: GPL-2.0
/*
 * What goes over the wire, and what comes from it: RFC 768, RFC 1122 4.1. The
 * wire is a tun device, the test is all that there is at its other end.
 */
#include "wire.h"

#ifndef SO_NO_CHECK
#define SO_NO_CHECK	11
#endif

EUDP_FIXTURE(wire)

/* The counters that a drop may touch, in one string to compare */
static const char *counters(const struct door *d)
{
	static char text[4][96];
	static int turn;
	char *s = text[turn++ % 4];

	snprintf(s, sizeof(text[0]), "in %ld err %ld csum %ld noport %ld",
		 counter(d, "InDatagrams"), counter(d, "InErrors"),
		 counter(d, "InCsumErrors"), counter(d, "NoPorts"));
	return s;
}

/* Every field of what is sent, by both kinds of send and for some lengths */
TEST_F(wire, sent)
{
	static const int lengths[] = { 0, 1, 2, 3, 7, 64, 999, 1471, 1472 };
	int fds[2], t = tun(), len, got;
	const struct door *d = &variant->door;
	unsigned char data[MTU];
	struct packet p;
	unsigned int i;

	fds[0] = bound(ME, 5000);
	fds[1] = joined(bound("0.0.0.0", 6000), YOU, 9);
	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(lengths) * 2; i++) {
		len = lengths[i / 2];
		EXPECT_EQ(len, i % 2 ? send(fds[1], data, len, 0) :
			  send_to(fds[0], YOU, 9, data, len));
		got = sent(t, d->wire, &p);
		ASSERT_EQ(IP_LEN + HDR_LEN + len, got);
		EXPECT_EQ(5, p.ip.ihl + 0);
		EXPECT_EQ(0, p.ip.tos);
		EXPECT_EQ(got, ntohs(p.ip.tot_len));
		EXPECT_EQ(IP_DF, ntohs(p.ip.frag_off));
		EXPECT_EQ(64, p.ip.ttl);
		EXPECT_EQ(d->wire, p.ip.protocol);
		EXPECT_EQ(0xffff, sum(&p.ip, IP_LEN, 0));
		EXPECT_EQ(inet_addr(ME), p.ip.saddr);
		EXPECT_EQ(inet_addr(YOU), p.ip.daddr);
		EXPECT_EQ(i % 2 ? 6000 : 5000, ntohs(p.h.source));
		EXPECT_EQ(9, ntohs(p.h.dest));
		EXPECT_EQ(HDR_LEN + len, ntohs(p.h.len));
		EXPECT_NE(0, p.h.check);
		EXPECT_EQ(0, transport_sum(&p.ip, &p.h, HDR_LEN + len))
			TH_LOG("length %d: %04x", len, p.h.check);
		EXPECT_EQ(0, memcmp(data, p.data, len));
		EXPECT_EQ(0, sent(t, d->wire, &p));
	}
	EXPECT_EQ(ARRAY_SIZE(lengths) * 2, counter(d, "OutDatagrams"));
}

/* RFC 768: a computed checksum of zero is sent as all ones */
TEST_F(wire, checksum_zero)
{
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9), i;
	const struct door *d = &variant->door;
	struct packet p;
	__u16 data;

	for (i = 0; i < 2; i++) {
		/* What its sum is short of zero is what makes it zero */
		data = 0;
		EXPECT_EQ(2, send(fd, &data, 2, 0));
		ASSERT_EQ(30, sent(t, d->wire, &p));
		data = p.h.check;
		EXPECT_EQ(2, i ? send(fd, &data, 2, 0) :
			  send_to(fd, YOU, 9, &data, 2));
		ASSERT_EQ(30, sent(t, d->wire, &p));
		EXPECT_EQ(0xffff, p.h.check);
	}
	/* socket(7) leaves SO_NO_CHECK out: no checksum, which is zero */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK, 1));
	EXPECT_EQ(2, send(fd, "ab", 2, 0));
	ASSERT_EQ(30, sent(t, d->wire, &p));
	EXPECT_EQ(0, p.h.check);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK, 0));
	EXPECT_EQ(2, send(fd, "ab", 2, 0));
	ASSERT_EQ(30, sent(t, d->wire, &p));
	EXPECT_NE(0, p.h.check);
}

/* Longer than the MTU: fragments, and one checksum over the whole */
TEST_F(wire, sent_in_fragments)
{
	static const int lengths[] = { 1473, 2952, 2953, 5001 };
	int t = tun(), fd = bound(ME, 5000), n, at, off, k;
	const struct door *d = &variant->door;
	static unsigned char data[6000], whole[6000];
	struct packet p, first = {};
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		int len = lengths[i];

		memset(whole, 0, sizeof(whole));
		EXPECT_EQ(len, send_to(fd, YOU, 9, data, len));
		at = 0;
		for (k = 0; (n = sent(t, d->wire, &p)); k++) {
			if (!k)
				first = p;
			EXPECT_EQ(n, ntohs(p.ip.tot_len));
			EXPECT_GE(MTU, n);
			EXPECT_EQ(0xffff, sum(&p.ip, IP_LEN, 0));
			EXPECT_EQ(first.ip.id, p.ip.id);
			off = ntohs(p.ip.frag_off);
			EXPECT_EQ(0, off & IP_DF);
			EXPECT_EQ(at, (off & IP_OFFMASK) * 8);
			ASSERT_GE(sizeof(whole), at + n - IP_LEN);
			memcpy(whole + at, &p.h, n - IP_LEN);
			at += n - IP_LEN;
			EXPECT_EQ(at < len + HDR_LEN, !!(off & IP_MF));
		}
		ASSERT_EQ(len + HDR_LEN, at);
		EXPECT_EQ(len + HDR_LEN, ntohs(first.h.len));
		EXPECT_EQ(0, transport_sum(&first.ip, whole, at));
		EXPECT_EQ(0, memcmp(data, whole + HDR_LEN, len));
	}
	EXPECT_EQ(ARRAY_SIZE(lengths), counter(d, "OutDatagrams"));
}

/* What is received, and from whom; port 0 may be a source (RFC 768) */
TEST_F(wire, received)
{
	static const int lengths[] = { 0, 1, 2, 3, 63, 1471, 1472 };
	int t = tun(), fd = bound(ME, 5000), n = 0;
	const struct door *d = &variant->door;
	unsigned char data[MTU], got[MTU];
	struct sockaddr_in from;
	socklen_t fromlen;
	struct packet p;
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (i = 0; i < ARRAY_SIZE(lengths) * 3; i++) {
		make(&p, d, i % 3 ? 4000 : 0, 5000, data, lengths[i / 3]);
		/* Without a checksum it is as good */
		if (i % 3 == 2)
			p.h.check = 0;
		inject(t, &p);
		fromlen = sizeof(from);
		ASSERT_EQ(POLLIN, await(fd, POLLIN));
		EXPECT_EQ(lengths[i / 3], recvfrom(fd, got, sizeof(got), 0,
						   sa(&from), &fromlen));
		EXPECT_EQ(0, memcmp(data, got, lengths[i / 3]));
		EXPECT_STREQ(i % 3 ? YOU ":4000" : YOU ":0", show(0, &from));
		n++;
	}
	EXPECT_EQ(n, counter(d, "InDatagrams"));
	EXPECT_EQ(0, counter(d, "InErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	/* Looking is not receiving */
	inject(t, &p);
	EXPECT_EQ(1472, recv(fd, got, sizeof(got), MSG_PEEK));
	EXPECT_EQ(n, counter(d, "InDatagrams"));
	EXPECT_EQ(1472, recv(fd, got, 1, MSG_TRUNC));
	EXPECT_EQ(n + 1, counter(d, "InDatagrams"));
}

/* A checksum that is wrong: dropped, counted, and not there for anybody */
TEST_F(wire, checksum_bad)
{
	struct timeval tv = { .tv_sec = SOON_MS / 1000 };
	int t = tun(), fd = bound(ME, 5000), n, bad = 0, k;
	const struct door *d = &variant->door;
	static const int lengths[] = { 1, 2, 63, 64, 1472 };
	unsigned char data[MTU], got[MTU];
	struct packet p;
	unsigned int i;

	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	memset(data, 'a', sizeof(data));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (k = 0; k < 4; k++) {
			make(&p, d, 4000, 5000, data, lengths[i]);
			switch (k) {
			case 0: /* the checksum itself */
				p.h.check ^= htons(1);
				break;
			case 1: /* the last byte of data */
				p.data[lengths[i] - 1] ^= 0x80;
				break;
			case 2: /* from elsewhere: the pseudo header */
				p.ip.saddr = inet_addr("192.0.2.3");
				break;
			case 3: /* of the other protocol */
				p.ip.protocol = IPPROTO_UDP + IPPROTO_EUDP -
						d->wire;
				p.h.check = 0;
				p.h.check = transport_sum(&p.ip, &p.h, HDR_LEN +
							  lengths[i]);
				p.ip.protocol = d->wire;
				break;
			}
			inject(t, &p);
			bad++;
		}
		/* They are passed over, and the good one is what is received */
		make(&p, d, 4000, 5000, data, lengths[i]);
		inject(t, &p);
		switch (i % 3) {
		case 0:
			EXPECT_EQ(lengths[i], recv(fd, got, MTU, 0));
			break;
		case 1:
			EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
			EXPECT_EQ(lengths[i], n);
			EXPECT_EQ(lengths[i], recv(fd, got, MTU, 0));
			break;
		case 2:
			EXPECT_EQ(lengths[i], recv(fd, got, 1, MSG_PEEK |
						   MSG_TRUNC));
			EXPECT_EQ(lengths[i], recv(fd, got, 1, MSG_TRUNC));
			break;
		}
		EXPECT_EQ('a', got[0]);
		EXPECT_EQ(bad, counter(d, "InCsumErrors"));
		EXPECT_EQ(bad, counter(d, "InErrors"));
		EXPECT_EQ(i + 1, counter(d, "InDatagrams"));
	}
	/* Alone it is as if there were none */
	p.h.check ^= htons(1);
	inject(t, &p);
	EXPECT_EQ(0, ready(fd, POLLIN));
	EXPECT_EQ(bad + 1, counter(d, "InCsumErrors"));
	inject(t, &p);
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	inject(t, &p);
	EXPECT_EQ(EAGAIN, err_of(recv(fd, got, MTU, MSG_DONTWAIT)));
	inject(t, &p);
	EXPECT_EQ(EAGAIN, err_of(recv(fd, got, 1, MSG_DONTWAIT | MSG_PEEK)));
	EXPECT_EQ(bad + 4, counter(d, "InCsumErrors"));
	EXPECT_EQ(bad + 4, counter(d, "InErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	EXPECT_EQ(0, sent(t, IPPROTO_ICMP, &p));
}

/* The length in the header, and that of the packet */
TEST_F(wire, lengths)
{
	static const struct {
		const char *name;
		int packet;	/* what the packet has after the IP header */
		int len;	/* what the header says */
		int err;
		int ret;	/* what is received */
	} cases[] = {
		{ "whole", 12, 12, 0, 4 },
		{ "trailing byte", 13, 12, 0, 4 },
		{ "trailing bytes", 1000, 12, 0, 4 },
		{ "empty, trailing bytes", 12, 8, 0, 0 },
		{ "empty", 8, 8, 0, 0 },
		{ "a byte too long", 12, 13, 1, -EAGAIN },
		{ "much too long", 12, 65535, 1, -EAGAIN },
		{ "a byte less than the header", 12, 7, 1, -EAGAIN },
		{ "nothing", 12, 0, 1, -EAGAIN },
		{ "no whole header", 7, 8, 1, -EAGAIN },
		{ "half a header", 4, 12, 1, -EAGAIN },
		{ "no header", 0, 8, 1, -EAGAIN },
	};
	int t = tun(), fd = bound(ME, 5000), errors = 0, in = 0, check, ret;
	const struct door *d = &variant->door;
	unsigned char data[1024];
	struct packet p;
	unsigned int i;

	memset(data, 'b', sizeof(data));
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		int packet = c->packet, len = c->len;

		make(&p, d, 4000, 5000, data, 1000);
		p.ip.tot_len = htons(IP_LEN + packet);
		p.h.len = htons(len);
		p.h.check = 0;
		check = transport_sum(&p.ip, &p.h, len < 1000 ? len : packet);
		p.h.check = i % 2 ? 0 : check;
		inject(t, &p);
		ret = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		EXPECT_EQ(c->ret, ret < 0 ? -errno : ret)
			TH_LOG("%s", c->name);
		errors += c->err;
		in += !c->err;
		EXPECT_EQ(errors, counter(d, "InErrors"))
			TH_LOG("%s", c->name);
	}
	EXPECT_EQ(in, counter(d, "InDatagrams"));
	EXPECT_EQ(0, counter(d, "InCsumErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	/* Malformed is not unreachable */
	EXPECT_EQ(0, sent(t, IPPROTO_ICMP, &p));
}

/* In fragments, in any order, and a wrong checksum in the last of them */
TEST_F(wire, received_in_fragments)
{
	int t = tun(), fd = bound(ME, 5000), order, i, bad;
	const struct door *d = &variant->door;
	unsigned char data[1200], got[2000];
	struct packet p, part;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + 1;
	for (order = 0; order < 4; order++) {
		bad = order / 2;
		make(&p, d, 4000, 5000, data, sizeof(data));
		p.ip.id = htons(order + 1);
		if (bad)
			p.data[1199] ^= 1;
		for (i = 0; i < 2; i++) {
			int second = i ^ (order & 1);

			part = p;
			if (second)
				memcpy(&part.h, p.data + 600 - HDR_LEN, 608);
			part.ip.tot_len = htons(IP_LEN + (second ? 608 : 600));
			part.ip.frag_off = htons(second ? 600 / 8 : IP_MF);
			inject(t, &part);
		}
		if (bad) {
			EXPECT_EQ(EAGAIN, silent(fd));
		} else {
			EXPECT_EQ(1200, take(fd, got, sizeof(got)));
			EXPECT_EQ(0, memcmp(data, got, 1200));
		}
		EXPECT_EQ(bad ? order - 1 : 0, counter(d, "InCsumErrors"));
	}
}

/* RFC 1122 4.1.3.1: nobody listens there, and the sender is told */
TEST_F(wire, port_unreachable)
{
	const struct door *d = &variant->door;
	int t = tun(), fd = bound(ME, 5000);
	struct packet p, icmp, quoted;
	struct icmphdr *h = (struct icmphdr *)&icmp.h;

	make(&p, d, 4000, 5001, "hello", 5);
	inject(t, &p);
	ASSERT_LE(IP_LEN + 8 + IP_LEN + 8, sent(t, IPPROTO_ICMP, &icmp));
	EXPECT_EQ(inet_addr(YOU), icmp.ip.daddr);
	EXPECT_EQ(inet_addr(ME), icmp.ip.saddr);
	EXPECT_EQ(ICMP_DEST_UNREACH, h->type);
	EXPECT_EQ(ICMP_PORT_UNREACH, h->code);
	memcpy(&quoted, h + 1, IP_LEN + HDR_LEN);
	EXPECT_EQ(0, memcmp(&quoted, &p, IP_LEN + HDR_LEN));
	EXPECT_STREQ("in 0 err 0 csum 0 noport 1", counters(d));

	/* Port 0 is nobody's */
	make(&p, d, 4000, 0, "hello", 5);
	inject(t, &p);
	EXPECT_NE(0, sent(t, IPPROTO_ICMP, &icmp));
	EXPECT_STREQ("in 0 err 0 csum 0 noport 2", counters(d));
	/* The address counts, and so does the peer's */
	make(&p, d, 4000, 5000, "hello", 5);
	joined(fd, YOU, 4001);
	inject(t, &p);
	EXPECT_NE(0, sent(t, IPPROTO_ICMP, &icmp));
	EXPECT_STREQ("in 0 err 0 csum 0 noport 3", counters(d));
	/* A datagram that is damaged is from nobody: no answer */
	p.h.check ^= htons(1);
	inject(t, &p);
	EXPECT_EQ(0, sent(t, IPPROTO_ICMP, &icmp));
	EXPECT_STREQ("in 0 err 1 csum 1 noport 3", counters(d));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/*
 * ICMP errors to a connected socket, ip(7): those that last are told, those
 * that may pass are not without IP_RECVERR. RFC 1122 4.1.3.3.
 */
TEST_F(wire, icmp_errors)
{
	static const struct {
		int type, code, err;
	} cases[] = {
		{ ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0 },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0 },
		{ ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, ENOPROTOOPT },
		{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, ECONNREFUSED },
		{ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, EMSGSIZE },
		{ ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0 },
		{ ICMP_DEST_UNREACH, ICMP_NET_UNKNOWN, ENETUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNKNOWN, EHOSTDOWN },
		{ ICMP_DEST_UNREACH, ICMP_HOST_ISOLATED, ENONET },
		{ ICMP_DEST_UNREACH, ICMP_NET_ANO, ENETUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_HOST_ANO, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_NET_UNR_TOS, 0 },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNR_TOS, 0 },
		{ ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_PREC_VIOLATION, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_PREC_CUTOFF, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, 16, 0 },
		{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0 },
		{ ICMP_PARAMETERPROB, 0, EPROTO },
		{ ICMP_SOURCE_QUENCH, 0, 0 },
	};
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9), k;
	int plain = bound(ME, 5001), raised;
	const struct door *d = &variant->door;
	struct packet p, q, mine;
	struct icmphdr *h = (struct icmphdr *)&p.h;
	unsigned int i;

	EXPECT_EQ(0, tag(fd, 1));
	ASSERT_EQ(29, sent(t, d->wire, &mine));
	/*
	 * Only what quotes this very packet counts: k is 0 for it, 1 for
	 * another destination port, 2 for another destination, 3 for another
	 * source port, which is that of an unconnected socket
	 */
	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		k = i % 4;
		q = mine;
		if (k == 1)
			q.h.dest = htons(10);
		if (k == 2)
			q.ip.daddr = inet_addr("192.0.2.3");
		if (k == 3)
			q.h.source = htons(5001);
		memset(&p, 0, sizeof(p));
		p.ip.version = 4;
		p.ip.ihl = 5;
		p.ip.ttl = 64;
		p.ip.protocol = IPPROTO_ICMP;
		p.ip.saddr = inet_addr(YOU);
		p.ip.daddr = inet_addr(ME);
		p.ip.tot_len = htons(IP_LEN + 8 + IP_LEN + 8);
		h->type = cases[i / 4].type;
		h->code = cases[i / 4].code;
		if (h->code == ICMP_FRAG_NEEDED)
			h->un.frag.mtu = htons(1400);
		memcpy(h + 1, &q, IP_LEN + 8);
		h->checksum = ~sum(h, 8 + IP_LEN + 8, 0);
		inject(t, &p);
		raised = get_int(fd, SOL_SOCKET, SO_ERROR);
		EXPECT_EQ(k ? 0 : cases[i / 4].err, raised)
			TH_LOG("type %d, code %d, %d", cases[i / 4].type,
			       cases[i / 4].code, k);
		EXPECT_EQ(0, get_int(plain, SOL_SOCKET, SO_ERROR));
	}
	EXPECT_EQ(0, tag(fd, 2));
	EXPECT_EQ(29, sent(t, d->wire, &p));
}

/* A datagram that cannot be stored is lost, and an error that is counted */
TEST_F(wire, counters_of_faults)
{
	const struct door *d = &variant->door;
	int t = tun(), fd = bound(ME, 5000);
	struct packet p;
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	make(&p, d, 4000, 5000, "hello", 5);
	inject(t, &p);
	EXPECT_EQ(EFAULT, err_of(recv(fd, hole, 5, MSG_PEEK)));
	EXPECT_STREQ("in 0 err 0 csum 0 noport 0", counters(d));
	EXPECT_EQ(EFAULT, err_of(recv(fd, hole, 5, 0)));
	EXPECT_STREQ("in 0 err 1 csum 0 noport 0", counters(d));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* A failed send is no datagram */
	EXPECT_EQ(EFAULT, err_of(send_to(fd, YOU, 9, hole, 5)));
	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, NOWHERE, 9, "x", 1)));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, sent(t, d->wire, &p));
	EXPECT_EQ(1, send_to(fd, YOU, 9, "x", 1));
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
	EXPECT_EQ(29, sent(t, d->wire, &p));
	EXPECT_EQ(0, sent(t, d->wire, &p));
}

TEST_HARNESS_MAIN
