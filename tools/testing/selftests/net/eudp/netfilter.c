// SPDX-License-Identifier: GPL-2.0
/* What nft(8) sees of datagrams at its five hooks, and what its drops do */
#include "lib.h"
#include <stdlib.h>

/* nft takes seconds to start on an emulated kernel that checks itself */
#define PATIENCE 300
EUDP_FIXTURE(netfilter)

static const char * const hooks[] = {
	"prerouting", "input", "forward", "output", "postrouting"
};

/*
 * In this namespace: at each hook a chain with a counter of its name, for what
 * has this protocol and goes to port 5000; at one hook it is dropped then
 */
static void __count(struct __test_metadata *_metadata, int wire,
		    const char *drop)
{
	FILE *f = popen("nft -f -", "w");
	unsigned int i;

	ASSERT_NE(NULL, f);
	fprintf(f, "add table ip eudp\n");
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		fprintf(f, "add counter ip eudp %1$s\n"
			"add chain ip eudp %1$s { type filter hook %1$s priority 0; }\n"
			"add rule ip eudp %1$s meta l4proto %2$d @th,16,16 5000 counter name %1$s %3$s\n",
			hooks[i], wire, strcmp(drop, hooks[i]) ? "" : "drop");
	ASSERT_EQ(0, pclose(f));
}

/* The counters, in the order of the hooks: "1 1 0 1 1 " */
static const char *counts(void)
{
	static char text[4][64];
	static unsigned int turn;
	char line[128], name[32] = "", *s = text[turn++ % 4];
	FILE *f = popen("nft list counters", "r");
	long packets[ARRAY_SIZE(hooks)] = {}, n;
	unsigned int i, at = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " counter %31s {", name) == 1 ||
		    sscanf(line, " packets %ld", &n) != 1)
			continue;
		for (i = 0; i < ARRAY_SIZE(hooks); i++)
			if (!strcmp(name, hooks[i]))
				packets[i] = n;
	}
	if (f)
		pclose(f);
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		at += snprintf(s + at, sizeof(text[0]) - at, "%ld ",
			       packets[i]);
	return s;
}

/* Soon they are, or what they are instead */
static const char *counts_soon(const char *want)
{
	long long end = now_ms() + SOON_MS;
	const char *seen = counts();

	while (strcmp(want, seen) && now_ms() < end)
		seen = counts();
	return seen;
}

#define count_here(drop) __count(_metadata, variant->door.wire, drop)
#define EXPECT_COUNTS(text) EXPECT_STREQ(text, counts())

/* Within a host all but forward see it once */
TEST_F_TIMEOUT(netfilter, local, PATIENCE)
{
	int rx = bound("127.0.0.1", 5000), tx = sock();

	count_here("");
	EXPECT_COUNTS("0 0 0 0 0 ");
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(rx));
	EXPECT_COUNTS("1 1 0 1 1 ");
	EXPECT_EQ(0, tag(joined(tx, "127.0.0.1", 5000), 2));
	EXPECT_EQ(2, take_tag(rx));
	EXPECT_COUNTS("2 2 0 2 2 ");
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5001, 3));
	settle();
	EXPECT_COUNTS("2 2 0 2 2 ");
}

/* On the way out the sender is told, on the way in it is not */
TEST_F_TIMEOUT(netfilter, drops, PATIENCE)
{
	static const struct {
		const char *hook;
		int err;
		long sent;
		const char *counts;
	} cases[] = {
		{ "output", EPERM, 0, "0 0 0 2 0 " },
		{ "postrouting", EPERM, 0, "0 0 0 2 2 " },
		{ "prerouting", 0, 2, "2 0 0 2 2 " },
		{ "input", 0, 2, "2 2 0 2 2 " },
	};
	const struct door *d = &variant->door;
	unsigned int i;
	int rx, tx;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		enter_namespace(_metadata);
		rx = bound("127.0.0.1", 5000);
		tx = joined(sock(), "127.0.0.1", 5000);
		count_here(cases[i].hook);
		EXPECT_EQ(cases[i].err, tag(tx, 1))
			TH_LOG("%s", cases[i].hook);
		EXPECT_EQ(cases[i].err, tag_to(sock(), "127.0.0.1", 5000, 1));
		EXPECT_EQ(EAGAIN, silent(rx));
		EXPECT_COUNTS(cases[i].counts);
		EXPECT_EQ(cases[i].sent, counter(d, "OutDatagrams"));
		EXPECT_EQ(0, counter(d, "InErrors"));
		EXPECT_EQ(0, counter(d, "NoPorts"));
		EXPECT_EQ(0, counter(d, "SndbufErrors"));
		EXPECT_EQ(0, get_int(tx, SOL_SOCKET, SO_ERROR));
		EXPECT_EQ(0, meminfo(rx, SK_MEMINFO_DROPS));
		run("nft flush ruleset");
		EXPECT_EQ(0, tag(tx, 2));
		EXPECT_EQ(2, take_tag(rx));
	}
}

/* Of the namespace we are in, as a path that ip-link(8) takes */
static int __here(struct __test_metadata *_metadata, char *path, size_t len)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY);

	ASSERT_LE(0, fd);
	snprintf(path, len, "/proc/%d/fd/%d", getpid(), fd);
	return fd;
}

/* A link from here to the router: 10.0.@net.1 here, 10.0.@net.2 there */
static void __link_to(struct __test_metadata *_metadata, const char *router,
		      int router_fd, int net)
{
	char path[64], command[256];
	int here = __here(_metadata, path, sizeof(path));

	snprintf(command, sizeof(command),
		 "ip link add up%1$d type veth peer name down%1$d netns %2$s && ip addr add 10.0.%1$d.1/24 dev up%1$d && ip link set up%1$d up",
		 net, router);
	__run(_metadata, command);
	ASSERT_EQ(0, setns(router_fd, CLONE_NEWNET));
	snprintf(command, sizeof(command),
		 "ip addr add 10.0.%1$d.2/24 dev down%1$d && ip link set down%1$d up",
		 net);
	__run(_metadata, command);
	ASSERT_EQ(0, setns(here, CLONE_NEWNET));
	snprintf(command, sizeof(command), "ip route add default via 10.0.%d.2",
		 net);
	__run(_metadata, command);
	close(here);
}

#define link_to(router, fd, net) __link_to(_metadata, router, fd, net)

/* A router sees it at three hooks, and what it drops nobody is told of */
TEST_F_TIMEOUT(netfilter, forward, PATIENCE)
{
	char router[64];
	int fd = __here(_metadata, router, sizeof(router)), rx, tx;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_forward", "1"));
	count_here("");
	enter_namespace(_metadata);
	link_to(router, fd, 1);
	rx = bound("10.0.1.1", 5000);
	enter_namespace(_metadata);
	link_to(router, fd, 2);
	tx = joined(sock(), "10.0.1.1", 5000);

	EXPECT_EQ(0, tag(tx, 1));
	EXPECT_EQ(1, take_tag(rx));
	ASSERT_EQ(0, setns(fd, CLONE_NEWNET));
	EXPECT_COUNTS("1 0 1 0 1 ");
	run("nft add rule ip eudp forward @th,16,16 5000 drop");
	EXPECT_EQ(0, tag(tx, 2));
	EXPECT_EQ(0, tag(tx, 3));
	EXPECT_STREQ("3 0 3 0 1 ", counts_soon("3 0 3 0 1 "));
	EXPECT_EQ(0, get_int(tx, SOL_SOCKET, SO_ERROR));
	/* In order, so what is there now came behind those two */
	run("nft flush ruleset");
	EXPECT_EQ(0, tag(tx, 4));
	EXPECT_EQ(4, take_tag(rx));
}

TEST_HARNESS_MAIN
