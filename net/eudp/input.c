// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams coming in from IP: is it one, for whom, and into the queue.
 */
#include <linux/bpf-cgroup.h>
#include <linux/filter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/gso.h>
#include <net/inet_hashtables.h>
#include <net/sock.h>
#include <net/xfrm.h>
#include "eudp.h"

/*
 * Length rules of RFC 768 and RFC 1122: the header's length is at least its
 * own, at most what IP brought; what IP brought beyond it is padding. A length
 * of 0 is that of a jumbogram: RFC 2675 4.
 */
static enum skb_drop_reason eudp_check_length(struct sk_buff *skb,
					      const struct eudp_af_ops *af)
{
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(struct udphdr)))
		return SKB_DROP_REASON_PKT_TOO_SMALL;

	len = ntohs(udp_hdr(skb)->len);
	if (!len && af->jumbo)
		len = skb->len;
	if (len < sizeof(struct udphdr) || len > skb->len)
		return SKB_DROP_REASON_PKT_TOO_SMALL;

	if (pskb_trim_rcsum(skb, len))
		return SKB_DROP_REASON_NOMEM;

	return SKB_NOT_DROPPED_YET;
}

/**
 * eudp_check_complete() - a device has summed: see whether it fits
 * @skb: the datagram, its checksum initialised by the pseudo header
 *
 * Return: 0, or -EBADMSG if the checksum is wrong for sure.
 */
int eudp_check_complete(struct sk_buff *skb)
{
	if (skb->ip_summed != CHECKSUM_COMPLETE || skb->csum_valid)
		return 0;

	/* The device says that it is wrong: see for ourselves. */
	if (skb->csum_complete_sw)
		return -EBADMSG;
	skb_checksum_complete_unset(skb);
	return 0;
}

/* Strips the header; what is left of the checksum is verified by recv(2). */
static void eudp_pull_header(struct sk_buff *skb)
{
	if (skb->ip_summed == CHECKSUM_NONE && !skb->csum_valid)
		skb->csum = csum_partial(skb->data, sizeof(struct udphdr),
					 skb->csum);
	skb_pull_rcsum(skb, sizeof(struct udphdr));
}

/* Counts the datagrams of a train by its payload; there is at least one. */
static void eudp_count_parts(struct sk_buff *skb)
{
	struct eudp_cb *cb = eudp_cb(skb);
	unsigned int len = skb->len - sizeof(struct udphdr);

	cb->left = max(DIV_ROUND_UP(len, cb->segment), 1);
}

/* A datagram, or a train that stays one */
static void eudp_deliver_one(struct sock *sk, struct sk_buff *skb,
			     const struct eudp_af_ops *af)
{
	struct net *net = sock_net(sk);
	enum skb_drop_reason reason;

	reason = SKB_DROP_REASON_XFRM_POLICY;
	if (!xfrm_policy_check(sk, XFRM_POLICY_IN, skb, af->family))
		goto drop;
	nf_reset_ct(skb);

	/* A filter must not see what is broken. */
	reason = SKB_DROP_REASON_UDP_CSUM;
	if (rcu_access_pointer(sk->sk_filter) && eudp_checksum_wrong(skb))
		goto drop;
	reason = SKB_DROP_REASON_SOCKET_FILTER;
	if (sk_filter_trim_cap(sk, skb, sizeof(struct udphdr)))
		goto drop;
	/* one that came between eudp_is_watched() and that may have cut a train */
	if (unlikely(eudp_cb(skb)->segment))
		eudp_count_parts(skb);

	af->keep(sk, skb);
	eudp_pull_header(skb);
	skb_dst_drop(skb);
	eudp_enqueue(sk, skb);
	return;
drop:
	eudp_drop_all(net, sk, skb, reason);
}

static bool eudp_has_ingress_bpf(struct sock *sk)
{
#ifdef CONFIG_CGROUP_BPF
	return cgroup_bpf_enabled(CGROUP_INET_INGRESS) &&
	       cgroup_bpf_sock_enabled(sk, CGROUP_INET_INGRESS);
#else
	return false;
#endif
}

/* Whether somebody looks at what the socket gets, so at each datagram alone */
static bool eudp_is_watched(struct sock *sk)
{
	return rcu_access_pointer(sk->sk_filter) || eudp_has_ingress_bpf(sk) ||
	       inet_get_convert_csum(sk);
}

/* Takes a train apart, as if its datagrams had come one by one. */
static void eudp_deliver_each(struct sock *sk, struct sk_buff *train,
			      const struct eudp_af_ops *af)
{
	struct sk_buff *skb, *next;

	/* all headers there are belong to each of them */
	__skb_push(train, -skb_mac_offset(train));
	skb = __skb_gso_segment(train, NETIF_F_SG, false);
	if (IS_ERR_OR_NULL(skb)) {
		eudp_drop_all(sock_net(sk), sk, train, SKB_DROP_REASON_NOMEM);
		return;
	}

	consume_skb(train);
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		__skb_pull(skb, skb_transport_offset(skb));
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		eudp_cb(skb)->segment = 0;
		eudp_cb(skb)->left = 1;
		eudp_deliver_one(sk, skb, af);
	}
}

/**
 * eudp_deliver() - give a datagram to a socket
 * @sk: the socket
 * @skb: the datagram or train, its data at the UDP header; consumed
 * @af: the IP version
 *
 * The datagrams of a train mostly stay together until recv(2) reads them one
 * by one, which is cheaper; or all at once, if the socket has UDP_GRO now.
 *
 * Context: softirq, RCU read side.
 */
void eudp_deliver(struct sock *sk, struct sk_buff *skb,
		  const struct eudp_af_ops *af)
{
	unsigned int len = skb->len - sizeof(struct udphdr);
	unsigned int segment = skb_shinfo(skb)->gso_size;
	struct eudp_cb *cb = eudp_cb(skb);

	cb->segment = 0;
	cb->left = 1;
	cb->taken = 0;
	if (eudp_is_train(skb) && len > segment &&
	    !READ_ONCE(eudp_sk(sk)->gro)) {
		cb->segment = segment;
		eudp_count_parts(skb);
	}
	if (cb->segment && eudp_is_watched(sk))
		eudp_deliver_each(sk, skb, af);
	else
		eudp_deliver_one(sk, skb, af);
}

/* RFC 1122 4.1.3.1: the sender is told, unless the datagram is broken. */
static void eudp_nobody(const struct net *net, struct sk_buff *skb,
			const struct eudp_af_ops *af)
{
	if (!xfrm_policy_check(NULL, XFRM_POLICY_IN, skb, af->family)) {
		eudp_drop(net, NULL, skb, SKB_DROP_REASON_XFRM_POLICY);
		return;
	}
	nf_reset_ct(skb);
	if (eudp_checksum_wrong(skb)) {
		eudp_drop(net, NULL, skb, SKB_DROP_REASON_UDP_CSUM);
		return;
	}
	af->refuse(skb);
	eudp_drop(net, NULL, skb, SKB_DROP_REASON_NO_SOCKET);
}

/* One of IPv6 takes datagrams of IPv4, unless IPV6_V6ONLY is set. */
static bool eudp_takes_version(const struct sock *sk,
			       const struct eudp_af_ops *af)
{
	return sk->sk_family == af->family ||
	       (sk->sk_family != PF_INET && !ipv6_only_sock(sk));
}

/*
 * A BPF program at ingress may have chosen the socket (bpf_sk_assign); any
 * socket, so what is not ours, or cannot take it, does not count. One of a
 * group stands for all, unless it is connected; their own program may say that
 * none takes it, which is an error then.
 */
static struct sock *eudp_assigned(struct sk_buff *skb,
				  const struct eudp_af_ops *af,
				  bool *refcounted)
{
	struct eudp_key key;
	struct sock *sk;
	bool prefetched;

	sk = skb_steal_sock(skb, refcounted, &prefetched);
	if (!sk)
		return NULL;
	if (!sk_fullsock(sk) || !eudp_is_ours(sk) ||
	    !eudp_takes_version(sk, af)) {
		if (*refcounted)
			sock_gen_put(sk);
		*refcounted = false;
		return NULL;
	}
	if (!prefetched || READ_ONCE(sk->sk_state) == TCP_ESTABLISHED)
		return sk;
	/* it has no reference to give back: ours have SOCK_RCU_FREE */
	af->key(skb, &key);
	return eudp_one_of_group(sk, &key);
}

static struct sock *eudp_find_receiver(struct sk_buff *skb,
				       const struct eudp_af_ops *af)
{
	struct eudp_key key;

	af->key(skb, &key);
	return eudp_lookup(&key);
}

/**
 * eudp_rcv() - take a datagram from IP
 * @skb: the datagram, its data at the UDP header; consumed
 * @af: the IP version
 *
 * Context: softirq, RCU read side.
 * Return: 0
 */
int eudp_rcv(struct sk_buff *skb, const struct eudp_af_ops *af)
{
	const struct net *net = dev_net(skb->dev);
	enum skb_drop_reason reason;
	bool refcounted = false;
	struct sock *sk;

	reason = eudp_check_length(skb, af);
	if (reason)
		goto drop;
	reason = SKB_DROP_REASON_UDP_CSUM;
	if (eudp_is_train(skb) && skb->ip_summed == CHECKSUM_NONE)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (af->check(skb))
		goto drop;

	sk = eudp_assigned(skb, af, &refcounted);
	if (!sk && af->to_many(skb)) {
		eudp_deliver_many(skb, af);
		return 0;
	}
	if (!sk)
		sk = eudp_find_receiver(skb, af);
	else if (IS_ERR(sk))
		sk = NULL;

	if (!udp_hdr(skb)->check && !af->takes_unsummed(sk))
		eudp_drop(net, NULL, skb, SKB_DROP_REASON_UDP_CSUM);
	else if (sk)
		eudp_deliver(sk, skb, af);
	else
		eudp_nobody(net, skb, af);

	if (refcounted)
		sock_put(sk);
	return 0;
drop:
	eudp_drop(net, NULL, skb, reason);
	return 0;
}
