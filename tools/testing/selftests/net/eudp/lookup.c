// SPDX-License-Identifier: GPL-2.0
/*
 * Which socket a datagram goes to: the one that matches most of its addresses,
 * ports and device; among equals the one that was bound last
 */
#include "lib.h"

EUDP_FIXTURE(lookup)

#define MANY 64

struct rank {
	const char *name, *ip;
	const char *device;
	int peer;	/* port of the peer, 0 for any, -1 for no connect */
};

/* Best first: each is beaten by those above it whatever the order of birth */
static const struct rank ranks[] = {
	{ "connected, device", "127.0.0.1", "lo", 6000 },
	{ "connected", "127.0.0.1", NULL, 6000 },
	{ "connected to any port", "127.0.0.1", NULL, 0 },
	{ "address", "127.0.0.1", NULL, -1 },
	{ "wildcard, device", "0.0.0.0", "lo", -1 },
	{ "wildcard", "0.0.0.0", NULL, -1 },
};

/* As above, but what counts a device as much as a connection is left out */
static const struct rank device_ranks[] = {
	{ "connected", "127.0.0.1", NULL, 6000 },
	{ "address, device", "127.0.0.1", "lo", -1 },
	{ "address", "127.0.0.1", NULL, -1 },
	{ "wildcard, device", "0.0.0.0", "lo", -1 },
	{ "wildcard", "0.0.0.0", NULL, -1 },
};

static void __ranking(struct __test_metadata *_metadata,
		      const struct door *door, const struct rank *r, int n)
{
	int tx = __sock(_metadata, door->family, door->protocol);
	int fds[8], order, i, k;

	ASSERT_EQ(0, bind_to(tx, "127.0.0.1", 6000));
	for (order = 0; order < 2 * n; order++) {
		/* Each is first once, forwards and backwards from there */
		for (k = 0; k < n; k++) {
			i = order < n ? (order + k) % n :
				(2 * n + order - k) % n;
			fds[i] = __reuse(_metadata,
					 __sock(_metadata, door->family,
						door->protocol));
			if (r[i].device)
				ASSERT_EQ(0, set_device(fds[i], r[i].device));
			ASSERT_EQ(0, bind_to(fds[i], r[i].ip, 5000));
			if (r[i].peer >= 0)
				ASSERT_EQ(0, connect_to(fds[i], "127.0.0.1",
							r[i].peer));
		}
		/* The best one is closed, and the next takes its place */
		for (i = 0; i < n; i++) {
			EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
			EXPECT_EQ(i, who(fds, n))
				TH_LOG("%s, order %d", r[i].name, order);
			close(fds[i]);
			fds[i] = -1;
		}
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
		EXPECT_EQ(-1, who(fds, n));
	}
}

TEST_F(lookup, ranking)
{
	__ranking(_metadata, &variant->door, ranks, ARRAY_SIZE(ranks));
}

TEST_F(lookup, device_ranking)
{
	__ranking(_metadata, &variant->door, device_ranks,
		  ARRAY_SIZE(device_ranks));
}

/* The best of the rest is found for those whom the best does not hear */
TEST_F(lookup, strangers)
{
	int fds[] = { shared("127.0.0.1", 5000), shared("127.0.0.1", 5000),
		      shared("0.0.0.0", 5000) };
	int tx = bound("127.0.0.1", 6000), other = bound("127.0.0.2", 6000);

	joined(fds[1], "127.0.0.1", 6000);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, who(fds, 3));
	EXPECT_EQ(0, tag_to(other, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.2", 5000, 1));
	EXPECT_EQ(2, who(fds, 3));
}

/* Both doors lead to one table: sockets of either get what is theirs */
TEST_F(lookup, doors)
{
	int fds[3], tx = bound("127.0.0.1", 6000), otx = other_sock();

	ASSERT_EQ(0, bind_to(otx, "127.0.0.1", 6001));
	fds[0] = shared("0.0.0.0", 5000);
	fds[1] = reuse(other_sock());
	ASSERT_EQ(0, bind_to(fds[1], "127.0.0.1", 5000));
	fds[2] = joined(shared("127.0.0.1", 5000), "127.0.0.1", 6001);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.2", 5000, 1));
	EXPECT_EQ(0, who(fds, 3));
	EXPECT_EQ(0, tag_to(otx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(2, who(fds, 3));
	EXPECT_EQ(0, tag_to(otx, "127.0.0.2", 5000, 1));
	EXPECT_EQ(0, who(fds, 3));
}

/* Among equals, by SO_REUSEADDR, the last that was bound gets all */
TEST_F(lookup, ties)
{
	static const char * const ips[] = { "0.0.0.0", "127.0.0.1" };
	int fds[MANY], tx = sock(), i;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(ips); k++) {
		for (i = 0; i < MANY; i++) {
			fds[i] = shared(ips[k], 5000);
			EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
			EXPECT_EQ(i, who(fds, i + 1));
		}
		/* An old one is closed: no change. The last one is: change */
		close(fds[0]);
		fds[0] = -1;
		for (i = MANY - 1; i > 0; i--) {
			EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
			EXPECT_EQ(i, who(fds, MANY));
			close(fds[i]);
			fds[i] = -1;
		}
	}
}

/* Of two that are connected alike, too: bind decides, not connect */
TEST_F(lookup, connected_ties)
{
	int tx = bound("127.0.0.1", 6000);
	int fds[] = { shared("127.0.0.1", 5000), shared("127.0.0.1", 5000) };

	joined(fds[1], "127.0.0.1", 6000);
	joined(fds[0], "127.0.0.1", 6000);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, who(fds, 2));
}

/* SO_BINDTODEVICE on a connected socket makes it the better match at once. */
TEST_F(lookup, connected_then_device)
{
	int tx = bound("127.0.0.1", 6000);
	int fds[] = { shared("127.0.0.1", 5000), shared("127.0.0.1", 5000) };

	joined(fds[0], "127.0.0.1", 6000);
	joined(fds[1], "127.0.0.1", 6000);
	ASSERT_EQ(0, set_device(fds[0], "lo"));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, who(fds, 2));
}

/*
 * If connect gave them their address it decides: the last to get it is first.
 * Disconnecting counts as getting one as well. In-kernel UDP keeps to the old
 * order if both addresses happen to share a hash slot, hence several ports.
 */
TEST_F(lookup, ties_after_rehash)
{
	int tx = bound("127.0.0.1", 6000), port, connects = 0, disconnects = 0;

	for (port = 5000; port < 5018; port++) {
		int fds[] = { shared("0.0.0.0", port), shared("0.0.0.0", port) };

		joined(fds[1], "127.0.0.1", 6000);
		joined(fds[0], "127.0.0.1", 6000);
		if (port % 2) {
			EXPECT_EQ(0, tag_to(tx, "127.0.0.1", port, 1));
			connects += who(fds, 2) == 0;
			continue;
		}
		/*
		 * Not after a datagram: a connected socket that got one is
		 * preferred on that processor ever after (SO_INCOMING_CPU)
		 */
		EXPECT_EQ(0, err_of(disconnect(fds[1])));
		EXPECT_EQ(0, err_of(disconnect(fds[0])));
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", port, 1));
		disconnects += who(fds, 2) == 0;
	}
	EXPECT_LE(7, connects);
	EXPECT_LE(7, disconnects);
}

/* Of many connected sockets on one port each hears its own peer */
TEST_F(lookup, many_connected)
{
	int fds[MANY + 1], peers[MANY], i, stranger = sock();

	fds[MANY] = shared("127.0.0.1", 5000);
	for (i = 0; i < MANY; i++) {
		peers[i] = bound(i % 2 ? "127.0.0.1" : "127.0.0.2", 6000 + i);
		fds[i] = joined(shared(i % 4 < 2 ? "0.0.0.0" : "127.0.0.1",
				       5000),
				i % 2 ? "127.0.0.1" : "127.0.0.2", 6000 + i);
	}
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, tag_to(peers[i], "127.0.0.1", 5000, i + 1));
	EXPECT_EQ(0, tag_to(stranger, "127.0.0.1", 5000, 100));
	EXPECT_EQ(100, take_tag(fds[MANY]));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(i + 1, take_tag(fds[i]));
	/* Nothing else came; one less, and its peer is a stranger */
	EXPECT_EQ(-1, who(fds, MANY + 1));
	for (i = 0; i < MANY; i += 7) {
		close(fds[i]);
		fds[i] = -1;
		EXPECT_EQ(0, tag_to(peers[i], "127.0.0.1", 5000, i));
		EXPECT_EQ(MANY, who(fds, MANY + 1));
	}
}

/* connect and disconnect move a socket, whoever else is on the port */
TEST_F(lookup, rehash)
{
	int a = bound("127.0.0.1", 6000), b = bound("127.0.0.1", 6001);
	int fds[] = { shared("0.0.0.0", 5000), shared("0.0.0.0", 5000) }, i;

	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, tag_to(a, "127.0.0.2", 5000, 1));
		EXPECT_LE(0, who(fds, 2));
		joined(fds[0], "127.0.0.1", 6000);
		EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 1));
		EXPECT_EQ(0, who(fds, 2));
		EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 1));
		EXPECT_EQ(1, who(fds, 2));
		/* It has an address now, and this is not it */
		EXPECT_EQ(0, tag_to(a, "127.0.0.2", 5000, 1));
		EXPECT_EQ(1, who(fds, 2));
		joined(fds[0], "127.0.0.1", 6001);
		EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 1));
		EXPECT_EQ(1, who(fds, 2));
		EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 1));
		EXPECT_EQ(0, who(fds, 2));
		EXPECT_EQ(0, err_of(disconnect(fds[0])));
	}
	close(fds[1]);
	fds[1] = -1;
	EXPECT_EQ(0, tag_to(b, "127.0.0.2", 5000, 1));
	EXPECT_EQ(0, who(fds, 2));
}

/* Addresses of one host are not one another */
TEST_F(lookup, addresses)
{
	int fds[] = { bound("127.0.0.1", 5000), bound("127.0.0.2", 5000),
		      bound("0.0.0.0", 5001) };
	int tx = sock();

	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.2", 5000, 1));
	EXPECT_EQ(1, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.3", 5000, 1));
	EXPECT_EQ(-1, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.3", 5001, 1));
	EXPECT_EQ(2, who(fds, 3));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5002, 1));
	EXPECT_EQ(-1, who(fds, 3));
}

/* A socket of another device gets nothing, and changes with its device */
TEST_F(lookup, device)
{
	int fds[] = { bound("0.0.0.0", 5000) }, tx = sock();

	run("ip link add d0 type dummy");
	ASSERT_EQ(0, set_device(fds[0], "d0"));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(-1, who(fds, 1));
	joined(tx, "127.0.0.1", 5000);
	EXPECT_EQ(0, tag(tx, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(tx, SOL_SOCKET, SO_ERROR));
	ASSERT_EQ(0, set_device(fds[0], "lo"));
	EXPECT_EQ(0, tag(tx, 1));
	EXPECT_EQ(0, who(fds, 1));
	ASSERT_EQ(0, set_device(fds[0], ""));
	EXPECT_EQ(0, tag(tx, 1));
	EXPECT_EQ(0, who(fds, 1));
}

TEST_HARNESS_MAIN
