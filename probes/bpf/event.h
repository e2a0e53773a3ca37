/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What travels to user space, and the only other place that knows it is probes/decode.py.
 * Every field is naturally aligned: there is no hidden padding.
 */
#ifndef SOCK_TUI_EVENT_H
#define SOCK_TUI_EVENT_H

#include <linux/types.h>

#define EVENT_CONNECT 1
#define EVENT_NAME 2

/* connect() was called by getaddrinfo() itself: its thread's lookup has not returned yet. */
#define FLAG_IN_LOOKUP 1

#define COMM_SIZE 16
#define NAME_SIZE 256 /* a DNS name is at most 253 bytes: RFC 1035, 2.3.4 */

/*
 * What tells one process from another stands together, and so does what tells one endpoint from
 * another: user space looks each of them up as one key.
 */
struct event {
	u64 ts_ns; /* bpf_ktime_get_ns(): CLOCK_MONOTONIC */
	u32 kind;
	u32 tid;
	u32 tgid;
	u32 uid;
	char comm[COMM_SIZE];
	u8 address[16]; /* network order; AF_INET uses the first 4 */
	u16 family;
	u16 port; /* host order */
	u32 flags;
};

struct name_event {
	struct event head;
	char name[NAME_SIZE]; /* NUL-terminated */
};

#endif
