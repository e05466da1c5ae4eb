// SPDX-License-Identifier: GPL-2.0
/*
 * eudp_run --cgroup: a program of BPF, by which the kernel itself makes the UDP
 * sockets of the processes in a cgroup sockets of eudp
 *
 * Where the kernel has MPTCP, it lets BPF change the protocol that socket(2)
 * is called with, by the return value of update_socket_protocol(). The program
 * is small enough to be written down as instructions.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/eudp.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "eudp_run.h"

#define BTF_FILE "/sys/kernel/btf/vmlinux"
/* The kernel's own number, which libc does not know */
#define ENOTSUPP 524
#define HOOK "update_socket_protocol"
#define ARG(n) ((n) * 8)
#define TYPE_MASK 0xf

#define OP(c, d, s, o, i) \
	{ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) }
#define LOAD64(d, s, o) OP(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define MOVE(d, s) OP(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) OP(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i) OP(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define AND32(d, i) OP(BPF_ALU | BPF_AND | BPF_K, d, 0, 0, i)
/* The arguments are ints, of which the upper half may be anything */
#define JUMP_EQ(d, i, o) OP(BPF_JMP32 | BPF_JEQ | BPF_K, d, 0, o, i)
#define JUMP_NE(d, i, o) OP(BPF_JMP32 | BPF_JNE | BPF_K, d, 0, o, i)
#define LOAD_MAP(d, fd) \
	OP(BPF_LD | BPF_IMM | BPF_DW, d, BPF_PSEUDO_MAP_FD, 0, fd), \
	OP(0, 0, 0, 0, 0)
#define CALL(f) OP(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static char home[2 * PATH_MAX];		/* the cgroup that we are in */
static char folder[sizeof(home) + 32];	/* that of PROGRAM, if there is one */
static int count_map;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* How many bytes of its own a type has after struct btf_type */
static size_t more_of(const struct btf_type *type)
{
	uint32_t count = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return count * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return count * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return count * sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

static char *read_all(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t have = 0, room = 0, len;
	char *data = NULL;

	if (!file) {
		if (errno == ENOENT)
			errx(OWN_FAILURE, "--cgroup: this kernel has no BTF");
		err(OWN_FAILURE, "%s", path);
	}
	do {
		room += 1 << 24;
		data = realloc(data, room);
		if (!data)
			errx(OWN_FAILURE, "no memory");
		len = fread(data + have, 1, room - have, file);
		have += len;
	} while (have == room);
	fclose(file);
	return data;
}

/* The number of the hook among the types of the kernel, or 0 */
static uint32_t hook_id(void)
{
	char *data = read_all(BTF_FILE);
	struct btf_header *head = (struct btf_header *)data;
	char *names = data + head->hdr_len + head->str_off;
	char *at = data + head->hdr_len + head->type_off;
	char *end = at + head->type_len;
	uint32_t id;

	for (id = 1; at < end; id++) {
		struct btf_type *type = (struct btf_type *)at;

		if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC &&
		    !strcmp(names + type->name_off, HOOK))
			break;
		at += sizeof(*type) + more_of(type);
	}
	if (at >= end)
		id = 0;
	free(data);
	return id;
}

static int create_map(uint32_t type, uint32_t value_size)
{
	/* never inherited: the kernel makes all its descriptors so */
	union bpf_attr attr = {
		.map_type = type,
		.key_size = sizeof(uint32_t),
		.value_size = value_size,
		.max_entries = 1,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		err(OWN_FAILURE, "--cgroup: BPF");
	return fd;
}

/* A map whose one element is the cgroup, for the program to ask */
static int cgroup_map(void)
{
	uint32_t key = 0;
	int map = create_map(BPF_MAP_TYPE_CGROUP_ARRAY, sizeof(uint32_t));
	int cgroup = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	union bpf_attr attr = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&cgroup,
	};

	if (cgroup < 0)
		err(OWN_FAILURE, "%s", folder);
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
		err(OWN_FAILURE, "--cgroup: BPF");
	close(cgroup);
	return map;
}

/*
 * Returns the protocol of eudp for a UDP socket of the cgroup and those below;
 * 0 leaves it to the kernel, as it is for all others.
 */
static int load_program(uint32_t hook)
{
	enum { OUT = 26 };
	struct bpf_insn program[] = {
		/* 0 */ MOVE(BPF_REG_6, BPF_REG_1),
		/* 1 */ LOAD64(BPF_REG_2, BPF_REG_6, ARG(0)),
		/* 2 */ JUMP_EQ(BPF_REG_2, AF_INET, 1),
		/* 3 */ JUMP_NE(BPF_REG_2, AF_INET6, OUT - 4),
		/* 4 */ LOAD64(BPF_REG_2, BPF_REG_6, ARG(1)),
		/* 5 */ AND32(BPF_REG_2, TYPE_MASK),
		/* 6 */ JUMP_NE(BPF_REG_2, SOCK_DGRAM, OUT - 7),
		/* 7 */ LOAD64(BPF_REG_2, BPF_REG_6, ARG(2)),
		/* 8 */ JUMP_EQ(BPF_REG_2, 0, 1),
		/* 9 */ JUMP_NE(BPF_REG_2, IPPROTO_UDP, OUT - 10),
		/* 10 */ LOAD_MAP(BPF_REG_1, cgroup_map()),
		/* 12 */ SET(BPF_REG_2, 0),
		/* 13 */ CALL(BPF_FUNC_current_task_under_cgroup),
		/* 14 */ JUMP_NE(BPF_REG_0, 1, OUT - 15),
		/* 15: count it */
		OP(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		/* 16 */ LOAD_MAP(BPF_REG_1, count_map),
		/* 18 */ MOVE(BPF_REG_2, BPF_REG_10),
		/* 19 */ ADD(BPF_REG_2, -4),
		/* 20 */ CALL(BPF_FUNC_map_lookup_elem),
		/* 21: the verifier does not know that it is there */
		OP(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 2, 0),
		/* 22 */ SET(BPF_REG_1, 1),
		/* 23 */ OP(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_0, BPF_REG_1,
			    0, BPF_ADD),
		/* 24 */ SET(BPF_REG_0, IPPROTO_EUDP),
		/* 25 */ EXIT,
		/* 26 */ SET(BPF_REG_0, 0),
		/* 27 */ EXIT,
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_MODIFY_RETURN,
		.attach_btf_id = hook,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uintptr_t)"GPL",
		.prog_name = "eudp_run",
	};

	return bpf(BPF_PROG_LOAD, &attr);
}

/* Where version 2 of cgroups is, and where in it we are */
static void find_home(void)
{
	static const char * const mounts[] = {
		"/sys/fs/cgroup", "/sys/fs/cgroup/unified"
	};
	const char *mount = NULL;
	char line[PATH_MAX];
	struct statfs st;
	FILE *file;
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(*mounts) && !mount; i++)
		if (!statfs(mounts[i], &st) &&
		    st.f_type == CGROUP2_SUPER_MAGIC)
			mount = mounts[i];
	if (!mount)
		errx(OWN_FAILURE, "--cgroup: no cgroup2 at %s", mounts[0]);
	file = fopen("/proc/self/cgroup", "r");
	if (!file)
		err(OWN_FAILURE, "/proc/self/cgroup");
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "0::", 3)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(home, sizeof(home), "%s%s", mount, line + 3);
		}
	fclose(file);
	if (!*home)
		errx(OWN_FAILURE, "--cgroup: no cgroup2 in /proc/self/cgroup");
	snprintf(folder, sizeof(folder), "%s/eudp_run.%d", home, getpid());
}

/* Moves the process to a cgroup; 0 is the caller */
static int move_to(const char *cgroup, int pid)
{
	char path[sizeof(folder) + 16];
	int fd, status;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	status = dprintf(fd, "%d\n", pid) < 0 ? -1 : 0;
	close(fd);
	return status;
}

/* Until this process ends, as nothing else holds the program */
void cgroup_set_up(void)
{
	uint32_t hook = hook_id();
	union bpf_attr attr = {};
	int program;

	if (!hook)
		errx(OWN_FAILURE, "--cgroup: this kernel has no " HOOK
		     ", it is too old");
	find_home();
	count_map = create_map(BPF_MAP_TYPE_ARRAY, sizeof(uint64_t));
	if (mkdir(folder, 0755))
		err(OWN_FAILURE, "--cgroup: %s", folder);
	atexit(cgroup_tear_down);
	program = load_program(hook);
	if (program >= 0) {
		attr.raw_tracepoint.prog_fd = program;
		program = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	}
	if (program >= 0)
		return;
	if (errno == EINVAL || errno == ENOTSUPP || errno == EOPNOTSUPP)
		errx(OWN_FAILURE,
		     "--cgroup: this kernel does not let BPF change the protocol of sockets: it needs CONFIG_MPTCP");
	err(OWN_FAILURE, "--cgroup: BPF");
}

/* To be called by the process that will be PROGRAM */
void cgroup_enter(void)
{
	if (*folder && move_to(folder, 0))
		err(OWN_FAILURE, "--cgroup: %s", folder);
}

unsigned long cgroup_count(void)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = {
		.map_fd = count_map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	if (*folder)
		bpf(BPF_MAP_LOOKUP_ELEM, &attr);
	return value;
}

/* What still runs there goes back to where we are */
void cgroup_tear_down(void)
{
	char path[sizeof(folder) + 16];
	FILE *file;
	int pid;

	if (!*folder)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1)
		move_to(home, pid);
	if (file)
		fclose(file);
	rmdir(folder);
}
