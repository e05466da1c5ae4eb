// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls: all that a program may ask of sockets of eudp, and what it
 * may not.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/errqueue.h>
#include <linux/eudp.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/io_uring.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

/* What the headers of an older system have not */
#define FUZZ_IP_LOCAL_PORT_RANGE	51
#define FUZZ_IP_PROTOCOL		52
#define FUZZ_IORING_OP_BIND		56
#define FUZZ_MSG_PROBE			0x10
#define FUZZ_MSG_SPLICE_PAGES		0x8000000

#define VALUE_MAX	4200
#define CONTROL_MAX	1024
#define NOBODY		65534

/* What the value of an option or of a control message is made of */
enum shape {
	INT, BYTE, U16, U64, TIMES, DEVICE, NAME, GROUP, SOURCE, GROUP_REQ,
	SOURCE_REQ, FILTER, GROUP6, OPTIONS, EXTENSION, INFO, INFO6, LABEL,
	PROGRAM, BPF, TXTIME, RANGE, JUNK, SHAPES
};

struct option {
	int level, name;
	enum shape shape;
};

static const struct option options[] = {
	{ SOL_SOCKET, SO_REUSEADDR, INT }, { SOL_SOCKET, SO_REUSEPORT, INT },
	{ SOL_SOCKET, SO_BROADCAST, INT }, { SOL_SOCKET, SO_DONTROUTE, INT },
	{ SOL_SOCKET, SO_SNDBUF, INT }, { SOL_SOCKET, SO_RCVBUF, INT },
	{ SOL_SOCKET, SO_SNDBUFFORCE, INT }, { SOL_SOCKET, SO_RCVBUFFORCE, INT },
	{ SOL_SOCKET, SO_NO_CHECK, INT }, { SOL_SOCKET, SO_PRIORITY, INT },
	{ SOL_SOCKET, SO_LINGER, U64 }, { SOL_SOCKET, SO_RCVTIMEO, TIMES },
	{ SOL_SOCKET, SO_SNDTIMEO, TIMES }, { SOL_SOCKET, SO_RCVLOWAT, INT },
	{ SOL_SOCKET, SO_BINDTODEVICE, NAME },
	{ SOL_SOCKET, SO_BINDTOIFINDEX, DEVICE },
	{ SOL_SOCKET, SO_ATTACH_FILTER, PROGRAM },
	{ SOL_SOCKET, SO_ATTACH_BPF, BPF }, { SOL_SOCKET, SO_DETACH_FILTER, INT },
	{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, PROGRAM },
	{ SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, BPF },
	{ SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, INT },
	{ SOL_SOCKET, SO_LOCK_FILTER, INT }, { SOL_SOCKET, SO_TIMESTAMP, INT },
	{ SOL_SOCKET, SO_TIMESTAMPNS, INT }, { SOL_SOCKET, SO_TIMESTAMPING, INT },
	{ SOL_SOCKET, SO_MARK, INT }, { SOL_SOCKET, SO_RXQ_OVFL, INT },
	{ SOL_SOCKET, SO_PEEK_OFF, INT }, { SOL_SOCKET, SO_BUSY_POLL, INT },
	{ SOL_SOCKET, SO_PREFER_BUSY_POLL, INT },
	{ SOL_SOCKET, SO_MAX_PACING_RATE, U64 },
	{ SOL_SOCKET, SO_INCOMING_CPU, INT }, { SOL_SOCKET, SO_ZEROCOPY, INT },
	{ SOL_SOCKET, SO_TXTIME, TXTIME }, { SOL_SOCKET, SO_RCVMARK, INT },
	{ SOL_SOCKET, SO_RESERVE_MEM, INT }, { SOL_SOCKET, SO_BUF_LOCK, INT },
	{ SOL_SOCKET, SO_TXREHASH, INT }, { SOL_SOCKET, SO_PASSCRED, INT },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE, INT }, { SOL_SOCKET, SO_ERROR, INT },
	{ SOL_SOCKET, SO_MEMINFO, JUNK }, { SOL_SOCKET, SO_COOKIE, U64 },
	{ IPPROTO_IP, IP_TOS, BYTE }, { IPPROTO_IP, IP_TTL, INT },
	{ IPPROTO_IP, IP_HDRINCL, INT }, { IPPROTO_IP, IP_OPTIONS, OPTIONS },
	{ IPPROTO_IP, IP_OPTIONS, OPTIONS }, { IPPROTO_IP, IP_RETOPTS, INT },
	{ IPPROTO_IP, IP_RECVOPTS, INT }, { IPPROTO_IP, IP_PKTINFO, INT },
	{ IPPROTO_IP, IP_PKTOPTIONS, JUNK }, { IPPROTO_IP, IP_MTU, INT },
	{ IPPROTO_IP, IP_MTU_DISCOVER, INT }, { IPPROTO_IP, IP_RECVERR, INT },
	{ IPPROTO_IP, IP_RECVTTL, INT }, { IPPROTO_IP, IP_RECVTOS, INT },
	{ IPPROTO_IP, IP_FREEBIND, INT }, { IPPROTO_IP, IP_PASSSEC, INT },
	{ IPPROTO_IP, IP_TRANSPARENT, INT }, { IPPROTO_IP, IP_MINTTL, INT },
	{ IPPROTO_IP, IP_RECVORIGDSTADDR, INT }, { IPPROTO_IP, IP_NODEFRAG, INT },
	{ IPPROTO_IP, IP_CHECKSUM, INT }, { IPPROTO_IP, IP_RECVFRAGSIZE, INT },
	{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, INT },
	{ IPPROTO_IP, IP_RECVERR_RFC4884, INT },
	{ IPPROTO_IP, IP_MULTICAST_IF, GROUP },
	{ IPPROTO_IP, IP_MULTICAST_TTL, BYTE },
	{ IPPROTO_IP, IP_MULTICAST_LOOP, BYTE },
	{ IPPROTO_IP, IP_MULTICAST_ALL, INT }, { IPPROTO_IP, IP_UNICAST_IF, DEVICE },
	{ IPPROTO_IP, IP_ADD_MEMBERSHIP, GROUP },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP, GROUP },
	{ IPPROTO_IP, IP_BLOCK_SOURCE, SOURCE },
	{ IPPROTO_IP, IP_UNBLOCK_SOURCE, SOURCE },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, SOURCE },
	{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, SOURCE },
	{ IPPROTO_IP, IP_MSFILTER, FILTER },
	{ IPPROTO_IP, MCAST_JOIN_GROUP, GROUP_REQ },
	{ IPPROTO_IP, MCAST_LEAVE_GROUP, GROUP_REQ },
	{ IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, SOURCE_REQ },
	{ IPPROTO_IP, MCAST_BLOCK_SOURCE, SOURCE_REQ },
	{ IPPROTO_IP, MCAST_MSFILTER, SOURCE_REQ },
	{ IPPROTO_IP, FUZZ_IP_LOCAL_PORT_RANGE, RANGE },
	{ IPPROTO_IP, FUZZ_IP_PROTOCOL, INT },
	{ IPPROTO_IPV6, IPV6_ADDRFORM, INT }, { IPPROTO_IPV6, IPV6_V6ONLY, INT },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, INT },
	{ IPPROTO_IPV6, IPV6_MULTICAST_IF, DEVICE },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS, INT },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP, INT },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL, INT },
	{ IPPROTO_IPV6, IPV6_JOIN_GROUP, GROUP6 },
	{ IPPROTO_IPV6, IPV6_LEAVE_GROUP, GROUP6 },
	{ IPPROTO_IPV6, IPV6_JOIN_ANYCAST, GROUP6 },
	{ IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, GROUP6 },
	{ IPPROTO_IPV6, MCAST_JOIN_GROUP, GROUP_REQ },
	{ IPPROTO_IPV6, MCAST_LEAVE_GROUP, GROUP_REQ },
	{ IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, SOURCE_REQ },
	{ IPPROTO_IPV6, MCAST_BLOCK_SOURCE, SOURCE_REQ },
	{ IPPROTO_IPV6, MCAST_MSFILTER, SOURCE_REQ },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER, INT }, { IPPROTO_IPV6, IPV6_MTU, INT },
	{ IPPROTO_IPV6, IPV6_RECVERR, INT }, { IPPROTO_IPV6, IPV6_DONTFRAG, INT },
	{ IPPROTO_IPV6, 32 /* IPV6_FLOWLABEL_MGR */, LABEL },
	{ IPPROTO_IPV6, 33 /* IPV6_FLOWINFO_SEND */, INT },
	{ IPPROTO_IPV6, 11 /* IPV6_FLOWINFO */, INT },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO, INT },
	{ IPPROTO_IPV6, IPV6_PKTINFO, INFO6 },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT, INT },
	{ IPPROTO_IPV6, IPV6_RECVHOPOPTS, INT },
	{ IPPROTO_IPV6, IPV6_HOPOPTS, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RECVRTHDR, INT },
	{ IPPROTO_IPV6, IPV6_RTHDR, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RECVDSTOPTS, INT },
	{ IPPROTO_IPV6, IPV6_DSTOPTS, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RECVPATHMTU, INT },
	{ IPPROTO_IPV6, IPV6_PATHMTU, JUNK },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS, INT }, { IPPROTO_IPV6, IPV6_TCLASS, INT },
	{ IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, INT },
	{ IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, INT },
	{ IPPROTO_IPV6, IPV6_MINHOPCOUNT, INT },
	{ IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, INT },
	{ IPPROTO_IPV6, IPV6_TRANSPARENT, INT },
	{ IPPROTO_IPV6, IPV6_UNICAST_IF, DEVICE },
	{ IPPROTO_IPV6, IPV6_RECVFRAGSIZE, INT },
	{ IPPROTO_IPV6, IPV6_FREEBIND, INT },
	/* of RFC 2292: 2 to 9 */
	{ IPPROTO_IPV6, IPV6_2292PKTINFO, INT },
	{ IPPROTO_IPV6, IPV6_2292HOPLIMIT, INT },
	{ IPPROTO_IPV6, IPV6_2292HOPOPTS, INT },
	{ IPPROTO_IPV6, IPV6_2292RTHDR, INT },
	{ IPPROTO_IPV6, IPV6_2292DSTOPTS, INT },
	{ IPPROTO_IPV6, IPV6_2292PKTOPTIONS, JUNK },
	{ IPPROTO_UDP, UDP_CORK, INT }, { SOL_EUDP, UDP_CORK, INT },
	{ IPPROTO_UDP, UDP_SEGMENT, INT }, { SOL_EUDP, UDP_SEGMENT, INT },
	{ IPPROTO_UDP, UDP_GRO, INT }, { SOL_EUDP, UDP_GRO, INT },
	{ IPPROTO_UDP, UDP_NO_CHECK6_TX, INT },
	{ IPPROTO_UDP, UDP_NO_CHECK6_RX, INT }, { IPPROTO_UDP, UDP_ENCAP, INT },
};

static const struct option messages[] = {
	{ IPPROTO_IP, IP_PKTINFO, INFO }, { IPPROTO_IP, IP_TTL, INT },
	{ IPPROTO_IP, IP_TOS, INT }, { IPPROTO_IP, IP_TOS, BYTE },
	{ IPPROTO_IP, IP_RETOPTS, OPTIONS },
	{ IPPROTO_IP, FUZZ_IP_PROTOCOL, INT },
	{ IPPROTO_IPV6, IPV6_PKTINFO, INFO6 },
	{ IPPROTO_IPV6, IPV6_HOPLIMIT, INT }, { IPPROTO_IPV6, IPV6_TCLASS, INT },
	{ IPPROTO_IPV6, IPV6_DONTFRAG, INT },
	{ IPPROTO_IPV6, 11 /* IPV6_FLOWINFO */, INT },
	{ IPPROTO_IPV6, IPV6_HOPOPTS, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, EXTENSION },
	{ IPPROTO_IPV6, IPV6_RTHDR, EXTENSION },
	{ IPPROTO_IPV6, IPV6_DSTOPTS, EXTENSION },
	{ SOL_SOCKET, SO_MARK, INT }, { SOL_SOCKET, SO_TIMESTAMPING, INT },
	{ SOL_SOCKET, SO_TXTIME, U64 }, { SOL_SOCKET, SCM_RIGHTS, INT },
	{ IPPROTO_UDP, UDP_SEGMENT, U16 }, { SOL_EUDP, UDP_SEGMENT, U16 },
};

static const struct { int family, protocol; } doors[] = {
	{ AF_EUDP, 0 }, { AF_EUDP, PF_INET6 },
	{ AF_INET, IPPROTO_EUDP }, { AF_INET6, IPPROTO_EUDP },
};

static atomic_int slots[SLOTS];
static __thread bool elsewhere;

/* Two pages, and then none: what is read beyond the end is a fault. */
static __thread char *fence;
static __thread char in[BUFFER];

static char *at_fence(size_t len)
{
	if (!fence) {
		fence = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(fence + 2 * 4096, 4096, PROT_NONE);
	}
	return fence + 2 * 4096 - (len < 2 * 4096 ? len : 2 * 4096);
}

/* Now and then a pointer is bad, or is at its end. */
static void *pointer(void *p, size_t len)
{
	switch (pick(64)) {
	case 0:
		return NULL;
	case 1:
		return (void *)8;
	case 2:
		return at_fence(len / 2);
	default:
		return p;
	}
}

/* Seldom one that is not open */
static int some_fd(void)
{
	unsigned int i = pick(SLOTS), n;

	for (n = 0; n < SLOTS && slots[i % SLOTS] < 0 && !one_in(32); n++)
		i++;
	return slots[i % SLOTS];
}

static socklen_t some_length(socklen_t right)
{
	static const int lengths[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 24, 28, 40, 128, 4096, -1,
	};

	return one_in(12) ? (socklen_t)ONE_OF(lengths) : right;
}

static unsigned int some_size(void)
{
	static const unsigned int sizes[] = {
		0, 1, 2, 7, 8, 9, 64, 64, 500, 512, 1000, 1232, 1400, 1452, 1472,
		1473, 2000, 2960, 4096, 8192, 20000, 65487, 65507, 65508, 65527,
		65528, 65535, 65536, 70000,
	};

	return ONE_OF(sizes);
}

static unsigned int some_device(void)
{
	static const unsigned int devices[] = { 0, 1, 1, 2, 3, 99 };

	return ONE_OF(devices);
}

static struct in_addr some_ip(void)
{
	static const char * const ips[] = {
		"127.0.0.1", "127.0.0.1", "127.0.0.2", "192.0.2.1", "192.0.2.2",
		"192.0.2.255", "127.255.255.255", "255.255.255.255", "0.0.0.0",
		"224.0.0.251", "239.1.1.1", "203.0.113.1",
	};
	struct in_addr ip;

	inet_pton(AF_INET, ONE_OF(ips), &ip);
	if (one_in(40))
		ip.s_addr = any();
	return ip;
}

static struct in6_addr some_ip6(void)
{
	static const char * const ips[] = {
		"::1", "::1", "::", "2001:db8::1", "2001:db8::2", "2001:db8:1::1",
		"fe80::1", "ff02::1", "ff0e::1:1", "ff01::1", "2001:db8:f::1",
		"::ffff:127.0.0.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2",
		"::ffff:239.1.1.1", "::ffff:0.0.0.0",
	};
	struct in6_addr ip;

	inet_pton(AF_INET6, ONE_OF(ips), &ip);
	if (one_in(40))
		ip.s6_addr32[pick(4)] = any();
	return ip;
}

static unsigned short some_port(void)
{
	static const unsigned short ports[] = { 0, 1, 53, 65535, 1024 };

	return htons(one_in(8) ? ONE_OF(ports) : FIRST_PORT + pick(PORTS));
}

static socklen_t some_address(struct sockaddr_storage *to)
{
	struct sockaddr_in6 *sin6 = (void *)to;
	struct sockaddr_in *sin = (void *)to;
	socklen_t len;

	memset(to, 0, sizeof(*to));
	if (one_in(2)) {
		sin->sin_family = AF_INET;
		sin->sin_addr = some_ip();
		sin->sin_port = some_port();
		len = sizeof(*sin);
	} else {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_addr = some_ip6();
		sin6->sin6_port = some_port();
		sin6->sin6_scope_id = some_device();
		if (one_in(6))
			sin6->sin6_flowinfo = htonl(one_in(2) ? any() : 5);
		len = sizeof(*sin6);
	}
	if (one_in(16))
		to->ss_family = one_in(2) ? AF_UNSPEC : pick(46);
	return some_length(len);
}

/* Options of IPv4: RFC 791 3.1; up to 40 bytes */
unsigned int ip_options(uint8_t *to)
{
	static const uint8_t types[] = {
		0, 1, 1, 7, 68, 131, 137, 130, 134, 148, 82, 136,
	};
	unsigned int len = 0, most = 4 * pick(11), n;

	while (len < most) {
		to[len] = ONE_OF(types);
		if (to[len] < 2) {
			len++;
			continue;
		}
		n = one_in(8) ? pick(40) : 3 + 4 * pick(4);
		if (to[len] == 68)
			n = 4 + 4 * pick(4);
		if (n < 2 || len + n > most)
			break;
		memset(to + len + 1, 0, n - 1);
		to[len + 1] = one_in(12) ? any() : n;
		to[len + 2] = one_in(12) ? any() : 4;
		if (to[len] == 68) {
			to[len + 2] = one_in(8) ? any() : 5;
			to[len + 3] = one_in(8) ? any() : pick(4);
		} else if (n >= 7) {
			inet_pton(AF_INET, "192.0.2.2", to + len + 3);
		}
		len += n;
	}
	return len;
}

/* An extension header of IPv6, of whatever type: RFC 8200 4, RFC 8754 */
unsigned int extension_header(uint8_t *to)
{
	static const uint8_t types[] = {
		0, 1, 1, 4, 5, 0xc2, 0xc9, 7, 0x26, 0x63, 0x8a,
	};
	unsigned int len = 8 * (1 + pick(8)), at, n;

	memset(to, 0, len);
	to[1] = len / 8 - 1;
	if (one_in(2)) {
		/* routing: type, segments left, addresses */
		to[2] = one_in(6) ? any() : 2 * pick(3);
		to[3] = one_in(6) ? any() : pick(4);
		if (to[2] == 4)
			to[4] = one_in(6) ? any() : pick(4);
		for (at = 8; at + 16 <= len; at += 16)
			inet_pton(AF_INET6, one_in(2) ? "2001:db8::2" : "::1",
				  to + at);
	} else {
		for (at = 2; at < len; at += n) {
			to[at] = ONE_OF(types);
			n = to[at] ? 2 + pick(9) : 1;
			if (at + n > len) {
				/* the rest is padding */
				to[at] = 1;
				n = len - at;
			}
			if (n == 1)
				to[at] = 0;
			else
				to[at + 1] = n - 2;
		}
	}
	if (one_in(12))
		to[pick(len)] = any();
	return len;
}

/* Some value of that shape. Returns how long it is. */
static unsigned int make_value(enum shape shape, char *to)
{
	static const struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_LEN, 0, 0, 0 },
		{ BPF_ALU | BPF_AND | BPF_K, 0, 0, 3 },
		{ BPF_RET | BPF_A, 0, 0, 0 },
		{ BPF_RET | BPF_K, 0, 0, 0xffff },
	};
	static const char * const names[] = { "lo", "tun0", "tun1", "", "none" };
	struct in6_flowlabel { struct in6_addr dst; __be32 label; __u8 action,
		share; __u16 flags, expires, linger; __u32 pad; } *label;
	struct group_source_req *source_req;
	struct in6_pktinfo *info6;
	struct group_req *group;
	struct in_pktinfo *info;
	struct ip_mreqn *mreqn;
	struct sock_txtime *txtime;
	struct sock_fprog *fprog;
	struct ipv6_mreq *mreq6;
	struct ip_mreq_source *source;
	struct timeval *times;
	unsigned int i, n;
	uint64_t wide;

	memset(to, 0, 512);
	switch (shape) {
	case INT:
	case BPF:
		*(int *)to = number();
		if (shape == BPF && !one_in(8))
			*(int *)to = some_fd();
		return sizeof(int);
	case DEVICE:
		*(int *)to = one_in(4) ? htonl(some_device()) : some_device();
		return sizeof(int);
	case BYTE:
		*to = any();
		return 1;
	case U16:
		*(uint16_t *)to = one_in(4) ? any() : some_size();
		return 2;
	case U64:
		wide = (uint64_t)number() << (one_in(2) ? 32 : 0) | any();
		memcpy(to, &wide, sizeof(wide));
		return sizeof(wide);
	case TIMES:
		times = (void *)to;
		times->tv_sec = one_in(8) ? number() : 0;
		times->tv_usec = one_in(8) ? number() : 1000;
		return sizeof(*times);
	case NAME:
		return snprintf(to, IFNAMSIZ, "%s", ONE_OF(names));
	case GROUP:
		mreqn = (void *)to;
		mreqn->imr_multiaddr = some_ip();
		if (!one_in(4))
			inet_pton(AF_INET, "239.1.1.1", &mreqn->imr_multiaddr);
		mreqn->imr_ifindex = some_device();
		return one_in(3) ? sizeof(struct ip_mreq) : sizeof(*mreqn);
	case SOURCE:
		source = (void *)to;
		inet_pton(AF_INET, "239.1.1.1", &source->imr_multiaddr);
		inet_pton(AF_INET, "127.0.0.1", &source->imr_interface);
		source->imr_sourceaddr = some_ip();
		return sizeof(*source);
	case FILTER:
		inet_pton(AF_INET, "239.1.1.1", to);
		inet_pton(AF_INET, "127.0.0.1", to + 4);
		n = pick(6);
		*(int *)(to + 8) = pick(3);
		*(int *)(to + 12) = one_in(8) ? any() : n;
		for (i = 0; i < n; i++)
			*(struct in_addr *)(to + 16 + 4 * i) = some_ip();
		return 16 + 4 * n;
	case GROUP_REQ:
		group = (void *)to;
		group->gr_interface = some_device();
		some_address(&group->gr_group);
		return sizeof(*group);
	case SOURCE_REQ:
		source_req = (void *)to;
		source_req->gsr_interface = some_device();
		some_address(&source_req->gsr_group);
		some_address(&source_req->gsr_source);
		return sizeof(*source_req);
	case GROUP6:
		mreq6 = (void *)to;
		mreq6->ipv6mr_multiaddr = some_ip6();
		mreq6->ipv6mr_interface = some_device();
		return sizeof(*mreq6);
	case OPTIONS:
		return ip_options((void *)to);
	case EXTENSION:
		return extension_header((void *)to);
	case INFO:
		info = (void *)to;
		info->ipi_ifindex = some_device();
		info->ipi_spec_dst = some_ip();
		return sizeof(*info);
	case INFO6:
		info6 = (void *)to;
		info6->ipi6_addr = some_ip6();
		info6->ipi6_ifindex = some_device();
		return sizeof(*info6);
	case LABEL:
		label = (void *)to;
		label->dst = some_ip6();
		label->label = htonl(one_in(2) ? 5 : any() & 0xfffff);
		label->action = pick(4);
		label->share = one_in(4) ? any() : pick(4);
		label->flags = one_in(2) ? 1 : pick(8);
		n = sizeof(*label);
		if (one_in(2))
			n += extension_header((void *)(to + n));
		return n;
	case PROGRAM:
		fprog = (void *)to;
		n = pick(3);
		/* with room behind it, since an ioctl may write there */
		memcpy(to + 64, code, sizeof(code));
		fprog->filter = pointer(to + 64 + n * sizeof(code[0]),
					sizeof(code[0]));
		fprog->len = n < 2 ? 3 - n : 1;
		if (one_in(8))
			fprog->len = any();
		return sizeof(*fprog);
	case TXTIME:
		txtime = (void *)to;
		txtime->clockid = one_in(4) ? number() : (int)pick(12);
		txtime->flags = pick(4);
		return sizeof(*txtime);
	case RANGE:
		*(uint32_t *)to = 5000 | 5003 << 16;
		if (one_in(3))
			*(uint32_t *)to = any();
		return 4;
	default:
		n = some_length(pick(256));
		n = n < VALUE_MAX ? n : VALUE_MAX;
		for (i = 0; i < n && i < 64; i++)
			to[i] = any();
		return n;
	}
}

static void put_slot(int fd)
{
	int old;

	if (fd < 0)
		return;
	old = atomic_exchange(&slots[pick(SLOTS)], fd);
	if (old >= 0)
		close(old);
}

static void do_socket(void)
{
	static const int flags[] = { SOCK_NONBLOCK, SOCK_NONBLOCK, 0 };
	int door = pick(ARRAY_SIZE(doors)), type = SOCK_DGRAM, fd;
	int family = doors[door].family, protocol = doors[door].protocol;

	if (one_in(32))
		type = pick(8);
	if (one_in(32))
		protocol = number();
	fd = socket(family, type | SOCK_CLOEXEC | ONE_OF(flags), protocol);
	count_call(fd);
	put_slot(fd);
}

static void do_close(void)
{
	int old = atomic_exchange(&slots[pick(SLOTS)], -1);

	if (old >= 0)
		count_call(close(old));
}

static void do_dup(void)
{
	put_slot(fcntl(some_fd(), F_DUPFD_CLOEXEC, 3));
}

static void do_bind(void)
{
	struct sockaddr_storage address;
	socklen_t len = some_address(&address);

	count_call(bind(some_fd(), pointer(&address, len), len));
}

static void do_connect(void)
{
	struct sockaddr_storage address;
	socklen_t len = some_address(&address);

	count_call(connect(some_fd(), pointer(&address, len), len));
}

static void do_shutdown(void)
{
	count_call(shutdown(some_fd(), pick(4)));
}

static int send_flags(void)
{
	static const int flags[] = {
		MSG_MORE, MSG_MORE, MSG_CONFIRM, MSG_DONTROUTE, FUZZ_MSG_PROBE,
		MSG_OOB, MSG_ZEROCOPY, MSG_EOR, MSG_NOSIGNAL,
		FUZZ_MSG_SPLICE_PAGES, MSG_FASTOPEN,
	};
	int f = one_in(8) ? 0 : MSG_DONTWAIT;

	while (one_in(3))
		f |= ONE_OF(flags);
	return f;
}

static void do_send(void)
{
	unsigned int len = some_size();
	struct sockaddr_storage to;
	socklen_t to_len = some_address(&to);

	if (one_in(3))
		count_call(send(some_fd(), pointer(payload, len), len,
				send_flags()));
	else
		count_call(sendto(some_fd(), pointer(payload, len), len,
				  send_flags(), pointer(&to, to_len), to_len));
}

/* Control messages, of which one may lie about its length */
static size_t make_control(char *to)
{
	static __thread char value[VALUE_MAX];
	const struct option *m;
	struct cmsghdr *c;
	unsigned int n, len;
	size_t at = 0;

	for (n = pick(4); n; n--) {
		m = one_in(16) ? &ONE_OF(options) : &ONE_OF(messages);
		len = make_value(one_in(16) ? pick(SHAPES) : m->shape, value);
		if (at + CMSG_SPACE(len) > CONTROL_MAX)
			break;
		c = (struct cmsghdr *)(to + at);
		memset(c, 0, CMSG_SPACE(len));
		c->cmsg_level = one_in(40) ? number() : m->level;
		c->cmsg_type = one_in(40) ? number() : m->name;
		c->cmsg_len = CMSG_LEN(len);
		if (one_in(24))
			c->cmsg_len = one_in(2) ? some_length(0) : pick(48);
		memcpy(CMSG_DATA(c), value, len);
		at += CMSG_SPACE(len);
	}
	return at;
}

struct message {
	struct msghdr msg;
	struct sockaddr_storage name;
	struct iovec iov[4];
	char control[CONTROL_MAX];	/* aligned, since what is before is */
};

static void make_message(struct message *m, char *bytes, bool out)
{
	unsigned int i, len;

	memset(&m->msg, 0, sizeof(m->msg));
	m->msg.msg_iov = m->iov;
	m->msg.msg_iovlen = one_in(3) ? pick(5) : 1;
	for (i = 0; i < m->msg.msg_iovlen; i++) {
		len = some_size();
		if (len > BUFFER / 2 && m->msg.msg_iovlen > 1)
			len /= 4;
		m->iov[i].iov_base = pointer(bytes, len);
		m->iov[i].iov_len = len;
	}
	if (one_in(2)) {
		m->msg.msg_namelen = some_address(&m->name);
		m->msg.msg_name = pointer(&m->name, m->msg.msg_namelen);
	}
	m->msg.msg_control = m->control;
	m->msg.msg_controllen = out ? make_control(m->control) :
			       one_in(3) ? some_length(64) : CONTROL_MAX;
	if (m->msg.msg_controllen > CONTROL_MAX)
		m->msg.msg_controllen = CONTROL_MAX;
	if (one_in(40))
		m->msg.msg_control = pointer((void *)8, 64);
}

static void do_sendmsg(void)
{
	static __thread struct message m;

	make_message(&m, payload, true);
	count_call(sendmsg(some_fd(), pointer(&m.msg, sizeof(m.msg)),
			   send_flags()));
}

static void do_sendmmsg(void)
{
	static __thread struct message m[4];
	struct mmsghdr all[4];
	int i, n = 1 + pick(4);

	for (i = 0; i < n; i++) {
		make_message(&m[i], payload, true);
		all[i] = (struct mmsghdr){ .msg_hdr = m[i].msg };
	}
	count_call(sendmmsg(some_fd(), pointer(all, sizeof(all)), n,
			    send_flags()));
}

static int receive_flags(void)
{
	static const int flags[] = {
		MSG_PEEK, MSG_PEEK, MSG_TRUNC, MSG_ERRQUEUE, MSG_ERRQUEUE,
		MSG_WAITALL, MSG_OOB, MSG_CMSG_CLOEXEC, MSG_WAITFORONE,
	};
	int f = one_in(16) ? 0 : MSG_DONTWAIT;

	while (one_in(3))
		f |= ONE_OF(flags);
	return f;
}

static void do_receive(void)
{
	unsigned int len = one_in(3) ? some_size() : sizeof(in);
	socklen_t name_len = some_length(28);
	struct sockaddr_storage name;

	count_call(recvfrom(some_fd(), pointer(in, len), len, receive_flags(),
			    one_in(2) ? pointer(&name, 16) : NULL,
			    pointer(&name_len, 4)));
}

static void do_recvmsg(void)
{
	static __thread struct message m;

	make_message(&m, in, false);
	count_call(recvmsg(some_fd(), pointer(&m.msg, sizeof(m.msg)),
			   receive_flags()));
}

static void do_recvmmsg(void)
{
	static __thread struct message m[4];
	struct timespec soon = { 0, 1000000 };
	struct mmsghdr all[4];
	int i, n = 1 + pick(4);

	for (i = 0; i < n; i++) {
		make_message(&m[i], in, false);
		all[i] = (struct mmsghdr){ .msg_hdr = m[i].msg };
	}
	count_call(recvmmsg(some_fd(), pointer(all, sizeof(all)), n,
			    receive_flags(), one_in(2) ? &soon : NULL));
}

/* The file operations: read, write, and with several pieces */
static void do_readwrite(void)
{
	unsigned int len = some_size();
	struct iovec iov[2] = {
		{ pointer(payload, len), len / 2 }, { payload, len / 2 },
	};
	int fd = some_fd();

	switch (pick(4)) {
	case 0:
		count_call(write(fd, pointer(payload, len), len));
		break;
	case 1:
		count_call(writev(fd, iov, 2));
		break;
	case 2:
		if (fcntl(fd, F_GETFL) & O_NONBLOCK)
			count_call(read(fd, pointer(in, len), len));
		break;
	default:
		iov[0].iov_base = in;
		iov[1].iov_base = in;
		if (fcntl(fd, F_GETFL) & O_NONBLOCK)
			count_call(readv(fd, iov, 2));
	}
}

static void do_setsockopt(void)
{
	static __thread char value[VALUE_MAX];
	const struct option *o = &ONE_OF(options);
	int level = o->level, name = o->name;
	enum shape shape = o->shape;
	socklen_t len;

	if (one_in(12))
		name = one_in(4) ? number() : (int)pick(84);
	if (one_in(64))
		level = number();
	if (one_in(16))
		shape = pick(SHAPES);
	len = some_length(make_value(shape, value));
	count_call(setsockopt(some_fd(), level, name, pointer(value, len), len));
}

static void do_getsockopt(void)
{
	static __thread char value[VALUE_MAX];
	const struct option *o = &ONE_OF(options);
	int name = one_in(12) ? (int)pick(84) : o->name;
	socklen_t len = some_length(4 << pick(6));

	/* some read what is there */
	if (one_in(4))
		make_value(o->shape, value);
	if (len > VALUE_MAX && (int)len > 0)
		len = VALUE_MAX;
	count_call(getsockopt(some_fd(), o->level, name, pointer(value, len),
			      pointer(&len, 4)));
}

static void do_ioctl(void)
{
	static const unsigned long requests[] = {
		FIONREAD, TIOCOUTQ, FIONREAD, TIOCOUTQ, SIOCGSTAMP_OLD,
		SIOCGSTAMPNS_OLD, SIOCGSTAMP_NEW, SIOCGSTAMPNS_NEW, FIONBIO,
		FIOASYNC, SIOCATMARK, SIOCGIFADDR, SIOCGIFCONF, SIOCGIFMTU,
		SIOCGIFINDEX, SIOCGIFNAME, SIOCGIFFLAGS, SIOCOUTQNSD,
		SIOCGARP, SIOCDARP, SIOCSARP, SIOCADDRT, SIOCDELRT,
		SIOCPROTOPRIVATE, SIOCDEVPRIVATE, SIOCETHTOOL, 0x89e0,
	};
	static __thread char value[512];
	struct ifreq *ifr = (void *)value;

	memset(value, 0, sizeof(value));
	if (one_in(2))
		memcpy(ifr->ifr_name, one_in(2) ? "lo\0\0" : "tun0", 4);
	else
		make_value(pick(SHAPES), value);
	count_call(ioctl(some_fd(), one_in(40) ? any() : ONE_OF(requests),
			 pointer(value, 40)));
}

static void do_poll(void)
{
	struct pollfd all[SLOTS];
	struct epoll_event event = { .events = any() };
	int i, fd;

	for (i = 0; i < SLOTS; i++)
		all[i] = (struct pollfd){ .fd = slots[i], .events = any() };
	if (one_in(2)) {
		count_call(poll(all, SLOTS, pick(2)));
		return;
	}
	fd = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < 3; i++)
		epoll_ctl(fd, EPOLL_CTL_ADD, some_fd(), &event);
	count_call(epoll_wait(fd, &event, 1, pick(2)));
	close(fd);
}

/* From a pipe or a file into a socket, and from the socket to a pipe */
static void do_splice(void)
{
	unsigned int len = some_size(), flags = pick(8);
	int ends[2], fd = some_fd(), file;
	struct iovec iov = { payload, len };
	off_t offset = 0;

	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
		return;
	switch (pick(4)) {
	case 0:
		write(ends[1], payload, len);
		count_call(splice(ends[0], NULL, fd, NULL, len, flags));
		break;
	case 1:
		vmsplice(ends[1], &iov, 1, 0);
		count_call(splice(ends[0], NULL, fd, NULL, len, flags));
		break;
	case 2:
		if (fcntl(fd, F_GETFL) & O_NONBLOCK)
			count_call(splice(fd, NULL, ends[1], NULL, len, flags));
		break;
	default:
		file = memfd_create("fuzz", MFD_CLOEXEC);
		write(file, payload, len);
		count_call(sendfile(fd, file, &offset, len));
		close(file);
	}
	close(ends[0]);
	close(ends[1]);
}

/*
 * By io_uring, which may come back to it from another context, and some of
 * which it asks in ways that no system call does
 */
static void do_uring(void)
{
	static const int ops[] = {
		IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_SEND_ZC,
		IORING_OP_SENDMSG_ZC, IORING_OP_RECV, IORING_OP_RECVMSG,
		IORING_OP_POLL_ADD, IORING_OP_CONNECT, IORING_OP_SHUTDOWN,
		IORING_OP_READ, IORING_OP_WRITE, IORING_OP_URING_CMD,
		FUZZ_IORING_OP_BIND,
	};
	static __thread struct sockaddr_storage address;
	static __thread char value[VALUE_MAX];
	static __thread struct message m;
	struct io_uring_sqe sqe = { .opcode = ONE_OF(ops), .fd = some_fd() };
	const struct option *o = &ONE_OF(options);
	unsigned int len = some_size();

	if (one_in(3))
		sqe.flags = 1 << pick(7) & ~IOSQE_FIXED_FILE;
	switch (sqe.opcode) {
	case IORING_OP_SEND:
	case IORING_OP_SEND_ZC:
	case IORING_OP_WRITE:
		sqe.addr = (unsigned long)pointer(payload, len);
		sqe.len = len;
		sqe.msg_flags = sqe.opcode == IORING_OP_WRITE ? 0 : send_flags();
		if (sqe.opcode != IORING_OP_WRITE && one_in(2)) {
			sqe.addr_len = some_address(&address);
			sqe.addr2 = (unsigned long)&address;
		}
		break;
	case IORING_OP_SENDMSG:
	case IORING_OP_SENDMSG_ZC:
	case IORING_OP_RECVMSG:
		make_message(&m, sqe.opcode == IORING_OP_RECVMSG ? in : payload,
			     sqe.opcode != IORING_OP_RECVMSG);
		sqe.addr = (unsigned long)&m.msg;
		sqe.len = 1;
		sqe.msg_flags = sqe.opcode == IORING_OP_RECVMSG ?
				receive_flags() : send_flags();
		break;
	case IORING_OP_RECV:
	case IORING_OP_READ:
		sqe.addr = (unsigned long)pointer(in, len);
		sqe.len = len;
		sqe.msg_flags = sqe.opcode == IORING_OP_READ ? 0 :
				receive_flags();
		break;
	case IORING_OP_POLL_ADD:
		sqe.poll32_events = any();
		break;
	case IORING_OP_CONNECT:
	case FUZZ_IORING_OP_BIND:
		sqe.off = some_address(&address);
		sqe.addr = (unsigned long)&address;
		break;
	case IORING_OP_SHUTDOWN:
		sqe.len = pick(4);
		break;
	default:
		/* SOCKET_URING_OP_*: the ioctls, getsockopt, setsockopt */
		sqe.cmd_op = pick(4);
		if (sqe.cmd_op < 2)
			break;
		sqe.addr = o->level | (uint64_t)o->name << 32;
		sqe.file_index = some_length(make_value(o->shape, value));
		sqe.addr3 = (unsigned long)value;
		if (sqe.file_index > VALUE_MAX && (int)sqe.file_index > 0)
			sqe.file_index = VALUE_MAX;
	}
	/* 0: other rings, of which there is none */
	sqe.ioprio = sqe.opcode == IORING_OP_URING_CMD || !one_in(4) ? 0 : any();
	uring_do(&sqe);
}

static void do_name(void)
{
	struct sockaddr_storage name;
	socklen_t len = some_length(28);

	if (one_in(2))
		count_call(getsockname(some_fd(), pointer(&name, 28),
				       pointer(&len, 4)));
	else
		count_call(getpeername(some_fd(), pointer(&name, 28),
				       pointer(&len, 4)));
}

/* What sockets of datagrams do not have, and what any file has */
static void do_other(void)
{
	int fd = some_fd(), ends[2];
	void *p;

	switch (pick(7)) {
	case 0:
		count_call(listen(fd, pick(4)));
		break;
	case 1:
		count_call(accept4(fd, NULL, NULL, SOCK_NONBLOCK));
		break;
	case 2:
		p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		count_call(p == MAP_FAILED ? -1 : 0);
		if (p != MAP_FAILED)
			munmap(p, 4096);
		break;
	case 3:
		count_call(socketpair(AF_EUDP, SOCK_DGRAM, 0, ends));
		break;
	case 4:
		count_call(fcntl(fd, F_SETFL, one_in(3) ? FASYNC | O_NONBLOCK :
							  O_NONBLOCK));
		break;
	case 5:
		count_call(fcntl(fd, F_SETOWN, getpid()));
		break;
	default:
		count_call(lseek(fd, 1, SEEK_SET));
	}
}

static void do_proc(void)
{
	static const char * const files[] = {
		"/proc/thread-self/net/eudp", "/proc/thread-self/net/eudp6",
		"/proc/thread-self/net/eudp_snmp",
		"/proc/thread-self/net/eudp_snmp6",
		"/proc/thread-self/net/eudp_sockstat",
		"/proc/thread-self/net/protocols",
		"/proc/sys/net/eudp/require_net_raw",
		"/proc/sys/net/eudp/l3mdev_accept",
	};
	unsigned int n, i = pick(ARRAY_SIZE(files)), each = 1 + pick(4) * 400;
	int fd = open(files[i], (i < 6 ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (fd < 0)
		return;
	if (i >= 6)
		count_call(pwrite(fd, one_in(4) ? "1" : "0", 1, 0));
	if (one_in(4))
		count_call(lseek(fd, pick(1000), SEEK_SET));
	for (n = 0; n < 8; n++)
		count_call(read(fd, pointer(in, each), each));
	close(fd);
}

/* Shows sockets, or destroys one: sock_diag(7) */
static void do_diag(void)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 req;
	} ask = {
		.h = { .nlmsg_len = sizeof(ask), .nlmsg_flags = NLM_F_REQUEST },
		.req = { .sdiag_protocol = IPPROTO_EUDP, .idiag_states = -1 },
	};
	struct in6_addr ip6;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_SOCK_DIAG);
	ask.h.nlmsg_type = one_in(3) ? SOCK_DESTROY : SOCK_DIAG_BY_FAMILY;
	ask.h.nlmsg_flags |= one_in(2) ? NLM_F_DUMP : 0;
	ask.req.sdiag_family = one_in(2) ? AF_INET : AF_INET6;
	ask.req.idiag_ext = any();
	ask.req.id.idiag_sport = some_port();
	ask.req.id.idiag_dport = one_in(2) ? 0 : some_port();
	ask.req.id.idiag_if = some_device();
	memset(ask.req.id.idiag_cookie, 0xff, sizeof(ask.req.id.idiag_cookie));
	if (ask.req.sdiag_family == AF_INET) {
		ask.req.id.idiag_src[0] = some_ip().s_addr;
		ask.req.id.idiag_dst[0] = some_ip().s_addr;
	} else {
		ip6 = some_ip6();
		memcpy(ask.req.id.idiag_src, &ip6, sizeof(ip6));
		ip6 = some_ip6();
		memcpy(ask.req.id.idiag_dst, &ip6, sizeof(ip6));
	}
	count_call(send(fd, &ask, sizeof(ask), 0));
	while (recv(fd, in, sizeof(in), 0) > 0)
		;
	close(fd);
}

/* Another namespace: sockets stay where they are, new ones are there. */
static void do_namespace(void)
{
	if (elsewhere && one_in(2)) {
		enter_place();
		elsewhere = false;
		return;
	}
	count_call(unshare(CLONE_NEWNET));
	if (!one_in(4))
		lo_up();
	elsewhere = true;
}

/* A thread of its own has rights of its own, but for libc. */
static void be_user(int uid)
{
	syscall(SYS_setresuid, uid, uid, 0);
}

static void do_user(void)
{
	syscall(SYS_setresuid, 0, 0, 0);
	if (one_in(2))
		be_user(NOBODY);
}

/* What takes the kernel long */
static void do_rare(void)
{
	if (!one_in(4))
		do_sendmsg();
	else if (one_in(2))
		do_namespace();
	else
		change_device();
}

static void do_wait(void)
{
	usleep(pick(4) * 500);
}

static void (* const kinds[])(void) = {
	do_send, do_send, do_send, do_send, do_send, do_send,
	do_sendmsg, do_sendmsg, do_sendmsg, do_sendmsg, do_sendmsg,
	do_sendmmsg, do_splice, do_splice, do_readwrite, do_readwrite,
	do_receive, do_receive, do_receive, do_recvmsg, do_recvmsg, do_recvmsg,
	do_recvmmsg, do_connect, do_connect, do_connect, do_bind, do_bind,
	do_setsockopt, do_setsockopt, do_setsockopt, do_setsockopt,
	do_setsockopt, do_setsockopt, do_setsockopt, do_setsockopt,
	do_getsockopt, do_getsockopt, do_ioctl, do_ioctl, do_poll, do_poll,
	do_socket, do_socket, do_close, do_dup, do_shutdown, do_name, do_other,
	do_uring, do_uring, do_uring, do_uring,
	do_proc, do_diag, do_rare, do_rare, do_user, do_wait, turn_knob,
	step_packet, step_packet, step_packet, step_packet,
};

unsigned int calls_kinds(void)
{
	return ARRAY_SIZE(kinds);
}

void step_call(unsigned int kind)
{
	kinds[kind % ARRAY_SIZE(kinds)]();
}

void end_thread(void)
{
	uring_end();
	syscall(SYS_setresuid, 0, 0, 0);
	if (elsewhere)
		enter_place();
	elsewhere = false;
}

/* Trains are taken apart for who has a filter, and stay with UDP_GRO. */
static void begin_trains(const struct program *p, int i)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog program = { 1, &all };
	int one = 1;

	if (p->steps & 1)
		setsockopt(slots[i], SOL_SOCKET, SO_ATTACH_FILTER, &program,
			   sizeof(program));
	if (p->steps & 2)
		setsockopt(slots[i], IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
}

/*
 * A socket by each door, each of which may have a port, and a peer: the one of
 * the other door, so that they understand each other. Those of one door may be
 * more than that, depending on how many steps there are.
 */
void begin_calls(const struct program *p)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in a = { .sin_family = AF_INET };
	int i, fd, one = 1;
	bool is6;

	for (i = 0; i < SLOTS; i++)
		slots[i] = -1;
	for (i = 0; i < PORTS; i++) {
		is6 = i & 1;
		fd = socket(doors[i].family,
			    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    doors[i].protocol);
		slots[i] = fd;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (i < 2)
			begin_trains(p, i);
		a.sin_addr.s_addr = 0;
		a.sin_port = htons(FIRST_PORT + i);
		a6.sin6_addr = in6addr_any;
		a6.sin6_port = a.sin_port;
		if (p->setup & 1 << i)
			bind(fd, is6 ? (void *)&a6 : (void *)&a,
			     is6 ? sizeof(a6) : sizeof(a));
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.sin_port = htons(FIRST_PORT + (i ^ 2));
		a6.sin6_addr = in6addr_loopback;
		a6.sin6_port = a.sin_port;
		if (p->setup & 16 << i)
			connect(fd, is6 ? (void *)&a6 : (void *)&a,
				is6 ? sizeof(a6) : sizeof(a));
	}
}

void end_calls(void)
{
	int i, old;

	for (i = 0; i < SLOTS; i++) {
		old = atomic_exchange(&slots[i], -1);
		if (old >= 0)
			close(old);
	}
}
