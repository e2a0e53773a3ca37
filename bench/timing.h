/* SPDX-License-Identifier: Apache-2.0 */
/* What the load generators share: time, pauses, and an end with a reason. */
#ifndef SOCK_TUI_TIMING_H
#define SOCK_TUI_TIMING_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000000ull /* nanoseconds */

static inline uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static inline void sleep_until(uint64_t when_ns)
{
	struct timespec when = {
		.tv_sec = (time_t)(when_ns / SECOND),
		.tv_nsec = (long)(when_ns % SECOND),
	};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL) == EINTR)
		;
}

_Noreturn static inline void give_up(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static inline unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end || value == 0)
		give_up(text, "not a whole number above 0");
	return value;
}

#endif
