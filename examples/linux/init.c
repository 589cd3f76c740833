/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /init of tools/check-linux: load /qpmap.ko, show /proc/qpmap, power off.
 *
 * There is no libc.  What the kernel's command line has after "--" are the
 * arguments, and they become the module's parameters.
 */
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/reboot.h>

#define INIT_BUFFER 4096

static char init_buffer[INIT_BUFFER];

/* A system call with up to five arguments. */
static long
init_call(long number, long a, long b, long c, long d, long e)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a),
	    "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return (result);
#elif defined(__i386__)
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a),
	    "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return (result);
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2),
	    "r"(x3), "r"(x4) : "memory");
	return (x0);
#else
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2),
	    "r"(a3), "r"(a4) : "memory");
	return (a0);
#endif
}

static long
init_length(const char *text)
{
	long length = 0;

	while (text[length] != '\0') {
		length++;
	}
	return (length);
}

static void
init_say(const char *text)
{
	init_call(__NR_write, 1, (long)text, init_length(text), 0, 0);
}

static long
init_open(const char *path)
{
	return (init_call(__NR_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0));
}

/* The arguments, with spaces between them. */
static const char *
init_parameters(char **argument)
{
	static char parameters[INIT_BUFFER];
	long length = 0;
	const char *from;

	for (; *argument != 0; argument++) {
		for (from = *argument; *from != '\0' &&
		    length < INIT_BUFFER - 2; from++) {
			parameters[length++] = *from;
		}
		parameters[length++] = ' ';
	}
	return (parameters);
}

/* A file, line by line, after a word that the runner looks for. */
static void
init_show(const char *path)
{
	long file = init_open(path);
	long length = init_call(__NR_read, file, (long)init_buffer,
	    INIT_BUFFER - 1, 0, 0);

	if (length <= 0) {
		init_say("init: no report\n");
		return;
	}
	init_buffer[length] = '\0';
	init_say("init: report\n");
	init_say(init_buffer);
}

__attribute__((used, noreturn)) static void
init_main(long *stack)
{
	char **argument = (char **)(stack + 2);
	long module, error;

	init_call(__NR_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
	module = init_open("/qpmap.ko");
	error = init_call(__NR_finit_module, module,
	    (long)init_parameters(argument), 0, 0, 0);
	init_show("/proc/qpmap");
	if (error == 0) {
		error = init_call(__NR_delete_module, (long)"qpmap", 0, 0, 0,
		    0);
		init_say(error == 0 ? "init: module unloaded\n" :
		    "init: module stays\n");
	} else {
		init_say("init: module not loaded\n");
	}
	for (;;) {
		init_call(__NR_reboot, (long)LINUX_REBOOT_MAGIC1,
		    LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0, 0);
	}
}

__asm__(".globl _start\n"
	"_start:\n"
#if defined(__x86_64__)
	"	mov	%rsp, %rdi\n"
	"	and	$-16, %rsp\n"
	"	call	init_main\n"
#elif defined(__i386__)
	"	mov	%esp, %eax\n"
	"	and	$-16, %esp\n"
	"	sub	$12, %esp\n"
	"	push	%eax\n"
	"	call	init_main\n"
#elif defined(__aarch64__)
	"	mov	x0, sp\n"
	"	bl	init_main\n"
#else
	"	mv	a0, sp\n"
	"	call	init_main\n"
#endif
);
