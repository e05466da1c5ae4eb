/* SPDX-License-Identifier: GPL-2.0 */
/* Control messages, cmsg(3): put together for a send, and as they are received */
#ifndef _EUDP_TEST_CONTROL_H
#define _EUDP_TEST_CONTROL_H

#include "lib.h"

#include <linux/in6.h>

/* Names of the kernel's headers that not every C library has */
#ifndef IP_CHECKSUM
#define IP_CHECKSUM		23
#endif
#ifndef IP_RECVFRAGSIZE
#define IP_RECVFRAGSIZE		25
#endif
#ifndef SO_RCVMARK
#define SO_RCVMARK		75
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD		76
#endif
#define STAMP_OLD		29	/* SO_TIMESTAMP with a 32-bit time_t */
#define STAMPNS_OLD		35
#define STAMPING_OLD		37
#define STAMP_NEW		63
#define STAMPNS_NEW		64
#define STAMPING_NEW		65

/* Control messages as they are put together */
struct control {
	union {
		struct cmsghdr first;
		char buf[4096];
	};
	size_t len;
};

static inline void add(struct control *c, int level, int type,
		       const void *data, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)(c->buf + c->len);

	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(h), data, len);
	c->len += CMSG_SPACE(len);
}

static inline void add_int(struct control *c, int level, int type, int value)
{
	add(c, level, type, &value, sizeof(value));
}

/* One byte to @ip, to the peer if it is NULL; with these control messages */
static inline int send_with(int fd, const char *ip, struct control *c)
{
	struct any_addr to = any_addr(ip ?: NOWHERE, 9);
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = ip ? &to.sa : NULL,
		.msg_namelen = ip ? to.len : 0,
		.msg_control = c->buf, .msg_controllen = c->len,
	};

	return err_of(sendmsg(fd, &msg, 0));
}

static inline int send_one(int fd, const char *ip, int level, int type,
			   const void *data, size_t len)
{
	struct control c = {};

	add(&c, level, type, data, len);
	return send_with(fd, ip, &c);
}

static inline int send_int(int fd, const char *ip, int level, int type,
			   int value)
{
	return send_one(fd, ip, level, type, &value, sizeof(value));
}

static const struct {
	int level, type;
	const char *name;
} names[] = {
	{ SOL_IP, IP_PKTINFO, "pktinfo" },
	{ SOL_IP, IP_TTL, "ttl" },
	{ SOL_IP, IP_TOS, "tos" },
	{ SOL_IP, IP_RECVOPTS, "recvopts" },
	{ SOL_IP, IP_RETOPTS, "retopts" },
	{ SOL_IP, IP_ORIGDSTADDR, "origdst" },
	{ SOL_IP, IP_CHECKSUM, "checksum" },
	{ SOL_IP, IP_RECVFRAGSIZE, "fragsize" },
	{ SOL_IPV6, IPV6_PKTINFO, "pktinfo6" },
	{ SOL_IPV6, IPV6_HOPLIMIT, "hoplimit" },
	{ SOL_IPV6, IPV6_TCLASS, "tclass" },
	{ SOL_IPV6, IPV6_FLOWINFO, "flowinfo" },
	{ SOL_IPV6, IPV6_HOPOPTS, "hopopts" },
	{ SOL_IPV6, IPV6_DSTOPTS, "dstopts" },
	{ SOL_IPV6, IPV6_RTHDR, "rthdr" },
	{ SOL_IPV6, IPV6_2292PKTINFO, "old pktinfo6" },
	{ SOL_IPV6, IPV6_2292HOPLIMIT, "old hoplimit" },
	{ SOL_IPV6, IPV6_2292HOPOPTS, "old hopopts" },
	{ SOL_IPV6, IPV6_2292DSTOPTS, "old dstopts" },
	{ SOL_IPV6, IPV6_2292RTHDR, "old rthdr" },
	{ SOL_IPV6, IPV6_ORIGDSTADDR, "origdst6" },
	{ SOL_IPV6, IPV6_RECVFRAGSIZE, "fragsize6" },
	{ SOL_SOCKET, STAMP_OLD, "stamp" },
	{ SOL_SOCKET, STAMP_NEW, "stamp new" },
	{ SOL_SOCKET, STAMPNS_OLD, "stampns" },
	{ SOL_SOCKET, STAMPNS_NEW, "stampns new" },
	{ SOL_SOCKET, STAMPING_OLD, "stamping" },
	{ SOL_SOCKET, STAMPING_NEW, "stamping new" },
	{ SOL_SOCKET, SO_RXQ_OVFL, "ovfl" },
	{ SOL_SOCKET, SO_MARK, "mark" },
};

/* A received datagram and what came with it */
struct got {
	struct msghdr msg;
	struct iovec iov;
	struct any_addr from;
	char data[128];
	union {
		struct cmsghdr first;
		char control[4096];
	};
	ssize_t len;
};

/* With room for @room bytes of control messages */
static inline void receive_with(int fd, struct got *g, int flags, size_t room)
{
	memset(g, 0, sizeof(*g));
	memset(g->control, 0x5a, sizeof(g->control));
	g->iov = (struct iovec){ g->data, sizeof(g->data) };
	g->msg.msg_name = &g->from.sa;
	g->msg.msg_namelen = sizeof(g->from.sin6);
	g->msg.msg_iov = &g->iov;
	g->msg.msg_iovlen = 1;
	g->msg.msg_control = g->control;
	g->msg.msg_controllen = room;
	await(fd, POLLIN);
	g->len = recvmsg(fd, &g->msg, flags | MSG_DONTWAIT);
	if (g->len < 0)
		g->len = -errno;
}

static inline void receive(int fd, struct got *g, int flags)
{
	receive_with(fd, g, flags, sizeof(g->control));
}

static inline const char *name_of(const struct cmsghdr *c)
{
	static char other[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].level == c->cmsg_level &&
		    names[i].type == c->cmsg_type)
			return names[i].name;
	snprintf(other, sizeof(other), "%d/%d", c->cmsg_level, c->cmsg_type);
	return other;
}

/* All that came, in order: "pktinfo 12, ttl 4", with the bytes of each */
static inline const char *told(struct got *g)
{
	static char text[4][512];
	static unsigned int turn;
	char *s = text[turn++ % 4];
	struct cmsghdr *c;
	int n = 0;

	if (g->len < 0) {
		sprintf(s, "errno %zd", -g->len);
		return s;
	}
	s[0] = '\0';
	for (c = CMSG_FIRSTHDR(&g->msg); c; c = CMSG_NXTHDR(&g->msg, c))
		n += sprintf(s + n, "%s%s %d", n ? ", " : "", name_of(c),
			     (int)(c->cmsg_len - CMSG_LEN(0)));
	if (g->msg.msg_flags)
		sprintf(s + n, "%sflags %#x", n ? ", " : "", g->msg.msg_flags);
	return s;
}

/* The data of one of them, or NULL */
static inline void *find(struct got *g, int level, int type)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(&g->msg); c; c = CMSG_NXTHDR(&g->msg, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

/* One that is an int; -1 if there is none */
static inline int find_int(struct got *g, int level, int type)
{
	int *value = find(g, level, type);

	return value ? *value : -1;
}

#endif /* _EUDP_TEST_CONTROL_H */
