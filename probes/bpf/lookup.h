/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a lookup leaves in the memory of the program that called it, and what is kept of it
 * meanwhile. BCC rewrites what uses its maps in the main file only: that stands there.
 */
#ifndef SOCK_TUI_LOOKUP_H
#define SOCK_TUI_LOOKUP_H

#include "event.h"

/*
 * With no socket type asked for, getaddrinfo() lists each address three times. What a longer list
 * holds beyond this is counted as lost.
 */
#define RESULTS_MAX 128

/*
 * A lookup that is read without a return probe is given up after so long: the resolver's own
 * patience is usually less (resolv.conf(5)), and the thread's number may be another's by then.
 */
#define PATIENCE_NS (60 * 1000000000ULL)

struct sockaddr_in6_head {
	u16 family;
	__be16 port;
	u32 flowinfo;
	u8 address[16];
};

/* struct addrinfo of glibc and musl, 64 bits. */
struct addrinfo_head {
	int flags, family, socktype, protocol;
	u32 address_length;
	u32 padding;
	u64 address;
	u64 canonical_name;
	u64 next;
};

/* A lookup that a return probe ends. */
struct lookup {
	u64 results; /* struct addrinfo ** of the caller; 0 once it has returned */
	u64 node;    /* const char *: the name, which the caller keeps until it has returned */
};

/* What a longer list holds is counted as lost; glibc's resolver gives 48 at most. */
#define HOST_ADDRESSES_MAX 64

/* struct hostent of glibc and musl, 64 bits. */
struct hostent_head {
	u64 name;
	u64 aliases;
	int family;
	int length;
	u64 addresses; /* char **, the last one NULL */
};

/* gethostbyname() or one of its relatives, until it returns. */
struct host_lookup {
	u64 result; /* struct hostent ** of the caller; 0 where it is what the function returns */
	u64 node;   /* const char *; 0 once it has returned */
};

/* A lookup of which only the beginning is seen. */
struct begun {
	u64 results;  /* struct addrinfo ** of the caller; 0 once the list was read */
	u64 node;     /* const char * */
	u64 list;     /* what *results was when it began: no result of it */
	u64 contents; /* digest() of that list */
	u64 told;     /* the thread's list that was reported last, as long as it is not freed */
	u64 ts_ns;
	char name[NAME_SIZE]; /* empty where it could not be read yet */
};

/* The first entry and the first 16 bytes of its address, in one number; 0 where there is none. */
static inline __attribute__((always_inline)) u64 digest(u64 list)
{
	u64 words[8];
	u64 digest = 1;

	if (!list || read_user(words, sizeof(words), (void *)list))
		return 0;
#pragma unroll
	for (int i = 0; i < 8; i++)
		digest = (digest ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	return digest;
}

/*
 * The verifier follows every way through a loop's body, so these have none but one: an address of
 * 4 bytes stands 4 bytes into a sockaddr of 16, one of 16 bytes 8 bytes into one of 28.
 */
static inline __attribute__((always_inline)) int is_address(const struct addrinfo_head *entry)
{
	u64 no_ipv4 = (u32)(entry->family ^ 2) | (entry->address_length ^ 16);
	u64 no_ipv6 = (u32)(entry->family ^ 10) | (entry->address_length ^ 28);

	return no_ipv4 * no_ipv6 == 0; /* of 32 bits each */
}

static inline __attribute__((always_inline)) u32 address_size(const struct addrinfo_head *entry)
{
	return entry->address_length - 12;
}

static inline __attribute__((always_inline)) u64 address_offset(u32 size)
{
	return 4 + (size >> 4 << 2);
}

#endif
