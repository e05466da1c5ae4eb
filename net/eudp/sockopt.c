// SPDX-License-Identifier: GPL-2.0
/*
 * setsockopt(2) and getsockopt(2), but for SOL_SOCKET, which is the same for
 * all sockets.
 */
#include <linux/in.h>
#include <net/ip.h>
#include <net/sock.h>
#include "eudp.h"

/*
 * Options of IP whose effect is still to come: a program must not believe that
 * it has it. What IP keeps of the others, output.c, recv.c and ipv4.c go by.
 */
static bool eudp_ip_option_is_built(int name)
{
	switch (name) {
	case IP_TOS:
	case IP_TTL:
	case IP_MTU_DISCOVER:
	case IP_MTU:
	case IP_RECVERR:
	case IP_RECVERR_RFC4884:
	case IP_RECVTTL:
	case IP_RECVTOS:
	case IP_RECVORIGDSTADDR:
	case IP_FREEBIND:
	case IP_TRANSPARENT:
	case IP_BIND_ADDRESS_NO_PORT:
	case IP_LOCAL_PORT_RANGE:
	case IP_UNICAST_IF:
	case IP_PROTOCOL:
		return true;
	default:
		return false;
	}
}

/**
 * eudp_setsockopt() - setsockopt(2)
 * @sock: the socket
 * @level: SOL_IP
 * @name: see ip(7)
 * @value: in user space, or in the kernel for BPF
 * @len: bytes of @value
 *
 * Return: 0, -ENOPROTOOPT for other levels, -EOPNOTSUPP for what is still to
 * come, or what ip(7) says.
 */
int eudp_setsockopt(struct socket *sock, int level, int name, sockptr_t value,
		    unsigned int len)
{
	if (level != SOL_IP)
		return -ENOPROTOOPT;
	if (!eudp_ip_option_is_built(name))
		return -EOPNOTSUPP;
	return ip_setsockopt(sock->sk, level, name, value, len);
}

/**
 * eudp_getsockopt() - getsockopt(2)
 * @sock: the socket
 * @level: SOL_IP
 * @name: see ip(7)
 * @value: in user space
 * @len: bytes at @value, set to those of the answer
 *
 * Return: 0, -EOPNOTSUPP for what is still to come and for other levels, or
 * what ip(7) says.
 */
int eudp_getsockopt(struct socket *sock, int level, int name,
		    char __user *value, int __user *len)
{
	if (level != SOL_IP || !eudp_ip_option_is_built(name))
		return -EOPNOTSUPP;
	return ip_getsockopt(sock->sk, level, name, value, len);
}
