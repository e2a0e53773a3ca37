/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's names for the fixed-width integers, as BCC's own headers use them. */
#ifndef SOCK_TUI_TYPES_H
#define SOCK_TUI_TYPES_H

typedef signed char s8;
typedef unsigned char u8;
typedef short s16;
typedef unsigned short u16;
typedef int s32;
typedef unsigned int u32;
typedef long long s64;
typedef unsigned long long u64;

typedef s8 __s8;
typedef u8 __u8;
typedef s16 __s16;
typedef u16 __u16;
typedef s32 __s32;
typedef u32 __u32;
typedef s64 __s64;
typedef u64 __u64;

typedef __u16 __be16;
typedef __u16 __le16;
typedef __u16 __sum16;
typedef __u32 __be32;
typedef __u32 __le32;
typedef __u32 __wsum;
typedef __u64 __be64;
typedef __u64 __le64;
typedef u64 __aligned_u64 __attribute__((aligned(8)));

typedef _Bool bool;
typedef unsigned long uintptr_t;
typedef unsigned long size_t;
typedef long ssize_t;
typedef int pid_t;

enum { false = 0, true = 1 };

#ifndef NULL
#define NULL ((void *)0)
#endif

#endif
