/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a connect(): what is kept of it until that is known.
 */
#ifndef SOCK_TUI_OUTCOME_H
#define SOCK_TUI_OUTCOME_H

#include "event.h"

/* include/net/tcp_states.h. SCTP names the same numbers in its own words. */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_CLOSE 7

/* What connect() returns and the socket goes on connecting: include/uapi/asm-generic/errno.h. */
#define EINTR 4
#define EALREADY 114
#define EINPROGRESS 115
#define ERESTARTSYS 512 /* include/linux/errno.h: a signal came, and the call may begin again */

/* How far a connect() has come: `phase` of struct connecting. */
#define PHASE_ENTERED 0 /* what it returns counts; 0 is not told */
#define PHASE_TOLD 1	/* the same, but user space awaits its end */
#define PHASE_SOCKET 2	/* its socket waits for an answer: the socket's states tell the end */

/* The connect() that a thread is in, by the lower bits of its number. */
struct connecting {
	u64 ts_ns;  /* the event's; 0 where the thread is in none */
	u64 socket; /* struct sock *, of a stream; else 0 */
	u32 tid;
	u16 phase;
	u16 again; /* it was left by a signal, and the next one will go on with it */
};

/* A socket that waits for an answer: whose it is. */
struct awaited {
	u64 ts_ns;
	u32 tid;
	u32 tgid;
};

#endif
