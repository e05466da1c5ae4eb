/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * eudp: an experimental datagram family with the semantics of udp(7)
 *
 * Addresses are struct sockaddr_in and struct sockaddr_in6, with AF_INET and
 * AF_INET6 in them; options at level IPPROTO_UDP mean what udp(7) says.
 */
#ifndef _UAPI_LINUX_EUDP_H
#define _UAPI_LINUX_EUDP_H

/*
 * The address family. Linux gives numbers to families in tree only; this is
 * the one of "Ash", which never had code.
 */
#define AF_EUDP		18
#define PF_EUDP		AF_EUDP

/*
 * The IP protocol: "for experimentation and testing" (RFC 3692, RFC 4727).
 * socket(AF_INET, SOCK_DGRAM, IPPROTO_EUDP) is the other way to make a socket.
 */
#define IPPROTO_EUDP	253

/* The level of socket options, like IPPROTO_UDP */
#define SOL_EUDP	253

#endif /* _UAPI_LINUX_EUDP_H */
