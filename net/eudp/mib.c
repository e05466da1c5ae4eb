// SPDX-License-Identifier: GPL-2.0
/*
 * The counters.
 */
#include <linux/percpu.h>
#include "eudp.h"

/**
 * eudp_mib_init() - make the counters of a network namespace
 * @en: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eudp_mib_init(struct eudp_net *en)
{
	en->mib = alloc_percpu_gfp(struct eudp_mib, GFP_KERNEL_ACCOUNT);
	return en->mib ? 0 : -ENOMEM;
}

/**
 * eudp_mib_exit() - undo eudp_mib_init()
 * @en: the namespace
 */
void eudp_mib_exit(struct eudp_net *en)
{
	free_percpu(en->mib);
}
