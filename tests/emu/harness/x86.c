/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the amd64 and the i386 driver share: faults, the PAT, instructions.
 * Intel SDM vol. 2, "Instruction Format", and vol. 3, "Paging".
 */
#include <stdlib.h>
#include <string.h>

#include <qpmap/arch/x86.h>
#include <qpmap/qpmap.h>

#include "x86.h"

const uint8_t x86_ret_bytes[1] = { 0xc3 };
/* PAUSE */
const uint8_t x86_spin_bytes[2] = { 0xf3, 0x90 };

int x86_cpu_model = UC_CPU_X86_SKYLAKE_SERVER;

const struct emu_layout x86_layouts[] = {
	{ "reset", QPMAP_PAT_RESET },
	{ "linux", QPMAP_PAT_LINUX },
	{ "freebsd", QPMAP_PAT_FREEBSD },
	{ NULL, 0 }
};

const struct emu_feature x86_features[] = {
	{ "FLUSH_ON_MAP", QPMAP_F_FLUSH_ON_MAP },
	{ "ERRATUM_INVLPG", QPMAP_F_ERRATUM_INVLPG },
	{ "FLUSH_ON_MAP+ERRATUM_INVLPG",
	    QPMAP_F_FLUSH_ON_MAP | QPMAP_F_ERRATUM_INVLPG },
	{ NULL, 0 }
};

const struct emu_feature x86_shootdown_features[] = {
	{ "ERRATUM_INVLPG", QPMAP_F_ERRATUM_INVLPG },
	{ "KERNEL_HAS_G", QPMAP_F_KERNEL_HAS_G },
	{ "KERNEL_HAS_G+ERRATUM_INVLPG",
	    QPMAP_F_KERNEL_HAS_G | QPMAP_F_ERRATUM_INVLPG },
	{ NULL, 0 }
};

const struct emu_feature x86_poison = {
	"FLUSH_ON_MAP", QPMAP_F_FLUSH_ON_MAP
};

/*
 * Where the engine keeps what no register shows: relative to the debug
 * registers DR0 and up, which uc_reg_write() can mark.
 */
struct x86_blob {
	size_t dr0;
	bool asked;		/* CPUID 1 was just executed */
};
#define X86_BLOB_ERROR_CODE(dr0)	((dr0) - 16)
#define X86_BLOB_OLD_EXCEPTION(dr0)	((dr0) + 8 * 8 + 4 * 8)

void
x86_opened(struct emu *e)
{
	struct x86_blob *blob = calloc(1, sizeof(*blob));
	uint64_t magic[2] = { 0x5a17c0de0b57ac1e, 0x1dea5eed7e57ab1e };
	uint64_t zero = 0;

	if (blob == NULL ||
	    uc_ctl_set_cpu_model(e->uc, x86_cpu_model) != UC_ERR_OK ||
	    uc_ctl_tlb_mode(e->uc, UC_TLB_CPU) != UC_ERR_OK) {
		emu_die("x86: the engine has no CPU model or no TLB");
	}
	e->arch_data[e->cpu] = blob;
	if (e->arch->uc_mode == UC_MODE_32) {
		magic[0] &= 0xffffffff;
		magic[1] &= 0xffffffff;
	}
	uc_reg_write(e->uc, UC_X86_REG_DR0, &magic[0]);
	uc_reg_write(e->uc, UC_X86_REG_DR1, &magic[1]);
	blob->dr0 = emu_blob_find(e, magic[0]);
	if (emu_blob_find(e, magic[1]) != blob->dr0 + 8) {
		emu_die("x86: the debug registers are not side by side");
	}
	uc_reg_write(e->uc, UC_X86_REG_DR0, &zero);
	uc_reg_write(e->uc, UC_X86_REG_DR1, &zero);
	if (emu_blob_read(e, X86_BLOB_OLD_EXCEPTION(blob->dr0), 4) !=
	    0xffffffff) {
		emu_die("x86: old_exception is not where it was");
	}
}

unsigned
x86_root(const struct emu *e, uint64_t va)
{
	(void)e;
	(void)va;
	return (0);
}

bool
x86_is_valid(const struct emu *e, uint64_t entry)
{
	(void)e;
	return ((entry & 1) != 0);
}

bool
x86_is_table(const struct emu *e, uint64_t entry, unsigned level)
{
	(void)e;
	(void)level;
	return ((entry & 0x80) == 0);
}

/*
 * The engine remembers the last exception for ever, and would make a double
 * fault of the next one: invalidate it.
 */
void
x86_fault(struct emu *e, uint32_t vector)
{
	const struct x86_blob *blob = e->arch_data[e->cpu];
	struct emu_fault *fault = &e->fault;

	fault->other = vector != 14;
	fault->code = emu_blob_read(e, X86_BLOB_ERROR_CODE(blob->dr0), 4);
	uc_reg_read(e->uc, UC_X86_REG_CR2, &fault->va);
	if (e->mode->va_bits == 32) {
		fault->va &= 0xffffffff;
	}
	fault->present = (fault->code & 1) != 0;
	fault->user = (fault->code & 4) != 0;
	fault->access = (fault->code & 16) != 0 ? EMU_FETCH :
	    (fault->code & 2) != 0 ? EMU_WRITE : EMU_READ;
	if ((fault->code & ~UINT64_C(0x17)) != 0) {
		fault->other = true;	/* a reserved bit was set */
	}
	emu_blob_write(e, X86_BLOB_OLD_EXCEPTION(blob->dr0), 4, 0xffffffff);
}

static uint64_t
x86_reg(struct emu *e, unsigned number)
{
	static const int reg64[16] = {
		UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX,
		UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
		UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8, UC_X86_REG_R9,
		UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,
		UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15
	};
	static const int reg32[8] = {
		UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
		UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
		UC_X86_REG_ESI, UC_X86_REG_EDI
	};
	uint64_t value = 0;

	uc_reg_read(e->uc, e->arch->uc_mode == UC_MODE_64 ? reg64[number] :
	    reg32[number & 7], &value);
	return (value);
}

/*
 * Address of the memory operand whose ModRM byte is at modrm: base register,
 * index register and displacement, which is all that INVLPG and CLWB have here.
 */
static uint64_t
x86_operand(struct emu *e, const uint8_t *modrm, unsigned rex)
{
	unsigned mod = modrm[0] >> 6;
	unsigned base = modrm[0] & 7;
	const uint8_t *displacement = modrm + 1;
	unsigned index = 4;		/* none */
	int32_t offset = 0;
	uint64_t address;

	if (base == 4) {
		index = (modrm[1] >> 3 & 7) | (rex & 2) << 2;
		base = modrm[1] & 7;
		displacement++;
	}
	if (mod == 0 && base == 5) {
		emu_die("x86: operand without a base register");
	}
	if (mod == 1) {
		offset = (int8_t)displacement[0];
	} else if (mod == 2) {
		memcpy(&offset, displacement, 4);
	}
	address = x86_reg(e, base | (rex & 1) << 3) +
	    (uint64_t)(int64_t)offset;
	if (index != 4) {
		address += x86_reg(e, index) << (modrm[1] >> 6);
	}
	return (e->arch->uc_mode == UC_MODE_64 ? address :
	    address & 0xffffffff);
}

/* Two-byte opcodes that matter: 0F, opcode, ModRM. */
static void
x86_decode_0f(struct emu *e, const uint8_t *opcode, unsigned rex, bool is_66)
{
	static const char *const mov_cr[16] = {
		[0] = "mov cr0", [2] = "mov cr2", [3] = "mov cr3",
		[4] = "mov cr4", [8] = "mov cr8"
	};
	unsigned reg = (opcode[1] >> 3 & 7);
	unsigned cr = reg | (rex & 4) << 1;
	bool memory = opcode[1] >> 6 != 3;

	switch (opcode[0]) {
	case 0x01:
		if (reg == 7 && memory) {
			emu_event(e, "invlpg", x86_operand(e, opcode + 1, rex),
			    0);
		}
		break;
	case 0x08:
		emu_event(e, "invd", 0, 0);
		break;
	case 0x09:
		emu_event(e, "wbinvd", 0, 0);
		break;
	case 0x22:
		emu_event(e, mov_cr[cr] != NULL ? mov_cr[cr] : "mov cr?",
		    x86_reg(e, (opcode[1] & 7) | (rex & 1) << 3), 0);
		break;
	case 0x30:
		emu_event(e, "wrmsr", x86_reg(e, 1), 0);
		break;
	case 0x38:
		if (opcode[1] == 0x82) {
			emu_event(e, "invpcid", 0, 0);
		}
		break;
	case 0xae:
		if (!memory && reg >= 5) {
			emu_event(e, reg == 7 ? "sfence" : reg == 6 ?
			    "mfence" : "lfence", 0, 0);
		} else if (memory && reg >= 6) {
			emu_event(e, reg == 7 ? "clflush" :
			    is_66 ? "clwb" : "xsaveopt",
			    x86_operand(e, opcode + 1, rex), 0);
		}
		break;
	default:
		break;
	}
}

/* REP, REPE or REPNE before MOVS, STOS, ...: each turn is executed anew. */
bool
x86_repeats(const uint8_t *bytes)
{
	return (bytes[0] == 0xf2 || bytes[0] == 0xf3);
}

void
x86_decode(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	unsigned rex = 0;
	bool is_66 = false;
	size_t i = 0;

	(void)pc;
	while (i < size && (bytes[i] == 0x66 || bytes[i] == 0xf0 ||
	    bytes[i] == 0xf2 || bytes[i] == 0xf3 || bytes[i] == 0x2e ||
	    bytes[i] == 0x36 || bytes[i] == 0x3e || bytes[i] == 0x26 ||
	    bytes[i] == 0x64 || bytes[i] == 0x65)) {
		is_66 = is_66 || bytes[i] == 0x66;
		if (bytes[i] == 0xf0) {
			emu_event(e, "lock", 0, 0);
		}
		i++;
	}
	if (e->arch->uc_mode == UC_MODE_64 && i < size &&
	    (bytes[i] & 0xf0) == 0x40) {
		rex = bytes[i++];
	}
	if (i + 1 < size && bytes[i] == 0x0f) {
		x86_decode_0f(e, bytes + i + 1, rex, is_66);
	}
}

/*
 * What the machine is to lack and the engine has: done to the answer of CPUID,
 * at the instruction behind it.
 */
bool
x86_lacks(struct emu *e, uint64_t pc, const uint8_t *bytes, size_t size)
{
	struct x86_blob *blob = e->arch_data[e->cpu];
	uint64_t edx;

	(void)pc;
	if (blob->asked) {
		edx = x86_reg(e, 2) & ~(UINT64_C(1) << 16);
		uc_reg_write(e->uc, UC_X86_REG_EDX, &edx);
		blob->asked = false;
	}
	if (size != 2 || bytes[0] != 0x0f) {
		return (false);
	}
	if (bytes[1] == 0xa2) {
		blob->asked = (e->boot_flags & X86_BOOT_NO_PAT) != 0 &&
		    (x86_reg(e, 0) & 0xffffffff) == 1;
	} else if (bytes[1] == 0x32 && (x86_reg(e, 1) & 0xffffffff) ==
	    0xc0000080 && (e->boot_flags & X86_BOOT_NO_EFER) != 0) {
		emu_die("x86: RDMSR of EFER, which this machine refuses");
	}
	return (false);
}

const char *
x86_pat_name(const struct emu *e, unsigned index)
{
	static const char *const name[8] = {
		"UC", "WC", "?", "?", "WT", "WP", "WB", "UC-"
	};
	uc_x86_msr msr = { .rid = 0x277 };

	uc_reg_read(e->uc, UC_X86_REG_MSR, &msr);
	return (name[msr.value >> 8 * index & 7]);
}

void
x86_decode_low(const struct emu *e, uint64_t entry, bool nx,
    struct emu_leaf *leaf)
{
	unsigned index = (unsigned)((entry >> 7 & 1) << 2 |
	    (entry >> 4 & 1) << 1 | (entry >> 3 & 1));

	leaf->valid = (entry & 1) != 0;
	leaf->type = x86_pat_name(e, index);
	leaf->writable = (entry & 2) != 0;
	leaf->executable = !nx;
	leaf->user = (entry & 4) != 0;
	leaf->accessed = (entry & 0x20) != 0;
	leaf->dirty = (entry & 0x40) != 0;
	leaf->global = (entry & 0x100) != 0;
	leaf->rest = entry & 0xe00;
}

const char *
x86_type_name(const struct emu *e, unsigned type)
{
	static const char *const name[QPMAP_TYPE_COUNT] = {
		"WB", "WT", "WC", "UC", "UC-"
	};

	for (unsigned i = 0; i < 8; i++) {
		if (strcmp(x86_pat_name(e, i), name[type]) == 0) {
			return (name[type]);
		}
	}
	return (NULL);
}

bool
x86_type_slow(const struct emu *e, unsigned type)
{
	(void)e;
	return (type == QPMAP_ATTR_WRITE_COMBINING);
}

/* Two writes of CR4, the first with PGE the other way round. */
static void
x86_expect_all(struct emu *e)
{
	uint64_t cr4 = 0;

	uc_reg_read(e->uc, UC_X86_REG_CR4, &cr4);
	emu_expect(e, "mov cr4", cr4 ^ X86_CR4_PGE, 0, 0);
	emu_expect(e, "mov cr4", cr4, 0, 0);
}

/*
 * A page at a time, where INVLPG reaches every translation of a page: without
 * PCIDs, or where it has G; else, and for many pages, everything.
 */
static void
x86_expect_flush_range(struct emu *e, const struct emu_step_arg *arg)
{
	if (arg->page_count > X86_SHOOTDOWN_LIMIT ||
	    (arg->flags & QPMAP_F_ERRATUM_INVLPG) != 0 ||
	    ((e->boot_flags & X86_BOOT_PCIDE) != 0 &&
	    ((arg->flags & QPMAP_F_KERNEL_HAS_G) == 0 ||
	    arg->va >> 63 == 0))) {
		x86_expect_all(e);
		return;
	}
	for (uint64_t i = 0; i < arg->page_count; i++) {
		emu_expect(e, "invlpg", arg->va + (i << 12), 0, 0);
	}
}

/*
 * A range of this CPU's, in this context: many pages by a reload of CR3, whose
 * bit 63 would keep what is to go.
 */
static void
x86_expect_range(struct emu *e, const struct emu_step_arg *arg, bool all)
{
	uint64_t cr3 = 0;

	if (all) {
		x86_expect_all(e);
	} else if (arg->page_count > X86_RANGE_LIMIT) {
		uc_reg_read(e->uc, UC_X86_REG_CR3, &cr3);
		emu_expect(e, "mov cr3", cr3 & ~(UINT64_C(1) << 63), 0, 0);
	} else {
		for (uint64_t i = 0; i < arg->page_count; i++) {
			emu_expect(e, "invlpg", arg->va + (i << 12), 0, 0);
		}
	}
}

void
x86_expect(struct emu *e, enum emu_step step, const struct emu_step_arg *arg)
{
	bool all = arg->special && (arg->flags & QPMAP_F_ERRATUM_INVLPG) != 0;

	switch (step) {
	case EMU_POST_MAP:
		if ((arg->flags & QPMAP_F_FLUSH_ON_MAP) == 0) {
			break;
		}
		/* FALLTHROUGH */
	case EMU_POST_UNMAP:
		if (all) {
			x86_expect_all(e);
		} else {
			emu_expect(e, "invlpg", arg->va, 0, 0);
		}
		break;
	case EMU_PRE_UNMAP:
		if (arg->special) {
			emu_expect(e, "sfence", 0, 0, 0);
		}
		break;
	case EMU_ONLINE:
		x86_expect_all(e);
		break;
	case EMU_FLUSH_RANGE:
		x86_expect_flush_range(e, arg);
		break;
	case EMU_SENDING:
		emu_expect(e, "mfence", 0, 0, 0);
		emu_expect(e, "lfence", 0, 0, 0);
		break;
	case EMU_POST_MAP_RANGE:
		if ((arg->flags & QPMAP_F_FLUSH_ON_MAP) != 0) {
			x86_expect_range(e, arg, all);
		}
		break;
	case EMU_POST_UNMAP_RANGE:
		x86_expect_range(e, arg, all);
		break;
	default:
		break;
	}
}
