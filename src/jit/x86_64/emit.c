/* Machine instructions → bytes, one function per shape. */
#include "jit/x86_64/insn.h"

static u8 x86_given(const struct mach_insn *insn, enum x86_operand operand)
{
    const struct mach_operand *o = &insn->operand[operand];
    return operand < insn->n_operands && o->role != MACH_NONE ? o->given : X86_NO_REG;
}

/* The r/m operand: a slot of the frame, memory, or a register. */
static struct x86_rm x86_rm_of(const struct jit_emit *emit, const struct mach_insn *insn)
{
    u8 base = x86_given(insn, X86_BASE);
    if (insn->flags & MACH_SLOT)
        return x86_slot(emit->func, emit->metered, (u32)insn->disp);
    if (insn->flags & X86_MEMORY)
        return x86_mx(base, x86_given(insn, X86_INDEX), (u8)(1 << insn->scale), insn->disp);
    return x86_r(base);
}

/* ---- flags that are there already
 *
 * `test reg, reg` is left out behind an operation that has set the flags of reg's value, and a sum
 * before it is computed so that it does. */

static bool x86_is_test_of_zero(const struct mach_insn *insn)
{
    return insn->op == X86_DO_REG_RM && insn->extra == X86_TEST && insn->cond &&
           !(insn->flags & (MACH_SLOT | X86_MEMORY)) &&
           x86_given(insn, X86_REG) == x86_given(insn, X86_BASE);
}

/* Conditions that look at the value only, not at carry and overflow. */
static bool x86_is_of_value(u8 cc)
{
    return cc == X86_E || cc == X86_NE || cc == X86_S || cc == X86_NS;
}

static bool x86_is_nothing(const struct mach_insn *insn)
{
    return insn->op == MACH_COPY && insn->operand[0].given == insn->operand[1].given;
}

/* lea reg, [reg + disp] right before a test of reg. */
static bool x86_is_sum_tested(const struct mach_insn *insn)
{
    if (insn->op != X86_DO_REG_RM || insn->extra != X86_LEA || insn->disp == INT32_MIN ||
        x86_given(insn, X86_INDEX) != X86_NO_REG ||
        x86_given(insn, X86_BASE) != x86_given(insn, X86_REG))
        return false;
    const struct mach_insn *next = insn + 1;
    while (x86_is_nothing(next)) /* a block's last is MACH_END */
        next++;
    return x86_is_test_of_zero(next) && next->size == insn->size &&
           x86_given(next, X86_REG) == x86_given(insn, X86_REG) && x86_is_of_value(next->cond);
}

/* Does the instruction change `reg` and leave the flags of its value?  all: carry and overflow are
 * clear, as after a test. */
static bool x86_leaves_flags_of(const struct mach_insn *insn, u8 reg, bool *all)
{
    bool in_rm = insn->op == X86_DO_RM_IMM || insn->op == X86_DO_RM;
    if (!in_rm && insn->op != X86_DO_REG_RM)
        return false;
    const struct mach_operand *to = &insn->operand[in_rm ? X86_BASE : X86_REG];
    if (to->role != MACH_CHANGE || to->given != reg ||
        (in_rm && insn->flags & (X86_MEMORY | MACH_SLOT)))
        return false;
    u8 op = insn->extra;
    *all = op == X86_AND || op == X86_OR || op == X86_XOR;
    bool shift = insn->op == X86_DO_RM_IMM && (op == X86_SHL || op == X86_SHR || op == X86_SAR);
    return *all || shift || op == X86_ADD || op == X86_SUB || op == X86_INC || op == X86_DEC ||
           op == X86_NEG;
}

static bool x86_flags_are_there(const struct jit_emit *emit, const struct mach_insn *insn)
{
    const struct mach_insn *before = insn;
    bool all;
    if (!x86_is_test_of_zero(insn))
        return false;
    do {
        if (before == emit->func->insns)
            return false;
        before--;
    } while (x86_is_nothing(before));
    if (before->size != insn->size)
        return false;
    if (x86_is_sum_tested(before))
        return true;
    return x86_leaves_flags_of(before, x86_given(insn, X86_REG), &all) &&
           (all || x86_is_of_value(insn->cond));
}

static void x86_emit_sum(struct jit_emit *emit, const struct mach_insn *insn)
{
    struct x86_rm rm = x86_r(x86_given(insn, X86_REG));
    if (insn->disp == 1 || insn->disp == -1)
        x86_op_rm(emit->buffer, insn->disp == 1 ? X86_INC : X86_DEC, insn->size, rm);
    else if (insn->disp == 128)
        x86_op_rm_imm(emit->buffer, X86_SUB, insn->size, rm, -128);
    else
        x86_op_rm_imm(emit->buffer, X86_ADD, insn->size, rm, insn->disp);
}

static void x86_emit_reg_rm(struct jit_emit *emit, const struct mach_insn *insn)
{
    if (x86_flags_are_there(emit, insn))
        return;
    if (x86_is_sum_tested(insn))
        x86_emit_sum(emit, insn);
    else
        x86_op_reg_rm(emit->buffer, (enum x86_op)insn->extra, insn->size, x86_given(insn, X86_REG),
                      x86_rm_of(emit, insn));
}

/* ---- one function per shape */

static void x86_emit_rm_reg(struct jit_emit *emit, const struct mach_insn *insn)
{
    u8 reg = x86_given(insn, X86_REG);
    x86_op_rm_reg(emit->buffer, (enum x86_op)insn->extra, insn->size, x86_rm_of(emit, insn),
                  reg == X86_NO_REG ? x86_given(insn, X86_BASE) : reg);
}

static void x86_emit_rm_imm(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_rm_imm(emit->buffer, (enum x86_op)insn->extra, insn->size, x86_rm_of(emit, insn),
                  (s32)insn->imm);
}

static void x86_emit_rm(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_rm(emit->buffer, (enum x86_op)insn->extra, insn->size, x86_rm_of(emit, insn));
}

static void x86_emit_test_imm(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_test_imm(emit->buffer, insn->size, x86_rm_of(emit, insn), (s32)insn->imm);
}

static void x86_emit_imul_imm(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_imul_imm(emit->buffer, insn->size, x86_given(insn, X86_REG), x86_rm_of(emit, insn),
                 (s32)insn->imm);
}

static void x86_emit_mov_imm(struct jit_emit *emit, const struct mach_insn *insn)
{
    u8 reg = x86_given(insn, X86_REG);
    if (insn->imm == 0 && !(insn->flags & MACH_KEEP_FLAGS))
        x86_op_reg_rm(emit->buffer, X86_XOR, 4, reg, x86_r(reg));
    else
        x86_mov_imm(emit->buffer, 8, reg, (u64)insn->imm);
}

static void x86_emit_cmov(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_cmov(emit->buffer, (enum x86_cc)insn->cond, insn->size, x86_given(insn, X86_REG),
             x86_rm_of(emit, insn));
}

static void x86_emit_set(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_set(emit->buffer, (enum x86_cc)insn->cond, x86_rm_of(emit, insn));
}

static void x86_emit_bswap(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_bswap(emit->buffer, insn->size, x86_given(insn, X86_BASE));
}

static void x86_emit_vex(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_vex(emit->buffer, (enum x86_op)insn->extra, insn->size, x86_given(insn, X86_REG),
            x86_given(insn, X86_OTHER), x86_rm_of(emit, insn));
}

/* Both halves are written to one register, in which the high one stays. */
static void x86_emit_mulx(struct jit_emit *emit, const struct mach_insn *insn)
{
    u8 reg = x86_given(insn, X86_REG);
    x86_vex(emit->buffer, X86_MULX, insn->size, reg, reg, x86_rm_of(emit, insn));
}

static void x86_emit_rorx(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_rorx(emit->buffer, insn->size, x86_given(insn, X86_REG), x86_rm_of(emit, insn),
             (u32)insn->imm);
}

static void x86_emit_locked(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_plain(emit->buffer, X86_LOCK);
    x86_emit_rm_reg(emit, insn);
}

static void x86_emit_locked_imm(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_plain(emit->buffer, X86_LOCK);
    x86_emit_rm_imm(emit, insn);
}

static void x86_emit_plain(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_plain(emit->buffer, (enum x86_plain_op)insn->extra);
}

static void x86_emit_fetch(struct jit_emit *emit, const struct mach_insn *insn)
{
    struct x86_rm rm = x86_rm_of(emit, insn);
    u8 scratch = x86_given(insn, X86_MORE);
    x86_op_reg_rm(emit->buffer, X86_MOV, insn->size, X86_RAX, rm);
    u32 again = emit->buffer->n;
    x86_op_reg_rm(emit->buffer, X86_MOV, insn->size, scratch, x86_r(X86_RAX));
    x86_op_reg_rm(emit->buffer, (enum x86_op)insn->extra, insn->size, scratch,
                  x86_r(x86_given(insn, X86_REG)));
    x86_plain(emit->buffer, X86_LOCK);
    x86_op_rm_reg(emit->buffer, X86_CMPXCHG, insn->size, rm, scratch);
    u32 end = emit->buffer->n + X86_JCC8_SIZE;
    x86_jcc8(emit->buffer, X86_NE, (s8)(again - end));
}

/* ---- what leaves the function */

/* A displacement that is patched: the last four bytes. */
static void x86_emit_reloc(struct jit_emit *emit, enum jit_reloc_special special, u64 to)
{
    emit->reloc(emit, emit->buffer->n - 4, 0, special, to);
}

static void x86_emit_call_host(struct jit_emit *emit, const struct mach_insn *insn)
{
    if (emit->near) {
        x86_call32(emit->buffer, 0);
        x86_emit_reloc(emit, JIT_TO_HOST, (u64)insn->imm);
        return;
    }
    x86_mov_imm(emit->buffer, 8, X86_RAX, (u64)insn->imm);
    x86_op_rm(emit->buffer, X86_CALL, 8, x86_r(X86_RAX));
}

static void x86_emit_call_func(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_call32(emit->buffer, 0);
    x86_emit_reloc(emit, JIT_TO_FUNC, (u64)insn->imm);
}

static void x86_emit_stop_if(struct jit_emit *emit, enum x86_cc cc)
{
    x86_jcc32(emit->buffer, cc, 0);
    x86_emit_reloc(emit, JIT_TO_STOP, 0);
}

static void x86_emit_check_stop(struct jit_emit *emit, const struct mach_insn *insn)
{
    _Static_assert(sizeof(((struct skep_thread *)NULL)->stop) == 4, "compared as 4 bytes");
    u8 thread = x86_given(insn, X86_BASE);
    x86_op_rm_imm(emit->buffer, X86_CMP, 4, x86_m(thread, offsetof(struct skep_thread, stop)), 0);
    x86_emit_stop_if(emit, X86_NE);
}

/* Below 0 or cancelled: the same order as the interpreter's. */
static void x86_emit_charge(struct jit_emit *emit, const struct mach_insn *insn)
{
    _Static_assert(sizeof(((struct skep_thread *)NULL)->cancel) == 1, "compared as a byte");
    u8 thread = x86_given(insn, X86_BASE);
    u64 fuel = (u64)insn->imm;
    for (; fuel > INT32_MAX; fuel -= INT32_MAX)
        x86_op_rm_imm(emit->buffer, X86_SUB, 8, x86_r(X86_FUEL), INT32_MAX);
    x86_op_rm_imm(emit->buffer, X86_SUB, 8, x86_r(X86_FUEL), (s32)fuel);
    if (!insn->extra)
        x86_emit_stop_if(emit, X86_S);
    if (thread == X86_NO_REG)
        return;
    x86_op_rm_imm(emit->buffer, X86_CMP, 1, x86_m(thread, offsetof(struct skep_thread, cancel)), 0);
    x86_emit_stop_if(emit, X86_NE);
}

static void x86_emit_read_fuel(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_reg_rm(emit->buffer, X86_MOV, 8, x86_given(insn, X86_REG), x86_r(X86_FUEL));
}

static void x86_emit_save_fuel(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_rm_reg(emit->buffer, X86_MOV, 8,
                  x86_m(x86_given(insn, X86_BASE), offsetof(struct skep_thread, fuel)), X86_FUEL);
}

static void x86_emit_load_fuel(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_reg_rm(emit->buffer, X86_MOV, 8, X86_FUEL,
                  x86_m(x86_given(insn, X86_BASE), offsetof(struct skep_thread, fuel)));
}

/* ---- what every target has */

static void x86_emit_copy(struct jit_emit *emit, const struct mach_insn *insn)
{
    u8 to = insn->operand[0].given, from = insn->operand[1].given;
    if (to != from)
        x86_op_reg_rm(emit->buffer, X86_MOV, 8, to, x86_r(from));
}

static void x86_emit_reload(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_reg_rm(emit->buffer, X86_MOV, 8, insn->operand[0].given,
                  x86_slot(emit->func, emit->metered, (u32)insn->disp));
}

static void x86_emit_spill(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_rm_reg(emit->buffer, X86_MOV, 8, x86_slot(emit->func, emit->metered, (u32)insn->disp),
                  insn->operand[0].given);
}

static void x86_emit_swap(struct jit_emit *emit, const struct mach_insn *insn)
{
    x86_op_rm_reg(emit->buffer, X86_XCHG, 8, x86_r(insn->operand[0].given), insn->operand[1].given);
}

static void (*const x86_emitters[X86_SHAPE_COUNT])(struct jit_emit *, const struct mach_insn *) = {
    [MACH_COPY] = x86_emit_copy,
    [MACH_RELOAD] = x86_emit_reload,
    [MACH_SPILL] = x86_emit_spill,
    [MACH_SWAP] = x86_emit_swap,
    [X86_DO_REG_RM] = x86_emit_reg_rm,
    [X86_DO_RM_REG] = x86_emit_rm_reg,
    [X86_DO_RM_IMM] = x86_emit_rm_imm,
    [X86_DO_RM] = x86_emit_rm,
    [X86_DO_TEST_IMM] = x86_emit_test_imm,
    [X86_DO_IMUL_IMM] = x86_emit_imul_imm,
    [X86_DO_MOV_IMM] = x86_emit_mov_imm,
    [X86_DO_CMOV] = x86_emit_cmov,
    [X86_DO_SET] = x86_emit_set,
    [X86_DO_BSWAP] = x86_emit_bswap,
    [X86_DO_VEX] = x86_emit_vex,
    [X86_DO_MULX] = x86_emit_mulx,
    [X86_DO_RORX] = x86_emit_rorx,
    [X86_DO_LOCKED] = x86_emit_locked,
    [X86_DO_LOCKED_IMM] = x86_emit_locked_imm,
    [X86_DO_PLAIN] = x86_emit_plain,
    [X86_DO_FETCH] = x86_emit_fetch,
    [X86_DO_CALL_HOST] = x86_emit_call_host,
    [X86_DO_CALL_FUNC] = x86_emit_call_func,
    [X86_DO_CHECK_STOP] = x86_emit_check_stop,
    [X86_DO_READ_FUEL] = x86_emit_read_fuel,
    [X86_DO_CHARGE] = x86_emit_charge,
    [X86_DO_SAVE_FUEL] = x86_emit_save_fuel,
    [X86_DO_LOAD_FUEL] = x86_emit_load_fuel,
};

void x86_emit(struct jit_emit *emit, const struct mach_insn *insn)
{
    assert(insn->op < X86_SHAPE_COUNT && x86_emitters[insn->op]);
    x86_emitters[insn->op](emit, insn);
}

/* ---- operands in the frame */

/* Registers as bit numbers reach beyond an operand in memory, so bt has none. */
static bool x86_has_memory_form(const struct mach_insn *insn)
{
    enum x86_shape shape = (enum x86_shape)insn->op;
    return (shape == X86_DO_REG_RM && insn->extra != X86_BT) || shape == X86_DO_RM_REG ||
           shape == X86_DO_RM_IMM || shape == X86_DO_RM || shape == X86_DO_TEST_IMM ||
           shape == X86_DO_IMUL_IMM || shape == X86_DO_CMOV || shape == X86_DO_VEX ||
           shape == X86_DO_MULX || shape == X86_DO_RORX;
}

/* Operations that can be done the other way round, in memory. */
static bool x86_can_be_rm_reg(const struct mach_insn *insn)
{
    return insn->op == X86_DO_REG_RM && insn->extra <= X86_CMP;
}

/* All 8 bytes of a slot are valid, so changes are those of 8 bytes. */
bool x86_can_use_slot(const struct mach_insn *insn, u32 i)
{
    u8 role = insn->operand[i].role;
    if (insn->op == X86_DO_MOV_IMM)
        return insn->imm == (s32)insn->imm;
    bool role_fits = role == MACH_USE || (role == MACH_CHANGE && insn->size == 8);
    if (insn->flags & (X86_MEMORY | MACH_SLOT) || !role_fits)
        return false;
    if (i == X86_BASE)
        return x86_has_memory_form(insn);
    return i == X86_REG && x86_can_be_rm_reg(insn);
}

void x86_use_slot(struct mach_insn *insn, u32 i, u32 slot)
{
    if (i == X86_REG)
        insn->op = insn->op == X86_DO_MOV_IMM ? X86_DO_RM_IMM : X86_DO_RM_REG;
    insn->operand[i].role = MACH_NONE;
    insn->flags |= MACH_SLOT;
    insn->disp = (s32)slot;
}
