// SPDX-License-Identifier: GPL-2.0
/* One call that receives many datagrams: UDP_GRO of udp(7) */
#include "train.h"
#include <linux/filter.h>

EUDP_BOTH_FIXTURE(gro)

static int gro(int fd, int on)
{
	return err_of(set_int(fd, IPPROTO_UDP, UDP_GRO, on));
}

/* A receiver at port 7 of lo that wants trains, and a sender to it */
static void __pair(struct __test_metadata *_metadata, const struct door *door,
		   int *rx, int *tx)
{
	*rx = __bound(_metadata, __sock(_metadata, door->family,
					door->protocol), door->lo, 7);
	*tx = __joined(_metadata, __sock(_metadata, door->family,
					 door->protocol), door->lo, 7);
	ASSERT_EQ(0, gro(*rx, 1));
}

#define pair(rx, tx) __pair(_metadata, &variant->door, rx, tx)

/* The option, as any of an int */
TEST_F(gro, option)
{
	static const struct {
		int value, len, err, got;
	} cases[] = {
		{ 1, 4, 0, 1 }, { 0, 4, 0, 0 }, { 7, 4, 0, 1 },
		{ 0, 8, 0, 0 }, { -1, 4, 0, 1 }, { 65536, 4, 0, 1 },
		{ 0, 3, EINVAL, 1 }, { 0, 0, EINVAL, 1 },
	};
	int fd = sock();
	unsigned int i;

	EXPECT_EQ(0, get_int(fd, IPPROTO_UDP, UDP_GRO));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int value[2] = { cases[i].value };

		EXPECT_EQ(cases[i].err,
			  err_of(setsockopt(fd, IPPROTO_UDP, UDP_GRO, value,
					    cases[i].len)))
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].got, get_int(fd, IPPROTO_UDP, UDP_GRO))
			TH_LOG("case %d", i);
	}
}

/*
 * Trains of all lengths arrive whole, and what is none as ever. (Those that do
 * not fit into 64 KiB with all headers are taken apart before the device.)
 */
TEST_F_TIMEOUT(gro, lengths, 300)
{
	static const struct {
		int len, segment, told;
	} cases[] = {
		{ 2, 1, 1 }, { 100, 99, 99 }, { 100, 100, -1 },
		{ 100, 101, -1 }, { 100, -1, -1 }, { 128, 1, 1 },
		{ 2801, 1400, 1400 }, { 4096, 512, 512 },
		{ 64000, 1000, 1000 }, { 65000, 1472, 1472 },
		{ 65000, 512, 512 }, { 65507, 0, -1 },
	};
	unsigned int i;
	int rx, tx;

	pair(&rx, &tx);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, send_train(tx, cases[i].len, cases[i].segment));
		expect_train(rx, cases[i].len, cases[i].told);
	}
}

/* The option counts when a train arrives, and for what is told of it also now */
TEST_F(gro, changed)
{
	static struct part p;
	int rx, tx, i;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 250, 100));
	settle();
	ASSERT_EQ(0, gro(rx, 0));
	ASSERT_EQ(0, send_train(tx, 250, 100));
	settle();
	EXPECT_EQ(250, take_part(rx, &p));
	EXPECT_EQ(-1, p.gro);
	ASSERT_EQ(0, gro(rx, 1));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(i < 2 ? 100 : 50, take_part(rx, &p));
		EXPECT_EQ(-1, p.gro);
	}
	EXPECT_EQ(-EAGAIN, take_part_with(rx, &p, 1, 0));
}

/* Reads of less than all of it */
TEST_F(gro, read)
{
	static struct part p;
	int rx, tx, n;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 1050, 100));
	settle();
	ASSERT_EQ(0, ioctl(rx, FIONREAD, &n));
	EXPECT_EQ(1050, n);
	EXPECT_EQ(1050, take_part_with(rx, &p, 2000, MSG_PEEK));
	EXPECT_EQ(100, p.gro);
	EXPECT_EQ(150, take_part_with(rx, &p, 150, MSG_PEEK));
	EXPECT_TRUE(p.flags & MSG_TRUNC);
	EXPECT_EQ(100, p.gro);
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_PEEK_OFF, 120));
	EXPECT_EQ(50, take_part_with(rx, &p, 50, MSG_PEEK));
	EXPECT_TRUE(is_pattern(p.data, 120, 50));
	EXPECT_EQ(880, take_part_with(rx, &p, 2000, MSG_PEEK));
	EXPECT_TRUE(is_pattern(p.data, 170, 880));
	EXPECT_EQ(1050, take_part_with(rx, &p, 90, MSG_TRUNC));
	EXPECT_TRUE(p.flags & MSG_TRUNC);
	EXPECT_TRUE(is_pattern(p.data, 0, 90));
	EXPECT_EQ(100, p.gro);
	EXPECT_EQ(-EAGAIN, take_part_with(rx, &p, 1, 0));
}

/* A train that is received whole counts as one, however it ends. */
TEST_F(gro, counters)
{
	const struct door *door = &variant->door;
	long in = counter(door, "InDatagrams"), errors, full;
	int rx, tx, i;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 1000, 100));
	expect_train(rx, 1000, 100);
	EXPECT_EQ(in + 1, counter(door, "InDatagrams"));

	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_RCVBUF, 1));
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, send_train(tx, 1000, -1));
	settle();
	errors = counter(door, "InErrors");
	full = counter(door, "RcvbufErrors");
	i = meminfo(rx, SK_MEMINFO_DROPS);
	ASSERT_LE(1, i);
	ASSERT_EQ(0, send_train(tx, 4550, 100));
	settle();
	EXPECT_EQ(errors + 1, counter(door, "InErrors"));
	EXPECT_EQ(full + 1, counter(door, "RcvbufErrors"));
	EXPECT_EQ(i + 1, meminfo(rx, SK_MEMINFO_DROPS));
}

/* A filter sees all of it at once, and may cut it off. */
TEST_F(gro, filter)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 8 + 350, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 8 + 250),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, setsockopt(rx, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	ASSERT_EQ(0, send_train(tx, 351, 100));
	ASSERT_EQ(0, send_train(tx, 350, 100));
	expect_train(rx, 250, 100);
}

/* Of a corked datagram, too */
TEST_F(gro, corked)
{
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, set_int(tx, IPPROTO_UDP, UDP_SEGMENT, 300));
	EXPECT_EQ(200, send(tx, pattern(), 200, MSG_MORE));
	EXPECT_EQ(9000, send(tx, pattern() + 200, 9000, 0));
	expect_train(rx, 9200, 300);
}

/* Those who share a port each have a will of their own. */
TEST_F(gro, group)
{
	int rx[4], tx, i;

	for (i = 0; i < 4; i++) {
		rx[i] = group_member(variant->door.lo, 7);
		ASSERT_EQ(0, gro(rx[i], i & 1));
	}
	for (i = 0; i < 16; i++) {
		tx = joined(sock(), variant->door.lo, 7);
		ASSERT_EQ(0, send_train(tx, 1000, 100));
		close(tx);
		settle();
		if (ready(rx[0], POLLIN))
			expect_parts(rx[0], 1000, 100);
		else if (ready(rx[2], POLLIN))
			expect_parts(rx[2], 1000, 100);
		else
			expect_train(rx[ready(rx[1], POLLIN) ? 1 : 3], 1000,
				     100);
	}
}

TEST_HARNESS_MAIN
