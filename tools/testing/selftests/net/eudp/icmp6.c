// SPDX-License-Identifier: GPL-2.0
/*
 * ICMPv6 messages: which socket they are for and whether what they quote will
 * do (RFC 4443, RFC 8200, RFC 8754), redirects (RFC 4861), and who sends them:
 * this host, a firewall, a router. What a socket makes of them: errors6.c
 */
#include "icmp6.h"
#include "netns.h"

EUDP6_FIXTURE(icmp6)

/* Who is told is who sent it: the addresses and ports of what is quoted */
TEST_F(icmp6, whom)
{
	static const struct {
		const char *name, *saddr, *daddr;
		int sport, dport;
		bool joined, plain;	/* whether these sockets are told */
	} cases[] = {
		{ "the peer's", ME6, YOU6, 5000, 9, true, false },
		{ "another port", ME6, YOU6, 5000, 10, false, false },
		{ "another peer", ME6, FAR6, 5000, 9, false, false },
		{ "another address of ours", "2001:db8:1::9", YOU6, 5000, 9,
		  false, false },
		{ "not ours", "2001:db8:1::77", YOU6, 5000, 9, false, false },
		{ "another's port", ME6, YOU6, 5002, 9, false, false },
		{ "turned round", YOU6, ME6, 9, 5000, false, false },
		{ "unconnected", ME6, YOU6, 5001, 9, false, true },
		{ "to anywhere", ME6, FAR6, 5001, 77, false, true },
		{ "to port 0", ME6, FAR6, 5001, 0, false, true },
		{ "to a group", ME6, "ff0e::1", 5001, 9, false, true },
		{ "to ourselves", ME6, ME6, 5001, 9, false, true },
		{ "unconnected, another address of ours", "2001:db8:1::9",
		  YOU6, 5001, 9, false, true },
	};
	static const struct door icmp = { .version = AF_INET6,
		.snmp = "/proc/net/snmp6", .mib = "Icmp6" };
	int t = tun6(), fd = recverr6(bound(ME6, 5000)), k;
	int plain = recverr6(bound("::", 5001));
	const struct door *d = &variant->door;
	struct packet6 p, q;
	char want[160];
	unsigned int i;
	long lost;

	joined(fd, YOU6, 9);
	add_address("tun0", "2001:db8:1::9", 64);
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];

		k = i % 2;
		make_own6(&q, d, c->sport, c->daddr, "hello", 5);
		set_ip6(&q.ip.ip6_src, c->saddr);
		q.h.dest = htons(c->dport);
		/* The last time of the other protocol */
		if (k)
			q.ip.ip6_nxt = IPPROTO_UDP + IPPROTO_EUDP - d->wire;
		lost = counter(&icmp, "InErrors");
		make_icmp6(&p, YOU6, 1, 4, 0, &q, 53);
		inject6(t, &p);
		snprintf(want, sizeof(want), "1.4 of " YOU6
			 ": ECONNREFUSED 0 0, [%s]:%d 5", c->daddr, c->dport);
		EXPECT_STREQ(c->joined && !k ? want : "EAGAIN",
			     next_error6(fd))
			TH_LOG("%s, %d", c->name, k);
		EXPECT_STREQ(c->plain && !k ? want : "EAGAIN",
			     next_error6(plain))
			TH_LOG("%s, %d", c->name, k);
		/* The other one, of UDP, need not be there to count */
		if (!k || d->wire == IPPROTO_EUDP)
			EXPECT_EQ(lost + ((!c->joined && !c->plain) || k),
				  counter(&icmp, "InErrors"))
				TH_LOG("%s, %d", c->name, k);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("none", pending(plain));
	}
}

/* Sockets that share a port: that of the peer, else the one that is best */
TEST_F(icmp6, whom_of_many)
{
	static const char *const peers[] = {
		YOU6, "2001:db8:1::3", "2001:db8:1::4"
	};
	int t = tun6(), one = recverr6(shared(ME6, 5000)), i;
	int two = recverr6(shared(ME6, 5000)), any = recverr6(shared("::", 5000));
	int away = recverr6(shared(ME6, 5000));
	const struct door *d = &variant->door;
	struct packet6 p;
	char want[160];

	joined(one, peers[0], 9);
	joined(two, peers[1], 9);
	run("ip link add dummy0 type dummy");
	ASSERT_EQ(0, set_device(away, "dummy0"));
	for (i = 0; i < 3; i++) {
		make_own6(&p, d, 5000, peers[i], "hello", 5);
		tell6(t, 1, 4, 0, &p);
		snprintf(want, sizeof(want),
			 "1.4 of " YOU6 ": ECONNREFUSED 0 0, [%s]:9 5",
			 peers[i]);
		EXPECT_STREQ(i == 0 ? want : "EAGAIN", next_error6(one));
		EXPECT_STREQ(i == 1 ? want : "EAGAIN", next_error6(two));
		EXPECT_STREQ(i == 2 ? want : "EAGAIN", next_error6(any));
		EXPECT_STREQ("EAGAIN", next_error6(away));
	}
	/* An error is of the device that it comes from */
	ASSERT_EQ(0, set_device(any, "tun0"));
	tell6(t, 1, 4, 0, &p);
	EXPECT_STREQ(want, next_error6(any));
	close(any);
	tell6(t, 1, 4, 0, &p);
	EXPECT_STREQ("EAGAIN", next_error6(one));
	EXPECT_STREQ("EAGAIN", next_error6(two));
	EXPECT_STREQ("EAGAIN", next_error6(away));
}

/* What is no good as a quote, or is unusual */
TEST_F(icmp6, quotes)
{
	enum { AS_IS, VERSION, HOPS, SUM, LEN, ICMP_SUM };
	static const struct {
		const char *name;
		int kind, len;
		const char *entry;
	} cases[] = {
		{ "all of it", AS_IS, 53, "hello" },
		{ "with more", AS_IS, 59, "hello......" },
		{ "only the header", AS_IS, 48, "" },
		{ "less than the header", AS_IS, 47, NULL },
		{ "only the ports", AS_IS, 44, NULL },
		{ "no transport", AS_IS, 40, NULL },
		{ "no header of IP", AS_IS, 39, NULL },
		{ "nothing", AS_IS, 0, NULL },
		{ "version 4", VERSION, 53, "hello" },
		{ "no hops left", HOPS, 53, "hello" },
		{ "checksum wrong", SUM, 53, "hello" },
		{ "lengths wrong", LEN, 53, "hello" },
		{ "checksum of ICMP wrong", ICMP_SUM, 53, NULL },
	};
	int t = tun6(), fd = recverr6(joined(bound(ME6, 5000), YOU6, 9));
	const struct door *d = &variant->door;
	struct packet6 p, q;
	struct entry e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		make_own6(&q, d, 5000, YOU6, "hello......", 11);
		if (c->kind == VERSION)
			q.ip.ip6_flow = htonl(4 << 28);
		if (c->kind == HOPS)
			q.ip.ip6_hlim = 0;
		if (c->kind == SUM)
			q.h.check ^= 0x1234;
		if (c->kind == LEN) {
			q.ip.ip6_plen = htons(3);
			q.h.len = htons(3);
		}
		make_icmp6(&p, YOU6, 1, 4, 0, &q, c->len);
		if (c->kind == ICMP_SUM)
			icmp6_of(&p)->icmp6_cksum ^= 0x1234;
		inject6(t, &p);
		EXPECT_EQ(c->entry ? (ssize_t)strlen(c->entry) : -1,
			  take_entry(fd, &e))
			TH_LOG("%s", c->name);
		if (c->entry)
			EXPECT_STREQ(c->entry, (char *)e.data)
				TH_LOG("%s", c->name);
		EXPECT_STREQ("none", pending(fd));
	}
}

/* RFC 8200 4: there may be headers in between, and there may be no transport */
TEST_F(icmp6, quotes_extended)
{
	static const struct {
		const char *name;
		int type, ext_len;
		char ext[7];		/* behind the type of the next one */
		int len;		/* of the quote; 0 is all of it */
		bool told;
	} cases[] = {
		{ "hop-by-hop", 0, 8, "\0\1\4", 0, true },
		{ "just enough", 0, 8, "\0\1\4", 56, true },
		{ "too little", 0, 8, "\0\1\4", 55, false },
		{ "only that", 0, 8, "\0\1\4", 48, false },
		{ "not even that", 0, 8, "\0\1\4", 41, false },
		{ "destination", 60, 16, "\1\1\14", 0, true },
		{ "routing, done", 43, 24, "\2\2\0", 0, true },
		/* It is the address in the header of IP that counts */
		{ "routing, not done", 43, 24, "\2\2\1", 0, true },
		{ "routing, unknown", 43, 8, "\0\375\1", 0, true },
		{ "authentication", 51, 24, "\4", 0, true },
		{ "first fragment", 44, 8, "\0\0\1\0\0\0\1", 0, true },
		{ "just enough of it", 44, 8, "\0\0\1\0\0\0\1", 56, true },
		{ "only fragment", 44, 8, "\0\0\0\0\0\0\1", 0, true },
		{ "later fragment", 44, 8, "\0\0\x9\0\0\0\1", 0, false },
		{ "last fragment", 44, 8, "\0\0\x8\0\0\0\1", 0, false },
		{ "fragment too short", 44, 8, "\0\0\1", 44, false },
		{ "longer than the packet", 60, 8, "\377\1\4", 0, false },
		{ "ESP", 50, 8, "", 0, false },
		{ "no next header", 59, 8, "", 0, false },
		{ "mobility", 135, 8, "", 0, false },
		{ "unknown", 222, 8, "", 0, false },
		{ "ICMPv6", 58, 8, "", 0, false },
	};
	int t = tun6(), fd = recverr6(joined(bound(ME6, 5000), YOU6, 9));
	struct packet6 p, q;
	unsigned char ext[24] = {};
	const char *want;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		memcpy(ext + 1, c->ext, sizeof(c->ext));
		make_own6(&q, &variant->door, 5000, YOU6, "hello", 5);
		extend(&q, c->type, ext, c->ext_len);
		make_icmp6(&p, YOU6, 1, 4, 0, &q,
			   c->len ?: IP6_LEN + ntohs(q.ip.ip6_plen));
		inject6(t, &p);
		want = c->len ? "1.4 of " YOU6 ": ECONNREFUSED 0 0, [" YOU6
			"]:9 0" : REFUSED6;
		EXPECT_STREQ(c->told ? "ECONNREFUSED" : "none", pending(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->told ? want : "EAGAIN", next_error6(fd))
			TH_LOG("%s", c->name);
	}
	/* One behind the other */
	make_own6(&q, &variant->door, 5000, YOU6, "hello", 5);
	extend(&q, 60, "\0\0\1\4\0\0\0\0", 8);
	extend(&q, 44, "\0\0\0\1\0\0\0\1", 8);
	extend(&q, 0, "\0\0\1\4\0\0\0\0", 8);
	tell6(t, 1, 4, 0, &q);
	EXPECT_STREQ(REFUSED6, next_error6(fd));
}

/* RFC 8754: the peer is the last segment, not where the packet was going to */
TEST_F(icmp6, quotes_segments)
{
	int t = tun6(), fd = recverr6(bound(ME6, 5000)), k;
	struct {
		__u8 next, len, type, left, last, flags;
		__u16 tag;
		struct in6_addr segments[2];
	} srh = { .len = 4, .left = 1, .last = 1 };
	struct packet6 q;

	run("ip route add " FAR6 " dev tun0");
	joined(fd, FAR6, 9);
	set_ip6(&srh.segments[0], FAR6);
	set_ip6(&srh.segments[1], YOU6);
	for (k = 0; k < 2; k++) {
		/* Only if it is of this type */
		srh.type = k ? 4 : 2;
		make_own6(&q, &variant->door, 5000, YOU6, "hello", 5);
		extend(&q, IPPROTO_ROUTING, &srh, sizeof(srh));
		tell6(t, 1, 4, 0, &q);
		EXPECT_STREQ(k ? REFUSED6 : "EAGAIN", next_error6(fd));
	}
}

/* Reads where the packets to the next address go, as ip-route(8) says it */
static const char *next_gateway(FILE *f)
{
	static char gateway[64];
	char text[256];

	while (fgets(text, sizeof(text), f)) {
		if (sscanf(text, "%*s from %*s via %63s", gateway) == 1)
			return gateway;
		if (strstr(text, "dev tun0"))
			return "on link";
	}
	return "nowhere";
}

/* A redirect, RFC 4861 4.5, about a packet from @port to @ip */
static void make_redirect(struct packet6 *p, const struct door *d, int port,
			  const char *ip, const char *from, const char *target)
{
	struct {
		struct in6_addr target, dest;
		__u8 type, len, reserved[6];
		struct packet6 quote;
	} r = { .type = 4 };

	set_ip6(&r.target, target);
	set_ip6(&r.dest, ip);
	make_own6(&r.quote, d, port, ip, "hello...", 8);
	r.len = (8 + 56) / 8;
	make_icmp6(p, from, 137, 0, 0, &r, 40 + 56);
	p->ip.ip6_hlim = 255;
}

/* RFC 4861 8.3: a redirect changes the route, and no socket is told */
TEST_F(icmp6, redirects)
{
	static const struct {
		const char *name, *target, *from;
		int port, hops, code;
		const char *then;	/* the gateway */
	} cases[] = {
		{ "of a connected one", "fe80::3", YOUR_LINK, 5000, 255, 0,
		  "fe80::3" },
		{ "of an unconnected one", "fe80::3", YOUR_LINK, 5001, 255, 0,
		  "fe80::3" },
		{ "of nobody", "fe80::3", YOUR_LINK, 5002, 255, 0, "fe80::3" },
		/* The target is the destination */
		{ "on link", NULL, YOUR_LINK, 5000, 255, 0, "on link" },
		{ "from elsewhere", "fe80::3", "fe80::4", 5000, 255, 0,
		  YOUR_LINK },
		{ "not of the link", "fe80::3", YOU6, 5000, 255, 0, YOUR_LINK },
		{ "by a router", "fe80::3", YOUR_LINK, 5000, 254, 0,
		  YOUR_LINK },
		{ "no such code", "fe80::3", YOUR_LINK, 5000, 255, 1,
		  YOUR_LINK },
		{ "to no link", "2001:db8:1::3", YOUR_LINK, 5000, 255, 0,
		  YOUR_LINK },
		{ "to multicast", "ff02::1", YOUR_LINK, 5000, 255, 0,
		  YOUR_LINK },
	};
	int t = tun6(), fd = recverr6(bound(ME6, 5000));
	int plain = recverr6(bound(ME6, 5001));
	const struct door *d = &variant->door;
	struct packet6 p;
	unsigned int i;
	char ip[64];
	FILE *f;

	run("ip route add 2001:db8:2::/64 via " YOUR_LINK " dev tun0");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		snprintf(ip, sizeof(ip), "2001:db8:2::10%d", i);
		joined(fd, ip, 9);
		make_redirect(&p, d, c->port, ip, c->from, c->target ?: ip);
		p.ip.ip6_hlim = c->hops;
		icmp6_of(&p)->icmp6_code = c->code;
		sum_icmp6(&p);
		inject6(t, &p);
		EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
		EXPECT_EQ(POLLOUT, ready(plain, POLLIN | POLLOUT));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
		/* It is sent, and the wire is the same in any case */
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(49, sent6(t, d->wire, &p));
	}
	f = popen("seq -f 'route get 2001:db8:2::%g' 100 110 | ip -o -b -",
		  "r");
	ASSERT_TRUE(!!f);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].then, next_gateway(f))
			TH_LOG("case %d", i);
	/* One that no message was about */
	EXPECT_STREQ(YOUR_LINK, next_gateway(f));
	pclose(f);
}

/* Routes that refuse: the call fails, and that is all */
TEST_F(icmp6, routes)
{
	static const int errs[] = { EHOSTUNREACH, EACCES, EINVAL, ENETUNREACH };
	int fd = recverr6(sock());
	const struct door *d = &variant->door;
	unsigned int i;
	char ip[32];

	tun6();
	run("ip -b - <<E\n"
	    "route add unreachable 2001:db8:2::10\n"
	    "route add prohibit 2001:db8:2::11\n"
	    "route add blackhole 2001:db8:2::12\n"
	    "route add throw 2001:db8:2::13\n"
	    "E");
	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		snprintf(ip, sizeof(ip), "2001:db8:2::1%d", i);
		EXPECT_EQ(errs[i], tag_to(fd, ip, 9, 1))
			TH_LOG("%d", i);
		EXPECT_EQ(errs[i], err_of(connect_to(fd, ip, 9)))
			TH_LOG("%d", i);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
	}
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE6, 9, 1));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 1));
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
}

/* A queue that takes nothing of this length: known with IPV6_RECVERR only */
TEST_F(icmp6, queue_full)
{
	static const struct {
		int level, len, err, out, errors;
	} cases[] = {
		{ 0, 10, 0, 1, 0 },
		{ 0, 1000, 0, 1, 1 },
		{ SOL_IPV6, 10, 0, 2, 1 },
		{ SOL_IPV6, 1000, ENOBUFS, 2, 2 },
		/* That of IPv4 is not asked */
		{ SOL_IP, 1000, 0, 2, 3 },
		/* Of fragments too */
		{ 0, 3000, 0, 2, 4 },
		{ SOL_IPV6, 3000, ENOBUFS, 2, 5 },
	};
	const struct door *d = &variant->door;
	int t = tun6(), fd = joined(bound(ME6, 5000), YOU6, 9), on;
	char data[3000] = {};
	struct packet6 p;
	unsigned int i;

	run("tc qdisc replace dev tun0 root tbf rate 8mbit burst 600 limit 5000");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		on = cases[i].level == SOL_IPV6;
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, on));
		on = cases[i].level == SOL_IP;
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, on));
		EXPECT_EQ(cases[i].err, err_of(send(fd, data, cases[i].len, 0)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].out, counter(d, "OutDatagrams"))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].errors, counter(d, "SndbufErrors"))
			TH_LOG("case %d", i);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
	}
	EXPECT_EQ(POLLIN, await(t, POLLIN));
	EXPECT_EQ(58, sent6(t, d->wire, &p));
}

/* Packets of the door that go to 2001:db8:9::1N are rejected with code N */
static void __reject(struct __test_metadata *_metadata, int protocol,
		     const char *hook)
{
	static const char *const rules =
		"ip6 daddr 2001:db8:9::10 reject with icmpv6 type no-route;"
		"ip6 daddr 2001:db8:9::11 reject with icmpv6 type admin-prohibited;"
		"ip6 daddr 2001:db8:9::13 reject with icmpv6 type addr-unreachable;"
		"ip6 daddr 2001:db8:9::14 reject;"
		"ip6 daddr 2001:db8:9::15 reject with icmpv6 type policy-fail;"
		"ip6 daddr 2001:db8:9::16 reject with icmpv6 type reject-route;";
	char text[1024];

	snprintf(text, sizeof(text),
		 "nft 'table ip6 %s { chain c { type filter hook %s priority 0; ip6 nexthdr != %d accept; %s }; }'",
		 hook, hook, protocol, rules);
	run(text);
}

#define reject(hook) __reject(_metadata, variant->door.wire, hook)

/* Reject says so, on the way out as an error of the call, too */
TEST_F_TIMEOUT(icmp6, firewall_reject, 120)
{
	static const struct {
		int code;
		const char *hard, *err;
	} cases[] = {
		{ 0, "none", "ENETUNREACH" },
		{ 1, "EACCES", "EACCES" },
		{ 3, "none", "EHOSTUNREACH" },
		{ 4, "ECONNREFUSED", "ECONNREFUSED" },
		{ 5, "EACCES", "EACCES" },
		{ 6, "EACCES", "EACCES" },
	};
	int in = bound("::", 9), fd = bound("::1", 5000);
	int with = recverr6(bound("::1", 5001));
	char want[160], ip[64];
	unsigned int i;

	run("ip route add local 2001:db8:9::/64 dev lo");
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i % ARRAY_SIZE(cases)];
		int err = i / ARRAY_SIZE(cases) * EPERM;

		if (i == 0)
			reject("input");
		if (i == ARRAY_SIZE(cases))
			reject("output");
		snprintf(ip, sizeof(ip), "2001:db8:9::1%d", c->code);
		joined(fd, ip, 9);
		EXPECT_EQ(err, tag(fd, 1));
		EXPECT_EQ(err, tag_to(with, ip, 9, 1));
		settle();
		EXPECT_STREQ(c->hard, pending(fd))
			TH_LOG("code %d, %d", c->code, err);
		EXPECT_STREQ(c->err, pending(with))
			TH_LOG("code %d, %d", c->code, err);
		/* From ::1, for no interface has the address */
		snprintf(want, sizeof(want), "1.%d of ::1: %s 0 0, [%s]:9 1",
			 c->code, c->err, ip);
		EXPECT_STREQ(want, next_error6(with))
			TH_LOG("code %d, %d", c->code, err);
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

/* Nobody listens on this host: the message is of the kernel's making */
TEST_F(icmp6, own_host)
{
	int fd = recverr6(bound("::1", 5000));
	char data[1300];
	struct entry e;

	memset(data, 'a', sizeof(data));
	EXPECT_EQ(0, tag_to(fd, "::1", 9, 1));
	settle();
	EXPECT_STREQ("1.4 of ::1: ECONNREFUSED 0 0, [::1]:9 1",
		     next_error6(fd));
	EXPECT_EQ(0, err_of(send_to(fd, "::1", 10, "", 0)));
	settle();
	EXPECT_STREQ("1.4 of ::1: ECONNREFUSED 0 0, [::1]:10 0",
		     next_error6(fd));
	/* RFC 4443 2.4 (c): 1280 bytes of message, with all headers */
	EXPECT_EQ(0, err_of(send_to(fd, "::1", 10, data, sizeof(data))));
	settle();
	EXPECT_EQ(1184, take_entry(fd, &e));
	EXPECT_EQ(0, memcmp(data, e.data, 1184));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	/* The peer is told without asking */
	joined(fd, "::1", 9);
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 0));
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(-ECONNREFUSED, take_tag(fd));
}

/* RFC 4443 2.4 (e): of whom the kernel tells that nobody listens, and whom not */
TEST_F(icmp6, nobody_listens)
{
	static const struct {
		const char *from, *to, *answer;
	} cases[] = {
		{ YOU6, ME6, "1.4 from " ME6 },
		{ YOUR_LINK, MY_LINK, "1.4 from " MY_LINK },
		{ FAR6, ME6, "1.4 from " ME6 },
		{ YOU6, "ff02::1", "nothing" },
		{ YOUR_LINK, "ff02::1", "nothing" },
		{ YOU6, "ff0e::1", "nothing" },
		{ "ff02::1", ME6, "nothing" },
		{ "::", ME6, "nothing" },
	};
	const struct door *d = &variant->door;
	char seen[64], ip[INET6_ADDRSTRLEN];
	struct packet6 p, q;
	unsigned int i;
	int t = tun6();

	/* Every answer is to be seen, however many there are */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
	run("ip route add " FAR6 " dev tun0");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make_sent6(&q, d, cases[i].from, 5000, cases[i].to, "hello", 5);
		inject6(t, &q);
		snprintf(seen, sizeof(seen), "nothing");
		if (sent6(t, IPPROTO_ICMPV6, &p)) {
			inet_ntop(AF_INET6, &p.ip.ip6_src, ip, sizeof(ip));
			snprintf(seen, sizeof(seen), "%d.%d from %s",
				 icmp6_of(&p)->icmp6_type,
				 icmp6_of(&p)->icmp6_code, ip);
			EXPECT_EQ(0, memcmp(&q, p.data, 53));
			EXPECT_EQ(IP6_LEN + ICMP_LEN + 53,
				  IP6_LEN + ntohs(p.ip.ip6_plen));
		}
		EXPECT_STREQ(cases[i].answer, seen)
			TH_LOG("%s to %s", cases[i].from, cases[i].to);
	}
}

/* A router that routes, refuses, and counts hops: as traceroute(8) does it */
TEST_F_TIMEOUT(icmp6, router, 120)
{
	static const struct {
		const char *ip;
		int hops;
		const char *hard, *err, *entry;
	} cases[] = {
		{ "fd02::2", 1, "none", "EHOSTUNREACH", "3.0 of fd01::2" },
		{ "fd02::2", 2, "ECONNREFUSED", "ECONNREFUSED",
		  "1.4 of fd02::2" },
		{ "fd03::1", 64, "none", "ENETUNREACH", "1.0 of fd01::2" },
		{ "fd03::2", 64, "EACCES", "EACCES", "1.1 of fd01::2" },
		{ "fd04::1", 64, "none", "ENETUNREACH", "1.0 of fd01::2" },
	};
	int here = open("/proc/self/ns/net", O_RDONLY), fd, with;
	int middle = another_namespace(), there = another_namespace();
	unsigned int i;
	char want[160];

	ASSERT_LE(0, here);
	cable("near", middle);
	run("ip -b - <<E\n"
	    "addr add fd01::1/64 dev near nodad\n"
	    "link set near up\n"
	    "route add default via fd01::2\n"
	    "E");
	inside(middle);
	cable("far", there);
	run("ip -b - <<E\n"
	    "addr add fd01::2/64 dev near nodad\n"
	    "addr add fd02::1/64 dev far nodad\n"
	    "link set near up\n"
	    "link set far up\n"
	    "route add unreachable fd03::1\n"
	    "route add prohibit fd03::2\n"
	    "E");
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1"));
	/* All that this test asks for, and not so many in a second */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
	inside(there);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
	run("ip -b - <<E\n"
	    "addr add fd02::2/64 dev far nodad\n"
	    "link set far up\n"
	    "route add default via fd02::1\n"
	    "E");
	inside(here);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = joined(sock(), c->ip, 9);
		with = recverr6(sock());
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_UNICAST_HOPS, c->hops));
		ASSERT_EQ(0, set_int(with, SOL_IPV6, IPV6_UNICAST_HOPS,
				     c->hops));
		/* In this order: when the second was told, the first was */
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(0, tag_to(with, c->ip, 9, 1));
		EXPECT_EQ(POLLERR, await(with, POLLIN))
			TH_LOG("%s", c->ip);
		EXPECT_STREQ(c->err, pending(with))
			TH_LOG("%s", c->ip);
		snprintf(want, sizeof(want), "%s: %s 0 0, [%s]:9 1", c->entry,
			 c->err, c->ip);
		EXPECT_STREQ(want, next_error6(with));
		EXPECT_STREQ(c->hard, pending(fd))
			TH_LOG("%s", c->ip);
		close(with);
		close(fd);
	}
}

TEST_HARNESS_MAIN
