/* A 32-bit program without a C library, which would have to be a 32-bit one.
   The numbers are i386's (arch/x86/entry/syscalls/syscall_32.tbl): mkdir has
   that of x86_64's getpid, socketcall that of its getuid. */

static int call(int nr, const void *a, int b, int c)
{
	int result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

void _start(void)
{
	unsigned int inet[] = {2 /* AF_INET */, 2 /* SOCK_DGRAM */, 0};
	int made = call(39, DIR, 0700, 0);              /* mkdir */
	call(40, DIR, 0, 0);                            /* rmdir */
	call(102, (void *)1, (int)inet, 0);             /* socketcall: SYS_SOCKET */
	call(13, 0, 0, 0);                              /* time */
	if (made == 0)
		call(4, (void *)1, (int)"done\n", 5);   /* write */
	call(252, (void *)(made ? 3 : 0), 0, 0);        /* exit_group */
}
