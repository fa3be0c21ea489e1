/* Register allocation: machine code over virtual registers → over the machine's (docs/jit.md). */
#ifndef SKEP_SRC_JIT_REGALLOC_H
#define SKEP_SRC_JIT_REGALLOC_H

#include "jit/target.h"

/* Fills in `given` of all operands, inserts moves; sets n_slots and used.  `usable`: the registers
 * of target->order that may be used.  Scratch memory comes from `scratch`.  False: out of memory.
 */
bool jit_regalloc(struct arena *scratch, const struct jit_target *target, u32 usable,
                  struct mach_func *func);

/* Follows the contents of registers and slots through allocated code and compares what operands
 * are given with the virtual registers that they mean.  *wrong: what is, and the instruction; NULL:
 * nothing, or the code is too large to tell.  False: no memory.  For tests and builds with
 * assertions. */
bool jit_check_allocation(struct arena *scratch, const struct jit_target *target,
                          const struct mach_func *func, const char **wrong, u32 *where);

#endif
