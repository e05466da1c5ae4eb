// SPDX-License-Identifier: GPL-2.0
/* The calls of the product test, and the names of what they are made of */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <netinet/in.h>
#include <linux/in6.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "product.h"

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
	[GROUP2] = "group2",
	[GROUP_LINK] = "group_link",
	[GROUP_NO_SCOPE] = "group_no_scope",
	[LINK] = "link",
	[LINK_REMOTE] = "link_remote",
	[LINK_NO_SCOPE] = "link_no_scope",
	[LINK_ELSEWHERE] = "link_elsewhere",
	[LINK_NOWHERE] = "link_nowhere",
	[OWN_SCOPE] = "own_scope",
	[FLOW] = "flow",
	[MAPPED_ANY] = "mapped_any",
	[MAPPED_OWN] = "mapped_own",
	[MAPPED_OTHER] = "mapped_other",
	[MAPPED_REMOTE] = "mapped_remote",
	[MAPPED_NO_ROUTE] = "mapped_no_route",
	[MAPPED_UNREACHABLE] = "mapped_unreachable",
	[MAPPED_LIMITED] = "mapped_limited",
	[MAPPED_GROUP] = "mapped_group",
	[INET_ANY] = "inet_any",
	[INET_OWN] = "inet_own",
	[INET_REMOTE] = "inet_remote",
	[INET_GROUP] = "inet_group",
	[UNSPEC] = "unspec",
	[UNSPEC_ANY] = "unspec_any",
	[OTHER_FAMILY] = "other_family",
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

const int device_numbers[] = {
	[DEV_NONE] = 0, [DEV_LO] = 1, [DEV_DUMMY] = DUMMY_NUMBER,
	[DEV_MISSING] = 99,
};

#define SOCKET_OPTION(x)	{ SOL_SOCKET, x, "SOL_SOCKET", #x }
#define IP_OPTION(x)		{ IPPROTO_IP, x, "IPPROTO_IP", #x }
#define IPV6_OPTION(x)		{ IPPROTO_IPV6, x, "IPPROTO_IPV6", #x }

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
	[OPT_MULTICAST_ALL] = IP_OPTION(IP_MULTICAST_ALL),
	[OPT_MULTICAST_LOOP] = IP_OPTION(IP_MULTICAST_LOOP),
	[OPT_REUSEPORT] = SOCKET_OPTION(SO_REUSEPORT),
	[OPT_V6ONLY] = IPV6_OPTION(IPV6_V6ONLY),
	[OPT_RECVERR6] = IPV6_OPTION(IPV6_RECVERR),
	[OPT_FREEBIND6] = IPV6_OPTION(IPV6_FREEBIND),
	[OPT_TRANSPARENT6] = IPV6_OPTION(IPV6_TRANSPARENT),
	[OPT_MTU_DISCOVER6] = IPV6_OPTION(IPV6_MTU_DISCOVER),
	[OPT_MTU6] = IPV6_OPTION(IPV6_MTU),
	[OPT_HOPS] = IPV6_OPTION(IPV6_UNICAST_HOPS),
	[OPT_RECVHOPLIMIT] = IPV6_OPTION(IPV6_RECVHOPLIMIT),
	[OPT_RECVTCLASS] = IPV6_OPTION(IPV6_RECVTCLASS),
	[OPT_RECVPKTINFO] = IPV6_OPTION(IPV6_RECVPKTINFO),
	[OPT_DONTFRAG] = IPV6_OPTION(IPV6_DONTFRAG),
	[OPT_TCLASS] = IPV6_OPTION(IPV6_TCLASS),
	[OPT_FLOWINFO] = IPV6_OPTION(IPV6_FLOWINFO),
	[OPT_FLOWINFO_SEND] = IPV6_OPTION(IPV6_FLOWINFO_SEND),
	[OPT_RECVPATHMTU] = IPV6_OPTION(IPV6_RECVPATHMTU),
	[OPT_RECVORIGDSTADDR] = IPV6_OPTION(IPV6_RECVORIGDSTADDR),
	[OPT_MULTICAST_ALL6] = IPV6_OPTION(IPV6_MULTICAST_ALL),
	[OPT_MULTICAST_LOOP6] = IPV6_OPTION(IPV6_MULTICAST_LOOP),
	[OPT_MULTICAST_HOPS] = IPV6_OPTION(IPV6_MULTICAST_HOPS),
};

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

const struct number membership_names[] = {
	{ MCAST_JOIN_GROUP, "MCAST_JOIN_GROUP" },
	{ MCAST_BLOCK_SOURCE, "MCAST_BLOCK_SOURCE" },
	{ MCAST_UNBLOCK_SOURCE, "MCAST_UNBLOCK_SOURCE" },
	{ MCAST_LEAVE_GROUP, "MCAST_LEAVE_GROUP" },
	{ MCAST_JOIN_SOURCE_GROUP, "MCAST_JOIN_SOURCE_GROUP" },
	{ MCAST_LEAVE_SOURCE_GROUP, "MCAST_LEAVE_SOURCE_GROUP" },
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

/* Whose calls are made */
static struct version *ver;

#define MOST_CALLS	1000

static void add(struct step s)
{
	struct call *c = &ver->calls[ver->nr_calls++];

	if (ver->nr_calls > MOST_CALLS)
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
	for (i = 0; i < ver->nr_calls; i++) {
		if (!strcmp(ver->calls[i].name, name)) {
			ver->calls[i].core = true;
			return;
		}
	}
	fprintf(stderr, "%s is no call\n", name);
	abort();
}

static void add_lengths(struct step s)
{
	int i;

	for (i = 0; i < ver->nr_lengths; i++) {
		s.alen = ver->lengths[i];
		add(s);
	}
}

/* Every address, the common ones with all ports but @unwanted */
static void add_hosts(struct step s, enum port unwanted, enum port of_no_host)
{
	for (s.addr = ANY; s.addr <= LAST_HOST; s.addr++) {
		if (!ver->hosts[s.addr].text)
			continue;
		s.port = s.addr <= LAST_WITH_ALL_PORTS ? ZERO : TAKEN;
		for (; s.port < PORTS; s.port++)
			if (s.port != unwanted)
				add(s);
	}
	s.port = of_no_host;
	for (; s.addr < ADDRESSES; s.addr++)
		add(s);
}

/* bind() or connect() */
static void add_addresses(enum op op)
{
	struct step s = { .op = op, .alen = FULL };
	int i;

	add_hosts(s, PORTS, SELF);
	s.port = SELF;
	add(s);
	s.addr = OWN;
	add_lengths(s);
	/* The family alone is enough to disconnect */
	s.addr = UNSPEC;
	for (i = 0; i < 4; i++) {
		s.alen = ver->lengths[i];
		add(s);
	}
}

static const int send_flags[] = {
	MSG_OOB, MSG_PEEK, MSG_DONTROUTE, MSG_CTRUNC, 0x10, MSG_TRUNC,
	MSG_DONTWAIT, MSG_EOR, MSG_WAITALL, MSG_CONFIRM, MSG_ERRQUEUE,
	MSG_NOSIGNAL, MSG_MORE, MSG_ZEROCOPY, MSG_FASTOPEN, MSG_CMSG_CLOEXEC,
	0x800000, MSG_OOB | MSG_ERRQUEUE, MSG_CONFIRM | 0x10,
};

/* To nobody in particular, to a socket, to another host */
static void add_sizes_and_flags(struct step s)
{
	static const enum address to[] = { NONE, OWN, REMOTE };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		s.addr = to[i];
		s.port = i ? TAKEN : ZERO;
		for (j = 0; j < ver->nr_sizes; j++) {
			s.len = ver->sizes[j];
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
}

static void add_sendto(void)
{
	struct step s = { .op = SENDTO, .alen = FULL, .len = 1 };

	add_hosts(s, PRIVILEGED, TAKEN);
	add_sizes_and_flags(s);
	s.port = TAKEN;
	s.addr = OWN;
	add_lengths(s);
	s.addr = NONE;
	s.port = ZERO;
	s.alen = ver->len;
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
}

static void add_sendmsg(void)
{
	struct step s = { .op = SENDMSG, .alen = FULL };
	static const int iovs[] = { -1, 0, 1, 2, 3, 1025 };
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
		for (i = 0; i < ver->nr_controls; i++) {
			s.value = ver->controls[i];
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
	add_lengths(s);
	s.addr = NONE;
	s.alen = ver->len;
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
	add_lengths(s);
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
	add_lengths(s);
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

	add(s);
	add_lengths(s);
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
	int i;

	for (i = 0; i < ver->nr_set; i++) {
		add((struct step)set(ver->set[i], 0));
		add((struct step)set(ver->set[i], 1));
	}
	for (i = 0; i < ver->nr_get; i++)
		add((struct step)get(ver->get[i]));
	for (i = 0; i < ver->nr_extra; i++)
		add(ver->extra[i]);
}

void make_calls(struct version *version)
{
	int i;

	ver = version;
	ver->calls = calloc(MOST_CALLS, sizeof(*ver->calls));
	if (!ver->calls)
		abort();
	add_addresses(BIND);
	add_addresses(CONNECT);
	add_sendto();
	add_sendmsg();
	add_receive();
	add_names(GETSOCKNAME);
	add_names(GETPEERNAME);
	add_others();
	add_options();
	for (i = 0; i < ver->nr_core; i++)
		core(ver->core[i]);
}
