// SPDX-License-Identifier: GPL-2.0
/*
 * The IPv4 wing: all that knows IPv4, and nothing else does.
 */
#include <linux/bpf-cgroup.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/igmp.h>
#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/once.h>
#include <linux/seq_file.h>
#include <linux/udp.h>
#include <net/gro.h>
#include <net/icmp.h>
#include <net/inet_common.h>
#include <net/inet_hashtables.h>
#include <net/ip.h>
#include <net/l3mdev.h>
#include <net/protocol.h>
#include <net/route.h>
#include <net/sock.h>
#include "eudp.h"

/* The score of a socket grows by this for each thing it insists on... */
#define EUDP4_SCORE_BOUND	4
/* ...by this for being of IPv4 only, or of IPv6 as well... */
#define EUDP4_SCORE_IPV4	2
#define EUDP4_SCORE_IPV6	1
/* ...and by this for SO_INCOMING_CPU. */
#define EUDP4_SCORE_CPU		1

/* Going out */

/* For whom: ip(7) has the rules for addresses, udp(7) for port 0 */
static int eudp4_peer(struct sock *sk, struct eudp_packet *packet)
{
	const struct sockaddr_in *name = packet->msg->msg_name;

	packet->saddr = READ_ONCE(inet_sk(sk)->inet_saddr);
	packet->has_options = false;
	if (!name) {
		if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		packet->daddr = READ_ONCE(inet_sk(sk)->inet_daddr);
		packet->dport = READ_ONCE(inet_sk(sk)->inet_dport);
		packet->to_peer = true;
		return 0;
	}

	if (packet->msg->msg_namelen < sizeof(*name))
		return -EINVAL;
	if (name->sin_family != AF_INET && name->sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	if (!name->sin_port)
		return -EINVAL;
	packet->daddr = name->sin_addr.s_addr;
	packet->dport = name->sin_port;
	return 0;
}

/* BPF of the cgroup may send it elsewhere, see BPF_CGROUP_UDP4_SENDMSG. */
static int eudp4_sendmsg_bpf(struct sock *sk, struct eudp_packet *packet)
{
	struct sockaddr_in *name = packet->msg->msg_name;
	int err;

	if (packet->to_peer || !cgroup_bpf_enabled(CGROUP_UDP4_SENDMSG))
		return 0;
	err = BPF_CGROUP_RUN_PROG_UDP4_SENDMSG_LOCK(sk, (struct sockaddr *)name,
						    &packet->msg->msg_namelen,
						    &packet->saddr);
	if (err || !name)
		return err;

	packet->daddr = name->sin_addr.s_addr;
	packet->dport = name->sin_port;
	return packet->dport ? 0 : -EINVAL;
}

/* IP options, and the first hop of a source route: RFC 791 */
static int eudp4_prepare_options(struct sock *sk, struct eudp_packet *packet)
{
	const struct ip_options *opt = &packet->options.opt.opt;

	packet->header_len = sizeof(struct iphdr);
	if (packet->has_options)
		packet->header_len += opt->optlen;
	packet->whole_len = packet->header_len;
	packet->fragment_len = packet->header_len;
	if (!packet->has_options)
		return 0;

	if (!opt->srr)
		return 0;
	if (!packet->daddr)
		return -EINVAL;
	packet->daddr_last = packet->daddr;
	packet->daddr = opt->faddr;
	packet->to_peer = false;
	return 0;
}

/* Where it ends: of a source route the last hop */
static __be32 eudp4_receiver(const struct eudp_packet *packet)
{
	return packet->has_options && packet->options.opt.opt.srr ?
	       packet->daddr_last : packet->daddr;
}

/* Whether no router may be on the way */
static bool eudp4_direct(const struct sock *sk,
			 const struct eudp_packet *packet)
{
	return sock_flag(sk, SOCK_LOCALROUTE) ||
	       packet->msg->msg_flags & MSG_DONTROUTE ||
	       (packet->has_options &&
		packet->options.opt.opt.is_strictroute);
}

/* The device and source address that options set for a destination: ip(7) */
static void eudp4_device(const struct sock *sk, struct eudp_packet *packet)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 daddr = eudp4_receiver(packet);
	int unicast = READ_ONCE(inet->uc_index);
	struct net *net = sock_net(sk);

	if (ipv4_is_multicast(daddr)) {
		if (!packet->saddr)
			packet->saddr = READ_ONCE(inet->mc_addr);
		if (!packet->oif || netif_index_is_l3_master(net, packet->oif))
			packet->oif = READ_ONCE(inet->mc_index);
		packet->to_peer = false;
	} else if (!packet->oif) {
		packet->oif = unicast;
	} else if (ipv4_is_lbcast(daddr) && unicast &&
		   packet->oif == l3mdev_master_ifindex_by_index(net,
								 unicast)) {
		/* bound to a VRF, the broadcast leaves by one of its devices */
		packet->oif = unicast;
	}
}

/* Looks a route up; a connected socket keeps what it finds for its peer. */
static int eudp4_find_route(struct sock *sk, struct eudp_packet *packet,
			    bool direct)
{
	int tos = packet->tos < 0 ? READ_ONCE(inet_sk(sk)->tos) : packet->tos;
	struct net *net = sock_net(sk);
	struct flowi4 fl4;
	struct rtable *rt;

	flowi4_init_output(&fl4, packet->oif, packet->sockc.mark,
			   tos & INET_DSCP_MASK,
			   direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
			   sk->sk_protocol, inet_sk_flowi_flags(sk),
			   packet->daddr, packet->saddr, packet->dport,
			   packet->sport, sk->sk_uid);
	security_sk_classify_flow(sk, flowi4_to_flowi_common(&fl4));

	rt = ip_route_output_flow(net, &fl4, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			IP_INC_STATS(net, IPSTATS_MIB_OUTNOROUTES);
		return PTR_ERR(rt);
	}
	if (rt->rt_flags & RTCF_BROADCAST && !sock_flag(sk, SOCK_BROADCAST)) {
		ip_rt_put(rt);
		return -EACCES;
	}

	if (packet->to_peer)
		sk_dst_set(sk, dst_clone(&rt->dst));
	packet->dst = &rt->dst;
	packet->saddr = fl4.saddr;
	packet->daddr = fl4.daddr;
	return 0;
}

/* What IPv4 can carry, or what may leave unfragmented */
static unsigned int eudp4_len_max(const struct sock *sk,
				  const struct eudp_packet *packet)
{
	return ip_sk_ignore_df(sk) ? IP_MAX_MTU : packet->mtu;
}

/*
 * An oddity of in-kernel UDP over IPv4: there is one place for the addresses
 * of the peer, where connect(2) puts them, and of what is corked. So a connect
 * changes where that goes, and a cork, even if it fails, where the next ones to
 * the peer go, until one of them is corked. Of a source route it has the end
 * only, which is then in the header, too.
 */
static void eudp4_hold(struct sock *sk, struct eudp_packet *packet)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet->cork.fl.u.ip4;

	packet->daddr = eudp4_receiver(packet);
	if (packet->to_peer) {
		packet->daddr = inet->inet_daddr;
		packet->dport = inet->inet_dport;
	}
	WRITE_ONCE(fl4->saddr, packet->saddr);
	WRITE_ONCE(fl4->daddr, packet->daddr);
	WRITE_ONCE(fl4->fl4_dport, packet->dport);
}

static void eudp4_recall(struct sock *sk, struct eudp_packet *packet)
{
	const struct flowi4 *fl4 = &inet_sk(sk)->cork.fl.u.ip4;

	packet->saddr = READ_ONCE(fl4->saddr);
	packet->daddr = READ_ONCE(fl4->daddr);
	packet->dport = READ_ONCE(fl4->fl4_dport);
	packet->sport = READ_ONCE(inet_sk(sk)->inet_sport);
	packet->no_check = sk->sk_no_check_tx;
}

/* What a packet has is in it. */
static void eudp4_release(struct eudp_packet *packet)
{
}

static int eudp4_route(struct sock *sk, struct eudp_packet *packet)
{
	int flags = packet->msg->msg_flags;
	bool direct;
	int err;

	packet->no_check = sk->sk_no_check_tx;
	if (!packet->has_options)
		eudp4_take_options(sk, packet);
	err = eudp4_sendmsg_bpf(sk, packet);
	if (!err)
		err = eudp4_prepare_options(sk, packet);
	if (err)
		return err;

	direct = eudp4_direct(sk, packet);
	if (direct)
		packet->to_peer = false;
	eudp4_device(sk, packet);
	if (packet->to_peer)
		packet->dst = sk_dst_check(sk, 0);
	if (packet->dst)
		eudp4_recall(sk, packet);
	else
		err = eudp4_find_route(sk, packet, direct);
	if (err)
		return err;

	/* the peer has answered, so the neighbour lives: arp(7) */
	if (flags & MSG_CONFIRM && flags & MSG_PROBE)
		dst_confirm_neigh(packet->dst, &packet->daddr);
	packet->mtu = ip_sk_use_pmtu(sk) ? dst_mtu(packet->dst) :
		      READ_ONCE(packet->dst->dev->mtu);
	return 0;
}

static void eudp4_count_discard(const struct sock *sk,
				const struct eudp_packet *packet)
{
	IP_INC_STATS(sock_net(sk), IPSTATS_MIB_OUTDISCARDS);
}

/* The entry of the error queue for what was not sent: IP_RECVERR of ip(7) */
static void eudp4_too_big(struct sock *sk, const struct eudp_packet *packet)
{
	struct sock_exterr_skb *entry;
	struct sk_buff *skb;

	if (!inet_test_bit(RECVERR, sk))
		return;
	skb = alloc_skb(sizeof(struct iphdr), GFP_KERNEL);
	if (!skb)
		return;

	skb_reset_network_header(skb);
	skb_put_zero(skb, sizeof(struct iphdr));
	ip_hdr(skb)->daddr = packet->daddr;
	/* there is no payload */
	__skb_pull(skb, sizeof(struct iphdr));
	skb_reset_transport_header(skb);

	entry = SKB_EXT_ERR(skb);
	entry->ee.ee_errno = EMSGSIZE;
	entry->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	entry->ee.ee_info = packet->mtu + sizeof(struct iphdr) -
			    packet->header_len;
	entry->addr_offset = offsetof(struct iphdr, daddr);
	entry->port = READ_ONCE(inet_sk(sk)->inet_dport);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

static bool eudp4_recverr(const struct sock *sk)
{
	return inet_test_bit(RECVERR, sk);
}

static void eudp4_checksum(const struct eudp_packet *packet,
			   struct udphdr *uh, __wsum sum)
{
	uh->check = csum_tcpudp_magic(packet->saddr, packet->daddr,
				      ntohs(uh->len), IPPROTO_EUDP, sum);
}

static u8 eudp4_ttl(const struct sock *sk, const struct rtable *rt)
{
	const struct inet_sock *inet = inet_sk(sk);
	int ttl;

	if (rt->rt_type == RTN_MULTICAST)
		return READ_ONCE(inet->mc_ttl);
	ttl = READ_ONCE(inet->uc_ttl);
	return ttl < 0 ? ip4_dst_hoplimit(&rt->dst) : ttl;
}

/* DF: RFC 791; IP_MTU_DISCOVER of ip(7) says when */
static bool eudp4_dont_fragment(const struct sock *sk,
				const struct sk_buff *skb,
				const struct dst_entry *dst)
{
	u8 mode = READ_ONCE(inet_sk(sk)->pmtudisc);

	if (mode == IP_PMTUDISC_DO || mode == IP_PMTUDISC_PROBE)
		return true;
	return skb->len <= dst_mtu(dst) && ip_dont_fragment(sk, dst);
}

static int eudp4_push(struct sock *sk, struct eudp_packet *packet)
{
	struct rtable *rt = dst_rtable(packet->dst);
	const struct inet_sock *inet = inet_sk(sk);
	bool has_tos = packet->tos >= 0;
	struct sk_buff *skb = packet->skb;
	struct net *net = sock_net(sk);
	struct iphdr *iph = ip_hdr(skb);
	int err;

	iph->version = IPVERSION;
	iph->ihl = packet->header_len / 4;
	iph->tos = has_tos ? packet->tos : READ_ONCE(inet->tos);
	iph->frag_off = 0;
	if (eudp4_dont_fragment(sk, skb, packet->dst))
		iph->frag_off = htons(IP_DF);
	iph->ttl = packet->ttl ?: eudp4_ttl(sk, rt);
	iph->protocol = IPPROTO_EUDP;
	iph->saddr = packet->saddr;
	iph->daddr = packet->daddr;
	if (packet->has_options)
		eudp4_write_options(skb, packet);
	skb->ignore_df = ip_sk_ignore_df(sk);
	ip_select_ident(net, skb, sk);

	skb->priority = has_tos ? packet->priority : READ_ONCE(sk->sk_priority);
	skb->mark = packet->sockc.mark;
	skb_dst_set(skb, packet->dst);
	err = packet->segment ? eudp_check_segments(packet) : 0;
	if (err) {
		kfree_skb(skb);
		return err;
	}
	err = ip_local_out(net, sk, skb);
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		IP_INC_STATS(net, IPSTATS_MIB_OUTDISCARDS);
	return err;
}

/* Coming in */

static __wsum eudp4_sum_pseudo(struct sk_buff *skb, int protocol)
{
	return csum_tcpudp_nofold(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr,
				  skb->len, protocol, 0);
}

/* A checksum of 0 says that the sender made none: RFC 768 */
static int eudp4_check(struct sk_buff *skb)
{
	if (skb_checksum_init_zero_check(skb, IPPROTO_EUDP,
					 udp_hdr(skb)->check,
					 eudp4_sum_pseudo))
		return -EBADMSG;
	return eudp_check_complete(skb);
}

static bool eudp4_takes_unsummed(const struct sock *sk)
{
	return true;
}

static bool eudp4_to_many(const struct sk_buff *skb)
{
	return skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
}

static void eudp4_refuse(struct sk_buff *skb)
{
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
}

static void eudp4_key(struct sk_buff *skb, struct eudp_key *key)
{
	key->af = &eudp4_ops;
	key->skb = skb;
	key->net = dev_net(skb->dev);
	key->saddr = ip_hdr(skb)->saddr;
	key->daddr = ip_hdr(skb)->daddr;
	key->addr_hash = eudp_addr_hash(key->net, key->daddr);
	key->sport = udp_hdr(skb)->source;
	key->dport = udp_hdr(skb)->dest;
	key->dif = inet_iif(skb);
	key->sdif = inet_sdif(skb);
}

/**
 * eudp4_key_of() - look for a socket by addresses that somebody tells
 * @key: its namespace is set; filled in but for ports and devices
 * @peer: address of the peer
 * @local: local address
 */
void eudp4_key_of(struct eudp_key *key, const __be32 *peer,
		  const __be32 *local)
{
	key->af = &eudp4_ops;
	key->saddr = *peer;
	key->daddr = *local;
	key->addr_hash = eudp_addr_hash(key->net, key->daddr);
}
EXPORT_SYMBOL_GPL(eudp4_key_of);

static bool eudp4_ends(const struct sock *sk, struct eudp_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);

	key->af = &eudp4_ops;
	key->net = sock_net(sk);
	key->saddr = inet->inet_daddr;
	key->daddr = inet->inet_rcv_saddr;
	key->addr_hash = eudp_addr_hash(key->net, key->daddr);
	key->sport = inet->inet_dport;
	key->dport = htons(inet->inet_num);
	return key->saddr;
}

/* Not to be guessed by a peer who chooses ports */
static u32 eudp4_flow_hash(const struct eudp_key *key)
{
	static u32 secret __read_mostly;

	net_get_random_once(&secret, sizeof(secret));
	return __inet_ehashfn(key->daddr, ntohs(key->dport), key->saddr,
			      key->sport, secret + net_hash_mix(key->net));
}

static int eudp4_score(const struct sock *sk, const struct eudp_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 peer = READ_ONCE(inet->inet_daddr);
	__be16 peer_port = READ_ONCE(inet->inet_dport);
	int bound = READ_ONCE(sk->sk_bound_dev_if);
	int score;

	if (READ_ONCE(inet->inet_num) != ntohs(key->dport) ||
	    READ_ONCE(inet->inet_rcv_saddr) != key->daddr ||
	    ipv6_only_sock(sk) || !eudp_device_match(bound, key))
		return -1;
	if ((peer && peer != key->saddr) ||
	    (peer_port && peer_port != key->sport))
		return -1;

	score = sk->sk_family == PF_INET ? EUDP4_SCORE_IPV4 : EUDP4_SCORE_IPV6;
	if (peer)
		score += EUDP4_SCORE_BOUND;
	if (peer_port)
		score += EUDP4_SCORE_BOUND;
	if (bound)
		score += EUDP4_SCORE_BOUND;
	if (READ_ONCE(sk->sk_incoming_cpu) == raw_smp_processor_id())
		score += EUDP4_SCORE_CPU;

	return score;
}

static bool eudp4_steer(const struct eudp_key *key, struct sock **sk)
{
	return bpf_sk_lookup_run_v4(key->net, IPPROTO_EUDP, key->saddr,
				    key->sport, key->daddr, ntohs(key->dport),
				    key->dif, sk);
}

/* Source filters: RFC 3376 3.1. There is a list of them for each membership. */
static bool eudp4_source_allowed(const struct ip_mc_socklist *group,
				 __be32 source)
{
	const struct ip_sf_socklist *list = rcu_dereference(group->sflist);
	bool listed = false;
	unsigned int i;

	for (i = 0; list && i < list->sl_count && !listed; i++)
		listed = list->sl_addr[i] == source;
	return group->sfmode == MCAST_EXCLUDE ? !listed : listed;
}

/*
 * Who has not joined the group hears it nevertheless if IP_MULTICAST_ALL is on
 * and somebody on this host has: ip(7). Broadcasts are for all.
 */
static bool eudp4_allows(const struct sock *sk, const struct eudp_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ip_mc_socklist *group;

	if (!ipv4_is_multicast(key->daddr))
		return true;

	for (group = rcu_dereference(inet->mc_list); group;
	     group = rcu_dereference(group->next_rcu)) {
		if (group->multi.imr_multiaddr.s_addr != key->daddr)
			continue;
		if (group->multi.imr_ifindex == key->dif ||
		    (key->sdif && group->multi.imr_ifindex == key->sdif))
			return eudp4_source_allowed(group, key->saddr);
	}
	return inet_test_bit(MC_ALL, sk);
}

static bool eudp4_wants(const struct sock *sk, const struct eudp_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 addr = READ_ONCE(inet->inet_rcv_saddr);
	__be32 peer = READ_ONCE(inet->inet_daddr);
	__be16 peer_port = READ_ONCE(inet->inet_dport);

	return READ_ONCE(inet->inet_num) == ntohs(key->dport) &&
	       (!addr || addr == key->daddr) &&
	       (!peer || peer == key->saddr) &&
	       (!peer_port || peer_port == key->sport) &&
	       !ipv6_only_sock(sk) &&
	       eudp_device_match(READ_ONCE(sk->sk_bound_dev_if), key) &&
	       eudp4_allows(sk, key);
}

/*
 * The address that an answer should come from: where the datagram went to, if
 * that was this host alone, else what the route to its sender says.
 */
static __be32 eudp4_local_address(const struct sk_buff *skb)
{
	unsigned int kind = skb_rtable(skb)->rt_flags &
			    (RTCF_LOCAL | RTCF_BROADCAST | RTCF_MULTICAST);
	const struct in_device *in_dev = __in_dev_get_rcu(skb->dev);
	bool marked = in_dev && IN_DEV_SRC_VMARK(in_dev);
	struct flowi4 fl4 = {
		.flowi4_oif = l3mdev_master_ifindex_rcu(skb->dev),
		.flowi4_mark = marked ? skb->mark : 0,
		.daddr = ip_hdr(skb)->saddr,
		.flowi4_tos = ip_hdr(skb)->tos & INET_DSCP_MASK,
	};
	struct rtable *rt;

	if (kind == RTCF_LOCAL)
		return ip_hdr(skb)->daddr;
	if (ipv4_is_zeronet(fl4.daddr))
		return inet_select_addr(skb->dev, fl4.daddr, RT_SCOPE_LINK);

	rt = ip_route_output_key(dev_net(skb->dev), &fl4);
	if (IS_ERR(rt))
		return inet_select_addr(skb->dev, fl4.daddr, RT_SCOPE_UNIVERSE);
	ip_rt_put(rt);
	return fl4.saddr;
}

/* IP_PKTINFO of ip(7): the device that it came in by, and an own address */
static void eudp4_keep_pktinfo(struct sock *sk, struct sk_buff *skb)
{
	struct in_pktinfo *info = PKTINFO_SKB_CB(skb);
	const struct rtable *rt = skb_rtable(skb);

	if ((!inet_test_bit(PKTINFO, sk) && !ipv6_sk_rxinfo(sk)) || !rt) {
		info->ipi_ifindex = 0;
		info->ipi_spec_dst.s_addr = 0;
		return;
	}

	/* it begins as IPCB does: with the index of the device */
	if (info->ipi_ifindex == LOOPBACK_IFINDEX)
		info->ipi_ifindex = inet_iif(skb);
	else if (ipv4_l3mdev_skb(IPCB(skb)->flags) && rt->rt_iif)
		info->ipi_ifindex = rt->rt_iif;
	info->ipi_spec_dst.s_addr = eudp4_local_address(skb);
}

static void eudp4_keep(struct sock *sk, struct sk_buff *skb)
{
	eudp_note_cpu(sk, skb, READ_ONCE(inet_sk(sk)->inet_daddr));
	eudp4_keep_pktinfo(sk, skb);
	/* IP_CHECKSUM wants the sum of what was verified */
	if (inet_get_convert_csum(sk) && udp_hdr(skb)->check)
		skb_checksum_try_convert(skb, IPPROTO_EUDP, eudp4_sum_pseudo);
}

static void eudp4_name(struct sock *sk, const struct sk_buff *skb,
		       struct msghdr *msg)
{
	struct sockaddr_in *name = msg->msg_name;

	*name = (struct sockaddr_in) {
		.sin_family	 = AF_INET,
		.sin_port	 = udp_hdr(skb)->source,
		.sin_addr.s_addr = ip_hdr(skb)->saddr,
	};
	msg->msg_namelen = sizeof(*name);
	BPF_CGROUP_RUN_PROG_UDP4_RECVMSG_LOCK(sk, (struct sockaddr *)name,
					      &msg->msg_namelen);
}

static void eudp4_tell(struct sock *sk, struct msghdr *msg, struct sk_buff *skb,
		       int offset)
{
	if (inet_cmsg_flags(inet_sk(sk)))
		ip_cmsg_recv_offset(msg, sk, skb, sizeof(struct udphdr),
				    offset);
}

static int eudp4_rcv(struct sk_buff *skb)
{
	return eudp_rcv(skb, &eudp4_ops);
}

static bool eudp4_gro_wrong(struct sk_buff *skb)
{
	return skb_gro_checksum_validate(skb, IPPROTO_EUDP,
					 inet_gro_compute_pseudo);
}

static struct sk_buff *eudp4_gro_receive(struct list_head *held,
					 struct sk_buff *skb)
{
	return eudp_gro_receive(held, skb, eudp4_gro_wrong);
}

static int eudp4_gro_complete(struct sk_buff *train, int offset)
{
	const struct iphdr *iph = (void *)train->data +
				  NAPI_GRO_CB(train)->network_offset;

	return eudp_gro_complete(train, offset,
				 csum_tcpudp_magic(iph->saddr, iph->daddr,
						   train->len - offset,
						   IPPROTO_EUDP, 0));
}

/*
 * What an ICMP error means to a program, see ip(7) and icmp(7), and whether it
 * is more than a passing trouble (RFC 1122 4.2.3.9)
 */
static int eudp4_icmp_errno(u8 type, u8 code, bool *hard)
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

/*
 * An ICMP error quotes a datagram: who has sent it? What it says of the path
 * is true for the host, whoever that was.
 */
static int eudp4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct udphdr *uh = (void *)iph + iph->ihl * 4;
	u8 type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code;
	struct net *net = dev_net(skb->dev);
	struct eudp_key key = {
		.af = &eudp4_ops,
		.net = net,
		.saddr = iph->daddr, .sport = uh->dest,
		.daddr = iph->saddr, .dport = uh->source,
		.addr_hash = eudp_addr_hash(net, iph->saddr),
		.dif = skb->dev->ifindex, .sdif = inet_sdif(skb),
	};
	bool too_big, hard, queued;
	struct sock *sk;
	int err;

	too_big = type == ICMP_DEST_UNREACH && code == ICMP_FRAG_NEEDED;
	if (too_big)
		ipv4_update_pmtu(skb, net, info, 0, IPPROTO_EUDP);
	if (type == ICMP_REDIRECT)
		ipv4_redirect(skb, net, 0, IPPROTO_EUDP);

	sk = eudp_lookup(&key);
	if (!sk) {
		__ICMP_INC_STATS(net, ICMP_MIB_INERRORS);
		return -ENOENT;
	}

	if (too_big)
		ipv4_sk_update_pmtu(skb, sk, info);
	if (type == ICMP_REDIRECT)
		ipv4_sk_redirect(skb, sk);
	if (type == ICMP_REDIRECT || type == ICMP_SOURCE_QUENCH ||
	    (too_big && READ_ONCE(inet_sk(sk)->pmtudisc) == IP_PMTUDISC_DONT))
		return 0;

	err = eudp4_icmp_errno(type, code, &hard);
	queued = inet_test_bit(RECVERR, sk);
	if (queued)
		ip_icmp_error(sk, skb, -err, uh->dest, info, (u8 *)(uh + 1));
	eudp_error(sk, err, hard, queued);
	return 0;
}

/* The socket */

static int eudp4_init_sock(struct sock *sk)
{
	return eudp_init_sock(sk, &eudp4_ops);
}

/* What only sockets of IPv4 have: those of IPv6 do not hear all groups */
static void eudp4_init(struct sock *sk)
{
	inet_set_bit(MC_ALL, sk);
}

/**
 * eudp4_pre_connect() - let BPF of the cgroup connect it elsewhere
 * @sk: the socket, locked
 * @addr: the address given to connect(2); may be changed
 * @len: its bytes
 *
 * See BPF_CGROUP_INET4_CONNECT.
 *
 * Return: 0, -EINVAL, or what BPF says.
 */
int eudp4_pre_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	if (len < sizeof(struct sockaddr_in))
		return -EINVAL;
	return BPF_CGROUP_RUN_PROG_INET4_CONNECT_LOCK(sk, addr, &len);
}

/* connect(2): while the peer changes, only the local address finds us. */
static int eudp4_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	int err;

	lock_sock(sk);
	eudp_begin_move(sk);
	err = __ip4_datagram_connect(sk, addr, len);
	eudp_end_move(sk, true);
	release_sock(sk);
	return err;
}

/**
 * eudp4_send() - send(2) and its kin, over IPv4
 * @sk: the socket, of IPv4 or IPv6; has a port
 * @msg: the message; an address in it is of IPv4
 * @len: bytes of payload
 *
 * Return: as eudp_sendmsg().
 */
int eudp4_send(struct sock *sk, struct msghdr *msg, size_t len)
{
	if (len > U16_MAX)
		return -EMSGSIZE;
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	return eudp_sendmsg(sk, msg, len, &eudp4_ops);
}

static int eudp4_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	/* a port of its own, whatever comes of the rest */
	int err = inet_send_prepare(sock->sk);

	return err ?: eudp4_send(sock->sk, msg, len);
}

static int eudp4_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
			 int flags)
{
	return eudp_recvmsg(sock->sk, msg, len, flags, &eudp4_ops);
}

#ifdef CONFIG_COMPAT
/* The ioctls for routes have structures of their own in 32-bit programs. */
static int eudp4_compat_ioctl(struct socket *sock, unsigned int cmd,
			      unsigned long arg)
{
	return inet_stream_ops.compat_ioctl(sock, cmd, arg);
}
#endif

static void eudp4_show(struct seq_file *seq, const struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);

	seq_printf(seq, "%08X:%04X %08X:%04X ",
		   (__force u32)READ_ONCE(inet->inet_rcv_saddr),
		   ntohs(READ_ONCE(inet->inet_sport)),
		   (__force u32)READ_ONCE(inet->inet_daddr),
		   ntohs(READ_ONCE(inet->inet_dport)));
}

#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
static struct proto eudp4_prot_in_map;

static int eudp4_sockmap_update(struct sock *sk, struct sk_psock *psock,
				bool restore)
{
	return eudp_sockmap_update(sk, psock, restore, &eudp4_prot_in_map);
}
#endif

static struct proto eudp4_prot = {
	.name			= "EUDP",
	.owner			= THIS_MODULE,
	.close			= eudp_close,
	.pre_connect		= eudp4_pre_connect,
	.connect		= eudp4_connect,
	.disconnect		= eudp_disconnect,
	.diag_destroy		= eudp_abort,
	.ioctl			= eudp_ioctl,
	.init			= eudp4_init_sock,
	.destroy		= eudp_destroy,
	.release_cb		= ip4_datagram_release_cb,
	.unhash			= eudp_unhash,
	.rehash			= eudp_rehash,
	.get_port		= eudp_get_port,
	.put_port		= eudp_unhash,
	.memory_allocated	= &eudp_memory_allocated,
	.per_cpu_fw_alloc	= &eudp_memory_per_cpu,
	.sysctl_mem		= eudp_mem,
	.sysctl_rmem		= &eudp_rmem_min,
	.sysctl_wmem		= &eudp_wmem_min,
	.obj_size		= sizeof(struct eudp_sock),
#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
	.psock_update_sk_prot	= eudp4_sockmap_update,
#endif
};

static const struct proto_ops eudp4_sock_ops = {
	.family		= PF_EUDP,
	.owner		= THIS_MODULE,
	.sendmsg	= eudp4_sendmsg,
	.recvmsg	= eudp4_recvmsg,
	.poll		= eudp_poll,
	.bind		= inet_bind,
	.connect	= inet_dgram_connect,
	.getname	= inet_getname,
	.ioctl		= inet_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= eudp4_compat_ioctl,
#endif
	.gettstamp	= sock_gettstamp,
	.setsockopt	= eudp_setsockopt,
	.getsockopt	= eudp_getsockopt,
	.set_peek_off	= sk_set_peek_off,
	.splice_eof	= eudp_splice_eof,
	.shutdown	= inet_shutdown,
	.release	= inet_release,
	.accept		= sock_no_accept,
	.listen		= sock_no_listen,
	.mmap		= sock_no_mmap,
	.socketpair	= sock_no_socketpair,
};

const struct eudp_af_ops eudp4_ops = {
	.family		= PF_INET,
	.version	= EUDP_IPV4,
	.no_socket	= -ENOMEM,
	.certain	= EUDP4_SCORE_IPV6 + 2 * EUDP4_SCORE_BOUND,
	.prot		= &eudp4_prot,
	.ops		= &eudp4_sock_ops,
	.last_longer	= true,
	.mtu_min	= IPV4_MIN_MTU,
	.mtu_max	= IP_MAX_MTU,
	.destruct	= inet_sock_destruct,
	.init		= eudp4_init,
	.setsockopt	= ip_setsockopt,
	.getsockopt	= ip_getsockopt,
	.ends		= eudp4_ends,
	.peer		= eudp4_peer,
	.control	= eudp4_control_all,
	.route		= eudp4_route,
	.release	= eudp4_release,
	.checksum	= eudp4_checksum,
	.push		= eudp4_push,
	.hold		= eudp4_hold,
	.recall		= eudp4_recall,
	.len_max	= eudp4_len_max,
	.too_big	= eudp4_too_big,
	.count_discard	= eudp4_count_discard,
	.recverr	= eudp4_recverr,
	.check		= eudp4_check,
	.takes_unsummed	= eudp4_takes_unsummed,
	.to_many	= eudp4_to_many,
	.refuse		= eudp4_refuse,
	.key		= eudp4_key,
	.flow_hash	= eudp4_flow_hash,
	.score		= eudp4_score,
	.steer		= eudp4_steer,
	.wants		= eudp4_wants,
	.keep		= eudp4_keep,
	.name		= eudp4_name,
	.tell		= eudp4_tell,
	.show		= eudp4_show,
	.show_head	= "   sl  local_address rem_address  ",
	.show_width	= 127,
};

static const struct net_protocol eudp4_protocol = {
	.handler	= eudp4_rcv,
	.err_handler	= eudp4_err,
	.no_policy	= 1,
};

static const struct net_offload eudp4_offload = {
	.callbacks = {
		.gso_segment	= eudp_segment,
		.gro_receive	= eudp4_gro_receive,
		.gro_complete	= eudp4_gro_complete,
	},
};

static struct inet_protosw eudp4_protosw = {
	.type		= SOCK_DGRAM,
	.protocol	= IPPROTO_EUDP,
	.prot		= &eudp4_prot,
	.ops		= &eudp4_sock_ops,
};

/**
 * eudp4_register() - make the kind of socket known
 *
 * Return: 0, -ENOBUFS or -ENOSPC.
 */
int eudp4_register(void)
{
	int err = proto_register(&eudp4_prot, 1);

#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
	if (!err)
		eudp_sockmap_init(&eudp4_prot_in_map, &eudp4_prot);
#endif
	return err;
}

/**
 * eudp4_unregister() - undo eudp4_register()
 */
void eudp4_unregister(void)
{
	proto_unregister(&eudp4_prot);
}

/**
 * eudp4_register_protocol() - take datagrams from IPv4
 *
 * Return: 0, or -EBUSY if another module takes them.
 */
int eudp4_register_protocol(void)
{
	if (inet_add_protocol(&eudp4_protocol, IPPROTO_EUDP))
		return -EBUSY;
	if (inet_add_offload(&eudp4_offload, IPPROTO_EUDP)) {
		inet_del_protocol(&eudp4_protocol, IPPROTO_EUDP);
		return -EBUSY;
	}
	return 0;
}

/**
 * eudp4_unregister_protocol() - undo eudp4_register_protocol()
 *
 * Waits until no datagram is on its way through the module.
 */
void eudp4_unregister_protocol(void)
{
	inet_del_offload(&eudp4_offload, IPPROTO_EUDP);
	inet_del_protocol(&eudp4_protocol, IPPROTO_EUDP);
}

/**
 * eudp4_open_door() - let socket(AF_INET, SOCK_DGRAM, IPPROTO_EUDP) in
 */
void eudp4_open_door(void)
{
	inet_register_protosw(&eudp4_protosw);
}

/**
 * eudp4_close_door() - undo eudp4_open_door()
 *
 * Waits until nobody is on the threshold.
 */
void eudp4_close_door(void)
{
	inet_unregister_protosw(&eudp4_protosw);
}
