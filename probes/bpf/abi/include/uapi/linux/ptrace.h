/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers that a kprobe or uprobe hands to its program: arch/x86/include/asm/ptrace.h and
 * arch/arm64/include/asm/ptrace.h (user_pt_regs leads there). Both layouts are stable ABI.
 */
#ifndef SOCK_TUI_PTRACE_H
#define SOCK_TUI_PTRACE_H

#include <linux/types.h>

#if defined(__x86_64__)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#elif defined(__aarch64__)
struct user_pt_regs {
	u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
	u64 regs[31], sp, pc, pstate;
};
#else
#error "sock-tui knows the registers of x86_64 and aarch64 only"
#endif

#endif
