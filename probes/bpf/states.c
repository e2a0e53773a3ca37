// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of a stream's connect(). A part of what base.c begins; goes on from outcome.c.
 *
 * Its socket goes from CLOSE to SYN_SENT in the thread that connects, inside the call, and on to
 * ESTABLISHED or CLOSE whenever an answer comes, wherever that is worked on.
 */
#ifdef HAS_SOCKETS

INLINE int socket_begins(u64 socket)
{
	u64 id = bpf_get_current_pid_tgid();
	struct connecting *connecting = connecting_of(id);
	struct awaited awaited = {};

	if (!connecting)
		return 0;
	awaited.ts_ns = connecting->ts_ns;
	awaited.tid = id;
	awaited.tgid = id >> 32;
	if (awaiteds.update(&socket, &awaited)) {
		tell_outcome(awaited.ts_ns, awaited.tgid, awaited.tid, OUTCOME_UNKNOWN, 0, 0);
		return 0;
	}
	connecting->socket = socket;
	connecting->phase = PHASE_SOCKET;
	tell_outcome(awaited.ts_ns, awaited.tgid, awaited.tid, OUTCOME_BEGUN, 0, 0);
	return 0;
}

INLINE int socket_ends(u64 socket, u64 state)
{
	struct awaited *found = awaiteds.lookup(&socket);
	struct awaited awaited;
	u32 result = 0;

	if (!found)
		return 0;
	awaited = *found;
	awaiteds.delete(&socket);
	if (state != TCP_ESTABLISHED) {
		result = half_word_at(socket + OFFSET(sock, sk_err));
		if (!result) {
			/* connect() itself gives up, and will say why; or the owner closes it. */
			struct connecting *connecting =
				connecting_of(bpf_get_current_pid_tgid());
			if (connecting && connecting->socket == socket &&
			    connecting->phase == PHASE_SOCKET) {
				connecting->phase = PHASE_TOLD;
				return 0;
			}
			result = OUTCOME_ABANDONED;
		}
	}
	tell_outcome(awaited.ts_ns, awaited.tgid, awaited.tid, result, 1, socket);
	return 0;
}

/* trace/events/sock.h: inet_sock_set_state(const struct sock *, const int old, const int new) */
struct inet_sock_set_state {
	u64 socket;
	u64 old;
	u64 new;
};

/* For every state of every connection of the machine: most of them end here at once. */
int on_inet_sock_set_state(struct inet_sock_set_state *ctx)
{
	u32 old = ctx->old, new = ctx->new, zero = 0;
	u64 socket = ctx->socket, *crossed;

	if (new == TCP_SYN_SENT)
		return socket_begins(socket);
	if (old != TCP_SYN_SENT && old != TCP_SYN_RECV)
		return 0;
	/*
	 * Two that connect to each other, or one to itself: SYN_SENT, SYN_RECV, ESTABLISHED. All
	 * connections that come in go through SYN_RECV too; they are looked for only while there
	 * are such.
	 */
	crossed = crossings.lookup(&zero);
	if (!crossed || (old == TCP_SYN_RECV && !*crossed))
		return 0;
	if (new == TCP_SYN_RECV) {
		__sync_fetch_and_add(crossed, 1);
		return 0;
	}
	if (old == TCP_SYN_RECV) {
		if (!awaiteds.lookup(&socket))
			return 0;
		__sync_fetch_and_add(crossed, -1);
	}
	return socket_ends(socket, new);
}

#endif
