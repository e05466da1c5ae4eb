// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/eudp, eudp6, eudp_snmp, eudp_snmp6 and eudp_sockstat.
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

static void eudp_seq_show_sock(struct seq_file *seq, struct sock *sk,
			       const struct eudp_af_ops *af, int chain)
{
	kuid_t uid = sock_i_uid(sk);

	seq_setwidth(seq, af->show_width);
	seq_printf(seq, "%5d: ", chain);
	af->show(seq, sk);
	seq_printf(seq, "%02X %08X:%08X 00:00000000 00000000 %5u %8d %lu %d %pK %u",
		   READ_ONCE(sk->sk_state), sk_wmem_alloc_get(sk),
		   sk_rmem_alloc_get(sk),
		   from_kuid_munged(seq_user_ns(seq), uid), 0, sock_i_ino(sk),
		   refcount_read(&sk->sk_refcnt), sk,
		   atomic_read(&sk->sk_drops));
	seq_pad(seq, '\n');
}

/* The columns of /proc/net/udp and udp6, as wide as there */
static int eudp_seq_show(struct seq_file *seq, void *chain)
{
	struct eudp_table *table = &eudp_net(seq_file_net(seq))->table;
	const struct eudp_af_ops *af = pde_data(file_inode(seq->file));
	struct hlist_head *head = chain;
	struct sock *sk;

	if (chain == SEQ_START_TOKEN) {
		seq_setwidth(seq, af->show_width);
		seq_puts(seq, af->show_head);
		seq_puts(seq, " st tx_queue rx_queue tr tm->when retrnsmt");
		seq_puts(seq, "   uid  timeout inode ref pointer drops");
		seq_pad(seq, '\n');
		return 0;
	}
	sk_for_each_rcu(sk, head) {
		/* it comes again with more room */
		if (seq_has_overflowed(seq))
			break;
		if (sk->sk_family == af->family)
			eudp_seq_show_sock(seq, sk, af, head - table->port);
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

/* In the form of the Udp6 lines of /proc/net/snmp6 */
static int eudp_snmp6_show(struct seq_file *seq, void *v)
{
	struct eudp_mib __percpu *mib = eudp_net(seq->private)->mib;
	char name[32];
	int i;

	for (i = 0; i < EUDP_COUNTERS; i++) {
		snprintf(name, sizeof(name), "Eudp6%s", eudp_counter_names[i]);
		seq_printf(seq, "%-32s\t%lu\n", name,
			   snmp_fold_field(mib, EUDP_IPV6 * EUDP_COUNTERS + i));
	}
	return 0;
}

/* In the form of the lines of UDP in /proc/net/sockstat and sockstat6 */
static int eudp_sockstat_show(struct seq_file *seq, void *v)
{
	const struct eudp_af_ops *eudp6_ops = eudp6_ops_if_enabled();
	struct net *net = seq->private;

	seq_printf(seq, "EUDP: inuse %d mem %ld\n",
		   sock_prot_inuse_get(net, eudp4_ops.prot),
		   proto_memory_allocated(eudp4_ops.prot));
	if (eudp6_ops)
		seq_printf(seq, "EUDP6: inuse %d\n",
			   sock_prot_inuse_get(net, eudp6_ops->prot));
	return 0;
}

static bool eudp_proc_create(struct net *net, const char *name,
			     const struct eudp_af_ops *af)
{
	return proc_create_net_data(name, 0444, net->proc_net, &eudp_seq_ops,
				    sizeof(struct seq_net_private), (void *)af);
}

/* The files that there are if there is IPv6 */
static int eudp_proc_init6(struct net *net)
{
	const struct eudp_af_ops *eudp6_ops = eudp6_ops_if_enabled();

	if (!eudp6_ops)
		return 0;
	if (!eudp_proc_create(net, "eudp6", eudp6_ops))
		return -ENOMEM;
	if (!proc_create_net_single("eudp_snmp6", 0444, net->proc_net,
				    eudp_snmp6_show, NULL)) {
		remove_proc_entry("eudp6", net->proc_net);
		return -ENOMEM;
	}
	return 0;
}

static void eudp_proc_exit6(struct net *net)
{
	if (!eudp6_ops_if_enabled())
		return;
	remove_proc_entry("eudp_snmp6", net->proc_net);
	remove_proc_entry("eudp6", net->proc_net);
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
	if (!eudp_proc_create(net, "eudp", &eudp4_ops))
		return -ENOMEM;
	if (!proc_create_net_single("eudp_snmp", 0444, net->proc_net,
				    eudp_snmp_show, NULL))
		goto err_eudp;
	if (!proc_create_net_single("eudp_sockstat", 0444, net->proc_net,
				    eudp_sockstat_show, NULL))
		goto err_snmp;
	if (eudp_proc_init6(net))
		goto err_sockstat;
	return 0;

err_sockstat:
	remove_proc_entry("eudp_sockstat", net->proc_net);
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
	eudp_proc_exit6(net);
	remove_proc_entry("eudp_sockstat", net->proc_net);
	remove_proc_entry("eudp_snmp", net->proc_net);
	remove_proc_entry("eudp", net->proc_net);
}
