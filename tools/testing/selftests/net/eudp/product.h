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
	SETEUID,
};

/* What a call asks; the partner is bound to the port TAKEN of any address */
enum who { SUBJECT, PARTNER };

enum address {
	NONE, ANY, OWN, SECOND, OTHER, REMOTE, NO_ROUTE, PROHIBIT, BLACKHOLE,
	UNREACHABLE, LIMITED, SUBNET, NETWORK, LO_BROADCAST, GROUP,
	LAST_OF_FAMILY = GROUP,
	UNSPEC, UNSPEC_ANY, INET6, UNIX, BAD_POINTER, ADDRESSES
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
	int opt;		/* index in options[] or ioctls[] */
	int value;
	enum data data;
};

/* A kind of socket, and what is broken in it on purpose */
struct door {
	const char *name;
	int family;
	int protocol;
	bool broken;
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

/* What there is of an IP version; more of them can come here */
struct version {
	int family;
	const char *family_name;
	socklen_t len;
	const char *network;		/* commands that set it up */
	const char *addresses[LAST_OF_FAMILY + 1];
};

enum {
	OPT_BROADCAST, OPT_REUSEADDR, OPT_BINDTODEVICE, OPT_DONTROUTE,
	OPT_RCVBUF, OPT_SNDBUF, OPT_ERROR, OPT_MARK, OPT_RCVLOWAT, OPT_NO_CHECK,
	OPT_PEEK_OFF, OPT_PROTOCOL, OPT_DOMAIN, OPT_TYPE, OPT_ACCEPTCONN,
	OPT_RECVERR, OPT_FREEBIND, OPT_TRANSPARENT, OPT_MTU_DISCOVER, OPT_MTU,
	OPT_TTL, OPT_RECVTTL, OPT_RECVTOS, OPT_NO_PORT, OPT_PKTINFO,
};

enum { DEV_NONE, DEV_LO, DEV_DUMMY, DEV_MISSING };

extern const struct version ipv4;
extern const struct socket_option options[];
extern const struct number ioctls[];
extern const struct number flag_names[];
extern const char *const devices[];
extern const char *const address_names[];
extern const char *const port_names[];
extern const int ports[];

/* product_cases.c */
#define MOST_STEPS	8	/* of a state */
#define NAME_MAX_LEN	64

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

extern const struct state states[];
extern const int nr_states;
extern const struct step afterwards[];
extern const int nr_afterwards;
extern struct call calls[];
extern int nr_calls;
void make_calls(void);

/* product_steps.c */
void enter_network(int cpu);
void open_sockets(const struct door *door);
void close_sockets(void);
size_t run_step(const struct step *s, char *out, size_t room);
void step_name(const struct step *s, char *out, size_t room);
void print_step(FILE *out, const struct step *s);
void print_program(FILE *out, bool broken, const char *body);

#endif /* _EUDP_TEST_PRODUCT_H */
