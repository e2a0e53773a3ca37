/* SPDX-License-Identifier: Apache-2.0 */
/* Connects to a name, as most programs do: getaddrinfo(), then connect() to what it found. */
#ifndef SOCK_TUI_TRUTH_LOOKUP_H
#define SOCK_TUI_TRUTH_LOOKUP_H

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../timing.h"

static inline struct addrinfo *looked_up(const char *name, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int error = getaddrinfo(name, port, &hints, &found);

	if (error)
		give_up(name, gai_strerror(error));
	return found;
}

static inline void connect_to(struct addrinfo *found)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(sock, found->ai_addr, found->ai_addrlen) && errno != ECONNREFUSED)
		give_up("connect()", strerror(errno));
	close(sock);
	freeaddrinfo(found);
}

#endif
