// SPDX-License-Identifier: GPL-2.0
/*
 * What a program asks of IPv4 for one datagram: control messages (ip(7)), and
 * IP options (RFC 791 3.1).
 */
#include <linux/capability.h>
#include <linux/in.h>
#include <linux/socket.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/sock.h>
#include "eudp.h"

/* IP_PKTINFO: device and source address */
static int eudp4_control_pktinfo(struct eudp_packet *packet, const void *data,
				 size_t len)
{
	const struct in_pktinfo *info = data;

	if (len != sizeof(*info))
		return -EINVAL;
	if (info->ipi_ifindex)
		packet->oif = info->ipi_ifindex;
	packet->saddr = info->ipi_spec_dst.s_addr;
	return 0;
}

static int eudp4_control_ttl(struct eudp_packet *packet, const void *data,
			     size_t len)
{
	int ttl;

	if (len != sizeof(ttl))
		return -EINVAL;
	ttl = *(const int *)data;
	if (ttl < 1 || ttl > 255)
		return -EINVAL;
	packet->ttl = ttl;
	return 0;
}

static int eudp4_control_tos(struct eudp_packet *packet, const void *data,
			     size_t len)
{
	int tos;

	if (len == sizeof(int))
		tos = *(const int *)data;
	else if (len == sizeof(u8))
		tos = *(const u8 *)data;
	else
		return -EINVAL;
	if (tos < 0 || tos > 255)
		return -EINVAL;
	packet->tos = tos;
	packet->priority = rt_tos2priority(tos);
	return 0;
}

/* IP_PROTOCOL: checked, but ours stays */
static int eudp4_control_protocol(const void *data, size_t len)
{
	int protocol;

	if (len != sizeof(protocol))
		return -EINVAL;
	protocol = *(const int *)data;
	return protocol < 1 || protocol > 255 ? -EINVAL : 0;
}

/* IP_RETOPTS: options for this datagram, instead of those of the socket */
static int eudp4_control_options(const struct sock *sk,
				 struct eudp_packet *packet, const void *data,
				 size_t len)
{
	struct ip_options *opt = &packet->options.opt.opt;
	struct net *net = sock_net(sk);

	len = min_t(size_t, len, sizeof(packet->options.data));
	memset(&packet->options, 0, sizeof(packet->options));
	memcpy(opt->__data, data, len);
	/* the rest of the last four bytes is IPOPT_END already */
	opt->optlen = ALIGN(len, 4);
	packet->has_options = true;
	if (opt->optlen && ip_options_compile(net, opt, NULL))
		return -EINVAL;
	/* a source route leads around what routers allow */
	if (opt->srr && !ns_capable(net->user_ns, CAP_NET_RAW))
		return -EPERM;
	return 0;
}

/**
 * eudp4_control() - take a control message
 * @sk: the socket that sends
 * @packet: what is sent
 * @cmsg: the message, of any level
 *
 * Return: 0, also for other levels than SOL_IP, -EINVAL or -EPERM.
 */
int eudp4_control(struct sock *sk, struct eudp_packet *packet,
		  struct cmsghdr *cmsg)
{
	size_t len = cmsg->cmsg_len - sizeof(*cmsg);
	const void *data = CMSG_DATA(cmsg);

	if (cmsg->cmsg_level != SOL_IP)
		return 0;

	switch (cmsg->cmsg_type) {
	case IP_PKTINFO:
		return eudp4_control_pktinfo(packet, data, len);
	case IP_TTL:
		return eudp4_control_ttl(packet, data, len);
	case IP_TOS:
		return eudp4_control_tos(packet, data, len);
	case IP_RETOPTS:
		return eudp4_control_options(sk, packet, data, len);
	case IP_PROTOCOL:
		return eudp4_control_protocol(data, len);
	default:
		return -EINVAL;
	}
}

/**
 * eudp4_control_all() - take the control messages of a message
 * @sk: the socket
 * @packet: the datagram
 *
 * Return: 0, or what eudp4_control() or those of SOL_SOCKET say.
 */
int eudp4_control_all(struct sock *sk, struct eudp_packet *packet)
{
	struct cmsghdr *cmsg;
	int err;

	for_each_cmsghdr(cmsg, packet->msg) {
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = __sock_cmsg_send(sk, cmsg, &packet->sockc);
		else if (cmsg->cmsg_level == SOL_IPV6)
			err = eudp6_control_mapped(sk, packet, cmsg);
		else
			err = eudp4_control(sk, packet, cmsg);
		if (err)
			return err;
	}
	return 0;
}

/**
 * eudp4_take_options() - take the options that IP_OPTIONS set, if any
 * @sk: the socket that sends
 * @packet: what is sent; gets a copy
 */
void eudp4_take_options(struct sock *sk, struct eudp_packet *packet)
{
	const struct ip_options_rcu *opt;

	if (!rcu_access_pointer(inet_sk(sk)->inet_opt))
		return;

	rcu_read_lock();
	opt = rcu_dereference(inet_sk(sk)->inet_opt);
	if (opt) {
		memcpy(&packet->options, opt,
		       sizeof(*opt) + opt->opt.optlen);
		packet->has_options = true;
	}
	rcu_read_unlock();
}

/**
 * eudp4_write_options() - write the options behind the IP header
 * @skb: what is sent
 * @packet: has the options, and addresses that belong into them
 *
 * ip_options_compile() has made room in what is recorded for this host, and
 * moved the pointers behind it.
 */
void eudp4_write_options(struct sk_buff *skb, const struct eudp_packet *packet)
{
	const struct ip_options *opt = &packet->options.opt.opt;
	u8 *at, *header = skb_network_header(skb);
	__be32 time;

	memcpy(header + sizeof(struct iphdr), opt->__data, opt->optlen);
	/* which of them go into all fragments, IP sees here */
	memcpy(&IPCB(skb)->opt, opt, sizeof(*opt));

	if (opt->srr) {
		at = header + opt->srr;
		memcpy(at + at[IPOPT_OLEN] - 4, &packet->daddr_last, 4);
	}
	if (opt->rr_needaddr) {
		at = header + opt->rr;
		memcpy(at + at[IPOPT_OFFSET] - 5, &packet->saddr, 4);
	}
	if (opt->ts_needaddr) {
		at = header + opt->ts;
		memcpy(at + at[IPOPT_OFFSET] - 9, &packet->saddr, 4);
	}
	if (opt->ts_needtime) {
		at = header + opt->ts;
		time = inet_current_timestamp();
		memcpy(at + at[IPOPT_OFFSET] - 5, &time, 4);
	}
}
