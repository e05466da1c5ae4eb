// SPDX-License-Identifier: GPL-2.0
/*
 * eudp_diag: shows and destroys the sockets of eudp by netlink, sock_diag(7)
 *
 * It is a module of its own because inet_diag is one, which eudp itself does
 * without.
 */
#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/module.h>
#include <linux/sock_diag.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include "eudp.h"

/* A port that is 0 in the question stands for all of them. */
static bool eudp_diag_asked_for(const struct sock *sk,
				const struct inet_diag_req_v2 *req)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct inet_diag_sockid *id = &req->id;

	return req->sdiag_family == sk->sk_family &&
	       req->idiag_states & BIT(READ_ONCE(sk->sk_state)) &&
	       (!id->idiag_sport ||
		id->idiag_sport == READ_ONCE(inet->inet_sport)) &&
	       (!id->idiag_dport ||
		id->idiag_dport == READ_ONCE(inet->inet_dport));
}

/*
 * The sockets of one chain, from that number on which cb->args[1] tells.
 * Returns whether there was room for all, else where to go on is in there.
 */
static bool eudp_diag_dump_chain(struct hlist_head *chain, struct sk_buff *skb,
				 struct netlink_callback *cb,
				 const struct inet_diag_req_v2 *req)
{
	bool admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);
	struct inet_diag_dump_data *data = cb->data;
	struct sock *sk;
	long number = 0;

	sk_for_each(sk, chain) {
		if (number++ < cb->args[1] || !eudp_diag_asked_for(sk, req) ||
		    !inet_diag_bc_sk(data->inet_diag_nla_bc, sk))
			continue;
		if (inet_sk_diag_fill(sk, NULL, skb, cb, req, NLM_F_MULTI,
				      admin) < 0) {
			cb->args[1] = number - 1;
			return false;
		}
	}
	cb->args[1] = 0;
	return true;
}

/* Is called again as long as it writes something. cb->args[0] is the chain. */
static void eudp_diag_dump(struct sk_buff *skb, struct netlink_callback *cb,
			   const struct inet_diag_req_v2 *req)
{
	struct eudp_table *table = &eudp_net(sock_net(cb->skb->sk))->table;
	struct hlist_head *chain;
	bool room = true;

	for (; cb->args[0] <= table->mask; cb->args[0]++) {
		chain = &table->port[cb->args[0]];
		if (hlist_empty(chain)) {
			cb->args[1] = 0;
			continue;
		}
		spin_lock_bh(&table->lock);
		room = eudp_diag_dump_chain(chain, skb, cb, req);
		spin_unlock_bh(&table->lock);
		if (!room)
			return;
	}
}

/* Whom to look for */
struct eudp_diag_ends {
	int family;
	const __be32 *peer;
	const __be32 *local;
	__be16 peer_port;
	__be16 port;
	int device;
};

static bool eudp_diag_key(const struct eudp_diag_ends *ends,
			  struct eudp_key *key)
{
	key->sport = ends->peer_port;
	key->dport = ends->port;
	key->dif = ends->device;
	if (ends->family == AF_INET6)
		return eudp6_key_of(key, ends->peer, ends->local);
	eudp4_key_of(key, ends->peer, ends->local);
	return true;
}

/* The socket that takes what comes from the peer; the caller must put it. */
static struct sock *eudp_diag_find(struct net *net,
				   const struct eudp_diag_ends *ends)
{
	struct eudp_key key = { .net = net };
	struct sock *sk;

	if (!eudp_diag_key(ends, &key))
		return NULL;
	rcu_read_lock();
	sk = eudp_lookup(&key);
	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	rcu_read_unlock();
	return sk;
}

static int eudp_diag_answer(struct sock *sk, struct netlink_callback *cb,
			    const struct inet_diag_req_v2 *req)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	int err;

	if (!skb)
		return -ENOMEM;
	err = inet_sk_diag_fill(sk, NULL, skb, cb, req, 0,
				netlink_net_capable(cb->skb, CAP_NET_ADMIN));
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return nlmsg_unicast(sock_net(cb->skb->sk)->diag_nlsk, skb,
			     NETLINK_CB(cb->skb).portid);
}

/* As in UDP, and nowhere else, what is the source here is the peer's end. */
static int eudp_diag_dump_one(struct netlink_callback *cb,
			      const struct inet_diag_req_v2 *req)
{
	const struct inet_diag_sockid *id = &req->id;
	struct eudp_diag_ends ends = {
		.family		= req->sdiag_family,
		.peer		= id->idiag_src,
		.peer_port	= id->idiag_sport,
		.local		= id->idiag_dst,
		.port		= id->idiag_dport,
		.device		= id->idiag_if,
	};
	struct sock *sk;
	int err;

	sk = eudp_diag_find(sock_net(cb->skb->sk), &ends);
	if (!sk)
		return -ENOENT;
	err = sock_diag_check_cookie(sk, id->idiag_cookie);
	if (!err)
		err = eudp_diag_answer(sk, cb, req);
	sock_put(sk);
	return err;
}

/* Who talks IPv4 by a socket of IPv6 is found by the addresses of IPv4. */
static void eudp_diag_unmap(struct eudp_diag_ends *ends)
{
	const struct in6_addr *peer = (const struct in6_addr *)ends->peer;
	const struct in6_addr *local = (const struct in6_addr *)ends->local;

	if (ends->family != AF_INET6 || !ipv6_addr_v4mapped(peer) ||
	    !ipv6_addr_v4mapped(local))
		return;
	ends->family = AF_INET;
	ends->peer = &peer->s6_addr32[3];
	ends->local = &local->s6_addr32[3];
}

static int eudp_diag_destroy(struct sk_buff *skb,
			     const struct inet_diag_req_v2 *req)
{
	const struct inet_diag_sockid *id = &req->id;
	struct eudp_diag_ends ends = {
		.family		= req->sdiag_family,
		.local		= id->idiag_src,
		.port		= id->idiag_sport,
		.peer		= id->idiag_dst,
		.peer_port	= id->idiag_dport,
		.device		= id->idiag_if,
	};
	struct sock *sk;
	int err = -ENOENT;

	eudp_diag_unmap(&ends);
	sk = eudp_diag_find(sock_net(skb->sk), &ends);
	if (!sk)
		return -ENOENT;
	if (!sock_diag_check_cookie(sk, id->idiag_cookie))
		err = sock_diag_destroy(sk, ECONNABORTED);
	sock_put(sk);
	return err;
}

static void eudp_diag_get_info(struct sock *sk, struct inet_diag_msg *msg,
			       void *info)
{
	msg->idiag_rqueue = sk_rmem_alloc_get(sk);
	msg->idiag_wqueue = sk_wmem_alloc_get(sk);
}

static const struct inet_diag_handler eudp_diag_handler = {
	.idiag_type	= IPPROTO_EUDP,
	.owner		= THIS_MODULE,
	.dump		= eudp_diag_dump,
	.dump_one	= eudp_diag_dump_one,
	.idiag_get_info	= eudp_diag_get_info,
	.destroy	= IS_ENABLED(CONFIG_INET_DIAG_DESTROY) ?
			  eudp_diag_destroy : NULL,
};

static int __init eudp_diag_init(void)
{
	return inet_diag_register(&eudp_diag_handler);
}

static void __exit eudp_diag_exit(void)
{
	inet_diag_unregister(&eudp_diag_handler);
}

module_init(eudp_diag_init);
module_exit(eudp_diag_exit);

MODULE_DESCRIPTION("Monitoring of the sockets of eudp by sock_diag");
MODULE_LICENSE("GPL");
/* NETLINK_SOCK_DIAG for this protocol; is asked for only if eudp is loaded */
MODULE_ALIAS("net-pf-16-proto-4-type-2-253");
