/* SPDX-License-Identifier: GPL-2.0-only */
/* Empty on purpose: BCC's headers include it, and the programs use nothing of it. */
