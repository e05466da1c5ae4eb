// SPDX-License-Identifier: GPL-2.0
/*
 * What only eudp shows of itself: its tracepoints, /proc/net/eudp_sockstat and
 * its line in /proc/net/protocols.
 */
#include "lib.h"
#include <stdlib.h>

#define TRACING	"/sys/kernel/tracing/"

FIXTURE(seeing) {
};

FIXTURE_SETUP(seeing)
{
	enter_namespace(_metadata);
	ASSERT_EQ(0, write_file(TRACING "events/eudp/enable", "1"));
	/* empties it */
	close(open(TRACING "trace", O_WRONLY | O_TRUNC));
}

FIXTURE_TEARDOWN(seeing)
{
	write_file(TRACING "events/eudp/enable", "0");
}

/* How many lines of a file have all of the words */
static int lines_with(const char *path, const char *one, const char *two,
		      const char *three)
{
	char line[1024];
	int count = 0;
	FILE *f = fopen(path, "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		count += strstr(line, one) && strstr(line, two) &&
			 strstr(line, three);
	fclose(f);
	return count;
}

static int traced(const char *event, const char *one, const char *two)
{
	return lines_with(TRACING "trace", event, one, two);
}

static int eudp_socket(void)
{
	return socket(AF_EUDP, SOCK_DGRAM, 0);
}

TEST_F(seeing, receive)
{
	int fd = eudp_socket(), tx = eudp_socket();

	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 5000));
	ASSERT_EQ(0, bind_to(tx, "127.0.0.1", 6000));
	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "hello", 5));
	EXPECT_EQ(1, await(fd, POLLIN));
	EXPECT_EQ(1, traced(" eudp_receive: ", "sport=6000 dport=5000 len=5 ",
			    "rmem="));
	EXPECT_EQ(0, traced(" eudp_drop: ", "", ""));
	close(tx);
	close(fd);
}

TEST_F(seeing, drop)
{
	int fd = eudp_socket(), i;
	char data[1000] = "";

	EXPECT_EQ(1, send_to(fd, "127.0.0.1", 5001, "x", 1));
	EXPECT_EQ(1, traced(" eudp_drop: ", "len=9 ", "reason=NO_SOCKET"));

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(1000, send_to(fd, "127.0.0.1", port_of(fd), data,
					sizeof(data)));
	EXPECT_LE(1, traced(" eudp_receive: ", "len=1000 ", ""));
	EXPECT_LE(1, traced(" eudp_drop: ", "", "reason=SOCKET_RCVBUFF"));
	EXPECT_EQ(10, traced(" eudp_receive: ", "len=1000 ", "") +
		      traced(" eudp_drop: ", "", "reason=SOCKET_RCVBUFF"));
	close(fd);
}

static int in_use(void)
{
	int count = -1;
	long pages;
	FILE *f = fopen("/proc/thread-self/net/eudp_sockstat", "r");

	if (!f)
		return -1;
	if (fscanf(f, "EUDP: inuse %d mem %ld", &count, &pages) != 2)
		count = -1;
	fclose(f);
	return count;
}

/* Those that have a port, of this namespace alone */
TEST_F(seeing, sockstat)
{
	int fds[3], i;

	EXPECT_EQ(0, in_use());
	for (i = 0; i < 3; i++) {
		fds[i] = eudp_socket();
		EXPECT_EQ(i, in_use());
		ASSERT_EQ(0, bind_to(fds[i], "127.0.0.1", 0));
		EXPECT_EQ(i + 1, in_use());
	}
	EXPECT_EQ(1, lines_with("/proc/thread-self/net/protocols", "EUDP ",
				" 3 ", built_in() ? " kernel " : " eudp "));
	close(fds[2]);
	EXPECT_EQ(2, in_use());
	ASSERT_EQ(0, connect_to(fds[1], "127.0.0.1", 9));
	EXPECT_EQ(2, in_use());

	enter_namespace(_metadata);
	EXPECT_EQ(0, in_use());
	close(fds[1]);
	close(fds[0]);
}

TEST_HARNESS_MAIN
