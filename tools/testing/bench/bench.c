// SPDX-License-Identifier: GPL-2.0
/*
 * What sending and receiving a datagram costs, eudp beside in-kernel UDP:
 * usage: bench-guest udp|eudp MOST [many]
 *
 * "udp" puts UDP beside UDP; MOST is for many.c, and "many" leaves all out that
 * is not there.
 *
 * It is for a guest of "vm run --icount", whose clock goes one nanosecond an
 * instruction. A case is a version of IP, a mode and a length. All of it goes
 * over loopback, but for the mode "fragments", which has two namespaces and a
 * link, and those of groups, which have a device that leads nowhere. The two
 * protocols take turns in each of its rounds; of each protocol the cheapest
 * round counts, because all that disturbs (timer, RCU, writeback) only adds.
 *
 * It prints lines of words, the first of which is "bench:", and tells of
 * errors on stderr. The script "bench" reads them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/eudp.h>
#include "guest.h"

/* What happens in a guest that just booted is over by then */
#define SETTLE_NS	2000000000LL
#define ROUNDS		40
#define CLOCK_ROUNDS	10000
/* Datagrams of a round; of LARGE bytes and more, where copying is the most */
#define DATAGRAMS	128
#define DATAGRAMS_LARGE	32
#define LARGE		8192
#define LENGTH_MAX	60000
/* Datagrams of one system call */
#define BATCH		32
/* Those of one train, all that fit into 64 KiB, and trains of a round */
#define SEGMENTS	46
#define SEGMENT		1400
#define TRAINS		3
/* Parts of a datagram */
#define PARTS		8

/* Who takes a multicast datagram, at most */
#define RECEIVERS_MAX	64

/* Both ends of the link, and the namespace of the far one */
#define NEAR		"192.0.2.1"
#define FAR		"192.0.2.2"
#define NEAR6		"2001:db8::1"
#define FAR6		"2001:db8::2"
#define FAR_NAME	"bench"
/* Groups, and the device that they are on, which leads nowhere */
#define GROUP_DEVICE	"here"
#define GROUP		"239.1.1.1"
#define GROUP6		"ff15::1"

static const struct protocol udp = { "udp", false };
static const struct protocol eudp = { "eudp", true };

const struct version ipv4 = { "IPv4", AF_INET, "127.0.0.1", FAR, GROUP };
static const struct version ipv6 = { "IPv6", AF_INET6, "::1", FAR6, GROUP6 };

/* One of the two protocols in one case */
struct runner {
	int from;
	int to[RECEIVERS_MAX];
	int receivers;
	union address addr;
	socklen_t len;
	pid_t server;		/* who answers, in another process */
	int events;		/* epoll of from */
	struct cost best;
};

struct mode {
	const char *name;
	int connected;
	int link;		/* there is one between the sockets */
	int answered;		/* by another process */
	int members;		/* who take it, of a group */
	int segments;		/* that one call sends: UDP_SEGMENT */
	int gro;		/* and one call receives: UDP_GRO */
	/* n datagrams of so many bytes; adds what they cost */
	void (*round)(struct runner *r, size_t bytes, int n, struct cost *sum);
	size_t lengths[6];	/* up to the first 0 */
};

static char out[SEGMENTS * SEGMENT];
static char in[SEGMENTS * SEGMENT];
long long clock_cost;

long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static long long measure_clock(void)
{
	long long best = SETTLE_NS;
	int i;

	for (i = 0; i < CLOCK_ROUNDS; i++) {
		long long began = now();
		long long took = now() - began;

		if (took < best)
			best = took;
	}
	return best;
}

int make_socket(const struct protocol *protocol, const struct version *version)
{
	int family = protocol->eudp ? AF_EUDP : version->family;
	int third = protocol->eudp ? version->family : 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, third);

	if (fd < 0)
		err(1, "%s: %s: socket", protocol->name, version->name);
	return fd;
}

/* A socket in the namespace at the far end of the link */
static int make_far_socket(const struct protocol *protocol,
			   const struct version *version)
{
	int near = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int far = open("/run/netns/" FAR_NAME, O_RDONLY | O_CLOEXEC);
	int fd;

	if (near < 0 || far < 0 || setns(far, CLONE_NEWNET))
		err(1, "namespace");
	fd = make_socket(protocol, version);
	if (setns(near, CLONE_NEWNET))
		err(1, "setns");
	close(near);
	close(far);
	return fd;
}

/* Sets the address, and leaves the port; any address if there is no text */
static void set_address(union address *addr, const struct version *version,
			const char *text)
{
	void *bytes = version->family == AF_INET ? (void *)&addr->v4.sin_addr :
						   (void *)&addr->v6.sin6_addr;

	addr->any.sa_family = version->family;
	if (text && inet_pton(version->family, text, bytes) != 1)
		errx(1, "no address: %s", text);
}

static int epoll_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int events = epoll_create1(EPOLL_CLOEXEC);

	if (events < 0 || epoll_ctl(events, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll");
	return events;
}

static void wait_for(int events)
{
	struct epoll_event event;

	if (epoll_wait(events, &event, 1, -1) != 1)
		err(1, "epoll_wait");
}

/* Sends back what comes, until it is ended */
static void serve(int fd)
{
	int events = epoll_of(fd);
	union address from;
	socklen_t len;
	ssize_t n;

	for (;;) {
		wait_for(events);
		len = sizeof(from);
		n = recvfrom(fd, in, sizeof(in), 0, &from.any, &len);
		if (n < 0 || sendto(fd, in, n, 0, &from.any, len) != n)
			err(1, "server");
	}
}

static void start_server(struct runner *r)
{
	r->events = epoll_of(r->from);
	r->server = fork();
	if (r->server < 0)
		err(1, "fork");
	if (!r->server)
		serve(r->to[0]);
}

static void join(int fd, const struct version *version)
{
	int level = version->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	struct group_req req = { .gr_interface = if_nametoindex(GROUP_DEVICE) };

	set_address((union address *)&req.gr_group, version, version->group);
	if (setsockopt(fd, level, MCAST_JOIN_GROUP, &req, sizeof(req)))
		err(1, "%s: MCAST_JOIN_GROUP", version->name);
}

static void set_udp(int fd, int option, int value)
{
	if (setsockopt(fd, IPPROTO_UDP, option, &value, sizeof(value)))
		err(1, "option %d of UDP", option);
}

/* The first receiver chooses the port, others share it. */
static int open_receiver(struct runner *r, const struct protocol *protocol,
			 const struct version *version, const struct mode *mode)
{
	int fd = mode->link ? make_far_socket(protocol, version) :
			      make_socket(protocol, version);
	int yes = 1;

	if (mode->members &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)))
		err(1, "%s: SO_REUSEADDR", protocol->name);
	r->len = sizeof(r->addr);
	if (bind(fd, &r->addr.any, r->len))
		err(1, "%s: bind", protocol->name);
	if (getsockname(fd, &r->addr.any, &r->len))
		err(1, "%s: getsockname", protocol->name);
	if (mode->members)
		join(fd, version);
	return fd;
}

static void open_runner(struct runner *r, const struct protocol *protocol,
			const struct version *version, const struct mode *mode)
{
	const char *local = mode->link ? version->far : version->own;
	int i;

	memset(r, 0, sizeof(*r));
	r->receivers = mode->members ?: 1;
	r->from = make_socket(protocol, version);
	set_address(&r->addr, version, mode->members ? NULL : local);
	for (i = 0; i < r->receivers; i++)
		r->to[i] = open_receiver(r, protocol, version, mode);

	if (mode->members)
		set_address(&r->addr, version, version->group);
	if (mode->connected &&
	    connect(r->from, &r->addr.any, r->len))
		err(1, "%s: connect", protocol->name);
	if (mode->segments)
		set_udp(r->from, UDP_SEGMENT, SEGMENT);
	if (mode->gro)
		set_udp(r->to[0], UDP_GRO, 1);
	if (mode->answered)
		start_server(r);
}

static void close_runner(struct runner *r)
{
	int i;

	if (r->server) {
		kill(r->server, SIGKILL);
		waitpid(r->server, NULL, 0);
		close(r->events);
	}
	close(r->from);
	for (i = 0; i < r->receivers; i++)
		close(r->to[i]);
}

static void fill(size_t bytes, int seed)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		out[i] = i * 7 + seed;
	memset(in, 0, bytes);
}

void expect(const char *what, ssize_t got, ssize_t wanted)
{
	if (got < 0)
		err(1, "%s of %zd", what, wanted);
	if (got != wanted)
		errx(1, "%s of %zd gave %zd", what, wanted, got);
}

/* Adds what was spent between three looks at the clock. */
void add(struct cost *sum, long long began, long long sent,
	 long long received)
{
	sum->send += sent - began - clock_cost;
	sum->recv += received - sent - clock_cost;
}

static void one_by_one(struct runner *r, size_t bytes, int n, struct cost *sum,
		       const union address *addr)
{
	int i;

	for (i = 0; i < n; i++) {
		long long began, sent;
		ssize_t m, k;

		began = now();
		m = sendto(r->from, out, bytes, 0,
			   (const struct sockaddr *)addr, addr ? r->len : 0);
		sent = now();
		/* it is there already: loopback delivers within send */
		k = recv(r->to[0], in, sizeof(in), MSG_DONTWAIT);
		add(sum, began, sent, now());
		expect("send", m, bytes);
		expect("recv", k, bytes);
	}
}

static void unconnected(struct runner *r, size_t bytes, int n,
			struct cost *sum)
{
	one_by_one(r, bytes, n, sum, &r->addr);
}

static void connected(struct runner *r, size_t bytes, int n, struct cost *sum)
{
	one_by_one(r, bytes, n, sum, NULL);
}

/* sendmmsg() and recvmmsg() of BATCH datagrams */
static void batches(struct runner *r, size_t bytes, int n, struct cost *sum)
{
	static struct mmsghdr sends[BATCH], recvs[BATCH];
	struct iovec from = { out, bytes }, to = { in, sizeof(in) };
	int i;

	for (i = 0; i < BATCH; i++) {
		sends[i].msg_hdr.msg_iov = &from;
		sends[i].msg_hdr.msg_iovlen = 1;
		recvs[i].msg_hdr.msg_iov = &to;
		recvs[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < n; i += BATCH) {
		long long began, sent;
		int m, k;

		began = now();
		m = sendmmsg(r->from, sends, BATCH, 0);
		sent = now();
		k = recvmmsg(r->to[0], recvs, BATCH, MSG_DONTWAIT, NULL);
		add(sum, began, sent, now());
		expect("sendmmsg", m, BATCH);
		expect("recvmmsg", k, BATCH);
	}
}

/* A datagram of PARTS parts */
static void corked(struct runner *r, size_t bytes, int n, struct cost *sum)
{
	size_t part = bytes / PARTS;
	int i, j;

	for (i = 0; i < n; i++) {
		long long began, sent;
		ssize_t m = 0, k;

		began = now();
		for (j = 0; j < PARTS; j++)
			m += send(r->from, out + j * part, part,
				  j < PARTS - 1 ? MSG_MORE : 0);
		sent = now();
		k = recv(r->to[0], in, sizeof(in), MSG_DONTWAIT);
		add(sum, began, sent, now());
		expect("send in parts", m, bytes);
		expect("recv", k, bytes);
	}
}

/* There and back, by way of another process; all of it counts as sending */
static void round_trips(struct runner *r, size_t bytes, int n,
			struct cost *sum)
{
	int i;

	for (i = 0; i < n; i++) {
		long long began = now(), ended;
		ssize_t m, k;

		m = send(r->from, out, bytes, 0);
		wait_for(r->events);
		k = recv(r->from, in, sizeof(in), MSG_DONTWAIT);
		ended = now();
		add(sum, began, ended, ended + clock_cost);
		expect("send", m, bytes);
		expect("recv", k, bytes);
	}
}

/* One sends, and each member of the group receives */
static void fan_out(struct runner *r, size_t bytes, int n, struct cost *sum)
{
	int i, j;

	for (i = 0; i < n; i++) {
		long long began, sent;
		ssize_t m, k = 0;

		began = now();
		m = send(r->from, out, bytes, 0);
		sent = now();
		for (j = 0; j < r->receivers; j++)
			k += recv(r->to[j], in, sizeof(in), MSG_DONTWAIT);
		add(sum, began, sent, now());
		expect("send", m, bytes);
		expect("recv", k, bytes * r->receivers);
	}
}

/* One send of many datagrams, which are received @most bytes by @most */
static void send_trains(struct runner *r, size_t bytes, int n,
			struct cost *sum, size_t most)
{
	size_t train = SEGMENTS * bytes, at;
	int i;

	for (i = 0; i < n; i += SEGMENTS) {
		long long began, sent;
		ssize_t m, k = 0;

		began = now();
		m = send(r->from, out, train, 0);
		sent = now();
		for (at = 0; at < train; at += most)
			k += recv(r->to[0], in + at, most, MSG_DONTWAIT);
		add(sum, began, sent, now());
		expect("send", m, train);
		expect("recv", k, train);
	}
}

static void trains(struct runner *r, size_t bytes, int n, struct cost *sum)
{
	send_trains(r, bytes, n, sum, bytes);
}

static void whole_trains(struct runner *r, size_t bytes, int n,
			 struct cost *sum)
{
	send_trains(r, bytes, n, sum, SEGMENTS * bytes);
}

static const struct mode modes[] = {
	{ "unconnected", .round = unconnected,
	  .lengths = { 1, 64, 1400, 8192, LENGTH_MAX } },
	{ "connected", .connected = 1, .round = connected,
	  .lengths = { 1, 64, 1400, 8192, LENGTH_MAX } },
	{ "batches", .connected = 1, .round = batches,
	  .lengths = { 64, 1400 } },
	{ "corked", .connected = 1, .round = corked, .lengths = { 800 } },
	{ "fragments", .connected = 1, .link = 1, .round = connected,
	  .lengths = { 8192 } },
	{ "round trip", .connected = 1, .answered = 1, .round = round_trips,
	  .lengths = { 64 } },
	{ "1 member", .connected = 1, .members = 1, .round = fan_out,
	  .lengths = { 64 } },
	{ "8 members", .connected = 1, .members = 8, .round = fan_out,
	  .lengths = { 64 } },
	{ "64 members", .connected = 1, .members = 64, .round = fan_out,
	  .lengths = { 64 } },
	{ "train", .connected = 1, .segments = SEGMENTS, .round = trains,
	  .lengths = { SEGMENT } },
	{ "train, GRO", .connected = 1, .segments = SEGMENTS, .gro = 1,
	  .round = whole_trains, .lengths = { SEGMENT } },
};

/* Bytes that one call sends */
static size_t size_of(const struct mode *mode, size_t bytes)
{
	return mode->segments ? mode->segments * bytes : bytes;
}

static void one_round(struct runner *r, const struct mode *mode, size_t bytes,
		      int n)
{
	struct cost sum = {};

	mode->round(r, bytes, n, &sum);
	if (memcmp(out, in, size_of(mode, bytes)))
		errx(1, "%zu bytes came changed", bytes);

	if (!r->best.send ||
	    sum.send + sum.recv < r->best.send + r->best.recv)
		r->best = sum;
}

static void print_result(const struct version *version,
			 const struct mode *mode, size_t bytes,
			 const struct cost costs[2], int datagrams)
{
	const char *c;
	int i;

	printf("bench: result %s ", version->name);
	for (c = mode->name; *c; c++)
		putchar(*c == ' ' ? '_' : *c);
	printf(" %zu", bytes);
	for (i = 0; i < 2; i++)
		printf(" %.2f %.2f", (double)costs[i].send / datagrams,
		       (double)costs[i].recv / datagrams);
	printf("\n");
	fflush(stdout);
}

/* What it costs is for each receiver; a round has as many receptions always */
static void one_case(const struct protocol *const protocols[2],
		     const struct version *version, const struct mode *mode,
		     size_t bytes)
{
	int n = bytes < LARGE ? DATAGRAMS : DATAGRAMS_LARGE;
	struct runner runners[2];
	struct cost costs[2];
	int i, turn;

	if (mode->segments)
		n = mode->segments * TRAINS;
	for (i = 0; i < 2; i++)
		open_runner(&runners[i], protocols[i], version, mode);

	for (turn = 0; turn < 2 * ROUNDS; turn++) {
		fill(size_of(mode, bytes), turn);
		one_round(&runners[turn % 2], mode, bytes,
			  n / runners[0].receivers);
	}

	for (i = 0; i < 2; i++) {
		costs[i] = runners[i].best;
		close_runner(&runners[i]);
	}
	print_result(version, mode, bytes, costs, n);
}

static void run(const char *command)
{
	if (system(command))
		errx(1, "failed: %s", command);
}

/* Two namespaces with a link of 1500 bytes between them */
static void make_link(void)
{
	run("ip netns add " FAR_NAME);
	run("ip link add near type veth peer name far netns " FAR_NAME);
	run("ip addr add " NEAR "/24 dev near");
	run("ip addr add " NEAR6 "/64 dev near nodad");
	run("ip link set near mtu 1500 up");
	run("ip -n " FAR_NAME " addr add " FAR "/24 dev far");
	run("ip -n " FAR_NAME " addr add " FAR6 "/64 dev far nodad");
	run("ip -n " FAR_NAME " link set far mtu 1500 up");
	run("ping -qc 1 -W 5 " FAR " >/dev/null");
	run("ping -qc 1 -W 5 " FAR6 " >/dev/null");
}

/* What is sent to a group comes back, and goes nowhere else. */
static void make_group_device(void)
{
	run("ip link add " GROUP_DEVICE " type dummy");
	run("ip link set " GROUP_DEVICE " multicast on up");
	run("ip addr add 198.51.100.1/24 dev " GROUP_DEVICE);
	run("ip addr add 2001:db8:1::1/64 dev " GROUP_DEVICE " nodad");
	run("ip route add " GROUP " dev " GROUP_DEVICE);
	run("ip -6 route add multicast " GROUP6 " dev " GROUP_DEVICE
	    " table local");
}

static void remove_devices(void)
{
	run("ip netns del " FAR_NAME);
	run("ip link del " GROUP_DEVICE);
}

/* So that neither another processor nor a page fault comes between */
static void pin(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "sched_setaffinity");
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		err(1, "mlockall");
}

void wait_until_settled(void)
{
	long long end = now() + SETTLE_NS;

	/* asleep, so that what the boot left to do gets done */
	while (now() < end)
		usleep(10000);
}

static void all_cases(const struct protocol *const protocols[2])
{
	const struct version *const versions[] = { &ipv4, &ipv6 };
	const struct mode *mode;
	size_t i, v;

	make_link();
	make_group_device();
	wait_until_settled();
	for (v = 0; v < ARRAY_SIZE(versions); v++)
		for (mode = modes; mode < modes + ARRAY_SIZE(modes); mode++)
			for (i = 0; mode->lengths[i]; i++)
				one_case(protocols, versions[v], mode,
					 mode->lengths[i]);
	remove_devices();
}

int main(int argc, char *argv[])
{
	const struct protocol *protocols[2] = { &udp, &eudp };
	struct utsname name;

	if (argc < 3 || argc > 4)
		errx(2, "usage: bench-guest udp|eudp MOST [many]");
	if (!strcmp(argv[1], "udp"))
		protocols[1] = &udp;

	pin();
	wait_until_settled();
	clock_cost = measure_clock();
	uname(&name);
	printf("bench: kernel %s\n", name.release);
	printf("bench: clock %lld\n", clock_cost);
	fflush(stdout);

	if (argc == 3)
		all_cases(protocols);
	measure_many(protocols, atoi(argv[2]));
	printf("bench: end\n");
	return 0;
}
