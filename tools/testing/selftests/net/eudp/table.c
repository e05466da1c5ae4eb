// SPDX-License-Identifier: GPL-2.0
/*
 * A line for each socket that has a port: /proc/net/udp of proc(5) and
 * /proc/net/udp6, and the files of eudp that look like them.
 */
#include "lib.h"
#include <stdlib.h>
#include <sys/stat.h>

#define HEADER4 "   sl  local_address rem_address   st tx_queue rx_queue tr " \
	"tm->when retrnsmt   uid  timeout inode ref pointer drops"
#define HEADER6 "  sl  local_address                         remote_address" \
	"                        st tx_queue rx_queue tr tm->when retrnsmt" \
	"   uid  timeout inode ref pointer drops"

#define CLOSE		7
#define ESTABLISHED	1

EUDP_BOTH_FIXTURE(table)

/* What stands in a line, its addresses as they are there */
struct line {
	int slot, ref, timeout, chars;
	char local[40], remote[40], pointer[40];
	unsigned int st, tx, rx, tr, when, retransmits, uid, drops;
	unsigned long inode;
};

static bool parse(const char *text, struct line *l)
{
	return sscanf(text, "%d: %39s %39s %x %x:%x %x:%x %x %u %d %lu %d %39s %u %n",
		      &l->slot, l->local, l->remote, &l->st, &l->tx, &l->rx,
		      &l->tr, &l->when, &l->retransmits, &l->uid, &l->timeout,
		      &l->inode, &l->ref, l->pointer, &l->drops,
		      &l->chars) == 15 && !text[l->chars];
}

/* How many lines of the file are of this socket, by its inode; @l is the last */
static int lines_of(const char *path, int fd, struct line *l)
{
	struct line here = {};
	FILE *f = fopen(path, "r");
	struct stat st = {};
	char text[512];
	int n = 0;

	if (!f)
		return -errno;
	fstat(fd, &st);
	if (fgets(text, sizeof(text), f))
		while (fgets(text, sizeof(text), f)) {
			if (!parse(text, &here))
				n = -EINVAL;
			if (here.inode != st.st_ino)
				continue;
			*l = here;
			n++;
		}
	fclose(f);
	return n;
}

/* "0100007F:1388", words of the machine; good for the next few calls */
static const char *in_hex(const char *ip, int port)
{
	struct any_addr any = any_addr(ip, port);
	static char text[4][64];
	static unsigned int turn;
	char *s = text[turn++ % 4];
	__u32 *w = any.sin6.sin6_addr.s6_addr32;

	if (any.sa.sa_family == AF_INET)
		sprintf(s, "%08X:%04X", any.sin.sin_addr.s_addr, port);
	else
		sprintf(s, "%08X%08X%08X%08X:%04X", w[0], w[1], w[2], w[3],
			port);
	return s;
}

#define lines(fd, l)	lines_of(variant->door.table, fd, l)
#define LO	(variant->door.lo)
#define ANY	(variant->door.any)

TEST_F(table, header)
{
	bool six = variant->door.version == AF_INET6;
	FILE *f = fopen(variant->door.table, "r");
	char text[256];

	ASSERT_NE(NULL, f);
	ASSERT_NE(NULL, fgets(text, sizeof(text), f));
	/* IPv4's lines are filled up to 127 */
	EXPECT_EQ(six ? strlen(HEADER6) + 1 : 128, strlen(text));
	text[strlen(six ? HEADER6 : HEADER4)] = 0;
	EXPECT_STREQ(six ? HEADER6 : HEADER4, text);
	EXPECT_EQ(NULL, fgets(text, sizeof(text), f));
	fclose(f);
}

/* Who has a port is there, who has not, or not any more, is not */
TEST_F(table, who)
{
	bool six = variant->door.version == AF_INET6;
	int fd = sock(), copy;
	struct line l = {};

	EXPECT_EQ(0, lines(fd, &l));
	ASSERT_EQ(0, bind_to(fd, LO, 5000));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex(LO, 5000), l.local);
	EXPECT_STREQ(in_hex(ANY, 0), l.remote);
	EXPECT_EQ(CLOSE, l.st);
	EXPECT_EQ(0, l.tx);
	EXPECT_EQ(0, l.rx);
	EXPECT_EQ(0, l.tr);
	EXPECT_EQ(0, l.when);
	EXPECT_EQ(0, l.retransmits);
	EXPECT_EQ(0, l.uid);
	EXPECT_EQ(0, l.timeout);
	EXPECT_LE(1, l.ref);
	EXPECT_EQ(16, strlen(l.pointer));
	EXPECT_EQ(0, l.drops);

	joined(fd, LO, 9);
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex(LO, 9), l.remote);
	EXPECT_EQ(ESTABLISHED, l.st);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	ASSERT_EQ(1, lines(fd, &l));
	/* The port is gone; of IPv6 the address is not */
	EXPECT_STREQ(in_hex(six ? LO : ANY, 0), l.remote);
	EXPECT_EQ(CLOSE, l.st);
	copy = dup(fd);
	close(fd);
	EXPECT_EQ(1, lines(copy, &l));
	close(copy);

	/* A port that the kernel has chosen comes and goes */
	fd = joined(sock(), LO, 9);
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex(LO, port_of(fd)), l.local);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(0, lines(fd, &l));
	EXPECT_EQ(0, tag_to(fd, LO, 9, 1));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex(ANY, port_of(fd)), l.local);
}

/* The user who has made it, as the reader knows them */
TEST_F(table, user)
{
	struct line l = {};
	int fd;

	ASSERT_EQ(0, seteuid(65534));
	fd = bound(LO, 5000);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_EQ(65534, l.uid);
	ASSERT_EQ(0, fchown(fd, 77, 77));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_EQ(77, l.uid);
	/* Others are let read it as well */
	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(1, lines(fd, &l));
}

/* What is in its queue, and what was too much for it */
TEST_F(table, queue)
{
	int fd = bound(LO, 5000), tx = sock(), i;
	struct line l = {};

	for (i = 1; i < 4; i++) {
		EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
		settle();
		ASSERT_EQ(1, lines(fd, &l));
		EXPECT_EQ(meminfo(fd, SK_MEMINFO_RMEM_ALLOC), l.rx);
		EXPECT_LT(i, l.rx);
	}
	for (i = 1; i < 4; i++)
		EXPECT_EQ(1, take_tag(fd));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_EQ(0, l.rx);
	EXPECT_EQ(0, l.drops);
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 0));
	for (i = 0; i < 50; i++)
		EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	settle();
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_LT(40, l.drops);
	EXPECT_EQ(meminfo(fd, SK_MEMINFO_DROPS), l.drops);
}

/* What waits to be sent is what waits for its cork to be drawn, too */
TEST_F(table, unsent)
{
	int fd = joined(sock(), LO, 9), n = 0;
	struct line l = {};

	ASSERT_EQ(5, send(fd, "12345", 5, MSG_MORE));
	ASSERT_EQ(1, lines(fd, &l));
	ASSERT_EQ(0, ioctl(fd, TIOCOUTQ, &n));
	EXPECT_LT(5, n);
	EXPECT_EQ(n, l.tx);
	ASSERT_EQ(5, send(fd, "67890", 5, 0));
	settle();
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_EQ(0, l.tx);
}

/* A great many, each of them once, also if the file is read bit by bit */
TEST_F(table, many)
{
	int i, n, at = 0, seen[500] = {}, f = open(variant->door.table, O_RDONLY);
	static char text[500 * 256], *line, *rest = text;
	struct line l = {};

	ASSERT_LE(0, f);
	for (i = 0; i < 500; i++)
		bound(LO, 20000 + i);
	while ((n = read(f, text + at, 100)) > 0)
		at += n;
	strtok_r(rest, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest))) {
		ASSERT_TRUE(parse(line, &l));
		i = strtol(strchr(l.local, ':') + 1, NULL, 16) - 20000;
		ASSERT_TRUE(i >= 0 && i < 500);
		seen[i]++;
	}
	for (i = 0; i < 500; i++)
		EXPECT_EQ(1, seen[i])
			TH_LOG("port %d", 20000 + i);
	close(f);
}

/* The youngest first, but of IPv6 the oldest, if they share the port */
TEST_F(table, order)
{
	int fds[3], at[3] = {}, i, n = 0;
	static char text[4096];
	struct line l = {};
	char *line, *rest;
	FILE *f;

	for (i = 0; i < 3; i++)
		fds[i] = group_member(LO, 5000);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, fchown(fds[i], 70 + i, 0));
	f = fopen(variant->door.table, "r");
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	fclose(f);
	strtok_r(text, "\n", &rest);
	while ((line = strtok_r(NULL, "\n", &rest)) && n < 3) {
		ASSERT_TRUE(parse(line, &l));
		at[n++] = l.uid - 70;
	}
	ASSERT_EQ(3, n);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(variant->door.version == AF_INET6 ? i : 2 - i, at[i])
			TH_LOG("line %d", i);
}

/* Those of a namespace alone */
TEST_F(table, namespaces)
{
	int fd = bound(LO, 5000), other;
	struct line l = {};

	EXPECT_EQ(1, lines(fd, &l));
	enter_namespace(_metadata);
	EXPECT_EQ(0, lines_of("/proc/thread-self/net/udp", fd, &l));
	other = bound(LO, 5000);
	EXPECT_EQ(1, lines(other, &l));
	EXPECT_EQ(0, lines(fd, &l));
}

/* A socket is in the file of its own family, whatever it speaks */
FIXTURE(families) {};

EUDP6_VARIANTS(families);

FIXTURE_SETUP(families)
{
	enter_namespace(_metadata);
}

FIXTURE_TEARDOWN(families) {}

TEST_F(families, files)
{
	const struct door *d = &variant->door;
	const char *table4 = d->wire == IPPROTO_UDP ? "/proc/net/udp" :
						      "/proc/net/eudp";
	int fd = bound("::ffff:127.0.0.1", 5000), fd4 = bound4("127.0.0.2", 5000);
	struct line l = {};

	EXPECT_EQ(0, lines_of(table4, fd, &l));
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex("::ffff:127.0.0.1", 5000), l.local);
	EXPECT_STREQ(in_hex("::", 0), l.remote);
	joined(fd, "127.0.0.2", 5000);
	ASSERT_EQ(1, lines(fd, &l));
	EXPECT_STREQ(in_hex("::ffff:127.0.0.2", 5000), l.remote);

	EXPECT_EQ(0, lines(fd4, &l));
	ASSERT_EQ(1, lines_of(table4, fd4, &l));
	EXPECT_STREQ(in_hex("127.0.0.2", 5000), l.local);
}

TEST_HARNESS_MAIN
