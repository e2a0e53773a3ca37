// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is sent to an address without connect(), however it was seen (send_calls.c). A part of what
 * base.c begins.
 *
 * Most that is sent names no address, since the socket is connected: that is found out first, and
 * costs least. What is sent to the same place again is told once in a SEND_PERIOD, for each process
 * image and user. What is not asked for is left out without being counted, since what is sent again
 * and again would be counted each time.
 */

/* struct msghdr, both the kernel's and user space's, has these two first. */
struct message_head {
	u64 name;
	u32 length; /* of the name */
};

/* Who sends, and through which socket: found out once for all messages of one call. */
struct sender {
	u64 id;
	u64 image;
	u64 comm[2];
	struct socket_facts socket;
	u32 uid;
};

/*
 * What is worked on. Not on the stack, since the verifier follows what it knows of that: it would
 * go through a loop once for each combination.
 */
struct sending {
	struct sender sender;
	u64 next; /* message of a sendmmsg() that is not done */
	struct message_head message;
	u8 name[32];
	struct sent sent;
};

BPF_PERCPU_ARRAY(sendings, struct sending, 1);

/*
 * Returns whether what is sent is asked for, and can be traffic at all. `task`: see
 * report_connect().
 */
INLINE int find_sender(struct sender *sender, u64 task, u64 socket, int from_user)
{
	u64 id = caller_id(task);
	u32 tgid = id >> 32, uid;

	if (tgid == OWN_TGID)
		return 0;
	if (FILTERS & FILTER_PID && !wanted_pids.lookup(&tgid))
		return 0;
	if (FILTERS & FILTER_TREE && !is_in_tree(id))
		return 0;
	uid = caller_uid(task);
	if (FILTERS & FILTER_USER && !wanted_users.lookup(&uid))
		return 0;
	__builtin_memset(sender, 0, sizeof(*sender));
	read_socket(&sender->socket, task, socket, from_user);
	if (sender->socket.family == AF_UNIX || sender->socket.family == AF_NETLINK)
		return 0;
	sender->id = id;
	sender->uid = uid;
	sender->image = image_of(task);
	read_comm(sender->comm, task);
	return 1;
}

/*
 * The family that the kernel takes an address for: a packet socket's is one whatever it says
 * (packet_snd()), and UDP takes AF_UNSPEC for AF_INET (udp_sendmsg()).
 */
INLINE u16 family_meant(u16 family, u16 socket)
{
	if (socket == AF_PACKET || (socket == AF_INET && family == AF_UNSPEC))
		return socket;
	return family;
}

/*
 * Where a message goes to, from its name. Returns whether that is to be told: what the kernel
 * refuses or ignores is not. A length that is too short is none of the caller's, as at connect().
 */
INLINE int find_target(struct target *target, const struct sender *sender, const u8 *name,
		       u32 length, int fast_open)
{
	const struct socket_facts *socket = &sender->socket;
	const struct sockaddr_in6_head *in6 = (void *)name;
	u16 family = family_meant(in6->family, socket->family);
	u32 port = bpf_ntohs(in6->port), is_tcp;

	if (family == AF_UNSPEC || family == AF_UNIX || family == AF_NETLINK)
		return 0;
	target->family = family;
	target->socket_type = socket->type;
	target->protocol = socket->protocol;
	target->call = CALL_SEND;
	if (!is_inet(family)) {
		if (FILTERS & FILTER_PORT)
			return 0;
		if (family == AF_PACKET) {
			if (length < SOCKADDR_LL_SIZE)
				return 0;
			target->protocol = port; /* sll_protocol stands there */
		}
		__builtin_memcpy(target->address, name + 4, sizeof(target->address));
		return 1;
	}
	if (length < (family == AF_INET ? SOCKADDR_IN_SIZE : SOCKADDR_IN6_SIZE))
		return 0;
	if (is_portless(socket))
		port = 0;
	else if (!port && socket->type)
		return 0;
	if (FILTERS & FILTER_PORT && !wanted_ports.lookup(&port))
		return 0;
	target->port = port;
	is_tcp = socket->protocol == IPPROTO_TCP || socket->protocol == IPPROTO_MPTCP;
	if (socket->type != SOCK_RAW && is_tcp && !fast_open)
		return 0; /* TCP looks at no address otherwise: tcp_sendmsg_locked() */
	if (fast_open && (is_tcp || !socket->type))
		target->call = CALL_FASTOPEN;
	if (family == AF_INET)
		__builtin_memcpy(target->address, name + 4, 4);
	else
		__builtin_memcpy(target->address, name + 8, sizeof(target->address));
	return 1;
}

/* One message, which has a name. `introduced`: its process image has been told. */
INLINE void report_send(struct sending *sending, u64 task, int fast_open, int introduced,
			int from_user)
{
	const struct sender *sender = &sending->sender;
	struct sent *sent = &sending->sent;
	u32 length = sending->message.length;
	u64 size = length < 28 ? length : 28; /* sizeof(struct sockaddr_in6) */
	u64 now, *told = 0;

	/* A short name must not end in what another one left there. */
	__builtin_memset(sending->name, 0, sizeof(sending->name));
	asm volatile("" : "+r"(size)); /* as in report_connect() */
	if (read(sending->name, size & (sizeof(sending->name) - 1), (void *)sending->message.name,
		 from_user))
		goto lost;
	__builtin_memset(sent, 0, sizeof(*sent));
	if (!find_target(&sent->target, sender, sending->name, length, fast_open))
		return;
	now = bpf_ktime_get_ns();
	sent->image = sender->image;
	sent->tgid = sender->id >> 32;
	sent->uid = sender->uid;
	/* A connection is told each time. */
	if (sent->target.call == CALL_SEND) {
		told = told_sends.lookup(sent);
		if (told && now - *told < SEND_PERIOD)
			return;
	}
	if (!introduced)
		introduce(task, sender->id, sender->uid, sender->image, 0);
	if (!report_call(&sent->target, sender->comm, sender->id, sender->uid, sender->image))
		goto lost;
	if (told)
		*told = now;
	else if (sent->target.call == CALL_SEND)
		told_sends.update(sent, &now);
	return;
lost:
	count(COUNT_LOST);
}

/* `socket`: see read_socket(). */
INLINE int report_message(u64 socket, u64 name, u32 length, int fast_open, int from_user)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	int zero = 0;
	struct sending *sending;

	if (!name || length < sizeof(u16))
		return 0;
	sending = sendings.lookup(&zero);
	if (!sending || !find_sender(&sending->sender, task, socket, from_user))
		return 0;
	sending->message.name = name;
	sending->message.length = length;
	report_send(sending, task, fast_open, 0, from_user);
	return 0;
}
