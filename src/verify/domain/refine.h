/* What two scalars may be where a condition between them holds.
 *
 * Neither is empty if the condition can hold as far as the parts tell.  A fact about the operands
 * is derived from both as they were before, so that an operand compared with itself is not refined
 * twice.  In the subset for proved code. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_REFINE_H
#define SKEP_SRC_VERIFY_DOMAIN_REFINE_H

#include "verify/domain/alu.h"

struct scalar_pair {
    struct scalar a, b;
};

static inline struct scalar_pair scalar_pair_of(struct scalar a, struct scalar b)
{
    struct scalar_pair p;
    p.a = a;
    p.b = b;
    return p;
}
static inline struct scalar_pair scalar_pair_swap(struct scalar_pair p)
{
    return scalar_pair_of(p.b, p.a);
}

/* Normalised; both are empty if one is. */
static inline struct scalar_pair PROVED(refine_reduce)(struct scalar a, struct scalar b)
{
    struct scalar x = scalar_reduce(a);
    struct scalar y = scalar_reduce(b);
    truth none = EITHER(scalar_is_empty(x), scalar_is_empty(y));
    return scalar_pair_of(scalar_sel(none, scalar_none(), x), scalar_sel(none, scalar_none(), y));
}

/* ---- Ranges ---- */

struct range_pair {
    struct range a, b;
};
static inline struct range_pair range_pair_of(truth possible, struct range a, struct range b)
{
    struct range_pair p;
    p.a = range_sel(possible, a, range_none());
    p.b = range_sel(possible, b, range_none());
    return p;
}

/* a < b: below the greatest b, above the least a. */
static inline struct range_pair range_where_ult(struct range a, struct range b)
{
    truth possible = ULT(a.umin, b.umax);
    a.umax = word_umin(a.umax, SUB(b.umax, 1));
    b.umin = word_umax(b.umin, ADD(a.umin, 1));
    return range_pair_of(possible, a, b);
}
static inline struct range_pair range_where_ule(struct range a, struct range b)
{
    a.umax = word_umin(a.umax, b.umax);
    b.umin = word_umax(b.umin, a.umin);
    return range_pair_of(ULE(a.umin, a.umax), a, b);
}
static inline struct range_pair range_where_slt(struct range a, struct range b)
{
    truth possible = SLT(a.smin, b.smax);
    a.smax = word_smin(a.smax, SUB(b.smax, 1));
    b.smin = word_smax(b.smin, ADD(a.smin, 1));
    return range_pair_of(possible, a, b);
}
static inline struct range_pair range_where_sle(struct range a, struct range b)
{
    a.smax = word_smin(a.smax, b.smax);
    b.smin = word_smax(b.smin, a.smin);
    return range_pair_of(SLE(a.smin, a.smax), a, b);
}

/* r is not the one word that v may be, if it may be one only: bounds equal to it move by one. */
static inline struct range range_without(struct range r, struct range v)
{
    truth known = EQ(v.umin, v.umax);
    truth only = BOTH(known, BOTH(EQ(r.umin, v.umin), EQ(r.umax, v.umin)));
    struct range rest = r;
    rest.umin = SEL(EQ(r.umin, v.umin), ADD(v.umin, 1), r.umin);
    rest.umax = SEL(EQ(r.umax, v.umin), SUB(v.umin, 1), r.umax);
    rest.smin = SEL(EQ(r.smin, v.smin), ADD(v.smin, 1), r.smin);
    rest.smax = SEL(EQ(r.smax, v.smin), SUB(v.smin, 1), r.smax);
    known = BOTH(known, EQ(v.smin, v.smax));
    return range_sel(only, range_none(), range_sel(known, rest, r));
}
static inline struct range_pair range_where_ne(struct range a, struct range b)
{
    return range_pair_of(EQ(0, 0), range_without(a, b), range_without(b, a));
}

/* ---- Bits ---- */

/* a with those of its bits that are in `bits` set, or cleared. */
static inline struct scalar refine_set_bits(struct scalar s, word bits)
{
    s.bits = tnum_meet(s.bits, tnum_of(bits, NOT(bits)));
    return s;
}
static inline struct scalar refine_clear_bits(struct scalar s, word bits)
{
    s.bits = tnum_meet(s.bits, tnum_of(0, NOT(bits)));
    return s;
}

/* a & b has one of the bits in `among`: none if no bit may be in both, and that bit if it is the
 * only one; neither operand is zero. */
static inline struct scalar_pair PROVED(refine_where_common)(struct scalar a, struct scalar b,
                                                             word among)
{
    word common = AND(AND(tnum_possible(a.bits), tnum_possible(b.bits)), among);
    word single = SEL(EQ(AND(common, SUB(common, 1)), 0), common, 0);
    truth possible = NO(EQ(common, 0));
    a = refine_set_bits(a, single);
    b = refine_set_bits(b, single);
    a.umin = word_umax(a.umin, 1);
    b.umin = word_umax(b.umin, 1);
    return refine_reduce(scalar_sel(possible, a, scalar_none()),
                         scalar_sel(possible, b, scalar_none()));
}
/* a & b has none of the bits in `among`: what one has, the other has not. */
static inline struct scalar_pair PROVED(refine_where_apart)(struct scalar a, struct scalar b,
                                                            word among)
{
    return refine_reduce(refine_clear_bits(a, AND(b.bits.value, among)),
                         refine_clear_bits(b, AND(a.bits.value, among)));
}

static inline struct scalar_pair PROVED(scalar_refine_jset64)(struct scalar a, struct scalar b)
{
    return refine_where_common(a, b, WORD_ONES);
}
static inline struct scalar_pair PROVED(scalar_refine_jnset64)(struct scalar a, struct scalar b)
{
    return refine_where_apart(a, b, WORD_ONES);
}
static inline struct scalar_pair PROVED(scalar_refine_jset32)(struct scalar a, struct scalar b)
{
    a.umin32 = word_umax(a.umin32, 1);
    b.umin32 = word_umax(b.umin32, 1);
    return refine_where_common(a, b, HALF_ONES);
}
static inline struct scalar_pair PROVED(scalar_refine_jnset32)(struct scalar a, struct scalar b)
{
    return refine_where_apart(a, b, HALF_ONES);
}

static inline struct scalar_pair PROVED(scalar_refine_jeq64)(struct scalar a, struct scalar b)
{
    struct scalar same = scalar_meet(a, b);
    return scalar_pair_of(same, same);
}
/* What the bits say of the low half. */
static inline struct tnum refine_low_bits(struct tnum t)
{
    return tnum_of(AND(t.value, HALF_ONES), OR(t.mask, NOT(HALF_ONES)));
}
static inline struct scalar_pair PROVED(scalar_refine_jeq32)(struct scalar a, struct scalar b)
{
    struct range half = range_meet(scalar_half(a), scalar_half(b));
    struct tnum low_a = refine_low_bits(a.bits);
    a.bits = tnum_meet(a.bits, refine_low_bits(b.bits));
    b.bits = tnum_meet(b.bits, low_a);
    return refine_reduce(scalar_with_half(a, half), scalar_with_half(b, half));
}

/* ---- Order ---- */

static inline struct scalar_pair refine_whole(struct scalar a, struct scalar b, struct range_pair p)
{
    return refine_reduce(scalar_with_whole(a, p.a), scalar_with_whole(b, p.b));
}
static inline struct scalar_pair refine_low(struct scalar a, struct scalar b, struct range_pair p)
{
    return refine_reduce(scalar_with_low(a, p.a), scalar_with_low(b, p.b));
}

/* clang-format off */
/* F(condition, rule between ranges); and the same with the operands exchanged. */
#define SCALAR_ORDERS(F) F(jlt, ult) F(jle, ule) F(jslt, slt) F(jsle, sle) F(jne, ne)
#define SCALAR_REVERSED_ORDERS(F) F(jgt, jlt) F(jge, jle) F(jsgt, jslt) F(jsge, jsle)

#define SCALAR_DEFINE(cond, rule)                                                                  \
    static inline struct scalar_pair PROVED(scalar_refine_##cond##64)(struct scalar a,             \
                                                                      struct scalar b)             \
    {                                                                                              \
        return refine_whole(a, b, range_where_##rule(scalar_whole(a), scalar_whole(b)));           \
    }                                                                                              \
    static inline struct scalar_pair PROVED(scalar_refine_##cond##32)(struct scalar a,             \
                                                                      struct scalar b)             \
    {                                                                                              \
        return refine_low(a, b, range_where_##rule(scalar_low(a), scalar_low(b)));                 \
    }
SCALAR_ORDERS(SCALAR_DEFINE)
#undef SCALAR_DEFINE

#define SCALAR_DEFINE(cond, reverse)                                                               \
    static inline struct scalar_pair PROVED(scalar_refine_##cond##64)(struct scalar a,             \
                                                                      struct scalar b)             \
    {                                                                                              \
        return scalar_pair_swap(scalar_refine_##reverse##64(b, a));                                \
    }                                                                                              \
    static inline struct scalar_pair PROVED(scalar_refine_##cond##32)(struct scalar a,             \
                                                                      struct scalar b)             \
    {                                                                                              \
        return scalar_pair_swap(scalar_refine_##reverse##32(b, a));                                \
    }
SCALAR_REVERSED_ORDERS(SCALAR_DEFINE)
#undef SCALAR_DEFINE
/* clang-format on */

#endif
