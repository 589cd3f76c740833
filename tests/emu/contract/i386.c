/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What only i386 can show: CPUs that lack what the later ones have, and the
 * two words of a PAE entry.
 *
 * Unicorn's models lack what these CPUs lack by what CPUID says of them; the
 * instructions and registers are still there.  So what a CPU does not have
 * must not be seen to be used.
 */
#include <string.h>

#include <qpmap/arch/x86.h>

#include "smp.h"
#include "x86.h"

/* Entry bits besides the address: D A RW P. */
#define I386_WRITE_BACK	UINT64_C(0x63)
#define I386_PWT	UINT64_C(0x08)
#define I386_PCD	UINT64_C(0x10)
#define I386_PAT	UINT64_C(0x80)

static const struct emu_layout i386_linux = { "linux", QPMAP_PAT_LINUX };

/*
 * A booted machine with an older CPU, configured for write-back only.  The PAT
 * holds Linux's layout, whether CPUID promises a PAT or not.
 */
static struct emu *
i386_older(const struct contract_case *c, int model)
{
	struct contract_case older = *c;
	struct emu *e;

	older.layout = &i386_linux;
	x86_cpu_model = model;
	e = contract_open(&older, "std", EMU_BOOT_NO_NX | X86_BOOT_NO_PGE);
	x86_cpu_model = UC_CPU_X86_SKYLAKE_SERVER;
	e->config[WIRE_LAYOUT] = 0;
	e->config[WIRE_TYPES] = 0;
	e->config[WIRE_FLAGS] |= QPMAP_F_NO_NX;
	return (e);
}

static void
i386_start(struct emu *e)
{
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
}

/* The entry of a mapping of type: address, type_bits and nothing else. */
static void
i386_check_entry(struct emu *e, unsigned type, uint64_t type_bits)
{
	uint64_t pa = emu_page(e, 21);
	uint64_t va = emu_enter(e, pa, type);

	CHECK_EQUAL(emu_read(e, emu_slot_pte(e, 1), e->mode->entry_size),
	    pa | I386_WRITE_BACK | type_bits, "entry");
	emu_remove(e, va);
}

/* Without a PAT there is what it has after a reset, by PCD and PWT. */
static void
c10_no_pat(const struct contract_case *c)
{
	struct emu *e = i386_older(c, UC_CPU_X86_PENTIUM);

	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED) |
	    QPMAP_TYPE_BIT(QPMAP_ATTR_UNCACHED_MINUS);
	i386_start(e);
	i386_check_entry(e, QPMAP_ATTR_WRITE_BACK, 0);
	i386_check_entry(e, QPMAP_ATTR_WRITE_THROUGH, I386_PWT);
	i386_check_entry(e, QPMAP_ATTR_UNCACHED_MINUS, I386_PCD);
	i386_check_entry(e, QPMAP_ATTR_UNCACHED, I386_PCD | I386_PWT);
	check_idle(e);
}

static void
c10_no_pat_refusals(const struct contract_case *c)
{
	struct emu *e = i386_older(c, UC_CPU_X86_PENTIUM);

	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_TYPE_WRITE_COMBINING,
	    "write-combining");
	e->config[WIRE_TYPES] = 0;
	e->config[WIRE_LAYOUT] = QPMAP_PAT_LINUX;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_LAYOUT, "a layout");
	e->config[WIRE_LAYOUT] = 0;
	e->config[WIRE_TEMPLATE + QPMAP_ATTR_WRITE_BACK] =
	    I386_WRITE_BACK | I386_PAT;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_TEMPLATE, "bit 7 of a leaf");
}

/* A PAT, but nothing to drain write-combining buffers with. */
static void
c10_no_sfence(const struct contract_case *c)
{
	struct emu *e = i386_older(c, UC_CPU_X86_PENTIUM2);

	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_COMBINING);
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_TYPE_WRITE_COMBINING,
	    "write-combining");
	e->config[WIRE_TYPES] = QPMAP_TYPE_BIT(QPMAP_ATTR_WRITE_THROUGH);
	i386_start(e);
	/* Entry 7 of Linux's PAT. */
	i386_check_entry(e, QPMAP_ATTR_WRITE_THROUGH,
	    I386_PAT | I386_PCD | I386_PWT);
	check_idle(e);
}

/* How often the call just recorded executed an instruction. */
static unsigned
i386_count(const struct emu *e, const char *name)
{
	unsigned count = 0;

	for (size_t i = 0; i < e->event_count; i++) {
		count += strcmp(e->events[i].name, name) == 0;
	}
	return (count);
}

static void
i386_check_counts(const struct emu *e, unsigned cr3, unsigned invlpg)
{
	CHECK_EQUAL(i386_count(e, "mov cr4"), 0, "CR4 written");
	CHECK_EQUAL(i386_count(e, "sfence"), 0, "SFENCE executed");
	CHECK_EQUAL(i386_count(e, "mov cr3"), cr3, "CR3 written");
	CHECK_EQUAL(i386_count(e, "invlpg"), invlpg, "INVLPG executed");
}

/* Everything is invalidated by a load of CR3: online, offline, errata. */
static void
b11_no_pge(const struct contract_case *c)
{
	struct emu *e = i386_older(c, UC_CPU_X86_PENTIUM);
	uint64_t pa = emu_page(e, 3);
	uint64_t va;

	e->config[WIRE_FLAGS] |= c->number;
	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	emu_record(e, EMU_REC_INSNS);
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "qpmap_cpu_online");
	i386_check_counts(e, 1, 0);
	emu_record_end(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 4, contract_tag(e, pa));
	emu_record(e, EMU_REC_INSNS);
	emu_remove(e, va);
	i386_check_counts(e, c->number != 0, c->number == 0);
	emu_record_end(e);
	check_nothing(e, va);
	emu_record(e, EMU_REC_INSNS);
	CHECK_EQUAL(EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e)),
	    EMU_RETURNED, "qpmap_cpu_offline");
	i386_check_counts(e, c->number != 0 ? 4 : 0, c->number != 0 ? 0 : 4);
	emu_record_end(e);
}

/*
 * With 32-bit entries EFER says nothing that matters, and is not read, though
 * CPUID names NX: a hypervisor may refuse it.  Neither by a CPU that follows.
 */
static void
b13_no_efer(const struct contract_case *c)
{
	struct emu *e = contract_open(c, "std", X86_BOOT_NO_EFER);
	uint64_t pa = emu_page(e, 19);
	uint64_t va;

	i386_start(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 4, contract_tag(e, pa));
	emu_remove(e, va);
	emu_another(e, 1);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 4, contract_tag(e, pa));
	emu_remove(e, va);
	check_idle(e);
}

/* Bit 9 of EFLAGS: interrupts are on. */
#define I386_IF UINT64_C(0x200)

static uint64_t
i386_interrupts(struct emu *e)
{
	uint64_t flags = 0;

	uc_reg_read(e->uc, UC_X86_REG_EFLAGS, &flags);
	return (flags & I386_IF);
}

/* How CR3 was changed: how often, and whether it was read with them on. */
struct i386_reload {
	unsigned count;
	bool read_open;
};

static void
i386_before_mov_cr3(struct emu *e, uint64_t pc)
{
	const uint8_t *bytes = emu_ram(e, pc, 4);
	struct i386_reload *reload = e->on_insn_arg;

	if (bytes[0] != 0x0f || (bytes[2] >> 3 & 7) != 3) {
		return;
	}
	if (bytes[1] == 0x20) {
		reload->read_open = i386_interrupts(e) != 0;
	} else if (bytes[1] == 0x22) {
		CHECK(i386_interrupts(e) == 0 && !reload->read_open,
		    "interrupts are on while CR3 is read and written");
		reload->count++;
	}
}

/*
 * CR3 is read and written again: nothing comes between, or another root's
 * address, loaded there, would be undone.  The caller's interrupts stay on or
 * off.  PAE: when init writes a PDPTE; else: when a CPU comes online that has
 * no other way to invalidate everything.
 */
static void
b2_mov_cr3(const struct contract_case *c)
{
	bool pae = c->mode->entry_size == 8;
	struct emu *e = pae ? contract_begin(c, "std") :
	    i386_older(c, UC_CPU_X86_PENTIUM);
	struct i386_reload reload = { 0, false };
	uint64_t flags = 0;

	if (!pae) {
		CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	}
	uc_reg_read(e->uc, UC_X86_REG_EFLAGS, &flags);
	flags = (flags & ~I386_IF) | c->number * I386_IF;
	uc_reg_write(e->uc, UC_X86_REG_EFLAGS, &flags);
	e->on_insn_arg = &reload;
	e->on_insn = i386_before_mov_cr3;
	CHECK_EQUAL(pae ? emu_init(e) : emu_online(e, 0, 0), QPMAP_OK,
	    "init or online");
	e->on_insn = NULL;
	CHECK(reload.count > 0, "CR3 was not reloaded");
	CHECK_EQUAL(i386_interrupts(e), c->number * I386_IF,
	    "the interrupt flag");
}

/* Without extended CPUID leaves PAE has 36 bits. */
static void
c1_pae_36_bits(const struct contract_case *c)
{
	struct emu *e = i386_older(c, UC_CPU_X86_PENTIUM2);
	uint64_t pa = emu_high_page(e, 0, 0);
	uint64_t va;

	e->config[WIRE_PA_BITS] = 37;
	CHECK_EQUAL(emu_init(e), QPMAP_ERR_PA_BITS, "37 bits");
	e->config[WIRE_PA_BITS] = 0;
	i386_start(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_load(e, va, 4, contract_tag(e, pa));
	emu_remove(e, va);
	va = emu_enter(e, (UINT64_C(1) << 36) - 4096, QPMAP_ATTR_WRITE_BACK);
	emu_remove(e, va);
	EMU_CALL(e, "qpmap_enter", "pw", UINT64_C(1) << 36, 0ull);
	check_panic(e, QPMAP_PANIC_WIDTH, UINT64_C(1) << 36, 0);
}

/* Widths below, at and above the seam between the two words. */
static void
c1_pa_bits(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pa = UINT64_C(1) << c->number;
	uint64_t va;

	e->config[WIRE_PA_BITS] = c->number;
	i386_start(e);
	va = emu_enter(e, pa - 4096, QPMAP_ATTR_WRITE_BACK);
	CHECK_EQUAL(emu_read(e, emu_slot_pte(e, 1), e->mode->entry_size) &
	    ~(UINT64_C(1) << 63), (pa - 4096) | I386_WRITE_BACK, "entry");
	emu_remove(e, va);
	if (c->number == e->mode->entry_size * 8) {
		return;		/* there is no such address */
	}
	EMU_CALL(e, "qpmap_enter", "pw", pa, 0ull);
	check_panic(e, QPMAP_PANIC_WIDTH, pa, 0);
	EMU_CALL(e, "qpmap_enter", "pw", pa - 1, 0ull);
	check_panic(e, QPMAP_PANIC_ALIGN, pa - 1, 0);
}

/* A window entry with only one word left over is not empty, for anybody. */
static void
b7_one_word(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	uint64_t pte_pa, junk = UINT64_C(0xdead0000) << 32;

	i386_start(e);
	pte_pa = emu_slot_pte(e, 1);
	emu_write(e, pte_pa, 8, junk);
	EMU_CALL(e, "qpmap_enter", "pw", emu_page(e, 1), 0ull);
	check_panic(e, QPMAP_PANIC_PTE_USED, emu_page(e, 1), junk);
	EMU_CALL(e, "qpmap_enter_ro", "pw", emu_page(e, 1), 0ull);
	check_panic(e, QPMAP_PANIC_PTE_USED, emu_page(e, 1), junk);
	CHECK_EQUAL(emu_read(e, pte_pa, 8), junk, "entry after a refusal");
}

/* CR3 has bits 31:5 of the PDPT's address. */
static void
b13_pdpt_inside(const struct contract_case *c)
{
	struct emu *e = contract_open(c, "std", X86_BOOT_PDPT_INSIDE);
	uint64_t pa = emu_page(e, 17);
	uint64_t va;

	i386_start(e);
	va = emu_enter(e, pa, QPMAP_ATTR_WRITE_BACK);
	check_leaf(e, va, pa, QPMAP_ATTR_WRITE_BACK, true);
	check_load(e, va, 4, contract_tag(e, pa));
	emu_remove(e, va);
	check_nothing(e, va);
	check_idle(e);
}

/*
 * Bits of the upper entries that init linked.  "Reserved (must be 0)" are a
 * PDPTE's bits 63:52, 8:5 and 2:1: the CPU refuses to load it otherwise.
 */
static void
tables_bits(const struct contract_case *c)
{
	struct emu *e = contract_begin(c, "std");
	struct emu_level levels[EMU_MAX_LEVELS];
	unsigned count;

	CHECK_EQUAL(emu_init(e), QPMAP_OK, "qpmap_init");
	count = emu_walk(e, e->config[WIRE_WINDOW_VA], levels);
	CHECK_EQUAL(count, e->mode->levels, "levels walked");
	for (unsigned i = 0; i + 1 < count; i++) {
		CHECK_EQUAL(levels[i].entry &
		    ~e->arch->entry_pa(e, levels[i].entry),
		    levels[i].level == 2 ? 0x01 : 0x23, "bits of an entry");
	}
}

/*
 * A shootdown where there is no MFENCE: a locked instruction stands between
 * the request and the interrupt.
 */
static void
b10_no_mfence(const struct contract_case *c)
{
	struct emu *e = i386_older(c, (int)c->number);
	uint64_t va = e->mode->scratch_va;
	uint64_t ring = emu_symbol(e, "guest_shootdown") + e->fact[FACT_RING];
	bool locked = false, asked = false;

	i386_start(e);
	x86_cpu_model = (int)c->number;
	emu_another(e, 1);
	x86_cpu_model = UC_CPU_X86_SKYLAKE_SERVER;
	smp_plant(e, 3, va, 2);
	emu_record(e, EMU_REC_STORES | EMU_REC_INSNS);
	SMP_CALL(e, 0, "qpmap_shootdown", "www", va, 2, 0);
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];

		CHECK(strstr(event->name, "fence") == NULL, "%s",
		    event->name);
		if (asked || event->cpu != 0) {
			continue;
		}
		if (event->size != 0 && event->a - ring <
		    e->fact[FACT_REQUESTS] * e->fact[FACT_REQUEST_SIZE]) {
			locked = false;
		}
		locked = locked || strcmp(event->name, "lock") == 0;
		asked = strcmp(event->name, "ipi") == 0;
	}
	CHECK(asked && locked, "the interrupt may be ahead of the request");
	smp_check_gone(e, 0, va, 2);
	smp_check_gone(e, 1, va, 2);
}

void
contract_i386_cases(const struct emu_mode *mode)
{
	static const unsigned widths[] = { 13, 24, 31, 32, 33, 36, 39, 40 };
	bool pae = mode->entry_size == 8;

	if (strcmp(mode->arch->name, "i386") != 0) {
		return;
	}
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		if (widths[i] <= mode->pa_bits) {
			contract_add(mode, c1_pa_bits,
			    &(struct contract_case){ .number = widths[i] },
			    "C1/pa-bits=%u", widths[i]);
		}
	}
	contract_add(mode, tables_bits, NULL, "tables/bits");
	for (unsigned on = 0; on < 2; on++) {
		contract_add(mode, b2_mov_cr3, &(struct contract_case){
		    .number = on }, "B2/mov-cr3/interrupts=%u", on);
	}
	if (pae) {
		contract_add(mode, c1_pae_36_bits, NULL,
		    "C1/cpu=pentium2/36-bits");
		contract_add(mode, b7_one_word, NULL, "B7/one-word");
		contract_add(mode, b13_pdpt_inside, NULL, "B13/pdpt-inside");
		return;		/* Pentium has no PAE */
	}
	contract_add(mode, b13_no_efer, NULL, "B13/no-efer");
	contract_add(mode, b10_no_mfence, &(struct contract_case){
	    .number = UC_CPU_X86_PENTIUM, .variant = "smp" },
	    "B10/cpu=pentium/no-mfence");
	contract_add(mode, b10_no_mfence, &(struct contract_case){
	    .number = UC_CPU_X86_PENTIUM3, .variant = "smp" },
	    "B10/cpu=pentium3/no-mfence");
	contract_add(mode, c10_no_pat, NULL, "C10/cpu=pentium/no-pat");
	contract_add(mode, c10_no_pat_refusals, NULL,
	    "C10/cpu=pentium/no-pat-refusals");
	contract_add(mode, c10_no_sfence, NULL, "C10/cpu=pentium2/no-sfence");
	contract_add(mode, b11_no_pge, NULL, "B11/cpu=pentium/no-pge");
	contract_add(mode, b11_no_pge, &(struct contract_case){
	    .number = QPMAP_F_ERRATUM_INVLPG },
	    "B14/cpu=pentium/no-pge/ERRATUM_INVLPG");
}
