// SPDX-License-Identifier: GPL-2.0
/*
 * A fuzzer of eudp: processes that run programs made of random bytes, one after
 * the other, in network namespaces of their own. By KCOV they see what of the
 * module a program has reached; what reached something new is kept, and changed
 * to make others. See Documentation/networking/eudp-testing.rst
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kcov.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

#define WORKERS_MAX	8
#define CORPUS_MAX	4096
#define MAP_SIZE	65536
#define COVER_SIZE	65536	/* words */
#define RECENT		12		/* programs that are shown */
#define PLACE_LASTS	64		/* programs */
#define TICK_MS		5	/* a call may block that long */
#define HANGS_S		120

struct worker {
	struct program recent[RECENT];
	atomic_ulong programs;
};

/* What all processes have together */
struct shared {
	atomic_bool stop;
	atomic_ulong calls, errors, packets, programs, covered, strange;
	atomic_int strange_errno;
	atomic_uint corpus_len;
	atomic_uchar seen[MAP_SIZE];
	struct program corpus[CORPUS_MAX];
	struct worker workers[WORKERS_MAX];
};

static struct options {
	unsigned int seconds, workers;
	unsigned long seed;
	bool packets;
	const char *corpus, *notes, *replay;
} opt = { .seconds = 60, .workers = 2, .seed = 1 };

static struct shared *shared;
static int notes = -1;

char payload[BUFFER];

/* The bytes of a step, and what follows from them */

static __thread const uint8_t *step;
static __thread unsigned int step_at;
static __thread uint64_t rest;

static void begin_step(const uint8_t *bytes)
{
	unsigned int i;

	step = bytes;
	step_at = 1;
	rest = 0xcbf29ce484222325;
	for (i = 0; i < STEP_LEN; i++)
		rest = (rest ^ bytes[i]) * 0x100000001b3;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static unsigned int some_byte(void)
{
	if (step_at < STEP_LEN)
		return step[step_at++];
	return next_random(&rest) >> 24 & 0xff;
}

unsigned int pick(unsigned int n)
{
	unsigned int value = some_byte();

	if (n > 256)
		value |= some_byte() << 8 | some_byte() << 16;
	return n ? value % n : 0;
}

bool one_in(unsigned int n)
{
	return !pick(n);
}

unsigned int any(void)
{
	return next_random(&rest) >> 16 ^ some_byte();
}

int number(void)
{
	static const int numbers[] = {
		1, 1, 1, 0, 0, 2, 3, 4, 5, 6, 7, 8, 28, 64, 100, 127, 255, 256,
		576, 1000, 1280, 1400, 4096, 65535, 65536, 1 << 20, -1, -2,
		0x7fffffff, -0x7fffffff - 1,
	};

	return one_in(8) ? (int)any() : ONE_OF(numbers);
}

/* Errors that are for the kernel alone must not come out. */
void count_call(long ret)
{
	atomic_fetch_add(&shared->calls, 1);
	if (ret >= 0)
		return;
	atomic_fetch_add(&shared->errors, 1);
	if (errno < 512)
		return;
	shared->strange_errno = errno;
	atomic_fetch_add(&shared->strange, 1);
}

void count_packet(void)
{
	atomic_fetch_add(&shared->packets, 1);
}

/* What of the module was reached: Documentation/dev-tools/kcov.rst */

static __thread unsigned long *cover;

static void begin_cover(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, KCOV_INIT_TRACE, COVER_SIZE))
		return;
	cover = mmap(NULL, COVER_SIZE * sizeof(long), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		cover = NULL;
}

/* Marks the ways from one place in the code to the next as seen. */
static void take_cover(atomic_uint *new)
{
	unsigned long i, n, last = 0, edge;

	if (!cover)
		return;
	n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	for (i = 1; i <= n && i < COVER_SIZE; i++) {
		edge = ((last >> 1 ^ cover[i]) * 0x9e3779b97f4a7c15) >> 48;
		last = cover[i] * 0x9e3779b9;
		if (!shared->seen[edge] &&
		    !atomic_exchange(&shared->seen[edge], 1)) {
			atomic_fetch_add(new, 1);
			atomic_fetch_add(&shared->covered, 1);
		}
	}
	__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
}

/* Threads */

static struct {
	pthread_barrier_t begin, end;
	const struct program *program;
	atomic_uint new;
} work;

static void on_tick(int number)
{
}

static __thread timer_t timer;

static void make_timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID,
				  .sigev_signo = SIGALRM };

	event._sigev_un._tid = syscall(SYS_gettid);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		perror("timer");
}

/* Whatever blocks is interrupted, as long as this is on. */
static void tick(bool on)
{
	struct timespec each = { 0, on ? TICK_MS * 1000000 : 0 };
	struct itimerspec every = { each, each };

	timer_settime(timer, 0, &every, NULL);
}

static void run_steps(const struct program *p, unsigned int thread)
{
	unsigned int i;

	if (thread)
		enter_place();
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	tick(true);
	for (i = thread; i < p->steps; i += p->threads) {
		begin_step(p->step[i]);
		step_call(p->step[i][0]);
	}
	tick(false);
	end_thread();
	take_cover(&work.new);
}

static void *helper(void *arg)
{
	unsigned long number = (unsigned long)arg;

	begin_cover();
	make_timer();
	for (;;) {
		pthread_barrier_wait(&work.begin);
		if (number < work.program->threads)
			run_steps(work.program, number);
		pthread_barrier_wait(&work.end);
	}
	return NULL;
}

static void start_threads(void)
{
	struct sigaction action = { .sa_handler = on_tick };
	unsigned long i;
	pthread_t thread;

	sigaction(SIGALRM, &action, NULL);
	signal(SIGIO, SIG_IGN);
	signal(SIGURG, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	begin_cover();
	make_timer();
	pthread_barrier_init(&work.begin, NULL, THREADS_MAX);
	pthread_barrier_init(&work.end, NULL, THREADS_MAX);
	for (i = 1; i < THREADS_MAX; i++)
		if (pthread_create(&thread, NULL, helper, (void *)i))
			exit(1);
}

/* Returns how much of the module was reached for the first time. */
static unsigned int run_program(const struct program *p)
{
	work.program = p;
	work.new = 0;
	begin_calls(p);
	if (p->threads > 1)
		pthread_barrier_wait(&work.begin);
	run_steps(p, 0);
	if (p->threads > 1)
		pthread_barrier_wait(&work.end);
	end_calls();
	atomic_fetch_add(&shared->programs, 1);
	return work.new;
}

/* The text of a program: steps, threads, set-up, and its steps */

static void print_program(FILE *to, const char *word, const struct program *p)
{
	unsigned int i, j;

	fprintf(to, "%s %02x%02x%02x", word, p->steps, p->threads, p->setup);
	for (i = 0; i < p->steps; i++) {
		fputc('.', to);
		for (j = 0; j < STEP_LEN; j++)
			fprintf(to, "%02x", p->step[i][j]);
	}
	fputc('\n', to);
}

static bool is_good(const struct program *p)
{
	return p->steps && p->steps <= STEPS_MAX && p->threads &&
	       p->threads <= THREADS_MAX;
}

static bool parse_program(const char *text, struct program *p)
{
	unsigned int i, j;

	memset(p, 0, sizeof(*p));
	if (sscanf(text, "%2hhx%2hhx%2hhx", &p->steps, &p->threads,
		   &p->setup) != 3 || !is_good(p))
		return false;
	text += 6;
	for (i = 0; i < p->steps; i++) {
		if (*text++ != '.')
			return false;
		for (j = 0; j < STEP_LEN; j++, text += 2)
			if (sscanf(text, "%2hhx", &p->step[i][j]) != 1)
				return false;
	}
	return true;
}

/* Reads the programs of a file, whatever stands before them on their lines. */
static bool read_programs(const char *path,
			  bool (*take)(const struct program *p))
{
	char line[16 + STEPS_MAX * (2 * STEP_LEN + 1) + 64], *at;
	FILE *f = fopen(path, "r");
	struct program p;

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "program ");
		if (at && parse_program(at + 8, &p) && !take(&p))
			break;
	}
	fclose(f);
	return true;
}

static bool add_to_corpus(const struct program *p)
{
	unsigned int at = atomic_fetch_add(&shared->corpus_len, 1);

	if (at >= CORPUS_MAX) {
		shared->corpus_len = CORPUS_MAX;
		return false;
	}
	shared->corpus[at] = *p;
	return true;
}

/* New programs */

static uint64_t dice;

static unsigned int throw(unsigned int sides)
{
	return (next_random(&dice) >> 20) % sides;
}

static void random_step(uint8_t *to)
{
	unsigned int i;

	for (i = 0; i < STEP_LEN; i++)
		to[i] = next_random(&dice) >> 30;
	/* packets are the last of the kinds */
	if (opt.packets && throw(8))
		to[0] = calls_kinds() - 1;
}

static void random_program(struct program *p)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->steps = 1 + throw(STEPS_MAX);
	p->threads = throw(3) || opt.packets ? 1 : 2 + throw(2);
	p->setup = throw(4) ? 0x0f | throw(16) << 4 : throw(256);
	for (i = 0; i < p->steps; i++)
		random_step(p->step[i]);
}

static const struct program *from_corpus(void)
{
	unsigned int n = shared->corpus_len;

	if (n > CORPUS_MAX)
		n = CORPUS_MAX;
	/* the last ones have been tried least */
	if (n > 32 && throw(2))
		return &shared->corpus[n - 1 - throw(32)];
	return n ? &shared->corpus[throw(n)] : NULL;
}

static void change_program(struct program *p)
{
	unsigned int i = throw(p->steps), j = throw(p->steps);
	const struct program *other;

	switch (throw(9)) {
	case 0:
		random_step(p->step[i]);
		break;
	case 1:
		p->setup ^= 1 << throw(8);
		break;
	case 2:
		p->threads = 1 + throw(opt.packets ? 1 : THREADS_MAX);
		break;
	case 3:
		if (p->steps > 1)
			p->steps--;
		memmove(p->step[i], p->step[i + 1],
			(STEPS_MAX - 1 - i) * STEP_LEN);
		break;
	case 4:
		if (p->steps == STEPS_MAX)
			break;
		memmove(p->step[i + 1], p->step[i],
			(STEPS_MAX - 1 - i) * STEP_LEN);
		p->steps++;
		if (throw(2))
			random_step(p->step[i]);
		break;
	case 5:
		memcpy(p->step[i], p->step[j], STEP_LEN);
		break;
	case 6:
		other = from_corpus();
		if (is_good(other))
			memcpy(p->step[i], other->step[throw(other->steps)],
			       STEP_LEN);
		break;
	default:
		/* what follows from the bytes changes with the last of them */
		p->step[i][throw(STEP_LEN)] = next_random(&dice) >> 30;
		break;
	}
}

static void next_program(struct program *p)
{
	const struct program *old = throw(5) ? from_corpus() : NULL;
	unsigned int n;

	if (!old || !is_good(old)) {
		random_program(p);
		return;
	}
	*p = *old;
	for (n = 1 + throw(6); n; n--)
		change_program(p);
}

/* Says what is about to run, to somebody who will still be there. */
static void note(const struct program *p, int number)
{
	static char text[32 + STEPS_MAX * (2 * STEP_LEN + 1)];
	char word[32];
	FILE *f;

	if (notes < 0)
		return;
	f = fmemopen(text, sizeof(text), "w");
	snprintf(word, sizeof(word), "%d: program", number);
	print_program(f, word, p);
	fclose(f);
	if (write(notes, text, strlen(text)) < 0)
		notes = -1;
}

static void be_worker(int number)
{
	struct worker *me = &shared->workers[number];
	struct program *p;
	unsigned long n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dice = (opt.seed + 1) * 0x9e3779b97f4a7c15 ^ (number + 1) * 0x2545f491;
	start_threads();
	for (n = 0; !shared->stop; n++) {
		if (n % (place.spoilt ? PLACE_LASTS / 4 : PLACE_LASTS) == 0) {
			restore_knobs();
			if (!new_place()) {
				perror("fuzz: no namespace");
				exit(1);
			}
		}
		p = &me->recent[n % RECENT];
		next_program(p);
		note(p, number);
		if (run_program(p) && cover)
			add_to_corpus(p);
		me->programs = n + 1;
	}
	restore_knobs();
	exit(0);
}

/* The kernel's log */

static int kmsg = -1;

static void open_log(void)
{
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg < 0)
		perror("/dev/kmsg");
	lseek(kmsg, 0, SEEK_END);
}

static bool log_has_report(void)
{
	static const char * const signs[] = {
		"BUG:", "WARNING:", "Oops", "Call Trace:", "UBSAN:", "ODEBUG:",
		"refcount_t:", "INFO: task", "suspicious RCU", "ref_tracker",
		"unregister_netdevice: waiting", "soft lockup",
		"self-detected stall", "page allocation failure",
		/* in a trace, which only a data race has without another sign */
		"[eudp",
	};
	char line[8192];
	unsigned int i;
	ssize_t len;

	while (kmsg >= 0) {
		len = read(kmsg, line, sizeof(line) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			break;
		line[len] = 0;
		if (strstr(line, "BUG: KCSAN:"))
			continue;
		for (i = 0; i < ARRAY_SIZE(signs); i++) {
			if (strstr(line, signs[i])) {
				printf("# kernel: %s", strchr(line, ';') + 1);
				return true;
			}
		}
	}
	return false;
}

static void show_recent(void)
{
	unsigned long i, n, w;

	for (w = 0; w < opt.workers; w++) {
		n = shared->workers[w].programs;
		for (i = n < RECENT ? 0 : n - RECENT + 1; i <= n; i++)
			print_program(stdout, "# program",
				      &shared->workers[w].recent[i % RECENT]);
	}
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static const char *watch(void)
{
	time_t end = now() + opt.seconds, moved = now(), told = now();
	unsigned long last = 0;

	while (now() < end) {
		usleep(100 * 1000);
		if (log_has_report())
			return "the kernel reports something";
		if (waitpid(-1, NULL, WNOHANG) > 0)
			return "a process has ended";
		if (shared->programs != last)
			moved = now();
		last = shared->programs;
		if (now() - moved > HANGS_S)
			return "nothing goes on";
		if (now() - told >= 30) {
			told = now();
			printf("# %lu calls, %lu packets, %lu ways, %u kept\n",
			       shared->calls, shared->packets, shared->covered,
			       shared->corpus_len);
			fflush(stdout);
		}
	}
	if (shared->strange) {
		printf("# errno %d\n", shared->strange_errno);
		return "an errno that no program knows";
	}
	return NULL;
}

static int fuzz(void)
{
	const char *trouble;
	unsigned int i;

	if (opt.corpus)
		read_programs(opt.corpus, add_to_corpus);
	if (opt.notes)
		notes = open(opt.notes, O_WRONLY | O_CLOEXEC);
	open_log();
	for (i = 0; i < opt.workers; i++)
		if (!fork())
			be_worker(i);
	trouble = watch();
	shared->stop = true;
	if (trouble) {
		printf("# %s\n", trouble);
		show_recent();
		fflush(stdout);
	} else {
		while (wait(NULL) > 0)
			;
		for (i = 0; i < shared->corpus_len && i < CORPUS_MAX; i++)
			print_program(stdout, "# kept: program",
				      &shared->corpus[i]);
	}
	printf("# seed %lu: %lu programs, %lu calls, %lu of them failed,",
	       opt.seed, shared->programs, shared->calls, shared->errors);
	printf(" %lu packets; %lu ways through the module, %u programs kept\n",
	       shared->packets, shared->covered, shared->corpus_len);
	printf("1..1\n%sok 1 - %s\n", trouble ? "not " : "",
	       opt.packets ? "packets" : "calls");
	return trouble ? 1 : 0;
}

static bool replay_one(const struct program *p)
{
	print_program(stdout, "# program", p);
	fflush(stdout);
	run_program(p);
	return true;
}

static int replay(void)
{
	start_threads();
	if (!new_place() || !read_programs(opt.replay, replay_one)) {
		perror(opt.replay);
		return 2;
	}
	restore_knobs();
	printf("# %lu programs, %lu calls, %lu of them failed, %lu packets\n",
	       shared->programs, shared->calls, shared->errors, shared->packets);
	return 0;
}

static const struct option longs[] = {
	{ "seconds", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'S' },
	{ "workers", required_argument, NULL, 'w' },
	{ "corpus", required_argument, NULL, 'c' },
	{ "notes", required_argument, NULL, 'n' },
	{ "packets", no_argument, NULL, 'p' },
	{ "replay", required_argument, NULL, 'r' },
	{}
};

static const char usage[] =
	"usage: fuzz [--seconds N] [--seed N] [--workers N] [--corpus FILE]\n"
	"            [--notes FILE] [--packets]\n"
	"       fuzz --replay FILE\n";

int main(int argc, char **argv)
{
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			opt.seconds = atoi(optarg);
			break;
		case 'S':
			opt.seed = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			opt.workers = atoi(optarg);
			break;
		case 'c':
			opt.corpus = optarg;
			break;
		case 'n':
			opt.notes = optarg;
			break;
		case 'p':
			opt.packets = true;
			break;
		case 'r':
			opt.replay = optarg;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc || !opt.workers || opt.workers > WORKERS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 2;
	}
	for (i = 0; i < sizeof(payload); i++)
		payload[i] = i * 7;
	open_knobs();
	return opt.replay ? replay() : fuzz();
}
