/* Recognises what the instruction set has no word for, or compilers for it do not use: rotations,
 * byte swaps, numbers that are read or written byte by byte.
 *
 * Needs nothing; after `fold`, shapes are fewer.  What it replaces is left to `dce`.  Keeps the
 * blocks as they are. */
#include "opt/idioms.h"

static bool idiom_init(struct idioms *p, struct opt *opt, struct ssa_func *func)
{
    *p = (struct idioms){ .func = func, .room = func->n };
    p->instead = arena_array(&opt->scratch, u32, func->n);
    p->done = arena_array(&opt->scratch, u8, func->n);
    p->epoch = arena_array(&opt->scratch, u32, func->n);
    p->place = arena_array(&opt->scratch, u32, func->n);
    func->failed |= !p->instead || !p->done || !p->epoch || !p->place;
    return !func->failed;
}

static void idiom_number(struct idioms *p, u32 block)
{
    u32 epoch = 1, place = 1;
    for (u32 at = p->func->blocks[block].first; at; at = ssa_at(p->func, at)->next) {
        p->place[at] = place++;
        p->epoch[at] = epoch;
        epoch += ssa_has(ssa_at(p->func, at), SSA_WRITES);
    }
}

/* Backwards: what is the larger is seen before its parts. */
static void idiom_values(struct idioms *p, u32 block)
{
    u32 before;
    for (u32 at = p->func->blocks[block].last; at && !p->func->failed; at = before) {
        before = ssa_at(p->func, at)->prev;
        u32 op = ssa_at(p->func, at)->op;
        bool joins = op == SSA_OR || op == SSA_ADD || op == SSA_XOR;
        if (joins && at < p->room && !p->done[at])
            p->changed |= idiom_rotate(p, at) || idiom_put_together(p, at);
    }
}

static void idiom_replace(struct idioms *p, struct opt *opt)
{
    u32 *map = arena_array(&opt->scratch, u32, p->func->n);
    p->func->failed |= !map;
    if (p->func->failed)
        return;
    for (u32 value = 0; value < p->func->n; value++)
        map[value] = value < p->room && p->instead[value] ? p->instead[value] : value;
    ssa_replace_all(p->func, map);
}

bool opt_idioms(struct opt *opt, struct ssa_func *func)
{
    struct idioms p;
    if (!idiom_init(&p, opt, func))
        return false;
    for (u32 block = 0; block < func->n_blocks && !func->failed; block++) {
        idiom_number(&p, block);
        idiom_values(&p, block);
        idiom_stores(&p, block);
    }
    if (p.changed)
        idiom_replace(&p, opt);
    return p.changed;
}
