// SPDX-License-Identifier: GPL-2.0-only
/*
 * What became of a connect(). A part of what base.c begins.
 *
 * Two things tell it: a stream's socket by its states (states.c), and everything else by what
 * connect() returns (returns.c).
 *
 * Most calls connect a datagram socket, and that succeeds at once. Nothing is told of these: user
 * space takes a connect() for one that succeeded unless it hears otherwise, and it hears
 * OUTCOME_BEGUN of each that can take longer.
 */

/*
 * `waited`: how long it took says something. `socket`: 0, or whose own end is told. An outcome that
 * has no place in the ring is counted, so that user space knows not to guess.
 */
INLINE void tell_outcome(u64 ts_ns, u32 tgid, u32 tid, u32 result, int waited, u64 socket)
{
	struct outcome_event *event = events.ringbuf_reserve(sizeof(struct outcome_event));

	if (!event) {
		count_shared(COUNT_OUTCOMES_LOST);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->ts_ns = ts_ns;
	event->kind = EVENT_OUTCOME;
	event->tgid = tgid;
	event->tid = tid;
	event->result = result;
	if (waited)
		event->latency_ns = bpf_ktime_get_ns() - ts_ns;
#ifdef HAS_SOCKETS
	if (socket) {
		u16 family = 0;
		__be16 port = 0;
		bpf_probe_read_kernel(&family, sizeof(family),
				      (void *)socket + OFFSET(sock_common, skc_family));
		/* skc_num is 0 again by the time that a socket is closed. */
		bpf_probe_read_kernel(&port, sizeof(port),
				      (void *)socket + OFFSET(inet_sock, inet_sport));
		if (family == AF_INET)
			bpf_probe_read_kernel(event->address, 4,
					      (void *)socket + OFFSET(sock_common, skc_rcv_saddr));
		else if (family == AF_INET6)
			bpf_probe_read_kernel(event->address, 16,
					      (void *)socket +
						      OFFSET(sock_common, skc_v6_rcv_saddr));
		/* One that never got so far, or was let go of again, has no address to tell. */
		u64 *address = (u64 *)event->address;
		if (port && (address[0] || address[1])) {
			event->family = family;
			event->port = bpf_ntohs(port);
		} else {
			address[0] = address[1] = 0;
		}
	}
#endif
	events.ringbuf_submit(event, wakeup_flag());
}

/*
 * A connect() was told. To keep it in a hash by thread would cost it 300 ns; a place in an array
 * costs 10, and two threads whose numbers end alike are seldom in a connect() both. `stream`: the
 * struct sock * of a stream's socket, else 0.
 */
INLINE void connect_begins(u64 id, u64 ts_ns, u16 family, u64 stream)
{
	u32 tid = id, place = tid & (CONNECTING_PLACES - 1);
	struct connecting *connecting;

	if (!OUTCOMES)
		return;
	connecting = connectings.lookup(&place);
	if (!connecting)
		return;
	/* Another thread's, or one whose return was not seen: nobody will tell its end now. */
	if (connecting->ts_ns && connecting->phase != PHASE_SOCKET)
		tell_outcome(connecting->ts_ns, 0, connecting->tid, OUTCOME_UNKNOWN, 0, 0);
	int again = connecting->again && connecting->tid == tid;
	connecting->ts_ns = ts_ns;
	connecting->tid = tid;
	connecting->socket = stream;
	connecting->again = 0;
	connecting->phase = PHASE_ENTERED;
	/* What may have to wait, and has no states that are seen. */
	if (again || !(family == AF_INET || family == AF_INET6 || family == AF_NETLINK ||
		       family == AF_PACKET)) {
		connecting->phase = PHASE_TOLD;
		tell_outcome(ts_ns, id >> 32, tid, OUTCOME_BEGUN, 0, 0);
	}
}

#ifdef HAS_SOCKETS

/* The connect() that this thread is in; 0 where it is in none that was told. */
INLINE struct connecting *connecting_of(u64 id)
{
	u32 tid = id, place = tid & (CONNECTING_PLACES - 1);
	struct connecting *connecting = connectings.lookup(&place);

	if (!connecting || !connecting->ts_ns || connecting->tid != tid)
		return 0;
	return connecting;
}

INLINE u8 state_of(u64 socket)
{
	u8 state = 0;
	bpf_probe_read_kernel(&state, sizeof(state),
			      (void *)socket + OFFSET(sock_common, skc_state));
	return state;
}

/* Whether connect() returns so while its socket may still be waiting for an answer. */
INLINE int goes_on(long result)
{
	return result == -EINPROGRESS || result == -EALREADY || result == -EINTR ||
	       result == -ERESTARTSYS;
}

/*
 * A stream's connect() returned, and no change of its socket's state was seen. The kernel skips a
 * program that is interrupted by itself: from Linux 7.0 on, also in a thread that lost its
 * processor in the midst of it. What the call returns then stands in for what was missed.
 */
INLINE void stream_ends_unseen(struct connecting *connecting, u64 ts_ns, u64 id, long result)
{
	u64 socket = connecting->socket;
	struct awaited awaited = {.ts_ns = ts_ns, .tid = id, .tgid = id >> 32};

	/* One that is awaited already is a former connect()'s, which this one does not end. */
	if (goes_on(result) && state_of(socket) == TCP_SYN_SENT &&
	    !awaiteds.insert(&socket, &awaited)) {
		connecting->again = result == -ERESTARTSYS;
		tell_outcome(ts_ns, awaited.tgid, awaited.tid, OUTCOME_BEGUN, 0, 0);
		/* Its end may have come before it was awaited. */
		if (state_of(socket) == TCP_SYN_SENT || awaiteds.delete(&socket))
			return;
		result = state_of(socket) == TCP_CLOSE ? result : 0;
	} else if (result == 0 && state_of(socket) == TCP_CLOSE) {
		return; /* nothing was sent: TCP_FASTOPEN_CONNECT */
	}
	tell_outcome(ts_ns, awaited.tgid, awaited.tid, -result, result == 0,
		     result == 0 ? socket : 0);
}

/* connect() returned `result`, 0 or a negative errno. */
INLINE int connect_ends(long result)
{
	u64 id = bpf_get_current_pid_tgid();
	struct connecting *connecting = connecting_of(id);
	u64 ts_ns, socket;

	if (!connecting)
		return 0;
	ts_ns = connecting->ts_ns;
	socket = connecting->socket;
	connecting->ts_ns = 0;
	if (connecting->phase == PHASE_SOCKET) {
		connecting->again = result == -ERESTARTSYS;
		/* Whose end was not seen, see above, is awaited still. */
		if (!goes_on(result) && !awaiteds.delete(&socket))
			tell_outcome(ts_ns, id >> 32, id, -result, 1, socket);
		return 0;
	}
	if (connecting->phase == PHASE_ENTERED && socket && (result == 0 || goes_on(result))) {
		stream_ends_unseen(connecting, ts_ns, id, result);
		return 0;
	}
	if (result == 0 && connecting->phase == PHASE_ENTERED)
		return 0;
	/* A stream that was refused before any change of its state was seen is still bound. */
	if (connecting->phase != PHASE_ENTERED)
		socket = 0;
	tell_outcome(ts_ns, id >> 32, id, -result, connecting->phase == PHASE_TOLD, socket);
	return 0;
}

#endif
