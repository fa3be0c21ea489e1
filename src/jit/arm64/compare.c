/* Comparisons of arm64: flags, and what ends blocks: conditions, tests of a register for zero,
 * tests of one bit. */
#include "jit/arm64/select.h"

/* ---- flags */

/* The condition of a comparison a op b after a - b, and after b - a. */
static const struct a64_condition_row {
    u8 straight, swapped;
    bool is_comparison;
} a64_conditions[SSA_OP_COUNT] = {
    [SSA_EQ] = { A64_EQ, A64_EQ, true },  [SSA_NE] = { A64_NE, A64_NE, true },
    [SSA_LT] = { A64_LO, A64_HI, true },  [SSA_LE] = { A64_LS, A64_HS, true },
    [SSA_SLT] = { A64_LT, A64_GT, true }, [SSA_SLE] = { A64_LE, A64_GE, true },
};

bool a64_is_comparison(const struct ssa_insn *insn)
{
    return a64_conditions[insn->op].is_comparison;
}

static bool a64_is_zero(const struct select *s, u32 value, u32 width)
{
    u64 imm;
    return a64_constant_value(s, value, width, &imm) && imm == 0;
}

/* An AND of which only matters whether it is 0; one of 4 bytes is zero above. */
static const struct ssa_insn *a64_foldable_and(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    return insn->op == SSA_AND && select_can_fold(s, value) ? insn : NULL;
}

static void a64_do_test(struct select *s, const struct ssa_insn *masked)
{
    bool swap = ssa_is_const(s->ssa, masked->arg[0]);
    a64_do_logic(s, A64_ANDS, A64_ANDS_IMM, A64_BICS, masked->width, MACH_NO_REG, masked->arg[swap],
                 masked->arg[!swap]);
}

/* x < c is x <= c - 1, x <= c is x < c + 1: the other one may have a constant that fits. */
static bool a64_neighbour_fits(u32 op, u64 imm, u32 width, u32 *other, u64 *neighbour)
{
    u64 highest = width == 8 ? UINT64_MAX : UINT32_MAX, sign = (highest >> 1) + 1;
    switch (op) {
    case SSA_LT: *other = SSA_LE, *neighbour = imm - 1; break;
    case SSA_LE: *other = SSA_LT, *neighbour = imm + 1; break;
    case SSA_SLT: *other = SSA_SLE, *neighbour = imm - 1; break;
    case SSA_SLE: *other = SSA_SLT, *neighbour = imm + 1; break;
    default: return false;
    }
    bool up = op == SSA_LE || op == SSA_SLE, is_signed = op == SSA_SLT || op == SSA_SLE;
    u64 last = is_signed ? (up ? sign - 1 : sign) : up ? highest : 0;
    return imm != last && a64_arith_fits(*neighbour, width);
}

static enum a64_cond a64_compare_neighbour(struct select *s, u32 width, u32 a, u32 other,
                                           u64 neighbour)
{
    bool direct = a64_fits_imm12(width == 8 ? neighbour : (u32)neighbour);
    u64 imm = direct ? neighbour : -neighbour;
    a64_do_imm(s, A64_DO_IMM12, direct ? A64_SUBS_IMM : A64_ADDS_IMM, width, MACH_NO_REG,
               select_reg(s, a), width == 8 ? imm : (u32)imm);
    return (enum a64_cond)a64_conditions[other].straight;
}

enum a64_cond a64_compare(struct select *s, const struct ssa_insn *insn)
{
    const struct a64_condition_row *row = &a64_conditions[insn->op];
    u32 a = insn->arg[0], b = insn->arg[1], width = insn->width, other;
    bool equality = insn->op == SSA_EQ || insn->op == SSA_NE;
    u64 imm, neighbour;
    const struct ssa_insn *masked =
        equality && a64_is_zero(s, b, width) ? a64_foldable_and(s, a) : NULL;
    if (masked && masked->width <= width) {
        select_fold(s, a);
        a64_do_test(s, masked);
        return (enum a64_cond)row->straight;
    }
    if (a64_constant_value(s, b, width, &imm) && !a64_arith_fits(imm, width) &&
        a64_neighbour_fits(insn->op, imm, width, &other, &neighbour))
        return a64_compare_neighbour(s, width, a, other, neighbour);
    bool swap =
        ssa_is_const(s->ssa, a) ||
        (a64_is_flexible(s, a, width) && !a64_is_flexible(s, b, width) && !ssa_is_const(s->ssa, b));
    a64_do_arith(s, &a64_arith_compare, width, MACH_NO_REG, swap ? b : a, swap ? a : b);
    return (enum a64_cond)(swap ? row->swapped : row->straight);
}

enum a64_cond a64_condition(struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (a64_is_comparison(insn) && select_can_fold(s, value)) {
        select_fold(s, value);
        return a64_compare(s, insn);
    }
    if (a64_foldable_and(s, value)) {
        select_fold(s, value);
        a64_do_test(s, insn);
    } else {
        a64_do_imm(s, A64_DO_IMM12, A64_SUBS_IMM, 8, MACH_NO_REG, select_reg(s, value), 0);
    }
    return A64_NE;
}

/* ---- what ends a block */

static void a64_exit_on_reg(struct select *s, struct mach_exit *exit, enum a64_test test, u32 width,
                            u32 value, u32 bit)
{
    exit->test = (u8)test;
    exit->size = (u8)width;
    exit->bit = (u8)bit;
    exit->operand = mach_operand(select_reg(s, value), MACH_USE);
}

/* To the first successor when the value is 0, or when it is not. */
static void a64_exit_on_zero(struct select *s, struct mach_exit *exit, u32 value, u32 width,
                             bool when_zero)
{
    const struct ssa_insn *masked = a64_foldable_and(s, value);
    u64 mask;
    if (!masked || masked->width > width) {
        a64_exit_on_reg(s, exit, when_zero ? A64_TEST_ZERO : A64_TEST_NOT_ZERO, width, value, 0);
        return;
    }
    select_fold(s, value);
    if (a64_constant_value(s, masked->arg[1], masked->width, &mask) && mask &&
        !(mask & (mask - 1))) {
        a64_exit_on_reg(s, exit, when_zero ? A64_TEST_BIT_CLEAR : A64_TEST_BIT_SET, masked->width,
                        masked->arg[0], (u32)__builtin_ctzll(mask));
        return;
    }
    a64_do_test(s, masked);
    exit->test = (u8)((u32)A64_TEST_COND + (when_zero ? A64_EQ : A64_NE));
}

/* Comparisons that are tests of the sign: whose, and which way. */
static bool a64_is_sign_test(const struct select *s, const struct ssa_insn *insn, u32 *value,
                             bool *negative)
{
    u64 imm, ones = insn->width == 8 ? UINT64_MAX : UINT32_MAX;
    if (insn->op != SSA_SLT && insn->op != SSA_SLE)
        return false;
    bool less = insn->op == SSA_SLT;
    if (a64_constant_value(s, insn->arg[1], insn->width, &imm)) {
        *value = insn->arg[0], *negative = true; /* x < 0, x <= -1 */
        return imm == (less ? 0 : ones);
    }
    *value = insn->arg[1], *negative = false; /* -1 < x, 0 <= x */
    return a64_constant_value(s, insn->arg[0], insn->width, &imm) && imm == (less ? ones : 0);
}

static void a64_exit_on_comparison(struct select *s, struct mach_exit *exit,
                                   const struct ssa_insn *insn)
{
    u32 value;
    bool negative;
    bool equality = insn->op == SSA_EQ || insn->op == SSA_NE;
    if (equality && a64_is_zero(s, insn->arg[1], insn->width))
        a64_exit_on_zero(s, exit, insn->arg[0], insn->width, insn->op == SSA_EQ);
    else if (a64_is_sign_test(s, insn, &value, &negative))
        a64_exit_on_reg(s, exit, negative ? A64_TEST_BIT_SET : A64_TEST_BIT_CLEAR, insn->width,
                        value, 8u * insn->width - 1);
    else
        exit->test = (u8)((u32)A64_TEST_COND + a64_compare(s, insn));
}

static void a64_select_branch(struct select *s, struct mach_exit *exit)
{
    u32 value = a64_insn(s)->arg[0];
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (a64_is_comparison(insn) && select_can_fold(s, value)) {
        select_fold(s, value);
        a64_exit_on_comparison(s, exit, insn);
    } else {
        a64_exit_on_zero(s, exit, value, 8, false);
    }
}

void a64_select_end(struct select *s, struct mach_exit *exit)
{
    const struct ssa_insn *insn = a64_insn(s);
    if (insn->op == SSA_BRANCH) {
        a64_select_branch(s, exit);
    } else if (insn->op == SSA_RETURN) {
        select_move(s, A64_RESULT, insn->arg[0]);
        exit->operand = mach_operand(A64_RESULT, MACH_USE);
    }
}
