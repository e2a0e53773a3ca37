// SPDX-License-Identifier: Apache-2.0
/*
 * Makes one TCP connection and ends: some 2 ms of life where it is linked statically.
 *
 *     call ADDRESS PORT [WHATEVER ...]
 *
 * Prints the error number of connect(), 0 where there was none, and the nanoseconds that the call
 * took. What follows the port is only there to be seen.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "../timing.h"

int main(int count, char **arguments)
{
	struct sockaddr_in there = {.sin_family = AF_INET};

	if (count < 3 || inet_pton(AF_INET, arguments[1], &there.sin_addr) != 1)
		give_up("call", "usage: call ADDRESS PORT [WHATEVER ...]");
	there.sin_port = htons((uint16_t)number(arguments[2]));
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	if (sock < 0)
		give_up("socket()", strerror(errno));
	uint64_t began = now_ns();
	int error = connect(sock, (struct sockaddr *)&there, sizeof(there)) ? errno : 0;
	printf("%d %llu\n", error, (unsigned long long)(now_ns() - began));
	return 0;
}
