// SPDX-License-Identifier: GPL-2.0
/*
 * From a message to an skb with a UDP header (RFC 768), room before it for the
 * IP header, and a checksum. What one packet cannot carry is built as the
 * fragments that IP will send, so that IP need not copy it.
 */
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/sock.h>
#include "eudp.h"

/* Above that, payload goes into pages: large pieces are dear to get. */
#define EUDP_LINEAR_MAX		SKB_WITH_OVERHEAD(PAGE_SIZE)

/* Copies payload into one piece of an skb, and sums it if that is wanted */
static int eudp_copy_piece(struct eudp_packet *packet, void *to, int len)
{
	struct iov_iter *from = &packet->msg->msg_iter;
	__wsum sum = 0;

	if (!packet->summed)
		return copy_from_iter_full(to, len, from) ? 0 : -EFAULT;
	if (!csum_and_copy_from_iter_full(to, len, &sum, from))
		return -EFAULT;
	packet->sum = csum_block_add(packet->sum, sum, packet->size);
	return 0;
}

/* Counts what was added to the last skb, in the first one too. */
static void eudp_account(struct sock *sk, struct eudp_packet *packet, int len,
			 int truesize)
{
	if (packet->tail != packet->skb) {
		packet->skb->len += len;
		packet->skb->data_len += len;
		packet->skb->truesize += truesize;
	}
	if (truesize)
		refcount_add(truesize, &sk->sk_wmem_alloc);
}

static int eudp_copy_linear(struct sock *sk, struct eudp_packet *packet,
			    int len)
{
	int err;

	len = min_t(int, len, packet->linear);
	err = eudp_copy_piece(packet, skb_put(packet->tail, len), len);
	if (err)
		return err;
	packet->linear -= len;
	eudp_account(sk, packet, len, 0);
	return len;
}

/*
 * Copies payload into the page that the task fills bit by bit, which is
 * cheaper than pages for this skb alone; or the socket, so that the parts of a
 * datagram come to lie side by side. Returns how much went in.
 */
static int eudp_copy_to_page(struct sock *sk, struct eudp_packet *packet,
			     int len)
{
	struct page_frag *page = packet->corked ? &sk->sk_frag :
						  &current->task_frag;
	struct sk_buff *skb = packet->tail;
	int err, i = skb_shinfo(skb)->nr_frags;
	bool extends;

	if (!sk_page_frag_refill(sk, page))
		return -ENOMEM;
	extends = skb_can_coalesce(skb, i, page->page, page->offset);
	/* 65535 bytes need no more, but small pieces of pages may be there */
	if (!extends && i == MAX_SKB_FRAGS)
		return -EMSGSIZE;
	len = min_t(int, len, page->size - page->offset);
	err = eudp_copy_piece(packet, page_address(page->page) + page->offset,
			      len);
	if (err)
		return err;

	if (extends) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], len);
	} else {
		get_page(page->page);
		skb_fill_page_desc(skb, i, page->page, page->offset, len);
	}
	page->offset += len;
	skb_len_add(skb, len);
	eudp_account(sk, packet, len, len);
	return len;
}

/*
 * Whether the pages of the message themselves are sent: splice(2), sendfile(2).
 * They may change on their way, as those of in-kernel UDP may.
 */
static bool eudp_attaches(const struct eudp_packet *packet)
{
	return packet->msg->msg_flags & MSG_SPLICE_PAGES &&
	       packet->dst->dev->features & NETIF_F_SG;
}

static int eudp_attach(struct sock *sk, struct eudp_packet *packet, int len)
{
	struct sk_buff *skb = packet->tail;

	skb->csum = 0;
	skb->ip_summed = packet->summed ? CHECKSUM_NONE : CHECKSUM_PARTIAL;
	len = skb_splice_from_iter(skb, &packet->msg->msg_iter, len,
				   sk->sk_allocation);
	skb->ip_summed = CHECKSUM_NONE;
	if (len < 0)
		return len;

	/* headers are even, so it stands at the right place already */
	if (packet->summed)
		packet->sum = csum_add(packet->sum, skb->csum);
	skb->csum = 0;
	if (!(packet->msg->msg_flags & MSG_NO_SHARED_FRAGS))
		skb_shinfo(skb)->flags |= SKBFL_SHARED_FRAG;
	eudp_account(sk, packet, len, len);
	return len;
}

/*
 * How much of @len bytes goes into the linear part of an skb that takes @most,
 * with @before bytes before it
 */
static unsigned int eudp_linear(const struct eudp_packet *packet,
				unsigned int before, unsigned int len,
				unsigned int most)
{
	if (eudp_attaches(packet))
		return 0;
	len = min(len, most);
	return before + len + packet->dst->trailer_len > EUDP_LINEAR_MAX ?
	       0 : len;
}

/*
 * How much a fragment carries that is not the last one: RFC 791 2.3, RFC 8200
 * 4.5. Headers that not every fragment repeats count.
 */
static unsigned int eudp_fragment_room(const struct eudp_packet *packet)
{
	return (packet->mtu - packet->fragment_len) & ~7;
}

/* How many bytes a fragment that seemed to be the last one has too much */
static unsigned int eudp_odd_end(const struct eudp_packet *packet)
{
	unsigned int len = packet->tail->len;

	if (packet->tail == packet->skb)
		len -= packet->whole_len;
	return len - eudp_fragment_room(packet);
}

/* Moves that into the next one. */
static void eudp_move_end(struct eudp_packet *packet, struct sk_buff *to,
			  unsigned int end)
{
	struct sk_buff *from = packet->tail;

	if (!end)
		return;
	skb_copy_bits(from, from->len - end, skb_put(to, end), end);
	/* cannot fail: nobody else has it, and it has no fragments yet */
	WARN_ON_ONCE(pskb_trim(from, from->len - end));
	if (from == packet->skb) {
		from->len += end;
		from->data_len += end;
	}
}

/*
 * Adds an skb for the next fragment, with room for a header. It is charged as
 * part of the first one.
 */
static int eudp_add_fragment(struct sock *sk, struct eudp_packet *packet,
			     unsigned int left)
{
	unsigned int before = LL_RESERVED_SPACE(packet->dst->dev) +
			      packet->fragment_len;
	unsigned int end = eudp_odd_end(packet);
	struct sk_buff *skb;

	packet->room = packet->mtu - packet->fragment_len - end;
	if (!packet->af->last_longer ||
	    (!packet->corked && left > packet->room))
		packet->room = eudp_fragment_room(packet) - end;
	packet->linear = eudp_linear(packet, before + end, left, packet->room);

	/* with the one that is there for the socket itself */
	if (refcount_read(&sk->sk_wmem_alloc) > 2 * READ_ONCE(sk->sk_sndbuf))
		return -ENOBUFS;
	skb = alloc_skb(before + end + packet->linear +
			packet->dst->trailer_len, sk->sk_allocation);
	if (!skb)
		return -ENOBUFS;
	skb_reserve(skb, before);
	eudp_move_end(packet, skb, end);

	if (packet->tail == packet->skb)
		skb_shinfo(packet->skb)->frag_list = skb;
	else
		packet->tail->next = skb;
	packet->tail = skb;
	eudp_account(sk, packet, 0, skb->truesize);
	return 0;
}

/**
 * eudp_append() - add payload to a datagram
 * @sk: the socket that sends, which is charged for it
 * @packet: the datagram, begun by eudp_begin(); @packet->msg and @packet->len
 *	say what is added
 *
 * Context: process; with the socket locked if @packet->corked.
 * Return: 0, or -EFAULT, -ENOBUFS, -ENOMEM, -EMSGSIZE; then the datagram is good
 * for nothing.
 */
int eudp_append(struct sock *sk, struct eudp_packet *packet)
{
	unsigned int left = packet->len;
	int piece;

	while (left) {
		if (!packet->room) {
			piece = eudp_add_fragment(sk, packet, left);
			if (piece)
				return piece;
			/* the odd end of the last one may have filled it */
			continue;
		}
		piece = min(left, packet->room);
		if (packet->linear)
			piece = eudp_copy_linear(sk, packet, piece);
		else if (eudp_attaches(packet))
			piece = eudp_attach(sk, packet, piece);
		else
			piece = eudp_copy_to_page(sk, packet, piece);
		if (piece < 0)
			return piece;
		packet->room -= piece;
		packet->size += piece;
		left -= piece;
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

/* Whether so many bytes of payload become a train */
static bool eudp_needs_segments(const struct eudp_packet *packet,
				unsigned int size)
{
	return packet->segment && size > packet->segment;
}

/* How much payload the first packet can carry; a fragment but in eights */
static unsigned int eudp_first_room(const struct eudp_packet *packet)
{
	unsigned int headers = packet->header_len + sizeof(struct udphdr);
	unsigned int room = packet->mtu - headers;

	if (!packet->corked && packet->len > room)
		room = packet->whole_len + eudp_fragment_room(packet) - headers;
	return room;
}

/**
 * eudp_begin() - make the first skb of a datagram, with room for all headers
 * @sk: the socket that sends, which is charged for it
 * @packet: the datagram, its route found
 *
 * Its data are the headers, from IP's on, and then what eudp_append() adds.
 *
 * Context: process, may sleep until the send buffer has room.
 * Return: 0, -EAGAIN, -EPIPE, -ENOBUFS, a signal, or an error that was pending.
 */
int eudp_begin(struct sock *sk, struct eudp_packet *packet)
{
	unsigned int headers = packet->header_len + sizeof(struct udphdr);
	const struct dst_entry *dst = packet->dst;
	unsigned int before = LL_RESERVED_SPACE(dst->dev) + dst->header_len +
			      packet->fragment_len - packet->whole_len +
			      headers;
	struct sk_buff *skb;
	int err;

	packet->room = eudp_first_room(packet);
	packet->linear = eudp_linear(packet, before, packet->len, packet->room);
	packet->summed = !eudp_device_sums(dst) &&
			 (packet->corked ||
			  (!packet->no_check &&
			   !eudp_needs_segments(packet, packet->len)));

	skb = sock_alloc_send_skb(sk, before + packet->linear +
				  dst->trailer_len,
				  packet->msg->msg_flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;

	skb_reserve(skb, before - headers);
	skb_reset_network_header(skb);
	skb_put(skb, headers);
	skb_set_transport_header(skb, packet->header_len);
	if (packet->msg->msg_flags & MSG_CONFIRM)
		skb_set_dst_pending_confirm(skb, 1);
	packet->skb = skb;
	packet->tail = skb;
	return 0;
}

/* Leaves the sum to the device; what it is to begin with is there. */
static void eudp_sum_later(const struct eudp_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	struct udphdr *uh = udp_hdr(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct udphdr, check);
	/* the part of the pseudo header */
	packet->af->checksum(packet, uh, 0);
	uh->check = ~uh->check;
}

/*
 * A train stays whole on a loopback device. No other device may see it: many
 * would make datagrams of UDP of it. So its type is one that none can do; nor
 * need any sum it. (A copy for members of a group on this host claims to be
 * summed, and a multicast router may send it on.)
 */
static void eudp_make_train(const struct eudp_packet *packet)
{
	struct skb_shared_info *info = skb_shinfo(packet->skb);

	info->gso_type = SKB_GSO_UDP_L4;
	info->gso_size = packet->segment;
	info->gso_segs = DIV_ROUND_UP(packet->size, packet->segment);
	eudp_sum_later(packet);
	if (eudp_device_sums(packet->dst))
		return;
	info->gso_type = EUDP_GSO_TYPE;
	packet->skb->ip_summed = CHECKSUM_NONE;
}

/**
 * eudp_finish() - write the UDP header of a datagram that is complete
 * @sk: the socket that sends
 * @packet: the datagram
 */
void eudp_finish(struct sock *sk, struct eudp_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	struct udphdr *uh = udp_hdr(skb);

	uh->source = packet->sport;
	uh->dest = packet->dport;
	uh->len = htons(sizeof(*uh) + packet->size);
	uh->check = 0;
	if (packet->no_check) {
		/* 0 says that there is none: RFC 768 */
	} else if (eudp_needs_segments(packet, packet->size)) {
		eudp_make_train(packet);
	} else if (!packet->summed) {
		eudp_sum_later(packet);
	} else {
		packet->af->checksum(packet, uh,
				     csum_partial(uh, sizeof(*uh), packet->sum));
		if (!uh->check)
			uh->check = CSUM_MANGLED_0;
	}

	if (packet->sockc.transmit_time)
		skb_set_delivery_type_by_clockid(skb,
						 packet->sockc.transmit_time,
						 sk->sk_clockid);
}
