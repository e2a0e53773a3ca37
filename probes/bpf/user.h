/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf_probe_read_user() and bpf_probe_read_user_str(), by other names. For each call of them by
 * their own, BCC looks through all of the kernel's symbols whether this kernel has them, which takes
 * 60 ms: half of the time in which these programs were compiled. It has them, from Linux 5.5 on.
 *
 * The first returns 0, the second how many bytes it read, the 0 at the end among them; both less
 * than 0 where that cannot be read.
 */
#ifndef SOCK_TUI_USER_H
#define SOCK_TUI_USER_H

static int (*read_user)(void *to, u32 size, const void *from) = (void *)112;
static int (*read_user_text)(void *to, u32 size, const void *from) = (void *)114;

#endif
