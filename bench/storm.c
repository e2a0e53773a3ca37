// SPDX-License-Identifier: Apache-2.0
/*
 * Many processes that call connect() at one steady rate together, and the exact number of calls.
 *
 *     storm RATE SECONDS PROCESSES ADDRESSES PORT      RATE: calls a second of all; or "max"
 *
 * Prints one JSON object once all have ended: the calls, the seconds from the first to the last
 * ("elapsed"), its own processor seconds, and by how many milliseconds the worst turn was late.
 *
 * The sockets are UDP ones and the addresses loopback ones, from 127.64.0.0 on: nothing is sent.
 * Every process goes through all addresses. Each wakes every TURN and makes the calls of that
 * turn; the processes' turns are spread evenly, so the rate of all is even to TURN / PROCESSES.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "timing.h"

#define TURN (SECOND / 20) /* shorter ones cost more than the calls do: 40 us a waking */
#define UNPACED_CALLS 64 /* between two looks at the clock */
#define STRIDE 7919      /* a prime: neighbouring calls go to addresses that are no neighbours */
#define FIRST_ADDRESS 0x7f400000u

struct part {
	uint64_t calls, cpu_ns, ended_ns, late_ns;
};

static struct {
	atomic_ulong ready;
	pthread_mutex_t gate; /* locked until all are ready */
	uint64_t began_ns;
	struct part parts[];
} *shared;

static uint64_t rate, length_ns; /* rate: 0 is as fast as can be */
static unsigned long processes, addresses;
static struct sockaddr_in there = {.sin_family = AF_INET};
static int sock;

static uint64_t used_ns(void)
{
	struct timespec used;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
}

static void call(struct part *part, unsigned long index)
{
	unsigned long number = (index + part->calls) * STRIDE % addresses;
	there.sin_addr.s_addr = htonl(FIRST_ADDRESS + (uint32_t)number);
	/* A call is counted whether or not it succeeds: the probes see it either way. */
	part->calls++;
	if (connect(sock, (struct sockaddr *)&there, sizeof(there)))
		give_up("connect()", strerror(errno));
}

static void unpaced(struct part *part, unsigned long index, uint64_t began)
{
	while (now_ns() < began + length_ns)
		for (int i = 0; i < UNPACED_CALLS; i++)
			call(part, index);
}

/* Turn by turn, each with the calls that are due by its end; what is late is made up for. */
static void paced(struct part *part, unsigned long index, uint64_t began)
{
	uint64_t total = rate * (length_ns / 1000) / (SECOND / 1000);
	uint64_t own = total / processes + (index < total % processes);
	uint64_t turn = processes * SECOND / rate; /* one call each */
	uint64_t due, now;

	if (turn < TURN)
		turn = TURN;
	due = began + turn * index / processes;
	for (uint64_t number = 1; part->calls < own; number++, due += turn) {
		uint64_t wanted = number * rate / processes * turn / SECOND;

		if (wanted > own || number * turn >= length_ns)
			wanted = own;
		sleep_until(due);
		now = now_ns();
		if (now - due > part->late_ns)
			part->late_ns = now - due;
		if (now > began + length_ns + length_ns / 4)
			return; /* it cannot be done: fewer calls are reported */
		while (part->calls < wanted)
			call(part, index);
	}
}

static void work(unsigned long index)
{
	struct part *part = &shared->parts[index];
	uint64_t began, cpu_ns;

	sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (sock < 0)
		give_up("socket()", strerror(errno));
	atomic_fetch_add(&shared->ready, 1);
	/* A lock that the parent holds until then: looking again and again would cost much. */
	pthread_mutex_lock(&shared->gate);
	pthread_mutex_unlock(&shared->gate);
	began = shared->began_ns;
	sleep_until(began);
	cpu_ns = used_ns();
	if (rate)
		paced(part, index, began);
	else
		unpaced(part, index, began);
	part->cpu_ns = used_ns() - cpu_ns;
	part->ended_ns = now_ns();
	exit(0);
}

static void await_all(void)
{
	int status, failed = 0;

	while (wait(&status) > 0)
		failed |= status != 0;
	if (failed)
		give_up("storm", "a process failed");
}

static void report(void)
{
	struct part all = {.ended_ns = shared->began_ns};

	for (unsigned long i = 0; i < processes; i++) {
		struct part *part = &shared->parts[i];
		all.calls += part->calls;
		all.cpu_ns += part->cpu_ns;
		if (part->ended_ns > all.ended_ns)
			all.ended_ns = part->ended_ns;
		if (part->late_ns > all.late_ns)
			all.late_ns = part->late_ns;
	}
	printf("{\"calls\": %llu, \"elapsed\": %.6f, \"cpu\": %.6f, \"late_ms\": %.3f}\n",
	       (unsigned long long)all.calls, (double)(all.ended_ns - shared->began_ns) / SECOND,
	       (double)all.cpu_ns / SECOND, (double)all.late_ns / 1e6);
}

int main(int count, char **arguments)
{
	pthread_mutexattr_t between;

	if (count != 6)
		give_up("storm", "usage: storm RATE|max SECONDS PROCESSES ADDRESSES PORT");
	rate = strcmp(arguments[1], "max") ? number(arguments[1]) : 0;
	length_ns = number(arguments[2]) * SECOND;
	processes = number(arguments[3]);
	addresses = number(arguments[4]);
	there.sin_port = htons((uint16_t)number(arguments[5]));
	shared = mmap(NULL, sizeof(*shared) + processes * sizeof(struct part),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		give_up("mmap()", strerror(errno));
	pthread_mutexattr_init(&between);
	pthread_mutexattr_setpshared(&between, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->gate, &between);
	pthread_mutex_lock(&shared->gate);
	for (unsigned long i = 0; i < processes; i++) {
		switch (fork()) {
		case -1:
			give_up("fork()", strerror(errno));
		case 0:
			work(i);
		}
	}
	while (atomic_load(&shared->ready) < processes)
		sleep_until(now_ns() + SECOND / 1000);
	shared->began_ns = now_ns() + SECOND / 20;
	pthread_mutex_unlock(&shared->gate);
	await_all();
	report();
	return 0;
}
