// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets that are bound to a device, as socket(7) says, and members of groups
 * on it: what they hear, and what becomes of them when it gets another name,
 * goes to another namespace or is no more. Scopes of ipv6(7) are devices.
 */
#include "mcast.h"

#define NOBODY	65534

/* The devices d1 and d2, and those at their other ends in a namespace */
FIXTURE(devices) {
	int home, far;
	int tx[2];	/* sends by d1, by d2, from there */
};

EUDP_VARIANTS(devices);
__EUDP6_VARIANTS(devices);

#define ON(net, host)	on(variant->door.version, net, host)

static int __sender(struct __test_metadata *_metadata, const struct door *door,
		    const char *device)
{
	int fd = __sock(_metadata, door->family, door->protocol);

	ASSERT_EQ(0, set_device(fd, device));
	return fd;
}

/* Until it is known here and there who the neighbour is */
static void __meet(struct __test_metadata *_metadata, const int *tx,
		   const struct door *door)
{
	int fd = __bound(_metadata, __sock(_metadata, door->family,
					   door->protocol), door->any, 9), i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, tag_to(tx[i], on(door->version, i + 1, 1), 9, 1));
		ASSERT_EQ(1, take_tag(fd));
	}
	close(fd);
}

FIXTURE_SETUP(devices)
{
	static const char * const names[] = { "d1", "d2" };
	int i;

	enter_namespace(_metadata);
	self->home = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, self->home);
	self->far = another_namespace();
	inside(self->far);
	addresses_at_once();
	inside(self->home);
	addresses_at_once();
	for (i = 0; i < 2; i++) {
		cable(names[i], self->far);
		address(names[i], i + 1, 1);
		inside(self->far);
		address(names[i], i + 1, 2);
		self->tx[i] = __sender(_metadata, &variant->door, names[i]);
		inside(self->home);
	}
	for (i = 0; i < 2; i++) {
		ready_for_groups(names[i]);
		inside(self->far);
		ready_for_groups(names[i]);
		inside(self->home);
	}
	__meet(_metadata, self->tx, &variant->door);
}

FIXTURE_TEARDOWN(devices) {}

/* What @fd hears of a datagram by each device to its address (1, 2), if any */
static const char *__hears(struct __test_metadata *_metadata, const int *tx,
			   const struct door *door, int fd)
{
	int i;

	for (i = 0; i < 2; i++)
		tag_to(tx[i], on(door->version, i + 1, 1), 5000, '1' + i);
	__settle(_metadata);
	return heard(fd);
}

/* ... and to the group */
static const char *__hears_group(struct __test_metadata *_metadata,
				 const int *tx, const struct door *door, int fd)
{
	int i;

	for (i = 0; i < 2; i++)
		tag_to(tx[i], places_of(door->version)->group, 5000, '1' + i);
	__settle(_metadata);
	return heard(fd);
}

#define hears(fd) __hears(_metadata, self->tx, &variant->door, fd)
#define hears_group(fd)	__hears_group(_metadata, self->tx, &variant->door, fd)

/* Which device a socket is bound to, by its name; "errno 19" if it is gone */
static const char *device_of(int fd)
{
	static char name[4][IF_NAMESIZE + 16];
	static unsigned int turn;
	char *s = name[turn++ % 4];
	socklen_t len = IF_NAMESIZE;

	s[0] = '\0';
	if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, s, &len))
		snprintf(s, sizeof(name[0]), "errno %d", errno);
	return s;
}

static int set_index(int fd, int index)
{
	return err_of(set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, index));
}

#define index_of(fd)	get_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX)

/* Each on its own, before bind() or after it */
TEST_F(devices, bound_to)
{
	static const struct {
		int index;	/* -1: the name says it */
		const char *device, *name, *hears;
	} cases[] = {
		{ -1, "", "", "12" }, { -1, "d1", "d1", "1" },
		{ -1, "d2", "d2", "2" }, { -1, "lo", "lo", "" },
		{ 0, "", "", "12" }, { 2, "", "d1", "1" }, { 3, "", "d2", "2" },
		/* Nobody asks whether there is one */
		{ GONE, "", "errno 19", "" },
	};
	unsigned int i;
	int fd;

	ASSERT_EQ(2, if_nametoindex("d1"));
	ASSERT_EQ(3, if_nametoindex("d2"));
	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i / 2];

		fd = sock();
		if (i & 1)
			__bound(_metadata, fd, ANY, 5000);
		EXPECT_EQ(0, c->index < 0 ? err_of(set_device(fd, c->device)) :
			  set_index(fd, c->index));
		if (!(i & 1))
			__bound(_metadata, fd, ANY, 5000);
		EXPECT_STREQ(c->name, device_of(fd));
		EXPECT_EQ(c->index < 0 ? (int)if_nametoindex(c->device) :
			  c->index, index_of(fd));
		EXPECT_STREQ(c->hears, hears(fd))
			TH_LOG("case %d", i);
		close(fd);
	}
}

/* All at one port: a device is before none, and there is no conflict */
TEST_F(devices, beside_each_other)
{
	int any, d1, d2, again;

	any = bound(ANY, 5000);
	again = sock();
	EXPECT_EQ(0, err_of(set_device(again, "d1")));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(again, ANY, 5000)));
	close(any);
	d1 = again;
	__bound(_metadata, d1, ANY, 5000);
	d2 = sock();
	EXPECT_EQ(0, set_index(d2, 3));
	__bound(_metadata, d2, ANY, 5000);
	again = sock();
	EXPECT_EQ(0, set_index(again, 3));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(again, ANY, 5000)));
	EXPECT_STREQ("1", hears(d1));
	EXPECT_STREQ("2", heard(d2));
	/* After bind() it is of no matter to those who have bound */
	EXPECT_EQ(0, set_index(d2, 2));
	EXPECT_EQ(0, set_index(d1, 3));
	EXPECT_STREQ("2", hears(d1));
	EXPECT_STREQ("1", heard(d2));
	/* With SO_REUSEADDR one of none may be there, for what is left */
	reuse(d1);
	reuse(d2);
	any = shared(ANY, 5000);
	EXPECT_STREQ("", hears(any));
	EXPECT_STREQ("2", heard(d1));
	EXPECT_STREQ("1", heard(d2));
	close(d1);
	EXPECT_STREQ("2", hears(any));
	EXPECT_STREQ("1", heard(d2));
}

/* A user may choose a device, and then not another one */
TEST_F(devices, privilege)
{
	int fd = sock(), other = sock();

	EXPECT_EQ(ENODEV, err_of(set_device(fd, "d3")));
	EXPECT_EQ(EINVAL, set_index(fd, -1));
	EXPECT_EQ(0, index_of(fd));
	ASSERT_EQ(0, seteuid(NOBODY));
	EXPECT_EQ(0, err_of(set_device(fd, "d1")));
	EXPECT_EQ(EPERM, err_of(set_device(fd, "d2")));
	EXPECT_EQ(EPERM, err_of(set_device(fd, "")));
	EXPECT_EQ(EPERM, set_index(fd, 2));
	EXPECT_EQ(EPERM, set_index(fd, -1));
	EXPECT_EQ(0, set_index(other, 3));
	EXPECT_EQ(EPERM, set_index(other, 0));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_STREQ("d1", device_of(fd));
	EXPECT_EQ(0, err_of(set_device(fd, "")));
	EXPECT_EQ(0, set_index(other, 0));
}

/* Its name is of no matter to those who have it */
TEST_F(devices, renamed)
{
	int fd = bound(ANY, 5000), peer = sock();

	EXPECT_EQ(0, err_of(set_device(fd, "d1")));
	EXPECT_EQ(0, err_of(set_device(peer, "d1")));
	member(fd, AT.group, "d1");
	joined(peer, ON(1, 2), 5000);
	run("ip link set d1 name e1");
	EXPECT_STREQ("e1", device_of(fd));
	EXPECT_EQ(2, index_of(fd));
	EXPECT_STREQ("1", hears(fd));
	EXPECT_STREQ("1", hears_group(fd));
	EXPECT_EQ(0, tag(peer, 1));
	EXPECT_EQ(ENODEV, err_of(set_device(peer, "d1")));
	EXPECT_EQ(EADDRINUSE, change_on(fd, JOIN, AT.group, NULL, "e1"));
	EXPECT_EQ(0, change_on(fd, LEAVE, AT.group, NULL, "e1"));
	EXPECT_STREQ("", hears_group(fd));
	/* Another one has the name now */
	run("ip link set d2 name d1");
	EXPECT_STREQ("1", hears(fd));
	EXPECT_EQ(0, err_of(set_device(fd, "d1")));
	EXPECT_STREQ("2", hears(fd));
}

/*
 * Without its device a socket hears and sends nothing. What it has received is
 * there, and the end of a membership is as it would be with it.
 */
static void __without_device(struct __test_metadata *_metadata,
			     const struct door *door, int fd, int peer)
{
	const char *group = places_of(door->version)->group;
	int err = door->version == AF_INET6 ? ENETUNREACH : ENODEV;

	EXPECT_EQ(7, take_tag(fd));
	EXPECT_STREQ("errno 19", device_of(fd));
	EXPECT_EQ(2, index_of(fd));
	EXPECT_EQ(err, tag_to(fd, on(door->version, 1, 2), 5000, 1));
	EXPECT_EQ(err, tag_to(fd, group, 5000, 1));
	/* The address that it had is gone, too */
	EXPECT_EQ(ENETUNREACH, tag(peer, 1));
	EXPECT_EQ(0, get_int(peer, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(ENODEV, change_index(fd, JOIN, places_of(door->version)->other,
				       NULL, 2));
	EXPECT_EQ(0, change_index(fd, LEAVE, group, NULL, 2));
	EXPECT_EQ(EADDRNOTAVAIL, change_index(fd, LEAVE, group, NULL, 2));
}

/* A member that is bound to d1, with a datagram in it; and one with a peer */
static int __bound_member(struct __test_metadata *_metadata, const int *tx,
			  const struct door *door)
{
	int fd = __sender(_metadata, door, "d1");

	__member(_metadata, __bound(_metadata, fd, door->any, 5000),
		 places_of(door->version)->group, "d1");
	ASSERT_EQ(0, tag_to(tx[0], on(door->version, 1, 1), 5000, 7));
	ASSERT_LT(0, await(fd, POLLIN));
	return fd;
}

#define bound_member() \
	__bound_member(_metadata, self->tx, &variant->door)
#define without_device(fd, peer) \
	__without_device(_metadata, &variant->door, fd, peer)

/* A device is deleted: its number means nothing until another one gets it */
TEST_F(devices, deleted)
{
	int fd = bound_member(), peer = sock(), other = sock(), d2 = sock();

	EXPECT_EQ(0, err_of(set_device(peer, "d1")));
	joined(peer, ON(1, 2), 5000);
	EXPECT_EQ(0, err_of(set_device(d2, "d2")));
	__bound(_metadata, d2, ANY, 5000);
	/* This one is a member still when it is closed */
	member(other, AT.group, "d1");
	member(other, AT.group, "d2");
	run("ip link del d1");
	without_device(fd, peer);
	close(other);
	EXPECT_STREQ("", hears(fd));
	EXPECT_STREQ("2", heard(d2));
	run("ip link add d1 index 9 type dummy");
	EXPECT_STREQ("errno 19", device_of(fd));
	run("ip link set d1 name e1");
	run("ip link add d1 index 2 type dummy");
	EXPECT_STREQ("d1", device_of(fd));
	address("d1", 1, 1);
	EXPECT_EQ(0, tag_to(fd, ON(1, 2), 5000, 1));
	EXPECT_EQ(0, tag(peer, 1));
	EXPECT_EQ(0, change_on(fd, JOIN, AT.group, NULL, "d1"));
	/* ... or it is taken off */
	close(d2);
	EXPECT_EQ(0, err_of(set_device(fd, "")));
	EXPECT_STREQ("2", hears(fd));
}

/* From the namespace that we are in */
static void __move(struct __test_metadata *_metadata, const char *device,
		   int there)
{
	char text[64];

	snprintf(text, sizeof(text), "ip link set %s netns /proc/self/fd/%d",
		 device, there);
	__run(_metadata, text);
}

#define move(device, there) __move(_metadata, device, there)

/* In another namespace it is nothing to this one's sockets, until it is back */
TEST_F(devices, moved)
{
	int fd = bound_member(), peer = sock(), there, new;

	EXPECT_EQ(0, err_of(set_device(peer, "d1")));
	joined(peer, ON(1, 2), 5000);
	there = another_namespace();
	inside(there);
	addresses_at_once();
	inside(self->home);
	move("d1", there);
	without_device(fd, peer);
	inside(there);
	new = sock();
	EXPECT_EQ(0, err_of(set_device(new, "d1")));
	__bound(_metadata, new, ANY, 5000);
	address("d1", 1, 1);
	ready_for_groups("d1");
	EXPECT_EQ(0, tag_to(new, ON(1, 2), 5000, 1));
	EXPECT_STREQ("1", hears(new));
	EXPECT_STREQ("", heard(fd));
	/* Not a member, though somebody was one who had this device */
	EXPECT_STREQ("", hears_group(new));
	move("d1", self->home);
	EXPECT_STREQ("errno 19", device_of(new));
	inside(self->home);
	ASSERT_EQ(2, if_nametoindex("d1"));
	address("d1", 1, 1);
	ready_for_groups("d1");
	EXPECT_EQ(0, tag(peer, 1));
	EXPECT_STREQ("1", hears(fd));
	EXPECT_STREQ("", heard(new));
	member(fd, AT.group, "d1");
	EXPECT_STREQ("1", hears_group(fd));
}

EUDP6_FIXTURE(scopes)

/* Two devices of the same addresses, fe80::1, with neighbours at fe80::2 */
static void __links(struct __test_metadata *_metadata)
{
	addresses_at_once();
	run("ip link add d1 up type dummy && ip link add d2 up type dummy");
	run("ip addr add fe80::1/64 dev d1 && ip addr add fe80::1/64 dev d2");
	add_address("d1", "fd00::1", 64);
}

/* An address of the link is one of a device, that of the scope or the socket */
TEST_F(scopes, bind)
{
	static const struct {
		const char *device, *ip;
		int err;
		const char *then;	/* the device it is bound to */
	} cases[] = {
		{ "", "fe80::1", EINVAL, "" },
		{ "", "fe80::1%d1", 0, "d1" },
		{ "", "fe80::1%d2", 0, "d2" },
		{ "", "fe80::1%lo", EADDRNOTAVAIL, "lo" },
		{ "", "fe80::3%d1", EADDRNOTAVAIL, "d1" },
		{ "d1", "fe80::1", 0, "d1" },
		{ "d1", "fe80::1%d1", 0, "d1" },
		{ "d1", "fe80::1%d2", 0, "d2" },
		{ "lo", "fe80::1", EADDRNOTAVAIL, "lo" },
		/* Others have none, and what is said is not looked at */
		{ "", "fd00::1%d2", 0, "" },
		{ "", "::%d2", 0, "" },
		{ "d1", "fd00::1%d2", 0, "d1" },
		{ "d2", "fd00::1", 0, "d2" },
		{ "d2", "::1", EADDRNOTAVAIL, "d2" },
	};
	unsigned int i;
	int fd;

	__links(_metadata);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = sock();
		ASSERT_EQ(0, set_device(fd, cases[i].device));
		EXPECT_EQ(cases[i].err, err_of(bind_to(fd, cases[i].ip, 5000)))
			TH_LOG("%s on %s", cases[i].ip, cases[i].device);
		EXPECT_STREQ(cases[i].then, device_of(fd))
			TH_LOG("%s on %s", cases[i].ip, cases[i].device);
		close(fd);
	}
}

/* A peer on the link, the same */
TEST_F(scopes, connect)
{
	static const struct {
		const char *device, *ip;
		int err;
		const char *then;
		const char *peer;
	} cases[] = {
		{ "", "fe80::2", EINVAL, "", NULL },
		{ "", "fe80::2%d1", 0, "d1", "[fe80::2%2]:5000" },
		{ "", "fe80::2%d2", 0, "d2", "[fe80::2%3]:5000" },
		{ "d1", "fe80::2", 0, "d1", "[fe80::2%2]:5000" },
		{ "d1", "fe80::2%d2", EINVAL, "d1", NULL },
		{ "", "fd00::2%d2", 0, "", "[fd00::2]:5000" },
	};
	unsigned int i;
	int fd;

	__links(_metadata);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = sock();
		ASSERT_EQ(0, set_device(fd, cases[i].device));
		EXPECT_EQ(cases[i].err,
			  err_of(connect_to(fd, cases[i].ip, 5000)))
			TH_LOG("%s on %s", cases[i].ip, cases[i].device);
		EXPECT_STREQ(cases[i].then, device_of(fd))
			TH_LOG("%s on %s", cases[i].ip, cases[i].device);
		if (!cases[i].err)
			EXPECT_STREQ(cases[i].peer, peer(fd));
		/* The end of it is the end of the device, however it came */
		EXPECT_EQ(0, err_of(disconnect(fd)));
		EXPECT_STREQ("", device_of(fd));
		close(fd);
	}
}

/* The same address twice, one on each link: sockets, senders and answers */
TEST_F(scopes, two_links)
{
	int home = open("/proc/self/ns/net", O_RDONLY), far, tx, fds[2], fd;

	addresses_at_once();
	far = another_namespace();
	inside(far);
	addresses_at_once();
	inside(home);
	cable("d1", far);
	cable("d2", far);
	add_address("d1", "fe80::1", 64);
	add_address("d2", "fe80::1", 64);
	link_up("d1");
	link_up("d2");
	inside(far);
	add_address("d1", "fe80::2", 64);
	add_address("d2", "fe80::2", 64);
	link_up("d1");
	link_up("d2");
	ready_for_groups("d1");
	ready_for_groups("d2");
	tx = sock();
	inside(home);
	ready_for_groups("d1");
	ready_for_groups("d2");
	fds[0] = bound("fe80::1%d1", 5000);
	fds[1] = bound("fe80::1%d2", 5000);
	inside(far);
	EXPECT_EQ(0, tag_to(tx, "fe80::1%d1", 5000, 1));
	EXPECT_EQ(0, tag_to(tx, "fe80::1%d2", 5000, 2));
	inside(home);
	EXPECT_EQ(1, take_tag(fds[0]));
	EXPECT_EQ(2, take_tag(fds[1]));
	/* Without a scope the routes say which it is */
	inside(far);
	EXPECT_EQ(0, tag_to(tx, "fe80::1", 5000, 3));
	EXPECT_LE(0, who(fds, 2));
	inside(home);
	close(fds[0]);
	close(fds[1]);
	/* One for both is told by which of them */
	fd = bound("::", 5000);
	inside(far);
	tx = joined(bound("fe80::2%d2", 4000), "fe80::1%d2", 5000);
	EXPECT_EQ(0, tag(tx, 3));
	inside(home);
	EXPECT_STREQ("[fe80::2%3]:4000", take_sender(fd));
}

TEST_HARNESS_MAIN
