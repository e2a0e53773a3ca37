// SPDX-License-Identifier: Apache-2.0
/*
 * Sends datagrams and prints what a call takes, in nanoseconds: the mean of each batch, a number a
 * line.
 *
 *     sends connected BATCHES CALLS    send(), which names no address
 *     sends addressed BATCHES CALLS    sendto(), each time to the same one
 *
 * They go to a socket of its own on loopback that never reads: what finds no room there is let go.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "timing.h"

int main(int count, char **arguments)
{
	struct sockaddr_in there = {.sin_family = AF_INET};
	socklen_t size = sizeof(there);
	const struct sockaddr *address = (struct sockaddr *)&there;
	int from, to, connected;

	if (count != 4)
		give_up("sends", "usage: sends connected|addressed BATCHES CALLS");
	connected = !strcmp(arguments[1], "connected");
	if (!connected && strcmp(arguments[1], "addressed"))
		give_up(arguments[1], "neither connected nor addressed");
	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	from = socket(AF_INET, SOCK_DGRAM, 0);
	to = socket(AF_INET, SOCK_DGRAM, 0);
	if (from < 0 || to < 0 || bind(to, address, size) ||
	    getsockname(to, (struct sockaddr *)&there, &size) ||
	    (connected && connect(from, address, size)))
		give_up("a socket", strerror(errno));

	unsigned long batches = number(arguments[2]), calls = number(arguments[3]);
	for (unsigned long batch = 0; batch < batches; batch++) {
		uint64_t began = now_ns();
		for (unsigned long i = 0; i < calls; i++)
			if (sendto(from, "x", 1, 0, connected ? NULL : address,
				   connected ? 0 : size) != 1)
				give_up("sendto()", strerror(errno));
		printf("%.1f\n", (double)(now_ns() - began) / (double)calls);
	}
	return 0;
}
