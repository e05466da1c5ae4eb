// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams for many: multicast (RFC 1112) and broadcast.
 */
#include <linux/rculist.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include "eudp.h"

static void eudp_deliver_copy(struct sock *sk, struct sk_buff *skb,
			      const struct eudp_af_ops *af)
{
	struct sk_buff *copy = skb_clone(skb, GFP_ATOMIC);

	if (copy)
		eudp_deliver(sk, copy, af);
	else
		eudp_lose(sk, skb);
}

/**
 * eudp_deliver_many() - give a datagram to all who want it
 * @skb: the datagram, its data at the UDP header; consumed
 * @af: the IP version
 *
 * Nobody is told if there are none: RFC 1122 3.2.2.
 *
 * Context: softirq, RCU read side, by which the sockets stay.
 */
void eudp_deliver_many(struct sk_buff *skb, const struct eudp_af_ops *af)
{
	const struct eudp_table *table;
	struct sock *sk, *first = NULL;
	struct eudp_key key;

	af->key(skb, &key);
	table = &eudp_net(key.net)->table;
	sk_for_each_rcu(sk, eudp_port_chain(table, ntohs(key.dport))) {
		if (!af->wants(sk, &key))
			continue;
		if (first)
			eudp_deliver_copy(sk, skb, af);
		else
			first = sk;
	}

	/* what is left goes to the first: mostly, it is the only one */
	if (first)
		eudp_deliver(first, skb, af);
	else
		eudp_drop_many(key.net, skb);
}
