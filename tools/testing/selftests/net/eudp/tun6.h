/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tun device of tun.h with addresses of IPv6, and what goes over it. A
 * chain of extension headers is text: the number of each, and its bytes but the
 * first, which is the number of the next one: "0:00010400000000 60:00..."
 */
#ifndef _EUDP_TEST_TUN6_H
#define _EUDP_TEST_TUN6_H

#include "tun.h"
#include <netinet/ip6.h>

#define ME6	"2001:db8::1"
#define YOU6	"2001:db8::2"
#define MY_LINK	"fe80::1"	/* with the scope of tun0 */
#define YOUR_LINK "fe80::2"
#define MTU	1500
#define IP6_LEN	40

#define MAX_CHAIN 2048		/* bytes of extension headers */

/* A datagram that has been put together of its fragments */
struct datagram6 {
	struct ip6_hdr ip;	/* of the first fragment */
	char chain[2 * MAX_CHAIN + 64];
	struct in6_addr final;	/* at the end of a routing header */
	int fragments;
	int longest;		/* packet of them */
	int len;		/* of @data, or less than 0: nothing has come */
	struct header h;
	unsigned char data[65536];
};

/* A packet to send to us */
struct packet6 {
	struct ip6_hdr ip;
	unsigned char rest[4096];	/* headers, struct header, data */
	int ext_len;			/* of the extension headers */
};

static inline struct in6_addr in6(const char *ip)
{
	return addr6(ip, 0).sin6_addr;
}

/* Good for the next few calls */
static inline const char *text6(const struct in6_addr *a)
{
	static char text[4][INET6_ADDRSTRLEN];
	static unsigned int turn;

	return inet_ntop(AF_INET6, a, text[turn++ % 4], INET6_ADDRSTRLEN);
}

#define SRC6(g)		text6(&(g)->ip.ip6_src)
#define DST6(g)		text6(&(g)->ip.ip6_dst)
#define TCLASS6(g)	(ntohl((g)->ip.ip6_flow) >> 20 & 0xff)
#define LABEL6(g)	(ntohl((g)->ip.ip6_flow) & 0xfffff)

/* RFC 8200 8.1 */
static inline __u16 transport6_sum(const struct in6_addr *src,
				   const struct in6_addr *dst, int protocol,
				   const void *h, int len)
{
	struct {
		struct in6_addr src, dst;
		__u32 len, protocol;
	} pseudo = { *src, *dst, htonl(len), htonl(protocol) };

	return ~sum(h, len, sum(&pseudo, sizeof(pseudo), 0));
}

static inline int __tun6(struct __test_metadata *_metadata)
{
	int fd = __tun(_metadata, IFF_TUN | IFF_NO_PI);

	__run(_metadata, "ip link set tun0 addrgenmode none");
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/tun0/disable_ipv6",
				"0"));
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6",
				"0"));
	__address6(_metadata, ME6 "/64", "tun0");
	__address6(_metadata, MY_LINK "/64", "tun0");
	return fd;
}

/* The device tun1 beside it, with fe80::3 */
static inline int __second_tun6(struct __test_metadata *_metadata)
{
	int fd = __tun_device(_metadata, "tun1", IFF_TUN | IFF_NO_PI);

	__run(_metadata, "ip link set tun1 addrgenmode none up");
	__address6(_metadata, "fe80::3/64", "tun1");
	return fd;
}

/*
 * Over the extension headers in the @len bytes of @data, of which @next is the
 * first one. Up to a fragment header, or the end: how far that is. They are
 * added to @chain.
 */
static inline int walk(const unsigned char *data, int len, int *next,
		       char *chain, struct in6_addr *final)
{
	const char *start = chain;
	int at = 0, n, i;

	while (*next == IPPROTO_HOPOPTS || *next == IPPROTO_ROUTING ||
	       *next == IPPROTO_DSTOPTS) {
		if (at + 8 > len)
			break;
		n = (data[at + 1] + 1) * 8;
		if (at + n > len)
			break;
		/* Of each kind that is sent, the last one of all is the first */
		if (*next == IPPROTO_ROUTING && data[at + 3])
			memcpy(final, data + at + 8, sizeof(*final));
		chain += strlen(chain);
		chain += sprintf(chain, "%s%d:", *start ? " " : "", *next);
		for (i = 1; i < n; i++)
			chain += sprintf(chain, "%02x", data[at + i]);
		*next = data[at];
		at += n;
	}
	return at;
}

/* Adds @p to @whole, which has @at bytes; true if it is complete then */
static inline bool __add_packet6(struct __test_metadata *_metadata,
				 struct datagram6 *g, const struct packet *p,
				 unsigned char *whole, int *at, int *next)
{
	const struct ip6_hdr *ip = (const struct ip6_hdr *)p->bytes;
	const struct ip6_frag *f = NULL;
	char chain[sizeof(g->chain)] = "";
	struct in6_addr final = ip->ip6_dst;
	int from = IP6_LEN, type = ip->ip6_nxt;

	ASSERT_EQ(p->len, IP6_LEN + ntohs(ip->ip6_plen));
	from += walk(p->bytes + from, p->len - from, &type, chain, &final);
	if (type == IPPROTO_FRAGMENT) {
		f = (const struct ip6_frag *)(p->bytes + from);
		type = f->ip6f_nxt;
		from += sizeof(*f);
		ASSERT_EQ(*at, ntohs(f->ip6f_offlg & IP6F_OFF_MASK));
	}
	if (!*at) {
		g->ip = *ip;
		g->final = final;
		memcpy(g->chain, chain, sizeof(chain));
		*next = type;
	}
	ASSERT_EQ(g->ip.ip6_flow, ip->ip6_flow);
	ASSERT_EQ(g->ip.ip6_hlim, ip->ip6_hlim);
	ASSERT_STREQ(g->chain, chain);
	memcpy(whole + *at, p->bytes + from, p->len - from);
	*at += p->len - from;
	g->fragments++;
	if (g->longest < p->len)
		g->longest = p->len;
	return !f || !(f->ip6f_offlg & IP6F_MORE_FRAG);
}

/*
 * The next datagram that has been sent, of which each fragment is checked and
 * then the whole. Its length, or -EAGAIN.
 */
static inline int __next_datagram6(struct __test_metadata *_metadata, int tun,
				   int protocol, struct datagram6 *g)
{
	static unsigned char whole[65536 + MAX_CHAIN];
	int at = 0, next = 0, n;
	struct packet p;
	bool done;

	do {
		memset(g, 0, sizeof(*g));
		g->len = -EAGAIN;
		at = 0;
		do {
			p.len = read(tun, p.bytes, sizeof(p.bytes));
			if (p.len <= 0)
				return -EAGAIN;
			if (p.ip.version != 6)
				break;
			done = __add_packet6(_metadata, g, &p, whole, &at,
					     &next);
		} while (!done);
		n = walk(whole, at, &next, g->chain, &g->final);
	} while (next != protocol);
	at -= n;
	g->len = at - HDR_LEN;
	memcpy(&g->h, whole + n, HDR_LEN);
	memcpy(g->data, whole + n + HDR_LEN, g->len);
	ASSERT_EQ(at, ntohs(g->h.len));
	ASSERT_NE(0, g->h.check);
	ASSERT_EQ(0, transport6_sum(&g->ip.ip6_src, &g->final, protocol,
				    whole + n, at));
	return g->len;
}

/* The text of the next datagram, "(none)" if there is none */
static inline const char *__next_text6(struct __test_metadata *_metadata,
				       int tun, int protocol)
{
	static struct datagram6 g;

	if (__next_datagram6(_metadata, tun, protocol, &g) < 0)
		return "(none)";
	g.data[g.len] = 0;
	return (char *)g.data;
}

static inline struct header *head6_of(struct packet6 *p)
{
	return (struct header *)(p->rest + p->ext_len);
}

static inline int len_of6(struct packet6 *p)
{
	return IP6_LEN + ntohs(p->ip.ip6_plen);
}

/* After a change of addresses, ports or data; @protocol is behind the chain */
static inline void resum6(struct packet6 *p, int protocol)
{
	struct header *h = head6_of(p);

	h->check = 0;
	h->check = transport6_sum(&p->ip.ip6_src, &p->ip.ip6_dst, protocol, h,
				  ntohs(h->len)) ?: 0xffff;
}

/* A datagram of YOU6 to ME6 at @dport, good in all; with a chain of headers */
static inline void make6_with(struct packet6 *p, const struct door *door,
			      int dport, const void *data, int len,
			      const char *chain)
{
	unsigned char *next = &p->ip.ip6_nxt, *at = p->rest;
	char hex[2 * MAX_CHAIN + 1];
	struct header *h;
	int number, n;

	memset(p, 0, sizeof(*p));
	p->ip.ip6_flow = htonl(6 << 28);
	p->ip.ip6_hlim = 64;
	p->ip.ip6_src = in6(YOU6);
	p->ip.ip6_dst = in6(ME6);
	while (sscanf(chain, " %d:%4096[0-9a-f]%n", &number, hex, &n) == 2) {
		*next = number;
		next = at;
		at += 1 + from_hex(hex, at + 1);
		chain += n;
	}
	*next = door->wire;
	p->ext_len = at - p->rest;
	h = head6_of(p);
	*h = (struct header){ htons(4000), htons(dport), htons(HDR_LEN + len) };
	memcpy(h + 1, data, len);
	p->ip.ip6_plen = htons(p->ext_len + HDR_LEN + len);
	resum6(p, door->wire);
}

static inline void __inject6(struct __test_metadata *_metadata, int tun,
			     struct packet6 *p)
{
	ASSERT_EQ(len_of6(p), write(tun, p, len_of6(p)));
}

/*
 * Bytes @from to @to of what is behind the first @front bytes of extension
 * headers, which each fragment has
 */
static inline void __inject_part6(struct __test_metadata *_metadata, int tun,
				  const struct packet6 *whole, int front,
				  int from, int to, int flags, int id)
{
	struct packet6 p = { .ip = whole->ip };
	struct ip6_frag *f = (struct ip6_frag *)(p.rest + front);
	unsigned char *next = &p.ip.ip6_nxt, *at;

	memcpy(p.rest, whole->rest, front);
	for (at = p.rest; at < p.rest + front; at += (at[1] + 1) * 8)
		next = at;
	f->ip6f_nxt = *next;
	f->ip6f_offlg = htons(from) | flags;
	f->ip6f_ident = htonl(id);
	*next = IPPROTO_FRAGMENT;
	memcpy(f + 1, whole->rest + front + from, to - from);
	p.ip.ip6_plen = htons(front + sizeof(*f) + to - from);
	__inject6(_metadata, tun, &p);
}

/* Inside a test of a door, where "t" is what tun6() has returned */
#define tun6()		__tun6(_metadata)
#define second_tun6()	__second_tun6(_metadata)
#define next_datagram6(g) \
	__next_datagram6(_metadata, t, variant->door.wire, g)
#define next_text6()	__next_text6(_metadata, t, variant->door.wire)
#define make6(p, dport, data, len, chain) \
	make6_with(p, &variant->door, dport, data, len, chain)
#define inject6(p)	__inject6(_metadata, t, p)
#define inject_part6(whole, front, from, to, flags, id) \
	__inject_part6(_metadata, t, whole, front, from, to, flags, id)

#endif /* _EUDP_TEST_TUN6_H */
