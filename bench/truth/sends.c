// SPDX-License-Identifier: Apache-2.0
/*
 * Sends to an address, or connects to it, in one of the ways that are not connect().
 *
 *     sends KIND ADDRESS PORT
 *
 * Ends with status 77 where this kernel cannot do it.
 */
#define _GNU_SOURCE // sendmmsg()
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include "uring.h"

#define CANNOT 77

static struct sockaddr_in there = {.sin_family = AF_INET};
static char data[] = "sock-tui";

static int opened(int family, int type, int protocol)
{
	int sock = socket(family, type, protocol);

	if (sock < 0) {
		perror("socket()");
		exit(CANNOT);
	}
	return sock;
}

static struct msghdr message(void)
{
	static struct iovec part = {.iov_base = data, .iov_len = sizeof(data)};

	return (struct msghdr){
		.msg_name = &there,
		.msg_namelen = sizeof(there),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};
}

static long send_to(int sock, const void *what, size_t length, int flags)
{
	return sendto(sock, what, length, flags, (struct sockaddr *)&there, sizeof(there));
}

static long by_sendto(void)
{
	return send_to(opened(AF_INET, SOCK_DGRAM, 0), data, sizeof(data), 0);
}

static long by_sendmsg(void)
{
	struct msghdr one = message();

	return sendmsg(opened(AF_INET, SOCK_DGRAM, 0), &one, 0);
}

static long by_sendmmsg(void)
{
	struct mmsghdr one = {.msg_hdr = message()};

	return sendmmsg(opened(AF_INET, SOCK_DGRAM, 0), &one, 1, 0);
}

static long echo(int sock)
{
	struct icmphdr request = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};

	there.sin_port = 0;
	return send_to(sock, &request, sizeof(request), 0);
}

static long ping(void)
{
	return echo(opened(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

static long raw_icmp(void)
{
	return echo(opened(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}

static long raw_ip(void)
{
	there.sin_port = 0;
	return send_to(opened(AF_INET, SOCK_RAW, 253), data, sizeof(data), 0); /* RFC 3692 */
}

static long packet(void)
{
	struct sockaddr_ll link = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x88b5), /* IEEE 802: for experiments */
		.sll_ifindex = (int)if_nametoindex("lo"),
		.sll_halen = 6,
	};

	return sendto(opened(AF_PACKET, SOCK_DGRAM, 0), data, sizeof(data), 0,
		      (struct sockaddr *)&link, sizeof(link));
}

static long sctp(void)
{
	return send_to(opened(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP), data, sizeof(data), 0);
}

static long fast_open(void)
{
	return send_to(opened(AF_INET, SOCK_STREAM, 0), data, sizeof(data), MSG_FASTOPEN);
}

static long uring_connect(void)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_CONNECT,
		.fd = opened(AF_INET, SOCK_STREAM, 0),
		.addr = (uintptr_t)&there,
		.off = sizeof(there),
	};

	return uring_done(&entry);
}

static long uring_sendmsg(void)
{
	struct msghdr one = message();
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_SENDMSG,
		.fd = opened(AF_INET, SOCK_DGRAM, 0),
		.addr = (uintptr_t)&one,
		.len = 1,
	};

	return uring_done(&entry);
}

static const struct {
	const char *name;
	long (*go)(void);
} kinds[] = {
	{"sendto", by_sendto},	   {"sendmsg", by_sendmsg},
	{"sendmmsg", by_sendmmsg}, {"ping", ping},
	{"raw-icmp", raw_icmp},	   {"raw-ip", raw_ip},
	{"packet", packet},	   {"sctp", sctp},
	{"fast-open", fast_open},  {"uring-connect", uring_connect},
	{"uring-sendmsg", uring_sendmsg},
};

int main(int count, char **arguments)
{
	if (count != 4 || inet_pton(AF_INET, arguments[2], &there.sin_addr) != 1)
		give_up("sends", "usage: sends KIND ADDRESS PORT");
	there.sin_port = htons((uint16_t)number(arguments[3]));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, arguments[1]))
			continue;
		if (kinds[i].go() < 0 && errno != ECONNREFUSED && errno != EINPROGRESS)
			give_up(arguments[1], strerror(errno));
		return 0;
	}
	give_up(arguments[1], "no such kind");
}
