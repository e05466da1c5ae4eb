// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a socket: create, close.
 */
#include <linux/bpf-cgroup.h>
#include <linux/capability.h>
#include <net/inet_common.h>
#include <net/sock.h>
#include "eudp.h"

/**
 * eudp_init_sock() - what is special about an eudp socket when it is made
 * @sk: the socket, set up by inet_create() or eudp_create_sock()
 *
 * Both doors come by here, so this is where socket() is refused.
 *
 * Return: 0, or -EPERM if net.eudp.require_net_raw is set in the namespace
 * and the caller has no CAP_NET_RAW there.
 */
int eudp_init_sock(struct sock *sk)
{
	struct net *net = sock_net(sk);

	if (READ_ONCE(eudp_net(net)->require_net_raw) && !sk->sk_kern_sock &&
	    !ns_capable(net->user_ns, CAP_NET_RAW))
		return -EPERM;

	/* lookups run under RCU and take no reference */
	sock_set_flag(sk, SOCK_RCU_FREE);
	return 0;
}

/**
 * eudp_close() - close(2), the last one
 * @sk: the socket
 * @timeout: of SO_LINGER, which means nothing here
 */
void eudp_close(struct sock *sk, long timeout)
{
	sk_common_release(sk);
}

/**
 * eudp_unhash() - take a socket out of the tables
 * @sk: the socket, never bound so far
 */
void eudp_unhash(struct sock *sk)
{
}

/* What socket(2) promises of an IP socket before an option was set: ip(7) */
static void eudp_init_inet(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	bool no_pmtu_disc;

	no_pmtu_disc = READ_ONCE(net->ipv4.sysctl_ip_no_pmtu_disc);
	inet->pmtudisc = no_pmtu_disc ? IP_PMTUDISC_DONT : IP_PMTUDISC_WANT;
	inet->uc_ttl = -1;
	inet->mc_ttl = 1;
	inet_set_bit(MC_LOOP, sk);
	inet_set_bit(MC_ALL, sk);
	atomic_set(&inet->inet_id, 0);

	sk->sk_protocol = IPPROTO_EUDP;
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_txrehash = READ_ONCE(net->core.sysctl_txrehash);
}

/**
 * eudp_create_sock() - make a socket for the AF_EUDP door
 * @net: namespace it belongs to
 * @sock: what it is attached to
 * @af: the IP version
 * @kern: whether it is for the kernel's own use
 *
 * The socket is one of AF_INET from here on, as socket(AF_INET, SOCK_DGRAM,
 * IPPROTO_EUDP) makes it: the IP layer and BPF look at that.
 *
 * Context: process.
 * Return: 0, -ENOMEM, -EPERM, or what a BPF program of the cgroup says.
 */
int eudp_create_sock(struct net *net, struct socket *sock,
		     const struct eudp_af_ops *af, int kern)
{
	struct sock *sk;
	int err;

	sk = sk_alloc(net, af->family, GFP_KERNEL, af->prot, kern);
	if (!sk)
		return -ENOMEM;

	sock->state = SS_UNCONNECTED;
	sock->ops = af->ops;
	sock_init_data(sock, sk);
	eudp_init_inet(sk);

	err = af->prot->init(sk);
	if (!err && !kern)
		err = BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
	if (err) {
		sk_common_release(sk);
		sock->sk = NULL;
	}
	return err;
}
