// SPDX-License-Identifier: GPL-2.0
/* connect(), its undoing, and what it lets in: connect(2), udp(7) */
#include "packet.h"

EUDP_FIXTURE(connect)
EUDP_INET_VARIANT(connect);

/* The peer is what was asked for, the local address is the route's choice */
TEST_F(connect, names)
{
	int fd = sock();

	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(0, err_of(connect_to(fd, "127.0.0.2", 5000)));
	EXPECT_STREQ("127.0.0.2:5000", peer(fd));
	EXPECT_EQ(0, strncmp(local(fd), "127.0.0.1:", 10))
		TH_LOG("%s", local(fd));

	/* A bound address stays */
	fd = bound("127.0.0.3", 5001);
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(0, err_of(connect_to(fd, "127.0.0.2", 5000)));
	EXPECT_STREQ("127.0.0.3:5001", local(fd));
	fd = bound("0.0.0.0", 5002);
	EXPECT_EQ(0, err_of(connect_to(fd, "127.0.0.2", 5000)));
	EXPECT_STREQ("127.0.0.1:5002", local(fd));

	/* 0.0.0.0 is this host */
	fd = joined(sock(), "0.0.0.0", 5000);
	EXPECT_STREQ("127.0.0.1:5000", peer(fd));
	fd = joined(bound("127.0.0.3", 5003), "0.0.0.0", 5000);
	EXPECT_STREQ("127.0.0.3:5000", peer(fd));
}

TEST_F(connect, errors)
{
	static const struct {
		const char *name, *ip;
		int family, len, err;
	} cases[] = {
		{ "exact", "127.0.0.1", AF_INET, 16, 0 },
		{ "longest", "127.0.0.1", AF_INET, 128, 0 },
		{ "too long", "127.0.0.1", AF_INET, 129, EINVAL },
		{ "negative", "127.0.0.1", AF_INET, -1, EINVAL },
		{ "short", "127.0.0.1", AF_INET, 15, EINVAL },
		{ "half a family", "127.0.0.1", AF_INET, 1, EINVAL },
		{ "none", "127.0.0.1", AF_INET, 0, EINVAL },
		{ "inet6", "0.0.0.0", AF_INET6, 28, EAFNOSUPPORT },
		{ "eudp", "127.0.0.1", AF_EUDP, 16, EAFNOSUPPORT },
		{ "short inet6", "0.0.0.0", AF_INET6, 15, EINVAL },
		{ "no route", NOWHERE, AF_INET, 16, ENETUNREACH },
		{ "broadcast", "127.255.255.255", AF_INET, 16, EACCES },
	};
	struct sockaddr_storage ss;
	unsigned int i, old;
	int rx = bound("127.0.0.1", 4000);

	/* On a new socket, and on a connected one, which stays so */
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
		int fd = sock();

		old = i % 2;
		if (old)
			joined(fd, "127.0.0.1", 4000);
		memset(&ss, 0, sizeof(ss));
		*sin = addr(c->ip, 5000);
		sin->sin_family = c->family;
		EXPECT_EQ(c->err, err_of(connect(fd, sa(sin), c->len)))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(!c->err ? "127.0.0.1:5000" :
			     old ? "127.0.0.1:4000" : "errno 107", peer(fd))
			TH_LOG("%s", c->name);
		if (c->err) {
			EXPECT_EQ(old ? 0 : EDESTADDRREQ, tag(fd, i + 1))
				TH_LOG("%s", c->name);
			if (old)
				EXPECT_EQ(i + 1, take_tag(rx));
		}
		close(fd);
	}
	EXPECT_EQ(EFAULT, err_of(connect(sock(), NULL, 16)));
}

/*
 * socket(7): sending to a broadcast address takes SO_BROADCAST. Who is refused
 * keeps the peer that he had; who is connected needs it no longer.
 */
TEST_F(connect, broadcast)
{
	int fd = sock(), rx = bound("127.0.0.1", 5001);

	EXPECT_EQ(EACCES, err_of(connect_to(fd, "127.255.255.255", 5000)));
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, err_of(connect_to(fd, "127.255.255.255", 5000)));
	EXPECT_STREQ("127.255.255.255:5000", peer(fd));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 0));
	EXPECT_EQ(0, tag(fd, 1));

	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(EACCES, err_of(connect_to(fd, "127.255.255.255", 5000)));
	EXPECT_STREQ("127.0.0.1:5001", peer(fd));
	EXPECT_EQ(0, tag(fd, 2));
	EXPECT_EQ(2, take_tag(rx));
}

/* A connected socket hears its peer only; others are refused */
TEST_F(connect, filter)
{
	int a = bound("127.0.0.1", 5001), b = bound("127.0.0.1", 5002);
	int c = bound("127.0.0.2", 5001), fd = bound("127.0.0.1", 5000);
	int d = bound("127.0.0.1", 5003);

	/* What came before the connect stays in the queue */
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 1));
	settle();
	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 2));
	EXPECT_EQ(0, tag_to(c, "127.0.0.1", 5000, 3));
	EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 4));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(4, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));

	/* As if nobody were there */
	joined(d, "127.0.0.1", 5000);
	EXPECT_EQ(0, tag(d, 5));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(d, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EAGAIN, silent(fd));

	/* Both ends connected */
	joined(a, "127.0.0.1", 5000);
	EXPECT_EQ(0, tag(a, 6));
	EXPECT_EQ(6, take_tag(fd));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(a));
}

/* connect(2): a datagram socket may change its peer at any time */
TEST_F(connect, again)
{
	int a = bound("127.0.0.1", 5001), b = bound("127.0.0.1", 5002);
	int fd = bound("0.0.0.0", 5000);

	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 2));
	joined(fd, "127.0.0.1", 5002);
	EXPECT_STREQ("127.0.0.1:5002", peer(fd));
	EXPECT_STREQ("127.0.0.1:5000", local(fd));
	EXPECT_EQ(0, tag(fd, 3));
	EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 4));
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 5));
	EXPECT_EQ(1, take_tag(a));
	EXPECT_EQ(3, take_tag(b));
	EXPECT_EQ(2, take_tag(fd));
	EXPECT_EQ(5, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(EAGAIN, silent(a));
}

/* The local address that the first connect chose stays for the next one */
TEST_F(connect, again_keeps_source)
{
	int rx = bound("0.0.0.0", 5001), fd = bound("0.0.0.0", 5000);
	struct sockaddr_in from = {};
	socklen_t len = sizeof(from);
	char byte;

	add_address("lo", "10.9.9.1", 24);
	joined(fd, "10.9.9.1", 5001);
	EXPECT_STREQ("10.9.9.1:5000", local(fd));
	joined(fd, "127.0.0.1", 5001);
	EXPECT_STREQ("10.9.9.1:5000", local(fd));
	EXPECT_EQ(0, tag(fd, 1));
	ASSERT_EQ(POLLIN, await(rx, POLLIN));
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, 0, sa(&from), &len));
	EXPECT_STREQ("10.9.9.1:5000", show(0, &from));
	/* Unless it was let go in between */
	EXPECT_EQ(0, err_of(disconnect(fd)));
	joined(fd, "127.0.0.1", 5001);
	EXPECT_STREQ("127.0.0.1:5000", local(fd));
}

/*
 * connect(2): AF_UNSPEC dissolves the association. What bind gave stays, what
 * connect or send chose goes, be it the address or the port.
 */
TEST_F(connect, disconnect)
{
	static const struct {
		const char *name, *ip, *after;
		int port;
	} cases[] = {
		{ "not bound", NULL, "0.0.0.0:0", 0 },
		{ "any port", "0.0.0.0", "0.0.0.0:0", 0 },
		{ "address", "127.0.0.2", "127.0.0.2:0", 0 },
		{ "port", "0.0.0.0", "0.0.0.0:5000", 5000 },
		{ "both", "127.0.0.2", "127.0.0.2:5000", 5000 },
	};
	unsigned int i, len;
	int rx = bound("127.0.0.1", 5001);

	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		struct sockaddr_in un = { .sin_family = AF_UNSPEC };
		int fd = sock(), port, two = sock();

		if (c->ip)
			ASSERT_EQ(0, bind_to(fd, c->ip, c->port));
		joined(fd, "127.0.0.1", 5001);
		port = port_of(fd);
		/* Enough for a family is enough */
		len = i % 2 ? sizeof(un) : sizeof(un.sin_family);
		EXPECT_EQ(0, err_of(connect(fd, sa(&un), len)));
		EXPECT_STREQ(c->after, local(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ("errno 107", peer(fd));
		EXPECT_EQ(c->port ? EADDRINUSE : 0,
			  err_of(bind_to(two, "0.0.0.0", port)))
			TH_LOG("%s", c->name);
		EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
		/* It works on, and may be bound if it was not */
		EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5001, 2));
		EXPECT_EQ(2, take_tag(rx));
		EXPECT_LT(0, port_of(fd));
		EXPECT_EQ(0, err_of(disconnect(fd)));
		EXPECT_STREQ(c->after, local(fd))
			TH_LOG("%s", c->name);
		if (!c->port) {
			EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.3", 5003)))
				TH_LOG("%s", c->name);
			EXPECT_STREQ("127.0.0.3:5003", local(fd));
		}
		close(fd);
		close(two);
	}
}

/* Once disconnected everybody is heard, and what is queued stays */
TEST_F(connect, disconnect_opens)
{
	int a = bound("127.0.0.1", 5001), b = bound("127.0.0.2", 5002);
	int fd = bound("0.0.0.0", 5000);

	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 2));
	settle();
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 3));
	EXPECT_EQ(0, tag_to(b, "127.0.0.2", 5000, 4));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(3, take_tag(fd));
	EXPECT_EQ(4, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* An automatic port that is given up hears nothing any more */
TEST_F(connect, disconnect_frees_port)
{
	int a = bound("127.0.0.1", 5001), fd = sock(), port;

	joined(fd, "127.0.0.1", 5001);
	port = port_of(fd);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	joined(a, "127.0.0.1", port);
	EXPECT_EQ(0, tag(a, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(a, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* An oddity: disconnecting undoes SO_BINDTODEVICE as well */
TEST_F(connect, disconnect_frees_device)
{
	char name[IFNAMSIZ] = "x";
	socklen_t len = sizeof(name);
	int fd = sock();

	ASSERT_EQ(0, set_device(fd, "lo"));
	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_STREQ("lo", name);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	len = sizeof(name);
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_EQ(0, len);
}

/*
 * Port 0 is accepted, and is as good as no peer for getpeername; datagrams
 * come in from every port of that address, and from no other address.
 */
TEST_F(connect, port_zero)
{
	int a = bound("127.0.0.1", 5001), b = bound("127.0.0.1", 5002);
	int c = bound("127.0.0.2", 5001), fd = bound("127.0.0.1", 5000);

	EXPECT_EQ(0, err_of(connect_to(fd, "127.0.0.1", 0)));
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(0, tag_to(a, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, tag_to(c, "127.0.0.1", 5000, 2));
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 3));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(3, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* send() does go out, to port 0, and nobody is there */
	EXPECT_EQ(0, tag(fd, 4));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(fd, SOL_SOCKET, SO_ERROR));
}

/* With an address, a connected socket sends there, and stays connected */
TEST_F(connect, explicit_address)
{
	int a = bound("127.0.0.1", 5001), b = bound("127.0.0.1", 5002);
	int fd = bound("127.0.0.1", 5000);

	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5002, 1));
	EXPECT_EQ(1, take_tag(b));
	EXPECT_STREQ("127.0.0.1:5001", peer(fd));
	EXPECT_EQ(0, tag(fd, 2));
	EXPECT_EQ(0, err_of(sendto(fd, "\3", 1, 0, NULL, 0)));
	EXPECT_EQ(2, take_tag(a));
	EXPECT_EQ(3, take_tag(a));
	/* The answer is not heard */
	EXPECT_EQ(0, tag_to(b, "127.0.0.1", 5000, 4));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(EAGAIN, silent(b));
}

/* A socket may be its own peer */
TEST_F(connect, self)
{
	int fd = bound("127.0.0.1", 5000);

	joined(fd, "127.0.0.1", 5000);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
}

/* The route that connect remembered is not used once it is gone */
TEST_F(connect, route_changes)
{
	int fd;

	run("ip link add d0 type dummy");
	add_address("d0", "10.9.9.1", 24);
	link_up("d0");
	fd = joined(sock(), "10.9.9.2", 5000);
	EXPECT_EQ(0, strncmp(local(fd), "10.9.9.1:", 9));
	EXPECT_EQ(0, tag(fd, 1));
	run("ip route del 10.9.9.0/24 dev d0");
	EXPECT_EQ(ENETUNREACH, tag(fd, 2));
	run("ip route add prohibit 10.9.9.0/24");
	EXPECT_EQ(EACCES, tag(fd, 3));
	run("ip route change unreachable 10.9.9.0/24");
	EXPECT_EQ(EHOSTUNREACH, tag(fd, 4));
	run("ip route change blackhole 10.9.9.0/24");
	EXPECT_EQ(EINVAL, tag(fd, 5));
	run("ip route change 10.9.9.0/24 dev d0");
	EXPECT_EQ(0, tag(fd, 6));
	EXPECT_STREQ("10.9.9.2:5000", peer(fd));
}

/* The device gives it no address; when there is one, it hears what is for that. */
TEST_F(connect, without_address)
{
	struct packet p;
	int t, fd;

	t = __open_tap(_metadata, IFF_TAP | IFF_NO_PI);
	link_up("tap0");
	fd = sock();
	ASSERT_EQ(0, set_device(fd, "tap0"));
	joined(fd, YOU, 4000);
	EXPECT_EQ(0, strncmp("0.0.0.0:", local(fd), 8)) TH_LOG("%s", local(fd));
	__set_up_tap(_metadata, t);
	make(&p, &variant->door, atoi(local(fd) + 8), "hello", 5);
	inject(t, &p);
	EXPECT_TRUE(await(fd, POLLIN));
	EXPECT_EQ(5, recv(fd, &p, 5, MSG_DONTWAIT));
	/* from somebody else not */
	make(&p, &variant->door, atoi(local(fd) + 8), "hello", 5);
	head_of(&p)->source = htons(4001);
	resum(&p);
	inject(t, &p);
	settle();
	EXPECT_EQ(EAGAIN, silent(fd));
}

TEST_HARNESS_MAIN
