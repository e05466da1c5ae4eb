// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs of a cgroup, which see and change what its sockets do:
 * Documentation/bpf/libbpf/program_types.rst, and bpf_sock_addr of linux/bpf.h
 */
#include "program.h"
#include "cgroup.h"

/* What no device here has */
#define SOMEBODY(d)	((d)->version == AF_INET6 ? "2001:db8::9" : "192.0.2.1")
#define NOBODY(d)	((d)->version == AF_INET6 ? NOWHERE6 : NOWHERE)

FIXTURE(cgroup) {
	struct cgroup c;
};

EUDP_VARIANTS(cgroup);
__EUDP6_VARIANTS(cgroup);
EUDP_INET_VARIANT(cgroup);
EUDP6_INET_VARIANT(cgroup);

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

/* BPF_CGROUP_INET4_BIND or BPF_CGROUP_INET6_BIND */
#define HOOK(kind, what) (variant->door.version == AF_INET6 ? \
	BPF_CGROUP_##kind##6_##what : BPF_CGROUP_##kind##4_##what)
/* Of addresses programs compare the last word alone, user_ip4 or user_ip6[3] */
#define WORD(of, field) (variant->door.version == AF_INET6 ? \
	of(field##6[3]) : of(field##4))

static int last_word(const char *ip)
{
	struct any_addr any = any_addr(ip, 0);

	return any.sa.sa_family == AF_INET6 ?
		any.sin6.sin6_addr.s6_addr32[3] : any.sin.sin_addr.s_addr;
}

/* A program that is put together as addresses need */
struct program {
	int n;
	struct bpf_insn code[24];
};

static void add(struct program *p, struct bpf_insn insn)
{
	p->code[p->n++] = insn;
}

static void put_address(struct program *p, const char *ip, int at4, int at6)
{
	struct any_addr any = any_addr(ip, 0);
	int i;

	if (any.sa.sa_family == AF_INET)
		add(p, PUT(1, at4, any.sin.sin_addr.s_addr));
	else
		for (i = 0; i < 4; i++)
			add(p, PUT(1, at6 + 4 * i,
				   any.sin6.sin6_addr.s6_addr32[i]));
}

/* Another address, port and address to send from; NULL, -1: as it is */
static struct program move_to(const char *ip, int port, const char *from)
{
	struct program p = {};

	if (ip)
		put_address(&p, ip, ADDR(user_ip4), ADDR(user_ip6));
	if (port >= 0)
		add(&p, PUT(1, ADDR(user_port), htons(port)));
	if (from)
		put_address(&p, from, ADDR(msg_src_ip4), ADDR(msg_src_ip6));
	return p;
}

/* connect(2) is to be from this address */
static struct program bind_first(const char *ip)
{
	struct any_addr from = any_addr(ip, 0);
	int i, *word = (int *)&from.sin6;
	struct program p = {};

	for (i = 0; i < 8; i++)
		add(&p, PUT(10, -32 + 4 * i,
			    i < from.len / 4 ? word[i] : 0));
	add(&p, COPY(2, 10));
	add(&p, ADD(2, -32));
	add(&p, SET(3, from.len));
	add(&p, CALL(BPF_FUNC_bind));
	add(&p, IF(0, 0, 2));
	add(&p, SET(0, 0));
	add(&p, EXIT);
	return p;
}

/* It says yes at its end */
static void __attach_program(struct __test_metadata *_metadata,
			     struct cgroup *c, int where, struct program p)
{
	add(&p, SET(0, 1));
	add(&p, EXIT);
	__attach(_metadata, c,
		 __load(_metadata, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, where,
			p.code, p.n), where);
}

#define attach_program(where, p) \
	__attach_program(_metadata, &self->c, where, p)

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
		LOAD(2, 1, SOCK(family)), UNLESS(2, variant->door.version, 8),
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
	close(bound(lo(1), 5000));
	EXPECT_EQ(2, map_get(calls, 0));
	close(joined(sock(), lo(1), 5000));
	EXPECT_EQ(3, map_get(calls, 0));
}

TEST_F(cgroup, bind_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = sock();

	attach_addr(HOOK(INET, BIND), deny);
	EXPECT_EQ(EPERM, err_of(bind_to(fd, lo(1), 5000)));
	EXPECT_STREQ(shown(variant->door.any, 0), local(fd));
	/* Who does not ask for a port gets one */
	EXPECT_EQ(0, tag_to(fd, lo(1), 9, 1));
	EXPECT_LT(0, port_of(fd));
	detach(HOOK(INET, BIND));
	EXPECT_EQ(0, err_of(bind_to(sock(), lo(1), 5000)));
}

TEST_F(cgroup, bind_elsewhere)
{
	struct program move = move_to(lo(2), 6000, NULL);
	struct program nowhere = move_to(NOBODY(&variant->door), -1, NULL);
	int fd;

	attach_program(HOOK(INET, BIND), move);
	fd = bound(lo(1), 5000);
	EXPECT_STREQ(shown(lo(2), 6000), local(fd));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(sock(), lo(1), 5001)));
	EXPECT_EQ(0, tag_to(sock(), lo(2), 6000, 7));
	EXPECT_EQ(7, take_tag(fd));
	detach(HOOK(INET, BIND));
	/* What it says is checked as what the caller says */
	attach_program(HOOK(INET, BIND), nowhere);
	EXPECT_EQ(EADDRNOTAVAIL, err_of(bind_to(sock(), lo(1), 5002)));
}

/* Too late to have a port, but it has to be free again */
TEST_F(cgroup, post_bind_denied)
{
	struct bpf_insn deny[] = {
		LOAD(2, 1, WORD(SOCK, src_ip)),
		UNLESS(2, last_word(lo(1)), 4),
		LOAD(2, 1, SOCK(src_port)),
		UNLESS(2, 5000, 2),
		RETURN(0),
		RETURN(1),
	};
	int fd = sock();

	attach(BPF_PROG_TYPE_CGROUP_SOCK, HOOK(INET, POST_BIND), deny);
	EXPECT_EQ(EPERM, err_of(bind_to(fd, lo(1), 5000)));
	EXPECT_STREQ(shown(variant->door.any, 0), local(fd));
	EXPECT_EQ(0, err_of(bind_to(fd, lo(1), 5001)));
	EXPECT_STREQ(shown(lo(1), 5001), local(fd));
	detach(HOOK(INET, POST_BIND));
	EXPECT_EQ(0, err_of(bind_to(sock(), lo(1), 5000)));
}

TEST_F(cgroup, connect_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = sock();

	attach_addr(HOOK(INET, CONNECT), deny);
	EXPECT_EQ(EPERM, err_of(connect_to(fd, lo(1), 5000)));
	EXPECT_STREQ("errno 107", peer(fd));
	EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
	EXPECT_EQ(0, tag_to(fd, lo(1), 5000, 1));
	/* To disconnect is not to connect */
	EXPECT_EQ(0, err_of(disconnect(fd)));
}

TEST_F(cgroup, connect_elsewhere)
{
	struct program move = move_to(lo(2), 6000, NULL);
	struct any_addr from = { .len = sizeof(from.sin6) };
	int fd = sock(), rx = bound(lo(2), 6000);

	attach_program(HOOK(INET, CONNECT), move);
	joined(fd, lo(1), 5000);
	EXPECT_STREQ(shown(lo(2), 6000), peer(fd));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(rx));
	ASSERT_EQ(0, getsockname(fd, &from.sa, &from.len));
	EXPECT_EQ(1, sendto(rx, "\10", 1, 0, &from.sa, from.len));
	EXPECT_EQ(8, take_tag(fd));
	detach(HOOK(INET, CONNECT));
	joined(fd, lo(1), 5000);
	EXPECT_STREQ(shown(lo(1), 5000), peer(fd));
}

/* A program of connect may choose the address that is connected from */
TEST_F(cgroup, connect_from)
{
	struct program bind = bind_first(lo(5));
	int fd = sock(), rx = bound(lo(1), 5000);

	attach_program(HOOK(INET, CONNECT), bind);
	joined(fd, lo(1), 5000);
	EXPECT_STREQ(shown(lo(5), port_of(fd)), local(fd));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_STREQ(local(fd), take_sender(rx));
}

TEST_F(cgroup, send_denied)
{
	struct bpf_insn deny[] = { RETURN(0) };
	int fd = joined(sock(), lo(1), 5000);
	int rx = bound(lo(1), 5000);

	attach_addr(HOOK(UDP, SENDMSG), deny);
	EXPECT_EQ(EPERM, tag_to(sock(), lo(1), 5000, 1));
	/* Whoever gives an address is asked, and only they */
	EXPECT_EQ(EPERM, tag_to(fd, lo(1), 5000, 1));
	EXPECT_EQ(0, counter(&variant->door, "OutDatagrams"));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(rx));
	EXPECT_EQ(EAGAIN, silent(rx));
	EXPECT_EQ(1, counter(&variant->door, "OutDatagrams"));
}

TEST_F(cgroup, send_elsewhere)
{
	struct program move = move_to(lo(2), 6000, lo(3));
	struct program port_0 = move_to(NULL, 0, NULL);
	int fd = bound(variant->door.any, 7000), rx = bound(lo(2), 6000);

	attach_program(HOOK(UDP, SENDMSG), move);
	EXPECT_EQ(0, tag_to(fd, lo(1), 5000, 7));
	EXPECT_STREQ(shown(lo(3), 7000), take_sender(rx));
	detach(HOOK(UDP, SENDMSG));

	attach_program(HOOK(UDP, SENDMSG), port_0);
	EXPECT_EQ(EINVAL, tag_to(fd, lo(2), 6000, 7));
	EXPECT_EQ(EAGAIN, silent(rx));
}

/* What a program sees of a send, as a table of what it compares */
TEST_F(cgroup, send_seen)
{
	const struct {
		int offset, value;
	} cases[] = {
		{ ADDR(user_family), variant->door.version },
		{ WORD(ADDR, user_ip), last_word(lo(1)) },
		{ ADDR(user_port), htons(5000) },
		{ ADDR(family), variant->door.version },
		{ ADDR(type), SOCK_DGRAM },
		{ ADDR(protocol), variant->door.wire },
		{ WORD(ADDR, msg_src_ip), last_word(lo(6)) },
	};
	int fd = bound(lo(6), 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bpf_insn same[] = {
			LOAD(2, 1, cases[i].offset),
			UNLESS(2, cases[i].value, 2),
			RETURN(1),
			RETURN(0),
		};

		attach_addr(HOOK(UDP, SENDMSG), same);
		EXPECT_EQ(0, tag_to(fd, lo(1), 5000, 7))
			TH_LOG("case %d", i);
		EXPECT_EQ(i == 1 ? EPERM : 0,
			  tag_to(fd, lo(2), 5000, 7));
		detach(HOOK(UDP, SENDMSG));
	}
}

/* The reader is told another sender, if it asks who it was */
TEST_F(cgroup, recv_from)
{
	const char *somebody = SOMEBODY(&variant->door);
	int calls = map(BPF_MAP_TYPE_ARRAY, 8, 1);
	struct bpf_insn counted[] = { CALLED(calls) };
	struct program move = move_to(somebody, 53, NULL);
	int rx = bound(lo(1), 5000), fd = bound(lo(1), 6000), i;
	struct any_addr from = { .len = sizeof(from.sin6) };
	char byte;

	for (i = 0; i < ARRAY_SIZE(counted); i++)
		add(&move, counted[i]);
	attach_program(HOOK(UDP, RECVMSG), move);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, tag_to(fd, lo(1), 5000, 7));
	settle();
	EXPECT_EQ(1, recvfrom(rx, &byte, 1, MSG_PEEK, &from.sa, &from.len));
	EXPECT_STREQ(shown(somebody, 53), show_any(0, &from));
	EXPECT_STREQ(shown(somebody, 53), take_sender(rx));
	EXPECT_EQ(2, map_get(calls, 0));
	EXPECT_EQ(7, take_tag(rx));
	EXPECT_EQ(2, map_get(calls, 0));
	detach(HOOK(UDP, RECVMSG));
	EXPECT_STREQ(shown(lo(1), 6000), take_sender(rx));
}

TEST_F(cgroup, names)
{
	const char *somebody = SOMEBODY(&variant->door);
	struct program move = move_to(somebody, 53, NULL);
	int fd = joined(bound(lo(1), 5000), lo(2), 6000);

	attach_program(HOOK(INET, GETPEERNAME), move);
	EXPECT_STREQ(shown(somebody, 53), peer(fd));
	EXPECT_STREQ(shown(lo(1), 5000), local(fd));
	EXPECT_STREQ("errno 107", peer(sock()));
	detach(HOOK(INET, GETPEERNAME));
	attach_program(HOOK(INET, GETSOCKNAME), move);
	EXPECT_STREQ(shown(somebody, 53), local(fd));
	EXPECT_STREQ(shown(somebody, 53), local(sock()));
	EXPECT_STREQ(shown(lo(2), 6000), peer(fd));
	detach(HOOK(INET, GETSOCKNAME));
	EXPECT_STREQ(shown(lo(1), 5000), local(fd));
}

/* Silent for the sender, an error of the receiver */
TEST_F(cgroup, ingress)
{
	struct bpf_insn drop[] = { RETURN(0) };
	int rx = bound(lo(1), 5000), tx = sock();
	const struct door *d = &variant->door;

	attach(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, drop);
	EXPECT_EQ(0, tag_to(tx, lo(1), 5000, 1));
	EXPECT_EQ(0, tag_to(tx, lo(1), 5000, 1));
	settle();
	EXPECT_EQ(0, ready(rx, POLLIN));
	EXPECT_EQ(2, meminfo(rx, SK_MEMINFO_DROPS));
	EXPECT_EQ(2, counter(d, "InErrors"));
	EXPECT_EQ(0, counter(d, "InDatagrams"));
	EXPECT_EQ(0, counter(d, "RcvbufErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	EXPECT_EQ(2, counter(d, "OutDatagrams"));
	detach(BPF_CGROUP_INET_INGRESS);
	EXPECT_EQ(0, tag_to(tx, lo(1), 5000, 3));
	EXPECT_EQ(3, take_tag(rx));
}

TEST_F(cgroup, egress)
{
	struct bpf_insn drop[] = { RETURN(0) };
	int rx = bound(lo(1), 5000), tx = sock(), fd;
	const struct door *d = &variant->door;

	fd = joined(sock(), lo(1), 5000);
	attach(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, drop);
	EXPECT_EQ(EPERM, tag_to(tx, lo(1), 5000, 1));
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
	int rx = bound(lo(1), 5000), fd = bound(lo(1), 6000);
	int len = variant->door.version == AF_INET6 ? 40 : 20;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct bpf_insn compare[] = {
			/* skb_load_bytes(skb, len, stack, 4): the ports */
			COPY(6, 1), SET(2, len), COPY(3, 10), ADD(3, -4),
			SET(4, 4), CALL(BPF_FUNC_skb_load_bytes),
			LOAD(2, 10, -4),
			UNLESS(2, htonl(6000 << 16 | 5000), 4),
			LOAD(2, 6, offsetof(struct __sk_buff, len)),
			UNLESS(2, len + 8 + 1, 2),
			RETURN(1),
			RETURN(0),
		};

		attach(BPF_PROG_TYPE_CGROUP_SKB, places[i], compare);
		EXPECT_EQ(0, tag_to(fd, lo(1), 5000, 7));
		EXPECT_EQ(7, take_tag(rx));
		EXPECT_EQ(i ? 0 : EPERM,
			  err_of(send_to(fd, lo(1), 5000, "12", 2)));
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

/* Which programs see what a socket of IPv6 does with addresses of IPv4 */
FIXTURE(cgroup_dual) {
	struct cgroup c;
};

EUDP6_VARIANTS(cgroup_dual);
EUDP6_INET_VARIANT(cgroup_dual);

FIXTURE_SETUP(cgroup_dual)
{
	enter_namespace(_metadata);
	make_cgroup(&self->c);
	ASSERT_EQ(0, enter_cgroup(&self->c));
}

FIXTURE_TEARDOWN_PARENT(cgroup_dual)
{
	EXPECT_EQ(0, drop_cgroup(&self->c));
}

/* Programs that count: each has a number, and its letter if it has been run */
static const struct {
	int where;
	char letter;
} counting[] = {
	{ BPF_CGROUP_INET4_BIND, 'b' },
	{ BPF_CGROUP_INET6_BIND, 'B' },
	{ BPF_CGROUP_INET4_CONNECT, 'c' },
	{ BPF_CGROUP_INET6_CONNECT, 'C' },
	{ BPF_CGROUP_UDP4_SENDMSG, 's' },
	{ BPF_CGROUP_UDP6_SENDMSG, 'S' },
	{ BPF_CGROUP_UDP4_RECVMSG, 'r' },
	{ BPF_CGROUP_UDP6_RECVMSG, 'R' },
	{ BPF_CGROUP_INET4_GETPEERNAME, 'p' },
	{ BPF_CGROUP_INET6_GETPEERNAME, 'P' },
	{ BPF_CGROUP_INET4_GETSOCKNAME, 'n' },
	{ BPF_CGROUP_INET6_GETSOCKNAME, 'N' },
};

/* Letters of those that have run since we asked last; small ones are IPv4's */
static const char *have_run(int calls)
{
	static char text[4][16];
	static unsigned int turn;
	char *s = text[turn++ % 4];
	unsigned int i, n = 0;
	long zero = 0;

	memset(s, 0, sizeof(text[0]));
	for (i = 0; i < ARRAY_SIZE(counting); i++) {
		if (map_get(calls, i))
			s[n++] = counting[i].letter;
		map_set(calls, i, &zero);
	}
	return s;
}

TEST_F(cgroup_dual, programs)
{
	int calls = map(BPF_MAP_TYPE_ARRAY, 8, ARRAY_SIZE(counting));
	int fd = sock(), rx6 = bound("::1", 9), rx4 = bound4("127.0.0.1", 9);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counting); i++) {
		struct bpf_insn count[] = {
			ENTRY(calls, i), IF(0, 0, 2), SET(1, 1), COUNT(0, 1),
			RETURN(1),
		};

		attach_addr(counting[i].where, count);
	}
	EXPECT_EQ(0, bind_to(fd, "::ffff:127.0.0.1", 5000));
	EXPECT_STREQ("B", have_run(calls));
	EXPECT_STREQ("[::ffff:127.0.0.1]:5000", local(fd));
	EXPECT_STREQ("N", have_run(calls));
	EXPECT_EQ(0, tag_to(fd, "::ffff:127.0.0.1", 9, 1));
	EXPECT_STREQ("s", have_run(calls));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 9, 1));
	EXPECT_STREQ("s", have_run(calls));
	EXPECT_EQ(0, tag_to(rx4, "127.0.0.1", 5000, 1));
	EXPECT_STREQ("s", have_run(calls));
	EXPECT_STREQ("[::ffff:127.0.0.1]:9", take_sender(fd));
	EXPECT_STREQ("R", have_run(calls));
	EXPECT_STREQ("127.0.0.1:5000", take_sender(rx4));
	EXPECT_STREQ("r", have_run(calls));
	/* connect() asks by the family of the address that it is given */
	joined(fd, "::ffff:127.0.0.1", 9);
	EXPECT_STREQ("C", have_run(calls));
	joined(fd, "127.0.0.1", 9);
	EXPECT_STREQ("c", have_run(calls));
	EXPECT_STREQ("[::ffff:127.0.0.1]:9", peer(fd));
	EXPECT_STREQ("P", have_run(calls));
	/* It sends as if it had been given the peer's address again */
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_STREQ("s", have_run(calls));
	/* And with addresses of IPv6 */
	fd = sock();
	EXPECT_EQ(0, tag_to(fd, "::1", 9, 1));
	EXPECT_STREQ("S", have_run(calls));
	EXPECT_STREQ(shown("::1", port_of(fd)), take_sender(rx6));
	EXPECT_STREQ("RN", have_run(calls));
	joined(fd, "::1", 9);
	EXPECT_STREQ("C", have_run(calls));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_STREQ("", have_run(calls));
}

/* A program moves a datagram within its family alone, a peer to the other */
TEST_F(cgroup_dual, elsewhere)
{
	struct program move = move_to("::ffff:127.0.0.1", 6000, NULL);
	int fd = sock(), rx4 = bound4("127.0.0.1", 6000);

	attach_program(BPF_CGROUP_UDP6_SENDMSG, move);
	EXPECT_EQ(524, tag_to(fd, "::1", 5000, 1));
	EXPECT_EQ(EAGAIN, silent(rx4));
	detach(BPF_CGROUP_UDP6_SENDMSG);
	fd = sock();
	attach_program(BPF_CGROUP_INET6_CONNECT, move);
	joined(fd, "::1", 5000);
	EXPECT_STREQ("[::ffff:127.0.0.1]:6000", peer(fd));
	EXPECT_EQ(0, tag(fd, 7));
	EXPECT_EQ(7, take_tag(rx4));
}

TEST_HARNESS_MAIN
