// SPDX-License-Identifier: GPL-2.0
/*
 * The receive queue of a socket: charge, enqueue, wake; and the one place
 * where datagrams are dropped.
 */
#include <linux/skbuff.h>
#include <net/busy_poll.h>
#include <net/inet_common.h>
#include <net/rps.h>
#include <net/sock.h>
#include "eudp.h"

#define CREATE_TRACE_POINTS
#include <trace/events/eudp.h>

/* What the datagrams of all sockets use, in pages, and of them on each CPU */
atomic_long_t eudp_memory_allocated;
DEFINE_PER_CPU(int, eudp_memory_per_cpu);

/* Counts a drop as in-kernel UDP does: RFC 4113 and the Udp: lines of snmp */
static void eudp_count_drop(const struct net *net, const struct sk_buff *skb,
			    enum skb_drop_reason reason, unsigned int some)
{
	enum eudp_version version = eudp_version_of(skb);
	struct eudp_net *en = eudp_net(net);

	switch (reason) {
	case SKB_DROP_REASON_NO_SOCKET:
		eudp_count_some(en, version, EUDP_NO_PORTS, some);
		return;
	case SKB_DROP_REASON_SOCKET_RCVBUFF:
		eudp_count_some(en, version, EUDP_RCVBUF_ERRORS, some);
		break;
	case SKB_DROP_REASON_PROTO_MEM:
		eudp_count_some(en, version, EUDP_MEM_ERRORS, some);
		break;
	case SKB_DROP_REASON_UDP_CSUM:
		eudp_count_some(en, version, EUDP_IN_CSUM_ERRORS, some);
		break;
	default:
		break;
	}
	eudp_count_some(en, version, EUDP_IN_ERRORS, some);
}

static void __eudp_drop(struct sock *sk, struct sk_buff *skb,
			enum skb_drop_reason reason)
{
	trace_eudp_drop(sk, skb, reason);
	sk_skb_reason_drop(sk, skb, reason);
}

/**
 * eudp_drop_many() - drop a datagram for many, of whom nobody wants it
 * @net: namespace it came into
 * @skb: the datagram; consumed
 *
 * Context: any.
 */
void eudp_drop_many(const struct net *net, struct sk_buff *skb)
{
	eudp_count(eudp_net(net), eudp_version_of(skb), EUDP_IGNORED_MULTI);
	__eudp_drop(NULL, skb, SKB_DROP_REASON_NO_SOCKET);
}

/**
 * eudp_drop() - drop a datagram that came in
 * @net: namespace it came into
 * @sk: socket it was for, or NULL
 * @skb: the datagram; consumed
 * @reason: why
 *
 * Context: any.
 */
void eudp_drop(const struct net *net, struct sock *sk, struct sk_buff *skb,
	       enum skb_drop_reason reason)
{
	eudp_count_drop(net, skb, reason, 1);
	if (sk)
		atomic_inc(&sk->sk_drops);
	__eudp_drop(sk, skb, reason);
}

/**
 * eudp_drop_all() - drop what came in for a socket: a datagram or a train
 * @net: namespace it came into
 * @sk: the socket
 * @skb: what came in, not queued yet; consumed
 * @reason: why
 *
 * Each datagram of a train counts, unless the socket wants it whole.
 *
 * Context: any.
 */
void eudp_drop_all(const struct net *net, struct sock *sk, struct sk_buff *skb,
		   enum skb_drop_reason reason)
{
	unsigned int some = eudp_cb(skb)->left;

	eudp_count_drop(net, skb, reason, some);
	atomic_add(some, &sk->sk_drops);
	__eudp_drop(sk, skb, reason);
}

/**
 * eudp_lose() - count a datagram that there was no memory for
 * @sk: socket it was for
 * @skb: what it was to be a copy of
 *
 * Context: any.
 */
void eudp_lose(struct sock *sk, const struct sk_buff *skb)
{
	eudp_count_drop(sock_net(sk), skb, SKB_DROP_REASON_SOCKET_RCVBUFF, 1);
	atomic_inc(&sk->sk_drops);
}

/*
 * Whether the receive buffer (SO_RCVBUF) is full. As long as it is not, one
 * more datagram of any size goes in, if the sum is sure to remain a number.
 */
static bool eudp_rcvbuf_full(const struct sock *sk, const struct sk_buff *skb)
{
	unsigned int used = atomic_read(&sk->sk_rmem_alloc);
	unsigned int limit = READ_ONCE(sk->sk_rcvbuf);

	return used > limit ||
	       (limit > INT_MAX / 2 && used + skb->truesize > limit);
}

/**
 * eudp_note_cpu() - note what SO_INCOMING_CPU, _NAPI_ID and RFS go by
 * @sk: the socket
 * @skb: a datagram for it
 * @connected: whether it has a peer
 *
 * See socket(7).
 *
 * Context: softirq.
 */
void eudp_note_cpu(struct sock *sk, const struct sk_buff *skb, bool connected)
{
	if (!connected) {
		sk_mark_napi_id_once(sk, skb);
		return;
	}
	sock_rps_save_rxhash(sk, skb);
	sk_mark_napi_id(sk, skb);
	sk_incoming_cpu_update(sk);
}

/* Whether there is more than one who may want to know: a reader, SIGIO */
static bool eudp_has_waiters(struct sock *sk)
{
	return skwq_has_sleeper(rcu_dereference(sk->sk_wq)) ||
	       sock_flag(sk, SOCK_FASYNC);
}

/* Each datagram of a train wakes one reader, as long as there is one. */
static void eudp_wake(struct sock *sk, unsigned int datagrams)
{
	while (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_data_ready(sk);
		if (!--datagrams || !eudp_has_waiters(sk))
			return;
	}
}

/**
 * eudp_enqueue() - put a datagram into the receive queue and wake the reader
 * @sk: the socket
 * @skb: the datagram or train, its data the payload; consumed
 *
 * It is dropped if the receive buffer is full, or the memory of all sockets
 * together or of the cgroup.
 *
 * Context: softirq, or BH disabled; RCU read side.
 */
void eudp_enqueue(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_SOCKET_RCVBUFF;
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	unsigned int size, datagrams = eudp_cb(skb)->left;

	/* A full one costs no lock... */
	if (eudp_rcvbuf_full(sk, skb))
		goto drop;

	/* Where it gets tight, a copy may be smaller than what holds it. */
	if (atomic_read(&sk->sk_rmem_alloc) > READ_ONCE(sk->sk_rcvbuf) / 2)
		skb_condense(skb);
	size = skb->truesize;
	/* the device may go while this waits */
	skb->dev = NULL;

	spin_lock(&queue->lock);
	/* ...and others may have filled it while this one waited for that. */
	if (eudp_rcvbuf_full(sk, skb))
		goto unlock;
	/* it counts already when rmem_min is asked for */
	atomic_add(size, &sk->sk_rmem_alloc);
	reason = SKB_DROP_REASON_PROTO_MEM;
	if (!sk_rmem_schedule(sk, skb, size)) {
		atomic_sub(size, &sk->sk_rmem_alloc);
		goto unlock;
	}
	sk_forward_alloc_add(sk, -(int)size);
	sock_skb_set_dropcount(sk, skb);
	trace_eudp_receive(sk, skb);
	__skb_queue_tail(queue, skb);
	spin_unlock(&queue->lock);

	eudp_wake(sk, datagrams);
	return;
unlock:
	spin_unlock(&queue->lock);
drop:
	eudp_drop_all(sock_net(sk), sk, skb, reason);
}

/**
 * __eudp_uncharge() - give back what a datagram was charged
 * @sk: the socket; the lock of its receive queue is held
 * @size: truesize of what left the queue
 *
 * Pages go back when nothing is left to read, or a quarter of the receive
 * buffer has come together; at most one stays for the next datagram.
 */
void __eudp_uncharge(struct sock *sk, unsigned int size)
{
	lockdep_assert_held(&sk->sk_receive_queue.lock);

	atomic_sub(size, &sk->sk_rmem_alloc);
	sk_forward_alloc_add(sk, size);
	if (!skb_queue_empty(&sk->sk_receive_queue) &&
	    sk->sk_forward_alloc < READ_ONCE(sk->sk_rcvbuf) / 4)
		return;
	if (sk->sk_forward_alloc > PAGE_SIZE)
		__sk_mem_reclaim(sk, sk->sk_forward_alloc - 1);
}

/**
 * eudp_destruct() - the last of a socket, when nobody can have it any more
 * @sk: the socket
 *
 * Context: RCU callback.
 */
void eudp_destruct(struct sock *sk)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	unsigned int size = 0;
	struct sk_buff *skb;

	spin_lock_bh(&queue->lock);
	while ((skb = __skb_dequeue(queue)) != NULL) {
		size += skb->truesize;
		kfree_skb(skb);
	}
	__eudp_uncharge(sk, size);
	spin_unlock_bh(&queue->lock);

	eudp_sk(sk)->af->destruct(sk);
}
