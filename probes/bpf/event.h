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
#define EVENT_PROCESS 3

/* connect() was called by getaddrinfo() itself: its thread's lookup has not returned yet. */
#define FLAG_IN_LOOKUP 1

/* What an EVENT_PROCESS lacks: the end of its arguments, or all; the root's end of its path. */
#define FLAG_ARGS_CUT 1
#define FLAG_ARGS_UNREADABLE 2
#define FLAG_PATH_CUT 4
/* The executable has been removed since it was started, or never had a name. */
#define FLAG_DELETED 8

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
	u64 image; /* see process_event; 0 where it cannot be told */
	u8 address[16]; /* network order; AF_INET uses the first 4 */
	u16 family;
	u16 port; /* host order */
	u32 flags;
};

struct name_event {
	struct event head;
	char name[NAME_SIZE]; /* NUL-terminated */
};

#define ARGS_MAX 8192
#define PATH_MAX 4096 /* without the last component that fits */
#define COMPONENT_SIZE 256 /* NAME_MAX, and a NUL */

/*
 * A process image, which is what runs between one execve() and the next: told once, ahead of the
 * first event that names it. `head.image` tells it from all others that had or will have the same
 * tgid: (when the process started) << 16 | (how often it and its ancestors called execve()), cut
 * off at 64 bits.
 */
struct process_event {
	struct event head; /* family, port and address: 0 */
	u64 start_ns;      /* CLOCK_BOOTTIME, as field 22 of /proc/PID/stat in clock ticks */
	u64 cgroup;        /* the id in the unified hierarchy, which is its folder's inode */
	u32 parent;        /* tgid */
	u32 netns;         /* inode numbers, as in /proc/PID/ns */
	u32 mntns;
	u16 args_size; /* bytes at the beginning of `data`: arguments, each with a NUL */
	u16 path_size; /* bytes after them: path components, the last one first, each with a NUL */
	char data[ARGS_MAX + PATH_MAX + COMPONENT_SIZE]; /* only what is used is sent */
};

#endif
