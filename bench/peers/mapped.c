// SPDX-License-Identifier: GPL-2.0-only
/*
 * The limit: sock-tui's own ring buffer, read by C as it lies.
 *
 *     mapped FD SIZE store|print PORT
 *
 * FD: the ring's map, inherited. SIZE: bytes of its data. Keeps a copy of every connection, or
 * prints a line for each. On SIGINT it reads what is left and says on standard error how many
 * connections there were to PORT, and how many others.
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../timing.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#include "event.h"

#define PAUSE (SECOND / 200) /* between looks, as sock-tui's */
#define CHUNK (1 << 16)      /* events */

static volatile sig_atomic_t ended;
static uint64_t stored, seen, others;

static void on_interrupt(int number)
{
	(void)number;
	ended = 1;
}

static void store(const struct event *event)
{
	static struct event *chunk;
	uint64_t place = stored++ % CHUNK;

	if (place == 0 && !(chunk = malloc(CHUNK * sizeof(*chunk))))
		give_up("malloc()", strerror(errno));
	chunk[place] = *event;
}

static void print(const struct event *event)
{
	char address[INET6_ADDRSTRLEN] = "";

	inet_ntop(event->family, event->address, address, sizeof(address));
	printf("%u %.*s %s %u\n", event->tgid, COMM_SIZE, event->comm, address, event->port);
}

int main(int count, char **arguments)
{
	if (count != 5)
		give_up("mapped", "usage: mapped FD SIZE store|print PORT");
	int fd = (int)number(arguments[1]);
	uint64_t size = number(arguments[2]);
	bool prints = !strcmp(arguments[3], "print");
	unsigned long port = number(arguments[4]);
	long page = sysconf(_SC_PAGESIZE);
	uint64_t *consumed = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *shared = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, page);
	if (consumed == MAP_FAILED || shared == MAP_FAILED)
		give_up("mmap()", strerror(errno));
	uint64_t *produced = (uint64_t *)shared;
	const char *data = shared + page;

	signal(SIGINT, on_interrupt);
	fprintf(stderr, "capturing\n");
	for (;;) {
		bool last = ended;
		uint64_t limit = __atomic_load_n(produced, __ATOMIC_ACQUIRE);
		uint64_t position = *consumed;

		while (position < limit) {
			const char *record = data + (position & (size - 1));
			uint32_t header = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);
			uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
			const struct event *event = (void *)(record + BPF_RINGBUF_HDR_SZ);

			if (header & BPF_RINGBUF_BUSY_BIT)
				break;
			if (!(header & BPF_RINGBUF_DISCARD_BIT) && event->kind == EVENT_CONNECT) {
				if (prints)
					print(event);
				else
					store(event);
				*(event->port == port ? &seen : &others) += 1;
			}
			position += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
			__atomic_store_n(consumed, position, __ATOMIC_RELEASE);
		}
		if (last)
			break;
		sleep_until(now_ns() + PAUSE);
	}
	fflush(stdout);
	fprintf(stderr, "seen %llu, others %llu\n", (unsigned long long)seen,
		(unsigned long long)others);
	return 0;
}
