/* Fuel: what each charge point costs.
 *
 * With the retreating edges cut a function has no cycle, so one pass over its blocks, last first in
 * reverse postorder, knows every successor's longest path when it needs it.  A path ends where the
 * next charge stands, that is, before a loop head. */
#include "ir/charge.h"

static u32 charge_add(u32 a, u32 b)
{
    u32 sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

static u32 charge_block_cost(const struct cfg_block *block, const u32 *cost)
{
    u32 sum = 0;
    for (u32 i = block->start; i < block->end; i++)
        sum = charge_add(sum, cost ? cost[i] : 1);
    return sum;
}

/* The longest way from the block's start to the next charge; longest[] of its successors is known
 * unless they are loop heads. */
static u32 charge_longest(const struct cfg *cfg, u32 i, const u32 *cost, const u32 *longest)
{
    const struct cfg_block *block = &cfg->blocks[i];
    u32 rest = 0;
    for (u32 e = 0; e < 2; e++) {
        u32 succ = block->succ[e];
        if (succ != CODE_NONE && !cfg->blocks[succ].is_loop_head)
            rest = max_u32(rest, longest[succ]);
    }
    return charge_add(charge_block_cost(block, cost), rest);
}

/* The reachable blocks of one function by their order; returns how many. */
static u32 charge_sort(const struct cfg *cfg, u32 first, u32 last, u32 *by_order)
{
    u32 n = 0;
    for (u32 i = first; i <= last; i++) {
        if (!cfg->blocks[i].reachable)
            continue;
        by_order[cfg->blocks[i].order] = i;
        n++;
    }
    return n;
}

skep_status charge_build(struct arena *arena, const struct code *code, const struct cfg *cfg,
                         const u32 *cost, struct charge_plan *out)
{
    u32 *by_insn = arena_array(arena, u32, code->n_insns);
    u32 *longest = arena_array(arena, u32, cfg->n_blocks);
    u32 *by_order = arena_array(arena, u32, cfg->n_blocks);
    if (!by_insn || !longest || !by_order)
        return SKEP_NOMEM;
    for (u32 f = 0; f < code->n_funcs; f++) {
        u32 first = cfg->block_of[code->funcs[f].entry];
        u32 last = cfg->block_of[code->funcs[f].end - 1];
        for (u32 n = charge_sort(cfg, first, last, by_order); n > 0; n--) {
            u32 i = by_order[n - 1];
            longest[i] = charge_longest(cfg, i, cost, longest);
            if (i == first || cfg->blocks[i].is_loop_head)
                by_insn[cfg->blocks[i].start] = max_u32(longest[i], 1);
        }
    }
    *out = (struct charge_plan){ .by_insn = by_insn };
    return SKEP_OK;
}
