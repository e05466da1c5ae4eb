// SPDX-License-Identifier: GPL-2.0
/*
 * What sockets cost where there are many: to bind and connect one more, a
 * datagram to one of them, and the memory of one that is idle.
 *
 * A kind says how the sockets stand to each other, and a case is a kind and a
 * number of sockets. The median of a few sockets counts for bind and connect,
 * the mean of a few sockets all over the table for a datagram, and of the
 * datagrams to each the cheapest. All of it is IPv4 over loopback.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "guest.h"

/* Sockets that are bound, or sent to, for a figure */
#define SAMPLES		64
/* Datagrams to each of them */
#define DATAGRAMS	8
/* Sockets from which on the memory of one is a figure */
#define MEMORY_MIN	10000
/* Of the program itself, and of a case beside the sockets it is about */
#define FDS_OTHER	64

#define PORT		10000
#define PORTS		1000
#define PEER_PORT	5000
/* Sockets of one address on one port, and the number of such addresses */
#define GROUP_MOST	25000
#define HOSTS		4

/* What is measured of one of the two protocols in one case */
struct figures {
	long long bind;
	long long connect;
	struct cost datagram;	/* of SAMPLES of them */
	double bytes;
};

struct kind {
	const char *name;
	int option;		/* of SOL_SOCKET, or 0 */
	bool connects;
	bool shares;		/* any socket may get the datagram */
	void (*local)(int i, struct sockaddr_in *addr);
	int sockets[5];		/* up to the first 0 */
	int udp_most;		/* for UDP, if its cost grows too fast */
};

static int *fds;

/* 127.0.0.0/8 has room for all of them, and not for the own address */
static void set_address(struct sockaddr_in *addr, int host, int port)
{
	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
	addr->sin_port = htons(port);
}

static void local_pair(int i, struct sockaddr_in *addr)
{
	set_address(addr, 1 + i / PORTS, PORT + i % PORTS);
}

static void local_address(int i, struct sockaddr_in *addr)
{
	set_address(addr, 1 + i, PORT);
}

/* One port; of one address a group of SO_REUSEPORT has no room for them all */
static void local_same(int i, struct sockaddr_in *addr)
{
	int host = i / GROUP_MOST;

	set_address(addr, host < HOSTS ? host : HOSTS - 1, PORT);
}

static void local_any(int i, struct sockaddr_in *addr)
{
	local_same(i, addr);
	addr->sin_addr.s_addr = htonl(INADDR_ANY);
}

static void peer_of(int i, struct sockaddr_in *addr)
{
	set_address(addr, 1 + i, PEER_PORT);
}

static const struct kind kinds[] = {
	{ "addresses and ports", .local = local_pair,
	  .sockets = { 1, 100, 10000, 100000 } },
	{ "addresses", .local = local_address,
	  .sockets = { 1, 100, 10000, 100000 } },
	{ "connected", .option = SO_REUSEPORT, .connects = true,
	  .local = local_same, .sockets = { 1, 100, 10000, 100000 },
	  .udp_most = 10000 },
	{ "connected any", .option = SO_REUSEPORT, .connects = true,
	  .local = local_any, .sockets = { 1, 100, 10000, 100000 },
	  .udp_most = 100 },
	{ "connected reuseaddr", .option = SO_REUSEADDR, .connects = true,
	  .local = local_same, .sockets = { 1, 100, 10000, 100000 },
	  .udp_most = 100 },
	{ "connected any reuseaddr", .option = SO_REUSEADDR, .connects = true,
	  .local = local_any, .sockets = { 1, 100, 10000, 100000 },
	  .udp_most = 100 },
	{ "group", .option = SO_REUSEPORT, .shares = true, .local = local_same,
	  .sockets = { 1, 64 } },
};

/* The i-th socket; tells what it took to bind and connect it */
static int open_one(const struct protocol *protocol, const struct kind *kind,
		    int i, long long *bound, long long *connected)
{
	int yes = 1, fd = make_socket(protocol, &ipv4);
	struct sockaddr_in local, peer;
	long long began;

	kind->local(i, &local);
	peer_of(i, &peer);
	if (kind->option &&
	    setsockopt(fd, SOL_SOCKET, kind->option, &yes, sizeof(yes)))
		err(1, "setsockopt");

	began = now();
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)))
		err(1, "%s: bind number %d", kind->name, i);
	*bound = now() - began - clock_cost;

	began = now();
	if (kind->connects &&
	    connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		err(1, "%s: connect number %d", kind->name, i);
	*connected = now() - began - clock_cost;
	return fd;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

static long long median(long long *values)
{
	qsort(values, SAMPLES, sizeof(*values), compare);
	return values[SAMPLES / 2];
}

/* Beside n - 1 sockets, one more, again and again */
static void measure_opening(const struct protocol *protocol,
			    const struct kind *kind, int n,
			    struct figures *figures)
{
	long long bound[SAMPLES], connected[SAMPLES];
	int i;

	for (i = 0; i < SAMPLES; i++)
		close(open_one(protocol, kind, n - 1 + i, &bound[i],
			       &connected[i]));
	figures->bind = median(bound);
	figures->connect = kind->connects ? median(connected) : 0;
}

/* Sends to the i-th socket what its peer would send */
static int open_sender(const struct protocol *protocol,
		       const struct kind *kind, int i)
{
	int fd = make_socket(protocol, &ipv4);
	struct sockaddr_in to, from;

	kind->local(i, &to);
	if (to.sin_addr.s_addr == INADDR_ANY)
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer_of(i, &from);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)))
		err(1, "%s: bind of sender %d", kind->name, i);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		err(1, "%s: connect of sender %d", kind->name, i);
	return fd;
}

/* Who of n sockets has got something */
static int receiver(int n)
{
	struct pollfd polls[SAMPLES];
	int i;

	if (n > SAMPLES)
		errx(1, "%d are too many to ask them all", n);
	for (i = 0; i < n; i++)
		polls[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	if (poll(polls, n, 0) != 1)
		errx(1, "not one of %d has it", n);
	for (i = 0; !polls[i].revents; i++)
		;
	return fds[i];
}

static struct cost one_datagram(int from, const struct kind *kind, int n,
				int to)
{
	char out[64] = "many", in[64];
	struct cost cost = {};
	long long began, sent;
	ssize_t m, k;

	began = now();
	m = send(from, out, sizeof(out), 0);
	sent = now();
	if (kind->shares)
		to = receiver(n);
	cost.send = sent - began - clock_cost;
	began = now();
	k = recv(to, in, sizeof(in), MSG_DONTWAIT);
	cost.recv = now() - began - clock_cost;
	expect("send", m, sizeof(out));
	expect("recv", k, sizeof(in));
	return cost;
}

static void measure_datagrams(const struct protocol *protocol,
			      const struct kind *kind, int n,
			      struct figures *figures)
{
	int i, j;

	for (i = 0; i < SAMPLES; i++) {
		int number = (long long)n * i / SAMPLES;
		int from = open_sender(protocol, kind, number);
		struct cost cost, best = {};

		for (j = 0; j < DATAGRAMS; j++) {
			cost = one_datagram(from, kind, n, fds[number]);
			if (!j || cost.send + cost.recv < best.send + best.recv)
				best = cost;
		}
		figures->datagram.send += best.send;
		figures->datagram.recv += best.recv;
		close(from);
	}
}

/* Bytes of all objects of the kernel */
static double memory(void)
{
	unsigned long objects, size;
	char line[512];
	double sum = 0;
	FILE *file;

	wait_until_settled();
	file = fopen("/proc/slabinfo", "r");
	if (!file)
		err(1, "/proc/slabinfo");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %lu %*u %lu", &objects, &size) == 2)
			sum += (double)objects * size;
	fclose(file);
	return sum;
}

static void measure(const struct protocol *protocol, const struct kind *kind,
		    int n, struct figures *figures)
{
	double before = memory();
	long long unused;
	int i;

	memset(figures, 0, sizeof(*figures));
	for (i = 0; i < n - 1; i++)
		fds[i] = open_one(protocol, kind, i, &unused, &unused);
	if (n >= MEMORY_MIN)
		figures->bytes = (memory() - before) / (n - 1);

	measure_opening(protocol, kind, n, figures);
	fds[n - 1] = open_one(protocol, kind, n - 1, &unused, &unused);
	measure_datagrams(protocol, kind, n, figures);
	for (i = 0; i < n; i++)
		close(fds[i]);
}

static void print_figures(const struct figures *figures)
{
	printf(" %lld %lld %.2f %.2f %.0f", figures->bind, figures->connect,
	       (double)figures->datagram.send / SAMPLES,
	       (double)figures->datagram.recv / SAMPLES, figures->bytes);
}

static void one_case(const struct protocol *const protocols[2],
		     const struct kind *kind, int n)
{
	struct figures figures;
	const char *c;
	int i;

	if (!protocols[EUDP]->eudp && kind->udp_most && n > kind->udp_most)
		return;
	printf("bench: many ");
	for (c = kind->name; *c; c++)
		putchar(*c == ' ' ? '_' : *c);
	printf(" %d", n);
	for (i = 0; i < 2; i++) {
		if (!protocols[i]->eudp && kind->udp_most && n > kind->udp_most)
			continue;
		measure(protocols[i], kind, n, &figures);
		print_figures(&figures);
	}
	printf("\n");
	fflush(stdout);
}

static void allow_fds(int n)
{
	struct rlimit limit = { n + FDS_OTHER, n + FDS_OTHER };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "RLIMIT_NOFILE");
	fds = calloc(n, sizeof(*fds));
	if (!fds)
		err(1, "calloc");
}

/* All cases of up to so many sockets */
void measure_many(const struct protocol *const protocols[2], int most)
{
	const struct kind *kind;
	size_t i;

	allow_fds(most + SAMPLES);
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++)
		for (i = 0; kind->sockets[i] && kind->sockets[i] <= most; i++)
			one_case(protocols, kind, kind->sockets[i]);
	free(fds);
}
