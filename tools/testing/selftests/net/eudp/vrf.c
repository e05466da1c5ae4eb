// SPDX-License-Identifier: GPL-2.0
/*
 * Who takes datagrams that come in through a VRF: sockets bound to it or to
 * the device in it, and those bound to no device if l3mdev_accept says so, see
 * Documentation/networking/vrf.rst.
 */
#include "netns.h"

#define PORT	5000
#define INSIDE	0	/* the network behind d0, which is in the VRF red */
#define OUTSIDE	1	/* the one behind d1, which is in none */

/* blue is a VRF with nothing in it */
FIXTURE(vrf) {
	int home, far;
};

EUDP_VARIANTS(vrf);
__EUDP6_VARIANTS(vrf);

FIXTURE_SETUP(vrf)
{
	static const char * const names[] = { "d0", "d1" };
	int i;

	enter_namespace(_metadata);
	self->home = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, self->home);
	self->far = another_namespace();
	addresses_at_once();
	/* else a refusal may not be told, since others were just before */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/icmp_ratelimit", "0"));
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/icmp/ratelimit", "0"));
	run("ip link add red up type vrf table 100");
	run("ip link add blue up type vrf table 101");
	for (i = 0; i < 2; i++) {
		cable(names[i], self->far);
		/* a device that enters a VRF loses its addresses of IPv6 */
		if (i == INSIDE)
			run("ip link set d0 master red");
		address(names[i], i, 1);
		inside(self->far);
		addresses_at_once();
		address(names[i], i, 2);
		inside(self->home);
	}
}

FIXTURE_TEARDOWN(vrf) {}

/* Of this kind of socket; prefix is the rest of the knob's path */
static void __accept(struct __test_metadata *_metadata, const char *prefix,
		     const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "%sl3mdev_accept", prefix);
	ASSERT_EQ(0, write_file(path, value));
}

/* One that hears every address, by this device if any */
static int __hearer(struct __test_metadata *_metadata, const struct door *door,
		    const char *device)
{
	int fd = __sock(_metadata, door->family, door->protocol);

	if (device)
		ASSERT_EQ(0, set_device(fd, device));
	return __bound(_metadata, fd, door->any, PORT);
}

/* A datagram from there to our address in that network: 0, or what is told */
static int __asks(struct __test_metadata *_metadata, int home, int far,
		  const struct door *door, int net, int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN } };
	int asker, err;

	inside(far);
	asker = __joined(_metadata, __sock(_metadata, door->family,
					   door->protocol),
			 on(door->version, net, 1), PORT);
	ASSERT_EQ(0, tag(asker, 'a'));
	inside(home);
	fds[1].fd = asker;
	ASSERT_EQ(1, poll(fds, 2, SOON_MS));
	err = fds[0].revents ? take_tag(fd) != 'a' :
	      get_int(asker, SOL_SOCKET, SO_ERROR);
	close(asker);
	return err;
}

#define l3mdev_accept(value) \
	__accept(_metadata, variant->door.sysctl, value)
#define hearer(device)	__hearer(_metadata, &variant->door, device)
#define asks(net, fd) \
	__asks(_metadata, self->home, self->far, &variant->door, net, fd)

/* What changes while a socket is there counts from then on */
TEST_F(vrf, unbound)
{
	int fd = hearer(NULL);

	l3mdev_accept("0");
	EXPECT_EQ(ECONNREFUSED, asks(INSIDE, fd));
	EXPECT_EQ(0, asks(OUTSIDE, fd));
	l3mdev_accept("1");
	EXPECT_EQ(0, asks(INSIDE, fd));
	EXPECT_EQ(0, asks(OUTSIDE, fd));
	l3mdev_accept("0");
	EXPECT_EQ(ECONNREFUSED, asks(INSIDE, fd));
}

/* Who has set the knob of UDP for his program need not set another one */
TEST_F(vrf, as_udp_is_told)
{
	int fd = hearer(NULL);

	l3mdev_accept("0");
	__accept(_metadata, "/proc/sys/net/ipv4/udp_", "1");
	EXPECT_EQ(0, asks(INSIDE, fd));
}

/* Whatever the knob says */
TEST_F(vrf, bound)
{
	static const struct {
		const char *device;
		int inside, outside;
	} cases[] = {
		{ "red", 0, ECONNREFUSED },
		{ "d0", 0, ECONNREFUSED },
		{ "blue", ECONNREFUSED, ECONNREFUSED },
		{ "d1", ECONNREFUSED, 0 },
	};
	unsigned int i;
	int fd;

	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		l3mdev_accept(i & 1 ? "1" : "0");
		fd = hearer(cases[i / 2].device);
		EXPECT_EQ(cases[i / 2].inside, asks(INSIDE, fd))
			TH_LOG("case %u", i);
		EXPECT_EQ(cases[i / 2].outside, asks(OUTSIDE, fd))
			TH_LOG("case %u", i);
		close(fd);
	}
}

/*
 * A broadcast of who is bound to the VRF: IP_UNICAST_IF says by which of its
 * devices it leaves. IPv6 knows none.
 */
TEST_F(vrf, broadcast)
{
	static const char * const names[] = { "d0", "d2" };
	int fd, hears[2], i;

	if (variant->door.version != AF_INET)
		return;
	cable("d2", self->far);
	run("ip link set d2 master red");
	inside(self->far);
	address("d2", 2, 2);
	/* the last one that comes up can send at once */
	inside(self->home);
	address("d2", 2, 1);
	inside(self->far);
	for (i = 0; i < 2; i++)
		hears[i] = hearer(names[i]);
	inside(self->home);
	fd = sock();
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, set_device(fd, "red"));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(0, set_int(fd, SOL_IP, IP_UNICAST_IF,
				     htonl(if_nametoindex(names[i % 2]))));
		EXPECT_EQ(0, tag_to(fd, "255.255.255.255", PORT, 'a' + i));
		EXPECT_EQ('a' + i, take_tag(hears[i % 2]));
		EXPECT_EQ(0, ready(hears[(i + 1) % 2], POLLIN));
	}
}

TEST_HARNESS_MAIN
