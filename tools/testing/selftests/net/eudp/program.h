/* SPDX-License-Identifier: GPL-2.0 */
/*
 * BPF by its system call alone: programs are written as instructions, as the
 * tests need only a few each. Registers: r0 is what is returned, r1 to r5 are
 * arguments, r6 to r9 stay over calls, r10 is the end of the stack.
 */
#ifndef _EUDP_TEST_PROGRAM_H
#define _EUDP_TEST_PROGRAM_H

#include "lib.h"
#include <linux/bpf.h>
#include <stddef.h>
#include <sys/syscall.h>

#define INSN(c, d, s, o, i) ((struct bpf_insn) { \
	.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

/* register = number, register = register */
#define SET(d, i)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define COPY(d, s)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD(d, i)	INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
/* 32 bits from memory, to memory; a number of 32 bits to memory */
#define LOAD(d, s, o)	INSN(BPF_LDX | BPF_MEM | BPF_W, d, s, o, 0)
#define LOAD64(d, s, o)	INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(d, o, s)	INSN(BPF_STX | BPF_MEM | BPF_W, d, s, o, 0)
#define PUT(d, o, i)	INSN(BPF_ST | BPF_MEM | BPF_W, d, 0, o, i)
#define PUT16(d, o, i)	INSN(BPF_ST | BPF_MEM | BPF_H, d, 0, o, i)
#define COUNT(d, s)	INSN(BPF_STX | BPF_ATOMIC | BPF_DW, d, s, 0, BPF_ADD)
/* goes over the next n instructions if the register is not, or is, i */
#define UNLESS(d, i, n)	INSN(BPF_JMP32 | BPF_JNE | BPF_K, d, 0, n, i)
#define IF(d, i, n)	INSN(BPF_JMP | BPF_JEQ | BPF_K, d, 0, n, i)
#define CALL(f)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)
#define EXIT		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* register = map, two instructions */
#define MAP(d, fd)	INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, \
			     0, fd), INSN(0, 0, 0, 0, 0)
/* What the program gives back */
#define RETURN(i)	SET(0, i), EXIT
/* r0 = the entry with this number of a map, 0 if it is empty */
#define ENTRY(fd, i)	PUT(10, -4, i), COPY(2, 10), ADD(2, -4), MAP(1, fd), \
			CALL(BPF_FUNC_map_lookup_elem)

static inline int bpf(int command, union bpf_attr *attr)
{
	int ret = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

/* A map of @size entries by number */
static inline int __map(struct __test_metadata *_metadata, int type, int value,
			int size)
{
	union bpf_attr attr = { .map_type = type, .key_size = 4,
				.value_size = value, .max_entries = size };
	int fd = bpf(BPF_MAP_CREATE, &attr);

	ASSERT_LE(0, fd)
		TH_LOG("map of type %d: %s", type, strerror(-fd));
	return fd;
}

static inline int map_set(int map, int key, const void *value)
{
	union bpf_attr attr = { .map_fd = map, .key = (long)&key,
				.value = (long)value };

	return -bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

static inline int map_delete(int map, int key)
{
	union bpf_attr attr = { .map_fd = map, .key = (long)&key };

	return -bpf(BPF_MAP_DELETE_ELEM, &attr);
}

/* A value of 64 bits, or -errno */
static inline long map_get(int map, int key)
{
	long value = 0;
	union bpf_attr attr = { .map_fd = map, .key = (long)&key,
				.value = (long)&value };
	int ret = bpf(BPF_MAP_LOOKUP_ELEM, &attr);

	return ret ? ret : value;
}

static inline int __load(struct __test_metadata *_metadata, int type,
			 int attach, const struct bpf_insn *code, int count)
{
	static char log[65536];
	union bpf_attr attr = {
		.prog_type = type, .expected_attach_type = attach,
		.insns = (long)code, .insn_cnt = count,
		.license = (long)"GPL", .log_level = 1,
		.log_buf = (long)log, .log_size = sizeof(log),
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	ASSERT_LE(0, fd)
		TH_LOG("program of type %d: %s\n%s", type, strerror(-fd), log);
	return fd;
}

#define map(type, value, size)	__map(_metadata, type, value, size)
#define load(type, attach, code) \
	__load(_metadata, type, attach, code, ARRAY_SIZE(code))

#endif /* _EUDP_TEST_PROGRAM_H */
