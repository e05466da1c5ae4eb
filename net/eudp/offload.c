// SPDX-License-Identifier: GPL-2.0
/*
 * Trains: many datagrams that travel through the stack as one skb.
 */
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/gso.h>
#include <net/sock.h>
#include "eudp.h"

/* The most datagrams that are put together: as many as in-kernel UDP has */
#define EUDP_GRO_MAX	64

DEFINE_STATIC_KEY_FALSE(eudp_gro_key);

/* Whether eudp_gro_lost() ever ran */
static bool eudp_gro_was_lost;

/*
 * Makes a datagram of a piece of a train, which has copies of its headers. What
 * is there of the checksum is the pseudo header's part, for all of the train.
 */
static void eudp_seal_segment(struct sk_buff *skb, struct sock *sk)
{
	struct udphdr *uh = udp_hdr(skb);
	__wsum sum;

	/* who waits for room, a time stamp or fair queueing knows it by that */
	if (sk)
		skb_set_owner_w(skb, sk);

	sum = csum_sub(csum_unfold(uh->check), (__force __wsum)uh->len);
	uh->len = htons(skb->len - skb_transport_offset(skb));
	sum = csum_add(sum, (__force __wsum)uh->len);
	sum = csum_add(sum, SKB_GSO_CB(skb)->csum);
	uh->check = 0;
	uh->check = csum_fold(csum_partial(uh, sizeof(*uh), sum));
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
}

/* As skb_segment(), but leaves the train to its owner */
static struct sk_buff *eudp_cut(struct sk_buff *train,
				netdev_features_t features)
{
	void (*destructor)(struct sk_buff *skb) = train->destructor;
	struct sk_buff *segments;

	train->destructor = NULL;
	segments = skb_segment(train, features);
	train->destructor = destructor;
	return segments;
}

/**
 * eudp_segment() - take a train apart
 * @train: the train, its data at the UDP header
 * @features: what the device can do
 *
 * Devices sum nothing for us, see eudp_device_sums(). So all sums are right
 * then.
 *
 * Context: any; IP does this before a device gets a train, see
 * eudp_make_train().
 * Return: a list of datagrams, whose IP headers the caller completes; or an
 * errno.
 */
struct sk_buff *eudp_segment(struct sk_buff *train, netdev_features_t features)
{
	const struct skb_shared_info *info;
	struct sk_buff *segments, *skb;
	struct sock *sk = NULL;

	/* IP takes the time to hand any other kind to us, too */
	if (!eudp_is_train(train) ||
	    !pskb_may_pull(train, sizeof(struct udphdr)) ||
	    train->len <= sizeof(struct udphdr) + skb_shinfo(train)->gso_size)
		return ERR_PTR(-EINVAL);
	if (train->destructor == sock_wfree)
		sk = train->sk;

	__skb_pull(train, sizeof(struct udphdr));
	segments = eudp_cut(train, features & ~NETIF_F_CSUM_MASK);
	if (IS_ERR_OR_NULL(segments))
		return segments;

	for (skb = segments; skb; skb = skb->next)
		eudp_seal_segment(skb, sk);
	/* one time stamp for all of them */
	info = skb_shinfo(train);
	skb_shinfo(segments)->tx_flags |= info->tx_flags & SKBTX_ANY_TSTAMP;
	skb_shinfo(segments)->tskey = info->tskey;
	/* this vouches for the sums, see __skb_gso_segment() */
	if (train->ip_summed == CHECKSUM_NONE)
		train->ip_summed = CHECKSUM_UNNECESSARY;
	return segments;
}

/*
 * A device was taken away with a train that it had not completed (napi_del).
 * Everybody else completes what is held.
 */
static void eudp_gro_lost(struct sk_buff *train)
{
	if (train->sk)
		sock_wfree(train);
	WRITE_ONCE(eudp_gro_was_lost, true);
	module_put(THIS_MODULE);
}

/**
 * eudp_gro_exit() - wait until nobody is in eudp_gro_lost()
 *
 * That may be a task which was interrupted at its last instruction. Who has
 * completed a train is waited for by inet_del_offload().
 *
 * Context: process.
 */
void eudp_gro_exit(void)
{
	if (READ_ONCE(eudp_gro_was_lost))
		synchronize_rcu_tasks();
}

/* What is held of the flow: a train, or its first datagram */
static struct sk_buff *eudp_gro_find(const struct list_head *held,
				     const struct sk_buff *skb,
				     const struct udphdr *uh)
{
	struct sk_buff *train;

	list_for_each_entry(train, held, list) {
		/* addresses were compared, as of one version of IP */
		if (NAPI_GRO_CB(train)->same_flow &&
		    train->protocol == skb->protocol &&
		    udp_hdr(train)->source == uh->source &&
		    udp_hdr(train)->dest == uh->dest)
			return train;
	}
	return NULL;
}

/*
 * Whether it is charged to nobody, or to the socket on this host that sent it,
 * which the charge of a whole train can be given back to
 */
static bool eudp_gro_is_free(const struct sk_buff *skb)
{
	return skb->destructor == (skb->sk ? sock_wfree : NULL);
}

/*
 * Whether it may be part of a train: payload of the length that it tells, a
 * checksum and a right one. What a tunnel carries may when it has left it.
 */
static bool eudp_gro_takes(struct sk_buff *skb, const struct udphdr *uh,
			   bool (*wrong)(struct sk_buff *skb))
{
	unsigned int len = ntohs(uh->len);

	return !NAPI_GRO_CB(skb)->flush && !NAPI_GRO_CB(skb)->encap_mark &&
	       !skb->encapsulation && !skb_zcopy(skb) && eudp_gro_is_free(skb) &&
	       len > sizeof(*uh) && len == skb_gro_len(skb) && uh->check &&
	       !wrong(skb);
}

/*
 * From now on it must come to eudp_gro_complete(), so the module has to stay.
 * (One datagram alone goes on without.)
 */
static bool eudp_gro_begin(struct sk_buff *first)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	first->destructor = eudp_gro_lost;
	return true;
}

/* Hangs a datagram behind the others of a train, headers off */
static bool eudp_gro_merge(struct sk_buff *train, struct sk_buff *skb)
{
	unsigned int headers = skb_gro_offset(skb);
	unsigned int len = skb_gro_len(skb);

	if (train->sk != skb->sk || train->len + len > IP_MAX_MTU ||
	    train->len + len > netif_get_gro_max_size(train->dev, train) ||
	    train->pp_recycle != skb->pp_recycle ||
	    !pskb_may_pull(skb, headers))
		return false;
	if (NAPI_GRO_CB(train)->count == 1 && !eudp_gro_begin(train))
		return false;

	/* what it is charged is in the truesize of the train from now on */
	skb->destructor = NULL;
	skb->sk = NULL;
	__skb_pull(skb, headers);
	if (NAPI_GRO_CB(train)->last == train)
		skb_shinfo(train)->frag_list = skb;
	else
		NAPI_GRO_CB(train)->last->next = skb;
	NAPI_GRO_CB(train)->last = skb;
	NAPI_GRO_CB(train)->count++;
	train->len += len;
	train->data_len += len;
	train->truesize += skb->truesize;
	skb_shinfo(train)->flags |= skb_shinfo(skb)->flags & SKBFL_SHARED_FRAG;
	NAPI_GRO_CB(skb)->same_flow = 1;
	return true;
}

/**
 * eudp_gro_receive() - put datagrams that a device received into trains
 * @held: what the device holds
 * @skb: a datagram, at its UDP header
 * @wrong: whether its checksum is wrong
 *
 * All of them are as long as the first, but the last one may be shorter. The
 * order stays: what is held goes before what cannot be added to it.
 *
 * Context: softirq, RCU read side.
 * Return: one of @held that is complete, or NULL. @skb was added to a train if
 * same_flow is set, else is to be held unless flush is.
 */
struct sk_buff *eudp_gro_receive(struct list_head *held, struct sk_buff *skb,
				 bool (*wrong)(struct sk_buff *skb))
{
	unsigned int at = skb_gro_offset(skb);
	unsigned int len, segment;
	struct sk_buff *train;
	struct udphdr *uh;

	uh = static_branch_unlikely(&eudp_gro_key) ?
	     skb_gro_header(skb, at + sizeof(*uh), at) : NULL;
	if (!uh) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}

	train = eudp_gro_find(held, skb, uh);
	if (!eudp_gro_takes(skb, uh, wrong)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return train;
	}
	skb_gro_pull(skb, sizeof(*uh));
	if (!train)
		return NULL;

	len = skb_gro_len(skb);
	segment = skb_shinfo(train)->gso_size;
	if (len > segment ||
	    gro_receive_network_flush(uh, udp_hdr(train), train) ||
	    !eudp_gro_merge(train, skb))
		return train;
	return len < segment || NAPI_GRO_CB(train)->count == EUDP_GRO_MAX ?
	       train : NULL;
}

/**
 * eudp_gro_complete() - make a train of what eudp_gro_receive() put together
 * @train: its first datagram, with the others
 * @offset: of its UDP header from its data on
 * @check: checksum of the pseudo header
 *
 * From here on it is as one that UDP_SEGMENT has made, see eudp_make_train().
 *
 * Context: softirq, RCU read side.
 * Return: 0
 */
int eudp_gro_complete(struct sk_buff *train, int offset, __sum16 check)
{
	struct udphdr *uh = (struct udphdr *)(train->data + offset);
	struct skb_shared_info *info = skb_shinfo(train);

	uh->len = htons(train->len - offset);
	uh->check = ~check;
	info->gso_type = EUDP_GSO_TYPE;
	info->gso_segs = NAPI_GRO_CB(train)->count;
	train->ip_summed = CHECKSUM_NONE;
	train->destructor = train->sk ? sock_wfree : NULL;
	module_put(THIS_MODULE);
	return 0;
}
