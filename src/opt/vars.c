/* Variables → values; see vars.h. */
#include "opt/vars.h"

#include "base/bits.h"

static bool vars_fail(struct vars *v)
{
    v->func->failed = true;
    return false;
}

bool vars_init(struct vars *v, struct ssa_func *func, struct arena *scratch)
{
    *v = (struct vars){ .func = func, .scratch = scratch };
    v->blocks = arena_array(scratch, struct vars_block, func->n_blocks);
    return v->blocks || vars_fail(v);
}

/* ---- liveness: what successors read and the block does not write, until nothing changes */

static u64 vars_leaving(const struct vars *v, u32 block)
{
    u64 live = 0;
    for (u32 s = 0; s < 2; s++)
        if (v->func->blocks[block].succ[s] != CODE_NONE)
            live |= v->blocks[v->func->blocks[block].succ[s]].live;
    return live;
}

/* A block comes again only when what a successor reads has become more. */
static bool vars_liveness(struct vars *v)
{
    const struct ssa_func *func = v->func;
    u32 *queue = arena_array(v->scratch, u32, func->n_blocks);
    u64 *queued = arena_array(v->scratch, u64, bits_words(func->n_blocks));
    u32 n = 0;
    if (!queue || !queued)
        return vars_fail(v);
    for (u32 i = 0; i < func->n_order; i++) {
        queue[n++] = func->order[i];
        bit_set(queued, func->order[i]);
    }
    while (n > 0) {
        u32 at = queue[--n];
        struct vars_block *block = &v->blocks[at];
        bit_clear(queued, at);
        block->leave = vars_leaving(v, at);
        u64 live = block->uses | (block->leave & ~block->defs);
        if (live == block->live)
            continue;
        block->live = live;
        for (u32 p = 0; p < func->blocks[at].n_preds; p++) {
            u32 pred = func->blocks[at].preds[p];
            if (bit_get(queued, pred))
                continue;
            queue[n++] = pred;
            bit_set(queued, pred);
        }
    }
    return true;
}

/* Backwards, so that a loop is complete when it becomes part of the one around it. */
static void vars_loop_defs(struct vars *v)
{
    const struct ssa_func *func = v->func;
    for (u32 i = func->n_order; i-- > 0;) {
        u32 at = func->order[i];
        const struct ssa_block *block = &func->blocks[at];
        if (block->loop_head != CODE_NONE)
            v->blocks[block->loop_head].loop_defs |= v->blocks[at].defs;
        if (block->loop_head == at && block->loop_parent != CODE_NONE)
            v->blocks[block->loop_parent].loop_defs |= v->blocks[at].loop_defs;
    }
}

bool vars_analyse(struct vars *v)
{
    if (!vars_liveness(v))
        return false;
    vars_loop_defs(v);
    return true;
}

/* ---- values where blocks begin and end */

/* Where the value of a variable that leaves is among those that do. */
static u32 vars_index(u64 leave, u32 var)
{
    return (u32)__builtin_popcountll(leave & (((u64)1 << var) - 1));
}

static u32 vars_out(const struct vars *v, u32 block, u32 var)
{
    return v->blocks[block].out[vars_index(v->blocks[block].leave, var)];
}

/* The value that all predecessors have, the block's own loop left aside where it does not write the
 * variable.  False: there is none, or it is not known yet. */
static bool vars_agreed(const struct vars *v, u32 block, u32 var, bool around_loop, u32 *value)
{
    const struct ssa_func *func = v->func;
    bool first = true;
    for (u32 p = 0; p < func->blocks[block].n_preds; p++) {
        u32 pred = func->blocks[block].preds[p];
        if (around_loop && ssa_dominates(func, block, pred))
            continue;
        if (func->blocks[pred].order >= func->blocks[block].order)
            return false;
        u32 out = vars_out(v, pred, var);
        if (!first && out != *value)
            return false;
        *value = out;
        first = false;
    }
    return !first;
}

static u32 vars_phi(struct vars *v, u32 block, u32 var)
{
    struct ssa_insn insn = { .op = SSA_PHI, .width = 8, .origin = CODE_NONE };
    u32 phi = ssa_new_many(v->func, insn, NULL, v->func->blocks[block].n_preds);
    if (v->n_phis == v->phis_room) {
        u32 room = 2 * v->phis_room + 32;
        struct vars_phi *grown = arena_array(v->scratch, struct vars_phi, room);
        if (!grown)
            return vars_fail(v);
        if (v->n_phis)
            memcpy(grown, v->phis, v->n_phis * sizeof(*grown));
        v->phis = grown;
        v->phis_room = room;
    }
    v->phis[v->n_phis++] = (struct vars_phi){ phi, var };
    ssa_insert_phi(v->func, block, phi);
    return phi;
}

void vars_begin_block(struct vars *v, u32 block)
{
    u64 live = block == 0 ? 0 : v->blocks[block].live;
    bool is_head = v->func->blocks[block].loop_head == block;
    memset(v->value, 0, sizeof(v->value));
    for (u64 rest = live; rest; rest &= rest - 1) {
        u32 var = (u32)__builtin_ctzll(rest), value = 0;
        bool around_loop = is_head && !(v->blocks[block].loop_defs >> var & 1);
        v->value[var] =
            vars_agreed(v, block, var, around_loop, &value) ? value : vars_phi(v, block, var);
    }
}

void vars_end_block(struct vars *v, u32 block)
{
    struct vars_block *b = &v->blocks[block];
    u32 n = (u32)__builtin_popcountll(b->leave), i = 0;
    b->out = n ? arena_array(v->scratch, u32, n) : NULL;
    if (n && !b->out) {
        vars_fail(v);
        return;
    }
    for (u64 rest = b->leave; rest; rest &= rest - 1)
        b->out[i++] = v->value[__builtin_ctzll(rest)];
}

void vars_fill_phis(struct vars *v)
{
    struct ssa_func *func = v->func;
    for (u32 i = 0; i < v->n_phis && !func->failed; i++) {
        u32 phi = v->phis[i].phi;
        const struct ssa_block *block = &func->blocks[ssa_at(func, phi)->block];
        for (u32 p = 0; p < block->n_preds; p++) {
            u32 out = vars_out(v, block->preds[p], v->phis[i].var);
            u32 value = out ? out : ssa_const(func, 0);
            ssa_args(func, ssa_at(func, phi))[p] = value;
        }
    }
}
