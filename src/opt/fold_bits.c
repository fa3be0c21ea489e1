/* Rules of `fold`: bits, shifts, extensions, byte orders. */
#include "opt/fold.h"

static u64 fold_low_ones(u32 bits) { return bits >= 64 ? UINT64_MAX : ((u64)1 << bits) - 1; }

/* The width of which a mask keeps all bits; 0: none. */
static u32 fold_mask_width(u64 mask)
{
    return mask == 0xff ? 1 : mask == 0xffff ? 2 : mask == UINT32_MAX ? 4 : 0;
}

/* op8 = op4 where nothing above the low half is involved; AND needs one such operand only. */
static bool fold_narrow_bits(struct fold *f, const struct fold_at *in)
{
    u64 a = fold_known(f, in->a).hi, b = fold_known(f, in->b).hi, number;
    u64 most = in->op == SSA_AND ? min_u64(a, b) : max_u64(a, b);
    if (in->width == 4 || most > UINT32_MAX)
        return false;
    return fold_number(f, in->b, &number) ? fold_become_number(f, in->op, 4, in->a, number)
                                          : fold_become(f, in->op, 4, in->a, in->b);
}

/* ---- and, or, exclusive or, not */

static bool fold_and_number(struct fold *f, const struct fold_at *in, u64 number)
{
    struct known a = fold_known(f, in->a);
    u64 inner, kept = number & in->mask, possible = ~a.zeros & in->mask;
    u32 width = fold_mask_width(kept);
    if ((possible & ~kept) == 0)
        return fold_be_low(f, in->a, in->width);
    if (width)
        return fold_become(f, SSA_ZEXT, width, in->a, 0);
    if (fold_peel(f, 0, kept))
        return true;
    for (u32 w = 4; w <= 8; w += 4) {
        if (fold_with_number(f, in->a, SSA_AND, w, &inner))
            return fold_become_number(f, SSA_AND, in->width, fold_arg(f, in->a, 0),
                                      inner & kept & known_mask(w));
        if (fold_with_number(f, in->a, SSA_OR, w, &inner) && (inner & kept & known_mask(w)) == kept)
            return fold_be_number(f, kept);
    }
    return false;
}

bool fold_and(struct fold *f, const struct fold_at *in)
{
    u64 number;
    if (fold_low_halves(f, in))
        return true;
    if (in->a == in->b)
        return fold_be_low(f, in->a, in->width);
    if (fold_number(f, in->b, &number) && fold_and_number(f, in, number))
        return true;
    return fold_narrow_bits(f, in);
}

bool fold_or(struct fold *f, const struct fold_at *in)
{
    u64 number, inner;
    if (fold_low_halves(f, in))
        return true;
    if (in->a == in->b)
        return fold_be_low(f, in->a, in->width);
    if (fold_number(f, in->b, &number)) {
        if ((number & in->mask & ~fold_known(f, in->a).ones) == 0)
            return fold_be_low(f, in->a, in->width);
        if (fold_with_number(f, in->a, SSA_OR, in->width, &inner))
            return fold_become_number(f, SSA_OR, in->width, fold_arg(f, in->a, 0), inner | number);
    }
    return fold_narrow_bits(f, in);
}

/* x ^ y ^ y */
static bool fold_xor_twice(struct fold *f, const struct fold_at *in, u32 x, u32 y)
{
    if (!fold_is(f, x, SSA_XOR, in->width))
        return false;
    if (fold_arg(f, x, 0) == y)
        return fold_be_low(f, fold_arg(f, x, 1), in->width);
    return fold_arg(f, x, 1) == y && fold_be_low(f, fold_arg(f, x, 0), in->width);
}

bool fold_xor(struct fold *f, const struct fold_at *in)
{
    u64 number, inner;
    if (fold_low_halves(f, in))
        return true;
    if (in->a == in->b)
        return fold_be_number(f, 0);
    if (fold_number(f, in->b, &number)) {
        if ((number & in->mask) == 0)
            return fold_be_low(f, in->a, in->width);
        if (number == 1 && fold_is_compare(f, in->a))
            return fold_be(f, fold_inverted(f, in->a));
        if ((~number & in->mask) == 0)
            return fold_become(f, SSA_NOT, in->width, in->a, 0);
        if (fold_with_number(f, in->a, SSA_XOR, in->width, &inner))
            return fold_become_number(f, SSA_XOR, in->width, fold_arg(f, in->a, 0), inner ^ number);
    }
    return fold_xor_twice(f, in, in->a, in->b) || fold_xor_twice(f, in, in->b, in->a) ||
           fold_narrow_bits(f, in);
}

bool fold_not(struct fold *f, const struct fold_at *in)
{
    if (in->width == 4 && fold_peel(f, 0, in->mask))
        return true;
    return fold_is(f, in->a, SSA_NOT, in->width) &&
           fold_be_low(f, fold_arg(f, in->a, 0), in->width);
}

/* ---- shifts */

/* The amount counts modulo the bits of the width: of a variable one the rest does not matter, and
 * a fixed one is in range. */
static bool fold_shift_amount(struct fold *f, const struct fold_at *in)
{
    u64 number, bits = 8 * in->width;
    if (!fold_number(f, in->b, &number))
        return fold_peel(f, 1, bits - 1);
    return number >= bits && fold_become_number(f, in->op, in->width, in->a, number & (bits - 1));
}

/* (x >> out) << back and the like, both of the same width: a mask, and a shift by the difference
 * where there is one. */
static bool fold_shift_back(struct fold *f, const struct fold_at *in, u32 out, u32 by, u64 kept)
{
    u32 x = fold_arg(f, in->a, 0), w = in->width;
    u64 lost = in->op == SSA_SHL ? fold_low_ones(out) : in->mask & ~(in->mask >> out);
    struct known k = known_low(fold_known(f, x), w);
    bool exact = (lost & ~k.zeros) == 0;
    u32 op = out > by ? (u32)(in->op == SSA_SHL ? SSA_SHR : SSA_SHL) : in->op;
    u64 rest = out > by ? out - by : by - out;
    if (exact)
        return rest == 0 ? fold_be_low(f, x, w) : fold_become_number(f, op, w, x, rest);
    if (!fold_used_once(f, in->a) && rest != 0)
        return false;
    if (w == 8 && (u64)(s32)kept != kept && fold_mask_width(kept) == 0)
        return false;
    u32 moved = rest == 0 ? x : fold_new_number(f, op, w, x, rest);
    return moved && fold_become_number(f, SSA_AND, w, moved, kept);
}

bool fold_shl(struct fold *f, const struct fold_at *in)
{
    u64 by, inner;
    u32 w = in->width, bits = 8 * w, base;
    if (fold_shift_amount(f, in))
        return true;
    if (!fold_number(f, in->b, &by))
        return w == 4 && fold_peel(f, 0, in->mask);
    if (by == 0)
        return fold_be_low(f, in->a, w);
    if (fold_peel(f, 0, in->mask >> by))
        return true;
    struct known a = fold_known(f, in->a);
    if (w == 4 && a.hi <= UINT32_MAX >> by)
        return fold_become_number(f, SSA_SHL, 8, in->a, by);
    if (fold_with_number(f, in->a, SSA_SHL, w, &inner))
        return inner + by >= bits
                   ? fold_be_number(f, 0)
                   : fold_become_number(f, SSA_SHL, w, fold_arg(f, in->a, 0), inner + by);
    if (fold_with_number(f, in->a, SSA_MUL, w, &inner))
        return fold_become_number(f, SSA_MUL, w, fold_arg(f, in->a, 0), inner << by);
    if (fold_with_number(f, in->a, SSA_SHR, w, &inner) && inner < bits)
        return fold_shift_back(f, in, (u32)inner, (u32)by, (in->mask >> inner << by) & in->mask);
    if (w == 8 && fold_used_once(f, in->a) && fold_sum(f, in->a, &base, &inner) &&
        (s64)inner == (s32)inner && by < 31 && (s64)(inner << by) == (s32)(inner << by)) {
        u32 shifted = fold_new_number(f, SSA_SHL, 8, base, by);
        return shifted && fold_become_number(f, SSA_ADD, 8, shifted, inner << by);
    }
    return false;
}

bool fold_shr(struct fold *f, const struct fold_at *in)
{
    u64 by, inner;
    u32 w = in->width, bits = 8 * w;
    if (fold_shift_amount(f, in))
        return true;
    if (!fold_number(f, in->b, &by))
        return w == 4 && fold_peel(f, 0, in->mask);
    if (by == 0)
        return fold_be_low(f, in->a, w);
    if (fold_peel(f, 0, in->mask & ~fold_low_ones((u32)by)))
        return true;
    if (fold_with_number(f, in->a, SSA_SHR, w, &inner))
        return inner + by >= bits
                   ? fold_be_number(f, 0)
                   : fold_become_number(f, SSA_SHR, w, fold_arg(f, in->a, 0), inner + by);
    if (fold_with_number(f, in->a, SSA_SHL, w, &inner) && inner < bits)
        return fold_shift_back(f, in, (u32)inner, (u32)by, (in->mask << inner & in->mask) >> by);
    if (w == 8 && by < 32 && fold_known(f, in->a).hi <= UINT32_MAX)
        return fold_become_number(f, SSA_SHR, 4, in->a, by);
    /* The sign of a number that was extended. */
    if (w == 8 && by == 63 && fold_is(f, in->a, SSA_SEXT, 4))
        return fold_become_number(f, SSA_SHR, 4, fold_arg(f, in->a, 0), 31);
    return false;
}

bool fold_sar(struct fold *f, const struct fold_at *in)
{
    u64 by, inner;
    u32 w = in->width, bits = 8 * w;
    if (fold_shift_amount(f, in) || (w == 4 && fold_peel(f, 0, in->mask)))
        return true;
    if (known_low(fold_known(f, in->a), w).hi <= in->mask >> 1)
        return fold_become(f, SSA_SHR, w, in->a, in->b);
    if (!fold_number(f, in->b, &by))
        return false;
    if (by == 0)
        return fold_be_low(f, in->a, w);
    if (fold_with_number(f, in->a, SSA_SAR, w, &inner))
        return fold_become_number(f, SSA_SAR, w, fold_arg(f, in->a, 0),
                                  min_u64(inner + by, bits - 1));
    if (w != 8 || !fold_with_number(f, in->a, SSA_SHL, w, &inner) || inner > by ||
        (inner != 32 && inner != 48 && inner != 56))
        return false;
    u32 width = (u32)(64 - inner) / 8, x = fold_arg(f, in->a, 0);
    if (inner == by)
        return fold_become(f, SSA_SEXT, width, x, 0);
    u32 extended = fold_new(f, SSA_SEXT, width, x, 0);
    return extended && fold_become_number(f, SSA_SAR, 8, extended, by - inner);
}

bool fold_rotl(struct fold *f, const struct fold_at *in)
{
    u64 by;
    if (fold_shift_amount(f, in) || (in->width == 4 && fold_peel(f, 0, in->mask)))
        return true;
    return fold_number(f, in->b, &by) && by == 0 && fold_be_low(f, in->a, in->width);
}

/* ---- bytes */

bool fold_bswap(struct fold *f, const struct fold_at *in)
{
    if (fold_peel(f, 0, in->mask))
        return true;
    return fold_is(f, in->a, SSA_BSWAP, in->width) &&
           fold_be_low(f, fold_arg(f, in->a, 0), in->width);
}

/* What gives its low half from those of its operands, and could do so in 4 bytes. */
static bool fold_is_low_closed(u32 op)
{
    return op == SSA_ADD || op == SSA_SUB || op == SSA_MUL || op == SSA_AND || op == SSA_OR ||
           op == SSA_XOR || op == SSA_NEG || op == SSA_NOT;
}

bool fold_zext(struct fold *f, const struct fold_at *in)
{
    u64 number;
    if (in->width >= 8 || fold_known(f, in->a).hi <= in->mask)
        return fold_be(f, in->a);
    if (fold_peel(f, 0, in->mask))
        return true;
    if (in->width != 4 || fold_width(f, in->a) != 8 || !fold_used_once(f, in->a))
        return false;
    u32 op = fold_op(f, in->a);
    if (op == SSA_SHL && fold_number(f, fold_arg(f, in->a, 1), &number))
        return (number & 63) < 32 ? fold_become_number(f, op, 4, fold_arg(f, in->a, 0), number)
                                  : fold_be_number(f, 0);
    if (!fold_is_low_closed(op))
        return false;
    u32 x = fold_arg(f, in->a, 0), y = ssa_rows[op].n_args == 2 ? fold_arg(f, in->a, 1) : 0;
    return y && fold_number(f, y, &number) ? fold_become_number(f, op, 4, x, number)
                                           : fold_become(f, op, 4, x, y);
}

/* Bytes of which the value is the sign extension already; 8: not known to be. */
static u32 fold_extended_from(const struct fold *f, u32 value)
{
    u32 op = fold_op(f, value), width = fold_width(f, value);
    u64 by;
    if (op == SSA_SEXT || op == SSA_LOADS)
        return width;
    if (fold_with_number(f, value, SSA_SAR, 8, &by) && (by & 63) >= 32)
        return (by & 63) >= 56 ? 1 : (by & 63) >= 48 ? 2 : 4;
    return 8;
}

bool fold_sext(struct fold *f, const struct fold_at *in)
{
    if (in->width >= 8 || fold_known(f, in->a).hi <= in->mask >> 1 ||
        fold_extended_from(f, in->a) <= in->width)
        return fold_be(f, in->a);
    if (fold_peel(f, 0, in->mask))
        return true;
    if (!fold_is(f, in->a, SSA_LOAD, in->width) || !fold_used_once(f, in->a))
        return false;
    /* The load does it: it gives another value, which nobody else sees. */
    f->func->insns[in->a].op = SSA_LOADS;
    f->func->ranges[in->a] = (struct ssa_range){ 0, UINT64_MAX };
    f->bits[in->a] = (struct fold_bits){ 0, 0 };
    return fold_be(f, in->a);
}
