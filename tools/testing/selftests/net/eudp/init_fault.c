// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of loading eudp fails in turn, by fail-nth: each time the
 * load fails and leaves nothing behind, or has done without, and the next one
 * works. See Documentation/fault-injection in the kernel source.
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

#define DEBUGFS			"/sys/kernel/debug"
#define MOST_ALLOCATIONS	5000

static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* Lets the nth allocation of this task from now on fail; 0: none. */
static int set_fail_nth(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	return pwrite(fd, text, len, 0) == len ? 0 : errno;
}

/* How many allocations are left until one fails; 0: it has failed. */
static int get_fail_nth(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		return -1;
	return atoi(text);
}

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
	self->nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->nth);

	/* Allocations that may wait fail as well; each failure is not told. */
	ASSERT_EQ(0, write_file(DEBUGFS "/failslab/ignore-gfp-wait", "0"));
	ASSERT_EQ(0, write_file(DEBUGFS "/failslab/verbose", "0"));
	ASSERT_EQ(0, write_file(DEBUGFS "/fail_page_alloc/ignore-gfp-wait",
				"0"));
	ASSERT_EQ(0, write_file(DEBUGFS "/fail_page_alloc/min-order", "0"));
	ASSERT_EQ(0, write_file(DEBUGFS "/fail_page_alloc/verbose", "0"));

	if (!access("/sys/module/eudp", F_OK))
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
			/* EINVAL: a failure inside sysfs or the module loader */
			EXPECT_TRUE(err == ENOMEM || err == ENOBUFS ||
				    err == EINVAL) {
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
	EXPECT_LT(20, failed);
	TH_LOG("%d allocations, %d of them fatal", n - 1, failed);

	ASSERT_EQ(0, load(self->module));
	EXPECT_TRUE(door_open(AF_EUDP, 0));
	EXPECT_TRUE(door_open(AF_INET, IPPROTO_EUDP));
	ASSERT_EQ(0, unload());
	EXPECT_TRUE(nothing_left());
}

TEST_HARNESS_MAIN
