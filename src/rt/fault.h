/* Where and why a run was stopped: what is the same on every engine. */
#ifndef SKEP_SRC_RT_FAULT_H
#define SKEP_SRC_RT_FAULT_H

#include "rt/thread.h"

struct code;

/* A fault at a CODE instruction: everything but the error and the access. */
void rt_fault_begin(struct skep_thread *thread, const struct code *code, u32 insn);
/* The call at `insn` finds no frame.  SKEP_TRAP. */
skep_status rt_fault_depth(struct skep_thread *thread, const struct code *code, u32 insn);
/* The guard of an access found it to be out of bounds.  SKEP_TRAP. */
skep_status rt_fault_guard(struct skep_thread *thread, const struct code *code, u32 insn);
/* What must not be executed is reached: code says why, else helpers (by CODE instruction, or NULL)
 * which one the host lacks.  SKEP_TRAP. */
skep_status rt_fault_trap(struct skep_thread *thread, const struct code *code,
                          const struct skep_helper *const *helpers, u32 insn);

#endif
