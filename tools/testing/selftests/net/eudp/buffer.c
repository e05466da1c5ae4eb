// SPDX-License-Identifier: GPL-2.0
/* How much a socket may hold: SO_RCVBUF and SO_SNDBUF of socket(7) */
#include "lib.h"

#define RMEM_ALLOC	SK_MEMINFO_RMEM_ALLOC
#define WMEM_ALLOC	SK_MEMINFO_WMEM_ALLOC
#define DROPS		SK_MEMINFO_DROPS

EUDP_FIXTURE(buffer)

/* Datagrams with their number in them until @n were sent */
static void __fill(struct __test_metadata *_metadata, int fd, int n, int len)
{
	char data[2000] = {};
	int i;

	for (i = 0; i < n; i++) {
		memcpy(data, &i, sizeof(i));
		ASSERT_EQ(len, send_to(fd, "127.0.0.1", 5000, data, len));
	}
	__settle(_metadata);
}

#define fill(fd, n, len) __fill(_metadata, fd, n, len)

/* How many are there, and they are the first ones, in order */
static int __drain(struct __test_metadata *_metadata, int fd, int len)
{
	int n = 0, got;
	char data[2000];

	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) == len) {
		memcpy(&got, data, sizeof(got));
		EXPECT_EQ(n, got);
		n++;
	}
	EXPECT_EQ(EAGAIN, errno);
	return n;
}

#define drain(fd, len) __drain(_metadata, fd, len)

/* Doubled, at least a minimum, at most [rw]mem_max: as of any socket */
TEST_F(buffer, options)
{
	static const int options[] = { SO_RCVBUF, SO_SNDBUF };
	static const int force[] = { SO_RCVBUFFORCE, SO_SNDBUFFORCE };
	static const int sizes[] = { 0, 1, 1000, 10000, 50000, 1 << 28, -1 };
	int plain = socket(AF_INET, SOCK_DGRAM, 0), fd = sock();
	unsigned int i, k;

	for (k = 0; k < 2; k++) {
		EXPECT_LT(0, get_int(fd, SOL_SOCKET, options[k]));
		EXPECT_EQ(get_int(plain, SOL_SOCKET, options[k]),
			  get_int(fd, SOL_SOCKET, options[k]));
		EXPECT_EQ(0, set_int(fd, SOL_SOCKET, options[k], 20000));
		EXPECT_EQ(40000, get_int(fd, SOL_SOCKET, options[k]));
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			EXPECT_EQ(0, set_int(plain, SOL_SOCKET, options[k],
					     sizes[i]));
			EXPECT_EQ(0, set_int(fd, SOL_SOCKET, options[k],
					     sizes[i]));
			EXPECT_EQ(get_int(plain, SOL_SOCKET, options[k]),
				  get_int(fd, SOL_SOCKET, options[k]))
				TH_LOG("%d", sizes[i]);
		}
		EXPECT_EQ(0, set_int(fd, SOL_SOCKET, force[k], 1 << 28));
		EXPECT_EQ(1 << 29, get_int(fd, SOL_SOCKET, options[k]));
	}
	EXPECT_EQ(1 << 29, meminfo(fd, SK_MEMINFO_RCVBUF));
	EXPECT_EQ(1 << 29, meminfo(fd, SK_MEMINFO_SNDBUF));
}

/*
 * What does not fit is dropped and counted, senders do not notice. Reading
 * makes room for as much again.
 */
TEST_F(buffer, overflow)
{
	const struct door *d = &variant->door;
	int fd = bound("127.0.0.1", 5000), tx = sock(), n, first = 0, round;
	int dropped = 0;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 20000));
	for (round = 0; round < 4; round++) {
		fill(tx, 500, 100);
		EXPECT_LT(0, meminfo(fd, RMEM_ALLOC));
		/* One more than fits at most */
		EXPECT_GT(2 * 40000, meminfo(fd, RMEM_ALLOC));
		n = drain(fd, 100);
		EXPECT_LT(1, n);
		/* No datagram costs less than its payload */
		EXPECT_GE(401, n);
		if (!round)
			first = n;
		EXPECT_EQ(first, n);
		EXPECT_EQ(0, meminfo(fd, RMEM_ALLOC));
		dropped += 500 - n;
		EXPECT_EQ(dropped, meminfo(fd, DROPS));
		EXPECT_EQ(dropped, counter(d, "RcvbufErrors"));
		EXPECT_EQ(dropped, counter(d, "InErrors"));
	}
	EXPECT_EQ(0, counter(d, "InCsumErrors"));
	EXPECT_EQ(4 * first, counter(d, "InDatagrams"));
	EXPECT_EQ(4 * 500, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
	EXPECT_EQ(0, counter(d, "SndbufErrors"));
}

/*
 * Reading makes room, if not at once (a quarter of the buffer may be given
 * back together), before the queue is empty
 */
TEST_F(buffer, room_while_reading)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i, k, n;
	char data[2000];
	int drops;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 40000));
	fill(tx, 200, 1000);
	drops = meminfo(fd, DROPS);
	EXPECT_LT(0, drops);
	n = 200 - drops;
	for (k = 0; k < 10; k++) {
		for (i = 0; i < n / 2; i++)
			EXPECT_EQ(1000, take(fd, data, sizeof(data)));
		fill(tx, n / 5, 1000);
		EXPECT_EQ(drops, meminfo(fd, DROPS));
		fill(tx, n, 1000);
		EXPECT_LT(drops, meminfo(fd, DROPS));
		drops = meminfo(fd, DROPS);
	}
	/* Looking at datagrams does not */
	for (i = 0; i < n; i++)
		EXPECT_EQ(1000, recv(fd, data, sizeof(data), MSG_PEEK));
	fill(tx, 10, 1000);
	EXPECT_EQ(drops + 10, meminfo(fd, DROPS));
}

/* Into an empty queue a datagram fits, however small the buffer */
TEST_F(buffer, one_always)
{
	static char data[60000];
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	EXPECT_GT(60000, get_int(fd, SOL_SOCKET, SO_RCVBUF));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(60000, send_to(tx, "127.0.0.1", 5000, data, 60000));
		settle();
		EXPECT_LT(60000, meminfo(fd, RMEM_ALLOC));
		/* But no second one */
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
		settle();
		EXPECT_EQ(i + 1, meminfo(fd, DROPS));
		EXPECT_EQ(60000, take(fd, data, sizeof(data)));
		EXPECT_EQ(EAGAIN, silent(fd));
		EXPECT_EQ(0, meminfo(fd, RMEM_ALLOC));
	}
	/* The limit is that of the moment */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 100000));
	fill(tx, 10, 100);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	fill(tx, 10, 100);
	EXPECT_EQ(10, drain(fd, 100));
	EXPECT_EQ(13, meminfo(fd, DROPS));
}

/* Memory of every size and way to end comes back to the socket */
TEST_F(buffer, memory_returned)
{
	static const int sizes[] = { 0, 1, 500, 5000, 20000, 65507 };
	static char data[65507];
	int fd = bound("127.0.0.1", 5000), tx = sock();
	unsigned int i, k;

	for (k = 0; k < 20; k++)
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			EXPECT_EQ(sizes[i], send_to(tx, "127.0.0.1", 5000,
						    data, sizes[i]));
			EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
			settle();
			EXPECT_LT(sizes[i], meminfo(fd, RMEM_ALLOC));
			if (k % 3 == 0)
				recv(fd, data, sizes[i], 0);
			else if (k % 3 == 1)
				recv(fd, data, sizes[i] / 2, 0);
			else
				recv(fd, NULL, 65507, 0);
			EXPECT_EQ(1, take_tag(fd));
			EXPECT_EQ(0, meminfo(fd, RMEM_ALLOC));
			EXPECT_EQ(0, meminfo(tx, WMEM_ALLOC));
		}
}

/*
 * A full send buffer: EAGAIN, or a wait with SO_SNDTIMEO; not writable. The
 * datagrams wait for an answer to ARP, and when it is there they are let go.
 */
TEST_F(buffer, send_full)
{
	struct timeval tv = { .tv_usec = 200000 };
	int fd = sock(), i, n = 0, size, err = 0;
	char data[500] = {};
	long long start;

	run("ip link add d0 type dummy");
	run("ip link set d0 arp on up");
	add_address("d0", "10.9.9.1", 24);
	/* One question a minute, and it takes three to give up */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/neigh/d0/retrans_time_ms",
				"60000"));
	joined(fd, "10.9.9.2", 5000);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	for (i = 0; i < 1000 && !err; i++) {
		err = err_of(send(fd, data, sizeof(data), MSG_DONTWAIT));
		n += !err;
	}
	ASSERT_EQ(EAGAIN, err);
	/* The last one that fits in part was taken in whole */
	EXPECT_LT(1, n);
	EXPECT_GE(20000 / (int)sizeof(data) + 1, n);
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &size));
	EXPECT_LE(20000, size);
	EXPECT_EQ(size, meminfo(fd, WMEM_ALLOC));
	EXPECT_EQ(0, ready(fd, POLLIN | POLLOUT));
	EXPECT_EQ(EAGAIN, err_of(sendto(fd, "", 0, MSG_DONTWAIT, NULL, 0)));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(EAGAIN, err_of(write(fd, "", 1)));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	start = now_ms();
	EXPECT_EQ(EAGAIN, tag(fd, 1));
	/* 200, but for the ticks that the kernel counts in */
	EXPECT_LE(190, now_ms() - start);

	/* Who has waited for room goes on when there is some */
	run("ip neigh replace 10.9.9.2 lladdr 2:0:0:0:0:2 dev d0");
	EXPECT_EQ(POLLOUT, await(fd, POLLOUT));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &size));
	EXPECT_EQ(0, size);
}

/* A socket that is closed with datagrams in both directions waits for none */
TEST_F(buffer, close_full)
{
	int fd = bound("0.0.0.0", 5000), i;

	run("ip link add d0 type dummy");
	run("ip link set d0 arp on up");
	add_address("d0", "10.9.9.1", 24);
	fill(fd, 100, 100);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, tag_to(fd, "10.9.9.2", 5000, 1));
	EXPECT_LT(0, meminfo(fd, WMEM_ALLOC));
	EXPECT_EQ(0, close(fd));
	fd = bound("127.0.0.1", 5000);
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(0, meminfo(fd, RMEM_ALLOC));
	run("ip neigh replace 10.9.9.2 lladdr 2:0:0:0:0:2 dev d0");
	run("ip link del d0");
}

TEST_HARNESS_MAIN
