// SPDX-License-Identifier: Apache-2.0
/*
 * Calls connect() in every way that makes no connection worth a row, and then ends:
 *
 *     hidden ADDRESS
 *
 * a path (AF_UNIX), nothing (AF_UNSPEC), port 0, an address that cannot be read, and a length that
 * ends before the address does.
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../timing.h"

int main(int count, char **arguments)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/nowhere/sock-tui"};
	struct sockaddr nothing = {.sa_family = AF_UNSPEC};
	struct sockaddr_in there = {.sin_family = AF_INET};

	if (count != 2 || inet_pton(AF_INET, arguments[1], &there.sin_addr) != 1)
		give_up("hidden", "usage: hidden ADDRESS");
	int local = socket(AF_UNIX, SOCK_STREAM, 0), sock = socket(AF_INET, SOCK_DGRAM, 0);
	connect(local, (struct sockaddr *)&path, sizeof(path));
	connect(sock, &nothing, sizeof(nothing));
	connect(sock, (struct sockaddr *)&there, sizeof(there));
	connect(sock, (struct sockaddr *)8, sizeof(there));
	there.sin_port = htons(9);
	connect(sock, (struct sockaddr *)&there, 4);
	return 0;
}
