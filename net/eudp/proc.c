// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/eudp, eudp_snmp and eudp_sockstat.
 */
#include <linux/proc_fs.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <net/proto_memory.h>
#include <net/sock.h>
#include "eudp.h"

/* One step of the sequence is one chain of the table of ports. */
static void *eudp_seq_at(struct seq_file *seq, loff_t pos)
{
	struct eudp_table *table = &eudp_net(seq_file_net(seq))->table;

	return pos <= table->mask ? &table->port[pos] : NULL;
}

static void *eudp_seq_start(struct seq_file *seq, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return *pos ? eudp_seq_at(seq, *pos - 1) : SEQ_START_TOKEN;
}

static void *eudp_seq_next(struct seq_file *seq, void *chain, loff_t *pos)
{
	++*pos;
	return eudp_seq_at(seq, *pos - 1);
}

static void eudp_seq_stop(struct seq_file *seq, void *chain)
	__releases(RCU)
{
	rcu_read_unlock();
}

/* The columns of /proc/net/udp, padded to the same width */
static int eudp_seq_show(struct seq_file *seq, void *chain)
{
	struct eudp_table *table = &eudp_net(seq_file_net(seq))->table;
	struct hlist_head *head = chain;
	struct sock *sk;

	if (chain == SEQ_START_TOKEN) {
		seq_setwidth(seq, 127);
		seq_puts(seq, "   sl  local_address rem_address   st tx_queue ");
		seq_puts(seq, "rx_queue tr tm->when retrnsmt   uid  timeout ");
		seq_puts(seq, "inode ref pointer drops");
		seq_pad(seq, '\n');
		return 0;
	}
	sk_for_each_rcu(sk, head) {
		seq_setwidth(seq, 127);
		eudp4_show(seq, sk, head - table->port);
		seq_pad(seq, '\n');
	}
	return 0;
}

static const struct seq_operations eudp_seq_ops = {
	.start	= eudp_seq_start,
	.next	= eudp_seq_next,
	.stop	= eudp_seq_stop,
	.show	= eudp_seq_show,
};

static const char * const eudp_counter_names[] = {
	[EUDP_IN_DATAGRAMS]	= "InDatagrams",
	[EUDP_NO_PORTS]		= "NoPorts",
	[EUDP_IN_ERRORS]	= "InErrors",
	[EUDP_OUT_DATAGRAMS]	= "OutDatagrams",
	[EUDP_RCVBUF_ERRORS]	= "RcvbufErrors",
	[EUDP_SNDBUF_ERRORS]	= "SndbufErrors",
	[EUDP_IN_CSUM_ERRORS]	= "InCsumErrors",
	[EUDP_IGNORED_MULTI]	= "IgnoredMulti",
	[EUDP_MEM_ERRORS]	= "MemErrors",
};

/* In the form of the Udp: lines of /proc/net/snmp */
static int eudp_snmp_show(struct seq_file *seq, void *v)
{
	struct eudp_mib __percpu *mib = eudp_net(seq->private)->mib;
	int i;

	seq_puts(seq, "Eudp:");
	for (i = 0; i < EUDP_COUNTERS; i++)
		seq_printf(seq, " %s", eudp_counter_names[i]);
	seq_puts(seq, "\nEudp:");
	for (i = 0; i < EUDP_COUNTERS; i++)
		seq_printf(seq, " %lu", snmp_fold_field(mib, i));
	seq_putc(seq, '\n');
	return 0;
}

/* In the form of the UDP: line of /proc/net/sockstat */
static int eudp_sockstat_show(struct seq_file *seq, void *v)
{
	struct net *net = seq->private;

	seq_printf(seq, "EUDP: inuse %d mem %ld\n",
		   sock_prot_inuse_get(net, eudp4_ops.prot),
		   proto_memory_allocated(eudp4_ops.prot));
	return 0;
}

/**
 * eudp_proc_init() - make the files in /proc/net of a network namespace
 * @net: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eudp_proc_init(struct net *net)
{
	if (!proc_create_net("eudp", 0444, net->proc_net, &eudp_seq_ops,
			     sizeof(struct seq_net_private)))
		return -ENOMEM;
	if (!proc_create_net_single("eudp_snmp", 0444, net->proc_net,
				    eudp_snmp_show, NULL))
		goto err_eudp;
	if (!proc_create_net_single("eudp_sockstat", 0444, net->proc_net,
				    eudp_sockstat_show, NULL))
		goto err_snmp;
	return 0;

err_snmp:
	remove_proc_entry("eudp_snmp", net->proc_net);
err_eudp:
	remove_proc_entry("eudp", net->proc_net);
	return -ENOMEM;
}

/**
 * eudp_proc_exit() - undo eudp_proc_init()
 * @net: the namespace
 */
void eudp_proc_exit(struct net *net)
{
	remove_proc_entry("eudp_sockstat", net->proc_net);
	remove_proc_entry("eudp_snmp", net->proc_net);
	remove_proc_entry("eudp", net->proc_net);
}
