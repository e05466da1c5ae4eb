// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring without its library: a ring for each thread, which lives as long as
 * the program runs that needed it. What waits for a datagram then is cancelled.
 */
#include <linux/io_uring.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "fuzz.h"

#define ENTRIES	8

static __thread struct {
	int fd;			/* 0: there is none yet */
	size_t len;
	char *rings;		/* both, see IORING_FEAT_SINGLE_MMAP */
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
} ring;

static bool open_ring(void)
{
	size_t cq_len;

	memset(&ring.p, 0, sizeof(ring.p));
	ring.fd = syscall(SYS_io_uring_setup, ENTRIES, &ring.p);
	if (ring.fd <= 0) {
		ring.fd = 0;
		return false;
	}
	ring.len = ring.p.sq_off.array + ring.p.sq_entries * sizeof(int);
	cq_len = ring.p.cq_off.cqes +
		 ring.p.cq_entries * sizeof(struct io_uring_cqe);
	if (ring.len < cq_len)
		ring.len = cq_len;
	ring.rings = mmap(NULL, ring.len, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, ring.fd,
			  IORING_OFF_SQ_RING);
	ring.sqes = mmap(NULL, ENTRIES * sizeof(*ring.sqes),
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			 ring.fd, IORING_OFF_SQES);
	if (ring.rings != MAP_FAILED && ring.sqes != MAP_FAILED)
		return true;
	uring_end();
	return false;
}

/* Whatever has ended is only counted */
static void reap(void)
{
	_Atomic unsigned int *head = (void *)(ring.rings + ring.p.cq_off.head);
	_Atomic unsigned int *tail = (void *)(ring.rings + ring.p.cq_off.tail);
	struct io_uring_cqe *cqes = (void *)(ring.rings + ring.p.cq_off.cqes);
	unsigned int at = atomic_load(head);

	for (; at != atomic_load(tail); at++)
		count_call(cqes[at & (ring.p.cq_entries - 1)].res);
	atomic_store(head, at);
}

/**
 * uring_do() - let the ring of this thread do one thing
 * @sqe: what
 *
 * Does not wait until it is done.
 */
void uring_do(const struct io_uring_sqe *sqe)
{
	_Atomic unsigned int *tail;
	unsigned int at, *array;

	if (!ring.fd && !open_ring())
		return;
	tail = (void *)(ring.rings + ring.p.sq_off.tail);
	array = (void *)(ring.rings + ring.p.sq_off.array);
	at = atomic_load(tail) & (ring.p.sq_entries - 1);
	ring.sqes[at] = *sqe;
	array[at] = at;
	atomic_fetch_add(tail, 1);
	syscall(SYS_io_uring_enter, ring.fd, 1, 0, IORING_ENTER_GETEVENTS,
		NULL, 0);
	reap();
}

/**
 * uring_end() - the thread ends
 */
void uring_end(void)
{
	if (!ring.fd)
		return;
	if (ring.rings && ring.rings != MAP_FAILED)
		munmap(ring.rings, ring.len);
	if (ring.sqes && ring.sqes != MAP_FAILED)
		munmap(ring.sqes, ENTRIES * sizeof(*ring.sqes));
	close(ring.fd);
	memset(&ring, 0, sizeof(ring));
}
