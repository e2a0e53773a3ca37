/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What travels to user space, and the only other place that knows it is probes/event.py.
 * Every field is naturally aligned: there is no hidden padding.
 */
#ifndef SOCK_TUI_EVENT_H
#define SOCK_TUI_EVENT_H

#include <linux/types.h>

#define EVENT_CONNECT 1
#define EVENT_NAME 2
#define EVENT_PROCESS 3
#define EVENT_OUTCOME 8
#define EVENT_EXEC 9

/* How an EVENT_CONNECT came about. */
#define CALL_CONNECT 0
#define CALL_SEND 1     /* sendto() and its relatives, with an address */
#define CALL_FASTOPEN 2 /* the same with MSG_FASTOPEN, which connects */

/* The call was made by getaddrinfo() itself: its thread's lookup has not returned yet. */
#define FLAG_IN_LOOKUP 1

/* What an EVENT_PROCESS lacks: the end of its arguments, or all; the root's end of its path. */
#define FLAG_ARGS_CUT 1
#define FLAG_ARGS_UNREADABLE 2
#define FLAG_PATH_CUT 4
/* The executable has been removed since it was started, or never had a name. */
#define FLAG_DELETED 8
/* Its parent is who made it, and not only whom the kernel takes for its parent by now. */
#define FLAG_MADE 16

#define COMM_SIZE 16
#define NAME_SIZE 256 /* a DNS name is at most 253 bytes: RFC 1035, 2.3.4 */

/*
 * What tells one process from another stands together, and so does what tells one endpoint from
 * another: user space looks each of them up as one key.
 */
struct event {
	u64 ts_ns; /* bpf_ktime_get_ns(): CLOCK_MONOTONIC */
	u16 kind;
	u16 flags;
	u32 tid;
	u32 tgid;
	u32 uid;
	char comm[COMM_SIZE];
	u64 image; /* see process_event; 0 where it cannot be told */
	u8 address[16]; /* network order; AF_INET uses the first 4, AF_PACKET as in_link() has it */
	u16 family;
	u16 protocol;   /* IPPROTO_*, or what its family calls so; 0 where it cannot be told */
	u8 call;        /* CALL_* */
	u8 socket_type; /* SOCK_*; 0 where it cannot be told */
	u16 port;       /* host order; 0 where the socket's protocol has none */
};

struct name_event {
	struct event head;
	char name[NAME_SIZE]; /* NUL-terminated */
};

/* `result` of an outcome, beside 0 and the errno's of the system (1 to 4095). */
#define OUTCOME_BEGUN 0x10000	  /* not its end: that is yet to come */
#define OUTCOME_ABANDONED 0x10001 /* closed by its owner before an answer came */
#define OUTCOME_UNKNOWN 0x10002	  /* it will never be told */

/*
 * What became of a connect(), somewhere behind it in the ring. As long as an event, and with the
 * like in the same places: runs of both are read together.
 */
struct outcome_event {
	u64 ts_ns; /* the connect's: with the thread, it tells it from all others */
	u16 kind;
	u16 flags; /* 0 */
	u32 tid; /* the one that called */
	u32 tgid;
	u32 result;
	u64 latency_ns; /* from the call to this */
	u64 unused[2];
	u8 address[16]; /* the local end, as in struct event; family 0 where it is not told */
	u16 family;
	u16 padding[2];
	u16 port;
};
_Static_assert(sizeof(struct outcome_event) == sizeof(struct event), "read as one run");

/*
 * An execve(), told only where process images cannot be: `head.comm` is what the process is called
 * from then on, `head.image` is 0.
 */
#define FILENAME_SIZE 256 /* what is longer is cut */

struct exec_event {
	struct event head;
	char filename[FILENAME_SIZE]; /* as it was given to execve(), NUL-terminated */
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
	u64 parent_image;  /* as head.image: what the parent ran when it made this process */
	u32 parent;        /* tgid; 0 where there is none */
	u32 netns;         /* inode numbers, as in /proc/PID/ns */
	u32 mntns;
	u16 args_size; /* bytes at the beginning of `data`: arguments, each with a NUL */
	u16 path_size; /* bytes after them: path components, the last one first, each with a NUL */
	char data[ARGS_MAX + PATH_MAX + COMPONENT_SIZE]; /* only what is used is sent */
};

#endif
