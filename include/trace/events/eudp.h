/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM eudp

#if !defined(_TRACE_EUDP_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_EUDP_H

#include <linux/tracepoint.h>
#include <linux/udp.h>
#include <net/sock.h>
#include <net/dropreason.h>

/* Lets user space print the reason of a drop by its name. */
#undef FN
#define FN(reason) TRACE_DEFINE_ENUM(SKB_DROP_REASON_##reason);
DEFINE_DROP_REASON(FN, FN)

#undef FN
#undef FNe
#define FN(reason)	{ SKB_DROP_REASON_##reason, #reason },
#define FNe(reason)	{ SKB_DROP_REASON_##reason, #reason }

/* A datagram was put into the receive queue of a socket. */
TRACE_EVENT(eudp_receive,

	TP_PROTO(const struct sock *sk, const struct sk_buff *skb),

	TP_ARGS(sk, skb),

	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(__u16, sport)
		__field(__u16, dport)
		__field(unsigned int, len)
		__field(int, rmem)
	),

	TP_fast_assign(
		__entry->skaddr = sk;
		__entry->sport = ntohs(udp_hdr(skb)->source);
		__entry->dport = ntohs(udp_hdr(skb)->dest);
		__entry->len = skb->len;
		__entry->rmem = atomic_read(&sk->sk_rmem_alloc);
	),

	TP_printk("sk=%p sport=%u dport=%u len=%u rmem=%d", __entry->skaddr,
		  __entry->sport, __entry->dport, __entry->len, __entry->rmem)
);

/* A datagram was dropped; sk is NULL where no socket was found for it. */
TRACE_EVENT(eudp_drop,

	TP_PROTO(const struct sock *sk, const struct sk_buff *skb,
		 enum skb_drop_reason reason),

	TP_ARGS(sk, skb, reason),

	TP_STRUCT__entry(
		__field(const void *, skaddr)
		__field(const void *, skbaddr)
		__field(unsigned int, len)
		__field(enum skb_drop_reason, reason)
	),

	TP_fast_assign(
		__entry->skaddr = sk;
		__entry->skbaddr = skb;
		__entry->len = skb->len;
		__entry->reason = reason;
	),

	TP_printk("sk=%p skb=%p len=%u reason=%s", __entry->skaddr,
		  __entry->skbaddr, __entry->len,
		  __print_symbolic(__entry->reason,
				   DEFINE_DROP_REASON(FN, FNe)))
);

#undef FN
#undef FNe

#endif /* _TRACE_EUDP_H */

#include <trace/define_trace.h>
