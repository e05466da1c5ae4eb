// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl(2) on a datagram socket: udp(7), socket(7), netdevice(7), arp(7), and
 * the same by the system calls of 32-bit programs.
 */
#include "compat.h"
#include "packet.h"
#include <net/if_arp.h>
#include <net/route.h>

#include <linux/sockios.h>
#include <linux/udp.h>

EUDP_FIXTURE(ioctls)

/* FIONREAD, or -errno */
static int pending(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) ? -errno : n;
}

/* udp(7): the length of the next datagram, and only of a good one */
TEST_F(ioctls, fionread)
{
	const struct door *d = &variant->door;
	static const int lengths[] = { 5, 0, 100, 1 };
	int t = tap(), fd = sock();
	char data[100] = "data";
	struct packet p;
	unsigned int i;

	EXPECT_EQ(0, pending(fd));
	ASSERT_EQ(0, bind_to(fd, ME, 5000));
	EXPECT_EQ(0, pending(fd));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		make(&p, d, 5000, data, lengths[i]);
		inject(t, &p);
	}
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(lengths[i], pending(fd));
		EXPECT_EQ(lengths[i], pending(fd));
		EXPECT_EQ(lengths[i], recv(fd, data, 100, MSG_DONTWAIT));
	}
	EXPECT_EQ(0, pending(fd));
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, FIONREAD, NULL)));

	/* Bad ones in front are dropped for it, and one alone */
	make(&p, d, 5000, data, 100);
	head_of(&p)->check ^= htons(1);
	inject(t, &p);
	inject(t, &p);
	make(&p, d, 5000, data, 7);
	inject(t, &p);
	EXPECT_EQ(0, counter(d, "InCsumErrors"));
	EXPECT_EQ(7, pending(fd));
	EXPECT_EQ(2, counter(d, "InCsumErrors"));
	EXPECT_EQ(2, counter(d, "InErrors"));
	EXPECT_EQ(7, recv(fd, data, 100, MSG_DONTWAIT));
	make(&p, d, 5000, data, 100);
	head_of(&p)->check ^= htons(1);
	inject(t, &p);
	EXPECT_EQ(0, pending(fd));
	EXPECT_EQ(3, counter(d, "InCsumErrors"));
	EXPECT_EQ(0, ready(fd, POLLIN));
	/* An offset for looks is no matter */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, 3));
	make(&p, d, 5000, data, 10);
	inject(t, &p);
	EXPECT_EQ(10, pending(fd));
}

/* TIOCOUTQ, or -errno */
static int unsent(int fd)
{
	int n = -1;

	return ioctl(fd, TIOCOUTQ, &n) ? -errno : n;
}

/* SIOCOUTQ: the memory of what the device has not yet sent, as SO_MEMINFO */
TEST_F(ioctls, outq)
{
	int fd = bound("127.0.0.1", 5000), one;
	unsigned int i;

	EXPECT_EQ(0, unsent(fd));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, unsent(fd));
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, TIOCOUTQ, NULL)));
	close(fd);

	/* What waits for an answer to ARP is not yet sent, then it is */
	EXPECT_LE(0, tap());
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/neigh/tap0/retrans_time_ms",
				"60000"));
	fd = sock();
	EXPECT_EQ(0, tag_to(fd, "192.0.2.3", 9, 1));
	one = unsent(fd);
	EXPECT_LT(1, one);
	for (i = 2; i < 10; i++) {
		EXPECT_EQ(0, tag_to(fd, "192.0.2.3", 9, 1));
		EXPECT_EQ(i * one, unsent(fd));
	}
	run("ip neigh replace 192.0.2.3 lladdr 2:0:0:0:0:3 dev tap0");
	EXPECT_EQ(0, unsent(fd));
}

/* SIOCGSTAMP: of the datagram received last; the first call turns it on */
TEST_F(ioctls, stamps)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	struct timespec ts = {}, now;
	struct timeval tv = {};
	long long two[2];

	EXPECT_EQ(ENOENT, err_of(ioctl(fd, SIOCGSTAMP, &tv)));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_TIMESTAMP));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMP, &tv)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMPNS, &ts)));
	clock_gettime(CLOCK_REALTIME, &now);
	EXPECT_LE(tv.tv_sec, now.tv_sec);
	EXPECT_LE(now.tv_sec - 60, tv.tv_sec);
	EXPECT_EQ(tv.tv_sec, ts.tv_sec);
	EXPECT_EQ(tv.tv_usec, ts.tv_nsec / 1000);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMP_NEW, two)));
	EXPECT_EQ(tv.tv_sec, two[0]);
	EXPECT_EQ(tv.tv_usec, two[1]);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMPNS_NEW, two)));
	EXPECT_EQ(ts.tv_nsec, two[1]);
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, SIOCGSTAMP, NULL)));
	/* Nothing new: the same */
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGSTAMP_NEW, two)));
	EXPECT_EQ(tv.tv_usec, two[1]);
}

static struct ifreq named(const char *name)
{
	struct ifreq ifr = {};

	memcpy(ifr.ifr_name, name, strlen(name));
	return ifr;
}

/* netdevice(7), for the device lo with the address 127.0.0.1/8 */
TEST_F(ioctls, interface)
{
	static const struct {
		const char *name;
		int request;
		const char *device;
		int err;
		const char *address;	/* that is given, or a number */
		int number;
	} cases[] = {
		{ "address", SIOCGIFADDR, "lo", 0, "127.0.0.1:0" },
		{ "netmask", SIOCGIFNETMASK, "lo", 0, "255.0.0.0:0" },
		{ "broadcast", SIOCGIFBRDADDR, "lo", 0, "0.0.0.0:0" },
		{ "destination", SIOCGIFDSTADDR, "lo", 0, "127.0.0.1:0" },
		{ "tap's", SIOCGIFADDR, "tap0", 0, "192.0.2.1:0" },
		{ "tap's broadcast", SIOCGIFBRDADDR, "tap0", 0,
		  "192.0.2.255:0" },
		{ "mtu", SIOCGIFMTU, "lo", 0, NULL, 65536 },
		{ "index", SIOCGIFINDEX, "lo", 0, NULL, 1 },
		{ "metric", SIOCGIFMETRIC, "lo", 0, NULL, 0 },
		{ "queue", SIOCGIFTXQLEN, "lo", 0, NULL, 1000 },
		{ "no address", SIOCGIFADDR, "none0", ENODEV },
		{ "no index", SIOCGIFINDEX, "none0", ENODEV },
		{ "no mtu", SIOCGIFMTU, "none0", ENODEV },
		{ "nobody", SIOCGIFFLAGS, "none0", ENODEV },
	};
	int t = tap(), fd = sock();
	unsigned int i;

	ASSERT_LE(0, t);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ifreq ifr = named(cases[i].device);

		EXPECT_EQ(cases[i].err,
			  err_of(ioctl(fd, cases[i].request, &ifr)))
			TH_LOG("%s", cases[i].name);
		if (cases[i].err)
			continue;
		if (cases[i].address) {
			EXPECT_STREQ(cases[i].address,
				     show(0, (void *)&ifr.ifr_addr));
		} else {
			EXPECT_EQ(cases[i].number, ifr.ifr_mtu);
		}
	}
}

/* Those that change something: addresses, flags, MTU */
TEST_F(ioctls, set_interface)
{
	struct sockaddr_in *sin;
	int fd = sock();
	struct ifreq ifr = named("lo:1");

	ifr.ifr_addr = *sa(&(struct sockaddr_in){ .sin_family = AF_INET,
			   .sin_addr.s_addr = inet_addr("10.7.7.7") });
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCSIFADDR, &ifr)));
	memset(&ifr.ifr_addr, 0, sizeof(ifr.ifr_addr));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFADDR, &ifr)));
	sin = (struct sockaddr_in *)&ifr.ifr_addr;
	EXPECT_STREQ("10.7.7.7:0", show(0, sin));
	EXPECT_EQ(0, bind_to(sock(), "10.7.7.7", 5000));
	ifr = named("lo");
	ifr.ifr_mtu = 3000;
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCSIFMTU, &ifr)));
	ifr.ifr_mtu = 0;
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFMTU, &ifr)));
	EXPECT_EQ(3000, ifr.ifr_mtu);
	ifr.ifr_flags = 0;
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCSIFFLAGS, &ifr)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFFLAGS, &ifr)));
	EXPECT_EQ(IFF_LOOPBACK, ifr.ifr_flags);
}

/* SIOCGIFNAME by index; SIOCGIFCONF lists those with an address */
TEST_F(ioctls, interface_names)
{
	struct ifreq list[4], ifr = { .ifr_ifindex = 1 };
	struct ifconf conf = { .ifc_len = sizeof(list), .ifc_req = list };
	int t = tap(), fd = sock();

	ASSERT_LE(0, t);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFNAME, &ifr)));
	EXPECT_STREQ("lo", ifr.ifr_name);
	ifr.ifr_ifindex = 77;
	EXPECT_EQ(ENODEV, err_of(ioctl(fd, SIOCGIFNAME, &ifr)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFCONF, &conf)));
	EXPECT_EQ(2 * sizeof(ifr), conf.ifc_len);
	EXPECT_STREQ("lo", list[0].ifr_name);
	EXPECT_STREQ("tap0", list[1].ifr_name);
	EXPECT_STREQ(ME ":0", show(0, (void *)&list[1].ifr_addr));
	conf.ifc_len = sizeof(list[0]);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFCONF, &conf)));
	EXPECT_EQ(sizeof(ifr), conf.ifc_len);
	conf.ifc_req = NULL;
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFCONF, &conf)));
	EXPECT_EQ(2 * sizeof(ifr), conf.ifc_len);
}

static void put(struct sockaddr *to, const char *ip)
{
	struct sockaddr_in sin = addr(ip, 0);

	memcpy(to, &sin, sizeof(sin));
}

/* SIOCADDRT and SIOCDELRT */
TEST_F(ioctls, routes)
{
	struct rtentry rt = { .rt_flags = RTF_UP, .rt_dev = "lo" };
	int fd = sock();

	put(&rt.rt_dst, "10.6.0.0");
	put(&rt.rt_genmask, "255.255.0.0");
	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, "10.6.1.1", 9, "x", 1)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(EEXIST, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(0, err_of(send_to(fd, "10.6.1.1", 9, "x", 1)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCDELRT, &rt)));
	EXPECT_EQ(ESRCH, err_of(ioctl(fd, SIOCDELRT, &rt)));
	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, "10.6.1.1", 9, "x", 1)));
	put(&rt.rt_genmask, "255.0.255.0");
	EXPECT_EQ(EINVAL, err_of(ioctl(fd, SIOCADDRT, &rt)));
	EXPECT_EQ(EINVAL, err_of(ioctl(fd, SIOCRTMSG, &rt)));
}

/* arp(7) */
TEST_F(ioctls, arp)
{
	struct arpreq arp = { .arp_dev = "tap0" };
	int t = tap(), fd = sock();

	ASSERT_LE(0, t);
	put(&arp.arp_pa, YOU);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGARP, &arp)));
	EXPECT_EQ(0, memcmp(arp.arp_ha.sa_data, your_mac, 6));
	EXPECT_EQ(ATF_COM | ATF_PERM, arp.arp_flags);
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCDARP, &arp)));
	EXPECT_EQ(ENXIO, err_of(ioctl(fd, SIOCGARP, &arp)));
	arp.arp_ha.sa_family = ARPHRD_ETHER;
	arp.arp_flags = ATF_COM | ATF_PERM;
	put(&arp.arp_pa, "192.0.2.9");
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCSARP, &arp)));
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGARP, &arp)));
	arp.arp_pa.sa_family = AF_INET6;
	EXPECT_EQ(EPFNOSUPPORT, err_of(ioctl(fd, SIOCGARP, &arp)));
}

/*
 * Every request of sockets with a buffer of zeroes, so that no device has the
 * name. Not those of bridges and VLANs, which would load a module; that other
 * devices' are not looked for is what the user namespace is for.
 */
TEST_F(ioctls, all_requests)
{
	static const struct {
		int first, last, err;
	} cases[] = {
		{ 0x8900, 0x8900, ENOTTY },
		{ 0x8901, 0x8904, 0 },
		{ 0x8905, 0x8905, ENOTTY },
		{ 0x8906, 0x8907, ENOENT },
		{ 0x8908, 0x890a, ENOTTY },
		{ 0x890b, 0x890c, EAFNOSUPPORT },
		{ 0x890d, 0x890d, EINVAL },
		{ 0x890e, 0x890f, ENOTTY },
		{ 0x8910, 0x8910, ENODEV },
		{ 0x8911, 0x8911, ENOTTY },
		{ 0x8912, 0x8912, 0 },
		{ 0x8913, 0x8915, ENODEV },
		{ 0x8916, 0x8916, EINVAL },
		{ 0x8917, 0x8917, ENODEV },
		{ 0x8918, 0x8918, EINVAL },
		{ 0x8919, 0x8919, ENODEV },
		{ 0x891a, 0x891a, EINVAL },
		{ 0x891b, 0x891b, ENODEV },
		{ 0x891c, 0x891c, EINVAL },
		{ 0x891d, 0x891e, ENODEV },
		{ 0x891f, 0x8920, ENOTTY },
		{ 0x8921, 0x8924, ENODEV },
		{ 0x8925, 0x8926, ENOTTY },
		{ 0x8927, 0x8927, ENODEV },
		{ 0x8928, 0x8928, ENOTTY },
		{ 0x8929, 0x8929, ENODEV },
		{ 0x892a, 0x892f, ENOTTY },
		{ 0x8930, 0x8933, ENODEV },
		{ 0x8934, 0x8935, EINVAL },
		{ 0x8936, 0x8936, ENOTTY },
		{ 0x8937, 0x8937, ENODEV },
		{ 0x8938, 0x893f, ENOTTY },
		{ 0x8942, 0x8942, ENODEV },
		{ 0x8943, 0x8943, EPERM },
		{ 0x8944, 0x8945, ENOTTY },
		{ 0x8946, 0x8946, EFAULT },
		{ 0x8947, 0x894a, ENODEV },
		{ 0x894b, 0x894b, ENOTTY },
		{ 0x894c, 0x894c, 0 },
		{ 0x894d, 0x8952, ENOTTY },
		{ 0x8953, 0x8955, EPFNOSUPPORT },
		{ 0x8956, 0x896f, ENOTTY },
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

/* Requests with a pointer to nothing */
TEST_F(ioctls, bad_pointers)
{
	static const struct {
		int request, err;
	} cases[] = {
		{ FIONREAD, EFAULT },
		{ TIOCOUTQ, EFAULT },
		{ FIOASYNC, EFAULT },
		{ FIONBIO, EFAULT },
		{ SIOCGPGRP, EFAULT },
		{ SIOCSPGRP, EFAULT },
		{ FIOGETOWN, EFAULT },
		{ SIOCADDRT, EFAULT },
		{ SIOCDELRT, EFAULT },
		{ SIOCGARP, EFAULT },
		{ SIOCGIFADDR, EFAULT },
		{ SIOCGIFMTU, EFAULT },
		{ SIOCGIFNAME, EFAULT },
		{ SIOCGIFCONF, EFAULT },
		/* An unknown one that might be a device's is read first */
		{ SIOCATMARK, EFAULT },
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

TEST_F(ioctls, compat_ioctl)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;
	struct ifreq *ifr;
	char *page = low();
	__u32 *word = (__u32 *)page;
	/* struct rtentry of 32 bits: a pad, three addresses, flags, ... */
	struct {
		__u32 pad1;
		struct sockaddr dst, gateway, genmask;
		__u16 flags;
		__s16 pad2;
		__u32 pad3;
		__u8 tos, class;
		__s16 pad4, metric;
		__u32 dev, mtu, window;
		__u16 irtt;
	} *rt = (void *)page;

	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "12345", 5));
	settle();
	EXPECT_EQ(0, call32(IOCTL32, fd, FIONREAD, at(page)));
	EXPECT_EQ(5, word[0]);
	word[0] = 7;
	EXPECT_EQ(0, call32(IOCTL32, fd, TIOCOUTQ, at(page)));
	EXPECT_EQ(0, word[0]);
	EXPECT_EQ(-EFAULT, call32(IOCTL32, fd, FIONREAD, 8));
	EXPECT_EQ(-ENOTTY, call32(IOCTL32, fd, 0xdead, at(page)));
	EXPECT_EQ(-ENOTTY, call32(IOCTL32, fd, TCGETS, at(page)));

	ifr = (struct ifreq *)page;
	*ifr = named("lo");
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCGIFADDR, at(page)));
	EXPECT_STREQ("127.0.0.1:0", show(0, (void *)&ifr->ifr_addr));
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCGIFMTU, at(page)));
	EXPECT_EQ(65536, ifr->ifr_mtu);
	/* Stamps: seconds and a fraction of 4 bytes each */
	EXPECT_EQ(-ENOENT, call32(IOCTL32, fd, SIOCGSTAMP_OLD, at(page)));
	EXPECT_EQ(5, recv(fd, page, 16, MSG_DONTWAIT));
	memset(page, 0x5a, 16);
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCGSTAMP_OLD, at(page)));
	EXPECT_LE(time(NULL) - 60, word[0]);
	EXPECT_GT(1000000, word[1]);
	EXPECT_EQ(0x5a5a5a5a, word[2]);

	memset(page, 0, 256);
	put(&rt->dst, "10.6.0.0");
	put(&rt->genmask, "255.255.0.0");
	rt->flags = RTF_UP;
	rt->dev = at(page + 512);
	memcpy(page + 512, "lo", 3);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(i ? -EEXIST : 0,
			  call32(IOCTL32, fd, SIOCADDRT, at(page)));
	EXPECT_EQ(0, err_of(send_to(fd, "10.6.1.1", 9, "x", 1)));
	EXPECT_EQ(0, call32(IOCTL32, fd, SIOCDELRT, at(page)));
}

/* Control messages have headers of 12 bytes there, and times of 8 */
TEST_F(ioctls, compat_recvmsg)
{
	static const struct {
		int level, option;
		__u32 len, type;
		int left;
	} cases[] = {
		{ SOL_IP, IP_RECVTTL, 16, IP_TTL, 16 },
		{ SOL_IP, IP_RECVTOS, 13, IP_TOS, 16 },
		{ SOL_IP, IP_PKTINFO, 24, IP_PKTINFO, 24 },
		{ SOL_SOCKET, SO_RXQ_OVFL, 0, 0, 0 },
		{ SOL_SOCKET, SO_TIMESTAMP, 20, SO_TIMESTAMP, 20 },
		{ SOL_SOCKET, SO_TIMESTAMPNS, 20, SO_TIMESTAMPNS, 20 },
	};
	int fd = bound("127.0.0.1", 5000), tx = bound("127.0.0.2", 6000);
	char *page = low();
	struct page32 *p = (void *)page;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, i));
		ASSERT_EQ(POLLIN, await(fd, POLLIN));
		prepare(p, sizeof(p->control));
		EXPECT_EQ(1, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
					MSG_DONTWAIT, 0, 0));
		EXPECT_EQ(i, p->data[0]);
		EXPECT_STREQ("127.0.0.2:6000", show(0, &p->from));
		EXPECT_EQ(0, p->msg.flags);
		EXPECT_EQ(cases[i].left, p->msg.controllen)
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(cases[i].len, p->control[0])
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(cases[i].type, p->control[2]);
		EXPECT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 0));
	}
	/* Too little room */
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_PKTINFO, 1));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	ASSERT_EQ(POLLIN, await(fd, POLLIN));
	prepare(p, 20);
	EXPECT_EQ(1, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
				MSG_DONTWAIT, 0, 0));
	EXPECT_EQ(MSG_CTRUNC, p->msg.flags);
	EXPECT_EQ(20, p->control[0]);
}

/* Those that go out are of multiples of 4 bytes; a train is one of eudp's own */
TEST_F(ioctls, compat_sendmsg)
{
	int fd = bound("127.0.0.1", 5000), tx = bound("0.0.0.0", 6000);
	char *page = low();
	struct page32 *p = (void *)page;
	const __u32 control[] = {
		16, SOL_IP, IP_TTL, 9,
		24, SOL_IP, IP_PKTINFO, 0, inet_addr("127.0.0.3"), 0,
		14, IPPROTO_UDP, UDP_SEGMENT, 2,
	};

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVTTL, 1));
	EXPECT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_GRO, 1));
	prepare(p, sizeof(control));
	p->from = addr("127.0.0.1", 5000);
	memcpy(p->control, control, sizeof(control));
	memcpy(p->data, "12345", 5);
	p->iov[1] = 5;
	EXPECT_EQ(5, socketcall(page, SYS_SENDMSG, tx, at(&p->msg), 0, 0, 0));

	ASSERT_EQ(POLLIN, await(fd, POLLIN));
	prepare(p, sizeof(p->control));
	EXPECT_EQ(5, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
				MSG_DONTWAIT, 0, 0));
	EXPECT_EQ(0, memcmp(p->data, "12345", 5));
	EXPECT_STREQ("127.0.0.3:6000", show(0, &p->from));
	EXPECT_EQ(32, p->msg.controllen);
	EXPECT_EQ(0, memcmp(p->control, (__u32 []){ 16, IPPROTO_UDP, UDP_GRO, 2,
						    16, SOL_IP, IP_TTL, 9 },
			    32));

	/* The length of a segment has two bytes */
	prepare(p, sizeof(control));
	p->from = addr("127.0.0.1", 5000);
	memcpy(p->control, control, sizeof(control));
	p->control[10] = 16;
	EXPECT_EQ(-EINVAL, socketcall(page, SYS_SENDMSG, tx, at(&p->msg), 0, 0,
				      0));
}

/* The other calls, and what they say when there is nothing or it is bad */
TEST_F(ioctls, compat_calls)
{
	int fd = bound("127.0.0.1", 5000), tx = bound("127.0.0.2", 6000);
	char *page = low();
	struct page32 *p = (void *)page;
	__u32 args[6] = { fd, at(p->data), 64, MSG_DONTWAIT, at(&p->from),
			  at(&p->msg.namelen) };

	prepare(p, 0);
	EXPECT_EQ(-EAGAIN, socketcall(page, SYS_RECVMSG, fd, at(&p->msg),
				      MSG_DONTWAIT, 0, 0));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 7));
	ASSERT_EQ(POLLIN, await(fd, POLLIN));
	memcpy(page + 4000, args, sizeof(args));
	EXPECT_EQ(1, call32(SOCKETCALL32, SYS_RECVFROM, at(page + 4000), 0));
	EXPECT_STREQ("127.0.0.2:6000", show(0, &p->from));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 8));
	ASSERT_EQ(POLLIN, await(fd, POLLIN));
	EXPECT_EQ(1, call32(READ32, fd, at(p->data), 64));
	EXPECT_EQ(8, p->data[0]);

	/* An option: value in data, length behind it */
	p->data[0] = 1;
	EXPECT_EQ(0, socketcall(page, SYS_SETSOCKOPT, fd, SOL_SOCKET,
				SO_RXQ_OVFL, at(p->data), 4));
	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_RXQ_OVFL));
	p->iov[0] = 4;
	memset(p->data, 0x5a, 8);
	EXPECT_EQ(0, socketcall(page, SYS_GETSOCKOPT, fd, SOL_SOCKET,
				SO_RXQ_OVFL, at(p->data), at(p->iov)));
	EXPECT_EQ(0, memcmp(p->data, "\1\0\0\0\x5a", 5));
	EXPECT_EQ(-EFAULT, socketcall(page, SYS_GETSOCKOPT, fd, SOL_SOCKET,
				      SO_RXQ_OVFL, 8, at(p->iov)));
	EXPECT_EQ(-EFAULT, socketcall(page, SYS_RECVMSG, fd, 8, 0, 0, 0));
}

#endif /* __x86_64__ */

TEST_HARNESS_MAIN
