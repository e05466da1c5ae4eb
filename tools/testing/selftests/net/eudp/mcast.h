/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Groups, in both versions of IP: memberships by the options of RFC 3678, and
 * datagrams for them that come in by tap0. They are from port 4000 to port
 * 5000, and have one byte, the tag.
 */
#ifndef _EUDP_TEST_MCAST_H
#define _EUDP_TEST_MCAST_H

#include "packet.h"
#include "netns.h"
#include <stdlib.h>

#define GROUP	"239.1.2.3"
#define OTHER	"239.4.5.6"
#define GROUP6	"ff0e::1:2:3"
#define OTHER6	"ff0e::4:5:6"
#define GONE	99		/* no device has this index */

/* The same places in both versions */
struct places {
	int level;		/* of their options */
	int listen_to_all;	/* the option */
	const char *any, *me, *group, *other;
	const char *senders[4];	/* a, b and c; d never sends anything */
};

static inline const struct places *places_of(int version)
{
	static const struct places ip4 = {
		SOL_IP, IP_MULTICAST_ALL,
		"0.0.0.0", ME, GROUP, OTHER,
		{ YOU, "192.0.2.3", "192.0.2.4", NOWHERE },
	};
	static const struct places ip6 = {
		SOL_IPV6, IPV6_MULTICAST_ALL,
		"::", ME6, GROUP6, OTHER6,
		{ YOU6, "2001:db8::3", "2001:db8::4", NOWHERE6 },
	};

	return version == AF_INET6 ? &ip6 : &ip4;
}

/* Inside a test: one of the places, of its version */
#define AT		(*places_of(variant->door.version))
#define ANY		AT.any
#define SENDER(letter)	(AT.senders[(letter) - 'a'])

enum { JOIN, LEAVE, JOIN_SOURCE, LEAVE_SOURCE, BLOCK, UNBLOCK };

static const char * const names[] = {
	"join", "leave", "join source", "leave source", "block", "unblock"
};

static const int mcast_options[] = {
	MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP,
	MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP,
	MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE
};

/* An option at the level of the version of @group; the errno */
static inline int group_option(int fd, const char *group, int option,
			       const void *value, socklen_t len)
{
	int level = strchr(group, ':') ? SOL_IPV6 : SOL_IP;

	return err_of(setsockopt(fd, level, option, value, len));
}

static inline int change_index(int fd, int what, const char *group,
			       const char *source, int index)
{
	struct group_req req = { .gr_interface = index };
	struct group_source_req of = { .gsr_interface = index };
	struct any_addr any = any_addr(group, 0);
	int option = mcast_options[what];

	memcpy(&req.gr_group, &any.sa, any.len);
	if (what == JOIN || what == LEAVE)
		return group_option(fd, group, option, &req, sizeof(req));
	of.gsr_group = req.gr_group;
	any = any_addr(source, 0);
	memcpy(&of.gsr_source, &any.sa, any.len);
	return group_option(fd, group, option, &of, sizeof(of));
}

static inline int change_on(int fd, int what, const char *group,
			    const char *source, const char *device)
{
	return change_index(fd, what, group, source, if_nametoindex(device));
}

static inline int change_mcast(int fd, int what, const char *group,
			       const char *source)
{
	return change_on(fd, what, group, source, "tap0");
}

static inline int __member(struct __test_metadata *_metadata, int fd,
			   const char *group, const char *device)
{
	ASSERT_EQ(0, change_on(fd, JOIN, group, NULL, device))
		TH_LOG("%s on %s", group, device);
	return fd;
}

/* RFC 2464 7, RFC 1112 6.4: a group has an address, others are for all */
static inline void address_frame(struct packet *p)
{
	const unsigned char *ip = (unsigned char *)&p->ip.daddr;
	const unsigned char *ip6 = (unsigned char *)&p->ip6.ip6_dst;
	const unsigned char mac[] = { 1, 0, 0x5e, ip[1] & 0x7f, ip[2], ip[3] };
	const unsigned char mac6[] = { 0x33, 0x33, ip6[12], ip6[13], ip6[14],
				       ip6[15] };

	if (is_ip6(p) && ip6[0] == 0xff)
		memcpy(p->eth.ether_dhost, mac6, ETH_ALEN);
	else if (is_ip6(p))
		return;
	else if (IN_MULTICAST(ntohl(p->ip.daddr)))
		memcpy(p->eth.ether_dhost, mac, ETH_ALEN);
	else if (p->ip.daddr != inet_addr(ME))
		memset(p->eth.ether_dhost, 0xff, ETH_ALEN);
}

/* In the version of the addresses, which may be another than the door's */
static inline void make_for(struct packet *p, const struct door *door,
			    const char *from, const char *to,
			    const void *data, int len)
{
	struct any_addr src = any_addr(from, 0), dst = any_addr(to, 0);
	struct door d = *door;

	d.version = dst.sa.sa_family;
	make(p, &d, 5000, data, len);
	if (is_ip6(p)) {
		p->ip6.ip6_src = src.sin6.sin6_addr;
		p->ip6.ip6_dst = dst.sin6.sin6_addr;
	} else {
		p->ip.saddr = src.sin.sin_addr.s_addr;
		p->ip.daddr = dst.sin.sin_addr.s_addr;
	}
	address_frame(p);
	resum(p);
}

/* It has been received on return */
static inline void __arrive(struct __test_metadata *_metadata,
			    const struct door *door, int tap, const char *from,
			    const char *to, char tag)
{
	struct packet p;

	make_for(&p, door, from, to, &tag, 1);
	__inject(_metadata, tap, &p);
}

/* The tags of all datagrams that are there: "ab" */
static inline const char *heard(int fd)
{
	static char text[8][64];
	static unsigned int turn;
	char *s = text[turn++ % 8], byte;
	int n = 0;

	while (n < 63 && recv(fd, &byte, 1, MSG_DONTWAIT) == 1)
		s[n++] = byte;
	s[n] = '\0';
	return s;
}

/* What @fd hears of the three senders, which send a, b and c to the group */
static inline const char *__allowed(struct __test_metadata *_metadata,
				    const struct door *door, int tap, int fd)
{
	const struct places *at = places_of(door->version);
	int i;

	for (i = 0; i < 3; i++)
		__arrive(_metadata, door, tap, at->senders[i], at->group,
			 'a' + i);
	return heard(fd);
}

/* Who has sent the next datagram, without the port */
static inline const char *source(int fd)
{
	static char text[4][INET6_ADDRSTRLEN];
	static unsigned int turn;
	struct any_addr any = { .len = sizeof(any.sin6) };
	char *s = text[turn++ % 4], byte;

	if (recvfrom(fd, &byte, 1, MSG_DONTWAIT, &any.sa, &any.len) < 0)
		return "nobody";
	if (any.sa.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &any.sin6.sin6_addr, s, sizeof(text[0]));
	else
		inet_ntop(AF_INET, &any.sin.sin_addr, s, sizeof(text[0]));
	return s;
}

/*
 * One membership through its life: what each call gives, and which sources
 * are heard from then on. Somebody else is a member all the time.
 */
static const struct {
	int what;
	char source;	/* or 0 */
	int err;
	const char *heard;
} steps[] = {
	{ LEAVE, 0, EADDRNOTAVAIL, "" },
	{ BLOCK, 'a', EINVAL, "" },
	{ UNBLOCK, 'a', EINVAL, "" },
	{ LEAVE_SOURCE, 'a', EINVAL, "" },
	/* All but some */
	{ JOIN, 0, 0, "abc" },
	{ JOIN, 0, EADDRINUSE, "abc" },
	{ UNBLOCK, 'a', EADDRNOTAVAIL, "abc" },
	{ BLOCK, 'a', 0, "bc" },
	{ BLOCK, 'a', EADDRNOTAVAIL, "bc" },
	{ BLOCK, 'b', 0, "c" },
	{ BLOCK, 'c', 0, "" },
	{ UNBLOCK, 'a', 0, "a" },
	{ UNBLOCK, 'a', EADDRNOTAVAIL, "a" },
	{ JOIN_SOURCE, 'a', EINVAL, "a" },
	{ LEAVE_SOURCE, 'a', EINVAL, "a" },
	{ UNBLOCK, 'c', 0, "ac" },
	{ LEAVE, 0, 0, "" },
	/* None but some */
	{ JOIN_SOURCE, 'a', 0, "a" },
	{ JOIN_SOURCE, 'c', 0, "ac" },
	{ JOIN_SOURCE, 'c', EADDRNOTAVAIL, "ac" },
	{ JOIN, 0, EADDRINUSE, "ac" },
	{ BLOCK, 'a', EINVAL, "ac" },
	{ UNBLOCK, 'a', EINVAL, "ac" },
	{ LEAVE_SOURCE, 'b', EADDRNOTAVAIL, "ac" },
	{ LEAVE_SOURCE, 'a', 0, "c" },
	/* The last one ends it */
	{ LEAVE_SOURCE, 'c', 0, "" },
	{ LEAVE, 0, EADDRNOTAVAIL, "" },
	{ JOIN_SOURCE, 'b', 0, "b" },
	{ LEAVE, 0, 0, "" },
	/* It begins anew, without what was blocked */
	{ JOIN, 0, 0, "abc" },
	{ LEAVE, 0, 0, "" },
};

static inline void __live(struct __test_metadata *_metadata,
			  const struct door *door, int tap, int fd,
			  int (*change)(int fd, int what, const char *group,
					const char *source))
{
	const struct places *at = places_of(door->version);
	unsigned int i;

	ASSERT_EQ(0, set_int(fd, at->level, at->listen_to_all, 0));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		char source = steps[i].source ?: 'd';

		EXPECT_EQ(steps[i].err, change(fd, steps[i].what, at->group,
					       at->senders[source - 'a']))
			TH_LOG("step %d, %s", i, names[steps[i].what]);
		EXPECT_STREQ(steps[i].heard,
			     __allowed(_metadata, door, tap, fd))
			TH_LOG("step %d, %s", i, names[steps[i].what]);
	}
}

/* Groups go by tap0, and nothing waits there for another processor */
static inline int __tap_for_many(struct __test_metadata *_metadata)
{
	int t = tap6();

	no_queue("tap0");
	add_route("tap0", "224.0.0.0", 4);
	return t;
}

/* Two devices for what is sent; groups go by d1 */
static inline void __two_devices(struct __test_metadata *_metadata)
{
	addresses_at_once();
	add_device("d1", "dummy");
	add_device("d2", "dummy");
	add_address("d1", "10.0.1.1", 24);
	add_address("d2", "10.0.2.1", 24);
	add_address("d1", "fd00:1::1", 64);
	add_address("d2", "fd00:2::1", 64);
	add_route("d1", "224.0.0.0", 4);
}

/* Whether there is a route to groups of IPv6 by the device */
static inline bool has_route_to_groups(const char *device)
{
	char line[256], to[3], name[IF_NAMESIZE];
	bool found = false;
	FILE *f = fopen("/proc/net/ipv6_route", "r");

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%2s%*s %*s %*s %*s %*s %*s %*s %*s %*s %15s",
			       to, name) == 2 &&
			!strcmp(to, "ff") && !strcmp(name, device);
	if (f)
		fclose(f);
	return found;
}

/* A device begins with IPv6 some time after it has a carrier */
static inline void __ready_for_groups(struct __test_metadata *_metadata,
				      const char *device)
{
	long long end = now_ms() + 6 * SOON_MS;

	while (!has_route_to_groups(device)) {
		ASSERT_GT(end, now_ms())
			TH_LOG("%s is not ready", device);
		poll(NULL, 0, 10);
	}
}

#define ready_for_groups(device) __ready_for_groups(_metadata, device)
#define member(fd, group, device) __member(_metadata, fd, group, device)
#define arrive(from, to, tag) \
	__arrive(_metadata, &variant->door, t, from, to, tag)
#define allowed(fd)	__allowed(_metadata, &variant->door, t, fd)
#define two_devices()	__two_devices(_metadata)
#define tap_for_many()	__tap_for_many(_metadata)
#define count(name)	counter(&variant->door, name)
/* The device hears the group, whatever the others do */
#define keeper()	member(bound(ANY, 9), AT.group, "tap0")

#endif /* _EUDP_TEST_MCAST_H */
