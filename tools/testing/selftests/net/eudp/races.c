// SPDX-License-Identifier: GPL-2.0
/*
 * Races on purpose: threads that do everything at once to the sockets that they
 * share, while datagrams and ICMP errors come in. What the single calls answer
 * is for other tests; here the machine must stay well, each datagram must
 * arrive as it was sent, and nothing may be left behind.
 */
#include "lib.h"

#include <linux/udp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#ifndef MSG_PROBE
#define MSG_PROBE	0x10	/* libc has none */
#endif

#define SOCKETS		6
#define THREADS		6
#define RACE_MS		4000
#define FIRST_PORT	5000
#define PART_MAX	500

struct race {
	const struct door *door;
	atomic_int fds[SOCKETS];
	long long end;
	atomic_long sent, received, broken;
};

struct racer {
	struct race *race;
	pthread_t thread;
	unsigned int seed;
};

static unsigned int dice(struct racer *r, unsigned int sides)
{
	return rand_r(&r->seed) % sides;
}

static struct sockaddr_in somebody(struct racer *r)
{
	static const char * const hosts[] = {
		"127.0.0.1", "127.0.0.1", "127.0.0.2", "127.255.255.255",
		"224.0.0.251",
	};

	return addr(hosts[dice(r, ARRAY_SIZE(hosts))],
		    FIRST_PORT + dice(r, SOCKETS + 1));
}

/* At first each socket has a port, which others may have too */
static int new_socket(const struct door *door, int port)
{
	int fd = socket(door->family, SOCK_DGRAM | SOCK_NONBLOCK,
			door->protocol);

	set_int(fd, SOL_SOCKET, SO_BROADCAST, 1);
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	bind_to(fd, "0.0.0.0", port);
	return fd;
}

/* All bytes of a part are the same, whoever sends it */
static void do_send(struct racer *r, int fd)
{
	static const int flags[] = {
		0, 0, MSG_MORE, MSG_CONFIRM, MSG_PROBE, MSG_DONTROUTE,
	};
	int flag = flags[dice(r, ARRAY_SIZE(flags))];
	char data[PART_MAX];
	struct sockaddr_in to = somebody(r);
	size_t len = dice(r, PART_MAX);

	memset(data, 'x', len);
	if (sendto(fd, data, len, flag, dice(r, 2) ? sa(&to) : NULL,
		   sizeof(to)) >= 0)
		atomic_fetch_add(&r->race->sent, 1);
}

static void do_send_control(struct racer *r, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct sockaddr_in to = somebody(r);
	struct iovec iov = { "xxxx", 4 };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	c->cmsg_level = SOL_IP;
	c->cmsg_type = dice(r, 2) ? IP_TTL : IP_TOS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	*(int *)CMSG_DATA(c) = 1 + dice(r, 200);
	sendmsg(fd, &msg, 0);
}

static void do_receive(struct racer *r, int fd)
{
	static const int flags[] = { 0, 0, 0, MSG_PEEK, MSG_TRUNC,
				     MSG_ERRQUEUE };
	char data[0x10000], control[256];
	struct iovec iov = { data, sizeof(data) };
	struct sockaddr_in from;
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t i, n = recvmsg(fd, &msg, flags[dice(r, ARRAY_SIZE(flags))]);

	if (n < 0)
		return;
	atomic_fetch_add(&r->race->received, 1);
	for (i = 0; i < n; i++)
		if (data[i] != 'x') {
			atomic_fetch_add(&r->race->broken, 1);
			return;
		}
}

static void do_bind_or_connect(struct racer *r, int fd)
{
	struct sockaddr_in a = somebody(r);

	switch (dice(r, 4)) {
	case 0:
		bind(fd, sa(&a), sizeof(a));
		break;
	case 1:
		disconnect(fd);
		break;
	default:
		connect(fd, sa(&a), sizeof(a));
	}
}

static void do_option(struct racer *r, int fd)
{
	static const struct { int level, name, most; } options[] = {
		{ IPPROTO_UDP, UDP_CORK, 2 },
		{ SOL_IP, IP_RECVERR, 2 },
		{ SOL_IP, IP_PKTINFO, 2 },
		{ SOL_IP, IP_TTL, 200 },
		{ SOL_IP, IP_MTU_DISCOVER, 6 },
		{ SOL_IP, IP_MULTICAST_ALL, 2 },
		{ SOL_SOCKET, SO_REUSEADDR, 2 },
		{ SOL_SOCKET, SO_REUSEPORT, 2 },
		{ SOL_SOCKET, SO_NO_CHECK, 2 },
		{ SOL_SOCKET, SO_PEEK_OFF, 100 },
		{ SOL_SOCKET, SO_RCVBUF, 20000 },
		{ SOL_SOCKET, SO_SNDBUF, 20000 },
		{ SOL_SOCKET, SO_TIMESTAMP, 2 },
	};
	unsigned int i = dice(r, ARRAY_SIZE(options) + 3);
	struct ip_mreq group = {
		.imr_multiaddr.s_addr = inet_addr("224.0.0.251"),
		.imr_interface.s_addr = inet_addr("127.0.0.1"),
	};

	if (i < ARRAY_SIZE(options))
		set_int(fd, options[i].level, options[i].name,
			dice(r, options[i].most));
	else if (i == ARRAY_SIZE(options))
		setsockopt(fd, SOL_IP, IP_OPTIONS, "\1\1\1", dice(r, 4));
	else if (i == ARRAY_SIZE(options) + 1)
		set_device(fd, dice(r, 2) ? "lo" : "");
	else
		setsockopt(fd, SOL_IP, dice(r, 2) ? IP_ADD_MEMBERSHIP :
						    IP_DROP_MEMBERSHIP,
			   &group, sizeof(group));
}

static void do_look(struct racer *r, int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char line[4096];
	int n, table;

	ready(fd, POLLIN | POLLOUT);
	ioctl(fd, FIONREAD, &n);
	ioctl(fd, TIOCOUTQ, &n);
	getsockname(fd, sa(&name), &len);
	get_int(fd, SOL_SOCKET, SO_ERROR);
	table = open("/proc/thread-self/net/eudp", O_RDONLY);
	if (table >= 0) {
		while (read(table, line, sizeof(line)) > 0)
			;
		close(table);
	}
}

/* Closes it under the hands of others, and puts a new one there */
static void do_replace(struct racer *r, atomic_int *slot)
{
	int port = FIRST_PORT + (slot - r->race->fds);

	close(atomic_exchange(slot, new_socket(r->race->door, port)));
}

static void *racing(void *arg)
{
	struct racer *r = arg;

	while (now_ms() < r->race->end) {
		atomic_int *slot = &r->race->fds[dice(r, SOCKETS)];
		int fd = *slot, what = dice(r, 40);

		if (what < 12)
			do_send(r, fd);
		else if (what < 14)
			do_send_control(r, fd);
		else if (what < 26)
			do_receive(r, fd);
		else if (what < 31)
			do_bind_or_connect(r, fd);
		else if (what < 37)
			do_option(r, fd);
		else if (what < 38)
			do_look(r, fd);
		else if (what < 39)
			shutdown(fd, dice(r, 3));
		else
			do_replace(r, slot);
	}
	return NULL;
}

/* Sockets of this namespace that have a port */
static int bound_sockets(const struct door *door)
{
	FILE *f = fopen(door->table, "r");
	char line[256];
	int n = -1;

	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	return n;
}

EUDP_FIXTURE(races)

TEST_F(races, everything_at_once)
{
	struct race race = { .door = &variant->door };
	struct racer racers[THREADS];
	cpu_set_t all;
	int i, fd;

	/* the namespace has put us on one processor */
	memset(&all, 0xff, sizeof(all));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
	for (i = 0; i < SOCKETS; i++)
		race.fds[i] = new_socket(race.door, FIRST_PORT + i);
	race.end = now_ms() + RACE_MS;
	for (i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){ .race = &race, .seed = i + 1 };
		ASSERT_EQ(0, pthread_create(&racers[i].thread, NULL, racing,
					    &racers[i]));
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_join(racers[i].thread, NULL));
	TH_LOG("%ld sends went, %ld datagrams came", race.sent, race.received);
	EXPECT_LT(0, race.sent);
	EXPECT_LT(0, race.received);
	EXPECT_EQ(0, race.broken);

	for (i = 0; i < SOCKETS; i++)
		EXPECT_EQ(0, close(race.fds[i]));
	EXPECT_EQ(0, bound_sockets(race.door));

	/* and all is as it was */
	fd = bound("127.0.0.1", FIRST_PORT);
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", FIRST_PORT, 7));
	EXPECT_EQ(7, take_tag(fd));
}

struct group_race {
	const struct door *door;
	long long end;
	long turns[2];
};

/* Some join a group by bind(2)... */
static void *joining(void *arg)
{
	struct group_race *race = arg;
	int fd;

	while (now_ms() < race->end) {
		fd = socket(race->door->family, SOCK_DGRAM,
			    race->door->protocol);
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
		bind_to(fd, "0.0.0.0", FIRST_PORT);
		close(fd);
		race->turns[0]++;
	}
	return NULL;
}

/* ...while those that they join leave it, by connect(2). */
static void *leaving(void *arg)
{
	struct group_race *race = arg;
	int fd;

	while (now_ms() < race->end) {
		fd = socket(race->door->family, SOCK_DGRAM,
			    race->door->protocol);
		set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
		bind_to(fd, "0.0.0.0", FIRST_PORT);
		connect_to(fd, "127.0.0.1", FIRST_PORT + 1);
		close(fd);
		race->turns[1]++;
	}
	return NULL;
}

TEST_F(races, groups)
{
	struct group_race race = {
		.door = &variant->door, .end = now_ms() + 2 * RACE_MS,
	};
	pthread_t threads[4];
	cpu_set_t all;
	int i;

	memset(&all, 0xff, sizeof(all));
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(all), &all));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    i & 1 ? leaving : joining, &race));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	TH_LOG("%ld joined, %ld left", race.turns[0], race.turns[1]);
	EXPECT_LT(0, race.turns[0]);
	EXPECT_LT(0, race.turns[1]);
	EXPECT_EQ(0, bound_sockets(race.door));
}

TEST_HARNESS_MAIN
