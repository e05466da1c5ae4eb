/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of bench-guest share: its clock, its sockets, its addresses.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <stdbool.h>
#include <sys/types.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* The number of each is its place in a pair */
enum { UDP, EUDP };

struct protocol {
	const char *name;
	bool eudp;
};

/* A version of IP, and the addresses that the cases use of it */
struct version {
	const char *name;
	int family;
	const char *own;	/* by loopback */
	const char *far;	/* at the far end of the link */
	const char *group;	/* multicast */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Instructions, of one datagram or of many */
struct cost {
	long long send;
	long long recv;
};

/* bench.c: what reading the clock costs, and the clock */
extern long long clock_cost;
long long now(void);
void wait_until_settled(void);
int make_socket(const struct protocol *protocol, const struct version *version);
void expect(const char *what, ssize_t got, ssize_t wanted);
void add(struct cost *sum, long long began, long long sent,
	 long long received);
extern const struct version ipv4;

/* many.c */
void measure_many(const struct protocol *const protocols[2], int most);

#endif
