// SPDX-License-Identifier: GPL-2.0
/*
 * Which socket a datagram is for.
 */
#include <linux/export.h>
#include <linux/filter.h>
#include <linux/rculist.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include "eudp.h"

/* How often to look without the lock */
#define EUDP_LOOKUPS_MAX	4

/*
 * Whether sockets that are bound to no device take datagrams from a VRF: our
 * own knob says so, or that of UDP (Documentation/networking/vrf.rst).
 */
static bool eudp_takes_any_vrf(const struct net *net)
{
#if IS_ENABLED(CONFIG_NET_L3_MASTER_DEV)
	if (READ_ONCE(net->ipv4.sysctl_udp_l3mdev_accept))
		return true;
#endif
	return READ_ONCE(eudp_net(net)->l3mdev_accept);
}

/**
 * eudp_device_match() - whether a socket takes datagrams from a device
 * @bound: index of the device it is bound to, or 0
 * @key: where the datagram came in
 */
bool eudp_device_match(int bound, const struct eudp_key *key)
{
	bool any_vrf = !bound && key->sdif && eudp_takes_any_vrf(key->net);

	return inet_bound_dev_eq(any_vrf, bound, key->dif, key->sdif);
}

/* The best match so far; of two equal ones the younger. */
struct eudp_best {
	struct eudp_sock *es;
	long order;
	int score;
};

static bool eudp_is_connected(const struct sock *sk)
{
	return READ_ONCE(sk->sk_state) == TCP_ESTABLISHED;
}

/* Whether it stands for an SO_REUSEPORT group, none of whom is connected */
static bool eudp_stands_for_group(struct sock *sk)
{
	return sk->sk_reuseport &&
	       rcu_access_pointer(sk->sk_reuseport_cb) &&
	       !eudp_is_connected(sk) &&
	       !reuseport_has_conns(sk);
}

/*
 * Returns whether the search has ended. As in UDP it ends with the first group,
 * from the youngest socket on, that matches better than those before it.
 */
static bool eudp_consider(struct eudp_sock *es, const struct eudp_key *key,
			  struct eudp_best *best)
{
	long order = READ_ONCE(es->order);
	int score = key->af->score(&es->inet.sk, key);
	bool ends;

	if (score < 0 || (order < best->order && score <= best->score))
		return false;
	ends = eudp_stands_for_group(&es->inet.sk);
	if (!ends && score < best->score)
		return false;

	best->score = score;
	best->order = order;
	best->es = es;
	return ends;
}

/* In the chains of a table, only those whose whole hash is the same */
static void eudp_scan(const struct eudp_table *table,
		      const struct hlist_head *chains, u32 hash,
		      const struct eudp_key *key, struct eudp_best *best)
{
	struct eudp_sock *es;

	hlist_for_each_entry_rcu(es, &chains[hash & table->mask], node)
		if (READ_ONCE(es->hash) == hash &&
		    eudp_consider(es, key, best))
			return;
}

/*
 * IP changes the local address of a socket before it tells us to look for the
 * socket elsewhere. Meanwhile it is found by its port, which stays. Only then:
 * else each datagram for nobody would have to pass all sockets of the port.
 */
static void eudp_scan_port(const struct eudp_table *table,
			   const struct eudp_key *key,
			   const struct eudp_key *any, struct eudp_best *best)
{
	struct sock *sk;

	sk_for_each_rcu(sk, eudp_port_chain(table, ntohs(key->dport))) {
		eudp_consider(eudp_sk(sk), key, best);
		eudp_consider(eudp_sk(sk), any, best);
	}
}

/*
 * A socket that is connected beats one that is only bound to the address,
 * which beats one that is bound to none. But one connected to port 0 and bound
 * to a device scores as much as one connected to the port; and of IPv6, so may
 * one that is bound to device and CPU. And a group is preferred to older ones.
 */
static struct eudp_sock *eudp_find(const struct eudp_table *table,
				   const struct eudp_key *key)
{
	struct eudp_best best = { .score = -1 };
	unsigned short port = ntohs(key->dport);
	struct eudp_key any;

	if (READ_ONCE(*eudp_by_peer(table, port))) {
		eudp_scan(table, table->peer, key->af->flow_hash(key), key,
			  &best);
		if (best.score >= key->af->certain &&
		    !READ_ONCE(table->rivals))
			return best.es;
	}

	eudp_scan(table, table->addr, eudp_addr_port_hash(key->addr_hash, port),
		  key, &best);
	if (best.es)
		return best.es;

	any = *key;
	memset(&any.daddr6, 0, sizeof(any.daddr6));
	any.addr_hash = 0;
	eudp_scan(table, table->addr, eudp_addr_port_hash(0, port), &any,
		  &best);
	if (best.es)
		return best.es;

	/* addresses first, see eudp_begin_move() */
	smp_rmb();
	if (atomic_read(&table->moving))
		eudp_scan_port(table, key, &any, &best);
	return best.es;
}

/*
 * A socket that changes its chain while this looks may be missed, and lead it
 * astray into another chain; then it looks again. Who makes sockets move all
 * the time is stopped by the lock after a few times.
 */
static struct sock *eudp_best_match(const struct eudp_key *key)
{
	struct eudp_table *table = &eudp_net(key->net)->table;
	struct eudp_sock *es;
	unsigned int moves;
	int i;

	for (i = 0; i < EUDP_LOOKUPS_MAX; i++) {
		moves = read_seqcount_begin(&table->moves);
		es = eudp_find(table, key);
		if (!read_seqcount_retry(&table->moves, moves))
			goto found;
	}
	spin_lock_bh(&table->lock);
	es = eudp_find(table, key);
	spin_unlock_bh(&table->lock);
found:
	return es ? &es->inet.sk : NULL;
}

/**
 * eudp_one_of_group() - choose among sockets that share a port
 * @sk: one of them, or one that shares it with none
 * @key: both ends of the datagram
 *
 * See SO_REUSEPORT of socket(7).
 *
 * Context: RCU read side, by which the socket stays.
 * Return: the socket, by the flow or by what the BPF program of the group says,
 * or -ECONNREFUSED if that drops the datagram.
 */
struct sock *eudp_one_of_group(struct sock *sk, const struct eudp_key *key)
{
	struct sock *one;

	if (!sk->sk_reuseport)
		return sk;
	one = reuseport_select_sock(sk, key->af->flow_hash(key), key->skb,
				    sizeof(struct udphdr));
	return one ?: sk;
}

/* The best match, or one of its group; who is connected stands for himself. */
static struct sock *eudp_settle(struct sock *best, const struct eudp_key *key)
{
	if (!best || eudp_is_connected(best))
		return best;
	return eudp_one_of_group(best, key);
}

/* What a BPF program of the namespace says: sk_lookup, see prog_sk_lookup.rst */
static struct sock *eudp_steer(const struct eudp_key *key, struct sock *best)
{
	bool no_group;
	struct sock *sk;

	no_group = key->af->steer(key, &sk);
	if (IS_ERR(sk))
		return sk;
	if (!sk || !eudp_is_ours(sk))
		return eudp_settle(best, key);
	return no_group ? sk : eudp_one_of_group(sk, key);
}

/**
 * eudp_lookup() - find the socket that a datagram is for
 * @key: both ends of the datagram
 *
 * Context: RCU read side, by which the socket stays.
 * Return: the socket or NULL.
 */
struct sock *eudp_lookup(const struct eudp_key *key)
{
	struct sock *sk = eudp_best_match(key);

	/* only who is connected at this very address comes before programs */
	if (static_branch_unlikely(&bpf_sk_lookup_enabled) &&
	    !(sk && eudp_is_connected(sk) &&
	      READ_ONCE(eudp_sk(sk)->addr_hash) == key->addr_hash))
		sk = eudp_steer(key, sk);
	else
		sk = eudp_settle(sk, key);
	return IS_ERR(sk) ? NULL : sk;
}
EXPORT_SYMBOL_GPL(eudp_lookup);
