// SPDX-License-Identifier: GPL-2.0
/*
 * libeudp_run.so: makes the UDP sockets of a program sockets of eudp
 *
 * eudp_run has it loaded ahead of libc. Nothing is kept per socket: the kernel
 * knows which are eudp's, after dup(), fork() and exec() as well.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/eudp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "eudp_run.h"

#define EXPORT __attribute__((visibility("default")))

typedef int socket_fn(int domain, int type, int protocol);
typedef int getsockopt_fn(int fd, int level, int name, void *value,
			  socklen_t *len);

/* Set once, to the same by whoever does it, before real_socket */
static bool door_inet;
static bool strict;
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

EXPORT int socket(int domain, int type, int protocol)
{
	int saved = errno;
	int fd;

	if (!real_socket)
		set_up();
	if (!is_udp(domain, type, protocol))
		return real_socket(domain, type, protocol);

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
