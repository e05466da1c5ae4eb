// SPDX-License-Identifier: GPL-2.0
/* One datagram out of many sends: UDP_CORK of udp(7), MSG_MORE of send(2) */
#include "tun.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#ifndef SO_NO_CHECK
#define SO_NO_CHECK	11
#endif

EUDP_FIXTURE(cork)

static int cork(int fd, int on)
{
	return err_of(set_int(fd, IPPROTO_UDP, UDP_CORK, on));
}

/* One piece, of which all must be taken */
static int piece(int fd, const char *text, int flags)
{
	ssize_t ret = send(fd, text, strlen(text), flags);

	return ret == strlen(text) ? 0 : ret < 0 ? errno : -1;
}

static int more(int fd, const char *text)
{
	return piece(fd, text, MSG_MORE);
}

static int piece_to(int fd, const char *ip, int port, const char *text,
		    int flags)
{
	struct sockaddr_in to = addr(ip, port);

	return err_of(sendto(fd, text, strlen(text), flags, sa(&to),
			     sizeof(to)));
}

/* With one control message of an int */
static int piece_with(int fd, const char *text, int flags, int type, int value)
{
	struct iovec iov = { (void *)text, strlen(text) };
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };

	c->cmsg_level = SOL_IP;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &value, sizeof(int));
	return err_of(sendmsg(fd, &msg, flags));
}

static int queued(int fd)
{
	int n = -1;

	return ioctl(fd, SIOCOUTQ, &n) ? -errno : n;
}

static const unsigned char *pattern(void)
{
	static unsigned char data[1 << 17];
	unsigned int i;

	for (i = 0; !data[1] && i < sizeof(data); i++)
		data[i] = i * 31 + i / 256 + 7;
	return data;
}

static void *__hole(struct __test_metadata *_metadata)
{
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

#define hole() __hole(_metadata)

/* The option, as any of an int */
TEST_F(cork, option)
{
	static const struct {
		int value, len, err, got;
	} cases[] = {
		{ 1, 4, 0, 1 }, { 0, 4, 0, 0 }, { 2, 4, 0, 1 },
		{ 0, 4, 0, 0 }, { -1, 4, 0, 1 }, { 0, 8, 0, 0 },
		{ 1, 3, EINVAL, 0 }, { 1, 1, EINVAL, 0 }, { 1, 0, EINVAL, 0 },
		{ 1, -1, EINVAL, 0 },
	};
	int fd = sock(), value[2] = {};
	socklen_t len = 8;
	unsigned int i;

	EXPECT_EQ(0, get_int(fd, IPPROTO_UDP, UDP_CORK));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		value[0] = cases[i].value;
		EXPECT_EQ(cases[i].err,
			  err_of(setsockopt(fd, IPPROTO_UDP, UDP_CORK, value,
					    cases[i].len)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].got, get_int(fd, IPPROTO_UDP, UDP_CORK))
			TH_LOG("case %d", i);
	}
	EXPECT_EQ(EFAULT, err_of(setsockopt(fd, IPPROTO_UDP, UDP_CORK,
					    hole(), 4)));
	EXPECT_EQ(0, cork(fd, 0x100));
	EXPECT_EQ(0, getsockopt(fd, IPPROTO_UDP, UDP_CORK, value, &len));
	EXPECT_EQ(4, len);
	len = 1;
	value[0] = -1;
	EXPECT_EQ(0, getsockopt(fd, IPPROTO_UDP, UDP_CORK, value, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ(0xffffff01, value[0]);
	len = -1;
	EXPECT_EQ(EINVAL, err_of(getsockopt(fd, IPPROTO_UDP, UDP_CORK, value,
					    &len)));
}

/* Corked until the option is cleared; then one datagram, if there were any */
TEST_F(cork, on_and_off)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, cork(fd, 1));
		EXPECT_EQ(0, piece(fd, "ab", 0));
		EXPECT_EQ(0, piece(fd, "c", 0));
		EXPECT_EQ(0, piece(fd, "def", 0));
		/* It is set already */
		EXPECT_EQ(0, cork(fd, 1));
		EXPECT_STREQ("(none)", next_text());
		EXPECT_EQ(0, cork(fd, 0));
		EXPECT_STREQ("abcdef", next_text());
		EXPECT_EQ(0, cork(fd, 0));
		EXPECT_STREQ("(none)", next_text());
		EXPECT_EQ(0, piece(fd, "alone", 0));
		EXPECT_STREQ("alone", next_text());
	}
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(4, counter(&variant->door, "OutDatagrams"));
}

/* MSG_MORE: the first send without it ends the datagram */
TEST_F(cork, more)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, more(fd, "ab"));
		EXPECT_EQ(0, more(fd, "c"));
		EXPECT_STREQ("(none)", next_text());
		EXPECT_EQ(0, piece(fd, "def", 0));
		EXPECT_STREQ("abcdef", next_text());
		EXPECT_STREQ("(none)", next_text());
	}
	EXPECT_EQ(0, piece(fd, "alone", 0));
	EXPECT_STREQ("alone", next_text());
}

/* The option holds back what MSG_MORE does not, and clearing it pushes both */
TEST_F(cork, both)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("ab", next_text());
	/* MSG_MORE first, then the option */
	EXPECT_EQ(0, more(fd, "c"));
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("cd", next_text());
	/* MSG_MORE, and an option that was never set */
	EXPECT_EQ(0, more(fd, "e"));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("e", next_text());
}

/* sendmmsg(2): MSG_MORE is for each of its messages */
TEST_F(cork, sendmmsg)
{
	struct iovec iov[] = { { "a", 1 }, { "b", 1 } };
	struct mmsghdr m[] = {
		{ .msg_hdr = { .msg_iov = iov, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = iov + 1, .msg_iovlen = 1 } },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(2, sendmmsg(fd, m, 2, MSG_MORE));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("abc", next_text());
	EXPECT_EQ(2, sendmmsg(fd, m, 2, 0));
	EXPECT_STREQ("a", next_text());
	EXPECT_STREQ("b", next_text());
}

/* Pieces of no length are pieces */
TEST_F(cork, empty_pieces)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, more(fd, ""));
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_EQ(0, next_datagram(&g));
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, more(fd, ""));
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_STREQ("ab", next_text());
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_EQ(0, next_datagram(&g));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

/* Whether the device gathers: if not, pieces are stored in another way */
static void __gather(struct __test_metadata *_metadata, int on)
{
	struct ethtool_value value = { .cmd = ETHTOOL_SSG, .data = on };
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ASSERT_EQ(0, ioctl(fd, SIOCETHTOOL, &ifr));
	close(fd);
}

/*
 * What pieces make which datagram: all is on the wire, in fragments that fit,
 * with one good checksum, whatever lengths the pieces have.
 */
TEST_F_TIMEOUT(cork, lengths, 300)
{
	static const struct {
		int mtu, fragments, lengths[8], times;
	} cases[] = {
		{ 1500, 1, { 1, 3, 7 }, 1 },
		{ 1500, 1, { 1, 3, 7, 0, 5, 2, 9, 1 }, 50 },
		{ 1500, 1, { 100 }, 8 },
		{ 1500, 1, { 1 }, 1472 },
		{ 1500, 2, { 1 }, 1473 },
		{ 1500, 2, { 1 }, 2000 },
		{ 1500, 1, { 1471, 1 }, 1 },
		{ 1500, 2, { 1472, 1 }, 1 },
		{ 1500, 2, { 1473, 1 }, 1 },
		{ 1500, 2, { 1, 1472 }, 1 },
		{ 1500, 2, { 1471, 1, 1 }, 1 },
		{ 1500, 2, { 1480, 1480 - 8 }, 1 },
		{ 1500, 3, { 1480, 1480 - 7 }, 1 },
		{ 1500, 5, { 3, 3001, 7, 3001 }, 1 },
		{ 1500, 44, { 1000 }, 65 },
		{ 1500, 45, { 65507 }, 1 },
		{ 1500, 45, { 65506, 1 }, 1 },
		{ 1500, 45, { 1, 65506 }, 1 },
		{ 1500, 45, { 13 }, 5039 },
		{ 1501, 1, { 1470, 3 }, 1 },
		{ 1501, 2, { 1470, 4 }, 1 },
		{ 1507, 2, { 1479, 1 }, 1 },
		{ 576, 1, { 547, 1 }, 1 },
		{ 576, 2, { 547, 1, 1 }, 1 },
		{ 576, 4, { 1 }, 2000 },
		{ 68, 1, { 39, 1 }, 1 },
		{ 68, 42, { 1 }, 2000 },
		{ 4000, 3, { 7, 101 }, 100 },
	};
	int t = tun(), fd = joined(sock(), YOU, 9), len, l;
	const unsigned char *data = pattern();
	static struct datagram g;
	char command[64];
	unsigned int i, k, n;

	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		__gather(_metadata, i % 2);
		snprintf(command, sizeof(command),
			 "ip link set tun0 mtu %d", cases[i / 4].mtu);
		if (!(i % 4))
			run(command);
		EXPECT_EQ(0, cork(fd, i / 2 % 2));
		len = 0;
		for (k = 0; k < cases[i / 4].times; k++)
			for (n = 0; n < 8; n++) {
				l = cases[i / 4].lengths[n];
				ASSERT_EQ(l, send(fd, data + len, l,
						  i / 2 % 2 ? 0 : MSG_MORE))
					TH_LOG("case %d", i);
				len += l;
			}
		EXPECT_EQ(0, i / 2 % 2 ? cork(fd, 0) : piece(fd, "", 0));
		ASSERT_EQ(len, next_datagram(&g))
			TH_LOG("case %d", i);
		EXPECT_NE(0, g.h.check);
		EXPECT_EQ(cases[i / 4].fragments, g.fragments)
			TH_LOG("case %d", i);
		EXPECT_EQ(g.fragments == 1 ? IP_DF : IP_MF,
			  ntohs(g.ip.frag_off));
		EXPECT_EQ(0, memcmp(data, g.data, len));
		EXPECT_EQ(-EAGAIN, next_datagram(&g));
	}
	EXPECT_EQ(ARRAY_SIZE(cases) * 4,
		  counter(&variant->door, "OutDatagrams"));
}

/*
 * Past the longest: that send is EMSGSIZE, and all before it is lost; but one
 * that alone is too long for any datagram is told before it is looked at.
 */
TEST_F(cork, too_long)
{
	static const struct {
		int first, second, err;
		const char *sent;
	} cases[] = {
		{ 65507, 1, EMSGSIZE, "end" },
		{ 1, 65507, EMSGSIZE, "end" },
		{ 40000, 40000, EMSGSIZE, "end" },
		{ 1, 65535, EMSGSIZE, "end" },
		{ 1, 65536, EMSGSIZE, "Xend" },
		{ 1, 100000, EMSGSIZE, "Xend" },
		{ 1, 0, 0, "Xend" },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	static char data[100000] = "X";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].first,
			  send(fd, data, cases[i].first, MSG_MORE));
		EXPECT_EQ(cases[i].err,
			  err_of(send(fd, data, cases[i].second, MSG_MORE)))
			TH_LOG("case %d", i);
		EXPECT_EQ(0, piece(fd, "end", 0));
		EXPECT_STREQ(cases[i].sent, next_text())
			TH_LOG("case %d", i);
	}
	/* The option as MSG_MORE, and there is nothing to push then */
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(60000, send(fd, data, 60000, 0));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 5508, 0)));
	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("(none)", next_text());
}

/* IP_PMTUDISC_DO: EMSGSIZE past the MTU, and what was before it is lost */
TEST_F(cork, too_long_for_the_path)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	const unsigned char *data = pattern();
	static struct datagram g;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(1470, send(fd, data, 1470, MSG_MORE));
	EXPECT_EQ(0, piece(fd, "ab", 0));
	EXPECT_EQ(1472, next_datagram(&g));
	EXPECT_EQ(IP_DF, ntohs(g.ip.frag_off));
	EXPECT_EQ(1470, send(fd, data, 1470, MSG_MORE));
	EXPECT_EQ(EMSGSIZE, piece(fd, "abc", 0));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_STREQ("d", next_text());
	/* The mode when it is pushed says DF, that of each send the limit */
	EXPECT_EQ(0, more(fd, "e"));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT));
	EXPECT_EQ(1480, send(fd, data, 1480, MSG_MORE));
	EXPECT_EQ(0, piece(fd, "f", 0));
	EXPECT_EQ(1482, next_datagram(&g));
	EXPECT_EQ(2, g.fragments);
	EXPECT_EQ(0, more(fd, "g"));
	EXPECT_EQ(0, piece(fd, "h", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(0, ntohs(g.ip.frag_off));
}

/* Memory that cannot be read: EFAULT, and all that was before is lost */
TEST_F(cork, fault)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	char *bad = hole();
	struct iovec iov[] = { { "good", 4 }, { bad, 4 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	EXPECT_EQ(0, more(fd, "lost"));
	EXPECT_EQ(EFAULT, err_of(send(fd, bad, 5, MSG_MORE)));
	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(0, piece(fd, "a", 0));
	EXPECT_STREQ("a", next_text());
	/* As the last, as the first, and in a part of one */
	EXPECT_EQ(0, more(fd, "lost"));
	EXPECT_EQ(EFAULT, err_of(send(fd, bad, 5, 0)));
	EXPECT_EQ(EFAULT, err_of(send(fd, bad, 5, MSG_MORE)));
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("bc", next_text());
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, piece(fd, "lost", 0));
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("d", next_text());
	/* What is wrong with the call is not with the datagram */
	msg.msg_iov = (void *)bad;
	EXPECT_EQ(0, more(fd, "e"));
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
	EXPECT_EQ(EFAULT, err_of(sendto(fd, "x", 1, 0, (void *)bad, 16)));
	EXPECT_EQ(EINVAL, err_of(sendto(fd, "x", 1, 0, (void *)bad, 129)));
	EXPECT_EQ(EOPNOTSUPP, err_of(send(fd, "x", 1, MSG_OOB)));
	EXPECT_EQ(0, piece(fd, "f", 0));
	EXPECT_STREQ("ef", next_text());
	EXPECT_EQ(4, counter(&variant->door, "OutDatagrams"));
}

/* Without SG too: what was copied before the fault must not be sent */
TEST_F(cork, fault_without_sg)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	char *bad = hole();

	__gather(_metadata, 0);
	EXPECT_EQ(0, more(fd, "lost"));
	EXPECT_EQ(EFAULT, err_of(send(fd, bad, 5, MSG_MORE)));
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_STREQ("ab", next_text());
}

/* close() drops what is corked, and gives all back */
TEST_F(cork, close)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(0, more(fd, "lost"));
	EXPECT_EQ(3000, send(fd, pattern(), 3000, MSG_MORE));
	EXPECT_EQ(0, close(fd));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
}

/* shutdown() does not stop what is corked already */
TEST_F(cork, shutdown)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, shutdown(fd, SHUT_RDWR));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("abc", next_text());
	EXPECT_EQ(EPIPE, more(fd, "lost"));
	EXPECT_EQ(EPIPE, piece(fd, "lost", 0));
	EXPECT_STREQ("(none)", next_text());
	fd = joined(sock(), YOU, 9);
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("d", next_text());
}

/*
 * connect() to another while there is something corked: it goes there, though
 * by the route of the first send, even if that connect() failed. One that is no
 * more connected: it goes where it was to go.
 */
TEST_F(cork, connect)
{
	int t = tun(), fd = joined(bound("0.0.0.0", 5000), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, more(fd, "a"));
	joined(fd, "192.0.2.3", 10);
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_EQ(3, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	EXPECT_EQ(10, ntohs(g.h.dest));
	EXPECT_EQ(5000, ntohs(g.h.source));
	EXPECT_EQ(0, more(fd, "d"));
	EXPECT_EQ(ENETUNREACH, err_of(connect_to(fd, NOWHERE, 11)));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, piece(fd, "e", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
	EXPECT_EQ(inet_addr(NOWHERE), g.ip.daddr);
	EXPECT_EQ(11, ntohs(g.h.dest));
	EXPECT_EQ(5000, ntohs(g.h.source));
	EXPECT_EQ(EDESTADDRREQ, piece(fd, "f", 0));
}

/* The source port is that of the socket when it is pushed, which may be none */
TEST_F(cork, source_port_at_push)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, ntohs(g.h.source));
	EXPECT_EQ(9, ntohs(g.h.dest));
	/* A send gives the socket a port first */
	joined(fd, YOU, 9);
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(port_of(fd), ntohs(g.h.source));
	EXPECT_LT(0, ntohs(g.h.source));
}

/* Only the first send names the destination; later ones are not looked at */
TEST_F(cork, destination)
{
	static const struct {
		const char *ip;
		int family, port, len;
	} others[] = {
		{ YOU, AF_INET, 9, 16 },
		{ "192.0.2.3", AF_INET, 10, 16 },
		{ "192.0.2.3", AF_INET, 0, 16 },
		{ "192.0.2.3", AF_INET6, 10, 16 },
		{ "192.0.2.3", AF_INET6, 10, 28 },
		{ "192.0.2.3", AF_UNSPEC, 10, 16 },
		{ "192.0.2.3", AF_INET, 10, 8 },
		{ "192.0.2.3", AF_INET, 10, 1 },
		{ "192.0.2.255", AF_INET, 10, 16 },
		{ NOWHERE, AF_INET, 10, 16 },
	};
	int t = tun(), fd = bound("0.0.0.0", 5000);
	struct sockaddr_storage ss = {};
	static struct datagram g;
	unsigned int i;

	EXPECT_EQ(EDESTADDRREQ, more(fd, "lost"));
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		struct sockaddr_in *to = (struct sockaddr_in *)&ss;

		*to = addr(others[i].ip, others[i].port);
		to->sin_family = others[i].family;
		EXPECT_EQ(0, piece_to(fd, YOU, 9, "a", MSG_MORE));
		EXPECT_EQ(1, sendto(fd, "b", 1, MSG_MORE, sa(to),
				    others[i].len))
			TH_LOG("case %d", i);
		EXPECT_EQ(0, more(fd, "c"));
		EXPECT_EQ(1, sendto(fd, "d", 1, 0, sa(to), others[i].len))
			TH_LOG("case %d", i);
		EXPECT_EQ(4, next_datagram(&g))
			TH_LOG("case %d", i);
		EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
		EXPECT_EQ(9, ntohs(g.h.dest));
		EXPECT_EQ(0, memcmp("abcd", g.data, 4));
	}
	/* A first send that fails corks nothing */
	EXPECT_EQ(ENETUNREACH, piece_to(fd, NOWHERE, 9, "x", MSG_MORE));
	EXPECT_EQ(EINVAL, piece_to(fd, YOU, 0, "x", MSG_MORE));
	EXPECT_EQ(EACCES, piece_to(fd, "192.0.2.255", 9, "x", MSG_MORE));
	EXPECT_EQ(EDESTADDRREQ, piece(fd, "x", 0));
	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "y", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
}

/* A peer, and a first send to somebody else */
TEST_F(cork, destination_of_connected)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "a", MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	EXPECT_EQ(10, ntohs(g.h.dest));
}

/*
 * An oddity: a connected socket keeps one set of addresses for its peer and for
 * what is corked. After a cork for somebody else its peer's datagrams go there
 * too, until there is another route to find.
 */
TEST_F(cork, destination_sticks)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static struct datagram g;

	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "a", MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(2, next_datagram(&g));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, piece(fd, "c", 0));
		EXPECT_EQ(1, next_datagram(&g));
		EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
		EXPECT_EQ(10, ntohs(g.h.dest));
	}
	EXPECT_STREQ(YOU ":9", peer(fd));
	run("ip route add 198.51.100.0/24 dev tun0");
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
	EXPECT_EQ(9, ntohs(g.h.dest));
}

/* or a cork for the peer, which brings its addresses back */
TEST_F(cork, destination_returns)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static struct datagram g;

	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "a", MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	EXPECT_EQ(0, more(fd, "d"));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, piece(fd, "e", 0));
		EXPECT_EQ(2 - i, next_datagram(&g));
		EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
		EXPECT_EQ(9, ntohs(g.h.dest));
	}
}

/* so also if nothing is corked in the end */
TEST_F(cork, destination_of_failed)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static char data[MAX_PAYLOAD + 1];
	struct sockaddr_in other = addr("192.0.2.3", 10);
	static struct datagram g;

	ASSERT_LE(0, t);
	EXPECT_EQ(EMSGSIZE, err_of(sendto(fd, data, sizeof(data), MSG_MORE,
					  sa(&other), sizeof(other))));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	other = addr("192.0.2.4", 11);
	EXPECT_EQ(EFAULT, err_of(sendto(fd, (void *)1, 5, MSG_MORE,
					sa(&other), sizeof(other))));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.4"), g.ip.daddr);
	EXPECT_EQ(11, ntohs(g.h.dest));
}

/* and by MSG_PROBE, but if it is for the neighbour only: MSG_CONFIRM */
TEST_F(cork, destination_of_probe)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static struct datagram g;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, piece_to(fd, i < 2 ? "192.0.2.3" : YOU, 10,
				      i < 2 ? "a" : "",
				      i ? MSG_PROBE | MSG_MORE | MSG_CONFIRM :
					  MSG_PROBE));
		EXPECT_EQ(0, piece(fd, "b", 0));
		EXPECT_EQ(1, next_datagram(&g));
		EXPECT_EQ(inet_addr(i ? "192.0.2.3" : YOU), g.ip.daddr);
	}
	EXPECT_EQ(0, piece(fd, "a", MSG_PROBE | MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
}

/* The error queue names where it goes, which a connect has changed. */
TEST_F(cork, error_after_connect)
{
	int t = tun(), fd = sock();
	struct sockaddr_in name = {};
	struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof(name) };

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "a", MSG_MORE));
	joined(fd, YOU, 9);
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, pattern(), 2000, 0)));
	EXPECT_EQ(0, recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT));
	EXPECT_STREQ(YOU ":9", show(0, &name));
}

/* A route that is for less than 68 bytes is none when it is to be used. */
TEST_F(cork, route_too_narrow)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	run("ip route add 192.0.2.3 dev tun0 mtu lock 60");
	EXPECT_EQ(0, piece_to(fd, "192.0.2.3", 10, "a", MSG_PROBE));
	EXPECT_EQ(ENETUNREACH, piece_to(fd, "192.0.2.3", 10, "a", 0));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
	EXPECT_EQ(ENETUNREACH, piece_to(fd, "192.0.2.3", 10, "a", MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
}

/* MSG_PROBE: nothing of this send is sent; if it ends the cork, the rest is */
TEST_F(cork, probe)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(0, piece(fd, "lost", MSG_PROBE | MSG_MORE));
	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(0, piece(fd, "a", 0));
	EXPECT_STREQ("a", next_text());
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "lost", MSG_PROBE | MSG_MORE));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("bc", next_text());
	EXPECT_EQ(0, more(fd, "d"));
	EXPECT_EQ(0, piece(fd, "lost", MSG_PROBE));
	EXPECT_STREQ("d", next_text());
	EXPECT_EQ(0, piece(fd, "lost", MSG_PROBE | MSG_CONFIRM | MSG_MORE));
	EXPECT_EQ(0, piece(fd, "e", MSG_CONFIRM | MSG_MORE));
	EXPECT_EQ(0, piece(fd, "f", MSG_CONFIRM));
	EXPECT_STREQ("ef", next_text());
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(EFAULT, err_of(send(fd, hole(), 5, MSG_MORE)));
	EXPECT_EQ(5, send(fd, hole(), 5, MSG_PROBE | MSG_MORE));
}

/* MSG_DONTROUTE counts when the route is looked for: with the first */
TEST_F(cork, dontroute)
{
	int t = tun(), fd = sock();

	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	EXPECT_EQ(ENETUNREACH, piece_to(fd, "198.51.100.1", 9, "lost",
					MSG_MORE | MSG_DONTROUTE));
	EXPECT_EQ(0, piece_to(fd, "198.51.100.1", 9, "a", MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", MSG_DONTROUTE));
	EXPECT_STREQ("ab", next_text());
}

/* Control messages of the first send count, those of others are not read */
TEST_F(cork, control_of_first)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, piece_with(fd, "a", MSG_MORE, IP_TTL, 7));
	EXPECT_EQ(0, piece_with(fd, "b", 0, IP_TTL, 9));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(7, g.ip.ttl);
	EXPECT_EQ(0, g.ip.tos);
	EXPECT_EQ(0, piece_with(fd, "a", MSG_MORE, IP_TOS, 0x10));
	EXPECT_EQ(0, piece_with(fd, "b", 0, IP_TOS, 0x20));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(64, g.ip.ttl);
	EXPECT_EQ(0x10, g.ip.tos);
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, piece_with(fd, "b", 0, IP_TTL, 9));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(64, g.ip.ttl);
	/* Wrong ones are not even told */
	EXPECT_EQ(EINVAL, piece_with(fd, "lost", MSG_MORE, IP_TTL, 0));
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, piece_with(fd, "b", MSG_MORE, IP_TTL, 0));
	EXPECT_EQ(0, piece_with(fd, "c", 0, 1000, 0));
	EXPECT_STREQ("abc", next_text());
}

/* The source address and the device: of the first send too */
TEST_F(cork, control_pktinfo)
{
	struct in_pktinfo info = {
		.ipi_spec_dst.s_addr = inet_addr("192.0.2.77"),
	};
	char control[CMSG_SPACE(sizeof(info))] = {};
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct iovec iov = { "a", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	add_address("tun0", "192.0.2.77", 24);
	c->cmsg_level = SOL_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	EXPECT_EQ(1, sendmsg(fd, &msg, MSG_MORE));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.77"), g.ip.saddr);
	/* And sticks, as a destination does */
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.77"), g.ip.saddr);
	fd = joined(sock(), YOU, 9);
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(1, sendmsg(fd, &msg, 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
}

/* Options of the socket count as they are when it is pushed */
TEST_F(cork, options_at_push)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;

	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TTL, 33));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TOS, 0x08));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK, 1));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(33, g.ip.ttl);
	EXPECT_EQ(0x08, g.ip.tos);
	EXPECT_EQ(0, g.h.check);
	EXPECT_EQ(0, more(fd, "c"));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK, 0));
	EXPECT_EQ(0, piece(fd, "d", 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_NE(0, g.h.check);
}

/* No checksum for fragments either */
TEST_F(cork, no_checksum)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	const unsigned char *data = pattern();
	static struct datagram g;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_NO_CHECK, 1));
	for (i = 0; i < 7; i++)
		EXPECT_EQ(601, send(fd, data + i * 601, 601, MSG_MORE));
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_EQ(7 * 601, next_datagram(&g));
	EXPECT_EQ(3, g.fragments);
	EXPECT_EQ(0, g.h.check);
	EXPECT_EQ(0, memcmp(data, g.data, 7 * 601));
}

/* A checksum of zero is all ones, in pieces as in one */
TEST_F(cork, checksum_zero)
{
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9);
	static struct datagram g;
	unsigned char data[2] = {};

	EXPECT_EQ(2, send(fd, data, 2, 0));
	EXPECT_EQ(2, next_datagram(&g));
	memcpy(data, &g.h.check, 2);
	EXPECT_EQ(1, send(fd, data, 1, MSG_MORE));
	EXPECT_EQ(1, send(fd, data + 1, 1, 0));
	EXPECT_EQ(2, next_datagram(&g));
	EXPECT_EQ(0xffff, g.h.check);
}

/*
 * A pending error is told by the first send, and by no other, as nothing can
 * be refused that has been taken. It stays for whoever asks next.
 */
TEST_F(cork, pending_error)
{
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9), i;
	struct packet p;

	EXPECT_EQ(0, tag(fd, 1));
	ASSERT_EQ(29, next_packet(t, variant->door.wire, &p));
	answer(&p, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	EXPECT_EQ(ECONNREFUSED, more(fd, "lost"));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, more(fd, "a"));
		answer(&p, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
		EXPECT_EQ(POLLOUT | POLLERR, ready(fd, POLLOUT));
		EXPECT_EQ(0, more(fd, "b"));
		EXPECT_EQ(0, i ? cork(fd, 0) : piece(fd, "", 0));
		EXPECT_STREQ("ab", next_text());
		EXPECT_EQ(ECONNREFUSED, get_int(fd, SOL_SOCKET, SO_ERROR));
	}
	/* Not even where a new fragment begins */
	EXPECT_EQ(0, more(fd, "c"));
	answer(&p, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	EXPECT_EQ(4000, send(fd, pattern(), 4000, 0));
	EXPECT_EQ(ECONNREFUSED, tag(fd, 1));
}

/* The socket is writable and its queue is not empty while it is corked */
TEST_F(cork, poll_and_queue)
{
	int t = tun(), fd = joined(sock(), YOU, 9), n;
	const unsigned char *data = pattern();
	static struct datagram g;

	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(0, more(fd, "a"));
	n = queued(fd);
	EXPECT_LT(0, n);
	EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
	EXPECT_EQ(5000, send(fd, data, 5000, MSG_MORE));
	EXPECT_LE(n + 5000, queued(fd));
	EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_EQ(5002, next_datagram(&g));
	EXPECT_EQ(0, queued(fd));
}

/* A small send buffer: a datagram that needs more is ENOBUFS, and lost */
TEST_F(cork, send_buffer)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i, err = 0;
	const unsigned char *data = pattern();

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 1));
	EXPECT_EQ(4608, get_int(fd, SOL_SOCKET, SO_SNDBUF));
	for (i = 0; i < 60 && !err; i++)
		err = err_of(send(fd, data, 1000, MSG_MORE));
	EXPECT_EQ(ENOBUFS, err);
	EXPECT_LT(5, i);
	EXPECT_GT(20, i);
	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(1, counter(&variant->door, "SndbufErrors"));
	EXPECT_EQ(0, more(fd, "a"));
	EXPECT_EQ(0, piece(fd, "b", 0));
	EXPECT_STREQ("ab", next_text());
}

/* A buffer that is full of datagrams on their way: EAGAIN for the first only */
TEST_F(cork, send_buffer_full)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i, err = 0;
	static char data[1000];
	struct packet p;

	run(HOLD "1000000");
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	EXPECT_EQ(0, more(fd, "a"));
	for (i = 0; i < 100 && !err; i++)
		err = err_of(send(fd, data, 1000, MSG_MORE | MSG_DONTWAIT));
	EXPECT_EQ(ENOBUFS, err);
	for (i = 0, err = 0; i < 100 && !err; i++)
		err = err_of(send(fd, data, 1000, MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, err);
	EXPECT_EQ(EAGAIN, piece(fd, "lost", MSG_MORE | MSG_DONTWAIT));
	EXPECT_EQ(0, ready(fd, POLLOUT));
	run(RELEASE);
	while (next_packet(t, variant->door.wire, &p))
		;
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("bc", next_text());
}

struct waits {
	int fd, flags, err;
	const char *ip, *text;
};

static void *wait_for_room(void *arg)
{
	struct waits *w = arg;

	w->err = piece_to(w->fd, w->ip, 9, w->text, w->flags);
	return NULL;
}

/* Who comes while the first part waits for room waits too, and adds to it. */
TEST_F(cork, while_first_waits)
{
	int t = tun(), fd = sock(), i, err = 0, flags[] = { MSG_MORE, 0,
							    MSG_DONTWAIT };
	/* the first one for room, and the second one for the first */
	static const char * const where[] = { "sock_alloc_send", "lock_sock" };
	static struct datagram g;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(flags); n++) {
		struct waits w[2] = {
			{ fd, MSG_MORE, -1, YOU, "aa" },
			{ fd, flags[n], -1, "192.0.2.3", "bb" },
		};
		pthread_t thread[2];

		run(HOLD "1000000");
		EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
		for (i = 0, err = 0; i < 100 && !err; i++)
			err = piece_to(fd, YOU, 9, "full", MSG_DONTWAIT);
		EXPECT_EQ(EAGAIN, err);
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_create(&thread[i], NULL,
						    wait_for_room, &w[i]));
			EXPECT_TRUE(await_wait(getpid(), where[i]));
			EXPECT_EQ(-1, w[i].err);
		}
		run(RELEASE);
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, pthread_join(thread[i], NULL));
			EXPECT_EQ(0, w[i].err);
		}
		if (flags[n] == MSG_MORE)
			EXPECT_EQ(0, piece(fd, "", 0));
		while (next_datagram(&g) == 4 && !memcmp(g.data, "full", 4))
			;
		EXPECT_EQ(inet_addr(YOU), g.ip.daddr);
		EXPECT_EQ(0, memcmp(g.data, "aabb", 4));
	}
}

/*
 * Errors of the push: a send tells of them, the option does not. The route is
 * that of the first send. If it has gone since, that is no error; whether it
 * still leads out depends on when the kernel has forgotten it.
 */
TEST_F(cork, push_fails)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	struct packet p;

	run("nft add table ip t");
	run("nft add chain ip t c '{ type filter hook output priority 0; }'");
	EXPECT_EQ(0, more(fd, "a"));
	run("nft add rule ip t c oifname tun0 drop");
	EXPECT_EQ(EPERM, piece(fd, "b", 0));
	EXPECT_EQ(EPERM, piece(fd, "alone", 0));
	EXPECT_EQ(0, more(fd, "c"));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_EQ(0, queued(fd));
	run("nft flush ruleset");
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
	/* No route any more, but there was one */
	EXPECT_EQ(0, more(fd, "d"));
	run("ip route del 192.0.2.0/24");
	EXPECT_EQ(0, piece(fd, "e", 0));
	EXPECT_EQ(0, queued(fd));
	while (next_packet(t, variant->door.wire, &p))
		;
	EXPECT_EQ(ENETUNREACH, more(fd, "f"));
	EXPECT_EQ(ENETUNREACH, piece(fd, "g", 0));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("(none)", next_text());
}

/* The device goes down or away while it is corked */
TEST_F(cork, device_goes)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(0, more(fd, "a"));
	run("ip link set tun0 down");
	EXPECT_EQ(0, more(fd, "b"));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_EQ(0, queued(fd));
	link_up("tun0");
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, more(fd, "c"));
	EXPECT_EQ(0, close(t));
	EXPECT_EQ(0, more(fd, "d"));
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_EQ(0, queued(fd));
	EXPECT_EQ(ENETUNREACH, more(fd, "e"));
}

/* A child that has the socket too corks with its parent */
TEST_F(cork, two_processes)
{
	int t = tun(), fd = joined(sock(), YOU, 9), status;
	pid_t pid;

	EXPECT_EQ(0, more(fd, "a"));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(more(fd, "b"));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, piece(fd, "c", 0));
	EXPECT_STREQ("abc", next_text());
}

#define ROUNDS 500
#define PIECE 100

struct writer {
	pthread_t thread;
	int fd, sent;
	char letter;
	bool more;
};

/* Pieces of one letter; who finds the socket corked by another is EINVAL */
static void *writer(void *arg)
{
	struct writer *w = arg;
	char text[PIECE];
	int i, ret;

	memset(text, w->letter, PIECE);
	for (i = 0; i < ROUNDS * 2; i++) {
		ret = send(w->fd, text, PIECE,
			   w->more && i % 2 == 0 ? MSG_MORE : 0);
		if (ret == PIECE)
			w->sent++;
		else if (errno != EINVAL)
			return (void *)(long)errno;
	}
	return NULL;
}

/* Pieces in a datagram that is made of whole ones; -1 if there is another */
static int whole_pieces(const char *data, int len)
{
	int i, k;

	for (i = 0; i < len; i += PIECE)
		for (k = 0; k < PIECE; k++)
			if (i + k >= len || data[i + k] != data[i])
				return -1;
	return len / PIECE;
}

/* Threads on one socket: no piece is torn, none is lost, none comes twice */
TEST_F_TIMEOUT(cork, threads, 300)
{
	struct writer w[3] = { { .letter = 'a', .more = true },
			       { .letter = 'b', .more = true },
			       { .letter = 'c' } };
	int in = bound("127.0.0.1", 5001), i, n, whole, got = 0, sent = 0;
	int fd = joined(sock(), "127.0.0.1", 5001);
	static char data[65536];
	cpu_set_t all;
	void *err;

	memset(&all, 0xff, sizeof(all));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
	EXPECT_EQ(0, set_int(in, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20));
	for (i = 0; i < 3; i++) {
		w[i].fd = fd;
		ASSERT_EQ(0, pthread_create(&w[i].thread, NULL, writer, &w[i]));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(w[i].thread, &err));
		EXPECT_EQ(NULL, err);
		sent += w[i].sent;
	}
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_LT(ROUNDS, sent);
	while (got < sent) {
		n = take(in, data, sizeof(data));
		ASSERT_LT(0, n);
		whole = whole_pieces(data, n);
		ASSERT_LT(0, whole);
		got += whole;
	}
	EXPECT_EQ(sent, got);
	EXPECT_EQ(EAGAIN, silent(in));
}

/* Over loopback, where the checksum is not computed, to a real receiver */
TEST_F(cork, received)
{
	static const int lengths[] = { 1, 3, 7, 8, 4096, 20001, 41391 };
	int in = bound("127.0.0.1", 5001), len = 0;
	int fd = joined(sock(), "127.0.0.1", 5001);
	const unsigned char *data = pattern();
	static unsigned char got[65536];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(lengths[i], send(fd, data + len, lengths[i],
					   MSG_MORE));
		len += lengths[i];
	}
	EXPECT_EQ(EAGAIN, silent(in));
	ASSERT_EQ(MAX_PAYLOAD, len);
	EXPECT_EQ(0, piece(fd, "", 0));
	EXPECT_EQ(len, take(in, got, sizeof(got)));
	EXPECT_EQ(0, memcmp(data, got, len));
	EXPECT_EQ(0, counter(&variant->door, "InCsumErrors"));
}

/* A file with pattern() in it, at its beginning */
static int __file(struct __test_metadata *_metadata, int len)
{
	int fd = memfd_create("data", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(len, write(fd, pattern(), len));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	return fd;
}

#define file(len) __file(_metadata, len)

/* The lengths of all that is sent, of which the bytes must be pattern() */
static const char *__all_sent(struct __test_metadata *_metadata, int tun,
			      int protocol)
{
	static struct datagram g;
	static char text[256];
	int at = 0, n = 0;

	text[0] = 0;
	while (__next_datagram(_metadata, tun, protocol, &g) >= 0) {
		n += snprintf(text + n, sizeof(text) - n, "%s%d", n ? " " : "",
			      g.len);
		EXPECT_EQ(0, memcmp(pattern() + at, g.data, g.len));
		at += g.len;
	}
	return text;
}

#define all_sent() __all_sent(_metadata, t, variant->door.wire)

/* sendfile(2): the file is datagrams as large as what it moves at once */
TEST_F(cork, sendfile)
{
	static const struct {
		int len;
		const char *sent;
	} cases[] = {
		{ 0, "" },
		{ 1, "1" },
		{ 1472, "1472" },
		{ 4096, "4096" },
		{ 4097, "4097" },
		{ 10001, "10001" },
		{ 65507, "65507" },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		__gather(_metadata, i % 2);
		EXPECT_EQ(cases[i / 2].len, sendfile(fd, file(cases[i / 2].len),
						     NULL, cases[i / 2].len))
			TH_LOG("%d", cases[i / 2].len);
		EXPECT_STREQ(cases[i / 2].sent, all_sent());
	}
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(100, sendfile(fd, file(100), NULL, 100));
	EXPECT_EQ(0, send(fd, "", 0, 0));
	EXPECT_STREQ("", all_sent());
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("100", all_sent());
	EXPECT_EQ(10, send(fd, pattern(), 10, MSG_MORE));
	EXPECT_EQ(10, sendfile(fd, file(20), (off_t[]){ 10 }, 10));
	EXPECT_STREQ("20", all_sent());
}

/* What the file has is one datagram, unless it is corked */
TEST_F(cork, sendfile_ends)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(100, sendfile(fd, file(100), NULL, 200));
	EXPECT_STREQ("100", all_sent());
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(100, sendfile(fd, file(100), NULL, 200));
	EXPECT_STREQ("", all_sent());
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("100", all_sent());
	EXPECT_EQ(0, sendfile(fd, file(0), NULL, 200));
	EXPECT_STREQ("", all_sent());
}

/* More than a datagram can hold */
TEST_F(cork, sendfile_too_long)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	EXPECT_EQ(EMSGSIZE, err_of(sendfile(fd, file(65508), NULL, 65508)));
	EXPECT_STREQ("", all_sent());
	EXPECT_EQ(EMSGSIZE, err_of(sendfile(fd, file(100000), NULL, 100000)));
	EXPECT_STREQ("", all_sent());
}

/* splice(2): SPLICE_F_MORE as MSG_MORE, until the pipe ends */
TEST_F(cork, splice)
{
	int t = tun(), fd = joined(sock(), YOU, 9), p[2];

	ASSERT_EQ(0, pipe(p));
	EXPECT_EQ(100, write(p[1], pattern(), 100));
	EXPECT_EQ(100, splice(p[0], NULL, fd, NULL, 1000, 0));
	EXPECT_STREQ("100", all_sent());
	EXPECT_EQ(1000, write(p[1], pattern(), 1000));
	EXPECT_EQ(10, splice(p[0], NULL, fd, NULL, 10, SPLICE_F_MORE));
	EXPECT_EQ(20, splice(p[0], NULL, fd, NULL, 20, SPLICE_F_MORE));
	EXPECT_STREQ("", all_sent());
	EXPECT_EQ(970, splice(p[0], NULL, fd, NULL, 970, 0));
	EXPECT_STREQ("1000", all_sent());
	EXPECT_EQ(0, cork(fd, 1));
	EXPECT_EQ(5, write(p[1], pattern(), 5));
	EXPECT_EQ(5, splice(p[0], NULL, fd, NULL, 5, 0));
	EXPECT_STREQ("", all_sent());
	EXPECT_EQ(0, cork(fd, 0));
	EXPECT_STREQ("5", all_sent());
	EXPECT_EQ(EAGAIN, err_of(splice(p[0], NULL, fd, NULL, 5,
					SPLICE_F_NONBLOCK)));
	close(p[1]);
	EXPECT_EQ(0, splice(p[0], NULL, fd, NULL, 5, 0));
	EXPECT_STREQ("", all_sent());
	/* A peer is needed */
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(EDESTADDRREQ, err_of(sendfile(fd, file(5), NULL, 5)));
}

/* vmsplice(2): the pages of the program become those of the datagram */
TEST_F(cork, vmsplice)
{
	int t = tun(), fd = joined(sock(), YOU, 9), p[2];
	struct iovec iov = { (void *)pattern(), 10000 };

	ASSERT_EQ(0, pipe(p));
	EXPECT_EQ(10000, vmsplice(p[1], &iov, 1, 0));
	EXPECT_EQ(10000, splice(p[0], NULL, fd, NULL, 10000, 0));
	EXPECT_STREQ("10000", all_sent());
	EXPECT_EQ(1, send(fd, pattern(), 1, MSG_MORE));
	iov.iov_base += 1;
	EXPECT_EQ(10000, vmsplice(p[1], &iov, 1, 0));
	EXPECT_EQ(10000, splice(p[0], NULL, fd, NULL, 10000, SPLICE_F_MORE));
	EXPECT_EQ(7, send(fd, pattern() + 10001, 7, 0));
	EXPECT_STREQ("10008", all_sent());
}

TEST_HARNESS_MAIN
