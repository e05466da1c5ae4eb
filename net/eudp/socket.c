// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a socket: create, disconnect, close; and what it says of itself.
 */
#include <linux/bpf-cgroup.h>
#include <linux/capability.h>
#include <net/inet_common.h>
#include <net/rps.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <asm/ioctls.h>
#include "eudp.h"

/**
 * eudp_init_sock() - what is special about an eudp socket when it is made
 * @sk: the socket, set up by inet_create(), inet6_create() or eudp_create_sock()
 * @af: the IP version
 *
 * Both doors come by here, so this is where socket() is refused.
 *
 * Return: 0, or -EPERM if net.eudp.require_net_raw is set in the namespace
 * and the caller has no CAP_NET_RAW there.
 */
int eudp_init_sock(struct sock *sk, const struct eudp_af_ops *af)
{
	struct net *net = sock_net(sk);
	struct eudp_net *en = eudp_net(net);

	/* who is refused is released by eudp_unhash(), too */
	eudp_sk(sk)->en = en;
	if (READ_ONCE(en->require_net_raw) && !sk->sk_kern_sock &&
	    !ns_capable(net->user_ns, CAP_NET_RAW))
		return -EPERM;

	eudp_sk(sk)->af = af;
	sk->sk_destruct = eudp_destruct;
	/* lookups run under RCU and take no reference */
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* SO_ZEROCOPY, and the same for io_uring */
	set_bit(SOCK_CUSTOM_SOCKOPT, &sk->sk_socket->flags);
	set_bit(SOCK_SUPPORT_ZC, &sk->sk_socket->flags);
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

/*
 * What connect(2) set goes: the peer, and the local address and port as far
 * as bind(2) did not choose them. So does the device that SO_BINDTODEVICE
 * chose, as in UDP. And as there, the address of a peer of IPv6 stays, so that
 * nobody else is heard.
 */
static void __eudp_disconnect(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);

	eudp_begin_move(sk);

	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	WRITE_ONCE(inet->inet_daddr, 0);
	WRITE_ONCE(inet->inet_dport, 0);
	WRITE_ONCE(sk->sk_bound_dev_if, 0);
	sock_rps_reset_rxhash(sk);
	sk_dst_reset(sk);

	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet_reset_saddr(sk);
		eudp_rehash(sk);
	}

	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK)) {
		eudp_unhash(sk);
		WRITE_ONCE(inet->inet_sport, 0);
	}
	eudp_end_move(sk, false);
}

/**
 * eudp_disconnect() - connect(2) to an address of AF_UNSPEC
 * @sk: the socket
 * @flags: of the file
 *
 * Return: 0
 */
int eudp_disconnect(struct sock *sk, int flags)
{
	lock_sock(sk);
	__eudp_disconnect(sk);
	release_sock(sk);
	return 0;
}

/**
 * eudp_abort() - disconnect a socket that somebody else has, and tell its owner
 * @sk: the socket; may be closed meanwhile
 * @err: what the next call on it fails with
 *
 * Context: process.
 * Return: 0
 */
int eudp_abort(struct sock *sk, int err)
{
	lock_sock(sk);
	if (!sock_flag(sk, SOCK_DEAD)) {
		WRITE_ONCE(sk->sk_err, err);
		sk_error_report(sk);
		__eudp_disconnect(sk);
	}
	release_sock(sk);
	return 0;
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
	atomic_set(&inet->inet_id, 0);

	sk->sk_protocol = IPPROTO_EUDP;
	sk->sk_txrehash = READ_ONCE(net->core.sysctl_txrehash);
}

/**
 * eudp_create_sock() - make a socket for the AF_EUDP door
 * @net: namespace it belongs to
 * @sock: what it is attached to
 * @af: the IP version
 * @kern: whether it is for the kernel's own use
 *
 * The socket is one of AF_INET or AF_INET6 from here on, as the other door
 * makes it: the IP layer and BPF look at that.
 *
 * Context: process.
 * Return: 0, -ENOMEM (-ENOBUFS for IPv6), -EPERM, or what a BPF program of the cgroup says.
 */
int eudp_create_sock(struct net *net, struct socket *sock,
		     const struct eudp_af_ops *af, int kern)
{
	struct sock *sk;
	int err;

	sk = sk_alloc(net, af->family, GFP_KERNEL, af->prot, kern);
	if (!sk)
		return af->no_socket;

	sock->state = SS_UNCONNECTED;
	sock->ops = af->ops;
	sock_init_data(sock, sk);
	sk->sk_destruct = af->destruct;
	eudp_init_inet(sk);
	af->init(sk);

	err = af->prot->init(sk);
	if (!err && !kern)
		err = BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
	if (err) {
		sk_common_release(sk);
		sock->sk = NULL;
	}
	return err;
}

/**
 * eudp_ioctl() - FIONREAD (SIOCINQ) and TIOCOUTQ (SIOCOUTQ), udp(7)
 * @sk: the socket
 * @cmd: what is asked
 * @karg: set to the answer
 *
 * Return: 0, or -ENOIOCTLCMD for what IP must answer.
 */
int eudp_ioctl(struct sock *sk, int cmd, int *karg)
{
	switch (cmd) {
	case FIONREAD:
		*karg = max(eudp_first_length(sk), 0);
		return 0;
	case TIOCOUTQ:
		*karg = sk_wmem_alloc_get(sk);
		return 0;
	default:
		return -ENOIOCTLCMD;
	}
}

/**
 * eudp_poll() - poll(2), select(2) and epoll(7)
 * @file: of the socket
 * @sock: the socket
 * @wait: who waits
 *
 * A program that would block is not told that it can read while all that
 * waits has a wrong checksum, since recv(2) would drop that and block.
 *
 * Return: the events that are there.
 */
__poll_t eudp_poll(struct file *file, struct socket *sock,
		   struct poll_table_struct *wait)
{
	__poll_t mask = datagram_poll(file, sock, wait);
	struct sock *sk = sock->sk;

	if ((mask & EPOLLRDNORM) && !(file->f_flags & O_NONBLOCK) &&
	    !(READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) &&
	    eudp_first_length(sk) < 0)
		mask &= ~(EPOLLIN | EPOLLRDNORM);

	return mask;
}
