/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the sequence checkers share: a call's events, and those expected.
 */
#ifndef EMU_CONTRACT_SEQUENCE_H
#define EMU_CONTRACT_SEQUENCE_H

#include "contract.h"

/* What is recorded. */
#define SEQUENCE (EMU_REC_STORES | EMU_REC_INSNS)

/* Leave out what does not matter: the stack, and the host's counters. */
void sequence_drop_noise(struct emu *e);
/* The events must be those expected, in order; else both are printed. */
void sequence_check(struct emu *e, const char *what);
void sequence_print(const char *title, const struct emu_event *events,
    size_t count);
/* Expect a store to the CPU's state. */
void sequence_expect_word(struct emu *e, uint64_t offset, uint64_t value);

#endif /* EMU_CONTRACT_SEQUENCE_H */
