// SPDX-License-Identifier: GPL-2.0
/*
 * What a socket of IPv6 makes of errors that come from elsewhere: ICMPv6 (RFC
 * 4443), the error queue of ipv6(7) IPV6_RECVERR, RFC 4884, and ICMP for those
 * that speak IPv4. The wire is a tun device, so that the test says what comes
 * from it. Which messages are for whom: icmp6.c
 */
#define LOCAL	ME6
#define PEER	YOU6
#include "icmp6.h"
#include "calls.h"

/* The IPv4 peer, as a socket of IPv6 knows it */
#define MAPPED	"::ffff:" YOU

#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO		11
#define IPV6_FLOWINFO_SEND	33
#endif

EUDP6_FIXTURE(errors6)

/* Too much for any datagram */
static const char zeros[65528];

/* Every type and code, to sockets that are connected or not, and ask or not */
TEST_F(errors6, mapping)
{
	static const struct {
		int type, code;
		__u32 word;		/* the second one of the message */
		const char *hard;	/* told to all that are connected */
		const char *soft;	/* told with IPV6_RECVERR only */
	} cases[] = {
		{ 1, 0, .soft = "ENETUNREACH" },
		{ 1, 1, .hard = "EACCES" },
		{ 1, 2, .soft = "EHOSTUNREACH" },
		{ 1, 3, .soft = "EHOSTUNREACH" },
		{ 1, 4, .hard = "ECONNREFUSED" },
		/* It is told whatever it is, also where RFC 4443 has nothing */
		{ 1, 4, 0x12345678, .hard = "ECONNREFUSED" },
		{ 1, 5, .hard = "EACCES" },
		{ 1, 6, .hard = "EACCES" },
		/* RFC 7112, RFC 9568 and what is not given out */
		{ 1, 7, .hard = "EPROTO" },
		{ 1, 8, .hard = "EPROTO" },
		{ 1, 255, .hard = "EPROTO" },
		{ 2, 0, 1400, .hard = "EMSGSIZE" },
		{ 2, 0, 0, .hard = "EMSGSIZE" },
		{ 2, 0, 0xffffffff, .hard = "EMSGSIZE" },
		{ 2, 1, 1300, .hard = "EMSGSIZE" },
		{ 3, 0, .soft = "EHOSTUNREACH" },
		{ 3, 1, 77, .soft = "EHOSTUNREACH" },
		{ 3, 2, .soft = "EHOSTUNREACH" },
		/* The octet that is wrong */
		{ 4, 0, 6, .hard = "EPROTO" },
		{ 4, 1, 40, .hard = "EPROTO" },
		{ 4, 2, .hard = "EPROTO" },
		{ 4, 10, .hard = "EPROTO" },
		/* RFC 4443 2.4 (a): what is not known is an error, too */
		{ 0, 0, .soft = "EPROTO" },
		{ 5, 3, 9, .soft = "EPROTO" },
		{ 100, 0, .soft = "EPROTO" },
		{ 101, 0, .soft = "EPROTO" },
		{ 127, 255, .soft = "EPROTO" },
		/* And these are none */
		{ 128, 0 }, { 129, 0 }, { 130, 0 }, { 131, 0 }, { 132, 0 },
		{ 133, 0 }, { 134, 0 }, { 135, 0 }, { 136, 0 }, { 137, 0 },
		{ 138, 0 }, { 139, 0 }, { 140, 0 }, { 143, 0 }, { 144, 0 },
		{ 147, 0 }, { 160, 0 }, { 161, 0 }, { 200, 0 }, { 255, 255 },
	};
	const struct door *d = &variant->door;
	int t = tun6(), fd[4], k;
	struct packet6 p;
	unsigned int i;
	char want[160];

	for (k = 0; k < 4; k++) {
		fd[k] = bound(ME6, 5000 + k);
		if (k & 1)
			joined(fd[k], YOU6, 9);
		if (k & 2)
			recverr6(fd[k]);
	}
	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		const typeof(cases[0]) *c = &cases[i / 4];
		const char *err = c->hard ? c->hard : c->soft;

		k = i % 4;
		if (k == 0 || (k == 1 && !c->hard))
			err = NULL;
		snprintf(want, sizeof(want), "%d.%d of " YOU6 ": %s %u 0, ["
			 YOU6 "]:9 5", c->type, c->code, err, c->word);
		make_own6(&p, d, 5000 + k, YOU6, "hello", 5);
		tell6(t, c->type, c->code, c->word, &p);
		EXPECT_EQ(err ? POLLOUT | POLLERR : POLLOUT,
			  ready(fd[k], POLLIN | POLLOUT | POLLPRI));
		EXPECT_STREQ(err ? err : "none", pending(fd[k]))
			TH_LOG("type %d, code %d, %d", c->type, c->code, k);
		EXPECT_STREQ(err && k & 2 ? want : "EAGAIN",
			     next_error6(fd[k]))
			TH_LOG("type %d, code %d, %d", c->type, c->code, k);
		EXPECT_EQ(POLLOUT, ready(fd[k], POLLIN | POLLOUT | POLLPRI));
	}
	for (k = 0; k < 4; k++) {
		EXPECT_STREQ("none", pending(fd[k]));
		EXPECT_STREQ("EAGAIN", next_error6(fd[k]));
	}
}

#define TOO_BIG	"2.0 of " YOU6 ": EMSGSIZE 0 0, [" YOU6 "]:9 5"

/* The socket's mode decides about packet too big, and nothing else */
TEST_F(errors6, too_big_modes)
{
	static const struct {
		int mode;
		bool hard, soft;
	} cases[] = {
		{ IPV6_PMTUDISC_DONT, false, true },
		{ IPV6_PMTUDISC_WANT, true, true },
		{ IPV6_PMTUDISC_DO, true, true },
		{ IPV6_PMTUDISC_PROBE, true, true },
		{ IPV6_PMTUDISC_INTERFACE, false, false },
		{ IPV6_PMTUDISC_OMIT, false, false },
	};
	int t = tun6(), fd = joined(bound(ME6, 5000), YOU6, 9), m;
	int with = recverr6(bound(ME6, 5001));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		m = c->mode;
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_MTU_DISCOVER, m));
		ASSERT_EQ(0, set_int(with, SOL_IPV6, IPV6_MTU_DISCOVER, m));
		/* It is that of IPv6 that counts */
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, 5 - m));
		complain6(t, 5000, 2, 0);
		complain6(t, 5001, 2, 0);
		EXPECT_STREQ(c->hard ? "EMSGSIZE" : "none", pending(fd))
			TH_LOG("mode %d", m);
		EXPECT_STREQ(c->soft ? "EMSGSIZE" : "none", pending(with))
			TH_LOG("mode %d", m);
		EXPECT_STREQ(c->soft ? TOO_BIG : "EAGAIN", next_error6(with))
			TH_LOG("mode %d", m);
		complain6(t, 5000, 1, 1);
		EXPECT_STREQ("EACCES", pending(fd));
	}
}

/* Which calls tell a pending error, and clear it */
TEST_F(errors6, calls)
{
	int t = tun6(), fd, k;
	struct packet6 p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls) * 2; i++) {
		const struct call *c = &calls[i / 2];

		fd = joined(bound(ME6, 5000), YOU6, 9);
		if (i % 2)
			recverr6(fd);
		refuse6(t, 5000);
		EXPECT_EQ(c->err, c->call(fd))
			TH_LOG("%s, %d", c->name, i % 2);
		EXPECT_STREQ(c->left, pending(fd))
			TH_LOG("%s, %d", c->name, i % 2);
		EXPECT_STREQ("none", pending(fd));
		/* Nobody but recvmsg() with MSG_ERRQUEUE takes from the queue */
		EXPECT_EQ(i % 2 ? POLLERR : 0, ready(fd, 0));
		for (k = 0; k < 2; k++)
			EXPECT_STREQ(i % 2 && !k ? REFUSED6 : "EAGAIN",
				     next_error6(fd));
		EXPECT_EQ(0, ready(fd, 0));
		close(fd);
	}
	/* No call has sent what it failed to send */
	EXPECT_EQ(0, sent6(t, variant->door.wire, &p));
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
}

/* Without a peer, with IPV6_RECVERR: as above for calls that need no peer */
TEST_F(errors6, calls_unconnected)
{
	static const struct call unconnected[] = {
		{ "sendto", by_sendto, ECONNREFUSED, "none" },
		{ "recv", by_recv, ECONNREFUSED, "none" },
		{ "SO_ERROR", by_so_error, ECONNREFUSED, "none" },
		{ "send", by_send, EDESTADDRREQ, "ECONNREFUSED" },
		{ "connect", by_connect, 0, "ECONNREFUSED" },
		{ "poll", by_poll, POLLERR, "ECONNREFUSED" },
		{ "MSG_ERRQUEUE", by_entry, 0, "none" },
	};
	int t = tun6(), fd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unconnected); i++) {
		const struct call *c = &unconnected[i];

		fd = recverr6(bound(ME6, 5000));
		refuse6(t, 5000);
		EXPECT_EQ(c->err, c->call(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->left, pending(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->call == by_entry ? "EAGAIN" : REFUSED6,
			     next_error6(fd));
		EXPECT_STREQ("EAGAIN", next_error6(fd));
		close(fd);
	}
}

/* Taking the entry takes the error, unless another entry is behind it */
TEST_F(errors6, queue_and_pending)
{
	int t = tun6(), fd = recverr6(joined(bound(ME6, 5000), YOU6, 9));

	EXPECT_STREQ("EAGAIN", next_error6(fd));
	/* The last error is pending, the first is taken first */
	refuse6(t, 5000);
	pass_time6(t, 5000);
	EXPECT_EQ(EHOSTUNREACH, by_recv(fd));
	EXPECT_STREQ(REFUSED6, next_error6(fd));
	EXPECT_EQ(EHOSTUNREACH, by_recv(fd));
	EXPECT_EQ(EAGAIN, by_recv_at_once(fd));
	EXPECT_EQ(POLLERR, ready(fd, POLLIN));
	EXPECT_STREQ(TIMED6, next_error6(fd));
	EXPECT_STREQ("none", pending(fd));
	/* An entry of a send that failed is no pending error */
	refuse6(t, 5000);
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, zeros, sizeof(zeros), 0)));
	pass_time6(t, 5000);
	EXPECT_STREQ(REFUSED6, next_error6(fd));
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, [" YOU6 "]:9 0",
		     next_error6(fd));
	EXPECT_STREQ("EHOSTUNREACH", pending(fd));
	EXPECT_STREQ(TIMED6, next_error6(fd));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	/* Nor has it one of those without */
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 0));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, zeros, sizeof(zeros), 0)));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
}

/* What was shut down for sending: the error is told before EPIPE is */
TEST_F(errors6, shut_down)
{
	int t = tun6(), fd = joined(bound(ME6, 5000), YOU6, 9);

	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_EQ(EPIPE, by_send(fd));
	refuse6(t, 5000);
	EXPECT_EQ(ECONNREFUSED, by_send(fd));
	EXPECT_EQ(EPIPE, by_send(fd));
}

/* recvmsg(2) with MSG_ERRQUEUE, when there is nothing: it does not wait */
TEST_F(errors6, no_entry)
{
	int t = tun6(), fd = bound(ME6, 5000), tx = sock();
	char byte;

	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	recverr6(fd);
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	/* Datagrams do not come this way, and stay while errors are told */
	EXPECT_EQ(0, tag_to(tx, ME6, 5000, 1));
	settle();
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	refuse6(t, 5000);
	EXPECT_EQ(POLLIN | POLLERR, ready(fd, POLLIN));
	EXPECT_EQ(ECONNREFUSED, by_recv(fd));
	EXPECT_STREQ(REFUSED6, next_error6(fd));
	EXPECT_EQ(1, take_tag(fd));
	/* Nor does a pending error without an entry, and it is not cleared */
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 0));
	joined(fd, YOU6, 9);
	refuse6(t, 5000);
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
}

/* Room for less than there is: the entry is gone all the same */
TEST_F(errors6, entry_room)
{
	static const struct {
		const char *name;
		size_t room, control;
		int flags;
		ssize_t ret;
		int msg_flags;
		size_t left;		/* of msg_controllen */
	} cases[] = {
		{ "all", 10, 100, 0, 5, 0, 64 },
		{ "just", 5, 60, 0, 5, 0, 60 },
		{ "short", 4, 100, 0, 4, MSG_TRUNC, 64 },
		{ "none", 0, 100, 0, 0, MSG_TRUNC, 64 },
		{ "MSG_TRUNC", 4, 100, MSG_TRUNC, 4, MSG_TRUNC, 64 },
		{ "MSG_PEEK", 10, 100, MSG_PEEK, 5, 0, 64 },
		{ "no control", 10, 0, 0, 5, MSG_CTRUNC, 0 },
		{ "15 control", 10, 15, 0, 5, MSG_CTRUNC, 0 },
		{ "16 control", 10, 16, 0, 5, MSG_CTRUNC, 16 },
		{ "that of IPv4", 10, 48, 0, 5, MSG_CTRUNC, 48 },
		{ "59 control", 10, 59, 0, 5, MSG_CTRUNC, 59 },
		{ "both", 4, 40, 0, 4, MSG_CTRUNC | MSG_TRUNC, 40 },
	};
	int t = tun6(), fd = recverr6(bound(ME6, 5000));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];
		unsigned char control[128], data[16];
		struct iovec iov = { data, c->room };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_flags = -1,
			.msg_controllen = c->control };

		memset(data, 'x', sizeof(data));
		memset(control, 0xaa, sizeof(control));
		refuse6(t, 5000);
		EXPECT_EQ(c->ret, recvmsg(fd, &msg, MSG_ERRQUEUE | c->flags))
			TH_LOG("%s", c->name);
		EXPECT_EQ(MSG_ERRQUEUE | c->msg_flags, msg.msg_flags)
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->left, msg.msg_controllen)
			TH_LOG("%s", c->name);
		EXPECT_EQ(0xaa, control[c->left]);
		EXPECT_EQ(0, memcmp("hello", data, c->ret));
		EXPECT_EQ('x', data[c->ret]);
		EXPECT_STREQ("EAGAIN", next_error6(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ("none", pending(fd))
			TH_LOG("%s", c->name);
	}
}

/* msg_name, of any length, and its flow information for those who want it */
TEST_F(errors6, entry_name)
{
	struct sockaddr_in6 want = addr6(YOU6, 9), got;
	int t = tun6(), fd = recverr6(bound(ME6, 5000)), on;
	struct msghdr msg = { .msg_name = &got };
	struct packet6 p;
	socklen_t len;

	for (len = 0; len <= sizeof(got); len += 4) {
		memset(&got, 0xaa, sizeof(got));
		refuse6(t, 5000);
		msg.msg_namelen = len;
		EXPECT_EQ(0, recvmsg(fd, &msg, MSG_ERRQUEUE));
		EXPECT_EQ(sizeof(got), msg.msg_namelen);
		EXPECT_EQ(0, memcmp(&want, &got, len));
		if (len < sizeof(got))
			EXPECT_EQ(0xaa, ((unsigned char *)&got)[len]);
	}
	make_own6(&p, &variant->door, 5000, YOU6, "hello", 5);
	p.ip.ip6_flow |= htonl(0x9b12345);
	for (on = 0; on < 2; on++) {
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND, on));
		tell6(t, 1, 4, 0, &p);
		EXPECT_EQ(0, recvmsg(fd, &msg, MSG_ERRQUEUE));
		EXPECT_EQ(on ? 0x9b12345 : 0, ntohl(got.sin6_flowinfo));
	}
}

/* What is in a control message of IPv6, if it is a number or IPV6_PKTINFO */
static int show_control(const struct cmsghdr *c, char *s, size_t len)
{
	struct in6_pktinfo info;
	char ip[64];
	__u32 value;

	if (c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		inet_ntop(AF_INET6, &info.ipi6_addr, ip, sizeof(ip));
		return snprintf(s, len, " %s%s", ip,
				info.ipi6_ifindex ? "%dev" : "");
	}
	if (c->cmsg_len != CMSG_LEN(sizeof(value)))
		return 0;
	memcpy(&value, CMSG_DATA(c), sizeof(value));
	if (c->cmsg_type == IPV6_FLOWINFO)
		value = ntohl(value);
	return snprintf(s, len, " %x", value);
}

/* All control messages of the next entry by name, in their order */
static const char *controls(int fd)
{
	static char text[256];
	union {
		char buf[512];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_control = &control,
		.msg_controllen = sizeof(control) };
	char *s = text, *end = text + sizeof(text);
	struct cmsghdr *c;

	*s = 0;
	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return strerrorname_np(errno);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		s += snprintf(s, end - s, "%d.%d", c->cmsg_level, c->cmsg_type);
		if (c->cmsg_level == SOL_IPV6)
			s += show_control(c, s, end - s);
		s += snprintf(s, end - s, ", ");
	}
	return text;
}

/* ipv6(7): what else a receive tells, here about the ICMPv6 message */
TEST_F(errors6, entry_controls)
{
	static const struct {
		int level, option;
		const char *controls;
	} cases[] = {
		{ SOL_IPV6, IPV6_RECVPKTINFO, "41.50 " ME6 "%dev, 41.25, " },
		{ SOL_IPV6, IPV6_RECVHOPLIMIT, "41.52 3f, 41.25, " },
		{ SOL_IPV6, IPV6_RECVTCLASS, "41.67 20, 41.25, " },
		{ SOL_IPV6, IPV6_FLOWINFO, "41.11 2054321, 41.25, " },
		{ SOL_IPV6, IPV6_2292PKTINFO, "41.2, 41.25, " },
		{ SOL_IPV6, IPV6_2292HOPLIMIT, "41.8 3f, 41.25, " },
		{ SOL_IPV6, IPV6_RECVHOPOPTS, "41.25, " },
		{ SOL_IPV6, IPV6_RECVDSTOPTS, "41.25, " },
		{ SOL_IPV6, IPV6_RECVRTHDR, "41.25, " },
		{ SOL_IPV6, IPV6_RECVORIGDSTADDR, "41.74, 41.25, " },
		{ SOL_IPV6, IPV6_RECVFRAGSIZE, "41.25, " },
		{ SOL_IPV6, IPV6_RECVPATHMTU, "41.25, " },
		/* Those of IPv4 are of IPv4 packets */
		{ SOL_IP, IP_RECVTTL, "41.25, " },
		{ SOL_IP, IP_RECVTOS, "41.25, " },
		{ SOL_SOCKET, SO_TIMESTAMP, "1.29, 41.25, " },
		{ SOL_SOCKET, SO_TIMESTAMPNS, "1.35, 41.25, " },
		{ SOL_SOCKET, SO_MARK, "41.25, " },
	};
	int t = tun6(), fd = recverr6(bound(ME6, 5000));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
		refuse6(t, 5000);
		EXPECT_STREQ(cases[i].controls, controls(fd))
			TH_LOG("%d.%d", cases[i].level, cases[i].option);
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 0));
	}
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
	refuse6(t, 5000);
	EXPECT_STREQ("41.50 " ME6 "%dev, 41.52 3f, 41.67 20, 41.11 2054321, 41.25, ",
		     controls(fd));
	/* None of these is there of a send that failed */
	EXPECT_EQ(EMSGSIZE, err_of(send_to(fd, YOU6, 9, zeros,
					   sizeof(zeros))));
	EXPECT_STREQ("41.25, ", controls(fd));
}

/*
 * RFC 4884: behind the datagram that is quoted, padded to 128 bytes or more,
 * there may be objects. Where they begin, counted from what we get as data.
 */
TEST_F(errors6, rfc4884)
{
	static const struct {
		const char *name;
		int type, code, words;	/* of 8 bytes */
		enum extension kind;
		int len, flags, data;
	} cases[] = {
		{ "none", 1, 4, 0, NONE, 0, 0, 80 },
		{ "no length", 1, 4, 0, VALID, 0, 0, 92 },
		{ "valid", 1, 4, 16, VALID, 80, 0, 92 },
		{ "no checksum", 1, 4, 16, NO_SUM, 80, 0, 92 },
		{ "bad checksum", 1, 4, 16, BAD_SUM, 80, 1, 92 },
		{ "other version", 1, 4, 16, VERSION_1, 80, 0, 92 },
		{ "object too short", 1, 4, 16, SHORT, 80, 1, 92 },
		{ "object too long", 1, 4, 16, LONG, 80, 1, 92 },
		{ "two objects", 1, 4, 16, TWO, 80, 0, 100 },
		{ "less than 128", 1, 4, 15, VALID, 0, 0, 92 },
		{ "before the end", 1, 4, 17, VALID, 88, 0, 92 },
		{ "beyond the end", 1, 4, 18, VALID, 0, 0, 92 },
		{ "unreachable", 1, 3, 16, VALID, 80, 0, 92 },
		{ "time exceeded", 3, 0, 16, VALID, 80, 0, 92 },
		/* Those have no room for a length */
		{ "too big", 2, 0, 16, VALID, 0, 0, 92 },
		{ "parameter", 4, 0, 16, VALID, 0, 0, 92 },
	};
	int t = tun6(), fd = recverr6(bound(ME6, 5000)), opt, on;
	const struct door *d = &variant->door;
	unsigned char ext[20], data[80];
	struct packet6 p, q;
	struct entry e;
	unsigned int i;

	opt = IPV6_RECVERR_RFC4884;
	memset(data, 'd', sizeof(data));
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, opt));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IPV6, opt, 2)));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IPV6, opt, -1)));
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		int n = c->data - 80;

		on = i % 2;
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, opt, on));
		EXPECT_EQ(on, get_int(fd, SOL_IPV6, opt));
		make_extension(ext, c->kind, n);
		make_own6(&q, d, 5000, YOU6, data, sizeof(data));
		memcpy(q.data + 80, ext, n);
		make_icmp6(&p, YOU6, c->type, c->code, c->words << 24, &q,
			   128 + n);
		inject6(t, &p);
		ASSERT_EQ(c->data, take_entry(fd, &e))
			TH_LOG("%s", c->name);
		EXPECT_EQ(on ? c->len : 0, e.error.ee.ee_rfc4884.len)
			TH_LOG("%s", c->name);
		EXPECT_EQ(on ? c->flags : 0, e.error.ee.ee_rfc4884.flags)
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, e.error.ee.ee_rfc4884.reserved);
		EXPECT_EQ(0, memcmp(data, e.data, 80));
		EXPECT_EQ(0, memcmp(ext, e.data + 80, n));
	}
}

/* ipv6(7): IPV6_RECVERR off empties the queue, and what is pending stays */
TEST_F(errors6, recverr_off)
{
	int t = tun6(), fd = bound(ME6, 5000);

	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_RECVERR));
	recverr6(fd);
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_RECVERR));
	refuse6(t, 5000);
	refuse6(t, 5000);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 0));
	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_RECVERR));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	refuse6(t, 5000);
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	EXPECT_STREQ("none", pending(fd));
	/* That of IPv4 is another, but its queue is the same */
	recverr6(fd);
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	refuse6(t, 5000);
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 0));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_RECVERR));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
}

#define UNREACHED4 "3.1 of " MAPPED ": EHOSTUNREACH 0 0, [" MAPPED "]:9 5"
#define REFUSED4 "3.3 of " MAPPED ": ECONNREFUSED 0 0, [" MAPPED "]:9 5"

/* Errors of ICMP, to a socket of IPv6 that speaks IPv4: IP_RECVERR counts */
TEST_F(errors6, mapped)
{
	static const struct {
		bool connected, recverr, recverr6;
	} cases[] = {
		{ false, false, true }, { false, true, false },
		{ true, false, false }, { true, false, true },
		{ true, true, false }, { true, true, true },
	};
	const struct door *d = &variant->door;
	int t = tun6(), fd;
	struct packet6 p6;
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = bound("::", 5000);
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, c->recverr));
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, c->recverr6));
		if (c->connected)
			joined(fd, MAPPED, 9);
		make_own(&p, d, 5000, YOU, "hello", 5);
		/* A soft one, and a hard one */
		tell(t, 3, 1, 0, &p);
		EXPECT_STREQ(c->recverr ? "EHOSTUNREACH" : "none", pending(fd))
			TH_LOG("case %d", i);
		EXPECT_STREQ(c->recverr ? UNREACHED4 : "EAGAIN",
			     next_error6(fd))
			TH_LOG("case %d", i);
		tell(t, 3, 3, 0, &p);
		EXPECT_STREQ(c->recverr || c->connected ? "ECONNREFUSED" :
			     "none", pending(fd))
			TH_LOG("case %d", i);
		EXPECT_STREQ(c->recverr ? REFUSED4 : "EAGAIN", next_error6(fd))
			TH_LOG("case %d", i);
		/* And that of IPv6 of those of ICMPv6, if it has no peer */
		make_own6(&p6, d, 5000, YOU6, "hello", 5);
		tell6(t, 1, 4, 0, &p6);
		EXPECT_STREQ(c->recverr6 && !c->connected ? REFUSED6 : "EAGAIN",
			     next_error6(fd))
			TH_LOG("case %d", i);
		EXPECT_STREQ("none", pending(fd))
			TH_LOG("case %d", i);
		close(fd);
	}
}

/* The same of sends that fail, and of what it tells besides */
TEST_F(errors6, mapped_local)
{
	int fd = bound("::", 5000), t = tun6(), other;
	const struct door *d = &variant->door;
	struct packet p;

	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send_to(fd, MAPPED, 9, zeros, 65508)));
	EXPECT_STREQ("EAGAIN", next_error6(fd));
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 0));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	joined(fd, MAPPED, 9);
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, zeros, 65508, 0)));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, [" MAPPED "]:9 0",
		     next_error6(fd));
	/* This one is of IPv6 again */
	other = bound("::", 5001);
	ASSERT_EQ(0, set_int(other, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send_to(other, YOU6, 9, zeros, 65528)));
	EXPECT_STREQ("EAGAIN", next_error6(other));

	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVHOPLIMIT, 1));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	make_own(&p, d, 5000, YOU, "hello", 5);
	tell(t, 3, 3, 0, &p);
	EXPECT_STREQ("41.50 ::ffff:" ME "%dev, 0.2, 41.25, ", controls(fd));
}

/* RFC 4007: what is of a link has its index, both peer and who complains */
TEST_F(errors6, link_local)
{
	int t = tun6(), fd, other, tun_index = if_nametoindex("tun0");
	const struct door *d = &variant->door;
	struct packet6 p;
	char want[160];

	run("ip link add dummy0 type dummy");
	link_up("dummy0");
	add_address("dummy0", MY_LINK, 64);
	fd = recverr6(bound(MY_LINK "%tun0", 5000));
	other = recverr6(bound(MY_LINK "%dummy0", 5000));
	joined(fd, YOUR_LINK "%tun0", 9);
	joined(other, YOUR_LINK "%dummy0", 9);
	make_sent6(&p, d, MY_LINK, 5000, YOUR_LINK, "hello", 5);
	__tell6(_metadata, t, YOUR_LINK, 1, 4, 0, &p);
	snprintf(want, sizeof(want), "1.4 of " YOUR_LINK
		 "%%%d: ECONNREFUSED 0 0, [" YOUR_LINK "%%%d]:9 5",
		 tun_index, tun_index);
	EXPECT_STREQ(want, next_error6(fd));
	EXPECT_STREQ("EAGAIN", next_error6(other));
	/* Of a send that fails it is not told */
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, zeros, sizeof(zeros), 0)));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, [" YOUR_LINK "]:9 0",
		     next_error6(fd));
	/* A router of this link, about a host that is not on it */
	close(fd);
	fd = recverr6(bound(ME6, 5000));
	make_own6(&p, d, 5000, FAR6, "hello", 5);
	__tell6(_metadata, t, YOUR_LINK, 1, 0, 0, &p);
	snprintf(want, sizeof(want), "1.0 of " YOUR_LINK
		 "%%%d: ENETUNREACH 0 0, [" FAR6 "]:9 5", tun_index);
	EXPECT_STREQ(want, next_error6(fd));
}

TEST_HARNESS_MAIN
