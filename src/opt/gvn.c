/* One value for equal computations, by dominance: blocks are visited in reverse postorder, and an
 * operation is replaced by an equal one whose block dominates its own.
 *
 * Comparisons are not shared: next to their branch they cost nothing, as values they cost a
 * register.  But where an equal or opposite one was decided by a branch that dominates, a
 * comparison is a number, and so is a branch's condition that was branched on before.
 *
 * Needs nothing.  Keeps the blocks.  Values that go are left to dce. */
#include "opt/gvn.h"

#define GVN_CHAIN 16u /* candidates looked at */
#define GVN_CLIMB 32u /* dominators looked at */

static u32 gvn_arg(const struct gvn *g, const struct ssa_insn *insn, u32 i)
{
    return gvn_resolve(g, ssa_args(g->func, insn)[i]);
}

static bool gvn_is_compare(u32 op) { return op >= SSA_EQ && op <= SSA_SLE; }

static bool gvn_is_pure(const struct ssa_insn *insn)
{
    u32 effects = ssa_row(insn)->effects;
    return (effects & ~(u32)SSA_COMMUTES) == SSA_VALUE && insn->op != SSA_CONST &&
           insn->n_args <= 8;
}

/* ---- keys: what makes two operations equal */

struct gvn_key {
    u32 op, width, n_args;
    u32 arg[8];
    u64 number;    /* a parameter's; a phi's block; who is called */
    bool opposite; /* the comparison of the key is the opposite of the operation */
};

static void gvn_swap_args(struct gvn_key *key)
{
    u32 first = key->arg[0];
    key->arg[0] = key->arg[1];
    key->arg[1] = first;
}

static struct gvn_key gvn_key_of(const struct gvn *g, const struct ssa_insn *insn)
{
    static const u8 instead[] = { [SSA_NE] = SSA_EQ, [SSA_LE] = SSA_LT, [SSA_SLE] = SSA_SLT };
    struct gvn_key key = { .op = insn->op, .width = insn->width, .n_args = insn->n_args };
    for (u32 i = 0; i < insn->n_args; i++)
        key.arg[i] = gvn_arg(g, insn, i);
    bool has_number = insn->op == SSA_PARAM || insn->op == SSA_CALL_PURE;
    key.number = insn->op == SSA_PHI ? insn->block : has_number ? insn->imm : 0;
    if (gvn_is_compare(insn->op) && instead[insn->op]) {
        key.op = instead[insn->op];
        key.opposite = true;
        if (insn->op != SSA_NE)
            gvn_swap_args(&key);
    }
    if ((ssa_rows[key.op].effects & SSA_COMMUTES) && key.arg[0] > key.arg[1])
        gvn_swap_args(&key);
    return key;
}

static u32 gvn_hash(const struct gvn *g, const struct gvn_key *key)
{
    u64 h = key->op * 31 + key->width + key->number * 0x10001;
    for (u32 i = 0; i < key->n_args; i++)
        h = (h ^ key->arg[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (u32)(h >> 32) & (g->n_buckets - 1);
}

static bool gvn_same(const struct gvn_key *a, const struct gvn_key *b)
{
    if (a->op != b->op || a->width != b->width || a->n_args != b->n_args || a->number != b->number)
        return false;
    return memcmp(a->arg, b->arg, a->n_args * sizeof(a->arg[0])) == 0;
}

/* ---- what branches have shown */

/* In block b, was the value tested by a branch of a dominator?  1 it is not 0, 0 it is, -1 unknown.
 */
static int gvn_decided(const struct gvn *g, u32 value, u32 b)
{
    const struct ssa_func *func = g->func;
    u32 top = func->insns[value].block;
    if (!bit_get(g->tested, value))
        return -1;
    for (u32 i = 0; i < GVN_CLIMB && b != top; i++) {
        const struct ssa_block *block = &func->blocks[b];
        if (block->idom == CODE_NONE)
            return -1;
        const struct ssa_block *above = &func->blocks[block->idom];
        const struct ssa_insn *end = ssa_at(func, above->last);
        if (block->n_preds == 1 && end->op == SSA_BRANCH && gvn_arg(g, end, 0) == value)
            return above->succ[0] == b;
        b = block->idom;
    }
    return -1;
}

static void gvn_be_truth(struct gvn *g, u32 value, bool truth_is)
{
    u32 number = ssa_const(g->func, truth_is);
    if (number)
        gvn_replace(g, value, number);
}

static void gvn_branch(struct gvn *g, u32 value)
{
    struct ssa_insn *insn = ssa_at(g->func, value);
    u32 condition = gvn_arg(g, insn, 0);
    int decided = gvn_decided(g, condition, insn->block);
    bit_set(g->tested, condition);
    if (decided < 0)
        return;
    u32 number = ssa_const(g->func, (u64)decided);
    if (!number)
        return;
    g->func->insns[value].arg[0] = number;
    g->changed = true;
}

/* ---- operations */

static bool gvn_match(struct gvn *g, u32 value, const struct gvn_key *key, u32 candidate)
{
    const struct ssa_insn *insn = ssa_at(g->func, value), *other = ssa_at(g->func, candidate);
    if (insn->width != other->width ||
        (insn->op != other->op && !(gvn_is_compare(insn->op) && gvn_is_compare(other->op))))
        return false;
    struct gvn_key other_key = gvn_key_of(g, other);
    if (!gvn_same(key, &other_key) || !ssa_dominates(g->func, other->block, insn->block))
        return false;
    if (!gvn_is_compare(insn->op)) {
        gvn_replace(g, value, candidate);
        return true;
    }
    int decided = gvn_decided(g, candidate, insn->block);
    if (decided >= 0)
        gvn_be_truth(g, value, (key->opposite == other_key.opposite) == decided);
    return decided >= 0;
}

/* Which two values are equal though they are not one? */
static bool gvn_computes_same(const struct gvn *g, u32 a, u32 b)
{
    const struct ssa_insn *one = ssa_at(g->func, a), *other = ssa_at(g->func, b);
    if (one->op != other->op || one->op == SSA_PHI || !gvn_is_pure(one) || !gvn_is_pure(other))
        return false;
    struct gvn_key key = gvn_key_of(g, one), other_key = gvn_key_of(g, other);
    return gvn_same(&key, &other_key);
}

/* May the operation be done at the beginning of a block, and is it cheap enough to be done there
 * once more?  Its arguments are there already. */
static bool gvn_can_begin(const struct gvn *g, const struct ssa_insn *insn, u32 block)
{
    bool is_dear = insn->op >= SSA_MUL && insn->op <= SSA_SMOD;
    if (is_dear || ssa_row(insn)->n_args == SSA_MANY || insn->n_args == 0)
        return false;
    for (u32 i = 0; i < insn->n_args; i++) {
        const struct ssa_insn *arg = ssa_at(g->func, gvn_arg(g, insn, i));
        if (arg->op != SSA_CONST &&
            (arg->block == block || !ssa_dominates(g->func, arg->block, block)))
            return false;
    }
    return true;
}

/* What is computed alike on all ways to a block is computed once, in the block. */
static bool gvn_meet(struct gvn *g, u32 phi)
{
    struct ssa_func *func = g->func;
    const struct ssa_insn *insn = ssa_at(func, phi);
    u32 first = insn->n_args ? gvn_arg(g, insn, 0) : 0;
    if (insn->n_args < 2 || !gvn_can_begin(g, ssa_at(func, first), insn->block))
        return false;
    for (u32 i = 1; i < insn->n_args; i++)
        if (!gvn_computes_same(g, first, gvn_arg(g, insn, i)))
            return false;
    struct ssa_insn once = *ssa_at(func, first);
    u32 block = insn->block, value = ssa_new(func, once);
    if (!value)
        return false;
    ssa_insert_first(func, block, value);
    gvn_replace(g, phi, value);
    return true;
}

static void gvn_number(struct gvn *g, u32 value)
{
    struct gvn_key key = gvn_key_of(g, ssa_at(g->func, value));
    u32 bucket = gvn_hash(g, &key), candidate = g->buckets[bucket];
    for (u32 i = 0; candidate && i < GVN_CHAIN; i++, candidate = g->chain[candidate])
        if (gvn_match(g, value, &key, candidate))
            return;
    g->chain[value] = g->buckets[bucket];
    g->buckets[bucket] = value;
}

static void gvn_step(struct gvn *g, u32 value)
{
    struct ssa_insn *insn = ssa_at(g->func, value);
    if (ssa_row(insn)->n_args != SSA_MANY)
        for (u32 i = 0; i < insn->n_args; i++)
            insn->arg[i] = gvn_resolve(g, insn->arg[i]);
    if (insn->op == SSA_BRANCH)
        gvn_branch(g, value);
    else if (insn->op == SSA_PHI && gvn_meet(g, value))
        return;
    else if (gvn_is_pure(insn))
        gvn_number(g, value);
    else
        gvn_memory_step(g, value);
}

static void gvn_block(struct gvn *g, u32 b)
{
    gvn_memory_enter(g, b);
    for (u32 v = g->func->blocks[b].first, next; v && !g->func->failed; v = next) {
        bool is_phi = g->func->insns[v].op == SSA_PHI;
        next = g->func->insns[v].next;
        gvn_step(g, v);
        next = is_phi ? g->func->insns[v].next : next;
    }
    gvn_memory_leave(g, b);
}

/* A load makes at most three values, a phi one, a truth is one of two. */
static bool gvn_init(struct gvn *g)
{
    const struct ssa_func *func = g->func;
    u32 n_loads = 0, n_phis = 0;
    for (u32 v = 1; v < func->n; v++) {
        n_loads += func->insns[v].op == SSA_LOAD || func->insns[v].op == SSA_LOADS;
        n_phis += func->insns[v].op == SSA_PHI;
    }
    g->room = func->n + 3 * n_loads + n_phis + 2;
    for (g->n_buckets = 64; g->n_buckets < func->n; g->n_buckets *= 2)
        ;
    g->map = arena_array(g->scratch, u32, g->room);
    g->chain = arena_array(g->scratch, u32, g->room);
    g->buckets = arena_array(g->scratch, u32, g->n_buckets);
    g->tested = arena_array(g->scratch, u64, bits_words(g->room));
    if (!g->map || !g->chain || !g->buckets || !g->tested)
        return false;
    for (u32 v = 0; v < g->room; v++)
        g->map[v] = v;
    return gvn_memory_init(g);
}

bool opt_gvn(struct opt *opt, struct ssa_func *func)
{
    struct gvn g = { .func = func, .scratch = &opt->scratch };
    if (!gvn_init(&g)) {
        func->failed = true;
        return false;
    }
    for (u32 i = 0; i < func->n_order && !func->failed; i++)
        gvn_block(&g, func->order[i]);
    if (g.changed && !func->failed)
        ssa_replace_all(func, g.map);
    return g.changed;
}

#undef GVN_CHAIN
#undef GVN_CLIMB
