// SPDX-License-Identifier: GPL-2.0
/*
 * Again and again, in a guest: loading and unloading with traffic between,
 * namespaces that go with sockets and data in them, and floods in which nothing
 * may get lost uncounted. Prints one line of TAP for each; how much memory the
 * guest uses before and after, too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/eudp.h>
#include <netinet/in.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PORT		5000
#define KEPT		8	/* namespaces that are left alive for a while */
/* What memory may differ by: caches fill, and empty when they like */
#define SLACK_KIB	(6 * 1024)

static int results;
static bool failed;

static void result(bool ok, const char *what)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++results, what);
	fflush(stdout);
	failed |= !ok;
}

static int door(int n)
{
	static const struct { int family, protocol; } doors[] = {
		{ AF_EUDP, 0 }, { AF_EUDP, PF_INET6 },
		{ AF_INET, IPPROTO_EUDP }, { AF_INET6, IPPROTO_EUDP },
	};

	return socket(doors[n % 4].family,
		      SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		      doors[n % 4].protocol);
}

/* To the loopback address of the version that door(@n) has */
static socklen_t loopback(int n, int port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
				     .sin6_port = htons(port),
				     .sin6_addr = in6addr_loopback };
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	memset(to, 0, sizeof(*to));
	if (n & 1)
		memcpy(to, &sin6, sizeof(sin6));
	else
		memcpy(to, &sin, sizeof(sin));
	return n & 1 ? sizeof(sin6) : sizeof(sin);
}

static void lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo",
			     .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

static void write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		perror(path);
	close(fd);
}

/*
 * Memory that is used and that nobody could have back, in KiB. What of it the
 * allocators of small objects have is printed, with the word @when.
 */
static long used_kib(const char *when)
{
	long value, total = 0, available = 0, reclaimable = 0;
	char name[64];
	glob_t caches;
	unsigned int i;
	FILE *f;

	/* what has ended is freed by then */
	sleep(3);
	write_file("/proc/sys/vm/drop_caches", "3");
	/* KASAN keeps what is freed, until somebody wants that cache smaller */
	if (!glob("/sys/kernel/slab/*/shrink", 0, NULL, &caches))
		for (i = 0; i < caches.gl_pathc; i++)
			write_file(caches.gl_pathv[i], "1");
	globfree(&caches);
	f = fopen("/proc/meminfo", "r");
	while (f && fscanf(f, "%63s %ld%*[^\n]", name, &value) == 2) {
		if (!strcmp(name, "MemTotal:"))
			total = value;
		else if (!strcmp(name, "MemFree:"))
			available += value;
		else if (!strcmp(name, "Cached:") || !strcmp(name, "Buffers:"))
			reclaimable += value;
		else if (!strcmp(name, "Slab:") || !strcmp(name, "SUnreclaim:"))
			printf("# %s %ld KiB %s\n", name, value, when);
	}
	if (f)
		fclose(f);
	return total - available - reclaimable;
}

/* Traffic that does not care whether the module is there */

#define TRIES	20	/* while they talk */

static atomic_bool stop, quiet;
static atomic_ulong talked;

static void *talk(void *arg)
{
	struct sockaddr_storage to;
	int n, in, out, port;
	socklen_t len;
	char data[64];

	for (n = (long)arg; !stop; n++) {
		while (quiet && !stop)
			usleep(500);
		port = PORT + (long)arg;
		in = door(n);
		out = door(n);
		len = loopback(n, port, &to);
		bind(in, (struct sockaddr *)&to, len);
		sendto(out, "parts", 5, MSG_MORE, (struct sockaddr *)&to, len);
		sendto(out, "hello", 5, 0, (struct sockaddr *)&to, len);
		sendto(out, "cork", 4, MSG_MORE, (struct sockaddr *)&to, len);
		if (recv(in, data, sizeof(data), 0) == 10)
			atomic_fetch_add(&talked, 1);
		close(in);
		close(out);
		if (in < 0)
			usleep(1000);
	}
	return NULL;
}

static int load(void)
{
	int fd = open(getenv("EUDP_MODULE") ?: "", O_RDONLY | O_CLOEXEC);
	int err = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;

	close(fd);
	return err;
}

/* Whoever talks keeps it in use; after some tries they are asked to pause. */
static int unload(unsigned long *in_use)
{
	int i, err = EAGAIN;

	for (i = 0; i < 20000 && err == EAGAIN; i++) {
		quiet = i >= TRIES;
		err = syscall(SYS_delete_module, "eudp", O_NONBLOCK) ? errno : 0;
		if (err == EAGAIN) {
			++*in_use;
			usleep(500);
		}
	}
	quiet = false;
	return err;
}

/* Until a datagram has come, but no longer than a second */
static void hear_talk(void)
{
	unsigned long before = talked;
	int i;

	for (i = 0; i < 1000 && talked == before; i++)
		usleep(1000);
}

static void modules(int times)
{
	unsigned long in_use = 0;
	pthread_t threads[2];
	char text[160];
	int n, err = 0;
	long i;

	lo_up();
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, talk, (void *)i);
	unload(&in_use);
	for (n = 0; n < times && !err; n++) {
		err = load();
		if (n % 2)
			usleep(2000 * (n % 4));
		else if (!err)
			hear_talk();
		if (!err)
			err = unload(&in_use);
	}
	stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	load();
	snprintf(text, sizeof(text),
		 "loaded and unloaded %d times, %lu times in use, %lu datagrams, %s",
		 n, in_use, talked, err ? strerror(err) : "no error");
	result(!err && n == times && talked && in_use, text);
}

/* Data that is queued, data that is corked, and the namespace goes */
static void namespaces(int times)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int fds[KEPT][4], n, i, bad = 0;
	struct sockaddr_storage to;
	char data[3000] = "";
	unsigned long queued = 0, corked = 0;
	char text[160];
	socklen_t len;

	memset(fds, -1, sizeof(fds));
	for (n = 0; n < times; n++) {
		int *mine = fds[n % KEPT];

		for (i = 0; i < 4; i++)
			if (mine[i] >= 0)
				close(mine[i]);
		if (unshare(CLONE_NEWNET)) {
			bad++;
			continue;
		}
		lo_up();
		for (i = 0; i < 4; i++) {
			mine[i] = door(i);
			len = loopback(i, PORT + i, &to);
			if (bind(mine[i], (struct sockaddr *)&to, len))
				bad++;
		}
		for (i = 0; i < 4; i++) {
			len = loopback(i, PORT + (i ^ 2), &to);
			queued += sendto(mine[i], data, 100, 0,
					 (struct sockaddr *)&to, len) == 100;
			corked += sendto(mine[i], data, sizeof(data), MSG_MORE,
					 (struct sockaddr *)&to, len) ==
				  sizeof(data);
		}
		setns(home, CLONE_NEWNET);
	}
	for (n = 0; n < KEPT; n++)
		for (i = 0; i < 4; i++)
			if (fds[n][i] >= 0)
				close(fds[n][i]);
	snprintf(text, sizeof(text),
		 "networks made and gone: %d, with %lu datagrams queued and %lu corked",
		 times, queued, corked);
	result(!bad && queued == 4UL * times && corked == queued, text);
}

/* Floods */

static int first, here, sides[2];	/* namespaces */

static void enter(int namespace)
{
	setns(namespace, CLONE_NEWNET);
}

/* The script again_guest has laid cables between these. */
static bool open_namespaces(void)
{
	first = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	sides[0] = open("/run/netns/side0", O_RDONLY | O_CLOEXEC);
	sides[1] = open("/run/netns/side1", O_RDONLY | O_CLOEXEC);
	here = open("/run/netns/here", O_RDONLY | O_CLOEXEC);
	enter(here);
	return first >= 0 && sides[0] >= 0 && sides[1] >= 0 && here >= 0;
}

static atomic_ulong accepted, refused, delivered;
static int sockets[3];	/* nobody reads it, somebody does slowly, fast */

/* To three sockets and to a port that nobody has */
static void *flood(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	static const int sizes[] = { 1, 100, 1000, 1472 };
	static char data[1472];
	unsigned int n;
	long side = (long)arg;
	int fd, len;

	enter(sides[side]);
	fd = socket(AF_EUDP, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(0x0a000001 | side << 8);
	for (n = 0; !stop; n++) {
		to.sin_port = htons(PORT + n % 4);
		len = sizes[n / 4 % 4];
		if (sendto(fd, data, len, n & 64 ? MSG_DONTWAIT : 0,
			   (struct sockaddr *)&to, sizeof(to)) == len)
			atomic_fetch_add(&accepted, 1);
		else
			atomic_fetch_add(&refused, 1);
	}
	close(fd);
	return NULL;
}

static void *read_it(void *arg)
{
	long slow = (long)arg;
	static char data[2][4000];

	while (!stop) {
		struct pollfd p = { .fd = sockets[slow ? 1 : 2],
				    .events = POLLIN };

		if (slow)
			usleep(2000);
		poll(&p, 1, 10);
		if (recv(p.fd, data[slow], sizeof(data[0]), MSG_DONTWAIT) >= 0)
			atomic_fetch_add(&delivered, 1);
	}
	return NULL;
}

/* A counter of the namespace that the thread is in */
static unsigned long counter(const char *file, const char *line,
			     const char *name)
{
	char names[1024], values[1024], *n, *v, *in, *iv;
	FILE *f = fopen(file, "r");
	unsigned long value = 0;

	while (f && fgets(names, sizeof(names), f) &&
	       fgets(values, sizeof(values), f)) {
		if (strncmp(names, line, strlen(line)))
			continue;
		n = strtok_r(names, "\n ", &in);
		v = strtok_r(values, "\n ", &iv);
		while (n && v && strcmp(n, name)) {
			n = strtok_r(NULL, "\n ", &in);
			v = strtok_r(NULL, "\n ", &iv);
		}
		if (n && v)
			value = strtoul(v, NULL, 10);
		break;
	}
	if (f)
		fclose(f);
	return value;
}

#define EUDP(name) \
	counter("/proc/thread-self/net/eudp_snmp", "Eudp:", name)
#define IP(name) \
	counter("/proc/thread-self/net/snmp", "Ip:", name)

/* What the cable that leads here from the namespace has dropped */
static unsigned long cable_drops(void)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "r");
	unsigned long n, drops = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		/* eight columns of what came in, then three others */
		if (sscanf(line, " v0:%*u%*u%*u%*u%*u%*u%*u%*u%*u%*u%*u%lu",
			   &n) == 1)
			drops = n;
	if (f)
		fclose(f);
	return drops;
}

/*
 * What happened to datagrams: the counters of here, and what was dropped before
 * IP. TOLD is what the sender has counted, as the queue of the device was full, or,
 * of a device without one, that of the processor. LATER is what was dropped as
 * that of the processor was full when the other device's queue sent it
 * (/proc/net/softnet_stat has answers of ICMP in it, too).
 */
enum { IN, NOBODY, ERRORS, RCVBUF, MEMORY, DISCARDS, TOLD, LATER, COUNTS };

static void read_counts(unsigned long *n)
{
	n[IN] = EUDP("InDatagrams");
	n[NOBODY] = EUDP("NoPorts");
	n[ERRORS] = EUDP("InErrors");
	n[RCVBUF] = EUDP("RcvbufErrors");
	n[MEMORY] = EUDP("MemErrors");
	n[DISCARDS] = IP("InDiscards");
	enter(sides[0]);
	n[TOLD] = EUDP("SndbufErrors");
	enter(sides[1]);
	n[TOLD] += EUDP("SndbufErrors");
	n[LATER] = cable_drops();
	enter(here);
}

static void set_mem(const char *value)
{
	enter(first);
	write_file("/proc/sys/net/eudp/mem", value);
	enter(here);
}

/* How many the queue of a processor has place for, before IP */
static void set_backlog(const char *value)
{
	enter(first);
	write_file("/proc/sys/net/core/netdev_max_backlog", value);
	enter(here);
}

static unsigned long read_rest(void)
{
	unsigned long n = 0;
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(sockets); i++)
		while (recv(sockets[i], &byte, 1, MSG_DONTWAIT) >= 0)
			n++;
	return n;
}

static void open_sockets(void)
{
	/* more than a processor may take before it asks whether it may */
	int big = 4 << 20;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sockets); i++) {
		struct sockaddr_in any = { .sin_family = AF_INET,
					   .sin_port = htons(PORT + i) };

		sockets[i] = socket(AF_EUDP, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (!i)
			setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUFFORCE,
				   &big, sizeof(big));
		bind(sockets[i], (struct sockaddr *)&any, sizeof(any));
	}
}

static void flood_for(int seconds)
{
	pthread_t threads[4];
	unsigned int i;
	long n;

	accepted = 0;
	refused = 0;
	delivered = 0;
	stop = false;
	for (n = 0; n < 2; n++) {
		pthread_create(&threads[n], NULL, flood, (void *)n);
		pthread_create(&threads[2 + n], NULL, read_it, (void *)n);
	}
	sleep(seconds);
	stop = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	/* what is on its way arrives */
	sleep(1);
}

/* Each datagram is read, or counted as dropped, for one reason. */
static void floods(int seconds, const char *mem, bool tiny)
{
	unsigned long n[COUNTS], before[COUNTS], rest, lost;
	unsigned int i;
	char text[400];

	if (!open_namespaces()) {
		result(false, "there are namespaces");
		return;
	}
	open_sockets();
	set_mem(mem);
	set_backlog("2");
	read_counts(before);
	flood_for(seconds);
	set_mem("100000 150000 200000");
	set_backlog("1000");

	rest = read_rest();
	read_counts(n);
	for (i = 0; i < COUNTS; i++)
		n[i] -= before[i];
	lost = accepted - (n[IN] + n[ERRORS] + n[NOBODY]);
	for (i = 0; i < ARRAY_SIZE(sockets); i++)
		close(sockets[i]);

	printf("# sent %lu, refused %lu; read %lu and %lu at the end\n",
	       accepted, refused, delivered, rest);
	printf("# for nobody %lu, no buffer %lu, no memory %lu\n",
	       n[NOBODY], n[RCVBUF], n[MEMORY]);
	printf("# lost before %lu; told %lu, behind the qdisc %lu, by IP %lu\n",
	       lost, n[TOLD], n[LATER], n[DISCARDS]);
	snprintf(text, sizeof(text),
		 "a flood with mem %s: %lu datagrams, all accounted for",
		 mem, (unsigned long)accepted);
	result(n[IN] == delivered + rest && n[ERRORS] == n[RCVBUF] + n[MEMORY] &&
	       lost == n[TOLD] + n[LATER] + n[DISCARDS] && n[TOLD] &&
	       !refused && !n[MEMORY] == !tiny && accepted && n[NOBODY] &&
	       delivered, text);
	enter(first);
	close(first);
	close(here);
	close(sides[0]);
	close(sides[1]);
}

int main(int argc, char **argv)
{
	long before, after;
	char text[128];

	if (argc != 4) {
		fputs("usage: again LOADS NAMESPACES SECONDS-OF-FLOOD\n", stderr);
		return 2;
	}
	/* once, for what is made when it is needed first */
	namespaces(KEPT);
	before = used_kib("before");
	modules(atoi(argv[1]));
	namespaces(atoi(argv[2]));
	floods(atoi(argv[3]), "100000 150000 200000", false);
	/* processors may hold 256 pages back each (net.core.mem_pcpu_rsv) */
	floods(atoi(argv[3]), "600 600 600", true);
	after = used_kib("after");
	snprintf(text, sizeof(text), "memory in use: %ld KiB before, %ld after",
		 before, after);
	result(after - before < SLACK_KIB, text);
	printf("1..%d\n", results);
	return failed;
}
