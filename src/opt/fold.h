/* What the files of `fold` share: the pass's state, and how rules look at the graph and change it.
 *
 * A rule gets the operation under the pass with its arguments, and either leaves it alone (false)
 * or makes one change (true), after which the operation, and what the rule put before it, is looked
 * at again. */
#ifndef SKEP_SRC_OPT_FOLD_H
#define SKEP_SRC_OPT_FOLD_H

#include "opt/known.h"
#include "opt/pass.h"

struct fold_bits {
    u64 zeros, ones;
};

struct fold {
    struct ssa_func *func;
    struct arena *scratch;
    u32 room;               /* of the arrays by value */
    u32 *map;               /* what replaces a value; itself: nothing */
    u32 *uses;              /* about: changes are counted, deaths are not */
    struct fold_bits *bits; /* what is known beside func->ranges */
    u32 at;                 /* the operation under the pass */
    u32 first_new;          /* of those put before it; 0: none */
    u32 budget;             /* changes that may still be made */
    bool changed;
};

/* The operation under the pass. */
struct fold_at {
    u32 value, op, width;
    u32 a, b, c; /* arguments, replaced ones followed */
    u64 mask;    /* of the width */
};

/* The rules, by operation. */
/* fold_arith.c */
bool fold_add(struct fold *f, const struct fold_at *in);
bool fold_sub(struct fold *f, const struct fold_at *in);
bool fold_mul(struct fold *f, const struct fold_at *in);
bool fold_mulh(struct fold *f, const struct fold_at *in);
bool fold_divide(struct fold *f, const struct fold_at *in);
bool fold_neg(struct fold *f, const struct fold_at *in);
/* fold_bits.c */
bool fold_and(struct fold *f, const struct fold_at *in);
bool fold_or(struct fold *f, const struct fold_at *in);
bool fold_xor(struct fold *f, const struct fold_at *in);
bool fold_not(struct fold *f, const struct fold_at *in);
bool fold_shl(struct fold *f, const struct fold_at *in);
bool fold_shr(struct fold *f, const struct fold_at *in);
bool fold_sar(struct fold *f, const struct fold_at *in);
bool fold_rotl(struct fold *f, const struct fold_at *in);
bool fold_bswap(struct fold *f, const struct fold_at *in);
bool fold_zext(struct fold *f, const struct fold_at *in);
bool fold_sext(struct fold *f, const struct fold_at *in);
/* fold_compare.c */
bool fold_equality(struct fold *f, const struct fold_at *in);
bool fold_order(struct fold *f, const struct fold_at *in);
bool fold_select(struct fold *f, const struct fold_at *in);

/* ---- looking */

static inline u32 fold_resolve(const struct fold *f, u32 value)
{
    while (f->map[value] != value)
        value = f->map[value];
    return value;
}
static inline u32 fold_op(const struct fold *f, u32 value) { return f->func->insns[value].op; }
static inline u32 fold_width(const struct fold *f, u32 value)
{
    return f->func->insns[value].width;
}
static inline bool fold_is(const struct fold *f, u32 value, u32 op, u32 width)
{
    return fold_op(f, value) == op && fold_width(f, value) == width;
}
static inline u32 fold_arg(const struct fold *f, u32 value, u32 i)
{
    return fold_resolve(f, f->func->insns[value].arg[i]);
}
static inline bool fold_number(const struct fold *f, u32 value, u64 *number)
{
    *number = f->func->insns[value].imm;
    return fold_op(f, value) == SSA_CONST;
}
/* value is `op` with a number on the right. */
static inline bool fold_with_number(const struct fold *f, u32 value, u32 op, u32 width, u64 *number)
{
    return fold_is(f, value, op, width) && fold_number(f, fold_arg(f, value, 1), number);
}
static inline bool fold_is_compare(const struct fold *f, u32 value)
{
    u32 op = fold_op(f, value);
    return op >= SSA_EQ && op <= SSA_SLE;
}
static inline bool fold_used_once(const struct fold *f, u32 value) { return f->uses[value] <= 1; }
struct known fold_known(const struct fold *f, u32 value);
/* 8-byte value = base + add, whichever way that is said. */
bool fold_sum(const struct fold *f, u32 value, u32 *base, u64 *add);
/* The value adds to a phi what goes back into the phi: both at once would need two registers. */
bool fold_is_step(const struct fold *f, u32 value);

/* ---- changing */

/* The operation is this value; this number. */
bool fold_be(struct fold *f, u32 value);
bool fold_be_number(struct fold *f, u64 number);
/* It becomes another operation. */
bool fold_become(struct fold *f, u32 op, u32 width, u32 a, u32 b);
bool fold_become_number(struct fold *f, u32 op, u32 width, u32 a, u64 b);
/* The low bytes of a value, zero-extended. */
bool fold_be_low(struct fold *f, u32 value, u32 width);
u32 fold_const(struct fold *f, u64 number);
bool fold_set_arg(struct fold *f, u32 i, u32 value);
/* A new operation before it. */
u32 fold_new(struct fold *f, u32 op, u32 width, u32 a, u32 b);
u32 fold_new_number(struct fold *f, u32 op, u32 width, u32 a, u64 b);
u32 fold_inverted(struct fold *f, u32 compare);
/* Argument i without what does not touch the bits that matter. */
bool fold_peel(struct fold *f, u32 i, u64 matter);
/* Both arguments of a 4-byte operation, which sees their low halves only. */
bool fold_low_halves(struct fold *f, const struct fold_at *in);

#endif
