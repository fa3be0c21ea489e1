/* Scalars as a lattice: making, comparing, joining, meeting, widening.  In the subset for proved
 * code. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_LATTICE_H
#define SKEP_SRC_VERIFY_DOMAIN_LATTICE_H

#include "verify/domain/reduce.h"

static inline struct scalar scalar_any(void)
{
    return scalar_of(tnum_any(), range_any(), range_any());
}

static inline struct scalar scalar_of_range(struct range r)
{
    return scalar_reduce(scalar_of(tnum_any(), r, range_any()));
}
/* The words from umin to umax, unsigned; from smin to smax, signed. */
static inline struct scalar scalar_range(word umin, word umax)
{
    return scalar_of_range(range_unsigned(umin, umax));
}
static inline struct scalar scalar_srange(word smin, word smax)
{
    return scalar_of_range(range_signed(smin, smax));
}
static inline struct scalar scalar_of_bits(struct tnum bits)
{
    return scalar_reduce(scalar_of(bits, range_any(), range_any()));
}

static inline truth scalar_equal(struct scalar a, struct scalar b)
{
    truth bits = BOTH(EQ(a.bits.value, b.bits.value), EQ(a.bits.mask, b.bits.mask));
    truth whole = BOTH(BOTH(EQ(a.umin, b.umin), EQ(a.umax, b.umax)),
                       BOTH(EQ(a.smin, b.smin), EQ(a.smax, b.smax)));
    truth half = BOTH(BOTH(EQ(a.umin32, b.umin32), EQ(a.umax32, b.umax32)),
                      BOTH(EQ(a.smin32, b.smin32), EQ(a.smax32, b.smax32)));
    return BOTH(bits, BOTH(whole, half));
}

static inline truth range_contains(struct range outer, struct range inner)
{
    return BOTH(BOTH(ULE(outer.umin, inner.umin), ULE(inner.umax, outer.umax)),
                BOTH(SLE(outer.smin, inner.smin), SLE(inner.smax, outer.smax)));
}

/* Does outer hold all words that inner holds?  Part by part, so no may be said of a yes. */
static inline truth scalar_contains(struct scalar outer, struct scalar inner)
{
    truth parts = BOTH(tnum_contains(outer.bits, inner.bits),
                       BOTH(range_contains(scalar_whole(outer), scalar_whole(inner)),
                            range_contains(scalar_half(outer), scalar_half(inner))));
    return EITHER(parts, scalar_is_empty(inner));
}

static inline struct scalar PROVED(scalar_join)(struct scalar a, struct scalar b)
{
    if (scalar_contains(a, b))
        return a;
    if (scalar_contains(b, a))
        return b;
    return scalar_reduce(scalar_of(tnum_join(a.bits, b.bits),
                                   range_join(scalar_whole(a), scalar_whole(b)),
                                   range_join(scalar_half(a), scalar_half(b))));
}

static inline struct scalar PROVED(scalar_meet)(struct scalar a, struct scalar b)
{
    if (scalar_contains(a, b))
        return b;
    if (scalar_contains(b, a))
        return a;
    return scalar_reduce(scalar_of(tnum_meet(a.bits, b.bits),
                                   range_meet(scalar_whole(a), scalar_whole(b)),
                                   range_meet(scalar_half(a), scalar_half(b))));
}

/* The least step not below x: 0, 1, the greatest words of a byte, of two bytes, of half a word, of
 * a word, signed and unsigned. */
static inline word widen_up(word x)
{
    word step = SEL(ULE(x, WORD_ONES >> 1), WORD_ONES >> 1, WORD_ONES);
    step = SEL(ULE(x, HALF_ONES), HALF_ONES, step);
    step = SEL(ULE(x, HALF_ONES >> 1), HALF_ONES >> 1, step);
    step = SEL(ULE(x, HALF_ONES >> HALF_BITS / 2), HALF_ONES >> HALF_BITS / 2, step);
    step = SEL(ULE(x, WORD_ONES >> (WORD_BITS - BYTE_BITS)), WORD_ONES >> (WORD_BITS - BYTE_BITS),
               step);
    step = SEL(ULE(x, 1), 1, step);
    return SEL(EQ(x, 0), 0, step);
}
/* The greatest step not above x: the complements of those, and 1. */
static inline word widen_down(word x)
{
    return SEL(EQ(x, 0), 0, SEL(ULT(x, WORD_SIGN), 1, NOT(widen_up(NOT(x)))));
}
/* As unsigned numbers, steps down are the least with the sign bit, 1 and 0. */
static inline word widen_down_unsigned(word x)
{
    return SEL(EQ(x, 0), 0, SEL(ULT(x, WORD_SIGN), 1, WORD_SIGN));
}

/* Bounds that move do so by steps. */
static inline struct range widen_range(struct range old, struct range next)
{
    return range_of(SEL(ULT(next.umin, old.umin), widen_down_unsigned(next.umin), old.umin),
                    SEL(ULT(old.umax, next.umax), widen_up(next.umax), old.umax),
                    SEL(SLT(next.smin, old.smin), widen_down(next.smin), old.smin),
                    SEL(SLT(old.smax, next.smax), widen_up(next.smax), old.smax));
}

/* From the lowest bit that becomes unknown, all do; low bits stay known in groups of 1, 2, 3 (what
 * alignment of accesses asks for) and 16. */
static inline struct tnum PROVED(widen_bits)(struct tnum old, struct tnum next)
{
    struct tnum joined = tnum_join(old, next);
    word fresh = AND(joined.mask, NOT(old.mask));
    word lowest = AND(fresh, SUB(0, fresh));
    word step = SEL(ULE(1u << 16, lowest), 1u << 16, SEL(ULE(8, lowest), 8, lowest));
    word mask = OR(joined.mask, SUB(0, step));
    return tnum_of(AND(joined.value, NOT(mask)), mask);
}

/* The low half as words, not shifted: steps are those of words. */
static inline struct range scalar_low(struct scalar s)
{
    return range_of(s.umin32, s.umax32, s.smin32, s.smax32);
}
static inline struct scalar scalar_with_low(struct scalar s, struct range r)
{
    s.umin32 = r.umin;
    s.umax32 = r.umax;
    s.smin32 = r.smin;
    s.smax32 = r.smax;
    return s;
}

/* Holds what old and next hold.  A chain of these ends: where next is not inside old, some bound or
 * bit of old moves, and each has few steps to go. */
static inline struct scalar PROVED(scalar_widen)(struct scalar old, struct scalar next)
{
    if (scalar_contains(old, next))
        return old;
    if (scalar_is_empty(old))
        return next;
    struct scalar wide = scalar_any();
    wide.bits = widen_bits(old.bits, next.bits);
    wide = scalar_with_whole(wide, widen_range(scalar_whole(old), scalar_whole(next)));
    wide = scalar_with_low(wide, widen_range(scalar_low(old), scalar_low(next)));
    return scalar_reduce(wide);
}

#endif
