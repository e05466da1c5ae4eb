// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of eudp's init fails in turn, by fail-nth: each time the
 * load fails and leaves nothing behind, or has done without, and the next one
 * works. Those of the module loader itself do not fail: it warns and leaks.
 * See Documentation/fault-injection in the kernel source.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/eudp.h>
#include "../../kselftest_harness.h"
#include "fault.h"

#define MOST_ALLOCATIONS	5000

static bool door_open(int family, int protocol)
{
	int fd = socket(family, SOCK_DGRAM, protocol);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int unload(void)
{
	int i;

	/* the sockets of door_open() are freed after a grace period */
	for (i = 0; i < 1000; i++) {
		if (!syscall(SYS_delete_module, "eudp", O_NONBLOCK))
			return 0;
		if (errno != EAGAIN)
			return errno;
		usleep(10 * 1000);
	}
	return EAGAIN;
}

static int load(int module)
{
	return syscall(SYS_finit_module, module, "", 0) ? errno : 0;
}

static bool nothing_left(void)
{
	return access("/sys/module/eudp", F_OK) &&
	       access("/proc/sys/net/eudp", F_OK) &&
	       !door_open(AF_EUDP, 0) && !door_open(AF_INET, IPPROTO_EUDP);
}

FIXTURE(fault) {
	int module, nth;
};

FIXTURE_SETUP(fault)
{
	self->module = open(getenv("EUDP_MODULE"), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->module);
	self->nth = open_fail_nth();
	ASSERT_LE(0, self->nth);
	ASSERT_EQ(0, prepare_faults());

	/* its address is known while it is loaded */
	if (access("/sys/module/eudp", F_OK))
		ASSERT_EQ(0, load(self->module));
	ASSERT_EQ(0, limit_to_modules());
	/* It loses the name of a cache that it cannot show. */
	ASSERT_EQ(0, spare_function("sysfs_slab_add"));
	ASSERT_EQ(0, unload());
}

FIXTURE_TEARDOWN(fault)
{
	close(self->nth);
	close(self->module);
	/* as it was found */
	system("exec insmod \"$EUDP_MODULE\"");
}

TEST_F_TIMEOUT(fault, each_allocation_of_loading, 900)
{
	int n, err, left, failed = 0;

	for (n = 1; n < MOST_ALLOCATIONS; n++) {
		ASSERT_EQ(0, set_fail_nth(self->nth, n));
		err = load(self->module);
		left = get_fail_nth(self->nth);
		ASSERT_EQ(0, set_fail_nth(self->nth, 0));

		if (left) {
			/* there are fewer than n */
			ASSERT_EQ(0, err);
			ASSERT_EQ(0, unload());
			break;
		}
		if (err) {
			EXPECT_TRUE(err == ENOMEM || err == ENOBUFS) {
				TH_LOG("allocation %d: %s", n, strerror(err));
			}
			EXPECT_TRUE(nothing_left()) {
				TH_LOG("allocation %d leaves something", n);
			}
			failed++;
		} else {
			EXPECT_TRUE(door_open(AF_EUDP, 0));
			ASSERT_EQ(0, unload());
		}
	}
	EXPECT_GT(MOST_ALLOCATIONS, n);
	/* tables, counters, knobs and their copy, three files, the cache */
	EXPECT_LE(8, failed);
	TH_LOG("%d allocations, %d of them fatal", n - 1, failed);

	ASSERT_EQ(0, load(self->module));
	EXPECT_TRUE(door_open(AF_EUDP, 0));
	EXPECT_TRUE(door_open(AF_INET, IPPROTO_EUDP));
	ASSERT_EQ(0, unload());
	EXPECT_TRUE(nothing_left());
}

TEST_HARNESS_MAIN
