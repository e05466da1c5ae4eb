// SPDX-License-Identifier: GPL-2.0
/*
 * test_nolibc: makes its system calls itself, as programs in Go do. Sends a
 * datagram from one UDP socket to another, and prints what has come and which
 * protocol the socket has. There is no libc in it.
 */
#include <linux/in.h>
#include <linux/socket.h>
#include <asm/socket.h>
#include <asm/unistd.h>

#define AF_INET 2
#define SOCK_DGRAM 2
#define HOST_ORDER_LOOPBACK 0x7f000001

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
#if defined(__x86_64__)
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;

	asm volatile("syscall" : "=a" (result)
		     : "a" (number), "D" (a), "S" (b), "d" (c), "r" (r10),
		       "r" (r8), "r" (r9) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 asm("x8") = number;
	register long x0 asm("x0") = a;
	register long x1 asm("x1") = b;
	register long x2 asm("x2") = c;
	register long x3 asm("x3") = d;
	register long x4 asm("x4") = e;
	register long x5 asm("x5") = f;

	asm volatile("svc 0" : "+r" (x0)
		     : "r" (x8), "r" (x1), "r" (x2), "r" (x3), "r" (x4),
		       "r" (x5) : "memory");
	result = x0;
#else
#error "how does this processor make system calls?"
#endif
	return result;
}

static void leave(int status)
{
	while (1)
		call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

/* Ends with status 1 if a call fails */
static long must(long result)
{
	if (result < 0)
		leave(1);
	return result;
}

void _start(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = __builtin_bswap16(7007),
		.sin_addr.s_addr = __builtin_bswap32(HOST_ORDER_LOOPBACK),
	};
	char text[] = "protocol 000: ", data[64];
	int protocol = 0, size = sizeof(protocol);
	long one, two, len;

	one = must(call(__NR_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0));
	two = must(call(__NR_socket, AF_INET, SOCK_DGRAM, IPPROTO_UDP, 0, 0,
			0));
	must(call(__NR_bind, one, (long)&to, sizeof(to), 0, 0, 0));
	must(call(__NR_sendto, two, (long)"hello\n", 6, 0, (long)&to,
		  sizeof(to)));
	len = must(call(__NR_recvfrom, one, (long)data, sizeof(data), 0, 0, 0));
	must(call(__NR_getsockopt, one, SOL_SOCKET, SO_PROTOCOL,
		  (long)&protocol, (long)&size, 0));
	text[9] += protocol / 100;
	text[10] += protocol / 10 % 10;
	text[11] += protocol % 10;
	must(call(__NR_write, 1, (long)text, sizeof(text) - 1, 0, 0, 0));
	must(call(__NR_write, 1, (long)data, len, 0, 0, 0));
	leave(0);
}
