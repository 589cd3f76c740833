/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: entry points, the image's page tables, the exception vectors, and
 * the accesses that may fault.
 */
	/* Bytes of MAIR_EL1: 0 is normal, write-back; 1 is device, nGnRE. */
	.equ	MAIR, 0x04ff

	/*
	 * TCR_EL1, bits 5:0 to 15:14 for the lower half, 21:16 to 31:30 for
	 * the upper: 39-bit addresses (25), walks cacheable and inner
	 * shareable, 4 KiB pages.
	 */
	.equ	TCR_LOWER, 25 | 1 << 8 | 1 << 10 | 3 << 12 | 0 << 14
	.equ	TCR_UPPER, 25 << 16 | 1 << 24 | 1 << 26 | 3 << 28 | 2 << 30

	/* SCTLR_EL1: what must be one (or was, once); I, C and M. */
	.equ	SCTLR, 0x30d00800 | 1 << 12 | 1 << 2 | 1 << 0

	/*
	 * Entries.  A block of code: UXN, AF, inner shareable, read-only; of
	 * data: UXN, PXN, AF, inner shareable; of a device: the same with
	 * byte 1 of MAIR_EL1.
	 */
	.equ	CODE, 1 << 54 | 1 << 10 | 3 << 8 | 1 << 7 | 1
	.equ	DATA, 3 << 53 | 1 << 10 | 3 << 8 | 1
	.equ	DEVICE, 3 << 53 | 1 << 10 | 1 << 2 | 1
	.equ	TABLE, 3

	.section .text.boot, "ax"
	.globl	machine_boot, machine_boot_cpu
/* QEMU comes here on CPU 0, at EL1, with all interrupts masked. */
machine_boot:
	bl	machine_mmu_on
	adrp	x0, kernel_cpus
	add	x0, x0, :lo12:kernel_cpus
	msr	tpidr_el1, x0
	adrp	x0, kernel_stacks + 16384	/* KERNEL_STACK */
	add	x0, x0, :lo12:kernel_stacks + 16384
	mov	sp, x0
	bl	machine_main

/* And here PSCI, with a CPU: at x0, its stack, its kernel_cpu. */
machine_boot_cpu:
	bl	machine_mmu_on
	mov	sp, x0
	ldr	x1, [sp]
	msr	tpidr_el1, x1
	bl	machine_cpu_main

/*
 * Translation on, for both halves, and vectors.  Until then nothing is read
 * from memory that another CPU may have in its cache.
 */
machine_mmu_on:
	ldr	x1, =MAIR
	msr	mair_el1, x1
	/* IPS: as wide as the CPU has it, up to 48 bits (5). */
	ldr	x1, =TCR_LOWER | TCR_UPPER
	mrs	x2, id_aa64mmfr0_el1
	and	x2, x2, #15
	mov	x3, #5
	cmp	x2, x3
	csel	x2, x2, x3, lo
	bfi	x1, x2, #32, #3
	msr	tcr_el1, x1
	adrp	x1, machine_lower
	msr	ttbr0_el1, x1
	adrp	x1, machine_upper
	msr	ttbr1_el1, x1
	adrp	x1, machine_vectors
	msr	vbar_el1, x1
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	nsh
	isb
	ldr	x1, =SCTLR
	msr	sctlr_el1, x1
	isb
	ret
	.ltorg

/*
 * The tables, one entry for a GiB in a root, for 2 MiB below it.  QEMU loads
 * them ready to use.  The library adds the windows' tables to the upper root.
 */
	.data
	.balign	4096
	.globl	machine_lower
machine_lower:
	.quad	machine_devices + TABLE		/* from 0x00000000 */
	.quad	machine_image + TABLE		/* from 0x40000000 */
	.org	machine_lower + 4096
	.globl	machine_upper
machine_upper:
	.org	machine_upper + 8 * 0x180
	.quad	machine_own_directory + TABLE	/* from 0xffffffe000000000 */
	.org	machine_upper + 4096
machine_own_directory:
	.quad	machine_own + TABLE
	.org	machine_own_directory + 4096
	.globl	machine_own
machine_own:
	.org	machine_own + 4096
	.globl	machine_zero
machine_zero:
	.org	machine_zero + 4096
machine_devices:
	.quad	machine_zero + TABLE
	.org	machine_devices + 8 * 0x40
	.quad	0x08000000 + DEVICE		/* interrupt controller */
	.org	machine_devices + 8 * 0x48
	.quad	0x09000000 + DEVICE		/* UART */
	.org	machine_devices + 4096
machine_image:
	.quad	0
	.quad	0x40200000 + CODE		/* kernel.ld */
	.quad	0x40400000 + DATA
	.org	machine_image + 4096

/*
 * Interrupts and exceptions, all of them from this kernel: 16 vectors of 128
 * bytes, of which the one of an exception (4) and the one of an interrupt (5)
 * at EL1 with SP_EL1 are used.  The frame is struct machine_frame: x0 to x30,
 * sp, ELR_EL1, SPSR_EL1.
 */
	.text
	.balign	4096
machine_vectors:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.balign	128
	sub	sp, sp, #272
	stp	x0, x1, [sp, #0]
	mov	x1, #\n
	b	machine_vector
	.endr

machine_vector:
	.irp	n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, \
		18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str	x\n, [sp, #\n * 8]
	.endr
	add	x2, sp, #272
	mrs	x3, elr_el1
	mrs	x4, spsr_el1
	stp	x2, x3, [sp, #248]
	str	x4, [sp, #264]
	mov	x0, sp
	mrs	x2, esr_el1
	mrs	x3, far_el1
	bl	machine_trap
	ldp	x3, x4, [sp, #256]
	msr	elr_el1, x3
	msr	spsr_el1, x4
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, \
		17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr	x\n, [sp, #\n * 8]
	.endr
	add	sp, sp, #272
	eret

/*
 * bool machine_load(va, value), machine_store(va, value), machine_fetch(va).
 * When the marked instruction faults, machine_trap() goes on at
 * machine_probe_failed; a fetch faults at va, with x30 at
 * machine_fetch_return.
 */
	.globl	machine_load, machine_store, machine_fetch
	.globl	machine_load_at, machine_store_at, machine_clean_at
	.globl	machine_fetch_return
	.globl	machine_probe_failed, machine_fetch_failed
machine_load:
machine_load_at:
	ldr	w2, [x0]
	str	w2, [x1]
	mov	w0, #1
	ret
machine_store:
machine_store_at:
	str	w1, [x0]
	mov	w0, #1
	ret
machine_probe_failed:
	mov	w0, #0
	ret
/* What was stored at va is what will be fetched there. */
machine_fetch:
machine_clean_at:
	dc	cvau, x0
	dsb	ish
	ic	iallu
	dsb	ish
	isb
	str	x30, [sp, #-16]!
	blr	x0
machine_fetch_return:
	mov	w0, #1
	b	1f
machine_fetch_failed:
	mov	w0, #0
1:	ldr	x30, [sp], #16
	ret

/* void machine_switch(from, to). */
	.globl	machine_switch
machine_switch:
	sub	sp, sp, #96
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	str	x\n, [sp, #(\n - 19) * 8]
	.endr
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	ldr	x\n, [sp, #(\n - 19) * 8]
	.endr
	add	sp, sp, #96
	ret
