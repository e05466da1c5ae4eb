// SPDX-License-Identifier: GPL-2.0
/*
 * ICMP errors about datagrams that were sent: who hears what.
 */
#include <net/icmp.h>
#include <net/sock.h>
#include "eudp.h"

/**
 * eudp4_icmp_errno() - what an ICMP error means to a program
 * @type: of the ICMP message
 * @code: of the ICMP message
 * @hard: set to whether it is more than a passing trouble (RFC 1122 4.2.3.9)
 *
 * Return: an errno, see ip(7) and icmp(7).
 */
int eudp4_icmp_errno(u8 type, u8 code, bool *hard)
{
	*hard = false;

	if (type == ICMP_PARAMETERPROB) {
		*hard = true;
		return -EPROTO;
	}
	if (type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED) {
		*hard = true;
		return -EMSGSIZE;
	}
	if (type == ICMP_DEST_UNREACH && code <= NR_ICMP_UNREACH) {
		*hard = icmp_err_convert[code].fatal;
		return -icmp_err_convert[code].errno;
	}
	return -EHOSTUNREACH;
}

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
	if (!queued && (!hard || sk->sk_state != TCP_ESTABLISHED))
		return;

	WRITE_ONCE(sk->sk_err, -err);
	sk_error_report(sk);
}
