// SPDX-License-Identifier: GPL-2.0
/*
 * Path MTU discovery and fragments: ip(7) IP_MTU_DISCOVER, IP_MTU, IP_RECVERR;
 * RFC 791, RFC 1191, RFC 8899. The wire is a tun device of MTU bytes, or there
 * is a router in a namespace of its own.
 */
#include "icmp.h"
#include "netns.h"

/* Behind YOU, on a route of its own each */
#define FAR	"198.51.100.1"
#define FAR2	"198.51.100.2"
#define MAX_PAYLOAD	65507

EUDP_FIXTURE(pmtu)

static const int modes[] = {
	IP_PMTUDISC_DONT, IP_PMTUDISC_WANT, IP_PMTUDISC_DO,
	IP_PMTUDISC_PROBE, IP_PMTUDISC_INTERFACE, IP_PMTUDISC_OMIT,
};

static unsigned char data[65536];

static void fill(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
}

static int __tun_and_far(struct __test_metadata *_metadata)
{
	int t = tun();

	fill();
	run("ip route add 198.51.100.0/24 via " YOU);
	return t;
}

#define tun_and_far() __tun_and_far(_metadata)

static int __with_mode(struct __test_metadata *_metadata, int fd, int mode)
{
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, mode));
	return fd;
}

#define with_mode(fd, mode) __with_mode(_metadata, fd, mode)

/* Adds a packet to the @at bytes of @whole; what is wrong with it, or NULL */
static const char *join(const struct packet *first, const struct packet *p,
			int n, unsigned char *whole, int at, int end)
{
	int off = ntohs(p->ip.frag_off);

	if (n != ntohs(p->ip.tot_len) || sum(&p->ip, IP_LEN, 0) != 0xffff)
		return "bad header";
	if (p->ip.id != first->ip.id || p->ip.ttl != first->ip.ttl)
		return "not of one datagram";
	if (at != (off & IP_OFFMASK) * 8 || at + n - IP_LEN > end)
		return "bad offset";
	if (!!(off & IP_MF) != (at + n - IP_LEN < end))
		return "bad MF";
	if ((off & IP_DF) != (ntohs(first->ip.frag_off) & IP_DF))
		return "DF of some";
	memcpy(whole + at, &p->h, n - IP_LEN);
	return NULL;
}

/*
 * What has become of @len bytes of data on the wire: "2 of 996" are two packets
 * of which the first is that long, with " DF" if that is set; or what is wrong
 */
static const char *on_wire(int tun, const struct door *d, int len)
{
	static unsigned char whole[65536];
	static char text[32];
	struct packet p, first = {};
	const char *wrong;
	int n, at = 0, k;

	for (k = 0; at < len + HDR_LEN; k++) {
		n = sent(tun, d->wire, &p);
		if (!n)
			return k ? "not all" : "nothing";
		if (!k)
			first = p;
		wrong = join(&first, &p, n, whole, at, len + HDR_LEN);
		if (wrong)
			return wrong;
		at += n - IP_LEN;
	}
	if (ntohs(first.h.len) != at || !first.h.check ||
	    transport_sum(&first.ip, whole, at))
		return "bad length or checksum";
	if (memcmp(data, whole + HDR_LEN, len) || sent(tun, d->wire, &p))
		return "other data";
	snprintf(text, sizeof(text), "%d of %d%s", k, ntohs(first.ip.tot_len),
		 ntohs(first.ip.frag_off) & IP_DF ? " DF" : "");
	return text;
}

/* Sends @len bytes; to the peer if @ip is NULL */
static const char *outcome(int tun, const struct door *d, int fd,
			   const char *ip, int len)
{
	ssize_t n = ip ? send_to(fd, ip, 9, data, len) :
			 send(fd, data, len, 0);

	if (n < 0)
		return strerrorname_np(errno);
	return n == len ? on_wire(tun, d, len) : "not its length";
}

static const char *mtu_of(int fd)
{
	static char text[2][16];
	static unsigned int turn;
	char *s = text[turn++ % 2];
	int mtu = get_int(fd, SOL_IP, IP_MTU);

	if (mtu < 0)
		return strerrorname_np(-mtu);
	snprintf(s, sizeof(text[0]), "%d", mtu);
	return s;
}

static void __set_mtu(struct __test_metadata *_metadata, int mtu)
{
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_mtu = mtu };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ASSERT_EQ(0, ioctl(fd, SIOCSIFMTU, &ifr));
	close(fd);
}

/* Of the device, that is */
#define set_mtu(mtu) __set_mtu(_metadata, mtu)

/* A router at YOU says that a packet to @ip was too big, of any socket */
static void __too_big(struct __test_metadata *_metadata, int tun,
		      const struct door *d, const char *ip, int port, int mtu)
{
	struct packet p;

	make_own(&p, d, port, ip, data, 100);
	tell(tun, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu, &p);
}

#define too_big(tun, ip, port, mtu) \
	__too_big(_metadata, tun, &variant->door, ip, port, mtu)

/* The values that there are, and what a socket begins with */
TEST_F(pmtu, options)
{
	static const struct {
		const char *sysctl;
		int mode;
	} cases[] = {
		{ "0", IP_PMTUDISC_WANT }, { "1", IP_PMTUDISC_DONT },
		{ "2", IP_PMTUDISC_DONT }, { "3", IP_PMTUDISC_DONT },
	};
	int fd = sock();
	unsigned int i;

	EXPECT_EQ(IP_PMTUDISC_WANT, get_int(fd, SOL_IP, IP_MTU_DISCOVER));
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		with_mode(fd, modes[i]);
		EXPECT_EQ(modes[i], get_int(fd, SOL_IP, IP_MTU_DISCOVER));
	}
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IP, IP_MTU_DISCOVER, -1)));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IP, IP_MTU_DISCOVER, 6)));
	EXPECT_EQ(IP_PMTUDISC_OMIT, get_int(fd, SOL_IP, IP_MTU_DISCOVER));
	/* One byte is enough for it */
	EXPECT_EQ(0, setsockopt(fd, SOL_IP, IP_MTU_DISCOVER, "\3", 1));
	EXPECT_EQ(IP_PMTUDISC_PROBE, get_int(fd, SOL_IP, IP_MTU_DISCOVER));

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc",
					cases[i].sysctl));
		EXPECT_EQ(cases[i].mode,
			  get_int(sock(), SOL_IP, IP_MTU_DISCOVER));
	}
	/* Those that are there stay as they are */
	EXPECT_EQ(IP_PMTUDISC_PROBE, get_int(fd, SOL_IP, IP_MTU_DISCOVER));
}

/* ip(7): IP_MTU is of the path to the peer, and needs one */
TEST_F(pmtu, ip_mtu)
{
	int fd = sock();

	tun_and_far();
	run("ip route add " FAR " via " YOU " mtu 1000");
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	EXPECT_EQ(0, tag_to(fd, FAR, 9, 1));
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	joined(fd, YOU, 9);
	EXPECT_STREQ("1500", mtu_of(fd));
	joined(fd, FAR, 9);
	EXPECT_STREQ("1000", mtu_of(fd));
	joined(fd, FAR2, 9);
	EXPECT_STREQ("1500", mtu_of(fd));
	joined(fd, "127.0.0.1", 9);
	/* That of lo is 65536, but no IP packet is longer than this */
	EXPECT_STREQ("65535", mtu_of(fd));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_STREQ("ENOTCONN", mtu_of(fd));
	EXPECT_EQ(ENOPROTOOPT, err_of(set_int(fd, SOL_IP, IP_MTU, 1000)));
}

struct size_case {
	int mode;
	const char *sent[4];
};

/* Around what a path of 1000 takes, and a device of 1500 */
static const int sizes[] = { 972, 973, 1472, 1473 };

static const struct size_case sizes_1000[] = {
	{ IP_PMTUDISC_DONT,
	  { "1 of 1000", "2 of 996", "2 of 996", "2 of 996" } },
	{ IP_PMTUDISC_WANT,
	  { "1 of 1000 DF", "2 of 996", "2 of 996", "2 of 996" } },
	{ IP_PMTUDISC_DO,
	  { "1 of 1000 DF", "EMSGSIZE", "EMSGSIZE", "EMSGSIZE" } },
	{ IP_PMTUDISC_PROBE,
	  { "1 of 1000 DF", "1 of 1001 DF", "1 of 1500 DF", "EMSGSIZE" } },
	{ IP_PMTUDISC_INTERFACE,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "EMSGSIZE" } },
	{ IP_PMTUDISC_OMIT,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "2 of 1500" } },
};

/* As above but for WANT: a router would fragment it, we need not tell it no */
static const struct size_case sizes_locked[] = {
	{ IP_PMTUDISC_DONT,
	  { "1 of 1000", "2 of 996", "2 of 996", "2 of 996" } },
	{ IP_PMTUDISC_WANT,
	  { "1 of 1000", "2 of 996", "2 of 996", "2 of 996" } },
	{ IP_PMTUDISC_DO,
	  { "1 of 1000 DF", "EMSGSIZE", "EMSGSIZE", "EMSGSIZE" } },
	{ IP_PMTUDISC_PROBE,
	  { "1 of 1000 DF", "1 of 1001 DF", "1 of 1500 DF", "EMSGSIZE" } },
	{ IP_PMTUDISC_INTERFACE,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "EMSGSIZE" } },
	{ IP_PMTUDISC_OMIT,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "2 of 1500" } },
};

static const struct size_case sizes_1500[] = {
	{ IP_PMTUDISC_DONT,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "2 of 1500" } },
	{ IP_PMTUDISC_WANT,
	  { "1 of 1000 DF", "1 of 1001 DF", "1 of 1500 DF", "2 of 1500" } },
	{ IP_PMTUDISC_DO,
	  { "1 of 1000 DF", "1 of 1001 DF", "1 of 1500 DF", "EMSGSIZE" } },
	{ IP_PMTUDISC_PROBE,
	  { "1 of 1000 DF", "1 of 1001 DF", "1 of 1500 DF", "EMSGSIZE" } },
	{ IP_PMTUDISC_INTERFACE,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "EMSGSIZE" } },
	{ IP_PMTUDISC_OMIT,
	  { "1 of 1000", "1 of 1001", "1 of 1500", "2 of 1500" } },
};

/* All modes and sizes, to FAR: by a connected socket and by one that is not */
static void __check_sizes(struct __test_metadata *_metadata, int tun,
			  const struct door *d, const struct size_case *cases)
{
	unsigned int m, s;
	int fd, to;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		to = with_mode(__sock(_metadata, d->family, d->protocol),
			       cases[m].mode);
		fd = with_mode(__sock(_metadata, d->family, d->protocol),
			       cases[m].mode);
		joined(fd, FAR, 9);
		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			EXPECT_STREQ(cases[m].sent[s],
				     outcome(tun, d, to, FAR, sizes[s]))
				TH_LOG("mode %d, %d", cases[m].mode, sizes[s]);
			EXPECT_STREQ(cases[m].sent[s],
				     outcome(tun, d, fd, NULL, sizes[s]))
				TH_LOG("mode %d, %d", cases[m].mode, sizes[s]);
		}
		/* That it was too long was told by the call, and only there */
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error(fd));
		EXPECT_STREQ("nothing", on_wire(tun, d, 0));
		close(fd);
		close(to);
	}
}

#define check_sizes(tun, cases) \
	__check_sizes(_metadata, tun, &variant->door, cases)

/* The MTU of the device */
TEST_F(pmtu, modes_device)
{
	check_sizes(tun_and_far(), sizes_1500);
}

/* ip-route(8): mtu, which ICMP may lower, and mtu lock, which it may not */
TEST_F(pmtu, modes_route)
{
	int t = tun_and_far();

	run("ip route add " FAR " via " YOU " mtu 1000");
	check_sizes(t, sizes_1000);
}

TEST_F(pmtu, modes_route_locked)
{
	int t = tun_and_far();

	run("ip route add " FAR " via " YOU " mtu lock 1000");
	check_sizes(t, sizes_locked);
}

/* RFC 1191: what a router said */
TEST_F(pmtu, modes_learned)
{
	int t = tun_and_far();

	joined(bound(ME, 5000), FAR, 9);
	too_big(t, FAR, 5000, 1000);
	check_sizes(t, sizes_1000);
}

/* What is learned from the packet of a socket that there is not, or no more */
TEST_F(pmtu, modes_learned_unheard)
{
	int t = tun_and_far();

	too_big(t, FAR, 5000, 1000);
	check_sizes(t, sizes_1000);
}

/* What one mode learns, or does not want to, is there for all */
TEST_F(pmtu, learned_by)
{
	static const struct {
		int mode;
		const char *mtu, *err;
	} cases[] = {
		{ IP_PMTUDISC_DONT, "1000", "none" },
		{ IP_PMTUDISC_WANT, "1000", "EMSGSIZE" },
		{ IP_PMTUDISC_DO, "1000", "EMSGSIZE" },
		{ IP_PMTUDISC_PROBE, "1000", "EMSGSIZE" },
		{ IP_PMTUDISC_INTERFACE, "1500", "EMSGSIZE" },
		{ IP_PMTUDISC_OMIT, "1500", "EMSGSIZE" },
	};
	int t = tun_and_far(), fd, other;
	unsigned int i;
	char ip[32];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%d", 10 + i);
		fd = with_mode(bound(ME, 5000), cases[i].mode);
		joined(fd, ip, 9);
		other = sock();
		too_big(t, ip, 5000, 1000);
		EXPECT_STREQ(cases[i].mtu, mtu_of(fd))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ(cases[i].err, pending(fd))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ("none", pending(fd));
		joined(other, ip, 9);
		EXPECT_STREQ("1000", mtu_of(other));
		joined(other, YOU, 9);
		EXPECT_STREQ("1500", mtu_of(other));
		close(other);
		close(fd);
	}
}

/* Who is told: connected, or not but with IP_RECVERR; nobody else's are */
TEST_F(pmtu, learned_unconnected)
{
	int t = tun_and_far(), fd = bound(ME, 5000), with = bound(ME, 5001);
	int other = bound(ME, 5002);
	const struct door *d = &variant->door;

	ASSERT_EQ(0, set_int(with, SOL_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, set_int(other, SOL_IP, IP_RECVERR, 1));
	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, fd, FAR, 1472));
	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, with, FAR, 1472));
	too_big(t, FAR, 5000, 1000);
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("2 of 996", outcome(t, d, fd, FAR, 1472));
	too_big(t, FAR, 5001, 900);
	EXPECT_STREQ("EMSGSIZE", pending(with));
	EXPECT_STREQ("3.4 of " YOU ": EMSGSIZE 900 0, " FAR ":9 100",
		     next_error(with));
	EXPECT_STREQ("2 of 900", outcome(t, d, fd, FAR, 1472));
	EXPECT_STREQ("2 of 900", outcome(t, d, with, FAR, 1472));
	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, with, FAR2, 1472));
	EXPECT_STREQ("none", pending(other));
	EXPECT_STREQ("EAGAIN", next_error(other));
}

/* RFC 1191 3: values that make sense, and those that do not */
TEST_F(pmtu, learned_values)
{
	static const struct {
		int mtu;
		const char *after, *small, *big;
	} cases[] = {
		{ 1499, "1499", "1 of 528 DF", "2 of 1492" },
		{ 1500, "1500", "1 of 528 DF", "1 of 1500 DF" },
		{ 1501, "1500", "1 of 528 DF", "1 of 1500 DF" },
		{ 65535, "1500", "1 of 528 DF", "1 of 1500 DF" },
		{ 552, "552", "1 of 528 DF", "3 of 548" },
		/* Less than route/min_pmtu: so much, and no DF any more */
		{ 551, "552", "1 of 528", "3 of 548" },
		{ 68, "552", "1 of 528", "3 of 548" },
		{ 1, "552", "1 of 528", "3 of 548" },
		/* A router that knows no RFC 1191 */
		{ 0, "552", "1 of 528", "3 of 548" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd;
	unsigned int i;
	char ip[32];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%d", 10 + i);
		fd = joined(bound(ME, 5000), ip, 9);
		too_big(t, ip, 5000, cases[i].mtu);
		EXPECT_STREQ("EMSGSIZE", pending(fd));
		EXPECT_STREQ(cases[i].after, mtu_of(fd))
			TH_LOG("%d", cases[i].mtu);
		EXPECT_STREQ(cases[i].small, outcome(t, d, fd, NULL, 500))
			TH_LOG("%d", cases[i].mtu);
		EXPECT_STREQ(cases[i].big, outcome(t, d, fd, NULL, 1472))
			TH_LOG("%d", cases[i].mtu);
		close(fd);
	}
}

/* The path MTU gets lower and lower, by ICMP never higher */
TEST_F(pmtu, learned_again)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(bound(ME, 5000), FAR, 9);

	too_big(t, FAR, 5000, 1400);
	EXPECT_STREQ("1400", mtu_of(fd));
	too_big(t, FAR, 5000, 1000);
	EXPECT_STREQ("1000", mtu_of(fd));
	too_big(t, FAR, 5000, 1200);
	EXPECT_STREQ("1000", mtu_of(fd));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ("1 of 1000 DF", outcome(t, d, fd, NULL, 972));
	EXPECT_STREQ("2 of 996", outcome(t, d, fd, NULL, 973));
	/* Such as a route with a lock says it does not */
	run("ip route add " FAR2 " via " YOU " mtu lock 1300");
	joined(fd, FAR2, 9);
	too_big(t, FAR2, 5000, 1000);
	EXPECT_STREQ("1300", mtu_of(fd));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ("1 of 1300", outcome(t, d, fd, NULL, 1272));
}

/* ip-sysctl: ip_no_pmtu_disc says what ICMP may do to sockets of any mode */
TEST_F(pmtu, no_pmtu_disc)
{
	static const struct {
		const char *sysctl, *err, *mtu;
	} cases[] = {
		{ "0", "EMSGSIZE", "1000" },
		{ "1", "EMSGSIZE", "552" },
		{ "2", "none", "1500" },
		{ "3", "none", "1500" },
	};
	int t = tun_and_far(), fd;
	unsigned int i;
	char ip[32];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, write_file("/proc/sys/net/ipv4/ip_no_pmtu_disc",
					cases[i].sysctl));
		snprintf(ip, sizeof(ip), "198.51.100.%d", 10 + i);
		fd = with_mode(bound(ME, 5000), IP_PMTUDISC_WANT);
		joined(fd, ip, 9);
		too_big(t, ip, 5000, 1000);
		EXPECT_STREQ(cases[i].err, pending(fd))
			TH_LOG("%s", cases[i].sysctl);
		EXPECT_STREQ(cases[i].mtu, mtu_of(fd))
			TH_LOG("%s", cases[i].sysctl);
		close(fd);
	}
}

/* Only what quotes a packet that might be ours; and not from just anywhere */
TEST_F(pmtu, not_learned)
{
	int t = tun_and_far(), fd = joined(bound(ME, 5000), FAR, 9), k;
	const struct door *d = &variant->door;
	struct packet p, q;

	for (k = 0; k < 4; k++) {
		make_own(&q, d, 5000, k == 0 ? FAR2 : FAR, data, 100);
		if (k == 1)
			q.ip.ihl = 4;
		make_icmp(&p, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, &q,
			  k == 2 ? IP_LEN + 7 : 128);
		if (k == 3)
			icmp_of(&p)->checksum ^= 1;
		inject(t, &p);
		EXPECT_STREQ("none", pending(fd))
			TH_LOG("%d", k);
		EXPECT_STREQ("1500", mtu_of(fd))
			TH_LOG("%d", k);
	}
	too_big(t, FAR, 5000, 1000);
	EXPECT_STREQ("1000", mtu_of(fd));
}

/* route/mtu_expires: then the path may have become better */
TEST_F(pmtu, expires)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	int t = tun_and_far(), fd = joined(bound(ME, 5000), FAR, 9);
	long long end = now_ms() + SOON_MS;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/route/mtu_expires", "1"));
	too_big(t, FAR, 5000, 1000);
	EXPECT_STREQ("1000", mtu_of(fd));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	while (strcmp("1500", mtu_of(fd)) && now_ms() < end)
		nanosleep(&moment, NULL);
	EXPECT_STREQ("1500", mtu_of(fd));
	EXPECT_STREQ("1 of 1500 DF",
		     outcome(t, &variant->door, fd, NULL, 1472));
}

/* The MTU of the device changes under a socket that is connected, or not */
TEST_F(pmtu, device_changes)
{
	static const struct {
		int mode;
		const char *sent[3];
	} cases[] = {
		{ IP_PMTUDISC_DONT,
		  { "1 of 1200", "2 of 996", "1 of 1200" } },
		{ IP_PMTUDISC_WANT,
		  { "1 of 1200 DF", "2 of 996", "1 of 1200 DF" } },
		{ IP_PMTUDISC_DO,
		  { "1 of 1200 DF", "EMSGSIZE", "1 of 1200 DF" } },
		{ IP_PMTUDISC_PROBE,
		  { "1 of 1200 DF", "EMSGSIZE", "1 of 1200 DF" } },
		{ IP_PMTUDISC_INTERFACE,
		  { "1 of 1200", "EMSGSIZE", "1 of 1200" } },
		{ IP_PMTUDISC_OMIT,
		  { "1 of 1200", "2 of 996", "1 of 1200" } },
	};
	static const int mtus[] = { 1500, 1000, 1400 };
	const struct door *d = &variant->door;
	int fd[ARRAY_SIZE(cases)], to[ARRAY_SIZE(cases)], t = tun_and_far();
	unsigned int i, k;
	char mtu[16];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		to[i] = with_mode(sock(), cases[i].mode);
		fd[i] = with_mode(sock(), cases[i].mode);
		joined(fd[i], FAR, 9);
	}
	for (k = 0; k < ARRAY_SIZE(mtus); k++) {
		set_mtu(mtus[k]);
		snprintf(mtu, sizeof(mtu), "%d", mtus[k]);
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			const char *want = cases[i].sent[k];

			EXPECT_STREQ(mtu, mtu_of(fd[i]));
			EXPECT_STREQ(want, outcome(t, d, fd[i], NULL, 1172))
				TH_LOG("mode %d", cases[i].mode);
			EXPECT_STREQ(want, outcome(t, d, to[i], FAR, 1172))
				TH_LOG("mode %d", cases[i].mode);
		}
	}
}

/* The same for what was learned: the device may be less, but not more */
TEST_F(pmtu, device_changes_learned)
{
	static const struct {
		int mtu;
		const char *before, *sent, *after;
	} cases[] = {
		{ 1500, "1200", "2 of 1196", "1200" },
		{ 1300, "1200", "2 of 1196", "1200" },
		/* A send finds out */
		{ 1000, "1200", "2 of 996", "1000" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(bound(ME, 5000), FAR, 9);
	unsigned int i;

	too_big(t, FAR, 5000, 1200);
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_mtu(cases[i].mtu);
		EXPECT_STREQ(cases[i].before, mtu_of(fd))
			TH_LOG("%d", cases[i].mtu);
		EXPECT_STREQ(cases[i].sent, outcome(t, d, fd, NULL, 1372))
			TH_LOG("%d", cases[i].mtu);
		EXPECT_STREQ(cases[i].after, mtu_of(fd))
			TH_LOG("%d", cases[i].mtu);
	}
}

/* A route that is changed is the route, also for those who are connected */
TEST_F(pmtu, route_changes)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(sock(), FAR, 9);

	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, fd, NULL, 1472));
	run("ip route add " FAR " via " YOU " mtu 1000");
	EXPECT_STREQ("2 of 996", outcome(t, d, fd, NULL, 1472));
	EXPECT_STREQ("1000", mtu_of(fd));
	run("ip route change " FAR " via " YOU " mtu lock 900");
	EXPECT_STREQ("1 of 828", outcome(t, d, fd, NULL, 800));
	EXPECT_STREQ("900", mtu_of(fd));
	run("ip route del " FAR);
	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, fd, NULL, 1472));
	EXPECT_STREQ("1500", mtu_of(fd));
}

/*
 * ip(7): with IP_RECVERR a datagram that is too long leaves an entry in the
 * error queue with the MTU; udp(7): there is none for one that no path takes.
 */
TEST_F(pmtu, local_error)
{
	static const struct {
		int mode, len;
		const char *entry;
	} cases[] = {
		{ IP_PMTUDISC_DONT, 65508, "1000" },
		{ IP_PMTUDISC_DONT, 65535, "1000" },
		{ IP_PMTUDISC_DONT, 65536, NULL },
		{ IP_PMTUDISC_WANT, 65508, "1000" },
		{ IP_PMTUDISC_WANT, 65536, NULL },
		{ IP_PMTUDISC_DO, 973, "1000" },
		{ IP_PMTUDISC_DO, 65507, "1000" },
		{ IP_PMTUDISC_DO, 65508, "1000" },
		{ IP_PMTUDISC_DO, 65535, "1000" },
		{ IP_PMTUDISC_DO, 65536, NULL },
		{ IP_PMTUDISC_PROBE, 1473, "1500" },
		{ IP_PMTUDISC_INTERFACE, 1473, "1500" },
		{ IP_PMTUDISC_INTERFACE, 65536, NULL },
		{ IP_PMTUDISC_OMIT, 65508, "1500" },
		{ IP_PMTUDISC_OMIT, 65536, NULL },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd;
	char want[64], byte;
	unsigned int i;

	run("ip route add " FAR " via " YOU " mtu 1000");
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		const char *to = i % 2 ? NULL : FAR;

		fd = with_mode(sock(), c->mode);
		if (!to)
			joined(fd, FAR, 9);
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, c->len));
		EXPECT_EQ(c->entry ? POLLERR | POLLOUT : POLLOUT,
			  ready(fd, POLLIN | POLLOUT | POLLPRI))
			TH_LOG("mode %d, %d", c->mode, c->len);
		/* It is no pending error: nobody else fails of it */
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("1 of 38 DF", c->mode == IP_PMTUDISC_DO ?
			     outcome(t, d, fd, to, 10) : "1 of 38 DF");
		/* The port is the peer's, and not that of the call */
		snprintf(want, sizeof(want), "local: EMSGSIZE %s 0, " FAR
			 ":%d 0", c->entry, to ? 0 : 9);
		EXPECT_STREQ(c->entry ? want : "EAGAIN", next_error(fd))
			TH_LOG("mode %d, %d", c->mode, c->len);
		EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
		EXPECT_STREQ("EAGAIN", next_error(fd));
		close(fd);
	}
}

/* Each call has an entry, in the order of the calls, with its destination */
TEST_F(pmtu, local_errors)
{
	int t = tun_and_far(), fd = with_mode(sock(), IP_PMTUDISC_DO);
	const struct door *d = &variant->door;

	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	run("ip route add " FAR " via " YOU " mtu 1000");
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR, 1472));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR2, 1473));
	EXPECT_STREQ("1 of 1500 DF", outcome(t, d, fd, FAR2, 1472));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, YOU, 1500));
	joined(fd, FAR2, 10);
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, FAR, 1472));
	EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, NULL, 1473));
	EXPECT_STREQ("local: EMSGSIZE 1000 0, " FAR ":0 0", next_error(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, " FAR2 ":0 0", next_error(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, " YOU ":0 0", next_error(fd));
	EXPECT_STREQ("local: EMSGSIZE 1000 0, " FAR ":10 0", next_error(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, " FAR2 ":10 0", next_error(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	/* No datagram went out, and none was lost */
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
}

/* The longest datagram there is, in 45 fragments, and no byte more */
TEST_F(pmtu, longest)
{
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = joined(bound(ME, 5000), FAR, 9), i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 200000));
	for (i = 0; i < 2; i++) {
		const char *to = i ? NULL : FAR2;

		EXPECT_STREQ("45 of 1500", outcome(t, d, fd, to, MAX_PAYLOAD));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65508));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65535));
		EXPECT_STREQ("EMSGSIZE", outcome(t, d, fd, to, 65536));
		EXPECT_STREQ("nothing", on_wire(t, d, 0));
	}
	EXPECT_EQ(2, counter(d, "OutDatagrams"));
}

/* MTUs of which not all is used, for fragments begin at multiples of 8 */
TEST_F(pmtu, fragments)
{
	static const struct {
		int mtu, len;
		const char *sent;
	} cases[] = {
		{ 68, 40, "1 of 68 DF" }, { 68, 41, "2 of 68" },
		{ 68, 88, "2 of 68" }, { 68, 89, "3 of 68" },
		{ 75, 47, "1 of 75 DF" }, { 75, 48, "2 of 68" },
		{ 76, 49, "2 of 76" }, { 576, 548, "1 of 576 DF" },
		{ 576, 549, "2 of 572" }, { 576, 1100, "2 of 572" },
		{ 576, 1101, "3 of 572" }, { 1006, 4000, "5 of 1004" },
		{ 1499, 1471, "1 of 1499 DF" }, { 1499, 1472, "2 of 1492" },
	};
	const struct door *d = &variant->door;
	int t = tun_and_far(), fd = sock();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set_mtu(cases[i].mtu);
		EXPECT_STREQ(cases[i].sent,
			     outcome(t, d, fd, YOU, cases[i].len))
			TH_LOG("MTU %d, %d", cases[i].mtu, cases[i].len);
	}
	EXPECT_EQ(14, counter(d, "OutDatagrams"));
}

/* The id of the next packet; the rest of the datagram has the same */
static int id_of(int tun, const struct door *d)
{
	struct packet p, more;

	if (!sent(tun, d->wire, &p))
		return -1;
	while (sent(tun, d->wire, &more))
		if (more.ip.id != p.ip.id)
			return -2;
	return ntohs(p.ip.id);
}

/* Some router, that is */
static bool may_fragment(int mode)
{
	return mode != IP_PMTUDISC_DO && mode != IP_PMTUDISC_PROBE;
}

/*
 * RFC 6864: a datagram that nobody may fragment needs no id. Connected sockets
 * count, one per datagram; others have 0, or what the destination's count is.
 */
TEST_F(pmtu, ids)
{
	int t = tun_and_far(), id, last = 0, i, fd, m;
	const struct door *d = &variant->door;

	for (m = 0; m < 6; m++) {
		fd = with_mode(sock(), modes[m]);
		for (i = 0; i < 6; i++) {
			EXPECT_EQ(10, send_to(fd, FAR, 9, data, 10));
			id = id_of(t, d);
			ASSERT_LE(0, id);
			if (!may_fragment(modes[m]))
				EXPECT_EQ(0, id);
			if (may_fragment(modes[m]) && i)
				EXPECT_NE(last, id);
			last = id;
		}
		joined(fd, FAR, 9);
		for (i = 0; i < 6; i++) {
			int len = i == 3 && may_fragment(modes[m]) &&
				modes[m] != IP_PMTUDISC_INTERFACE ? 4000 : 10;

			/* To another it is the same count */
			EXPECT_EQ(len, i % 2 ? send(fd, data, len, 0) :
				  send_to(fd, FAR2, 9, data, len));
			id = id_of(t, d);
			ASSERT_LE(0, id);
			if (i)
				EXPECT_EQ((last + 1) & 0xffff, id)
					TH_LOG("mode %d, %d", modes[m], i);
			last = id;
		}
		close(fd);
	}
}

/*
 * A real router, from here over a wide link to it and over one of 1000 bytes
 * to the other side, where a socket receives
 */
struct network {
	int here, router, there;
	int in;
};

static void __make_network(struct __test_metadata *_metadata,
			   struct network *n, const struct door *d)
{
	fill();
	n->here = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, n->here);
	n->router = another_namespace();
	n->there = another_namespace();
	cable("wide", n->router);
	run("ip -b - <<E\n"
	    "addr add 10.1.0.1/24 dev wide\n"
	    "link set wide up\n"
	    "route add default via 10.1.0.2\n"
	    "E");
	inside(n->router);
	cable("narrow", n->there);
	run("ip -b - <<E\n"
	    "addr add 10.1.0.2/24 dev wide\n"
	    "addr add 10.2.0.1/24 dev narrow\n"
	    "link set wide up\n"
	    "link set narrow mtu 1000 up\n"
	    "E");
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_forward", "1"));
	inside(n->there);
	/* It has all of 10.2.1.0/24, so that each case may have its own */
	run("ip -b - <<E\n"
	    "addr add 10.2.0.2/24 dev narrow\n"
	    "link set narrow mtu 1000 up\n"
	    "route add default via 10.2.0.1\n"
	    "route add local 10.2.1.0/24 dev lo\n"
	    "E");
	n->in = __bound(_metadata, __sock(_metadata, d->family, d->protocol),
			"0.0.0.0", 9);
	inside(n->router);
	run("ip route add 10.2.1.0/24 via 10.2.0.2");
	inside(n->here);
}

#define make_network(n) __make_network(_metadata, n, &variant->door)

/* The next datagram that came is @len bytes of data */
static bool arrived(int fd, int len)
{
	static unsigned char got[65536];

	return take(fd, got, sizeof(got)) == len && !memcmp(got, data, len);
}

/* Waits for what the router says of one that was too big for it */
static void __refused(struct __test_metadata *_metadata, int fd,
		      const char *ip)
{
	char want[96];

	snprintf(want, sizeof(want),
		 "3.4 of 10.1.0.2: EMSGSIZE 1000 0, %s:9 520", ip);
	EXPECT_EQ(POLLERR, await(fd, POLLIN));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	EXPECT_STREQ(want, next_error(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
}

#define refused(fd, ip) __refused(_metadata, fd, ip)

/* RFC 1191 as it is meant, the router being that of the kernel */
TEST_F_TIMEOUT(pmtu, router, 120)
{
	static const struct {
		int mode;
		bool first;	/* gets through though it is 1500 bytes */
		const char *mtu; /* after it */
		int err;	/* of the second */
		bool second;	/* gets through */
	} cases[] = {
		{ IP_PMTUDISC_DONT, true, "1500", 0, true },
		{ IP_PMTUDISC_WANT, false, "1000", 0, true },
		{ IP_PMTUDISC_DO, false, "1000", EMSGSIZE, false },
		/* It goes to the router again, for it is told not to know */
		{ IP_PMTUDISC_PROBE, false, "1000", 0, false },
		{ IP_PMTUDISC_INTERFACE, true, "1500", 0, true },
		{ IP_PMTUDISC_OMIT, true, "1500", 0, true },
	};
	struct network n;
	unsigned int i;
	char ip[32];
	int fd;

	make_network(&n);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(ip, sizeof(ip), "10.2.1.%d", i + 1);
		fd = with_mode(sock(), cases[i].mode);
		joined(fd, ip, 9);
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
		EXPECT_STREQ("1500", mtu_of(fd));
		EXPECT_EQ(1472, send(fd, data, 1472, 0));
		if (!cases[i].first)
			refused(fd, ip);
		if (cases[i].first)
			EXPECT_TRUE(arrived(n.in, 1472));
		EXPECT_STREQ(cases[i].mtu, mtu_of(fd));
		EXPECT_EQ(cases[i].err, err_of(send(fd, data, 1472, 0)))
			TH_LOG("mode %d", cases[i].mode);
		if (!cases[i].second && !cases[i].err)
			refused(fd, ip);
		if (cases[i].second)
			EXPECT_TRUE(arrived(n.in, 1472));
		EXPECT_EQ(972, send(fd, data, 972, 0));
		EXPECT_TRUE(arrived(n.in, 972));
		close(fd);
	}
}

/* The other end puts it together again, whoever took it apart */
TEST_F_TIMEOUT(pmtu, reassembly, 120)
{
	static const int lengths[] = { 973, 1472, 1473, 8000, MAX_PAYLOAD };
	struct network n;
	unsigned int i;
	int fd;

	make_network(&n);
	fd = with_mode(sock(), IP_PMTUDISC_DONT);
	ASSERT_EQ(0, set_int(n.in, SOL_SOCKET, SO_RCVBUF, 200000));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(lengths[i], send_to(fd, "10.2.1.1", 9, data,
					      lengths[i]));
		EXPECT_TRUE(arrived(n.in, lengths[i]))
			TH_LOG("%d", lengths[i]);
	}
	with_mode(fd, IP_PMTUDISC_WANT);
	joined(fd, "10.2.1.1", 9);
	EXPECT_EQ(1472, send(fd, data, 1472, 0));
	EXPECT_EQ(POLLERR, await(fd, POLLIN));
	EXPECT_STREQ("EMSGSIZE", pending(fd));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(lengths[i], send(fd, data, lengths[i], 0));
		EXPECT_TRUE(arrived(n.in, lengths[i]))
			TH_LOG("%d", lengths[i]);
	}
}

TEST_HARNESS_MAIN
