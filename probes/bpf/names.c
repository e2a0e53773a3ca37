// SPDX-License-Identifier: GPL-2.0-only
/* What lookups tell, however they were watched. A part of what base.c begins. */

/*
 * Who asked for a name. Found out once, ahead of the loops over results: what is read from the
 * kernel's structures costs the verifier ten times as much as any other step.
 */
struct asker {
	u64 id;
	u64 image;
	u64 comm[2];
	u64 uid;
};

INLINE void find_asker(struct asker *asker, u64 id, u64 task)
{
	asker->id = id;
	asker->image = image_of(task);
	asker->uid = caller_uid(task);
	read_comm(asker->comm, task);
}

/* One address that a name has, of 16 bytes. Returns whether there was room to tell. */
INLINE int report_name(const u64 *address, u16 family, const char *name, const struct asker *asker)
{
	struct name_event *event = events.ringbuf_reserve(sizeof(struct name_event));
	if (!event)
		return 0;
	fill(&event->head, EVENT_NAME, asker->id, asker->uid, asker->image);
	__builtin_memcpy(event->head.comm, asker->comm, COMM_SIZE);
	event->head.family = family;
	event->head.protocol = event->head.call = event->head.socket_type = 0;
	event->head.port = 0;
	__builtin_memcpy(event->head.address, address, sizeof(event->head.address));
	/* Not copied by this program: the verifier would follow 64 instructions, time and again. */
	bpf_probe_read_kernel(event->name, NAME_SIZE, name);
	/* The connection that follows wakes the reader. */
	events.ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 1;
}

/*
 * A name event for each address of a list that getaddrinfo() made. `strict`: it may be something
 * else, and is left alone from where it shows; what cannot be read is no loss then. glibc and musl
 * put an address right behind its entry (sysdeps/posix/getaddrinfo.c, src/network/lookup.h).
 *
 * Returns whether there was nothing more to tell.
 */
INLINE int report_list(u64 next, const char *name, u64 id, u64 task, int strict)
{
	struct addrinfo_head entry = {};
	u64 previous[2] = {~0ULL, ~0ULL}; /* no address that anyone is given */
	struct asker asker = {};

	find_asker(&asker, id, task);
	/* Unrolled, it takes the verifier half as long again at every start. */
#pragma clang loop unroll(disable)
	for (int i = 0; i < RESULTS_MAX && next; i++) {
		u64 address[4] = {}; /* half of it is used, but the verifier does not know */
		u64 at = next;
		u32 size;

		if (read_user(&entry, sizeof(entry), (void *)at))
			return strict;
		next = entry.next;
		if (!is_address(&entry) || (strict && entry.address != at + sizeof(entry))) {
			if (strict)
				return 1;
			continue;
		}
		size = address_size(&entry);
		if (read_user(address, size & 31, (void *)entry.address + address_offset(size)))
			return strict;
		/*
		 * The same address for another socket type. Comparing the family as well would
		 * make the verifier follow every sequence of families, for seconds.
		 */
		if (!((previous[0] ^ address[0]) | (previous[1] ^ address[1])))
			continue;
		previous[0] = address[0];
		previous[1] = address[1];
		if (!report_name(address, entry.family, name, &asker))
			return 0;
	}
	return !next;
}

/*
 * Report what a lookup found whose return nobody saw, if it has returned by now: *results then
 * leads to another list than when it began. Where malloc() gave the new list an old one's place,
 * only who frees it can tell (`freed`, else 0): a lookup that fails leaves *results as it was, and
 * nobody frees what it did not get. A list that was reported and is still there is an earlier
 * lookup's, whatever variable leads to it.
 *
 * Returns whether it is over.
 */
INLINE int report_returned(struct begun *lookup, u64 id, u64 task, u64 freed)
{
	int zero = 0;
	u64 list = 0;

	if (read_user(&list, sizeof(list), (void *)lookup->results) || !list)
		return 0;
	if (list == lookup->told || (freed && list != freed))
		return 0;
	if (list == lookup->list && (!freed || digest(list) == lookup->contents))
		return 0;
	if (!lookup->name[0])
		read_user_text(lookup->name, NAME_SIZE, (void *)lookup->node);
	if (lookup->name[0] && !report_list(list, lookup->name, id, task, 1))
		count_shared(COUNT_NAMES_LOST);
	lookup->results = 0;
	lookup->told = list;
	lookups_begun.atomic_increment(zero, -1);
	return 1;
}

/* The thread's lookup of which only the beginning was seen, unless it has been given up. */
INLINE struct begun *lookup_begun(u64 id)
{
	int zero = 0;
	u64 *count = lookups_begun.lookup(&zero);
	struct begun *begun;

	if (!count || !*count)
		return 0;
	begun = lookups_alone.lookup(&id);
	if (!begun || !begun->results || begun->ts_ns + PATIENCE_NS < bpf_ktime_get_ns())
		return 0;
	return begun;
}

/* Whether the thread is inside getaddrinfo(), or may be. */
INLINE int is_in_lookup(u64 id)
{
	int zero = 0;
	u64 *count = lookups_begun.lookup(&zero);
	/* Most of the time nobody is, and looking into the hash costs 130 ns. */
	if (!count || !*count)
		return 0;
	if (WITHOUT_RETURNS)
		return lookup_begun(id) != 0;
	struct lookup *lookup = lookups.lookup(&id);
	return lookup && lookup->results;
}
