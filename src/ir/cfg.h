/* The control-flow graph of CODE: blocks per function, edges, loop heads.  Built without recursion,
 * in linear time. */
#ifndef SKEP_SRC_IR_CFG_H
#define SKEP_SRC_IR_CFG_H

#include "ir/code.h"

struct cfg_block {
    u32 start, end; /* instructions [start, end) */
    u32 func;
    u32 succ[2]; /* block numbers, CODE_NONE: none.  [0] falls through, [1] is the jump's target */
    bool is_loop_head; /* the target of a retreating edge of the depth-first walk */
    bool reachable;    /* from its function's entry */
    u32 order;         /* reverse postorder within the function; CODE_NONE: unreachable */
};

struct cfg {
    u32 n_blocks;
    const struct cfg_block *blocks; /* sorted by start */
    const u32 *block_of;            /* by instruction */
};

/* SKEP_UNSUPPORTED for indirect jumps (GOTOX): their targets are in maps. */
skep_status cfg_build(struct arena *arena, const struct code *code, struct cfg *out,
                      skep_error *err);

/* What Linux asks of a graph beyond the encodings: no unreachable instruction.  SKEP_REJECTED. */
skep_status cfg_check_reachable(const struct cfg *cfg, const struct code *code, skep_error *err);

/* Functions, blocks with their edges, instructions; charges may be NULL. */
struct charge_plan;
void cfg_print(struct text *out, const struct cfg *cfg, const struct code *code,
               const struct charge_plan *charges);

#endif
