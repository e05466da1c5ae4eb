/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The private header of eudp: structures, then prototypes grouped by file.
 *
 * Locks, outermost first:
 *
 * lock                 guards                            taken in
 * sk->sk_lock          addresses, options of a socket    process
 * eudp_table.lock      chains of the tables, port choice process, BH disabled
 * sk_receive_queue     the queue, sk_forward_alloc and   softirq; process with
 *   .lock              the charge of what is queued        BH disabled
 *
 * eudp_table.moves     (seqcount, written under eudp_table.lock) lets a lookup
 *                      see that a socket changed its chain meanwhile.
 *
 * Lookups run under RCU and take neither lock nor reference: sockets are freed
 * a grace period after they left the tables (SOCK_RCU_FREE). So the addresses
 * that a lookup compares are read while bind(2) or connect(2) may write them;
 * a datagram that comes at that moment may meet either state. Only a lookup
 * that is disturbed several times in a row takes eudp_table.lock.
 *
 * What knows a version of IP is in ipv4*.c and ipv6*.c, behind struct
 * eudp_af_ops, but for:
 *
 * eudp.h	 the version that a datagram came by, and that there may be no IPv6
 * af_eudp.c	 the doors
 * input.c	 what bpf_sk_assign chooses may be of the wrong version
 * port.c	 conflicts: a port of IPv6 is one of IPv4 too, unless IPV6_V6ONLY;
 *		 who comes first of those that share a port
 * ipv4*.c	 scores, IP_PKTINFO, the same by IPV6_PKTINFO: who sends or takes
 *		 datagrams of IPv4 may be of IPv6
 */
#ifndef _NET_EUDP_H
#define _NET_EUDP_H

#include <linux/if_ether.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/jump_label.h>
#include <linux/netdev_features.h>
#include <linux/udp.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/snmp.h>
#include <uapi/linux/eudp.h>

struct eudp_af_ops;
struct eudp_packet;
struct seq_file;
struct sk_psock;

int eudp_get_port(struct sock *sk, unsigned short port);

/**
 * struct eudp_sock - an eudp socket
 * @inet: what all IPv4 sockets have; must be first. Its sk_node is in
 *	&eudp_table.port while the socket has a port
 * @af: the IP version
 * @en: what its namespace keeps for eudp
 * @node: in &eudp_table.peer if @by_peer, else in &eudp_table.addr
 * @hash: what its chain was chosen by: the hash of both ends if @by_peer, else
 *	of the local address and port
 * @addr_hash: hash of the local address
 * @by_peer: whether it is in &eudp_table.peer
 * @counted: whether it is counted in &eudp_table.rivals
 * @reuse: whether @at_port and @at_addr are in lists of those with SO_REUSEADDR
 * @order: rises with each socket that gets an address, or falls for those of
 *	IPv6 that share their port; where two sockets match a datagram equally
 *	well, the greater one takes it
 * @turn: what @order was when the socket got its port
 * @at_port: in &eudp_table.at_port
 * @at_addr: in &eudp_table.at_addr
 * @no_check6_tx: UDP_NO_CHECK6_TX
 * @no_check6_rx: UDP_NO_CHECK6_RX
 * @segment: UDP_SEGMENT
 * @gro: UDP_GRO: whether trains are received whole
 * @cork: whether UDP_CORK is on
 * @pending: the family of the datagram that is corked, or 0
 * @packet: that datagram; made when the first one is corked. Both are guarded
 *	by the lock of the socket, but @pending is looked at without it first
 */
struct eudp_sock {
	struct inet_sock	inet;
	const struct eudp_af_ops *af;
	struct eudp_net		*en;
	struct hlist_node	node;
	u32			hash;
	u32			addr_hash;
	long			order;
	long			turn;
	struct list_head	at_port;
	struct list_head	at_addr;
	bool			by_peer;
	bool			counted;
	bool			reuse;
	bool			no_check6_tx;
	bool			no_check6_rx;
	u16			segment;
	bool			gro;
	bool			cork;
	int			pending;
	struct eudp_packet	*packet;
};

static inline struct eudp_sock *eudp_sk(const struct sock *sk)
{
	return (struct eudp_sock *)sk;
}

/* Its neighbours in the chain may change the link meanwhile, but not to none. */
static inline bool eudp_has_port(const struct sock *sk)
{
	return !hlist_unhashed_lockless(&sk->sk_node);
}

/* BPF programs can choose any socket there is. */
static inline bool eudp_is_ours(const struct sock *sk)
{
	return READ_ONCE(sk->sk_prot)->get_port == eudp_get_port;
}

/**
 * struct eudp_table - the sockets of one network namespace that have a port
 * @mask: number of chains in each table - 1; the number is a power of two
 * @port: chains by local port: all of the sockets
 * @addr: chains by local address and port, the greatest @order first
 * @peer: chains by both addresses and ports: the sockets that are connected,
 *	which then are not in @addr
 * @at_port: for bind(2), lists by local port, and whether SO_REUSEADDR is set:
 *	all of the sockets, the greatest &eudp_sock.turn first
 * @at_addr: for bind(2), the same by local address and port
 * @by_peer: number of sockets in @peer for each chain of @port: most datagrams
 *	are for a port that nobody is connected on
 * @rivals: number of sockets in @addr that may be preferred to one in @peer:
 *	those that are connected to port 0, which stands for every port of the
 *	peer, and members of an SO_REUSEPORT group
 * @order: the greatest &eudp_sock.order so far
 * @order_min: the least one
 * @lock: guards all of it
 * @moving: number of sockets whose local address may change now, before they
 *	are in the chain that it leads to
 * @moves: written when a socket changes its chain in @addr or @peer
 */
struct eudp_table {
	unsigned int		mask;
	struct hlist_head	*port;
	struct hlist_head	*addr;
	struct hlist_head	*peer;
	struct list_head	*at_port;
	struct list_head	*at_addr;
	unsigned int		*by_peer;
	unsigned int		rivals;
	long			order;
	long			order_min;
	spinlock_t		lock; /* see above */
	atomic_t		moving;
	seqcount_spinlock_t	moves;
};

/* The counters of /proc/net/eudp_snmp; RFC 4113 and what Linux adds to it */
enum eudp_counter {
	EUDP_IN_DATAGRAMS,
	EUDP_NO_PORTS,
	EUDP_IN_ERRORS,
	EUDP_OUT_DATAGRAMS,
	EUDP_RCVBUF_ERRORS,
	EUDP_SNDBUF_ERRORS,
	EUDP_IN_CSUM_ERRORS,
	EUDP_IGNORED_MULTI,
	EUDP_MEM_ERRORS,
	EUDP_COUNTERS
};

/* The versions of IP, each of which has all of the counters */
enum eudp_version {
	EUDP_IPV4,
	EUDP_IPV6,
	EUDP_VERSIONS
};

struct eudp_mib {
	unsigned long mibs[EUDP_VERSIONS * EUDP_COUNTERS];
};

/**
 * struct eudp_net - what a network namespace keeps for eudp
 * @table: its sockets
 * @mib: its counters
 * @require_net_raw: sysctl, whether socket() needs CAP_NET_RAW
 * @l3mdev_accept: sysctl, whether sockets that are bound to no device take
 *	datagrams from those of a VRF
 * @sysctl: handle of net.eudp
 */
struct eudp_net {
	struct eudp_table	table;
	struct eudp_mib __percpu *mib;
	u8			require_net_raw;
	u8			l3mdev_accept;
	struct ctl_table_header	*sysctl;
};

/**
 * struct eudp_key - what a socket is looked up by
 * @af: the IP version of the datagram
 * @skb: the datagram, its data at the UDP header; NULL for one that was sent
 * @net: namespace
 * @saddr: address of the peer; @saddr6 if it is of IPv6
 * @saddr6: the same
 * @daddr: local address; @daddr6 if it is of IPv6
 * @daddr6: the same
 * @addr_hash: eudp_addr_hash() of it
 * @sport: port of the peer
 * @dport: local port
 * @dif: index of the device the datagram came in by
 * @sdif: if that is a slave of a VRF, index of the slave, else 0
 */
struct eudp_key {
	const struct eudp_af_ops *af;
	struct sk_buff		*skb;
	struct net		*net;
	union {
		__be32		saddr;
		struct in6_addr	saddr6;
	};
	union {
		__be32		daddr;
		struct in6_addr	daddr6;
	};
	u32			addr_hash;
	__be16			sport;
	__be16			dport;
	int			dif;
	int			sdif;
};

/**
 * struct eudp_cb - what is kept in the cb of an skb that came in
 * @ip: what IP keeps there
 * @segment: of a train that is read datagram by datagram: bytes of payload in
 *	each of them but the last; else 0
 * @left: how many of them are left to be read
 * @taken: bytes of payload that were read
 *
 * The last two are guarded by the lock of the receive queue.
 */
struct eudp_cb {
	union {
		struct inet_skb_parm	v4;
		struct inet6_skb_parm	v6;
	}	ip;
	u16	segment;
	u16	left;
	u32	taken;
};

static inline struct eudp_cb *eudp_cb(const struct sk_buff *skb)
{
	return (struct eudp_cb *)skb->cb;
}

/*
 * What a train is that may meet a device other than lo. Hardly any device can do
 * the two together, so the stack asks eudp_segment() to take it apart, whatever
 * the device can do for UDP: netif_needs_gso(). (Those of ixgbe with FCoE can;
 * before them it is the checksum that makes it ask.)
 */
#define EUDP_GSO_TYPE	(SKB_GSO_UDP_L4 | SKB_GSO_FCOE)

/*
 * Whether it is a train: several datagrams of one flow in one skb, all of them
 * as long as the first but for the last. UDP_SEGMENT makes them on this host,
 * and eudp_gro_receive() of what it has verified, so what is in them is right; or
 * a device of virtio, or who has a tun device, says so of a packet and vouches
 * for what is in it, and there are 128 at most.
 */
static inline bool eudp_is_train(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type & SKB_GSO_UDP_L4;
}

/**
 * struct eudp6_packet - what only IPv6 has of a datagram on its way out
 * @fl: its flow: addresses, ports, flow label, device
 * @ipc: what options say, or control messages instead
 * @opt: room for options by control messages; used until it is routed
 * @label: the flow label that was asked for, by which options come, or 0
 * @headers: the extension headers as they will be sent, or NULL; of the packet
 * @first_header: the type of the first one
 * @first_hop: where it goes first, by a routing header, else where it ends
 * @whole_len: bytes of extension headers that each fragment has
 * @part_len: bytes of those that come behind, in the first fragment
 */
struct eudp6_packet {
	struct flowi6		fl;
	struct ipcm6_cookie	ipc;
	struct ipv6_txoptions	opt;
	__be32			label;
	u8			*headers;
	u8			first_header;
	struct in6_addr		first_hop;
	unsigned int		whole_len;
	unsigned int		part_len;
};

/**
 * struct eudp_packet - a datagram on its way out, or a train of them
 * @af: the IP version
 * @msg: where the payload is, or this part of it
 * @len: bytes of payload in @msg
 * @to_peer: whether it goes to the peer of a connected socket, by no address
 *	and no option of its own
 * @sockc: what options of SOL_SOCKET say, or control messages instead
 * @oif: index of the device it must leave by, or 0
 * @ttl: what a control message says of it, or 0
 * @tos: what a control message says of it, or -1
 * @priority: the priority that goes with @tos
 * @dst: its route; the reference is the packet's until the skb has it
 * @saddr: source address, of IPv4
 * @daddr: destination address; with a source route, the first hop's
 * @sport: source port
 * @dport: destination port
 * @header_len: bytes of the IP header with its options or extension headers
 * @whole_len: bytes of those of them that each fragment repeats
 * @fragment_len: bytes of header that a fragment has, that of IPv6 included
 * @mtu: bytes that fit into one packet, IP header included
 * @segment: bytes of payload in each datagram of a train, or 0: UDP_SEGMENT
 * @segment_mtu: bytes that fit into the packet of each of them
 * @corked: whether more parts may come: UDP_CORK, MSG_MORE
 * @no_check: whether it has no checksum: SO_NO_CHECK, UDP_NO_CHECK6_TX
 * @summed: whether @sum is kept
 * @skb: what was built so far: headers, payload, and fragments in a list
 * @tail: the last of the fragments, or @skb
 * @room: bytes that still fit into @tail
 * @linear: bytes of them that fit into its linear part
 * @size: bytes of payload so far
 * @sum: their sum
 * @has_options: whether there are IP options
 * @daddr_last: with a source route, where it ends
 * @options: the IP options
 * @v6: what only IPv6 has
 */
struct eudp_packet {
	const struct eudp_af_ops *af;
	struct msghdr		*msg;
	size_t			len;
	bool			to_peer;

	struct sockcm_cookie	sockc;
	int			oif;
	int			ttl;
	int			tos;
	u32			priority;

	struct dst_entry	*dst;
	__be32			saddr;
	__be32			daddr;
	__be16			sport;
	__be16			dport;
	unsigned int		header_len;
	unsigned int		whole_len;
	unsigned int		fragment_len;
	unsigned int		mtu;
	unsigned int		segment;
	unsigned int		segment_mtu;

	bool			corked;
	bool			no_check;
	bool			summed;
	struct sk_buff		*skb;
	struct sk_buff		*tail;
	unsigned int		room;
	unsigned int		linear;
	unsigned int		size;
	__wsum			sum;

	union {
		struct {
			bool			has_options;
			__be32			daddr_last;
			struct ip_options_data	options;
		};
		struct eudp6_packet		v6;
	};
};

/**
 * struct eudp_af_ops - what differs between the IP versions
 * @family: %PF_INET or %PF_INET6, also the family of the socket addresses
 * @version: its counters
 * @no_socket: errno of socket(2) when there is no memory for one
 * @certain: a score that only a socket has that is connected
 * @jumbo: whether a length of 0 in the UDP header stands for all there is
 * @last_longer: whether the last fragment may be longer than those before it, as
 *	in-kernel UDP has it
 * @prot: makes and frees the sockets
 * @ops: their system calls
 * @mtu_min: bytes of a packet that any route must be for, to be one
 * @mtu_max: bytes of the longest packet, IP header included
 * @destruct: frees what IP has of a socket
 * @init: what socket(2) promises of a socket of this version only
 * @setsockopt: for the levels of IP
 * @getsockopt: for the levels of IP
 * @ends: sets addresses and ports of a datagram to this socket. Returns
 *	whether the socket has a peer
 * @peer: begins a datagram, and finds whom it is for: in msg_name, or the
 *	connected one. Returns 0 or an errno of sendto(2)
 * @control: takes control messages. Returns 0 or -EINVAL and what ip(7) says
 * @route: finds source address and route, which are then the packet's, as is
 *	whatever @release frees. Returns 0 or an errno
 * @release: frees what @route has left there beside the route, if anything
 * @checksum: writes the checksum of a datagram, from the sum of its bytes
 * @push: writes the IP header and sends; what @release frees is freed. Returns
 *	as eudp_check_segments() or ip_local_out()
 * @hold: keeps the addresses of what is about to be corked
 * @recall: finds them again, or what became of them
 * @len_max: how long a packet may be, before it is fragmented
 * @too_big: puts EMSGSIZE into the error queue
 * @count_discard: counts what was begun and is not sent: OutDiscards of RFC 4293
 * @recverr: whether the socket wants an error queue
 * @check: begins to verify the checksum of a datagram that came in
 * @takes_unsummed: whether a socket, or nobody, takes one without a checksum
 * @to_many: whether a datagram came in for many: multicast, broadcast
 * @refuse: tells the sender that nobody listens
 * @key: fills in what a socket is looked up by for a datagram that came in
 * @flow_hash: hash of both ends, different for each flow
 * @score: how well a socket matches a datagram: -1 if it does not at all, else
 *	the more the better. Under RCU; the socket may change meanwhile
 * @steer: asks the BPF programs of the namespace for a socket; sets it to NULL
 *	or an error if they choose none. Returns whether it stands alone
 * @wants: whether a datagram for many is for this socket too
 * @keep: keeps what @tell will need of the route that a datagram came by
 * @name: writes the sender of a datagram to msg_name
 * @tell: writes the control messages that options of IP ask for
 * @show: writes the ends of a socket for /proc/net/eudp
 * @show_head: what stands above them
 * @show_width: of a line there
 */
struct eudp_af_ops {
	int			family;
	enum eudp_version	version;
	int			no_socket;
	int			certain;
	bool			jumbo;
	bool			last_longer;
	struct proto		*prot;
	const struct proto_ops	*ops;
	unsigned int		mtu_min;
	unsigned int		mtu_max;

	void	(*destruct)(struct sock *sk);
	void	(*init)(struct sock *sk);
	int	(*setsockopt)(struct sock *sk, int level, int name,
			      sockptr_t value, unsigned int len);
	int	(*getsockopt)(struct sock *sk, int level, int name,
			      char __user *value, int __user *len);
	bool	(*ends)(const struct sock *sk, struct eudp_key *key);

	int	(*peer)(struct sock *sk, struct eudp_packet *packet);
	int	(*control)(struct sock *sk, struct eudp_packet *packet);
	int	(*route)(struct sock *sk, struct eudp_packet *packet);
	void	(*release)(struct eudp_packet *packet);
	void	(*checksum)(const struct eudp_packet *packet,
			    struct udphdr *uh, __wsum sum);
	int	(*push)(struct sock *sk, struct eudp_packet *packet);
	void	(*hold)(struct sock *sk, struct eudp_packet *packet);
	void	(*recall)(struct sock *sk, struct eudp_packet *packet);
	unsigned int (*len_max)(const struct sock *sk,
				const struct eudp_packet *packet);
	void	(*too_big)(struct sock *sk, const struct eudp_packet *packet);
	void	(*count_discard)(const struct sock *sk,
				 const struct eudp_packet *packet);
	bool	(*recverr)(const struct sock *sk);

	int	(*check)(struct sk_buff *skb);
	bool	(*takes_unsummed)(const struct sock *sk);
	bool	(*to_many)(const struct sk_buff *skb);
	void	(*refuse)(struct sk_buff *skb);
	void	(*key)(struct sk_buff *skb, struct eudp_key *key);
	u32	(*flow_hash)(const struct eudp_key *key);
	int	(*score)(const struct sock *sk, const struct eudp_key *key);
	bool	(*steer)(const struct eudp_key *key, struct sock **sk);
	bool	(*wants)(const struct sock *sk, const struct eudp_key *key);
	void	(*keep)(struct sock *sk, struct sk_buff *skb);
	void	(*name)(struct sock *sk, const struct sk_buff *skb,
			struct msghdr *msg);
	void	(*tell)(struct sock *sk, struct msghdr *msg,
			struct sk_buff *skb, int offset);
	void	(*show)(struct seq_file *seq, const struct sock *sk);
	const char		*show_head;
	int			show_width;
};

/* af_eudp.c */
struct eudp_net *eudp_net(const struct net *net);
int eudp_protocol_family(int protocol);

/* socket.c */
int eudp_init_sock(struct sock *sk, const struct eudp_af_ops *af);
void eudp_close(struct sock *sk, long timeout);
int eudp_disconnect(struct sock *sk, int flags);
int eudp_abort(struct sock *sk, int err);
int eudp_create_sock(struct net *net, struct socket *sock,
		     const struct eudp_af_ops *af, int kern);
int eudp_ioctl(struct sock *sk, int cmd, int *karg);
__poll_t eudp_poll(struct file *file, struct socket *sock,
		   struct poll_table_struct *wait);

/* sockopt.c */
int eudp_setsockopt(struct socket *sock, int level, int name, sockptr_t value,
		    unsigned int len);
int eudp_getsockopt(struct socket *sock, int level, int name,
		    char __user *value, int __user *len);

/* port.c */
int eudp_table_init(struct eudp_table *table);
void eudp_table_exit(struct eudp_table *table);
bool eudp_port_conflict(const struct sock *sk, const struct sock *other);
void eudp_unhash(struct sock *sk);
void eudp_rehash(struct sock *sk);
void eudp_begin_move(struct sock *sk);
void eudp_end_move(struct sock *sk, bool connected);
void eudp_note_reuse(struct sock *sk);

/* output.c */
int eudp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len,
		 const struct eudp_af_ops *af);
int eudp_check_segments(const struct eudp_packet *packet);
void eudp_push_pending(struct sock *sk);
void eudp_splice_eof(struct socket *sock);
void eudp_destroy(struct sock *sk);

/* build.c */
int eudp_begin(struct sock *sk, struct eudp_packet *packet);
int eudp_append(struct sock *sk, struct eudp_packet *packet);
void eudp_finish(struct sock *sk, struct eudp_packet *packet);

/* offload.c */
/* Whether datagrams that devices receive are put together: net.eudp.gro */
DECLARE_STATIC_KEY_FALSE(eudp_gro_key);
struct sk_buff *eudp_segment(struct sk_buff *train, netdev_features_t features);
struct sk_buff *eudp_gro_receive(struct list_head *held, struct sk_buff *skb,
				 bool (*wrong)(struct sk_buff *skb));
int eudp_gro_complete(struct sk_buff *train, int offset, __sum16 check);
void eudp_gro_exit(void);

/* input.c */
static inline bool eudp_checksum_wrong(struct sk_buff *skb)
{
	return !skb_csum_unnecessary(skb) && __skb_checksum_complete(skb);
}

int eudp_check_complete(struct sk_buff *skb);
int eudp_rcv(struct sk_buff *skb, const struct eudp_af_ops *af);
void eudp_deliver(struct sock *sk, struct sk_buff *skb,
		  const struct eudp_af_ops *af);

/* mcast.c */
void eudp_deliver_many(struct sk_buff *skb, const struct eudp_af_ops *af);

/* lookup.c */
static inline struct hlist_head *eudp_port_chain(const struct eudp_table *table,
						 unsigned short port)
{
	return &table->port[port & table->mask];
}

static inline unsigned int *eudp_by_peer(const struct eudp_table *table,
					 unsigned short port)
{
	return &table->by_peer[port & table->mask];
}

/* Of no address at all it is 0, as of the IPv4 one that means the same */
static inline u32 eudp_addr_hash(const struct net *net, __be32 addr)
{
	return addr ? jhash_1word((__force u32)addr, net_hash_mix(net)) : 0;
}

static inline u32 eudp_addr_port_hash(u32 addr_hash, unsigned short port)
{
	return addr_hash ^ port;
}

bool eudp_device_match(int bound, const struct eudp_key *key);
struct sock *eudp_lookup(const struct eudp_key *key);
struct sock *eudp_one_of_group(struct sock *sk, const struct eudp_key *key);

/* queue.c */
extern atomic_long_t eudp_memory_allocated;
DECLARE_PER_CPU(int, eudp_memory_per_cpu);
void eudp_enqueue(struct sock *sk, struct sk_buff *skb);
void __eudp_uncharge(struct sock *sk, unsigned int size);
void eudp_drop(const struct net *net, struct sock *sk, struct sk_buff *skb,
	       enum skb_drop_reason reason);
void eudp_drop_all(const struct net *net, struct sock *sk, struct sk_buff *skb,
		   enum skb_drop_reason reason);
void eudp_lose(struct sock *sk, const struct sk_buff *skb);
void eudp_note_cpu(struct sock *sk, const struct sk_buff *skb, bool connected);
void eudp_drop_many(const struct net *net, struct sk_buff *skb);
void eudp_destruct(struct sock *sk);

/* recv.c */
int eudp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		 const struct eudp_af_ops *af);
int eudp_first_length(struct sock *sk);

/* error.c */
void eudp_error(struct sock *sk, int err, bool hard, bool queued);

/* ipv4.c */
extern const struct eudp_af_ops eudp4_ops;
int eudp4_register(void);
void eudp4_unregister(void);
int eudp4_register_protocol(void);
void eudp4_unregister_protocol(void);
void eudp4_open_door(void);
void eudp4_close_door(void);
void eudp4_key_of(struct eudp_key *key, const __be32 *peer,
		  const __be32 *local);
int eudp4_send(struct sock *sk, struct msghdr *msg, size_t len);
int eudp4_pre_connect(struct sock *sk, struct sockaddr *addr, int len);

/* ipv4_options.c */
int eudp4_control(struct sock *sk, struct eudp_packet *packet,
		  struct cmsghdr *cmsg);
int eudp4_control_all(struct sock *sk, struct eudp_packet *packet);
void eudp4_take_options(struct sock *sk, struct eudp_packet *packet);
void eudp4_write_options(struct sk_buff *skb, const struct eudp_packet *packet);

/* ipv6.c */
#if IS_ENABLED(CONFIG_IPV6)
const struct eudp_af_ops *eudp6_ops_if_enabled(void);
int eudp6_control_mapped(const struct sock *sk, struct eudp_packet *packet,
			 struct cmsghdr *cmsg);
int eudp6_register(void);
void eudp6_unregister(void);
int eudp6_register_protocol(void);
void eudp6_unregister_protocol(void);
void eudp6_open_door(void);
void eudp6_close_door(void);
bool eudp6_key_of(struct eudp_key *key, const __be32 *peer,
		  const __be32 *local);
#else
static inline const struct eudp_af_ops *eudp6_ops_if_enabled(void)
{
	return NULL;
}

static inline bool eudp6_key_of(struct eudp_key *key, const __be32 *peer,
				const __be32 *local)
{
	return false;
}

static inline int eudp6_control_mapped(const struct sock *sk,
				       struct eudp_packet *packet,
				       struct cmsghdr *cmsg)
{
	return 0;
}

static inline int eudp6_register(void)
{
	return 0;
}

static inline void eudp6_unregister(void)
{
}

static inline int eudp6_register_protocol(void)
{
	return 0;
}

static inline void eudp6_unregister_protocol(void)
{
}

static inline void eudp6_open_door(void)
{
}

static inline void eudp6_close_door(void)
{
}
#endif

/* ipv6_headers.c */
int eudp6_write_headers(const struct sock *sk, struct eudp_packet *packet,
			const struct ipv6_txoptions *opt);

/* ipv6_pmtu.c */
void eudp6_queue_too_big(struct sock *sk, const struct eudp_packet *packet,
			 unsigned int mtu);
void eudp6_keep_pathmtu(struct sock *sk, const struct eudp_packet *packet,
			unsigned int mtu);
int eudp6_recv_pathmtu(struct sock *sk, struct msghdr *msg, size_t len);

/* sockmap.c */
#if defined(CONFIG_BPF_SYSCALL) && defined(CONFIG_NET_SOCK_MSG)
void eudp_sockmap_init(struct proto *in_map, const struct proto *prot);
int eudp_sockmap_update(struct sock *sk, struct sk_psock *psock, bool restore,
			struct proto *in_map);
#endif

/* mib.c */
int eudp_mib_init(struct eudp_net *en);
void eudp_mib_exit(struct eudp_net *en);

static inline void eudp_count_some(struct eudp_net *en,
				   enum eudp_version version,
				   enum eudp_counter counter, unsigned int some)
{
	SNMP_ADD_STATS(en->mib, version * EUDP_COUNTERS + counter, some);
}

static inline void eudp_count(struct eudp_net *en, enum eudp_version version,
			      enum eudp_counter counter)
{
	eudp_count_some(en, version, counter, 1);
}

/* By which a datagram came in; sockets of IPv6 take both */
static inline enum eudp_version eudp_version_of(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IPV6) ? EUDP_IPV6 : EUDP_IPV4;
}

/* proc.c */
int eudp_proc_init(struct net *net);
void eudp_proc_exit(struct net *net);

/* sysctl.c */
extern long eudp_mem[3];
extern int eudp_rmem_min;
extern int eudp_wmem_min;
void eudp_mem_init(void);
int eudp_sysctl_init(struct net *net);
void eudp_sysctl_exit(struct net *net);

#endif /* _NET_EUDP_H */
