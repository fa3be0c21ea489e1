/* The words and truths that abstract values are made of, and every operation on them that proved
 * code may use (CONVENTIONS.md, "Proved code").
 *
 * The text of fact/scalar.h and verify/domain/ is compiled three times: here with words of 64 bits
 * for the library; with words of WORD_BITS 4 or 8 for the tests that try all values; and by the
 * proofs, which define this header's guard and give word, truth and the operations as terms of a
 * solver.  So no operation has undefined cases: amounts of shifts are masked, x / 0 is 0.
 *
 * Such text selects with SEL.  An `if` on a truth is a shortcut: it saves time where operands are
 * simple, and makes the proofs follow both ways. */
#ifndef SKEP_SRC_FACT_WORD_H
#define SKEP_SRC_FACT_WORD_H

#include "base/types.h"

#ifndef WORD_BITS
#define WORD_BITS 64
#endif

/* A number of WORD_BITS bits; the bits above are zero. */
typedef u64 word;
typedef bool truth;

/* A function that proofs of its callers take by what it promises, not by its text. */
#define PROVED(name) name

#define HALF_BITS (WORD_BITS / 2)
#define BYTE_BITS (WORD_BITS / 8)
#define WORD_ONES (UINT64_MAX >> (64 - WORD_BITS))
#define WORD_SIGN (WORD_ONES ^ WORD_ONES >> 1)
#define HALF_ONES (WORD_ONES >> HALF_BITS)

static inline word word_trim(u64 x) { return x & WORD_ONES; }
static inline s64 word_signed(word x) { return (s64)(x << (64 - WORD_BITS)) >> (64 - WORD_BITS); }

static inline word ADD(word a, word b) { return word_trim(a + b); }
static inline word SUB(word a, word b) { return word_trim(a - b); }
static inline word MUL(word a, word b) { return word_trim(a * b); }
static inline word AND(word a, word b) { return a & b; }
static inline word OR(word a, word b) { return a | b; }
static inline word XOR(word a, word b) { return a ^ b; }
static inline word NOT(word a) { return word_trim(~a); }
static inline word SHL(word a, word n) { return word_trim(a << (n & (WORD_BITS - 1))); }
static inline word SHR(word a, word n) { return a >> (n & (WORD_BITS - 1)); }
static inline word SAR(word a, word n)
{
    return word_trim((u64)(word_signed(a) >> (n & (WORD_BITS - 1))));
}
static inline word UDIV(word a, word b) { return b ? a / b : 0; }
static inline word UMOD(word a, word b) { return b ? a % b : a; }

/* The upper word of the unsigned product. */
static inline word MULHU(word a, word b)
{
#if WORD_BITS < 64
    return a * b >> WORD_BITS;
#elif defined(__SIZEOF_INT128__)
    return (u64)((__extension__(unsigned __int128) a) * b >> 64);
#else
    u64 low = (u32)a * (u64)(u32)b;
    u64 cross = (a >> 32) * (u32)b + (low >> 32);
    u64 other = (u32)a * (b >> 32) + (u32)cross;
    return (a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32);
#endif
}

/* All bits from the highest one bit down. */
static inline word FILL(word a)
{
#if defined(__GNUC__)
    return a ? UINT64_MAX >> __builtin_clzll(a) : 0;
#else
    for (u32 n = 1; n < 64; n *= 2)
        a |= a >> n;
    return a;
#endif
}

static inline truth EQ(word a, word b) { return a == b; }
static inline truth ULT(word a, word b) { return a < b; }
static inline truth ULE(word a, word b) { return a <= b; }
static inline truth SLT(word a, word b) { return word_signed(a) < word_signed(b); }
static inline truth SLE(word a, word b) { return word_signed(a) <= word_signed(b); }

static inline truth BOTH(truth p, truth q) { return p & q; }
static inline truth EITHER(truth p, truth q) { return p | q; }
static inline truth NO(truth p) { return !p; }
static inline word SEL(truth p, word a, word b) { return p ? a : b; }

#endif
