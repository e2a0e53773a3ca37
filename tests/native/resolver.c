/*
 * A program with a resolver of its own and nothing of libc's: it sends a question for argv[2] to port
 * 53 of argv[1] with sendto(), takes the first address of the answer, and connects a UDP socket to it
 * at port argv[3].
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	unsigned char message[512] = {1, 2, 1, 0, 0, 1};
	unsigned char *at = message + 12;
	struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in target = {.sin_family = AF_INET};
	int question = socket(AF_INET, SOCK_DGRAM, 0), size;

	if (count != 4)
		return 2;
	for (char *label = strtok(arguments[2], "."); label; label = strtok(NULL, ".")) {
		*at++ = strlen(label);
		memcpy(at, label, strlen(label));
		at += strlen(label);
	}
	memcpy(at, "\0\0\1\0\1", 5);
	at += 5;
	inet_pton(AF_INET, arguments[1], &server.sin_addr);
	if (sendto(question, message, at - message, 0, (void *)&server, sizeof(server)) < 0)
		return 1;
	size = recv(question, message, sizeof(message), 0);
	if (size < 16)
		return 1;
	target.sin_port = htons(atoi(arguments[3]));
	memcpy(&target.sin_addr, message + size - 4, 4); /* the last record's data is an address */
	return connect(socket(AF_INET, SOCK_DGRAM, 0), (void *)&target, sizeof(target));
}
