// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors about datagrams that were sent: who hears what.
 */
#include <net/sock.h>
#include "eudp.h"

/**
 * eudp_error() - let a socket know of an error that came in
 * @sk: the socket that sent the datagram
 * @err: negative errno
 * @hard: whether it is more than a passing trouble
 * @queued: whether the socket has an error queue (IP_RECVERR), and has it there
 *
 * Without an error queue only a connected socket hears of errors, and only of
 * hard ones: udp(7). It could not tell whose they are otherwise.
 *
 * Context: softirq, RCU read side.
 */
void eudp_error(struct sock *sk, int err, bool hard, bool queued)
{
	if (!queued && (!hard || READ_ONCE(sk->sk_state) != TCP_ESTABLISHED))
		return;

	WRITE_ONCE(sk->sk_err, -err);
	sk_error_report(sk);
}
