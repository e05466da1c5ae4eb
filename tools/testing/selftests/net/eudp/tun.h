/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A tun device, at whose other end is the test. It has no queue, which another
 * processor might be about to empty: all that is sent can be read as soon as
 * the call that sends it has returned.
 */
#ifndef _EUDP_TEST_TUN_H
#define _EUDP_TEST_TUN_H

#include "lib.h"
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdlib.h>

#include <linux/if_tun.h>

#define ME	"192.0.2.1"
#define YOU	"192.0.2.2"
#define IP_LEN	20
#define HDR_LEN	8

#define MAX_PAYLOAD 65507	/* 65535 less the headers of IP and UDP */

#ifndef MSG_PROBE
#define MSG_PROBE	0x10
#endif

/* The header of RFC 768 */
struct header {
	__u16 source, dest, len, check;
};

/* An IP packet as it is on the wire */
struct packet {
	int len;
	union {
		struct iphdr ip;
		unsigned char bytes[4096];
	};
};

/* A datagram that has been put together of its fragments */
struct datagram {
	struct iphdr ip;	/* of the first fragment, as is @options */
	unsigned char options[40];
	int options_len;
	int fragments;
	int len;		/* of @data, or less than 0: nothing has come */
	struct header h;
	unsigned char data[65536];
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

static inline int from_hex(const char *hex, unsigned char *data)
{
	unsigned int byte;
	int n = 0;

	while (sscanf(hex + 2 * n, "%2x", &byte) == 1)
		data[n++] = byte;
	return n;
}

static inline const char *to_hex(const unsigned char *data, int len)
{
	static char hex[2 * 64 + 1];
	int i;

	hex[0] = 0;
	for (i = 0; i < len; i++)
		sprintf(hex + 2 * i, "%02x", data[i]);
	return hex;
}

/* A device, as yet down; IFF_TUN, packets, or IFF_TAP, frames of Ethernet */
static inline int __tun_device(struct __test_metadata *_metadata,
			       const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd;

	if (access("/dev/net/tun", F_OK))
		__run(_metadata, "modprobe tun");
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ASSERT_EQ(0, ioctl(fd, TUNSETIFF, &ifr));
	no_queue(name);
	return fd;
}

static inline int __tun(struct __test_metadata *_metadata, int flags)
{
	int fd;

	/* Or it would say of itself that it is there */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				"1"));
	fd = __tun_device(_metadata, "tun0", flags);
	add_address("tun0", ME, 24);
	link_up("tun0");
	return fd;
}

/* The next packet of @protocol that has been sent; its length, 0 if none */
static inline int next_packet(int tun, int protocol, struct packet *p)
{
	while ((p->len = read(tun, p->bytes, sizeof(p->bytes))) > 0)
		if (p->ip.version == 4 && p->ip.protocol == protocol)
			return p->len;
	return 0;
}

/* Answers @p with an ICMP error of @type and @code, for which @info is */
static inline void __answer(struct __test_metadata *_metadata, int tun,
			    struct packet *p, int type, int code, int info)
{
	int quoted = p->ip.ihl * 4 + HDR_LEN;
	struct {
		struct iphdr ip;
		struct icmphdr h;
		unsigned char quote[60 + HDR_LEN];
	} e = { .ip = { .version = 4, .ihl = 5, .ttl = 64,
			.protocol = IPPROTO_ICMP, .saddr = p->ip.daddr,
			.daddr = p->ip.saddr },
		.h = { .type = type, .code = code,
		       .un.frag.mtu = htons(info) } };

	memcpy(e.quote, p->bytes, quoted);
	e.h.checksum = ~sum(&e.h, 8 + quoted, 0);
	e.ip.tot_len = htons(IP_LEN + 8 + quoted);
	e.ip.check = ~sum(&e.ip, IP_LEN, 0);
	ASSERT_EQ(IP_LEN + 8 + quoted, write(tun, &e, IP_LEN + 8 + quoted));
}

/*
 * The next datagram that has been sent, of which each fragment is checked and
 * then the whole. Its length, or -EAGAIN.
 */
static inline int __next_datagram(struct __test_metadata *_metadata, int tun,
				  int protocol, struct datagram *g)
{
	static unsigned char whole[65536 + HDR_LEN];
	struct packet p;
	int at = 0, hl, off;

	memset(g, 0, sizeof(*g));
	do {
		if (!next_packet(tun, protocol, &p))
			break;
		hl = p.ip.ihl * 4;
		off = ntohs(p.ip.frag_off);
		if (!at) {
			g->ip = p.ip;
			g->options_len = hl - IP_LEN;
			memcpy(g->options, p.bytes + IP_LEN, hl - IP_LEN);
		}
		ASSERT_EQ(p.len, ntohs(p.ip.tot_len));
		ASSERT_EQ(0xffff, sum(&p.ip, hl, 0));
		ASSERT_EQ(g->ip.id, p.ip.id);
		ASSERT_EQ(g->ip.ttl, p.ip.ttl);
		ASSERT_EQ(g->ip.tos, p.ip.tos);
		ASSERT_EQ(at, (off & IP_OFFMASK) * 8);
		memcpy(whole + at, p.bytes + hl, p.len - hl);
		at += p.len - hl;
		g->fragments++;
	} while (off & IP_MF);
	g->len = at ? at - HDR_LEN : -EAGAIN;
	if (!at)
		return g->len;
	memcpy(&g->h, whole, HDR_LEN);
	memcpy(g->data, whole + HDR_LEN, at - HDR_LEN);
	ASSERT_EQ(at, ntohs(g->h.len));
	if (g->h.check)
		ASSERT_EQ(0, transport_sum(&g->ip, whole, at));
	return g->len;
}

/* The text of the next datagram, "(none)" if there is none */
static inline const char *__next_text(struct __test_metadata *_metadata,
				      int tun, int protocol)
{
	static struct datagram g;

	if (__next_datagram(_metadata, tun, protocol, &g) < 0)
		return "(none)";
	g.data[g.len] = 0;
	return (char *)g.data;
}

/*
 * The device sends the next 2000 bytes, and then ten a second, so nothing. What
 * waits counts as the sender's, and is gone with the hold.
 */
#define HOLD	"tc qdisc replace dev tun0 root tbf rate 80bit burst 2000 limit "
#define RELEASE	"tc qdisc replace dev tun0 root noqueue"

/* Inside a test of a door, where "t" is what tun() has returned */
#define tun()		__tun(_metadata, IFF_TUN | IFF_NO_PI)
#define tap()		__tun(_metadata, IFF_TAP | IFF_NO_PI)
#define next_datagram(g) \
	__next_datagram(_metadata, t, variant->door.wire, g)
#define answer(p, type, code, info) \
	__answer(_metadata, t, p, type, code, info)
#define next_text()	__next_text(_metadata, t, variant->door.wire)

#endif /* _EUDP_TEST_TUN_H */
