// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams going out: for whom, by which route, at once or in parts, and
 * away.
 */
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/sock.h>
#include "eudp.h"

/* The most datagrams in a train: UDP_SEGMENT of udp(7) */
#define EUDP_SEGMENTS_MAX	128

/**
 * eudp_check_segments() - the rules of UDP_SEGMENT, see udp(7)
 * @packet: a datagram that is complete, on a socket or in a call that asks for
 *	segments; it may need none
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE, -EINVAL, -EIO.
 */
int eudp_check_segments(const struct eudp_packet *packet)
{
	if (packet->header_len + sizeof(struct udphdr) +
	    min(packet->size, packet->segment) > packet->segment_mtu)
		return -EMSGSIZE;
	if (packet->size > packet->segment * EUDP_SEGMENTS_MAX ||
	    packet->no_check)
		return -EINVAL;
	/* IPsec would take a train for one packet */
	return dst_xfrm(packet->dst) ? -EIO : 0;
}

/* Forgets the route of a datagram, and what else it has but the skb. */
static void eudp_forget(struct eudp_packet *packet)
{
	dst_release(packet->dst);
	packet->af->release(packet);
}

static void eudp_discard(struct eudp_packet *packet)
{
	kfree_skb(packet->skb);
	eudp_forget(packet);
}

/* Sends a datagram that is complete; its skb and route are gone after that. */
static int eudp_push(struct sock *sk, struct eudp_packet *packet)
{
	int err;

	eudp_finish(sk, packet);
	err = packet->af->push(sk, packet);
	if (!err) {
		eudp_count(eudp_sk(sk)->en, packet->af->version,
			   EUDP_OUT_DATAGRAMS);
		return 0;
	}
	/* A full queue of a device is no error without IP_RECVERR: ip(7) */
	if (err == -ENOBUFS && !packet->af->recverr(sk)) {
		eudp_count(eudp_sk(sk)->en, packet->af->version,
			   EUDP_SNDBUF_ERRORS);
		return 0;
	}
	return err;
}

/* Whether it, with what is added to it, is more than may be sent */
static bool eudp_too_big(struct sock *sk, const struct eudp_packet *packet)
{
	if (packet->header_len + sizeof(struct udphdr) + packet->size +
	    packet->len <= packet->af->len_max(sk, packet))
		return false;
	packet->af->too_big(sk, packet);
	return true;
}

/*
 * Begins what MSG_ZEROCOPY asks for on a socket with SO_ZEROCOPY: to be told
 * when the memory is no longer needed. All is copied, since there is no device
 * that sums for us (but lo, where in-kernel UDP copies later); so that is when
 * the call is done. What others want to tell (io_uring) they tell themselves.
 */
static struct ubuf_info *eudp_promise(struct sock *sk,
				      const struct eudp_packet *packet)
{
	size_t size = packet->len + (packet->skb ? 0 : sizeof(struct udphdr));
	const struct msghdr *msg = packet->msg;
	struct ubuf_info *promise;

	if (!(msg->msg_flags & MSG_ZEROCOPY) || msg->msg_ubuf ||
	    !sock_flag(sk, SOCK_ZEROCOPY))
		return NULL;
	/* there is nothing to tell of a part that is empty */
	if (!size)
		return NULL;
	promise = msg_zerocopy_realloc(sk, size, NULL);
	if (!promise)
		return ERR_PTR(-ENOBUFS);
	uarg_to_msgzc(promise)->zerocopy = 0;
	return promise;
}

/* Tells that it was copied, or that nothing was sent. */
static void eudp_keep_promise(struct ubuf_info *promise, int err)
{
	if (err)
		net_zcopy_put_abort(promise, true);
	else
		net_zcopy_put(promise);
}

/* Adds a part to a datagram, or begins it. */
static int eudp_add(struct sock *sk, struct eudp_packet *packet)
{
	struct ubuf_info *promise;
	int err = 0;

	if (eudp_too_big(sk, packet))
		return -EMSGSIZE;
	promise = eudp_promise(sk, packet);
	if (IS_ERR(promise))
		return PTR_ERR(promise);
	if (!packet->skb)
		err = eudp_begin(sk, packet);
	if (!err)
		err = eudp_append(sk, packet);
	if (err)
		packet->af->count_discard(sk, packet);
	eudp_keep_promise(promise, err);
	return err;
}

/* Builds a datagram from its first, or only, part. */
static int eudp_build(struct sock *sk, struct eudp_packet *packet)
{
	int err = -ENETUNREACH;

	if (packet->segment_mtu >= packet->af->mtu_min)
		err = eudp_add(sk, packet);
	if (err) {
		eudp_discard(packet);
		return err;
	}
	/* a number is taken, whatever comes of the datagram; there is no ACK */
	skb_setup_tx_timestamp(packet->skb, packet->sockc.tsflags &
					    ~SOF_TIMESTAMPING_TX_ACK);
	return 0;
}

/* Keeps the first part of a datagram: UDP_CORK and MSG_MORE of udp(7) */
static int __eudp_cork(struct sock *sk, struct eudp_packet *packet)
{
	struct eudp_sock *es = eudp_sk(sk);
	int err;

	if (!es->packet)
		es->packet = kmalloc(sizeof(*es->packet), GFP_KERNEL);
	if (!es->packet) {
		eudp_forget(packet);
		return -ENOBUFS;
	}

	packet->corked = true;
	packet->af->hold(sk, packet);
	if (packet->msg->msg_flags & MSG_PROBE) {
		eudp_forget(packet);
		return 0;
	}
	/* who sends while this waits for room adds to it, so he waits as well */
	WRITE_ONCE(es->pending, packet->af->family);
	err = eudp_build(sk, packet);
	if (!err)
		*es->packet = *packet;
	else
		WRITE_ONCE(es->pending, 0);
	return err;
}

static int eudp_cork(struct sock *sk, struct eudp_packet *packet)
{
	int err = -EINVAL;

	lock_sock(sk);
	/* another thread was first, for whatever destination */
	if (eudp_sk(sk)->pending)
		eudp_forget(packet);
	else
		err = __eudp_cork(sk, packet);
	release_sock(sk);
	return err;
}

static void __eudp_flush(struct sock *sk)
{
	WRITE_ONCE(eudp_sk(sk)->pending, 0);
	eudp_discard(eudp_sk(sk)->packet);
}

static int __eudp_push_pending(struct sock *sk)
{
	struct eudp_sock *es = eudp_sk(sk);

	WRITE_ONCE(es->pending, 0);
	es->packet->af->recall(sk, es->packet);
	return eudp_push(sk, es->packet);
}

/* Adds a part to the datagram that is corked, and sends it if it is the last */
static int __eudp_add_part(struct sock *sk, struct msghdr *msg, size_t len,
			   bool more)
{
	struct eudp_packet *packet = eudp_sk(sk)->packet;
	int err = 0;

	packet->msg = msg;
	packet->len = len;
	packet->af->recall(sk, packet);
	if (!(msg->msg_flags & MSG_PROBE))
		err = eudp_add(sk, packet);
	if (err)
		__eudp_flush(sk);
	else if (!more)
		err = __eudp_push_pending(sk);
	return err;
}

/*
 * Returns false if nothing is corked after all. What is of the other version
 * of IP cannot become a part of it.
 */
static bool eudp_add_part(struct sock *sk, struct msghdr *msg, size_t len,
			  bool more, const struct eudp_af_ops *af, int *err)
{
	int pending;

	lock_sock(sk);
	pending = eudp_sk(sk)->pending;
	if (pending == af->family)
		*err = __eudp_add_part(sk, msg, len, more);
	else
		*err = -EINVAL;
	release_sock(sk);
	return pending;
}

/**
 * eudp_push_pending() - send what is corked, if anything
 * @sk: the socket
 *
 * Nobody is told if that fails, as in udp(7).
 *
 * Context: process.
 */
void eudp_push_pending(struct sock *sk)
{
	lock_sock(sk);
	if (eudp_sk(sk)->pending)
		__eudp_push_pending(sk);
	release_sock(sk);
}

/**
 * eudp_splice_eof() - the end of what sendfile(2) or splice(2) had to send
 * @sock: the socket
 *
 * They said that more would come. Nothing does, so what is there is sent,
 * unless UDP_CORK is on.
 *
 * Context: process.
 */
void eudp_splice_eof(struct socket *sock)
{
	struct eudp_sock *es = eudp_sk(sock->sk);

	if (READ_ONCE(es->pending) && !READ_ONCE(es->cork))
		eudp_push_pending(sock->sk);
}

/**
 * eudp_destroy() - drop what is corked when a socket is closed
 * @sk: the socket
 *
 * Context: process.
 */
void eudp_destroy(struct sock *sk)
{
	struct eudp_sock *es = eudp_sk(sk);

	lock_sock(sk);
	/* from here on eudp_abort() leaves it alone */
	sock_set_flag(sk, SOCK_DEAD);
	if (es->pending)
		__eudp_flush(sk);
	kfree(es->packet);
	es->packet = NULL;
	release_sock(sk);
}

/* Options that a socket has for all of its datagrams */
static void eudp_packet_init(struct eudp_packet *packet, const struct sock *sk,
			     struct msghdr *msg, size_t len,
			     const struct eudp_af_ops *af)
{
	packet->af = af;
	packet->msg = msg;
	packet->len = len;
	packet->to_peer = false;
	packet->sockc = (struct sockcm_cookie) {
		.mark = READ_ONCE(sk->sk_mark),
		.tsflags = READ_ONCE(sk->sk_tsflags),
	};
	packet->oif = READ_ONCE(sk->sk_bound_dev_if);
	packet->ttl = 0;
	packet->tos = -1;
	packet->segment = READ_ONCE(eudp_sk(sk)->segment);
	packet->dst = NULL;
	packet->sport = READ_ONCE(inet_sk(sk)->inet_sport);
	packet->corked = false;
	packet->skb = NULL;
	packet->size = 0;
	packet->sum = 0;
}

/* UDP_SEGMENT is the only control message that udp(7) has for sending */
static int eudp_control_own(struct eudp_packet *packet,
			    const struct cmsghdr *cmsg)
{
	if (cmsg->cmsg_type != UDP_SEGMENT ||
	    cmsg->cmsg_len != CMSG_LEN(sizeof(u16)))
		return -EINVAL;
	packet->segment = *(const u16 *)CMSG_DATA(cmsg);
	return 0;
}

static int eudp_control_udp(struct eudp_packet *packet, bool *others)
{
	struct msghdr *msg = packet->msg;
	struct cmsghdr *cmsg;
	int err;

	*others = false;
	for_each_cmsghdr(cmsg, msg) {
		if (!CMSG_OK(msg, cmsg))
			return -EINVAL;
		if (cmsg->cmsg_level != SOL_UDP &&
		    cmsg->cmsg_level != SOL_EUDP) {
			*others = true;
			continue;
		}
		err = eudp_control_own(packet, cmsg);
		if (err)
			return err;
	}
	return 0;
}

/* Takes the control messages, see cmsg(3); others than ours are ignored. */
static int eudp_control(struct sock *sk, struct eudp_packet *packet)
{
	bool others;
	int err;

	err = eudp_control_udp(packet, &others);
	if (err)
		return err;

	/* they may ask for another route than that to the peer */
	if (others)
		packet->to_peer = false;
	return packet->af->control(sk, packet);
}

/* Routes a datagram, and sends it or corks its first part. */
static int eudp_send(struct sock *sk, struct eudp_packet *packet, bool more)
{
	int flags = packet->msg->msg_flags, err;

	err = packet->af->route(sk, packet);
	if (err)
		return err;
	/* MSG_PROBE only tries whether it could go, or be corked: send(2) */
	if (flags & MSG_PROBE &&
	    (!more || (flags & MSG_CONFIRM && !packet->len))) {
		eudp_forget(packet);
		return 0;
	}
	packet->segment_mtu = packet->mtu;
	if (packet->segment)
		packet->mtu = packet->af->mtu_max;
	if (more)
		return eudp_cork(sk, packet);

	err = eudp_build(sk, packet);
	return err ?: eudp_push(sk, packet);
}

/* Who could not send for want of room, at any time since he could */
static int eudp_sent(struct sock *sk, size_t len,
		     const struct eudp_af_ops *af, int err)
{
	if (!err)
		return len;
	if (err == -ENOBUFS || test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		eudp_count(eudp_sk(sk)->en, af->version, EUDP_SNDBUF_ERRORS);
	return err;
}

/**
 * eudp_sendmsg() - send(2) and its kin
 * @sk: the socket; has a port, see inet_send_prepare()
 * @msg: the message; an address in it says for whom, else the peer
 * @len: bytes of payload, less than INT_MAX
 * @af: the IP version of the address
 *
 * Context: process; takes no lock unless parts are gathered, so that several
 * can send at once.
 * Return: @len, or an errno that send(2), udp(7) and ip(7) name.
 */
int eudp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len,
		 const struct eudp_af_ops *af)
{
	bool more = msg->msg_flags & MSG_MORE || READ_ONCE(eudp_sk(sk)->cork);
	struct eudp_packet packet;
	int err;

	if (READ_ONCE(eudp_sk(sk)->pending) &&
	    eudp_add_part(sk, msg, len, more, af, &err))
		return eudp_sent(sk, len, af, err);

	eudp_packet_init(&packet, sk, msg, len, af);
	err = af->peer(sk, &packet);
	if (!err && msg->msg_controllen)
		err = eudp_control(sk, &packet);
	if (err)
		return err;

	return eudp_sent(sk, len, af, eudp_send(sk, &packet, more));
}
