/* Branches around a few cheap operations become selections.
 *
 * What compilers for BPF have of a selection is a branch around nothing, or around one operation
 * that they moved there: their source had `c ? a : b` in that place, and machines have an
 * instruction for it.  Where a side does more, the compiler itself thought a branch to be better,
 * and it stays.  So does
 *   - a branch that is seldom taken, or that leads to what is seldom reached: it is predicted;
 *   - a branch of a loop whose test is made from what it decides in the round before: a prediction
 *     takes the test out of the chain of dependences from round to round, a selection puts it in;
 *   - one that decides from where is loaded next, for the same reason.
 *
 * Needs the analysis of the graph.  Gives straight code; empty blocks are left to `branches`. */
#include "opt/pass.h"

enum {
    IFCONV_OPS = 2,     /* moved to before the branch, in all */
    IFCONV_SELECTS = 2, /* made */
    IFCONV_DEPTH = 10,  /* of what a value is made of, as far as it is looked at */
    IFCONV_LOOK = 100,  /* values looked at for that */
    IFCONV_LOADS = 8,   /* loads that follow */
};

/* `block` ends in a branch on `test`; its sides meet in `join`. */
struct ifconv {
    struct ssa_func *func;
    u32 block, test, join;
    u32 side[2]; /* where control goes when the test is not 0, and when it is; `join`: nothing there
                  */
    u32 ops, selects;
};

static const bool ifconv_is_cheap[SSA_OP_COUNT] = {
    [SSA_ADD] = true, [SSA_SUB] = true,  [SSA_AND] = true,  [SSA_OR] = true,    [SSA_XOR] = true,
    [SSA_SHL] = true, [SSA_SHR] = true,  [SSA_SAR] = true,  [SSA_ROTL] = true,  [SSA_NEG] = true,
    [SSA_NOT] = true, [SSA_ZEXT] = true, [SSA_SEXT] = true, [SSA_BSWAP] = true,
};

/* A block with one way in, one way out, and nothing in it but cheap operations. */
static bool ifconv_is_side(struct ifconv *c, u32 block)
{
    const struct ssa_block *b = &c->func->blocks[block];
    if (b->n_preds != 1 || b->cold || b->succ[1] != CODE_NONE || b->succ[0] == CODE_NONE)
        return false;
    for (u32 at = b->first; at != b->last; at = ssa_at(c->func, at)->next) {
        if (!ifconv_is_cheap[ssa_at(c->func, at)->op] || ++c->ops > IFCONV_OPS)
            return false;
    }
    return ssa_at(c->func, b->last)->op == SSA_JUMP;
}

/* The value that a phi of the join has by way of a side. */
static u32 ifconv_given(const struct ifconv *c, const struct ssa_insn *phi, u32 side)
{
    u32 from = side == c->join ? c->block : side;
    return ssa_args(c->func, phi)[ssa_pred_index(c->func, c->join, from)];
}

/* Two sides that meet, or one and the way past it. */
static bool ifconv_find(struct ifconv *c)
{
    const struct ssa_block *b = &c->func->blocks[c->block];
    const struct ssa_insn *end = ssa_at(c->func, b->last);
    if (!b->last || end->op != SSA_BRANCH || end->flags & SSA_UNLIKELY)
        return false;
    c->test = end->arg[0];
    c->side[0] = b->succ[0];
    c->side[1] = b->succ[1];
    bool first = ifconv_is_side(c, c->side[0]);
    if (first && c->func->blocks[c->side[0]].succ[0] == c->side[1])
        c->join = c->side[1];
    else if (!ifconv_is_side(c, c->side[1]))
        return false;
    else if (c->func->blocks[c->side[1]].succ[0] == c->side[0])
        c->join = c->side[0];
    else if (first && c->func->blocks[c->side[0]].succ[0] == c->func->blocks[c->side[1]].succ[0])
        c->join = c->func->blocks[c->side[0]].succ[0];
    else
        return false;
    return !c->func->blocks[c->join].cold;
}

/* ---- is it better? */

/* Is `value` made from `from`, as far as it is looked at?  Not by way of the loop's head: that is
 * another round. */
static bool ifconv_depends(const struct ifconv *c, u32 value, u32 from, u32 depth, u32 *budget)
{
    const struct ssa_insn *insn = ssa_at(c->func, value);
    u32 head = c->func->blocks[c->block].loop_head;
    if (value == from)
        return true;
    if (depth == 0 || *budget == 0 || (insn->op == SSA_PHI && insn->block == head))
        return false;
    --*budget;
    for (u32 a = 0; a < insn->n_args; a++)
        if (ifconv_depends(c, ssa_args(c->func, insn)[a], from, depth - 1, budget))
            return true;
    return false;
}

/* Does the next round get, in a phi of the head, what is made from this one's `value`? */
static bool ifconv_goes_round(const struct ifconv *c, const struct ssa_insn *phi, u32 value)
{
    u32 budget = IFCONV_LOOK;
    const u32 *args = ssa_args(c->func, phi);
    for (u32 a = 0; a < phi->n_args; a++)
        if (ifconv_depends(c, args[a], value, IFCONV_DEPTH, &budget))
            return true;
    return false;
}

/* A phi of the join that goes round the loop to what the test is made from. */
static bool ifconv_is_in_chain(const struct ifconv *c, u32 value)
{
    u32 head = c->func->blocks[c->block].loop_head;
    if (head == CODE_NONE)
        return false;
    for (u32 at = c->func->blocks[head].first; ssa_at(c->func, at)->op == SSA_PHI;
         at = ssa_at(c->func, at)->next) {
        u32 budget = IFCONV_LOOK;
        if (ifconv_depends(c, c->test, at, IFCONV_DEPTH, &budget) &&
            ifconv_goes_round(c, ssa_at(c->func, at), value))
            return true;
    }
    return false;
}

/* Is it what the place of a load is made from, which then is late where it could be guessed? */
static bool ifconv_is_address(const struct ifconv *c, u32 value)
{
    u32 loads = 0;
    for (u32 at = c->func->blocks[c->join].first; at && loads < IFCONV_LOADS;
         at = ssa_at(c->func, at)->next) {
        const struct ssa_insn *insn = ssa_at(c->func, at);
        u32 budget = IFCONV_LOOK;
        if (insn->op != SSA_LOAD && insn->op != SSA_LOADS)
            continue;
        loads++;
        if (ifconv_depends(c, insn->arg[0], value, IFCONV_DEPTH, &budget))
            return true;
    }
    return false;
}

static bool ifconv_is_worth_it(struct ifconv *c)
{
    for (u32 at = c->func->blocks[c->join].first; ssa_at(c->func, at)->op == SSA_PHI;
         at = ssa_at(c->func, at)->next) {
        const struct ssa_insn *phi = ssa_at(c->func, at);
        if (ifconv_given(c, phi, c->side[0]) == ifconv_given(c, phi, c->side[1]))
            continue;
        if (++c->selects > IFCONV_SELECTS || ifconv_is_in_chain(c, at) || ifconv_is_address(c, at))
            return false;
    }
    return true;
}

/* ---- doing it */

/* To the end of the block that branches, where less is known. */
static void ifconv_move(struct ifconv *c, u32 side)
{
    u32 at = side == c->join ? 0 : c->func->blocks[side].first, next;
    for (; at && at != c->func->blocks[side].last; at = next) {
        next = ssa_at(c->func, at)->next;
        ssa_take(c->func, at);
        ssa_insert_last(c->func, c->block, at);
        c->func->ranges[at] = (struct ssa_range){ 0, UINT64_MAX };
    }
}

/* The phis take what is selected by way of `kept`. */
static void ifconv_select(struct ifconv *c, u32 kept)
{
    u32 from = kept == c->join ? c->block : kept;
    for (u32 at = c->func->blocks[c->join].first; ssa_at(c->func, at)->op == SSA_PHI;
         at = ssa_at(c->func, at)->next) {
        const struct ssa_insn *phi = ssa_at(c->func, at);
        u32 yes = ifconv_given(c, phi, c->side[0]), no = ifconv_given(c, phi, c->side[1]);
        if (yes == no)
            continue;
        u32 select = ssa_new(c->func, (struct ssa_insn){ .op = SSA_SELECT,
                                                         .width = 8,
                                                         .arg = { c->test, yes, no },
                                                         .origin = phi->origin });
        ssa_insert_last(c->func, c->block, select);
        if (c->func->failed)
            return;
        ssa_args(c->func, ssa_at(c->func, at))[ssa_pred_index(c->func, c->join, from)] = select;
    }
}

/* One way is kept: past an empty side if there is such a way, else through the first. */
static void ifconv_convert(struct ifconv *c)
{
    u32 kept = c->side[1] == c->join ? 1 : 0, dropped = c->side[!kept];
    ifconv_move(c, c->side[0]);
    ifconv_move(c, c->side[1]);
    ifconv_select(c, c->side[kept]);
    if (c->func->failed)
        return;
    ssa_remove_edge(c->func, c->block, dropped);
    ssa_remove_edge(c->func, dropped, c->join);
}

bool opt_ifconv(struct opt *opt, struct ssa_func *func)
{
    (void)opt;
    bool changed = false;
    /* Inner ones first: they may become sides of outer ones. */
    for (u32 i = func->n_order; i-- > 0 && !func->failed;) {
        struct ifconv c = { .func = func, .block = func->order[i] };
        if (!ifconv_find(&c) || !ifconv_is_worth_it(&c))
            continue;
        ifconv_convert(&c);
        changed = true;
    }
    return changed;
}
