// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the trouble that a test asks for, when it is loaded: insmod
 * trouble.ko make=warn. The harness must notice it, or eudp must bear it.
 */
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/protocol.h>
#include <net/sock.h>
#include <uapi/linux/eudp.h>

static char *make = "";
module_param(make, charp, 0444);
MODULE_PARM_DESC(make, "warn, panic, leak, family, protocol, protocol6, offload or offload6");

static int trouble_create(struct net *net, struct socket *sock, int protocol,
			  int kern)
{
	return -EPROTONOSUPPORT;
}

static const struct net_proto_family trouble_family = {
	.family	= PF_EUDP,
	.create	= trouble_create,
	.owner	= THIS_MODULE,
};

static int trouble_rcv(struct sk_buff *skb)
{
	kfree_skb(skb);
	return 0;
}

static const struct net_protocol trouble_protocol = {
	.handler	= trouble_rcv,
	.no_policy	= 1,
};

static const struct inet6_protocol trouble_protocol6 = {
	.handler	= trouble_rcv,
	.flags		= INET6_PROTO_NOPOLICY,
};

static const struct net_offload trouble_offload = {};

static int __init trouble_init(void)
{
	if (!strcmp(make, "warn")) {
		WARN(1, "trouble as asked for\n");
		return 0;
	}
	if (!strcmp(make, "panic"))
		panic("trouble as asked for\n");
	if (!strcmp(make, "leak"))
		return kmalloc(1234, GFP_KERNEL) ? 0 : -ENOMEM;
	if (!strcmp(make, "family"))
		return sock_register(&trouble_family);
	if (!strcmp(make, "protocol"))
		return inet_add_protocol(&trouble_protocol, IPPROTO_EUDP);
	if (!strcmp(make, "protocol6"))
		return inet6_add_protocol(&trouble_protocol6, IPPROTO_EUDP);
	if (!strcmp(make, "offload"))
		return inet_add_offload(&trouble_offload, IPPROTO_EUDP);
	if (!strcmp(make, "offload6"))
		return inet6_add_offload(&trouble_offload, IPPROTO_EUDP);

	return -EINVAL;
}

static void __exit trouble_exit(void)
{
	if (!strcmp(make, "family"))
		sock_unregister(PF_EUDP);
	if (!strcmp(make, "protocol"))
		inet_del_protocol(&trouble_protocol, IPPROTO_EUDP);
	if (!strcmp(make, "protocol6"))
		inet6_del_protocol(&trouble_protocol6, IPPROTO_EUDP);
	if (!strcmp(make, "offload"))
		inet_del_offload(&trouble_offload, IPPROTO_EUDP);
	if (!strcmp(make, "offload6"))
		inet6_del_offload(&trouble_offload, IPPROTO_EUDP);
}

module_init(trouble_init);
module_exit(trouble_exit);

MODULE_DESCRIPTION("Trouble for tests");
MODULE_LICENSE("GPL");
