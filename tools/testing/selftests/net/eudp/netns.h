/* SPDX-License-Identifier: GPL-2.0 */
/* More namespaces than the one that a test begins in, and links between them */
#ifndef _EUDP_TEST_NETNS_H
#define _EUDP_TEST_NETNS_H

#include "lib.h"

/* A namespace beside this one; returns a descriptor of it, see inside() */
static inline int __another_namespace(struct __test_metadata *_metadata)
{
	int home = open("/proc/self/ns/net", O_RDONLY), fd;

	ASSERT_LE(0, home);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	fd = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, fd);
	link_up("lo");
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	close(home);
	return fd;
}

/* "10.0.1.2" or "fd00:1::2"; good for the next few calls */
static inline const char *on(int version, int net, int host)
{
	static char text[8][32];
	static unsigned int turn;
	char *s = text[turn++ % 8];

	snprintf(s, sizeof(text[0]), version == AF_INET6 ? "fd00:%d::%d" :
		 "10.0.%d.%d", net, host);
	return s;
}

/* The addresses of one device: its own of each version, and of the link */
static inline void __address(struct __test_metadata *_metadata,
			     const char *device, int net, int host)
{
	char of_link[32];

	snprintf(of_link, sizeof(of_link), "fe80::%d", host);
	add_address(device, on(AF_INET, net, host), 24);
	add_address(device, on(AF_INET6, net, host), 64);
	add_address(device, of_link, 64);
	link_up(device);
}

#define another_namespace() __another_namespace(_metadata)
#define address(device, net, host) __address(_metadata, device, net, host)
#define inside(namespace) ASSERT_EQ(0, setns(namespace, CLONE_NEWNET))

#endif /* _EUDP_TEST_NETNS_H */
