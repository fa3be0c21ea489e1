/* The parts of a scalar inform each other: each stage takes words out of some part that others
 * already exclude, so that a scalar stands for the same words before and after it.
 *
 * Operators end with scalar_reduce, and none needs it to be sound.  At least as strong as Linux's
 * reg_bounds_sync.  In the subset for proved code. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_REDUCE_H
#define SKEP_SRC_VERIFY_DOMAIN_REDUCE_H

#include "verify/domain/range.h"

static inline struct range scalar_whole(struct scalar s)
{
    return range_of(s.umin, s.umax, s.smin, s.smax);
}
static inline struct scalar scalar_with_whole(struct scalar s, struct range r)
{
    s.umin = r.umin;
    s.umax = r.umax;
    s.smin = r.smin;
    s.smax = r.smax;
    return s;
}

/* The low half, at the top of a word: holds x << HALF_BITS for each x of s. */
static inline struct range scalar_half(struct scalar s)
{
    return range_of(SHL(s.umin32, HALF_BITS), SHL(s.umax32, HALF_BITS), SHL(s.smin32, HALF_BITS),
                    SHL(s.smax32, HALF_BITS));
}
/* r may have bounds between halves; the next below serve as well, for least and greatest. */
static inline struct scalar scalar_with_half(struct scalar s, struct range r)
{
    s.umin32 = SHR(r.umin, HALF_BITS);
    s.umax32 = SHR(r.umax, HALF_BITS);
    s.smin32 = SAR(r.smin, HALF_BITS);
    s.smax32 = SAR(r.smax, HALF_BITS);
    return s;
}

static inline struct scalar scalar_of(struct tnum bits, struct range whole, struct range half)
{
    struct scalar s;
    s.bits = bits;
    s = scalar_with_whole(s, whole);
    return scalar_with_half(s, half);
}

static inline struct scalar scalar_const(word v)
{
    word low = SHL(v, HALF_BITS);
    return scalar_of(tnum_const(v), range_of(v, v, v, v), range_of(low, low, low, low));
}

/* The one value that stands for no word. */
static inline struct scalar scalar_none(void)
{
    return scalar_of(tnum_of(WORD_ONES, WORD_ONES), range_none(),
                     range_of(SHL(HALF_ONES, HALF_BITS), 0, WORD_ONES ^ WORD_SIGN, WORD_SIGN));
}

static inline struct scalar scalar_sel(truth c, struct scalar a, struct scalar b)
{
    struct scalar s;
    s.bits = tnum_sel(c, a.bits, b.bits);
    s = scalar_with_whole(s, range_sel(c, scalar_whole(a), scalar_whole(b)));
    s.umin32 = SEL(c, a.umin32, b.umin32);
    s.umax32 = SEL(c, a.umax32, b.umax32);
    s.smin32 = SEL(c, a.smin32, b.smin32);
    s.smax32 = SEL(c, a.smax32, b.smax32);
    return s;
}

static inline struct scalar PROVED(reduce_whole)(struct scalar s)
{
    return scalar_with_whole(s, range_settle(s.bits, scalar_whole(s)));
}

static inline struct scalar PROVED(reduce_half)(struct scalar s)
{
    return scalar_with_half(s, range_settle(tnum_lsh_by(s.bits, HALF_BITS), scalar_half(s)));
}

/* An interval of words shorter than 2^HALF_BITS has low halves on an arc. */
static inline struct scalar PROVED(reduce_half_by_whole)(struct scalar s)
{
    struct range low = range_lsh_by(scalar_whole(s), HALF_BITS);
    return scalar_with_half(s, range_meet(scalar_half(s), low));
}

/* The least word from x upwards, and the greatest from x downwards, whose low half is on the arc
 * of `length` steps from `from`. */
static inline word PROVED(reduce_up_to_arc)(word x, word from, word length)
{
    word past = word_low_zext(SUB(x, from));
    return SEL(ULE(past, length), x, ADD(SUB(x, past), ADD(HALF_ONES, 1)));
}
static inline word PROVED(reduce_down_to_arc)(word x, word from, word length)
{
    word past = word_low_zext(SUB(x, from));
    return SEL(ULE(past, length), x, ADD(SUB(x, past), length));
}

/* Bounds move to the next words whose low half is possible, unless that wraps: then none is.  The
 * low halves are on two arcs, one for each order; the shorter one counts. */
static inline struct scalar PROVED(reduce_whole_by_half)(struct scalar s)
{
    word unsigned_length = SUB(s.umax32, s.umin32);
    word signed_length = SUB(s.smax32, s.smin32);
    truth by_unsigned = ULE(unsigned_length, signed_length);
    word from = SEL(by_unsigned, s.umin32, s.smin32);
    word length = SEL(by_unsigned, unsigned_length, signed_length);
    word umin = reduce_up_to_arc(s.umin, from, length);
    word umax = reduce_down_to_arc(s.umax, from, length);
    word smin = reduce_up_to_arc(s.smin, from, length);
    word smax = reduce_down_to_arc(s.smax, from, length);
    truth some = BOTH(BOTH(ULE(s.umin, umin), ULE(umax, s.umax)),
                      BOTH(SLE(s.smin, smin), SLE(smax, s.smax)));
    struct range moved = range_of(umin, umax, smin, smax);
    return scalar_with_whole(s, range_sel(some, moved, range_none()));
}

/* Bounds with a common beginning tell bits. */
static inline struct scalar PROVED(reduce_bits)(struct scalar s)
{
    struct tnum low = tnum_range(s.umin32, s.umax32);
    low.mask = OR(low.mask, NOT(HALF_ONES));
    s.bits = tnum_meet(s.bits, tnum_meet(tnum_range(s.umin, s.umax), low));
    return s;
}

static inline truth reduce_finds_none(struct scalar s)
{
    truth none = EITHER(EITHER(ULT(s.umax, s.umin), SLT(s.smax, s.smin)),
                        EITHER(ULT(s.umax32, s.umin32), SLT(s.smax32, s.smin32)));
    return EITHER(none, NO(EQ(AND(s.bits.value, s.bits.mask), 0)));
}
static inline struct scalar reduce_none(truth none, struct scalar s)
{
    return scalar_sel(EITHER(none, reduce_finds_none(s)), scalar_none(), s);
}

/* Of a normalised scalar, as all results are: is it empty, is it one word (then umin)? */
static inline truth scalar_is_empty(struct scalar s) { return ULT(s.umax, s.umin); }
static inline truth scalar_is_const(struct scalar s) { return EQ(s.umin, s.umax); }

/* Bounds that the bits exclude move to the next words that they do not. */
static inline struct scalar PROVED(reduce_align)(struct scalar s)
{
    s = scalar_with_whole(s, range_align(s.bits, scalar_whole(s)));
    return scalar_with_half(s, range_align(tnum_lsh_by(s.bits, HALF_BITS), scalar_half(s)));
}

/* s, normalised; empty where `none` says so. */
static inline struct scalar PROVED(scalar_reduce_unless)(truth none, struct scalar s)
{
    if (EQ(s.bits.mask, 0))
        return scalar_sel(BOTH(NO(none), scalar_holds(s, s.bits.value)), scalar_const(s.bits.value),
                          scalar_none());
    s = reduce_whole(s);
    s = reduce_half_by_whole(s);
    s = reduce_half(s);
    s = reduce_whole_by_half(s);
    s = reduce_align(s);
    s = reduce_bits(s);
    s = reduce_whole(s);
    s = reduce_half(s);
    return reduce_none(none, s);
}
static inline struct scalar scalar_reduce(struct scalar s)
{
    truth clash = NO(EQ(AND(s.bits.value, s.bits.mask), 0)); /* the bits say that there is none */
    return scalar_reduce_unless(clash, s);
}

#endif
