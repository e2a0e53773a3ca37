// SPDX-License-Identifier: GPL-2.0-only
/* The programs at gethostbyname() and its relatives. A part of what base.c begins. */

INLINE int begin_host_lookup(struct pt_regs *ctx, u64 node, u64 result)
{
	u64 id = bpf_get_current_pid_tgid();
	struct host_lookup lookup = {.result = result, .node = node};

	stay_on_own_stack(ctx);
	if (node && id >> 32 != OWN_TGID && host_lookups.update(&id, &lookup))
		count_shared(COUNT_NAMES_LOST);
	return 0;
}

/* struct hostent *gethostbyname(const char *name), and gethostbyname2(name, int family) */
int on_gethostbyname(struct pt_regs *ctx)
{
	return begin_host_lookup(ctx, PT_REGS_PARM1(ctx), 0);
}

/* int gethostbyname_r(const char *name, struct hostent *ret, char *buffer, size_t size,
 *                     struct hostent **result, int *h_errnop) */
int on_gethostbyname_r(struct pt_regs *ctx)
{
	return begin_host_lookup(ctx, PT_REGS_PARM1(ctx), PT_REGS_PARM5(ctx));
}

/* The same with the family behind the name. */
int on_gethostbyname2_r(struct pt_regs *ctx)
{
	return begin_host_lookup(ctx, PT_REGS_PARM1(ctx), PT_REGS_PARM6(ctx));
}

/*
 * Of all four. They call one another inside libc; then the innermost tells, and the others find
 * that it was told.
 */
int on_gethostbyname_return(struct pt_regs *ctx)
{
	u64 task = HAS_LAYOUT ? current_task() : 0;
	u64 id = caller_id(task);
	struct host_lookup *lookup = host_lookups.lookup(&id);
	struct hostent_head host = {};
	char name[NAME_SIZE] = {};
	u64 result = PT_REGS_RC(ctx);
	struct asker asker = {};
	long length;
	u32 size;

	stay_on_own_stack(ctx);
	if (!lookup || !lookup->node)
		return 0;
	if (lookup->result) {
		if ((int)result != 0)
			goto done;
		if (read_user(&result, sizeof(result), (void *)lookup->result))
			goto failed;
	}
	if (!result)
		goto done;
	length = read_user_text(name, sizeof(name), (void *)lookup->node);
	if (length < 0)
		goto failed;
	if (length <= 1)
		goto done;
	if (read_user(&host, sizeof(host), (void *)result))
		goto failed;
	size = host.family == AF_INET ? 4 : 16;
	if (host.family != AF_INET && host.family != AF_INET6)
		goto done;
	find_asker(&asker, id, task);
#pragma clang loop unroll(disable)
	for (int i = 0; i < HOST_ADDRESSES_MAX; i++) {
		u64 address[2] = {};
		u64 from = 0;

		if (read_user(&from, sizeof(from), (void *)host.addresses))
			goto failed;
		if (!from)
			goto done;
		host.addresses += sizeof(from);
		if (read_user(address, size, (void *)from))
			goto failed;
		if (!report_name(address, host.family, name, &asker))
			goto failed;
	}

failed:
	count_shared(COUNT_NAMES_LOST);
done:
	lookup->node = 0;
	return 0;
}
