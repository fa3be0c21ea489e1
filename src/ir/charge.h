/* Where fuel is charged.  A charge stands at every function entry (callbacks are functions) and
 * loop head; its amount is the longest acyclic path, in instructions plus the costs of helpers
 * called, to the next charge or the function's end.  So fuel used ≥ instructions executed, on every
 * engine, and equal on all of them. */
#ifndef SKEP_SRC_IR_CHARGE_H
#define SKEP_SRC_IR_CHARGE_H

#include "ir/cfg.h"

/* by_insn[i] > 0: charge that much before instruction i is executed. */
struct charge_plan {
    const u32 *by_insn;
};

/* cost[i]: fuel of instruction i; NULL: 1 each. */
skep_status charge_build(struct arena *arena, const struct code *code, const struct cfg *cfg,
                         const u32 *cost, struct charge_plan *out);

#endif
