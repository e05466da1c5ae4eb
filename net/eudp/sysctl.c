// SPDX-License-Identifier: GPL-2.0
/*
 * The knobs in /proc/sys/net/eudp.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include "eudp.h"

/* Pages of all sockets together: no pressure, pressure, limit */
long eudp_mem[3] __read_mostly;
/* Bytes that each socket may use whatever eudp_mem says */
int eudp_rmem_min __read_mostly = PAGE_SIZE;
int eudp_wmem_min __read_mostly = PAGE_SIZE;

/**
 * eudp_mem_init() - set the limits of eudp_mem from the memory of the machine
 *
 * As udp_mem: an eighth of the memory, and three quarters and one and a half
 * times of it around that.
 */
void eudp_mem_init(void)
{
	long pages = max(nr_free_buffer_pages() / 8, 128UL);

	eudp_mem[0] = pages / 4 * 3;
	eudp_mem[1] = pages;
	eudp_mem[2] = eudp_mem[0] * 2;
}

/* What was written to it; eudp_gro_key is what counts */
static u8 eudp_gro;

static int eudp_sysctl_gro(const struct ctl_table *table, int write,
			   void *buffer, size_t *len, loff_t *pos)
{
	static DEFINE_MUTEX(lock);
	int err;

	mutex_lock(&lock);
	err = proc_dou8vec_minmax(table, write, buffer, len, pos);
	if (!err && write && eudp_gro)
		static_branch_enable(&eudp_gro_key);
	else if (!err && write)
		static_branch_disable(&eudp_gro_key);
	mutex_unlock(&lock);
	return err;
}

/* The first ones each namespace has; the rest is of the first namespace. */
#define EUDP_SYSCTLS_EACH	2

static const struct ctl_table eudp_sysctl_table[] = {
	{
		.procname	= "require_net_raw",
		.maxlen		= sizeof(u8),
		.mode		= 0644,
		.proc_handler	= proc_dou8vec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "l3mdev_accept",
		.maxlen		= sizeof(u8),
		.mode		= 0644,
		.proc_handler	= proc_dou8vec_minmax,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "mem",
		.data		= &eudp_mem,
		.maxlen		= sizeof(eudp_mem),
		.mode		= 0644,
		.proc_handler	= proc_doulongvec_minmax,
	},
	{
		.procname	= "rmem_min",
		.data		= &eudp_rmem_min,
		.maxlen		= sizeof(eudp_rmem_min),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ONE,
	},
	{
		.procname	= "wmem_min",
		.data		= &eudp_wmem_min,
		.maxlen		= sizeof(eudp_wmem_min),
		.mode		= 0644,
		.proc_handler	= proc_dointvec_minmax,
		.extra1		= SYSCTL_ONE,
	},
	{
		.procname	= "gro",
		.data		= &eudp_gro,
		.maxlen		= sizeof(eudp_gro),
		.mode		= 0644,
		.proc_handler	= eudp_sysctl_gro,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
};

/**
 * eudp_sysctl_init() - make net.eudp in a network namespace
 * @net: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eudp_sysctl_init(struct net *net)
{
	struct eudp_net *en = eudp_net(net);
	struct ctl_table *table;
	size_t size;

	table = kmemdup(eudp_sysctl_table, sizeof(eudp_sysctl_table),
			GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	table[0].data = &en->require_net_raw;
	table[1].data = &en->l3mdev_accept;

	size = net_eq(net, &init_net) ? ARRAY_SIZE(eudp_sysctl_table) :
					EUDP_SYSCTLS_EACH;
	en->sysctl = register_net_sysctl_sz(net, "net/eudp", table, size);
	if (!en->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * eudp_sysctl_exit() - undo eudp_sysctl_init()
 * @net: the namespace
 */
void eudp_sysctl_exit(struct net *net)
{
	struct eudp_net *en = eudp_net(net);
	const struct ctl_table *table = en->sysctl->ctl_table_arg;

	unregister_net_sysctl_table(en->sysctl);
	kfree(table);
}
