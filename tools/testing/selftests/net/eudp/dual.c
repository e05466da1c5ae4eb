// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of IPv6 that speak IPv4 as well, and who has a port when both are
 * there: ipv6(7), RFC 3493
 */
#include "lib.h"
#include <netinet/udp.h>

#include <linux/in6.h>
#include <linux/ipv6.h>

#define LO4	"127.0.0.1"
#define LO6	"::1"
#define MAPPED	"::ffff:127.0.0.1"
#define OTHER4	"127.0.0.2"
#define OTHER6	"fd00::2"

EUDP6_FIXTURE(dual)
EUDP6_INET_VARIANT(dual);

/* What a socket may be bound to: a family, an address, IPV6_V6ONLY or not */
static const struct kind {
	const char *ip;
	bool only;
} kinds[] = {
	{ "::" }, { "::", true }, { LO6 }, { LO6, true }, { OTHER6 },
	{ "::ffff:0.0.0.0" }, { MAPPED }, { "::ffff:127.0.0.2" },
	{ "0.0.0.0" }, { LO4 }, { OTHER4 },
};

#define KINDS	ARRAY_SIZE(kinds)

static int __kind(struct __test_metadata *_metadata, const struct door *d,
		  const struct kind *k)
{
	int fd;

	if (!strchr(k->ip, ':'))
		return __sock4(_metadata, d);
	fd = __sock(_metadata, d->family, d->protocol);
	ASSERT_EQ(0, set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, k->only));
	return fd;
}

/* A socket of this kind with SO_REUSEADDR or SO_REUSEPORT, or 0 */
static int __kind_with(struct __test_metadata *_metadata, const struct door *d,
		       const struct kind *k, int option)
{
	int fd = __kind(_metadata, d, k);

	if (option)
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, option, 1));
	return fd;
}

#define kind_with(k, option) \
	__kind_with(_metadata, &variant->door, &kinds[k], option)

static int bind_kind(int fd, int k)
{
	return err_of(bind_to(fd, kinds[k].ip, 5000));
}

/* Of a table: the row is the first one, in each column the second one */
static char clash_mark(int err)
{
	return err == EADDRINUSE ? 'X' : err ? '?' : '.';
}

/* In the order of kinds[]: 6 is IPv6, m is mapped, 4 is IPv4 */
static const char * const clashes[KINDS] = {
	/*666 66mmm444 */
	"XXXXXXXXXXX",	/* :: */
	"XXXXX......",	/* :: only */
	"XXXX.......",	/* ::1 */
	"XXXX.......",	/* ::1 only */
	"XX..X......",	/* fd00::2 */
	"X....XXXXXX",	/* ::ffff:0.0.0.0 */
	"X....XX.XX.",	/* ::ffff:127.0.0.1 */
	"X....X.XX.X",	/* ::ffff:127.0.0.2 */
	"X....XXXXXX",	/* 0.0.0.0 */
	"X....XX.XX.",	/* 127.0.0.1 */
	"X....X.XX.X",	/* 127.0.0.2 */
};

static void __compare_clashes(struct __test_metadata *_metadata,
			      const struct door *door, int option1, int option2,
			      bool waived)
{
	char got[KINDS + 1] = "", none[KINDS + 1] = "";
	unsigned int i, k;

	memset(none, '.', KINDS);
	for (i = 0; i < KINDS; i++) {
		for (k = 0; k < KINDS; k++) {
			int one = __kind_with(_metadata, door, &kinds[i],
					      option1);
			int two = __kind_with(_metadata, door, &kinds[k],
					      option2);

			ASSERT_EQ(0, bind_kind(one, i));
			got[k] = clash_mark(bind_kind(two, k));
			close(one);
			close(two);
		}
		EXPECT_STREQ(waived ? none : clashes[i], got)
			TH_LOG("%s%s first, options %d and %d", kinds[i].ip,
			       kinds[i].only ? " only" : "", option1, option2);
	}
}

#define compare_clashes(option1, option2, waived) \
	__compare_clashes(_metadata, &variant->door, option1, option2, waived)

/* Who shuts out whom, unless both have the same option */
TEST_F_TIMEOUT(dual, conflicts, 300)
{
	static const struct {
		int one, two;
		bool waived;
	} cases[] = {
		{ 0, 0 },
		{ SO_REUSEADDR, SO_REUSEADDR, true },
		{ SO_REUSEPORT, SO_REUSEPORT, true },
		{ SO_REUSEADDR, SO_REUSEPORT },
		{ SO_REUSEPORT, SO_REUSEADDR },
	};
	unsigned int i;

	add_address("lo", OTHER6, 128);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		compare_clashes(cases[i].one, cases[i].two, cases[i].waived);
}

/* The same where many have ports that may share a chain with this one */
TEST_F_TIMEOUT(dual, conflicts_in_a_crowd, 300)
{
	int port;

	add_address("lo", OTHER6, 128);
	for (port = 5000 % 1024; port < 65536; port += 1024) {
		if (port == 5000)
			continue;
		bound(LO6, port);
		bound(MAPPED, port);
		bound4(OTHER4, port);
	}
	compare_clashes(0, 0, false);
}

/* A third one clashes if it does with either of the two that are there */
TEST_F_TIMEOUT(dual, conflicts_of_three, 300)
{
	unsigned int i, k, l;

	add_address("lo", OTHER6, 128);
	for (i = 0; i < KINDS * KINDS; i++) {
		int one = kind_with(i / KINDS, 0), two = kind_with(i % KINDS, 0);
		char got[KINDS + 1] = "", want[KINDS + 1] = "";

		ASSERT_EQ(0, bind_kind(one, i / KINDS));
		bind_kind(two, i % KINDS);
		for (k = 0; k < KINDS; k++) {
			int three = kind_with(k, 0);

			l = clashes[i / KINDS][i % KINDS] == 'X' ? i / KINDS :
								   i % KINDS;
			want[k] = clashes[i / KINDS][k] == 'X' ? 'X' :
								 clashes[l][k];
			got[k] = clash_mark(bind_kind(three, k));
			close(three);
		}
		EXPECT_STREQ(want, got)
			TH_LOG("%s, then %s", kinds[i / KINDS].ip,
			       kinds[i % KINDS].ip);
		close(one);
		close(two);
	}
}

/*
 * Of those that clash the first one found decides alone, and if it shares the
 * port, others that do not share it are not looked at. Found is first who has
 * come last, but those of IPv6 that share after all others.
 */
TEST_F(dual, conflict_hidden)
{
	static const struct {
		const char *alone, *sharer;
		bool sharer_last, hidden;
	} cases[] = {
		{ LO4, OTHER4, true, true },
		{ LO4, OTHER4, false, false },
		{ LO6, OTHER4, true, true },
		{ LO6, OTHER4, false, false },
		{ LO4, OTHER6, true, false },
		{ LO4, OTHER6, false, false },
		{ LO6, OTHER6, true, false },
		{ LO6, OTHER6, false, false },
	};
	unsigned int i, k;

	add_address("lo", OTHER6, 128);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];
		int alone = strchr(c->alone, ':') ? sock() : sock4();
		int sharer = share(strchr(c->sharer, ':') ? sock() : sock4());
		int fd = share(sock());

		for (k = 0; k < 2; k++) {
			bool turn = k == c->sharer_last;

			ASSERT_EQ(0, bind_to(turn ? sharer : alone,
					     turn ? c->sharer : c->alone,
					     5000));
		}
		EXPECT_EQ(c->hidden ? 0 : EADDRINUSE,
			  err_of(bind_to(fd, "::", 5000)))
			TH_LOG("%s and %s, %d", c->alone, c->sharer,
			       c->sharer_last);
		close(fd);
		close(sharer);
		close(alone);
	}
}

/* What a socket was connected to once does not change where it is bound */
TEST_F(dual, conflict_after_disconnect)
{
	static const char * const ips[] = { LO4, LO6 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ips); i++) {
		int one = sock(), two = sock();

		joined(one, ips[i], 9);
		EXPECT_EQ(0, err_of(disconnect(one)));
		EXPECT_EQ(0, err_of(bind_to(one, LO6, 5000)));
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, LO6, 5000)))
			TH_LOG("after %s", ips[i]);
		EXPECT_EQ(0, err_of(bind_to(two, MAPPED, 5000)));
		close(two);
		close(one);
	}
}

/* Port 0 is one that does not clash with the other family's */
TEST_F(dual, port_zero)
{
	int i, fds[4], fd;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40003"));
	for (i = 0; i < 4; i++)
		fds[i] = i % 2 ? bound("::", 0) : bound4("0.0.0.0", 0);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "::", 0)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), MAPPED, 0)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock4(), LO4, 0)));
	/* IPv6 alone does not meet those of IPv4 */
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, err_of(bind_to(sock(), LO6, 0)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), LO6, 0)));
	/* Nor does it have a port that they have, if it becomes both */
	fd = sock();
	EXPECT_EQ(EAGAIN, tag_to(fd, LO6, 9, 1));
	EXPECT_EQ(EAGAIN, tag_to(fd, LO4, 9, 1));
	EXPECT_EQ(EAGAIN, err_of(connect_to(fd, LO6, 9)));
	EXPECT_EQ(EAGAIN, err_of(connect_to(fd, LO4, 9)));
	close(fds[2]);
	EXPECT_EQ(EAGAIN, tag_to(fd, LO6, 9, 1));
	close(fds[3]);
	EXPECT_EQ(0, tag_to(fd, LO6, 9, 1));
}

/*
 * Who gets a datagram when two have the port: 1, 2, or g, both, as they are in
 * a group of SO_REUSEPORT; a table for each family of the datagram
 */
#define FLOWS 24

/* A socket for each of FLOWS source ports */
static void __open_flows(struct __test_metadata *_metadata,
			 const struct door *d, const char *ip, int *flows)
{
	const struct kind kind = { .ip = ip };
	int i;

	for (i = 0; i < FLOWS; i++)
		flows[i] = __bound(_metadata, __kind(_metadata, d, &kind), ip,
				   6000 + i);
}

static char __winner(struct __test_metadata *_metadata, const int *flows,
		     const char *ip, const int *fds)
{
	int i, k, counts[2] = {};
	char byte;

	for (i = 0; i < FLOWS; i++)
		EXPECT_EQ(0, tag_to(flows[i], ip, 5000, 1));
	__settle(_metadata);
	for (k = 0; k < 2; k++)
		while (recv(fds[k], &byte, 1, MSG_DONTWAIT) == 1)
			counts[k]++;
	if (counts[0] + counts[1] != FLOWS)
		return counts[0] + counts[1] ? '?' : '-';
	return !counts[1] ? '1' : !counts[0] ? '2' : 'g';
}

/* As clashes[], of datagrams from an address to itself */
static void __compare_winners(struct __test_metadata *_metadata,
			      const struct door *d, int option, const char *ip,
			      const char * const *table)
{
	char got[KINDS + 1] = "";
	int flows[FLOWS], fds[2];
	unsigned int i, k;

	__add_address(_metadata, "lo", OTHER6, 128);
	__open_flows(_metadata, d, ip, flows);
	for (i = 0; i < KINDS; i++) {
		for (k = 0; k < KINDS; k++) {
			fds[0] = __kind_with(_metadata, d, &kinds[i], option);
			fds[1] = __kind_with(_metadata, d, &kinds[k], option);
			ASSERT_EQ(0, bind_kind(fds[0], i));
			ASSERT_EQ(0, bind_kind(fds[1], k));
			got[k] = __winner(_metadata, flows, ip, fds);
			close(fds[0]);
			close(fds[1]);
		}
		EXPECT_STREQ(table[i], got)
			TH_LOG("%s%s first", kinds[i].ip,
			       kinds[i].only ? " only" : "");
	}
}

#define compare_winners(option, ip, table) \
	__compare_winners(_metadata, &variant->door, option, ip, table)

/* The better address, then IPv4's own for IPv4, then who has come last */
TEST_F_TIMEOUT(dual, winner_reuseaddr_4, 300)
{
	static const char * const table[KINDS] = {
		/*666 66mmm444 */
		"21111221221",	/* :: */
		"2----22-22-",	/* :: only */
		"2----22-22-",	/* ::1 */
		"2----22-22-",	/* ::1 only */
		"2----22-22-",	/* fd00::2 */
		"21111221221",	/* ::ffff:0.0.0.0 */
		"11111121121",	/* ::ffff:127.0.0.1 */
		"2----22-22-",	/* ::ffff:127.0.0.2 */
		"11111121221",	/* 0.0.0.0 */
		"11111111121",	/* 127.0.0.1 */
		"2----22-22-",	/* 127.0.0.2 */
	};

	compare_winners(SO_REUSEADDR, LO4, table);
}

TEST_F_TIMEOUT(dual, winner_reuseaddr_6, 300)
{
	static const char * const table[KINDS] = {
		/*666 66mmm444 */
		"22221111111",	/* :: */
		"22221111111",	/* :: only */
		"11221111111",	/* ::1 */
		"11221111111",	/* ::1 only */
		"2222-------",	/* fd00::2 */
		"2222-------",	/* ::ffff:0.0.0.0 */
		"2222-------",	/* ::ffff:127.0.0.1 */
		"2222-------",	/* ::ffff:127.0.0.2 */
		"2222-------",	/* 0.0.0.0 */
		"2222-------",	/* 127.0.0.1 */
		"2222-------",	/* 127.0.0.2 */
	};

	compare_winners(SO_REUSEADDR, LO6, table);
}

TEST_F_TIMEOUT(dual, winner_reuseport_4, 300)
{
	static const char * const table[KINDS] = {
		/*666 66mmm444 */
		"g1111121221",	/* :: */
		"2----22-22-",	/* :: only */
		"2----22-22-",	/* ::1 */
		"2----22-22-",	/* ::1 only */
		"2----22-22-",	/* fd00::2 */
		"11111g21221",	/* ::ffff:0.0.0.0 */
		"111111g1121",	/* ::ffff:127.0.0.1 */
		"2----22-22-",	/* ::ffff:127.0.0.2 */
		"11111121g21",	/* 0.0.0.0 */
		"111111111g1",	/* 127.0.0.1 */
		"2----22-22-",	/* 127.0.0.2 */
	};

	compare_winners(SO_REUSEPORT, LO4, table);
}

TEST_F_TIMEOUT(dual, winner_reuseport_6, 300)
{
	static const char * const table[KINDS] = {
		/*666 66mmm444 */
		"g1221111111",	/* :: */
		"1g221111111",	/* :: only */
		"11gg1111111",	/* ::1 */
		"11gg1111111",	/* ::1 only */
		"2222-------",	/* fd00::2 */
		"2222-------",	/* ::ffff:0.0.0.0 */
		"2222-------",	/* ::ffff:127.0.0.1 */
		"2222-------",	/* ::ffff:127.0.0.2 */
		"2222-------",	/* 0.0.0.0 */
		"2222-------",	/* 127.0.0.1 */
		"2222-------",	/* 127.0.0.2 */
	};

	compare_winners(SO_REUSEPORT, LO6, table);
}

/* The names of sockets that are bound, and then connected, by each family */
TEST_F(dual, names)
{
	static const struct {
		const char *bind, *connect;
		int bind_err, connect_err;
		const char *local, *peer;	/* ports after them */
	} cases[] = {
		{ "::", LO6, 0, 0, "[::1]", "[::1]" },
		{ "::", MAPPED, 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ "::", LO4, 0, 0, "[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]" },
		{ "::", "::", 0, 0, "[::1]", "[::1]" },
		{ "::", "::ffff:0.0.0.0", 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ "::", "0.0.0.0", 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ LO6, LO6, 0, 0, "[::1]", "[::1]" },
		{ LO6, OTHER6, 0, 0, "[::1]", "[fd00::2]" },
		{ LO6, MAPPED, 0, ENETUNREACH, "[::1]", "errno 107" },
		{ LO6, LO4, 0, EAFNOSUPPORT, "[::1]", "errno 107" },
		{ LO6, "::", 0, 0, "[::1]", "[::1]" },
		{ MAPPED, MAPPED, 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ MAPPED, OTHER4, 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.2]" },
		{ MAPPED, "::", 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ MAPPED, LO6, 0, EAFNOSUPPORT, "[::ffff:127.0.0.1]",
		  "errno 107" },
		{ "::ffff:0.0.0.0", LO4, 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ "::ffff:0.0.0.0", "::", 0, 0, "[::ffff:127.0.0.1]",
		  "[::ffff:127.0.0.1]" },
		{ "::ffff:0.0.0.0", LO6, 0, EAFNOSUPPORT, "[::ffff:0.0.0.0]",
		  "errno 107" },
		/* IPv4's own are refused, and so is what is not here */
		{ LO4, NULL, EINVAL },
		{ "0.0.0.0", NULL, EINVAL },
		{ NOWHERE6, NULL, EADDRNOTAVAIL },
		{ "::ffff:203.0.113.1", NULL, EADDRNOTAVAIL },
		{ "::127.0.0.1", NULL, EADDRNOTAVAIL },
		{ "::", NOWHERE6, 0, ENETUNREACH, "[::]", "errno 107" },
		{ "::", NOWHERE, 0, ENETUNREACH, "[::]", "errno 107" },
		{ "::", "::ffff:203.0.113.1", 0, ENETUNREACH, "[::]",
		  "errno 107" },
		{ "::", "::127.0.0.1", 0, ENETUNREACH, "[::]", "errno 107" },
	};
	char want[64];
	unsigned int i;
	int fd;

	add_address("lo", OTHER6, 128);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = sock();
		EXPECT_EQ(c->bind_err, err_of(bind_to(fd, c->bind, 5000)))
			TH_LOG("bind to %s", c->bind);
		if (c->bind_err) {
			EXPECT_STREQ("[::]:0", local(fd));
			EXPECT_EQ(0, err_of(bind_to(fd, "::", 5000)));
			close(fd);
			continue;
		}
		EXPECT_EQ(c->connect_err, err_of(connect_to(fd, c->connect, 9)))
			TH_LOG("%s to %s", c->bind, c->connect);
		snprintf(want, sizeof(want), "%s:5000", c->local);
		EXPECT_STREQ(want, local(fd))
			TH_LOG("%s to %s", c->bind, c->connect);
		snprintf(want, sizeof(want), "%s%s", c->peer,
			 c->connect_err ? "" : ":9");
		EXPECT_STREQ(want, peer(fd))
			TH_LOG("%s to %s", c->bind, c->connect);
		close(fd);
	}
}

/* Where a datagram may go, and from where it seems to come, port 5000 */
TEST_F(dual, send)
{
	static const struct {
		const char *bind, *to;
		int err;
		bool six;	/* the receiver of IPv6 has it */
		const char *from;
	} cases[] = {
		{ "::", LO6, 0, true, "[::1]:5000" },
		{ "::", MAPPED, 0, false, "127.0.0.1:5000" },
		{ "::", LO4, 0, false, "127.0.0.1:5000" },
		{ "::", "::", 0, true, "[::1]:5000" },
		{ "::", "0.0.0.0", 0, false, "127.0.0.1:5000" },
		{ "::", "::ffff:0.0.0.0", 0, false, "127.0.0.1:5000" },
		{ LO6, LO6, 0, true, "[::1]:5000" },
		{ LO6, "::", 0, true, "[::1]:5000" },
		{ LO6, MAPPED, ENETUNREACH },
		{ LO6, LO4, ENETUNREACH },
		{ OTHER6, LO6, 0, true, "[fd00::2]:5000" },
		{ MAPPED, MAPPED, 0, false, "127.0.0.1:5000" },
		{ MAPPED, LO4, 0, false, "127.0.0.1:5000" },
		{ MAPPED, "::", 0, false, "127.0.0.1:5000" },
		{ MAPPED, LO6, EAFNOSUPPORT },
		{ "::ffff:127.0.0.2", LO4, 0, false, "127.0.0.2:5000" },
		{ "::ffff:0.0.0.0", LO4, 0, false, "127.0.0.1:5000" },
		{ "::ffff:0.0.0.0", "::", 0, false, "127.0.0.1:5000" },
		{ "::ffff:0.0.0.0", LO6, EAFNOSUPPORT },
		{ "::", NOWHERE6, ENETUNREACH },
		{ "::", NOWHERE, ENETUNREACH },
		{ "::", "::ffff:203.0.113.1", ENETUNREACH },
		{ "::", "::127.0.0.1", ENETUNREACH },
		{ "::", "255.255.255.255", ENETUNREACH },
		{ "::", "127.255.255.255", EACCES },
		{ "::", "::ffff:127.255.255.255", EACCES },
	};
	int rx4 = bound4(LO4, 9), rx6 = bound(LO6, 9), fd;
	unsigned int i;

	add_address("lo", OTHER6, 128);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = bound(c->bind, 5000);
		EXPECT_EQ(c->err, tag_to(fd, c->to, 9, 1))
			TH_LOG("%s to %s", c->bind, c->to);
		if (!c->err)
			EXPECT_STREQ(c->from, take_sender(c->six ? rx6 : rx4))
				TH_LOG("%s to %s", c->bind, c->to);
		EXPECT_EQ(EAGAIN, silent(c->six ? rx4 : rx6));
		close(fd);
	}
}

/* A counter of IPv4 */
static long counter4(const struct door *d, const char *name)
{
	struct door door4 = { .snmp = "/proc/net/snmp", .mib = "Udp:" };

	if (d->wire == IPPROTO_EUDP) {
		door4.snmp = "/proc/net/eudp_snmp";
		door4.mib = "Eudp:";
	}
	return counter(&door4, name);
}

/* Datagrams of both families come to one socket, in their order */
TEST_F(dual, receive)
{
	const struct door *d = &variant->door;
	int fd = bound("::", 5000), tx6 = bound(LO6, 6000);
	int tx4 = bound4(LO4, 6000), two = bound("::", 7000), only;

	EXPECT_EQ(0, tag_to(tx4, LO4, 5000, 1));
	EXPECT_EQ(0, tag_to(tx6, LO6, 5000, 2));
	EXPECT_EQ(0, tag_to(two, LO4, 5000, 3));
	EXPECT_EQ(0, tag_to(two, LO6, 5000, 4));
	EXPECT_EQ(0, tag_to(tx4, OTHER4, 5000, 5));
	EXPECT_STREQ("[::ffff:127.0.0.1]:6000", take_sender(fd));
	EXPECT_STREQ("[::1]:6000", take_sender(fd));
	EXPECT_STREQ("[::ffff:127.0.0.1]:7000", take_sender(fd));
	EXPECT_STREQ("[::1]:7000", take_sender(fd));
	EXPECT_STREQ("[::ffff:127.0.0.1]:6000", take_sender(fd));
	/* What it says is where an answer goes */
	EXPECT_EQ(0, tag_to(fd, MAPPED, 6000, 6));
	EXPECT_STREQ("127.0.0.1:5000", take_sender(tx4));
	/* Counted by what they are, not by whose they are */
	EXPECT_EQ(2, counter(d, "OutDatagrams"));
	EXPECT_EQ(2, counter(d, "InDatagrams"));
	EXPECT_EQ(4, counter4(d, "OutDatagrams"));
	EXPECT_EQ(4, counter4(d, "InDatagrams"));
	close(fd);

	only = sock();
	ASSERT_EQ(0, set_int(only, IPPROTO_IPV6, IPV6_V6ONLY, 1));
	ASSERT_EQ(0, bind_to(only, "::", 5000));
	joined(tx4, LO4, 5000);
	EXPECT_EQ(0, tag(tx4, 7));
	EXPECT_EQ(EAGAIN, silent(only));
	EXPECT_EQ(ECONNREFUSED, get_int(tx4, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, tag_to(tx6, LO6, 5000, 8));
	EXPECT_EQ(8, take_tag(only));
}

/* Connected, it hears its peer alone, and no other family */
TEST_F(dual, connected)
{
	int fd = bound("::", 5000), peer4 = bound4(LO4, 6000);
	int peer6 = bound(LO6, 6000), other4 = bound4(OTHER4, 6000);
	int other = bound4(LO4, 6001);

	joined(fd, LO4, 6000);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_STREQ("127.0.0.1:5000", take_sender(peer4));
	EXPECT_EQ(0, tag_to(peer4, LO4, 5000, 2));
	EXPECT_STREQ("[::ffff:127.0.0.1]:6000", take_sender(fd));
	EXPECT_EQ(0, tag_to(other, LO4, 5000, 3));
	EXPECT_EQ(0, tag_to(other4, LO4, 5000, 4));
	EXPECT_EQ(0, tag_to(peer4, OTHER4, 5000, 5));
	EXPECT_EQ(0, tag_to(peer6, LO6, 5000, 6));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* It may still send elsewhere, but not from here to IPv6 */
	EXPECT_EQ(0, tag_to(fd, LO4, 6001, 7));
	EXPECT_STREQ("127.0.0.1:5000", take_sender(other));
	EXPECT_EQ(EAFNOSUPPORT, tag_to(fd, LO6, 6000, 8));

	/* Nor does it become IPv6's without being disconnected */
	EXPECT_EQ(EAFNOSUPPORT, err_of(connect_to(fd, LO6, 6000)));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("[::]:5000", local(fd));
	joined(fd, LO6, 6000);
	EXPECT_EQ(0, tag_to(peer6, LO6, 5000, 1));
	EXPECT_STREQ("[::1]:6000", take_sender(fd));
	EXPECT_EQ(0, tag_to(peer4, LO4, 5000, 2));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(0, tag_to(fd, LO4, 6000, 3));
	EXPECT_STREQ("127.0.0.1:5000", take_sender(peer4));
	/* And back */
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, tag_to(peer4, LO4, 5000, 4));
	EXPECT_STREQ("[::ffff:127.0.0.1]:6000", take_sender(fd));
	EXPECT_EQ(0, tag_to(peer6, LO6, 5000, 5));
	EXPECT_STREQ("[::1]:6000", take_sender(fd));
}

/*
 * Disconnected from IPv6 a socket remembers the address, and hears datagrams of
 * IPv6 from there alone. Those of IPv4 it hears from everywhere.
 */
TEST_F(dual, disconnected)
{
	int fd = bound("::", 5000), peer6, other6, other4 = bound4(OTHER4, 0);

	add_address("lo", OTHER6, 128);
	peer6 = bound(LO6, 0);
	other6 = bound(OTHER6, 0);
	joined(fd, LO6, 9);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, tag_to(peer6, LO6, 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(0, tag_to(other4, LO4, 5000, 2));
	EXPECT_EQ(2, take_tag(fd));
	EXPECT_EQ(0, tag_to(other6, LO6, 5000, 3));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* If the address was one of IPv4, of IPv6 it hears nobody */
	joined(fd, LO4, 9);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, tag_to(other6, LO6, 5000, 4));
	EXPECT_EQ(0, tag_to(peer6, LO6, 5000, 5));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(0, tag_to(other4, LO4, 5000, 6));
	EXPECT_EQ(6, take_tag(fd));
}

/* An error of IPv4 comes to the socket that is connected by it */
TEST_F(dual, refused)
{
	static const char * const peers[] = { LO6, LO4, MAPPED };
	unsigned int i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		fd = joined(sock(), peers[i], 9);
		EXPECT_EQ(0, tag(fd, 1));
		settle();
		EXPECT_EQ(ECONNREFUSED, tag(fd, 1))
			TH_LOG("%s", peers[i]);
		close(fd);
		/* And not to one that is not */
		fd = sock();
		EXPECT_EQ(0, tag_to(fd, peers[i], 9, 1));
		settle();
		EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
		close(fd);
	}
}

/* ipv6(7): IPV6_V6ONLY, as long as there is no port */
TEST_F(dual, v6only)
{
	int fd = sock();

	EXPECT_EQ(0, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(0, set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 7));
	EXPECT_EQ(1, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, MAPPED, 5000)));
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "::ffff:0.0.0.0", 5000)));
	EXPECT_EQ(0, err_of(bind_to(fd, "::", 5000)));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)));
	EXPECT_EQ(EAFNOSUPPORT, err_of(connect_to(fd, LO4, 9)));
	EXPECT_EQ(ENETUNREACH, err_of(connect_to(fd, MAPPED, 9)));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, LO4, 9, 1));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, MAPPED, 9, 1));
	EXPECT_EQ(0, tag_to(fd, LO6, 9, 1));

	/* Sending is enough to have one */
	fd = sock();
	EXPECT_EQ(0, tag_to(fd, LO4, 9, 1));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)));
	/* An address may say it all, but not when it has been refused */
	fd = sock();
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(fd, NOWHERE6, 5001)));
	EXPECT_EQ(0, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(0, err_of(bind_to(fd, LO6, 5001)));
	EXPECT_EQ(1, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	fd = sock();
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, LO6, 5001)));
	EXPECT_EQ(0, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(0, err_of(bind_to(fd, MAPPED, 5001)));
	EXPECT_EQ(0, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
}

/* The knob is looked at when the socket is made, and the option overrides it */
TEST_F(dual, bindv6only)
{
	int old = sock(), fd;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/bindv6only", "1"));
	EXPECT_EQ(0, get_int(old, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(0, tag_to(old, LO4, 9, 1));
	fd = sock();
	EXPECT_EQ(1, get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, LO4, 9, 1));
	EXPECT_EQ(EINVAL, err_of(bind_to(sock(), MAPPED, 5000)));
	fd = sock();
	EXPECT_EQ(0, set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0));
	EXPECT_EQ(0, err_of(bind_to(fd, MAPPED, 5000)));
	/* The two wildcards live side by side */
	EXPECT_EQ(0, err_of(bind_to(sock(), "::", 5001)));
	EXPECT_EQ(0, err_of(bind_to(sock4(), "0.0.0.0", 5001)));
	enter_namespace(_metadata);
	EXPECT_EQ(0, get_int(sock(), IPPROTO_IPV6, IPV6_V6ONLY));
}

/* Each call with an address of each family, cut or padded to each length */
static int call_with(struct any_addr *a, int call, int fd)
{
	if (call == 'b')
		return err_of(bind(fd, &a->sa, a->len));
	if (call == 'c')
		return err_of(connect(fd, &a->sa, a->len));
	return err_of(sendto(fd, "", 1, 0, &a->sa, a->len));
}

TEST_F(dual, address_lengths)
{
	static const struct {
		int family;
		const char *ip;
		int len, bind, connect, send;
	} cases[] = {
		{ AF_INET6, LO6, 0, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, LO6, 1, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, LO6, 2, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, LO6, 16, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, LO6, 23, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, LO6, 24, 0, 0, 0 },
		{ AF_INET6, LO6, 27, 0, 0, 0 },
		{ AF_INET6, LO6, 28, 0, 0, 0 },
		{ AF_INET6, LO6, 128, 0, 0, 0 },
		{ AF_INET6, LO6, 129, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, MAPPED, 16, EINVAL, EINVAL, EINVAL },
		{ AF_INET6, MAPPED, 24, 0, 0, 0 },
		{ AF_INET, LO4, 1, EINVAL, EINVAL, EINVAL },
		{ AF_INET, LO4, 2, EINVAL, EINVAL, EINVAL },
		{ AF_INET, LO4, 15, EINVAL, EINVAL, EINVAL },
		{ AF_INET, LO4, 16, EINVAL, 0, 0 },
		{ AF_INET, LO4, 23, EINVAL, 0, 0 },
		{ AF_INET, LO4, 24, EAFNOSUPPORT, 0, 0 },
		{ AF_INET, LO4, 28, EAFNOSUPPORT, 0, 0 },
		{ AF_INET, "0.0.0.0", 28, EAFNOSUPPORT, 0, 0 },
		{ AF_UNSPEC, "::", 1, EINVAL, EINVAL, EINVAL },
		{ AF_UNSPEC, "::", 2, EINVAL, 0, EDESTADDRREQ },
		{ AF_UNSPEC, "::", 28, EAFNOSUPPORT, 0, EDESTADDRREQ },
		{ AF_UNSPEC, LO6, 28, EAFNOSUPPORT, 0, EDESTADDRREQ },
		{ AF_UNSPEC, "0.0.0.0", 16, EINVAL, 0, EDESTADDRREQ },
		{ AF_UNIX, LO6, 2, EINVAL, EINVAL, EINVAL },
		{ AF_UNIX, LO6, 24, EAFNOSUPPORT, EAFNOSUPPORT, EINVAL },
		{ AF_EUDP, LO6, 28, EAFNOSUPPORT, EAFNOSUPPORT, EINVAL },
	};
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(cases) * 3; i++) {
		const typeof(cases[0]) *c = &cases[i / 3];
		union {
			struct any_addr any;
			char room[256];
		} u = { .any = any_addr(c->ip, 9) };
		int fd = sock(), errs[] = { c->bind, c->connect, c->send };

		k = i % 3;
		u.any.sa.sa_family = c->family;
		u.any.len = c->len;
		EXPECT_EQ(errs[k], call_with(&u.any, "bcs"[k], fd))
			TH_LOG("%c, family %d, %s, %d bytes", "bcs"[k],
			       c->family, c->ip, c->len);
		close(fd);
	}
}

/* AF_UNSPEC: sendto() then has no address, connect() disconnects */
TEST_F(dual, unspec)
{
	struct any_addr un = { .len = sizeof(un.sin6) };
	int fd = joined(bound("::", 5000), LO6, 6000), rx = bound(LO6, 6000);
	int rx4 = bound4(LO4, 6000);

	EXPECT_EQ(1, sendto(fd, "", 1, 0, &un.sa, 2));
	EXPECT_STREQ("[::1]:5000", take_sender(rx));
	un.sin6.sin6_addr = addr6(OTHER6, 0).sin6_addr;
	EXPECT_EQ(1, sendto(fd, "", 1, 0, &un.sa, un.len));
	EXPECT_STREQ("[::1]:5000", take_sender(rx));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	joined(fd, LO4, 6000);
	/* It is IPv6's peer that this goes to, and there is none */
	EXPECT_EQ(ENETUNREACH, err_of(sendto(fd, "", 1, 0, &un.sa, un.len)));
	EXPECT_EQ(EAGAIN, silent(rx4));

	/* As it was before it was connected */
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("[::]:5000", local(fd));
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
	EXPECT_EQ(EDESTADDRREQ, err_of(sendto(fd, "", 1, 0, &un.sa, 28)));
	/* A port that nobody asked for is gone as well */
	fd = joined(sock(), LO4, 6000);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("[::]:0", local(fd));
	/* An address that was asked for stays */
	fd = joined(bound(MAPPED, 5001), LO4, 6000);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("[::ffff:127.0.0.1]:5001", local(fd));
	fd = joined(bound(LO6, 5001), LO6, 6000);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("[::1]:5001", local(fd));
}

/* send(2): urgent data there are none of, and IPv6 does not look */
TEST_F(dual, out_of_band)
{
	int rx = bound("::", 5000), fd = sock();
	struct any_addr to = any_addr(LO6, 5000);

	EXPECT_EQ(1, sendto(fd, "\1", 1, MSG_OOB, &to.sa, to.len));
	EXPECT_EQ(1, take_tag(rx));
	to = any_addr(MAPPED, 5000);
	EXPECT_EQ(EOPNOTSUPP, err_of(sendto(fd, "\1", 1, MSG_OOB, &to.sa,
					    to.len)));
	to = any_addr(LO4, 5000);
	EXPECT_EQ(EOPNOTSUPP, err_of(sendto(fd, "\1", 1, MSG_OOB, &to.sa,
					    to.len)));
	joined(fd, LO6, 5000);
	EXPECT_EQ(1, send(fd, "\2", 1, MSG_OOB));
	EXPECT_EQ(2, take_tag(rx));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	joined(fd, LO4, 5000);
	EXPECT_EQ(EOPNOTSUPP, err_of(send(fd, "\1", 1, MSG_OOB)));
	EXPECT_EQ(EAGAIN, silent(rx));
	/* It is no other data than the rest */
	EXPECT_EQ(0, tag(fd, 3));
	EXPECT_EQ(1, await(rx, POLLIN));
	EXPECT_EQ(1, recv(rx, &to, 1, MSG_OOB));
}

/* Nothing is sent to port 0, but a socket may be connected to it */
TEST_F(dual, port_zero_peer)
{
	static const char * const peers[] = { LO6, LO4, MAPPED };
	int tx6 = bound(LO6, 6000), tx4 = bound4(LO4, 6000), fd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		fd = bound("::", 5000);
		EXPECT_EQ(EINVAL, tag_to(fd, peers[i], 0, 1));
		EXPECT_EQ(0, err_of(connect_to(fd, peers[i], 0)));
		EXPECT_STREQ("errno 107", peer(fd));
		EXPECT_STREQ(i ? "[::ffff:127.0.0.1]:5000" : "[::1]:5000",
			     local(fd));
		/* It may send there, too, if it is IPv6's */
		EXPECT_EQ(i ? EINVAL : 0, tag(fd, 1));
		settle();
		EXPECT_EQ(i ? 0 : ECONNREFUSED,
			  get_int(fd, SOL_SOCKET, SO_ERROR));
		/* Any port of the peer is heard */
		EXPECT_EQ(0, tag_to(i ? tx4 : tx6, i ? LO4 : LO6, 5000, 7));
		EXPECT_EQ(7, take_tag(fd));
		close(fd);
	}
}

static int more_to(int fd, const char *ip, const char *text, int flags)
{
	struct any_addr to = any_addr(ip, 9);

	return err_of(sendto(fd, text, strlen(text), flags, &to.sa, to.len));
}

/* udp(7), MSG_MORE: what is begun by one family is not ended by the other */
TEST_F(dual, corked)
{
	int fd = bound("::", 5000), rx4 = bound4(LO4, 9), rx6 = bound(LO6, 9);
	char text[16] = "";

	EXPECT_EQ(0, more_to(fd, LO6, "one ", MSG_MORE));
	EXPECT_EQ(EINVAL, more_to(fd, LO4, "two", 0));
	EXPECT_EQ(EINVAL, more_to(fd, MAPPED, "two", 0));
	EXPECT_EQ(0, more_to(fd, NOWHERE6, "three", 0));
	EXPECT_EQ(9, take(rx6, text, sizeof(text)));
	EXPECT_STREQ("one three", text);
	/* That of IPv4 goes on by either, as the address does not count */
	EXPECT_EQ(0, more_to(fd, LO4, "one ", MSG_MORE));
	EXPECT_EQ(0, more_to(fd, LO6, "two ", MSG_MORE));
	EXPECT_EQ(0, more_to(fd, NOWHERE, "end", 0));
	EXPECT_EQ(11, take(rx4, text, sizeof(text)));
	EXPECT_EQ(0, memcmp("one two end", text, 11));
	EXPECT_EQ(0, more_to(fd, MAPPED, "one ", MSG_MORE));
	EXPECT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_CORK, 0));
	EXPECT_EQ(4, take(rx4, text, sizeof(text)));
	EXPECT_EQ(EAGAIN, silent(rx6));
}

/*
 * RFC 3542 14: a socket connected to IPv4 may become one of IPv4. Only those
 * protocols can that the kernel knows by name, so eudp cannot.
 */
TEST_F(dual, addrform)
{
	bool can = variant->door.wire == IPPROTO_UDP;
	int fd = sock(), rx = bound4(LO4, 9);

	EXPECT_EQ(can ? -ENOTCONN : -ENOPROTOOPT,
		  get_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM));
	EXPECT_EQ(can ? ENOTCONN : ENOPROTOOPT,
		  err_of(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET)));
	joined(fd, LO6, 9);
	EXPECT_EQ(can ? AF_INET6 : -ENOPROTOOPT,
		  get_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM));
	EXPECT_EQ(can ? EADDRNOTAVAIL : ENOPROTOOPT,
		  err_of(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET)));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	joined(fd, LO4, 9);
	EXPECT_EQ(EINVAL, err_of(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, 7)));
	EXPECT_EQ(can ? 0 : ENOPROTOOPT,
		  err_of(set_int(fd, IPPROTO_IPV6, IPV6_ADDRFORM, AF_INET)));
	EXPECT_EQ(can ? AF_INET : AF_INET6,
		  get_int(fd, SOL_SOCKET, SO_DOMAIN));
	EXPECT_STREQ(can ? "127.0.0.1:9" : "[::ffff:127.0.0.1]:9", peer(fd));
	/* Either way it works on */
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_STREQ(strstr(local(fd), LO4) + 9 + !can,
		     strchr(take_sender(rx), ':'));
	EXPECT_EQ(0, tag_to(rx, LO4, port_of(fd), 2));
	EXPECT_EQ(2, take_tag(fd));
}

TEST_HARNESS_MAIN
