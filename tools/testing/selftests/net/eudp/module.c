// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading: parameters, twice, a number that is taken, in use,
 * again and again. eudp is loaded before each test and after the last one.
 *
 * EUDP_MODULE is the path of eudp.ko, TROUBLE_MODULE of the module that takes
 * the numbers first.
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

#define CYCLES	200
#define CYCLES_DEBUG 50	/* of half a second; make soak has 1000 */

/* 0 or errno, as all below */
static int load(const char *variable, const char *parameters)
{
	const char *path = getenv(variable);
	int fd, err;

	if (!path)
		return ENOENT;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return err;
}

static int load_eudp(const char *parameters)
{
	return load("EUDP_MODULE", parameters);
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

/* A socket that was closed is freed after a grace period, and holds eudp. */
static int unload_eudp(void)
{
	int i, err = EAGAIN;

	for (i = 0; i < 1000 && err == EAGAIN; i++) {
		err = unload("eudp");
		if (err == EAGAIN)
			usleep(10 * 1000);
	}
	return err;
}

static int open_error(int family, int protocol)
{
	int fd = socket(family, SOCK_DGRAM, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static bool loaded(void)
{
	return !access("/sys/module/eudp", F_OK);
}

/* Whether a line of /proc/net/protocols begins with EUDP. */
static bool has_protocol(void)
{
	FILE *f = fopen("/proc/net/protocols", "r");
	char line[256];
	bool has = false;

	while (f && fgets(line, sizeof(line), f))
		has |= !strncmp(line, "EUDP", 4);
	if (f)
		fclose(f);
	return has;
}

/* Nothing that eudp registers is there. */
static bool nothing_left(void)
{
	return !loaded() && access("/proc/sys/net/eudp", F_OK) &&
	       !has_protocol() &&
	       open_error(AF_INET, IPPROTO_EUDP) == EPROTONOSUPPORT;
}

FIXTURE(module) {
	int kmsg;
};

FIXTURE_SETUP(module)
{
	if (!loaded())
		ASSERT_EQ(0, load_eudp(""));
	self->kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->kmsg);
	lseek(self->kmsg, 0, SEEK_END);
}

FIXTURE_TEARDOWN(module)
{
	close(self->kmsg);
	if (!loaded())
		load_eudp("");
}

/* How many lines with @text the kernel has logged since the test began. */
static int logged(int kmsg, const char *text)
{
	char line[8192];
	int count = 0;
	ssize_t len;

	while ((len = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		if (strstr(line, text))
			count++;
	}
	return count;
}

TEST_F(module, twice_is_eexist)
{
	ASSERT_EQ(EEXIST, load_eudp(""));
	EXPECT_EQ(0, open_error(AF_EUDP, 0));
	EXPECT_EQ(0, open_error(AF_INET, IPPROTO_EUDP));
}

TEST_F(module, out_of_range_parameter_is_einval)
{
	static const char * const parameters[] = {
		"hash_entries=0", "hash_entries=8", "hash_entries=100",
		"hash_entries=131072", "hash_entries=-1", "hash_entries=",
		"hash_entries=many", "hash_entries=16k",
	};
	size_t i;

	ASSERT_EQ(0, unload_eudp());
	for (i = 0; i < sizeof(parameters) / sizeof(*parameters); i++) {
		EXPECT_EQ(EINVAL, load_eudp(parameters[i])) {
			TH_LOG("%s", parameters[i]);
		}
		EXPECT_TRUE(nothing_left());
	}
	EXPECT_EQ(ERANGE, load_eudp("hash_entries=99999999999"));
	EXPECT_TRUE(nothing_left());
}

TEST_F(module, parameter_in_range)
{
	static const char * const values[] = { "16", "65536" };
	char parameter[32], seen[32];
	size_t i;
	FILE *f;

	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		ASSERT_EQ(0, unload_eudp());
		snprintf(parameter, sizeof(parameter), "hash_entries=%s",
			 values[i]);
		ASSERT_EQ(0, load_eudp(parameter));
		f = fopen("/sys/module/eudp/parameters/hash_entries", "r");
		ASSERT_NE(NULL, f);
		ASSERT_EQ(1, fscanf(f, "%31s", seen));
		fclose(f);
		EXPECT_STREQ(values[i], seen);
		EXPECT_EQ(0, open_error(AF_EUDP, 0));
	}
	ASSERT_EQ(0, unload_eudp());
}

TEST_F(module, family_is_taken)
{
	ASSERT_EQ(0, unload_eudp());
	ASSERT_EQ(0, load("TROUBLE_MODULE", "make=family"));
	EXPECT_EQ(EBUSY, load_eudp(""));
	EXPECT_EQ(1, logged(self->kmsg, "eudp: address family 18 is taken"));
	EXPECT_TRUE(nothing_left());
	/* The other module has not lost it. */
	EXPECT_EQ(EPROTONOSUPPORT, open_error(AF_EUDP, 0));
	ASSERT_EQ(0, unload("trouble"));
	EXPECT_EQ(EAFNOSUPPORT, open_error(AF_EUDP, 0));
	EXPECT_EQ(0, load_eudp(""));
}

/* By whoever has it of one version of IP, or who puts trains of it together */
TEST_F(module, protocol_is_taken)
{
	static const char * const takes[] = {
		"make=protocol", "make=protocol6", "make=offload", "make=offload6",
	};
	unsigned int i;

	ASSERT_EQ(0, unload_eudp());
	for (i = 0; i < ARRAY_SIZE(takes); i++) {
		ASSERT_EQ(0, load("TROUBLE_MODULE", takes[i]));
		EXPECT_EQ(EBUSY, load_eudp(""))
			TH_LOG("%s", takes[i]);
		EXPECT_EQ(1, logged(self->kmsg,
				    "eudp: IP protocol 253 is taken"));
		EXPECT_TRUE(nothing_left());
		EXPECT_EQ(EAFNOSUPPORT, open_error(AF_EUDP, 0));
		ASSERT_EQ(0, unload("trouble"));
	}
	EXPECT_EQ(0, load_eudp(""));
}

TEST_F(module, in_use)
{
	char said[256] = "";
	int fd, other;
	FILE *f;

	fd = socket(AF_EUDP, SOCK_DGRAM, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EAGAIN, unload("eudp"));

	f = popen("LC_ALL=C rmmod eudp 2>&1", "r");
	ASSERT_NE(NULL, f);
	EXPECT_NE(NULL, fgets(said, sizeof(said), f));
	EXPECT_NE(0, pclose(f));
	EXPECT_NE(NULL, strstr(said, "in use")) {
		TH_LOG("rmmod said: %s", said);
	}

	/* and everything goes on */
	other = socket(AF_INET, SOCK_DGRAM, IPPROTO_EUDP);
	EXPECT_LE(0, other);
	close(other);
	close(fd);
	EXPECT_EQ(0, unload_eudp());
	EXPECT_TRUE(nothing_left());
}

/* which is a module that uses eudp */
TEST_F(module, in_use_by_eudp_diag)
{
	ASSERT_EQ(0, system("modprobe -q inet_diag;"
			    "exec insmod ${EUDP_MODULE%/*}/eudp_diag.ko"));
	EXPECT_EQ(EAGAIN, unload("eudp"));
	EXPECT_EQ(0, unload("eudp_diag"));
	EXPECT_EQ(0, unload_eudp());
	EXPECT_TRUE(nothing_left());
}

TEST_F_TIMEOUT(module, again_and_again, 600)
{
	const char *kernel = getenv("EUDP_KERNEL");
	int i, cycles = CYCLES;

	if (kernel && !strcmp(kernel, "debug"))
		cycles = CYCLES_DEBUG;
	for (i = 0; i < cycles; i++) {
		ASSERT_EQ(0, unload_eudp());
		ASSERT_EQ(0, load_eudp(""));
		ASSERT_EQ(0, open_error(AF_EUDP, 0));
		ASSERT_EQ(0, open_error(AF_INET, IPPROTO_EUDP));
	}
	ASSERT_EQ(0, unload_eudp());
	EXPECT_TRUE(nothing_left());
}

TEST_HARNESS_MAIN
