// SPDX-License-Identifier: GPL-2.0
/*
 * The network namespaces in which the programs run, and what is in them: lo,
 * and tun0 with the addresses 192.0.2.1/24 and 2001:db8::1/64.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <linux/route.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "fuzz.h"

struct place place = { .fd = -1, .tun = -1, .raw = { -1, -1 } };

static struct knob {
	const char *path;
	const char *values[4];	/* the first one is as it was */
	int fd;
} knobs[] = {
	{ "/proc/sys/net/eudp/mem", { NULL, "1 1 1", "0 0 0", "8 8 16" }, -1 },
	{ "/proc/sys/net/eudp/rmem_min", { NULL, "4096", "1", "65536" }, -1 },
	{ "/proc/sys/net/eudp/wmem_min", { NULL, "4096", "1", "65536" }, -1 },
};

static char as_it_was[ARRAY_SIZE(knobs)][64];

static void write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

/* Those of the first namespace count for all, so they are opened there. */
void open_knobs(void)
{
	int one = 1, stays = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsigned int i;

	/*
	 * Time stamps stay on. Each time the first socket asks for them, or the
	 * last one goes, the kernel changes its own code, over which the
	 * emulated processors of QEMU trip at times: "Oops: int3".
	 */
	if (setsockopt(stays, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof(one)))
		perror("SO_TIMESTAMP");

	/* A device that is not there makes the kernel look for a module. */
	write_file("/proc/sys/kernel/modprobe", "\n");

	for (i = 0; i < ARRAY_SIZE(knobs); i++) {
		knobs[i].fd = open(knobs[i].path, O_RDWR | O_CLOEXEC);
		if (knobs[i].fd < 0 ||
		    read(knobs[i].fd, as_it_was[i], sizeof(as_it_was[i]) - 1) <= 0)
			perror(knobs[i].path);
		knobs[i].values[0] = as_it_was[i];
	}
}

static void set_knob(const struct knob *knob, const char *value)
{
	count_call(pwrite(knob->fd, value, strlen(value), 0));
}

void restore_knobs(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(knobs); i++)
		set_knob(&knobs[i], knobs[i].values[0]);
}

/* Half of the time it is turned back. */
void turn_knob(void)
{
	const struct knob *knob = &ONE_OF(knobs);

	set_knob(knob, knob->values[one_in(2) ? pick(4) : 0]);
}

static int ask(int family, unsigned long request, void *arg)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = ioctl(fd, request, arg);

	close(fd);
	return ret;
}

static void set_name(struct ifreq *ifr, const char *name)
{
	snprintf(ifr->ifr_name, IFNAMSIZ, "%s", name);
}

static int set_flags(const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	set_name(&ifr, name);
	return ask(AF_INET, SIOCSIFFLAGS, &ifr);
}

static int set_mtu(const char *name, int mtu)
{
	struct ifreq ifr = { .ifr_mtu = mtu };

	set_name(&ifr, name);
	return ask(AF_INET, SIOCSIFMTU, &ifr);
}

static int set_address(unsigned long request, const char *name, const char *ip)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct ifreq ifr = {};

	inet_pton(AF_INET, ip, &sin.sin_addr);
	set_name(&ifr, name);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	return ask(AF_INET, request, &ifr);
}

static int set_address6(unsigned long request, const char *name, const char *ip)
{
	struct in6_ifreq ifr6 = { .ifr6_prefixlen = 64 };
	struct ifreq ifr = {};

	set_name(&ifr, name);
	if (ask(AF_INET, SIOCGIFINDEX, &ifr))
		return -1;
	ifr6.ifr6_ifindex = ifr.ifr_ifindex;
	inet_pton(AF_INET6, ip, &ifr6.ifr6_addr);
	return ask(AF_INET6, request, &ifr6);
}

/* Whatever has no other route goes there. */
static int set_default_route(char *name)
{
	struct sockaddr_in none = { .sin_family = AF_INET };
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = name };

	memcpy(&route.rt_dst, &none, sizeof(none));
	memcpy(&route.rt_genmask, &none, sizeof(none));
	return ask(AF_INET, SIOCADDRT, &route);
}

static int make_tun(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	set_name(&ifr, name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A thread goes where the others are. */
void enter_place(void)
{
	setns(place.fd, CLONE_NEWNET);
}

bool lo_up(void)
{
	return !set_flags("lo", IFF_UP | IFF_RUNNING);
}

void leave_place(void)
{
	close(place.tun);
	close(place.raw[0]);
	close(place.raw[1]);
	close(place.fd);
}

/* Makes a namespace, and the calling thread goes there. */
bool new_place(void)
{
	char name[] = "tun0";

	if (place.fd >= 0)
		leave_place();
	if (unshare(CLONE_NEWNET))
		return false;
	place.fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	/* no time for the detection of duplicate addresses */
	write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
	write_file("/proc/sys/net/ipv6/conf/default/dad_transmits", "0");
	place.tun = make_tun(name);
	place.raw[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	place.raw[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	place.spoilt = false;
	return place.fd >= 0 && place.tun >= 0 && lo_up() &&
	       !set_flags(name, IFF_UP | IFF_RUNNING | IFF_MULTICAST) &&
	       !set_address(SIOCSIFADDR, name, "192.0.2.1") &&
	       !set_address(SIOCSIFNETMASK, name, "255.255.255.0") &&
	       !set_address6(SIOCSIFADDR, name, "2001:db8::1") &&
	       !set_address6(SIOCSIFADDR, "lo", "2001:db8:1::1") &&
	       !set_default_route(name);
}

/* Devices, their addresses and routes come and go. */
void change_device(void)
{
	static const char * const names[] = { "lo", "tun0", "tun0", "tun1" };
	static const int mtus[] = { 68, 100, 576, 1279, 1280, 1500, 65535 };
	const char *name = ONE_OF(names);
	char tun1[] = "tun1";
	int fd;

	place.spoilt = true;
	switch (pick(9)) {
	case 0:
		count_call(set_flags(name, 0));
		break;
	case 1:
		count_call(set_flags(name, IFF_UP | IFF_RUNNING |
					   (one_in(2) ? IFF_MULTICAST : 0)));
		break;
	case 2:
	case 3:
		count_call(set_mtu(name, ONE_OF(mtus)));
		break;
	case 4:
		count_call(set_address(SIOCSIFADDR, name,
				       one_in(2) ? "192.0.2.1" : "192.0.2.3"));
		break;
	case 5:
		count_call(set_address6(one_in(2) ? SIOCSIFADDR : SIOCDIFADDR,
					name, one_in(2) ? "2001:db8::1" :
							  "2001:db8::3"));
		break;
	case 6:
		fd = make_tun(tun1);
		count_call(fd);
		set_flags(tun1, IFF_UP | IFF_RUNNING | IFF_MULTICAST);
		set_address(SIOCSIFADDR, tun1, "192.0.2.1");
		set_default_route(tun1);
		close(fd);
		break;
	case 7:
		count_call(set_default_route(one_in(2) ? tun1 : "lo"));
		break;
	default:
		/* tun0 goes, under whatever waits in it */
		close(place.tun);
		place.tun = make_tun("tun0");
		set_flags("tun0", IFF_UP | IFF_RUNNING | IFF_MULTICAST);
		set_address(SIOCSIFADDR, "tun0", "192.0.2.1");
		set_address6(SIOCSIFADDR, "tun0", "2001:db8::1");
	}
}
