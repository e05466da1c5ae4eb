/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets made by hand. They come in by a tap device, at whose other end is
 * the test, or by a raw socket over lo. A packet is good in all when it has
 * been made, and a test damages it from there.
 */
#ifndef _EUDP_TEST_PACKET_H
#define _EUDP_TEST_PACKET_H

#include "lib.h"
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stddef.h>

#include <linux/if_tun.h>

#define ME	"192.0.2.1"
#define YOU	"192.0.2.2"
#define ME6	"2001:db8::1"
#define YOU6	"2001:db8::2"
#define MTU	1500
#define IP_LEN	20
#define IP6_LEN	40
#define HDR_LEN	8

/* The header of RFC 768 */
struct header {
	__u16 source, dest, len, check;
};

struct packet {
	__u16 pad;
	struct ether_header eth;
	union {
		struct {
			struct iphdr ip;
			/* options, struct header, data */
			unsigned char rest[2048];
		};
		struct ip6_hdr ip6;
	};
};

static const unsigned char my_mac[] = { 2, 0, 0, 0, 0, 1 };
static const unsigned char your_mac[] = { 2, 0, 0, 0, 0, 2 };

/* All of the frame, as the wire has it */
#define FRAME_LEN (sizeof(struct packet) - offsetof(struct packet, eth))

static inline void *frame_of(struct packet *p)
{
	return (char *)p + offsetof(struct packet, eth);
}

/* The version is at the same place in both */
static inline bool is_ip6(const struct packet *p)
{
	return p->ip.version == 6;
}

static inline int ip_len_of(const struct packet *p)
{
	return is_ip6(p) ? IP6_LEN : p->ip.ihl * 4;
}

static inline int len_of(const struct packet *p)
{
	return is_ip6(p) ? IP6_LEN + ntohs(p->ip6.ip6_plen) :
		ntohs(p->ip.tot_len);
}

static inline struct header *head_of(struct packet *p)
{
	return (struct header *)(p->rest + ip_len_of(p) - IP_LEN);
}

static inline unsigned char *data_of(struct packet *p)
{
	return (unsigned char *)(head_of(p) + 1);
}

/* The sum of RFC 1071, in the byte order of memory */
static inline __u32 sum(const void *data, int len, __u32 s)
{
	const unsigned char *p = data;
	__u16 word;
	int i;

	for (i = 0; i < len; i += 2) {
		word = 0;
		memcpy(&word, p + i, len - i < 2 ? 1 : 2);
		s += word;
	}
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* The checksum of a datagram of @len bytes, its header's among them */
static inline __u16 datagram_sum(struct packet *p, int len)
{
	struct {
		__u32 saddr, daddr;
		__u8 zero, protocol;
		__u16 len;
	} pseudo = { p->ip.saddr, p->ip.daddr, 0, p->ip.protocol, htons(len) };
	__u32 s = sum(&pseudo, sizeof(pseudo), 0);
	__u16 check;

	/* The sum does not mind the order of its words, nor zeros */
	if (is_ip6(p))
		s = sum(&p->ip6.ip6_src, 32,
			htons(p->ip6.ip6_nxt) + htons(len));
	head_of(p)->check = 0;
	check = ~sum(head_of(p), len, s);
	return check ? check : 0xffff;
}

/* After a change of addresses, ports or data */
static inline void resum(struct packet *p)
{
	head_of(p)->check = datagram_sum(p, ntohs(head_of(p)->len));
}

/* A datagram from YOU to ME with these options of IP, good in all */
static inline void make_with(struct packet *p, const struct door *door,
			     int dport, const void *data, int len,
			     const void *options, int optlen)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->eth.ether_dhost, my_mac, ETH_ALEN);
	memcpy(p->eth.ether_shost, your_mac, ETH_ALEN);
	p->eth.ether_type = htons(ETHERTYPE_IP);
	p->ip.version = 4;
	p->ip.ihl = (IP_LEN + optlen) / 4;
	p->ip.ttl = 64;
	p->ip.protocol = door->wire;
	p->ip.saddr = inet_addr(YOU);
	p->ip.daddr = inet_addr(ME);
	p->ip.tot_len = htons(IP_LEN + optlen + HDR_LEN + len);
	memcpy(p->rest, options, optlen);
	head_of(p)->source = htons(4000);
	head_of(p)->dest = htons(dport);
	head_of(p)->len = htons(HDR_LEN + len);
	memcpy(data_of(p), data, len);
	resum(p);
}

/* The same from YOU6 to ME6 */
static inline void make6(struct packet *p, const struct door *door, int dport,
			 const void *data, int len)
{
	memset(p, 0, sizeof(*p));
	memcpy(p->eth.ether_dhost, my_mac, ETH_ALEN);
	memcpy(p->eth.ether_shost, your_mac, ETH_ALEN);
	p->eth.ether_type = htons(ETHERTYPE_IPV6);
	p->ip6.ip6_vfc = 6 << 4;
	p->ip6.ip6_hlim = 64;
	p->ip6.ip6_nxt = door->wire;
	p->ip6.ip6_plen = htons(HDR_LEN + len);
	inet_pton(AF_INET6, YOU6, &p->ip6.ip6_src);
	inet_pton(AF_INET6, ME6, &p->ip6.ip6_dst);
	head_of(p)->source = htons(4000);
	head_of(p)->dest = htons(dport);
	head_of(p)->len = htons(HDR_LEN + len);
	memcpy(data_of(p), data, len);
	resum(p);
}

static inline void make(struct packet *p, const struct door *door, int dport,
			const void *data, int len)
{
	if (door->version == AF_INET6)
		make6(p, door, dport, data, len);
	else
		make_with(p, door, dport, data, len, "", 0);
}

/* The header of IPv6 has no sum */
static inline void sum_ip(struct packet *p)
{
	if (is_ip6(p))
		return;
	p->ip.check = 0;
	p->ip.check = ~sum(&p->ip, p->ip.ihl * 4, 0);
}

/* The device tap0, as yet down */
static inline int __open_tap(struct __test_metadata *_metadata, int flags)
{
	struct ifreq ifr = { .ifr_name = "tap0", .ifr_flags = flags };
	int fd;

	if (access("/dev/net/tun", F_OK))
		__run(_metadata, "modprobe tun");
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETIFF, &ifr));
	return fd;
}

/* 192.0.2.1/24, and 192.0.2.2 is known to be behind it */
static inline void __set_up_tap(struct __test_metadata *_metadata, int fd)
{
	struct ifreq mac = {
		.ifr_hwaddr = { ARPHRD_ETHER, { 2, 0, 0, 0, 0, 1 } },
	};

	ASSERT_EQ(0, ioctl(fd, SIOCSIFHWADDR, &mac));
	link_up("tap0");
	add_address("tap0", ME, 24);
	add_neighbour("tap0", YOU, 2);
}

static inline int __tap_with(struct __test_metadata *_metadata, int flags)
{
	int fd = __open_tap(_metadata, flags);

	__set_up_tap(_metadata, fd);
	return fd;
}

static inline int __tap(struct __test_metadata *_metadata)
{
	return __tap_with(_metadata, IFF_TAP | IFF_NO_PI);
}

/* The same, and 2001:db8::1/64 with 2001:db8::2 behind it */
static inline int __tap6(struct __test_metadata *_metadata)
{
	int fd;

	__addresses_at_once(_metadata);
	fd = __tap(_metadata);
	add_address("tap0", ME6, 64);
	add_neighbour("tap0", YOU6, 2);
	return fd;
}

/* The first @len bytes of a packet as they are */
static inline void __inject_bytes(struct __test_metadata *_metadata, int tap,
				  struct packet *p, int len)
{
	ASSERT_EQ(ETH_HLEN + len, write(tap, frame_of(p), ETH_HLEN + len));
}

static inline void __inject(struct __test_metadata *_metadata, int tap,
			    struct packet *p)
{
	sum_ip(p);
	__inject_bytes(_metadata, tap, p, len_of(p));
}

/* The header of a fragment is between that of IPv6 and the data */
static inline void __inject_part6(struct __test_metadata *_metadata, int tap,
				  const struct packet *whole, int from, int to,
				  int flags)
{
	struct ip6_frag part = {
		.ip6f_nxt = whole->ip6.ip6_nxt,
		.ip6f_offlg = htons(from | (flags & IP_MF ? 1 : 0)),
		.ip6f_ident = whole->ip6.ip6_flow,
	};
	unsigned char *data = (unsigned char *)&whole->ip6 + IP6_LEN;
	struct packet p = *whole;

	memcpy(head_of(&p), &part, sizeof(part));
	memcpy((char *)head_of(&p) + sizeof(part), data + from, to - from);
	p.ip6.ip6_nxt = IPPROTO_FRAGMENT;
	p.ip6.ip6_plen = htons(sizeof(part) + to - from);
	__inject(_metadata, tap, &p);
}

/* Bytes @from to @to of what is behind the IP header, as a fragment */
static inline void __inject_part(struct __test_metadata *_metadata, int tap,
				 const struct packet *whole, int from, int to,
				 int flags)
{
	struct packet p = *whole;

	if (is_ip6(whole)) {
		__inject_part6(_metadata, tap, whole, from, to, flags);
		return;
	}
	memcpy(head_of(&p), (char *)head_of((struct packet *)whole) + from,
	       to - from);
	p.ip.tot_len = htons(p.ip.ihl * 4 + to - from);
	p.ip.frag_off = htons(from / 8 | flags);
	__inject(_metadata, tap, &p);
}

/* The next packet of @protocol that has been sent; its length, 0 if none */
static inline int sent(int tap, int protocol, struct packet *p)
{
	int n;

	while ((n = read(tap, frame_of(p), FRAME_LEN)) > 0) {
		if (p->eth.ether_type == htons(ETHERTYPE_IP) &&
		    p->ip.protocol == protocol)
			return n - ETH_HLEN;
		if (p->eth.ether_type == htons(ETHERTYPE_IPV6) &&
		    p->ip6.ip6_nxt == protocol)
			return n - ETH_HLEN;
	}
	return 0;
}

/* Over lo, by a raw socket: what it cannot do is no IP header at all */
static inline void __loop_packet(struct __test_metadata *_metadata, int raw,
				 struct packet *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = p->ip.daddr };
	int len = ntohs(p->ip.tot_len);

	ASSERT_EQ(len, sendto(raw, frame_of(p) + ETH_HLEN, len, 0, sa(&to), sizeof(to)))
		TH_LOG("raw socket: %s", strerror(errno));
	__settle(_metadata);
}

#define tap()			__tap(_metadata)
#define tap6()			__tap6(_metadata)
#define inject(tap, p)		__inject(_metadata, tap, p)
#define inject_bytes(tap, p, n)	__inject_bytes(_metadata, tap, p, n)
#define inject_part(tap, p, from, to, flags) \
	__inject_part(_metadata, tap, p, from, to, flags)
#define loop_packet(raw, p)	__loop_packet(_metadata, raw, p)

#endif /* _EUDP_TEST_PACKET_H */
