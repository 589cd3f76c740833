/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: entry points, the trap vector, and the accesses that may fault.
 */
	.section .text.boot, "ax"
	.globl	machine_boot, machine_boot_cpu
/* The SBI comes here on one hart: a0 is its number, a1 the device tree. */
machine_boot:
	csrw	sie, x0
	lla	tp, kernel_cpus
	lla	sp, kernel_stacks
	li	t0, 16384		/* KERNEL_STACK */
	add	sp, sp, t0
	call	machine_main

/* And here with a hart that was started: at a1, its stack, its kernel_cpu. */
machine_boot_cpu:
	csrw	sie, x0
	mv	sp, a1
	ld	tp, 0(sp)
	call	machine_cpu_main

/*
 * Interrupts and exceptions, all of them from this kernel.  The frame is
 * struct machine_frame: x1 to x31, sepc, sstatus.
 */
	.text
	.globl	machine_vector
	.balign	4
machine_vector:
	addi	sp, sp, -272
	.irp	n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, \n * 8 - 8(sp)
	.endr
	addi	t0, sp, 272
	sd	t0, 8(sp)
	csrr	t0, sepc
	csrr	t1, sstatus
	sd	t0, 248(sp)
	sd	t1, 256(sp)
	mv	a0, sp
	csrr	a1, scause
	csrr	a2, stval
	call	machine_trap
	ld	t0, 248(sp)
	ld	t1, 256(sp)
	csrw	sepc, t0
	csrw	sstatus, t1
	.irp	n, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	ld	x\n, \n * 8 - 8(sp)
	.endr
	addi	sp, sp, 272
	sret

/*
 * bool machine_load(va, value), machine_store(va, value), machine_fetch(va).
 * When the marked instruction faults, machine_trap() goes on at
 * machine_probe_failed; a fetch faults at va, with ra at
 * machine_fetch_return.
 */
	.globl	machine_load, machine_store, machine_fetch
	.globl	machine_load_at, machine_store_at, machine_fetch_return
	.globl	machine_probe_failed, machine_fetch_failed
machine_load:
machine_load_at:
	lw	t0, 0(a0)
	sw	t0, 0(a1)
	li	a0, 1
	ret
machine_store:
machine_store_at:
	sw	a1, 0(a0)
	li	a0, 1
	ret
machine_probe_failed:
	li	a0, 0
	ret
machine_fetch:
	addi	sp, sp, -16
	sd	ra, 0(sp)
	.insn	i 0x0f, 1, x0, x0, 0	/* fence.i */
	jalr	a0
machine_fetch_return:
	li	a0, 1
	j	1f
machine_fetch_failed:
	li	a0, 0
1:	ld	ra, 0(sp)
	addi	sp, sp, 16
	ret
