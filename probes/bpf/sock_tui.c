// SPDX-License-Identifier: GPL-2.0-only
/*
 * One module, one ring buffer: a name and the connection that uses it arrive in the order in which
 * they happened. Only stable ABI is read (struct sockaddr, struct addrinfo, the probe's registers),
 * so no kernel headers are needed; abi/ holds the little that BCC asks for.
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

/*
 * Who asked for a name. Found out once, ahead of the loops over results: what is read from the
 * kernel's structures costs the verifier ten times as much as any other step.
 */
struct asker {
	u64 id;
	u64 image;
	u64 comm[2];
	u64 uid;
};

INLINE void find_asker(struct asker *asker, u64 id, u64 task)
{
	asker->id = id;
	asker->image = image_of(task);
	asker->uid = caller_uid(task);
	read_comm(asker->comm, task);
}

/* One address that a name has, of 16 bytes. Returns whether there was room to tell. */
INLINE int report_name(const u64 *address, u16 family, const char *name, const struct asker *asker)
{
	struct name_event *event = events.ringbuf_reserve(sizeof(struct name_event));
	if (!event)
		return 0;
	fill(&event->head, EVENT_NAME, asker->id, asker->uid, asker->image);
	__builtin_memcpy(event->head.comm, asker->comm, COMM_SIZE);
	event->head.family = family;
	event->head.port = 0;
	__builtin_memcpy(event->head.address, address, sizeof(event->head.address));
	/* Not copied by this program: the verifier would follow 64 instructions, time and again. */
	bpf_probe_read_kernel(event->name, NAME_SIZE, name);
	/* The connection that follows wakes the reader. */
	events.ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 1;
}

/*
 * A name event for each address of a list that getaddrinfo() made. `strict`: it may be something
 * else, and is left alone from where it shows; what cannot be read is no loss then. glibc and musl
 * put an address right behind its entry (sysdeps/posix/getaddrinfo.c, src/network/lookup.h).
 *
 * Returns whether there was nothing more to tell.
 */
INLINE int report_list(u64 next, const char *name, u64 id, u64 task, int strict)
{
	struct addrinfo_head entry = {};
	u64 previous[2] = {~0ULL, ~0ULL}; /* no address that anyone is given */
	struct asker asker = {};

	find_asker(&asker, id, task);
	/* Unrolled, it takes the verifier half as long again at every start. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < RESULTS_MAX && next; i++) {
		u64 address[4] = {}; /* half of it is used, but the verifier does not know */
		u64 at = next;
		u32 size;

		if (bpf_probe_read_user(&entry, sizeof(entry), (void *)at))
			return strict;
		next = entry.next;
		if (!is_address(&entry) || (strict && entry.address != at + sizeof(entry))) {
			if (strict)
				return 1;
			continue;
		}
		size = address_size(&entry);
		if (bpf_probe_read_user(address, size & 31,
					(void *)entry.address + address_offset(size)))
			return strict;
		/*
		 * The same address for another socket type. Comparing the family as well would
		 * make the verifier follow every sequence of families, for seconds.
		 */
		if (!((previous[0] ^ address[0]) | (previous[1] ^ address[1])))
			continue;
		previous[0] = address[0];
		previous[1] = address[1];
		if (!report_name(address, entry.family, name, &asker))
			return 0;
	}
	return !next;
}

/*
 * Report what a lookup found whose return nobody saw, if it has returned by now: *results then
 * leads to another list than when it began. Where malloc() gave the new list an old one's place,
 * only who frees it can tell (`freed`, else 0): a lookup that fails leaves *results as it was, and
 * nobody frees what it did not get. A list that was reported and is still there is an earlier
 * lookup's, whatever variable leads to it.
 *
 * Returns whether it is over.
 */
INLINE int report_returned(struct begun *lookup, u64 id, u64 task, u64 freed)
{
	int zero = 0;
	u64 list = 0;

	if (bpf_probe_read_user(&list, sizeof(list), (void *)lookup->results) || !list)
		return 0;
	if (list == lookup->told || (freed && list != freed))
		return 0;
	if (list == lookup->list && (!freed || digest(list) == lookup->contents))
		return 0;
	if (!lookup->name[0])
		bpf_probe_read_user_str(lookup->name, NAME_SIZE, (void *)lookup->node);
	if (lookup->name[0] && !report_list(list, lookup->name, id, task, 1))
		count(COUNT_LOST);
	lookup->results = 0;
	lookup->told = list;
	lookups_begun.atomic_increment(zero, -1);
	return 1;
}

/* The thread's lookup of which only the beginning was seen, unless it has been given up. */
INLINE struct begun *lookup_begun(u64 id)
{
	int zero = 0;
	u64 *count = lookups_begun.lookup(&zero);
	struct begun *begun;

	if (!count || !*count)
		return 0;
	begun = lookups_alone.lookup(&id);
	if (!begun || !begun->results || begun->ts_ns + PATIENCE_NS < bpf_ktime_get_ns())
		return 0;
	return begun;
}

/* Whether the thread is inside getaddrinfo(), or may be. */
INLINE int is_in_lookup(u64 id)
{
	int zero = 0;
	u64 *count = lookups_begun.lookup(&zero);
	/* Most of the time nobody is, and looking into the hash costs 130 ns. */
	if (!count || !*count)
		return 0;
	if (WITHOUT_RETURNS)
		return lookup_begun(id) != 0;
	struct lookup *lookup = lookups.lookup(&id);
	return lookup && lookup->results;
}

/*
 * One connect(). A length that is too short for its family makes the kernel refuse the call, and
 * what lies behind it is not the caller's: it is not read and not reported.
 *
 * Each helper that is called costs some 20 to 100 ns, so none is called twice, nor before it is
 * known that it must be: a process that is filtered out pays for one or two.
 */
INLINE int report_connect(const void *address, u32 length, int from_user)
{
	union {
		struct sockaddr_in6_head in6;
		u8 room[32];
	} sockaddr = {};
	struct sockaddr_in6_head in6;
	u64 size = length < sizeof(in6) ? length : sizeof(in6);
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u32 tgid = id >> 32, uid, port = 0;

	if (tgid == OWN_TGID || length < sizeof(in6.family))
		return 0;
	if (FILTERS & FILTER_PID && !wanted_pids.lookup(&tgid))
		goto filtered;
	uid = caller_uid(task);
	if (FILTERS & FILTER_USER && !wanted_users.lookup(&uid))
		goto filtered;
	/* The verifier wants a mask; the compiler knows better, unless it is kept from knowing. */
	asm volatile("" : "+r"(size));
	/* All of it at once: each read costs some 90 ns. */
	if (read(&sockaddr, size & (sizeof(sockaddr) - 1), address, from_user))
		goto unreadable;
	in6 = sockaddr.in6;
	if (in6.family == AF_UNSPEC || in6.family == AF_UNIX)
		return 0;
	if (in6.family == AF_INET || in6.family == AF_INET6) {
		port = bpf_ntohs(in6.port);
		if (port == 0)
			return 0;
		if (length < (in6.family == AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE))
			return 0;
	}
	if (FILTERS & FILTER_PORT && !wanted_ports.lookup(&port))
		goto filtered;

	u64 image = image_of(task);
	introduce(task, id, uid, image);
	struct event *event = events.ringbuf_reserve(sizeof(struct event));
	if (!event)
		goto unreadable;
	fill(event, EVENT_CONNECT, id, uid, image);
	read_comm((u64 *)event->comm, task);
	if (is_in_lookup(id))
		event->flags = FLAG_IN_LOOKUP;
	event->family = in6.family;
	event->port = port;
	__builtin_memset(event->address, 0, sizeof(event->address));
	if (in6.family == AF_INET)
		__builtin_memcpy(event->address, &in6.flowinfo, 4); /* sin_addr stands there */
	else if (in6.family == AF_INET6)
		__builtin_memcpy(event->address, in6.address, sizeof(event->address));
	events.ringbuf_submit(event, wakeup_flag());
	return 0;

filtered:
	count(COUNT_FILTERED);
	return 0;
unreadable:
	count(COUNT_LOST);
	return 0;
}

/* int security_socket_connect(struct socket *, struct sockaddr *address, int addrlen) */
int on_security_socket_connect(struct pt_regs *ctx)
{
	return report_connect((void *)PT_REGS_PARM2(ctx), (u32)PT_REGS_PARM3(ctx), 0);
}

/* tracing/events/syscalls/sys_enter_connect/format */
struct sys_enter_connect {
	u64 common;
	u64 syscall_nr;
	u64 fd;
	u64 address;
	u64 length;
};

int on_sys_enter_connect(struct sys_enter_connect *ctx)
{
	return report_connect((void *)ctx->address, (u32)ctx->length, 1);
}

/* int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
 *                 struct addrinfo **res) */
int on_getaddrinfo(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct lookup lookup = {.results = PT_REGS_PARM4(ctx), .node = PT_REGS_PARM1(ctx)};
	struct lookup *earlier;
	int zero = 0;

	if (!lookup.node || !lookup.results || id >> 32 == OWN_TGID)
		return 0;
	earlier = lookups.lookup(&id);
	/* Where containers share a libc's file, it may have the probe twice. */
	if (!earlier || !earlier->results)
		lookups_begun.atomic_increment(zero);
	if (earlier)
		*earlier = lookup;
	else
		lookups.update(&id, &lookup);
	return 0;
}

int on_getaddrinfo_return(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct lookup *lookup = lookups.lookup(&id);
	char name[NAME_SIZE] = {};
	u64 list = 0;
	int zero = 0;

	if (!lookup || !lookup->results)
		return 0;
	/* A call that failed leaves anything at all in *res. */
	if ((int)PT_REGS_RC(ctx) != 0)
		goto done;
	if (bpf_probe_read_user(&list, sizeof(list), (void *)lookup->results))
		goto failed;
	if (bpf_probe_read_user_str(name, sizeof(name), (void *)lookup->node) <= 1)
		goto done;
	if (report_list(list, name, id, task, 0))
		goto done;

failed:
	count(COUNT_LOST);
done:
	lookup->results = 0;
	lookups_begun.atomic_increment(zero, -1);
	return 0;
}

/*
 * getaddrinfo() without a probe on its return: its list is read when the thread looks up the next
 * name, connects, or frees it, whichever comes first. A name is missed where the caller's pointer
 * holds something else by then, and is never told for a list that was there before.
 */
int on_getaddrinfo_alone(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u32 tgid = id >> 32, tid = (u32)id;
	u64 node = PT_REGS_PARM1(ctx), results = PT_REGS_PARM4(ctx);
	int zero = 0;
	struct begun *earlier, *begun = new_lookup.lookup(&zero);

	if (!begun || tgid == OWN_TGID)
		return 0;
	earlier = lookups_alone.lookup(&id);
	if (earlier && earlier->results) {
		if (earlier->ts_ns + PATIENCE_NS < bpf_ktime_get_ns() ||
		    !report_returned(earlier, id, task, 0)) {
			earlier->results = 0;
			lookups_begun.atomic_increment(zero, -1);
		}
	}
	if (!node || !results)
		return 0;
	begun->results = results;
	begun->node = node;
	begun->ts_ns = bpf_ktime_get_ns();
	begun->told = earlier ? earlier->told : 0;
	begun->list = 0;
	bpf_probe_read_user(&begun->list, sizeof(begun->list), (void *)results);
	begun->contents = digest(begun->list);
	begun->name[0] = 0;
	bpf_probe_read_user_str(begun->name, NAME_SIZE, (void *)node);
	lookups_alone.update(&id, begun);
	last_lookups.update(&tgid, &tid);
	lookups_begun.atomic_increment(zero);
	return 0;
}

/*
 * At each connect() too, by a program of its own: the verifier does not get to the end of both in
 * one. Which of the two runs first is the kernel's choice. Where it is this one, the connection
 * follows its name; otherwise it counts as one of getaddrinfo()'s own, which wait for their name.
 */
int on_connect_alone(void *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct begun *begun = lookup_begun(id);

	if (begun)
		report_returned(begun, id, task, 0);
	return 0;
}

/* void freeaddrinfo(struct addrinfo *list): some programs do it in another thread. */
int on_freeaddrinfo(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u64 list = PT_REGS_PARM1(ctx);
	u32 tgid = id >> 32, *tid;
	struct begun *begun = lookups_alone.lookup(&id);

	if (!begun || (!begun->results && begun->told != list)) {
		tid = last_lookups.lookup(&tgid);
		if (!tid)
			return 0;
		id = id >> 32 << 32 | *tid;
		begun = lookups_alone.lookup(&id);
	}
	if (!begun || !list)
		return 0;
	if (begun->results && begun->ts_ns + PATIENCE_NS >= bpf_ktime_get_ns())
		report_returned(begun, id, task, list);
	if (begun->told == list)
		begun->told = 0;
	return 0;
}

INLINE int begin_host_lookup(u64 node, u64 result)
{
	u64 id = bpf_get_current_pid_tgid();
	struct host_lookup lookup = {.result = result, .node = node};

	if (node && id >> 32 != OWN_TGID)
		host_lookups.update(&id, &lookup);
	return 0;
}

/* struct hostent *gethostbyname(const char *name), and gethostbyname2(name, int family) */
int on_gethostbyname(struct pt_regs *ctx)
{
	return begin_host_lookup(PT_REGS_PARM1(ctx), 0);
}

/* int gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
 *                     struct hostent **result, int *h_errnop) */
int on_gethostbyname_r(struct pt_regs *ctx)
{
	return begin_host_lookup(PT_REGS_PARM1(ctx), PT_REGS_PARM5(ctx));
}

/* The same with the family behind the name. */
int on_gethostbyname2_r(struct pt_regs *ctx)
{
	return begin_host_lookup(PT_REGS_PARM1(ctx), PT_REGS_PARM6(ctx));
}

/*
 * Of all four. They call one another inside libc; then the innermost tells, and the others find
 * that it was told.
 */
int on_gethostbyname_return(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct host_lookup *lookup = host_lookups.lookup(&id);
	struct hostent_head host = {};
	char name[NAME_SIZE] = {};
	u64 result = PT_REGS_RC(ctx);
	struct asker asker = {};
	u32 size;

	if (!lookup || !lookup->node)
		return 0;
	if (lookup->result) {
		if ((int)result != 0)
			goto done;
		if (bpf_probe_read_user(&result, sizeof(result), (void *)lookup->result))
			goto failed;
	}
	if (!result)
		goto done;
	if (bpf_probe_read_user_str(name, sizeof(name), (void *)lookup->node) <= 1)
		goto done;
	if (bpf_probe_read_user(&host, sizeof(host), (void *)result))
		goto failed;
	size = host.family == AF_INET ? 4 : 16;
	if (host.family != AF_INET && host.family != AF_INET6)
		goto done;
	find_asker(&asker, id, task);
#pragma clang loop unroll(disable)
	for (int i = 0; i < HOST_ADDRESSES_MAX; i++) {
		u64 address[2] = {};
		u64 from = 0;

		if (bpf_probe_read_user(&from, sizeof(from), (void *)host.addresses))
			goto failed;
		if (!from)
			goto done;
		host.addresses += sizeof(from);
		if (bpf_probe_read_user(address, size, (void *)from))
			goto failed;
		if (!report_name(address, host.family, name, &asker))
			goto failed;
	}

failed:
	count(COUNT_LOST);
done:
	lookup->node = 0;
	return 0;
}
