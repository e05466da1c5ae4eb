// SPDX-License-Identifier: GPL-2.0
/* What a send can be told: flags, options, control messages; ip(7), send(2) */
#include "control.h"
#include "tun.h"
#include <linux/errqueue.h>
#include <linux/io_uring.h>
#include <linux/net_tstamp.h>
#include <linux/udp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef SO_NO_CHECK
#define SO_NO_CHECK	11
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IP_PROTOCOL
#define IP_PROTOCOL	52
#endif

EUDP_FIXTURE(sendopt)

static void *__hole(struct __test_metadata *_metadata)
{
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

#define hole() __hole(_metadata)

static int flagged(int fd, const char *ip, int flags)
{
	struct sockaddr_in to = addr(ip, 9);

	return err_of(sendto(fd, "x", 1, flags, sa(&to), sizeof(to)));
}

static void unprivileged(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

/* "tun0" as a number */
#define tun_index() ((int)if_nametoindex("tun0"))

/* Not over a gateway, by flag and by option */
TEST_F(sendopt, dontroute)
{
	int t = tun(), fd = sock(), peer = sock();

	run("ip route add 198.51.100.0/24 via 192.0.2.2");
	EXPECT_EQ(0, flagged(fd, "198.51.100.1", 0));
	EXPECT_EQ(ENETUNREACH, flagged(fd, "198.51.100.1", MSG_DONTROUTE));
	EXPECT_EQ(0, flagged(fd, YOU, MSG_DONTROUTE));
	joined(peer, "198.51.100.1", 9);
	EXPECT_EQ(ENETUNREACH, err_of(send(peer, "y", 1, MSG_DONTROUTE)));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_DONTROUTE, 1));
	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_DONTROUTE));
	EXPECT_EQ(ENETUNREACH, flagged(fd, "198.51.100.1", 0));
	EXPECT_EQ(0, flagged(fd, YOU, 0));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_DONTROUTE, 0));
	EXPECT_EQ(0, flagged(fd, "198.51.100.1", 0));
	EXPECT_EQ(1, send(peer, "y", 1, 0));
	EXPECT_STREQ("x", next_text());
	EXPECT_STREQ("x", next_text());
	EXPECT_STREQ("x", next_text());
	EXPECT_STREQ("x", next_text());
	EXPECT_STREQ("y", next_text());
	EXPECT_STREQ("(none)", next_text());
}

/* Seconds since the neighbour was known to be there; many if it never was */
static int confirmed_before(void)
{
	FILE *f = popen("ip -s -o neigh show dev tun0", "r");
	char line[256] = "", *used;
	int seconds = -1;

	if (f && fgets(line, sizeof(line), f)) {
		used = strstr(line, "used ");
		if (used)
			sscanf(used, "used %*d/%d", &seconds);
	}
	if (f)
		pclose(f);
	return seconds;
}

/* arp(7): a program that knows that the neighbour has answered says so */
TEST_F_TIMEOUT(sendopt, confirm, 300)
{
	static const struct {
		int flags, len;
		bool confirms;
	} rows[] = {
		{ 0, 1, false },
		{ MSG_CONFIRM, 1, true },
		{ MSG_CONFIRM, 0, true },
		{ MSG_PROBE, 1, false },
		{ MSG_CONFIRM | MSG_PROBE, 1, true },
		{ MSG_CONFIRM | MSG_PROBE, 0, true },
	};
	int t = tap(), fd = sock(), peer = joined(sock(), YOU, 9);
	struct sockaddr_in to = addr(YOU, 9);
	unsigned int i;

	ASSERT_LE(0, t);
	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		int len = rows[i / 2].len, flags = rows[i / 2].flags;

		run("ip neigh flush dev tun0");
		run("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev tun0 nud stale");
		ASSERT_LE(30, confirmed_before());
		EXPECT_EQ(len, i % 2 ? send(peer, "x", len, flags) :
			  sendto(fd, "x", len, flags, sa(&to), sizeof(to)));
		EXPECT_EQ(rows[i / 2].confirms, confirmed_before() < 30)
			TH_LOG("case %d: %d", i, confirmed_before());
	}
}

/* MSG_PROBE: all is looked at, but nothing is sent */
TEST_F(sendopt, probe)
{
	int t = tun(), fd = sock(), peer = joined(sock(), YOU, 9);

	EXPECT_EQ(0, flagged(fd, YOU, MSG_PROBE));
	EXPECT_EQ(ENETUNREACH, flagged(fd, NOWHERE, MSG_PROBE));
	EXPECT_EQ(EACCES, flagged(fd, "192.0.2.255", MSG_PROBE));
	EXPECT_EQ(0, send(peer, "", 0, MSG_PROBE));
	EXPECT_EQ(5, send(peer, hole(), 5, MSG_PROBE));
	EXPECT_EQ(65535, send(peer, hole(), 65535, MSG_PROBE));
	EXPECT_EQ(EMSGSIZE, err_of(send(peer, hole(), 65536, MSG_PROBE)));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
}

static int signals;

static void on_signal(int number)
{
	signals++;
}

/* Flags that mean nothing here, or nothing good */
TEST_F(sendopt, flags)
{
	int t = tun(), fd = sock();

	EXPECT_EQ(EOPNOTSUPP, flagged(fd, YOU, MSG_OOB));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, flagged(fd, YOU, MSG_EOR));
	EXPECT_STREQ("x", next_text());
	EXPECT_EQ(0, flagged(fd, YOU, MSG_NOSIGNAL | MSG_PEEK | MSG_TRUNC |
			     MSG_WAITALL | MSG_ERRQUEUE | MSG_FASTOPEN));
	EXPECT_STREQ("x", next_text());
	/* EPIPE, and no signal, whether wanted or not */
	signal(SIGPIPE, on_signal);
	joined(fd, YOU, 9);
	EXPECT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_EQ(EPIPE, err_of(send(fd, "x", 1, 0)));
	EXPECT_EQ(EPIPE, err_of(send(fd, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(EPIPE, err_of(write(fd, "x", 1)));
	EXPECT_EQ(0, signals);
}

/* Sends until it fails: its errno */
static int __fill(struct __test_metadata *_metadata, int fd)
{
	static char data[1000];
	int i, err = 0;

	for (i = 0; i < 1000 && !err; i++)
		err = err_of(send(fd, data, sizeof(data), MSG_DONTWAIT));
	return err;
}

#define fill(fd) __fill(_metadata, fd)

/* The send buffer is full: EAGAIN for who does not wait, others wait */
TEST_F(sendopt, buffer_full)
{
	int t = tun(), fd = joined(sock(), YOU, 9), n;
	struct timeval tv = { .tv_usec = 200000 };
	long long start;

	ASSERT_LE(0, t);
	run(HOLD "1000000");
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	EXPECT_EQ(EAGAIN, fill(fd));
	EXPECT_EQ(0, ready(fd, POLLOUT));
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &n));
	EXPECT_LE(20000, n);
	EXPECT_LT(0, counter(&variant->door, "SndbufErrors"));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(EAGAIN, err_of(send(fd, "x", 1, 0)));
	EXPECT_EQ(EAGAIN, err_of(send(fd, "", 0, 0)));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	start = now_ms();
	EXPECT_EQ(EAGAIN, err_of(send(fd, "x", 1, 0)));
	/* 200, but for the ticks that the kernel counts in */
	EXPECT_LE(190, now_ms() - start);
	run(RELEASE);
	EXPECT_EQ(POLLOUT, await(fd, POLLOUT));
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(1, send(fd, "x", 1, 0));
}

/* One that waits is woken when there is room */
TEST_F(sendopt, buffer_room)
{
	int t = tun(), fd = joined(sock(), YOU, 9), status;
	pid_t pid;

	ASSERT_LE(0, t);
	run(HOLD "1000000");
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	EXPECT_EQ(EAGAIN, fill(fd));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(system(RELEASE) ? 1 : 0);
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* signal(7): a signal ends the wait: EINTR, restarted only without a timeout */
TEST_F(sendopt, buffer_signal)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	struct itimerval soon = { { 0, 50000 }, { 0, 50000 } }, never = {};
	struct sigaction act = { .sa_handler = on_signal };
	struct timeval tv = { .tv_sec = 100 };

	ASSERT_LE(0, t);
	run(HOLD "1000000");
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	EXPECT_EQ(EAGAIN, fill(fd));
	for (i = 0; i < 2; i++) {
		act.sa_flags = i ? SA_RESTART : 0;
		ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
		if (i)
			EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO,
						&tv, sizeof(tv)));
		signals = 0;
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
		EXPECT_EQ(EINTR, err_of(send(fd, "x", 1, 0)));
		EXPECT_LT(0, signals);
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	}
}

/* A queue that is full: told only to who wants to know, udp(7) IP_RECVERR */
TEST_F(sendopt, queue_full)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	const struct door *d = &variant->door;
	static char data[1000];
	long lost;

	ASSERT_LE(0, t);
	run(HOLD "3000");
	for (i = 0; i < 20; i++)
		EXPECT_EQ(1000, send(fd, data, 1000, 0));
	lost = counter(d, "SndbufErrors");
	EXPECT_LE(14, lost);
	EXPECT_EQ(20 - lost, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(ENOBUFS, err_of(send(fd, data, 1000, 0)));
	EXPECT_EQ(lost + 1, counter(d, "SndbufErrors"));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 1,
				      MSG_ERRQUEUE | MSG_DONTWAIT)));
}

/* Broadcast wants SO_BROADCAST, by whatever name */
TEST_F(sendopt, broadcast)
{
	int t = tun(), fd = sock();
	static struct datagram g;

	EXPECT_EQ(EACCES, flagged(fd, "192.0.2.255", 0));
	EXPECT_EQ(EACCES, err_of(connect_to(fd, "192.0.2.255", 9)));
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(EACCES, flagged(fd, "255.255.255.255", 0));
	EXPECT_EQ(EACCES, err_of(connect_to(fd, "255.255.255.255", 9)));
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, flagged(fd, "192.0.2.255", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.255"), g.ip.daddr);
	EXPECT_EQ(64, g.ip.ttl);
	EXPECT_EQ(0, flagged(fd, "255.255.255.255", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("255.255.255.255"), g.ip.daddr);
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
	/* It is too late for what is too long, as for others */
	EXPECT_EQ(0, connect_to(fd, "192.0.2.255", 9));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 0));
	EXPECT_EQ(1, send(fd, "y", 1, 0));
	EXPECT_STREQ("y", next_text());
	EXPECT_EQ(EACCES, err_of(connect_to(fd, "255.255.255.255", 9)));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, connect_to(fd, "255.255.255.255", 9));
	EXPECT_EQ(1, send(fd, "z", 1, 0));
	EXPECT_STREQ("z", next_text());
}

/* Addresses that are not ours: who may bind, and who may send from them */
TEST_F(sendopt, not_ours)
{
	int t = tun(), fd = sock();
	static struct datagram g;

	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(fd, "198.51.100.9", 5000)));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_FREEBIND, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_FREEBIND));
	EXPECT_EQ(0, bind_to(fd, "198.51.100.9", 5000));
	EXPECT_EQ(ENETUNREACH, flagged(fd, YOU, 0));
	EXPECT_EQ(ENETUNREACH, err_of(connect_to(fd, YOU, 9)));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TRANSPARENT, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_TRANSPARENT));
	EXPECT_EQ(0, flagged(fd, YOU, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("198.51.100.9"), g.ip.saddr);
	EXPECT_EQ(5000, ntohs(g.h.source));
	fd = sock();
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TRANSPARENT, 1));
	EXPECT_EQ(0, bind_to(fd, "198.51.100.9", 5001));
	joined(fd, YOU, 9);
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr("198.51.100.9"), g.ip.saddr);
	fd = sock();
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv4/ip_nonlocal_bind", "1"));
	EXPECT_EQ(0, bind_to(fd, "198.51.100.9", 5002));
	EXPECT_EQ(ENETUNREACH, flagged(fd, YOU, 0));
	fd = sock();
	unprivileged(_metadata);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_FREEBIND, 1));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_IP, IP_TRANSPARENT, 1)));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TRANSPARENT, 0));
}

/* A device that is named is the way out, with or without a route */
TEST_F(sendopt, device)
{
	int t = tun(), fd = sock(), index = htonl(tun_index());
	struct in_pktinfo info = { .ipi_ifindex = tun_index() };
	static struct datagram g;

	EXPECT_EQ(ENETUNREACH, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(0, send_one(fd, NOWHERE, SOL_IP, IP_PKTINFO, &info,
			      sizeof(info)));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_UNICAST_IF, index));
	EXPECT_EQ(index, get_int(fd, SOL_IP, IP_UNICAST_IF));
	EXPECT_EQ(0, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(NOWHERE), g.ip.daddr);
	EXPECT_EQ(EADDRNOTAVAIL, err_of(set_int(fd, SOL_IP, IP_UNICAST_IF,
						htonl(9999))));
	EXPECT_EQ(0, connect_to(fd, NOWHERE, 9));
	EXPECT_EQ(1, send(fd, "x", 1, 0));
	EXPECT_EQ(1, next_datagram(&g));
	/* Not where it can be seen: to us, but the device is another */
	fd = sock();
	EXPECT_EQ(0, set_device(fd, "tun0"));
	EXPECT_EQ(0, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(ENODEV, err_of(set_device(fd, "none")));
	EXPECT_EQ(0, set_device(fd, ""));
	EXPECT_EQ(ENETUNREACH, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_BINDTOIFINDEX, tun_index()));
	EXPECT_EQ(0, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

/* IP_PKTINFO: device and source of one datagram */
TEST_F(sendopt, pktinfo)
{
	static const struct {
		const char *name;
		int index;	/* -1: of tun0 */
		const char *source, *addr;
		int err;
		const char *sent_from;
	} rows[] = {
		{ "nothing", 0, "0.0.0.0", "0.0.0.0", 0, ME },
		{ "device", -1, "0.0.0.0", "0.0.0.0", 0, ME },
		{ "source", 0, "192.0.2.77", "0.0.0.0", 0, "192.0.2.77" },
		{ "both", -1, "192.0.2.77", "0.0.0.0", 0, "192.0.2.77" },
		{ "ipi_addr", 0, "0.0.0.0", "192.0.2.77", 0, ME },
		{ "no device", 9999, "0.0.0.0", "0.0.0.0", ENODEV },
		{ "negative", -2, "0.0.0.0", "0.0.0.0", ENODEV },
		{ "loopback", 1, "0.0.0.0", "0.0.0.0", 0, NULL },
		{ "not ours", 0, "198.51.100.9", "0.0.0.0", ENETUNREACH },
		{ "theirs", 0, YOU, "0.0.0.0", ENETUNREACH },
		{ "lo's", 0, "127.0.0.1", "0.0.0.0", EINVAL },
		{ "multicast", 0, "224.0.0.1", "0.0.0.0", EINVAL },
		{ "broadcast", 0, "255.255.255.255", "0.0.0.0", EINVAL },
	};
	int t = tun(), fds[2];
	static struct datagram g;
	unsigned int i;

	add_address("tun0", "192.0.2.77", 24);
	fds[0] = sock();
	fds[1] = joined(sock(), YOU, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		const typeof(rows[0]) *c = &rows[i / 2];
		struct in_pktinfo info = {
			.ipi_ifindex = c->index == -1 ? tun_index() : c->index,
			.ipi_spec_dst.s_addr = inet_addr(c->source),
			.ipi_addr.s_addr = inet_addr(c->addr),
		};

		EXPECT_EQ(c->err, send_one(fds[i % 2], i % 2 ? NULL : YOU,
					   SOL_IP, IP_PKTINFO, &info,
					   sizeof(info)))
			TH_LOG("%s, %d", c->name, i % 2);
		EXPECT_EQ(c->sent_from ? 1 : -EAGAIN, next_datagram(&g))
			TH_LOG("%s, %d", c->name, i % 2);
		if (c->sent_from)
			EXPECT_EQ(inet_addr(c->sent_from), g.ip.saddr)
				TH_LOG("%s, %d", c->name, i % 2);
	}
}

/* bind(2) without a port: it is found when it is needed */
TEST_F(sendopt, bind_address_no_port)
{
	int t = tun(), fd = sock();
	static struct datagram g;

	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT));
	EXPECT_EQ(0, bind_to(fd, ME, 0));
	EXPECT_STREQ(ME ":0", local(fd));
	EXPECT_EQ(0, flagged(fd, YOU, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_LT(0, port_of(fd));
	EXPECT_EQ(port_of(fd), ntohs(g.h.source));
}

/* The ports that are found for who names none */
TEST_F(sendopt, local_port_range)
{
	int t = tun(), fds[3], i, range = 40000 | 40001 << 16;
	static struct datagram g;

	for (i = 0; i < 3; i++) {
		fds[i] = sock();
		EXPECT_EQ(0, set_int(fds[i], SOL_IP, IP_LOCAL_PORT_RANGE,
				     range));
		EXPECT_EQ(range, get_int(fds[i], SOL_IP, IP_LOCAL_PORT_RANGE));
		EXPECT_EQ(i < 2 ? 0 : EAGAIN, flagged(fds[i], YOU, 0));
		EXPECT_EQ(i < 2 ? 1 : -EAGAIN, next_datagram(&g));
		if (i < 2)
			EXPECT_EQ(40000, ntohs(g.h.source) & ~1);
	}
	EXPECT_NE(port_of(fds[0]), port_of(fds[1]));
	EXPECT_EQ(EINVAL, err_of(set_int(fds[2], SOL_IP, IP_LOCAL_PORT_RANGE,
					 40001 | 40000 << 16)));
}

/* The mark chooses the route: of the socket, of one datagram */
TEST_F(sendopt, mark)
{
	int t = tun(), fd = sock(), peer = sock();

	run("ip rule add fwmark 7 lookup 100");
	run("ip route add default dev tun0 table 100");
	EXPECT_EQ(ENETUNREACH, flagged(fd, NOWHERE, 0));
	EXPECT_EQ(ENETUNREACH, send_int(fd, NOWHERE, SOL_SOCKET, SO_MARK, 8));
	EXPECT_EQ(0, send_int(fd, NOWHERE, SOL_SOCKET, SO_MARK, 7));
	EXPECT_STREQ("x", next_text());
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 7));
	EXPECT_EQ(0, flagged(fd, NOWHERE, 0));
	EXPECT_STREQ("x", next_text());
	EXPECT_EQ(ENETUNREACH, send_int(fd, NOWHERE, SOL_SOCKET, SO_MARK, 0));
	EXPECT_EQ(0, set_int(peer, SOL_SOCKET, SO_MARK, 7));
	joined(peer, NOWHERE, 9);
	EXPECT_EQ(0, tag(peer, 'a'));
	EXPECT_STREQ("a", next_text());
	EXPECT_EQ(0, set_int(peer, SOL_SOCKET, SO_MARK, 0));
	EXPECT_EQ(ENETUNREACH, tag(peer, 'b'));
	EXPECT_EQ(0, send_int(peer, NULL, SOL_SOCKET, SO_MARK, 7));
	EXPECT_STREQ("x", next_text());
	unprivileged(_metadata);
	EXPECT_EQ(EPERM, send_int(fd, NOWHERE, SOL_SOCKET, SO_MARK, 7));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_SOCKET, SO_MARK, 7)));
	EXPECT_STREQ("(none)", next_text());
}

/* Rules that look at the protocol and its ports */
TEST_F(sendopt, rules_of_ports)
{
	int t = tun(), fd = bound("0.0.0.0", 5000), other = sock();
	char rule[96];

	snprintf(rule, sizeof(rule),
		 "ip rule add ipproto %d sport 5000 dport 9 lookup 100",
		 variant->door.wire);
	run(rule);
	run("ip route add default dev tun0 table 100");
	EXPECT_EQ(0, tag_to(fd, NOWHERE, 9, 'a'));
	EXPECT_STREQ("a", next_text());
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE, 10, 'a'));
	EXPECT_EQ(ENETUNREACH, tag_to(other, NOWHERE, 9, 'a'));
	joined(fd, NOWHERE, 9);
	EXPECT_EQ(0, tag(fd, 'b'));
	EXPECT_STREQ("b", next_text());
}

/* What routes say that are no ways */
TEST_F(sendopt, routes_that_refuse)
{
	int t = tun(), fd = sock();
	const struct door *d = &variant->door;

	run("ip route add unreachable 198.51.100.1");
	run("ip route add prohibit 198.51.100.2");
	run("ip route add blackhole 198.51.100.3");
	run("ip route add throw 198.51.100.4");
	EXPECT_EQ(EHOSTUNREACH, flagged(fd, "198.51.100.1", 0));
	EXPECT_EQ(EACCES, flagged(fd, "198.51.100.2", 0));
	EXPECT_EQ(EINVAL, flagged(fd, "198.51.100.3", 0));
	EXPECT_EQ(ENETUNREACH, flagged(fd, "198.51.100.4", 0));
	EXPECT_EQ(EHOSTUNREACH, err_of(connect_to(fd, "198.51.100.1", 9)));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_STREQ("(none)", next_text());
}

/* netfilter sees priority and mark; what it drops is EPERM */
TEST_F(sendopt, priority)
{
	static const struct {
		int socket, tos_option, tos, err;	/* -1: not set */
	} rows[] = {
		{ -1, -1, -1, 0 },
		{ 6, -1, -1, EPERM },
		{ 5, -1, -1, 0 },
		{ -1, 0x10, -1, EPERM },	/* low delay: interactive */
		{ -1, 0x08, -1, 0 },
		{ -1, -1, 0x10, EPERM },
		{ 6, -1, 0x08, 0 },
		{ 2, -1, 0x10, EPERM },
		{ 6, -1, 0, 0 },
	};
	int t = tun(), fd;
	unsigned int i;

	run("nft add table ip t");
	run("nft add chain ip t c '{ type filter hook output priority 0; }'");
	run("nft add rule ip t c meta priority 0:6 drop");
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = joined(sock(), YOU, 9);
		if (rows[i].tos_option >= 0)
			EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TOS,
					     rows[i].tos_option));
		if (rows[i].socket >= 0)
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PRIORITY,
					     rows[i].socket));
		EXPECT_EQ(rows[i].err, rows[i].tos >= 0 ?
			  send_int(fd, NULL, SOL_IP, IP_TOS, rows[i].tos) :
			  err_of(send(fd, "x", 1, 0)))
			TH_LOG("case %d", i);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text());
		close(fd);
	}
	run("nft flush chain ip t c");
	run("nft add rule ip t c meta mark 9 drop");
	fd = joined(sock(), YOU, 9);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(EPERM, send_int(fd, NULL, SOL_SOCKET, SO_MARK, 9));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 9));
	EXPECT_EQ(EPERM, tag(fd, 1));
}

/* When to leave: SCM_TXTIME orders what waits in the queue */
TEST_F(sendopt, txtime)
{
	struct sock_txtime option = { .clockid = CLOCK_MONOTONIC };
	int t = tun(), fd = joined(sock(), YOU, 9);
	__u64 when = now_ms() * 1000000ULL, soon;
	struct iovec iov = { "later", 5 };
	struct control c = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = c.buf };

	EXPECT_EQ(EINVAL, send_one(fd, NULL, SOL_SOCKET, SCM_TXTIME, &when, 8));
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_TXTIME, &option,
				sizeof(option)));
	EXPECT_EQ(0, send_one(fd, NULL, SOL_SOCKET, SCM_TXTIME, &when, 8));
	EXPECT_STREQ("x", next_text());
	run("tc qdisc replace dev tun0 root fq");
	when = now_ms() * 1000000ULL + 3000000000;
	add(&c, SOL_SOCKET, SCM_TXTIME, &when, 8);
	msg.msg_controllen = c.len;
	EXPECT_EQ(5, sendmsg(fd, &msg, 0));
	soon = now_ms() * 1000000ULL;
	EXPECT_EQ(0, send_one(fd, NULL, SOL_SOCKET, SCM_TXTIME, &soon, 8));
	EXPECT_EQ(POLLIN, await(t, POLLIN));
	EXPECT_STREQ("x", next_text());
	EXPECT_EQ(POLLIN, await(t, POLLIN));
	EXPECT_STREQ("later", next_text());
	EXPECT_LE(when / 1000000, now_ms());
}

/* How fast to leave: fq(8) looks at the sender's rate */
TEST_F(sendopt, pacing_rate)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static char data[972];
	static struct datagram g;
	long long start;

	run("tc qdisc replace dev tun0 root fq");
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_MAX_PACING_RATE, 10000));
	EXPECT_EQ(10000, get_int(fd, SOL_SOCKET, SO_MAX_PACING_RATE));
	start = now_ms();
	for (i = 0; i < 5; i++)
		EXPECT_EQ(972, send(fd, data, 972, 0));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(POLLIN, await(t, POLLIN));
		EXPECT_EQ(972, next_datagram(&g));
	}
	/* 4 times 1000 bytes after the first */
	EXPECT_LE(380, now_ms() - start);
}

/* The field TTL: of the message, of the socket, of the namespace */
TEST_F_TIMEOUT(sendopt, ttl, 300)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;
	int i;

	for (i = -1; i <= 257; i++) {
		bool good = i >= 1 && i <= 255;

		EXPECT_EQ(good ? 0 : EINVAL,
			  send_int(fd, NULL, SOL_IP, IP_TTL, i));
		EXPECT_EQ(good ? 1 : -EAGAIN, next_datagram(&g));
		if (good)
			EXPECT_EQ(i, g.ip.ttl);
		EXPECT_EQ(good || i == -1 ? 0 : EINVAL,
			  err_of(set_int(fd, SOL_IP, IP_TTL, i)));
	}
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(255, g.ip.ttl);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TTL, -1));
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv4/ip_default_ttl", "43"));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(43, g.ip.ttl);
}

/* The field TOS: a message wins over the socket, as a byte or as an int */
TEST_F_TIMEOUT(sendopt, tos, 300)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static struct datagram g;
	unsigned char byte;

	for (i = -1; i <= 256; i++) {
		bool good = i >= 0 && i <= 255;

		EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TOS, 0x08));
		EXPECT_EQ(good ? 0 : EINVAL,
			  send_int(fd, NULL, SOL_IP, IP_TOS, i));
		EXPECT_EQ(good ? 1 : -EAGAIN, next_datagram(&g));
		if (!good)
			continue;
		EXPECT_EQ(i, g.ip.tos);
		byte = i;
		EXPECT_EQ(0, send_one(fd, NULL, SOL_IP, IP_TOS, &byte, 1));
		EXPECT_EQ(1, next_datagram(&g));
		EXPECT_EQ(i, g.ip.tos);
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(1, next_datagram(&g));
		EXPECT_EQ(0x08, g.ip.tos);
		EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TOS, i));
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(1, next_datagram(&g));
		EXPECT_EQ(i, g.ip.tos);
	}
}

/* Multicast has a TTL of its own */
TEST_F(sendopt, multicast_ttl)
{
	int member = socket(AF_INET, SOCK_DGRAM, 0);
	struct ip_mreqn group = {
		.imr_multiaddr.s_addr = inet_addr("239.1.2.3"),
		.imr_ifindex = 0,
	};
	int t = tun(), fd = sock();
	static struct datagram g;

	run("ip route add 239.0.0.0/8 dev tun0");
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_TTL, 33));
	EXPECT_EQ(0, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(1, g.ip.ttl);
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_TTL, 5));
	EXPECT_EQ(0, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(5, g.ip.ttl);
	EXPECT_EQ(0, send_int(fd, "239.1.2.3", SOL_IP, IP_TTL, 9));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(9, g.ip.ttl);
	EXPECT_EQ(0, flagged(fd, YOU, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(33, g.ip.ttl);
	/* 0 does not leave a host that is a member; from others it does */
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MULTICAST_TTL, 0));
	EXPECT_EQ(0, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, g.ip.ttl);
	EXPECT_EQ(0, setsockopt(member, SOL_IP, IP_ADD_MEMBERSHIP, &group,
				sizeof(group)));
	EXPECT_EQ(0, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

/* IP_MULTICAST_IF: device and source of what has neither */
TEST_F(sendopt, multicast_if)
{
	struct ip_mreqn req = { .imr_address.s_addr = inet_addr(ME) };
	int t = tun(), fd = sock();
	static struct datagram g;

	EXPECT_EQ(ENETUNREACH, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(0, setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &req,
				sizeof(req)));
	EXPECT_EQ(0, flagged(fd, "239.1.2.3", 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(inet_addr(ME), g.ip.saddr);
	EXPECT_EQ(ENETUNREACH, flagged(fd, NOWHERE, 0));
}

/* The smallest buffer takes four fragments, whatever they are. */
TEST_F(sendopt, smallest_buffer)
{
	static const struct {
		int len, err;
	} rows[] = { { 5912, 0 }, { 5913, ENOBUFS }, { 7392, ENOBUFS } };
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;
	static char data[8000];
	unsigned int i;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 1));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, err_of(send(fd, data, rows[i].len, 0)))
			TH_LOG("%d bytes", rows[i].len);
		EXPECT_EQ(rows[i].err ? -EAGAIN : rows[i].len,
			  next_datagram(&g));
	}
	EXPECT_EQ(2, counter(&variant->door, "SndbufErrors"));
}

/* The identification: counted where there is a peer, RFC 6864 where not */
TEST_F(sendopt, identification)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i, id = 0;
	static struct datagram g;

	for (i = 0; i < 5; i++) {
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(1, next_datagram(&g));
		if (i)
			EXPECT_EQ((id + 1) & 0xffff, ntohs(g.ip.id));
		id = ntohs(g.ip.id);
	}
	fd = sock();
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(0, flagged(fd, YOU, 0));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(0, ntohs(g.ip.id));
}

/* IP_MTU_DISCOVER, before and after the path is known to be narrow */
TEST_F_TIMEOUT(sendopt, pmtu_modes, 300)
{
	static const struct {
		int mode, len;
		int fragments, df;	/* no fragments: EMSGSIZE */
		int narrow_fragments, narrow_df;
	} rows[] = {
		{ IP_PMTUDISC_DONT, 972, 1, 0, 1, 0 },
		{ IP_PMTUDISC_DONT, 1472, 1, 0, 2, 0 },
		{ IP_PMTUDISC_DONT, 1473, 2, 0, 2, 0 },
		{ IP_PMTUDISC_WANT, 972, 1, IP_DF, 1, IP_DF },
		{ IP_PMTUDISC_WANT, 1472, 1, IP_DF, 2, 0 },
		{ IP_PMTUDISC_WANT, 1473, 2, 0, 2, 0 },
		{ IP_PMTUDISC_DO, 972, 1, IP_DF, 1, IP_DF },
		{ IP_PMTUDISC_DO, 973, 1, IP_DF, 0, 0 },
		{ IP_PMTUDISC_DO, 1472, 1, IP_DF, 0, 0 },
		{ IP_PMTUDISC_DO, 1473, 0, 0, 0, 0 },
		{ IP_PMTUDISC_PROBE, 972, 1, IP_DF, 1, IP_DF },
		{ IP_PMTUDISC_PROBE, 1472, 1, IP_DF, 1, IP_DF },
		{ IP_PMTUDISC_PROBE, 1473, 0, 0, 0, 0 },
		{ IP_PMTUDISC_INTERFACE, 972, 1, 0, 1, 0 },
		{ IP_PMTUDISC_INTERFACE, 1472, 1, 0, 1, 0 },
		{ IP_PMTUDISC_INTERFACE, 1473, 0, 0, 0, 0 },
		{ IP_PMTUDISC_OMIT, 972, 1, 0, 1, 0 },
		{ IP_PMTUDISC_OMIT, 1472, 1, 0, 1, 0 },
		{ IP_PMTUDISC_OMIT, 1473, 2, 0, 2, 0 },
	};
	int t = tun(), fds[2], narrow, fragments, err;
	static struct datagram g;
	static char data[1500];
	struct packet p;
	unsigned int i;

	fds[0] = bound(ME, 5000);
	fds[1] = joined(bound(ME, 5001), YOU, 9);
	for (i = 0; i < ARRAY_SIZE(rows) * 4; i++) {
		const typeof(rows[0]) *c = &rows[i / 2 % ARRAY_SIZE(rows)];

		narrow = i / 2 >= ARRAY_SIZE(rows);
		fragments = narrow ? c->narrow_fragments : c->fragments;
		EXPECT_EQ(0, set_int(fds[i % 2], SOL_IP, IP_MTU_DISCOVER,
				     c->mode));
		err = i % 2 ? err_of(send(fds[1], data, c->len, 0)) :
			err_of(send_to(fds[0], YOU, 9, data, c->len));
		EXPECT_EQ(fragments ? 0 : EMSGSIZE, err)
			TH_LOG("mode %d, %d bytes, %d %d", c->mode, c->len,
			       narrow, i % 2);
		EXPECT_EQ(fragments ? c->len : -EAGAIN, next_datagram(&g));
		EXPECT_EQ(fragments, g.fragments)
			TH_LOG("mode %d, %d bytes, %d %d", c->mode, c->len,
			       narrow, i % 2);
		if (fragments)
			EXPECT_EQ(narrow ? c->narrow_df : c->df,
				  ntohs(g.ip.frag_off) & IP_DF)
				TH_LOG("mode %d, %d bytes, %d", c->mode,
				       c->len, narrow);
		if (i != ARRAY_SIZE(rows) * 2 - 1)
			continue;
		EXPECT_EQ(0, set_int(fds[1], SOL_IP, IP_MTU_DISCOVER,
				     IP_PMTUDISC_DO));
		EXPECT_EQ(1472, send(fds[1], data, 1472, 0));
		EXPECT_EQ(1500, next_packet(t, variant->door.wire, &p));
		answer(&p, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000);
		EXPECT_EQ(EMSGSIZE, get_int(fds[1], SOL_SOCKET, SO_ERROR));
		EXPECT_EQ(1000, get_int(fds[1], SOL_IP, IP_MTU));
	}
}

/* ip(7): an error of our own is on the error queue as well */
TEST_F(sendopt, error_of_our_own)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	struct sock_extended_err *e;
	static char data[70000];
	char control[256];
	struct iovec iov = { data, sizeof(data) };
	struct sockaddr_in to;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_control = control, .msg_controllen = sizeof(control) };

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1473, 0)));
	EXPECT_EQ(EAGAIN, err_of(recvmsg(fd, &msg, MSG_ERRQUEUE)));
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, 1473, 0)));
	EXPECT_EQ(POLLERR, ready(fd, POLLERR));
	EXPECT_EQ(0, recvmsg(fd, &msg, MSG_ERRQUEUE));
	EXPECT_EQ(MSG_ERRQUEUE, msg.msg_flags);
	EXPECT_STREQ(YOU ":9", show(0, &to));
	e = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	EXPECT_EQ(EMSGSIZE, e->ee_errno);
	EXPECT_EQ(SO_EE_ORIGIN_LOCAL, e->ee_origin);
	EXPECT_EQ(1500, e->ee_info);
	EXPECT_EQ(0, e->ee_type);
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
}

/* Every kind of control message with every length, of which few are right */
TEST_F_TIMEOUT(sendopt, control_lengths, 300)
{
	static const struct {
		const char *name;
		int level, type, right[2];
	} rows[] = {
		{ "ttl", SOL_IP, IP_TTL, { 4, 4 } },
		{ "tos", SOL_IP, IP_TOS, { 1, 4 } },
		{ "pktinfo", SOL_IP, IP_PKTINFO, { 12, 12 } },
		{ "protocol", SOL_IP, IP_PROTOCOL, { 4, 4 } },
		{ "mark", SOL_SOCKET, SO_MARK, { 4, 4 } },
		{ "timestamping", SOL_SOCKET, SO_TIMESTAMPING, { 4, 4 } },
		{ "txtime", SOL_SOCKET, SCM_TXTIME, { 8, 8 } },
	};
	struct sock_txtime option = { .clockid = CLOCK_MONOTONIC };
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned char data[40] = {};
	unsigned int i, len;
	bool right;

	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_TXTIME, &option,
				sizeof(option)));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		/* 1, which is good for all that is not 0 */
		data[0] = rows[i].type == IP_PKTINFO ? 0 :
			rows[i].type == SO_TIMESTAMPING ?
			SOF_TIMESTAMPING_TX_SOFTWARE : 1;
		for (len = 0; len <= 40; len++) {
			right = len == rows[i].right[0] ||
				len == rows[i].right[1];
			EXPECT_EQ(right ? 0 : EINVAL,
				  send_one(fd, NULL, rows[i].level,
					   rows[i].type, data, len))
				TH_LOG("%s of %d", rows[i].name, len);
			EXPECT_STREQ(right ? "x" : "(none)", next_text());
		}
	}
}

/* Kinds that there are not, levels that are not ours */
TEST_F(sendopt, control_kinds)
{
	static const struct {
		int level, type, err;
	} rows[] = {
		{ SOL_IP, 0, EINVAL },
		{ SOL_IP, IP_RECVERR, EINVAL },
		{ SOL_IP, IP_OPTIONS, EINVAL },
		{ SOL_IP, 1000, EINVAL },
		{ SOL_IP, -1, EINVAL },
		{ SOL_SOCKET, 0, EINVAL },
		{ SOL_SOCKET, 1000, EINVAL },
		{ SOL_SOCKET, SO_PRIORITY, EINVAL },
		{ SOL_SOCKET, SO_TIMESTAMP, EINVAL },
		{ SOL_SOCKET, SCM_RIGHTS, 0 },
		{ SOL_SOCKET, SCM_CREDENTIALS, 0 },
		{ IPPROTO_UDP, 0, EINVAL },
		{ IPPROTO_UDP, UDP_CORK, EINVAL },
		{ IPPROTO_UDP, UDP_GRO, EINVAL },
		{ SOL_IPV6, IPV6_HOPLIMIT, 0 },
		{ SOL_IPV6, IPV6_PKTINFO, 0 },
		{ SOL_RAW, 1, 0 },
		{ IPPROTO_TCP, 1, 0 },
		{ IPPROTO_ICMP, 1, 0 },
		{ 12345, 1, 0 },
		{ -1, -1, 0 },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, send_int(fd, NULL, rows[i].level,
						 rows[i].type, 1))
			TH_LOG("level %d, type %d", rows[i].level,
			       rows[i].type);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text());
	}
}

/* Of several the last wins, and one that is wrong makes all wrong */
TEST_F(sendopt, control_several)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	struct control c = {}, wrong = {};
	static struct datagram g;

	add_int(&c, SOL_IP, IP_TTL, 5);
	add_int(&c, SOL_IP, IP_TOS, 0x20);
	add_int(&c, SOL_SOCKET, SO_MARK, 1);
	add_int(&c, 12345, 1, 1);
	add_int(&c, SOL_IP, IP_TTL, 6);
	add_int(&c, SOL_IP, IP_TOS, 0x30);
	EXPECT_EQ(0, send_with(fd, NULL, &c));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(6, g.ip.ttl);
	EXPECT_EQ(0x30, g.ip.tos);
	add_int(&wrong, SOL_IP, IP_TTL, 0);
	add_int(&wrong, SOL_IP, IP_TTL, 6);
	EXPECT_EQ(EINVAL, send_with(fd, NULL, &wrong));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
	/* The next datagram is as if there had been none */
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, next_datagram(&g));
	EXPECT_EQ(64, g.ip.ttl);
	EXPECT_EQ(0, g.ip.tos);
}

/* Control messages that are cut, or that say that they are longer */
TEST_F(sendopt, control_cut)
{
	static const struct {
		int said, there, err;	/* cmsg_len and msg_controllen */
	} rows[] = {
		{ 20, 24, 0 }, { 20, 20, 0 }, { 20, 19, EINVAL },
		{ 20, 16, EINVAL }, { 20, 15, 0 }, { 20, 1, 0 }, { 20, 0, 0 },
		{ 15, 24, EINVAL }, { 0, 24, EINVAL }, { 21, 24, EINVAL },
		{ 24, 24, EINVAL }, { 25, 24, EINVAL }, { -1, 24, EINVAL },
		/* The second header is not whole: there is none */
		{ 20, 39, 0 }, { 20, 40, EINVAL },
	};
	int t = tun(), fd = joined(sock(), YOU, 9);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct control c = {};

		add_int(&c, SOL_IP, IP_TTL, 9);
		((struct cmsghdr *)c.buf)->cmsg_len = rows[i].said;
		c.len = rows[i].there;
		EXPECT_EQ(rows[i].err, send_with(fd, NULL, &c))
			TH_LOG("case %d", i);
		EXPECT_STREQ(rows[i].err ? "(none)" : "x", next_text());
	}
}

/* Memory that cannot be read, in each place that is read */
TEST_F(sendopt, bad_pointers)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i, k;
	char *bad = hole(), *edge;
	struct iovec iov[4];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 4 };
	struct control c = {};

	for (i = 0; i < 4; i++) {
		for (k = 0; k < 4; k++)
			iov[k] = (struct iovec){ k == i ? bad : "abc", 3 };
		EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
		iov[i].iov_len = 0;
		EXPECT_EQ(9, sendmsg(fd, &msg, 0));
		EXPECT_STREQ("abcabcabc", next_text());
	}
	/* Good up to the last byte of a page, whose next is bad */
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + 4096, 4096));
	edge += 4096 - 5;
	memcpy(edge, "abcde", 5);
	EXPECT_EQ(5, send(fd, edge, 5, 0));
	EXPECT_STREQ("abcde", next_text());
	EXPECT_EQ(EFAULT, err_of(send(fd, edge, 6, 0)));
	EXPECT_EQ(EFAULT, err_of(send(fd, edge, 5000, 0)));

	iov[0] = (struct iovec){ "a", 1 };
	msg.msg_iovlen = 1;
	msg.msg_control = bad;
	msg.msg_controllen = 24;
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_control = c.buf;
	msg.msg_controllen = 1UL << 31;
	EXPECT_EQ(ENOBUFS, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_controllen = 1 << 24;
	EXPECT_EQ(ENOBUFS, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_controllen = 0;
	msg.msg_name = bad;
	msg.msg_namelen = 16;
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_name = NULL;
	msg.msg_iov = (void *)bad;
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, &msg, 0)));
	EXPECT_EQ(EFAULT, err_of(sendmsg(fd, (void *)bad, 0)));
	EXPECT_EQ(EFAULT, err_of(sendmmsg(fd, (void *)bad, 2, 0)));
	EXPECT_STREQ("(none)", next_text());
}

/* No iovec is an empty datagram; one too many is EMSGSIZE */
TEST_F(sendopt, iovecs)
{
	int t = tun(), fd = joined(sock(), YOU, 9);
	static struct datagram g;
	static struct iovec iov[1025];
	struct msghdr msg = { .msg_iov = iov };

	EXPECT_EQ(0, sendmsg(fd, &msg, 0));
	EXPECT_EQ(0, next_datagram(&g));
	msg.msg_iovlen = 1024;
	EXPECT_EQ(0, sendmsg(fd, &msg, 0));
	EXPECT_EQ(0, next_datagram(&g));
	msg.msg_iovlen = 1025;
	EXPECT_EQ(EMSGSIZE, err_of(sendmsg(fd, &msg, 0)));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

/* sendmmsg(2): the number that were sent; an error only if that is none */
TEST_F(sendopt, sendmmsg)
{
	struct sockaddr_in to[] = { addr(YOU, 9), addr(NOWHERE, 9) };
	struct iovec iov[] = { { "a", 1 }, { "bc", 2 }, { "def", 3 } };
	int t = tun(), fd = sock(), i;
	struct mmsghdr m[3] = {};

	for (i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &to[0];
		m[i].msg_hdr.msg_namelen = sizeof(to[0]);
	}
	EXPECT_EQ(3, sendmmsg(fd, m, 3, 0));
	EXPECT_EQ(1, m[0].msg_len);
	EXPECT_EQ(2, m[1].msg_len);
	EXPECT_EQ(3, m[2].msg_len);
	EXPECT_STREQ("a", next_text());
	EXPECT_STREQ("bc", next_text());
	EXPECT_STREQ("def", next_text());
	m[1].msg_hdr.msg_name = &to[1];
	EXPECT_EQ(1, sendmmsg(fd, m, 3, 0));
	EXPECT_STREQ("a", next_text());
	EXPECT_STREQ("(none)", next_text());
	EXPECT_EQ(ENETUNREACH, err_of(sendmmsg(fd, m + 1, 2, 0)));
	EXPECT_EQ(0, sendmmsg(fd, m, 0, 0));
	EXPECT_STREQ("(none)", next_text());
}

/* What a stamp says of what was sent, in one string to compare */
static const char *stamp(int fd)
{
	static char text[128];
	char data[256], control[512];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err e = {};
	struct timespec ts = {};
	struct cmsghdr *c;
	ssize_t n;

	if (!await(fd, 0))
		return "(none)";
	n = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
	if (n < 0)
		return strerror(errno);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_TIMESTAMPING)
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR)
			memcpy(&e, CMSG_DATA(c), sizeof(e));
	}
	snprintf(text, sizeof(text),
		 "%zd bytes, errno %d, origin %d, info %d, id %d, %s", n,
		 e.ee_errno, e.ee_origin, e.ee_info, e.ee_data,
		 ts.tv_sec ? "stamped" : "no stamp");
	return text;
}

#define REPORT	(SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY)

/* timestamping.rst: when a datagram left, asked for by option or by message */
TEST_F(sendopt, timestamps)
{
	int t = tun(), fd = joined(sock(), YOU, 9), i;
	static char data[4000];

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, REPORT));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(0, ready(fd, POLLERR));
	EXPECT_EQ(0, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING,
			      SOF_TIMESTAMPING_TX_SOFTWARE));
	EXPECT_STREQ("0 bytes, errno 42, origin 4, info 0, id 0, stamped",
		     stamp(fd));
	EXPECT_EQ(0, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING,
			      SOF_TIMESTAMPING_TX_SCHED));
	EXPECT_STREQ("0 bytes, errno 42, origin 4, info 1, id 0, stamped",
		     stamp(fd));
	EXPECT_EQ(EINVAL, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING,
				   SOF_TIMESTAMPING_OPT_ID));
	EXPECT_EQ(EINVAL, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING,
				   SOF_TIMESTAMPING_RX_SOFTWARE));
	/* By option, numbered; each datagram once, in fragments too */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, REPORT |
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     SOF_TIMESTAMPING_OPT_ID));
	for (i = 0; i < 3; i++) {
		char want[64];

		EXPECT_EQ(4000, send(fd, data, 4000, 0));
		snprintf(want, sizeof(want),
			 "0 bytes, errno 42, origin 4, info 0, id %d, stamped",
			 i);
		EXPECT_STREQ(want, stamp(fd));
		EXPECT_EQ(0, ready(fd, POLLERR));
	}
	/* A message takes back what the option asks for */
	EXPECT_EQ(0, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING, 0));
	EXPECT_EQ(0, ready(fd, POLLERR));
	/* There is no ACK, and who asks for it gets no number */
	fd = joined(sock(), YOU, 9);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, REPORT |
			     SOF_TIMESTAMPING_TX_ACK |
			     SOF_TIMESTAMPING_OPT_ID));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(0, ready(fd, POLLERR));
	EXPECT_EQ(0, send_int(fd, NULL, SOL_SOCKET, SO_TIMESTAMPING,
			      SOF_TIMESTAMPING_TX_SOFTWARE));
	EXPECT_STREQ("0 bytes, errno 42, origin 4, info 0, id 0, stamped",
		     stamp(fd));
}

/* Without OPT_TSONLY the packet comes back with the stamp */
TEST_F(sendopt, timestamp_packet)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING,
			     SOF_TIMESTAMPING_SOFTWARE |
			     SOF_TIMESTAMPING_TX_SOFTWARE));
	EXPECT_EQ(5, send(fd, "hello", 5, 0));
	EXPECT_STREQ("33 bytes, errno 42, origin 4, info 0, id 0, stamped",
		     stamp(fd));
}

/* One datagram of two pieces has one stamp, by what the first asks */
TEST_F(sendopt, timestamp_corked)
{
	int t = tun(), fd = joined(sock(), YOU, 9);

	ASSERT_LE(0, t);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, REPORT |
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     SOF_TIMESTAMPING_OPT_ID));
	EXPECT_EQ(1, send(fd, "a", 1, MSG_MORE));
	EXPECT_EQ(1, send(fd, "b", 1, 0));
	EXPECT_STREQ("0 bytes, errno 42, origin 4, info 0, id 0, stamped",
		     stamp(fd));
	EXPECT_EQ(0, ready(fd, POLLERR));
	EXPECT_EQ(1, send(fd, "c", 1, 0));
	EXPECT_STREQ("0 bytes, errno 42, origin 4, info 0, id 1, stamped",
		     stamp(fd));
}

/* An io_uring of one entry, io_uring(7) */
struct ring {
	int fd;
	unsigned int *sq_tail, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqe;
	struct io_uring_cqe *cqes;
};

static void __ring(struct __test_metadata *_metadata, struct ring *r)
{
	struct io_uring_params p = {};
	void *sq, *cq;

	r->fd = syscall(__NR_io_uring_setup, 1, &p);
	ASSERT_LE(0, r->fd);
	sq = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		  IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, sizeof(*r->sqe), PROT_READ | PROT_WRITE,
		      MAP_SHARED, r->fd, IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, sq);
	ASSERT_NE(MAP_FAILED, cq);
	ASSERT_NE(MAP_FAILED, (void *)r->sqe);
	r->sq_tail = sq + p.sq_off.tail;
	r->sq_array = sq + p.sq_off.array;
	r->cq_head = cq + p.cq_off.head;
	r->cq_tail = cq + p.cq_off.tail;
	r->cq_mask = cq + p.cq_off.ring_mask;
	r->cqes = cq + p.cq_off.cqes;
}

/* Does what is in r->sqe, and returns what it gave */
static int ring_do(struct ring *r)
{
	int res;

	r->sq_array[0] = 0;
	__atomic_store_n(r->sq_tail, *r->sq_tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS,
		    NULL, 0) != 1)
		return -errno;
	res = r->cqes[*r->cq_head & *r->cq_mask].res;
	__atomic_store_n(r->cq_head, *r->cq_head + 1, __ATOMIC_RELEASE);
	return res;
}

static int ring_send(struct ring *r, int fd, const char *text, int flags)
{
	memset(r->sqe, 0, sizeof(*r->sqe));
	r->sqe->opcode = IORING_OP_SEND;
	r->sqe->fd = fd;
	r->sqe->addr = (unsigned long)text;
	r->sqe->len = strlen(text);
	r->sqe->msg_flags = flags;
	return ring_do(r);
}

static int ring_sendmsg(struct ring *r, int fd, struct msghdr *msg)
{
	memset(r->sqe, 0, sizeof(*r->sqe));
	r->sqe->opcode = IORING_OP_SENDMSG;
	r->sqe->fd = fd;
	r->sqe->addr = (unsigned long)msg;
	r->sqe->len = 1;
	return ring_do(r);
}

/* The same sends through io_uring(7) */
TEST_F(sendopt, io_uring)
{
	int t = tun(), fd = joined(sock(), YOU, 9), plain = sock();
	struct sockaddr_in to = addr("192.0.2.3", 10);
	struct iovec iov[] = { { "ab", 2 }, { "c", 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2,
		.msg_name = &to, .msg_namelen = sizeof(to) };
	static struct datagram g;
	struct control c = {};
	struct ring r;

	__ring(_metadata, &r);
	EXPECT_EQ(5, ring_send(&r, fd, "hello", 0));
	EXPECT_STREQ("hello", next_text());
	EXPECT_EQ(0, ring_send(&r, fd, "", 0));
	EXPECT_EQ(0, next_datagram(&g));
	EXPECT_EQ(-EDESTADDRREQ, ring_send(&r, plain, "hello", 0));
	EXPECT_EQ(1, ring_send(&r, fd, "a", MSG_MORE));
	EXPECT_EQ(1, ring_send(&r, fd, "b", 0));
	EXPECT_STREQ("ab", next_text());
	add_int(&c, SOL_IP, IP_TTL, 7);
	msg.msg_control = c.buf;
	msg.msg_controllen = c.len;
	EXPECT_EQ(3, ring_sendmsg(&r, plain, &msg));
	EXPECT_EQ(3, next_datagram(&g));
	EXPECT_EQ(inet_addr("192.0.2.3"), g.ip.daddr);
	EXPECT_EQ(7, g.ip.ttl);
	EXPECT_EQ(0, memcmp("abc", g.data, 3));
	iov[1].iov_base = hole();
	EXPECT_EQ(-EFAULT, ring_sendmsg(&r, plain, &msg));
	EXPECT_EQ(-EAGAIN, next_datagram(&g));
}

TEST_HARNESS_MAIN
