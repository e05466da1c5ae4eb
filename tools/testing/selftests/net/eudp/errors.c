// SPDX-License-Identifier: GPL-2.0
/*
 * Errors that come from elsewhere: ICMP (RFC 792, RFC 1122 4.1.3.3), routes,
 * queues, firewalls; the error queue of ip(7) IP_RECVERR, and RFC 4884. The
 * wire is a tun device, so that the test says what comes from it.
 */
#define LOCAL	ME
#define PEER	YOU
#include "calls.h"
#include "netns.h"
#include <sys/epoll.h>
#include <sys/select.h>

#include <linux/sock_diag.h>

#define FAR	"198.51.100.1"

#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884	26
#endif

EUDP_FIXTURE(errors)

static int __recverr(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	return fd;
}

/* Too much for any datagram */
static const char zeros[65508];

#define recverr(fd) __recverr(_metadata, fd)

/* An ICMP message about "hello" from @port to port 9 of YOU */
static void __complain(struct __test_metadata *_metadata, int tun,
		       const struct door *d, int port, int type, int code)
{
	struct packet p;

	make_own(&p, d, port, YOU, "hello", 5);
	tell(tun, type, code, 0, &p);
}

#define complain(tun, port, type, code) \
	__complain(_metadata, tun, &variant->door, port, type, code)

/* Two of them, of the first kind that connected sockets are told */
#define refuse(tun, port) \
	complain(tun, port, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH)
#define pass_time(tun, port) \
	complain(tun, port, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL)

#define REFUSED	"3.3 of " YOU ": ECONNREFUSED 0 0, " YOU ":9 5"
#define TIMED	"11.0 of " YOU ": EHOSTUNREACH 0 0, " YOU ":9 5"

/* Every type and code, to sockets that are connected or not, and ask or not */
TEST_F(errors, mapping)
{
	static const struct {
		int type, code;
		__u32 word;		/* the second one of the message */
		const char *hard;	/* told to all that are connected */
		const char *soft;	/* told with IP_RECVERR only */
		__u32 info;
	} cases[] = {
		{ 3, 0, .soft = "ENETUNREACH" },
		{ 3, 1, .soft = "EHOSTUNREACH" },
		{ 3, 2, .hard = "ENOPROTOOPT" },
		{ 3, 3, .hard = "ECONNREFUSED" },
		{ 3, 3, 77, .hard = "ECONNREFUSED" },
		{ 3, 4, 1400, .hard = "EMSGSIZE", .info = 1400 },
		{ 3, 4, 0xffff0576, .hard = "EMSGSIZE", .info = 1398 },
		{ 3, 4, 0, .hard = "EMSGSIZE" },
		{ 3, 5, .soft = "EOPNOTSUPP" },
		{ 3, 6, .hard = "ENETUNREACH" },
		{ 3, 7, .hard = "EHOSTDOWN" },
		{ 3, 8, .hard = "ENONET" },
		{ 3, 9, .hard = "ENETUNREACH" },
		{ 3, 10, .hard = "EHOSTUNREACH" },
		{ 3, 11, .soft = "ENETUNREACH" },
		{ 3, 12, .soft = "EHOSTUNREACH" },
		{ 3, 13, .hard = "EHOSTUNREACH" },
		{ 3, 14, .hard = "EHOSTUNREACH" },
		{ 3, 15, .hard = "EHOSTUNREACH" },
		{ 3, 16 }, { 3, 19 }, { 3, 20, 1400 }, { 3, 255 },
		{ 11, 0, .soft = "EHOSTUNREACH" },
		{ 11, 0, 77, .soft = "EHOSTUNREACH" },
		{ 11, 1 },	/* of reassembly */
		{ 11, 2, .soft = "EHOSTUNREACH" },
		{ 12, 0, .hard = "EPROTO" },
		/* The octet that is wrong */
		{ 12, 0, 0x14ffffff, .hard = "EPROTO", .info = 20 },
		{ 12, 1, .hard = "EPROTO" },
		{ 12, 2, .hard = "EPROTO" },
		{ 4, 0 },	/* source quench, RFC 6633 */
		{ 4, 0, 1400 }, { 4, 1 },
		{ 0, 0 }, { 1, 0 }, { 2, 0 }, { 5, 0 }, { 5, 1 }, { 6, 0 },
		{ 7, 0 }, { 8, 0 }, { 9, 0 }, { 10, 0 }, { 13, 0 }, { 14, 0 },
		{ 15, 0 }, { 16, 0 }, { 17, 0 }, { 18, 0 }, { 19, 0 },
		{ 40, 0 }, { 42, 0 }, { 255, 255 },
	};
	const struct door *d = &variant->door;
	int t = tun(), fd[4], k;
	struct packet p;
	unsigned int i;
	char want[96];

	for (k = 0; k < 4; k++) {
		fd[k] = bound(ME, 5000 + k);
		if (k & 1)
			joined(fd[k], YOU, 9);
		if (k & 2)
			recverr(fd[k]);
	}
	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		const typeof(cases[0]) *c = &cases[i / 4];
		const char *err = c->hard ? c->hard : c->soft;

		k = i % 4;
		if (k == 0 || (k == 1 && !c->hard))
			err = NULL;
		snprintf(want, sizeof(want), "%d.%d of " YOU ": %s %u 0, " YOU
			 ":9 5", c->type, c->code, err, c->info);
		make_own(&p, d, 5000 + k, YOU, "hello", 5);
		tell(t, c->type, c->code, c->word, &p);
		EXPECT_EQ(err ? POLLOUT | POLLERR : POLLOUT,
			  ready(fd[k], POLLIN | POLLOUT | POLLPRI));
		EXPECT_STREQ(err ? err : "none", pending(fd[k]))
			TH_LOG("type %d, code %d, %d", c->type, c->code, k);
		EXPECT_STREQ(err && k & 2 ? want : "EAGAIN", next_error(fd[k]))
			TH_LOG("type %d, code %d, %d", c->type, c->code, k);
		EXPECT_EQ(POLLOUT, ready(fd[k], POLLIN | POLLOUT | POLLPRI));
	}
	for (k = 0; k < 4; k++) {
		EXPECT_STREQ("none", pending(fd[k]));
		EXPECT_STREQ("EAGAIN", next_error(fd[k]));
	}
}

/* The socket's mode decides about fragmentation needed, and nothing else */
TEST_F(errors, too_big_modes)
{
	static const struct {
		int mode;
		const char *err;
	} cases[] = {
		{ IP_PMTUDISC_DONT, NULL },
		{ IP_PMTUDISC_WANT, "EMSGSIZE" },
		{ IP_PMTUDISC_DO, "EMSGSIZE" },
		{ IP_PMTUDISC_PROBE, "EMSGSIZE" },
		{ IP_PMTUDISC_INTERFACE, "EMSGSIZE" },
		{ IP_PMTUDISC_OMIT, "EMSGSIZE" },
	};
	int t = tun(), fd = bound(ME, 5000), with = recverr(bound(ME, 5001));
	const char *err;
	unsigned int i;

	joined(fd, YOU, 9);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		err = cases[i].err;
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER,
				     cases[i].mode));
		ASSERT_EQ(0, set_int(with, SOL_IP, IP_MTU_DISCOVER,
				     cases[i].mode));
		complain(t, 5000, 3, 4);
		complain(t, 5001, 3, 4);
		EXPECT_STREQ(err ? err : "none", pending(fd))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ(err ? err : "none", pending(with))
			TH_LOG("mode %d", cases[i].mode);
		EXPECT_STREQ(err ? "3.4 of " YOU ": EMSGSIZE 0 0, " YOU ":9 5" :
			     "EAGAIN", next_error(with));
		complain(t, 5000, 3, 2);
		EXPECT_STREQ("ENOPROTOOPT", pending(fd));
	}
}

static int by_option(int fd)
{
	return err_of(set_int(fd, SOL_IP, IP_RECVERR, 0));
}

TEST_F(errors, calls)
{
	int t = tun(), fd, k;
	struct packet p;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls) * 2; i++) {
		const struct call *c = &calls[i / 2];

		fd = joined(bound(ME, 5000), YOU, 9);
		if (i % 2)
			recverr(fd);
		refuse(t, 5000);
		EXPECT_EQ(c->err, c->call(fd))
			TH_LOG("%s, %d", c->name, i % 2);
		EXPECT_STREQ(c->left, pending(fd))
			TH_LOG("%s, %d", c->name, i % 2);
		EXPECT_STREQ("none", pending(fd));
		/* Nobody but recvmsg() with MSG_ERRQUEUE takes from the queue */
		EXPECT_EQ(i % 2 ? POLLERR : 0, ready(fd, 0));
		for (k = 0; k < 2; k++)
			EXPECT_STREQ(i % 2 && !k ? REFUSED : "EAGAIN",
				     next_error(fd));
		EXPECT_EQ(0, ready(fd, 0));
		close(fd);
	}
	/* No call has sent what it failed to send */
	EXPECT_EQ(0, sent(t, variant->door.wire, &p));
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
}

/* Without a peer, with IP_RECVERR: as above for calls that need no peer */
TEST_F(errors, calls_unconnected)
{
	static const struct call unconnected[] = {
		{ "sendto", by_sendto, ECONNREFUSED, "none" },
		{ "recv", by_recv, ECONNREFUSED, "none" },
		{ "SO_ERROR", by_so_error, ECONNREFUSED, "none" },
		{ "send", by_send, EDESTADDRREQ, "ECONNREFUSED" },
		{ "connect", by_connect, 0, "ECONNREFUSED" },
		{ "poll", by_poll, POLLERR, "ECONNREFUSED" },
	};
	int t = tun(), fd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unconnected); i++) {
		const struct call *c = &unconnected[i];

		fd = recverr(bound(ME, 5000));
		refuse(t, 5000);
		EXPECT_EQ(c->err, c->call(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(c->left, pending(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ(REFUSED, next_error(fd));
		EXPECT_STREQ("EAGAIN", next_error(fd));
		close(fd);
	}
}

/* Taking the entry takes the error, unless another entry is behind it */
TEST_F(errors, queue_and_pending)
{
	int t = tun(), fd = recverr(joined(bound(ME, 5000), YOU, 9));

	refuse(t, 5000);
	EXPECT_EQ(0, by_entry(fd));
	EXPECT_STREQ("none", pending(fd));
	EXPECT_EQ(EAGAIN, by_recv_at_once(fd));
	/* The last error is pending, the first is taken first */
	refuse(t, 5000);
	pass_time(t, 5000);
	EXPECT_EQ(EHOSTUNREACH, by_recv(fd));
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_EQ(EHOSTUNREACH, by_recv(fd));
	EXPECT_EQ(EAGAIN, by_recv_at_once(fd));
	EXPECT_EQ(POLLERR, ready(fd, POLLIN));
	EXPECT_STREQ(TIMED, next_error(fd));
	EXPECT_STREQ("none", pending(fd));
	/* One that is next is pending again, though it was told before */
	pass_time(t, 5000);
	refuse(t, 5000);
	pass_time(t, 5000);
	EXPECT_STREQ("EHOSTUNREACH", pending(fd));
	EXPECT_STREQ(TIMED, next_error(fd));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_STREQ("EHOSTUNREACH", pending(fd));
	EXPECT_STREQ(TIMED, next_error(fd));
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	/* An entry of a send that failed is not such a one */
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO));
	refuse(t, 5000);
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, zeros, 1473, 0)));
	pass_time(t, 5000);
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("local: EMSGSIZE 1500 0, " YOU ":9 0", next_error(fd));
	EXPECT_STREQ("EHOSTUNREACH", pending(fd));
	EXPECT_STREQ(TIMED, next_error(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
}

/* Datagrams stay while errors are told */
TEST_F(errors, queue_and_datagrams)
{
	int t = tun(), fd = recverr(bound(ME, 5000)), tx = sock();

	EXPECT_EQ(0, tag_to(tx, ME, 5000, 1));
	settle();
	refuse(t, 5000);
	EXPECT_EQ(POLLIN | POLLERR, ready(fd, POLLIN));
	EXPECT_EQ(ECONNREFUSED, by_recv(fd));
	EXPECT_EQ(POLLIN | POLLERR, ready(fd, POLLIN));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(POLLERR, ready(fd, POLLIN));
	EXPECT_EQ(0, tag_to(tx, ME, 5000, 2));
	settle();
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_EQ(2, take_tag(fd));
}

/* What was shut down for sending: the error is told before EPIPE is */
TEST_F(errors, shut_down)
{
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9);

	ASSERT_EQ(0, shutdown(fd, SHUT_WR));
	EXPECT_EQ(EPIPE, by_send(fd));
	refuse(t, 5000);
	EXPECT_EQ(ECONNREFUSED, by_send(fd));
	EXPECT_EQ(EPIPE, by_send(fd));
	ASSERT_EQ(0, shutdown(fd, SHUT_RD));
	refuse(t, 5000);
	EXPECT_EQ(ECONNREFUSED, by_recv(fd));
	EXPECT_EQ(0, by_recv(fd));
}

/* socket(7): SO_SELECT_ERR_QUEUE makes entries POLLPRI, for select(2) */
TEST_F(errors, select_err_queue)
{
	int t = tun(), fd = recverr(bound(ME, 5000)), on;
	struct timeval now = {};
	struct epoll_event ev = { .events = EPOLLPRI };
	int ep = epoll_create1(0);
	fd_set r, w, x;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE));
	for (on = 0; on < 2; on++) {
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, on));
		EXPECT_EQ(on, get_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE));
		EXPECT_EQ(0, ready(fd, POLLPRI));
		refuse(t, 5000);
		EXPECT_EQ(on ? POLLERR | POLLPRI : POLLERR, ready(fd, POLLPRI));
		EXPECT_EQ(POLLERR, ready(fd, POLLIN));
		EXPECT_STREQ("ECONNREFUSED", pending(fd));
		EXPECT_EQ(on ? POLLERR | POLLPRI : POLLERR, ready(fd, POLLPRI));
		EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
		EXPECT_EQ(on ? EPOLLERR | EPOLLPRI : EPOLLERR, (int)ev.events);
		FD_ZERO(&r);
		FD_ZERO(&w);
		FD_ZERO(&x);
		FD_SET(fd, &r);
		FD_SET(fd, &w);
		FD_SET(fd, &x);
		EXPECT_EQ(2 + on, select(fd + 1, &r, &w, &x, &now));
		EXPECT_TRUE(FD_ISSET(fd, &r));
		EXPECT_TRUE(FD_ISSET(fd, &w));
		EXPECT_EQ(on, !!FD_ISSET(fd, &x));
		EXPECT_STREQ(REFUSED, next_error(fd));
		EXPECT_EQ(0, ready(fd, POLLPRI));
	}
	/* A pending error without an entry is the same */
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 0));
	joined(fd, YOU, 9);
	refuse(t, 5000);
	EXPECT_EQ(POLLERR | POLLPRI, ready(fd, POLLPRI));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(0, ready(fd, POLLPRI));
}

/* recvmsg(2) with MSG_ERRQUEUE, when there is nothing: it does not wait */
TEST_F(errors, no_entry)
{
	int fd = sock(), t = tun();
	char byte;

	EXPECT_STREQ("EAGAIN", next_error(fd));
	recverr(fd);
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	ASSERT_EQ(0, bind_to(fd, ME, 5000));
	EXPECT_EQ(0, tag_to(sock(), ME, 5000, 1));
	settle();
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	EXPECT_EQ(1, take_tag(fd));
	/* A pending error does not come this way, nor is it cleared */
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 0));
	joined(fd, YOU, 9);
	refuse(t, 5000);
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_ERRQUEUE)));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
}

/* Room for less than there is, and flags that other receives know */
TEST_F(errors, entry_room)
{
	static const struct {
		const char *name;
		size_t room, control;
		int flags;
		ssize_t ret;
		int msg_flags;
		size_t left;		/* of msg_controllen */
	} cases[] = {
		{ "all", 10, 100, 0, 5, MSG_ERRQUEUE, 48 },
		{ "just", 5, 48, 0, 5, MSG_ERRQUEUE, 48 },
		{ "short", 4, 100, 0, 4, MSG_ERRQUEUE | MSG_TRUNC, 48 },
		{ "none", 0, 100, 0, 0, MSG_ERRQUEUE | MSG_TRUNC, 48 },
		/* The whole length is not told */
		{ "MSG_TRUNC", 4, 100, MSG_TRUNC, 4, MSG_ERRQUEUE | MSG_TRUNC,
		  48 },
		{ "MSG_PEEK", 10, 100, MSG_PEEK, 5, MSG_ERRQUEUE, 48 },
		{ "MSG_DONTWAIT", 10, 100, MSG_DONTWAIT, 5, MSG_ERRQUEUE, 48 },
		{ "no control", 10, 0, 0, 5, MSG_ERRQUEUE | MSG_CTRUNC, 0 },
		{ "15 control", 10, 15, 0, 5, MSG_ERRQUEUE | MSG_CTRUNC, 0 },
		{ "16 control", 10, 16, 0, 5, MSG_ERRQUEUE | MSG_CTRUNC, 16 },
		{ "short control", 10, 32, 0, 5, MSG_ERRQUEUE | MSG_CTRUNC,
		  32 },
		{ "47 control", 10, 47, 0, 5, MSG_ERRQUEUE | MSG_CTRUNC, 47 },
		{ "both short", 4, 40, 0, 4,
		  MSG_ERRQUEUE | MSG_CTRUNC | MSG_TRUNC, 40 },
	};
	int t = tun(), fd = recverr(bound(ME, 5000));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];
		unsigned char control[128], data[16];
		struct iovec iov = { data, c->room };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_flags = -1,
			.msg_controllen = c->control };

		memset(data, 'x', sizeof(data));
		memset(control, 0xaa, sizeof(control));
		refuse(t, 5000);
		EXPECT_EQ(c->ret, recvmsg(fd, &msg, MSG_ERRQUEUE | c->flags))
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->msg_flags, msg.msg_flags)
			TH_LOG("%s", c->name);
		EXPECT_EQ(c->left, msg.msg_controllen)
			TH_LOG("%s", c->name);
		EXPECT_EQ(0xaa, control[c->left]);
		EXPECT_EQ(0, memcmp("hello", data, c->ret));
		EXPECT_EQ('x', data[c->ret]);
		/* It is gone in any case, and so is the error */
		EXPECT_STREQ("EAGAIN", next_error(fd))
			TH_LOG("%s", c->name);
		EXPECT_STREQ("none", pending(fd))
			TH_LOG("%s", c->name);
	}
}

/* msg_name, of any length; recv() and recvfrom(); a fault costs the entry */
TEST_F(errors, entry_name)
{
	struct sockaddr_in want = addr(YOU, 9), got;
	int t = tun(), fd = recverr(bound(ME, 5000));
	struct iovec iov = { NULL, 5 };
	struct msghdr msg = { .msg_name = &got, .msg_iov = &iov,
		.msg_iovlen = 1 };
	char data[8];
	socklen_t len;

	for (len = 0; len <= 16; len += 4) {
		memset(&got, 0xaa, sizeof(got));
		refuse(t, 5000);
		msg.msg_namelen = len;
		iov.iov_base = data;
		EXPECT_EQ(5, recvmsg(fd, &msg, MSG_ERRQUEUE));
		EXPECT_EQ(16, (int)msg.msg_namelen);
		EXPECT_EQ(0, memcmp(&want, &got, len));
		if (len < 16)
			EXPECT_EQ(0xaa, ((unsigned char *)&got)[len]);
	}
	refuse(t, 5000);
	len = sizeof(got);
	EXPECT_EQ(5, recvfrom(fd, data, 8, MSG_ERRQUEUE, sa(&got), &len));
	EXPECT_STREQ(YOU ":9", show(0, &got));
	refuse(t, 5000);
	EXPECT_EQ(5, recv(fd, data, 8, MSG_ERRQUEUE));
	EXPECT_EQ(0, memcmp("hello", data, 5));

	refuse(t, 5000);
	iov.iov_base = NULL;
	EXPECT_EQ(EFAULT, err_of(recvmsg(fd, &msg, MSG_ERRQUEUE)));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_STREQ("none", pending(fd));
}

/* recvmmsg(2): as many as there are */
TEST_F(errors, entries)
{
	int t = tun(), fd = recverr(bound(ME, 5000)), i;
	struct mmsghdr m[8] = {};
	struct sockaddr_in to[8];
	struct iovec iov[8];
	const struct door *d = &variant->door;
	struct packet p;
	char data[8][8];

	for (i = 0; i < 8; i++) {
		iov[i] = (struct iovec){ data[i], 8 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &to[i];
		m[i].msg_hdr.msg_namelen = sizeof(to[i]);
	}
	for (i = 0; i < 6; i++) {
		make_own(&p, d, 5000, FAR, "01234567", i + 1);
		p.h.dest = htons(100 + i);
		tell(t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, &p);
	}
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(2, recvmmsg(fd, m, 2, MSG_ERRQUEUE, NULL));
	/* That there is one more is an error again */
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(2, recvmmsg(fd, m + 2, 2, MSG_ERRQUEUE, NULL));
	EXPECT_STREQ("3.3 of " YOU ": ECONNREFUSED 0 0, " FAR ":104 5",
		     next_error(fd));
	EXPECT_EQ(1, recvmmsg(fd, m + 4, 4, MSG_ERRQUEUE, NULL));
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(i < 4 ? i + 1 : 6, (int)m[i].msg_len);
		EXPECT_EQ(0, memcmp("01234567", data[i], m[i].msg_len));
		EXPECT_EQ(99 + (int)m[i].msg_len, ntohs(to[i].sin_port));
		EXPECT_EQ(MSG_ERRQUEUE,
			  m[i].msg_hdr.msg_flags & ~MSG_CTRUNC);
	}
	EXPECT_EQ(EAGAIN, err_of(recvmmsg(fd, m, 8, MSG_ERRQUEUE, NULL)));
}

/* All control messages of the next entry by name, in their order */
static const char *controls(int fd)
{
	static char text[256];
	union {
		char buf[512];
		struct cmsghdr align;
	} control;
	struct msghdr msg = { .msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct in_pktinfo info;
	struct cmsghdr *c;
	char *s = text, *end = text + sizeof(text);

	*s = 0;
	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return strerrorname_np(errno);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info, CMSG_DATA(c), sizeof(info));
			s += snprintf(s, end - s, "pktinfo %s ",
				      info.ipi_ifindex ? "dev" : "0");
			s += snprintf(s, end - s, "%s ",
				      inet_ntoa(info.ipi_spec_dst));
			s += snprintf(s, end - s, "%s, ",
				      inet_ntoa(info.ipi_addr));
			continue;
		}
		s += snprintf(s, end - s, "%d.%d", c->cmsg_level,
			      c->cmsg_type);
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL)
			s += snprintf(s, end - s, " %d", *(int *)CMSG_DATA(c));
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS)
			s += snprintf(s, end - s, " %d", *CMSG_DATA(c));
		s += snprintf(s, end - s, ", ");
	}
	return text;
}

/* ip(7): what else a receive tells, here about the ICMP message */
TEST_F(errors, entry_controls)
{
	static const struct {
		int level, option;
		const char *controls;
	} cases[] = {
		{ SOL_IP, IP_PKTINFO, "pktinfo dev 0.0.0.0 " ME ", 0.11, " },
		{ SOL_IP, IP_RECVTTL, "0.2 63, 0.11, " },
		{ SOL_IP, IP_RECVTOS, "0.1 32, 0.11, " },
		{ SOL_IP, IP_RECVOPTS, "0.11, " },
		{ SOL_IP, IP_RETOPTS, "0.11, " },
		{ SOL_IP, IP_RECVORIGDSTADDR, "0.20, 0.11, " },
		{ SOL_IP, IP_CHECKSUM, "0.23, 0.11, " },
		{ SOL_IP, IP_RECVFRAGSIZE, "0.11, " },
		{ SOL_SOCKET, SO_TIMESTAMP, "1.29, 0.11, " },
		{ SOL_SOCKET, SO_TIMESTAMPNS, "1.35, 0.11, " },
		{ SOL_SOCKET, SO_MARK, "0.11, " },
	};
	int t = tun(), fd = recverr(bound(ME, 5000));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
		refuse(t, 5000);
		EXPECT_STREQ(cases[i].controls, controls(fd))
			TH_LOG("%d.%d", cases[i].level, cases[i].option);
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 0));
	}
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, set_int(fd, cases[i].level, cases[i].option, 1));
	refuse(t, 5000);
	EXPECT_STREQ("pktinfo dev 0.0.0.0 " ME ", 0.2 63, 0.1 32, 0.11, ",
		     controls(fd));
	/* None of these is there of a send that failed */
	EXPECT_EQ(EMSGSIZE, err_of(send_to(fd, YOU, 9, zeros, 65508)));
	EXPECT_STREQ("0.11, ", controls(fd));
}

/*
 * RFC 4884: behind the datagram that is quoted, padded to 128 bytes or more,
 * there may be objects. Where they begin, counted from what we get as data.
 */
TEST_F(errors, rfc4884)
{
	static const struct {
		const char *name;
		int type, code, words;
		enum extension kind;
		int len, flags, data;
	} cases[] = {
		{ "none", 3, 3, 0, NONE, 0, 0, 100 },
		{ "no length", 3, 3, 0, VALID, 0, 0, 112 },
		{ "valid", 3, 3, 32, VALID, 100, 0, 112 },
		{ "no checksum", 3, 3, 32, NO_SUM, 100, 0, 112 },
		{ "bad checksum", 3, 3, 32, BAD_SUM, 100, 1, 112 },
		{ "other version", 3, 3, 32, VERSION_1, 100, 0, 112 },
		{ "object too short", 3, 3, 32, SHORT, 100, 1, 112 },
		{ "object too long", 3, 3, 32, LONG, 100, 1, 112 },
		{ "two objects", 3, 3, 32, TWO, 100, 0, 120 },
		{ "less than 128", 3, 3, 31, VALID, 0, 0, 112 },
		{ "before the end", 3, 3, 34, VALID, 108, 0, 112 },
		{ "at the end", 3, 3, 35, VALID, 0, 0, 112 },
		{ "beyond the end", 3, 3, 64, VALID, 0, 0, 112 },
		{ "unreachable", 3, 1, 32, VALID, 100, 0, 112 },
		{ "time exceeded", 11, 0, 32, VALID, 100, 0, 112 },
		{ "parameter", 12, 0, 32, VALID, 100, 0, 112 },
	};
	int t = tun(), fd = recverr(bound(ME, 5000)), on;
	const struct door *d = &variant->door;
	unsigned char ext[20], data[100];
	struct packet p, q;
	struct entry e;
	unsigned int i;

	memset(data, 'd', sizeof(data));
	EXPECT_EQ(0, get_int(fd, SOL_IP, IP_RECVERR_RFC4884));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IP, IP_RECVERR_RFC4884, 2)));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_IP, IP_RECVERR_RFC4884, -1)));
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];
		int n = c->data - 100;

		on = i % 2;
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR_RFC4884, on));
		EXPECT_EQ(on, get_int(fd, SOL_IP, IP_RECVERR_RFC4884));
		make_extension(ext, c->kind, n);
		make_own(&q, d, 5000, YOU, data, sizeof(data));
		memcpy(q.data + 100, ext, n);
		make_icmp(&p, c->type, c->code, c->words << 16, &q, 128 + n);
		inject(t, &p);
		ASSERT_EQ(c->data, take_entry(fd, &e))
			TH_LOG("%s", c->name);
		EXPECT_EQ(on ? c->len : 0, e.error.ee.ee_rfc4884.len)
			TH_LOG("%s", c->name);
		EXPECT_EQ(on ? c->flags : 0, e.error.ee.ee_rfc4884.flags)
			TH_LOG("%s", c->name);
		EXPECT_EQ(0, e.error.ee.ee_rfc4884.reserved);
		EXPECT_EQ(0, memcmp(data, e.data, 100));
		EXPECT_EQ(0, memcmp(ext, e.data + 100, n));
	}
}

/* ip(7): IP_RECVERR off empties the queue, and what is pending stays */
TEST_F(errors, recverr_off)
{
	int t = tun(), fd = bound(ME, 5000);

	EXPECT_EQ(0, get_int(fd, SOL_IP, IP_RECVERR));
	recverr(fd);
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_RECVERR));
	refuse(t, 5000);
	refuse(t, 5000);
	EXPECT_EQ(0, by_option(fd));
	EXPECT_EQ(0, get_int(fd, SOL_IP, IP_RECVERR));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	EXPECT_EQ(0, ready(fd, POLLIN));
	refuse(t, 5000);
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_STREQ("none", pending(fd));
	/* Any number is yes, and yes twice is yes */
	EXPECT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, -5));
	EXPECT_EQ(1, get_int(fd, SOL_IP, IP_RECVERR));
	refuse(t, 5000);
	recverr(fd);
	EXPECT_STREQ(REFUSED, next_error(fd));
	/* Nothing is left of a socket that is closed with entries */
	refuse(t, 5000);
	close(fd);
	fd = recverr(bound(ME, 5000));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_STREQ("none", pending(fd));
}

/* Who is told is who sent it: the addresses and ports of what is quoted */
TEST_F(errors, whom)
{
	static const struct {
		const char *name, *saddr, *daddr;
		int sport, dport;
		bool joined, plain;	/* whether these sockets are told */
	} cases[] = {
		{ "the peer's", ME, YOU, 5000, 9, true, false },
		{ "another port", ME, YOU, 5000, 10, false, false },
		{ "another peer", ME, FAR, 5000, 9, false, false },
		{ "another address of ours", "192.0.2.9", YOU, 5000, 9, false,
		  false },
		{ "not ours", "192.0.2.77", YOU, 5000, 9, false, false },
		{ "another's port", ME, YOU, 5002, 9, false, false },
		{ "turned round", YOU, ME, 9, 5000, false, false },
		{ "unconnected", ME, YOU, 5001, 9, false, true },
		{ "to anywhere", ME, FAR, 5001, 77, false, true },
		{ "to port 0", ME, FAR, 5001, 0, false, true },
		{ "to ourselves", ME, ME, 5001, 9, false, true },
		{ "unconnected, another address of ours", "192.0.2.9", YOU,
		  5001, 9, false, true },
	};
	static const struct door icmp = {
		.snmp = "/proc/net/snmp", .mib = "Icmp:" };
	int t = tun(), fd = recverr(bound(ME, 5000)), k;
	int plain = recverr(bound("0.0.0.0", 5001));
	const struct door *d = &variant->door;
	struct packet p, q;
	char want[96];
	unsigned int i;
	long lost;

	joined(fd, YOU, 9);
	add_address("tun0", "192.0.2.9", 24);
	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i / 2];

		k = i % 2;
		make_own(&q, d, c->sport, c->daddr, "hello", 5);
		q.ip.saddr = inet_addr(c->saddr);
		q.h.dest = htons(c->dport);
		/* The last time of the other protocol */
		if (k)
			q.ip.protocol = IPPROTO_UDP + IPPROTO_EUDP - d->wire;
		make_icmp(&p, 3, 3, 0, &q, 33);
		lost = counter(&icmp, "InErrors");
		inject(t, &p);
		snprintf(want, sizeof(want), "3.3 of " YOU
			 ": ECONNREFUSED 0 0, %s:%d 5", c->daddr, c->dport);
		EXPECT_STREQ(c->joined && !k ? want : "EAGAIN", next_error(fd))
			TH_LOG("%s, %d", c->name, k);
		EXPECT_STREQ(c->plain && !k ? want : "EAGAIN",
			     next_error(plain))
			TH_LOG("%s, %d", c->name, k);
		EXPECT_EQ(lost + ((!c->joined && !c->plain) || k),
			  counter(&icmp, "InErrors"))
			TH_LOG("%s, %d", c->name, k);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("none", pending(plain));
	}
}

/* What is no good as a quote, or is unusual */
TEST_F(errors, quotes)
{
	enum { AS_IS, NO_IHL, OPTIONS, OFFSET, MORE, VERSION, TTL, SUM, LEN,
	       ICMP_SUM };
	static const struct {
		const char *name;
		int kind, len;
		const char *entry;
	} cases[] = {
		{ "all of it", AS_IS, 33, "hello" },
		{ "with more", AS_IS, 39, "hello......" },
		{ "only the header", AS_IS, 28, "" },
		{ "less than the header", AS_IS, 27, NULL },
		{ "only the ports", AS_IS, 24, NULL },
		{ "no transport", AS_IS, 20, NULL },
		{ "no header of IP", AS_IS, 19, NULL },
		{ "nothing", AS_IS, 0, NULL },
		{ "ihl 4", NO_IHL, 33, NULL },
		{ "options", OPTIONS, 41, "hello" },
		{ "options, and too little", OPTIONS, 35, NULL },
		{ "options, and just enough", OPTIONS, 36, "" },
		{ "a later fragment", OFFSET, 33, "hello" },
		{ "a first fragment", MORE, 33, "hello" },
		{ "version 6", VERSION, 33, "hello" },
		{ "TTL 0", TTL, 33, "hello" },
		{ "checksums wrong", SUM, 33, "hello" },
		{ "lengths wrong", LEN, 33, "hello" },
		{ "checksum of ICMP wrong", ICMP_SUM, 33, NULL },
	};
	int t = tun(), fd = recverr(joined(bound(ME, 5000), YOU, 9));
	const struct door *d = &variant->door;
	struct packet p, q;
	struct entry e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		make_own(&q, d, 5000, YOU, "hello......", 11);
		switch (c->kind) {
		case NO_IHL:
			q.ip.ihl = 4;
			break;
		case OPTIONS:
			memmove(q.data, &q.h, 40);
			memset(&q.h, IPOPT_NOOP, 8);
			q.ip.ihl = 7;
			break;
		case OFFSET:
			q.ip.frag_off = htons(185);
			break;
		case MORE:
			q.ip.frag_off = htons(IP_MF);
			break;
		case VERSION:
			q.ip.version = 6;
			break;
		case TTL:
			q.ip.ttl = 0;
			break;
		case SUM:
			q.ip.check = 0x1234;
			q.h.check ^= 0x1234;
			break;
		case LEN:
			q.ip.tot_len = htons(3);
			q.h.len = htons(3);
			break;
		}
		make_icmp(&p, 3, 3, 0, &q, c->len);
		if (c->kind == ICMP_SUM)
			icmp_of(&p)->checksum ^= 0x1234;
		inject(t, &p);
		EXPECT_EQ(c->entry ? (ssize_t)strlen(c->entry) : -1,
			  take_entry(fd, &e))
			TH_LOG("%s", c->name);
		if (c->entry)
			EXPECT_STREQ(c->entry, (char *)e.data)
				TH_LOG("%s", c->name);
		if (c->entry)
			EXPECT_STREQ(YOU ":9", show(0, &e.name))
				TH_LOG("%s", c->name);
		EXPECT_STREQ("none", pending(fd));
	}
}

/* Sockets that share a port: that of the peer, else the one that is best */
TEST_F(errors, whom_of_many)
{
	int t = tun(), one = recverr(shared(ME, 5000)), i;
	int two = recverr(shared(ME, 5000)), any = recverr(shared(ME, 5000));
	int away = recverr(shared(ME, 5000));
	const struct door *d = &variant->door;
	static const char *const peers[] = { YOU, "192.0.2.3", "192.0.2.4" };
	struct packet p;
	char want[96];

	joined(one, peers[0], 9);
	joined(two, peers[1], 9);
	run("ip link add dummy0 type dummy");
	ASSERT_EQ(0, set_device(away, "dummy0"));
	for (i = 0; i < 3; i++) {
		make_own(&p, d, 5000, peers[i], "hello", 5);
		tell(t, 3, 3, 0, &p);
		snprintf(want, sizeof(want),
			 "3.3 of " YOU ": ECONNREFUSED 0 0, %s:9 5", peers[i]);
		EXPECT_STREQ(i == 0 ? want : "EAGAIN", next_error(one));
		EXPECT_STREQ(i == 1 ? want : "EAGAIN", next_error(two));
		EXPECT_STREQ(i == 2 ? want : "EAGAIN", next_error(any));
		EXPECT_STREQ("EAGAIN", next_error(away));
	}
	/* An error is of the device that it comes from */
	ASSERT_EQ(0, set_device(any, "tun0"));
	tell(t, 3, 3, 0, &p);
	EXPECT_STREQ(want, next_error(any));
	close(any);
	tell(t, 3, 3, 0, &p);
	EXPECT_STREQ("EAGAIN", next_error(one));
	EXPECT_STREQ("EAGAIN", next_error(two));
	EXPECT_STREQ("EAGAIN", next_error(away));
}

/* Reads where the packets to the next address go, as ip-route(8) says it */
static const char *next_gateway(FILE *f)
{
	static char gateway[64];
	char text[256];

	while (fgets(text, sizeof(text), f))
		if (sscanf(text, "%*s via %63s", gateway) == 1)
			return gateway;
	return "none";
}

/* RFC 1122 3.2.2.2: a redirect changes the route, and no socket is told */
TEST_F(errors, redirects)
{
	static const struct {
		const char *name, *gateway, *from;
		int code, port;
		const char *then;	/* the gateway */
	} cases[] = {
		{ "host", "192.0.2.3", YOU, 1, 5000, "192.0.2.3" },
		{ "net", "192.0.2.3", YOU, 0, 5000, "192.0.2.3" },
		{ "no such code", "192.0.2.3", YOU, 4, 5000, YOU },
		{ "of an unconnected one", "192.0.2.3", YOU, 1, 5001, "192.0.2.3" },
		{ "of nobody", "192.0.2.3", YOU, 1, 5002, "192.0.2.3" },
		{ "from elsewhere", "192.0.2.3", "192.0.2.4", 1, 5000, YOU },
		{ "to multicast", "224.0.0.1", YOU, 1, 5000, YOU },
		{ "to us", ME, YOU, 1, 5000, YOU },
	};
	int t = tun(), fd = recverr(bound(ME, 5000));
	int plain = recverr(bound(ME, 5001));
	const struct door *d = &variant->door;
	struct packet p, q;
	unsigned int i;
	char ip[32];
	FILE *f;

	run("ip route add 198.51.100.0/24 via " YOU);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		joined(fd, ip, 9);
		make_own(&q, d, c->port, ip, "hello", 5);
		make_icmp(&p, ICMP_REDIRECT, c->code,
			  ntohl(inet_addr(c->gateway)), &q, 33);
		p.ip.saddr = inet_addr(c->from);
		inject(t, &p);
		EXPECT_EQ(POLLOUT, ready(fd, POLLIN | POLLOUT));
		EXPECT_EQ(POLLOUT, ready(plain, POLLIN | POLLOUT));
		/* It is sent, and the wire is the same in any case */
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(29, sent(t, d->wire, &p));
	}
	f = popen("seq -f 'route get 198.51.100.%g' 0 8 | ip -o -b -", "r");
	ASSERT_TRUE(!!f);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT_STREQ(cases[i].then, next_gateway(f))
			TH_LOG("case %d", i);
	/* One that no message was about */
	EXPECT_STREQ(YOU, next_gateway(f));
	pclose(f);
}

/* Routes that refuse: the call fails, and that is all */
TEST_F(errors, routes)
{
	static const int errs[] = { EHOSTUNREACH, EACCES, EINVAL, ENETUNREACH };
	int fd = recverr(sock());
	const struct door *d = &variant->door;
	unsigned int i;
	char ip[32];

	tun();
	run("ip -b - <<E\n"
	    "route add unreachable 198.51.100.0\n"
	    "route add prohibit 198.51.100.1\n"
	    "route add blackhole 198.51.100.2\n"
	    "route add throw 198.51.100.3\n"
	    "E");
	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%d", i);
		EXPECT_EQ(errs[i], tag_to(fd, ip, 9, 1))
			TH_LOG("%d", i);
		EXPECT_EQ(errs[i], err_of(connect_to(fd, ip, 9)))
			TH_LOG("%d", i);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error(fd));
	}
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE, 9, 1));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, tag_to(fd, YOU, 9, 1));
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
}

/* A queue that takes nothing of this length: known with IP_RECVERR only */
TEST_F(errors, queue_full)
{
	static const struct {
		int recverr, len, err, out, errors;
	} cases[] = {
		{ 0, 10, 0, 1, 0 },
		{ 0, 1000, 0, 1, 1 },
		{ 1, 10, 0, 2, 1 },
		{ 1, 1000, ENOBUFS, 2, 2 },
		/* Of fragments too */
		{ 0, 3000, 0, 2, 3 },
		{ 1, 3000, ENOBUFS, 2, 4 },
	};
	const struct door *d = &variant->door;
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9);
	char data[3000] = {};
	struct packet p;
	unsigned int i;

	run("tc qdisc add dev tun0 root tbf rate 8mbit burst 600 limit 5000");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, cases[i].recverr));
		EXPECT_EQ(cases[i].err, err_of(send(fd, data, cases[i].len, 0)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].out, counter(d, "OutDatagrams"))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].errors, counter(d, "SndbufErrors"))
			TH_LOG("case %d", i);
		EXPECT_STREQ("none", pending(fd));
		EXPECT_STREQ("EAGAIN", next_error(fd));
	}
	EXPECT_EQ(POLLIN, await(t, POLLIN));
	EXPECT_EQ(38, sent(t, d->wire, &p));
}

/* A queue that makes room for this one by dropping another: all is well */
TEST_F(errors, queue_drops_another)
{
	const struct door *d = &variant->door;
	int fd, i;
	char data[400] = {};

	tun();
	fd = recverr(joined(bound(ME, 5000), YOU, 9));
	run("tc qdisc add dev tun0 root handle 1: tbf rate 8bit burst 600 limit 5000");
	run("tc qdisc add dev tun0 parent 1:1 pfifo_head_drop limit 1");
	for (i = 0; i < 10; i++)
		EXPECT_EQ(400, send(fd, data, sizeof(data), 0));
	EXPECT_EQ(10, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
	EXPECT_STREQ("EAGAIN", next_error(fd));
}

/* How much of its receive buffer a socket uses */
static long charged(int fd)
{
	__u32 mem[SK_MEMINFO_VARS] = {};
	socklen_t len = sizeof(mem);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len))
		return -1;
	return mem[SK_MEMINFO_RMEM_ALLOC];
}

/* Entries are charged to SO_RCVBUF, and there are not more than it takes */
TEST_F(errors, memory)
{
	int t = tun(), fd = recverr(bound(ME, 5000)), n, i, k;
	int tx = sock();
	long one;

	for (k = 0; k < 2; k++) {
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 8192 << k));
		EXPECT_EQ(0, charged(fd));
		refuse(t, 5000);
		one = charged(fd);
		EXPECT_LT(0, one);
		for (i = 1; i < 200; i++)
			refuse(t, 5000);
		/* As many as stay below the limit */
		/* The error is pending, even if there was no room to say more */
		EXPECT_STREQ("ECONNREFUSED", pending(fd));
		EXPECT_EQ(((16384 << k) - 1) / one * one, charged(fd));
		for (n = 0; !strcmp(REFUSED, next_error(fd)); n++)
			;
		EXPECT_EQ(((16384 << k) - 1) / one, n);
		EXPECT_EQ(0, charged(fd));
		EXPECT_STREQ("none", pending(fd));
	}
	/* Datagrams have it together with them */
	for (i = 0; i < 200; i++)
		refuse(t, 5000);
	EXPECT_EQ(0, tag_to(tx, ME, 5000, 1));
	EXPECT_EQ(0, tag_to(tx, ME, 5000, 2));
	EXPECT_EQ(0, tag_to(tx, ME, 5000, 3));
	settle();
	EXPECT_LT(0, counter(&variant->door, "RcvbufErrors"));
	EXPECT_EQ(0, by_option(fd));
	EXPECT_STREQ("ECONNREFUSED", pending(fd));
	while (take_tag(fd) > 0)
		;
	EXPECT_EQ(0, tag_to(tx, ME, 5000, 4));
	EXPECT_EQ(4, take_tag(fd));
}

/* Rules of nft(8) about packets of the door, as the lines of a chain */
static void __firewall(struct __test_metadata *_metadata, int protocol,
		       const char *chain, const char *rules)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "nft 'table ip %s { chain c { type filter hook %s priority 0; ip protocol != %d accept; %s }; }'",
		 chain, chain, protocol, rules);
	run(text);
}

#define firewall(chain, rules) \
	__firewall(_metadata, variant->door.wire, chain, rules)

/* Drop on the way out is an error of the call; on the way in, none */
TEST_F_TIMEOUT(errors, firewall_drop, 120)
{
	int in = bound("127.0.1.3", 9), fd = bound("127.0.0.1", 5000);
	const struct door *d = &variant->door;

	recverr(fd);
	firewall("output", "ip daddr 127.0.1.1 drop;");
	firewall("postrouting", "ip daddr 127.0.1.2 drop;");
	firewall("input", "ip saddr 127.0.0.1 drop;");
	EXPECT_EQ(EPERM, tag_to(fd, "127.0.1.1", 9, 1));
	EXPECT_EQ(EPERM, tag_to(fd, "127.0.1.2", 9, 1));
	joined(fd, "127.0.1.1", 9);
	EXPECT_EQ(EPERM, tag(fd, 1));
	joined(fd, "127.0.1.2", 9);
	EXPECT_EQ(EPERM, tag(fd, 1));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	joined(fd, "127.0.1.3", 9);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(EAGAIN, silent(in));
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
	EXPECT_EQ(0, counter(d, "InErrors"));
	EXPECT_STREQ("none", pending(fd));
	EXPECT_STREQ("EAGAIN", next_error(fd));
	/* What is not dropped comes */
	fd = bound("127.0.0.2", 5000);
	EXPECT_EQ(0, tag_to(fd, "127.0.1.3", 9, 2));
	EXPECT_EQ(2, take_tag(in));
}

/* Reject says so, on the way out as an error of the call, too */
TEST_F_TIMEOUT(errors, firewall_reject, 120)
{
	static const struct {
		const char *hard, *err, *entry;
	} cases[] = {
		{ "ECONNREFUSED", "ECONNREFUSED", "3.3" },
		{ "none", "ENETUNREACH", "3.0" },
		{ "none", "EHOSTUNREACH", "3.1" },
		{ "ENOPROTOOPT", "ENOPROTOOPT", "3.2" },
		{ "ENETUNREACH", "ENETUNREACH", "3.9" },
		{ "EHOSTUNREACH", "EHOSTUNREACH", "3.10" },
		{ "EHOSTUNREACH", "EHOSTUNREACH", "3.13" },
	};
	static const char *const rules =
		"ip daddr 127.0.0.10 reject; "
		"ip daddr 127.0.0.11 reject with icmp type net-unreachable; "
		"ip daddr 127.0.0.12 reject with icmp type host-unreachable; "
		"ip daddr 127.0.0.13 reject with icmp type prot-unreachable; "
		"ip daddr 127.0.0.14 reject with icmp type net-prohibited; "
		"ip daddr 127.0.0.15 reject with icmp type host-prohibited; "
		"ip daddr 127.0.0.16 reject with icmp type admin-prohibited;";
	int in = bound("0.0.0.0", 9), fd = bound("127.0.0.1", 5000);
	int with = recverr(bound("127.0.0.1", 5001));
	char want[96], ip[32];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		const typeof(cases[0]) *c = &cases[i % ARRAY_SIZE(cases)];
		int err = i / ARRAY_SIZE(cases) * EPERM;

		if (i == 0)
			firewall("input", rules);
		if (i == ARRAY_SIZE(cases))
			firewall("output", rules);
		snprintf(ip, sizeof(ip), "127.0.0.%d",
			 10 + i % (int)ARRAY_SIZE(cases));
		joined(fd, ip, 9);
		EXPECT_EQ(err, tag(fd, 1));
		EXPECT_EQ(err, tag_to(with, ip, 9, 1));
		settle();
		EXPECT_STREQ(c->hard, pending(fd))
			TH_LOG("%s, %d", c->entry, err);
		EXPECT_STREQ(c->err, pending(with))
			TH_LOG("%s, %d", c->entry, err);
		snprintf(want, sizeof(want), "%s of %s: %s 0 0, %s:9 1",
			 c->entry, ip, c->err, ip);
		EXPECT_STREQ(want, next_error(with))
			TH_LOG("%s, %d", c->entry, err);
	}
	EXPECT_EQ(EAGAIN, silent(in));
}

/* Nobody listens on this host: the message is of the kernel's making */
TEST_F(errors, own_host)
{
	int fd = recverr(bound("127.0.0.1", 5000));
	char data[1000];
	struct entry e;

	memset(data, 'a', sizeof(data));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.2", 9, 1));
	settle();
	EXPECT_STREQ("3.3 of 127.0.0.2: ECONNREFUSED 0 0, 127.0.0.2:9 1",
		     next_error(fd));
	EXPECT_EQ(0, err_of(send_to(fd, "127.0.0.1", 10, "", 0)));
	settle();
	EXPECT_STREQ("3.3 of 127.0.0.1: ECONNREFUSED 0 0, 127.0.0.1:10 0",
		     next_error(fd));
	/* RFC 1812: 576 bytes of message are enough, with all headers */
	EXPECT_EQ(0, err_of(send_to(fd, "127.0.0.1", 10, data, 1000)));
	settle();
	EXPECT_EQ(520, take_entry(fd, &e));
	EXPECT_EQ(0, memcmp(data, e.data, 520));
	EXPECT_STREQ("EAGAIN", next_error(fd));
}

/* Those who wait are woken by errors, and each error is told to one */
TEST_F(errors, wakeup)
{
	int t = tun(), fd = joined(bound(ME, 5000), YOU, 9), i, status;

	for (i = 0; i < 2; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			_exit(by_recv(fd));
	}
	for (i = 0; i < 2; i++) {
		refuse(t, 5000);
		ASSERT_LT(0, wait(&status));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(ECONNREFUSED, WEXITSTATUS(status));
	}
	EXPECT_STREQ("none", pending(fd));
}

/* poll(2) and epoll(7) too, an edge for each error; and SIGIO, fcntl(2) */
TEST_F(errors, events)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int t = tun(), fd = recverr(bound(ME, 5000)), i, status;
	struct timespec soon = { .tv_sec = SOON_MS / 1000 };
	int ep = epoll_create1(0);
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	ASSERT_LE(0, ep);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(fd, F_SETSIG, SIGRTMIN));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_ASYNC));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(await(fd, POLLIN) == POLLERR ? 0 : 1);
	for (i = 0; i < 3; i++) {
		refuse(t, 5000);
		EXPECT_EQ(1, epoll_wait(ep, &ev, 1, SOON_MS));
		EXPECT_EQ(EPOLLERR, (int)ev.events);
		EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
		EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &soon));
		EXPECT_EQ(fd, info.si_fd);
	}
	/* An entry that is left is an event again when another is taken */
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_EQ(1, epoll_wait(ep, &ev, 1, 0));
	EXPECT_STREQ(REFUSED, next_error(fd));
	EXPECT_EQ(0, epoll_wait(ep, &ev, 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
}

/* A router that routes, refuses, and counts hops: as traceroute(8) does it */
TEST_F_TIMEOUT(errors, router, 120)
{
	static const struct {
		const char *ip;
		int ttl;
		const char *hard, *err, *entry;
	} cases[] = {
		{ "10.2.0.2", 1, "none", "EHOSTUNREACH", "11.0 of 10.1.0.2" },
		{ "10.2.0.2", 2, "ECONNREFUSED", "ECONNREFUSED",
		  "3.3 of 10.2.0.2" },
		{ "10.3.0.1", 64, "none", "EHOSTUNREACH", "3.1 of 10.1.0.2" },
		{ "10.3.0.2", 64, "EHOSTUNREACH", "EHOSTUNREACH",
		  "3.13 of 10.1.0.2" },
	};
	int here = open("/proc/self/ns/net", O_RDONLY), fd, with;
	int middle = another_namespace(), there = another_namespace();
	unsigned int i;
	char want[96];

	ASSERT_LE(0, here);
	cable("near", middle);
	run("ip -b - <<E\n"
	    "addr add 10.1.0.1/24 dev near\n"
	    "link set near up\n"
	    "route add default via 10.1.0.2\n"
	    "E");
	inside(middle);
	cable("far", there);
	run("ip -b - <<E\n"
	    "addr add 10.1.0.2/24 dev near\n"
	    "addr add 10.2.0.1/24 dev far\n"
	    "link set near up\n"
	    "link set far up\n"
	    "route add unreachable 10.3.0.1\n"
	    "route add prohibit 10.3.0.2\n"
	    "E");
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_forward", "1"));
	/* All that this test asks for, and not so many in a second */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/icmp_ratemask", "0"));
	inside(there);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/icmp_ratemask", "0"));
	run("ip -b - <<E\n"
	    "addr add 10.2.0.2/24 dev far\n"
	    "link set far up\n"
	    "route add default via 10.2.0.1\n"
	    "E");
	inside(here);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		fd = joined(sock(), c->ip, 9);
		with = recverr(sock());
		ASSERT_EQ(0, set_int(fd, SOL_IP, IP_TTL, c->ttl));
		ASSERT_EQ(0, set_int(with, SOL_IP, IP_TTL, c->ttl));
		/* In this order: when the second was told, the first was */
		EXPECT_EQ(0, tag(fd, 1));
		EXPECT_EQ(0, tag_to(with, c->ip, 9, 1));
		EXPECT_EQ(POLLERR, await(with, POLLIN))
			TH_LOG("%s", c->ip);
		EXPECT_STREQ(c->err, pending(with))
			TH_LOG("%s", c->ip);
		snprintf(want, sizeof(want), "%s: %s 0 0, %s:9 1", c->entry,
			 c->err, c->ip);
		EXPECT_STREQ(want, next_error(with));
		EXPECT_STREQ(c->hard, pending(fd))
			TH_LOG("%s", c->ip);
		close(with);
		close(fd);
	}
}

TEST_HARNESS_MAIN
