/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where eudp answers otherwise than in-kernel UDP, and why
 *
 * The generated tests ask both the same and compare line by line. Each line
 * that differs must match an entry here, or the test fails. An entry that
 * matches nothing fails it too: what has been built leaves the table.
 *
 * Each test has a table of its own, at the end of this file, of patterns as
 * for fnmatch(3). Make them as narrow as they can be.
 */
#ifndef _EUDP_TEST_DIFFERENCES_H
#define _EUDP_TEST_DIFFERENCES_H

#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>

enum difference_kind {
	WANTED,			/* for good, and in Documentation */
	NOT_YET,		/* to be built */
};

struct difference {
	enum difference_kind kind;
	const char *where;	/* the case */
	const char *udp;	/* the line that differs, of each */
	const char *eudp;
	const char *reason;
	unsigned int hits;	/* lines that it matched */
};

/* The first entry of @table that says so, counted; or NULL */
static inline struct difference *
find_difference(struct difference *table, size_t n, const char *where,
		const char *udp, const char *eudp)
{
	struct difference *d;

	for (d = table; d < table + n; d++) {
		if (fnmatch(d->where, where, 0) || fnmatch(d->udp, udp, 0) ||
		    fnmatch(d->eudp, eudp, 0))
			continue;
		d->hits++;
		return d;
	}
	return NULL;
}

#ifdef PRODUCT_DIFFERENCES	/* of product.c: where is STATE/CALL[,CALL] */
static struct difference product_differences[] = {
	{ WANTED, "*/getsockopt:SO_PROTOCOL",
	  "getsockopt:SO_PROTOCOL = 0 17", "getsockopt:SO_PROTOCOL = 0 253",
	  "it is another protocol" },
};
#endif

#ifdef OPTION_DIFFERENCES	/* of options.c: LEVEL/OPTION/STATE/USER/CALL */

/*
 * What setsockopt gave, and what getsockopt gave, there and afterwards, are
 * looked for one by one: "set EINVAL", "get 0: 4 bytes 01000000, SUM".
 */
static struct difference option_differences[] = {
	{ WANTED, "SOL_SOCKET/SO_PROTOCOL/*", "get 0: * bytes 11*",
	  "get 0: * bytes fd*", "eudp is protocol 253" },
	{ WANTED, "SOL_SOCKET/SO_COOKIE/*", "get 0: 8 bytes *",
	  "get 0: 8 bytes *", "each socket has one of its own" },
	{ WANTED, "SOL_SOCKET/SO_NETNS_COOKIE/*", "get 0: 8 bytes *",
	  "get 0: 8 bytes *", "each network namespace has one of its own" },
	{ WANTED, "IPPROTO_IPV6/IPV6_ADDRFORM/*", "set *", "set ENOPROTOOPT",
	  "a socket keeps the version of IP that it was made for" },
	{ WANTED, "IPPROTO_IPV6/IPV6_ADDRFORM/*", "get *",
	  "get ENOPROTOOPT: *",
	  "a socket keeps the version of IP that it was made for" },
	{ WANTED, "*UDP*/UDP_ENCAP/*", "set 0*", "set ENOPROTOOPT",
	  "the tunnels that there are speak UDP's protocol number" },
	{ WANTED, "*UDP*/UDP_ENCAP/*", "get 0: * bytes 0*",
	  "get 0: * bytes 0*",
	  "the tunnels that there are speak UDP's protocol number" },
};
#endif

#endif /* _EUDP_TEST_DIFFERENCES_H */
