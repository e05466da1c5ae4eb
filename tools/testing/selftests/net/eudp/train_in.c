// SPDX-License-Identifier: GPL-2.0
/*
 * Trains that are not of this host: a virtual machine, or whoever has a tun
 * device, says in the header of virtio that a packet is several datagrams.
 */
#include "packet.h"

#include <linux/filter.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <stdlib.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5	/* older headers have none */
#endif

#define PORT		7
#define VNET_LEN	10	/* struct virtio_net_hdr */
#define HOP_LEN		8

EUDP6_FIXTURE(train_in)

/* A tun device whose packets come with such a header */
static int __vnet_tun(struct __test_metadata *_metadata)
{
	struct ifreq ifr = { .ifr_name = "tun0",
			     .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd;

	addresses_at_once();
	if (access("/dev/net/tun", F_OK))
		run("modprobe tun");
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, TUNSETIFF, &ifr));
	link_up("tun0");
	add_address("tun0", ME6, 64);
	__await_address(_metadata, ME6);
	return fd;
}

/*
 * @len bytes of payload as datagrams of @segment each, 128 at most. More than
 * 64 KiB are a jumbogram: RFC 2675.
 */
static void __send_train(struct __test_metadata *_metadata, int tun,
			 const struct door *door, unsigned int len, int segment)
{
	unsigned int hop = len + HDR_LEN > 0xffff ? HOP_LEN : 0;
	unsigned int headers = VNET_LEN + IP6_LEN + hop + HDR_LEN;
	unsigned char *bytes = calloc(1, headers + len);
	struct virtio_net_hdr vnet = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4,
		.gso_size = segment, .hdr_len = IP6_LEN + hop + HDR_LEN,
		.csum_start = IP6_LEN + hop, .csum_offset = 6,
	};
	/* its sum is not made yet */
	struct header h = { htons(4000), htons(PORT),
			    hop ? 0 : htons(HDR_LEN + len), 1 };
	struct ip6_hdr ip = {
		.ip6_hlim = 64, .ip6_nxt = hop ? IPPROTO_HOPOPTS : door->wire,
		.ip6_plen = hop ? 0 : htons(HDR_LEN + len),
		.ip6_src = addr6(YOU6, 0).sin6_addr,
		.ip6_dst = addr6(ME6, 0).sin6_addr,
	};
	unsigned char jumbo[HOP_LEN] = { door->wire, 0, 0xc2, 4 };
	__u32 jumbo_len = htonl(HOP_LEN + HDR_LEN + len);

	ASSERT_NE(NULL, bytes);
	ip.ip6_vfc = 6 << 4;
	memcpy(jumbo + 4, &jumbo_len, 4);
	memcpy(bytes, &vnet, VNET_LEN);
	memcpy(bytes + VNET_LEN, &ip, IP6_LEN);
	memcpy(bytes + VNET_LEN + IP6_LEN, jumbo, hop);
	memcpy(bytes + headers - HDR_LEN, &h, HDR_LEN);
	ASSERT_EQ(headers + len, write(tun, bytes, headers + len))
		TH_LOG("%s", strerror(errno));
	free(bytes);
}

#define vnet_tun()	__vnet_tun(_metadata)
#define train(tun, len, segment) \
	__send_train(_metadata, tun, &variant->door, len, segment)

/* One by one, and with UDP_GRO as one */
TEST_F(train_in, received)
{
	int tun = vnet_tun(), fd = bound("::", PORT);
	char data[2000];

	train(tun, 450, 100);
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(50, take(fd, data, sizeof(data)));
	EXPECT_EQ(EAGAIN, silent(fd));

	ASSERT_EQ(0, set_int(fd, IPPROTO_UDP, UDP_GRO, 1));
	train(tun, 450, 100);
	EXPECT_EQ(450, take(fd, data, sizeof(data)));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* What looks at each datagram alone sees each; here it takes the long ones. */
TEST_F(train_in, filtered)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_LEN, 0, 0, 0 },
		{ BPF_JMP | BPF_JGE | BPF_K, 0, 1, HDR_LEN + 100 },
		{ BPF_RET | BPF_K, 0, 0, 0xffff },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };
	int tun = vnet_tun(), fd = bound("::", PORT);
	char data[200];

	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
				sizeof(program)));
	train(tun, 250, 100);
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(100, take(fd, data, sizeof(data)));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* However long they are, each is received or counted as dropped. */
TEST_F(train_in, all_accounted_for)
{
	static const struct {
		int len, segment;
	} cases[] = {
		{ 128, 1 }, { 60000, 1000 }, { 65536, 1000 }, { 100000, 800 },
		{ 128000, 1000 },
	};
	int tun = vnet_tun(), fd = bound("::", PORT), some;
	const struct door *d = &variant->door;
	long before, taken;
	unsigned int i;
	char data[1000];

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		some = (cases[i].len - 1) / cases[i].segment + 1;
		before = counter(d, "RcvbufErrors");
		train(tun, cases[i].len, cases[i].segment);
		for (taken = 0; recv(fd, data, sizeof(data), MSG_DONTWAIT) > 0;
		     taken++)
			;
		EXPECT_EQ(some, taken + counter(d, "RcvbufErrors") - before)
			TH_LOG("of %d: %ld taken", some, taken);
	}
}

TEST_HARNESS_MAIN
