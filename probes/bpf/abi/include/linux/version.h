/* SPDX-License-Identifier: GPL-2.0-only */
/* BCC asks for the running kernel's version itself where a program's load needs it. */
#ifndef SOCK_TUI_VERSION_H
#define SOCK_TUI_VERSION_H

#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + (c))
#ifndef LINUX_VERSION_CODE
#define LINUX_VERSION_CODE KERNEL_VERSION(5, 8, 0)
#endif

#endif
