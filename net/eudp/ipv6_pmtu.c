// SPDX-License-Identifier: GPL-2.0
/*
 * What a program is told when IPv6 does not carry a datagram whole: the error
 * queue (IPV6_RECVERR), and IPV6_PATHMTU (RFC 3542 11.3).
 */
#include <linux/errqueue.h>
#include <linux/skbuff.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include "eudp.h"

/* An skb without payload that tells where the datagram was to go */
static struct sk_buff *eudp6_unsent(const struct eudp_packet *packet)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct ipv6hdr), GFP_KERNEL);

	if (!skb)
		return NULL;
	skb->protocol = htons(ETH_P_IPV6);
	skb_reset_network_header(skb);
	skb_put_zero(skb, sizeof(struct ipv6hdr));
	ipv6_hdr(skb)->daddr = packet->v6.fl.daddr;
	ip6_flow_hdr(ipv6_hdr(skb), 0, 0);
	__skb_pull(skb, sizeof(struct ipv6hdr));
	skb_reset_transport_header(skb);
	return skb;
}

/**
 * eudp6_queue_too_big() - put EMSGSIZE into the error queue
 * @sk: the socket
 * @packet: the datagram that was not sent
 * @mtu: what the path carries, without extension headers
 *
 * Context: process.
 */
void eudp6_queue_too_big(struct sock *sk, const struct eudp_packet *packet,
			 unsigned int mtu)
{
	struct sock_exterr_skb *entry;
	struct sk_buff *skb;

	if (!inet6_test_bit(RECVERR6, sk))
		return;
	skb = eudp6_unsent(packet);
	if (!skb)
		return;

	entry = SKB_EXT_ERR(skb);
	entry->ee.ee_errno = EMSGSIZE;
	entry->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	entry->ee.ee_info = mtu;
	entry->addr_offset = offsetof(struct ipv6hdr, daddr);
	entry->port = packet->dport;
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

/**
 * eudp6_keep_pathmtu() - keep what IPV6_PATHMTU is to tell at the next recv(2)
 * @sk: the socket
 * @packet: the datagram that was not sent
 * @mtu: what the path carries, without extension headers
 *
 * Context: process.
 */
void eudp6_keep_pathmtu(struct sock *sk, const struct eudp_packet *packet,
			unsigned int mtu)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct sk_buff *skb;

	if (!np->rxopt.bits.rxpmtu)
		return;
	skb = eudp6_unsent(packet);
	if (!skb)
		return;

	*IP6CBMTU(skb) = (struct ip6_mtuinfo) {
		.ip6m_mtu = mtu,
		.ip6m_addr.sin6_family = AF_INET6,
		.ip6m_addr.sin6_addr = packet->v6.fl.daddr,
		.ip6m_addr.sin6_scope_id = packet->v6.fl.flowi6_oif,
	};
	kfree_skb(xchg(&np->rxpmtu, skb));
}

/**
 * eudp6_recv_pathmtu() - tell what eudp6_keep_pathmtu() has kept
 * @sk: the socket
 * @msg: gets no payload, but the address and the control message
 * @len: room for payload
 *
 * Context: process.
 * Return: 0, or -EAGAIN if another was faster.
 */
int eudp6_recv_pathmtu(struct sock *sk, struct msghdr *msg, size_t len)
{
	struct sk_buff *skb = xchg(&inet6_sk(sk)->rxpmtu, NULL);
	const struct ip6_mtuinfo *info;

	if (!skb)
		return -EAGAIN;

	sock_recv_timestamp(msg, sk, skb);
	info = IP6CBMTU(skb);
	if (msg->msg_name) {
		memcpy(msg->msg_name, &info->ip6m_addr,
		       sizeof(info->ip6m_addr));
		msg->msg_namelen = sizeof(info->ip6m_addr);
	}
	put_cmsg(msg, SOL_IPV6, IPV6_PATHMTU, sizeof(*info), (void *)info);
	kfree_skb(skb);
	return 0;
}
