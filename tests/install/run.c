/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Run a small freestanding ELF from its entry to its return, in Unicorn, with
 * the MMU off.  Exits with what the entry returned, 0 being success.
 *
 *	install-run FILE
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#define RUN_STACK	UINT64_C(0x40000000)
#define RUN_STACK_SIZE	UINT64_C(0x10000)
#define RUN_STOP	UINT64_C(0x50000000)
#define RUN_PAGE	UINT64_C(0x1000)
#define RUN_INSNS	1000000

/* What differs between machines: where the return address goes, mostly. */
struct run_machine {
	unsigned elf;
	uc_arch arch;
	uc_mode mode;
	int pc, sp, result;
	int link;		/* 0: the return address is on the stack */
	size_t word;
};

static const struct run_machine run_machines[] = {
	{ EM_X86_64, UC_ARCH_X86, UC_MODE_64, UC_X86_REG_RIP, UC_X86_REG_RSP,
	    UC_X86_REG_RAX, 0, 8 },
	{ EM_386, UC_ARCH_X86, UC_MODE_32, UC_X86_REG_EIP, UC_X86_REG_ESP,
	    UC_X86_REG_EAX, 0, 4 },
	{ EM_AARCH64, UC_ARCH_ARM64, UC_MODE_ARM, UC_ARM64_REG_PC,
	    UC_ARM64_REG_SP, UC_ARM64_REG_X0, UC_ARM64_REG_X30, 8 },
	{ EM_RISCV, UC_ARCH_RISCV, UC_MODE_RISCV64, UC_RISCV_REG_PC,
	    UC_RISCV_REG_SP, UC_RISCV_REG_A0, UC_RISCV_REG_RA, 8 },
};

struct run_file {
	unsigned char *bytes;
	size_t size;
};

static void
run_fail(const char *what, const char *why)
{
	fprintf(stderr, "install-run: %s: %s\n", what, why);
	exit(99);
}

static void
run_check(uc_err err, const char *what)
{
	if (err != UC_ERR_OK) {
		run_fail(what, uc_strerror(err));
	}
}

static struct run_file
run_read(const char *name)
{
	struct run_file file = { malloc(1 << 20), 0 };
	FILE *f = fopen(name, "rb");

	if (f == NULL || file.bytes == NULL) {
		run_fail(name, "cannot be read");
	}
	file.size = fread(file.bytes, 1, 1 << 20, f);
	fclose(f);
	if (file.size < sizeof(Elf64_Ehdr) ||
	    memcmp(file.bytes, ELFMAG, SELFMAG) != 0) {
		run_fail(name, "is no ELF file");
	}
	return (file);
}

static const struct run_machine *
run_machine(const struct run_file *file)
{
	Elf32_Ehdr header;
	size_t i;

	memcpy(&header, file->bytes, sizeof(header));
	for (i = 0; i < sizeof(run_machines) / sizeof(run_machines[0]); i++) {
		if (run_machines[i].elf == header.e_machine) {
			return (&run_machines[i]);
		}
	}
	run_fail("e_machine", "is not one of qpmap's");
	return (NULL);
}

/* Map the pages of one segment; two segments may share one. */
static void
run_map(uc_engine *uc, uint64_t va, uint64_t memsz)
{
	uint64_t page;

	for (page = va & ~(RUN_PAGE - 1); page < va + memsz;
	    page += RUN_PAGE) {
		uc_err err = uc_mem_map(uc, page, RUN_PAGE, UC_PROT_ALL);

		if (err != UC_ERR_MAP) {
			run_check(err, "uc_mem_map");
		}
	}
}

static void
run_segment(uc_engine *uc, const struct run_file *file, const Elf64_Phdr *ph)
{
	if (ph->p_type != PT_LOAD || ph->p_memsz == 0) {
		return;
	}
	if (ph->p_offset > file->size ||
	    ph->p_filesz > file->size - ph->p_offset) {
		run_fail("PT_LOAD", "is not in the file");
	}
	run_map(uc, ph->p_vaddr, ph->p_memsz);
	run_check(uc_mem_write(uc, ph->p_vaddr, file->bytes + ph->p_offset,
	    (size_t)ph->p_filesz), "uc_mem_write");
}

/* Load every segment; returns the entry. */
static uint64_t
run_load64(uc_engine *uc, const struct run_file *file)
{
	Elf64_Ehdr header;
	Elf64_Phdr ph;
	size_t i;

	memcpy(&header, file->bytes, sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		memcpy(&ph, file->bytes + header.e_phoff + i * sizeof(ph),
		    sizeof(ph));
		run_segment(uc, file, &ph);
	}
	return (header.e_entry);
}

static uint64_t
run_load32(uc_engine *uc, const struct run_file *file)
{
	Elf32_Ehdr header;
	Elf32_Phdr ph;
	size_t i;

	memcpy(&header, file->bytes, sizeof(header));
	for (i = 0; i < header.e_phnum; i++) {
		memcpy(&ph, file->bytes + header.e_phoff + i * sizeof(ph),
		    sizeof(ph));
		run_segment(uc, file, &(Elf64_Phdr){
		    .p_type = ph.p_type, .p_offset = ph.p_offset,
		    .p_vaddr = ph.p_vaddr, .p_filesz = ph.p_filesz,
		    .p_memsz = ph.p_memsz });
	}
	return (header.e_entry);
}

/* Call entry; returns the low 32 bits of what it returned. */
static uint32_t
run_call(uc_engine *uc, const struct run_machine *machine, uint64_t entry)
{
	uint64_t sp = RUN_STACK + RUN_STACK_SIZE / 2, stop = RUN_STOP;
	uint64_t pc = 0, result = 0;

	run_map(uc, RUN_STACK, RUN_STACK_SIZE);
	run_map(uc, RUN_STOP, RUN_PAGE);
	if (machine->link == 0) {
		sp -= machine->word;
		run_check(uc_mem_write(uc, sp, &stop, machine->word), "stack");
	} else {
		run_check(uc_reg_write(uc, machine->link, &stop), "link");
	}
	run_check(uc_reg_write(uc, machine->sp, &sp), "sp");
	run_check(uc_emu_start(uc, entry, stop, 0, RUN_INSNS), "uc_emu_start");
	run_check(uc_reg_read(uc, machine->pc, &pc), "pc");
	if (pc != stop) {
		run_fail("the kernel", "did not return");
	}
	run_check(uc_reg_read(uc, machine->result, &result), "result");
	return ((uint32_t)result);
}

int
main(int argc, char **argv)
{
	const struct run_machine *machine;
	struct run_file file;
	uc_engine *uc;
	uint64_t entry;
	uint32_t result;

	if (argc != 2) {
		run_fail("usage", "install-run FILE");
	}
	file = run_read(argv[1]);
	machine = run_machine(&file);
	run_check(uc_open(machine->arch, machine->mode, &uc), "uc_open");
	entry = machine->word == 8 ? run_load64(uc, &file) :
	    run_load32(uc, &file);
	result = run_call(uc, machine, entry);
	uc_close(uc);
	free(file.bytes);
	if (result != 0) {
		fprintf(stderr, "install-run: %s: returned %u\n", argv[1],
		    (unsigned)result);
	}
	return (result == 0 ? 0 : 1);
}
