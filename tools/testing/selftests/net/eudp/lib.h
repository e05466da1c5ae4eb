/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the eudp tests share
 *
 * Each test runs on an in-kernel UDP socket and on an eudp one, and some on
 * both ways to an eudp one. In-kernel UDP is the oracle, so the assertions are
 * the same for all, and a test that fails for udp is a wrong test.
 */
#ifndef _EUDP_TEST_LIB_H
#define _EUDP_TEST_LIB_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/eudp.h>
#include <linux/sock_diag.h>

#include "link.h"

/* Seconds that a test may take; the 30 there are too few for a debug kernel */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

/* Long enough for anything that is to happen, emulated debug kernels included */
#define SOON_MS 5000

/* What no interface has: TEST-NET-3 (RFC 5737), and there is no route to it */
#define NOWHERE "203.0.113.1"
/* Of those for documentation (RFC 3849), as little */
#define NOWHERE6 "2001:db8:f::1"

struct door {
	int family;		/* as for socket() */
	int protocol;
	int other_family;	/* another way to the same kind of socket */
	int other_protocol;
	int version;		/* of IP: AF_INET or AF_INET6 */
	const char *lo;		/* the address of the loopback device */
	const char *any;	/* bind(2) to every address */
	int wire;		/* IP protocol number */
	const char *table;	/* one line per bound socket */
	const char *snmp;	/* counters, and the name of their lines */
	const char *mib;
	const char *proto;	/* in /proc/net/protocols */
	const char *sysctl;	/* what its knobs of memory begin with */
};

#define __IPV4 \
	.version = AF_INET, .lo = "127.0.0.1", .any = "0.0.0.0"
#define __IPV6 \
	.version = AF_INET6, .lo = "::1", .any = "::"

#define __EUDP_WIRE \
	__IPV4, .wire = IPPROTO_EUDP, .table = "/proc/net/eudp", \
	.snmp = "/proc/net/eudp_snmp", .mib = "Eudp:", \
	.proto = "EUDP", .sysctl = "/proc/sys/net/eudp/"

#define __EUDP6_WIRE \
	__IPV6, .wire = IPPROTO_EUDP, .table = "/proc/net/eudp6", \
	.snmp = "/proc/net/eudp_snmp6", .mib = "Eudp6", \
	.proto = "EUDPv6", .sysctl = "/proc/sys/net/eudp/"

/* A variant per door, for a fixture that has a set-up of its own */
#define EUDP_VARIANTS(name) \
	FIXTURE_VARIANT(name) { struct door door; }; \
	FIXTURE_VARIANT_ADD(name, udp) { .door = { \
		.family = AF_INET, .other_family = AF_INET, \
		.other_protocol = IPPROTO_UDP, __IPV4, .wire = IPPROTO_UDP, \
		.table = "/proc/net/udp", .snmp = "/proc/net/snmp", \
		.mib = "Udp:", .proto = "UDP", \
		.sysctl = "/proc/sys/net/ipv4/udp_" } }; \
	FIXTURE_VARIANT_ADD(name, eudp) { .door = { \
		.family = AF_EUDP, .other_family = AF_INET, \
		.other_protocol = IPPROTO_EUDP, __EUDP_WIRE } }

/* The same for IPv6, of a fixture that need not have those for IPv4 */
#define __EUDP6_VARIANTS(name) \
	FIXTURE_VARIANT_ADD(name, udp6) { .door = { \
		.family = AF_INET6, .other_family = AF_INET6, \
		.other_protocol = IPPROTO_UDP, __IPV6, .wire = IPPROTO_UDP, \
		.table = "/proc/net/udp6", .snmp = "/proc/net/snmp6", \
		.mib = "Udp6", .proto = "UDPv6", \
		.sysctl = "/proc/sys/net/ipv4/udp_" } }; \
	FIXTURE_VARIANT_ADD(name, eudp6) { .door = { \
		.family = AF_EUDP, .protocol = PF_INET6, \
		.other_family = AF_INET6, .other_protocol = IPPROTO_EUDP, \
		__EUDP6_WIRE } }

#define EUDP6_VARIANTS(name) \
	FIXTURE_VARIANT(name) { struct door door; }; \
	__EUDP6_VARIANTS(name)

/*
 * The other door, for tests of what might depend on it. It makes the same
 * sockets (what they say of themselves, options.c compares), so that most tests
 * need but one.
 */
#define EUDP_INET_VARIANT(name) \
	FIXTURE_VARIANT_ADD(name, eudp_inet) { .door = { \
		.family = AF_INET, .protocol = IPPROTO_EUDP, \
		.other_family = AF_EUDP, __EUDP_WIRE } }

#define EUDP6_INET_VARIANT(name) \
	FIXTURE_VARIANT_ADD(name, eudp6_inet) { .door = { \
		.family = AF_INET6, .protocol = IPPROTO_EUDP, \
		.other_family = AF_EUDP, .other_protocol = PF_INET6, \
		__EUDP6_WIRE } }

/* A fixture with a variant per door, each test in a namespace of its own */
#define __EUDP_FIXTURE(name, variants) \
	FIXTURE(name) {}; \
	variants; \
	FIXTURE_SETUP(name) { enter_namespace(_metadata); } \
	FIXTURE_TEARDOWN(name) {}

/* For IPv4, for IPv6, and for what must be the same on both */
#define EUDP_FIXTURE(name) __EUDP_FIXTURE(name, EUDP_VARIANTS(name))
#define EUDP6_FIXTURE(name) __EUDP_FIXTURE(name, EUDP6_VARIANTS(name))
#define EUDP_BOTH_FIXTURE(name) \
	__EUDP_FIXTURE(name, EUDP_VARIANTS(name); __EUDP6_VARIANTS(name))

/* Zero, or the errno of a call that gave -1 */
static inline int err_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static inline struct sockaddr_in addr(const char *ip, int port)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = inet_addr(ip),
	};

	return sin;
}

static inline struct sockaddr *sa(struct sockaddr_in *sin)
{
	return (struct sockaddr *)sin;
}

/* "fe80::1%eth0" has a scope */
static inline struct sockaddr_in6 addr6(const char *ip, int port)
{
	struct sockaddr_in6 sin6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
	};
	const char *scope = strchr(ip, '%');
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(ip, "%"), ip);
	if (inet_pton(AF_INET6, text, &sin6.sin6_addr) != 1)
		sin6.sin6_family = AF_MAX;
	if (scope)
		sin6.sin6_scope_id = if_nametoindex(scope + 1);
	return sin6;
}

static inline struct sockaddr *sa6(struct sockaddr_in6 *sin6)
{
	return (struct sockaddr *)sin6;
}

/* Whether eudp is in the kernel itself, so that there is nothing to load */
static inline bool built_in(void)
{
	return access("/sys/module/eudp/refcnt", F_OK);
}

/* An address of either version of IP, as its text says */
struct any_addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in sin;
		struct sockaddr_in6 sin6;
	};
	socklen_t len;
};

static inline struct any_addr any_addr(const char *ip, int port)
{
	struct any_addr any = {};

	if (strchr(ip, ':')) {
		any.sin6 = addr6(ip, port);
		any.len = sizeof(any.sin6);
	} else {
		any.sin = addr(ip, port);
		any.len = sizeof(any.sin);
	}
	return any;
}

static inline int bind_to(int fd, const char *ip, int port)
{
	struct any_addr any = any_addr(ip, port);

	return bind(fd, &any.sa, any.len);
}

static inline int connect_to(int fd, const char *ip, int port)
{
	struct any_addr any = any_addr(ip, port);

	return connect(fd, &any.sa, any.len);
}

static inline int disconnect(int fd)
{
	struct sockaddr un = { .sa_family = AF_UNSPEC };

	return connect(fd, &un, sizeof(un));
}

static inline ssize_t send_to(int fd, const char *ip, int port,
			      const void *data, size_t len)
{
	struct any_addr any = any_addr(ip, port);

	return sendto(fd, data, len, 0, &any.sa, any.len);
}

static inline int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static inline int get_int(int fd, int level, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, level, option, &value, &len) ? -errno : value;
}

static inline int set_device(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name));
}

/*
 * "127.0.0.1:53", "[::1]:53", "[fe80::1%2]:53" where there is a scope, or
 * "errno 107"; good for the next few calls
 */
static inline const char *show_any(int ret, const struct any_addr *any)
{
	static char text[8][64 + INET6_ADDRSTRLEN];
	static unsigned int turn;
	char *s = text[turn++ % 8], scope[16] = "", ip[INET6_ADDRSTRLEN];

	if (ret) {
		snprintf(s, sizeof(text[0]), "errno %d", errno);
	} else if (any->sa.sa_family == AF_INET6) {
		if (any->sin6.sin6_scope_id)
			snprintf(scope, sizeof(scope), "%%%u",
				 any->sin6.sin6_scope_id);
		inet_ntop(AF_INET6, &any->sin6.sin6_addr, ip, sizeof(ip));
		snprintf(s, sizeof(text[0]), "[%s%s]:%d", ip, scope,
			 ntohs(any->sin6.sin6_port));
	} else {
		snprintf(s, sizeof(text[0]), "%s:%d",
			 inet_ntoa(any->sin.sin_addr), ntohs(any->sin.sin_port));
	}
	return s;
}

static inline const char *show(int ret, const struct sockaddr_in *sin)
{
	struct any_addr any = { .sin = *sin };

	return show_any(ret, &any);
}

/* The text of an address and port, "[::1]:53" */
static inline const char *shown(const char *ip, int port)
{
	struct any_addr any = any_addr(ip, port);

	return show_any(0, &any);
}

static inline const char *local(int fd)
{
	struct any_addr any = { .len = sizeof(any.sin6) };
	int ret = getsockname(fd, &any.sa, &any.len);

	return show_any(ret, &any);
}

static inline const char *peer(int fd)
{
	struct any_addr any = { .len = sizeof(any.sin6) };
	int ret = getpeername(fd, &any.sa, &any.len);

	return show_any(ret, &any);
}

static inline int port_of(int fd)
{
	struct any_addr any = { .len = sizeof(any.sin6) };

	if (getsockname(fd, &any.sa, &any.len))
		return -errno;
	/* it is at the same place in both */
	return ntohs(any.sin.sin_port);
}

/* What of @events is there soon, and always POLLERR and POLLHUP */
static inline int await(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, SOON_MS) == 1 ? p.revents : 0;
}

/* What of @events is there now */
static inline int ready(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

/* The next datagram's length, or -errno; does not hang if there is none */
static inline ssize_t take(int fd, void *buf, size_t len)
{
	ssize_t n;

	if (!await(fd, POLLIN))
		return -ETIMEDOUT;
	n = recv(fd, buf, len, MSG_DONTWAIT);
	return n < 0 ? -errno : n;
}

/* Datagrams of one byte: -errno, or the byte; 0 is an empty datagram */
static inline int take_tag(int fd)
{
	unsigned char tag[2];
	ssize_t n = take(fd, tag, sizeof(tag));

	return n == 1 ? tag[0] : n > 1 ? -EMSGSIZE : n;
}

static inline int tag_to(int fd, const char *ip, int port, char tag)
{
	return err_of(send_to(fd, ip, port, &tag, 1));
}

static inline int tag(int fd, char tag)
{
	return err_of(send(fd, &tag, 1, 0));
}

/* Takes the next datagram: who has sent it, as show_any() says it */
static inline const char *take_sender(int fd)
{
	struct any_addr any = { .len = sizeof(any.sin6) };
	char byte;
	int ret;

	await(fd, POLLIN);
	ret = recvfrom(fd, &byte, 1, MSG_DONTWAIT, &any.sa, &any.len);
	return show_any(ret < 0, &any);
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static inline long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* In the form of /proc/net/snmp6: a line each, of name and value */
static inline long counter6(const struct door *door, const char *name)
{
	char line[128], has[64], wants[64];
	FILE *f = fopen(door->snmp, "r");
	long value, result = -1;

	snprintf(wants, sizeof(wants), "%s%s", door->mib, name);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld", has, &value) == 2 &&
		    !strcmp(has, wants))
			result = value;
	if (f)
		fclose(f);
	return result;
}

/* One counter of this namespace, by the name that /proc/net/snmp gives it */
static inline long counter(const struct door *door, const char *name)
{
	char names[512], values[512], *n, *v, *in, *iv;
	long result = -1;
	FILE *f;

	if (door->version == AF_INET6)
		return counter6(door, name);
	f = fopen(door->snmp, "r");
	while (f && fgets(names, sizeof(names), f)) {
		if (strncmp(names, door->mib, strlen(door->mib)) ||
		    !fgets(values, sizeof(values), f))
			continue;
		n = strtok_r(names, "\n ", &in);
		v = strtok_r(values, "\n ", &iv);
		while (n && v && strcmp(n, name)) {
			n = strtok_r(NULL, "\n ", &in);
			v = strtok_r(NULL, "\n ", &iv);
		}
		if (n && v)
			result = atol(v);
		break;
	}
	if (f)
		fclose(f);
	return result;
}

/* A raw socket of an unused protocol that hears itself, see settle() */
static int settle_fd = -1;

/* For settle(), in the namespace that we are in */
static inline void prepare_to_settle(struct __test_metadata *_metadata)
{
	struct sockaddr_in lo = addr("127.0.0.1", 0);
	cpu_set_t cpus;

	/* One processor has one queue of packets that are to be received */
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpus), &cpus));

	settle_fd = socket(AF_INET, SOCK_RAW, 254);
	ASSERT_LE(0, settle_fd);
	ASSERT_EQ(0, connect(settle_fd, sa(&lo), sizeof(lo)));
}

/* For the end of a test: where the knobs are that are of all namespaces */
static inline void enter_first_namespace(void)
{
	int fd = open("/proc/1/ns/net", O_RDONLY);

	setns(fd, CLONE_NEWNET);
	close(fd);
}

/* IPv6 asks nobody if an address is free, on devices yet to come */
static inline void __addresses_at_once(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv6/conf/default/accept_dad",
				"0"));
}

static inline void enter_namespace(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	link_up("lo");
	prepare_to_settle(_metadata);
}

/*
 * Returns when all that was sent over lo has been received, errors that it
 * caused too: packets of the settle socket went the same way behind them.
 * After it, what has not arrived will not.
 */
static inline void __settle(struct __test_metadata *_metadata)
{
	char buf[64];
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(1, send(settle_fd, "", 1, 0));
		ASSERT_EQ(21, take(settle_fd, buf, sizeof(buf)));
	}
}

static inline int __sock(struct __test_metadata *_metadata, int family,
			 int protocol)
{
	int fd = socket(family, SOCK_DGRAM, protocol);

	ASSERT_LE(0, fd)
		TH_LOG("socket(%d, SOCK_DGRAM, %d): %s", family, protocol,
		       strerror(errno));
	return fd;
}

/* A socket of IPv4, by the same door */
static inline int __sock4(struct __test_metadata *_metadata,
			  const struct door *d)
{
	if (d->family == AF_EUDP)
		return __sock(_metadata, AF_EUDP, 0);
	return __sock(_metadata, AF_INET, d->protocol);
}

static inline int __reuse(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	return fd;
}

static inline int __share(struct __test_metadata *_metadata, int fd)
{
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1));
	return fd;
}

static inline int __bound(struct __test_metadata *_metadata, int fd,
			  const char *ip, int port)
{
	ASSERT_EQ(0, bind_to(fd, ip, port))
		TH_LOG("bind to %s:%d: %s", ip, port, strerror(errno));
	return fd;
}

static inline int __joined(struct __test_metadata *_metadata, int fd,
			   const char *ip, int port)
{
	ASSERT_EQ(0, connect_to(fd, ip, port))
		TH_LOG("connect to %s:%d: %s", ip, port, strerror(errno));
	return fd;
}

static inline int __silent(struct __test_metadata *_metadata, int fd)
{
	char byte;

	__settle(_metadata);
	return err_of(recv(fd, &byte, 1, MSG_DONTWAIT));
}

/* The only one of @fds that has got a datagram; -1: none, -2: more than one */
static inline int __who(struct __test_metadata *_metadata, const int *fds,
			int n)
{
	int i, winner = -1;
	char byte;

	__settle(_metadata);
	for (i = 0; i < n; i++) {
		if (fds[i] < 0 || recv(fds[i], &byte, 1, MSG_DONTWAIT) != 1)
			continue;
		winner = winner == -1 ? i : -2;
	}
	return winner;
}

/* A value of SO_MEMINFO, SK_MEMINFO_* */
static inline unsigned int __meminfo(struct __test_metadata *_metadata, int fd,
				     int i)
{
	unsigned int info[SK_MEMINFO_VARS];
	socklen_t len = sizeof(info);

	ASSERT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len));
	ASSERT_LT(i * sizeof(info[0]), len);
	return info[i];
}

/* What is but a program and its arguments needs no shell */
static inline int spawn(const char *command)
{
	char *words[32], *copy = strdup(command), *at = NULL;
	int n = 0, status = -1;
	pid_t pid;

	while (n < 31 && (words[n] = strtok_r(n ? NULL : copy, " ", &at)))
		n++;
	words[n] = NULL;
	if (n && !posix_spawnp(&pid, words[0], NULL, NULL, words, environ))
		waitpid(pid, &status, 0);
	free(copy);
	return status;
}

/* Whether a thread of the process waits in a function of the kernel like that */
static inline bool is_waiting(pid_t pid, const char *where)
{
	char pattern[64], name[64];
	bool found = false;
	glob_t files;
	size_t i;
	int fd, n;

	snprintf(pattern, sizeof(pattern), "/proc/%d/task/*/wchan", pid);
	if (glob(pattern, 0, NULL, &files))
		return false;
	for (i = 0; i < files.gl_pathc; i++) {
		fd = open(files.gl_pathv[i], O_RDONLY);
		n = read(fd, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = 0;
		found |= !!strstr(name, where);
		close(fd);
	}
	globfree(&files);
	return found;
}

/* Waits until one does; by no child, since its end would wake them all. */
static inline bool await_wait(pid_t pid, const char *where)
{
	long long end = now_ms() + SOON_MS;

	while (!is_waiting(pid, where)) {
		if (now_ms() > end)
			return false;
		sched_yield();
	}
	return true;
}

static inline void __run(struct __test_metadata *_metadata, const char *command)
{
	ASSERT_EQ(0, strpbrk(command, "|&;<>()$`\\\"'*?[]#~=%{}\n") ?
		     system(command) : spawn(command))
		TH_LOG("failed: %s", command);
}

/* Packets to this address are ours: the route stands in /proc/net/ipv6_route */
static inline bool is_here6(const char *ip)
{
	struct in6_addr addr = addr6(ip, 0).sin6_addr;
	char line[256], to[33], want[33] = "";
	unsigned int flags, i;
	bool here = false;
	FILE *f = fopen("/proc/net/ipv6_route", "r");

	for (i = 0; i < 16; i++)
		sprintf(want + 2 * i, "%02x", addr.s6_addr[i]);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%32s %*s %*s %*s %*s %*s %*s %*s %x", to,
			   &flags) == 2 && !strcmp(to, want))
			here |= flags >> 31;	/* RTF_LOCAL */
	if (f)
		fclose(f);
	return here;
}

/* An address of IPv6 is added first, and there some time after it */
static inline void __await_address(struct __test_metadata *_metadata,
				   const char *ip)
{
	long long until = now_ms() + SOON_MS;

	while (!is_here6(ip)) {
		ASSERT_GT(until, now_ms())
			TH_LOG("%s has not come", ip);
		usleep(1000);
	}
}

/*
 * The nth address of lo: 127.0.0.n, or ::1, fd00::2, ..., which are added to
 * this namespace when they are asked for
 */
static inline const char *__lo(struct __test_metadata *_metadata,
			       const struct door *d, int n)
{
	static unsigned int turn;
	static char text[16][32];
	char *s = text[turn++ % 16];

	if (d->version == AF_INET) {
		snprintf(s, sizeof(text[0]), "127.0.0.%d", n);
		return s;
	}
	if (n == 1)
		return d->lo;
	snprintf(s, sizeof(text[0]), "fd00::%d", n);
	if (!is_here6(s))
		add_address("lo", s, 128);
	return s;
}

/* Gives the device an address of IPv6, as "fe80::1/64" */
static inline void __address6(struct __test_metadata *_metadata,
			      const char *address, const char *device)
{
	const char *prefix = strchr(address, '/');
	char ip[64];

	ASSERT_NE(NULL, prefix);
	snprintf(ip, sizeof(ip), "%.*s", (int)(prefix - address), address);
	add_address(device, ip, atoi(prefix + 1));
}

/*
 * Inside a test: sockets of its door, which are there or the test has failed.
 * silent() is EAGAIN if nothing has come and nothing will.
 */
#define sock()		__sock(_metadata, variant->door.family, \
			       variant->door.protocol)
#define other_sock()	__sock(_metadata, variant->door.other_family, \
			       variant->door.other_protocol)
#define sock4()		__sock4(_metadata, &variant->door)
#define reuse(fd)	__reuse(_metadata, fd)
#define share(fd)	__share(_metadata, fd)
#define bound(ip, port)	__bound(_metadata, sock(), ip, port)
#define bound4(ip, port) __bound(_metadata, sock4(), ip, port)
#define shared(ip, port) __bound(_metadata, reuse(sock()), ip, port)
#define group_member(ip, port) __bound(_metadata, share(sock()), ip, port)
#define joined(fd, ip, port) __joined(_metadata, fd, ip, port)
#define settle()	__settle(_metadata)
#define silent(fd)	__silent(_metadata, fd)
#define who(fds, n)	__who(_metadata, fds, n)
#define meminfo(fd, i)	__meminfo(_metadata, fd, i)
#define run(command)	__run(_metadata, command)
#define lo(n)		__lo(_metadata, &variant->door, n)
#define addresses_at_once() __addresses_at_once(_metadata)
#define address6(ip, device) __address6(_metadata, ip, device)

#endif /* _EUDP_TEST_LIB_H */
