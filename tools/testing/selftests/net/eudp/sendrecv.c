// SPDX-License-Identifier: GPL-2.0
/* The calls that send and receive: send(2), recv(2), sendmmsg(2), udp(7) */
#include "lib.h"

#define MAX_PAYLOAD 65507	/* 65535 less the headers of IP and UDP */

EUDP_FIXTURE(sendrecv)
EUDP_INET_VARIANT(sendrecv);

/* What a fault is made with: a page that nobody may touch */
static void *__hole(struct __test_metadata *_metadata)
{
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

#define hole() __hole(_metadata)

static ssize_t by_write(int fd, void *buf, size_t len)
{
	return write(fd, buf, len);
}

static ssize_t by_send(int fd, void *buf, size_t len)
{
	return send(fd, buf, len, 0);
}

static ssize_t by_sendto(int fd, void *buf, size_t len)
{
	return send_to(fd, "127.0.0.1", 5000, buf, len);
}

static ssize_t by_writev(int fd, void *buf, size_t len)
{
	struct iovec iov[] = { { buf, len / 2 }, { NULL, 0 },
			       { buf + len / 2, len - len / 2 } };

	return writev(fd, iov, 3);
}

static ssize_t by_sendmsg(int fd, void *buf, size_t len)
{
	struct iovec iov[] = { { buf, 1 }, { buf + 1, len - 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	return sendmsg(fd, &msg, 0);
}

static ssize_t by_sendmmsg(int fd, void *buf, size_t len)
{
	struct sockaddr_in to = addr("127.0.0.1", 5000);
	struct iovec iov = { buf, len };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &to, .msg_namelen = sizeof(to) } };

	return sendmmsg(fd, &m, 1, 0) == 1 ? m.msg_len : -1;
}

static ssize_t by_read(int fd, void *buf, size_t len)
{
	return read(fd, buf, len);
}

static ssize_t by_recv(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, 0);
}

static ssize_t by_recvfrom(int fd, void *buf, size_t len)
{
	struct sockaddr_in from = {};
	socklen_t n = sizeof(from);
	ssize_t ret = recvfrom(fd, buf, len, 0, sa(&from), &n);

	if (n != sizeof(from) || strcmp(show(0, &from), "127.0.0.1:6000"))
		return -1;
	return ret;
}

static ssize_t by_readv(int fd, void *buf, size_t len)
{
	struct iovec iov[] = { { buf, 1 }, { NULL, 0 }, { buf + 1, len - 1 } };

	return readv(fd, iov, 3);
}

static ssize_t by_recvmsg(int fd, void *buf, size_t len)
{
	struct iovec iov[] = { { buf, 3 }, { buf + 3, len - 3 } };
	struct sockaddr_in from = {};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2,
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_flags = -1 };
	ssize_t ret = recvmsg(fd, &msg, 0);

	if (msg.msg_flags || msg.msg_namelen != sizeof(from) ||
	    strcmp(show(0, &from), "127.0.0.1:6000"))
		return -1;
	return ret;
}

static ssize_t by_recvmmsg(int fd, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	return recvmmsg(fd, &m, 1, 0, NULL) == 1 ? m.msg_len : -1;
}

/* Every way to send, with every way to receive, and some lengths */
TEST_F(sendrecv, every_call)
{
	static ssize_t (*const tx[])(int fd, void *buf, size_t len) = {
		by_write, by_send, by_sendto, by_writev, by_sendmsg, by_sendmmsg
	};
	static ssize_t (*const rx[])(int fd, void *buf, size_t len) = {
		by_read, by_recv, by_recvfrom, by_readv, by_recvmsg, by_recvmmsg
	};
	static const int lengths[] = { 1, 2, 7, 64, 1472, 1473, 4097 };
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	unsigned char data[5000], got[5000];
	unsigned int t, r, k, i;

	joined(out, "127.0.0.1", 5000);
	for (t = 0; t < ARRAY_SIZE(tx); t++)
		for (r = 0; r < ARRAY_SIZE(rx); r++)
			for (k = 0; k < ARRAY_SIZE(lengths); k++) {
				for (i = 0; i < sizeof(data); i++)
					data[i] = i * 7 + t + r + k;
				memset(got, 0, sizeof(got));
				EXPECT_EQ(lengths[k],
					  tx[t](out, data, lengths[k]))
					TH_LOG("%d %d", t, r);
				ASSERT_EQ(POLLIN, await(in, POLLIN));
				EXPECT_EQ(lengths[k],
					  rx[r](in, got, sizeof(got)))
					TH_LOG("%d %d", t, r);
				EXPECT_EQ(0, memcmp(data, got, lengths[k]));
				EXPECT_EQ(0, got[lengths[k]]);
			}
}

/* An empty datagram is one, but for those calls that leave out empty ones */
TEST_F(sendrecv, empty)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	struct iovec none = { "", 0 };
	struct msghdr msg = {};
	char buf[8] = "x";

	joined(out, "127.0.0.1", 5000);
	EXPECT_EQ(0, send(out, NULL, 0, 0));
	EXPECT_EQ(0, write(out, "", 0));
	EXPECT_EQ(0, writev(out, &none, 1));	/* sends nothing */
	EXPECT_EQ(0, sendmsg(out, &msg, 0));
	EXPECT_EQ(1, send(out, "a", 1, 0));
	settle();
	EXPECT_EQ(0, by_recvfrom(in, buf, sizeof(buf)));
	EXPECT_EQ(0, read(in, buf, 0));		/* receives nothing */
	EXPECT_EQ(0, recv(in, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ('x', buf[0]);
	EXPECT_EQ(0, recv(in, buf, sizeof(buf), MSG_DONTWAIT | MSG_PEEK));
	EXPECT_EQ(0, recv(in, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(1, recv(in, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(EAGAIN, silent(in));
	/* A buffer of no length takes a datagram, whatever its length */
	EXPECT_EQ(1, send(out, "b", 1, 0));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(0, recv(in, buf, 0, 0));
	EXPECT_EQ(EAGAIN, silent(in));
}

/* The longest that an IPv4 packet can hold, and more: EMSGSIZE */
TEST_F(sendrecv, longest)
{
	static const struct {
		const char *ip;
		int len, err;
	} cases[] = {
		{ "127.0.0.1", MAX_PAYLOAD, 0 },
		{ "127.0.0.1", MAX_PAYLOAD + 1, EMSGSIZE },
		{ "127.0.0.1", 65535, EMSGSIZE },
		{ "127.0.0.1", 65536, EMSGSIZE },
		{ "127.0.0.1", 1 << 20, EMSGSIZE },
		/* What no packet can hold is wrong before the route is */
		{ NOWHERE, MAX_PAYLOAD + 1, ENETUNREACH },
		{ NOWHERE, 65535, ENETUNREACH },
		{ NOWHERE, 65536, EMSGSIZE },
	};
	unsigned char *data = malloc(1 << 20), *got = malloc(70000);
	int in = bound("127.0.0.1", 5000), out = sock();
	unsigned int i;

	ASSERT_NE(NULL, data);
	ASSERT_NE(NULL, got);
	for (i = 0; i < 1 << 20; i++)
		data[i] = i * 13 + i / 256;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, err_of(send_to(out, cases[i].ip, 5000,
						       data, cases[i].len)))
			TH_LOG("%s, %d", cases[i].ip, cases[i].len);
	}
	EXPECT_EQ(MAX_PAYLOAD, take(in, got, 70000));
	EXPECT_EQ(0, memcmp(data, got, MAX_PAYLOAD));
	EXPECT_EQ(EAGAIN, silent(in));
}

/* RFC 791: every link carries 68 bytes; a route for less leads nowhere */
TEST_F(sendrecv, route_for_too_little)
{
	int fd = sock();

	run("ip route add 10.9.0.0/16 dev lo mtu 67");
	run("ip route add 10.8.0.0/16 dev lo mtu 68");
	EXPECT_EQ(ENETUNREACH, err_of(send_to(fd, "10.9.0.1", 5000, "x", 1)));
	EXPECT_EQ(1, send_to(fd, "10.8.0.1", 5000, "x", 1));
}

/* Longer than the device's MTU: in fragments, and whole again */
TEST_F(sendrecv, fragments)
{
	static const int lengths[] = {
		1472, 1473, 2952, 2953, 2960, 8192, 60000, MAX_PAYLOAD
	};
	unsigned char *data = malloc(70000), *got = malloc(70000);
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	unsigned int i, k;

	run("ip link set lo mtu 1500");
	joined(out, "127.0.0.1", 5000);
	for (i = 0; i < ARRAY_SIZE(lengths) * 2; i++) {
		int len = lengths[i / 2];

		for (k = 0; k < len; k++)
			data[k] = k * 13 + k / 256 + i;
		EXPECT_EQ(len, i % 2 ? by_send(out, data, len) :
			  by_sendto(out, data, len));
		EXPECT_EQ(len, take(in, got, 70000));
		EXPECT_EQ(0, memcmp(data, got, len))
			TH_LOG("%d", len);
	}
	/* ip(7): not with IP_PMTUDISC_DO, and the limit is the MTU */
	EXPECT_EQ(0, set_int(out, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	EXPECT_EQ(1472, send(out, data, 1472, 0));
	EXPECT_EQ(EMSGSIZE, err_of(send(out, data, 1473, 0)));
	EXPECT_EQ(1472, take(in, got, 70000));
	EXPECT_EQ(EAGAIN, silent(in));
}

/* What is wrong with a send, and what of two wrongs is told */
TEST_F(sendrecv, send_errors)
{
	static const struct {
		const char *name, *ip;
		int family, port, namelen, len, flags;
		int err;	/* on a socket without a peer */
		int joined_err;	/* and with one */
	} cases[] = {
		{ "good", "127.0.0.1", AF_INET, 5001, 16, 1, 0, 0, 0 },
		{ "unspec", "127.0.0.1", AF_UNSPEC, 5001, 16, 1, 0, 0, 0 },
		{ "any", "0.0.0.0", AF_INET, 5001, 16, 1, 0, 0, 0 },
		{ "longest", "127.0.0.1", AF_INET, 5001, 128, 1, 0, 0, 0 },
		{ "no name", NULL, 0, 0, 0, 1, 0, EDESTADDRREQ, 0 },
		{ "short", "127.0.0.1", AF_INET, 5001, 15, 1, 0,
		  EINVAL, EINVAL },
		{ "no length", "127.0.0.1", AF_INET, 5001, 0, 1, 0,
		  EINVAL, EINVAL },
		{ "too long", "127.0.0.1", AF_INET, 5001, 129, 1, 0,
		  EINVAL, EINVAL },
		{ "negative", "127.0.0.1", AF_INET, 5001, -1, 1, 0,
		  EINVAL, EINVAL },
		{ "inet6", "127.0.0.1", AF_INET6, 5001, 28, 1, 0,
		  EAFNOSUPPORT, EAFNOSUPPORT },
		{ "eudp", "127.0.0.1", AF_EUDP, 5001, 16, 1, 0,
		  EAFNOSUPPORT, EAFNOSUPPORT },
		{ "port 0", "127.0.0.1", AF_INET, 0, 16, 1, 0,
		  EINVAL, EINVAL },
		{ "inet6, port 0", "127.0.0.1", AF_INET6, 0, 28, 1, 0,
		  EAFNOSUPPORT, EAFNOSUPPORT },
		{ "no route", NOWHERE, AF_INET, 5001, 16, 1, 0,
		  ENETUNREACH, ENETUNREACH },
		{ "broadcast", "127.255.255.255", AF_INET, 5001, 16, 1, 0,
		  EACCES, EACCES },
		{ "oob", "127.0.0.1", AF_INET, 5001, 16, 1, MSG_OOB,
		  EOPNOTSUPP, EOPNOTSUPP },
		{ "oob, short", "127.0.0.1", AF_INET, 5001, 15, 1, MSG_OOB,
		  EOPNOTSUPP, EOPNOTSUPP },
		{ "oob, no name", NULL, 0, 0, 0, 1, MSG_OOB,
		  EOPNOTSUPP, EOPNOTSUPP },
		{ "oob, long", NULL, 0, 0, 0, 65536, MSG_OOB,
		  EMSGSIZE, EMSGSIZE },
		{ "long, no name", NULL, 0, 0, 0, 65535, 0,
		  EDESTADDRREQ, EMSGSIZE },
	};
	static char data[65536] = { 1 };
	int in = bound("127.0.0.1", 5001);
	struct sockaddr_storage ss;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		struct sockaddr_in *sin = (struct sockaddr_in *)&ss;
		int fd = sock(), err;

		memset(&ss, 0, sizeof(ss));
		if (c->ip)
			*sin = addr(c->ip, c->port);
		sin->sin_family = c->family;
		if (i % 2)
			joined(fd, "127.0.0.1", 5001);
		err = i % 2 ? c->joined_err : c->err;
		EXPECT_EQ(err, err_of(sendto(fd, data, c->len, c->flags,
					     c->ip ? sa(sin) : NULL,
					     c->namelen)))
			TH_LOG("%s, %sconnected", c->name, i % 2 ? "" : "un");
		if (!err)
			EXPECT_EQ(1, take_tag(in))
				TH_LOG("%s", c->name);
		close(fd);
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

/* sendmsg() takes a name of no length for none, and cuts one too long */
TEST_F(sendrecv, sendmsg_name)
{
	struct sockaddr_in to = addr("127.0.0.1", 5001);
	struct sockaddr_storage ss = {};
	struct iovec iov = { "\1", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &to, .msg_namelen = 0 };
	int in = bound("127.0.0.1", 5001), fd = sock();

	EXPECT_EQ(EDESTADDRREQ, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_namelen = 15;
	EXPECT_EQ(EINVAL, err_of(sendmsg(fd, &msg, 0)));
	msg.msg_namelen = -1;
	EXPECT_EQ(EINVAL, err_of(sendmsg(fd, &msg, 0)));
	memcpy(&ss, &to, sizeof(to));
	msg.msg_name = &ss;
	msg.msg_namelen = 1000;
	EXPECT_EQ(1, sendmsg(fd, &msg, 0));
	EXPECT_EQ(1, take_tag(in));
	joined(fd, "127.0.0.1", 5001);
	msg.msg_namelen = 0;
	EXPECT_EQ(1, sendmsg(fd, &msg, 0));
	EXPECT_EQ(1, take_tag(in));
	msg.msg_iovlen = 1025;
	EXPECT_EQ(EMSGSIZE, err_of(sendmsg(fd, &msg, 0)));
	EXPECT_EQ(EAGAIN, silent(in));
}

/* Many pieces are one datagram, as long as there are not too many */
TEST_F(sendrecv, many_iovecs)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000), i;
	unsigned char data[1024], got[1025] = {};
	struct iovec iov[1024];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1024 };

	for (i = 0; i < 1024; i++) {
		data[i] = i * 7;
		iov[i] = (struct iovec){ &data[i], 1 };
	}
	joined(out, "127.0.0.1", 5000);
	EXPECT_EQ(1024, sendmsg(out, &msg, 0));
	for (i = 0; i < 1024; i++)
		iov[i].iov_base = &got[1023 - i];
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(1024, recvmsg(in, &msg, 0));
	for (i = 0; i < 1024; i++)
		EXPECT_EQ(data[i], got[1023 - i]);
}

/* recv(2): MSG_PEEK leaves the datagram where it is */
TEST_F(sendrecv, peek)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	char buf[16] = "";
	int i;

	joined(out, "127.0.0.1", 5000);
	EXPECT_EQ(EAGAIN, err_of(recv(in, buf, 1, MSG_PEEK | MSG_DONTWAIT)));
	EXPECT_EQ(5, send(out, "first", 5, 0));
	EXPECT_EQ(6, send(out, "second", 6, 0));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	for (i = 0; i < 3; i++) {
		memset(buf, 0, sizeof(buf));
		EXPECT_EQ(5, recv(in, buf, sizeof(buf), MSG_PEEK));
		EXPECT_STREQ("first", buf);
		memset(buf, 0, sizeof(buf));
		EXPECT_EQ(2, recv(in, buf, 2, MSG_PEEK));
		EXPECT_STREQ("fi", buf);
		EXPECT_EQ(5, recv(in, buf, 2, MSG_PEEK | MSG_TRUNC));
		EXPECT_EQ(5, recv(in, NULL, 0, MSG_PEEK | MSG_TRUNC));
	}
	EXPECT_EQ(5, recv(in, buf, sizeof(buf), 0));
	settle();
	EXPECT_EQ(6, recv(in, buf, sizeof(buf), MSG_DONTWAIT));
	EXPECT_EQ(0, memcmp("second", buf, 6));
	EXPECT_EQ(EAGAIN, err_of(recv(in, buf, 1, MSG_PEEK | MSG_DONTWAIT)));
}

/* recv(2): what does not fit is lost, and MSG_TRUNC tells */
TEST_F(sendrecv, truncation)
{
	static const struct {
		int room, flags, ret, msg_flags;
	} cases[] = {
		{ 11, 0, 10, 0 },
		{ 10, 0, 10, 0 },
		{ 9, 0, 9, MSG_TRUNC },
		{ 0, 0, 0, MSG_TRUNC },
		{ 11, MSG_TRUNC, 10, 0 },
		{ 9, MSG_TRUNC, 10, MSG_TRUNC },
		{ 0, MSG_TRUNC, 10, MSG_TRUNC },
		/* Neither of these means anything here */
		{ 11, MSG_WAITALL, 10, 0 },
		{ 11, MSG_OOB, 10, 0 },
	};
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	char buf[16];
	struct iovec iov = { buf, 0 };
	unsigned int i;

	joined(out, "127.0.0.1", 5000);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_flags = -1 };
		int room = cases[i].room;

		EXPECT_EQ(10, send(out, "0123456789", 10, 0));
		EXPECT_EQ(0, tag(out, 1));
		ASSERT_EQ(POLLIN, await(in, POLLIN));
		memset(buf, 'x', sizeof(buf));
		iov.iov_len = room;
		EXPECT_EQ(cases[i].ret, recvmsg(in, &msg, cases[i].flags))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].msg_flags, msg.msg_flags & ~MSG_OOB)
			TH_LOG("case %d", i);
		EXPECT_EQ(0, memcmp("0123456789", buf, room < 10 ? room : 10));
		EXPECT_EQ('x', buf[room < 10 ? room : 10]);
		/* The rest of it is not the next datagram */
		EXPECT_EQ(1, take_tag(in));
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

/* No datagram: EAGAIN at once, or after SO_RCVTIMEO */
TEST_F(sendrecv, no_wait)
{
	struct timeval tv = { .tv_usec = 200000 };
	int fd = bound("127.0.0.1", 5000);
	struct mmsghdr m = {};
	long long start;
	char byte;

	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
	EXPECT_EQ(EAGAIN, err_of(recvmmsg(fd, &m, 1, MSG_DONTWAIT, NULL)));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(EAGAIN, err_of(read(fd, &byte, 1)));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));

	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	start = now_ms();
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, 0)));
	/* 200, but for the ticks that the kernel counts in */
	EXPECT_LE(190, now_ms() - start);
	start = now_ms();
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_PEEK)));
	/* 200, but for the ticks that the kernel counts in */
	EXPECT_LE(190, now_ms() - start);
	/* It does not keep what is there from being received */
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, recv(fd, &byte, 1, 0));
}

static int signal_fd = -1;
static volatile sig_atomic_t signals, send_at;

/* Sends the datagram that ends the wait at the given signal */
static void on_signal(int sig)
{
	if (++signals == send_at)
		tag_to(signal_fd, "127.0.0.1", 5000, 1);
}

static void __tick(struct __test_metadata *_metadata, int flags)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags };
	struct itimerval it = { { 0, 50000 }, { 0, 50000 } };

	signals = 0;
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

/*
 * signal(7): a wait ends with EINTR, or goes on if the handler has SA_RESTART,
 * except with SO_RCVTIMEO. The timer goes on, so no signal comes too early.
 */
TEST_F(sendrecv, signals)
{
	struct itimerval off = {};
	struct timeval tv = { .tv_sec = 20 };
	int fd = bound("127.0.0.1", 5000);
	char byte;

	signal_fd = sock();
	send_at = 5;
	__tick(_metadata, 0);
	EXPECT_EQ(EINTR, err_of(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(EINTR, err_of(recv(fd, &byte, 1, MSG_PEEK)));
	send_at = 3;
	__tick(_metadata, SA_RESTART);
	EXPECT_EQ(1, recv(fd, &byte, 1, 0));
	EXPECT_LE(3, signals);
	send_at = 0;
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	EXPECT_EQ(EINTR, err_of(recv(fd, &byte, 1, 0)));
	setitimer(ITIMER_REAL, &off, NULL);
}

/* One that waits is woken by a datagram; of several, each gets its own */
TEST_F(sendrecv, wakeup)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i, status, sum = 0;
	pid_t pids[4];
	char byte;

	for (i = 0; i < 4; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(recv(fd, &byte, 1, 0) == 1 ? byte : 100);
	}
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1 << i));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	EXPECT_EQ(15, sum);
}

/* recvfrom(2): what fits of the source address, and its true length */
TEST_F(sendrecv, name_length)
{
	int in = bound("0.0.0.0", 5000), out = bound("127.0.0.2", 6000);
	struct sockaddr_in want = addr("127.0.0.2", 6000);
	unsigned char got[64], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	socklen_t len, n, part;

	for (len = 0; len <= 32; len += 4) {
		part = len < 16 ? len : 16;
		memset(got, 0xaa, sizeof(got));
		n = len;
		EXPECT_EQ(0, tag_to(out, "127.0.0.1", 5000, 1));
		ASSERT_EQ(POLLIN, await(in, POLLIN));
		EXPECT_EQ(1, recvfrom(in, &byte, 1, 0, (void *)got, &n));
		EXPECT_EQ(16, n);
		EXPECT_EQ(0, memcmp(got, &want, part));
		EXPECT_EQ(0xaa, got[part]);

		memset(got, 0xaa, sizeof(got));
		msg.msg_name = got;
		msg.msg_namelen = len;
		EXPECT_EQ(0, tag_to(out, "127.0.0.1", 5000, 1));
		ASSERT_EQ(POLLIN, await(in, POLLIN));
		EXPECT_EQ(1, recvmsg(in, &msg, 0));
		EXPECT_EQ(16, msg.msg_namelen);
		EXPECT_EQ(0, memcmp(got, &want, part));
		EXPECT_EQ(0xaa, got[part]);
	}
	/* A length that cannot be read or is none costs the datagram */
	EXPECT_EQ(0, tag_to(out, "127.0.0.1", 5000, 1));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(EFAULT, err_of(recvfrom(in, &byte, 1, 0, sa(&want), NULL)));
	EXPECT_EQ(EAGAIN, silent(in));
	n = -1;
	EXPECT_EQ(0, tag_to(out, "127.0.0.1", 5000, 1));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(EINVAL, err_of(recvfrom(in, &byte, 1, 0, sa(&want), &n)));
	EXPECT_EQ(EAGAIN, silent(in));
	/* recvmsg looks at it first */
	msg.msg_namelen = -1;
	EXPECT_EQ(0, tag_to(out, "127.0.0.1", 5000, 1));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(EINVAL, err_of(recvmsg(in, &msg, 0)));
	EXPECT_EQ(1, take_tag(in));
}

/* The source of a datagram is what it was sent from */
TEST_F(sendrecv, source)
{
	static const struct {
		const char *from, *to, *seen;
	} cases[] = {
		{ "127.0.0.2", "127.0.0.1", "127.0.0.2" },
		{ "127.0.0.1", "127.0.0.2", "127.0.0.1" },
		{ "0.0.0.0", "127.0.0.2", "127.0.0.1" },
		{ "0.0.0.0", "0.0.0.0", "127.0.0.1" },
		{ "127.0.0.2", "0.0.0.0", "127.0.0.2" },
		{ "0.0.0.0", "10.9.9.1", "10.9.9.1" },
		{ "127.0.0.2", "10.9.9.1", "127.0.0.2" },
	};
	int in = bound("0.0.0.0", 5000);
	unsigned int i;
	char want[32];

	add_address("lo", "10.9.9.1", 24);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = bound(cases[i].from, 6000);
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char byte;

		memset(&from, 0xff, sizeof(from));
		snprintf(want, sizeof(want), "%s:6000", cases[i].seen);
		EXPECT_EQ(0, tag_to(fd, cases[i].to, 5000, 1));
		ASSERT_EQ(POLLIN, await(in, POLLIN));
		EXPECT_EQ(1, recvfrom(in, &byte, 1, 0, sa(&from), &len));
		EXPECT_STREQ(want, show(0, &from));
		EXPECT_EQ(AF_INET, from.sin_family);
		EXPECT_EQ(0, memcmp(from.sin_zero, "\0\0\0\0\0\0\0", 8));
		/* And an answer finds its way */
		EXPECT_EQ(1, sendto(in, "\2", 1, 0, sa(&from), len));
		EXPECT_EQ(2, take_tag(fd));
		close(fd);
	}
}

/* A datagram that cannot be stored is lost, unless it was only looked at */
TEST_F(sendrecv, fault)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	char byte;
	struct iovec iov[] = { { &byte, 1 }, { hole(), 100 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	joined(out, "127.0.0.1", 5000);
	/* Nothing is sent of what cannot be read */
	EXPECT_EQ(EFAULT, err_of(send(out, hole(), 100, 0)));
	EXPECT_EQ(EFAULT, err_of(sendmsg(out, &msg, 0)));
	EXPECT_EQ(EFAULT, err_of(sendto(out, "\1", 1, 0, hole(), 16)));
	EXPECT_EQ(EAGAIN, silent(in));

	EXPECT_EQ(50, send(out, &msg, 50, 0));
	EXPECT_EQ(0, tag(out, 1));
	settle();
	EXPECT_EQ(EFAULT, err_of(recv(in, hole(), 100, MSG_PEEK)));
	EXPECT_EQ(50, recv(in, NULL, 0, MSG_PEEK | MSG_TRUNC));
	EXPECT_EQ(EFAULT, err_of(recvmsg(in, &msg, 0)));
	EXPECT_EQ(1, take_tag(in));
	EXPECT_EQ(EAGAIN, silent(in));
	/* What is not needed may be bad */
	EXPECT_EQ(0, tag(out, 2));
	ASSERT_EQ(POLLIN, await(in, POLLIN));
	EXPECT_EQ(1, recvmsg(in, &msg, 0));
	EXPECT_EQ(2, byte);
}

/* sendmmsg(2): a count; an error only if the first one failed */
TEST_F(sendrecv, sendmmsg)
{
	struct sockaddr_in to = addr("127.0.0.1", 5000);
	int in = bound("127.0.0.1", 5000), out = sock(), i;
	char data[8] = "01234567";
	struct mmsghdr m[8] = {};
	struct iovec iov[8];

	for (i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ data, i };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &to;
		m[i].msg_hdr.msg_namelen = sizeof(to);
		m[i].msg_len = 99;
	}
	EXPECT_EQ(8, sendmmsg(out, m, 8, 0));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(i, m[i].msg_len);
		EXPECT_EQ(i, take(in, data, sizeof(data)));
	}
	EXPECT_EQ(0, sendmmsg(out, m, 0, 0));
	m[3].msg_hdr.msg_namelen = 15;
	EXPECT_EQ(3, sendmmsg(out, m, 8, 0));
	EXPECT_EQ(EINVAL, err_of(sendmmsg(out, &m[3], 5, 0)));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(i, take(in, data, sizeof(data)));
	EXPECT_EQ(EAGAIN, silent(in));
}

/* recvmmsg(2): as many as there are, and with MSG_WAITFORONE no more */
TEST_F(sendrecv, recvmmsg)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.2", 6000), i;
	struct sockaddr_in from[8];
	struct mmsghdr m[8] = {};
	struct iovec iov[8];
	char data[8][4];

	for (i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ data[i], 4 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &from[i];
		m[i].msg_hdr.msg_namelen = sizeof(from[i]);
	}
	for (i = 0; i < 6; i++)
		EXPECT_EQ(i, send_to(out, "127.0.0.1", 5000, "012345", i));
	settle();
	EXPECT_EQ(2, recvmmsg(in, m, 2, 0, NULL));
	EXPECT_EQ(4, recvmmsg(in, m + 2, 6, MSG_WAITFORONE, NULL));
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(i < 4 ? i : 4, m[i].msg_len);
		EXPECT_EQ(i > 4 ? MSG_TRUNC : 0, m[i].msg_hdr.msg_flags);
		EXPECT_STREQ("127.0.0.2:6000", show(0, &from[i]));
		EXPECT_EQ(0, memcmp("0123", data[i], m[i].msg_len));
	}
	EXPECT_EQ(EAGAIN, err_of(recvmmsg(in, m, 8, MSG_DONTWAIT, NULL)));
}

/* On one host, in order, and the limits of datagrams kept */
TEST_F(sendrecv, order)
{
	int in = bound("127.0.0.1", 5000), out = bound("127.0.0.1", 6000);
	unsigned char data[200] = {}, got[300];
	int i, round;

	joined(out, "127.0.0.1", 5000);
	for (round = 0; round < 5; round++) {
		for (i = 1; i <= 100; i++) {
			data[0] = i;
			EXPECT_EQ(i, i % 3 ? by_send(out, data, i) :
				  by_sendto(out, data, i));
		}
		for (i = 1; i <= 100; i++) {
			EXPECT_EQ(i, take(in, got, sizeof(got)));
			EXPECT_EQ(i, got[0]);
		}
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

TEST_HARNESS_MAIN
