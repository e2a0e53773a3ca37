// SPDX-License-Identifier: GPL-2.0-only
/* The programs at connect(). A part of what base.c begins. */

/* Tell of a call whose process image has been told. Returns its time; 0: there was no room. */
INLINE u64 report_call(const struct target *target, const u64 *comm, u64 id, u32 uid, u64 image)
{
	struct event *event = events.ringbuf_reserve(sizeof(struct event));
	if (!event)
		return 0;
	fill(event, EVENT_CONNECT, id, uid, image);
	__builtin_memcpy(event->comm, comm, COMM_SIZE);
	if (is_in_lookup(id))
		event->flags = FLAG_IN_LOOKUP;
	__builtin_memcpy(&event->address, target, sizeof(*target));
	u64 ts_ns = event->ts_ns;
	events.ringbuf_submit(event, wakeup_flag());
	return ts_ns;
}

/*
 * One connect(). A length that is too short for its family makes the kernel refuse the call, and
 * what lies behind it is not the caller's: it is not read and not reported. `socket`: see
 * read_socket(). `task`: struct task_struct * where its layout is known, else 0.
 *
 * Each helper that is called costs some 20 to 100 ns, so none is called twice, nor before it is
 * known that it must be: a process that is filtered out pays for one or two.
 */
INLINE int report_connect(u64 socket, const void *address, u32 length, int from_user)
{
	union {
		struct sockaddr_in6_head in6;
		u8 room[32];
	} sockaddr = {};
	struct sockaddr_in6_head in6;
	struct socket_facts facts = {};
	struct target target = {};
	u64 size = length < sizeof(in6) ? length : sizeof(in6);
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u64 comm[2];
	u32 tgid = id >> 32, uid, port = 0;

	if (tgid == OWN_TGID || length < sizeof(in6.family))
		return 0;
	if (FILTERS & FILTER_PID && !wanted_pids.lookup(&tgid))
		goto filtered;
	if (FILTERS & FILTER_TREE && !is_in_tree(id))
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
	if (is_inet(in6.family)) {
		if (length < (in6.family == AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE))
			return 0;
		port = bpf_ntohs(in6.port);
	}
	/* Port 0 is no port that was asked for. */
	if (FILTERS & FILTER_PORT && !wanted_ports.lookup(&port))
		goto filtered;
	read_socket(&facts, task, socket, from_user);
	if (is_inet(in6.family)) {
		if (is_portless(&facts))
			port = 0;
		else if (!port)
			return 0;
	}
	target.family = in6.family;
	target.port = port;
	target.protocol = facts.protocol;
	target.socket_type = facts.type;
	if (in6.family == AF_INET)
		__builtin_memcpy(target.address, &in6.flowinfo, 4); /* sin_addr stands there */
	else if (in6.family == AF_INET6)
		__builtin_memcpy(target.address, in6.address, sizeof(target.address));

	u64 image = image_of(task);
	introduce(task, id, uid, image, 0);
	read_comm(comm, task);
	u64 ts_ns = report_call(&target, comm, id, uid, image);
	if (ts_ns) {
		int is_stream = is_inet(in6.family) && facts.type == SOCK_STREAM;
		connect_begins(id, ts_ns, in6.family, is_stream ? facts.sock : 0);
		return 0;
	}
unreadable:
	count(COUNT_LOST);
	return 0;
filtered:
	count(COUNT_FILTERED);
	return 0;
}

/* int security_socket_connect(struct socket *, struct sockaddr *address, int addrlen) */
int on_security_socket_connect(struct pt_regs *ctx)
{
	return report_connect(PT_REGS_PARM1(ctx), (void *)PT_REGS_PARM2(ctx),
			      (u32)PT_REGS_PARM3(ctx), 0);
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
	return report_connect(ctx->fd, (void *)ctx->address, (u32)ctx->length, 1);
}
