/* SPDX-License-Identifier: GPL-2.0 */
/* The same of IPv6: its wire, ICMPv6 (RFC 4443) and error queue, ipv6(7) */
#ifndef _EUDP_TEST_ICMP6_H
#define _EUDP_TEST_ICMP6_H

#include "icmp.h"
#include <netinet/icmp6.h>
#include <netinet/ip6.h>

#define ME6	"2001:db8:1::1"
#define YOU6	"2001:db8:1::2"
/* Behind YOU6, if there is a route */
#define FAR6	"2001:db8:2::1"
/* The first two, on the link */
#define MY_LINK	"fe80::1"
#define YOUR_LINK "fe80::2"
#define IP6_LEN	40

struct packet6 {
	struct ip6_hdr ip;
	struct header h;
	unsigned char data[2048];
};

/* What follows the header of IP */
static inline unsigned char *rest_of(struct packet6 *p)
{
	return (unsigned char *)p + IP6_LEN;
}

static inline void set_ip6(struct in6_addr *in6, const char *ip)
{
	*in6 = addr6(ip, 0).sin6_addr;
}

/* Over the pseudo header of RFC 8200 8.1, and @len bytes */
static inline __u16 sum6(const struct ip6_hdr *ip, int protocol,
			 const void *data, int len)
{
	struct {
		struct in6_addr saddr, daddr;
		__u32 len, protocol;
	} pseudo = { ip->ip6_src, ip->ip6_dst, htonl(len), htonl(protocol) };

	return ~sum(data, len, sum(&pseudo, sizeof(pseudo), 0));
}

static inline void make_ip6(struct packet6 *p, const char *from,
			    const char *to, int protocol, int len)
{
	memset(p, 0, sizeof(*p));
	p->ip.ip6_flow = htonl(6 << 28);
	p->ip.ip6_hlim = 64;
	p->ip.ip6_nxt = protocol;
	p->ip.ip6_plen = htons(len);
	set_ip6(&p->ip.ip6_src, from);
	set_ip6(&p->ip.ip6_dst, to);
}

/* What the socket at @sport of @from sends to port 9 of @ip */
static inline void make_sent6(struct packet6 *p, const struct door *door,
			      const char *from, int sport, const char *ip,
			      const void *data, int len)
{
	make_ip6(p, from, ip, door->wire, HDR_LEN + len);
	p->h.source = htons(sport);
	p->h.dest = htons(9);
	p->h.len = htons(HDR_LEN + len);
	memcpy(p->data, data, len);
	p->h.check = sum6(&p->ip, door->wire, &p->h, HDR_LEN + len) ?: 0xffff;
}

static inline void make_own6(struct packet6 *p, const struct door *door,
			     int sport, const char *ip, const void *data,
			     int len)
{
	make_sent6(p, door, ME6, sport, ip, data, len);
}

/* An extension header between that of IP and what follows it */
static inline void extend(struct packet6 *p, int type, const void *ext,
			  int len)
{
	int rest = ntohs(p->ip.ip6_plen);

	memmove(rest_of(p) + len, rest_of(p), rest);
	memcpy(rest_of(p), ext, len);
	rest_of(p)[0] = p->ip.ip6_nxt;
	p->ip.ip6_nxt = type;
	p->ip.ip6_plen = htons(rest + len);
}

static inline struct icmp6_hdr *icmp6_of(struct packet6 *p)
{
	return (struct icmp6_hdr *)&p->h;
}

/* After a change to the message, which @p holds from its ICMP header on */
static inline void sum_icmp6(struct packet6 *p)
{
	icmp6_of(p)->icmp6_cksum = 0;
	icmp6_of(p)->icmp6_cksum = sum6(&p->ip, IPPROTO_ICMPV6, &p->h,
					ntohs(p->ip.ip6_plen));
}

/* From @from; @info is the second word of it, @len bytes of @quote follow */
static inline void make_icmp6(struct packet6 *p, const char *from, int type,
			      int code, __u32 info, const void *quote, int len)
{
	make_ip6(p, from, ME6, IPPROTO_ICMPV6, ICMP_LEN + len);
	p->ip.ip6_flow = htonl(6 << 28 | 32 << 20 | 0x54321);
	p->ip.ip6_hlim = 63;
	icmp6_of(p)->icmp6_type = type;
	icmp6_of(p)->icmp6_code = code;
	icmp6_of(p)->icmp6_data32[0] = htonl(info);
	memcpy(p->data, quote, len);
	sum_icmp6(p);
}

static inline void __inject6(struct __test_metadata *_metadata, int tun,
			     const struct packet6 *p)
{
	int len = IP6_LEN + ntohs(p->ip.ip6_plen);

	ASSERT_EQ(len, write(tun, p, len));
}

#define inject6(tun, p) __inject6(_metadata, tun, p)

/* A packet that a socket has sent comes back in a message from @from */
static inline void __tell6(struct __test_metadata *_metadata, int tun,
			   const char *from, int type, int code, __u32 info,
			   const struct packet6 *quote)
{
	struct packet6 p;

	make_icmp6(&p, from, type, code, info, quote,
		   IP6_LEN + ntohs(quote->ip.ip6_plen));
	p.ip.ip6_dst = quote->ip.ip6_src;
	sum_icmp6(&p);
	__inject6(_metadata, tun, &p);
}

#define tell6(tun, type, code, info, quote) \
	__tell6(_metadata, tun, YOU6, type, code, info, quote)

/*
 * As tun(), for IPv6 too. It has no queue, so that what the kernel has to say
 * on its own (of multicast groups) holds up nothing that a test sends.
 */
static inline int __tun6(struct __test_metadata *_metadata)
{
	int fd;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/addr_gen_mode",
				"1"));
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/router_solicitations",
				"0"));
	fd = __tun_device(_metadata);
	no_queue("tun0");
	link_up("tun0");
	add_address("tun0", ME, 24);
	add_address("tun0", ME6, 64);
	add_address("tun0", MY_LINK, 64);
	return fd;
}

#define tun6() __tun6(_metadata)

/* The next packet of @protocol that has been sent; its length, 0 if none */
static inline int sent6(int tun, int protocol, struct packet6 *p)
{
	int n;

	while ((n = read(tun, p, sizeof(*p))) > 0) {
		if (ntohl(p->ip.ip6_flow) >> 28 != 6)
			continue;
		/* A fragment of one, too */
		if (p->ip.ip6_nxt == protocol ||
		    (p->ip.ip6_nxt == IPPROTO_FRAGMENT &&
		     rest_of(p)[0] == protocol))
			return n;
	}
	return 0;
}

/* The address alone, with its scope */
static inline void show_ip6(char text[64], const struct sockaddr_in6 *sin6)
{
	inet_ntop(AF_INET6, &sin6->sin6_addr, text, 64);
	if (sin6->sin6_scope_id)
		sprintf(text + strlen(text), "%%%u", sin6->sin6_scope_id);
}

/* Who says it, as next_error() has it; or NULL if that is not as it should be */
static inline const char *who_says6(const struct entry *e, char text[80])
{
	const struct sock_extended_err *ee = &e->error.ee;
	const struct sockaddr_in6 *from = &e->error.offender6;
	static const struct sockaddr_in6 nobody;
	char ip[64];

	if (ee->ee_origin == SO_EE_ORIGIN_LOCAL)
		return ee->ee_type || ee->ee_code ||
			memcmp(from, &nobody, sizeof(nobody)) ? NULL : "local";
	if (ee->ee_origin != (IN6_IS_ADDR_V4MAPPED(&from->sin6_addr) ?
			      SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6))
		return NULL;
	if (from->sin6_family != AF_INET6 || from->sin6_port ||
	    from->sin6_flowinfo)
		return NULL;
	show_ip6(ip, from);
	sprintf(text, "%d.%d of %s", ee->ee_type, ee->ee_code, ip);
	return text;
}

/* next_error() of a socket of IPv6 */
static inline const char *next_error6(int fd)
{
	static char text[4][256];
	static unsigned int turn;
	char *s = text[turn++ % 4], buf[80];
	const struct sock_extended_err *ee;
	struct any_addr to;
	const char *who;
	struct entry e;

	if (take_entry(fd, &e) < 0)
		return strerrorname_np(errno);
	ee = &e.error.ee;
	if (e.error_len != sizeof(e.error) || e.others ||
	    e.flags != MSG_ERRQUEUE || ee->ee_pad)
		return "not as it should be";
	to.sin6 = e.name6;
	if (e.name_len != sizeof(to.sin6) || to.sa.sa_family != AF_INET6 ||
	    to.sin6.sin6_flowinfo)
		return "with a wrong name";
	who = who_says6(&e, buf);
	if (!who)
		return "with a wrong origin";
	snprintf(s, sizeof(text[0]), "%s: %s %u %u, %s %zd", who,
		 strerrorname_np(ee->ee_errno), ee->ee_info, ee->ee_data,
		 show_any(0, &to), e.ret);
	return s;
}

static inline int __recverr6(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_RECVERR, 1));
	return fd;
}

#define recverr6(fd) __recverr6(_metadata, fd)

/* An ICMPv6 message about "hello" from @port to port 9 of YOU6 */
static inline void __complain6(struct __test_metadata *_metadata, int tun,
		       const struct door *d, int port, int type, int code)
{
	struct packet6 p;

	make_own6(&p, d, port, YOU6, "hello", 5);
	tell6(tun, type, code, 0, &p);
}

#define complain6(tun, port, type, code) \
	__complain6(_metadata, tun, &variant->door, port, type, code)

/* Two of them, of the first kind that connected sockets are told */
#define refuse6(tun, port) complain6(tun, port, 1, 4)
#define pass_time6(tun, port) complain6(tun, port, 3, 0)

#define REFUSED6 "1.4 of " YOU6 ": ECONNREFUSED 0 0, [" YOU6 "]:9 5"
#define TIMED6 "3.0 of " YOU6 ": EHOSTUNREACH 0 0, [" YOU6 "]:9 5"

#endif /* _EUDP_TEST_ICMP6_H */
