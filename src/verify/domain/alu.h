/* What the instructions do to scalars: for each operation of ISA_BINARY, and neg, movsx and byte
 * swaps, scalar_<name>64 and scalar_<name>32 hold eval_<name>64 and eval_<name>32 (isa/eval.h) of
 * whatever their operands hold.
 *
 * 32-bit operations are 64-bit operations between extensions: of the low halves where they take
 * them, of the low half of the result always.  In the subset for proved code. */
#ifndef SKEP_SRC_VERIFY_DOMAIN_ALU_H
#define SKEP_SRC_VERIFY_DOMAIN_ALU_H

#include "verify/domain/lattice.h"

/* The result of an operation: of nothing comes nothing. */
static inline struct scalar alu_result(struct scalar a, struct scalar b, struct tnum bits,
                                       struct range whole, struct range half)
{
    truth none = EITHER(scalar_is_empty(a), scalar_is_empty(b));
    return scalar_reduce_unless(none, scalar_of(bits, whole, half));
}

static inline truth alu_consts(struct scalar a, struct scalar b)
{
    return BOTH(scalar_is_const(a), scalar_is_const(b));
}

/* ---- Extensions ---- */

/* The low half, zero-extended: nothing is left to reduce if s is normalised. */
static inline struct scalar PROVED(scalar_zext_half)(struct scalar s)
{
    s.bits = tnum_and(s.bits, tnum_const(HALF_ONES));
    s = scalar_with_whole(s, range_of(s.umin32, s.umax32, s.umin32, s.umax32));
    return reduce_none(EQ(0, 1), s);
}
static inline struct scalar PROVED(scalar_sext_half)(struct scalar s)
{
    s.bits = tnum_arsh_by(tnum_lsh_by(s.bits, HALF_BITS), HALF_BITS);
    return scalar_reduce(scalar_with_whole(s, range_signed(s.smin32, s.smax32)));
}

/* ---- Sums ---- */

static inline struct scalar PROVED(scalar_add64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(ADD(a.umin, b.umin));
    return alu_result(a, b, tnum_add(a.bits, b.bits), range_add(scalar_whole(a), scalar_whole(b)),
                      range_add(scalar_half(a), scalar_half(b)));
}
static inline struct scalar PROVED(scalar_sub64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(SUB(a.umin, b.umin));
    return alu_result(a, b, tnum_sub(a.bits, b.bits), range_sub(scalar_whole(a), scalar_whole(b)),
                      range_sub(scalar_half(a), scalar_half(b)));
}
static inline struct scalar PROVED(scalar_neg64)(struct scalar a)
{
    return scalar_sub64(scalar_const(0), a);
}

/* ---- Bits ---- */

static inline struct scalar PROVED(scalar_and64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(AND(a.umin, b.umin));
    return alu_result(a, b, tnum_and(a.bits, b.bits), range_and(scalar_whole(a), scalar_whole(b)),
                      range_and(scalar_half(a), scalar_half(b)));
}
static inline struct scalar PROVED(scalar_or64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(OR(a.umin, b.umin));
    return alu_result(a, b, tnum_or(a.bits, b.bits), range_or(scalar_whole(a), scalar_whole(b)),
                      range_or(scalar_half(a), scalar_half(b)));
}
static inline struct scalar PROVED(scalar_xor64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(XOR(a.umin, b.umin));
    return alu_result(a, b, tnum_xor(a.bits, b.bits), range_xor(scalar_whole(a), scalar_whole(b)),
                      range_xor(scalar_half(a), scalar_half(b)));
}

/* ---- Products ---- */

/* Both orders of the factors are right, and neither is always the better. */
static inline struct tnum PROVED(tnum_mul)(struct tnum a, struct tnum b)
{
    return tnum_meet(tnum_mul_by_bits(a, b), tnum_mul_by_bits(b, a));
}

/* Products of halves are words, of which the result has the low halves. */
static inline struct range PROVED(range_mul_half)(struct scalar a, struct scalar b)
{
    struct range u = range_unsigned(MUL(a.umin32, b.umin32), MUL(a.umax32, b.umax32));
    struct range s =
        range_mul_signed(range_signed(a.smin32, a.smax32), range_signed(b.smin32, b.smax32));
    return range_meet(range_lsh_by(u, HALF_BITS), range_lsh_by(s, HALF_BITS));
}
static inline struct scalar PROVED(scalar_mul64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(MUL(a.umin, b.umin));
    return alu_result(a, b, tnum_mul(a.bits, b.bits), range_mul(scalar_whole(a), scalar_whole(b)),
                      range_mul_half(a, b));
}

/* ---- Shifts ---- */

/* The amount of a shift of words or halves, of so many bits (a power of two): less than that. */
static inline struct scalar PROVED(scalar_amount)(struct scalar b, word bits)
{
    if (ULT(b.umax, bits))
        return b;
    struct scalar amount = scalar_and64(b, scalar_const(SUB(bits, 1)));
    amount.umax = word_umin(amount.umax, SUB(bits, 1));
    return amount;
}

/* By amounts less than WORD_BITS. */
static inline struct scalar PROVED(scalar_shift_left)(struct scalar a, struct scalar amount)
{
    struct range whole = range_lsh(scalar_whole(a), amount.umin, amount.umax);
    struct range half = range_lsh(scalar_half(a), amount.umin, amount.umax);
    /* From half a word on, what is left is the low half. */
    if (BOTH(EQ(amount.umin, amount.umax), ULE(HALF_BITS, amount.umin)))
        whole = range_meet(whole, range_lsh_by(scalar_half(a), SUB(amount.umin, HALF_BITS)));
    return alu_result(a, amount, tnum_lsh(a.bits, amount.bits), whole, half);
}
static inline struct scalar PROVED(scalar_shift_right)(struct scalar a, struct scalar amount)
{
    struct range whole = range_rsh(scalar_whole(a), amount.umin, amount.umax);
    return alu_result(a, amount, tnum_rsh(a.bits, amount.bits), whole, range_any());
}
static inline struct scalar PROVED(scalar_shift_right_signed)(struct scalar a, struct scalar amount)
{
    struct range whole = range_arsh(scalar_whole(a), amount.umin, amount.umax);
    return alu_result(a, amount, tnum_arsh(a.bits, amount.bits), whole, range_any());
}

static inline struct scalar PROVED(scalar_lsh64)(struct scalar a, struct scalar b)
{
    return scalar_shift_left(a, scalar_amount(b, WORD_BITS));
}
static inline struct scalar PROVED(scalar_rsh64)(struct scalar a, struct scalar b)
{
    return scalar_shift_right(a, scalar_amount(b, WORD_BITS));
}
static inline struct scalar PROVED(scalar_arsh64)(struct scalar a, struct scalar b)
{
    return scalar_shift_right_signed(a, scalar_amount(b, WORD_BITS));
}

/* ---- Quotients and remainders ---- */

/* Quotients grow with the dividend and fall with the divisor; by zero they are zero. */
static inline struct scalar PROVED(scalar_div64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(UDIV(a.umin, b.umin));
    truth by_zero = EQ(b.umin, 0);
    word least = SEL(by_zero, 0, UDIV(a.umin, b.umax));
    word most = SEL(by_zero, SEL(EQ(b.umax, 0), 0, a.umax), UDIV(a.umax, b.umin));
    return alu_result(a, b, tnum_any(), range_unsigned(least, most), range_any());
}

/* The remainder differs from the dividend by a multiple of the divisor, so it has those low bits of
 * the dividend that are zero in every possible divisor. */
static inline struct tnum PROVED(tnum_mod)(struct tnum a, struct tnum b)
{
    word divisors = tnum_possible(b);
    word low = AND(NOT(divisors), SUB(divisors, 1));
    return tnum_of(AND(a.value, low), OR(AND(a.mask, low), NOT(low)));
}
/* A remainder is below the divisor, unless that is zero, and not above the dividend.  If there is
 * one quotient only, it is the dividend without so many divisors. */
static inline struct range PROVED(range_mod)(struct range a, struct range b)
{
    word most = SEL(EQ(b.umin, 0), a.umax, word_umin(a.umax, SUB(b.umax, 1)));
    word quotient = UDIV(a.umin, b.umax);
    truth one = BOTH(NO(EQ(b.umin, 0)), EQ(quotient, UDIV(a.umax, b.umin)));
    word from = SUB(a.umin, MUL(quotient, b.umax));
    word to = SUB(a.umax, MUL(quotient, b.umin));
    return range_unsigned(SEL(one, from, 0), SEL(one, word_umin(most, to), most));
}
/* Where no dividend reaches a divisor, or that is zero, it stays what it is. */
static inline struct scalar PROVED(scalar_mod64)(struct scalar a, struct scalar b)
{
    if (alu_consts(a, b))
        return scalar_const(UMOD(a.umin, b.umin));
    truth same = EITHER(ULT(a.umax, b.umin), EQ(b.umax, 0));
    if (BOTH(same, NO(EITHER(scalar_is_empty(a), scalar_is_empty(b)))))
        return a;
    return alu_result(a, b, tnum_mod(a.bits, b.bits), range_mod(scalar_whole(a), scalar_whole(b)),
                      range_any());
}

/* The words of s with sign bit 0, and those with sign bit 1. */
static inline struct scalar PROVED(scalar_plus)(struct scalar s)
{
    s.smin = word_smax(s.smin, 0);
    return scalar_reduce(s);
}
static inline struct scalar PROVED(scalar_minus)(struct scalar s)
{
    s.smax = word_smin(s.smax, WORD_ONES);
    return scalar_reduce(s);
}
/* Magnitudes, as unsigned numbers. */
static inline struct scalar PROVED(scalar_abs)(struct scalar s)
{
    return scalar_join(scalar_plus(s), scalar_neg64(scalar_minus(s)));
}

/* Signed quotients by a magnitude d: of magnitudes, negative where the dividend is. */
static inline struct scalar PROVED(scalar_sdiv_by)(struct scalar a, struct scalar d)
{
    struct scalar minus = scalar_div64(scalar_neg64(scalar_minus(a)), d);
    return scalar_join(scalar_div64(scalar_plus(a), d), scalar_neg64(minus));
}
/* Divisors below zero make the quotient the negative of that by their magnitude. */
static inline struct scalar PROVED(scalar_sdiv64)(struct scalar a, struct scalar b)
{
    if (BOTH(NO(word_is_negative(a.smin)), NO(word_is_negative(b.smin))))
        return scalar_div64(a, b);
    struct scalar minus = scalar_sdiv_by(a, scalar_neg64(scalar_minus(b)));
    return scalar_join(scalar_sdiv_by(a, scalar_plus(b)), scalar_neg64(minus));
}
/* Signed remainders by a magnitude d: of magnitudes, negative where the dividend is. */
static inline struct scalar PROVED(scalar_smod_by)(struct scalar a, struct scalar d)
{
    struct scalar minus = scalar_mod64(scalar_neg64(scalar_minus(a)), d);
    return scalar_join(scalar_mod64(scalar_plus(a), d), scalar_neg64(minus));
}
/* The sign of a divisor does not matter. */
static inline struct scalar PROVED(scalar_smod64)(struct scalar a, struct scalar b)
{
    if (BOTH(NO(word_is_negative(a.smin)), NO(word_is_negative(b.smin))))
        return scalar_mod64(a, b);
    return scalar_smod_by(a, scalar_abs(b));
}

static inline struct scalar PROVED(scalar_mov64)(struct scalar a, struct scalar b)
{
    (void)a;
    return b;
}

/* ---- 32 bits ---- */

/* clang-format off */
/* F(name): the low half of the result depends on the low halves of the operands only. */
#define SCALAR_LOW_OPERATIONS(F) F(add) F(sub) F(mul) F(or) F(and) F(xor) F(mov)
/* F(name, extension): the operation on extended low halves. */
#define SCALAR_EXTENDED_OPERATIONS(F) F(div, zext) F(mod, zext) F(sdiv, sext) F(smod, sext)
/* F(name, shift, extension) */
#define SCALAR_SHIFTS(F) F(lsh, left, zext) F(rsh, right, zext) F(arsh, right_signed, sext)

#define SCALAR_DEFINE(name)                                                                        \
    static inline struct scalar PROVED(scalar_##name##32)(struct scalar a, struct scalar b)        \
    {                                                                                              \
        return scalar_zext_half(scalar_##name##64(a, b));                                          \
    }
SCALAR_LOW_OPERATIONS(SCALAR_DEFINE)
#undef SCALAR_DEFINE

#define SCALAR_DEFINE(name, ext)                                                                   \
    static inline struct scalar PROVED(scalar_##name##32)(struct scalar a, struct scalar b)        \
    {                                                                                              \
        return scalar_zext_half(                                                                   \
            scalar_##name##64(scalar_##ext##_half(a), scalar_##ext##_half(b)));                    \
    }
SCALAR_EXTENDED_OPERATIONS(SCALAR_DEFINE)
#undef SCALAR_DEFINE

#define SCALAR_DEFINE(name, shift, ext)                                                            \
    static inline struct scalar PROVED(scalar_##name##32)(struct scalar a, struct scalar b)        \
    {                                                                                              \
        struct scalar amount = scalar_amount(b, HALF_BITS);                                        \
        return scalar_zext_half(scalar_shift_##shift(scalar_##ext##_half(a), amount));             \
    }
SCALAR_SHIFTS(SCALAR_DEFINE)
#undef SCALAR_DEFINE
/* clang-format on */

static inline struct scalar PROVED(scalar_neg32)(struct scalar a)
{
    return scalar_zext_half(scalar_neg64(a));
}

/* ---- Sizes ---- */

/* Truncated to so many bytes (1, 2, 4, 8), then extended again: shifted to the top and back. */
static inline struct scalar PROVED(scalar_zext)(struct scalar s, word bytes)
{
    word gap = SUB(WORD_BITS, MUL(BYTE_BITS, bytes));
    if (ULE(s.umax, SHR(WORD_ONES, gap)))
        return s;
    if (EQ(gap, HALF_BITS))
        return scalar_zext_half(s);
    return scalar_shift_right(scalar_shift_left(s, scalar_const(gap)), scalar_const(gap));
}
static inline struct scalar PROVED(scalar_sext)(struct scalar s, word bytes)
{
    word gap = SUB(WORD_BITS, MUL(BYTE_BITS, bytes));
    if (ULE(s.umax, SHR(WORD_ONES >> 1, gap)))
        return s;
    if (EQ(gap, HALF_BITS))
        return scalar_sext_half(s);
    return scalar_shift_right_signed(scalar_shift_left(s, scalar_const(gap)), scalar_const(gap));
}

static inline struct scalar PROVED(scalar_movsx8_64)(struct scalar s) { return scalar_sext(s, 1); }
static inline struct scalar PROVED(scalar_movsx16_64)(struct scalar s) { return scalar_sext(s, 2); }
static inline struct scalar PROVED(scalar_movsx32_64)(struct scalar s)
{
    return scalar_sext_half(s);
}
static inline struct scalar PROVED(scalar_movsx8_32)(struct scalar s)
{
    return scalar_zext_half(scalar_sext(s, 1));
}
static inline struct scalar PROVED(scalar_movsx16_32)(struct scalar s)
{
    return scalar_zext_half(scalar_sext(s, 2));
}

/* Bytes in reverse order; of which the others are zero. */
static inline struct scalar PROVED(scalar_bswap64)(struct scalar s)
{
    return scalar_of_bits(tnum_bswap(s.bits));
}
static inline struct scalar PROVED(scalar_bswap32)(struct scalar s)
{
    return scalar_of_bits(tnum_rsh_by(tnum_bswap(s.bits), WORD_BITS - 4 * BYTE_BITS));
}
static inline struct scalar PROVED(scalar_bswap16)(struct scalar s)
{
    return scalar_of_bits(tnum_rsh_by(tnum_bswap(s.bits), WORD_BITS - 2 * BYTE_BITS));
}

#endif
