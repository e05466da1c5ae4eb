/* SPDX-License-Identifier: GPL-2.0 */
/* The system calls of 32-bit programs on x86, from a 64-bit one */
#ifndef _EUDP_TEST_COMPAT_H
#define _EUDP_TEST_COMPAT_H

#include "lib.h"
#include <sys/mman.h>

/*
 * The 32-bit system calls, by the gate that 32-bit programs use. What they
 * point to has to be below 4 GiB.
 */
enum { IOCTL32 = 54, SOCKETCALL32 = 102, READ32 = 3 };

enum { SYS_RECVFROM = 12, SYS_SETSOCKOPT = 14, SYS_GETSOCKOPT = 15 };
enum { SYS_SENDMSG = 16, SYS_RECVMSG = 17 };

static inline long call32(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80" : "=a" (ret)
		     : "a" (nr), "b" (a), "c" (b), "d" (c)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static inline char *__low(struct __test_metadata *_metadata)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

#define low()	__low(_metadata)

static inline __u32 at(const void *p)
{
	return (unsigned long)p;
}

/* socketcall(2) with its arguments, which stand at the end of the page */
static inline long socketcall(char *page, int call, int fd, __u32 a, __u32 b,
			      __u32 c, __u32 d)
{
	__u32 args[6] = { fd, a, b, c, d };

	memcpy(page + 4000, args, sizeof(args));
	return call32(SOCKETCALL32, call, at(page + 4000), 0);
}

/* What a 32-bit program has for struct msghdr and struct cmsghdr */
struct msghdr32 {
	__u32 name, namelen, iov, iovlen, control, controllen, flags;
};

struct page32 {
	struct msghdr32 msg;
	__u32 iov[2];
	union {
		struct sockaddr_in from;
		struct sockaddr_in6 from6;
	};
	char data[64];
	__u32 control[32];
};

static inline void prepare(struct page32 *p, int room)
{
	memset(p, 0, sizeof(*p));
	p->iov[0] = at(p->data);
	p->iov[1] = sizeof(p->data);
	p->msg = (struct msghdr32){ at(&p->from), sizeof(p->from6),
		at(p->iov), 1, at(p->control), room, 0 };
}

#endif /* _EUDP_TEST_COMPAT_H */
