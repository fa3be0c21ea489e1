/* Branches on one test, one right after the other, become one.
 *
 * Where a source decides several values at once, compilers for BPF, which have no selections, make
 * a branch for each, all on the same test.  With A and B what is done on the two ways,
 *
 *     if (t) A1 else B1;  if (t) A2 else B2    becomes    if (t) A1, A2 else B1, B2.
 *
 * What lies between the two goes before the first where it does not need what that decides, and
 * after the second where it does.
 *
 * Needs the analysis of the graph.  Leaves empty blocks, to which nothing leads. */
#include "opt/pass.h"

enum { FUSE_BETWEEN = 12 }; /* operations */

/* `block` ends in a branch on `test` whose sides meet in `join`, which has no other way in. */
struct fuse_branch {
    u32 block, test, join;
    u32 side[2]; /* what is done if the test is not 0, and if it is; CODE_NONE: nothing */
};

static bool fuse_is_side(const struct ssa_func *func, u32 block)
{
    const struct ssa_block *b = &func->blocks[block];
    const struct ssa_insn *first = ssa_at(func, b->first);
    return b->n_preds == 1 && b->succ[0] != CODE_NONE && b->succ[1] == CODE_NONE &&
           ssa_at(func, b->last)->op == SSA_JUMP && first->op != SSA_PHI;
}

static bool fuse_find(const struct ssa_func *func, u32 block, struct fuse_branch *out)
{
    const struct ssa_block *b = &func->blocks[block];
    if (!b->last || ssa_at(func, b->last)->op != SSA_BRANCH)
        return false;
    *out = (struct fuse_branch){ .block = block,
                                 .test = ssa_at(func, b->last)->arg[0],
                                 .side = { b->succ[0], b->succ[1] } };
    bool first = fuse_is_side(func, b->succ[0]), second = fuse_is_side(func, b->succ[1]);
    u32 after[2] = { first ? func->blocks[b->succ[0]].succ[0] : CODE_NONE,
                     second ? func->blocks[b->succ[1]].succ[0] : CODE_NONE };
    if (first && after[0] == b->succ[1])
        out->join = b->succ[1], out->side[1] = CODE_NONE;
    else if (second && after[1] == b->succ[0])
        out->join = b->succ[0], out->side[0] = CODE_NONE;
    else if (first && second && after[0] == after[1])
        out->join = after[0];
    else
        return false;
    const struct ssa_block *join = &func->blocks[out->join];
    return join->n_preds == 2 && join->loop_head != out->join;
}

/* ---- one test? */

static bool fuse_same(const struct ssa_insn *a, const struct ssa_insn *b, u32 op, bool turned)
{
    return b->op == op && a->width == b->width && a->arg[0] == b->arg[turned] &&
           a->arg[1] == b->arg[!turned];
}

/* The second test is the first, or (opposite) is not. */
static bool fuse_is_one_test(const struct ssa_func *func, u32 first, u32 second, bool *opposite)
{
    static const u8 opposites[SSA_OP_COUNT] = {
        [SSA_EQ] = SSA_NE, [SSA_NE] = SSA_EQ,   [SSA_LT] = SSA_LE,
        [SSA_LE] = SSA_LT, [SSA_SLT] = SSA_SLE, [SSA_SLE] = SSA_SLT,
    };
    const struct ssa_insn *a = ssa_at(func, first), *b = ssa_at(func, second);
    *opposite = false;
    if (first == second)
        return true;
    if (a->op < SSA_EQ || a->op > SSA_SLE)
        return false;
    if (fuse_same(a, b, a->op, false))
        return true;
    *opposite = true;
    bool equality = a->op == SSA_EQ || a->op == SSA_NE;
    return fuse_same(a, b, opposites[a->op], !equality);
}

/* ---- what lies between */

struct fuse {
    struct ssa_func *func;
    struct fuse_branch one, two;
    u32 later[FUSE_BETWEEN], n_later; /* need what the first branch decides */
    u32 sooner[FUSE_BETWEEN], n_sooner;
};

static bool fuse_is_later(const struct fuse *f, u32 value)
{
    const struct ssa_insn *insn = ssa_at(f->func, value);
    if (insn->op == SSA_PHI && insn->block == f->one.join)
        return true;
    for (u32 i = 0; i < f->n_later; i++)
        if (f->later[i] == value)
            return true;
    return false;
}

static bool fuse_needs_later(const struct fuse *f, const struct ssa_insn *insn)
{
    for (u32 a = 0; a < insn->n_args; a++)
        if (fuse_is_later(f, ssa_args(f->func, insn)[a]))
            return true;
    return false;
}

/* Divisions stay behind the branch that shows them to be good. */
static bool fuse_may_go_up(const struct ssa_insn *insn)
{
    return insn->op < SSA_DIV || insn->op > SSA_SMOD;
}

static bool fuse_sort(struct fuse *f)
{
    u32 at = f->func->blocks[f->one.join].first, last = f->func->blocks[f->one.join].last;
    while (ssa_at(f->func, at)->op == SSA_PHI)
        at = ssa_at(f->func, at)->next;
    for (; at != last; at = ssa_at(f->func, at)->next) {
        const struct ssa_insn *insn = ssa_at(f->func, at);
        bool pure = (ssa_row(insn)->effects & ~(u32)SSA_COMMUTES) == SSA_VALUE;
        bool later = fuse_needs_later(f, insn) || !fuse_may_go_up(insn);
        u32 *n = later ? &f->n_later : &f->n_sooner;
        if (!pure || ssa_row(insn)->n_args == SSA_MANY || *n == FUSE_BETWEEN)
            return false;
        *(later ? &f->later[*n] : &f->sooner[*n]) = at;
        ++*n;
    }
    return true;
}

/* What the second branch's sides do must not need what only comes after them now; phis of the
 * first join are known on each side. */
static bool fuse_arg_is_fine(const struct fuse *f, u32 value)
{
    return !fuse_is_later(f, value) || ssa_at(f->func, value)->op == SSA_PHI;
}

static bool fuse_args_are_fine(const struct fuse *f, u32 block, bool phis)
{
    for (u32 at = f->func->blocks[block].first; at; at = ssa_at(f->func, at)->next) {
        const struct ssa_insn *insn = ssa_at(f->func, at);
        if (phis && insn->op != SSA_PHI)
            break;
        for (u32 a = 0; a < insn->n_args; a++)
            if (!fuse_arg_is_fine(f, ssa_args(f->func, insn)[a]))
                return false;
    }
    return true;
}

/* ---- doing it */

/* Which argument of a join's phis comes by way of side k. */
static u32 fuse_pred(const struct fuse *f, const struct fuse_branch *branch, u32 k)
{
    u32 from = branch->side[k] == CODE_NONE ? branch->block : branch->side[k];
    return ssa_pred_index(f->func, branch->join, from);
}

/* A phi of the first join is, on side k, what it has from there. */
static u32 fuse_known(const struct fuse *f, u32 value, u32 k)
{
    const struct ssa_insn *insn = ssa_at(f->func, value);
    bool phi = insn->op == SSA_PHI && insn->block == f->one.join;
    return phi ? ssa_args(f->func, insn)[fuse_pred(f, &f->one, k)] : value;
}

static void fuse_side_args(struct fuse *f, u32 k)
{
    u32 at = f->two.side[k] == CODE_NONE ? 0 : f->func->blocks[f->two.side[k]].first;
    for (; at; at = ssa_at(f->func, at)->next) {
        struct ssa_insn *insn = ssa_at(f->func, at);
        for (u32 a = 0; a < insn->n_args; a++)
            ssa_args(f->func, insn)[a] = fuse_known(f, ssa_args(f->func, insn)[a], k);
    }
}

/* Arguments in the order of the sides. */
static void fuse_phi_args(struct fuse *f, const struct fuse_branch *branch, u32 phi)
{
    u32 *args = ssa_args(f->func, ssa_at(f->func, phi));
    u32 by_side[2];
    for (u32 k = 0; k < 2; k++)
        by_side[k] = fuse_known(f, args[fuse_pred(f, branch, k)], k);
    args[0] = by_side[0];
    args[1] = by_side[1];
}

static void fuse_phis(struct fuse *f)
{
    u32 at = f->func->blocks[f->two.join].first, next;
    for (; ssa_at(f->func, at)->op == SSA_PHI; at = ssa_at(f->func, at)->next)
        fuse_phi_args(f, &f->two, at);
    /* No phi of the first join is made of another, so their own arguments are final now. */
    u32 moved[2] = { fuse_pred(f, &f->one, 0), fuse_pred(f, &f->one, 1) };
    for (at = f->func->blocks[f->one.join].first; ssa_at(f->func, at)->op == SSA_PHI; at = next) {
        next = ssa_at(f->func, at)->next;
        u32 *args = ssa_args(f->func, ssa_at(f->func, at));
        u32 by_side[2] = { args[moved[0]], args[moved[1]] };
        args[0] = by_side[0];
        args[1] = by_side[1];
        ssa_take(f->func, at);
        ssa_insert_phi(f->func, f->two.join, at);
    }
}

static void fuse_between(struct fuse *f)
{
    for (u32 i = 0; i < f->n_sooner; i++) {
        ssa_take(f->func, f->sooner[i]);
        ssa_insert_last(f->func, f->one.block, f->sooner[i]);
    }
    for (u32 i = f->n_later; i-- > 0;) {
        ssa_take(f->func, f->later[i]);
        ssa_insert_first(f->func, f->two.join, f->later[i]);
    }
}

static void fuse_empty(struct ssa_func *func, u32 block)
{
    while (func->blocks[block].last)
        ssa_remove(func, func->blocks[block].last);
    func->blocks[block].n_preds = 0;
    func->blocks[block].succ[0] = func->blocks[block].succ[1] = CODE_NONE;
}

/* What is done on side k of both; CODE_NONE: nothing. */
static u32 fuse_side(struct fuse *f, u32 k)
{
    u32 one = f->one.side[k], two = f->two.side[k];
    if (one == CODE_NONE || two == CODE_NONE)
        return one == CODE_NONE ? two : one;
    for (u32 at = f->func->blocks[two].first, next; at != f->func->blocks[two].last; at = next) {
        next = ssa_at(f->func, at)->next;
        ssa_take(f->func, at);
        ssa_insert_last(f->func, one, at);
    }
    fuse_empty(f->func, two);
    return one;
}

static void fuse_edges(struct fuse *f)
{
    struct ssa_block *join = &f->func->blocks[f->two.join];
    for (u32 k = 0; k < 2; k++) {
        u32 side = fuse_side(f, k);
        if (side != CODE_NONE) {
            f->func->blocks[side].succ[0] = f->two.join;
            f->func->blocks[side].preds[0] = f->one.block;
        }
        f->func->blocks[f->one.block].succ[k] = side == CODE_NONE ? f->two.join : side;
        join->preds[k] = side == CODE_NONE ? f->one.block : side;
    }
    fuse_empty(f->func, f->one.join);
}

static bool fuse_try(struct ssa_func *func, u32 block)
{
    struct fuse f = { .func = func };
    bool opposite;
    if (!fuse_find(func, block, &f.one) || !fuse_find(func, f.one.join, &f.two) ||
        !fuse_is_one_test(func, f.one.test, f.two.test, &opposite))
        return false;
    if (opposite) {
        u32 side = f.two.side[0];
        f.two.side[0] = f.two.side[1];
        f.two.side[1] = side;
    }
    if (f.two.join == block || !fuse_sort(&f) || !fuse_args_are_fine(&f, f.two.join, true))
        return false;
    for (u32 k = 0; k < 2; k++)
        if (f.two.side[k] != CODE_NONE && !fuse_args_are_fine(&f, f.two.side[k], false))
            return false;
    fuse_side_args(&f, 0);
    fuse_side_args(&f, 1);
    fuse_phis(&f);
    fuse_between(&f);
    fuse_edges(&f);
    return true;
}

bool opt_fuse(struct opt *opt, struct ssa_func *func)
{
    (void)opt;
    bool changed = false;
    for (u32 i = 0; i < func->n_order; i++)
        while (fuse_try(func, func->order[i]))
            changed = true;
    return changed;
}
