// SPDX-License-Identifier: GPL-2.0
/*
 * The flow label: RFC 6437, RFC 3542; who may use which, and which one a
 * datagram has that was given none
 */
#include "control.h"
#include "tun6.h"
#include <linux/udp.h>

#define LABEL	0x12345
#define FLOW(x)	((__be32)htonl(x))	/* as in a sin6_flowinfo */

EUDP6_FIXTURE(flow6)

static void unprivileged(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
}

/* A request of IPV6_FLOWLABEL_MGR for a label of ours to @dst */
static struct in6_flowlabel_req request(int action, int share, int flags,
					unsigned int label, const char *dst)
{
	struct in6_flowlabel_req r = {
		.flr_label = FLOW(label), .flr_action = action,
		.flr_share = share, .flr_flags = flags,
		.flr_expires = 60, .flr_linger = 60,
	};

	r.flr_dst = in6(dst);
	return r;
}

static int ask(int fd, int action, int share, int flags, unsigned int label)
{
	struct in6_flowlabel_req r = request(action, share, flags, label, YOU6);

	return err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR, &r,
				 sizeof(r)));
}

#define GET	IPV6_FL_A_GET
#define PUT	IPV6_FL_A_PUT
#define RENEW	IPV6_FL_A_RENEW
#define ANY	IPV6_FL_S_ANY
#define EXCL	IPV6_FL_S_EXCL
#define PROCESS	IPV6_FL_S_PROCESS
#define USER	IPV6_FL_S_USER
#define CREATE	IPV6_FL_F_CREATE
#define NEW	(IPV6_FL_F_CREATE | IPV6_FL_F_EXCL)

/* An address with flow information, connected to or sent to */
static struct any_addr flow_to(const char *ip, unsigned int flowinfo)
{
	struct any_addr any = any_addr(ip, 9);

	any.sin6.sin6_flowinfo = FLOW(flowinfo);
	return any;
}

static int send_flow(int fd, unsigned int flowinfo)
{
	struct any_addr to = flow_to(YOU6, flowinfo);

	return err_of(sendto(fd, "x", 1, 0, &to.sa, to.len));
}

/* and with a control message */
static int send_flow_with(int fd, unsigned int flowinfo, int level, int type,
			  const void *data, size_t len)
{
	struct any_addr to = flow_to(YOU6, flowinfo);
	struct iovec iov = { "x", 1 };
	struct control c = {};
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &to.sa, .msg_namelen = to.len,
		.msg_control = c.buf };

	add(&c, level, type, data, len);
	msg.msg_controllen = c.len;
	return err_of(sendmsg(fd, &msg, 0));
}

static int connect_flow(int fd, unsigned int flowinfo)
{
	struct any_addr to = flow_to(YOU6, flowinfo);

	return err_of(connect(fd, &to.sa, to.len));
}

/* No label that has not been asked for */
static void __no_auto_labels(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/auto_flowlabels", "0"));
}

#define no_auto_labels() __no_auto_labels(_metadata)

/* Two sockets ask for labels, one after the other */
TEST_F(flow6, manager)
{
	static const struct {
		int who, action, share, flags;
		unsigned int label;
		int err;
	} rows[] = {
		{ 0, PUT, 0, 0, 1, ESRCH },
		{ 0, RENEW, ANY, 0, 1, ESRCH },
		{ 0, 3, 0, 0, 1, EINVAL },
		{ 0, 255, 0, 0, 1, EINVAL },
		{ 0, GET, ANY, 0, 1, ENOENT },
		{ 0, GET, 4, CREATE, 1, EINVAL },
		{ 0, GET, 0, CREATE, 1, EINVAL },
		{ 0, GET, ANY, CREATE, 0x100000, EINVAL },
		/* Half of them is kept for who keeps no state */
		{ 0, GET, ANY, CREATE, 0x80000, ERANGE },
		{ 0, GET, ANY, CREATE, 0x7ffff, 0 },
		/* Everybody's */
		{ 0, GET, ANY, CREATE, 1, 0 },
		{ 0, GET, ANY, CREATE, 1, 0 },
		{ 0, GET, ANY, NEW, 1, EEXIST },
		{ 1, GET, ANY, NEW, 1, EEXIST },
		{ 1, GET, ANY, 0, 1, 0 },
		{ 1, GET, EXCL, 0, 1, EPERM },
		{ 1, GET, USER, 0, 1, EPERM },
		{ 1, RENEW, ANY, 0, 1, 0 },
		{ 1, PUT, 0, 0, 1, 0 },
		{ 1, PUT, 0, 0, 1, ESRCH },
		/* One socket's */
		{ 0, GET, EXCL, NEW, 2, 0 },
		{ 0, GET, EXCL, 0, 2, EPERM },
		{ 1, GET, EXCL, CREATE, 2, EPERM },
		{ 1, GET, ANY, CREATE, 2, EPERM },
		{ 1, RENEW, ANY, 0, 2, ESRCH },
		{ 1, PUT, 0, 0, 2, ESRCH },
		{ 0, PUT, 0, 0, 2, 0 },
		/* For a while after the last one has gone */
		{ 1, GET, ANY, 0, 2, ENOENT },
		{ 1, GET, ANY, CREATE, 2, EPERM },
		/* One process's, one user's */
		{ 0, GET, PROCESS, NEW, 3, 0 },
		{ 1, GET, PROCESS, 0, 3, 0 },
		{ 1, GET, USER, 0, 3, EPERM },
		{ 0, GET, USER, NEW, 4, 0 },
		{ 1, GET, USER, CREATE, 4, 0 },
		{ 1, GET, PROCESS, CREATE, 4, EPERM },
		/* What only TCP has */
		{ 0, GET, ANY, IPV6_FL_F_REFLECT, 5, EPERM },
		{ 0, PUT, ANY, IPV6_FL_F_REFLECT, 5, ENOPROTOOPT },
	};
	int fds[] = { sock(), sock() }, status;
	unsigned int i;
	pid_t pid;

	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/flowlabel_state_ranges",
				"1"));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].err, ask(fds[rows[i].who], rows[i].action,
					   rows[i].share, rows[i].flags,
					   rows[i].label))
			TH_LOG("case %d", i);
	}
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/flowlabel_consistency",
				"0"));
	EXPECT_EQ(ENOPROTOOPT, ask(fds[0], GET, ANY, IPV6_FL_F_REFLECT, 5));
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/flowlabel_state_ranges",
				"0"));
	EXPECT_EQ(0, ask(fds[0], GET, ANY, CREATE, 0xfffff));
	/* Another process, another user */
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		int fd = sock();

		EXPECT_EQ(EPERM, ask(fd, GET, PROCESS, CREATE, 3));
		EXPECT_EQ(0, ask(fd, GET, USER, CREATE, 4));
		unprivileged(_metadata);
		EXPECT_EQ(0, ask(sock(), GET, ANY, CREATE, 1));
		EXPECT_EQ(EPERM, ask(sock(), GET, USER, CREATE, 4));
		_exit(_metadata->exit_code);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Requests that are not whole, and what comes back */
TEST_F(flow6, manager_requests)
{
	struct in6_flowlabel_req r, got = { .flr_action = GET };
	socklen_t len = sizeof(got);
	int t = tun6(), fd = sock();

	ASSERT_LE(0, t);
	EXPECT_EQ(ENOENT, err_of(getsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &got, &len)));
	r = request(GET, ANY, CREATE, 1, YOU6);
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &r, sizeof(r) - 1)));
	EXPECT_EQ(EFAULT, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    (void *)1, sizeof(r))));
	r = request(GET, ANY, CREATE, 1, "::");
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &r, sizeof(r))));
	r = request(GET, ANY, CREATE, 1, "::ffff:192.0.2.2");
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &r, sizeof(r))));
	/* 0 is one that the kernel chooses */
	r = request(GET, ANY, CREATE, 0, YOU6);
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR, &r,
				sizeof(r)));
	EXPECT_NE(0, r.flr_label);
	EXPECT_EQ(0, ntohl(r.flr_label) & ~0xfffff);
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	EXPECT_EQ(0, connect_flow(fd, ntohl(r.flr_label)));
	len = sizeof(got);
	EXPECT_EQ(0, getsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR, &got, &len));
	EXPECT_EQ(sizeof(got), len);
	EXPECT_EQ(r.flr_label, got.flr_label);
	EXPECT_STREQ(YOU6, text6(&got.flr_dst));
	EXPECT_EQ(ANY, got.flr_share);
	EXPECT_EQ(60, got.flr_linger);
	got.flr_action = PUT;
	EXPECT_EQ(EINVAL, err_of(getsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &got, &len)));
	len = sizeof(got) - 1;
	EXPECT_EQ(EINVAL, err_of(getsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &got, &len)));
	/* More than 150 seconds is only for some */
	unprivileged(_metadata);
	fd = sock();
	r = request(GET, ANY, CREATE, 7, YOU6);
	r.flr_linger = 151;
	EXPECT_EQ(EPERM, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					   &r, sizeof(r))));
	r.flr_linger = 150;
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR, &r,
				sizeof(r)));
}

/* IPV6_FLOWINFO_SEND: the label of an address, in sendto(2) and connect(2) */
TEST_F_TIMEOUT(flow6, sent, 300)
{
	static const struct {
		int option;
		unsigned int flowinfo, label;
	} rows[] = {
		{ 0, LABEL, 0 },
		{ 1, 0, 0 },
		{ 1, LABEL, LABEL },
		{ 1, 0xfffff, 0xfffff },
		{ 1, 1, 1 },
		/* The class in it does not get onto the wire */
		{ 1, 0x0ab12345, LABEL },
		{ 1, 0xffffffff, 0xfffff },
	};
	int t = tun6(), fd, peer;
	struct any_addr any;
	static struct datagram6 g;
	unsigned int i;

	no_auto_labels();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fd = sock();
		peer = sock();
		EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND));
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND,
				     rows[i].option));
		EXPECT_EQ(rows[i].option,
			  get_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND));
		EXPECT_EQ(0, set_int(peer, SOL_IPV6, IPV6_FLOWINFO_SEND,
				     rows[i].option));
		EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_TCLASS, 0x28));
		EXPECT_EQ(0, send_flow(fd, rows[i].flowinfo));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(rows[i].label, LABEL6(&g)) TH_LOG("case %d", i);
		EXPECT_EQ(0x28, TCLASS6(&g));
		EXPECT_EQ(0, connect_flow(peer, rows[i].flowinfo));
		EXPECT_EQ(0, tag(peer, 'x'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(rows[i].label, LABEL6(&g)) TH_LOG("case %d", i);
		EXPECT_EQ(0, TCLASS6(&g));
		/* getpeername(2) gives it back */
		any.len = sizeof(any.sin6);
		EXPECT_EQ(0, getpeername(peer, &any.sa, &any.len));
		EXPECT_EQ(rows[i].option ? rows[i].flowinfo & 0x0fffffff : 0,
			  ntohl(any.sin6.sin6_flowinfo));
		any.len = sizeof(any.sin6);
		EXPECT_EQ(0, getsockname(peer, &any.sa, &any.len));
		EXPECT_EQ(0, any.sin6.sin6_flowinfo);
		/* An address has its own, the peer's is not for it */
		EXPECT_EQ(0, send_flow(peer, 0));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(0, LABEL6(&g));
		close(fd);
		close(peer);
	}
}

/* Once somebody has a label for himself, all labels must be owned */
TEST_F(flow6, owned)
{
	int t = tun6(), fd = sock(), peer = sock(), other = sock();
	__be32 flow = FLOW(LABEL);
	static struct datagram6 g;

	no_auto_labels();
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	EXPECT_EQ(0, set_int(peer, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	EXPECT_EQ(0, ask(other, GET, ANY, CREATE, 9));
	EXPECT_EQ(0, send_flow(fd, LABEL));
	EXPECT_STREQ("x", next_text6());
	EXPECT_EQ(0, ask(other, GET, EXCL, CREATE, 8));
	EXPECT_EQ(EINVAL, send_flow(fd, LABEL));
	EXPECT_EQ(EINVAL, send_flow(fd, 8));
	EXPECT_EQ(EINVAL, send_flow(fd, 9));
	EXPECT_EQ(EINVAL, send_one(fd, YOU6, SOL_IPV6, IPV6_FLOWINFO, &flow,
				   4));
	EXPECT_EQ(EINVAL, connect_flow(peer, LABEL));
	EXPECT_EQ(EDESTADDRREQ, tag(peer, 1));
	EXPECT_EQ(0, send_flow(fd, 0x0ab00000));
	EXPECT_STREQ("x", next_text6());
	EXPECT_EQ(0, send_flow(fd, 0));
	EXPECT_STREQ("x", next_text6());
	/* Owned, by this socket */
	EXPECT_EQ(0, ask(fd, GET, EXCL, CREATE, LABEL));
	EXPECT_EQ(0, send_flow(fd, LABEL));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(LABEL, LABEL6(&g));
	EXPECT_EQ(0, send_one(fd, YOU6, SOL_IPV6, IPV6_FLOWINFO, &flow, 4));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(LABEL, LABEL6(&g));
	EXPECT_EQ(EINVAL, connect_flow(peer, LABEL));
	/* For whichever address, not only that which was asked for */
	EXPECT_EQ(0, connect_flow(fd, LABEL));
	EXPECT_EQ(0, tag(fd, 'x'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(LABEL, LABEL6(&g));
	/* Given back: the peer has lost it */
	EXPECT_EQ(0, ask(fd, PUT, 0, 0, LABEL));
	EXPECT_EQ(0, tag(fd, 'x'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(0, LABEL6(&g));
	EXPECT_EQ(EINVAL, send_flow(fd, LABEL));
	EXPECT_STREQ("(none)", next_text6());
}

/* IPV6_FLOWINFO as a message, with and without IPV6_FLOWINFO_SEND */
TEST_F_TIMEOUT(flow6, message, 300)
{
	static const struct {
		unsigned int address, message, label;
		int err;
	} rows[] = {
		{ 0, LABEL, LABEL },
		{ 0, 0, 0 },
		{ 0, 0x0ab12345, LABEL },
		{ LABEL, 7, 7 },
		{ LABEL, 0, 0 },
		{ LABEL, LABEL, LABEL },
		/* Where there is a label, four bits must be 0 that are none */
		{ LABEL, 0x10012345, 0, EINVAL },
		{ 0, 0x10012345, LABEL },
	};
	int t = tun6(), fds[2], k;
	static struct datagram6 g;
	unsigned int i;

	no_auto_labels();
	for (i = 0; i < ARRAY_SIZE(rows) * 2; i++) {
		__be32 flow = FLOW(rows[i / 2].message);
		const typeof(rows[0]) *c = &rows[i / 2];
		struct any_addr to = flow_to(YOU6, c->address);
		struct iovec iov = { "x", 1 };
		struct control control = {};
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_name = i % 2 ? NULL : &to.sa,
			.msg_namelen = i % 2 ? 0 : to.len,
			.msg_control = control.buf };

		for (k = 0; k < 2; k++) {
			fds[k] = sock();
			EXPECT_EQ(0, set_int(fds[k], SOL_IPV6,
					     IPV6_FLOWINFO_SEND, 1));
		}
		EXPECT_EQ(0, connect_flow(fds[1], c->address));
		add(&control, SOL_IPV6, IPV6_FLOWINFO, &flow, 4);
		msg.msg_controllen = control.len;
		EXPECT_EQ(c->err, err_of(sendmsg(fds[i % 2], &msg, 0)))
			TH_LOG("case %d, %d", i / 2, i % 2);
		EXPECT_EQ(c->err ? -EAGAIN : 1, next_datagram6(&g));
		if (!c->err)
			EXPECT_EQ(c->label, LABEL6(&g))
				TH_LOG("case %d, %d", i / 2, i % 2);
		close(fds[0]);
		close(fds[1]);
	}
}

/* IPV6_FLOWINFO as it was received: class and label, if they are not 0 */
TEST_F(flow6, received)
{
	static const unsigned int flows[] = {
		0, 1, LABEL, 0xfffff, 0x00100000, 0x0ab12345, 0x0fffffff,
	};
	int t = tun6(), fd = bound("::", 5000);
	struct packet6 p;
	unsigned int i;
	struct got g;
	__be32 *flow;

	EXPECT_EQ(0, get_int(fd, SOL_IPV6, IPV6_FLOWINFO));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO, 1));
	EXPECT_EQ(1, get_int(fd, SOL_IPV6, IPV6_FLOWINFO));
	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		make6(&p, 5000, "x", 1, "");
		p.ip.ip6_flow = FLOW(0x60000000 | flows[i]);
		inject6(&p);
		receive(fd, &g, 0);
		EXPECT_STREQ(flows[i] ? "flowinfo 4" : "", told(&g));
		flow = find(&g, SOL_IPV6, IPV6_FLOWINFO);
		if (flow)
			EXPECT_EQ(flows[i], ntohl(*flow));
		/* The address has none of it */
		EXPECT_EQ(0, g.from.sin6.sin6_flowinfo);
	}
}

/* Labels without asking: by the namespace's mode and the socket's option */
TEST_F_TIMEOUT(flow6, automatic, 300)
{
	static const struct {
		const char *mode;
		int option;		/* -1: not set */
		bool labelled;
		int get;
	} rows[] = {
		{ "0", -1, false, 0 }, { "0", 0, false, 0 },
		{ "0", 1, false, 1 },
		{ "1", -1, true, 1 }, { "1", 0, false, 0 }, { "1", 1, true, 1 },
		{ "2", -1, false, 0 }, { "2", 0, false, 0 },
		{ "2", 1, true, 1 },
		{ "3", -1, true, 1 }, { "3", 0, true, 0 }, { "3", 1, true, 1 },
	};
	int t = tun6(), fd, peer;
	static struct datagram6 g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const typeof(rows[0]) *c = &rows[i];

		EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/auto_flowlabels",
					c->mode));
		fd = sock();
		peer = joined(sock(), YOU6, 9);
		if (c->option >= 0) {
			EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_AUTOFLOWLABEL,
					     c->option));
			EXPECT_EQ(0, set_int(peer, SOL_IPV6, IPV6_AUTOFLOWLABEL,
					     c->option));
		}
		EXPECT_EQ(c->get, get_int(fd, SOL_IPV6, IPV6_AUTOFLOWLABEL))
			TH_LOG("mode %s, option %d", c->mode, c->option);
		EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(c->labelled, !!LABEL6(&g))
			TH_LOG("mode %s, option %d", c->mode, c->option);
		EXPECT_EQ(0, tag(peer, 'b'));
		EXPECT_EQ(1, next_datagram6(&g));
		EXPECT_EQ(c->labelled, !!LABEL6(&g))
			TH_LOG("mode %s, option %d", c->mode, c->option);
		close(fd);
		close(peer);
	}
}

/* One flow has one label; others have others; none is one that is asked for */
TEST_F(flow6, automatic_values)
{
	int t = tun6(), fd = bound("::", 5000), peer, i, same = 0;
	unsigned int first = 0, last = 0;
	static struct datagram6 g;
	static char data[4000];

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		if (i)
			EXPECT_EQ(first, LABEL6(&g));
		first = LABEL6(&g);
	}
	/* All fragments of a datagram, which next_datagram6() looks at */
	EXPECT_EQ(4000, send_to(fd, YOU6, 9, data, 4000));
	EXPECT_EQ(4000, next_datagram6(&g));
	EXPECT_EQ(3, g.fragments);
	EXPECT_EQ(first, LABEL6(&g));
	for (i = 10; i < 20; i++) {
		EXPECT_EQ(0, tag_to(fd, YOU6, i, 'a'));
		EXPECT_EQ(1, next_datagram6(&g));
		same += LABEL6(&g) == last;
		last = LABEL6(&g);
	}
	EXPECT_GE(1, same);
	peer = joined(sock(), YOU6, 9);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, tag(peer, 'b'));
		EXPECT_EQ(1, next_datagram6(&g));
		if (i)
			EXPECT_EQ(last, LABEL6(&g));
		last = LABEL6(&g);
	}
	/* Of the half that is for those without a state, where that is kept */
	EXPECT_EQ(0, write_file("/proc/sys/net/ipv6/flowlabel_state_ranges",
				"1"));
	EXPECT_EQ(0, tag_to(fd, YOU6, 9, 'a'));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(first | 0x80000, LABEL6(&g));
	/* One that is asked for is not touched */
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	EXPECT_EQ(0, send_flow(fd, LABEL));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_EQ(LABEL, LABEL6(&g));
}

/* A label may bring extension headers with it, RFC 2460 6 */
TEST_F(flow6, options_of_a_label)
{
	struct {
		struct in6_flowlabel_req r;
		struct cmsghdr h;
		unsigned char options[8];
	} request_with = {
		.r = request(GET, EXCL, CREATE, LABEL, YOU6),
		.h = { .cmsg_len = CMSG_LEN(8), .cmsg_level = SOL_IPV6,
		       .cmsg_type = IPV6_HOPOPTS },
		.options = { 0, 0, 1, 4 },
	};
	static const unsigned char destination[8] = { 0, 0, 1, 4 };
	__be32 other = FLOW(7);
	__u16 segment = 100;
	int t = tun6(), fd = sock(), peer;
	static struct datagram6 g;

	no_auto_labels();
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
				&request_with, sizeof(request_with)));
	EXPECT_EQ(0, set_int(fd, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	EXPECT_EQ(0, send_flow(fd, 0));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("", g.chain);
	EXPECT_EQ(0, send_flow(fd, LABEL));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000", g.chain);
	EXPECT_EQ(LABEL, LABEL6(&g));
	/* They are those of the address, if a message says another label */
	EXPECT_EQ(0, send_flow_with(fd, LABEL, SOL_IPV6, IPV6_FLOWINFO, &other,
				    sizeof(other)));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000", g.chain);
	EXPECT_EQ(7, LABEL6(&g));
	/* and that of the peer has them if there is any message */
	peer = joined(sock(), YOU6, 9);
	EXPECT_EQ(0, set_int(peer, SOL_IPV6, IPV6_FLOWINFO_SEND, 1));
	request_with.r.flr_label = FLOW(LABEL + 1);
	EXPECT_EQ(0, setsockopt(peer, SOL_IPV6, IPV6_FLOWLABEL_MGR,
				&request_with, sizeof(request_with)));
	EXPECT_EQ(0, connect_flow(peer, LABEL + 1));
	EXPECT_EQ(0, send_one(peer, NULL, IPPROTO_UDP, UDP_SEGMENT, &segment,
			      sizeof(segment)));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000", g.chain);
	EXPECT_EQ(LABEL + 1, LABEL6(&g));
	/* Those for the destination are the socket's */
	EXPECT_EQ(0, setsockopt(fd, SOL_IPV6, IPV6_DSTOPTS, destination, 8));
	EXPECT_EQ(0, send_flow(fd, LABEL));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("0:00010400000000 60:00010400000000", g.chain);
	EXPECT_EQ(0, send_flow(fd, 0));
	EXPECT_EQ(1, next_datagram6(&g));
	EXPECT_STREQ("60:00010400000000", g.chain);
	/* Destination options cannot be a label's */
	request_with.h.cmsg_type = IPV6_DSTOPTS;
	request_with.r.flr_label = FLOW(5);
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_IPV6, IPV6_FLOWLABEL_MGR,
					    &request_with,
					    sizeof(request_with))));
}

TEST_HARNESS_MAIN
