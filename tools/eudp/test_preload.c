// SPDX-License-Identifier: GPL-2.0
/*
 * test_preload.so: another preload, which wants to see socket() as well. It
 * adds a line for each call to the file that TEST_PRELOAD_LOG names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

typedef int socket_fn(int domain, int type, int protocol);

__attribute__((visibility("default")))
int socket(int domain, int type, int protocol)
{
	socket_fn *next = (socket_fn *)dlsym(RTLD_NEXT, "socket");
	const char *name = getenv("TEST_PRELOAD_LOG");
	FILE *log = name ? fopen(name, "a") : NULL;

	if (log) {
		fprintf(log, "%d %d %d\n", domain, type, protocol);
		fclose(log);
	}
	return next(domain, type, protocol);
}
