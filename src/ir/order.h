/* A weak topological order of every function's blocks (Bourdoncle, "Efficient chaotic iteration
 * strategies with widenings", 1993): the blocks in a row, with nested components in it, such that
 * every edge that does not go forward leads to the head of a component that its source is in.
 * Whoever iterates over the blocks in this order has to widen at heads only. */
#ifndef SKEP_SRC_IR_ORDER_H
#define SKEP_SRC_IR_ORDER_H

#include "ir/cfg.h"

/* Blocks that their function's entry does not reach have no position, no head and depth 0. */
struct order {
    const u32 *position; /* by block: rank in the order of its function, from 0.  A component's
                            blocks are contiguous, its head first, what follows a loop after it */
    const u32 *head;     /* by block: the block that heads the innermost component it is in; its own
                            number if it is a head; CODE_NONE: in none */
    const u32 *depth;    /* by block: the number of components it is in */
};

skep_status order_build(struct arena *arena, const struct cfg *cfg, struct order *out);

#endif
