// SPDX-License-Identifier: Apache-2.0
/*
 * Forbids itself all system calls but those that a lookup needs, on pain of death, and then looks
 * a name up and connects.
 *
 *     sandbox NAME PORT
 *
 * A return probe on libc makes kernels from 6.11 to early 6.13 take a call that no program asked
 * for (uretprobe, 335), and so kills a program like this one.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lookup.h"

static const int allowed[] = {
	SYS_read,	SYS_write,	SYS_close,	SYS_fstat,	 SYS_newfstatat,
	SYS_openat,	SYS_lseek,	SYS_mmap,	SYS_munmap,	 SYS_mprotect,
	SYS_mremap,	SYS_madvise,	SYS_brk,	SYS_futex,	 SYS_getpid,
	SYS_gettid,	SYS_uname,	SYS_ioctl,	SYS_socket,	 SYS_connect,
	SYS_bind,	SYS_getsockname, SYS_setsockopt, SYS_sendto,	 SYS_recvfrom,
	SYS_sendmsg,	SYS_recvmsg,	SYS_sendmmsg,	SYS_ppoll,	 SYS_poll,
	SYS_getrandom,	SYS_clock_gettime, SYS_gettimeofday, SYS_rt_sigprocmask,
	SYS_rt_sigaction, SYS_rt_sigreturn, SYS_prlimit64, SYS_access, SYS_stat,
	SYS_fcntl,	SYS_exit,	SYS_exit_group, SYS_restart_syscall,
};

#define ALLOWED (sizeof(allowed) / sizeof(*allowed))

static void confine(void)
{
	static struct sock_filter program[2 * ALLOWED + 2];
	size_t length = 0;

	program[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ALLOWED; i++) {
		program[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								 (unsigned int)allowed[i], 0, 1);
		program[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
								 SECCOMP_RET_ALLOW);
	}
	program[length++] =
		(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		give_up("seccomp", strerror(errno));
}

int main(int count, char **arguments)
{
	if (count != 3)
		give_up("sandbox", "usage: sandbox NAME PORT");
	confine();
	connect_to(looked_up(arguments[1], arguments[2]));
	return 0;
}
