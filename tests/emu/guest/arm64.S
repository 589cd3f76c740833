/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arm64: translation on, at EL1 (or, for a test that the library refuses, at
 * whatever level the harness started it).  VA = PA, so the next instruction
 * is where it was.
 *
 * guest_boot_arg: 0 MAIR, 1 TCR, 2 TTBR0, 3 TTBR1, 4 TPIDR, 5 SCTLR.
 */
	.text
	.globl guest_boot
guest_boot:
	adrp	x0, guest_boot_arg
	add	x0, x0, :lo12:guest_boot_arg
	ldp	x1, x2, [x0]
	ldp	x3, x4, [x0, #16]
	ldp	x5, x6, [x0, #32]
	msr	mair_el1, x1
	msr	tcr_el1, x2
	msr	ttbr0_el1, x3
	msr	ttbr1_el1, x4
	msr	tpidr_el1, x5
	isb
	tlbi	vmalle1
	dsb	ish
	isb
	msr	sctlr_el1, x6
	isb
	b	guest_stop

/*
 * Another root of the upper half: the kernel goes on in another process, or
 * with tables of its own.
 */
	.globl guest_switch
guest_switch:
	msr	ttbr1_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	ret
