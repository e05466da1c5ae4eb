// SPDX-License-Identifier: GPL-2.0
/*
 * What a user may not do is tried as one, what is of another namespace as
 * somebody here; and nothing but what was meant is copied to user space.
 */
#include "control.h"
#include "netns.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/udp.h>
#include <netinet/ip.h>

#define NOBODY	65534
#define FILL	0xa5	/* what a buffer is filled with before it is given */

EUDP_BOTH_FIXTURE(isolation);

static void __become_nobody(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, setresgid(NOBODY, NOBODY, NOBODY));
	ASSERT_EQ(0, setresuid(NOBODY, NOBODY, NOBODY));
}

#define become_nobody() __become_nobody(_metadata)

/* By option and, where there is one, by control message: socket(7), ip(7) */
TEST_F(isolation, options_of_root)
{
	static const struct {
		int version;	/* 0: of both */
		int level, option, value, err, control_err;
	} cases[] = {
		{ 0, SOL_SOCKET, SO_MARK, 1, EPERM, EPERM },
		{ 0, SOL_SOCKET, SO_PRIORITY, 6, 0, -1 },
		{ 0, SOL_SOCKET, SO_PRIORITY, 7, EPERM, -1 },
		{ 0, SOL_SOCKET, SO_RCVBUFFORCE, 4096, EPERM, EINVAL },
		{ 0, SOL_SOCKET, SO_SNDBUFFORCE, 4096, EPERM, EINVAL },
		{ 0, SOL_SOCKET, SO_DEBUG, 1, EACCES, -1 },
		{ 0, SOL_SOCKET, SO_PREFER_BUSY_POLL, 1, EPERM, EINVAL },
		{ AF_INET, SOL_IP, IP_TRANSPARENT, 1, EPERM, EINVAL },
		{ AF_INET, SOL_IP, IP_FREEBIND, 1, 0, EINVAL },
		{ AF_INET6, SOL_IPV6, IPV6_TRANSPARENT, 1, EPERM, EINVAL },
		{ AF_INET6, SOL_IPV6, IPV6_FREEBIND, 1, 0, EINVAL },
	};
	unsigned int i;
	int fd = sock();

	become_nobody();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		if (c->version && c->version != variant->door.version)
			continue;
		EXPECT_EQ(c->err, err_of(set_int(fd, c->level, c->option,
						 c->value)))
			TH_LOG("option %d of level %d", c->option, c->level);
		if (c->control_err < 0)
			continue;
		EXPECT_EQ(c->control_err,
			  send_int(fd, lo(1), c->level, c->option, c->value))
			TH_LOG("message %d of level %d", c->option, c->level);
	}
}

/* The port is free there, and what is sent there is not heard here */
TEST_F(isolation, namespaces)
{
	const struct door *d = &variant->door;
	int here = open("/proc/self/ns/net", O_RDONLY), fd, other, there;
	char line[32], text[256];
	bool listed = false;
	FILE *f;

	ASSERT_LE(0, here);
	fd = bound(lo(1), 5000);
	ASSERT_EQ(0, tag_to(fd, lo(1), 5000, 'h'));
	there = another_namespace();
	inside(there);
	EXPECT_EQ(0, counter(d, "OutDatagrams"));
	EXPECT_EQ(0, counter(d, "InDatagrams"));
	snprintf(line, sizeof(line), ":%04X ", 5000);
	f = fopen(d->table, "r");
	ASSERT_NE(NULL, f);
	while (fgets(text, sizeof(text), f))
		listed |= !!strstr(text, line);
	fclose(f);
	EXPECT_FALSE(listed);

	other = bound(lo(1), 5000);
	ASSERT_EQ(0, tag_to(sock(), lo(1), 5000, 't'));
	EXPECT_EQ('t', take_tag(other));
	inside(here);
	EXPECT_EQ('h', take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
	EXPECT_EQ(1, counter(d, "OutDatagrams"));
	/* this one stays what it is, wherever its owner goes */
	ASSERT_EQ(0, tag_to(other, lo(1), 5000, 's'));
	EXPECT_EQ('s', take_tag(other));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* Whether the bytes are all @byte */
static bool all_are(const void *data, size_t len, unsigned char byte)
{
	const unsigned char *p = data;

	while (len && *p == byte) {
		p++;
		len--;
	}
	return !len;
}

/* Bytes that mean nothing are 0 in what was copied out as an address */
static bool address_is_clean(const struct any_addr *any)
{
	if (any->sa.sa_family == AF_INET6)
		return !any->sin6.sin6_flowinfo && !any->sin6.sin6_scope_id;
	/* that of no host, as where nobody but this one knows of an error */
	if (any->sa.sa_family == AF_UNSPEC)
		return all_are(any, sizeof(any->sin), 0);
	return any->sa.sa_family == AF_INET &&
	       all_are(any->sin.sin_zero, sizeof(any->sin.sin_zero), 0);
}

/* One buffer each, filled before the call */
struct received {
	unsigned char name[256], control[1024];
	struct msghdr msg;
};

static ssize_t receive_filled(int fd, struct received *r, int flags)
{
	static unsigned char data[64];
	static struct iovec iov = { data, sizeof(data) };

	memset(r, FILL, sizeof(*r));
	r->msg = (struct msghdr){
		.msg_name = r->name, .msg_namelen = sizeof(r->name),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = r->control,
		.msg_controllen = sizeof(r->control),
	};
	return recvmsg(fd, &r->msg, flags);
}

/* How many messages there are; none of them has more than it says */
static int __clean_messages(struct __test_metadata *_metadata,
			    struct received *r)
{
	struct sock_extended_err *ee;
	struct cmsghdr *h;
	size_t end = 0;
	int n = 0;

	for (h = CMSG_FIRSTHDR(&r->msg); h; h = CMSG_NXTHDR(&r->msg, h)) {
		size_t len = h->cmsg_len - CMSG_LEN(0), begin;

		begin = (unsigned char *)h - r->control;
		end = begin + CMSG_ALIGN(h->cmsg_len);
		/* up to the next one, nobody has written */
		EXPECT_TRUE(all_are(CMSG_DATA(h) + len,
				    CMSG_ALIGN(h->cmsg_len) - h->cmsg_len,
				    FILL))
			TH_LOG("behind message %d of level %d", h->cmsg_type,
			       h->cmsg_level);
		if (h->cmsg_type == IP_RECVERR || h->cmsg_type == IPV6_RECVERR) {
			ee = (struct sock_extended_err *)CMSG_DATA(h);
			EXPECT_EQ(0, ee->ee_pad);
			EXPECT_EQ(0, ee->ee_data);
			EXPECT_TRUE(address_is_clean((struct any_addr *)
						     SO_EE_OFFENDER(ee)));
		} else if (h->cmsg_type == IP_ORIGDSTADDR ||
			   h->cmsg_type == IPV6_ORIGDSTADDR) {
			EXPECT_TRUE(address_is_clean((struct any_addr *)
						     CMSG_DATA(h)));
		}
		n++;
	}
	EXPECT_TRUE(all_are(r->control + end, sizeof(r->control) - end, FILL));
	return n;
}

#define clean_messages(r)	__clean_messages(_metadata, r)

TEST_F(isolation, received)
{
	static const int common[] = {
		SO_TIMESTAMPNS, SO_RXQ_OVFL, SO_RCVMARK,
	}, ip4[] = {
		IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR,
		IP_CHECKSUM, IP_RECVOPTS, IP_RECVFRAGSIZE, IP_RECVERR,
	}, ip6[] = {
		IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS,
		IPV6_RECVORIGDSTADDR, IPV6_RECVERR, IPV6_RECVRTHDR,
	};
	bool is6 = variant->door.version == AF_INET6;
	struct any_addr *name;
	struct received r;
	unsigned int i;
	int fd;

	fd = bound(lo(1), 5000);
	for (i = 0; i < ARRAY_SIZE(common); i++)
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, common[i], 1));
	for (i = 0; i < (is6 ? ARRAY_SIZE(ip6) : ARRAY_SIZE(ip4)); i++)
		ASSERT_EQ(0, set_int(fd, is6 ? SOL_IPV6 : SOL_IP,
				     is6 ? ip6[i] : ip4[i], 1));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING,
			     SOF_TIMESTAMPING_RX_SOFTWARE |
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     SOF_TIMESTAMPING_SOFTWARE));
	ASSERT_EQ(0, tag_to(fd, lo(1), 5000, 'a'));

	name = (struct any_addr *)r.name;
	ASSERT_EQ(1, receive_filled(fd, &r, 0));
	EXPECT_EQ(is6 ? sizeof(name->sin6) : sizeof(name->sin),
		  r.msg.msg_namelen);
	EXPECT_TRUE(address_is_clean(name));
	EXPECT_TRUE(all_are(r.name + r.msg.msg_namelen,
			    sizeof(r.name) - r.msg.msg_namelen, FILL));
	EXPECT_LT(5, clean_messages(&r));

	/* the time when it was sent, and the error that nobody is at a port */
	settle();
	ASSERT_LE(0, receive_filled(fd, &r, MSG_ERRQUEUE));
	EXPECT_LT(1, clean_messages(&r));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_TIMESTAMPING, 0));
	ASSERT_EQ(0, tag_to(fd, lo(1), 9, 'b'));
	settle();
	ASSERT_LE(0, receive_filled(fd, &r, MSG_ERRQUEUE));
	EXPECT_TRUE(address_is_clean(name));
	EXPECT_LT(0, clean_messages(&r));
}

/* ... of addresses, and behind what the length says of options */
TEST_F(isolation, told)
{
	static const int levels[] = { SOL_IP, SOL_IPV6, SOL_SOCKET,
				      IPPROTO_UDP };
	unsigned char buf[512];
	struct any_addr *any = (struct any_addr *)buf;
	int fd = bound(lo(1), 5000), i, k, told = 0;
	socklen_t len;

	joined(fd, lo(1), 9);
	for (i = 0; i < 2; i++) {
		memset(buf, FILL, sizeof(buf));
		len = sizeof(buf);
		ASSERT_EQ(0, (i ? getsockname : getpeername)(fd, &any->sa,
							     &len));
		EXPECT_TRUE(address_is_clean(any));
		EXPECT_TRUE(all_are(buf + len, sizeof(buf) - len, FILL));
	}
	for (i = 0; i < ARRAY_SIZE(levels); i++) {
		for (k = 0; k < 128; k++) {
			memset(buf, FILL, sizeof(buf));
			len = sizeof(buf) / 2;
			if (getsockopt(fd, levels[i], k, buf, &len)) {
				EXPECT_TRUE(all_are(buf, sizeof(buf), FILL))
					TH_LOG("option %d of level %d", k,
					       levels[i]);
				continue;
			}
			told++;
			EXPECT_GE(sizeof(buf) / 2, len);
			EXPECT_TRUE(all_are(buf + len, sizeof(buf) - len, FILL))
				TH_LOG("behind option %d of level %d", k,
				       levels[i]);
		}
	}
	EXPECT_LT(60, told);
}

TEST_HARNESS_MAIN
