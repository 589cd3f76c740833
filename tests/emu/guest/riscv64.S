/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: from machine mode with paging off to supervisor mode with the
 * paging of satp.  VA = PA, so the next instruction is where it was.
 *
 * guest_boot_arg: 0 satp, 1 tp.
 */
	.text
	.globl guest_boot
guest_boot:
	lla	t0, guest_boot_arg
	ld	t1, 0(t0)
	ld	tp, 8(t0)
	li	t2, 3 << 11		/* mstatus.MPP: supervisor */
	csrc	mstatus, t2
	li	t2, 1 << 11
	csrs	mstatus, t2
	lla	t2, guest_stop
	csrw	mepc, t2
	csrw	satp, t1
	sfence.vma x0, x0
	mret

/* Another root: the kernel goes on in another process. */
	.globl guest_switch
guest_switch:
	csrw	satp, a0
	sfence.vma x0, x0
	ret
