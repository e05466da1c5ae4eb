// SPDX-License-Identifier: GPL-2.0
/*
 * Every option of every level, with right and wrong values and lengths: eudp
 * must answer setsockopt(2) and getsockopt(2) as in-kernel UDP does.
 *
 * The calls are written down first. Then a process per kind of socket, each in
 * a network namespace of its own, makes all of them and notes the answers, and
 * the notes are compared. After a set that succeeded the socket is a new one,
 * so what is set in one call does not meet the next.
 *
 * usage: options [--udp] [--state PATTERN] [--show LEVEL OPTION]
 *
 * --show prints all answers about one option, by names or numbers, side by
 * side. --udp asks UDP twice, which must not differ.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define OPTION_DIFFERENCES
#include "differences.h"
#include "options.h"

/* Differences per level, state and user; the first of those that are alike */
#define MOST_SHOWN	20
#define NOBODY		65534
#define SEEN		512	/* bytes that are compared; more than any has */
#define BUFFER		(128 * 1024)
#define UNTOUCHED	0xa5

enum pointer { GOOD, NULL_VALUE, BAD_VALUE, BAD_LENGTH };

struct call {
	const struct level *level;
	int option;
	bool get;
	enum pointer pointer;
	int value, len;
	const struct shape *shape;	/* instead of value and len */
};

struct answer {
	int set, get;		/* what was returned, or -errno */
	int len;
	unsigned int sum;	/* of the bytes that get wrote */
	unsigned char bytes[16];
};

struct side {
	const char *name;
	int family, protocol;
};

static const struct side udp_side = { "udp", AF_INET, IPPROTO_UDP };
static const struct side udp6_side = { "udp6", AF_INET6, IPPROTO_UDP };

/* Each state by one of the two doors: options do not depend on both */
static const struct {
	const char *name;
	const struct side *udp;
	struct side eudp;
	const char *local, *peer;
} states[] = {
	{ "fresh", &udp_side, { "eudp", AF_EUDP, 0 } },
	{ "bound", &udp_side, { "eudp_inet", AF_INET, IPPROTO_EUDP },
	  "127.0.0.1" },
	{ "connected", &udp_side, { "eudp", AF_EUDP, 0 },
	  "127.0.0.1", "127.0.0.1" },
	{ "fresh6", &udp6_side, { "eudp6", AF_EUDP, PF_INET6 } },
	{ "bound6", &udp6_side, { "eudp6_inet", AF_INET6, IPPROTO_EUDP },
	  "::1" },
	{ "connected6", &udp6_side, { "eudp6", AF_EUDP, PF_INET6 },
	  "::1", "::1" },
	{ "connected_mapped", &udp6_side,
	  { "eudp6_inet", AF_INET6, IPPROTO_EUDP },
	  "::ffff:127.0.0.1", "::ffff:127.0.0.1" },
};

static const char * const users[] = { "root", "nobody" };

static struct call *calls;
static size_t n_calls;
static struct answer *udp_answers, *eudp_answers;

static const struct level *shown_level;
static int shown_option;
static const char *wanted = "*";	/* states */
static bool only_udp;

/* The calls */

static const char *name_of(const struct level *level, int option)
{
	size_t i;

	for (i = 0; i < level->n_names; i++)
		if (level->names[i].option == option)
			return level->names[i].text;
	return NULL;
}

static void add_call(struct call call)
{
	if (n_calls % 4096 == 0)
		calls = realloc(calls, (n_calls + 4096) * sizeof(*calls));
	if (!calls)
		ksft_exit_fail_msg("no memory\n");
	calls[n_calls++] = call;
}

static void add_gets(struct call call)
{
	size_t i;

	call.get = true;
	for (i = 0; i < ARRAY_SIZE(get_lengths); i++) {
		call.len = get_lengths[i];
		add_call(call);
	}
	for (i = 0; i < ARRAY_SIZE(pointer_lengths); i++) {
		call.len = pointer_lengths[i];
		for (call.pointer = NULL_VALUE; call.pointer <= BAD_LENGTH;
		     call.pointer++)
			add_call(call);
	}
}

static void add_values(struct call call, int len, size_t n)
{
	size_t i;

	call.len = len;
	for (i = 0; i < n; i++) {
		call.value = values[i];
		add_call(call);
	}
}

/* An option that no system has does not look at values: one is enough */
static void add_sets(struct call call, bool named)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(int_lengths); i++)
		add_values(call, int_lengths[i], !named ? 1 :
			   i ? N_ANY_LENGTH : ARRAY_SIZE(values));
	for (i = 0; i < ARRAY_SIZE(odd_lengths); i++)
		add_values(call, odd_lengths[i], named ? N_MOST_LENGTHS : 1);
	for (i = 0; i < ARRAY_SIZE(bad_lengths); i++)
		add_values(call, bad_lengths[i], 1);
	for (i = 0; i < ARRAY_SIZE(pointer_lengths); i++) {
		call.len = pointer_lengths[i];
		for (call.pointer = NULL_VALUE; call.pointer <= BAD_VALUE;
		     call.pointer++)
			add_call(call);
	}
}

static void add_level(const struct level *level)
{
	struct call call = { .level = level };
	size_t i;
	int o;

	for (i = 0; i < ARRAY_SIZE(level->options); i++) {
		o = level->options[i].first;
		if (!o && i)
			break;
		for (; o <= level->options[i].last; o++) {
			call.option = o;
			add_gets(call);
			add_sets(call, name_of(level, o));
		}
	}
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		if (shapes[i].level != level->number)
			continue;
		call.option = shapes[i].option;
		call.shape = &shapes[i];
		add_call(call);
	}
}

/* Making them */

/* As struct in6_ifreq, which no header has that goes with the others */
struct prefix {
	struct in6_addr address;
	uint32_t length;
	int device;
};

/* lo is up, and has a prefix that anycast addresses can be of */
static void be_in_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct prefix prefix = { .length = 64, .device = 1 };
	int fd, fd6;

	if (unshare(CLONE_NEWNET))
		ksft_exit_fail_perror("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		ksft_exit_fail_perror("lo");
	inet_pton(AF_INET6, "2001:db8::2", &prefix.address);
	fd6 = socket(AF_INET6, SOCK_DGRAM, 0);
	if (fd6 < 0 || ioctl(fd6, SIOCSIFADDR, &prefix))
		ksft_exit_fail_perror("a prefix");
	close(fd6);
	close(fd);
}

static void be_user(int user)
{
	if (user && (setgroups(0, NULL) ||
		     setresgid(NOBODY, NOBODY, NOBODY) ||
		     setresuid(NOBODY, NOBODY, NOBODY)))
		ksft_exit_fail_perror("setresuid");
}

/* Whether @call, which is bind() or connect(), is well with that address */
static bool at(int fd, int (*call)(int, const struct sockaddr *, socklen_t),
	       const char *host, int port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (!host)
		return true;
	sin.sin_port = htons(port);
	sin6.sin6_port = htons(port);
	if (inet_pton(AF_INET, host, &sin.sin_addr) == 1)
		return !call(fd, (struct sockaddr *)&sin, sizeof(sin));
	inet_pton(AF_INET6, host, &sin6.sin6_addr);
	return !call(fd, (struct sockaddr *)&sin6, sizeof(sin6));
}

static int new_socket(const struct side *side, int state)
{
	int fd = socket(side->family, SOCK_DGRAM, side->protocol);

	if (fd < 0)
		ksft_exit_fail_perror("socket");
	if (!at(fd, bind, states[state].local, 5000))
		ksft_exit_fail_perror("bind");
	if (!at(fd, connect, states[state].peer, 5001))
		ksft_exit_fail_perror("connect");
	return fd;
}

static int level_for(const struct side *side, const struct level *level)
{
	if (side->protocol == IPPROTO_UDP && level->number_for_udp)
		return level->number_for_udp;
	return level->number;
}

static void *place(enum pointer pointer, const void *good)
{
	if (pointer == NULL_VALUE)
		return NULL;
	/* No program has anything at this address */
	return pointer == BAD_VALUE ? (void *)8 : (void *)good;
}

static int do_set(int fd, int level, const struct call *call)
{
	/* The value again and again, and zeros behind */
	static int words[BUFFER / sizeof(int)];
	const struct shape *s = call->shape;
	size_t i;
	int ret;

	for (i = 0; i < 4; i++)
		words[i] = call->value;
	ret = setsockopt(fd, level, call->option,
			 s ? s->bytes : place(call->pointer, words),
			 s ? s->len : call->len);
	return ret < 0 ? -errno : ret;
}

static unsigned int sum_of(const unsigned char *bytes)
{
	uint64_t word, sum = 0;
	size_t i;

	for (i = 0; i < SEEN; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum = sum * 0x100000001b3 + word;
	}
	return sum ^ sum >> 32;
}

static void do_get(int fd, int level, const struct call *call,
		   struct answer *a)
{
	static unsigned char bytes[BUFFER];
	socklen_t len = call->get ? call->len : 64;
	bool bad_length = call->get && call->pointer == BAD_LENGTH;
	int ret;

	memset(bytes, UNTOUCHED, SEEN);
	if (call->shape && call->shape->how == ASK) {
		memcpy(bytes, call->shape->bytes, call->shape->len);
		len = call->shape->len;
	}
	ret = getsockopt(fd, level, call->option,
			 call->get ? place(call->pointer, bytes) : bytes,
			 bad_length ? (void *)8 : &len);
	a->get = ret < 0 ? -errno : ret;
	a->len = len;
	a->sum = sum_of(bytes);
	memcpy(a->bytes, bytes, sizeof(a->bytes));
}

/* Whether @call needs a new socket; @a is the answer to the call before it */
static bool needs_new(const struct call *call, const struct answer *a)
{
	const struct call *last = call - 1;

	if (call->shape)
		return call->shape->how == ALONE;
	return a->set >= 0 || last->level != call->level ||
	       last->option != call->option;
}

static void make_calls(const struct side *side, int state, struct answer *a)
{
	int fd = new_socket(side, state), level;
	const struct call *call;

	for (call = calls; call < calls + n_calls; call++, a++) {
		if (call > calls && needs_new(call, a - 1)) {
			close(fd);
			fd = new_socket(side, state);
		}
		level = level_for(side, call->level);
		a->set = call->get ? -1 : do_set(fd, level, call);
		do_get(fd, level, call, a);
	}
	close(fd);
}

static pid_t start(const struct side *side, int state, int user,
		   struct answer *answers)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	be_in_namespace();
	be_user(user);
	make_calls(side, state, answers);
	_exit(KSFT_PASS);
}

static bool ended(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, 0) == pid && !status)
		return true;
	ksft_print_msg("%s did not end well\n", name);
	return false;
}

/* What UDP is compared with; itself, if that was asked for */
static const struct side *other_side(int state)
{
	return only_udp ? states[state].udp : &states[state].eudp;
}

/*
 * Both at once; false if one did not come to its end. UDP_ENCAP patches the
 * code of UDP, which kernels that QEMU emulates do not always survive when
 * another processor runs it: UDP and UDP are asked one after the other.
 */
static bool ask_both(int state, int user)
{
	const struct side *sides[] = { states[state].udp, other_side(state) };
	struct answer *answers[] = { udp_answers, eudp_answers };
	bool good = true;
	pid_t pids[2];
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = start(sides[i], state, user, answers[i]);
		if (only_udp)
			good &= ended(pids[i], sides[i]->name);
	}
	for (i = 0; i < 2 && !only_udp; i++)
		good &= ended(pids[i], sides[i]->name);
	return good;
}

/* Saying what was asked and answered */

static const char *error_text(int ret)
{
	static char text[16];

	if (ret < 0 && strerrorname_np(-ret))
		return strerrorname_np(-ret);
	snprintf(text, sizeof(text), "%d", ret);
	return text;
}

static const char *option_text(const struct call *call)
{
	static char text[16];
	const char *name = name_of(call->level, call->option);

	if (name)
		return name;
	snprintf(text, sizeof(text), "%d", call->option);
	return text;
}

/* As in differences.h: LEVEL/OPTION/STATE/USER/CALL */
static const char *call_text(const struct call *call, int state, int user)
{
	static const char * const pointers[] = {
		"", ", no value", ", bad value pointer", ", bad length pointer",
	};
	static char text[512];
	int n = snprintf(text, sizeof(text), "%s/%s/%s/%s/", call->level->name,
			 option_text(call), states[state].name, users[user]);

	if (call->shape)
		snprintf(text + n, sizeof(text) - n, "set %s",
			 call->shape->text);
	else if (call->get || call->pointer)
		snprintf(text + n, sizeof(text) - n, "%s %d bytes%s",
			 call->get ? "get" : "set", call->len,
			 pointers[call->pointer]);
	else
		snprintf(text + n, sizeof(text) - n, "set %d bytes, %d",
			 call->len, call->value);
	return text;
}

/* One of a few, as long as there is more than one to be printed */
static char *new_text(void)
{
	static char texts[8][128];
	static unsigned int turn;

	return texts[turn++ % ARRAY_SIZE(texts)];
}

/* "set EINVAL" */
static const char *set_text(const struct answer *a)
{
	char *text = new_text();

	sprintf(text, "set %s", error_text(a->set));
	return text;
}

/* "get 0: 4 bytes 01000000, ef853d85", the last a sum of all in the buffer */
static const char *get_text(const struct answer *a)
{
	char *text = new_text(), *p = text;
	int i;

	p += sprintf(p, "get %s: %d bytes", error_text(a->get), a->len);
	for (i = 0; !a->get && i < a->len && i < (int)sizeof(a->bytes); i++)
		p += sprintf(p, i ? "%02x" : " %02x", a->bytes[i]);
	sprintf(p, ", %08x", a->sum);
	return text;
}

static const char *answer_text(const struct call *call, const struct answer *a)
{
	char *text = new_text();

	if (call->get)
		return get_text(a);
	sprintf(text, "%s, %s", set_text(a), get_text(a));
	return text;
}

static bool same_get(const struct answer *a, const struct answer *b)
{
	return a->get == b->get && a->len == b->len && a->sum == b->sum;
}

static bool same(const struct answer *a, const struct answer *b)
{
	return a->set == b->set && same_get(a, b);
}

static void show_answers(int state, int user)
{
	const struct answer *udp = udp_answers, *eudp = eudp_answers;
	size_t i;

	for (i = 0; i < n_calls; i++, udp++, eudp++) {
		if (calls[i].option != shown_option)
			continue;
		printf("%s %s\n\t%-10s%s\n", same(udp, eudp) ? " " : "!",
		       call_text(&calls[i], state, user),
		       states[state].udp->name, answer_text(&calls[i], udp));
		printf("\t%-10s%s\n", other_side(state)->name,
		       answer_text(&calls[i], eudp));
	}
}

/* Comparing */

struct tally {
	size_t calls, known, unknown, shown;
	size_t last;		/* the call that was shown last */
};

/* Whether call @i differs as the one that was shown before it did */
static bool is_alike(size_t i, const struct tally *tally)
{
	const struct answer *udp = udp_answers, *eudp = eudp_answers;
	size_t last = tally->last;

	return tally->shown && calls[last].option == calls[i].option &&
	       calls[last].get == calls[i].get &&
	       udp[last].set == udp[i].set && udp[last].get == udp[i].get &&
	       eudp[last].set == eudp[i].set && eudp[last].get == eudp[i].get;
}

/* The entry that matched last is tried first, which saves a lot of time */
static bool is_known(const char *where, const char *udp, const char *eudp)
{
	static struct difference *last = option_differences;
	struct difference *d = find_difference(last, 1, where, udp, eudp);

	if (!d)
		d = find_difference(option_differences,
				    ARRAY_SIZE(option_differences), where, udp,
				    eudp);
	if (d)
		last = d;
	return d;
}

static bool both_known(const char *where, const struct answer *udp,
		       const struct answer *eudp)
{
	return (udp->set == eudp->set ||
		is_known(where, set_text(udp), set_text(eudp))) &&
	       (same_get(udp, eudp) ||
		is_known(where, get_text(udp), get_text(eudp)));
}

static void compare(size_t i, int state, int user, struct tally *tally)
{
	const struct answer *udp = &udp_answers[i], *eudp = &eudp_answers[i];
	const char *where;

	tally->calls++;
	if (same(udp, eudp))
		return;
	where = call_text(&calls[i], state, user);
	if (both_known(where, udp, eudp)) {
		tally->known++;
		return;
	}
	tally->unknown++;
	if (tally->shown == MOST_SHOWN || is_alike(i, tally))
		return;
	tally->shown++;
	tally->last = i;
	ksft_print_msg("%s: udp: %s; %s: %s\n", where,
		       answer_text(&calls[i], udp), other_side(state)->name,
		       answer_text(&calls[i], eudp));
}

static struct tally compare_level(const struct level *level, int state,
				  int user)
{
	struct tally tally = {};
	size_t i;

	for (i = 0; i < n_calls; i++)
		if (calls[i].level == level)
			compare(i, state, user, &tally);
	return tally;
}

static void report(int state, int user, bool complete)
{
	const struct level *level;
	struct tally t;

	for (level = levels; level < levels + ARRAY_SIZE(levels); level++) {
		t = compare_level(level, state, user);
		ksft_test_result(complete && t.calls && !t.unknown,
				 "%s %s %s: %zu cases, %zu known, %zu others\n",
				 level->name, states[state].name, users[user],
				 t.calls, t.known, t.unknown);
	}
}

/* What is built leaves the table */
static void report_table(void)
{
	struct difference *d = option_differences;
	bool all = true;

	for (; d < option_differences + ARRAY_SIZE(option_differences); d++) {
		if (d->hits)
			continue;
		ksft_print_msg("no such difference: %s, %s, %s\n", d->where,
			       d->udp, d->eudp);
		all = false;
	}
	ksft_test_result(all, "each known difference is there\n");
}

/* The main program */

static bool is_number(const char *text, int number)
{
	char *end;

	return strtol(text, &end, 0) == number && end != text && !*end;
}

static void find_option(const char *level, const char *option)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(levels) && !shown_level; i++)
		if (!strcmp(levels[i].name, level) ||
		    is_number(level, levels[i].number))
			shown_level = &levels[i];
	shown_option = atoi(option);
	for (i = 0; shown_level && i < shown_level->n_names; i++)
		if (!strcmp(shown_level->names[i].text, option))
			shown_option = shown_level->names[i].option;
}

static struct answer *new_answers(void)
{
	void *p = mmap(NULL, n_calls * sizeof(struct answer),
		       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);

	if (p == MAP_FAILED)
		ksft_exit_fail_perror("mmap");
	return p;
}

static void run(int state, int user)
{
	bool complete = ask_both(state, user);

	if (shown_level)
		show_answers(state, user);
	else
		report(state, user, complete);
}

static bool chosen(int state)
{
	return !fnmatch(wanted, states[state].name, 0);
}

static void understand(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "udp", no_argument, NULL, 'u' },
		{ "state", required_argument, NULL, 's' },
		{ "show", required_argument, NULL, 'l' },
		{ }
	};
	const char *level = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'u')
			only_udp = true;
		else if (c == 's')
			wanted = optarg;
		else if (c == 'l')
			level = optarg;
		else
			exit(KSFT_FAIL);
	}
	if (level && optind + 1 == argc)
		find_option(level, argv[optind]);
	if ((level || optind < argc) && !shown_level)
		ksft_exit_fail_msg("--show LEVEL OPTION\n");
}

/* Of all states and users; a part of them need not meet all differences */
static void test_options(void)
{
	bool all = !strcmp(wanted, "*") && !only_udp;
	size_t state, user, n = 0;

	for (state = 0; state < ARRAY_SIZE(states); state++)
		n += chosen(state);
	if (!shown_level) {
		ksft_print_header();
		ksft_set_plan(ARRAY_SIZE(levels) * n * ARRAY_SIZE(users) + all);
	}
	for (state = 0; state < ARRAY_SIZE(states); state++)
		for (user = 0; user < ARRAY_SIZE(users); user++)
			if (chosen(state))
				run(state, user);
	if (all && !shown_level)
		report_table();
}

int main(int argc, char **argv)
{
	size_t i;

	understand(argc, argv);
	for (i = 0; i < ARRAY_SIZE(levels); i++)
		if (!shown_level || shown_level == &levels[i])
			add_level(&levels[i]);
	udp_answers = new_answers();
	eudp_answers = new_answers();
	test_options();
	if (shown_level)
		return KSFT_PASS;
	ksft_finished();
}
