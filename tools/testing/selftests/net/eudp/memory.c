// SPDX-License-Identifier: GPL-2.0
/*
 * How much memory all sockets together may hold: udp_mem, udp_rmem_min and
 * udp_wmem_min of ip-sysctl.rst, and the memory controller of cgroup-v2.rst.
 */
#include "cgroup.h"
#include <linux/filter.h>
#include <sys/sysinfo.h>

#define RMEM_ALLOC	SK_MEMINFO_RMEM_ALLOC
#define DROPS		SK_MEMINFO_DROPS
#define PAGE		4096L
#define BIG		60000

EUDP_FIXTURE(memory)

/*
 * The limits are of the first namespace, and so are these tests. They leave
 * the knobs as they were.
 */
FIXTURE(limits) {
	char mem[96], rmem_min[96], wmem_min[96];
	long errors, in_errors, rcvbuf_errors;
};

EUDP_VARIANTS(limits);

/* Of a knob: "mem", "rmem_min" or "wmem_min" */
static const char *path_of(const struct door *d, const char *knob)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s%s", d->sysctl, knob);
	return path;
}

/* One line, as the kernel writes it */
static const char *__get(struct __test_metadata *_metadata,
			 const struct door *d, const char *knob)
{
	static char text[4][96];
	static unsigned int turn;
	char *s = text[turn++ % 4];
	FILE *f = fopen(path_of(d, knob), "r");

	ASSERT_NE(NULL, f)
		TH_LOG("no %s", path_of(d, knob));
	ASSERT_NE(NULL, fgets(s, sizeof(text[0]), f));
	fclose(f);
	s[strcspn(s, "\n")] = 0;
	return s;
}

#define get(knob) __get(_metadata, &variant->door, knob)

static void __set(struct __test_metadata *_metadata, const struct door *d,
		  const char *knob, const char *text)
{
	ASSERT_EQ(0, write_file(path_of(d, knob), text))
		TH_LOG("%s: %s", path_of(d, knob), text);
}

#define set(knob, text) __set(_metadata, &variant->door, knob, text)

static void __set_mem(struct __test_metadata *_metadata,
		      const struct door *d, long low, long middle, long high)
{
	char text[96];

	snprintf(text, sizeof(text), "%ld %ld %ld", low, middle, high);
	__set(_metadata, d, "mem", text);
}

#define set_mem(low, middle, high) \
	__set_mem(_metadata, &variant->door, low, middle, high)

/* The memory column of /proc/net/protocols: pages of all namespaces */
static long pages(const struct door *d)
{
	char line[512], name[32];
	FILE *f = fopen("/proc/thread-self/net/protocols", "r");
	long n, found = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %*d %*d %ld", name, &n) == 2 &&
		    !strcmp(name, d->proto))
			found = n;
	if (f)
		fclose(f);
	return found;
}

/*
 * How far that column may be from the truth: each processor keeps as much as
 * net.core.mem_pcpu_rsv to itself, and takes no less than 256 for that
 */
static long slack(void)
{
	return 256L * get_nprocs();
}

/*
 * Soon nobody of any namespace has memory, as far as the column can tell; a
 * closed socket gives it back a little later
 */
static int all_back(const struct door *d)
{
	long long end = now_ms() + SOON_MS;

	while (pages(d) > slack()) {
		if (now_ms() > end)
			return 0;
		sched_yield();
	}
	return 1;
}

FIXTURE_SETUP(limits)
{
	const struct door *d = &variant->door;

	prepare_to_settle(_metadata);
	/* What the test before has closed */
	ASSERT_TRUE(all_back(d));
	snprintf(self->mem, 96, "%s", get("mem"));
	snprintf(self->rmem_min, 96, "%s", get("rmem_min"));
	snprintf(self->wmem_min, 96, "%s", get("wmem_min"));
	self->errors = counter(d, "MemErrors");
	self->in_errors = counter(d, "InErrors");
	self->rcvbuf_errors = counter(d, "RcvbufErrors");
}

/* By the parent: a test may be broken off */
FIXTURE_TEARDOWN_PARENT(limits)
{
	enter_first_namespace();
	set("mem", self->mem);
	set("rmem_min", self->rmem_min);
	set("wmem_min", self->wmem_min);
}

/* A socket that may hold as much as all sockets together */
static int __roomy(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 29));
	return fd;
}

#define roomy(port)	__roomy(_metadata, bound("127.0.0.1", port))

static void __flood(struct __test_metadata *_metadata, int tx, int port,
		    int n, int len)
{
	static char data[BIG];

	while (n--)
		ASSERT_EQ(len, send_to(tx, "127.0.0.1", port, data, len));
	__settle(_metadata);
}

#define flood(tx, port, n, len) __flood(_metadata, tx, port, n, len)

/* Sends large datagrams until their socket holds @n pages */
static void __hold(struct __test_metadata *_metadata, int fd, int tx, long n)
{
	while (__meminfo(_metadata, fd, RMEM_ALLOC) < n * PAGE) {
		ASSERT_EQ(0, __meminfo(_metadata, fd, DROPS));
		__flood(_metadata, tx, port_of(fd), 10, BIG);
	}
}

#define hold(fd, tx, n)	__hold(_metadata, fd, tx, n)

/* Reads all that there is; how many there were */
static int drain(int fd)
{
	static char data[BIG];
	int n = 0;

	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) >= 0)
		n++;
	return n;
}

/* By how much it has grown since the test began */
#define mem_errors()	(counter(&variant->door, "MemErrors") - self->errors)

/* An eighth of the memory, three quarters of it, and twice that */
TEST_F(limits, defaults)
{
	long low, middle, high, eighth;
	struct sysinfo info;
	int n;

	ASSERT_EQ(0, sysinfo(&info));
	eighth = info.totalram * info.mem_unit / PAGE / 8;
	n = sscanf(get("mem"), "%ld\t%ld\t%ld", &low, &middle, &high);
	ASSERT_EQ(3, n);
	EXPECT_EQ(middle / 4 * 3, low);
	EXPECT_EQ(low * 2, high);
	EXPECT_GT(eighth * 105 / 100, middle);
	EXPECT_LT(eighth * 85 / 100, middle);
	EXPECT_STREQ("4096", get("rmem_min"));
	EXPECT_STREQ("4096", get("wmem_min"));
}

/* What may be written, and what stands there then; "" if it is as it was */
TEST_F(limits, values)
{
	static const struct {
		const char *knob, *text;
		int ret;
		const char *now;
	} cases[] = {
		{ "mem", "7 8 9", 0, "7\t8\t9" },
		{ "mem", "abc", -EINVAL, "" },
		{ "mem", "-1 2 3", -EINVAL, "" },
		{ "mem", "1x 2 3", -EINVAL, "" },
		{ "mem", "99999999999999999999999", -EINVAL, "" },
		{ "mem", "1", 0, "1\t8\t9" },
		{ "mem", "3 2", 0, "3\t2\t9" },
		{ "mem", "4 5 6 7", 0, "4\t5\t6" },
		{ "mem", "0 0 0", 0, "0\t0\t0" },
		{ "rmem_min", "5", 0, "5" },
		{ "rmem_min", "abc", -EINVAL, "" },
		{ "rmem_min", "0", -EINVAL, "" },
		{ "rmem_min", "-1", -EINVAL, "" },
		{ "rmem_min", "2147483648", -EINVAL, "" },
		{ "rmem_min", "2147483647", 0, "2147483647" },
		{ "rmem_min", "1", 0, "1" },
		{ "rmem_min", "6 7", 0, "6" },
		{ "wmem_min", "abc", -EINVAL, "" },
		{ "wmem_min", "0", -EINVAL, "" },
		{ "wmem_min", "2147483648", -EINVAL, "" },
		{ "wmem_min", "2147483647", 0, "2147483647" },
		{ "wmem_min", "1", 0, "1" },
	};
	unsigned int i;
	char before[96];

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		snprintf(before, sizeof(before), "%s", get(c->knob));
		EXPECT_EQ(c->ret, write_file(path_of(&variant->door, c->knob),
					     c->text))
			TH_LOG("%s: %s", c->knob, c->text);
		EXPECT_STREQ(*c->now ? c->now : before, get(c->knob))
			TH_LOG("%s: %s", c->knob, c->text);
	}
}

/*
 * The limit of all sockets is for the first namespace alone to see. In-kernel
 * UDP has minima of each namespace; a module has no room for them in one, so
 * those of eudp are of the first as well.
 */
TEST_F(limits, namespaces)
{
	const struct door *d = &variant->door;
	bool own = d->wire == IPPROTO_UDP;

	enter_namespace(_metadata);
	EXPECT_NE(0, access(path_of(d, "mem"), F_OK));
	EXPECT_EQ(own, !access(path_of(d, "rmem_min"), F_OK));
	EXPECT_EQ(own, !access(path_of(d, "wmem_min"), F_OK));
}

/*
 * A flood to sockets that nobody reads is bounded, and what is not kept is
 * counted as what it is. When it has been read, there is room for as much.
 */
TEST_F(limits, flood)
{
	const struct door *d = &variant->door;
	int fds[4], tx = sock(), i, round, sent = 0, got;
	long held, dropped;

	for (i = 0; i < 4; i++)
		fds[i] = roomy(5000 + i);
	set_mem(3000, 3000, 3000);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 4; i++)
			flood(tx, 5000 + i, 100, BIG);
		sent += 4 * 100;
		held = 0;
		dropped = 0;
		got = 0;
		for (i = 0; i < 4; i++) {
			held += meminfo(fds[i], RMEM_ALLOC);
			dropped += meminfo(fds[i], DROPS);
		}
		EXPECT_GT(3000 + slack(), held / PAGE);
		EXPECT_LT(3000 - slack(), held / PAGE);
		EXPECT_LT(0, dropped);
		EXPECT_EQ(dropped, mem_errors());
		EXPECT_EQ(dropped, counter(d, "InErrors") - self->in_errors);
		EXPECT_GT(3000 + slack(), pages(d));
		EXPECT_LT(3000 - slack(), pages(d));
		for (i = 0; i < 4; i++)
			got += drain(fds[i]);
		sent -= got;
		EXPECT_EQ(sent, dropped);
		EXPECT_TRUE(all_back(d));
	}
	EXPECT_EQ(0, counter(d, "RcvbufErrors") - self->rcvbuf_errors);
}

/*
 * Between the first and the last limit a socket gets as much as rmem_min, and
 * nothing above the last one.
 */
TEST_F(limits, minimum)
{
	static const struct {
		const char *min;
		int least, most;	/* of what small datagrams take */
		int big;		/* how many large ones are kept */
	} cases[] = {
		{ "1", 0, 0, 0 },
		{ "4096", 3000, 4096, 0 },
		{ "16384", 12000, 16384, 0 },
		{ "65536", 60000, 65536, 1 },
	};
	int ballast = roomy(5000), tx = sock(), fd;
	const struct door *d = &variant->door;
	unsigned int i, held;

	hold(ballast, tx, 4000);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		set("rmem_min", cases[i].min);
		set_mem(1, 1, 1 << 20);
		fd = roomy(5001);
		flood(tx, 5001, 200, 10);
		held = meminfo(fd, RMEM_ALLOC);
		EXPECT_GE(cases[i].most, held);
		EXPECT_LE(cases[i].least, held);
		EXPECT_LT(0, meminfo(fd, DROPS));
		/* Here a large one is not kept even alone */
		drain(fd);
		flood(tx, 5001, 2, BIG);
		EXPECT_EQ(cases[i].big, drain(fd));
		close(fd);

		fd = roomy(5001);
		set_mem(1, 1, 1);
		flood(tx, 5001, 10, 10);
		EXPECT_EQ(0, meminfo(fd, RMEM_ALLOC));
		EXPECT_EQ(10, meminfo(fd, DROPS));
		close(fd);
	}
	EXPECT_LT(0, mem_errors());
	EXPECT_EQ(mem_errors(), counter(d, "InErrors") - self->in_errors);
	EXPECT_EQ(0, counter(d, "RcvbufErrors") - self->rcvbuf_errors);
}

/* What is held when the limit falls is kept; who gives back lets others in */
TEST_F(limits, recovery)
{
	int ballast = roomy(5000), fd = roomy(5001), tx = sock();
	const struct door *d = &variant->door;

	hold(ballast, tx, 4000);
	set("rmem_min", "1");
	set_mem(2000, 2000, 2000);
	EXPECT_LE(4000 * PAGE, meminfo(ballast, RMEM_ALLOC));
	flood(tx, 5001, 10, BIG);
	EXPECT_EQ(10, meminfo(fd, DROPS));
	EXPECT_EQ(10, mem_errors());
	EXPECT_EQ(0, drain(fd));
	/* Closing gives back as reading does */
	close(ballast);
	EXPECT_TRUE(all_back(d));
	flood(tx, 5001, 10, BIG);
	EXPECT_EQ(10, drain(fd));
	EXPECT_EQ(10, mem_errors());
}

/* The column goes up, and down again: by reading, by closing, many times */
TEST_F(memory, column)
{
	const struct door *d = &variant->door;
	int tx = sock(), i, fd;

	ASSERT_TRUE(all_back(d));
	for (i = 0; i < 6; i++) {
		fd = roomy(5000);
		hold(fd, tx, 3000);
		EXPECT_LT(3000 - slack(), pages(d));
		EXPECT_GT(3000 + 2 * slack(), pages(d));
		if (i % 2)
			drain(fd);
		else
			close(fd);
		EXPECT_TRUE(all_back(d));
		if (i % 2)
			close(fd);
	}
	EXPECT_EQ(0, counter(d, "MemErrors"));
}

/* The number with SO_RXQ_OVFL of the next datagram, -1 without one */
static int overflow_seen(int fd)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int n;

	if (recvmsg(fd, &m, MSG_DONTWAIT) < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
		return -1;
	memcpy(&n, CMSG_DATA(c), sizeof(n));
	return n;
}

/* SO_RXQ_OVFL of socket(7): drops until the datagram came, of any cause */
TEST_F(memory, overflow_seen)
{
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { .len = 1, .filter = &none };
	int fd = bound("127.0.0.1", 5000), tx = sock(), drops;

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 1));
	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_RXQ_OVFL));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	flood(tx, 5000, 50, 1);
	drops = meminfo(fd, DROPS);
	EXPECT_LT(40, drops);
	/* What came before the first drop does not tell */
	EXPECT_EQ(50 - drops, drain(fd));
	flood(tx, 5000, 1, 1);
	EXPECT_EQ(drops, overflow_seen(fd));

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
				sizeof(filter)));
	flood(tx, 5000, 3, 1);
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &filter,
				sizeof(filter)));
	EXPECT_EQ(drops + 3, meminfo(fd, DROPS));
	flood(tx, 5000, 1, 1);
	EXPECT_EQ(drops + 3, overflow_seen(fd));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RXQ_OVFL, 0));
	flood(tx, 5000, 1, 1);
	EXPECT_EQ(-1, overflow_seen(fd));
}

/* "sock" of memory.stat, in bytes */
static long charged(struct cgroup *c)
{
	char path[96], name[64];
	long value, found = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s/memory.stat", c->path);
	f = fopen(path, "r");
	while (f && fscanf(f, "%63s %ld", name, &value) == 2)
		if (!strcmp(name, "sock"))
			found = value;
	if (f)
		fclose(f);
	return found;
}

static int charged_between(struct cgroup *c, long low, long high)
{
	long long end = now_ms() + SOON_MS;

	while (charged(c) < low || charged(c) > high) {
		if (now_ms() > end)
			return 0;
		usleep(10000);
	}
	return 1;
}

/*
 * Those who made a socket pay for what it holds. Memory that comes from the
 * network is charged even above memory.max: what comes is not their doing.
 */
TEST_F(memory, charged)
{
	int tx = sock(), fd, other, held;
	struct cgroup c;

	ASSERT_EQ(0, write_file(CGROUP "/cgroup.subtree_control", "+memory"));
	make_cgroup(&c);
	EXPECT_EQ(0, cgroup_write(&c, "memory.max", "16M"));
	ASSERT_EQ(0, enter_cgroup(&c));
	fd = roomy(5000);
	ASSERT_EQ(0, leave_cgroup());
	other = roomy(5001);
	EXPECT_EQ(0, charged(&c));

	flood(tx, 5000, 100, BIG);
	held = meminfo(fd, RMEM_ALLOC);
	EXPECT_LE(100 * BIG, held);
	EXPECT_TRUE(charged_between(&c, held, held + PAGE));
	/* It is not for what others get */
	flood(tx, 5001, 100, BIG);
	EXPECT_TRUE(charged_between(&c, held, held + PAGE));
	flood(tx, 5000, 400, BIG);
	held = meminfo(fd, RMEM_ALLOC);
	EXPECT_LE(500 * BIG, held);
	EXPECT_TRUE(charged_between(&c, held, held + PAGE));

	/* A page may stay as long as the socket does */
	EXPECT_EQ(500, drain(fd));
	EXPECT_TRUE(charged_between(&c, 0, PAGE));
	flood(tx, 5000, 100, BIG);
	close(fd);
	EXPECT_TRUE(charged_between(&c, 0, 0));
	close(other);
	EXPECT_EQ(0, counter(&variant->door, "MemErrors"));
	EXPECT_EQ(0, drop_cgroup(&c));
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.subtree_control", "-memory"));
}

TEST_HARNESS_MAIN
