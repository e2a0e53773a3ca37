/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who connects, read while it certainly lives: path, arguments, start, cgroup, namespaces.
 *
 * All of it is read once for each process image; after that an event only names the image. Where
 * things lie comes from the kernel's type information, as flags: OFFSET_mm_struct__exe_file and so
 * on (probes/kernel/layout.py). Without them, nothing here is done, and /proc has to serve.
 */
#ifndef SOCK_TUI_PROCESS_H
#define SOCK_TUI_PROCESS_H

#include "event.h"

/* The image of the thread that runs, as in struct process_event; 0 where it cannot be told. */
INLINE u64 image_of(u64 task)
{
	if (!HAS_IMAGES)
		return 0;
	u64 start = FIELD(u64, FIELD(u64, task, TASK_GROUP_LEADER), TASK_START);
	u64 execs = FIELD(u64, task, TASK_EXECS);
	return start << 16 | (execs & 0xffff);
}

#ifdef HAS_OFFSETS

#define OFFSET(structure, field) OFFSET_##structure##__##field

/* Components and mounts up to an executable's root, at most; each costs 0.6 ms to verify. */
#define STEPS_MAX 48

/* What lies in kernel memory at `at`; 0 where it cannot be read. */
INLINE u64 word_at(u64 at)
{
	u64 word = 0;
	bpf_probe_read_kernel(&word, sizeof(word), (void *)at);
	return word;
}

INLINE u32 half_word_at(u64 at)
{
	u32 word = 0;
	bpf_probe_read_kernel(&word, sizeof(word), (void *)at);
	return word;
}

struct path {
	u64 mount; /* struct vfsmount * */
	u64 entry; /* struct dentry * */
};

INLINE struct path path_at(u64 at)
{
	struct path path = {
		.mount = word_at(at + OFFSET(path, mnt)),
		.entry = word_at(at + OFFSET(path, dentry)),
	};
	return path;
}

/* To the beginning of `data`. What is not in memory now cannot be read: then /proc has to serve. */
INLINE void read_args(struct process_event *process, u64 memory)
{
	u64 begin = word_at(memory + OFFSET(mm_struct, arg_start));
	u64 size = word_at(memory + OFFSET(mm_struct, arg_end)) - begin;

	if (size > ARGS_MAX) {
		size = ARGS_MAX;
		process->head.flags |= FLAG_ARGS_CUT;
	}
	/* The verifier must see the limit in the register that is used. */
	asm volatile("" : "+r"(size));
	if (size > ARGS_MAX || read_user(process->data, size, (void *)begin)) {
		process->head.flags |= FLAG_ARGS_UNREADABLE;
		size = 0;
	}
	process->args_size = size;
}

/*
 * Behind the arguments, the executable's own name first. As the kernel's prepend_path() walks
 * (fs/d_path.c), to the process's own root: so a path in a container or a chroot is the one that is
 * seen in there. An executable that lies outside of it is named from the root of its mount
 * namespace.
 */
INLINE void read_path(struct process_event *process, u64 task, u64 file)
{
	struct path at = path_at(file + OFFSET(file, f_path));
	u64 files = word_at(task + OFFSET(task_struct, fs));
	struct path root = path_at(files + OFFSET(fs_struct, root));
	u64 mount_root = word_at(at.mount + OFFSET(vfsmount, mnt_root));

	/* d_unlinked(): in no hash list any more */
	if (!word_at(at.entry + OFFSET(dentry, d_hash) + OFFSET(hlist_bl_node, pprev)))
		process->head.flags |= FLAG_DELETED;
#pragma clang loop unroll(disable)
	for (int step = 0; step < STEPS_MAX; step++) {
		if (at.entry == root.entry && at.mount == root.mount)
			return;
		if (at.entry == mount_root) {
			u64 mount = at.mount - OFFSET(mount, mnt);
			u64 parent = word_at(mount + OFFSET(mount, mnt_parent));
			if (parent == mount || !parent)
				return;
			at.entry = word_at(mount + OFFSET(mount, mnt_mountpoint));
			at.mount = parent + OFFSET(mount, mnt);
			mount_root = word_at(at.mount + OFFSET(vfsmount, mnt_root));
			continue;
		}
		u64 name = word_at(at.entry + OFFSET(dentry, d_name) + OFFSET(qstr, name));
		u64 used = process->args_size + process->path_size;
		asm volatile("" : "+r"(used)); /* as in read_args() */
		if (used > ARGS_MAX + PATH_MAX)
			break;
		long size = bpf_probe_read_kernel_str(process->data + used, COMPONENT_SIZE,
						      (void *)name);
		if (size <= 0)
			break;
		process->path_size += size;
		u64 parent = word_at(at.entry + OFFSET(dentry, d_parent));
		if (parent == at.entry) /* memfd_create(): it stands nowhere */
			return;
		at.entry = parent;
	}
	process->head.flags |= FLAG_PATH_CUT;
}

/*
 * Whom the kernel takes for the parent now: whoever made the process, or, after that one ended,
 * whoever takes in its orphans.
 */
INLINE void read_parent(struct process_event *process, u64 task)
{
	u64 parent = word_at(task + OFFSET(task_struct, real_parent));
	u64 start = word_at(word_at(parent + TASK_GROUP_LEADER) + TASK_START);

	process->parent = half_word_at(parent + TASK_TGID);
	process->parent_image = start << 16 | (half_word_at(parent + TASK_EXECS) & 0xffff);
}

INLINE u32 namespace_at(u64 at)
{
	return half_word_at(at + OFFSET(ns_common, inum));
}

INLINE void read_process(struct process_event *process, u64 task)
{
	u64 memory = word_at(task + OFFSET(task_struct, mm));
	u64 namespaces = word_at(task + OFFSET(task_struct, nsproxy));
	u64 file = memory ? word_at(memory + OFFSET(mm_struct, exe_file)) : 0;

	process->start_ns = word_at(word_at(task + TASK_GROUP_LEADER) + TASK_START);
	process->cgroup = bpf_get_current_cgroup_id();
	process->netns = namespace_at(word_at(namespaces + OFFSET(nsproxy, net_ns)) +
				      OFFSET(net, ns));
	process->mntns = namespace_at(word_at(namespaces + OFFSET(nsproxy, mnt_ns)) +
				      OFFSET(mnt_namespace, ns));
	process->args_size = 0;
	process->path_size = 0;
	if (memory) /* else a thread of the kernel's */
		read_args(process, memory);
	if (file)
		read_path(process, task, file);
}

#endif

#endif
