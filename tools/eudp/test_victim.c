// SPDX-License-Identifier: GPL-2.0
/*
 * test_victim: what the tests of eudp_run run. Its first argument says what it
 * does; it ends with status 1 if that fails.
 *
 *   show DOMAIN TYPE PROTOCOL  opens a socket, and prints what libc and what
 *                              the kernel say of it, or the errno
 *   short                      prints the first byte of the protocol
 *   bad                        names and options at bad pointers; prints what
 *                              the calls answer
 *   threads THREADS SOCKETS    each thread opens so many
 *   fork COMMAND...            one socket of a child that ends by _exit(), one
 *                              of a child that is killed, one of one's own; then
 *                              executes COMMAND by vfork()
 *   catch FILE                 makes FILE, waits for any signal, and ends with
 *                              status 64 + its number
 *   arguments ARGUMENT...      prints each with its length before it
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* An errno that socket() never gives */
#define UNTOUCHED ECHILD

static int sockets_per_thread;

static int option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value;

	if (getsockopt(fd, SOL_SOCKET, name, &value, &len))
		err(1, "getsockopt");
	return value;
}

/* As the kernel says it, whatever is preloaded */
static int real_protocol(int fd)
{
	socklen_t len = sizeof(int);
	int value;

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PROTOCOL, &value, &len))
		err(1, "getsockopt");
	return value;
}

static int show(char **argv)
{
	int fd, kept;

	errno = UNTOUCHED;
	fd = socket(atoi(argv[0]), atoi(argv[1]), atoi(argv[2]));
	if (fd < 0) {
		printf("%s\n", strerrorname_np(errno));
		return 0;
	}
	kept = errno == UNTOUCHED;
	printf("domain %d type %d protocol %d, really %d%s%s%s\n",
	       option(fd, SO_DOMAIN), option(fd, SO_TYPE),
	       option(fd, SO_PROTOCOL), real_protocol(fd),
	       fcntl(fd, F_GETFL) & O_NONBLOCK ? ", nonblock" : "",
	       fcntl(fd, F_GETFD) & FD_CLOEXEC ? ", cloexec" : "",
	       kept ? "" : ", errno changed");
	return 0;
}

static void answer(const char *call, int result)
{
	printf("%s: %s\n", call, result < 0 ? strerrorname_np(errno) : "done");
}

static int bad(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), page = sysconf(_SC_PAGESIZE);
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_port = htons(5000)
	};
	char *end = (char *)mmap(NULL, page * 2, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + page;
	struct sockaddr *bad = (struct sockaddr *)end;
	struct mmsghdr message = {
		.msg_hdr = { .msg_name = bad, .msg_namelen = sizeof(here) }
	};
	int *ttl = (int *)(end - sizeof(int));

	munmap(end, page);
	*ttl = 7;
	answer("bind", bind(fd, bad, sizeof(here)));
	answer("connect", connect(fd, bad, sizeof(here)));
	answer("sendto", sendto(fd, "x", 1, 0, bad, sizeof(here)));
	answer("sendmsg", sendmsg(fd, (struct msghdr *)end, 0));
	answer("sendmsg, name", sendmsg(fd, &message.msg_hdr, 0));
	answer("sendmmsg", sendmmsg(fd, (struct mmsghdr *)end, 1, 0));
	answer("sendmmsg, name", sendmmsg(fd, &message, 1, 0));
	answer("setsockopt", setsockopt(fd, IPPROTO_IP, IP_TTL, ttl, 8));
	answer("bind", bind(fd, (struct sockaddr *)&here, sizeof(here)));
	printf("really %d\n", real_protocol(fd));
	return 0;
}

static int show_short(void)
{
	unsigned char value[2] = { 0, 0xaa };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = 1;

	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, value, &len))
		err(1, "getsockopt");
	printf("%u bytes: %d, then %#x\n", len, value[0], value[1]);
	return 0;
}

static void *open_many(void *unused)
{
	int i, fd;

	for (i = 0; i < sockets_per_thread; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0)
			err(1, "socket");
		close(fd);
	}
	return unused;
}

static int threads(int count)
{
	pthread_t thread[64];
	int i;

	for (i = 0; i < count; i++)
		if (pthread_create(&thread[i], NULL, open_many, NULL))
			errx(1, "pthread_create");
	for (i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	return 0;
}

static void open_one(void)
{
	if (socket(AF_INET, SOCK_DGRAM, 0) < 0)
		err(1, "socket");
}

/* A child that opens a socket, and ends by the signal or else by _exit() */
static void child(int signal)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		open_one();
		if (signal)
			raise(signal);
		_exit(0);
	}
	if (waitpid(pid, NULL, 0) < 0)
		err(1, "waitpid");
}

static int forks(char **argv)
{
	int status;
	pid_t pid;

	child(0);
	child(SIGKILL);
	open_one();
	pid = vfork();
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		err(1, "vfork");
	return status ? 1 : 0;
}

static void caught(int signal)
{
	_exit(64 + signal);
}

static int catch(const char *file)
{
	int i;

	for (i = 1; i <= SIGRTMAX; i++)
		signal(i, caught);	/* those that can be */
	if (creat(file, 0600) < 0)
		err(1, "%s", file);
	while (1)
		pause();
}

static int arguments(char **argv)
{
	for (; *argv; argv++)
		printf("%zu %s\n", strlen(*argv), *argv);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "show") && argc == 5)
		return show(argv + 2);
	if (!strcmp(what, "short"))
		return show_short();
	if (!strcmp(what, "bad"))
		return bad();
	if (!strcmp(what, "threads") && argc == 4) {
		sockets_per_thread = atoi(argv[3]);
		return threads(atoi(argv[2]));
	}
	if (!strcmp(what, "fork") && argc > 2)
		return forks(argv + 2);
	if (!strcmp(what, "catch") && argc == 3)
		return catch(argv[2]);
	if (!strcmp(what, "arguments"))
		return arguments(argv + 2);
	errx(2, "see the head of test_victim.c");
}
