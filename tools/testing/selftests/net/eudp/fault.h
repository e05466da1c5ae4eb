/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault injection for one task, by fail-nth: an allocation, or a copy from or
 * to the program, fails. See Documentation/fault-injection in the kernel source.
 */
#ifndef _EUDP_TEST_FAULT_H
#define _EUDP_TEST_FAULT_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEBUGFS			"/sys/kernel/debug"

/* What can fail */
static const char * const faults[] = {
	"failslab", "fail_page_alloc", "fail_usercopy",
};

static inline int fault_write(const char *fault, const char *name,
			      const char *value)
{
	char path[96];
	int fd, err = 0;

	snprintf(path, sizeof(path), DEBUGFS "/%s/%s", fault, name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		err = errno;
	close(fd);
	return err;
}

/* Writes both ends of a range of addresses that a stack trace is looked for */
static inline int fault_range(const char *fault, const char *what,
			      unsigned long long start, unsigned long long end)
{
	char name[32], value[32];
	int err;

	snprintf(name, sizeof(name), "%s-start", what);
	snprintf(value, sizeof(value), "0x%llx", start);
	err = fault_write(fault, name, value);
	snprintf(name, sizeof(name), "%s-end", what);
	snprintf(value, sizeof(value), "0x%llx", end);
	return err ?: fault_write(fault, name, value);
}

/* What may wait fails as well; each failure is not told. */
static inline int prepare_faults(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(faults) && !err; i++)
		err = fault_write(faults[i], "verbose", "0");
	return err ?: fault_write("failslab", "ignore-gfp-wait", "0") ?:
	       fault_write("fail_page_alloc", "ignore-gfp-wait", "0") ?:
	       fault_write("fail_page_alloc", "min-order", "0");
}

/*
 * Only what is called from modules fails: the area for modules is 512 MiB
 * large, and eudp is in it.
 */
static inline int limit_to_modules(void)
{
	unsigned long long addr = 0;
	char line[512];
	unsigned int i;
	int err = 0;
	FILE *f = fopen("/proc/modules", "r");

	if (!f)
		return errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "eudp ", 5))
			sscanf(strstr(line, " 0x") ?: "", "%llx", &addr);
	fclose(f);
	if (!addr)
		return ENOENT;

	addr &= ~((512ULL << 20) - 1);
	for (i = 0; i < ARRAY_SIZE(faults) && !err; i++)
		err = fault_range(faults[i], "require", addr,
				  addr + (512ULL << 20));
	return err;
}

/* Whatever the task calls may fail. */
static inline int limit_to_nothing(void)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(faults) && !err; i++)
		err = fault_range(faults[i], "require", 0, -1ULL);
	return err;
}

/*
 * And not what a function of the kernel calls that leaks by itself: its end is
 * where the next one begins.
 */
static inline int spare_function(const char *function)
{
	unsigned long long addr, start = 0, end = -1ULL;
	char name[256], type;
	unsigned int i;
	int err = 0;
	FILE *f = fopen("/proc/kallsyms", "r");

	if (!f)
		return errno;
	while (fscanf(f, "%llx %c %255s%*[^\n]", &addr, &type, name) == 3)
		if (!strcmp(name, function))
			start = addr;
	rewind(f);
	while (fscanf(f, "%llx %c %255s%*[^\n]", &addr, &type, name) == 3)
		if (addr > start && addr < end)
			end = addr;
	fclose(f);
	if (!start)
		return ENOENT;
	for (i = 0; i < ARRAY_SIZE(faults) && !err; i++)
		err = fault_range(faults[i], "reject", start, end);
	return err;
}

static inline int open_fail_nth(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* Lets the nth of this task from now on fail; 0: none. */
static inline int set_fail_nth(int fd, int n)
{
	char text[16];
	int i, len = snprintf(text, sizeof(text), "%d", n);

	/* this call copies from the program as well, and so may fail once */
	for (i = 0; i < 2; i++)
		if (pwrite(fd, text, len, 0) == len)
			return 0;
	return errno;
}

/* How many are left until one fails; 0: it has failed. */
static inline int get_fail_nth(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) > 0)
		return atoi(text);
	/* it was this one that failed */
	return errno == EFAULT ? 1 : -1;
}

#endif /* _EUDP_TEST_FAULT_H */
