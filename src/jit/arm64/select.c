/* Instruction selection for arm64: which instructions a value becomes.  Operands are in operand.c,
 * addresses in memory.c, conditions in compare.c. */
#include "jit/arm64/select.h"

/* ---- arithmetic */

/* A product that becomes part of a sum. */
static const struct ssa_insn *a64_foldable_product(const struct select *s, u32 value, u32 width)
{
    return ssa_at(s->ssa, value)->op == SSA_MUL ? a64_foldable(s, value, width) : NULL;
}

static bool a64_extends_from_4(const struct select *s, u32 value, bool is_signed,
                               struct a64_extension *ext)
{
    return a64_extension_of(s, value, ext) && ext->bytes == 4 && ext->is_signed == is_signed;
}

/* ra + product, or ra - product (op: MADD or MSUB); ra MACH_NO_REG: 0.  A product of two extended
 * values takes the instruction that extends them. */
static void a64_do_product(struct select *s, enum a64_op op, u32 rd, const struct ssa_insn *product,
                           u32 ra)
{
    struct a64_extension x, y;
    u32 a = product->arg[0], b = product->arg[1];
    for (u32 is_signed = 0; is_signed < 2 && product->width == 8 && a != b; is_signed++) {
        if (!a64_extends_from_4(s, a, is_signed, &x) || !a64_extends_from_4(s, b, is_signed, &y))
            continue;
        select_fold(s, a);
        select_fold(s, b);
        op = is_signed ? (op == A64_MADD ? A64_SMADDL : A64_SMSUBL)
                       : (op == A64_MADD ? A64_UMADDL : A64_UMSUBL);
        a64_do_ternary(s, op, 4, rd, select_reg(s, x.from), select_reg(s, y.from), ra);
        return;
    }
    a64_do_ternary(s, op, product->width, rd, select_reg(s, a), select_reg(s, b), ra);
}

static bool a64_select_fused(struct select *s, enum a64_op op, u32 rd, u32 a, u32 b)
{
    const struct ssa_insn *product = a64_foldable_product(s, b, a64_insn(s)->width);
    if (!product)
        return false;
    select_fold(s, b);
    a64_do_product(s, op, rd, product, select_reg(s, a));
    return true;
}

static void a64_select_add(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 a = insn->arg[0], b = insn->arg[1], rd = a64_result(s);
    if (ssa_is_const(s->ssa, a) ||
        (a64_is_flexible(s, a, insn->width) && !a64_is_flexible(s, b, insn->width) &&
         !ssa_is_const(s->ssa, b)))
        a = insn->arg[1], b = insn->arg[0];
    if (!a64_select_fused(s, A64_MADD, rd, a, b) && !a64_select_fused(s, A64_MADD, rd, b, a))
        a64_do_arith(s, &a64_arith_add, insn->width, rd, a, b);
}

static void a64_select_sub(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 rd = a64_result(s);
    if (!a64_select_fused(s, A64_MSUB, rd, insn->arg[0], insn->arg[1]))
        a64_do_arith(s, &a64_arith_sub, insn->width, rd, insn->arg[0], insn->arg[1]);
}

static void a64_select_mul(struct select *s)
{
    a64_do_product(s, A64_MADD, a64_result(s), a64_insn(s), MACH_NO_REG);
}

/* Of 4 bytes: the high half of the whole product. */
static void a64_select_mulh(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    bool is_signed = insn->op == SSA_SMULH;
    u32 rd = a64_result(s), a = select_reg(s, insn->arg[0]), b = select_reg(s, insn->arg[1]);
    if (insn->width == 8) {
        a64_do_binary(s, is_signed ? A64_SMULH : A64_UMULH, 8, rd, a, b);
        return;
    }
    u32 product = select_new_reg(s);
    a64_do_ternary(s, is_signed ? A64_SMADDL : A64_UMADDL, 4, product, a, b, MACH_NO_REG);
    a64_do_extract(s, A64_UBFM, 8, rd, product, 32, 32);
}

static void a64_select_div(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    bool is_signed = insn->op == SSA_SDIV || insn->op == SSA_SMOD;
    bool remainder = insn->op == SSA_MOD || insn->op == SSA_SMOD;
    u32 rd = a64_result(s), a = select_reg(s, insn->arg[0]), b = select_reg(s, insn->arg[1]);
    u32 quotient = remainder ? select_new_reg(s) : rd;
    a64_do_binary(s, is_signed ? A64_SDIV : A64_UDIV, insn->width, quotient, a, b);
    if (remainder)
        a64_do_ternary(s, A64_MSUB, insn->width, rd, quotient, b, a);
}

static void a64_select_neg(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    a64_do_shifted(s, A64_SUB, insn->width, a64_result(s), MACH_NO_REG,
                   select_reg(s, insn->arg[0]));
}

static void a64_select_not(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    a64_do_shifted(s, A64_ORN, insn->width, a64_result(s), MACH_NO_REG,
                   select_reg(s, insn->arg[0]));
}

/* ---- logic and bits */

/* The low bits of a value; those of one that was shifted right are in the middle of another. */
static void a64_do_low_bits(struct select *s, enum a64_op op, u32 rd, u32 value, u32 bits)
{
    u64 by;
    u32 width = ssa_at(s->ssa, value)->width;
    const struct ssa_insn *shr = a64_foldable_by(s, value, width, SSA_SHR, &by);
    bool fits = shr && (op == A64_UBFM || (by & (8 * width - 1)) + bits <= 8 * width);
    if (!fits) {
        a64_do_extract(s, op, op == A64_SBFM ? 8 : 4, rd, select_reg(s, value), 0, bits);
        return;
    }
    u32 lsb = (u32)by & (8 * width - 1);
    select_fold(s, value);
    a64_do_extract(s, op, op == A64_SBFM ? 8 : width, rd, select_reg(s, shr->arg[0]), lsb,
                   min_u32(bits, 8 * width - lsb));
}

static bool a64_is_inverted(const struct select *s, u32 value)
{
    return ssa_at(s->ssa, value)->op == SSA_NOT;
}

static bool a64_is_shift(const struct select *s, u32 value)
{
    u32 op = ssa_at(s->ssa, value)->op;
    return op == SSA_SHL || op == SSA_SHR || op == SSA_SAR || op == SSA_ROTL;
}

static void a64_select_logic(struct select *s)
{
    static const struct {
        u8 op, imm, inverted;
    } ops[SSA_OP_COUNT] = {
        [SSA_AND] = { A64_AND, A64_AND_IMM, A64_BIC },
        [SSA_OR] = { A64_ORR, A64_ORR_IMM, A64_ORN },
        [SSA_XOR] = { A64_EOR, A64_EOR_IMM, A64_EON },
    };
    const struct ssa_insn *insn = a64_insn(s);
    u32 a = insn->arg[0], b = insn->arg[1], bits;
    u64 mask;
    if (ssa_is_const(s->ssa, a) ||
        (!ssa_is_const(s->ssa, b) && !a64_is_inverted(s, b) && !a64_is_shift(s, b) &&
         (a64_is_inverted(s, a) || a64_is_shift(s, a))))
        a = insn->arg[1], b = insn->arg[0];
    if (insn->op == SSA_AND && a64_constant_value(s, b, insn->width, &mask) &&
        a64_low_mask(mask, insn->width, &bits) &&
        a64_foldable_by(s, a, ssa_at(s->ssa, a)->width, SSA_SHR, &mask)) {
        a64_do_low_bits(s, A64_UBFM, a64_result(s), a, bits);
        return;
    }
    a64_do_logic(s, ops[insn->op].op, ops[insn->op].imm, ops[insn->op].inverted, insn->width,
                 a64_result(s), a, b);
}

static void a64_select_zext(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 value = insn->arg[0];
    if (insn->width == 4 && !a64_is_shift(s, value)) {
        a64_do_shifted(s, A64_ORR, 4, a64_result(s), MACH_NO_REG, select_reg(s, value));
        return;
    }
    a64_do_low_bits(s, A64_UBFM, a64_result(s), value, 8u * insn->width);
}

static void a64_select_sext(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s), *from = ssa_at(s->ssa, insn->arg[0]);
    u32 rd = a64_result(s);
    if (from->op == SSA_LOAD && a64_foldable(s, insn->arg[0], insn->width)) {
        select_fold(s, insn->arg[0]);
        a64_do_load(s, from, rd, true);
        return;
    }
    a64_do_low_bits(s, A64_SBFM, rd, insn->arg[0], 8u * insn->width);
}

static void a64_select_bswap(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 rd = a64_result(s), from = select_reg(s, insn->arg[0]);
    u32 swapped = insn->width == 2 ? select_new_reg(s) : rd;
    a64_do_unary(s, A64_REV, insn->width == 8 ? 8 : 4, swapped, from);
    if (insn->width == 2)
        a64_do_extract(s, A64_UBFM, 4, rd, swapped, 16, 16);
}

/* ---- shifts */

/* A shift to the left and back: bits that move to another place. */
static bool a64_select_back_and_forth(struct select *s, enum a64_op op, u32 rd, u32 by)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 bits = 8u * insn->width;
    u64 up;
    const struct ssa_insn *shl = a64_foldable_by(s, insn->arg[0], insn->width, SSA_SHL, &up);
    if (!shl)
        return false;
    up &= bits - 1;
    select_fold(s, insn->arg[0]);
    u32 from = select_reg(s, shl->arg[0]);
    if (by >= up)
        a64_do_extract(s, op, insn->width, rd, from, by - (u32)up, bits - by);
    else
        a64_do_insert(s, op, insn->width, rd, from, (u32)up - by, bits - (u32)up);
    return true;
}

static void a64_select_shift_right(struct select *s, u32 rd, u32 by)
{
    const struct ssa_insn *insn = a64_insn(s);
    enum a64_op op = insn->op == SSA_SAR ? A64_SBFM : A64_UBFM;
    u32 bits = 8u * insn->width;
    struct a64_extension ext;
    if (a64_select_back_and_forth(s, op, rd, by))
        return;
    if (insn->width == 8 && a64_extension_of(s, insn->arg[0], &ext) && by < 8u * ext.bytes &&
        ext.is_signed == (insn->op == SSA_SAR)) {
        select_fold(s, insn->arg[0]);
        a64_do_extract(s, op, 8, rd, select_reg(s, ext.from), by, 8u * ext.bytes - by);
        return;
    }
    a64_do_extract(s, op, insn->width, rd, select_reg(s, insn->arg[0]), by, bits - by);
}

static void a64_select_shift_left(struct select *s, u32 rd, u32 by)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 value = insn->arg[0], bits = 8u * insn->width - by;
    struct a64_extension ext;
    enum a64_op op = A64_UBFM;
    if (a64_extension_of(s, value, &ext)) {
        select_fold(s, value);
        value = ext.from;
        op = ext.is_signed ? A64_SBFM : A64_UBFM;
        bits = min_u32(bits, 8u * ext.bytes);
    }
    a64_do_insert(s, op, insn->width, rd, select_reg(s, value), by, bits);
}

static void a64_do_rotate(struct select *s, u32 rd, u32 from, u32 right)
{
    struct mach_insn insn = mach_new(A64_DO_EXTRACT, A64_EXTR, a64_insn(s)->width);
    mach_give(&insn, A64_RD, rd, MACH_DEF);
    mach_give(&insn, A64_RN, from, MACH_USE);
    mach_give(&insn, A64_RM, from, MACH_USE);
    insn.imm = right;
    select_emit(s, insn);
}

static void a64_select_shift_by_constant(struct select *s, u32 rd, u32 by)
{
    const struct ssa_insn *insn = a64_insn(s);
    if (insn->op == SSA_SHL)
        a64_select_shift_left(s, rd, by);
    else if (insn->op == SSA_ROTL)
        a64_do_rotate(s, rd, select_reg(s, insn->arg[0]), -by & (8u * insn->width - 1));
    else
        a64_select_shift_right(s, rd, by);
}

static void a64_select_shift(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    u32 rd = a64_result(s);
    u64 by;
    if (a64_constant_value(s, insn->arg[1], insn->width, &by)) {
        a64_select_shift_by_constant(s, rd, (u32)by & (8u * insn->width - 1));
        return;
    }
    u32 a = select_reg(s, insn->arg[0]), b = select_reg(s, insn->arg[1]);
    if (insn->op == SSA_ROTL) { /* there is only the rotation to the right */
        u32 right = select_new_reg(s);
        a64_do_shifted(s, A64_SUB, 4, right, MACH_NO_REG, b);
        b = right;
    }
    enum a64_op op = insn->op == SSA_SHL   ? A64_LSLV
                     : insn->op == SSA_SHR ? A64_LSRV
                     : insn->op == SSA_SAR ? A64_ASRV
                                           : A64_RORV;
    a64_do_binary(s, op, insn->width, rd, a, b);
}

/* ---- conditions as values */

static void a64_do_select(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm,
                          enum a64_cond cond)
{
    struct mach_insn insn = mach_new(A64_DO_SELECT, op, width);
    mach_give(&insn, A64_RD, rd, MACH_DEF);
    mach_give(&insn, A64_RN, rn, MACH_USE);
    mach_give(&insn, A64_RM, rm, MACH_USE);
    insn.cond = cond & 15u;
    select_emit(s, insn);
}

static void a64_select_comparison(struct select *s)
{
    u32 rd = a64_result(s);
    enum a64_cond cond = a64_compare(s, a64_insn(s));
    a64_do_select(s, A64_CSINC, 4, rd, MACH_NO_REG, MACH_NO_REG, a64_cond_not(cond));
}

/* What the second operand of a select may become: x + 1, ~x, -x, and so 1 and -1. */
static enum a64_op a64_second_choice(struct select *s, u32 value, u32 *reg)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 imm;
    bool is_const = a64_constant_value(s, value, 8, &imm);
    *reg = MACH_NO_REG;
    if (is_const && imm <= 1)
        return imm ? A64_CSINC : A64_CSEL;
    if (is_const && imm == UINT64_MAX)
        return A64_CSINV;
    bool plus_1 = insn->op == SSA_ADD && a64_constant_value(s, insn->arg[1], 8, &imm) && imm == 1;
    if ((plus_1 || insn->op == SSA_NOT || insn->op == SSA_NEG) && a64_foldable(s, value, 8)) {
        select_fold(s, value);
        *reg = select_reg(s, insn->arg[0]);
        return plus_1 ? A64_CSINC : insn->op == SSA_NOT ? A64_CSINV : A64_CSNEG;
    }
    *reg = select_reg(s, value);
    return A64_CSEL;
}

static bool a64_is_second_choice(const struct select *s, u32 value)
{
    u64 imm;
    u32 op = ssa_at(s->ssa, value)->op;
    return (a64_constant_value(s, value, 8, &imm) && (imm == 1 || imm == UINT64_MAX)) ||
           ((op == SSA_NOT || op == SSA_NEG) && a64_foldable(s, value, 8));
}

static u32 a64_first_choice(struct select *s, u32 value)
{
    u64 imm;
    return a64_constant_value(s, value, 8, &imm) && imm == 0 ? MACH_NO_REG : select_reg(s, value);
}

static void a64_select_select(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    bool swap = a64_is_second_choice(s, insn->arg[1]) && !a64_is_second_choice(s, insn->arg[2]);
    u32 rd = a64_result(s), first = a64_first_choice(s, insn->arg[swap ? 2 : 1]), second;
    enum a64_op op = a64_second_choice(s, insn->arg[swap ? 1 : 2], &second);
    enum a64_cond cond = a64_condition(s, insn->arg[0]);
    a64_do_select(s, op, 8, rd, first, second, swap ? a64_cond_not(cond) : cond);
}

/* ---- calls */

static void a64_do_call(struct select *s, enum a64_shape shape, u32 reads)
{
    struct mach_insn call = mach_new(shape, 0, 8);
    mach_give(&call, A64_RD, A64_RESULT, MACH_DEF);
    call.reads = reads;
    call.imm = (s64)a64_insn(s)->imm;
    call.flags = MACH_CALL | MACH_FLAGS;
    s->out->calls = true;
    select_emit(s, call);
    if (s->reg_of[s->at])
        select_copy(s, s->reg_of[s->at], A64_RESULT);
}

static void a64_do_on_thread(struct select *s, enum a64_shape shape, u32 thread, u64 imm)
{
    struct mach_insn insn = mach_new(shape, 0, 8);
    mach_give(&insn, A64_RN, thread, MACH_USE);
    insn.imm = (s64)imm;
    if (shape == A64_DO_CHECK_STOP)
        s->out->stops = true;
    select_emit(s, insn);
}

/* Of helpers: the thread, then what there is of r1 to r5. */
static void a64_select_call(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    const u32 *args = ssa_args(s->ssa, insn);
    bool stops = insn->op == SSA_CALL, fuel = stops && s->metered;
    u32 reads = 1u << A64_THREAD, thread = select_reg(s, args[0]);
    if (fuel)
        a64_do_on_thread(s, A64_DO_SAVE_FUEL, thread, 0);
    for (u32 i = 1; i < insn->n_args; i++) {
        select_move(s, A64_PARAM + i - 1, args[i]);
        reads |= 1u << (A64_PARAM + i - 1);
    }
    select_copy(s, A64_THREAD, thread);
    a64_do_call(s, A64_DO_CALL_HOST, reads);
    if (fuel)
        a64_do_on_thread(s, A64_DO_LOAD_FUEL, thread, 0);
    if (stops)
        a64_do_on_thread(s, A64_DO_CHECK_STOP, thread, 0);
}

/* Of the program's own functions: the thread, the frame, what the callee reads of r1 to r5.  Where
 * they stop, they do not come back. */
static void a64_select_call_local(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    const u32 *args = ssa_args(s->ssa, insn);
    u32 reads = 1u << A64_THREAD;
    for (u32 i = 1; i < insn->n_args; i++) {
        u32 to = i == 1 ? A64_FRAME : A64_PARAM + i - 2;
        select_move(s, to, args[i]);
        reads |= 1u << to;
    }
    select_move(s, A64_THREAD, args[0]);
    a64_do_call(s, A64_DO_CALL_FUNC, reads);
}

static void a64_select_charge(struct select *s)
{
    const struct ssa_insn *insn = a64_insn(s);
    struct mach_insn charge = mach_new(A64_DO_CHARGE, insn->flags & SSA_PAID, 8);
    if (!(insn->flags & SSA_UNPOLLED))
        mach_give(&charge, A64_RN, select_thread(s), MACH_USE);
    charge.imm = (s64)insn->imm;
    charge.flags = MACH_FLAGS;
    s->out->stops = true;
    select_emit(s, charge);
}

static void a64_select_fuel(struct select *s)
{
    struct mach_insn read = mach_new(A64_DO_READ_FUEL, 0, 8);
    mach_give(&read, A64_RD, s->reg_of[s->at], MACH_DEF);
    if (s->reg_of[s->at])
        select_emit(s, read);
}

/* ---- the table */

static void (*const a64_selectors[SSA_OP_COUNT])(struct select *s) = {
    [SSA_ADD] = a64_select_add,
    [SSA_SUB] = a64_select_sub,
    [SSA_MUL] = a64_select_mul,
    [SSA_MULH] = a64_select_mulh,
    [SSA_SMULH] = a64_select_mulh,
    [SSA_DIV] = a64_select_div,
    [SSA_SDIV] = a64_select_div,
    [SSA_MOD] = a64_select_div,
    [SSA_SMOD] = a64_select_div,
    [SSA_AND] = a64_select_logic,
    [SSA_OR] = a64_select_logic,
    [SSA_XOR] = a64_select_logic,
    [SSA_SHL] = a64_select_shift,
    [SSA_SHR] = a64_select_shift,
    [SSA_SAR] = a64_select_shift,
    [SSA_ROTL] = a64_select_shift,
    [SSA_NEG] = a64_select_neg,
    [SSA_NOT] = a64_select_not,
    [SSA_BSWAP] = a64_select_bswap,
    [SSA_ZEXT] = a64_select_zext,
    [SSA_SEXT] = a64_select_sext,
    [SSA_EQ] = a64_select_comparison,
    [SSA_NE] = a64_select_comparison,
    [SSA_LT] = a64_select_comparison,
    [SSA_LE] = a64_select_comparison,
    [SSA_SLT] = a64_select_comparison,
    [SSA_SLE] = a64_select_comparison,
    [SSA_SELECT] = a64_select_select,
    [SSA_LOAD] = a64_select_load,
    [SSA_LOADS] = a64_select_load,
    [SSA_STORE] = a64_select_store,
    [SSA_LOAD_ACQUIRE] = a64_select_load_acquire,
    [SSA_STORE_RELEASE] = a64_select_store_release,
    [SSA_ATOMIC_ADD] = a64_select_atomic,
    [SSA_ATOMIC_OR] = a64_select_atomic,
    [SSA_ATOMIC_AND] = a64_select_atomic,
    [SSA_ATOMIC_XOR] = a64_select_atomic,
    [SSA_FETCH_ADD] = a64_select_fetch,
    [SSA_FETCH_OR] = a64_select_fetch,
    [SSA_FETCH_AND] = a64_select_fetch,
    [SSA_FETCH_XOR] = a64_select_fetch,
    [SSA_XCHG] = a64_select_fetch,
    [SSA_CMPXCHG] = a64_select_cmpxchg,
    [SSA_CALL] = a64_select_call,
    [SSA_CALL_QUIET] = a64_select_call,
    [SSA_CALL_PURE] = a64_select_call,
    [SSA_CALL_LOCAL] = a64_select_call_local,
    [SSA_CHARGE] = a64_select_charge,
    [SSA_FUEL] = a64_select_fuel,
};

void a64_select(struct select *s)
{
    assert(a64_selectors[a64_insn(s)->op]);
    a64_selectors[a64_insn(s)->op](s);
}

void a64_select_const(struct select *s, u32 to, u64 imm)
{
    struct mach_insn insn = mach_new(A64_DO_CONST, A64_MOVZ, 8);
    mach_give(&insn, A64_RD, to, MACH_DEF);
    insn.imm = (s64)imm;
    insn.flags = MACH_REMAT;
    select_emit(s, insn);
}

void a64_select_entry(struct select *s)
{
    if (s->thread)
        select_copy(s, s->thread, A64_THREAD);
    for (u32 i = 0; i < SELECT_PARAMS; i++)
        if (s->param[i])
            select_copy(s, s->param[i], A64_PARAM + i);
    if (s->frame)
        select_copy(s, s->frame, A64_FRAME);
}
