// SPDX-License-Identifier: GPL-2.0
/* The steps of the product test: how they are run, named, and printed as C */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

#include "product.h"

#define SOON_MS		20000
#define BAD		((void *)8)	/* nothing is mapped there */
#define FIRST_AUTO	32768		/* of net.ipv4.ip_local_port_range */

const struct version *ip;
static int settle_fd;
static int fds[2];			/* by who */
static char pattern[70000], buf[70000];
static volatile sig_atomic_t signals;	/* SIGPIPE, which UDP never sends */

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Text is put together here; what has no room is a mistake in this program */
struct text {
	char *at;
	size_t room;
};

static __printf(2, 3)
void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room)
		abort();
	t->at += n;
	t->room -= n;
}

/*
 * Addresses
 */

static int family_of(enum address addr)
{
	switch (addr) {
	case UNSPEC:
	case UNSPEC_ANY:
		return AF_UNSPEC;
	case OTHER_FAMILY:
		return ip->family == AF_INET ? AF_INET6 : AF_INET;
	case UNIX:
		return AF_UNIX;
	default:
		return addr >= INET_ANY ? AF_INET : ip->family;
	}
}

static const struct host *host_of(enum address addr)
{
	return addr == UNSPEC_ANY ? &ip->hosts[ANY] :
	       addr > LAST_HOST ? &ip->hosts[OWN] : &ip->hosts[addr];
}

/* That of IPv6 may have a family that is none of its own */
static bool is_ipv6(enum address addr)
{
	return strchr(host_of(addr)->text, ':');
}

static socklen_t length_of(const struct step *s)
{
	if (s->alen != FULL)
		return s->alen;
	return s->addr == NONE ? 0 : s->addr == BAD_POINTER ? ip->len :
	       is_ipv6(s->addr) ? sizeof(struct sockaddr_in6) :
	       sizeof(struct sockaddr_in);
}

/* What a call that gives out a name is told */
static int room_of(const struct step *s)
{
	return s->alen == FULL ? (int)ip->len : s->alen;
}

static void store(enum address addr, int port, void *to)
{
	struct sockaddr_in *sin = to;
	struct sockaddr_in6 *sin6 = to;
	const struct host *host = host_of(addr);

	/* They begin alike */
	sin->sin_family = family_of(addr);
	sin->sin_port = htons(port);
	if (!is_ipv6(addr)) {
		inet_pton(AF_INET, host->text, &sin->sin_addr);
		return;
	}
	inet_pton(AF_INET6, host->text, &sin6->sin6_addr);
	sin6->sin6_flowinfo = htonl(host->flow);
	sin6->sin6_scope_id = host->scope;
}

static void *address_of(const struct step *s, struct sockaddr_storage *ss)
{
	if (s->addr == NONE)
		return NULL;
	if (s->addr == BAD_POINTER)
		return BAD;
	memset(ss, 0, sizeof(*ss));
	store(s->addr, ports[s->port], ss);
	return ss;
}

/* A port that was chosen automatically is another one each time */
static void put_port(struct text *t, in_port_t net)
{
	int port = ntohs(net);

	if (port >= FIRST_AUTO && port != 0xffff)
		put(t, "/auto");
	else
		put(t, "/%d", port);
}

static void put_in(struct text *t, const struct sockaddr_in *sin)
{
	char host[64];

	inet_ntop(AF_INET, &sin->sin_addr, host, sizeof(host));
	put(t, "/%d/%s", sin->sin_family, host);
	put_port(t, sin->sin_port);
}

static void put_in6(struct text *t, const struct sockaddr_in6 *sin6)
{
	char host[64];

	inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
	put(t, "/%d/%s", sin6->sin6_family, host);
	if (sin6->sin6_scope_id)
		put(t, "%%%d", sin6->sin6_scope_id);
	put_port(t, sin6->sin6_port);
	if (sin6->sin6_flowinfo)
		put(t, "/flow=%#x", ntohl(sin6->sin6_flowinfo));
}

/* What was not written is all ones */
static void put_name(struct text *t, const void *name, size_t room, size_t len)
{
	union {
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
	} copy;
	const char *p = name;

	memset(&copy, 0xff, sizeof(copy));
	memcpy(&copy, name, room < ip->len ? room : ip->len);
	put(t, " name=%zu", len);
	if (p[0] == -1 || !len)
		return;
	if (ip->family == AF_INET6) {
		put_in6(t, &copy.sin6);
		return;
	}
	put_in(t, &copy.sin);
	if (room >= sizeof(copy.sin) &&
	    memcmp(copy.sin.sin_zero, "\0\0\0\0\0\0\0", 8))
		put(t, "/dirty");
}

/*
 * Running
 */

static void count_signal(int number)
{
	signals++;
}

void enter_network(int cpu)
{
	struct sockaddr_in lo = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	cpu_set_t cpus;
	size_t i;

	/* One processor has one queue of packets that are to be received */
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "setaffinity");
	must(!unshare(CLONE_NEWNET), "unshare");
	must(!system(ip->network), "the network");
	settle_fd = socket(AF_INET, SOCK_RAW, 254);
	must(settle_fd >= 0, "raw socket");
	must(!connect(settle_fd, (void *)&lo, sizeof(lo)), "connect");
	signal(SIGPIPE, count_signal);
	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = 'a' + i % 26;
}

/*
 * Returns when all that was sent over lo has been received, errors that it
 * caused too: packets of the settle socket went the same way behind them.
 */
static void settle(void)
{
	struct pollfd p = { .fd = settle_fd, .events = POLLIN };
	char packet[64];
	int i;

	for (i = 0; i < 3; i++) {
		must(send(settle_fd, "", 1, 0) == 1, "settling: send");
		if (recv(settle_fd, packet, 64, MSG_DONTWAIT) == 21)
			continue;
		must(poll(&p, 1, SOON_MS) == 1, "settling: poll");
		must(recv(settle_fd, packet, 64, MSG_DONTWAIT) == 21,
		     "settling: recv");
	}
}

static int open_socket(const struct door *door)
{
	int fd = socket(door->family, SOCK_DGRAM | SOCK_NONBLOCK,
			door->protocol);
	int one = 1;

	must(fd >= 0, "socket");
	if (door->option)
		setsockopt(fd, door->level, door->option, &one, sizeof(one));
	return fd;
}

/* The partner has a port from the beginning */
const struct step opening = {
	.op = BIND, .who = PARTNER, .addr = ANY, .port = TAKEN, .alen = FULL
};

void open_sockets(const struct door *door)
{
	struct sockaddr_storage ss;

	fds[PARTNER] = open_socket(door);
	fds[SUBJECT] = open_socket(door);
	must(!bind(fds[PARTNER], address_of(&opening, &ss), ip->len),
	     "bind of the partner");
}

void close_sockets(void)
{
	must(!seteuid(0), "seteuid");
	close(fds[SUBJECT]);
	close(fds[PARTNER]);
}

static void put_result(struct text *t, long ret)
{
	if (ret < 0)
		put(t, "%s", strerrorname_np(errno));
	else
		put(t, "%ld", ret);
}

static void sent(struct text *t, long ret)
{
	put_result(t, ret);
	if (ret >= 0)
		settle();
}

static void put_data(struct text *t, long ret, size_t room)
{
	size_t len = ret < 0 ? 0 : ret;

	if (memcmp(buf, pattern, len < room ? len : room))
		put(t, " wrong data");
}

static void put_control(struct text *t, struct msghdr *msg)
{
	struct cmsghdr *c;
	size_t i;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t len = c->cmsg_len - CMSG_LEN(0);

		put(t, " [%d/%d", c->cmsg_level, c->cmsg_type);
		for (i = 0; i < len && i < 48; i++)
			put(t, "%s%02x", i % 4 ? "" : " ", CMSG_DATA(c)[i]);
		put(t, "]");
	}
}

static long run_sendmsg(const struct step *s, void *name)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .align = {
		.cmsg_level = ip->level, .cmsg_type = s->value,
		.cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov[1025] = {};
	struct msghdr msg = {
		.msg_name = name, .msg_namelen = length_of(s),
		.msg_iov = s->iovs < 0 ? NULL : iov,
		.msg_iovlen = s->iovs < 0 ? 0 : s->iovs,
	};

	if (s->value) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_LEN(sizeof(int));
		*(int *)CMSG_DATA(&control.align) = 33;
	}
	/* All in the last one, the others are empty */
	if (s->iovs > 0)
		iov[s->iovs - 1] = (struct iovec){
			s->data == BAD_DATA ? BAD : pattern, s->len };
	return sendmsg(fds[s->who], &msg, s->flags);
}

static void run_recvmsg(const struct step *s, struct text *t)
{
	union {
		char room[512];
		struct cmsghdr align;
	} control;
	struct sockaddr_storage name;
	struct iovec iov[4] = {};
	struct msghdr msg = {
		.msg_name = s->alen == NO_LEN ? NULL : &name,
		.msg_namelen = s->alen == NO_LEN ? 0 : room_of(s),
		.msg_control = &control, .msg_controllen = s->value,
		.msg_iov = s->iovs < 0 ? NULL : iov,
		.msg_iovlen = s->iovs < 0 ? 0 : s->iovs,
		.msg_flags = 0x5a5a5a5a,
	};
	socklen_t room = msg.msg_namelen;
	long ret;

	memset(&name, 0xff, sizeof(name));
	if (s->iovs > 0)
		iov[s->iovs - 1] = (struct iovec){ buf, s->len };
	ret = recvmsg(fds[s->who], &msg, s->flags);
	put_result(t, ret);
	if (ret < 0)
		return;
	put_data(t, ret, s->iovs > 0 ? s->len : 0);
	put(t, " flags=%#x", msg.msg_flags);
	put_name(t, &name, room < sizeof(name) ? room : sizeof(name),
		 msg.msg_namelen);
	put_control(t, &msg);
}

/* Calls that give out a name */
static void run_named(const struct step *s, struct text *t)
{
	socklen_t room = room_of(s), len = room;
	socklen_t *lenp = s->alen == NO_LEN ? NULL : &len;
	struct sockaddr_storage name;
	void *to = s->addr == BAD_POINTER ? BAD : &name;
	int fd = fds[s->who];
	long ret;

	memset(&name, 0xff, sizeof(name));
	if (s->op == GETSOCKNAME)
		ret = getsockname(fd, to, lenp);
	else if (s->op == GETPEERNAME)
		ret = getpeername(fd, to, lenp);
	else if (s->op == ACCEPT)
		ret = accept(fd, lenp ? to : NULL, lenp);
	else
		ret = recvfrom(fd, s->data == BAD_DATA ? BAD : buf, s->len,
			       s->flags, lenp ? to : NULL, lenp);
	put_result(t, ret);
	if (ret < 0)
		return;
	if (s->op == RECVFROM)
		put_data(t, ret, s->data == BAD_DATA ? 0 : s->len);
	if (lenp)
		put_name(t, &name, room < sizeof(name) ? room : sizeof(name),
			 len);
}

static void run_ioctl(const struct step *s, struct text *t)
{
	int n = 0;
	int ret = ioctl(fds[s->who], ioctls[s->opt].value,
			s->data == BAD_DATA ? BAD : &n);

	put_result(t, ret);
	if (!ret)
		put(t, " %d", n);
}

static void run_poll(const struct step *s, struct text *t)
{
	struct pollfd p = { .fd = fds[s->who], .events = 0x7fff };
	int ret = poll(&p, 1, 0);

	put_result(t, ret);
	put(t, " %#x", p.revents);
}

static int run_setsockopt(const struct step *s)
{
	const struct socket_option *o = &options[s->opt];

	if (s->opt == OPT_BINDTODEVICE)
		return setsockopt(fds[s->who], o->level, o->option,
				  devices[s->value], strlen(devices[s->value]));
	return setsockopt(fds[s->who], o->level, o->option, &s->value,
			  sizeof(s->value));
}

static void run_getsockopt(const struct step *s, struct text *t)
{
	const struct socket_option *o = &options[s->opt];
	socklen_t len = sizeof(int);
	int value = -1;
	int ret = getsockopt(fds[s->who], o->level, o->option, &value, &len);

	put_result(t, ret);
	if (!ret)
		put(t, " %d", value);
}

static int level_of(const struct step *s)
{
	return s->addr <= LAST_HOST && !is_ipv6(s->addr) ? IPPROTO_IP :
	       ip->level;
}

static socklen_t membership_length(const struct step *s)
{
	return s->source ? sizeof(struct group_source_req) :
	       sizeof(struct group_req);
}

/* A group without a source is the beginning of the other */
static int run_membership(const struct step *s)
{
	struct group_source_req req = {
		.gsr_interface = device_numbers[s->value],
	};

	store(s->addr, 0, &req.gsr_group);
	if (s->source)
		store(s->source, 0, &req.gsr_source);
	return setsockopt(fds[s->who], level_of(s), s->opt, &req,
			  membership_length(s));
}

/* Of those that share a port this one gets all, errors too */
static int run_steer(const struct step *s)
{
	int cpu = sched_getcpu();

	return setsockopt(fds[s->who], SOL_SOCKET, SO_INCOMING_CPU, &cpu,
			  sizeof(cpu));
}

/* Runs it, and says what came of it: the text and its length */
size_t run_step(const struct step *s, char *out, size_t room)
{
	struct text t = { out, room };
	struct sockaddr_storage ss;
	int fd = fds[s->who];
	void *name = address_of(s, &ss);
	socklen_t len = length_of(s);

	errno = 0;
	signals = 0;
	switch (s->op) {
	case BIND:
		put_result(&t, bind(fd, name, len));
		break;
	case CONNECT:
		put_result(&t, connect(fd, name, len));
		break;
	case SENDTO:
		sent(&t, sendto(fd, s->data == BAD_DATA ? BAD : pattern, s->len,
				s->flags, name, len));
		break;
	case SENDMSG:
		sent(&t, run_sendmsg(s, name));
		break;
	case RECVMSG:
		run_recvmsg(s, &t);
		break;
	case GETSOCKNAME:
	case GETPEERNAME:
	case ACCEPT:
	case RECVFROM:
		run_named(s, &t);
		break;
	case SHUTDOWN:
		put_result(&t, shutdown(fd, s->value));
		break;
	case LISTEN:
		put_result(&t, listen(fd, s->value));
		break;
	case IOCTL:
		run_ioctl(s, &t);
		break;
	case POLL:
		run_poll(s, &t);
		break;
	case SETSOCKOPT:
		put_result(&t, run_setsockopt(s));
		break;
	case GETSOCKOPT:
		run_getsockopt(s, &t);
		break;
	case MEMBERSHIP:
		put_result(&t, run_membership(s));
		break;
	case STEER:
		put_result(&t, run_steer(s));
		break;
	case SETEUID:
		put_result(&t, seteuid(s->value));
		break;
	}
	if (signals)
		put(&t, " and a signal");
	return t.at - out;
}

/*
 * Naming
 */

static void put_flags(struct text *t, int flags, const char *prefix,
		      const char *between, bool short_names)
{
	const struct number *f;

	for (f = flag_names; f->name && flags; f++) {
		if (!(flags & f->value))
			continue;
		flags &= ~f->value;
		put(t, "%s%s", prefix, f->name + (short_names ? 4 : 0));
		prefix = between;
	}
	if (flags)
		put(t, "%s%#x", prefix, flags);
}

static const char *name_of(const struct number *n, int value)
{
	while (n->name && n->value != value)
		n++;
	return n->name;
}

static void put_membership_name(struct text *t, const struct step *s)
{
	put(t, ":%s:%s", name_of(membership_names, s->opt) + strlen("MCAST_"),
	    address_names[s->addr]);
	if (s->source)
		put(t, ":%s", address_names[s->source]);
	if (s->value)
		put(t, ":%s", devices[s->value]);
}

static void put_address_name(struct text *t, const struct step *s)
{
	put(t, ":%s", address_names[s->addr]);
	if (s->addr != NONE)
		put(t, ":%s", port_names[s->port]);
}

static void put_length_name(struct text *t, const struct step *s)
{
	if (s->alen == NO_LEN)
		put(t, ":no_length");
	else if (s->alen != FULL)
		put(t, ":length=%d", s->alen);
}

static void put_data_name(struct text *t, const struct step *s)
{
	if (s->op == SENDMSG || s->op == RECVMSG)
		put(t, ":iovs=%d", s->iovs);
	put(t, ":%d", s->len);
	if (s->data == BAD_DATA)
		put(t, ":fault");
	put_flags(t, s->flags, ":", "+", true);
	if (s->value)
		put(t, ":control=%d", s->value);
}

static const char *const op_names[] = {
	[BIND] = "bind", [CONNECT] = "connect", [SENDTO] = "sendto",
	[SENDMSG] = "sendmsg", [RECVFROM] = "recvfrom", [RECVMSG] = "recvmsg",
	[SHUTDOWN] = "shutdown", [LISTEN] = "listen", [ACCEPT] = "accept",
	[GETSOCKNAME] = "getsockname", [GETPEERNAME] = "getpeername",
	[IOCTL] = "ioctl", [POLL] = "poll", [SETSOCKOPT] = "setsockopt",
	[GETSOCKOPT] = "getsockopt", [MEMBERSHIP] = "mcast",
	[STEER] = "steer", [SETEUID] = "seteuid",
};

void step_name(const struct step *s, char *out, size_t room)
{
	struct text t = { out, room };

	put(&t, "%s%s", s->who == PARTNER ? "partner." : "", op_names[s->op]);
	switch (s->op) {
	case BIND:
	case CONNECT:
		put_address_name(&t, s);
		put_length_name(&t, s);
		break;
	case SENDTO:
	case SENDMSG:
		put_address_name(&t, s);
		put_length_name(&t, s);
		put_data_name(&t, s);
		break;
	case RECVFROM:
	case RECVMSG:
		put_length_name(&t, s);
		put_data_name(&t, s);
		break;
	case GETSOCKNAME:
	case GETPEERNAME:
	case ACCEPT:
		put_length_name(&t, s);
		if (s->addr == BAD_POINTER)
			put(&t, ":fault");
		break;
	case IOCTL:
		put(&t, ":%s", ioctls[s->opt].name);
		if (s->data == BAD_DATA)
			put(&t, ":fault");
		break;
	case SETSOCKOPT:
		put(&t, ":%s", options[s->opt].name);
		if (s->opt == OPT_BINDTODEVICE)
			put(&t, "=%s", devices[s->value]);
		else
			put(&t, "=%d", s->value);
		break;
	case GETSOCKOPT:
		put(&t, ":%s", options[s->opt].name);
		break;
	case MEMBERSHIP:
		put_membership_name(&t, s);
		break;
	case SHUTDOWN:
	case LISTEN:
	case SETEUID:
		put(&t, ":%d", s->value);
		break;
	case POLL:
	case STEER:
		break;
	}
}

/*
 * Printing
 */

/* Of the program that shows a difference, the parts that not all need */
static const struct {
	const char *needed_for;
	const char *text;
	int family;			/* of a version; 0: all */
} helpers[] = {
	{ "MSG_PROBE", "#define MSG_PROBE 0x10\n" },
	{ "IPV6_FLOWINFO,", "#define IPV6_FLOWINFO 11\n" },
	{ "IPV6_FLOWINFO_SEND", "#define IPV6_FLOWINFO_SEND 33\n" },
	{ "BAD", "#define BAD ((void *)8)\n" },
	{ "data", "static char data[70000];\n" },
	{ "buf", "static char buf[70000];\n" },
	{ "control", "static char control[512];\n" },
	{ "iov", "static struct iovec iov[1025];\n" },
	{ "msg", "static struct msghdr msg;\n" },
	{ "p.fd", "static struct pollfd p;\n" },
	{ "\tlen = ", "static socklen_t len;\n" },
	{ "\tvalue = ", "static int value;\n" },
	{ "req.", "static struct group_source_req req;\n" },
	{ "show_from",
	  "static struct sockaddr_in from;\n"
	  "\n"
	  "/* A port above 32768 was chosen by the kernel */\n"
	  "static void show_from(int length)\n"
	  "{\n"
	  "	printf(\"\\tlength %d, family %d, %s port %d\\n\", length,\n"
	  "	       from.sin_family, inet_ntoa(from.sin_addr),\n"
	  "	       ntohs(from.sin_port));\n"
	  "	memset(&from, 0xff, sizeof(from));\n"
	  "}\n", AF_INET },
	{ "show_from",
	  "static struct sockaddr_in6 from;\n"
	  "\n"
	  "/* A port above 32768 was chosen by the kernel */\n"
	  "static void show_from(int length)\n"
	  "{\n"
	  "	char host[64];\n"
	  "\n"
	  "	inet_ntop(AF_INET6, &from.sin6_addr, host, sizeof(host));\n"
	  "	printf(\"\\tlength %d, family %d, %s%%%d port %d flow %#x\\n\",\n"
	  "	       length, from.sin6_family, host, from.sin6_scope_id,\n"
	  "	       ntohs(from.sin6_port), ntohl(from.sin6_flowinfo));\n"
	  "	memset(&from, 0xff, sizeof(from));\n"
	  "}\n", AF_INET6 },
	{ " to(",
	  "\n"
	  "static void *to(int family, const char *host, int port)\n"
	  "{\n"
	  "	static struct sockaddr_in sin;\n"
	  "\n"
	  "	sin.sin_family = family;\n"
	  "	sin.sin_port = htons(port);\n"
	  "	inet_pton(AF_INET, host, &sin.sin_addr);\n"
	  "	return &sin;\n"
	  "}\n" },
	{ " to6(",
	  "\n"
	  "static void *to6(int family, const char *host, int port, int scope,\n"
	  "		 int flow)\n"
	  "{\n"
	  "	static struct sockaddr_in6 sin6;\n"
	  "\n"
	  "	sin6.sin6_family = family;\n"
	  "	sin6.sin6_port = htons(port);\n"
	  "	inet_pton(AF_INET6, host, &sin6.sin6_addr);\n"
	  "	sin6.sin6_scope_id = scope;\n"
	  "	sin6.sin6_flowinfo = htonl(flow);\n"
	  "	return &sin6;\n"
	  "}\n" },
	{ "control_message(",
	  "\n"
	  "static void control_message(int level, int type)\n"
	  "{\n"
	  "	struct cmsghdr *c = (void *)control;\n"
	  "\n"
	  "	c->cmsg_level = level;\n"
	  "	c->cmsg_type = type;\n"
	  "	c->cmsg_len = CMSG_LEN(sizeof(int));\n"
	  "	*(int *)CMSG_DATA(c) = 33;\n"
	  "	msg.msg_control = control;\n"
	  "	msg.msg_controllen = CMSG_LEN(sizeof(int));\n"
	  "}\n" },
	{ "show_message(",
	  "\n"
	  "static void show_message(void)\n"
	  "{\n"
	  "	size_t i;\n"
	  "\n"
	  "	printf(\"\\tflags %#x, control\", msg.msg_flags);\n"
	  "	for (i = 0; i < msg.msg_controllen && i < 512; i++)\n"
	  "		printf(\" %02x\", (unsigned char)control[i]);\n"
	  "	printf(\"\\n\");\n"
	  "}\n" },
	{ "steer(",
	  "\n"
	  "/* Of those that share a port this one gets all, errors too */\n"
	  "static int steer(int fd)\n"
	  "{\n"
	  "	int cpu = sched_getcpu();\n"
	  "	cpu_set_t cpus;\n"
	  "\n"
	  "	CPU_ZERO(&cpus);\n"
	  "	CPU_SET(cpu, &cpus);\n"
	  "	if (sched_setaffinity(0, sizeof(cpus), &cpus))\n"
	  "		return -1;\n"
	  "	return setsockopt(fd, SOL_SOCKET, SO_INCOMING_CPU, &cpu, 4);\n"
	  "}\n" },
};

static const char always[] =
"\n"
"static void show(const char *call, long ret)\n"
"{\n"
"	printf(\"%s = %ld %s\\n\", call, ret,\n"
"	       ret < 0 ? strerrorname_np(errno) : \"\");\n"
"}\n"
"\n";

static void print_includes(FILE *out)
{
	static const char *const headers[] = {
		"arpa/inet.h", "errno.h", "linux/sockios.h", "netinet/in.h",
		"poll.h", "sched.h", "stdio.h", "stdlib.h", "string.h",
		"sys/ioctl.h", "sys/socket.h", "unistd.h",
	};
	size_t i;

	fprintf(out, "#define _GNU_SOURCE\n");
	for (i = 0; i < ARRAY_SIZE(headers); i++)
		fprintf(out, "#include <%s>\n", headers[i]);
}

static const char *family_text(int family)
{
	return family == AF_UNSPEC ? "AF_UNSPEC" :
	       family == AF_UNIX ? "AF_UNIX" :
	       family == AF_INET ? "AF_INET" : "AF_INET6";
}

/* An address as C */
static const char *host_text(enum address addr, int port)
{
	static char text[100];
	const struct host *host = host_of(addr);
	const char *family = family_text(family_of(addr));

	if (addr == NONE || addr == BAD_POINTER)
		return addr ? "BAD" : "NULL";
	if (is_ipv6(addr))
		snprintf(text, sizeof(text), "to6(%s, \"%s\", %d, %d, %#x)",
			 family, host->text, port, host->scope, host->flow);
	else
		snprintf(text, sizeof(text), "to(%s, \"%s\", %d)", family,
			 host->text, port);
	return text;
}

/* Makes a program of @body: the two sockets, and what the body needs */
void print_program(FILE *out, bool broken, const char *body)
{
	size_t i;

	print_includes(out);
	fprintf(out, "\n#ifndef FAMILY\n#define FAMILY %s\n#endif\n"
		"#ifndef PROTOCOL\n#define PROTOCOL 0\n#endif\n"
		"#define CALL(call) (errno = 0, show(#call, call))\n\n",
		family_text(ip->family));
	for (i = 0; i < ARRAY_SIZE(helpers); i++)
		if (strstr(body, helpers[i].needed_for) &&
		    (!helpers[i].family || helpers[i].family == ip->family))
			fputs(helpers[i].text, out);
	fputs(always, out);
	fprintf(out, "int main(void)\n{\n\tint fd, partner;\n\n");
	fprintf(out, "\tif (unshare(CLONE_NEWNET))\n\t\treturn 1;\n"
		"\tif (system(\"%s\"))\n\t\treturn 1;\n"
		"\tfd = socket(FAMILY, SOCK_DGRAM | SOCK_NONBLOCK, PROTOCOL);\n"
		"\tpartner = socket(FAMILY, SOCK_DGRAM | SOCK_NONBLOCK, PROTOCOL);\n",
		ip->network);
	if (broken)
		fprintf(out, "#ifdef BROKEN\n"
			"\tint one = 1;\n\n"
			"\tCALL(setsockopt(fd, %d, %d, &one, 4));\n"
			"#endif\n", ip->broken.level, ip->broken.option);
	fprintf(out, "%s\treturn 0;\n}\n", body);
}

/* An address and its length */
static const char *address_text(const struct step *s)
{
	static char text[120];

	snprintf(text, sizeof(text), "%s, %d",
		 host_text(s->addr, ports[s->port]), length_of(s));
	return text;
}

static const char *flags_text(int flags)
{
	static char text[200];
	struct text t = { text, sizeof(text) };

	if (flags)
		put_flags(&t, flags, "", " | ", false);
	else
		put(&t, "0");
	return text;
}

static const char *fd_text(const struct step *s)
{
	return s->who == PARTNER ? "partner" : "fd";
}

static void print_message(FILE *out, const struct step *s)
{
	bool in = s->op == RECVMSG;

	fprintf(out, "\tmemset(&msg, 0, sizeof(msg));\n");
	if (s->iovs >= 0)
		fprintf(out, "\tmemset(iov, 0, sizeof(iov));\n"
			"\tmsg.msg_iov = iov;\n\tmsg.msg_iovlen = %d;\n",
			s->iovs);
	if (s->iovs > 0)
		fprintf(out, "\tiov[%d].iov_base = %s;\n"
			"\tiov[%d].iov_len = %d;\n", s->iovs - 1,
			s->data == BAD_DATA ? "BAD" : in ? "buf" : "data",
			s->iovs - 1, s->len);
}

static void print_sendmsg(FILE *out, const struct step *s)
{
	print_message(out, s);
	if (s->addr != NONE)
		fprintf(out, "\tmsg.msg_name = %s;\n",
			host_text(s->addr, ports[s->port]));
	fprintf(out, "\tmsg.msg_namelen = %d;\n", length_of(s));
	if (s->value)
		fprintf(out, "\tcontrol_message(%s, %d);\n", ip->level_name,
			s->value);
	fprintf(out, "\tCALL(sendmsg(%s, &msg, %s));\n\tusleep(20000);\n",
		fd_text(s), flags_text(s->flags));
}

static void print_recvmsg(FILE *out, const struct step *s)
{
	print_message(out, s);
	if (s->alen != NO_LEN)
		fprintf(out, "\tmsg.msg_name = &from;\n"
			"\tmsg.msg_namelen = %d;\n", room_of(s));
	fprintf(out, "\tmsg.msg_control = control;\n"
		"\tmsg.msg_controllen = %d;\n", s->value);
	fprintf(out, "\tCALL(recvmsg(%s, &msg, %s));\n\tshow_message();\n",
		fd_text(s), flags_text(s->flags));
	fprintf(out, "\tshow_from(msg.msg_namelen);\n");
}

static void print_named(FILE *out, const struct step *s)
{
	const char *name = s->addr == BAD_POINTER ? "BAD" : "(void *)&from";
	const char *len = s->alen == NO_LEN ? "NULL" : "&len";

	if (s->alen == NO_LEN && (s->op == RECVFROM || s->op == ACCEPT))
		name = "NULL";
	fprintf(out, "\tlen = %d;\n\tCALL(%s(%s, ",
		s->alen == NO_LEN ? 0 : room_of(s), op_names[s->op],
		fd_text(s));
	if (s->op == RECVFROM)
		fprintf(out, "%s, %d, %s, ",
			s->data == BAD_DATA ? "BAD" : "buf", s->len,
			flags_text(s->flags));
	fprintf(out, "%s, %s));\n", name, len);
	if (s->alen != NO_LEN)
		fprintf(out, "\tshow_from(len);\n");
}

static void print_option(FILE *out, const struct step *s)
{
	const struct socket_option *o = &options[s->opt];

	if (s->op == GETSOCKOPT)
		fprintf(out, "\tlen = sizeof(value);\n"
			"\tCALL(getsockopt(%s, %s, %s, &value, &len));\n"
			"\tprintf(\"\\t%%d\\n\", value);\n",
			fd_text(s), o->level_name, o->name);
	else if (s->opt == OPT_BINDTODEVICE)
		fprintf(out, "\tCALL(setsockopt(%s, %s, %s, \"%s\", %zu));\n",
			fd_text(s), o->level_name, o->name, devices[s->value],
			strlen(devices[s->value]));
	else
		fprintf(out, "\tvalue = %d;\n"
			"\tCALL(setsockopt(%s, %s, %s, &value, sizeof(value)));\n",
			s->value, fd_text(s), o->level_name, o->name);
}

static void print_membership(FILE *out, const struct step *s)
{
	fprintf(out, "\treq.gsr_interface = %d;\n", device_numbers[s->value]);
	fprintf(out, "\tmemcpy(&req.gsr_group, %s, %d);\n",
		host_text(s->addr, 0), length_of(s));
	if (s->source)
		fprintf(out, "\tmemcpy(&req.gsr_source, %s, %d);\n",
			host_text(s->source, 0), ip->len);
	fprintf(out, "\tCALL(setsockopt(%s, %s, %s, &req, %d));\n",
		fd_text(s),
		level_of(s) == ip->level ? ip->level_name : "IPPROTO_IP",
		name_of(membership_names, s->opt), membership_length(s));
}

void print_step(FILE *out, const struct step *s)
{
	const char *fd = fd_text(s);

	switch (s->op) {
	case BIND:
	case CONNECT:
		fprintf(out, "\tCALL(%s(%s, %s));\n", op_names[s->op], fd,
			address_text(s));
		break;
	case SENDTO:
		fprintf(out, "\tCALL(sendto(%s, %s, %d, %s, %s));\n"
			"\tusleep(20000);\n", fd,
			s->data == BAD_DATA ? "BAD" : "data", s->len,
			flags_text(s->flags), address_text(s));
		break;
	case SENDMSG:
		print_sendmsg(out, s);
		break;
	case RECVMSG:
		print_recvmsg(out, s);
		break;
	case GETSOCKNAME:
	case GETPEERNAME:
	case ACCEPT:
	case RECVFROM:
		print_named(out, s);
		break;
	case SHUTDOWN:
	case LISTEN:
		fprintf(out, "\tCALL(%s(%s, %d));\n", op_names[s->op], fd,
			s->value);
		break;
	case IOCTL:
		fprintf(out, "\tvalue = 0;\n\tCALL(ioctl(%s, %s, %s));\n"
			"\tprintf(\"\\t%%d\\n\", value);\n", fd,
			ioctls[s->opt].name,
			s->data == BAD_DATA ? "BAD" : "&value");
		break;
	case POLL:
		fprintf(out, "\tp.fd = %s;\n\tp.events = 0x7fff;\n"
			"\tCALL(poll(&p, 1, 0));\n"
			"\tprintf(\"\\t%%#x\\n\", p.revents);\n", fd);
		break;
	case SETSOCKOPT:
	case GETSOCKOPT:
		print_option(out, s);
		break;
	case MEMBERSHIP:
		print_membership(out, s);
		break;
	case STEER:
		fprintf(out, "\tCALL(steer(%s));\n", fd);
		break;
	case SETEUID:
		fprintf(out, "\tCALL(seteuid(%d));\n", s->value);
		break;
	}
}
