/* Intervals of one word, unsigned and signed together.
 *
 * The low half of a word is a range too, shifted to the top of the word (scalar_half in reduce.h):
 * there overflow and sign are those of the half, and sums, differences and shifts of such words are
 * those of the halves.  In the subset for proved code; empty ranges give ranges without meaning. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_RANGE_H
#define SKEP_SRC_VERIFY_DOMAIN_RANGE_H

#include "verify/domain/tnum.h"

/* The words that are in both intervals. */
struct range {
    word umin, umax;
    word smin, smax;
};

static inline struct range range_of(word umin, word umax, word smin, word smax)
{
    struct range r;
    r.umin = umin;
    r.umax = umax;
    r.smin = smin;
    r.smax = smax;
    return r;
}
static inline struct range range_unsigned(word umin, word umax)
{
    return range_of(umin, umax, WORD_SIGN, WORD_ONES ^ WORD_SIGN);
}
static inline struct range range_signed(word smin, word smax)
{
    return range_of(0, WORD_ONES, smin, smax);
}
static inline struct range range_any(void) { return range_unsigned(0, WORD_ONES); }
static inline struct range range_none(void)
{
    return range_of(WORD_ONES, 0, WORD_ONES ^ WORD_SIGN, WORD_SIGN);
}

static inline truth range_holds(struct range r, word x)
{
    return BOTH(word_in_unsigned(x, r.umin, r.umax), word_in_signed(x, r.smin, r.smax));
}
static inline truth range_is_empty(struct range r)
{
    return EITHER(ULT(r.umax, r.umin), SLT(r.smax, r.smin));
}
static inline struct range range_sel(truth c, struct range a, struct range b)
{
    return range_of(SEL(c, a.umin, b.umin), SEL(c, a.umax, b.umax), SEL(c, a.smin, b.smin),
                    SEL(c, a.smax, b.smax));
}
static inline struct range range_meet(struct range a, struct range b)
{
    return range_of(word_umax(a.umin, b.umin), word_umin(a.umax, b.umax), word_smax(a.smin, b.smin),
                    word_smin(a.smax, b.smax));
}
static inline struct range range_join(struct range a, struct range b)
{
    return range_of(word_umin(a.umin, b.umin), word_umax(a.umax, b.umax), word_smin(a.smin, b.smin),
                    word_smax(a.smax, b.smax));
}

/* The words met on the way from `from` upwards to `to`, which may wrap; all words unless ok.  An
 * order in which it does not wrap has it as an interval. */
static inline struct range PROVED(range_arc)(truth ok, word from, word to)
{
    truth in_unsigned = BOTH(ok, ULE(from, to));
    truth in_signed = BOTH(ok, SLE(from, to));
    return range_of(SEL(in_unsigned, from, 0), SEL(in_unsigned, to, WORD_ONES),
                    SEL(in_signed, from, WORD_SIGN), SEL(in_signed, to, WORD_ONES ^ WORD_SIGN));
}

/* The sums of two arcs are an arc, unless they go all the way round. */
static inline struct range PROVED(range_arc_add)(word a_from, word a_to, word b_from, word b_to)
{
    truth ok = ULE(SUB(a_to, a_from), NOT(SUB(b_to, b_from)));
    return range_arc(ok, ADD(a_from, b_from), ADD(a_to, b_to));
}
static inline struct range PROVED(range_add)(struct range a, struct range b)
{
    return range_meet(range_arc_add(a.umin, a.umax, b.umin, b.umax),
                      range_arc_add(a.smin, a.smax, b.smin, b.smax));
}

static inline struct range PROVED(range_arc_sub)(word a_from, word a_to, word b_from, word b_to)
{
    truth ok = ULE(SUB(a_to, a_from), NOT(SUB(b_to, b_from)));
    return range_arc(ok, SUB(a_from, b_to), SUB(a_to, b_from));
}
static inline struct range PROVED(range_sub)(struct range a, struct range b)
{
    return range_meet(range_arc_sub(a.umin, a.umax, b.umin, b.umax),
                      range_arc_sub(a.smin, a.smax, b.smin, b.smax));
}

/* Unsigned products grow with both factors.  All of them lie on the arc from the least to the
 * greatest if these differ by less than a whole turn. */
static inline struct range PROVED(range_mul_unsigned)(struct range a, struct range b)
{
    word low = MUL(a.umin, b.umin);
    word high = MUL(a.umax, b.umax);
    word turns = SUB(MULHU(a.umax, b.umax), MULHU(a.umin, b.umin));
    return range_arc(EQ(turns, SEL(ULT(high, low), 1, 0)), low, high);
}

static inline truth range_mul_fits(word a, word b)
{
    return EQ(word_mulhs(a, b), SAR(MUL(a, b), WORD_BITS - 1));
}

/* A product is extreme where both factors are. */
static inline struct range PROVED(range_mul_signed)(struct range a, struct range b)
{
    word ll = MUL(a.smin, b.smin);
    word lh = MUL(a.smin, b.smax);
    word hl = MUL(a.smax, b.smin);
    word hh = MUL(a.smax, b.smax);
    truth ok = BOTH(BOTH(range_mul_fits(a.smin, b.smin), range_mul_fits(a.smin, b.smax)),
                    BOTH(range_mul_fits(a.smax, b.smin), range_mul_fits(a.smax, b.smax)));
    return range_arc(ok, word_smin(word_smin(ll, lh), word_smin(hl, hh)),
                     word_smax(word_smax(ll, lh), word_smax(hl, hh)));
}
static inline struct range PROVED(range_mul)(struct range a, struct range b)
{
    return range_meet(range_mul_unsigned(a, b), range_mul_signed(a, b));
}

/* x & y is below both as unsigned numbers; it is not negative if one of them is not, is at most the
 * greater, and has all leading ones that both have. */
static inline struct range PROVED(range_and)(struct range a, struct range b)
{
    truth both_may_be_negative = BOTH(word_is_negative(a.smin), word_is_negative(b.smin));
    word smin = SEL(both_may_be_negative, NOT(FILL(OR(NOT(a.smin), NOT(b.smin)))), 0);
    return range_of(0, word_umin(a.umax, b.umax), smin, word_smax(a.smax, b.smax));
}

/* The mirror image of range_and: x | y is ~(~x & ~y). */
static inline struct range PROVED(range_or)(struct range a, struct range b)
{
    truth one_is_negative = EITHER(word_is_negative(a.smax), word_is_negative(b.smax));
    word smax = SEL(one_is_negative, WORD_ONES, FILL(OR(a.smax, b.smax)));
    return range_of(word_umax(a.umin, b.umin), WORD_ONES, word_smin(a.smin, b.smin), smax);
}

/* The bits in which a word of r may differ from its sign. */
static inline word range_magnitude(struct range r)
{
    return FILL(
        OR(XOR(r.smin, SAR(r.smin, WORD_BITS - 1)), XOR(r.smax, SAR(r.smax, WORD_BITS - 1))));
}
static inline struct range PROVED(range_xor)(struct range a, struct range b)
{
    word magnitude = OR(range_magnitude(a), range_magnitude(b));
    return range_signed(NOT(magnitude), magnitude);
}

/* Shifted left by n, an arc stays one if it is too short to go round. */
static inline struct range PROVED(range_arc_lsh)(word from, word to, word n)
{
    return range_arc(ULE(SUB(to, from), SHR(WORD_ONES, n)), SHL(from, n), SHL(to, n));
}
static inline struct range PROVED(range_lsh_by)(struct range r, word n)
{
    return range_meet(range_arc_lsh(r.umin, r.umax, n), range_arc_lsh(r.smin, r.smax, n));
}

static inline truth range_lsh_fits(word x, word n) { return EQ(SAR(SHL(x, n), n), x); }

/* Shifted by least to most, if nothing is lost. */
static inline struct range PROVED(range_lsh_between)(struct range r, word least, word most)
{
    truth in_unsigned = ULE(r.umax, SHR(WORD_ONES, most));
    truth in_signed = BOTH(range_lsh_fits(r.smin, most), range_lsh_fits(r.smax, most));
    word smin = SHL(r.smin, SEL(word_is_negative(r.smin), most, least));
    word smax = SHL(r.smax, SEL(word_is_negative(r.smax), least, most));
    return range_of(SEL(in_unsigned, SHL(r.umin, least), 0),
                    SEL(in_unsigned, SHL(r.umax, most), WORD_ONES), SEL(in_signed, smin, WORD_SIGN),
                    SEL(in_signed, smax, WORD_ONES ^ WORD_SIGN));
}
static inline struct range PROVED(range_lsh)(struct range r, word least, word most)
{
    if (EQ(least, most))
        return range_lsh_by(r, least);
    return range_lsh_between(r, least, most);
}

static inline struct range PROVED(range_rsh)(struct range r, word least, word most)
{
    truth unchanged = EQ(most, 0);
    return range_of(SHR(r.umin, most), SHR(r.umax, least), SEL(unchanged, r.smin, WORD_SIGN),
                    SEL(unchanged, r.smax, WORD_ONES ^ WORD_SIGN));
}

static inline struct range PROVED(range_arsh)(struct range r, word least, word most)
{
    truth unchanged = EQ(most, 0);
    word smin = SAR(r.smin, SEL(word_is_negative(r.smin), least, most));
    word smax = SAR(r.smax, SEL(word_is_negative(r.smax), most, least));
    return range_of(SEL(unchanged, r.umin, 0), SEL(unchanged, r.umax, WORD_ONES), smin, smax);
}

/* Takes from r what the bits and the other order exclude.  Apart by sign, unsigned and signed order
 * are one, so each part is one interval; r becomes the least range that has both parts. */
static inline struct range PROVED(range_settle)(struct tnum bits, struct range r)
{
    word top = WORD_ONES ^ WORD_SIGN;
    word possible = tnum_possible(bits);
    word low = AND(bits.value, top);
    word plus_min = word_umax(word_umax(r.umin, word_smax(r.smin, 0)), low);
    word plus_max = word_umin(word_umin(r.umax, r.smax), AND(possible, top));
    truth plus = BOTH(BOTH(NO(word_is_negative(r.smax)), NO(word_is_negative(bits.value))),
                      ULE(plus_min, plus_max));
    word minus_min = word_umax(word_umax(r.umin, r.smin), OR(bits.value, WORD_SIGN));
    word minus_max = word_umin(word_umin(r.umax, word_smin(r.smax, WORD_ONES)), possible);
    truth minus =
        BOTH(BOTH(word_is_negative(r.smin), word_is_negative(possible)), ULE(minus_min, minus_max));
    struct range settled =
        range_of(SEL(plus, plus_min, minus_min), SEL(minus, minus_max, plus_max),
                 SEL(minus, minus_min, plus_min), SEL(plus, plus_max, minus_max));
    return range_sel(EITHER(plus, minus), settled, range_none());
}

/* Moves bounds that are not of `bits` to the next words that are. */
static inline struct range PROVED(range_align)(struct tnum bits, struct range r)
{
    word wrong = OR(OR(XOR(r.umin, bits.value), XOR(r.umax, bits.value)),
                    OR(XOR(r.smin, bits.value), XOR(r.smax, bits.value)));
    if (EQ(AND(wrong, NOT(bits.mask)), 0))
        return r;
    /* With the sign bit the other way, signed order is unsigned order. */
    struct tnum flipped = tnum_xor(bits, tnum_const(WORD_SIGN));
    struct range moved = range_of(tnum_next(bits, r.umin), tnum_previous(bits, r.umax),
                                  XOR(tnum_next(flipped, XOR(r.smin, WORD_SIGN)), WORD_SIGN),
                                  XOR(tnum_previous(flipped, XOR(r.smax, WORD_SIGN)), WORD_SIGN));
    truth some = BOTH(BOTH(ULE(r.umin, moved.umin), ULE(moved.umax, r.umax)),
                      BOTH(SLE(r.smin, moved.smin), SLE(moved.smax, r.smax)));
    return range_sel(some, moved, range_none());
}

#endif
