// SPDX-License-Identifier: GPL-2.0
/* bind(), the choice of ports and who may have which: bind(2), ip(7), udp(7) */
#include "lib.h"

#define RANGE		"/proc/sys/net/ipv4/ip_local_port_range"
#define RESERVED	"/proc/sys/net/ipv4/ip_local_reserved_ports"
#define UNPRIVILEGED	"/proc/sys/net/ipv4/ip_unprivileged_port_start"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

EUDP_FIXTURE(bind)
EUDP_INET_VARIANT(bind);

/* What socket() makes; only the protocol tells the doors apart */
TEST_F(bind, socket_facts)
{
	const struct door *d = &variant->door;
	int fd = sock();

	EXPECT_EQ(SOCK_DGRAM, get_int(fd, SOL_SOCKET, SO_TYPE));
	EXPECT_EQ(AF_INET, get_int(fd, SOL_SOCKET, SO_DOMAIN));
	EXPECT_EQ(d->wire, get_int(fd, SOL_SOCKET, SO_PROTOCOL));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);

	fd = socket(d->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    d->protocol);
	ASSERT_LE(0, fd);
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(bind, explicit_port)
{
	int fd = sock();

	EXPECT_STREQ("0.0.0.0:0", local(fd));
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", 5000));
	EXPECT_STREQ("127.0.0.1:5000", local(fd));
	EXPECT_STREQ("0.0.0.0:5001", local(bound("0.0.0.0", 5001)));
}

/* Errors, and what is looked at first */
TEST_F(bind, errors)
{
	static const struct {
		const char *name, *ip;
		int family, port, len, err;
	} cases[] = {
		{ "exact", "127.0.0.1", AF_INET, 5000, 16, 0 },
		{ "longer", "127.0.0.1", AF_INET, 5000, 28, 0 },
		{ "longest", "127.0.0.1", AF_INET, 5000, 128, 0 },
		{ "too long", "127.0.0.1", AF_INET, 5000, 129, EINVAL },
		{ "negative", "127.0.0.1", AF_INET, 5000, -1, EINVAL },
		{ "short", "127.0.0.1", AF_INET, 5000, 15, EINVAL },
		{ "none", "127.0.0.1", AF_INET, 5000, 0, EINVAL },
		/* for old programs that leave the family out */
		{ "unspec any", "0.0.0.0", AF_UNSPEC, 5000, 16, 0 },
		{ "unspec", "127.0.0.1", AF_UNSPEC, 5000, 16, EAFNOSUPPORT },
		{ "inet6", "0.0.0.0", AF_INET6, 5000, 28, EAFNOSUPPORT },
		{ "eudp", "0.0.0.0", AF_EUDP, 5000, 16, EAFNOSUPPORT },
		{ "foreign", NOWHERE, AF_INET, 5000, 16, EADDRNOTAVAIL },
		{ "short inet6", "0.0.0.0", AF_INET6, 5000, 15, EINVAL },
		{ "loopback net", "127.1.2.3", AF_INET, 5000, 16, 0 },
		{ "broadcast", "127.255.255.255", AF_INET, 5000, 16, 0 },
		{ "last port", "127.0.0.1", AF_INET, 65535, 16, 0 },
		{ "first port", "127.0.0.1", AF_INET, 1, 16, 0 },
	};
	struct sockaddr_storage ss;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];
		struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
		char want[32];
		int fd = sock();

		memset(&ss, 0, sizeof(ss));
		*sin = addr(c->ip, c->port);
		sin->sin_family = c->family;
		EXPECT_EQ(c->err, err_of(bind(fd, sa(sin), c->len)))
			TH_LOG("%s", c->name);
		snprintf(want, sizeof(want), "%s:%d",
			 c->err ? "0.0.0.0" : c->ip, c->err ? 0 : c->port);
		EXPECT_STREQ(want, local(fd))
			TH_LOG("%s", c->name);
		/* A bind that failed leaves the socket as it was */
		if (c->err) {
			EXPECT_EQ(0, bind_to(fd, "127.0.0.1", 5000))
				TH_LOG("%s", c->name);
		}
		close(fd);
	}
	EXPECT_EQ(EFAULT, err_of(bind(sock(), NULL, 16)));
}

/* A socket is bound once: by bind, or by the autobind of send and connect */
TEST_F(bind, twice)
{
	int fd = bound("127.0.0.1", 5000);

	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "127.0.0.1", 5000)));
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "127.0.0.1", 5001)));
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "0.0.0.0", 0)));
	/* The address is looked at before that */
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(fd, NOWHERE, 5001)));
	EXPECT_STREQ("127.0.0.1:5000", local(fd));

	fd = sock();
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "127.0.0.1", 5001)));
	fd = joined(sock(), "127.0.0.1", 5000);
	EXPECT_EQ(EINVAL, err_of(bind_to(fd, "127.0.0.1", 5001)));
}

/* ip(7): a port below ip_unprivileged_port_start takes a capability */
TEST_F(bind, privileged)
{
	int fd;

	EXPECT_EQ(0, err_of(bind_to(sock(), "127.0.0.1", 1023)));
	ASSERT_EQ(0, setegid(65534));
	ASSERT_EQ(0, seteuid(65534));
	fd = sock();
	EXPECT_EQ(EACCES, err_of(bind_to(fd, "127.0.0.1", 1)));
	EXPECT_EQ(EACCES, err_of(bind_to(fd, "127.0.0.1", 1023)));
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(fd, NOWHERE, 1)));
	EXPECT_STREQ("0.0.0.0:0", local(fd));
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.1", 1024)));
	/* Already bound comes after it */
	EXPECT_EQ(EACCES, err_of(bind_to(fd, "127.0.0.1", 1)));

	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, write_file(UNPRIVILEGED, "53"));
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(EACCES, err_of(bind_to(sock(), "127.0.0.1", 52)));
	EXPECT_EQ(0, err_of(bind_to(sock(), "127.0.0.1", 53)));
}

/*
 * Two sockets have the same port only if their addresses differ and neither is
 * the wildcard, or both have SO_REUSEADDR, whoever set it first
 */
TEST_F(bind, conflicts)
{
	static const struct {
		const char *first, *second;
		bool clash;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0", true },
		{ "0.0.0.0", "127.0.0.1", true },
		{ "127.0.0.1", "0.0.0.0", true },
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.2", "127.0.0.1", false },
	};
	unsigned int i, how;

	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		const typeof(cases[0]) *c = &cases[i / 4];
		int one = sock(), two = sock(), three = other_sock(), err;

		how = i % 4;
		if (how & 1)
			reuse(one);
		if (how & 2) {
			reuse(two);
			reuse(three);
		}
		err = c->clash && how != 3 ? EADDRINUSE : 0;
		EXPECT_EQ(0, err_of(bind_to(one, c->first, 5000)));
		EXPECT_EQ(err, err_of(bind_to(two, c->second, 5000)))
			TH_LOG("%s, then %s, SO_REUSEADDR on %d", c->first,
			       c->second, how);
		/* Another port is free, and what failed is as it was */
		if (err) {
			EXPECT_STREQ("0.0.0.0:0", local(two));
			EXPECT_EQ(0, err_of(bind_to(two, c->second, 5001)));
		}
		close(two);
		/* Both doors lead to one house */
		EXPECT_EQ(err, err_of(bind_to(three, c->second, 5000)));
		close(three);
		close(one);
	}
}

/* What counts is the option now, not that at the time of bind */
TEST_F(bind, reuse_changed)
{
	static const char * const ips[] = { "0.0.0.0", "127.0.0.1" };
	int i;

	for (i = 0; i < 4; i++) {
		const char *first = ips[i / 2], *then = ips[i % 2];
		int one = bound(first, 5000), two = reuse(sock());
		int three = reuse(sock()), four = sock();

		EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, then, 5000)));
		reuse(one);
		EXPECT_EQ(0, err_of(bind_to(two, then, 5000)))
			TH_LOG("%s, then %s", first, then);
		EXPECT_EQ(0, set_int(one, SOL_SOCKET, SO_REUSEADDR, 0));
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(three, then, 5000)))
			TH_LOG("%s, then %s", first, then);
		close(one);
		EXPECT_EQ(0, err_of(bind_to(three, then, 5000)));
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(four, then, 5000)));
		close(two);
		close(three);
		EXPECT_EQ(0, err_of(bind_to(four, first, 5000)));
		close(four);
	}
}

/* One of three that want the port */
struct want {
	const char *ip;
	bool reuse, share;
};

static bool conflict(const struct want *a, const struct want *b)
{
	return !(a->reuse && b->reuse) &&
	       (!strcmp(a->ip, b->ip) || !strcmp(a->ip, "0.0.0.0") ||
		!strcmp(b->ip, "0.0.0.0"));
}

/* Of those that conflict the youngest decides, by whether both share */
static int answer(const struct want *want, const struct want *old,
		  const bool *bound, int n)
{
	while (n--)
		if (bound[n] && conflict(want, &old[n]))
			return want->share && old[n].share ? 0 : EADDRINUSE;
	return 0;
}

/* All that three sockets can be */
TEST_F_TIMEOUT(bind, conflicts_of_three, 300)
{
	static const char * const ips[] = { "0.0.0.0", "127.0.0.1", "127.0.0.2" };
	struct want wants[3];
	int fds[3], i, k, at;
	bool bound[3];

	for (i = 0; i < 12 * 12 * 12; i++) {
		for (k = 0, at = i; k < 3; k++, at /= 12)
			wants[k] = (struct want){ ips[at % 3], at / 3 & 1,
						  at / 6 & 1 };
		for (k = 0; k < 3; k++) {
			int want = answer(&wants[k], wants, bound, k), err;

			fds[k] = sock();
			if (wants[k].reuse)
				reuse(fds[k]);
			if (wants[k].share)
				share(fds[k]);
			err = err_of(bind_to(fds[k], wants[k].ip, 5000));
			bound[k] = !err;
			EXPECT_EQ(want, err)
				TH_LOG("case %d, socket %d", i, k);
		}
		for (k = 0; k < 3; k++)
			close(fds[k]);
	}
}

/* Where connect(2) has given a socket an address, it is in the way only there */
TEST_F(bind, conflict_after_connect)
{
	int one = reuse(bound("0.0.0.0", 5000)), two = sock(), three = sock();
	int four = reuse(sock());

	EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, "127.0.0.2", 5000)));
	joined(one, "127.0.0.1", 9);
	EXPECT_STREQ("127.0.0.1:5000", local(one));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, "127.0.0.1", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, "0.0.0.0", 5000)));
	EXPECT_EQ(0, err_of(bind_to(four, "127.0.0.1", 5000)));
	EXPECT_EQ(0, err_of(bind_to(two, "127.0.0.2", 5000)));
	/* And everywhere again, when it has none */
	EXPECT_EQ(0, err_of(disconnect(one)));
	EXPECT_STREQ("0.0.0.0:5000", local(one));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(three, "127.0.0.3", 5000)));
	close(one);
	EXPECT_EQ(0, err_of(bind_to(three, "127.0.0.3", 5000)));
}

/* Sockets of two devices do not clash, of one and of any device do */
TEST_F(bind, conflict_by_device)
{
	int lo = sock(), d0 = sock(), lo2 = sock(), none = sock();

	run("ip link add d0 type dummy");
	ASSERT_EQ(0, set_device(lo, "lo"));
	ASSERT_EQ(0, set_device(lo2, "lo"));
	ASSERT_EQ(0, set_device(d0, "d0"));
	EXPECT_EQ(0, err_of(bind_to(lo, "127.0.0.1", 5000)));
	EXPECT_EQ(0, err_of(bind_to(d0, "127.0.0.1", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(lo2, "127.0.0.1", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(none, "127.0.0.1", 5000)));
	EXPECT_EQ(0, err_of(bind_to(none, "127.0.0.1", 5001)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(lo2, "127.0.0.1", 5001)));
}

/* The same when there are many sockets of one port, or many ports */
TEST_F(bind, conflicts_in_a_crowd)
{
	char ip[32];
	int i, fd;

	for (i = 1; i <= 60; i++) {
		snprintf(ip, sizeof(ip), "127.0.0.%d", i);
		bound(ip, 5000);
		bound("127.0.0.1", 5000 + i);
	}
	for (i = 1; i <= 60; i++) {
		fd = sock();
		snprintf(ip, sizeof(ip), "127.0.0.%d", i);
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, ip, 5000)));
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 5000 + i)));
		close(fd);
	}
	fd = sock();
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 5000)));
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.61", 5000)));
	fd = sock();
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 5000)));
}

/* Nor do those who may all have it hide one who lets nobody have it too */
TEST_F(bind, conflicts_among_reusers)
{
	int one = bound("127.0.0.9", 5000), fds[60], i, fd;
	char ip[32];

	for (i = 0; i < 60; i++) {
		fds[i] = reuse(sock());
		snprintf(ip, sizeof(ip), "127.0.1.%d", i / 2);
		EXPECT_EQ(0, err_of(bind_to(fds[i], ip, 5000)));
	}
	fd = reuse(sock());
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "127.0.0.9", 5000)));
	close(one);
	EXPECT_EQ(0, err_of(bind_to(fd, "0.0.0.0", 5000)));
	for (i = 0; i < 60; i++)
		EXPECT_EQ(0, err_of(bind_to(reuse(sock()), i % 2 ? "0.0.0.0" :
					    "127.0.0.9", 5000)));
	fd = sock();
	for (i = 0; i < 30; i++) {
		snprintf(ip, sizeof(ip), "127.0.1.%d", i);
		EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, ip, 5000)));
	}
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "127.0.2.0", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 5000)));
}

/* close() frees the port at once, when the last descriptor is gone */
TEST_F(bind, close_frees)
{
	int fd = bound("127.0.0.1", 5000), copy = dup(fd), two = sock(), i;

	close(fd);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(two, "127.0.0.1", 5000)));
	close(copy);
	EXPECT_EQ(0, err_of(bind_to(two, "127.0.0.1", 5000)));
	close(two);
	/* With a datagram in its queue, too */
	for (i = 0; i < 100; i++) {
		fd = bound("127.0.0.1", 5000);
		EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
		close(fd);
	}
}

/* Port 0 is any free one of ip_local_port_range, both ends included */
TEST_F(bind, port_zero)
{
	bool seen[10] = {};
	int i, fd, port;

	ASSERT_EQ(0, write_file(RANGE, "40000 40009"));
	for (i = 0; i < 10; i++) {
		port = port_of(bound(i % 2 ? "127.0.0.1" : "0.0.0.0", 0));
		ASSERT_LE(40000, port);
		ASSERT_GE(40009, port);
		EXPECT_FALSE(seen[port - 40000]);
		seen[port - 40000] = true;
	}
	/* None left, for bind, send and connect: each has its own errno */
	fd = sock();
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "127.0.0.1", 0)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, "0.0.0.0", 0)));
	EXPECT_EQ(EAGAIN, tag_to(fd, "127.0.0.1", 9, 1));
	EXPECT_EQ(EAGAIN, err_of(connect_to(fd, "127.0.0.1", 9)));
	EXPECT_STREQ("0.0.0.0:0", local(fd));
	EXPECT_STREQ("errno 107", peer(fd));
	/* Outside of the range there are some */
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.1", 40010)));
}

/* The search finds the last free port, and any address has its own ports */
TEST_F(bind, port_zero_last)
{
	int fds[4], i, port, fd;

	ASSERT_EQ(0, write_file(RANGE, "40000 40003"));
	for (i = 0; i < 4; i++)
		fds[i] = bound("127.0.0.1", 0);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "127.0.0.1", 0)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "0.0.0.0", 0)));
	for (i = 0; i < 4; i++)
		bound("127.0.0.2", 0);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "127.0.0.2", 0)));
	for (i = 0; i < 4; i++) {
		port = port_of(fds[i]);
		close(fds[i]);
		fds[i] = bound("127.0.0.1", 0);
		EXPECT_EQ(port, port_of(fds[i]));
	}
	/* With SO_REUSEADDR on all that have it, a used one is free as well */
	for (i = 0; i < 4; i++)
		reuse(fds[i]);
	fd = reuse(sock());
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.1", 0)));
	EXPECT_LE(40000, port_of(fd));
	EXPECT_GE(40003, port_of(fd));
}

/* ip_local_reserved_ports are for those who name them */
TEST_F(bind, reserved_ports)
{
	int i, port;

	ASSERT_EQ(0, write_file(RANGE, "40000 40003"));
	ASSERT_EQ(0, write_file(RESERVED, "40001-40002"));
	for (i = 0; i < 2; i++) {
		port = port_of(bound("127.0.0.1", 0));
		EXPECT_TRUE(port == 40000 || port == 40003)
			TH_LOG("port %d", port);
	}
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "127.0.0.1", 0)));
	bound("127.0.0.1", 40001);
	bound("127.0.0.1", 40002);
}

/* ip(7): IP_LOCAL_PORT_RANGE narrows the range for one socket */
TEST_F(bind, socket_range)
{
	int i, fd;

	ASSERT_EQ(0, write_file(RANGE, "40000 40009"));
	for (i = 0; i < 3; i++) {
		fd = sock();
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_LOCAL_PORT_RANGE,
				     40005U << 16 | 40004));
		EXPECT_EQ(i < 2 ? 0 : EADDRINUSE,
			  err_of(bind_to(fd, "127.0.0.1", 0)));
		if (i < 2)
			EXPECT_EQ(40004, port_of(fd) & ~1);
	}
	/* An explicit port need not be in it */
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.1", 40009)));
}

/* send and connect give a socket a port, receive and failed checks do not */
TEST_F(bind, autobind)
{
	struct sockaddr_in sin = addr("127.0.0.1", 9);
	char byte;
	int fd;

	ASSERT_EQ(0, write_file(RANGE, "40000 40009"));
	fd = sock();
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
	EXPECT_EQ(EINVAL, err_of(connect(fd, sa(&sin), 1)));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_STREQ("0.0.0.0:0", local(fd));

	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 9, 1));
	EXPECT_EQ(4000, port_of(fd) / 10);
	EXPECT_EQ(0, strncmp(local(fd), "0.0.0.0:", 8));

	fd = joined(sock(), "127.0.0.1", 9);
	EXPECT_EQ(4000, port_of(fd) / 10);
	EXPECT_EQ(0, strncmp(local(fd), "127.0.0.1:", 10));

	/* The port comes before what is wrong with the address */
	fd = sock();
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE, 9, 1));
	EXPECT_EQ(4000, port_of(fd) / 10);
	fd = sock();
	EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
	EXPECT_EQ(4000, port_of(fd) / 10);
	fd = sock();
	EXPECT_EQ(ENETUNREACH, err_of(connect_to(fd, NOWHERE, 9)));
	EXPECT_EQ(4000, port_of(fd) / 10);
	fd = sock();
	EXPECT_EQ(EINVAL, err_of(connect(fd, sa(&sin), 15)));
	EXPECT_EQ(4000, port_of(fd) / 10);
}

/* ip(7): with IP_BIND_ADDRESS_NO_PORT bind leaves port 0 to send or connect */
TEST_F(bind, address_no_port)
{
	int fd = sock();

	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1));
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.2", 0)));
	EXPECT_STREQ("127.0.0.2:0", local(fd));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 9, 1));
	EXPECT_LT(0, port_of(fd));
	EXPECT_EQ(0, strncmp(local(fd), "127.0.0.2:", 10));
}

/* ip(7): IP_FREEBIND allows an address that is not here (yet) */
TEST_F(bind, freebind)
{
	int fd = sock();

	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_FREEBIND, 1));
	EXPECT_EQ(0, err_of(bind_to(fd, NOWHERE, 5000)));
	EXPECT_STREQ(NOWHERE ":5000", local(fd));
}

/* getsockname(2): the true length comes back, what fits is filled in */
TEST_F(bind, getsockname_length)
{
	int fd = bound("127.0.0.1", 5000);
	struct sockaddr_in want = addr("127.0.0.1", 5000);
	unsigned char got[64];
	socklen_t len;

	for (len = 0; len <= 32; len += 8) {
		socklen_t n = len, part = len < 16 ? len : 16;

		memset(got, 0xaa, sizeof(got));
		EXPECT_EQ(0, err_of(getsockname(fd, (void *)got, &n)));
		EXPECT_EQ(16, n);
		EXPECT_EQ(0, memcmp(got, &want, part));
		EXPECT_EQ(0xaa, got[part]);
	}
	len = -1;
	EXPECT_EQ(EINVAL, err_of(getsockname(fd, (void *)got, &len)));
	EXPECT_EQ(EFAULT, err_of(getsockname(fd, (void *)got, NULL)));
	len = 16;
	EXPECT_EQ(EFAULT, err_of(getsockname(fd, NULL, &len)));
}

/* A namespace has its own ports, and datagrams stay in it */
TEST_F(bind, namespaces)
{
	int one = bound("127.0.0.1", 5000), two;

	enter_namespace(_metadata);
	two = bound("127.0.0.1", 5000);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "127.0.0.1", 5000)));
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", 5000, 2));
	EXPECT_EQ(0, tag_to(one, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(one));
	EXPECT_EQ(2, take_tag(two));
	EXPECT_EQ(EAGAIN, silent(one));
	EXPECT_EQ(EAGAIN, silent(two));
}

TEST_HARNESS_MAIN
