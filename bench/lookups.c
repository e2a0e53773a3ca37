// SPDX-License-Identifier: Apache-2.0
/*
 * Calls getaddrinfo() as curl does (lib/curl_addrinfo.c: no flags, any family, a stream) and
 * prints what each call took, in nanoseconds, a number a line.
 *
 *     lookups NAME CALLS
 */
#include <netdb.h>
#include <sys/socket.h>

#include "timing.h"

static uint64_t call(const char *name)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	uint64_t began = now_ns();
	int error = getaddrinfo(name, "80", &hints, &found);
	uint64_t took = now_ns() - began;
	if (error)
		give_up(name, gai_strerror(error));
	freeaddrinfo(found);
	return took;
}

int main(int count, char **arguments)
{
	if (count != 3)
		give_up("lookups", "usage: lookups NAME CALLS");
	unsigned long calls = number(arguments[2]);
	for (int i = 0; i < 20; i++) /* the first one loads what resolves */
		call(arguments[1]);
	for (unsigned long i = 0; i < calls; i++)
		printf("%llu\n", (unsigned long long)call(arguments[1]));
	return 0;
}
