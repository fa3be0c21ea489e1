/* Rules of `fold`: comparisons and selections. */
#include "opt/fold.h"

static bool fold_fits_4(const struct fold *f, u32 value)
{
    return fold_known(f, value).hi <= UINT32_MAX;
}

/* Sets both operands and the width of the comparison. */
static bool fold_compare_instead(struct fold *f, const struct fold_at *in, u32 width, u32 a, u32 b)
{
    u64 number;
    return fold_number(f, b, &number) ? fold_become_number(f, in->op, width, a, number)
                                      : fold_become(f, in->op, width, a, b);
}

static bool fold_compare_with(struct fold *f, const struct fold_at *in, u32 a, u64 number)
{
    return fold_become_number(f, in->op, in->width, a, number);
}

/* Both operands x << by, or x << by and a number without the low bits: what is shifted out and in
 * does not matter. */
static bool fold_compare_shifted(struct fold *f, const struct fold_at *in)
{
    u64 by, other;
    if (in->width != 8 || !fold_with_number(f, in->a, SSA_SHL, 8, &by) || by != 32)
        return false;
    u32 x = fold_arg(f, in->a, 0);
    if (fold_with_number(f, in->b, SSA_SHL, 8, &other) && other == 32)
        return fold_become(f, in->op, 4, x, fold_arg(f, in->b, 0));
    return fold_number(f, in->b, &other) && (other & UINT32_MAX) == 0 &&
           fold_become_number(f, in->op, 4, x, other >> 32);
}

/* ---- equality */

/* A truth compared with 0 or 1. */
static bool fold_truth_equality(struct fold *f, const struct fold_at *in, u64 number)
{
    if (!fold_is_compare(f, in->a) || number > 1)
        return false;
    bool as_it_is = (in->op == SSA_EQ) == (number == 1);
    return fold_be(f, as_it_is ? in->a : fold_inverted(f, in->a));
}

static u64 fold_swapped(u64 number, u32 width)
{
    u64 result = 0;
    const struct ssa_insn swap = { .op = SSA_BSWAP, .width = (u8)width };
    known_eval(&swap, number, 0, 0, &result);
    return result;
}

/* x op number == other: x == what op takes there. */
static bool fold_equality_undone(struct fold *f, const struct fold_at *in, u64 other)
{
    u32 w = in->width, op = fold_op(f, in->a), inner_width = fold_width(f, in->a);
    u64 number = 0, target = other & in->mask;
    u32 x = ssa_rows[op].n_args == 1 || ssa_rows[op].n_args == 2 ? fold_arg(f, in->a, 0) : 0;
    if (op == SSA_BSWAP) {
        if (inner_width > w)
            return false;
        if (target & ~known_mask(inner_width))
            return fold_be_number(f, in->op == SSA_NE);
        u32 low = inner_width == 8 ? x : fold_new(f, SSA_ZEXT, inner_width, x, 0);
        return low && fold_compare_with(f, in, low, fold_swapped(target, inner_width));
    }
    if (inner_width != w)
        return false;
    if (op == SSA_NOT)
        return fold_compare_with(f, in, x, ~other);
    if (op == SSA_NEG)
        return fold_compare_with(f, in, x, 0 - other);
    if (op == SSA_SUB && target == 0)
        return fold_become(f, in->op, w, x, fold_arg(f, in->a, 1));
    if (op == SSA_XOR && target == 0 && fold_op(f, fold_arg(f, in->a, 1)) != SSA_CONST)
        return fold_become(f, in->op, w, x, fold_arg(f, in->a, 1));
    if (op == SSA_XOR && fold_number(f, fold_arg(f, in->a, 1), &number))
        return fold_compare_with(f, in, x, other ^ number);
    if (op == SSA_ADD && fold_number(f, fold_arg(f, in->a, 1), &number))
        return fold_compare_with(f, in, x, other - number);
    return false;
}

/* (x & bit) == bit: (x & bit) != 0, whichever is asked. */
static bool fold_bit_test(struct fold *f, const struct fold_at *in, u64 number)
{
    u64 possible = ~fold_known(f, in->a).zeros & in->mask;
    if (number == 0 || (number & in->mask) != possible || (possible & (possible - 1)))
        return false;
    return fold_become_number(f, in->op == SSA_EQ ? SSA_NE : SSA_EQ, in->width, in->a, 0);
}

bool fold_equality(struct fold *f, const struct fold_at *in)
{
    u64 number;
    if (in->a == in->b)
        return fold_be_number(f, in->op == SSA_EQ);
    if (in->width == 8 && fold_fits_4(f, in->a) && fold_fits_4(f, in->b))
        return fold_compare_instead(f, in, 4, in->a, in->b);
    if (fold_low_halves(f, in))
        return true;
    if (fold_compare_shifted(f, in))
        return true;
    if (fold_is(f, in->a, SSA_BSWAP, fold_width(f, in->b)) && fold_op(f, in->b) == SSA_BSWAP &&
        fold_width(f, in->a) <= in->width) {
        u32 w = fold_width(f, in->a), x = fold_arg(f, in->a, 0), y = fold_arg(f, in->b, 0);
        x = w == 8 ? x : fold_new(f, SSA_ZEXT, w, x, 0);
        y = w == 8 ? y : fold_new(f, SSA_ZEXT, w, y, 0);
        return x && y && fold_become(f, in->op, in->width, x, y);
    }
    if (!fold_number(f, in->b, &number))
        return false;
    if (fold_truth_equality(f, in, number & in->mask) || fold_bit_test(f, in, number))
        return true;
    return fold_used_once(f, in->a) && fold_equality_undone(f, in, number);
}

/* ---- order */

static bool fold_is_signed(u32 op) { return op == SSA_SLT || op == SSA_SLE; }

/* a <= b where one is a number: < the next one. */
static bool fold_strict(struct fold *f, const struct fold_at *in)
{
    u64 number, greatest = fold_is_signed(in->op) ? in->mask >> 1 : in->mask;
    u32 strict = in->op == SSA_LE ? SSA_LT : SSA_SLT;
    if (in->op != SSA_LE && in->op != SSA_SLE)
        return false;
    if (fold_number(f, in->b, &number) && (number & in->mask) != greatest &&
        (in->width == 4 || number != INT32_MAX))
        return fold_become_number(f, strict, in->width, in->a, number + 1);
    u64 least = fold_is_signed(in->op) ? in->mask ^ in->mask >> 1 : 0;
    if (!fold_number(f, in->a, &number) || (number & in->mask) == least)
        return false;
    u64 before = (number - 1) & in->mask;
    u32 left = fold_const(f, in->width == 4 ? (u64)(s32)before : before);
    return left && fold_become(f, strict, in->width, left, in->b);
}

/* Both are sign extensions of 4 bytes, or numbers that are. */
static bool fold_is_extended(const struct fold *f, u32 value)
{
    u64 number;
    if (fold_number(f, value, &number))
        return (s64)number == (s32)number;
    return fold_is(f, value, SSA_SEXT, 4) || fold_known(f, value).hi <= INT32_MAX;
}

/* Is the comparison one of a sign only: x < 0, or -1 < x?  Of which value. */
static bool fold_sign_test(const struct fold *f, const struct fold_at *in, u32 *value,
                           bool *negative)
{
    u64 number;
    *value = in->a;
    *negative = true;
    if (fold_number(f, in->b, &number) && (number & in->mask) == 0)
        return true;
    *value = in->b;
    *negative = false;
    return fold_number(f, in->a, &number) && (~number & in->mask) == 0;
}

/* The bit that is the sign of the value; false: its own highest, no other's. */
static bool fold_sign_bit(const struct fold *f, u32 value, u32 width, u32 *from, u32 *bit)
{
    u64 by;
    *bit = 8 * width - 1;
    *from = value;
    for (u32 steps = 0; steps < 3; steps++) {
        if (fold_with_number(f, *from, SSA_SAR, width, &by) && *bit == 8 * width - 1)
            *from = fold_arg(f, *from, 0);
        else if ((fold_with_number(f, *from, SSA_SHL, width, &by) ||
                  fold_with_number(f, *from, SSA_SHL, 8, &by)) &&
                 by <= *bit) {
            *from = fold_arg(f, *from, 0);
            *bit -= (u32)by;
        } else if (fold_op(f, *from) == SSA_SEXT && fold_width(f, *from) < 8 &&
                   *bit >= 8 * fold_width(f, *from) - 1) {
            *bit = 8 * fold_width(f, *from) - 1;
            *from = fold_arg(f, *from, 0);
        } else
            break;
    }
    return *from != value;
}

static bool fold_sign(struct fold *f, const struct fold_at *in)
{
    u32 value, from, bit;
    bool negative;
    if (in->op != SSA_SLT || !fold_sign_test(f, in, &value, &negative) ||
        !fold_sign_bit(f, value, in->width, &from, &bit))
        return false;
    u32 width = bit < 32 ? 4 : 8;
    if (bit == 8 * in->width - 1) {
        u32 number = fold_const(f, negative ? 0 : UINT64_MAX);
        return number && fold_become(f, SSA_SLT, in->width, negative ? from : number,
                                     negative ? number : from);
    }
    u32 masked = fold_new_number(f, SSA_AND, width, from, (u64)1 << bit);
    return masked && fold_become_number(f, negative ? SSA_NE : SSA_EQ, width, masked, 0);
}

static u32 fold_unextended(const struct fold *f, u32 value)
{
    return fold_is(f, value, SSA_SEXT, 4) ? fold_arg(f, value, 0) : value;
}

static bool fold_signed_order(struct fold *f, const struct fold_at *in)
{
    if (!fold_is_signed(in->op))
        return false;
    struct known a = known_low(fold_known(f, in->a), in->width);
    struct known b = known_low(fold_known(f, in->b), in->width);
    if (a.hi <= in->mask >> 1 && b.hi <= in->mask >> 1)
        return fold_become(f, in->op == SSA_SLT ? SSA_LT : SSA_LE, in->width, in->a, in->b);
    if (in->width == 8 && fold_is_extended(f, in->a) && fold_is_extended(f, in->b))
        return fold_compare_instead(f, in, 4, fold_unextended(f, in->a), fold_unextended(f, in->b));
    return false;
}

bool fold_order(struct fold *f, const struct fold_at *in)
{
    u64 number;
    if (in->a == in->b)
        return fold_be_number(f, in->op == SSA_LE || in->op == SSA_SLE);
    if (fold_strict(f, in) || fold_signed_order(f, in) || fold_sign(f, in))
        return true;
    if (in->width == 8 && !fold_is_signed(in->op) && fold_fits_4(f, in->a) && fold_fits_4(f, in->b))
        return fold_compare_instead(f, in, 4, in->a, in->b);
    if (fold_low_halves(f, in))
        return true;
    if (in->op == SSA_LT && fold_number(f, in->b, &number) && (number & in->mask) == 1)
        return fold_become_number(f, SSA_EQ, in->width, in->a, 0);
    if (in->op == SSA_LT && fold_number(f, in->a, &number) && (number & in->mask) == 0)
        return fold_become_number(f, SSA_NE, in->width, in->b, 0);
    return fold_compare_shifted(f, in);
}

/* ---- selection */

/* x == y ? y : x, or x : y, and so on: one of them all the time. */
static bool fold_select_equal(struct fold *f, const struct fold_at *in)
{
    u32 op = fold_op(f, in->a);
    if ((op != SSA_EQ && op != SSA_NE) || fold_width(f, in->a) != 8)
        return false;
    u32 x = fold_arg(f, in->a, 0), y = fold_arg(f, in->a, 1);
    bool both = (x == in->b && y == in->c) || (y == in->b && x == in->c);
    return both && fold_be(f, op == SSA_EQ ? in->c : in->b);
}

static bool fold_select_of(struct fold *f, u32 condition, u32 b, u32 c)
{
    if (!condition || !fold_become(f, SSA_SELECT, 8, condition, b))
        return false;
    f->func->insns[f->at].arg[2] = c;
    f->uses[c]++;
    return true;
}

bool fold_select(struct fold *f, const struct fold_at *in)
{
    u64 number, yes, no;
    struct known a = fold_known(f, in->a);
    if (in->width != 8)
        return false;
    if (in->b == in->c || a.lo > 0 || a.ones)
        return fold_be(f, in->b);
    if (a.hi == 0)
        return fold_be(f, in->c);
    if (fold_select_equal(f, in))
        return true;
    if (fold_with_number(f, in->a, SSA_NE, 8, &number) && number == 0 &&
        fold_is_compare(f, fold_arg(f, in->a, 0)))
        return fold_set_arg(f, 0, fold_arg(f, in->a, 0));
    if (fold_is(f, in->b, SSA_SELECT, 8) && fold_arg(f, in->b, 0) == in->a)
        return fold_select_of(f, in->a, fold_arg(f, in->b, 1), in->c);
    if (fold_is(f, in->c, SSA_SELECT, 8) && fold_arg(f, in->c, 0) == in->a)
        return fold_select_of(f, in->a, in->b, fold_arg(f, in->c, 2));
    if (!fold_is_compare(f, in->a) || !fold_number(f, in->b, &yes) || !fold_number(f, in->c, &no))
        return false;
    if (yes == 1 && no == 0)
        return fold_be(f, in->a);
    if (yes == 0 && no == 1)
        return fold_be(f, fold_inverted(f, in->a));
    return false;
}
