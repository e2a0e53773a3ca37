// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs where something is sent: they find the messages of a call, and sends.c tells of them.
 * A part of what base.c begins.
 */

#define MSG_FASTOPEN 0x20000000 /* include/linux/socket.h */

/* int security_socket_sendmsg(struct socket *, struct msghdr *, int size) */
int on_security_socket_sendmsg(struct pt_regs *ctx)
{
	struct message_head message = {};
	u32 flags = 0;

	if (bpf_probe_read_kernel(&message, sizeof(message), (void *)PT_REGS_PARM2(ctx)))
		return 0;
	if (!message.name)
		return 0;
#ifdef HAS_OFFSETS
	flags = half_word_at(PT_REGS_PARM2(ctx) + OFFSET(msghdr, msg_flags));
#endif
	return report_message(PT_REGS_PARM1(ctx), message.name, message.length,
			      flags & MSG_FASTOPEN, 0);
}

/* tracing/events/syscalls/sys_enter_sendto/format */
struct sys_enter_sendto {
	u64 common;
	u64 syscall_nr;
	u64 fd;
	u64 buffer;
	u64 size;
	u64 flags;
	u64 address;
	u64 length;
};

int on_sys_enter_sendto(struct sys_enter_sendto *ctx)
{
	return report_message(ctx->fd, ctx->address, ctx->length, ctx->flags & MSG_FASTOPEN, 1);
}

/* tracing/events/syscalls/sys_enter_sendmsg/format */
struct sys_enter_sendmsg {
	u64 common;
	u64 syscall_nr;
	u64 fd;
	u64 message;
	u64 flags;
};

int on_sys_enter_sendmsg(struct sys_enter_sendmsg *ctx)
{
	struct message_head message = {};

	if (read_user(&message, sizeof(message), (void *)ctx->message)) {
		count(COUNT_LOST);
		return 0;
	}
	return report_message(ctx->fd, message.name, message.length, ctx->flags & MSG_FASTOPEN, 1);
}

/* tracing/events/syscalls/sys_enter_sendmmsg/format */
struct sys_enter_sendmmsg {
	u64 common;
	u64 syscall_nr;
	u64 fd;
	u64 messages;
	u64 count;
	u64 flags;
};

#define MMSGHDR_SIZE 64	  /* sizeof(struct mmsghdr), 64 bits */
#define MESSAGES_MAX 1024 /* UIO_MAXIOV: the kernel looks at no more */

/*
 * Messages of one sendmmsg() that one run of its program goes through: each takes the verifier 5
 * ms. The rest is for further runs, 33 of them; what even they leave is counted as lost.
 */
#define MESSAGES_AT_ONCE 8
BPF_PROG_ARRAY(more_messages, 1);

/*
 * All messages of one call. Whoever sends is found out, and told, ahead of the loop: there it would
 * be more than the verifier follows.
 */
int on_sys_enter_sendmmsg(struct sys_enter_sendmmsg *ctx)
{
	int fast_open = ctx->flags & MSG_FASTOPEN, zero = 0;
	struct sending *sending = sendings.lookup(&zero);
	u64 task = HAS_LAYOUT ? current_task() : 0, next, end;
	struct sender *sender;

	if (!sending)
		return 0;
	sender = &sending->sender;
	end = (u32)ctx->count < MESSAGES_MAX ? (u32)ctx->count : MESSAGES_MAX;
	next = sending->next;
	sending->next = 0;
	if (!next) {
		if (!find_sender(sender, task, ctx->fd, 1))
			return 0;
		introduce(task, sender->id, sender->uid, sender->image, 0);
	}
#pragma clang loop unroll(disable)
	for (int i = 0; i < MESSAGES_AT_ONCE; i++) {
		if (next >= end)
			return 0;
		if (read_user(&sending->message, sizeof(sending->message),
			      (void *)(ctx->messages + next * MMSGHDR_SIZE)))
			goto lost;
		next++;
		if (sending->message.name && sending->message.length >= sizeof(u16))
			report_send(sending, 0, fast_open, 1, 1);
	}
	if (next >= end)
		return 0;
	sending->next = next;
	more_messages.call(ctx, 0);
	sending->next = 0;
lost:
	/* None of them may have had a name: that is not known. */
	count_more(COUNT_LOST, end - next);
	return 0;
}
