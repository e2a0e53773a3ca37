// SPDX-License-Identifier: Apache-2.0
/*
 * Finds an address with a resolver of its own, and connects to it.
 *
 *     ask SERVER NAME PORT
 */
#include "resolver.h"

int main(int count, char **arguments)
{
	struct sockaddr_in there = {.sin_family = AF_INET};

	if (count != 4)
		give_up("ask", "usage: ask SERVER NAME PORT");
	there.sin_addr = resolved(arguments[1], arguments[2]);
	there.sin_port = htons((uint16_t)number(arguments[3]));
	int sock = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(sock, (struct sockaddr *)&there, sizeof(there)) && errno != ECONNREFUSED)
		give_up("connect()", strerror(errno));
	return 0;
}
