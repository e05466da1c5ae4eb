// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving in its corners: looks, flags, waits, filters. recv(2), socket(7),
 * udp(7), signal(7), epoll(7).
 */
#include "packet.h"
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SO_PEEK_OFF
#define SO_PEEK_OFF	42
#endif

EUDP_FIXTURE(recvmsg)

/* What a receive gave: "3:abc", or "errno 11" */
static const char *gave(int fd, int room, int flags)
{
	static char text[8][64];
	static unsigned int turn;
	char *s = text[turn++ % 8], buf[32] = "";
	int n = recv(fd, buf, room, flags | MSG_DONTWAIT);

	if (n < 0)
		snprintf(s, 64, "errno %d", errno);
	else
		snprintf(s, 64, "%d:%s", n, buf);
	return s;
}

/* @text to port 5000, a datagram for each of its words; "." is an empty one */
static void __words(struct __test_metadata *_metadata, int fd, const char *text)
{
	char copy[128], *word, *rest = copy;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")))
		ASSERT_LE(0, send_to(fd, "127.0.0.1", 5000, word,
				     *word == '.' ? 0 : strlen(word)));
	__settle(_metadata);
}

#define words(fd, text) __words(_metadata, fd, text)

static void *__hole(struct __test_metadata *_metadata)
{
	void *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	return p;
}

#define hole() __hole(_metadata)

/*
 * SO_PEEK_OFF of socket(7): a look begins there and moves it on, a read moves
 * it back. Each step is a receive, and what the option says after it.
 */
struct step {
	int flags, room;
	const char *gave;
	int off;
};

static void __steps(struct __test_metadata *_metadata, int fd,
		    const char *text, int off, const struct step *s, int n)
{
	int i;

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, off));
	for (i = 0; i < n && s[i].gave; i++) {
		EXPECT_STREQ(s[i].gave, gave(fd, s[i].room, s[i].flags))
			TH_LOG("\"%s\" from %d, step %d", text, off, i);
		EXPECT_EQ(s[i].off, get_int(fd, SOL_SOCKET, SO_PEEK_OFF))
			TH_LOG("\"%s\" from %d, step %d", text, off, i);
	}
}

TEST_F(recvmsg, peek_off)
{
	static const struct {
		const char *text;
		int off;
		struct step steps[8];
	} cases[] = {
		/* Off: looks see the begin */
		{ "abcdef", -1, {
			{ MSG_PEEK, 3, "3:abc", -1 },
			{ MSG_PEEK, 3, "3:abc", -1 },
			{ 0, 9, "6:abcdef", -1 } } },
		{ "abcdef", 0, {
			{ MSG_PEEK, 2, "2:ab", 2 },
			{ MSG_PEEK, 2, "2:cd", 4 },
			{ MSG_PEEK, 9, "2:ef", 6 },
			{ MSG_PEEK, 9, "errno 11", 6 },
			{ 0, 9, "6:abcdef", 0 } } },
		/* Over the end of a datagram: to the next */
		{ "abc defg h", 0, {
			{ MSG_PEEK, 9, "3:abc", 3 },
			{ MSG_PEEK, 2, "2:de", 5 },
			{ MSG_PEEK, 9, "2:fg", 7 },
			{ MSG_PEEK, 9, "1:h", 8 },
			{ MSG_PEEK, 9, "errno 11", 8 } } },
		{ "abc defg", 4, {
			{ MSG_PEEK, 9, "3:efg", 7 },
			{ 0, 9, "3:abc", 4 },
			{ MSG_PEEK, 9, "errno 11", 4 },
			{ 0, 9, "4:defg", 0 } } },
		{ "abc defg", 100, {
			{ MSG_PEEK, 9, "errno 11", 100 },
			{ 0, 9, "3:abc", 97 },
			{ 0, 9, "4:defg", 93 } } },
		/* A short read moves it by what was read, and not below 0 */
		{ "abc defg", 2, {
			{ 0, 1, "1:a", 1 },
			{ MSG_PEEK, 9, "3:efg", 4 },
			{ 0, 9, "4:defg", 0 } } },
		/* MSG_TRUNC gives the length of all, and moves it by that */
		{ "abcdef", 0, {
			{ MSG_PEEK | MSG_TRUNC, 2, "6:ab", 6 },
			{ MSG_PEEK | MSG_TRUNC, 1, "errno 11", 6 },
			{ 0, 9, "6:abcdef", 0 } } },
		{ "abcdef", 2, {
			{ MSG_PEEK | MSG_TRUNC, 1, "6:c", 8 },
			{ 0, 9, "6:abcdef", 2 } } },
		{ "abcdef", 5, {
			{ MSG_TRUNC, 1, "6:a", 0 } } },
		/* No room: nothing is moved */
		{ "abc", 0, {
			{ MSG_PEEK, 0, "0:", 0 },
			{ MSG_PEEK, 9, "3:abc", 3 } } },
		/* An empty datagram is seen once, then passed */
		{ ". ab", 0, {
			{ MSG_PEEK, 9, "0:", 0 },
			{ MSG_PEEK, 9, "2:ab", 2 },
			{ MSG_PEEK, 9, "errno 11", 2 },
			{ 0, 9, "0:", 2 },
			{ 0, 9, "2:ab", 0 } } },
		{ "ab . cd", 0, {
			{ MSG_PEEK, 9, "2:ab", 2 },
			{ MSG_PEEK, 9, "0:", 2 },
			{ MSG_PEEK, 9, "2:cd", 4 },
			{ 0, 9, "2:ab", 2 },
			{ MSG_PEEK, 9, "errno 11", 2 } } },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	unsigned int i;

	EXPECT_EQ(-1, get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		words(tx, cases[i].text);
		__steps(_metadata, fd, cases[i].text, cases[i].off,
			cases[i].steps, ARRAY_SIZE(cases[i].steps));
		EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, -1));
		while (strcmp(gave(fd, 1, 0), "errno 11"))
			;
	}
	/* Any negative value is off, and is kept as it is */
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, -7));
	EXPECT_EQ(-7, get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
	words(tx, "xy");
	EXPECT_STREQ("1:x", gave(fd, 1, MSG_PEEK));
	EXPECT_STREQ("1:x", gave(fd, 1, MSG_PEEK));
	EXPECT_EQ(-7, get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
}

/* A buffer that is none: a look costs nothing, a read the datagram */
TEST_F(recvmsg, fault)
{
	const struct door *d = &variant->door;
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char byte;
	struct iovec iov[] = { { &byte, 1 }, { hole(), 9 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	words(tx, "abc def ghi");
	EXPECT_EQ(EFAULT, err_of(recv(fd, hole(), 9, MSG_PEEK)));
	EXPECT_EQ(0, counter(d, "InErrors"));
	EXPECT_EQ(EFAULT, err_of(recv(fd, hole(), 9, 0)));
	EXPECT_EQ(1, counter(d, "InErrors"));
	/* Part of it bad is all of it bad */
	EXPECT_EQ(EFAULT, err_of(recvmsg(fd, &msg, 0)));
	EXPECT_EQ(2, counter(d, "InErrors"));
	/* A name that cannot be written: the datagram has been received */
	EXPECT_EQ(EFAULT, err_of(recvfrom(fd, &byte, 1, 0, hole(),
					  &(socklen_t){ 16 })));
	EXPECT_EQ(2, counter(d, "InErrors"));
	EXPECT_EQ(1, counter(d, "InDatagrams"));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* The message header itself: before anything is touched */
	words(tx, "jkl");
	EXPECT_EQ(EFAULT, err_of(recvmsg(fd, hole(), 0)));
	msg.msg_iov = hole();
	EXPECT_EQ(EFAULT, err_of(recvmsg(fd, &msg, 0)));
	msg.msg_iov = iov;
	msg.msg_iovlen = 1025;
	EXPECT_EQ(EMSGSIZE, err_of(recvmsg(fd, &msg, 0)));
	EXPECT_STREQ("3:jkl", gave(fd, 9, 0));
}

/* SO_RCVLOWAT is stored and means nothing */
TEST_F(recvmsg, lowat)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();

	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 1000));
	EXPECT_EQ(1000, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	words(tx, "abc");
	EXPECT_EQ(POLLIN, ready(fd, POLLIN));
	EXPECT_STREQ("3:abc", gave(fd, 9, 0));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 0));
	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, -1));
	EXPECT_EQ(0x7fffffff, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
}

/* SO_RCVTIMEO is kept in ticks, and rounded up to them: 4 ms are some */
TEST_F(recvmsg, timeout_option)
{
	static const struct {
		struct timeval set, get;
		int err;
	} cases[] = {
		{ { 0, 0 }, { 0, 0 }, 0 },
		{ { 1, 0 }, { 1, 0 }, 0 },
		{ { 0, 20000 }, { 0, 20000 }, 0 },
		{ { 3, 999999 }, { 4, 0 }, 0 },
		/* Negative seconds are not to wait, but read as for ever */
		{ { -1, 0 }, { 0, 0 }, 0 },
		{ { 0, -1 }, {}, EDOM },
		{ { 0, 1000000 }, {}, EDOM },
	};
	int fd = bound("127.0.0.1", 5000);
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct timeval tv = cases[i].set;
		socklen_t len = sizeof(tv);

		EXPECT_EQ(cases[i].err,
			  err_of(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
					    sizeof(tv))));
		if (cases[i].err)
			continue;
		EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
					&len));
		EXPECT_EQ(cases[i].get.tv_sec, tv.tv_sec)
			TH_LOG("case %d", i);
		EXPECT_EQ(cases[i].get.tv_usec, tv.tv_usec)
			TH_LOG("case %d", i);
		if (tv.tv_sec || tv.tv_usec == 0)
			continue;
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, 0)));
	}
	EXPECT_EQ(EINVAL, err_of(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
					    &byte, 15)));
	/* The last one that was good: does not wait */
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, 0)));
}

static void ignore(int sig)
{
}

static void __tick(struct __test_metadata *_metadata, int ms, int flags)
{
	struct sigaction act = { .sa_handler = ignore, .sa_flags = flags };
	struct itimerval it = { { 0, ms * 1000 }, { 0, ms * 1000 } };

	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &it, NULL));
}

#define tick(ms, flags) __tick(_metadata, ms, flags)

/* Signals, for the calls that wait in one way or another */
TEST_F(recvmsg, signals)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	struct iovec iov = { hole(), 9 };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &iov,
		.msg_iovlen = 1 } } };
	char byte;

	tick(50, 0);
	EXPECT_EQ(EINTR, err_of(recvmsg(fd, &m[0].msg_hdr, 0)));
	EXPECT_EQ(EINTR, err_of(recvmmsg(fd, m, 2, 0, NULL)));
	EXPECT_EQ(EINTR, err_of(read(fd, &byte, 1)));
	EXPECT_EQ(EINTR, err_of(readv(fd, &iov, 1)));
	/* One has been received: it is told, and the signal is not */
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	iov = (struct iovec){ &byte, 1 };
	m[1] = m[0];
	EXPECT_EQ(1, recvmmsg(fd, m, 2, 0, NULL));
	tick(0, 0);
	/* It comes later as an error that is none: ERESTARTSYS is 512 */
	EXPECT_EQ(512, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* recvmmsg(2): an error behind the first comes with the next call */
TEST_F(recvmsg, recvmmsg)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), i;
	struct timespec none = {}, bad = { .tv_nsec = 1000000000 };
	struct mmsghdr m[4] = {};
	struct iovec iov[4];
	char data[4][4];

	for (i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ data[i], 4 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_len = 77;
	}
	EXPECT_EQ(0, recvmmsg(fd, m, 0, 0, NULL));
	EXPECT_EQ(EINVAL, err_of(recvmmsg(fd, m, 1, 0, &bad)));
	words(tx, "a b c");
	/* Time is looked at behind each datagram: none is one of them */
	EXPECT_EQ(1, recvmmsg(fd, m, 4, 0, &none));
	EXPECT_EQ(2, recvmmsg(fd, m, 4, MSG_WAITFORONE, NULL));
	EXPECT_EQ(1, m[1].msg_len);
	EXPECT_EQ(77, m[2].msg_len);
	/* Looks see the same one again and again */
	words(tx, "d e");
	EXPECT_EQ(4, recvmmsg(fd, m, 4, MSG_PEEK | MSG_DONTWAIT, NULL));
	EXPECT_EQ('d', data[3][0]);
	/* A fault at the second costs it, and is told once */
	iov[1].iov_base = hole();
	EXPECT_EQ(1, recvmmsg(fd, m, 4, MSG_DONTWAIT, NULL));
	EXPECT_EQ(EFAULT, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(EAGAIN, silent(fd));
	/* One that would wait is no error */
	words(tx, "f");
	iov[1].iov_base = data[1];
	EXPECT_EQ(1, recvmmsg(fd, m, 4, MSG_DONTWAIT, NULL));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
}

/* shutdown(2) of the reading side and looks: as a receive, for each socket */
TEST_F(recvmsg, shut_read)
{
	int i, status;
	char byte;

	for (i = 0; i < 8; i++) {
		int fd = bound("127.0.0.1", 5000), tx = sock();
		bool with_peer = i & 1, peek = i & 2, shut_both = i & 4;
		int how = shut_both ? SHUT_RDWR : SHUT_RD;
		int flags = peek ? MSG_PEEK : 0;
		pid_t pid;

		if (with_peer)
			joined(fd, "127.0.0.1", 6000);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)	/* before it or behind it: ends with 0 */
			_exit(recv(fd, &byte, 1, flags));
		EXPECT_EQ(with_peer ? 0 : ENOTCONN, err_of(shutdown(fd, how)));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1,
					      flags | MSG_DONTWAIT)));
		EXPECT_EQ(0, recv(fd, &byte, 1, flags));
		if (!with_peer) {
			words(tx, "a b");
			EXPECT_STREQ("1:a", gave(fd, 1, flags));
			EXPECT_STREQ(peek ? "1:a" : "1:b", gave(fd, 1, 0));
		}
		close(fd);
	}
}

/* epoll(7): EPOLLEXCLUSIVE and EPOLLONESHOT, and more than one watcher */
TEST_F(recvmsg, epoll)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int fd = bound("127.0.0.1", 5000), tx = sock();
	int one = epoll_create1(0), two = epoll_create1(0);

	ASSERT_EQ(0, epoll_ctl(one, EPOLL_CTL_ADD, fd, &ev));
	ev.events = EPOLLIN | EPOLLONESHOT;
	ASSERT_EQ(0, epoll_ctl(two, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(one, &ev, 1, 0));
	words(tx, "a");
	EXPECT_EQ(1, epoll_wait(one, &ev, 1, SOON_MS));
	EXPECT_EQ(EPOLLIN, ev.events);
	EXPECT_EQ(1, epoll_wait(two, &ev, 1, SOON_MS));
	EXPECT_EQ(0, epoll_wait(two, &ev, 1, 0));
	EXPECT_STREQ("1:a", gave(fd, 1, 0));
	EXPECT_EQ(0, epoll_wait(one, &ev, 1, 0));
	words(tx, "b");
	EXPECT_EQ(0, epoll_wait(two, &ev, 1, 0));
	ev.events = EPOLLIN | EPOLLONESHOT;
	EXPECT_EQ(0, epoll_ctl(two, EPOLL_CTL_MOD, fd, &ev));
	EXPECT_EQ(1, epoll_wait(two, &ev, 1, 0));
	close(fd);
	EXPECT_EQ(0, epoll_wait(one, &ev, 1, 0));
}

/* SIGIO goes to who owns the socket, also a thread; nobody: to nobody */
TEST_F(recvmsg, sigio)
{
	struct timespec soon = { .tv_sec = SOON_MS / 1000 }, now = {};
	struct f_owner_ex owner = { F_OWNER_TID, gettid() };
	int fd = bound("127.0.0.1", 5000), tx = sock(), on = 1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(0, ioctl(fd, FIOASYNC, &on));
	words(tx, "a");
	EXPECT_EQ(EAGAIN, err_of(sigtimedwait(&set, NULL, &now)));
	EXPECT_EQ(0, fcntl(fd, F_SETOWN_EX, &owner));
	words(tx, "b");
	EXPECT_EQ(SIGIO, sigtimedwait(&set, NULL, &soon));
	EXPECT_EQ(0, fcntl(fd, F_SETFL, 0));
	words(tx, "c");
	EXPECT_EQ(EAGAIN, err_of(sigtimedwait(&set, NULL, &now)));
}

/*
 * A bad checksum in front of a good datagram. poll() and select() on a socket
 * that would wait look at it, so that recv() will not wait; on one that does
 * not wait they do not. Long ones, as short ones are summed on arrival.
 */
TEST_F(recvmsg, poll_and_bad_checksum)
{
	static const struct {
		int flags, pollin;
		int one, three;	/* so many of one, of three are found */
	} cases[] = {
		{ 0, 0, 1, 3 },
		{ O_NONBLOCK, POLLIN, 0, 1 },
	};
	const struct door *d = &variant->door;
	struct timeval none = {};
	char data[100] = "good";
	struct packet p;
	unsigned int i;
	int t = tap();

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int fd = bound(ME, 5000), n = counter(d, "InCsumErrors");
		fd_set set;

		FD_ZERO(&set);
		FD_SET(fd, &set);
		ASSERT_EQ(0, fcntl(fd, F_SETFL, cases[i].flags));
		make(&p, d, 5000, data, sizeof(data));
		head_of(&p)->check ^= htons(1);
		inject(t, &p);
		EXPECT_EQ(n, counter(d, "InCsumErrors"));
		EXPECT_EQ(cases[i].pollin, ready(fd, POLLIN));
		EXPECT_EQ(n + cases[i].one, counter(d, "InCsumErrors"));
		EXPECT_EQ(!!cases[i].pollin,
			  select(fd + 1, &set, NULL, NULL, &none));
		EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 100, MSG_DONTWAIT)));
		EXPECT_EQ(n + 1, counter(d, "InCsumErrors"));
		/* Two of them, and a good one */
		inject(t, &p);
		inject(t, &p);
		resum(&p);
		inject(t, &p);
		EXPECT_EQ(POLLIN, ready(fd, POLLIN));
		EXPECT_EQ(n + cases[i].three, counter(d, "InCsumErrors"));
		EXPECT_EQ(100, recv(fd, data, 100, 0));
		EXPECT_EQ(n + 3, counter(d, "InCsumErrors"));
		close(fd);
	}
}

static int attach(int fd, struct sock_filter *code, int len)
{
	struct sock_fprog prog = { .len = len, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog));
}

#define RETURN(k) BPF_STMT(BPF_RET | BPF_K, k)

/* socket(7): the filter sees the datagram from its header on */
TEST_F(recvmsg, filter)
{
	struct sock_filter dest[] = {	/* the header's destination port */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5000, 0, 1),
		RETURN(0xffff), RETURN(0) };
	struct sock_filter data[] = {	/* the first byte of data */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'y', 0, 1),
		RETURN(0xffff), RETURN(0) };
	struct sock_filter length[] = {	/* all of it */
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 12, 0, 1),
		RETURN(0xffff), RETURN(0) };
	struct sock_filter ip[] = {	/* the IP header's protocol */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_NET_OFF + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, variant->door.wire, 0, 1),
		RETURN(0xffff), RETURN(0) };
	const struct {
		const char *name;
		struct sock_filter *code;
		const char *first;
		int dropped;
	} cases[] = {
		{ "port", dest, "4:xabc", 0 },
		{ "data", data, "4:yabc", 1 },
		{ "length", length, "4:xabc", 1 },
		{ "IP header", ip, "4:xabc", 0 },
	};
	const struct door *d = &variant->door;
	int fd = bound("127.0.0.1", 5000), tx = sock(), lost = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, attach(fd, cases[i].code, 4));
		words(tx, "xabc yabc");
		if (!strcmp(cases[i].name, "length"))
			words(tx, "long1");
		EXPECT_STREQ(cases[i].first, gave(fd, 9, 0))
			TH_LOG("%s", cases[i].name);
		while (strcmp(gave(fd, 9, 0), "errno 11"))
			;
		lost += cases[i].dropped;
		EXPECT_EQ(lost, counter(d, "InErrors"))
			TH_LOG("%s", cases[i].name);
	}
	EXPECT_EQ(0, counter(d, "RcvbufErrors"));
	EXPECT_EQ(0, counter(d, "NoPorts"));
}

/* What a filter returns is how much is left, with the header: at least it */
TEST_F(recvmsg, filter_truncates)
{
	static const struct {
		int returns, length;
		const char *gave;
	} cases[] = {
		{ 0, 0, "errno 11" },
		{ 1, 0, "0:" },
		{ 8, 0, "0:" },
		{ 9, 1, "1:a" },
		{ 13, 5, "5:abcde" },
		{ 14, 6, "6:abcdef" },
		{ 15, 6, "6:abcdef" },
		{ -1, 6, "6:abcdef" },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock(), n;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sock_filter code[] = { RETURN(cases[i].returns) };

		EXPECT_EQ(0, attach(fd, code, 1));
		words(tx, "abcdef");
		EXPECT_STREQ(cases[i].gave, gave(fd, 9, MSG_PEEK | MSG_TRUNC))
			TH_LOG("%d", cases[i].returns);
		EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
		EXPECT_EQ(cases[i].length, n);
		EXPECT_STREQ(cases[i].gave, gave(fd, 9, 0))
			TH_LOG("%d", cases[i].returns);
	}
}

/* Set, get, lock, detach */
TEST_F(recvmsg, filter_options)
{
	struct sock_filter code[] = { RETURN(0) }, got[4];
	int fd = bound("127.0.0.1", 5000), tx = sock();
	socklen_t len = 4;

	EXPECT_EQ(ENOENT, err_of(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0)));
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &len));
	EXPECT_EQ(0, len);
	EXPECT_EQ(0, attach(fd, code, 1));
	len = 4;
	EXPECT_EQ(0, getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ(0, memcmp(code, got, sizeof(code)));
	words(tx, "a");
	EXPECT_STREQ("errno 11", gave(fd, 1, 0));
	EXPECT_EQ(0, err_of(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0)));
	words(tx, "b");
	EXPECT_STREQ("1:b", gave(fd, 1, 0));
	EXPECT_EQ(EINVAL, err_of(attach(fd, code, 0)));
	code[0].k = -1;
	EXPECT_EQ(0, attach(fd, code, 1));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1));
	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_LOCK_FILTER));
	EXPECT_EQ(EPERM, err_of(attach(fd, code, 1)));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_SOCKET, SO_DETACH_FILTER, 0)));
	EXPECT_EQ(EPERM, err_of(set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 0)));
	words(tx, "c");
	EXPECT_STREQ("1:c", gave(fd, 1, 0));
}

/* The same with a program of the other kind, bpf(2): returns @k */
static int __program(struct __test_metadata *_metadata, int k)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = k },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER,
		.insns = (unsigned long)insns,
		.insn_cnt = ARRAY_SIZE(insns),
		.license = (unsigned long)"GPL",
	};
	int fd = syscall(__NR_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	ASSERT_LE(0, fd);
	return fd;
}

TEST_F(recvmsg, bpf)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	int drop = __program(_metadata, 0), cut = __program(_metadata, 10);

	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_ATTACH_BPF, drop));
	words(tx, "abc");
	EXPECT_STREQ("errno 11", gave(fd, 9, 0));
	EXPECT_EQ(1, counter(&variant->door, "InErrors"));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_ATTACH_BPF, cut));
	words(tx, "abc");
	EXPECT_STREQ("2:ab", gave(fd, 9, 0));
	EXPECT_EQ(EINVAL, err_of(set_int(fd, SOL_SOCKET, SO_ATTACH_BPF, fd)));
	EXPECT_EQ(EBADF, err_of(set_int(fd, SOL_SOCKET, SO_ATTACH_BPF, -1)));
	EXPECT_EQ(0, err_of(set_int(fd, SOL_SOCKET, SO_DETACH_BPF, 0)));
	words(tx, "abc");
	EXPECT_STREQ("3:abc", gave(fd, 9, 0));
}

/* A filter makes the checksum be looked at before it: a bad one is no match */
TEST_F(recvmsg, filter_and_bad_checksum)
{
	struct sock_filter all[] = { RETURN(-1) };
	const struct door *d = &variant->door;
	int t = tap(), fd = bound(ME, 5000);
	char data[100] = "bad";
	struct packet p;

	make(&p, d, 5000, data, sizeof(data));
	head_of(&p)->check ^= htons(1);
	inject(t, &p);
	EXPECT_EQ(0, counter(d, "InCsumErrors"));
	EXPECT_EQ(0, attach(fd, all, 1));
	inject(t, &p);
	EXPECT_EQ(1, counter(d, "InCsumErrors"));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 100, MSG_DONTWAIT)));
	EXPECT_EQ(2, counter(d, "InCsumErrors"));
}

/* Options that are taken, kept, and change nothing of what comes over lo */
TEST_F(recvmsg, options_without_effect)
{
	static const struct {
		int level, option, value, get;
	} cases[] = {
		{ SOL_SOCKET, SO_BUSY_POLL, 50, 50 },
		{ SOL_SOCKET, SO_PREFER_BUSY_POLL, 1, 1 },
		{ SOL_SOCKET, SO_BUSY_POLL_BUDGET, 16, -ENOPROTOOPT },
		{ SOL_SOCKET, SO_INCOMING_CPU, 1, 1 },
		{ SOL_SOCKET, SO_INCOMING_CPU, 0, 0 },
		{ SOL_SOCKET, SO_OOBINLINE, 1, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
		/* It is for TCP: a TTL below it is received all the same */
		{ SOL_IP, IP_MINTTL, 255, 255 },
	};
	int fd = bound("127.0.0.1", 5000), tx = sock();
	unsigned int i;
	char byte;

	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_INCOMING_NAPI_ID));
	EXPECT_EQ(ENOPROTOOPT, err_of(set_int(fd, SOL_SOCKET,
					      SO_INCOMING_NAPI_ID, 1)));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(0, err_of(set_int(fd, cases[i].level,
					    cases[i].option,
					    cases[i].value)))
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(cases[i].get, get_int(fd, cases[i].level,
						cases[i].option))
			TH_LOG("%d/%d", cases[i].level, cases[i].option);
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
		words(tx, "a");
		EXPECT_EQ(POLLIN, await(fd, POLLIN));
		EXPECT_STREQ("1:a", gave(fd, 1, 0));
	}
}

/* Two that wait on one socket: a datagram for each, none twice */
TEST_F(recvmsg, two_readers)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), ends[2], i, n = 0;
	unsigned char byte, seen[40] = {};

	ASSERT_EQ(0, pipe(ends));
	for (i = 0; i < 2; i++)
		if (!fork()) {
			while (recv(fd, &byte, 1, 0) == 1 && byte != 255)
				write(ends[1], &byte, 1);
			_exit(0);
		}
	for (i = 0; i < 40; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, i));
	for (n = 0; n < 40 && await(ends[0], POLLIN); n++) {
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		ASSERT_GT(40, byte);
		seen[byte]++;
	}
	for (i = 0; i < 40; i++)
		EXPECT_EQ(1, seen[i]);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 255));
	for (i = 0; i < 2; i++)
		EXPECT_LT(0, wait(NULL));
}

/* Who waits to peek does so where SO_PEEK_OFF was when he began. */
TEST_F(recvmsg, peek_off_while_waiting)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), ends[2], n;
	char text[16] = "";
	pid_t pid;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, 3));
	pid = fork();
	if (!pid) {
		n = recv(fd, text, sizeof(text), MSG_PEEK);
		write(ends[1], text, n > 0 ? n : 0);
		_exit(0);
	}
	EXPECT_TRUE(await_wait(pid, "wait_for_more"));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, 0));
	words(tx, "abcdef");
	EXPECT_LT(0, wait(NULL));
	EXPECT_EQ(3, read(ends[0], text, sizeof(text)));
	EXPECT_STREQ("def", text);
	EXPECT_EQ(3, get_int(fd, SOL_SOCKET, SO_PEEK_OFF));
}

/*
 * Who looks into the queue of the device meanwhile (SO_BUSY_POLL) does so no
 * longer than it wants to, also behind all that is there.
 */
TEST_F(recvmsg, busy_poll)
{
	struct timeval tv = { .tv_usec = 100000 };
	int fd = bound("127.0.0.1", 5000);
	char data[8];

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_BUSY_POLL, 1));
	ASSERT_EQ(0, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 8, MSG_DONTWAIT)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 8, 0)));
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_PEEK_OFF, 0));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, recv(fd, data, 8, MSG_PEEK));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 8, MSG_PEEK | MSG_DONTWAIT)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, data, 8, MSG_PEEK)));
	EXPECT_EQ(1, take_tag(fd));
}

/* splice(2) from the socket into a pipe, a datagram at a time */
TEST_F(recvmsg, splice)
{
	int fd = bound("127.0.0.1", 5000), tx = sock(), ends[2];
	char data[16] = "";

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(EAGAIN, err_of(splice(fd, NULL, ends[1], NULL, 16, 0)));
	words(tx, "abcd efgh");
	EXPECT_EQ(4, splice(fd, NULL, ends[1], NULL, 16, 0));
	EXPECT_EQ(2, splice(fd, NULL, ends[1], NULL, 2, 0));
	EXPECT_EQ(EAGAIN, err_of(splice(fd, NULL, ends[1], NULL, 16, 0)));
	EXPECT_EQ(6, read(ends[0], data, sizeof(data)));
	EXPECT_STREQ("abcdef", data);
	EXPECT_EQ(EINVAL, err_of(splice(fd, &(off64_t){ 0 }, ends[1], NULL,
					16, 0)));
}

/* readv(2), preadv2(2): buffers in turn */
TEST_F(recvmsg, readv)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	char a[3] = "", b[3] = "";
	struct iovec iov[] = { { a, 2 }, { NULL, 0 }, { b, 2 } };

	words(tx, "wxyz vw long1");
	EXPECT_EQ(4, readv(fd, iov, 3));
	EXPECT_STREQ("wx", a);
	EXPECT_STREQ("yz", b);
	EXPECT_EQ(2, readv(fd, iov, 3));
	EXPECT_STREQ("vw", a);
	EXPECT_EQ(4, preadv2(fd, iov, 3, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, err_of(preadv2(fd, iov, 3, -1, RWF_NOWAIT)));
	EXPECT_EQ(ESPIPE, err_of(preadv(fd, iov, 3, 0)));
}

/* io_uring without its library: one entry of work at a time */
struct ring {
	int fd;
	struct io_uring_params p;
	char *sq, *cq;
	struct io_uring_sqe *sqes;
};

static struct ring __ring(struct __test_metadata *_metadata)
{
	int both = PROT_READ | PROT_WRITE;
	struct ring r = {};

	r.fd = syscall(__NR_io_uring_setup, 4, &r.p);
	ASSERT_LE(0, r.fd)
		TH_LOG("io_uring_setup: %s", strerror(errno));
	r.sq = mmap(NULL, 4096, both, MAP_SHARED, r.fd, IORING_OFF_SQ_RING);
	r.cq = mmap(NULL, 4096, both, MAP_SHARED, r.fd, IORING_OFF_CQ_RING);
	r.sqes = mmap(NULL, 4096, both, MAP_SHARED, r.fd, IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, r.sq);
	ASSERT_NE(MAP_FAILED, r.cq);
	ASSERT_NE(MAP_FAILED, r.sqes);
	return r;
}

#define ring() __ring(_metadata)

static void submit(struct ring *r, int opcode, int fd, void *at, int len,
		   int flags)
{
	unsigned int *tail = (unsigned int *)(r->sq + r->p.sq_off.tail);
	unsigned int *array = (unsigned int *)(r->sq + r->p.sq_off.array);
	unsigned int i = *tail & (r->p.sq_entries - 1);

	memset(&r->sqes[i], 0, sizeof(r->sqes[i]));
	r->sqes[i].opcode = opcode;
	r->sqes[i].fd = fd;
	r->sqes[i].addr = (unsigned long)at;
	r->sqes[i].len = len;
	r->sqes[i].msg_flags = flags;
	array[i] = i;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	syscall(__NR_io_uring_enter, r->fd, 1, 0, 0, NULL, 0);
}

/* The result of the oldest work that is done, waiting for it if @wait */
static int result(struct ring *r, bool wait)
{
	unsigned int *head = (unsigned int *)(r->cq + r->p.cq_off.head);
	unsigned int *tail = (unsigned int *)(r->cq + r->p.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(r->cq + r->p.cq_off.cqes);
	int res;

	if (wait)
		syscall(__NR_io_uring_enter, r->fd, 0, 1,
			IORING_ENTER_GETEVENTS, NULL, 0);
	if (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		return -ENODATA;
	res = cqes[*head & (r->p.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

TEST_F(recvmsg, io_uring)
{
	int fd = bound("127.0.0.1", 5000), tx = bound("127.0.0.2", 6000);
	struct sockaddr_in from = {};
	struct ring r = ring();
	char data[8] = "";
	struct iovec iov = { data, 2 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_name = &from, .msg_namelen = sizeof(from) };

	/* There, and not yet there */
	words(tx, "abc");
	submit(&r, IORING_OP_RECV, fd, data, 8, 0);
	EXPECT_EQ(3, result(&r, true));
	EXPECT_STREQ("abc", data);
	submit(&r, IORING_OP_RECV, fd, data, 8, MSG_DONTWAIT);
	EXPECT_EQ(-EAGAIN, result(&r, true));
	submit(&r, IORING_OP_RECV, fd, data, 8, 0);
	EXPECT_EQ(-ENODATA, result(&r, false));
	words(tx, "defg");
	EXPECT_EQ(4, result(&r, true));
	EXPECT_STREQ("defg", data);

	submit(&r, IORING_OP_RECVMSG, fd, &msg, 1, MSG_TRUNC);
	words(tx, "hijkl");
	EXPECT_EQ(5, result(&r, true));
	EXPECT_EQ(MSG_TRUNC, msg.msg_flags);
	EXPECT_STREQ("127.0.0.2:6000", show(0, &from));
	EXPECT_STREQ("hifg", data);
	submit(&r, IORING_OP_READ, fd, data, 8, 0);
	words(tx, "mn");
	EXPECT_EQ(2, result(&r, true));
	submit(&r, IORING_OP_RECV, fd, hole(), 8, 0);
	words(tx, "op");
	EXPECT_EQ(-EFAULT, result(&r, true));
	EXPECT_EQ(EAGAIN, silent(fd));
}

TEST_HARNESS_MAIN
