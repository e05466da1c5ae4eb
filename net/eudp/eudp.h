/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The private header of eudp: structures, then prototypes grouped by file.
 */
#ifndef _NET_EUDP_H
#define _NET_EUDP_H

#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <uapi/linux/eudp.h>

/**
 * struct eudp_sock - an eudp socket
 * @inet: what all IPv4 sockets have; must be first
 */
struct eudp_sock {
	struct inet_sock	inet;
};

/**
 * struct eudp_table - the bound sockets of one network namespace
 * @mask: number of chains - 1; the number is a power of two
 * @port: chains of sockets by local port
 */
struct eudp_table {
	unsigned int		mask;
	struct hlist_head	*port;
};

/**
 * struct eudp_net - what a network namespace keeps for eudp
 * @table: its bound sockets
 * @require_net_raw: sysctl, whether socket() needs CAP_NET_RAW
 * @sysctl: handle of net.eudp
 */
struct eudp_net {
	struct eudp_table	table;
	u8			require_net_raw;
	struct ctl_table_header	*sysctl;
};

/**
 * struct eudp_af_ops - what differs between the IP versions
 * @family: %PF_INET or %PF_INET6, also the family of the socket addresses
 * @prot: makes and frees the sockets
 * @ops: their system calls
 */
struct eudp_af_ops {
	int			family;
	struct proto		*prot;
	const struct proto_ops	*ops;
};

/* af_eudp.c */
struct eudp_net *eudp_net(const struct net *net);
int eudp_protocol_family(int protocol);

/* socket.c */
int eudp_init_sock(struct sock *sk);
void eudp_close(struct sock *sk, long timeout);
void eudp_unhash(struct sock *sk);
int eudp_create_sock(struct net *net, struct socket *sock,
		     const struct eudp_af_ops *af, int kern);

/* port.c */
int eudp_table_init(struct eudp_table *table);
void eudp_table_exit(struct eudp_table *table);

/* input.c */
int eudp_rcv(struct sk_buff *skb);

/* ipv4.c */
extern const struct eudp_af_ops eudp4_ops;
int eudp4_register(void);
void eudp4_unregister(void);
int eudp4_register_protocol(void);
void eudp4_unregister_protocol(void);
void eudp4_open_door(void);
void eudp4_close_door(void);

/* sysctl.c */
extern long eudp_mem[3];
extern int eudp_rmem_min;
extern int eudp_wmem_min;
void eudp_mem_init(void);
int eudp_sysctl_init(struct net *net);
void eudp_sysctl_exit(struct net *net);

#endif /* _NET_EUDP_H */
