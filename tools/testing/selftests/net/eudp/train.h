/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Trains: one call sends, or receives, many datagrams of one length, of which
 * only the last may be shorter. UDP_SEGMENT and UDP_GRO of udp(7).
 */
#ifndef _EUDP_TEST_TRAIN_H
#define _EUDP_TEST_TRAIN_H

#include "lib.h"
#include <linux/udp.h>

#define SEGMENTS_MAX	128

/* Byte @i of what is sent; no two pieces are the same, nor is one of zeroes */
static inline unsigned char byte_at(unsigned int i)
{
	return i * 31 + i / 256 * 7 + 1;
}

static inline const unsigned char *pattern(void)
{
	static unsigned char data[1 << 17];
	unsigned int i = sizeof(data);

	/* from the end, so that the first byte says that all is there */
	while (!data[0] && i--)
		data[i] = byte_at(i);
	return data;
}

/* Sends @len bytes of the pattern, @segment by control message unless < 0 */
static inline int __send_train(int fd, const struct any_addr *to, int len,
			       int segment, int flags, int level)
{
	struct iovec iov = { (void *)pattern(), len };
	char control[CMSG_SPACE(sizeof(__u16))] = {};
	struct cmsghdr *c = (struct cmsghdr *)control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = (void *)to, .msg_namelen = to ? to->len : 0 };
	__u16 value = segment;

	if (segment >= 0) {
		c->cmsg_level = level;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(value));
		memcpy(CMSG_DATA(c), &value, sizeof(value));
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
	}
	return err_of(sendmsg(fd, &msg, flags));
}

/* To the peer, as a train */
static inline int send_train(int fd, int len, int segment)
{
	return __send_train(fd, NULL, len, segment, 0, IPPROTO_UDP);
}

/* A datagram that has been received; @gro is its UDP_GRO, or -1 */
struct part {
	int len;		/* or -errno */
	int gro;
	int flags;
	unsigned char data[65536];
};

static inline int take_part_with(int fd, struct part *p, int size, int flags)
{
	struct iovec iov = { p->data, size };
	char control[256];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	p->gro = -1;
	p->len = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	if (p->len < 0)
		p->len = -errno;
	p->flags = msg.msg_flags;
	for (c = CMSG_FIRSTHDR(&msg); p->len >= 0 && c;
	     c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&p->gro, CMSG_DATA(c), sizeof(p->gro));
	return p->len;
}

/* The length of the next datagram, or -errno; waits if there is none */
static inline int take_part(int fd, struct part *p)
{
	p->len = -ETIMEDOUT;
	if (!await(fd, POLLIN))
		return p->len;
	return take_part_with(fd, p, sizeof(p->data), 0);
}

/* Whether the pattern is there, from byte @from of it on */
static inline int is_pattern(const unsigned char *data, int from, int len)
{
	return !memcmp(data, pattern() + from, len);
}

/* A train of @len bytes arrives datagram by datagram, and nothing else */
static inline void __expect_parts(struct __test_metadata *_metadata, int fd,
				  int len, int segment)
{
	static struct part p;
	int at, want;

	for (at = 0; at < len; at += want) {
		want = len - at < segment ? len - at : segment;
		ASSERT_EQ(want, take_part(fd, &p))
			TH_LOG("at byte %d of %d, by %d", at, len, segment);
		ASSERT_TRUE(is_pattern(p.data, at, want))
			TH_LOG("wrong from byte %d of %d on", at, len);
		ASSERT_EQ(-1, p.gro);
		ASSERT_EQ(0, p.flags & MSG_TRUNC);
	}
	ASSERT_EQ(-EAGAIN, take_part_with(fd, &p, 1, 0));
}

/* It arrives whole. What is not a train comes without the control message. */
static inline void __expect_train(struct __test_metadata *_metadata, int fd,
				  int len, int segment)
{
	static struct part p;

	ASSERT_EQ(len, take_part(fd, &p));
	ASSERT_TRUE(is_pattern(p.data, 0, len));
	ASSERT_EQ(segment, p.gro);
	ASSERT_EQ(0, p.flags & MSG_TRUNC);
	ASSERT_EQ(-EAGAIN, take_part_with(fd, &p, 1, 0));
}

#define expect_parts(fd, len, segment) \
	__expect_parts(_metadata, fd, len, segment)
#define expect_train(fd, len, segment) \
	__expect_train(_metadata, fd, len, segment)

#endif /* _EUDP_TEST_TRAIN_H */
