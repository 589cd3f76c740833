/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine: engines, hooks, and calls into the guest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"

/* No call of a test needs more: it loops. */
#define EMU_INSN_LIMIT UINT64_C(400000000)

const char *emu_guest_dir = EMU_GUEST_DIR;

static void
emu_abort(const char *text)
{
	fprintf(stderr, "emu: %s\n", text);
	exit(1);
}

void (*emu_on_die)(const char *text) = emu_abort;

_Noreturn void
emu_die(const char *format, ...)
{
	static char text[512];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	emu_on_die(text);
	abort();
}

static void
emu_check(uc_err error, const char *what)
{
	if (error != UC_ERR_OK) {
		emu_die("%s: %s", what, uc_strerror(error));
	}
}

/*
 * Hooks.  All are installed before the first run: a block translated earlier
 * would ignore them.
 */

static void
emu_hook_ipi(struct emu *e)
{
	uint64_t window = e->arch->argument(e) & 0xffffffff;

	if (window >= WIRE_CPU_SYNC_COUNT) {
		emu_die("interrupt for window %llu",
		    (unsigned long long)window);
	}
	e->ipi_count[window]++;
	if (e->on_ipi != NULL) {
		e->on_ipi(e, (unsigned)window);
	}
}

static void
emu_hook_code(uc_engine *uc, uint64_t pc, uint32_t size, void *user)
{
	struct emu *e = user;
	struct emu_machine *m = e->machine;

	if (e->insn_count == m->pause_at || (e->pause_before != NULL &&
	    !m->begins && e->pause_before(e, pc))) {
		m->pause_at = EMU_X0;
		m->paused_now = true;
		uc_emu_stop(uc);
		return;
	}
	m->begins = false;
	if (pc == m->pc_panicked) {
		m->panicked = true;
		uc_emu_stop(uc);
		return;
	}
	e->insn_count++;
	if (pc == m->pc_before && e->arch->repeats != NULL &&
	    e->arch->repeats(emu_ram(e, pc, size))) {
		e->repeat_count++;
	}
	m->pc_before = pc;
	if (e->insn_count > EMU_INSN_LIMIT) {
		uc_emu_stop(uc);
		return;
	}
	if (e->recording != 0) {
		emu_record_insn(e, pc, size);
	}
	if (pc == m->pc_ipi) {
		emu_hook_ipi(e);
	}
	if (e->on_insn != NULL) {
		e->on_insn(e, pc);
	}
	if (e->arch->lacks != NULL &&
	    pc - e->mode->ram_base < e->mode->ram_size) {
		e->arch->lacks(e, pc, emu_ram(e, pc, size), size);
	}
}

static void
emu_hook_memory(uc_engine *uc, uc_mem_type type, uint64_t pa, int size,
    int64_t value, void *user)
{
	struct emu *e = user;
	uint64_t mask = ~UINT64_C(0) >> (64 - 8 * size);

	(void)uc;
	pa &= ~e->arch->pa_ignored;
	if (type == UC_MEM_WRITE && e->on_store != NULL) {
		e->on_store(e, pa, (unsigned)size, (uint64_t)value & mask);
	}
	if (type == UC_MEM_READ && e->on_load != NULL) {
		e->on_load(e, pa);
	}
	if (type == UC_MEM_WRITE && (e->recording & EMU_REC_STORES) != 0) {
		emu_record_access(e, "store", pa, (unsigned)size,
		    (uint64_t)value & mask);
	} else if (type == UC_MEM_READ &&
	    (e->recording & EMU_REC_LOADS) != 0) {
		emu_record_access(e, "load", pa, (unsigned)size, 0);
	}
}

static void
emu_hook_intr(uc_engine *uc, uint32_t vector, void *user)
{
	struct emu *e = user;

	if (e->arch->trap != NULL && e->arch->trap(e, vector)) {
		return;
	}
	e->machine->excepted = true;
	e->machine->vector = vector;
	uc_emu_stop(uc);
}

/* One more engine on the same RAM. */
static void
emu_engine_open(struct emu *e)
{
	struct emu_machine *m = e->machine;
	uc_hook hook;

	emu_check(uc_open(e->arch->uc_arch, e->arch->uc_mode, &e->uc),
	    "uc_open");
	m->uc[e->cpu] = e->uc;
	e->arch->opened(e);
	for (unsigned i = 0; i < m->region_count; i++) {
		emu_check(uc_mem_map_ptr(e->uc, m->region[i].base,
		    m->region[i].size, UC_PROT_ALL, m->region[i].host),
		    "uc_mem_map_ptr");
	}
	emu_check(uc_hook_add(e->uc, &hook, UC_HOOK_CODE,
	    (void *)emu_hook_code, e, 1, 0), "uc_hook_add");
	emu_check(uc_hook_add(e->uc, &hook, UC_HOOK_MEM_READ |
	    UC_HOOK_MEM_WRITE, (void *)emu_hook_memory, e, 1, 0),
	    "uc_hook_add");
	emu_check(uc_hook_add(e->uc, &hook, UC_HOOK_INTR,
	    (void *)emu_hook_intr, e, 1, 0), "uc_hook_add");
}

static void
emu_guest_open(struct emu *e)
{
	struct emu_machine *m = e->machine;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/guest-%s.elf", emu_guest_dir,
	    e->mode->target, e->variant);
	emu_elf_load(e, path);
	if (getenv("QPMAP_SHOW_GUESTS") != NULL) {
		/* For tools/mutants, which builds these only. */
		printf("guest %s\n", e->variant);
		fflush(stdout);
	}
	m->pc_panicked = emu_symbol(e, "guest_panicked");
	m->pc_stop = emu_symbol(e, "guest_stop");
	m->stack = emu_symbol(e, "guest_stack");
	if (emu_has_symbol(e, "qpmap_host_pin")) {
		m->pc_pin = emu_symbol(e, "qpmap_host_pin");
		m->pc_cpu = emu_symbol(e, "qpmap_host_cpu");
		m->pc_unpin = emu_symbol(e, "qpmap_host_unpin");
	}
	if (emu_has_symbol(e, "qpmap_host_ipi")) {
		m->pc_ipi = emu_symbol(e, "qpmap_host_ipi");
	}
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		e->fact[i] = emu_get64(e, "guest_fact", i);
	}
}

struct emu *
emu_open(const struct emu_mode *mode, const char *variant)
{
	struct emu *e = calloc(1, sizeof(*e));
	struct emu_machine *m = calloc(1, sizeof(*m));

	if (e == NULL || m == NULL) {
		emu_die("no memory");
	}
	e->mode = mode;
	e->arch = mode->arch;
	e->variant = variant;
	e->machine = m;
	e->events = emu_zeros(EMU_EVENTS * sizeof(*e->events));
	e->expected = emu_zeros(EMU_EVENTS * sizeof(*e->expected));
	e->path = emu_zeros(EMU_PATH * sizeof(*e->path));
	m->pause_at = EMU_X0;
	emu_regions_open(e);
	emu_guest_open(e);
	emu_tables_open(e);
	e->layout = mode->arch->layouts[0].value;
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		e->hart[i] = i;
	}
	emu_cpu(e, 0);
	return (e);
}

void
emu_close(struct emu *e)
{
	struct emu_machine *m = e->machine;

	for (unsigned i = 0; i < EMU_CPUS; i++) {
		if (m->uc[i] != NULL) {
			uc_close(m->uc[i]);
		}
		free(e->arch_data[i]);
		for (unsigned j = 0; j < m->paused_count[i]; j++) {
			uc_context_free(m->paused[i][j].context);
		}
	}
	emu_regions_close(e);
	free(m->symbol);
	free(m->image);
	free(m);
	munmap(e->events, EMU_EVENTS * sizeof(*e->events));
	munmap(e->expected, EMU_EVENTS * sizeof(*e->expected));
	munmap(e->path, EMU_PATH * sizeof(*e->path));
	free(e);
}

void
emu_cpu(struct emu *e, unsigned cpu)
{
	struct emu_machine *m = e->machine;

	if (cpu >= EMU_CPUS) {
		emu_die("no CPU %u", cpu);
	}
	e->cpu = e->thread = cpu;
	e->percpu = emu_symbol(e, "guest_percpu") +
	    cpu * e->fact[FACT_PERCPU_SIZE];
	e->uc = m->uc[cpu];
	if (e->uc == NULL) {
		emu_engine_open(e);
	}
}

void
emu_flush(struct emu *e)
{
	for (unsigned i = 0; i < EMU_CPUS; i++) {
		if (e->machine->uc[i] != NULL) {
			emu_check(uc_ctl_flush_tlb(e->machine->uc[i]),
			    "uc_ctl_flush_tlb");
		}
	}
}

/* The guest's per-CPU data: the state pointer comes first. */
static void
emu_percpu_init(struct emu *e)
{
	unsigned word = (unsigned)e->fact[FACT_WORD];

	memset(emu_ram(e, e->percpu, e->fact[FACT_PERCPU_SIZE]), 0,
	    e->fact[FACT_PERCPU_SIZE]);
	emu_write(e, e->percpu, word, emu_state_pa(e));
}

void
emu_boot(struct emu *e)
{
	emu_percpu_init(e);
	e->arch->boot(e);
	e->machine->booted[e->cpu] = true;
}

/*
 * Running.
 */

static uint64_t
emu_pc_now(struct emu *e)
{
	uint64_t pc = 0;

	uc_reg_read(e->uc, e->arch->pc_reg, &pc);
	return (pc);
}

static void
emu_panic_read(struct emu *e)
{
	uint64_t text = emu_get64(e, "guest_panic", 0);
	unsigned i = 0;

	do {
		e->panic.text[i] = (char)emu_read(e, text + i, 1);
	} while (e->panic.text[i] != '\0' && ++i < sizeof(e->panic.text) - 1);
	e->panic.text[i] = '\0';
	e->panic.a = emu_get64(e, "guest_panic", 1);
	e->panic.b = emu_get64(e, "guest_panic", 2);
}

static void
emu_pause(struct emu *e, uint64_t pc, uint64_t until)
{
	struct emu_machine *m = e->machine;
	unsigned count = m->paused_count[e->thread];

	if (count == EMU_PAUSES) {
		emu_die("more than %d calls broken off", EMU_PAUSES);
	}
	m->paused[e->thread][count] = (struct emu_paused){
	    NULL, pc, until, e->insn_count };
	m->paused_count[e->thread]++;
}

void
emu_fault_keep(struct emu *e)
{
	emu_pause(e, e->fault.pc, e->machine->pc_stop);
}

/* The current CPU is needed for another call: keep the registers. */
static void
emu_pause_keep(struct emu *e)
{
	struct emu_machine *m = e->machine;
	unsigned count = m->paused_count[e->thread];
	struct emu_paused *paused;

	if (count == 0) {
		return;
	}
	paused = &m->paused[e->thread][count - 1];
	if (paused->context == NULL) {
		emu_check(uc_context_alloc(e->uc, &paused->context),
		    "context");
		emu_check(uc_context_save(e->uc, paused->context), "context");
	}
}

void
emu_thread(struct emu *e, unsigned thread)
{
	emu_pause_keep(e);
	e->thread = thread;
}

/* Run to the next event, and say what it was. */
static enum emu_status
emu_go(struct emu *e, uint64_t begin, uint64_t until)
{
	struct emu_machine *m = e->machine;
	uc_err error;

	m->excepted = m->panicked = m->paused_now = false;
	m->begins = true;
	error = uc_emu_start(e->uc, begin, until, 0, 0);
	if (m->paused_now) {
		emu_pause(e, emu_pc_now(e), until);
		return (EMU_PAUSED);
	}
	if (m->panicked) {
		emu_panic_read(e);
		return (EMU_PANICKED);
	}
	if (m->excepted) {
		memset(&e->fault, 0, sizeof(e->fault));
		e->fault.vector = m->vector;
		e->fault.pc = emu_pc_now(e);
		e->arch->fault(e, m->vector);
		return (EMU_FAULTED);
	}
	if (error != UC_ERR_OK) {
		emu_die("run from 0x%llx: %s, PC 0x%llx",
		    (unsigned long long)begin, uc_strerror(error),
		    (unsigned long long)emu_pc_now(e));
	}
	if (emu_pc_now(e) != until) {
		emu_die("run from 0x%llx: stopped at PC 0x%llx, not at the end",
		    (unsigned long long)begin,
		    (unsigned long long)emu_pc_now(e));
	}
	return (EMU_RETURNED);
}

void
emu_run(struct emu *e, uint64_t begin, uint64_t end)
{
	if (emu_go(e, begin, end) != EMU_RETURNED) {
		emu_die("run from 0x%llx: exception 0x%x at PC 0x%llx",
		    (unsigned long long)begin, e->machine->vector,
		    (unsigned long long)emu_pc_now(e));
	}
}

static enum emu_status
emu_finish(struct emu *e, enum emu_status status)
{
	e->status = status;
	if (status == EMU_RETURNED) {
		e->result = e->arch->result(e);
	}
	return (status);
}

enum emu_status
emu_call_until(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values, uint64_t stop)
{
	struct emu_machine *m = e->machine;
	uint64_t return_to = m->pc_stop;
	uint64_t stack = m->stack + (e->thread + 1ull) * WIRE_STACK_SIZE -
	    m->paused_count[e->thread] * (uint64_t)WIRE_STACK_SIZE /
	    (EMU_PAUSES + 1);

	if (!m->booted[e->cpu]) {
		emu_die("CPU %u is not booted", e->cpu);
	}
	emu_pause_keep(e);
	e->arch->call(e, function, kinds, values, return_to, stack);
	e->insn_count = e->repeat_count = 0;
	m->pc_before = EMU_X0;
	m->pause_at = stop;
	return (emu_finish(e, emu_go(e, function, return_to)));
}

enum emu_status
emu_call(struct emu *e, uint64_t function, const char *kinds,
    const uint64_t *values)
{
	return (emu_call_until(e, function, kinds, values, EMU_X0));
}

/* The registers are those of the newest call that was broken off. */
static struct emu_paused *
emu_restore(struct emu *e)
{
	struct emu_machine *m = e->machine;
	struct emu_paused *paused;

	if (m->paused_count[e->thread] == 0) {
		emu_die("no call to resume");
	}
	m->paused_count[e->thread]--;
	paused = &m->paused[e->thread][m->paused_count[e->thread]];
	if (paused->context != NULL) {
		emu_check(uc_context_restore(e->uc, paused->context),
		    "context");
		uc_context_free(paused->context);
	}
	e->insn_count = paused->insn_count;
	return (paused);
}

enum emu_status
emu_resume_until(struct emu *e, uint64_t stop)
{
	const struct emu_paused *paused = emu_restore(e);

	e->machine->pause_at = stop;
	return (emu_finish(e, emu_go(e, paused->pc, paused->until)));
}

enum emu_status
emu_resume(struct emu *e)
{
	return (emu_resume_until(e, EMU_X0));
}

enum emu_status
emu_resume_at(struct emu *e, uint64_t pc, int reg, uint64_t value)
{
	const struct emu_paused *paused = emu_restore(e);

	uc_reg_write(e->uc, reg, &value);
	e->machine->pause_at = EMU_X0;
	return (emu_finish(e, emu_go(e, pc, paused->until)));
}

/*
 * The CPU's state as uc_context_save() sees it: an opaque blob, in which a
 * driver finds what no register interface gives.
 */
static uint8_t *
emu_blob_save(struct emu *e, uc_context **context)
{
	emu_check(uc_context_alloc(e->uc, context), "context");
	emu_check(uc_context_save(e->uc, *context), "context");
	return ((uint8_t *)*context);
}

size_t
emu_blob_find(struct emu *e, uint64_t value)
{
	uc_context *context;
	const uint8_t *blob = emu_blob_save(e, &context);
	size_t size = uc_context_size(e->uc);
	size_t offset = 0;

	while (offset + 8 <= size && memcmp(blob + offset, &value, 8) != 0) {
		offset += 4;
	}
	uc_context_free(context);
	if (offset + 8 > size) {
		emu_die("value 0x%llx is not in the CPU's state",
		    (unsigned long long)value);
	}
	return (offset);
}

uint64_t
emu_blob_read(struct emu *e, size_t offset, unsigned size)
{
	uc_context *context;
	const uint8_t *blob = emu_blob_save(e, &context);
	uint64_t value = 0;

	memcpy(&value, blob + offset, size);
	uc_context_free(context);
	return (value);
}

void
emu_blob_write(struct emu *e, size_t offset, unsigned size, uint64_t value)
{
	uc_context *context;
	uint8_t *blob = emu_blob_save(e, &context);

	memcpy(blob + offset, &value, size);
	emu_check(uc_context_restore(e->uc, context), "context");
	uc_context_free(context);
}
