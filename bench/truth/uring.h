/* SPDX-License-Identifier: Apache-2.0 */
/* One request through io_uring, by system calls alone: io_uring_setup(2), io_uring_enter(2). */
#ifndef SOCK_TUI_TRUTH_URING_H
#define SOCK_TUI_TRUTH_URING_H

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../timing.h"

/* What became of the request, or -1 with errno; ends with status 77 where there is no io_uring. */
static inline long uring_done(const struct io_uring_sqe *request)
{
	struct io_uring_params asked = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &asked);

	if (ring < 0) {
		perror("io_uring_setup()");
		exit(77);
	}
	size_t size = 1 << 16; /* more than one request needs */
	char *submitted = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
			       IORING_OFF_SQ_RING);
	char *done = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
			  IORING_OFF_CQ_RING);
	struct io_uring_sqe *entries = mmap(NULL, asked.sq_entries * sizeof(*entries),
					    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
					    IORING_OFF_SQES);
	if (submitted == MAP_FAILED || done == MAP_FAILED || entries == MAP_FAILED)
		give_up("mmap()", strerror(errno));
	entries[0] = *request;
	((uint32_t *)(submitted + asked.sq_off.array))[0] = 0;
	*(volatile uint32_t *)(submitted + asked.sq_off.tail) += 1;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		give_up("io_uring_enter()", strerror(errno));
	int result = ((struct io_uring_cqe *)(done + asked.cq_off.cqes))[0].res;
	if (result < 0) {
		errno = -result;
		return -1;
	}
	return result;
}

#endif
