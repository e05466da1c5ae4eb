// SPDX-License-Identifier: GPL-2.0
/*
 * What is too long for one packet of IPv6: fragments (RFC 8200 4.5), or none
 * for those who do not want them, IPV6_DONTFRAG, and reports of the path MTU,
 * IPV6_RECVPATHMTU (RFC 3542 11). How the path MTU is found: pmtu6.c
 */
#include "pmtu6.h"

#include <linux/udp.h>

EUDP6_FIXTURE(frag6)

/* The same to FAR6, with a control message IPV6_DONTFRAG; less than 0: none */
static const char *outcome_with(int tun, const struct door *d, int fd,
				int dontfrag, int len)
{
	struct any_addr to = any_addr(FAR6, 9);
	struct iovec iov = { data, len };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .align = { .cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_IPV6, .cmsg_type = IPV6_DONTFRAG } };
	struct msghdr msg = { .msg_name = &to.sa, .msg_namelen = to.len,
		.msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(CMSG_DATA(&control.align), &dontfrag, sizeof(dontfrag));
	if (dontfrag >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	if (sendmsg(fd, &msg, 0) < 0)
		return strerrorname_np(errno);
	return on_wire(tun, d, len);
}

/* The same to the peer in two parts, by UDP_CORK or by MSG_MORE */
static const char *in_parts(int tun, const struct door *d, int fd, bool cork,
			    int first, int second)
{
	int more = cork ? 0 : MSG_MORE;

	if (cork && set_int(fd, IPPROTO_UDP, UDP_CORK, 1))
		return "no cork";
	if (send(fd, data, first, more) != first)
		return "the first failed";
	if (send(fd, data + first, second, 0) < 0)
		return strerrorname_np(errno);
	if (cork && set_int(fd, IPPROTO_UDP, UDP_CORK, 0))
		return "no end of cork";
	return on_wire(tun, d, first + second);
}

/*
 * RFC 3542 11.3: the next report, which comes as a message without data: the
 * path MTU, and whose. Or what comes instead.
 */
static const char *next_report(int fd, int flags)
{
	static char text[96];
	union {
		char buf[256];
		struct cmsghdr align;
	} control;
	struct any_addr from = {}, of = {};
	unsigned char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_name = &from.sa, .msg_iov = &iov,
		.msg_namelen = sizeof(from.sin6), .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct ip6_mtuinfo info;
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | flags);

	if (n < 0)
		return strerrorname_np(errno);
	c = CMSG_FIRSTHDR(&msg);
	if (n > 0 && !c)
		return "a datagram";
	if (n || !c || c->cmsg_level != SOL_IPV6 ||
	    c->cmsg_type != IPV6_PATHMTU ||
	    c->cmsg_len != CMSG_LEN(sizeof(info)) || CMSG_NXTHDR(&msg, c) ||
	    msg.msg_flags || msg.msg_namelen != sizeof(from.sin6))
		return "not as it should be";
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	of.sin6 = info.ip6m_addr;
	if (memcmp(&of.sin6, &from.sin6, sizeof(of.sin6)))
		return "with another name";
	snprintf(text, sizeof(text), "%u %s", info.ip6m_mtu, show_any(0, &of));
	return text;
}

/* RFC 3542 11: what would be fragmented is not sent, and who asks has a report */
TEST_F(frag6, dontfrag)
{
	static const struct {
		int mode, option, cmsg;	/* -1: there is none */
		int len;
		const char *sent, *report;
	} cases[] = {
		{ IPV6_PMTUDISC_WANT, 0, -1, 1233, "2 of 1280", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 1, -1, 1232, "1 of 1280", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 1, -1, 1233, "EMSGSIZE",
		  "1280 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_WANT, 1, -1, 65528, "EMSGSIZE",
		  "1280 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_WANT, 1, 0, 1233, "2 of 1280", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 1, 1233, "EMSGSIZE",
		  "1280 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_DONT, 1, -1, 1233, "EMSGSIZE",
		  "1280 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_OMIT, 1, -1, 1452, "1 of 1500", "EAGAIN" },
		{ IPV6_PMTUDISC_OMIT, 1, -1, 1453, "EMSGSIZE",
		  "1500 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_PROBE, 1, -1, 1452, "1 of 1500", "EAGAIN" },
		{ IPV6_PMTUDISC_PROBE, 1, -1, 1453, "EMSGSIZE",
		  "1500 [" FAR6 "]:0" },
		/* The mode forbids it, and the option is what is reported */
		{ IPV6_PMTUDISC_DO, 0, -1, 1233, "EMSGSIZE", "EAGAIN" },
		{ IPV6_PMTUDISC_DO, 1, -1, 1233, "EMSGSIZE",
		  "1280 [" FAR6 "]:0" },
		{ IPV6_PMTUDISC_WANT, 0, -1, 65528, "EMSGSIZE", "EAGAIN" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = sock(), asks;
	unsigned int i;

	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];

		asks = i % 2;
		with(with_mode(fd, c->mode), IPV6_DONTFRAG, c->option);
		with(fd, IPV6_RECVPATHMTU, asks);
		EXPECT_STREQ(c->sent, outcome_with(t, d, fd, c->cmsg, c->len))
			TH_LOG("case %d", i);
		/* It waits for a receive, which poll(2) says nothing of */
		EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT | POLLPRI));
		EXPECT_STREQ(asks ? c->report : "EAGAIN", next_report(fd, 0))
			TH_LOG("case %d", i);
		EXPECT_STREQ("EAGAIN", next_report(fd, 0));
		EXPECT_STREQ("none", pending(fd));
	}
}

/* There is one report, the last, and it comes before datagrams do */
TEST_F(frag6, reports)
{
	int t = tun_and_far(), fd = bound("::", 5000), tx = sock();
	const struct door *d = &variant->door;
	char want[96];

	run("ip route add " FAR6 " via " YOU6 " mtu 1280");
	with(with(fd, IPV6_RECVPATHMTU, 1), IPV6_DONTFRAG, 1);
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, OTHER6, 1453));
	EXPECT_EQ(0, tag_to(tx, ME6, 5000, 7));
	settle();
	EXPECT_STREQ("1500 [" OTHER6 "]:0", next_report(fd, 0));
	EXPECT_EQ(7, take_tag(fd));
	/* A look at it takes it */
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("1280 [" FAR6 "]:0", next_report(fd, MSG_PEEK));
	EXPECT_STREQ("EAGAIN", next_report(fd, 0));
	/* It is not in the error queue, where there is an entry as well */
	recverr6(fd);
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	EXPECT_STREQ("local: EMSGSIZE 1280 0, [" FAR6 "]:9 0", next_error6(fd));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	/* Who asks no more does not get it, but it stays */
	with(fd, IPV6_RECVPATHMTU, 0);
	EXPECT_STREQ("EAGAIN", next_report(fd, 0));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, OTHER6, 1453));
	with(fd, IPV6_RECVPATHMTU, 1);
	EXPECT_STREQ("1280 [" FAR6 "]:0", next_report(fd, 0));
	EXPECT_STREQ("EAGAIN", next_report(fd, 0));
	/* Of a link, with its index */
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, YOUR_LINK "%tun0", 1453));
	snprintf(want, sizeof(want), "1500 [" YOUR_LINK "%%%d]:0",
		 if_nametoindex("tun0"));
	EXPECT_STREQ(want, next_report(fd, 0));
	/* What a router says is none, though RFC 3542 11.3 has it so */
	joined(fd, FAR6, 9);
	too_big(t, FAR6, 5000, 1280);
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ("EAGAIN", next_report(fd, 0));
	/* One that nobody takes is gone with the socket */
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, 1452));
	close(fd);
}

/*
 * RFC 8200 4: extension headers take of the room, and of what is told. Those
 * that would be fragmented too take it twice.
 */
TEST_F(frag6, extension_headers)
{
	static const struct {
		int option, most;
	} cases[] = {
		{ IPV6_HOPOPTS, 1444 }, { IPV6_DSTOPTS, 1436 },
	};
	int t = tun_and_far(), fd = with_mode(sock(), IPV6_PMTUDISC_DO);
	const struct door *d = &variant->door;
	unsigned int i;

	recverr6(with(fd, IPV6_RECVPATHMTU, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int most = cases[i].most;

		ASSERT_EQ(0, setsockopt(fd, SOL_IPV6, cases[i].option,
					"\0\0\1\4\0\0\0\0", 8));
		EXPECT_EQ(most, send_to(fd, FAR6, 9, data, most));
		with(fd, IPV6_DONTFRAG, 0);
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, most + 1));
		EXPECT_STREQ("EAGAIN", next_report(fd, 0));
		with(fd, IPV6_DONTFRAG, 1);
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR6, most + 1));
		EXPECT_STREQ("1492 [" FAR6 "]:0", next_report(fd, 0));
		EXPECT_STREQ("local: EMSGSIZE 1492 0, [" FAR6 "]:9 0",
			     next_error6(fd));
		EXPECT_STREQ("local: EMSGSIZE 1492 0, [" FAR6 "]:9 0",
			     next_error6(fd));
		ASSERT_EQ(0, setsockopt(fd, SOL_IPV6, cases[i].option, NULL, 0));
	}
}

/* The longest datagram there is, in 46 fragments, and no byte more */
TEST_F(frag6, longest)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(bound(ME6, 5000), FAR6, 9), i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 200000));
	for (i = 0; i < 2; i++) {
		const char *to = i ? NULL : OTHER6;

		EXPECT_STREQ("46 of 1496", outcome(t, d, fd, to, MAX_PAYLOAD));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65528));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65535));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65536));
		EXPECT_STREQ("nothing", on_wire(t, d, 0));
	}
	EXPECT_EQ(2, counter(d, "OutDatagrams"));
}

/* Over lo, whose MTU of 65536 does not take the longest in one either */
TEST_F(frag6, longest_here)
{
	static const struct {
		int mode, len, err;
	} cases[] = {
		{ IPV6_PMTUDISC_WANT, 65488, 0 },
		{ IPV6_PMTUDISC_WANT, 65489, 0 },
		{ IPV6_PMTUDISC_WANT, MAX_PAYLOAD, 0 },
		{ IPV6_PMTUDISC_WANT, 65528, EMSGSIZE },
		{ IPV6_PMTUDISC_DO, 65488, 0 },
		{ IPV6_PMTUDISC_DO, 65489, EMSGSIZE },
		{ IPV6_PMTUDISC_OMIT, MAX_PAYLOAD, 0 },
	};
	int in = bound("::1", 9), fd = sock();
	unsigned int i;

	fill();
	ASSERT_EQ(0, set_int(in, SOL_SOCKET, SO_RCVBUF, 200000));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		with_mode(fd, cases[i].mode);
		EXPECT_EQ(cases[i].err,
			  err_of(send_to(fd, "::1", 9, data, cases[i].len)))
			TH_LOG("case %d", i);
		if (!cases[i].err)
			EXPECT_TRUE(arrived(in, cases[i].len))
				TH_LOG("case %d", i);
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

/* MTUs of which not all is used, for fragments begin at multiples of 8 */
TEST_F(frag6, fragments)
{
	static const struct {
		int mtu, len;
		const char *sent;
	} cases[] = {
		{ 1280, 1232, "1 of 1280" }, { 1280, 1233, "2 of 1280" },
		{ 1280, 2456, "2 of 1280" }, { 1280, 2457, "3 of 1280" },
		{ 1287, 1239, "1 of 1287" }, { 1287, 1240, "2 of 1280" },
		{ 1288, 1241, "2 of 1288" }, { 1499, 1451, "1 of 1499" },
		{ 1499, 1452, "2 of 1496" }, { 1500, 8000, "6 of 1496" },
		{ 2000, 1952, "1 of 2000" }, { 2000, 1953, "2 of 2000" },
		/* nor is the last one longer than those before */
		{ 1500, 2888, "2 of 1496" }, { 1500, 2889, "3 of 1496" },
		{ 1500, 2892, "3 of 1496" }, { 1500, 4336, "3 of 1496" },
		{ 1500, 4340, "4 of 1496" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = sock();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_mtu(cases[i].mtu);
		EXPECT_STREQ(cases[i].sent,
			     outcome(t, d, fd, YOU6, cases[i].len))
			TH_LOG("MTU %d, %d", cases[i].mtu, cases[i].len);
	}
	EXPECT_EQ(ARRAY_SIZE(cases), counter(d, "OutDatagrams"));
}

/* RFC 8200 4.5: one id for all of a datagram, and another for the next */
TEST_F(frag6, ids)
{
	int t = tun_and_far(), fd = joined(sock(), FAR6, 9), i, k;
	const struct door *d = &variant->door;
	__u32 last = 0;
	struct ip6_frag f;
	struct packet6 p;

	for (i = 0; i < 20; i++) {
		EXPECT_EQ(3000, i % 2 ? send(fd, data, 3000, 0) :
			  send_to(fd, OTHER6, 9, data, 3000));
		for (k = 0; k < 3; k++) {
			ASSERT_LT(0, sent6(t, d->wire, &p));
			ASSERT_EQ(IPPROTO_FRAGMENT, p.ip.ip6_nxt);
			memcpy(&f, rest_of(&p), sizeof(f));
			if (k)
				EXPECT_EQ(last, f.ip6f_ident);
			if (!k)
				EXPECT_NE(last, f.ip6f_ident);
			EXPECT_NE(0, f.ip6f_ident);
			last = f.ip6f_ident;
		}
	}
}

/* MSG_MORE and UDP_CORK: the whole is what must fit, and fails as a whole */
TEST_F(frag6, corked)
{
	static const struct {
		int mode, dontfrag, first, second;
		const char *sent, *report;
	} cases[] = {
		{ IPV6_PMTUDISC_WANT, 0, 1000, 452, "1 of 1500", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 1000, 453, "2 of 1496", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 1, 4000, "3 of 1496", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 1441, 4000, "4 of 1496", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 4000, 1, "3 of 1496", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 40000, 25527, "46 of 1496",
		  "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 0, 40000, 25528, "EMSGSIZE", "EAGAIN" },
		{ IPV6_PMTUDISC_OMIT, 0, 1000, 453, "2 of 1496", "EAGAIN" },
		{ IPV6_PMTUDISC_DO, 0, 1000, 452, "1 of 1500", "EAGAIN" },
		{ IPV6_PMTUDISC_DO, 0, 1000, 453, "EMSGSIZE", "EAGAIN" },
		{ IPV6_PMTUDISC_PROBE, 0, 1000, 453, "EMSGSIZE", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 1, 1000, 452, "1 of 1500", "EAGAIN" },
		{ IPV6_PMTUDISC_WANT, 1, 1000, 453, "EMSGSIZE",
		  "1500 [" FAR6 "]:0" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(sock(), FAR6, 9);
	unsigned int i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 200000));
	recverr6(with(fd, IPV6_RECVPATHMTU, 1));
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		bool fails = !strcmp(c->sent, "EMSGSIZE");

		with(with_mode(fd, c->mode), IPV6_DONTFRAG, c->dontfrag);
		EXPECT_STREQ(c->sent, in_parts(t, d, fd, i % 2, c->first,
					       c->second))
			TH_LOG("case %d", i);
		EXPECT_STREQ(c->report, next_report(fd, 0))
			TH_LOG("case %d", i);
		EXPECT_STREQ(fails ? "local: EMSGSIZE 1500 0, [" FAR6 "]:9 0" :
			     "EAGAIN", next_error6(fd))
			TH_LOG("case %d", i);
		/* Nothing is left of it */
		EXPECT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_CORK, 0));
		EXPECT_STREQ("nothing", on_wire(t, d, 0));
		EXPECT_STREQ("1 of 58", outcome(t, d, fd, NULL, 10));
	}
}

/* The other end puts it together again */
TEST_F_TIMEOUT(frag6, reassembly, 120)
{
	static const int lengths[] = { 1353, 1452, 1453, 8000, MAX_PAYLOAD };
	struct network n;
	unsigned int i;
	int fd;

	make_network(&n);
	fd = sock();
	ASSERT_EQ(0, set_int(n.in, SOL_SOCKET, SO_RCVBUF, 200000));
	EXPECT_EQ(1452, send_to(fd, "fd03::1", 9, data, 1452));
	EXPECT_TRUE(learned(sock(), "fd03::1"));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(lengths[i], send_to(fd, "fd03::1", 9, data,
					      lengths[i]));
		EXPECT_TRUE(arrived(n.in, lengths[i]))
			TH_LOG("%d", lengths[i]);
	}
}

TEST_HARNESS_MAIN
