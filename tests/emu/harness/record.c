/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the guest did, event by event, and what it had to do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"

void
emu_record(struct emu *e, unsigned what)
{
	e->recording = what;
	e->event_count = e->expected_count = e->path_count = 0;
}

void
emu_record_end(struct emu *e)
{
	e->recording = 0;
}

static void
emu_event_add(struct emu *e, const struct emu_event *event)
{
	if (e->event_count == EMU_EVENTS) {
		emu_die("more than %d events", EMU_EVENTS);
	}
	e->events[e->event_count++] = *event;
}

static uint64_t
emu_pc(struct emu *e)
{
	uint64_t pc = 0;

	uc_reg_read(e->uc, e->arch->pc_reg, &pc);
	return (pc);
}

void
emu_event(struct emu *e, const char *name, uint64_t a, uint64_t b)
{
	emu_event_add(e, &(struct emu_event){ name, a, b, 0, emu_pc(e),
	    e->cpu });
}

void
emu_record_access(struct emu *e, const char *name, uint64_t pa, unsigned size,
    uint64_t value)
{
	emu_event_add(e, &(struct emu_event){ name, pa, value, size,
	    emu_pc(e), e->cpu });
}

void
emu_expect(struct emu *e, const char *name, uint64_t a, uint64_t b,
    unsigned size)
{
	if (e->expected_count == EMU_EVENTS) {
		emu_die("more than %d expected events", EMU_EVENTS);
	}
	e->expected[e->expected_count++] =
	    (struct emu_event){ name, a, b, size, 0, 0 };
}

void
emu_record_insn(struct emu *e, uint64_t pc, uint32_t size)
{
	const struct emu_machine *m = e->machine;

	if ((e->recording & EMU_REC_PATH) != 0) {
		if (e->path_count == EMU_PATH) {
			emu_die("a path of more than %d instructions",
			    EMU_PATH);
		}
		e->path[e->path_count++] = pc;
	}
	if ((e->recording & EMU_REC_INSNS) == 0) {
		return;
	}
	if (pc == m->pc_pin) {
		emu_event(e, "pin", 0, 0);
	} else if (pc == m->pc_cpu) {
		emu_event(e, "cpu", 0, 0);
	} else if (pc == m->pc_unpin) {
		emu_event(e, "unpin", 0, 0);
	} else if (pc == m->pc_ipi) {
		emu_event(e, "ipi", e->arch->argument(e) & 0xffffffff, 0);
	}
	if (pc - e->mode->ram_base < e->mode->ram_size) {
		e->arch->decode(e, pc, emu_ram(e, pc, size), size);
	}
}

void
emu_event_text(const struct emu_event *event, char *text, size_t size)
{
	int length = snprintf(text, size, "%s", event->name);

	if (event->size != 0) {
		length += snprintf(text + length, size - (size_t)length,
		    "%u [0x%llx] 0x%llx", 8 * event->size,
		    (unsigned long long)event->a,
		    (unsigned long long)event->b);
	} else {
		length += snprintf(text + length, size - (size_t)length,
		    " 0x%llx 0x%llx", (unsigned long long)event->a,
		    (unsigned long long)event->b);
	}
	if (event->pc != 0) {
		snprintf(text + length, size - (size_t)length, "  (pc 0x%llx)",
		    (unsigned long long)event->pc);
	}
}
