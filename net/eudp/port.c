// SPDX-License-Identifier: GPL-2.0
/*
 * Local ports: the table of the bound sockets.
 */
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include "eudp.h"

#define EUDP_HASH_ENTRIES_MIN	16
#define EUDP_HASH_ENTRIES_MAX	65536

static unsigned int hash_entries __read_mostly = 1024;

static int hash_entries_set(const char *val, const struct kernel_param *kp)
{
	unsigned int entries;
	int err;

	err = kstrtouint(val, 0, &entries);
	if (err)
		return err;
	if (entries < EUDP_HASH_ENTRIES_MIN ||
	    entries > EUDP_HASH_ENTRIES_MAX || !is_power_of_2(entries))
		return -EINVAL;

	return param_set_uint(val, kp);
}

static const struct kernel_param_ops hash_entries_ops = {
	.set = hash_entries_set,
	.get = param_get_uint,
};

module_param_cb(hash_entries, &hash_entries_ops, &hash_entries, 0444);
MODULE_PARM_DESC(hash_entries,
		 "chains in the socket tables of each network namespace, a power of two (16..65536)");

/**
 * eudp_table_init() - make the tables of a network namespace
 * @table: filled in
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eudp_table_init(struct eudp_table *table)
{
	table->mask = hash_entries - 1;
	table->port = kvcalloc(hash_entries, sizeof(*table->port),
			       GFP_KERNEL_ACCOUNT);
	return table->port ? 0 : -ENOMEM;
}

/**
 * eudp_table_exit() - free the tables of a network namespace
 * @table: its tables, empty
 */
void eudp_table_exit(struct eudp_table *table)
{
	kvfree(table->port);
}
