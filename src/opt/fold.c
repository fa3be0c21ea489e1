/* Constants, algebra, known ranges: one pass over the blocks in reverse postorder, so that what a
 * value is made of has been looked at before.  The rules are in fold_arith.c, fold_bits.c and
 * fold_compare.c.
 *
 * Canonical form: a number is the right operand where the operation commutes; of a 4-byte operation
 * it is sign-extended (of divisions zero-extended); a sum has its number outermost, from where
 * memory operations take it into their offset; comparisons are NE, EQ, LT, SLT where a number is
 * one side; a value that is tested is not compared with 0 when it is a comparison itself.
 *
 * Bounds (func->ranges) hold wherever the value is defined, so they hold for arguments of phis that
 * the pass has not come to: bounds only ever shrink, and no rule changes what a value is.
 *
 * Needs nothing.  Keeps the blocks as they are. */
#include "opt/fold.h"

#define FOLD_ROUNDS 3u

/* ---- what is known */

struct known fold_known(const struct fold *f, u32 value)
{
    if (fold_op(f, value) == SSA_CONST)
        return known_number(f->func->insns[value].imm);
    struct ssa_range range = f->func->ranges[value];
    return (struct known){ range.lo, range.hi, f->bits[value].zeros, f->bits[value].ones };
}

static struct known fold_known_phi(const struct fold *f, const struct ssa_insn *insn)
{
    const u32 *args = ssa_args(f->func, insn);
    struct known all = insn->n_args ? fold_known(f, args[0]) : known_nothing();
    for (u32 i = 1; i < insn->n_args; i++)
        all = known_join(all, fold_known(f, args[i]));
    return all;
}

static struct known fold_result(const struct fold *f, u32 value)
{
    const struct ssa_insn *insn = ssa_at(f->func, value);
    struct known arg[3] = { known_nothing(), known_nothing(), known_nothing() };
    if (insn->op == SSA_PHI)
        return fold_known_phi(f, insn);
    for (u32 i = 0; i < insn->n_args && i < 3 && ssa_row(insn)->n_args != SSA_MANY; i++)
        arg[i] = fold_known(f, fold_arg(f, value, i));
    return known_result(insn, arg[0], arg[1], arg[2]);
}

static struct known fold_learn(struct fold *f, u32 value)
{
    struct known k = known_meet(fold_known(f, value), fold_result(f, value));
    f->func->ranges[value] = (struct ssa_range){ k.lo, k.hi };
    f->bits[value] = (struct fold_bits){ k.zeros, k.ones };
    return k;
}

/* Numbers whose sum with add stays within 4 bytes. */
static bool fold_stays_low(struct known k, u64 add)
{
    u64 lo = k.lo + add, hi = k.hi + add;
    return k.hi <= UINT32_MAX && lo <= hi && hi <= UINT32_MAX;
}

bool fold_sum(const struct fold *f, u32 value, u32 *base, u64 *add)
{
    if (fold_with_number(f, value, SSA_ADD, 8, add)) {
        *base = fold_arg(f, value, 0);
        return true;
    }
    if (fold_with_number(f, value, SSA_OR, 8, add)) {
        *base = fold_arg(f, value, 0);
        return (~fold_known(f, *base).zeros & *add) == 0;
    }
    if (fold_with_number(f, value, SSA_ADD, 4, add)) {
        *base = fold_arg(f, value, 0);
        *add = (u64)(s32)*add;
        return fold_stays_low(fold_known(f, *base), *add);
    }
    return false;
}

bool fold_is_step(const struct fold *f, u32 value)
{
    if (fold_op(f, value) != SSA_ADD)
        return false;
    const struct ssa_insn *phi = ssa_at(f->func, fold_arg(f, value, 0));
    if (phi->op != SSA_PHI || phi->n_args > 8)
        return false;
    for (u32 i = 0; i < phi->n_args; i++)
        if (fold_resolve(f, ssa_args(f->func, phi)[i]) == value)
            return true;
    return false;
}

/* ---- changes */

static bool fold_grow(struct fold *f)
{
    u32 room = f->func->n + f->func->n / 4 + 64;
    u32 *map = arena_array(f->scratch, u32, room);
    u32 *uses = arena_array(f->scratch, u32, room);
    struct fold_bits *bits = arena_array(f->scratch, struct fold_bits, room);
    if (!map || !uses || !bits) {
        f->func->failed = true;
        return false;
    }
    if (f->room) {
        memcpy(map, f->map, f->room * sizeof(*map));
        memcpy(uses, f->uses, f->room * sizeof(*uses));
        memcpy(bits, f->bits, f->room * sizeof(*bits));
    }
    for (u32 i = f->room; i < room; i++)
        map[i] = i;
    f->map = map;
    f->uses = uses;
    f->bits = bits;
    f->room = room;
    return true;
}

static bool fold_reserve(struct fold *f) { return f->func->n <= f->room || fold_grow(f); }

u32 fold_const(struct fold *f, u64 number)
{
    u32 value = ssa_const(f->func, number);
    return fold_reserve(f) ? value : 0;
}

bool fold_be(struct fold *f, u32 value)
{
    if (!value || value == f->at)
        return false;
    f->map[f->at] = value;
    f->uses[value] += f->uses[f->at];
    return true;
}

bool fold_be_number(struct fold *f, u64 number) { return fold_be(f, fold_const(f, number)); }

bool fold_set_arg(struct fold *f, u32 i, u32 value)
{
    u32 *arg = &f->func->insns[f->at].arg[i];
    f->uses[*arg] -= f->uses[*arg] > 0;
    f->uses[value]++;
    *arg = value;
    return true;
}

/* The number as operations of this kind have it. */
static u64 fold_canonical(u32 op, u32 width, u64 number)
{
    if (width != 4)
        return number;
    bool divides = op >= SSA_DIV && op <= SSA_SMOD;
    return divides ? (u32)number : (u64)(s32)number;
}

bool fold_become(struct fold *f, u32 op, u32 width, u32 a, u32 b)
{
    if (f->func->failed)
        return false;
    struct ssa_insn *insn = ssa_at(f->func, f->at);
    for (u32 i = 0; i < insn->n_args; i++)
        f->uses[insn->arg[i]] -= f->uses[insn->arg[i]] > 0;
    insn->op = (u16)op;
    insn->width = (u8)width;
    insn->n_args = ssa_row(insn)->n_args;
    insn->arg[0] = a;
    insn->arg[1] = b;
    insn->arg[2] = 0;
    for (u32 i = 0; i < insn->n_args; i++)
        f->uses[insn->arg[i]]++;
    return true;
}

bool fold_become_number(struct fold *f, u32 op, u32 width, u32 a, u64 b)
{
    u32 number = fold_const(f, fold_canonical(op, width, b));
    return number && fold_become(f, op, width, a, number);
}

bool fold_be_low(struct fold *f, u32 value, u32 width)
{
    return width >= 8 ? fold_be(f, value) : fold_become(f, SSA_ZEXT, width, value, 0);
}

u32 fold_new(struct fold *f, u32 op, u32 width, u32 a, u32 b)
{
    struct ssa_insn insn = { .op = (u16)op, .width = (u8)width, .arg = { a, b } };
    insn.origin = f->func->insns[f->at].origin;
    u32 value = ssa_new(f->func, insn);
    if (!value || !fold_reserve(f))
        return 0;
    ssa_insert_before(f->func, f->at, value);
    for (u32 i = 0; i < f->func->insns[value].n_args; i++)
        f->uses[f->func->insns[value].arg[i]]++;
    f->first_new = f->first_new ? f->first_new : value;
    return value;
}

u32 fold_new_number(struct fold *f, u32 op, u32 width, u32 a, u64 b)
{
    u32 number = fold_const(f, fold_canonical(op, width, b));
    return number ? fold_new(f, op, width, a, number) : 0;
}

u32 fold_inverted(struct fold *f, u32 compare)
{
    static const u8 opposite[] = { [SSA_EQ] = SSA_NE, [SSA_NE] = SSA_EQ,   [SSA_LT] = SSA_LE,
                                   [SSA_LE] = SSA_LT, [SSA_SLT] = SSA_SLE, [SSA_SLE] = SSA_SLT };
    u32 op = fold_op(f, compare), a = fold_arg(f, compare, 0), b = fold_arg(f, compare, 1);
    bool swap = op != SSA_EQ && op != SSA_NE;
    return fold_new(f, opposite[op], fold_width(f, compare), swap ? b : a, swap ? a : b);
}

/* ---- bits that do not matter */

/* x op y where y has no say in the bits that matter. */
static bool fold_leaves(const struct fold *f, u32 op, u32 y, u64 matter)
{
    struct known k = fold_known(f, y);
    u64 up_to_the_highest = matter ? UINT64_MAX >> __builtin_clzll(matter) : 0;
    switch (op) {
    case SSA_AND: return (matter & ~k.ones) == 0;
    case SSA_OR:
    case SSA_XOR: return (matter & ~k.zeros) == 0;
    case SSA_ADD:
    case SSA_SUB: return (up_to_the_highest & ~k.zeros) == 0;
    default: return false;
    }
}

/* What one operation looks like to somebody who sees these bits only; itself: no different. */
static u32 fold_seen_through(const struct fold *f, u32 value, u64 matter)
{
    const struct ssa_insn *insn = ssa_at(f->func, value);
    if (matter & ~known_mask(insn->width))
        return value;
    if (insn->op == SSA_ZEXT || insn->op == SSA_SEXT)
        return fold_arg(f, value, 0);
    if (ssa_row(insn)->n_args != 2) /* a phi has its arguments elsewhere */
        return value;
    u32 x = fold_arg(f, value, 0), y = fold_arg(f, value, 1);
    if (fold_leaves(f, insn->op, y, matter))
        return x;
    bool commutes = ssa_row(insn)->effects & SSA_COMMUTES;
    return commutes && fold_leaves(f, insn->op, x, matter) ? y : value;
}

bool fold_peel(struct fold *f, u32 i, u64 matter)
{
    u32 value = fold_arg(f, f->at, i), inner = value;
    for (u32 next; (next = fold_seen_through(f, inner, matter)) != inner;)
        inner = next;
    return inner != value && fold_set_arg(f, i, inner);
}

bool fold_low_halves(struct fold *f, const struct fold_at *in)
{
    if (in->width == 8)
        return false;
    bool a = fold_peel(f, 0, in->mask), b = fold_peel(f, 1, in->mask);
    return a || b;
}

/* ---- single operations */

/* Offsets of memory operations stay what an instruction of the machine can have. */
static bool fold_offset_fits(s64 off) { return off >= INT32_MIN / 2 && off <= INT32_MAX / 2; }

static bool fold_memory(struct fold *f, const struct fold_at *in)
{
    u32 base;
    u64 add;
    s64 off = f->func->insns[in->value].off;
    if (fold_sum(f, in->a, &base, &add) && !fold_is_step(f, in->a) && fold_offset_fits((s64)add) &&
        fold_offset_fits(off + (s64)add)) {
        f->func->insns[in->value].off += (s64)add;
        return fold_set_arg(f, 0, base);
    }
    u32 n_args = f->func->insns[in->value].n_args;
    return (n_args > 1 && fold_peel(f, 1, in->mask)) || (n_args > 2 && fold_peel(f, 2, in->mask));
}

/* A phi of one value, itself apart. */
static bool fold_phi(struct fold *f, const struct fold_at *in)
{
    const struct ssa_insn *insn = ssa_at(f->func, in->value);
    u32 only = 0;
    for (u32 i = 0; i < insn->n_args; i++) {
        u32 arg = fold_resolve(f, ssa_args(f->func, insn)[i]);
        if (arg == in->value || arg == only)
            continue;
        if (only)
            return false;
        only = arg;
    }
    return only && fold_be(f, only);
}

static bool fold_branch(struct fold *f, const struct fold_at *in)
{
    u64 number;
    /* Of x ^ 1 with x a truth, and the like, the comparisons' rules make a comparison. */
    if (fold_with_number(f, in->a, SSA_NE, 8, &number) && number == 0 &&
        fold_is_compare(f, fold_arg(f, in->a, 0)))
        return fold_set_arg(f, 0, fold_arg(f, in->a, 0));
    return false;
}

static bool fold_by_rules(struct fold *f, const struct fold_at *in)
{
    switch (in->op) {
    case SSA_PHI: return fold_phi(f, in);
    case SSA_ADD: return fold_add(f, in);
    case SSA_SUB: return fold_sub(f, in);
    case SSA_MUL: return fold_mul(f, in);
    case SSA_MULH:
    case SSA_SMULH: return fold_mulh(f, in);
    case SSA_DIV:
    case SSA_SDIV:
    case SSA_MOD:
    case SSA_SMOD: return fold_divide(f, in);
    case SSA_AND: return fold_and(f, in);
    case SSA_OR: return fold_or(f, in);
    case SSA_XOR: return fold_xor(f, in);
    case SSA_SHL: return fold_shl(f, in);
    case SSA_SHR: return fold_shr(f, in);
    case SSA_SAR: return fold_sar(f, in);
    case SSA_ROTL: return fold_rotl(f, in);
    case SSA_NEG: return fold_neg(f, in);
    case SSA_NOT: return fold_not(f, in);
    case SSA_BSWAP: return fold_bswap(f, in);
    case SSA_ZEXT: return fold_zext(f, in);
    case SSA_SEXT: return fold_sext(f, in);
    case SSA_EQ:
    case SSA_NE: return fold_equality(f, in);
    case SSA_LT:
    case SSA_LE:
    case SSA_SLT:
    case SSA_SLE: return fold_order(f, in);
    case SSA_SELECT: return fold_select(f, in);
    case SSA_BRANCH: return fold_branch(f, in);
    default:
        return ssa_rows[in->op].effects & (SSA_READS | SSA_WRITES) &&
               ssa_rows[in->op].n_args != SSA_MANY && fold_memory(f, in);
    }
}

/* Numbers to the right; the canonical ones of 4-byte operations. */
static bool fold_canonical_order(struct fold *f, const struct fold_at *in)
{
    u64 number;
    bool commutes = ssa_rows[in->op].effects & SSA_COMMUTES;
    if (commutes && fold_op(f, in->a) == SSA_CONST && fold_op(f, in->b) != SSA_CONST)
        return fold_become(f, in->op, in->width, in->b, in->a);
    bool arithmetic = in->op >= SSA_ADD && in->op <= SSA_ROTL;
    bool compares = in->op >= SSA_EQ && in->op <= SSA_SLE;
    if (!(arithmetic || compares) || in->width != 4 || !fold_number(f, in->b, &number))
        return false;
    u64 canonical = fold_canonical(in->op, in->width, number);
    return canonical != number && fold_become_number(f, in->op, in->width, in->a, number);
}

static bool fold_step(struct fold *f, u32 value)
{
    const struct ssa_insn *insn = ssa_at(f->func, value);
    if (insn->op == SSA_CONST)
        return false;
    struct fold_at in = {
        .value = value, .op = insn->op, .width = insn->width, .mask = known_mask(insn->width)
    };
    if (ssa_row(insn)->n_args != SSA_MANY) {
        for (u32 i = 0; i < insn->n_args; i++)
            f->func->insns[value].arg[i] = fold_arg(f, value, i);
        in.a = insn->arg[0];
        in.b = insn->arg[1];
        in.c = insn->arg[2];
    }
    if (ssa_has(insn, SSA_VALUE)) {
        struct known k = fold_learn(f, value);
        if (known_is_number(k) && fold_be_number(f, k.lo))
            return true;
    }
    return fold_canonical_order(f, &in) || fold_by_rules(f, &in);
}

/* One operation until no rule has anything to say, and those that rules put before it; what comes
 * after it. */
static u32 fold_one(struct fold *f, u32 value)
{
    f->at = value;
    f->first_new = 0;
    u32 next = f->func->insns[value].next;
    if (f->map[value] != value || f->budget == 0 || !fold_step(f, value))
        return next;
    f->changed = true;
    f->budget--;
    if (f->first_new)
        return f->first_new;
    return f->map[value] == value ? value : next;
}

/* What came back to a phi may have turned out to be what it began with. */
static bool fold_some_phi_is_one_value(const struct ssa_func *func)
{
    for (u32 i = 0; i < func->n_order; i++)
        for (u32 v = func->blocks[func->order[i]].first; v && func->insns[v].op == SSA_PHI;
             v = func->insns[v].next) {
            const u32 *args = ssa_args(func, ssa_at(func, v));
            u32 n = 1;
            while (n < func->insns[v].n_args && (args[n] == args[0] || args[n] == v))
                n++;
            if (n >= func->insns[v].n_args)
                return true;
        }
    return false;
}

static bool fold_all(struct fold *f)
{
    struct ssa_func *func = f->func;
    f->changed = false;
    ssa_count_uses(func, f->uses);
    for (u32 i = 0; i < func->n_order && !func->failed; i++)
        for (u32 v = func->blocks[func->order[i]].first; v && !func->failed;)
            v = fold_one(f, v);
    if (f->changed && !func->failed)
        ssa_replace_all(func, f->map);
    return f->changed && !func->failed;
}

bool opt_fold(struct opt *opt, struct ssa_func *func)
{
    struct fold f = { .func = func, .scratch = &opt->scratch, .budget = 16 * func->n + 256 };
    if (!fold_grow(&f))
        return false;
    bool changed = fold_all(&f);
    for (u32 i = 1; changed && i < FOLD_ROUNDS && fold_some_phi_is_one_value(func); i++)
        fold_all(&f);
    return changed;
}

#undef FOLD_ROUNDS
