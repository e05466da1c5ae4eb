// SPDX-License-Identifier: GPL-2.0
/*
 * eudp: UDP (RFC 768) written again as a module, on an IP protocol of its own
 *
 * The front door: loading and unloading, network namespaces, and the family.
 * The doors are opened last and closed first.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/net.h>
#include <net/netns/generic.h>
#include "eudp.h"

static unsigned int eudp_net_id __read_mostly;

/**
 * eudp_net() - what a network namespace keeps for eudp
 * @net: the namespace
 *
 * Return: its state, which lives as long as @net.
 */
struct eudp_net *eudp_net(const struct net *net)
{
	return net_generic(net, eudp_net_id);
}
EXPORT_SYMBOL_GPL(eudp_net);

/**
 * eudp_protocol_family() - the IP version that socket() asks for
 * @protocol: third argument of socket(AF_EUDP, SOCK_DGRAM, @protocol)
 *
 * Return: %PF_INET, %PF_INET6 or -EPROTONOSUPPORT.
 */
int eudp_protocol_family(int protocol)
{
	switch (protocol) {
	case 0:
	case PF_INET:
	case IPPROTO_UDP:
	case IPPROTO_EUDP:
		return PF_INET;
	case PF_INET6:
		return PF_INET6;
	default:
		return -EPROTONOSUPPORT;
	}
}

/* socket(AF_EUDP, ...): errors as for AF_INET, see socket(2) */
static int eudp_create(struct net *net, struct socket *sock, int protocol,
		       int kern)
{
	const struct eudp_af_ops *af = &eudp4_ops;
	int family;

	if (sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;

	family = eudp_protocol_family(protocol);
	if (family < 0)
		return family;
	if (family == PF_INET6)
		af = eudp6_ops_if_enabled();
	if (!af)
		return -EAFNOSUPPORT;

	return eudp_create_sock(net, sock, af, kern);
}

static const struct net_proto_family eudp_family = {
	.family	= PF_EUDP,
	.create	= eudp_create,
	.owner	= THIS_MODULE,
};

static int __net_init eudp_net_init(struct net *net)
{
	struct eudp_net *en = eudp_net(net);
	int err;

	err = eudp_table_init(&en->table);
	if (err)
		return err;

	err = eudp_mib_init(en);
	if (err)
		goto err_table;

	err = eudp_sysctl_init(net);
	if (err)
		goto err_mib;

	err = eudp_proc_init(net);
	if (err)
		goto err_sysctl;

	return 0;

err_sysctl:
	eudp_sysctl_exit(net);
err_mib:
	eudp_mib_exit(en);
err_table:
	eudp_table_exit(&en->table);
	return err;
}

static void __net_exit eudp_net_exit(struct net *net)
{
	struct eudp_net *en = eudp_net(net);

	eudp_proc_exit(net);
	eudp_sysctl_exit(net);
	eudp_mib_exit(en);
	eudp_table_exit(&en->table);
}

static struct pernet_operations eudp_net_ops = {
	.init	= eudp_net_init,
	.exit	= eudp_net_exit,
	.id	= &eudp_net_id,
	.size	= sizeof(struct eudp_net),
};

static int __init eudp_register(void)
{
	int err;

	err = eudp4_register();
	if (err)
		return err;
	err = eudp6_register();
	if (err)
		eudp4_unregister();
	return err;
}

static void eudp_unregister(void)
{
	eudp6_unregister();
	eudp4_unregister();
}

static int __init eudp_register_protocol(void)
{
	int err;

	err = eudp4_register_protocol();
	if (err)
		goto err_taken;
	err = eudp6_register_protocol();
	if (err)
		goto err_ipv4;
	return 0;

err_ipv4:
	eudp4_unregister_protocol();
err_taken:
	pr_err("IP protocol %d is taken by another module\n", IPPROTO_EUDP);
	return err;
}

static void eudp_unregister_protocol(void)
{
	eudp6_unregister_protocol();
	eudp4_unregister_protocol();
}

static int __init eudp_init(void)
{
	int err;

	eudp_mem_init();

	err = register_pernet_subsys(&eudp_net_ops);
	if (err)
		return err;

	err = eudp_register();
	if (err)
		goto err_pernet;

	err = eudp_register_protocol();
	if (err)
		goto err_proto;

	err = sock_register(&eudp_family);
	if (err) {
		pr_err("address family %d is taken by another module\n",
		       AF_EUDP);
		/* EEXIST would say that eudp itself is loaded */
		err = -EBUSY;
		goto err_protocol;
	}

	eudp4_open_door();
	eudp6_open_door();
	return 0;

err_protocol:
	eudp_unregister_protocol();
err_proto:
	eudp_unregister();
err_pernet:
	unregister_pernet_subsys(&eudp_net_ops);
	return err;
}

static void __exit eudp_exit(void)
{
	eudp6_close_door();
	eudp4_close_door();
	sock_unregister(PF_EUDP);
	eudp_unregister_protocol();
	eudp_gro_exit();
	/* the last socket may just be on its way out of its RCU callback */
	rcu_barrier();
	eudp_unregister();
	unregister_pernet_subsys(&eudp_net_ops);
}

module_init(eudp_init);
module_exit(eudp_exit);

MODULE_DESCRIPTION("Experimental datagram family with the semantics of UDP");
MODULE_LICENSE("GPL");
