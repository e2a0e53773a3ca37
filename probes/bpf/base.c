// SPDX-License-Identifier: GPL-2.0-only
/*
 * One module, one ring buffer: a name and the connection that uses it arrive in the order in which
 * they happened. Only stable ABI is read (struct sockaddr, struct addrinfo, the probe's registers),
 * so no kernel headers are needed; abi/ holds the little that BCC asks for.
 *
 * The other .c files go on from here: probes/compiler.py joins them, since BCC takes a call of a map
 * for one in the main file alone, and not in what that includes.
 *
 * Flags given at compile time: RING_PAGES (a power of two), SOCK_TUI_PAGE_SIZE (bytes), and where
 * the kernel's type information says it, HAS_OFFSETS and what process.h takes from OFFSET().
 */
#include <uapi/linux/ptrace.h>
#include "event.h"
#include "lookup.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10

#define SOCKADDR_IN_SIZE 16  /* sizeof(struct sockaddr_in) */
#define SOCKADDR_IN6_SIZE 24 /* SIN6_LEN_RFC2133: what the kernel takes as the least */

#define INLINE static inline __attribute__((always_inline))

BPF_RINGBUF_OUTPUT(events, RING_PAGES);

/* Calls of connect() and addresses of names that could not be told; connects not asked for. */
#define COUNT_LOST 0
#define COUNT_FILTERED 1
BPF_PERCPU_ARRAY(counts, u64, 2);

/*
 * A constant that user space puts into the instructions as it loads them (probes/bytecode.py). The
 * kernel's verifier knows its value: what can never be reached with it is not even compiled.
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

/* struct task_struct *bpf_get_current_task_btf(void), from Linux 5.11 on. */
static u64 (*current_task)(void) = (void *)158;

/* A field of a structure of the kernel's. The verifier knows what lies there, and refuses else. */
#define FIELD(type, structure, offset)                                                             \
	({                                                                                         \
		u64 value, at = (structure) + (offset);                                            \
		asm volatile("%0 = *(" #type " *)(%1 + 0)" : "=r"(value) : "r"(at));               \
		value;                                                                             \
	})

/* Which of the three maps below limit what is reported: where one does, it holds all that is. */
#define FILTERS CONSTANT(1)
#define FILTER_PID 1
#define FILTER_USER 2
#define FILTER_PORT 4

/*
 * Another bit of it: no probe is put on libc's returns, since that could harm the programs that
 * call it (probes/requirements.py). See on_getaddrinfo_alone().
 */
#define WITHOUT_RETURNS (FILTERS & 8)

/* User space makes them as large as need be (probes/kernel.py). */
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
BPF_PERCPU_ARRAY(new_lookup, struct begun, 1);
/* The thread of a process that began a lookup last. */
BPF_TABLE("lru_hash", u32, u32, last_lookups, 4096);

/*
 * How an event is submitted: BPF_RB_FORCE_WAKEUP while the reader rests, else BPF_RB_NO_WAKEUP, and
 * it comes by itself. To wake it costs the program that connects 3.5 us, but only the first one
 * after a rest pays. The flag itself is kept here, since a branch in the loop over results would
 * double what the verifier has to follow.
 */
BPF_ARRAY(wakeup, u64, 1);

/*
 * The image that was told last of the processes whose tgid ends in these bits. Two that share a
 * place are told anew in turn, which costs time and nothing else; a hash would cost every event
 * 100 ns.
 */
#define PLACES (1 << 18)
BPF_ARRAY(introduced, u64, PLACES);

/*
 * A process_event in the making is too large for the stack. For kprobes and tracepoints alone:
 * their programs are not interrupted by each other, as those of uprobes can be.
 */
BPF_PERCPU_ARRAY(scratch, struct process_event, 1);

INLINE void count(int which)
{
	u64 *count = counts.lookup(&which);
	if (count)
		*count += 1;
}

INLINE u64 wakeup_flag(void)
{
	int zero = 0;
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

/* All of an event but its comm, family, port and address. */
INLINE void fill(struct event *event, u32 kind, u64 id, u32 uid, u64 image)
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
	return from_user ? bpf_probe_read_user(to, size, from)
			 : bpf_probe_read_kernel(to, size, from);
}

#include "process.h"

#ifdef HAS_OFFSETS
/*
 * Tell user space of the process image that runs, unless that was done. Where there is no room for
 * it in the ring it is told with the next event, and the one at hand has to do without.
 */
INLINE void introduce(u64 task, u64 id, u32 uid, u64 image)
{
	u32 place = (id >> 32) & (PLACES - 1), zero = 0;

	if (!HAS_IMAGES)
		return;
	u64 *told = introduced.lookup(&place);
	if (!told || *told == image)
		return;
	struct process_event *process = scratch.lookup(&zero);
	if (!process)
		return;
	fill(&process->head, EVENT_PROCESS, id, uid, image);
	read_comm((u64 *)process->head.comm, task);
	process->head.family = 0;
	process->head.port = 0;
	__builtin_memset(process->head.address, 0, sizeof(process->head.address));
	read_process(process, task);

	u64 size = __builtin_offsetof(struct process_event, data) + process->args_size + process->path_size;
	asm volatile("" : "+r"(size));
	if (size > sizeof(*process))
		return;
	/* Afterwards, so that whoever finds it told comes behind it in the ring. */
	if (!events.ringbuf_output(process, size, BPF_RB_NO_WAKEUP))
		*told = image;
}
#else
INLINE void introduce(u64 task, u64 id, u32 uid, u64 image)
{
}
#endif
