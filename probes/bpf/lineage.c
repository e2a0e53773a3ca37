// SPDX-License-Identifier: GPL-2.0-only
/* The programs where processes are made, and execute. A part of what base.c begins. */

#ifdef HAS_OFFSETS
/* TP_PROTO(struct task_struct *parent, struct task_struct *child), include/trace/events/sched.h */
struct sched_process_fork {
	u64 parent;
	u64 child;
};

/*
 * The child has not run yet. Whoever makes it is told now, since it may end before any of its
 * descendants connects: with it all of them are known, up to those that there were at the start.
 */
int on_sched_process_fork(struct sched_process_fork *ctx)
{
	if (!HAS_IMAGES)
		return 0;
	u64 task = current_task(), child = ctx->child;
	u64 id = caller_id(task);
	u32 tgid = id >> 32, place = half_word_at(child + TASK_TGID);

	if (place == tgid) /* a thread */
		return 0;
	u64 image = image_of(task);
	introduce(task, id, caller_uid(task), image, 1);
	place &= PLACES - 1;
	struct birth *birth = births.lookup(&place);
	if (!birth)
		return 0;
	/* In this order, since it may be read meanwhile: see find_parent(). */
	birth->child = 0;
	asm volatile("" ::: "memory");
	birth->image = image;
	birth->tgid = tgid;
	asm volatile("" ::: "memory");
	birth->child = word_at(child + TASK_START) << 16;
	return 0;
}
#else
int on_sched_process_fork(void *ctx)
{
	return 0;
}
#endif

/* tracing/events/sched/sched_process_exec/format */
struct sched_process_exec {
	u64 common;
	u32 filename; /* in the lower half, where it begins in this record */
	s32 pid;
	s32 old_pid;
};

/*
 * What a process executes, where its image cannot be told when it connects: it may be gone from
 * /proc by then.
 */
int on_sched_process_exec(struct sched_process_exec *ctx)
{
	struct exec_event *event = events.ringbuf_reserve(sizeof(*event));

	if (!event)
		return 0;
	fill(&event->head, EVENT_EXEC, bpf_get_current_pid_tgid(), bpf_get_current_uid_gid(), 0);
	bpf_get_current_comm(event->head.comm, COMM_SIZE);
	event->head.family = 0;
	event->head.port = 0;
	__builtin_memset(event->head.address, 0, sizeof(event->head.address));
	event->filename[0] = 0;
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename),
				  (char *)ctx + (ctx->filename & 0xffff));
	events.ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}
