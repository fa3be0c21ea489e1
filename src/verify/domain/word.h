/* Words put together from the operations of fact/word.h, in the subset for proved code. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_WORD_H
#define SKEP_SRC_VERIFY_DOMAIN_WORD_H

#include "fact/word.h"

static inline word word_umin(word a, word b) { return SEL(ULT(a, b), a, b); }
static inline word word_umax(word a, word b) { return SEL(ULT(a, b), b, a); }
static inline word word_smin(word a, word b) { return SEL(SLT(a, b), a, b); }
static inline word word_smax(word a, word b) { return SEL(SLT(a, b), b, a); }
static inline truth word_is_negative(word a) { return SLT(a, 0); }

/* The upper word of the signed product: a negative factor counts 2^WORD_BITS too much. */
static inline word word_mulhs(word a, word b)
{
    word excess = ADD(SEL(word_is_negative(a), b, 0), SEL(word_is_negative(b), a, 0));
    return SUB(MULHU(a, b), excess);
}

/* Neighbouring groups of n bits change places; mask has the lower of each two groups. */
static inline word word_swap_groups(word a, word n, word mask)
{
    return OR(SHL(AND(a, mask), n), AND(SHR(a, n), mask));
}

/* The bytes (BYTE_BITS each) in reverse order. */
static inline word word_bswap(word a)
{
    word pairs = WORD_ONES / ((1u << BYTE_BITS) + 1u);
    word fours = WORD_ONES / ((1u << 2 * BYTE_BITS) + 1u);
    word swapped = word_swap_groups(a, BYTE_BITS, pairs);
    swapped = word_swap_groups(swapped, 2 * BYTE_BITS, fours);
    return word_swap_groups(swapped, 4 * BYTE_BITS, HALF_ONES);
}

#endif
