/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM, and the page tables as the harness builds and walks them: by the
 * mode's geometry and the driver's entries, independent of src/.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"

/*
 * Memory that is zero, of which little is used: calloc() would write all of
 * it for the second machine.
 */
void *
emu_zeros(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		emu_die("no memory");
	}
	return (memory);
}

static void
emu_region_add(struct emu *e, uint64_t base, uint64_t size)
{
	struct emu_machine *m = e->machine;
	struct emu_region *region = &m->region[m->region_count++];

	*region = (struct emu_region){ base, size, emu_zeros(size) };
}

void
emu_regions_open(struct emu *e)
{
	const struct emu_mode *mode = e->mode;

	emu_region_add(e, mode->ram_base, mode->ram_size);
	emu_region_add(e, mode->pages_base,
	    mode->pages_count << mode->page_shift);
	for (unsigned i = 0; i < EMU_HIGH_COUNT; i++) {
		if (mode->high_base[i] != 0) {
			emu_region_add(e, mode->high_base[i],
			    (uint64_t)EMU_HIGH_PAGES << mode->page_shift);
		}
	}
}

void
emu_regions_close(struct emu *e)
{
	struct emu_machine *m = e->machine;

	for (unsigned i = 0; i < m->region_count; i++) {
		munmap(m->region[i].host, m->region[i].size);
	}
}

void *
emu_ram(struct emu *e, uint64_t pa, size_t size)
{
	struct emu_machine *m = e->machine;

	for (unsigned i = 0; i < m->region_count; i++) {
		struct emu_region *region = &m->region[i];

		if (pa >= region->base && pa - region->base < region->size &&
		    size <= region->size - (pa - region->base)) {
			return (region->host + (pa - region->base));
		}
	}
	emu_die("no RAM at physical address 0x%llx",
	    (unsigned long long)pa);
}

uint64_t
emu_read(struct emu *e, uint64_t pa, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, emu_ram(e, pa, size), size);
	return (value);
}

void
emu_write(struct emu *e, uint64_t pa, unsigned size, uint64_t value)
{
	memcpy(emu_ram(e, pa, size), &value, size);
}

uint64_t
emu_get64(struct emu *e, const char *name, unsigned i)
{
	return (emu_read(e, emu_symbol(e, name) + 8ull * i, 8));
}

void
emu_set64(struct emu *e, const char *name, unsigned i, uint64_t value)
{
	emu_write(e, emu_symbol(e, name) + 8ull * i, 8, value);
}

uint64_t
emu_page_alloc(struct emu *e)
{
	struct emu_machine *m = e->machine;
	uint64_t size = UINT64_C(1) << e->mode->page_shift;
	uint64_t page = m->page_next;

	m->page_next += size;
	memset(emu_ram(e, page, size), 0, size);
	return (page);
}

uint64_t
emu_page(struct emu *e, unsigned i)
{
	if (i >= e->mode->pages_count) {
		emu_die("no test page %u", i);
	}
	return (e->mode->pages_base + ((uint64_t)i << e->mode->page_shift));
}

uint64_t
emu_high_page(struct emu *e, unsigned high, unsigned i)
{
	if (high >= EMU_HIGH_COUNT || e->mode->high_base[high] == 0 ||
	    i >= EMU_HIGH_PAGES) {
		emu_die("no high page %u/%u", high, i);
	}
	return (e->mode->high_base[high] +
	    ((uint64_t)i << e->mode->page_shift));
}

/* Physical address of va's entry in table, of that level. */
static uint64_t
emu_entry_pa(const struct emu *e, uint64_t table, uint64_t va, unsigned level)
{
	const struct emu_mode *mode = e->mode;
	uint64_t walked = va & (~UINT64_C(0) >> (64 - mode->va_bits));
	uint64_t index = walked >> (mode->page_shift +
	    level * mode->table_shift);

	index &= (UINT64_C(1) << mode->table_shift) - 1;
	return (table + index * mode->entry_size);
}

unsigned
emu_walk(struct emu *e, uint64_t va, struct emu_level levels[EMU_MAX_LEVELS])
{
	uint64_t table = e->root[e->arch->root(e, va)];
	unsigned level = e->mode->levels;
	unsigned count = 0;
	uint64_t entry, entry_pa;

	do {
		level--;
		entry_pa = emu_entry_pa(e, table, va, level);
		entry = emu_read(e, entry_pa, e->mode->entry_size);
		levels[count++] = (struct emu_level){ level, entry_pa, entry };
		table = e->arch->entry_pa(e, entry);
	} while (level != 0 && e->arch->is_valid(e, entry) &&
	    e->arch->is_table(e, entry, level));
	return (count);
}

bool
emu_leaf_at(struct emu *e, uint64_t va, uint64_t *entry_pa,
    struct emu_leaf *leaf)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	const struct emu_level *last = &levels[emu_walk(e, va, levels) - 1];

	if (last->level != 0) {
		return (false);
	}
	if (entry_pa != NULL) {
		*entry_pa = last->entry_pa;
	}
	if (leaf != NULL) {
		e->arch->decode_leaf(e, last->entry, leaf);
	}
	return (true);
}

void
emu_map(struct emu *e, uint64_t va, uint64_t pa, bool exec)
{
	struct emu_level levels[EMU_MAX_LEVELS];
	const struct emu_level *last;

	for (;;) {
		last = &levels[emu_walk(e, va, levels) - 1];
		if (last->level == 0) {
			break;
		}
		emu_write(e, last->entry_pa, e->mode->entry_size,
		    e->arch->make_table(e, emu_page_alloc(e), last->level));
	}
	emu_write(e, last->entry_pa, e->mode->entry_size,
	    e->arch->make_leaf(e, pa, exec));
}

/* Empty roots, and low RAM at VA = PA. */
void
emu_tables_open(struct emu *e)
{
	const struct emu_mode *mode = e->mode;
	uint64_t size = UINT64_C(1) << mode->page_shift;
	uint64_t end = e->machine->image_end;

	e->machine->page_next = (end + size - 1) & ~(size - 1);
	e->root[0] = emu_page_alloc(e);
	e->root[1] = emu_page_alloc(e);
	for (uint64_t pa = mode->ram_base;
	    pa < mode->ram_base + mode->ram_size; pa += size) {
		emu_map(e, pa, pa, true);
	}
}
