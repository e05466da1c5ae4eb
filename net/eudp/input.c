// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams coming in from IP.
 */
#include <linux/skbuff.h>
#include <net/icmp.h>
#include "eudp.h"

/**
 * eudp_rcv() - take a datagram from IP
 * @skb: the datagram, its data at the UDP header; consumed
 *
 * No socket can be bound yet, so none takes it: RFC 1122 4.1.3.1. icmp_send()
 * sees to it that nothing is sent for broadcast and multicast.
 *
 * Context: softirq, RCU read side.
 * Return: 0
 */
int eudp_rcv(struct sk_buff *skb)
{
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	return 0;
}
