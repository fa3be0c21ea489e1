/* Out of loops what does not change in them: pure operations that cost something, and loads of
 * memory that the loop does not write, where the address is good whether the loop needs it or not.
 *
 * Every loop gets a block before its head first.  An operation then moves to before the outermost
 * loop in which its arguments do not change.  What costs next to nothing where it is, as sums that
 * addresses take in and comparisons next to their branches, stays: a register through a loop is
 * dearer.
 *
 * Bounds of what moves are forgotten: they held behind branches that it is now before.
 *
 * Needs nothing.  Gives loops entered from one block, which has no other successor. */
#include "opt/alias.h"
#include "opt/known.h"
#include "opt/pass.h"

#define LICM_STORES 8u /* remembered of each loop */
#define LICM_BUDGET 8u /* values that a loop may be given */

struct licm_loop {
    u32 before;  /* the block before the head */
    u32 written; /* classes of memory, beside the stores below */
    u32 n_stores, n_moved;
    struct alias_place stores[LICM_STORES];
};

struct licm {
    struct ssa_func *func;
    struct arena *scratch;
    struct licm_loop **loops; /* by head; NULL: none */
    u32 *uses, *address_uses;
    bool changed;
};

static struct ssa_block *licm_block(const struct licm *l, u32 block)
{
    return &l->func->blocks[block];
}

/* ---- blocks before loops */

static bool licm_enters(const struct licm *l, u32 head, u32 pred)
{
    return !ssa_dominates(l->func, head, pred);
}

/* All entries go to a block of their own, in which phis bring together what they bring. */
static u32 licm_gather_entries(struct licm *l, u32 head, u32 n_entries)
{
    struct ssa_func *func = l->func;
    u32 before = ssa_block_new(func);
    u32 *args = arena_array(l->scratch, u32, n_entries);
    u32 jump = ssa_new(func, (struct ssa_insn){ .op = SSA_JUMP, .width = 8, .origin = CODE_NONE });
    if (!before || !args || !jump) {
        func->failed = true;
        return 0;
    }
    for (u32 i = 0; i < licm_block(l, head)->n_preds; i++) {
        u32 pred = licm_block(l, head)->preds[i];
        if (licm_enters(l, head, pred))
            ssa_add_edge(func, pred, licm_block(l, pred)->succ[1] == head, before);
    }
    ssa_append(func, before, jump);
    ssa_add_edge(func, before, 0, head);
    for (u32 v = licm_block(l, head)->first; func->insns[v].op == SSA_PHI;
         v = func->insns[v].next) {
        const struct ssa_block *block = licm_block(l, before);
        for (u32 i = 0; i < block->n_preds; i++)
            args[i] = ssa_args(func, ssa_at(func, v))[ssa_pred_index(func, head, block->preds[i])];
        struct ssa_insn phi = { .op = SSA_PHI, .width = 8, .origin = func->insns[v].origin };
        u32 value = ssa_new_many(func, phi, args, block->n_preds);
        if (!value)
            return 0;
        ssa_insert_first(func, before, value);
        ssa_args(func, ssa_at(func, v))[func->insns[v].n_args - 1] = value;
    }
    for (u32 i = licm_block(l, head)->n_preds; i-- > 0;) {
        u32 pred = licm_block(l, head)->preds[i];
        if (pred != before && licm_enters(l, head, pred))
            ssa_drop_pred(func, head, i);
    }
    return before;
}

/* New blocks are dominated by none as yet, so for other loops they still count as entries. */
static void licm_put_block_before(struct licm *l, u32 head)
{
    const struct ssa_block *block = licm_block(l, head);
    u32 n_entries = 0, entry = 0;
    for (u32 i = 0; i < block->n_preds; i++)
        if (licm_enters(l, head, block->preds[i])) {
            n_entries++;
            entry = block->preds[i];
        }
    if (n_entries == 1 && licm_block(l, entry)->succ[1] == CODE_NONE)
        return;
    l->changed = true;
    if (n_entries == 1)
        ssa_split_edge(l->func, entry, licm_block(l, entry)->succ[1] == head);
    else
        licm_gather_entries(l, head, n_entries);
}

static bool licm_put_blocks(struct licm *l)
{
    struct ssa_func *func = l->func;
    for (u32 i = 0; i < func->n_order && !func->failed; i++)
        if (licm_block(l, func->order[i])->loop_head == func->order[i])
            licm_put_block_before(l, func->order[i]);
    return !func->failed && (!l->changed || ssa_analyse(func));
}

/* ---- what loops write */

static void licm_note_store(struct licm_loop *loop, const struct alias_place *place)
{
    if (loop->n_stores < LICM_STORES)
        loop->stores[loop->n_stores++] = *place;
    else
        loop->written |= 1u << place->in;
}

static void licm_note_writes(struct licm *l, u32 block)
{
    const struct ssa_func *func = l->func;
    u32 head = licm_block(l, block)->loop_head;
    if (head == CODE_NONE)
        return;
    for (u32 v = licm_block(l, block)->first; v; v = func->insns[v].next) {
        const struct ssa_insn *insn = ssa_at(func, v);
        u32 writes = alias_writes(func, insn);
        if (!writes)
            continue;
        struct alias_place place = { .in = ALIAS_UNKNOWN };
        if (alias_is_memory(insn))
            place = alias_place_of(func, insn);
        if (place.in < ALIAS_CLASS_COUNT)
            licm_note_store(l->loops[head], &place);
        else
            l->loops[head]->written |= writes;
    }
}

/* Inner loops come after outer ones in the order. */
static void licm_add_inner(struct licm *l, u32 head)
{
    u32 around = licm_block(l, head)->loop_parent;
    const struct licm_loop *inner = l->loops[head];
    if (around == CODE_NONE)
        return;
    l->loops[around]->written |= inner->written;
    for (u32 i = 0; i < inner->n_stores; i++)
        licm_note_store(l->loops[around], &inner->stores[i]);
}

static bool licm_find_loops(struct licm *l)
{
    const struct ssa_func *func = l->func;
    l->loops = arena_array(l->scratch, struct licm_loop *, func->n_blocks);
    if (!l->loops)
        return false;
    for (u32 i = 0; i < func->n_order; i++) {
        u32 head = func->order[i];
        const struct ssa_block *block = licm_block(l, head);
        if (block->loop_head != head)
            continue;
        l->loops[head] = arena_new(l->scratch, struct licm_loop);
        if (!l->loops[head])
            return false;
        for (u32 p = 0; p < block->n_preds; p++)
            if (licm_enters(l, head, block->preds[p]))
                l->loops[head]->before = block->preds[p];
    }
    for (u32 i = func->n_order; i-- > 0;) {
        licm_note_writes(l, func->order[i]);
        if (l->loops[func->order[i]])
            licm_add_inner(l, func->order[i]);
    }
    return true;
}

/* ---- what does not change */

static bool licm_in_loop(const struct licm *l, u32 block, u32 head)
{
    if (!ssa_dominates(l->func, head, block))
        return false;
    u32 at = licm_block(l, block)->loop_head;
    while (at != CODE_NONE && at != head)
        at = licm_block(l, at)->loop_parent;
    return at == head;
}

static bool licm_args_stay(const struct licm *l, const struct ssa_insn *insn, u32 head)
{
    const u32 *args = ssa_args(l->func, insn);
    for (u32 i = 0; i < insn->n_args; i++)
        if (licm_in_loop(l, l->func->insns[args[i]].block, head))
            return false;
    return true;
}

static bool licm_is_written(const struct licm_loop *loop, const struct alias_place *place)
{
    if (loop->written >> place->in & 1)
        return true;
    for (u32 i = 0; i < loop->n_stores; i++)
        if (loop->stores[i].in == place->in && alias_may_meet(&loop->stores[i], place))
            return true;
    return false;
}

/* Every entry of the loop comes to the block, and nothing before it may end the run. */
static bool licm_always_reaches(const struct licm *l, u32 head, u32 block)
{
    const struct ssa_func *func = l->func;
    for (u32 steps = 0; steps < 8; steps++) {
        for (u32 v = licm_block(l, head)->first; v; v = func->insns[v].next)
            if (ssa_has(ssa_at(func, v), SSA_STOPS) && func->insns[v].op != SSA_CHARGE)
                return false;
        if (head == block)
            return true;
        if (licm_block(l, head)->succ[1] != CODE_NONE || licm_block(l, head)->succ[0] == CODE_NONE)
            return false;
        head = licm_block(l, head)->succ[0];
    }
    return false;
}

/* An address that is good wherever the function is.  What lies above the frame is for callees, of
 * which there may be one too many; a host may give less of a context than a program might read. */
static bool licm_is_safe(const struct licm *l, const struct ssa_insn *insn)
{
    const struct ssa_insn *base = ssa_at(l->func, insn->arg[0]);
    bool is_frame =
        base->op == SSA_FRAME && insn->off >= -(s64)RT_FRAME_BYTES && insn->off + insn->width <= 0;
    return (insn->flags & SSA_SAFE) || base->op == SSA_THREAD || is_frame;
}

static bool licm_load_stays(const struct licm *l, u32 value, u32 head)
{
    const struct ssa_insn *insn = ssa_at(l->func, value);
    struct alias_place place = alias_place_of(l->func, insn);
    if (place.in >= ALIAS_CLASS_COUNT || licm_is_written(l->loops[head], &place))
        return false;
    return licm_is_safe(l, insn) || licm_always_reaches(l, head, insn->block);
}

/* ---- what it is worth */

/* Next to nothing where it is used. */
static bool licm_is_cheap(const struct licm *l, u32 value)
{
    const struct ssa_insn *insn = ssa_at(l->func, value);
    bool with_number = insn->n_args == 2 && ssa_is_const(l->func, insn->arg[1]);
    bool compares = insn->op >= SSA_EQ && insn->op <= SSA_SLE;
    bool sum = insn->op == SSA_ADD && (with_number || l->address_uses[value] == l->uses[value]);
    bool scaled = insn->op == SSA_SHL && with_number && l->func->insns[insn->arg[1]].imm <= 3;
    return compares || sum || scaled;
}

static bool licm_is_candidate(const struct licm *l, u32 value)
{
    const struct ssa_insn *insn = ssa_at(l->func, value);
    if (insn->op == SSA_LOAD || insn->op == SSA_LOADS)
        return true;
    bool divides = insn->op >= SSA_DIV && insn->op <= SSA_SMOD;
    return (ssa_row(insn)->effects & ~(u32)SSA_COMMUTES) == SSA_VALUE && insn->n_args > 0 &&
           insn->op != SSA_PHI && insn->op != SSA_CALL_PURE && !divides && !licm_is_cheap(l, value);
}

/* ---- moving */

static bool licm_stays(const struct licm *l, u32 value, u32 head)
{
    const struct ssa_insn *insn = ssa_at(l->func, value);
    return l->loops[head]->n_moved < LICM_BUDGET && licm_args_stay(l, insn, head) &&
           (!ssa_has(insn, SSA_READS) || licm_load_stays(l, value, head));
}

static void licm_move(struct licm *l, u32 value, u32 head)
{
    struct ssa_func *func = l->func;
    ssa_take(func, value);
    ssa_insert_last(func, l->loops[head]->before, value);
    struct known k =
        known_result(ssa_at(func, value), known_nothing(), known_nothing(), known_nothing());
    func->ranges[value] = (struct ssa_range){ k.lo, k.hi };
    l->loops[head]->n_moved++;
    l->changed = true;
}

static void licm_try(struct licm *l, u32 value)
{
    u32 out_of = CODE_NONE, head = licm_block(l, l->func->insns[value].block)->loop_head;
    if (!licm_is_candidate(l, value))
        return;
    while (head != CODE_NONE && licm_stays(l, value, head)) {
        out_of = head;
        head = licm_block(l, head)->loop_parent;
    }
    if (out_of != CODE_NONE)
        licm_move(l, value, out_of);
}

static void licm_move_all(struct licm *l)
{
    const struct ssa_func *func = l->func;
    for (u32 i = 0; i < func->n_order; i++) {
        u32 block = func->order[i];
        if (licm_block(l, block)->loop_head == CODE_NONE || licm_block(l, block)->cold)
            continue;
        for (u32 v = licm_block(l, block)->first, next; v; v = next) {
            next = func->insns[v].next;
            licm_try(l, v);
        }
    }
}

static bool licm_count_uses(struct licm *l)
{
    const struct ssa_func *func = l->func;
    l->uses = arena_array(l->scratch, u32, func->n);
    l->address_uses = arena_array(l->scratch, u32, func->n);
    if (!l->uses || !l->address_uses)
        return false;
    ssa_count_uses(func, l->uses);
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 v = licm_block(l, b)->first; v; v = func->insns[v].next)
            if (alias_is_memory(ssa_at(func, v)))
                l->address_uses[func->insns[v].arg[0]]++;
    return true;
}

static bool licm_has_loops(const struct ssa_func *func)
{
    for (u32 b = 0; b < func->n_blocks; b++)
        if (func->blocks[b].loop_depth)
            return true;
    return false;
}

bool opt_licm(struct opt *opt, struct ssa_func *func)
{
    struct licm l = { .func = func, .scratch = &opt->scratch };
    if (!licm_has_loops(func))
        return false;
    if (!licm_put_blocks(&l) || !licm_count_uses(&l) || !licm_find_loops(&l)) {
        func->failed = true;
        return false;
    }
    licm_move_all(&l);
    return l.changed;
}

#undef LICM_STORES
#undef LICM_BUDGET
