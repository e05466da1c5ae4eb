// SPDX-License-Identifier: GPL-2.0
/*
 * SO_REUSEPORT of socket(7): who may share a port, and which member of the
 * group a datagram goes to
 */
#include "program.h"
#include <linux/filter.h>
#include <sys/resource.h>

#define MEMBERS	4
#define FLOWS	100
#define MANY	400	/* enough to count how many each has */
#define CROWD	1000
#define NOBODY	65534

EUDP_BOTH_FIXTURE(reuseport)
EUDP_FIXTURE(reuseport4)
EUDP6_FIXTURE(reuseport6)

/*
 * Where sockets are alike IPv4 finds the youngest one first, and IPv6 the
 * oldest one of those with SO_REUSEPORT. A group ends the search, even if
 * there is a better one behind it.
 */

/* Inside a test: addresses of its version; the other one is on lo as well */
#define LO	variant->door.lo
#define ANY	variant->door.any
#define IP6	(variant->door.version == AF_INET6)
#define OTHER	(IP6 ? "fd00::2" : "127.0.0.2")
#define add_other() \
	run("ip addr add fd00::2/128 dev lo nodad")

/* A socket for each of @n source ports */
static void __open_flows(struct __test_metadata *_metadata,
			 const struct door *door, int *flows, int n)
{
	int i;

	for (i = 0; i < n; i++)
		flows[i] = __bound(_metadata, __sock(_metadata, door->family,
						     door->protocol),
				   door->lo, 6000 + i);
}

/*
 * Sends one datagram in each of @n flows. Exactly one member has got it:
 * homes[i] is which, and counts[] is how many each has got.
 */
static void __survey(struct __test_metadata *_metadata, const char *ip,
		     const int *flows, const int *fds, int n, int *homes,
		     int *counts)
{
	int i;

	memset(counts, 0, MEMBERS * sizeof(*counts));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, tag_to(flows[i], ip, 5000, 1));
		homes[i] = __who(_metadata, fds, MEMBERS);
		ASSERT_LE(0, homes[i])
			TH_LOG("flow %d", i);
		counts[homes[i]]++;
	}
}

/* Four members at port 5000 of an address; the first one has it first */
static void __group(struct __test_metadata *_metadata, const struct door *door,
		    const char *ip, int *fds)
{
	int i;

	for (i = 0; i < MEMBERS; i++)
		fds[i] = __bound(_metadata,
				 __share(_metadata,
					 __sock(_metadata, door->family,
						door->protocol)), ip, 5000);
}

#define open_flows(flows) \
	__open_flows(_metadata, &variant->door, flows, ARRAY_SIZE(flows))
#define group(ip, fds)	__group(_metadata, &variant->door, ip, fds)
#define survey(homes) \
	__survey(_metadata, LO, flows, fds, ARRAY_SIZE(homes), homes, counts)

/* A classic program, from socket(7): 0, or the errno */
static int attach_classic(int fd, const struct sock_filter *code, int len)
{
	struct sock_fprog program = { len, (struct sock_filter *)code };

	return err_of(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
				 &program, sizeof(program)));
}

static int attach_index(int fd, int index)
{
	const struct sock_filter code[] = { BPF_STMT(BPF_RET, index) };

	return attach_classic(fd, code, ARRAY_SIZE(code));
}

/* The first byte that was sent is the index */
static int attach_first_byte(int fd)
{
	static const struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	return attach_classic(fd, code, ARRAY_SIZE(code));
}

static int detach_program(int fd)
{
	return err_of(set_int(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0));
}

/* A port is shared only if both have the option, where addresses clash */
TEST_F(reuseport, both_have_it)
{
	const struct {
		const char *first, *second;
		bool clash;
	} cases[] = {
		{ ANY, ANY, true },
		{ ANY, LO, true },
		{ LO, ANY, true },
		{ LO, LO, true },
		{ LO, OTHER, false },
	};
	unsigned int i, how;

	add_other();
	for (i = 0; i < ARRAY_SIZE(cases) * 4; i++) {
		const typeof(cases[0]) *c = &cases[i / 4];
		int one = sock(), two = sock(), three = other_sock(), err;

		how = i % 4;
		if (how & 1)
			share(one);
		if (how & 2) {
			share(two);
			share(three);
		}
		err = c->clash && how != 3 ? EADDRINUSE : 0;
		EXPECT_EQ(0, err_of(bind_to(one, c->first, 5000)));
		EXPECT_EQ(err, err_of(bind_to(two, c->second, 5000)))
			TH_LOG("%s, then %s, SO_REUSEPORT on %d", c->first,
			       c->second, how);
		close(two);
		EXPECT_EQ(err, err_of(bind_to(three, c->second, 5000)));
		close(three);
		close(one);
	}
}

/* A group is of one user: the one who made the socket, or to whom it is given */
TEST_F(reuseport, users)
{
	int theirs, given, ours = share(sock());

	group_member(LO, 5000);
	ASSERT_EQ(0, seteuid(NOBODY));
	theirs = share(sock());
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(theirs, LO, 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(theirs, ANY, 5000)));
	EXPECT_EQ(0, err_of(bind_to(theirs, LO, 5001)));
	group_member(LO, 5001);
	/* Who calls bind does not matter */
	EXPECT_EQ(0, err_of(bind_to(ours, LO, 5000)));
	given = share(sock());
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(given, LO, 5000)));
	ASSERT_EQ(0, fchown(given, 0, 0));
	EXPECT_EQ(0, err_of(bind_to(given, LO, 5000)));
}

/* SO_REUSEADDR lets anybody in, but a group stays one of one user */
TEST_F(reuseport, users_with_reuseaddr)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;

	open_flows(flows);
	for (i = 0; i < MEMBERS; i++) {
		ASSERT_EQ(0, seteuid(i < 2 ? 0 : NOBODY));
		fds[i] = __bound(_metadata, reuse(share(sock())), LO,
				 5000);
		ASSERT_EQ(0, seteuid(0));
	}
	survey(homes);
	for (i = 0; i < MEMBERS; i++)
		EXPECT_EQ(IP6 == (i < 2), counts[i] > 0)
			TH_LOG("member %d", i);
}

/* The other option does not do for this one */
TEST_F(reuseport, mixed_with_reuseaddr)
{
	int fd = reuse(sock());

	group_member(LO, 5000);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, LO, 5000)));
	share(fd);
	EXPECT_EQ(0, err_of(bind_to(fd, LO, 5000)));
	shared(LO, 5001);
	fd = share(sock());
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, LO, 5001)));
	reuse(fd);
	EXPECT_EQ(0, err_of(bind_to(fd, LO, 5001)));
}

/* Set after bind it counts for those who come, and makes a group with them */
TEST_F(reuseport, set_after_bind)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;
	int late = share(sock());

	open_flows(flows);
	fds[0] = bound(LO, 5000);
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(late, LO, 5000)));
	share(fds[0]);
	for (i = 1; i < MEMBERS; i++)
		fds[i] = group_member(LO, 5000);
	survey(homes);
	for (i = 0; i < MEMBERS; i++)
		EXPECT_LT(0, counts[i])
			TH_LOG("member %d", i);
}

/* Cleared on the first found it keeps others out, and it takes all for itself */
TEST_F(reuseport, cleared_after_bind)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS];
	int first = IP6 ? 0 : MEMBERS - 1, late = share(sock());

	open_flows(flows);
	group(LO, fds);
	ASSERT_EQ(0, set_int(fds[first], SOL_SOCKET, SO_REUSEPORT, 0));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(late, LO, 5000)));
	survey(homes);
	EXPECT_EQ(FLOWS, counts[first]);
	share(fds[first]);
	survey(homes);
	EXPECT_GT(FLOWS, counts[first]);
	EXPECT_EQ(0, err_of(bind_to(late, LO, 5000)));
}

/* Who was there before has it with who comes, even who has gone: it is a group */
TEST_F(reuseport, group_of_one)
{
	int fds[4];

	fds[0] = joined(shared(LO, 5000), LO, 6000);
	fds[1] = shared(LO, 5000);
	share(fds[1]);
	fds[2] = share(reuse(sock()));
	EXPECT_EQ(0, err_of(bind_to(fds[2], LO, 5000)));
	fds[3] = bound(LO, 6000);
	EXPECT_EQ(0, close(fds[2]));
	EXPECT_EQ(0, tag_to(fds[3], LO, 5000, 7));
	EXPECT_EQ(1, who(fds, 2));
}

/* If the kernel chooses the port, all that have it must let it be shared. */
TEST_F(reuseport, port_zero_of_mixed)
{
	int fd = share(sock());

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40000"));
	shared(LO, 40000);
	EXPECT_EQ(0, err_of(bind_to(share(reuse(sock())), LO, 40000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, LO, 0)));
	EXPECT_EQ(EAGAIN, tag_to(fd, LO, 9, 1));
	EXPECT_EQ(IP6 ? EADDRINUSE : 0, err_of(bind_to(fd, LO, 40000)));
}

/* Of a range of one port all that share it get that */
TEST_F(reuseport, port_zero)
{
	int fd;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40000"));
	EXPECT_EQ(40000, port_of(group_member(LO, 0)));
	EXPECT_EQ(40000, port_of(group_member(LO, 0)));
	EXPECT_EQ(40000, port_of(group_member(ANY, 0)));
	fd = sock();
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(fd, LO, 0)));
	EXPECT_EQ(EAGAIN, tag_to(fd, LO, 9, 1));
	EXPECT_EQ(0, tag_to(share(fd), LO, 9, 1));
	EXPECT_EQ(40000, port_of(fd));
}

/* Each member has some of the flows, and keeps them as long as all stay */
TEST_F(reuseport, spread)
{
	int flows[MANY], homes[MANY], counts[MEMBERS], fds[MEMBERS], i;
	int again[MANY];

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	for (i = 0; i < MEMBERS; i++)
		EXPECT_LT(MANY / MEMBERS / 2, counts[i])
			TH_LOG("member %d", i);
	survey(again);
	EXPECT_EQ(0, memcmp(homes, again, sizeof(homes)));
}

/* Of two groups at one port the one bound to the address has the datagrams */
TEST_F(reuseport, addresses)
{
	int any[MEMBERS], one[MEMBERS], flows[FLOWS], i;

	add_other();
	open_flows(flows);
	group(LO, one);
	group(ANY, any);
	for (i = 0; i < FLOWS; i++) {
		ASSERT_EQ(0, tag_to(flows[i], LO, 5000, 1));
		ASSERT_LE(0, who(one, MEMBERS));
		ASSERT_EQ(0, tag_to(flows[i], OTHER, 5000, 1));
		ASSERT_LE(0, who(any, MEMBERS));
		ASSERT_EQ(-1, who(one, MEMBERS));
	}
}

/* All members take a broadcast */
TEST_F(reuseport4, broadcast)
{
	int fds[MEMBERS], tx = sock(), i;

	group(ANY, fds);
	ASSERT_EQ(0, set_int(tx, SOL_SOCKET, SO_BROADCAST, 1));
	EXPECT_EQ(0, tag_to(tx, "127.255.255.255", 5000, 9));
	for (i = 0; i < MEMBERS; i++) {
		EXPECT_EQ(9, take_tag(fds[i]));
		EXPECT_EQ(EAGAIN, silent(fds[i]));
	}
}

/* The flows of one that closes go to the others */
TEST_F(reuseport, member_closes)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i, k;

	open_flows(flows);
	group(LO, fds);
	for (k = 0; k < MEMBERS; k++) {
		survey(homes);
		for (i = 0; i < MEMBERS; i++)
			EXPECT_EQ(i >= k, counts[i] > 0);
		close(fds[k]);
		fds[k] = -1;
	}
	EXPECT_EQ(0, tag_to(flows[0], LO, 5000, 1));
	EXPECT_EQ(-1, who(fds, MEMBERS));
	/* The port is anybody's */
	bound(LO, 5000);
}

/*
 * One that connects hears its peer and nobody else; what it has heard so far
 * goes to others, whose own flows stay where they were
 */
TEST_F(reuseport, member_connects)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;
	int meanwhile[FLOWS], peer, chosen;

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	chosen = homes[1];
	/* A peer that it has not heard so far */
	for (peer = 0; homes[peer] == chosen; peer++)
		;
	joined(fds[chosen], LO, 6000 + peer);
	survey(meanwhile);
	for (i = 0; i < FLOWS; i++) {
		EXPECT_EQ(i == peer, meanwhile[i] == chosen);
		if (i != peer && homes[i] != chosen)
			EXPECT_EQ(homes[i], meanwhile[i]);
	}
}

/* With all connected nobody else is heard; port and option let one more in */
TEST_F(reuseport, all_connect)
{
	int fds[MEMBERS + 1], peers[MEMBERS], stranger = sock(), i;

	group(LO, fds);
	for (i = 0; i < MEMBERS; i++) {
		peers[i] = bound(LO, 6000 + i);
		joined(fds[i], LO, 6000 + i);
	}
	EXPECT_EQ(0, tag_to(stranger, LO, 5000, 1));
	EXPECT_EQ(-1, who(fds, MEMBERS));
	fds[MEMBERS] = group_member(LO, 5000);
	EXPECT_EQ(0, tag_to(stranger, LO, 5000, 1));
	EXPECT_EQ(MEMBERS, who(fds, MEMBERS + 1));
	for (i = 0; i < MEMBERS; i++) {
		EXPECT_EQ(0, tag_to(peers[i], LO, 5000, 1));
		EXPECT_EQ(i, who(fds, MEMBERS + 1));
	}
}

/*
 * One without an address gets one when it connects, so it leaves the group. It
 * does not come back: it is alone, and the last that got its address.
 */
TEST_F(reuseport, wildcard_member_connects)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;

	open_flows(flows);
	group(ANY, fds);
	joined(fds[0], LO, 6000);
	survey(homes);
	EXPECT_EQ(0, homes[0]);
	EXPECT_EQ(1, counts[0]);
	for (i = 1; i < MEMBERS; i++)
		EXPECT_LT(0, counts[i]);
	ASSERT_EQ(0, disconnect(fds[0]));
	survey(homes);
	EXPECT_EQ(FLOWS, counts[0]);
}

/* Groups of devices are apart, and go before those of none, if found first */
TEST_F(reuseport, devices)
{
	static const char * const devices[] = { "d0", "", "lo", "lo" };
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;

	open_flows(flows);
	run("ip link add d0 type dummy");
	for (i = 0; i < MEMBERS; i++) {
		fds[i] = share(sock());
		ASSERT_EQ(0, set_device(fds[i], devices[i]));
		ASSERT_EQ(0, bind_to(fds[i], ANY, 5000));
	}
	survey(homes);
	for (i = 0; i < MEMBERS; i++)
		EXPECT_EQ(IP6 ? i == 1 : i > 1, counts[i] > 0)
			TH_LOG("member %d", i);
}

/* One that changes its device leaves the group, for good */
TEST_F(reuseport, member_changes_device)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;
	int last = MEMBERS - 1;

	open_flows(flows);
	run("ip link add d0 type dummy");
	group(LO, fds);
	ASSERT_EQ(0, set_device(fds[last], "d0"));
	survey(homes);
	for (i = 0; i < last; i++)
		EXPECT_LT(0, counts[i]);
	EXPECT_EQ(0, counts[last]);
	ASSERT_EQ(0, set_device(fds[last], "lo"));
	survey(homes);
	EXPECT_EQ(IP6 ? 0 : FLOWS, counts[last]);
	/* Alone, and still the youngest of those with this address */
	ASSERT_EQ(0, set_device(fds[last], ""));
	survey(homes);
	EXPECT_EQ(IP6 ? 0 : FLOWS, counts[last]);
}

/* A program says which member, by the order in which they came */
TEST_F(reuseport, classic_index)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;
	int again[FLOWS];

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	for (i = 0; i < MEMBERS; i++) {
		/* Any member can attach it, a new one takes the old one's place */
		ASSERT_EQ(0, attach_index(fds[MEMBERS - 1 - i], i));
		survey(again);
		EXPECT_EQ(FLOWS, counts[i]);
	}
	/* There is no such member: as if there were no program */
	ASSERT_EQ(0, attach_index(fds[0], MEMBERS));
	survey(again);
	EXPECT_EQ(0, memcmp(homes, again, sizeof(homes)));
	ASSERT_EQ(0, attach_index(fds[0], -1));
	survey(again);
	EXPECT_EQ(0, memcmp(homes, again, sizeof(homes)));
	/* The last one takes the place of one that closes */
	ASSERT_EQ(0, attach_index(fds[0], 1));
	close(fds[1]);
	fds[1] = -1;
	survey(again);
	EXPECT_EQ(FLOWS, counts[MEMBERS - 1]);
}

/* The program sees what was sent, from its first byte on */
TEST_F(reuseport, classic_payload)
{
	int fds[MEMBERS], tx = sock(), home, i;

	group(LO, fds);
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 0));
	home = who(fds, MEMBERS);
	ASSERT_EQ(0, attach_first_byte(fds[0]));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, tag_to(tx, LO, 5000, i));
		EXPECT_EQ(i < MEMBERS ? i : home, who(fds, MEMBERS));
	}
	/* No byte to load ends a program with 0 */
	EXPECT_EQ(0, err_of(send_to(tx, LO, 5000, "", 0)));
	EXPECT_EQ(0, take(fds[0], &i, sizeof(i)));
}

/* It may say a member that is connected, to anybody */
TEST_F(reuseport, program_chooses_connected)
{
	int fds[MEMBERS], tx = bound(LO, 6001);

	group(LO, fds);
	joined(fds[1], LO, 6000);
	ASSERT_EQ(0, attach_index(fds[0], 1));
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	EXPECT_EQ(1, who(fds, MEMBERS));
	/* The peer of one that is connected is not asked about */
	ASSERT_EQ(0, attach_index(fds[0], 2));
	joined(fds[1], LO, 6001);
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	EXPECT_EQ(1, who(fds, MEMBERS));
}

static int attach_extended(int fd, int program)
{
	return err_of(set_int(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF,
			      program));
}

/* The same with a program of bpf(2), whose descriptor may be closed */
TEST_F(reuseport, extended_payload)
{
	const struct bpf_insn code[] = {
		COPY(6, 1), INSN(BPF_LD | BPF_B | BPF_ABS, 0, 0, 0, 0), EXIT,
	};
	int program = load(BPF_PROG_TYPE_SOCKET_FILTER, 0, code);
	int fds[MEMBERS], tx = sock(), home, i;

	group(LO, fds);
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 0));
	home = who(fds, MEMBERS);
	ASSERT_EQ(0, attach_extended(fds[2], program));
	close(program);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, tag_to(tx, LO, 5000, i));
		EXPECT_EQ(i < MEMBERS ? i : home, who(fds, MEMBERS));
	}
	EXPECT_EQ(EBADF, attach_extended(fds[0], program));
	EXPECT_EQ(EINVAL, attach_extended(fds[0], fds[0]));
	/* One that failed has changed nothing */
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 3));
	EXPECT_EQ(3, who(fds, MEMBERS));
}

/* A program can be taken off by any member, once */
TEST_F(reuseport, detach)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS];
	int again[FLOWS];

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	EXPECT_EQ(ENOENT, detach_program(fds[0]));
	ASSERT_EQ(0, attach_index(fds[0], 0));
	EXPECT_EQ(0, detach_program(fds[3]));
	EXPECT_EQ(ENOENT, detach_program(fds[0]));
	survey(again);
	EXPECT_EQ(0, memcmp(homes, again, sizeof(homes)));
	EXPECT_EQ(ENOENT, detach_program(share(sock())));
	EXPECT_EQ(EINVAL, detach_program(sock()));
	EXPECT_EQ(EINVAL, detach_program(bound(LO, 5001)));
}

/* Who has no group cannot have a program */
TEST_F(reuseport, attach_without_group)
{
	int fd = sock();

	EXPECT_EQ(EINVAL, attach_index(fd, 0));
	ASSERT_EQ(0, bind_to(fd, LO, 5000));
	EXPECT_EQ(EINVAL, attach_index(fd, 0));
	/* The option comes too late for a group */
	share(fd);
	EXPECT_EQ(EINVAL, attach_index(fd, 0));
	/* Until somebody else comes */
	group_member(LO, 5000);
	EXPECT_EQ(0, attach_index(fd, 0));
	EXPECT_EQ(EINVAL, attach_classic(fd, NULL, 0));
}

/* A program before bind makes a group; it begins one, and joins none */
TEST_F(reuseport, attach_before_bind)
{
	int fds[2] = { share(sock()) }, late = share(sock()), tx = sock(), i;

	ASSERT_EQ(0, attach_index(fds[0], 1));
	ASSERT_EQ(0, bind_to(fds[0], LO, 5000));
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	EXPECT_EQ(0, who(fds, 1));
	fds[1] = group_member(LO, 5000);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(0, tag_to(sock(), LO, 5000, 1));
		EXPECT_EQ(1, who(fds, 2));
	}
	ASSERT_EQ(0, attach_index(late, 0));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(late, LO, 5000)));
	EXPECT_EQ(0, err_of(bind_to(late, LO, 5001)));
	/* One that is closed without a port */
	late = share(sock());
	ASSERT_EQ(0, attach_index(late, 0));
	close(late);
}

/* socket(7): SO_INCOMING_CPU, for members that say a processor */
TEST_F(reuseport, incoming_cpu)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS];
	int again[FLOWS], here = sched_getcpu();

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	/* Nobody is for this one, so all are */
	ASSERT_EQ(0, set_int(fds[1], SOL_SOCKET, SO_INCOMING_CPU, here + 1));
	survey(again);
	EXPECT_EQ(0, memcmp(homes, again, sizeof(homes)));
	ASSERT_EQ(0, set_int(fds[2], SOL_SOCKET, SO_INCOMING_CPU, here));
	survey(again);
	EXPECT_EQ(FLOWS, counts[2]);
	ASSERT_EQ(0, set_int(fds[0], SOL_SOCKET, SO_INCOMING_CPU, here));
	survey(again);
	EXPECT_LT(0, counts[0]);
	EXPECT_LT(0, counts[2]);
	EXPECT_EQ(FLOWS, counts[0] + counts[2]);
}

/* The only one of @fds that has an error; -1: none, -2: more than one */
static int who_is_refused(const int *fds, int n)
{
	int i, winner = -1;

	for (i = 0; i < n; i++)
		if (get_int(fds[i], SOL_SOCKET, SO_ERROR) == ECONNREFUSED)
			winner = winner == -1 ? i : -2;
	return winner;
}

/* An error is told to who hears the flow: sender and program do not matter */
TEST_F(reuseport, errors)
{
	int flows[FLOWS], homes[FLOWS], counts[MEMBERS], fds[MEMBERS], i;

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	for (i = 0; i < MEMBERS; i++)
		ASSERT_EQ(0, IP6 ? set_int(fds[i], SOL_IPV6, IPV6_RECVERR, 1) :
			  set_int(fds[i], SOL_IP, IP_RECVERR, 1));
	for (i = 0; i < 16; i++) {
		if (i == 8)
			ASSERT_EQ(0, attach_index(fds[0], 0));
		close(flows[i]);
		EXPECT_EQ(0, tag_to(fds[i % MEMBERS], LO, 6000 + i,
				    1));
		settle();
		EXPECT_EQ(homes[i], who_is_refused(fds, MEMBERS))
			TH_LOG("flow %d", i);
	}
}

/* A thousand share a port, and leave it free when they go */
TEST_F(reuseport, crowd)
{
	struct rlimit limit = { CROWD + 100, CROWD + 100 };
	int fds[CROWD], tx = sock(), late = sock(), i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < CROWD; i++)
		fds[i] = group_member(LO, 5000);
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	EXPECT_LE(0, who(fds, CROWD));
	/* Even the last one can be reached */
	ASSERT_EQ(0, attach_index(fds[0], CROWD - 1));
	EXPECT_EQ(0, tag_to(tx, LO, 5000, 1));
	EXPECT_EQ(CROWD - 1, who(fds, CROWD));
	for (i = 0; i < CROWD; i++) {
		if (i == CROWD - 1)
			EXPECT_EQ(EADDRINUSE,
				  err_of(bind_to(late, LO, 5000)));
		close(fds[i]);
	}
	EXPECT_EQ(0, err_of(bind_to(late, LO, 5000)));
}

/* disconnect() of one that is bound to an address changes nothing */
TEST_F(reuseport, member_disconnects)
{
	int flows[FLOWS], homes[FLOWS], again[FLOWS], counts[MEMBERS];
	int fds[MEMBERS], i;

	open_flows(flows);
	group(LO, fds);
	survey(homes);
	joined(fds[0], LO, 6000);
	ASSERT_EQ(0, disconnect(fds[0]));
	ASSERT_EQ(0, disconnect(fds[1]));
	survey(again);
	for (i = 0; i < FLOWS; i++)
		EXPECT_EQ(homes[i], again[i]);
}

/* A member at every address of IPv4 (4), of IPv6 (6), or of both (d) */
static int __kind(struct __test_metadata *_metadata, const struct door *door,
		  char kind)
{
	int fd;

	if (kind == '4')
		fd = __sock4(_metadata, door);
	else
		fd = __sock(_metadata, door->family, door->protocol);
	if (kind == '6')
		ASSERT_EQ(0, set_int(fd, SOL_IPV6, IPV6_V6ONLY, 1));
	__share(_metadata, fd);
	return __bound(_metadata, fd, kind == '4' ? "0.0.0.0" : "::", 5000);
}

#define kind(k) __kind(_metadata, &variant->door, k)

/* Of which kind is the one that hears a new flow to @ip? '-' if none is */
static char __heard_by(struct __test_metadata *_metadata,
		       const struct door *door, const char *ip,
		       const char *kinds, const int *fds, int *counts)
{
	int n = strlen(kinds), winner;
	int tx = strchr(ip, ':') ?
		__sock(_metadata, door->family, door->protocol) :
		__sock4(_metadata, door);

	ASSERT_EQ(0, tag_to(tx, ip, 5000, 1));
	winner = __who(_metadata, fds, n);
	close(tx);
	ASSERT_LE(-1, winner);
	if (winner < 0)
		return '-';
	counts[winner]++;
	return kinds[winner];
}

#define heard_by(ip, kinds) \
	__heard_by(_metadata, &variant->door, ip, kinds, fds, counts)

/*
 * Sockets that hear other versions are of other groups. IPv4 is for its own
 * sockets first, IPv6 for whoever is there first.
 */
TEST_F(reuseport6, versions)
{
	static const struct {
		const char *kinds;	/* in the order in which they bind */
		char ip4, ip6;
	} cases[] = {
		{ "44dd66", '4', 'd' },
		{ "dd4466", '4', 'd' },
		{ "66dd44", '4', '6' },
		{ "d6464d", '4', 'd' },
		{ "6d6d4", '4', '6' },
		{ "ddd", 'd', 'd' },
		{ "6d6d", 'd', '6' },
		{ "d6d6", 'd', 'd' },
		{ "44", '4', '-' },
		{ "66", '-', '6' },
	};
	int fds[6], counts[6];
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const typeof(cases[0]) *c = &cases[i];

		memset(counts, 0, sizeof(counts));
		for (k = 0; c->kinds[k]; k++)
			fds[k] = kind(c->kinds[k]);
		for (k = 0; k < 64; k++) {
			ASSERT_EQ(c->ip4, heard_by("127.0.0.1", c->kinds))
				TH_LOG("%s", c->kinds);
			ASSERT_EQ(c->ip6, heard_by("::1", c->kinds))
				TH_LOG("%s", c->kinds);
		}
		/* All of the group have had some */
		for (k = 0; c->kinds[k]; k++) {
			EXPECT_EQ(c->kinds[k] == c->ip4 ||
				  c->kinds[k] == c->ip6, counts[k] > 0)
				TH_LOG("%s, member %d", c->kinds, k);
			close(fds[k]);
		}
	}
}

/* A program is of one group, and is asked for both versions that it hears */
TEST_F(reuseport6, program_of_both_versions)
{
	static const char kinds[] = "ddd66";
	int fds[5], counts[5] = {};
	unsigned int i;

	for (i = 0; i < 5; i++)
		fds[i] = kind(kinds[i]);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, attach_index(fds[0], i));
		memset(counts, 0, sizeof(counts));
		EXPECT_EQ('d', heard_by("127.0.0.1", kinds));
		EXPECT_EQ('d', heard_by("::1", kinds));
		EXPECT_EQ(2, counts[i]);
	}
	EXPECT_EQ(ENOENT, detach_program(fds[3]));
	EXPECT_EQ(0, detach_program(fds[1]));
}

/* One user's socket for both keeps others out of IPv4; one for IPv6 does not */
TEST_F(reuseport6, users_of_versions)
{
	int dual = kind('d'), theirs;

	ASSERT_EQ(0, seteuid(NOBODY));
	theirs = share(sock4());
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(theirs, "0.0.0.0", 5000)));
	EXPECT_EQ(EADDRINUSE, err_of(bind_to(theirs, "127.0.0.1", 5000)));
	ASSERT_EQ(0, seteuid(0));
	close(dual);
	kind('6');
	EXPECT_EQ(0, err_of(bind_to(theirs, "0.0.0.0", 5000)));
}

TEST_HARNESS_MAIN
