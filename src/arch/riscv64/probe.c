/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * riscv64: check this hart, and the configuration against it.
 *
 * Only satp can be read.  The configuration states Svpbmt and the width of a
 * physical address.  NX and write protection always exist.
 */
#include "../arch.h"
#include "read.h"

/* satp.MODE, 63:60, and satp.PPN, 43:0. */
#define QPMAP_SATP_MODE(satp)	((qpmap_u32)((satp) >> 60))
#define QPMAP_SATP_PPN		((1ULL << 44) - 1)
#define QPMAP_SATP_SV39		8u
#define QPMAP_SATP_SV57		10u

/* Check the paging mode.  Returns 0 or an enum qpmap_error. */
QPMAP_INIT static int
qpmap_probe_mode(const struct qpmap_config *config, qpmap_u32 mode)
{
	if (QPMAP_PAGE_SHIFT != 12) {
		return (QPMAP_ERR_PAGE_SIZE);
	}
	if (mode < QPMAP_SATP_SV39 || mode > QPMAP_SATP_SV57 ||
	    QPMAP_PAE + QPMAP_LPA2 != 0) {
		return (QPMAP_ERR_PAGING);
	}
	if ((config->flags & QPMAP_F_NO_NX) != 0) {
		return (QPMAP_ERR_NO_NX);
	}
	if (config->layout != 0) {
		return (QPMAP_ERR_LAYOUT);
	}
	return (QPMAP_OK);
}

/*
 * Find the bits of a memory type, from its template or by Svpbmt.  A template
 * that equals write-back's is an error: the type would silently be write-back.
 */
QPMAP_INIT static int
qpmap_probe_type(const struct qpmap_config *config, qpmap_u32 type,
    struct qpmap_mmu *mmu)
{
	_Bool svpbmt = (config->flags & QPMAP_F_SVPBMT) != 0;
	qpmap_u64 leaf = config->template_leaf[type];
	qpmap_ptebits_t bits = 0;

	if (leaf != 0) {
		bits = qpmap_pte_type(leaf, svpbmt);
	} else if (svpbmt && type == QPMAP_ATTR_WRITE_COMBINING) {
		bits = QPTE_PBMT_NC;
	} else if (svpbmt && type == QPMAP_ATTR_UNCACHED) {
		bits = QPTE_PBMT_IO;
	} else if (type != QPMAP_ATTR_WRITE_BACK) {
		return (qpmap_type_error(type));
	}
	if (type != QPMAP_ATTR_WRITE_BACK && leaf != 0 &&
	    bits == mmu->type_bits[QPMAP_ATTR_WRITE_BACK]) {
		return (qpmap_type_error(type));
	}
	mmu->type_bits[type] = bits;
	return (QPMAP_OK);
}

/* Check all templates, and find the bits of every configured type. */
QPMAP_INIT static int
qpmap_probe_types(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	_Bool svpbmt = (config->flags & QPMAP_F_SVPBMT) != 0;
	qpmap_u32 types = config->types | QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_BACK);
	qpmap_u32 type;
	qpmap_u64 leaf;
	int error = QPMAP_OK;

	for (type = 0; type < QPMAP_TYPE_COUNT && error == QPMAP_OK; type++) {
		leaf = config->template_leaf[type];
		if (leaf != 0 && !qpmap_pte_is_template(leaf, svpbmt)) {
			error = QPMAP_ERR_TEMPLATE;
		} else if ((types & QPMAP_TYPE_BIT(type)) != 0) {
			error = qpmap_probe_type(config, type, mmu);
		}
	}
	return (error);
}

QPMAP_INIT int
qpmap_probe(const struct qpmap_config *config, struct qpmap_mmu *mmu)
{
	qpmap_u64 satp = qpmap_read_satp();
	qpmap_u32 mode = QPMAP_SATP_MODE(satp);
	int error = qpmap_probe_mode(config, mode);
	qpmap_u32 levels;

	if (error != QPMAP_OK) {
		return (error);
	}
	levels = 3 + (mode - QPMAP_SATP_SV39);
	mmu->reg[0] = mode;
	mmu->root = (satp & QPMAP_SATP_PPN) << QPMAP_PAGE_SHIFT;
	mmu->levels = levels;
	mmu->va_bits = QPMAP_PAGE_SHIFT + levels * QPMAP_TABLE_SHIFT;
	mmu->pa_bits = QPMAP_PTE_PA_BITS;
	mmu->rw_bits = QPTE_RW_BITS;
	mmu->ro_bits = QPTE_RO_BITS;
	return (qpmap_probe_types(config, mmu));
}

_Bool
qpmap_probe_same(const struct qpmap_mmu *mmu)
{
	return (QPMAP_SATP_MODE(qpmap_read_satp()) == mmu->reg[0]);
}

/*
 * Either half, since small kernels use the lower one, but not both, and not
 * address 0: bits 63 to va_bits - 1 are equal.
 */
_Bool
qpmap_probe_range(const struct qpmap_mmu *mmu, qpmap_vaddr_t first,
    qpmap_vaddr_t last)
{
	qpmap_vaddr_t upper = ~(qpmap_vaddr_t)0 << (mmu->va_bits - 1);

	return (first != 0 && first <= last &&
	    (last <= ~upper || first >= upper));
}
