// SPDX-License-Identifier: GPL-2.0
/*
 * The IPv4 wing: all that knows IPv4, and nothing else does.
 */
#include <linux/module.h>
#include <net/inet_common.h>
#include <net/protocol.h>
#include <net/sock.h>
#include "eudp.h"

static atomic_long_t eudp_memory_allocated;
static DEFINE_PER_CPU(int, eudp_memory_per_cpu);

static struct proto eudp4_prot = {
	.name			= "EUDP",
	.owner			= THIS_MODULE,
	.close			= eudp_close,
	.init			= eudp_init_sock,
	.unhash			= eudp_unhash,
	.memory_allocated	= &eudp_memory_allocated,
	.per_cpu_fw_alloc	= &eudp_memory_per_cpu,
	.sysctl_mem		= eudp_mem,
	.sysctl_rmem		= &eudp_rmem_min,
	.sysctl_wmem		= &eudp_wmem_min,
	.obj_size		= sizeof(struct eudp_sock),
};

static const struct proto_ops eudp4_sock_ops = {
	.family		= PF_EUDP,
	.owner		= THIS_MODULE,
	.release	= inet_release,
	.bind		= sock_no_bind,
	.connect	= sock_no_connect,
	.socketpair	= sock_no_socketpair,
	.accept		= sock_no_accept,
	.getname	= sock_no_getname,
	.poll		= datagram_poll,
	.ioctl		= sock_no_ioctl,
	.gettstamp	= sock_gettstamp,
	.listen		= sock_no_listen,
	.shutdown	= sock_no_shutdown,
	.sendmsg	= sock_no_sendmsg,
	.recvmsg	= sock_no_recvmsg,
	.mmap		= sock_no_mmap,
};

const struct eudp_af_ops eudp4_ops = {
	.family	= PF_INET,
	.prot	= &eudp4_prot,
	.ops	= &eudp4_sock_ops,
};

static const struct net_protocol eudp4_protocol = {
	.handler	= eudp_rcv,
	.no_policy	= 1,
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
	return proto_register(&eudp4_prot, 1);
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
	return inet_add_protocol(&eudp4_protocol, IPPROTO_EUDP) ? -EBUSY : 0;
}

/**
 * eudp4_unregister_protocol() - undo eudp4_register_protocol()
 *
 * Waits until no datagram is on its way through the module.
 */
void eudp4_unregister_protocol(void)
{
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
