/*
 * Waits for a byte, asks getaddrinfo() for a name, connects a UDP socket to its first address, then
 * waits for the end of its input. Linked to a libc without that libc's headers.
 */
typedef unsigned int u32;

struct addrinfo {
	int flags, family, socktype, protocol;
	u32 address_length;
	void *address, *canonical_name;
	struct addrinfo *next;
};

int getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int socket(int, int, int);
int connect(int, const void *, u32);
long read(int, void *, unsigned long);
int __libc_start_main(int (*)(int, char **), int, char **, void (*)(void), void (*)(void),
		      void (*)(void));

static int run(int count, char **arguments)
{
	struct addrinfo hints = {.family = 2, .socktype = 2}, *found;
	char byte;

	if (count != 3 || read(0, &byte, 1) != 1)
		return 2;
	if (getaddrinfo(arguments[1], arguments[2], &hints, &found))
		return 1;
	connect(socket(2, 2, 0), found->address, found->address_length);
	return read(0, &byte, 1) != 0;
}

__attribute__((used)) void begin(long *stack)
{
	__libc_start_main(run, (int)stack[0], (char **)(stack + 1), 0, 0, 0);
}

__asm__(".globl _start\n_start: xor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall begin\nhlt\n");
