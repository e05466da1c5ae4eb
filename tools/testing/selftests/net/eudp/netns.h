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
	run("ip link set lo up");
	ASSERT_EQ(0, setns(home, CLONE_NEWNET));
	close(home);
	return fd;
}

/* A pair of devices, one of them @there; both are called @name */
static inline void __cable(struct __test_metadata *_metadata, const char *name,
			   int there)
{
	char text[128];

	snprintf(text, sizeof(text),
		 "ip link add %s type veth peer name %s netns /proc/self/fd/%d",
		 name, name, there);
	run(text);
}

#define another_namespace() __another_namespace(_metadata)
#define cable(name, there) __cable(_metadata, name, there)
#define inside(namespace) ASSERT_EQ(0, setns(namespace, CLONE_NEWNET))

#endif /* _EUDP_TEST_NETNS_H */
