// SPDX-License-Identifier: GPL-2.0
/*
 * BPF maps of sockets (BPF_MAP_TYPE_SOCKMAP): a socket can be a member, so that
 * programs can choose it. Its data are not redirected, nor others' to it.
 */
#include <linux/bpf.h>
#include <linux/skmsg.h>
#include <net/sock.h>
#include "eudp.h"

/**
 * eudp_sockmap_init() - what a socket is like while it is in a map
 * @in_map: filled in; it leaves the maps when it is closed
 * @prot: what it is like else
 */
void eudp_sockmap_init(struct proto *in_map, const struct proto *prot)
{
	*in_map = *prot;
	in_map->close = sock_map_close;
}

/**
 * eudp_sockmap_update() - a socket enters its first map or left its last one
 * @sk: the socket
 * @psock: what the maps keep of it
 * @restore: whether it left
 * @in_map: what it is like in a map
 *
 * Return: 0, or -EOPNOTSUPP if it has no port, or the map wants to redirect data.
 */
int eudp_sockmap_update(struct sock *sk, struct sk_psock *psock, bool restore,
			struct proto *in_map)
{
	const struct sk_psock_progs *progs = &psock->progs;

	if (restore) {
		sock_replace_proto(sk, psock->sk_proto);
		return 0;
	}
	if (!eudp_has_port(sk) || progs->msg_parser || progs->stream_parser ||
	    progs->stream_verdict || progs->skb_verdict)
		return -EOPNOTSUPP;
	/* other sockets' programs cannot redirect to it what they have */
	sk_psock_clear_state(psock, SK_PSOCK_TX_ENABLED);
	sock_replace_proto(sk, in_map);
	return 0;
}
