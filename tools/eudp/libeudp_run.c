// SPDX-License-Identifier: GPL-2.0
/*
 * libeudp_run.so: makes the UDP sockets of a program sockets of eudp
 *
 * eudp_run has it loaded ahead of libc. Nothing is kept per socket: the kernel
 * knows which are eudp's, after dup(), fork() and exec() as well.
 *
 * But with --only and ports: a socket is UDP's then, until a call names one of
 * these ports. Its descriptor is given to a new socket of eudp, on which all is
 * done again that was done to the first one, so the options are kept.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/eudp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "eudp_run.h"

#define EXPORT __attribute__((visibility("default")))

typedef int socket_fn(int domain, int type, int protocol);
typedef int getsockopt_fn(int fd, int level, int name, void *value,
			  socklen_t *len);

typedef int setsockopt_fn(int fd, int level, int name, const void *value,
			  socklen_t len);
typedef int name_fn(int fd, const struct sockaddr *name, socklen_t len);
typedef ssize_t sendto_fn(int fd, const void *data, size_t size, int flags,
			  const struct sockaddr *name, socklen_t len);
typedef ssize_t sendmsg_fn(int fd, const struct msghdr *message, int flags);
typedef int sendmmsg_fn(int fd, struct mmsghdr *messages, unsigned int count,
			int flags);

/* Set once, to the same by whoever does it, before real_socket */
static bool door_inet;
static bool strict;
static bool others;		/* --only has names, and ours is not there */
static bool by_port;		/* --only has ports: these */
static unsigned char ports[65536 / 8];
static setsockopt_fn *real_setsockopt;
static name_fn *real_bind;
static name_fn *real_connect;
static sendto_fn *real_sendto;
static sendmsg_fn *real_sendmsg;
static sendmmsg_fn *real_sendmmsg;
static struct state own_state;		/* if there is none to share */
static struct state *state = &own_state;
static getsockopt_fn *real_getsockopt;
static socket_fn *_Atomic real_socket;

static struct state *map_state(int fd, unsigned long long inode)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) || st.st_ino != inode ||
	    st.st_size != sizeof(struct state))
		return NULL;
	map = mmap(NULL, sizeof(struct state), PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	return map == MAP_FAILED ? NULL : map;
}

/* By the inherited number, if it is still that file, or else in /proc */
static struct state *find_state(void)
{
	const char *where = secure_getenv(ENV_STATE);
	unsigned long long inode;
	struct state *found;
	char path[64];
	int pid, fd;

	if (!where || sscanf(where, STATE_FORMAT, &pid, &fd, &inode) != 3)
		return &own_state;
	found = map_state(fd, inode);
	if (found)
		return found;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return &own_state;
	found = map_state(fd, inode);
	close(fd);
	return found ? found : &own_state;
}

/* By the name that it was run by, or that of its file */
static bool is_name(const char *word, size_t len)
{
	char path[PATH_MAX];
	const char *names[2] = { program_invocation_short_name, NULL };
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	int i;

	if (size > 0) {
		path[size] = '\0';
		names[1] = strrchr(path, '/') + 1;
	}
	for (i = 0; i < 2; i++)
		if (names[i] && strlen(names[i]) == len &&
		    !memcmp(names[i], word, len))
			return true;
	return false;
}

/* Of the words of --only, which eudp_run has looked at, numbers are ports */
static void read_only(const char *word)
{
	bool named = false, names = false;
	size_t len;

	for (; word && *word; word += len + (word[len] == ',')) {
		len = strcspn(word, ",");
		if (strspn(word, "0123456789") == len) {
			int port = atoi(word) & 0xffff;

			ports[port / 8] |= 1 << port % 8;
			by_port = true;
		} else {
			names = true;
			named |= is_name(word, len);
		}
	}
	others = names && !named;
}

/*
 * Before main(), so that socket() itself does only what a signal handler and
 * the child of vfork() may do. Constructors of other libraries may come first.
 */
static __attribute__((constructor)) void set_up(void)
{
	const char *door = secure_getenv(ENV_DOOR);
	int saved = errno;

	if (real_socket)
		return;
	door_inet = door && !strcmp(door, "inet");
	strict = secure_getenv(ENV_STRICT);
	read_only(secure_getenv(ENV_ONLY));
	real_setsockopt = (setsockopt_fn *)dlsym(RTLD_NEXT, "setsockopt");
	real_bind = (name_fn *)dlsym(RTLD_NEXT, "bind");
	real_connect = (name_fn *)dlsym(RTLD_NEXT, "connect");
	real_sendto = (sendto_fn *)dlsym(RTLD_NEXT, "sendto");
	real_sendmsg = (sendmsg_fn *)dlsym(RTLD_NEXT, "sendmsg");
	real_sendmmsg = (sendmmsg_fn *)dlsym(RTLD_NEXT, "sendmmsg");
	state = find_state();
	real_getsockopt = (getsockopt_fn *)dlsym(RTLD_NEXT, "getsockopt");
	real_socket = (socket_fn *)dlsym(RTLD_NEXT, "socket");
	errno = saved;
}

static bool is_udp(int domain, int type, int protocol)
{
	return (domain == AF_INET || domain == AF_INET6) &&
	       (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_DGRAM &&
	       (!protocol || protocol == IPPROTO_UDP);
}

static int eudp_socket(int domain, int type)
{
	if (door_inet)
		return real_socket(domain, type, IPPROTO_EUDP);
	/* the protocol tells eudp which version of IP is meant */
	return real_socket(AF_EUDP, type, domain);
}

/* One line; nothing is worth waiting or a SIGPIPE for */
static void say(const char *line)
{
	struct pollfd out = { STDERR_FILENO, POLLOUT, 0 };
	ssize_t written = 0;

	if (poll(&out, 1, 0) == 1 && out.revents == POLLOUT)
		written = write(STDERR_FILENO, line, strlen(line));
	(void)written;
}

/* For the first process of the command that finds it out */
static void notice(void)
{
	if (!atomic_exchange(&state->noticed, true))
		say("eudp_run: eudp is not loaded: sockets are UDP's\n");
}

/* socket() of UDP, when eudp has said why it has none */
static int fall_back(int domain, int type, int protocol)
{
	int fd = -1;

	/* what the two doors say when nobody is behind them */
	if (!strict && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT))
		fd = real_socket(domain, type, protocol);
	if (fd < 0) {
		state->failed++;
		return -1;
	}
	state->udp++;
	notice();
	return fd;
}

/*
 * The options that were set on sockets which may still become eudp's: one that
 * is set again stands here once, but for what adds to a list. A slot is taken
 * without a lock, as a signal handler may set options.
 */
static struct option {
	_Atomic int owner;	/* the descriptor + 1, or 0: free, -1: in work */
	unsigned int order;
	int level, name;
	socklen_t len;
	char value[sizeof(struct group_source_req)];
} options[512];

static _Atomic unsigned int last_option;

/* A descriptor is another socket's now */
static void forget(int fd)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (options[i].owner == fd + 1)
			options[i].owner = 0;
}

/*
 * Whether a program may read at @at. rt_sigprocmask(2) reads a word, before it
 * finds that it has nothing to do with it; each sandbox lets it do that.
 */
static bool is_there(const char *at)
{
	uintptr_t word = (uintptr_t)at & -sizeof(uint64_t);

	return word && (!syscall(SYS_rt_sigprocmask, -1, word, NULL,
				 sizeof(uint64_t)) || errno != EFAULT);
}

/*
 * Copies what a program points to, which is less than a page. False if nothing
 * is there: the call itself answers EFAULT, as it would without us.
 */
static bool copy_in(void *to, const void *from, size_t size)
{
	const char *last = (const char *)from + size - 1;
	int saved = errno;
	bool there = !size || (is_there(from) && is_there(last));

	errno = saved;
	if (there)
		memcpy(to, from, size);
	return there;
}

/* Memberships and the like */
static bool adds(int level, int name)
{
	return (level == IPPROTO_IP && name >= IP_ADD_MEMBERSHIP &&
		name <= MCAST_LEAVE_SOURCE_GROUP) ||
	       (level == IPPROTO_IPV6 && (name == IPV6_ADD_MEMBERSHIP ||
					  name == IPV6_DROP_MEMBERSHIP ||
					  (name >= MCAST_JOIN_GROUP &&
					   name <= MCAST_LEAVE_SOURCE_GROUP)));
}

static struct option *slot_for(int fd, int level, int name)
{
	size_t i;
	int owner;

	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		owner = fd + 1;
		if (options[i].level == level && options[i].name == name &&
		    !adds(level, name) &&
		    atomic_compare_exchange_strong(&options[i].owner, &owner,
						   -1))
			return &options[i];
	}
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		owner = 0;
		if (atomic_compare_exchange_strong(&options[i].owner, &owner,
						   -1))
			return &options[i];
	}
	return NULL;
}

static void keep_option(int fd, int level, int name, const void *value,
			socklen_t len)
{
	struct option *slot;

	if (len > sizeof(slot->value))
		return;
	slot = slot_for(fd, level, name);
	if (!slot)
		return;
	slot->order = ++last_option;
	slot->level = level;
	slot->name = name;
	slot->len = len;
	slot->owner = copy_in(slot->value, value, len) ? fd + 1 : 0;
}

/* In the order in which they were set; what eudp does not have is lost */
static void set_again(int fd, int new)
{
	unsigned int after = 0;
	struct option *next;
	size_t i;

	while (1) {
		next = NULL;
		for (i = 0; i < sizeof(options) / sizeof(*options); i++)
			if (options[i].owner == fd + 1 &&
			    options[i].order > after &&
			    (!next || options[i].order < next->order))
				next = &options[i];
		if (!next)
			return;
		after = next->order;
		real_setsockopt(new, next->level, next->name, next->value,
				next->len);
	}
}

static int left_to_udp(int domain, int type, int protocol)
{
	int fd = real_socket(domain, type, protocol);

	if (fd < 0) {
		state->failed++;
		return -1;
	}
	state->udp++;
	if (by_port)
		forget(fd);
	return fd;
}

EXPORT int socket(int domain, int type, int protocol)
{
	int saved = errno;
	int fd;

	if (!real_socket)
		set_up();
	if (!is_udp(domain, type, protocol))
		return real_socket(domain, type, protocol);
	if (others || by_port)
		return left_to_udp(domain, type, protocol);

	fd = eudp_socket(domain, type);
	if (fd >= 0)
		state->eudp++;
	else
		fd = fall_back(domain, type, protocol);
	if (fd >= 0)
		errno = saved;
	return fd;
}

/* Raw sockets may have the protocol of eudp, too */
static bool is_datagram(int fd)
{
	int type = 0, saved = errno;
	socklen_t len = sizeof(type);

	if (real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		errno = saved;
	return type == SOCK_DGRAM;
}

static int int_option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	real_getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

/* Whether it is a socket of UDP, that --only with ports is about */
static bool may_change(int fd)
{
	int saved = errno;
	bool may = by_port && !others &&
		   int_option(fd, SO_PROTOCOL) == IPPROTO_UDP &&
		   int_option(fd, SO_TYPE) == SOCK_DGRAM;

	errno = saved;
	return may;
}

/* All that was done to the socket, done to the new one. 0, or -1 with errno */
static int do_again(int fd, int new)
{
	struct sockaddr_in6 name = {};	/* that of IPv4 is smaller */
	socklen_t len = sizeof(name);

	set_again(fd, new);
	fcntl(new, F_SETFL, fcntl(fd, F_GETFL));
	/* the port is at the same place in both */
	if (!getsockname(fd, (struct sockaddr *)&name, &len) &&
	    name.sin6_port && real_bind(new, (struct sockaddr *)&name, len))
		return -1;
	len = sizeof(name);
	if (!getpeername(fd, (struct sockaddr *)&name, &len))
		return real_connect(new, (struct sockaddr *)&name, len);
	return 0;
}

/* Gives the descriptor to a socket of eudp. 0, or -1 with errno */
static int change(int fd)
{
	int flags = fcntl(fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	int saved = errno;
	int new = eudp_socket(int_option(fd, SO_DOMAIN),
			      SOCK_DGRAM | SOCK_CLOEXEC);
	int failure;

	if (new < 0) {
		if (strict || (errno != EAFNOSUPPORT &&
			       errno != EPROTONOSUPPORT))
			return -1;
		notice();
		errno = saved;
		return 0;
	}
	if (do_again(fd, new) || dup3(new, fd, flags) < 0) {
		failure = errno;
		close(new);
		errno = failure;
		return -1;
	}
	close(new);
	forget(fd);
	state->udp--;
	state->eudp++;
	errno = saved;
	return 0;
}

/* Before a call that names a port: 0 if it can go on, or -1 with errno */
static int named(int fd, const struct sockaddr *name, socklen_t len)
{
	struct sockaddr_in in;	/* the port of IPv6 is at the same place */
	unsigned short port;

	if (!real_socket)
		set_up();
	if (!by_port || !name || len < sizeof(in) ||
	    !copy_in(&in, name, sizeof(in)) ||
	    (in.sin_family != AF_INET && in.sin_family != AF_INET6))
		return 0;
	port = ntohs(in.sin_port);
	if (!(ports[port / 8] & 1 << port % 8) || !may_change(fd))
		return 0;
	return change(fd);
}

EXPORT int bind(int fd, __CONST_SOCKADDR_ARG name, socklen_t len)
{
	if (named(fd, name.__sockaddr__, len))
		return -1;
	return real_bind(fd, name.__sockaddr__, len);
}

EXPORT int connect(int fd, __CONST_SOCKADDR_ARG name, socklen_t len)
{
	if (named(fd, name.__sockaddr__, len))
		return -1;
	return real_connect(fd, name.__sockaddr__, len);
}

EXPORT ssize_t sendto(int fd, const void *data, size_t size, int flags,
		      __CONST_SOCKADDR_ARG name, socklen_t len)
{
	if (named(fd, name.__sockaddr__, len))
		return -1;
	return real_sendto(fd, data, size, flags, name.__sockaddr__, len);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct msghdr copy;

	if (!real_socket)
		set_up();
	if (by_port && message && copy_in(&copy, message, sizeof(copy)) &&
	    named(fd, copy.msg_name, copy.msg_namelen))
		return -1;
	return real_sendmsg(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count,
		    int flags)
{
	struct msghdr copy;
	unsigned int i;

	if (!real_socket)
		set_up();
	for (i = 0; by_port && i < count; i++) {
		if (!copy_in(&copy, &messages[i].msg_hdr, sizeof(copy)))
			break;
		if (named(fd, copy.msg_name, copy.msg_namelen))
			return -1;
	}
	return real_sendmmsg(fd, messages, count, flags);
}

/* SO_ATTACH_FILTER and its like point to what may be gone later */
EXPORT int setsockopt(int fd, int level, int name, const void *value,
		      socklen_t len)
{
	int status;

	if (!real_socket)
		set_up();
	status = real_setsockopt(fd, level, name, value, len);
	if (!status && by_port && value && may_change(fd) &&
	    !(level == SOL_SOCKET && (name == SO_ATTACH_FILTER ||
				      name == SO_ATTACH_REUSEPORT_CBPF)))
		keep_option(fd, level, name, value, len);
	return status;
}

/*
 * The protocol of a socket of eudp is UDP, for a program that asked for that.
 * *@len bytes of the answer are in @value, maybe less than an int.
 */
EXPORT int getsockopt(int fd, int level, int name, void *restrict value,
		      socklen_t *restrict len)
{
	static const int eudp = IPPROTO_EUDP, udp = IPPROTO_UDP;

	if (!real_socket)
		set_up();
	if (real_getsockopt(fd, level, name, value, len))
		return -1;
	if (level == SOL_SOCKET && name == SO_PROTOCOL &&
	    *len <= sizeof(eudp) && !memcmp(value, &eudp, *len) &&
	    is_datagram(fd))
		memcpy(value, &udp, *len);
	return 0;
}
