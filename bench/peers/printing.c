// SPDX-License-Identifier: GPL-2.0-only
/* connect() and getaddrinfo() as BCC's own small tools watch them: a perf buffer for each. */
#include <uapi/linux/ptrace.h>
#include <linux/types.h>

#define AF_INET 2
#define AF_INET6 10
#define COMM_SIZE 16
#define NAME_SIZE 80

struct connect_event {
	u64 ts_ns;
	u32 pid, uid;
	u16 family, port;
	u8 address[16];
	char comm[COMM_SIZE];
};

struct name_event {
	u64 ts_ns, took_ns;
	u32 pid;
	char comm[COMM_SIZE];
	char name[NAME_SIZE];
};

struct lookup {
	u64 began_ns;
	u64 name;
};

BPF_PERF_OUTPUT(connects);
BPF_PERF_OUTPUT(names);
BPF_HASH(lookups, u64, struct lookup);

/* tracing/events/syscalls/sys_enter_connect/format */
struct sys_enter_connect {
	u64 common;
	u64 syscall_nr;
	u64 fd;
	u64 address;
	u64 length;
};

struct sockaddr_head {
	u16 family, port;
	u8 in[4];
	u8 in6[16];
};

int on_connect(struct sys_enter_connect *ctx)
{
	struct sockaddr_head there = {};
	struct connect_event event = {};

	bpf_probe_read_user(&there, sizeof(there.family) + 6, (void *)ctx->address);
	event.family = there.family;
	if (there.family == AF_INET6)
		bpf_probe_read_user(event.address, 16, (void *)(ctx->address + 8));
	else if (there.family == AF_INET)
		__builtin_memcpy(event.address, there.in, sizeof(there.in));
	else
		return 0;
	event.ts_ns = bpf_ktime_get_ns();
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.uid = (u32)bpf_get_current_uid_gid();
	event.port = bpf_ntohs(there.port);
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	connects.perf_submit(ctx, &event, sizeof(event));
	return 0;
}

int on_lookup(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct lookup lookup = {.began_ns = bpf_ktime_get_ns(), .name = PT_REGS_PARM1(ctx)};

	if (lookup.name)
		lookups.update(&id, &lookup);
	return 0;
}

int on_lookup_return(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct lookup *lookup = lookups.lookup(&id);
	struct name_event event = {};

	if (!lookup)
		return 0;
	event.ts_ns = bpf_ktime_get_ns();
	event.took_ns = event.ts_ns - lookup->began_ns;
	event.pid = id >> 32;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_probe_read_user_str(event.name, sizeof(event.name), (void *)lookup->name);
	names.perf_submit(ctx, &event, sizeof(event));
	lookups.delete(&id);
	return 0;
}
