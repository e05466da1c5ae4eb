// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(2) on a datagram socket of IPv6: udp(7), ipv6(7), and the same by the
 * system calls of 32-bit programs. What does not depend on the version of IP
 * is in ioctls.c.
 */
#include "compat.h"

#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>

#define NET6	"fd66::"
#define HOST6	"fd66::1"

EUDP6_FIXTURE(ioctls6)

/* udp(7): the length of the next datagram; what is not yet sent */
TEST_F(ioctls6, queues)
{
	int fd = bound("::1", 5000), tx = sock(), n = -1;
	char data[16];

	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(5, send_to(tx, "::1", 5000, "12345", 5));
	EXPECT_EQ(1, send_to(tx, "::1", 5000, "1", 1));
	settle();
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(5, recv(fd, data, sizeof(data), MSG_DONTWAIT));
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(1, n);
	n = -1;
	EXPECT_EQ(0, ioctl(tx, TIOCOUTQ, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, FIONREAD, NULL)));
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, TIOCOUTQ, NULL)));
}

/* What waits for an answer to a neighbour solicitation is not yet sent */
TEST_F(ioctls6, unsent)
{
	int fd, one = -1, two = -1;

	run("ip link add veth0 type veth peer name veth1");
	run("ip link set veth1 up; ip link set veth0 up");
	add_address("veth0", "fd66::1", 64);
	__await_address(_metadata, HOST6);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/neigh/veth0/retrans_time_ms",
				"60000"));
	fd = sock();
	EXPECT_EQ(0, tag_to(fd, "fd66::2", 9, 1));
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &one));
	EXPECT_LT(1, one);
	EXPECT_EQ(0, tag_to(fd, "fd66::2", 9, 1));
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &two));
	EXPECT_EQ(2 * one, two);
	run("ip neigh replace fd66::2 lladdr 2:0:0:0:0:3 dev veth0");
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &two));
	EXPECT_EQ(0, two);
}

TEST_F(ioctls6, stamps)
{
	int fd = bound("::1", 5000), tx = sock();
	struct timespec ts = {};
	struct timeval tv = {};

	EXPECT_EQ(ENOENT, err_of(ioctl(fd, SIOCGSTAMP, &tv)));
	EXPECT_EQ(0, tag_to(tx, "::1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMP, &tv)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMPNS, &ts)));
	EXPECT_LE(time(NULL) - 60, tv.tv_sec);
	EXPECT_EQ(tv.tv_sec, ts.tv_sec);
	EXPECT_EQ(tv.tv_usec, ts.tv_nsec / 1000);
}

/* ipv6(7): struct in6_ifreq adds an address to a device and takes it away */
TEST_F(ioctls6, addresses)
{
	struct in6_ifreq ifr = {
		.ifr6_addr = addr6(HOST6, 0).sin6_addr,
		.ifr6_prefixlen = 128,
		.ifr6_ifindex = 1,
	};
	int fd = sock();

	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(sock(), HOST6, 5000)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
	EXPECT_EQ(EEXIST, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
	__await_address(_metadata, HOST6);
	EXPECT_EQ(0, err_of(bind_to(sock(), HOST6, 5000)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCDIFADDR, &ifr)));
	EXPECT_EQ(EADDRNOTAVAIL, err_of(ioctl(fd, SIOCDIFADDR, &ifr)));
	ifr.ifr6_ifindex = 77;
	EXPECT_EQ(ENODEV, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
	ifr.ifr6_ifindex = 1;
	ifr.ifr6_prefixlen = 129;
	EXPECT_EQ(EINVAL, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
}

static struct in6_rtmsg to_net6(void)
{
	struct in6_rtmsg rt = {
		.rtmsg_dst = addr6(NET6, 0).sin6_addr,
		.rtmsg_dst_len = 64,
		.rtmsg_flags = RTF_UP,
		.rtmsg_metric = 1,
		.rtmsg_ifindex = 1,
	};

	return rt;
}

/* ipv6(7): struct in6_rtmsg does the same with a route */
TEST_F(ioctls6, routes)
{
	struct in6_rtmsg rt = to_net6();
	int fd = sock();

	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, HOST6, 9, "x", 1)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(EEXIST, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(0, err_of(send_to(fd, HOST6, 9, "x", 1)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCDELRT, &rt)));
	EXPECT_EQ(ESRCH, err_of(ioctl(fd, SIOCDELRT, &rt)));
	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, HOST6, 9, "x", 1)));
	rt.rtmsg_dst_len = 129;
	EXPECT_EQ(EINVAL, err_of(ioctl(fd, SIOCADDRT, &rt)));
}

/* Who may not change the network is told so before anything is read */
TEST_F(ioctls6, unprivileged)
{
	struct in6_rtmsg rt = to_net6();
	struct in6_ifreq ifr = { .ifr6_ifindex = 1 };
	int fd = sock();

	ASSERT_EQ(0, setuid(1000));
	EXPECT_EQ(EPERM, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(EPERM, err_of(ioctl(fd, SIOCDELRT, &rt)));
	EXPECT_EQ(EPERM, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
	EXPECT_EQ(EPERM, err_of(ioctl(fd, SIOCDIFADDR, &ifr)));
}

/* Every request of sockets with a buffer of zeroes: see ioctls.c */
TEST_F(ioctls6, all_requests)
{
	static const struct {
		int first, last, err;
	} cases[] = {
		{ 0x8900, 0x8900, ENOTTY },
		{ 0x8901, 0x8904, 0 },
		{ 0x8905, 0x8905, ENOTTY },
		{ 0x8906, 0x8907, ENOENT },
		{ 0x8908, 0x890a, ENOTTY },
		{ 0x890b, 0x890b, ENODEV },
		{ 0x890c, 0x890c, ENOENT },
		{ 0x890d, 0x890f, ENOTTY },
		{ 0x8910, 0x8910, ENODEV },
		{ 0x8911, 0x8911, ENOTTY },
		{ 0x8912, 0x8912, 0 },
		{ 0x8913, 0x8914, ENODEV },
		{ 0x8915, 0x8915, ENOTTY },
		{ 0x8916, 0x8916, ENODEV },
		{ 0x8917, 0x8917, ENOTTY },
		{ 0x8918, 0x8918, ENODEV },
		{ 0x8919, 0x891c, ENOTTY },
		{ 0x891d, 0x891e, ENODEV },
		{ 0x891f, 0x8920, ENOTTY },
		{ 0x8921, 0x8924, ENODEV },
		{ 0x8925, 0x8926, ENOTTY },
		{ 0x8927, 0x8927, ENODEV },
		{ 0x8928, 0x8928, ENOTTY },
		{ 0x8929, 0x8929, ENODEV },
		{ 0x892a, 0x892f, ENOTTY },
		{ 0x8930, 0x8933, ENODEV },
		{ 0x8934, 0x8935, ENOTTY },
		{ 0x8936, 0x8937, ENODEV },
		{ 0x8938, 0x893f, ENOTTY },
		{ 0x8942, 0x8942, ENODEV },
		{ 0x8943, 0x8943, EPERM },
		{ 0x8944, 0x8945, ENOTTY },
		{ 0x8946, 0x8946, EFAULT },
		{ 0x8947, 0x894a, ENODEV },
		{ 0x894b, 0x894b, ENOTTY },
		{ 0x894c, 0x894c, 0 },
		{ 0x894d, 0x896f, ENOTTY },
		{ 0x8970, 0x8970, ENODEV },
		{ 0x8971, 0x8971, EPERM },
		{ 0x8972, 0x8981, ENOTTY },
		{ 0x8984, 0x898f, ENOTTY },
		{ 0x8990, 0x8995, ENODEV },
		{ 0x8996, 0x899f, ENOTTY },
		{ 0x89a4, 0x89af, ENOTTY },
		{ 0x89b0, 0x89b1, ENODEV },
		{ 0x89b2, 0x89ef, ENOTTY },
		{ 0x89f0, 0x89ff, ENODEV },
	};
	int fd, request, err;
	unsigned int i;
	char zeroes[256];

	ASSERT_EQ(0, unshare(CLONE_NEWUSER | CLONE_NEWNET));
	fd = sock();
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (request = cases[i].first; request <= cases[i].last;
		     request++) {
			memset(zeroes, 0, sizeof(zeroes));
			err = err_of(ioctl(fd, request, zeroes));
			EXPECT_EQ(cases[i].err, err)
				TH_LOG("request %#x", request);
		}
}

TEST_F(ioctls6, bad_pointers)
{
	static const struct {
		int request, err;
	} cases[] = {
		{ SIOCADDRT, EFAULT },
		{ SIOCDELRT, EFAULT },
		{ SIOCSIFADDR, EFAULT },
		{ SIOCDIFADDR, EFAULT },
		{ SIOCGIFMTU, EFAULT },
		{ SIOCGIFCONF, EFAULT },
		{ TCGETS, ENOTTY },
		{ 0xdead, ENOTTY },
	};
	int fd = sock();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err,
			  err_of(ioctl(fd, cases[i].request, 8)))
			TH_LOG("request %#x", cases[i].request);
	}
}

#ifdef __x86_64__

/* struct in6_rtmsg of 32 bits: the word without a name is of 4 bytes */
struct in6_rtmsg32 {
	struct in6_addr dst, src, gateway;
	__u32 type;
	__u16 dst_len, src_len;
	__u32 metric, info, flags;
	__s32 ifindex;
};

TEST_F(ioctls6, compat_ioctl)
{
	int fd = bound("::1", 5000), tx = sock();
	char *page = low();
	__u32 *word = (__u32 *)page;
	struct in6_rtmsg32 *rt = (void *)page;

	EXPECT_EQ(5, send_to(tx, "::1", 5000, "12345", 5));
	settle();
	EXPECT_EQ(0, call32(IOCTL32, fd, FIONREAD, at(page)));
	EXPECT_EQ(5, word[0]);
	word[0] = 7;
	EXPECT_EQ(0, call32(IOCTL32, fd, TIOCOUTQ, at(page)));
	EXPECT_EQ(0, word[0]);
	EXPECT_EQ(-EFAULT, call32(IOCTL32, fd, FIONREAD, 8));
	EXPECT_EQ(-ENOTTY, call32(IOCTL32, fd, 0xdead, at(page)));
	EXPECT_EQ(-ENOENT, call32(IOCTL32, fd, SIOCGSTAMP_OLD, at(page)));
	EXPECT_EQ(5, recv(fd, page, 16, MSG_DONTWAIT));
	memset(page, 0x5a, 16);
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCGSTAMP_OLD, at(page)));
	EXPECT_LE(time(NULL) - 60, word[0]);
	EXPECT_GT(1000000, word[1]);
	EXPECT_EQ(0x5a5a5a5a, word[2]);

	memset(page, 0, 256);
	*rt = (struct in6_rtmsg32){
		.dst = addr6(NET6, 0).sin6_addr, .dst_len = 64,
		.flags = RTF_UP, .metric = 1, .ifindex = 1,
	};
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCADDRT, at(page)));
	EXPECT_EQ(-EEXIST, call32(IOCTL32, fd, SIOCADDRT, at(page)));
	EXPECT_EQ(0, err_of(send_to(fd, HOST6, 9, "x", 1)));
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCDELRT, at(page)));
	EXPECT_EQ(-ESRCH, call32(IOCTL32, fd, SIOCDELRT, at(page)));
}

/* Control messages have headers of 12 bytes there, and times of 8 */
TEST_F(ioctls6, compat_recvmsg)
{
	static const struct {
		int level, option;
		__u32 len, type;
		int left;
	} cases[] = {
		{ SOL_IPV6, IPV6_RECVHOPLIMIT, 16, IPV6_HOPLIMIT, 16 },
		{ SOL_IPV6, IPV6_RECVTCLASS, 16, IPV6_TCLASS, 16 },
		{ SOL_IPV6, IPV6_RECVPKTINFO, 32, IPV6_PKTINFO, 32 },
		{ SOL_IPV6, IPV6_RECVORIGDSTADDR, 40, IPV6_RECVORIGDSTADDR,
		  40 },
		{ SOL_SOCKET, SO_TIMESTAMP, 20, SO_TIMESTAMP, 20 },
		{ SOL_SOCKET, SO_TIMESTAMPNS, 20, SO_TIMESTAMPNS, 20 },
	};
	int fd = bound("::1", 5000), tx = bound("::1", 6000);
	char *page = low();
	struct page32 *p = (void *)page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct any_addr from = {};

		EXPECT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
		EXPECT_EQ(0, tag_to(tx, "::1", 5000, i));
		ASSERT_EQ(POLLIN, await(fd, POLLIN));
		prepare(p, sizeof(p->control));
		EXPECT_EQ(1, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
					MSG_DONTWAIT, 0, 0));
		EXPECT_EQ(i, p->data[0]);
		from.sin6 = p->from6;
		EXPECT_STREQ("[::1]:6000", show_any(0, &from));
		EXPECT_EQ(0, p->msg.flags);
		EXPECT_EQ(cases[i].left, p->msg.controllen)
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(cases[i].len, p->control[0])
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(cases[i].type, p->control[2]);
		EXPECT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 0));
	}
	/* Too little room */
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVPKTINFO, 1));
	EXPECT_EQ(0, tag_to(tx, "::1", 5000, 1));
	ASSERT_EQ(POLLIN, await(fd, POLLIN));
	prepare(p, 20);
	EXPECT_EQ(1, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
				MSG_DONTWAIT, 0, 0));
	EXPECT_EQ(MSG_CTRUNC, p->msg.flags);
	EXPECT_EQ(20, p->control[0]);
}

/* Options that are structures: that of a group has a hole on 64 bits only */
TEST_F(ioctls6, compat_options)
{
	struct sockaddr_in6 group = addr6("ff05::1", 0);
	int fd = sock(), len = 4 + sizeof(struct sockaddr_storage);
	char *page = low();

	*(__u32 *)page = 1;	/* lo */
	memcpy(page + 4, &group, sizeof(group));
	EXPECT_EQ(0, socketcall(page, SYS_SETSOCKOPT, fd, SOL_IPV6,
				MCAST_JOIN_GROUP, at(page), len));
	EXPECT_EQ(-EADDRINUSE, socketcall(page, SYS_SETSOCKOPT, fd, SOL_IPV6,
					  MCAST_JOIN_GROUP, at(page), len));
	EXPECT_EQ(0, socketcall(page, SYS_SETSOCKOPT, fd, SOL_IPV6,
				MCAST_LEAVE_GROUP, at(page), len));
	EXPECT_EQ(-EINVAL, socketcall(page, SYS_SETSOCKOPT, fd, SOL_IPV6,
				      MCAST_JOIN_GROUP, at(page), len - 1));
}

#endif /* __x86_64__ */

TEST_HARNESS_MAIN
