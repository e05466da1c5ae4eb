// SPDX-License-Identifier: GPL-2.0
/*
 * Trains: many datagrams that travel through the stack as one skb.
 */
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/gso.h>
#include <net/sock.h>
#include "eudp.h"

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
