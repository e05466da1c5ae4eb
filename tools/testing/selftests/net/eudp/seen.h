/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that a packet made by hand has done: whether it was received, what it is
 * counted as, and the answer to it
 */
#ifndef _EUDP_TEST_SEEN_H
#define _EUDP_TEST_SEEN_H

#include "packet.h"
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#define NONE	-1
#define WRONG	-2

static inline int value(int wanted, int good)
{
	return wanted == NONE ? 0 : wanted ? wanted : good;
}

/* Counters by the names that their lines have, and what is to be seen */
static const struct watched {
	const char *mib, *name;
} watched4[] = {
	{ NULL, "InDatagrams" },
	{ NULL, "NoPorts" },
	{ NULL, "InErrors" },
	{ NULL, "InCsumErrors" },
	{ NULL, "RcvbufErrors" },
	{ NULL, "MemErrors" },
	{ NULL, "IgnoredMulti" },
	{ "Ip:", "InHdrErrors" },
	{ "Ip:", "InAddrErrors" },
	{ "Ip:", "InUnknownProtos" },
	{ "Ip:", "InDiscards" },
	{ "Ip:", "ForwDatagrams" },
	{ "Ip:", "ReasmOKs" },
	{ "Ip:", "ReasmFails" },
	{ "IpExt:", "InTruncatedPkts" },
	{ "IpExt:", "InCsumErrors" },
	{ "IpExt:", "InNoRoutes" },
};

/* The same as /proc/net/snmp6 names them */
static const struct watched watched6[] = {
	{ NULL, "InDatagrams" },
	{ NULL, "NoPorts" },
	{ NULL, "InErrors" },
	{ NULL, "InCsumErrors" },
	{ NULL, "RcvbufErrors" },
	{ NULL, "MemErrors" },
	{ NULL, "IgnoredMulti" },
	{ "Ip6", "InHdrErrors" },
	{ "Ip6", "InTooBigErrors" },
	{ "Ip6", "InNoRoutes" },
	{ "Ip6", "InAddrErrors" },
	{ "Ip6", "InUnknownProtos" },
	{ "Ip6", "InTruncatedPkts" },
	{ "Ip6", "InDiscards" },
	{ "Ip6", "OutForwDatagrams" },
	{ "Ip6", "ReasmOKs" },
	{ "Ip6", "ReasmFails" },
};

#define WATCHED ARRAY_SIZE(watched4)

struct values {
	long of[WATCHED];
};

static inline const struct watched *watched_of(const struct door *door)
{
	return door->version == AF_INET6 ? watched6 : watched4;
}

/* All that are in this file, which is read once, as there are many lines */
static inline void count_in(const char *path, const struct door *door,
			    struct values *v)
{
	char has[64], wants[64];
	FILE *f = fopen(path, "r");
	unsigned int i;
	long value;

	while (f && fscanf(f, "%63s %ld", has, &value) == 2) {
		for (i = 0; i < WATCHED; i++) {
			snprintf(wants, sizeof(wants), "%s%s",
				 watched6[i].mib ?: door->mib,
				 watched6[i].name);
			if (!strcmp(has, wants))
				v->of[i] = value;
		}
	}
	if (f)
		fclose(f);
}

static inline struct values count(const struct door *door)
{
	struct values v = {};
	unsigned int i;

	if (door->version == AF_INET6) {
		count_in("/proc/net/snmp6", door, &v);
		if (door->wire != IPPROTO_UDP)
			count_in(door->snmp, door, &v);
		return v;
	}
	for (i = 0; i < WATCHED; i++) {
		const char *mib = watched4[i].mib;
		struct door ip = { .mib = mib, .snmp = "/proc/net/snmp" };

		if (mib && !strcmp(mib, "IpExt:"))
			ip.snmp = "/proc/net/netstat";
		v.of[i] = counter(mib ? &ip : door, watched4[i].name);
	}
	return v;
}

/* A test: its door, the wire, and what its packets have done so far */
struct wire {
	const struct door *door;
	int tap, fd;
	struct values before;
};

/* What IPv6 says without being asked is no answer: RFC 4443 2.1 */
static inline int answer6(struct wire *w, char *s)
{
	struct icmp6_hdr *icmp;
	struct packet p;

	while (sent(w->tap, IPPROTO_ICMPV6, &p)) {
		icmp = (struct icmp6_hdr *)head_of(&p);
		if (icmp->icmp6_type >= ICMP6_INFOMSG_MASK)
			continue;
		if (icmp->icmp6_type == ICMP6_PARAM_PROB)
			return sprintf(s, " icmp %d/%d at %d", icmp->icmp6_type,
				       icmp->icmp6_code,
				       ntohl(icmp->icmp6_pptr));
		return sprintf(s, " icmp %d/%d", icmp->icmp6_type,
			       icmp->icmp6_code);
	}
	return 0;
}

/* The answer on the wire, if any: "icmp 3/3" */
static inline int answer(struct wire *w, char *s)
{
	struct icmphdr *icmp;
	struct packet p;

	if (w->door->version == AF_INET6)
		return answer6(w, s);
	if (sent(w->tap, IPPROTO_ICMP, &p)) {
		icmp = (struct icmphdr *)head_of(&p);
		return sprintf(s, " icmp %d/%d", icmp->type, icmp->code);
	}
	if (sent(w->tap, w->door->wire, &p))
		return sprintf(s, " answered");
	return 0;
}

/* All that has happened since: "got 10 InDatagrams", "NoPorts icmp 3/3" */
static inline const char *seen(struct wire *w)
{
	const struct watched *watched = watched_of(w->door);
	static char text[4][256];
	static unsigned int turn;
	static char data[80000];
	struct values now;
	char *s = text[turn++ % 4];
	unsigned int i;
	int n = 0, len;

	s[0] = '\0';
	while ((len = recv(w->fd, data, sizeof(data), MSG_DONTWAIT)) >= 0)
		n += sprintf(s + n, " got %d", len);
	now = count(w->door);
	for (i = 0; i < WATCHED; i++) {
		long more = now.of[i] - w->before.of[i];

		if (more)
			n += sprintf(s + n, " %s%s", watched[i].mib ?: "",
				     watched[i].name);
		if (more > 1)
			n += sprintf(s + n, "*%ld", more);
	}
	n += answer(w, s + n);
	w->before = now;
	return n ? s + 1 : "nothing";
}

static inline struct wire __wire(struct __test_metadata *_metadata,
				 const struct door *door, int fd)
{
	struct wire w = { .door = door, .fd = fd };

	/* Every answer is to be seen, however many there are */
	if (door->version == AF_INET6) {
		w.tap = __tap6(_metadata);
		__no_queue(_metadata, "tap0");
		__run(_metadata,
		      "echo 255 > /proc/sys/net/ipv6/icmp/ratemask");
	} else {
		w.tap = __tap(_metadata);
		__run(_metadata, "echo 0 > /proc/sys/net/ipv4/icmp_ratemask");
	}
	w.before = count(door);
	return w;
}

#define wire(fd) __wire(_metadata, &variant->door, fd)

/* The kernel's log from here on: how many lines are of errors or worse */
static inline int __log_begin(struct __test_metadata *_metadata)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, lseek(fd, 0, SEEK_END));
	return fd;
}

static inline int log_errors(int fd)
{
	char line[2048];
	int n, errors = 0;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		line[n] = '\0';
		if ((atoi(line) & 7) <= 3) {
			printf("# %s", line);
			errors++;
		}
	}
	return errors;
}

#define log_begin() __log_begin(_metadata)

#endif /* _EUDP_TEST_SEEN_H */
