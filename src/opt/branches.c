/* The shape of a function: branches on numbers, blocks in a row, empty blocks, jumps to where the
 * next branch is known to go; and which blocks are seldom reached.
 *
 * A jump is threaded from a predecessor through a block of phis, at most one comparison and a
 * branch when the phi's value on that way is a number that decides the branch, and nobody but the
 * block and its successors' phis uses what is defined there.  Not through heads of loops: that
 * would make a second entry.
 *
 * Needs nothing.  Gives blocks in which no predecessor is there twice. */
#include "opt/known.h"
#include "opt/pass.h"

#define BRANCHES_ROUNDS 8u
#define BRANCHES_PHIS 8u

struct branches {
    struct ssa_func *func;
    struct arena *scratch;
    u32 *map;  /* phis of one predecessor; the others themselves */
    u32 *uses; /* at least */
    bool changed, graph_changed;
};

static struct ssa_block *branches_block(const struct branches *b, u32 block)
{
    return &b->func->blocks[block];
}
static struct ssa_insn *branches_end(const struct branches *b, u32 block)
{
    return ssa_at(b->func, b->func->blocks[block].last);
}
static bool branches_is_phi(const struct branches *b, u32 value)
{
    return value && b->func->insns[value].op == SSA_PHI;
}

/* ---- branches on numbers */

static bool branches_on_number(struct branches *b, u32 block)
{
    const struct ssa_insn *end = branches_end(b, block);
    if (end->op != SSA_BRANCH || !ssa_is_const(b->func, end->arg[0]))
        return false;
    bool taken = b->func->insns[end->arg[0]].imm != 0;
    ssa_remove_edge(b->func, block, branches_block(b, block)->succ[taken]);
    return true;
}

/* ---- blocks in a row */

/* The next block's only predecessor is this one: its phis are their arguments. */
static void branches_resolve_phis(struct branches *b, u32 block)
{
    for (u32 v = branches_block(b, block)->first, next; branches_is_phi(b, v); v = next) {
        next = b->func->insns[v].next;
        b->map[v] = *ssa_args(b->func, ssa_at(b->func, v));
        ssa_remove(b->func, v);
    }
}

static void branches_replace_pred(struct branches *b, u32 block, u32 from, u32 by)
{
    if (block != CODE_NONE)
        branches_block(b, block)->preds[ssa_pred_index(b->func, block, from)] = by;
}

static bool branches_can_merge(const struct branches *b, u32 block)
{
    u32 next = branches_block(b, block)->succ[0];
    return branches_end(b, block)->op == SSA_JUMP && next != block &&
           branches_block(b, next)->n_preds == 1;
}

static void branches_merge_next(struct branches *b, u32 block)
{
    struct ssa_func *func = b->func;
    struct ssa_block *to = branches_block(b, block);
    u32 next = to->succ[0];
    struct ssa_block *from = branches_block(b, next);
    branches_resolve_phis(b, next);
    ssa_remove(func, to->last);
    for (u32 v = from->first; v; v = func->insns[v].next)
        func->insns[v].block = block;
    *(to->last ? &func->insns[to->last].next : &to->first) = from->first;
    func->insns[from->first].prev = to->last;
    to->last = from->last;
    for (u32 i = 0; i < 2; i++) {
        to->succ[i] = from->succ[i];
        branches_replace_pred(b, from->succ[i], next, block);
        from->succ[i] = CODE_NONE;
    }
    from->first = from->last = 0;
    from->n_preds = 0;
}

static bool branches_merge(struct branches *b, u32 block)
{
    bool any = false;
    for (; branches_can_merge(b, block); any = true)
        branches_merge_next(b, block);
    return any;
}

/* ---- empty blocks */

/* What phis of `to` have for one predecessor they have for the other as well. */
static bool branches_same_phis(const struct branches *b, u32 to, u32 one, u32 other)
{
    u32 i = ssa_pred_index(b->func, to, one), j = ssa_pred_index(b->func, to, other);
    for (u32 v = branches_block(b, to)->first; branches_is_phi(b, v); v = b->func->insns[v].next) {
        const u32 *args = ssa_args(b->func, ssa_at(b->func, v));
        if (args[i] != args[j])
            return false;
    }
    return true;
}

/* pred goes to `to` directly, where phis get what they had for `empty`. */
static void branches_redirect(struct branches *b, u32 pred, u32 empty, u32 to)
{
    struct ssa_func *func = b->func;
    u32 slot = branches_block(b, pred)->succ[1] == empty;
    u32 index = ssa_pred_index(func, empty, pred), like = ssa_pred_index(func, to, empty);
    ssa_drop_pred(func, empty, index);
    ssa_add_edge(func, pred, slot, to);
    for (u32 v = branches_block(b, to)->first; branches_is_phi(b, v); v = func->insns[v].next) {
        u32 *args = ssa_args(func, ssa_at(func, v));
        args[func->insns[v].n_args - 1] = args[like];
        b->uses[args[like]]++;
    }
}

static bool branches_skip_empty_from(struct branches *b, u32 pred, u32 empty, u32 to)
{
    bool has_phis = branches_is_phi(b, branches_block(b, to)->first);
    if (ssa_pred_index(b->func, to, pred) != CODE_NONE) {
        if (!branches_same_phis(b, to, pred, empty))
            return false;
        ssa_remove_edge(b->func, pred, empty);
        return true;
    }
    /* A branch into a block with phis needs a block for their copies anyway. */
    if (has_phis && branches_end(b, pred)->op != SSA_JUMP)
        return false;
    branches_redirect(b, pred, empty, to);
    return true;
}

static bool branches_skip_empty(struct branches *b, u32 empty)
{
    struct ssa_block *block = branches_block(b, empty);
    u32 to = block->succ[0];
    bool any = false;
    if (empty == 0 || block->first != block->last || branches_end(b, empty)->op != SSA_JUMP ||
        to == empty || branches_block(b, to)->loop_head == to)
        return false;
    for (u32 i = block->n_preds; i-- > 0;)
        any |= branches_skip_empty_from(b, block->preds[i], empty, to);
    return any;
}

/* ---- threading */

/* What a branch tests: a phi of its block, as it is or compared with a number. */
struct branches_test {
    u32 block, phi;
    u32 compare; /* 0: none */
};

static bool branches_find_test(const struct branches *b, u32 block, struct branches_test *test)
{
    const struct ssa_func *func = b->func;
    const struct ssa_insn *end = branches_end(b, block);
    u32 v = branches_block(b, block)->first, condition = end->arg[0], n_phis = 0;
    if (end->op != SSA_BRANCH || branches_block(b, block)->loop_head == block)
        return false;
    for (; branches_is_phi(b, v); v = func->insns[v].next)
        n_phis++;
    *test = (struct branches_test){ .block = block, .phi = condition };
    if (n_phis == 0 || n_phis > BRANCHES_PHIS)
        return false;
    if (v == condition) {
        const struct ssa_insn *compare = ssa_at(func, v);
        if (compare->op < SSA_EQ || compare->op > SSA_SLE || b->uses[v] != 1)
            return false;
        test->compare = v;
        test->phi = compare->arg[ssa_is_const(func, compare->arg[0])];
        if (!ssa_is_const(func, compare->arg[0]) && !ssa_is_const(func, compare->arg[1]))
            return false;
        v = compare->next;
    }
    return v == branches_block(b, block)->last && branches_is_phi(b, test->phi) &&
           func->insns[test->phi].block == block;
}

/* Uses of a phi by its block's test and by phis of the successors for this block. */
static u32 branches_own_uses(const struct branches *b, const struct branches_test *test, u32 phi)
{
    const struct ssa_func *func = b->func;
    u32 n = branches_end(b, test->block)->arg[0] == phi;
    if (test->compare)
        for (u32 i = 0; i < 2; i++)
            n += func->insns[test->compare].arg[i] == phi;
    for (u32 s = 0; s < 2; s++) {
        u32 to = branches_block(b, test->block)->succ[s];
        u32 i = ssa_pred_index(func, to, test->block);
        for (u32 v = branches_block(b, to)->first; branches_is_phi(b, v); v = func->insns[v].next)
            n += ssa_args(func, ssa_at(func, v))[i] == phi;
    }
    return n;
}

static bool branches_phis_are_own(const struct branches *b, const struct branches_test *test)
{
    for (u32 v = branches_block(b, test->block)->first; branches_is_phi(b, v);
         v = b->func->insns[v].next)
        if (branches_own_uses(b, test, v) != b->uses[v])
            return false;
    return true;
}

/* Where the branch goes when the block is entered from its i-th predecessor; false: not known. */
static bool branches_outcome(const struct branches *b, const struct branches_test *test, u32 i,
                             u32 *to)
{
    const struct ssa_func *func = b->func;
    u32 value = ssa_args(func, ssa_at(func, test->phi))[i];
    if (!ssa_is_const(func, value))
        return false;
    u64 truth_value = func->insns[value].imm;
    if (test->compare) {
        const struct ssa_insn *compare = ssa_at(func, test->compare);
        u64 arg[2];
        for (u32 a = 0; a < 2; a++)
            arg[a] = func->insns[compare->arg[a] == test->phi ? value : compare->arg[a]].imm;
        known_eval(compare, arg[0], arg[1], 0, &truth_value);
    }
    *to = branches_block(b, test->block)->succ[truth_value == 0];
    return true;
}

static void branches_thread_from(struct branches *b, const struct branches_test *test, u32 i,
                                 u32 to)
{
    struct ssa_func *func = b->func;
    u32 block = test->block, pred = branches_block(b, block)->preds[i];
    u32 slot = branches_block(b, pred)->succ[1] == block;
    u32 like = ssa_pred_index(func, to, block);
    ssa_add_edge(func, pred, slot, to);
    for (u32 v = branches_block(b, to)->first; branches_is_phi(b, v); v = func->insns[v].next) {
        u32 *args = ssa_args(func, ssa_at(func, v));
        u32 value = args[like];
        if (branches_is_phi(b, value) && func->insns[value].block == block)
            value = ssa_args(func, ssa_at(func, value))[i];
        args[func->insns[v].n_args - 1] = value;
        b->uses[value]++;
    }
    ssa_drop_pred(func, block, i);
}

static bool branches_thread(struct branches *b, u32 block)
{
    struct branches_test test;
    bool any = false;
    if (!branches_find_test(b, block, &test) || !branches_phis_are_own(b, &test))
        return false;
    for (u32 i = branches_block(b, block)->n_preds; i-- > 0;) {
        u32 to, pred = branches_block(b, block)->preds[i];
        if (!branches_outcome(b, &test, i, &to) || to == block ||
            ssa_pred_index(b->func, to, pred) != CODE_NONE)
            continue;
        branches_thread_from(b, &test, i, to);
        any = true;
    }
    return any;
}

/* ---- rounds */

static bool branches_init(struct branches *b)
{
    struct ssa_func *func = b->func;
    b->map = arena_array(b->scratch, u32, func->n);
    b->uses = arena_array(b->scratch, u32, func->n);
    if (!b->map || !b->uses) {
        func->failed = true;
        return false;
    }
    for (u32 v = 0; v < func->n; v++)
        b->map[v] = v;
    return true;
}

typedef bool branches_change(struct branches *b, u32 block);

/* One kind of change in all blocks that are reached. */
static bool branches_everywhere(struct branches *b, branches_change *change)
{
    bool any = false;
    if (b->func->failed || (b->graph_changed && !ssa_analyse(b->func)))
        return false;
    b->graph_changed = false;
    for (u32 i = 0; i < b->func->n_order && !b->func->failed; i++) {
        u32 block = b->func->order[i];
        if (branches_block(b, block)->first && (block == 0 || branches_block(b, block)->n_preds))
            any |= change(b, block);
    }
    b->changed |= any;
    b->graph_changed |= any;
    return any;
}

static bool branches_round(struct branches *b)
{
    bool again = branches_everywhere(b, branches_on_number);
    ssa_count_uses(b->func, b->uses);
    again |= branches_everywhere(b, branches_thread);
    again |= branches_everywhere(b, branches_skip_empty);
    if (!branches_everywhere(b, branches_merge))
        return again;
    if (!b->func->failed)
        ssa_replace_all(b->func, b->map);
    return true;
}

/* ---- seldom reached */

/* Where a guard or a trap stops the run, and what only leads there or only comes from there. */
static bool branches_find_cold(struct branches *b)
{
    struct ssa_func *func = b->func;
    bool any = false;
    for (u32 i = func->n_order; i-- > 0;) {
        struct ssa_block *block = branches_block(b, func->order[i]);
        bool leads = block->succ[0] != CODE_NONE && branches_block(b, block->succ[0])->cold &&
                     (block->succ[1] == CODE_NONE || branches_block(b, block->succ[1])->cold);
        any |= leads && !block->cold;
        block->cold |= leads;
    }
    for (u32 i = 1; i < func->n_order; i++) {
        struct ssa_block *block = branches_block(b, func->order[i]);
        bool comes = branches_block(b, block->idom)->cold;
        any |= comes && !block->cold;
        block->cold |= comes;
    }
    return any;
}

bool opt_branches(struct opt *opt, struct ssa_func *func)
{
    struct branches b = { .func = func, .scratch = &opt->scratch };
    if (func->n_order < 2 || !branches_init(&b))
        return false;
    for (u32 round = 0; round < BRANCHES_ROUNDS && branches_round(&b); round++)
        ;
    if (!func->failed && (!b.graph_changed || ssa_analyse(func)))
        b.changed |= branches_find_cold(&b);
    return b.changed;
}

#undef BRANCHES_ROUNDS
#undef BRANCHES_PHIS
