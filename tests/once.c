// SPDX-License-Identifier: Apache-2.0
/*
 * Connects a UDP socket and ends, or becomes another program. Linked statically, it lives for some
 * 2 ms.
 *
 *     once ADDRESS PORT [PROGRAM ARGUMENT0 ...]
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	struct sockaddr_in there = {.sin_family = AF_INET};
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	if (count < 3 || sock < 0 || inet_pton(AF_INET, arguments[1], &there.sin_addr) != 1)
		return 2;
	there.sin_port = htons(atoi(arguments[2]));
	if (connect(sock, (struct sockaddr *)&there, sizeof(there)))
		return 3;
	if (count == 3)
		return 0;
	execv(arguments[3], arguments + 4);
	return 4;
}
