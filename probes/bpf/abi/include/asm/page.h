/* SPDX-License-Identifier: GPL-2.0-only */
/* BCC counts a ring buffer's size in pages; SOCK_TUI_PAGE_SIZE is the machine's own, in bytes. */
#ifndef SOCK_TUI_PAGE_H
#define SOCK_TUI_PAGE_H

#define PAGE_SIZE SOCK_TUI_PAGE_SIZE

#endif
