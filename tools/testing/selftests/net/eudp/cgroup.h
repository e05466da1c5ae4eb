/* SPDX-License-Identifier: GPL-2.0 */
/* A cgroup of the test's own, in the hierarchy of cgroups(7) version 2 */
#ifndef _EUDP_TEST_CGROUP_H
#define _EUDP_TEST_CGROUP_H

#include "lib.h"
#include <sys/stat.h>

#define CGROUP	"/sys/fs/cgroup"

struct cgroup {
	char path[48];
	int fd;
};

/* Makes it; nobody is in it. drop_cgroup() has to follow. */
static inline void __make_cgroup(struct __test_metadata *_metadata,
				 struct cgroup *c)
{
	snprintf(c->path, sizeof(c->path), CGROUP "/eudp-%d", getpid());
	ASSERT_EQ(0, mkdir(c->path, 0755))
		TH_LOG("%s: %s", c->path, strerror(errno));
	c->fd = open(c->path, O_RDONLY | O_DIRECTORY);
	ASSERT_LE(0, c->fd);
}

static inline int cgroup_write(struct cgroup *c, const char *file,
			       const char *text)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", c->path, file);
	return write_file(path, text);
}

/* Sockets made from now on belong to it; those that there are do not */
static inline int enter_cgroup(struct cgroup *c)
{
	return cgroup_write(c, "cgroup.procs", "0");
}

static inline int leave_cgroup(void)
{
	return write_file(CGROUP "/cgroup.procs", "0");
}

/* When nobody is in it any more */
static inline int drop_cgroup(struct cgroup *c)
{
	leave_cgroup();
	return rmdir(c->path) ? -errno : 0;
}

#define make_cgroup(c)	__make_cgroup(_metadata, c)

#endif /* _EUDP_TEST_CGROUP_H */
