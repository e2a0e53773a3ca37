// SPDX-License-Identifier: Apache-2.0
/*
 * Calls connect() and prints what the calls took, in nanoseconds, a number a line.
 *
 *     connects full BATCHES CALLS    without a pause: the mean for one call of each batch
 *     connects paced RATE CALLS      each single call, RATE of them a second
 *
 * The socket is a UDP one and the address a loopback one: nothing is sent, nobody need listen,
 * and the call is the cheapest that there is, so that what a probe adds to it shows best.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "timing.h"

static int sock;
static struct sockaddr_in there = {.sin_family = AF_INET};

static void call(void)
{
	if (connect(sock, (struct sockaddr *)&there, sizeof(there)))
		give_up("connect()", strerror(errno));
}

/* A batch should be much shorter than a scheduler's turn: most are then never interrupted. */
static void full(unsigned long batches, unsigned long calls)
{
	for (unsigned long batch = 0; batch < batches; batch++) {
		uint64_t began = now_ns();
		for (unsigned long i = 0; i < calls; i++)
			call();
		printf("%.1f\n", (double)(now_ns() - began) / (double)calls);
	}
}

static void paced(unsigned long rate, unsigned long calls)
{
	uint64_t due = now_ns();
	for (unsigned long i = 0; i < calls; i++) {
		due += SECOND / rate;
		sleep_until(due);
		uint64_t began = now_ns();
		call();
		printf("%llu\n", (unsigned long long)(now_ns() - began));
	}
}

int main(int count, char **arguments)
{
	if (count != 4)
		give_up("connects", "usage: connects full BATCHES CALLS | paced RATE CALLS");
	there.sin_port = htons(9);
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sock = socket(AF_INET, SOCK_DGRAM, 0);
	if (sock < 0)
		give_up("socket()", strerror(errno));
	for (int i = 0; i < 100; i++) /* the first ones find a port, and the caches cold */
		call();
	if (!strcmp(arguments[1], "full"))
		full(number(arguments[2]), number(arguments[3]));
	else if (!strcmp(arguments[1], "paced"))
		paced(number(arguments[2]), number(arguments[3]));
	else
		give_up(arguments[1], "neither full nor paced");
	return 0;
}
