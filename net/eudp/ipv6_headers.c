// SPDX-License-Identifier: GPL-2.0
/*
 * Extension headers of IPv6 (RFC 8200 4) that are sent: IPV6_HOPOPTS,
 * IPV6_RTHDR and IPV6_DSTOPTS of RFC 3542.
 */
#include <linux/seg6.h>
#include <linux/slab.h>
#include <net/ipv6.h>
#include <net/seg6.h>
#include <net/seg6_hmac.h>
#include <net/sock.h>
#include "eudp.h"

/* Where the next header goes, and where its type is to be written */
struct eudp6_chain {
	u8 *at;
	u8 *type;
};

/* Adds a header to the chain, if there is one. */
static void eudp6_add_header(struct eudp6_chain *chain, u8 type,
			     const struct ipv6_opt_hdr *header)
{
	struct ipv6_opt_hdr *added = (struct ipv6_opt_hdr *)chain->at;

	if (!header)
		return;
	memcpy(added, header, ipv6_optlen(header));
	*chain->type = type;
	chain->type = &added->nexthdr;
	chain->at += ipv6_optlen(header);
}

/*
 * Segment routing (RFC 8754): segments are listed from the last to the first.
 * The last one is where the datagram ends.
 */
static void eudp6_route_by_segments(const struct sock *sk,
				    struct eudp6_packet *v6,
				    struct ipv6_sr_hdr *header)
{
	v6->first_hop = header->segments[header->segments_left];
	header->segments[0] = v6->fl.daddr;
#if IS_ENABLED(CONFIG_IPV6_SEG6_HMAC)
	if (sr_has_hmac(header))
		seg6_push_hmac(sock_net(sk), &v6->fl.saddr, header);
#endif
}

/*
 * Types 0 and 2 (RFC 8200 4.4, RFC 6275 6.4): the packet goes to the first
 * address listed, and takes along the others and where it ends.
 */
static void eudp6_route_by_list(struct eudp6_packet *v6, struct rt0_hdr *header)
{
	unsigned int last = header->rt_hdr.hdrlen / 2 - 1;

	v6->first_hop = header->addr[0];
	memmove(header->addr, header->addr + 1, last * sizeof(header->addr[0]));
	header->addr[last] = v6->fl.daddr;
}

static void eudp6_add_route(const struct sock *sk, struct eudp6_packet *v6,
			    struct eudp6_chain *chain,
			    const struct ipv6_rt_hdr *route)
{
	struct ipv6_rt_hdr *added = (struct ipv6_rt_hdr *)chain->at;

	eudp6_add_header(chain, NEXTHDR_ROUTING, (const void *)route);
	if (added->type == IPV6_SRCRT_TYPE_4)
		eudp6_route_by_segments(sk, v6, (void *)added);
	else
		eudp6_route_by_list(v6, (void *)added);
}

/**
 * eudp6_write_headers() - make the extension headers of a datagram
 * @sk: the socket that sends
 * @packet: the datagram, its route found; gets them, to be freed by kfree()
 * @opt: what they are to say
 *
 * Options for the hops by a routing header go only with one: RFC 3542 9.2.
 *
 * Context: process.
 * Return: 0 or -ENOBUFS.
 */
int eudp6_write_headers(const struct sock *sk, struct eudp_packet *packet,
			const struct ipv6_txoptions *opt)
{
	struct eudp6_packet *v6 = &packet->v6;
	struct eudp6_chain chain;

	v6->headers = kmalloc(opt->opt_nflen + opt->opt_flen, GFP_KERNEL);
	if (!v6->headers)
		return -ENOBUFS;

	chain.at = v6->headers;
	chain.type = &v6->first_header;
	v6->first_hop = v6->fl.daddr;
	eudp6_add_header(&chain, NEXTHDR_HOP, opt->hopopt);
	if (opt->srcrt) {
		eudp6_add_header(&chain, NEXTHDR_DEST, opt->dst0opt);
		eudp6_add_route(sk, v6, &chain, opt->srcrt);
	}
	v6->whole_len = chain.at - v6->headers;
	eudp6_add_header(&chain, NEXTHDR_DEST, opt->dst1opt);
	v6->part_len = chain.at - v6->headers - v6->whole_len;
	*chain.type = IPPROTO_EUDP;
	return 0;
}
