/* Tristate numbers: what is known of single bits (Vishwanathan, Shachnai, Narayana, Nagarakatte,
 * "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers", 2022).
 *
 * In the subset for proved code; operators take no care of empty operands. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_TNUM_H
#define SKEP_SRC_VERIFY_DOMAIN_TNUM_H

#include "fact/scalar.h"
#include "verify/domain/word.h"

static inline struct tnum tnum_of(word value, word mask)
{
    struct tnum t;
    t.value = value;
    t.mask = mask;
    return t;
}
static inline struct tnum tnum_const(word value) { return tnum_of(value, 0); }
static inline struct tnum tnum_any(void) { return tnum_of(0, WORD_ONES); }

/* The bits that may be one. */
static inline word tnum_possible(struct tnum t) { return OR(t.value, t.mask); }

static inline struct tnum tnum_sel(truth c, struct tnum a, struct tnum b)
{
    return tnum_of(SEL(c, a.value, b.value), SEL(c, a.mask, b.mask));
}

static inline struct tnum PROVED(tnum_join)(struct tnum a, struct tnum b)
{
    word mask = OR(OR(a.mask, b.mask), XOR(a.value, b.value));
    return tnum_of(AND(a.value, NOT(mask)), mask);
}

/* A bit that a and b know differently ends up in value and in mask: the empty set, which stays. */
static inline struct tnum PROVED(tnum_meet)(struct tnum a, struct tnum b)
{
    word clash = AND(XOR(a.value, b.value), NOT(OR(a.mask, b.mask)));
    word none = OR(AND(a.value, a.mask), AND(b.value, b.mask));
    return tnum_of(OR(a.value, b.value), OR(OR(AND(a.mask, b.mask), clash), none));
}

/* All numbers from min to max begin with the bits that min and max have in common. */
static inline struct tnum PROVED(tnum_range)(word min, word max)
{
    word mask = FILL(XOR(min, max));
    return tnum_of(AND(min, NOT(mask)), mask);
}

static inline truth tnum_contains(struct tnum outer, struct tnum inner)
{
    truth unknown = EQ(AND(inner.mask, NOT(outer.mask)), 0);
    return BOTH(unknown, EQ(outer.value, AND(inner.value, NOT(outer.mask))));
}

/* The least word of t from x upwards; less than x if there is none.  The highest bit in which x is
 * not of t decides: if x has to grow there, the bits below become the least that t has; if x is
 * past, the unknown bits above count up by one, the carry running through the known ones. */
static inline word PROVED(tnum_next)(struct tnum t, word x)
{
    word wrong = FILL(AND(XOR(x, t.value), NOT(t.mask)));
    word grows = AND(t.value, XOR(wrong, SHR(wrong, 1)));
    word grown = OR(AND(x, NOT(wrong)), AND(t.value, wrong));
    word carried = ADD(OR(OR(x, NOT(t.mask)), wrong), 1);
    word counted = OR(AND(AND(carried, t.mask), NOT(wrong)), t.value);
    return SEL(EQ(wrong, 0), x, SEL(EQ(grows, 0), counted, grown));
}
static inline struct tnum PROVED(tnum_not)(struct tnum t)
{
    return tnum_of(NOT(tnum_possible(t)), t.mask);
}
/* The greatest word of t from x downwards; more than x if there is none. */
static inline word PROVED(tnum_previous)(struct tnum t, word x)
{
    return NOT(tnum_next(tnum_not(t), NOT(x)));
}

/* Sums differ from the sum of the least values only where a carry out of an unknown bit arrives,
 * and these are the places where the least and the greatest sum differ. */
static inline struct tnum PROVED(tnum_add)(struct tnum a, struct tnum b)
{
    word least = ADD(a.value, b.value);
    word greatest = ADD(ADD(a.mask, b.mask), least);
    word mask = OR(OR(XOR(least, greatest), a.mask), b.mask);
    return tnum_of(AND(least, NOT(mask)), mask);
}

static inline struct tnum PROVED(tnum_sub)(struct tnum a, struct tnum b)
{
    word difference = SUB(a.value, b.value);
    word greatest = ADD(difference, a.mask);
    word least = SUB(difference, b.mask);
    word mask = OR(OR(XOR(least, greatest), a.mask), b.mask);
    return tnum_of(AND(difference, NOT(mask)), mask);
}

static inline struct tnum PROVED(tnum_and)(struct tnum a, struct tnum b)
{
    word value = AND(a.value, b.value);
    return tnum_of(value, AND(AND(tnum_possible(a), tnum_possible(b)), NOT(value)));
}

static inline struct tnum PROVED(tnum_or)(struct tnum a, struct tnum b)
{
    word value = OR(a.value, b.value);
    return tnum_of(value, AND(OR(a.mask, b.mask), NOT(value)));
}

static inline struct tnum PROVED(tnum_xor)(struct tnum a, struct tnum b)
{
    word mask = OR(a.mask, b.mask);
    return tnum_of(AND(XOR(a.value, b.value), NOT(mask)), mask);
}

/* Shifts by a known amount.  An unknown sign bit makes all that it is copied to unknown. */
static inline struct tnum PROVED(tnum_lsh_by)(struct tnum t, word n)
{
    return tnum_of(SHL(t.value, n), SHL(t.mask, n));
}
static inline struct tnum PROVED(tnum_rsh_by)(struct tnum t, word n)
{
    return tnum_of(SHR(t.value, n), SHR(t.mask, n));
}
static inline struct tnum PROVED(tnum_arsh_by)(struct tnum t, word n)
{
    return tnum_of(SAR(t.value, n), SAR(t.mask, n));
}

/* One bit of a shift's amount: `kept` where it is zero, `shifted` where it is one. */
static inline struct tnum tnum_by_bit(struct tnum amount, word bit, struct tnum kept,
                                      struct tnum shifted)
{
    truth unknown = NO(EQ(AND(amount.mask, bit), 0));
    truth one = NO(EQ(AND(amount.value, bit), 0));
    return tnum_sel(unknown, tnum_join(kept, shifted), tnum_sel(one, shifted, kept));
}

/* Shifts by amounts that are known in part: by each power of two in turn. */
static inline struct tnum PROVED(tnum_lsh_step)(struct tnum t, struct tnum amount, word bit)
{
    return tnum_by_bit(amount, bit, t, tnum_lsh_by(t, bit));
}
static inline struct tnum PROVED(tnum_lsh)(struct tnum t, struct tnum amount)
{
    if (EQ(amount.mask, 0))
        return tnum_lsh_by(t, amount.value);
    for (u32 bit = 1; bit < WORD_BITS; bit *= 2)
        t = tnum_lsh_step(t, amount, bit);
    return t;
}
static inline struct tnum PROVED(tnum_rsh_step)(struct tnum t, struct tnum amount, word bit)
{
    return tnum_by_bit(amount, bit, t, tnum_rsh_by(t, bit));
}
static inline struct tnum PROVED(tnum_rsh)(struct tnum t, struct tnum amount)
{
    if (EQ(amount.mask, 0))
        return tnum_rsh_by(t, amount.value);
    for (u32 bit = 1; bit < WORD_BITS; bit *= 2)
        t = tnum_rsh_step(t, amount, bit);
    return t;
}
static inline struct tnum PROVED(tnum_arsh_step)(struct tnum t, struct tnum amount, word bit)
{
    return tnum_by_bit(amount, bit, t, tnum_arsh_by(t, bit));
}
static inline struct tnum PROVED(tnum_arsh)(struct tnum t, struct tnum amount)
{
    if (EQ(amount.mask, 0))
        return tnum_arsh_by(t, amount.value);
    for (u32 bit = 1; bit < WORD_BITS; bit *= 2)
        t = tnum_arsh_step(t, amount, bit);
    return t;
}

/* One step of long multiplication: with the lowest bit of a, b is added or not. */
static inline struct tnum PROVED(tnum_mul_step)(struct tnum sum, struct tnum a, struct tnum b)
{
    return tnum_by_bit(a, 1, sum, tnum_add(sum, b));
}

/* Nothing that is still to be added changes the sum: b is zero below its lowest possible bit, and
 * above that all of the sum is unknown.  Also if a or b is zero. */
static inline truth tnum_mul_is_done(struct tnum sum, struct tnum a, struct tnum b)
{
    word possible = tnum_possible(b);
    word below = AND(NOT(possible), SUB(possible, 1));
    return EITHER(EQ(tnum_possible(a), 0), EQ(OR(sum.mask, below), WORD_ONES));
}

/* Before each step and at the end, with x in a and y in b now: some z is in sum, and z + x * y is
 * the product of what a and b were called with. */
static inline struct tnum PROVED(tnum_mul_by_bits)(struct tnum a, struct tnum b)
{
    struct tnum sum = tnum_const(0);
    while (!tnum_mul_is_done(sum, a, b)) {
        sum = tnum_mul_step(sum, a, b);
        a = tnum_rsh_by(a, 1);
        b = tnum_lsh_by(b, 1);
    }
    return sum;
}

static inline struct tnum PROVED(tnum_bswap)(struct tnum t)
{
    return tnum_of(word_bswap(t.value), word_bswap(t.mask));
}

#endif
