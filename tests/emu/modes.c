/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All MMU modes.  RAM begins where the guests are linked (guest_base_<arch> in
 * guest/CMakeLists.txt); addresses are chosen so that no two areas share an
 * upper table by accident, and low RAM is small because each page of it is an
 * entry to write.
 */
#include <string.h>

#include "emu.h"

#define KIB(n)	((uint64_t)(n) << 10)
#define MIB(n)	((uint64_t)(n) << 20)

/* More than the 10 000 pages that go through one frame in turn. */
#define PAGES 10240

const struct emu_mode emu_modes[] = {
	{
		.name = "amd64-4level",
		.target = "amd64",
		.arch = &emu_amd64,
		.levels = 4,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 48,
		.entry_size = 8,
		.pa_bits = 40,
		.has_nx = true,
		.ram_base = 0x200000,
		.ram_size = MIB(8),
		.pages_base = 0x10000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa5000, 0xfffffe0000 },
		.window_va = 0xffffc90000200000,
		.direct_va = 0xffff888000000000,
		.scratch_va = 0xffffea0000000000,
	},
	{
		.name = "amd64-la57",
		.target = "amd64",
		.arch = &emu_amd64,
		.levels = 5,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 57,
		.entry_size = 8,
		.pa_bits = 40,
		.has_nx = true,
		.ram_base = 0x200000,
		.ram_size = MIB(8),
		.pages_base = 0x10000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa5000, 0xfffffe0000 },
		.window_va = 0xffa0000000200000,
		.direct_va = 0xff11000000000000,
		.scratch_va = 0xffd4000000000000,
	},
	{
		.name = "arm64",
		.target = "arm64",
		.arch = &emu_arm64,
		.levels = 4,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 48,
		.entry_size = 8,
		.pa_bits = 44,
		.has_nx = true,
		.ram_base = 0x40000000,
		.ram_size = MIB(8),
		.pages_base = 0x50000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa50000, 0xffffff00000 },
		.window_va = 0xffffc90000238000,
		.direct_va = 0xffff888000000000,
		.scratch_va = 0xffffea0000000000,
	},
	{
		.name = "arm64-16k",
		.target = "arm64-16k",
		.arch = &emu_arm64,
		.levels = 4,
		.page_shift = 14,
		.table_shift = 11,
		.va_bits = 48,
		.entry_size = 8,
		.pa_bits = 44,
		.has_nx = true,
		.ram_base = 0x40000000,
		.ram_size = MIB(16),
		.pages_base = 0x50000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa50000, 0xffffff00000 },
		.window_va = 0xffffc90000220000,
		.direct_va = 0xffff888000000000,
		.scratch_va = 0xffffea0000000000,
	},
	{
		.name = "arm64-64k",
		.target = "arm64-64k",
		.arch = &emu_arm64,
		.levels = 3,
		.page_shift = 16,
		.table_shift = 13,
		.va_bits = 48,
		.entry_size = 8,
		.pa_bits = 44,
		.has_nx = true,
		.ram_base = 0x40000000,
		.ram_size = MIB(48),
		.pages_base = 0x50000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa50000, 0xffffff00000 },
		.window_va = 0xffffc90000280000,
		.direct_va = 0xffff888000000000,
		.scratch_va = 0xffffea0000000000,
	},
	{
		.name = "riscv64-sv39",
		.target = "riscv64",
		.arch = &emu_riscv64,
		.levels = 3,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 39,
		.entry_size = 8,
		.pa_bits = 56,
		.has_nx = true,
		.ram_base = 0x80000000,
		.ram_size = MIB(8),
		.pages_base = 0x90000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa55aa5000,
		    0xfffffffffe0000 },
		.window_va = 0xffffffd000200000,
		.direct_va = 0xffffffe000000000,
		.scratch_va = 0xfffffff000000000,
	},
	{
		.name = "riscv64-sv48",
		.target = "riscv64",
		.arch = &emu_riscv64,
		.levels = 4,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 48,
		.entry_size = 8,
		.pa_bits = 56,
		.has_nx = true,
		.ram_base = 0x80000000,
		.ram_size = MIB(8),
		.pages_base = 0x90000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa55aa5000,
		    0xfffffffffe0000 },
		.window_va = 0xffffc90000200000,
		.direct_va = 0xffff888000000000,
		.scratch_va = 0xffffea0000000000,
	},
	{
		.name = "riscv64-sv57",
		.target = "riscv64",
		.arch = &emu_riscv64,
		.levels = 5,
		.page_shift = 12,
		.table_shift = 9,
		.va_bits = 57,
		.entry_size = 8,
		.pa_bits = 56,
		.has_nx = true,
		.ram_base = 0x80000000,
		.ram_size = MIB(8),
		.pages_base = 0x90000000,
		.pages_count = PAGES,
		.high_base = { 0x123450000, 0xaa55aa55aa5000,
		    0xfffffffffe0000 },
		.window_va = 0xffa0000000200000,
		.direct_va = 0xff11000000000000,
		.scratch_va = 0xffd4000000000000,
	},
};
const unsigned emu_mode_count = sizeof(emu_modes) / sizeof(emu_modes[0]);

const struct emu_mode *
emu_mode_find(const char *name)
{
	for (unsigned i = 0; i < emu_mode_count; i++) {
		if (strcmp(emu_modes[i].name, name) == 0) {
			return (&emu_modes[i]);
		}
	}
	return (NULL);
}
