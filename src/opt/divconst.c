/* Divisions and remainders by constants become multiplications (Granlund and Montgomery, "Division
 * by invariant integers using multiplication", 1994; Hacker's Delight, chapter 10).
 *
 * The quotient of n by d is the high part of n * m, where m is a little more than 2^s / d.  With
 * m * d = 2^s + e, 0 < e,
 *     n * m / 2^s = n / d + (n * e) / (d * 2^s),
 * which has the same whole part as n / d as long as the second term is below 1 / d: as long as
 * n * e < 2^s for the largest n that there can be.  What is known of n (its range) so decides how
 * small s can be, and whether the product fits in 64 bits.  Numbers of 4 bytes are divided by an
 * 8-byte multiplication.
 *
 * Needs nothing, uses ranges.  Keeps everything else as it is. */
#include "opt/make.h"
#include "opt/pass.h"

__extension__ typedef unsigned __int128 div_u128;

/* n / d = (n * m) >> s for all n up to a limit. */
struct div_magic {
    u64 m;
    u32 s;
};

static u32 div_log2_floor(u64 x) { return 63 - (u32)__builtin_clzll(x); }
static bool div_is_power(u64 x) { return (x & (x - 1)) == 0; }

/* The multiplier of d for a shift by s, if it has 64 bits and is exact up to n = hi. */
static bool div_magic_at(u64 d, u64 hi, u32 s, u64 *m)
{
    div_u128 power = (div_u128)1 << s, multiplier = power / d + 1;
    u64 error = (u64)(multiplier * d - power); /* 1 to d */
    if (multiplier >> 64 || (s < 128 && (div_u128)hi * error >= power))
        return false;
    *m = (u64)multiplier;
    return true;
}

/* The smallest shift from `from` to `to`. */
static bool div_find(u64 d, u64 hi, u32 from, u32 to, struct div_magic *magic)
{
    for (u32 s = from; s <= to; s++)
        if (div_magic_at(d, hi, s, &magic->m)) {
            magic->s = s;
            return true;
        }
    return false;
}

/* The same, of a product that has 64 bits, or (is_signed) 63 beside the sign. */
static bool div_find_narrow(u64 d, u64 hi, bool is_signed, struct div_magic *magic)
{
    div_u128 most = is_signed ? (div_u128)1 << 63 : (div_u128)1 << 64;
    return div_find(d, hi, 0, 63, magic) && (div_u128)hi * magic->m < most;
}

/* ---- the operation under the pass */

struct div_at {
    struct ssa_func *func;
    u32 at;
    u32 n;     /* the dividend as 8 bytes */
    u32 width; /* of the operation */
    u64 hi;    /* the largest n; signed: the largest |n| */
    u64 d;     /* the divisor; signed: its absolute value */
    bool is_signed, is_mod, negative;
};

static u32 div_op(const struct div_at *div, enum ssa_op op, u32 width, u32 a, u32 b)
{
    return make_op(div->func, div->at, op, width, a, b);
}
static u32 div_with(const struct div_at *div, enum ssa_op op, u32 width, u32 a, u64 b)
{
    return make_with(div->func, div->at, op, width, a, b);
}
static u32 div_shift(const struct div_at *div, enum ssa_op op, u32 a, u32 by)
{
    return by ? div_with(div, op, 8, a, by) : a;
}

/* ---- unsigned */

/* By the high half of a product of 128 bits. */
static bool div_by_high(const struct div_at *div, u32 n, u64 hi, u64 d, u32 *quotient)
{
    struct div_magic magic;
    if (!div_find(d, hi, 64, 64 + div_log2_floor(d), &magic))
        return false;
    u32 high = div_with(div, SSA_MULH, 8, n, magic.m);
    *quotient = div_shift(div, SSA_SHR, high, magic.s - 64);
    return true;
}

/* What d has of twos is taken out of both before. */
static bool div_by_high_shifted(const struct div_at *div, u32 *quotient)
{
    struct div_magic magic;
    u32 twos = (u32)__builtin_ctzll(div->d);
    u64 hi = div->hi >> twos, d = div->d >> twos;
    if (!twos || !div_find(d, hi, 64, 64 + div_log2_floor(d), &magic))
        return false;
    return div_by_high(div, div_shift(div, SSA_SHR, div->n, twos), hi, d, quotient);
}

/* A multiplier of 65 bits, 2^64 + m: its highest bit is added by hand.  With t the high half of
 * n * m, (n + t) / 2 = t + (n - t) / 2 does not overflow. */
static u32 div_by_65_bits(const struct div_at *div)
{
    u32 log = div_log2_floor(div->d) + 1;
    u64 rest = log == 64 ? 0 - div->d : ((u64)1 << log) - div->d; /* 2^log - d */
    u64 m = (u64)(((div_u128)rest << 64) / div->d + 1);
    u32 t = div_with(div, SSA_MULH, 8, div->n, m);
    u32 half = div_with(div, SSA_SHR, 8, div_op(div, SSA_SUB, 8, div->n, t), 1);
    return div_shift(div, SSA_SHR, div_op(div, SSA_ADD, 8, half, t), log - 1);
}

static u32 div_unsigned(const struct div_at *div)
{
    struct div_magic magic;
    u32 quotient;
    if (div_is_power(div->d))
        return div_with(div, SSA_SHR, 8, div->n, div_log2_floor(div->d));
    if (div->d > div->hi / 2) /* 0 or 1 */
        return div_op(div, SSA_LT, 8, ssa_const(div->func, div->d - 1), div->n);
    if (div_find_narrow(div->d, div->hi, false, &magic))
        return div_shift(div, SSA_SHR, div_with(div, SSA_MUL, 8, div->n, magic.m), magic.s);
    if (div_by_high(div, div->n, div->hi, div->d, &quotient) || div_by_high_shifted(div, &quotient))
        return quotient;
    return div_by_65_bits(div);
}

/* ---- signed: rounded down first, then 1 more for those below 0 */

/* |d| - 1 where n is below 0, else 0; of powers of two. */
static u32 div_power_bias(const struct div_at *div)
{
    u32 sign = div_with(div, SSA_SAR, 8, div->n, 63);
    return div_with(div, SSA_SHR, 8, sign, 64 - div_log2_floor(div->d));
}

static u32 div_signed_power(const struct div_at *div)
{
    u32 biased = div_op(div, SSA_ADD, 8, div->n, div_power_bias(div));
    return div_with(div, SSA_SAR, 8, biased, div_log2_floor(div->d));
}

static u32 div_signed_down(const struct div_at *div)
{
    struct div_magic magic = { 0 };
    if (div_find_narrow(div->d, div->hi, true, &magic))
        return div_shift(div, SSA_SAR, div_with(div, SSA_MUL, 8, div->n, magic.m), magic.s);
    bool found = div_find(div->d, div->hi, 64, 64 + div_log2_floor(div->d), &magic);
    assert(found && "a shift by 63 + log2 |d|, rounded up, always does");
    (void)found;
    u32 high = div_with(div, SSA_SMULH, 8, div->n, magic.m);
    if (magic.m >> 63) /* it was taken for m - 2^64 */
        high = div_op(div, SSA_ADD, 8, high, div->n);
    return div_shift(div, SSA_SAR, high, magic.s - 64);
}

/* n / |d|, or -(n / |d|). */
static u32 div_signed(const struct div_at *div, bool negative)
{
    if (div_is_power(div->d)) {
        u32 quotient = div_signed_power(div);
        return negative ? div_op(div, SSA_NEG, div->width, quotient, 0) : quotient;
    }
    u32 down = div_signed_down(div);
    if (negative)
        return div_op(div, SSA_SUB, div->width, div_with(div, SSA_SAR, 8, div->n, 63), down);
    return div_op(div, SSA_ADD, div->width, down, div_with(div, SSA_SHR, 8, div->n, 63));
}

/* ---- remainders */

static u32 div_power_remainder(const struct div_at *div)
{
    if (!div->is_signed)
        return div_with(div, SSA_AND, 8, div->n, div->d - 1);
    u32 bias = div_power_bias(div);
    u32 low = div_with(div, SSA_AND, 8, div_op(div, SSA_ADD, 8, div->n, bias), div->d - 1);
    return div_op(div, SSA_SUB, 8, low, bias);
}

static u32 div_remainder(const struct div_at *div)
{
    if (div_is_power(div->d))
        return div_power_remainder(div);
    u32 quotient = div->is_signed ? div_signed(div, false) : div_unsigned(div);
    u32 product = div_with(div, SSA_MUL, div->width, quotient, div->d);
    return div_op(div, SSA_SUB, div->width, div->n, product);
}

/* ---- one operation */

static bool div_is_candidate(const struct ssa_func *func, const struct ssa_insn *insn)
{
    bool divides = insn->op >= SSA_DIV && insn->op <= SSA_SMOD;
    return divides && ssa_is_const(func, insn->arg[1]);
}

/* The number of the constant that a divisor is, and what is known of the dividend.  What is not
 * below 0 is divided as unsigned. */
static bool div_look(struct div_at *div, const struct ssa_insn *insn)
{
    u64 top = insn->width == 8 ? UINT64_MAX : UINT32_MAX,
        number = ssa_at(div->func, insn->arg[1])->imm;
    u64 hi = div->func->ranges[insn->arg[0]].hi;
    bool is_signed = insn->op == SSA_SDIV || insn->op == SSA_SMOD;
    div->width = insn->width;
    div->is_mod = insn->op == SSA_MOD || insn->op == SSA_SMOD;
    div->d = number & top;
    div->negative = is_signed && div->d > top / 2;
    if (div->negative)
        div->d = (0 - div->d) & top;
    div->is_signed = is_signed && hi > top / 2;
    div->hi = div->is_signed ? top / 2 + 1 : min_u64(hi, top);
    return div->d > 1;
}

/* The dividend in 8 bytes. */
static void div_widen(struct div_at *div, const struct ssa_insn *insn)
{
    u32 n = insn->arg[0];
    bool fits = div->width == 8 || (!div->is_signed && div->func->ranges[n].hi <= UINT32_MAX);
    div->n = fits ? n : div_op(div, div->is_signed ? SSA_SEXT : SSA_ZEXT, 4, n, 0);
}

/* What has 8 bytes as `width` has it. */
static u32 div_narrow(const struct div_at *div, u32 value)
{
    bool cut = div->is_signed && ssa_at(div->func, value)->width > div->width;
    return cut ? div_op(div, SSA_ZEXT, div->width, value, 0) : value;
}

static bool div_one(struct ssa_func *func, u32 at)
{
    struct div_at div = { .func = func, .at = at };
    struct ssa_insn insn = *ssa_at(func, at);
    if (!div_is_candidate(func, &insn) || !div_look(&div, &insn))
        return false;
    div_widen(&div, &insn);
    u32 value = div.is_mod      ? div_remainder(&div)
                : div.is_signed ? div_signed(&div, div.negative)
                                : div_unsigned(&div);
    if (!div.is_mod && div.negative && !div.is_signed)
        value = div_op(&div, SSA_NEG, div.width, value, 0);
    value = div_narrow(&div, value);
    if (func->failed)
        return false;
    make_become(func, at, value);
    return true;
}

bool opt_divconst(struct opt *opt, struct ssa_func *func)
{
    (void)opt;
    bool changed = false;
    for (u32 b = 0; b < func->n_blocks; b++)
        for (u32 at = func->blocks[b].first; at; at = ssa_at(func, at)->next)
            changed |= div_one(func, at);
    return changed;
}
