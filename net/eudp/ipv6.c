// SPDX-License-Identifier: GPL-2.0
/*
 * The IPv6 wing: all that knows IPv6, and nothing else does. A socket of IPv6
 * also takes and sends datagrams of IPv4, by addresses that are mapped into
 * IPv6 (RFC 4291 2.5.5.2), unless IPV6_V6ONLY is set.
 */
#include <linux/bpf-cgroup.h>
#include <linux/filter.h>
#include <linux/in6.h>
#include <linux/module.h>
#include <linux/once.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/gro.h>
#include <net/icmp.h>
#include <net/if_inet6.h>
#include <net/inet6_hashtables.h>
#include <net/inet_common.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/ndisc.h>
#include <net/protocol.h>
#include <net/seg6.h>
#include <net/sock.h>
#include <net/transp_v6.h>
#include <net/xfrm.h>
#include "eudp.h"

/* What is behind the names of addresses in /proc/net/eudp6 */
#define EUDP6_GAP	"                       "

/* The score of a socket grows by this for each thing it insists on */
#define EUDP6_SCORE	1

/**
 * struct eudp6_sock - an eudp socket of IPv6
 * @eudp: what it has of those of IPv4
 * @inet6: what only sockets of IPv6 have
 */
struct eudp6_sock {
	struct eudp_sock	eudp;
	struct ipv6_pinfo	inet6;
};

static const struct eudp_af_ops eudp6_ops;

/* Going out */

/* A flow label that somebody has for himself is not for others: RFC 6437 */
static struct ip6_flowlabel *eudp6_label(struct sock *sk, __be32 label)
{
	return label ? fl6_sock_lookup(sk, label) : NULL;
}

static int eudp6_check_label(struct sock *sk, struct eudp6_packet *v6)
{
	struct ip6_flowlabel *label;

	v6->label = v6->fl.flowlabel & IPV6_FLOWLABEL_MASK;
	label = eudp6_label(sk, v6->label);
	if (IS_ERR(label))
		return -EINVAL;
	fl6_sock_release(label);
	return 0;
}

/* What sockaddr_in6 says: ipv6(7) */
static int eudp6_to_name(struct sock *sk, struct eudp_packet *packet,
			 const struct sockaddr_in6 *name)
{
	struct flowi6 *fl = &packet->v6.fl;
	int err;

	if (!name->sin6_port)
		return -EINVAL;
	packet->dport = name->sin6_port;
	fl->daddr = name->sin6_addr;

	if (inet6_test_bit(SNDFLOW, sk)) {
		fl->flowlabel = name->sin6_flowinfo & IPV6_FLOWINFO_MASK;
		err = eudp6_check_label(sk, &packet->v6);
		if (err)
			return err;
	}

	if (packet->msg->msg_namelen >= sizeof(*name) && name->sin6_scope_id &&
	    __ipv6_addr_needs_scope_id(__ipv6_addr_type(&fl->daddr)))
		fl->flowi6_oif = name->sin6_scope_id;
	return 0;
}

static int eudp6_peer(struct sock *sk, struct eudp_packet *packet)
{
	const struct sockaddr_in6 *name = packet->msg->msg_name;
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct eudp6_packet *v6 = &packet->v6;
	int err;

	memset(&v6->fl, 0, sizeof(v6->fl));
	ipcm6_init_sk(&v6->ipc, sk);
	v6->label = 0;
	v6->headers = NULL;

	if (name) {
		err = eudp6_to_name(sk, packet, name);
		if (err)
			return err;
	} else {
		if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		v6->fl.daddr = sk->sk_v6_daddr;
		v6->fl.flowlabel = np->flow_label;
		packet->dport = READ_ONCE(inet_sk(sk)->inet_dport);
		packet->to_peer = true;
	}

	if (!v6->fl.flowi6_oif)
		v6->fl.flowi6_oif = packet->oif;
	if (!v6->fl.flowi6_oif)
		v6->fl.flowi6_oif = np->sticky_pktinfo.ipi6_ifindex;
	v6->fl.flowi6_uid = sk->sk_uid;
	return 0;
}

static int eudp6_control(struct sock *sk, struct eudp_packet *packet)
{
	struct eudp6_packet *v6 = &packet->v6;
	int err;

	memset(&v6->opt, 0, sizeof(v6->opt));
	v6->opt.tot_len = sizeof(v6->opt);
	v6->ipc.opt = &v6->opt;
	v6->ipc.sockc = packet->sockc;
	err = ip6_datagram_send_ctl(sock_net(sk), sk, packet->msg, &v6->fl,
				    &v6->ipc);
	if (err)
		return err;

	packet->sockc = v6->ipc.sockc;
	if (!v6->opt.opt_nflen && !v6->opt.opt_flen)
		v6->ipc.opt = NULL;
	/* the options are those of the label that the address has, if any */
	return v6->label ? 0 : eudp6_check_label(sk, v6);
}

/**
 * eudp6_control_mapped() - IPV6_PKTINFO for a datagram of IPv4
 * @sk: the socket, of either version
 * @packet: the datagram
 * @cmsg: a control message of SOL_IPV6, its length not checked
 *
 * Return: 0 or -EINVAL.
 */
int eudp6_control_mapped(const struct sock *sk, struct eudp_packet *packet,
			 struct cmsghdr *cmsg)
{
	const struct in6_pktinfo *info = (void *)CMSG_DATA(cmsg);

	if (sk->sk_family != PF_INET6 || cmsg->cmsg_type != IPV6_PKTINFO)
		return 0;
	if (cmsg->cmsg_len < CMSG_LEN(sizeof(*info)) ||
	    !ipv6_addr_v4mapped(&info->ipi6_addr))
		return -EINVAL;
	if (info->ipi6_ifindex)
		packet->oif = info->ipi6_ifindex;
	packet->saddr = info->ipi6_addr.s6_addr32[3];
	return 0;
}

/* BPF of the cgroup may send it elsewhere, see BPF_CGROUP_UDP6_SENDMSG. */
static int eudp6_sendmsg_bpf(struct sock *sk, struct eudp_packet *packet)
{
	struct sockaddr_in6 *name = packet->msg->msg_name;
	struct flowi6 *fl = &packet->v6.fl;
	int err;

	if (packet->to_peer || !cgroup_bpf_enabled(CGROUP_UDP6_SENDMSG))
		return 0;
	err = BPF_CGROUP_RUN_PROG_UDP6_SENDMSG_LOCK(sk, (struct sockaddr *)name,
						    &packet->msg->msg_namelen,
						    &fl->saddr);
	if (err || !name)
		return err;

	if (ipv6_addr_v4mapped(&name->sin6_addr))
		return -ENOTSUPP;
	fl->daddr = name->sin6_addr;
	packet->dport = name->sin6_port;
	return packet->dport ? 0 : -EINVAL;
}

/* The device that options set for a destination: ipv6(7) */
static void eudp6_device(const struct sock *sk, struct eudp_packet *packet)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct flowi6 *fl = &packet->v6.fl;

	if (fl->flowi6_oif)
		return;
	if (ipv6_addr_is_multicast(&fl->daddr)) {
		fl->flowi6_oif = READ_ONCE(np->mcast_oif);
		packet->to_peer = false;
	} else {
		fl->flowi6_oif = READ_ONCE(np->ucast_oif);
	}
}

/* Looks a route up; a connected socket keeps what it finds for its peer. */
static int eudp6_find_route(struct sock *sk, struct eudp_packet *packet,
			    const struct ipv6_txoptions *opt)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct eudp6_packet *v6 = &packet->v6;
	struct flowi6 *fl = &v6->fl;
	struct in6_addr *last = NULL, end;
	struct dst_entry *dst;
	int err;

	fl->flowi6_proto = sk->sk_protocol;
	fl->flowi6_mark = packet->sockc.mark;
	fl->fl6_sport = packet->sport;
	if (ipv6_addr_any(&fl->saddr))
		fl->saddr = np->saddr;
	err = eudp6_sendmsg_bpf(sk, packet);
	if (err)
		return err;

	fl->fl6_dport = packet->dport;
	if (ipv6_addr_any(&fl->daddr))
		fl->daddr = in6addr_loopback;
	if (opt)
		last = fl6_update_dst(fl, opt, &end);
	if (last)
		packet->to_peer = false;
	eudp6_device(sk, packet);
	security_sk_classify_flow(sk, flowi6_to_flowi_common(fl));
	fl->flowlabel = ip6_make_flowinfo(v6->ipc.tclass, fl->flowlabel);

	dst = ip6_sk_dst_lookup_flow(sk, fl, last, packet->to_peer);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	packet->dst = dst;
	return 0;
}

/* Makes the extension headers, and sets what the packet is measured by. */
static int eudp6_set_lengths(const struct sock *sk, struct eudp_packet *packet,
			     const struct ipv6_txoptions *opt)
{
	const struct dst_entry *dst = packet->dst, *path = dst;
	const struct ipv6_pinfo *np = inet6_sk(sk);
	struct eudp6_packet *v6 = &packet->v6;
	u32 limit = READ_ONCE(np->frag_size);
	int err;

	v6->whole_len = 0;
	v6->part_len = 0;
	if (opt) {
		err = eudp6_write_headers(sk, packet, opt);
		if (err)
			return err;
	}
	packet->whole_len = sizeof(struct ipv6hdr) + v6->whole_len;
	packet->header_len = packet->whole_len + v6->part_len;
	packet->fragment_len = packet->whole_len + sizeof(struct frag_hdr);

	if (!(dst->flags & DST_XFRM_TUNNEL))
		path = xfrm_dst_path(dst);
	packet->mtu = READ_ONCE(np->pmtudisc) >= IPV6_PMTUDISC_PROBE ?
		      READ_ONCE(dst->dev->mtu) : dst_mtu(path);
	if (limit)
		packet->mtu = min(packet->mtu, limit);
	packet->mtu = min_t(unsigned int, packet->mtu, IP6_MAX_MTU);
	return 0;
}

static int eudp6_route_by(struct sock *sk, struct eudp_packet *packet,
			  const struct ipv6_txoptions *opt)
{
	struct eudp6_packet *v6 = &packet->v6;
	int flags = packet->msg->msg_flags;
	int err;

	err = eudp6_find_route(sk, packet, opt);
	if (err)
		return err;
	if (v6->ipc.hlimit < 0)
		v6->ipc.hlimit = ip6_sk_dst_hoplimit(inet6_sk(sk), &v6->fl,
						     packet->dst);
	/* the peer has answered, so the neighbour lives: arp(7) */
	if (flags & MSG_CONFIRM && flags & MSG_PROBE)
		dst_confirm_neigh(packet->dst, &v6->fl.daddr);
	err = eudp6_set_lengths(sk, packet, opt);
	if (err)
		dst_release(packet->dst);
	return err;
}

/* Options: of control messages or else of the socket, and of a flow label */
static int eudp6_route(struct sock *sk, struct eudp_packet *packet)
{
	struct ipv6_txoptions *opt, *sticky = NULL;
	struct eudp6_packet *v6 = &packet->v6;
	struct ip6_flowlabel *label;
	int err;

	packet->no_check = READ_ONCE(eudp_sk(sk)->no_check6_tx);
	label = eudp6_label(sk, v6->label);
	if (IS_ERR(label))
		return -EINVAL;

	opt = v6->ipc.opt;
	if (!opt) {
		sticky = txopt_get(inet6_sk(sk));
		opt = sticky;
	}
	if (label)
		opt = fl6_merge_options(&v6->opt, label, opt);
	opt = ipv6_fixup_options(&v6->opt, opt);
	err = eudp6_route_by(sk, packet, opt);

	v6->ipc.opt = NULL;
	txopt_put(sticky);
	fl6_sock_release(label);
	return err;
}

static void eudp6_release(struct eudp_packet *packet)
{
	kfree(packet->v6.headers);
	packet->v6.headers = NULL;
}

/* What is corked goes where it was to go. */
static void eudp6_hold(struct sock *sk, struct eudp_packet *packet)
{
}

static void eudp6_recall(struct sock *sk, struct eudp_packet *packet)
{
	packet->no_check = READ_ONCE(eudp_sk(sk)->no_check6_tx);
}

/* All headers must be in the first fragment: RFC 7112 */
static bool eudp6_headers_fit(const struct eudp_packet *packet)
{
	return packet->header_len + packet->v6.part_len +
	       sizeof(struct udphdr) <= packet->mtu;
}

/*
 * What IPv6 can carry, or what may leave unfragmented. As in-kernel UDP has it,
 * headers that not every fragment repeats count twice.
 */
static unsigned int eudp6_len_max(const struct sock *sk,
				  const struct eudp_packet *packet)
{
	const struct eudp6_packet *v6 = &packet->v6;
	unsigned int most = sizeof(struct ipv6hdr) + IPV6_MAXPLEN;

	if (!eudp6_headers_fit(packet))
		return 0;
	/* the first fragment must have room for them and for UDP's */
	if (v6->ipc.dontfrag || !ip6_sk_ignore_df(sk) ||
	    ((packet->mtu - packet->fragment_len) & ~7) <
	    v6->part_len + sizeof(struct udphdr))
		most = packet->mtu;
	return most - v6->part_len;
}

static void eudp6_count_discard(const struct sock *sk,
				const struct eudp_packet *packet)
{
	rcu_read_lock();
	IP6_INC_STATS(sock_net(sk), ip6_dst_idev(packet->dst),
		      IPSTATS_MIB_OUTDISCARDS);
	rcu_read_unlock();
}

static void eudp6_too_big(struct sock *sk, const struct eudp_packet *packet)
{
	int mtu = packet->mtu + sizeof(struct ipv6hdr) - packet->header_len;

	if (packet->v6.ipc.dontfrag && eudp6_headers_fit(packet))
		eudp6_keep_pathmtu(sk, packet, mtu);
	eudp6_queue_too_big(sk, packet, max(mtu, 0));
}

static bool eudp6_recverr(const struct sock *sk)
{
	return inet6_test_bit(RECVERR6, sk);
}

static void eudp6_checksum(const struct eudp_packet *packet,
			   struct udphdr *uh, __wsum sum)
{
	uh->check = csum_ipv6_magic(&packet->v6.fl.saddr, &packet->v6.fl.daddr,
				    ntohs(uh->len), IPPROTO_EUDP, sum);
}

/* IPV6_AUTOFLOWLABEL, or what auto_flowlabels says: ip-sysctl.rst */
static bool eudp6_auto_label(const struct sock *sk)
{
	if (inet6_test_bit(AUTOFLOWLABEL_SET, sk))
		return inet6_test_bit(AUTOFLOWLABEL, sk);
	return ip6_default_np_autolabel(sock_net(sk));
}

static void eudp6_write_ip(const struct sock *sk, struct eudp_packet *packet)
{
	struct eudp6_packet *v6 = &packet->v6;
	struct sk_buff *skb = packet->skb;
	struct ipv6hdr *iph = ipv6_hdr(skb);

	ip6_flow_hdr(iph, (u8)v6->ipc.tclass,
		     ip6_make_flowlabel(sock_net(sk), skb, v6->fl.flowlabel,
					eudp6_auto_label(sk), &v6->fl));
	iph->hop_limit = v6->ipc.hlimit;
	iph->nexthdr = IPPROTO_EUDP;
	iph->saddr = v6->fl.saddr;
	iph->daddr = v6->fl.daddr;
	if (v6->headers) {
		iph->nexthdr = v6->first_header;
		iph->daddr = v6->first_hop;
		memcpy(iph + 1, v6->headers, v6->whole_len + v6->part_len);
		eudp6_release(packet);
	}
}

static int eudp6_push(struct sock *sk, struct eudp_packet *packet)
{
	struct sk_buff *skb = packet->skb;
	struct net *net = sock_net(sk);
	struct inet6_dev *idev;
	int err;

	eudp6_write_ip(sk, packet);
	skb->ignore_df = ip6_sk_ignore_df(sk);
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = packet->sockc.mark;
	skb_dst_set(skb, packet->dst);

	/* the device of the route is needed longer than the skb may live */
	rcu_read_lock();
	idev = ip6_dst_idev(packet->dst);
	IP6_INC_STATS(net, idev, IPSTATS_MIB_OUTREQUESTS);
	err = packet->segment ? eudp_check_segments(packet) : 0;
	if (err) {
		kfree_skb(skb);
		goto unlock;
	}
	err = ip6_local_out(net, sk, skb);
	if (err > 0)
		err = net_xmit_errno(err);
	if (err)
		IP6_INC_STATS(net, idev, IPSTATS_MIB_OUTDISCARDS);
unlock:
	rcu_read_unlock();
	return err;
}

/* Coming in */

/*
 * A checksum of 0 says that the sender made none, which RFC 8200 8.1 forbids
 * but for sockets that allow it: RFC 6936
 */
static int eudp6_check(struct sk_buff *skb)
{
	if (skb_checksum_init_zero_check(skb, IPPROTO_EUDP,
					 udp_hdr(skb)->check,
					 ip6_compute_pseudo))
		return -EBADMSG;
	return eudp_check_complete(skb);
}

static bool eudp6_takes_unsummed(const struct sock *sk)
{
	return sk && READ_ONCE(eudp_sk(sk)->no_check6_rx);
}

static bool eudp6_to_many(const struct sk_buff *skb)
{
	return ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr);
}

static void eudp6_refuse(struct sk_buff *skb)
{
	icmpv6_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH, 0);
}

/* One that is mapped has the hash that it has in IPv4. */
static u32 eudp6_addr_hash(const struct net *net, const struct in6_addr *addr)
{
	if (ipv6_addr_v4mapped(addr))
		return eudp_addr_hash(net, addr->s6_addr32[3]);
	if (ipv6_addr_any(addr))
		return eudp_addr_hash(net, 0);
	return __ipv6_addr_jhash(addr, net_hash_mix(net));
}

static void eudp6_key(struct sk_buff *skb, struct eudp_key *key)
{
	key->af = &eudp6_ops;
	key->skb = skb;
	key->net = dev_net(skb->dev);
	key->saddr6 = ipv6_hdr(skb)->saddr;
	key->daddr6 = ipv6_hdr(skb)->daddr;
	key->addr_hash = eudp6_addr_hash(key->net, &key->daddr6);
	key->sport = udp_hdr(skb)->source;
	key->dport = udp_hdr(skb)->dest;
	key->dif = inet6_iif(skb);
	key->sdif = inet6_sdif(skb);
}

/**
 * eudp6_key_of() - look for a socket by addresses that somebody tells
 * @key: its namespace is set; filled in but for ports and devices
 * @peer: address of the peer
 * @local: local address
 *
 * Return: whether there can be such a socket.
 */
bool eudp6_key_of(struct eudp_key *key, const __be32 *peer,
		  const __be32 *local)
{
	key->af = eudp6_ops_if_enabled();
	memcpy(&key->saddr6, peer, sizeof(key->saddr6));
	memcpy(&key->daddr6, local, sizeof(key->daddr6));
	key->addr_hash = eudp6_addr_hash(key->net, &key->daddr6);
	return key->af;
}
EXPORT_SYMBOL_GPL(eudp6_key_of);

/* Who is connected by IPv4 is found by datagrams of IPv4. */
static bool eudp6_ends(const struct sock *sk, struct eudp_key *key)
{
	const struct inet_sock *inet = inet_sk(sk);
	bool has_peer;

	if (ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		has_peer = eudp4_ops.ends(sk, key);
		/* a peer of before may stay when the socket is bound again */
		key->addr_hash = eudp6_addr_hash(key->net,
						 &sk->sk_v6_rcv_saddr);
		return has_peer;
	}

	key->af = &eudp6_ops;
	key->net = sock_net(sk);
	key->saddr6 = sk->sk_v6_daddr;
	key->daddr6 = sk->sk_v6_rcv_saddr;
	key->addr_hash = eudp6_addr_hash(key->net, &key->daddr6);
	key->sport = inet->inet_dport;
	key->dport = htons(inet->inet_num);
	return !ipv6_addr_any(&key->saddr6);
}

/* Not to be guessed by a peer who chooses addresses and ports */
static u32 eudp6_flow_hash(const struct eudp_key *key)
{
	static u32 secret[2] __read_mostly;

	net_get_random_once(secret, sizeof(secret));
	return __inet6_ehashfn((__force u32)key->daddr6.s6_addr32[3],
			       ntohs(key->dport),
			       __ipv6_addr_jhash(&key->saddr6, secret[0]),
			       key->sport, secret[1] + net_hash_mix(key->net));
}

/* Whether a socket has the peer, as far as it insists on one, and the port */
static bool eudp6_ends_match(const struct sock *sk, const struct eudp_key *key)
{
	__be16 peer_port = READ_ONCE(inet_sk(sk)->inet_dport);

	return sk->sk_family == PF_INET6 &&
	       READ_ONCE(inet_sk(sk)->inet_num) == ntohs(key->dport) &&
	       (!peer_port || peer_port == key->sport) &&
	       (ipv6_addr_any(&sk->sk_v6_daddr) ||
		ipv6_addr_equal(&sk->sk_v6_daddr, &key->saddr6)) &&
	       eudp_device_match(READ_ONCE(sk->sk_bound_dev_if), key);
}

static int eudp6_score(const struct sock *sk, const struct eudp_key *key)
{
	int score = 0;

	if (!eudp6_ends_match(sk, key) ||
	    !ipv6_addr_equal(&sk->sk_v6_rcv_saddr, &key->daddr6))
		return -1;

	if (READ_ONCE(inet_sk(sk)->inet_dport))
		score += EUDP6_SCORE;
	if (!ipv6_addr_any(&sk->sk_v6_daddr))
		score += EUDP6_SCORE;
	if (READ_ONCE(sk->sk_bound_dev_if))
		score += EUDP6_SCORE;
	if (READ_ONCE(sk->sk_incoming_cpu) == raw_smp_processor_id())
		score += EUDP6_SCORE;
	return score;
}

static bool eudp6_steer(const struct eudp_key *key, struct sock **sk)
{
	return bpf_sk_lookup_run_v6(key->net, IPPROTO_EUDP, &key->saddr6,
				    key->sport, &key->daddr6, ntohs(key->dport),
				    key->dif, sk);
}

/* Source filters: RFC 3810 4.2. There is a list of them for each membership. */
static bool eudp6_source_allowed(const struct ipv6_mc_socklist *group,
				 const struct in6_addr *source)
{
	const struct ip6_sf_socklist *list = rcu_dereference(group->sflist);
	bool listed = false;
	unsigned int i;

	for (i = 0; list && i < list->sl_count && !listed; i++)
		listed = ipv6_addr_equal(&list->sl_addr[i], source);
	return group->sfmode == MCAST_EXCLUDE ? !listed : listed;
}

/* Who has not joined the group hears it nevertheless by IPV6_MULTICAST_ALL. */
static bool eudp6_allows(const struct sock *sk, const struct eudp_key *key)
{
	const struct ipv6_mc_socklist *group;

	for (group = rcu_dereference(inet6_sk(sk)->ipv6_mc_list); group;
	     group = rcu_dereference(group->next))
		if (ipv6_addr_equal(&group->addr, &key->daddr6))
			return eudp6_source_allowed(group, &key->saddr6);
	return inet6_test_bit(MC6_ALL, sk);
}

static bool eudp6_wants(const struct sock *sk, const struct eudp_key *key)
{
	return eudp6_ends_match(sk, key) &&
	       (ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
		ipv6_addr_equal(&sk->sk_v6_rcv_saddr, &key->daddr6)) &&
	       eudp6_allows(sk, key) &&
	       (udp_hdr(key->skb)->check || eudp6_takes_unsummed(sk));
}

static void eudp6_keep(struct sock *sk, struct sk_buff *skb)
{
	eudp_note_cpu(sk, skb, !ipv6_addr_any(&sk->sk_v6_daddr));
	/* IP_CHECKSUM wants the sum of what was verified */
	if (inet_get_convert_csum(sk) && udp_hdr(skb)->check)
		skb_checksum_try_convert(skb, IPPROTO_EUDP, ip6_compute_pseudo);
}

static void eudp6_name(struct sock *sk, const struct sk_buff *skb,
		       struct msghdr *msg)
{
	struct sockaddr_in6 *name = msg->msg_name;

	*name = (struct sockaddr_in6) {
		.sin6_family	= AF_INET6,
		.sin6_port	= udp_hdr(skb)->source,
	};
	if (eudp_version_of(skb) == EUDP_IPV4) {
		ipv6_addr_set_v4mapped(ip_hdr(skb)->saddr, &name->sin6_addr);
	} else {
		name->sin6_addr = ipv6_hdr(skb)->saddr;
		name->sin6_scope_id = ipv6_iface_scope_id(&name->sin6_addr,
							  inet6_iif(skb));
	}
	msg->msg_namelen = sizeof(*name);
	BPF_CGROUP_RUN_PROG_UDP6_RECVMSG_LOCK(sk, (struct sockaddr *)name,
					      &msg->msg_namelen);
}

/* IPV6_PKTINFO of a datagram of IPv4 */
static noinline_for_stack void
eudp6_tell_mapped_pktinfo(const struct sock *sk, struct msghdr *msg,
			  struct sk_buff *skb)
{
	struct in6_pktinfo info = {
		.ipi6_ifindex = PKTINFO_SKB_CB(skb)->ipi_ifindex,
	};

	if (!ipv6_sk_rxinfo(sk))
		return;
	ipv6_addr_set_v4mapped(ip_hdr(skb)->daddr, &info.ipi6_addr);
	put_cmsg(msg, SOL_IPV6, IPV6_PKTINFO, sizeof(info), &info);
}

static void eudp6_tell(struct sock *sk, struct msghdr *msg, struct sk_buff *skb,
		       int offset)
{
	if (eudp_version_of(skb) == EUDP_IPV4) {
		eudp6_tell_mapped_pktinfo(sk, msg, skb);
		eudp4_ops.tell(sk, msg, skb, offset);
	} else if (inet6_sk(sk)->rxopt.all) {
		ip6_datagram_recv_ctl(sk, msg, skb);
	}
}

static int eudp6_rcv(struct sk_buff *skb)
{
	return eudp_rcv(skb, &eudp6_ops);
}

static bool eudp6_gro_wrong(struct sk_buff *skb)
{
	return skb_gro_checksum_validate(skb, IPPROTO_EUDP,
					 ip6_gro_compute_pseudo);
}

static struct sk_buff *eudp6_gro_receive(struct list_head *held,
					 struct sk_buff *skb)
{
	return eudp_gro_receive(held, skb, eudp6_gro_wrong);
}

static int eudp6_gro_complete(struct sk_buff *train, int offset)
{
	const struct ipv6hdr *ip6h = (void *)train->data +
				     NAPI_GRO_CB(train)->network_offset;

	return eudp_gro_complete(train, offset,
				 csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr,
						 train->len - offset,
						 IPPROTO_EUDP, 0));
}

/* What an ICMPv6 error says of the path is true for the host, see eudp6_err() */
static void eudp6_note_path(struct sk_buff *skb, struct net *net, u8 type,
			    __be32 info)
{
	kuid_t uid = sock_net_uid(net, NULL);
	int dif = skb->dev->ifindex;

	if (type == ICMPV6_PKT_TOOBIG)
		ip6_update_pmtu(skb, net, info, dif, 0, uid);
	else if (type == NDISC_REDIRECT)
		ip6_redirect(skb, net, dif, 0, uid);
}

static void eudp6_report(struct sock *sk, struct sk_buff *skb, u8 type, u8 code,
			 const struct udphdr *uh, __be32 info)
{
	bool hard, queued = eudp6_recverr(sk);
	int err;

	if (type == NDISC_REDIRECT) {
		ip6_sk_redirect(skb, sk);
		return;
	}
	hard = icmpv6_err_convert(type, code, &err);
	if (type == ICMPV6_PKT_TOOBIG) {
		if (!ip6_sk_accept_pmtu(sk))
			return;
		ip6_sk_update_pmtu(skb, sk, info);
		if (READ_ONCE(inet6_sk(sk)->pmtudisc) != IPV6_PMTUDISC_DONT)
			hard = true;
	}
	if (queued)
		ipv6_icmp_error(sk, skb, err, uh->dest, ntohl(info),
				(u8 *)(uh + 1));
	eudp_error(sk, -err, hard, queued);
}

/*
 * An ICMPv6 error quotes a datagram: who has sent it? With a segment routing
 * header, its end is the last segment.
 */
static int eudp6_err(struct sk_buff *skb, struct inet6_skb_parm *opt, u8 type,
		     u8 code, int offset, __be32 info)
{
	const struct ipv6hdr *iph = (const struct ipv6hdr *)skb->data;
	const struct udphdr *uh = (const void *)(skb->data + offset);
	struct net *net = dev_net(skb->dev);
	struct eudp_key key = {
		.af = &eudp6_ops,
		.net = net,
		.saddr6 = *(seg6_get_daddr(skb, opt) ?: &iph->daddr),
		.daddr6 = iph->saddr,
		.addr_hash = eudp6_addr_hash(net, &iph->saddr),
		.sport = uh->dest, .dport = uh->source,
		.dif = inet6_iif(skb), .sdif = inet6_sdif(skb),
	};
	struct sock *sk;

	eudp6_note_path(skb, net, type, info);
	sk = eudp_lookup(&key);
	if (!sk) {
		__ICMP6_INC_STATS(net, __in6_dev_get(skb->dev),
				  ICMP6_MIB_INERRORS);
		return -ENOENT;
	}
	eudp6_report(sk, skb, type, code, uh, info);
	return 0;
}

/* The socket */

static int eudp6_init_sock(struct sock *sk)
{
	return eudp_init_sock(sk, &eudp6_ops);
}

/* What socket(2) promises before an option was set: ipv6(7) */
static void eudp6_init(struct sock *sk)
{
	struct ipv6_pinfo *np = &((struct eudp6_sock *)sk)->inet6;
	struct net *net = sock_net(sk);
	u32 reflect = READ_ONCE(net->ipv6.sysctl.flowlabel_reflect);

	inet_sk(sk)->pinet6 = np;
	np->hop_limit = -1;
	np->mcast_hops = IPV6_DEFAULT_MCASTHOPS;
	np->pmtudisc = IPV6_PMTUDISC_WANT;
	inet6_set_bit(MC6_LOOP, sk);
	inet6_set_bit(MC6_ALL, sk);
	inet6_assign_bit(REPFLOW, sk, reflect & FLOWLABEL_REFLECT_ESTABLISHED);
	sk->sk_ipv6only = READ_ONCE(net->ipv6.sysctl.bindv6only);
}

/* BPF of the cgroup may connect it elsewhere, see BPF_CGROUP_INET6_CONNECT. */
static int eudp6_pre_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	if (len < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	if (addr->sa_family == AF_INET)
		return ipv6_only_sock(sk) ? -EAFNOSUPPORT :
					    eudp4_pre_connect(sk, addr, len);
	if (len < SIN6_LEN_RFC2133)
		return -EINVAL;
	return BPF_CGROUP_RUN_PROG_INET6_CONNECT_LOCK(sk, addr, &len);
}

/* connect(2): while the peer changes, only the local address finds us. */
static int eudp6_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	int err;

	lock_sock(sk);
	eudp_begin_move(sk);
	err = __ip6_datagram_connect(sk, addr, len);
	eudp_end_move(sk, true);
	release_sock(sk);
	return err;
}

/*
 * Checks whom a message is for, as far as it matters also for one that is
 * added to what is corked. An address of IPv4 is for IPv4 to check.
 */
static int eudp6_check_name(const struct sock *sk, struct msghdr *msg)
{
	struct sockaddr_in6 *name = msg->msg_name;

	if (!name)
		return READ_ONCE(eudp_sk(sk)->pending) ||
		       READ_ONCE(sk->sk_state) == TCP_ESTABLISHED ?
		       0 : -EDESTADDRREQ;
	if (msg->msg_namelen < offsetofend(struct sockaddr, sa_family))
		return -EINVAL;
	if (name->sin6_family == AF_INET || name->sin6_family == AF_UNSPEC)
		return 0;
	if (name->sin6_family != AF_INET6 ||
	    msg->msg_namelen < SIN6_LEN_RFC2133)
		return -EINVAL;
	/* :: is this host, by the version of IP that it is bound by */
	if (ipv6_addr_any(&name->sin6_addr) &&
	    ipv6_addr_v4mapped(&inet6_sk(sk)->saddr))
		ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK),
				       &name->sin6_addr);
	return 0;
}

/* Whether a message is for an address of IPv4 */
static bool eudp6_is_for_ipv4(const struct sock *sk, const struct msghdr *msg)
{
	const struct sockaddr_in6 *name = msg->msg_name;

	if (name)
		return ipv6_addr_v4mapped(&name->sin6_addr);
	return !READ_ONCE(eudp_sk(sk)->pending) &&
	       ipv6_addr_v4mapped(&sk->sk_v6_daddr);
}

/* Sends over IPv4; the message gets its own address back. */
static int eudp6_send_ipv4(struct sock *sk, struct msghdr *msg, size_t len,
			   struct sockaddr_in *sin)
{
	void *name = msg->msg_name;
	int err, name_len = msg->msg_namelen;

	if (ipv6_only_sock(sk))
		return -ENETUNREACH;
	if (sin) {
		msg->msg_name = sin;
		msg->msg_namelen = sizeof(*sin);
	}
	err = eudp4_send(sk, msg, len);
	msg->msg_name = name;
	msg->msg_namelen = name_len;
	return err;
}

/* To an address of IPv6 that stands for one of IPv4 */
static noinline_for_stack int eudp6_send_mapped(struct sock *sk,
						struct msghdr *msg, size_t len)
{
	const struct sockaddr_in6 *name = msg->msg_name;
	struct sockaddr_in sin = {
		.sin_family	 = AF_INET,
		.sin_port	 = READ_ONCE(inet_sk(sk)->inet_dport),
		.sin_addr.s_addr = sk->sk_v6_daddr.s6_addr32[3],
	};

	if (name) {
		sin.sin_port = name->sin6_port;
		sin.sin_addr.s_addr = name->sin6_addr.s6_addr32[3];
	}
	return eudp6_send_ipv4(sk, msg, len, &sin);
}

/* AF_UNSPEC is as no address, but does not lead to a peer of IPv4. */
static int eudp6_send(struct sock *sk, struct msghdr *msg, size_t len)
{
	const struct sockaddr *name = msg->msg_name;

	if (name && name->sa_family == AF_INET)
		return eudp6_send_ipv4(sk, msg, len, NULL);
	if (name && name->sa_family == AF_UNSPEC) {
		msg->msg_name = NULL;
		msg->msg_namelen = 0;
	} else if (eudp6_is_for_ipv4(sk, msg)) {
		return eudp6_send_mapped(sk, msg, len);
	}

	if (len > INT_MAX - sizeof(struct udphdr))
		return -EMSGSIZE;
	if (READ_ONCE(eudp_sk(sk)->pending) == PF_INET)
		return eudp4_send(sk, msg, len);
	return eudp_sendmsg(sk, msg, len, &eudp6_ops);
}

static int eudp6_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	int err;

	/* a port of its own, whatever comes of the rest */
	err = inet_send_prepare(sk);
	if (!err)
		err = eudp6_check_name(sk, msg);
	return err ?: eudp6_send(sk, msg, len);
}

static int eudp6_recvmsg(struct socket *sock, struct msghdr *msg, size_t len,
			 int flags)
{
	const struct ipv6_pinfo *np = inet6_sk(sock->sk);

	if (np->rxopt.bits.rxpmtu && READ_ONCE(np->rxpmtu) &&
	    !(flags & MSG_ERRQUEUE))
		return eudp6_recv_pathmtu(sock->sk, msg, len);
	return eudp_recvmsg(sock->sk, msg, len, flags, &eudp6_ops);
}

static void eudp6_show_end(struct seq_file *seq, const struct in6_addr *addr,
			   __be16 port)
{
	seq_printf(seq, "%08X%08X%08X%08X:%04X ",
		   (__force u32)addr->s6_addr32[0],
		   (__force u32)addr->s6_addr32[1],
		   (__force u32)addr->s6_addr32[2],
		   (__force u32)addr->s6_addr32[3], ntohs(port));
}

static void eudp6_show(struct seq_file *seq, const struct sock *sk)
{
	eudp6_show_end(seq, &sk->sk_v6_rcv_saddr,
		       READ_ONCE(inet_sk(sk)->inet_sport));
	eudp6_show_end(seq, &sk->sk_v6_daddr,
		       READ_ONCE(inet_sk(sk)->inet_dport));
}

#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
static struct proto eudp6_prot_in_map;

static int eudp6_sockmap_update(struct sock *sk, struct sk_psock *psock,
				bool restore)
{
	return eudp_sockmap_update(sk, psock, restore, &eudp6_prot_in_map);
}
#endif

static struct proto eudp6_prot = {
	.name			= "EUDPv6",
	.owner			= THIS_MODULE,
	.close			= eudp_close,
	.pre_connect		= eudp6_pre_connect,
	.connect		= eudp6_connect,
	.disconnect		= eudp_disconnect,
	.diag_destroy		= eudp_abort,
	.ioctl			= eudp_ioctl,
	.init			= eudp6_init_sock,
	.destroy		= eudp_destroy,
	.release_cb		= ip6_datagram_release_cb,
	.unhash			= eudp_unhash,
	.rehash			= eudp_rehash,
	.get_port		= eudp_get_port,
	.put_port		= eudp_unhash,
	.memory_allocated	= &eudp_memory_allocated,
	.per_cpu_fw_alloc	= &eudp_memory_per_cpu,
	.sysctl_mem		= eudp_mem,
	.sysctl_rmem		= &eudp_rmem_min,
	.sysctl_wmem		= &eudp_wmem_min,
	.obj_size		= sizeof(struct eudp6_sock),
	.ipv6_pinfo_offset	= offsetof(struct eudp6_sock, inet6),
#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
	.psock_update_sk_prot	= eudp6_sockmap_update,
#endif
};

static const struct proto_ops eudp6_sock_ops = {
	.family		= PF_EUDP,
	.owner		= THIS_MODULE,
	.sendmsg	= eudp6_sendmsg,
	.recvmsg	= eudp6_recvmsg,
	.poll		= eudp_poll,
	.bind		= inet6_bind,
	.connect	= inet_dgram_connect,
	.getname	= inet6_getname,
	.ioctl		= inet6_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl	= inet6_compat_ioctl,
#endif
	.gettstamp	= sock_gettstamp,
	.setsockopt	= eudp_setsockopt,
	.getsockopt	= eudp_getsockopt,
	.set_peek_off	= sk_set_peek_off,
	.splice_eof	= eudp_splice_eof,
	.shutdown	= inet_shutdown,
	.release	= inet6_release,
	.accept		= sock_no_accept,
	.listen		= sock_no_listen,
	.mmap		= sock_no_mmap,
	.socketpair	= sock_no_socketpair,
};

static const struct eudp_af_ops eudp6_ops = {
	.family		= PF_INET6,
	.version	= EUDP_IPV6,
	.no_socket	= -ENOBUFS,
	.certain	= 3 * EUDP6_SCORE,
	.jumbo		= true,
	.prot		= &eudp6_prot,
	.ops		= &eudp6_sock_ops,
	.mtu_max	= IP6_MAX_MTU,
	.destruct	= inet6_sock_destruct,
	.init		= eudp6_init,
	.setsockopt	= ipv6_setsockopt,
	.getsockopt	= ipv6_getsockopt,
	.ends		= eudp6_ends,
	.peer		= eudp6_peer,
	.control	= eudp6_control,
	.route		= eudp6_route,
	.release	= eudp6_release,
	.checksum	= eudp6_checksum,
	.push		= eudp6_push,
	.hold		= eudp6_hold,
	.recall		= eudp6_recall,
	.len_max	= eudp6_len_max,
	.too_big	= eudp6_too_big,
	.count_discard	= eudp6_count_discard,
	.recverr	= eudp6_recverr,
	.check		= eudp6_check,
	.takes_unsummed	= eudp6_takes_unsummed,
	.to_many	= eudp6_to_many,
	.refuse		= eudp6_refuse,
	.key		= eudp6_key,
	.flow_hash	= eudp6_flow_hash,
	.score		= eudp6_score,
	.steer		= eudp6_steer,
	.wants		= eudp6_wants,
	.keep		= eudp6_keep,
	.name		= eudp6_name,
	.tell		= eudp6_tell,
	.show		= eudp6_show,
	.show_head	= "  sl  local_address" EUDP6_GAP "  remote_address"
			  EUDP6_GAP,
};

static const struct inet6_protocol eudp6_protocol = {
	.handler	= eudp6_rcv,
	.err_handler	= eudp6_err,
	.flags		= INET6_PROTO_NOPOLICY | INET6_PROTO_FINAL,
};

static const struct net_offload eudp6_offload = {
	.callbacks = {
		.gso_segment	= eudp_segment,
		.gro_receive	= eudp6_gro_receive,
		.gro_complete	= eudp6_gro_complete,
	},
};

static struct inet_protosw eudp6_protosw = {
	.type		= SOCK_DGRAM,
	.protocol	= IPPROTO_EUDP,
	.prot		= &eudp6_prot,
	.ops		= &eudp6_sock_ops,
};

/**
 * eudp6_ops_if_enabled() - the IPv6 wing
 *
 * Return: it, or NULL where IPv6 is disabled (ipv6.disable=1).
 */
const struct eudp_af_ops *eudp6_ops_if_enabled(void)
{
	return ipv6_mod_enabled() ? &eudp6_ops : NULL;
}

/**
 * eudp6_register() - make the kind of socket known
 *
 * Return: 0, -ENOBUFS or -ENOSPC.
 */
int eudp6_register(void)
{
	int err = proto_register(&eudp6_prot, 1);

#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
	if (!err)
		eudp_sockmap_init(&eudp6_prot_in_map, &eudp6_prot);
#endif
	return err;
}

/**
 * eudp6_unregister() - undo eudp6_register()
 */
void eudp6_unregister(void)
{
	proto_unregister(&eudp6_prot);
}

/**
 * eudp6_register_protocol() - take datagrams from IPv6
 *
 * Return: 0, or -EBUSY if another module takes them.
 */
int eudp6_register_protocol(void)
{
	if (inet6_add_protocol(&eudp6_protocol, IPPROTO_EUDP))
		return -EBUSY;
	if (inet6_add_offload(&eudp6_offload, IPPROTO_EUDP)) {
		inet6_del_protocol(&eudp6_protocol, IPPROTO_EUDP);
		return -EBUSY;
	}
	return 0;
}

/**
 * eudp6_unregister_protocol() - undo eudp6_register_protocol()
 *
 * Waits until no datagram is on its way through the module.
 */
void eudp6_unregister_protocol(void)
{
	inet6_del_offload(&eudp6_offload, IPPROTO_EUDP);
	inet6_del_protocol(&eudp6_protocol, IPPROTO_EUDP);
}

/**
 * eudp6_open_door() - let socket(AF_INET6, SOCK_DGRAM, IPPROTO_EUDP) in
 */
void eudp6_open_door(void)
{
	inet6_register_protosw(&eudp6_protosw);
}

/**
 * eudp6_close_door() - undo eudp6_open_door()
 *
 * Waits until nobody is on the threshold.
 */
void eudp6_close_door(void)
{
	inet6_unregister_protosw(&eudp6_protosw);
}
