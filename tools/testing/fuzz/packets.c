// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that come in: datagrams, fragments, extension headers, and ICMP that
 * quotes them; right ones, almost right ones, and changed anywhere. They come
 * in by tun0, whose input runs in this task, so that KCOV sees it; or by lo.
 */
#include <arpa/inet.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>
#include "fuzz.h"

/* What the headers of an older system have not */
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define ICMP4		1
#define ICMP6		58
#define EUDP		253
#define FRAGMENT	44
#define IP4_LEN		20
#define IP6_LEN		40

struct packet {
	int version;		/* 0: IPv4, 1: IPv6 */
	unsigned int len;
	unsigned int header;	/* bytes of it before what it carries */
	uint8_t p[BUFFER];
};

static void put16(uint8_t *to, unsigned int value)
{
	to[0] = value >> 8;
	to[1] = value;
}

static uint32_t sum(const uint8_t *p, unsigned int len, uint32_t s)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		s += i & 1 ? p[i] : p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* Of @len bytes at @p, and of the pseudo header */
static uint32_t full_sum(const struct packet *ip, const uint8_t *p,
			 unsigned int len, int protocol)
{
	uint32_t s = protocol + len;

	if (ip->version)
		s = sum(ip->p + 8, 32, s);
	else
		s = sum(ip->p + 12, 8, s);
	return ~sum(p, len, s) & 0xffff;
}

static void put_address(uint8_t *to, int version, bool of_peer)
{
	static const char * const mine[][5] = {
		{ "192.0.2.1", "192.0.2.1", "127.0.0.1", "192.0.2.255",
		  "239.1.1.1" },
		{ "2001:db8::1", "2001:db8::1", "::1", "ff02::1", "ff0e::1:1" },
	};
	static const char * const peers[][5] = {
		{ "192.0.2.2", "192.0.2.2", "203.0.113.1", "127.0.0.1",
		  "0.0.0.0" },
		{ "2001:db8::2", "2001:db8::2", "fe80::2", "::1", "::" },
	};

	inet_pton(version ? AF_INET6 : AF_INET,
		  (of_peer ? peers : mine)[version][pick(5)], to);
}

/* The header of IP before what @ip will carry; @out: from this host */
static void begin_ip(struct packet *ip, int version, bool out, int protocol)
{
	uint8_t *p = ip->p, *next = p + 6;
	unsigned int n, len;

	ip->version = version;
	memset(p, 0, IP6_LEN);
	if (!version) {
		ip->header = IP4_LEN;
		p[1] = one_in(4) ? any() : 0;
		put16(p + 4, pick(4));
		put16(p + 6, one_in(8) ? 0x4000 : 0);
		p[8] = one_in(8) ? pick(3) : 64;
		p[9] = protocol;
		put_address(p + 12, version, !out);
		put_address(p + 16, version, out);
		if (one_in(6)) {
			len = ip_options(p + IP4_LEN);
			memset(p + IP4_LEN + len, 0, 4);
			ip->header += (len + 3) & ~3;
		}
		p[0] = 0x40 | (ip->header / 4);
		return;
	}
	ip->header = IP6_LEN;
	p[0] = 0x60;
	if (one_in(4))
		put16(p + 2, any());
	p[7] = one_in(8) ? pick(3) : 64;
	put_address(p + 8, version, !out);
	put_address(p + 24, version, out);
	for (n = one_in(3) ? pick(4) : 0; n; n--) {
		static const uint8_t types[] = { 0, 60, 60, 43, 135, 51 };

		len = extension_header(p + ip->header);
		*next = ONE_OF(types);
		next = p + ip->header;
		ip->header += len;
	}
	*next = protocol;
}

static void end_ip(struct packet *ip, unsigned int carried)
{
	ip->len = ip->header + carried;
	if (ip->version) {
		put16(ip->p + 4, ip->len - IP6_LEN);
		return;
	}
	put16(ip->p + 2, ip->len);
	put16(ip->p + 10, 0);
	put16(ip->p + 10, ~sum(ip->p, ip->header, 0));
}

/* More than 64 KiB: RFC 2675 */
static void make_jumbogram(struct packet *ip, bool out)
{
	unsigned int len = 65536 + pick(2000);
	uint8_t *hop = ip->p + IP6_LEN, *uh = hop + 8;

	begin_ip(ip, 1, out, EUDP);
	ip->p[6] = 0;
	ip->header = IP6_LEN + 8;
	memset(hop, 0, 16);
	hop[0] = EUDP;
	hop[2] = 0xc2;
	hop[3] = 4;
	put16(hop + 4, (len + 8) >> 16);
	put16(hop + 6, len + 8);
	put16(uh, FIRST_PORT + pick(PORTS));
	put16(uh + 2, FIRST_PORT + pick(PORTS));
	/* the sum is wrong but for the device that vouches for it */
	put16(uh + 6, 1);
	end_ip(ip, len);
	put16(ip->p + 4, 0);
}

static void make_datagram(struct packet *ip, int version, bool out)
{
	static const unsigned int lengths[] = {
		0, 1, 8, 64, 500, 1400, 1452, 1472, 3000, 8000, 60000,
	};
	unsigned int len, check, carried;
	uint8_t *uh;

	if (version && one_in(24)) {
		make_jumbogram(ip, out);
		return;
	}
	begin_ip(ip, version, out, one_in(20) ? pick(256) : EUDP);
	uh = ip->p + ip->header;
	len = ONE_OF(lengths);
	memcpy(uh + 8, payload, len);
	put16(uh, FIRST_PORT + pick(PORTS));
	put16(uh + 2, one_in(10) ? any() : FIRST_PORT + pick(PORTS));
	put16(uh + 4, one_in(8) ? pick(2 * len + 16) : len + 8);
	put16(uh + 6, 0);
	carried = one_in(12) ? pick(12) : len + 8;
	check = full_sum(ip, uh, len + 8, EUDP);
	if (one_in(6))
		check = one_in(2) ? 0 : any();
	put16(uh + 6, check);
	end_ip(ip, carried);
}

/* An error about a datagram that this host may have sent */
static void make_icmp(struct packet *ip, int version)
{
	static const unsigned int mtus[] = {
		0, 67, 68, 552, 576, 1000, 1279, 1280, 1400, 1500, 65535,
	};
	static const uint8_t types[][6] = {
		{ 3, 3, 4, 5, 11, 12 }, { 1, 2, 2, 3, 4, 137 },
	};
	static __thread struct packet quoted;
	unsigned int len;
	uint8_t *p;

	make_datagram(&quoted, version, true);
	len = one_in(4) ? pick(quoted.len + 1) : quoted.header + 8;
	if (len > 1200)
		len = 1200;
	begin_ip(ip, version, false, version ? ICMP6 : ICMP4);
	p = ip->p + ip->header;
	memset(p, 0, 8);
	p[0] = one_in(10) ? any() : types[version][pick(6)];
	p[1] = one_in(3) ? pick(16) : pick(6);
	put16(p + 6, ONE_OF(mtus));
	if (!version && p[0] == 3 && one_in(2))
		p[1] = 4;
	memcpy(p + 8, quoted.p, len);
	if (version)
		put16(p + 2, full_sum(ip, p, len + 8, ICMP6));
	else
		put16(p + 2, ~sum(p, len + 8, 0));
	end_ip(ip, len + 8);
}

/* Mostly says nothing; else that there is no checksum yet, or a train */
static void make_offload(const struct packet *ip, struct virtio_net_hdr *vnet)
{
	static const uint8_t types[] = {
		VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_NONE,
		VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_HDR_GSO_UDP_L4,
		VIRTIO_NET_HDR_GSO_UDP, VIRTIO_NET_HDR_GSO_TCPV4,
	};

	memset(vnet, 0, sizeof(*vnet));
	if (!one_in(4))
		return;
	vnet->gso_type = ONE_OF(types);
	vnet->gso_size = one_in(4) ? any() : pick(1500);
	vnet->hdr_len = one_in(2) ? ip->header + 8 : pick(ip->len + 1);
	vnet->flags = one_in(8) ? pick(4) : VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vnet->csum_start = one_in(8) ? pick(ip->len + 1) : ip->header;
	vnet->csum_offset = one_in(8) ? any() : 6;
}

static void deliver(struct packet *ip)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in to = { .sin_family = AF_INET };
	static __thread uint8_t bytes[sizeof(struct virtio_net_hdr) + BUFFER];
	struct virtio_net_hdr vnet;
	unsigned int n;

	for (n = one_in(4) ? 1 + pick(3) : 0; n && ip->len; n--)
		ip->p[one_in(2) ? any() % ip->len : pick(64) % ip->len] = any();
	if (one_in(20))
		ip->len = any() % (ip->len + 1);

	count_packet();
	if (!one_in(8)) {
		make_offload(ip, &vnet);
		memcpy(bytes, &vnet, sizeof(vnet));
		memcpy(bytes + sizeof(vnet), ip->p, ip->len);
		if (write(place.tun, bytes, sizeof(vnet) + ip->len) < 0)
			return;
	} else if (ip->version) {
		memcpy(&to6.sin6_addr, ip->p + 24, 16);
		sendto(place.raw[1], ip->p, ip->len, MSG_DONTWAIT,
		       (struct sockaddr *)&to6, sizeof(to6));
	} else {
		memcpy(&to.sin_addr, ip->p + 16, 4);
		sendto(place.raw[0], ip->p, ip->len, MSG_DONTWAIT,
		       (struct sockaddr *)&to, sizeof(to));
	}
}

/* As fragments, of which one may be missing, twice there, or in another place */
static void deliver_fragments(const struct packet *ip)
{
	unsigned int at, piece, each = 8 * (1 + pick(200)), most = 8;
	unsigned int carried = ip->len - ip->header;
	static __thread struct packet part;
	uint8_t *fragment;

	for (at = 0; at < carried && most; at += each, most--) {
		if (one_in(16))
			continue;
		piece = carried - at < each ? carried - at : each;
		memcpy(part.p, ip->p, ip->header);
		part.version = ip->version;
		part.header = ip->header;
		fragment = part.p + part.header;
		if (ip->version) {
			/* behind the header of IPv6; others are not split */
			part.header = IP6_LEN + 8;
			fragment = part.p + IP6_LEN;
			fragment[0] = ip->p[6];
			fragment[1] = 0;
			put16(fragment + 2, at | (at + piece < carried));
			put16(fragment + 4, 0);
			put16(fragment + 6, ip->p[15]);
			part.p[6] = FRAGMENT;
		} else {
			put16(part.p + 6, at / 8 |
			      (at + piece < carried ? 0x2000 : 0));
		}
		if (one_in(16))
			part.p[7] ^= 1 << pick(8);
		memcpy(part.p + part.header, ip->p + ip->header + at, piece);
		end_ip(&part, piece);
		deliver(&part);
	}
}

/* What came out is lost, but for what waits when nobody takes it. */
static void drain(void)
{
	static __thread uint8_t out[BUFFER];

	while (read(place.tun, out, sizeof(out)) > 0)
		;
}

void step_packet(void)
{
	static __thread struct packet ip;
	int version = pick(2);

	if (pick(3))
		make_datagram(&ip, version, false);
	else
		make_icmp(&ip, version);
	if (one_in(6) && ip.len >= ip.header)
		deliver_fragments(&ip);
	else
		deliver(&ip);
	if (!one_in(4))
		drain();
}
