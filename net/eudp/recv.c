// SPDX-License-Identifier: GPL-2.0
/*
 * From the receive queue to the program.
 */
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/busy_poll.h>
#include <net/inet_common.h>
#include <net/rps.h>
#include <net/sock.h>
#include "eudp.h"

/*
 * The datagram that SO_PEEK_OFF leads to: @offset bytes are skipped over all of
 * the queue. What is left of them is to be skipped in that datagram.
 */
static struct sk_buff *__eudp_peek_at(struct sk_buff_head *queue, int *offset)
{
	struct sk_buff *skb;

	skb_queue_walk(queue, skb) {
		/* an empty one is seen when it is reached, but once */
		if (*offset < skb->len ||
		    (!skb->len && !*offset && !skb->peeked))
			return skb;
		*offset -= skb->len;
	}
	return NULL;
}

static struct sk_buff *__eudp_peek(struct sk_buff_head *queue, int *offset)
{
	struct sk_buff *skb;

	skb = *offset < 0 ? skb_peek(queue) : __eudp_peek_at(queue, offset);
	if (!skb)
		return NULL;
	if (!skb->len)
		skb->peeked = 1;
	return skb_get(skb);
}

/*
 * Takes the first datagram out of the queue; MSG_PEEK leaves it there too, and
 * may look further: from @offset on, if that is not negative. If there is none,
 * @last is the last that was looked at.
 */
static struct sk_buff *eudp_dequeue(struct sock *sk, int flags, int *offset,
				    struct sk_buff **last)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb;

	spin_lock_bh(&queue->lock);
	*last = queue->prev;
	if (flags & MSG_PEEK) {
		skb = __eudp_peek(queue, offset);
	} else {
		skb = __skb_dequeue(queue);
		if (skb)
			__eudp_uncharge(sk, skb->truesize);
	}
	spin_unlock_bh(&queue->lock);
	return skb;
}

/* Looks into the queue of the device for a while: SO_BUSY_POLL of socket(7) */
static bool eudp_busy_poll(struct sock *sk, int flags)
{
	if (!sk_can_busy_loop(sk))
		return false;
	sk_busy_loop(sk, flags & MSG_DONTWAIT);
	return !skb_queue_empty_lockless(&sk->sk_receive_queue);
}

/*
 * Waits for a datagram as recv(2) says. Returns it, or NULL with 0 in @err
 * after shutdown(2), else an errno: an error that is pending comes first.
 * @offset gets how many of its bytes are to be skipped.
 */
static struct sk_buff *eudp_wait(struct sock *sk, int flags, int *offset,
				 int *err)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	long timeout = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb, *last;

	for (;;) {
		*err = sock_error(sk);
		if (*err)
			return NULL;
		*offset = sk_peek_offset(sk, flags);
		skb = eudp_dequeue(sk, flags, offset, &last);
		if (skb) {
			*offset = max(*offset, 0);
			return skb;
		}
		if (eudp_busy_poll(sk, flags))
			continue;
		*err = -EAGAIN;
		if (!timeout ||
		    __skb_wait_for_more_packets(sk, queue, err, &timeout, last))
			return NULL;
	}
}

/* Drops a datagram of which recv(2) found that it is broken. */
static void eudp_drop_broken(struct sock *sk, struct sk_buff *skb, int flags)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	bool first_to_find = true;

	/* Who peeked left it in the queue, where somebody else may take it. */
	if (flags & MSG_PEEK) {
		spin_lock_bh(&queue->lock);
		first_to_find = skb->next;
		if (first_to_find) {
			__skb_unlink(skb, queue);
			__eudp_uncharge(sk, skb->truesize);
			refcount_dec(&skb->users);
		}
		spin_unlock_bh(&queue->lock);
	}
	if (first_to_find)
		eudp_drop(sock_net(sk), sk, skb, SKB_DROP_REASON_UDP_CSUM);
	else
		consume_skb(skb);
}

/*
 * Copies @len bytes of payload from @offset on. The checksum is verified
 * meanwhile, or before if not all of it is copied or somebody will copy it
 * again. Returns 0, -EBADMSG if it is wrong, or -EFAULT.
 */
static int eudp_copy(struct sk_buff *skb, int offset, struct msghdr *msg,
		     int len, int flags)
{
	int err;

	if (!skb_csum_unnecessary(skb) && len == skb->len &&
	    !(flags & MSG_PEEK)) {
		err = skb_copy_and_csum_datagram_msg(skb, 0, msg);
		return err == -EINVAL ? -EBADMSG : err;
	}

	if (eudp_checksum_wrong(skb))
		return -EBADMSG;
	return skb_copy_datagram_msg(skb, offset, msg, len);
}

/* The next datagram whose checksum is right, copied to @msg */
static struct sk_buff *eudp_receive(struct sock *sk, struct msghdr *msg,
				    size_t len, int flags, int *offset,
				    int *err)
{
	struct sk_buff *skb;

	for (;;) {
		skb = eudp_wait(sk, flags, offset, err);
		if (!skb)
			return NULL;
		*err = eudp_copy(skb, *offset, msg,
				 min_t(size_t, len, skb->len - *offset), flags);
		if (*err != -EBADMSG)
			return skb;
		eudp_drop_broken(sk, skb, flags);
		cond_resched();
	}
}

/* Who sent it, and the control messages: ip(7), socket(7) */
static void eudp_tell(struct sock *sk, struct msghdr *msg, struct sk_buff *skb,
		      int offset, const struct eudp_af_ops *af)
{
	sock_recv_cmsgs(msg, sk, skb);
	if (msg->msg_name)
		af->name(sk, skb, msg);
	af->tell(sk, msg, skb, offset);
}

/**
 * eudp_recvmsg() - recv(2) and its kin
 * @sk: the socket
 * @msg: gets payload, sender and control messages
 * @len: most bytes of payload wanted
 * @flags: of recv(2)
 * @af: the IP version of the socket
 *
 * A datagram that cannot be copied to the program is lost, unless it was only
 * peeked at.
 *
 * Context: process.
 * Return: bytes of payload, with MSG_TRUNC those of the whole datagram; or an
 * errno that recv(2) and udp(7) name.
 */
int eudp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		 const struct eudp_af_ops *af)
{
	bool peek = flags & MSG_PEEK;
	int err, offset, copied;
	struct sk_buff *skb;

	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, len, &msg->msg_namelen);
	sock_rps_record_flow(sk);

	skb = eudp_receive(sk, msg, len, flags, &offset, &err);
	if (!skb)
		return err;
	if (err && peek) {
		consume_skb(skb);
		return err;
	}
	if (err) {
		eudp_drop(sock_net(sk), sk, skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}

	if (!peek)
		eudp_count(sock_net(sk), eudp_version_of(skb),
			   EUDP_IN_DATAGRAMS);
	eudp_tell(sk, msg, skb, offset, af);

	copied = min_t(size_t, len, skb->len - offset);
	/* as in-kernel UDP has it, also for the last part after an offset */
	if (len <= skb->len - offset && len < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	if (flags & MSG_TRUNC)
		copied = skb->len;
	sk_peek_offset_bwd(sk, peek ? -copied : copied);
	consume_skb(skb);
	return copied;
}

/* Takes the first datagram out of the queue if its checksum is wrong. */
static struct sk_buff *__eudp_first_broken(struct sock *sk, int *len)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb = skb_peek(queue);

	*len = skb ? skb->len : -1;
	if (!skb || !eudp_checksum_wrong(skb))
		return NULL;
	__skb_unlink(skb, queue);
	__eudp_uncharge(sk, skb->truesize);
	return skb;
}

/**
 * eudp_first_length() - how long the next datagram is
 * @sk: the socket
 *
 * Datagrams whose checksum is wrong are dropped before it.
 *
 * Context: process.
 * Return: bytes of payload, or -1 if there is no datagram.
 */
int eudp_first_length(struct sock *sk)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *broken;
	int len;

	do {
		spin_lock_bh(&queue->lock);
		broken = __eudp_first_broken(sk, &len);
		spin_unlock_bh(&queue->lock);
		if (broken)
			eudp_drop(sock_net(sk), sk, broken,
				  SKB_DROP_REASON_UDP_CSUM);
	} while (broken);

	return len;
}
