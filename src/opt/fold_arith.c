/* Rules of `fold`: sums, products, quotients.
 *
 * Sums of 4 bytes that cannot overflow are made 8-byte sums, so that addresses see through them;
 * which encoding is shorter the target knows from the bounds. */
#include "opt/fold.h"

static bool fold_fits_s32(u64 x) { return (s64)x == (s32)x; }
static bool fold_power(u64 x, u32 *log)
{
    *log = x ? (u32)__builtin_ctzll(x) : 0;
    return x && (x & (x - 1)) == 0;
}

/* ---- sums */

/* op4 = op8 of the same where neither operands nor result need more than 4 bytes. */
static bool fold_widen(struct fold *f, const struct fold_at *in)
{
    struct known a = fold_known(f, in->a), b = fold_known(f, in->b);
    u64 number;
    if (in->width != 4 || a.hi > UINT32_MAX)
        return false;
    if (in->op == SSA_ADD && fold_number(f, in->b, &number)) {
        u64 add = (u64)(s32)number;
        bool low = a.lo + add <= a.hi + add && a.hi + add <= UINT32_MAX;
        return low && fold_become_number(f, SSA_ADD, 8, in->a, add);
    }
    if (b.hi > UINT32_MAX)
        return false;
    bool low = in->op == SSA_ADD ? a.hi + b.hi <= UINT32_MAX : a.lo >= b.hi;
    return low && fold_become(f, in->op, 8, in->a, in->b);
}

/* x + number */
static bool fold_add_number(struct fold *f, const struct fold_at *in, u64 number)
{
    u32 base, w = in->width;
    u64 inner;
    if ((number & in->mask) == 0)
        return fold_be_low(f, in->a, w);
    if (fold_with_number(f, in->a, SSA_ADD, w, &inner) ||
        (w == 4 && fold_with_number(f, in->a, SSA_ADD, 8, &inner)))
        return !fold_is_step(f, in->a) &&
               fold_become_number(f, SSA_ADD, w, fold_arg(f, in->a, 0), inner + number);
    if (w == 8 && fold_sum(f, in->a, &base, &inner))
        return !fold_is_step(f, in->a) && fold_become_number(f, SSA_ADD, 8, base, inner + number);
    if (fold_is(f, in->a, SSA_NOT, w) && (number & in->mask) == 1)
        return fold_become(f, SSA_NEG, w, fold_arg(f, in->a, 0), 0);
    if (fold_is(f, in->a, SSA_SUB, w) && fold_number(f, fold_arg(f, in->a, 0), &inner)) {
        u32 left = fold_const(f, inner + number);
        return left && fold_become(f, SSA_SUB, w, left, fold_arg(f, in->a, 1));
    }
    return false;
}

/* x + y with a number in one of them: (x + y) + number. */
static bool fold_add_outwards(struct fold *f, const struct fold_at *in, u32 x, u32 y)
{
    u32 base, sum;
    u64 number;
    if (in->width != 8 || !fold_used_once(f, x) || !fold_sum(f, x, &base, &number) ||
        !fold_fits_s32(number))
        return false;
    sum = fold_new(f, SSA_ADD, 8, base, y);
    return sum && fold_become_number(f, SSA_ADD, 8, sum, number);
}

bool fold_add(struct fold *f, const struct fold_at *in)
{
    u64 number;
    u32 w = in->width;
    if (fold_low_halves(f, in) || fold_widen(f, in))
        return true;
    if (fold_number(f, in->b, &number))
        return fold_add_number(f, in, number);
    if (fold_is(f, in->b, SSA_NEG, w))
        return fold_become(f, SSA_SUB, w, in->a, fold_arg(f, in->b, 0));
    if (fold_is(f, in->a, SSA_NEG, w))
        return fold_become(f, SSA_SUB, w, in->b, fold_arg(f, in->a, 0));
    if (fold_is(f, in->a, SSA_SUB, w) && fold_arg(f, in->a, 1) == in->b)
        return fold_be_low(f, fold_arg(f, in->a, 0), w);
    if (fold_is(f, in->b, SSA_SUB, w) && fold_arg(f, in->b, 1) == in->a)
        return fold_be_low(f, fold_arg(f, in->b, 0), w);
    if (in->a == in->b)
        return fold_become_number(f, SSA_SHL, w, in->a, 1);
    return fold_add_outwards(f, in, in->a, in->b) || fold_add_outwards(f, in, in->b, in->a);
}

bool fold_sub(struct fold *f, const struct fold_at *in)
{
    u64 number;
    u32 w = in->width, base;
    if (fold_low_halves(f, in))
        return true;
    if (in->a == in->b)
        return fold_be_number(f, 0);
    if (fold_number(f, in->b, &number))
        return fold_become_number(f, SSA_ADD, w, in->a, 0 - number);
    if (fold_widen(f, in))
        return true;
    if (fold_number(f, in->a, &number) && (number & in->mask) == 0)
        return fold_become(f, SSA_NEG, w, in->b, 0);
    if (fold_number(f, in->a, &number) && (~number & in->mask) == 0)
        return fold_become(f, SSA_NOT, w, in->b, 0);
    if (fold_is(f, in->b, SSA_NEG, w))
        return fold_become(f, SSA_ADD, w, in->a, fold_arg(f, in->b, 0));
    if (fold_is(f, in->a, SSA_ADD, w) && fold_arg(f, in->a, 1) == in->b)
        return fold_be_low(f, fold_arg(f, in->a, 0), w);
    if (fold_is(f, in->a, SSA_ADD, w) && fold_arg(f, in->a, 0) == in->b)
        return fold_be_low(f, fold_arg(f, in->a, 1), w);
    if (w != 8)
        return false;
    if (fold_used_once(f, in->a) && fold_sum(f, in->a, &base, &number)) {
        u32 rest = fold_new(f, SSA_SUB, 8, base, in->b);
        return rest && fold_become_number(f, SSA_ADD, 8, rest, number);
    }
    if (fold_used_once(f, in->b) && fold_sum(f, in->b, &base, &number)) {
        u32 rest = fold_new(f, SSA_SUB, 8, in->a, base);
        return rest && fold_become_number(f, SSA_ADD, 8, rest, 0 - number);
    }
    return false;
}

bool fold_neg(struct fold *f, const struct fold_at *in)
{
    u32 w = in->width;
    if (w == 4 && fold_peel(f, 0, in->mask))
        return true;
    if (fold_is(f, in->a, SSA_NEG, w))
        return fold_be_low(f, fold_arg(f, in->a, 0), w);
    if (fold_is(f, in->a, SSA_SUB, w))
        return fold_become(f, SSA_SUB, w, fold_arg(f, in->a, 1), fold_arg(f, in->a, 0));
    return false;
}

/* ---- products */

bool fold_mul(struct fold *f, const struct fold_at *in)
{
    u64 number, inner;
    u32 w = in->width, log, base;
    if (fold_low_halves(f, in))
        return true;
    if (!fold_number(f, in->b, &number))
        return false;
    if ((number & in->mask) == 0)
        return fold_be_number(f, 0);
    if ((number & in->mask) == 1)
        return fold_be_low(f, in->a, w);
    if ((~number & in->mask) == 0)
        return fold_become(f, SSA_NEG, w, in->a, 0);
    if (fold_power(number & in->mask, &log))
        return fold_become_number(f, SSA_SHL, w, in->a, log);
    if (fold_with_number(f, in->a, SSA_MUL, w, &inner))
        return fold_become_number(f, SSA_MUL, w, fold_arg(f, in->a, 0), inner * number);
    if (fold_with_number(f, in->a, SSA_SHL, w, &inner))
        return fold_become_number(f, SSA_MUL, w, fold_arg(f, in->a, 0),
                                  number << (inner & (8 * w - 1)));
    if (w == 8 && fold_used_once(f, in->a) && fold_sum(f, in->a, &base, &inner) &&
        fold_fits_s32(inner) && fold_fits_s32(number) && fold_fits_s32(inner * number)) {
        u32 product = fold_new_number(f, SSA_MUL, 8, base, number);
        return product && fold_become_number(f, SSA_ADD, 8, product, inner * number);
    }
    return false;
}

bool fold_mulh(struct fold *f, const struct fold_at *in)
{
    u64 number;
    u32 log;
    if (fold_low_halves(f, in))
        return true;
    if (in->op != SSA_MULH || !fold_number(f, in->b, &number))
        return false;
    number &= in->mask;
    if (number <= 1)
        return fold_be_number(f, 0);
    return fold_power(number, &log) &&
           fold_become_number(f, SSA_SHR, in->width, in->a, 8 * in->width - log);
}

/* ---- quotients: the divisor is not 0 */

/* An operation of 8 bytes on numbers of 4; a signed one on numbers without signs. */
static bool fold_simpler_division(struct fold *f, const struct fold_at *in)
{
    bool is_signed = in->op == SSA_SDIV || in->op == SSA_SMOD;
    struct known a = known_low(fold_known(f, in->a), in->width);
    struct known b = known_low(fold_known(f, in->b), in->width);
    u64 number;
    if (is_signed && a.hi <= in->mask >> 1 && b.hi <= in->mask >> 1) {
        u32 op = in->op == SSA_SDIV ? SSA_DIV : SSA_MOD;
        return fold_become(f, op, in->width, in->a, in->b);
    }
    if (is_signed || in->width == 4 || a.hi > UINT32_MAX || b.hi > UINT32_MAX)
        return false;
    return fold_number(f, in->b, &number) ? fold_become_number(f, in->op, 4, in->a, number)
                                          : fold_become(f, in->op, 4, in->a, in->b);
}

static bool fold_divide_by(struct fold *f, const struct fold_at *in, u64 number)
{
    bool is_quotient = in->op == SSA_DIV || in->op == SSA_SDIV;
    u32 log;
    if (number == 1)
        return is_quotient ? fold_be_low(f, in->a, in->width) : fold_be_number(f, 0);
    if (in->op == SSA_SDIV && number == in->mask)
        return fold_become(f, SSA_NEG, in->width, in->a, 0);
    if (in->op == SSA_SMOD && number == in->mask)
        return fold_be_number(f, 0);
    if (!fold_power(number, &log))
        return false;
    if (in->op == SSA_DIV)
        return fold_become_number(f, SSA_SHR, in->width, in->a, log);
    return in->op == SSA_MOD && fold_become_number(f, SSA_AND, in->width, in->a, number - 1);
}

bool fold_divide(struct fold *f, const struct fold_at *in)
{
    u64 number;
    if (fold_low_halves(f, in) || fold_simpler_division(f, in))
        return true;
    bool is_quotient = in->op == SSA_DIV || in->op == SSA_SDIV;
    if (in->a == in->b)
        return fold_be_number(f, is_quotient);
    struct known a = known_low(fold_known(f, in->a), in->width);
    struct known b = known_low(fold_known(f, in->b), in->width);
    if (in->op == SSA_MOD && a.hi < b.lo)
        return fold_be_low(f, in->a, in->width);
    return fold_number(f, in->b, &number) && (number & in->mask) != 0 &&
           fold_divide_by(f, in, number & in->mask);
}
