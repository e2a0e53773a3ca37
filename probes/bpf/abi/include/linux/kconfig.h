/* SPDX-License-Identifier: GPL-2.0-only */
/* BCC includes this file ahead of everything and reads no other configuration. */
#ifndef SOCK_TUI_KCONFIG_H
#define SOCK_TUI_KCONFIG_H

#define CONFIG_BPF_SYSCALL 1

#include <linux/types.h>

#endif
