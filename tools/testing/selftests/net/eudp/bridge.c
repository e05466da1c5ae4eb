// SPDX-License-Identifier: GPL-2.0
/*
 * Groups of three hosts on one link: namespaces a, b and c, whose devices are
 * ports of a bridge here. Who hears what, and what is told to routers: IGMPv3
 * of RFC 3376 and MLDv2 of RFC 3810.
 */
#include "mcast.h"
#include <linux/if_packet.h>
#include <sys/wait.h>

#define HOSTS	3

static const char * const ports[HOSTS] = { "pa", "pb", "pc" };

/* What a host has: its namespace, and a socket that hears port 5000 */
FIXTURE(bridge) {
	int home;
	int hosts[HOSTS];
	int fds[HOSTS];
};

EUDP_VARIANTS(bridge);
__EUDP6_VARIANTS(bridge);

static void __host(struct __test_metadata *_metadata, int i, int *fd,
		   const struct door *door)
{
	add_address(ports[i], places_of(AF_INET)->senders[i], 24);
	add_address(ports[i], places_of(AF_INET6)->senders[i], 64);
	link_up(ports[i]);
	add_route(ports[i], "224.0.0.0", 4);
	*fd = __bound(_metadata, __sock(_metadata, door->family,
					door->protocol),
		      places_of(door->version)->any, 5000);
}

FIXTURE_SETUP(bridge)
{
	int i;

	enter_namespace(_metadata);
	self->home = open("/proc/self/ns/net", O_RDONLY);
	ASSERT_LE(0, self->home);
	addresses_at_once();
	add_device("br0", "bridge");
	for (i = 0; i < HOSTS; i++) {
		self->hosts[i] = another_namespace();
		inside(self->hosts[i]);
		addresses_at_once();
		inside(self->home);
		cable(ports[i], self->hosts[i]);
		add_port(ports[i], "br0");
		inside(self->hosts[i]);
		__host(_metadata, i, &self->fds[i], &variant->door);
		inside(self->home);
	}
	for (i = 0; i < HOSTS; i++) {
		inside(self->hosts[i]);
		ready_for_groups(ports[i]);
	}
	inside(self->home);
}

FIXTURE_TEARDOWN(bridge) {}

/* A host changes its membership; 'a' is the first one */
static int __change(struct __test_metadata *_metadata, int namespace, int fd,
		    int i, const struct places *at, int what, char source)
{
	inside(namespace);
	return change_on(fd, what, at->group,
			 at->senders[(source ?: 'd') - 'a'], ports[i]);
}

/* A datagram of each host to the group, with its name as the tag */
static void __all_send(struct __test_metadata *_metadata, const int *fds,
		       const struct places *at)
{
	int i;

	for (i = 0; i < HOSTS; i++) {
		ASSERT_EQ(0, tag_to(fds[i], at->group, 5000, 'a' + i));
		__settle(_metadata);
	}
}

#define PLACES	places_of(variant->door.version)
#define change(host, what, source) \
	__change(_metadata, self->hosts[(host) - 'a'], self->fds[(host) - 'a'], \
		 (host) - 'a', PLACES, what, source)
#define all_send()	__all_send(_metadata, self->fds, PLACES)

/* Who has joined hears the others, of whom it wants to, and itself */
TEST_F(bridge, who_hears)
{
	static const struct {
		char host;
		int what;
		char source;
		const char *heard[HOSTS];
	} steps[] = {
		{ 'b', JOIN, 0, { "", "abc", "" } },
		{ 'a', JOIN, 0, { "abc", "abc", "" } },
		{ 'b', BLOCK, 'c', { "abc", "ab", "" } },
		{ 'a', LEAVE, 0, { "", "ab", "" } },
		{ 'b', LEAVE, 0, { "", "", "" } },
		{ 'b', JOIN_SOURCE, 'c', { "", "c", "" } },
		{ 'a', JOIN_SOURCE, 'a', { "a", "c", "" } },
		{ 'a', JOIN_SOURCE, 'b', { "ab", "c", "" } },
		{ 'b', LEAVE_SOURCE, 'c', { "ab", "", "" } },
		{ 'a', LEAVE_SOURCE, 'a', { "b", "", "" } },
		{ 'a', LEAVE, 0, { "", "", "" } },
	};
	unsigned int i, k;

	all_send();
	for (k = 0; k < HOSTS; k++)
		EXPECT_STREQ("", heard(self->fds[k]));
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		EXPECT_EQ(0, change(steps[i].host, steps[i].what,
				    steps[i].source));
		all_send();
		for (k = 0; k < HOSTS; k++)
			EXPECT_STREQ(steps[i].heard[k], heard(self->fds[k]))
				TH_LOG("step %d, host %c", i, 'a' + k);
	}
}

/* All frames that pass a port from now on, in both directions */
static int __capture(struct __test_metadata *_metadata, int home, int i)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int fd;

	inside(home);
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	ASSERT_LE(0, fd);
	ll.sll_ifindex = if_nametoindex(ports[i]);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&ll, sizeof(ll)));
	return fd;
}

#define capture(host)	__capture(_metadata, self->home, (host) - 'a')

/*
 * The records of a report, NULL if it is none. A report of both versions has
 * eight bytes of which the last two say how many records there are.
 */
static const unsigned char *records_of(struct packet *p, int *count)
{
	/* Of IP there is an option, router alert */
	const unsigned char *h = p->rest + 4;
	struct in6_addr routers = addr6("ff02::16", 0).sin6_addr;
	int type = 0x22;

	if (is_ip6(p)) {
		h = (unsigned char *)&p->ip6 + IP6_LEN + 8;
		type = 143;
		if (p->ip6.ip6_nxt != IPPROTO_HOPOPTS ||
		    memcmp(&p->ip6.ip6_dst, &routers, sizeof(routers)) ||
		    p->ip6.ip6_hlim != 1)
			return NULL;
	} else if (p->ip.version != 4 || p->ip.protocol != IPPROTO_IGMP ||
		   p->ip.daddr != inet_addr("224.0.0.22") || p->ip.ttl != 1 ||
		   p->ip.ihl != 6) {
		return NULL;
	}
	*count = h[6] * 256 + h[7];
	return h[0] == type ? h + 8 : NULL;
}

/* "ALLOW 239.1.2.3 192.0.2.2"; returns where the next one begins */
static const unsigned char *show_record(const unsigned char *r, int version,
					char *text, int size)
{
	static const char * const types[] = {
		"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"
	};
	int len = version == AF_INET6 ? 16 : 4, i, at;
	int sources = r[2] * 256 + r[3];
	char ip[INET6_ADDRSTRLEN];

	at = snprintf(text, size, "%s", types[r[0] < 7 ? r[0] : 0]);
	r += 4;
	for (i = 0; i <= sources && at < size; i++, r += len)
		at += snprintf(text + at, size - at, " %s",
			       inet_ntop(version, r, ip, sizeof(ip)));
	return r;
}

/*
 * Does a frame say this of the group? @source is the one that has changed, and
 * others whose change is repeated may be said with it; without one there is none.
 */
static bool reports(struct packet *p, const struct places *at,
		    const char *type, const char *source)
{
	bool ip6 = at == places_of(AF_INET6);
	const unsigned char *r;
	char text[256], head[64];
	int n = 0, len;

	if (is_ip6(p) != ip6)
		return false;
	len = snprintf(head, sizeof(head), "%s %s", type, at->group);
	r = records_of(p, &n);
	while (r && n-- > 0) {
		r = show_record(r, ip6 ? AF_INET6 : AF_INET, text, sizeof(text));
		if (!strncmp(text, head, len) &&
		    (source ? !!strstr(text + len, source) : !text[len]))
			return true;
	}
	return false;
}

/* Waits until this has been told on the wire that @capture is of */
static bool told(int capture, const struct places *at, const char *type,
		 const char *source)
{
	long long end = now_ms() + 6 * SOON_MS;
	struct packet p;

	while (now_ms() < end) {
		if (!await(capture, POLLIN))
			continue;
		memset(&p, 0, sizeof(p));
		if (recv(capture, frame_of(&p), FRAME_LEN, MSG_DONTWAIT) > 0 &&
		    reports(&p, at, type, source))
			return true;
	}
	return false;
}

/* Each change is told to the routers, and the end of the socket is one */
TEST_F(bridge, reports)
{
	static const struct {
		int what;
		char source;
		const char *type;
	} steps[] = {
		{ JOIN, 0, "TO_EX" },
		{ BLOCK, 'a', "BLOCK" },
		{ BLOCK, 'c', "BLOCK" },
		{ UNBLOCK, 'a', "ALLOW" },
		{ LEAVE, 0, "TO_IN" },
		{ JOIN_SOURCE, 'c', "ALLOW" },
		{ JOIN_SOURCE, 'a', "ALLOW" },
		{ LEAVE_SOURCE, 'c', "BLOCK" },
		{ LEAVE_SOURCE, 'a', "BLOCK" },
		{ JOIN, 0, "TO_EX" },
	};
	unsigned int i;
	int wire = -1;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		/* What has been said before may be said again, as it may be */
		close(wire);
		wire = capture('b');
		EXPECT_EQ(0, change('b', steps[i].what, steps[i].source));
		EXPECT_TRUE(told(wire, PLACES, steps[i].type, steps[i].source ?
				 SENDER(steps[i].source) : NULL))
			TH_LOG("step %d: %s", i, steps[i].type);
	}
	close(self->fds[1]);
	EXPECT_TRUE(told(wire, PLACES, "TO_IN", NULL));
}

/* How many lines of a file of /proc/net have @text */
static int mentions(const char *name, const char *text)
{
	char path[64], line[256];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/net/%s", name);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, text);
	fclose(f);
	return n;
}

/* The memberships of the group in this namespace, and the sources in them */
static int members(int version)
{
	return version == AF_INET6 ?
		mentions("igmp6", "ff0e0000000000000000000100020003") :
		mentions("igmp", "030201EF");
}

static int sources(int version)
{
	return version == AF_INET6 ?
		mentions("mcfilter6", "ff0e0000000000000000000100020003") :
		mentions("mcfilter", "0xef010203");
}

#define EXPECT_LISTED(want_members, want_sources) do { \
	EXPECT_EQ(want_members, members(variant->door.version)); \
	EXPECT_EQ(want_sources, sources(variant->door.version)); \
} while (0)

/* A membership ends with the socket, and its sources do */
TEST_F(bridge, close)
{
	int other;

	inside(self->hosts[1]);
	EXPECT_LISTED(0, 0);
	EXPECT_EQ(0, change('b', JOIN, 0));
	EXPECT_LISTED(1, 0);
	EXPECT_EQ(0, change('b', BLOCK, 'a'));
	EXPECT_EQ(0, change('b', BLOCK, 'c'));
	EXPECT_LISTED(1, 2);
	/* Of two members the device is one */
	other = member(sock(), AT.group, "pb");
	EXPECT_EQ(0, change_on(other, BLOCK, AT.group, SENDER('c'), "pb"));
	EXPECT_LISTED(1, 2);
	close(self->fds[1]);
	EXPECT_LISTED(1, 1);
	close(other);
	EXPECT_LISTED(0, 0);
	other = sock();
	EXPECT_EQ(0, change_on(other, JOIN_SOURCE, AT.group, SENDER('a'),
			       "pb"));
	EXPECT_LISTED(1, 1);
	close(other);
	EXPECT_LISTED(0, 0);
}

/* ... whatever ends it */
TEST_F(bridge, killed)
{
	int version = variant->door.version, status, wire = capture('b');
	long long end = now_ms() + 6 * SOON_MS;
	pid_t child;

	close(self->fds[1]);
	inside(self->hosts[1]);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int fd = member(sock(), AT.group, "pb");

		change_on(fd, BLOCK, AT.group, SENDER('a'), "pb");
		while (fd >= 0)
			pause();
	}
	while (sources(version) != 1 && now_ms() < end)
		poll(NULL, 0, 10);
	EXPECT_LISTED(1, 1);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_LISTED(0, 0);
	EXPECT_TRUE(told(wire, PLACES, "TO_IN", NULL));
}

/* Is there a datagram among the frames that have passed a port? */
static bool passed(int capture, const struct door *door)
{
	struct packet p;
	bool seen = false;

	while (recv(capture, frame_of(&p), FRAME_LEN, MSG_DONTWAIT) > 0)
		if (is_ip6(&p) ? p.ip6.ip6_nxt == door->wire :
		    p.ip.protocol == door->wire)
			seen = true;
	return seen;
}

/* A bridge that asks who has joined sends to those alone */
TEST_F_TIMEOUT(bridge, snooping, 180)
{
	int b = capture('b'), c = capture('c'), all_of_b = capture('b');
	long long end = now_ms() + 12 * SOON_MS;

	EXPECT_EQ(0, change('b', JOIN, 0));
	inside(self->home);
	run("ip link set br0 type bridge mcast_query_response_interval 10");
	run("ip link set br0 type bridge mcast_igmp_version 3");
	run("ip link set br0 type bridge mcast_mld_version 2");
	run("ip link set br0 type bridge mcast_querier 1");
	do {
		passed(b, &variant->door);
		EXPECT_EQ(0, tag_to(self->fds[0], AT.group, 5000, 'x'));
		settle();
		EXPECT_STREQ("x", heard(self->fds[1]));
		EXPECT_TRUE(passed(b, &variant->door));
		poll(NULL, 0, 100);
	} while (passed(c, &variant->door) && now_ms() < end);
	EXPECT_LT(now_ms(), end);
	/* The router has asked, and has been told */
	EXPECT_TRUE(told(all_of_b, PLACES, "IS_EX", NULL));
	/* c is heard of no sooner than it joins */
	EXPECT_STREQ("", heard(self->fds[2]));
	EXPECT_EQ(0, change('c', JOIN, 0));
	do {
		EXPECT_EQ(0, tag_to(self->fds[0], AT.group, 5000, 'y'));
		settle();
	} while (!passed(c, &variant->door) && now_ms() < end + 6 * SOON_MS);
	EXPECT_STREQ("y", heard(self->fds[2]));
}

TEST_HARNESS_MAIN
