// SPDX-License-Identifier: GPL-2.0
/*
 * What sock_diag(7) tells of sockets, and SOCK_DESTROY.
 *
 * eudp_diag.ko is beside eudp.ko, whose path EUDP_MODULE is. It is loaded
 * first, and unloaded in the end, as eudp could not be unloaded before it.
 */
#include "lib.h"
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DEVICE	"dummy0"
/* Of the states of TCP, as bits: a socket that is not connected, or is */
#define CLOSE	0x80
#define ESTABLISHED 0x02
#define ALL	(CLOSE | ESTABLISHED)
#define EXT(attribute) (1 << ((attribute) - 1))

FIXTURE(diag) {
	int nl;
};

EUDP_VARIANTS(diag);
__EUDP6_VARIANTS(diag);

/* One of IPv6 that talks IPv4 */
FIXTURE(mapped) {
	int nl;
};

EUDP6_VARIANTS(mapped);

#define LOADED	"/sys/module/eudp_diag"

static int load_eudp_diag(void)
{
	if (!access(LOADED, F_OK) || built_in())
		return 0;
	return system("modprobe -q inet_diag;"
		      "exec insmod ${EUDP_MODULE%/*}/eudp_diag.ko");
}

/* The processes that run the tests end by _exit(), so this is done once. */
static void __attribute__((destructor)) unload_eudp_diag(void)
{
	if (!access(LOADED, F_OK) && system("rmmod eudp_diag"))
		perror("rmmod");
}

static int __begin(struct __test_metadata *_metadata)
{
	int nl;

	ASSERT_EQ(0, load_eudp_diag());
	enter_namespace(_metadata);
	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	ASSERT_LE(0, nl);
	return nl;
}

FIXTURE_SETUP(diag) { self->nl = __begin(_metadata); }
FIXTURE_SETUP(mapped) { self->nl = __begin(_metadata); }
FIXTURE_TEARDOWN(diag) { close(self->nl); }
FIXTURE_TEARDOWN(mapped) { close(self->nl); }

/* A question, with a filter or none */
struct question {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
	struct nlattr attr;
	char filter[64];
};

static struct question question(const struct door *d, int type, int states)
{
	return (struct question) {
		.nlh = {
			.nlmsg_len = NLMSG_LENGTH(sizeof(struct
						  inet_diag_req_v2)),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.req = {
			.sdiag_family = d->version,
			.sdiag_protocol = d->wire,
			.idiag_states = states,
		},
	};
}

/* An end of a socket, in a question or an answer */
static void put_end(__be32 *to, __be16 *port, const char *ip, int number)
{
	struct any_addr any = any_addr(ip, number);

	memset(to, 0, 16);
	if (any.sa.sa_family == AF_INET6)
		memcpy(to, &any.sin6.sin6_addr, 16);
	else
		memcpy(to, &any.sin.sin_addr, 4);
	*port = htons(number);
}

static const char *end_of(const struct inet_diag_msg *m, const __be32 *from,
			  __be16 port)
{
	struct any_addr any = {};

	any.sa.sa_family = m->idiag_family;
	any.sin.sin_port = port;
	if (m->idiag_family == AF_INET6)
		memcpy(&any.sin6.sin6_addr, from, 16);
	else
		memcpy(&any.sin.sin_addr, from, 4);
	return show_any(0, &any);
}

static const char *src(const struct inet_diag_msg *m)
{
	return end_of(m, m->id.idiag_src, m->id.idiag_sport);
}

static const char *dst(const struct inet_diag_msg *m)
{
	return end_of(m, m->id.idiag_dst, m->id.idiag_dport);
}

#define ANSWERS_MAX 1024

/* What came: the answers, with the attributes of the last; 0 or an errno */
static struct {
	int n;
	int err;
	struct inet_diag_msg msg[ANSWERS_MAX];
	int len[INET_DIAG_MAX + 1];	/* of an attribute, -1 if not there */
	char data[INET_DIAG_MAX + 1][256];
} got;

static void take_attributes(const struct nlmsghdr *nlh)
{
	int at = NLMSG_LENGTH(sizeof(struct inet_diag_msg));
	const struct nlattr *nla;

	memset(got.len, -1, sizeof(got.len));
	for (; at + (int)sizeof(*nla) <= (int)nlh->nlmsg_len;
	     at += NLA_ALIGN(nla->nla_len)) {
		nla = (const void *)nlh + at;
		if (nla->nla_type > INET_DIAG_MAX)
			continue;
		got.len[nla->nla_type] = nla->nla_len - NLA_HDRLEN;
		memcpy(got.data[nla->nla_type], nla + 1,
		       nla->nla_len - NLA_HDRLEN);
	}
}

/* Whether it is the last one */
static int take_answer(const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type == NLMSG_DONE)
		return 1;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		got.err = -((struct nlmsgerr *)NLMSG_DATA(nlh))->error;
		return 1;
	}
	if (got.n < ANSWERS_MAX)
		got.msg[got.n++] = *(struct inet_diag_msg *)NLMSG_DATA(nlh);
	take_attributes(nlh);
	return !(nlh->nlmsg_flags & NLM_F_MULTI);
}

/* Asks, and takes nothing yet */
static void __put_question(struct __test_metadata *_metadata, int nl,
			   const struct question *q)
{
	memset(&got, 0, sizeof(got));
	ASSERT_EQ(q->nlh.nlmsg_len, send(nl, q, q->nlh.nlmsg_len, 0));
}

/* One packet of answers, of @size bytes at most; whether it was the last one */
static int __take_answers(struct __test_metadata *_metadata, int nl, int size)
{
	static char buf[65536];
	struct nlmsghdr *nlh;
	int len, last = 0;

	len = take(nl, buf, size);
	ASSERT_LT(0, len);
	for (nlh = (void *)buf; !last && NLMSG_OK(nlh, len);
	     nlh = NLMSG_NEXT(nlh, len))
		last = take_answer(nlh);
	return last;
}

static void __ask(struct __test_metadata *_metadata, int nl, struct question *q)
{
	__put_question(_metadata, nl, q);
	while (!__take_answers(_metadata, nl, 65536))
		;
}

#define ask(q)		__ask(_metadata, self->nl, q)
#define ask_for(type, states) question(&variant->door, type, states)

/* How many sockets a dump has */
static int __dump(struct __test_metadata *_metadata, int nl, struct question q)
{
	q.nlh.nlmsg_flags |= NLM_F_DUMP;
	__ask(_metadata, nl, &q);
	return got.err ? -got.err : got.n;
}

#define dump(q)		__dump(_metadata, self->nl, q)
#define dump_all()	dump(ask_for(SOCK_DIAG_BY_FAMILY, ALL))

static unsigned long long cookie_of(int fd)
{
	unsigned long long cookie = 0;
	socklen_t len = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len);
	return cookie;
}

static unsigned long long cookie_in(const struct inet_diag_msg *m)
{
	return m->id.idiag_cookie[0] |
	       (unsigned long long)m->id.idiag_cookie[1] << 32;
}

static unsigned int inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

TEST_F(diag, bound)
{
	const struct inet_diag_msg *m = got.msg;
	int fd = sock();

	EXPECT_EQ(0, dump_all());
	ASSERT_EQ(0, set_device(fd, "lo"));
	ASSERT_EQ(0, bind_to(fd, variant->door.lo, 5000));
	ASSERT_EQ(1, dump_all());
	EXPECT_EQ(variant->door.version, m->idiag_family);
	EXPECT_EQ(7, m->idiag_state);
	EXPECT_EQ(0, m->idiag_timer);
	EXPECT_EQ(0, m->idiag_retrans);
	EXPECT_EQ(0, m->idiag_expires);
	EXPECT_STREQ(local(fd), src(m));
	EXPECT_STREQ(show_any(0, &(struct any_addr) {
			.sa.sa_family = variant->door.version }), dst(m));
	EXPECT_EQ(if_nametoindex("lo"), m->id.idiag_if);
	EXPECT_EQ(cookie_of(fd), cookie_in(m));
	EXPECT_EQ(inode_of(fd), m->idiag_inode);
	EXPECT_EQ(0, m->idiag_uid);
	EXPECT_EQ(0, m->idiag_rqueue);
	EXPECT_EQ(0, m->idiag_wqueue);
	close(fd);
	EXPECT_EQ(0, dump_all());
}

TEST_F(diag, connected)
{
	int fd = bound(variant->door.lo, 5000), tx = sock();
	const struct inet_diag_msg *m = got.msg;

	joined(tx, variant->door.lo, 5000);
	ASSERT_EQ(1, dump(ask_for(SOCK_DIAG_BY_FAMILY, ESTABLISHED)));
	EXPECT_EQ(1, m->idiag_state);
	EXPECT_STREQ(local(tx), src(m));
	EXPECT_STREQ(local(fd), dst(m));

	ASSERT_EQ(0, tag(tx, 'a'));
	EXPECT_EQ(POLLIN, await(fd, POLLIN));
	ASSERT_EQ(1, dump(ask_for(SOCK_DIAG_BY_FAMILY, CLOSE)));
	EXPECT_STREQ(local(fd), src(m));
	EXPECT_EQ(meminfo(fd, SK_MEMINFO_RMEM_ALLOC), m->idiag_rqueue);
	EXPECT_LT(0, m->idiag_rqueue);
	EXPECT_EQ(2, dump_all());

	ASSERT_EQ(0, disconnect(tx));
	EXPECT_EQ(0, dump(ask_for(SOCK_DIAG_BY_FAMILY, ESTABLISHED)));
	close(tx);
	close(fd);
}

TEST_F(diag, owner)
{
	int fd;

	ASSERT_EQ(0, seteuid(1234));
	fd = bound(variant->door.lo, 5000);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(1, dump_all());
	EXPECT_EQ(1234, got.msg[0].idiag_uid);
	close(fd);
}

TEST_F(diag, other_namespace)
{
	int fd = bound(variant->door.lo, 5000);

	EXPECT_EQ(1, dump_all());
	enter_namespace(_metadata);
	close(self->nl);
	self->nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	EXPECT_EQ(0, dump_all());
	close(fd);
}

TEST_F(diag, ports_asked_for)
{
	static const struct {
		int sport, dport, n;
	} row[] = {
		{ 0, 0, 3 }, { 5000, 0, 1 }, { 5001, 0, 1 }, { 5003, 0, 0 },
		{ 0, 5000, 1 }, { 0, 5001, 1 }, { 0, 5003, 0 },
		{ 5001, 5000, 1 }, { 5002, 5001, 1 }, { 5001, 5001, 0 },
	};
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	int fd[3];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = bound(variant->door.lo, 5000 + i);
		if (i)
			joined(fd[i], variant->door.lo, 5000 + i - 1);
	}
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		q.req.id.idiag_sport = htons(row[i].sport);
		q.req.id.idiag_dport = htons(row[i].dport);
		EXPECT_EQ(row[i].n, dump(q))
			TH_LOG("%d to %d", row[i].sport, row[i].dport);
	}
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

/* As many as are asked for: none but those, and no state is none */
TEST_F(diag, states_asked_for)
{
	int fd = bound(variant->door.lo, 5000);

	EXPECT_EQ(0, dump(ask_for(SOCK_DIAG_BY_FAMILY, 0)));
	EXPECT_EQ(0, dump(ask_for(SOCK_DIAG_BY_FAMILY, ~CLOSE)));
	EXPECT_EQ(1, dump(ask_for(SOCK_DIAG_BY_FAMILY, -1)));
	EXPECT_EQ(7, got.msg[0].idiag_state);
	close(fd);
}

TEST_F(diag, other_version)
{
	int version = variant->door.version == AF_INET ? AF_INET6 : AF_INET;
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	int fd = bound(variant->door.lo, 5000);

	q.req.sdiag_family = version;
	EXPECT_EQ(0, dump(q));
	q.req.sdiag_family = AF_UNSPEC;
	EXPECT_EQ(-ENOENT, dump(q));
	close(fd);
}

/* Programs of INET_DIAG_REQ_BYTECODE; what is not true goes to the end + 4 */
static struct question filtered(struct question q, const void *filter, int len)
{
	q.attr.nla_type = INET_DIAG_REQ_BYTECODE;
	q.attr.nla_len = NLA_HDRLEN + len;
	memcpy(q.filter, filter, len);
	q.nlh.nlmsg_len += NLA_ALIGN(q.attr.nla_len);
	return q;
}

/* Of ports 5000 to 5002, the second and third connected to the one before */
TEST_F(diag, port_filters)
{
	static const struct {
		int code, port, n;
	} row[] = {
		{ INET_DIAG_BC_S_EQ, 5001, 1 }, { INET_DIAG_BC_S_EQ, 5003, 0 },
		{ INET_DIAG_BC_S_GE, 5001, 2 }, { INET_DIAG_BC_S_LE, 5000, 1 },
		{ INET_DIAG_BC_D_EQ, 5001, 1 }, { INET_DIAG_BC_D_EQ, 0, 1 },
		{ INET_DIAG_BC_D_GE, 5000, 2 }, { INET_DIAG_BC_D_LE, 5000, 2 },
	};
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	struct inet_diag_bc_op op[2] = {};
	int fd[3];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		fd[i] = bound(variant->door.lo, 5000 + i);
		if (i)
			joined(fd[i], variant->door.lo, 5000 + i - 1);
	}
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		op[0].code = row[i].code;
		op[0].yes = sizeof(op);
		op[0].no = sizeof(op) + 4;
		op[1].no = row[i].port;
		EXPECT_EQ(row[i].n, dump(filtered(q, op, sizeof(op))))
			TH_LOG("operation %d, port %d", row[i].code,
			       row[i].port);
	}
	op[0].yes = 3;
	EXPECT_EQ(-EINVAL, dump(filtered(q, op, sizeof(op))));
	for (i = 0; i < ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

static int matches(struct __test_metadata *_metadata, int nl,
		   const struct door *d, int code, const char *ip, int bits,
		   int port)
{
	struct {
		struct inet_diag_bc_op op;
		struct inet_diag_hostcond host;
		__be32 addr[4];
	} filter = { .op.code = code };
	int len = sizeof(filter);
	__be16 unused;

	filter.host.family = d->version;
	filter.host.prefix_len = bits;
	filter.host.port = port;
	put_end(filter.addr, &unused, ip, 0);
	if (d->version == AF_INET)
		len -= 12;
	filter.op.yes = len;
	filter.op.no = len + 4;
	return __dump(_metadata, nl,
		      filtered(question(d, SOCK_DIAG_BY_FAMILY, ALL), &filter,
			       len));
}

TEST_F(diag, address_filters)
{
	int fd = bound(variant->door.lo, 5000);
	int tx = joined(bound(variant->door.any, 5001), variant->door.lo, 5000);
	int full = variant->door.version == AF_INET ? 32 : 128;
	const char *other = full == 32 ? "127.0.0.2" : "::2";

#define MATCHES(...) matches(_metadata, self->nl, &variant->door, __VA_ARGS__)
	EXPECT_EQ(2, MATCHES(INET_DIAG_BC_S_COND, variant->door.lo, full, -1));
	EXPECT_EQ(1, MATCHES(INET_DIAG_BC_S_COND, variant->door.lo, full,
			     5000));
	EXPECT_EQ(0, MATCHES(INET_DIAG_BC_S_COND, other, full, -1));
	EXPECT_EQ(2, MATCHES(INET_DIAG_BC_S_COND, other, full - 2, -1));
	EXPECT_EQ(1, MATCHES(INET_DIAG_BC_D_COND, variant->door.lo, full, -1));
	EXPECT_EQ(1, MATCHES(INET_DIAG_BC_D_COND, variant->door.lo, full,
			     5000));
	EXPECT_EQ(0, MATCHES(INET_DIAG_BC_D_COND, variant->door.lo, full,
			     5001));
	close(tx);
	close(fd);
}

TEST_F(diag, other_filters)
{
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	struct inet_diag_bc_op op[3] = {};
	int fd, autobound = sock();

	run("ip link add " DEVICE " type dummy");
	fd = sock();
	ASSERT_EQ(0, set_device(fd, DEVICE));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 0x12));
	ASSERT_EQ(0, bind_to(fd, variant->door.any, 5000));
	joined(autobound, variant->door.lo, 5000);

	op[0] = (struct inet_diag_bc_op) { INET_DIAG_BC_DEV_COND, 8, 12 };
	memcpy(&op[1], &(int) { if_nametoindex(DEVICE) }, 4);
	ASSERT_EQ(1, dump(filtered(q, op, 8)));
	EXPECT_EQ(cookie_of(fd), cookie_in(got.msg));

	op[0] = (struct inet_diag_bc_op) { INET_DIAG_BC_AUTO, 4, 8 };
	ASSERT_EQ(1, dump(filtered(q, op, 4)));
	EXPECT_EQ(cookie_of(autobound), cookie_in(got.msg));

	op[0] = (struct inet_diag_bc_op) { INET_DIAG_BC_MARK_COND, 12, 16 };
	memcpy(&op[1], &(struct inet_diag_markcond) { 0x10, 0xf0 }, 8);
	ASSERT_EQ(1, dump(filtered(q, op, 12)));
	EXPECT_EQ(cookie_of(fd), cookie_in(got.msg));
	close(autobound);
	close(fd);
}

TEST_F(diag, attributes)
{
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	unsigned int *mem = (void *)got.data[INET_DIAG_SKMEMINFO];
	struct inet_diag_meminfo *old = (void *)got.data[INET_DIAG_MEMINFO];
	struct inet_diag_sockopt *opt = (void *)got.data[INET_DIAG_SOCKOPT];
	int fd = bound(variant->door.lo, 5000), i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_MARK, 7));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_RECVERR, 1));
	ASSERT_EQ(0, set_int(fd, SOL_IP, IP_TOS, 0x10));
	ASSERT_EQ(ENOTCONN, err_of(shutdown(fd, SHUT_RD)));
	ASSERT_EQ(0, tag_to(fd, variant->door.lo, 5000, 'a'));

	ASSERT_EQ(1, dump(q));
	EXPECT_EQ(1, got.len[INET_DIAG_SHUTDOWN]);
	EXPECT_EQ(1, got.data[INET_DIAG_SHUTDOWN][0]);
	EXPECT_EQ(4, got.len[INET_DIAG_MARK]);
	EXPECT_EQ(7, got.data[INET_DIAG_MARK][0]);
	EXPECT_EQ(8, got.len[INET_DIAG_CGROUP_ID]);
	EXPECT_EQ(sizeof(*opt), got.len[INET_DIAG_SOCKOPT]);
	EXPECT_TRUE(opt->recverr && opt->mc_loop && !opt->is_icsk);
	EXPECT_EQ(-1, got.len[INET_DIAG_MEMINFO]);
	EXPECT_EQ(-1, got.len[INET_DIAG_SKMEMINFO]);
	EXPECT_EQ(-1, got.len[INET_DIAG_INFO]);
	EXPECT_EQ(-1, got.len[INET_DIAG_TOS]);
	EXPECT_EQ(-1, got.len[INET_DIAG_CLASS_ID]);

	q.req.idiag_ext = 0xff;
	ASSERT_EQ(1, dump(q));
	EXPECT_EQ(1, got.len[INET_DIAG_TOS]);
	EXPECT_EQ(0x10, got.data[INET_DIAG_TOS][0]);
	EXPECT_EQ(4, got.len[INET_DIAG_CLASS_ID]);
	EXPECT_EQ(-1, got.len[INET_DIAG_INFO]);
	EXPECT_EQ(sizeof(*old), got.len[INET_DIAG_MEMINFO]);
	EXPECT_EQ(meminfo(fd, SK_MEMINFO_RMEM_ALLOC), old->idiag_rmem);
	EXPECT_EQ(meminfo(fd, SK_MEMINFO_WMEM_ALLOC), old->idiag_tmem);
	EXPECT_EQ(4 * SK_MEMINFO_VARS, got.len[INET_DIAG_SKMEMINFO]);
	EXPECT_LT(0, mem[SK_MEMINFO_RMEM_ALLOC]);
	for (i = 0; i < SK_MEMINFO_VARS; i++)
		EXPECT_EQ(meminfo(fd, i), mem[i]);
	close(fd);
}

/* Each once, also those of one port, which is more than a message holds */
TEST_F(diag, many)
{
	static unsigned long long cookies[300];
	int fd[ARRAY_SIZE(cookies)], i, j, once = 0;

	for (i = 0; i < (int)ARRAY_SIZE(fd); i++) {
		fd[i] = share(sock());
		__bound(_metadata, fd[i], variant->door.lo,
			i % 2 ? 7000 : 10000 + i);
		cookies[i] = cookie_of(fd[i]);
	}
	ASSERT_EQ(ARRAY_SIZE(fd), dump_all());
	for (i = 0; i < got.n; i++) {
		for (j = 0; j < got.n; j++)
			if (cookies[j] == cookie_in(&got.msg[i]))
				break;
		once += j < got.n;
		if (j < got.n)
			cookies[j] = 0;
	}
	EXPECT_EQ(ARRAY_SIZE(fd), once);
	for (i = 0; i < (int)ARRAY_SIZE(fd); i++)
		close(fd[i]);
}

/* None is missed because others, whose turn it was, are closed meanwhile. */
TEST_F(diag, closed_meanwhile)
{
	struct question q = ask_for(SOCK_DIAG_BY_FAMILY, ALL);
	int fds[2][150], i, n = 0;

	for (i = 0; i < (int)ARRAY_SIZE(fds[0]); i++) {
		fds[0][i] = shared(variant->door.lo, 7000);
		fds[1][i] = shared(variant->door.lo, 7001);
	}
	q.nlh.nlmsg_flags |= NLM_F_DUMP;
	__put_question(_metadata, self->nl, &q);
	/* Each packet is as long as what the first one was read with */
	EXPECT_EQ(0, __take_answers(_metadata, self->nl, 4096));
	for (i = 0; i < (int)ARRAY_SIZE(fds[0]); i++)
		close(fds[0][i]);
	while (!__take_answers(_metadata, self->nl, 65536))
		;
	for (i = 0; i < got.n; i++)
		n += got.msg[i].id.idiag_sport == htons(7001);
	EXPECT_EQ(ARRAY_SIZE(fds[1]), n);
	for (i = 0; i < (int)ARRAY_SIZE(fds[1]); i++)
		close(fds[1][i]);
}

/*
 * A question for one socket: a peer's end, a local end, a cookie or none.
 * SOCK_DIAG_BY_FAMILY takes the two ends the other way round.
 */
static struct question exact(const struct door *d, int type, const char *peer,
			     int peer_port, const char *ip, int port,
			     unsigned long long cookie)
{
	struct question q = question(d, type, ALL);
	struct inet_diag_sockid *id = &q.req.id;

	if (type == SOCK_DESTROY) {
		q.nlh.nlmsg_flags |= NLM_F_ACK;
		put_end(id->idiag_src, &id->idiag_sport, ip, port);
		put_end(id->idiag_dst, &id->idiag_dport, peer, peer_port);
	} else {
		put_end(id->idiag_dst, &id->idiag_dport, ip, port);
		put_end(id->idiag_src, &id->idiag_sport, peer, peer_port);
	}
	id->idiag_cookie[0] = cookie;
	id->idiag_cookie[1] = cookie >> 32;
	return q;
}

#define NO_COOKIE ~0ULL
#define EXACT(...) ({ \
	struct question __q = exact(&variant->door, __VA_ARGS__); \
	ask(&__q); \
	got.err; })
#define ONE(...) EXACT(SOCK_DIAG_BY_FAMILY, __VA_ARGS__)
#define DESTROY(...) EXACT(SOCK_DESTROY, __VA_ARGS__)

TEST_F(diag, one)
{
	const char *lo = variant->door.lo, *any = variant->door.any;
	int fd = bound(lo, 5000);
	int tx = joined(bound(any, 5001), lo, 5000);
	unsigned long long cookie = cookie_of(tx);

	EXPECT_EQ(0, ONE(lo, 5000, lo, 5001, NO_COOKIE));
	ASSERT_EQ(1, got.n);
	EXPECT_EQ(cookie, cookie_in(got.msg));
	EXPECT_EQ(1, got.msg[0].idiag_state);
	EXPECT_EQ(1, got.len[INET_DIAG_SHUTDOWN]);
	EXPECT_EQ(0, ONE(lo, 5000, lo, 5001, cookie));
	EXPECT_EQ(1, got.n);
	EXPECT_EQ(ESTALE, ONE(lo, 5000, lo, 5001, cookie + 1));
	EXPECT_EQ(ESTALE, ONE(lo, 5000, lo, 5001, cookie + (1ULL << 32)));
	EXPECT_EQ(ENOENT, ONE(lo, 5002, lo, 5001, NO_COOKIE));
	EXPECT_EQ(ENOENT, ONE(lo, 5000, lo, 5002, NO_COOKIE));

	/* one that is bound takes from any peer, as in a lookup */
	EXPECT_EQ(0, ONE(any, 0, lo, 5000, NO_COOKIE));
	ASSERT_EQ(1, got.n);
	EXPECT_EQ(cookie_of(fd), cookie_in(got.msg));
	EXPECT_EQ(ENOENT, ONE(any, 0, any, 5000, NO_COOKIE));
	close(tx);
	close(fd);
}

/* There is room for all attributes */
TEST_F(diag, one_with_all)
{
	struct question q = exact(&variant->door, SOCK_DIAG_BY_FAMILY,
				  variant->door.any, 0, variant->door.lo, 5000,
				  NO_COOKIE);
	int fd = bound(variant->door.lo, 5000);

	q.req.idiag_ext = 0xff;
	ask(&q);
	EXPECT_EQ(0, got.err);
	ASSERT_EQ(1, got.n);
	EXPECT_EQ(4 * SK_MEMINFO_VARS, got.len[INET_DIAG_SKMEMINFO]);
	EXPECT_EQ(sizeof(struct inet_diag_meminfo), got.len[INET_DIAG_MEMINFO]);
	close(fd);
}

TEST_F(diag, one_by_device)
{
	const char *lo = variant->door.lo;
	struct question q = exact(&variant->door, SOCK_DIAG_BY_FAMILY,
				  variant->door.any, 0, lo, 5000, NO_COOKIE);
	int fd = sock();

	ASSERT_EQ(0, set_device(fd, "lo"));
	ASSERT_EQ(0, bind_to(fd, lo, 5000));
	ask(&q);
	EXPECT_EQ(ENOENT, got.err);
	q.req.id.idiag_if = if_nametoindex("lo");
	ask(&q);
	EXPECT_EQ(0, got.err);
	EXPECT_EQ(1, got.n);
	close(fd);
}

TEST_F(diag, destroy_bound)
{
	const char *lo = variant->door.lo, *any = variant->door.any;
	int fd = bound(lo, 5000), tx = sock();
	char byte;

	EXPECT_EQ(0, DESTROY(any, 0, lo, 5000, cookie_of(fd)));
	EXPECT_EQ(POLLERR, await(fd, POLLIN));
	EXPECT_EQ(ECONNABORTED, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));

	/* it is what it was */
	EXPECT_EQ(5000, port_of(fd));
	EXPECT_EQ(0, tag_to(tx, lo, 5000, 'a'));
	EXPECT_EQ('a', take_tag(fd));
	close(tx);
	close(fd);
}

TEST_F(diag, destroy_connected)
{
	const char *lo = variant->door.lo;
	int fd = bound(lo, 5000), tx = joined(sock(), lo, 5000);
	int port = port_of(tx);

	ASSERT_EQ(0, tag_to(fd, lo, port, 'a'));
	EXPECT_EQ(0, DESTROY(lo, 5000, lo, port, NO_COOKIE));
	EXPECT_EQ(ECONNABORTED, get_int(tx, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, get_int(tx, SOL_SOCKET, SO_ERROR));
	/* what has come is still there, the peer and the port are not */
	EXPECT_EQ('a', take_tag(tx));
	EXPECT_STREQ("errno 107", peer(tx));
	EXPECT_EQ(0, port_of(tx));
	EXPECT_EQ(1, dump_all());
	EXPECT_EQ(EDESTADDRREQ, tag(tx, 'b'));
	joined(tx, lo, 5000);
	EXPECT_EQ(0, tag(tx, 'b'));
	EXPECT_EQ('b', take_tag(fd));
	close(tx);
	close(fd);
}

/* As when it is disconnected, the device is forgotten */
TEST_F(diag, destroy_bound_and_connected)
{
	const char *lo = variant->door.lo;
	struct question q = exact(&variant->door, SOCK_DESTROY, lo, 5000, lo,
				  5001, NO_COOKIE);
	int fd = sock();

	ASSERT_EQ(0, set_device(fd, "lo"));
	ASSERT_EQ(0, bind_to(fd, lo, 5001));
	joined(fd, lo, 5000);
	ask(&q);
	EXPECT_EQ(ENOENT, got.err);
	q.req.id.idiag_if = if_nametoindex("lo");
	ask(&q);
	EXPECT_EQ(0, got.err);
	EXPECT_EQ(5001, port_of(fd));
	ASSERT_EQ(1, dump_all());
	EXPECT_EQ(7, got.msg[0].idiag_state);
	EXPECT_EQ(0, got.msg[0].id.idiag_if);
	EXPECT_EQ(0, got.msg[0].id.idiag_dport);
	EXPECT_EQ(ECONNABORTED, get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
}

/* SOCK_DESTROY finds it by the addresses of either family */
TEST_F(mapped, destroy)
{
	const char *lo = "::ffff:127.0.0.1", *any = "::ffff:0.0.0.0";
	int fd = bound(lo, 5000);
	struct question q;

	ASSERT_EQ(1, dump_all());
	EXPECT_STREQ(local(fd), src(got.msg));
	EXPECT_EQ(0, ONE("::", 0, lo, 5000, NO_COOKIE));
	EXPECT_EQ(0, DESTROY(any, 0, lo, 5000, cookie_of(fd)));
	EXPECT_EQ(ECONNABORTED, get_int(fd, SOL_SOCKET, SO_ERROR));
	q = exact(&variant->door, SOCK_DESTROY, "0.0.0.0", 0, "127.0.0.1", 5000,
		  cookie_of(fd));
	q.req.sdiag_family = AF_INET;
	ask(&q);
	EXPECT_EQ(0, got.err);
	EXPECT_EQ(ECONNABORTED, get_int(fd, SOL_SOCKET, SO_ERROR));
	joined(fd, lo, 5001);
	EXPECT_EQ(ENOENT, DESTROY(lo, 5002, lo, 5000, NO_COOKIE));
	EXPECT_EQ(0, DESTROY(lo, 5001, lo, 5000, NO_COOKIE));
	EXPECT_EQ(ECONNABORTED, get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
}

TEST_F(diag, destroy_finds_none)
{
	const char *lo = variant->door.lo, *any = variant->door.any;
	int fd = bound(lo, 5000);

	EXPECT_EQ(ENOENT, DESTROY(any, 0, lo, 5001, NO_COOKIE));
	EXPECT_EQ(ENOENT, DESTROY(any, 0, lo, 5000, cookie_of(fd) + 1));
	/* here the ends are not the other way round */
	EXPECT_EQ(ENOENT, DESTROY(lo, 5000, any, 0, NO_COOKIE));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	close(fd);
}

/* Who has not CAP_NET_ADMIN learns whether it is there */
TEST_F(diag, destroy_without_permission)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	const char *lo = variant->door.lo, *any = variant->door.any;
	struct __user_cap_data_struct caps[2];
	unsigned int all;
	int fd = bound(lo, 5000);

	ASSERT_EQ(0, syscall(SYS_capget, &header, caps));
	all = caps[0].effective;
	caps[0].effective &= ~(1 << CAP_NET_ADMIN);
	ASSERT_EQ(0, syscall(SYS_capset, &header, caps));
	EXPECT_EQ(EPERM, DESTROY(any, 0, lo, 5000, NO_COOKIE));
	EXPECT_EQ(ENOENT, DESTROY(any, 0, lo, 5001, NO_COOKIE));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	/* and is not told the mark */
	EXPECT_EQ(1, dump_all());
	EXPECT_EQ(-1, got.len[INET_DIAG_MARK]);
	caps[0].effective = all;
	ASSERT_EQ(0, syscall(SYS_capset, &header, caps));
	close(fd);
}

static void *wait_for_data(void *arg)
{
	char byte;

	return (void *)(long)err_of(recv(*(int *)arg, &byte, 1, 0));
}

TEST_F(diag, destroy_wakes)
{
	int fd = bound(variant->door.lo, 5000);
	pthread_t thread;
	void *err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_data, &fd));
	ASSERT_TRUE(await_wait(getpid(), "wait_for_more"));
	EXPECT_EQ(0, DESTROY(variant->door.any, 0, variant->door.lo, 5000,
			     NO_COOKIE));
	ASSERT_EQ(0, pthread_join(thread, &err));
	EXPECT_EQ(ECONNABORTED, (long)err);
	close(fd);
}

/* While sockets come, change and go */
static void *churn(void *arg)
{
	const struct door *d = arg;
	int i, fd;

	for (i = 0; i < 200; i++) {
		fd = socket(d->family, SOCK_DGRAM, d->protocol);
		bind_to(fd, d->lo, 8000 + i % 4);
		connect_to(fd, d->lo, 8004);
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(diag, destroy_races_with_close, 120)
{
	const char *lo = variant->door.lo;
	pthread_t thread;
	int i, err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, churn,
				    (void *)&variant->door));
	for (i = 0; pthread_tryjoin_np(thread, NULL); i++) {
		err = DESTROY(lo, 8004, lo, 8000 + i % 4, NO_COOKIE);
		EXPECT_TRUE(!err || err == ENOENT);
		EXPECT_LE(0, dump_all());
	}
	EXPECT_EQ(0, dump_all());
}

TEST_HARNESS_MAIN
