/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that are too big for the path, of IPv6: the path, and what is sent */
#ifndef _EUDP_TEST_PMTU6_H
#define _EUDP_TEST_PMTU6_H

#include "icmp6.h"
#include "netns.h"

/* Behind YOU6 as well as FAR6 is, on a route of its own */
#define OTHER6	"2001:db8:2::2"
#define MAX_PAYLOAD	65527

static unsigned char data[65536];

static inline void fill(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
}

static inline int __tun_and_far(struct __test_metadata *_metadata)
{
	int t = tun6();

	fill();
	run("ip route add 2001:db8:2::/64 via " YOU6);
	return t;
}

#define tun_and_far() __tun_and_far(_metadata)

static inline int __with(struct __test_metadata *_metadata, int fd, int option,
		  int value)
{
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, option, value));
	return fd;
}

/* @fd with this option of level SOL_IPV6 */
#define with(fd, option, value) __with(_metadata, fd, option, value)
#define with_mode(fd, mode) with(fd, IPV6_MTU_DISCOVER, mode)

/*
 * Adds what a packet of @n bytes has behind its headers of IP to the @at bytes
 * of @whole; what is wrong with it, or NULL
 */
static inline const char *join(struct packet6 *first, struct packet6 *p, int n,
			unsigned char *whole, int *at, int end)
{
	struct ip6_frag f = {}, f1 = {};
	int hdr = IP6_LEN;

	if (n != IP6_LEN + ntohs(p->ip.ip6_plen))
		return "bad length";
	if (p->ip.ip6_flow != first->ip.ip6_flow ||
	    p->ip.ip6_nxt != first->ip.ip6_nxt ||
	    p->ip.ip6_hlim != first->ip.ip6_hlim ||
	    memcmp(&p->ip.ip6_src, &first->ip.ip6_src, 32))
		return "not of one datagram";
	if (p->ip.ip6_nxt == IPPROTO_FRAGMENT) {
		memcpy(&f, rest_of(p), sizeof(f));
		memcpy(&f1, rest_of(first), sizeof(f));
		hdr += sizeof(f);
	}
	if (f.ip6f_ident != f1.ip6f_ident || f.ip6f_reserved ||
	    f.ip6f_offlg & IP6F_RESERVED_MASK)
		return "bad fragment header";
	if (*at != ntohs(f.ip6f_offlg & IP6F_OFF_MASK) || *at + n - hdr > end)
		return "bad offset";
	memcpy(whole + *at, (char *)p + hdr, n - hdr);
	*at += n - hdr;
	if (!!(f.ip6f_offlg & IP6F_MORE_FRAG) != (*at < end))
		return "bad M";
	return NULL;
}

/*
 * What has become of @len bytes of data on the wire: "2 of 1280" are two
 * packets of which the first is that long; or what is wrong
 */
static inline const char *on_wire(int tun, const struct door *d, int len)
{
	static unsigned char whole[65536 + HDR_LEN];
	static char text[32];
	struct packet6 p, first = {};
	int n, at = 0, k;
	const char *wrong;
	struct header h;

	for (k = 0; at < len + HDR_LEN; k++) {
		n = sent6(tun, d->wire, &p);
		if (!n)
			return k ? "not all" : "nothing";
		if (!k)
			first = p;
		wrong = join(&first, &p, n, whole, &at, len + HDR_LEN);
		if (wrong)
			return wrong;
	}
	memcpy(&h, whole, HDR_LEN);
	if (ntohs(h.len) != at || !h.check ||
	    sum6(&first.ip, d->wire, whole, at))
		return "bad length or checksum";
	if (memcmp(data, whole + HDR_LEN, len) || sent6(tun, d->wire, &p))
		return "other data";
	if (k == 1 && first.ip.ip6_nxt == IPPROTO_FRAGMENT)
		return "a fragment alone";
	snprintf(text, sizeof(text), "%d of %d", k,
		 IP6_LEN + ntohs(first.ip.ip6_plen));
	return text;
}

/* Sends @len bytes; to the peer if @ip is NULL */
static inline const char *outcome(int tun, const struct door *d, int fd,
			   const char *ip, int len)
{
	ssize_t n = ip ? send_to(fd, ip, 9, data, len) :
			 send(fd, data, len, 0);

	if (n < 0)
		return strerrorname_np(errno);
	return n == len ? on_wire(tun, d, len) : "not its length";
}

static inline const char *mtu_of(int fd)
{
	static char text[2][16];
	static unsigned int turn;
	char *s = text[turn++ % 2];
	int mtu = get_int(fd, SOL_IPV6, IPV6_MTU);

	if (mtu < 0)
		return strerrorname_np(-mtu);
	snprintf(s, sizeof(text[0]), "%d", mtu);
	return s;
}

/* A router at YOU6 says that a packet to @ip was too big, of any socket */
static inline void __too_big(struct __test_metadata *_metadata, int tun,
		      const struct door *d, const char *ip, int port, __u32 mtu)
{
	struct packet6 p;

	make_own6(&p, d, port, ip, data, 100);
	tell6(tun, ICMP6_PACKET_TOO_BIG, 0, mtu, &p);
}

#define too_big(tun, ip, port, mtu) \
	__too_big(_metadata, tun, &variant->door, ip, port, mtu)

/* Of the device, that is */
static inline void __set_mtu(struct __test_metadata *_metadata, int mtu)
{
	struct ifreq ifr = { .ifr_name = "tun0", .ifr_mtu = mtu };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	ASSERT_EQ(0, ioctl(fd, SIOCSIFMTU, &ifr));
	close(fd);
}

#define set_mtu(mtu) __set_mtu(_metadata, mtu)

/* The next datagram that came is @len bytes of data */
static inline bool arrived(int fd, int len)
{
	static unsigned char got[65536];

	return take(fd, got, sizeof(got)) == len && !memcmp(got, data, len);
}

/*
 * A real router, from here over a wide link to it and over one of 1400 bytes to
 * the other side, where a socket receives
 */
struct network {
	int here, router, there;
	int in;
};

static inline void __make_network(struct __test_metadata *_metadata,
			   struct network *n, const struct door *d)
{
	fill();
	n->here = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, n->here);
	n->router = another_namespace();
	n->there = another_namespace();
	cable("wide", n->router);
	run("ip -b - <<E\n"
	    "addr add fd01::1/64 dev wide nodad\n"
	    "link set wide up\n"
	    "route add default via fd01::2\n"
	    "E");
	inside(n->router);
	cable("narrow", n->there);
	run("ip -b - <<E\n"
	    "addr add fd01::2/64 dev wide nodad\n"
	    "addr add fd02::1/64 dev narrow nodad\n"
	    "link set wide up\n"
	    "link set narrow mtu 1400 up\n"
	    "E");
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1"));
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
	inside(n->there);
	/* It has all of fd03::/64, so that each case may have its own */
	run("ip -b - <<E\n"
	    "addr add fd02::2/64 dev narrow nodad\n"
	    "link set narrow mtu 1400 up\n"
	    "route add default via fd02::1\n"
	    "route add local fd03::/64 dev lo\n"
	    "E");
	n->in = __bound(_metadata, __sock(_metadata, d->family, d->protocol),
			"::", 9);
	inside(n->router);
	run("ip route add fd03::/64 via fd02::2");
	inside(n->here);
}

#define make_network(n) __make_network(_metadata, n, &variant->door)

/* Whether the router's word has come, which this host then knows */
static inline bool learned(int fd, const char *ip)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	long long end = now_ms() + SOON_MS;

	while (now_ms() < end) {
		if (!connect_to(fd, ip, 9) && !strcmp("1400", mtu_of(fd)))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

#endif /* _EUDP_TEST_PMTU6_H */
