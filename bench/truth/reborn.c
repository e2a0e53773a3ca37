// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that all get the same process number, one after the other.
 *
 *     reborn < COMMANDS
 *
 * A line is a program and its arguments, parted by tabs. Each is waited for; prints the number.
 * The kernel gives a number that is asked for (clone3(2), set_tid) where nobody has it.
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../timing.h"

static pid_t forked_as(pid_t wanted)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};

	if (wanted) {
		arguments.set_tid = (uint64_t)(uintptr_t)&wanted;
		arguments.set_tid_size = 1;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

int main(void)
{
	static char line[4096];
	pid_t pid = 0;
	int status;

	while (fgets(line, sizeof(line), stdin)) {
		char *arguments[16] = {NULL};
		line[strcspn(line, "\n")] = '\0';
		int count = 0;
		for (char *part = strtok(line, "\t"); part && count < 15; part = strtok(NULL, "\t"))
			arguments[count++] = part;
		pid_t child = forked_as(pid);
		if (child < 0)
			give_up("clone3()", strerror(errno));
		if (child == 0) {
			execv(arguments[0], arguments);
			_exit(127);
		}
		pid = child;
		if (waitpid(child, &status, 0) != child || status)
			give_up(arguments[0], "it failed");
	}
	printf("%d\n", pid);
	return 0;
}
