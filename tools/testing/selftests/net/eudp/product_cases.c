// SPDX-License-Identifier: GPL-2.0
/* The states and the calls of the product test, and what they are made of */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "product.h"

/* Of the addresses only those of lo and dummy0 are local */
const struct version ipv4 = {
	.family = AF_INET,
	.family_name = "AF_INET",
	.len = sizeof(struct sockaddr_in),
	.network = "set -e; sysctl -qw net.ipv4.icmp_ratemask=0; "
		"ip link set lo up; ip link add dummy0 type dummy; "
		"ip addr add 10.0.0.1/24 brd + dev dummy0; "
		"ip link set dummy0 up; "
		"ip route add 224.0.0.0/4 dev dummy0; "
		"ip route add prohibit 10.2.0.0/16; "
		"ip route add blackhole 10.3.0.0/16; "
		"ip route add unreachable 10.4.0.0/16",
	.addresses = {
		[ANY] = "0.0.0.0",
		[OWN] = "127.0.0.1",
		[SECOND] = "127.0.0.2",
		[OTHER] = "10.0.0.1",
		[REMOTE] = "10.0.0.77",
		[NO_ROUTE] = "10.1.0.1",
		[PROHIBIT] = "10.2.0.1",
		[BLACKHOLE] = "10.3.0.1",
		[UNREACHABLE] = "10.4.0.1",
		[LIMITED] = "255.255.255.255",
		[SUBNET] = "10.0.0.255",
		[NETWORK] = "10.0.0.0",
		[LO_BROADCAST] = "127.255.255.255",
		[GROUP] = "239.1.1.1",
	},
};

const char *const address_names[] = {
	[NONE] = "none",
	[ANY] = "any",
	[OWN] = "own",
	[SECOND] = "second",
	[OTHER] = "other",
	[REMOTE] = "remote",
	[NO_ROUTE] = "no_route",
	[PROHIBIT] = "prohibit",
	[BLACKHOLE] = "blackhole",
	[UNREACHABLE] = "unreachable",
	[LIMITED] = "limited",
	[SUBNET] = "subnet",
	[NETWORK] = "network",
	[LO_BROADCAST] = "lo_broadcast",
	[GROUP] = "group",
	[UNSPEC] = "unspec",
	[UNSPEC_ANY] = "unspec_any",
	[INET6] = "inet6",
	[UNIX] = "unix",
	[BAD_POINTER] = "bad",
};

/* All of them below the range that ports are chosen from */
const int ports[] = {
	[ZERO] = 0, [PRIVILEGED] = 700, [SELF] = 5000, [TAKEN] = 5001,
	[FREE] = 5002,
};

const char *const port_names[] = {
	[ZERO] = "0", [PRIVILEGED] = "priv", [SELF] = "self",
	[TAKEN] = "taken", [FREE] = "free",
};

const char *const devices[] = {
	[DEV_NONE] = "", [DEV_LO] = "lo", [DEV_DUMMY] = "dummy0",
	[DEV_MISSING] = "missing",
};

#define SOCKET_OPTION(x)	{ SOL_SOCKET, x, "SOL_SOCKET", #x }
#define IP_OPTION(x)		{ IPPROTO_IP, x, "IPPROTO_IP", #x }

const struct socket_option options[] = {
	[OPT_BROADCAST] = SOCKET_OPTION(SO_BROADCAST),
	[OPT_REUSEADDR] = SOCKET_OPTION(SO_REUSEADDR),
	[OPT_BINDTODEVICE] = SOCKET_OPTION(SO_BINDTODEVICE),
	[OPT_DONTROUTE] = SOCKET_OPTION(SO_DONTROUTE),
	[OPT_RCVBUF] = SOCKET_OPTION(SO_RCVBUF),
	[OPT_SNDBUF] = SOCKET_OPTION(SO_SNDBUF),
	[OPT_ERROR] = SOCKET_OPTION(SO_ERROR),
	[OPT_MARK] = SOCKET_OPTION(SO_MARK),
	[OPT_RCVLOWAT] = SOCKET_OPTION(SO_RCVLOWAT),
	[OPT_NO_CHECK] = SOCKET_OPTION(SO_NO_CHECK),
	[OPT_PEEK_OFF] = SOCKET_OPTION(SO_PEEK_OFF),
	[OPT_PROTOCOL] = SOCKET_OPTION(SO_PROTOCOL),
	[OPT_DOMAIN] = SOCKET_OPTION(SO_DOMAIN),
	[OPT_TYPE] = SOCKET_OPTION(SO_TYPE),
	[OPT_ACCEPTCONN] = SOCKET_OPTION(SO_ACCEPTCONN),
	[OPT_RECVERR] = IP_OPTION(IP_RECVERR),
	[OPT_FREEBIND] = IP_OPTION(IP_FREEBIND),
	[OPT_TRANSPARENT] = IP_OPTION(IP_TRANSPARENT),
	[OPT_MTU_DISCOVER] = IP_OPTION(IP_MTU_DISCOVER),
	[OPT_MTU] = IP_OPTION(IP_MTU),
	[OPT_TTL] = IP_OPTION(IP_TTL),
	[OPT_RECVTTL] = IP_OPTION(IP_RECVTTL),
	[OPT_RECVTOS] = IP_OPTION(IP_RECVTOS),
	[OPT_NO_PORT] = IP_OPTION(IP_BIND_ADDRESS_NO_PORT),
	[OPT_PKTINFO] = IP_OPTION(IP_PKTINFO),
};

enum { IO_INQ, IO_OUTQ };

const struct number ioctls[] = {
	[IO_INQ] = { FIONREAD, "FIONREAD" },
	[IO_OUTQ] = { SIOCOUTQ, "SIOCOUTQ" },
	{ SIOCOUTQNSD, "SIOCOUTQNSD" },
	{ SIOCATMARK, "SIOCATMARK" },
	{ SIOCGPGRP, "SIOCGPGRP" },
	{ FIOASYNC, "FIOASYNC" },
	{ 0xdead, "0xdead" },
	{ 0x89e5, "0x89e5" },
	{ }
};

const struct number flag_names[] = {
	{ MSG_OOB, "MSG_OOB" },
	{ MSG_PEEK, "MSG_PEEK" },
	{ MSG_DONTROUTE, "MSG_DONTROUTE" },
	{ MSG_CTRUNC, "MSG_CTRUNC" },
	{ 0x10, "MSG_PROBE" },
	{ MSG_TRUNC, "MSG_TRUNC" },
	{ MSG_DONTWAIT, "MSG_DONTWAIT" },
	{ MSG_EOR, "MSG_EOR" },
	{ MSG_WAITALL, "MSG_WAITALL" },
	{ MSG_CONFIRM, "MSG_CONFIRM" },
	{ MSG_ERRQUEUE, "MSG_ERRQUEUE" },
	{ MSG_NOSIGNAL, "MSG_NOSIGNAL" },
	{ MSG_MORE, "MSG_MORE" },
	{ MSG_ZEROCOPY, "MSG_ZEROCOPY" },
	{ MSG_FASTOPEN, "MSG_FASTOPEN" },
	{ MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC" },
	{ }
};

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
#define get_sent(n) \
	{ .op = SENDTO, .who = PARTNER, .addr = OWN, .port = SELF, \
	  .alen = FULL, .len = n }
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

#define __STATE(text, s) \
	{ .name = text, .steps = s, .n = sizeof((struct step[])s) / \
				       sizeof(struct step) }
#define STEPS(...)	{ __VA_ARGS__ }
#define STATE(text, ...) __STATE(text, STEPS(__VA_ARGS__))

const struct state states[] = {
	{ .name = "fresh" },
	STATE("bound_auto", bind_to(ANY, ZERO)),
	STATE("bound_any", bind_to(ANY, SELF)),
	STATE("bound_own", bind_to(OWN, SELF)),
	STATE("bound_own_auto", bind_to(OWN, ZERO)),
	STATE("bound_second", bind_to(SECOND, SELF)),
	STATE("bound_other", bind_to(OTHER, SELF)),
	STATE("bound_limited", bind_to(LIMITED, SELF)),
	STATE("bound_subnet", bind_to(SUBNET, SELF)),
	STATE("bound_group", bind_to(GROUP, SELF)),

	STATE("connected", connect_to(OWN, TAKEN)),
	STATE("connected_any", connect_to(ANY, TAKEN)),
	STATE("connected_free", connect_to(OWN, FREE)),
	STATE("connected_remote", connect_to(REMOTE, FREE)),
	STATE("connected_group", connect_to(GROUP, TAKEN)),
	STATE("connected_port_0", bind_to(OWN, SELF), connect_to(OWN, ZERO)),
	STATE("connected_self", bind_to(OWN, SELF), connect_to(OWN, SELF)),
	STATE("connected_twice", connect_to(OTHER, FREE),
	      connect_to(OWN, TAKEN)),
	STATE("connected_limited", set(OPT_BROADCAST, 1),
	      bind_to(OTHER, SELF), connect_to(LIMITED, TAKEN)),
	STATE("connected_subnet", set(OPT_BROADCAST, 1),
	      connect_to(SUBNET, TAKEN)),
	STATE("bound_any_connected", bind_to(ANY, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_own_connected", bind_to(OWN, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_second_connected", bind_to(SECOND, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_other_connected", bind_to(OTHER, SELF),
	      connect_to(REMOTE, FREE)),
	STATE("bound_subnet_connected", bind_to(SUBNET, SELF),
	      connect_to(OWN, TAKEN)),
	STATE("bound_group_connected", bind_to(GROUP, SELF),
	      connect_to(OWN, TAKEN)),

	STATE("disconnected", connect_to(OWN, TAKEN), disconnect),
	STATE("disconnected_any", bind_to(ANY, SELF), connect_to(OWN, TAKEN),
	      disconnect),
	STATE("disconnected_own", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      disconnect),
	STATE("disconnected_own_auto", bind_to(OWN, ZERO),
	      connect_to(OWN, TAKEN), disconnect),
	STATE("disconnected_group", bind_to(GROUP, SELF),
	      connect_to(OTHER, TAKEN), disconnect),
	STATE("disconnected_bound", bind_to(ANY, SELF), disconnect),
	STATE("not_connected", bind_to(OWN, SELF), connect_to(NO_ROUTE, FREE)),

	STATE("shut_rd", bind_to(OWN, SELF), connect_to(OWN, TAKEN), shut(0)),
	STATE("shut_wr", bind_to(OWN, SELF), connect_to(OWN, TAKEN), shut(1)),
	STATE("shut_rdwr", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      shut(2)),
	STATE("shut_rd_unconnected", bind_to(OWN, SELF), shut(0)),
	STATE("shut_wr_unconnected", bind_to(OWN, SELF), shut(1)),
	STATE("shut_rdwr_fresh", shut(2)),
	STATE("shut_with_data", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      get_sent(5), shut(2)),

	STATE("refused", bind_to(OWN, SELF), connect_to(OWN, FREE),
	      send_it(3)),
	STATE("refused_auto", connect_to(OWN, FREE), send_it(3)),
	STATE("refused_with_data", bind_to(OWN, SELF), get_sent(5),
	      connect_to(OWN, FREE), send_it(3)),
	STATE("refused_shut", bind_to(OWN, SELF), connect_to(OWN, FREE),
	      send_it(3), shut(2)),
	STATE("refused_disconnected", bind_to(OWN, SELF),
	      connect_to(OWN, FREE), send_it(3), disconnect),

	STATE("errors", set(OPT_RECVERR, 1)),
	STATE("error_queued", set(OPT_RECVERR, 1), bind_to(OWN, SELF),
	      connect_to(OWN, FREE), send_it(3)),
	STATE("error_queued_unconnected", set(OPT_RECVERR, 1),
	      bind_to(ANY, SELF), send_to(OWN, FREE, 3)),
	STATE("errors_queued", set(OPT_RECVERR, 1), bind_to(ANY, SELF),
	      send_to(OWN, FREE, 3), get(OPT_ERROR), send_to(SECOND, FREE, 7),
	      get_sent(5)),

	STATE("data", bind_to(OWN, SELF), get_sent(5)),
	STATE("data_empty", bind_to(OWN, SELF), get_sent(0)),
	STATE("data_several", bind_to(ANY, SELF), get_sent(5), get_sent(0),
	      get_sent(1472)),
	STATE("data_connected", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      get_sent(5), get_sent(1)),
	STATE("data_then_connected", bind_to(OWN, SELF), get_sent(5),
	      connect_to(OWN, FREE)),
	STATE("data_options", set(OPT_RECVTTL, 1), set(OPT_RECVTOS, 1),
	      bind_to(OWN, SELF), get_sent(5)),

	STATE("corked", bind_to(OWN, SELF), cork(OWN, TAKEN, 3)),
	STATE("corked_connected", bind_to(ANY, SELF), connect_to(OWN, TAKEN),
	      cork(NONE, ZERO, 3)),
	STATE("corked_with_data", bind_to(OWN, SELF), get_sent(5),
	      cork(OWN, FREE, 3), cork(NONE, ZERO, 3)),
	STATE("corked_shut", bind_to(OWN, SELF), connect_to(OWN, TAKEN),
	      cork(NONE, ZERO, 3), shut(1)),

	STATE("reuse", set(OPT_REUSEADDR, 1)),
	STATE("reuse_partner", set(OPT_REUSEADDR, 1),
	      partner_set(OPT_REUSEADDR, 1)),
	STATE("reuse_bound", set(OPT_REUSEADDR, 1),
	      partner_set(OPT_REUSEADDR, 1), bind_to(OWN, TAKEN)),
	STATE("device_lo", set(OPT_BINDTODEVICE, DEV_LO)),
	STATE("device_lo_bound", set(OPT_BINDTODEVICE, DEV_LO),
	      bind_to(ANY, SELF)),
	STATE("device_dummy", set(OPT_BINDTODEVICE, DEV_DUMMY)),
	STATE("broadcast", set(OPT_BROADCAST, 1)),
	STATE("broadcast_other", set(OPT_BROADCAST, 1), bind_to(OTHER, SELF)),
	STATE("dont_route", set(OPT_DONTROUTE, 1)),
	STATE("dont_fragment", set(OPT_MTU_DISCOVER, IP_PMTUDISC_DO)),
	STATE("dont_fragment_errors", set(OPT_MTU_DISCOVER, IP_PMTUDISC_DO),
	      set(OPT_RECVERR, 1), bind_to(ANY, SELF)),
	STATE("freebind", set(OPT_FREEBIND, 1)),
	STATE("no_port", set(OPT_NO_PORT, 1), bind_to(OWN, ZERO)),
	STATE("unprivileged", { .op = SETEUID, .value = 65534 }),
};

const int nr_states = ARRAY_SIZE(states);

/* What a socket says of itself, what has come, and whether more comes */
const struct step afterwards[] = {
	{ .op = GETSOCKNAME, .alen = FULL },
	{ .op = GETPEERNAME, .alen = FULL },
	{ .op = POLL },
	{ .op = IOCTL, .opt = IO_INQ },
	{ .op = IOCTL, .opt = IO_OUTQ },
	get(OPT_ERROR),
	receive(100, MSG_ERRQUEUE),
	receive(100, MSG_ERRQUEUE),
	partner_receives,
	partner_receives,
	get_sent(9),
	receive(2000, 0),
	receive(2000, 0),
	receive(2000, 0),
	receive(2000, 0),
};

const int nr_afterwards = ARRAY_SIZE(afterwards);

struct call calls[700];
int nr_calls;

static void add(struct step s)
{
	struct call *c = &calls[nr_calls++];

	if (nr_calls > ARRAY_SIZE(calls))
		abort();
	c->step = s;
	step_name(&c->step, c->name, sizeof(c->name));
}

/* One that is among the calls, and pairs are made of it */
static void core(struct step s)
{
	char name[NAME_MAX_LEN];
	int i;

	step_name(&s, name, sizeof(name));
	for (i = 0; i < nr_calls; i++) {
		if (!strcmp(calls[i].name, name)) {
			calls[i].core = true;
			return;
		}
	}
	fprintf(stderr, "%s is no call\n", name);
	abort();
}

static const int short_lengths[] = {
	0, 1, 2, 8, 15, 17, 128, 129, 65536, -1
};

/* bind() or connect() */
static void add_addresses(enum op op)
{
	struct step s = { .op = op, .alen = FULL };
	int i;

	for (s.addr = ANY; s.addr <= LAST_OF_FAMILY; s.addr++)
		for (s.port = ZERO; s.port < PORTS; s.port++)
			add(s);
	s.port = SELF;
	for (; s.addr < ADDRESSES; s.addr++)
		add(s);
	s.addr = NONE;
	add(s);
	s.addr = OWN;
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	/* The family alone is enough to disconnect */
	s.addr = UNSPEC;
	for (i = 0; i < 4; i++) {
		s.alen = short_lengths[i];
		add(s);
	}
}

static const int sizes[] = { 0, 1, 1472, 1473, 65507, 65508, 65536 };

static const int send_flags[] = {
	MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_CTRUNC, 0x10, MSG_TRUNC,
	MSG_DONTWAIT, MSG_EOR, MSG_WAITALL, MSG_CONFIRM, MSG_ERRQUEUE,
	MSG_NOSIGNAL, MSG_MORE, MSG_ZEROCOPY, MSG_FASTOPEN, MSG_CMSG_CLOEXEC,
	0x800000, MSG_OOB | MSG_ERRQUEUE, MSG_CONFIRM | 0x10,
};

static void add_sendto(void)
{
	struct step s = { .op = SENDTO, .alen = FULL, .len = 1 };
	int i;

	for (s.addr = ANY; s.addr <= LAST_OF_FAMILY; s.addr++)
		for (s.port = ZERO; s.port < PORTS; s.port++)
			if (s.port != PRIVILEGED)
				add(s);
	s.port = TAKEN;
	for (; s.addr < ADDRESSES; s.addr++)
		add(s);
	for (i = 0; i < 3; i++) {
		static const enum address to[] = { NONE, OWN, REMOTE };
		unsigned int j;

		s.addr = to[i];
		s.port = i ? TAKEN : ZERO;
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			s.len = sizes[j];
			if (!i || s.len != 1)
				add(s);
		}
		s.len = 1;
		for (j = 0; j < ARRAY_SIZE(send_flags); j++) {
			s.flags = send_flags[j];
			add(s);
		}
		s.flags = 0;
	}
	s.addr = OWN;
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	s.addr = NONE;
	s.port = ZERO;
	s.alen = 16;
	add(s);
	s.alen = FULL;
	s.data = BAD_DATA;
	add(s);
	s.addr = OWN;
	s.port = TAKEN;
	add(s);
	/* Which of two mistakes is told? */
	s.port = ZERO;
	add(s);
	s.flags = MSG_OOB;
	add(s);
	s.data = PATTERN;
	s.len = 65536;
	add(s);
	s.flags = 0;
	add(s);
	s.addr = NO_ROUTE;
	s.port = FREE;
	add(s);
	s.addr = SUBNET;
	add(s);
}

static void add_sendmsg(void)
{
	struct step s = { .op = SENDMSG, .alen = FULL };
	static const int iovs[] = { -1, 0, 1, 2, 3, 1025 };
	static const int control[] = { IP_TTL, IP_TOS, IP_RECVERR };
	int i;

	for (s.addr = NONE; s.addr <= OWN; s.addr += OWN) {
		s.port = s.addr ? TAKEN : ZERO;
		for (i = 0; i < ARRAY_SIZE(iovs); i++) {
			s.iovs = iovs[i];
			s.len = s.iovs > 0 ? 6 : 0;
			add(s);
		}
		s.iovs = 1;
		s.len = 1;
		for (i = 0; i < ARRAY_SIZE(control); i++) {
			s.value = control[i];
			add(s);
		}
		s.value = 0;
		s.flags = MSG_MORE;
		add(s);
		s.flags = MSG_OOB;
		add(s);
		s.flags = 0;
		s.data = BAD_DATA;
		add(s);
		s.data = PATTERN;
	}
	s.addr = OWN;
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	s.addr = NONE;
	s.alen = 16;
	add(s);
}

static const int receive_flags[] = {
	0, MSG_PEEK, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_OOB, MSG_WAITALL,
	MSG_DONTWAIT, MSG_ERRQUEUE, MSG_ERRQUEUE | MSG_PEEK,
	MSG_ERRQUEUE | MSG_TRUNC, MSG_CMSG_CLOEXEC, MSG_DONTROUTE,
	MSG_OOB | MSG_ERRQUEUE, MSG_NOSIGNAL | MSG_CONFIRM | MSG_MORE,
	MSG_CTRUNC, 0x800000,
};

static void add_receive(void)
{
	static const int lengths[] = { 0, 2, 2000 };
	static const int controls[] = { 0, 1, 16, 20, 48, 512 };
	struct step s = { .op = RECVFROM, .alen = FULL };
	int i, j;

	for (i = 0; i < ARRAY_SIZE(receive_flags); i++) {
		s.flags = receive_flags[i];
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			s.len = lengths[j];
			add(s);
		}
	}
	s.flags = 0;
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	s.alen = NO_LEN;
	add(s);
	s.alen = FULL;
	s.data = BAD_DATA;
	for (i = 0; i < 4; i++) {
		s.flags = receive_flags[i];
		add(s);
	}
	s.data = PATTERN;
	s.op = RECVMSG;
	s.iovs = 1;
	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		s.value = controls[i];
		for (j = 0; j < 3; j++) {
			s.flags = j == 0 ? 0 : j == 1 ? MSG_PEEK : MSG_ERRQUEUE;
			add(s);
		}
	}
	s.flags = 0;
	for (s.iovs = -1; s.iovs < 4; s.iovs++) {
		if (s.iovs != 1)
			add(s);
	}
	s.iovs = 1;
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	for (i = 0; i < ARRAY_SIZE(receive_flags); i++) {
		s.alen = NO_LEN;
		s.flags = receive_flags[i];
		s.len = 2;
		add(s);
	}
}

static void add_names(enum op op)
{
	struct step s = { .op = op, .alen = FULL };
	int i;

	add(s);
	for (i = 0; i < ARRAY_SIZE(short_lengths); i++) {
		s.alen = short_lengths[i];
		add(s);
	}
	s.alen = NO_LEN;
	add(s);
	s.alen = FULL;
	s.addr = BAD_POINTER;
	add(s);
}

static void add_others(void)
{
	struct step s = { .op = IOCTL };
	int how;

	for (how = -1; how < 4; how++)
		add((struct step)shut(how));
	add((struct step){ .op = LISTEN, .value = 0 });
	add((struct step){ .op = LISTEN, .value = 5 });
	add((struct step){ .op = ACCEPT, .alen = FULL });
	add((struct step){ .op = ACCEPT, .alen = NO_LEN });
	add((struct step){ .op = POLL });
	for (; ioctls[s.opt].name; s.opt++) {
		s.data = PATTERN;
		add(s);
		s.data = BAD_DATA;
		add(s);
	}
}

static void add_options(void)
{
	static const int as_flags[] = {
		OPT_BROADCAST, OPT_REUSEADDR, OPT_DONTROUTE, OPT_MARK,
		OPT_NO_CHECK, OPT_PEEK_OFF, OPT_RECVERR, OPT_FREEBIND,
		OPT_TRANSPARENT, OPT_RECVTTL, OPT_RECVTOS, OPT_NO_PORT,
		OPT_PKTINFO, OPT_MTU_DISCOVER, OPT_TTL, OPT_RCVLOWAT,
		OPT_RCVBUF, OPT_SNDBUF, OPT_BINDTODEVICE,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(as_flags); i++) {
		add((struct step)set(as_flags[i], 0));
		add((struct step)set(as_flags[i], 1));
	}
	add((struct step)set(OPT_MTU_DISCOVER, 2));
	add((struct step)set(OPT_MTU_DISCOVER, 3));
	add((struct step)set(OPT_BINDTODEVICE, DEV_DUMMY));
	add((struct step)set(OPT_BINDTODEVICE, DEV_MISSING));
	for (i = 0; i <= OPT_PKTINFO; i++)
		if (i != OPT_BINDTODEVICE)
			add((struct step)get(i));
}

static void choose_core(void)
{
	static const struct step chosen[] = {
		bind_to(ANY, ZERO), bind_to(OWN, SELF), bind_to(SECOND, FREE),
		bind_to(GROUP, FREE),
		connect_to(OWN, TAKEN), connect_to(OWN, FREE),
		connect_to(OWN, ZERO), connect_to(REMOTE, FREE),
		connect_to(NO_ROUTE, FREE), connect_to(SUBNET, FREE),
		disconnect,
		send_to(NONE, ZERO, 1), send_to(OWN, TAKEN, 1),
		send_to(OWN, FREE, 1), send_to(OWN, SELF, 1),
		send_to(NONE, ZERO, 65508),
		shut(0), shut(1), get(OPT_ERROR),
		set(OPT_RECVERR, 1), set(OPT_BINDTODEVICE, DEV_DUMMY),
		set(OPT_REUSEADDR, 1),
		{ .op = RECVFROM, .alen = FULL, .len = 2000 },
		{ .op = RECVFROM, .alen = FULL, .len = 2, .flags = MSG_PEEK },
		receive(2000, MSG_ERRQUEUE),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(chosen); i++)
		core(chosen[i]);
}

void make_calls(void)
{
	add_addresses(BIND);
	add_addresses(CONNECT);
	add_sendto();
	add_sendmsg();
	add_receive();
	add_names(GETSOCKNAME);
	add_names(GETPEERNAME);
	add_others();
	add_options();
	choose_core();
}
