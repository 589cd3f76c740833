/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amd64 with PCIDs, and entries with G, which the engine does not have: what
 * was executed is played on TLBs that have both.
 *
 * Such a TLB holds everything at once: each page that a test names, under each
 * PCID.  It loses what the instructions invalidate by the manual, and nothing
 * else.  Intel SDM vol. 3, "Operations that Invalidate TLBs and
 * Paging-Structure Caches".
 */
#include <string.h>

#include "smp.h"
#include "x86.h"

#define PCIDS	3		/* the first is in use */
#define PAGES	48
#define CPUS	2
#define G	UINT64_C(0x100)

enum cached { CACHED_NOT, CACHED, CACHED_G };

static struct pcids {
	uint64_t cr4[CPUS];
	uint64_t va[PAGES];
	unsigned pages;
	bool broken;		/* the erratum: INVLPG leaves G entries */
	enum cached tlb[CPUS][PCIDS][PAGES];
} pcids;

/* A case's machine, with the flags in number. */
static struct emu *
begin(const struct contract_case *c)
{
	struct emu *e = contract_open(c, "smp",
	    c->mode->arch->shootdown_boot_flag);

	e->config[WIRE_FLAGS] |= c->number;
	smp_start(e, CPUS);
	memset(&pcids, 0, sizeof(pcids));
	pcids.broken = (c->number & QPMAP_F_ERRATUM_INVLPG) != 0;
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		emu_cpu(e, cpu);
		uc_reg_read(e->uc, UC_X86_REG_CR4, &pcids.cr4[cpu]);
		CHECK((pcids.cr4[cpu] & X86_CR4_PGE) != 0, "CR4.PGE is clear");
	}
	return (e);
}

/* The entry of a page of the kernel's own, with these bits besides. */
static uint64_t
kernel_page(struct emu *e, uint64_t va, uint64_t bits)
{
	uint64_t pte_pa;

	emu_map(e, va, emu_page(e, 0), false);
	CHECK(emu_leaf_at(e, va, &pte_pa, NULL), "no leaf");
	emu_write(e, pte_pa, 8, emu_read(e, pte_pa, 8) | bits);
	return (pte_pa);
}

/* A page from now on: every CPU has it, under every PCID. */
static void
cached(struct emu *e, uint64_t va)
{
	struct emu_leaf leaf = { .valid = false };

	CHECK(pcids.pages < PAGES && emu_leaf_at(e, va, NULL, &leaf) &&
	    leaf.valid, "nothing to cache");
	for (unsigned i = 0; i < CPUS * PCIDS; i++) {
		pcids.tlb[i / PCIDS][i % PCIDS][pcids.pages] =
		    leaf.global ? CACHED_G : CACHED;
	}
	pcids.va[pcids.pages++] = va;
}

static void
invlpg(unsigned cpu, uint64_t va)
{
	for (unsigned i = 0; i < PCIDS * PAGES; i++) {
		enum cached *at = &pcids.tlb[cpu][i / PAGES][i % PAGES];

		if (pcids.va[i % PAGES] == va && (*at == CACHED_G ?
		    !pcids.broken : i / PAGES == 0)) {
			*at = CACHED_NOT;
		}
	}
}

/* Play what was recorded. */
static void
play(struct emu *e)
{
	emu_record_end(e);
	for (size_t i = 0; i < e->event_count; i++) {
		const struct emu_event *event = &e->events[i];
		uint64_t *cr4 = &pcids.cr4[event->cpu];

		if (strcmp(event->name, "invlpg") == 0) {
			invlpg(event->cpu, event->a);
		} else if (strcmp(event->name, "mov cr4") == 0) {
			if (((event->a ^ *cr4) & X86_CR4_PGE) != 0) {
				memset(pcids.tlb[event->cpu], 0,
				    sizeof(pcids.tlb[event->cpu]));
			}
			*cr4 = event->a;
		}
	}
}

/* No CPU of a set has a page any more; begin anew. */
static void
check_gone(unsigned cpus)
{
	for (unsigned i = 0; i < CPUS * PCIDS * PAGES; i++) {
		unsigned cpu = i / PAGES / PCIDS;

		CHECK((cpus >> cpu & 1) == 0 ||
		    pcids.tlb[cpu][i / PAGES % PCIDS][i % PAGES] == CACHED_NOT,
		    "CPU %u has %#llx, under PCID %u", cpu,
		    (unsigned long long)pcids.va[i % PAGES],
		    i / PAGES % PCIDS);
	}
	memset(pcids.tlb, 0, sizeof(pcids.tlb));
	pcids.pages = 0;
}

/* A shootdown of pages of the host's, whose leaves have these bits. */
static void
check_pages(struct emu *e, uint64_t va, uint64_t bits, uint64_t pages,
    uint64_t page_count)
{
	uint64_t pte_pa[PAGES];

	for (unsigned i = 0; i < pages; i++) {
		pte_pa[i] = kernel_page(e, va + (i << 12), bits);
		cached(e, va + (i << 12));
	}
	for (unsigned i = 0; i < pages; i++) {
		emu_write(e, pte_pa[i], 8, 0);
	}
	emu_record(e, EMU_REC_INSNS);
	SMP_CALL(e, 0, "qpmap_shootdown", "www", va, page_count, 0);
	play(e);
	check_gone(3);
}

/*
 * The host's pages: those of the kernel's half with G or, without its word,
 * with or without; users' pages, which have no G; all pages, whatever they are.
 */
static void
host_pages(const struct contract_case *c)
{
	static const unsigned pages[] = { 1, 2, 31, 32, 33, 40 };
	struct emu *e = begin(c);
	uint64_t va = e->mode->scratch_va, user = UINT64_C(0x7f0000000000);

	for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		check_pages(e, va, G, pages[i], pages[i]);
		check_pages(e, user, 0, pages[i], pages[i]);
		check_pages(e, va, 0, pages[i], smp_ones(e));
		if ((c->number & QPMAP_F_KERNEL_HAS_G) == 0) {
			check_pages(e, va, 0, pages[i], pages[i]);
		}
	}
}

/* A global mapping's entry has G by the host's word; a window's never has. */
static uint64_t
mapped(struct emu *e, unsigned page)
{
	uint64_t va = smp_global_enter(e, page % CPUS, emu_page(e, page), 0);
	bool has_g = (e->config[WIRE_FLAGS] & QPMAP_F_KERNEL_HAS_G) != 0;
	struct emu_leaf leaf = { .valid = false };
	uint64_t window;

	CHECK(emu_leaf_at(e, va, NULL, &leaf), "no leaf");
	CHECK_EQUAL(leaf.global, has_g, "G");
	window = emu_enter(e, emu_page(e, page), 0);
	CHECK(emu_leaf_at(e, window, NULL, &leaf), "no leaf");
	CHECK_EQUAL(leaf.global, false, "G in a window");
	emu_remove(e, window);
	cached(e, va);
	return (va);
}

static void
global_pages(const struct contract_case *c)
{
	static const char *const remove[] = {
		"qpmap_global_remove", "qpmap_global_remove_deferred"
	};
	struct emu *e = begin(c);
	uint64_t va;

	for (unsigned i = 0; i < 8; i++) {
		va = mapped(e, i);
		emu_record(e, EMU_REC_INSNS);
		SMP_CALL(e, 0, remove[i % 2], "w", va);
		if (i % 4 == 3) {
			SMP_CALL(e, 1, "qpmap_quiesce", "");
		} else if (i % 4 == 1) {
			/* No clean slot: this one is reclaimed. */
			smp_set(e, smp_at_group(e, 0, FACT_GROUP_CLEAN), 0);
			smp_set(e, smp_at_group(e, 1, FACT_GROUP_CLEAN), 0);
			va = smp_global_enter(e, 1, emu_page(e, i), 0);
			SMP_CALL(e, 0, remove[0], "w", va);
		}
		play(e);
		check_gone(3);
	}
}

/* A CPU that leaves keeps nothing, and one that joins has nothing. */
static void
leaves_and_joins(const struct contract_case *c)
{
	struct emu *e = begin(c);
	uint64_t va = mapped(e, 0);

	emu_record(e, EMU_REC_INSNS);
	emu_cpu(e, 1);
	EMU_CALL(e, "qpmap_cpu_offline", "w", emu_state_pa(e));
	CHECK_EQUAL(e->status, EMU_RETURNED, "offline");
	play(e);
	check_gone(2);
	cached(e, va);
	emu_record(e, EMU_REC_INSNS);
	SMP_CALL(e, 0, "qpmap_global_remove", "w", va);
	play(e);
	emu_record(e, EMU_REC_INSNS);
	emu_cpu(e, 1);
	CHECK_EQUAL(emu_online(e, 1, 0), QPMAP_OK, "online");
	play(e);
	check_gone(3);
}

/* G needs CR4.PGE: on the CPU of qpmap_init(), and on each that joins. */
static void
no_pge(const struct contract_case *c)
{
	struct emu *e = contract_open(c, "smp", c->boot_flags);

	e->config[WIRE_FLAGS] |= c->number;
	CHECK_EQUAL(emu_init(e), c->number != 0 && c->boot_flags != 0 ?
	    QPMAP_ERR_PGE : QPMAP_OK, "qpmap_init");
	if (c->boot_flags != 0) {
		return;
	}
	CHECK_EQUAL(emu_online(e, 0, 0), QPMAP_OK, "online");
	e->boot_flags = X86_BOOT_NO_PGE;
	emu_cpu(e, 1);
	emu_boot(e);
	CHECK_EQUAL(emu_online(e, 1, 0), c->number != 0 ?
	    QPMAP_ERR_CPU_DIFFERS : QPMAP_OK, "online without CR4.PGE");
}

void
contract_pcids_cases(const struct emu_mode *mode)
{
	static const struct emu_feature feature[] = {
		{ "plain", 0 },
		{ "KERNEL_HAS_G", QPMAP_F_KERNEL_HAS_G },
		{ "KERNEL_HAS_G+ERRATUM_INVLPG",
		    QPMAP_F_KERNEL_HAS_G | QPMAP_F_ERRATUM_INVLPG },
	};
	struct contract_case extra = { .number = 0 };

	if (mode->arch->uc_arch != UC_ARCH_X86) {
		return;
	}
	for (unsigned i = 0; i < sizeof(feature) / sizeof(feature[0]); i++) {
		extra.number = feature[i].flag;
		extra.boot_flags = 0;
		contract_add(mode, no_pge, &extra, "B11/differs/pge/%s",
		    feature[i].name);
		extra.boot_flags = X86_BOOT_NO_PGE;
		contract_add(mode, no_pge, &extra, "bad-input/PGE/%s",
		    feature[i].name);
		/* PCIDs exist in 64-bit mode only. */
		if (mode->arch->shootdown_boot_flag == 0) {
			continue;
		}
		contract_add(mode, host_pages, &extra, "B10/pcids/%s",
		    feature[i].name);
		contract_add(mode, global_pages, &extra, "B9/pcids/%s",
		    feature[i].name);
		contract_add(mode, leaves_and_joins, &extra,
		    "B11/pcids/%s", feature[i].name);
	}
}
