/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module's own: what its files have in common.
 */
#ifndef LINUX_H
#define LINUX_H

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include <qpmap/host.h>
#include <qpmap/panic.h>
#include <qpmap/pmap.h>
#include <qpmap/range.h>
#include <qpmap/shootdown.h>

#ifdef pr_fmt
#undef pr_fmt
#endif
#define pr_fmt(fmt) "qpmap: " fmt

#define LINUX_GROUPS	2u	/* of global slots */
#define LINUX_SPARE	16u	/* pages mapped by Linux, for the tests */

/* leaf.c: addresses and their page-table entries. */
pte_t *linux_leaf(qpmap_vaddr_t va);
void *linux_leaves_map(struct page *page, unsigned long count);
void linux_leaves_clear(qpmap_vaddr_t va, qpmap_vaddr_t end);
u32 linux_flags(qpmap_vaddr_t mapped);

/* window.c: where everything is. */
struct linux_area {
	void *mapped;			/* what vmap() returned */
	struct page *placeholder;	/* the page that it mapped */
	qpmap_vaddr_t global_va;
	qpmap_vaddr_t window_va;
	qpmap_vaddr_t range_va;
	qpmap_vaddr_t spare_va;
	qpmap_vaddr_t end;
	struct qpmap_shootdown_state *shootdown;
	struct qpmap_cpu_sync *cpu_sync;
	struct qpmap_global *global;
};

extern struct linux_area linux_area;

int linux_area_get(void);
void linux_area_put(void);
void linux_area_clear(void);
void linux_configure(struct qpmap_config *config);
int linux_cpus_online(void);
void linux_cpus_offline(void);

/* host.c: counts for the report; and the panic that a test waits for. */
struct linux_ipi_count {
	unsigned long sent;		/* by the library */
	unsigned long merged;		/* one was on its way already */
	unsigned long handled;
};

void linux_host_init(void);
struct linux_ipi_count linux_ipi_count(unsigned int cpu);
bool linux_panics(int (*function)(void *), const char *text);

/* report.c: /proc/qpmap. */
int linux_report_open(void);
void linux_report_close(void);

/* pages.c: the pages that tests use, with contents that name them. */
#define LINUX_WORDS	(PAGE_SIZE / sizeof(u32))

extern struct page **linux_pages;
extern unsigned int linux_page_count;

int linux_pages_get(unsigned int count);
void linux_pages_put(void);
u32 linux_word(unsigned int page, unsigned int word);
void linux_page_fill(unsigned int page);
void linux_pages_fill(void);
bool linux_page_same(unsigned int page, const void *va, unsigned int from);
bool linux_page_shows(unsigned int page, qpmap_vaddr_t va);
bool linux_faults(qpmap_vaddr_t va);
bool linux_store_faults(qpmap_vaddr_t va, u32 value);
u32 linux_random(u32 *state);

/*
 * run.c: a test returns NULL, or why it failed.  linux_on_cpus() runs one on
 * every CPU at once, in a thread bound to it; linux_in_interrupts() in an
 * interrupt, with nothing of Linux' own in between that would invalidate
 * translations; the answer is the first bad one.
 */
typedef const char *(*linux_test)(unsigned int rounds);

const char *linux_on_cpus(linux_test test, unsigned int rounds);
const char *linux_in_interrupts(linux_test test);
void *linux_start(linux_test test, unsigned int cpu, unsigned int rounds);
const char *linux_wait(void *thread);
unsigned int linux_run(const char *only, unsigned int rounds);

/* The tests. */
const char *linux_test_errors(unsigned int rounds);
const char *linux_test_errors_cpu(unsigned int rounds);
const char *linux_test_selftest(unsigned int rounds);
const char *linux_test_contents(unsigned int rounds);
const char *linux_test_write_through(unsigned int rounds);
const char *linux_test_use_after_remove(unsigned int rounds);
const char *linux_test_nesting(unsigned int rounds);
const char *linux_test_read_only(unsigned int rounds);
const char *linux_test_helpers(unsigned int rounds);
const char *linux_test_types(unsigned int rounds);
const char *linux_test_panics(unsigned int rounds);
const char *linux_test_interrupts(unsigned int rounds);
const char *linux_test_global(unsigned int rounds);
const char *linux_test_global_watched(unsigned int rounds);
const char *linux_test_global_deferred(unsigned int rounds);
const char *linux_test_global_stress(unsigned int rounds);
const char *linux_test_shootdown(unsigned int rounds);
const char *linux_test_shootdown_duel(unsigned int rounds);
const char *linux_test_hotplug(unsigned int rounds);
const char *linux_ranges_cpu(unsigned int rounds);
const char *linux_test_ranges(unsigned int rounds);
const char *linux_test_folios(unsigned int rounds);

/* count.c */
int linux_count(void);

#endif /* LINUX_H */
