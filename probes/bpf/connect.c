// SPDX-License-Identifier: GPL-2.0-only
/* The programs at connect(). A part of what base.c begins. */

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
