/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP messages to a socket, and what its error queue tells of them, ip(7) */
#ifndef _EUDP_TEST_ICMP_H
#define _EUDP_TEST_ICMP_H

#include "wire.h"

#define ICMP_LEN	8

static inline struct icmphdr *icmp_of(struct packet *p)
{
	return (struct icmphdr *)&p->h;
}

/* After a change to the message, which @p holds from its ICMP header on */
static inline void sum_icmp(struct packet *p)
{
	icmp_of(p)->checksum = 0;
	icmp_of(p)->checksum = ~sum(&p->h, ntohs(p->ip.tot_len) - IP_LEN, 0);
}

/* From YOU; @info is the second word of it, @len bytes of @quote follow */
static inline void make_icmp(struct packet *p, int type, int code, __u32 info,
			     const void *quote, int len)
{
	memset(p, 0, sizeof(*p));
	p->ip.version = 4;
	p->ip.ihl = 5;
	p->ip.ttl = 63;
	p->ip.tos = 32;
	p->ip.protocol = IPPROTO_ICMP;
	p->ip.saddr = inet_addr(YOU);
	p->ip.daddr = inet_addr(ME);
	p->ip.tot_len = htons(IP_LEN + ICMP_LEN + len);
	icmp_of(p)->type = type;
	icmp_of(p)->code = code;
	icmp_of(p)->un.gateway = htonl(info);
	memcpy(p->data, quote, len);
	sum_icmp(p);
}

/* What the socket at @sport here sends to port 9 of @ip */
static inline void make_own(struct packet *p, const struct door *door,
			    int sport, const char *ip, const void *data,
			    int len)
{
	make(p, door, sport, 9, data, len);
	p->ip.saddr = inet_addr(ME);
	p->ip.daddr = inet_addr(ip);
}

static inline void __tell(struct __test_metadata *_metadata, int tun, int type,
			  int code, __u32 info, const struct packet *quote)
{
	struct packet p;

	make_icmp(&p, type, code, info, quote, ntohs(quote->ip.tot_len));
	__inject(_metadata, tun, &p);
}

/* A packet that a socket has sent comes back in an ICMP message */
#define tell(tun, type, code, info, quote) \
	__tell(_metadata, tun, type, code, info, quote)

struct entry {
	ssize_t ret;		/* of recvmsg() */
	int flags;
	socklen_t name_len;
	union {
		struct sockaddr_in name;
		struct sockaddr_in6 name6;	/* of a socket of IPv6 */
	};
	unsigned char data[2048];
	socklen_t error_len;	/* 0: there is none */
	struct {
		struct sock_extended_err ee;
		union {
			struct sockaddr_in offender;
			struct sockaddr_in6 offender6;
		};
	} error;
	unsigned int others;	/* control messages that are something else */
};

/* Whether it is IP_RECVERR, or the same of IPv6, and how long that must be */
static inline socklen_t recverr_len(const struct cmsghdr *c)
{
	const struct entry *e;

	if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR)
		return sizeof(e->error.ee) + sizeof(e->error.offender);
	if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR)
		return sizeof(e->error.ee) + sizeof(e->error.offender6);
	return 0;
}

/* Takes the next entry off the error queue: -1, or how long its data are */
static inline ssize_t take_entry(int fd, struct entry *e)
{
	union {
		char buf[512];
		struct cmsghdr align;
	} control;
	struct iovec iov = { e->data, sizeof(e->data) };
	struct msghdr msg = { .msg_name = &e->name, .msg_iov = &iov,
		.msg_namelen = sizeof(e->name6), .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	socklen_t len;

	memset(e, 0, sizeof(*e));
	e->ret = recvmsg(fd, &msg, MSG_ERRQUEUE);
	if (e->ret < 0)
		return -1;
	e->flags = msg.msg_flags;
	e->name_len = msg.msg_namelen;
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		len = recverr_len(c);
		if (!len || c->cmsg_len != CMSG_LEN(len) || e->error_len) {
			e->others++;
			continue;
		}
		memcpy(&e->error, CMSG_DATA(c), len);
		e->error_len = len;
	}
	return e->ret;
}

/*
 * All of the next entry in one line, and it is gone: who says it (an ICMP type
 * and code, or local), the error, ee_info and ee_data, what it is about, and
 * the length of the data. Or how recvmsg() failed. Good for the next few calls.
 */
static inline const char *next_error(int fd)
{
	static char text[4][160];
	static unsigned int turn;
	char *s = text[turn++ % 4], who[64] = "local";
	const struct sock_extended_err *ee;
	struct entry e;

	if (take_entry(fd, &e) < 0)
		return strerrorname_np(errno);
	ee = &e.error.ee;
	if (!e.error_len || e.others || e.flags != MSG_ERRQUEUE || ee->ee_pad)
		return "not as it should be";
	if (ee->ee_origin == SO_EE_ORIGIN_ICMP)
		snprintf(who, sizeof(who), "%d.%d of %s", ee->ee_type,
			 ee->ee_code, inet_ntoa(e.error.offender.sin_addr));
	else if (ee->ee_origin != SO_EE_ORIGIN_LOCAL || ee->ee_type ||
		 ee->ee_code || e.error.offender.sin_addr.s_addr)
		return "of unknown origin";
	if (e.error.offender.sin_port || e.name.sin_family != AF_INET ||
	    e.name_len != sizeof(e.name) || e.error.offender.sin_family !=
	    (ee->ee_origin == SO_EE_ORIGIN_ICMP ? AF_INET : AF_UNSPEC))
		return "with wrong addresses";
	snprintf(s, sizeof(text[0]), "%s: %s %u %u, %s %zd", who,
		 strerrorname_np(ee->ee_errno), ee->ee_info, ee->ee_data,
		 show(0, &e.name), e.ret);
	return s;
}

/* RFC 4884: kinds of what is behind the datagram that is quoted */
enum extension {
	NONE, VALID, NO_SUM, BAD_SUM, VERSION_1, SHORT, LONG, TWO,
};

/* The first @n bytes of a structure with two objects */
static inline void make_extension(unsigned char ext[20], enum extension kind,
				  int n)
{
	/* Version, sum; length, class, type of each object, its data */
	static const unsigned char plain[20] = {
		0x20, 0, 0, 0, 0, 8, 1, 1, 'a', 'b', 'c', 'd',
		0, 8, 1, 1, 'e', 'f', 'g', 'h',
	};

	memcpy(ext, plain, sizeof(plain));
	if (kind == VERSION_1)
		ext[0] = 0x10;
	if (kind == SHORT)
		ext[5] = 3;
	if (kind == LONG)
		ext[5] = 9;
	if (kind != NO_SUM) {
		__u16 s = ~sum(ext, n, 0) ^ (kind == BAD_SUM ||
					     kind == VERSION_1);

		memcpy(ext + 2, &s, 2);
	}
}

/* The pending error, which it clears */
static inline const char *pending(int fd)
{
	int err = get_int(fd, SOL_SOCKET, SO_ERROR);

	return err ? strerrorname_np(err) : "none";
}

#endif /* _EUDP_TEST_ICMP_H */
