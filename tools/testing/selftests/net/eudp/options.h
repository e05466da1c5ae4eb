/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tables of options.c: levels, names of options, values to set
 */
#ifndef _EUDP_TEST_OPTIONS_H
#define _EUDP_TEST_OPTIONS_H

#include <asm/byteorder.h>
#include <limits.h>
#include <linux/errqueue.h>
#include <linux/eudp.h>
#include <linux/filter.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net_tstamp.h>
#include <linux/udp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "../../kselftest.h"

/* What the headers of an older system have not */
#define OPTION_SO_PASSPIDFD		76
#define OPTION_SO_PEERPIDFD		77
#define OPTION_SO_DEVMEM_LINEAR		78
#define OPTION_SO_DEVMEM_DMABUF		79
#define OPTION_SO_DEVMEM_DONTNEED	80
#define OPTION_IP_LOCAL_PORT_RANGE	51
#define OPTION_IP_PROTOCOL		52
#define OPTION_IPV6_RECVERR_RFC4884	31

struct name {
	int option;
	const char *text;
};

#define NAMED(option)		{ option, #option }
#define NAMED_HERE(option)	{ OPTION_ ## option, #option }

static const struct name socket_names[] = {
	NAMED(SO_DEBUG), NAMED(SO_REUSEADDR), NAMED(SO_TYPE), NAMED(SO_ERROR),
	NAMED(SO_DONTROUTE), NAMED(SO_BROADCAST), NAMED(SO_SNDBUF),
	NAMED(SO_RCVBUF), NAMED(SO_KEEPALIVE), NAMED(SO_OOBINLINE),
	NAMED(SO_NO_CHECK), NAMED(SO_PRIORITY), NAMED(SO_LINGER),
	NAMED(SO_BSDCOMPAT), NAMED(SO_REUSEPORT), NAMED(SO_PASSCRED),
	NAMED(SO_PEERCRED), NAMED(SO_RCVLOWAT), NAMED(SO_SNDLOWAT),
	NAMED(SO_RCVTIMEO_OLD), NAMED(SO_SNDTIMEO_OLD), NAMED(SO_BINDTODEVICE),
	NAMED(SO_ATTACH_FILTER), NAMED(SO_DETACH_FILTER), NAMED(SO_PEERNAME),
	NAMED(SO_TIMESTAMP_OLD), NAMED(SO_ACCEPTCONN), NAMED(SO_PEERSEC),
	NAMED(SO_SNDBUFFORCE), NAMED(SO_RCVBUFFORCE), NAMED(SO_PASSSEC),
	NAMED(SO_TIMESTAMPNS_OLD), NAMED(SO_MARK), NAMED(SO_TIMESTAMPING_OLD),
	NAMED(SO_PROTOCOL), NAMED(SO_DOMAIN), NAMED(SO_RXQ_OVFL),
	NAMED(SO_WIFI_STATUS), NAMED(SO_PEEK_OFF), NAMED(SO_NOFCS),
	NAMED(SO_LOCK_FILTER), NAMED(SO_SELECT_ERR_QUEUE), NAMED(SO_BUSY_POLL),
	NAMED(SO_MAX_PACING_RATE), NAMED(SO_BPF_EXTENSIONS),
	NAMED(SO_INCOMING_CPU), NAMED(SO_ATTACH_BPF),
	NAMED(SO_ATTACH_REUSEPORT_CBPF), NAMED(SO_ATTACH_REUSEPORT_EBPF),
	NAMED(SO_CNX_ADVICE), NAMED(SO_MEMINFO), NAMED(SO_INCOMING_NAPI_ID),
	NAMED(SO_COOKIE), NAMED(SO_PEERGROUPS), NAMED(SO_ZEROCOPY),
	NAMED(SO_TXTIME), NAMED(SO_BINDTOIFINDEX), NAMED(SO_TIMESTAMP_NEW),
	NAMED(SO_TIMESTAMPNS_NEW), NAMED(SO_TIMESTAMPING_NEW),
	NAMED(SO_RCVTIMEO_NEW), NAMED(SO_SNDTIMEO_NEW),
	NAMED(SO_DETACH_REUSEPORT_BPF), NAMED(SO_PREFER_BUSY_POLL),
	NAMED(SO_BUSY_POLL_BUDGET), NAMED(SO_NETNS_COOKIE), NAMED(SO_BUF_LOCK),
	NAMED(SO_RESERVE_MEM), NAMED(SO_TXREHASH), NAMED(SO_RCVMARK),
	NAMED_HERE(SO_PASSPIDFD), NAMED_HERE(SO_PEERPIDFD),
	NAMED_HERE(SO_DEVMEM_LINEAR), NAMED_HERE(SO_DEVMEM_DMABUF),
	NAMED_HERE(SO_DEVMEM_DONTNEED),
};

static const struct name ip_names[] = {
	NAMED(IP_TOS), NAMED(IP_TTL), NAMED(IP_HDRINCL), NAMED(IP_OPTIONS),
	NAMED(IP_ROUTER_ALERT), NAMED(IP_RECVOPTS), NAMED(IP_RETOPTS),
	NAMED(IP_PKTINFO), NAMED(IP_PKTOPTIONS), NAMED(IP_MTU_DISCOVER),
	NAMED(IP_RECVERR), NAMED(IP_RECVTTL), NAMED(IP_RECVTOS), NAMED(IP_MTU),
	NAMED(IP_FREEBIND), NAMED(IP_IPSEC_POLICY), NAMED(IP_XFRM_POLICY),
	NAMED(IP_PASSSEC), NAMED(IP_TRANSPARENT), NAMED(IP_RECVORIGDSTADDR),
	NAMED(IP_MINTTL), NAMED(IP_NODEFRAG), NAMED(IP_CHECKSUM),
	NAMED(IP_BIND_ADDRESS_NO_PORT), NAMED(IP_RECVFRAGSIZE),
	NAMED(IP_RECVERR_RFC4884), NAMED(IP_MULTICAST_IF),
	NAMED(IP_MULTICAST_TTL), NAMED(IP_MULTICAST_LOOP),
	NAMED(IP_ADD_MEMBERSHIP), NAMED(IP_DROP_MEMBERSHIP),
	NAMED(IP_UNBLOCK_SOURCE), NAMED(IP_BLOCK_SOURCE),
	NAMED(IP_ADD_SOURCE_MEMBERSHIP), NAMED(IP_DROP_SOURCE_MEMBERSHIP),
	NAMED(IP_MSFILTER), NAMED(MCAST_JOIN_GROUP), NAMED(MCAST_BLOCK_SOURCE),
	NAMED(MCAST_UNBLOCK_SOURCE), NAMED(MCAST_LEAVE_GROUP),
	NAMED(MCAST_JOIN_SOURCE_GROUP), NAMED(MCAST_LEAVE_SOURCE_GROUP),
	NAMED(MCAST_MSFILTER), NAMED(IP_MULTICAST_ALL), NAMED(IP_UNICAST_IF),
	NAMED_HERE(IP_LOCAL_PORT_RANGE), NAMED_HERE(IP_PROTOCOL),
};

static const struct name ipv6_names[] = {
	NAMED(IPV6_ADDRFORM), NAMED(IPV6_2292PKTINFO), NAMED(IPV6_2292HOPOPTS),
	NAMED(IPV6_2292DSTOPTS), NAMED(IPV6_2292RTHDR),
	NAMED(IPV6_2292PKTOPTIONS), NAMED(IPV6_CHECKSUM),
	NAMED(IPV6_2292HOPLIMIT), NAMED(IPV6_NEXTHOP), NAMED(IPV6_AUTHHDR),
	NAMED(IPV6_FLOWINFO), NAMED(IPV6_UNICAST_HOPS),
	NAMED(IPV6_MULTICAST_IF), NAMED(IPV6_MULTICAST_HOPS),
	NAMED(IPV6_MULTICAST_LOOP), NAMED(IPV6_JOIN_GROUP),
	NAMED(IPV6_LEAVE_GROUP), NAMED(IPV6_ROUTER_ALERT),
	NAMED(IPV6_MTU_DISCOVER), NAMED(IPV6_MTU), NAMED(IPV6_RECVERR),
	NAMED(IPV6_V6ONLY), NAMED(IPV6_JOIN_ANYCAST),
	NAMED(IPV6_LEAVE_ANYCAST), NAMED(IPV6_MULTICAST_ALL),
	NAMED(IPV6_ROUTER_ALERT_ISOLATE), NAMED_HERE(IPV6_RECVERR_RFC4884),
	NAMED(IPV6_FLOWLABEL_MGR), NAMED(IPV6_FLOWINFO_SEND),
	NAMED(IPV6_IPSEC_POLICY), NAMED(IPV6_XFRM_POLICY), NAMED(IPV6_HDRINCL),
	NAMED(MCAST_JOIN_GROUP), NAMED(MCAST_BLOCK_SOURCE),
	NAMED(MCAST_UNBLOCK_SOURCE), NAMED(MCAST_LEAVE_GROUP),
	NAMED(MCAST_JOIN_SOURCE_GROUP), NAMED(MCAST_LEAVE_SOURCE_GROUP),
	NAMED(MCAST_MSFILTER), NAMED(IPV6_RECVPKTINFO), NAMED(IPV6_PKTINFO),
	NAMED(IPV6_RECVHOPLIMIT), NAMED(IPV6_HOPLIMIT),
	NAMED(IPV6_RECVHOPOPTS), NAMED(IPV6_HOPOPTS), NAMED(IPV6_RTHDRDSTOPTS),
	NAMED(IPV6_RECVRTHDR), NAMED(IPV6_RTHDR), NAMED(IPV6_RECVDSTOPTS),
	NAMED(IPV6_DSTOPTS), NAMED(IPV6_RECVPATHMTU), NAMED(IPV6_PATHMTU),
	NAMED(IPV6_DONTFRAG), NAMED(IPV6_RECVTCLASS), NAMED(IPV6_TCLASS),
	NAMED(IPV6_AUTOFLOWLABEL), NAMED(IPV6_ADDR_PREFERENCES),
	NAMED(IPV6_MINHOPCOUNT), NAMED(IPV6_RECVORIGDSTADDR),
	NAMED(IPV6_TRANSPARENT), NAMED(IPV6_UNICAST_IF),
	NAMED(IPV6_RECVFRAGSIZE), NAMED(IPV6_FREEBIND),
};

static const struct name udp_names[] = {
	NAMED(UDP_CORK), NAMED(UDP_ENCAP), NAMED(UDP_NO_CHECK6_TX),
	NAMED(UDP_NO_CHECK6_RX), NAMED(UDP_SEGMENT), NAMED(UDP_GRO),
	{ 10, "UDPLITE_SEND_CSCOV" }, { 11, "UDPLITE_RECV_CSCOV" },
};

struct level {
	int number;		/* of eudp's call */
	int number_for_udp;	/* of UDP's, if another */
	const char *name;
	struct {
		int first, last;
	} options[4];		/* {} is 0, which is in the first one */
	const struct name *names;
	size_t n_names;
};

static const struct level levels[] = {
	{ SOL_SOCKET, 0, "SOL_SOCKET", { { 0, 90 }, { -1, -1 } },
	  socket_names, ARRAY_SIZE(socket_names) },
	/* iptables 64, conntrack 80, arptables 96, mroute 200, IPVS 1152 */
	{ IPPROTO_IP, 0, "IPPROTO_IP",
	  { { 0, 130 }, { 200, 215 }, { 1150, 1160 }, { -1, -1 } },
	  ip_names, ARRAY_SIZE(ip_names) },
	{ IPPROTO_UDP, 0, "IPPROTO_UDP", { { 0, 120 }, { -1, -1 } },
	  udp_names, ARRAY_SIZE(udp_names) },
	{ SOL_EUDP, IPPROTO_UDP, "SOL_EUDP", { { 0, 120 }, { -1, -1 } },
	  udp_names, ARRAY_SIZE(udp_names) },
	{ IPPROTO_UDPLITE, 0, "IPPROTO_UDPLITE", { { 0, 12 }, { 98, 106 } },
	  udp_names, ARRAY_SIZE(udp_names) },
	{ IPPROTO_TCP, 0, "IPPROTO_TCP", { { 0, 10 } } },
	/* ip6tables 64, mroute6 200 */
	{ IPPROTO_IPV6, 0, "IPPROTO_IPV6", { { 0, 90 }, { 200, 215 } },
	  ipv6_names, ARRAY_SIZE(ipv6_names) },
	{ IPPROTO_RAW, 0, "IPPROTO_RAW", { { 0, 10 } } },
	{ 254, 0, "254", { { 0, 10 } } },
	{ -1, 0, "-1", { { 0, 10 } } },
};

/* What an int is set to, and those that are tried with other lengths too */
static const int values[] = {
	1, 0, -1, 2, 255, 256, 65535, 65536, INT_MAX, INT_MIN,
	3, 4, 5, 6, 7, 8, 64, 254,
};

#define N_ANY_LENGTH	10	/* of values: with each of int_lengths */
#define N_MOST_LENGTHS	2	/* with each of odd_lengths */

static const int int_lengths[] = { 4, 1, 2, 3, 5, 8 };
static const int odd_lengths[] = {
	0, 6, 7, 9, 12, 15, 16, 17, 40, 41, 64, 255, 4096, 4097, 65536,
};

/* Those need no value */
static const int bad_lengths[] = { -1, -4, INT_MIN, INT_MAX };

static const int get_lengths[] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 40, 64, 65, 255, 4096,
	65535, 65536, INT_MAX, -1, -4, INT_MIN,
};

/* Lengths that a bad pointer is tried with */
static const int pointer_lengths[] = { 0, 1, 4, 8, 16, 64 };

/*
 * Values with a shape, in the order of the calls
 */
struct shape {
	int level, option;
	const char *text;
	const void *bytes;
	int len;
	enum {
		ALONE,
		AGAIN,	/* to the socket that the last one left */
		ASK,	/* so too, and getsockopt reads the bytes */
	} how;
};

#define SHAPE(how, level, option, type, ...) \
	{ level, option, #type " " #__VA_ARGS__, \
	  &(const type)__VA_ARGS__, sizeof(const type), how }
#define BYTES(how, level, option, text) \
	{ level, option, "bytes " #text, text, sizeof(text) - 1, how }

/* 239.1.1.1, 239.1.1.2, 127.0.0.1, 127.0.0.2 */
#define GROUP	__constant_htonl(0xef010101)
#define GROUP2	__constant_htonl(0xef010102)
#define HOST	__constant_htonl(0x7f000001)
#define SOURCE	__constant_htonl(0x7f000002)

/* As the bytes of a struct sockaddr_storage */
struct in_storage {
	struct sockaddr_in in;
	char rest[sizeof(struct sockaddr_storage) - sizeof(struct sockaddr_in)];
};

struct in6_storage {
	struct sockaddr_in6 in6;
	char rest[sizeof(struct sockaddr_storage) -
		  sizeof(struct sockaddr_in6)];
};

struct one_group {		/* struct group_req */
	unsigned int device, unused;
	struct in_storage group;
};

struct one_source {	/* struct group_source_req */
	unsigned int device, unused;
	struct in_storage group;
	struct in_storage source;
};

struct one_filter {		/* struct group_filter */
	unsigned int device, unused;
	struct in_storage group;
	unsigned int mode, n;
	struct in_storage source;
};

struct one_group6 {
	unsigned int device, unused;
	struct in6_storage group;
};

struct one_source6 {
	unsigned int device, unused;
	struct in6_storage group;
	struct in6_storage source;
};

struct one_filter6 {
	unsigned int device, unused;
	struct in6_storage group;
	unsigned int mode, n;
	struct in6_storage source;
};

/* Control messages as IPV6_2292PKTOPTIONS has them, at its place in memory */
struct packet_info {
	struct cmsghdr header;
	struct in6_pktinfo info;
};

struct number_message {
	struct cmsghdr header;
	int value;
};

struct port_range {
	unsigned short low, high;
};

#define STORED(a)	{ { .sin_family = AF_INET, .sin_addr = { a } }, {} }
#define STORED6(a)	{ { .sin6_family = AF_INET6, .sin6_addr = a }, {} }

/*
 * ff0e::1:1, ff0e::1:2, ::1, ::2, 2001:db8::1, 2001:db9::1,
 * ::ffff:239.1.1.1
 */
#define IN6(...)	{ { { __VA_ARGS__ } } }
#define GROUP6		IN6(0xff, 0xe, [13] = 1, [15] = 1)
#define ANOTHER_GROUP6	IN6(0xff, 0xe, [13] = 1, [15] = 2)
#define HOST6		IN6([15] = 1)
#define SOURCE6		IN6([15] = 2)
#define ELSEWHERE6	IN6(0x20, 1, 0xd, 0xb8, [15] = 1)
#define ANOTHER_PREFIX6	IN6(0x20, 1, 0xd, 0xb9, [15] = 1)
#define MAPPED_GROUP6	IN6([10] = 0xff, 0xff, 239, 1, 1, 1)
#define LABEL(n)	__constant_htonl(n)

#define MESSAGE(kind, type) \
	{ sizeof(struct kind), IPPROTO_IPV6, type }

static const struct sock_filter take_all[] = {
	{ BPF_RET | BPF_K, 0, 0, 0xffff }
};

static const struct sock_filter take_two[] = {
	{ BPF_LD | BPF_IMM, 0, 0, 5 }, { BPF_RET | BPF_A, 0, 0, 0 }
};

static const struct sock_filter no_program[] = { { 0xffff, 0, 0, 0 } };

#define PROGRAM(p)	{ ARRAY_SIZE(p), (struct sock_filter *)(p) }

static const struct shape shapes[] = {
	SHAPE(ALONE, SOL_SOCKET, SO_LINGER, struct linger, { 1, 5 }),
	SHAPE(ALONE, SOL_SOCKET, SO_LINGER, struct linger, { 0, 5 }),
	SHAPE(ALONE, SOL_SOCKET, SO_LINGER, struct linger, { 1, -1 }),
	SHAPE(ALONE, SOL_SOCKET, SO_LINGER, struct linger, { 1, INT_MAX }),
	SHAPE(ALONE, SOL_SOCKET, SO_RCVTIMEO_OLD, struct timeval,
		{ 1, 500000 }),
	SHAPE(ALONE, SOL_SOCKET, SO_RCVTIMEO_OLD, struct timeval, { -1, 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_RCVTIMEO_OLD, struct timeval,
		{ 0, 1000000 }),
	SHAPE(ALONE, SOL_SOCKET, SO_RCVTIMEO_NEW, struct timeval,
		{ 1, 500000 }),
	SHAPE(ALONE, SOL_SOCKET, SO_SNDTIMEO_OLD, struct timeval,
		{ 1, 500000 }),
	SHAPE(ALONE, SOL_SOCKET, SO_SNDTIMEO_NEW, struct timeval, { 1, 1 }),
	SHAPE(ALONE, SOL_SOCKET, SO_SNDTIMEO_NEW, struct timeval, { 0, -1 }),
	BYTES(ALONE, SOL_SOCKET, SO_BINDTODEVICE, "lo"),
	BYTES(AGAIN, SOL_SOCKET, SO_BINDTODEVICE, ""),
	BYTES(ALONE, SOL_SOCKET, SO_BINDTODEVICE, "lo\0"),
	BYTES(AGAIN, SOL_SOCKET, SO_BINDTOIFINDEX, "\1\0\0\0"),
	BYTES(AGAIN, SOL_SOCKET, SO_BINDTOIFINDEX, "\0\0\0\0"),
	BYTES(ALONE, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0"),
	BYTES(ALONE, SOL_SOCKET, SO_BINDTODEVICE, "a-name-that-is-too-long"),
	SHAPE(ALONE, SOL_SOCKET, SO_MAX_PACING_RATE, unsigned long,
		{ 1UL << 40 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TXTIME, struct sock_txtime,
		{ CLOCK_MONOTONIC, 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TXTIME, struct sock_txtime,
		{ CLOCK_TAI, SOF_TXTIME_REPORT_ERRORS }),
	SHAPE(ALONE, SOL_SOCKET, SO_TXTIME, struct sock_txtime, { -1, 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TXTIME, struct sock_txtime,
		{ CLOCK_TAI, 0x80 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TIMESTAMPING_OLD, int, { 0xffff }),
	SHAPE(ALONE, SOL_SOCKET, SO_TIMESTAMPING_OLD, int,
		{ SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID }),
	SHAPE(ALONE, SOL_SOCKET, SO_TIMESTAMPING_NEW, struct so_timestamping,
		{ SOF_TIMESTAMPING_BIND_PHC, 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TIMESTAMPING_NEW, struct so_timestamping,
		{ SOF_TIMESTAMPING_RX_SOFTWARE, 7 }),
	SHAPE(ALONE, SOL_SOCKET, SO_ATTACH_FILTER, struct sock_fprog,
		PROGRAM(take_all)),
	SHAPE(AGAIN, SOL_SOCKET, SO_LOCK_FILTER, int, { 1 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_ATTACH_FILTER, struct sock_fprog,
		PROGRAM(take_two)),
	SHAPE(AGAIN, SOL_SOCKET, SO_DETACH_FILTER, int, { 1 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_LOCK_FILTER, int, { 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_ATTACH_FILTER, struct sock_fprog,
		PROGRAM(take_two)),
	SHAPE(AGAIN, SOL_SOCKET, SO_DETACH_FILTER, int, { 1 }),
	SHAPE(ALONE, SOL_SOCKET, SO_ATTACH_FILTER, struct sock_fprog,
		PROGRAM(no_program)),
	SHAPE(ALONE, SOL_SOCKET, SO_REUSEPORT, int, { 1 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, struct sock_fprog,
		PROGRAM(take_all)),
	SHAPE(AGAIN, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, int, { 1 }),
	SHAPE(ALONE, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, struct sock_fprog,
		PROGRAM(take_all)),
	SHAPE(ALONE, SOL_SOCKET, SO_BUF_LOCK, int, { 3 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_SNDBUF, int, { 9999 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_RCVBUF, int, { 9999 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_BUF_LOCK, int, { 0 }),
	SHAPE(ALONE, SOL_SOCKET, SO_TIMESTAMPNS_OLD, int, { 1 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_TIMESTAMP_NEW, int, { 1 }),
	SHAPE(AGAIN, SOL_SOCKET, SO_TIMESTAMP_OLD, int, { 1 }),

	/* Record route, strict and loose routes, time stamps, security */
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\7\7\4\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IP, IP_OPTIONS, ""),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\1\1\1\1"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\1\0\1\1\1"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\203\7\4\177\0\0\1"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\211\7\4\177\0\0\1"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\104\14\5\0\0\0\0\0\0\0\0\0"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\224\4\0\0"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\7\3\4"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\7\50\4"),
	BYTES(ALONE, IPPROTO_IP, IP_OPTIONS, "\377\2"),
	SHAPE(ALONE, IPPROTO_IP, IP_MTU_DISCOVER, int, { -2 }),
	SHAPE(ALONE, IPPROTO_IP, IP_UNICAST_IF, int, { 0x01000000 }),
	SHAPE(AGAIN, IPPROTO_IP, IP_UNICAST_IF, int, { 0 }),
	SHAPE(ALONE, IPPROTO_IP, IP_UNICAST_IF, int, { 0x07000000 }),
	SHAPE(ALONE, IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, struct port_range,
		{ 5000, 6000 }),
	SHAPE(AGAIN, IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, struct port_range,
		{ 0, 0 }),
	SHAPE(ALONE, IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, struct port_range,
		{ 6000, 5000 }),
	SHAPE(ALONE, IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, struct port_range,
		{ 6000, 0 }),
	SHAPE(ALONE, IPPROTO_IP, OPTION_IP_LOCAL_PORT_RANGE, struct port_range,
		{ 0, 6000 }),
	SHAPE(ALONE, IPPROTO_IP, IP_MULTICAST_IF, struct in_addr, { HOST }),
	SHAPE(AGAIN, IPPROTO_IP, IP_MULTICAST_IF, struct in_addr, { 0 }),
	SHAPE(ALONE, IPPROTO_IP, IP_MULTICAST_IF, struct in_addr, { GROUP }),
	SHAPE(ALONE, IPPROTO_IP, IP_MULTICAST_IF, struct ip_mreqn,
		{ { 0 }, { HOST }, 1 }),
	SHAPE(ALONE, IPPROTO_IP, IP_MULTICAST_IF, struct ip_mreqn,
		{ { 0 }, { 0 }, 7 }),
	SHAPE(ALONE, IPPROTO_IP, IP_ADD_MEMBERSHIP, struct ip_mreq,
		{ { GROUP }, { HOST } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_ADD_MEMBERSHIP, struct ip_mreq,
		{ { GROUP }, { HOST } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_BLOCK_SOURCE, struct ip_mreq_source,
		{ { GROUP }, { HOST }, { SOURCE } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_BLOCK_SOURCE, struct ip_mreq_source,
		{ { GROUP }, { HOST }, { SOURCE } }),
	SHAPE(ASK, IPPROTO_IP, IP_MSFILTER, struct ip_msfilter,
		{ { GROUP }, { HOST }, MCAST_INCLUDE, 1, { { SOURCE } } }),
	SHAPE(ASK, IPPROTO_IP, IP_MSFILTER, struct ip_msfilter,
		{ { GROUP }, { HOST }, MCAST_EXCLUDE, 0, { { SOURCE } } }),
	SHAPE(ASK, IPPROTO_IP, IP_MSFILTER, struct ip_msfilter,
		{ { GROUP }, { HOST }, 7, 1, { { SOURCE } } }),
	SHAPE(ASK, IPPROTO_IP, IP_MSFILTER, struct ip_msfilter,
		{ { GROUP }, { HOST }, MCAST_INCLUDE, 0x1ffffff,
		  { { SOURCE } } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_UNBLOCK_SOURCE, struct ip_mreq_source,
		{ { GROUP }, { HOST }, { SOURCE } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_DROP_MEMBERSHIP, struct ip_mreqn,
		{ { GROUP }, { 0 }, 1 }),
	SHAPE(AGAIN, IPPROTO_IP, IP_DROP_MEMBERSHIP, struct ip_mreqn,
		{ { GROUP }, { 0 }, 1 }),
	SHAPE(ALONE, IPPROTO_IP, IP_ADD_MEMBERSHIP, struct ip_mreqn,
		{ { GROUP }, { 0 }, 7 }),
	SHAPE(ALONE, IPPROTO_IP, IP_ADD_MEMBERSHIP, struct ip_mreqn,
		{ { HOST }, { 0 }, 1 }),
	SHAPE(ALONE, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP,
		struct ip_mreq_source,
		{ { GROUP }, { HOST }, { SOURCE } }),
	SHAPE(AGAIN, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP,
		struct ip_mreq_source,
		{ { GROUP }, { HOST }, { SOURCE } }),
	SHAPE(ALONE, IPPROTO_IP, MCAST_JOIN_GROUP, struct one_group,
		{ 1, 0, STORED(GROUP2) }),
	SHAPE(AGAIN, IPPROTO_IP, MCAST_JOIN_GROUP, struct one_group,
		{ 1, 0, STORED(GROUP2) }),
	SHAPE(AGAIN, IPPROTO_IP, MCAST_BLOCK_SOURCE, struct one_source,
		{ 1, 0, STORED(GROUP2), STORED(SOURCE) }),
	SHAPE(AGAIN, IPPROTO_IP, MCAST_UNBLOCK_SOURCE, struct one_source,
		{ 1, 0, STORED(GROUP2), STORED(SOURCE) }),
	SHAPE(ASK, IPPROTO_IP, MCAST_MSFILTER, struct one_filter,
		{ 1, 0, STORED(GROUP2), MCAST_INCLUDE, 1, STORED(SOURCE) }),
	SHAPE(AGAIN, IPPROTO_IP, MCAST_LEAVE_GROUP, struct one_group,
		{ 1, 0, STORED(GROUP2) }),
	SHAPE(ALONE, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, struct one_source,
		{ 1, 0, STORED(GROUP2), STORED(SOURCE) }),
	SHAPE(AGAIN, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, struct one_source,
		{ 1, 0, STORED(GROUP2), STORED(SOURCE) }),
	SHAPE(ALONE, IPPROTO_IP, MCAST_JOIN_GROUP, struct one_group,
		{ 7, 0, STORED(GROUP2) }),
	SHAPE(ALONE, IPPROTO_IP, MCAST_JOIN_GROUP, struct one_group,
		{ 1, 0, { { .sin_family = AF_UNSPEC }, {} } }),

	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ GROUP6, 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ GROUP6, 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_BLOCK_SOURCE, struct one_source6,
		{ 1, 0, STORED6(GROUP6), STORED6(SOURCE6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_BLOCK_SOURCE, struct one_source6,
		{ 1, 0, STORED6(GROUP6), STORED6(SOURCE6) }),
	SHAPE(ASK, IPPROTO_IPV6, MCAST_MSFILTER, struct one_filter6,
		{ 1, 0, STORED6(GROUP6), MCAST_INCLUDE, 1, STORED6(SOURCE6) }),
	SHAPE(ASK, IPPROTO_IPV6, MCAST_MSFILTER, struct one_filter6,
		{ 1, 0, STORED6(GROUP6), MCAST_EXCLUDE, 0, STORED6(SOURCE6) }),
	SHAPE(ASK, IPPROTO_IPV6, MCAST_MSFILTER, struct one_filter6,
		{ 1, 0, STORED6(GROUP6), 7, 1, STORED6(SOURCE6) }),
	SHAPE(ASK, IPPROTO_IPV6, MCAST_MSFILTER, struct one_filter6,
		{ 1, 0, STORED6(GROUP6), MCAST_INCLUDE, 0x1ffffff,
		  STORED6(SOURCE6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_UNBLOCK_SOURCE, struct one_source6,
		{ 1, 0, STORED6(GROUP6), STORED6(SOURCE6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_LEAVE_GROUP, struct ipv6_mreq,
		{ GROUP6, 0 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_LEAVE_GROUP, struct ipv6_mreq,
		{ GROUP6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ GROUP6, 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ GROUP6, 7 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ HOST6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_GROUP, struct ipv6_mreq,
		{ MAPPED_GROUP6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ ELSEWHERE6, 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, struct ipv6_mreq,
		{ ELSEWHERE6, 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, struct ipv6_mreq,
		{ ELSEWHERE6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ ELSEWHERE6, 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ HOST6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ ANOTHER_PREFIX6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ GROUP6, 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_JOIN_ANYCAST, struct ipv6_mreq,
		{ ELSEWHERE6, 7 }),
	SHAPE(ALONE, IPPROTO_IPV6, MCAST_JOIN_GROUP, struct one_group6,
		{ 1, 0, STORED6(ANOTHER_GROUP6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_JOIN_GROUP, struct one_group6,
		{ 1, 0, STORED6(ANOTHER_GROUP6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_LEAVE_GROUP, struct one_group6,
		{ 1, 0, STORED6(ANOTHER_GROUP6) }),
	SHAPE(ALONE, IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, struct one_source6,
		{ 1, 0, STORED6(GROUP6), STORED6(SOURCE6) }),
	SHAPE(AGAIN, IPPROTO_IPV6, MCAST_LEAVE_SOURCE_GROUP,
		struct one_source6,
		{ 1, 0, STORED6(GROUP6), STORED6(SOURCE6) }),
	SHAPE(ALONE, IPPROTO_IPV6, MCAST_JOIN_GROUP, struct one_group6,
		{ 7, 0, STORED6(GROUP6) }),
	SHAPE(ALONE, IPPROTO_IPV6, MCAST_JOIN_GROUP, struct one_group,
		{ 1, 0, STORED(GROUP) }),
	SHAPE(ALONE, IPPROTO_IP, MCAST_JOIN_GROUP, struct one_group6,
		{ 1, 0, STORED6(GROUP6) }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_MULTICAST_IF, int, { 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_MULTICAST_IF, int, { 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_UNICAST_IF, int, { 0x01000000 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_UNICAST_IF, int, { 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_UNICAST_IF, int, { 0x07000000 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_MTU, int, { 1279 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_MTU, int, { 1280 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, int,
		{ IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_HOME }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, int,
		{ IPV6_PREFER_SRC_PUBTMP_DEFAULT }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, int,
		{ IPV6_PREFER_SRC_CGA }),

	SHAPE(ALONE, IPPROTO_IPV6, IPV6_PKTINFO, struct in6_pktinfo,
		{ HOST6, 1 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_PKTINFO, struct in6_pktinfo,
		{ IN6(0), 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_PKTINFO, struct in6_pktinfo,
		{ ELSEWHERE6, 7 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, struct packet_info,
		{ MESSAGE(packet_info, IPV6_PKTINFO), { HOST6, 1 } }),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, ""),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, struct packet_info,
		{ MESSAGE(packet_info, IPV6_PKTINFO), { ELSEWHERE6, 1 } }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, struct number_message,
		{ MESSAGE(number_message, IPV6_HOPLIMIT), 33 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, struct number_message,
		{ MESSAGE(number_message, IPV6_RECVERR), 1 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_2292PKTOPTIONS, struct number_message,
		{ MESSAGE(packet_info, IPV6_HOPLIMIT), 33 }),

	/* Padding, a router alert, the next header's own length too large */
	BYTES(ALONE, IPPROTO_IPV6, IPV6_HOPOPTS, "\0\0\1\4\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_DSTOPTS, "\0\0\1\4\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, "\0\0\1\4\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_HOPOPTS,
	      "\0\1\1\14\0\0\0\0\0\0\0\0\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_HOPOPTS, ""),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, ""),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_DSTOPTS, ""),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_HOPOPTS, "\0\0\5\2\0\0\1\0"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_HOPOPTS, "\0\1\1\4\0\0\0\0"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_HOPOPTS, "\0\0\1\4\0\0\0"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_DSTOPTS, "\0\377\1\4\0\0\0\0"),
	/* Routes: type 2, by ::1; with two left; type 4; and those of old */
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR,
	      "\0\2\2\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_HOPOPTS, "\0\0\1\4\0\0\0\0"),
	BYTES(AGAIN, IPPROTO_IPV6, IPV6_RTHDR, ""),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR,
	      "\0\2\2\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR,
	      "\0\2\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR,
	      "\0\2\4\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR,
	      "\0\2\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"),
	BYTES(ALONE, IPPROTO_IPV6, IPV6_RTHDR, "\0\0\3\0\0\0\0\0"),

	/* A label is in use for some time after it was put: others each time */
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_GET, IPV6_FL_S_EXCL,
		  IPV6_FL_F_CREATE }),
	SHAPE(ASK, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_GET, IPV6_FL_S_EXCL, 0 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_GET, IPV6_FL_S_EXCL,
		  IPV6_FL_F_CREATE | IPV6_FL_F_EXCL }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_RENEW, 0, 0, 20, 10 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_RENEW, 0, 0, 200, 200 }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_PUT }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x111), IPV6_FL_A_PUT }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x222), IPV6_FL_A_GET, IPV6_FL_S_ANY, 0 }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x333), IPV6_FL_A_GET, IPV6_FL_S_USER,
		  IPV6_FL_F_CREATE }),
	SHAPE(AGAIN, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x333), IPV6_FL_A_GET, IPV6_FL_S_ANY,
		  IPV6_FL_F_CREATE }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ MAPPED_GROUP6, LABEL(0x444), IPV6_FL_A_GET, IPV6_FL_S_ANY,
		  IPV6_FL_F_CREATE }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x100555), IPV6_FL_A_GET, IPV6_FL_S_ANY,
		  IPV6_FL_F_CREATE }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x80666), IPV6_FL_A_GET, IPV6_FL_S_ANY,
		  IPV6_FL_F_CREATE }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, 0, IPV6_FL_A_GET, IPV6_FL_S_ANY, IPV6_FL_F_REFLECT }),
	SHAPE(ASK, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, 0, IPV6_FL_A_GET, 0, IPV6_FL_F_REMOTE }),
	SHAPE(ALONE, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, struct in6_flowlabel_req,
		{ HOST6, LABEL(0x777), 9, IPV6_FL_S_ANY, IPV6_FL_F_CREATE }),
};

#endif /* _EUDP_TEST_OPTIONS_H */
