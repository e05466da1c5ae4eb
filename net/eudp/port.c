// SPDX-License-Identifier: GPL-2.0
/*
 * Local ports: choice, conflicts, and into and out of the tables.
 */
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/sock_reuseport.h>
#include "eudp.h"

#define EUDP_HASH_ENTRIES_MIN	16
#define EUDP_HASH_ENTRIES_MAX	65536

/* Ports to try before others may have the lock */
#define EUDP_TRIES_AT_ONCE	64

static unsigned int hash_entries __read_mostly = 4096;

static int hash_entries_set(const char *val, const struct kernel_param *kp)
{
	unsigned int entries;
	int err;

	err = kstrtouint(val, 0, &entries);
	if (err)
		return err;
	if (entries < EUDP_HASH_ENTRIES_MIN ||
	    entries > EUDP_HASH_ENTRIES_MAX || !is_power_of_2(entries))
		return -EINVAL;

	return param_set_uint(val, kp);
}

static const struct kernel_param_ops hash_entries_ops = {
	.set = hash_entries_set,
	.get = param_get_uint,
};

module_param_cb(hash_entries, &hash_entries_ops, &hash_entries, 0444);
MODULE_PARM_DESC(hash_entries,
		 "chains in the socket tables of each network namespace, a power of two (16..65536)");

/**
 * eudp_table_init() - make the tables of a network namespace
 * @table: filled in
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eudp_table_init(struct eudp_table *table)
{
	struct hlist_head *heads;
	struct list_head *lists;
	unsigned int i;

	lists = kvcalloc(hash_entries, 2 * sizeof(*lists) + 3 * sizeof(*heads) +
			 sizeof(*table->by_peer), GFP_KERNEL_ACCOUNT);
	if (!lists)
		return -ENOMEM;
	for (i = 0; i < 2 * hash_entries; i++)
		INIT_LIST_HEAD(&lists[i]);
	heads = (struct hlist_head *)(lists + 2 * hash_entries);

	table->mask = hash_entries - 1;
	table->at_port = lists;
	table->at_addr = lists + hash_entries;
	table->port = heads;
	table->addr = heads + hash_entries;
	table->peer = heads + 2 * hash_entries;
	table->by_peer = (unsigned int *)(heads + 3 * hash_entries);
	spin_lock_init(&table->lock);
	seqcount_spinlock_init(&table->moves, &table->lock);
	return 0;
}

/**
 * eudp_table_exit() - free the tables of a network namespace
 * @table: its tables, empty
 */
void eudp_table_exit(struct eudp_table *table)
{
	kvfree(table->at_port);
}

static struct eudp_table *eudp_table(const struct sock *sk)
{
	return &eudp_sk(sk)->en->table;
}

/* Counts one more or less in the table of peers, by its port */
static void __eudp_count_by_peer(const struct eudp_table *table,
				 const struct sock *sk, int more)
{
	unsigned int *count = eudp_by_peer(table, inet_sk(sk)->inet_num);

	WRITE_ONCE(*count, *count + more);
}

/* Sockets bound to different devices never meet. */
static bool eudp_devices_overlap(const struct sock *sk,
				 const struct sock *other)
{
	int a = READ_ONCE(sk->sk_bound_dev_if);
	int b = READ_ONCE(other->sk_bound_dev_if);

	return !a || !b || a == b;
}

/* Whether their addresses are the same, or may be since one has none (@any) */
static bool eudp_addrs_equal(const struct sock *sk, const struct sock *other,
			     bool any)
{
	/* connect(2) may change one now, and might as well before or after */
	return data_race(inet_rcv_saddr_equal(sk, other, any));
}

/**
 * eudp_port_conflict() - whether a socket may not have the port of another
 * @sk: the socket, its address set
 * @other: a socket that has the port
 *
 * They may share it if they are bound to different addresses or devices, or
 * if both have SO_REUSEADDR (socket(7)).
 *
 * Return: true if the answer to bind(2) is EADDRINUSE, but for SO_REUSEPORT.
 */
bool eudp_port_conflict(const struct sock *sk, const struct sock *other)
{
	if (sk == other)
		return false;
	if (sk->sk_reuse && other->sk_reuse)
		return false;

	return eudp_devices_overlap(sk, other) &&
	       eudp_addrs_equal(sk, other, true);
}

/* SO_REUSEPORT: both have it, and are of one user. */
static bool eudp_may_share(const struct sock *sk, const struct sock *other)
{
	return sk->sk_reuseport && other->sk_reuseport &&
	       !rcu_access_pointer(sk->sk_reuseport_cb) &&
	       uid_eq(sock_i_uid((struct sock *)sk),
		      sock_i_uid((struct sock *)other));
}

/* The list in &eudp_table.at_port or .at_addr of those with SO_REUSEADDR or not */
static struct list_head *eudp_list(const struct eudp_table *table,
				   struct list_head *lists, u32 hash,
				   bool reuse)
{
	return &lists[(reuse ? ~hash : hash) & table->mask];
}

/*
 * The first at an address and port that is @like the socket, of those with
 * SO_REUSEADDR or of those without; or @best, if that comes before
 */
static struct eudp_sock *
__eudp_first_at(const struct eudp_table *table, const struct sock *sk,
		u32 addr_hash, unsigned short port, bool reuse,
		bool (*like)(const struct sock *sk, const struct sock *other),
		struct eudp_sock *best)
{
	u32 hash = eudp_addr_port_hash(addr_hash, port);
	struct list_head *list;
	struct eudp_sock *es;

	list = eudp_list(table, table->at_addr, hash, reuse);
	list_for_each_entry(es, list, at_addr) {
		if (best && best->turn > es->turn)
			break;
		if (es->addr_hash == addr_hash && es->inet.inet_num == port &&
		    like(sk, &es->inet.sk))
			return es;
	}
	return best;
}

/* The same at any address */
static struct eudp_sock *
__eudp_first_at_port(const struct eudp_table *table, const struct sock *sk,
		     unsigned short port, bool reuse,
		     bool (*like)(const struct sock *sk,
				  const struct sock *other),
		     struct eudp_sock *best)
{
	struct list_head *list;
	struct eudp_sock *es;

	list = eudp_list(table, table->at_port, port, reuse);
	list_for_each_entry(es, list, at_port) {
		if (best && best->turn > es->turn)
			break;
		if (es->inet.inet_num == port && like(sk, &es->inet.sk))
			return es;
	}
	return best;
}

/*
 * The first that has the port and is @like the socket. Those with SO_REUSEADDR
 * need not look at each other, since they never conflict; nor need who is bound
 * to an address look at those that are bound to others. Inlined, so that each
 * hash is computed once.
 */
static __always_inline struct eudp_sock *
__eudp_first(const struct eudp_table *table, const struct sock *sk,
	     u32 addr_hash, unsigned short port,
	     bool (*like)(const struct sock *sk, const struct sock *other))
{
	struct eudp_sock *first = NULL;
	int reuse;

	for (reuse = 0; reuse <= !sk->sk_reuse; reuse++) {
		if (!addr_hash) {
			first = __eudp_first_at_port(table, sk, port, reuse,
						     like, first);
			continue;
		}
		first = __eudp_first_at(table, sk, addr_hash, port, reuse, like,
					first);
		first = __eudp_first_at(table, sk, 0, port, reuse, like, first);
	}
	return first;
}

/*
 * As in UDP, the first of those that conflict decides: who may share the port
 * with that one may have it, since that one was let in, too. So thousands that
 * share a port (SO_REUSEPORT) need not look at each other.
 */
static bool eudp_port_taken(const struct eudp_table *table,
			    const struct sock *sk, u32 addr_hash,
			    unsigned short port)
{
	struct eudp_sock *first = __eudp_first(table, sk, addr_hash, port,
					       eudp_port_conflict);

	return first && !eudp_may_share(sk, &first->inet.sk);
}

static bool eudp_port_refused(const struct sock *sk, const struct sock *other)
{
	return eudp_port_conflict(sk, other) && !eudp_may_share(sk, other);
}

/* Whether a socket on the same port is in the group that another would join */
static bool eudp_same_group(const struct sock *sk, const struct sock *other)
{
	return other != sk && other->sk_family == sk->sk_family &&
	       ipv6_only_sock(other) == ipv6_only_sock(sk) &&
	       READ_ONCE(other->sk_bound_dev_if) ==
			READ_ONCE(sk->sk_bound_dev_if) &&
	       other->sk_reuseport &&
	       uid_eq(sock_i_uid((struct sock *)sk),
		      sock_i_uid((struct sock *)other)) &&
	       eudp_addrs_equal(sk, other, false);
}

/* A socket of a group may be preferred to one that is connected. */
static void __eudp_count_rival(struct eudp_table *table, struct eudp_sock *es)
{
	if (es->by_peer || es->counted)
		return;
	es->counted = true;
	WRITE_ONCE(table->rivals, table->rivals + 1);
}

/* Puts a socket that shares its port into the group, or into a new one. */
static int __eudp_join_group(struct eudp_table *table, struct sock *sk,
			     u32 addr_hash, unsigned short port)
{
	bool any = !inet_sk(sk)->inet_rcv_saddr;
	struct eudp_sock *first = NULL;
	int err, reuse;

	if (!sk->sk_reuseport)
		return 0;
	for (reuse = 0; reuse <= 1; reuse++)
		first = __eudp_first_at(table, sk, addr_hash, port, reuse,
					eudp_same_group, first);
	if (!first)
		return reuseport_alloc(sk, any);
	err = reuseport_add_sock(sk, &first->inet.sk, any);
	/* it may have had none, if SO_REUSEPORT was set when it had its port */
	if (rcu_access_pointer(first->inet.sk.sk_reuseport_cb))
		__eudp_count_rival(table, first);
	return err;
}

/* Under the lock: who joins a group must find it as it was looked at. */
static void __eudp_leave_group(struct sock *sk)
{
	if (rcu_access_pointer(sk->sk_reuseport_cb))
		reuseport_detach_sock(sk);
}

/*
 * A random port of the range (RFC 6056, RFC 8085 5.1), or 0 if all are taken.
 * As in UDP, here all decide who have it: one that refuses to share is enough.
 * An odd step leads through all ports there are. The lock is held on return,
 * so that the port is still free, but given to others on the way.
 */
static unsigned short __eudp_choose_port(struct eudp_table *table,
					 const struct sock *sk, u32 addr_hash)
{
	u16 first, port, step = get_random_u16() | 1;
	struct net *net = sock_net(sk);
	int low, high, tries = 0;

	lockdep_assert_held(&table->lock);

	inet_sk_get_local_port_range(sk, &low, &high);
	first = low + get_random_u32_below(high - low + 1);
	port = first;
	do {
		if (port >= low && port <= high &&
		    !inet_is_local_reserved_port(net, port)) {
			if (!__eudp_first(table, sk, addr_hash, port,
					  eudp_port_refused))
				return port;
			if (++tries % EUDP_TRIES_AT_ONCE == 0) {
				spin_unlock_bh(&table->lock);
				cond_resched();
				spin_lock_bh(&table->lock);
			}
		}
		port += step;
	} while (port != first);

	return 0;
}

/* Whether it may be preferred to a socket that is connected */
static bool eudp_is_rival(const struct sock *sk, const struct eudp_key *key,
			  bool has_peer)
{
	return (has_peer && !key->sport) ||
	       rcu_access_pointer(sk->sk_reuseport_cb);
}

/* A chain, and who is before a socket there, if anybody is */
struct eudp_place {
	u32 hash;
	struct hlist_head *chain;
	struct eudp_sock *last;
};

/*
 * Where its ends lead a socket to: where the local address decides, the youngest
 * is first, and who is put there mostly is the youngest.
 */
static void __eudp_find_place(struct eudp_table *table, const struct sock *sk,
			      const struct eudp_key *key, bool by_peer,
			      struct eudp_place *place)
{
	const struct eudp_sock *es = eudp_sk(sk);
	struct eudp_sock *at;

	lockdep_assert_held(&table->lock);
	place->last = NULL;
	if (by_peer) {
		place->hash = key->af->flow_hash(key);
		place->chain = &table->peer[place->hash & table->mask];
		return;
	}
	place->hash = eudp_addr_port_hash(key->addr_hash, ntohs(key->dport));
	place->chain = &table->addr[place->hash & table->mask];
	hlist_for_each_entry(at, place->chain, node) {
		if (at->order < es->order)
			break;
		if (at != es)
			place->last = at;
	}
}

/* Puts a socket there. All lookups wait, so it must not take long. */
static void __eudp_enter(struct eudp_table *table, struct sock *sk,
			 const struct eudp_key *key, bool has_peer,
			 bool by_peer, const struct eudp_place *place)
{
	struct eudp_sock *es = eudp_sk(sk);

	lockdep_assert_held(&table->lock);
	WRITE_ONCE(es->addr_hash, key->addr_hash);
	WRITE_ONCE(es->hash, place->hash);
	es->by_peer = by_peer;
	es->counted = !by_peer && eudp_is_rival(sk, key, has_peer);
	__eudp_count_by_peer(table, sk, es->by_peer);
	WRITE_ONCE(table->rivals, table->rivals + es->counted);
	if (place->last)
		hlist_add_behind_rcu(&es->node, &place->last->node);
	else
		hlist_add_head_rcu(&es->node, place->chain);
}

static void __eudp_leave(struct eudp_table *table, struct sock *sk)
{
	struct eudp_sock *es = eudp_sk(sk);

	lockdep_assert_held(&table->lock);
	hlist_del_rcu(&es->node);
	__eudp_count_by_peer(table, sk, -es->by_peer);
	WRITE_ONCE(table->rivals, table->rivals - es->counted);
}

static struct eudp_sock *eudp_of_node(struct list_head *node, size_t member)
{
	return (void *)node - member;
}

/* Into a list that goes by turn; mostly it is the first or the last there. */
static void __eudp_add_by_turn(struct eudp_sock *es, struct list_head *list,
			       size_t member)
{
	struct list_head *node = (void *)es + member, *at;

	if (es->turn > 0) {
		list_for_each(at, list)
			if (eudp_of_node(at, member)->turn < es->turn)
				break;
		list_add_tail(node, at);
	} else {
		list_for_each_prev(at, list)
			if (eudp_of_node(at, member)->turn > es->turn)
				break;
		list_add(node, at);
	}
}

/* Puts a socket where others look that bind to its address */
static void __eudp_enter_at_addr(struct eudp_table *table, struct eudp_sock *es)
{
	u32 hash = eudp_addr_port_hash(es->addr_hash, es->inet.inet_num);

	__eudp_add_by_turn(es, eudp_list(table, table->at_addr, hash,
					 es->reuse),
			   offsetof(struct eudp_sock, at_addr));
}

/* and those that bind to no address. */
static void __eudp_enter_at_port(struct eudp_table *table, struct eudp_sock *es)
{
	__eudp_add_by_turn(es, eudp_list(table, table->at_port,
					 es->inet.inet_num, es->reuse),
			   offsetof(struct eudp_sock, at_port));
}

/*
 * The youngest socket comes first, but as in UDP, one of IPv6 that shares its
 * port (SO_REUSEPORT) comes last.
 */
static long __eudp_next_order(struct eudp_table *table, const struct sock *sk)
{
	return sk->sk_reuseport && sk->sk_family != PF_INET ?
	       --table->order_min : ++table->order;
}

/**
 * eudp_get_port() - give a socket a port, for bind(2) and autobind
 * @sk: the socket, locked, its address set; has no port
 * @port: the port, or 0 for any that is free
 *
 * Context: process.
 * Return: 0, or -EADDRINUSE if the port, or every port, is taken.
 */
int eudp_get_port(struct sock *sk, unsigned short port)
{
	struct eudp_table *table = eudp_table(sk);
	struct eudp_sock *es = eudp_sk(sk);
	struct eudp_place place;
	struct eudp_key key;
	bool has_peer;

	has_peer = es->af->ends(sk, &key);

	spin_lock_bh(&table->lock);
	if (!port)
		port = __eudp_choose_port(table, sk, key.addr_hash);
	else if (eudp_port_taken(table, sk, key.addr_hash, port))
		port = 0;

	if (port) {
		WRITE_ONCE(inet_sk(sk)->inet_num, port);
		if (__eudp_join_group(table, sk, key.addr_hash, port)) {
			WRITE_ONCE(inet_sk(sk)->inet_num, 0);
			port = 0;
		}
	}
	if (port) {
		key.dport = htons(port);
		es->turn = __eudp_next_order(table, sk);
		WRITE_ONCE(es->order, es->turn);
		__eudp_find_place(table, sk, &key, false, &place);
		/* a lookup may still stand on it since it had a port before */
		write_seqcount_begin(&table->moves);
		sk_add_node_rcu(sk, eudp_port_chain(table, port));
		__eudp_enter(table, sk, &key, has_peer, false, &place);
		write_seqcount_end(&table->moves);
		es->reuse = sk->sk_reuse;
		__eudp_enter_at_addr(table, es);
		__eudp_enter_at_port(table, es);
		sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
	}
	spin_unlock_bh(&table->lock);
	return port ? 0 : -EADDRINUSE;
}

/**
 * eudp_unhash() - take a socket out of the tables and its port away
 * @sk: the socket, locked or closed; may have none
 *
 * Lookups may go on with it until the end of a grace period.
 */
void eudp_unhash(struct sock *sk)
{
	struct eudp_table *table = eudp_table(sk);

	if (!eudp_has_port(sk))
		return;

	spin_lock_bh(&table->lock);
	__eudp_leave_group(sk);
	__eudp_leave(table, sk);
	list_del(&eudp_sk(sk)->at_addr);
	list_del(&eudp_sk(sk)->at_port);
	sk_del_node_init_rcu(sk);
	WRITE_ONCE(inet_sk(sk)->inet_num, 0);
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, -1);
	spin_unlock_bh(&table->lock);
}

static void __eudp_move(struct eudp_table *table, struct sock *sk,
			const struct eudp_key *key, bool has_peer, bool by_peer)
{
	struct eudp_sock *es = eudp_sk(sk);
	u32 addr_hash = es->addr_hash;
	struct eudp_place place;

	__eudp_find_place(table, sk, key, by_peer, &place);
	write_seqcount_begin(&table->moves);
	__eudp_leave(table, sk);
	__eudp_enter(table, sk, key, has_peer, by_peer, &place);
	write_seqcount_end(&table->moves);
	if (es->addr_hash != addr_hash) {
		list_del(&es->at_addr);
		__eudp_enter_at_addr(table, es);
	}
}

/**
 * eudp_rehash() - find a socket by its local address, if that has changed
 * @sk: the socket, locked
 *
 * IP calls this when connect(2) sets the address, and for SO_BINDTODEVICE.
 */
void eudp_rehash(struct sock *sk)
{
	struct eudp_table *table = eudp_table(sk);
	struct eudp_sock *es = eudp_sk(sk);
	struct eudp_key key;
	bool has_peer;

	if (!eudp_has_port(sk))
		return;
	has_peer = es->af->ends(sk, &key);
	if (es->addr_hash == key.addr_hash &&
	    !rcu_access_pointer(sk->sk_reuseport_cb))
		return;

	spin_lock_bh(&table->lock);
	/* its group is of sockets with the same address and device */
	__eudp_leave_group(sk);
	if (es->addr_hash != key.addr_hash) {
		WRITE_ONCE(es->order, ++table->order);
		__eudp_move(table, sk, &key, has_peer, es->by_peer);
	}
	spin_unlock_bh(&table->lock);
}

/**
 * eudp_note_reuse() - SO_REUSEADDR was set or cleared
 * @sk: the socket
 *
 * Who has a port already may be in the way of others then, or not any longer.
 */
void eudp_note_reuse(struct sock *sk)
{
	struct eudp_table *table = eudp_table(sk);
	struct eudp_sock *es = eudp_sk(sk);

	lock_sock(sk);
	if (eudp_has_port(sk) && es->reuse != !!sk->sk_reuse) {
		spin_lock_bh(&table->lock);
		list_del(&es->at_addr);
		list_del(&es->at_port);
		es->reuse = sk->sk_reuse;
		__eudp_enter_at_addr(table, es);
		__eudp_enter_at_port(table, es);
		spin_unlock_bh(&table->lock);
	}
	release_sock(sk);
}

/*
 * Whether it is where it should be. In the table of peers it never stays: the
 * peer may have changed, or is about to.
 */
static bool eudp_is_placed(const struct sock *sk, const struct eudp_key *key,
			   bool has_peer, bool by_peer)
{
	const struct eudp_sock *es = eudp_sk(sk);

	return !by_peer && !es->by_peer && es->addr_hash == key->addr_hash &&
	       es->counted == eudp_is_rival(sk, key, has_peer);
}

/*
 * Finds a socket by its peer as well, or no longer. If the peer is about to
 * change, it is best where only the local address decides.
 */
static void eudp_rehash_peer(struct sock *sk, bool connected)
{
	struct eudp_table *table = eudp_table(sk);
	bool has_peer, by_peer;
	struct eudp_key key;

	if (!eudp_has_port(sk))
		return;

	has_peer = eudp_sk(sk)->af->ends(sk, &key);
	/* without a local address only the port leads to it */
	by_peer = connected && has_peer && key.sport && key.addr_hash;
	if (eudp_is_placed(sk, &key, has_peer, by_peer))
		return;

	spin_lock_bh(&table->lock);
	__eudp_move(table, sk, &key, has_peer, by_peer);
	spin_unlock_bh(&table->lock);
}

/**
 * eudp_begin_move() - the ends of a socket are about to change: connect(2)
 * @sk: the socket, locked
 *
 * Until eudp_end_move() it is found wherever it is.
 */
void eudp_begin_move(struct sock *sk)
{
	atomic_inc(&eudp_table(sk)->moving);
	/* before any address changes: eudp_find() looks the other way round */
	smp_mb__after_atomic();
	if (eudp_sk(sk)->by_peer)
		eudp_rehash_peer(sk, false);
}

/**
 * eudp_end_move() - put a socket into the chain that its ends lead to
 * @sk: the socket, locked since eudp_begin_move()
 * @connected: whether it has a peer now, if any, to be found by
 */
void eudp_end_move(struct sock *sk, bool connected)
{
	eudp_rehash_peer(sk, connected);
	/* who sees that it is over sees &eudp_table.moves as well */
	smp_mb__before_atomic();
	atomic_dec(&eudp_table(sk)->moving);
}
