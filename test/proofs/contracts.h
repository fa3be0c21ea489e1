/* What the functions of the domain promise, given in place of their definitions to those that call
 * them; scalar.cc proves that the definitions keep it.
 *
 * A promise is about concrete words: what is in the operands is, after the concrete operation, in
 * the result.  Each use of a function promises it for all witnesses of the claim at hand. */
#ifndef SKEP_TEST_PROOFS_CONTRACTS_H
#define SKEP_TEST_PROOFS_CONTRACTS_H

#include "proofs/prove.h"

#include "fact/scalar.h"

struct range;
struct scalar_pair;

/* ---- The concrete operations (RFC 9669 section 4.1; isa/eval.h) ---- */

inline word concrete_low(word x) { return AND(x, HALF_ONES); }
inline word concrete_sign(word x) { return SAR(SHL(x, 32), 32); }
inline truth concrete_negative(word x) { return SLT(x, 0); }
inline word concrete_neg64(word x) { return SUB(0, x); }
inline word concrete_magnitude(word x) { return SEL(concrete_negative(x), SUB(0, x), x); }
inline word concrete_not(word x) { return NOT(x); }

inline word concrete_add64(word x, word y) { return ADD(x, y); }
inline word concrete_sub64(word x, word y) { return SUB(x, y); }
inline word concrete_mul64(word x, word y) { return MUL(x, y); }
inline word concrete_div64(word x, word y) { return UDIV(x, y); }
inline word concrete_mod64(word x, word y) { return UMOD(x, y); }
inline word concrete_or64(word x, word y) { return OR(x, y); }
inline word concrete_and64(word x, word y) { return AND(x, y); }
inline word concrete_xor64(word x, word y) { return XOR(x, y); }
inline word concrete_mov64(word, word y) { return y; }
inline word concrete_lsh64(word x, word y) { return SHL(x, AND(y, 63)); }
inline word concrete_rsh64(word x, word y) { return SHR(x, AND(y, 63)); }
inline word concrete_arsh64(word x, word y) { return SAR(x, AND(y, 63)); }
/* Towards zero: by magnitudes, negative if one operand is; remainders go with the dividend. */
inline word concrete_sdiv64(word x, word y)
{
    word q = UDIV(concrete_magnitude(x), concrete_magnitude(y));
    truth minus = truth(concrete_negative(x).e != concrete_negative(y).e);
    return SEL(minus, SUB(0, q), q);
}
/* By a magnitude */
inline word concrete_sdiv_by(word x, word d)
{
    word q = UDIV(concrete_magnitude(x), d);
    return SEL(concrete_negative(x), SUB(0, q), q);
}
inline word concrete_smod_by(word x, word d)
{
    word r = UMOD(concrete_magnitude(x), d);
    return SEL(concrete_negative(x), SUB(0, r), r);
}
inline word concrete_smod64(word x, word y) { return concrete_smod_by(x, concrete_magnitude(y)); }
#define CONCRETE_LOW(name)                                                                         \
    inline word concrete_##name##32(word x, word y)                                                \
    {                                                                                              \
        return concrete_low(concrete_##name##64(concrete_low(x), concrete_low(y)));                \
    }
/* clang-format off */
CONCRETE_LOW(add) CONCRETE_LOW(sub) CONCRETE_LOW(mul) CONCRETE_LOW(div) CONCRETE_LOW(mod)
CONCRETE_LOW(or) CONCRETE_LOW(and) CONCRETE_LOW(xor) CONCRETE_LOW(mov)
/* clang-format on */
#undef CONCRETE_LOW
        inline word concrete_sdiv32(word x, word y)
{
    return concrete_low(concrete_sdiv64(concrete_sign(x), concrete_sign(y)));
}
inline word concrete_smod32(word x, word y)
{
    return concrete_low(concrete_smod64(concrete_sign(x), concrete_sign(y)));
}
inline word concrete_lsh32(word x, word y) { return concrete_low(SHL(x, AND(y, 31))); }
inline word concrete_rsh32(word x, word y) { return SHR(concrete_low(x), AND(y, 31)); }
inline word concrete_arsh32(word x, word y)
{
    return concrete_low(SAR(concrete_sign(x), AND(y, 31)));
}
inline word concrete_neg32(word x) { return concrete_low(SUB(0, x)); }

/* By extracting bits, not by shifts as the domain does. */
inline word concrete_zext(word x, unsigned bytes)
{
    return bytes == 8 ? x : word(z3::zext(x.e.extract(8 * bytes - 1, 0), 64 - 8 * bytes));
}
inline word concrete_sext(word x, unsigned bytes)
{
    return bytes == 8 ? x : word(z3::sext(x.e.extract(8 * bytes - 1, 0), 64 - 8 * bytes));
}
inline word concrete_bswap(word x, unsigned bytes)
{
    z3::expr swapped = x.e.extract(7, 0);
    for (unsigned i = 1; i < bytes; i++)
        swapped = z3::concat(swapped, x.e.extract(8 * i + 7, 8 * i));
    return word(bytes == 8 ? swapped : z3::zext(swapped, 64 - 8 * bytes));
}

/* ---- Being in ---- */

inline truth holds(struct tnum t, word x) { return tnum_holds(t, x); }
truth holds(struct range r, word x);
/* Bounds of the low half are those of a half; operators keep them so. */
inline truth is_wellformed(struct scalar s)
{
    return BOTH(BOTH(ULE(s.umin32, HALF_ONES), ULE(s.umax32, HALF_ONES)),
                BOTH(EQ(concrete_sign(s.smin32), s.smin32), EQ(concrete_sign(s.smax32), s.smax32)));
}
inline truth is_wellformed(struct tnum) { return EQ(0, 0); }
truth is_wellformed(struct range r);
inline truth holds(struct scalar s, word x) { return BOTH(is_wellformed(s), scalar_holds(s, x)); }

/* ---- The promises, of the functions in the domain that are PROVED ---- */

/* clang-format off */
/* F(kind, function, concrete operation): x in a and y in b  =>  operation(x, y) in the result */
#define PROMISES_BINARY(F) \
    F(tnum, tnum_add, add64) F(tnum, tnum_sub, sub64) F(tnum, tnum_and, and64) \
    F(tnum, tnum_or, or64) F(tnum, tnum_xor, xor64) \
    F(tnum, tnum_lsh, lsh64) F(tnum, tnum_rsh, rsh64) F(tnum, tnum_arsh, arsh64) \
    F(tnum, tnum_mul, mul64) F(tnum, tnum_mul_by_bits, mul64) F(tnum, tnum_mod, mod64) \
    F(range, range_add, add64) F(range, range_sub, sub64) F(range, range_and, and64) \
    F(range, range_or, or64) F(range, range_xor, xor64) F(range, range_mod, mod64) \
    F(range, range_mul_unsigned, mul64) F(range, range_mul_signed, mul64) F(range, range_mul, mul64) \
    F(scalar, scalar_add64, add64) F(scalar, scalar_sub64, sub64) F(scalar, scalar_mul64, mul64) \
    F(scalar, scalar_div64, div64) F(scalar, scalar_mod64, mod64) \
    F(scalar, scalar_sdiv_by, sdiv_by) F(scalar, scalar_sdiv64, sdiv64) \
    F(scalar, scalar_smod_by, smod_by) F(scalar, scalar_smod64, smod64) \
    F(scalar, scalar_and64, and64) F(scalar, scalar_or64, or64) F(scalar, scalar_xor64, xor64) \
    F(scalar, scalar_lsh64, lsh64) F(scalar, scalar_rsh64, rsh64) F(scalar, scalar_arsh64, arsh64) \
    F(scalar, scalar_mov64, mov64) \
    F(scalar, scalar_add32, add32) F(scalar, scalar_sub32, sub32) F(scalar, scalar_mul32, mul32) \
    F(scalar, scalar_div32, div32) F(scalar, scalar_mod32, mod32) \
    F(scalar, scalar_sdiv32, sdiv32) F(scalar, scalar_smod32, smod32) \
    F(scalar, scalar_and32, and32) F(scalar, scalar_or32, or32) F(scalar, scalar_xor32, xor32) \
    F(scalar, scalar_lsh32, lsh32) F(scalar, scalar_rsh32, rsh32) F(scalar, scalar_arsh32, arsh32) \
    F(scalar, scalar_mov32, mov32)
/* F(kind, function, concrete operation): x in a  =>  operation(x) in the result */
#define PROMISES_UNARY(F) \
    F(tnum, tnum_not, concrete_not) \
    F(scalar, scalar_neg64, concrete_neg64) F(scalar, scalar_neg32, concrete_neg32) \
    F(scalar, scalar_abs, concrete_magnitude) \
    F(scalar, scalar_zext_half, concrete_low) F(scalar, scalar_sext_half, concrete_sign)
/* F(kind, function, both): x in a and, or: or, x in b  =>  x in the result */
#define PROMISES_LATTICE(F) \
    F(tnum, tnum_join, EITHER) F(tnum, tnum_meet, BOTH) F(tnum, widen_bits, EITHER) \
    F(scalar, scalar_join, EITHER) F(scalar, scalar_meet, BOTH) F(scalar, scalar_widen, EITHER)
/* F(function): x in s  =>  x in the result */
#define PROMISES_SAME(F) \
    F(reduce_whole) F(reduce_half) F(reduce_half_by_whole) F(reduce_whole_by_half) F(reduce_bits) \
    F(reduce_align)
/* F(function, concrete shift): x in t  =>  shift(x, n) in the result */
#define PROMISES_SHIFT_BY(F) F(tnum_lsh_by, lsh64) F(tnum_rsh_by, rsh64) F(tnum_arsh_by, arsh64)
/* F(function, shift): x in r, least <= n <= most < 64  =>  shift(x, n) in the result */
#define PROMISES_SHIFT_BETWEEN(F) \
    F(range_lsh_between, lsh64) F(range_lsh, lsh64) F(range_rsh, rsh64) F(range_arsh, arsh64)
/* F(function, shift): x in a, n in amount, which is less than 64  =>  shift(x, n) in the result */
#define PROMISES_SHIFT(F) \
    F(scalar_shift_left, lsh64) F(scalar_shift_right, rsh64) F(scalar_shift_right_signed, arsh64)
/* clang-format on */

#define DECLARE(kind, name, operation) struct kind name(struct kind a, struct kind b);
PROMISES_BINARY(DECLARE)
PROMISES_LATTICE(DECLARE)
#undef DECLARE
#define DECLARE(kind, name, operation) struct kind name(struct kind a);
PROMISES_UNARY(DECLARE)
#undef DECLARE
#define DECLARE(name) struct scalar name(struct scalar s);
PROMISES_SAME(DECLARE)
#undef DECLARE
#define DECLARE(name, shift) struct tnum name(struct tnum t, word n);
PROMISES_SHIFT_BY(DECLARE)
#undef DECLARE
#define DECLARE(name, shift) struct range name(struct range r, word least, word most);
PROMISES_SHIFT_BETWEEN(DECLARE)
#undef DECLARE
#define DECLARE(name, shift) struct scalar name(struct scalar a, struct scalar amount);
PROMISES_SHIFT(DECLARE)
#undef DECLARE

/* clang-format off */
/* F(condition, of two words) */
#define CONDITIONS(F) \
    F(jeq, EQ(x, y)) F(jne, NO(EQ(x, y))) F(jgt, ULT(y, x)) F(jge, ULE(y, x)) F(jlt, ULT(x, y)) \
    F(jle, ULE(x, y)) F(jsgt, SLT(y, x)) F(jsge, SLE(y, x)) F(jslt, SLT(x, y)) F(jsle, SLE(x, y)) \
    F(jset, NO(EQ(AND(x, y), 0))) F(jnset, EQ(AND(x, y), 0))
/* clang-format on */

#define DECLARE(name, condition)                                                                   \
    struct scalar_pair scalar_refine_##name##64(struct scalar a, struct scalar b);                 \
    struct scalar_pair scalar_refine_##name##32(struct scalar a, struct scalar b);
CONDITIONS(DECLARE)
#undef DECLARE

/* The others, which scalar.cc says one by one. */
struct tnum tnum_range(word min, word max);
struct tnum tnum_bswap(struct tnum t);
struct tnum tnum_mul_step(struct tnum sum, struct tnum a, struct tnum b);
struct tnum tnum_lsh_step(struct tnum t, struct tnum amount, word bit);
struct tnum tnum_rsh_step(struct tnum t, struct tnum amount, word bit);
struct tnum tnum_arsh_step(struct tnum t, struct tnum amount, word bit);
word reduce_up_to_arc(word x, word from, word length);
word reduce_down_to_arc(word x, word from, word length);
word tnum_next(struct tnum t, word x);
word tnum_previous(struct tnum t, word x);
struct range range_arc(truth ok, word from, word to);
struct range range_arc_add(word a_from, word a_to, word b_from, word b_to);
struct range range_arc_sub(word a_from, word a_to, word b_from, word b_to);
struct range range_arc_lsh(word from, word to, word n);
struct range range_lsh_by(struct range r, word n);
struct range range_settle(struct tnum bits, struct range r);
struct range range_align(struct tnum bits, struct range r);
struct range range_mul_half(struct scalar a, struct scalar b);
struct scalar scalar_reduce_unless(truth none, struct scalar s);
struct scalar scalar_plus(struct scalar s);
struct scalar scalar_minus(struct scalar s);
struct scalar scalar_amount(struct scalar b, word bits);
struct scalar scalar_zext(struct scalar s, word bytes);
struct scalar scalar_sext(struct scalar s, word bytes);
struct scalar_pair refine_reduce(struct scalar a, struct scalar b);
struct scalar_pair refine_where_common(struct scalar a, struct scalar b, word among);
struct scalar_pair refine_where_apart(struct scalar a, struct scalar b, word among);

#endif
