// SPDX-License-Identifier: GPL-2.0
/*
 * eudpcat: stdin to datagrams of eudp and datagrams to stdout, a small netcat
 *
 * The netcats that exist make sockets of TCP, UDP or UNIX only. With -u this
 * one uses in-kernel UDP, so that both can be tried in the same way.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/eudp.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What IPv4 has room for in a datagram; IPv6 has 20 bytes more */
#define PAYLOAD_MAX 65507
#define USAGE_ERROR 2
#define IDLE_MAX (INT_MAX / 1000)

static const char usage_text[] =
"usage: eudpcat [-u] [-s ADDRESS] [-p PORT] [OPTION]... HOST PORT\n"
"       eudpcat -l -p PORT [-u] [-s ADDRESS] [OPTION]...\n";

static const char help_text[] =
"\n"
"Sends each line of stdin, with its newline, as a datagram of eudp to PORT of\n"
"HOST, and writes the datagrams that come from there to stdout.\n"
"\n"
"  -l          listen: take datagrams from all, send lines to whoever sent last\n"
"  -p PORT     the port of this side\n"
"  -s ADDRESS  the address of this side\n"
"  -u          use in-kernel UDP instead of eudp\n"
"  -n COUNT    end when COUNT datagrams were received\n"
"  -r          send the next line only when the last one was answered; without\n"
"              -l, end when stdin is at its end and all lines were answered\n"
"  -e          an empty datagram marks the end: send one at the end of stdin\n"
"              (with -l: in answer to one), and end when one is received\n"
"  -w SECONDS  end when no datagram came or went for SECONDS; that is an error\n"
"              while -n, -e or an answer for -r is still waited for\n"
"      --help  this text\n"
"\n"
"Without -n, -r, -e and -w only a signal or an error ends it. A line has at\n"
"most 65507 bytes, its newline included.\n"
"\n"
"Exit status: 0 if all went well, 1 after an error, 2 if used wrongly.\n";

static struct {
	bool udp;
	bool listen;
	bool wait_answer;
	bool end_mark;
	const char *address;
	const char *port;
	long count;
	long idle;
} opt;

static int sock;
static bool have_peer;		/* the listener has none at first */
static struct sockaddr_storage peer;
static socklen_t peer_len;

static bool stdin_ended;
static bool answer_due;		/* -r: the last datagram is not answered */
static bool ended;
static long received;
static long lines;
static long long deadline;	/* of -w, in milliseconds */

static char input[PAYLOAD_MAX + 1];
static size_t input_len;

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void not_idle(void)
{
	deadline = now() + opt.idle * 1000LL;
}

/* A number from @min to @max in decimal digits; anything else is an error */
static long number(const char *what, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value < min ||
	    value > max)
		errx(USAGE_ERROR, "%s: not a %s from %ld to %ld", text, what,
		     min, max);
	return value;
}

static struct addrinfo *resolve(const char *host, const char *port, int family)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE,
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list;
	int status;

	do {
		status = getaddrinfo(host, port, &hints, &list);
	} while (status == EAI_SYSTEM && errno == EINTR);
	if (status == EAI_SYSTEM)
		err(1, "%s", host);
	if (status)
		errx(1, "%s: %s", host ? host : port, gai_strerror(status));
	return list;
}

static void open_socket(const char *host, const char *port)
{
	struct addrinfo *remote = NULL, *local = NULL;
	/* without an address to choose by, IPv4 */
	int family = host || opt.address ? AF_UNSPEC : AF_INET;

	if (host) {
		remote = resolve(host, port, family);
		family = remote->ai_family;
	}
	if (opt.address || opt.port) {
		local = resolve(opt.address, opt.port ? opt.port : "0", family);
		family = local->ai_family;
	}
	/* the protocol tells eudp which version of IP is meant */
	sock = opt.udp ? socket(family, SOCK_DGRAM, IPPROTO_UDP) :
			 socket(AF_EUDP, SOCK_DGRAM, family);
	if (sock < 0 && errno == EAFNOSUPPORT && !opt.udp)
		errx(1, "eudp is not loaded");
	if (sock < 0)
		err(1, "socket");
	if (local && bind(sock, local->ai_addr, local->ai_addrlen))
		err(1, "bind");
	if (remote) {
		if (connect(sock, remote->ai_addr, remote->ai_addrlen))
			err(1, "connect");
		have_peer = true;
		freeaddrinfo(remote);
	}
	if (local)
		freeaddrinfo(local);
}

static void send_datagram(const char *data, size_t len)
{
	struct sockaddr *to = opt.listen ? (struct sockaddr *)&peer : NULL;
	ssize_t sent;

	do {
		sent = sendto(sock, data, len, 0, to, to ? peer_len : 0);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		err(1, "send");
	answer_due = opt.wait_answer;
	not_idle();
}

/* Sends what stdin gave: one line, or without a newline all there is */
static void send_line(void)
{
	char *newline = memchr(input, '\n', input_len);
	size_t len = input_len;

	if (newline)
		len = newline - input + 1;
	lines++;
	if (len > PAYLOAD_MAX)
		errx(1, "line %ld of stdin has more than %d bytes", lines,
		     PAYLOAD_MAX);
	send_datagram(input, len);
	input_len -= len;
	memmove(input, input + len, input_len);
}

static void read_stdin(void)
{
	ssize_t len = read(STDIN_FILENO, input + input_len,
			   sizeof(input) - input_len);

	if (len < 0) {
		if (errno != EINTR && errno != EAGAIN)
			err(1, "stdin");
		return;
	}
	input_len += len;
	stdin_ended = !len;
}

/* A whole line, or what can only be sent as it is or refused */
static bool line_ready(void)
{
	return memchr(input, '\n', input_len) || input_len > PAYLOAD_MAX ||
	       (stdin_ended && input_len);
}

static bool may_send(void)
{
	return have_peer && !answer_due && !ended;
}

static void write_stdout(const char *data, size_t len)
{
	ssize_t written;

	while (len) {
		written = write(STDOUT_FILENO, data, len);
		if (written < 0 && errno == EAGAIN) {
			struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };

			poll(&out, 1, -1);
		} else if (written < 0 && errno != EINTR) {
			err(1, "stdout");
		} else if (written > 0) {
			data += written;
			len -= written;
		}
	}
}

static void receive(void)
{
	static char data[PAYLOAD_MAX + 1 + 20];
	ssize_t len;

	peer_len = sizeof(peer);
	len = recvfrom(sock, data, sizeof(data), MSG_DONTWAIT,
		       (struct sockaddr *)&peer, &peer_len);
	if (len < 0) {
		if (errno != EINTR && errno != EAGAIN)
			err(1, "receive");
		return;
	}
	not_idle();
	have_peer = true;
	answer_due = false;
	write_stdout(data, len);
	if (++received == opt.count)
		ended = true;
	if (!len && opt.end_mark) {
		if (opt.listen)
			send_datagram(NULL, 0);
		ended = true;
	}
}

/* What follows from the end of stdin, once and when all lines are sent */
static void wind_up(void)
{
	static bool done;

	if (done || opt.listen || !stdin_ended || input_len || answer_due)
		return;
	done = true;
	if (opt.end_mark)
		send_datagram(NULL, 0);
	else if (opt.wait_answer)
		ended = true;
}

/* The milliseconds poll() may take; none left is the end */
static int time_left(void)
{
	long long left = deadline - now();

	if (!opt.idle)
		return -1;
	return left > 0 ? left : 0;
}

static void idle_too_long(void)
{
	if (opt.count || opt.end_mark || answer_due)
		errx(1, "no datagram for %ld seconds", opt.idle);
	ended = true;
}

static void run(void)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int ready;

	not_idle();
	while (!ended) {
		/* what came goes first, so that less of it gets lost */
		bool line = may_send() && line_ready();
		bool want = may_send() && !line && !stdin_ended;

		fds[0].fd = sock;
		fds[1].fd = want ? STDIN_FILENO : -1;
		ready = poll(fds, 2, line ? 0 : time_left());
		if (ready < 0) {
			if (errno == EINTR)
				continue;
			err(1, "poll");
		}
		if (fds[0].revents)
			receive();
		else if (line)
			send_line();
		else if (!ready)
			idle_too_long();
		if (fds[1].revents)
			read_stdin();
		if (may_send())
			wind_up();
	}
}

/*
 * A socket must not get the number of a standard file that is closed: writing
 * to stdout would send. From a closed stdin nothing comes; a closed stdout
 * stays an error.
 */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		exit(1);
	close(fd);
}

static void parse(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:ulp:s:w:n:re", long_options,
				NULL)) >= 0) {
		switch (c) {
		case 'u':
			opt.udp = true;
			break;
		case 'l':
			opt.listen = true;
			break;
		case 'p':
			number("port", optarg, 0, 65535);
			opt.port = optarg;
			break;
		case 's':
			opt.address = optarg;
			break;
		case 'w':
			opt.idle = number("time", optarg, 1, IDLE_MAX);
			break;
		case 'n':
			opt.count = number("count", optarg, 1, LONG_MAX);
			break;
		case 'r':
			opt.wait_answer = true;
			break;
		case 'e':
			opt.end_mark = true;
			break;
		case 'h':
			printf("%s%s", usage_text, help_text);
			if (fflush(stdout))
				err(1, "stdout");
			exit(0);
		case ':':
			errx(USAGE_ERROR, "-%c needs a value, see --help",
			     optopt);
		default:
			if (optopt)
				errx(USAGE_ERROR, "-%c is no option, see --help",
				     optopt);
			errx(USAGE_ERROR, "%s is no option, see --help",
			     argv[optind - 1]);
		}
	}
	argc -= optind;
	argv += optind;
	if (opt.listen && (argc || !opt.port))
		errx(USAGE_ERROR, "-l takes -p PORT and no HOST, see --help");
	if (!opt.listen && argc != 2)
		errx(USAGE_ERROR, "HOST and PORT are needed, see --help");
	if (argc)
		number("port", argv[1], 1, 65535);
	open_socket(argv[0], argc ? argv[1] : NULL);
}

int main(int argc, char **argv)
{
	open_standard_files();
	signal(SIGPIPE, SIG_IGN);
	parse(argc, argv);
	run();
	return 0;
}
