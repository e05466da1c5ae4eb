// SPDX-License-Identifier: GPL-2.0
/*
 * What sending and receiving a datagram over loopback costs, eudp beside
 * in-kernel UDP: usage: bench-guest [udp], which puts UDP beside UDP.
 *
 * It is for a guest of "vm run --icount", whose clock goes one nanosecond an
 * instruction. A case is a mode and a length. The two protocols take turns in
 * each of its rounds; of each protocol the cheapest round counts, because all
 * that disturbs (timer, RCU, writeback) only adds.
 *
 * It prints lines of words, the first of which is "bench:", and tells of
 * errors on stderr. The script "bench" reads them.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <linux/eudp.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What happens in a guest that just booted is over by then */
#define SETTLE_NS	2000000000LL
#define ROUNDS		40
#define CLOCK_ROUNDS	10000
/* Datagrams of a round; of LARGE bytes and more, where copying is the most */
#define DATAGRAMS	128
#define DATAGRAMS_LARGE	32
#define LARGE		8192
#define LENGTH_MAX	60000

struct protocol {
	const char *name;
	int family;
};

static const struct protocol udp = { "udp", AF_INET };
static const struct protocol eudp = { "eudp", AF_EUDP };

/* Instructions, of one datagram or of many */
struct cost {
	long long send;
	long long recv;
};

/* One of the two protocols in one case */
struct runner {
	int from;
	int to;
	struct sockaddr_in addr;
	struct cost best;
};

static char out[LENGTH_MAX];
static char in[LENGTH_MAX];
static long long clock_cost;

static long long now(void)
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

static int make_socket(const struct protocol *protocol)
{
	int fd = socket(protocol->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "%s: socket", protocol->name);
	return fd;
}

static void open_runner(struct runner *r, const struct protocol *protocol,
			int connected)
{
	socklen_t len = sizeof(r->addr);

	memset(r, 0, sizeof(*r));
	r->from = make_socket(protocol);
	r->to = make_socket(protocol);

	r->addr.sin_family = AF_INET;
	r->addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(r->to, (struct sockaddr *)&r->addr, len))
		err(1, "%s: bind", protocol->name);
	if (getsockname(r->to, (struct sockaddr *)&r->addr, &len))
		err(1, "%s: getsockname", protocol->name);
	if (connected && connect(r->from, (struct sockaddr *)&r->addr, len))
		err(1, "%s: connect", protocol->name);
}

static void close_runner(struct runner *r)
{
	close(r->from);
	close(r->to);
}

static void fill(size_t bytes, int seed)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		out[i] = i * 7 + seed;
	memset(in, 0, bytes);
}

static void one_round(struct runner *r, int connected, size_t bytes, int n)
{
	struct cost sum = {};
	int i;

	for (i = 0; i < n; i++) {
		long long began, sent, received;
		ssize_t m, k;

		began = now();
		if (connected)
			m = send(r->from, out, bytes, 0);
		else
			m = sendto(r->from, out, bytes, 0,
				   (struct sockaddr *)&r->addr,
				   sizeof(r->addr));
		sent = now();
		/* it is there already: loopback delivers within send */
		k = recv(r->to, in, sizeof(in), MSG_DONTWAIT);
		received = now();

		if (m < 0)
			err(1, "send of %zu bytes", bytes);
		if (k < 0)
			err(1, "recv of %zu bytes", bytes);
		if (m != (ssize_t)bytes || k != (ssize_t)bytes)
			errx(1, "of %zu bytes %zd were sent and %zd received",
			     bytes, m, k);
		sum.send += sent - began - clock_cost;
		sum.recv += received - sent - clock_cost;
	}
	if (memcmp(out, in, bytes))
		errx(1, "%zu bytes came changed", bytes);

	if (!r->best.send ||
	    sum.send + sum.recv < r->best.send + r->best.recv)
		r->best = sum;
}

static void one_case(const struct protocol *const protocols[2], int connected,
		     size_t bytes)
{
	int n = bytes < LARGE ? DATAGRAMS : DATAGRAMS_LARGE;
	struct runner runners[2];
	int i, turn;

	for (i = 0; i < 2; i++)
		open_runner(&runners[i], protocols[i], connected);

	for (turn = 0; turn < 2 * ROUNDS; turn++) {
		fill(bytes, turn);
		one_round(&runners[turn % 2], connected, bytes, n);
	}

	printf("bench: result %s %zu", connected ? "connected" : "unconnected",
	       bytes);
	for (i = 0; i < 2; i++) {
		printf(" %.2f %.2f", (double)runners[i].best.send / n,
		       (double)runners[i].best.recv / n);
		close_runner(&runners[i]);
	}
	printf("\n");
	fflush(stdout);
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

static void wait_until_settled(void)
{
	long long end = now() + SETTLE_NS;

	/* asleep, so that what the boot left to do gets done */
	while (now() < end)
		usleep(10000);
}

int main(int argc, char *argv[])
{
	static const size_t lengths[] = { 1, 64, 1400, 8192, LENGTH_MAX };
	const struct protocol *protocols[2] = { &udp, &eudp };
	struct utsname name;
	int connected;
	size_t i;

	if (argc > 2 || (argc == 2 && strcmp(argv[1], "udp")))
		errx(2, "usage: bench-guest [udp]");
	if (argc == 2)
		protocols[1] = &udp;

	pin();
	wait_until_settled();
	clock_cost = measure_clock();
	uname(&name);
	printf("bench: kernel %s\n", name.release);
	printf("bench: clock %lld\n", clock_cost);

	for (connected = 0; connected < 2; connected++)
		for (i = 0; i < ARRAY_SIZE(lengths); i++)
			one_case(protocols, connected, lengths[i]);
	printf("bench: end\n");
	return 0;
}
