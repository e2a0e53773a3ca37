// SPDX-License-Identifier: GPL-2.0-only
/* The programs at connect()'s return, which goes on in outcome.c. A part of what base.c begins. */
#ifdef HAS_SOCKETS

/* tracing/events/syscalls/sys_exit_connect/format */
struct sys_exit_connect {
	u64 common;
	u64 syscall_nr;
	long result;
};

int on_sys_exit_connect(struct sys_exit_connect *ctx)
{
	return connect_ends(ctx->result);
}

/* At a function's return, its arguments come first. */
struct returned_system_call {
	u64 registers;
	long result;
};

struct returned_connect_file {
	u64 file, address, length, flags;
	long result;
};

/* The system call itself: spares every other call of the machine what a tracepoint at one costs. */
int on_system_call_return(struct returned_system_call *ctx)
{
	return connect_ends((int)ctx->result);
}

/* What io_uring calls as well. */
int on_connect_file_return(struct returned_connect_file *ctx)
{
	return connect_ends((int)ctx->result);
}

#endif
