/* The order of a function's blocks: reverse postorder in which loops are in one piece, and what is
 * seldom reached comes last; before that what only gives the function its result on the way out, so
 * that checks are not jumped over.  A block comes after the one that dominates it: selection, which
 * goes backwards, has then seen all uses of a value when it comes to it.
 *
 * From the last block to the first, each is put before what its innermost loop has so far; a loop
 * is complete when its head is reached, and then goes as a whole before what the loop around it
 * has. */
#include "jit/select.h"

struct order_list {
    u32 first, last; /* CODE_NONE: empty */
};

static void order_put_first(struct order_list *list, u32 *next, struct order_list what)
{
    next[what.last] = list->first;
    if (list->first == CODE_NONE)
        list->last = what.last;
    list->first = what.first;
}

/* The head of the loop around the one that `head` is the head of. */
static u32 order_outer_loop(const struct ssa_func *ssa, const u32 *outer, u32 head)
{
    u32 above = ssa->blocks[head].idom;
    u32 loop = above == CODE_NONE ? CODE_NONE : ssa->blocks[above].loop_head;
    while (loop != CODE_NONE && ssa->blocks[loop].loop_depth >= ssa->blocks[head].loop_depth)
        loop = outer[loop];
    return loop;
}

/* What a seldom reached block dominates is seldom reached, and where an unlikely branch goes. */
static void order_spread_cold(const struct ssa_func *ssa, bool *cold)
{
    for (u32 i = 0; i < ssa->n_order; i++) {
        u32 b = ssa->order[i];
        const struct ssa_block *block = &ssa->blocks[b];
        const struct ssa_insn *end = ssa_at(ssa, block->last);
        cold[b] |= block->cold || (block->idom != CODE_NONE && cold[block->idom]);
        if (end->op == SSA_BRANCH && end->flags & SSA_UNLIKELY &&
            ssa->blocks[block->succ[0]].n_preds == 1)
            cold[block->succ[0]] = true;
    }
}

/* A block on an edge to where many other edges end too. */
static bool order_is_way_out(const struct ssa_func *ssa, u32 b)
{
    const struct ssa_block *block = &ssa->blocks[b];
    if (b == 0 || block->loop_depth != 0 || block->first != block->last ||
        block->succ[0] == CODE_NONE || block->succ[1] != CODE_NONE)
        return false;
    const struct ssa_block *end = &ssa->blocks[block->succ[0]];
    return end->n_preds > (ssa_at(ssa, end->last)->op == SSA_RETURN ? 2 : 3);
}

enum order_class { ORDER_USUAL, ORDER_WAY_OUT, ORDER_COLD, ORDER_CLASSES };

static enum order_class order_class_of(const struct ssa_func *ssa, const bool *cold, u32 b)
{
    return cold[b] ? ORDER_COLD : order_is_way_out(ssa, b) ? ORDER_WAY_OUT : ORDER_USUAL;
}

static void order_flatten(const struct ssa_func *ssa, const bool *cold, u32 first, const u32 *next,
                          u32 *out)
{
    u32 n = 0;
    for (enum order_class class = ORDER_USUAL; class < ORDER_CLASSES; class ++)
        for (u32 b = first; b != CODE_NONE; b = next[b])
            if (order_class_of(ssa, cold, b) == class)
                out[n++] = b;
}

u32 *jit_order_blocks(struct arena *arena, const struct ssa_func *ssa, bool *cold)
{
    u32 *out = arena_array(arena, u32, ssa->n_order + 1);
    u32 *next = arena_array(arena, u32, ssa->n_blocks);
    u32 *outer = arena_array(arena, u32, ssa->n_blocks);
    struct order_list *lists = arena_array(arena, struct order_list, ssa->n_blocks);
    if (!out || !next || !outer || !lists)
        return NULL;
    struct order_list all = { CODE_NONE, CODE_NONE };
    for (u32 i = 0; i < ssa->n_order; i++) {
        u32 b = ssa->order[i];
        lists[b] = (struct order_list){ CODE_NONE, CODE_NONE };
        if (ssa->blocks[b].loop_head == b)
            outer[b] = order_outer_loop(ssa, outer, b);
    }
    for (u32 i = ssa->n_order; i-- > 0;) {
        u32 b = ssa->order[i], loop = ssa->blocks[b].loop_head;
        struct order_list what = { b, b };
        if (loop == b) {
            order_put_first(&lists[b], next, what);
            what = lists[b];
            loop = outer[b];
        }
        order_put_first(loop == CODE_NONE ? &all : &lists[loop], next, what);
    }
    order_spread_cold(ssa, cold);
    order_flatten(ssa, cold, all.first, next, out);
    return out;
}
