/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /init of tools/check-linux: load /qpmap.ko, show /proc/qpmap; load
 * /qpmap_direct.ko and /qpmap_switch.ko; power off.
 *
 * There is no libc, and no header: the cross compilers come without Linux's.
 * What the kernel's command line has after "--" are the arguments, and they
 * become the modules' parameters; each ignores those of the other.
 */

/*
 * System calls, as Linux's sources number them for ever: for x86 in
 * arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl, for arm64 and
 * riscv64 in include/uapi/asm-generic/unistd.h.
 */
#if defined(__x86_64__)
#define INIT_READ		0
#define INIT_WRITE		1
#define INIT_MOUNT		165
#define INIT_REBOOT		169
#define INIT_DELETE_MODULE	176
#define INIT_OPENAT		257
#define INIT_FINIT_MODULE	313
#elif defined(__i386__)
#define INIT_READ		3
#define INIT_WRITE		4
#define INIT_MOUNT		21
#define INIT_REBOOT		88
#define INIT_DELETE_MODULE	129
#define INIT_OPENAT		295
#define INIT_FINIT_MODULE	350
#elif defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64)
#define INIT_MOUNT		40
#define INIT_OPENAT		56
#define INIT_READ		63
#define INIT_WRITE		64
#define INIT_DELETE_MODULE	106
#define INIT_REBOOT		142
#define INIT_FINIT_MODULE	273
#else
#error "init.c: the system-call numbers of this architecture are not known"
#endif

/* include/uapi/linux/fcntl.h; include/uapi/asm-generic/fcntl.h */
#define INIT_AT_FDCWD		(-100)
#define INIT_O_RDONLY		0
#define INIT_O_WRONLY		1

/* include/uapi/linux/reboot.h: two numbers against mistakes, and a command. */
#define INIT_REBOOT_MAGIC1	0xfee1deadu
#define INIT_REBOOT_MAGIC2	0x28121969
#define INIT_REBOOT_POWER_OFF	0x4321fedc

#define INIT_BUFFER 4096
#define INIT_LINE 256

/* /dev/kmsg. */
static long init_log;

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
init_open(const char *path, long how)
{
	return (init_call(INIT_OPENAT, INIT_AT_FDCWD, (long)path, how, 0, 0));
}

/* As much of a text, up to the end of its line, as the line still holds. */
static long
init_append(char *line, long length, const char *text)
{
	while (*text != '\0' && *text != '\n' && length < INIT_LINE - 1) {
		line[length++] = *text++;
	}
	return (length);
}

/*
 * A line, in the kernel's log: to a terminal the kernel's own lines would come
 * in the middle of it.
 */
static void
init_say(const char *what, const char *text)
{
	static char line[INIT_LINE];
	long length = init_append(line, 0, "init: ");

	length = init_append(line, length, what);
	length = init_append(line, length, text);
	line[length++] = '\n';
	init_call(INIT_WRITE, init_log, (long)line, length, 0, 0);
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

/* A file, each line after a word that the runner looks for. */
static void
init_show(const char *what, const char *path)
{
	static char text[INIT_BUFFER];
	long file = init_open(path, INIT_O_RDONLY);
	long i, length = init_call(INIT_READ, file, (long)text,
	    INIT_BUFFER - 1, 0, 0);

	if (length <= 0) {
		init_say(what, "nothing");
		return;
	}
	for (i = 0; i < length; i++) {
		if (i == 0 || text[i - 1] == '\n') {
			init_say(what, &text[i]);
		}
	}
}

/* Load the module of that file.  Returns 0, or an error of Linux's. */
static long
init_load(const char *path, const char *parameters)
{
	long module = init_open(path, INIT_O_RDONLY);

	return (init_call(INIT_FINIT_MODULE, module, (long)parameters, 0, 0,
	    0));
}

/* Unload it again, if it was loaded. */
static void
init_unload(const char *name, long error)
{
	if (error != 0) {
		init_say(name, " not loaded");
		return;
	}
	error = init_call(INIT_DELETE_MODULE, (long)name, 0, 0, 0, 0);
	init_say(name, error == 0 ? " unloaded" : " stays");
}

__attribute__((used, noreturn)) static void
init_main(long *stack)
{
	const char *parameters = init_parameters((char **)(stack + 2));
	long error;

	init_log = init_open("/dev/kmsg", INIT_O_WRONLY);
	init_call(INIT_MOUNT, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
	init_show("soft_watchdog ", "/proc/sys/kernel/soft_watchdog");
	init_show("hung_task ", "/proc/sys/kernel/hung_task_timeout_secs");
	error = init_load("/qpmap.ko", parameters);
	init_show("report ", "/proc/qpmap");
	init_unload("qpmap", error);
	error = init_load("/qpmap_direct.ko", parameters);
	init_unload("qpmap_direct", error);
	error = init_load("/qpmap_switch.ko", parameters);
	init_unload("qpmap_switch", error);
	for (;;) {
		init_call(INIT_REBOOT, (long)INIT_REBOOT_MAGIC1,
		    INIT_REBOOT_MAGIC2, INIT_REBOOT_POWER_OFF, 0, 0);
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
	/* The linker reaches variables from gp. */
	"	.option push\n"
	"	.option norelax\n"
	"	la	gp, __global_pointer$\n"
	"	.option pop\n"
	"	mv	a0, sp\n"
	"	call	init_main\n"
#endif
);
