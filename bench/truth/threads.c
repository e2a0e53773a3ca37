// SPDX-License-Identifier: Apache-2.0
/*
 * Two threads that each look names up, at the same moment, and then connect, at the same moment.
 *
 *     threads ROUNDS LEFT_PORT RIGHT_PORT
 *
 * In round n one asks for `leftN.bench.test` and connects to port LEFT_PORT + n, the other for
 * `rightN.bench.test` and RIGHT_PORT + n.
 */
#include <pthread.h>

#include "lookup.h"

struct side {
	const char *name;
	unsigned long port;
};

static pthread_barrier_t ready;
static unsigned long rounds;

static void *go(void *given)
{
	const struct side *side = given;

	for (unsigned long n = 1; n <= rounds; n++) {
		char name[64], port[8];
		snprintf(name, sizeof(name), "%s%lu.bench.test", side->name, n);
		snprintf(port, sizeof(port), "%lu", side->port + n);
		pthread_barrier_wait(&ready);
		struct addrinfo *found = looked_up(name, port);
		pthread_barrier_wait(&ready);
		connect_to(found);
	}
	return NULL;
}

int main(int count, char **arguments)
{
	struct side sides[] = {{.name = "left"}, {.name = "right"}};
	pthread_t threads[2];

	if (count != 4)
		give_up("threads", "usage: threads ROUNDS LEFT_PORT RIGHT_PORT");
	rounds = number(arguments[1]);
	pthread_barrier_init(&ready, NULL, 2);
	for (int i = 0; i < 2; i++) {
		sides[i].port = number(arguments[2 + i]);
		if (pthread_create(&threads[i], NULL, go, &sides[i]))
			give_up("pthread_create()", "no thread");
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
