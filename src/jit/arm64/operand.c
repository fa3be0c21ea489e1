/* Operands of arm64's instructions: which values become part of an instruction as an immediate, a
 * shifted or an extended register, and the making of instructions over virtual registers. */
#include "jit/arm64/select.h"

/* ---- making instructions */

static bool a64_sets_flags(u32 op)
{
    switch (op) {
    case A64_ADDS:
    case A64_SUBS:
    case A64_ANDS:
    case A64_BICS:
    case A64_ADDS_EXT:
    case A64_SUBS_EXT:
    case A64_ADDS_IMM:
    case A64_SUBS_IMM:
    case A64_ANDS_IMM: return true;
    default: return false;
    }
}

static struct mach_insn a64_new_def(enum a64_shape shape, enum a64_op op, u32 width, u32 rd, u32 rn)
{
    struct mach_insn insn = mach_new(shape, op, width);
    mach_give(&insn, A64_RD, rd, MACH_DEF);
    mach_give(&insn, A64_RN, rn, MACH_USE);
    if (a64_sets_flags(op))
        insn.flags = MACH_FLAGS;
    return insn;
}

void a64_do_unary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn)
{
    select_emit(s, a64_new_def(A64_DO_UNARY, op, width, rd, rn));
}

static void a64_do_three(struct select *s, enum a64_shape shape, enum a64_op op, u32 width, u32 rd,
                         u32 rn, u32 rm)
{
    struct mach_insn insn = a64_new_def(shape, op, width, rd, rn);
    mach_give(&insn, A64_RM, rm, MACH_USE);
    select_emit(s, insn);
}

void a64_do_binary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm)
{
    a64_do_three(s, A64_DO_BINARY, op, width, rd, rn, rm);
}

void a64_do_shifted(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm)
{
    a64_do_three(s, A64_DO_SHIFTED, op, width, rd, rn, rm);
}

void a64_do_ternary(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 rm, u32 ra)
{
    struct mach_insn insn = a64_new_def(A64_DO_TERNARY, op, width, rd, rn);
    mach_give(&insn, A64_RM, rm, MACH_USE);
    mach_give(&insn, A64_RA, ra, MACH_USE);
    select_emit(s, insn);
}

void a64_do_imm(struct select *s, enum a64_shape shape, enum a64_op op, u32 width, u32 rd, u32 rn,
                u64 imm)
{
    struct mach_insn insn = a64_new_def(shape, op, width, rd, rn);
    insn.imm = (s64)imm;
    select_emit(s, insn);
}

static void a64_do_bitfield(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 immr,
                            u32 imms)
{
    struct mach_insn insn = a64_new_def(A64_DO_BITFIELD, op, width, rd, rn);
    insn.imm = immr;
    insn.disp = (s32)imms;
    select_emit(s, insn);
}

void a64_do_extract(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 lsb, u32 bits)
{
    a64_do_bitfield(s, op, width, rd, rn, lsb, lsb + bits - 1);
}

void a64_do_insert(struct select *s, enum a64_op op, u32 width, u32 rd, u32 rn, u32 lsb, u32 bits)
{
    a64_do_bitfield(s, op, width, rd, rn, -lsb & (8 * width - 1), bits - 1);
}

u32 a64_result(struct select *s)
{
    u32 reg = s->reg_of[s->at];
    return reg ? reg : select_new_reg(s);
}

/* ---- what values are */

static u64 a64_cut(u64 imm, u32 width) { return width == 8 ? imm : (u32)imm; }

bool a64_constant_value(const struct select *s, u32 value, u32 width, u64 *imm)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    *imm = a64_cut(insn->imm, width);
    return insn->op == SSA_CONST && !(insn->flags & SSA_BLIND);
}

const struct ssa_insn *a64_foldable(const struct select *s, u32 value, u32 width)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    return insn->width == width && select_can_fold(s, value) ? insn : NULL;
}

const struct ssa_insn *a64_foldable_by(const struct select *s, u32 value, u32 width, enum ssa_op op,
                                       u64 *by)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (insn->op != op || !a64_constant_value(s, insn->arg[1], width, by))
        return NULL;
    return a64_foldable(s, value, width);
}

bool a64_low_mask(u64 imm, u32 width, u32 *bits)
{
    imm = a64_cut(imm, width);
    if (imm == 0 || imm == a64_cut(UINT64_MAX, width) || (imm & (imm + 1)))
        return false;
    *bits = (u32)__builtin_popcountll(imm);
    return true;
}

bool a64_extension_of(const struct select *s, u32 value, struct a64_extension *ext)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u32 bits = 8u * insn->width;
    u64 mask;
    if (insn->op == SSA_AND) {
        if (!a64_constant_value(s, insn->arg[1], insn->width, &mask) ||
            !a64_low_mask(mask, insn->width, &bits) || (bits != 8 && bits != 16 && bits != 32))
            return false;
    } else if (insn->op != SSA_ZEXT && insn->op != SSA_SEXT) {
        return false;
    }
    *ext = (struct a64_extension){ .from = insn->arg[0],
                                   .bytes = (u8)(bits / 8),
                                   .is_signed = insn->op == SSA_SEXT };
    return select_can_fold(s, value);
}

/* ---- arithmetic */

const struct a64_arith a64_arith_add = { A64_ADD, A64_ADD_EXT, A64_ADD_IMM, A64_SUB_IMM };
const struct a64_arith a64_arith_sub = { A64_SUB, A64_SUB_EXT, A64_SUB_IMM, A64_ADD_IMM };
const struct a64_arith a64_arith_compare = { A64_SUBS, A64_SUBS_EXT, A64_SUBS_IMM, A64_ADDS_IMM };

bool a64_arith_fits(u64 imm, u32 width)
{
    return a64_fits_imm12(a64_cut(imm, width)) || a64_fits_imm12(a64_cut(-imm, width));
}

static enum a64_extend a64_extend_by(const struct a64_extension *ext)
{
    enum a64_extend extend = ext->bytes == 1 ? A64_UXTB : ext->bytes == 2 ? A64_UXTH : A64_UXTW;
    return ext->is_signed ? extend | A64_SXTB : extend;
}

/* The extension that b is, perhaps shifted by up to 4: where the operand comes from, and what has
 * been folded. */
static bool a64_extended_operand(const struct select *s, u32 b, u32 width,
                                 struct a64_extension *ext, u32 *amount, u32 *inner)
{
    u64 by = 0;
    const struct ssa_insn *shl = a64_foldable_by(s, b, width, SSA_SHL, &by);
    bool shifted = shl && by <= 4 && a64_extension_of(s, shl->arg[0], ext);
    *inner = shifted ? shl->arg[0] : 0;
    *amount = shifted ? (u32)by : 0;
    return shifted || a64_extension_of(s, b, ext);
}

/* The shift by a constant that b is. */
static const struct ssa_insn *a64_shifted_operand(const struct select *s, u32 b, u32 width,
                                                  bool rotates, enum a64_shift *shift, u32 *amount)
{
    static const u8 shifts[SSA_OP_COUNT] = {
        [SSA_SHL] = A64_LSL + 1,
        [SSA_SHR] = A64_LSR + 1,
        [SSA_SAR] = A64_ASR + 1,
        [SSA_ROTL] = A64_ROR + 1,
    };
    enum ssa_op op = (enum ssa_op)ssa_at(s->ssa, b)->op;
    u64 by;
    if (!shifts[op] || (op == SSA_ROTL && !rotates))
        return NULL;
    const struct ssa_insn *insn = a64_foldable_by(s, b, width, op, &by);
    *shift = (enum a64_shift)(shifts[op] - 1);
    if (insn)
        *amount = (u32)(op == SSA_ROTL ? -by : by) & (8 * width - 1);
    return insn;
}

bool a64_is_flexible(const struct select *s, u32 b, u32 width)
{
    struct a64_extension ext;
    enum a64_shift shift;
    u32 amount, inner;
    return a64_extended_operand(s, b, width, &ext, &amount, &inner) ||
           a64_shifted_operand(s, b, width, false, &shift, &amount);
}

static struct mach_insn a64_arith_extended(struct select *s, const struct a64_arith *arith,
                                           u32 width, const struct a64_extension *ext, u32 amount)
{
    /* The low half is all that an operation of 4 bytes looks at. */
    bool whole = width == 4 && ext->bytes == 4;
    struct mach_insn insn = mach_new(whole ? A64_DO_SHIFTED : A64_DO_EXTENDED,
                                     whole ? arith->op : arith->extended, width);
    insn.scale = (whole ? (u32)A64_LSL : (u32)a64_extend_by(ext)) & 7u;
    insn.imm = amount;
    mach_give(&insn, A64_RM, select_reg(s, ext->from), MACH_USE);
    return insn;
}

static struct mach_insn a64_arith_operand(struct select *s, const struct a64_arith *arith,
                                          u32 width, u32 b)
{
    struct a64_extension ext;
    enum a64_shift shift = A64_LSL;
    u32 amount = 0, inner;
    if (a64_extended_operand(s, b, width, &ext, &amount, &inner)) {
        select_fold(s, b);
        if (inner)
            select_fold(s, inner);
        return a64_arith_extended(s, arith, width, &ext, amount);
    }
    const struct ssa_insn *shifted = a64_shifted_operand(s, b, width, false, &shift, &amount);
    if (shifted)
        select_fold(s, b);
    struct mach_insn insn = mach_new(A64_DO_SHIFTED, arith->op, width);
    insn.scale = (shifted ? shift : A64_LSL) & 7u;
    insn.imm = shifted ? amount : 0;
    mach_give(&insn, A64_RM, select_reg(s, shifted ? shifted->arg[0] : b), MACH_USE);
    return insn;
}

void a64_do_arith(struct select *s, const struct a64_arith *arith, u32 width, u32 rd, u32 a, u32 b)
{
    u64 imm;
    if (a64_constant_value(s, b, width, &imm) && a64_arith_fits(imm, width)) {
        bool direct = a64_fits_imm12(imm);
        a64_do_imm(s, A64_DO_IMM12, direct ? arith->imm : arith->negated, width, rd,
                   select_reg(s, a), direct ? imm : a64_cut(-imm, width));
        return;
    }
    struct mach_insn insn = a64_arith_operand(s, arith, width, b);
    mach_give(&insn, A64_RD, rd, MACH_DEF);
    mach_give(&insn, A64_RN, select_reg(s, a), MACH_USE);
    if (a64_sets_flags(insn.extra))
        insn.flags = MACH_FLAGS;
    select_emit(s, insn);
}

/* ---- logic */

static bool a64_logic_imm_of(const struct select *s, enum a64_op imm_op, u32 *width, u32 b,
                             u64 *imm)
{
    if (!a64_constant_value(s, b, *width, imm))
        return false;
    /* What is zero above, AND makes zero above. */
    if ((imm_op == A64_AND_IMM || imm_op == A64_ANDS_IMM) && *imm >> 32 == 0)
        *width = 4;
    return a64_fits_logic(*imm, *width == 8);
}

void a64_do_logic(struct select *s, enum a64_op op, enum a64_op imm_op, enum a64_op inverted,
                  u32 width, u32 rd, u32 a, u32 b)
{
    u64 imm;
    u32 imm_width = width, amount = 0;
    enum a64_shift shift = A64_LSL;
    if (a64_logic_imm_of(s, imm_op, &imm_width, b, &imm)) {
        a64_do_imm(s, A64_DO_LOGIC_IMM, imm_op, imm_width, rd, select_reg(s, a), imm);
        return;
    }
    const struct ssa_insn *inner =
        ssa_at(s->ssa, b)->op == SSA_NOT ? a64_foldable(s, b, width) : NULL;
    if (inner) {
        select_fold(s, b);
        b = inner->arg[0];
        op = inverted;
    }
    const struct ssa_insn *shifted = a64_shifted_operand(s, b, width, true, &shift, &amount);
    if (shifted)
        select_fold(s, b);
    struct mach_insn insn = a64_new_def(A64_DO_SHIFTED, op, width, rd, select_reg(s, a));
    insn.scale = (shifted ? shift : A64_LSL) & 7u;
    insn.imm = shifted ? amount : 0;
    mach_give(&insn, A64_RM, select_reg(s, shifted ? shifted->arg[0] : b), MACH_USE);
    select_emit(s, insn);
}
