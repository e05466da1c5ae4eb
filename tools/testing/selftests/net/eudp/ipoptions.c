// SPDX-License-Identifier: GPL-2.0
/*
 * Options of IP on what is sent: RFC 791 3.1, ip(7) IP_OPTIONS, and the control
 * message IP_RETOPTS. They are written in hex here, as they are on the wire:
 * c0000201 is 192.0.2.1, us.
 */
#include "tun.h"
#include <ctype.h>
#include <linux/errqueue.h>

#define RECORD_ROUTE	"07070400000000"
#define LOOSE_ROUTE	"830704c0000203"

EUDP_FIXTURE(ipoptions)

/* As strcmp(), but "." is any digit */
static int differs(const char *want, const char *hex)
{
	while (*want && (*want == *hex || (*want == '.' && isxdigit(*hex)))) {
		want++;
		hex++;
	}
	return *want || *hex;
}

static int set_options(int fd, const char *hex)
{
	unsigned char data[256];

	return err_of(setsockopt(fd, SOL_IP, IP_OPTIONS, data,
				 from_hex(hex, data)));
}

/* What the socket says that its options are */
static const char *get_options(int fd)
{
	unsigned char data[64];
	socklen_t len = sizeof(data);

	if (getsockopt(fd, SOL_IP, IP_OPTIONS, data, &len))
		return strerror(errno);
	return to_hex(data, len);
}

/* One byte to @ip, or the peer if it is NULL, with options of its own */
static int send_options(int fd, const char *ip, const char *hex, int flags)
{
	struct sockaddr_in to = addr(ip ?: YOU, 9);
	struct iovec iov = { "x", 1 };
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(256)];
	} control = {};
	struct cmsghdr *c = &control.h;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = ip ? &to : NULL,
		.msg_namelen = ip ? sizeof(to) : 0, .msg_control = &control };
	int len = from_hex(hex, CMSG_DATA(c));

	c->cmsg_level = SOL_IP;
	c->cmsg_type = IP_RETOPTS;
	c->cmsg_len = CMSG_LEN(len);
	msg.msg_controllen = CMSG_SPACE(len);
	return err_of(sendmsg(fd, &msg, flags));
}

/* What is set, and what is sent: by option and by message, to a peer or not */
TEST_F_TIMEOUT(ipoptions, sent, 300)
{
	static const struct {
		const char *name, *set, *sent;
		const char *to;		/* NULL: to whom it is */
		const char *got;	/* NULL: as set */
	} rows[] = {
		{ "no operation", "01010101", "01010101" },
		{ "padded", "01", "01000000", NULL, "01000000" },
		{ "end", "00000000", "00000000" },
		{ "behind the end", "0100ffff", "01000000", NULL, "01000000" },
		{ "record route", "0707040000000000",
		  "070708c000020100" },
		{ "record route of 2", "070b04000000000000000000",
		  "070b08c00002010000000000" },
		{ "record route, full", "0707080102030400",
		  "0707080102030400" },
		{ "time", "4408050000000000", "44080900........" },
		{ "time, 2", "440c05000000000000000000",
		  "440c0900........00000000" },
		{ "time, full", "4408090001020304", "4408090001020304" },
		{ "time and address", "440c05010000000000000000",
		  "440c0d01c0000201........" },
		{ "time of us", "440c0503c000020100000000",
		  "440c0d03c0000201........" },
		{ "time of another", "440c0503c000020200000000",
		  "440c0503c000020200000000" },
		{ "time of an unknown kind", "4408050200000000",
		  "4408050200000000" },
		{ "loose route", "830704c000020300",
		  "830704c000020200", "192.0.2.3" },
		{ "loose route of 2", "830b04c0000203c000020400",
		  "830b04c0000204c000020200", "192.0.2.3" },
		{ "strict route", "890704c000020300",
		  "890704c000020200", "192.0.2.3" },
		{ "router alert", "94040000", "94040000" },
		{ "unknown", "99040102", "99040102" },
		{ "security", "820b0000000000000000ab01",
		  "820b0000000000000000ab01" },
		{ "three", "01070704000000004408050000000000",
		  "01070708c000020144080900........" },
	};
	int t = tun(), fds[2], way;
	static struct datagram g;
	unsigned int i;

	fds[0] = sock();
	fds[1] = joined(sock(), YOU, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		const typeof(rows[0]) *c = &rows[i / 4];
		int fd = fds[i % 2];

		way = i / 2 % 2;
		if (way) {
			EXPECT_EQ(0, set_options(fd, c->set))
				TH_LOG("%s", c->name);
			EXPECT_EQ(0, differs(c->got ?: c->set,
					     get_options(fd)))
				TH_LOG("%s: %s", c->name, get_options(fd));
			EXPECT_EQ(0, i % 2 ? tag(fd, 1) : tag_to(fd, YOU, 9, 1))
				TH_LOG("%s", c->name);
		} else {
			EXPECT_EQ(0, send_options(fd, i % 2 ? NULL : YOU,
						  c->set, 0))
				TH_LOG("%s", c->name);
		}
		EXPECT_EQ(1, next_datagram(&g))
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, differs(c->sent, to_hex(g.options,
						     g.options_len)))
			TH_LOG("%s: %s", c->name,
			       to_hex(g.options, g.options_len));
		EXPECT_EQ(inet_addr(c->to ?: YOU), g.ip.daddr)
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, set_options(fd, ""));
		EXPECT_STREQ("", get_options(fd));
	}
}

/* What is no option, or is one that cannot be: the same by both ways */
TEST_F(ipoptions, malformed)
{
	static const struct {
		const char *name, *options;
		int err;
	} rows[] = {
		{ "no length", "07", EINVAL },
		{ "length 0", "07000000", EINVAL },
		{ "length 1", "07010000", EINVAL },
		{ "longer than all", "07050400", EINVAL },
		{ "record route of 2 bytes", "07020000", EINVAL },
		{ "record route of nothing", "07030400", 0 },
		{ "record route, pointer 3", "07070300000000", EINVAL },
		{ "record route, pointer 5", "07070500000000", EINVAL },
		{ "record route, pointer 7", "07070700000000", EINVAL },
		{ "record route twice", RECORD_ROUTE RECORD_ROUTE, EINVAL },
		{ "time of 3 bytes", "44030500", EINVAL },
		{ "time, pointer 4", "4408040000000000", EINVAL },
		{ "time, pointer 6", "4408060000000000", EINVAL },
		{ "time too short", "4407050000000000", EINVAL },
		{ "time and address too short", "4408050100000000", EINVAL },
		{ "time of us too short", "4408050300000000", EINVAL },
		{ "time overflown", "440809f000000000", EINVAL },
		{ "time twice", "44080500000000004408050000000000", EINVAL },
		{ "route of nothing", "83030400", EINVAL },
		{ "route of 2 bytes", "83020000", EINVAL },
		{ "route, pointer 3", "830703c0000203", EINVAL },
		{ "route, pointer 8", "830708c0000203", EINVAL },
		{ "route of 5 bytes", "830804c000020300", EINVAL },
		{ "two routes", LOOSE_ROUTE LOOSE_ROUTE, EINVAL },
		{ "loose and strict", LOOSE_ROUTE "890704c0000203", EINVAL },
		{ "router alert of 3 bytes", "94030000", EINVAL },
		{ "unknown of 1 byte", "99010000", EINVAL },
		{ "cipso of nothing", "86020000", EINVAL },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned int i;

	EXPECT_EQ(0, set_options(fd, "01010101"));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, set_options(fd, rows[i].options))
			TH_LOG("%s", rows[i].name);
		EXPECT_EQ(rows[i].err,
			  send_options(fd, NULL, rows[i].options, 0))
			TH_LOG("%s", rows[i].name);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text());
		/* A wrong one leaves what was there */
		if (rows[i].err)
			EXPECT_STREQ("01010101", get_options(fd));
		EXPECT_EQ(0, set_options(fd, "01010101"));
	}
}

/* 40 bytes at most; a message is cut to that, an option of more is refused */
TEST_F(ipoptions, longest)
{
	char forty[81] = "", hex[84];
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;
	int i;

	for (i = 0; i < 40; i++)
		strcat(forty, "01");
	EXPECT_EQ(0, set_options(fd, forty));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(40, g.options_len);
	snprintf(hex, sizeof(hex), "%s01", forty);
	EXPECT_EQ(EINVAL, set_options(fd, hex));
	EXPECT_STREQ(forty, get_options(fd));
	EXPECT_EQ(0, set_options(fd, ""));
	EXPECT_EQ(0, send_options(fd, NULL, hex, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(40, g.options_len);
	EXPECT_EQ(EFAULT, err_of(setsockopt(fd, SOL_IP, IP_OPTIONS,
					    (void *)1, 4)));
}

/* Routes and what is unknown are for CAP_NET_RAW */
TEST_F(ipoptions, privilege)
{
	static const struct {
		const char *options;
		int err;
	} rows[] = {
		{ RECORD_ROUTE, 0 },
		{ "4408050000000000", 0 },
		{ "94040000", 0 },
		{ LOOSE_ROUTE, EPERM },
		{ "890704c0000203", EPERM },
		{ "99040102", EINVAL },
		{ "4408050200000000", EINVAL },
		{ "820b0000000000000000ab01", EINVAL },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned int i;

	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, set_options(fd, rows[i].options))
			TH_LOG("%s", rows[i].options);
		EXPECT_EQ(rows[i].err,
			  send_options(fd, NULL, rows[i].options, 0))
			TH_LOG("%s", rows[i].options);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text());
	}
}

/* Those of a message take the place of the socket's, for one datagram */
TEST_F(ipoptions, message_wins)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, set_options(fd, "01010101"));
	EXPECT_EQ(0, send_options(fd, NULL, "94040000", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_STREQ("94040000", to_hex(g.options, g.options_len));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_STREQ("01010101", to_hex(g.options, g.options_len));
	/* A message of no options: none at all */
	EXPECT_EQ(0, send_options(fd, NULL, "", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, g.options_len);
}

/* A route: the first of it must be there, and be a neighbour if it is strict */
TEST_F(ipoptions, first_of_route)
{
	static const struct {
		const char *to, *options;
		int err;
		const char *first;
	} rows[] = {
		{ YOU, "830704c6336401", 0, "198.51.100.1" },
		{ YOU, "890704c6336401", ENETUNREACH, NULL },
		{ YOU, "890704c0000203", 0, "192.0.2.3" },
		{ YOU, "830704cb007101", ENETUNREACH, NULL },
		{ NOWHERE, "830704c0000203", 0, "192.0.2.3" },
		{ "0.0.0.0", "830704c0000203", EINVAL, NULL },
	};
	int t = tun(), fd = sock();
	static struct datagram g;
	unsigned int i;

	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, send_options(fd, rows[i].to,
						     rows[i].options, 0))
			TH_LOG("case %d", i);
		EXPECT_EQ(rows[i].err ? -EAGAIN : 1, next_datagram(&g))
			TH_LOG("case %d", i);
		if (!rows[i].err)
			EXPECT_EQ(inet_addr(rows[i].first), g.ip.daddr);
	}
}

/* Whether it is multicast, and leaves by that device, the last of it says */
TEST_F(ipoptions, device_of_route)
{
	struct ip_mreqn req = { .imr_address.s_addr = inet_addr("192.0.2.77") };
	int t = tun(), fd = sock();
	static struct datagram g;

	run("ip addr add 192.0.2.77/24 dev tun0");
	run("ip route add 224.0.0.0/4 dev tun0");
	EXPECT_EQ(0, setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &req,
				sizeof(req)));
	EXPECT_EQ(0, send_options(fd, "224.1.2.3", LOOSE_ROUTE, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	EXPECT_EQ(inet_addr("192.0.2.77"), g.ip.saddr);
	EXPECT_EQ(0, send_options(fd, YOU, "830704e0010203", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("224.1.2.3"), g.ip.daddr);
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
}

/* What is corked names the last of its route as the receiver, and what follows */
TEST_F(ipoptions, corked_route)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, send_options(fd, NULL, LOOSE_ROUTE, MSG_MORE));
	EXPECT_EQ(0, tag(fd, 'y'));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_STREQ("830704c000020200", to_hex(g.options, g.options_len));
	EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
	EXPECT_EQ(0, tag(fd, 'y'));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, g.options_len);
	EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
}

/* The checksum is over the first of the route, as if it were the receiver */
TEST_F(ipoptions, checksum_of_route)
{
	int t = tun(), fd = sock();
	struct packet p;
	struct header *h;

	EXPECT_EQ(0, send_options(fd, YOU, LOOSE_ROUTE, 0));
	ASSERT_EQ(37, next_packet(t, variant->door.wire, &p));
	h = (void *)(p.bytes + 28);
	EXPECT_EQ(0, transport_sum(&p.ip, h, 9));
	p.ip.daddr = inet_addr(YOU);
	EXPECT_NE(0, transport_sum(&p.ip, h, 9));
}

/* Later fragments have those with the bit "copied", and NOP for the others */
TEST_F(ipoptions, fragments)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static char data[4000];
	struct packet p;

	EXPECT_EQ(0, set_options(fd, RECORD_ROUTE "9404000001"));
	for (i = 0; i < 2; i++) {
		if (i)
			EXPECT_EQ(2000, send(fd, data, 2000, MSG_MORE));
		EXPECT_EQ(i ? 2000 : 4000,
			  send(fd, data, i ? 2000 : 4000, 0));
		ASSERT_EQ(1500 - 4, next_packet(t, variant->door.wire, &p));
		EXPECT_STREQ("070708c00002019404000001",
			     to_hex(p.bytes + 20, 12));
		ASSERT_EQ(1500 - 4, next_packet(t, variant->door.wire, &p));
		EXPECT_STREQ("010101010101019404000001",
			     to_hex(p.bytes + 20, 12));
		ASSERT_EQ(32 + 4008 - 2 * 1464,
			  next_packet(t, variant->door.wire, &p));
		EXPECT_STREQ("010101010101019404000001",
			     to_hex(p.bytes + 20, 12));
		EXPECT_EQ(0, next_packet(t, variant->door.wire, &p));
	}
}

/* Options need room, of the longest and of the MTU */
TEST_F(ipoptions, room)
{
	int t = tun(), i;
	static char data[65536];
	static struct datagram g;

	for (i = 0; i < 2; i++) {
		int fd = joined(sock(), YOU, 9);

		EXPECT_EQ(0, set_options(fd, "0101010194040000"));
		EXPECT_EQ(MAX_PAYLOAD - 8, send(fd, data, MAX_PAYLOAD - 8,
						i ? MSG_MORE : 0));
		if (i)
			EXPECT_EQ(0, send(fd, "", 0, 0));
		EXPECT_EQ(MAX_PAYLOAD - 8, next_datagram(&g));
		EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, MAX_PAYLOAD - 7,
						i ? MSG_MORE : 0)));
		EXPECT_EQ(1464, send(fd, data, 1464, 0));
		EXPECT_EQ(1464, next_datagram(&g));
		EXPECT_EQ(1, g.fragments);
		EXPECT_EQ(IP_DF, ntohs(g.ip.frag_off));
		EXPECT_EQ(1465, send(fd, data, 1465, 0));
		EXPECT_EQ(1465, next_datagram(&g));
		EXPECT_EQ(2, g.fragments);
		EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER,
				     IP_PMTUDISC_DO));
		EXPECT_EQ(1464, send(fd, data, 1464, 0));
		EXPECT_EQ(1464, next_datagram(&g));
		EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1465, 0)));
		EXPECT_EQ(1500, get_int(fd, SOL_IP, IP_MTU));
	}
}

/* The MTU that the error queue tells is less by the options */
TEST_F(ipoptions, mtu_told)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static char data[1500];
	char control[256];
	struct msghdr msg = { .msg_control = control,
		.msg_controllen = sizeof(control) };
	struct sock_extended_err *e;

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_options(fd, "0101010194040000"));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1465, 0)));
	ASSERT_EQ(0, recvmsg(fd, &msg, MSG_ERRQUEUE));
	e = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	EXPECT_EQ(SO_EE_ORIGIN_LOCAL, e->ee_origin);
	EXPECT_EQ(1492, e->ee_info);
}

/* To whom something was, as the error queue says */
static const char *told_to(int fd)
{
	struct sockaddr_in name = {};
	struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof(name) };

	if (recvmsg(fd, &msg, MSG_ERRQUEUE))
		return "(none)";
	return inet_ntoa(name.sin_addr);
}

/* With a route it was to the first of it, but to the last if it was corked */
TEST_F(ipoptions, mtu_told_of_route)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static char data[1500];

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_options(fd, LOOSE_ROUTE));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1500, 0)));
	EXPECT_STREQ("192.0.2.3", told_to(fd));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1500, MSG_MORE)));
	EXPECT_STREQ(YOU, told_to(fd));
	EXPECT_EQ(1, send(fd, data, 1, MSG_MORE));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1500, MSG_MORE)));
	EXPECT_STREQ(YOU, told_to(fd));
}

/* What is corked has the options of its first send */
TEST_F(ipoptions, corked)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, send_options(fd, NULL, "94040000", MSG_MORE));
	EXPECT_EQ(0, set_options(fd, "01010101"));
	EXPECT_EQ(0, send_options(fd, NULL, "ffff", MSG_MORE));
	EXPECT_EQ(0, tag(fd, 'y'));
	EXPECT_EQ(3, next_datagram(&g));
	EXPECT_STREQ("94040000", to_hex(g.options, g.options_len));
	EXPECT_EQ(1, send(fd, "a", 1, MSG_MORE));
	EXPECT_EQ(0, set_options(fd, ""));
	EXPECT_EQ(1, send(fd, "b", 1, 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_STREQ("01010101", to_hex(g.options, g.options_len));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, g.options_len);
	/* What is closed or fails gives its options back */
	EXPECT_EQ(0, send_options(fd, NULL, "94040000", MSG_MORE));
	EXPECT_EQ(EFAULT, err_of(send(fd, (void *)1, 5, 0)));
	EXPECT_EQ(0, send_options(fd, NULL, "94040000", MSG_MORE));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

/* Who receives adds to a record of the route, and sees what has come of it */
TEST_F(ipoptions, received)
{
	int raw = socket(AF_INET, SOCK_RAW, variant->door.wire), fd = sock();
	unsigned char buf[64];
	struct sockaddr_in to = addr("127.0.0.1", 5000);

	ASSERT_LE(0, raw);
	bound("127.0.0.1", 5000);
	EXPECT_EQ(0, set_options(fd, "070b04000000000000000000"));
	EXPECT_EQ(1, sendto(fd, "x", 1, 0, sa(&to), sizeof(to)));
	EXPECT_EQ(20 + 12 + 8 + 1, take(raw, buf, sizeof(buf)));
	EXPECT_STREQ("070b0c7f0000017f00000100", to_hex(buf + 20, 12));
}

TEST_HARNESS_MAIN
