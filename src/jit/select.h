/* Selection of a function's instructions: SSA → machine code over virtual registers. */
#ifndef SKEP_SRC_JIT_SELECT_H
#define SKEP_SRC_JIT_SELECT_H

#include "jit/target.h"

struct select_options {
    const struct jit_target *target;
    u32 features;
    bool metered;
};

/* The SSA is analysed and has no critical edges.  False: out of memory.  What is made is the
 * arena's.
 */
bool jit_select(struct arena *arena, struct arena *scratch, const struct select_options *options,
                const struct ssa_func *ssa, struct mach_func *out);

/* Blocks in the order in which they will lie: dominators first, loops in one piece, cold blocks
 * last.  NULL: out of memory. */
u32 *jit_order_blocks(struct arena *arena, const struct ssa_func *ssa, bool *cold);

#endif
