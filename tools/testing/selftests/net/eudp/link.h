/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices, addresses, neighbours and routes by rtnetlink(7). Most tests begin
 * with some, and an emulated machine takes long to start ip(8) for each.
 */
#ifndef _EUDP_TEST_LINK_H
#define _EUDP_TEST_LINK_H

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "../../kselftest_harness.h"

/* A request; attributes are put behind the header of its type */
struct rtnl_request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct ndmsg neigh;
		struct rtmsg route;
		struct tcmsg qdisc;
		char buf[512];
	};
};

#define RTNL_REQUEST(name, kind, member, ...) \
	struct rtnl_request name = { \
		.h = { .nlmsg_type = kind, \
		       .nlmsg_len = NLMSG_LENGTH(sizeof(name.member)), \
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | \
				      NLM_F_CREATE | NLM_F_EXCL }, \
		.member = { __VA_ARGS__ } }

/* Room for @len bytes, at the end */
static inline void *rtnl_attr(struct rtnl_request *r, int type, size_t len)
{
	struct rtattr *a = (void *)r + NLMSG_ALIGN(r->h.nlmsg_len);

	a->rta_type = type;
	a->rta_len = RTA_LENGTH(len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + RTA_SPACE(len);
	return RTA_DATA(a);
}

static inline void rtnl_put(struct rtnl_request *r, int type,
			    const void *data, size_t len)
{
	memcpy(rtnl_attr(r, type, len), data, len);
}

/* Puts the address, and returns its family */
static inline int rtnl_put_ip(struct rtnl_request *r, int type, const char *ip)
{
	int family = strchr(ip, ':') ? AF_INET6 : AF_INET;

	inet_pton(family, ip, rtnl_attr(r, type, family == AF_INET6 ? 16 : 4));
	return family;
}

static inline void __rtnl_ask(struct __test_metadata *_metadata,
			      struct rtnl_request *r, const char *what,
			      const char *device)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[1024];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	ASSERT_LE(0, fd);
	ASSERT_EQ(r->h.nlmsg_len, send(fd, r, r->h.nlmsg_len, 0));
	ASSERT_LT(0, recv(fd, &answer, sizeof(answer), 0));
	close(fd);
	ASSERT_EQ(NLMSG_ERROR, answer.h.nlmsg_type);
	ASSERT_EQ(0, answer.e.error)
		TH_LOG("%s on %s: %s", what, device,
		       strerror(-answer.e.error));
}

/* Whether packets to this address are ours: there is a route for them */
static inline bool has_local_route6(const char *device, const char *digits)
{
	char line[256], to[33], name[IF_NAMESIZE];
	FILE *f = fopen("/proc/net/ipv6_route", "r");
	unsigned int flags;
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%32s %*s %*s %*s %*s %*s %*s %*s %x %15s",
			       to, &flags, name) == 3 &&
			flags >> 31 /* RTF_LOCAL */ &&
			!strcmp(to, digits) && !strcmp(name, device);
	if (f)
		fclose(f);
	return found;
}

/*
 * Whether all addresses of IPv6 that the device has are usable, but for those
 * of which others are asked first
 */
static inline bool has_all_addresses6(const char *device)
{
	char line[128], digits[33], name[IF_NAMESIZE];
	FILE *f = fopen("/proc/net/if_inet6", "r");
	unsigned int flags;
	bool all = true;

	while (f && all && fgets(line, sizeof(line), f))
		if (sscanf(line, "%32s %*s %*s %*s %x %15s", digits, &flags,
			   name) == 3 && !strcmp(name, device) &&
		    (flags & IFA_F_NODAD || !(flags & IFA_F_TENTATIVE)))
			all = has_local_route6(device, digits);
	if (f)
		fclose(f);
	return all;
}

/*
 * An address of IPv6 is there a moment after it was added, or the device was
 * set up; unless the device has no carrier.
 */
static inline void await_addresses6(const char *device)
{
	int i, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {};

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	ioctl(fd, SIOCGIFFLAGS, &ifr);
	close(fd);
	for (i = 0; i < 1000 && ifr.ifr_flags & IFF_RUNNING &&
	     !has_all_addresses6(device); i++)
		usleep(1000);
}

static inline void __link_up(struct __test_metadata *_metadata,
			    const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {};

	ASSERT_LE(0, fd);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	ASSERT_EQ(0, ioctl(fd, SIOCGIFFLAGS, &ifr));
	ifr.ifr_flags |= IFF_UP;
	ASSERT_EQ(0, ioctl(fd, SIOCSIFFLAGS, &ifr))
		TH_LOG("%s does not go up", device);
	close(fd);
	await_addresses6(device);
}

/* All that is sent by it has gone when the call returns */
static inline void __no_queue(struct __test_metadata *_metadata,
			      const char *device)
{
	RTNL_REQUEST(r, RTM_NEWQDISC, qdisc, .tcm_parent = TC_H_ROOT,
		.tcm_ifindex = if_nametoindex(device));

	rtnl_put(&r, TCA_KIND, "noqueue", sizeof("noqueue"));
	__rtnl_ask(_metadata, &r, "noqueue", device);
}

/* An attribute of attributes, which are those that come until rtnl_end() */
static inline struct rtattr *rtnl_begin(struct rtnl_request *r, int type)
{
	return rtnl_attr(r, type, 0) - RTA_LENGTH(0);
}

static inline void rtnl_end(struct rtnl_request *r, struct rtattr *begin)
{
	begin->rta_len = (char *)r + NLMSG_ALIGN(r->h.nlmsg_len) -
			 (char *)begin;
}

static inline void rtnl_put_text(struct rtnl_request *r, int type,
				 const char *text)
{
	rtnl_put(r, type, text, strlen(text) + 1);
}

/* A device of this kind, up */
static inline void __add_device(struct __test_metadata *_metadata,
				const char *device, const char *kind)
{
	RTNL_REQUEST(r, RTM_NEWLINK, link, .ifi_flags = IFF_UP,
		     .ifi_change = IFF_UP);
	struct rtattr *info;

	rtnl_put_text(&r, IFLA_IFNAME, device);
	info = rtnl_begin(&r, IFLA_LINKINFO);
	rtnl_put_text(&r, IFLA_INFO_KIND, kind);
	rtnl_end(&r, info);
	__rtnl_ask(_metadata, &r, kind, device);
}

/* A pair of devices, one of them @there; both have the name, and are down */
static inline void __cable(struct __test_metadata *_metadata, const char *name,
			   int there)
{
	RTNL_REQUEST(r, RTM_NEWLINK, link, 0);
	struct rtattr *info, *data, *peer;

	rtnl_put_text(&r, IFLA_IFNAME, name);
	info = rtnl_begin(&r, IFLA_LINKINFO);
	rtnl_put_text(&r, IFLA_INFO_KIND, "veth");
	data = rtnl_begin(&r, IFLA_INFO_DATA);
	peer = rtnl_begin(&r, VETH_INFO_PEER);
	memset((char *)&r + r.h.nlmsg_len, 0, sizeof(r.link));
	r.h.nlmsg_len += sizeof(r.link);
	rtnl_put_text(&r, IFLA_IFNAME, name);
	rtnl_put(&r, IFLA_NET_NS_FD, &there, sizeof(there));
	rtnl_end(&r, peer);
	rtnl_end(&r, data);
	rtnl_end(&r, info);
	__rtnl_ask(_metadata, &r, "veth", name);
}

/* The device goes to another namespace, and is down there */
static inline void __move_device(struct __test_metadata *_metadata,
				 const char *device, int namespace)
{
	RTNL_REQUEST(r, RTM_NEWLINK, link,
		     .ifi_index = if_nametoindex(device));

	r.h.nlmsg_flags &= ~(NLM_F_CREATE | NLM_F_EXCL);
	rtnl_put(&r, IFLA_NET_NS_FD, &namespace, sizeof(namespace));
	__rtnl_ask(_metadata, &r, "moving", device);
}

/* The device becomes a port of the other one, and is set up */
static inline void __add_port(struct __test_metadata *_metadata,
			      const char *device, const char *master)
{
	RTNL_REQUEST(r, RTM_NEWLINK, link, .ifi_flags = IFF_UP,
		     .ifi_change = IFF_UP,
		     .ifi_index = if_nametoindex(device));
	int index = if_nametoindex(master);

	r.h.nlmsg_flags &= ~(NLM_F_CREATE | NLM_F_EXCL);
	rtnl_put(&r, IFLA_MASTER, &index, sizeof(index));
	__rtnl_ask(_metadata, &r, master, device);
}

/* @ip is of either version; other hosts are not asked whether it is free */
static inline void __add_address(struct __test_metadata *_metadata,
				 const char *device, const char *ip, int prefix)
{
	RTNL_REQUEST(r, RTM_NEWADDR, addr, .ifa_prefixlen = prefix,
		.ifa_flags = IFA_F_NODAD, .ifa_index = if_nametoindex(device));
	__u32 broadcast;

	r.addr.ifa_family = rtnl_put_ip(&r, IFA_LOCAL, ip);
	rtnl_put_ip(&r, IFA_ADDRESS, ip);
	if (r.addr.ifa_family == AF_INET && prefix < 31) {
		broadcast = inet_addr(ip) | htonl(0xffffffffU >> prefix);
		rtnl_put(&r, IFA_BROADCAST, &broadcast, sizeof(broadcast));
	}
	__rtnl_ask(_metadata, &r, ip, device);
	if (r.addr.ifa_family == AF_INET6)
		await_addresses6(device);
}

/* @last: the last byte of its hardware address, 02:00:00:00:00:00 otherwise */
static inline void __add_neighbour(struct __test_metadata *_metadata,
				   const char *device, const char *ip, int last)
{
	RTNL_REQUEST(r, RTM_NEWNEIGH, neigh, .ndm_state = NUD_PERMANENT,
		.ndm_ifindex = if_nametoindex(device));
	__u8 address[ETH_ALEN] = { 2, 0, 0, 0, 0, last };

	r.neigh.ndm_family = rtnl_put_ip(&r, NDA_DST, ip);
	rtnl_put(&r, NDA_LLADDR, address, sizeof(address));
	__rtnl_ask(_metadata, &r, ip, device);
}

/* To what is on the link of the device */
static inline void __add_route(struct __test_metadata *_metadata,
			       const char *device, const char *ip, int prefix)
{
	RTNL_REQUEST(r, RTM_NEWROUTE, route, .rtm_dst_len = prefix,
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_LINK, .rtm_type = RTN_UNICAST);
	int index = if_nametoindex(device);

	r.route.rtm_family = rtnl_put_ip(&r, RTA_DST, ip);
	rtnl_put(&r, RTA_OIF, &index, sizeof(index));
	__rtnl_ask(_metadata, &r, ip, device);
}

#define link_up(device)		__link_up(_metadata, device)
#define no_queue(device)	__no_queue(_metadata, device)
#define add_device(device, kind) __add_device(_metadata, device, kind)
#define add_port(device, master) __add_port(_metadata, device, master)
#define move_device(device, namespace) \
	__move_device(_metadata, device, namespace)
#define cable(name, there)	__cable(_metadata, name, there)
#define add_address(device, ip, prefix) \
	__add_address(_metadata, device, ip, prefix)
#define add_neighbour(device, ip, last) \
	__add_neighbour(_metadata, device, ip, last)
#define add_route(device, ip, prefix) \
	__add_route(_metadata, device, ip, prefix)

#endif /* _EUDP_TEST_LINK_H */
