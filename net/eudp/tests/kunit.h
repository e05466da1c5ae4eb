/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit suites share: sockets without a program behind them.
 */
#ifndef _NET_EUDP_TESTS_KUNIT_H
#define _NET_EUDP_TESTS_KUNIT_H

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/net.h>
#include <net/sock.h>
#include "../eudp.h"

#define IP(a, b, c, d)	((a) << 24 | (b) << 16 | (c) << 8 | (d))

KUNIT_DEFINE_ACTION_WRAPPER(eudp_test_release, sock_release, struct socket *);

/* A socket of the first namespace, which the test need not close */
static inline struct sock *eudp_test_sock(struct kunit *test)
{
	struct socket *sock;

	KUNIT_ASSERT_EQ(test, 0, sock_create_kern(&init_net, PF_EUDP,
						  SOCK_DGRAM, 0, &sock));
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, eudp_test_release,
						  sock));
	return sock->sk;
}

static inline int eudp_test_bind(struct sock *sk, u32 addr, u16 port)
{
	struct sockaddr_in name = {
		.sin_family	 = AF_INET,
		.sin_port	 = htons(port),
		.sin_addr.s_addr = htonl(addr),
	};

	return kernel_bind(sk->sk_socket, (struct sockaddr *)&name,
			   sizeof(name));
}

#endif /* _NET_EUDP_TESTS_KUNIT_H */
