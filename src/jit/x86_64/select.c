/* Instruction selection for x86-64: one function for each kind of SSA operation.  What becomes part
 * of an instruction is operand.c's business, what becomes flags compare.c's. */
#include "jit/x86_64/select.h"

static const struct ssa_insn *x86_insn(const struct select *s) { return ssa_at(s->ssa, s->at); }

static bool x86_is_small(const struct select *s, u32 value)
{
    return s->ssa->ranges[value].hi <= UINT32_MAX;
}

/* The size to compute in, where the low half of the result comes from the low halves of the
 * operands: 4 bytes when the upper half is known to be 0.  Saves prefixes. */
static u32 x86_size(const struct select *s)
{
    return x86_is_small(s, s->at) ? 4 : x86_insn(s)->width;
}

/* reg = r/m, of moves, extensions and what counts bits */
static void x86_do_def(struct select *s, enum x86_op op, u32 size, u32 reg, struct x86_place place)
{
    x86_do(s, op, size, reg, MACH_DEF, place);
}

/* op reg, reg with a register that the instruction demands, read or changed. */
static void x86_do_with(struct select *s, enum x86_op op, u32 size, struct x86_place place,
                        enum mach_role place_role, u32 with, enum mach_role with_role)
{
    struct mach_insn insn = mach_new(X86_DO_RM, op, size);
    x86_give_place(&insn, place, place_role);
    mach_give(&insn, X86_OTHER, with, with_role);
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

/* ---- sums and logic */

static const u8 x86_alu_ops[SSA_OP_COUNT] = {
    [SSA_ADD] = X86_ADD, [SSA_SUB] = X86_SUB, [SSA_AND] = X86_AND,
    [SSA_OR] = X86_OR,   [SSA_XOR] = X86_XOR, [SSA_MUL] = X86_IMUL,
};

static void x86_select_two_address(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 a = insn->arg[0], b = insn->arg[1], size = x86_size(s);
    u32 result = x86_result(s);
    enum x86_op op = (enum x86_op)x86_alu_ops[insn->op];
    s32 imm;
    if (op != X86_IMUL && x86_immediate(s, b, size, &imm)) {
        select_move(s, result, a);
        x86_do_imm(s, op, size, result, imm);
        return;
    }
    if (ssa_has(insn, SSA_COMMUTES) && !x86_can_be_memory(s, b, size) &&
        (x86_can_be_memory(s, a, size) || select_prefers(s, b, a))) {
        u32 other = a;
        a = b;
        b = other;
    }
    if (a == b) {
        u32 reg = select_reg(s, a);
        select_copy(s, result, reg);
        x86_do(s, op, size, result, MACH_CHANGE, x86_place_of_reg(reg));
        return;
    }
    struct x86_place place = x86_operand(s, b, size);
    select_move(s, result, a);
    x86_do(s, op, size, result, MACH_CHANGE, place);
}

/* Adding 1 and 128 is shorter otherwise. */
static bool x86_add_small(struct select *s, const struct ssa_insn *insn, u32 size)
{
    s32 imm;
    if (!x86_immediate(s, insn->arg[1], size, &imm) || !select_dies(s, insn->arg[0]))
        return false;
    u32 result = x86_result(s);
    select_move(s, result, insn->arg[0]);
    if (imm == 1 || imm == -1)
        x86_do_one(s, imm == 1 ? X86_INC : X86_DEC, size, result);
    else if (imm == 128)
        x86_do_imm(s, X86_SUB, size, result, -128);
    else
        x86_do_imm(s, X86_ADD, size, result, imm);
    return true;
}

static bool x86_is_sum_or_scaled(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 by;
    bool scaled = insn->op == SSA_SHL && x86_constant(s, insn->arg[1], &by) && by >= 1 && by <= 3;
    return (scaled || insn->op == SSA_ADD) && select_can_fold(s, value);
}

/* sum + (sum < x), where sum is a + x for nobody else: add and adc. */
static bool x86_add_with_carry(struct select *s, u32 sum, const struct ssa_insn *less, u32 result)
{
    const struct ssa_insn *add = ssa_at(s->ssa, sum);
    if (add->op != SSA_ADD || add->width != less->width || less->arg[0] != sum ||
        add->block != s->block || s->uses[sum] != 2 || s->reg_of[sum] || s->folded[sum])
        return false;
    u32 x = less->arg[1];
    if (x != add->arg[0] && x != add->arg[1])
        return false;
    select_move(s, result, add->arg[x == add->arg[0]]);
    x86_do(s, X86_ADD, add->width, result, MACH_CHANGE, x86_place_of_reg(select_reg(s, x)));
    return true;
}

/* A comparison of registers below leaves its result in the carry, which adc adds. */
static bool x86_add_carry(struct select *s, const struct ssa_insn *insn)
{
    for (u32 i = 0; i < 2; i++) {
        const struct ssa_insn *less = ssa_at(s->ssa, insn->arg[i]);
        u32 to = insn->arg[1 - i];
        u64 number;
        if (less->op != SSA_LT || !select_can_fold(s, insn->arg[i]) ||
            ssa_at(s->ssa, less->arg[0])->op == SSA_LOAD ||
            x86_constant(s, less->arg[0], &number) || x86_constant(s, less->arg[1], &number))
            continue;
        u32 result = x86_result(s);
        select_fold(s, insn->arg[i]);
        if (!x86_add_with_carry(s, to, less, result)) {
            u32 reg = select_reg(s, to);
            x86_compare(s, less);
            select_copy(s, result, reg);
        }
        x86_do_imm(s, X86_ADC, insn->width, result, 0);
        return true;
    }
    return false;
}

static void x86_select_add(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 a = insn->arg[0], b = insn->arg[1], size = x86_size(s);
    s32 imm;
    bool by_constant = x86_immediate(s, b, size, &imm);
    bool complex = x86_is_sum_or_scaled(s, a) || (!by_constant && x86_is_sum_or_scaled(s, b));
    bool load = x86_can_be_memory(s, a, size) || x86_can_be_memory(s, b, size);
    bool in_place = by_constant ? select_dies(s, a) : select_dies(s, a) || select_dies(s, b);
    if (x86_add_carry(s, insn) || (!complex && x86_add_small(s, insn, size)))
        return;
    if (!complex && (in_place || load || (!by_constant && ssa_is_const(s->ssa, b)))) {
        x86_select_two_address(s);
        return;
    }
    u32 result = x86_result(s);
    struct x86_place sum = x86_sum(s, insn, size);
    x86_do_def(s, X86_LEA, size, result, sum);
}

static void x86_select_sub(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 size = x86_size(s);
    s32 imm;
    if (!x86_immediate(s, insn->arg[1], size, &imm) || imm == INT32_MIN) {
        x86_select_two_address(s);
        return;
    }
    u32 result = x86_result(s);
    if (select_dies(s, insn->arg[0])) {
        select_move(s, result, insn->arg[0]);
        x86_do_imm(s, imm == 128 ? X86_ADD : X86_SUB, size, result, imm == 128 ? -128 : imm);
        return;
    }
    struct x86_place place = {
        .memory = true, .base = select_reg(s, insn->arg[0]), .index = MACH_NO_REG, .disp = -imm
    };
    x86_do_def(s, X86_LEA, size, result, place);
}

static bool x86_extend(struct select *s, enum x86_op op, u32 size, u32 value, u32 from)
{
    struct x86_place place = x86_operand(s, value, from);
    x86_do_def(s, op, size, x86_result(s), place);
    return true;
}

/* Masks that are extensions. */
static bool x86_and_extends(struct select *s, const struct ssa_insn *insn, u64 mask)
{
    if (insn->width == 4)
        mask = (u32)mask;
    if (mask == UINT8_MAX)
        return x86_extend(s, X86_MOVZX8, 4, insn->arg[0], 1);
    if (mask == UINT16_MAX)
        return x86_extend(s, X86_MOVZX16, 4, insn->arg[0], 2);
    if (mask == UINT32_MAX)
        return x86_extend(s, X86_MOV, 4, insn->arg[0], 4);
    return false;
}

/* x & ~y */
static bool x86_and_not(struct select *s, const struct ssa_insn *insn)
{
    for (u32 i = 0; i < 2 && s->features & X86_HAS_BMI1; i++) {
        const struct ssa_insn *not = ssa_at(s->ssa, insn->arg[i]);
        u64 ones;
        bool is_not =
            not ->op == SSA_NOT ||
            (not ->op == SSA_XOR && x86_constant(s, not ->arg[1], &ones) && ones == UINT64_MAX);
        if (!is_not || not ->width < insn->width || !select_can_fold(s, insn->arg[i]))
            continue;
        select_fold(s, insn->arg[i]);
        struct mach_insn andn = mach_new(X86_DO_VEX, X86_ANDN, insn->width);
        mach_give(&andn, X86_REG, x86_result(s), MACH_DEF);
        x86_give_place(&andn, x86_operand(s, insn->arg[1 - i], insn->width), MACH_USE);
        mach_give(&andn, X86_OTHER, select_reg(s, not ->arg[0]), MACH_USE);
        andn.flags |= MACH_FLAGS;
        select_emit(s, andn);
        return true;
    }
    return false;
}

static void x86_select_and(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u64 mask;
    if (!x86_constant(s, insn->arg[1], &mask)) {
        if (!x86_and_not(s, insn))
            x86_select_two_address(s);
        return;
    }
    if (x86_and_extends(s, insn, mask))
        return;
    if (mask > UINT32_MAX || insn->width == 4) {
        x86_select_two_address(s);
        return;
    }
    u32 result = x86_result(s);
    select_move(s, result, insn->arg[0]);
    x86_do_imm(s, X86_AND, 4, result, (s32)(u32)mask);
}

static void x86_select_unary(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 result = x86_result(s);
    select_move(s, result, insn->arg[0]);
    x86_do_one(s, insn->op == SSA_NEG ? X86_NEG : X86_NOT, x86_size(s), result);
}

static void x86_select_xor(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u64 ones;
    bool not = x86_constant(s, insn->arg[1], &ones) &&
               (insn->width == 4 ? (u32)ones == UINT32_MAX : ones == UINT64_MAX);
    if (not )
        x86_select_unary(s);
    else
        x86_select_two_address(s);
}

/* ---- products */

static void x86_select_mul(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 size = x86_size(s);
    s32 imm;
    if (!x86_immediate(s, insn->arg[1], size, &imm)) {
        x86_select_two_address(s);
        return;
    }
    u32 result = x86_result(s);
    if (imm == 3 || imm == 5 || imm == 9) {
        u32 reg = select_reg(s, insn->arg[0]);
        struct x86_place place = { .memory = true,
                                   .base = reg,
                                   .index = reg,
                                   .scale = imm == 3   ? 1
                                            : imm == 5 ? 2
                                                       : 3 };
        x86_do_def(s, X86_LEA, size, result, place);
        return;
    }
    struct mach_insn mul = mach_new(X86_DO_IMUL_IMM, X86_IMUL_IMM, size);
    mach_give(&mul, X86_REG, result, MACH_DEF);
    x86_give_place(&mul, x86_operand(s, insn->arg[0], size), MACH_USE);
    mul.imm = imm;
    mul.flags |= MACH_FLAGS;
    select_emit(s, mul);
}

/* The high half: by mulx, which takes one operand in rdx and leaves flags alone, or in rdx:rax. */
static void x86_select_mulh(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 size = insn->width, result = x86_result(s);
    bool mulx = insn->op == SSA_MULH && s->features & X86_HAS_BMI2;
    struct x86_place b = x86_operand(s, insn->arg[1], size);
    if (mulx) {
        select_move(s, X86_RDX, insn->arg[0]);
        struct mach_insn mul = mach_new(X86_DO_MULX, X86_MULX, size);
        mach_give(&mul, X86_REG, result, MACH_DEF);
        x86_give_place(&mul, b, MACH_USE);
        mach_give(&mul, X86_OTHER, X86_RDX, MACH_USE);
        select_emit(s, mul);
        return;
    }
    select_move(s, X86_RAX, insn->arg[0]);
    struct mach_insn mul =
        mach_new(X86_DO_RM, insn->op == SSA_MULH ? X86_MUL : X86_IMUL_WIDE, size);
    x86_give_place(&mul, b, MACH_USE);
    mach_give(&mul, X86_OTHER, X86_RAX, MACH_CHANGE);
    mach_give(&mul, X86_MORE, X86_RDX, MACH_DEF);
    mul.flags |= MACH_FLAGS;
    select_emit(s, mul);
    select_copy(s, result, X86_RDX);
}

static void x86_do_zero(struct select *s, u32 reg)
{
    struct mach_insn insn = mach_new(X86_DO_MOV_IMM, X86_MOV, 8);
    mach_give(&insn, X86_REG, reg, MACH_DEF);
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

static void x86_do_plain(struct select *s, enum x86_plain_op op)
{
    struct mach_insn insn = mach_new(X86_DO_PLAIN, op, 8);
    mach_give(&insn, X86_OTHER, X86_RAX, MACH_USE);
    mach_give(&insn, X86_MORE, X86_RDX, MACH_DEF);
    select_emit(s, insn);
}

enum { X86_DIV_WINDOW = 24 };

static u16 x86_div_counterpart(u16 op)
{
    return op == SSA_DIV ? SSA_MOD : op == SSA_MOD ? SSA_DIV : op == SSA_SDIV ? SSA_SMOD : SSA_SDIV;
}

/* The other result of the same division, near by in the block; 0: none. */
static u32 x86_div_partner(const struct select *s, const struct ssa_insn *insn, bool before)
{
    u32 v = s->at;
    for (u32 i = 0; i < X86_DIV_WINDOW && v; i++) {
        const struct ssa_insn *other = ssa_at(s->ssa, v);
        if (other->op == x86_div_counterpart(insn->op) && other->width == insn->width &&
            other->arg[0] == insn->arg[0] && other->arg[1] == insn->arg[1])
            return v;
        v = before ? other->prev : other->next;
    }
    return 0;
}

/* Quotient in rax, remainder in rdx; of two operations the first gives both.  Divisions of 64 bits
 * of what is small take half the time. */
static void x86_select_div(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    bool is_signed = insn->op == SSA_SDIV || insn->op == SSA_SMOD;
    bool remainder = insn->op == SSA_MOD || insn->op == SSA_SMOD;
    u32 a = insn->arg[0], b = insn->arg[1], size = insn->width, result = x86_result(s);
    u32 earlier = x86_div_partner(s, insn, true), later = x86_div_partner(s, insn, false);
    if (earlier) {
        select_reg(s, earlier);
        return;
    }
    if (!is_signed && x86_is_small(s, a) && x86_is_small(s, b))
        size = 4;
    struct x86_place place = x86_operand(s, b, size);
    select_move(s, X86_RAX, a);
    if (is_signed)
        x86_do_plain(s, size == 8 ? X86_CQO : X86_CDQ);
    else
        x86_do_zero(s, X86_RDX);
    struct mach_insn div = mach_new(X86_DO_RM, is_signed ? X86_IDIV : X86_DIV, size);
    x86_give_place(&div, place, MACH_USE);
    mach_give(&div, X86_OTHER, X86_RAX, MACH_CHANGE);
    mach_give(&div, X86_MORE, X86_RDX, MACH_CHANGE);
    div.flags |= MACH_FLAGS;
    select_emit(s, div);
    select_copy(s, result, remainder ? X86_RDX : X86_RAX);
    if (later && s->reg_of[later])
        select_copy(s, s->reg_of[later], remainder ? X86_RAX : X86_RDX);
}

/* ---- shifts */

/* A count masked to what shifts mask by themselves. */
static u32 x86_shift_count(struct select *s, u32 value, u32 size)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 mask;
    u32 bits = size * 8 - 1;
    if (insn->op != SSA_AND || !x86_constant(s, insn->arg[1], &mask) || (mask & bits) != bits ||
        !select_can_fold(s, value))
        return value;
    select_fold(s, value);
    return insn->arg[0];
}

static const struct {
    u8 legacy, bmi2; /* bmi2 0: none */
} x86_shift_ops[SSA_OP_COUNT] = {
    [SSA_SHL] = { X86_SHL, X86_SHLX },
    [SSA_SHR] = { X86_SHR, X86_SHRX },
    [SSA_SAR] = { X86_SAR, X86_SARX },
    [SSA_ROTL] = { X86_ROL, 0 },
};

static enum x86_op x86_sign_op(u32 width)
{
    return width == 1 ? X86_MOVSX8 : width == 2 ? X86_MOVSX16 : X86_MOVSXD;
}

/* Up and down again: the low 1, 2 or 4 bytes with their sign. */
static bool x86_shift_extends(struct select *s, const struct ssa_insn *insn, u32 amount)
{
    const struct ssa_insn *up = ssa_at(s->ssa, insn->arg[0]);
    u32 low = insn->width - amount / 8;
    u64 by;
    if (insn->op != SSA_SAR || up->op != SSA_SHL || up->width != insn->width || amount % 8 ||
        (low != 1 && low != 2 && low != 4) || low == insn->width ||
        !x86_constant(s, up->arg[1], &by) || by != amount || !select_can_fold(s, insn->arg[0]))
        return false;
    select_fold(s, insn->arg[0]);
    x86_do_def(s, x86_sign_op(low), insn->width, x86_result(s), x86_operand(s, up->arg[0], low));
    return true;
}

static void x86_shift_by_constant(struct select *s, const struct ssa_insn *insn, u32 amount)
{
    u32 a = insn->arg[0], size = insn->width, result = x86_result(s);
    amount &= size * 8 - 1;
    bool low = insn->op == SSA_SHL ? x86_is_small(s, s->at) : x86_is_small(s, a);
    if (x86_shift_extends(s, insn, amount))
        return;
    if (low && amount < 32 && (insn->op == SSA_SHL || insn->op == SSA_SHR))
        size = 4;
    bool stays = !select_dies(s, a), load = x86_can_be_memory(s, a, size);
    if (insn->op == SSA_ROTL && s->features & X86_HAS_BMI2 && (stays || load)) {
        struct mach_insn rorx = mach_new(X86_DO_RORX, X86_RORX, size);
        mach_give(&rorx, X86_REG, result, MACH_DEF);
        x86_give_place(&rorx, x86_operand(s, a, size), MACH_USE);
        rorx.imm = (s64)((size * 8 - amount) & (size * 8 - 1));
        select_emit(s, rorx);
    } else if (insn->op == SSA_SHL && amount == 1 && stays) {
        u32 reg = select_reg(s, a);
        struct x86_place twice = { .memory = true, .base = reg, .index = reg };
        x86_do_def(s, X86_LEA, size, result, twice);
    } else if (insn->op == SSA_SHL && amount == 1) { /* more units of the CPU add than shift */
        select_move(s, result, a);
        x86_do(s, X86_ADD, size, result, MACH_CHANGE, x86_place_of_reg(result));
    } else if (amount == 0) { /* which of 4 bytes clears the upper half */
        x86_do_def(s, X86_MOV, size, result, x86_place_of_reg(select_reg(s, a)));
    } else {
        select_move(s, result, a);
        x86_do_imm(s, (enum x86_op)x86_shift_ops[insn->op].legacy, size, result, (s32)amount);
    }
}

static void x86_select_shift(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 size = insn->width;
    u64 amount;
    if (x86_constant(s, insn->arg[1], &amount)) {
        x86_shift_by_constant(s, insn, (u32)amount);
        return;
    }
    u32 result = x86_result(s), count = x86_shift_count(s, insn->arg[1], size);
    if (s->features & X86_HAS_BMI2 && x86_shift_ops[insn->op].bmi2) {
        struct mach_insn shift = mach_new(X86_DO_VEX, x86_shift_ops[insn->op].bmi2, size);
        mach_give(&shift, X86_REG, result, MACH_DEF);
        x86_give_place(&shift, x86_operand(s, insn->arg[0], size), MACH_USE);
        mach_give(&shift, X86_OTHER, select_reg(s, count), MACH_USE);
        select_emit(s, shift);
        return;
    }
    select_move(s, result, insn->arg[0]);
    select_move(s, X86_RCX, count);
    x86_do_with(s, (enum x86_op)x86_shift_ops[insn->op].legacy, size, x86_place_of_reg(result),
                MACH_CHANGE, X86_RCX, MACH_USE);
}

/* ---- bytes */

static void x86_select_bswap(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 size = insn->width, result = x86_result(s);
    const struct ssa_insn *from = ssa_at(s->ssa, insn->arg[0]);
    bool load = from->width == size && x86_can_be_memory(s, insn->arg[0], size);
    if (load && size >= 4 && s->features & X86_HAS_MOVBE) {
        x86_do_def(s, X86_MOVBE, size, result, x86_operand(s, insn->arg[0], size));
        return;
    }
    if (size == 2) {
        if (s->ssa->ranges[insn->arg[0]].hi <= UINT16_MAX)
            select_move(s, result, insn->arg[0]);
        else
            x86_do_def(s, X86_MOVZX16, 4, result, x86_operand(s, insn->arg[0], 2));
        x86_do_imm(s, X86_ROL, 2, result, 8);
        return;
    }
    select_move(s, result, insn->arg[0]);
    struct mach_insn swap = mach_new(X86_DO_BSWAP, X86_MOV, size);
    mach_give(&swap, X86_BASE, result, MACH_CHANGE);
    select_emit(s, swap);
}

static enum x86_op x86_load_op(u32 width)
{
    return width == 1 ? X86_MOVZX8 : width == 2 ? X86_MOVZX16 : X86_MOV;
}

static void x86_select_extend(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    bool zero = insn->op == SSA_ZEXT;
    x86_extend(s, zero ? x86_load_op(insn->width) : x86_sign_op(insn->width), zero ? 4 : 8,
               insn->arg[0], insn->width);
}

/* ---- conditions */

/* The register is cleared before the comparison, which it must outlive. */
static void x86_select_comparison(struct select *s)
{
    u32 result = x86_result(s);
    x86_do_zero(s, result);
    struct mach_insn set = mach_new(X86_DO_SET, X86_SET, 1);
    set.cond = x86_compare(s, x86_insn(s)) & 15u;
    mach_give(&set, X86_BASE, result, MACH_CHANGE);
    select_emit(s, set);
}

/* Moves leave the flags alone, so that the register changed is taken as late as possible. */
static void x86_select_select(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 result = x86_result(s), yes = insn->arg[1], no = insn->arg[2];
    bool exchange = select_dies(s, yes) && !select_dies(s, no);
    u32 first = select_reg(s, exchange ? yes : no), second = select_reg(s, exchange ? no : yes);
    enum x86_cc cc = x86_condition(s, insn->arg[0]);
    select_copy(s, result, first);
    struct mach_insn cmov = mach_new(X86_DO_CMOV, X86_CMOV, insn->width);
    cmov.cond = (cc ^ exchange) & 15u;
    mach_give(&cmov, X86_REG, result, MACH_CHANGE);
    mach_give(&cmov, X86_BASE, second, MACH_USE);
    select_emit(s, cmov);
}

/* ---- memory */

static void x86_select_load(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    bool extend = insn->op == SSA_LOADS && insn->width < 8;
    struct x86_place place = x86_address(s, insn->arg[0], insn->off);
    u32 size = extend || insn->width == 8 ? 8 : 4;
    x86_do_def(s, extend ? x86_sign_op(insn->width) : x86_load_op(insn->width), size, x86_result(s),
               place);
}

/* What a store of `width` bytes does not look at. */
static u32 x86_stored(struct select *s, u32 value, u32 width)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 mask;
    bool extends = (insn->op == SSA_ZEXT || insn->op == SSA_SEXT) && insn->width >= width;
    bool masks = insn->op == SSA_AND && insn->width >= width &&
                 x86_constant(s, insn->arg[1], &mask) && width < 8 &&
                 (~mask & (((u64)1 << 8 * width) - 1)) == 0;
    if ((!extends && !masks) || !select_can_fold(s, value))
        return value;
    select_fold(s, value);
    return insn->arg[0];
}

static bool x86_same_place(const struct ssa_insn *load, const struct ssa_insn *store)
{
    return load->op == SSA_LOAD && load->arg[0] == store->arg[0] && load->off == store->off &&
           load->width == store->width;
}

/* [m] = [m] op x */
static bool x86_store_changed(struct select *s, const struct ssa_insn *store)
{
    const struct ssa_insn *op = ssa_at(s->ssa, store->arg[1]);
    u32 width = store->width;
    bool known = op->op == SSA_ADD || op->op == SSA_SUB || op->op == SSA_AND || op->op == SSA_OR ||
                 op->op == SSA_XOR;
    if (!known || op->width < width || !select_can_fold(s, store->arg[1]))
        return false;
    u32 load = op->arg[0], other = op->arg[1];
    if (!x86_same_place(ssa_at(s->ssa, load), store) && ssa_has(op, SSA_COMMUTES)) {
        load = op->arg[1];
        other = op->arg[0];
    }
    if (load == other || !x86_same_place(ssa_at(s->ssa, load), store) || !select_can_fold(s, load))
        return false;
    s32 imm;
    bool constant = x86_immediate(s, other, op->width, &imm) && (width != 2 || imm == (s8)imm);
    select_fold(s, store->arg[1]);
    select_fold(s, load);
    struct mach_insn change =
        mach_new(constant ? X86_DO_RM_IMM : X86_DO_RM_REG, x86_alu_ops[op->op], width);
    x86_give_place(&change, x86_address(s, store->arg[0], store->off), MACH_USE);
    if (constant)
        change.imm = imm;
    else
        mach_give(&change, X86_REG, select_reg(s, other), MACH_USE);
    change.flags |= MACH_FLAGS;
    select_emit(s, change);
    return true;
}

static bool x86_store_swapped(struct select *s, const struct ssa_insn *store)
{
    const struct ssa_insn *swap = ssa_at(s->ssa, store->arg[1]);
    if (!(s->features & X86_HAS_MOVBE) || swap->op != SSA_BSWAP || swap->width != store->width ||
        !select_can_fold(s, store->arg[1]))
        return false;
    select_fold(s, store->arg[1]);
    struct mach_insn insn = mach_new(X86_DO_RM_REG, X86_MOVBE, store->width);
    x86_give_place(&insn, x86_address(s, store->arg[0], store->off), MACH_USE);
    mach_give(&insn, X86_REG, select_reg(s, swap->arg[0]), MACH_USE);
    select_emit(s, insn);
    return true;
}

static void x86_select_store(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 width = insn->width;
    s32 imm;
    if (x86_store_changed(s, insn) || x86_store_swapped(s, insn))
        return;
    bool constant = x86_immediate(s, insn->arg[1], width, &imm);
    u32 value = constant ? 0 : select_reg(s, x86_stored(s, insn->arg[1], width));
    struct mach_insn store = mach_new(constant ? X86_DO_RM_IMM : X86_DO_RM_REG, X86_MOV, width);
    x86_give_place(&store, x86_address(s, insn->arg[0], insn->off), MACH_USE);
    if (constant)
        store.imm = imm;
    else
        mach_give(&store, X86_REG, value, MACH_USE);
    select_emit(s, store);
}

/* ---- atomics */

static const u8 x86_atomic_ops[SSA_OP_COUNT] = {
    [SSA_ATOMIC_ADD] = X86_ADD, [SSA_ATOMIC_OR] = X86_OR, [SSA_ATOMIC_AND] = X86_AND,
    [SSA_ATOMIC_XOR] = X86_XOR, [SSA_FETCH_OR] = X86_OR,  [SSA_FETCH_AND] = X86_AND,
    [SSA_FETCH_XOR] = X86_XOR,
};

static void x86_select_atomic(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    s32 imm;
    bool constant = x86_immediate(s, insn->arg[1], insn->width, &imm);
    struct mach_insn atomic = mach_new(constant ? X86_DO_LOCKED_IMM : X86_DO_LOCKED,
                                       x86_atomic_ops[insn->op], insn->width);
    x86_give_place(&atomic, x86_address(s, insn->arg[0], insn->off), MACH_USE);
    if (constant)
        atomic.imm = imm;
    else
        mach_give(&atomic, X86_REG, select_reg(s, insn->arg[1]), MACH_USE);
    atomic.flags |= MACH_FLAGS;
    select_emit(s, atomic);
}

/* XADD and XCHG (which is atomic by itself) exchange a register with memory. */
static void x86_select_exchange(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    bool add = insn->op == SSA_FETCH_ADD;
    u32 result = x86_result(s);
    struct x86_place place = x86_address(s, insn->arg[0], insn->off);
    select_move(s, result, insn->arg[1]);
    struct mach_insn exchange =
        mach_new(add ? X86_DO_LOCKED : X86_DO_RM_REG, add ? X86_XADD : X86_XCHG, insn->width);
    x86_give_place(&exchange, place, MACH_USE);
    mach_give(&exchange, X86_REG, result, MACH_CHANGE);
    exchange.flags |= MACH_FLAGS;
    select_emit(s, exchange);
}

static void x86_select_fetch(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 result = x86_result(s);
    struct mach_insn fetch = mach_new(X86_DO_FETCH, x86_atomic_ops[insn->op], insn->width);
    x86_give_place(&fetch, x86_address(s, insn->arg[0], insn->off), MACH_LATE_USE);
    mach_give(&fetch, X86_REG, select_reg(s, insn->arg[1]), MACH_LATE_USE);
    mach_give(&fetch, X86_OTHER, X86_RAX, MACH_EARLY_DEF);
    mach_give(&fetch, X86_MORE, select_new_reg(s), MACH_EARLY_DEF);
    fetch.flags |= MACH_FLAGS;
    select_emit(s, fetch);
    select_copy(s, result, X86_RAX);
}

/* An exchange leaves rax as it is, so what is expected must be zero-extended. */
static void x86_select_cmpxchg(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    u32 result = x86_result(s), next = select_reg(s, insn->arg[2]);
    u32 expected = select_reg(s, insn->arg[1]);
    struct x86_place place = x86_address(s, insn->arg[0], insn->off);
    x86_do_def(s, X86_MOV, insn->width, X86_RAX, x86_place_of_reg(expected));
    struct mach_insn exchange = mach_new(X86_DO_LOCKED, X86_CMPXCHG, insn->width);
    x86_give_place(&exchange, place, MACH_USE);
    mach_give(&exchange, X86_REG, next, MACH_USE);
    mach_give(&exchange, X86_OTHER, X86_RAX, MACH_CHANGE);
    exchange.flags |= MACH_FLAGS;
    select_emit(s, exchange);
    select_copy(s, result, X86_RAX);
}

/* ---- calls */

/* The address of an argument as far as it is a sum, else a copy. */
static void x86_select_argument(struct select *s, u32 to, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (insn->op == SSA_ADD && insn->width == 8 && select_can_fold(s, value)) {
        select_fold(s, value);
        struct x86_place sum = x86_sum(s, insn, 8);
        x86_do_def(s, X86_LEA, 8, to, sum);
        return;
    }
    select_move(s, to, value);
}

static void x86_do_call(struct select *s, enum x86_shape shape, u32 reads)
{
    struct mach_insn call = mach_new(shape, 0, 8);
    mach_give(&call, X86_REG, X86_RESULT, MACH_DEF);
    call.reads = reads;
    call.imm = (s64)x86_insn(s)->imm;
    call.flags = MACH_CALL | MACH_FLAGS;
    s->out->calls = true;
    select_emit(s, call);
    if (s->reg_of[s->at])
        select_copy(s, s->reg_of[s->at], X86_RESULT);
}

static void x86_do_on_thread(struct select *s, enum x86_shape shape, u32 thread)
{
    struct mach_insn insn = mach_new(shape, 0, 8);
    mach_give(&insn, X86_BASE, thread, MACH_USE);
    if (shape == X86_DO_CHECK_STOP)
        insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

/* Of helpers: the thread, then what there is of r1 to r5. */
static void x86_select_call(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    const u32 *args = ssa_args(s->ssa, insn);
    bool stops = insn->op == SSA_CALL, fuel = stops && s->metered;
    u32 reads = (u32)1 << X86_THREAD, thread = select_reg(s, args[0]);
    if (fuel)
        x86_do_on_thread(s, X86_DO_SAVE_FUEL, thread);
    for (u32 i = 1; i < insn->n_args; i++) {
        x86_select_argument(s, x86_params[i - 1], args[i]);
        reads |= (u32)1 << x86_params[i - 1];
    }
    select_copy(s, X86_THREAD, thread);
    x86_do_call(s, X86_DO_CALL_HOST, reads);
    if (fuel)
        x86_do_on_thread(s, X86_DO_LOAD_FUEL, thread);
    if (stops) {
        x86_do_on_thread(s, X86_DO_CHECK_STOP, thread);
        s->out->stops = true;
    }
}

/* Of the program's own functions: the thread, the frame, what the callee reads of r1 to r5. */
static void x86_select_call_local(struct select *s)
{
    const struct ssa_insn *insn = x86_insn(s);
    const u32 *args = ssa_args(s->ssa, insn);
    u32 reads = (u32)1 << X86_THREAD;
    for (u32 i = 1; i < insn->n_args; i++) {
        u32 to = i == 1 ? X86_FRAME : x86_params[i - 2];
        x86_select_argument(s, to, args[i]);
        reads |= (u32)1 << to;
    }
    select_move(s, X86_THREAD, args[0]);
    x86_do_call(s, X86_DO_CALL_FUNC, reads);
}

static void x86_select_charge(struct select *s)
{
    bool polls = !(x86_insn(s)->flags & SSA_UNPOLLED);
    struct mach_insn charge = mach_new(X86_DO_CHARGE, x86_insn(s)->flags & SSA_PAID, 8);
    if (polls)
        mach_give(&charge, X86_BASE, select_thread(s), MACH_USE);
    charge.imm = (s64)x86_insn(s)->imm;
    charge.flags |= MACH_FLAGS;
    s->out->stops = true;
    select_emit(s, charge);
}

static void x86_select_fuel(struct select *s)
{
    struct mach_insn read = mach_new(X86_DO_READ_FUEL, 0, 8);
    mach_give(&read, X86_REG, s->reg_of[s->at], MACH_DEF);
    if (s->reg_of[s->at])
        select_emit(s, read);
}

/* ---- the table */

static void (*const x86_selectors[SSA_OP_COUNT])(struct select *s) = {
    [SSA_ADD] = x86_select_add,
    [SSA_SUB] = x86_select_sub,
    [SSA_MUL] = x86_select_mul,
    [SSA_MULH] = x86_select_mulh,
    [SSA_SMULH] = x86_select_mulh,
    [SSA_DIV] = x86_select_div,
    [SSA_SDIV] = x86_select_div,
    [SSA_MOD] = x86_select_div,
    [SSA_SMOD] = x86_select_div,
    [SSA_AND] = x86_select_and,
    [SSA_OR] = x86_select_two_address,
    [SSA_XOR] = x86_select_xor,
    [SSA_SHL] = x86_select_shift,
    [SSA_SHR] = x86_select_shift,
    [SSA_SAR] = x86_select_shift,
    [SSA_ROTL] = x86_select_shift,
    [SSA_NEG] = x86_select_unary,
    [SSA_NOT] = x86_select_unary,
    [SSA_BSWAP] = x86_select_bswap,
    [SSA_ZEXT] = x86_select_extend,
    [SSA_SEXT] = x86_select_extend,
    [SSA_EQ] = x86_select_comparison,
    [SSA_NE] = x86_select_comparison,
    [SSA_LT] = x86_select_comparison,
    [SSA_LE] = x86_select_comparison,
    [SSA_SLT] = x86_select_comparison,
    [SSA_SLE] = x86_select_comparison,
    [SSA_SELECT] = x86_select_select,
    [SSA_LOAD] = x86_select_load,
    [SSA_LOADS] = x86_select_load,
    [SSA_STORE] = x86_select_store,
    [SSA_LOAD_ACQUIRE] = x86_select_load,   /* every load is one, */
    [SSA_STORE_RELEASE] = x86_select_store, /* and every store */
    [SSA_ATOMIC_ADD] = x86_select_atomic,
    [SSA_ATOMIC_OR] = x86_select_atomic,
    [SSA_ATOMIC_AND] = x86_select_atomic,
    [SSA_ATOMIC_XOR] = x86_select_atomic,
    [SSA_FETCH_ADD] = x86_select_exchange,
    [SSA_FETCH_OR] = x86_select_fetch,
    [SSA_FETCH_AND] = x86_select_fetch,
    [SSA_FETCH_XOR] = x86_select_fetch,
    [SSA_XCHG] = x86_select_exchange,
    [SSA_CMPXCHG] = x86_select_cmpxchg,
    [SSA_CALL] = x86_select_call,
    [SSA_CALL_QUIET] = x86_select_call,
    [SSA_CALL_PURE] = x86_select_call,
    [SSA_CALL_LOCAL] = x86_select_call_local,
    [SSA_CHARGE] = x86_select_charge,
    [SSA_FUEL] = x86_select_fuel,
};

void x86_select(struct select *s)
{
    assert(x86_selectors[x86_insn(s)->op]);
    x86_selectors[x86_insn(s)->op](s);
}

void x86_select_const(struct select *s, u32 to, u64 imm)
{
    struct mach_insn insn = mach_new(X86_DO_MOV_IMM, X86_MOV, 8);
    mach_give(&insn, X86_REG, to, MACH_DEF);
    insn.imm = (s64)imm;
    insn.flags = MACH_REMAT;
    select_emit(s, insn);
}

void x86_select_end(struct select *s, struct mach_exit *exit)
{
    const struct ssa_insn *insn = x86_insn(s);
    if (insn->op == SSA_BRANCH) {
        exit->test = (u8)x86_condition(s, insn->arg[0]);
        exit->unlikely = (insn->flags & SSA_UNLIKELY) != 0;
    } else if (insn->op == SSA_RETURN) {
        select_move(s, X86_RESULT, insn->arg[0]);
        exit->operand = mach_operand(X86_RESULT, MACH_USE);
    }
}

/* r1 to r5, and what comes before and behind them. */
void x86_select_entry(struct select *s)
{
    for (u32 i = 0; i < SELECT_PARAMS; i++)
        if (s->param[i])
            select_copy(s, s->param[i], x86_params[i]);
    if (s->frame)
        select_copy(s, s->frame, X86_FRAME);
    if (s->thread)
        select_copy(s, s->thread, X86_THREAD);
}
