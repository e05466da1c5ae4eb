/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A case of the product test is a list of steps: those that bring a socket
 * into a state, one or two calls, and those that look at it afterwards. Each
 * step can be run, and be printed as a line of C.
 */
#ifndef _EUDP_TEST_PRODUCT_H
#define _EUDP_TEST_PRODUCT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "../../kselftest.h"

enum op {
	BIND, CONNECT, SENDTO, SENDMSG, RECVFROM, RECVMSG, SHUTDOWN, LISTEN,
	ACCEPT, GETSOCKNAME, GETPEERNAME, IOCTL, POLL, SETSOCKOPT, GETSOCKOPT,
	MEMBERSHIP, STEER, SETEUID,
};

/* What a call asks; the partner is bound to the port TAKEN of any address */
enum who { SUBJECT, PARTNER };

/*
 * Those of the first part are combined with every port, the others with few.
 * A version need not have all of them.
 */
enum address {
	NONE, ANY, OWN, SECOND, OTHER, REMOTE, NO_ROUTE, PROHIBIT, BLACKHOLE,
	UNREACHABLE, LIMITED, SUBNET, NETWORK, LO_BROADCAST, GROUP,
	LAST_WITH_ALL_PORTS = GROUP,
	GROUP2, GROUP_LINK, GROUP_NO_SCOPE, LINK, LINK_REMOTE, LINK_NO_SCOPE,
	LINK_ELSEWHERE, LINK_NOWHERE, OWN_SCOPE, FLOW, MAPPED_ANY, MAPPED_OWN,
	MAPPED_OTHER, MAPPED_REMOTE, MAPPED_NO_ROUTE, MAPPED_UNREACHABLE,
	MAPPED_LIMITED, MAPPED_GROUP, INET_ANY, INET_OWN, INET_REMOTE,
	INET_GROUP,
	LAST_HOST = INET_GROUP,
	UNSPEC, UNSPEC_ANY, OTHER_FAMILY, UNIX, BAD_POINTER, ADDRESSES
};

enum port { ZERO, PRIVILEGED, SELF, TAKEN, FREE, PORTS };

enum data { PATTERN, BAD_DATA };

/* A length of an address: all of it; and: there is no pointer to a length */
#define FULL	(-100)
#define NO_LEN	(-101)

struct step {
	enum op op;
	enum who who;
	enum address addr;
	enum port port;
	int alen;		/* of the address */
	int len;		/* of the data */
	int flags;
	int iovs;		/* of a message, -1: no data at all */
	int opt;		/* index in options[] or ioctls[]; or MCAST_* */
	int value;
	enum data data;
	enum address source;	/* of a membership */
};

/* A kind of socket, and an option that is set on purpose to break it */
struct door {
	const char *name;
	int family;
	int protocol;
	int level, option;
};

/* Names of numbers */
struct number {
	int value;
	const char *name;
};

struct socket_option {
	int level;
	int option;
	const char *level_name;
	const char *name;
};

/* One of struct sockaddr_in if there is no colon in it */
struct host {
	const char *text;
	int scope;
	int flow;
};

struct state;
struct call;

/* What there is of an IP version */
struct version {
	int number;
	const char *prefix;		/* of the names of its cases */
	int family;
	struct door udp, eudp, broken;
	socklen_t len;
	int level;
	const char *level_name;
	const char *network;		/* commands that set it up */
	struct host hosts[LAST_HOST + 1];

	const struct state *states;
	int nr_states;
	const struct step *afterwards;
	int nr_afterwards;

	/* What the calls are made of */
	const int *lengths;		/* of an address */
	int nr_lengths;
	const int *sizes;		/* of a datagram */
	int nr_sizes;
	const int *controls;		/* messages that are sent */
	int nr_controls;
	const int *set;			/* options, to 0 and to 1 */
	int nr_set;
	const int *get;
	int nr_get;
	const struct step *extra;	/* calls */
	int nr_extra;
	const struct step *core;
	int nr_core;
	struct call *calls;
	int nr_calls;

	/* One where @broken differs, and what the two then say */
	const char *broken_case, *harmless_case;
	const char *good, *bad;
};

enum {
	OPT_BROADCAST, OPT_REUSEADDR, OPT_BINDTODEVICE, OPT_DONTROUTE,
	OPT_RCVBUF, OPT_SNDBUF, OPT_ERROR, OPT_MARK, OPT_RCVLOWAT, OPT_NO_CHECK,
	OPT_PEEK_OFF, OPT_PROTOCOL, OPT_DOMAIN, OPT_TYPE, OPT_ACCEPTCONN,
	OPT_RECVERR, OPT_FREEBIND, OPT_TRANSPARENT, OPT_MTU_DISCOVER, OPT_MTU,
	OPT_TTL, OPT_RECVTTL, OPT_RECVTOS, OPT_NO_PORT, OPT_PKTINFO,
	OPT_MULTICAST_ALL, OPT_MULTICAST_LOOP, OPT_REUSEPORT,
	OPT_V6ONLY, OPT_RECVERR6, OPT_FREEBIND6, OPT_TRANSPARENT6,
	OPT_MTU_DISCOVER6, OPT_MTU6, OPT_HOPS, OPT_RECVHOPLIMIT, OPT_RECVTCLASS,
	OPT_RECVPKTINFO, OPT_DONTFRAG, OPT_TCLASS, OPT_FLOWINFO,
	OPT_FLOWINFO_SEND, OPT_RECVPATHMTU, OPT_RECVORIGDSTADDR,
	OPT_MULTICAST_ALL6, OPT_MULTICAST_LOOP6, OPT_MULTICAST_HOPS,
};

/* The number of dummy0, and commands that make it and lo */
#define DUMMY_NUMBER	7
#define IPV4_NETWORK \
	"set -e; sysctl -qw net.ipv4.icmp_ratemask=0; " \
	"ip link set lo up; ip link add dummy0 index 7 type dummy; " \
	"ip addr add 10.0.0.1/24 brd + dev dummy0; " \
	"ip link set dummy0 up; " \
	"ip route add 224.0.0.0/4 dev dummy0; " \
	"ip route add prohibit 10.2.0.0/16; " \
	"ip route add blackhole 10.3.0.0/16; " \
	"ip route add unreachable 10.4.0.0/16"

enum { IO_INQ, IO_OUTQ };
enum { DEV_NONE, DEV_LO, DEV_DUMMY, DEV_MISSING };

extern struct version ipv4, ipv6;
extern const struct version *ip;	/* the one that is at work */
extern const struct socket_option options[];
extern const struct number ioctls[];
extern const struct number membership_names[];
extern const struct number flag_names[];
extern const char *const devices[];
extern const int device_numbers[];
extern const char *const address_names[];
extern const char *const port_names[];
extern const int ports[];

/* product_cases.c */
#define MOST_STEPS	8	/* of a state */
#define NAME_MAX_LEN	96

struct state {
	const char *name;
	struct step steps[MOST_STEPS];
	int n;
};

struct call {
	char name[NAME_MAX_LEN];
	struct step step;
	bool core;		/* one that pairs are made of */
};

void make_calls(struct version *version);

/* product_steps.c */
extern const struct step opening;
void enter_network(int cpu);
void open_sockets(const struct door *door);
void close_sockets(void);
size_t run_step(const struct step *s, char *out, size_t room);
void step_name(const struct step *s, char *out, size_t room);
void print_step(FILE *out, const struct step *s);
void print_program(FILE *out, bool broken, const char *body);

/* Steps to write down */
#define bind_to(a, p)	{ .op = BIND, .addr = a, .port = p, .alen = FULL }
#define connect_to(a, p) { .op = CONNECT, .addr = a, .port = p, .alen = FULL }
#define disconnect	connect_to(UNSPEC, SELF)
#define send_to(a, p, n) \
	{ .op = SENDTO, .addr = a, .port = p, .alen = FULL, .len = n }
#define send_it(n)	send_to(NONE, ZERO, n)
#define cork(a, p, n) \
	{ .op = SENDTO, .addr = a, .port = p, .alen = FULL, .len = n, \
	  .flags = MSG_MORE }
#define partner_sends(a, n) \
	{ .op = SENDTO, .who = PARTNER, .addr = a, .port = SELF, \
	  .alen = FULL, .len = n }
#define get_sent(n)	partner_sends(OWN, n)
#define shut(n)		{ .op = SHUTDOWN, .value = n }
#define set(o, v)	{ .op = SETSOCKOPT, .opt = o, .value = v }
#define get(o)		{ .op = GETSOCKOPT, .opt = o }
#define partner_set(o, v) \
	{ .op = SETSOCKOPT, .who = PARTNER, .opt = o, .value = v }
#define receive(n, f) \
	{ .op = RECVMSG, .len = n, .flags = f, .alen = FULL, .iovs = 1, \
	  .value = 512 }
#define partner_receives \
	{ .op = RECVFROM, .who = PARTNER, .len = 70000, .alen = FULL }
#define member(o, g, s, d) \
	{ .op = MEMBERSHIP, .opt = o, .addr = g, .source = s, .value = d, \
	  .alen = FULL }
#define join(g, d)	member(MCAST_JOIN_GROUP, g, NONE, d)
#define leave(g, d)	member(MCAST_LEAVE_GROUP, g, NONE, d)
#define join_source(g, s) member(MCAST_JOIN_SOURCE_GROUP, g, s, DEV_DUMMY)
#define leave_source(g, s) member(MCAST_LEAVE_SOURCE_GROUP, g, s, DEV_DUMMY)
#define block(g, s)	member(MCAST_BLOCK_SOURCE, g, s, DEV_DUMMY)
#define unblock(g, s)	member(MCAST_UNBLOCK_SOURCE, g, s, DEV_DUMMY)
#define partner_joins(g) \
	{ .op = MEMBERSHIP, .who = PARTNER, .opt = MCAST_JOIN_GROUP, \
	  .addr = g, .value = DEV_DUMMY, .alen = FULL }
#define steer(w)	{ .op = STEER, .who = w }

#define __STATE(text, s) \
	{ .name = text, .steps = s, .n = sizeof((struct step[])s) / \
				       sizeof(struct step) }
#define STEPS(...)	{ __VA_ARGS__ }
#define STATE(text, ...) __STATE(text, STEPS(__VA_ARGS__))

/* A table of a version, which has its name, and how much there is in it */
#define TABLE(table)	.table = table, .nr_ ## table = ARRAY_SIZE(table)

#endif /* _EUDP_TEST_PRODUCT_H */
