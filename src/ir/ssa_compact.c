/* SSA moves into another arena, dense: numbers say where things are, which later phases and their
 * tables by value have something of. */
#include "ir/ssa.h"

struct ssa_move {
    const struct ssa_func *from;
    struct ssa_func *to;
    u32 *value_of; /* by old value: the new one; 0: none */
    u32 n_preds;   /* of all blocks together, so far */
    u32 *preds;
};

static void ssa_number_values(struct ssa_move *m, u32 *n_values, u32 *n_many)
{
    const struct ssa_func *from = m->from;
    *n_values = 1;
    *n_many = 0;
    for (u32 o = 0; o < from->n_order; o++)
        for (u32 i = from->blocks[from->order[o]].first; i; i = from->insns[i].next) {
            m->value_of[i] = (*n_values)++;
            if (ssa_row(&from->insns[i])->n_args == SSA_MANY)
                *n_many += ssa_many_room(&from->insns[i], from->insns[i].n_args);
        }
}

static u32 ssa_count_edges(const struct ssa_func *func)
{
    u32 n = 0;
    for (u32 o = 0; o < func->n_order; o++)
        n += func->blocks[func->order[o]].n_preds;
    return n;
}

static u32 ssa_new_block_number(const struct ssa_func *from, u32 block)
{
    return block == CODE_NONE ? CODE_NONE : from->blocks[block].order;
}

static void ssa_move_block(struct ssa_move *m, u32 number)
{
    const struct ssa_func *from = m->from;
    const struct ssa_block *old = &from->blocks[from->order[number]];
    struct ssa_block *block = &m->to->blocks[number];
    *block = *old;
    block->first = m->value_of[old->first];
    block->last = m->value_of[old->last];
    block->preds = m->preds + m->n_preds;
    block->preds_room = old->n_preds;
    for (u32 p = 0; p < old->n_preds; p++)
        block->preds[p] = ssa_new_block_number(from, old->preds[p]);
    m->n_preds += old->n_preds;
    for (u32 s = 0; s < 2; s++)
        block->analysed[s] = block->succ[s] = ssa_new_block_number(from, old->succ[s]);
    block->idom = ssa_new_block_number(from, old->idom);
    block->loop_head = ssa_new_block_number(from, old->loop_head);
    block->loop_parent = ssa_new_block_number(from, old->loop_parent);
    m->to->order[number] = number;
}

static void ssa_move_insn(struct ssa_move *m, u32 i, u32 block)
{
    struct ssa_func *to = m->to;
    const u32 *old_args = ssa_args(m->from, &m->from->insns[i]);
    struct ssa_insn *insn = &to->insns[m->value_of[i]];
    *insn = m->from->insns[i];
    insn->block = block;
    insn->prev = m->value_of[insn->prev];
    insn->next = m->value_of[insn->next];
    if (ssa_row(insn)->n_args == SSA_MANY) {
        insn->arg[0] = to->n_many;
        to->n_many += ssa_many_room(insn, insn->n_args);
    }
    u32 *args = ssa_args(to, insn);
    for (u32 a = 0; a < insn->n_args; a++)
        args[a] = m->value_of[old_args[a]];
    to->ranges[m->value_of[i]] = m->from->ranges[i];
}

static bool ssa_move_all(struct ssa_move *m, struct arena *scratch)
{
    const struct ssa_func *from = m->from;
    struct ssa_func *to = m->to;
    u32 n_values, n_many;
    m->value_of = arena_array(scratch, u32, from->n);
    m->preds = arena_array(to->arena, u32, ssa_count_edges(from));
    to->order = arena_array(to->arena, u32, from->n_order);
    if (!m->value_of || !m->preds || !to->order)
        return false;
    ssa_number_values(m, &n_values, &n_many);
    if (!ssa_reserve(to, n_values, n_many, from->n_order))
        return false;
    to->n = n_values;
    to->ranges[0] = from->ranges[0];
    to->n_blocks = to->n_analysed = to->n_order = to->order_room = from->n_order;
    for (u32 o = 0; o < from->n_order; o++) {
        ssa_move_block(m, o);
        for (u32 i = from->blocks[from->order[o]].first; i; i = from->insns[i].next)
            ssa_move_insn(m, i, o);
    }
    return true;
}

bool ssa_compact(struct ssa_func *func, struct arena *arena)
{
    struct ssa_func to = {
        .arena = arena,
        .program = func->program,
        .number = func->number,
        .uses_frame = func->uses_frame,
        .makes_calls = func->makes_calls,
    };
    struct ssa_move m = { .from = func, .to = &to };
    struct arena scratch;
    arena_init(&scratch, arena->mem);
    bool ok = ssa_move_all(&m, &scratch);
    arena_drop(&scratch);
    if (ok)
        *func = to;
    func->failed |= !ok;
    return ok;
}
