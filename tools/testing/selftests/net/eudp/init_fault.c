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

/* Writes both ends of a range of addresses that a stack trace is looked for */
static int write_range(const char *fault, const char *what,
		       unsigned long long start, unsigned long long end)
{
	char path[64], value[32];
	int err;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s-start", fault, what);
	snprintf(value, sizeof(value), "0x%llx", start);
	err = write_file(path, value);
	snprintf(path, sizeof(path), DEBUGFS "/%s/%s-end", fault, what);
	snprintf(value, sizeof(value), "0x%llx", end);
	return err ?: write_file(path, value);
}

/*
 * Only what is called from modules fails, which leaves the module loader out:
 * the area for modules is 512 MiB large, and eudp is in it.
 */
static int limit_to_modules(const char *fault)
{
	unsigned long long addr = 0;
	char line[512];
	FILE *f = fopen("/proc/modules", "r");

	if (!f)
		return errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "eudp ", 5))
			sscanf(strstr(line, " 0x") ?: "", "%llx", &addr);
	fclose(f);
	if (!addr)
		return ENOENT;

	addr &= ~((512ULL << 20) - 1);
	return write_range(fault, "require", addr, addr + (512ULL << 20));
}

/*
 * And not what a function of the kernel calls that leaks by itself: its end is
 * where the next one begins.
 */
static int spare_function(const char *fault, const char *function)
{
	unsigned long long addr, start = 0, end = -1ULL;
	char name[256], type;
	FILE *f = fopen("/proc/kallsyms", "r");

	if (!f)
		return errno;
	while (fscanf(f, "%llx %c %255s%*[^\n]", &addr, &type, name) == 3)
		if (!strcmp(name, function))
			start = addr;
	rewind(f);
	while (fscanf(f, "%llx %c %255s%*[^\n]", &addr, &type, name) == 3)
		if (addr > start && addr < end)
			end = addr;
	fclose(f);
	return start ? write_range(fault, "reject", start, end) : ENOENT;
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

	/* its address is known while it is loaded */
	if (access("/sys/module/eudp", F_OK))
		ASSERT_EQ(0, load(self->module));
	ASSERT_EQ(0, limit_to_modules("failslab"));
	ASSERT_EQ(0, limit_to_modules("fail_page_alloc"));
	/* It loses the name of a cache that it cannot show. */
	ASSERT_EQ(0, spare_function("failslab", "sysfs_slab_add"));
	ASSERT_EQ(0, spare_function("fail_page_alloc", "sysfs_slab_add"));
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
