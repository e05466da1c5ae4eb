// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that can fail in a system call on a socket fails in turn, by
 * fail-nth: allocations, and copies from and to the program. Each time the call
 * succeeds or says why not, in words that its manual has, the next call works,
 * and the socket goes on as if nothing had been.
 */
#include "packet.h"
#include "fault.h"

#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <linux/udp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#define MOST		3000	/* places to fail in one call */
#define HERE		5000	/* the port of all */
#define GROUP		"239.1.1.1"
#define GROUP6		"ff0e::1:1"

/*
 * @fd:		the socket that is asked
 * @other:	a socket that is bound to HERE
 * @tap:	see packet.h
 * @device:	its index
 * @file:	something to send
 * @home:	the namespace
 */
struct place {
	const struct door *door;
	int fd, other, tap, device, file, home;
	struct packet packet;
};

/*
 * @call returns less than 0 if it has failed, and errno. @prepare is called
 * before each, with a new socket in place->fd, and must work.
 */
struct test {
	const char *name;
	void (*prepare)(struct __test_metadata *_metadata, struct place *p);
	long (*call)(struct place *p);
	int error;	/* one that may be besides ENOMEM, ENOBUFS, EFAULT */
	bool modules;	/* only what modules call fails */
};

static bool is6(const struct place *p)
{
	return p->door->version == AF_INET6;
}

static const char *group_of(const struct place *p)
{
	return is6(p) ? GROUP6 : GROUP;
}

static const char *you(const struct place *p)
{
	return is6(p) ? YOU6 : YOU;
}

/* What is asked */

static long call_socket(struct place *p)
{
	int fd = socket(p->door->family, SOCK_DGRAM, p->door->protocol);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static long call_bind(struct place *p)
{
	return bind_to(p->fd, p->door->lo, 0);
}

/* A group has memory of its own. */
static void prepare_share(struct __test_metadata *_metadata, struct place *p)
{
	ASSERT_EQ(0, set_int(p->fd, SOL_SOCKET, SO_REUSEPORT, 1));
}

static long call_connect(struct place *p)
{
	return connect_to(p->fd, p->door->lo, HERE);
}

static long call_connect_out(struct place *p)
{
	return connect_to(p->fd, you(p), HERE);
}

static long send_some(struct place *p, const char *to, size_t len, int flags)
{
	static char data[65536];
	struct any_addr any = any_addr(to, HERE);

	return sendto(p->fd, data, len, flags, &any.sa, any.len);
}

static long call_send(struct place *p)
{
	return send_some(p, p->door->lo, 64, 0);
}

static long call_send_long(struct place *p)
{
	return send_some(p, p->door->lo, 60000, 0);
}

static long call_send_out(struct place *p)
{
	return send_some(p, you(p), 64, 0);
}

static long call_send_fragments(struct place *p)
{
	return send_some(p, you(p), 8000, 0);
}

static void prepare_group(struct __test_metadata *_metadata, struct place *p)
{
	struct ip_mreqn mreq = { .imr_ifindex = p->device };

	if (is6(p)) {
		ASSERT_EQ(0, set_int(p->fd, IPPROTO_IPV6, IPV6_MULTICAST_IF,
				     p->device));
	} else {
		ASSERT_EQ(0, setsockopt(p->fd, IPPROTO_IP, IP_MULTICAST_IF,
					&mreq, sizeof(mreq)));
	}
}

static long call_send_group(struct place *p)
{
	return send_some(p, group_of(p), 64, 0);
}

static void prepare_connected(struct __test_metadata *_metadata,
			      struct place *p)
{
	ASSERT_EQ(0, call_connect(p));
}

static long call_send_to_peer(struct place *p)
{
	return send(p->fd, "abcd", 4, 0);
}

static long call_cork(struct place *p)
{
	long ret = send_some(p, you(p), 1000, MSG_MORE);

	if (ret >= 0)
		ret = send_some(p, you(p), 3000, MSG_MORE);
	if (ret >= 0)
		ret = send_some(p, you(p), 10, 0);
	return ret;
}

static long call_uncork(struct place *p)
{
	long ret = set_int(p->fd, IPPROTO_UDP, UDP_CORK, 1);

	if (!ret)
		ret = send_some(p, p->door->lo, 3000, 0);
	/* that this fails nobody is told */
	set_int(p->fd, IPPROTO_UDP, UDP_CORK, 0);
	return ret;
}

/* What is corked and never sent */
static void prepare_corked(struct __test_metadata *_metadata, struct place *p)
{
	ASSERT_EQ(3000, send_some(p, you(p), 3000, MSG_MORE));
}

static long call_close(struct place *p)
{
	close(p->fd);
	p->fd = socket(p->door->family, SOCK_DGRAM, p->door->protocol);
	return p->fd;
}

static void prepare_segments(struct __test_metadata *_metadata,
			     struct place *p)
{
	ASSERT_EQ(0, set_int(p->fd, IPPROTO_UDP, UDP_SEGMENT, 100));
}

static long call_send_train(struct place *p)
{
	return send_some(p, p->door->lo, 1000, 0);
}

static long call_send_train_out(struct place *p)
{
	return send_some(p, you(p), 1000, 0);
}

static void prepare_zerocopy(struct __test_metadata *_metadata,
			     struct place *p)
{
	ASSERT_EQ(0, set_int(p->fd, SOL_SOCKET, SO_ZEROCOPY, 1));
}

static long call_send_zerocopy(struct place *p)
{
	return send_some(p, p->door->lo, 1000, MSG_ZEROCOPY);
}

static long send_control(struct place *p, int level, int type,
			 const void *value, size_t len)
{
	struct any_addr any = any_addr(you(p), HERE);
	char control[256] = {};
	struct iovec iov = { "abcd", 4 };
	struct msghdr msg = {
		.msg_name = &any.sa, .msg_namelen = any.len,
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(len),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), value, len);
	return sendmsg(p->fd, &msg, 0);
}

static long call_send_options(struct place *p)
{
	static const char hop[] = { 0, 0, 5, 2, 0, 0, 1, 0 };

	if (is6(p))
		return send_control(p, IPPROTO_IPV6, IPV6_HOPOPTS, hop, 8);
	return send_control(p, IPPROTO_IP, IP_RETOPTS, "\1\1\1\1", 4);
}

static long call_send_info(struct place *p)
{
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = inet_addr(ME) };
	struct in6_pktinfo info6 = { .ipi6_addr = addr6(ME6, 0).sin6_addr };

	if (is6(p))
		return send_control(p, IPPROTO_IPV6, IPV6_PKTINFO, &info6,
				    sizeof(info6));
	return send_control(p, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static long call_send_ttl(struct place *p)
{
	int ttl = 9;

	if (is6(p))
		return send_control(p, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, 4);
	return send_control(p, IPPROTO_IP, IP_TTL, &ttl, 4);
}

static long call_send_tos(struct place *p)
{
	int tos = 8;

	if (is6(p))
		return send_control(p, IPPROTO_IPV6, IPV6_TCLASS, &tos, 4);
	return send_control(p, IPPROTO_IP, IP_TOS, &tos, 4);
}

static long call_send_mark(struct place *p)
{
	int mark = 7;

	return send_control(p, SOL_SOCKET, SO_MARK, &mark, 4);
}

static long call_send_segment(struct place *p)
{
	__u16 segment = 2;

	return send_control(p, IPPROTO_UDP, UDP_SEGMENT, &segment, 2);
}

static long call_sendmmsg(struct place *p)
{
	struct any_addr any = any_addr(p->door->lo, HERE);
	struct iovec iov[] = { { "ab", 2 }, { "cd", 2 } };
	struct mmsghdr all[2] = {
		{ .msg_hdr = { .msg_name = &any.sa, .msg_namelen = any.len,
			       .msg_iov = iov, .msg_iovlen = 2 } },
	};

	all[1] = all[0];
	return sendmmsg(p->fd, all, 2, 0);
}

static long call_sendfile(struct place *p)
{
	off_t at = 0;

	return sendfile(p->fd, p->file, &at, 5000);
}

/* Options that keep memory */

static long call_join(struct place *p)
{
	struct ipv6_mreq mreq6 = {
		.ipv6mr_multiaddr = addr6(GROUP6, 0).sin6_addr,
		.ipv6mr_interface = p->device,
	};
	struct ip_mreqn mreq = {
		.imr_multiaddr.s_addr = inet_addr(GROUP),
		.imr_ifindex = p->device,
	};

	if (is6(p))
		return setsockopt(p->fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq6,
				  sizeof(mreq6));
	return setsockopt(p->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq,
			  sizeof(mreq));
}

static void prepare_member(struct __test_metadata *_metadata, struct place *p)
{
	ASSERT_EQ(0, call_join(p));
}

static long source_call(struct place *p, int option)
{
	struct group_source_req req = {
		.gsr_interface = p->device,
	};
	struct any_addr group = any_addr(group_of(p), 0);
	struct any_addr source = any_addr(you(p), 0);

	memcpy(&req.gsr_group, &group.sa, group.len);
	memcpy(&req.gsr_source, &source.sa, source.len);
	return setsockopt(p->fd, is6(p) ? IPPROTO_IPV6 : IPPROTO_IP, option,
			  &req, sizeof(req));
}

static long call_join_source(struct place *p)
{
	return source_call(p, MCAST_JOIN_SOURCE_GROUP);
}

static long call_block(struct place *p)
{
	return source_call(p, MCAST_BLOCK_SOURCE);
}

static long call_leave(struct place *p)
{
	struct group_req req = { .gr_interface = p->device };
	struct any_addr group = any_addr(group_of(p), 0);

	memcpy(&req.gr_group, &group.sa, group.len);
	return setsockopt(p->fd, is6(p) ? IPPROTO_IPV6 : IPPROTO_IP,
			  MCAST_LEAVE_GROUP, &req, sizeof(req));
}

static long call_set_options(struct place *p)
{
	static const char hop[] = { 0, 0, 5, 2, 0, 0, 1, 0 };

	if (is6(p))
		return setsockopt(p->fd, IPPROTO_IPV6, IPV6_HOPOPTS, hop, 8);
	return setsockopt(p->fd, IPPROTO_IP, IP_OPTIONS, "\1\1\1\1", 4);
}

static void prepare_options(struct __test_metadata *_metadata, struct place *p)
{
	ASSERT_EQ(0, call_set_options(p));
}

static long call_get_options(struct place *p)
{
	socklen_t len = 40;
	char value[40];

	if (is6(p))
		return getsockopt(p->fd, IPPROTO_IPV6, IPV6_HOPOPTS, value,
				  &len);
	return getsockopt(p->fd, IPPROTO_IP, IP_OPTIONS, value, &len);
}

static long call_filter(struct place *p)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffff };
	struct sock_fprog program = { 1, &all };

	return setsockopt(p->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

static long call_reuseport_filter(struct place *p)
{
	struct sock_filter first = { BPF_RET | BPF_K, 0, 0, 0 };
	struct sock_fprog program = { 1, &first };

	return setsockopt(p->fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			  sizeof(program));
}

static long call_set_int(struct place *p)
{
	return set_int(p->fd, IPPROTO_UDP, UDP_CORK, 0) ?:
	       set_int(p->fd, SOL_SOCKET, SO_ZEROCOPY, 1) ?:
	       set_int(p->fd, SOL_SOCKET, SO_TIMESTAMP, 1);
}

static long call_get_int(struct place *p)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(p->fd, IPPROTO_UDP, UDP_CORK, &value, &len) ?:
	       getsockopt(p->fd, SOL_SOCKET, SO_MEMINFO, &value, &len);
}

static long call_device(struct place *p)
{
	return set_device(p->fd, "lo");
}

static long call_names(struct place *p)
{
	struct any_addr any = { .len = sizeof(any.sin6) };

	return getsockname(p->fd, &any.sa, &any.len) ?:
	       getpeername(p->fd, &any.sa, &any.len);
}

static long call_ioctl(struct place *p)
{
	int value;

	return ioctl(p->fd, FIONREAD, &value) ?: ioctl(p->fd, TIOCOUTQ, &value);
}

/* Receiving */

static void prepare_queue(struct __test_metadata *_metadata, struct place *p)
{
	int i, sender = __sock(_metadata, p->door->family, p->door->protocol);

	ASSERT_EQ(0, set_int(p->fd, SOL_SOCKET, SO_TIMESTAMP, 1));
	ASSERT_EQ(0, set_int(p->fd, IPPROTO_IP, IP_PKTINFO, 1));
	if (is6(p))
		ASSERT_EQ(0, set_int(p->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1));
	ASSERT_EQ(0, bind_to(p->fd, p->door->any, HERE + 1));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(4, send_to(sender, p->door->lo, HERE + 1, "abcd", 4));
	close(sender);
	__settle(_metadata);
}

static long receive(struct place *p, int flags)
{
	struct any_addr any = {};
	char data[512], control[512];
	struct iovec iov[] = { { data, 2 }, { data + 2, 500 } };
	struct msghdr msg = {
		.msg_name = &any.sa, .msg_namelen = sizeof(any.sin6),
		.msg_iov = iov, .msg_iovlen = 2,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	return recvmsg(p->fd, &msg, flags | MSG_DONTWAIT);
}

static long call_receive(struct place *p)
{
	return receive(p, 0);
}

static long call_peek(struct place *p)
{
	return receive(p, MSG_PEEK);
}

static void prepare_train(struct __test_metadata *_metadata, struct place *p)
{
	struct place sender = *p;

	sender.fd = __sock(_metadata, p->door->family, p->door->protocol);
	ASSERT_EQ(0, set_int(sender.fd, IPPROTO_UDP, UDP_SEGMENT, 100));
	ASSERT_EQ(0, bind_to(p->fd, p->door->any, HERE + 1));
	ASSERT_EQ(0, connect_to(sender.fd, p->door->lo, HERE + 1));
	ASSERT_EQ(300, send(sender.fd, sender.packet.rest, 300, 0));
	close(sender.fd);
	__settle(_metadata);
}

/* Errors of datagrams that nobody took: one is pending, both are queued */
static void prepare_errors(struct __test_metadata *_metadata, struct place *p)
{
	int i, level = is6(p) ? IPPROTO_IPV6 : IPPROTO_IP;

	ASSERT_EQ(0, set_int(p->fd, level, is6(p) ? IPV6_RECVERR : IP_RECVERR,
			     1));
	for (i = 0; i < 2; i++) {
		send_to(p->fd, p->door->lo, HERE + 9, "abcd", 4);
		__settle(_metadata);
		get_int(p->fd, SOL_SOCKET, SO_ERROR);
	}
}

static long call_error(struct place *p)
{
	return receive(p, MSG_ERRQUEUE);
}

static long arrive(struct place *p)
{
	int len = ETH_HLEN + len_of(&p->packet);

	sum_ip(&p->packet);
	return write(p->tap, frame_of(&p->packet), len);
}

static void prepare_arrival(struct __test_metadata *_metadata, struct place *p)
{
	make(&p->packet, p->door, HERE, "abcd", 4);
}

/* For nobody: an ICMP error goes out. */
static void prepare_nobody(struct __test_metadata *_metadata, struct place *p)
{
	make(&p->packet, p->door, HERE + 9, "abcd", 4);
}

/* To two members, one of whom gets a copy */
static void prepare_many(struct __test_metadata *_metadata, struct place *p)
{
	ASSERT_EQ(0, set_int(p->fd, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, bind_to(p->fd, p->door->any, HERE));
	ASSERT_EQ(0, call_join(p));
	make(&p->packet, p->door, HERE, "abcd", 4);
	if (is6(p))
		inet_pton(AF_INET6, GROUP6, &p->packet.ip6.ip6_dst);
	else
		p->packet.ip.daddr = inet_addr(GROUP);
	resum(&p->packet);
}

/* What it was to be is there; what the file says of it may not be. */
static long call_proc(struct place *p)
{
	const char * const files[] = {
		p->door->table, p->door->snmp, "/proc/net/protocols",
	};
	char path[64], line[512];
	int fd, i;
	long n;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/thread-self/%s",
			 files[i] + strlen("/proc/"));
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return -1;
		do {
			n = read(fd, line, sizeof(line));
		} while (n > 0);
		close(fd);
		if (n < 0)
			return -1;
	}
	return 0;
}

/* Our part of a new namespace; whoever made it goes back. */
static long call_namespace(struct place *p)
{
	if (unshare(CLONE_NEWNET))
		return -1;
	if (setns(p->home, CLONE_NEWNET))
		_exit(1);
	return 0;
}

static const struct test tests[] = {
	{ "socket", NULL, call_socket, ENFILE },
	{ "bind", NULL, call_bind },
	/* no memory for the group is no port: so it is in UDP */
	{ "bind, a group", prepare_share, call_bind, EADDRINUSE },
	{ "connect", NULL, call_connect },
	{ "connect, by the device", NULL, call_connect_out },
	{ "send", NULL, call_send },
	{ "send, long", NULL, call_send_long },
	{ "send, by the device", NULL, call_send_out },
	{ "send, in fragments", NULL, call_send_fragments },
	{ "send, to a group", prepare_group, call_send_group },
	{ "send, connected", prepare_connected, call_send_to_peer },
	{ "send, in parts", NULL, call_cork },
	{ "send, corked", NULL, call_uncork },
	{ "close, corked", prepare_corked, call_close, ENFILE },
	{ "send, a train", prepare_segments, call_send_train },
	{ "send, a train by the device", prepare_segments, call_send_train_out },
	{ "send, zero copy", prepare_zerocopy, call_send_zerocopy },
	{ "send, with options", NULL, call_send_options },
	{ "send, from an address", NULL, call_send_info },
	{ "send, TTL", NULL, call_send_ttl },
	{ "send, TOS", NULL, call_send_tos },
	{ "send, mark", NULL, call_send_mark },
	{ "send, segment", NULL, call_send_segment },
	{ "sendmmsg", NULL, call_sendmmsg },
	{ "sendfile", prepare_connected, call_sendfile },
	{ "send, options of the socket", prepare_options, call_send_out },
	{ "join", NULL, call_join },
	{ "join, a source", NULL, call_join_source },
	{ "block", prepare_member, call_block },
	{ "leave", prepare_member, call_leave },
	{ "set options", NULL, call_set_options },
	{ "get options", prepare_options, call_get_options },
	{ "set a filter", NULL, call_filter },
	{ "set a filter of a group", prepare_share, call_reuseport_filter },
	{ "set numbers", NULL, call_set_int },
	{ "get numbers", NULL, call_get_int },
	{ "set the device", NULL, call_device },
	{ "names", prepare_connected, call_names },
	{ "ioctl", prepare_queue, call_ioctl },
	{ "receive", prepare_queue, call_receive },
	{ "peek", prepare_queue, call_peek },
	{ "receive, of a train", prepare_train, call_receive },
	{ "receive an error", prepare_errors, call_error },
	{ "arrive", prepare_arrival, arrive },
	{ "arrive, for nobody", prepare_nobody, arrive },
	{ "arrive, for many", prepare_many, arrive },
	{ "read files", NULL, call_proc },
	{ "namespace", NULL, call_namespace, 0, true },
};

static bool may_be(const struct test *t, int err)
{
	return err == ENOMEM || err == ENOBUFS || err == EFAULT ||
	       (t->error && err == t->error);
}

/* The socket that is bound hears what is sent, whatever came before. */
static void still_talks(struct __test_metadata *_metadata, struct place *p)
{
	int fd = __sock(_metadata, p->door->family, p->door->protocol);
	char data[16];
	int i, n = 0;

	__settle(_metadata);
	while (recv(p->other, data, sizeof(data), MSG_DONTWAIT) >= 0)
		;
	EXPECT_EQ(0, tag_to(fd, p->door->lo, HERE, 7));
	n = take_tag(p->other);
	EXPECT_EQ(7, n);
	close(fd);
	/* nobody reads what goes out */
	for (i = 0; i < 100 && read(p->tap, &p->packet, sizeof(p->packet)) > 0; i++)
		;
}

/* Returns how often it failed, or -1 if nothing was left to fail. */
static int step(struct __test_metadata *_metadata, struct place *p,
		const struct test *t, int nth, int n)
{
	int left, err = 0;
	long ret;

	p->fd = __sock(_metadata, p->door->family, p->door->protocol);
	if (t->prepare)
		t->prepare(_metadata, p);

	ASSERT_EQ(0, set_fail_nth(nth, n));
	ret = t->call(p);
	err = ret < 0 ? errno : 0;
	left = get_fail_nth(nth);
	ASSERT_EQ(0, set_fail_nth(nth, 0));

	if (err) {
		EXPECT_TRUE(may_be(t, err)) {
			TH_LOG("%s: failure %d: %s", t->name, n, strerror(err));
		}
		ret = t->call(p);
		EXPECT_LE(0, ret) {
			TH_LOG("%s: after failure %d: %s", t->name, n,
			       strerror(errno));
		}
	}
	close(p->fd);
	return left ? -1 : !!err;
}

EUDP_BOTH_FIXTURE(call_fault)

TEST_F_TIMEOUT(call_fault, each_place_of_each_call, 900)
{
	struct place p = { .door = &variant->door };
	int nth, n, failed, ret, total = 0, all_failed = 0;
	unsigned int i;

	ASSERT_EQ(0, prepare_faults());
	nth = open_fail_nth();
	ASSERT_LE(0, nth);
	p.home = open("/proc/self/ns/net", O_RDONLY);
	p.tap = tap6();
	__await_address(_metadata, ME6);
	p.device = if_nametoindex("tap0");
	p.file = memfd_create("file", 0);
	ASSERT_EQ(0, ftruncate(p.file, 8192));
	p.other = reuse(sock());
	ASSERT_EQ(0, bind_to(p.other, variant->door.any, HERE));
	p.fd = p.other;
	ASSERT_EQ(0, call_join(&p));

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		ASSERT_EQ(0, tests[i].modules ? limit_to_modules() :
						limit_to_nothing());
		failed = 0;
		for (n = 1; n < MOST; n++) {
			ret = step(_metadata, &p, &tests[i], nth, n);
			if (ret < 0)
				break;
			failed += ret;
		}
		EXPECT_GT(MOST, n);
		still_talks(_metadata, &p);
		TH_LOG("%s: %d of %d", tests[i].name, failed, n - 1);
		total += n - 1;
		all_failed += failed;
	}
	ASSERT_EQ(0, limit_to_nothing());
	EXPECT_LT(0, all_failed);
	TH_LOG("%d failures in %d calls, %d of which were told of", total, i,
	       all_failed);
}

TEST_HARNESS_MAIN
