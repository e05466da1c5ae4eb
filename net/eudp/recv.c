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

/**
 * struct eudp_found - the datagram that recv(2) gets
 * @skb: where it is, with a reference
 * @start: where its payload begins there: in a train not at 0
 * @len: bytes of payload
 * @skip: bytes of them to be skipped: SO_PEEK_OFF
 */
struct eudp_found {
	struct sk_buff	*skb;
	int		start;
	int		len;
	int		skip;
};

/* Finds the datagram that begins at @start of what is queued as one skb. */
static void __eudp_find(struct sk_buff *skb, int start,
			struct eudp_found *found)
{
	int segment = eudp_cb(skb)->segment;

	found->skb = skb;
	found->start = start;
	found->len = skb->len - start;
	if (segment)
		found->len = min(found->len, segment);
}

static void __eudp_first(struct sk_buff *skb, struct eudp_found *found)
{
	__eudp_find(skb, eudp_cb(skb)->taken, found);
}

/*
 * The datagram that SO_PEEK_OFF leads to: @offset bytes are skipped over all of
 * the queue. What is left of them is to be skipped in that datagram.
 */
static void __eudp_peek_at(struct sk_buff_head *queue, int offset,
			   struct eudp_found *found)
{
	struct sk_buff *skb;
	int left, segment;

	skb_queue_walk(queue, skb) {
		left = skb->len - eudp_cb(skb)->taken;
		/* an empty one is seen when it is reached, but once */
		if (offset < left ||
		    (!skb->len && !offset && !skb->peeked)) {
			segment = eudp_cb(skb)->segment ?: left + 1;
			found->skip = offset % segment;
			__eudp_find(skb, eudp_cb(skb)->taken + offset -
				    found->skip, found);
			return;
		}
		offset -= left;
	}
}

static void __eudp_peek(struct sk_buff_head *queue, int offset,
			struct eudp_found *found)
{
	if (offset >= 0)
		__eudp_peek_at(queue, offset, found);
	else if (!skb_queue_empty(queue))
		__eudp_first(skb_peek(queue), found);
	if (!found->skb)
		return;
	if (!found->skb->len)
		found->skb->peeked = 1;
	skb_get(found->skb);
}

/* A train stays, and is charged, until the last datagram of it is taken. */
static void __eudp_take(struct sock *sk, struct eudp_found *found)
{
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);
	struct eudp_cb *cb;

	if (!skb)
		return;
	__eudp_first(skb, found);
	cb = eudp_cb(skb);
	if (--cb->left) {
		cb->taken += found->len;
		skb_get(skb);
	} else {
		__skb_unlink(skb, &sk->sk_receive_queue);
		__eudp_uncharge(sk, skb->truesize);
	}
}

/*
 * Takes the first datagram out of the queue; MSG_PEEK leaves it there too, and
 * may look further: from @offset on, if that is not negative. Returns whether
 * there is one; if not, @last is the last that was looked at.
 */
static bool eudp_dequeue(struct sock *sk, int flags, int offset,
			 struct eudp_found *found, struct sk_buff **last)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;

	found->skb = NULL;
	found->skip = 0;
	spin_lock_bh(&queue->lock);
	*last = queue->prev;
	if (flags & MSG_PEEK)
		__eudp_peek(queue, offset, found);
	else
		__eudp_take(sk, found);
	spin_unlock_bh(&queue->lock);
	return found->skb;
}

/*
 * Looks into the queue of the device for a while: SO_BUSY_POLL of socket(7).
 * Returns whether there is more than @last now.
 */
static bool eudp_busy_poll(struct sock *sk, int flags,
			   const struct sk_buff *last)
{
	if (!sk_can_busy_loop(sk))
		return false;
	sk_busy_loop(sk, flags & MSG_DONTWAIT);
	return READ_ONCE(sk->sk_receive_queue.prev) != last;
}

/*
 * Waits for a datagram as recv(2) says. Returns whether it came; if not, @err
 * is 0 after shutdown(2), else an errno: an error that is pending comes first.
 */
static bool eudp_wait(struct sock *sk, int flags, struct eudp_found *found,
		      int *err)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	long timeout = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	int offset = sk_peek_offset(sk, flags);
	struct sk_buff *last;

	for (;;) {
		*err = sock_error(sk);
		if (*err)
			return false;
		if (eudp_dequeue(sk, flags, offset, found, &last))
			return true;
		if (eudp_busy_poll(sk, flags, last))
			continue;
		*err = -EAGAIN;
		if (!timeout ||
		    __skb_wait_for_more_packets(sk, queue, err, &timeout, last))
			return false;
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

static int eudp_copy_to(struct msghdr *msg, const struct sk_buff *skb,
			int offset, int len)
{
	if (skb_is_nonlinear(skb))
		return skb_copy_datagram_msg(skb, offset, msg, len);
	/* most are, and this is cheaper */
	return copy_to_iter_full(skb->data + offset, len, &msg->msg_iter) ?
	       0 : -EFAULT;
}

/*
 * Copies as much payload as there is, but at most @len bytes. The checksum is
 * verified meanwhile, or before if not all of it is copied or somebody will
 * copy it again. Returns 0, -EBADMSG if it is wrong, or -EFAULT.
 */
static int eudp_copy(const struct eudp_found *found, struct msghdr *msg,
		     size_t len, int flags)
{
	struct sk_buff *skb = found->skb;
	int err;

	len = min_t(size_t, len, found->len - found->skip);

	if (!skb_csum_unnecessary(skb) && len == skb->len &&
	    !(flags & MSG_PEEK)) {
		err = skb_copy_and_csum_datagram_msg(skb, 0, msg);
		return err == -EINVAL ? -EBADMSG : err;
	}

	if (eudp_checksum_wrong(skb))
		return -EBADMSG;
	return eudp_copy_to(msg, skb, found->start + found->skip, len);
}

/* Finds the next datagram whose checksum is right, and copies it to @msg. */
static bool eudp_receive(struct sock *sk, struct msghdr *msg, size_t len,
			 int flags, struct eudp_found *found, int *err)
{
	for (;;) {
		if (!eudp_wait(sk, flags, found, err))
			return false;
		*err = eudp_copy(found, msg, len, flags);
		if (*err != -EBADMSG)
			return true;
		eudp_drop_broken(sk, found->skb, flags);
		cond_resched();
	}
}

/* UDP_GRO: how long each datagram is of a train that was received whole */
static void eudp_tell_segment(struct sock *sk, struct msghdr *msg,
			      const struct sk_buff *skb)
{
	int segment = skb_shinfo(skb)->gso_size;

	if (READ_ONCE(eudp_sk(sk)->gro) && eudp_is_train(skb) &&
	    !eudp_cb(skb)->segment)
		put_cmsg(msg, SOL_UDP, UDP_GRO, sizeof(segment), &segment);
}

/*
 * The control messages of socket(7). What came before stamps were wanted gets
 * that of now, and each datagram of a train its own when it is taken.
 */
static void eudp_tell_stamp(struct sock *sk, struct msghdr *msg,
			    struct sk_buff *skb, bool peek)
{
	bool stamped = skb->tstamp;

	sock_recv_cmsgs(msg, sk, skb);
	if (!stamped && !peek && eudp_cb(skb)->segment)
		skb->tstamp = 0;
}

/* Who sent it, and the control messages: ip(7), udp(7), socket(7) */
static void eudp_tell(struct sock *sk, struct msghdr *msg,
		      const struct eudp_found *found, bool peek,
		      const struct eudp_af_ops *af)
{
	struct sk_buff *skb = found->skb;

	eudp_tell_stamp(sk, msg, skb, peek);
	if (msg->msg_name)
		af->name(sk, skb, msg);
	eudp_tell_segment(sk, msg, skb);
	af->tell(sk, msg, skb, found->skip);
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
	struct eudp_found found;
	int err, left, copied;

	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, len, &msg->msg_namelen);
	sock_rps_record_flow(sk);

	if (!eudp_receive(sk, msg, len, flags, &found, &err))
		return err;
	if (err && peek) {
		consume_skb(found.skb);
		return err;
	}
	if (err) {
		eudp_drop(sock_net(sk), sk, found.skb,
			  SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}

	if (!peek)
		eudp_count(eudp_sk(sk)->en, eudp_version_of(found.skb),
			   EUDP_IN_DATAGRAMS);
	eudp_tell(sk, msg, &found, peek, af);

	left = found.len - found.skip;
	copied = min_t(size_t, len, left);
	/* as in-kernel UDP has it, also for the last part after an offset */
	if (len <= left && len < found.len)
		msg->msg_flags |= MSG_TRUNC;
	if (flags & MSG_TRUNC)
		copied = found.len;
	sk_peek_offset_bwd(sk, peek ? -copied : copied);
	consume_skb(found.skb);
	return copied;
}

/* Takes the first datagram out of the queue if its checksum is wrong. */
static struct sk_buff *__eudp_first_broken(struct sock *sk, int *len)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb = skb_peek(queue);
	struct eudp_found found = { .len = -1 };

	if (skb)
		__eudp_first(skb, &found);
	*len = found.len;
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

	for (;;) {
		spin_lock_bh(&queue->lock);
		broken = __eudp_first_broken(sk, &len);
		spin_unlock_bh(&queue->lock);
		if (!broken)
			return len;
		eudp_drop(sock_net(sk), sk, broken, SKB_DROP_REASON_UDP_CSUM);
		cond_resched();
	}
}
