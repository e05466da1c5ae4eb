// SPDX-License-Identifier: GPL-2.0
/*
 * From the receive queue to the program.
 */
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/inet_common.h>
#include <net/rps.h>
#include <net/sock.h>
#include "eudp.h"

/* Takes the first datagram out of the queue; MSG_PEEK leaves it there too. */
static struct sk_buff *eudp_dequeue(struct sock *sk, int flags)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb;

	spin_lock_bh(&queue->lock);
	skb = skb_peek(queue);
	if (skb && flags & MSG_PEEK) {
		skb_get(skb);
	} else if (skb) {
		__skb_unlink(skb, queue);
		__eudp_uncharge(sk, skb->truesize);
	}
	spin_unlock_bh(&queue->lock);
	return skb;
}

/*
 * Waits for a datagram as recv(2) says. Returns it, or NULL with 0 in @err
 * after shutdown(2), else an errno: an error that is pending comes first.
 */
static struct sk_buff *eudp_wait(struct sock *sk, int flags, int *err)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	long timeout = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;

	for (;;) {
		*err = sock_error(sk);
		if (*err)
			return NULL;
		skb = eudp_dequeue(sk, flags);
		if (skb)
			return skb;
		*err = -EAGAIN;
		if (!timeout ||
		    __skb_wait_for_more_packets(sk, queue, err, &timeout,
						(struct sk_buff *)queue))
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
		first_to_find = skb_peek(queue) == skb;
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
 * Copies up to @len bytes of payload. The checksum is verified meanwhile, or
 * before if not all of it is copied or somebody will copy it again.
 * Returns 0, -EBADMSG if it is wrong, or -EFAULT.
 */
static int eudp_copy(struct sk_buff *skb, struct msghdr *msg, size_t len,
		     int flags)
{
	int err;

	if (!skb_csum_unnecessary(skb) && len >= skb->len &&
	    !(flags & MSG_PEEK)) {
		err = skb_copy_and_csum_datagram_msg(skb, 0, msg);
		return err == -EINVAL ? -EBADMSG : err;
	}

	if (eudp_checksum_wrong(skb))
		return -EBADMSG;
	return skb_copy_datagram_msg(skb, 0, msg, min_t(size_t, len, skb->len));
}

/* The next datagram whose checksum is right, copied to @msg */
static struct sk_buff *eudp_receive(struct sock *sk, struct msghdr *msg,
				    size_t len, int flags, int *err)
{
	struct sk_buff *skb;

	for (;;) {
		skb = eudp_wait(sk, flags, err);
		if (!skb)
			return NULL;
		*err = eudp_copy(skb, msg, len, flags);
		if (*err != -EBADMSG)
			return skb;
		eudp_drop_broken(sk, skb, flags);
		cond_resched();
	}
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
	struct sk_buff *skb;
	int err, size;

	if (flags & MSG_ERRQUEUE)
		return inet_recv_error(sk, msg, len, &msg->msg_namelen);
	sock_rps_record_flow(sk);

	skb = eudp_receive(sk, msg, len, flags, &err);
	if (!skb)
		return err;
	if (err && flags & MSG_PEEK) {
		consume_skb(skb);
		return err;
	}
	if (err) {
		eudp_drop(sock_net(sk), sk, skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}

	if (!(flags & MSG_PEEK))
		eudp_count(sock_net(sk), EUDP_IN_DATAGRAMS);
	sock_recv_cmsgs(msg, sk, skb);
	if (msg->msg_name)
		af->name(skb, msg);
	if (inet_cmsg_flags(inet_sk(sk)))
		ip_cmsg_recv_offset(msg, sk, skb, sizeof(struct udphdr), 0);

	size = skb->len;
	if (len < size) {
		msg->msg_flags |= MSG_TRUNC;
		if (!(flags & MSG_TRUNC))
			size = len;
	}
	consume_skb(skb);
	return size;
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
	struct sk_buff_head broken;
	struct sk_buff *skb;
	int len = -1;

	__skb_queue_head_init(&broken);
	spin_lock_bh(&queue->lock);
	while ((skb = skb_peek(queue)) != NULL && eudp_checksum_wrong(skb)) {
		__skb_unlink(skb, queue);
		__eudp_uncharge(sk, skb->truesize);
		__skb_queue_tail(&broken, skb);
	}
	if (skb)
		len = skb->len;
	spin_unlock_bh(&queue->lock);

	while ((skb = __skb_dequeue(&broken)) != NULL)
		eudp_drop(sock_net(sk), sk, skb, SKB_DROP_REASON_UDP_CSUM);
	return len;
}
