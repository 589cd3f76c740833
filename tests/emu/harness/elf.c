/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's image: ELF, 32 or 64 bits, little endian, loaded at its physical
 * addresses; and its symbols.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static void
emu_elf_read(struct emu *e, const char *path)
{
	struct emu_machine *m = e->machine;
	FILE *file = fopen(path, "rb");
	long size;

	if (file == NULL) {
		emu_die("%s: no such guest; build it first", path);
	}
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	m->image = size > 0 ? malloc((size_t)size) : NULL;
	m->image_size = (size_t)size;
	if (m->image == NULL ||
	    fread(m->image, 1, m->image_size, file) != m->image_size ||
	    m->image_size < sizeof(Elf64_Ehdr) ||
	    memcmp(m->image, ELFMAG, SELFMAG) != 0) {
		emu_die("%s: not an ELF file", path);
	}
	fclose(file);
}

/* The part of the image at offset, checked. */
static const uint8_t *
emu_elf_part(const struct emu_machine *m, uint64_t offset, uint64_t size)
{
	if (offset > m->image_size || size > m->image_size - offset) {
		emu_die("guest: truncated ELF file");
	}
	return (m->image + offset);
}

static void
emu_elf_segment(struct emu *e, uint64_t pa, uint64_t offset, uint64_t filesz,
    uint64_t memsz)
{
	struct emu_machine *m = e->machine;
	uint8_t *ram;

	if (memsz == 0) {
		return;
	}
	ram = emu_ram(e, pa, memsz);
	memcpy(ram, emu_elf_part(m, offset, filesz), filesz);
	memset(ram + filesz, 0, memsz - filesz);
	if (pa + memsz > m->image_end) {
		m->image_end = pa + memsz;
	}
}

/*
 * Symbols are looked up by name before most calls.  Those with the same hash
 * (FNV-1a) are in one chain, in the order of the table.
 */
static unsigned
emu_symbol_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name != '\0'; name++) {
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	}
	return (hash % EMU_SYMBOL_CHAINS);
}

static void
emu_elf_symbol(struct emu_machine *m, const char *name, uint64_t value,
    uint64_t size)
{
	struct emu_symbol *symbol = &m->symbol[m->symbol_count];
	struct emu_symbol **end =
	    &m->symbol_chain[emu_symbol_hash(name)];

	if (*name == '\0') {
		return;
	}
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*symbol = (struct emu_symbol){ name, value, size, NULL };
	*end = symbol;
	m->symbol_count++;
}

/* The two classes differ in the types' names only. */
#define EMU_ELF(bits)							\
static void								\
emu_elf_load##bits(struct emu *e)					\
{									\
	struct emu_machine *m = e->machine;				\
	const Elf##bits##_Ehdr *head = (const void *)m->image;		\
	const Elf##bits##_Phdr *segment = (const void *)emu_elf_part(m,	\
	    head->e_phoff, head->e_phnum * sizeof(*segment));		\
	const Elf##bits##_Shdr *section = (const void *)emu_elf_part(m,	\
	    head->e_shoff, head->e_shnum * sizeof(*section));		\
									\
	for (unsigned i = 0; i < head->e_phnum; i++) {			\
		if (segment[i].p_type == PT_LOAD) {			\
			emu_elf_segment(e, segment[i].p_paddr,		\
			    segment[i].p_offset, segment[i].p_filesz,	\
			    segment[i].p_memsz);			\
		}							\
	}								\
	for (unsigned i = 0; i < head->e_shnum; i++) {			\
		if (section[i].sh_type != SHT_SYMTAB) {			\
			continue;					\
		}							\
		const Elf##bits##_Sym *symbol = (const void *)		\
		    emu_elf_part(m, section[i].sh_offset,		\
		    section[i].sh_size);				\
		size_t count = section[i].sh_size / sizeof(*symbol);	\
		const char *names = (const char *)emu_elf_part(m,	\
		    section[section[i].sh_link].sh_offset, 1);		\
									\
		m->symbol = calloc(count, sizeof(*m->symbol));		\
		for (size_t j = 0; m->symbol != NULL && j < count; j++) { \
			emu_elf_symbol(m, names + symbol[j].st_name,	\
			    symbol[j].st_value, symbol[j].st_size);	\
		}							\
	}								\
}
EMU_ELF(32)
EMU_ELF(64)
#undef EMU_ELF

void
emu_elf_load(struct emu *e, const char *path)
{
	emu_elf_read(e, path);
	if (e->machine->image[EI_CLASS] == ELFCLASS64) {
		emu_elf_load64(e);
	} else {
		emu_elf_load32(e);
	}
	if (e->machine->symbol_count == 0) {
		emu_die("%s: no symbols", path);
	}
}

static const struct emu_symbol *
emu_symbol_find(const struct emu *e, const char *name)
{
	const struct emu_symbol *symbol =
	    e->machine->symbol_chain[emu_symbol_hash(name)];

	while (symbol != NULL && strcmp(symbol->name, name) != 0) {
		symbol = symbol->next;
	}
	return (symbol);
}

bool
emu_has_symbol(struct emu *e, const char *name)
{
	return (emu_symbol_find(e, name) != NULL);
}

uint64_t
emu_symbol(struct emu *e, const char *name)
{
	const struct emu_symbol *symbol = emu_symbol_find(e, name);

	if (symbol == NULL) {
		emu_die("guest-%s has no symbol %s", e->variant, name);
	}
	return (symbol->value);
}

uint64_t
emu_symbol_size(struct emu *e, const char *name)
{
	(void)emu_symbol(e, name);
	return (emu_symbol_find(e, name)->size);
}

const char *
emu_symbol_at(struct emu *e, uint64_t address)
{
	const struct emu_machine *m = e->machine;

	for (size_t i = 0; i < m->symbol_count; i++) {
		if (address - m->symbol[i].value < m->symbol[i].size) {
			return (m->symbol[i].name);
		}
	}
	return ("");
}
