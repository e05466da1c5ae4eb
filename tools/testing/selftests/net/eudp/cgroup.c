// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs of a cgroup, which see and change what its sockets do:
 * Documentation/bpf/libbpf/program_types.rst, and bpf_sock_addr of linux/bpf.h
 */
#include "program.h"
#include "cgroup.h"

#define IP(a, b, c, d)	((int)htonl((a) << 24 | (b) << 16 | (c) << 8 | (d)))

FIXTURE(cgroup) {
	struct cgroup c;
};

EUDP_VARIANTS(cgroup);

/* All sockets of a test belong to a cgroup of its own */
FIXTURE_SETUP(cgroup)
{
	enter_namespace(_metadata);
	make_cgroup(&self->c);
	ASSERT_EQ(0, enter_cgroup(&self->c));
}

/* By the parent: a test may be broken off */
FIXTURE_TEARDOWN_PARENT(cgroup)
{
	EXPECT_EQ(0, drop_cgroup(&self->c));
}

static void __attach(struct __test_metadata *_metadata, struct cgroup *c,
		     int prog, int where)
{
	union bpf_attr attr = { .target_fd = c->fd, .attach_bpf_fd = prog,
				.attach_type = where };

	ASSERT_EQ(0, bpf(BPF_PROG_ATTACH, &attr));
	close(prog);
}

static void __detach(struct __test_metadata *_metadata, struct cgroup *c,
		     int where)
{
	union bpf_attr attr = { .target_fd = c->fd, .attach_type = where };

	ASSERT_EQ(0, bpf(BPF_PROG_DETACH, &attr));
}

/* A program of this type at this place, until it is detached */
#define attach(type, where, code) \
	__attach(_metadata, &self->c, load(type, where, code), where)
#define detach(where)	__detach(_metadata, &self->c, where)

#define attach_addr(where, code) \
	attach(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, where, code)

/* Of the context in r1 */
#define ADDR(field)	offsetof(struct bpf_sock_addr, field)
#define SOCK(field)	offsetof(struct bpf_sock, field)

/* Adds one to the first entry of this map; leaves r6 to r9 */
#define CALLED(map)	ENTRY(map, 0), IF(0, 0, 2), SET(1, 1), COUNT(0, 1)

/* No socket, and nothing is left of it that keeps the module */
TEST_F(cgroup, create_denied)
{
	struct bpf_insn deny[] = {
		LOAD(2, 1, SOCK(protocol)),
		UNLESS(2, variant->door.wire, 2),
		RETURN(0),
		RETURN(1),
	};
	const struct door *d = &variant->door;
	int i;

	attach(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, deny);
	for (i = 0; i < 100; i++)
		EXPECT_EQ(EPERM, err_of(socket(d->family, SOCK_DGRAM,
					       d->protocol)));
	EXPECT_LE(0, socket(AF_INET, SOCK_STREAM, 0));
	detach(BPF_CGROUP_INET_SOCK_CREATE);
	close(sock());
}

/* What a program sees of a new socket, and what it may set */
TEST_F(cgroup, create_marked)
{
	struct bpf_insn mark[] = {
		LOAD(2, 1, SOCK(family)), UNLESS(2, AF_INET, 8),
		LOAD(2, 1, SOCK(type)), UNLESS(2, SOCK_DGRAM, 6),
		LOAD(2, 1, SOCK(protocol)),
		UNLESS(2, variant->door.wire, 4),
		SET(2, 77),
		STORE(1, SOCK(mark), 2),
		SET(2, 5),
		STORE(1, SOCK(priority), 2),
		RETURN(1),
	};
	int fd;

	attach(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, mark);
	fd = sock();
	EXPECT_EQ(77, get_int(fd, SOL_SOCKET, SO_MARK));
	EXPECT_EQ(5, get_int(fd, SOL_SOCKET, SO_PRIORITY));
}

/* Once per socket that was made, whatever it has done */
TEST_F(cgroup, release)
{
	int calls = map(BPF_MAP_TYPE_ARRAY, 8, 1), fd, copy;
	struct bpf_insn count[] = { CALLED(calls), RETURN(1) };

	attach(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE, count);
	fd = sock();
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(0, map_get(calls, 0));
	close(copy);
	EXPECT_EQ(1, map_get(calls, 0));
	close(bound("127.0.0.1", 5000));
	EXPECT_EQ(2, map_get(calls, 0));
	close(joined(sock(), "127.0.0.1", 5000));
	EXPECT_EQ(3, map_get(calls, 0));
}

TEST_F(cgroup, bind_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = sock();

	attach_addr(BPF_CGROUP_INET4_BIND, deny);
	EXPECT_EQ(EPERM, err_of(bind_to(fd, "127.0.0.1", 5000)));
	EXPECT_STREQ("0.0.0.0:0", local(fd));
	/* Who does not ask for a port gets one */
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 9, 1));
	EXPECT_LT(0, port_of(fd));
	detach(BPF_CGROUP_INET4_BIND);
	EXPECT_EQ(0, err_of(bind_to(sock(), "127.0.0.1", 5000)));
}

TEST_F(cgroup, bind_elsewhere)
{
	struct bpf_insn move[] = {
		PUT(1, ADDR(user_ip4), IP(127, 0, 0, 2)),
		PUT(1, ADDR(user_port), htons(6000)),
		RETURN(1),
	};
	struct bpf_insn nowhere[] = {
		PUT(1, ADDR(user_ip4), IP(203, 0, 113, 1)),
		RETURN(1),
	};
	int fd;

	attach_addr(BPF_CGROUP_INET4_BIND, move);
	fd = bound("127.0.0.1", 5000);
	EXPECT_STREQ("127.0.0.2:6000", local(fd));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), "127.0.0.1", 5001)));
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.2", 6000, 7));
	EXPECT_EQ(7, take_tag(fd));
	detach(BPF_CGROUP_INET4_BIND);
	/* What it says is checked as what the caller says */
	attach_addr(BPF_CGROUP_INET4_BIND, nowhere);
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(sock(), "127.0.0.1", 5002)));
}

/* Too late to have a port, but it has to be free again */
TEST_F(cgroup, post_bind_denied)
{
	struct bpf_insn deny[] = {
		LOAD(2, 1, SOCK(src_ip4)),
		UNLESS(2, IP(127, 0, 0, 1), 4),
		LOAD(2, 1, SOCK(src_port)),
		UNLESS(2, 5000, 2),
		RETURN(0),
		RETURN(1),
	};
	int fd = sock();

	attach(BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND, deny);
	EXPECT_EQ(EPERM, err_of(bind_to(fd, "127.0.0.1", 5000)));
	EXPECT_STREQ("0.0.0.0:0", local(fd));
	EXPECT_EQ(0, err_of(bind_to(fd, "127.0.0.1", 5001)));
	EXPECT_STREQ("127.0.0.1:5001", local(fd));
	detach(BPF_CGROUP_INET4_POST_BIND);
	EXPECT_EQ(0, err_of(bind_to(sock(), "127.0.0.1", 5000)));
}

TEST_F(cgroup, connect_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = sock();

	attach_addr(BPF_CGROUP_INET4_CONNECT, deny);
	EXPECT_EQ(EPERM, err_of(connect_to(fd, "127.0.0.1", 5000)));
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	/* To disconnect is not to connect */
	EXPECT_EQ(0, err_of(disconnect(fd)));
}

TEST_F(cgroup, connect_elsewhere)
{
	struct bpf_insn move[] = {
		PUT(1, ADDR(user_ip4), IP(127, 0, 0, 2)),
		PUT(1, ADDR(user_port), htons(6000)),
		RETURN(1),
	};
	int fd = sock(), rx = bound("127.0.0.2", 6000);

	attach_addr(BPF_CGROUP_INET4_CONNECT, move);
	joined(fd, "127.0.0.1", 5000);
	EXPECT_STREQ("127.0.0.2:6000", peer(fd));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(rx));
	EXPECT_EQ(0, tag_to(rx, "127.0.0.1", port_of(fd), 8));
	EXPECT_EQ(8, take_tag(fd));
	detach(BPF_CGROUP_INET4_CONNECT);
	joined(fd, "127.0.0.1", 5000);
	EXPECT_STREQ("127.0.0.1:5000", peer(fd));
}

/* A program of connect may choose the address that is connected from */
TEST_F(cgroup, connect_from)
{
	struct sockaddr_in from = addr("127.0.0.5", 0);
	int *word = (int *)&from;
	struct bpf_insn bind[] = {
		PUT(10, -16, word[0]), PUT(10, -12, word[1]),
		PUT(10, -8, 0), PUT(10, -4, 0),
		COPY(2, 10), ADD(2, -16), SET(3, 16),
		CALL(BPF_FUNC_bind), UNLESS(0, 0, 2), RETURN(1), RETURN(0),
	};
	int fd = sock(), rx = bound("127.0.0.1", 5000);
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char byte;

	attach_addr(BPF_CGROUP_INET4_CONNECT, bind);
	joined(fd, "127.0.0.1", 5000);
	EXPECT_EQ(0, strncmp("127.0.0.5:", local(fd), 10))
		TH_LOG("%s", local(fd));
	EXPECT_EQ(0, tag(fd, 7));
	ASSERT_EQ(POLLIN, await(rx, POLLIN));
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, 0, sa(&sin), &len));
	EXPECT_STREQ(local(fd), show(0, &sin));
}

TEST_F(cgroup, send_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = joined(sock(), "127.0.0.1", 5000);
	int rx = bound("127.0.0.1", 5000);

	attach_addr(BPF_CGROUP_UDP4_SENDMSG, deny);
	EXPECT_EQ(EPERM, tag_to(sock(), "127.0.0.1", 5000, 1));
	/* Whoever gives an address is asked, and only they */
	EXPECT_EQ(EPERM, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(rx));
	EXPECT_EQ(EAGAIN, silent(rx));
	EXPECT_EQ(1, counter(&variant->door, "OutDatagrams"));
}

TEST_F(cgroup, send_elsewhere)
{
	struct bpf_insn move[] = {
		PUT(1, ADDR(user_ip4), IP(127, 0, 0, 2)),
		PUT(1, ADDR(user_port), htons(6000)),
		PUT(1, ADDR(msg_src_ip4), IP(127, 0, 0, 3)),
		RETURN(1),
	};
	struct bpf_insn port_0[] = {
		PUT(1, ADDR(user_port), 0),
		RETURN(1),
	};
	int fd = bound("0.0.0.0", 7000), rx = bound("127.0.0.2", 6000);
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char byte;

	attach_addr(BPF_CGROUP_UDP4_SENDMSG, move);
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 7));
	ASSERT_EQ(POLLIN, await(rx, POLLIN));
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, 0, sa(&sin), &len));
	EXPECT_STREQ("127.0.0.3:7000", show(0, &sin));
	detach(BPF_CGROUP_UDP4_SENDMSG);

	attach_addr(BPF_CGROUP_UDP4_SENDMSG, port_0);
	EXPECT_EQ(EINVAL, tag_to(fd, "127.0.0.2", 6000, 7));
	EXPECT_EQ(EAGAIN, silent(rx));
}

/* What a program sees of a send, as a table of what it compares */
TEST_F(cgroup, send_seen)
{
	const struct {
		int offset, value;
	} cases[] = {
		{ ADDR(user_family), AF_INET },
		{ ADDR(user_ip4), IP(127, 0, 0, 1) },
		{ ADDR(user_port), htons(5000) },
		{ ADDR(family), AF_INET },
		{ ADDR(type), SOCK_DGRAM },
		{ ADDR(protocol), variant->door.wire },
		{ ADDR(msg_src_ip4), IP(127, 0, 0, 6) },
	};
	int fd = bound("127.0.0.6", 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_insn same[] = {
			LOAD(2, 1, cases[i].offset),
			UNLESS(2, cases[i].value, 2),
			RETURN(1),
			RETURN(0),
		};

		attach_addr(BPF_CGROUP_UDP4_SENDMSG, same);
		EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 7))
			TH_LOG("case %d", i);
		EXPECT_EQ(i == 1 ? EPERM : 0,
			  tag_to(fd, "127.0.0.2", 5000, 7));
		detach(BPF_CGROUP_UDP4_SENDMSG);
	}
}

/* The reader is told another sender, if it asks who it was */
TEST_F(cgroup, recv_from)
{
	int calls = map(BPF_MAP_TYPE_ARRAY, 8, 1);
	struct bpf_insn move[] = {
		PUT(1, ADDR(user_ip4), IP(192, 0, 2, 1)),
		PUT(1, ADDR(user_port), htons(53)),
		CALLED(calls),
		RETURN(1),
	};
	int rx = bound("127.0.0.1", 5000), fd = bound("127.0.0.1", 6000), i;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char byte;

	attach_addr(BPF_CGROUP_UDP4_RECVMSG, move);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 7));
	settle();
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, MSG_PEEK, sa(&sin), &len));
	EXPECT_STREQ("192.0.2.1:53", show(0, &sin));
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, 0, sa(&sin), &len));
	EXPECT_STREQ("192.0.2.1:53", show(0, &sin));
	EXPECT_EQ(2, map_get(calls, 0));
	EXPECT_EQ(7, take_tag(rx));
	EXPECT_EQ(2, map_get(calls, 0));
	detach(BPF_CGROUP_UDP4_RECVMSG);
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, 0, sa(&sin), &len));
	EXPECT_STREQ("127.0.0.1:6000", show(0, &sin));
}

TEST_F(cgroup, names)
{
	struct bpf_insn move[] = {
		PUT(1, ADDR(user_ip4), IP(192, 0, 2, 1)),
		PUT(1, ADDR(user_port), htons(53)),
		RETURN(1),
	};
	int fd = joined(bound("127.0.0.1", 5000), "127.0.0.2", 6000);

	attach_addr(BPF_CGROUP_INET4_GETPEERNAME, move);
	EXPECT_STREQ("192.0.2.1:53", peer(fd));
	EXPECT_STREQ("127.0.0.1:5000", local(fd));
	EXPECT_STREQ("errno 107", peer(sock()));
	detach(BPF_CGROUP_INET4_GETPEERNAME);
	attach_addr(BPF_CGROUP_INET4_GETSOCKNAME, move);
	EXPECT_STREQ("192.0.2.1:53", local(fd));
	EXPECT_STREQ("192.0.2.1:53", local(sock()));
	EXPECT_STREQ("127.0.0.2:6000", peer(fd));
	detach(BPF_CGROUP_INET4_GETSOCKNAME);
	EXPECT_STREQ("127.0.0.1:5000", local(fd));
}

/* Silent for the sender, an error of the receiver */
TEST_F(cgroup, ingress)
{
	struct bpf_insn drop[] = { RETURN(0) };
	int rx = bound("127.0.0.1", 5000), tx = sock();
	const struct door *d = &variant->door;

	attach(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, drop);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	EXPECT_EQ(0, ready(rx, POLLIN));
	EXPECT_EQ(2, meminfo(rx, SK_MEMINFO_DROPS));
	EXPECT_EQ(2, counter(d, "InErrors"));
	EXPECT_EQ(0, counter(d, "InDatagrams"));
	EXPECT_EQ(0, counter(d, "RcvbufErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	EXPECT_EQ(2, counter(d, "OutDatagrams"));
	detach(BPF_CGROUP_INET_INGRESS);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 3));
	EXPECT_EQ(3, take_tag(rx));
}

TEST_F(cgroup, egress)
{
	struct bpf_insn drop[] = { RETURN(0) };
	int rx = bound("127.0.0.1", 5000), tx = sock(), fd;
	const struct door *d = &variant->door;

	fd = joined(sock(), "127.0.0.1", 5000);
	attach(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, drop);
	EXPECT_EQ(EPERM, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(EPERM, tag(fd, 1));
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
	detach(BPF_CGROUP_INET_EGRESS);
	EXPECT_EQ(0, tag(fd, 3));
	EXPECT_EQ(3, take_tag(rx));
	EXPECT_EQ(EAGAIN, silent(rx));
}

/* What programs see of a packet: the IP header first, the ports behind it */
TEST_F(cgroup, packets_seen)
{
	static const int places[] = { BPF_CGROUP_INET_EGRESS,
				      BPF_CGROUP_INET_INGRESS };
	int rx = bound("127.0.0.1", 5000), fd;
	unsigned int i;

	fd = bound("127.0.0.1", 6000);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bpf_insn compare[] = {
			/* skb_load_bytes(skb, 20, stack, 4): the ports */
			COPY(6, 1), SET(2, 20), COPY(3, 10), ADD(3, -4),
			SET(4, 4), CALL(BPF_FUNC_skb_load_bytes),
			LOAD(2, 10, -4),
			UNLESS(2, htonl(6000 << 16 | 5000), 4),
			LOAD(2, 6, offsetof(struct __sk_buff, len)),
			UNLESS(2, 20 + 8 + 1, 2),
			RETURN(1),
			RETURN(0),
		};

		attach(BPF_PROG_TYPE_CGROUP_SKB, places[i], compare);
		EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 7));
		EXPECT_EQ(7, take_tag(rx));
		EXPECT_EQ(i ? 0 : EPERM,
			  err_of(send_to(fd, "127.0.0.1", 5000, "12", 2)));
		EXPECT_EQ(EAGAIN, silent(rx));
		detach(places[i]);
	}
}

/* Of the context of programs for options */
#define OPT(field)	offsetof(struct bpf_sockopt, field)

TEST_F(cgroup, setsockopt)
{
	struct bpf_insn deny[] = {
		LOAD(2, 1, OPT(optname)), UNLESS(2, SO_PRIORITY, 2),
		RETURN(0),
		RETURN(1),
	};
	/* Done by the program, the kernel is not asked */
	struct bpf_insn take_over[] = {
		LOAD(2, 1, OPT(level)), UNLESS(2, 0xeeee, 1),
		PUT(1, OPT(optlen), -1),
		RETURN(1),
	};
	int fd = sock();

	attach(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, deny);
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_SOCKET, SO_PRIORITY, 3)));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_PRIORITY));
	EXPECT_EQ(0, err_of(set_int(fd, SOL_SOCKET, SO_MARK, 3)));
	detach(BPF_CGROUP_SETSOCKOPT);
	EXPECT_EQ(ENOPROTOOPT, err_of(set_int(fd, 0xeeee, 1, 1)));
	attach(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, take_over);
	EXPECT_EQ(0, err_of(set_int(fd, 0xeeee, 1, 1)));
}

TEST_F(cgroup, getsockopt)
{
	/* Another value than the kernel's */
	struct bpf_insn change[] = {
		COPY(6, 1),
		LOAD(2, 6, OPT(optname)), UNLESS(2, SO_PRIORITY, 6),
		LOAD64(2, 6, OPT(optval)), LOAD64(3, 6, OPT(optval_end)),
		COPY(4, 2), ADD(4, 4),
		INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 1, 0),
		PUT(2, 0, 42),
		RETURN(1),
	};
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = sock();

	attach(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, change);
	EXPECT_EQ(42, get_int(fd, SOL_SOCKET, SO_PRIORITY));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_MARK));
	detach(BPF_CGROUP_GETSOCKOPT);
	attach(BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, deny);
	EXPECT_EQ(-EPERM, get_int(fd, SOL_SOCKET, SO_PRIORITY));
	EXPECT_EQ(-EPERM, get_int(fd, IPPROTO_IP, IP_TTL));
}

TEST_HARNESS_MAIN
