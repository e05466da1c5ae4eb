// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is to be sent as it is: MSG_ZEROCOPY, see
 * Documentation/networking/msg_zerocopy.rst, io_uring(7), and the pages of
 * splice(2). Over lo all of it is copied but the last, and the program is told.
 */
#include "train.h"
#include <linux/errqueue.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

EUDP_BOTH_FIXTURE(zerocopy)

static int zerocopy(int fd, int on)
{
	return err_of(set_int(fd, SOL_SOCKET, SO_ZEROCOPY, on));
}

/* A receiver at port 7 of lo, and a sender to it that has the option */
static void __pair(struct __test_metadata *_metadata, const struct door *door,
		   int *rx, int *tx)
{
	*rx = __bound(_metadata, __sock(_metadata, door->family,
					door->protocol), door->lo, 7);
	*tx = __joined(_metadata, __sock(_metadata, door->family,
					 door->protocol), door->lo, 7);
	ASSERT_EQ(0, zerocopy(*tx, 1));
}

#define pair(rx, tx) __pair(_metadata, &variant->door, rx, tx)

/* A part of the pattern */
static int piece(int fd, int from, int len, int flags)
{
	ssize_t n = send(fd, pattern() + from, len, flags);

	return n < 0 ? errno : n == len ? 0 : -1;
}

/*
 * How many sends have been told to be over since the last time, all of them
 * copied, and the first of them @first; -1 if anything else has been told
 */
static int told(int fd, unsigned int first)
{
	struct sock_extended_err ee;
	char control[512];
	struct msghdr msg = { .msg_control = control };
	struct cmsghdr *c;
	unsigned int next = first;

	for (;;) {
		msg.msg_controllen = sizeof(control);
		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return errno == EAGAIN ? (int)(next - first) : -1;
		for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			memcpy(&ee, CMSG_DATA(c), sizeof(ee));
			if (ee.ee_errno || ee.ee_info != next ||
			    ee.ee_origin != SO_EE_ORIGIN_ZEROCOPY ||
			    ee.ee_code != SO_EE_CODE_ZEROCOPY_COPIED)
				return -1;
			next = ee.ee_data + 1;
		}
	}
}

TEST_F(zerocopy, option)
{
	static const struct {
		int value, len, err, got;
	} cases[] = {
		{ 1, 4, 0, 1 }, { 0, 4, 0, 0 }, { 1, 8, 0, 1 },
		{ 2, 4, EINVAL, 1 }, { -1, 4, EINVAL, 1 },
		{ 0, 3, EINVAL, 1 }, { 0, 0, EINVAL, 1 }, { 0, 4, 0, 0 },
	};
	int fd = sock();
	unsigned int i;

	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ZEROCOPY));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int value[2] = { cases[i].value };

		EXPECT_EQ(cases[i].err,
			  err_of(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, value,
					    cases[i].len)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].got, get_int(fd, SOL_SOCKET, SO_ZEROCOPY))
			TH_LOG("case %d", i);
	}
	EXPECT_EQ(EFAULT, err_of(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY,
					    (void *)1, 4)));
	/* the others of this level work as ever */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PRIORITY, 3));
	EXPECT_EQ(3, get_int(fd, SOL_SOCKET, SO_PRIORITY));
}

/* Each send with the flag has a number, and is told once. */
TEST_F(zerocopy, numbers)
{
	static const int lengths[] = { 1, 1400, 0, 4096, 20000, 60000, 65507 };
	static struct part p;
	unsigned int i;
	int rx, tx;

	pair(&rx, &tx);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(0, piece(tx, 0, lengths[i], MSG_ZEROCOPY));
		/* one without it does not count */
		ASSERT_EQ(0, piece(tx, 0, 1, 0));
		ASSERT_EQ(lengths[i], take_part(rx, &p));
		ASSERT_TRUE(is_pattern(p.data, 0, lengths[i]));
		ASSERT_EQ(1, take_part(rx, &p));
		EXPECT_EQ(POLLERR, ready(tx, 0));
		EXPECT_EQ(1, told(tx, i));
		EXPECT_EQ(0, ready(tx, 0));
	}
	/* those that are told at once are told together */
	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY));
	settle();
	EXPECT_EQ(5, told(tx, ARRAY_SIZE(lengths)));
}

/* Without the option, the flag is nothing. */
TEST_F(zerocopy, no_option)
{
	static struct part p;
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, zerocopy(tx, 0));
	ASSERT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY));
	ASSERT_EQ(100, take_part(rx, &p));
	settle();
	EXPECT_EQ(0, told(tx, 0));
}

/* What fails before it is taken has no number, what fails later has. */
TEST_F(zerocopy, errors)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	int rx, tx;

	ASSERT_NE(MAP_FAILED, hole);
	pair(&rx, &tx);
	EXPECT_EQ(EFAULT, err_of(send(tx, hole, 100, MSG_ZEROCOPY)));
	EXPECT_EQ(EMSGSIZE, piece(tx, 0, 65530, MSG_ZEROCOPY));
	settle();
	EXPECT_EQ(0, told(tx, 0));
	ASSERT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY));
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, 1));
	EXPECT_EQ(EINVAL, piece(tx, 0, 200, MSG_ZEROCOPY));
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, 50));
	ASSERT_EQ(0, piece(tx, 0, 200, MSG_ZEROCOPY));
	settle();
	EXPECT_EQ(3, told(tx, 0));
}

/* Parts have numbers too, but for those that are empty and not the first. */
TEST_F(zerocopy, parts)
{
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY | MSG_MORE));
	ASSERT_EQ(0, piece(tx, 100, 0, MSG_ZEROCOPY | MSG_MORE));
	ASSERT_EQ(0, piece(tx, 100, 5000, MSG_ZEROCOPY | MSG_MORE));
	ASSERT_EQ(0, piece(tx, 5100, 100, MSG_MORE));
	ASSERT_EQ(0, piece(tx, 5200, 100, MSG_ZEROCOPY));
	expect_parts(rx, 5300, 5300);
	EXPECT_EQ(3, told(tx, 0));

	ASSERT_EQ(0, piece(tx, 0, 0, MSG_ZEROCOPY | MSG_MORE));
	ASSERT_EQ(0, piece(tx, 0, 0, 0));
	settle();
	EXPECT_EQ(1, told(tx, 3));

	/* what is corked when it is closed is told to nobody */
	ASSERT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY | MSG_MORE));
}

/* There must be memory for what is to be told... */
TEST_F(zerocopy, option_memory)
{
	static struct part p;
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, write_file("/proc/sys/net/core/optmem_max", "1"));
	EXPECT_EQ(ENOBUFS, piece(tx, 0, 100, MSG_ZEROCOPY));
	EXPECT_EQ(0, piece(tx, 0, 100, 0));
	EXPECT_EQ(0, piece(tx, 100, 10, MSG_MORE));
	EXPECT_EQ(ENOBUFS, piece(tx, 110, 10, MSG_ZEROCOPY | MSG_MORE));
	/* and what was corked is gone */
	EXPECT_EQ(0, piece(tx, 0, 10, 0));
	EXPECT_EQ(100, take_part(rx, &p));
	EXPECT_EQ(10, take_part(rx, &p));
	EXPECT_TRUE(is_pattern(p.data, 0, 10));
	EXPECT_EQ(0, told(tx, 0));
}

/* ...and it must be allowed to lock what is sent. */
TEST_F(zerocopy, locked_memory)
{
	struct rlimit none = {};
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	EXPECT_EQ(0, piece(tx, 0, 100, MSG_ZEROCOPY));
	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(ENOBUFS, piece(tx, 0, 100, MSG_ZEROCOPY));
	/* the header counts, too */
	EXPECT_EQ(ENOBUFS, piece(tx, 0, 0, MSG_ZEROCOPY));
	EXPECT_EQ(0, piece(tx, 0, 100, 0));
	ASSERT_EQ(0, seteuid(0));
}

/* A file of the pattern, in memory */
static int __file(struct __test_metadata *_metadata, int len)
{
	int fd = memfd_create("pattern", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(len, write(fd, pattern(), len));
	return fd;
}

#define file(len) __file(_metadata, len)

/* The pages of a file are sent themselves: they can still change. */
TEST_F(zerocopy, pages)
{
	static const unsigned char changed[5000] = { 1, 2, 3 };
	int rx = bound(variant->door.lo, 7);
	int tx = joined(sock(), variant->door.lo, 7);
	int fd = file(sizeof(changed));
	static struct part p;
	off_t at = 0;

	ASSERT_EQ(5000, sendfile(tx, fd, &at, 5000));
	ASSERT_EQ(5000, pwrite(fd, changed, 5000, 0));
	ASSERT_EQ(5000, take_part(rx, &p));
	EXPECT_EQ(0, memcmp(changed, p.data, 5000));
}

/* Pages and pieces of memory make one datagram, or a train, in any order. */
TEST_F(zerocopy, mixed)
{
	int rx = bound(variant->door.lo, 7);
	int tx = joined(sock(), variant->door.lo, 7);
	int fd = file(40000), segment;
	off_t at;

	for (segment = 0; segment <= 1001; segment += 1001) {
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, segment));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
		at = 0;
		ASSERT_EQ(4097, sendfile(tx, fd, &at, 4097));
		ASSERT_EQ(0, piece(tx, at, 333, 0));
		at += 333;
		ASSERT_EQ(10001, sendfile(tx, fd, &at, 10001));
		ASSERT_EQ(1, sendfile(tx, fd, &at, 1));
		ASSERT_EQ(0, piece(tx, at, 5000, 0));
		at += 5000;
		ASSERT_EQ(3, sendfile(tx, fd, &at, 3));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
		expect_parts(rx, 19435, segment ?: 19435);
	}
}

/* What one skb has room for: MAX_SKB_FRAGS */
#define PIECES_MAX	17
#define PAGE		4096

/* @n bytes of a file, each from another page; the errno of the last */
static int bytes_of_pages(int tx, int fd, int n)
{
	int err = 0, i;
	off_t at;

	for (i = 0; i < n && !err; i++) {
		at = i * PAGE;
		err = err_of(sendfile(tx, fd, &at, 1));
	}
	return i == n ? err : -1;
}

/* They have come, and nothing else */
static void __expect_bytes(struct __test_metadata *_metadata, int rx, int n,
			   int segment)
{
	static struct part p;
	int i, at, got;

	for (at = 0; at < n; at += got) {
		got = take_part(rx, &p);
		ASSERT_EQ(segment && n - at > segment ? segment : n - at, got);
		for (i = 0; i < got; i++)
			ASSERT_EQ(byte_at((at + i) * PAGE), p.data[i]);
	}
	ASSERT_EQ(-EAGAIN, take_part_with(rx, &p, 1, 0));
}

#define expect_bytes(rx, n, segment) \
	__expect_bytes(_metadata, rx, n, segment)

/* A datagram, or a train, of more pages than that is refused, and is gone. */
TEST_F(zerocopy, many_pages)
{
	int rx = bound(variant->door.lo, 7);
	int tx = joined(sock(), variant->door.lo, 7);
	int fd = file(20 * PAGE), segment;

	for (segment = 0; segment <= 5; segment += 5) {
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, segment));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
		EXPECT_EQ(0, bytes_of_pages(tx, fd, PIECES_MAX));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
		expect_bytes(rx, PIECES_MAX, segment);

		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
		EXPECT_EQ(EMSGSIZE, bytes_of_pages(tx, fd, PIECES_MAX + 1));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
		EXPECT_EQ(EAGAIN, silent(rx));

		/* what is copied needs a page, too */
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 1));
		EXPECT_EQ(0, bytes_of_pages(tx, fd, PIECES_MAX));
		EXPECT_EQ(EMSGSIZE, piece(tx, 0, 1, 0));
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_CORK, 0));
		EXPECT_EQ(EAGAIN, silent(rx));
	}
}

/* One send of @n bytes, each from another page */
static int scattered(int tx, int n)
{
	struct iovec iov[PIECES_MAX + 1];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = n };
	int i;

	for (i = 0; i < n; i++)
		iov[i] = (struct iovec){ (char *)pattern() + i * PAGE, 1 };
	return err_of(sendmsg(tx, &msg, MSG_ZEROCOPY));
}

/* MSG_ZEROCOPY over lo has that limit in UDP, but what is copied has none. */
TEST_F(zerocopy, many_pieces)
{
	bool none = variant->door.wire == IPPROTO_EUDP;
	int rx, tx, segment;

	pair(&rx, &tx);
	for (segment = 0; segment <= 5; segment += 5) {
		ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, segment));
		EXPECT_EQ(0, scattered(tx, PIECES_MAX));
		expect_bytes(rx, PIECES_MAX, segment);
		EXPECT_EQ(none ? 0 : EMSGSIZE, scattered(tx, PIECES_MAX + 1));
		if (none)
			expect_bytes(rx, PIECES_MAX + 1, segment);
		EXPECT_EQ(EAGAIN, silent(rx));
	}
}

/* A ring of io_uring(7) with one entry */
struct ring {
	int fd;
	struct io_uring_params params;
	struct io_uring_sqe *sqe;
	char *sq, *cq;
};

static void __make_ring(struct __test_metadata *_metadata, struct ring *r)
{
	int rw = PROT_READ | PROT_WRITE;

	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 4, &r->params);
	ASSERT_LE(0, r->fd);
	r->sq = mmap(NULL, 4096, rw, MAP_SHARED | MAP_POPULATE, r->fd,
		     IORING_OFF_SQ_RING);
	r->cq = mmap(NULL, 4096, rw, MAP_SHARED | MAP_POPULATE, r->fd,
		     IORING_OFF_CQ_RING);
	r->sqe = mmap(NULL, 4096, rw, MAP_SHARED | MAP_POPULATE, r->fd,
		      IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, (void *)r->sq);
	ASSERT_NE(MAP_FAILED, (void *)r->cq);
	ASSERT_NE(MAP_FAILED, (void *)r->sqe);
}

static unsigned int *word(char *ring, __u32 offset)
{
	return (unsigned int *)(ring + offset);
}

/* Submits the one entry, and waits until @count completions are there. */
static int submit(struct ring *r, int count)
{
	unsigned int *tail = word(r->sq, r->params.sq_off.tail);

	word(r->sq, r->params.sq_off.array)[*tail & 3] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, r->fd, 1, count,
		       IORING_ENTER_GETEVENTS, NULL, 0);
}

static struct io_uring_cqe *completion(struct ring *r, int i)
{
	return (struct io_uring_cqe *)(r->cq + r->params.cq_off.cqes) + i;
}

/* io_uring has the same of its own: sent, and then that it was copied */
TEST_F(zerocopy, ring)
{
	int rx = bound(variant->door.lo, 7);
	int tx = joined(sock(), variant->door.lo, 7);
	struct io_uring_cqe *cqe;
	struct ring r;

	__make_ring(_metadata, &r);
	memset(r.sqe, 0, sizeof(*r.sqe));
	r.sqe->opcode = IORING_OP_SEND_ZC;
	r.sqe->ioprio = IORING_SEND_ZC_REPORT_USAGE;
	r.sqe->fd = tx;
	r.sqe->addr = (unsigned long)pattern();
	r.sqe->len = 5000;
	ASSERT_EQ(1, submit(&r, 2));
	cqe = completion(&r, 0);
	EXPECT_EQ(5000, cqe->res);
	EXPECT_EQ(IORING_CQE_F_MORE, cqe->flags);
	cqe = completion(&r, 1);
	EXPECT_EQ(IORING_NOTIF_USAGE_ZC_COPIED, (unsigned int)cqe->res);
	EXPECT_EQ(IORING_CQE_F_NOTIF, cqe->flags);
	expect_parts(rx, 5000, 5000);
	EXPECT_EQ(0, told(tx, 0));
}

TEST_HARNESS_MAIN
