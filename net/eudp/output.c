// SPDX-License-Identifier: GPL-2.0
/*
 * Datagrams going out: for whom, by which route, and away.
 */
#include <net/inet_common.h>
#include <net/sock.h>
#include "eudp.h"

/*
 * The answer to a datagram that was not sent for want of room: without
 * IP_RECVERR a full queue of a device is no error, see udp(7) and ip(7).
 */
static int eudp_push_error(struct sock *sk, int err)
{
	if (!err) {
		eudp_count(sock_net(sk), EUDP_OUT_DATAGRAMS);
		return 0;
	}
	if (err == -ENOBUFS && !inet_test_bit(RECVERR, sk)) {
		eudp_count(sock_net(sk), EUDP_SNDBUF_ERRORS);
		return 0;
	}
	return err;
}

static int eudp_build_and_push(struct sock *sk, struct eudp_packet *packet,
			       const struct eudp_af_ops *af)
{
	struct sk_buff *skb = eudp_build(sk, packet, af);

	if (IS_ERR(skb)) {
		dst_release(packet->dst);
		return PTR_ERR(skb);
	}
	return eudp_push_error(sk, af->push(sk, skb, packet));
}

/**
 * eudp_sendmsg() - send(2) and its kin
 * @sk: the socket
 * @msg: the message; an address in it says for whom, else the peer
 * @len: bytes of payload
 * @af: the IP version of the socket
 *
 * Context: process; takes no lock, so that several can send at once.
 * Return: @len, or an errno that send(2), udp(7) and ip(7) name.
 */
int eudp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len,
		 const struct eudp_af_ops *af)
{
	struct eudp_packet packet = { .msg = msg, .len = len };
	int err;

	/* a port of its own, whatever comes of the rest */
	err = inet_send_prepare(sk);
	if (err)
		return err;
	if (len > U16_MAX)
		return -EMSGSIZE;
	/* to come: cork, control messages */
	if ((msg->msg_flags & (MSG_OOB | MSG_MORE)) || msg->msg_controllen)
		return -EOPNOTSUPP;

	err = af->peer(sk, &packet);
	if (err)
		return err;
	packet.sport = inet_sk(sk)->inet_sport;
	err = af->route(sk, &packet);
	if (err)
		return err;

	err = eudp_build_and_push(sk, &packet, af);
	if (!err)
		return len;

	if (err == -ENOBUFS || test_bit(SOCK_NOSPACE, &sk->sk_socket->flags))
		eudp_count(sock_net(sk), EUDP_SNDBUF_ERRORS);
	return err;
}
