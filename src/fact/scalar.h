/* What may be known of a number: the shape that verifier, witness graph and compiler share.
 *
 * A scalar stands for the words that satisfy all of its parts.  The parts of the low half are kept
 * of their own because programs compute in 32 bits and test in 32 bits.  Text in the subset for
 * proved code. */
#ifndef SKEP_SRC_FACT_SCALAR_H
#define SKEP_SRC_FACT_SCALAR_H

#include "fact/word.h"

/* A tristate number: bits in mask are unknown, the others are those of value.  A bit in both makes
 * it the empty set. */
struct tnum {
    word value, mask;
};

struct scalar {
    struct tnum bits;
    word umin, umax;     /* unsigned */
    word smin, smax;     /* compared as signed */
    word umin32, umax32; /* of the low half, zero-extended */
    word smin32, smax32; /* of the low half, sign-extended, compared as signed */
};

static inline word word_low_zext(word x) { return AND(x, HALF_ONES); }
static inline word word_low_sext(word x) { return SAR(SHL(x, HALF_BITS), HALF_BITS); }

static inline truth word_in_unsigned(word x, word min, word max)
{
    return BOTH(ULE(min, x), ULE(x, max));
}
static inline truth word_in_signed(word x, word min, word max)
{
    return BOTH(SLE(min, x), SLE(x, max));
}
static inline truth tnum_holds(struct tnum t, word x) { return EQ(AND(x, NOT(t.mask)), t.value); }

/* Is x one of the words that s stands for? */
static inline truth scalar_holds(struct scalar s, word x)
{
    truth whole = BOTH(word_in_unsigned(x, s.umin, s.umax), word_in_signed(x, s.smin, s.smax));
    truth half = BOTH(word_in_unsigned(word_low_zext(x), s.umin32, s.umax32),
                      word_in_signed(word_low_sext(x), s.smin32, s.smax32));
    return BOTH(tnum_holds(s.bits, x), BOTH(whole, half));
}

#endif
