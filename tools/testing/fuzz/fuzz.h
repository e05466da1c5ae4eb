/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program of the fuzzer is a few steps, and a step is a few bytes. The first
 * says what is done, the others with what; when they are used up, what follows
 * from them. So any bytes are a program, and the same bytes are the same one.
 */
#ifndef _EUDP_FUZZ_H
#define _EUDP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define STEP_LEN	16
#define STEPS_MAX	24
#define THREADS_MAX	3
#define SLOTS		8	/* for sockets */
#define PORTS		4	/* that programs use, from this one on */
#define FIRST_PORT	5000
#define BUFFER		72000	/* more than any datagram has */

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define ONE_OF(a)	((a)[pick(ARRAY_SIZE(a))])

/**
 * struct program - what the fuzzer does at once
 * @steps: how many there are
 * @threads: by how many threads, who share the sockets
 * @setup: what the first sockets are, see begin_calls()
 * @step: the steps
 */
struct program {
	uint8_t steps;
	uint8_t threads;
	uint8_t setup;
	uint8_t step[STEPS_MAX][STEP_LEN];
};

/**
 * struct place - the network namespace in which a program runs
 * @fd: its descriptor
 * @tun: of tun0, a device whose other end is the fuzzer
 * @raw: sends packets with their header, of either version, over lo
 * @spoilt: whether devices have been changed
 */
struct place {
	int fd;
	int tun;
	int raw[2];
	bool spoilt;
};

extern struct place place;
extern char payload[BUFFER];

/* fuzz.c: what the next bytes of the step say */
unsigned int any(void);
unsigned int pick(unsigned int n);
bool one_in(unsigned int n);
int number(void);
void count_call(long ret);
void count_packet(void);

/* place.c */
void open_knobs(void);
bool new_place(void);
void enter_place(void);
void leave_place(void);
void change_device(void);
void turn_knob(void);
void restore_knobs(void);
bool lo_up(void);

/* calls.c */
void begin_calls(const struct program *p);
void end_calls(void);
void step_call(unsigned int kind);
void end_thread(void);
unsigned int calls_kinds(void);
unsigned int ip_options(uint8_t *to);
unsigned int extension_header(uint8_t *to);

/* uring.c */
struct io_uring_sqe;
void uring_do(const struct io_uring_sqe *sqe);
void uring_end(void);

/* packets.c */
void step_packet(void);

#endif /* _EUDP_FUZZ_H */
