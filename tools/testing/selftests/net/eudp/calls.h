/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each call makes of a pending error, whatever the version of IP: of a
 * socket at port 5000 of LOCAL, whose peer is port 9 of PEER, if it has one.
 * The program says what these are before it includes this.
 */
#ifndef _EUDP_TEST_CALLS_H
#define _EUDP_TEST_CALLS_H

#include "icmp.h"

static inline int by_send(int fd)
{
	return err_of(send(fd, "x", 1, 0));
}

static inline int by_send_nothing(int fd)
{
	return err_of(send(fd, "", 0, 0));
}

static inline int by_write(int fd)
{
	return err_of(write(fd, "x", 1));
}

static inline int by_sendto(int fd)
{
	return err_of(send_to(fd, PEER, 10, "x", 1));
}

static inline int by_sendmsg(int fd)
{
	struct iovec iov = { "x", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return err_of(sendmsg(fd, &msg, 0));
}

static inline int by_sendmmsg(int fd)
{
	struct iovec iov = { "x", 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	return err_of(sendmmsg(fd, &m, 1, 0));
}

static inline int by_recv(int fd)
{
	char byte;

	return err_of(recv(fd, &byte, 1, 0));
}

static inline int by_recv_at_once(int fd)
{
	char byte;

	return err_of(recv(fd, &byte, 1, MSG_DONTWAIT));
}

static inline int by_peek(int fd)
{
	char byte;

	return err_of(recv(fd, &byte, 1, MSG_PEEK));
}

static inline int by_read(int fd)
{
	char byte;

	return err_of(read(fd, &byte, 1));
}

static inline int by_recvmsg(int fd)
{
	struct msghdr msg = {};

	return err_of(recvmsg(fd, &msg, 0));
}

static inline int by_recvmmsg(int fd)
{
	struct mmsghdr m[2] = {};

	return err_of(recvmmsg(fd, m, 2, 0, NULL));
}

static inline int by_so_error(int fd)
{
	return get_int(fd, SOL_SOCKET, SO_ERROR);
}

static inline int by_getsockname(int fd)
{
	return port_of(fd) == 5000 ? 0 : -1;
}

static inline int by_getpeername(int fd)
{
	struct any_addr any = any_addr(PEER, 9);

	return strcmp(peer(fd), show_any(0, &any));
}

static inline int by_ioctl(int fd)
{
	int n;

	return err_of(ioctl(fd, FIONREAD, &n));
}

static inline int by_poll(int fd)
{
	return ready(fd, POLLIN);
}

static inline int by_bind(int fd)
{
	return err_of(bind_to(fd, LOCAL, 5001));
}

static inline int by_connect(int fd)
{
	return err_of(connect_to(fd, PEER, 9));
}

static inline int by_reconnect(int fd)
{
	return err_of(connect_to(fd, PEER, 10));
}

static inline int by_disconnect(int fd)
{
	return err_of(disconnect(fd));
}

static inline int by_shutdown(int fd)
{
	return err_of(shutdown(fd, SHUT_RD));
}

static inline int by_entry(int fd)
{
	struct entry e;

	return err_of(take_entry(fd, &e));
}

struct call {
	const char *name;
	int (*call)(int fd);
	int err;		/* what it gives */
	const char *left;	/* the pending error after it */
};

/* Of a connected socket: the error is told once, by the first of such calls */
static const struct call calls[] = {
	{ "send", by_send, ECONNREFUSED, "none" },
	{ "send of nothing", by_send_nothing, ECONNREFUSED, "none" },
	{ "write", by_write, ECONNREFUSED, "none" },
	{ "sendto", by_sendto, ECONNREFUSED, "none" },
	{ "sendmsg", by_sendmsg, ECONNREFUSED, "none" },
	{ "sendmmsg", by_sendmmsg, ECONNREFUSED, "none" },
	{ "recv", by_recv, ECONNREFUSED, "none" },
	{ "recv at once", by_recv_at_once, ECONNREFUSED, "none" },
	{ "peek", by_peek, ECONNREFUSED, "none" },
	{ "read", by_read, ECONNREFUSED, "none" },
	{ "recvmsg", by_recvmsg, ECONNREFUSED, "none" },
	{ "recvmmsg", by_recvmmsg, ECONNREFUSED, "none" },
	{ "SO_ERROR", by_so_error, ECONNREFUSED, "none" },
	{ "getsockname", by_getsockname, 0, "ECONNREFUSED" },
	{ "getpeername", by_getpeername, 0, "ECONNREFUSED" },
	{ "ioctl", by_ioctl, 0, "ECONNREFUSED" },
	{ "poll", by_poll, POLLERR, "ECONNREFUSED" },
	{ "bind", by_bind, EINVAL, "ECONNREFUSED" },
	{ "connect", by_connect, 0, "ECONNREFUSED" },
	{ "connect to another", by_reconnect, 0, "ECONNREFUSED" },
	{ "disconnect", by_disconnect, 0, "ECONNREFUSED" },
	{ "shutdown", by_shutdown, 0, "ECONNREFUSED" },
};

#endif /* _EUDP_TEST_CALLS_H */
