/* Operands: what becomes part of an instruction, as an address, a load, an immediate. */
#include "jit/x86_64/select.h"

/* ---- instructions */

void x86_give_place(struct mach_insn *insn, struct x86_place place, enum mach_role role)
{
    if (place.memory && role != MACH_LATE_USE)
        role = MACH_USE;
    mach_give(insn, X86_BASE, place.base, role);
    mach_give(insn, X86_INDEX, place.index, role);
    insn->scale = place.scale & 7u;
    insn->disp = place.disp;
    if (place.memory)
        insn->flags |= X86_MEMORY;
}

void x86_do(struct select *s, enum x86_op op, u32 size, u32 reg, enum mach_role role,
            struct x86_place place)
{
    struct mach_insn insn = mach_new(X86_DO_REG_RM, op, size);
    mach_give(&insn, X86_REG, reg, role);
    x86_give_place(&insn, place, MACH_USE);
    if (role != MACH_DEF)
        insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

void x86_do_imm(struct select *s, enum x86_op op, u32 size, u32 reg, s32 imm)
{
    struct mach_insn insn = mach_new(X86_DO_RM_IMM, op, size);
    mach_give(&insn, X86_BASE, reg, MACH_CHANGE);
    insn.imm = imm;
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

void x86_do_one(struct select *s, enum x86_op op, u32 size, u32 reg)
{
    struct mach_insn insn = mach_new(X86_DO_RM, op, size);
    mach_give(&insn, X86_BASE, reg, MACH_CHANGE);
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

struct mach_insn *x86_do_test(struct select *s, enum x86_op op, u32 size, u32 reg,
                              struct x86_place place)
{
    struct mach_insn insn = mach_new(X86_DO_REG_RM, op, size);
    mach_give(&insn, X86_REG, reg, MACH_USE);
    x86_give_place(&insn, place, MACH_USE);
    insn.flags |= MACH_FLAGS;
    return select_emit(s, insn);
}

void x86_do_test_imm(struct select *s, enum x86_op op, u32 size, struct x86_place place, s32 imm)
{
    struct mach_insn insn = mach_new(op == X86_TEST ? X86_DO_TEST_IMM : X86_DO_RM_IMM, op, size);
    x86_give_place(&insn, place, MACH_USE);
    insn.imm = imm;
    insn.flags |= MACH_FLAGS;
    select_emit(s, insn);
}

u32 x86_result(struct select *s) { return s->reg_of[s->at] ? s->reg_of[s->at] : select_new_reg(s); }

/* ---- constants */

bool x86_constant(const struct select *s, u32 value, u64 *imm)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    *imm = insn->imm;
    return insn->op == SSA_CONST && !(insn->flags & SSA_BLIND);
}

bool x86_immediate(const struct select *s, u32 value, u32 size, s32 *imm)
{
    u64 number;
    bool is = x86_constant(s, value, &number);
    *imm = (s32)(u32)number;
    return is && (size < 8 || number == (u64)(s64)*imm);
}

/* ---- addresses */

struct x86_place x86_place_of_reg(u32 reg)
{
    return (struct x86_place){ .base = reg, .index = MACH_NO_REG };
}

/* An address under construction, of values. */
struct x86_address_parts {
    u32 base, index; /* values, 0: none */
    u8 scale;
    s32 disp;
    u32 width; /* how many bytes of the sum matter */
};

static bool x86_add_disp(struct x86_address_parts *parts, u64 by)
{
    s64 disp = parts->disp + (s64)by;
    if ((s64)by != (s32)by || disp != (s32)disp)
        return false;
    parts->disp = (s32)disp;
    return true;
}

/* Operations of 8 bytes, or of any width where only 4 bytes matter. */
static bool x86_is_of_width(const struct ssa_insn *insn, u32 width)
{
    return insn->width == 8 || (insn->width == 4 && width == 4);
}

/* Nobody later needs it in a register, in this block or another.  What was made outside of the loop
 * should stay there. */
static bool x86_is_unasked(const struct select *s, u32 value)
{
    const struct ssa_block *blocks = s->ssa->blocks;
    u32 made = ssa_at(s->ssa, value)->block;
    return s->reg_of[value] == 0 && blocks[made].loop_head == blocks[s->block].loop_head;
}

/* In a register anyway, or a shift of what is. */
static bool x86_is_there(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 by;
    bool shift = insn->op == SSA_SHL && x86_constant(s, insn->arg[1], &by) && by <= 3;
    return !select_dies(s, value) ||
           (shift && x86_is_unasked(s, value) && !select_dies(s, insn->arg[0]));
}

/* A sum or shift that an address can compute by itself: for nobody else, or again for each of
 * several addresses, when what it is made of is in registers anyway. */
static bool x86_is_free(const struct select *s, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    return select_can_fold(s, value) ||
           (x86_is_unasked(s, value) && x86_is_there(s, insn->arg[0]) &&
            x86_is_there(s, insn->arg[1]));
}

static void x86_take(struct select *s, u32 value)
{
    if (select_can_fold(s, value))
        select_fold(s, value);
}

/* value + constant, which costs nothing in an address, whoever else may need it. */
static u32 x86_strip_disp(struct select *s, struct x86_address_parts *parts, u32 value)
{
    for (;;) {
        const struct ssa_insn *insn = ssa_at(s->ssa, value);
        u64 by;
        if (insn->op != SSA_ADD || !x86_is_of_width(insn, parts->width) ||
            !x86_constant(s, insn->arg[1], &by) ||
            !x86_add_disp(parts, parts->width == 4 ? (u64)(s64)(s32)by : by))
            return value;
        x86_take(s, value);
        value = insn->arg[0];
    }
}

/* value << 1, 2 or 3, as an index. */
static u32 x86_strip_scale(struct select *s, struct x86_address_parts *parts, u32 value)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    u64 by;
    if (insn->op != SSA_SHL || !x86_is_of_width(insn, parts->width) ||
        !x86_constant(s, insn->arg[1], &by) || by > 3 || !x86_is_free(s, value))
        return value;
    x86_take(s, value);
    parts->scale = (u8)by;
    return insn->arg[0];
}

/* Takes a sum apart: base + index << scale + disp. */
static void x86_take_apart(struct select *s, struct x86_address_parts *parts, u32 a, u32 b)
{
    u32 index = x86_strip_scale(s, parts, b);
    if (!parts->scale) {
        u32 other = x86_strip_scale(s, parts, a);
        a = parts->scale ? b : a;
        index = parts->scale ? other : index;
    }
    parts->base = x86_strip_disp(s, parts, a);
    parts->index = parts->scale ? index : x86_strip_disp(s, parts, index);
}

static struct x86_place x86_place_of_parts(struct select *s, const struct x86_address_parts *parts)
{
    return (struct x86_place){
        .memory = true,
        .base = parts->base ? select_reg(s, parts->base) : MACH_NO_REG,
        .index = parts->index ? select_reg(s, parts->index) : MACH_NO_REG,
        .scale = parts->scale,
        .disp = parts->disp,
    };
}

struct x86_place x86_address(struct select *s, u32 value, s64 off)
{
    struct x86_address_parts parts = { .width = 8 };
    if (!x86_add_disp(&parts, (u64)off))
        return (struct x86_place){ .memory = true, /* out of reach for BPF's 16 bits */
                                   .base = select_reg(s, value),
                                   .index = MACH_NO_REG };
    value = x86_strip_disp(s, &parts, value);
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (insn->op == SSA_ADD && insn->width == 8 && x86_is_free(s, value)) {
        x86_take(s, value);
        x86_take_apart(s, &parts, insn->arg[0], insn->arg[1]);
    } else {
        parts.base = value;
    }
    return x86_place_of_parts(s, &parts);
}

struct x86_place x86_sum(struct select *s, const struct ssa_insn *sum, u32 width)
{
    struct x86_address_parts parts = { .width = width };
    u64 by;
    if (x86_constant(s, sum->arg[1], &by) &&
        x86_add_disp(&parts, width == 4 ? (u64)(s64)(s32)by : by)) {
        u32 value = sum->arg[0];
        const struct ssa_insn *insn = ssa_at(s->ssa, value);
        if (insn->op == SSA_ADD && x86_is_of_width(insn, width) && select_can_fold(s, value)) {
            select_fold(s, value);
            x86_take_apart(s, &parts, insn->arg[0], insn->arg[1]);
        } else {
            parts.index = x86_strip_scale(s, &parts, value);
            if (!parts.scale) {
                parts.base = parts.index;
                parts.index = 0;
            }
        }
    } else {
        x86_take_apart(s, &parts, sum->arg[0], sum->arg[1]);
    }
    return x86_place_of_parts(s, &parts);
}

/* ---- loads as part of what uses them */

bool x86_can_be_memory(const struct select *s, u32 value, u32 size)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    return insn->op == SSA_LOAD && insn->width >= size && select_can_fold(s, value);
}

struct x86_place x86_operand(struct select *s, u32 value, u32 size)
{
    const struct ssa_insn *insn = ssa_at(s->ssa, value);
    if (!x86_can_be_memory(s, value, size))
        return x86_place_of_reg(select_reg(s, value));
    select_fold(s, value);
    return x86_address(s, insn->arg[0], insn->off);
}
