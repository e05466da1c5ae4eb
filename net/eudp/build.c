// SPDX-License-Identifier: GPL-2.0
/*
 * From a message to an skb with a UDP header (RFC 768), room before it for the
 * IP header, and a checksum.
 */
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/sock.h>
#include "eudp.h"

/* Above that, payload goes into pages: large pieces are dear to get. */
#define EUDP_LINEAR_MAX		SKB_WITH_OVERHEAD(PAGE_SIZE)

/* Copies payload into one piece of an skb; @sum gets its sum if it is wanted */
static bool eudp_copy_piece(void *to, int len, int at, struct iov_iter *from,
			    __wsum *sum)
{
	__wsum piece = 0;

	if (!sum)
		return copy_from_iter_full(to, len, from);
	if (!csum_and_copy_from_iter_full(to, len, &piece, from))
		return false;
	*sum = csum_block_add(*sum, piece, at);
	return true;
}

/*
 * Copies payload into the page that the task fills bit by bit, which is
 * cheaper than pages for this skb alone; returns how much went in.
 */
static int eudp_copy_to_page(struct sock *sk, struct sk_buff *skb, int len,
			     int at, struct iov_iter *from, __wsum *sum)
{
	struct page_frag *page = &current->task_frag;
	int piece, i = skb_shinfo(skb)->nr_frags;

	/* 65507 bytes need no more, even in single pages */
	if (WARN_ON_ONCE(i == MAX_SKB_FRAGS))
		return -EMSGSIZE;
	if (!sk_page_frag_refill(sk, page))
		return -ENOMEM;
	piece = min_t(int, len, page->size - page->offset);
	if (!eudp_copy_piece(page_address(page->page) + page->offset, piece,
			     at, from, sum))
		return -EFAULT;

	get_page(page->page);
	skb_fill_page_desc(skb, i, page->page, page->offset, piece);
	page->offset += piece;

	skb_len_add(skb, piece);
	refcount_add(piece, &sk->sk_wmem_alloc);
	return piece;
}

/* Copies the payload behind the header: its first @linear bytes, the rest */
static int eudp_copy_payload(struct sock *sk, struct sk_buff *skb,
			     const struct eudp_packet *packet, int linear,
			     __wsum *sum)
{
	struct iov_iter *from = &packet->msg->msg_iter;
	int at, piece;

	if (!eudp_copy_piece(skb_transport_header(skb) + sizeof(struct udphdr),
			     linear, 0, from, sum))
		return -EFAULT;

	for (at = linear; at < packet->len; at += piece) {
		piece = eudp_copy_to_page(sk, skb, packet->len - at, at, from,
					  sum);
		if (piece < 0)
			return piece;
	}
	return 0;
}

/*
 * Whether the device sums. Many do not know this IP protocol and would send a
 * wrong checksum, so only one that never puts it on a wire is trusted.
 */
static bool eudp_device_sums(const struct dst_entry *dst)
{
	return dst->dev->flags & IFF_LOOPBACK;
}

/*
 * An skb with room for all headers. Its data are the headers, from IP's on,
 * and what of the payload is not in pages.
 */
static struct sk_buff *eudp_alloc(struct sock *sk,
				  const struct eudp_packet *packet,
				  int headers, int *linear)
{
	int room = LL_RESERVED_SPACE(packet->dst->dev) + headers;
	int noblock = packet->msg->msg_flags & MSG_DONTWAIT;
	struct sk_buff *skb;
	int err;

	*linear = packet->len;
	if (room + packet->len + packet->dst->trailer_len > EUDP_LINEAR_MAX)
		*linear = 0;

	skb = sock_alloc_send_skb(sk, room + *linear +
				  packet->dst->trailer_len, noblock, &err);
	if (!skb)
		return ERR_PTR(err);

	skb_reserve(skb, room - headers);
	skb_reset_network_header(skb);
	skb_put(skb, headers + *linear);
	skb_set_transport_header(skb, headers - sizeof(struct udphdr));
	return skb;
}

/**
 * eudp_build() - make the skb of a datagram
 * @sk: the socket that sends, which is charged for it
 * @packet: the datagram
 * @af: the IP version
 *
 * Context: process, may sleep until the send buffer has room.
 * Return: the skb, its network header to be filled in, or -EAGAIN, -EPIPE,
 * -EFAULT, -ENOBUFS, -ENOMEM, a signal, or an error that was pending.
 */
struct sk_buff *eudp_build(struct sock *sk, const struct eudp_packet *packet,
			   const struct eudp_af_ops *af)
{
	bool no_sum = sk->sk_no_check_tx;
	bool device_sums = !no_sum && eudp_device_sums(packet->dst);
	struct sk_buff *skb;
	struct udphdr *uh;
	__wsum sum = 0;
	int linear, err;

	skb = eudp_alloc(sk, packet, af->header_len + sizeof(*uh), &linear);
	if (IS_ERR(skb))
		return skb;

	err = eudp_copy_payload(sk, skb, packet, linear,
				no_sum || device_sums ? NULL : &sum);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
	}

	uh = udp_hdr(skb);
	uh->source = packet->sport;
	uh->dest = packet->dport;
	uh->len = htons(sizeof(*uh) + packet->len);
	uh->check = 0;
	if (device_sums) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct udphdr, check);
		/* the part of the pseudo header */
		af->checksum(packet, uh, 0);
		uh->check = ~uh->check;
	} else if (!no_sum) {
		sum = csum_partial(uh, sizeof(*uh), sum);
		af->checksum(packet, uh, sum);
		/* 0 says that there is none: RFC 768 */
		if (!uh->check)
			uh->check = CSUM_MANGLED_0;
	}
	return skb;
}
