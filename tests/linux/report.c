/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/qpmap: how the library is set up, and what its CPUs hold.
 */
#include <linux/cpu.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "linux.h"

/* What a CPU holds, which only that CPU may ask. */
static DEFINE_PER_CPU(u32, linux_held);

static void
linux_report_held(void *unused)
{
	this_cpu_write(linux_held, qpmap_held(this_cpu_ptr(&linux_cpu)));
}

static int
linux_report_show(struct seq_file *file, void *unused)
{
	static const struct qpmap_options options = QPMAP_OPTIONS;
	struct linux_ipi_count ipi;
	unsigned int cpu, word;

	seq_puts(file, "options");
	for (word = 0; word < QPMAP_OPTION_WORDS; word++) {
		seq_printf(file, " %u", options.word[word]);
	}
	seq_printf(file, ", %u slots, entries of %u bytes\n",
	    (unsigned int)QPMAP_SLOTS, (unsigned int)QPMAP_PTE_SIZE);
	seq_printf(file, "windows 0x%lx, %u of 0x%lx bytes\n",
	    (unsigned long)linux_area.window_va, nr_cpu_ids,
	    (unsigned long)QPMAP_WINDOW_SIZE);
	seq_printf(file, "range areas 0x%lx, %u of 0x%lx bytes\n",
	    (unsigned long)linux_area.range_va, nr_cpu_ids,
	    (unsigned long)QPMAP_RANGE_SIZE);
	seq_printf(file, "global slots 0x%lx, %u\n",
	    (unsigned long)linux_area.global_va,
	    (unsigned int)(LINUX_GROUPS * QPMAP_GLOBAL_SLOTS));
	cpus_read_lock();
	on_each_cpu(linux_report_held, NULL, 1);
	for_each_online_cpu(cpu) {
		ipi = linux_ipi_count(cpu);
		seq_printf(file, "cpu %u: held %u, IPIs sent %lu, merged "
		    "%lu, handled %lu\n", cpu, per_cpu(linux_held, cpu),
		    ipi.sent, ipi.merged, ipi.handled);
	}
	cpus_read_unlock();
	return (0);
}

int
linux_report_open(void)
{
	return (proc_create_single("qpmap", 0444, NULL, linux_report_show) !=
	    NULL ? 0 : -ENOMEM);
}

void
linux_report_close(void)
{
	remove_proc_entry("qpmap", NULL);
}
