/* Variables → values: SSA construction for up to 64 variables at once, for whoever knows which
 * blocks read and write them: registers when SSA is built, slots of the frame afterwards.
 *
 * The owner fills `uses` and `defs` of every block, calls vars_analyse, and then walks the blocks
 * in reverse postorder: vars_begin_block, its own work on value[], vars_end_block; at last
 * vars_fill_phis.  Where a block begins a variable has the value that all predecessors agree on, or
 * a phi.  In a loop that does not write it the loop's own edges have no say: so phis are only where
 * values meet, but in cycles that are no loops.  Time is linear in edges times variables that are
 * live there. */
#ifndef SKEP_SRC_OPT_VARS_H
#define SKEP_SRC_OPT_VARS_H

#include "ir/ir.h"

#define VARS_MAX 64u

struct vars_block { /* masks of variables: */
    u64 uses;       /* read before they are written */
    u64 defs;       /* written */
    u64 live;       /* may be read from the block's beginning on */
    u64 leave;      /* may be read after its end */
    u64 loop_defs;  /* of a loop's head: written in the loop */
    u32 *out;       /* values at the end of those that leave, in order; 0: none */
};

struct vars_phi {
    u32 phi, var;
};

struct vars {
    struct ssa_func *func; /* analysed */
    struct arena *scratch;
    struct vars_block *blocks; /* by block */
    u32 value[VARS_MAX];       /* at the place where the owner is; 0: none */
    u32 n_phis, phis_room;
    struct vars_phi *phis;
};

/* False: no memory; func->failed is set. */
bool vars_init(struct vars *v, struct ssa_func *func, struct arena *scratch);
bool vars_analyse(struct vars *v);
/* Values of block 0 are none: the owner says what its variables begin with. */
void vars_begin_block(struct vars *v, u32 block);
void vars_end_block(struct vars *v, u32 block);
/* What has no value on some path is 0 there. */
void vars_fill_phis(struct vars *v);

#endif
