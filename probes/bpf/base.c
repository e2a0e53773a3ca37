// SPDX-License-Identifier: GPL-2.0-only
/*
 * One module, one ring buffer: a name and the connection that uses it arrive in the order in which
 * they happened. Only stable ABI is read (struct sockaddr, struct addrinfo, the probe's registers),
 * so no kernel headers are needed; abi/ holds the little that BCC asks for.
 *
 * The other .c files go on from here: probes/kernel/modules.py joins them, since BCC takes a call of
 * a map for one in the main file alone, and not in what that includes.
 *
 * Flags given at compile time: RING_PAGES (a power of two), SOCK_TUI_PAGE_SIZE (bytes), and where
 * the kernel's type information says it, HAS_OFFSETS and what process.h takes from OFFSET().
 */
#include <uapi/linux/ptrace.h>
#include "event.h"
#include "user.h"
#include "lookup.h"
#include "outcome.h"
#include "call.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16
#define AF_PACKET 17

#define SOCKADDR_IN_SIZE 16  /* sizeof(struct sockaddr_in) */
#define SOCKADDR_IN6_SIZE 24 /* SIN6_LEN_RFC2133: what the kernel takes as the least */
#define SOCKADDR_LL_SIZE 20  /* sizeof(struct sockaddr_ll) */

#define INLINE static inline __attribute__((always_inline))

BPF_RINGBUF_OUTPUT(events, RING_PAGES);

/* Calls of connect() and its relatives that could not be told, and those not asked for. */
#define COUNT_LOST 0
#define COUNT_FILTERED 1
#define COUNT_OUTCOMES_LOST 2
#define COUNT_NAMES_LOST 3 /* lookups of which some or all could not be told */

/*
 * What the process that watches reads or writes all the time is mapped there: where it asked for it
 * by bpf(2), the kernel would leave out all programs on that processor until it has answered, and it
 * can lose the processor in the midst of that.
 */
#define MAPPED BPF_F_MMAPABLE

/* For each processor, one line of its cache. User space makes as many as there are. */
struct counts {
	u64 of[8];
};
BPF_F_TABLE("array", u32, struct counts, counts, 1024, MAPPED);

/*
 * A constant that user space puts into the instructions as it loads them: probes/kernel/bytecode.py.
 * The kernel's verifier knows its value: what can never be reached with it is not even compiled.
 * Whoever loads the programs in another way gives a value for all of them as a flag.
 */
#ifndef CONSTANT
#define CONSTANT(index)                                                                            \
	({                                                                                         \
		u64 value;                                                                         \
		asm("%0 = 0x534f434b0000000" #index " ll" : "=r"(value));                          \
		value;                                                                             \
	})
#endif

/* A call of this and a number becomes one of the kernel's function of that number. */
#define KERNEL_FUNCTION 0x40000000

/* The process that watches; its own connections are left out. 0 leaves out none. */
#define OWN_TGID CONSTANT(0)

/*
 * Where things lie in this kernel's task_struct and cred; all 0 where its type information does not
 * say. Each helper that is not asked then saves 20 to 100 ns.
 */
#define HAS_LAYOUT (TASK_PID != 0)
#define TASK_PID CONSTANT(2)
#define TASK_TGID CONSTANT(3)
#define TASK_COMM CONSTANT(4)
#define TASK_CRED CONSTANT(5)
#define CRED_UID CONSTANT(6)

/* All 0 where process images cannot be told apart: see process.h. */
#define HAS_IMAGES (TASK_GROUP_LEADER != 0)
#define TASK_GROUP_LEADER CONSTANT(7)
#define TASK_START CONSTANT(8)
#define TASK_EXECS CONSTANT(9)

/*
 * Its bits stand in probes/kernel/task.py too. They say which of the three maps below,
 * and tree.c's, limit what is reported: where one does, it holds all that is.
 */
#define FILTERS CONSTANT(1)
#define FILTER_PID 1
#define FILTER_USER 2
#define FILTER_PORT 4
#define FILTER_TREE 16

/*
 * Another bit of it: no probe is put on libc's returns, since that could harm the programs that
 * call it (probes/kernel/requirements.py). See on_getaddrinfo_alone().
 */
#define WITHOUT_RETURNS (FILTERS & 8)

/* Another: what becomes of a connect() is watched (outcome.c). */
#define OUTCOMES (FILTERS & 64)

/* Yet another: this kernel does not take as_socket()'s way (socket.h). */
#define WITHOUT_CAST (FILTERS & 128)

/* One more: it has no task whose fields can be read where they lie, so helpers read them. */
#define BY_HELPERS (FILTERS & 256)

/* struct task_struct *bpf_get_current_task_btf(void), from Linux 5.11 on. */
static u64 (*current_task_btf)(void) = (void *)158;

INLINE u64 current_task(void)
{
	return BY_HELPERS ? bpf_get_current_task() : current_task_btf();
}

/* A field of a structure of the kernel's. The verifier knows what lies there, and refuses else. */
#define FIELD(type, structure, offset)                                                             \
	({                                                                                         \
		u64 value, at = (structure) + (offset);                                            \
		if (BY_HELPERS) {                                                                  \
			type read_value = 0;                                                       \
			bpf_probe_read_kernel(&read_value, sizeof(read_value), (void *)at);        \
			value = read_value;                                                        \
		} else {                                                                           \
			asm volatile("%0 = *(" #type " *)(%1 + 0)" : "=r"(value) : "r"(at));       \
		}                                                                                  \
		value;                                                                             \
	})

/* User space makes them as large as need be (probes/kernel/task.py). */
BPF_HASH(wanted_pids, u32, u8, 1);
BPF_HASH(wanted_users, u32, u8, 1);
BPF_HASH(wanted_ports, u32, u8, 1);

/*
 * By thread, so that two threads of one process can resolve at once. An entry stays for its
 * thread's next lookup, since to make and remove one takes 350 ns: the least recently used ones
 * make room.
 */
BPF_TABLE("lru_hash", u64, struct lookup, lookups, 16384);

/*
 * Lookups that have begun and not returned. Threads that died in one are counted for ever: then
 * `lookups` is asked in vain, which costs time and nothing else.
 */
BPF_ARRAY(lookups_begun, u64, 1);

/* gethostbyname() makes no connect() that would have to wait for its name: it is not counted. */
BPF_TABLE("lru_hash", u64, struct host_lookup, host_lookups, 16384);

/* The same without return probes; user space makes them small where they are not needed. */
BPF_TABLE("lru_hash", u64, struct begun, lookups_alone, 4096);
/* What they begin as: all zero, since it is too large for the stack. Never written to. */
BPF_ARRAY(no_lookup, struct begun, 1);
/* The thread of a process that began a lookup last. */
BPF_TABLE("lru_hash", u32, u32, last_lookups, 4096);

/*
 * What was sent where, and when that was told: a send like it is told again after SEND_PERIOD
 * nanoseconds. Where there are more of them the least recently used ones make room, and are told
 * earlier.
 */
#define SEND_PERIOD CONSTANT(a)
BPF_TABLE("lru_hash", struct sent, u64, told_sends, 32768);

/*
 * How an event is submitted: BPF_RB_FORCE_WAKEUP while the reader rests, else BPF_RB_NO_WAKEUP, and
 * it comes by itself. To wake it costs the program that connects 3.5 us, but only the first one
 * after a rest pays. The flag itself is kept here, since a branch in the loop over results would
 * double what the verifier has to follow.
 */
BPF_F_TABLE("array", u32, u64, wakeup, 1, MAPPED);

/* See outcome.c. Threads whose numbers end in the same bits share a place. */
#define CONNECTING_PLACES (1 << 16)
BPF_ARRAY(connectings, struct connecting, CONNECTING_PLACES);

/*
 * By struct sock *. Not one that lets the least recently used go: a socket that waits is left in
 * the end, and taken out.
 */
BPF_HASH(awaiteds, u64, struct awaited, 32768);

/* Awaited sockets that are in SYN_RECV. */
BPF_ARRAY(crossings, u64, 1);

INLINE u64 *own_count(int which)
{
	u32 processor = bpf_get_smp_processor_id();
	struct counts *own = counts.lookup(&processor);
	return own ? &own->of[which] : 0;
}

INLINE void count_more(int which, u64 more)
{
	u64 *count = own_count(which);
	if (count)
		*count += more;
}

INLINE void count(int which)
{
	count_more(which, 1);
}

/* Where another run of a program may do the same meanwhile, on the same processor. */
INLINE void count_shared(int which)
{
	u64 *count = own_count(which);
	if (count)
		__sync_fetch_and_add(count, 1);
}

/*
 * The programs of uprobes run in threads that can lose their processor in the midst of them, to one
 * that runs the same program. So they keep nothing that belongs to a processor; and Linux from 6.13
 * on must not either: it gives a program of this type a stack of the processor's, since it skips one
 * whose former run is under way, but not so at uprobes. Names of two threads were mixed up there. A
 * program with a tail call in it has its thread's stack; there is nothing to call, so it goes on.
 */
BPF_PROG_ARRAY(nothing, 1);
INLINE void stay_on_own_stack(struct pt_regs *ctx)
{
	nothing.call(ctx, 0);
}

INLINE u64 wakeup_flag(void)
{
	u32 zero = 0;
	/*
	 * Asked for after an event has its place in the ring: a reader that goes to rest meanwhile
	 * finds it there.
	 */
	u64 *flag = wakeup.lookup(&zero);
	return flag ? *flag : BPF_RB_FORCE_WAKEUP;
}

/* As bpf_get_current_pid_tgid(). `task`: see report_connect(). */
INLINE u64 caller_id(u64 task)
{
	if (!HAS_LAYOUT)
		return bpf_get_current_pid_tgid();
	return FIELD(u32, task, TASK_TGID) << 32 | FIELD(u32, task, TASK_PID);
}

INLINE u32 caller_uid(u64 task)
{
	if (!HAS_LAYOUT)
		return bpf_get_current_uid_gid();
	return FIELD(u32, FIELD(u64, task, TASK_CRED), CRED_UID);
}

INLINE void read_comm(u64 *comm, u64 task)
{
	if (!HAS_LAYOUT) {
		bpf_get_current_comm(comm, COMM_SIZE);
		return;
	}
	comm[0] = FIELD(u64, task, TASK_COMM);
	comm[1] = FIELD(u64, task, TASK_COMM + sizeof(u64));
}

/* All of an event but its comm, address, and what stands behind that. */
INLINE void fill(struct event *event, u16 kind, u64 id, u32 uid, u64 image)
{
	event->ts_ns = bpf_ktime_get_ns();
	event->kind = kind;
	event->tgid = id >> 32;
	event->tid = (u32)id;
	event->uid = uid;
	event->image = image;
	event->flags = 0;
}

INLINE long read(void *to, u32 size, const void *from, int from_user)
{
	return from_user ? read_user(to, size, from) : bpf_probe_read_kernel(to, size, from);
}

#include "process.h"
#include "socket.h"
