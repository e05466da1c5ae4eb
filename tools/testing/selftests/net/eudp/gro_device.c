// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams that a device receives one by one and puts together: UDP_GRO of
 * udp(7), net.eudp.gro. In-kernel UDP does so for sockets with UDP_GRO, eudp
 * for all if it is told to.
 */
#include "netns.h"
#include "packet.h"
#include "program.h"
#include "train.h"
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#define KNOB	"/proc/sys/net/eudp/gro"
#define SEGMENT	1000
#define PINNED	"/sys/fs/bpf/eudp-gro"

/* A link from another namespace, which sends, to this one */
FIXTURE(gro_device) {
	int home, far;
};

EUDP_VARIANTS(gro_device);
__EUDP6_VARIANTS(gro_device);

/* A tap device of NAPI at whose other end is the test */
EUDP_BOTH_FIXTURE(gro_rules)

/* The knob is one for all namespaces. */
static void __coalesce(struct __test_metadata *_metadata,
		       const struct door *door, const char *on)
{
	int home = open("/proc/self/ns/net", O_RDONLY);

	if (door->wire == IPPROTO_EUDP) {
		enter_first_namespace();
		ASSERT_EQ(0, write_file(KNOB, on));
		ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	}
	close(home);
}

#define coalesce(on)	__coalesce(_metadata, &variant->door, on)

static void __set_feature(struct __test_metadata *_metadata, const char *name,
			  int command, int on)
{
	struct ethtool_value value = { .cmd = command, .data = on };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ASSERT_EQ(0, ioctl(fd, SIOCETHTOOL, &ifr))
		TH_LOG("%s, ethtool %#x: %s", name, command, strerror(errno));
	close(fd);
}

#define set_feature(name, command, on) \
	__set_feature(_metadata, name, command, on)

static const char *near_of(const struct door *door)
{
	return door->version == AF_INET6 ? ME6 : ME;
}

/* The far end takes trains apart, and the near one gets them at once. */
FIXTURE_SETUP(gro_device)
{
	enter_namespace(_metadata);
	addresses_at_once();
	self->home = open("/proc/self/ns/net", O_RDONLY);
	self->far = another_namespace();
	cable("d1", self->far);
	set_feature("d1", ETHTOOL_SGRO, 1);
	add_address("d1", ME, 24);
	add_address("d1", ME6, 64);
	link_up("d1");
	inside(self->far);
	addresses_at_once();
	set_feature("d1", ETHTOOL_SGSO, 0);
	set_feature("d1", ETHTOOL_STXCSUM, 0);
	add_address("d1", YOU, 24);
	add_address("d1", YOU6, 64);
	link_up("d1");
	run("ping -qc 1 -W 5 " ME " >/dev/null");
	run("ping -qc 1 -W 5 " ME6 " >/dev/null");
	inside(self->home);
	coalesce("1");
}

FIXTURE_TEARDOWN(gro_device)
{
	coalesce("0");
}

/* A receiver here, and a sender to it there */
static void __pair(struct __test_metadata *_metadata, const struct door *door,
		   int home, int far, int *rx, int *tx)
{
	*rx = __bound(_metadata, __sock(_metadata, door->family,
					door->protocol), near_of(door), 7);
	ASSERT_EQ(0, setns(far, CLONE_NEWNET));
	*tx = __joined(_metadata, __sock(_metadata, door->family,
					 door->protocol), near_of(door), 7);
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
}

#define pair(rx, tx) \
	__pair(_metadata, &variant->door, self->home, self->far, rx, tx)

static int gro(int fd, int on)
{
	return err_of(set_int(fd, IPPROTO_UDP, UDP_GRO, on));
}

/* Sees all packets that @device gets or sends */
static int __watch(struct __test_metadata *_metadata, const char *device)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = if_nametoindex(device) };
	int fd = socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL));

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, bind(fd, (void *)&ll, sizeof(ll)));
	return fd;
}

#define watch(device)	__watch(_metadata, device)

/* How many packets of the protocol were seen; of those that fit, how many bad */
static int seen(int fd, int wire, int *bad)
{
	struct packet p;
	int n, count = 0;

	*bad = 0;
	while ((n = recv(fd, &p.ip, 2068, MSG_DONTWAIT | MSG_TRUNC)) >= 0) {
		if ((is_ip6(&p) ? p.ip6.ip6_nxt : p.ip.protocol) != wire)
			continue;
		count++;
		if (n <= 1500) {
			__u16 check = head_of(&p)->check;

			*bad += datagram_sum(&p, ntohs(head_of(&p)->len)) !=
				check || n != len_of(&p) ||
				(!is_ip6(&p) && sum(&p.ip, IP_LEN, 0) != 0xffff);
		}
	}
	return count;
}

/* All kinds of trains come as they were sent. */
TEST_F(gro_device, whole)
{
	static const struct {
		int len, segment;
	} cases[] = {
		{ 2 * SEGMENT, SEGMENT }, { 2 * SEGMENT + 1, SEGMENT },
		{ 14500, 1400 }, { 60000, 1400 }, { 64, 1 }, { 6400, 100 },
	};
	int rx, tx, tap = watch("d1"), bad;
	unsigned int i;

	pair(&rx, &tx);
	ASSERT_EQ(0, gro(rx, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, send_train(tx, cases[i].len, cases[i].segment));
		expect_train(rx, cases[i].len, cases[i].segment);
		EXPECT_EQ(1, seen(tap, variant->door.wire, &bad))
			TH_LOG("case %d", i);
	}
	/* one alone is none */
	ASSERT_EQ(0, send_train(tx, 500, 0));
	expect_train(rx, 500, -1);
	ASSERT_EQ(0, send_train(tx, 0, 0));
	expect_train(rx, 0, -1);
}

/* There is an end of it, and then the next one begins. */
TEST_F(gro_device, long)
{
	static struct part p;
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, gro(rx, 1));
	ASSERT_EQ(0, send_train(tx, 10050, 100));
	EXPECT_EQ(6400, take_part(rx, &p));
	EXPECT_EQ(100, p.gro);
	EXPECT_TRUE(is_pattern(p.data, 0, 6400));
	EXPECT_EQ(3650, take_part(rx, &p));
	EXPECT_EQ(100, p.gro);
	EXPECT_TRUE(is_pattern(p.data, 6400, 3650));
	EXPECT_EQ(-EAGAIN, take_part_with(rx, &p, 1, 0));
}

/* A socket without the option gets them one by one, as they were counted. */
TEST_F(gro_device, single)
{
	const struct door *door = &variant->door;
	long in = counter(door, "InDatagrams"), errors;
	int rx, tx, tap = watch("d1"), bad;

	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 14500, 1400));
	expect_parts(rx, 14500, 1400);
	EXPECT_EQ(in + 11, counter(door, "InDatagrams"));
	EXPECT_EQ(door->wire == IPPROTO_EUDP ? 1 : 11,
		  seen(tap, door->wire, &bad));
	EXPECT_EQ(0, bad);
	/* and are dropped so */
	ASSERT_EQ(0, set_int(rx, SOL_SOCKET, SO_RCVBUF, 1));
	ASSERT_EQ(0, send_train(tx, 60000, 1400));
	ASSERT_TRUE(await(rx, POLLIN));
	settle();
	errors = counter(door, "RcvbufErrors");
	in = meminfo(rx, SK_MEMINFO_DROPS);
	ASSERT_EQ(0, send_train(tx, 10050, 100));
	settle();
	EXPECT_EQ(errors + 101, counter(door, "RcvbufErrors"));
	EXPECT_EQ(in + 101, meminfo(rx, SK_MEMINFO_DROPS));
}

/* If nobody tells it to, a device puts nothing together. */
TEST_F(gro_device, off)
{
	int rx, tx, tap = watch("d1"), bad;

	pair(&rx, &tx);
	ASSERT_EQ(0, gro(rx, 1));
	if (variant->door.wire == IPPROTO_EUDP)
		coalesce("0");
	else
		set_feature("d1", ETHTOOL_SGRO, 0);
	ASSERT_EQ(0, send_train(tx, 14500, 1400));
	expect_parts(rx, 14500, 1400);
	EXPECT_EQ(11, seen(tap, variant->door.wire, &bad));
	EXPECT_EQ(0, bad);
}

/* A filter sees each of them alone, its header too. */
TEST_F(gro_device, filter)
{
	static struct sock_filter code[] = {
		/* the length that the header tells, and the real one */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, -1),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	int rx, tx;

	pair(&rx, &tx);
	ASSERT_EQ(0, setsockopt(rx, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
				sizeof(prog)));
	ASSERT_EQ(0, send_train(tx, 14500, 1400));
	expect_parts(rx, 14500, 1400);
}

/*
 * A program at the device may want more of a train in one piece than its first
 * datagram.
 */
TEST_F(gro_device, pulled)
{
	static const struct bpf_insn code[] = {
		SET(2, 100), CALL(BPF_FUNC_skb_pull_data), RETURN(0),
	};
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, -1);
	struct sock_fprog filter = { 1, &all };
	union bpf_attr attr = { .pathname = (long)PINNED };
	int rx, tx;

	attr.bpf_fd = load(BPF_PROG_TYPE_SCHED_CLS, 0, code);
	unlink(PINNED);
	ASSERT_EQ(0, bpf(BPF_OBJ_PIN, &attr));
	run("tc qdisc add dev d1 clsact");
	run("tc filter add dev d1 ingress bpf direct-action object-pinned "
	    PINNED);
	unlink(PINNED);
	/* each with its payload behind its headers */
	inside(self->far);
	set_feature("d1", ETHTOOL_SSG, 0);
	inside(self->home);
	pair(&rx, &tx);
	ASSERT_EQ(0, send_train(tx, 500, 10));
	expect_parts(rx, 500, 10);
	ASSERT_EQ(0, setsockopt(rx, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
				sizeof(filter)));
	ASSERT_EQ(0, send_train(tx, 500, 10));
	expect_parts(rx, 500, 10);
	ASSERT_EQ(0, send_train(tx, 495, 30));
	expect_parts(rx, 495, 30);
}

/* Each member of a group hears all of it. */
TEST_F(gro_device, group)
{
	const char *group = variant->door.version == AF_INET6 ? "ff15::1" :
								"239.1.1.1";
	struct any_addr any = any_addr(group, 7);
	struct group_req req = { .gr_interface = if_nametoindex("d1") };
	static struct part p;
	int rx[2], tx, i;

	memcpy(&req.gr_group, &any.sa, any.len);
	for (i = 0; i < 2; i++) {
		rx[i] = shared(variant->door.any, 7);
		ASSERT_EQ(0, gro(rx[i], i));
		ASSERT_EQ(0, setsockopt(rx[i], variant->door.version ==
					AF_INET6 ? SOL_IPV6 : SOL_IP,
					MCAST_JOIN_GROUP, &req, sizeof(req)));
	}
	inside(self->far);
	run("ip route add 239.0.0.0/8 dev d1");
	/* that of IPv6 comes with the device, but later */
	run("until ip -6 route show table local | grep -q 'ff00.*d1'; do sleep 0.1; done");
	tx = sock();
	ASSERT_EQ(0, set_device(tx, "d1"));
	inside(self->home);
	if (variant->door.wire == IPPROTO_UDP)
		/* which looks for sockets with UDP_GRO by the address alone */
		ASSERT_EQ(0, gro(rx[1], 0));
	ASSERT_EQ(0, __send_train(tx, &any, 9500, SEGMENT, 0, IPPROTO_UDP));
	expect_parts(rx[0], 9500, SEGMENT);
	if (variant->door.wire == IPPROTO_UDP)
		expect_parts(rx[1], 9500, SEGMENT);
	else
		expect_train(rx[1], 9500, SEGMENT);
	/* also of more than one */
	ASSERT_EQ(0, __send_train(tx, &any, 7050, 100, 0, IPPROTO_UDP));
	expect_parts(rx[0], 7050, 100);
	if (variant->door.wire == IPPROTO_UDP) {
		expect_parts(rx[1], 7050, 100);
		return;
	}
	EXPECT_EQ(6400, take_part(rx[1], &p));
	EXPECT_TRUE(is_pattern(p.data, 0, 6400));
	EXPECT_EQ(650, take_part(rx[1], &p));
	EXPECT_TRUE(is_pattern(p.data, 6400, 650));
}

/* What this host hands on leaves it datagram by datagram. */
static void __hands_on(struct __test_metadata *_metadata,
		       const struct door *door, int home, int far,
		       const char *device)
{
	const char *to = door->version == AF_INET6 ? "2001:db8:1::2" :
						     "198.51.100.2";
	int tap = __watch(_metadata, device), fd, bad;

	ASSERT_EQ(0, setns(far, CLONE_NEWNET));
	fd = __joined(_metadata, __sock(_metadata, door->family,
					door->protocol), to, 7);
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	ASSERT_EQ(0, send_train(fd, 14500, 1400));
	__settle(_metadata);
	EXPECT_EQ(11, seen(tap, door->wire, &bad));
	EXPECT_EQ(0, bad);
	close(tap);
	close(fd);
}

#define hands_on(device) \
	__hands_on(_metadata, &variant->door, self->home, self->far, device)

TEST_F(gro_device, forwarded)
{
	run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
	run("ip link add out1 type veth peer name out2");
	run("ip addr add 198.51.100.1/24 dev out1 && ip addr add 2001:db8:1::1/64 dev out1 nodad");
	run("ip link set out1 up && ip link set out2 up");
	run("ip neigh add 198.51.100.2 dev out1 lladdr 02:00:00:00:00:02");
	run("ip neigh add 2001:db8:1::2 dev out1 lladdr 02:00:00:00:00:02");
	inside(self->far);
	run("ip route add default via " ME);
	run("ip -6 route add default via " ME6);
	inside(self->home);
	hands_on("out2");
}

TEST_F(gro_device, bridged)
{
	run("ip link add out1 type veth peer name out2");
	run("ip link add br0 type bridge && ip link set br0 up");
	run("ip link set d1 master br0 && ip link set out1 master br0");
	run("ip link set out1 up && ip link set out2 up");
	inside(self->far);
	run("ip route add 198.51.100.0/24 dev d1 && ip route add 2001:db8:1::/64 dev d1");
	run("ip neigh add 198.51.100.2 dev d1 lladdr 02:00:00:00:00:02");
	run("ip neigh add 2001:db8:1::2 dev d1 lladdr 02:00:00:00:00:02");
	inside(self->home);
	hands_on("out2");
}

/* sysfs shows the devices of the namespace that it was mounted in. */
static void __mount_sysfs(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("sysfs", "/sys", "sysfs", 0, NULL));
}

/*
 * A tap device that holds what it got for long, but for no more than a tick if
 * something comes after that. It is made in the first namespace: the socket
 * that is behind it does not end if in-kernel UDP has put datagrams together
 * that it was charged for, and would keep this namespace for ever.
 */
static int __slow_tap(struct __test_metadata *_metadata)
{
	int t, home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, home);
	__mount_sysfs(_metadata);
	__addresses_at_once(_metadata);
	enter_first_namespace();
	t = __open_tap(_metadata, IFF_TAP | IFF_NO_PI | IFF_NAPI);
	move_device("tap0", home);
	inside(home);
	close(home);
	__set_up_tap(_metadata, t);
	__add_address(_metadata, "tap0", ME6, 64);
	ASSERT_EQ(0, write_file("/sys/class/net/tap0/gro_flush_timeout",
				"100000000000"));
	return t;
}

/* More than a tick later a frame of an unknown kind: all that is held goes. */
static void __release(struct __test_metadata *_metadata, int t)
{
	static const unsigned char frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0,
						 0, 2, 0x88, 0xb5 };

	usleep(30000);
	ASSERT_EQ(sizeof(frame), write(t, frame, sizeof(frame)));
}

/* How the second of two datagrams is; the first has 100 bytes. */
struct second {
	const char *name;
	int len;		/* 0: as the first */
	int both_len;		/* NONE: both are empty */
	int port;		/* another one */
	int ttl, tos;
	int id;			/* by how much it is more, or NONE */
	int df;			/* of both */
	int df_changes;
	int check;		/* WRONG, or NONE */
	int both_check;		/* NONE */
	int tell;		/* more than there is */
	int pad;		/* more than it tells */
	int options;
	const char *seen;	/* lengths that are received, in any order */
};

#define NONE	-1
#define WRONG	-2

static void __make_second(struct packet *p, const struct door *door,
			  const struct second *s, int which)
{
	int len = s->both_len == NONE ? 0 : which && s->len ? s->len : 100;
	int check;

	if (which && s->options)
		make_with(p, door, 7, pattern(), len, "\1\1\1\1", 4);
	else
		make(p, door, 7, pattern(), len);
	if (which && s->port)
		head_of(p)->source = htons(s->port);
	if (which && s->tell)
		head_of(p)->len = htons(HDR_LEN + len + s->tell);
	resum(p);
	check = which ? s->check : 0;
	if (s->both_check)
		check = s->both_check;
	if (check)
		head_of(p)->check = check == NONE ? 0 : ~head_of(p)->check;
	if (is_ip6(p)) {
		p->ip6.ip6_hlim = which && s->ttl ? s->ttl : 64;
		p->ip6.ip6_flow = htonl(6u << 28 | (which ? s->tos : 0) << 20);
		return;
	}
	p->ip.ttl = which && s->ttl ? s->ttl : 64;
	p->ip.tos = which ? s->tos : 0;
	p->ip.id = htons(1000 + which * (s->id == NONE ? 0 : s->id ?: 1));
	if (s->df != (which && s->df_changes))
		p->ip.frag_off = htons(IP_DF);
}

static int by_length(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* "100 100", or "200" if it has UDP_GRO of 100 */
static const char *lengths(int fd)
{
	static struct part p;
	static char text[64];
	int len[8], n = 0, i;

	while (n < 8 && take_part_with(fd, &p, sizeof(p.data), 0) >= 0)
		len[n++] = p.len;
	qsort(len, n, sizeof(len[0]), by_length);
	text[0] = 0;
	for (i = 0; i < n; i++)
		sprintf(text + strlen(text), i ? " %d" : "%d", len[i]);
	return text;
}

static void __send_second(struct __test_metadata *_metadata, int t,
			  const struct door *door, const struct second *s)
{
	struct packet p;
	int i;

	for (i = 0; i < 2; i++) {
		__make_second(&p, door, s, i);
		sum_ip(&p);
		__inject_bytes(_metadata, t, &p,
			       len_of(&p) + (i ? s->pad : 0));
		if (!i)
			usleep(30000);
	}
	__release(_metadata, t);
	__settle(_metadata);
}

/*
 * The device does not hold the first one if a tick comes just as it takes it
 * in. A train that this kept from being made is sent again.
 */
static void __expect_second(struct __test_metadata *_metadata, int t, int fd,
			    const struct door *door, const struct second *s)
{
	const char *seen;
	int tries = 10;

	do {
		__send_second(_metadata, t, door, s);
		seen = lengths(fd);
	} while (!strchr(s->seen, ' ') && strchr(seen, ' ') && --tries);
	EXPECT_STREQ(s->seen, seen) TH_LOG("%s", s->name);
}

#define expect_second(fd, s) \
	__expect_second(_metadata, t, fd, &variant->door, s)

/* What may follow a datagram in a train, by either version of IP */
TEST_F(gro_rules, second)
{
	static const struct second cases[] = {
		{ "same", .seen = "200" },
		{ "shorter", .len = 1, .seen = "101" },
		{ "longer", .len = 101, .seen = "100 101" },
		{ "both empty", .both_len = NONE, .seen = "0 0" },
		{ "another port", .port = 4001, .seen = "100 100" },
		{ "TTL", .ttl = 63, .seen = "100 100" },
		{ "TOS", .tos = 0x10, .seen = "100 100" },
		{ "wrong sum", .check = WRONG, .seen = "100" },
		{ "it tells more than there is", .tell = 1, .seen = "100" },
		{ "it tells less", .tell = -1, .seen = "99 100" },
		{ "same again", .seen = "200" },
	};
	int t = __slow_tap(_metadata), fd;
	unsigned int i;

	__coalesce(_metadata, &variant->door, "1");
	fd = bound(near_of(&variant->door), 7);
	ASSERT_EQ(0, gro(fd, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		expect_second(fd, &cases[i]);
	__coalesce(_metadata, &variant->door, "0");
}

EUDP_FIXTURE(gro_rules4)

/* What only IPv4 has */
TEST_F(gro_rules4, second)
{
	static const struct second cases[] = {
		{ "same", .df = 1, .seen = "200" },
		{ "same ID", .id = NONE, .seen = "100 100" },
		{ "same ID with DF", .id = NONE, .df = 1, .seen = "200" },
		{ "another ID", .id = 2, .seen = "100 100" },
		{ "another ID with DF", .id = 2, .df = 1, .seen = "100 100" },
		{ "DF of one", .df_changes = 1, .seen = "100 100" },
		{ "no sum", .check = NONE, .seen = "100 100" },
		{ "no sums", .both_check = NONE, .seen = "100 100" },
		{ "padding", .pad = 1, .seen = "100 100" },
		{ "options", .options = 1, .seen = "100 100" },
	};
	int t = __slow_tap(_metadata), fd;
	unsigned int i;

	__coalesce(_metadata, &variant->door, "1");
	fd = bound(ME, 7);
	ASSERT_EQ(0, gro(fd, 1));
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		expect_second(fd, &cases[i]);
	__coalesce(_metadata, &variant->door, "0");
}

FIXTURE(gro_order) {};
FIXTURE_VARIANT(gro_order) { struct door door; };
FIXTURE_VARIANT_ADD(gro_order, eudp) { .door = {
	.family = AF_EUDP, .other_family = AF_INET,
	.other_protocol = IPPROTO_EUDP, __EUDP_WIRE } };
FIXTURE_SETUP(gro_order) { enter_namespace(_metadata); }
FIXTURE_TEARDOWN(gro_order) { coalesce("0"); }

/* What is held goes before what cannot be added to it. (Not so in UDP.) */
TEST_F(gro_order, order)
{
	static const struct second none = { .name = "no sum", .len = 50,
					    .check = NONE };
	int t = __slow_tap(_metadata), fd, i;
	static struct part part;
	struct packet p;

	coalesce("1");
	fd = bound(ME, 7);
	for (i = 0; i < 2; i++) {
		__make_second(&p, &variant->door, &none, i);
		inject(t, &p);
	}
	__release(_metadata, t);
	EXPECT_EQ(100, take_part(fd, &part));
	EXPECT_EQ(50, take_part(fd, &part));
	EXPECT_EQ(-EAGAIN, take_part_with(fd, &part, 1, 0));
}

static int references(void)
{
	FILE *f = fopen("/sys/module/eudp/refcnt", "r");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Waits for what others have to give back. */
static void __await_references(struct __test_metadata *_metadata, int n)
{
	long long until = now_ms() + SOON_MS;

	while (references() != n) {
		ASSERT_GT(until, now_ms())
			TH_LOG("%d references, not %d", references(), n);
		usleep(1000);
	}
}

/* Two datagrams in one tick, so that the device holds a train */
static void __hold(struct __test_metadata *_metadata, int t,
		   const struct door *door, int before)
{
	static const struct second same = { .name = "same" };
	struct packet p;
	int i, tries;

	for (tries = 0; tries < 1000; tries++) {
		for (i = 0; i < 2; i++) {
			__make_second(&p, door, &same, i);
			__inject(_metadata, t, &p);
		}
		if (references() > before)
			return;
		__release(_metadata, t);
	}
	ASSERT_TRUE(false) TH_LOG("the device holds nothing");
}

#define hold(t, before)	__hold(_metadata, t, &variant->door, before)

/*
 * A train that a device holds keeps the module, until it goes its way or the
 * device is taken away with it.
 */
TEST_F(gro_order, module)
{
	int t = __slow_tap(_metadata), fd, before;
	static struct part part;

	/* there is no module whose references could be counted */
	if (built_in())
		return;
	__await_references(_metadata, 0);
	before = references();
	coalesce("1");
	hold(t, before);
	EXPECT_EQ(before + 1, references());
	EXPECT_EQ(EAGAIN, err_of(syscall(SYS_delete_module, "eudp",
					 O_NONBLOCK)));
	__release(_metadata, t);
	EXPECT_EQ(before, references());

	/* it is told no more to hold any, but has one */
	hold(t, before);
	fd = bound(ME, 7);
	coalesce("0");
	__release(_metadata, t);
	EXPECT_EQ(100, take_part(fd, &part));
	EXPECT_EQ(100, take_part(fd, &part));
	EXPECT_EQ(-EAGAIN, take_part_with(fd, &part, 1, 0));
	close(fd);
	__await_references(_metadata, before);

	coalesce("1");
	hold(t, before);
	close(t);
	EXPECT_EQ(before, references());
}

TEST_HARNESS_MAIN
