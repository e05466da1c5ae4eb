/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A wire to look at: a tun device, the test is all that there is at its other
 * end. What the test writes there has been received when the write returns.
 */
#ifndef _EUDP_TEST_WIRE_H
#define _EUDP_TEST_WIRE_H

#include "lib.h"
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include <linux/errqueue.h>
#include <linux/if_tun.h>

#define ME	"192.0.2.1"
#define YOU	"192.0.2.2"
#define MTU	1500
#define IP_LEN	20
#define HDR_LEN	8

/* The header of RFC 768 */
struct header {
	__u16 source, dest, len, check;
};

struct packet {
	struct iphdr ip;
	struct header h;
	unsigned char data[2048];
};

/* The sum of RFC 1071, in the byte order of memory */
static inline __u32 sum(const void *data, int len, __u32 s)
{
	const unsigned char *p = data;
	__u16 word;
	int i;

	for (i = 0; i + 1 < len; i += 2) {
		memcpy(&word, p + i, 2);
		s += word;
	}
	if (len & 1) {
		word = 0;
		memcpy(&word, p + len - 1, 1);
		s += word;
	}
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* Over the pseudo header, and all that the IP packet has behind its header */
static inline __u16 transport_sum(const struct iphdr *ip, const void *h,
				  int len)
{
	struct {
		__u32 saddr, daddr;
		__u8 zero, protocol;
		__u16 len;
	} pseudo = { ip->saddr, ip->daddr, 0, ip->protocol, htons(len) };

	return ~sum(h, len, sum(&pseudo, sizeof(pseudo), 0));
}

/* The device tun0, as yet without addresses, and down */
static inline int __tun_device(struct __test_metadata *_metadata)
{
	struct ifreq ifr = { .ifr_name = "tun0",
			     .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd;

	if (access("/dev/net/tun", F_OK))
		__run(_metadata, "modprobe tun");
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETIFF, &ifr));
	return fd;
}

static inline int __tun(struct __test_metadata *_metadata)
{
	int fd;

	/*
	 * IPv6 has things to say on its own. A packet that another processor
	 * is about to send makes it send ours too, after we have looked.
	 */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				"1"));
	fd = __tun_device(_metadata);
	__add_address(_metadata, "tun0", ME, 24);
	__link_up(_metadata, "tun0");
	return fd;
}

#define tun() __tun(_metadata)

/* The next packet of @protocol that has been sent; its length, 0 if none */
static inline int sent(int tun, int protocol, struct packet *p)
{
	int n;

	while ((n = read(tun, p, sizeof(*p))) > 0)
		if (p->ip.version == 4 && p->ip.protocol == protocol)
			return n;
	return 0;
}

/* A datagram to us, good in all; len is what the header of it says */
static inline void make(struct packet *p, const struct door *door, int sport,
			int dport, const void *data, int len)
{
	memset(p, 0, sizeof(*p));
	p->ip.version = 4;
	p->ip.ihl = 5;
	p->ip.ttl = 64;
	p->ip.protocol = door->wire;
	p->ip.saddr = inet_addr(YOU);
	p->ip.daddr = inet_addr(ME);
	p->ip.tot_len = htons(IP_LEN + HDR_LEN + len);
	p->h.source = htons(sport);
	p->h.dest = htons(dport);
	p->h.len = htons(HDR_LEN + len);
	memcpy(p->data, data, len);
	p->h.check = transport_sum(&p->ip, &p->h, HDR_LEN + len);
	if (!p->h.check)
		p->h.check = 0xffff;
}

static inline void __inject(struct __test_metadata *_metadata, int tun,
			    struct packet *p)
{
	int len = ntohs(p->ip.tot_len);

	p->ip.check = 0;
	p->ip.check = ~sum(&p->ip, IP_LEN, 0);
	ASSERT_EQ(len, write(tun, p, len));
}

#define inject(tun, p) __inject(_metadata, tun, p)

#endif /* _EUDP_TEST_WIRE_H */
