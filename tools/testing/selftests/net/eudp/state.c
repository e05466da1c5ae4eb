// SPDX-License-Identifier: GPL-2.0
/* poll, shutdown, ioctl, pending errors, /proc: poll(2), shutdown(2), udp(7) */
#include "lib.h"
#include <sys/epoll.h>
#include <sys/stat.h>

#define ALL	(POLLIN | POLLPRI | POLLOUT | POLLRDHUP | POLLRDNORM | \
		 POLLRDBAND | POLLWRNORM | POLLWRBAND)
#define CAN_WRITE	(POLLOUT | POLLWRNORM | POLLWRBAND)
#define CAN_READ	(POLLIN | POLLRDNORM)

EUDP_FIXTURE(state)
EUDP_INET_VARIANT(state);

/* Readable if there is a datagram, be it empty; writable otherwise */
TEST_F(state, poll)
{
	int fd = sock(), tx = sock();
	char buf[4];

	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 5000));
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(0, send_to(tx, "127.0.0.1", 5000, "", 0));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	settle();
	EXPECT_EQ(CAN_READ | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(0, recv(fd, buf, 4, MSG_PEEK));
	EXPECT_EQ(CAN_READ | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(0, recv(fd, buf, 4, 0));
	EXPECT_EQ(CAN_READ | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(1, recv(fd, buf, 4, 0));
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
}

/* epoll(7): level-triggered as long as there is one, edge once for each */
TEST_F(state, epoll)
{
	int fd = bound("127.0.0.1", 5000), tx = sock();
	int level = epoll_create1(0), edge = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN };
	char byte;

	ASSERT_LE(0, level);
	ASSERT_LE(0, edge);
	ASSERT_EQ(0, epoll_ctl(level, EPOLL_CTL_ADD, fd, &ev));
	ev.events = EPOLLIN | EPOLLOUT | EPOLLET;
	ASSERT_EQ(0, epoll_ctl(edge, EPOLL_CTL_ADD, fd, &ev));
	EXPECT_EQ(0, epoll_wait(level, &ev, 1, 0));
	EXPECT_EQ(1, epoll_wait(edge, &ev, 1, 0));
	EXPECT_EQ(EPOLLOUT, ev.events);
	EXPECT_EQ(0, epoll_wait(edge, &ev, 1, 0));

	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, epoll_wait(level, &ev, 1, SOON_MS));
	EXPECT_EQ(EPOLLIN, ev.events);
	EXPECT_EQ(1, epoll_wait(level, &ev, 1, 0));
	EXPECT_EQ(1, epoll_wait(edge, &ev, 1, 0));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, ev.events);
	EXPECT_EQ(0, epoll_wait(edge, &ev, 1, 0));
	/* A new edge, though the old datagram is still there */
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 2));
	EXPECT_EQ(1, epoll_wait(edge, &ev, 1, SOON_MS));
	EXPECT_EQ(0, epoll_wait(edge, &ev, 1, 0));
	EXPECT_EQ(1, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, epoll_wait(edge, &ev, 1, 0));
	EXPECT_EQ(1, epoll_wait(level, &ev, 1, 0));
	EXPECT_EQ(1, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, epoll_wait(level, &ev, 1, 0));
	/* An error is an event, whether asked for or not */
	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(1, epoll_wait(edge, &ev, 1, SOON_MS));
	EXPECT_EQ(EPOLLERR | EPOLLOUT, ev.events);
	EXPECT_EQ(1, epoll_wait(level, &ev, 1, 0));
	EXPECT_EQ(EPOLLERR, ev.events);
}

/* fcntl(2): O_ASYNC sends a signal when a datagram comes */
TEST_F(state, sigio)
{
	struct timespec soon = { .tv_sec = SOON_MS / 1000 };
	int fd = bound("127.0.0.1", 5000);
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ASSERT_EQ(0, fcntl(fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(fd, F_SETSIG, SIGRTMIN));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_ASYNC));
	EXPECT_EQ(0, tag_to(sock(), "127.0.0.1", 5000, 1));
	EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &soon));
	EXPECT_EQ(fd, info.si_fd);
	EXPECT_EQ(POLLIN, info.si_band & POLLIN);
}

/*
 * shutdown(2). Without a peer it is ENOTCONN, but it is done all the same.
 * What has been shut: no send, EPIPE but no SIGPIPE; a receive that would wait
 * gives 0, one that would not EAGAIN.
 */
TEST_F(state, shutdown)
{
	static const struct {
		int how, events;
	} cases[] = {
		{ SHUT_RD, CAN_READ | CAN_WRITE | POLLRDHUP },
		{ SHUT_WR, CAN_WRITE },
		{ SHUT_RDWR, CAN_READ | CAN_WRITE | POLLRDHUP | POLLHUP },
	};
	int tx = bound("127.0.0.1", 5001);
	unsigned int i;
	char byte;

	for (i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
		int how = cases[i / 2].how, fd = bound("127.0.0.1", 5000);
		bool rd = how != SHUT_WR, wr = how != SHUT_RD;

		if (i % 2)
			joined(fd, "127.0.0.1", 5001);
		EXPECT_EQ(EINVAL, err_of(shutdown(fd, 3)));
		EXPECT_EQ(EINVAL, err_of(shutdown(fd, -1)));
		EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
		EXPECT_EQ(i % 2 ? 0 : ENOTCONN, err_of(shutdown(fd, how)));
		EXPECT_EQ(cases[i / 2].events, ready(fd, ALL))
			TH_LOG("%d", how);
		EXPECT_EQ(wr ? EPIPE : 0, tag_to(fd, "127.0.0.1", 5001, 1));
		if (i % 2)
			EXPECT_EQ(wr ? EPIPE : 0, tag(fd, 1));
		EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
		if (rd) {
			EXPECT_EQ(0, recv(fd, &byte, 1, 0));
			EXPECT_EQ(0, read(fd, &byte, 1));
		}
		/* Datagrams come in and are received as ever */
		EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 7));
		EXPECT_EQ(7, take_tag(fd));
		/* It is for good, and twice is as good as once */
		EXPECT_EQ(i % 2 ? 0 : ENOTCONN, err_of(shutdown(fd, how)));
		joined(fd, "127.0.0.1", 5001);
		EXPECT_EQ(wr ? EPIPE : 0, tag(fd, 1));
		/* Wrong addresses are told before */
		EXPECT_EQ(EINVAL, tag_to(fd, "127.0.0.1", 0, 1));
		while (recv(tx, &byte, 1, MSG_DONTWAIT) == 1)
			;
		close(fd);
	}
}

/* One that waits is woken by shutdown, not by close of another descriptor */
TEST_F(state, shutdown_wakes)
{
	int fd = bound("127.0.0.1", 5000), status;
	char byte;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid) {
		/* The parent may be waiting, or about to: either is good */
		shutdown(fd, SHUT_RD);
		close(fd);
		_exit(errno == ENOTCONN ? 0 : 1);
	}
	EXPECT_EQ(0, recv(fd, &byte, 1, 0));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* udp(7): FIONREAD is the length of the next datagram, not of all */
TEST_F(state, ioctls)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = bound("127.0.0.1", 5000), tx = sock(), n;
	char buf[8];

	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, ioctl(fd, TIOCOUTQ, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(5, send_to(tx, "127.0.0.1", 5000, "12345", 5));
	EXPECT_EQ(0, send_to(tx, "127.0.0.1", 5000, "", 0));
	EXPECT_EQ(7, send_to(tx, "127.0.0.1", 5000, "1234567", 7));
	settle();
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(5, n);
	EXPECT_EQ(5, recv(fd, buf, 8, 0));
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, recv(fd, buf, 8, 0));
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(7, n);
	EXPECT_EQ(2, recv(fd, buf, 2, 0));
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, n);
	EXPECT_EQ(EFAULT, err_of(ioctl(fd, FIONREAD, NULL)));

	EXPECT_EQ(ENOTTY, err_of(ioctl(fd, TCGETS, buf)));
	EXPECT_EQ(ENOTTY, err_of(ioctl(fd, SIOCATMARK, &n)));
	EXPECT_EQ(ENOTTY, err_of(ioctl(fd, 0xdead, &n)));
	/* Those of the protocol family work, netdevice(7) */
	EXPECT_EQ(0, err_of(ioctl(fd, SIOCGIFADDR, &ifr)));
	EXPECT_STREQ("127.0.0.1:0",
		     show(0, (struct sockaddr_in *)&ifr.ifr_addr));
	/* FIONBIO as fcntl() */
	n = 1;
	EXPECT_EQ(0, ioctl(fd, FIONBIO, &n));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, buf, 1, 0)));
}

/* What only streams can do */
TEST_F(state, not_for_datagrams)
{
	const struct door *d = &variant->door;
	int fd = bound("127.0.0.1", 5000), pair[2];

	EXPECT_EQ(EOPNOTSUPP, err_of(listen(fd, 1)));
	EXPECT_EQ(EOPNOTSUPP, err_of(accept(fd, NULL, NULL)));
	EXPECT_EQ(EOPNOTSUPP, err_of(socketpair(d->family, SOCK_DGRAM,
						d->protocol, pair)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(ESPIPE, err_of(lseek(fd, 0, SEEK_SET)));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, tag_to(fd, "127.0.0.1", 5000, 1));
	EXPECT_EQ(1, take_tag(fd));
}

/*
 * udp(7): a connected socket is told that nobody listens (ICMP port
 * unreachable), once, by whatever call comes first.
 */
TEST_F(state, refused)
{
	int fd = bound("127.0.0.1", 5000), n;
	char byte;

	joined(fd, "127.0.0.1", 5001);

	/* send(): nothing is sent then */
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(POLLERR | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(ECONNREFUSED, tag(fd, 1));
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));
	settle();
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));

	/* sendto(), even to somebody else */
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, tag_to(fd, "127.0.0.1", 5000, 1));

	/* recv(), waiting or not, looking or not */
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, err_of(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));
	EXPECT_EQ(0, tag(fd, 1));
	EXPECT_EQ(ECONNREFUSED, err_of(recv(fd, &byte, 1, MSG_PEEK)));
	EXPECT_EQ(EAGAIN, err_of(recv(fd, &byte, 1, MSG_DONTWAIT)));

	/* SO_ERROR */
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(CAN_WRITE, ready(fd, ALL));

	/* What is wrong with the call comes first and leaves the error */
	EXPECT_EQ(0, tag(fd, 1));
	settle();
	EXPECT_EQ(EINVAL, tag_to(fd, "127.0.0.1", 0, 1));
	EXPECT_EQ(EOPNOTSUPP, err_of(send(fd, &byte, 1, MSG_OOB)));
	EXPECT_EQ(0, ioctl(fd, FIONREAD, &n));
	EXPECT_EQ(0, connect_to(fd, "127.0.0.1", 5002));
	EXPECT_EQ(ECONNREFUSED, tag(fd, 1));
}

/* The error is told before datagrams that have come, and they stay */
TEST_F(state, refused_order)
{
	int fd = bound("127.0.0.1", 5000), tx = bound("127.0.0.1", 5001);
	char byte;

	joined(fd, "127.0.0.1", 5001);
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 1));
	EXPECT_EQ(0, tag_to(tx, "127.0.0.1", 5000, 2));
	settle();
	close(tx);
	EXPECT_EQ(0, tag(fd, 3));
	settle();
	EXPECT_EQ(POLLERR | CAN_READ | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(ECONNREFUSED, err_of(recv(fd, &byte, 1, 0)));
	EXPECT_EQ(CAN_READ | CAN_WRITE, ready(fd, ALL));
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(2, take_tag(fd));
	EXPECT_EQ(EAGAIN, silent(fd));
}

/* Many are one, the peer may come back, and nobody else is told */
TEST_F(state, refused_whom)
{
	int fd = bound("127.0.0.1", 5000), other = bound("127.0.0.1", 5002);
	int plain = bound("127.0.0.1", 5003), i, tx;

	joined(fd, "127.0.0.1", 5001);
	joined(other, "127.0.0.1", 5003);
	EXPECT_EQ(0, tag_to(plain, "127.0.0.1", 5001, 1));
	/* To another address than the peer's */
	EXPECT_EQ(0, tag_to(other, "127.0.0.1", 5001, 1));
	settle();
	EXPECT_EQ(0, get_int(plain, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, get_int(other, SOL_SOCKET, SO_ERROR));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));

	for (i = 0; i < 6; i++) {
		EXPECT_EQ(i % 2 ? ECONNREFUSED : 0, tag(fd, 1));
		settle();
	}
	tx = bound("127.0.0.1", 5001);
	EXPECT_EQ(0, tag(fd, 2));
	EXPECT_EQ(2, take_tag(tx));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ERROR));
	/* A receiver that only has closed a moment ago is not there */
	close(tx);
	EXPECT_EQ(0, tag(fd, 3));
	settle();
	EXPECT_EQ(ECONNREFUSED, get_int(fd, SOL_SOCKET, SO_ERROR));
}

/* What /proc tells about the socket that is bound to this port */
struct line {
	char local[32], remote[32];
	unsigned int state, tx, rx, uid, drops, lines;
	unsigned long inode;
};

static struct line table_line(const struct door *door, int port)
{
	struct line l, found = {};
	char text[512], want[16];
	FILE *f = fopen(door->table, "r");

	snprintf(want, sizeof(want), ":%04X", port);
	while (f && fgets(text, sizeof(text), f)) {
		memset(&l, 0, sizeof(l));
		if (sscanf(text, "%*d: %31s %31s %x %x:%x %*x:%*x %*x %u %*d %lu %*d %*s %u",
			   l.local, l.remote, &l.state, &l.tx, &l.rx, &l.uid,
			   &l.inode, &l.drops) != 8)
			continue;
		if (!strstr(l.local, want))
			continue;
		l.lines = found.lines + 1;
		found = l;
	}
	if (f)
		fclose(f);
	return found;
}

/* One line per bound socket, proc_pid_net(5) */
TEST_F(state, proc)
{
	const struct door *d = &variant->door;
	int fd = sock(), tx = sock();
	char name[32];
	struct line l;
	struct stat st;

	EXPECT_EQ(0, fchown(fd, 65534, 65534));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.2", 5000));
	ASSERT_EQ(0, fstat(fd, &st));
	l = table_line(d, 5000);
	EXPECT_EQ(1, l.lines);
	snprintf(name, sizeof(name), "%08X:1388",
		 inet_addr("127.0.0.2"));
	EXPECT_STREQ(name, l.local);
	EXPECT_STREQ("00000000:0000", l.remote);
	EXPECT_EQ(7, l.state);
	EXPECT_EQ(65534, l.uid);
	EXPECT_EQ(st.st_ino, l.inode);
	EXPECT_EQ(0, l.rx);
	EXPECT_EQ(0, l.tx);

	EXPECT_EQ(0, tag_to(tx, "127.0.0.2", 5000, 1));
	settle();
	EXPECT_LT(0, table_line(d, 5000).rx);
	EXPECT_EQ(1, take_tag(fd));
	EXPECT_EQ(0, table_line(d, 5000).rx);

	joined(fd, "127.0.0.1", 5001);
	l = table_line(d, 5000);
	snprintf(name, sizeof(name), "%08X:1389",
		 inet_addr("127.0.0.1"));
	EXPECT_STREQ(name, l.remote);
	EXPECT_EQ(1, l.state);
	EXPECT_EQ(0, err_of(disconnect(fd)));
	EXPECT_EQ(7, table_line(d, 5000).state);
	close(fd);
	EXPECT_EQ(0, table_line(d, 5000).lines);

	/* Each namespace has its own lines, and all sockets have one */
	for (fd = 0; fd < 200; fd++)
		shared("127.0.0.1", 5002);
	EXPECT_EQ(200, table_line(d, 5002).lines);
	enter_namespace(_metadata);
	EXPECT_EQ(0, table_line(d, 5002).lines);
	EXPECT_EQ(0, counter(d, "InDatagrams"));
}

TEST_HARNESS_MAIN
