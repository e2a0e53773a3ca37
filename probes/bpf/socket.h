/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of socket a call is made on. As in process.h, where things lie comes from the kernel's
 * type information; without it nothing is known of a socket.
 */
#ifndef SOCK_TUI_SOCKET_H
#define SOCK_TUI_SOCKET_H

#include "call.h"

#ifdef HAS_OFFSETS

#ifdef CAST_FUNCTION
/*
 * What lies at `at`, as a struct socket: by void *bpf_rdonly_cast(const void *, u32 type), from
 * Linux 6.2 on. It costs nothing, and what was cast can be read without a helper, each of which
 * takes 50 ns; 0 is read where there is no memory. How it is called: probes/kernel/bytecode.py.
 */
static u64 (*cast)(u64 at, u64 type) = (void *)(KERNEL_FUNCTION | CAST_FUNCTION);

INLINE u64 as_socket(u64 at)
{
	return WITHOUT_CAST ? at : cast(at, SOCKET_TYPE);
}

/* The struct file * that stands at `place`, as one does in a struct socket. */
INLINE u64 file_at(u64 place)
{
	if (WITHOUT_CAST)
		return word_at(place);
	return FIELD(u64, as_socket(place - OFFSET(socket, file)), OFFSET(socket, file));
}

#define WORD(at, offset)                                                                           \
	(WITHOUT_CAST ? word_at((at) + (offset)) : FIELD(u64, at, offset))
#define SHORT(at, offset)                                                                          \
	(WITHOUT_CAST ? (u16)half_word_at((at) + (offset)) : FIELD(u16, at, offset))
#else
INLINE u64 as_socket(u64 at)
{
	return at;
}

INLINE u64 file_at(u64 place)
{
	return word_at(place);
}

#define WORD(at, offset) word_at((at) + (offset))
#define SHORT(at, offset) (u16)half_word_at((at) + (offset))
#endif

/* The struct file * of the calling thread's descriptor; 0 where there is none. */
INLINE u64 file_of(u64 task, u32 number)
{
	u64 table, files, most;

	if (HAS_LAYOUT) {
		table = FIELD(u64, FIELD(u64, task, OFFSET(task_struct, files)),
			      OFFSET(files_struct, fdt));
		most = FIELD(u32, table, OFFSET(fdtable, max_fds));
		files = FIELD(u64, table, OFFSET(fdtable, fd));
	} else {
		task = bpf_get_current_task();
		table = word_at(word_at(task + OFFSET(task_struct, files)) +
				OFFSET(files_struct, fdt));
		most = half_word_at(table + OFFSET(fdtable, max_fds));
		files = word_at(table + OFFSET(fdtable, fd));
	}
	return number < most ? file_at(files + number * sizeof(u64)) : 0;
}

/*
 * `socket`: a struct socket *, or with `from_user` the calling thread's descriptor. `task`: see
 * report_connect().
 */
INLINE void read_socket(struct socket_facts *facts, u64 task, u64 socket, int from_user)
{
	u64 file = 0, sock;

	if (from_user) {
		file = file_of(task, socket);
		if (!file)
			return;
		socket = WORD(file, OFFSET(file, private_data));
	}
	socket = as_socket(socket);
	/* Whatever else a file may be, what it has does not lead back to it. */
	if (from_user && WORD(socket, OFFSET(socket, file)) != file)
		return;
	sock = WORD(socket, OFFSET(socket, sk));
	if (!sock)
		return;
	facts->sock = sock;
	facts->type = SHORT(sock, OFFSET(sock, sk_type));
	facts->protocol = SHORT(sock, OFFSET(sock, sk_protocol));
	facts->family = SHORT(sock, OFFSET(sock, __sk_common) + OFFSET(sock_common, skc_family));
}

#else

INLINE void read_socket(struct socket_facts *facts, u64 task, u64 socket, int from_user)
{
}

#endif

#endif
