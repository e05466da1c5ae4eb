/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where eudp answers otherwise than in-kernel UDP, and why
 *
 * The generated tests ask both the same and compare line by line. The first
 * line that differs must match an entry here, or the test fails. An entry that
 * matches nothing fails it too: what has been built leaves the table.
 *
 * Each test has a table of its own, at the end of this file, of patterns as
 * for fnmatch(3). Make them as narrow as they can be.
 */
#ifndef _EUDP_TEST_DIFFERENCES_H
#define _EUDP_TEST_DIFFERENCES_H

#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>

enum difference_kind {
	WANTED,			/* for good, and in Documentation */
	NOT_YET,		/* to be built */
};

struct difference {
	enum difference_kind kind;
	const char *where;	/* the case */
	const char *udp;	/* the first line that differs, of each */
	const char *eudp;
	const char *reason;
	unsigned int hits;	/* cases that it matched */
};

/* The first entry of @table that says so, counted; or NULL */
static inline struct difference *
find_difference(struct difference *table, size_t n, const char *where,
		const char *udp, const char *eudp)
{
	struct difference *d;

	for (d = table; d < table + n; d++) {
		if (fnmatch(d->where, where, 0) || fnmatch(d->udp, udp, 0) ||
		    fnmatch(d->eudp, eudp, 0))
			continue;
		d->hits++;
		return d;
	}
	return NULL;
}

#ifdef PRODUCT_DIFFERENCES	/* of product.c: where is STATE/CALL[,CALL] */
static struct difference product_differences[] = {
	{ WANTED, "*/getsockopt:SO_PROTOCOL",
	  "getsockopt:SO_PROTOCOL = 0 17", "getsockopt:SO_PROTOCOL = 0 253",
	  "it is another protocol" },
	{ NOT_YET, "*MORE*", "send* = *", "send*:MORE = EOPNOTSUPP",
	  "MSG_MORE" },
	{ NOT_YET, "*/sendmsg:*:control=*", "sendmsg:* = *",
	  "sendmsg:*:control=* = EOPNOTSUPP",
	  "control messages of sendmsg" },
	{ NOT_YET, "*/sendto:*PROBE*", "partner.recvfrom:* = EAGAIN",
	  "partner.recvfrom:* = 1 *",
	  "MSG_PROBE: what UDP does not send arrives" },
	{ NOT_YET, "*/sendto:*PROBE*", "sendto:*PROBE* = 1",
	  "sendto:*PROBE* = E*",
	  "MSG_PROBE: what UDP does not send fails" },
	{ NOT_YET, "*/setsockopt:IP_PKTINFO=*", "setsockopt:* = 0",
	  "setsockopt:IP_PKTINFO=? = EOPNOTSUPP", "IP_PKTINFO, set" },
	{ NOT_YET, "*/getsockopt:IP_PKTINFO", "getsockopt:* = 0 0",
	  "getsockopt:IP_PKTINFO = EOPNOTSUPP", "IP_PKTINFO, got" },
	{ NOT_YET, "*/setsockopt:SO_PEEK_OFF=*", "setsockopt:* = 0",
	  "setsockopt:SO_PEEK_OFF=? = EOPNOTSUPP", "SO_PEEK_OFF, set" },
	{ NOT_YET, "*/getsockopt:SO_PEEK_OFF", "getsockopt:* = 0 -1",
	  "getsockopt:SO_PEEK_OFF = EOPNOTSUPP", "SO_PEEK_OFF, got" },
	{ NOT_YET, "*/*65508*", "poll = 1 0x3?[cd]", "poll = 1 0x3?[45]",
	  "an entry in the error queue for EMSGSIZE, as poll shows" },
	{ NOT_YET, "*/*65508*", "recvmsg:*:ERRQUEUE:* = 0 * [[]0/11 5a000000 *",
	  "recvmsg:*:ERRQUEUE:* = EAGAIN",
	  "an entry in the error queue for EMSGSIZE, as recvmsg gives it" },
	{ NOT_YET, "connected_*t*/*", "partner.recvfrom:* = * name=*",
	  "partner.recvfrom:* = EAGAIN",
	  "datagrams to a broadcast address" },
};
#endif

#ifdef OPTION_DIFFERENCES	/* of options.c: LEVEL/OPTION/STATE/USER/CALL */

/*
 * What setsockopt gave, and what getsockopt gave, there and afterwards, are
 * looked for one by one: "set EINVAL", "get 0: 4 bytes 01000000, SUM".
 */
#define SOCKET_REFUSED(option, reason) \
	{ NOT_YET, "SOL_SOCKET/" option "/*", "*", "?et EOPNOTSUPP*", reason }
#define IP_REFUSED(option, reason) \
	{ NOT_YET, "IPPROTO_IP/" option "/*", "*", "?et EOPNOTSUPP*", reason }
/* At all levels that are UDP's: IPPROTO_UDP, IPPROTO_UDPLITE, SOL_EUDP */
#define UDP_SET_REFUSED(option, reason) \
	{ NOT_YET, "*UDP*/" option "/*", "set *", "set ENOPROTOOPT", reason }
#define UDP_GET_REFUSED(option, reason) \
	{ NOT_YET, "*UDP*/" option "/*", "get *", "get EOPNOTSUPP: *", reason }

static struct difference option_differences[] = {
	{ WANTED, "SOL_SOCKET/SO_PROTOCOL/*", "get 0: * bytes 11*",
	  "get 0: * bytes fd*", "eudp is protocol 253" },
	{ WANTED, "SOL_SOCKET/SO_COOKIE/*", "get 0: 8 bytes *",
	  "get 0: 8 bytes *", "each socket has one of its own" },
	{ WANTED, "SOL_SOCKET/SO_NETNS_COOKIE/*", "get 0: 8 bytes *",
	  "get 0: 8 bytes *", "each network namespace has one of its own" },
	SOCKET_REFUSED("SO_PEEK_OFF", "peeking at an offset"),
	{ NOT_YET, "SOL_SOCKET/SO_ZEROCOPY/*", "set *", "set EOPNOTSUPP",
	  "zero copy" },
	{ NOT_YET, "SOL_SOCKET/SO_ZEROCOPY/*", "get 0: 4 bytes 01000000,*",
	  "get 0: 4 bytes 00000000,*", "zero copy" },
	IP_REFUSED("IP_HDRINCL", "UDP refuses to set it"),
	IP_REFUSED("IP_OPTIONS", "IP options in the header"),
	IP_REFUSED("IP_ROUTER_ALERT", "IP options in the header"),
	IP_REFUSED("IP_RECVOPTS", "IP options in the header"),
	IP_REFUSED("IP_RETOPTS", "IP options in the header"),
	IP_REFUSED("IP_PKTINFO", "control messages"),
	IP_REFUSED("IP_PKTOPTIONS", "UDP refuses to set it"),
	IP_REFUSED("IP_IPSEC_POLICY", "policies of a socket"),
	IP_REFUSED("IP_XFRM_POLICY", "policies of a socket"),
	IP_REFUSED("IP_PASSSEC", "control messages"),
	IP_REFUSED("IP_MINTTL", "UDP keeps it, and does nothing"),
	IP_REFUSED("IP_NODEFRAG", "UDP refuses to set it"),
	IP_REFUSED("IP_CHECKSUM", "control messages"),
	IP_REFUSED("IP_RECVFRAGSIZE", "control messages"),
	IP_REFUSED("IP_MULTICAST_IF", "multicast"),
	IP_REFUSED("IP_MULTICAST_TTL", "multicast"),
	IP_REFUSED("IP_MULTICAST_LOOP", "multicast"),
	IP_REFUSED("IP_ADD_MEMBERSHIP", "multicast"),
	IP_REFUSED("IP_DROP_MEMBERSHIP", "multicast"),
	IP_REFUSED("IP_UNBLOCK_SOURCE", "multicast"),
	IP_REFUSED("IP_BLOCK_SOURCE", "multicast"),
	IP_REFUSED("IP_ADD_SOURCE_MEMBERSHIP", "multicast"),
	IP_REFUSED("IP_DROP_SOURCE_MEMBERSHIP", "multicast"),
	IP_REFUSED("IP_MSFILTER", "multicast"),
	IP_REFUSED("MCAST_JOIN_GROUP", "multicast"),
	IP_REFUSED("MCAST_BLOCK_SOURCE", "multicast"),
	IP_REFUSED("MCAST_UNBLOCK_SOURCE", "multicast"),
	IP_REFUSED("MCAST_LEAVE_GROUP", "multicast"),
	IP_REFUSED("MCAST_JOIN_SOURCE_GROUP", "multicast"),
	IP_REFUSED("MCAST_LEAVE_SOURCE_GROUP", "multicast"),
	IP_REFUSED("MCAST_MSFILTER", "multicast"),
	IP_REFUSED("IP_MULTICAST_ALL", "multicast"),
	UDP_SET_REFUSED("UDP_CORK", "corking"),
	UDP_GET_REFUSED("UDP_CORK", "corking"),
	UDP_SET_REFUSED("UDP_ENCAP", "encapsulation"),
	UDP_GET_REFUSED("UDP_ENCAP", "encapsulation"),
	UDP_SET_REFUSED("UDP_NO_CHECK6_TX", "sums of IPv6"),
	UDP_GET_REFUSED("UDP_NO_CHECK6_TX", "sums of IPv6"),
	UDP_SET_REFUSED("UDP_NO_CHECK6_RX", "sums of IPv6"),
	UDP_GET_REFUSED("UDP_NO_CHECK6_RX", "sums of IPv6"),
	UDP_SET_REFUSED("UDP_SEGMENT", "segmentation"),
	UDP_GET_REFUSED("UDP_SEGMENT", "segmentation"),
	UDP_SET_REFUSED("UDP_GRO", "segmentation"),
	UDP_GET_REFUSED("UDP_GRO", "segmentation"),
	UDP_SET_REFUSED("UDPLITE_SEND_CSCOV", "of UDP-Lite; UDP says 0"),
	UDP_GET_REFUSED("UDPLITE_SEND_CSCOV", "of UDP-Lite; UDP says 0"),
	UDP_SET_REFUSED("UDPLITE_RECV_CSCOV", "of UDP-Lite; UDP says 0"),
	UDP_GET_REFUSED("UDPLITE_RECV_CSCOV", "of UDP-Lite; UDP says 0"),
};
#endif

#endif /* _EUDP_TEST_DIFFERENCES_H */
