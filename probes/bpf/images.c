// SPDX-License-Identifier: GPL-2.0-only
/* Which process images there are, and who made their processes. A part of what base.c begins. */

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
/* For the raw tracepoint at fork(), of which the same cannot be said. */
BPF_PERCPU_ARRAY(parent_scratch, struct process_event, 1);

/*
 * Who made the process that was born last of those whose tgid ends in these bits. What the kernel
 * keeps itself is lost when that one ends: `sh -c 'curl &'` leaves a child of init.
 */
struct birth {
	u64 child; /* its image; the execs in it do not matter */
	u64 image;
	u64 tgid;
};
BPF_ARRAY(births, struct birth, PLACES);

#ifdef HAS_OFFSETS
INLINE void find_parent(struct process_event *process, u64 task, u32 place)
{
	u64 started = process->head.image >> 16;
	struct birth *birth = births.lookup(&place);

	read_parent(process, task);
	if (!birth || birth->child >> 16 != started)
		return;
	u64 image = birth->image, tgid = birth->tgid;
	/* Another process may be born into this place meanwhile, on another processor. */
	asm volatile("" ::: "memory");
	if (birth->child >> 16 != started)
		return;
	process->parent_image = image;
	process->parent = tgid;
	process->head.flags |= FLAG_MADE;
}

/*
 * Tell user space of the process image that runs, unless that was done. Where there is no room for
 * it in the ring it is told with the next event, and the one at hand has to do without.
 */
INLINE void introduce(u64 task, u64 id, u32 uid, u64 image, int at_fork)
{
	u32 place = (id >> 32) & (PLACES - 1), zero = 0;
	struct process_event *process;

	if (!HAS_IMAGES)
		return;
	u64 *told = introduced.lookup(&place);
	if (!told || *told == image)
		return;
	if (at_fork)
		process = parent_scratch.lookup(&zero);
	else
		process = scratch.lookup(&zero);
	if (!process)
		return;
	fill(&process->head, EVENT_PROCESS, id, uid, image);
	read_comm((u64 *)process->head.comm, task);
	__builtin_memset(&process->head.address, 0,
			 sizeof(struct event) - __builtin_offsetof(struct event, address));
	find_parent(process, task, place);
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
INLINE void introduce(u64 task, u64 id, u32 uid, u64 image, int at_fork)
{
}
#endif
