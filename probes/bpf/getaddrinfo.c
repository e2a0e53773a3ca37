// SPDX-License-Identifier: GPL-2.0-only
/* The programs at getaddrinfo() and freeaddrinfo(). A part of what base.c begins. */

/* int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
 *                 struct addrinfo **res) */
int on_getaddrinfo(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid();
	struct lookup lookup = {.results = PT_REGS_PARM4(ctx), .node = PT_REGS_PARM1(ctx)};
	struct lookup *earlier;
	int zero = 0, begins;

	stay_on_own_stack(ctx);
	if (!lookup.node || !lookup.results || id >> 32 == OWN_TGID)
		return 0;
	earlier = lookups.lookup(&id);
	/* Where containers share a libc's file, it may have the probe twice. */
	begins = !earlier || !earlier->results;
	if (earlier) {
		*earlier = lookup;
	} else if (lookups.update(&id, &lookup)) {
		count_shared(COUNT_NAMES_LOST);
		return 0;
	}
	if (begins)
		lookups_begun.atomic_increment(zero);
	return 0;
}

int on_getaddrinfo_return(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct lookup *lookup = lookups.lookup(&id);
	char name[NAME_SIZE] = {};
	u64 list = 0;
	long length;
	int zero = 0;

	stay_on_own_stack(ctx);
	if (!lookup || !lookup->results)
		return 0;
	/* A call that failed leaves anything at all in *res. */
	if ((int)PT_REGS_RC(ctx) != 0)
		goto done;
	if (read_user(&list, sizeof(list), (void *)lookup->results))
		goto failed;
	length = read_user_text(name, sizeof(name), (void *)lookup->node);
	if (length < 0)
		goto failed;
	if (length <= 1)
		goto done;
	if (report_list(list, name, id, task, 0))
		goto done;

failed:
	count_shared(COUNT_NAMES_LOST);
done:
	lookup->results = 0;
	lookups_begun.atomic_increment(zero, -1);
	return 0;
}

/*
 * getaddrinfo() without a probe on its return: its list is read when the thread looks up the next
 * name, connects, or frees it, whichever comes first. A name is missed where the caller's pointer
 * holds something else by then, and is never told for a list that was there before.
 */
int on_getaddrinfo_alone(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u32 tgid = id >> 32, tid = (u32)id;
	u64 node = PT_REGS_PARM1(ctx), results = PT_REGS_PARM4(ctx);
	int zero = 0;
	struct begun *begun, *none = no_lookup.lookup(&zero);

	stay_on_own_stack(ctx);
	if (!none || tgid == OWN_TGID)
		return 0;
	begun = lookups_alone.lookup(&id);
	if (begun && begun->results) {
		if (begun->ts_ns + PATIENCE_NS < bpf_ktime_get_ns() ||
		    !report_returned(begun, id, task, 0)) {
			begun->results = 0;
			lookups_begun.atomic_increment(zero, -1);
		}
	}
	if (!node || !results)
		return 0;
	if (!begun) {
		lookups_alone.update(&id, none);
		begun = lookups_alone.lookup(&id);
		if (!begun) {
			count_shared(COUNT_NAMES_LOST);
			return 0;
		}
	}
	begun->node = node;
	begun->ts_ns = bpf_ktime_get_ns();
	begun->list = 0;
	read_user(&begun->list, sizeof(begun->list), (void *)results);
	begun->contents = digest(begun->list);
	begun->name[0] = 0;
	read_user_text(begun->name, NAME_SIZE, (void *)node);
	begun->results = results;
	last_lookups.update(&tgid, &tid);
	lookups_begun.atomic_increment(zero);
	return 0;
}

/*
 * At each connect() too, by a program of its own: the verifier does not get to the end of both in
 * one. Which of the two runs first is the kernel's choice. Where it is this one, the connection
 * follows its name; otherwise it counts as one of getaddrinfo()'s own, which wait for their name.
 */
int on_connect_alone(void *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct begun *begun = lookup_begun(id);

	if (begun)
		report_returned(begun, id, task, 0);
	return 0;
}

/* void freeaddrinfo(struct addrinfo *list): some programs do it in another thread. */
int on_freeaddrinfo(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	u64 list = PT_REGS_PARM1(ctx);
	u32 tgid = id >> 32, *tid;
	struct begun *begun = lookups_alone.lookup(&id);

	stay_on_own_stack(ctx);
	if (!begun || (!begun->results && begun->told != list)) {
		tid = last_lookups.lookup(&tgid);
		if (!tid)
			return 0;
		id = id >> 32 << 32 | *tid;
		begun = lookups_alone.lookup(&id);
	}
	if (!begun || !list)
		return 0;
	if (begun->results && begun->ts_ns + PATIENCE_NS >= bpf_ktime_get_ns())
		report_returned(begun, id, task, list);
	if (begun->told == list)
		begun->told = 0;
	return 0;
}
