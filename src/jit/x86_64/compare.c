/* Conditions: comparisons as flags, with memory and immediates as operands where that is possible.
 *
 * Of loads narrower than the comparison the upper part is 0, so they are compared in memory at
 * their own width: with constants that fit it, and as unsigned, which both sides then are. */
#include "jit/x86_64/select.h"

static const struct {
    u8 is_comparison;
    u8 cc, swapped; /* a op b; the same of b op a */
    u8 zero;        /* of a op 0, by `test a, a` */
    u8 narrow;      /* both are known not to be negative */
} x86_comparisons[SSA_OP_COUNT] = {
    [SSA_EQ] = { 1, X86_E, X86_E, X86_E, X86_E },
    [SSA_NE] = { 1, X86_NE, X86_NE, X86_NE, X86_NE },
    [SSA_LT] = { 1, X86_B, X86_A, X86_B, X86_B },
    [SSA_LE] = { 1, X86_BE, X86_AE, X86_BE, X86_BE },
    [SSA_SLT] = { 1, X86_L, X86_G, X86_S, X86_B },
    [SSA_SLE] = { 1, X86_LE, X86_GE, X86_LE, X86_BE },
};

bool x86_is_comparison(const struct ssa_insn *insn)
{
    return x86_comparisons[insn->op].is_comparison;
}

/* b op a, where a op b is asked for: of a swapped comparison with a constant. */
static u8 x86_swapped_zero(u16 op)
{
    return op == SSA_SLT ? X86_G : op == SSA_SLE ? X86_NS : x86_comparisons[op].swapped;
}

/* ---- with 0 */

static bool x86_is_power_of_two(u64 x) { return x && (x & (x - 1)) == 0; }

static u32 x86_bit_number(u64 power_of_two)
{
    u32 n = 0;
    while (power_of_two >>= 1)
        n++;
    return n;
}

/* bt: the bit becomes the carry. */
static void x86_do_bit_test(struct select *s, u32 size, u32 reg, u32 bit)
{
    struct mach_insn insn = mach_new(X86_DO_RM_IMM, X86_BT, size);
    mach_give(&insn, X86_BASE, reg, MACH_USE);
    insn.imm = (s64)bit;
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

/* x & (1 << n), n modulo the width */
static bool x86_test_variable_bit(struct select *s, const struct ssa_insn *and)
{
    for (u32 i = 0; i < 2; i++) {
        const struct ssa_insn *bit = ssa_at(s->ssa, and->arg[i]);
        u64 one;
        if (bit->op != SSA_SHL || bit->width != and->width || !x86_constant(s, bit->arg[0], &one) ||
            one != 1 || !select_can_fold(s, and->arg[i]))
            continue;
        select_fold(s, and->arg[i]);
        x86_do_test(s, X86_BT, and->width, select_reg(s, and->arg[1 - i]),
                    x86_place_of_reg(select_reg(s, bit->arg[1])));
        return true;
    }
    return false;
}

/* Flags of x & y; true: in the carry, of a single bit that no immediate reaches. */
static bool x86_test_and(struct select *s, const struct ssa_insn *and)
{
    u32 size = and->width;
    u64 mask;
    s32 imm;
    if (x86_test_variable_bit(s, and))
        return true;
    if (!x86_constant(s, and->arg[1], &mask)) {
        struct x86_place b = x86_operand(s, and->arg[1], size);
        x86_do_test(s, X86_TEST, size, select_reg(s, and->arg[0]), b);
        return false;
    }
    if (mask <= UINT32_MAX)
        size = 4;
    if (x86_immediate(s, and->arg[1], size, &imm)) {
        if (mask <= 255 && x86_can_be_memory(s, and->arg[0], 1))
            size = 1;
        x86_do_test_imm(s, X86_TEST, size, x86_operand(s, and->arg[0], size), imm);
        return false;
    }
    if (x86_is_power_of_two(mask)) {
        x86_do_bit_test(s, size, select_reg(s, and->arg[0]), x86_bit_number(mask));
        return true;
    }
    x86_do_test(s, X86_TEST, size, select_reg(s, and->arg[0]),
                x86_place_of_reg(select_reg(s, and->arg[1])));
    return false;
}

/* Flags of `value` compared with 0; returns cc, or its counterpart in the carry. */
static enum x86_cc x86_test_zero(struct select *s, u32 value, u32 size, enum x86_cc cc)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    bool equality = cc == X86_E || cc == X86_NE;
    if (insn->op == SSA_AND && (insn->width == size || (equality && insn->width < size)) &&
        select_can_fold(s, value) && equality) {
        select_fold(s, value);
        if (x86_test_and(s, insn))
            return cc == X86_E ? X86_AE : X86_B;
        return cc;
    }
    if (insn->op == SSA_LOAD && (insn->width == size || (equality && insn->width < size)) &&
        select_can_fold(s, value)) {
        u32 width = insn->width;
        x86_do_test_imm(s, X86_CMP, width, x86_operand(s, value, width), 0);
        return cc;
    }
    u32 reg = select_reg(s, value);
    x86_do_test(s, X86_TEST, size, reg, x86_place_of_reg(reg))->cond = cc & 15u;
    return cc;
}

/* ---- with constants and registers */

static bool x86_fits_load(const struct select *s, u32 value, u32 size, u64 imm)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    bool short_imm = insn->width != 2 || imm <= 127; /* 16-bit immediates stall decoders */
    return insn->op == SSA_LOAD && insn->width < size && short_imm && select_can_fold(s, value) &&
           imm <= ((u64)1 << 8 * insn->width) - 1;
}

static enum x86_cc x86_compare_imm(struct select *s, const struct ssa_insn *insn, u32 value,
                                   u64 number, s32 imm, bool swapped)
{
    u8 op = (u8)insn->op;
    u32 size = insn->width;
    bool is_unsigned = op != SSA_SLT && op != SSA_SLE;
    if (is_unsigned && number <= UINT32_MAX && s->ssa->ranges[value].hi <= UINT32_MAX)
        size = 4; /* saves prefixes */
    if (size == 4)
        number = (u32)number;
    if (number == 0)
        return x86_test_zero(s, value, size,
                             swapped ? x86_swapped_zero(op) : x86_comparisons[op].zero);
    u8 cc = swapped ? x86_comparisons[op].swapped : x86_comparisons[op].cc;
    if (x86_fits_load(s, value, size, number)) {
        u32 width = ssa_at(s->ssa, value)->width;
        u8 narrow = x86_comparisons[op].narrow;
        /* of unsigned conditions, b op a has its bit 0 and its direction the other way */
        if (swapped)
            narrow = narrow == X86_B ? X86_A : narrow == X86_BE ? X86_AE : narrow;
        x86_do_test_imm(s, X86_CMP, width, x86_operand(s, value, width), imm);
        return narrow;
    }
    x86_do_test_imm(s, X86_CMP, size, x86_operand(s, value, size), imm);
    return cc;
}

enum x86_cc x86_compare(struct select *s, const struct ssa_insn *insn)
{
    u32 a = insn->arg[0], b = insn->arg[1], size = insn->width;
    u64 number = 0;
    s32 imm;
    if (x86_immediate(s, b, size, &imm) && x86_constant(s, b, &number))
        return x86_compare_imm(s, insn, a, number, imm, false);
    if (x86_immediate(s, a, size, &imm) && x86_constant(s, a, &number))
        return x86_compare_imm(s, insn, b, number, imm, true);
    if (!x86_can_be_memory(s, b, size) && x86_can_be_memory(s, a, size)) {
        struct x86_place place = x86_operand(s, a, size);
        x86_do_test(s, X86_CMP, size, select_reg(s, b), place);
        return x86_comparisons[insn->op].swapped;
    }
    struct x86_place place = x86_operand(s, b, size);
    x86_do_test(s, X86_CMP, size, select_reg(s, a), place);
    return x86_comparisons[insn->op].cc;
}

enum x86_cc x86_condition(struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (x86_is_comparison(insn) && select_can_fold(s, value)) {
        select_fold(s, value);
        return x86_compare(s, insn);
    }
    u32 size = s->ssa->ranges[value].hi <= UINT32_MAX ? 4 : 8;
    return x86_test_zero(s, value, size, X86_NE);
}
