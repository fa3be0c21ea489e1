/* Bounds and known bits of operations, and the operations on numbers themselves (isa/eval.h).
 *
 * Bounds are unsigned.  Where a 4-byte operation is meant, its operands are cut to their low halves
 * first, so one text serves both widths: `mask` has the bits of the operation. */
#include "opt/known.h"

#include "fact/fact.h"
#include "isa/eval.h"

static struct known known_of_bounds(u64 lo, u64 hi)
{
    return known_reduce((struct known){ lo, hi, 0, 0 });
}
static struct known known_up_to(u64 hi) { return known_of_bounds(0, hi); }

/* All bits from the highest one down. */
static u64 known_fill(u64 x) { return x ? UINT64_MAX >> __builtin_clzll(x) : 0; }

struct known known_reduce(struct known k)
{
    if (k.zeros & k.ones)
        return known_nothing();
    k.lo = max_u64(k.lo, k.ones);
    k.hi = min_u64(k.hi, ~k.zeros);
    if (k.lo > k.hi)
        return known_nothing();
    u64 same = ~known_fill(k.lo ^ k.hi);
    u64 zeros = k.zeros | (same & ~k.lo), ones = k.ones | (same & k.lo);
    if (zeros & ones)
        return known_nothing();
    return (struct known){ k.lo, k.hi, zeros, ones };
}

struct known known_join(struct known a, struct known b)
{
    return (struct known){ min_u64(a.lo, b.lo), max_u64(a.hi, b.hi), a.zeros & b.zeros,
                           a.ones & b.ones };
}

struct known known_meet(struct known a, struct known b)
{
    return known_reduce((struct known){ max_u64(a.lo, b.lo), min_u64(a.hi, b.hi), a.zeros | b.zeros,
                                        a.ones | b.ones });
}

struct known known_low(struct known a, u32 width_bytes)
{
    u64 mask = known_mask(width_bytes);
    struct known low = { 0, mask, a.zeros | ~mask, a.ones & mask };
    if ((a.lo & ~mask) == (a.hi & ~mask)) {
        low.lo = a.lo & mask;
        low.hi = a.hi & mask;
    }
    return known_reduce(low);
}

/* ---- arithmetic: operands within mask */

/* Bits of a + b + carry: a carry is known where the smallest and the greatest operands agree on
 * it, since carries grow with the operands. */
static struct known known_sum_bits(struct known a, struct known b, u64 carry, u64 mask)
{
    u64 least = a.ones + b.ones + carry, most = ~a.zeros + ~b.zeros + carry;
    u64 carry_least = least ^ a.ones ^ b.ones, carry_most = most ^ ~a.zeros ^ ~b.zeros;
    u64 sure = ~(carry_least ^ carry_most) & (a.zeros | a.ones) & (b.zeros | b.ones);
    return (struct known){ 0, mask, (sure & ~least) | ~mask, sure & least & mask };
}

static struct known known_add(struct known a, struct known b, u64 mask)
{
    struct known k = known_sum_bits(a, b, 0, mask);
    bool low_fits = a.lo <= mask - b.lo, high_fits = a.hi <= mask - b.hi;
    if (low_fits == high_fits) {
        k.lo = (a.lo + b.lo) & mask;
        k.hi = (a.hi + b.hi) & mask;
    }
    return known_reduce(k);
}

static struct known known_complement(struct known a, u64 mask)
{
    return (struct known){ mask - a.hi, mask - a.lo, (a.ones & mask) | ~mask, a.zeros & mask };
}

static struct known known_sub(struct known a, struct known b, u64 mask)
{
    struct known not_b = { 0, UINT64_MAX, b.ones, b.zeros };
    struct known k = known_sum_bits(a, not_b, 1, mask);
    if ((a.lo >= b.hi) == (a.hi >= b.lo)) {
        k.lo = (a.lo - b.hi) & mask;
        k.hi = (a.hi - b.lo) & mask;
    }
    return known_reduce(k);
}

static u32 known_trailing_zeros(struct known a)
{
    return ~a.zeros ? (u32)__builtin_ctzll(~a.zeros) : 64;
}

static struct known known_mul(struct known a, struct known b, u64 mask)
{
    u32 low = known_trailing_zeros(a) + known_trailing_zeros(b);
    struct known k = { 0, mask, ~mask | (low < 64 ? ((u64)1 << low) - 1 : UINT64_MAX), 0 };
    u64 most;
    if (mul_ok(a.hi, b.hi, &most) && most <= mask) {
        k.lo = a.lo * b.lo;
        k.hi = most;
    }
    return known_reduce(k);
}

static u64 known_mul_high(u64 a, u64 b, u32 width)
{
    return width == 4 ? (u64)(u32)a * (u32)b >> 32 : MULHU(a, b);
}

static u64 known_mul_high_signed(u64 a, u64 b, u32 width)
{
    if (width == 4)
        return (u32)((u64)((s64)(s32)a * (s32)b) >> 32);
    u64 high = MULHU(a, b);
    high -= (s64)a < 0 ? b : 0;
    return high - ((s64)b < 0 ? a : 0);
}

/* The divisor is not 0. */
static struct known known_div(struct known a, struct known b)
{
    return known_of_bounds(a.lo / max_u64(b.hi, 1), a.hi / max_u64(b.lo, 1));
}

static struct known known_mod(struct known a, struct known b)
{
    if (a.hi < b.lo)
        return a;
    return known_up_to(min_u64(a.hi, max_u64(b.hi, 1) - 1));
}

/* ---- bits */

static struct known known_and(struct known a, struct known b)
{
    return known_reduce(
        (struct known){ 0, min_u64(a.hi, b.hi), a.zeros | b.zeros, a.ones & b.ones });
}

static struct known known_or(struct known a, struct known b)
{
    return known_reduce(
        (struct known){ max_u64(a.lo, b.lo), UINT64_MAX, a.zeros & b.zeros, a.ones | b.ones });
}

static struct known known_xor(struct known a, struct known b)
{
    return known_reduce((struct known){ 0, UINT64_MAX, (a.zeros & b.zeros) | (a.ones & b.ones),
                                        (a.zeros & b.ones) | (a.ones & b.zeros) });
}

/* Shifts by a known number of bits. */
static struct known known_shl_by(struct known a, u32 by, u64 mask)
{
    struct known k = { 0, mask, (a.zeros << by) | (((u64)1 << by) - 1) | ~mask,
                       a.ones << by & mask };
    if (a.hi <= mask >> by) {
        k.lo = a.lo << by;
        k.hi = a.hi << by;
    }
    return known_reduce(k);
}

static struct known known_shr_by(struct known a, u32 by)
{
    u64 in = by ? UINT64_MAX << (64 - by) : 0;
    return known_reduce((struct known){ a.lo >> by, a.hi >> by, a.zeros >> by | in, a.ones >> by });
}

static struct known known_shl(struct known a, struct known b, u64 mask)
{
    u32 bits = mask == UINT64_MAX ? 64 : 32;
    if (known_is_number(b))
        return known_shl_by(a, (u32)b.lo & (bits - 1), mask);
    if (b.hi < bits && a.hi <= mask >> b.hi)
        return known_of_bounds(a.lo << b.lo, a.hi << b.hi);
    return known_up_to(mask);
}

static struct known known_shr(struct known a, struct known b, u64 mask)
{
    u32 bits = mask == UINT64_MAX ? 64 : 32;
    if (known_is_number(b))
        return known_shr_by(a, (u32)b.lo & (bits - 1));
    if (b.hi < bits)
        return known_of_bounds(a.lo >> b.hi, a.hi >> b.lo);
    return known_up_to(a.hi);
}

static struct known known_sext(struct known a, u32 width)
{
    u64 mask = known_mask(width), sign = mask ^ mask >> 1;
    struct known low = known_low(a, width);
    if (low.hi < sign)
        return low;
    if (low.lo >= sign)
        return (struct known){ low.lo | ~mask, low.hi | ~mask, low.zeros & mask, low.ones | ~mask };
    return known_reduce(
        (struct known){ 0, UINT64_MAX, low.zeros & (sign - 1), low.ones & (sign - 1) });
}

/* Of the sign-extended operand all copies of the sign are bits like others. */
static struct known known_sar(struct known a, struct known b, u64 mask)
{
    u32 width = mask == UINT64_MAX ? 8 : 4, bits = 8 * width;
    struct known wide = known_sext(a, width);
    if ((wide.lo ^ wide.hi) >> 63 == 0 && wide.lo >> 63 == 0)
        return known_shr(a, b, mask);
    if (!known_is_number(b))
        return known_up_to(mask);
    u32 by = (u32)b.lo & (bits - 1);
    struct known k = { 0, UINT64_MAX, (u64)((s64)wide.zeros >> by), (u64)((s64)wide.ones >> by) };
    if (wide.lo >> 63) {
        k.lo = (u64)((s64)wide.lo >> by);
        k.hi = (u64)((s64)wide.hi >> by);
    }
    return known_low(known_reduce(k), width);
}

static u64 known_rotate(u64 x, u32 by, u32 width)
{
    u32 bits = 8 * width;
    by &= bits - 1;
    x &= known_mask(width);
    return by ? (x << by | x >> (bits - by)) & known_mask(width) : x;
}

static struct known known_rotl(struct known a, struct known b, u32 width)
{
    u64 mask = known_mask(width);
    if (!known_is_number(b))
        return known_up_to(mask);
    return known_reduce((struct known){ 0, mask, known_rotate(a.zeros, (u32)b.lo, width) | ~mask,
                                        known_rotate(a.ones, (u32)b.lo, width) });
}

static u64 known_swap(u64 x, u32 width)
{
    return width == 2 ? eval_bswap16(x) : width == 4 ? eval_bswap32(x) : eval_bswap64(x);
}

static struct known known_bswap(struct known a, u32 width)
{
    u64 mask = known_mask(width);
    return known_reduce(
        (struct known){ 0, mask, known_swap(a.zeros, width) | ~mask, known_swap(a.ones, width) });
}

/* ---- comparisons */

/* Moves signed numbers of the width to where unsigned order is theirs. */
static struct known known_signed_order(struct known a, u64 mask)
{
    u64 sign = mask ^ mask >> 1;
    if ((a.lo & sign) != (a.hi & sign))
        return known_up_to(mask);
    return known_of_bounds(a.lo ^ sign, a.hi ^ sign);
}

static int known_less(struct known a, struct known b, bool or_equal)
{
    if (or_equal)
        return a.hi <= b.lo ? 1 : a.lo > b.hi ? 0 : -1;
    return a.hi < b.lo ? 1 : a.lo >= b.hi ? 0 : -1;
}

static int known_equal(struct known a, struct known b)
{
    if (known_is_number(a) && known_is_number(b) && a.lo == b.lo)
        return 1;
    bool differ = a.hi < b.lo || b.hi < a.lo || (a.ones & b.zeros) || (a.zeros & b.ones);
    return differ ? 0 : -1;
}

int known_compare(u32 op, u32 width, struct known a, struct known b)
{
    a = known_low(a, width);
    b = known_low(b, width);
    if (op == SSA_SLT || op == SSA_SLE) {
        a = known_signed_order(a, known_mask(width));
        b = known_signed_order(b, known_mask(width));
    }
    if (op == SSA_EQ || op == SSA_NE) {
        int equal = known_equal(a, b);
        return equal < 0 || op == SSA_EQ ? equal : !equal;
    }
    return known_less(a, b, op == SSA_LE || op == SSA_SLE);
}

static struct known known_truth(int decided)
{
    return decided < 0 ? known_up_to(1) : known_number((u64)decided);
}

/* ---- all operations */

static bool known_nonnegative(struct known a, u64 mask) { return a.hi <= mask >> 1; }

static struct known known_binary(const struct ssa_insn *insn, struct known a, struct known b)
{
    u32 width = insn->width;
    u64 mask = known_mask(width);
    a = known_low(a, width);
    b = known_low(b, width);
    bool positive = known_nonnegative(a, mask) && known_nonnegative(b, mask);
    switch (insn->op) {
    case SSA_ADD: return known_add(a, b, mask);
    case SSA_SUB: return known_sub(a, b, mask);
    case SSA_MUL: return known_mul(a, b, mask);
    case SSA_MULH:
        return known_of_bounds(known_mul_high(a.lo, b.lo, width),
                               known_mul_high(a.hi, b.hi, width));
    case SSA_SMULH: return known_up_to(mask);
    case SSA_DIV: return known_div(a, b);
    case SSA_SDIV: return positive ? known_div(a, b) : known_up_to(mask);
    case SSA_MOD: return known_mod(a, b);
    case SSA_SMOD: return positive ? known_mod(a, b) : known_up_to(mask);
    case SSA_AND: return known_and(a, b);
    case SSA_OR: return known_or(a, b);
    case SSA_XOR: return known_xor(a, b);
    case SSA_SHL: return known_shl(a, b, mask);
    case SSA_SHR: return known_shr(a, b, mask);
    case SSA_SAR: return known_sar(a, b, mask);
    case SSA_ROTL: return known_rotl(a, b, width);
    default: return known_nothing();
    }
}

static struct known known_select(struct known a, struct known b, struct known c, u32 width)
{
    struct known k = a.lo > 0 || a.ones ? b : a.hi == 0 ? c : known_join(b, c);
    return known_low(k, width);
}

struct known known_result(const struct ssa_insn *insn, struct known a, struct known b,
                          struct known c)
{
    u32 width = insn->width;
    u64 mask = known_mask(width);
    if (insn->op >= SSA_ADD && insn->op <= SSA_ROTL)
        return known_binary(insn, a, b);
    if (insn->op >= SSA_EQ && insn->op <= SSA_SLE)
        return known_truth(known_compare(insn->op, width, a, b));
    switch (insn->op) {
    case SSA_CONST: return known_number(insn->imm);
    case SSA_NEG: return known_sub(known_number(0), known_low(a, width), mask);
    case SSA_NOT: return known_complement(known_low(a, width), mask);
    case SSA_BSWAP: return known_bswap(a, width);
    case SSA_ZEXT: return known_low(a, width);
    case SSA_SEXT: return known_sext(a, width);
    case SSA_SELECT: return known_select(a, b, c, width);
    case SSA_LOAD:
    case SSA_LOAD_ACQUIRE:
    case SSA_FETCH_ADD:
    case SSA_FETCH_OR:
    case SSA_FETCH_AND:
    case SSA_FETCH_XOR:
    case SSA_XCHG:
    case SSA_CMPXCHG: return known_up_to(mask);
    default: return known_nothing();
    }
}

/* clang-format off */
#define KNOWN_ARITHMETIC(X)                                                                        \
    X(ADD, add) X(SUB, sub) X(MUL, mul) X(DIV, div) X(SDIV, sdiv) X(MOD, mod) X(SMOD, smod)        \
    X(AND, and) X(OR, or) X(XOR, xor) X(SHL, lsh) X(SHR, rsh) X(SAR, arsh)                         \
    X(EQ, jeq) X(NE, jne) X(LT, jlt) X(LE, jle) X(SLT, jslt) X(SLE, jsle)
/* clang-format on */

static bool known_eval_arithmetic(const struct ssa_insn *insn, u64 a, u64 b, u64 *result)
{
    switch (insn->op) {
#define X(OP, name)                                                                                \
    case SSA_##OP:                                                                                 \
        *result = insn->width == 4 ? eval_##name##32(a, b) : eval_##name##64(a, b);                \
        return true;
        KNOWN_ARITHMETIC(X)
#undef X
    default: return false;
    }
}
#undef KNOWN_ARITHMETIC

bool known_eval(const struct ssa_insn *insn, u64 a, u64 b, u64 c, u64 *result)
{
    u32 width = insn->width;
    u64 mask = known_mask(width);
    if (known_eval_arithmetic(insn, a, b, result))
        return true;
    switch (insn->op) {
    case SSA_CONST: *result = insn->imm; return true;
    case SSA_MULH: *result = known_mul_high(a, b, width); return true;
    case SSA_SMULH: *result = known_mul_high_signed(a, b, width); return true;
    case SSA_ROTL: *result = known_rotate(a, (u32)b, width); return true;
    case SSA_NEG: *result = (0 - a) & mask; return true;
    case SSA_NOT: *result = ~a & mask; return true;
    case SSA_BSWAP: *result = known_swap(a, width); return true;
    case SSA_ZEXT: *result = a & mask; return true;
    case SSA_SEXT: *result = (a & mask) | ((a & (mask ^ mask >> 1)) ? ~mask : 0); return true;
    case SSA_SELECT: *result = (a ? b : c) & mask; return true;
    default: return false;
    }
}
