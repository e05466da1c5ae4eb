// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs that choose the socket: Documentation/bpf/prog_sk_lookup.rst,
 * and bpf_sk_assign() of bpf-helpers(7) for packets of a device. They take it
 * from a map of sockets, Documentation/bpf/map_sockmap.rst.
 */
#include "program.h"

#define PINNED	"/sys/fs/bpf/eudp-steer"
#define LO	(variant->door.lo)
#define LOOKUP(field) offsetof(struct bpf_sk_lookup, field)

/* Numbers of the entries that a program leaves its findings in */
enum { RUNS, RESULT, FINDINGS };

EUDP_BOTH_FIXTURE(steer)
EUDP_FIXTURE(steer4)

/* findings[index] = what is in r7 */
#define NOTE(findings, index) \
	ENTRY(findings, index), IF(0, 0, 1), \
	INSN(BPF_STX | BPF_MEM | BPF_DW, 0, 7, 0, 0)

/*
 * For port 7 alone: assigns the first socket of @sockets by @flags and notes
 * what that gave, and the answer is @verdict all the same
 */
static int __lookup(struct __test_metadata *_metadata, int sockets,
		    int findings, int verdict, int flags)
{
	struct bpf_insn code[] = {
		COPY(6, 1),
		LOAD(2, 6, LOOKUP(local_port)), IF(2, 7, 2),
		RETURN(SK_PASS),
		SET(7, 1), NOTE(findings, RUNS),
		ENTRY(sockets, 0), IF(0, 0, 16),
		COPY(8, 0),
		COPY(1, 6), COPY(2, 8), SET(3, flags),
		CALL(BPF_FUNC_sk_assign),
		COPY(7, 0),
		COPY(1, 8), CALL(BPF_FUNC_sk_release),
		NOTE(findings, RESULT),
		RETURN(verdict),
	};

	return __load(_metadata, BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, code,
		      ARRAY_SIZE(code));
}

/* Of all lookups in this namespace, as long as the link is open */
static int __attach(struct __test_metadata *_metadata, int prog)
{
	int net = open("/proc/thread-self/ns/net", O_RDONLY), link;
	union bpf_attr attr = { .link_create = {
		.prog_fd = prog, .target_fd = net,
		.attach_type = BPF_SK_LOOKUP,
	} };

	link = bpf(BPF_LINK_CREATE, &attr);
	ASSERT_LE(0, link);
	close(prog);
	close(net);
	return link;
}

#define attach_lookup_by(sockets, findings, verdict, flags) \
	__attach(_metadata, __lookup(_metadata, sockets, findings, verdict, \
				     flags))
#define attach_lookup(sockets, findings, verdict) \
	attach_lookup_by(sockets, findings, verdict, 0)

/* For packets of this protocol that come in over lo, to port 7 */
static void __classify(struct __test_metadata *_metadata, int sockets,
		       int findings, int version, int wire)
{
	/* Where the protocol is, and where the packet of it begins */
	int at = version == AF_INET6 ? 6 : 9;
	int len = version == AF_INET6 ? 40 : 20;
	struct bpf_insn code[] = {
		COPY(6, 1),
		/* The protocol, then the port, of the packet behind Ethernet */
		SET(2, 14 + at), COPY(3, 10), ADD(3, -8), SET(4, 1),
		PUT(10, -8, 0), CALL(BPF_FUNC_skb_load_bytes),
		LOAD(2, 10, -8), IF(2, wire, 2),
		RETURN(0),
		COPY(1, 6), SET(2, 14 + len + 2), COPY(3, 10), ADD(3, -8),
		SET(4, 2), PUT(10, -8, 0), CALL(BPF_FUNC_skb_load_bytes),
		LOAD(2, 10, -8), IF(2, htons(7), 2),
		RETURN(0),
		ENTRY(sockets, 0), IF(0, 0, 16),
		COPY(8, 0),
		COPY(1, 6), COPY(2, 8), SET(3, 0), CALL(BPF_FUNC_sk_assign),
		COPY(7, 0),
		COPY(1, 8), CALL(BPF_FUNC_sk_release),
		NOTE(findings, RESULT),
		RETURN(0),
	};
	union bpf_attr attr = { .pathname = (long)PINNED };

	attr.bpf_fd = __load(_metadata, BPF_PROG_TYPE_SCHED_CLS, 0, code,
			     ARRAY_SIZE(code));
	unlink(PINNED);
	ASSERT_EQ(0, bpf(BPF_OBJ_PIN, &attr));
	__run(_metadata, "tc qdisc add dev lo clsact");
	__run(_metadata, "tc filter add dev lo ingress bpf direct-action object-pinned "
	      PINNED);
	unlink(PINNED);
	close(attr.bpf_fd);
}

#define attach_classifier(sockets, findings) \
	__classify(_metadata, sockets, findings, variant->door.version, \
		   variant->door.wire)

#define sockets()	map(BPF_MAP_TYPE_SOCKMAP, 8, 4)
#define findings()	map(BPF_MAP_TYPE_ARRAY, 8, FINDINGS)

/* A listener of TCP at this address */
static int __listener(struct __test_metadata *_metadata, const char *ip)
{
	int fd = socket(strchr(ip, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	ASSERT_LE(0, fd);
	__bound(_metadata, fd, ip, 9000);
	ASSERT_EQ(0, listen(fd, 1));
	return fd;
}

static int put_in(int sockets, int index, int fd)
{
	__u64 value = fd;

	return map_set(sockets, index, &value);
}

/* What may be in a map, and how it leaves it */
TEST_F(steer, members)
{
	int m = sockets(), fd = sock(), other = bound(LO, 5001);
	int tx = sock();

	/* A port is needed */
	EXPECT_EQ(EOPNOTSUPP, put_in(m, 0, fd));
	EXPECT_EQ(-ENOENT, map_get(m, 0));
	ASSERT_EQ(0, bind_to(fd, LO, 5000));
	ASSERT_EQ(0, put_in(m, 0, fd));
	EXPECT_LT(0, map_get(m, 0));
	/* Twice, and another one in its place */
	EXPECT_EQ(0, put_in(m, 1, fd));
	EXPECT_EQ(map_get(m, 0), map_get(m, 1));
	EXPECT_EQ(0, put_in(m, 1, other));
	EXPECT_NE(map_get(m, 0), map_get(m, 1));
	/* It works as before */
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 7));
	EXPECT_EQ(POLLIN, await(fd, POLLIN));
	EXPECT_EQ(7, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
	joined(fd, LO, 5001);
	EXPECT_EQ(0, tag(fd, 8));
	EXPECT_EQ(8, take_tag(other));
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_LT(0, map_get(m, 0));
	/* Leaving by itself, and by being closed */
	EXPECT_EQ(0, map_delete(m, 1));
	EXPECT_EQ(EINVAL, map_delete(m, 1));
	EXPECT_EQ(0, tag_to(tx, LO, 5001, 9));
	EXPECT_EQ(9, take_tag(other));
	close(fd);
	EXPECT_EQ(-ENOENT, map_get(m, 0));
	fd = bound(LO, 5000);
	EXPECT_EQ(0, put_in(m, 0, fd));
	/* A map may go before its members do */
	close(m);
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 7));
	EXPECT_EQ(7, take_tag(fd));
}

/* A port that nobody has is served by the socket that the program chooses */
TEST_F(steer, lookup)
{
	int m = sockets(), f = findings(), fd = bound(LO, 5000);
	int tx = joined(sock(), LO, 7), link;

	ASSERT_EQ(0, put_in(m, 0, fd));
	link = attach_lookup(m, f, SK_PASS);
	EXPECT_EQ(0, tag(tx, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(1, map_get(f, RUNS));
	EXPECT_EQ(0, map_get(f, RESULT));
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 3));
	EXPECT_EQ(3, take_tag(fd));
	/* Nobody is chosen: nobody is there */
	EXPECT_EQ(0, map_delete(m, 0));
	EXPECT_EQ(0, tag(tx, 4));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(tx, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(1, counter(&variant->door, "NoPorts"));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* Without the link it is as it was */
	ASSERT_EQ(0, put_in(m, 0, fd));
	close(link);
	EXPECT_EQ(0, tag(tx, 5));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(tx, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* It comes before sockets with the port, but behind one that is connected */
TEST_F(steer, lookup_order)
{
	int m = sockets(), f = findings(), fd = bound(LO, 5000);
	int plain = shared(LO, 7), tx = bound(LO, 6000);
	int to_tx = joined(shared(LO, 7), LO, 6000);

	ASSERT_EQ(0, put_in(m, 0, fd));
	attach_lookup(m, f, SK_PASS);
	EXPECT_EQ(0, tag_to(tx, LO, 7, 1));
	EXPECT_EQ(1, take_tag(to_tx));
	EXPECT_EQ(0, tag_to(sock(), LO, 7, 2));
	EXPECT_EQ(2, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(plain));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* at an address: this one got none, since the route to the peer led to none */
TEST_F(steer4, lookup_order_without_address)
{
	int m = sockets(), f = findings(), other = bound("127.0.0.1", 5000);
	int fd = bound("0.0.0.0", 7), tx;

	run("ip link add d0 type dummy");
	run("ip link set d0 up");
	run("ip route add 10.9.0.0/16 dev d0");
	joined(fd, "10.9.0.1", 9);
	EXPECT_STREQ("0.0.0.0:7", local(fd));
	run("ip address add 10.9.0.1/32 dev lo");
	tx = bound("10.9.0.1", 9);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 7, 1));
	EXPECT_EQ(1, take_tag(fd));
	ASSERT_EQ(0, put_in(m, 0, other));
	attach_lookup(m, f, SK_PASS);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 7, 2));
	EXPECT_EQ(2, take_tag(other));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* if the program knows none it is found as before */
	EXPECT_EQ(0, map_delete(m, 0));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 7, 3));
	EXPECT_EQ(3, take_tag(fd));
}

/* SK_DROP is as if nobody were there, even if somebody was chosen */
TEST_F(steer, lookup_drop)
{
	int m = sockets(), f = findings(), fd = bound(LO, 5000);
	int tx = joined(sock(), LO, 7), plain = bound(variant->door.any, 7);

	ASSERT_EQ(0, put_in(m, 0, fd));
	attach_lookup(m, f, SK_DROP);
	EXPECT_EQ(0, tag(tx, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(tx, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(1, counter(&variant->door, "NoPorts"));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(EAGAIN, silent(plain));
}

/* A socket of another kind cannot be chosen, and things go on without it */
TEST_F(steer, lookup_listener)
{
	int m = sockets(), f = findings(), plain = bound(LO, 7);
	int listener = __listener(_metadata, LO);

	ASSERT_EQ(0, put_in(m, 0, listener));
	attach_lookup(m, f, SK_PASS);
	EXPECT_EQ(0, tag_to(sock(), LO, 7, 1));
	EXPECT_EQ(1, take_tag(plain));
	EXPECT_EQ(-EPROTOTYPE, map_get(f, RESULT));
	EXPECT_EQ(0, ready(listener, POLLIN));
}

/* Who of four hears what is sent to port 7, from 100 ports: how often each */
static void __hear(struct __test_metadata *_metadata, const struct door *door,
		   const int *fds, int *counts)
{
	int i, tx, home;

	for (i = 0; i < 100; i++) {
		tx = __bound(_metadata, __sock(_metadata, door->family,
					       door->protocol),
			     door->lo, 6000 + i);
		EXPECT_EQ(0, tag_to(tx, door->lo, 7, 1));
		home = __who(_metadata, fds, 4);
		ASSERT_LE(0, home);
		counts[home]++;
		close(tx);
	}
}

static void __all_hear(struct __test_metadata *_metadata,
		       const struct door *door, const int *fds)
{
	int counts[4] = {}, i;

	__hear(_metadata, door, fds, counts);
	for (i = 0; i < 4; i++)
		EXPECT_LT(0, counts[i]);
}

static void __one_hears(struct __test_metadata *_metadata,
			const struct door *door, const int *fds, int which)
{
	int counts[4] = {};

	__hear(_metadata, door, fds, counts);
	EXPECT_EQ(100, counts[which]);
}

#define all_hear(fds)	__all_hear(_metadata, &variant->door, fds)
#define one_hears(fds, which) \
	__one_hears(_metadata, &variant->door, fds, which)

/*
 * Of the group of the socket that was chosen one is taken by the flow, unless
 * the program says that it means this one
 */
TEST_F(steer, lookup_group)
{
	int fds[4], m = sockets(), f = findings(), link, i;

	for (i = 0; i < 4; i++)
		fds[i] = group_member(LO, 5000);
	ASSERT_EQ(0, put_in(m, 0, fds[1]));
	link = attach_lookup(m, f, SK_PASS);
	all_hear(fds);
	close(link);
	attach_lookup_by(m, f, SK_PASS, BPF_SK_LOOKUP_F_NO_REUSEPORT);
	one_hears(fds, 1);
	EXPECT_EQ(0, map_get(f, RESULT));
}

/* A device's packets are given to the socket that its filter chooses */
TEST_F(steer, classifier)
{
	int m = sockets(), f = findings(), fd = bound(LO, 5000);
	int plain = bound(LO, 7), tx = sock();

	ASSERT_EQ(0, put_in(m, 0, fd));
	attach_classifier(m, f);
	EXPECT_EQ(0, tag_to(tx, LO, 7, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(0, map_get(f, RESULT));
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 2));
	EXPECT_EQ(2, take_tag(fd));
	/* Even one that is connected to somebody else */
	joined(fd, LO, 9);
	EXPECT_EQ(0, tag_to(tx, LO, 7, 3));
	EXPECT_EQ(3, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(plain));
	/* Without one the way is the ordinary one */
	close(fd);
	EXPECT_EQ(0, tag_to(tx, LO, 7, 4));
	EXPECT_EQ(4, take_tag(plain));
	EXPECT_EQ(4, counter(&variant->door, "InDatagrams"));
	EXPECT_EQ(0, counter(&variant->door, "NoPorts"));
}

/* Of a group the one that was chosen stands for all, unless it is connected */
TEST_F(steer, classifier_group)
{
	int fds[4], m = sockets(), f = findings(), i;

	for (i = 0; i < 4; i++)
		fds[i] = group_member(LO, 5000);
	ASSERT_EQ(0, put_in(m, 0, fds[1]));
	attach_classifier(m, f);
	all_hear(fds);
	joined(fds[1], LO, 9);
	one_hears(fds, 1);
	EXPECT_EQ(0, map_get(f, RESULT));
}

/* UDP and eudp in one test: each has the other's socket in its way */
FIXTURE(strangers) {};

FIXTURE_VARIANT(strangers) {
	int version;
	const char *lo;
};

FIXTURE_VARIANT_ADD(strangers, ipv4) {
	.version = AF_INET, .lo = "127.0.0.1",
};

FIXTURE_VARIANT_ADD(strangers, ipv6) {
	.version = AF_INET6, .lo = "::1",
};

FIXTURE_SETUP(strangers)
{
	enter_namespace(_metadata);
}

FIXTURE_TEARDOWN(strangers) {}

static int __socket_at(struct __test_metadata *_metadata, int version,
		       const char *lo, int protocol, int port)
{
	return __bound(_metadata, __sock(_metadata, version, protocol), lo,
		       port);
}

#define socket_at(protocol, port) \
	__socket_at(_metadata, variant->version, variant->lo, protocol, port)

TEST_F(strangers, lookup)
{
	static const int kinds[] = { IPPROTO_EUDP, IPPROTO_UDP };
	int m = sockets(), f = findings(), i, plain, stranger;

	attach_lookup(m, f, SK_PASS);
	for (i = 0; i < 2; i++) {
		plain = socket_at(kinds[i], 7);
		stranger = socket_at(kinds[!i], 5000);
		ASSERT_EQ(0, put_in(m, 0, stranger))
			TH_LOG("protocol %d", kinds[!i]);
		EXPECT_EQ(0, tag_to(plain, variant->lo, 7, i + 1));
		EXPECT_EQ(i + 1, take_tag(plain));
		EXPECT_EQ(-EPROTOTYPE, map_get(f, RESULT));
		EXPECT_EQ(0, ready(stranger, POLLIN));
		close(plain);
		close(stranger);
	}
}

/*
 * Only eudp is asked: in-kernel UDP takes whatever it is given this way for a
 * socket of its own.
 */
TEST_F(strangers, classifier)
{
	int plain = socket_at(IPPROTO_EUDP, 7);
	int m = sockets(), f = findings(), fds[3];
	bool is4 = variant->version == AF_INET;
	unsigned int i;

	fds[0] = __listener(_metadata, variant->lo);
	fds[1] = socket_at(IPPROTO_UDP, 5000);
	/* one of eudp, but of the other version */
	fds[2] = __sock(_metadata, is4 ? AF_INET6 : AF_INET, IPPROTO_EUDP);
	if (is4)
		ASSERT_EQ(0, set_int(fds[2], SOL_IPV6, IPV6_V6ONLY, 1));
	ASSERT_EQ(0, bind_to(fds[2], is4 ? "::1" : "127.0.0.1", 5000));
	__classify(_metadata, m, f, variant->version, IPPROTO_EUDP);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		ASSERT_EQ(0, put_in(m, 0, fds[i]));
		EXPECT_EQ(0, tag_to(plain, variant->lo, 7, i + 1));
		EXPECT_EQ(i + 1, take_tag(plain));
		/* The program may choose it, the receiver need not agree */
		EXPECT_EQ(0, map_get(f, RESULT));
		EXPECT_EQ(0, ready(fds[i], POLLIN));
	}
}

/* What comes for a socket of TCP goes to the first one of @sockets instead. */
static void __redirect(struct __test_metadata *_metadata, int sockets, int tcp)
{
	struct bpf_insn code[] = {
		MAP(2, sockets), SET(3, 0), SET(4, BPF_F_INGRESS),
		CALL(BPF_FUNC_sk_redirect_map), EXIT,
	};
	int map = sockets();
	union bpf_attr attr = {
		.target_fd = map, .attach_type = BPF_SK_SKB_STREAM_VERDICT,
	};

	attr.attach_bpf_fd = load(BPF_PROG_TYPE_SK_SKB, 0, code);
	ASSERT_EQ(0, bpf(BPF_PROG_ATTACH, &attr));
	ASSERT_EQ(0, put_in(map, 0, tcp));
}

/* In-kernel UDP lets its sockets have data of TCP that way, eudp does not. */
TEST_F(strangers, redirected)
{
	int m = sockets(), listener = __listener(_metadata, variant->lo);
	int fd = socket_at(IPPROTO_EUDP, 5000), tcp, end;

	joined(fd, variant->lo, 5000);
	ASSERT_EQ(0, put_in(m, 0, fd));
	tcp = socket(variant->version, SOCK_STREAM, 0);
	joined(tcp, variant->lo, 9000);
	end = accept(listener, NULL, NULL);
	ASSERT_LE(0, end);
	__redirect(_metadata, m, end);
	ASSERT_EQ(5, send(tcp, "hello", 5, 0));
	settle();
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(0, meminfo(fd, SK_MEMINFO_RMEM_ALLOC));
	EXPECT_EQ(EAGAIN, silent(end));
	/* it works as before */
	EXPECT_EQ(0, tag(fd, 8));
	EXPECT_EQ(8, take_tag(fd));
}

TEST_HARNESS_MAIN
