// SPDX-License-Identifier: GPL-2.0
/*
 * setsockopt(2) and getsockopt(2). Those of SOL_SOCKET are the same for all
 * sockets, but for one.
 */
#include <linux/in.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/sock.h>
#include "eudp.h"

/* Of UDP-Lite (RFC 3828): a socket of UDP reads them as 0, and has no others */
#define UDPLITE_SEND_CSCOV	10
#define UDPLITE_RECV_CSCOV	11

/* What udp(7) has at level IPPROTO_UDP is there at our own level too. */
static bool eudp_is_own_level(int level)
{
	return level == SOL_UDP || level == SOL_UDPLITE || level == SOL_EUDP;
}

static int eudp_set_own(struct sock *sk, int name, sockptr_t value,
			unsigned int len)
{
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	if (copy_from_sockptr(&number, value, sizeof(number)))
		return -EFAULT;

	switch (name) {
	case UDP_CORK:
		WRITE_ONCE(eudp_sk(sk)->cork, number != 0);
		if (!number)
			eudp_push_pending(sk);
		return 0;
	case UDP_ENCAP:
		/* the tunnels that there are speak UDP's protocol number */
		return number ? -ENOPROTOOPT : 0;
	case UDP_NO_CHECK6_TX:
		WRITE_ONCE(eudp_sk(sk)->no_check6_tx, number != 0);
		return 0;
	case UDP_NO_CHECK6_RX:
		WRITE_ONCE(eudp_sk(sk)->no_check6_rx, number != 0);
		return 0;
	case UDP_SEGMENT:
		if (number < 0 || number > U16_MAX)
			return -EINVAL;
		WRITE_ONCE(eudp_sk(sk)->segment, number);
		return 0;
	case UDP_GRO:
		WRITE_ONCE(eudp_sk(sk)->gro, number != 0);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* SO_ZEROCOPY: socket.c knows only some protocols that can have it */
static int eudp_set_zerocopy(struct sock *sk, sockptr_t value, unsigned int len)
{
	int number;

	if (len < sizeof(number))
		return -EINVAL;
	if (copy_from_sockptr(&number, value, sizeof(number)))
		return -EFAULT;
	if (number < 0 || number > 1)
		return -EINVAL;

	lock_sock(sk);
	sock_valbool_flag(sk, SOCK_ZEROCOPY, number);
	release_sock(sk);
	return 0;
}

static int eudp_set_socket(struct socket *sock, int name, sockptr_t value,
			   unsigned int len)
{
	int err;

	if (name == SO_ZEROCOPY)
		return eudp_set_zerocopy(sock->sk, value, len);
	err = sock_setsockopt(sock, SOL_SOCKET, name, value, len);
	if (!err && name == SO_REUSEADDR)
		eudp_note_reuse(sock->sk);
	return err;
}

static int eudp_get_own(struct sock *sk, int name, char __user *value,
			int __user *user_len)
{
	int number, len;

	if (get_user(len, user_len))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;

	switch (name) {
	case UDP_CORK:
		number = READ_ONCE(eudp_sk(sk)->cork);
		break;
	case UDP_NO_CHECK6_TX:
		number = READ_ONCE(eudp_sk(sk)->no_check6_tx);
		break;
	case UDP_NO_CHECK6_RX:
		number = READ_ONCE(eudp_sk(sk)->no_check6_rx);
		break;
	case UDP_SEGMENT:
		number = READ_ONCE(eudp_sk(sk)->segment);
		break;
	case UDP_GRO:
		number = READ_ONCE(eudp_sk(sk)->gro);
		break;
	case UDP_ENCAP:
	case UDPLITE_SEND_CSCOV:
	case UDPLITE_RECV_CSCOV:
		number = 0;
		break;
	default:
		return -ENOPROTOOPT;
	}

	len = min_t(int, len, sizeof(number));
	if (put_user(len, user_len) || copy_to_user(value, &number, len))
		return -EFAULT;
	return 0;
}

/**
 * eudp_setsockopt() - setsockopt(2)
 * @sock: the socket
 * @level: SOL_SOCKET, SOL_IP, SOL_IPV6, SOL_UDP or SOL_EUDP
 * @name: see socket(7), ip(7), ipv6(7), udp(7)
 * @value: in user space, or in the kernel for BPF
 * @len: bytes of @value
 *
 * Return: 0, or what socket(7), ip(7), ipv6(7) and udp(7) say.
 */
int eudp_setsockopt(struct socket *sock, int level, int name, sockptr_t value,
		    unsigned int len)
{
	if (eudp_is_own_level(level))
		return eudp_set_own(sock->sk, name, value, len);
	if (level == SOL_SOCKET)
		return eudp_set_socket(sock, name, value, len);
	return eudp_sk(sock->sk)->af->setsockopt(sock->sk, level, name, value,
						 len);
}

/**
 * eudp_getsockopt() - getsockopt(2)
 * @sock: the socket
 * @level: SOL_IP, SOL_IPV6, SOL_UDP or SOL_EUDP
 * @name: see ip(7), ipv6(7), udp(7)
 * @value: in user space
 * @len: bytes at @value, set to those of the answer
 *
 * Return: 0, or what ip(7), ipv6(7) and udp(7) say.
 */
int eudp_getsockopt(struct socket *sock, int level, int name,
		    char __user *value, int __user *len)
{
	if (eudp_is_own_level(level))
		return eudp_get_own(sock->sk, name, value, len);
	return eudp_sk(sock->sk)->af->getsockopt(sock->sk, level, name, value,
						 len);
}
