// SPDX-License-Identifier: GPL-2.0
/*
 * The product of states and calls, asked of in-kernel UDP and of eudp
 *
 * A case brings a new socket into a state, makes one call or two, and then
 * looks at all that the socket shows. Two processes do so, each in a network
 * namespace of its own that is set up in the same way, one with UDP and one
 * with eudp. This one compares what they write down, line by line. What may
 * differ stands in differences.h.
 *
 * usage: product [--seed N] [--part K/N] [--version 4|6] [--state PATTERN]
 *                [--udp] [--list]
 *        product [--udp] --case STATE/CALL[,CALL]
 *
 * --part runs one part of N, which the seed chooses; EUDP_PRODUCT_PART=K/N in
 * the environment does the same. --case runs one case and shows it all. --udp
 * asks UDP twice, which must not differ.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <linux/eudp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PRODUCT_DIFFERENCES
#include "differences.h"
#include "product.h"

#define RESULT_MAX	3072	/* the text of a case */
#define GROUP_SECONDS	600	/* for the cases of a state, then it hangs */
#define SHOWN		8	/* differences of a state that are shown */

struct one_case {
	const struct version *ip;
	short state;
	short calls[2];		/* the second may be -1 */
};

/* The process that asks one of the two */
struct side {
	const struct door *door;
	pid_t pid;
	int orders, done;	/* pipes, to it and from it */
	char (*results)[RESULT_MAX];
};

struct order {
	int first, last;
};

static struct version *const versions[] = { &ipv4, &ipv6 };

static struct one_case *cases;
static int nr_cases, most_of_a_state;
static unsigned int seed = 1, part = 1, parts = 1;
static const char *wanted = "*";	/* states */
static int wanted_version;		/* 4 or 6, 0: both */
static bool only_udp;
static bool reproduced;

/*
 * The cases
 */

static const char *state_name(const struct one_case *c)
{
	static char name[100];

	snprintf(name, sizeof(name), "%s%s", c->ip->prefix,
		 c->ip->states[c->state].name);
	return name;
}

static const struct call *call_of(const struct one_case *c, int nth)
{
	return &c->ip->calls[c->calls[nth]];
}

static void case_name(const struct one_case *c, char *out, size_t room)
{
	int n = snprintf(out, room, "%s/%s", state_name(c),
			 call_of(c, 0)->name);

	if (c->calls[1] >= 0)
		snprintf(out + n, room - n, ",%s", call_of(c, 1)->name);
}

/* Fowler, Noll, Vo: a part is a matter of the name, not of the order */
static bool chosen(const struct one_case *c)
{
	uint32_t hash = 2166136261u ^ seed;
	char name[256], *p;

	if (fnmatch(wanted, state_name(c), 0))
		return false;
	if (parts == 1)
		return true;
	case_name(c, name, sizeof(name));
	for (p = name; *p; p++)
		hash = (hash ^ *p) * 16777619u;
	return (hash >> 8) % parts == part - 1;
}

static void add_case(const struct version *ip, int state, int first,
		     int second)
{
	static int room;
	struct one_case c = { ip, state, { first, second } };

	if (!chosen(&c))
		return;
	if (nr_cases == room) {
		room = room * 2 + 1024;
		cases = realloc(cases, room * sizeof(*cases));
		if (!cases)
			ksft_exit_fail_msg("no memory\n");
	}
	cases[nr_cases++] = c;
}

/* Every call after every state, and all pairs of the core ones */
static void make_cases_of(const struct version *ip, int state)
{
	int i, j, before = nr_cases;

	for (i = 0; i < ip->nr_calls; i++)
		add_case(ip, state, i, -1);
	for (i = 0; i < ip->nr_calls; i++) {
		if (!ip->calls[i].core)
			continue;
		for (j = 0; j < ip->nr_calls; j++)
			if (ip->calls[j].core)
				add_case(ip, state, i, j);
	}
	if (nr_cases - before > most_of_a_state)
		most_of_a_state = nr_cases - before;
}

static void make_cases(void)
{
	size_t i;
	int n;

	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		make_calls(versions[i]);
		if (wanted_version && wanted_version != versions[i]->number)
			continue;
		for (n = 0; n < versions[i]->nr_states; n++)
			make_cases_of(versions[i], n);
	}
}

static int nr_steps(const struct one_case *c)
{
	return c->ip->states[c->state].n + 1 + (c->calls[1] >= 0) +
	       c->ip->nr_afterwards;
}

static const struct step *step_of(const struct one_case *c, int i)
{
	const struct state *state = &c->ip->states[c->state];

	if (i < state->n)
		return &state->steps[i];
	i -= state->n;
	if (i < 2 && c->calls[i] >= 0)
		return &call_of(c, i)->step;
	return &c->ip->afterwards[i - 1 - (c->calls[1] >= 0)];
}

/*
 * The two sides
 */

/* One line per step */
static void run_case(const struct door *door, const struct one_case *c,
		     char *out)
{
	char *end = out + RESULT_MAX;
	int i;

	open_sockets(door);
	for (i = 0; i < nr_steps(c); i++) {
		out += run_step(step_of(c, i), out, end - out - 1);
		*out++ = '\n';
	}
	*out = 0;
	close_sockets();
}

static void serve(const struct side *side, int cpu, int orders, int done)
{
	struct order o;
	int i;

	enter_network(cpu);
	while (read(orders, &o, sizeof(o)) == sizeof(o)) {
		alarm(GROUP_SECONDS);
		for (i = o.first; i < o.last; i++)
			run_case(side->door, &cases[i],
				 side->results[i - o.first]);
		alarm(0);
		if (write(done, "", 1) != 1)
			break;
	}
}

/* Each has a processor of its own, if there are two */
static int processor(int nth)
{
	int cpu, last = 0;
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		last = cpu;
		if (!nth--)
			break;
	}
	return last;
}

static void start(struct side *side, const struct door *door, int nth)
{
	size_t size = (size_t)most_of_a_state * RESULT_MAX;
	int orders[2], done[2];

	side->door = door;
	side->results = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (side->results == MAP_FAILED || pipe2(orders, O_CLOEXEC) ||
	    pipe2(done, O_CLOEXEC))
		ksft_exit_fail_perror("start");
	fflush(stdout);
	side->pid = fork();
	if (side->pid < 0)
		ksft_exit_fail_perror("fork");
	if (!side->pid) {
		close(orders[1]);
		close(done[0]);
		serve(side, processor(nth), orders[0], done[1]);
		_exit(0);
	}
	close(orders[0]);
	close(done[1]);
	side->orders = orders[1];
	side->done = done[0];
}

static void stop(struct side *side)
{
	close(side->orders);
	close(side->done);
	waitpid(side->pid, NULL, 0);
	munmap(side->results, (size_t)most_of_a_state * RESULT_MAX);
}

/* What UDP is compared with; itself, if that was asked for */
static const struct door *other_door(const struct version *version)
{
	return only_udp ? &version->udp : &version->eudp;
}

static void start_both(struct side sides[2], const struct version *version,
		       const struct door *other)
{
	ip = version;
	start(&sides[0], &version->udp, 0);
	start(&sides[1], other, 1);
}

/* The second has inherited the pipe to the first */
static void stop_both(struct side sides[2])
{
	stop(&sides[1]);
	stop(&sides[0]);
}

static void run_both(struct side sides[2], int first, int last)
{
	struct order o = { first, last };
	char byte;
	int i;

	for (i = 0; i < 2; i++)
		if (write(sides[i].orders, &o, sizeof(o)) != sizeof(o))
			ksft_exit_fail_msg("%s has ended\n",
					   sides[i].door->name);
	for (i = 0; i < 2; i++)
		if (read(sides[i].done, &byte, 1) != 1)
			ksft_exit_fail_msg("%s ended, or hung, in %s\n",
					   sides[i].door->name,
					   state_name(&cases[first]));
}

/*
 * Comparing
 */

/* Cuts the next line off @text */
static char *next_line(char **text)
{
	return strsep(text, "\n");
}

struct outcome {
	int step;			/* one that differs */
	char lines[2][RESULT_MAX];	/* what is said of it, by each */
};

/* The first step at or after @from that differs; false if there is none */
static bool compare(struct side sides[2], const struct one_case *c, int nth,
		    int from, struct outcome *o)
{
	char copy[2][RESULT_MAX], *text[2] = { copy[0], copy[1] };
	char name[NAME_MAX_LEN], *a, *b;

	if (!strcmp(sides[0].results[nth], sides[1].results[nth]))
		return false;
	memcpy(copy[0], sides[0].results[nth], RESULT_MAX);
	memcpy(copy[1], sides[1].results[nth], RESULT_MAX);
	for (o->step = 0; o->step < nr_steps(c); o->step++) {
		a = next_line(&text[0]);
		b = next_line(&text[1]);
		if (o->step < from || !strcmp(a, b))
			continue;
		step_name(step_of(c, o->step), name, sizeof(name));
		snprintf(o->lines[0], RESULT_MAX, "%s = %s", name, a);
		snprintf(o->lines[1], RESULT_MAX, "%s = %s", name, b);
		return true;
	}
	return false;
}

/* The steps of a case up to @last as lines of C; not freed by those who ask */
static char *body_of(const struct one_case *c, int last)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i;

	if (!out)
		ksft_exit_fail_perror("body");
	print_step(out, &opening);
	for (i = 0; i <= last; i++)
		print_step(out, step_of(c, i));
	fclose(out);
	return text;
}

/* A program with the steps up to the one that differs */
static void show_program(const struct one_case *c, int last)
{
	char *text = NULL, *at, *line;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		ksft_exit_fail_perror("program");
	print_program(out, false, body_of(c, last));
	fclose(out);
	printf("# /* A program that shows it, for eudp with -DFAMILY=%d", AF_EUDP);
	if (c->ip->eudp.protocol)
		printf(" -DPROTOCOL=%d", c->ip->eudp.protocol);
	printf(" */\n");
	at = text;
	while ((line = next_line(&at)))
		printf("# %s\n", line);
	printf("# /* End of the program */\n");
	free(text);
}

/* A difference is shown once: where it was first seen */
static bool seen(const struct outcome *o)
{
	static char *known[10000];
	static int n;
	char *both;
	int i;

	if (asprintf(&both, "%s\n%s", o->lines[0], o->lines[1]) < 0)
		return false;
	for (i = 0; i < n; i++) {
		if (!strcmp(known[i], both)) {
			free(both);
			return true;
		}
	}
	if (n < (int)ARRAY_SIZE(known))
		known[n++] = both;
	return false;
}

static void report(const struct one_case *c, const struct outcome *o)
{
	char name[256];

	case_name(c, name, sizeof(name));
	printf("# differs: %s\n", name);
	printf("#   udp:  %s\n", o->lines[0]);
	printf("#   %s %s\n", only_udp ? "udp: " : "eudp:", o->lines[1]);
	if (!reproduced)
		show_program(c, o->step);
	reproduced = true;
}

static bool is_known(const struct one_case *c, const struct outcome *o)
{
	char name[256];

	case_name(c, name, sizeof(name));
	return find_difference(product_differences,
			       ARRAY_SIZE(product_differences), name,
			       o->lines[0], o->lines[1]);
}

enum verdict { SAME, KNOWN, UNKNOWN };

/* Looks for the first difference of a case that is not known, into @o */
static enum verdict judge(struct side sides[2], const struct one_case *c,
			  int nth, struct outcome *o)
{
	enum verdict verdict = SAME;
	int from = 0;

	while (compare(sides, c, nth, from, o)) {
		if (!is_known(c, o))
			return UNKNOWN;
		verdict = KNOWN;
		from = o->step + 1;
	}
	return verdict;
}

static bool is_of_state(const struct one_case *a, const struct one_case *b)
{
	return a->ip == b->ip && a->state == b->state;
}

/* All cases of a state, which stand together: one result */
static int test_state(struct side sides[2], int first)
{
	const struct one_case *c = &cases[first];
	int last = first, count[3] = {}, shown = 0;
	enum verdict verdict;
	struct outcome o;
	int i;

	while (last < nr_cases && is_of_state(&cases[last], c))
		last++;
	run_both(sides, first, last);
	for (i = first; i < last; i++) {
		verdict = judge(sides, &cases[i], i - first, &o);
		count[verdict]++;
		if (verdict == UNKNOWN && !seen(&o) && shown++ < SHOWN)
			report(&cases[i], &o);
	}
	printf("# %d of %d cases differ, and %d as differences.h says\n",
	       count[UNKNOWN], last - first, count[KNOWN]);
	ksft_test_result(!count[UNKNOWN], "%s: %d cases\n",
			 state_name(c), last - first);
	return last;
}

/* An entry that matches nothing has no business there */
static void test_differences(void)
{
	struct difference *d;

	for (d = product_differences;
	     d < product_differences + ARRAY_SIZE(product_differences); d++)
		ksft_test_result(d->hits, "%s: %s (%s)\n",
				 d->kind == WANTED ? "wanted" : "not yet",
				 d->reason, d->where);
}

/*
 * The test of the test
 */

/* Which call @text begins with, and what comes after the call */
static int find_call(const struct version *version, const char **text)
{
	size_t len = strcspn(*text, ",");
	int i;

	for (i = 0; i < version->nr_calls; i++) {
		if (strncmp(version->calls[i].name, *text, len) ||
		    version->calls[i].name[len])
			continue;
		*text += len + ((*text)[len] == ',');
		return i;
	}
	return -1;
}

static bool find_calls(struct one_case *c, const char *text)
{
	c->calls[0] = find_call(c->ip, &text);
	c->calls[1] = *text ? find_call(c->ip, &text) : -1;
	return c->calls[0] >= 0 && !*text;
}

static const struct one_case *find_case(const char *sought)
{
	static struct one_case c;
	const char *slash = strchr(sought, '/');
	size_t i, len = strcspn(sought, "/");

	for (i = 0; slash && i < ARRAY_SIZE(versions); i++) {
		c.ip = versions[i];
		for (c.state = 0; c.state < c.ip->nr_states; c.state++)
			if (!strncmp(state_name(&c), sought, len) &&
			    !state_name(&c)[len])
				return find_calls(&c, slash + 1) ? &c : NULL;
	}
	return NULL;
}

/* Runs one case, which need not be of the product; step is -1: no difference */
static void run_one(const struct one_case *c, const struct door *other,
		    struct outcome *o, void (*look)(struct side sides[2]))
{
	struct side sides[2];

	cases[0] = *c;
	start_both(sides, c->ip, other);
	run_both(sides, 0, 1);
	if (!compare(sides, cases, 0, 0, o))
		o->step = -1;
	if (look)
		look(sides);
	stop_both(sides);
}

/* Whether a line is that of @call with @result */
static bool says(const char *line, const struct call *call, const char *result)
{
	size_t len = strlen(call->name);

	return !strncmp(line, call->name, len) &&
	       !strncmp(line + len, " = ", 3) &&
	       !strcmp(line + len + 3, result);
}

/* UDP and UDP agree, and UDP with an option set behind its back differs */
static void test_sight(const struct version *v)
{
	struct one_case c = *find_case(v->broken_case);
	struct outcome o;

	run_one(&c, &v->udp, &o, NULL);
	ksft_test_result(o.step == -1, "%sUDP does as UDP\n", v->prefix);
	run_one(find_case(v->harmless_case), &v->broken, &o, NULL);
	ksft_test_result(o.step == -1,
			 "%swhat is broken does no harm elsewhere\n",
			 v->prefix);
	run_one(&c, &v->broken, &o, NULL);
	ksft_test_result(o.step == 0 &&
			 says(o.lines[0], call_of(&c, 0), v->good) &&
			 says(o.lines[1], call_of(&c, 0), v->bad),
			 "%sa difference is seen\n", v->prefix);
}

static bool in_folder(const char *folder, const char *command)
{
	char line[1000];

	snprintf(line, sizeof(line), "set -e; cd %s; %s", folder, command);
	return !system(line);
}

static void write_program(const char *folder, const char *name,
			  bool with_break, const char *body)
{
	char path[100];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	out = fopen(path, "w");
	if (!out)
		ksft_exit_fail_perror(path);
	print_program(out, with_break, body);
	fclose(out);
}

/* The program of a difference compiles, and shows it */
static void test_program(const struct version *v, const char *folder)
{
	const struct one_case *c = find_case(v->broken_case);
	const char *name = call_of(c, 0)->name;
	int len = strcspn(name, ":");
	char command[300];

	write_program(folder, "shows.c", true, body_of(c, 0));
	ksft_test_result(in_folder(folder, "gcc -Wall -Werror -o good shows.c;"
				   "gcc -Wall -Werror -DBROKEN -o bad shows.c"),
			 "%sthe program compiles\n", v->prefix);
	snprintf(command, sizeof(command),
		 "./good >1; ./good >2; ./bad >3; cmp 1 2;"
		 "grep -q '^%.*s(.* = .*%s *$' 1;"
		 "grep -q '^%.*s(.* = .*%s *$' 3",
		 len, name, v->good, len, name, v->bad);
	ksft_test_result(in_folder(folder, command),
			 "%sit shows the difference\n", v->prefix);
}

/* So does one with every step there is */
static void test_all_steps(const struct version *v, const char *folder)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int i, j;

	if (!out)
		ksft_exit_fail_perror("all");
	print_step(out, &opening);
	for (i = 0; i < v->nr_states; i++)
		for (j = 0; j < v->states[i].n; j++)
			print_step(out, &v->states[i].steps[j]);
	for (i = 0; i < v->nr_calls; i++)
		print_step(out, &v->calls[i].step);
	fclose(out);
	write_program(folder, "all.c", false, text);
	ksft_test_result(in_folder(folder, "gcc -fsyntax-only -Wall -Werror all.c"),
			 "%severy step can be printed as C\n", v->prefix);
}

/* For each version; a part of the product compiles nothing */
#define SELF_TESTS	(parts == 1 ? 6 : 3)

static void test_itself(const struct version *v)
{
	char folder[] = "/tmp/eudp-product-XXXXXX";
	struct one_case first = cases[0];

	ip = v;
	test_sight(v);
	cases[0] = first;
	if (parts > 1)
		return;
	if (!mkdtemp(folder))
		ksft_exit_fail_perror(folder);
	test_program(v, folder);
	test_all_steps(v, folder);
	in_folder(folder, "rm -r \"$PWD\"");
}

/*
 * The rest
 */

static void list(void)
{
	char name[256];
	int i;

	for (i = 0; i < nr_cases; i++) {
		case_name(&cases[i], name, sizeof(name));
		puts(name);
	}
}

static void show_case(struct side sides[2])
{
	char *a = strdup(sides[0].results[0]), *b = strdup(sides[1].results[0]);
	char name[NAME_MAX_LEN], *x, *y;
	int i;

	for (i = 0; i < nr_steps(cases); i++) {
		step_name(step_of(cases, i), name, sizeof(name));
		x = next_line(&a);
		y = next_line(&b);
		printf("# %s = %s\n", name, x);
		if (strcmp(x, y))
			printf("# %*s %s: %s\n", (int)strlen(name), "",
			       sides[1].door->name, y);
	}
}

static void replay(const char *name)
{
	const struct one_case *c = find_case(name);
	struct outcome o;

	if (!c)
		ksft_exit_fail_msg("there is no case %s\n", name);
	ksft_set_plan(1);
	run_one(c, other_door(c->ip), &o, show_case);
	if (o.step >= 0)
		show_program(cases, o.step);
	ksft_test_result(o.step < 0, "%s\n", name);
	ksft_finished();
}

/* The case after those of the version of @first; @n counts their states */
static int end_of_version(int first, int *n)
{
	int i;

	for (i = first; i < nr_cases && cases[i].ip == cases[first].ip; i++)
		*n += i == first || !is_of_state(&cases[i], &cases[i - 1]);
	return i;
}

static bool whole(void)
{
	return parts == 1 && !wanted_version && !only_udp &&
	       !strcmp(wanted, "*");
}

/* The cases of one version, from @first to @end */
static void test_version(int first, int end)
{
	const struct version *v = cases[first].ip;
	struct side sides[2];

	test_itself(v);
	start_both(sides, v, other_door(v));
	while (first < end)
		first = test_state(sides, first);
	stop_both(sides);
}

static void test_product(void)
{
	int i, end, nr_states = 0, nr_versions = 0;

	for (i = 0; i < nr_cases; nr_versions++)
		i = end_of_version(i, &nr_states);
	printf("# %d cases, seed %u, part %u of %u\n", nr_cases, seed, part,
	       parts);
	ksft_set_plan(SELF_TESTS * nr_versions + nr_states +
		      (whole() ? ARRAY_SIZE(product_differences) : 0));
	for (i = 0; i < nr_cases; i = end) {
		end = end_of_version(i, &nr_states);
		test_version(i, end);
	}
	/* A part need not have a case for each of them */
	if (whole())
		test_differences();
	ksft_finished();
}

static void choose_part(const char *text)
{
	if (sscanf(text, "%u/%u", &part, &parts) != 2 || !part || part > parts)
		ksft_exit_fail_msg("a part is K/N\n");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "part", required_argument, NULL, 'p' },
		{ "state", required_argument, NULL, 't' },
		{ "version", required_argument, NULL, 'v' },
		{ "udp", no_argument, NULL, 'u' },
		{ "case", required_argument, NULL, 'c' },
		{ "list", no_argument, NULL, 'l' },
		{ }
	};
	const char *single = NULL;
	bool listing = false;
	int c;

	if (getenv("EUDP_PRODUCT_PART"))
		choose_part(getenv("EUDP_PRODUCT_PART"));
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (c == 'p')
			choose_part(optarg);
		else if (c == 't')
			wanted = optarg;
		else if (c == 'v')
			wanted_version = atoi(optarg);
		else if (c == 'u')
			only_udp = true;
		else if (c == 'c')
			single = optarg;
		else if (c == 'l')
			listing = true;
		else
			return KSFT_FAIL;
	}
	make_cases();
	if (!nr_cases)
		ksft_exit_fail_msg("there are no such cases\n");
	if (listing) {
		list();
		return KSFT_PASS;
	}
	signal(SIGPIPE, SIG_IGN);
	ksft_print_header();
	if (single)
		replay(single);
	test_product();
}
