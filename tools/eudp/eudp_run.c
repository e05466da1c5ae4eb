// SPDX-License-Identifier: GPL-2.0
/*
 * eudp_run: runs a program whose UDP sockets become sockets of eudp
 *
 * libeudp_run.so does that, in the program. This prepares the environment and
 * executes the program; with --verbose it stays its parent, to tell in the end
 * how many sockets there were.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/eudp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "eudp_run.h"

/* Linux 6.3; the header may be older */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

#define LIBRARY "libeudp_run.so"

static const char help_text[] =
"usage: eudp_run [OPTION]... PROGRAM [ARGUMENT]...\n"
"\n"
"Runs PROGRAM. The UDP sockets that it and its descendants open are sockets of\n"
"eudp instead, which they cannot tell from UDP's.\n"
"\n"
"  --door DOOR  how: family, by socket(AF_EUDP, SOCK_DGRAM, ...), which is the\n"
"               default, or inet, by socket(AF_INET, SOCK_DGRAM, 253)\n"
"  --cgroup     let the kernel do it, by a program of BPF, for all programs:\n"
"               static ones as well; only for root, and not with every kernel\n"
"  --only LIST  ports and names of programs, with commas between them: only these\n"
"               programs, and only sockets that bind, connect or send to these\n"
"               ports\n"
"  --strict     without the module do not run PROGRAM; sockets that eudp does\n"
"               not have fail, instead of being UDP's\n"
"  --verbose    tell in the end how many sockets were redirected\n"
"  --help       this text\n"
"\n"
"Not redirected are sockets of programs that make system calls without libc\n"
"(static ones, most of those in Go), by syscall(2) or io_uring, those of libc\n"
"itself (it asks name servers by UDP), and those of setuid programs.\n"
"\n"
"Exit status: that of PROGRAM; 125 if eudp_run fails, 126 if PROGRAM cannot be\n"
"executed, 127 if it is not found.\n";

static struct {
	bool cgroup;
	bool door;
	bool inet;
	const char *only;
	bool strict;
	bool verbose;
} opt;

static struct state *state;
static int state_fd;
static char library[PATH_MAX];

/* The library: what the environment says, else beside us or in ../lib/eudp */
static void find_library(void)
{
	static const char * const folders[] = { "", "../lib/eudp/" };
	const char *wanted = getenv("EUDP_RUN_LIB");
	char self[PATH_MAX], path[2 * PATH_MAX];
	ssize_t len;
	size_t i;

	if (wanted && *wanted) {
		if (!realpath(wanted, library))
			err(OWN_FAILURE, "EUDP_RUN_LIB: %s", wanted);
		return;
	}
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		err(OWN_FAILURE, "/proc/self/exe");
	self[len] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s%s" LIBRARY, self, folders[i]);
		if (realpath(path, library))
			return;
	}
	errx(OWN_FAILURE, LIBRARY " is neither in %s nor in %s../lib/eudp",
	     self, self);
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1))
		err(OWN_FAILURE, "%s", name);
}

/* Behind what is preloaded already; the dynamic linker knows no quoting */
static void preload(void)
{
	const char *others = getenv("LD_PRELOAD");
	char *all;

	if (access(library, R_OK))
		err(OWN_FAILURE, "%s", library);
	if (strpbrk(library, " :"))
		errx(OWN_FAILURE,
		     "%s cannot be preloaded: a space or colon is in its path",
		     library);
	if (!others || !*others) {
		set("LD_PRELOAD", library);
		return;
	}
	if (asprintf(&all, "%s:%s", others, library) < 0)
		errx(OWN_FAILURE, "no memory");
	set("LD_PRELOAD", all);
	free(all);
}

/* A number that a program is not likely to get or to look at */
static int out_of_the_way(int fd)
{
	struct rlimit limit;
	int moved;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		err(OWN_FAILURE, "RLIMIT_NOFILE");
	moved = fcntl(fd, F_DUPFD, limit.rlim_cur > 1024 ? 1000 :
				   (int)limit.rlim_cur / 2);
	if (moved < 0)
		err(OWN_FAILURE, "F_DUPFD");
	close(fd);
	return moved;
}

static void share_state(void)
{
	char where[64];
	struct stat st;

	state_fd = memfd_create("eudp_run", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
	if (state_fd < 0 || ftruncate(state_fd, sizeof(*state)))
		err(OWN_FAILURE, "memfd_create");
	state_fd = out_of_the_way(state_fd);
	state = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
		     state_fd, 0);
	if (state == MAP_FAILED || fstat(state_fd, &st))
		err(OWN_FAILURE, "memfd");
	snprintf(where, sizeof(where), STATE_FORMAT, getpid(), state_fd,
		 (unsigned long long)st.st_ino);
	set(ENV_STATE, where);
}

/* Is the module there? Without it all is UDP's, or nothing with --strict */
static bool knock(void)
{
	int fd = opt.inet || opt.cgroup ? socket(AF_INET, SOCK_DGRAM, IPPROTO_EUDP) :
			    socket(AF_EUDP, SOCK_DGRAM, PF_INET);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (opt.strict)
		err(OWN_FAILURE, "no socket of eudp");
	if (errno != EAFNOSUPPORT && errno != EPROTONOSUPPORT)
		return true;	/* the program will see it */
	warnx("eudp is not loaded: sockets are UDP's");
	state->noticed = true;
	return false;
}

static int execute(char **argv)
{
	int status;

	execvp(argv[0], argv);
	status = errno == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
	warn("%s", argv[0]);
	state->not_run = 1;
	return status;
}

/* The keys of the terminal reach the whole process group, PROGRAM as well */
static bool from_terminal(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGINT:
	case SIGQUIT:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGWINCH:
		return info->si_code == SI_KERNEL;
	default:
		return false;
	}
}

static void pass_on(pid_t child, const siginfo_t *info)
{
	if (from_terminal(info) || info->si_pid == child)
		return;
	if (info->si_code == SI_QUEUE)
		sigqueue(child, info->si_signo, info->si_value);
	else
		kill(child, info->si_signo);
}

/* Whether the child has ended; if the terminal stopped it, so are we */
static bool ended(pid_t child, int *status)
{
	pid_t found = waitpid(child, status, WNOHANG | WUNTRACED);

	if (found < 0)
		err(OWN_FAILURE, "waitpid");
	if (!found)
		return false;
	if (!WIFSTOPPED(*status))
		return true;
	if (WSTOPSIG(*status) != SIGSTOP)
		raise(SIGSTOP);
	return false;
}

/* Who waits for PROGRAM to close a file must not have to wait for us */
static void close_others(void)
{
	close_range(STDIN_FILENO, STDOUT_FILENO, 0);
	close_range(STDERR_FILENO + 1, state_fd - 1, 0);
	close_range(state_fd + 1, ~0U, 0);
}

static void report(void)
{
	if (opt.cgroup)
		warnx("%lu sockets were asked of eudp", cgroup_count());
	else
		warnx("%lu sockets of eudp, %lu of UDP, %lu failed",
		      state->eudp, state->udp, state->failed);
}

/* Ends as the child did, but for a second core */
static int end_as(int status)
{
	sigset_t set;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	prctl(PR_SET_DUMPABLE, 0);
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return OWN_FAILURE;
}

/* Runs PROGRAM as a child, and hands it the signals that are sent to us */
static int supervise(char **argv)
{
	struct sigaction standard = { .sa_handler = SIG_DFL }, inherited;
	pid_t self = getpid(), child;
	sigset_t all, old;
	siginfo_t info;
	int status;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	sigaction(SIGCHLD, &standard, &inherited);
	child = fork();
	if (child < 0)
		err(OWN_FAILURE, "fork");
	if (!child) {
		/* SIGKILL is the one that cannot be passed on */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(OWN_FAILURE);
		sigaction(SIGCHLD, &inherited, NULL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		if (opt.cgroup)
			cgroup_enter();
		_exit(execute(argv));
	}
	if (!opt.cgroup)	/* its descriptors are closed by exec */
		close_others();
	do {
		while (sigwaitinfo(&all, &info) < 0)
			;
		if (info.si_signo != SIGCHLD)
			pass_on(child, &info);
	} while (!ended(child, &status));
	if (opt.verbose && !state->not_run)
		report();
	if (opt.cgroup)
		cgroup_tear_down();
	return end_as(status);
}

static void set_door(const char *name)
{
	opt.door = true;
	opt.inet = !strcmp(name, "inet");
	if (!opt.inet && strcmp(name, "family"))
		errx(OWN_FAILURE, "%s is no door, see --help", name);
}

/* Ports are in digits; nothing else is wrong but what is empty, or no name */
static void set_only(const char *list)
{
	const char *word = list;
	size_t len;

	opt.only = list;
	do {
		len = strcspn(word, ",");
		if (!len)
			errx(OWN_FAILURE, "--only %s: a word is empty, see --help",
			     list);
		if (memchr(word, '/', len))
			errx(OWN_FAILURE, "--only %s: a name has no folder, see --help",
			     list);
		if (strspn(word, "0123456789") == len &&
		    (len > 5 || !atoi(word) || atoi(word) > 65535))
			errx(OWN_FAILURE, "--only %s: not a port from 1 to 65535",
			     list);
		word += len;
	} while (*word++);
}

/* Returns PROGRAM and its arguments */
static char **parse(int argc, char **argv)
{
	enum { DOOR = 256, CGROUP, ONLY, STRICT, VERBOSE, HELP };
	static const struct option long_options[] = {
		{ "cgroup", no_argument, NULL, CGROUP },
		{ "door", required_argument, NULL, DOOR },
		{ "only", required_argument, NULL, ONLY },
		{ "strict", no_argument, NULL, STRICT },
		{ "verbose", no_argument, NULL, VERBOSE },
		{ "help", no_argument, NULL, HELP },
		{}
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:", long_options, NULL)) >= 0) {
		switch (c) {
		case DOOR:
			set_door(optarg);
			break;
		case CGROUP:
			opt.cgroup = true;
			break;
		case ONLY:
			set_only(optarg);
			break;
		case STRICT:
			opt.strict = true;
			break;
		case VERBOSE:
			opt.verbose = true;
			break;
		case HELP:
			fputs(help_text, stdout);
			if (fflush(stdout))
				err(OWN_FAILURE, "stdout");
			exit(0);
		case ':':
			errx(OWN_FAILURE, "%s needs a value, see --help",
			     argv[optind - 1]);
		default:
			if (optopt && optopt < DOOR)
				errx(OWN_FAILURE, "-%c is no option, see --help",
				     optopt);
			errx(OWN_FAILURE, "%s is no option, see --help",
			     argv[optind - 1]);
		}
	}
	if (opt.cgroup && opt.door)
		errx(OWN_FAILURE, "--cgroup has a door of its own, see --help");
	if (opt.cgroup && opt.only)
		errx(OWN_FAILURE, "--cgroup is for all, not with --only, see --help");
	if (optind == argc)
		errx(OWN_FAILURE, "PROGRAM is needed, see --help");
	return argv + optind;
}

/* What the library does in each program, it does for what is run with libc */
static void set_up_library(void)
{
	find_library();
	set(ENV_DOOR, opt.inet ? "inet" : "family");
	unsetenv(ENV_STRICT);
	if (opt.strict)
		set(ENV_STRICT, "1");
	unsetenv(ENV_ONLY);
	if (opt.only)
		set(ENV_ONLY, opt.only);
	preload();
}

int main(int argc, char **argv)
{
	char **program = parse(argc, argv);

	share_state();
	if (!opt.cgroup) {
		set_up_library();
		knock();
		return opt.verbose ? supervise(program) : execute(program);
	}
	if (knock())
		cgroup_set_up();
	return supervise(program);
}
