// SPDX-License-Identifier: GPL-2.0-only
/* The programs by which a command's tree (tree.c) grows and shrinks. A part of what base.c begins. */

INLINE void add_to_tree(u32 tid)
{
	u8 is_in = 1;
	/* What it makes will not be seen. */
	if (tree.update(&tid, &is_in))
		count(COUNT_LOST);
}

/*
 * Where the field lies that the first two need, from the tracepoint's own format: its place has changed
 * between kernels. Each program is loaded with its own value (probes/hooks/tree.py).
 */
#define FIELD_AT CONSTANT(0)

INLINE u32 field_of(void *ctx)
{
	u32 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), ctx + FIELD_AT);
	return value;
}

/* tracing/events/sched/sched_process_fork: in whoever forks, before the child runs. child_pid */
int on_tree_fork(void *ctx)
{
	if (is_in_tree(bpf_get_current_pid_tgid()))
		add_to_tree(field_of(ctx));
	return 0;
}

/* tracing/events/sched/sched_process_exec: a thread that executes takes its process's id. old_pid */
int on_tree_exec(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid(), old = field_of(ctx);

	if (old != tid && tree.lookup(&old)) {
		tree.delete(&old);
		add_to_tree(tid);
	}
	return 0;
}

/* tracing/events/sched/sched_process_exit: in the thread that ends, before its id is free again. */
int on_tree_exit(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (tree.lookup(&tid))
		tree.delete(&tid);
	return 0;
}
