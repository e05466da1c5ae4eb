// SPDX-License-Identifier: GPL-2.0
/*
 * socket(2) and close(2) through both doors: what can be opened, by whom, and
 * what the socket says that it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/eudp.h>
#include "../../kselftest_harness.h"

#define NOBODY		65534
#define RESTRICTION	"/proc/sys/net/eudp/require_net_raw"

static int open_error(int family, int type, int protocol)
{
	int fd = socket(family, type, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST(answers)
{
	static const struct {
		int family, type, protocol, err;
	} cases[] = {
		{ AF_EUDP, SOCK_DGRAM, 0, 0 },
		{ AF_EUDP, SOCK_DGRAM, PF_INET, 0 },
		{ AF_EUDP, SOCK_DGRAM, IPPROTO_UDP, 0 },
		{ AF_EUDP, SOCK_DGRAM, IPPROTO_EUDP, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_EUDP, 0 },
		{ AF_EUDP, SOCK_DGRAM, PF_INET6, 0 },
		{ AF_INET6, SOCK_DGRAM, IPPROTO_EUDP, 0 },
		{ AF_EUDP, SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT },
		{ AF_EUDP, SOCK_DGRAM, IPPROTO_UDPLITE, EPROTONOSUPPORT },
		{ AF_EUDP, SOCK_DGRAM, -1, EPROTONOSUPPORT },
		{ AF_EUDP, SOCK_DGRAM, 254, EPROTONOSUPPORT },
		{ AF_EUDP, SOCK_STREAM, 0, ESOCKTNOSUPPORT },
		{ AF_EUDP, SOCK_RAW, IPPROTO_EUDP, ESOCKTNOSUPPORT },
		{ AF_EUDP, SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT },
		{ AF_EUDP, SOCK_RDM, 0, ESOCKTNOSUPPORT },
		{ AF_EUDP, 0, 0, ESOCKTNOSUPPORT },
		{ AF_EUDP, 15, 0, EINVAL },
		{ AF_INET, SOCK_STREAM, IPPROTO_EUDP, EPROTONOSUPPORT },
		{ AF_INET6, SOCK_STREAM, IPPROTO_EUDP, EPROTONOSUPPORT },
		/* and in-kernel UDP is untouched */
		{ AF_INET, SOCK_DGRAM, 0, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0 },
		{ AF_INET, SOCK_DGRAM, 254, EPROTONOSUPPORT },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		EXPECT_EQ(cases[i].err, open_error(cases[i].family,
						   cases[i].type,
						   cases[i].protocol)) {
			TH_LOG("socket(%d, %d, %d)", cases[i].family,
			       cases[i].type, cases[i].protocol);
		}
	}
}

FIXTURE(door) {
	int fd;
};

FIXTURE_VARIANT(door) {
	int family, protocol;
	int so_protocol;
};

FIXTURE_VARIANT_ADD(door, udp) {
	.family = AF_INET, .protocol = 0, .so_protocol = IPPROTO_UDP,
};

FIXTURE_VARIANT_ADD(door, eudp) {
	.family = AF_EUDP, .protocol = 0, .so_protocol = IPPROTO_EUDP,
};

FIXTURE_VARIANT_ADD(door, eudp_inet) {
	.family = AF_INET, .protocol = IPPROTO_EUDP,
	.so_protocol = IPPROTO_EUDP,
};

FIXTURE_SETUP(door)
{
	self->fd = socket(variant->family, SOCK_DGRAM, variant->protocol);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(door)
{
	close(self->fd);
}

static int get_option(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, name, &value, &len))
		return -errno;
	return value;
}

TEST_F(door, says_what_it_is)
{
	EXPECT_EQ(AF_INET, get_option(self->fd, SO_DOMAIN));
	EXPECT_EQ(SOCK_DGRAM, get_option(self->fd, SO_TYPE));
	EXPECT_EQ(variant->so_protocol, get_option(self->fd, SO_PROTOCOL));
	EXPECT_EQ(0, get_option(self->fd, SO_ERROR));
	EXPECT_EQ(0, get_option(self->fd, SO_ACCEPTCONN));
	EXPECT_EQ(0, get_option(self->fd, SO_REUSEADDR));
}

TEST_F(door, type_flags)
{
	int fd;

	fd = socket(variant->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    variant->protocol);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);

	EXPECT_FALSE(fcntl(self->fd, F_GETFL) & O_NONBLOCK);
	EXPECT_FALSE(fcntl(self->fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(door, many)
{
	int fds[500], i, round;

	for (round = 0; round < 4; round++) {
		for (i = 0; i < 500; i++) {
			fds[i] = socket(variant->family, SOCK_DGRAM,
					variant->protocol);
			ASSERT_LE(0, fds[i]);
		}
		for (i = 0; i < 500; i++)
			ASSERT_EQ(0, close(fds[i]));
	}
}

/* A socket that outlives its process and its namespace's last name */
TEST_F(door, in_a_namespace_that_dies)
{
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		_exit(open_error(variant->family, SOCK_DGRAM,
				 variant->protocol));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* Runs socket() as nobody, who is in no group and has no capability. */
static int open_error_of_nobody(int family, int protocol)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			_exit(255);
		_exit(open_error(family, SOCK_DGRAM, protocol));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST_F(door, any_user_may_open)
{
	EXPECT_EQ(0, open_error_of_nobody(variant->family, variant->protocol));
}

static int write_restriction(const char *value)
{
	int fd = open(RESTRICTION, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

static char read_restriction(void)
{
	int fd = open(RESTRICTION, O_RDONLY);
	char value = 0;

	if (read(fd, &value, 1) != 1)
		value = 0;
	close(fd);
	return value;
}

FIXTURE(restricted) {
};

FIXTURE_VARIANT(restricted) {
	int family, protocol;
};

FIXTURE_VARIANT_ADD(restricted, eudp) {
	.family = AF_EUDP, .protocol = 0,
};

FIXTURE_VARIANT_ADD(restricted, eudp_inet) {
	.family = AF_INET, .protocol = IPPROTO_EUDP,
};

FIXTURE_SETUP(restricted)
{
	ASSERT_EQ('0', read_restriction());
	ASSERT_EQ(0, write_restriction("1"));
	ASSERT_EQ('1', read_restriction());
}

FIXTURE_TEARDOWN(restricted)
{
	write_restriction("0");
}

TEST_F(restricted, nobody_is_refused)
{
	EXPECT_EQ(EPERM, open_error_of_nobody(variant->family,
					      variant->protocol));
	EXPECT_EQ(0, open_error(variant->family, SOCK_DGRAM,
				variant->protocol));
	EXPECT_EQ(0, open_error_of_nobody(AF_INET, IPPROTO_UDP));
}

TEST_F(restricted, other_values_are_einval)
{
	EXPECT_EQ(EINVAL, write_restriction("2"));
	EXPECT_EQ(EINVAL, write_restriction("-1"));
	EXPECT_EQ(EINVAL, write_restriction("yes"));
	EXPECT_EQ('1', read_restriction());
}

/* Each namespace has a knob of its own, which its owner may turn. */
TEST_F(restricted, only_this_namespace)
{
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (unshare(CLONE_NEWNET) || read_restriction() != '0')
			_exit(1);
		if (open_error_of_nobody(variant->family, variant->protocol))
			_exit(2);
		if (write_restriction("1"))
			_exit(3);
		if (open_error_of_nobody(variant->family,
					 variant->protocol) != EPERM)
			_exit(4);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ('1', read_restriction());
}

TEST_HARNESS_MAIN
