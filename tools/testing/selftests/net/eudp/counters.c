// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of each datagram: the counters of RFC 4113 and those that Linux
 * has added, and the reason that skb:kfree_skb gives for a drop.
 */
#include "lib.h"
#include <linux/filter.h>
#include <sys/stat.h>

#define TRACE	"/sys/kernel/tracing/instances/eudp"

EUDP_FIXTURE(counters)

/* What of the counters is not zero: "InDatagrams 1 OutDatagrams 1 " */
static const char *counted(const struct door *d)
{
	static const char * const names[] = {
		"InDatagrams", "NoPorts", "InErrors", "OutDatagrams",
		"RcvbufErrors", "SndbufErrors", "InCsumErrors", "IgnoredMulti",
		"MemErrors",
	};
	static char text[4][256];
	static unsigned int turn;
	char *s = text[turn++ % 4];
	unsigned int i, at = 0;
	long n;

	*s = 0;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		n = counter(d, names[i]);
		if (n)
			at += snprintf(s + at, sizeof(text[0]) - at, "%s %ld ",
				       names[i], n);
	}
	return s;
}

#define EXPECT_COUNTED(text) EXPECT_STREQ(text, counted(&variant->door))

/* Socket filters: as a whole, not at all, the header and two bytes */
static int set_filter(int fd, int keep)
{
	struct sock_filter ret = BPF_STMT(BPF_RET | BPF_K, keep);
	struct sock_fprog filter = { .len = 1, .filter = &ret };

	return err_of(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
				 sizeof(filter)));
}

/* A socket that sends what it likes with this protocol, and hears nothing */
static int __forger(struct __test_metadata *_metadata, const struct door *d)
{
	int fd = socket(AF_INET, SOCK_RAW, d->wire);

	ASSERT_LE(0, fd);
	return __bound(_metadata, fd, "127.0.0.9", 0);
}

/* From port 4000: @size bytes with this length and checksum in the header */
static void __forge(struct __test_metadata *_metadata, int raw, int port,
		    int size, int len, int check)
{
	__u16 packet[100] = { htons(4000), htons(port), htons(len), check };

	ASSERT_EQ(size, send_to(raw, "127.0.0.1", 0, packet, size));
	__settle(_metadata);
}

#define forger()	__forger(_metadata, &variant->door)
#define forge(raw, port, size, len, check) \
	__forge(_metadata, raw, port, size, len, check)

/* To us, and to those who do not listen */
TEST_F(counters, received)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char byte;

	EXPECT_COUNTED("");
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	/* It is not one that has been received before it is read */
	EXPECT_COUNTED("OutDatagrams 1 ");
	EXPECT_EQ(1, recv(fd, &byte, 1, MSG_PEEK));
	EXPECT_COUNTED("OutDatagrams 1 ");
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_COUNTED("InDatagrams 1 OutDatagrams 1 ");
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5001, 1));
	settle();
	EXPECT_COUNTED("InDatagrams 1 NoPorts 1 OutDatagrams 2 ");
	/* Closed with it unread, it is none at all */
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	close(fd);
	EXPECT_COUNTED("InDatagrams 1 NoPorts 1 OutDatagrams 3 ");
}

/* What fails before there is a packet is not counted as anything */
TEST_F(counters, not_sent)
{
	int fd = sock();
	static char data[65508];

	EXPECT_EQ(EDESTADDRREQ, tag(fd, 1));
	EXPECT_EQ(EINVAL, tag_to(fd, "127.0.0.1", 0, 1));
	EXPECT_EQ(EMSGSIZE, err_of(send_to(fd, "127.0.0.1", 9, data, 65508)));
	EXPECT_EQ(EACCES, tag_to(fd, "127.255.255.255", 9, 1));
	EXPECT_EQ(ENETUNREACH, tag_to(fd, NOWHERE, 9, 1));
	EXPECT_EQ(0, shutdown(joined(fd, "127.0.0.1", 9), SHUT_WR));
	EXPECT_EQ(EPIPE, tag(fd, 1));
	EXPECT_COUNTED("");
}

/* RFC 1122 3.2.2: nobody is told that a broadcast found nobody */
TEST_F(counters, ignored)
{
	int fd = bound("0.0.0.0", 6000);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, tag_to(fd, "127.255.255.255", 5000, 1));
	settle();
	EXPECT_COUNTED("OutDatagrams 1 IgnoredMulti 1 ");
	EXPECT_EQ(0, tag_to(fd, "127.255.255.255", 6000, 7));
	EXPECT_EQ(7, take_tag(fd));
	EXPECT_COUNTED("InDatagrams 1 OutDatagrams 2 IgnoredMulti 1 ");
}

/* A filter's drops are errors of the socket, and what it cuts off is not */
TEST_F(counters, filter)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char data[8];

	/* Of a packet the header stays, whatever a filter says */
	ASSERT_EQ(0, set_filter(fd, 1));
	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "12345", 5));
	EXPECT_EQ(0, take(fd, data, sizeof(data)));
	ASSERT_EQ(0, set_filter(fd, 10));
	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "12345", 5));
	EXPECT_EQ(2, take(fd, data, sizeof(data)));
	EXPECT_COUNTED("InDatagrams 2 OutDatagrams 2 ");
	ASSERT_EQ(0, set_filter(fd, 0));
	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "12345", 5));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_COUNTED("InDatagrams 2 InErrors 1 OutDatagrams 3 ");
	EXPECT_EQ(1, meminfo(fd, SK_MEMINFO_DROPS));
}

/*
 * Two counters for a wrong sum. That of a short datagram is seen when it comes
 * and is no drop of the socket; that of a long one when it is read, unless a
 * filter has to.
 */
TEST_F(counters, checksum)
{
	int fd = bound("127.0.0.1", 5000), raw = forger();

	forge(raw, 5000, 8, 8, 0);
	EXPECT_EQ(0, take_tag(fd));
	EXPECT_COUNTED("InDatagrams 1 ");
	forge(raw, 5000, 76, 76, 1);
	EXPECT_COUNTED("InDatagrams 1 InErrors 1 InCsumErrors 1 ");
	EXPECT_EQ(0, meminfo(fd, SK_MEMINFO_DROPS));
	forge(raw, 5000, 77, 77, 1);
	EXPECT_COUNTED("InDatagrams 1 InErrors 1 InCsumErrors 1 ");
	EXPECT_EQ(0, meminfo(fd, SK_MEMINFO_DROPS));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_COUNTED("InDatagrams 1 InErrors 2 InCsumErrors 2 ");
	EXPECT_EQ(1, meminfo(fd, SK_MEMINFO_DROPS));
	ASSERT_EQ(0, set_filter(fd, 1000));
	forge(raw, 5000, 77, 77, 1);
	EXPECT_COUNTED("InDatagrams 1 InErrors 3 InCsumErrors 3 ");
	EXPECT_EQ(2, meminfo(fd, SK_MEMINFO_DROPS));
	/* Nobody listens there, and who would be told has not sent it */
	forge(raw, 5001, 77, 77, 1);
	EXPECT_COUNTED("InDatagrams 1 InErrors 4 InCsumErrors 4 ");
	forge(raw, 5001, 77, 77, 0);
	EXPECT_COUNTED("InDatagrams 1 NoPorts 1 InErrors 4 InCsumErrors 4 ");
	EXPECT_EQ(2, meminfo(fd, SK_MEMINFO_DROPS));
}

/* A full buffer counts as an error of sending */
TEST_F(counters, send_buffer)
{
	struct timeval tv = { .tv_usec = 1000 };
	int fd = sock(), sent, i;
	char data[500] = {}, want[64];

	run("ip link add d0 type dummy");
	run("ip link set d0 arp on up");
	add_address("d0", "10.9.9.1", 24);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/neigh/d0/retrans_time_ms",
				"60000"));
	joined(fd, "10.9.9.2", 5000);
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_SNDBUF, 10000));
	for (sent = 0; sent < 1000; sent++)
		if (send(fd, data, sizeof(data), MSG_DONTWAIT) < 0)
			break;
	EXPECT_EQ(EAGAIN, errno);
	for (i = 1; i < 4; i++) {
		snprintf(want, sizeof(want), "OutDatagrams %d SndbufErrors %d ",
			 sent, i);
		EXPECT_COUNTED(want);
		EXPECT_EQ(EAGAIN, err_of(send(fd, data, 1, MSG_DONTWAIT)));
	}
	/* Who waits in vain is counted too */
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	EXPECT_EQ(EAGAIN, err_of(send(fd, data, 1, 0)));
	snprintf(want, sizeof(want), "OutDatagrams %d SndbufErrors %d ", sent,
		 i + 1);
	EXPECT_COUNTED(want);
	/* The queue of the neighbour would keep the namespace */
	run("ip neigh replace 10.9.9.2 lladdr 2:0:0:0:0:2 dev d0");
}

/* The device's queue is full: an error only for who asks, ip(7) IP_RECVERR */
TEST_F(counters, device_queue)
{
	int fd = sock();

	run("ip link add d0 type dummy");
	link_up("d0");
	add_address("d0", "10.9.9.1", 24);
	run("ip neigh replace 10.9.9.2 lladdr 2:0:0:0:0:2 dev d0");
	run("tc qdisc add dev d0 root pfifo limit 0");
	EXPECT_EQ(0, tag_to(fd, "10.9.9.2", 5000, 1));
	EXPECT_COUNTED("SndbufErrors 1 ");
	ASSERT_EQ(0, set_int(fd, IPPROTO_IP, IP_RECVERR, 1));
	EXPECT_EQ(ENOBUFS, tag_to(fd, "10.9.9.2", 5000, 1));
	EXPECT_COUNTED("SndbufErrors 2 ");
	run("tc qdisc del dev d0 root");
	EXPECT_EQ(0, tag_to(fd, "10.9.9.2", 5000, 1));
	EXPECT_COUNTED("OutDatagrams 1 SndbufErrors 2 ");
}

EUDP_BOTH_FIXTURE(discards)

/* IP counts what it has begun and throws away: OutDiscards of RFC 4293 */
TEST_F(discards, counted)
{
	bool ip6 = variant->door.version == AF_INET6;
	struct door ip = {
		.version = variant->door.version, .mib = ip6 ? "Ip6" : "Ip:",
		.snmp = ip6 ? "/proc/net/snmp6" : "/proc/net/snmp",
	}, lo = { .version = AF_INET6, .mib = "Ip6",
		  .snmp = "/proc/net/dev_snmp6/lo" };
	int fd = joined(sock(), variant->door.lo, 9);
	static char data[65528];

	EXPECT_EQ(EFAULT, err_of(send(fd, NULL, 1, 0)));
	EXPECT_EQ(1, counter(&ip, "OutDiscards"));
	EXPECT_EQ(1, send(fd, "", 1, MSG_MORE));
	EXPECT_EQ(EFAULT, err_of(send(fd, NULL, 1, 0)));
	EXPECT_EQ(2, counter(&ip, "OutDiscards"));
	EXPECT_EQ(EMSGSIZE, err_of(send(fd, data, sizeof(data), 0)));
	EXPECT_EQ(2, counter(&ip, "OutDiscards"));
	if (ip6)
		EXPECT_EQ(2, counter(&lo, "OutDiscards"));
}

/* Counters are of a namespace */
TEST_F(counters, namespaces)
{
	int fd = bound("127.0.0.1", 5000);

	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_COUNTED("InDatagrams 1 OutDatagrams 1 ");
	enter_namespace(_metadata);
	EXPECT_COUNTED("");
	/* The socket stays where it was made */
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_COUNTED("");
}

/* The same with skb:kfree_skb, in a buffer of the test's own */
FIXTURE(reasons) {
	char mem[96];	/* the knob, to be written back */
};

EUDP_VARIANTS(reasons);

/* Sets the limit of all sockets, where it is, and tells what it was */
static void __limit(struct __test_metadata *_metadata, const struct door *d,
		    char *was, const char *text)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY);
	int first = open("/proc/1/ns/net", O_RDONLY);
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%smem", d->sysctl);
	ASSERT_EQ(0, setns(first, CLONE_NEWNET));
	f = fopen(path, "r");
	ASSERT_NE(NULL, f)
		TH_LOG("no %s", path);
	ASSERT_NE(NULL, fgets(was, 96, f));
	fclose(f);
	ASSERT_EQ(0, write_file(path, text));
	ASSERT_EQ(0, setns(here, CLONE_NEWNET));
	close(here);
	close(first);
}

FIXTURE_SETUP(reasons)
{
	enter_namespace(_metadata);
	ASSERT_EQ(0, mkdir(TRACE, 0755));
	ASSERT_EQ(0, write_file(TRACE "/events/skb/kfree_skb/enable", "1"));
}

/* By the parent: a test may be broken off */
FIXTURE_TEARDOWN_PARENT(reasons)
{
	char path[64];

	snprintf(path, sizeof(path), "%smem", variant->door.sysctl);
	enter_first_namespace();
	if (*self->mem)
		EXPECT_EQ(0, write_file(path, self->mem));
	write_file(TRACE "/events/skb/kfree_skb/enable", "0");
	ASSERT_EQ(0, rmdir(TRACE));
}

/*
 * How many packets have been dropped for this reason since the last time we
 * asked, any if it is ""; those of other protocols than IPv4 do not count
 */
static int __dropped(struct __test_metadata *_metadata, const char *reason)
{
	char line[512], want[64];
	FILE *f = fopen(TRACE "/trace", "r");
	int n = 0;

	ASSERT_NE(NULL, f);
	snprintf(want, sizeof(want), "reason: %s", reason);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "protocol=2048 ") && strstr(line, want);
	fclose(f);
	ASSERT_EQ(0, write_file(TRACE "/trace", ""));
	return n;
}

#define dropped(reason) __dropped(_metadata, reason)

TEST_F(reasons, no_socket)
{
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", 5000, 1));
	settle();
	EXPECT_EQ(1, dropped("NO_SOCKET"));
}

TEST_F(reasons, checksum)
{
	int fd = bound("127.0.0.1", 5000), raw = forger();

	forge(raw, 5000, 76, 76, 1);
	EXPECT_EQ(1, dropped("UDP_CSUM"));
	forge(raw, 5001, 77, 77, 1);
	EXPECT_EQ(1, dropped("UDP_CSUM"));
	forge(raw, 5000, 77, 77, 1);
	EXPECT_EQ(0, dropped(""));
	/* What in-kernel UDP does not give a reason for may have any */
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(1, dropped(""));
	ASSERT_EQ(0, set_filter(fd, 1000));
	forge(raw, 5000, 77, 77, 1);
	EXPECT_EQ(1, dropped("UDP_CSUM"));
}

TEST_F(reasons, too_small)
{
	int fd = bound("127.0.0.1", 5000), raw = forger();

	forge(raw, 5000, 9, 7, 0);
	EXPECT_EQ(1, dropped("PKT_TOO_SMALL"));
	forge(raw, 5000, 9, 10, 0);
	EXPECT_EQ(1, dropped("PKT_TOO_SMALL"));
	forge(raw, 5000, 7, 8, 0);
	EXPECT_EQ(1, dropped(""));
	EXPECT_COUNTED("InErrors 3 ");
	EXPECT_EQ(0, meminfo(fd, SK_MEMINFO_DROPS));
}

TEST_F(reasons, filter)
{
	int fd = bound("127.0.0.1", 5000);

	ASSERT_EQ(0, set_filter(fd, 0));
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", 5000, 1));
	settle();
	EXPECT_EQ(1, dropped("SOCKET_FILTER"));
}

TEST_F(reasons, buffer)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	i = meminfo(fd, SK_MEMINFO_DROPS);
	EXPECT_LT(40, i);
	EXPECT_EQ(i, dropped("SOCKET_RCVBUFF"));
}

/* ip-xfrm(8): what the policy does not let in, for a socket or for none */
TEST_F(reasons, policy)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char text[128];

	snprintf(text, sizeof(text),
		 "ip xfrm policy add dir in src 127.0.0.1 dst 127.0.0.1 proto %d action block",
		 variant->door.wire);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/conf/lo/disable_policy",
				"0"));
	run(text);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	EXPECT_EQ(1, dropped("XFRM_POLICY"));
	EXPECT_COUNTED("InErrors 1 OutDatagrams 1 ");
	EXPECT_EQ(1, meminfo(fd, SK_MEMINFO_DROPS));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5001, 1));
	settle();
	EXPECT_EQ(1, dropped(""));
	EXPECT_COUNTED("InErrors 2 OutDatagrams 2 ");
	run("ip xfrm policy flush");
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
}

/* The limit of all, which is met when more is held than processors keep */
TEST_F(reasons, memory)
{
	int ballast = bound("127.0.0.1", 5000), fd = bound("127.0.0.1", 5001);
	int tx = sock(), i;
	static char data[60000];

	ASSERT_EQ(0, set_int(ballast, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 29));
	for (i = 0; i < 300; i++)
		EXPECT_EQ(60000, send_to(tx, "127.0.0.1", 5000, data, 60000));
	settle();
	__limit(_metadata, &variant->door, self->mem, "1 1 1");
	EXPECT_EQ(0, dropped(""));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5001, 1));
	settle();
	EXPECT_EQ(10, meminfo(fd, SK_MEMINFO_DROPS));
	EXPECT_EQ(10, dropped("PROTO_MEM"));
	EXPECT_COUNTED("InErrors 10 OutDatagrams 310 MemErrors 10 ");
}

/* What is received, looked at, cut or left behind has not been dropped */
TEST_F(reasons, none)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;
	char data[4];

	for (i = 0; i < 4; i++)
		EXPECT_EQ(8, send_to(tx, "127.0.0.1", 5000, "12345678", 8));
	settle();
	EXPECT_EQ(4, recv(fd, data, 4, MSG_PEEK));
	EXPECT_EQ(4, recv(fd, data, 4, 0));
	EXPECT_EQ(8, recv(fd, NULL, 0, MSG_TRUNC));
	settle();
	EXPECT_EQ(0, dropped(""));
}

TEST_HARNESS_MAIN
