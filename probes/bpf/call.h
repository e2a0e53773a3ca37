/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a call of a program's leads to, and through what socket. */
#ifndef SOCK_TUI_CALL_H
#define SOCK_TUI_CALL_H

#include "event.h"

/* include/linux/net.h; otherwise on no machine that is supported */
#define SOCK_STREAM 1
#define SOCK_RAW 3

#define IPPROTO_ICMP 1
#define IPPROTO_TCP 6
#define IPPROTO_ICMPV6 58
#define IPPROTO_MPTCP 262

/* The end of struct event, from its address on. */
struct target {
	u8 address[16];
	u16 family;
	u16 protocol;
	u8 call;
	u8 socket_type;
	u16 port;
};

/* What makes one send like another. */
struct sent {
	u64 image;
	u32 tgid;
	u32 uid;
	struct target target;
};

/* What the kernel knows of a socket. All 0 where it cannot be told. */
struct socket_facts {
	u64 sock; /* struct sock * */
	u16 family;
	u16 type;
	u16 protocol;
};

static inline __attribute__((always_inline)) int is_inet(u16 family)
{
	return family == 2 || family == 10; /* AF_INET, AF_INET6 */
}

/* Whether the protocol has no ports, so that what stands in their place means nothing. */
static inline __attribute__((always_inline)) int is_portless(const struct socket_facts *socket)
{
	return socket->type == SOCK_RAW || socket->protocol == IPPROTO_ICMP ||
	       socket->protocol == IPPROTO_ICMPV6;
}

#endif
