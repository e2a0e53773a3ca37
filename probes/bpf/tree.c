// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which threads belong to a command: its first process, and whatever they make, by descent. So a
 * daemon that leaves session, group and parent behind stays in. A part of what base.c begins.
 *
 * A cgroup of its own would say the same with one helper, but cannot be made where cgroupfs is
 * read-only or not mounted (containers), is systemd's to make elsewhere, stays behind as long as a
 * daemon does, and is left by whoever may write to another one's cgroup.procs.
 *
 * By thread, since that needs nothing of the kernel's structures, and since a process goes on for as
 * long as any of its threads does, whichever was the first.
 */

/* User space makes it as large as need be, and puts the first process in. */
BPF_HASH(tree, u32, u8, 1);

/*
 * As bpf_get_current_pid_tgid() has it. The kernel's own threads of a process (io_uring's workers)
 * are made without the tracepoint at fork(), and belong to it all the same.
 */
INLINE int is_in_tree(u64 id)
{
	u32 tid = id, tgid = id >> 32;
	return tree.lookup(&tid) || (tid != tgid && tree.lookup(&tgid));
}
