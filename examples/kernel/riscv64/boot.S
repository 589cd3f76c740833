/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: entry points, the trap vector, and the accesses that may fault.
 */
	.section .text.boot, "ax"
	.globl	machine_boot
/*
 * Every hart begins here, a0 is its number.  The first one is the SBI's
 * choice, and CPU 0; it starts the others, whose kernel_cpu is found below
 * the top of their stack.
 *
 * One entry for both, and nothing but a0 needed: OpenSBI 1.1 may begin a hart
 * at the kernel's own entry, with the arguments that went there, if the hart
 * looks between two steps of its hart_start.
 */
machine_boot:
	csrw	sie, x0
	lla	sp, kernel_stacks
	lla	t0, machine_began
	lla	t1, machine_first_hart
	li	t2, 1
	amoswap.w.aqrl t2, t2, (t0)
	bnez	t2, 1f
	sd	a0, 0(t1)
	lla	tp, kernel_cpus
	li	t0, 1 << 14		/* KERNEL_STACK */
	add	sp, sp, t0
	call	machine_main

1:	ld	t1, 0(t1)
	sub	t0, a0, t1
	andi	t0, t0, 3		/* KERNEL_CPUS - 1 */
	addi	t0, t0, 1
	slli	t0, t0, 14
	add	sp, sp, t0
	addi	sp, sp, -16
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

/* void machine_switch(from, to). */
	.globl	machine_switch
machine_switch:
	addi	sp, sp, -112
	sd	ra, 0(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	sd	s\n, \n * 8 + 8(sp)
	.endr
	sd	sp, 0(a0)
	mv	sp, a1
	ld	ra, 0(sp)
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	ld	s\n, \n * 8 + 8(sp)
	.endr
	addi	sp, sp, 112
	ret

/*
 * bool machine_load(va, value), machine_store(va, value), machine_fetch(va).
 * When the marked instruction faults, machine_trap() goes on at
 * machine_probe_failed; a fetch faults at va, with ra at
 * machine_fetch_return.  bool machine_has_svinval(void) tries an instruction.
 */
	.globl	machine_has_svinval, machine_svinval_at
machine_has_svinval:
machine_svinval_at:
	.insn	r 0x73, 0, 0x0c, x0, x0, x0	/* sfence.w.inval */
	li	a0, 1
	ret
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
